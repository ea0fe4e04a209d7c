//! Secrets are in no output: random secrets go out by every way into a request, come back from a
//! server in every spelling, and are looked for in everything the binary writes.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod support;

use std::collections::HashMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

use support::{Folder, Reply, Server};

/// A run of so many characters of a secret is a leak.
const RUN: usize = 6;
/// How many secrets a plan holds.
const PLAN: usize = 100;

/// Pieces that secrets are made of: every kind of character, and what decoders fall for.
const PIECES: [&str; 64] = [
    "a", "B", "c3", "Xy", "7", "0", "q", "Z", "-", ".", "_", "~", "!", "*", "'", "(", ")", ";", ":", "@", "&", "=",
    "+", "$", ",", "/", "?", "%", "#", "[", "]", " ", "\"", "<", ">", "\\", "^", "`", "{", "|", "}", "ä", "ß", "é",
    "€", "日", "本", "😀", "\u{200b}", "\t", "%41", "&amp;", "&#65;", "\\u0041", "\\n", "%%", "&&", "\\\\", "==", "u1",
    "k9", "W", "v5", "J",
];

fn secret(random: &mut StdRng) -> String {
    loop {
        let length = random.random_range(4..20);
        let mut text: String = (0..length).map(|_| *PIECES.choose(random).unwrap()).collect();
        // An end that a cut could not leave by chance.
        let _ = write!(text, "{:04x}", random.random::<u16>());
        if !text.contains("${") && text.trim().chars().count() > RUN {
            return text;
        }
    }
}

/// A text as JSON writes it, which YAML reads too.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// How the server writes a secret back.
const SPELLINGS: [&str; 24] = [
    "plain",
    "json",
    "json-ascii",
    "json-slash",
    "percent",
    "percent-lower",
    "form",
    "base64",
    "base64url",
    "entity",
    "entity-decimal",
    "utf-16",
    "utf-16-undeclared",
    "latin-1",
    "hex",
    "hex-apart",
    "base64 base64",
    "base64 base64 base64",
    "hex base64",
    "base64 hex",
    "hex hex",
    "percent base64",
    "utf-16-undeclared base64",
    "json base64url base64",
];

/// A run of so many characters of a spelling in several encodings is a leak: some of them stand for what is
/// beside the secret.
const NESTED_RUN: usize = 40;

fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(between)
}

fn spelled(secret: &str, spelling: &str) -> (String, Vec<u8>) {
    // The inner encodings are named first.
    if let Some((inner, outer)) = spelling.rsplit_once(' ') {
        let inner = spelled(secret, inner).1;
        let text = match outer {
            "base64" => BASE64_STANDARD.encode(inner),
            "base64url" => BASE64_URL_SAFE_NO_PAD.encode(inner),
            "hex" => hex(&inner, ""),
            _ => unreachable!("{spelling}"),
        };
        return ("text/plain".into(), text.into_bytes());
    }
    let each = |spell: &dyn Fn(char) -> String| secret.chars().map(spell).collect::<String>();
    let plain = |c: char| c.is_ascii_alphanumeric();
    let units = |c: char| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
    let percent = |lower: bool| {
        let spell = |byte: u8| match byte {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
            b if lower => format!("%{b:02x}"),
            b => format!("%{b:02X}"),
        };
        secret.bytes().map(spell).collect::<String>()
    };
    let json = quoted(secret);
    let json = &json[1..json.len() - 1];
    let utf16 = || secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let text = match spelling {
        "plain" => secret.to_owned(),
        "json" => json.to_owned(),
        "json-ascii" => each(&|c| if plain(c) { c.to_string() } else { units(c) }),
        "json-slash" => json.replace('/', "\\/"),
        "percent" => percent(false),
        "percent-lower" => percent(true),
        "form" => percent(false).replace("%20", "+"),
        "base64" => BASE64_STANDARD.encode(format!("x{secret}y")),
        "base64url" => BASE64_URL_SAFE_NO_PAD.encode(format!("ann:{secret}")),
        "hex" => hex(secret.as_bytes(), ""),
        "hex-apart" => hex(secret.as_bytes(), ":"),
        "entity" => each(&|c| match c {
            '&' => "&amp;".into(),
            '<' => "&lt;".into(),
            '>' => "&gt;".into(),
            '"' => "&quot;".into(),
            '\'' => "&#39;".into(),
            'ä' => "&auml;".into(),
            '€' => "&euro;".into(),
            other => other.to_string(),
        }),
        "entity-decimal" => each(&|c| if plain(c) { c.to_string() } else { format!("&#{};", u32::from(c)) }),
        "utf-16" => return ("text/plain; charset=utf-16le".into(), utf16()),
        "utf-16-undeclared" => return ("text/plain".into(), utf16()),
        "latin-1" => {
            return ("text/plain".into(), secret.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect());
        }
        _ => unreachable!("{spelling}"),
    };
    ("text/plain".into(), text.into_bytes())
}

/// The server's reply for a request whose path begins with `/NUMBER/SPELLING/FILLER/SHAPE`.
fn reply(secrets: &[String], path: &str) -> Reply {
    let parts: Vec<&str> = path.split(['/', '?']).collect();
    let (number, spelling, filler, shape) = (parts[1], parts[2], parts[3], parts[4]);
    let secret = &secrets[number.parse::<usize>().unwrap()];
    let (mut content_type, bytes) = spelled(secret, spelling);
    let wide = content_type.contains("utf-16");
    let widen = |text: &str| {
        if wide { text.encode_utf16().flat_map(u16::to_le_bytes).collect() } else { text.as_bytes().to_vec() }
    };
    let filler = "- ".repeat(filler.parse().unwrap());
    let (before, after) = match shape {
        "object" => (format!("{{\"x\":\"{filler}\",\"message\":\"pw "), "\",\"n\":1}".to_owned()),
        "page" => (format!("<html><title>{filler}</title><h1>no "), "</h1></html>".to_owned()),
        _ => (format!("{filler}[BEGIN]"), "[END] end".to_owned()),
    };
    if content_type == "text/plain" {
        content_type = match shape {
            "object" => "application/json".into(),
            "page" => "text/html".into(),
            _ => content_type,
        };
    }
    let body = [widen(&before), bytes, widen(&after)].concat();
    let status = if shape == "error" || shape == "page" { 500 } else { 200 };
    let header: String = spelled(secret, "percent").1.into_iter().map(char::from).collect();
    let mut headers = vec![("Content-Type".to_owned(), content_type), ("X-Back".to_owned(), format!("v={header}"))];
    headers.push(("Set-Cookie".into(), format!("back={header}; Path=/")));
    let is_sendable = !secret.chars().any(char::is_control) && secret.trim() == *secret;
    if is_sendable {
        headers.push(("X-Plain".into(), secret.clone()));
    }
    if shape == "moved" {
        headers.push(("Location".into(), format!("/{number}/plain/3/text/{header}?p={header}")));
        return Reply::Answer(302, headers, body);
    }
    Reply::Answer(status, headers, body)
}

fn plan(secrets: &[String], base: &str, random: &mut StdRng) -> String {
    let mut plan =
        format!("name: {}\nhttp:\n  base_url: {base}\n  timeout: 20s\n", quoted(&format!("Plan {}", secrets[0])));
    plan.push_str("secrets:\n");
    for (index, secret) in secrets.iter().enumerate() {
        match index % 4 {
            0 => writeln!(plan, "  s{index}: {{ deep: [ {} ] }}", quoted(secret)).unwrap(),
            _ => writeln!(plan, "  s{index}: {}", quoted(secret)).unwrap(),
        }
    }
    plan.push_str("variables:\n  unused: 1\nthread_groups:\n");
    writeln!(plan, "  g:\n    users: 1\n    iterations: 1\n    steps:").unwrap();
    for (index, secret) in secrets.iter().enumerate() {
        let value = if index % 4 == 0 { format!("s{index}.deep[0]") } else { format!("s{index}") };
        let spelling = SPELLINGS.choose(random).unwrap();
        let filler = *[0, 10, 42, 48, 49, 50, 90, 98, 700, 740, 2990].choose(random).unwrap();
        let shape = *["text", "object", "page", "error", "moved"].choose(random).unwrap();
        let tail = format!("{index}/{spelling}/{filler}/{shape}");
        let name = if random.random_bool(0.5) { format!("Case {index} {secret}") } else { format!("Case {index}") };
        writeln!(plan, "      - name: {}", quoted(&name)).unwrap();
        let (target, more) = match random.random_range(0..9) {
            0 => (format!("/{tail}/q"), format!("query: {{ p: \"${{{value}}}\" }}")),
            1 => (format!("/{tail}/f"), format!("form: {{ p: \"${{{value}}}\" }}")),
            2 => (format!("/{tail}/h"), format!("headers: {{ X-Key: \"${{{value}}}\" }}")),
            3 => (format!("/{tail}/j"), format!("json: {{ p: \"${{{value}}}\", q: [\"a ${{{value}}} b\"] }}")),
            4 => (format!("/{tail}/${{{value}}}"), String::new()),
            5 => (format!("/{tail}/${{{value} | url_encode}}/x"), String::new()),
            6 => (format!("/{tail}/c"), format!("headers: {{ Cookie: \"sid=${{{value}}}; b=2\" }}")),
            7 => (format!("/{tail}/b"), format!("auth: {{ basic: {{ username: ann, password: \"${{{value}}}\" }} }}")),
            _ => (
                format!("/{tail}/t"),
                format!("body: \"x ${{{value} | base64}} ${{{value} | trim}} ${{{value} | to_json}}\""),
            ),
        };
        let method = if more.starts_with(['f', 'j', 'b']) { "post" } else { "get" };
        writeln!(plan, "        {method}: {}", quoted(&target)).unwrap();
        if !more.is_empty() {
            writeln!(plan, "        {more}").unwrap();
        }
        let check = match random.random_range(0..8) {
            0 => "body: { equals: no }",
            1 => "body: { matches: '^nothing$' }",
            2 => "json: { $.message: nothing }",
            3 => "header: { X-Back: none }",
            4 => "cookie: { back: none }",
            5 => "url: { contains: nothing }",
            6 => "css: { h1: nothing }",
            _ => "body: { length: { below: 2 } }",
        };
        writeln!(plan, "        assert: {{ {check} }}").unwrap();
        let extract = match random.random_range(0..5) {
            0 => "between: ['[BEGIN]', '[END]'], default: none".to_owned(),
            1 => "json: $.message, default: none".to_owned(),
            2 => "header: Set-Cookie, default: none".to_owned(),
            3 => "cookie: back, default: none".to_owned(),
            _ => "regex: 'never (there)'".to_owned(),
        };
        writeln!(plan, "        extract:\n          v{index}: {{ {extract} }}").unwrap();
        writeln!(plan, "      - log: \"found ${{v{index} | default('none')}} and ${{{value}}}\"").unwrap();
    }
    plan
}

/// Every run of characters of the secrets that must be nowhere, and whose it is.
fn runs(secrets: &[String]) -> (aho_corasick::AhoCorasick, Vec<usize>) {
    let mut runs: HashMap<String, usize> = HashMap::new();
    for (index, secret) in secrets.iter().enumerate() {
        let seen = |text: &str| text.chars().filter(|c| !c.is_control() && *c != '\u{200b}').collect::<Vec<char>>();
        for run in seen(secret).windows(RUN) {
            let run: String = run.iter().collect();
            // Not what is a figure, or mostly punctuation or an escape: any text may hold that.
            let telling = |c: &char| c.is_alphanumeric() && !"ampnu041".contains(*c);
            let is_number = run.chars().all(|c| !c.is_alphabetic());
            if !is_number && run.chars().filter(telling).count() >= 2 {
                runs.entry(run).or_insert(index);
            }
        }
        let percent: String = spelled(secret, "percent").1.into_iter().map(char::from).collect();
        let base64 = BASE64_STANDARD.encode(secret);
        for spelling in SPELLINGS.iter().filter(|spelling| spelling.contains(' ') || spelling.starts_with("hex")) {
            let nested = String::from_utf8(spelled(secret, spelling).1).unwrap();
            for run in nested.trim_end_matches('=').as_bytes().windows(NESTED_RUN) {
                runs.entry(String::from_utf8(run.to_vec()).unwrap()).or_insert(index);
            }
        }
        for spelled in [percent, base64] {
            for run in spelled.trim_end_matches('=').chars().collect::<Vec<_>>().windows(16) {
                let run: String = run.iter().collect();
                let decoded = percent_encoding::percent_decode_str(&run).decode_utf8_lossy().into_owned();
                if decoded.chars().filter(|c| !matches!(c, '\u{fffd}' | '%')).count() > RUN {
                    runs.entry(run).or_insert(index);
                }
            }
        }
    }
    let (runs, whose): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
    (aho_corasick::AhoCorasick::new(runs).unwrap(), whose)
}

/// An output as it is, as it reads once its escapes are undone, and with what nobody sees removed.
/// Of markup only the latter: its own `&amp;` is no part of a secret that holds one.
fn readings(name: &str, output: &str) -> Vec<String> {
    let seen = |text: &str| text.chars().filter(|c| !c.is_control() && *c != '\u{200b}').collect::<String>();
    let mut unescaped = output.to_owned();
    for (escape, plain) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#39;", "'"), ("&amp;", "&")]
    {
        unescaped = unescaped.replace(escape, plain);
    }
    let is_markup = name.contains(".xml") || name.contains(".html");
    let read = if is_markup { unescaped.as_str() } else { output };
    let mut json = read.to_owned();
    for (escape, plain) in [
        ("\\u003c", "<"),
        ("\\u003e", ">"),
        ("\\u0026", "&"),
        ("\\u003C", "<"),
        ("\\\"", "\""),
        ("\\/", "/"),
        ("\\\\", "\\"),
    ] {
        json = json.replace(escape, plain);
    }
    vec![seen(read), seen(&unescaped), seen(&json), seen(&read.replace('\n', " "))]
}

#[track_caller]
fn nowhere(runs: &(aho_corasick::AhoCorasick, Vec<usize>), secrets: &[String], name: &str, output: &str, plan: &str) {
    for reading in readings(name, output) {
        if let Some(found) = runs.0.find(&reading) {
            let secret = &secrets[runs.1[found.pattern().as_usize()]];
            let start = reading.floor_char_boundary(found.start().saturating_sub(200));
            let end = reading.ceil_char_boundary((found.end() + 100).min(reading.len()));
            let _ = std::fs::write(std::env::temp_dir().join("leak.yaml"), plan);
            panic!("{name} shows {:?} of the secret {secret:?}: …{}…", &reading[found.range()], &reading[start..end]);
        }
    }
}

fn look_at_everything(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let secrets: Vec<String> = (0..PLAN).map(|_| secret(&mut random)).collect();
    let known = secrets.clone();
    let server = Server::start(move |hit| reply(&known, &hit.path));
    let folder = Folder::new();
    let text = plan(&secrets, &server.url(), &mut random);
    folder.write("plan.yaml", &text);
    let runs = runs(&secrets);
    // The plan's digest may by chance hold a piece of a secret.
    let digest: String = Sha256::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
    let look = |name: &str, output: &str| {
        let output = output.replace(&digest, "DIGEST");
        nowhere(&runs, &secrets, &format!("{name} (seed {seed})"), &output, &text);
    };
    let checked = folder.loadplan(&["check", "plan.yaml", "--explain"]);
    assert_eq!(checked.code, 0, "seed {seed}:\n{}", checked.stdout);
    look("check --explain", &(checked.stdout + &checked.stderr));
    for format in ["json", "github"] {
        let checked = folder.loadplan(&["check", "plan.yaml", "--format", format]);
        look(format, &(checked.stdout + &checked.stderr));
    }
    for format in ["text", "mermaid", "dot"] {
        let drawn = folder.loadplan(&["graph", "plan.yaml", "--format", format]);
        look(&format!("graph {format}"), &(drawn.stdout + &drawn.stderr));
    }
    let tried = folder.loadplan(&["try", "plan.yaml"]);
    assert_eq!(tried.code, 1, "{}{}", tried.stdout, tried.stderr);
    look("try", &tried.stdout);
    look("try's stderr", &tried.stderr);
    let args = ["run", "plan.yaml", "-v", "--csv", "s.csv", "--markdown", "m.md", "--gitlab", "g.json"];
    let mut command = folder.command(&args);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", folder.path().join("sum.md"));
    let ran = support::Ran::from(command.output().unwrap());
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    look("run", &ran.stdout);
    look("run's stderr", &ran.stderr);
    for file in [
        "loadplan-results/results.json",
        "loadplan-results/junit.xml",
        "loadplan-results/report.html",
        "s.csv",
        "m.md",
        "g.json",
        "sum.md",
    ] {
        look(file, &folder.read(file));
    }
    let told = folder.loadplan(&["report", "loadplan-results", "--csv", "table.csv"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    look("report --csv", &folder.read("table.csv"));
}

/// `LOADPLAN_CASES=100000 cargo test --test secrets` looks for longer.
#[test]
fn no_secret_is_in_any_output() {
    let cases = std::env::var("LOADPLAN_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(PLAN);
    let first = std::env::var("LOADPLAN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    for seed in 0..cases.div_ceil(PLAN) as u64 {
        look_at_everything(first + seed);
    }
}

/// Everything a run writes, in one text.
fn everything(folder: &Folder, plan: &str) -> String {
    let ran = folder.run_plan(plan, &["-v", "--csv", "s.csv", "--markdown", "m.md"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let files = ["loadplan-results/results.json", "loadplan-results/junit.xml", "loadplan-results/report.html"];
    let files = files.into_iter().chain(["s.csv", "m.md"]).map(|name| folder.read(name)).collect::<String>();
    let tried = folder.loadplan(&["try", "plan.yaml"]);
    [ran.stdout, ran.stderr, files, tried.stdout, tried.stderr].concat()
}

#[test]
fn regression_secrets_that_are_replaced_or_come_with_a_failure_are_hidden() {
    let server = Server::start(|hit| match &*hit.path {
        "/login" => Reply::json(200, r#"{"token":"first-11aa22"}"#),
        path if path.starts_with("/renew") => Reply::json(200, r#"{"token":"second-33bb44"}"#),
        "/refused" => Reply::json(401, r#"{"message":"no, third-55cc66 it is","token":"third-55cc66"}"#),
        "/cut" => {
            let cut = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{ \"token\" : \"fourth-77dd88";
            Reply::Raw(vec![(std::time::Duration::ZERO, cut.into())])
        }
        "/long" => Reply::json(200, format!(r#"{{"token":"fifth-99ee00","rest":"{}"}}"#, "x".repeat(10_000))),
        path => Reply::text(404, path),
    });
    let step = |step: &str| {
        format!(
            "      - {step}\n        json: {{ old: '${{token}}' }}\n        extract: {{ token: {{ json: $.token, secret: true }} }}\n"
        )
    };
    let plan = format!(
        "http: {{ base_url: BASE, max_body: 1KiB }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - post: /login\n        extract: {{ token: {{ json: $.token, secret: true }} }}\n{}{}{}{}      - log: the token is ${{token | default('none')}}\n",
        step("post: /renew?token=${token}"),
        step("post: /refused"),
        step("post: /cut").replace("${token}", "x"),
        step("post: /long").replace("${token}", "x"),
    );
    let folder = Folder::new();
    let output = everything(&folder, &support::against(&server, &plan));
    let results = folder.results();
    let failed: u64 = ["POST /refused", "POST /cut", "POST /long"]
        .iter()
        .map(|label| support::sampler(&results, label)["failed"].as_u64().unwrap())
        .sum();
    assert_eq!(failed, 3, "{results:#}");
    for secret in ["first-11aa22", "second-33bb44", "third-55cc66", "fourth-77dd88", "fifth-99ee00"] {
        let shown = output.find(secret).map(|at| {
            output[output.floor_char_boundary(at.saturating_sub(200))..].chars().take(300).collect::<String>()
        });
        assert_eq!(shown, None, "{secret} is shown");
    }
}

#[test]
fn regression_hiding_secrets_changes_no_request() {
    let server = Server::start(|_| Reply::text(200, "fine"));
    let plan = "http: { base_url: BASE }\nthread_groups:\n  g:\n    iterations: 3\n    steps:\n      - get: /orders/${counter('o')}\n      - log: sent\n";
    Folder::new().run_plan(&support::against(&server, plan), &["--csv", "s.csv"]).expect_code(0);
    let paths: Vec<String> = server.hits().into_iter().map(|hit| hit.path).collect();
    assert_eq!(paths, ["/orders/1", "/orders/2", "/orders/3"]);
}

#[test]
fn regression_headers_that_are_called_like_a_credential_are_hidden() {
    let server = Server::start(|hit| {
        let key = &hit.headers["x-api-key"];
        Reply::text(500, format!("the key {key} is not known")).with("X-Auth-Token", "given-back-77")
    });
    let plan = "http: { base_url: BASE, headers: { X-Api-Key: plain-key-99, X-Kind: shown } }\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n      - get: /\n";
    let output = everything(&Folder::new(), &support::against(&server, plan));
    assert!(output.contains("shown") && output.contains("is not known"), "{output}");
    assert!(!output.contains("plain-key-99") && !output.contains("given-back-77"), "{output}");
}
