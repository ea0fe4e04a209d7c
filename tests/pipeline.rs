//! What a pipeline asks of `run`: options from the environment, output for programs, a limit on its time, the versions a
//! plan works with, secrets that are empty.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Folder, Ran, Reply, Server, against};

/// One user, one request.
fn once(server: &Server, head: &str) -> String {
    against(
        server,
        &format!(
            "{head}http: {{ base_url: BASE }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: /a\n"
        ),
    )
}

fn server() -> Server {
    Server::start(|_| Reply::text(200, "ok"))
}

/// Runs with these variables.
fn with(folder: &Folder, variables: &[(&str, &str)], args: &[&str]) -> Ran {
    Ran::from(folder.command(args).envs(variables.iter().copied()).output().unwrap())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn every_option_of_run_has_a_variable_that_help_and_the_docs_name() {
    let help = Folder::new().loadplan(&["run", "--help"]).expect_code(0).stdout;
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ci.md")).unwrap();
    // An option begins a paragraph: `      --seed <N>`, `  -q, --quiet`.
    let long = |line: &str| {
        let words = line.trim_start().trim_start_matches(|c: char| c != '-');
        let word = words.split(", ").last().unwrap().split([' ', '[', '=']).next().unwrap();
        line.starts_with("  ").then(|| word.strip_prefix("--").map(str::to_owned))?
    };
    let options: Vec<String> =
        help.lines().filter(|line| line.trim_start().starts_with('-')).filter_map(long).collect();
    let options: Vec<&String> = options.iter().filter(|option| *option != "help").collect();
    assert!(options.len() > 25, "{options:?}");
    let squeezed = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for option in options {
        let name = format!("LOADPLAN_{}", option.to_uppercase().replace('-', "_"));
        assert!(squeezed.contains(&format!("[env: {name}]")), "{name} is not in --help");
        assert!(docs.contains(&format!("`{name}`")), "{name} is not in docs/ci.md");
    }
}

#[test]
fn variables_stand_for_options_and_an_empty_one_is_not_set() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder.write("plan.yaml", once(&server, "variables: { a: 0, b: 0 }\n").replace("/a", "/${a}/${b}"));
    let set = [
        ("LOADPLAN_OUT", "reports"),
        ("LOADPLAN_VAR", "a=1\nb=x y\n"),
        ("LOADPLAN_PROFILE", ""),
        ("LOADPLAN_SEED", "  "),
        ("LOADPLAN_STRICT", "0"),
        ("LOADPLAN_QUIET", "true"),
    ];
    let ran = with(&folder, &set, &["run", "plan.yaml"]).expect_code(0);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
    assert_eq!(server.hits()[0].path, "/1/x%20y");
    assert!(folder.path().join("reports/results.json").exists());
    // The command line wins; what came from elsewhere is told.
    let ran = with(&folder, &set[..2], &["run", "plan.yaml", "--out", "typed", "--var", "a=2"]).expect_code(0);
    assert!(folder.path().join("typed/results.json").exists());
    assert_eq!(server.hits()[1].path, "/2/0");
    assert!(!ran.stderr.contains("options from the environment"), "{}", ran.stderr);
    let ran = with(&folder, &set[..2], &["run", "plan.yaml"]).expect_code(0);
    assert!(ran.stderr.contains("options from the environment: LOADPLAN_VAR, LOADPLAN_OUT\n"), "{}", ran.stderr);
    // Other subcommands do not know them.
    with(&folder, &[("LOADPLAN_SEED", "no number")], &["check", "plan.yaml"]).expect_code(0);
}

#[test]
fn what_is_wrong_with_a_variable_names_it() {
    let server = server();
    let folder = Folder::new();
    folder.write("plan.yaml", once(&server, ""));
    for (name, value) in [
        ("LOADPLAN_SEED", "abc"),
        ("LOADPLAN_STRICT", "maybe"),
        ("LOADPLAN_MAX_TIME", "20"),
        ("LOADPLAN_LOG_LEVEL", "loud"),
        ("LOADPLAN_PROFILE", "nowhere"),
        ("LOADPLAN_USERS", "many"),
        ("LOADPLAN_PROMETHEUS", "nowhere"),
        ("LOADPLAN_BASELINE", "nowhere.json"),
        ("LOADPLAN_COLOR", "pink"),
    ] {
        for quiet in ["0", "1"] {
            let ran = with(&folder, &[(name, value), ("LOADPLAN_QUIET", quiet)], &["run", "plan.yaml"]).expect_code(2);
            assert!(ran.stderr.contains(name), "{name} is not named:\n{}", ran.stderr);
        }
    }
    let junit = {
        with(&folder, &[("LOADPLAN_SEED", "abc"), ("LOADPLAN_OUT", "red")], &["run", "plan.yaml"]).expect_code(2);
        with(&folder, &[("LOADPLAN_SEED", "abc"), ("LOADPLAN_JUNIT", "red.xml")], &["run", "plan.yaml"]).expect_code(2);
        folder.read("red.xml")
    };
    assert!(junit.contains("(from the environment variable LOADPLAN_SEED)"), "{junit}");
    let ran = with(&folder, &[("LOADPLAN_PROFILES", "x"), ("LOADPLAN_VERSION", "1")], &["run", "plan.yaml"]);
    let ran = ran.expect_code(0);
    assert!(ran.stderr.contains("did you mean LOADPLAN_PROFILE?"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("LOADPLAN_VERSION"), "{}", ran.stderr);
}

#[test]
fn results_go_to_standard_output_and_text_for_people_to_standard_error() {
    let server = server();
    let folder = Folder::new();
    folder.write("plan.yaml", once(&server, "name: 'a ##vso[task.complete]b'\n"));
    let mut command = folder.command(&["run", "plan.yaml", "--json", "-"]);
    let ran = Ran::from(command.env("TF_BUILD", "True").output().unwrap()).expect_code(0);
    let results = json(&ran.stdout);
    assert_eq!((&results["verdict"]["exit_code"], &results["totals"]["count"]), (&0.into(), &1.into()));
    // Azure Pipelines obeys this mark wherever it stands in a line; the text itself is the same.
    assert!(!ran.stdout.contains("##vso["), "{}", ran.stdout);
    assert_eq!(results["plan"]["name"], "a ##vso[task.complete]b");
    assert!(ran.stderr.contains("PASSED (exit 0)") && ran.stderr.contains("GET /a"), "{}", ran.stderr);
    assert!(folder.path().join("loadplan-results/junit.xml").exists());
    assert!(!folder.path().join("loadplan-results/results.json").exists() && !folder.path().join("-").exists());
    // A plan that is refused is told there too, and so is what GitHub obeys elsewhere.
    folder.write("bad.yaml", "name: x\n");
    let mut command = folder.command(&["run", "bad.yaml", "--json", "-"]);
    let ran = Ran::from(command.env("GITHUB_ACTIONS", "true").output().unwrap()).expect_code(2);
    assert_eq!(json(&ran.stdout)["verdict"]["exit_code"], 2);
    assert!(ran.stderr.contains("::error"), "{}", ran.stderr);
    let ran = folder.loadplan(&["run", "plan.yaml", "--json", "-", "--seed", "x"]).expect_code(2);
    assert_eq!(json(&ran.stdout)["verdict"]["exit_code"], 2);
    for other in ["--junit", "--html", "--csv", "--markdown"] {
        let ran = folder.loadplan(&["run", "plan.yaml", other, "-"]).expect_code(2);
        assert!(ran.stderr.contains("--json -"), "{}", ran.stderr);
    }
    folder.loadplan(&["run", "plan.yaml", "--json", "-", "--summary-json"]).expect_code(2);
}

#[cfg(target_os = "linux")]
#[test]
fn results_that_standard_output_does_not_take_are_lost() {
    let server = server();
    let folder = Folder::new();
    folder.write("plan.yaml", once(&server, ""));
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = folder.command(&["run", "plan.yaml", "--json", "-"]);
    let ran = Ran::from(command.stdout(full).output().unwrap()).expect_code(4);
    assert!(ran.stderr.contains("results could not be written to -"), "{}", ran.stderr);
    assert!(folder.junit().contains("ResultsNotWritten"));
}

#[test]
fn a_line_of_json_for_each_plan_says_how_it_went() {
    let server = Server::start(|hit| Reply::text(if hit.path == "/bad" { 500 } else { 200 }, "ok"));
    let folder = Folder::new();
    let thresholds = "thresholds: [requests >= 1, max < 1h, error_rate <= 0%]\n";
    folder.write("good.yaml", once(&server, thresholds));
    folder.write("bad.yaml", once(&server, thresholds).replace("/a", "/bad"));
    let ran = folder.loadplan(&["run", "good.yaml", "bad.yaml", "--summary-json", "--out", "o"]).expect_code(1);
    let lines: Vec<Value> = ran.stdout.lines().map(json).collect();
    assert_eq!(lines.len(), 2, "{}", ran.stdout);
    let [good, bad] = [&lines[0], &lines[1]];
    assert_eq!((&good["verdict"], &good["exit_code"]), (&"passed".into(), &0.into()));
    assert_eq!((&good["requests"], &good["failed"], &good["profile"]), (&1.into(), &0.into(), &Value::Null));
    // One request of at least one takes all of that limit; the others are far from theirs.
    assert_eq!(good["worst_threshold"]["text"], "requests >= 1");
    assert_eq!((&bad["verdict"], &bad["exit_code"]), (&"failed".into(), &1.into()));
    assert_eq!(bad["worst_threshold"]["text"], "error_rate <= 0%");
    assert_eq!(bad["worst_threshold"]["passed"], false);
    for (report, file) in [("results", "results.json"), ("junit", "junit.xml"), ("report", "report.html")] {
        let path = std::path::Path::new(bad["reports"][report].as_str().unwrap());
        assert!(path.is_absolute() && path.ends_with(format!("o/bad/{file}")) && path.exists(), "{path:?}");
    }
    assert!(ran.stderr.contains("FAILED (exit 1): 1 of 2 plans: bad.yaml"), "{}", ran.stderr);
    folder.write("invalid.yaml", "name: x\n");
    let ran = folder.loadplan(&["run", "invalid.yaml", "--summary-json"]).expect_code(2);
    let line = json(ran.stdout.lines().next().unwrap());
    assert_eq!((&line["verdict"], &line["exit_code"]), (&"failed".into(), &2.into()));
    assert!(line["summary"].as_str().unwrap().contains("thread_groups"), "{line}");
}

#[test]
fn the_log_level_says_what_is_told_on_standard_error() {
    let server = server();
    let folder = Folder::new();
    // A variable nobody uses is a warning; the address of the live page is good to know.
    folder.write("plan.yaml", once(&server, "data: { rows: { file: rows.csv } }\n"));
    folder.write("rows.csv", "a\n1\n");
    for (level, warns, notes) in [("info", true, true), ("warn", true, false), ("error", false, false)] {
        let ran = folder.loadplan(&["run", "plan.yaml", "--log-level", level, "--dashboard"]).expect_code(0);
        assert_eq!(ran.stderr.contains("warning: "), warns, "{level}: {}", ran.stderr);
        assert_eq!(ran.stderr.contains("dashboard: "), notes, "{level}: {}", ran.stderr);
        assert!(ran.stdout.contains("PASSED (exit 0)"), "{}", ran.stdout);
    }
    folder.write("bad.yaml", "name: x\n");
    let ran = folder.loadplan(&["run", "bad.yaml", "--log-level", "error"]).expect_code(2);
    assert!(ran.stderr.contains("error: "), "{}", ran.stderr);
}

/// What took as long as this at most; the test's own limit is far above, since the machine may be busy.
fn within(limit: u64, run: impl FnOnce() -> Ran) -> Ran {
    let begin = Instant::now();
    let ran = run();
    assert!(begin.elapsed() < Duration::from_secs(limit), "it took {:?}", begin.elapsed());
    ran
}

#[test]
fn a_run_that_takes_longer_than_it_may_is_stopped_and_written_down() {
    let server = server();
    let folder = Folder::new();
    let long = once(&server, "").replace("iterations: 1", "duration: 10m\n    think_time: 50ms");
    folder.write("long.yaml", &long);
    folder.write("next.yaml", once(&server, "").replace("/a", "/next"));
    let ran = within(120, || folder.loadplan(&["run", "long.yaml", "next.yaml", "--max-time", "2s"])).expect_code(3);
    let results = json(&folder.read("loadplan-results/long/results.json"));
    assert_eq!(results["run"]["stopped_by"], "max_time");
    let reason = "stopped at the limit of --max-time (2s)";
    assert_eq!(results["verdict"]["reasons"][0], reason);
    assert!(results["totals"]["count"].as_u64().unwrap() > 0);
    assert!(ran.stdout.contains(&format!("FAILED (exit 3): {reason}")), "{}", ran.stdout);
    assert!(folder.read("loadplan-results/long/junit.xml").contains(reason));
    assert!(folder.path().join("loadplan-results/long/report.html").exists());
    // The limit is that of the whole command: the plan after it sends nothing.
    assert_eq!(json(&folder.read("loadplan-results/next/results.json"))["run"]["stopped_by"], "max_time");
    assert!(server.hits().iter().all(|hit| hit.path == "/a"));
    folder.loadplan(&["run", "next.yaml", "--max-time", "10m"]).expect_code(0);
    folder.loadplan(&["run", "next.yaml", "--max-time", "0s"]).expect_code(2);
}

#[test]
fn the_limit_counts_setup_and_services_too() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/setup" => Reply::Silence(Duration::from_secs(600)),
        _ => Reply::text(200, "ok"),
    });
    let folder = Folder::new();
    folder.write("setup.yaml", once(&server, "setup: [ { get: /setup } ]\n"));
    within(120, || folder.loadplan(&["run", "setup.yaml", "--max-time", "1s"])).expect_code(3);
    assert_eq!(folder.results()["run"]["stopped_by"], "max_time");
    let service = "services: { s: { command: 'sleep 600', ready: { url: 'BASE/setup', within: 10m } } }\n";
    folder.write("service.yaml", once(&server, &against(&server, service)));
    let args = ["run", "service.yaml", "--max-time", "1s", "--allow-commands"];
    within(120, || folder.loadplan(&args)).expect_code(3);
    assert_eq!(folder.results()["run"]["stopped_by"], "max_time");
    assert!(server.hits().iter().all(|hit| hit.path != "/a"));
}

#[test]
fn reports_of_several_plans_are_called_after_plan_and_profile() {
    let server = server();
    let folder = Folder::new();
    let plan = once(&server, "profiles: { smoke: { thread_groups: { g: { iterations: 2 } } }, a/b: {} }\n");
    folder.write("one.yaml", &plan);
    folder.write("two.yaml", &plan);
    let run = |more: &[&str]| {
        let args = ["run", "one.yaml", "two.yaml", "--out", "o"].iter().chain(more).copied().collect::<Vec<_>>();
        folder.loadplan(&args).expect_code(0)
    };
    run(&[]);
    run(&["--profile", "smoke"]);
    run(&["--profile", "smoke", "--profile", "a/b"]);
    for name in ["one", "two", "one-smoke", "two-smoke", "one-smoke-a-b", "two-smoke-a-b"] {
        assert!(folder.path().join(format!("o/{name}/results.json")).exists(), "{name}");
    }
    assert_eq!(json(&folder.read("o/one/results.json"))["totals"]["count"], 1);
    assert_eq!(json(&folder.read("o/one-smoke/results.json"))["totals"]["count"], 2);
}

#[test]
fn a_plan_that_needs_another_version_is_refused_with_both_named() {
    let server = server();
    let folder = Folder::new();
    // What else is found may be a key that only the other version knows: nobody is told of it.
    folder.write("plan.yaml", once(&server, "requires: \">=99.2\"\nnew_key: 1\n"));
    for command in ["run", "check", "try", "graph"] {
        let ran = folder.loadplan(&[command, "plan.yaml"]);
        assert_ne!(ran.code, 0, "{command}");
        let version = env!("CARGO_PKG_VERSION");
        let told = format!("this plan requires loadplan >=99.2, but this is loadplan {version}");
        assert!((ran.stdout.clone() + &ran.stderr).contains(&told), "{ran:?}");
        assert!(!(ran.stdout + &ran.stderr).contains("there is no key `new_key`"), "{command}");
    }
    assert!(server.hits().is_empty());
    let this = env!("CARGO_PKG_VERSION");
    for range in [&*format!("^{this}"), &*format!("={this}"), "\">=0.1\"", "\">=0.1, <1000\""] {
        folder.write("plan.yaml", once(&server, &format!("requires: {range}\n")));
        folder.loadplan(&["check", "plan.yaml"]).expect_code(0);
    }
    folder.write("plan.yaml", once(&server, "requires: \">=0.1 <1\"\n"));
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
    let told = ran.stdout + &ran.stderr;
    assert!(told.contains("plan.yaml:1:11") && told.contains("did you mean `\">=0.1, <1\"`?"), "{told}");
}

#[test]
fn a_secret_that_is_empty_is_an_error_that_names_the_variable() {
    let server = server();
    let folder = Folder::new();
    let told = |secrets: &str, args: &[&str]| {
        folder.write("plan.yaml", once(&server, &format!("secrets:\n{secrets}\n")));
        let args = ["run", "plan.yaml"].iter().chain(args).copied().collect::<Vec<_>>();
        with(&folder, &[("API_KEY", ""), ("OTHER", "  \n"), ("FULL", "s3cret-value")], &args)
    };
    for secrets in [
        "  key: ${env.API_KEY}",
        "  key: Bearer ${env.API_KEY}",
        "  keys: [ abcdefgh, '${env.API_KEY}' ]",
        "  key: ${env.API_KEY | trim}",
    ] {
        let ran = told(secrets, &[]).expect_code(2);
        assert!(ran.stderr.contains("is empty: the environment variable `API_KEY` is set, but empty"), "{ran:?}");
        assert!(ran.stderr.contains("plan.yaml:2:"), "{}", ran.stderr);
    }
    assert!(told("  key: ${env.OTHER}", &[]).expect_code(2).stderr.contains("`OTHER`"));
    assert!(told("  key: ''", &[]).expect_code(2).stderr.contains("the secret `key` is empty"));
    assert!(told("  key: abcdefgh", &["--var", "key="]).expect_code(2).stderr.contains("`--var key=` has no value"));
    assert!(server.hits().is_empty());
    for secrets in ["  key: ${env.API_KEY | default('abcdefgh')}", "  key: ${env.FULL}"] {
        told(secrets, &[]).expect_code(0);
    }
    told("  key: ${env.API_KEY}", &["--var", "key=abcdefgh"]).expect_code(0);
    // Another variable gives the value: it is not empty.
    let ran = told("  key: '${env.API_KEY}${env.FULL}'", &[]).expect_code(0);
    assert!(ran.stderr.contains("the secret `key` lacks a part: the environment variable `API_KEY`"), "{}", ran.stderr);
    assert!(!told("  key: '${env.API_KEY | default(\"\")}${env.FULL}'", &[]).expect_code(0).stderr.contains("lacks"));
    told("  key: '${env.API_KEY}${env.OTHER}'", &[]).expect_code(2);
}

/// Every report of a run that passed, in this folder.
fn reports(folder: &Folder, at: &str) -> Vec<String> {
    ["results.json", "junit.xml", "report.html"].iter().map(|name| folder.read(&format!("{at}/{name}"))).collect()
}

#[test]
fn regression_no_value_of_a_variable_of_the_plan_is_in_an_error() {
    let server = server();
    let folder = Folder::new();
    folder.write("plan.yaml", once(&server, ""));
    folder.loadplan(&["run", "plan.yaml"]).expect_code(0);
    let pem = "key=-----BEGIN KEY-----\nMIIEsupersecretline\n-----END KEY-----";
    let base64 = "key=first\nc3VwZXJzZWNyZXRsaW5lc3VwZXJzZWNyZXRsaW5lc3VwZXJzZWNyZXRsaW5l=";
    for (variables, args) in [
        (vec![("LOADPLAN_VAR", pem)], vec![]),
        (vec![("LOADPLAN_VAR", base64)], vec![]),
        (vec![], vec!["--var", "supersecretline"]),
        (vec![], vec!["--var=supersecretline"]),
        (vec![], vec!["--var", "-----supersecretline"]),
        (vec![], vec!["--var", "c3VwZXJzZWNyZXRsaW5l+/supersecretline=x"]),
    ] {
        let args: Vec<&str> = ["run", "plan.yaml", "--summary-json"].iter().chain(&args).copied().collect();
        let ran = with(&folder, &variables, &args).expect_code(2);
        let told = format!("{}{}{}", ran.stdout, ran.stderr, reports(&folder, "loadplan-results").concat());
        for secret in ["supersecretline", "c3VwZX"] {
            assert!(!told.contains(secret), "{secret} is in {told}");
        }
        if variables.first().is_some_and(|(_, value)| *value == pem) {
            assert!(ran.stderr.contains("LOADPLAN_VAR: line 2 is not NAME=VALUE"), "{}", ran.stderr);
        }
    }
}

#[test]
fn regression_the_name_of_a_plan_that_is_refused_is_masked() {
    let folder = Folder::new();
    folder.write(
        "plan.yaml",
        "name: \"S supersecret99\"\nsecrets: { key: supersecret99 }\nthread_groups: {}\nbogus: 1\n",
    );
    let ran = folder.loadplan(&["run", "plan.yaml", "--summary-json"]).expect_code(2);
    let told = format!("{}{}", ran.stdout, reports(&folder, "loadplan-results").concat());
    assert!(!told.contains("supersecret99"), "{told}");
    assert!(json(ran.stdout.lines().next().unwrap())["plan"].as_str().unwrap().starts_with("S "), "{}", ran.stdout);
}

#[test]
fn regression_a_command_line_that_is_refused_leaves_no_green_report() {
    let server = server();
    let folder = Folder::new();
    let plan = once(&server, "profiles: { smoke: {}, b: {} }\n");
    folder.write("one.yaml", &plan);
    folder.write("a/plan.yaml", &plan);
    folder.write("b/plan.yaml", &plan);
    let same = ["a/plan.yaml", "b/plan.yaml"];
    for (variables, args, wrong, places) in [
        (vec![], vec!["run", "one.yaml"], ("LOADPLAN_STRICT", "maybe"), vec!["o"]),
        (vec![], vec!["--color", "never", "run", "one.yaml"], ("LOADPLAN_SEED", "x"), vec!["o"]),
        (
            vec![("LOADPLAN_PROFILE", "smoke\nb")],
            vec!["run", "one.yaml", same[0]],
            ("LOADPLAN_STRICT", "2"),
            vec!["o/one-smoke-b", "o/plan-smoke-b"],
        ),
        (vec![], vec!["run", same[0], same[1]], ("LOADPLAN_SEED", "x"), vec!["o/plan", "o/plan-2"]),
    ] {
        let _ = std::fs::remove_dir_all(folder.path().join("o"));
        let out = [("LOADPLAN_OUT", "o"), ("LOADPLAN_SUMMARY_JSON", "1")];
        let variables: Vec<(&str, &str)> = variables.into_iter().chain(out).collect();
        with(&folder, &variables, &args).expect_code(0);
        let variables: Vec<(&str, &str)> = variables.into_iter().chain([wrong]).collect();
        let ran = with(&folder, &variables, &args).expect_code(2);
        assert_eq!(ran.stdout.lines().filter(|line| json(line)["exit_code"] == 2).count(), places.len(), "{ran:?}");
        for place in places {
            let results = json(&folder.read(&format!("{place}/results.json")));
            assert_eq!(results["verdict"]["exit_code"], 2, "{args:?}: {place}");
            assert!(folder.read(&format!("{place}/junit.xml")).contains(wrong.0), "{args:?}: {place}");
        }
    }
}

#[test]
fn regression_programs_are_told_of_a_folder_that_another_run_holds() {
    let server = server();
    let folder = Folder::new();
    folder.write("plan.yaml", once(&server, "name: Shop\n"));
    std::fs::create_dir(folder.path().join("o")).unwrap();
    let held = std::fs::File::open(folder.path().join("o")).unwrap();
    held.lock().unwrap();
    for option in [["--summary-json", "--quiet"], ["--json", "-"]] {
        let args: Vec<&str> = ["run", "plan.yaml", "--out", "o"].iter().chain(&option).copied().collect();
        let ran = folder.loadplan(&args).expect_code(4);
        let told = json(&ran.stdout);
        let code = if option[0] == "--json" { &told["verdict"]["exit_code"] } else { &told["exit_code"] };
        assert_eq!(code, 4, "{told}");
        assert!(told.to_string().contains("another run is writing") && told.to_string().contains("Shop"), "{told}");
    }
    assert_eq!(std::fs::read_dir(folder.path().join("o")).unwrap().count(), 0);
    assert!(server.hits().is_empty());
}

#[cfg(unix)]
#[test]
fn regression_the_limit_counts_services_that_stop_too() {
    let server = server();
    let folder = Folder::new();
    // It takes three seconds to end, and the limit passes while it does.
    let service = "services: { s: { command: \"trap 'sleep 3; exit 0' TERM; while true; do sleep 0.2; done\" } }\n";
    folder.write("plan.yaml", once(&server, service).replace("iterations: 1", "duration: 1s\n    think_time: 50ms"));
    let args = ["run", "plan.yaml", "--allow-commands", "--max-time", "2s"];
    let ran = within(120, || folder.loadplan(&args)).expect_code(3);
    assert_eq!(folder.results()["run"]["stopped_by"], "max_time", "{}", ran.stdout);
}

#[cfg(unix)]
#[test]
fn regression_the_limit_hurries_a_run_that_ctrl_c_has_stopped() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/teardown" => Reply::Silence(Duration::from_secs(600)),
        _ => Reply::text(200, "ok"),
    });
    let folder = Folder::new();
    // After Ctrl-C teardown may take as long as it likes; the limit gives it seconds.
    let plan = once(&server, "teardown: [ { get: /teardown, timeout: 10m } ]\n");
    folder.write("plan.yaml", plan.replace("iterations: 1", "duration: 20m\n    think_time: 50ms"));
    let begin = Instant::now();
    let child = folder.command(&["run", "plan.yaml", "--max-time", "5s"]).stdout(std::process::Stdio::piped()).spawn();
    let child = child.unwrap();
    while server.hits().is_empty() && begin.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert!(begin.elapsed() < Duration::from_secs(200), "it took {:?}", begin.elapsed());
    assert!([130, 3].contains(&ran.code), "{ran:?}");
    assert!(folder.path().join("loadplan-results/results.json").exists());
}
