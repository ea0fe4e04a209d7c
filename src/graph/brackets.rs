//! Names that an expression reads only in brackets: columns and keys with a hyphen or a space.
//! `d.user-id` is a subtraction, and what is said of its halves would lead astray.

use std::ops::Range;

use super::build::Build;
use crate::template::{NameUse, TemplateProblem};

impl Build<'_> {
    /// Columns in `text` that are written after a dot although their names are no plain words.
    /// `bare` says that the text is an expression, without `${…}`.
    pub(super) fn columns_in_want_of_brackets(&self, text: &str, bare: bool) -> Vec<TemplateProblem> {
        let rows = self.row_slots.iter().map(|(slot, data)| (&*self.slots[slot.0 as usize].name, *data));
        let sets = self.names.data.iter().map(|(name, data)| (&**name, *data)).chain(rows);
        let mut found: Vec<TemplateProblem> = Vec::new();
        for (name, data) in sets {
            let mut odd: Vec<&str> = self.columns[data.index()].iter().map(|column| &**column).collect();
            odd.retain(|column| !is_plain(column));
            // Of `First` and `First name` the longer one is meant where it fits.
            odd.sort_by_key(|column| std::cmp::Reverse(column.len()));
            for column in odd {
                let written = format!("{name}.{column}");
                for (at, _) in text.match_indices(&written) {
                    let range = at..at + written.len();
                    let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
                    let whole = !text[..at].ends_with(part_of_name) && !text[range.end..].starts_with(part_of_name);
                    let known =
                        found.iter().any(|other| other.range.start < range.end && range.start < other.range.end);
                    if whole && !known && (bare || within_braces(text, at)) {
                        found.push(in_brackets(range, name, column));
                    }
                }
            }
        }
        found.sort_by_key(|problem| problem.range.start);
        found
    }

    /// What is meant by a name that nothing sets and that stands beside a hyphen: `user-id`, or
    /// `response.json.user-id`.
    pub(super) fn hyphenated(&self, used: &NameUse, text: &str) -> Option<TemplateProblem> {
        let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        let before = &text[..used.range.start];
        let path = |c: char| part(c) || c == '.';
        let start =
            before.rfind(|c| !path(c)).map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
        let end = used.range.end + text[used.range.end..].find(|c| !part(c)).unwrap_or(text.len() - used.range.end);
        let whole = text[start..end].trim_end_matches('-');
        let range = start..start + whole.len();
        if !whole.contains('-') || whole.starts_with(['-', '.']) || whole.contains("..") {
            return None;
        }
        if let Some((base, key)) = whole.rsplit_once('.') {
            // A hyphen further in front belongs to another name.
            return (key.contains('-') && !base.contains('-')).then(|| in_brackets(range, base, key));
        }
        if text[end..].starts_with(['.', '[']) || whole.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let ours = whole.replace('-', "_");
        let message = format!("`{whole}` reads as a subtraction, and names are letters, digits and `_`");
        let problem = TemplateProblem::new(range, message);
        // Without the variable the patch would only lead to the next error.
        Some(match self.names.slots.contains_key(ours.as_str()) {
            true => problem.help(format!("write `{ours}`")).replace(ours),
            false => problem.help(format!("call the variable `{ours}`, where it is set too")),
        })
    }
}

fn in_brackets(range: Range<usize>, base: &str, name: &str) -> TemplateProblem {
    let ours = format!("{base}[\"{name}\"]");
    TemplateProblem::new(range, format!("`{name}` is no plain word, so it cannot follow a dot"))
        .help(format!("write `{ours}`"))
        .replace(ours)
}

/// Whether a name can follow a dot in an expression.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Whether the byte at `at` stands inside of `${…}`.
fn within_braces(text: &str, at: usize) -> bool {
    let before = &text[..at];
    before.rfind("${").is_some_and(|open| before.rfind('}').is_none_or(|close| close < open))
}
