//! Streams of server-sent events: what is read of them, when, and what is said of those that fail.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::{BufRead as _, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::Value;
use support::{Folder, Hit, Ran, Reply, Server, against, sampler};

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n";

fn plan(step: &str) -> String {
    format!(
        "http: {{ base_url: BASE, timeout: 20s }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - name: stream\n        {}\n",
        step.replace('\n', "\n        ")
    )
}

/// A server that ends the connection behind these bytes.
fn serving(head: &str, body: &str) -> Server {
    let bytes = format!("{head}\r\n{body}").into_bytes();
    Server::start(move |_| Reply::Raw(vec![(Duration::ZERO, bytes.clone())]))
}

fn run(server: &Server, step: &str, code: i32) -> (Folder, Value) {
    let folder = Folder::new();
    folder.run_plan(&against(server, &plan(step)), &[]).expect_code(code);
    let results = folder.results();
    (folder, results)
}

/// Whether one event was read, and whether several were.
fn events(results: &Value) -> (bool, bool) {
    let phases = &sampler(results, "stream")["phases"];
    (phases.get("first_event").is_some(), phases.get("event_gap").is_some())
}

/// Kind and message of the only failure.
fn failure(results: &Value) -> (String, String) {
    let errors = results["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    let text = |key: &str| errors[0][key].as_str().unwrap().to_owned();
    (text("kind"), text("message"))
}

fn fails(server: &Server, step: &str) -> (String, String) {
    failure(&run(server, step, 1).1)
}

/// A server for one connection, whose thread says when it has written.
fn recording(pauses: &'static [u64], event: fn(usize) -> String) -> (String, Receiver<(Instant, Vec<Instant>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (url, (told, record)) = (format!("http://{}", listener.local_addr().unwrap()), channel());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let accepted = Instant::now();
        read_head(&stream);
        stream.set_nodelay(true).unwrap();
        stream.write_all(format!("{HEAD}\r\n").as_bytes()).unwrap();
        let mut written = Vec::new();
        for (number, pause) in pauses.iter().enumerate() {
            std::thread::sleep(Duration::from_millis(*pause));
            stream.write_all(event(number).as_bytes()).unwrap();
            written.push(Instant::now());
        }
        told.send((accepted, written)).unwrap();
    });
    (url, record)
}

fn read_head(stream: &TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    while reader.read_line(&mut line).unwrap() > 2 {
        line.clear();
    }
}

fn near(found: &Value, wanted: Duration) {
    let (found, wanted) = (found.as_f64().unwrap(), wanted.as_secs_f64() * 1e3);
    // On a busy machine each side may note an event late; the pauses differ by more than that.
    assert!((wanted - 250.0..wanted + 250.0).contains(&found), "{found} ms, by the server's record {wanted} ms");
}

#[test]
fn events_are_counted_and_timed_as_the_server_wrote_them() {
    let (url, record) = recording(&[400, 800, 100, 1400], |number| format!("id: {number}\ndata: {number}\n\n"));
    let folder = Folder::new();
    let text = plan(&format!(
        "sse: {url}/x\nuntil: {{ events: 4 }}\nassert: {{ messages: 4, first_event: {{ above: 390ms }}, event_gap: {{ above: 1s }}, body: {{ equals: '3' }}, header: {{ content-type: {{ contains: event-stream }} }} }}"
    ));
    folder.run_plan(&text.replace("base_url: BASE, ", ""), &[]).expect_code(0);
    let (accepted, written) = record.recv().unwrap();
    let results = folder.results();
    let stream = sampler(&results, "stream");
    let phases = &stream["phases"];
    near(&phases["first_event"]["max_ms"], written[0] - accepted);
    near(&phases["event_gap"]["max_ms"], written[3] - written[2]);
    near(&phases["event_gap"]["min_ms"], written[2] - written[1]);
    near(&stream["response_time"]["max_ms"], written[3] - accepted);
    // The head came at once, the rest is the stream's.
    assert!(phases["first_byte"]["max_ms"].as_f64().unwrap() < phases["first_event"]["max_ms"].as_f64().unwrap());
    near(&phases["download"]["max_ms"], written[3] - accepted);
}

const FIVE: &str = "data: a\n\nevent: tick\ndata: b\n\n: comment\n\ndata: c\ndata: d\n\ndata: [DONE]\n\ndata: late\n\n";

#[test]
fn the_first_condition_of_until_that_holds_ends_the_stream() {
    for (until, count, last) in [
        ("until: { data: '[DONE]' }", 4, r"c\nd"),
        ("until: { data: '[${word}]' }\nwith: { word: DONE }", 4, r"c\nd"),
        (r#"until: { data: "c\nd" }"#, 3, "b"),
        ("until: { data: a }", 1, "a"),
        ("until: { event: tick }", 2, "b"),
        ("until: { event: message }", 1, "a"),
        ("until: { events: 1 }", 1, "a"),
        ("until: { events: 3 }", 3, r"c\nd"),
        ("until: { events: 5 }", 5, "late"),
        ("until: { events: 4, event: tick, for: 10s }", 2, "b"),
        ("until: { close: true }", 5, "late"),
        ("until: { data: never, close: true }", 5, "late"),
        ("timeout: 10s", 5, "late"),
    ] {
        let step = format!("sse: /x\n{until}\nassert: {{ messages: {count}, body: {{ equals: \"{last}\" }} }}");
        let (_, results) = run(&serving(HEAD, FIVE), &step, 0);
        assert_eq!(events(&results), (true, count > 1), "{until}");
    }
}

#[test]
fn a_time_ends_the_stream_as_a_success_and_replaces_the_timeout() {
    let server = Server::start(|_| {
        let mut parts = vec![(Duration::ZERO, format!("{HEAD}Set-Cookie: seen=1\r\n\r\n").into_bytes())];
        parts.extend((1..100).map(|n| (Duration::from_millis(100), format!("data: {{\"n\": {n}}}\n\n").into_bytes())));
        Reply::Raw(parts)
    });
    let begin = Instant::now();
    let step = "sse: /x\ntimeout: 900ms\nuntil: { for: 1500ms }\nassert: { cookie: { seen: '1' }, json: { $.n: { above: 3, below: 26 } } }";
    let (_, results) = run(&server, step, 0);
    assert!(begin.elapsed() < Duration::from_secs(9), "{:?}", begin.elapsed());
    let time = sampler(&results, "stream")["response_time"]["max_ms"].as_f64().unwrap();
    assert!((1500.0..2500.0).contains(&time), "{time}");
    // The head has to come in time all the same.
    let silent = Server::start(|_| Reply::Silence(Duration::from_secs(5)));
    let (kind, message) = failure(&run(&silent, "sse: /x\ntimeout: 300ms\nuntil: { for: 10s }", 3).1);
    assert_eq!((&*kind, &*message), ("timeout", "no response within 300ms (timeout)"));
    // No event in that time is no failure.
    let idle = Server::start(|_| {
        Reply::Raw(vec![
            (Duration::ZERO, format!("{HEAD}\r\n").into_bytes()),
            (Duration::from_secs(3), b": nothing\n\n".to_vec()),
        ])
    });
    let (_, results) = run(&idle, "sse: /x\nuntil: { for: 200ms }", 0);
    assert_eq!(events(&results), (false, false));
}

#[test]
fn a_stream_that_ends_before_until_holds_fails() {
    let (kind, message) =
        fails(&serving(HEAD, "data: a\n\ndata: b\n\n"), "sse: /x\nuntil: { data: '[DONE]', events: 20 }");
    let words = "the stream ended before `until` was met: an event with the data `[DONE]` or 20 events; add `close: true` to `until` if the server may end it earlier";
    assert_eq!((&*kind, &*message), ("body", words));
    // An event whose blank line is missing has not come (§9.2.6).
    let (kind, _) = fails(&serving(HEAD, "data: a\n\ndata: [DONE]\n"), "sse: /x\nuntil: { data: '[DONE]' }");
    assert_eq!(kind, "body");
    // A chunked body without its last chunk is cut, whatever `until` says (RFC 9112 §8).
    let chunked = format!("{HEAD}Transfer-Encoding: chunked\r\n");
    let (_, results) = run(&serving(&chunked, "9\r\ndata: a\n\n\r\n"), "sse: /x", 1);
    let (kind, message) = failure(&results);
    assert!(kind == "body" && message.contains("the body ended before it was complete"), "{message}");
    assert_eq!(events(&results), (true, false), "what came is measured");
}

#[test]
fn a_stream_that_is_cut_anywhere_gives_the_same() {
    let body = "\u{feff}event: tick\r\nid: 1\r\ndata: caf\u{e9}\r\n\r\n: c\r\ndata: [DONE]\r\rdata: late\n\n";
    let chunked = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n");
    // Every byte a piece of its own, chunks and their sizes included.
    let server = Server::start(move |hit| {
        let chunks: String = if hit.path == "/chunks" {
            body.char_indices().map(|(_, letter)| format!("{:x}\r\n{letter}\r\n", letter.len_utf8())).collect()
        } else {
            format!("{:x}\r\n{body}\r\n", body.len())
        };
        let bytes = format!("{chunked}{chunks}0\r\n\r\n").into_bytes();
        Reply::Raw(bytes.into_iter().map(|byte| (Duration::from_micros(200), vec![byte])).collect())
    });
    for path in ["/chunks", "/one"] {
        for (until, last) in [("{ event: tick }", "café"), ("{ data: '[DONE]' }", "café"), ("{ close: true }", "late")]
        {
            let step = format!("sse: {path}\nuntil: {until}\nassert: {{ body: {{ equals: '{last}' }} }}");
            run(&server, &step, 0);
        }
    }
}

/// Three events, each flushed by the encoder, whose end never comes.
fn flushed<W: Write>(mut encoder: W, written: impl Fn(&mut W) -> &mut Vec<u8>) -> Vec<Vec<u8>> {
    let pieces = (1..=3).map(|number| {
        write!(encoder, "data: {number}\n\n").unwrap();
        encoder.flush().unwrap();
        std::mem::take(written(&mut encoder))
    });
    pieces.collect()
}

#[test]
fn a_compressed_stream_is_decoded_as_it_comes() {
    let server = Server::start(|hit: &Hit| {
        assert_eq!(hit.headers["accept-encoding"], "gzip, deflate");
        let coding = hit.path.trim_start_matches('/');
        let mut parts = vec![(Duration::ZERO, format!("{HEAD}Content-Encoding: {coding}\r\n\r\n").into_bytes())];
        let pieces = match coding {
            "gzip" => flushed(GzEncoder::new(Vec::new(), Compression::default()), GzEncoder::get_mut),
            "deflate" => flushed(ZlibEncoder::new(Vec::new(), Compression::default()), ZlibEncoder::get_mut),
            "zstd" => flushed(zstd::Encoder::new(Vec::new(), 1).unwrap(), zstd::Encoder::get_mut),
            _ => flushed(brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22), brotli::CompressorWriter::get_mut),
        };
        parts.extend(pieces.into_iter().map(|piece| (Duration::from_millis(300), piece)));
        // The connection stays open: what was flushed has to do.
        parts.push((Duration::from_secs(8), Vec::new()));
        Reply::Raw(parts)
    });
    // The last two are sent by servers that do not listen.
    for coding in ["gzip", "deflate", "zstd", "br"] {
        let step = format!("sse: /{coding}\nuntil: {{ events: 3 }}\nassert: {{ body: {{ equals: '3' }} }}");
        let (_, results) = run(&server, &step, 0);
        let stream = sampler(&results, "stream");
        assert!(stream["phases"]["event_gap"]["min_ms"].as_f64().unwrap() > 150.0, "{coding}: {stream}");
        assert!(stream["response_time"]["max_ms"].as_f64().unwrap() < 5000.0, "{coding}: {stream}");
    }
    // Damage ends it at once.
    let damaged = Server::start(|_| {
        Reply::Raw(vec![
            (Duration::ZERO, format!("{HEAD}Content-Encoding: gzip\r\n\r\nno gzip").into_bytes()),
            (Duration::from_secs(8), Vec::new()),
        ])
    });
    let (kind, message) = fails(&damaged, "sse: /x\ntimeout: 5s");
    assert_eq!((&*kind, message.starts_with("the body is not valid `gzip`")), ("body", true), "{message}");
}

#[test]
fn data_is_utf8_whatever_charset_is_declared() {
    // HTML §9.2.5: streams are decoded as UTF-8; the declared charset of an XML text is that of the text alone.
    let head = HEAD.replace("utf-8", "iso-8859-1");
    run(&serving(&head, "data: caf\u{e9}\n\n"), "sse: /x\nassert: { body: { equals: 'caf\u{e9}' } }", 0);
}

#[test]
fn what_is_no_event_stream_fails_by_name() {
    let page = serving("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n", "<p>Welcome</p>");
    let folder = Folder::new();
    let text = against(&page, &plan("sse: /x\nuntil: { for: 10s }"));
    folder.run_plan(&text, &[]).expect_code(1);
    let (kind, message) = failure(&folder.results());
    let words = "the response is not an event stream: its Content-Type is text/html";
    assert_eq!((&*kind, &*message), ("protocol", words));
    let shown = folder.results()["errors"][0]["example"]["response"].as_str().unwrap().to_owned();
    assert!(shown.contains("<p>Welcome</p>"), "{shown}");
    let ran = folder.loadplan(&["try", "plan.yaml"]).expect_code(1);
    assert!(ran.stdout.contains("<p>Welcome</p>") && ran.stdout.contains(words), "{}", ran.stdout);
    let (kind, message) = fails(&serving("HTTP/1.1 204 No Content\r\n", ""), "sse: /x");
    let words = "the response is not an event stream: it has no Content-Type";
    assert_eq!((&*kind, &*message), ("protocol", words));
    // An error is told by its status.
    let broken = Server::start(|_| Reply::json(500, r#"{"error": "no feed"}"#));
    let (_, results) = run(&broken, "sse: /x\nuntil: { data: '[DONE]' }", 1);
    let (kind, message) = failure(&results);
    assert_eq!((&*kind, &*message), ("status", "the status is 500"));
    assert_eq!(results["errors"][0]["actual"][0], "500: no feed");
}

#[test]
fn an_event_beyond_the_limit_ends_the_stream() {
    // src/event_stream.rs MAX_EVENT: 1 MiB.
    let fits = format!("data: {}\n\n", "x".repeat(1024 * 1024));
    run(&serving(HEAD, &fits), "sse: /x\nassert: { size: { equals: 1MiB } }", 0);
    let server = Server::start(|_| {
        let head = format!("{HEAD}\r\ndata: small\n\ndata: ").into_bytes();
        Reply::Raw(vec![
            (Duration::ZERO, head),
            (Duration::ZERO, vec![b'x'; 1024 * 1024 + 1]),
            (Duration::from_secs(8), Vec::new()),
        ])
    });
    let (_, results) = run(&server, "sse: /x\ntimeout: 5s", 1);
    let (kind, message) = failure(&results);
    assert_eq!((&*kind, &*message), ("body", "an event of the stream has more than 1048576 bytes"));
    assert_eq!(events(&results), (true, false));
}

#[test]
fn a_timeout_says_what_did_not_come() {
    let slow = |event: &'static str| {
        Server::start(move |_| {
            let head = format!("{HEAD}\r\n: hello\n\n{event}").into_bytes();
            Reply::Raw(vec![(Duration::ZERO, head), (Duration::from_secs(5), Vec::new())])
        })
    };
    for (event, until, words) in [
        ("", "", "no event within 400ms (timeout)"),
        ("", "until: { events: 2 }", "no event within 400ms (timeout)"),
        ("data: a\n\n", "", "events arrived, but the server did not end the stream within 400ms (timeout)"),
        (
            "data: a\n\n",
            "until: { events: 2 }",
            "events arrived, but `until` was not met within 400ms (timeout): 2 events",
        ),
    ] {
        let (kind, message) = fails(&slow(event), &format!("sse: /x\ntimeout: 400ms\n{until}"));
        assert_eq!((&*kind, &*message), ("timeout", words));
    }
}

#[test]
fn the_request_is_one_of_http_with_the_headers_of_a_stream() {
    let server = Server::start(|hit: &Hit| {
        if hit.path == "/old" {
            return Reply::text(307, "").with("Location", "/new");
        }
        Reply::Raw(vec![(Duration::ZERO, format!("{HEAD}\r\ndata: {}\n\n", hit.method).into_bytes())])
    });
    let steps = "http: { base_url: BASE, auth: { bearer: t }, cache: user, compression: false }\nthread_groups:\n  g:\n    iterations: 2\n    steps:\n      - sse: /get\n        query: { a: b }\n      - sse: /old\n        json: { prompt: hi }\n        assert: { body: { equals: POST } }\n      - sse: /own\n        headers: { accept: application/x-ndjson, Cache-Control: null }\n";
    let folder = Folder::new();
    folder.run_plan(&against(&server, steps), &[]).expect_code(0);
    let hits = server.hits();
    let paths: Vec<&str> = hits.iter().map(|hit| &*hit.path).collect();
    assert_eq!(paths, ["/get?a=b", "/old", "/new", "/own"].repeat(2), "nothing of a stream is cached");
    let header = |at: usize, name: &str| hits[at].headers.get(name).map(String::as_str);
    assert_eq!(
        (&*hits[0].method, header(0, "accept"), header(0, "cache-control")),
        ("GET", Some("text/event-stream"), Some("no-cache"))
    );
    assert_eq!((header(0, "authorization"), header(0, "accept-encoding")), (Some("Bearer t"), None));
    assert_eq!(
        (&*hits[2].method, &*hits[2].body, header(2, "accept")),
        ("POST", r#"{"prompt":"hi"}"#, Some("text/event-stream"))
    );
    assert_eq!((header(3, "accept"), header(3, "cache-control")), (Some("application/x-ndjson"), None));
}

/// Serves HTTP/2 without TLS: `/ended` ends after two events, everything else goes on for seconds. Gives the
/// number of the connection and the path of each request that comes.
fn serving_http2() -> (String, Receiver<(usize, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (url, (told, requests)) = (format!("http://{}", listener.local_addr().unwrap()), channel());
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let told = told.clone();
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while let Some(Ok((request, mut respond))) = connection.accept().await {
                        let path = request.uri().path().to_owned();
                        told.send((number, path.clone())).unwrap();
                        tokio::spawn(async move {
                            let head = http::Response::builder().header("content-type", "text/event-stream");
                            let mut body = respond.send_response(head.body(()).unwrap(), false).unwrap();
                            let (events, pause) = if path == "/ended" { (2, 1) } else { (80, 100) };
                            for event in 1..=events {
                                let data = format!("data: {event}\n\n").into_bytes().into();
                                if body.send_data(data, event == events).is_err() {
                                    return;
                                }
                                tokio::time::sleep(Duration::from_millis(pause)).await;
                            }
                        });
                    }
                });
            }
        });
    });
    (url, requests)
}

#[test]
fn over_http2_the_connection_outlives_the_stream() {
    let (url, requests) = serving_http2();
    let text = format!(
        "http: {{ base_url: '{url}', version: 2 }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - sse: /ended\n        assert: {{ body: {{ equals: '2' }} }}\n      - sse: /events\n        until: {{ events: 3 }}\n        assert: {{ body: {{ equals: '3' }} }}\n      - sse: /time\n        until: {{ for: 450ms }}\n        assert: {{ response_time: {{ above: 400ms, below: 4s }} }}\n      - sse: /ended\n        until: {{ events: 2 }}\n"
    );
    Folder::new().run_plan(&text, &[]).expect_code(0);
    let seen: Vec<(usize, String)> = requests.try_iter().collect();
    assert_eq!(seen, ["/ended", "/events", "/time", "/ended"].map(|path| (0, path.to_owned())));
}

#[test]
fn the_connection_is_kept_only_if_the_stream_has_ended() {
    let server = Server::start(|hit: &Hit| match &*hit.path {
        "/ended" => Reply::Answer(
            200,
            vec![("Content-Type".into(), "text/event-stream".into())],
            b"data: a\n\ndata: b\n\n".to_vec(),
        ),
        _ => Reply::Raw(vec![
            (Duration::ZERO, format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n9\r\ndata: a\n\n\r\n").into_bytes()),
            (Duration::from_secs(8), Vec::new()),
        ]),
    });
    let steps = "http: { base_url: BASE }\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - sse: /ended\n        until: { events: 2 }\n      - sse: /open\n        until: { events: 1 }\n      - sse: /ended\n";
    let folder = Folder::new();
    let begin = Instant::now();
    folder.run_plan(&against(&server, steps), &[]).expect_code(0);
    assert!(begin.elapsed() < Duration::from_secs(7), "{:?}", begin.elapsed());
    let connections: Vec<usize> = server.hits().iter().map(|hit| hit.connection).collect();
    assert_eq!(connections, [0, 0, 1]);
}

#[test]
fn thresholds_rows_and_explanations_know_the_stream() {
    let server = Server::start(|_| {
        let mut parts = vec![(Duration::ZERO, format!("{HEAD}\r\n").into_bytes())];
        parts.extend((0..3).map(|_| (Duration::from_millis(100), b"data: a\n\n".to_vec())));
        Reply::Raw(parts)
    });
    let folder = Folder::new();
    let text = "http: { base_url: BASE }\nthread_groups:\n  g:\n    users: 2\n    iterations: 2\n    steps:\n      - sse: /x\n        thresholds: [first_event.p95 < 10s, event_gap.p95 < 10s, first_event.max < 1ms]\n    thresholds: [event_gap.max < 10s, event_gap.min < 1ms]\nthresholds: [first_event.p50 < 10s, event_gap.p50 < 1ms]\n";
    let ran = folder.run_plan(&against(&server, text), &["--csv", "rows.jtl"]).expect_code(1);
    let results = folder.results();
    let found: Vec<(String, bool)> = results["thresholds"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one.get("implicit").is_none())
        .map(|one| (one["text"].as_str().unwrap_or_default().to_owned(), one["passed"].as_bool().unwrap_or_default()))
        .collect();
    assert_eq!(found.len(), 7, "{found:?}\n{}", results["thresholds"]);
    for (text, passed) in &found {
        assert_eq!(text.contains("10s"), *passed, "{found:?}");
    }
    let gap = &results["totals"]["phases"]["event_gap"];
    assert!(gap["min_ms"].as_f64().unwrap() >= 50.0 && gap["max_ms"].as_f64().unwrap() < 5000.0, "{gap}");
    let rows = folder.read("rows.jtl");
    let row: Vec<&str> = rows.lines().nth(1).unwrap().split(',').collect();
    assert_eq!((rows.lines().count(), row[2], row[3], row[7]), (5, "sse /x", "200", "true"), "{rows}");
    assert!(row[1].parse::<u64>().unwrap() >= 300 && row[13] == format!("{}/x", server.url()), "{rows}");
    assert!(ran.stdout.contains("sse /x"), "{}", ran.stdout);
    for args in [&["check", "--explain", "plan.yaml"][..], &["graph", "plan.yaml"], &["try", "plan.yaml"]] {
        let shown = folder.loadplan(args);
        assert!(shown.stdout.contains("sse /x"), "{args:?}: {shown:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_stream_that_the_end_of_the_run_cuts_is_interrupted() {
    let server = Server::start(|_| {
        let mut parts = vec![(Duration::ZERO, format!("{HEAD}\r\n").into_bytes())];
        parts.extend((0..200).map(|_| (Duration::from_millis(100), b"data: a\n\n".to_vec())));
        Reply::Raw(parts)
    });
    let folder = Folder::new();
    let text = "http: { base_url: BASE }\nthread_groups:\n  g:\n    users: 2\n    duration: 60s\n    graceful_stop: 1s\n    steps:\n      - sse: /x\n";
    folder.write("plan.yaml", against(&server, text));
    let child = folder.command(&["run", "plan.yaml", "--quiet"]).spawn().unwrap();
    let begin = Instant::now();
    while server.hits().len() < 2 && begin.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    let totals = &folder.results()["totals"];
    assert_eq!((&totals["count"], &totals["interrupted"]), (&0.into(), &2.into()), "{totals}");
}

#[test]
fn keys_that_make_no_sense_are_found() {
    let folder = Folder::new();
    for (step, words) in [
        ("sse: /x\nuntil: { }", "can end the stream"),
        ("sse: /x\nuntil: { close: false }", "can end the stream"),
        ("sse: /x\nuntil: { events: 0 }", "events"),
        ("sse: /x\nuntil: { data: a, dta: b }", "`dta`"),
        ("sse: /x\nresources: { parallel: 2 }", "a stream of events is not a page"),
        ("sse: /x\nuntil: { data: '${nothing}' }", "nothing"),
    ] {
        folder.write("plan.yaml", plan(step).replace("BASE", "http://127.0.0.1:9"));
        let Ran { stdout, stderr, .. } = folder.loadplan(&["check", "plan.yaml"]).expect_code(2);
        assert!(stdout.contains(words) || stderr.contains(words), "{step}: {stdout}{stderr}");
    }
}

/// The types that came tell what was misspelt; a long list of them is cut, and so is a long type.
#[test]
fn regression_the_types_of_other_events_are_told_where_one_is_waited_for() {
    let words = "the stream ended before `until` was met: an event of the type `done`";
    let close = "; add `close: true` to `until` if the server may end it earlier";
    let step = "sse: /x\nuntil: { event: done }";
    // In a run, types that differ from stream to stream would keep equal failures from counting together.
    let ran = |body: &str| fails(&serving(HEAD, body), step).1;
    let told = |body: &str| {
        let (server, folder) = (serving(HEAD, body), Folder::new());
        folder.write("plan.yaml", against(&server, &plan(step)));
        let tried = folder.loadplan(&["try", "plan.yaml"]).stdout;
        tried.lines().find_map(|line| line.find(words).map(|at| line[at..].to_owned())).unwrap_or(tried)
    };
    let tick = "event: tick\ndata: a\n\ndata: b\n\nevent: tick\ndata: c\n\n";
    assert_eq!(ran(tick), format!("{words} (other events arrived: `loadplan try` shows them){close}"));
    assert_eq!(told(tick), format!("{words} (the types of the events that arrived are `tick`, `message`){close}"));
    let many: String = (1..=7).map(|n| format!("event: e{n}\ndata: x\n\n")).collect();
    let types = "(the types of the events that arrived are `e1`, `e2`, `e3`, `e4`, `e5` and others)";
    assert_eq!(told(&many), format!("{words} {types}{close}"));
    let long = format!("event: {}\ndata: x\n\n", "y".repeat(500));
    assert_eq!(told(&long), format!("{words} (the types of the events that arrived are one of 500 bytes){close}"));
    assert_eq!(ran(""), format!("{words}{close}"));
    let server = Server::start(move |_| {
        Reply::Raw(vec![
            (Duration::ZERO, format!("{HEAD}\r\nevent: \u{1b}[31mtick\ndata: a\n\n").into_bytes()),
            (Duration::from_secs(30), Vec::new()),
        ])
    });
    let folder = Folder::new();
    folder.write("plan.yaml", against(&server, &plan("sse: /x\ntimeout: 2s\nuntil: { event: done }")));
    let tried = folder.loadplan(&["try", "plan.yaml"]).stdout;
    assert!(tried.contains("(the types of the events that arrived are `tick`)"), "{tried}");
    assert!(!tried.contains("\u{1b}[31mtick"), "{tried}");
}

#[test]
fn a_secret_in_the_type_or_the_id_of_an_event_is_hidden() {
    const SECRET: &str = "s3cr3t-Kqz81Lw";
    let server = serving(HEAD, &format!("event: {SECRET}\nid: {SECRET}\ndata: a\n\n"));
    let folder = Folder::new();
    let step = plan("sse: /x\nquery: { key: '${key}' }\nuntil: { event: done }");
    let text = format!("secrets: {{ key: {SECRET} }}\n{}", against(&server, &step));
    folder.run_plan(&text, &[]).expect_code(1);
    let ran = folder.loadplan(&["try", "plan.yaml"]);
    assert!(ran.stdout.contains("   < event: ***, id: ***\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("the events that arrived are `***`"), "{}", ran.stdout);
    assert!(!ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn regression_try_shows_the_type_and_the_id_of_an_event() {
    let body = "event: tick\nid: 7\ndata: a\n\ndata: b\n\n";
    let server = serving(HEAD, body);
    let folder = Folder::new();
    folder.write("plan.yaml", against(&server, &plan("sse: /x")));
    let ran = folder.loadplan(&["try", "plan.yaml"]);
    let shown = "   < event: tick, id: 7\n   < | a\n   < id: 7\n   < | b\n";
    assert!(ran.code == 0 && ran.stdout.contains(shown), "{}", ran.stdout);
}

#[test]
fn regression_one_request_is_not_told_as_several() {
    let folder = Folder::new();
    let ran = folder.run_plan(&against(&serving(HEAD, "data: a\n\n"), &plan("sse: /x")), &[]);
    assert!(ran.stdout.contains("1 request in ") && ran.stdout.contains(", 1 iteration,"), "{}", ran.stdout);
}
