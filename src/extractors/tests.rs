//! Extraction from responses made by hand.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use regex::Regex;
use serde_json::json;

use crate::response::Response;
use crate::template::Tree;
use crate::template::testing::World;
use crate::template::{Template, parse_text};
use crate::value::Value;

use super::find::{Css, Found, JsonPath, XPath, shown};
use super::*;

fn answer(body: impl Into<Vec<u8>>) -> Response {
    let body: Vec<u8> = body.into();
    let mut response = Response::from_url("http://127.0.0.1/done?code=42".into());
    response.status = Some(200);
    response.body_bytes = body.len() as u64;
    response.body = body.into();
    response
}

fn shop() -> Response {
    answer(
        json!({
            "data": { "token": "abc", "x y": 1, "none": null, "list": [1, 2, 3] },
            "items": [{ "id": 5, "price": 1.5 }, { "id": 7, "price": 20 }],
        })
        .to_string(),
    )
}

fn found(path: &str, response: &Response) -> String {
    let told = match JsonPath::compile(path).unwrap().find(response).unwrap() {
        Found::One(value) => return one(&value),
        Found::Several(values) => Value::List(values.into()),
        Found::Nothing => return "nothing".to_owned(),
    };
    format!("several {}", one(&told))
}

fn one(value: &Value) -> String {
    let mut text = String::new();
    value.write_json(&mut text);
    text
}

fn extractor(how: How) -> Extractor {
    Extractor {
        variable: "v".to_owned(),
        how,
        source: Source::Body,
        pick: Pick::First,
        default: None,
        text: "…".to_owned(),
    }
}

fn by_json(path: &str) -> Extractor {
    Extractor { text: path.to_owned(), ..extractor(How::Json(JsonPath::compile(path).unwrap())) }
}

fn by_regex(pattern: &str, group: CaptureGroup) -> Extractor {
    extractor(How::Regex { regex: Regex::new(pattern).unwrap(), group })
}

fn literal(text: &str) -> Template {
    Template::from_literal(text)
}

fn taken(extractor: &Extractor, response: &Response) -> String {
    match extractor.extract(response, &mut World::new()) {
        Ok(value) => one(&value),
        Err(failure) => failure.message,
    }
}

#[test]
fn json_paths_find_one_place_or_several() {
    let response = shop();
    for (path, expected) in [
        ("$.data.token", "\"abc\""),
        ("$['data']['x y']", "1"),
        ("$.items[1].price", "20"),
        ("$.items[-1].id", "7"),
        ("$.data.none", "null"),
        ("$.data.list", "[1,2,3]"),
        ("$.data.missing", "nothing"),
        ("$.items[2]", "nothing"),
        ("$.data.token.deeper", "nothing"),
        ("$.items[*].id", "several [5,7]"),
        ("$..id", "several [5,7]"),
        ("$.items[?@.price > 10].id", "several [7]"),
        ("$.items[?@.price > 100].id", "several []"),
        ("$.data.list[0:2]", "several [1,2]"),
        ("$.items[?length(@) == 2].id", "several [5,7]"),
    ] {
        assert_eq!(found(path, &response), expected, "{path}");
    }
    assert!(found("$", &response).starts_with("{\"data\""));
    assert!(JsonPath::compile("$.a.b[0]").unwrap().is_singular());
    assert!(!JsonPath::compile("$.a[*]").unwrap().is_singular());
    assert!(!JsonPath::compile("$..a").unwrap().is_singular());
}

#[test]
fn lazy_reading_agrees_with_the_tree() {
    let body = r#"{"a": {"q\"": "x\u00e9\n", "n": 1.10, "big": 12345678901234567890, "e": 1e2, "t": true, "o": {"k": []}}, "é": [null, "ü"]}"#;
    let response = answer(body);
    for (path, expected) in [
        (r#"$.a['q"']"#, "\"xé\\n\""),
        ("$.a.n", "1.10"),
        ("$.a.big", "12345678901234567890"),
        ("$.a.e", "1e2"),
        ("$.a.t", "true"),
        ("$.a.o", "{\"k\":[]}"),
        ("$.é[0]", "null"),
        ("$.é[1]", "\"ü\""),
        ("$.é[-1]", "\"ü\""),
    ] {
        assert_eq!(found(path, &response), expected, "{path}");
    }
}

#[test]
fn bodies_that_are_no_json_say_so() {
    let find = |body: &[u8]| JsonPath::compile("$.a").unwrap().find(&answer(body)).unwrap_err().message;
    assert!(find(b"<html>").contains("the body is not JSON"));
    assert!(find(b"").contains("the body is empty"));
    assert!(find(b"\xff\xfe{}").contains("not JSON"));
    assert!(find("[".repeat(100_000).as_bytes()).contains("not JSON"));
    let mut cut = answer(r#"{"b": "#);
    cut.body_bytes = 1_000_000;
    assert!(JsonPath::compile("$.a").unwrap().find(&cut).unwrap_err().message.contains("max_body"));
}

#[test]
fn wrong_json_paths_are_refused() {
    for (path, part) in [
        ("token", "write `$.token`"),
        (".token", "write `$.token`"),
        ("$.a b", "write `$['a b']`"),
        ("$.a  b.c", "write `$['a  b'].c`"),
        ("$.", "ends too early"),
        ("$.a[", "ends too early"),
        ("$.a[?(@.tags contains 'x')]", "no `contains` in conditions"),
        ("$.a]", "from `]` on"),
        ("$[?length(@.*) < 3]", "a single place"),
        ("$[?length(@.a)]", "so compare it"),
        ("$[?count(@.*)]", "so compare it"),
        ("$[?count(1) > 2]", "literal"),
        ("$[?value('a') == 1]", "takes a path"),
        ("$[?match(@.a, 'x') == true]", "not comparable"),
        ("$[?match(@..a, 'x')]", "a single place"),
        ("$[?nin(@.a, 'x')]", "no function `nin`"),
        ("$[?@.* == 1]", "cannot be read"),
    ] {
        let told = JsonPath::compile(path).expect_err(path).to_string();
        assert!(told.contains(part), "{path}: {told}");
    }
    for path in [
        "$[ 'a' , 1 ]",
        "$ .a",
        "$.a .b",
        "$[?@.a == 1 && @.b]",
        "$['a b']",
        "$.items[?match(@.a, 'x.*')]",
        "$[?count(@.*) > 1]",
    ] {
        JsonPath::compile(path).expect(path);
    }
    assert!(JsonPath::compile(&format!("$[?{}@.a{}]", "(".repeat(5_000), ")".repeat(5_000))).is_err());
}

/// The right-hand sides are RFC 9535; what they find is checked where the habit has a meaning.
#[test]
fn habits_of_other_tools_are_told_in_the_form_that_works() {
    for (theirs, ours) in [
        ("token", "$.token"),
        ("data.items[0].id", "$.data.items[0].id"),
        ("@.token", "$.token"),
        ("$token", "$.token"),
        ("$.user-id", "$['user-id']"),
        ("$.a.user-id.b", "$.a['user-id'].b"),
        ("$..user-id", "$..['user-id']"),
        ("$.@odata.count", "$['@odata.count']"),
        ("$.value[0].@odata.etag", "$.value[0]['@odata.etag']"),
        ("$.soap:Body", "$['soap:Body']"),
        ("$.2024.total", "$['2024'].total"),
        ("$.items.0.id", "$.items[0].id"),
        ("$.first name", "$['first name']"),
        ("$[first name]", "$['first name']"),
        ("$.data.[0].id", "$.data[0].id"),
        ("$.items[title]", "$.items['title']"),
        ("$.items[(@.length-1)].id", "$.items[-1].id"),
        ("$.items[@.length-1]", "$.items[-1]"),
        ("$.items.last()", "$.items[-1]"),
        ("$.items[?(@.a == 1 and @.b == 2)]", "$.items[?(@.a == 1 && @.b == 2)]"),
        ("$.items[?(@.a = 1 or not @.b)]", "$.items[?(@.a == 1 || !@.b)]"),
        ("$.items[?(@.a <> 'x')]", "$.items[?(@.a != 'x')]"),
        ("$.items[?(@.a === 'x')]", "$.items[?(@.a == 'x')]"),
        ("$.items[?(@.s in ['a', 'b'])]", "$.items[?((@.s == 'a' || @.s == 'b'))]"),
        ("$.items[?(@.s in [1, x])]", "$.items[?((@.s == 1 || @.s == 'x'))]"),
        ("$.items[?(@.n =~ /^A.*/)]", "$.items[?(search(@.n, '^A.*'))]"),
        ("$.items[?(@.n =~ /a b/i)].id", "$.items[?(search(@.n, '(?i)a b'))].id"),
        ("$.items[?(@.tags.length() > 2)]", "$.items[?(length(@.tags) > 2)]"),
        ("$.items[?(@.tags.size() > 2 and @.a)]", "$.items[?(length(@.tags) > 2 && @.a)]"),
        ("$.items[?(@.user-id == 5)]", "$.items[?(@['user-id'] == 5)]"),
        ("$.items[?(@.status == active)]", "$.items[?(@.status == 'active')]"),
        ("$.items[?price > 10].id", "$.items[?@.price > 10].id"),
        // JMESPath
        ("items[?price > `10`].id", "$.items[?@.price > 10].id"),
        ("items[?name == 'x']", "$.items[?@.name == 'x']"),
        ("items[].id", "$.items[*].id"),
        // gjson, as k6 has it
        ("items.0.id", "$.items[0].id"),
        ("items.#.id", "$.items[*].id"),
        // jq, JSON pointer
        (".items[].id", "$.items[*].id"),
        ("/items/0/user~1id", "$.items[0]['user/id']"),
    ] {
        let bad = JsonPath::compile(theirs).expect_err(theirs);
        assert_eq!(bad.corrected.as_deref(), Some(ours), "{theirs}: {bad}");
        assert!(bad.help.contains(ours));
        JsonPath::compile(ours).expect(ours);
    }
    for counted in ["$.items.length()", "items.#", "$.items.size()"] {
        let bad = JsonPath::compile(counted).expect_err(counted);
        assert!(bad.corrected.is_none() && bad.to_string().contains("`$.items: { length: 3 }`"), "{counted}: {bad}");
    }
    let find = |path: &str| found(&JsonPath::compile(path).unwrap_err().corrected.unwrap(), &shop());
    assert_eq!(find("$.items[(@.length-1)].id"), "7");
    assert_eq!(find("$.items[?(@.price > 10 and @.id = 7)].id"), "several [7]");
    assert_eq!(find("$.items[?(@.id in [5, 9])].id"), "several [5]");
    assert_eq!(find("items.1.price"), "20");
}

/// Each of these was true for a single path and an error for all others; RFC 8259 knows no
/// difference between the ways of looking at a text.
#[test]
fn every_form_of_path_agrees_on_what_is_json() {
    let bodies: [(&[u8], Option<&str>); 16] = [
        (br#"{"status":"ok"}"#, Some("\"ok\"")),
        (b"\xef\xbb\xbf{\"status\":\"ok\"}", Some("\"ok\"")),
        (br#"{"status":"error","status":"ok"}"#, Some("\"ok\"")),
        (br#"{"status":"error","\u0073tatus":"ok","x":"\ud800"}"#, Some("\"ok\"")),
        (br#"{"status":"ok","far":1e999}"#, Some("\"ok\"")),
        (b"{\"status\":\"ok\"}<br />\n<b>Fatal error</b>", None),
        (br#"{"status":"ok","items":[1,2,{"a""#, None),
        (br#"{"status":"ok","x":NaN}"#, None),
        (br#"{"status":"ok",}"#, None),
        (br#"{"status":"ok"}{"status":"error"}"#, None),
        (b"{\"status\":\"ok\",\"x\":\"a\nb\"}", None),
        (b"{\"status\":\"ok\",\"x\":\"\xff\"}", None),
        (br#"{"status":"ok","x":"\x"}"#, None),
        (br#"{"status":"ok","x":01}"#, None),
        (br#"{"status":"ok","x":1.}"#, None),
        (br#"{"status":"ok","x":-}"#, None),
    ];
    for (body, expected) in bodies {
        for path in ["$.status", "$['status']", "$..status", "$[?@ == 'ok']", "$"] {
            let outcome = JsonPath::compile(path).unwrap().find(&answer(body));
            let shown = String::from_utf8_lossy(body);
            match (outcome, expected) {
                (Ok(Found::One(value)), Some(expected)) if path != "$" => assert_eq!(one(&value), expected, "{shown}"),
                (Ok(Found::Several(values)), Some(expected)) => {
                    assert_eq!(values.iter().map(one).collect::<Vec<_>>(), [expected], "{path} {shown}");
                }
                (Ok(Found::One(value)), Some(expected)) => {
                    assert!(one(&value).contains(&format!("\"status\":{expected}")), "{shown}");
                }
                (Err(why), None) => assert!(why.message.starts_with("the body is not JSON ("), "{path} {shown}: {why}"),
                (outcome, _) => panic!("{path} {shown}: {outcome:?}"),
            }
        }
        let mut world = World::new();
        world.response = Some(answer(body));
        let read = world.value("response.json.status").map(|value| one(&value)).ok();
        assert_eq!(read.as_deref(), expected, "{}", String::from_utf8_lossy(body));
        assert_eq!(world.value("response.body | json").is_ok(), expected.is_some() || body.contains(&0xff));
    }
}

#[test]
fn the_nearest_path_is_told() {
    let near = |path: &str| JsonPath::compile(path).unwrap().nearest(&shop());
    assert_eq!(near("$.token"), ["$.data.token"]);
    assert_eq!(near("$.data.tokn"), ["$.data.token"]);
    assert_eq!(near("$.Data.token"), ["$.data"]);
    assert_eq!(near("$.id"), ["$.items[0].id", "$.items[1].id"]);
    assert_eq!(near("$['x_y']"), Vec::<String>::new());
    assert_eq!(near("$.data['x_y']"), ["$.data['x y']"]);
    assert_eq!(near("$.itms[*].id"), ["$.items"]);
    assert_eq!(near("$.pineapple"), Vec::<String>::new());
}

#[test]
fn a_failure_tells_what_helps() {
    let failure = by_json("$.token").extract(&shop(), &mut World::new()).unwrap_err();
    assert_eq!(failure.cause, "`v`: `$.token` found nothing");
    assert!(
        failure.message.contains(r#"got a body that has $.data.token and begins with: {"data":{"token":"abc""#),
        "{failure}"
    );
    // The nearest path is before the body, where a cut does not lose it.
    let failure = by_json("$.token").extract(&answer("<h1>\u{1b}[31m\nno\u{202e}"), &mut World::new()).unwrap_err();
    assert!(failure.message.contains(r"<h1>\u{1b}[31m\nno\u{202e}"), "{failure}");
    assert!(failure.cause.contains("not JSON"));
    assert_eq!(taken(&by_json("$.token"), &answer("")).matches("empty").count(), 1);
    assert_eq!(shown(&"é".repeat(300), 3), "ééé…");
}

#[test]
fn matches_are_picked() {
    let response = answer("order-5 order-6 order-77");
    let mut orders = by_regex(r"order-(?<id>\d+)", CaptureGroup::Number(1));
    for (pick, expected) in
        [(Pick::First, "\"5\""), (Pick::Last, "\"77\""), (Pick::Nth(2), "\"6\""), (Pick::All, "[\"5\",\"6\",\"77\"]")]
    {
        orders.pick = pick;
        assert_eq!(taken(&orders, &response), expected, "{pick:?}");
    }
    orders.pick = Pick::Random;
    let mut world = World::new();
    let mut seen: Vec<String> = (0..100).map(|_| one(&orders.extract(&response, &mut world).unwrap())).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen, ["\"5\"", "\"6\"", "\"77\""]);
    orders.pick = Pick::Nth(4);
    assert!(
        taken(&orders, &response).contains("found fewer matches: got 3 of them in a body that begins with: order-5")
    );
    orders.pick = Pick::Nth(0);
    assert!(taken(&orders, &response).contains("found fewer"));
    assert_eq!(taken(&by_regex(r"order-(?<id>\d+)", CaptureGroup::Name("id".to_owned())), &response), "\"5\"");
    assert_eq!(taken(&by_regex(r"(x)?order", CaptureGroup::Number(1)), &answer("order xorder")), "\"x\"");
    assert_eq!(taken(&by_regex(r"\d+", CaptureGroup::Number(0)), &response), "\"5\"");

    let mut ids = by_json("$.items[*].id");
    ids.pick = Pick::All;
    assert_eq!(taken(&ids, &shop()), "[5,7]");
    let mut list = by_json("$.data.list");
    list.pick = Pick::All;
    assert_eq!(taken(&list, &shop()), "[1,2,3]");
    assert_eq!(taken(&by_json("$.data.none"), &shop()), "null");
}

#[test]
fn defaults_stand_in_for_what_is_not_there() {
    let mut token = by_json("$.token");
    token.default = Some(Tree::Literal(Value::text("none")));
    assert_eq!(taken(&token, &shop()), "\"none\"");
    assert_eq!(taken(&token, &answer("<html>")), "\"none\"");
    let mut world = World::new().with("fallback", Value::Int(3)).with("gone", None);
    let template = |text: &str, world: &mut World| Tree::Template(parse_text(text).unwrap().compile(world).unwrap());
    token.default = Some(template("${fallback}", &mut world));
    assert_eq!(one(&token.extract(&shop(), &mut world).unwrap()), "3");
    token.default = Some(template("${gone}", &mut world));
    assert!(token.extract(&shop(), &mut world).unwrap_err().message.contains("variable `gone` is not set"));
}

#[test]
fn other_places_and_ways() {
    let mut response = answer(
        r#"<html><head><title> Shop </title></head><body><input name="csrf" value="t0k"><input name="q"><a href="/1">one</a><a>two</a></body></html>"#,
    );
    response.headers.append("location", "/orders/17".parse().unwrap());
    response.headers.append("set-cookie", "a=1".parse().unwrap());
    response.headers.append("set-cookie", "b=2".parse().unwrap());
    response.cookies = vec![("SID".to_owned(), "s-99".to_owned())];
    let css = |selector: &str, attribute: Option<&str>| extractor(How::Css(Css::compile(selector, attribute).unwrap()));
    assert_eq!(taken(&css("input[name=csrf]", Some("value")), &response), "\"t0k\"");
    assert_eq!(taken(&css("title", None), &response), "\"Shop\"");
    let mut links = css("a", Some("href"));
    links.pick = Pick::All;
    assert_eq!(taken(&links, &response), "[\"/1\"]");
    assert!(Css::compile("a[", None).is_err());
    assert!(css("a", None).needs_body());

    let header = extractor(How::Header("set-cookie".parse().unwrap()));
    assert_eq!(taken(&header, &response), "\"a=1\"");
    assert_eq!(taken(&extractor(How::Cookie("SID".to_owned())), &response), "\"s-99\"");
    assert!(!header.needs_body());

    let mut number = by_regex(r"\d+", CaptureGroup::Number(0));
    number.source = Source::Header("location".parse().unwrap());
    assert_eq!(taken(&number, &response), "\"17\"");
    assert!(!number.needs_body());
    number.source = Source::Cookie("SID".to_owned());
    assert_eq!(taken(&number, &response), "\"99\"");
    number.source = Source::Url;
    assert_eq!(taken(&number, &response), "\"127\"");
    number.source = Source::Header("x-none".parse().unwrap());
    assert!(taken(&number, &response).contains("there is no header `x-none`"));

    let between = |left: &str, right: &str| extractor(How::Between(literal(left), literal(right)));
    assert_eq!(taken(&between("value=\"", "\""), &response), "\"t0k\"");
    assert_eq!(taken(&between("<html><head>", "</title>"), &response), "\"<title> Shop \"");
    assert_eq!(taken(&between("", "<head>"), &response), "\"<html>\"");
    assert_eq!(taken(&between("</body>", ""), &response), "\"</html>\"");
    assert!(taken(&between("value=\"", "§"), &response).contains("found nothing"));
    let mut names = between("name=\"", "\"");
    names.pick = Pick::All;
    assert_eq!(taken(&names, &response), "[\"csrf\",\"q\"]");
}

/// The message of a limit that no key changes, without the words that all of them end with.
#[track_caller]
fn own_limit(message: &str) -> &str {
    message.strip_suffix(" (a limit of loadplan; `regex` and `between` have none)").expect(message)
}

#[test]
fn hostile_pages_are_refused_and_real_ones_are_not() {
    let items = Css::compile("li", None).unwrap();
    let started = std::time::Instant::now();
    let told = items.find(&"<div>".repeat(500_000)).unwrap_err().message;
    assert_eq!(own_limit(&told), "the page is nested more than 512 levels deep");
    assert!(items.find(&"<div></p></x>".repeat(5_000)).is_err());
    assert!(items.find(&format!("<script>x</SCRIPT>{}", "<div>".repeat(5_000))).is_err());
    assert!(started.elapsed().as_secs() < 30);
    let long = format!("<ul>{}</ul><script>{}</script><p>", "<li>x<br>".repeat(5_000), "a<b;".repeat(5_000));
    assert_eq!(items.find(&long).unwrap().into_values().len(), 5_000);
    let nested = format!("{}<li>x{}", "<div>".repeat(500), "</div>".repeat(500));
    assert_eq!(items.find(&nested).unwrap().into_values().len(), 1);
}

#[test]
fn regression_d10_xml_is_bounded_by_name() {
    let started = std::time::Instant::now();
    let refused = |path: &str, xml: &str| XPath::compile(path).unwrap().find(xml).unwrap_err().message;
    let many = |count: usize| (0..count).map(|number| format!("a{number}='1' ")).collect::<String>();
    let told = refused("//a/@a5", &format!("<a {}/>", many(40_000)));
    assert_eq!(own_limit(&told), "an element of the body has more than 1000 attributes");
    // 900² is 810,000.
    let told = refused("//a", &format!("<r>{}</r>", format!("<a {}/>", many(900)).repeat(30)));
    assert_eq!(own_limit(&told), "too many elements of the body have hundreds of attributes");
    let declared: String = (0..300).map(|number| format!("<a xmlns:n{number}='u:{number}'>")).collect();
    assert_eq!(own_limit(&refused("//a", &declared)), "the body declares more than 200 namespaces");
    assert_eq!(own_limit(&refused("//a", &"<a>".repeat(700_000))), "the body has more than 200000 nodes");
    let deep = |count: usize, inner: &str| format!("{}{inner}{}", "<a>".repeat(count), "</a>".repeat(count));
    assert_eq!(own_limit(&refused("//a", &deep(300, ""))), "the body is nested more than 256 levels deep");
    let wide = format!("<r>{}</r>", "<a/>".repeat(5_000));
    assert!(
        refused("//a[//b]", &wide)
            .starts_with("the body has more than 5000 nodes (or KiB of text), too many for a path")
    );
    assert!(refused("//a//b//c", &deep(250, &"<b/>".repeat(10_000))).contains("too large and too deep"));
    // Each of 250 elements holds all of the text.
    assert_eq!(own_limit(&refused("//a", &deep(250, &"x".repeat(1_000_000)))), "it finds more than 64 MiB of text");
    // A namespace that is declared again and again, as SOAP does, is one.
    let soap = format!("<r>{}</r>", "<x:a xmlns:x='urn:x' b='1'>t</x:a>".repeat(20_000));
    assert_eq!(XPath::compile("//x:a").unwrap().find(&soap).unwrap().into_values().len(), 20_000);
    assert!(started.elapsed().as_secs() < 60);
}

#[test]
fn regression_d10_css_is_bounded_by_name() {
    let siblings = Css::compile("a ~ b", None).unwrap();
    let told = siblings.find(&"<b></b>".repeat(8_000)).unwrap_err().message;
    assert!(told.contains("too many elements side by side for `~` and `:has()`"), "{told}");
    let all = Css::compile("div", None).unwrap();
    let page = format!("{}{}", "<div>".repeat(500), "x".repeat(1_000_000));
    assert_eq!(own_limit(&all.find(&page).unwrap_err().message), "it finds more than 64 MiB of text");
}

#[test]
fn text_in_another_charset_is_read() {
    let mut response = answer(b"caf\xe9".as_slice());
    response.headers.insert("content-type", "text/plain; charset=ISO-8859-1".parse().unwrap());
    assert_eq!(taken(&by_regex("caf(.)", CaptureGroup::Number(1)), &response), "\"é\"");
}

#[test]
fn xpath_reads_xml_with_and_without_namespaces() {
    let find = |path: &str, xml: &str| match XPath::compile(path).unwrap().find(xml) {
        Ok(Found::One(value)) => one(&value),
        Ok(Found::Several(values)) => format!("several {}", one(&Value::List(values.into()))),
        Ok(Found::Nothing) => "nothing".to_owned(),
        Err(why) => why.message,
    };
    let books = r#"<?xml version="1.0"?><!-- c --><books><book id="1"><title> A </title></book><book id="2"><title><![CDATA[B&]]></title></book></books>"#;
    assert_eq!(find("//title", books), "several [\"A\",\"B&\"]");
    assert_eq!(find("//book[@id='2']/title", books), "several [\"B&\"]");
    assert_eq!(find("//book/@id", books), "several [\"1\",\"2\"]");
    assert_eq!(find("count(//book)", books), "2");
    assert_eq!(find("string(//title)", books), "\" A \"");
    assert_eq!(find("//book/@id = '2'", books), "true");
    assert_eq!(find("number('x')", books), "nothing");
    assert_eq!(find("//none", books), "several []");
    let soap =
        r#"<s:Envelope xmlns:s="urn:s"><s:Body><Order xmlns="urn:o" s:a="1"><id>7</id></Order></s:Body></s:Envelope>"#;
    assert_eq!(find("//s:Body//id", soap), "several [\"7\"]");
    assert_eq!(find("/s:Envelope/s:Body/Order/@s:a", soap), "several [\"1\"]");
    assert_eq!(find("//x:Body", soap), "several []");
    assert_eq!(find("count(//x:Body)", soap), "0");
    assert_eq!(find("//a[@xml:lang='x:y']", "<r><a xml:lang='x:y'>1</a></r>"), "several [\"1\"]");
    assert_eq!(find("child::r/child::a", "<r><a>1</a></r>"), "several [\"1\"]");
    assert!(find("//a", "{}").contains("not XML"));
    assert!(find("//a", "").contains("not XML"));
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
    assert!(find("//x", bomb).contains("document type"));
    let deep = format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000));
    assert!(find("//a", &deep).contains("nested more than 256"));
    let near = format!("{}x{}", "<a>".repeat(256), "</a>".repeat(256));
    assert_eq!(find("count(//a)", &near), "256");
}

#[test]
fn wrong_xpaths_are_refused() {
    for path in ["", "//", "//a[", "//a]", "foo(", "1.2.3", "//a[@]", "'", "$", "::", "unknown-function(1)", "*", "a b"]
    {
        let outcome = XPath::compile(path);
        assert!(outcome.is_err() || path == "*", "{path}");
    }
    for (path, why) in [
        ("//a[]", "(empty predicate)"),
        ("//", "(trailing slash)"),
        ("//a]", "(extra unparsed tokens)"),
        ("foo(", "(ran out of input)"),
    ] {
        let told = XPath::compile(path).unwrap_err().to_string();
        assert!(told.contains(why), "{path}: {told}");
    }
    assert!(XPath::compile(&"(".repeat(1_000)).is_err());
    assert!(XPath::compile(&format!("{}1", "-".repeat(1_900))).is_err());
}

#[test]
fn regression_a_wrong_css_selector_is_not_to_be_reported_to_a_developer() {
    for (selector, why) in [
        ("div[[", "it cannot be read (no qualified name in attribute selector)"),
        ("a:nonsense", "it cannot be read (unsupported pseudo class or element)"),
        ("a >", "it cannot be read (dangling combinator)"),
    ] {
        assert_eq!(Css::compile(selector, None).unwrap_err().to_string(), why);
    }
}

#[test]
fn compiled_forms_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Extractor>();
}

proptest::proptest! {
    /// Whatever path is written, checking it never panics.
    #[test]
    fn any_path_can_be_checked(text in r#"[$@./\[\]()?*:a-c0-9'" <>=!&|,+٣-]{0,30}"#) {
        let _ = JsonPath::compile(&text).map(|path| path.find(&shop()));
        let _ = JsonPath::compile(&format!("${text}")).map(|path| path.find(&shop()));
        let _ = XPath::compile(&text).map(|path| path.find("<a b='1'><c>2</c></a>"));
        let _ = Css::compile(&text, None).map(|css| css.find("<a b='1'><p>2</p></a>").map(Found::into_values));
    }
}

#[test]
fn regression_a_path_with_many_brackets_within_one_another_is_refused_at_once() {
    let nested = |levels: usize| format!("${}\u{ff}", "[?any_of(@.a".repeat(levels));
    let begin = std::time::Instant::now();
    for levels in [7, 40, 400] {
        let refused = JsonPath::compile(&nested(levels)).unwrap_err();
        assert_eq!(refused.message, "more than 12 nested brackets in the path");
    }
    let most = format!("$[?{}@.a == 1{}]", "(".repeat(11), ")".repeat(11));
    assert!(JsonPath::compile(&most).is_ok());
    assert!(JsonPath::compile(&nested(6)).is_err());
    // 2^40 steps would take hours.
    assert!(begin.elapsed() < std::time::Duration::from_secs(20), "{:?}", begin.elapsed());
    // In a text they are only characters.
    assert!(JsonPath::compile(&format!("$[?@.a == '{}']", "(".repeat(100))).is_ok());
}

#[test]
fn regression_lists_of_values_after_one_another_do_not_multiply_what_is_proposed() {
    let refused = JsonPath::compile("$.a[?@.b in (1,2,3)]").unwrap_err();
    assert_eq!(refused.corrected.as_deref(), Some("$.a[?(@.b == 1 || @.b == 2 || @.b == 3)]"));
    // 4^20 comparisons would take a terabyte.
    let many = format!("$.a[?@.b{}]", " in (1,2,3,4)".repeat(20));
    assert_eq!(JsonPath::compile(&many).unwrap_err().corrected, None);
}
