//! Plans run by the real binary against real sockets: what was sent, when, and what was made of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use support::{Folder, Hit, Reply, Server, against, sampler};

const ONCE: &str = "
http: { base_url: BASE }
thread_groups:
  g:
    iterations: 1
    steps:
";

fn once(server: &Server, steps: &str) -> String {
    let steps: String = steps.lines().map(|line| format!("      {line}\n")).collect();
    against(server, &format!("{ONCE}{steps}"))
}

fn gaps(hits: &[Hit]) -> Vec<u128> {
    let first = hits.iter().map(|hit| hit.at).min().unwrap();
    let mut gaps: Vec<u128> = hits.iter().map(|hit| (hit.at - first).as_millis()).collect();
    gaps.sort_unstable();
    gaps
}

#[test]
fn a_passing_plan_exits_0_and_writes_both_reports() {
    let server = Server::start(|_| Reply::json(200, r#"{"ok":true}"#));
    let folder = Folder::new();
    let plan = once(&server, "- get: /a\n  assert:\n    status: 200\n    json: { $.ok: true }");
    let ran = folder.run_plan(&plan, &[]).expect_code(0);
    assert!(ran.stdout.contains("PASSED (exit 0)"), "{}", ran.stdout);
    let results = folder.results();
    assert_eq!(results["verdict"]["passed"], true);
    assert_eq!(sampler(&results, "GET /a")["count"], 1);
    assert_eq!(sampler(&results, "GET /a")["line"], 7);
    assert!(folder.junit().contains("<testsuites"));
}

#[test]
fn users_of_a_ramp_start_evenly_and_those_without_one_at_once() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan = |users: u32, ramp: &str| {
        against(
            &server,
            &format!(
                "http: {{ base_url: BASE }}\nthread_groups:\n  g:\n    users: {users}\n    ramp_up: {ramp}\n    iterations: 1\n    steps:\n      - get: /{users}{ramp}\n"
            ),
        )
    };
    folder.run_plan(&plan(5, "10s"), &[]).expect_code(0);
    folder.run_plan(&plan(5, "0s"), &[]).expect_code(0);
    let of = |path: &str| gaps(&server.hits().into_iter().filter(|hit| hit.path == path).collect::<Vec<_>>());
    let ramped = of("/510s");
    assert_eq!(ramped.len(), 5);
    for (start, expected) in ramped.iter().zip([0, 2000, 4000, 6000, 8000]) {
        assert!(start.abs_diff(expected) < 1000, "starts were {ramped:?}");
    }
    let at_once = of("/50s");
    assert!(at_once.len() == 5 && at_once[4] < 1500, "starts were {at_once:?}");
}

#[test]
fn response_time_goes_to_the_last_byte_and_first_byte_does_not() {
    let server = Server::start(|_| {
        let mut parts = vec![(Duration::from_millis(10), b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n".to_vec())];
        parts.extend((0..20).map(|_| (Duration::from_millis(100), b"x".to_vec())));
        Reply::Raw(parts)
    });
    let folder = Folder::new();
    folder.run_plan(&once(&server, "- get: /slow"), &[]).expect_code(0);
    let results = folder.results();
    let slow = sampler(&results, "GET /slow");
    let first_byte = slow["phases"]["first_byte"]["mean_ms"].as_f64().unwrap();
    let response = slow["response_time"]["mean_ms"].as_f64().unwrap();
    assert!((8.0..1500.0).contains(&first_byte), "first byte after {first_byte} ms");
    assert!((1990.0..4000.0).contains(&response), "response time {response} ms");
    assert!(slow["phases"]["download"]["mean_ms"].as_f64().unwrap() > 1900.0);
}

#[test]
fn one_failed_assertion_in_a_thousand_samples_fails_the_run() {
    let count = AtomicU64::new(0);
    let server = Server::start(move |_| {
        let bad = count.fetch_add(1, Ordering::Relaxed) == 500;
        Reply::json(200, if bad { r#"{"state":"BROKEN"}"# } else { r#"{"state":"OPEN"}"# })
    });
    let folder = Folder::new();
    let plan = against(
        &server,
        "name: One bad\nhttp: { base_url: BASE }\nthread_groups:\n  g:\n    users: 4\n    iterations: { total: 1000 }\n    steps:\n      - get: /order\n        assert:\n          json:\n            $.state: OPEN\n",
    );
    let ran = folder.run_plan(&plan, &[]).expect_code(1);
    for told in ["$.state", "OPEN", "BROKEN", "plan.yaml:11", "FAILED (exit 1)"] {
        assert!(ran.stdout.contains(told), "{told} is missing in\n{}", ran.stdout);
    }
    let results = folder.results();
    assert_eq!(sampler(&results, "GET /order")["count"], 1000);
    assert_eq!(sampler(&results, "GET /order")["failed"], 1);
    let assertion = &results["assertions"][0];
    assert_eq!((&assertion["passed"], &assertion["failed"], &assertion["line"]), (&999.into(), &1.into(), &11.into()));
    let junit = folder.junit();
    assert!(junit.contains("<failure") && junit.contains("BROKEN"), "{junit}");
}

#[test]
fn every_kind_of_failure_is_told_by_its_cause_and_exits_non_zero() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = format!("http://{}/", free.local_addr().unwrap());
    drop(free);
    let reset = Server::start(|_| Reply::Close);
    let half = Server::start(|_| {
        Reply::Raw(vec![(Duration::ZERO, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec())])
    });
    let garbage = Server::start(|_| Reply::Raw(vec![(Duration::ZERO, b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec())]));
    let silent = Server::start(|_| Reply::Silence(Duration::from_secs(5)));
    let broken = Server::start(|_| Reply::text(500, "boom"));
    let post = "post";
    let cases = [
        ("get", refused, 3, "connect", "refused"),
        ("get", "http://nosuchhost.invalid/".into(), 3, "dns", "nosuchhost.invalid"),
        (post, reset.url(), 3, "reset", "without a response"),
        ("get", half.url(), 1, "body", "4 of 100"),
        ("get", garbage.url(), 3, "protocol", ""),
        ("get", silent.url(), 3, "timeout", "300ms"),
        ("get", broken.url(), 1, "status", "500"),
    ];
    for (method, url, code, kind, told) in cases {
        let folder = Folder::new();
        let timeout = if kind == "timeout" { "300ms" } else { "30s" };
        let plan = format!(
            "thread_groups:\n  g:\n    iterations: 2\n    steps:\n      - {method}: {url}\n        timeout: {timeout}\n"
        );
        let ran = folder.run_plan(&plan, &[]).expect_code(code);
        let results = folder.results();
        assert_eq!(results["errors"][0]["kind"], kind, "{url}: {:#?}", results["errors"]);
        assert!(results["errors"][0]["message"].as_str().unwrap().contains(told), "{:#?}", results["errors"]);
        assert!(ran.stdout.contains(told), "{told} is missing in\n{}", ran.stdout);
        // What was sent counts with the time it was waited for, what was not has no time.
        let sampler = &results["samplers"][0];
        let (time, cut) = (&sampler["response_time"]["p50_ms"], &sampler["cut_short"]["count"]);
        match kind {
            "connect" | "dns" => assert!(time.is_null() && cut.is_null(), "{url}: {sampler}"),
            "timeout" => assert!(time.as_f64().unwrap() >= 300.0 && cut == 2, "{url}: {sampler}"),
            "status" => assert!(time.is_number() && cut.is_null(), "{url}: {sampler}"),
            _ => assert!(time.is_number() && cut == 2, "{url}: {sampler}"),
        }
        assert!(folder.junit().contains("<failure") || folder.junit().contains("<error"));
    }
}

#[test]
fn users_never_share_cookies_or_tokens_and_a_failed_extraction_never_reuses_a_value() {
    let logins = AtomicU64::new(0);
    let server = Server::start(move |hit| match hit.path.as_str() {
        "/login" => {
            let user = hit.body.split('"').nth(3).unwrap_or("").to_owned();
            let n = logins.fetch_add(1, Ordering::Relaxed);
            // The third login and later ones give no token.
            let body = if n < 2 { format!(r#"{{"token":"t-{user}"}}"#) } else { "{}".into() };
            Reply::json(200, body).with("Set-Cookie", &format!("sid={user}; Path=/"))
        }
        _ => Reply::json(200, "{}"),
    });
    let folder = Folder::new();
    let plan = against(
        &server,
        "http: { base_url: BASE }
thread_groups:
  g:
    users: 2
    iterations: 2
    steps:
      - post: /login
        json: { user: 'u${user_number}' }
        extract: { token: $.token }
      - get: /me/${user_number}
        headers: { Authorization: 'Bearer ${token}' }
",
    );
    folder.run_plan(&plan, &[]).expect_code(1);
    let mes: Vec<Hit> = server.hits().into_iter().filter(|hit| hit.path.starts_with("/me/")).collect();
    assert_eq!(mes.len(), 2, "a step whose token is unset sends nothing");
    for hit in mes {
        let user = hit.path.trim_start_matches("/me/");
        assert_eq!(hit.headers["authorization"], format!("Bearer t-u{user}"));
        assert_eq!(hit.headers["cookie"], format!("sid=u{user}"));
    }
    let results = folder.results();
    let kinds: HashMap<String, u64> = results["totals"]["failures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["kind"].as_str().unwrap().to_owned(), one["count"].as_u64().unwrap()))
        .collect();
    assert_eq!(kinds, HashMap::from([("extraction".into(), 2), ("step".into(), 2)]));
}

#[test]
fn twenty_users_share_ten_thousand_rows_without_losing_or_repeating_one() {
    let server = Server::start(|_| Reply::text(200, ""));
    let folder = Folder::new();
    let mut csv = String::from("\u{feff}id;name\r\n");
    for row in 0..10_000 {
        csv.push_str(&format!("{row};\"n;{row}\"\r\n"));
        if row % 1000 == 0 {
            csv.push_str("\r\n");
        }
    }
    folder.write("rows.csv", csv);
    let plan = against(
        &server,
        "http: { base_url: BASE }
data:
  rows:
    file: rows.csv
    delimiter: ';'
    order: sequential
    share: all
    at_end: stop_test
thread_groups:
  g:
    users: 20
    duration: 120s
    steps:
      - get: /${rows.id}
",
    );
    folder.run_plan(&plan, &[]).expect_code(0);
    let hits = server.hits();
    let distinct: HashSet<&str> = hits.iter().map(|hit| hit.path.as_str()).collect();
    assert_eq!((hits.len(), distinct.len()), (10_000, 10_000));
}

#[cfg(unix)]
fn send_signal(pid: u32, signal: &str) {
    let status = std::process::Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status().unwrap();
    assert!(status.success());
}

#[cfg(unix)]
const LONG: &str = "http: { base_url: BASE }
thread_groups:
  g:
    users: 3
    duration: 60s
    graceful_stop: 5s
    think_time: 30s
    steps:
      - get: /
";

#[cfg(unix)]
#[test]
fn sigterm_ends_the_run_gracefully_with_every_report_written() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder.write("plan.yaml", against(&server, LONG));
    let child = folder.command(&["run", "plan.yaml"]).spawn().unwrap();
    let begin = Instant::now();
    while server.hits().len() < 3 && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    send_signal(child.id(), "TERM");
    let told = Instant::now();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143));
    assert!(told.elapsed() < Duration::from_secs(5), "took {:?}", told.elapsed());
    let results = folder.results();
    assert_eq!(results["verdict"]["exit_code"], 143);
    assert_eq!(results["totals"]["count"], 3);
    assert!(folder.junit().contains("</testsuites>"));
}

#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_in_setup_ends_as_interrupted() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/slow" => Reply::Silence(Duration::from_secs(20)),
        _ => Reply::text(200, "ok"),
    });
    let folder = Folder::new();
    let setup = "setup: [ { get: /slow } ]\nteardown: [ { delete: /all } ]\n";
    folder.write("plan.yaml", against(&server, &format!("{setup}{LONG}")));
    let child = folder.command(&["run", "plan.yaml", "--quiet"]).spawn().unwrap();
    let begin = Instant::now();
    while !folder.path().join("loadplan-results").exists() && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    send_signal(child.id(), "INT");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert!(begin.elapsed() < Duration::from_secs(15), "took {:?}", begin.elapsed());
    assert_eq!(folder.results()["verdict"]["exit_code"], 130);
    assert!(server.hits().iter().all(|hit| hit.path != "/"), "load was applied");
}

#[cfg(unix)]
#[test]
fn a_killed_run_leaves_no_report_under_a_final_name() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder.write("plan.yaml", against(&server, LONG));
    let mut child = folder.command(&["run", "plan.yaml"]).spawn().unwrap();
    let begin = Instant::now();
    while server.hits().len() < 3 && begin.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    send_signal(child.id(), "KILL");
    child.wait().unwrap();
    for name in ["results.json", "junit.xml"] {
        assert!(!folder.path().join("loadplan-results").join(name).exists(), "{name} was left behind");
    }
}

#[test]
fn a_run_of_two_seconds_is_over_in_two_whatever_users_wait_for() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan = against(
        &server,
        "http: { base_url: BASE }
thread_groups:
  thinkers: { users: 2, duration: 2s, think_time: 60s, steps: [ get: /a ] }
  pausers: { users: 2, duration: 2s, steps: [ { get: /b }, { pause: 60s } ] }
  meeters: { users: 2, duration: 2s, steps: [ { get: /c }, { wait_for_users: { count: 3 } } ] }
  lockers: { users: 2, duration: 2s, steps: [ { get: /d }, { lock: one, steps: [ { pause: 60s } ] } ] }
",
    );
    let begin = Instant::now();
    folder.run_plan(&plan, &[]).expect_code(0);
    let took = begin.elapsed();
    assert!((Duration::from_secs(2)..Duration::from_secs(6)).contains(&took), "took {took:?}");
    let load = folder.results()["run"]["load_s"].as_f64().unwrap();
    assert!((1.9..3.5).contains(&load), "load was applied for {load} s");
}

#[test]
fn a_failed_setup_applies_no_load_and_exits_3() {
    let server = Server::start(|hit| Reply::text(if hit.path == "/prepare" { 503 } else { 200 }, ""));
    let folder = Folder::new();
    let plan = against(
        &server,
        "http: { base_url: BASE }
setup:
  - post: /prepare
thread_groups:
  g: { iterations: 1, steps: [ get: / ] }
teardown:
  - delete: /clean
",
    );
    let ran = folder.run_plan(&plan, &[]).expect_code(3);
    assert!(ran.stdout.contains("setup"), "{}", ran.stdout);
    let paths: Vec<String> = server.hits().into_iter().map(|hit| hit.path).collect();
    assert_eq!(paths, ["/prepare", "/clean"]);
    assert!(folder.junit().contains("skipped"));
}

#[test]
fn hostile_bodies_change_no_report_and_no_line_of_the_console() {
    let body = "\u{1b}[31m\u{0}\u{1}\n::error::injected\n##[error]injected\n##vso[task.complete result=Succeeded]\n##teamcity[buildStatus]\u{fffe}\u{ffff}]]><x>&";
    let server = Server::start(move |_| Reply::text(200, body));
    let folder = Folder::new();
    let plan = once(&server, "- get: /\n  assert:\n    body: { equals: fine }");
    let ran = folder.run_plan(&plan, &[]).expect_code(1);
    for output in [&ran.stdout, &ran.stderr] {
        assert!(!output.contains('\u{1b}'), "an escape sequence came through");
        for line in output.lines() {
            let obeyed = line.trim_start().starts_with("::")
                || ["##[", "##vso[", "##teamcity["].iter().any(|mark| line.contains(mark));
            assert!(!obeyed, "a runner would obey {line:?}");
        }
    }
    let junit = folder.junit();
    assert!(
        !junit
            .chars()
            .any(|c| matches!(c, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'))
    );
    roxmltree::Document::parse(&junit).unwrap();
}

#[test]
fn secrets_appear_in_no_output() {
    let server = Server::start(|hit| {
        Reply::json(500, format!(r#"{{"you sent":{:?},"query":"{}"}}"#, hit.body, hit.path))
            .with("Set-Cookie", "sid=cookiesecret")
    });
    let folder = Folder::new();
    let plan = format!(
        "secrets: {{ key: 'sup3r s3cret' }}\n{}",
        once(
            &server,
            "- post: /?k=${key}\n  auth: { basic: { username: ann, password: \"${key}\" } }\n  json: { key: \"${key}\" }\n- log: 'key is ${key}'"
        )
    );
    let ran = folder.run_plan(&plan, &["-v"]).expect_code(1);
    let all = [ran.stdout, ran.stderr, folder.junit(), folder.results().to_string()].join("\n");
    for spelling in ["sup3r s3cret", "sup3r%20s3cret", "YW5uOnN1cDNyIHMzY3JldA", "cookiesecret"] {
        assert!(!all.contains(spelling), "{spelling} is in the output:\n{all}");
    }
    assert!(all.contains("***"));
    assert_eq!(server.hits()[0].headers["authorization"], "Basic YW5uOnN1cDNyIHMzY3JldA==");
}

/// A server whose certificate nobody has signed but itself; the certificate is returned as PEM.
fn self_signed() -> (String, String) {
    let key = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let certificate = key.cert.der().clone();
    let private = rustls::pki_types::PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], private)
        .unwrap();
    let config = std::sync::Arc::new(config);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = config.clone();
            std::thread::spawn(move || {
                use std::io::{Read as _, Write as _};
                let mut tls = rustls::StreamOwned::new(rustls::ServerConnection::new(config).unwrap(), stream);
                let mut buffer = [0; 4096];
                while tls.read(&mut buffer).is_ok_and(|count| count > 0) {
                    if tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err() {
                        return;
                    }
                }
            });
        }
    });
    (format!("https://localhost:{port}"), key.cert.pem())
}

#[test]
fn a_self_signed_certificate_is_told_in_words_and_can_be_trusted() {
    let (url, pem) = self_signed();
    let folder = Folder::new();
    folder.write("ca.pem", pem);
    let plan = |tls: &str| {
        format!(
            "http: {{ base_url: '{url}'{tls} }}\nthread_groups:\n  g: {{ iterations: 2, steps: [ {{ get: / }} ] }}\n"
        )
    };
    let ran = folder.run_plan(&plan(""), &[]).expect_code(3);
    assert_eq!(folder.results()["errors"][0]["kind"], "tls");
    for told in ["certificate", "ca_file", "verify: false"] {
        assert!(ran.stdout.contains(told), "{told} is missing in\n{}", ran.stdout);
    }
    folder.run_plan(&plan(", tls: { ca_file: ca.pem }"), &[]).expect_code(0);
    folder.run_plan(&plan(", tls: { verify: false }"), &[]).expect_code(0);
    let results = folder.results();
    assert_eq!(sampler(&results, "GET /")["phases"]["tls"]["max_ms"].as_f64().map(|ms| ms > 0.0), Some(true));
}

#[test]
fn several_plans_run_one_after_the_other_and_none_if_one_is_invalid() {
    let server = Server::start(|hit| Reply::text(if hit.path == "/bad" { 500 } else { 200 }, ""));
    let folder = Folder::new();
    folder.write("good.yaml", once(&server, "- get: /good"));
    folder.write("bad.yaml", once(&server, "- get: /bad"));
    folder.write("invalid.yaml", "name: x\n");
    folder.loadplan(&["run", "good.yaml", "invalid.yaml"]).expect_code(2);
    assert!(server.hits().is_empty(), "nothing is sent when any plan is invalid");
    let ran = folder.loadplan(&["run", "bad.yaml", "good.yaml"]).expect_code(1);
    assert_eq!(ran.stdout.lines().last(), Some("FAILED (exit 1): 1 of 2 plans: bad.yaml"));
    folder.loadplan(&["run", "good.yaml", "good.yaml", "--out", "twice"]).expect_code(0);
    assert!(
        folder.path().join("twice/good/junit.xml").exists() && folder.path().join("twice/good-2/junit.xml").exists()
    );
    for name in ["good", "bad"] {
        let results: serde_json::Value =
            serde_json::from_str(&folder.read(&format!("loadplan-results/{name}/results.json"))).unwrap();
        assert_eq!(results["verdict"]["passed"], name == "good");
    }
}

#[test]
fn regression_each_verdict_of_several_quiet_runs_says_whose_it_is() {
    let server = Server::start(|hit| Reply::text(if hit.path == "/bad" { 500 } else { 200 }, ""));
    let folder = Folder::new();
    folder.write("good.yaml", once(&server, "- get: /good"));
    folder.write("bad.yaml", once(&server, "- get: /bad"));
    let ran = folder.loadplan(&["run", "bad.yaml", "good.yaml", "--quiet"]).expect_code(1);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines[0].starts_with("bad.yaml: FAILED") && lines[1].starts_with("good.yaml: PASSED"), "{lines:?}");
    let ran = folder.loadplan(&["run", "good.yaml", "--quiet"]).expect_code(0);
    assert!(ran.stdout.starts_with("PASSED"), "{}", ran.stdout);
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_the_first_request() {
    let server = Server::start(|_| Reply::text(200, ""));
    let folder = Folder::new();
    folder.write("file", "in the way");
    let ran = folder.run_plan(&once(&server, "- get: /"), &["--out", "file/inside"]).expect_code(4);
    assert!(ran.stderr.contains("file"), "{}", ran.stderr);
    assert!(server.hits().is_empty());
}

#[test]
fn commands_of_a_plan_run_only_when_they_are_allowed() {
    let server = Server::start(|_| Reply::text(200, ""));
    let folder = Folder::new();
    let plan = against(
        &server,
        "services: { helper: { command: 'touch started; sleep 30', stop: touch stopped, ready: { url: 'BASE/health', within: 10s } } }
http: { base_url: BASE }
thread_groups:
  g: { iterations: 1, steps: [ { get: / } ] }
",
    );
    let ran = folder.run_plan(&plan, &[]).expect_code(2);
    assert!(ran.stderr.contains("--allow-commands"), "{}", ran.stderr);
    assert!(server.hits().is_empty() && !folder.path().join("started").exists());
    folder.run_plan(&plan, &["--allow-commands"]).expect_code(0);
    assert!(folder.path().join("started").exists() && folder.path().join("stopped").exists());
}

#[test]
fn credentials_that_a_target_sends_back_are_masked() {
    let server = Server::start(|hit| {
        let echo = format!("{} {:?} {:?}", hit.path, hit.headers.get("authorization"), hit.headers.get("cookie"));
        Reply::text(500, echo).with("Set-Cookie", "sid=jarcookie77; Path=/")
    });
    let folder = Folder::new();
    let authority = server.address;
    let plan = format!(
        "secrets: {{ key: 'pa ss/1' }}
http: {{ base_url: 'http://{authority}' }}
thread_groups:
  g:
    iterations: 2
    steps:
      - get: /q?k=${{key}}
        auth: {{ basic: {{ username: ann, password: plainpw77 }} }}
      - get: /h
        headers: {{ Authorization: 'Token headertoken55', Cookie: 'c=writtencookie88' }}
        assert: {{ status: 500, body: {{ contains: nothing }} }}
      - get: http://usr:urlpassword99@{authority}/x
"
    );
    let ran = folder.run_plan(&plan, &["-v"]).expect_code(1);
    let all = [ran.stdout, ran.stderr, folder.junit(), folder.results().to_string()].join("\n");
    for spelling in [
        "pa%20ss/1",
        "plainpw77",
        "YW5uOnBsYWlucHc3Nw",
        "headertoken55",
        "writtencookie88",
        "jarcookie77",
        "urlpassword99",
        "dXNyOnVybHBhc3N3b3JkOTk",
    ] {
        assert!(!all.contains(spelling), "{spelling} is in the output:\n{all}");
    }
}

#[test]
fn an_assertion_on_size_alone_judges_the_decoded_body() {
    use std::io::Write as _;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&[b'a'; 6000]).unwrap();
    let body = gzip.finish().unwrap();
    let server =
        Server::start(move |_| Reply::Answer(200, vec![("Content-Encoding".into(), "gzip".into())], body.clone()));
    let folder = Folder::new();
    folder.run_plan(&once(&server, "- get: /a\n  assert:\n    size: { equals: 6000B }"), &[]).expect_code(0);
    folder.run_plan(&once(&server, "- get: /a\n  assert:\n    size: { below: 6000B }"), &[]).expect_code(1);
}
