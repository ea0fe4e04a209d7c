//! Judgements of responses made by hand.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use serde_json::json;

use crate::extractors::find::{Css, JsonPath, XPath};
use crate::failure::FailureKind;
use crate::response::Response;
use crate::template::Tree;
use crate::template::testing::World;
use crate::template::{Scope, parse_expression, parse_text};
use crate::value::Value;

use super::Matcher as M;
use super::*;

fn answer(body: &str) -> Response {
    let mut response = Response::from_url("http://127.0.0.1/done".into());
    response.status = Some(200);
    response.body_bytes = body.len() as u64;
    response.body = body.to_owned().into_bytes().into();
    response.headers.insert("content-type", "application/json".parse().unwrap());
    response.headers.insert("x-count", "5".parse().unwrap());
    response.cookies = vec![("SID".to_owned(), "s1".to_owned())];
    response.response_time = Duration::from_micros(812_400);
    response.first_byte = Duration::from_millis(20);
    response
}

fn shop() -> Response {
    answer(
        &json!({
            "id": 7, "price": 1.0, "code": "007", "name": "Ann", "none": null, "ok": true, "empty": [],
            "tags": ["a", "b"], "items": [{ "id": 5 }, { "id": 6 }], "map": { "k": [1] },
        })
        .to_string(),
    )
}

fn lit(value: serde_json::Value) -> Expected {
    Expected::Tree(Tree::Literal(Value::from(&value)))
}

fn text(text: &str) -> Expected {
    Expected::Tree(Tree::Literal(Value::text(text)))
}

fn json_at(path: &str, matchers: Vec<M>) -> Assertion {
    Assertion::new(Subject::Json(JsonPath::compile(path).unwrap()), matchers, None)
}

fn check(subject: Subject, matchers: Vec<M>, response: &Response) -> String {
    message(&Assertion::new(subject, matchers, None), response)
}

fn message(assertion: &Assertion, response: &Response) -> String {
    message_in(assertion, response, &mut World::new())
}

fn message_in(assertion: &Assertion, response: &Response, scope: &mut dyn Scope) -> String {
    match assertion.check(response, scope) {
        Ok(()) => "holds".to_owned(),
        Err(failure) => {
            assert_eq!(failure.text, assertion.text());
            failure.message
        }
    }
}

#[test]
fn the_status_is_judged() {
    let mut response = answer("");
    response.status = Some(500);
    let failure = Assertion::new(Subject::Status, vec![M::Equals(lit(json!(200)))], None)
        .check(&response, &mut World::new())
        .unwrap_err();
    assert_eq!(failure.kind, FailureKind::Status);
    assert_eq!((failure.text.as_str(), failure.message.as_str()), ("status is 200", "expected 200, got 500"));
    assert_eq!((failure.expected.as_str(), failure.actual.as_str()), ("200", "500"));
    for (matcher, expected) in [
        (M::Equals(lit(json!(500))), "holds"),
        (M::Equals(text("500")), "holds"),
        (M::OneOf(vec![lit(json!(500)), lit(json!(501))]), "holds"),
        (M::OneOf(vec![lit(json!(200)), text("5xx")]), "holds"),
        (M::OneOf(vec![lit(json!(200)), text("2xx")]), "expected one of 200, \"2xx\", got 500"),
        (M::StatusClass(5), "holds"),
        (M::StatusClass(2), "expected 2xx, got 500"),
        (M::Equals(text("2xx")), "expected \"2xx\", got 500"),
        (M::Below(lit(json!(400))), "expected below 400, got 500"),
    ] {
        assert_eq!(check(Subject::Status, vec![matcher], &response), expected);
    }
    response.status = Some(299);
    assert_eq!(check(Subject::Status, vec![M::StatusClass(2)], &response), "holds");
    response.status = Some(300);
    assert_eq!(check(Subject::Status, vec![M::StatusClass(2)], &response), "expected 2xx, got 300");
}

#[test]
fn times_and_sizes_are_judged_in_their_units() {
    let response = answer(&"x".repeat(1_500));
    let within = |milliseconds: f64, text: &str| Expected::Measured(Value::Float(milliseconds), text.to_owned());
    let slow = Assertion::new(Subject::ResponseTime, vec![M::Below(within(500.0, "500ms"))], None);
    assert_eq!(slow.text(), "response_time is below 500ms");
    assert_eq!(message(&slow, &response), "expected below 500ms, got 812.4ms");
    assert_eq!(check(Subject::ResponseTime, vec![M::Below(within(1_000.0, "1s"))], &response), "holds");
    assert_eq!(check(Subject::FirstByte, vec![M::AtMost(within(20.0, "20ms"))], &response), "holds");
    assert_eq!(
        check(Subject::Size, vec![M::Above(Expected::Measured(Value::Int(2_000), "2kB".to_owned()))], &response),
        "expected above 2kB, got 1500B"
    );
    let mut world = World::new().with("limit", Value::text("500ms"));
    let limit = Expected::Tree(Tree::Template(parse_text("${limit}").unwrap().compile(&mut world).unwrap()));
    let computed = Assertion::new(Subject::ResponseTime, vec![M::Below(limit)], None);
    assert_eq!(message_in(&computed, &response, &mut world), "expected below ${limit} (\"500ms\"), got 812.4ms");
    assert!(!computed.needs_body());
}

#[test]
fn values_are_equal_by_number_or_digit_for_digit() {
    let decimal = |text: &str| Expected::Tree(Tree::Literal(Value::Decimal(text.into())));
    for (path, expected, outcome) in [
        ("$.id", lit(json!(7)), "holds"),
        ("$.id", lit(json!(7.0)), "holds"),
        ("$.id", text("7"), "holds"),
        ("$.id", text("7.0"), "expected \"7.0\", got 7"),
        ("$.price", lit(json!(1)), "holds"),
        ("$.price", decimal("1.00"), "holds"),
        ("$.code", text("007"), "holds"),
        ("$.code", lit(json!(7)), "expected 7, got \"007\""),
        ("$.none", lit(json!(null)), "holds"),
        ("$.none", text(""), "expected \"\", got null"),
        ("$.ok", lit(json!(true)), "holds"),
        ("$.ok", text("true"), "expected \"true\", got true"),
        ("$.tags", lit(json!(["a", "b"])), "holds"),
        ("$.tags", lit(json!(["b", "a"])), "expected [\"b\",\"a\"], got [\"a\", \"b\"]"),
        ("$.items[*].id", lit(json!([5, 6])), "holds"),
        ("$.items[*].id", lit(json!(5)), "expected 5, got [5, 6]"),
        ("$.map", lit(json!({ "k": [1.0] })), "holds"),
        ("$.map", lit(json!({ "k": [1], "l": 2 })), "expected {\"k\":[1],\"l\":2}, got {\"k\":[1]}"),
    ] {
        assert_eq!(message(&json_at(path, vec![M::Equals(expected)]), &shop()), outcome, "{path}");
    }
    assert_eq!(message(&json_at("$.id", vec![M::NotEquals(lit(json!(8)))]), &shop()), "holds");
    assert_eq!(message(&json_at("$.id", vec![M::NotEquals(lit(json!(7)))]), &shop()), "expected anything but 7, got 7");
}

#[test]
fn matchers_judge_json() {
    let regex = |pattern: &str| Pattern::Regex(Regex::new(pattern).unwrap());
    for (path, matcher, outcome) in [
        ("$.name", M::Contains(vec![text("nn")]), "holds"),
        ("$.name", M::Contains(vec![text("A"), text("x")]), "expected to contain \"A\", \"x\", got \"Ann\""),
        ("$.tags", M::Contains(vec![text("a"), text("b")]), "holds"),
        ("$.tags", M::Contains(vec![text("ab")]), "expected to contain \"ab\", got [\"a\", \"b\"]"),
        ("$.tags", M::NotContains(vec![text("c")]), "holds"),
        (
            "$.tags",
            M::NotContains(vec![text("c"), text("a")]),
            "expected not to contain \"c\", \"a\", got [\"a\", \"b\"]",
        ),
        ("$.items[*].id", M::Contains(vec![lit(json!(6.0))]), "holds"),
        ("$.map", M::Contains(vec![text("k")]), "holds"),
        ("$.ok", M::Contains(vec![text("t")]), "expected to contain \"t\", got true, which cannot contain anything"),
        ("$.name", M::StartsWith(text("A")), "holds"),
        ("$.name", M::EndsWith(text("A")), "expected to end with \"A\", got \"Ann\""),
        ("$.name", M::Matches(regex("^A.n$")), "holds"),
        ("$.id", M::Matches(regex(r"^\d$")), "holds"),
        ("$.name", M::Matches(regex("^n")), "expected to match /^n/, got \"Ann\""),
        ("$.name", M::NotMatches(regex("n")), "expected not to match /n/, got \"Ann\""),
        (
            "$.tags",
            M::Matches(regex("a")),
            "expected to match /a/, got [\"a\", \"b\"], which is not text; use `each` or `contains` for a list",
        ),
        ("$.id", M::Above(lit(json!(6))), "holds"),
        ("$.id", M::Above(lit(json!(7))), "expected above 7, got 7"),
        ("$.id", M::AtLeast(lit(json!(7))), "holds"),
        ("$.code", M::AtMost(lit(json!(7))), "holds"),
        ("$.id", M::Below(text("8")), "holds"),
        ("$.name", M::Above(lit(json!(1))), "expected above 1, got \"Ann\", which is not a number"),
        ("$.tags", M::Above(lit(json!(1))), "expected above 1, got [\"a\", \"b\"], which is not a number"),
        ("$.id", M::Above(text("x")), "expected above \"x\", got 7, and \"x\" is not a number to compare it with"),
        ("$.none", M::Exists(true), "holds"),
        ("$.none", M::Exists(false), "expected that it does not exist, got null"),
        ("$.missing", M::Exists(false), "holds"),
        ("$.missing", M::Exists(true), "expected that it exists, got nothing: no such path in the response"),
        (
            "$.missing",
            M::NotEquals(lit(json!(1))),
            "expected anything but 1, got nothing: no such path in the response",
        ),
        ("$.nmae", M::Equals(lit(json!(1))), "expected 1, got nothing: no such path in the response; there is $.name"),
        ("$.items[?@.id > 9]", M::Exists(false), "holds"),
        (
            "$.items[?@.id > 9]",
            M::Length(vec![M::Equals(lit(json!(0)))]),
            "expected a length that is 0, got nothing: no such path in the response",
        ),
        ("$.empty", M::Empty(true), "holds"),
        ("$.none", M::Empty(true), "holds"),
        ("$.tags", M::Empty(true), "expected to be empty, got [\"a\", \"b\"]"),
        ("$.id", M::Empty(false), "holds"),
        ("$.tags", M::Length(vec![M::Equals(lit(json!(2)))]), "holds"),
        ("$.name", M::Length(vec![M::Above(lit(json!(3)))]), "expected length above 3, got length 3: \"Ann\""),
        ("$.id", M::Length(vec![M::Equals(lit(json!(1)))]), "expected a length that is 1, got 7, which has no length"),
        ("$.items[*]", M::Length(vec![M::AtLeast(lit(json!(2))), M::Below(lit(json!(3)))]), "holds"),
        ("$.items", M::Type(JsonType::Array), "holds"),
        ("$.items[*]", M::Type(JsonType::Array), "holds"),
        ("$.none", M::Type(JsonType::Null), "holds"),
        ("$.code", M::Type(JsonType::Number), "expected a number, got \"007\""),
        ("$.items[*].id", M::Each(vec![M::Type(JsonType::Number), M::Below(lit(json!(7)))]), "holds"),
        (
            "$.items[*].id",
            M::Each(vec![M::Below(lit(json!(6)))]),
            "expected each element below 6, got 6 as element 1 of 2",
        ),
        ("$.tags", M::Each(vec![M::Length(vec![M::Equals(lit(json!(1)))])]), "holds"),
        ("$.id", M::Each(vec![M::Exists(true)]), "expected that each element exists, got 7, which is not a list"),
    ] {
        let assertion = json_at(path, vec![matcher]);
        assert_eq!(message(&assertion, &shop()), outcome, "{}", assertion.text());
    }
}

#[test]
fn several_matchers_must_all_hold() {
    let both = json_at("$.id", vec![M::Above(lit(json!(1))), M::Below(lit(json!(5)))]);
    assert_eq!(both.text(), "json $.id is above 1 and is below 5");
    assert_eq!(message(&both, &shop()), "expected below 5, got 7");
}

#[test]
fn unreadable_bodies_meet_nothing() {
    let html = answer("<h1>Oops</h1>");
    let message = message(&json_at("$.a", vec![M::Exists(false)]), &html);
    assert!(message.starts_with("expected that it does not exist, got nothing: the body is not JSON"), "{message}");
    assert!(message.ends_with("it begins with: <h1>Oops</h1>"), "{message}");
}

#[test]
fn other_subjects() {
    let response = answer("hello\nwörld");
    let name = |name: &str| Subject::Header(name.parse().unwrap());
    assert_eq!(check(name("Content-Type"), vec![M::Contains(vec![text("json")])], &response), "holds");
    assert_eq!(check(name("x-count"), vec![M::Equals(lit(json!(5)))], &response), "holds");
    assert_eq!(check(name("x-count"), vec![M::Above(lit(json!(5)))], &response), "expected above 5, got \"5\"");
    assert_eq!(check(name("x-none"), vec![M::Exists(false)], &response), "holds");
    assert_eq!(
        check(name("x-none"), vec![M::NotContains(vec![text("a")])], &response),
        "expected not to contain \"a\", got nothing: there is no such header"
    );
    assert_eq!(check(Subject::Cookie("SID".to_owned()), vec![M::Equals(text("s1"))], &response), "holds");
    assert_eq!(check(Subject::Cookie("sid".to_owned()), vec![M::Exists(false)], &response), "holds");
    assert_eq!(check(Subject::Url, vec![M::EndsWith(text("/done"))], &response), "holds");
    assert_eq!(check(Subject::Body, vec![M::Contains(vec![text("wörld")])], &response), "holds");
    assert_eq!(check(Subject::Body, vec![M::Length(vec![M::Equals(lit(json!(11)))])], &response), "holds");
    assert_eq!(check(Subject::Body, vec![M::Equals(text("x"))], &response), "expected \"x\", got \"hello\\nwörld\"");
    assert_eq!(check(Subject::Body, vec![M::Exists(false)], &answer("")), "holds");
    assert_eq!(check(Subject::Body, vec![M::Empty(true)], &answer("")), "holds");
    let long = check(Subject::Body, vec![M::Empty(true)], &answer(&"é\u{7}".repeat(10_000)));
    assert!(long.chars().count() < 1_500 && long.contains('…') && !long.contains('\u{7}'), "{long}");

    let css = |selector: &str| Subject::Css(Css::compile(selector, None).unwrap());
    let page = answer("<title>Shop</title><ul><li>1</li><li>2</li></ul>");
    assert_eq!(check(css("title"), vec![M::Equals(text("Shop"))], &page), "holds");
    assert_eq!(check(css("title"), vec![M::Contains(vec![text("ho")])], &page), "holds");
    assert_eq!(check(css("title"), vec![M::Length(vec![M::Equals(lit(json!(1)))])], &page), "holds");
    assert_eq!(check(css("li"), vec![M::Length(vec![M::Equals(lit(json!(2)))])], &page), "holds");
    assert_eq!(check(css("li"), vec![M::Equals(lit(json!(["1", 2])))], &page), "holds");
    assert_eq!(check(css("li"), vec![M::Each(vec![M::Above(lit(json!(0)))])], &page), "holds");
    assert_eq!(check(css("li"), vec![M::Equals(text("1"))], &page), "expected \"1\", got [\"1\", \"2\"]");
    assert_eq!(check(css("h1"), vec![M::Exists(false)], &page), "holds");

    let xpath = |path: &str| Subject::XPath(XPath::compile(path).unwrap());
    let xml = answer("<r><a>1</a></r>");
    assert_eq!(check(xpath("//a"), vec![M::Equals(lit(json!(1)))], &xml), "holds");
    assert_eq!(check(xpath("count(//a)"), vec![M::Equals(lit(json!(1)))], &xml), "holds");
    assert_eq!(check(xpath("//b"), vec![M::Exists(false)], &xml), "holds");
    assert!(check(xpath("//b"), vec![M::Exists(false)], &answer("{}")).contains("not XML"));
}

#[test]
fn schemas_are_judged_offline() {
    let schema = json!({
        "type": "object", "required": ["id"],
        "properties": { "id": { "type": "integer" }, "tags": { "type": "array", "items": { "type": "string" } } },
    });
    let schema = Arc::new(Schema::compile("order.json", &schema).unwrap());
    let of = |body: &str| check(Subject::JsonSchema(Arc::clone(&schema)), Vec::new(), &answer(body));
    assert_eq!(of(r#"{"id": 1, "tags": ["a"]}"#), "holds");
    let message = of(r#"{"id": "x", "tags": [1]}"#);
    assert!(message.starts_with("expected a body that matches JSON schema order.json, got "), "{message}");
    assert!(message.contains("/id: value is not of type \"integer\"") && message.contains("/tags/0: "), "{message}");
    assert!(of("{}").contains("the body: "), "{}", of("{}"));
    assert!(of("<html>").contains("not JSON"));
    assert!(
        Schema::compile("s.json", &json!({ "type": 5 })).unwrap_err().message.contains("`s.json` is not a JSON Schema")
    );
    let remote = json!({ "$ref": "http://127.0.0.1:9/schema.json" });
    assert!(Schema::compile("s.json", &remote).is_err());
}

#[test]
fn expressions_and_computed_expectations() {
    let mut world = World::new().with("id", Value::text("7")).with("gone", None).with("pattern", Value::text("^A"));
    world.response = Some(shop());
    let expr = |source: &str, world: &mut World| {
        let expression = parse_expression(source).unwrap().compile(world).unwrap();
        Assertion::new(Subject::Expr(expression, source.to_owned()), Vec::new(), None)
    };
    let holds = expr("response.json.id == 7", &mut world);
    assert!(holds.needs_body());
    assert_eq!(message_in(&holds, &shop(), &mut world), "holds");
    let fails = expr("response.status == 201", &mut world);
    assert!(!fails.needs_body());
    assert_eq!(fails.text(), "response.status == 201 is true");
    assert_eq!(message_in(&fails, &shop(), &mut world), "expected response.status == 201 to be true, got false");
    assert!(message_in(&expr("gone == 1", &mut world), &shop(), &mut world).contains("variable `gone` is not set"));

    let template = |text: &str, world: &mut World| parse_text(text).unwrap().compile(world).unwrap();
    let same = json_at("$.id", vec![M::Equals(Expected::Tree(Tree::Template(template("${id}", &mut world))))]);
    assert_eq!(message_in(&same, &shop(), &mut world), "holds");
    let other = json_at("$.name", vec![M::Equals(Expected::Tree(Tree::Template(template("x${id}", &mut world))))]);
    assert_eq!(other.text(), "json $.name is x${id}");
    assert_eq!(message_in(&other, &shop(), &mut world), "expected x${id} (\"x7\"), got \"Ann\"");
    let unset = json_at("$.name", vec![M::Equals(Expected::Tree(Tree::Template(template("${gone}", &mut world))))]);
    assert!(message_in(&unset, &shop(), &mut world).contains("variable `gone` is not set"));
    let tree = Expected::Tree(Tree::Map(vec![(
        "k".into(),
        Tree::List(vec![Tree::Template(template("${id | int}", &mut world))]),
    )]));
    assert_eq!(
        message_in(&json_at("$.map", vec![M::Equals(tree)]), &shop(), &mut world),
        "expected {k: [${id | int}]} ({\"k\":[7]}), got {\"k\":[1]}"
    );
    let pattern = json_at("$.name", vec![M::Matches(Pattern::Template(template("${pattern}", &mut world)))]);
    assert_eq!(message_in(&pattern, &shop(), &mut world), "holds");
    let broken = json_at("$.name", vec![M::Matches(Pattern::Template(template("(${id}", &mut world)))]);
    assert!(message_in(&broken, &shop(), &mut world).contains("does not give a regular expression"));
}

#[test]
fn names_stand_in_front() {
    let named = Assertion::new(Subject::Status, vec![M::StatusClass(2)], Some("logged in".to_owned()));
    assert_eq!((named.text(), named.name()), ("logged in: status is 2xx", Some("logged in")));
}

#[test]
fn only_what_looks_into_the_body_needs_it() {
    assert!(json_at("$.a", Vec::new()).needs_body());
    assert!(!Assertion::new(Subject::Status, vec![M::StatusClass(2)], None).needs_body());
    let mut world = World::new();
    let template = parse_text("${response.json.a}").unwrap().compile(&mut world).unwrap();
    assert!(
        Assertion::new(Subject::Status, vec![M::Equals(Expected::Tree(Tree::Template(template)))], None).needs_body()
    );
}

#[test]
fn compiled_forms_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Assertion>();
}
