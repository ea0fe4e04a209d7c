//! Keys of extractors, assertions, matchers and thresholds.

use super::{Key, Section, Ty};

/// What `between` takes.
pub const BETWEEN_DOC: &str = "a list of two texts: the text before the value and the text after it";

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
    doc: "How to extract a value from a response: one of `json`, `regex`, `css`, `xpath`, `between`, `header`, `cookie`. Text that starts with `$` is a shortcut for `json`.",
    keys: &[
        Key::new("json", Ty::Text, "A JSONPath (RFC 9535). The whole body must be valid JSON.", "json: $.items[*].id").words(&[("Artillery", "jsonpath"), ("JMeter", "jsonPath"), ("Taurus", "jsonpath"), ("JMeter", "json_path")]),
        Key::new("regex", Ty::Text, "A regular expression. `group` selects a part of the match.", "regex: 'order-(\\d+)'").words(&[("Artillery", "regexp"), ("Taurus", "regexp")]),
        Key::new("css", Ty::Text, "A CSS selector. The value is the text of the element, or its `attribute`.", "css: 'input[name=csrf]'").words(&[("Artillery", "selector")]),
        Key::new("xpath", Ty::Text, "An XPath 1.0 expression, for XML.", "xpath: //title"),
        Key::new("between", Ty::List(&Ty::Text), "The text between two other texts (JMeter's Boundary Extractor).", "between: ['id=\"', '\"']").words(&[("JMeter", "boundary")]),
        Key::new("header", Ty::Text, "A response header.", "header: X-Request-Id"),
        Key::new("cookie", Ty::Text, "A cookie that the response sets.", "cookie: SESSIONID"),
        Key::new("group", Ty::Either(&[Ty::Count(0), Ty::Name]), "The group of the regular expression: a number or a name. The default is group 1 if there is one, otherwise the whole match.", "group: 1").words(&[("JMeter", "template")]),
        Key::new("attribute", Ty::Text, "The attribute of the element to use instead of its text.", "attribute: value").words(&[("Artillery", "attr")]),
        Key::new("in", Ty::Text, "Where to search: `body` (the default), `url`, `header.NAME` or `cookie.NAME`.", "in: header.Location").words(&[("JMeter", "field_to_check"), ("Taurus", "subject"), ("JMeter", "from")]),
        Key::new("match", Ty::Either(&[Ty::Enum(&[("first", "the first match (the default)"), ("last", "the last match"), ("random", "a random match"), ("all", "a list of all matches")]), Ty::Count(1)]), "Which match to use: `first`, `last`, `random`, `all`, or a number, counted from 1.", "match: all").words(&[("JMeter", "match_no"), ("Taurus", "match-no"), ("JMeter", "match_number")]),
        Key::new("default", Ty::Any, "The value to use if nothing matches. If omitted, the sample fails.", "default: none"),
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
            Ty::TimeMatcher,
            "A matcher for the response time, to the last byte of the body.",
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
            Ty::TimeMatcher,
            "A matcher for the time from the request to the first byte of the response.",
            "first_byte: { below: 200ms }",
        )
        .words(&[("JMeter", "latency"), ("k6", "http_req_waiting")]),
        Key::new(
            "messages",
            Ty::Matcher,
            "A value or matcher for the number of messages or events that arrived and matched.",
            "messages: { at_least: 5 }",
        ),
        Key::new(
            "reply",
            Ty::TimeMatcher,
            "A matcher for the time from sending a message to its reply.",
            "reply: { below: 100ms }",
        ),
        Key::new(
            "first_event",
            Ty::TimeMatcher,
            "A matcher for the time to the first event or message.",
            "first_event: { below: 800ms }",
        ),
        Key::new(
            "event_gap",
            Ty::TimeMatcher,
            "A matcher for the longest gap between two events or messages.",
            "event_gap: { below: 80ms }",
        ),
        Key::new("size", Ty::Matcher, "A matcher for the size of the decoded body.", "size: { at_most: 10kB }")
            .words(&[("JMeter", "size_assertion"), ("hurl", "bytes")]),
        Key::new("body", Ty::Matcher, "A matcher for the text of the body. The encoding is taken from a byte order mark, the `Content-Type`, or the document itself, in this order.", "body: { contains: welcome }").words(&[
            ("JMeter", "response_data"),
            ("Taurus", "contains"),
            ("Artillery", "text"),
            ("Gatling", "bodyString"),
        ]),
        Key::new(
            "json",
            Ty::Map(&Ty::Matcher),
            "JSONPaths, each with a value or matcher for the result. The whole body must be valid JSON.",
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
            "XPaths, each with a value or matcher for the result.",
            "xpath:\n  //order/@state: open",
        )
        .words(&[("Taurus", "assert-xpath")]),
        Key::new(
            "css",
            Ty::Map(&Ty::Matcher),
            "CSS selectors, each with a value or matcher for the text of the elements.",
            "css:\n  h1: Portfolio",
        ),
        Key::new(
            "header",
            Ty::Map(&Ty::Matcher),
            "Response headers, each with a value or matcher.",
            "header:\n  Content-Type: { starts_with: application/json }",
        )
        .words(&[("Artillery", "hasHeader"), ("Artillery", "contentType"), ("k6", "headers")]),
        Key::new(
            "cookie",
            Ty::Map(&Ty::Matcher),
            "Cookies that the response sets, each with a value or matcher.",
            "cookie:\n  SESSIONID: { exists: true }",
        )
        .words(&[("hurl", "cookies")]),
        Key::new("url", Ty::Matcher, "The final URL, after redirects.", "url: { ends_with: /home }"),
        Key::new(
            "json_schema",
            Ty::Path,
            "A JSON Schema file. The whole body must match it.",
            "json_schema: schemas/order.json",
        ),
        Key::new("expr", Ty::Expression, "An expression (without `${ }`) that must be true.", "expr: total == price * quantity")
            .words(&[("JMeter", "jsr223")]),
    ],
};

/// The matchers.
pub static MATCHER: Section = Section {
    name: "matcher",
    doc: "How to compare a value. If a map has several matchers, all of them must be true.",
    keys: &[
        Key::new("equals", Ty::Any, "The same value. Numbers are compared as numbers.", "equals: 200").words(&[
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
            "Text that contains this text, or a list that contains this item. With a list, all of its items.",
            "contains: welcome",
        )
        .words(&[("JMeter", "substring"), ("hurl", "includes"), ("Chai", "include")]),
        Key::new(
            "not_contains",
            Ty::Any,
            "The opposite of `contains`. With a list, none of its items.",
            "not_contains: error",
        ),
        Key::new("starts_with", Ty::Text, "Text that starts with this.", "starts_with: '{'")
            .words(&[("hurl", "startsWith")]),
        Key::new("ends_with", Ty::Text, "Text that ends with this.", "ends_with: '}'").words(&[("hurl", "endsWith")]),
        Key::new(
            "matches",
            Ty::Text,
            "A regular expression that matches anywhere in the text. Use `^…$` to match the whole text.",
            "matches: '^ord-\\d+$'",
        )
        .words(&[("JMeter", "match"), ("JMeter", "regex"), ("Taurus", "regexp")]),
        Key::new("not_matches", Ty::Text, "A regular expression that must not match.", "not_matches: 'Exception'"),
        Key::new("above", Ty::Any, "Greater than this value.", "above: 0").words(&[
            ("hurl", ">"),
            ("Chai", "gt"),
            ("Chai", "greater_than"),
            ("Gatling", "greaterThan"),
        ]),
        Key::new("at_least", Ty::Any, "Greater than or equal to this value.", "at_least: 1").words(&[
            ("hurl", ">="),
            ("Chai", "gte"),
            ("Chai", "min"),
            ("Gatling", "greaterThanOrEqual"),
        ]),
        Key::new("below", Ty::Any, "Less than this value.", "below: 500ms").words(&[
            ("hurl", "<"),
            ("Chai", "lt"),
            ("Chai", "less_than"),
            ("Gatling", "lessThan"),
            ("Chai", "under"),
        ]),
        Key::new("at_most", Ty::Any, "Less than or equal to this value.", "at_most: 10kB").words(&[
            ("hurl", "<="),
            ("Chai", "lte"),
            ("Chai", "max"),
            ("Gatling", "lessThanOrEqual"),
        ]),
        Key::new("exists", Ty::Bool, "Whether anything is found.", "exists: true")
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
        Key::new("each", Ty::Matcher, "A matcher for each element of the list.", "each: { above: 0 }")
            .words(&[("Chai", "every")]),
    ],
};

/// A threshold with options.
pub static THRESHOLD: Section = Section {
    name: "threshold",
    doc: "A condition that must be true: `METRIC OP VALUE`. Metrics: p50 … p99.99, mean, min, max, stddev, error_rate, errors, throughput, requests, iterations, dropped, users_lost (users that ended early, as a number or a percentage: `users_lost < 10%`), apdex(500ms), bytes_received, and a phase followed by a dot and a metric (`first_byte.p95`): dns, connect, tls, first_byte and download for HTTP requests; reply, first_event and event_gap for messages and events. The limit for a percentile, error_rate or throughput can refer to the earlier runs that you pass with `run --baseline`: `p95 < baseline + 10%`, `error_rate < baseline + 0.5%` (percentage points), `throughput > baseline - 5%`. Without a baseline, such a threshold is skipped.",
    keys: &[
        Key::new("threshold", Ty::Name, "The metric, the operator and the limit.", "threshold: error_rate < 50%")
            .required(),
        Key::new("name", Ty::Name, "The name of the threshold in reports.", "name: most requests succeed"),
        Key::new(
            "during",
            Ty::Name,
            "Only uses samples that start in this part of the load: `steady` (the thread group is not ramping), `ramp_up`, or `stage 2` (the second stage, including its hold).",
            "during: steady",
        ),
        Key::new("after", Ty::Duration, "Ignores samples that start before this time in the run.", "after: 30s")
            .words(&[("k6", "delayAbortEval")]),
        Key::new(
            "abort",
            Ty::Bool,
            "Whether the test stops as soon as the threshold fails (evaluated once per second, starting at `after`).",
            "abort: true",
        )
        .words(&[("k6", "abortOnFail")]),
    ],
};
