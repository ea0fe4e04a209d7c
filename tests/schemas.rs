//! The generated files are what the program generates, and the example plans satisfy the schema that
//! editors use. `LOADPLAN_BLESS=1 cargo test --test schemas` writes the generated files again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use loadplan::diagnostic::FileId;
use loadplan::yaml::{Node, NodeKind, Style, Unchanged, parse};
use serde_json::{Map, Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn is_generated(path: &str, wanted: &str) {
    let file = root().join(path);
    if std::env::var_os("LOADPLAN_BLESS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, wanted).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
    let line = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
    assert!(
        found == wanted,
        "{path} is out of date (first at line {:?}); run LOADPLAN_BLESS=1 cargo test --test schemas",
        line.map(|line| line + 1)
    );
}

fn pretty(schema: &Value) -> String {
    format!("{}\n", serde_json::to_string_pretty(schema).unwrap())
}

#[test]
fn the_plan_schema_is_up_to_date() {
    is_generated("schemas/plan.schema.json", &pretty(&loadplan::plan::schema::plan_schema()));
}

#[test]
fn the_schema_of_comparisons_is_up_to_date() {
    is_generated("schemas/comparison.schema.json", &pretty(&loadplan::report::comparison::comparison_schema()));
}

#[test]
fn the_reference_is_up_to_date() {
    is_generated("docs/plan-reference.md", &loadplan::plan::reference::reference());
}

/// YAML as an editor's language server sees it: numbers and booleans have their own types.
fn to_json(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar { text, style: Style::Plain } => match &**text {
            "true" => json!(true),
            "false" => json!(false),
            "null" | "~" | "" => Value::Null,
            text => match serde_json::from_str::<serde_json::Number>(text) {
                Ok(number) => Value::Number(number),
                Err(_) => json!(text),
            },
        },
        NodeKind::Scalar { text, .. } => json!(&**text),
        NodeKind::List(items) => Value::Array(items.iter().map(to_json).collect()),
        NodeKind::Map(entries) => Value::Object(
            entries.iter().map(|entry| (entry.key.to_string(), to_json(&entry.value))).collect::<Map<_, _>>(),
        ),
    }
}

fn yaml(text: &str) -> Value {
    let mut findings = Vec::new();
    let node = parse(text, FileId(0), &Unchanged, &mut findings);
    assert!(findings.is_empty(), "{findings:?}\n{text}");
    to_json(&node.unwrap())
}

fn validator() -> jsonschema::Validator {
    jsonschema::draft7::new(&loadplan::plan::schema::plan_schema()).unwrap()
}

fn plans() -> Vec<PathBuf> {
    let mut plans: Vec<PathBuf> = std::fs::read_dir(root().join("plans"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    plans.sort();
    assert!(plans.len() >= 6, "{plans:?}");
    plans
}

#[test]
fn every_example_plan_satisfies_the_schema_and_names_it() {
    let validator = validator();
    for path in plans() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("# yaml-language-server: $schema=../schemas/plan.schema.json\n"),
            "{}",
            path.display()
        );
        let errors: Vec<String> =
            validator.iter_errors(&yaml(&text)).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
}

#[test]
fn every_example_plan_is_valid_with_each_of_its_profiles() {
    for path in plans() {
        let text = std::fs::read_to_string(&path).unwrap();
        let profiles = yaml(&text)["profiles"].as_object().map(|profiles| profiles.keys().cloned().collect::<Vec<_>>());
        let sets = std::iter::once(vec![]).chain(profiles.unwrap_or_default().into_iter().map(|name| vec![name]));
        for profiles in sets {
            let options = loadplan::plan::LoadOptions { profiles: profiles.clone(), ..Default::default() };
            let loaded = loadplan::plan::load(&path, &options);
            assert!(loaded.findings.is_empty(), "{} {profiles:?}: {:?}", path.display(), loaded.findings);
            let (graph, findings) = loadplan::graph::build(loaded.plan.unwrap(), &loaded.sources, &options.env);
            assert!(findings.is_empty() && graph.is_some(), "{} {profiles:?}: {findings:?}", path.display());
        }
    }
}

#[test]
fn the_schema_rejects_what_is_no_plan() {
    let validator = validator();
    let plan = |group: &str| {
        let indented: String = group.lines().map(|line| format!("    {line}\n")).collect();
        yaml(&format!("thread_groups:\n  users:\n{indented}"))
    };
    assert!(validator.is_valid(&plan("users: 5\nduration: 10s\nsteps:\n  - get: /")));
    assert!(validator.is_valid(&plan("users: ${env.USERS}\nduration: 1h30m\nsteps:\n  - get: /")));
    for wrong in [
        "threads: 5\nduration: 10s\nsteps:\n  - get: /",
        "users: five\nduration: 10s\nsteps:\n  - get: /",
        "users: 5\nduration: 10\nsteps:\n  - get: /",
        "users: 5\nduration: 10s",
        "users: 5\nduration: 10s\nsteps:\n  - fetch: /",
        "users: 5\nduration: 10s\nsteps:\n  - get: /\n    statuss: 200",
        "users: 5\nduration: 10s\nsteps:\n  - get: /\n    assert: { statuss: 200 }",
        "users: 5\nduration: 10s\nsteps:\n  - transaction: Buy",
    ] {
        assert!(!validator.is_valid(&plan(wrong)), "{wrong}");
    }
    assert!(!validator.is_valid(&yaml("name: nothing to do")));
}

#[test]
fn every_link_of_the_reference_leads_somewhere() {
    let page = loadplan::plan::reference::reference();
    let anchors: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("##"))
        .map(|line| line.trim_start_matches('#').trim().trim_matches('`').to_lowercase().replace(' ', "-"))
        .collect();
    let mut links = 0;
    for target in page.split("](#").skip(1) {
        let target = target.split(')').next().unwrap();
        assert!(anchors.iter().any(|anchor| anchor == target), "#{target} is not among {anchors:?}");
        links += 1;
    }
    assert!(links > 50, "{links}");
}

#[test]
fn every_key_function_and_filter_is_in_the_reference() {
    let page = loadplan::plan::reference::reference();
    for section in loadplan::plan::keys::sections() {
        for key in section.keys {
            assert!(page.contains(&format!("`{}`", key.name)), "{} of {}", key.name, section.name);
        }
    }
    for doc in loadplan::template::functions().iter().chain(loadplan::template::filters()) {
        assert!(page.contains(&format!("| `{}` |", doc.signature())), "{}", doc.name);
    }
}
