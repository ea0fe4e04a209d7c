//! What people bring along from other tools, told in the form that works: each patch that is
//! offered is put in place and checked again. And what bodies are, whoever asks for them.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

#[path = "other_tools/guesses.rs"]
mod guesses;
#[path = "other_tools/messages.rs"]
mod messages;
#[path = "other_tools/step_guesses/mod.rs"]
mod step_guesses;
mod support;
#[path = "other_tools/written.rs"]
mod written;

use loadplan::diagnostic::Diagnostic;
use support::{Folder, Reply, Server};

const HEAD: &str = "http: { base_url: 'http://127.0.0.1:9' }\n";

/// Every finding of a plan in a folder, and the plan's text.
fn findings(folder: &Folder, plan: &str) -> Vec<Diagnostic> {
    let path = folder.write("plan.yaml", plan);
    support::patches::expect_patches_to_hold(&path);
    support::patches::findings(&path)
}

/// The plan with the patches that are offered for it.
fn patched(plan: &str, findings: &[Diagnostic]) -> String {
    support::patches::patched(plan, findings).0
}

fn group(steps: &str) -> String {
    format!("{HEAD}thread_groups:\n  g:\n    iterations: 1\n    steps:\n{steps}")
}

/// Expects exactly one finding with these words, whose patch the next check accepts.
#[track_caller]
fn expect_patch(folder: &Folder, plan: &str, words: &str, written: &str) {
    let found = findings(folder, plan);
    let told = |found: &[Diagnostic]| {
        let lines = found.iter().map(|one| format!("{}: {}", one.message, one.help.clone().unwrap_or_default()));
        lines.collect::<Vec<_>>().join("\n")
    };
    assert_eq!(found.len(), 1, "{plan}\n{}", told(&found));
    assert!(told(&found).contains(words), "{}", told(&found));
    let patched = patched(plan, &found);
    assert!(patched.contains(written), "{patched}");
    let again = findings(folder, &patched);
    assert!(again.is_empty(), "{patched}\n{}", told(&again));
}

#[test]
fn columns_and_keys_that_are_no_plain_words_are_told_in_brackets() {
    let folder = Folder::new();
    folder.write("d.csv", "user-id,pw,First name,2024\n1,x,Ann,7\n");
    let data = |step: &str| format!("data: {{ d: {{ file: d.csv }} }}\n{}", group(step));
    for (step, written) in [
        ("      - get: /${d.user-id}\n", "${d[\"user-id\"]}"),
        ("      - get: /${d.First name}\n", "${d[\"First name\"]}"),
        ("      - get: '/${d.First name}/${d.pw}'\n", "${d[\"First name\"]}"),
        ("      - get: \"/${d.user-id | upper}\"\n", "${d['user-id'] | upper}"),
        ("      - get: /${d.2024}\n", "${d[\"2024\"]}"),
        ("      - if: d.user-id == '1'\n        steps: [ { get: / } ]\n", "d[\"user-id\"] == '1'"),
        ("      - for_each: { row: d }\n        steps: [ { get: '/${row.user-id}' } ]\n", "${row[\"user-id\"]}"),
    ] {
        expect_patch(&folder, &data(step), "cannot follow a dot", written);
    }
    // A real subtraction stays one.
    folder.write("n.csv", "a,b\n3,2\n");
    let plan = format!("data: {{ n: {{ file: n.csv }} }}\n{}", group("      - get: /${n.a-n.b}\n"));
    assert!(findings(&folder, &plan).is_empty());
    let plan = group("      - get: /a\n      - get: /${response.json.user-id}\n");
    expect_patch(&folder, &plan, "cannot follow a dot", "${response.json[\"user-id\"]}");
    let plan = format!("variables: {{ user_id: 5 }}\n{}", group("      - get: /${user-id}\n"));
    expect_patch(&folder, &plan, "reads as a subtraction", "${user_id}");
    let plan = group("      - get: /${user-id}\n");
    assert_eq!(findings(&folder, &plan).len(), 1, "one finding, not one for each half");
}

#[test]
fn json_paths_of_other_tools_are_patched_where_they_stand() {
    let folder = Folder::new();
    for (path, written) in [
        ("$.user-id", "\"$['user-id']\""),
        ("'$.items[?(@.a == 1 and @.b = 2)]'", "'$.items[?(@.a == 1 && @.b == 2)]'"),
        ("$.@odata.count", "\"$['@odata.count']\""),
        ("$.soap:Body", "\"$['soap:Body']\""),
        ("\"$.items[?(@.n =~ /a.*/i)]\"", "\"$.items[?(search(@.n, '(?i)a.*'))]\""),
    ] {
        let plan = group(&format!("      - get: /a\n        assert:\n          json:\n            {path}: 5\n"));
        expect_patch(&folder, &plan, "is not a JSONPath", written);
        let plan = group(&format!(
            "      - get: /a\n        extract: {{ v: {{ json: {}, match: all }} }}\n      - get: /${{v}}\n",
            quoted(path)
        ));
        expect_patch(&folder, &plan, "is not a JSONPath", written);
    }
}

#[test]
fn an_extractor_without_its_way_is_patched_by_what_it_looks_like() {
    let folder = Folder::new();
    for (text, written) in [
        ("data.token", "v: $.data.token"),
        ("items[0].id", "v: '$.items[0].id'"),
        ("items.0.user-id", "v: \"$.items[0]['user-id']\""),
        ("id=(\\d+)", "v: { regex: 'id=(\\d+)' }"),
        ("//order/id", "v: { xpath: '//order/id' }"),
    ] {
        let plan = group(&format!("      - get: /a\n        extract:\n          v: {text}\n      - get: /${{v}}\n"));
        expect_patch(&folder, &plan, "does not say how to find the value", written);
    }
}

fn quoted(path: &str) -> String {
    if path.starts_with(['\'', '"']) { path.to_owned() } else { format!("'{path}'") }
}

#[test]
fn patterns_of_other_engines_are_told() {
    let folder = Folder::new();
    for (matcher, words, written) in [
        ("{ matches: '^(?!.*error).*$' }", "looks ahead", "{ not_contains: 'error' }"),
        ("{ matches: '/id=(\\d+)/i' }", "slashes are part", "{ matches: '(?i)id=(\\d+)' }"),
        ("{ matches: 'a*+b' }", "possessive", "{ matches: 'a*b' }"),
        ("{ matches: \"id=(\\d+)\" }", "single quotes", "{ matches: 'id=(\\d+)' }"),
    ] {
        let plan = group(&format!("      - get: /a\n        assert: {{ body: {matcher} }}\n"));
        expect_patch(&folder, &plan, words, written);
    }
    let plan = group("      - get: /a\n        extract: { v: { regex: '(?<=id=)\\d+' } }\n      - get: /${v}\n");
    expect_patch(&folder, &plan, "group", "'id=(\\d+)'");
}

#[test]
fn date_patterns_and_digests_are_patched() {
    let folder = Folder::new();
    for (url, words, written) in [
        ("/${now('yyyy-MM-dd')}", "strftime", "${now('%Y-%m-%d')}"),
        ("\"/${now('YYYY-MM-DD', '+1d')}\"", "strftime", "${now('%Y-%m-%d', '+1d')}"),
        ("/${'a' | hmac_sha256('k') | base64}", "hexadecimal digits", "${'a' | hmac_sha256('k', 'base64')}"),
    ] {
        expect_patch(&folder, &group(&format!("      - get: {url}\n")), words, written);
    }
    let plan = format!("variables:\n  s: ${{'a' | sha256 | base64}}\n{}", group("      - get: /${s}\n"));
    expect_patch(&folder, &plan, "hexadecimal digits", "${'a' | sha256('base64')}");
}

#[test]
fn tables_say_what_is_wrong_with_them_and_not_what_follows_from_it() {
    for (csv, words, help) in [
        ("a;b;c\n1;2;3\n", "d.csv separates its cells with semicolons", "delimiter: ';'"),
        ("a\tb\tc\n1\t2\t3\n", "with tabs", "delimiter: tab"),
        ("\u{feff}a;b;c\r\n1,5;2;3\r\n", "with semicolons: `a;b;c`", "delimiter: ';'"),
        ("a|b|c\n1|2|3\n", "with pipes", "delimiter: '|'"),
        ("a,b,c\n1, \"x, y\", 3\n", "line 2: there is a space before a double quote", "remove the spaces"),
        ("a,b,c\n1,2,3\n1,\"2,3\n4,5,6\n", "line 3: a double quote is never closed", "write `\"`"),
        ("a,b,c\n1,2,\"3\n4,5,6\n", "line 2: a double quote is never closed", "write `\"`"),
        ("a\n1,2\n", "line 2 has 2 cells, but there is 1 column", "double quotes"),
        ("a,b,c\n1\n", "line 2 has 1 cell, but there are 3 columns", "double quotes"),
    ] {
        let folder = Folder::new();
        folder.write("d.csv", csv);
        let plan = format!("data: {{ d: {{ file: d.csv }} }}\n{}", group("      - get: /${d.a}/${d.b}/${d.c}\n"));
        let found = findings(&folder, &plan);
        assert_eq!(found.len(), 1, "{csv}: {found:#?}");
        assert!(found[0].message.contains(words), "{csv}: {}", found[0].message);
        assert!(found[0].help.as_ref().unwrap().contains(help), "{csv}: {:?}", found[0].help);
    }
    let folder = Folder::new();
    folder.write("d.csv", "a,b\n1,\"x\ny\"\n");
    let plan = format!("data: {{ d: {{ file: d.csv }} }}\n{}", group("      - get: /${d.a}/${d.b}\n"));
    assert!(findings(&folder, &plan).is_empty(), "a cell may hold a line break");
}

#[test]
fn a_file_of_another_tool_is_one_finding() {
    let folder = Folder::new();
    for (name, text, what) in [
        ("x.har", "{\"log\": {\"version\": \"1.2\", \"entries\": []}}", "this is a HAR file"),
        ("x.jmx", "<?xml version=\"1.0\"?><jmeterTestPlan></jmeterTestPlan>", "this is a JMeter test plan"),
        ("x.js", "import http from 'k6/http';\nexport default function () { http.get('x'); }", "this is a k6 script"),
    ] {
        folder.write(name, text);
        let ran = folder.loadplan(&["check", name]).expect_code(2);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(what) && said.matches("error:").count() == 1, "{said}");
    }
}

#[test]
fn a_redirect_that_is_followed_is_not_there_to_be_judged() {
    let folder = Folder::new();
    let warned = |step: &str| {
        let found = findings(&folder, &group(step));
        found
            .iter()
            .filter(|one| one.help.as_ref().is_some_and(|help| help.contains("follow_redirects: false")))
            .count()
    };
    assert_eq!(warned("      - get: /a\n        assert: { status: 302 }\n"), 1);
    assert_eq!(warned("      - get: /a\n        assert: { status: [301, 302] }\n"), 1);
    assert_eq!(warned("      - get: /a\n        assert: { status: 3xx }\n"), 1);
    assert_eq!(warned("      - get: /a\n        extract: { l: { header: Location } }\n"), 1);
    assert_eq!(warned("      - get: /a\n        assert: { header: { location: /b } }\n"), 1);
    for fine in [
        "      - get: /a\n        assert: { status: [200, 302] }\n",
        "      - get: /a\n        assert: { status: 304 }\n",
        "      - get: /a\n        follow_redirects: false\n        assert: { status: 302 }\n        extract: { l: { header: Location } }\n",
        "      - post: /a\n        assert: { status: 201 }\n        extract: { l: { header: Location } }\n",
    ] {
        assert_eq!(warned(fine), 0, "{fine}");
    }
    let server = Server::start(|hit| match hit.path.as_str() {
        "/a" => Reply::text(302, "").with("Location", "/b"),
        _ => Reply::text(200, "in"),
    });
    let folder = Folder::new();
    let ran = folder
        .run_plan(&format!("http: {{ base_url: '{}' }}\nthread_groups: {{ g: {{ iterations: 1, steps: [ {{ get: /a, assert: {{ status: 302 }} }} ] }} }}\n", server.url()), &[])
        .expect_code(1);
    assert!(ran.stdout.contains("got 200 from /b after a redirect; `follow_redirects: false` shows"), "{}", ran.stdout);
}

#[test]
fn a_failed_status_says_what_the_body_says() {
    let server = Server::start(|hit| match hit.path.as_str() {
        "/json" => Reply::json(
            503,
            format!(
                "{{\"timestamp\":{},\"error\":\"Service Unavailable\",\"message\":\"no connection in the pool\"}}",
                hit.connection
            ),
        ),
        _ => Reply::text(500, format!("Oops {}: the disk is full\nat x\n", hit.connection)),
    });
    let folder = Folder::new();
    let plan = format!(
        "http: {{ base_url: '{}', connections: request }}\nthread_groups:\n  g:\n    iterations: 12\n    steps:\n      - get: /json\n        assert: {{ status: 200 }}\n      - get: /text\n",
        server.url()
    );
    let ran = folder.run_plan(&plan, &[]).expect_code(1);
    assert!(ran.stdout.contains("got 503: no connection in the pool"), "{}", ran.stdout);
    assert!(ran.stdout.contains("the disk is full"), "{}", ran.stdout);
    assert!(folder.junit().contains("503: no connection in the pool"));
    let results = folder.results();
    let errors = results["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "bodies that change do not make groups: {errors:#?}");
    for error in errors {
        assert_eq!(error["actual"].as_array().unwrap().len(), 1, "of one status one body is told: {error:#?}");
        assert_eq!(error["count"], 12);
    }
}

#[test]
fn broken_json_fails_every_form_of_assertion() {
    let bodies: [&[u8]; 4] = [
        b"{\"status\":\"ok\"}<br />\n<b>Fatal error</b>: Uncaught Exception in /var/www/x.php",
        b"{\"status\":\"ok\",\"items\":[1,2,{\"a\"",
        b"{\"status\":\"ok\",}",
        b"\xef\xbb\xbf{\"status\":\"error\",\"status\":\"ok\"}",
    ];
    let server = Server::start(move |hit| {
        let number: usize = hit.path[1..].parse().unwrap();
        Reply::Answer(200, vec![("Content-Type".into(), "application/json".into())], bodies[number].to_vec())
    });
    for (number, code) in [(0, 1), (1, 1), (2, 1), (3, 0)] {
        for assertion in [
            "json: { $.status: ok }",
            "json: { $..status: ok }",
            "json: { $: { type: object } }",
            "expr: response.json.status == 'ok'",
        ] {
            let assertion = assertion.replace("$..status: ok", "$..status: { contains: ok }");
            let folder = Folder::new();
            let plan = format!(
                "http: {{ base_url: '{}' }}\nthread_groups: {{ g: {{ iterations: 1, steps: [ {{ get: /{number}, assert: {{ {assertion} }} }} ] }} }}\n",
                server.url()
            );
            let ran = folder.run_plan(&plan, &[]);
            assert_eq!(ran.code, code, "{number} {assertion}\n{}{}", ran.stdout, ran.stderr);
        }
    }
}

#[test]
fn texts_are_read_in_the_encoding_they_name_themselves() {
    let server = Server::start(|hit| {
        let (kind, body): (&str, &[u8]) = match hit.path.as_str() {
            "/xml" => ("text/xml", b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a><b>Z\xfcrich</b></a>"),
            "/html" => {
                ("text/html", b"<html><head><meta charset=\"iso-8859-1\"><title>Z\xfcrich</title></head></html>")
            }
            _ => ("application/json; charset=ISO-8859-1", b"{\"city\":\"Z\xfcrich\"}"),
        };
        Reply::Answer(200, vec![("Content-Type".into(), kind.into())], body.to_vec())
    });
    let folder = Folder::new();
    let plan = format!(
        "http: {{ base_url: '{}' }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: /xml\n        assert: {{ xpath: {{ //b: Zürich }} }}\n      - get: /html\n        assert: {{ css: {{ title: Zürich }} }}\n      - get: /json\n        assert: {{ json: {{ $.city: Zürich }} }}\n",
        server.url()
    );
    folder.run_plan(&plan, &[]).expect_code(0);
}

/// RFC 7578 §4.4: a part may say its own type.
#[test]
fn parts_of_a_multipart_body_have_types_of_their_own() {
    let server = Server::start(|_| Reply::text(200, "ok"));
    let folder = Folder::new();
    folder.write("bin.png", [0x89, b'P', 0xff, 0]);
    let plan = format!(
        "http: {{ base_url: '{}' }}\nvariables: {{ n: 3 }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - post: /u\n        multipart:\n          title: x\n          meta: {{ json: {{ pages: \"${{n}}\" }} }}\n          patch: {{ json: [1], type: application/json-patch+json, name: p.json }}\n          rows: {{ value: a;b, type: text/csv }}\n          logo: {{ file: bin.png }}\n      - post: /b\n        json: {{ image: \"${{file('bin.png') | base64}}\" }}\n",
        server.url()
    );
    folder.run_plan(&plan, &[]).expect_code(0);
    let hits = server.hits();
    let body = String::from_utf8_lossy(&hits[0].bytes).into_owned();
    for part in [
        "name=\"title\"\r\n\r\nx\r\n",
        "name=\"meta\"\r\nContent-Type: application/json\r\n\r\n{\"pages\":3}\r\n",
        "name=\"patch\"; filename=\"p.json\"\r\nContent-Type: application/json-patch+json\r\n\r\n[1]\r\n",
        "name=\"rows\"\r\nContent-Type: text/csv\r\n\r\na;b\r\n",
        "name=\"logo\"; filename=\"bin.png\"\r\nContent-Type: image/png\r\n\r\n",
    ] {
        assert!(body.contains(part), "{part} is not in {body}");
    }
    // The bytes 89 50 FF 00.
    assert_eq!(hits[1].body, "{\"image\":\"iVD/AA==\"}");
    for (part, words) in [("{ type: a/b }", "has no content"), ("{ json: 1, value: 2 }", "has one content")] {
        let found = findings(&folder, &group(&format!("      - post: /u\n        multipart: {{ m: {part} }}\n")));
        assert!(found.len() == 1 && found[0].message.contains(words), "{found:#?}");
    }
}

#[test]
fn regression_a_key_is_only_corrected_to_one_that_takes_its_value() {
    let folder = Folder::new();
    let steps = |inner: &str| {
        group(&format!("      - websocket: /w\n        steps:\n          - receive: {{ count: 1 }}\n{inner}"))
    };
    for (plan, words) in [
        (steps("            within: 2s\n"), "write `within: 2s` inside the value of `receive`"),
        (group("      - sse: /x\n        until: true\n"), "for example `{ data: '[DONE]' }`"),
        (group("      - sse: /x\n        assert: { event: quote }\n"), "did you mean `event_gap: {"),
        (
            group("      - websocket: /w\n        decompression: { max: 2 }\n        steps: [ { receive: {} } ]\n"),
            "there is no key `decompression`",
        ),
    ] {
        let found = findings(&folder, &plan);
        let told = found.iter().map(|one| format!("{}: {}", one.message, one.help.clone().unwrap_or_default()));
        let told = told.collect::<Vec<_>>().join("\n");
        assert!(told.contains(words), "{plan}\n{told}");
        assert!(found.iter().all(|one| one.fix.is_none()), "{plan}\n{told}");
    }
    let json = group("      - post: /x\n        body: \"{\"subscribe\":\"AAPL\",\"more\":1}\"\n");
    expect_patch(&folder, &json, "put the other kind of quotes", "'{\"subscribe\":\"AAPL\",\"more\":1}'");
}
