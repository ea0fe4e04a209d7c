//! Makes untrusted text harmless. Responses, plans and file names may be untrusted; they are shown to
//! people, XML parsers and CI runners that react to certain words in a log. All output goes through here,
//! after secrets are masked and long text is truncated, in this order: truncation may leave half a secret,
//! and removing characters may join two halves.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Where in an escape sequence a character is.
enum EscapeState {
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

/// The characters of a text outside of escape sequences, with their places in bytes. Those that
/// [`clean`] removes one by one are still there.
pub(crate) fn outside_escapes(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut state = EscapeState::Text;
    text.char_indices().filter(move |(_, c)| {
        let (next, kept) = match (&state, *c) {
            (EscapeState::Text, '\u{1b}') => (EscapeState::Escape, false),
            (EscapeState::Text, '\u{9b}') => (EscapeState::Control, false),
            (EscapeState::Text, '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}') => (EscapeState::Command, false),
            (EscapeState::Text, _) => (EscapeState::Text, true),
            (EscapeState::Escape, '[') => (EscapeState::Control, false),
            (EscapeState::Escape, ']' | 'P' | 'X' | '^' | '_') => (EscapeState::Command, false),
            (EscapeState::Escape, ' '..='/') => (EscapeState::Intermediate, false),
            (EscapeState::Escape, '0'..='~') => (EscapeState::Text, false),
            (EscapeState::Control, ' '..='?') => (EscapeState::Control, false),
            (EscapeState::Control, '@'..='~') => (EscapeState::Text, false),
            (EscapeState::Intermediate, ' '..='/') => (EscapeState::Intermediate, false),
            (EscapeState::Intermediate, '0'..='~') => (EscapeState::Text, false),
            (EscapeState::Command, '\u{7}' | '\u{9c}') | (EscapeState::CommandEnd, '\\') => (EscapeState::Text, false),
            (EscapeState::Command | EscapeState::CommandEnd, '\u{1b}') => (EscapeState::CommandEnd, false),
            // A command that is not ended by the end of its line is none: the rest is text again.
            (_, '\n') => (EscapeState::Text, true),
            (EscapeState::Command | EscapeState::CommandEnd, _) => (EscapeState::Command, false),
            (EscapeState::Escape | EscapeState::Control | EscapeState::Intermediate, _) => (EscapeState::Text, true),
        };
        state = next;
        kept
    })
}

/// JSON in whose strings no CI server finds a mark it obeys (`##vso[`, `##[`), and which says the same: one of two
/// number signs is escaped.
pub fn json_for_logs(json: &str) -> String {
    json.replace("##", "#\\u0023")
}

/// Text without escape sequences, without the characters no XML 1.0 document may hold (C0 controls
/// other than tab, LF and CR; U+FFFE; U+FFFF), without the other control characters, and without
/// those that turn the direction of writing.
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_forbidden) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(outside_escapes(text).map(|(_, c)| c).filter(|c| !is_forbidden(*c)).collect())
}

/// What no output holds: control characters but tab, LF and CR, the two noncharacters XML forbids,
/// and what makes a line read as another one (Unicode's marks, embeddings, overrides and isolates
/// of direction, UAX #9, and its separators of lines and paragraphs).
fn is_forbidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            | '\u{fffe}' | '\u{ffff}')
}

/// Characters that take no place when text is shown, so that words read the same with and without
/// them: control characters of every kind, and Unicode's invisible ones.
pub(crate) fn is_unseen(c: char) -> bool {
    c.is_control()
        || is_forbidden(c)
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

/// Clean text with the words CI runners obey split by a space: `::error` becomes `: :error`,
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

/// Defused text on one line, as it is spaced: line breaks and tabs become a space each.
pub fn one_line(text: &str) -> String {
    defused(&text.replace(['\n', '\r', '\t'], " "))
}

/// A path as it is shown.
pub fn path(path: &Path) -> String {
    one_line(&path.to_string_lossy())
}

/// Defused text on one line: line breaks and runs of spaces become one space.
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

/// Defused text, each line after the indentation and `| `, ending in a line break.
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

/// The text, or as much of its beginning as fits into this many bytes, with what was cut off told.
pub fn cut(text: &str, bytes: usize) -> Cow<'_, str> {
    if text.len() <= bytes {
        return Cow::Borrowed(text);
    }
    let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    Cow::Owned(format!("{}… ({} more bytes)", &text[..end], text.len() - end))
}

/// The text, or its beginning and `…`, in at most this many characters.
pub fn short(text: &str, characters: usize) -> Cow<'_, str> {
    if text.chars().count() <= characters {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(characters.saturating_sub(1)).chain(['…']).collect())
}
/// A path as shown to people: forward slashes, on one line, nothing that a terminal or a CI runner obeys.
pub fn shown_path(path: &Path) -> String {
    let path: PathBuf = path.components().collect();
    one_line(&path.to_string_lossy().replace('\\', "/"))
}
