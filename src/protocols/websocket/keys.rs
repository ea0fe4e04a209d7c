//! Keys of WebSockets.

use crate::plan::keys::{ANY_REQUEST, Key, KindId, STEPS, Section, StepKeys, Ty};
use crate::protocols::http::keys::{AUTH_KEY, HEADERS, QUERY, TIMEOUT};
use crate::protocols::spec::RequestKind;

const SUBPROTOCOLS: Key = Key::new(
    "subprotocols",
    Ty::List(&Ty::Text),
    "Subprotocols to offer, in order of preference (`Sec-WebSocket-Protocol`). The step fails if the server accepts none of them.",
    "subprotocols: [graphql-transport-ws]",
);
const COMPRESSION: Key = Key::new(
    "compression",
    Ty::Bool,
    "Whether to offer compressed messages (permessage-deflate). The default is true.",
    "compression: false",
);
const MAX_MESSAGE: Key = Key::new(
    "max_message",
    Ty::Size,
    "The maximum size of a message, decompressed. A larger message fails the step and closes the connection. The default is 10MiB.",
    "max_message: 1MiB",
);
const CONNECTIONS: Key = Key::new(
    "connections",
    Ty::Enum(&[
        ("step", "closed after its steps (the default)"),
        ("iteration", "kept until the end of the iteration, and reused by this step until then"),
        ("user", "kept for the whole run of the user, and reused by this step"),
    ]),
    "How long the connection is kept.",
    "connections: user",
);

/// WebSocket settings of the plan or a thread group.
pub static WEBSOCKET: Section = Section {
    name: "websocket",
    doc: "Defaults for WebSockets. You can set them for the plan, for a thread group, or directly in a `websocket` step; the innermost value wins. Settings that are omitted here, such as `tls`, `proxy`, cookies and `auth`, are taken from `http`.",
    keys: &[
        Key::new(
            "url",
            Ty::Text,
            "Prefix of every path, with `ws://` or `wss://`. If omitted, the `base_url` of `http` is used.",
            "url: wss://feed.example",
        ),
        HEADERS,
        AUTH_KEY,
        TIMEOUT,
        SUBPROTOCOLS,
        COMPRESSION,
        MAX_MESSAGE,
        CONNECTIONS,
    ],
};

/// Keys of a step that opens a WebSocket.
pub static OPEN: Section = Section {
    name: "websocket step",
    doc: "Opens a WebSocket for the steps inside it, and closes it after them. Its response time is the time of the handshake.",
    keys: &[STEPS, QUERY, HEADERS, AUTH_KEY, TIMEOUT, SUBPROTOCOLS, COMPRESSION, MAX_MESSAGE, CONNECTIONS],
};

const WHERE: Key = Key::new(
    "where",
    Ty::Map(&Ty::Matcher),
    "Selects messages: JSONPaths, each with a value or matcher for the result. All of them must match. If omitted, every message matches. Other messages are skipped.",
    "where: { $.type: quote }",
)
.also(&["match", "matches", "matching", "expect", "filter", "condition", "json", "until", "if"]);
const WITHIN: Key = Key::new(
    "within",
    Ty::Duration,
    "The maximum time to wait. The default is the `timeout` of the connection.",
    "within: 2s",
)
.also(&["timeout", "duration", "for", "wait", "time", "max_wait", "deadline"]);

/// The message that a reply is.
pub static REPLY: Section =
    Section { name: "reply", doc: "The reply to the message that is sent.", keys: &[WHERE, WITHIN] };

/// What people call the content of a message: text, or JSON where it is a map or a list.
const CONTENT: &[&str] = &["payload", "message", "data", "body", "content", "value", "msg"];

/// A message to send.
pub static MESSAGE: Section = Section {
    name: "message",
    doc: "A message: use one of these keys.",
    keys: &[
        Key::new("text", Ty::Text, "Text, sent as it is.", "text: ping").also(CONTENT),
        Key::new("json", Ty::Any, "A value written as YAML and sent as JSON.", "json: { subscribe: AAPL }")
            .also(CONTENT),
        Key::new("binary_file", Ty::Path, "A file that is sent as a binary message.", "binary_file: files/frame.bin")
            .also(&["file", "binary", "bytes", "path", "body_file"]),
    ],
};

/// Keys of a step that sends a message.
pub static SEND: Section = Section {
    name: "send step",
    doc: "Sends a message on the connection of the surrounding `websocket` step.",
    keys: &[Key::new(
        "reply",
        Ty::Section(&REPLY),
        "Waits for a message that arrives after this one was sent. Messages that arrived earlier are discarded. The response time then ends with the reply, and `extract` and `assert` use it. Without `reply`, the step ends when the message has been sent.",
        "reply: { where: { $.symbol: AAPL }, within: 2s }",
    )
    .also(&["response", "answer", "await", "wait_for"])],
};

/// What a step waits for.
pub static RECEIVE: Section = Section {
    name: "receive",
    doc: "Messages to wait for. Messages that arrived since the previous step count, too: up to 1,000 messages and 1 MiB are kept.",
    keys: &[
        Key::new("count", Ty::Count(1), "How many messages to wait for. The default is 1.", "count: 10")
            .also(&["messages", "events", "number", "times"]),
        WITHIN,
        WHERE,
        Key::new(
            "close",
            Ty::Bool,
            "Waits until the server closes the connection instead. `status` is then the close code, such as 1000, or 1005 if there is none. Messages that still arrive are skipped.",
            "close: true",
        )
        .also(&["closed", "end", "disconnect"]),
    ],
};

/// The sections whose keys a `websocket` step takes.
static OF_OPEN: &[&Section] = &[&OPEN, &ANY_REQUEST];
/// Those of a `send` step.
static OF_SEND: &[&Section] = &[&SEND, &ANY_REQUEST];
/// Those of a `receive` step.
static OF_RECEIVE: &[&Section] = &[&ANY_REQUEST];

/// Every section of keys of WebSockets.
pub static SECTIONS: &[&Section] = &[&WEBSOCKET, &OPEN, &SEND, &MESSAGE, &REPLY, &RECEIVE];

/// The kinds of steps of WebSockets.
pub static KINDS: [StepKeys; 3] = [
    StepKeys {
        id: KindId::Request(RequestKind::WebSocket),
        key: Key::new(
            "websocket",
            Ty::Text,
            "Opens a WebSocket at a path or URL for the steps inside it.",
            "websocket: /ws/prices\nsteps:\n  - send: { json: { subscribe: AAPL } }\n    reply: { where: { $.symbol: AAPL } }",
        )
        .words(&[("Artillery", "connect"), ("Gatling", "ws"), ("JMeter", "websocket_open")])
        .also(&["wss", "web_socket", "WebSocket", "socket", "ws_connect", "open_websocket"]),
        keys: &[],
        sections: OF_OPEN,
        jmeter: "WebSocket Open Connection (plugin)",
    },
    StepKeys {
        id: KindId::Request(RequestKind::Send),
        key: Key::new(
            "send",
            Ty::Either(&[Ty::Text, Ty::Section(&MESSAGE)]),
            "Sends a message on the surrounding WebSocket, and waits for its `reply` if it has one.",
            "send: { json: { subscribe: AAPL } }",
        )
        .words(&[("Gatling", "sendText"), ("JMeter", "websocket_request"), ("Artillery", "emit")])
        .also(&["ws_send", "send_message", "send_text", "send_json", "publish", "message"]),
        keys: &[],
        sections: OF_SEND,
        jmeter: "WebSocket request-response (plugin)",
    },
    StepKeys {
        id: KindId::Request(RequestKind::Receive),
        key: Key::new(
            "receive",
            Ty::Section(&RECEIVE),
            "Waits for messages on the surrounding WebSocket.",
            "receive: { count: 10, within: 5s }",
        )
        .words(&[("JMeter", "websocket_single_read"), ("Gatling", "await")])
        .also(&["recv", "ws_receive", "receive_message", "on_message", "wait_for_message", "wait_for", "listen", "read"]),
        keys: &[],
        sections: OF_RECEIVE,
        jmeter: "WebSocket Single Read (plugin)",
    },
];
