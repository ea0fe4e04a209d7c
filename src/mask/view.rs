//! Text as it reads once an encoding is undone, each byte of it with its place in the original: a
//! secret is looked for in the views, whatever mixture of spellings an encoder chose, and hidden
//! in the original.

use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::WINDOWS_1252;
use icu_normalizer::DecomposingNormalizerBorrowed;
use markup5ever::data::NAMED_ENTITIES;

use crate::sanitize::{is_unseen, outside_escapes};

use super::packed;

/// How many encodings may lie over one another: JSON in JSON in a URL.
const DEPTH: usize = 3;
/// How much text all views of one may hold: this many times its length, and at least this many bytes.
const MOST_TIMES: usize = 16;
const MOST_AT_LEAST: usize = 1 << 18;
/// The longest name of an HTML entity, `&CounterClockwiseContourIntegral;`, in bytes.
const LONGEST_ENTITY: usize = 34;

/// A text and where it comes from.
pub(super) struct View<'t> {
    pub(super) text: Cow<'t, str>,
    /// For each byte the range of the original it stands for; `None` where text and original agree.
    places: Option<Vec<(usize, usize)>>,
    /// Whether its end is that of the original.
    pub(super) to_end: bool,
}

/// A character undone at some place: what it stands for, and how many bytes it took.
enum Undone {
    Char(char, usize),
    Text(String, usize),
}

/// Undoes what is at the beginning of a text that begins with the encoding's character.
type Undo = fn(&str) -> Option<Undone>;

/// The encodings, each with the character that begins all of its escapes.
const ENCODINGS: [(char, Undo); 3] = [('%', percent), ('\\', backslash), ('&', entity)];

impl<'t> View<'t> {
    /// The text as it reads, and as it reads with every encoding undone that it seems to hold.
    pub(super) fn all(text: &'t str) -> Vec<View<'t>> {
        Self::undone_by(text, packed::unpacked)
    }

    /// The same, but base64 and hexadecimal stay as they are.
    pub(super) fn unescaped(text: &'t str) -> Vec<View<'t>> {
        Self::undone_by(text, |_| Vec::new())
    }

    fn undone_by(text: &'t str, unpacked: impl Fn(&View<'t>) -> Vec<View<'t>>) -> Vec<View<'t>> {
        let mut room = text.len().saturating_mul(MOST_TIMES).max(MOST_AT_LEAST);
        let mut views = vec![View::of_text(text)];
        if let Some(view) = View::without_escapes(text) {
            views.push(view);
        }
        let mut level = 0..views.len();
        for _ in 0..DEPTH {
            let from = level.clone();
            level = views.len()..views.len();
            for at in from {
                let undone: Vec<View<'t>> = ENCODINGS
                    .into_iter()
                    .filter_map(|encoding| views[at].undone(encoding))
                    .chain(unpacked(&views[at]))
                    .flat_map(View::seen_again)
                    .collect();
                for view in undone {
                    // Most encodings do not get in each other's way: their order makes no difference.
                    if view.text.len() <= room && views.iter().all(|known| known.text != view.text) {
                        room -= view.text.len();
                        views.push(view);
                    }
                }
            }
            level.end = views.len();
        }
        views.into_iter().flat_map(View::spaced).collect()
    }

    fn of_text(text: &'t str) -> Self {
        if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return View { text: Cow::Borrowed(text), places: None, to_end: true };
        }
        let chars = text.char_indices().map(|(at, c)| (c, (at, at + c.len_utf8())));
        Self::of(chars)
    }

    /// A text as [`Self::all`] gives it where it holds no encoding.
    pub(super) fn seen(text: &str) -> String {
        let joined = text.chars().filter(|c| !is_unseen(*c));
        joined.map(|c| if c == '+' { ' ' } else { c }).collect()
    }

    /// This view with spaces as readers treat them: line breaks and tabs gone, and runs of any
    /// spaces as one. A form writes `+` for a space, and they read alike.
    fn spaced(self) -> impl Iterator<Item = View<'t>> {
        let breaks = ['\t', '\r', '\n'];
        let mut runs = None;
        if self.text.contains(breaks) || self.text.contains(['\u{a0}']) || self.text.contains("  ") {
            let mut blank = false;
            let kept = self.text.char_indices().filter_map(|(at, c)| {
                let before = std::mem::replace(&mut blank, c.is_whitespace());
                let shown = if blank || c == '+' { ' ' } else { c };
                (!(blank && before)).then_some((shown, self.place(at..at + c.len_utf8())))
            });
            runs = Some(View { to_end: self.to_end, ..Self::of(kept) });
        }
        let joined = if self.text.contains(breaks) || self.text.contains('+') {
            let kept = self.text.char_indices().filter(|(_, c)| !breaks.contains(c));
            let shown = kept.map(|(at, c)| (if c == '+' { ' ' } else { c }, self.place(at..at + c.len_utf8())));
            View { to_end: self.to_end, ..Self::of(shown) }
        } else {
            self
        };
        [Some(joined), runs].into_iter().flatten()
    }

    /// The same without the escape sequences of terminals, if there are any.
    fn without_escapes(text: &str) -> Option<View<'t>> {
        let begins = |c: char| c == '\u{1b}' || ('\u{80}'..='\u{9f}').contains(&c);
        text.contains(begins).then(|| Self::of(outside_escapes(text).map(|(at, c)| (c, (at, at + c.len_utf8())))))
    }

    /// Characters with their places, as they are looked at.
    pub(super) fn of(chars: impl Iterator<Item = (char, (usize, usize))>) -> Self {
        let (mut text, mut places) = (String::new(), Vec::new());
        for (c, place) in chars {
            push(&mut text, &mut places, c, place);
        }
        View { text: Cow::Owned(text), places: Some(places), to_end: true }
    }

    /// This view without ESC, and without whole escape sequences: an encoding may have hidden both.
    fn seen_again(self) -> Vec<View<'t>> {
        if !self.text.contains('\u{1b}') {
            return vec![self];
        }
        let placed = |(at, c): (usize, char)| (c, self.place(at..at + c.len_utf8()));
        [Self::of(self.text.char_indices().map(placed)), Self::of(outside_escapes(&self.text).map(placed))]
            .map(|view| View { to_end: self.to_end, ..view })
            .into()
    }

    /// The original's range of a range of this text.
    pub(super) fn place(&self, range: Range<usize>) -> (usize, usize) {
        match &self.places {
            None => (range.start, range.end),
            Some(places) => {
                let last = range.end.saturating_sub(1);
                (places.get(range.start).map_or(0, |place| place.0), places.get(last).map_or(0, |place| place.1))
            }
        }
    }

    /// This view with one encoding undone; `None` where it holds none.
    fn undone(&self, (begins, undo): (char, Undo)) -> Option<View<'t>> {
        if !self.text.contains(begins) {
            return None;
        }
        let (mut text, mut places) = (String::new(), Vec::new());
        let mut changed = false;
        let mut at = 0;
        while let Some(c) = self.text[at..].chars().next() {
            let undone = if c == begins { undo(&self.text[at..]) } else { None };
            changed |= undone.is_some();
            let end = match undone {
                None => {
                    let end = at + c.len_utf8();
                    push(&mut text, &mut places, c, self.place(at..end));
                    end
                }
                Some(Undone::Char(c, took)) => {
                    push_raw(&mut text, &mut places, c, self.place(at..at + took));
                    at + took
                }
                Some(Undone::Text(several, took)) => {
                    let place = self.place(at..at + took);
                    several.chars().for_each(|c| push_raw(&mut text, &mut places, c, place));
                    at + took
                }
            };
            at = end;
        }
        changed.then_some(View { text: Cow::Owned(text), places: Some(places), to_end: self.to_end })
    }
}

/// A character for a view, unless nobody would see it. Letters beyond ASCII stand there without case and
/// with their marks apart (Unicode's NFD): `Ö` and `o` with a combining mark read alike. The case of ASCII
/// is for the one who looks.
fn push(text: &mut String, places: &mut Vec<(usize, usize)>, c: char, place: (usize, usize)) {
    if c.is_ascii() {
        if !c.is_ascii_control() || matches!(c, '\t' | '\r' | '\n') {
            text.push(c);
            places.push(place);
        }
        return;
    }
    if is_unseen(c) {
        return;
    }
    let begin = text.len();
    let apart = DecomposingNormalizerBorrowed::new_nfd().normalize_iter(std::iter::once(c));
    // `ß` and `SS` become `ss` so.
    text.extend(apart.flat_map(char::to_uppercase).flat_map(char::to_lowercase));
    places.extend(std::iter::repeat_n(place, text.len() - begin));
}

/// The same, but ESC stays: only with it can a sequence be recognized.
fn push_raw(text: &mut String, places: &mut Vec<(usize, usize)>, c: char, place: (usize, usize)) {
    if c == '\u{1b}' {
        text.push(c);
        places.push(place);
    } else {
        push(text, places, c, place);
    }
}

/// `%C3%A4` of URLs and forms, in UTF-8 or, where it is none, in Latin-1; `%u00e4` of old scripts.
fn percent(text: &str) -> Option<Undone> {
    let bytes = text.as_bytes();
    if let Some(b'u' | b'U') = bytes.get(1) {
        return code(text.get(2..6)?).map(|c| Undone::Char(c, 6));
    }
    let byte = |at: usize| {
        let digits = (*bytes.get(at)? == b'%').then(|| text.get(at + 1..at + 3)).flatten()?;
        digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
    };
    let first = byte(0)?;
    let length = match first {
        0x00..=0x7f => return Some(Undone::Char(char::from(first), 3)),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => 1,
    };
    let several: Option<Vec<u8>> = (0..length).map(|index| byte(3 * index)).collect();
    match several.and_then(|several| std::str::from_utf8(&several).ok()?.chars().next()) {
        Some(c) => Some(Undone::Char(c, 3 * length)),
        None => WINDOWS_1252.decode_without_bom_handling(&[first]).0.chars().next().map(|c| Undone::Char(c, 3)),
    }
}

/// What a backslash begins in JSON and in the programming languages: `\"`, `\/`, `\n`, `\u00e4`,
/// `\ud83d\ude00`, `\u{e4}`, `\U000000e4`, `\xe4`.
fn backslash(text: &str) -> Option<Undone> {
    let unit = |digits: Option<&str>| {
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    let simple = |c: char| Some(Undone::Char(c, 2));
    match text[1..].chars().next()? {
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'b' => simple('\u{8}'),
        'f' => simple('\u{c}'),
        'v' => simple('\u{b}'),
        '0' => simple('\0'),
        'x' => char::from_u32(unit(text.get(2..4))?).map(|c| Undone::Char(c, 4)),
        'U' => char::from_u32(unit(text.get(2..10))?).map(|c| Undone::Char(c, 10)),
        'u' if text[2..].starts_with('{') => {
            let end = text.get(3..)?.bytes().take(8).position(|byte| byte == b'}')? + 3;
            code(text.get(3..end)?).map(|c| Undone::Char(c, end + 1))
        }
        'u' => {
            let high = unit(text.get(2..6))?;
            let low = || text.get(6..8).filter(|next| *next == "\\u").and_then(|_| unit(text.get(8..12)));
            if let (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) = (high, low()) {
                let c = char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?;
                return Some(Undone::Char(c, 12));
            }
            char::from_u32(high).map(|c| Undone::Char(c, 6))
        }
        c if c.is_ascii_punctuation() => simple(c),
        _ => None,
    }
}

/// `&#228;`, `&#xE4;`, `&auml;` of HTML and XML.
fn entity(text: &str) -> Option<Undone> {
    if let Some(number) = text.strip_prefix("&#") {
        let hex = number.starts_with(['x', 'X']);
        let digits = if hex { &number[1..] } else { number };
        let length =
            digits.bytes().take_while(|byte| if hex { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() });
        let length = length.take(16).count();
        let value = u32::from_str_radix(&digits[..length], if hex { 16 } else { 10 }).ok()?;
        let closed = usize::from(digits[length..].starts_with(';'));
        return Some(Undone::Char(char::from_u32(value)?, 2 + usize::from(hex) + length + closed));
    }
    let name = text[1..].bytes().take(LONGEST_ENTITY).take_while(u8::is_ascii_alphanumeric).count();
    let closed = usize::from(text[1 + name..].starts_with(';'));
    let (first, second) = NAMED_ENTITIES.get(&text[1..1 + name + closed]).filter(|(first, _)| *first != 0)?;
    let several: String = [*first, *second].into_iter().filter(|c| *c != 0).filter_map(char::from_u32).collect();
    Some(Undone::Text(several, 1 + name + closed))
}

/// The character of a code in hexadecimal.
fn code(digits: &str) -> Option<char> {
    let digits = Some(digits).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)
}
