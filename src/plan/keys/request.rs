//! Keys of requests, whatever their protocol.

use super::{Key, Section, Ty};

/// Assertions, on a request or for all of them.
pub const ASSERT: Key = Key::new(
    "assert",
    Ty::Assertions,
    "What must be true of every response. A request's own assertion about the same subject replaces that subject here.",
    "assert:\n  status: 200\n  response_time: { below: 500ms }",
)
.words(&[
    ("JMeter", "assertions"),
    ("Taurus", "assert"),
    ("Artillery", "expect"),
    ("JMeter", "response_assertion"),
    ("k6", "check"),
    ("k6", "checks"),
    ("Gatling", "check"),
    ("HttpRunner", "validate"),
    ("JMeter", "assertion"),
]);

/// Keys that every request takes.
pub static ANY_REQUEST: Section = Section {
    name: "any request",
    doc: "What a request of any protocol takes from its response, and what must be true of it.",
    keys: &[
        Key::new("extract", Ty::Extractors, "Variables to take from the response.", "extract:\n  token: $.token")
            .words(&[
                ("Artillery", "capture"),
                ("Taurus", "extract-jsonpath"),
                ("Taurus", "extract-regexp"),
                ("JMeter", "extractors"),
                ("drill", "assign"),
                ("hurl", "captures"),
                ("JMeter", "json_extractor"),
                ("JMeter", "post_processors"),
            ]),
        ASSERT,
        Key::new(
            "thresholds",
            Ty::Thresholds,
            "What must hold for this request.",
            "thresholds: [p95 < 100ms, error_rate < 1%]",
        ),
        Key::new(
            "with",
            Ty::Map(&Ty::Any),
            "Variables for this step only.",
            "with:\n  symbol: ${choice(['AAPL', 'MSFT'])}",
        )
        .words(&[("drill", "with_items"), ("Ansible", "vars")]),
    ],
};
