//! Where values begin and end in a line of YAML.

use std::ops::Range;

pub(super) fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

pub(super) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Where the value begins in the text of a `key: value` entry.
pub(super) fn value_start(text: &str) -> Option<usize> {
    let after_quote = match text.chars().next()? {
        quote @ ('"' | '\'') => closing_quote(&text[1..], quote)? + 2,
        '{' | '[' => return None,
        _ => 0,
    };
    let rest = &text[after_quote..];
    if after_quote > 0 {
        let at = after_quote + (rest.len() - rest.trim_start().len());
        return text[at..].starts_with(':').then_some(at + 1);
    }
    if let Some(at) = rest.find(": ").into_iter().chain(rest.find(":\t")).min() {
        let comment = rest.find(" #").is_some_and(|comment| comment < at);
        return (!comment).then_some(at + 1);
    }
    let bare = rest.split(" #").next().unwrap_or(rest).trim_end();
    bare.ends_with(':').then_some(bare.len())
}

/// Texts in quotes with commas between them, `'a', 'b'`.
pub(super) fn list_in_quotes(value: &str) -> Option<&str> {
    let mut rest = value;
    let mut items = 0;
    loop {
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let end = closing_quote(&rest[1..], quote)? + 2;
        items += 1;
        rest = rest[end..].trim_start();
        if rest.is_empty() {
            return (items > 1).then_some(value);
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

/// Whether quotes inside a quoted value belong to its text: a single one, or those of JSON.
pub(super) fn is_one_text(inner: &str, quote: char) -> bool {
    let is_json = (inner.starts_with('{') && inner.ends_with('}')) || (inner.starts_with('[') && inner.ends_with(']'));
    is_json || inner.matches(quote).count() == 1
}

/// The offset of the closing quote in text that follows the opening one.
pub(super) fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == '"' => at += 2,
            b'\'' if quote == '\'' && bytes.get(at + 1) == Some(&b'\'') => at += 2,
            byte if byte == quote as u8 => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// Whether text that follows a text in quotes inside `{ }` or `[ ]` can follow it there. After a space a comma
/// may be missing: the parser tells that.
pub(super) fn ends_in_flow(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([',', ':', '}', ']', ' ', '\t'])
}

/// The offset of the quote that was meant to close a text inside `{ }` or `[ ]`, where the one at `first` does
/// not: the next one after which the text can end. That of JSON ends with its bracket.
pub(super) fn outer_quote(text: &str, quote: char, first: usize) -> Option<usize> {
    // So many quotes are looked at: a long line of them must not take the square of its length.
    const MOST: usize = 100;
    let mut quotes = text[first + 1..].match_indices(quote).map(|(at, _)| first + 1 + at).take(MOST);
    quotes.find(|at| {
        let (inner, rest) = (&text[..*at], text[at + 1..].trim_start());
        let whole = match inner.chars().next() {
            Some('{') => inner.ends_with('}'),
            Some('[') => inner.ends_with(']'),
            _ => true,
        };
        whole && (rest.is_empty() || rest.starts_with([',', '}', ']']))
    })
}

/// The range without a trailing ` # comment`.
pub(super) fn cut_comment(text: &str, range: Range<usize>) -> Range<usize> {
    let value = &text[range.clone()];
    let end = value.find(" # ").map_or(value.len(), |at| value[..at].trim_end().len());
    range.start..range.start + end
}
