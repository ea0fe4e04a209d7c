//! The language as the plan format describes it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use serde_json::json;

use crate::response::Response;
use crate::value::Value;

use super::testing::World;
use super::*;

fn json(json: serde_json::Value) -> Value {
    Value::from(&json)
}

/// The value as JSON text, or the message.
fn eval(world: &mut World, expression: &str) -> String {
    match world.value(expression) {
        Ok(value) => {
            let mut text = String::new();
            value.write_json(&mut text);
            text
        }
        Err(message) => format!("error: {message}"),
    }
}

fn value(expression: &str) -> String {
    eval(&mut World::new(), expression)
}

#[track_caller]
fn refuses(expression: &str, parts: &[&str]) {
    let told = value(expression);
    assert!(told.starts_with("error: "), "`{expression}` gave {told}");
    for part in parts {
        assert!(told.contains(part), "`{expression}` told {told:?}, without {part:?}");
    }
}

fn problems(text: &str) -> Vec<TemplateProblem> {
    parse_text(text).and_then(|parsed| parsed.compile(&mut World::new())).unwrap_err()
}

fn response(body: &str) -> Response {
    let mut response = Response::from_url("http://127.0.0.1/a?b=1".into());
    response.status = Some(201);
    response.headers.insert("content-type", "application/json".parse().unwrap());
    response.body = body.to_owned().into_bytes().into();
    response.body_bytes = body.len() as u64;
    response.response_time = std::time::Duration::from_micros(1_500);
    response
}

#[test]
fn literals_keep_their_spelling_and_type() {
    for (expression, expected) in [
        ("1", "1"),
        ("-3", "-3"),
        ("1.5", "1.5"),
        ("1e3", "1000.0"),
        ("12345678901234567890", "12345678901234567890"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("true", "true"),
        ("null", "null"),
        ("'it\\'s'", "\"it's\""),
        (r#""a\tb\u00e9""#, "\"a\\tbé\""),
        ("[1, 'a', [true]]", "[1,\"a\",[true]]"),
        ("[]", "[]"),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
}

#[test]
fn arithmetic_is_exact_and_guarded() {
    for (expression, expected) in [
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("10 - 4 - 3", "3"),
        ("7 / 2", "3.5"),
        ("6 / 2", "3"),
        ("7 % 3", "1"),
        ("-7 % 3", "-1"),
        ("2 - -2", "4"),
        ("'5' * 2", "10"),
        ("'1.5' + 1", "2.5"),
        ("0.1 + 0.2 > 0.3", "true"),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
    refuses("1 / 0", &["division by 0"]);
    refuses("1 % 0", &["division by 0"]);
    refuses("1.0 / 0.0", &["division by 0"]);
    refuses("9223372036854775807 + 1", &["outside the range of numbers"]);
    refuses("--9223372036854775808", &["outside the range of numbers"]);
    refuses("(-9223372036854775807 - 1) / -1", &["outside the range of numbers"]);
    assert_eq!(value("(-9223372036854775807 - 1) % -1"), "0");
    refuses("1e308 * 10", &["outside the range of numbers"]);
    refuses("'a' + 'b'", &["${'a'}${'b'}"]);
    refuses("'5' + '6'", &["texts"]);
    refuses("'a' * 2", &["`'a'` is text", "needs numbers"]);
    refuses("[1] + 1", &["a list"]);
    refuses("-'a'", &["needs a number"]);
}

#[test]
fn comparisons_mix_only_numbers_and_their_spelling() {
    for (expression, expected) in [
        ("'5' == 5", "true"),
        ("'5.0' == 5", "true"),
        ("'20' > 100", "false"),
        ("'9' < '10'", "true"),
        ("'b' > 'a'", "true"),
        ("'1.0' == '1'", "false"),
        ("'1.0' <= '1'", "true"),
        ("1 == 1.0", "true"),
        ("null == null", "true"),
        ("null == 0", "false"),
        ("'' != null", "true"),
        ("[1, 2] == [1, '2']", "true"),
        ("true != false", "true"),
        ("12345678901234567890 == 12345678901234567891", "false"),
        ("2 in [1, 2]", "true"),
        ("'2' in [1, 2]", "true"),
        ("'x' in [1, 2]", "false"),
        ("3 not in [1, 2]", "true"),
        ("not 3 in [1, 2]", "true"),
        ("'ell' in 'hello'", "true"),
        ("true and not false", "true"),
        ("false or true and false", "false"),
        ("'true' and true", "true"),
        ("not 1 == 2", "true"),
        ("1 == 2 == false", "error: comparisons cannot be chained: write `1 == 2 and 2 == false`"),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
    refuses("'abc' == 5", &["`'abc'` is text", "a number", "cannot be compared"]);
    refuses("'true' == true", &["`'true' | bool`"]);
    refuses("true < false", &["have no order"]);
    refuses("null < 1", &["have no order"]);
    refuses("[1] == 1", &["cannot be compared"]);
    refuses("1 in 'a1'", &["| string"]);
    refuses("1 in 5", &["searches a list"]);
    refuses("1 and true", &["a condition must be true or false", "1 > 0"]);
    refuses("not null", &["!= null"]);
}

#[test]
fn logic_stops_early() {
    let mut world = World::new().with("gone", None);
    assert_eq!(eval(&mut world, "false and gone == 1"), "false");
    assert_eq!(eval(&mut world, "true or gone == 1"), "true");
    assert!(eval(&mut world, "true and gone == 1").contains("variable `gone` is not set"));
}

#[test]
fn paths_lead_into_rows_lists_and_maps() {
    let mut world = World::new()
        .with("row", json(json!({ "First name": "Ann", "age": "42", "tags": ["a", "b"], "none": null })))
        .with("at", Value::Int(1))
        .with("column", Value::text("age"));
    for (expression, expected) in [
        ("row.age", "\"42\""),
        ("row[\"First name\"]", "\"Ann\""),
        ("row['tags'][0]", "\"a\""),
        ("row.tags[at]", "\"b\""),
        ("row[column]", "\"42\""),
        ("row.age > 9", "true"),
        ("'age' in row", "true"),
        ("row.tags | length", "2"),
        ("row.in", "error: `row` has no `in`"),
        ("row.tags[2] | default('none')", "\"none\""),
        ("row.agee", "error: `row` has no `agee`; it has `age`"),
        ("row.none.x", "error: `row.none` is null, so there is no `x` in it"),
        ("row.none.x | default(1)", "1"),
        (
            "row.age.x",
            "error: `row.age` is text, so there is no `x` in it; if it contains JSON, write `row.age | json` first",
        ),
        ("row.tags.length", "error: `row.tags` is a list; its length is `row.tags | length`"),
        (
            "row.tags[-1]",
            "error: an index cannot be negative: the last element is `list | last`; the first is `list[0]`",
        ),
        ("row.tags[0 - at]", "error: an index into `row.tags` is negative; the last element is `row.tags | last`"),
        ("row[0]", "error: `row` is a map, so use a name: `row[\"name\"]`"),
        ("row.age[0]", "error: `row.age` is text, and only lists have numbered elements"),
    ] {
        assert_eq!(eval(&mut world, expression), expected, "{expression}");
    }
}

#[test]
fn default_stands_in_for_unset_null_and_empty_only() {
    let mut world = World::new()
        .with("gone", None)
        .with("none", Value::Null)
        .with("empty", Value::text(""))
        .with("zero", Value::Int(0))
        .with("no", Value::Bool(false));
    for (expression, expected) in [
        ("gone | default('x')", "\"x\""),
        ("none | default('x')", "\"x\""),
        ("empty | default('x')", "\"x\""),
        ("[] | default('x')", "\"x\""),
        ("zero | default('x')", "0"),
        ("no | default('x')", "false"),
        ("gone | upper | default('x')", "\"x\""),
        ("gone | default(none) | default(3)", "3"),
        ("[] | first | default(0)", "0"),
        ("(1 / zero) | default(0)", "error: `zero` is 0, and division by 0 is not possible"),
    ] {
        assert_eq!(eval(&mut world, expression), expected, "{expression}");
    }
    assert!(eval(&mut world, "gone").contains("variable `gone` is not set"));
    let unset = parse_expression("gone").unwrap().compile(&mut world).unwrap().value(&mut world).unwrap_err();
    assert_eq!((unset.unset, unset.not_set, unset.range), (Some(SlotId(0)), true, 0..4));
}

#[test]
fn text_is_rendered_and_whole_values_keep_their_type() {
    let mut world = World::new().with("id", Value::Int(7)).with("list", json(json!([1, "a"])));
    assert_eq!(world.render("/orders/${id}?x=${ id + 1 }").unwrap(), "/orders/7?x=8");
    assert_eq!(world.render("$${id} costs $5 and {a}").unwrap(), "${id} costs $5 and {a}");
    assert_eq!(world.render("${'}'}${\"{\"}").unwrap(), "}{");
    assert_eq!(world.render("l: ${list}").unwrap(), "l: [1,\"a\"]");
    assert_eq!(world.render("${null} ${1.0} ${true}").unwrap(), "null 1.0 true");
    assert_eq!(world.render("").unwrap(), "");
    assert_eq!(world.render("ü${'ß'}€").unwrap(), "üß€");
    let template = |text: &str, world: &mut World| parse_text(text).unwrap().compile(world).unwrap();
    let whole = template("${id}", &mut world);
    assert!(matches!(whole.value(&mut world).unwrap(), Value::Int(7)));
    let joined = template("${id}${id}", &mut world);
    assert_eq!(joined.value(&mut world).unwrap().as_text(), Some("77"));
    assert_eq!(template("a${1 + 1}b", &mut world).literal(), Some("a2b"));
    assert_eq!(template("${'a' | upper}", &mut world).literal(), Some("A"));
    assert_eq!(whole.literal(), None);
}

#[test]
fn functions_give_what_they_promise() {
    let mut world = World::new();
    for _ in 0..200 {
        let Value::Int(drawn) = world.value("random_int(1, 3)").unwrap() else { panic!("not a whole number") };
        assert!((1..=3).contains(&drawn));
    }
    assert_eq!(eval(&mut world, "random_int(5, 5)"), "5");
    assert_eq!(eval(&mut world, "random_int('5', 5.0)"), "5");
    let text = world.render("${random_string(12, 'ab')}").unwrap();
    assert!(text.len() == 12 && text.chars().all(|c| matches!(c, 'a' | 'b')), "{text}");
    let uuid = world.render("${uuid()}").unwrap();
    let groups: Vec<usize> = uuid.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12]);
    assert_eq!(&uuid[14..15], "4");
    assert!(matches!(&uuid[19..20], "8" | "9" | "a" | "b"));
    assert_eq!(eval(&mut world, "choice(['a']) == 'a'"), "true");
    assert_eq!(eval(&mut world, "now()"), "\"2026-01-05T10:00:00.250Z\"");
    assert_eq!(eval(&mut world, "now('%Y-%m-%d', '+7d')"), "\"2026-01-12\"");
    assert_eq!(eval(&mut world, "now(null, '-1h30m')"), "\"2026-01-05T08:30:00.250Z\"");
    assert_eq!(eval(&mut world, "timestamp()"), "1767607200");
    assert_eq!(eval(&mut world, "timestamp_ms()"), "1767607200250");
    assert_eq!(eval(&mut world, "range(3)"), "[0,1,2]");
    assert_eq!(eval(&mut world, "file('hello.txt')"), "\"hello\"");
    assert_eq!(eval(&mut world, "file('no.txt')"), "error: in `file('no.txt')`: file `no.txt`: no such file");
    assert_eq!(world.render("${counter('a')}${counter('a')}${counter('b')}").unwrap(), "121");
    assert_eq!(world.render("${user_number} ${iteration} ${thread_group} ${run_id}").unwrap(), "3 7 traders run-1");
    assert!(eval(&mut world, "loop.index").contains("outside `repeat`"));
    for doc in functions().iter().filter(|doc| doc.name.starts_with("fake.")) {
        let made = world.render(doc.example).unwrap();
        assert!(!made.is_empty(), "{}", doc.name);
    }
    assert!(world.render("${fake.email()}").unwrap().contains("@example."));
}

#[test]
fn the_same_seed_draws_the_same() {
    let text = "${random_int(1, 1000000)} ${uuid()} ${fake.name()} ${choice(range(1000))} ${random_float(0, 1)}";
    assert_eq!(World::new().render(text), World::new().render(text));
    let mut other = World::new();
    other.random = crate::random::Random::for_user(2, 0, 1);
    assert_ne!(World::new().render(text), other.render(text));
}

#[test]
fn filters_change_values() {
    for (expression, expected) in [
        ("'aé' | upper", "\"AÉ\""),
        ("'A' | lower", "\"a\""),
        ("' a ' | trim", "\"a\""),
        ("'a-b-c' | replace('-', '+')", "\"a+b+c\""),
        ("'a,b' | split(',')", "[\"a\",\"b\"]"),
        ("[1, 'b'] | join(';')", "\"1;b\""),
        ("'aé' | length", "2"),
        ("[1, 2] | first", "1"),
        ("[1, 2] | last", "2"),
        ("2.5 | round", "3"),
        ("-2.5 | round", "-3"),
        ("3.14159 | round(2)", "3.14"),
        ("'7' | int", "7"),
        ("'7.9' | int", "7"),
        ("-7.9 | int", "-7"),
        ("'7' | float", "7.0"),
        ("'TRUE' | bool", "true"),
        ("0 | bool", "false"),
        ("1.50 | string", "\"1.5\""),
        (r#"'{"a": [1, null]}' | json"#, r#"{"a":[1,null]}"#),
        ("[1, 'a'] | to_json", r#""[1,\"a\"]""#),
        ("'ann:secret' | base64", "\"YW5uOnNlY3JldA==\""),
        ("'YW5uOnNlY3JldA' | base64_decode", "\"ann:secret\""),
        ("'a/b c&ü~' | url_encode", "\"a%2Fb%20c%26%C3%BC~\""),
        // RFC 1321, FIPS 180-2 and RFC 4231 (test case 2)
        ("'abc' | md5", "\"900150983cd24fb0d6963f7d28e17f72\""),
        ("'abc' | sha256", "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""),
        (
            "'what do ya want for nothing?' | hmac_sha256('Jefe')",
            "\"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\"",
        ),
    ] {
        assert_eq!(value(expression), expected, "{expression}");
    }
    refuses("'x' | int", &["in `'x' | int`", "text that spells none"]);
    refuses("' 7' | int", &["spells none"]);
    refuses("'yes' | bool", &["`true`, `false`, 1 or 0"]);
    refuses("[1] | upper", &["| to_json"]);
    refuses("'x' | json", &["is JSON"]);
    refuses("'%%' | base64_decode", &["base64"]);
    refuses("5 | length", &["needs text, a list or a map"]);
    refuses("1 | round(99)", &["0 to 15"]);
    refuses("'a' | split('')", &["separator"]);
}

#[test]
fn response_is_read_in_place() {
    let mut world = World::new();
    assert!(eval(&mut world, "response.status").contains("no request has got a response yet"));
    assert_eq!(eval(&mut world, "response.status | default(0)"), "0");
    world.response = Some(response(r#"{"items": [{"id": 5}], "first name": "Ann"}"#));
    for (expression, expected) in [
        ("response.status == 201", "true"),
        ("response.ok", "true"),
        ("response.time_ms", "1.5"),
        ("response.url", "\"http://127.0.0.1/a?b=1\""),
        ("response.headers['Content-Type']", "\"application/json\""),
        ("response.headers.missing", "error: the last response has no header `missing`"),
        ("response.json.items[0].id + 1", "6"),
        ("response.json['first name']", "\"Ann\""),
        ("response.json.items | length", "1"),
        ("response.json.items[1].id", "error: the last response's body has no `$.items[1]`"),
        ("response.json.none | default('x')", "\"x\""),
        ("'items' in response.body", "true"),
        ("response.stat", "error: `response` has no `stat`: did you mean `status`?"),
        ("response.body.length", "error: `response.body` has no parts, so no `length`: write `response.body | length`"),
    ] {
        assert_eq!(eval(&mut world, expression), expected, "{expression}");
    }
    world.response = Some(response("<html>"));
    assert_eq!(eval(&mut world, "response.json.a"), "error: the last response's body is not JSON");
    let reads = |text: &str| parse_expression(text).unwrap().compile(&mut World::new()).unwrap().reads_body();
    assert!(reads("response.json.a == 1") && reads("[response.body | length]") && !reads("response.status == 200"));
}

#[test]
fn words_of_other_languages_are_told_in_ours() {
    for (expression, parts) in [
        ("1 == 1 && 2 == 2", &["`&&`", "write `and`"][..]),
        ("true || false", &["write `or`"]),
        ("!true", &["write `not`"]),
        ("1 = 1", &["write `==`"]),
        ("1 === 1", &["write `==`"]),
        ("true ? 1 : 2", &["if:"]),
        ("len('a')", &["`len`", "`'a' | length`"]),
        ("rand()", &["random_int(1, 100)"]),
        ("__Random(1, 2)", &["JMeter's `__Random` is `random_int(1, 100)` here"]),
        ("__UUID()", &["uuid()"]),
        ("uuidv4()", &["uuid()"]),
        ("'a'.toUpperCase()", &["write `'a' | upper`"]),
        ("'abc'.includes('a')", &["write `'a' in 'abc'`"]),
        ("'a'.length()", &["write `'a' | length`"]),
        ("upper('a')", &["write `'a' | upper`"]),
        ("replace('a', 'b', 'c')", &["write `'a' | replace('b', 'c')`"]),
        ("'a' | uuid", &["a function"]),
        ("'a' | uper", &["did you mean `upper`?"]),
        ("'a' | tojson", &["`'a' | to_json`"]),
        ("random_itn(1, 2)", &["did you mean `random_int`?"]),
        ("random_int(1)", &["`random_int` takes 2 arguments (from, to), here is 1"]),
        ("uuid(1, 2)", &["takes no arguments, here are 2"]),
        ("fake.emial()", &["did you mean `email`?"]),
        ("fake.email", &["write `fake.email()`"]),
        ("choice('a', 'b')", &["write `choice(['a', 'b'])`"]),
        ("uuid", &["call the function with parentheses: `uuid()`"]),
        ("True", &["write `true`"]),
        ("1 AND 2", &["write `and`"]),
        ("10s", &["neither a number nor a name", "'10s'"]),
        ("007", &["leading zero"]),
        (".5", &["0.5"]),
        ("1,000", &["thousands separator"]),
        ("'a", &["no closing '"]),
        ("'a\\d'", &["is not an escape"]),
        ("{a: 1}", &["no maps"]),
        ("“a”", &["straight quotes"]),
        ("(1", &["no closing `)`"]),
        ("[1", &["no closing `]`"]),
        ("1)", &["no matching opening bracket"]),
        ("1 +", &["ends where a value is expected"]),
        ("", &["empty"]),
        ("   ", &["empty"]),
        ("loop", &["loop.index"]),
        ("2 * 3.5 | round", &["(2 * 3.5) | round"]),
        ("random_int(100, 1)", &["smaller number first"]),
        ("random_int('a', 1)", &["a whole number as `from`"]),
        ("now('%!')", &["strftime"]),
        ("now('+7d')", &["now(null, '+7d')"]),
        ("now('%Y', '7d')", &["is neither a shift like '+7d'", "Europe/Berlin"]),
        ("now('%Y', '+7x')", &["is not a shift"]),
        ("now('%Y', 'UTC', '+02:00')", &["one shift and one time zone"]),
        ("now('Europe/Berlin')", &["now(null, 'Europe/Berlin')"]),
        ("'a' | sha256('b64')", &["'hex', 'base64' or 'base64url' as `encoding`"]),
        ("choice([])", &["the list is empty"]),
        ("range(2000000)", &["0 to 1000000"]),
        ("random_string(-1)", &["0 to 1000000"]),
        ("counter(1 + 1)", &["literal name"]),
        ("user_number.x", &["no parts"]),
    ] {
        refuses(expression, parts);
    }
}

/// HMAC of RFC 4231, test case 2; its bytes in base64 computed from the hexadecimal digits there.
#[test]
fn digests_are_written_as_asked_and_base64_of_their_digits_is_doubted() {
    let mut world = World::new();
    for (expression, expected) in [
        (
            "'what do ya want for nothing?' | hmac_sha256('Jefe', 'base64')",
            "\"W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=\"",
        ),
        (
            "'what do ya want for nothing?' | hmac_sha256('Jefe', 'base64url')",
            "\"W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM\"",
        ),
        ("'abc' | sha256('hex')", "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""),
        ("'abc' | md5('base64')", "\"kAFQmDzST7DWlj99KOF/cg==\""),
        // The very bytes 89 50 FF 00, which are no text.
        ("file('bin.png') | base64", "\"iVD/AA==\""),
        ("file('bin.png') | md5 | length", "32"),
        ("file('hello.txt') | base64", "\"aGVsbG8=\""),
    ] {
        assert_eq!(eval(&mut world, expression), expected, "{expression}");
    }
    let told = eval(&mut world, "file('bin.png') | upper");
    assert!(told.contains("not text in UTF-8") && told.contains("file('bin.png') | base64"), "{told}");

    for (text, patched) in [
        ("${'a' | hmac_sha256('k') | base64}", Some("${'a' | hmac_sha256('k', 'base64')}")),
        ("x ${'c' == (body | sha256('hex') | base64)}", Some("x ${'c' == (body | sha256('base64'))}")),
        ("${'a' | md5('base64') | base64}", None),
        ("${'a' | hmac_sha256('k') | upper}", None),
        ("${'a' | base64}", None),
    ] {
        let parsed = parse_text(text).unwrap();
        let told = parsed.doubts().iter().map(|doubt| {
            let mut patched = text.to_owned();
            patched.replace_range(doubt.range.clone(), doubt.problem.corrected.as_deref().unwrap());
            assert!(parse_text(&patched).unwrap().doubts().is_empty(), "{patched}");
            patched
        });
        assert_eq!(told.collect::<Vec<_>>(), patched.into_iter().collect::<Vec<_>>(), "{text}");
    }
}

/// The clock of these tests is at 2026-01-05T10:00:00.250Z.
#[test]
fn now_knows_zones_months_and_years() {
    let mut world = World::new();
    for (expression, expected) in [
        ("now()", "2026-01-05T10:00:00.250Z"),
        ("now(null, '+90m')", "2026-01-05T11:30:00.250Z"),
        ("now('%Y-%m-%d', '+1M')", "2026-02-05"),
        ("now('%Y-%m-%d', '-1y2M')", "2024-11-05"),
        // 2026-01-31 and a month: February has no 31st.
        ("now('%Y-%m-%d', '+26d')", "2026-01-31"),
        ("now('%H:%M', 'UTC')", "10:00"),
        ("now('%H:%M', '+05:30')", "15:30"),
        ("now(null, null, '-03:00')", "2026-01-05T07:00:00.250-03:00"),
    ] {
        assert_eq!(eval(&mut world, expression), format!("\"{expected}\""), "{expression}");
    }
    let zones = jiff::tz::TimeZone::get("Europe/Berlin").is_ok();
    let berlin = eval(&mut world, "now('%H:%M', 'Europe/Berlin')");
    let shifted = eval(&mut world, "now('%Y-%m-%d %H:%M', '+6M', 'Europe/Berlin')");
    if zones {
        assert_eq!(berlin, "\"11:00\"");
        // Six calendar months on, the clock there shows the same time, in summer.
        assert_eq!(shifted, "\"2026-07-05 11:00\"");
        assert!(eval(&mut world, "now('%H', 'Europe/Berlni')").contains("nor a time zone like 'Europe/Berlin'"));
    } else {
        assert!(berlin.contains("tzdata"), "{berlin}");
    }
}

#[test]
fn date_patterns_of_other_tools_are_told_as_strftime() {
    for (pattern, ours) in [
        ("yyyy-MM-dd", "%Y-%m-%d"),
        ("YYYY-MM-DD", "%Y-%m-%d"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "%Y-%m-%dT%H:%M:%S.%3f%:z"),
        ("YYYY-MM-DD[T]HH:mm:ss[Z]", "%Y-%m-%dT%H:%M:%SZ"),
        ("dd/MM/yy", "%d/%m/%y"),
        ("HHmm", "%H%M"),
        ("EEE, d MMM yyyy", "%a, %-d %b %Y"),
    ] {
        let text = format!("${{now(\"{pattern}\")}}");
        let problem = parse_text(&text).unwrap_err().remove(0);
        assert_eq!(problem.problem.corrected, Some(format!("\"{ours}\"")), "{pattern}");
        assert!(problem.problem.help.contains(ours));
        assert!(parse_text(&text.replace(pattern, ours)).is_ok(), "{ours}");
    }
    for fine in ["%Y", "today", "at", "a", "", "-"] {
        assert!(parse_text(&format!("${{now(\"{fine}\")}}")).is_ok(), "{fine}");
    }
}

#[test]
fn unknown_names_are_found_at_check_time_with_the_nearest() {
    let mut world = World::new().with("username", Value::text("ann"));
    assert_eq!(eval(&mut world, "usrname"), "error: there is no `usrname` here: did you mean `username`?");
    assert!(eval(&mut world, "user-id").contains("`user_id`"));
    let mut world = World::new().constant("env", json!({ "HOME": "/h" }));
    assert_eq!(world.render("${env.HOME}").unwrap(), "/h");
    assert_eq!(world.render("${env.HOMER | default('x')}").unwrap(), "x");
    let told = world.render("${env.HOMME}").unwrap_err();
    assert!(told.contains("environment variable `HOMME` is not set") && told.contains("`HOME` is set"), "{told}");
}

#[test]
fn every_problem_is_told_with_its_place() {
    let text = "a ${1 ==} b ${x | uper} c ${y &&} {{z}} ${'}'}";
    let found = problems(text);
    let places: Vec<&str> = found.iter().map(|problem| &text[problem.range.clone()]).collect();
    assert_eq!(places, ["}", "uper", "&&", "}", "{{z}}"]);
    assert_eq!(found[1].problem.corrected.as_deref(), Some("upper"));
    assert_eq!(found[4].problem.corrected.as_deref(), Some("${z}"));
    let text = "ü ${aa} ${bb}";
    let places: Vec<_> = problems(text).into_iter().map(|problem| text[problem.range].to_owned()).collect();
    assert_eq!(places, ["aa", "bb"]);
    assert_eq!(problems("x ${a")[0].problem.message, "this `${` has no closing `}`");
    assert_eq!(problems("${'${a}'}")[0].problem.message, "`${…}` cannot be used inside a text of an expression");
}

#[test]
fn dressed_expressions_show_the_bare_form() {
    for (dressed, bare) in [
        ("${status}", "status"),
        ("${status == 'ok'}", "status == 'ok'"),
        ("${a} == 'x' and ${b} > 1", "a == 'x' and b > 1"),
        ("'${a}' == 'x'", "a == 'x'"),
    ] {
        let found = parse_expression(dressed).unwrap_err();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].problem.corrected.as_deref(), Some(bare));
        assert_eq!(found[0].range, 0..dressed.len());
    }
    assert!(parse_expression("'x${a}' == b").unwrap_err()[0].problem.corrected.is_none());
}

#[test]
fn names_are_reported_for_the_dataflow() {
    let parsed = parse_text("${row[\"First name\"]} ${env.A | default(b)} ${user_number} ${f(c)}");
    assert!(parsed.is_err());
    let text = "${row[\"First name\"]} ${env.A | trim | default(b)} ${user_number} ${[c][d]}";
    let parsed = parse_text(text).unwrap();
    let told: Vec<_> = parsed
        .names()
        .iter()
        .map(|name| (name.name.as_str(), name.member.as_ref().map(|member| member.0.as_str()), name.defaulted))
        .collect();
    assert_eq!(
        told,
        [
            ("row", Some("First name"), false),
            ("env", Some("A"), true),
            ("b", None, false),
            ("c", None, false),
            ("d", None, false)
        ]
    );
    for name in parsed.names() {
        assert_eq!(&text[name.range.clone()], name.name);
    }
    assert_eq!(parsed.builtins(), [(Builtin::UserNumber, 52..63)]);
    assert!(!parsed.is_literal() && parse_text("a $${b}").unwrap().is_literal());
}

#[test]
fn depth_is_bounded() {
    for deep in ["(".repeat(5_000), "[".repeat(5_000), "not ".repeat(5_000), "-".repeat(5_000), "a[".repeat(5_000)] {
        let found = parse_expression(&deep).unwrap_err();
        assert!(found.iter().any(|problem| problem.problem.message.contains("levels deep")), "{found:?}");
    }
    let long = vec!["1"; 5_000].join(" + ");
    assert!(parse_expression(&long).unwrap_err()[0].problem.message.contains("levels deep"));
    let long = format!("1{}", " | string".repeat(5_000));
    assert!(parse_expression(&long).unwrap_err()[0].problem.message.contains("levels deep"));
    assert_eq!(value(&vec!["1"; 60].join(" + ")), "60");
    let list = format!("[{}] | length", vec!["1"; 5_000].join(","));
    assert_eq!(value(&list), "5000");
}

#[test]
fn every_documented_example_is_right() {
    let mut world = World::new().constant("env", json!({}));
    for name in
        ["name", "phone", "tags", "ids", "price", "row", "total", "payload", "body", "message", "api_key", "term"]
    {
        world = world.with(name, Value::text("x"));
    }
    let every: Vec<&FunctionDoc> = functions().iter().chain(filters()).collect();
    for doc in &every {
        let checked =
            match doc.example.strip_prefix("if: ").or_else(|| doc.example.strip_prefix("for_each: { index: ")) {
                Some(bare) => parse_expression(bare.trim_end_matches(" }"))
                    .and_then(|parsed| parsed.compile(&mut world).map(|_| ())),
                None => parse_text(doc.example).and_then(|parsed| parsed.compile(&mut world).map(|_| ())),
            };
        assert_eq!(checked, Ok(()), "{}", doc.example);
        let short = doc.name.strip_prefix("fake.").unwrap_or(doc.name);
        assert!(doc.example.contains(short) && !doc.summary.is_empty(), "{}", doc.name);
    }
    assert_eq!(functions().iter().find(|doc| doc.name == "random_int").unwrap().signature(), "random_int(from, to)");
}

#[test]
fn compiled_forms_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Template>();
    shared::<Expression>();
    shared::<ParsedText>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever is written, checking it never panics and every range lies in the text.
    #[test]
    fn anything_can_be_checked(text in r#"([a-z0-9 '"$${}()\[\].,|+*/%<>=!&?:\\-]|\$\{|default|not |in |é){0,40}"#) {
        let mut world = World::new().with("a", Value::text("1")).with("b", Value::Null);
        for outcome in [
            parse_text(&text).and_then(|parsed| parsed.compile(&mut world).map(|template| drop(template.value(&mut World::new().with("a", Value::Null).with("b", Value::Null))))),
            parse_expression(&text).and_then(|parsed| parsed.compile(&mut world).map(|expression| drop(expression.value(&mut World::new().with("a", Value::Null).with("b", Value::Null))))),
        ] {
            for problem in outcome.err().into_iter().flatten() {
                prop_assert!(text.get(problem.range.clone()).is_some(), "{problem:?}");
            }
        }
    }

    /// Text without marks is itself.
    #[test]
    fn plain_text_is_itself(text in "[^${]*") {
        prop_assert_eq!(World::new().render(&text).unwrap(), text);
    }
}
