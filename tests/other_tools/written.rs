//! Patches that move what is written to another place: it means the same there, and nothing is lost. Where that
//! is not certain there is help in words and no patch.

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::messages::{expect_nothing, expect_told, on_a_connection, steps};
use super::support::Folder;
use super::{expect_patch, findings, group};

/// Forty thousand misspelt steps took 34 s while every finding was looked through for each of them.
#[test]
fn regression_misspelt_kinds_are_told_in_linear_time() {
    for (line, told) in [("- ge: /", "not a step type"), ("- recv:", "nothing is written"), ("- close:", "closes")] {
        let mut plan = String::new();
        for _ in 0..20_000 {
            writeln!(plan, "      {line}").unwrap();
        }
        let started = Instant::now();
        let found = findings(&Folder::new(), &group(&plan));
        assert!(found.len() >= 20_000, "{}", found.len());
        let text = |at: usize| format!("{} {}", found[at].message, found[at].help.clone().unwrap_or_default());
        assert!((0..found.len()).any(|at| text(at).contains(told)), "{}", text(0));
        assert!(started.elapsed() < Duration::from_secs(60), "{line}: {:?}", started.elapsed());
    }
}

/// The width of a format string is at most 65,535.
#[test]
fn regression_patches_of_lines_that_are_indented_very_far_do_not_panic() {
    for width in [150, 300, 70_000] {
        let indent = " ".repeat(width);
        let send = format!("- send:\n  {indent}type: a\n  {indent}kind: b");
        let url = format!("- sse:\n  {indent}url: /s\n  {indent}until:\n  {indent} {indent}events: 5");
        for (step, plan) in [("send", on_a_connection(&send)), ("sse", steps(&url))] {
            if width < 200 && step == "send" {
                expect_patch(&Folder::new(), &plan, "below `json`", "json:\n");
            } else {
                let found = findings(&Folder::new(), &plan);
                assert_eq!(found.len(), 1, "{step} {width}");
                assert!(width < 200 || step == "sse" || found[0].fix.is_none(), "{step} {width}");
            }
        }
    }
}

#[test]
fn regression_keys_of_ones_own_are_neither_kinds_nor_json() {
    expect_nothing(&steps("- x-repeat: 3\n  steps: [ get: /s ]"));
    expect_nothing(&steps("- x-get: /s\n  sse: /s\n  until: { x-note: why, events: 5 }"));
    expect_nothing(&on_a_connection("- send: { text: hi, x-note: why }"));
    expect_nothing(&on_a_connection("- send: { x-note: { a: 1 }, json: { a: 1 } }"));
    expect_told(&on_a_connection("- send: { x-note: why }"), "sends nothing", "`json:`");
    expect_told(&steps("- sse: /s\n  until: { x-note: why }"), "can end the stream", "events: 20");
    expect_told(&steps("- x-get: /s"), "no kind key", "add one");
}

/// YAML 1.2 §7.3.3: within brackets a plain scalar ends at `,`, `[`, `]`, `{` and `}`.
#[test]
fn regression_plain_text_is_quoted_where_it_is_put_into_brackets() {
    let folder = Folder::new();
    for (step, words, written) in [
        ("- receive:\n    $.text: hello, world", "stand in `where`", "where: { $.text: 'hello, world' }"),
        ("- receive:\n    $.a[0]: 1", "stand in `where`", "where: { '$.a[0]': 1 }"),
        ("- receive:\n    $.a: it's [1]", "stand in `where`", "where: { $.a: \"it's [1]\" }"),
        ("- receive:\n    $.a: x${iteration}", "stand in `where`", "where: { $.a: 'x${iteration}' }"),
        (
            "- receive:\n    where:\n      json:\n        $.text: hello, world",
            "without `json`",
            "{ $.text: 'hello, world' }",
        ),
        ("- send: hi\n  where:\n    $.a: b, c", "a key of `reply`", "reply: { where: { $.a: 'b, c' } }"),
        ("- receive:\n    - where:\n        $.a: b, c", "where: { $.a: 'b, c' }", "receive:"),
    ] {
        // A list on several lines is told in words.
        if step.contains("- where") {
            let found = findings(&folder, &on_a_connection(step));
            assert!(found.len() == 1 && found[0].fix.is_none(), "{found:#?}");
        } else {
            expect_patch(&folder, &on_a_connection(step), words, written);
        }
    }
    expect_patch(
        &folder,
        &steps("- sse: /s\n  until:\n    - data: a, b"),
        "data: 'a, b'",
        "until:\n          { data: 'a, b' }",
    );
    // Several words may be meant by it.
    let several = "- websocket: /w\n  subprotocol: a, b\n  steps: [ send: hi ]";
    expect_told(&steps(several), "no key `subprotocol`", "`subprotocols`, a list");
}

#[test]
fn regression_lists_of_one_item_are_put_below_json_as_lists() {
    let folder = Folder::new();
    for (step, written) in [
        ("- send:\n    - b", "json:\n                  - b"),
        ("- send:\n    - - b", "json:\n                  - - b"),
        ("- send:\n    - type: b", "json:\n                  - type: b"),
    ] {
        expect_patch(&folder, &on_a_connection(step), "below `json`", written);
    }
    // The list stands as far left as its key: `json` cannot stand there.
    for list in ["- b", "- - b", "- type: b", "- &b c", "- b\n  - c"] {
        expect_told(&on_a_connection(&format!("- send:\n  {list}")), "this is a list", "below `json`");
    }
    for (list, help) in [("- events: 5", "{ events: 5 }"), ("- [DONE]", ""), ("- a", "")] {
        expect_told(&steps(&format!("- sse: /s\n  until:\n  {list}")), "`until` takes a map", help);
    }
    expect_told(&on_a_connection("- receive:\n  - count: 5"), "takes a map", "{ count: 5 }");
    expect_told(&on_a_connection("- send:\n    text:\n    - b"), "takes text", "quotes around it");
    let plan = steps("- websocket:\n    url: /w\n    steps:\n    - send: hi\n    - receive: {}");
    let written = "- websocket: /w\n        steps:\n        - send: hi\n        - receive: {}\n";
    expect_patch(&folder, &plan, "`steps` beside it", written);
}

#[test]
fn regression_text_on_several_lines_is_not_replaced() {
    for step in [
        "- sse: /s\n  until: |\n    [DONE]",
        "- sse: /s\n  until: >-\n    5",
        "- sse: /s\n  until: 'a\n    b'",
        "- sse: /s\n  until: a\n    b",
        "- sse: /s\n  until:\n    - events: 5\n    # why\n    - for: 2s",
    ] {
        expect_told(&steps(step), "`until` takes a map", "");
    }
    for step in ["- receive: |\n    close", "- send: hi\n  reply: |\n    2s", "- send: hi\n  reply: >\n    true"] {
        expect_told(&on_a_connection(step), "takes a map", "");
    }
    // A line break within quotes stays one.
    let plan = steps("- sse: /s\n  until: \"a\\nb\"");
    expect_patch(&Folder::new(), &plan, "takes a map", "until: { data: \"a\\nb\" }");
}

#[test]
fn regression_maps_in_braces_over_several_lines_stay_in_braces() {
    let folder = Folder::new();
    for (step, written) in [
        ("- {\n    sse: { url: /s, until: { events: 5 } }\n  }", "sse: /s, until: { events: 5 }\n"),
        (
            "- {\n    \"get\": {\n      \"url\": \"/s\",\n      \"headers\": {\"A\":\"b\"}\n    }\n  }",
            "get: \"/s\", \"headers\": {\"A\":\"b\"}\n",
        ),
        ("- sse: {\n    url: /s\n    }", "- sse: /s\n"),
        ("- sse: { url: /s,\n    until: { events: 5 } }", "- sse: /s\n        until: { events: 5 }"),
    ] {
        expect_patch(&folder, &steps(step), "takes its path or URL", written);
    }
    for step in [
        "- {\n    sse: { url: /s, until: {\n      events: 5 } }\n  }",
        // Block maps need a space after the `:`.
        "- get: {\"url\": \"/s\", \"headers\":{\"A\":\"b\"}}",
    ] {
        expect_told(&steps(step), "takes its path or URL", "beside it");
    }
    let plan = group("      - get: /a\n")
        .replace("steps:\n      - get: /a", "steps: [\n        sse: { url: /s, until: { events: 5 } }\n      ]");
    expect_told(&plan, "takes its path or URL", "beside it");
}

#[test]
fn regression_comments_and_anchors_are_not_lost() {
    for step in [
        "- sse:\n    url: /s # the stream\n    until: { events: 5 }",
        "- sse:\n    # why\n    url: /s",
        "- sse: # why\n    url: /s",
        "- sse:\n    url: &u /s\n    until: { events: 5 }",
        "- sse: &u\n    url: /s",
    ] {
        expect_told(&steps(step), "takes its path or URL", "write `sse: /s`");
    }
    expect_told(&steps("- sse: # why\n  url: /s"), "stands at `sse` itself", "write `sse: /s`");
    expect_told(&on_a_connection("- send: hi\n  timeout: &t 5s"), "no key `timeout`", "a key of `reply`");
    // What stands within a value goes along with it.
    let plan = steps("- get:\n    url: /s\n    headers:\n      # why\n      A: b # this");
    expect_patch(&Folder::new(), &plan, "beside it", "headers:\n          # why\n          A: b # this");
}

#[test]
fn regression_an_empty_map_is_put_only_after_the_colon() {
    let folder = Folder::new();
    for (step, written) in [
        ("- receive: # any", "- receive: {} # any"),
        ("- { send: hi, reply: }", "reply: {} }"),
        ("- {send: hi, reply:}", "reply: {}}"),
    ] {
        expect_patch(&folder, &on_a_connection(step), "any message", written);
    }
    for step in ["- receive :", "- { receive }", "- { send: hi, reply }", "- receive: &a"] {
        expect_told(&on_a_connection(step), "nothing is written after", "{}`: any message");
    }
}

#[test]
fn regression_values_of_aliases_are_not_replaced_where_they_are_defined() {
    let told = |head: &str, step: &str, remedy: &str| {
        let plan = on_a_connection(step);
        expect_told(&format!("{head}\n{plan}"), "", remedy);
    };
    told("x-m: &m { subscribe: AAPL }", "- send: *m", "below `json`");
    told("x-m: &m [1, 2]", "- send: *m", "below `json`");
    told("x-m: &m [DONE]", "- send: { text: *m }", "put quotes around it");
    told("x-m: &m '{\"a\": 1}'", "- send: { json: *m }", "as YAML below `json`");
    told("x-m: &m 5s", "- receive: *m", "within: 5s");
    told("x-m: &m { json: { $.a: 1 } }", "- receive: { where: *m }", "remove `json:`");
    told("x-m: &m { $.a: 1 }", "- receive: { where: { json: *m } }", "remove `json:`");
    // The end of a map is that of what is written, not of what is meant.
    let folder = Folder::new();
    let plan = on_a_connection("- send:\n    type: &t a\n    kind: *t");
    expect_patch(&folder, &plan, "below `json`", "type: &t a\n                  kind: *t\n");
    let plan = format!("x-d: &d {{ a: 1 }}\n{}", on_a_connection("- send:\n    type: a\n    <<: *d"));
    expect_patch(&folder, &plan, "below `json`", "type: a\n                  <<: *d\n");
}

/// `json: '…'` is wrong only if it is JSON: an object or a list, as RFC 8259 §4 and §5 write them.
#[test]
fn regression_text_that_only_begins_like_json_is_no_mistake() {
    for step in [
        "- send: { json: '[PING]' }",
        "- send:\n    json: '[urgent] hi'",
        "- send: { json: '{not} this' }",
        "- send: { json: '{}, {}' }",
    ] {
        expect_nothing(&on_a_connection(step));
    }
    let computed = on_a_connection("- send: { json: '{\"a\": ${iteration}, \"b\": \"${user_number}\"}' }");
    expect_told(&computed, "one JSON string", "as YAML below `json`");
    let twice = on_a_connection("- send: { json: '{\"a\": 1, \"a\": 2}' }");
    expect_told(&twice, "one JSON string", "as YAML below `json`");
    expect_patch(
        &Folder::new(),
        &on_a_connection("- send: { json: '{\"a\": [1.5, null, true, \"\\u00e9\"]}' }"),
        "one JSON string",
        "{\"a\": [1.5, null, true, \"\\u00e9\"]}",
    );
}

#[test]
fn regression_assertions_that_hold_are_accepted() {
    for assert in [
        "{ response_time: { type: number } }",
        "{ messages: { type: number } }",
        "{ messages: { at_least: 5.0, above: 4.5 } }",
        "{ messages: 5.0 }",
        "{ size: { type: number } }",
    ] {
        expect_nothing(&steps(&format!("- sse: /s\n  assert: {assert}")));
    }
    expect_nothing(&steps("- sse: /s\n  until: { events: 1 }\n  assert: { event_gap: { exists: false } }"));
    expect_nothing(&on_a_connection("- receive: {}\n  assert: { event_gap: { exists: false } }"));
    expect_told(&steps("- sse: /s\n  assert: { messages: 4.5 }"), "takes a whole number", "at_least: 5");
    expect_told(&steps("- sse: /s\n  assert: { response_time: { type: string } }"), "does not apply", "below");
    let absent = steps("- get: /s\n  assert: { status: { exists: false } }");
    expect_told(&absent, "every response has a status, so", "remove it");
}
