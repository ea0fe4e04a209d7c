//! What was accepted without a word, and what must stay accepted.

use super::super::findings;
use super::super::messages::expect_nothing;
use super::super::support::{Folder, Reply, Server};
use super::steps;

/// The first element of several was taken without a word, and an element without text gave an empty value.
#[test]
fn regression_try_says_that_a_value_is_the_first_of_several_or_that_an_element_has_no_text() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/json" => Reply::json(200, r#"{"products":[{"id":1},{"id":2},{"id":3}]}"#.to_owned()),
        _ => Reply::text(200, "<html><body><input name=csrf value=abc><p>a=1</p><p>a=2</p></body></html>"),
    });
    let folder = Folder::new();
    folder.write(
        "plan.yaml",
        format!(
            "http: {{ base_url: '{}' }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: /json\n        extract:\n          id: $.products[*].id\n          last: {{ json: '$.products[*].id', match: last }}\n          all: {{ json: '$.products[*].id', match: all }}\n      - get: /html\n        extract:\n          csrf: {{ css: input }}\n          number: {{ regex: 'a=(\\d)' }}\n      - get: /json?${{id}}${{last}}${{all}}${{csrf}}${{number}}\n",
            server.url()
        ),
    );
    let ran = folder.loadplan(&["try", "plan.yaml"]).expect_code(0);
    for line in [
        "extracted id = 1 (first of 3)\n",
        "extracted last = 3 (last of 3)\n",
        "extracted all = [1,2,3]\n",
        "(the element has no text; `attribute: NAME` reads one of its attributes)\n",
        "extracted number = 1 (first of 2)\n",
    ] {
        assert!(ran.stdout.contains(line), "{line}\n{}", ran.stdout);
    }
}

#[test]
fn what_is_right_is_accepted_without_a_word() {
    for step in [
        "- get: /x\n  x-note: why",
        "- get: /x\n  x-defaults: { a: 1 }",
        "- get: /x\n  headers: { X-Requested-With: XMLHttpRequest }",
        "- get: /x?filter[word]=1",
        "- post: /x\n  body: '<word>1</word>'",
        "- post: /x\n  body: 'query { word }'",
        "- get: http://127.0.0.1:9/x",
        "- get: /x\n  cookies: user\n  cache: off\n  connections: request\n  resources: {}",
        "- get: /x\n  auth: { basic: { username: ann, password: pw } }",
        "- get: /x\n  auth: { bearer: abc }",
        "- post: /x\n  form: { a: b, c: [1, 2] }",
        "- get: /x\n  assert:\n    status: [200, 302]\n    body: { contains: [a, b], not_matches: c }\n    json: { $.a: { each: { above: 0 } }, $.b: '<b>' }",
        "- get: /x\n  assert: { status: 2xx, header: { Content-Type: { starts_with: text } }, css: { h1: not found } }",
        "- get: /x\n  assert: { response_time: { below: 500ms }, size: { at_most: 10kB }, url: { ends_with: /x } }",
        "- request: { method: PROPFIND, url: /x }",
        "- request: { method: GET, url: /x }",
        "- repeat: 3\n  steps: [ get: /x ]",
        "- repeat: 30s\n  steps: [ get: /x ]",
        "- name: Buy\n  steps: [ get: /x ]",
        "- transaction: Buy\n  steps: [ get: /x ]",
        "- if: iteration > 1\n  steps: [ get: /x ]\n  else: [ get: /y ]",
        "- choose:\n    - weight: 3\n      get: /x\n    - get: /y",
        "- pause: 1s..3s",
        "- pause: { normal: { mean: 2s, deviation: 1s } }",
        "- log: hi",
        "- stop: user",
    ] {
        expect_nothing(&steps(step));
    }
}

/// Names between the marks of other tools are told only where such a variable is known.
#[test]
fn marks_of_other_tools_around_other_words_are_sent_as_they_stand() {
    for path in ["/$(other)", "/{other}", "/%20other%", "/[other]", "/:other", "/<other>"] {
        expect_nothing(&steps(&format!("- get: '{path}'")));
    }
}

/// A variable with a hyphen was corrected where it is set, and where it is used each half of its name was told.
#[test]
fn regression_a_variable_with_a_hyphen_is_told_once_at_each_place() {
    let plan = steps("- get: /x\n  extract: { csrf-token: $.a }\n- get: /${csrf-token}");
    let found = findings(&Folder::new(), &plan);
    let patches: Vec<&str> = found.iter().filter_map(|one| one.fix.as_ref()).map(|fix| &*fix.replacement).collect();
    assert_eq!(patches, ["csrf_token", "csrf_token"], "{found:#?}");
    assert_eq!(found.len(), 2);
    assert!(findings(&Folder::new(), &super::super::patched(&plan, &found)).is_empty());
}

/// What an extractor or a step was meant to set is not told to be missing.
#[test]
fn regression_what_uses_a_variable_is_not_told_for_a_mistake_where_it_is_set() {
    for step in [
        "- get: /x\n  extract: { a: { regexx: 'a(b)' } }\n- get: /${a}",
        "- get: /x\n  extract: { a: { between: x } }\n- get: /${a}",
        "- get: /x\n  extract: { a: { json: $.a, css: b } }\n- get: /${a}",
        "- get: /x\n  capture: { a: $.a }\n- get: /${a}",
        "- visit: /x\n  extract: { a: $.a }\n- get: /${a}",
    ] {
        let found = findings(&Folder::new(), &steps(step));
        assert_eq!(found.len(), 1, "{step}\n{found:#?}");
    }
}

/// `Accept` beside `headers` belongs into it, and says so with the plan's own words.
#[test]
fn what_belongs_into_a_key_that_is_written_already_is_told_with_its_place() {
    for (step, words) in [
        ("- get: /x\n  headers: { A: b }\n  Accept: c", "write `Accept: c` under `headers:`"),
        ("- get: /x\n  assert: { body: { contains: a } }\n  status: 200", "write `status: 200` under `assert:`"),
        ("- post: /x\n  form: { a: b }\n  urlencoded: { c: d }", "which is written already"),
    ] {
        let found = findings(&Folder::new(), &steps(step));
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].help.as_deref().unwrap().contains(words) && found[0].fix.is_none(), "{found:#?}");
    }
}
