//! The reader against RFC 8259 by hand, and against another reader by chance.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::problem::Problem;
use crate::value::MAX_DEPTH;

fn read(text: impl Into<Vec<u8>>) -> Result<Document, Problem> {
    Document::read(Bytes::from(text.into()))
}

fn shown(value: &Value) -> String {
    let mut text = String::new();
    value.write_json(&mut text);
    text
}

/// RFC 8259 §§2-8: each of these breaks one rule of the grammar.
#[test]
fn what_is_no_json_is_refused_with_its_place() {
    for (text, told) in [
        ("", "it ends too early at line 1 column 1"),
        ("  ", "it ends too early at line 1 column 3"),
        ("{\"a\":1}<br>", "there is more text after the JSON at line 1 column 8"),
        ("{\"a\":1}{\"a\":2}", "there is more text after the JSON at line 1 column 8"),
        ("{\"a\":1}\0", "there is more text after the JSON at line 1 column 8"),
        ("{\"a\":1,\n \"ü\":[1,2,{\"a\"", "it ends too early at line 2 column 15"),
        ("{\"a\":1,}", "there is a comma after the last entry at line 1 column 8"),
        ("[1,]", "there is a comma after the last entry at line 1 column 4"),
        ("[,1]", "there must be a value at line 1 column 2"),
        ("{\"a\":NaN}", "there must be a value at line 1 column 6"),
        ("[Infinity]", "there must be a value"),
        ("[nul]", "there must be a value"),
        ("nul", "it ends too early"),
        ("truex", "there is more text"),
        ("{a:1}", "there must be a name in double quotes at line 1 column 2"),
        ("{'a':1}", "there must be a name in double quotes"),
        ("{\"a\" 1}", "there must be a `:` after the name"),
        ("{\"a\":1 \"b\":2}", "there must be `,` or `}`"),
        ("[1 2]", "there must be `,` or `]`"),
        ("[1}", "there must be `,` or `]`"),
        ("{\"a\":1]", "there must be `,` or `}`"),
        ("01", "the number is not valid JSON"),
        ("-01", "the number is not valid JSON"),
        ("-", "it ends too early"),
        ("[-]", "the number is not valid JSON"),
        ("[1.]", "the number is not valid JSON"),
        ("[.5]", "there must be a value"),
        ("[+1]", "there must be a value"),
        ("[1e]", "the number is not valid JSON"),
        ("[1e+]", "the number is not valid JSON"),
        ("[0x10]", "there must be `,` or `]`"),
        ("\"a\nb\"", "there is a control character in a text at line 1 column 3"),
        ("\"aaaaaaaa\u{1f}b\"", "there is a control character in a text"),
        ("\"\\x\"", "JSON has no such escape after `\\`"),
        ("\"\\u12g4\"", "JSON has no such escape after `\\`"),
        ("\"\\u12", "it ends too early"),
        ("\"abc", "it ends too early"),
        ("// a\n{}", "there must be a value"),
        ("\u{feff}{}", "there must be a value"),
        ("\u{a0}{}", "there must be a value"),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.message.starts_with(told), "{text:?}: {error}");
    }
    assert_eq!(
        read(b"[\"a\xff\"]".as_slice()).unwrap_err().message,
        "there are bytes that are not UTF-8 at line 1 column 4"
    );
    assert_eq!(
        read(b"[\"\xed\xa0\x80\"]".as_slice()).unwrap_err().message,
        "there are bytes that are not UTF-8 at line 1 column 3"
    );
    assert!(
        read(b"[1,]\xff".as_slice()).unwrap_err().message.starts_with("there is a comma"),
        "the first fault is told"
    );
}

#[test]
fn all_of_json_is_read() {
    for text in
        ["0", "-0", "-0.0e-0", "1E+2", "\"\"", "[]", "{}", " [ ] ", "\r\n\t{ \"\" : [ { } , [ ] ] }\n", "\"\u{7f}\\/\""]
    {
        read(text).expect(text);
    }
    let text =
        r#"{"a": {"q\"": "x\u00e9\n", "n": 1.10, "big": 12345678901234567890, "far": 1e999}, "é": [null, "😀"]}"#;
    let document = read(text).unwrap();
    let root = document.root();
    let a = root.get("a").unwrap();
    assert_eq!(a.get("q\"").unwrap().text().unwrap(), "xé\n");
    assert_eq!(shown(&a.get("n").unwrap().to_value()), "1.10");
    assert_eq!(shown(&a.get("big").unwrap().to_value()), "12345678901234567890");
    assert_eq!(shown(&a.get("far").unwrap().to_value()), "1e999");
    assert_eq!(a.to_serde()["far"], json!(f64::MAX), "the nearest that the schema library knows");
    assert_eq!(root.get("é").unwrap().element(-1).unwrap().text().unwrap(), "😀");
    assert!(root.get("é").unwrap().element(2).is_none() && root.get("é").unwrap().element(-3).is_none());
    assert_eq!(root.members().count(), 2);
    assert_eq!(root.items().count(), 0, "an object is no list");
    assert!(a.get("n").unwrap().get("x").is_none());
}

/// RFC 8259 §8.2: half a pair of surrogates is within the grammar, and what it means is left open.
#[test]
fn half_a_surrogate_pair_reads_as_a_replacement() {
    for (escaped, expected) in [
        (r"\ud83d\ude00", "😀"),
        (r"\ud83d", "\u{fffd}"),
        (r"\ude00", "\u{fffd}"),
        (r"\ud83d\u0041", "\u{fffd}A"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (r"\ud83dé", "\u{fffd}é"),
        (r"\\ud83d", "\\ud83d"),
    ] {
        let document = read(format!("\"{escaped}\"")).unwrap();
        assert_eq!(document.root().text().unwrap(), expected, "{escaped}");
    }
}

/// RFC 8259 §4 leaves it open; browsers, serde_json and Python take the last one.
#[test]
fn of_a_name_that_is_written_twice_the_last_counts_everywhere() {
    let document = read(r#"{"a":1,"b":{"x":1},"\u0061":2,"b":3,"c":4}"#).unwrap();
    let root = document.root();
    assert_eq!(shown(&root.get("a").unwrap().to_value()), "2");
    assert_eq!(shown(&root.to_value()), r#"{"a":2,"b":3,"c":4}"#);
    assert_eq!(shown(&document.tree().to_value()), r#"{"a":2,"b":3,"c":4}"#);
    assert_eq!(root.to_serde(), json!({"a": 2, "b": 3, "c": 4}));
    let many: String = (0..40).map(|number| format!("\"k{}\":{number},", number % 20)).collect();
    let document = read(format!("{{{}\"z\":0}}", many)).unwrap();
    assert_eq!(shown(&document.root().to_value()), shown(&document.tree().to_value()));
    assert_eq!(document.root().to_serde()["k3"], json!(23));
}

#[test]
fn nesting_is_read_as_deep_as_it_is_allowed_and_never_overflows_the_stack() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deepest = read(nested(MAX_DEPTH)).unwrap();
    assert_eq!(shown(&deepest.root().to_value()), nested(MAX_DEPTH));
    assert_eq!(read(nested(MAX_DEPTH + 1)).unwrap_err().message, "it is nested more than 128 levels deep");
    assert!(read("[".repeat(5_000_000)).is_err());
    assert!(read("{\"a\":".repeat(1_000_000)).is_err());
}

/// A text that is JSON, with spaces anywhere.
fn texts() -> impl Strategy<Value = String> {
    let number = "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?";
    let string = r#""([ -!#-\[\]-~é😀]|\\["\\/bfnrt]|\\u[0-9a-c][0-9a-f]{3}|\\ud83d\\ude00){0,12}""#;
    let leaf = prop_oneof![number, string, Just("true".to_owned()), Just("false".to_owned()), Just("null".to_owned())];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        let space = "[ \n\r\t]{0,2}";
        let name = prop_oneof![string, "\"[ab]\""];
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..6), space)
                .prop_map(|(items, space)| format!("[{space}{}{space}]", items.join(&format!("{space},")))),
            (prop::collection::vec((name, inner), 0..6), space).prop_map(|(members, space)| {
                let members: Vec<_> =
                    members.into_iter().map(|(name, value)| format!("{name}{space}:{value}")).collect();
                format!("{space}{{{}{space}}}", members.join(&format!(",{space}")))
            }),
        ]
    })
}

/// Whether `ours` and the library agree, but for what it cannot read and the RFC lets pass.
fn agree(text: &[u8]) -> Result<(), TestCaseError> {
    let ours = read(text);
    match serde_json::from_slice::<serde_json::Value>(text) {
        Ok(theirs) => {
            let ours = ours.map_err(|problem| TestCaseError::fail(problem.message))?;
            prop_assert_eq!(&ours.root().to_serde(), &theirs);
            prop_assert_eq!(shown(&ours.root().to_value()), shown(&ours.tree().to_value()));
            same_places(ours.root(), &theirs)?;
        }
        Err(error) => {
            let told = error.to_string();
            let beyond = ["number out of range", "surrogate", "hex escape", "recursion limit"];
            prop_assert!(ours.is_err() || beyond.iter().any(|words| told.contains(words)), "{told}");
        }
    }
    Ok(())
}

/// Every single place found step by step is the one the library has there.
fn same_places(ours: Node<'_>, theirs: &serde_json::Value) -> Result<(), TestCaseError> {
    match theirs {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                same_places(ours.get(name).ok_or_else(|| TestCaseError::fail(name.clone()))?, value)?;
            }
        }
        serde_json::Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                same_places(ours.element(at as i64).ok_or_else(|| TestCaseError::fail("an element"))?, value)?;
            }
        }
        scalar => prop_assert_eq!(&ours.to_serde(), scalar),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_json_is_read_as_by_another_reader(text in texts()) {
        prop_assert!(read(text.as_str()).is_ok(), "{}", text);
        agree(text.as_bytes())?;
    }

    /// Cut, doubled, with a byte changed, put in or taken out: both say the same of it.
    #[test]
    fn damaged_json_is_judged_as_by_another_reader(
        text in texts(),
        damage in prop::collection::vec((0..4_u8, any::<prop::sample::Index>(), prop_oneof![
            prop::sample::select(b"{}[],:\"\\-+.eE0123456789 \n\x00\x1f\x7f\x80\xc3\xa9\xff\xed/untrfbalsNaI'".as_slice()), any::<u8>()
        ]), 1..4),
    ) {
        let mut bytes = text.into_bytes();
        for (how, place, byte) in damage {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                _ => bytes.truncate(at),
            }
        }
        agree(&bytes)?;
    }
}
