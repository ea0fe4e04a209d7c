//! Assertions in words, without secrets.

use crate::extractors::find::shown;
use crate::mask::Masker;
use crate::template::Scope;
use crate::value::Value;

use super::{Expected, JsonType, Matcher, Pattern, Subject};

/// How many characters of an expected value a sentence shows.
const SHOWN: usize = 120;

/// How expected values are written.
pub(super) enum Values<'v> {
    /// As in the plan.
    Written(&'v Masker),
    /// As they are for a user now.
    Computed(&'v mut dyn Scope),
}

/// The whole sentence: `response_time is below 500ms`.
pub(super) fn expectation(subject: &Subject, matchers: &[Matcher], values: &mut Values<'_>) -> String {
    let subject_words = match subject {
        Subject::Status => "status".to_owned(),
        Subject::ResponseTime => "response_time".to_owned(),
        Subject::FirstByte => "first_byte".to_owned(),
        Subject::Messages => "messages".to_owned(),
        Subject::Reply => "reply".to_owned(),
        Subject::FirstEvent => "first_event".to_owned(),
        Subject::EventGap => "event_gap".to_owned(),
        Subject::Size => "size".to_owned(),
        Subject::Body => "body".to_owned(),
        Subject::Json(path) => format!("json {}", path.source()),
        Subject::XPath(path) => format!("xpath {}", path.source()),
        Subject::Css(css) => match css.attribute() {
            Some(attribute) => format!("css {} attribute {attribute}", css.source()),
            None => format!("css {}", css.source()),
        },
        Subject::Header(name) => format!("header {name}"),
        Subject::Cookie(name) => format!("cookie {name}"),
        Subject::Url => "url".to_owned(),
        Subject::JsonSchema(schema) => return format!("body matches JSON schema {}", schema.name()),
        Subject::Expr(_, source) => return format!("{source} is true"),
    };
    let words: Vec<String> = matchers.iter().map(|matcher| verb(matcher, values)).collect();
    format!("{subject_words} {}", words.join(" and "))
}

fn verb(matcher: &Matcher, values: &mut Values<'_>) -> String {
    match matcher {
        Matcher::Equals(expected) => format!("is {}", written(expected, values)),
        Matcher::NotEquals(expected) => format!("is not {}", written(expected, values)),
        Matcher::OneOf(several) => format!("is one of {}", all_written(several, values)),
        Matcher::StatusClass(class) => format!("is {class}xx"),
        Matcher::Contains(several) => format!("contains {}", all_written(several, values)),
        Matcher::NotContains(several) => format!("does not contain {}", all_written(several, values)),
        Matcher::StartsWith(expected) => format!("starts with {}", written(expected, values)),
        Matcher::EndsWith(expected) => format!("ends with {}", written(expected, values)),
        Matcher::Matches(pattern) => format!("matches {}", pattern_written(pattern, values)),
        Matcher::NotMatches(pattern) => format!("does not match {}", pattern_written(pattern, values)),
        Matcher::Above(expected) => format!("is above {}", written(expected, values)),
        Matcher::AtLeast(expected) => format!("is at least {}", written(expected, values)),
        Matcher::Below(expected) => format!("is below {}", written(expected, values)),
        Matcher::AtMost(expected) => format!("is at most {}", written(expected, values)),
        Matcher::Exists(true) => "exists".to_owned(),
        Matcher::Exists(false) => "does not exist".to_owned(),
        Matcher::Empty(true) => "is empty".to_owned(),
        Matcher::Empty(false) => "is not empty".to_owned(),
        Matcher::Length(inner) => format!("has a length that {}", verbs(inner, values)),
        Matcher::Type(kind) => format!("is {}", article(*kind)),
        Matcher::Each(inner) => format!("has only elements of which each {}", verbs(inner, values)),
    }
}

/// What a matcher expects, to follow the word "expected": `200`, `to contain "x"`.
pub(super) fn phrase(matcher: &Matcher, values: &mut Values<'_>) -> String {
    match matcher {
        Matcher::Equals(expected) => written(expected, values),
        Matcher::NotEquals(expected) => format!("anything but {}", written(expected, values)),
        Matcher::OneOf(several) => format!("one of {}", all_written(several, values)),
        Matcher::StatusClass(class) => format!("{class}xx"),
        Matcher::Contains(several) => format!("to contain {}", all_written(several, values)),
        Matcher::NotContains(several) => format!("not to contain {}", all_written(several, values)),
        Matcher::StartsWith(expected) => format!("to start with {}", written(expected, values)),
        Matcher::EndsWith(expected) => format!("to end with {}", written(expected, values)),
        Matcher::Matches(pattern) => format!("to match {}", pattern_written(pattern, values)),
        Matcher::NotMatches(pattern) => format!("not to match {}", pattern_written(pattern, values)),
        Matcher::Above(expected) => format!("above {}", written(expected, values)),
        Matcher::AtLeast(expected) => format!("at least {}", written(expected, values)),
        Matcher::Below(expected) => format!("below {}", written(expected, values)),
        Matcher::AtMost(expected) => format!("at most {}", written(expected, values)),
        Matcher::Exists(true) => "that it exists".to_owned(),
        Matcher::Exists(false) => "that it does not exist".to_owned(),
        Matcher::Empty(true) => "to be empty".to_owned(),
        Matcher::Empty(false) => "not to be empty".to_owned(),
        Matcher::Length(inner) => format!("a length that {}", verbs(inner, values)),
        Matcher::Type(kind) => article(*kind).to_owned(),
        Matcher::Each(inner) => format!("that each element {}", verbs(inner, values)),
    }
}

fn verbs(matchers: &[Matcher], values: &mut Values<'_>) -> String {
    matchers.iter().map(|matcher| verb(matcher, values)).collect::<Vec<_>>().join(" and ")
}

fn written(expected: &Expected, values: &mut Values<'_>) -> String {
    let mut text = String::new();
    expected.write(&mut text);
    let masker = match values {
        Values::Written(masker) => return shown(&masker.beginning(&text, SHOWN), SHOWN),
        Values::Computed(scope) => {
            if expected.literal().is_none()
                && is_steady(&text)
                && let Ok(value) = expected.value(&mut **scope)
            {
                text.clear();
                value.write_json(&mut text);
            }
            scope.masker()
        }
    };
    shown(&masker.beginning(&text, SHOWN), SHOWN)
}

/// Whether a text gives the same each time it is computed: without a function, such as `random_int(1, 6)`.
fn is_steady(text: &str) -> bool {
    !text.contains('(')
}

fn all_written(several: &[Expected], values: &mut Values<'_>) -> String {
    several.iter().map(|expected| written(expected, values)).collect::<Vec<_>>().join(", ")
}

fn pattern_written(pattern: &Pattern, values: &mut Values<'_>) -> String {
    let masker = match values {
        Values::Written(masker) => (*masker).clone(),
        Values::Computed(scope) => scope.masker(),
    };
    format!("/{}/", shown(&masker.beginning(pattern.source(), SHOWN), SHOWN))
}

fn article(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Object => "an object",
        JsonType::Array => "an array",
        JsonType::String => "a string",
        JsonType::Number => "a number",
        JsonType::Boolean => "a boolean",
        JsonType::Null => "null",
    }
}

/// A computed value as a message shows it.
pub(super) fn value(value: &Value, masker: &Masker) -> String {
    let mut text = String::new();
    value.write_json(&mut text);
    shown(&masker.beginning(&text, SHOWN), SHOWN)
}
