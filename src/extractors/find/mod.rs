//! Finders shared by extractors and assertions: JSONPath, CSS selectors and XPath, each compiled
//! once and then applied to responses.

mod css;
mod json;
mod json_check;
mod json_cost;
mod json_dialects;
mod nearest;
mod xml;
mod xpath;

pub use css::Css;
pub use json::JsonPath;
pub use xpath::XPath;

use crate::problem::Problem;
use crate::value::Value;

/// What a path found.
#[derive(Clone, Debug)]
pub enum Found {
    /// A path that leads to at most one place led to this.
    One(Value),
    /// A path that can lead to several places led to these; the list may be empty.
    Several(Vec<Value>),
    /// A path that leads to at most one place led nowhere.
    Nothing,
}

impl Found {
    /// Everything found, in the order of the document.
    pub fn into_values(self) -> Vec<Value> {
        match self {
            Self::One(value) => vec![value],
            Self::Several(values) => values,
            Self::Nothing => Vec::new(),
        }
    }
}

/// What the message of a limit ends with that no key changes.
const OWN_LIMIT: &str = "(a limit of loadplan; `regex` and `between` have none)";

/// The message of a limit that no key changes.
fn limit(words: impl std::fmt::Display) -> Problem {
    format!("{words} {OWN_LIMIT}").into()
}

/// Whether a message tells that the body is within no limit of loadplan, and was not evaluated for that.
pub(crate) fn is_limit(message: &str) -> bool {
    [OWN_LIMIT, json::TOO_MANY_PLACES, json::CUT].iter().any(|words| message.contains(words))
}

/// Whether a message tells that only the beginning of the body was kept.
pub(crate) fn is_cut(message: &str) -> bool {
    message.contains(json::CUT)
}

/// What is said of a body that is gzip after all encodings were undone; nothing if it is none. The text is
/// what its first bytes read as (RFC 1952 §2.3.1).
pub(crate) fn still_gzip(text: &str) -> Option<&'static str> {
    let mut chars = text.chars();
    let magic = chars.next() == Some('\u{1f}') && chars.next().is_some_and(|c| !c.is_ascii());
    magic.then_some("the body is still gzip: it was compressed once more than its `Content-Encoding` says")
}

/// A parser's error as the end of a sentence: the name of its variant, such as `EmptyPredicate`, becomes words.
fn in_words(error: &str) -> String {
    // scraper writes the variant on the lines after a sentence that asks to report it.
    let (sentence, variant) = match error.split_once('\n') {
        Some((_, variant)) => ("", variant),
        None => error.split_at(error.rfind(": ").map_or(0, |at| at + 2)),
    };
    let end = variant.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(variant.len());
    let (name, rest) = variant.split_at(end);
    if !name.starts_with(|c: char| c.is_ascii_uppercase()) || rest.starts_with(' ') {
        return error.to_owned();
    }
    let mut words = sentence.trim_start_matches("tokenizer error: ").to_owned();
    for (at, letter) in name.char_indices() {
        if at > 0 && letter.is_ascii_uppercase() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// How many bytes of text a path may find in one response, all values together.
pub const MAX_FOUND: usize = 64 * 1024 * 1024;

/// Whether a path may find this many bytes.
fn room_for(bytes: usize) -> Result<(), Problem> {
    if bytes > MAX_FOUND {
        return Err(limit(format_args!("it finds more than {} MiB of text", MAX_FOUND >> 20)));
    }
    Ok(())
}

/// `text` cut to about `limit` characters for a message, with what would break the line made visible.
pub fn shown(text: &str, limit: usize) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count >= limit {
            out.push('…');
            break;
        }
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Invisible and direction-changing characters could make a message read as another.
            c if c.is_control()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}') =>
            {
                out.extend(c.escape_unicode());
            }
            c => out.push(c),
        }
    }
    out
}
