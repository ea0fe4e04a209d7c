//! The price feeds, spoken to as their standards have it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::header::{ACCEPT, CACHE_CONTROL};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use bytes::Bytes;

use super::*;

/// However loaded the machine is.
const PATIENCE: Duration = Duration::from_secs(60);
const HANDSHAKE: &str = "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn quick() -> Options {
    Options { query_time: Duration::ZERO, ..Options::default() }
}

/// Sends a request for the WebSocket and gives the connection and the head of the response.
async fn asked(api: &Api, method: &str, path: &str, headers: &str) -> (TcpStream, String) {
    let host = api.running.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = tokio::time::timeout(PATIENCE, stream.read_u8()).await.unwrap();
        head.push(byte.unwrap());
    }
    (stream, String::from_utf8(head).unwrap().to_ascii_lowercase())
}

struct Feed(WebSocketStream<TcpStream>);

impl Feed {
    async fn open(api: &Api, path: &str) -> Self {
        let (stream, head) = asked(api, "GET", path, HANDSHAKE).await;
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        Self(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
    }

    async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    async fn message(&mut self) -> Message {
        tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap().unwrap().unwrap()
    }

    async fn json(&mut self) -> Value {
        serde_json::from_str(self.message().await.to_text().unwrap()).unwrap()
    }

    /// The next message that is no quote.
    async fn reply(&mut self) -> Value {
        loop {
            let message = self.json().await;
            if message["type"] != "quote" {
                return message;
            }
        }
    }

    /// The frame that closes the connection, after which nothing comes.
    async fn closed(mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.message().await {
                let frame = frame.unwrap();
                let end = tokio::time::timeout(PATIENCE, self.0.next()).await.unwrap();
                assert!(end.is_none(), "{end:?}");
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }
}

/// Waits until this number of WebSockets and streams is open.
async fn wait_for_feeds(api: &Api, websockets: u64, streams: u64) {
    let expected = json!({ "websockets": websockets, "streams": streams });
    let began = Instant::now();
    loop {
        let (_, stats) = api.json(Method::GET, "/api/admin/stats", None).await;
        if stats["feeds"] == expected {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{stats}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_websocket_is_opened_as_rfc_6455_has_it() {
    let api = Api::new(quick()).await;
    let (_stream, head) = asked(&api, "GET", "/ws/prices", HANDSHAKE).await;
    assert!(head.contains("\r\nupgrade: websocket\r\n") && head.contains("\r\nconnection: upgrade\r\n"), "{head}");
    // The key and its answer are those of RFC 6455 §1.3.
    assert!(head.contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=\r\n"), "{head}");

    let without = |line: &str| HANDSHAKE.split_inclusive("\r\n").filter(|kept| !kept.starts_with(line)).collect();
    let short_key = STANDARD.encode("15 bytes of key");
    let cases: [(&str, &str, String, u16); 8] = [
        ("GET", "/ws/prices", String::new(), 426),
        ("GET", "/ws/prices", without("Connection"), 426),
        ("GET", "/ws/prices", without("Upgrade"), 426),
        // RFC 6455 §4.4: the response names the version that is spoken.
        ("GET", "/ws/prices", HANDSHAKE.replace(": 13", ": 8"), 426),
        ("GET", "/ws/prices", without("Sec-WebSocket-Key"), 400),
        // RFC 6455 §4.2.1: 16 bytes.
        ("GET", "/ws/prices", HANDSHAKE.replace("dGhlIHNhbXBsZSBub25jZQ==", &short_key), 400),
        ("GET", "/ws/prices?symbols=AAPL,NOPE", HANDSHAKE.to_owned(), 400),
        ("POST", "/ws/prices", format!("{HANDSHAKE}Content-Length: 0\r\n"), 405),
    ];
    for (method, path, headers, status) in cases {
        let (_stream, head) = asked(&api, method, path, &headers).await;
        assert!(head.starts_with(&format!("http/1.1 {status} ")), "{headers} {head}");
        assert_eq!(head.contains("\r\nsec-websocket-version: 13\r\n"), status == 426, "{head}");
    }
}

#[tokio::test]
async fn commands_are_answered_between_quotes() {
    let api = Api::new(quick()).await;
    let mut feed = Feed::open(&api, "/ws/prices").await;
    feed.send(r#"{"subscribe":"AAPL"}"#).await;
    feed.send(r#"{"ping":1}"#).await;
    // 189.5 · (1 + 0.02 · sin(n / 60)): 189.5, 189.563, 189.626.
    assert_eq!(feed.json().await, json!({ "type": "subscribed", "symbol": "AAPL", "price": 189.5 }));
    // The first quote comes before the reply to what was sent next.
    assert_eq!(feed.json().await, json!({ "type": "quote", "symbol": "AAPL", "price": 189.56, "sequence": 1 }));
    assert_eq!(feed.reply().await, json!({ "type": "pong", "ping": 1 }));
    let mut last = 1;
    while last < 3 {
        last = feed.json().await["sequence"].as_u64().unwrap();
    }
    for (sent, expected) in [
        (r#"{"ping":{"a":[null]}}"#, json!({ "type": "pong", "ping": { "a": [null] } })),
        (r#"{"subscribe":"X"}"#, json!({ "type": "error", "symbol": "X", "message": "unknown symbol" })),
        (r#"{"unsubscribe":"X"}"#, json!({ "type": "error", "symbol": "X", "message": "unknown symbol" })),
        (r#"{"unsubscribe":"SAP"}"#, json!({ "type": "error", "symbol": "SAP", "message": "not subscribed" })),
    ] {
        feed.send(sent).await;
        assert_eq!(feed.reply().await, expected);
    }
    // Subscribed twice, quoted once: the numbers go on without a gap until the last.
    feed.send(r#"{"subscribe":"AAPL"}"#).await;
    feed.send(r#"{"unsubscribe":"AAPL"}"#).await;
    let (mut sequence, mut replies) = (Vec::new(), Vec::new());
    while replies.len() < 2 {
        let message = feed.json().await;
        if message["type"] == "quote" { &mut sequence } else { &mut replies }.push(message);
    }
    assert_eq!((&replies[0]["type"], &replies[1]["type"]), (&json!("subscribed"), &json!("unsubscribed")));
    let first = sequence.first().map_or(0, |quote| quote["sequence"].as_u64().unwrap());
    for (quote, expected) in sequence.iter().zip(first..) {
        assert_eq!(quote["sequence"], json!(expected));
    }
    if let Some(last) = sequence.last() {
        assert_eq!(replies[1]["sequence"], last["sequence"]);
    }
    // Nothing follows but replies.
    tokio::time::sleep(Duration::from_millis(300)).await;
    feed.send(r#"{"ping":"end"}"#).await;
    assert_eq!(feed.json().await["ping"], json!("end"));
}

#[tokio::test]
async fn symbols_in_the_query_are_subscribed_to_at_once() {
    let api = Api::new(quick()).await;
    let mut feed = Feed::open(&api, "/ws/prices?symbols=AAPL,MSFT").await;
    let mut seen = Vec::new();
    for _ in 0..6 {
        let message = feed.json().await;
        seen.push((message["type"].clone(), message["symbol"].clone(), message["sequence"].clone()));
    }
    let expected = [
        (json!("subscribed"), json!("AAPL"), Value::Null),
        (json!("subscribed"), json!("MSFT"), Value::Null),
        (json!("quote"), json!("AAPL"), json!(1)),
        (json!("quote"), json!("MSFT"), json!(1)),
        (json!("quote"), json!("AAPL"), json!(2)),
        (json!("quote"), json!("MSFT"), json!(2)),
    ];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn what_is_no_command_closes_the_websocket_with_a_code_and_a_reason() {
    let api = Api::new(quick()).await;
    let largest = format!(r#"{{"ping":"{}"}}"#, "x".repeat(65536 - 11));
    let text = |payload: &[u8]| masked(0x81, payload);
    // RFC 6455 §7.4.1: 1003 for a type of data that is not taken, 1007 for data unlike the type of the message, 1009
    // for a message that is too big, 1002 for a violation of the protocol.
    let cases: [(Vec<u8>, u16, &str); 9] = [
        (masked(0x82, b"{\"ping\":1}"), 1003, "send text, not binary data"),
        (text(b"hello"), 1007, "the message is not valid JSON"),
        (text(b""), 1007, "the message is not valid JSON"),
        (text(b"\"\xff\""), 1007, "text must be UTF-8"),
        (text(b"{\"buy\":1}"), 1003, r#"send {"subscribe": "AAPL"}, {"unsubscribe": "AAPL"} or {"ping": 1}"#),
        (
            text(b"{\"subscribe\":\"SAP\",\"ping\":1}"),
            1003,
            r#"send {"subscribe": "AAPL"}, {"unsubscribe": "AAPL"} or {"ping": 1}"#,
        ),
        (text(format!("{largest} ").as_bytes()), 1009, "a message may have at most 65536 bytes"),
        // A reserved bit; a frame that is not masked (§5.1).
        (masked(0xc1, b"{}"), 1002, "the frame breaks RFC 6455"),
        (b"\x81\x02{}".to_vec(), 1002, "the frame breaks RFC 6455"),
    ];
    for (sent, code, reason) in cases {
        let mut feed = Feed::open(&api, "/ws/prices?symbols=IBM").await;
        feed.0.get_mut().write_all(&sent).await.unwrap();
        assert_eq!(feed.closed().await, (code, reason.to_owned()));
        // §5.5: the payload of a control frame has at most 125 bytes, two of them the code's.
        assert!(reason.len() <= 123);
    }
    let mut feed = Feed::open(&api, "/ws/prices").await;
    feed.send(&largest).await;
    assert_eq!(feed.json().await["ping"].as_str().unwrap().len(), 65536 - 11);
    wait_for_feeds(&api, 1, 0).await;
}

/// A frame of a client: its first byte, and a payload masked with zeros, which leave it as it is (RFC 6455 §5.3).
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        short @ ..126 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0xff);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

#[tokio::test]
async fn pings_are_answered_and_close_codes_returned() {
    let api = Api::new(quick()).await;
    let mut feed = Feed::open(&api, "/ws/prices").await;
    feed.0.send(Message::Ping(Bytes::from_static(b"still there?"))).await.unwrap();
    assert_eq!(feed.message().await, Message::Pong(Bytes::from_static(b"still there?")));
    wait_for_feeds(&api, 1, 0).await;
    // RFC 6455 §5.5.1: the reply has the code that was received.
    let frame = CloseFrame { code: CloseCode::from(4321), reason: "enough".into() };
    feed.0.send(Message::Close(Some(frame))).await.unwrap();
    assert_eq!(feed.closed().await.0, 4321);
    wait_for_feeds(&api, 0, 0).await;
}

#[tokio::test]
async fn nothing_is_left_of_a_feed_whose_client_has_gone() {
    let api = Api::new(quick()).await;
    let silent = Feed::open(&api, "/ws/prices").await;
    let mut quoted = Feed::open(&api, "/ws/prices?symbols=AAPL").await;
    quoted.json().await;
    let mut stream = api.send(Method::GET, "/api/prices/stream?symbols=AAPL&events=1000&interval=10ms", None).await;
    stream.chunk().await.unwrap().unwrap();
    wait_for_feeds(&api, 2, 1).await;
    drop((silent, quoted, stream));
    wait_for_feeds(&api, 0, 0).await;
}

#[tokio::test]
async fn stopping_the_server_ends_the_feeds() {
    let api = Api::new(quick()).await;
    let mut feed = Feed::open(&api, "/ws/prices?symbols=AAPL").await;
    feed.json().await;
    let mut stream = api.send(Method::GET, "/api/prices/stream?symbols=AAPL&interval=10s", None).await;
    stream.chunk().await.unwrap().unwrap();
    let stopping = tokio::spawn(api.running.stop());
    // RFC 6455 §7.4.1: the server is going down.
    assert_eq!(feed.closed().await, (1001, "the server stops".to_owned()));
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_stream_of_events_is_written_as_the_standard_has_it() {
    let api = Api::new(quick()).await;
    let path = "/api/prices/stream?symbols=AAPL,MSFT&events=3&interval=1ms";
    let answer = api.send(Method::GET, path, None).await;
    assert_eq!(answer.status(), 200);
    // WHATWG HTML §9.2.3, §9.2.5: the type of the response, and that it is not kept.
    assert_eq!(answer.headers()[CONTENT_TYPE], "text/event-stream");
    assert_eq!(answer.headers()[CACHE_CONTROL], "no-cache");
    // MSFT: 415.3 · (1 + 0.02 · sin(1 / 60 + 6)) = 413.112.
    let expected = r#"retry: 1000

id: 1
event: quote
data: {"type":"quote","symbol":"AAPL","price":189.56,"sequence":1}

id: 2
event: quote
data: {"type":"quote","symbol":"MSFT","price":413.11,"sequence":1}

id: 3
event: quote
data: {"type":"quote","symbol":"AAPL","price":189.63,"sequence":2}

data: [DONE]

"#;
    assert_eq!(answer.text().await.unwrap(), expected);

    let text = api.send(Method::GET, "/api/prices/stream?symbols=SAP", None).await.text().await.unwrap();
    let ids: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("id: ")).collect();
    assert_eq!(ids, (1..=20).map(|id: u64| id.to_string()).collect::<Vec<_>>());
    let (before, after) = text.split_once(": keep-alive\n").unwrap();
    assert!(before.contains("\nid: 10\n") && after.contains("\nid: 11\n"), "{text}");
}

#[tokio::test]
async fn a_stream_of_events_continues_after_the_last_that_was_seen() {
    let api = Api::new(quick()).await;
    let url = format!("{}/api/prices/stream?symbols=AAPL,MSFT&interval=1ms", api.running.url);
    let text = async |more: &str, last: &str| {
        let request = api.client.get(format!("{url}{more}")).header("Last-Event-ID", last);
        request.send().await.unwrap().text().await.unwrap()
    };
    let whole = text("&events=6", "").await;
    let rest = text("&events=3", "3").await;
    let (_, after) = whole.split_once("\"sequence\":2}\n\n").unwrap();
    assert_eq!(rest, format!("retry: 1000\n\n{after}"));
}

#[tokio::test]
async fn bad_parameters_of_a_stream_are_named() {
    let api = Api::new(quick()).await;
    for (query, field, error) in [
        ("", "symbols", "symbols must name at least one symbol, for example symbols=AAPL,MSFT"),
        ("symbols=NOPE", "symbols", "there is no symbol NOPE; write symbols=AAPL,MSFT"),
        ("symbols=SAP,SAP", "symbols", "symbols names SAP twice"),
        ("symbols=SAP&events=0", "events", "events must be a whole number from 1 to 1000"),
        ("symbols=SAP&events=1001", "events", "events must be a whole number from 1 to 1000"),
        ("symbols=SAP&interval=0ms", "interval", "interval must be from 1ms to 10s"),
        ("symbols=SAP&interval=11s", "interval", "interval must be from 1ms to 10s"),
        (
            "symbols=SAP&interval=50",
            "interval",
            "`50` has no unit; write a number and its unit: 500ms, 10s, 2m, 1h30m or 7d",
        ),
    ] {
        let answer = api.json(Method::GET, &format!("/api/prices/stream?{query}"), None).await;
        assert_eq!(answer, (400, json!({ "error": error, "field": field })), "{query}");
    }
    let url = format!("{}/api/prices/stream?symbols=SAP&events=1", api.running.url);
    let ask = async |header: &str, value: &str| {
        api.client.get(&url).header(header, value).send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask("Last-Event-ID", "first").await, 400);
    assert_eq!(ask("Last-Event-ID", "18446744073709551615").await, 400);
    // RFC 9110 §12.5.1
    for (accept, expected) in [
        ("text/event-stream", 200),
        ("text/html, */*;q=0.1", 200),
        ("Text/*", 200),
        ("application/json", 406),
        ("text/event-stream;q=0, application/json", 406),
    ] {
        assert_eq!(ask(ACCEPT.as_str(), accept).await, expected, "{accept}");
    }
}

#[tokio::test]
async fn a_feed_waits_for_the_database_as_a_request_does() {
    let options = Options { db_pool: 1, query_time: Duration::from_millis(300), ..Options::default() };
    let api = Api::new(options).await;
    let began = Instant::now();
    let mut feed = Feed::open(&api, "/ws/prices").await;
    feed.send(r#"{"subscribe":"AAPL"}"#).await;
    feed.send(r#"{"subscribe":"MSFT"}"#).await;
    assert_eq!(feed.reply().await["symbol"], json!("AAPL"));
    // Quotes of one symbol are not held up by the query for another, and what is due first comes first.
    assert_eq!(feed.json().await["sequence"], json!(1));
    assert_eq!(feed.json().await["sequence"], json!(2));
    assert_eq!(feed.reply().await["symbol"], json!("MSFT"));
    assert!(began.elapsed() >= Duration::from_millis(600), "{:?}", began.elapsed());
}
