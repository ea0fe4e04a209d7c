//! Baselines as a pipeline keeps them: folders of runs, none yet, one for each of several plans; and thresholds that are
//! suggested from a run.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use serde_json::Value;
use support::{Folder, Ran, Reply, Server, against};

/// Two hundred requests: enough for p95 (ten beyond it), not for p99.
fn plan(server: &Server, name: &str) -> String {
    against(
        server,
        &format!(
            "name: {name}\nhttp: {{ base_url: BASE }}\nthread_groups:\n  users:\n    users: 4\n    iterations: {{ total: 200 }}\n    steps:\n      - get: /list\nprofiles: {{ smoke: {{ thread_groups: {{ users: {{ iterations: {{ total: 40 }} }} }} }} }}\n"
        ),
    )
}

fn server() -> Server {
    Server::start(|_| {
        std::thread::sleep(std::time::Duration::from_millis(5));
        Reply::text(200, "ok")
    })
}

/// A folder with one real run of the plan `Shop` in `real.json`.
fn shop(server: &Server) -> (Folder, Value) {
    let folder = Folder::new();
    folder.run_plan(&plan(server, "Shop"), &["--json", "real.json"]).expect_code(0);
    let real = serde_json::from_str(&folder.read("real.json")).unwrap();
    (folder, real)
}

/// Another run that went the same, with its own beginning.
fn kept(folder: &Folder, run: &Value, file: &str, day: u32, change: impl Fn(&mut Value)) {
    let mut run = run.clone();
    run["run"]["id"] = file.into();
    run["run"]["started_at"] = format!("2026-01-{day:02}T10:00:00.000Z").into();
    change(&mut run);
    folder.write(file, run.to_string());
}

/// Compares with a baseline so tolerant that a busy machine makes no regression.
fn run(folder: &Folder, more: &[&str]) -> Ran {
    let args = ["run", "plan.yaml", "--tolerance", "99%", "--floor", "1h"].iter().chain(more).copied();
    folder.loadplan(&args.collect::<Vec<_>>())
}

/// The files that the run was compared with, by their names in the results.
fn compared_with(folder: &Folder) -> Vec<String> {
    let results = folder.results();
    let runs = results["regression"]["baseline"].as_array().cloned().unwrap_or_default();
    let mut files: Vec<String> = runs.iter().map(|run| run["file"].as_str().unwrap().replace('\\', "/")).collect();
    files.sort();
    files
}

#[test]
fn of_a_folder_of_runs_the_newest_that_passed_are_taken_and_told() {
    let server = server();
    let (folder, real) = shop(&server);
    for day in 1..=7 {
        kept(&folder, &real, &format!("runs/{day}/results.json"), day, |_| {});
    }
    // Failed, of another plan, under a profile: none of these is a baseline, however new it is.
    kept(&folder, &real, "runs/8/results.json", 8, |run| run["verdict"]["passed"] = false.into());
    kept(&folder, &real, "runs/9/results.json", 9, |run| run["plan"]["name"] = "Other".into());
    kept(&folder, &real, "runs/10/results.json", 10, |run| run["run"]["profile"] = "smoke".into());
    folder.write("runs/notes.json", "{}");
    let ran = run(&folder, &["--baseline", "runs"]).expect_code(0);
    assert_eq!(compared_with(&folder), [3, 4, 5, 6, 7].map(|day| format!("runs/{day}/results.json")));
    let told = "runs/3/results.json (5 of 10 runs in runs; left out: 2 of another plan or profile, 1 failed, 2 older)";
    assert!(ran.stderr.contains("baseline: runs/7/results.json, ") && ran.stderr.contains(told), "{}", ran.stderr);
    let ran = run(&folder, &["--baseline", "runs", "--profile", "smoke"]).expect_code(0);
    assert_eq!(compared_with(&folder), ["runs/10/results.json"], "{}", ran.stderr);
    // Files under any name, and a run's own folder as before.
    kept(&folder, &real, "flat/monday.json", 1, |_| {});
    run(&folder, &["--baseline", "flat"]).expect_code(0);
    assert_eq!(compared_with(&folder), ["flat/monday.json"]);
    run(&folder, &["--baseline", "runs/8"]).expect_code(0);
    assert_eq!(compared_with(&folder), ["runs/8/results.json"]);
}

#[test]
fn a_first_run_without_a_baseline_passes_with_a_note_if_it_may() {
    let server = server();
    let (folder, real) = shop(&server);
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    kept(&folder, &real, "failed/1/results.json", 1, |run| run["verdict"]["passed"] = false.into());
    let hits = server.hits().len();
    for (baseline, why) in [
        ("empty", "the folder empty holds no run"),
        ("nowhere", "the baseline nowhere does not exist"),
        ("failed", "the only run of the plan `Shop` in the folder failed failed"),
    ] {
        let ran = run(&folder, &["--baseline", baseline]).expect_code(2);
        assert!(ran.stderr.contains(why) && ran.stderr.contains("--baseline-optional"), "{}", ran.stderr);
        let ran = run(&folder, &["--baseline", baseline, "--baseline-optional"]).expect_code(0);
        assert!(ran.stderr.contains(&format!("no baseline yet: {why}")), "{}", ran.stderr);
        assert!(ran.stdout.contains("no baseline yet, so nothing was compared"), "{}", ran.stdout);
        assert!(folder.results()["regression"].is_null());
    }
    assert_eq!(server.hits().len(), hits + 3 * 200, "a run that is refused sends nothing");
    // It is no excuse for a baseline that is there and cannot be used.
    folder.write("broken.json", "{");
    run(&folder, &["--baseline", "broken.json", "--baseline-optional"]).expect_code(2);
    // Nor does it hide a regression once there is one.
    kept(&folder, &real, "runs/1/results.json", 1, |_| {});
    run(&folder, &["--baseline", "runs", "--baseline-optional"]).expect_code(0);
    assert_eq!(compared_with(&folder), ["runs/1/results.json"]);
    // A pipeline's variable that is empty yet.
    let mut command = folder.command(&["run", "plan.yaml"]);
    command.env("LOADPLAN_BASELINE", "").env("LOADPLAN_BASELINE_OPTIONAL", "1");
    let ran = Ran::from(command.output().unwrap()).expect_code(0);
    assert!(ran.stdout.contains("nothing was compared"), "{}", ran.stdout);
}

#[test]
fn several_plans_have_a_baseline_each() {
    let server = server();
    let folder = Folder::new();
    folder.write("shop.yaml", plan(&server, "Shop"));
    folder.write("bank.yaml", plan(&server, "Bank"));
    // What a run of both has left is the baseline of the next.
    folder.loadplan(&["run", "shop.yaml", "bank.yaml", "--out", "main"]).expect_code(0);
    let args = ["run", "shop.yaml", "bank.yaml", "--tolerance", "99%", "--floor", "1h", "--baseline"];
    let with = |more: &[&str]| folder.loadplan(&args.iter().chain(more).copied().collect::<Vec<_>>());
    let baseline_of = |plan: &str| -> Value {
        let results: Value =
            serde_json::from_str(&folder.read(&format!("loadplan-results/{plan}/results.json"))).unwrap();
        results["regression"]["baseline"][0]["file"].clone()
    };
    for named in [vec!["main"], vec!["main/shop/results.json", "main/bank/results.json"]] {
        with(&named).expect_code(0);
        assert_eq!(baseline_of("shop"), "main/shop/results.json");
        assert_eq!(baseline_of("bank"), "main/bank/results.json");
    }
    std::fs::remove_dir_all(folder.path().join("main/bank")).unwrap();
    let hits = server.hits().len();
    let ran = with(&["main"]).expect_code(2);
    assert!(ran.stderr.contains("no run of the plan `Bank`"), "{}", ran.stderr);
    assert_eq!(server.hits().len(), hits, "the first plan does not run before the second one is refused");
    with(&["main", "--baseline-optional"]).expect_code(0);
    assert_eq!(baseline_of("shop"), "main/shop/results.json");
    assert_eq!(baseline_of("bank"), Value::Null);
    // Its own results are never its baseline.
    let ran = with(&["main", "--baseline-optional", "--out", "main"]).expect_code(2);
    assert!(ran.stderr.contains("would replace it by its own results"), "{}", ran.stderr);
}

#[test]
fn suggested_thresholds_are_a_valid_part_of_the_plan_that_its_run_passes() {
    let server = server();
    let (folder, real) = shop(&server);
    let suggested = folder.loadplan(&["report", "real.json", "--suggest-thresholds"]).expect_code(0).stdout;
    assert!(suggested.contains("p99: needs 1 000 requests, this run has 200"), "{suggested}");
    folder.write("pasted.yaml", plan(&server, "Shop") + &suggested);
    let ran = folder.loadplan(&["check", "pasted.yaml"]).expect_code(0);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    let limits: Vec<(String, String)> = suggested
        .lines()
        .filter_map(|line| line.strip_prefix("  - "))
        .map(|line| {
            let mut words = line.split_whitespace();
            (words.next().unwrap().to_owned(), words.nth(1).unwrap().to_owned())
        })
        .collect();
    assert_eq!(limits.iter().map(|limit| &*limit.0).collect::<Vec<_>>(), ["p95", "error_rate", "throughput"]);
    let number = |text: &str| -> f64 { text.trim_end_matches(|c: char| !c.is_ascii_digit()).parse().unwrap() };
    let seconds = if limits[0].1.ends_with("ms") { 1.0 } else { 1000.0 };
    let totals = &real["totals"];
    assert!(totals["response_time"]["p95_ms"].as_f64().unwrap() * 1.09 < number(&limits[0].1) * seconds, "{suggested}");
    assert!(number(&limits[1].1) > 0.0 && limits[1].1.ends_with('%'), "{suggested}");
    assert!(totals["throughput_per_s"].as_f64().unwrap() * 0.91 > number(&limits[2].1), "{suggested}");
    // Of the request: the line is written beside its keys.
    let of_request = suggested.lines().find_map(|line| line.strip_prefix("# thresholds: ")).unwrap();
    let with = plan(&server, "Shop")
        .replace("      - get: /list\n", &format!("      - get: /list\n        thresholds: {of_request}\n"));
    folder.write("request.yaml", with);
    folder.loadplan(&["check", "request.yaml"]).expect_code(0);
    assert!(suggested.contains("`GET /list` (plan.yaml:8)"), "{suggested}");
    // Nothing was measured: there is nothing to suggest.
    folder.write("bad.yaml", "name: x\n");
    folder.loadplan(&["run", "bad.yaml"]).expect_code(2);
    folder.loadplan(&["report", "loadplan-results", "--suggest-thresholds"]).expect_code(2);
}

#[test]
fn regression_a_command_line_that_is_refused_replaces_no_baseline() {
    let server = server();
    let (folder, real) = shop(&server);
    kept(&folder, &real, "runs/last/results.json", 1, |_| {});
    folder.write("runs/last/junit.xml", "green");
    let before = folder.read("runs/last/results.json");
    run(&folder, &["--baseline", "runs", "--out", "runs/last", "--bogus"]).expect_code(2);
    assert_eq!(folder.read("runs/last/results.json"), before);
    // It is no baseline, and would be taken for this run's.
    assert!(folder.read("runs/last/junit.xml").contains("--bogus"));
    let mut command = folder.command(&["run", "plan.yaml", "--out", "runs/last"]);
    command.env("LOADPLAN_BASELINE", "runs").env("LOADPLAN_STRICT", "maybe");
    Ran::from(command.output().unwrap()).expect_code(2);
    assert_eq!(folder.read("runs/last/results.json"), before);
    // However many there are: more than a thousand are refused.
    for number in 0..1001 {
        folder.write(&format!("runs/many/{number}/results.json"), "");
    }
    run(&folder, &["--baseline", "runs", "--out", "runs/last"]).expect_code(2);
    assert_eq!(folder.read("runs/last/results.json"), before);
}

#[test]
fn regression_what_cannot_be_used_of_a_folder_is_named_and_never_switches_the_gate_off() {
    let server = server();
    let (folder, real) = shop(&server);
    let whole = real.to_string();
    // Cut off in its head and behind it, empty, of another tool, and one whose series are gone.
    for (at, text) in [&whole[..100], &whole[..whole.len() / 2], "", "{}"].iter().enumerate() {
        folder.write(&format!("runs/{at}/results.json"), text);
    }
    kept(&folder, &real, "runs/strange/results.json", 9, |run| {
        for sampler in run["samplers"].as_array_mut().unwrap() {
            sampler["label"] = "GET /other".into();
        }
    });
    for more in [&[][..], &["--baseline-optional"][..]] {
        let args: Vec<&str> = ["--baseline", "runs"].iter().chain(more).copied().collect();
        let ran = run(&folder, &args).expect_code(2);
        assert!(ran.stderr.contains("runs/0/results.json is empty or cut off"), "{}", ran.stderr);
    }
    kept(&folder, &real, "runs/good/results.json", 1, |_| {});
    folder.write("runs/notes.json", "{}");
    let ran = run(&folder, &["--baseline", "runs"]).expect_code(0);
    assert_eq!(compared_with(&folder), ["runs/good/results.json"]);
    for skipped in
        ["0/results.json", "1/results.json", "2/results.json", "3/results.json", "strange/results.json", "notes.json"]
    {
        assert!(ran.stderr.contains(&format!("skipped: runs/{skipped} ")), "{skipped}: {}", ran.stderr);
    }
    // `--quiet` prints only the verdict.
    let ran = run(&folder, &["--baseline", "runs", "--quiet"]).expect_code(0);
    assert_eq!(ran.stderr, "");
    // Only runs of other requests: as if there were none.
    kept(&folder, &real, "strange/1/results.json", 9, |run| {
        for sampler in run["samplers"].as_array_mut().unwrap() {
            sampler["label"] = "GET /other".into();
        }
    });
    let ran = run(&folder, &["--baseline", "strange", "--baseline-optional"]).expect_code(0);
    assert!(
        ran.stderr.contains("no baseline yet") && ran.stderr.contains("contains no request of this plan"),
        "{ran:?}"
    );
}

#[test]
fn regression_results_at_the_top_of_a_folder_do_not_hide_the_runs_below() {
    let server = server();
    let (folder, real) = shop(&server);
    kept(&folder, &real, "runs/results.json", 1, |_| {});
    kept(&folder, &real, "runs/2/results.json", 2, |_| {});
    run(&folder, &["--baseline", "runs"]).expect_code(0);
    assert_eq!(compared_with(&folder), ["runs/2/results.json", "runs/results.json"]);
}

#[test]
fn regression_plans_that_share_name_and_file_name_have_a_baseline_each() {
    let server = server();
    let folder = Folder::new();
    folder.write("a/plan.yaml", plan(&server, "Shop"));
    folder.write("b/plan.yaml", plan(&server, "Shop"));
    folder.loadplan(&["run", "a/plan.yaml", "b/plan.yaml", "--out", "main"]).expect_code(0);
    let compared = |named: &[&str], plan: &str| {
        let args = ["run", plan, "--tolerance", "99%", "--floor", "1h", "--baseline"];
        folder.loadplan(&args.iter().chain(named).copied().collect::<Vec<_>>()).expect_code(0);
        compared_with(&folder)
    };
    assert_eq!(compared(&["main"], "a/plan.yaml"), ["main/plan/results.json"]);
    assert_eq!(compared(&["main"], "b/plan.yaml"), ["main/plan-2/results.json"]);
    let both = ["run", "a/plan.yaml", "b/plan.yaml", "--tolerance", "99%", "--floor", "1h", "--baseline"];
    folder.loadplan(&[&both[..], &["main/plan/results.json", "main/plan-2/results.json"]].concat()).expect_code(0);
    let second: Value = serde_json::from_str(&folder.read("loadplan-results/plan-2/results.json")).unwrap();
    assert_eq!(second["regression"]["baseline"].as_array().unwrap().len(), 1);
    assert_eq!(second["regression"]["baseline"][0]["file"], "main/plan-2/results.json");
    // The other plan is still where it was: its run is nobody else's.
    std::fs::remove_dir_all(folder.path().join("main/plan-2")).unwrap();
    folder.loadplan(&["run", "b/plan.yaml", "--baseline", "main"]).expect_code(2);
    // A plan that was moved keeps its runs.
    std::fs::rename(folder.path().join("a"), folder.path().join("moved")).unwrap();
    assert_eq!(compared(&["main"], "moved/plan.yaml"), ["main/plan/results.json"]);
}
