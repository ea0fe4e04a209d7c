//! Live metrics, driven through the real binary: what Prometheus scrapes and what a collector is
//! sent while a run goes, beside what the run says of itself at its end.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

#[path = "support/figures.rs"]
mod figures;
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message as _;

use figures::{Figures, attributes, key, parsed, received, same_as_results};
use support::{Folder, Ran, Reply, Server, against, sampler};

/// A plan with failures, a transaction, dropped iterations, a warm-up, and a teardown that leaves
/// time to look at the final figures.
const PLAN: &str = r"
name: Live figures
http: { base_url: BASE }
setup:
  - get: /setup
thread_groups:
  shoppers:
    users: 3
    duration: 4s
    warm_up: 500ms
    think_time: 20ms
    steps:
      - get: /ok
      - get: /bad
      - transaction: Order
        steps:
          - post: /orders
            body: text
  visitors:
    arrival_rate: 20/s
    duration: 4s
    max_users: 1
    thresholds: [dropped < 1000]
    steps:
      - get: /slow
teardown:
  - get: /teardown
thresholds:
  - error_rate < 100%
";

fn target() -> Server {
    Server::start(|hit| match hit.path.as_str() {
        "/bad" => Reply::text(500, "boom"),
        "/slow" => {
            std::thread::sleep(Duration::from_millis(120));
            Reply::text(200, "slow")
        }
        "/teardown" => {
            std::thread::sleep(Duration::from_secs(2));
            Reply::text(200, "done")
        }
        _ => Reply::text(200, "ok"),
    })
}

fn once(server: &Server) -> String {
    against(server, "http: { base_url: BASE }\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: /a\n")
}

/// A run under way whose metrics can be scraped.
struct Running {
    child: Child,
    address: String,
    stderr: std::thread::JoinHandle<String>,
}

impl Running {
    fn start(folder: &Folder, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut all = vec!["run", "plan.yaml", "--prometheus=127.0.0.1:0"];
        all.extend(args);
        let mut command = folder.command(&all);
        command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut told = String::new();
        let address = loop {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "no address was told:\n{told}");
            told.push_str(&line);
            if let Some(url) = line.strip_prefix("metrics: http://") {
                break url.trim().trim_end_matches("/metrics").to_owned();
            }
        };
        let stderr = std::thread::spawn(move || {
            let _ = stderr.read_to_string(&mut told);
            told
        });
        Self { child, address, stderr }
    }

    /// The whole answer to a request, if there still is one.
    fn ask(&self, method: &str, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.write_all(format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        (!answer.is_empty()).then_some(answer)
    }

    fn scrape(&self) -> Option<String> {
        let answer = self.ask("GET", "/metrics")?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"), "{head}");
        body.ends_with("# EOF\n").then(|| body.to_owned())
    }

    /// The last text that could be scraped, and every text before it.
    fn scrape_to_the_end(&self) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(text) = self.scrape() {
            texts.push(text);
            std::thread::sleep(Duration::from_millis(100));
        }
        texts
    }

    fn wait(mut self) -> Ran {
        let mut stdout = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        let status = self.child.wait().unwrap();
        Ran { code: status.code().unwrap_or(-1), stdout, stderr: self.stderr.join().unwrap() }
    }
}

fn collector() -> Server {
    Server::start(|_| Reply::Answer(200, vec![("Content-Type".into(), "application/x-protobuf".into())], Vec::new()))
}

#[test]
fn what_is_scraped_and_what_is_sent_is_what_the_results_say() {
    let (server, collector, folder) = (target(), collector(), Folder::new());
    folder.write("plan.yaml", against(&server, PLAN));
    let begin = SystemTime::now();
    let variables = [
        ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-team=load%20tests, Authorization=Bearer%20tok3n-of-collector"),
    ];
    let running = Running::start(&folder, &["--otlp", &collector.url()], &variables);
    let texts = running.scrape_to_the_end();
    let ran = running.wait().expect_code(0);
    let results = folder.results();

    let scraped: Vec<Figures> = texts.iter().map(|text| parsed(text)).collect();
    let without_plan = |figures: &Figures| -> Figures {
        let shown = figures.iter().filter(|((name, _), _)| name != "loadplan_run_info");
        shown
            .map(|((name, labels), value)| {
                let mut labels = labels.clone();
                assert_eq!(labels.remove("plan").as_deref(), Some("Live figures"));
                ((name.clone(), labels), *value)
            })
            .collect()
    };
    let last = without_plan(scraped.last().unwrap());
    same_as_results(&last, &results);
    let all: f64 = last.iter().filter(|((name, _), _)| name == "loadplan_requests_total").map(|(_, count)| count).sum();
    assert_eq!(all, results["totals"]["count"].as_f64().unwrap());
    assert!(last[&key("loadplan_iterations_dropped_total", &[("thread_group", "visitors")])] > 0.0);
    assert!(
        last[&key("loadplan_requests_failed_total", &[("thread_group", "shoppers"), ("sampler", "GET /bad")])] > 0.0
    );

    let users = key("loadplan_active_users", &[("thread_group", "shoppers")]);
    let during: Vec<Figures> = scraped.iter().map(without_plan).collect();
    assert!(during.iter().any(|figures| figures.get(&users) == Some(&3.0)));
    let distinct = during.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!((3..=6).contains(&distinct), "figures changed {distinct} times in four seconds");
    for pair in during.windows(2) {
        for (key, value) in pair[0].iter().filter(|((name, _), _)| name != "loadplan_active_users") {
            assert!(pair[1][key] >= *value, "{key:?} fell from {value} to {}", pair[1][key]);
        }
    }
    // The first scrape may come before the load has begun.
    let info = scraped.last().unwrap().keys().find(|(name, _)| name == "loadplan_run_info").unwrap();
    assert_eq!(info.1["run_id"], results["run"]["id"].as_str().unwrap());
    assert_eq!(info.1["host"], results["run"]["host"]["name"].as_str().unwrap());

    let hits = collector.hits();
    assert!(hits.len() >= 4, "{} messages in four seconds", hits.len());
    assert_eq!(received(hits.last().unwrap()), last, "both formats come from one snapshot");
    let mut starts = Vec::new();
    for hit in &hits {
        assert_eq!((hit.method.as_str(), hit.path.as_str()), ("POST", "/v1/metrics"));
        assert_eq!(hit.headers["content-type"], "application/x-protobuf");
        assert_eq!(hit.headers["x-team"], "load tests");
        assert_eq!(hit.headers["authorization"], "Bearer tok3n-of-collector");
        let message = ExportMetricsServiceRequest::decode(&*hit.bytes).unwrap();
        let resource = attributes(&message.resource_metrics[0].resource.as_ref().unwrap().attributes);
        assert_eq!(resource["service.name"], "loadplan");
        assert_eq!(resource["service.version"], results["tool"]["version"].as_str().unwrap());
        assert_eq!(resource["loadplan.plan"], "Live figures");
        assert_eq!(resource["loadplan.run_id"], results["run"]["id"].as_str().unwrap());
        assert_eq!(resource["host.name"], results["run"]["host"]["name"].as_str().unwrap());
        for metric in &message.resource_metrics[0].scope_metrics[0].metrics {
            if let Some(Data::Sum(sum)) = &metric.data {
                starts.extend(sum.data_points.iter().map(|point| (point.start_time_unix_nano, point.time_unix_nano)));
            }
        }
    }
    let (start, nano) = (starts[0].0, |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64);
    assert!(starts.iter().all(|one| one.0 == start && one.1 >= start), "a run has one start");
    assert!(starts.is_sorted_by_key(|one| one.1), "time goes on");
    assert!(start >= nano(begin) && start < nano(begin) + 3_000_000_000);
    let load_s = (starts.last().unwrap().1 - start) as f64 / 1e9;
    assert!((3.9..8.0).contains(&load_s), "the last figures are {load_s} s old");
    for text in [&ran.stdout, &ran.stderr, &folder.read("loadplan-results/results.json")] {
        assert!(!text.contains("tok3n-of-collector"));
    }
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
}

#[test]
fn only_get_metrics_is_answered() {
    let (server, folder) = (target(), Folder::new());
    folder.write("plan.yaml", against(&server, PLAN));
    let running = Running::start(&folder, &["--quiet", "--duration", "1s"], &[]);
    assert!(running.ask("GET", "/").unwrap().starts_with("HTTP/1.1 404"));
    let refused = running.ask("POST", "/metrics").unwrap();
    assert!(refused.starts_with("HTTP/1.1 405") && refused.contains("allow: GET"), "{refused}");
    assert!(running.scrape().is_some());
    let address = running.address.clone();
    running.wait().expect_code(0);
    assert!(TcpStream::connect(address).is_err(), "the endpoint ends with the run");
}

#[test]
fn hostile_text_is_escaped_and_secrets_are_masked() {
    let (server, collector, folder) = (target(), collector(), Folder::new());
    let plan = r#"
name: "a \"plan\" \\ of\nmine"
secrets: { password: s3cret-one, other: s3cret-two }
http: { base_url: BASE }
thread_groups:
  'group "x" {y="z"}, \n':
    iterations: 2
    steps:
      - name: "say \"hi\"} 1\\\nnext\\n ::error:: é"
        get: /a
      - { name: with s3cret-one, get: /b }
      - { name: with s3cret-two, get: /c }
teardown:
  - get: /teardown
"#;
    folder.write("plan.yaml", against(&server, plan));
    let running = Running::start(&folder, &["--otlp", &collector.url()], &[]);
    let texts = running.scrape_to_the_end();
    running.wait().expect_code(0);
    let (text, group) = (texts.last().unwrap(), "group \"x\" {y=\"z\"}, \\n");
    let label = "say \"hi\"} 1\\\nnext\\n ::error:: é";
    assert_eq!(sampler(&folder.results(), label)["count"], 2);
    let figures = parsed(text);
    let requests = |sampler: &str| {
        figures[&key(
            "loadplan_requests_total",
            &[("plan", "a \"plan\" \\ of\nmine"), ("thread_group", group), ("sampler", sampler)],
        )]
    };
    assert_eq!(requests(label), 2.0);
    assert_eq!(requests("with ***"), 4.0, "what looks alike once it is masked is counted as one");
    let sent = received(collector.hits().last().unwrap());
    assert_eq!(sent[&key("loadplan_requests_total", &[("thread_group", group), ("sampler", label)])], 2.0);
    assert!(!text.contains("s3cret") && !collector.hits().iter().any(|hit| hit.body.contains("s3cret")));
}

#[test]
fn a_collector_that_fails_is_told_once_and_changes_nothing() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let silent = Server::start(|_| Reply::Silence(Duration::from_secs(60)));
    let forbidding = Server::start(|_| Reply::text(401, "who are you?"));
    let rejecting = Server::start(|_| {
        // Two figures rejected, because "no".
        Reply::Answer(
            200,
            vec![("Content-Type".into(), "application/x-protobuf".into())],
            b"\x0a\x06\x08\x02\x12\x02no".into(),
        )
    });
    let cases = [
        (refused, "refused", "4318"),
        (silent.url(), "within 5 s", "4318"),
        (forbidding.url(), "status 401", "OTEL_EXPORTER_OTLP_HEADERS"),
        (rejecting.url(), "rejected 2 metrics: no", "log"),
    ];
    for (url, cause, remedy) in cases {
        let (server, folder) = (target(), Folder::new());
        let plan = "http: { base_url: BASE }\nthread_groups:\n  g:\n    duration: 2500ms\n    think_time: 50ms\n    steps:\n      - get: /a\n";
        folder.write("plan.yaml", against(&server, plan));
        let begin = Instant::now();
        let mut command = folder.command(&["run", "plan.yaml", "--quiet", "--otlp", &url]);
        command.env("OTEL_METRIC_EXPORT_INTERVAL", "1000");
        let ran = Ran::from(command.output().unwrap()).expect_code(0);
        let took = begin.elapsed();
        assert!(took < Duration::from_millis(2500) + Duration::from_secs(8), "{url}: {took:?}");
        assert_eq!(ran.stderr.matches("warning").count(), 1, "{}", ran.stderr);
        for told in [cause, remedy, &url, "do not depend"] {
            assert!(ran.stderr.contains(told), "{told} is missing in\n{}", ran.stderr);
        }
        assert_eq!(folder.results()["verdict"]["passed"], true);
        let load = folder.results()["run"]["duration_s"].as_f64().unwrap();
        assert!(load < 4.0, "{url}: the run itself took {load} s");
    }
}

#[test]
fn scrapers_that_dawdle_do_not_hold_up_the_run() {
    let (server, folder) = (target(), Folder::new());
    folder.write("plan.yaml", against(&server, PLAN));
    let running = Running::start(&folder, &["--quiet", "--duration", "2s"], &[]);
    let begin = Instant::now();
    let dawdling: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = TcpStream::connect(&running.address).unwrap();
            stream.write_all(b"GET /metrics HTTP/1.1\r\n").unwrap();
            stream
        })
        .collect();
    running.wait().expect_code(0);
    assert!(begin.elapsed() < Duration::from_secs(7), "{:?}", begin.elapsed());
    drop(dawdling);
}

#[test]
fn what_cannot_be_obeyed_is_refused_before_anything_is_sent() {
    let (server, folder) = (target(), Folder::new());
    folder.write("plan.yaml", once(&server));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let on_taken = format!("--prometheus={address}");
    let cases: [(&[&str], &[&str]); 6] = [
        (&[&on_taken], &[&address, "another program listens there", "port 0"]),
        (&["--prometheus=nonsense"], &["nonsense", "write a port or an address with a port"]),
        (&["--prometheus=192.0.2.1:0"], &["192.0.2.1:0", "an address of this machine"]),
        (&["--prometheus", "127.0.0.1:0"], &["127.0.0.1:0 is not a plan", "--prometheus=127.0.0.1:0"]),
        (&["--otlp", "localhost:4318"], &["localhost:4318", "http://localhost:4318"]),
        (&["--otlp", "grpc://ann:s3cret@host"], &["grpc://***@host", "http://"]),
    ];
    for (args, told) in cases {
        let ran = folder.loadplan(&[&["run", "plan.yaml"], args].concat()).expect_code(2);
        for told in told {
            assert!(ran.stderr.contains(told), "{told} is missing in\n{}", ran.stderr);
        }
    }
    for (name, value, told) in [
        ("OTEL_EXPORTER_OTLP_HEADERS", "t0ken without a name", "entry 1"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "10s", "milliseconds"),
    ] {
        let mut command = folder.command(&["run", "plan.yaml", "--otlp", "http://127.0.0.1:9"]);
        let ran = Ran::from(command.env(name, value).output().unwrap()).expect_code(2);
        assert!(
            ran.stderr.contains(name) && ran.stderr.contains(told) && !ran.stderr.contains("t0ken"),
            "{}",
            ran.stderr
        );
    }
    assert!(server.hits().is_empty());
    assert!(!folder.path().join("loadplan-results").exists());
}

#[test]
fn plans_one_after_the_other_are_told_apart() {
    let (server, collector, folder) = (target(), collector(), Folder::new());
    folder.write("plan.yaml", format!("name: One\n{}", once(&server)));
    folder.write("two.yaml", format!("name: Two\n{}teardown: [{{ get: /teardown }}]\n", once(&server)));
    let running = Running::start(&folder, &["two.yaml", "--otlp", &collector.url()], &[]);
    let texts = running.scrape_to_the_end();
    running.wait().expect_code(0);
    let plans =
        |figures: Figures| -> Vec<String> { figures.into_keys().map(|(_, labels)| labels["plan"].clone()).collect() };
    assert!(plans(parsed(texts.last().unwrap())).iter().all(|plan| plan == "Two"));
    let resources = collector.hits().into_iter().map(|hit| {
        let message = ExportMetricsServiceRequest::decode(&*hit.bytes).unwrap();
        let resource = attributes(&message.resource_metrics[0].resource.as_ref().unwrap().attributes);
        (resource["loadplan.plan"].clone(), resource["loadplan.run_id"].clone())
    });
    let runs: Vec<(String, String)> = resources.collect();
    assert_eq!(runs.iter().map(|(plan, _)| plan.as_str()).collect::<Vec<_>>(), ["One", "Two"]);
    assert_ne!(runs[0].1, runs[1].1);
}
