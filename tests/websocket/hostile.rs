//! Servers that break the rules of RFC 6455 and RFC 7692, each in its own way.

use super::server::{
    BINARY, CLOSE, CONTINUATION, FIN, Feed, PING, PONG, RSV1, RSV2, TEXT, deflated, frame, goodbye, head, part,
};
use super::{errors, passes, walk};
use crate::support::{Folder, sampler};

const DEFLATE: &str = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n";
const LIMIT: usize = 1024 * 1024;

/// What a server sends after the handshake, what is said of it, and the code it gets back (RFC 6455
/// §7.4.1): 1002 for what breaks the protocol, 1007 for text that is none, 1009 for too much.
struct Case {
    name: &'static str,
    bytes: Vec<u8>,
    kind: &'static str,
    says: &'static str,
    code: Option<u16>,
}

fn case(name: &'static str, bytes: Vec<u8>, says: &'static str) -> Case {
    Case { name, bytes, kind: "protocol", says, code: Some(1002) }
}

fn large(name: &'static str, bytes: Vec<u8>) -> Case {
    Case { name, bytes, kind: "body", says: "a message of more than 1048576 bytes (max_message)", code: Some(1009) }
}

/// Runs one plan in which each step meets another case.
fn meets(cases: Vec<Case>, extension: &'static str) {
    let frames: Vec<(String, Vec<u8>)> =
        cases.iter().map(|case| (format!("/{}", case.name), case.bytes.clone())).collect();
    let feed = Feed::start(move |peer| {
        peer.accept_with(extension);
        let path = peer.path().to_owned();
        let bytes = &frames.iter().find(|(name, _)| *name == path).unwrap().1;
        peer.bytes(bytes);
        let codes: Vec<_> = peer
            .rest()
            .iter()
            .filter(|frame| frame.opcode() == CLOSE)
            .map(|frame| frame.code().unwrap_or(1005))
            .collect();
        peer.log(format!("{path} {codes:?}"));
    });
    let steps: String = cases
        .iter()
        .map(|Case { name, .. }| {
            format!(
                "- {{ websocket: /{name}, max_message: 1MiB, steps: [{{ name: {name}, receive: {{ count: 9 }} }}] }}\n"
            )
        })
        .collect();
    let folder = Folder::new();
    folder.run_plan(&walk(&feed, &steps), &["--quiet"]).expect_code(1);
    let results = folder.results();
    let errors = errors(&results);
    for Case { name, kind, says, code, .. } in &cases {
        let (_, own, message) =
            errors.iter().find(|(label, ..)| label == name).unwrap_or_else(|| panic!("{name}: {errors:#?}"));
        assert!(own == kind && message.contains(says), "{name}: {own} {message}");
        if let Some(code) = code {
            feed.log.wait_for(&format!("/{name} [{code}]"));
        }
    }
    assert_eq!(errors.len(), cases.len(), "{errors:#?}");
}

#[test]
fn frames_that_break_the_protocol_are_told_in_words_and_to_the_server() {
    let ok = frame(TEXT, r#"{"hi":1}"#);
    // The payload is masked with 0, so that it would be readable text.
    let masked = [&[FIN | TEXT, 0x80 | 5][..], &[0; 4], b"hello"].concat();
    meets(
        vec![
            case("masked", masked.clone(), "it masked a frame"),
            case("masked-later", [ok.clone(), masked].concat(), "it masked a frame"),
            case("ping-126", frame(PING, [b'x'; 126]), "has more than 125 bytes"),
            case("pong-126", frame(PONG, [b'x'; 126]), "has more than 125 bytes"),
            case("close-126", frame(CLOSE, goodbye(1000, &"x".repeat(124))), "has more than 125 bytes"),
            case("ping-in-parts", part(PING, "x"), "is fragmented"),
            case("kind-3", frame(3, "x"), "unknown type"),
            case("kind-11", frame(11, "x"), "unknown type"),
            case("rsv1", part(FIN | RSV1 | TEXT, "x"), "compressed, although compression was not negotiated"),
            case("rsv2", part(FIN | RSV2 | TEXT, "x"), "reserved bits"),
            case("not-begun", frame(CONTINUATION, "x"), "continues that has not started"),
            case("begun-twice", [part(TEXT, "x"), frame(TEXT, "y")].concat(), "before the previous one has ended"),
            case("close-of-one-byte", frame(CLOSE, [3]), "a close frame has one byte"),
            case("close-1005", frame(CLOSE, goodbye(1005, "")), "a code that must not be sent"),
            case("close-999", frame(CLOSE, goodbye(999, "")), "a code that must not be sent"),
            Case { code: None, ..case("close-no-text", frame(CLOSE, b"\x03\xe8\xff\xff"), "not UTF-8") },
            large("2-to-the-62", head(FIN | BINARY, 1 << 62)),
            large("2-to-the-63", head(FIN | BINARY, (1 << 63) + 5)),
            large("limit-and-1", head(FIN | BINARY, LIMIT as u64 + 1)),
            large(
                "parts",
                [part(BINARY, vec![b'x'; 65_536]), part(CONTINUATION, vec![b'x'; 65_536]).repeat(16)].concat(),
            ),
        ],
        "",
    );
}

#[test]
fn compressed_messages_that_break_the_rules_are_told_in_words() {
    let hello = deflated(b"hello hello hello hello");
    let bomb = deflated(&vec![0; 64 * LIMIT]);
    assert!(bomb.len() < 100_000);
    let corrupt = "compressed data that cannot be decompressed";
    meets(
        vec![
            Case { code: None, ..case("corrupt", part(FIN | RSV1 | TEXT, [0xff; 5]), corrupt) },
            large("bomb", part(FIN | RSV1 | BINARY, &bomb)),
            large(
                "bomb-in-parts",
                [part(RSV1 | BINARY, &bomb[..9000]), part(FIN | CONTINUATION, &bomb[9000..])].concat(),
            ),
            case(
                "marked-twice",
                [part(RSV1 | TEXT, &hello[..4]), part(FIN | RSV1 | CONTINUATION, &hello[4..])].concat(),
                "a continuation frame is marked as compressed",
            ),
            case(
                "compressed-ping",
                part(FIN | RSV1 | PING, "p"),
                "a ping, pong or close frame is marked as compressed",
            ),
            Case {
                code: Some(1007),
                ..case("no-text", part(FIN | RSV1 | TEXT, deflated(b"a\xff\xfe")), "is not UTF-8")
            },
        ],
        DEFLATE,
    );
}

/// RFC 7692 §7.2: compressed and plain messages may alternate, empty ones too, in one frame or in parts.
#[test]
fn compressed_messages_are_read_and_sent() {
    let feed = Feed::start(|peer| {
        peer.accept_with(DEFLATE);
        let hello = deflated(br#"{"say":"hello hello hello hello"}"#);
        peer.bytes(part(FIN | RSV1 | TEXT, &hello));
        peer.text(r#"{"say":"plain"}"#);
        // An empty message (§7.2.3.6), then one in parts.
        peer.bytes(part(FIN | RSV1 | TEXT, [0]));
        peer.bytes([part(RSV1 | TEXT, &hello[..7]), part(CONTINUATION, ""), frame(CONTINUATION, &hello[7..])].concat());
        peer.bytes(part(FIN | RSV1 | BINARY, deflated(&vec![b'x'; LIMIT])));
        while let Some(message) = peer.message() {
            assert_eq!(message.first, FIN | RSV1 | TEXT);
            // §7.2.2: with the four bytes that were left out it is whole.
            let mut inflate = flate2::Decompress::new(false);
            let mut text = Vec::with_capacity(1000);
            let bytes = [&message.payload[..], &[0, 0, 0xff, 0xff]].concat();
            inflate.decompress_vec(&bytes, &mut text, flate2::FlushDecompress::Sync).unwrap();
            peer.log(String::from_utf8(text).unwrap());
            peer.bytes(part(FIN | RSV1 | TEXT, message.payload));
        }
    });
    let say = "- receive: {}\n  assert: { json: { $.say: hello hello hello hello } }\n";
    let steps = format!(
        "{say}- {{ receive: {{}}, assert: {{ json: {{ $.say: plain }} }} }}
- {{ receive: {{}}, assert: {{ size: {{ equals: 0B }} }} }}
{say}- {{ name: large, receive: {{}}, assert: {{ size: {{ equals: {LIMIT}B }} }} }}
- {{ send: to be or not to be, reply: {{}}, assert: {{ body: {{ equals: to be or not to be }} }} }}
- {{ send: to be or not to be, reply: {{}}, assert: {{ body: {{ equals: to be or not to be }} }} }}
"
    );
    let plan = walk(&feed, &format!("- websocket: /feed\n  max_message: 1MiB\n  steps:\n{}", super::indent(&steps, 4)));
    let results = passes(&plan);
    assert_eq!(feed.log.lines(), ["to be or not to be", "to be or not to be", "close 1000"]);
    // What went over the wire is counted, not what it was decompressed to.
    assert!(sampler(&results, "large")["received_bytes"].as_u64().unwrap() < 10_000);
}

/// Compression takes no context from one message to the next unless the server keeps one, which it may
/// (RFC 7692 §7.1.1.1): later messages then refer to earlier ones.
#[test]
fn a_server_that_keeps_its_context_is_understood() {
    let feed = Feed::start(|peer| {
        peer.accept_with("Sec-WebSocket-Extensions: permessage-deflate\r\n");
        let mut compress = flate2::Compress::new(flate2::Compression::best(), false);
        let mut sizes = Vec::new();
        for number in 0..20 {
            let text =
                format!(r#"{{"symbol":"AAPL","exchange":"a name that comes again and again","number":{number}}}"#);
            let mut bytes = Vec::with_capacity(1000);
            compress.compress_vec(text.as_bytes(), &mut bytes, flate2::FlushCompress::Sync).unwrap();
            bytes.truncate(bytes.len() - 4);
            sizes.push(bytes.len());
            peer.bytes(part(FIN | RSV1 | TEXT, bytes));
        }
        assert!(sizes[19] * 2 < sizes[0], "{sizes:?}");
        peer.serve(|_, _| {});
    });
    passes(&super::plan(
        &feed,
        "- receive: { count: 20, where: { $.symbol: AAPL } }\n  assert: { json: { $.number: 19 } }\n",
    ));
}
