//! The subcommands around a run: `new`, `schema`, `demo`, `completions`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use support::Folder;

#[test]
fn every_new_plan_is_valid_and_names_its_schema() {
    for template in ["quickstart", "form-login", "login", "data", "checkout", "arrival-rate"] {
        let folder = Folder::new();
        let ran = folder.loadplan(&["new", "load/first", "--from", template]).expect_code(0);
        assert!(ran.stdout.starts_with("wrote load/first.yaml\n"), "{}", ran.stdout);
        folder.loadplan(&["check", "load/first.yaml"]).expect_code(0);
        let plan = folder.read("load/first.yaml");
        assert!(plan.starts_with("# yaml-language-server: $schema=plan.schema.json\n"), "{plan}");
        assert!(plan.contains("loadplan run load/first.yaml") && !plan.contains("plans/"), "{plan}");
        assert_eq!(folder.read("load/plan.schema.json"), folder.loadplan(&["schema", "plan"]).stdout);
        assert_eq!(folder.path().join("load/data/traders.csv").exists(), template == "data");
    }
}

#[test]
fn regression_a_new_plan_names_no_other_file_in_its_comments() {
    for template in ["quickstart", "form-login", "login", "data", "checkout", "arrival-rate"] {
        let folder = Folder::new();
        folder.loadplan(&["new", "--from", template]).expect_code(0);
        let plan = folder.read("plan.yaml");
        let mut named = plan.match_indices("loadplan run ").map(|(at, words)| &plan[at + words.len()..]);
        assert!(named.all(|rest| rest.starts_with("plan.yaml")), "{plan}");
    }
}

#[test]
fn a_new_plan_runs() {
    let folder = Folder::new();
    folder.loadplan(&["new"]).expect_code(0);
    let ran = folder.loadplan(&["run", "plan.yaml", "--duration", "1s", "--ramp-up", "0s"]).expect_code(0);
    assert!(ran.stdout.contains("PASSED"), "{}", ran.stdout);
}

#[test]
fn new_leaves_existing_files_alone() {
    let folder = Folder::new();
    folder.write("mine.yaml", "mine");
    let ran = folder.loadplan(&["new", "mine.yaml"]).expect_code(2);
    assert!(ran.stderr.contains("mine.yaml already exists"), "{}", ran.stderr);
    assert_eq!(folder.read("mine.yaml"), "mine");
    assert!(!folder.path().join("plan.schema.json").exists());

    folder.write("data/traders.csv", "username,password,symbol,quantity\nann,test123,SAP,1\n");
    let ran = folder.loadplan(&["new", "data.yml", "--from", "data"]).expect_code(0);
    assert!(ran.stdout.contains("data/traders.csv already exists; not changed"), "{}", ran.stdout);
    assert!(folder.read("data/traders.csv").contains("ann"));
    assert!(folder.path().join("data.yml").exists());
}

/// The YAML blocks of a Markdown file that are whole plans.
fn whole_plans(markdown: &str) -> Vec<&str> {
    let blocks = markdown.split("```yaml\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let whole = |block: &&str| {
        let has = |key: &str| block.starts_with(key) || block.contains(&format!("\n{key}"));
        // A profile has thread groups too, but no steps.
        (has("name:") || has("http:")) && has("thread_groups:") && block.contains("steps:")
    };
    blocks.filter(whole).collect()
}

#[test]
fn regression_whole_plans_of_the_documentation_are_valid() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let docs = docs.filter(|path| path.extension().is_some_and(|end| end == "md"));
    for file in docs.chain([root.join("README.md")]) {
        let text = std::fs::read_to_string(&file).unwrap();
        let plans = whole_plans(&text);
        assert!(!file.ends_with("README.md") || plans.len() >= 2, "README.md has lost its plans");
        for plan in plans {
            let folder = Folder::new();
            folder.write("plan.yaml", plan);
            folder.write("data/traders.csv", "username,password\nann,test123\n");
            // The reference shows every key, so a part of its plan may be without a use.
            let ran = folder.loadplan(&["check", "plan.yaml"]);
            let told = if file.ends_with("plan-reference.md") { "no errors" } else { "no mistakes found" };
            assert!(ran.stdout.contains(told), "{}:\n{plan}\n{}", file.display(), ran.stdout);
        }
    }
}

#[test]
fn regression_a_command_line_that_is_not_understood_gets_a_remedy() {
    let folder = Folder::new();
    folder.write(
        "plan.yaml",
        "thread_groups:\n  g:\n    users: 1\n    duration: 1s\n    steps: [{ get: 'http://127.0.0.1:9/' }]\n",
    );
    for (args, told) in [
        (&["shop.yaml"][..], "loadplan run shop.yaml"),
        (&["out/results.json"], "loadplan report out/results.json"),
        (&["run", "plan.yaml", "--thread", "5"], "'--users'"),
        (&["run", "plan.yaml", "--threads=5"], "'--users'"),
        (&["run", "plan.yaml", "-users", "5"], "'--users'"),
        (&["run", "plan.yaml", "--timeout", "20m"], "'--max-time'"),
        (&["run", "plan.yaml", "--usres", "5"], "'--users'"),
        (&["--users", "5", "run", "plan.yaml"], "'run --users' exists"),
        (&["run", "plan.yaml", "--users", "ten"], "`--users 10`"),
        (&["run", "plan.yaml", "--users", "g=ten"], "`--users g=10`"),
        (&["run", "plan.yaml", "--duration", "5"], "`--duration 5s`"),
        (&["run", "plan.yaml", "--tolerance", "10"], "write a share in percent: 10%"),
        (&["demo", "--port", "abc"], "a port is a number from 1 to 65535"),
        (&["demo", "--port", "70000"], "a port is a number from 1 to 65535"),
    ] {
        let ran = folder.loadplan(args).expect_code(2);
        assert!(ran.stderr.contains(told), "{args:?}: {told} is missing in\n{}", ran.stderr);
        assert!(!ran.stderr.contains("as a value, use"), "{args:?}: {}", ran.stderr);
    }
    let ran = folder.loadplan(&["run", "plan.yaml", "--tolerance", "20%", "--quiet"]);
    assert!(ran.stderr.contains("--tolerance has no effect without --baseline"), "{}", ran.stderr);
    let ran = folder.loadplan(&["run", "plan.yaml", "--quiet"]);
    assert!(!ran.stderr.contains("--tolerance"), "{}", ran.stderr);
}

#[test]
fn both_schemas_are_json() {
    let folder = Folder::new();
    for which in ["plan", "results"] {
        let ran = folder.loadplan(&["schema", which]).expect_code(0);
        let schema: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    }
    folder.loadplan(&["schema", "nothing"]).expect_code(2);
}

#[test]
fn completions_are_written_for_each_shell() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = folder.loadplan(&["completions", shell]).expect_code(0);
        assert!(ran.stdout.contains("loadplan") && ran.stdout.contains("check"), "{shell}");
    }
}

#[test]
fn the_demo_serves_plans_that_name_it() {
    let folder = Folder::new();
    let mut demo = folder.command(&["demo", "--port", "0", "--query-ms", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let url = first.split(' ').next_back().unwrap().to_owned();
    folder.loadplan(&["new", "plan", "--from", "login"]).expect_code(0);
    let ran = folder.loadplan(&[
        "run",
        "plan.yaml",
        "--base-url",
        &url,
        "--users",
        "2",
        "--ramp-up",
        "0s",
        "--duration",
        "1s",
    ]);
    let taken = folder.loadplan(&["demo", "--port", url.rsplit(':').next().unwrap()]);
    demo.kill().unwrap();
    demo.wait().unwrap();
    ran.expect_code(0);
    let taken = taken.expect_code(2);
    assert!(taken.stderr.contains("another program listens there"), "{}", taken.stderr);
}

/// Every user holds a connection, and so does the sample API for every user.
#[cfg(unix)]
#[test]
fn a_small_soft_limit_on_open_files_does_not_stop_a_run() {
    let folder = Folder::new();
    folder.loadplan(&["new"]).expect_code(0);
    let binary = env!("CARGO_BIN_EXE_loadplan");
    let line = format!(
        "ulimit -Hn 2048; ulimit -Sn 64; exec {binary} run plan.yaml --users 200 --ramp-up 500ms --duration 2s"
    );
    let output = std::process::Command::new("sh").args(["-c", &line]).current_dir(folder.path()).output().unwrap();
    let ran = support::Ran::from(output).expect_code(0);
    assert!(ran.stdout.contains(" 0 with errors"), "{}", ran.stdout);
}

/// Services are in process groups of their own, which the terminal's Ctrl-C does not reach.
#[cfg(target_os = "linux")]
#[test]
fn a_second_interrupt_leaves_no_service_behind() {
    let folder = Folder::new();
    folder.write(
        "plan.yaml",
        "services:\n  slow: { command: \"trap '' TERM; echo $$ > pid; while :; do sleep 0.1; done\" }\n\
         thread_groups:\n  users:\n    duration: 60s\n    steps:\n      - pause: 60s\n      - get: http://127.0.0.1:1/\n",
    );
    let mut run = folder.command(&["run", "plan.yaml", "--allow-commands"]);
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let pause = || std::thread::sleep(std::time::Duration::from_millis(50));
    let file = folder.path().join("pid");
    let written = || std::fs::read_to_string(&file).is_ok_and(|text| text.ends_with('\n'));
    for _ in 0..200 {
        if written() {
            break;
        }
        pause();
    }
    let process = std::path::Path::new("/proc").join(folder.read("pid").trim());
    assert!(process.exists());
    let interrupt = || {
        let status = std::process::Command::new("kill").args(["-INT", &run.id().to_string()]).status();
        assert!(status.unwrap().success());
    };
    // The first waits for the service, which does not end by itself; the second does not.
    interrupt();
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(process.exists());
    interrupt();
    assert_eq!(run.wait().unwrap().code(), Some(130));
    for _ in 0..100 {
        let stat = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
        if stat.is_empty() || stat.contains(") Z ") {
            return;
        }
        pause();
    }
    panic!("{} is still there", process.display());
}
