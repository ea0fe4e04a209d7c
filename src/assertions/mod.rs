//! Assertions check responses. An [`Assertion`] consists of a [`Subject`] of the response and the
//! [`Matcher`]s that it must match. It describes in a sentence what it expects and what it got.

mod check;
mod expected;
mod matching;
mod pattern;
mod possible;
mod schema;
mod sentence;
#[cfg(test)]
mod tests;

pub use check::AssertionFailure;
pub use expected::Expected;
pub use pattern::Pattern;
pub use schema::Schema;

use sentence::Values;
use std::sync::Arc;

use http::HeaderName;

use crate::extractors::find::{Css, JsonPath, XPath};
use crate::mask::Masker;
use crate::template::{Expression, Scope};
use crate::value::Value;

/// What must be true of a response.
#[derive(Debug)]
pub struct Assertion {
    subject: Subject,
    matchers: Vec<Matcher>,
    /// The only status that is accepted, if that is all it says: nearly every request has one like it, and
    /// comparing two numbers is all it takes.
    status: Option<u16>,
    text: String,
    name: Option<String>,
}

/// What an assertion looks at.
#[derive(Debug)]
pub enum Subject {
    /// The status code.
    Status,
    /// From the sampler's start to the last byte; in milliseconds.
    ResponseTime,
    /// From the request's first byte sent to the response's first byte; in milliseconds.
    FirstByte,
    /// How many messages or events came that were waited for.
    Messages,
    /// From a message sent to its reply; in milliseconds.
    Reply,
    /// From the start to the first event or message; in milliseconds.
    FirstEvent,
    /// The longest time between one event or message and the next; in milliseconds.
    EventGap,
    /// The decoded body's length in bytes, also of what is beyond `max_body`.
    Size,
    /// The body as text.
    Body,
    /// What a JSONPath finds.
    Json(JsonPath),
    /// What an XPath finds.
    XPath(XPath),
    /// What a CSS selector finds.
    Css(Css),
    /// A header's value; several lines of one name are joined with commas.
    Header(HeaderName),
    /// The value of a cookie the response or one of its redirects set.
    Cookie(String),
    /// The URL that answered, after redirects.
    Url,
    /// The whole body, against a JSON Schema.
    JsonSchema(Arc<Schema>),
    /// A condition, and how it is written.
    Expr(Expression, String),
}

/// What is expected of a subject.
#[derive(Debug)]
pub enum Matcher {
    /// Equal. Numbers compare as numbers; a number and a text digit for digit.
    Equals(Expected),
    /// Not equal.
    NotEquals(Expected),
    /// Equal to one of these.
    OneOf(Vec<Expected>),
    /// A status of this class: 2 for 200 to 299.
    StatusClass(u8),
    /// Holds all of these: a text as a part, a list as an element, a map as a key.
    Contains(Vec<Expected>),
    /// Holds none of these.
    NotContains(Vec<Expected>),
    /// Starts with this text.
    StartsWith(Expected),
    /// Ends with this text.
    EndsWith(Expected),
    /// Meets a pattern somewhere.
    Matches(Pattern),
    /// Meets a pattern nowhere.
    NotMatches(Pattern),
    /// More than.
    Above(Expected),
    /// More than or equal.
    AtLeast(Expected),
    /// Less than.
    Below(Expected),
    /// Less than or equal.
    AtMost(Expected),
    /// Is there, or is not.
    Exists(bool),
    /// Is empty (`null`, `""`, `[]`, `{}`), or is not.
    Empty(bool),
    /// Its number of characters, elements or entries meets these.
    Length(Vec<Matcher>),
    /// Is of this type.
    Type(JsonType),
    /// Every element of the list meets these.
    Each(Vec<Matcher>),
}

/// A type of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonType {
    /// A map.
    Object,
    /// A list.
    Array,
    /// Text.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `null`.
    Null,
}

impl JsonType {
    /// Every type, in the order of the reference.
    pub const ALL: [Self; 6] = [Self::Object, Self::Array, Self::String, Self::Number, Self::Boolean, Self::Null];

    /// The word used in plans.
    pub fn word(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Null => "null",
        }
    }
}

impl Assertion {
    /// An assertion, with its sentence: `status is 200`; with a name, `NAME: status is 200`.
    pub fn new(subject: Subject, matchers: Vec<Matcher>, name: Option<String>) -> Self {
        Self::without(subject, matchers, name, &Masker::default())
    }

    /// The same, with a sentence that shows no secret.
    pub fn without(subject: Subject, matchers: Vec<Matcher>, name: Option<String>, secrets: &Masker) -> Self {
        let sentence = sentence::expectation(&subject, &matchers, &mut Values::Written(secrets));
        let text = match &name {
            Some(name) => format!("{name}: {sentence}"),
            None => sentence,
        };
        let status = match (&subject, matchers.as_slice()) {
            (Subject::Status, [Matcher::Equals(expected)]) => match expected.literal() {
                Some(Value::Int(status)) => u16::try_from(*status).ok(),
                _ => None,
            },
            _ => None,
        };
        Self { subject, matchers, status, text, name }
    }

    /// What it expects, in a sentence that is the same for every response.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same with the values that `${…}` stand for now, secrets masked.
    pub fn text_in(&self, scope: &mut dyn Scope) -> String {
        let sentence = sentence::expectation(&self.subject, &self.matchers, &mut Values::Computed(scope));
        match &self.name {
            Some(name) => format!("{name}: {sentence}"),
            None => sentence,
        }
    }

    /// The name given in the plan.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What it looks at.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Whether the body has to be kept for it.
    pub fn needs_body(&self) -> bool {
        match &self.subject {
            Subject::Body | Subject::Json(_) | Subject::XPath(_) | Subject::Css(_) | Subject::JsonSchema(_) => true,
            Subject::Expr(expression, _) => expression.reads_body(),
            Subject::Status
            | Subject::ResponseTime
            | Subject::FirstByte
            | Subject::Messages
            | Subject::Reply
            | Subject::FirstEvent
            | Subject::EventGap
            | Subject::Size
            | Subject::Header(_)
            | Subject::Cookie(_)
            | Subject::Url => self.matchers.iter().any(Matcher::reads_body),
        }
    }
}

impl Matcher {
    fn reads_body(&self) -> bool {
        match self {
            Self::Equals(expected)
            | Self::NotEquals(expected)
            | Self::StartsWith(expected)
            | Self::EndsWith(expected)
            | Self::Above(expected)
            | Self::AtLeast(expected)
            | Self::Below(expected)
            | Self::AtMost(expected) => expected.reads_body(),
            Self::OneOf(several) | Self::Contains(several) | Self::NotContains(several) => {
                several.iter().any(Expected::reads_body)
            }
            Self::Matches(Pattern::Template(template)) | Self::NotMatches(Pattern::Template(template)) => {
                template.reads_body()
            }
            Self::Length(inner) | Self::Each(inner) => inner.iter().any(Self::reads_body),
            Self::StatusClass(_)
            | Self::Matches(Pattern::Regex(_))
            | Self::NotMatches(Pattern::Regex(_))
            | Self::Exists(_)
            | Self::Empty(_)
            | Self::Type(_) => false,
        }
    }
}
