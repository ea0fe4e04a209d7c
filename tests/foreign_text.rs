//! Plans, file names and what servers send may be a stranger's: no output obeys them, shows files
//! that are none of its business, or breaks on their characters.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::collections::BTreeMap;
use std::fs::OpenOptions;

use loadplan::diagnostic::{Format, render};
use loadplan::graph::{Drawing, build, draw, explain};
use loadplan::mask::Masker;
use loadplan::plan::{LoadOptions, load};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use support::{Folder, Reply, Server, against};

/// What terminals and CI runners obey, and what turns the direction of writing.
const EVIL: &str = "a\\n::error::INJ\\r\\n##vso[task.complete]x##[error]y##teamcity[z]\\u001b[31m\\u0007\\u202eevil\\u2066\\u200f\\u061c";

#[track_caller]
fn is_harmless(name: &str, output: &str) {
    let obeyed = |line: &str| {
        let line = line.trim_start();
        line.starts_with("::") && line[2..].starts_with(|c: char| c.is_ascii_alphabetic())
    };
    for line in output.split(['\n', '\r']) {
        assert!(!obeyed(line), "{name}: a command for GitHub: {line:?}");
    }
    for mark in ["##vso[", "##[", "##teamcity["] {
        assert!(!output.contains(mark), "{name}: a command of a CI runner: {output}");
    }
    let bad = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!output.contains(bad), "{name}: {:?} in {output:?}", output.chars().find(|c| bad(*c)));
}

#[test]
fn a_strangers_plan_commands_nobody() {
    let server = Server::start(|_| Reply::text(500, "\u{1b}[2J::error::INJ\n##vso[x]\u{202e}"));
    let folder = Folder::new();
    let plan = format!(
        "name: \"{EVIL}\"\nhttp:\n  base_url: BASE\nvariables:\n  \"v\": \"{EVIL}\"\nthread_groups:\n  \"g {EVIL}\":\n    users: 1\n    \
         iterations: 1\n    steps:\n      - name: \"{EVIL}\"\n        get: /a\n        headers: {{ X-A: b }}\n      - transaction: \"t {EVIL}\"\n        \
         steps:\n          - {{ get: /b, if: \"v != '{EVIL}'\" }}\n      - log: \"{EVIL} ${{v}}\"\nthresholds:\n  - p95 < 10s\n"
    );
    folder.write("plan.yaml", against(&server, &plan));
    let look = |args: &[&str], code: i32| {
        let ran = folder.loadplan(args).expect_code(code);
        is_harmless(&format!("{args:?} stdout"), &ran.stdout);
        is_harmless(&format!("{args:?} stderr"), &ran.stderr);
        ran
    };
    look(&["check", "plan.yaml", "--explain"], 0);
    for format in ["text", "mermaid", "dot"] {
        look(&["graph", "plan.yaml", "--format", format], 0);
    }
    look(&["try", "plan.yaml"], 1);
    look(&["run", "plan.yaml", "-v", "--csv", "s.csv"], 1);
    look(&["report", "loadplan-results"], 0);
    look(&["compare", "loadplan-results/results.json", "loadplan-results/results.json"], 0);
    is_harmless("junit.xml", &folder.junit());
    let csv = folder.read("s.csv");
    assert!(!csv.contains(['\u{1b}', '\u{7}']), "{csv}");
    let results = folder.read("loadplan-results/results.json");
    assert!(!results.contains(['\u{202e}', '\u{2066}', '\u{200f}']), "{results}");
    assert!(!results.contains("\\u001b"), "{results}");
}

#[test]
fn findings_in_a_strangers_plan_command_nobody() {
    let folder = Folder::new();
    for (name, plan) in [
        ("key", format!("\"{EVIL}\": 1\nname: x\n")),
        (
            "value",
            format!("name: x\nthread_groups: {{ g: {{ users: \"{EVIL}\", iterations: 1, steps: [{{ get: / }}] }} }}\n"),
        ),
        ("kind", format!("thread_groups: {{ g: {{ users: 1, iterations: 1, steps: [{{ \"{EVIL}\": / }}] }} }}\n")),
        ("raw", "name: ##vso[x]\n##[y]\nthread_groups: 1 \u{1b}[31m\u{202e}::error::\n".to_owned()),
        ("name", format!("name: x\ninclude: \"{EVIL}\"\n")),
    ] {
        folder.write("plan.yaml", &plan);
        let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
        is_harmless(name, &ran.stdout);
        is_harmless(name, &folder.loadplan(&["run", "plan.yaml"]).expect_code(2).stderr);
        is_harmless(name, &folder.loadplan(&["check", "plan.yaml", "--format", "json"]).expect_code(2).stdout);
    }
}

#[cfg(unix)]
#[test]
fn a_file_name_commands_nobody() {
    let server = Server::start(|_| Reply::text(200, ""));
    let folder = Folder::new();
    let plan = against(
        &server,
        "name: x\nhttp: { base_url: BASE }\nthread_groups: { g: { users: 1, iterations: 1, steps: [{ get: / }] } }\n",
    );
    let name = "c\n##vso[x]\n::error::\u{1b}x.yaml";
    folder.write(name, plan);
    for args in [
        &["check", name][..],
        &["graph", name],
        &["try", name],
        &["run", name, "--out", "o\n::error::x"],
        &["report", "o\n::error::x"],
    ] {
        let ran = folder.loadplan(args).expect_code(0);
        is_harmless(&format!("{args:?}"), &ran.stdout);
        is_harmless(&format!("{args:?}"), &ran.stderr);
    }
    for args in
        [&["check", "no\n::error::.yaml"][..], &["report", "no\n::error::.json"], &["compare", "a\n::error::", "b"]]
    {
        let ran = folder.loadplan(args).expect_code(2);
        is_harmless(&format!("{args:?}"), &(ran.stdout + &ran.stderr));
    }
}

/// `check` is run on what strangers propose: it shows plans and data, and no other file.
#[test]
fn check_shows_nothing_of_other_files() {
    let folder = Folder::new();
    let word = "hunter2hunter2";
    folder.write("plans/.env", format!("SECRET_TOKEN={word}\nOTHER={word}\n"));
    folder.write("shadow", format!("root:{word}:1\nuser:{word}:2\n"));
    folder.write("other.yaml", format!("token: {word}\nlist: [1\n"));
    folder.write("private.yaml", format!("- {word}: 1\n"));
    folder.write("schema", format!("{{\"type\": \"{word}\"}}"));
    folder.write("shared/steps.yaml", "- get: /x\n- gett: /y\n");
    let plan = |step: &str, data: &str| {
        format!(
            "name: x\nhttp: {{ base_url: http://127.0.0.1:9 }}\n{data}thread_groups: {{ g: {{ users: 1, iterations: 1, steps: [{step}] }} }}\n"
        )
    };
    let mut cases: Vec<String> =
        ["./.env", "../shadow", "../other.yaml", "../private.yaml", "/etc/passwd", "link.yaml"]
            .iter()
            .map(|file| plan(&format!("{{ include: '{file}' }}"), ""))
            .collect();
    for file in [".env", "../shadow", "link.csv"] {
        let data = format!("data: {{ d: {{ file: '{file}' }} }}\n");
        cases.push(plan("{ get: \"/${d.nothing}\" }", &data));
        cases.push(plan("{ get: / }", &data.replace(" }", ", delimiter: ':' }")));
    }
    cases.push(plan("{ get: /, assert: { json_schema: ../schema } }", ""));
    #[cfg(unix)]
    for link in ["plans/link.yaml", "plans/link.csv"] {
        std::os::unix::fs::symlink(folder.path().join("shadow"), folder.path().join(link)).unwrap();
    }
    for text in cases {
        folder.write("plans/plan.yaml", &text);
        for args in [
            &["check", "plans/plan.yaml"][..],
            &["check", "plans/plan.yaml", "--format", "json"],
            &["run", "plans/plan.yaml"],
        ] {
            let ran = folder.loadplan(args);
            let output = ran.stdout + &ran.stderr;
            assert!(!output.contains(word) && !output.contains("SECRET_TOKEN"), "{text}{output}");
            assert!(!output.contains("root:"), "{text}{output}");
        }
    }
    #[cfg(unix)]
    {
        let ran = folder.loadplan(&["check", "plans/link.yaml"]).expect_code(2);
        assert!(!ran.stdout.contains(word) && ran.stdout.contains("is a link to a file"), "{}", ran.stdout);
    }
    // Steps that are shared are shown where they are wrong, wherever they lie.
    folder.write("plans/plan.yaml", plan("{ include: ../shared/steps.yaml }", ""));
    let ran = folder.loadplan(&["check", "plans/plan.yaml"]).expect_code(2);
    assert!(ran.stdout.contains("- gett: /y"), "{}", ran.stdout);
}

#[test]
fn the_lines_of_secrets_are_shown_without_their_values() {
    let folder = Folder::new();
    let word = "hunter2hunter2";
    for plan in [
        format!("name: x\nsecrets:\n  pw: {word}\n  pw: \"{word}x\"\nusers: 1\n"),
        format!("name: x\nsecrets: {{ pw: {word}, n: [{word}] , pw: 1 }}\n"),
        format!("name: x\nsecrets:\n  pw: \"{word}\n  key: {word}\n"),
        format!("name: x\nsecrets:\n  pw: ${{env.MISSING}}{word}\n"),
        format!("name: x\nsecrets:\n  pw: ${{env.MISSING | default('{word}') | nofilter}}\n"),
        format!("name: x\nsecrets:\n  key: |\n    a: {word}\n     {word}\n  key: {word}\n"),
        format!("name: x\nsecrets:\n  pw: \"one\n    {word}: {word}\n    two\"\n  pw: {word}\n"),
        format!("name: x\nsecrets:\npw: {word}\nother: {word}\n"),
        format!("name: x\nsecrets:\n\tpw: {word}\n"),
        format!("name: x\nprofiles:\n  p:\n    secrets:\n      nopw: {word}\n"),
        format!("name: x\nsecrets: {word}\n"),
        format!(
            "name: x\nsecrets:\n  pw: {word}\nthread_groups: {{ g: {{ users: {word}, iterations: 1, steps: [{{ get: / }}] }} }}\n"
        ),
        format!(
            "name: x\nsecrets: {{ pw: {word} }}\nhttp: {{ base_url: '{word}' }}\nthread_groups: {{ g: {{ userz: {word} }} }}\n"
        ),
        format!("name: x\nhttp:\n  base_url: http://ann:{word}@host:port\n"),
    ] {
        folder.write("plan.yaml", &plan);
        for args in [
            &["check", "plan.yaml"][..],
            &["check", "plan.yaml", "--format", "json"],
            &["check", "plan.yaml", "--format", "github"],
            &["run", "plan.yaml"],
        ] {
            let ran = folder.loadplan(args).expect_code(2);
            let output = ran.stdout + &ran.stderr;
            assert!(!output.contains("nter2h"), "{plan}{output}");
        }
    }
    // What stands after them is shown.
    folder.write("plan.yaml", "name: x\nsecrets:\n  pw: \"a{b\"\n  n: [c, {d: e}]\nusers: 20\n");
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
    assert!(ran.stdout.contains("5 | users: 20"), "{}", ran.stdout);
    // The caret stays where the mistake is.
    folder.write("plan.yaml", "name: x\nsecrets:\n  pw: ${env.MISSING_ONE}\n");
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
    assert!(ran.stdout.contains("3 |   pw: ${env.MISSING_ONE}\n  |             ^^^^^^^^^^^"), "{}", ran.stdout);
}

/// A place in a finding is a byte, a caret stands under a character.
#[test]
fn regression_d6_findings_at_other_characters_than_ascii_are_told() {
    let folder = Folder::new();
    for (plan, line, caret) in [
        ("über: 1\n", "1 | über: 1", "  | ^^^^"),
        ("thread_groups: { g: { steps: [{ über: /a }] } }\n", "{ über: /a }", "^"),
        ("日本: 1\n", "1 | 日本: 1", "  | ^^^^"),
        ("name: x\n\u{feff}über: 1\n", "über: 1", "^"),
        ("a😀: 1\n", "1 | a😀: 1", "  | ^^^"),
    ] {
        folder.write("plan.yaml", plan);
        let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
        assert!(ran.stdout.contains(line) && ran.stdout.contains(caret), "{plan}{}", ran.stdout);
        folder.loadplan(&["graph", "plan.yaml"]).expect_code(2);
    }
}

/// `LOADPLAN_CASES=20000 cargo test --test foreign_text` looks for longer.
#[test]
fn no_plan_breaks_what_is_told_of_it() {
    const PIECES: [&str; 24] = [
        "ü", "日本", "😀", "\u{feff}", "\u{200b}", "\u{202e}", "e\u{301}", "€", "ß:", "- ü", "\u{a0}", "${ü}",
        "${v.é}", "'ö", "\"ä", "\t", "\r", "\u{85}", "\u{2028}", "&ä", "*ö", "!ü", "ſ", "%ü",
    ];
    let cases = std::env::var("LOADPLAN_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(400_u64);
    let plans: Vec<String> = std::fs::read_dir("plans")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let folder = Folder::new();
    let masker = Masker::new(["geheim-ü€"]);
    for seed in 0..cases {
        let mut random = StdRng::seed_from_u64(seed);
        let mut plan: Vec<char> = plans.choose(&mut random).unwrap().chars().collect();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..=plan.len());
            let cut = (at + random.random_range(0..3)).min(plan.len());
            plan.splice(at..cut, PIECES.choose(&mut random).unwrap().chars());
        }
        let text: String = plan.into_iter().collect();
        let path = folder.write("plan.yaml", &text);
        let told = std::panic::catch_unwind(|| {
            let loaded = load(&path, &LoadOptions::default());
            let mut findings = loaded.findings;
            if let Some(plan) = loaded.plan {
                let (graph, more) = build(plan, &loaded.sources, &BTreeMap::new());
                findings.extend(more);
                if let Some(graph) = graph {
                    is_harmless("explain", &explain(&graph, &masker));
                    for drawing in [Drawing::Text, Drawing::Mermaid, Drawing::Dot] {
                        is_harmless("draw", &draw(&graph, drawing, &masker));
                    }
                }
            }
            for format in [Format::Text, Format::Json] {
                is_harmless("findings", &render(&findings, &loaded.sources, format, false, &masker));
            }
            render(&findings, &loaded.sources, Format::Github, false, &masker)
        });
        assert!(told.is_ok(), "seed {seed}:\n{text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_standard_output_does_not_take_is_an_error() {
    let server = Server::start(|_| Reply::text(200, ""));
    let folder = Folder::new();
    let plan =
        "name: x\nhttp: { base_url: BASE }\nthread_groups: { g: { users: 1, iterations: 1, steps: [{ get: / }] } }\n";
    folder.run_plan(&against(&server, plan), &[]).expect_code(0);
    let results = "loadplan-results/results.json";
    for args in [
        &["schema", "plan"][..],
        &["graph", "plan.yaml"],
        &["check", "plan.yaml", "--format", "json"],
        &["check", "plan.yaml"],
        &["report", results],
        &["compare", results, results],
        &["completions", "bash"],
        &["--help"],
        &["run", "--help"],
        &["--version"],
        &["try", "plan.yaml"],
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = folder.command(args).stdout(full).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{args:?}: {stderr}");
        assert!(stderr.contains("standard output could not be written"), "{args:?}: {stderr}");
        // Who reads only the beginning has what they want.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = folder.command(args).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
