//! The live page: who may see it, what it is sent, and that it ends with the run.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Folder, Ran, Reply, Server};

const PLAN: &str = "name: Shown
secrets: { word: open-sesame }
thread_groups:
  visitors:
    users: 2
    duration: 6s
    think_time: 20ms
    steps:
      - get: /fine
      - get: /bad?word=${word}
thresholds:
  - error_rate < 90%
";

/// A run whose page is served.
struct Shown {
    child: Child,
    /// `127.0.0.1:PORT`.
    address: String,
    /// `/TOKEN/`.
    path: String,
}

impl Shown {
    fn start(folder: &Folder, plan: &str, more: &[&str]) -> Self {
        folder.write("plan.yaml", plan);
        let mut args = vec!["run", "plan.yaml", "--dashboard", "--quiet"];
        args.extend(more);
        let mut child = folder.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("dashboard: http://").unwrap_or_else(|| panic!("{line}"));
        let (address, path) = url.split_once('/').unwrap();
        Self { child, address: address.to_owned(), path: format!("/{path}") }
    }

    /// A request with these header lines; the connection it is answered on.
    fn send(&self, method: &str, path: &str, headers: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n").unwrap();
        stream
    }

    /// The whole answer, from the server's own name.
    fn ask(&self, method: &str, path: &str) -> String {
        self.asked_as(method, path, &format!("Host: {}\r\n", self.address))
    }

    fn asked_as(&self, method: &str, path: &str, headers: &str) -> String {
        let mut answer = String::new();
        self.send(method, path, headers).read_to_string(&mut answer).unwrap();
        answer
    }

    fn events(&self) -> Events {
        let stream = self.send("GET", &format!("{}events", self.path), &format!("Host: {}\r\n", self.address));
        Events(BufReader::new(stream))
    }

    fn wait(mut self) -> Ran {
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        Ran { code, stdout, stderr: String::new() }
    }
}

struct Events(BufReader<TcpStream>);

impl Iterator for Events {
    /// Its name and what it says.
    type Item = (String, Value);

    fn next(&mut self) -> Option<Self::Item> {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(event) = line.strip_prefix("event: ") {
                name = event.trim().to_owned();
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some((name, serde_json::from_str(data).unwrap()));
            }
        }
    }
}

fn target() -> Server {
    Server::start(|hit| match hit.path.as_str() {
        "/fine" => Reply::text(200, "fine"),
        _ => Reply::text(500, "the word is open-sesame"),
    })
}

fn against(server: &Server) -> String {
    PLAN.replace("thread_groups:", &format!("http: {{ base_url: \"{}\" }}\nthread_groups:", server.url()))
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap()
}

#[test]
fn only_who_knows_the_address_is_let_in_and_by_no_other_name() {
    let (server, folder) = (target(), Folder::new());
    let shown = Shown::start(&folder, &against(&server), &[]);
    let page = shown.ask("GET", &shown.path);
    assert_eq!(status(&page), "200");
    assert!(page.contains("content-security-policy") || page.contains("Content-Security-Policy"));
    assert!(page.contains("x-frame-options: DENY") && page.contains("cache-control: no-store"), "{page:.600}");

    // Without the token, or with another.
    let token = shown.path.trim_matches('/');
    assert_eq!(token.len(), 32);
    let other: String = token.chars().map(|c| if c == '0' { '1' } else { '0' }).collect();
    for path in ["/".into(), "/events".into(), "/stop".into(), format!("/{other}/"), format!("/{}/", &token[..31])] {
        assert_eq!(status(&shown.ask("GET", &path)), "403", "{path}");
        assert_eq!(status(&shown.ask("POST", &path)), "403", "{path}");
    }
    // By a foreign name, as a page of another site can make one mean this machine.
    let port = shown.address.rsplit(':').next().unwrap();
    for host in ["evil.example", &format!("evil.example:{port}"), "127.0.0.1", &format!("10.0.0.1:{port}")] {
        assert_eq!(status(&shown.asked_as("GET", &shown.path, &format!("Host: {host}\r\n"))), "403", "{host}");
    }
    assert_eq!(status(&shown.asked_as("GET", &shown.path, &format!("Host: localhost:{port}\r\n"))), "200");
    assert_ne!(status(&shown.asked_as("GET", &shown.path, "")), "200");
    // From another site.
    let stop = format!("{}stop", shown.path);
    for origin in ["http://evil.example", "null", &format!("https://{}", shown.address)] {
        let headers = format!("Host: {}\r\nOrigin: {origin}\r\nContent-Length: 0\r\n", shown.address);
        assert_eq!(status(&shown.asked_as("POST", &stop, &headers)), "403", "{origin}");
    }
    assert_eq!(status(&shown.ask("GET", &stop)), "405", "a link cannot stop the run");
    shown.wait().expect_code(0);
    assert_eq!(folder.results()["run"]["stopped_by"], Value::Null);
}

#[test]
fn the_page_follows_the_run_and_stays_as_its_report() {
    let (server, folder) = (target(), Folder::new());
    let shown = Shown::start(&folder, &against(&server), &[]);
    let mut seconds: Vec<u64> = Vec::new();
    let mut counts = Vec::new();
    let mut last = None;
    for (name, message) in shown.events() {
        assert!(!message.to_string().contains("open-sesame"), "secrets are masked");
        let page = &message["page"];
        if name == "end" {
            assert_eq!((&message["whole"], &page["live"]), (&true.into(), &false.into()));
            last = Some(page.clone());
            break;
        }
        assert_eq!(page["live"], true);
        if message["whole"] == true {
            seconds.clear();
        }
        seconds.extend(page["series"]["t_s"].as_array().unwrap().iter().map(|second| second.as_u64().unwrap()));
        counts.push(page["document"]["totals"]["count"].as_u64().unwrap());
        assert!(
            page["document"]["verdict"]["reasons"].as_array().unwrap().is_empty(),
            "{}",
            page["document"]["verdict"]
        );
    }
    let last = last.expect("the end is told");
    // How many pages come in six seconds depends on what the machine has left for making them.
    assert!(counts.is_sorted(), "{counts:?}");
    let expected: Vec<u64> = (0..seconds.len() as u64).collect();
    assert_eq!(seconds, expected, "each second comes once");
    shown.wait().expect_code(0);
    let results = folder.results();
    assert_eq!(last["document"]["totals"], results["totals"]);
    assert_eq!(last["document"]["verdict"], results["verdict"]);
    let total = results["totals"]["count"].as_u64().unwrap();
    assert!(counts.first().is_none_or(|first| *first < total), "{counts:?} of {total}");
    assert!(counts.last().is_none_or(|last| *last <= total), "{counts:?} of {total}");
}

#[test]
fn an_open_page_does_not_hold_up_the_end_of_the_run() {
    let (server, folder) = (target(), Folder::new());
    let begin = Instant::now();
    let shown = Shown::start(&folder, &against(&server).replace("6s", "1s"), &[]);
    // One that never reads, one that never asks, and one that reads.
    let host = format!("Host: {}\r\n", shown.address);
    let deaf = shown.send("GET", &format!("{}events", shown.path), &host);
    let silent = TcpStream::connect(&shown.address).unwrap();
    let events = shown.events();
    shown.wait().expect_code(0);
    assert!(begin.elapsed() < Duration::from_secs(15), "it took {:?}", begin.elapsed());
    assert_eq!(events.last().unwrap().0, "end");
    drop((deaf, silent));
}

#[test]
fn the_button_ends_the_run_gracefully_with_every_report() {
    let (server, folder) = (target(), Folder::new());
    let shown = Shown::start(&folder, &against(&server).replace("6s", "60s"), &[]);
    let mut events = shown.events();
    events.next().unwrap();
    let begin = Instant::now();
    while server.hits().is_empty() && begin.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let headers = format!("Host: {0}\r\nOrigin: http://{0}\r\nContent-Length: 0\r\n", shown.address);
    assert_eq!(status(&shown.asked_as("POST", &format!("{}stop", shown.path), &headers)), "202");
    assert_eq!(events.last().unwrap().0, "end");
    let ran = shown.wait().expect_code(130);
    // On a busy machine little was sent by then, and a threshold may have failed too.
    assert!(ran.stdout.starts_with("FAILED (exit 130): stopped from the dashboard"), "{}", ran.stdout);
    let results = folder.results();
    assert_eq!(results["run"]["stopped_by"], "dashboard");
    assert!(results["totals"]["count"].as_u64().unwrap() > 0);
    assert!(folder.junit().contains("RunStopped"));
}

#[test]
fn a_page_that_is_opened_before_the_first_second_has_passed_is_no_fault() {
    let (server, folder) = (target(), Folder::new());
    let shown = Shown::start(&folder, &against(&server).replace("6s", "2s"), &[]);
    let (name, message) = shown.events().next().unwrap();
    assert_eq!(name, "page");
    assert_eq!(message["page"]["series"]["t_s"], serde_json::json!([]));
    shown.wait().expect_code(0);
}

/// Connections that say nothing must not take the open files the run needs.
#[cfg(target_os = "linux")]
#[test]
fn silent_connections_take_no_more_than_their_places() {
    let (server, folder) = (target(), Folder::new());
    let shown = Shown::start(&folder, &against(&server).replace("6s", "4s"), &[]);
    let silent: Vec<TcpStream> = (0..150).map(|_| TcpStream::connect(&shown.address).unwrap()).collect();
    std::thread::sleep(Duration::from_secs(1));
    let open = std::fs::read_dir(format!("/proc/{}/fd", shown.child.id())).unwrap().count();
    assert!(open < 120, "{open} files are open");
    shown.wait().expect_code(0);
    drop(silent);
}

#[test]
fn idle_connections_keep_nobody_away() {
    let (server, folder) = (target(), Folder::new());
    let shown = Shown::start(&folder, &against(&server).replace("6s", "4s"), &[]);
    // Silent ones, such as have sent half a head, and such as have had their response.
    let held: Vec<TcpStream> = (0..90)
        .map(|index| {
            let mut stream = TcpStream::connect(&shown.address).unwrap();
            let sent = ["", "GET / HTTP/1.1\r\nHo", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"][index % 3];
            stream.write_all(sent.as_bytes()).unwrap();
            stream
        })
        .collect();
    let begin = Instant::now();
    let page = shown.ask("GET", &shown.path);
    assert_eq!(status(&page), "200");
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    assert_eq!(
        status(&shown.asked_as("POST", &format!("{}stop", shown.path), &format!("Host: {}\r\n", shown.address))),
        "202"
    );
    shown.wait().expect_code(130);
    drop(held);
}

#[test]
fn a_request_head_that_is_not_complete_in_ten_seconds_is_given_up() {
    let (server, folder) = (target(), Folder::new());
    let shown = Shown::start(&folder, &against(&server).replace("6s", "14s"), &[]);
    let mut half = TcpStream::connect(&shown.address).unwrap();
    half.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    half.set_read_timeout(Some(Duration::from_secs(13))).unwrap();
    let begin = Instant::now();
    // Closed by the other side: the end, or a reset; not this side's timeout.
    let ended = half.read(&mut [0; 100]);
    assert!(begin.elapsed() > Duration::from_secs(5), "{ended:?} after {:?}", begin.elapsed());
    assert!(!matches!(&ended, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock), "{ended:?}");
    shown.ask("POST", &format!("{}stop", shown.path));
    shown.wait().expect_code(130);
}

#[test]
fn the_address_without_its_last_slash_leads_to_the_page() {
    let (server, folder) = (target(), Folder::new());
    let shown = Shown::start(&folder, &against(&server).replace("6s", "1s"), &[]);
    let answer = shown.ask("GET", shown.path.trim_end_matches('/'));
    assert_eq!(status(&answer), "308");
    assert!(answer.contains(&format!("location: {}\r\n", shown.path)), "{answer}");
    shown.wait().expect_code(0);
}

#[test]
fn a_port_that_is_taken_or_no_address_is_told_before_anything_is_sent() {
    let (server, folder) = (target(), Folder::new());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = folder.run_plan(&against(&server), &[&format!("--dashboard={address}")]).expect_code(2);
    assert!(
        ran.stderr.contains(&format!("--dashboard cannot listen on {address}: another program listens there")),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("help: choose another port"), "{}", ran.stderr);
    let ran = folder.run_plan(&against(&server), &["--dashboard=example.com"]).expect_code(2);
    assert!(ran.stderr.contains("write a port or an address with a port"), "{}", ran.stderr);
    let ran = folder.run_plan(&against(&server), &["--dashboard", "8080"]).expect_code(2);
    assert!(ran.stderr.contains("8080 is not a plan"), "{}", ran.stderr);
    assert!(ran.stderr.contains("--dashboard=8080"), "{}", ran.stderr);
    assert!(server.hits().is_empty());
}

#[test]
fn regression_the_button_stops_the_plans_to_come_too_and_their_older_reports_are_replaced() {
    let (server, folder) = (target(), Folder::new());
    folder.write("two.yaml", against(&server));
    let shown = Shown::start(&folder, &against(&server).replace("6s", "60s"), &["two.yaml"]);
    shown.events().next().unwrap();
    let headers = format!("Host: {0}\r\nOrigin: http://{0}\r\nContent-Length: 0\r\n", shown.address);
    assert_eq!(status(&shown.asked_as("POST", &format!("{}stop", shown.path), &headers)), "202");
    shown.wait().expect_code(130);
    let results: Value = serde_json::from_str(&folder.read("loadplan-results/two/results.json")).unwrap();
    assert_eq!(results["run"]["stopped_by"], "dashboard");
    assert_eq!(results["totals"]["count"], 0);
}
