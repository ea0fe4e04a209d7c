//! A run always ends and always writes: blocked pipes, signals of every kind, what killed runs
//! leave behind, and outputs that would replace something.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

#[cfg(unix)]
mod outputs;
#[cfg(unix)]
mod signals;
#[path = "../support/mod.rs"]
mod support;

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use support::{Folder, Reply, Server, against};

const LOG: &str = "http: { base_url: BASE }
thread_groups:
  g:
    users: 4
    duration: 2s
    steps:
      - get: /a
      - repeat: 2000
        steps: [{ log: a line that nobody reads }]
thresholds: [requests > 3]
";

#[test]
fn regression_d7_a_pipe_that_nobody_reads_does_not_hold_up_the_run() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder.write("plan.yaml", against(&server, LOG));
    let mut child =
        folder.command(&["run", "plan.yaml", "-v"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // The pipe is held open and never read: it takes 64 KiB.
    let unread = child.stderr.take();
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "the run waits for a reader");
        std::thread::sleep(Duration::from_millis(50));
    };
    drop(unread);
    assert_eq!(status.code(), Some(0));
    assert_eq!(folder.results()["verdict"]["exit_code"], 0);
}

#[test]
fn regression_d19_lines_of_log_that_come_too_fast_are_dropped_and_counted() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder.write("plan.yaml", against(&server, LOG));
    let mut child = folder.command(&["run", "plan.yaml"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    // A reader that comes late: it sees the beginning and the end.
    std::thread::sleep(Duration::from_millis(1500));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stderr, &mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(text.contains(": a line that nobody reads\n"), "{}", &text[..text.len().min(500)]);
    assert!(text.contains("came faster than they could be shown and were left out"), "{}", text.len());
}

#[cfg(unix)]
fn signalled(signal: rustix::process::Signal) -> (i32, Folder) {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }\nthread_groups:\n  g: { users: 2, duration: 60s, think_time: 50ms, steps: [{ get: /a }] }\n";
    folder.write("plan.yaml", against(&server, plan));
    let mut child = folder.command(&["run", "plan.yaml", "--quiet"]).spawn().unwrap();
    let begin = Instant::now();
    while server.hits().len() < 3 && begin.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), signal).unwrap();
    (child.wait().unwrap().code().unwrap_or(-1), folder)
}

#[cfg(unix)]
#[test]
fn regression_d16_a_lost_terminal_and_sigquit_end_a_run_and_are_named() {
    use rustix::process::Signal;
    for (signal, name) in [(Signal::HUP, "SIGHUP"), (Signal::QUIT, "SIGQUIT")] {
        let (code, folder) = signalled(signal);
        assert_eq!(code, 143, "{signal:?}");
        assert_eq!(folder.results()["run"]["stopped_by"], name.to_lowercase());
        assert!(folder.junit().contains(&format!("stopped by {name}")));
    }
}

#[cfg(unix)]
#[test]
fn regression_d16_the_next_run_clears_away_what_a_killed_one_left() {
    let (_, folder) = signalled(rustix::process::Signal::KILL);
    let leftovers = || {
        let names = std::fs::read_dir(folder.path().join("loadplan-results")).unwrap();
        names.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".tmp")).count()
    };
    assert!(leftovers() >= 3);
    let server = Server::start(|_| Reply::text(200, "ok"));
    let plan = "http: { base_url: BASE }\nthread_groups:\n  g: { iterations: 1, steps: [{ get: /a }] }\n";
    folder.run_plan(&against(&server, plan), &[]).expect_code(0);
    assert_eq!(leftovers(), 0);
}

#[test]
fn regression_d20_no_output_replaces_another_or_what_the_run_reads() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder.write("rows.csv", "id\n1\n");
    folder.write("more.yaml", "- get: /b\n");
    let plan = against(
        &server,
        "http: { base_url: BASE }\ndata: { rows: { file: rows.csv } }\nthread_groups:\n  g: { iterations: 1, steps: [{ get: '/a${rows.id}' }, { include: more.yaml }] }\n",
    );
    folder.write("plan.yaml", &plan);
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    for (args, code, told) in [
        (&["--json", "a", "--junit", "./a"][..], 2, "would both be written to"),
        (&["--json", "sub/../a", "--csv", "a"], 2, "would both be written to"),
        (&["--csv", "plan.yaml"], 2, "CSV would replace plan.yaml, which this run reads"),
        (&["--json", "sub/../rows.csv"], 2, "would replace rows.csv, which this run reads"),
        (&["--markdown", "more.yaml"], 2, "would replace more.yaml, which this run reads"),
    ] {
        let ran = folder.loadplan(&[&["run", "plan.yaml"], args].concat()).expect_code(code);
        assert!(ran.stderr.contains(told), "{args:?}: {}", ran.stderr);
    }
    assert_eq!((folder.read("plan.yaml"), folder.read("rows.csv")), (plan.clone(), "id\n1\n".into()));
    assert!(server.hits().is_empty());
    // Not even by the report of a plan that is refused.
    let broken = plan.replace("iterations", "loops");
    folder.write("plan.yaml", &broken);
    folder.loadplan(&["run", "plan.yaml", "--junit", "plan.yaml"]).expect_code(2);
    assert_eq!(folder.read("plan.yaml"), broken);
}

/// Waits for a process that must end by itself, long before a test would be given up.
#[cfg(unix)]
#[track_caller]
fn ends(mut child: Child) -> i32 {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code().unwrap_or(-1);
        }
        if begin.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(unix)]
fn tell(child: &Child, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).unwrap();
}

/// A plan that comes through a pipe: when its writing end is open, it is about to be read.
#[cfg(unix)]
fn piped_plan(folder: &Folder) -> (Child, std::fs::File) {
    let pipe = folder.path().join("plan.pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let child = folder.command(&["run", "plan.pipe", "--quiet"]).stdout(Stdio::null()).spawn().unwrap();
    let writer = std::fs::File::options().write(true).open(&pipe).unwrap();
    (child, writer)
}

#[cfg(unix)]
#[test]
fn regression_a_signal_while_plans_are_read_ends_the_run_with_reports() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let (child, mut writer) = piped_plan(&folder);
    tell(&child, rustix::process::Signal::TERM);
    // A thread has to be woken for it.
    std::thread::sleep(Duration::from_millis(700));
    let plan = "http: { base_url: BASE }\nsetup: [{ get: /s }]\nthread_groups:\n  g: { duration: 60s, steps: [{ get: /a }] }\n";
    std::io::Write::write_all(&mut writer, against(&server, plan).as_bytes()).unwrap();
    drop(writer);
    assert_eq!(ends(child), 143);
    let results = folder.results();
    assert_eq!(results["run"]["stopped_by"], "sigterm");
    assert_eq!(results["totals"]["count"], 0);
    assert!(folder.junit().contains("stopped by SIGTERM"));
    assert!(folder.read("loadplan-results/report.html").trim_end().ends_with("</html>"));
    assert!(server.hits().is_empty(), "nothing is sent any more");
}

#[cfg(unix)]
#[test]
fn regression_a_signal_ends_a_run_whose_plan_never_comes() {
    let folder = Folder::new();
    let (child, writer) = piped_plan(&folder);
    tell(&child, rustix::process::Signal::INT);
    assert_eq!(ends(child), 130);
    drop(writer);
}

#[cfg(target_os = "linux")]
#[test]
fn regression_sigterm_ends_a_run_and_those_after_it_although_nobody_reads_stdout() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan = |path: &str| {
        let plan = "http: { base_url: BASE }\nthread_groups:\n  g: { iterations: 1, steps: [{ get: PATH }] }\n";
        against(&server, plan).replace("PATH", path)
    };
    folder.write("one.yaml", plan("/one"));
    folder.write("two.yaml", plan("/two"));
    // pipe(7): it takes 65,536 bytes.
    let (unread, mut full) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut full, &[b'x'; 65536]).unwrap();
    let child = folder.command(&["run", "one.yaml", "two.yaml"]).stdout(full).spawn().unwrap();
    let begin = Instant::now();
    while !folder.path().join("loadplan-results/one/results.json").exists() && begin.elapsed() < Duration::from_secs(30)
    {
        std::thread::sleep(Duration::from_millis(20));
    }
    // The first run is over, and waits for somebody to read its summary.
    tell(&child, rustix::process::Signal::TERM);
    assert_eq!(ends(child), 143);
    drop(unread);
    let results = |plan: &str| -> serde_json::Value {
        serde_json::from_str(&folder.read(&format!("loadplan-results/{plan}/results.json"))).unwrap()
    };
    assert_eq!(results("one")["verdict"]["exit_code"], 0);
    assert_eq!(results("two")["run"]["stopped_by"], "sigterm");
    assert_eq!(server.hits().len(), 1, "the second run sends nothing");
}

#[cfg(unix)]
#[test]
fn regression_after_sigterm_services_that_do_not_end_are_not_waited_for() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }\nservices: { s: { command: \"trap '' TERM; while :; do sleep 1; done\" } }\nthread_groups:\n  g: { duration: 60s, graceful_stop: 0s, think_time: 50ms, steps: [{ get: /a }] }\n";
    folder.write("plan.yaml", against(&server, plan));
    let child = folder.command(&["run", "plan.yaml", "--quiet", "--allow-commands"]).spawn().unwrap();
    let begin = Instant::now();
    while server.hits().is_empty() && begin.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
    }
    tell(&child, rustix::process::Signal::TERM);
    assert_eq!(ends(child), 143);
    let junit = folder.junit();
    assert!(junit.contains("the services did not end in time after SIGTERM and were killed"), "{junit}");
}

#[cfg(unix)]
#[test]
fn regression_a_plan_is_read_once_and_to_a_limit_so_it_may_be_a_pipe_or_a_device() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan = "http: { base_url: BASE }\nthread_groups:\n  g: { iterations: 1, steps: [{ get: /a }] }\n";
    let plan = against(&server, plan);
    let (child, mut writer) = piped_plan(&folder);
    std::io::Write::write_all(&mut writer, plan.as_bytes()).unwrap();
    drop(writer);
    assert_eq!(ends(child), 0);
    let piped = folder.results()["plan"]["sha256"].clone();
    folder.run_plan(&plan, &[]).expect_code(0);
    assert_eq!(piped, folder.results()["plan"]["sha256"]);
    let zeros = folder.loadplan(&["run", "/dev/zero"]).expect_code(2);
    assert!(zeros.stderr.contains("is too large for a plan"), "{}", zeros.stderr);
}

/// A CI server that cancels a job sends SIGINT, SIGTERM some seconds later, and kills soon after.
#[cfg(unix)]
#[test]
fn regression_sigterm_after_ctrl_c_hurries_and_the_reports_are_written() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/hang" => Reply::Silence(Duration::from_secs(60)),
        _ => Reply::text(200, "ok"),
    });
    let folder = Folder::new();
    // Without SIGTERM the request that hangs has 30 s, the default of `graceful_stop`; with it 5 s.
    let plan = "http: { base_url: BASE, timeout: 600s }\nthread_groups:\n  stuck: { duration: 600s, steps: [{ get: /hang }] }\n  quick: { duration: 600s, think_time: 20ms, steps: [{ get: /a }], on_stop: [{ get: /bye }] }\n";
    folder.write("plan.yaml", against(&server, plan));
    let child = folder.command(&["run", "plan.yaml", "--quiet"]).spawn().unwrap();
    let until = |path: &str| {
        let begin = Instant::now();
        while !server.hits().iter().any(|hit| hit.path == path) && begin.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until("/hang");
    until("/a");
    tell(&child, rustix::process::Signal::INT);
    until("/bye");
    tell(&child, rustix::process::Signal::TERM);
    assert_eq!(ends(child), 130);
    let results = folder.results();
    assert_eq!(results["run"]["stopped_by"], "sigint");
    assert_eq!(results["totals"]["interrupted"], 1);
    assert!(results["run"]["duration_s"].as_f64().unwrap() < 25.0, "{}", results["run"]);
}

/// `timeout` of coreutils, like many that start programs, sends a signal to its child and to the whole group.
#[cfg(unix)]
#[test]
fn regression_a_signal_that_comes_twice_at_once_ends_the_run_with_reports() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    let plan =
        "http: { base_url: BASE }\nthread_groups:\n  g: { duration: 60s, think_time: 50ms, steps: [{ get: /a }] }\n";
    folder.write("plan.yaml", against(&server, plan));
    for twice in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let before = server.hits().len();
        let child = folder.command(&["run", "plan.yaml", "--quiet"]).spawn().unwrap();
        let begin = Instant::now();
        while server.hits().len() == before && begin.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(Duration::from_millis(20));
        }
        // What is pending already is not sent again, so the second one comes a moment later.
        tell(&child, twice);
        std::thread::sleep(Duration::from_millis(5));
        tell(&child, twice);
        let code = ends(child);
        assert!(matches!(code, 130 | 143), "{code}");
        assert_eq!(folder.results()["verdict"]["exit_code"], code);
        std::fs::remove_dir_all(folder.path().join("loadplan-results")).unwrap();
    }
}
