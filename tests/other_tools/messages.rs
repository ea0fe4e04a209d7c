//! Steps on WebSockets and on streams of server-sent events, written as people first write them.

use super::support::Folder;
use super::support::patches::patched;
use super::{expect_patch, findings, group};

/// A plan with these lines in the steps of a WebSocket.
pub(super) fn on_a_connection(step: &str) -> String {
    let inner: String = step.lines().map(|line| format!("            {line}\n")).collect();
    group(&format!("      - websocket: /w\n        steps:\n{inner}"))
}

/// A plan with these lines in the steps of a thread group.
pub(super) fn steps(step: &str) -> String {
    group(&step.lines().map(|line| format!("      {line}\n")).collect::<String>())
}

/// Expects exactly one finding without a patch, with these words in its message and its remedy.
#[track_caller]
pub(super) fn expect_told(plan: &str, message: &str, remedy: &str) {
    let found = findings(&Folder::new(), plan);
    assert_eq!(found.len(), 1, "{plan}\n{found:#?}");
    let help = found[0].help.as_deref().unwrap_or_default();
    assert!(found[0].message.contains(message) && help.contains(remedy), "{plan}\n{found:#?}");
    assert_eq!(found[0].fix, None, "{plan}");
}

#[track_caller]
pub(super) fn expect_nothing(plan: &str) {
    let found = findings(&Folder::new(), plan);
    assert!(found.is_empty(), "{plan}\n{found:#?}");
}

#[test]
fn regression_assertions_and_thresholds_that_can_only_fail_are_told_before_the_run() {
    let (one_event, one_message) = ("one event ends this stream", "waits for one message only");
    for (step, message, remedy) in [
        ("until: { events: 1 }\n  thresholds: [event_gap.p95 < 1s]", one_event, "until: { events: 2 }"),
        ("until: { events: 1, for: 5s }\n  assert: { event_gap: { below: 1s } }", one_event, "until: { events: 2 }"),
        ("until: { events: 2 }\n  assert: { messages: { above: 2 } }", "at most 2 events", "`events` in `until`"),
        // RFC 9110 §15.2: a final response has no status below 200.
        ("assert: { status: 101 }", "can only fail", "status: 200"),
        ("assert: { messages: five }", "takes a whole number, not `five`", "at_least: 5"),
        ("assert: { messages: 5s }", "takes a whole number, not `5s`", "at_least: 5"),
        ("assert: { messages: { one_of: [1, few] } }", "takes a whole number, not `few`", "at_least: 5"),
        ("assert: { messages: { contains: 5 } }", "`contains` does not apply to a number", "at_least: 5"),
        ("assert: { first_event: { matches: '5' } }", "`matches` does not apply to a time", "below: 500ms"),
        ("until: { event: 'x${iteration}' }", "must be known before the run", "data: '${…}'"),
    ] {
        expect_told(&steps(&format!("- sse: /s\n  {step}")), message, remedy);
    }
    for (step, message, remedy) in [
        ("- receive: {}\n  thresholds: [event_gap.p95 < 1s]", one_message, "receive: { count: 2 }"),
        ("- receive: { count: 1 }\n  assert: { event_gap: { below: 1s } }", one_message, "receive: { count: 2 }"),
        ("- receive: { count: 3 }\n  assert: { messages: 5 }", "waits for 3 messages", "`count` in `receive`"),
        ("- send: hi\n  assert: { reply: { below: 1s } }", "waits for no `reply`", "add `reply: {}`"),
        ("- send: hi\n  assert: { body: { contains: x } }", "waits for no `reply`", "add `reply: {}`"),
        ("- send: hi\n  thresholds: [reply.p95 < 1s]", "waits for no `reply`", "add `reply: {}`"),
    ] {
        expect_told(&on_a_connection(step), message, remedy);
    }
    // RFC 6455 §4.1: a WebSocket is opened by 101 and by nothing else.
    for status in ["200", "2xx", "[200, 302]", "{ at_least: 200, below: 400 }"] {
        let plan = format!("- websocket: /w\n  assert: {{ status: {status} }}\n  steps: [ {{ send: hi }} ]");
        expect_told(&steps(&plan), "can only fail", "status: 101");
    }
    // Of a plan or a thread group no request has it.
    for level in ["    thresholds: [event_gap.p95 < 1s]\n", "thresholds: [event_gap.p95 < 1s]\n"] {
        let plan = format!("{}{level}", steps("- sse: /s\n  until: { events: 1 }"));
        expect_told(&plan, "no `event_gap` is ever measured", "until: { events: 2 }");
    }
}

#[test]
fn what_may_hold_is_no_mistake() {
    for step in [
        "- websocket: /w\n  assert: { status: 403 }\n  steps: [ { send: hi } ]",
        "- websocket: /w\n  assert: { status: { below: 400 } }\n  steps: [ { send: hi } ]",
        "- websocket: /w\n  assert: { status: [200, 101] }\n  steps: [ { receive: { close: true }, assert: { status: 1000 } } ]",
        "- sse: /s\n  until: { events: 2 }\n  assert: { messages: { at_most: 2 }, event_gap: { below: 1s } }",
        "- sse: /s\n  until: { data: x, for: 5s }\n  assert: { messages: '${iteration}', status: 404 }",
        "- sse: /s\n  until: { data: x }\n  assert: { messages: \"5\" }",
        // RFC 9110 §15.2.2: an upgrade that was asked for is answered with 101.
        "- get: /w\n  headers: { Upgrade: x, Connection: Upgrade }\n  assert: { status: 101 }",
    ] {
        expect_nothing(&steps(step));
    }
    for step in [
        "- receive: { count: 3 }\n  assert: { messages: 3 }\n  thresholds: [event_gap.p95 < 1s]",
        "- send: { json: '5' }",
        "- { send: 'it''s', name: \"a\", think_time: 1s } # it's",
        "- send: { text: 'a: b', }",
    ] {
        expect_nothing(&on_a_connection(step));
    }
}

#[test]
fn regression_other_words_in_messages_are_corrected_with_their_values() {
    let folder = Folder::new();
    folder.write("frame.bin", "x");
    for (step, words, written) in [
        ("- receive: { count: 3, timeout: 5s }", "here it is `within`", "within: 5s"),
        ("- receive: { duration: 5s }", "here it is `within`", "within: 5s"),
        ("- receive: { messages: 3 }", "here it is `count`", "count: 3"),
        ("- receive: { events: 3 }", "here it is `count`", "count: 3"),
        ("- receive: { match: { $.a: 1 } }", "here it is `where`", "where: { $.a: 1 }"),
        ("- receive: { expect: { $.a: 1 } }", "here it is `where`", "where: { $.a: 1 }"),
        ("- receive: { filter: { $.a: 1 } }", "here it is `where`", "where: { $.a: 1 }"),
        ("- receive: { $.a: 1, within: 5s }", "stand in `where`", "{ where: { $.a: 1 }, within: 5s }"),
        ("- receive: { where: { json: { $.a: 1 } } }", "without `json`", "where: { $.a: 1 }"),
        ("- send: hi\n  reply: { timeout: 2s }", "here it is `within`", "within: 2s"),
        ("- send: hi\n  reply: { match: { $.a: 1 } }", "here it is `where`", "where: { $.a: 1 }"),
        ("- send: hi\n  within: 2s", "a key of `reply`", "reply: { within: 2s }"),
        ("- send: hi\n  timeout: 2s", "a key of `reply`", "reply: { within: 2s }"),
        ("- send: hi\n  where: { $.a: 1 }", "a key of `reply`", "reply: { where: { $.a: 1 } }"),
        ("- send: { payload: hi }", "here it is `text`", "text: hi"),
        ("- send: { message: { a: 1 } }", "here it is `json`", "json: { a: 1 }"),
        ("- send: { data: [1, 2] }", "here it is `json`", "json: [1, 2]"),
        ("- send: { body: hi }", "here it is `text`", "text: hi"),
        ("- send: { file: frame.bin }", "here it is `binary_file`", "binary_file: frame.bin"),
        ("- send: { text: { a: 1 } }", "write `json`", "json: { a: 1 }"),
        ("- send: { subscribe: AAPL }", "below `json`", "send: { json: { subscribe: AAPL } }"),
        ("- send: { type: a, text: b }", "below `json`", "send: { json: { type: a, text: b } }"),
        (
            "- send:\n    type: a\n    list:\n      - b",
            "below `json`",
            "json:\n                  type: a\n                  list:\n",
        ),
        ("- send: [1, 2]", "below `json`", "send: { json: [1, 2] }"),
        ("- send: { json: '{\"a\": 1}' }", "one JSON string", "json: {\"a\": 1}"),
        ("- receive:", "receive: {}", "receive: {}"),
        ("- { send: hi, reply: }", "reply: {}", "reply: {}"),
        ("- receive: 5", "count: 5", "receive: { count: 5 }"),
        ("- receive: 5s", "within: 5s", "receive: { within: 5s }"),
        ("- receive: close", "close: true", "receive: { close: true }"),
        ("- send: hi\n  reply: true", "reply: {}", "reply: {}"),
        ("- send: hi\n  reply: 2s", "within: 2s", "reply: { within: 2s }"),
        ("- ws_send: hi", "here it is `send`", "- send: hi"),
        ("- recv: {}", "here it is `receive`", "- receive: {}"),
        ("- receive: {}\n  expect: { json: { $.a: 1 } }", "here it is `assert`", "assert: { json: { $.a: 1 } }"),
        ("- send: { text: 'it's' }", "the `'` inside ends the text", "text: \"it's\""),
        ("- send: { json: { a: 'it's', b: 'x' } }", "the `'` inside ends the text", "a: \"it's\", b: 'x'"),
        ("- send: { text: \"{\"a\":\"b\",\"c\":1}\" }", "inside ends the text", "text: '{\"a\":\"b\",\"c\":1}'"),
    ] {
        expect_patch(&folder, &on_a_connection(step), words, written);
    }
    // HTTP's own JSON is judged in the same way.
    let post = steps("- post: /x\n  json: '{\"a\": [1, \"${iteration}\"]}'");
    expect_patch(&folder, &post, "one JSON string", "json: {\"a\": [1, \"${iteration}\"]}");
}

#[test]
fn regression_other_words_for_streams_are_corrected_with_their_values() {
    let folder = Folder::new();
    for (until, words, written) in [
        ("{ timeout: 5s }", "here it is `for`", "{ for: 5s }"),
        ("{ within: 5s }", "here it is `for`", "{ for: 5s }"),
        ("{ duration: 5s }", "here it is `for`", "{ for: 5s }"),
        ("{ count: 5 }", "here it is `events`", "{ events: 5 }"),
        ("{ messages: 5 }", "here it is `events`", "{ events: 5 }"),
        ("{ text: x }", "here it is `data`", "{ data: x }"),
        ("{ type: done }", "here it is `event`", "{ event: done }"),
        ("{ end: true }", "here it is `close`", "{ close: true }"),
        ("{ data: [DONE] }", "needs quotes", "{ data: '[DONE]' }"),
        ("{ data: {\"done\": true} }", "needs quotes", "{ data: '{\"done\": true}' }"),
        ("5", "events: 5", "until: { events: 5 }"),
        ("5s", "for: 5s", "until: { for: 5s }"),
        ("'[DONE]'", "data: '[DONE]'", "until: { data: '[DONE]' }"),
        ("[DONE]", "data: '[DONE]'", "until: { data: '[DONE]' }"),
        ("[events: 5, for: 2s]", "events: 5, for: 2s", "until: { events: 5, for: 2s }"),
        ("close", "close: true", "until: { close: true }"),
    ] {
        expect_patch(&folder, &steps(&format!("- sse: /s\n  until: {until}")), words, written);
    }
    for (step, words, written) in [
        ("- sse: /s\n  events: 5", "a key of `until`", "until: { events: 5 }"),
        ("- sse: /s\n  count: 5", "a key of `until`", "until: { events: 5 }"),
        ("- sse: /s\n  duration: 5s", "a key of `until`", "until: { for: 5s }"),
        ("- eventsource: /s", "here it is `sse`", "- sse: /s"),
        ("- stream: /s", "here it is `sse`", "- sse: /s"),
        ("- event_stream: /s\n  until: { events: 5 }", "here it is `sse`", "- sse: /s"),
        ("- sse: { url: /s }", "takes its path or URL", "- sse: /s"),
        (
            "- sse:\n    url: /s\n    until: { events: 5 }",
            "`until` beside it",
            "- sse: /s\n        until: { events: 5 }",
        ),
        ("- websocket: { url: /w }\n  steps: [ send: hi ]", "takes its path or URL", "- websocket: /w\n"),
        (
            "- websocket:\n    headers:\n      A: b\n    url: /w\n    steps:\n      - send: hi",
            "`headers`, `steps` beside it",
            "- websocket: /w\n        headers:\n          A: b\n        steps:\n          - send: hi",
        ),
        (
            "- { websocket: { url: /w, headers: { A: b } }, steps: [ { send: hi } ] }",
            "`headers` beside it",
            "{ websocket: /w, headers: { A: b }, steps:",
        ),
        ("- websocket:\n  url: /w\n  steps: [ send: hi ]", "stands at `websocket` itself", "- websocket: /w\n"),
        ("- get: { url: /s, headers: { A: b } }", "`headers` beside it", "- get: /s\n        headers: { A: b }"),
        ("- ws: /w\n  steps: [ send: hi ]", "here it is `websocket`", "- websocket: /w"),
        ("- web_socket: /w\n  steps: [ send: hi ]", "here it is `websocket`", "- websocket: /w"),
        ("- loop: 3\n  steps: [ get: /s ]", "here it is `repeat`", "- repeat: 3"),
        (
            "- websocket: /w\n  subprotocol: x\n  steps: [ send: hi ]",
            "did you mean `subprotocols`, a list?",
            "subprotocols: [x]",
        ),
        ("- sse: /s\n  expect: { status: 200 }", "here it is `assert`", "assert: { status: 200 }"),
    ] {
        expect_patch(&folder, &steps(step), words, written);
    }
    // A misspelt kind and a URL within are two findings, of which one patch mends both.
    let plan = steps("- ws: { url: /w }\n  steps: [ send: hi ]");
    let found = findings(&folder, &plan);
    assert_eq!(found.len(), 2, "{found:#?}");
    expect_nothing(&patched(&plan, &found).0);
}

/// A comma that is missing is told as that, not as a quote too many.
#[test]
fn a_comma_that_is_missing_after_quotes_is_told() {
    for send in ["{ json: ['a' 'b'] }", "{ json: { a: 'x' b: 'y' } }", "{ text: 'the dogs' tail' }"] {
        let found = findings(&Folder::new(), &on_a_connection(&format!("- send: {send}")));
        let help = found[0].help.as_deref().unwrap_or_default();
        assert!(found.len() == 1 && help.contains("if a comma is missing, add it"), "{found:#?}");
    }
}

/// The value of an alias stands where its anchor is: there is nothing to put in its place beside the key.
#[test]
fn regression_values_of_aliases_are_not_moved() {
    let head = "x-a: &a { url: /s }\nx-b: &b 5s\n";
    for step in ["- sse: *a", "- sse: /s\n  within: *b", "- websocket: /w\n  steps: [ { send: hi, timeout: *b } ]"] {
        let found = findings(&Folder::new(), &format!("{head}{}", steps(step)));
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0].fix, None, "{found:#?}");
    }
}

/// A patch of a whole step would undo those within it: all that are offered at once can be put in place.
#[test]
fn regression_patches_do_not_lie_within_one_another() {
    let folder = Folder::new();
    let mut plan = steps(
        "- ws:\n    url: /w\n    headers: { A: b }\n    steps:\n      - receive:\n      - send:\n          type: a\n          text: [b]\n      - send: { text: 'it's' }\n      - receive: { timeout: 5s }",
    );
    for round in 0..3 {
        let found = findings(&folder, &plan);
        assert_eq!(found.is_empty(), round == 2, "{plan}\n{found:#?}");
        plan = patched(&plan, &found).0;
    }
    let written = "      - websocket: /w\n        headers: { A: b }\n        steps:\n          - receive: {}\n          - send:\n              json:\n                type: a\n                text: [b]\n          - send: { text: \"it's\" }\n          - receive: { within: 5s }\n";
    assert!(plan.contains(written), "{plan}");
}

#[test]
fn regression_what_is_not_there_is_told_with_what_to_do_instead() {
    for (step, message, remedy) in [
        ("- close: {}", "`close` is not a step type", "closes by itself after the last of the `steps`"),
        ("- close:", "`close` is not a step type", "closes by itself after the last of the `steps`"),
        ("- disconnect: true", "`disconnect` is not a step type", "receive: { close: true }"),
        ("- reply: {}", "`reply` is not a step type", "beside `send`"),
        ("- receive: { match: hello }", "no key `match`", "here it is `where`, for example"),
        ("- receive: { timeout: 5 }", "no key `timeout`", "here it is `within`, for example"),
        ("- receive: { count: 3, messages: 4 }", "no key `messages`", "written already"),
        ("- receive: { where: hello }", "`where` takes a map of JSONPaths", "where: { $.type: quote }"),
        ("- receive: { where: { body: { contains: x } } }", "`body` is none", "assert: { body:"),
        ("- receive: { where: { contains: x } }", "`contains` is none", "assert: { body:"),
        ("- receive: pong", "`receive` takes a map", "`receive: {}` for any message"),
        ("- send: hi\n  reply: { count: 2 }", "no key `count`", "receive: { count: 10 }"),
        ("- send: { text: hi, reply: {} }", "no key `reply`", "beside `send`"),
        ("- send: hi\n  expect: { json: { $.a: 1 } }", "no key `expect`", "write `reply: {}` beside it"),
        ("- receive: {}\n  expect: { status: 200 }", "no key `expect`", "assert: { json: { $.type: quote } }"),
        ("- send: hi\n  receive: {}", "cannot be both", "write `reply` instead of `receive`"),
    ] {
        expect_told(&on_a_connection(step), message, remedy);
    }
    for (step, message, remedy) in [
        ("- until: { events: 5 }", "`until` is not a step type", "write it beside `sse`"),
        ("- until: x > 5\n  steps: [ get: / ]", "`until` is not a step type", "`while:` with the opposite condition"),
        ("- assert: { status: 200 }", "`assert` is not a step type", "beside `get`"),
        ("- sse: /s\n  until: { where: { $.a: 1 } }", "no key `where`", "does not look into an event"),
        ("- sse: /s\n  until: $.done == true", "`until` takes a map", "does not look into an event"),
        ("- sse: /s\n  until: { data: { a: 1 } }", "`data` takes text", "put quotes around it"),
        ("- sse: /s\n  method: POST", "no key `method`", "sent as POST"),
        ("- sse: { events: 5 }", "`sse` takes a path or URL", "sse: /path"),
        ("- websocket: /w\n  steps: []", "holds no step", "- send: { json: { subscribe: AAPL } }"),
        ("- websocket: /w\n  send: hi", "cannot be both", "into the `steps` of `websocket`"),
    ] {
        expect_told(&steps(step), message, remedy);
    }
}

#[test]
fn regression_profiles_and_thread_groups_have_settings_of_websockets() {
    let plan = |over: &str| {
        format!(
            "thread_groups:\n  g:\n    iterations: 1\n    websocket: {{ url: 'ws://127.0.0.1:9' }}\n    steps:\n      - websocket: /w\n        steps: [ send: hi ]\nprofiles:\n  p: {{ {over} }}\n"
        )
    };
    expect_nothing(&plan("websocket: { timeout: 5s }, thread_groups: { g: { websocket: { timeout: 6s } } }"));
    expect_patch(&Folder::new(), &plan("websocket: { timeuot: 5s }"), "did you mean `timeout`?", "{ timeout: 5s }");
}
