//! Keys of steps that read server-sent events.

use crate::plan::keys::{ANY_REQUEST, Key, KindId, Section, StepKeys, Ty};
use crate::protocols::http::keys::{HTTP, REQUEST};
use crate::protocols::spec::RequestKind;

/// Keys of a step that reads a stream of events.
pub static STREAM: Section = Section {
    name: "sse step",
    doc: "Reads a stream of server-sent events (`text/event-stream`) and measures when they arrive: `first_event` is the time from the start of the request to the first event, `event_gap` the time between two events. The response time ends when reading ends: with an event, with the end of the stream, or after a time. `extract` and `assert` use the data of the last event. `Accept: text/event-stream`, `Cache-Control: no-cache` and, unless `compression` is off, `Accept-Encoding: gzip, deflate` are sent unless the plan sets these headers.",
    keys: &[Key::new(
        "until",
        Ty::Section(&UNTIL),
        "When to stop reading. If there are several conditions, the first one that is met counts. The connection is then closed, unless the server has ended the stream, too. If the server ends the stream before a condition is met, the step fails. If `until` is omitted, the stream is read until the server ends it. The whole stream must arrive within `timeout`.",
        "until: { data: '[DONE]' }",
    )],
};

/// What ends a stream.
pub static UNTIL: Section = Section {
    name: "until",
    doc: "When to stop reading a stream: one of these conditions, or the first of several that is met.",
    keys: &[
        Key::new(
            "data",
            Ty::Text,
            "An event with exactly this data. `extract` and `assert` use the event before it, if there is one.",
            "data: '[DONE]'",
        )
        .also(&["text", "body", "payload", "message", "equals", "value"]),
        Key::new(
            "event",
            Ty::Name,
            "An event of this type. An event without a type is a `message`.",
            "event: completed",
        )
        .also(&["type", "event_type", "event_name", "name"]),
        Key::new("events", Ty::Count(1), "This many events.", "events: 20")
            .also(&["count", "messages", "number", "max_events", "limit"]),
        Key::new(
            "for",
            Ty::Duration,
            "This much time after the response headers arrive, regardless of the number of events. The headers must arrive within `timeout`; `timeout` does not apply to the stream then.",
            "for: 30s",
        )
        .also(&["timeout", "within", "duration", "time", "wait", "max_time"]),
        Key::new(
            "close",
            Ty::Bool,
            "The end of the stream: the server may end it before another condition is met.",
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
        "Reads a stream of server-sent events from a path or URL: an HTTP POST if the step has a body, otherwise a GET. Unlike a browser, it does not reconnect when the stream ends (`retry`, `Last-Event-ID`): each step measures one stream.",
        "sse: /v1/stream\nuntil: { data: '[DONE]' }\nthresholds: [first_event.p95 < 800ms, event_gap.p95 < 80ms]",
    )
    .words(&[("k6", "sse.open"), ("Gatling", "sse"), ("browser", "EventSource")])
    .also(&["eventsource", "event_source", "stream", "event_stream", "server_sent_events", "events"]),
    keys: &[],
    sections: OF_A_STREAM,
    jmeter: "",
}];
