//! Keys of extractors, assertions, matchers and thresholds.

use super::{Key, Section, Ty};

/// What `between` takes.
pub const BETWEEN_DOC: &str = "a list of two texts: what stands before the value and what stands after it";

/// The words of the `type` matcher.
pub const JSON_TYPES: &[(&str, &str)] = &[
    ("object", "a JSON object"),
    ("array", "a JSON array"),
    ("string", "text"),
    ("number", "a number"),
    ("boolean", "true or false"),
    ("null", "null"),
];

/// An extractor.
pub static EXTRACTOR: Section = Section {
    name: "extractor",
    doc: "How to take a value from a response: one of `json`, `regex`, `css`, `xpath`, `between`, `header`, `cookie`. Text that starts with `$` is short for `json`.",
    keys: &[
        Key::new("json", Ty::Text, "A JSONPath (RFC 9535), in a body that is JSON from its first to its last byte.", "json: $.items[*].id").words(&[("Artillery", "jsonpath"), ("JMeter", "jsonPath"), ("Taurus", "jsonpath"), ("JMeter", "json_path")]),
        Key::new("regex", Ty::Text, "A regular expression; `group` says which part of it.", "regex: 'order-(\\d+)'").words(&[("Artillery", "regexp"), ("Taurus", "regexp")]),
        Key::new("css", Ty::Text, "A CSS selector; the element's text, or its `attribute`.", "css: 'input[name=csrf]'").words(&[("Artillery", "selector")]),
        Key::new("xpath", Ty::Text, "An XPath 1.0 expression, for XML.", "xpath: //title"),
        Key::new("between", Ty::List(&Ty::Text), "What stands between two texts (JMeter's Boundary Extractor).", "between: ['id=\"', '\"']").words(&[("JMeter", "boundary")]),
        Key::new("header", Ty::Text, "A response header.", "header: X-Request-Id"),
        Key::new("cookie", Ty::Text, "A cookie the response set.", "cookie: SESSIONID"),
        Key::new("group", Ty::Either(&[Ty::Count(0), Ty::Name]), "Which group of the regular expression: a number or a name. The default is 1 if there is one, else the whole match.", "group: 1").words(&[("JMeter", "template")]),
        Key::new("attribute", Ty::Text, "Which attribute of the element, instead of its text.", "attribute: value").words(&[("Artillery", "attr")]),
        Key::new("in", Ty::Text, "Where to look: `body` (the default), `url`, `header.NAME` or `cookie.NAME`.", "in: header.Location").words(&[("JMeter", "field_to_check"), ("Taurus", "subject"), ("JMeter", "from")]),
        Key::new("match", Ty::Either(&[Ty::Enum(&[("first", "the first match (the default)"), ("last", "the last match"), ("random", "any match"), ("all", "a list of all matches")]), Ty::Count(1)]), "Which of several matches: `first`, `last`, `random`, `all`, or a number counted from 1.", "match: all").words(&[("JMeter", "match_no"), ("Taurus", "match-no"), ("JMeter", "match_number")]),
        Key::new("default", Ty::Any, "The value when nothing matches. Without it the sample fails.", "default: none"),
        Key::new("secret", Ty::Bool, "Whether the value is shown as `***` in every output.", "secret: true"),
    ],
};

/// The map under `assert`.
pub static ASSERTIONS: Section = Section {
    name: "assert",
    doc: "What must be true of the response. A request without a `status` assertion fails on 4xx and 5xx.",
    keys: &[
        Key::new("name", Ty::Name, "A name for these assertions in reports.", "name: order accepted"),
        Key::new(
            "status",
            Ty::Matcher,
            "The status: a number, a list (one of them), a class such as `2xx`, or a matcher.",
            "status: 200",
        )
        .words(&[
            ("Artillery", "statusCode"),
            ("JMeter", "response_code"),
            ("JMeter", "code"),
            ("Taurus", "http-code"),
            ("k6", "status_code"),
            ("hurl", "HTTP"),
        ]),
        Key::new(
            "response_time",
            Ty::Matcher,
            "A matcher on the response time, to the last byte of the body.",
            "response_time: { below: 500ms }",
        )
        .words(&[
            ("JMeter", "duration"),
            ("hurl", "duration"),
            ("Gatling", "responseTimeInMillis"),
            ("JMeter", "duration_assertion"),
        ]),
        Key::new(
            "first_byte",
            Ty::Matcher,
            "A matcher on the time from the request to the first byte of the response.",
            "first_byte: { below: 200ms }",
        )
        .words(&[("JMeter", "latency"), ("k6", "http_req_waiting")]),
        Key::new(
            "messages",
            Ty::Matcher,
            "A value or matcher for how many messages or events came that were waited for.",
            "messages: { at_least: 5 }",
        ),
        Key::new(
            "reply",
            Ty::Matcher,
            "A matcher on the time from a message sent to its reply.",
            "reply: { below: 100ms }",
        ),
        Key::new(
            "first_event",
            Ty::Matcher,
            "A matcher on the time to the first event or message.",
            "first_event: { below: 800ms }",
        ),
        Key::new(
            "event_gap",
            Ty::Matcher,
            "A matcher on the longest time between one event or message and the next.",
            "event_gap: { below: 80ms }",
        ),
        Key::new("size", Ty::Matcher, "A matcher on the size of the decoded body.", "size: { at_most: 10kB }")
            .words(&[("JMeter", "size_assertion"), ("hurl", "bytes")]),
        Key::new("body", Ty::Matcher, "A matcher on the body's text. What encoding it is in says a byte order mark, else the `Content-Type`, else the document itself.", "body: { contains: welcome }").words(&[
            ("JMeter", "response_data"),
            ("Taurus", "contains"),
            ("Artillery", "text"),
            ("Gatling", "bodyString"),
        ]),
        Key::new(
            "json",
            Ty::Map(&Ty::Matcher),
            "JSONPaths, each with the value or matcher for what it finds. The body must be JSON from its first to its last byte.",
            "json:\n  $.status: OPEN\n  $.items: { length: 3 }",
        )
        .words(&[
            ("Taurus", "assert-jsonpath"),
            ("Artillery", "hasProperty"),
            ("JMeter", "json_assertion"),
            ("hurl", "jsonpath"),
            ("JMeter", "jsonpath"),
        ]),
        Key::new(
            "xpath",
            Ty::Map(&Ty::Matcher),
            "XPaths, each with the value or matcher for what it finds.",
            "xpath:\n  //order/@state: open",
        )
        .words(&[("Taurus", "assert-xpath")]),
        Key::new(
            "css",
            Ty::Map(&Ty::Matcher),
            "CSS selectors, each with the value or matcher for the elements' text.",
            "css:\n  h1: Portfolio",
        ),
        Key::new(
            "header",
            Ty::Map(&Ty::Matcher),
            "Response headers, each with its value or matcher.",
            "header:\n  Content-Type: { starts_with: application/json }",
        )
        .words(&[("Artillery", "hasHeader"), ("Artillery", "contentType"), ("k6", "headers")]),
        Key::new(
            "cookie",
            Ty::Map(&Ty::Matcher),
            "Cookies the response set, each with its value or matcher.",
            "cookie:\n  SESSIONID: { exists: true }",
        )
        .words(&[("hurl", "cookies")]),
        Key::new("url", Ty::Matcher, "The URL that responded, after redirects.", "url: { ends_with: /home }"),
        Key::new(
            "json_schema",
            Ty::Path,
            "A JSON Schema file the whole body must satisfy.",
            "json_schema: schemas/order.json",
        ),
        Key::new("expr", Ty::Expression, "A bare expression that must be true.", "expr: total == price * quantity")
            .words(&[("JMeter", "jsr223")]),
    ],
};

/// The matchers.
pub static MATCHER: Section = Section {
    name: "matcher",
    doc: "How a value is compared. All matchers of one map must hold.",
    keys: &[
        Key::new("equals", Ty::Any, "The same value; numbers compare as numbers.", "equals: 200").words(&[
            ("hurl", "=="),
            ("JMeter", "equal"),
            ("Chai", "eq"),
            ("Gatling", "is"),
            ("Chai", "eql"),
        ]),
        Key::new("not_equals", Ty::Any, "Any other value.", "not_equals: 0").words(&[
            ("hurl", "!="),
            ("Gatling", "not"),
            ("Chai", "ne"),
        ]),
        Key::new("one_of", Ty::List(&Ty::Any), "One of these values.", "one_of: [OPEN, FILLED]")
            .words(&[("Gatling", "in")]),
        Key::new(
            "contains",
            Ty::Any,
            "Text that holds this text, or a list that holds this item; with a list, all of them.",
            "contains: welcome",
        )
        .words(&[("JMeter", "substring"), ("hurl", "includes"), ("Chai", "include")]),
        Key::new(
            "not_contains",
            Ty::Any,
            "The opposite of `contains`; with a list, none of them.",
            "not_contains: error",
        ),
        Key::new("starts_with", Ty::Text, "Text that starts so.", "starts_with: '{'").words(&[("hurl", "startsWith")]),
        Key::new("ends_with", Ty::Text, "Text that ends so.", "ends_with: '}'").words(&[("hurl", "endsWith")]),
        Key::new(
            "matches",
            Ty::Text,
            "A regular expression found anywhere; `^…$` for the whole.",
            "matches: '^ord-\\d+$'",
        )
        .words(&[("JMeter", "match"), ("JMeter", "regex"), ("Taurus", "regexp")]),
        Key::new("not_matches", Ty::Text, "A regular expression that must not be found.", "not_matches: 'Exception'"),
        Key::new("above", Ty::Any, "Greater than this.", "above: 0").words(&[
            ("hurl", ">"),
            ("Chai", "gt"),
            ("Chai", "greater_than"),
            ("Gatling", "greaterThan"),
        ]),
        Key::new("at_least", Ty::Any, "This or greater.", "at_least: 1").words(&[
            ("hurl", ">="),
            ("Chai", "gte"),
            ("Chai", "min"),
            ("Gatling", "greaterThanOrEqual"),
        ]),
        Key::new("below", Ty::Any, "Less than this.", "below: 500ms").words(&[
            ("hurl", "<"),
            ("Chai", "lt"),
            ("Chai", "less_than"),
            ("Gatling", "lessThan"),
            ("Chai", "under"),
        ]),
        Key::new("at_most", Ty::Any, "This or less.", "at_most: 10kB").words(&[
            ("hurl", "<="),
            ("Chai", "lte"),
            ("Chai", "max"),
            ("Gatling", "lessThanOrEqual"),
        ]),
        Key::new("exists", Ty::Bool, "Whether anything is found at all.", "exists: true")
            .words(&[("Gatling", "notExists"), ("hurl", "not_exists")]),
        Key::new("empty", Ty::Bool, "Whether the text, list or map is empty.", "empty: false")
            .words(&[("hurl", "isEmpty")]),
        Key::new(
            "length",
            Ty::Matcher,
            "The number of characters, items or keys: a number or a matcher.",
            "length: { at_least: 1 }",
        )
        .words(&[("hurl", "count"), ("Gatling", "count")]),
        Key::new("type", Ty::Enum(JSON_TYPES), "The JSON type.", "type: array"),
        Key::new("each", Ty::Matcher, "A matcher for every element of the list.", "each: { above: 0 }")
            .words(&[("Chai", "every")]),
    ],
};

/// A threshold with options.
pub static THRESHOLD: Section = Section {
    name: "threshold",
    doc: "A figure that must hold: `METRIC OP VALUE`. Metrics: p50 … p99.99, mean, min, max, stddev, error_rate, errors, throughput, requests, iterations, dropped, users_lost (users that ended before their time, as a number or as a share: `users_lost < 10%`), apdex(500ms), bytes_received, and a phase with a dot and a metric (`first_byte.p95`): dns, connect, tls, first_byte and download of requests over HTTP, reply, first_event and event_gap of messages and events. A percentile, error_rate or throughput may be limited by earlier runs, which `run --baseline` names: `p95 < baseline + 10%`, `error_rate < baseline + 0.5%` (percentage points), `throughput > baseline - 5%`; without a baseline such a threshold is skipped.",
    keys: &[
        Key::new("threshold", Ty::Name, "The figure, its operator and its limit.", "threshold: error_rate < 50%")
            .required(),
        Key::new("name", Ty::Name, "Its name in reports.", "name: most requests succeed"),
        Key::new(
            "during",
            Ty::Name,
            "The part of the load it judges, by when a sample started: `steady` (no ramp of its group is in progress), `ramp_up`, or `stage 2` (that stage, its hold included).",
            "during: steady",
        ),
        Key::new("after", Ty::Duration, "Leaves out samples that started earlier than this.", "after: 30s")
            .words(&[("k6", "delayAbortEval")]),
        Key::new(
            "abort",
            Ty::Bool,
            "Whether the test stops as soon as the threshold fails (judged once a second, from `after` on).",
            "abort: true",
        )
        .words(&[("k6", "abortOnFail")]),
    ],
};
