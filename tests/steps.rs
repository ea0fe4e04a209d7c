//! What each kind of step sends, in which order, and what ends it.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use support::{Folder, Ran, Reply, Server, against, sampler};

fn echo() -> Server {
    Server::start(|hit| {
        if hit.path.starts_with("/fail") {
            return Reply::text(500, "");
        }
        if hit.path.starts_with("/slow") {
            std::thread::sleep(Duration::from_millis(300));
        }
        Reply::json(200, format!(r#"{{"path":"{}","ids":[7,8,9]}}"#, hit.path))
    })
}

/// Runs one user through the steps once; the paths it asked for, in order.
#[track_caller]
fn walk(server: &Server, steps: &str, code: i32) -> (Vec<String>, Folder, Ran) {
    walk_group(server, "iterations: 1", steps, code)
}

#[track_caller]
fn walk_group(server: &Server, load: &str, steps: &str, code: i32) -> (Vec<String>, Folder, Ran) {
    let before = server.hits().len();
    let indented: String = steps.lines().map(|line| format!("      {line}\n")).collect();
    let load: String = load.lines().map(|line| format!("    {line}\n")).collect();
    let plan =
        against(server, &format!("http: {{ base_url: BASE }}\nthread_groups:\n  g:\n{load}    steps:\n{indented}"));
    let folder = Folder::new();
    let ran = folder.run_plan(&plan, &["--seed", "7"]).expect_code(code);
    let paths = server.hits().into_iter().skip(before).map(|hit| hit.path).collect();
    (paths, folder, ran)
}

#[test]
fn loops_count_their_rounds_from_one_and_restore_the_outer_ones() {
    let server = echo();
    let steps = "- repeat: 2
  steps:
    - get: /a/${loop.index}
    - for_each: { id: ids }
      steps: [ { get: '/b/${id}/${loop.index}' } ]
    - get: /c/${loop.index}
- set: { n: 0 }
- while: n < 2
  steps:
    - set: { n: '${n + 1}' }
    - get: /d/${n}";
    let (paths, ..) = walk(&server, &format!("- get: /ids\n  extract: {{ ids: $.ids }}\n{steps}"), 0);
    let expected = "/ids /a/1 /b/7/1 /b/8/2 /b/9/3 /c/1 /a/2 /b/7/1 /b/8/2 /b/9/3 /c/2 /d/1 /d/2";
    assert_eq!(paths.join(" "), expected);
}

#[test]
fn conditions_choose_their_side_once_on_entry() {
    let server = echo();
    let steps = "- set: { x: '5' }
- if: x > 4 and not (x == 6)
  steps:
    - set: { x: 0 }
    - get: /yes
  else: [ { get: /no } ]
- if: x == 1
  steps: [ { get: /no } ]
  else: [ { get: /else } ]
- { get: /skipped, if: x != 0 }
- { get: /taken, if: x == 0 }
- { get: /never, chance: 0% }
- { get: /always, chance: 100% }";
    let (paths, ..) = walk(&server, steps, 0);
    assert_eq!(paths.join(" "), "/yes /else /taken /always");
}

#[test]
fn choose_draws_by_weight_and_a_seed_repeats_every_draw() {
    let server = echo();
    let steps = "- choose:
    - { weight: 3, get: /often }
    - { weight: 1, get: /seldom }
    - { weight: 0, get: /never }";
    let (first, ..) = walk_group(&server, "iterations: 400", steps, 0);
    let (second, ..) = walk_group(&server, "iterations: 400", steps, 0);
    assert_eq!(first, second, "the same seed draws the same");
    let often = first.iter().filter(|path| *path == "/often").count();
    // 300 expected, standard deviation √(400 · ¾ · ¼) ≈ 8.7: six of them are 52.
    assert!((248..=352).contains(&often), "{often} of 400");
    assert!(!first.iter().any(|path| path == "/never"));
}

#[test]
fn round_robin_takes_turns_shuffle_takes_all_and_parallel_takes_them_at_once() {
    let server = echo();
    let (paths, ..) =
        walk_group(&server, "iterations: 5", "- round_robin: [ { get: /1 }, { get: /2 }, { get: /3 } ]", 0);
    assert_eq!(paths.join(" "), "/1 /2 /3 /1 /2");
    let (mut paths, ..) = walk(&server, "- shuffle: [ { get: /1 }, { get: /2 }, { get: /3 }, { get: /4 } ]", 0);
    paths.sort();
    assert_eq!(paths.join(" "), "/1 /2 /3 /4");

    let before = server.hits().len();
    let steps = "- parallel:
    - { get: /slow/1, extract: { a: $.path } }
    - steps: [ { get: /slow/2, extract: { b: $.path } } ]
    - get: /slow/3
- get: /after${a}${b}";
    let (paths, ..) = walk(&server, steps, 0);
    assert_eq!(paths[3], "/after/slow/1/slow/2", "what branches set is there when they have ended");
    let hits = &server.hits()[before..];
    let spread = hits[..3].iter().map(|hit| hit.at).max().unwrap() - hits[..3].iter().map(|hit| hit.at).min().unwrap();
    assert!(spread < Duration::from_millis(250), "the three started {spread:?} apart");
}

#[test]
fn stop_ends_the_loop_the_iteration_or_the_user() {
    let server = echo();
    let steps = "- repeat: 3
  steps: [ { get: /a }, { stop: loop, if: loop.index == 2 }, { get: /b } ]
- get: /c
- { stop: iteration, if: iteration == 1 }
- get: /d
- { stop: user, if: iteration == 2 }
- get: /e";
    let (paths, ..) = walk_group(&server, "iterations: 4", steps, 0);
    assert_eq!(paths.join(" "), "/a /b /a /c /a /b /a /c /d");
}

#[test]
fn on_error_does_what_it_says() {
    let server = echo();
    let steps = "- get: /fail\n- get: /next";
    for (on_error, expected) in [
        ("continue", "/fail /next /fail /next"),
        ("next_iteration", "/fail /fail"),
        ("stop_user", "/fail"),
        ("stop_group", "/fail"),
        ("stop_test", "/fail"),
    ] {
        let (paths, folder, _) = walk_group(&server, &format!("iterations: 2\non_error: {on_error}"), steps, 1);
        assert_eq!(paths.join(" "), expected, "{on_error}");
        let stopped = &folder.results()["run"]["stopped_by"];
        assert_eq!(stopped.is_null(), on_error != "stop_test", "{on_error}: {stopped}");
    }
}

#[test]
fn a_failed_on_start_ends_its_user_and_no_other() {
    let server = Server::start(|hit| Reply::text(if hit.path == "/login/2" { 401 } else { 200 }, ""));
    let folder = Folder::new();
    let plan = against(
        &server,
        "http: { base_url: BASE }
thread_groups:
  g:
    users: 3
    iterations: 1
    on_start: [ { name: Log in, post: '/login/${user_number}' }, { get: /prepared } ]
    steps: [ { get: '/task/${user_number}' } ]
    on_stop: [ { post: '/bye/${user_number}' } ]
",
    );
    folder.run_plan(&plan, &[]).expect_code(1);
    let mut paths: Vec<String> = server.hits().into_iter().map(|hit| hit.path).collect();
    paths.sort();
    assert_eq!(paths.join(" "), "/bye/1 /bye/3 /login/1 /login/2 /login/3 /prepared /prepared /task/1 /task/3");
}

#[test]
fn a_step_that_cannot_be_carried_out_sends_nothing_and_counts_as_an_error_of_the_step() {
    let server = echo();
    let steps = "- get: /a
  extract: { x: { json: $.nothing, default: text } }
- { name: bad sum, set: { y: '${x + 1}' } }
- { get: /never, if: x > 5 }
- name: endless
  while: true
  max: 3
  steps: [ { get: /round } ]
- get: /end";
    let (paths, folder, _) = walk(&server, steps, 1);
    assert_eq!(paths.join(" "), "/a /round /round /round /end");
    let errors = folder.results()["errors"].clone();
    let told: Vec<(&str, &str)> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["label"].as_str().unwrap(), error["kind"].as_str().unwrap()))
        .collect();
    assert_eq!(told.len(), 3, "{errors:#?}");
    for label in ["bad sum", "GET /never", "endless"] {
        assert!(told.contains(&(label, "step")), "{label} is missing in {told:?}");
    }
}

#[test]
fn a_transaction_leaves_think_time_and_pauses_out() {
    let server = echo();
    let steps = "- transaction: Order
  think_time: 400ms
  steps:
    - get: /slow/1
    - pause: 300ms
    - get: /slow/2";
    let (_, folder, _) = walk(&server, steps, 0);
    let time = folder.results()["transactions"][0]["response_time"]["mean_ms"].as_f64().unwrap();
    assert!((590.0..1000.0).contains(&time), "two requests of 300 ms each, but the transaction took {time} ms");
}

#[test]
fn users_meet_and_locks_let_one_through_at_a_time() {
    let inside = AtomicU64::new(0);
    let most = std::sync::Arc::new(AtomicU64::new(0));
    let seen = most.clone();
    let server = Server::start(move |hit| {
        if hit.path == "/locked" {
            let now = inside.fetch_add(1, Ordering::SeqCst) + 1;
            seen.fetch_max(now, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(30));
            inside.fetch_sub(1, Ordering::SeqCst);
        }
        Reply::text(200, "")
    });
    let steps = "- get: /before
- wait_for_users: { count: 4, within: 20s }
- get: /after
- lock: one
  steps: [ { get: /locked } ]";
    let (_, _, _) = walk_group(&server, "users: 4\nramp_up: 1s\niterations: 1", steps, 0);
    assert_eq!(most.load(Ordering::SeqCst), 1, "the lock let several through");
    let hits = server.hits();
    let last_before = hits.iter().filter(|hit| hit.path == "/before").map(|hit| hit.at).max().unwrap();
    let first_after = hits.iter().filter(|hit| hit.path == "/after").map(|hit| hit.at).min().unwrap();
    assert!(first_after >= last_before, "a user went on before all had come");
}

#[test]
fn a_meeting_that_too_few_reach_ends_when_its_time_is_up() {
    let server = echo();
    let (paths, ..) = walk(&server, "- wait_for_users: { count: 2, within: 200ms }\n- get: /on", 0);
    assert_eq!(paths, ["/on"]);
}

#[test]
fn includes_and_fragments_put_steps_in_place_with_their_own_variables() {
    let server = echo();
    let folder = Folder::new();
    folder.write("parts/visit.yaml", "- get: /visit/${who}\n  extract: { seen: $.path }\n- include: more.yaml\n");
    folder.write("parts/more.yaml", "- get: /more\n");
    let plan = against(
        &server,
        "http: { base_url: BASE }
fragments:
  greet: [ { get: '/greet/${who}' } ]
thread_groups:
  g:
    iterations: 1
    steps:
      - { include: parts/visit.yaml, with: { who: ann } }
      - { include: greet, with: { who: bob } }
      - get: /seen${seen}
",
    );
    folder.run_plan(&plan, &[]).expect_code(0);
    let paths: Vec<String> = server.hits().into_iter().map(|hit| hit.path).collect();
    assert_eq!(paths.join(" "), "/visit/ann /more /greet/bob /seen/visit/ann");
}

#[test]
fn rows_are_taken_per_iteration_or_per_user_and_end_as_written() {
    let server = echo();
    let folder = Folder::new();
    folder.write("rows.csv", "id\nr1\nr2\nr3\n");
    folder.write("people.yaml", "- { name: ann, code: 05220 }\n- { name: bob, code: 1.10 }\n");
    let plan = |at_end: &str, share: &str, users: u32, iterations: u32| {
        against(
            &server,
            &format!(
                "http: {{ base_url: BASE }}
data:
  rows: {{ file: rows.csv, at_end: {at_end}, share: {share} }}
  people: {{ file: people.yaml, take: user }}
thread_groups:
  g:
    users: {users}
    iterations: {iterations}
    steps: [ {{ get: '/${{rows.id}}/${{people.name}}/${{people.code}}' }} ]
thresholds: [ users_lost <= 100% ]
"
            ),
        )
    };
    let paths = |plan: String| {
        let before = server.hits().len();
        folder.run_plan(&plan, &[]).expect_code(0);
        let mut paths: Vec<String> = server.hits().into_iter().skip(before).map(|hit| hit.path).collect();
        paths.sort();
        paths.join(" ")
    };
    assert_eq!(paths(plan("recycle", "all", 1, 4)), "/r1/ann/05220 /r1/ann/05220 /r2/ann/05220 /r3/ann/05220");
    assert_eq!(paths(plan("stop_user", "all", 1, 9)), "/r1/ann/05220 /r2/ann/05220 /r3/ann/05220");
    assert_eq!(paths(plan("stop_group", "all", 1, 9)), "/r1/ann/05220 /r2/ann/05220 /r3/ann/05220");
    let both = paths(plan("stop_user", "user", 2, 9));
    assert_eq!(both.matches("/r1/").count(), 2, "each user has a pile of its own: {both}");
    assert!(both.contains("/r3/bob/1.10") && both.contains("/r3/ann/05220"), "{both}");
}

#[test]
fn setup_gives_its_variables_to_all_users_and_teardown_runs_last() {
    let server = echo();
    let folder = Folder::new();
    let plan = against(
        &server,
        "http: { base_url: BASE }
variables: { base: 'v${1 + 1}' }
setup: [ { get: /setup, extract: { where: $.path } } ]
thread_groups:
  g: { users: 2, iterations: 1, steps: [ { get: '/use${where}/${base}' } ] }
teardown: [ { get: '/down${where}' } ]
",
    );
    folder.run_plan(&plan, &["--var", "base=x"]).expect_code(0);
    let paths: Vec<String> = server.hits().into_iter().map(|hit| hit.path).collect();
    assert_eq!(paths.join(" "), "/setup /use/setup/x /use/setup/x /down/setup");
    let results = folder.results();
    assert_eq!(results["totals"]["count"], 2, "setup and teardown are not load");
}

#[test]
fn bodies_headers_and_queries_keep_their_spelling() {
    let server = echo();
    let folder = Folder::new();
    folder.write("files/order.bin", b"\x00\xffraw");
    let plan = against(
        &server,
        "http: { base_url: BASE, headers: { X-A: outer, X-B: gone } }
thread_groups:
  g:
    iterations: 1
    steps:
      - post: /json
        headers: { X-B: null, X-C: NO }
        query: { id: [1, 2], none: null, q: 'a b&c', version: 1.10 }
        json:
          price: 1.10
          big: 12345678901234567890
          zero: 05220639854
          plus: +49
          yes: yes
          truth: true
          nothing: null
          text: '1'
          n: ${1 + 1}
          mixed: n${1 + 1}
      - post: /form
        form: { a: 1.10, b: [x, 'y z'] }
      - post: /text
        body: '<x/> $${literal}'
      - post: /file
        body_file: files/order.bin
      - post: /graphql
        graphql: { query: '{ prices }', variables: { id: 1 } }
      - post: /multi
        multipart: { 'überschrift': 'né', doc: { file: files/order.bin } }
",
    );
    folder.run_plan(&plan, &[]).expect_code(0);
    let hits: HashMap<String, support::Hit> =
        server.hits().into_iter().map(|hit| (hit.path.split('?').next().unwrap().to_owned(), hit)).collect();
    let json = &hits["/json"];
    assert_eq!(
        json.body,
        r#"{"price":1.10,"big":12345678901234567890,"zero":"05220639854","plus":"+49","yes":"yes","truth":true,"nothing":null,"text":"1","n":2,"mixed":"n2"}"#
    );
    assert_eq!(json.path, "/json?id=1&id=2&q=a%20b%26c&version=1.10");
    assert_eq!((json.headers["x-a"].as_str(), json.headers["x-c"].as_str()), ("outer", "NO"));
    assert!(!json.headers.contains_key("x-b"));
    assert_eq!(json.headers["content-type"], "application/json");
    assert_eq!(hits["/form"].body, "a=1.10&b=x&b=y+z");
    assert_eq!(hits["/text"].body, "<x/> ${literal}");
    assert!(!hits["/text"].headers.contains_key("content-type"));
    assert_eq!(hits["/file"].headers["content-length"], "5");
    assert_eq!(hits["/graphql"].body, r#"{"query":"{ prices }","variables":{"id":1}}"#);
    let multi = &hits["/multi"];
    assert!(multi.body.contains("name=\"überschrift\"\r\n\r\nné\r\n"), "{}", multi.body);
    assert!(
        multi.body.contains("filename=\"order.bin\"\r\nContent-Type: application/octet-stream\r\n"),
        "{}",
        multi.body
    );
}

#[test]
fn assertions_may_read_what_the_same_request_extracts() {
    let server = echo();
    let steps = "- get: /a
  extract: { path: $.path, ids: $.ids }
  assert: { expr: path == '/a' and length(ids) == 3, json: { $.path: '${path}' } }";
    let (paths, ..) = walk(&server, &steps.replace("length(ids)", "(ids | length)"), 0);
    assert_eq!(paths, ["/a"]);
}

#[test]
fn group_headers_are_earned_by_on_start_and_used_afterwards() {
    let server = Server::start(|_| Reply::json(200, r#"{"token":"t1"}"#));
    let folder = Folder::new();
    let plan = against(
        &server,
        "http: { base_url: BASE }
thread_groups:
  g:
    iterations: 1
    on_start: [ { post: /login, extract: { token: $.token } } ]
    http: { headers: { Authorization: 'Bearer ${token}' } }
    steps: [ { get: /task } ]
    on_stop: [ { post: /logout } ]
",
    );
    folder.run_plan(&plan, &[]).expect_code(0);
    let sent: Vec<(String, Option<String>)> =
        server.hits().into_iter().map(|hit| (hit.path, hit.headers.get("authorization").cloned())).collect();
    let bearer = || Some("Bearer t1".to_owned());
    assert_eq!(sent, [("/login".into(), None), ("/task".into(), bearer()), ("/logout".into(), bearer())]);
}

#[test]
fn thresholds_judge_what_they_are_written_on() {
    let server = echo();
    let folder = Folder::new();
    let plan = against(
        &server,
        "name: T
http: { base_url: BASE }
thresholds: [ 'p95 < 10s', 'requests == 6', 'error_rate < 50%' ]
thread_groups:
  g:
    iterations: 2
    thresholds: [ 'iterations == 2' ]
    steps:
      - get: /slow
        thresholds: [ 'p50 < 100ms', 'min > 200ms' ]
      - transaction: Both
        thresholds: [ 'requests == 2', 'errors == 2' ]
        steps: [ { get: /a }, { get: /fail } ]
",
    );
    let ran = folder.run_plan(&plan, &[]).expect_code(1);
    assert!(ran.stdout.contains("FAILED (exit 1): 1 of 8 thresholds failed"), "{}", ran.stdout);
    let results = folder.results();
    let thresholds = results["thresholds"].as_array().unwrap();
    let failed: Vec<&str> =
        thresholds.iter().filter(|one| one["passed"] == false).map(|one| one["text"].as_str().unwrap()).collect();
    assert_eq!(failed, ["p50 < 100ms"]);
    assert_eq!(sampler(&results, "GET /fail")["failed"], 2);
}

#[test]
fn an_abort_threshold_stops_the_run_early() {
    let server = echo();
    let folder = Folder::new();
    let plan = against(
        &server,
        "http: { base_url: BASE }
thresholds: [ { threshold: 'error_rate < 50%', abort: true, after: 1s } ]
thread_groups:
  g: { users: 2, duration: 60s, think_time: 100ms, steps: [ { get: /fail } ] }
",
    );
    let begin = std::time::Instant::now();
    let ran = folder.run_plan(&plan, &[]).expect_code(1);
    assert!(begin.elapsed() < Duration::from_secs(20), "took {:?}", begin.elapsed());
    assert!(ran.stdout.contains("error_rate < 50%"), "{}", ran.stdout);
    assert_eq!(folder.results()["run"]["stopped_by"], "threshold");
}

#[test]
fn try_shows_what_was_sent_and_what_came_and_why_it_failed() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/login" => Reply::json(200, r#"{"data":{"token":"secret-token"},"n":1}"#).with("Set-Cookie", "sid=1"),
        _ => Reply::json(200, "{}"),
    });
    let folder = Folder::new();
    let plan = against(
        &server,
        "http: { base_url: BASE }
secrets: { password: 'hunter22' }
thread_groups:
  g:
    users: 50
    ramp_up: 60s
    duration: 5m
    think_time: 30s
    steps:
      - name: Log in
        post: /login
        json: { password: '${password}' }
        extract:
          token: { json: $.data.token, secret: true }
          missing: $.token
        assert: { json: { $.n: 2 } }
      - get: /x/${missing}
",
    );
    folder.write("plan.yaml", plan);
    let ran = folder.loadplan(&["try", "plan.yaml"]).expect_code(1);
    for told in [
        "== thread group g",
        "-- Log in  (plan.yaml:11)",
        "> POST http://127.0.0.1",
        "\"password\": \"***\"",
        "< 200",
        "extracted token = ***",
        "FAIL",
        "$.data.token",
        "expected 1",
        "could not be carried out",
    ] {
        let told = told.replace("expected 1", "expected 2, got 1");
        assert!(ran.stdout.contains(&told), "{told} is missing in\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("hunter22") && !ran.stdout.contains("secret-token"), "{}", ran.stdout);
    assert_eq!(server.hits().len(), 1, "one user, one iteration");
}

#[test]
fn the_graph_shows_lifecycle_branches_and_the_way_of_data() {
    let folder = Folder::new();
    folder.write(
        "plan.yaml",
        "name: Shop
http: { base_url: 'http://127.0.0.1:9' }
setup: [ { post: /reset } ]
thread_groups:
  shoppers:
    users: 3
    ramp_up: 2s
    iterations: 5
    on_start: [ { post: /login, extract: { token: $.token } } ]
    steps:
      - choose:
          - { weight: 3, get: '/often/${token}' }
          - { get: /seldom, chance: 50% }
      - transaction: Buy
        steps: [ { repeat: 2, steps: [ { post: /buy } ] } ]
      - if: token == 'x'
        steps: [ { get: /then } ]
        else: [ { get: /else } ]
",
    );
    for format in ["text", "mermaid", "dot"] {
        let drawn = folder.loadplan(&["graph", "plan.yaml", "--format", format]).expect_code(0).stdout;
        insta::assert_snapshot!(format!("graph_{format}"), drawn);
    }
}
