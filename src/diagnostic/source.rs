//! A plan's lines as they may be shown around a finding: without secrets, and without anything
//! that a terminal or a CI runner obeys. Everything is written over byte by byte, so that every
//! place stays where it is.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::SourceFile;
use crate::mask::Masker;
use crate::sanitize::is_unseen;

/// A file's lines that hold values of `secrets:`.
pub(super) struct SecretLines(Vec<Hidden>);

struct Hidden {
    /// The line from the value on, without its line break.
    range: Range<usize>,
    /// Whether it is a part of a text over several lines, and holds no key.
    whole: bool,
}

impl SecretLines {
    /// Finds them by their indentation: the file may be one that is not YAML at all.
    pub(super) fn find(text: &str, sections: &[&str]) -> Self {
        let mut found = Vec::new();
        let mut place = SecretsSection::Outside;
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let start = at;
            at += line.len();
            let words = line.trim();
            let indent = line.len() - line.trim_start().len();
            if words.is_empty() || (words.starts_with('#') && matches!(place, SecretsSection::Outside)) {
                continue;
            }
            place = place.at(indent, words, sections);
            let value = match &place {
                SecretsSection::Outside => {
                    let flow = || words.find("secrets:").map(|at| at + "secrets:".len());
                    let block = key_of(words).filter(|(key, _)| key.trim_matches(['"', '\'']) == "secrets");
                    let Some(value) = block.map(|(_, value)| value).or_else(flow) else { continue };
                    place =
                        SecretsSection::Inside { outer: indent, misplaced: words.len() == value, text: None, open: 0 };
                    value
                }
                SecretsSection::Inside { .. } => 0,
            };
            let SecretsSection::Inside { text: several, open, .. } = &mut place else { continue };
            let whole = several.is_some_and(|outer| indent > outer);
            if !whole {
                let said = &words[value..];
                let said = said[key_of(said).map_or(0, |(_, value)| value)..].trim();
                *several = goes_on(said).then_some(indent);
                if *open > 0 || said.starts_with(['{', '[']) {
                    *open += said.matches(['{', '[']).count();
                    *open = open.saturating_sub(said.matches(['}', ']']).count());
                }
            }
            found.push(Hidden { range: start + indent + value..start + indent + words.len(), whole });
        }
        Self(found)
    }

    /// What of a line has to be hidden.
    fn within(&self, line: &Range<usize>) -> impl Iterator<Item = &Hidden> {
        let first = self.0.partition_point(|hidden| hidden.range.end <= line.start);
        self.0[first..].iter().take_while(|hidden| hidden.range.start < line.end)
    }
}

/// Where a line is.
enum SecretsSection {
    Outside,
    /// Below `secrets:`.
    Inside {
        /// How far `secrets:` is indented.
        outer: usize,
        /// Whether nothing of it has come yet: then lines that are not indented may be meant.
        misplaced: bool,
        /// How far the key is indented whose text goes over several lines.
        text: Option<usize>,
        /// How many brackets are open.
        open: usize,
    },
}

impl SecretsSection {
    /// The place of the next line.
    fn at(self, indent: usize, words: &str, sections: &[&str]) -> Self {
        match self {
            Self::Inside { outer, misplaced, text, open } if indent > outer || open > 0 => {
                Self::Inside { outer, misplaced: misplaced && indent <= outer, text, open }
            }
            // `secrets:` and below it, without indentation, what should be in it.
            Self::Inside { misplaced: true, .. } if key_of(words).is_none_or(|(key, _)| !sections.contains(&key)) => {
                self
            }
            Self::Inside { .. } | Self::Outside => Self::Outside,
        }
    }
}

/// Whether a text has more lines: it is written below `|` or `>`, or its quotes are still open.
fn goes_on(value: &str) -> bool {
    let quoted = ['"', '\''].into_iter().find(|quote| value.starts_with(*quote));
    match quoted {
        Some(quote) => value.len() == 1 || !value.ends_with(quote),
        None => value.starts_with(['|', '>']),
    }
}

/// The key a line begins with, and where its value starts.
fn key_of(line: &str) -> Option<(&str, usize)> {
    let dash = if line.starts_with("- ") { line.len() - line[1..].trim_start().len() } else { 0 };
    let colons = line[dash..].match_indices(':').map(|(at, _)| dash + at);
    let at = colons.into_iter().find(|at| line.as_bytes().get(at + 1).is_none_or(u8::is_ascii_whitespace))?;
    Some((&line[dash..at], at + 1))
}

/// The lines from the first to the last of these places, as they may be shown. Lines that nobody
/// asks for are blank.
pub(super) fn shown(
    file: &SourceFile,
    lines: Range<usize>,
    asked: &[Range<usize>],
    secrets: &SecretLines,
    masker: &Masker,
) -> String {
    let mut bytes = Vec::with_capacity(lines.len());
    let mut at = lines.start;
    for line in file.text[lines.clone()].split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        if asked.iter().any(|place| place.start <= range.end && range.start <= place.end) {
            bytes.extend(one(line, &range, secrets, masker));
        } else {
            bytes.extend(line.bytes().map(|byte| if byte == b'\n' { b'\n' } else { b' ' }));
        }
    }
    // Only whole characters are written over.
    String::from_utf8_lossy(&bytes).into_owned()
}

fn one(line: &str, range: &Range<usize>, secrets: &SecretLines, masker: &Masker) -> Vec<u8> {
    // The password ends at the line's last `@` before a space or a quote: it may hold one itself.
    static PASSWORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"://[^\s/'":]*:([^\s'"]*)@"#).ok());
    let mut bytes = line.as_bytes().to_vec();
    let mut hide =
        |hidden: Range<usize>| bytes[hidden].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
    for Hidden { range: hidden, whole } in secrets.within(range) {
        let (start, end) = (hidden.start - range.start, hidden.end - range.start);
        if *whole {
            hide(start..end);
        } else {
            values(&line[start..end], start).into_iter().for_each(&mut hide);
        }
    }
    if let Some(password) = PASSWORD.as_ref() {
        password.captures_iter(line).filter_map(|found| Some(found.get(1)?.range())).for_each(&mut hide);
    }
    masker.places(line).into_iter().for_each(&mut hide);
    for (at, c) in line.char_indices().filter(|(_, c)| is_unseen(*c) && !matches!(c, '\n' | '\t')) {
        let seen: &[u8] = match c.len_utf8() {
            1 => b" ",
            2 => "·".as_bytes(),
            3 => "\u{fffd}".as_bytes(),
            _ => "\u{1fb96}".as_bytes(),
        };
        if bytes[at] != b'*' && !line[at..].starts_with("\r\n") {
            bytes[at..at + seen.len()].copy_from_slice(seen);
        }
    }
    for word in ["##[", "##vso[", "##teamcity["] {
        for at in 0..line.len().saturating_sub(word.len() - 1) {
            if bytes[at..at + word.len()].eq_ignore_ascii_case(word.as_bytes()) {
                bytes[at + word.len() - 1] = b'(';
            }
        }
    }
    bytes
}

/// The values in a part of a line below `secrets:`: all of it but keys, and in `${…}` only what
/// is in quotes, so that computed parts can still be recognized.
fn values(part: &str, offset: usize) -> Vec<Range<usize>> {
    let begin = part.len() - part.trim_start().len();
    let part_trimmed = part.trim_start();
    if part_trimmed.starts_with('#') {
        return std::iter::once(offset + begin..offset + part.len()).collect();
    }
    let value = key_of(part_trimmed).map_or(0, |(_, value)| value);
    let mut found = Vec::new();
    let mut from = begin + value;
    let mut rest = &part[from..];
    while let Some(open) = rest.find("${") {
        found.push(offset + from..offset + from + open);
        let inside = &rest[open + 2..];
        let close = inside.find('}').unwrap_or(inside.len());
        let quotes: Vec<usize> =
            inside[..close].match_indices(['\'', '"']).map(|(at, _)| from + open + 2 + at).collect();
        for pair in quotes.chunks(2) {
            let end = pair.get(1).copied().unwrap_or(from + open + 2 + close);
            found.push(offset + pair[0] + 1..offset + end);
        }
        from += (open + 2 + close + 1).min(rest.len());
        rest = &part[from.min(part.len())..];
    }
    found.push(offset + from..offset + part.len());
    let trimmed = |range: Range<usize>| {
        let text = &part[range.start - offset..range.end - offset];
        let before = text.len() - text.trim_start().len();
        range.start + before..range.start + before + text.trim().len()
    };
    found.into_iter().map(trimmed).filter(|range| !range.is_empty()).collect()
}
