//! Keys of requests, whatever their protocol.

use super::{Key, Section, Ty};

/// Assertions, on a request or for all of them.
pub const ASSERT: Key = Key::new(
    "assert",
    Ty::Assertions,
    "Checks for every response. If a request has its own assertion about the same subject, that assertion replaces the one here.",
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
    doc: "Keys of requests of any protocol: values to extract, assertions and thresholds.",
    keys: &[
        Key::new("extract", Ty::Extractors, "Variables to extract from the response.", "extract:\n  token: $.token")
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
            "Pass/fail criteria for this request.",
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
