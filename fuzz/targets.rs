// What is fuzzed: each function takes any bytes and panics only when loadplan is wrong. Used by
// `tests/fuzz.rs`, which mutates examples, and by the libFuzzer program in `src/main.rs`.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use loadplan::diagnostic::{Format as Told, Severity, render};
use loadplan::event_stream::{EventStream, TooLarge};
use loadplan::extractors::find::{Css, JsonPath, XPath};
use loadplan::mask::{Masker, SHORTEST};
use loadplan::plan::LoadOptions;
use loadplan::protocols::http::client::HttpVersion;
use loadplan::protocols::http::client::{HttpUser, ProxyEnvironment, Request, Settings, Target, Transport};
use loadplan::report::{Format, GitLab, Html, Json, Junit, Markdown, Table, console};
use loadplan::response::Response;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

type Look = fn(&[u8]);

/// Every target and its name.
pub(crate) const TARGETS: [(&str, Look); 11] = [
    ("plan", plan),
    ("expression", expression),
    ("http1", http1),
    ("http2", http2),
    ("body", body),
    ("events", events),
    ("jsonpath", jsonpath),
    ("results", results),
    ("table", table),
    ("masker", masker),
    ("text", text),
];

/// Nothing that is read may take longer.
const SLOW: Duration = Duration::from_secs(2);

fn quick<T>(what: &str, body: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let done = body();
    assert!(begin.elapsed() < SLOW, "{what} took {:?}", begin.elapsed());
    done
}

/// A file of a name that says how it is to be read.
fn file(name: &str, data: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::File::create(&path).and_then(|mut file| file.write_all(data)).expect("a file");
    (folder, path)
}

/// A plan's text: read, compiled, and every finding drawn in every way.
fn plan(data: &[u8]) {
    let (_folder, path) = file("plan.yaml", data);
    quick("a plan", || {
        let options = LoadOptions::default();
        let loaded = loadplan::plan::load(&path, &options);
        let mut findings = loaded.findings;
        if let Some(plan) = loaded.plan {
            findings.extend(loadplan::graph::build(plan, &loaded.sources, &BTreeMap::new()).1);
        }
        for finding in &findings {
            assert!(!finding.message.trim().is_empty(), "a finding says something");
        }
        for format in [Told::Text, Told::Json, Told::Github] {
            let told = render(&findings, &loaded.sources, format, false, &Masker::default());
            let errors = findings.iter().any(|finding| finding.severity == Severity::Error);
            assert!(!errors || !told.trim().is_empty(), "an error is told");
        }
    });
}

/// An expression, in a step that computes it.
fn expression(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let quoted = serde_json::to_string(&format!("${{{text}}}")).expect("text");
    let plan_text = format!(
        "http: {{ base_url: http://127.0.0.1:9 }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: /\n        query: {{ a: {quoted} }}\n"
    );
    plan(plan_text.as_bytes());
}

/// What a server sends over HTTP/1, with the connection closed behind it.
fn http1(data: &[u8]) {
    exchange(data, HttpVersion::Http1);
}

/// The frames a server sends over HTTP/2.
fn http2(data: &[u8]) {
    exchange(data, HttpVersion::Http2);
}

fn exchange(data: &[u8], version: HttpVersion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = tokio::task::LocalSet::new();
    let data = data.to_vec();
    quick("an exchange", || {
        runtime.block_on(local.run_until(async move {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
            let port = listener.local_addr().expect("an address").port();
            tokio::task::spawn_local(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    let mut head = [0; 4096];
                    let _ = stream.read(&mut head).await;
                    let _ = stream.write_all(&data).await;
                    let _ = stream.shutdown().await;
                }
            });
            let settings = Settings { timeout: Duration::from_millis(300), version, ..Settings::default() };
            let transport = Transport::new(settings, &ProxyEnvironment::default()).expect("a transport");
            let target = Target::parse(&format!("http://127.0.0.1:{port}/")).expect("a target");
            let mut request = Request::new("GET".parse().expect("a method"), Arc::new(target));
            request.keep_body = true;
            let exchange = HttpUser::new().send(request, &transport).await;
            match exchange.outcome {
                Ok(response) => look_at(&response),
                Err(failure) => assert!(!failure.message.trim().is_empty(), "a failure says something"),
            }
        }));
    });
}

/// Every way to look into a response.
fn look_at(response: &Response) {
    let _ = response.text();
    let _ = response.json();
    let _ = response.status_and_gist(&Masker::default());
    for path in ["$..a", "$.a[0]", "$[?(@.a > 1)]"] {
        let _ = JsonPath::compile(path).expect("a path").find(response);
    }
    let _ = XPath::compile("//a/@b").expect("a path").find(response.text());
    let _ = Css::compile("a > b", None).expect("a selector").find(response.text());
}

/// A body, whatever it is.
fn body(data: &[u8]) {
    let mut response = Response::from_url("http://127.0.0.1/".into());
    response.body = data.to_vec().into();
    response.body_bytes = data.len() as u64;
    quick("a body", || look_at(&response));
}

/// A limit, the size of the pieces that come, and a stream of server-sent events.
fn events(data: &[u8]) {
    let [limit, size, stream @ ..] = data else { return };
    let limit = usize::from(*limit);
    let read = |size: usize| {
        let mut reader = EventStream::with_limit(limit);
        let mut told = Vec::new();
        let end = stream.chunks(size).try_for_each(|piece| {
            let mut events = reader.push(piece);
            while let Some(event) = events.next_event()? {
                assert!(!event.event.is_empty(), "an event has a type");
                // A byte that is not UTF-8 becomes three.
                assert!(event.event.len() + event.data.len() <= 3 * limit + "message".len(), "{event:?}");
                assert!(!event.id.contains('\0'), "{event:?}");
                told.push(format!("{event:?}"));
            }
            Ok::<_, TooLarge>(())
        });
        (told, end, reader.last_event_id().to_owned(), reader.retry())
    };
    quick("a stream of events", || {
        assert_eq!(read(usize::from(*size).max(1)), read(stream.len().max(1)), "in pieces of {size}");
    });
}

/// A JSONPath and a body, divided by a line break.
fn jsonpath(data: &[u8]) {
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (path, json) = data.split_at(at);
    let mut response = Response::from_url("http://127.0.0.1/".into());
    response.body = json.to_vec().into();
    response.body_bytes = json.len() as u64;
    quick("a path", || match JsonPath::compile(&String::from_utf8_lossy(path)) {
        Ok(path) => {
            let _ = path.find(&response);
        }
        Err(bad) => assert!(!bad.message.trim().is_empty(), "a path that is refused is told why"),
    });
}

/// A saved results file, and every report made from it.
fn results(data: &[u8]) {
    let (_folder, path) = file("results.json", data);
    quick("results", || match loadplan::document::read(&path) {
        Err(error) => assert!(!error.message.is_empty() && !error.help.is_empty(), "{error:?}"),
        Ok(document) => {
            let formats: [Box<dyn Format>; 6] = [
                Box::new(Json),
                Box::new(Html),
                Box::new(Junit::default()),
                Box::new(Markdown),
                Box::new(GitLab),
                Box::new(Table),
            ];
            for format in formats {
                let mut out = Vec::new();
                format.render(&document, &mut out).expect("memory takes everything");
                assert!(std::str::from_utf8(&out).is_ok(), "{} is text", format.name());
            }
            let _ = console::summary(&document, &[], false);
        }
    });
}

/// A data file, as CSV, JSON and YAML.
fn table(data: &[u8]) {
    for name in ["rows.csv", "rows.json", "rows.yaml"] {
        let (_folder, path) = file(name, data);
        let spec = loadplan::data::Spec { path, columns: None, delimiter: b',', encoding: None };
        quick(name, || match spec.check() {
            Err(error) => assert!(!error.message.is_empty() && !error.help.is_empty(), "{error:?}"),
            Ok(columns) => assert!(!columns.is_empty() || spec.open().is_ok()),
        });
    }
}

/// A secret and a text, divided by a line break.
fn masker(data: &[u8]) {
    let data = String::from_utf8_lossy(data);
    let (secret, text) = data.split_once('\n').unwrap_or((&data, &data));
    let masker = Masker::new([secret]);
    let shown = quick("masking", || masker.mask(text).into_owned());
    // Characters that nobody sees do not make a secret; its stars may be those of the mask.
    let told = secret.chars().filter(|c| c.is_alphanumeric()).count();
    if told >= SHORTEST && !secret.contains('*') {
        assert!(!shown.contains(secret), "{secret:?} is in {shown:?}");
    }
}

/// Text from strangers, as reports and consoles show it.
fn text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let clean = loadplan::sanitize::clean(&text);
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'));
    assert!(clean.chars().all(allowed), "XML 1.0 §2.2: {clean:?}");
    let inline = loadplan::sanitize::inline(&text);
    assert!(!inline.contains('\n') && !inline.contains('\u{1b}'), "{inline:?}");
    for shown in [loadplan::sanitize::defused(&text), loadplan::sanitize::quoted(&text, "")] {
        // GitHub obeys `::word`, Azure Pipelines `##vso[`; `::` without a word is text.
        let word = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic());
        let github = |line: &str| line.trim_start().strip_prefix("::").is_some_and(word);
        let command = |line: &str| github(line) || line.contains("##vso[");
        assert!(!shown.lines().any(command), "a runner would obey {shown:?}");
    }
    for bytes in [0, 1, 7, 100] {
        assert!(loadplan::sanitize::cut(&text, bytes).len() <= bytes + 64);
        assert!(loadplan::sanitize::short(&text, bytes).chars().count() <= bytes.max(1) + 1);
    }
}

/// Examples to begin with, for the target with this name. `root` is the repository's.
pub(crate) fn seeds(target: &str, root: &Path) -> Vec<Vec<u8>> {
    let texts = |texts: &[&str]| texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    match target {
        "plan" => std::fs::read_dir(root.join("plans"))
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "yaml"))
            .filter_map(|entry| std::fs::read(entry.path()).ok())
            .chain([b"\xc3\xbcber: 1\n".to_vec()])
            .collect(),
        "expression" => texts(&[
            "env.A | default('x')",
            "choice(['a', 'b'])",
            "random_int(1, 100) + 2 * 3",
            "now('%Y-%m-%d', '+1d', 'Europe/Berlin')",
            "'a' | hmac_sha256('k', 'base64') | url_encode",
            "user_number > 3 and not (iteration == 1) or loop.index in [1, 2]",
        ]),
        "http1" => texts(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-A: b\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nX-A: b\r\n  folded\r\n\r\n{\"a\":[1]}",
            "HTTP/1.0 302 Found\r\nLocation: /x\r\nSet-Cookie: a=b; Expires=Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: text/xml\r\n\r\n<a b='c'><b/></a>",
        ]),
        "http2" => vec![
            // SETTINGS, SETTINGS ACK, HEADERS :status 200 with END_HEADERS, DATA "ok" with END_STREAM.
            b"\0\0\0\x04\0\0\0\0\0\0\0\0\x04\x01\0\0\0\0\0\0\x01\x01\x04\0\0\0\x01\x88\0\0\x02\0\x01\0\0\0\x01ok".to_vec(),
            // GOAWAY, RST_STREAM, WINDOW_UPDATE, PING.
            b"\0\0\0\x04\0\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08\0\0\x08\x06\0\0\0\0\0abcdefgh"
                .to_vec(),
        ],
        "events" => texts(&[
            "\u{7f}\u{1}\u{feff}: hello\nretry: 1000\n\nid: 1\nevent: quote\ndata: {\"price\":1.5}\n\ndata: [DONE]\n\n",
            "\u{7f}\u{3}data: a\r\ndata: b\r\n\r\nid\rdata\r\rid: a\0b\ndata:ü\n\n",
            "\u{8}\u{2}data: 12345678\n\nevent: 1\ndata: 12345678\n\n",
        ]),
        "body" | "jsonpath" => texts(&[
            "$.a[?(@.b > 1 && @.c == 'x')]\n{\"a\":[{\"b\":2,\"c\":\"x\"}]}",
            "$..['a','b'][0:5:2]\n[[{\"a\":1e9,\"b\":\"\\u00e4\\n\"}]]",
            "$.user-id\n<html><meta charset=latin1><a b=c>x</a></html>",
            "$[-1]\n<?xml version=\"1.0\" encoding=\"UTF-16\"?><a xmlns:x=\"y\"><x:b/></a>",
        ]),
        "results" => {
            std::fs::read(root.join("tests/golden/results-1.0.0.json")).into_iter().collect()
        }
        "table" => texts(&["a,b\n1,\"x, y\"\n", "a;b\n1,5;2\n", "[{\"a\":1},{\"a\":2,\"b\":null}]", "- { a: 05, b: x }\n"]),
        "masker" => texts(&["s3cr t\ns3cr%20t s3cr+t czNjciB0 \\u00733cr t", "p&ss\n&amp; p&amp;ss &#112;&amp;ss"]),
        "text" => texts(&["::error::x\n##vso[task.complete]\u{1b}[31m", "\u{202e}abc\u{fffe}\0\r\n", "http://u:p@h/?q=1#f"]),
        other => panic!("no target is named {other}"),
    }
}
