//! What CI servers are told: read here as their runners read it, after a run in which every name
//! of the plan and every answer of the server is hostile.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::collections::{HashMap, HashSet};

use support::{Folder, Ran, Reply, Server, against};

/// What a server may send to a job it does not like.
const HOSTILE: &str = "\r\n::error::owned\r\n::set-output name=verdict::owned\n##vso[task.complete result=Failed;]owned\n##[error]owned \
    %0A::error::owned %0D%0A ]owned; \u{1b}[2J\u{1b}]0;owned\u{7} </code></td><script>alert('owned')</script> \n```\n````\n@everyone #1 GH-1 \
    http://owned.example | owned | :smile: ![owned](http://owned.example/x.png) <!-- ";
/// The same for a name of the plan, which has one line.
const NAME: &str = "</td>|`owned` @everyone #1 ::error::owned ##vso[task.complete]owned, %0A::error file=x::owned \\| [a](http://owned.example)";

/// Ten requests of which each fails in a way of its own, so that there are more findings than a
/// step may show.
fn hostile_plan(server: &Server) -> String {
    let name = NAME.replace('\\', "\\\\");
    let steps: String = (0..10)
        .map(|step| {
            format!(
                "      - name: \"{step} {name}\"\n        get: /{step}\n        assert: {{ status: 200, body: {{ contains: \"{name}\" }} }}\n"
            )
        })
        .collect();
    against(
        server,
        &format!(
            "name: \"{name}\"\nhttp: {{ base_url: BASE }}\nthread_groups:\n  g:\n    iterations: 2\n    steps:\n{steps}thresholds:\n  - name: \"{name}\"\n    threshold: error_rate < 1%\n"
        ),
    )
}

fn hostile_server() -> Server {
    let body = HOSTILE.repeat(1_000_000 / HOSTILE.len());
    Server::start(move |hit| match hit.path.as_str() {
        "/1" => Reply::Raw(vec![(std::time::Duration::ZERO, HOSTILE.as_bytes().to_vec())]),
        "/2" => Reply::json(200, HOSTILE).with("X-Owned", "::error::owned ##vso[task.complete]"),
        "/3" => Reply::Close,
        _ => Reply::text(500, body.clone()),
    })
}

/// A command as the runner of GitHub reads it from a line of the log.
#[derive(Debug)]
struct Command {
    name: String,
    properties: HashMap<String, String>,
    data: String,
}

/// `ActionCommand.TryParseV2` of github.com/actions/runner, and of `TryParse` what matters here:
/// that it finds nothing.
fn github_command(line: &str) -> Option<Command> {
    const KNOWN: [&str; 11] = [
        "error",
        "warning",
        "notice",
        "debug",
        "group",
        "endgroup",
        "set-output",
        "set-env",
        "add-mask",
        "add-path",
        "stop-commands",
    ];
    if let Some((_, rest)) = line.split_once("##[") {
        let name = rest.split([']', ' ']).next().unwrap();
        assert!(!KNOWN.contains(&name), "an old command in {line}");
    }
    let (info, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    let (name, list) = info.split_once(' ').unwrap_or((info, ""));
    if !KNOWN.contains(&name) {
        return None;
    }
    let decoded = |text: &str, escapes: &[(&str, &str)]| {
        escapes.iter().fold(text.to_owned(), |text, (escape, token)| text.replace(escape, token))
    };
    let of_data = [("%0D", "\r"), ("%0A", "\n"), ("%25", "%")];
    let of_properties = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")];
    let properties = list.split(',').filter_map(|pair| pair.split_once('='));
    Some(Command {
        name: name.into(),
        properties: properties.map(|(key, value)| (key.trim().to_owned(), decoded(value, &of_properties))).collect(),
        data: decoded(data, &of_data),
    })
}

/// `Command.TryParse` of github.com/microsoft/azure-pipelines-agent: anywhere in a line.
fn azure_command(line: &str) -> Option<Command> {
    let (_, rest) = line.split_once("##vso[")?;
    let (info, data) = rest.split_once(']')?;
    let (name, list) = info.split_once(' ').unwrap_or((info, ""));
    let decoded = |text: &str| {
        [("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%")]
            .iter()
            .fold(text.to_owned(), |text, (escape, token)| text.replace(escape, token))
    };
    let properties = list.split(';').filter_map(|pair| pair.split_once('='));
    Some(Command {
        name: name.into(),
        properties: properties.map(|(key, value)| (key.into(), decoded(value))).collect(),
        data: decoded(data),
    })
}

/// The file of a step's outputs, as the runner of GitHub reads it.
fn outputs(text: &str) -> HashMap<String, String> {
    let mut lines = text.split_terminator('\n');
    let mut outputs = HashMap::new();
    while let Some(line) = lines.next() {
        match (line.find('='), line.find("<<")) {
            (Some(equals), here) if here.is_none_or(|here| equals < here) => {
                outputs.insert(line[..equals].to_owned(), line[equals + 1..].to_owned());
            }
            (_, Some(here)) => {
                let value: Vec<&str> = lines.by_ref().take_while(|one| *one != &line[here + 2..]).collect();
                outputs.insert(line[..here].to_owned(), value.join("\n"));
            }
            _ => panic!("no output: {line}"),
        }
    }
    outputs
}

/// Runs as a step of GitHub Actions whose files lie in the folder.
fn on_github(folder: &Folder, args: &[&str]) -> Ran {
    let mut command = folder.command(args);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", "summary.md").env("GITHUB_OUTPUT", "output");
    Ran::from(command.output().unwrap())
}

/// The commands in what was printed. Both streams are one log; a line ends at CR too.
fn commands(ran: &Ran, read: fn(&str) -> Option<Command>) -> Vec<Command> {
    ran.stdout.split(['\r', '\n']).chain(ran.stderr.split(['\r', '\n'])).filter_map(read).collect()
}

#[test]
fn a_hostile_run_gives_github_nothing_but_its_own_annotations() {
    let server = hostile_server();
    let folder = Folder::new();
    folder.write("plan.yaml", hostile_plan(&server));
    for more in [&["--quiet"][..], &["--verbose"], &[]] {
        let args: Vec<&str> = ["run", "plan.yaml"].iter().chain(more).copied().collect();
        let ran = on_github(&folder, &args).expect_code(1);
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'));
        let commands = commands(&ran, github_command);
        assert_eq!(commands.len(), 9, "{commands:#?}");
        let plan = folder.read("plan.yaml");
        let mut places = HashSet::new();
        for command in &commands {
            assert_eq!(command.name, "error");
            let keys: HashSet<_> = command.properties.keys().map(String::as_str).collect();
            assert_eq!(keys, HashSet::from(["file", "line", "title"]), "{command:#?}");
            assert_eq!(command.properties["file"], "plan.yaml");
            assert!(command.properties["title"].starts_with("loadplan: "), "{command:#?}");
            let line: usize = command.properties["line"].parse().unwrap();
            assert!((1..=plan.lines().count()).contains(&line));
            places.insert(line);
            assert!(command.data.chars().count() <= 900 && !command.data.contains(['\r', '\n']), "{command:#?}");
        }
        assert_eq!(commands[0].properties["line"], "39", "the threshold comes first");
        assert!(commands[0].data.contains(", %0A: :error file=x: :owned"), "escapes come back: {commands:#?}");
        assert!(places.len() >= 5, "{places:?}");
    }
}

#[test]
fn later_steps_can_read_the_figures_and_nothing_a_server_made_up() {
    let server = hostile_server();
    let folder = Folder::new();
    folder.write("plan.yaml", hostile_plan(&server));
    on_github(&folder, &["run", "plan.yaml", "--quiet"]).expect_code(1);
    let outputs = outputs(&folder.read("output"));
    let results = folder.results();
    assert_eq!(outputs.len(), 8, "{outputs:#?}");
    assert_eq!((&*outputs["verdict"], &*outputs["exit_code"]), ("failed", "1"));
    assert_eq!(outputs["requests"], results["totals"]["count"].to_string());
    assert_eq!(outputs["p95_ms"].parse::<f64>().unwrap(), results["totals"]["response_time"]["p95_ms"]);
    assert_eq!(outputs["error_rate"].parse::<f64>().unwrap(), results["totals"]["error_rate"]);
    for (name, file) in [("results", "results.json"), ("junit", "junit.xml"), ("report", "report.html")] {
        let path = std::path::Path::new(&outputs[name]);
        assert!(path.is_absolute() && path.is_file() && path.ends_with(file), "{path:?}");
    }
}

#[test]
fn a_plan_that_is_invalid_is_told_to_later_steps_too() {
    let folder = Folder::new();
    folder.write("plan.yaml", "name: [");
    on_github(&folder, &["run", "plan.yaml"]).expect_code(2);
    let outputs = outputs(&folder.read("output"));
    assert_eq!((&*outputs["verdict"], &*outputs["exit_code"], &*outputs["requests"]), ("failed", "2", "0"));
    assert_eq!((&*outputs["p95_ms"], &*outputs["results"]), ("", ""));
}

#[test]
fn the_step_summary_is_the_markdown_report_added_to_what_is_there() {
    let server = hostile_server();
    let folder = Folder::new();
    folder.write("plan.yaml", hostile_plan(&server));
    folder.write("summary.md", "# Before\n");
    on_github(&folder, &["run", "plan.yaml", "--quiet", "--markdown", "own.md"]).expect_code(1);
    let own = folder.read("own.md");
    assert_eq!(folder.read("summary.md"), format!("# Before\n\n\n{own}"));
    assert!(own.len() < 60_000, "{} bytes", own.len());
    assert!(own.starts_with("### ❌ FAILED (exit 1): `"), "{own}");
    // tests/external/check.sh renders it.
    folder.loadplan(&["report", "loadplan-results/results.json", "--markdown", "again.md"]).expect_code(0);
    assert_eq!(folder.read("again.md"), own);
}

#[test]
fn a_summary_without_room_is_cut_or_left_out_and_the_verdict_stays() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder.write(
        "plan.yaml",
        against(&server, "http: { base_url: BASE }\nthread_groups: { g: { iterations: 1, steps: [{ get: / }] } }"),
    );
    for (present, warned) in [(899_700, false), (1_000_000, true)] {
        folder.write("summary.md", "x".repeat(present - 1) + "\n");
        let ran = on_github(&folder, &["run", "plan.yaml", "--quiet"]).expect_code(0);
        let summary = folder.read("summary.md");
        assert_eq!(
            ran.stderr.contains("warning: the step summary could not be written to summary.md"),
            warned,
            "{}",
            ran.stderr
        );
        assert_eq!(summary.len() > present, !warned);
        assert!(warned || (summary.len() <= 900_000 && summary.ends_with("the reports have all of it.\n")));
    }
    std::fs::remove_file(folder.path().join("summary.md")).unwrap();
    std::fs::create_dir(folder.path().join("summary.md")).unwrap();
    let _ = std::fs::remove_file(folder.path().join("output"));
    std::fs::create_dir(folder.path().join("output")).unwrap();
    let ran = on_github(&folder, &["run", "plan.yaml"]).expect_code(0);
    assert_eq!(ran.stderr.matches("warning: ").count(), 2, "{}", ran.stderr);
}

#[test]
fn the_budget_holds_for_all_plans_of_a_step_and_each_has_its_share() {
    let server = hostile_server();
    let folder = Folder::new();
    folder.write("a.yaml", hostile_plan(&server));
    folder.write("b.yaml", hostile_plan(&server));
    let ran = on_github(&folder, &["run", "a.yaml", "b.yaml", "--quiet"]).expect_code(1);
    let commands = commands(&ran, github_command);
    assert_eq!(commands.len(), 9, "{commands:#?}");
    let of = |file| commands.iter().filter(|one| one.properties["file"] == file).count();
    assert_eq!((of("a.yaml"), of("b.yaml")), (5, 4));
    assert_eq!(folder.read("summary.md").matches("### ❌ FAILED").count(), 2);
    let outputs = outputs(&folder.read("output"));
    assert_eq!(outputs["requests"], "40");
    let paths: Vec<&str> = outputs["results"].lines().collect();
    assert!(paths.len() == 2 && paths[0].ends_with("a/results.json") && paths[1].ends_with("b/results.json"));
}

#[test]
fn a_hostile_run_gives_azure_nothing_but_its_own_issues() {
    let server = hostile_server();
    let folder = Folder::new();
    folder.write("plan.yaml", hostile_plan(&server));
    let mut command = folder.command(&["run", "plan.yaml", "--markdown", "a;b].md"]);
    let ran = Ran::from(command.env("TF_BUILD", "True").output().unwrap()).expect_code(1);
    let mut commands = commands(&ran, azure_command);
    let upload = commands.pop().unwrap();
    assert_eq!(upload.name, "task.uploadsummary");
    assert_eq!(
        std::path::Path::new(&upload.data).canonicalize().unwrap(),
        folder.path().join("a;b].md").canonicalize().unwrap()
    );
    assert_eq!(commands.len(), 9, "{commands:#?}");
    for command in &commands {
        assert_eq!((&*command.name, &*command.properties["type"]), ("task.logissue", "error"));
        assert_eq!(command.properties["sourcepath"], "plan.yaml");
        assert!(command.properties["linenumber"].parse::<usize>().is_ok() && command.properties.len() == 3);
    }
    assert!(
        commands[0].data.contains(" [task.complete]owned, %0A: :error file=x: :owned"),
        "escapes come back: {commands:#?}"
    );
}

#[test]
fn elsewhere_nothing_is_told() {
    let server = hostile_server();
    let folder = Folder::new();
    let ran = folder.run_plan(&hostile_plan(&server), &[]).expect_code(1);
    assert_eq!(commands(&ran, github_command).len() + commands(&ran, azure_command).len(), 0);
}

#[test]
fn every_report_can_be_made_again_from_saved_results() {
    let server = hostile_server();
    let folder = Folder::new();
    let ran = folder.run_plan(&hostile_plan(&server), &["--gitlab", "gitlab.json"]).expect_code(1);
    let again = folder
        .loadplan(&[
            "report",
            "loadplan-results/results.json",
            "--html",
            "made/a.html",
            "--junit",
            "made/a.xml",
            "--csv",
            "made/a.csv",
            "--gitlab",
            "made/a.json",
        ])
        .expect_code(0);
    assert_eq!(again.stdout, "");
    for (made, ours) in [
        ("made/a.html", "loadplan-results/report.html"),
        ("made/a.xml", "loadplan-results/junit.xml"),
        ("made/a.json", "gitlab.json"),
    ] {
        assert!(folder.read(made) == folder.read(ours), "{made} differs from {ours}");
    }
    assert_eq!(folder.read("made/a.csv").lines().count(), 12, "ten samplers, all, and the names of the columns");
    let shown = folder.loadplan(&["report", "loadplan-results/results.json"]).expect_code(0).stdout;
    let without_files = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| !line.is_empty() && !line.contains(": loadplan-results/"))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(
        without_files(&shown),
        without_files(&ran.stdout.replace("GitLab: gitlab.json\n", "")),
        "the run's own summary, without its files"
    );
}

#[test]
fn regression_an_invalid_plan_is_annotated_by_a_run_as_by_a_check() {
    let folder = Folder::new();
    folder.write(
        "plan.yaml",
        "thread_groups:\n  g:\n    threads: 5\n    steps: [{ get: 'http://127.0.0.1:9/' }]\nthresholds: [p95 < 300]\n",
    );
    let check = folder.loadplan(&["check", "plan.yaml", "--format", "github"]).expect_code(2);
    let ran = on_github(&folder, &["run", "plan.yaml"]).expect_code(2);
    assert_eq!(ran.stdout, check.stdout);
    assert!(ran.stdout.contains("::error file=plan.yaml,line=3,"), "{}", ran.stdout);
    assert!(ran.stderr.contains("plan.yaml:3:5"), "the text is there too: {}", ran.stderr);
    assert_eq!(folder.loadplan(&["run", "plan.yaml"]).stdout, "");

    folder.write("many.yaml", format!("thread_groups:\n  g:\n{}", "    x: 1\n    y: 1\n".repeat(20)));
    let ran = on_github(&folder, &["run", "many.yaml", "plan.yaml"]).expect_code(2);
    assert_eq!(commands(&ran, github_command).len(), 9, "{}", ran.stdout);
    assert!(ran.stdout.contains("file=plan.yaml"), "each plan has its share: {}", ran.stdout);
}

/// Results of which every word is a stranger's.
fn tamper(value: &mut serde_json::Value, key: &str) {
    const KNOWN: [&str; 8] =
        ["kind", "unit", "state", "scope_kind", "schema_version", "$schema", "histogram", "stopped_by"];
    match value {
        serde_json::Value::Object(map) => map.iter_mut().for_each(|(name, one)| tamper(one, name)),
        serde_json::Value::Array(list) => list.iter_mut().for_each(|one| tamper(one, key)),
        serde_json::Value::String(text) if !KNOWN.contains(&key) => *text = HOSTILE.into(),
        _ => {}
    }
}

#[test]
fn results_of_a_stranger_tell_a_runner_nothing() {
    let server = hostile_server();
    let folder = Folder::new();
    folder.run_plan(&hostile_plan(&server), &[]).expect_code(1);
    let mut results = folder.results();
    tamper(&mut results, "");
    folder.write("tampered.json", results.to_string());
    let ran = folder.loadplan(&["report", "tampered.json"]).expect_code(0);
    assert!(ran.stdout.contains("owned") && !ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    assert_eq!(commands(&ran, github_command).len() + commands(&ran, azure_command).len(), 0, "{}", ran.stdout);
    let made =
        ["report", "tampered.json", "--html", "a.html", "--junit", "a.xml", "--csv", "a.csv", "--markdown", "a.md"];
    folder.loadplan(&made).expect_code(0);
    assert!(!folder.read("a.html").contains("<script>alert("));
    assert_eq!(folder.read("a.csv").lines().count(), 12);
}

#[test]
fn what_cannot_be_reported_is_told_in_a_sentence() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder
        .run_plan(
            &against(&server, "http: { base_url: BASE }\nthread_groups: { g: { iterations: 1, steps: [{ get: / }] } }"),
            &[],
        )
        .expect_code(0);
    let results = "loadplan-results/results.json";
    for (args, code, told) in [
        (&["none.json"][..], 2, "none.json cannot be read"),
        (&["plan.yaml", "--html", "a.html"], 2, "plan.yaml is not a results file of loadplan"),
        (&[results, "--csv", "./loadplan-results/results.json"], 2, "which it is made from"),
        (&[results, "--csv", "a", "--markdown", "./a"], 2, "would both be written to"),
        (&[results, "--html", "plan.yaml/a.html"], 4, "report cannot be written to plan.yaml/a.html"),
        (&[results, "--markdown", "/dev/full", "--junit", "good.xml"], 4, "Markdown could not be written to /dev/full"),
    ] {
        let args: Vec<&str> = ["report"].iter().chain(args).copied().collect();
        let ran = folder.loadplan(&args).expect_code(code);
        assert!(ran.stderr.contains(&format!("error: {told}")) || ran.stderr.contains(told), "{}", ran.stderr);
        assert!(ran.stderr.contains("  = help: "), "{}", ran.stderr);
    }
    assert_eq!(folder.read("good.xml"), folder.junit(), "it tells the run's verdict, not the report's");
}

#[test]
fn regression_damaged_and_foreign_files_are_told_without_the_parsers_words() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }\nthread_groups: { g: { iterations: 1, steps: [{ get: / }] } }";
    folder.run_plan(&against(&server, plan), &["--out", "all/one"]).expect_code(0);
    let whole = folder.read("all/one/results.json");
    // In a number, a string, after a brace and between: a cut file is a cut file.
    let point = whole.find("_s\": 0.").map(|at| at + 7).unwrap();
    for at in [1, whole.len() / 3, whole.len() / 2, point, whole.find("}").unwrap() + 1, whole.trim_end().len() - 1] {
        folder.write("cut.json", &whole[..at]);
        let ran = folder.loadplan(&["report", "cut.json"]).expect_code(2);
        let told = "error: cut.json is cut off: the run that wrote it, or its copy, did not end";
        assert!(ran.stderr.starts_with(told), "cut at {at}: {}", ran.stderr);
    }
    folder.write("cut.json", &whole[..whole.len() / 2]);
    folder.write("early.json", &whole[..20]);
    folder.write("k6.json", r#"{"metrics":{},"root_group":{}}"#);
    folder.write("list.json", "[1, 2]");
    folder.write("empty.json", "");
    folder.write("binary.json", [0_u8, 159, 146, 150]);
    folder.write("report.html", "<html>");
    folder.write("none/file", "");
    folder.loadplan(&["compare", "all/one", "all/one", "--json", "comparison.json"]).expect_code(0);
    for (file, told, remedy) in [
        ("cut.json", "cut.json is cut off: the run that wrote it, or its copy, did not end", "another run"),
        ("early.json", "early.json is cut off: the run that wrote it, or its copy, did not end", "another run"),
        ("k6.json", "k6.json is not a results file of loadplan (", "in its --out folder"),
        ("list.json", "list.json is not a results file of loadplan (", "in its --out folder"),
        ("empty.json", "empty.json is not a results file of loadplan (it is empty)", "in its --out folder"),
        ("binary.json", "binary.json is not a results file of loadplan (", "in its --out folder"),
        ("plan.yaml", "plan.yaml is not a results file of loadplan (it looks like a plan)", "a run of the plan wrote"),
        ("report.html", "report.html is not a results file of loadplan (it is another report)", "beside it"),
        ("comparison.json", "comparison.json is a comparison", "the results.json of a run"),
        ("none", "the folder none holds no results.json", "name the results.json of a run"),
        ("all", "the folder all holds no results.json", "for example all/one/results.json"),
    ] {
        for args in
            [&["report", file][..], &["compare", file, "all/one"], &["run", "plan.yaml", "--quiet", "--baseline", file]]
        {
            if args[0] == "run" && ["plan.yaml", "none", "all"].contains(&file) {
                continue; // The one is taken for the plan, the others are folders of runs.
            }
            let ran = folder.loadplan(args).expect_code(2);
            assert!(ran.stderr.starts_with(&format!("error: {told}")), "{args:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(remedy), "{args:?}: {}", ran.stderr);
        }
    }
    folder.loadplan(&["report", "all/one"]).expect_code(0);
    let ran = folder.loadplan(&["report", "all/one", "--html", "all/one/results.json"]).expect_code(2);
    assert!(ran.stderr.contains("which it is made from"), "{}", ran.stderr);
}

/// A step that reads its outputs gets them after a mistyped option too.
#[test]
fn a_command_line_that_is_not_understood_sets_the_outputs() {
    let folder = Folder::new();
    let output = folder.path().join("output");
    let mut command = folder.command(&["run", "plan.yaml", "--profil=smoke"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_OUTPUT", &output);
    support::Ran::from(command.output().unwrap()).expect_code(2);
    assert!(folder.read("output").starts_with("verdict=failed\nexit_code=2\n"), "{}", folder.read("output"));
}

#[test]
fn regression_a_refused_command_line_is_annotated_with_its_reason() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }\nthread_groups:\n  g: { iterations: 1, steps: [{ get: /a }] }\n";
    folder.write("plan.yaml", against(&server, plan));
    for (args, reason) in [
        (&["--csv", "plan.yaml"][..], "CSV would replace plan.yaml, which this run reads"),
        (&["--json", "same", "--junit", "same"], "results and JUnit would both be written to same"),
        (&["--profil=smoke"], "the command line is not valid: unexpected argument '--profil' found"),
    ] {
        let ran = on_github(&folder, &[&["run", "plan.yaml"], args].concat()).expect_code(2);
        let told = commands(&ran, github_command);
        assert!(
            told.iter().any(|one| one.name == "error"
                && one.properties["file"] == "plan.yaml"
                && one.properties["title"] == "nothing was sent"
                && one.data == reason),
            "{args:?}: {told:?}"
        );
    }
}
