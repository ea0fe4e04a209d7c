//! A run always ends and always writes: blocked pipes, signals of every kind, what killed runs
//! leave behind, and outputs that would replace something.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::process::Stdio;
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
fn regression_d16_a_lost_terminal_and_sigquit_end_a_run_as_sigterm_does() {
    use rustix::process::Signal;
    for signal in [Signal::HUP, Signal::QUIT] {
        let (code, folder) = signalled(signal);
        assert_eq!(code, 143, "{signal:?}");
        assert_eq!(folder.results()["run"]["stopped_by"], "sigterm");
        assert!(folder.junit().contains("stopped by SIGTERM"));
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
    // A file of the last second might be about to be locked by another run.
    std::thread::sleep(Duration::from_millis(1200));
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
        (&["--json", "a", "--junit", "./a"][..], 4, "would both be written to"),
        (&["--json", "sub/../a", "--csv", "a"], 4, "would both be written to"),
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
