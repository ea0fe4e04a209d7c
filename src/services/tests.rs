//! Services as a run uses them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Service, ServiceKind, start};
use crate::demo;

fn command(name: &str, command: &str) -> Service<String> {
    let kind = ServiceKind::Command { command: command.to_owned(), stop: None, ready: None, url: None };
    Service { name: name.into(), kind }
}

fn with_ready(mut service: Service<String>, ready_url: &str, within: Duration) -> Service<String> {
    if let ServiceKind::Command { ready, .. } = &mut service.kind {
        *ready = Some((ready_url.to_owned(), within));
    }
    service
}

fn with_stop(mut service: Service<String>, line: &str) -> Service<String> {
    if let ServiceKind::Command { stop, .. } = &mut service.kind {
        *stop = Some(line.to_owned());
    }
    service
}

fn demo() -> Service<String> {
    Service { name: "api".into(), kind: ServiceKind::Demo(demo::Options::default()) }
}

/// A server that is not ready for its first answers; tells its URL.
fn late_server(unready: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/health", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (index, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 2048]);
            let status = if index < unready { "503 Starting" } else { "200 OK" };
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    url
}

/// A port nobody listens on.
fn closed_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

fn alive(pid: &str) -> bool {
    // A zombie, and one that is being buried, are as good as gone.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with(['Z', 'X']) && !rest.trim().is_empty())
}

/// Waits until a process is gone: its end of a pipe closes a moment before that.
async fn expect_gone(pid: &str) {
    for _ in 0..100 {
        if !alive(pid) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the group's process {pid} is still there");
}

async fn wait_for_file(path: &Path) -> String {
    for _ in 0..200 {
        if let Ok(text) = std::fs::read_to_string(path)
            && text.ends_with('\n')
        {
            return text.trim().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{} was not written", path.display());
}

#[tokio::test]
async fn commands_need_permission() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let services = vec![demo(), command("db", &format!("echo > {}", mark.display()))];
    let problem = start(services, false).await.unwrap_err().to_string();
    assert!(problem.contains("`db`") && problem.contains("--allow-commands"), "{problem}");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!mark.exists());
}

#[tokio::test]
async fn the_sample_api_needs_no_permission() {
    let services = vec![demo()];
    let started = start(services, false).await.unwrap();
    let (name, url) = started.urls[0].clone();
    assert_eq!(&*name, "api");
    let address = url.strip_prefix("http://").unwrap().to_owned();
    assert!(tokio::net::TcpStream::connect(&address).await.is_ok());
    assert_eq!(started.stop().await, Vec::<String>::new());
    assert!(tokio::net::TcpStream::connect(&address).await.is_err());
}

#[tokio::test]
async fn a_run_waits_until_its_service_is_ready() {
    let url = late_server(3);
    let began = Instant::now();
    let mut service = with_ready(command("db", "sleep 300"), &url, Duration::from_secs(30));
    if let ServiceKind::Command { url, .. } = &mut service.kind {
        *url = Some("http://127.0.0.1:1".to_owned());
    }
    let started = start(vec![service], true).await.unwrap();
    // Asked at 0, 250, 500 and 750 ms; the fourth time with success.
    assert!(began.elapsed() >= Duration::from_millis(700), "{:?}", began.elapsed());
    assert_eq!(started.urls, [("db".into(), "http://127.0.0.1:1".to_owned())]);
    assert_eq!(started.stop().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_command_that_ends_well_may_have_started_something_in_the_background() {
    let url = late_server(2);
    let started = start(vec![with_ready(command("db", "true"), &url, Duration::from_secs(30))], true).await.unwrap();
    assert_eq!(started.stop().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_command_that_fails_is_told_with_its_last_words() {
    let service = command("db", "echo starting; printf '\\033[31mno such image\\033[0m\\n' >&2; exit 3");
    let problem =
        start(vec![with_ready(service, &closed_url(), Duration::from_secs(30))], true).await.unwrap_err().to_string();
    assert_eq!(
        problem,
        "service `db` ended before it was ready (exit code 3); its last output:\n| starting\n| no such image"
    );
}

#[tokio::test]
async fn a_service_that_is_never_ready_is_given_up() {
    let service = with_ready(command("db", "echo hm; exec sleep 300"), &closed_url(), Duration::from_secs(3));
    let began = Instant::now();
    let problem = start(vec![service], true).await.unwrap_err().to_string();
    assert!(problem.starts_with("service `db` was not ready within 3s: http://127.0.0.1:"), "{problem}");
    assert!(problem.contains("refused") && problem.ends_with("\n| hm"), "{problem}");
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn an_unusable_ready_url_is_found_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let service = command("db", &format!("echo > {}", mark.display()));
    let problem =
        start(vec![with_ready(service, "localhost:80/x", Duration::from_secs(1))], true).await.unwrap_err().to_string();
    assert!(problem.contains("`ready: { url: localhost:80/x }`"), "{problem}");
    assert!(!mark.exists());
}

#[tokio::test]
async fn stopping_ends_what_the_command_started_and_lets_it_clean_up() {
    let folder = tempfile::tempdir().unwrap();
    let (pid, done) = (folder.path().join("pid"), folder.path().join("done"));
    let inner = format!(
        "trap 'sleep 0.3; echo cleaned > {}; exit 0' TERM; echo $$ > {}; while :; do sleep 0.05; done",
        done.display(),
        pid.display()
    );
    // The outer shell ends at once when it is told to; the inner one takes its time.
    let started =
        start(vec![command("db", &format!("sh -c \"{}\"; true", inner.replace("$$", "\\$\\$")))], true).await.unwrap();
    let inner_pid = wait_for_file(&pid).await;
    assert!(alive(&inner_pid));
    // The shells were ended because we asked, so that is no problem.
    assert_eq!(started.stop().await, Vec::<String>::new());
    expect_gone(&inner_pid).await;
    assert_eq!(std::fs::read_to_string(done).unwrap().trim(), "cleaned");
}

#[tokio::test]
async fn dropping_ends_the_whole_group() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let line = format!("trap '' TERM; sleep 300 & echo $! > {}; wait", pid.display());
    let started = start(vec![command("db", &line)], true).await.unwrap();
    let child = wait_for_file(&pid).await;
    assert!(alive(&child));
    drop(started);
    expect_gone(&child).await;
}

#[tokio::test]
async fn stop_commands_run_in_reverse_order_and_their_failures_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let note = |word: &str| format!("echo {word} >> {}", log.display());
    let services = vec![
        with_stop(command("first", "true"), &note("first")),
        with_stop(command("second", "true"), &format!("{}; echo went wrong; exit 7", note("second"))),
    ];
    let problems = start(services, true).await.unwrap().stop().await;
    assert_eq!(problems, ["service `second`: its stop command failed (exit code 7); its last output:\n| went wrong"]);
    assert_eq!(std::fs::read_to_string(log).unwrap(), "second\nfirst\n");
}

#[tokio::test]
async fn a_failed_start_stops_what_was_started_before() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let services = vec![
        with_stop(command("first", "sleep 300"), &format!("echo > {}", mark.display())),
        with_ready(command("second", "exit 1"), &closed_url(), Duration::from_secs(30)),
    ];
    let problem = start(services, true).await.unwrap_err().to_string();
    assert_eq!(problem, "service `second` ended before it was ready (exit code 1)");
    assert!(mark.exists());
}

#[tokio::test]
async fn a_service_that_ends_during_the_run_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let line = format!("echo out of memory; echo > {}; exit 137", mark.display());
    let started = start(vec![command("db", &line)], true).await.unwrap();
    wait_for_file(&mark).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(
        started.stop().await,
        ["service `db` ended during the run (exit code 137); its last output:\n| out of memory"]
    );
}

#[tokio::test]
async fn a_chatty_service_is_neither_blocked_nor_kept_whole() {
    let line = "i=0; while [ $i -lt 20000 ]; do echo line $i of a lot of text; i=$((i+1)); done; exit 2";
    let service = with_ready(command("db", line), &closed_url(), Duration::from_secs(60));
    let problem = start(vec![service], true).await.unwrap_err().to_string();
    assert!(problem.contains("(exit code 2)") && problem.contains("| line 19999 of a lot of text"), "{problem}");
    assert!(problem.len() < 2000, "{}", problem.len());
}
