//! What a verdict rests on: users that are missing, requests that were cut short, transactions at
//! the end of a run, and the sentence that comes first.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::time::Duration;

use serde_json::Value;
use support::{Folder, Reply, Server, against, sampler};

const HALF_LOG_IN: &str = "
http: { base_url: BASE }
thread_groups:
  traders:
    users: 10
    duration: 2s
    think_time: 100ms
    on_start:
      - name: Log in
        post: /login
        json: { user: \"${user_number}\" }
        assert: { status: 200 }
    steps:
      - get: /market
thresholds:
  - error_rate < 50%
";

/// Lets users 1 to 5 in, and nobody else.
fn half_closed() -> Server {
    Server::start(|hit| {
        let number = serde_json::from_str::<Value>(&hit.body).ok().map(|body| body["user"].to_string());
        match number.and_then(|number| number.trim_matches('"').parse::<u64>().ok()) {
            Some(number) if number > 5 => Reply::json(401, r#"{"error":"the account is locked"}"#),
            _ => Reply::text(200, "ok"),
        }
    })
}

fn group(results: &Value) -> &Value {
    &results["thread_groups"][0]
}

#[test]
fn regression_a_run_with_half_its_users_missing_fails_and_says_so_everywhere() {
    let server = half_closed();
    let folder = Folder::new();
    let ran = folder.run_plan(&against(&server, HALF_LOG_IN), &[]).expect_code(1);
    let first = ran.stdout.lines().last().unwrap();
    assert!(first.starts_with("FAILED (exit 1): Log in failed for 5 of 10 users of traders"), "{first}");
    assert!(first.contains("got 401"), "{first}");
    assert!(ran.stdout.contains("traders: 5 of 10 users ended early: 5 because `Log in`"), "{}", ran.stdout);
    let results = folder.results();
    assert_eq!(group(&results)["users_started"], 10);
    assert_eq!(group(&results)["users_lost"], 5);
    assert_eq!(group(&results)["lost"][0]["count"], 5);
    assert_eq!(group(&results)["lost"][0]["line"], 10);
    let rule = results["thresholds"].as_array().unwrap().iter().find(|one| one["text"] == "users_lost == 0").unwrap();
    assert_eq!((&rule["passed"], &rule["implicit"], &rule["observed"]), (&false.into(), &true.into(), &5.0.into()));
    // Nobody takes their place: ten are planned to the end.
    let slices = results["timeline"].as_array().unwrap();
    assert!(slices.iter().any(|slice| slice["users"] == 5 && slice["users_planned"] == 10), "{slices:#?}");
    let junit = folder.junit();
    let case = junit.split("<testcase").find(|case| case.contains("all users stayed")).unwrap();
    assert!(case.contains("type=\"UsersLost\"") && case.contains("5 of 10 users"), "{case}");
}

#[test]
fn users_lost_may_be_allowed_as_a_share_or_as_a_number() {
    let server = half_closed();
    let folder = Folder::new();
    let with = |threshold: &str| against(&server, HALF_LOG_IN) + &format!("  - users_lost {threshold}\n");
    folder.run_plan(&with("<= 50%"), &[]).expect_code(0);
    folder.run_plan(&with("< 6"), &[]).expect_code(0);
    let ran = folder.run_plan(&with("< 50%"), &[]).expect_code(1);
    assert!(ran.stdout.contains("✗ users_lost < 50%  observed 50% (5 of 10 users ended early"), "{}", ran.stdout);
}

#[test]
fn regression_users_that_on_error_or_missing_data_end_are_lost_and_those_the_plan_ends_are_not() {
    let server = Server::start(|hit| if hit.path == "/bad" { Reply::text(500, "no") } else { Reply::text(200, "ok") });
    let plan = |group: &str, more: &str| {
        against(
            &server,
            &format!(
                "http: {{ base_url: BASE }}\n{more}thread_groups:\n  g:\n    users: 4\n    duration: 1s\n{group}\nthresholds: [error_rate <= 100%]\n"
            ),
        )
    };
    let folder = Folder::new();
    folder.write("rows.csv", "id\n1\n2\n");
    let ended = "    on_error: stop_user\n    steps: [{ get: /bad }]";
    folder.run_plan(&plan(ended, ""), &[]).expect_code(1);
    assert_eq!(group(&folder.results())["users_lost"], 4);
    let parallel = "    on_error: stop_user\n    steps: [{ parallel: [{ get: /ok }, { get: /bad }] }]";
    folder.run_plan(&plan(parallel, ""), &[]).expect_code(1);
    assert_eq!(group(&folder.results())["users_lost"], 4);

    let data = "data: { rows: { file: rows.csv, at_end: stop_user } }\n";
    let no_rows = "    think_time: 10ms\n    steps: [{ get: \"/ok?${rows.id}\" }]";
    let ran = folder.run_plan(&plan(no_rows, data), &[]).expect_code(1);
    assert!(ran.stdout.contains("the data set `rows` had no row left"), "{}", ran.stdout);
    assert_eq!(group(&folder.results())["users_lost"], 4);

    for chosen in [
        "    steps: [{ get: /ok }, { stop: user }]",
        "    steps: [{ get: /ok }, { stop: group }]",
        "    on_error: next_iteration\n    think_time: 10ms\n    steps: [{ get: /bad }]",
        "    think_time: 10ms\n    ramp_down: 500ms\n    steps: [{ get: /ok }]",
    ] {
        folder.run_plan(&plan(chosen, ""), &[]).expect_code(0);
        assert_eq!(group(&folder.results())["users_lost"], 0, "{chosen}");
    }
}

#[test]
fn an_arrival_rate_counts_each_user_that_never_came_through_its_start() {
    let server = half_closed();
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }
thread_groups:
  g:
    arrival_rate: 20/s
    duration: 1s
    max_users: 10
    on_start:
      - { post: /login, json: { user: 9 } }
    steps: [{ get: /market }]
thresholds: [error_rate <= 100%, dropped >= 0]
";
    folder.run_plan(&against(&server, plan), &[]).expect_code(1);
    let results = folder.results();
    let group = group(&results);
    assert!(group["users_lost"].as_u64().unwrap() > 0);
    assert_eq!(group["users_lost"], group["users_started"], "{group}");
}

#[test]
fn thresholds_on_lost_users_are_refused_where_they_could_not_be_judged() {
    let folder = Folder::new();
    folder.write(
        "plan.yaml",
        "http: { base_url: http://127.0.0.1:9 }
thread_groups:
  g:
    iterations: 1
    steps:
      - get: /a
        thresholds: [users_lost == 0]
thresholds:
  - { threshold: users_lost == 0, after: 1s }
  - users_lost < baseline + 10%
",
    );
    let ran = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
    assert!(ran.stdout.contains("a request has no `users_lost`"), "{}", ran.stdout);
    assert!(ran.stdout.contains("`users_lost` counts the whole run, so `after` cannot apply"), "{}", ran.stdout);
    assert!(ran.stdout.contains("`users_lost` cannot be compared with a baseline"), "{}", ran.stdout);
}

/// Half of the requests are never answered.
fn half_silent() -> Server {
    Server::start(|hit| match hit.path.as_str() {
        "/silent" => Reply::Silence(Duration::from_secs(5)),
        _ => Reply::text(200, "ok"),
    })
}

#[test]
fn regression_requests_that_timed_out_count_in_percentiles_with_the_time_they_were_waited_for() {
    let server = half_silent();
    let folder = Folder::new();
    let plan = "http: { base_url: BASE, timeout: 700ms }
thread_groups:
  g:
    iterations: 4
    steps: [{ name: Fast, get: /fast }, { name: Silent, get: /silent }]
thresholds: [error_rate <= 50%, p95 < 600ms, p50 < 600ms, apdex(100ms) >= 0.4]
";
    let ran = folder.run_plan(&against(&server, plan), &[]).expect_code(1);
    assert!(ran.stdout.contains("1 of 4 thresholds failed (p95 < 600ms, observed "), "{}", ran.stdout);
    let results = folder.results();
    let thresholds = results["thresholds"].as_array().unwrap();
    let p95 = thresholds.iter().find(|one| one["text"] == "p95 < 600ms").unwrap();
    // Four waited 700 ms each; of eight samples the 95th percentile is the eighth.
    assert!(p95["observed"].as_f64().unwrap() >= 700.0 && p95["at_least"] == true, "{p95}");
    let p50 = thresholds.iter().find(|one| one["text"] == "p50 < 600ms").unwrap();
    assert!(p50["passed"] == true && p50.get("at_least").is_none(), "{p50}");
    let silent = sampler(&results, "Silent");
    assert_eq!(silent["cut_short"]["count"], 4);
    assert!(silent["cut_short"]["least_ms"].as_f64().unwrap() >= 700.0, "{silent}");
    assert!(silent["response_time"]["p50_ms"].as_f64().unwrap() >= 700.0, "{silent}");
    assert!(sampler(&results, "Fast").get("cut_short").is_none());
    assert!(ran.stdout.contains("4 of 8 requests got no complete response"), "{}", ran.stdout);
    assert!(ran.stdout.contains("observed ≥ 7"), "{}", ran.stdout);
    // A report made from the saved results says the same.
    let again = folder.loadplan(&["report", "loadplan-results/results.json"]);
    assert!(again.stdout.contains("4 of 8 requests got no complete response"), "{}", again.stdout);
}

#[test]
fn regression_a_response_that_is_cut_counts_and_a_request_that_was_never_sent_has_no_time() {
    let server = Server::start(|_| {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_vec();
        Reply::Raw(vec![(Duration::from_millis(300), head)])
    });
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let folder = Folder::new();
    let plan = format!(
        "thread_groups:
  g:
    iterations: 1
    steps: [{{ name: Cut, get: BASE/cut }}, {{ name: Refused, get: \"http://{gone}/\" }}]
thresholds: [error_rate <= 100%]
"
    );
    let ran = folder.run_plan(&against(&server, &plan), &[]).expect_code(0);
    let results = folder.results();
    assert!(sampler(&results, "Cut")["response_time"]["min_ms"].as_f64().unwrap() >= 300.0);
    assert_eq!(sampler(&results, "Cut")["cut_short"]["count"], 1);
    let refused = sampler(&results, "Refused");
    assert!(refused.get("response_time").is_none() && refused.get("cut_short").is_none(), "{refused}");
    assert_eq!(refused["unsent"], 1);
    assert!(ran.stdout.contains("response times cover 1 of 2 requests: 1 could not be sent"), "{}", ran.stdout);
}

#[test]
fn regression_a_transaction_ends_with_its_last_request_not_with_the_think_time_after_it() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    // Every user is in the last think time when the run ends.
    let plan = |inside: &str| {
        against(
            &server,
            &format!(
                "http: {{ base_url: BASE }}\nthread_groups:\n  g:\n    users: 3\n    duration: 1s\n    steps:\n{inside}"
            ),
        )
    };
    for inside in [
        "      - transaction: T\n        steps:\n          - get: /a\n          - { get: /b, think_time: 1m }\n",
        "      - transaction: T\n        steps: [{ get: /a }, { pause: 1m }]\n",
        "      - transaction: T\n        steps:\n          - repeat: 2\n            steps: [{ get: /a }, { if: 'loop.index == 2', steps: [{ get: /b, think_time: 1m }] }]\n",
        "      - transaction: Outer\n        steps: [{ transaction: T, steps: [{ get: /a, think_time: 1m }] }]\n",
    ] {
        folder.run_plan(&plan(inside), &[]).expect_code(0);
        let results = folder.results();
        for transaction in results["transactions"].as_array().unwrap() {
            assert_eq!((&transaction["count"], &transaction["interrupted"]), (&3.into(), &0.into()), "{inside}");
        }
    }
    let unfinished = "      - transaction: T\n        steps: [{ get: /a, think_time: 1m }, { get: /b }]\n";
    folder.run_plan(&plan(unfinished), &[]);
    let results = folder.results();
    let transaction = &results["transactions"][0];
    assert_eq!((&transaction["count"], &transaction["interrupted"]), (&0.into(), &3.into()));
}

#[test]
fn regression_a_request_that_was_sent_and_interrupted_was_executed() {
    let server = half_silent();
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }
thread_groups:
  g:
    users: 2
    duration: 500ms
    graceful_stop: 100ms
    steps: [{ name: Fast, get: /fast }, { name: Silent, get: /silent }]
";
    folder.run_plan(&against(&server, plan), &[]).expect_code(0);
    let junit = folder.junit();
    let case = junit.split("<testcase").find(|case| case.contains("name=\"Silent\"")).unwrap();
    assert!(case.contains("2 requests were sent, but the run ended before"), "{case}");
    assert!(!case.contains("never executed"), "{case}");
}

#[test]
fn regression_a_request_whose_failures_break_a_threshold_is_red_too() {
    let server =
        Server::start(|hit| if hit.path == "/bad" { Reply::text(503, "down") } else { Reply::text(200, "ok") });
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }
thread_groups:
  g:
    iterations: 2
    steps: [{ name: Bad, get: /bad }, { name: Good, get: /good }]
thresholds: [LIMIT]
";
    let case = |limit: &str, code: i32, name: &str| {
        folder.run_plan(&against(&server, &plan.replace("LIMIT", limit)), &[]).expect_code(code);
        let junit = folder.junit();
        junit.split("<testcase").find(|case| case.contains(&format!("name=\"{name}\""))).unwrap().to_owned()
    };
    assert!(case("error_rate < 10%", 1, "Bad").contains("type=\"SamplesFailed\""));
    assert!(!case("error_rate < 10%", 1, "Good").contains("<failure"));
    assert!(!case("error_rate <= 50%", 0, "Bad").contains("<failure"));
}

#[test]
fn regression_the_first_line_of_a_verdict_is_the_failure_that_explains_the_others() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/login" => Reply::text(401, "locked"),
        _ => Reply::text(403, "no token"),
    });
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }
thread_groups:
  g:
    iterations: 2
    steps: [{ name: Log in, post: /login }, { name: Portfolio, get: /p }, { name: Orders, get: /o }]
thresholds: [error_rate < 1%, errors < 1, p95 < 1m]
";
    let ran = folder.run_plan(&against(&server, plan), &[]).expect_code(1);
    let last = ran.stdout.lines().last().unwrap();
    assert!(last.starts_with("FAILED (exit 1): 2 of 2 requests of `Log in` got status 401 (locked); after that, 2 other steps of the plan failed; "), "{last}");
    let results = folder.results();
    assert!(results["verdict"]["reasons"][1].as_str().unwrap().starts_with("2 of 3 thresholds failed"));
}

#[test]
fn statuses_are_counted_for_each_request_and_in_total() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/missing" => Reply::text(404, "no"),
        _ => Reply::text(302, "").with("Location", "/fine"),
    });
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }
thread_groups:
  g:
    iterations: 4
    steps:
      - { name: Missing, get: /missing }
      - { name: Moved, get: /moved, follow_redirects: false, assert: { status: 302 } }
      - { name: Refused, get: 'http://127.0.0.1:9/' }
thresholds: [error_rate < 90%]
";
    let ran = folder.run_plan(&against(&server, plan), &[]).expect_code(0);
    let results = folder.results();
    let statuses = |line: &Value| line.get("statuses").cloned().unwrap_or_default();
    assert_eq!(statuses(sampler(&results, "Missing")), serde_json::json!([{"status": 404, "count": 4}]));
    assert_eq!(statuses(sampler(&results, "Moved")), serde_json::json!([{"status": 302, "count": 4}]));
    assert_eq!(statuses(sampler(&results, "Refused")), Value::Null);
    let all = serde_json::json!([{"status": 302, "count": 4}, {"status": 404, "count": 4}]);
    assert_eq!(statuses(&results["totals"]), all);
    // Twelve requests, of which four were refused a connection.
    assert!(ran.stdout.contains("status codes: 302 × 4, 404 × 4, no response × 4\n"), "{}", ran.stdout);
}

#[test]
fn regression_a_throughput_is_the_same_in_the_table_and_in_a_threshold() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }\nthread_groups:\n  g: { iterations: 3, steps: [{ get: /a, thresholds: [throughput > 1/s] }] }\n";
    let ran = folder.run_plan(&against(&server, plan), &[]).expect_code(0);
    let observed = ran.stdout.split("observed ").nth(1).unwrap().split(',').next().unwrap().to_owned();
    let row = ran.stdout.lines().find(|line| line.trim_start().starts_with("GET /a")).unwrap();
    assert!(row.contains(&observed), "{observed} is not in {row}");
}

/// Sends SIGTERM to a run once the server has seen so many requests; the exit code and how long it took.
#[cfg(unix)]
fn terminate(folder: &Folder, server: &Server, plan: &str, requests: usize) -> (i32, Duration) {
    folder.write("plan.yaml", against(server, plan));
    let mut child = folder.command(&["run", "plan.yaml", "--quiet"]).spawn().unwrap();
    let begin = std::time::Instant::now();
    while server.hits().len() < requests && begin.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let told = std::time::Instant::now();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let code = child.wait().unwrap().code().unwrap_or(-1);
    (code, told.elapsed())
}

#[cfg(unix)]
#[test]
fn regression_sigterm_against_a_target_that_hangs_ends_in_time_with_143_and_reports() {
    let server = Server::start(|_| Reply::Silence(Duration::from_secs(60)));
    let folder = Folder::new();
    let plan = "http: { base_url: BASE, timeout: 60s }
thread_groups:
  g:
    users: 2
    duration: 60s
    steps: [{ get: /hang }]
teardown: [{ delete: /hang }]
";
    let (code, took) = terminate(&folder, &server, plan, 2);
    assert_eq!(code, 143);
    // Five seconds for the load and three for teardown; a container is killed after ten. The bound
    // leaves room for a machine whose cores are all busy, and is far below the 30 s of old.
    assert!(took < Duration::from_secs(20), "it took {took:?}");
    let results = folder.results();
    assert_eq!(results["verdict"]["exit_code"], 143);
    assert_eq!(results["totals"]["interrupted"], 2);
    assert!(folder.junit().contains("stopped by SIGTERM"));
}

#[cfg(unix)]
#[test]
fn a_graceful_stop_that_is_written_holds_for_sigterm_too() {
    let server = Server::start(|_| {
        Reply::Raw(vec![(Duration::from_secs(7), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec())])
    });
    let folder = Folder::new();
    let plan = "http: { base_url: BASE, timeout: 60s }
thread_groups:
  g: { duration: 60s, graceful_stop: 30s, steps: [{ get: /slow }] }
";
    let (code, _) = terminate(&folder, &server, plan, 1);
    assert_eq!(code, 143);
    let results = folder.results();
    assert_eq!((&results["totals"]["count"], &results["totals"]["interrupted"]), (&1.into(), &0.into()));
}

#[test]
fn regression_two_runs_never_write_to_one_folder_at_a_time() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/slow" => Reply::Raw(vec![(Duration::from_secs(3), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec())]),
        _ => Reply::text(200, "ok"),
    });
    let folder = Folder::new();
    let plan = |path: &str| {
        against(
            &server,
            &format!(
                "http: {{ base_url: BASE }}\nthread_groups:\n  g: {{ iterations: 1, steps: [{{ get: {path} }}] }}\n"
            ),
        )
    };
    folder.write("slow.yaml", plan("/slow"));
    folder.write("quick.yaml", plan("/quick"));
    let mut first = folder.command(&["run", "slow.yaml", "--quiet"]).spawn().unwrap();
    let begin = std::time::Instant::now();
    while server.hits().is_empty() && begin.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(10));
    }
    // The server notes a request before it answers it, so the first run is still on.
    let second = folder.loadplan(&["run", "quick.yaml"]).expect_code(4);
    assert!(second.stderr.contains("another run is writing to the folder loadplan-results"), "{}", second.stderr);
    assert!(second.stderr.contains("--out"), "{}", second.stderr);
    folder.loadplan(&["run", "quick.yaml", "--out", "other"]).expect_code(0);
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert_eq!(folder.results()["samplers"][0]["label"], "GET /slow");

    // A run that was killed does not stand in the way of the next.
    let hits = server.hits().len();
    let mut killed = folder.command(&["run", "slow.yaml", "--quiet"]).spawn().unwrap();
    let begin = std::time::Instant::now();
    while server.hits().len() == hits && begin.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(10));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    folder.loadplan(&["run", "quick.yaml"]).expect_code(0);
}

#[test]
fn regression_a_plan_that_is_refused_leaves_no_green_report_of_an_earlier_run() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let good = against(
        &server,
        "name: Shop\nhttp: { base_url: BASE }\nthread_groups:\n  g: { iterations: 1, steps: [{ get: /a }] }\n",
    );
    folder.run_plan(&good, &[]).expect_code(0);
    assert!(!folder.junit().contains("<error"));
    folder.run_plan(&good.replace("iterations: 1", "loops: 1"), &[]).expect_code(2);
    let junit = folder.junit();
    assert!(junit.contains("type=\"PlanInvalid\"") && junit.contains("plan.yaml:4:8"), "{junit}");
    assert!(junit.contains("name=\"Shop\""), "{junit}");
    let results = folder.results();
    assert_eq!((&results["verdict"]["passed"], &results["verdict"]["exit_code"]), (&false.into(), &2.into()));
    assert!(folder.read("loadplan-results/report.html").contains("exit 2"));
    assert_eq!(server.hits().len(), 1);

    // Paths named on the command line, of several plans, and of command lines that are not understood.
    let broken = good.replace("iterations: 1", "loops: 1");
    folder.run_plan(&broken, &["--junit", "ci/junit.xml", "--json", "ci/run.json"]).expect_code(2);
    assert!(
        folder.read("ci/junit.xml").contains("PlanInvalid") && folder.read("ci/run.json").contains("\"exit_code\": 2")
    );
    folder.write("good.yaml", &good);
    folder.loadplan(&["run", "good.yaml", "plan.yaml", "--out", "both"]).expect_code(2);
    assert!(folder.read("both/good/junit.xml").contains("PlanInvalid"));
    assert!(folder.read("both/plan/junit.xml").contains("PlanInvalid"));
    folder.run_plan(&good, &[]).expect_code(0);
    folder.run_plan(&good, &["--no-such-option"]).expect_code(2);
    assert!(folder.junit().contains("--no-such-option"), "{}", folder.junit());
    folder.run_plan(&good, &["--baseline", "gone.json"]).expect_code(2);
    assert!(folder.junit().contains("gone.json"), "{}", folder.junit());
}

#[test]
fn regression_a_thread_that_lost_all_its_users_no_longer_counts_them_as_present() {
    // The second of two users fails: with two processors it is alone on its thread.
    let server = Server::start(|hit| match hit.path.as_str() {
        "/login" if hit.body.contains('2') => Reply::text(401, "no"),
        _ => Reply::text(200, "ok"),
    });
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }
thread_groups:
  g:
    users: 2
    duration: 4s
    think_time: 100ms
    on_start: [{ post: /login, body: \"${user_number}\" }]
    steps: [{ get: /a }]
";
    folder.run_plan(&against(&server, plan), &[]).expect_code(1);
    let results = folder.results();
    let slices = results["timeline"].as_array().unwrap();
    let during: Vec<&Value> = slices.iter().filter(|slice| (2..4).contains(&slice["t_s"].as_u64().unwrap())).collect();
    assert!(!during.is_empty() && during.iter().all(|slice| slice["users"] == 1), "{slices:#?}");
    assert!(during.iter().all(|slice| slice["users_planned"] == 2), "{slices:#?}");
}
