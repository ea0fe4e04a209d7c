//! What testers who know JMeter, k6, Locust, Artillery, Gatling and Taurus write in a plan, above the steps: one
//! finding leads to the right thing, with the value translated. Values are translated by hand.

use loadplan::diagnostic::{Diagnostic, Severity};

use super::support::Folder;
use super::support::patches::{expect_patches_to_hold, findings, patched};

/// A plan with these lines instead of a group's load.
fn load(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "http: {{ base_url: 'http://127.0.0.1:9' }}\nthread_groups:\n  shoppers:\n{lines}    steps:\n      - get: /\n"
    )
}

/// A plan with these lines beside a group's load.
fn beside(lines: &str) -> String {
    load(&format!("users: 50\nduration: 1m\n{lines}"))
}

/// A plan with these lines of its own.
fn root(lines: &str) -> String {
    format!("{lines}\n{}", beside("think_time: 1s"))
}

/// Expects one finding that has all these words, in its message, its remedy or the plan with its patch; the patch
/// holds.
#[track_caller]
fn expect_told(plan: &str, words: &[&str]) {
    let folder = Folder::new();
    folder.write("words.csv", "word,price\nmug,3\ncup,4\n");
    let path = folder.write("plan.yaml", plan);
    let found = errors(&path);
    assert_eq!(found.len(), 1, "{plan}\n{found:#?}");
    let (patched, _) = patched(plan, &found);
    let said = format!("{} {} {patched}", found[0].message, found[0].help.clone().unwrap_or_default());
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
    expect_patches_to_hold(&path);
    if found[0].fix.is_some() {
        let path = folder.write("plan.yaml", &patched);
        assert!(errors(&path).is_empty(), "{patched}\n{:#?}", errors(&path));
    }
}

fn errors(path: &std::path::Path) -> Vec<Diagnostic> {
    findings(path).into_iter().filter(|one| one.severity == Severity::Error).collect()
}

#[test]
fn labels_of_other_tools_thread_groups_are_translated_with_their_values() {
    for (label, ours) in [
        ("Number of Threads (users): 5", "users: 5"),
        ("number_of_threads: 5", "users: 5"),
        ("numberOfThreads: 5", "users: 5"),
        ("Target Concurrency: 5", "users: 5"),
        ("VUs: 5", "users: 5"),
        ("user_count: 1,000", "users: 1000"),
    ] {
        expect_told(&load(&format!("{label}\nduration: 10s")), &[ours]);
    }
    for (label, ours) in [
        ("Duration (seconds): 60", "duration: 60s"),
        ("run-time: 1m", "duration: 1m"),
        ("Hold Target Rate Time (min): 5", "duration: 5m"),
        ("Loop Count: 10", "iterations: 10"),
    ] {
        expect_told(&load(&format!("users: 5\n{label}")), &[ours]);
    }
    for (label, ours) in [
        ("ramp-up_period: 5", "ramp_up: 5s"),
        ("Ramp-up period (seconds): 5", "ramp_up: 5s"),
        ("Startup delay (seconds): 5", "delay: 5s"),
        ("Initial Delay, sec: 5", "delay: 5s"),
        ("gracefulStop: 30s", "graceful_stop: 30s"),
        // Locust starts 10 users a second: 50 run after 5 s.
        ("spawn_rate: 10", "ramp_up: 5s"),
        // JMeter's timer counts samples in a minute, its timers wait in milliseconds.
        ("constant_throughput_timer: 60", "throughput: 60/m"),
        ("constant_timer: 300", "think_time: 300ms"),
        ("Uniform Random Timer: { random_delay_maximum: 2000, constant_delay_offset: 1000 }", "1000ms..3000ms"),
        ("gaussian_random_timer: { deviation: 100, mean: 300 }", "{ normal: { mean: 300ms, deviation: 100ms } }"),
        ("wait_time: between(1, 3)", "think_time: 1s..3s"),
        ("think_time: [1s, 3s]", "think_time: 1s..3s"),
        ("think_time: random(1s,3s)", "think_time: 1s..3s"),
        ("think_time: { min: 1s, max: 3s }", "think_time: 1s..3s"),
        ("think_time: 300", "`300ms` for milliseconds, or `300s` for seconds"),
        ("Action to be taken after a Sampler error: Stop Thread", "on_error: stop_user"),
        ("on_error: Start Next Thread Loop", "on_error: next_iteration"),
        ("same_user_on_next_iteration: false", "http: { cookies: iteration, connections: iteration }"),
        ("Loop Count: Infinite", "until the time is up"),
        ("loop: forever", "until the time is up"),
        ("scheduler: true", "`duration` alone limits the time"),
        ("timeout: 5s", "http: { timeout: 5s }"),
        ("name: Shoppers", "description: Shoppers"),
        ("thresholds: { p95: 500ms }", "thresholds: [p95 < 500ms]"),
    ] {
        expect_told(&beside(label), &[ours]);
    }
}

#[test]
fn load_models_of_other_tools_become_ours() {
    for (written, ours) in [
        ("rps: 10\nduration: 10s", "arrival_rate: 10/s"),
        ("arrival_rate: 10 requests per minute\nduration: 10s", "arrival_rate: 10/m"),
        ("rate: 30\ntimeUnit: 1m\nduration: 10s", "arrival_rate: 30/m"),
        ("users: 5\nexecutor: shared-iterations\niterations: 100", "iterations: { total: 100 }"),
        ("rampUsers: 10\nduring: 30s", "users: 10\n    ramp_up: 30s\n    iterations: 1"),
        // `duration` counts from the start: 10 s of ramp-up and 60 s after it.
        ("users: 10\nramp_up: 10s\nhold-for: 1m", "duration: 1m10s"),
        ("stages:\n  - { duration: 10s, target: 20 }", "stages: [{ users: 20, over: 10s }]"),
        ("stages:\n  - {users: 10, ramp_up: 10s, duration: 1m}", "stages: [{ users: 10, over: 10s, hold: 1m }]"),
        ("phases:\n  - { duration: 60, arrivalRate: 10 }", "stages: [{ rate: 10/s, hold: 60s }]"),
        (
            "phases:\n  - { duration: 60, arrivalRate: 5, rampTo: 50 }",
            "stages: [{ rate: 5/s, over: 0s }, { rate: 50/s, over: 60s }]",
        ),
        ("stages:\n  - { users: 10, duration: 1m }", "over: 1m"),
        ("users: 5\nduration: \"00:01:00\"", "duration: 1m"),
        ("users: 5\nduration: PT5M", "duration: 5m"),
        ("users: 5\nduration: { minutes: 5 }", "duration: 5m"),
        ("users: 5\nduration: 60000", "`60000ms` for milliseconds, or `60000s` for seconds"),
        ("users: 10 users\nduration: 10s", "users: 10"),
    ] {
        expect_told(&load(written), &[ours]);
    }
}

#[test]
fn what_other_tools_have_at_the_top_leads_to_its_place_here() {
    for (written, ours) in [
        ("view_results_tree: true", "`loadplan try` shows"),
        ("Aggregate Report: out.csv", "report.html"),
        ("simple_data_writer: results.jtl", "--csv FILE"),
        ("backend_listener: influxdb", "--otlp URL"),
        ("user_defined_variables:\n  word: mug", "variables:\n  word: mug"),
        ("variables:\n  - name: word\n    value: mug", "variables: { word: mug }"),
        ("environment:\n  word: mug", "variables:\n  word: mug"),
        (
            "csv_data_set_config:\n  filename: words.csv\n  variable_names: a,b",
            "data: { words: { file: words.csv, columns: [a, b] } }",
        ),
        ("data: {words: words.csv}", "words: { file: words.csv }"),
        ("data: words.csv", "data: { words: { file: words.csv } }"),
        ("data:\n  words:\n    file: words.csv\n    recycle: true", "at_end: recycle"),
        ("data:\n  words:\n    file: words.csv\n    Sharing mode: Current thread group", "share: group"),
        ("data:\n  words:\n    file: words.csv\n    shuffle: true", "order: shuffle"),
        ("data:\n  words:\n    file: words.csv\n    delimiter: semicolon", "delimiter: ';'"),
        ("on_error: stop_user", "in a thread group, below `shoppers:`"),
        ("author: Ann", "x-author: Ann"),
        ("seed: 42", "--seed 42"),
        ("profiles: {load: {users: 20}}", "thread_groups: { shoppers: { users: 20, duration: 1m } }"),
        ("profiles:\n  load:\n    base_url: https://staging.example", "http: { base_url: https://staging.example }"),
        ("thresholds: { p95: 500ms, error_rate: 1% }", "thresholds: [p95 < 500ms, error_rate < 1%]"),
        ("thresholds:\n  http_req_duration: ['p(95)<500']", "[p95 < 500ms]"),
        ("thresholds:\n  - 95th percentile under 500ms", "- p95 < 500ms"),
        ("thresholds:\n  - { metric: p95, operator: <, value: 500ms }", "- p95 < 500ms"),
        ("thresholds:\n  - {request: Start, p95: 500ms}", "below the request `Start`"),
        ("thresholds:\n  - p95 < 500ms and error_rate < 1%", "`- p95 < 500ms`, `- error_rate < 1%`"),
        ("services: { api: { cmd: ./server } }", "command: ./server"),
    ] {
        expect_told(&root(written), &[ours]);
    }
    let server = "http: {server: 127.0.0.1, port: 8765, protocol: http}";
    let plan = beside("think_time: 1s").replace("http: { base_url: 'http://127.0.0.1:9' }", server);
    expect_told(&plan, &["base_url: http://127.0.0.1:8765"]);
    expect_told(&plan.replace("http: {", "HTTP Request Defaults: {"), &["http: { base_url: http://127.0.0.1:8765 }"]);
}

#[test]
fn groups_without_a_name_and_a_plan_one_level_off_are_told_once() {
    let group = "users: 5\nduration: 10s\nsteps:\n  - get: http://127.0.0.1:9/\n";
    let below = |indent: usize| group.lines().map(|line| format!("{}{line}\n", " ".repeat(indent))).collect::<String>();
    expect_told(&format!("thread_groups:\n{}", below(2)), &["has no name", "visitors:\n    users: 5"]);
    expect_told(group, &["thread_groups:\n  visitors:\n    users: 5"]);
    let listed = format!("thread_groups:\n  - name: shoppers\n{}", below(4));
    expect_told(&listed, &["not a list", "  shoppers:\n    users: 5"]);
    let whole = load("users: 5\nduration: 10s");
    let inside: String = whole.lines().map(|line| format!("  {line}\n")).collect();
    expect_told(&format!("test_plan:\n{inside}"), &["start at the left margin"]);
}

#[test]
fn layout_that_yaml_refuses_is_told_once_with_what_is_meant() {
    let plan = load("users: 5\nduration: 10s");
    let tabs = plan.replace("    ", "\t");
    expect_told(&tabs, &["in 4 lines", "    users: 5"]);
    expect_told(&plan.replace("  ", "\t"), &["in 5 lines", "users: 5"]);
    expect_told(
        &format!("{plan}-get: /b\n").replace("-get", "      -get"),
        &["a space is missing after `-`", "- get: /b"],
    );
    expect_told(
        &format!("{plan}      assert:\n        status: 200\n"),
        &["`assert` stands as far left", "        assert:\n          status: 200"],
    );
    expect_told(&format!("{plan}      post: /b\n"), &["a step of its own", "      - post: /b"]);
    expect_told(&format!("variables: {{ }}\nx-a: *x\n{plan}"), &["no `&` names it", "x-a: '*x'"]);
    expect_told(&format!("// a comment\n{plan}"), &["# a comment"]);
    expect_told(&plan.replace("    users", "\u{a0}\u{a0}  users"), &["look like spaces"]);
}

/// YAML 1.2: JSON is YAML (§1.3), flow collections may be indented as one likes (§7.4), tags of the core schema name
/// what a value is (§10.3), and a comment needs a space only before its `#` (§6.6).
#[test]
fn valid_yaml_is_never_refused() {
    let json = r#"{
	"http": { "base_url": "http://127.0.0.1:9" },
	"thread_groups": {
		"shoppers": {
			"users": 5,
			"duration": "10s",
			"steps": [
				{ "get": "/" },
				{ "post": "/o", "json": { "a": [1, { "b": null }], "c": "x, y: z" } }
			]
		}
	}
}
"#;
    let plan = load("users: 5\nduration: 10s");
    let below = "      - post: /o\n        json:\n          {\n            \"a\": [\n              1\n            ],\n            \"c\": \"x, y: z\",\n            \"d\": {}\n          }\n";
    for text in [
        json.to_owned(),
        json.replace('\t', "  "),
        format!("{plan}{below}"),
        plan.replace("users: 5", "users: 5 #five"),
        plan.replace("users: 5", "users:\t5"),
        plan.replace("users: 5", "users: !!int 5"),
        plan.replace("    users: 5", "    ? users\n    : 5"),
        format!("x-zip: !!str 01234\n{plan}"),
        format!("%YAML 1.2\n---\n{plan}...\n"),
        format!("\u{feff}{plan}"),
        plan.replace('\n', "\r\n"),
        format!("x-load: &load {{ users: 5, duration: 10s }}\n{}", load("<<: *load")),
        format!("description: \"these are\n  two lines: of\n  - text\"\n{plan}"),
    ] {
        let folder = Folder::new();
        let path = folder.write("plan.yaml", &text);
        let found = errors(&path);
        assert!(found.is_empty(), "{text}\n{found:#?}");
    }
}

/// JSON's keys need no space after their colon (YAML 1.2 §7.4.2), other keys do.
#[test]
fn regression_a_renamed_key_of_json_stays_in_quotes() {
    let plan = r#"{"thread_groups":{"a":{"vus":5,"duration":"10s","steps":[{"get":"http://127.0.0.1:9/"}]}}}"#;
    expect_told(plan, &[r#""users":5"#]);
}

/// A value that a patch puts in place has a mistake of its own: one patch for one place.
#[test]
fn regression_a_place_gets_one_patch() {
    let folder = Folder::new();
    let path = folder.write("plan.yaml", root("thresholds: { p95: '> 500ms' }"));
    expect_patches_to_hold(&path);
    let fixes: Vec<_> = findings(&path).into_iter().filter_map(|one| one.fix).collect();
    assert_eq!(fixes.len(), 1, "{fixes:#?}");
}

#[test]
fn regression_profiles_that_are_a_list_of_names_are_told() {
    expect_told(&root("profiles: [smoke, load]"), &["takes a map of names", "shoppers: { users: 1"]);
}

#[test]
fn regression_secrets_are_not_shown_in_patches() {
    let plan = format!("secrets:\n  - name: pw\n    value: hunter22\n{}", beside("http: { headers: { A: '${pw}' } }"));
    let folder = Folder::new();
    let path = folder.write("plan.yaml", plan);
    let found = findings(&path);
    assert!(found.len() == 1 && found[0].fix.is_none(), "{found:#?}");
    assert!(!format!("{found:?}").contains("hunter22"), "{found:#?}");
}

#[test]
fn an_unknown_key_is_told_with_the_nearest_three_and_where_all_are() {
    let folder = Folder::new();
    let path = folder.write("plan.yaml", beside("zebra: 5"));
    let found = findings(&path);
    let help = found[0].help.clone().unwrap();
    assert_eq!(help.matches("` (").count(), 3, "{help}");
    assert!(help.ends_with("all keys: docs/plan-reference.md#thread-group"), "{help}");
}
