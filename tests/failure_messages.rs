//! What is said of a failure fits its cause: the message, and the hint beside it in the HTML report.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use support::{Folder, Ran, Reply, Server, against};

/// Accepts connections on a port of its own and treats each on a thread.
fn listen(each: impl Fn(TcpStream) + Send + Clone + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let each = each.clone();
            std::thread::spawn(move || each(stream));
        }
    });
    port
}

/// Reads what comes until an empty line.
fn head_of(stream: &mut TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
        head.push(byte[0]);
    }
}

/// What the HTML report's script works with: base64 of zlib of JSON.
fn page_data(page: &str) -> String {
    let (_, data) = page.split_once("id=\"data\">").unwrap();
    let packed = BASE64_STANDARD.decode(data.split_once("</script>").unwrap().0).unwrap();
    let mut text = String::new();
    flate2::read::ZlibDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    text
}

/// One request by this step, under these settings.
fn plan(http: &str, step: &str) -> String {
    format!("http: {{ {http} }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - {step}\n")
}

/// Runs a plan that fails, and looks for the message and the hint in what is said and shown.
#[track_caller]
fn told(plan: &str, message: &str, hint: &str, not: &str) {
    let folder = Folder::new();
    let ran = folder.run_plan(plan, &[]);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    let results = folder.results();
    assert!(results["errors"].to_string().contains(message), "{message} not in {} of {said}", results["errors"]);
    let page = page_data(&folder.read("loadplan-results/report.html"));
    assert!(page.contains(hint), "no hint {hint} on {}", results["errors"]);
    assert!(!page.contains(not), "{not} on {}", results["errors"]);
}

#[test]
fn regression_hints_fit_the_limit_that_was_met() {
    let server = Server::start(|hit| match hit.path.split('?').next().unwrap_or_default() {
        "/loop" => Reply::text(302, "").with("Location", "/loop?n=1"),
        "/on" => Reply::text(302, "").with("Location", "/away"),
        "/away" => Reply::text(302, "").with("Location", "/loop"),
        "/large-head" => Reply::text(200, "").with("X-Large", &"x".repeat(4_000_000)),
        "/page" => {
            let body: String = (0..9).map(|at| format!("<img src=/{at}.png>")).collect();
            Reply::Answer(200, vec![("Content-Type".into(), "text/html".into())], body.into_bytes())
        }
        "/xml" => {
            let attributes: String = (0..1100).map(|at| format!("a{at}='' ")).collect();
            Reply::text(200, format!("<r {attributes}/>"))
        }
        _ => Reply::json(200, format!("{{\"token\": \"{}\"}}", "x".repeat(9000))),
    });
    let of = |http: &str, step: &str| against(&server, &plan(&format!("base_url: BASE{http}"), step));
    let no_http = "The response was not valid HTTP";
    told(
        &of(", max_redirects: 3", "get: /loop"),
        "more than 3 redirects (max_redirects); the last one, http://127.0.0.1",
        "The server redirects in a loop",
        no_http,
    );
    told(&of(", max_redirects: 1", "get: /on"), "/loop\"", "`max_redirects` allows more", no_http);
    told(
        &of("", "get: /large-head"),
        "the head of the response is too large",
        "headers are larger than loadplan reads",
        no_http,
    );
    told(
        &of("", "{ get: /page, resources: { max: 3 } }"),
        "its resources are not fetched",
        "resources: { max: … }",
        "Check for a proxy that cuts",
    );
    let expectation = "or the assertion too strict";
    let own = "(a limit of loadplan; `regex` and `between` have none)";
    told(
        &of("", "{ get: /xml, assert: { xpath: { /r: { exists: true } } } }"),
        &format!("more than 1000 attributes {own}"),
        "The body exceeds what loadplan reads",
        expectation,
    );
    told(
        &of("", "{ get: /xml, extract: { v: { xpath: /r/@a1 } } }"),
        &format!("`v`: `/r/@a1` was not looked for: an element of the body has more than 1000 attributes {own}"),
        "The body exceeds what loadplan reads",
        "is not in the response",
    );
    told(
        &of(", max_body: 1kB", "{ get: /json, assert: { json: { $.token: x } } }"),
        "the body is longer than `max_body`",
        "Raise `max_body`",
        expectation,
    );
}

#[test]
fn regression_a_time_limit_says_how_far_the_request_had_come() {
    let queueing = "requests queue up in the server";
    let endless_head = listen(|mut stream| {
        head_of(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        while stream.write_all(b"X-More: and more\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    told(
        &plan(&format!("base_url: 'http://127.0.0.1:{endless_head}', timeout: 1s"), "get: /"),
        "the head of the response was not complete within 1s (timeout)",
        "did not finish its headers",
        queueing,
    );
    let endless_body = listen(|mut stream| {
        head_of(&mut stream);
        let _ = stream.write_all(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n28\r\n0123456789012345678901234567890123456789\r\n",
        );
        std::thread::sleep(Duration::from_secs(20));
    });
    told(
        &plan(&format!("base_url: 'http://127.0.0.1:{endless_body}', timeout: 1s"), "get: /"),
        "body not complete within 1s (timeout); 40 bytes had arrived",
        "its body did not end in time",
        queueing,
    );
    // Accepts, and never says a word.
    let silent = listen(|stream| {
        std::thread::sleep(Duration::from_secs(20));
        drop(stream);
    });
    for (limit, word) in [("timeout: 1s", "timeout"), ("connect_timeout: 1s", "connect_timeout")] {
        told(
            &plan(&format!("base_url: 'https://127.0.0.1:{silent}', {limit}"), "get: /"),
            &format!("connected, but the TLS handshake was not complete within 1s ({word})"),
            "did not finish the TLS handshake",
            queueing,
        );
    }
    let silent = format!("base_url: 'http://127.0.0.1:{silent}', timeout: 1s");
    told(&plan(&silent, "get: /"), "no response within 1s (timeout)", queueing, "TLS handshake");
}

#[test]
fn regression_messages_say_a_thing_once_and_name_the_format() {
    let server = Server::start(|hit| match &*hit.path {
        "/html" => Reply::text(200, "<!DOCTYPE html><html><body><p>x</body></html>"),
        "/twice" => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(b"{\"a\": 1}").unwrap();
            let once = gzip.finish().unwrap();
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(&once).unwrap();
            Reply::Answer(200, vec![("Content-Encoding".into(), "gzip".into())], gzip.finish().unwrap())
        }
        _ => Reply::json(200, "{\"a\": 1}"),
    });
    let errors = |step: &str| {
        let folder = Folder::new();
        folder.run_plan(&against(&server, &plan("base_url: BASE", step)), &[]).expect_code(1);
        let results = folder.results();
        (results["errors"][0]["message"].to_string(), results["errors"][0]["actual"].to_string())
    };
    let (message, actual) = errors("{ get: /json, extract: { token: { json: $.token } } }");
    assert_eq!(message, "\"`token`: `$.token` found nothing\"");
    assert!(actual.starts_with("[\"a body that begins with: ") && !actual.contains("found nothing"), "{actual}");
    let (_, actual) = errors("{ get: /html, assert: { xpath: { //p: x } } }");
    assert!(actual.contains("the body is HTML, not XML: use `css` for it"), "{actual}");
    for check in ["json: { $.a: 1 }", "xpath: { //a: 1 }"] {
        let (_, actual) = errors(&format!("{{ get: /twice, assert: {{ {check} }} }}"));
        assert!(actual.contains("the body is still gzip"), "{check}: {actual}");
    }
}

/// RFC 3986 §3.5 and §3.4: `#` ends what is sent, and `?` ends the path.
#[test]
fn regression_a_value_does_not_change_where_a_request_goes() {
    let server = Server::start(|_| Reply::text(200, "fine"));
    let run = |secret: &str, url: &str| -> Ran {
        let plan = format!("secrets: {{ pw: '{secret}' }}\n{}", plan("base_url: BASE", &format!("get: '{url}'")));
        Folder::new().run_plan(&against(&server, &plan), &[])
    };
    for (secret, url, sign) in [
        ("Zweit#geheim 7", "/plain/${pw}", "#"),
        ("Zweit#geheim 7", "/plain?key=${pw | trim}", "#"),
        ("Zweit?geheim 7", "/plain/${pw}/more", "?"),
    ] {
        let ran = run(secret, url);
        assert_ne!(ran.code, 0, "{ran:?}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(&format!("holds a `{sign}`")) && said.contains("| url_encode}`"), "{said}");
        assert!(!said.contains("Zweit") && !said.contains("geheim"), "{said}");
    }
    assert!(server.hits().is_empty(), "{:?}", server.hits().len());
    run("Zweit#geheim 7", "/plain/${pw | url_encode}").expect_code(0);
    // A link with a query of its own, and a whole URL.
    run("items?page=2", "/${pw}").expect_code(0);
    run("/items?#top", "${pw}").expect_code(0);
    let paths: Vec<String> = server.hits().into_iter().map(|hit| hit.path).collect();
    assert_eq!(paths, ["/plain/Zweit%23geheim%207", "/items?page=2", "/items?"]);
}

#[test]
fn regression_the_verdict_counts_what_the_report_counts() {
    let server = Server::start(|hit| Reply::text(if hit.path == "/good" { 200 } else { 500 }, ""));
    let steps = "thread_groups:
  g:
    iterations: 2
    steps:
      - get: /good
      - get: /bad
      - get: /worse
";
    let run = |thresholds: &str| {
        let ran =
            Folder::new().run_plan(&against(&server, &format!("http: {{ base_url: BASE }}\n{thresholds}{steps}")), &[]);
        format!("{}{}", ran.stdout, ran.stderr)
    };
    // Six requests went out, two of each kind.
    let said = run("");
    assert!(said.contains("6 requests in") && said.contains("4 with errors"), "{said}");
    assert!(said.contains("4 of 4 requests got status 500: `GET /bad` and `GET /worse`"), "{said}");
    let said = run("thresholds: [p99 < 10m, throughput > 900000/s]\n");
    assert!(said.contains("1 of 2 written thresholds failed (throughput > 900000/s, observed "), "{said}");
}

#[test]
fn regression_only_a_request_without_any_response_is_told_as_such() {
    let server = Server::start(|hit| match hit.path.split('?').next().unwrap_or_default() {
        "/loop" => Reply::text(302, "").with("Location", "/loop?n=1"),
        "/close" => Reply::Close,
        _ => Reply::text(200, "ok"),
    });
    let steps = plan("base_url: BASE", "get: /ok\n      - get: /loop\n      - get: /close");
    let ran = Folder::new().run_plan(&against(&server, &steps), &[]);
    // The loop got twenty responses and more, the closed connection none.
    assert!(ran.stdout.contains("status codes: 200 × 1, no response × 1\n"), "{}", ran.stdout);
}

#[test]
fn regression_messages_of_a_websocket_need_no_response() {
    let feed = "services:
  api: { demo: trading }
websocket: { url: '${services.api.url}' }
thread_groups:
  g:
    iterations: 2
    steps:
      - websocket: /ws/prices
        steps:
          - send: { json: { subscribe: AAPL } }
          - receive: { count: 1, within: 20s }
";
    let folder = Folder::new();
    let ran = folder.run_plan(feed, &["--markdown", "run.md"]).expect_code(0);
    let markdown = folder.read("run.md");
    for text in [&ran.stdout, &markdown] {
        assert!(!text.to_lowercase().contains("status codes") && !text.contains("no response"), "{text}");
    }
}
