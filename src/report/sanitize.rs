//! Making foreign text harmless: what a server sends is shown to people, to XML parsers and to CI
//! runners that obey certain words in a log. Every sink goes through here.

use std::borrow::Cow;

/// Where in an escape sequence a character stands.
enum State {
    Text,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate character such as `(`: one more follows.
    Intermediate,
    /// In `ESC [ … letter`.
    Control,
    /// In `ESC ] … BEL` and the like.
    Command,
    /// After an ESC inside of such a one.
    CommandEnd,
}

/// Text without escape sequences and without the characters no XML 1.0 document may hold (C0
/// controls other than tab, LF and CR; U+FFFE; U+FFFF), and without the other control characters.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_forbidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut state = State::Text;
    for c in text.chars() {
        state = match (state, c) {
            (State::Text, '\u{1b}') => State::Escape,
            (State::Text, '\u{9b}') => State::Control,
            (State::Text, '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}') => State::Command,
            (State::Text, c) => {
                if !is_forbidden(c) {
                    out.push(c);
                }
                State::Text
            }
            (State::Escape, '[') => State::Control,
            (State::Escape, ']' | 'P' | 'X' | '^' | '_') => State::Command,
            (State::Escape, ' '..='/') => State::Intermediate,
            (State::Escape, '0'..='~') => State::Text,
            (State::Control, ' '..='?') => State::Control,
            (State::Control, '@'..='~') => State::Text,
            (State::Intermediate, ' '..='/') => State::Intermediate,
            (State::Intermediate, '0'..='~') => State::Text,
            (State::Command, '\u{7}' | '\u{9c}') | (State::CommandEnd, '\\') => State::Text,
            (State::Command | State::CommandEnd, '\u{1b}') => State::CommandEnd,
            // A command that is not ended by the end of its line is none: the rest is text again.
            (_, '\n') => {
                out.push('\n');
                State::Text
            }
            (State::Command | State::CommandEnd, _) => State::Command,
            (State::Escape | State::Control | State::Intermediate, c) => {
                if !is_forbidden(c) {
                    out.push(c);
                }
                State::Text
            }
        };
    }
    Cow::Owned(out)
}

/// Control characters but tab, LF and CR, and the two noncharacters XML forbids.
fn is_forbidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Clean text with the words CI runners obey split by a blank: `::error` becomes `: :error`,
/// `##[`, `##vso[` and `##teamcity[` get one before the bracket.
pub fn defused(text: &str) -> String {
    const MARKS: [&str; 3] = ["##vso[", "##teamcity[", "##["];
    let text = clean(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(first) = rest.chars().next() {
        let mark =
            MARKS.iter().find(|mark| rest.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark)));
        if let Some(mark) = mark {
            out.push_str(&rest[..mark.len() - 1]);
            out.push_str(" [");
            rest = &rest[mark.len()..];
        } else if rest.strip_prefix("::").is_some_and(|after| after.starts_with(|c: char| c.is_ascii_alphabetic())) {
            out.push_str(": :");
            rest = &rest[2..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// Defused text on one line: line breaks and runs of blanks become one blank.
pub fn inline(text: &str) -> String {
    let text = defused(text);
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Defused text, each line behind the indentation and `| `, ending in a line break.
pub fn quoted(text: &str, indent: &str) -> String {
    let text = defused(text);
    let mut out = String::new();
    for line in text.split(['\n', '\r']).filter(|line| !line.is_empty()) {
        out.push_str(indent);
        out.push_str("| ");
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// The text, or as much of its beginning as fits into so many bytes, with what was cut off told.
pub fn cut(text: &str, bytes: usize) -> Cow<'_, str> {
    if text.len() <= bytes {
        return Cow::Borrowed(text);
    }
    let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    Cow::Owned(format!("{}… ({} more bytes)", &text[..end], text.len() - end))
}

/// The text, or its beginning and `…`, in at most so many characters.
pub fn short(text: &str, characters: usize) -> Cow<'_, str> {
    if text.chars().count() <= characters {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(characters.saturating_sub(1)).chain(['…']).collect())
}
