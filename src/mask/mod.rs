//! Replaces secrets with `***` before anything leaves the run, in every encoding that a request or
//! a response may contain.
//!
//! Untrusted text is masked first and truncated, sanitized and escaped after that: truncating first
//! could leave the beginning of a secret, and removing characters later could join its halves.

mod credentials;
mod packed;
mod spelling;
mod view;

pub use credentials::is_credential;
pub(crate) use credentials::{cookie_values, credentials_in};

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use http::HeaderMap;

use crate::value::Value;
use view::View;

/// What stands in place of a secret.
pub const MASK: &str = "***";
/// Shorter secrets are left alone: masking every `a` would leave no text to read. In characters.
pub const SHORTEST: usize = 3;
/// No encoding makes a byte of a secret longer than this, in bytes.
const WIDEST: usize = 16;

/// Finds secrets in text, whatever the case of their letters.
#[derive(Clone, Default)]
pub struct Masker {
    /// The run's secrets, and further ones.
    finders: Vec<Arc<Finder>>,
    /// Whether every text is taken for one that was cut off.
    cut: bool,
}

/// A secret made ready to be found. Making it takes longer than finding it.
#[derive(Clone)]
pub struct Secret(Option<Arc<Finder>>);

impl Secret {
    /// Makes a text ready; one that is too short is never found.
    pub fn new(text: &str) -> Self {
        Self(Finder::new([text]).map(Arc::new))
    }
}

/// Finds some secrets.
struct Finder {
    spellings: Vec<String>,
    automaton: AhoCorasick,
    /// The spellings that begin with these bytes.
    heads: HashMap<[u8; SHORTEST], Vec<usize>>,
    /// The length of the longest spelling, in bytes.
    longest: usize,
}

impl Masker {
    /// A masker for these secrets.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        Self { finders: Finder::new(secrets).map(Arc::new).into_iter().collect(), cut: false }
    }

    /// A masker that hides further secrets too.
    #[must_use]
    pub fn with<'s>(&self, more: impl IntoIterator<Item = &'s Secret>) -> Self {
        let more = more.into_iter().filter_map(|secret| secret.0.clone());
        Self { finders: self.finders.iter().cloned().chain(more).collect(), ..*self }
    }

    /// A masker for the texts of a response that was not kept whole: any of them may end within a secret.
    #[must_use]
    pub fn of_cut_text(&self) -> Self {
        Self { finders: self.finders.clone(), cut: true }
    }

    /// The text with every secret replaced.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.secrets_in(text, self.cut) {
            found if found.is_empty() => Cow::Borrowed(text),
            found => Cow::Owned(without(text, &found)),
        }
    }

    /// The text with every secret replaced, and with what may be the beginning of one at its end:
    /// for text that was cut off somewhere.
    pub fn mask_cut<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.secrets_in(text, true) {
            found if found.is_empty() => Cow::Borrowed(text),
            found => Cow::Owned(without(text, &found)),
        }
    }

    /// The beginning of a text with every secret replaced: this many characters, or a little more.
    /// Costs nothing for what is behind.
    pub fn beginning<'t>(&self, text: &'t str, characters: usize) -> Cow<'t, str> {
        let longest = self.finders.iter().map(|finder| finder.longest).max();
        let window = characters.saturating_mul(4).saturating_add(longest.unwrap_or(0).saturating_mul(WIDEST));
        let end = text.floor_char_boundary(window);
        if end == text.len() { self.mask(text) } else { self.mask_cut(&text[..end]) }
    }

    /// Where secrets are, in bytes.
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        self.secrets_in(text, self.cut)
    }

    /// Where secrets are, in order and apart from one another.
    fn secrets_in(&self, text: &str, is_cut: bool) -> Vec<Range<usize>> {
        if self.finders.is_empty() || text.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for view in View::all(text) {
            for finder in &self.finders {
                found.extend(finder.automaton.find_overlapping_iter(&*view.text).map(|at| view.place(at.range())));
                if is_cut && view.to_end {
                    found.extend(finder.begun(&view.text).map(|at| (view.place(at).0, text.len())));
                }
            }
        }
        found.sort_unstable();
        let mut apart: Vec<Range<usize>> = Vec::new();
        for (start, end) in found {
            match apart.last_mut() {
                Some(last) if start < last.end => last.end = last.end.max(end),
                Some(_) | None => apart.push(start..end),
            }
        }
        apart
    }

    /// Headers as lines of text, with those that carry credentials masked whole.
    pub fn headers(&self, headers: &HeaderMap) -> String {
        let mut out = String::new();
        for (name, value) in headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            out.push_str(name.as_str());
            out.push_str(": ");
            match credentials::hidden(name, &value) {
                Some(hidden) => out.push_str(&hidden),
                None => out.push_str(&self.mask(&value)),
            }
            out.push('\n');
        }
        out
    }

    /// A URL without its user name and password, and with secrets masked.
    pub fn url(&self, url: &str) -> String {
        self.mask(&without_userinfo(url)).into_owned()
    }
}

impl Finder {
    fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Option<Self> {
        let mut spellings: Vec<String> =
            secrets.into_iter().flat_map(|secret| spelling::spellings(secret.as_ref())).collect();
        spellings.sort_unstable();
        spellings.dedup();
        if spellings.is_empty() {
            return None;
        }
        // Every match, also those that overlap: of two secrets that share characters both go.
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            // Masking is rare and texts are short: what counts is how long it takes to build.
            .prefilter(false)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&spellings)
            .ok()?;
        let mut heads: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, spelling) in spellings.iter().enumerate() {
            if let Some(head) = head(spelling.as_bytes()) {
                heads.entry(head).or_default().push(at);
            }
        }
        let longest = spellings.iter().map(String::len).max().unwrap_or(0);
        Some(Self { spellings, automaton, heads, longest })
    }

    /// The longest end of a text that is the beginning of a secret, if it is long enough to tell.
    fn begun(&self, text: &str) -> Option<Range<usize>> {
        // An escape that is cut off itself says nothing.
        let whole = text.trim_end_matches('\u{fffd}').len();
        let tail = text.floor_char_boundary(whole.saturating_sub(WIDEST));
        let ends = text[tail..whole].match_indices(['%', '\\', '&']).map(|(at, _)| tail + at).chain([whole]);
        let bytes = text.as_bytes();
        ends.filter_map(|end| {
            let begins = |start: &usize| {
                let begun = &bytes[*start..end];
                let known = head(begun).and_then(|head| self.heads.get(&head)).map_or(&[][..], Vec::as_slice);
                let mut spellings = known.iter().map(|at| self.spellings[*at].as_bytes());
                spellings
                    .any(|spelling| begun.len() < spelling.len() && spelling[..begun.len()].eq_ignore_ascii_case(begun))
            };
            (end.saturating_sub(self.longest)..end).find(begins)
        })
        .min()
        .map(|start| text.floor_char_boundary(start)..text.len())
    }
}

/// What a text begins with, whatever the case of its letters.
fn head(text: &[u8]) -> Option<[u8; SHORTEST]> {
    text.first_chunk().map(|head: &[u8; SHORTEST]| head.map(|byte| byte.to_ascii_lowercase()))
}

/// A text without these ranges.
fn without(text: &str, ranges: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        out.push_str(&text[from..range.start]);
        out.push_str(MASK);
        from = range.end;
    }
    out.push_str(&text[from..]);
    out
}

/// The texts of a value that has to be hidden: itself, or what is in it at any depth. What is
/// either true or false, or nothing, tells nothing.
pub fn texts_of(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Null | Value::Bool(_) => {}
        Value::Int(_) | Value::Float(_) | Value::Decimal(_) | Value::Text(_) => out.push(value.to_string()),
        Value::List(items) => items.iter().for_each(|item| texts_of(item, out)),
        Value::Map(map) => map.iter().for_each(|(_, item)| texts_of(item, out)),
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masker")
    }
}

/// User name and password of a URL, as they are written in it.
pub fn userinfo(url: &str) -> Option<&str> {
    let (_, rest) = crate::uri::split(url)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some(&rest[..rest[..end].rfind('@')?])
}

/// A URL without user name and password.
pub fn without_userinfo(url: &str) -> String {
    let Some((scheme, rest)) = crate::uri::split(url) else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{MASK}@{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests;
