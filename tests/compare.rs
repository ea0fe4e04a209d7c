//! Runs compared with earlier ones by the real binary: exit codes, files, thresholds, refused files.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use serde_json::Value;
use support::{Folder, Reply, Server, against};

/// Ten users, 250 of each request: enough for p95, not for p99.
const PLAN: &str = "name: Shop
http: { base_url: BASE }
thread_groups:
  users:
    users: 10
    iterations: { total: 250 }
    steps:
      - get: /list
      - get: /item
";

/// A server whose `/item` takes 40 ms and whose `/list` takes 20.
fn shop() -> Server {
    Server::start(|hit| {
        std::thread::sleep(Duration::from_millis(if hit.path == "/item" { 40 } else { 20 }));
        Reply::text(200, "ok")
    })
}

/// A folder with the results of a run (`base.json`) and the same as if `/item` had taken two and a
/// half times as long (`slow.json`): what a test of the figures needs is not left to a busy machine.
fn quick_and_slow() -> Folder {
    let folder = Folder::new();
    let server = shop();
    folder.run_plan(&against(&server, PLAN), &["--json", "real.json"]).expect_code(0);
    let base = typical(json(&folder, "real.json"), [20_000, 40_000]);
    folder.write("base.json", base.to_string());
    let mut slow = scaled(base, [1.0, 2.5]);
    slow["thread_groups"][0]["load_s"] = (slow["thread_groups"][0]["load_s"].as_f64().unwrap() * 2.0).into();
    folder.write("slow.json", slow.to_string());
    folder
}

/// Results whose two samplers took about so many microseconds, a tenth more at most, in every
/// second alike: on a busy machine a single stall makes a p95 that says nothing.
fn typical(results: Value, us: [u64; 2]) -> Value {
    with_times(results, |label, histogram| {
        let mut other = Histogram::<u64>::new(3).unwrap();
        (0..histogram.len()).for_each(|at| other.record(us[label] + us[label] / 100 * (at % 11)).unwrap());
        other
    })
}

/// Results whose two samplers took so many times as long.
fn scaled(mut results: Value, factors: [f64; 2]) -> Value {
    results["run"]["id"] = "scaled".into();
    with_times(results, |label, histogram| {
        let mut other = Histogram::<u64>::new(3).unwrap();
        for step in histogram.iter_recorded() {
            let us = (step.value_iterated_to() as f64 * factors[label]) as u64;
            other.record_n(us, step.count_at_value()).unwrap();
        }
        other
    })
}

/// Results with other histograms of each sampler's response times.
fn with_times(mut results: Value, times: impl Fn(usize, &Histogram<u64>) -> Histogram<u64>) -> Value {
    for slice in results["timeline"].as_array_mut().unwrap() {
        for line in slice["samplers"].as_array_mut().unwrap() {
            let label = line["label"].as_u64().unwrap() as usize;
            let Some(text) = line["histogram"].as_str() else { continue };
            let bytes = BASE64_STANDARD.decode(text).unwrap();
            let known: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
            let mut bytes = Vec::new();
            V2DeflateSerializer::new().serialize(&times(label, &known), &mut bytes).unwrap();
            line["histogram"] = BASE64_STANDARD.encode(&bytes).into();
        }
    }
    results
}

/// Runs the plan and makes a baseline of it whose `/list` took far longer and `/item` far shorter,
/// so that only `/item` can regress, however busy the machine is.
fn baseline(folder: &Folder, plan: &str) {
    folder.run_plan(plan, &["--json", "real.json"]).expect_code(0);
    folder.write("base.json", scaled(json(folder, "real.json"), [5.0, 0.2]).to_string());
}

fn json(folder: &Folder, name: &str) -> Value {
    serde_json::from_str(&folder.read(name)).unwrap()
}

#[track_caller]
fn line<'c>(comparison: &'c Value, part: &str, title: &str) -> &'c Value {
    let lines = comparison[part].as_array().unwrap();
    lines.iter().find(|line| line["title"] == title).unwrap_or_else(|| panic!("no {title} in {lines:#?}"))
}

fn figure<'c>(line: &'c Value, metric: &str) -> &'c Value {
    line["figures"].as_array().unwrap().iter().find(|figure| figure["metric"] == metric).unwrap()
}

#[test]
fn what_regressed_is_told_written_down_and_exits_1() {
    let folder = quick_and_slow();
    let args = ["compare", "base.json", "slow.json", "--json", "c.json", "--markdown", "c.md", "--junit", "c.xml"];
    let ran = folder.loadplan(&args).expect_code(1);
    // On a busy machine the line begins with the lateness of the generator.
    let verdict = ran.stdout.lines().find(|line| line.starts_with("FAILED (exit 1): ")).unwrap_or_default();
    let regressed = "1 of 2 samplers regressed against the baseline (GET /item: p50 +";
    assert!(verdict.contains(regressed), "{}", ran.stdout);

    let comparison = json(&folder, "c.json");
    let validator = jsonschema::draft7::new(&loadplan::report::comparison::comparison_schema()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&comparison).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(comparison["verdict"], "regressed");
    assert_eq!(line(&comparison, "samplers", "GET /list")["verdict"], "ok");
    let item = line(&comparison, "samplers", "GET /item");
    assert_eq!((&item["verdict"], &item["line"], &item["part"]), (&"regressed".into(), &9.into(), &"whole".into()));
    let p50 = figure(item, "p50");
    assert!(p50["new"].as_f64() > p50["limit"].as_f64() && p50["limit"].as_f64() > p50["base"].as_f64(), "{p50:#}");
    assert!(p50["sentence"].as_str().unwrap().starts_with("p50 rose from "), "{p50:#}");
    let p99 = figure(item, "p99");
    assert_eq!(p99["verdict"], "inconclusive");
    assert!(p99["sentence"].as_str().unwrap().contains("has 250 samples, 1 000 are needed"), "{p99:#}");
    // Ten users who wait longer send less: no second regression.
    let group = line(&comparison, "thread_groups", "users");
    let throughput = figure(group, "throughput");
    assert_eq!((&group["verdict"], &throughput["verdict"]), (&"follows".into(), &"follows".into()), "{group:#}");
    assert!(throughput["sentence"].as_str().unwrap().contains("caused by the slower GET /item"), "{throughput:#}");

    let junit = folder.read("c.xml");
    assert!(junit.contains(r#"<testsuite name="Shop.regression" tests="3" failures="1""#), "{junit}");
    assert!(
        junit.contains(
            r#"<testcase name="GET /item" classname="Shop.regression" time="0.000000" file="plan.yaml" line="9">"#
        ),
        "{junit}"
    );
    assert!(junit.contains(r#"type="Regression""#), "{junit}");
    assert!(folder.read("c.md").contains("`1 of 2 samplers regressed"), "{}", folder.read("c.md"));
}

#[test]
fn a_regression_is_told_wherever_the_run_is_told() {
    let folder = Folder::new();
    let server = shop();
    baseline(&folder, &against(&server, PLAN));
    // The plan may stand behind the baseline.
    let mut command = folder.command(&["run", "--baseline", "base.json", "plan.yaml", "--markdown", "run.md"]);
    let summary = folder.path().join("summary.md");
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary);
    let ran = support::Ran::from(command.output().unwrap()).expect_code(1);
    let annotation =
        "::error file=plan.yaml,line=9,title=loadplan%3A regressed against the baseline::GET /item: p50 rose from ";
    assert!(ran.stdout.contains(annotation), "{}", ran.stdout);
    for markdown in [folder.read("run.md"), folder.read("summary.md")] {
        assert!(markdown.contains("#### Compared with the baseline"), "{markdown}");
        assert!(markdown.contains("| `GET /item` | `throughput` |"), "{markdown}");
    }
    let again = folder.loadplan(&["report", "loadplan-results/results.json", "--markdown", "again.md"]).expect_code(0);
    assert_eq!(folder.read("again.md"), folder.read("run.md"), "{}", again.stderr);

    std::fs::remove_file(folder.path().join("plan.yaml")).unwrap();
    let none = folder.loadplan(&["run", "--baseline", "base.json"]).expect_code(2);
    assert!(none.stderr.contains("no plan given, and there is no plan.yaml in this folder"), "{}", none.stderr);
}

/// The seconds of a warm-up hold no samples that count: they are no part of what is compared.
#[test]
fn a_warm_up_is_no_part_of_the_compared_load() {
    let folder = Folder::new();
    let server = shop();
    let plan = PLAN.replace("iterations: { total: 250 }", "duration: 8s\n    warm_up: 3s");
    let plan = format!("{plan}thresholds:\n  - throughput > baseline - 5%\n");
    folder.run_plan(&against(&server, &plan), &["--json", "base.json"]).expect_code(0);
    let ran = folder.loadplan(&["run", "plan.yaml", "--baseline", "base.json", "--users", "3"]).expect_code(1);
    assert!(ran.stdout.contains("✗ throughput > baseline - 5%"), "{}", ran.stdout);
    let results = folder.results();
    let compared = &results["regression"]["run"];
    assert_eq!(compared["part"], "steady");
    let (told, whole) = (figure(compared, "throughput"), &results["totals"]["throughput_per_s"]);
    let ratio = told["new"].as_f64().unwrap() / whole.as_f64().unwrap();
    assert!((0.9..1.1).contains(&ratio), "{told:#} beside {whole}");
    let parts = results["thread_groups"][0]["parts"].as_array().unwrap();
    let begin = |name: &str| parts.iter().find(|part| part["name"] == name).unwrap()["from_s"].as_f64().unwrap();
    assert_eq!(begin("steady"), parts[0]["to_s"].as_f64().unwrap(), "{parts:?}");
    assert!(begin("warm-up") < 1.0);
}

#[test]
fn runs_that_have_nothing_in_common_are_refused() {
    let folder = Folder::new();
    let server = shop();
    folder.run_plan(&against(&server, &PLAN.replace("/list", "/a").replace("/item", "/b")), &["--json", "other.json"]);
    let hits = server.hits().len();
    let ran = folder.run_plan(&against(&server, PLAN), &["--baseline", "other.json"]).expect_code(2);
    assert!(ran.stderr.contains("other.json contains no request of this plan"), "{}", ran.stderr);
    assert_eq!(server.hits().len(), hits, "nothing was sent");
    folder.run_plan(&against(&server, PLAN), &["--json", "own.json"]).expect_code(0);
    let ran = folder.loadplan(&["compare", "other.json", "own.json"]).expect_code(2);
    assert!(ran.stderr.contains("own.json has no request in common with the baseline"), "{}", ran.stderr);
}

#[test]
fn no_file_that_is_compared_is_replaced() {
    let folder = quick_and_slow();
    let before = folder.read("slow.json");
    let ran = folder.loadplan(&["compare", "base.json", "slow.json", "--json", "slow.json"]).expect_code(2);
    assert!(ran.stderr.contains("would replace slow.json, which it is made from"), "{}", ran.stderr);
    assert_eq!(folder.read("slow.json"), before);
    let own = ["run", "plan.yaml", "--baseline", "loadplan-results/results.json"];
    folder.write("loadplan-results/results.json", folder.read("base.json"));
    let ran = folder.loadplan(&own).expect_code(2);
    assert!(ran.stderr.contains("is the baseline, and this run would replace it"), "{}", ran.stderr);
    let unwritable = folder.loadplan(&["compare", "base.json", "slow.json", "--markdown", "/dev/null/x.md"]);
    unwritable.expect_code(4);
}

#[test]
fn files_in_the_wrong_order_are_told() {
    let folder = quick_and_slow();
    let mut later = json(&folder, "slow.json");
    later["run"]["started_at"] = "2099-01-01T00:00:00.000Z".into();
    folder.write("later.json", later.to_string());
    let ran = folder.loadplan(&["compare", "later.json", "base.json"]).expect_code(0);
    assert!(ran.stdout.contains("started after the new run: is the order correct"), "{}", ran.stdout);
}

#[test]
fn better_and_the_same_exit_0() {
    let folder = quick_and_slow();
    let better = folder.loadplan(&["compare", "slow.json", "base.json"]).expect_code(0);
    assert!(better.stdout.contains("2 samplers compared, 1 improved"), "{}", better.stdout);
    let same = folder.loadplan(&["compare", "base.json", "base.json"]).expect_code(0);
    assert!(same.stdout.contains("base.json: the new run itself"), "{}", same.stdout);
    assert!(
        same.stdout.ends_with(
            "PASSED (exit 0): no regression against the baseline: 2 samplers compared; not judged: p99 of 2\n"
        ),
        "{}",
        same.stdout
    );
    // Nothing is beyond a tolerance this wide.
    folder.loadplan(&["compare", "slow.json", "base.json", "--tolerance", "90%", "--quiet"]).expect_code(0);
}

#[test]
fn what_else_differs_is_told() {
    let folder = quick_and_slow();
    let mut other = json(&folder, "base.json");
    other["run"]["id"] = "another".into();
    other["run"]["profile"] = "stress".into();
    other["run"]["host"]["name"] = "elsewhere".into();
    other["run"]["host"]["cpus"] = 64.into();
    other["run"]["stopped_by"] = "sigint".into();
    other["tool"]["version"] = "0.0.9".into();
    other["plan"]["sha256"] = "abcdef0123".into();
    other["generator"]["kept_up"] = false.into();
    other["generator"]["reason"] = "it was busy".into();
    other["thread_groups"][0]["load"] = "20 users".into();
    other["samplers"][0]["label"] = "GET /gone".into();
    folder.write("other.json", other.to_string());
    let told = folder.loadplan(&["compare", "other.json", "base.json"]).expect_code(0).stdout;
    for remark in [
        "run with a different version of the plan (SHA-256 abcdef01…",
        "run with profile stress, the new run with no profile",
        "created by loadplan 0.0.9",
        "run on `elsewhere`",
        "run with 64 CPUs",
        "stopped by sigint",
        "could not keep up: it was busy",
        "a different load of thread group users: 20 users The new run:",
        "new, so not compared: GET /list",
        "only in the baseline: GET /gone",
    ] {
        assert!(told.contains(remark), "{remark} is missing in\n{told}");
    }
}

#[test]
fn files_that_cannot_be_used_exit_2_with_a_sentence() {
    let folder = quick_and_slow();
    folder.write("text.json", "not json");
    folder.write("other.json", r#"{"a":1}"#);
    folder.write("later.json", r#"{"schema_version":"9.0.0"}"#);
    let mut damaged = json(&folder, "base.json");
    damaged["timeline"][0]["samplers"][0]["histogram"] = "AAAA".into();
    folder.write("damaged.json", damaged.to_string());
    let mut lost = json(&folder, "base.json");
    lost["timeline"][0]["samplers"][0]["label"] = 99.into();
    folder.write("lost.json", lost.to_string());
    for (args, told) in [
        (&["none.json", "base.json"][..], "none.json cannot be read"),
        (&["base.json", "none.json"], "none.json cannot be read"),
        (&["text.json", "base.json"], "text.json is not a results file of loadplan"),
        (&["other.json", "base.json"], "it has no `schema_version`"),
        (&["later.json", "base.json"], "has the schema version 9.0.0"),
        (
            &["damaged.json", "base.json"],
            "damaged.json is damaged: the response times of GET /list at second 0 are damaged",
        ),
        (&["lost.json", "base.json"], "has row 99"),
        (&["base.json"], "2 values required"),
        (&["base.json", "slow.json", "--tolerance", "10"], "has no unit"),
        (&["base.json", "slow.json", "--tolerance", "100%"], "below 100%"),
        (&["base.json", "slow.json", "--json", "x", "--markdown", "x"], "would both be written to x"),
    ] {
        let ran = folder.loadplan(&[&["compare"], args].concat()).expect_code(2);
        assert!(ran.stderr.contains(told), "{args:?}: {told} is missing in\n{}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
}

#[test]
fn a_run_that_regressed_against_its_baseline_fails() {
    let folder = Folder::new();
    let server = shop();
    let plan = against(&server, PLAN);
    baseline(&folder, &plan);

    let hits = server.hits().len();
    let refused = folder.run_plan(&plan, &["--baseline", "none.json"]).expect_code(2);
    assert!(refused.stderr.contains("none.json does not exist"), "{}", refused.stderr);
    assert_eq!(server.hits().len(), hits, "something was sent");

    let ran = folder.run_plan(&plan, &["--baseline", "base.json"]).expect_code(1);
    assert!(ran.stdout.contains("compared with the baseline"), "{}", ran.stdout);
    // On a busy machine the line begins with the lateness of the generator.
    let verdict = ran.stdout.lines().find(|line| line.starts_with("FAILED (exit 1): ")).unwrap_or_default();
    let regressed = "1 of 2 samplers regressed against the baseline (GET /item: p50 +";
    assert!(verdict.contains(regressed), "{}", ran.stdout);
    let results = folder.results();
    assert_eq!(results["verdict"]["exit_code"], 1);
    assert_eq!(line(&results["regression"], "samplers", "GET /item")["verdict"], "regressed");
    assert_eq!(results["regression"]["baseline"][0]["file"], "base.json");
    let validator = jsonschema::draft7::new(&loadplan::report::json::results_schema()).unwrap();
    let errors: Vec<String> = validator.iter_errors(&results).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let junit = folder.junit();
    assert!(junit.contains(r#"<testsuite name="Shop.regression" tests="3" failures="1""#), "{junit}");
    folder.write("bank.yaml", plan.replace("Shop", "Bank"));
    let several = folder.loadplan(&["run", "plan.yaml", "bank.yaml", "--baseline", "base.json"]).expect_code(2);
    assert!(several.stderr.contains("base.json is not a run of the plan `Bank`"), "{}", several.stderr);
}

#[test]
fn thresholds_may_follow_from_a_baseline() {
    let folder = Folder::new();
    let server = shop();
    let plan = against(&server, PLAN).replace(
        "      - get: /item\n",
        "      - get: /item\n        thresholds: [p50 < baseline + 10%, p90 <= baseline + 20%, p99 < baseline]\n",
    ) + "thresholds:\n  - error_rate <= baseline\n  - throughput > baseline - 10%\n";
    let first = folder.run_plan(&plan, &[]).expect_code(0);
    assert!(
        first.stdout.contains("- GET /item: p50 < baseline + 10%  skipped: no baseline given  plan.yaml:10"),
        "{}",
        first.stdout
    );
    assert!(first.stdout.contains("5 skipped (no baseline given)"), "{}", first.stdout);
    assert!(folder.junit().contains(r#"<skipped message="no baseline given"/>"#), "{}", folder.junit());

    baseline(&folder, &plan);
    let mut quick = json(&folder, "base.json");
    quick["thread_groups"][0]["load_s"] = (quick["thread_groups"][0]["load_s"].as_f64().unwrap() / 5.0).into();
    folder.write("base.json", quick.to_string());
    let ran = folder.run_plan(&plan, &["--baseline", "base.json"]).expect_code(1);
    for told in [
        "✗ GET /item: p50 < baseline + 10%  p50 rose from ",
        "✗ GET /item: p90 <= baseline + 20%  p90 rose from",
        "- GET /item: p99 < baseline  skipped: p99 cannot be judged: the new run has 250 samples",
        "✓ error_rate <= baseline  error rate stayed at 0%",
        "✗ throughput > baseline - 10%  throughput fell from",
        "3 of 4 thresholds failed (GET /item: p50 < baseline + 10%, observed ",
    ] {
        assert!(ran.stdout.contains(told), "{told} is missing in\n{}", ran.stdout);
    }
    let thresholds = folder.results()["thresholds"].clone();
    assert!(thresholds[0]["observed"].as_f64() > thresholds[0]["limit"].as_f64(), "{thresholds:#}");
}

#[test]
fn errors_fail_a_run_that_only_a_baseline_judges() {
    let server = Server::start(|_| Reply::text(500, "no"));
    let folder = Folder::new();
    let plan = against(&server, PLAN) + "thresholds:\n  - error_rate <= baseline\n";
    let ran = folder.run_plan(&plan, &[]).expect_code(1);
    assert!(ran.stdout.contains(" got status 500"), "{}", ran.stdout);
}

#[test]
fn check_tells_what_a_baseline_cannot_judge() {
    let folder = Folder::new();
    let plan = |thresholds: &str| format!("{}thresholds:\n{thresholds}", PLAN.replace("BASE", "http://localhost:1"));
    for (threshold, told) in [
        ("  - p95 < baseline + 10\n", "write `p95 < baseline + 10%`"),
        ("  - mean < baseline + 10%\n", "`mean` cannot be compared with a baseline"),
        ("  - { threshold: p95 < baseline + 10%, during: steady }\n", "`during` cannot apply to it"),
        ("  - { threshold: p95 < baseline + 10%, after: 1s, abort: true }\n", "`after` and `abort` cannot apply to it"),
    ] {
        folder.write("plan.yaml", plan(threshold));
        let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
        assert!(ran.stdout.contains(told), "{told} is missing in\n{}", ran.stdout);
    }
    folder.write(
        "plan.yaml",
        plan("  - p95 < baseline + 10%\n  - error_rate < baseline + 0.5%\n  - throughput > baseline - 5%\n"),
    );
    folder.loadplan(&["check", "plan.yaml"]).expect_code(0);
    folder.write(
        "plan.yaml",
        PLAN.replace("BASE", "http://localhost:1") + "setup:\n  - get: /x\n    thresholds: [p95 < baseline]\n",
    );
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
    assert!(ran.stdout.contains("setup and teardown happen once"), "{}", ran.stdout);
}
