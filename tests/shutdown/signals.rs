//! What signals and suspension do to a run, and what is said of it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::support::{Folder, Reply, Server, against};
use super::{ends, tell};

/// Waits until a server has had this many requests.
fn hits(server: &Server, count: usize) {
    let begin = Instant::now();
    while server.hits().len() < count && begin.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn regression_a_run_that_was_suspended_past_its_end_is_not_given_up() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }\nthread_groups:\n  g: { users: 4, duration: 3s, graceful_stop: 1s, think_time: 50ms, steps: [{ get: /a }] }\n";
    folder.write("plan.yaml", against(&server, plan));
    let child = folder.command(&["run", "plan.yaml", "--quiet"]).spawn().unwrap();
    hits(&server, 4);
    tell(&child, Signal::STOP);
    // The end with all its allowances, 3 s + 1 s + 1 s, passes in this time.
    std::thread::sleep(Duration::from_secs(8));
    tell(&child, Signal::CONT);
    assert_eq!(ends(child), 0);
    assert_eq!(folder.results()["run"]["internal_error"], serde_json::Value::Null);
}

/// What `nohup` and shells without job control set for background jobs stays as it is (POSIX, `nohup`; Shell 2.12).
#[cfg(target_os = "linux")]
#[test]
fn regression_signals_that_are_ignored_when_a_run_begins_do_not_end_it() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan =
        "http: { base_url: BASE }\nthread_groups:\n  g: { duration: 3s, think_time: 50ms, steps: [{ get: /a }] }\n";
    folder.write("plan.yaml", against(&server, plan));
    let child = Command::new("sh")
        .current_dir(folder.path())
        .args(["-c", "trap '' HUP INT QUIT; exec \"$0\" run plan.yaml --quiet", env!("CARGO_BIN_EXE_loadplan")])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    hits(&server, 3);
    for signal in [Signal::HUP, Signal::INT, Signal::QUIT] {
        tell(&child, signal);
    }
    assert_eq!(ends(child), 0);
    assert_eq!(folder.results()["run"]["stopped_by"], serde_json::Value::Null);
}

#[test]
fn regression_both_ctrl_c_are_answered_at_once_and_the_second_leaves_no_older_report() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/hang" => Reply::Silence(Duration::from_secs(60)),
        _ => Reply::text(200, "ok"),
    });
    let folder = Folder::new();
    let plan = |path: &str| {
        let plan =
            "http: { base_url: BASE, timeout: 600s }\nthread_groups:\n  g: { iterations: 1, steps: [{ get: PATH }] }\n";
        against(&server, plan).replace("PATH", path)
    };
    let files = || std::fs::read_dir(folder.path().join("loadplan-results")).unwrap().count();
    folder.run_plan(&plan("/a"), &[]).expect_code(0);
    assert_eq!(files(), 3, "results.json, junit.xml and report.html, all green");
    folder.write("plan.yaml", plan("/hang"));
    let mut child = folder.command(&["run", "plan.yaml"]).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    hits(&server, 2);
    // What is under way is known half a second later.
    std::thread::sleep(Duration::from_secs(2));
    tell(&child, Signal::INT);
    let mut line = String::new();
    while !line.starts_with("stopping") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "nothing was said");
    }
    assert_eq!(
        line,
        "stopping (Ctrl-C): 1 user may finish its requests under way, at most 30s (graceful_stop); press Ctrl-C again to end at once without reports\n"
    );
    std::thread::sleep(Duration::from_secs(1));
    tell(&child, Signal::INT);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(ends(child), 130);
    assert!(rest.ends_with("\nended at once by a second Ctrl-C; no reports were written\n"), "{rest}");
    assert_eq!(files(), 0, "neither the reports of the run before nor what was not complete");
}

#[test]
fn regression_sigterm_stops_the_plans_to_come_too_and_their_older_reports_are_replaced() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan = |load: &str| {
        let plan = "http: { base_url: BASE }\nthread_groups:\n  g: { LOAD, think_time: 50ms, steps: [{ get: /a }] }\n";
        against(&server, plan).replace("LOAD", load)
    };
    folder.write("one.yaml", plan("iterations: 1"));
    folder.write("two.yaml", plan("iterations: 1"));
    let args = ["run", "one.yaml", "two.yaml", "--quiet"];
    folder.loadplan(&args).expect_code(0);
    folder.write("one.yaml", plan("duration: 60s"));
    let child = folder.command(&args).spawn().unwrap();
    hits(&server, 4);
    tell(&child, Signal::TERM);
    assert_eq!(ends(child), 143);
    for plan in ["one", "two"] {
        let junit = folder.read(&format!("loadplan-results/{plan}/junit.xml"));
        assert!(junit.contains("stopped by SIGTERM"), "{plan}: {junit}");
    }
}
