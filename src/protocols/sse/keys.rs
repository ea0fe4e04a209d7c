//! Keys of steps that read server-sent events.

use crate::plan::keys::{ANY_REQUEST, Key, KindId, Section, StepKeys, Ty};
use crate::protocols::http::keys::{HTTP, REQUEST};
use crate::protocols::spec::RequestKind;

/// Keys of a step that reads a stream of events.
pub static STREAM: Section = Section {
    name: "sse step",
    doc: "Reads a stream of server-sent events (`text/event-stream`) and measures when they come: `first_event` from the start of the request to the first event, `event_gap` from one event to the next. The response time ends with the event, the end or the time that ends the stream. `extract` and `assert` look at the data of the last event. `Accept: text/event-stream`, `Cache-Control: no-cache` and, unless `compression` is off, `Accept-Encoding: gzip, deflate` are sent unless the plan writes these headers.",
    keys: &[Key::new(
        "until",
        Ty::Section(&UNTIL),
        "What ends the stream; of several the first that holds. The connection is closed then, unless the server has ended the stream too. A stream that the server ends before fails. Without `until`, the stream is read until the server ends it. All of it has to come within `timeout`.",
        "until: { data: '[DONE]' }",
    )],
};

/// What ends a stream.
pub static UNTIL: Section = Section {
    name: "until",
    doc: "What ends a stream of events: one of these, or the first that holds of several.",
    keys: &[
        Key::new(
            "data",
            Ty::Text,
            "An event with exactly this data. `extract` and `assert` look at the event before it, if there is one.",
            "data: '[DONE]'",
        )
        .also(&["text", "body", "payload", "message", "equals", "value"]),
        Key::new(
            "event",
            Ty::Name,
            "An event of this type. An event whose type the server does not tell is a `message`.",
            "event: completed",
        )
        .also(&["type", "event_type", "event_name", "name"]),
        Key::new("events", Ty::Count(1), "So many events.", "events: 20")
            .also(&["count", "messages", "number", "max_events", "limit"]),
        Key::new(
            "for",
            Ty::Duration,
            "So much time since the head of the response came, however many events came in it. The head has to come within `timeout`, which does not hold for the stream then.",
            "for: 30s",
        )
        .also(&["timeout", "within", "duration", "time", "wait", "max_time"]),
        Key::new(
            "close",
            Ty::Bool,
            "The end of the stream: the server may end it before anything else holds.",
            "close: true",
        )
        .also(&["end", "closed", "eof"]),
    ],
};

/// The sections whose keys such a step takes.
static OF_A_STREAM: &[&Section] = &[&STREAM, &REQUEST, &ANY_REQUEST, &HTTP];

/// Every section of keys of server-sent events.
pub static SECTIONS: &[&Section] = &[&STREAM, &UNTIL];

/// The kind of steps that read server-sent events.
pub static KINDS: [StepKeys; 1] = [StepKeys {
    id: KindId::Request(RequestKind::Sse),
    key: Key::new(
        "sse",
        Ty::Text,
        "Reads a stream of server-sent events from a path or URL: an HTTP POST if the step has a body, else a GET. A stream that ends is not asked for again as a browser does (`retry`, `Last-Event-ID`): each step measures one stream.",
        "sse: /v1/stream\nuntil: { data: '[DONE]' }\nthresholds: [first_event.p95 < 800ms, event_gap.p95 < 80ms]",
    )
    .words(&[("k6", "sse.open"), ("Gatling", "sse"), ("browser", "EventSource")])
    .also(&["eventsource", "event_source", "stream", "event_stream", "server_sent_events", "events"]),
    keys: &[],
    sections: OF_A_STREAM,
    jmeter: "",
}];
