//! The reader: one pass over the bytes, without recursion, that checks every one of them.

use crate::value::MAX_DEPTH;

/// Where a value or the name of a member is in the text.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OutlineEntry {
    /// Its first byte.
    pub(super) start: u32,
    /// The byte after its last one.
    pub(super) end: u32,
    /// The number of the entry after it and all that is inside of it.
    pub(super) next: u32,
    /// Whether it is text in which a backslash is.
    pub(super) escaped: bool,
}

/// Why a text is not JSON.
#[derive(Debug)]
pub(super) struct Fault {
    what: What,
    at: usize,
}

#[derive(Clone, Copy, Debug)]
enum What {
    CutOff,
    NoValue,
    NoName,
    NoColon,
    NoCommaInList,
    NoCommaInObject,
    TrailingComma,
    MoreBehind,
    BadNumber,
    BadEscape,
    Control,
    NotUnicode,
    TooDeep,
    TooLong,
}

impl Fault {
    /// The fault in words, with its line and column.
    pub(super) fn in_words(&self, text: &[u8]) -> String {
        let what = match self.what {
            What::CutOff => "it ends too early",
            What::NoValue => "there must be a value",
            What::NoName => "there must be a name in double quotes",
            What::NoColon => "there must be a `:` after the name",
            What::NoCommaInList => "there must be `,` or `]`",
            What::NoCommaInObject => "there must be `,` or `}`",
            What::TrailingComma => "there is a comma after the last entry",
            What::MoreBehind => "there is more text after the JSON",
            What::BadNumber => "the number is not valid JSON",
            What::BadEscape => "JSON has no such escape after `\\`",
            What::Control => "there is a control character in a text",
            What::NotUnicode => "there are bytes that are not UTF-8",
            What::TooDeep => return format!("it is nested more than {MAX_DEPTH} levels deep"),
            What::TooLong => return "it is longer than 4 GiB".to_owned(),
        };
        let before = text.get(..self.at).unwrap_or(text);
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default()).chars().count() + 1;
        format!("{what} at line {line} column {column}")
    }
}

/// The outline of a text: its values in the order in which they begin, members as name and value.
pub(super) fn outline(text: &[u8]) -> Result<Vec<OutlineEntry>, Fault> {
    if u32::try_from(text.len()).is_err() {
        return Err(Fault { what: What::TooLong, at: 0 });
    }
    // What is wrong further in front is the better message, but most texts are UTF-8 throughout.
    let unicode = std::str::from_utf8(text);
    // Dense answers have a value or name for every eight bytes; growing costs more than room.
    let reader =
        JsonReader { text, at: 0, entries: Vec::with_capacity(text.len() / 8 + 4), open: Vec::with_capacity(8) };
    match (reader.whole(), unicode) {
        (outcome, Ok(_)) => outcome,
        (Err(fault), Err(error)) if fault.at < error.valid_up_to() => Err(fault),
        (_, Err(error)) => Err(Fault { what: What::NotUnicode, at: error.valid_up_to() }),
    }
}

/// The steps are put in line: a call for each of a thousand short texts is a tenth of the reading.
struct JsonReader<'t> {
    text: &'t [u8],
    at: usize,
    entries: Vec<OutlineEntry>,
    /// The lists and objects that are not closed yet.
    open: Vec<OpenContainer>,
}

/// A list or object that is not closed yet.
#[derive(Clone, Copy)]
struct OpenContainer {
    /// The number of its entry.
    entry: u32,
    object: bool,
}

impl JsonReader<'_> {
    fn whole(mut self) -> Result<Vec<OutlineEntry>, Fault> {
        self.spaces();
        loop {
            if self.value()? {
                continue;
            }
            // A value has ended; so may the lists and objects around it.
            loop {
                self.spaces();
                let Some(&container) = self.open.last() else {
                    return if self.at == self.text.len() {
                        Ok(self.entries)
                    } else {
                        Err(self.fault(What::MoreBehind))
                    };
                };
                match (self.peek(), container.object) {
                    (Some(b','), true) => {
                        self.at += 1;
                        self.spaces();
                        if self.peek() == Some(b'}') {
                            return Err(self.fault(What::TrailingComma));
                        }
                        self.name()?;
                        break;
                    }
                    (Some(b','), false) => {
                        self.at += 1;
                        self.spaces();
                        if self.peek() == Some(b']') {
                            return Err(self.fault(What::TrailingComma));
                        }
                        break;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => self.close(container),
                    (None, _) => return Err(self.fault(What::CutOff)),
                    (Some(_), true) => return Err(self.fault(What::NoCommaInObject)),
                    (Some(_), false) => return Err(self.fault(What::NoCommaInList)),
                }
            }
        }
    }

    /// Reads a value, or the beginning of a list or object up to where its first value begins;
    /// whether a value follows.
    #[inline(always)]
    fn value(&mut self) -> Result<bool, Fault> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{') => {
                let container = self.enter(true)?;
                if self.peek() == Some(b'}') {
                    self.close(container);
                    return Ok(false);
                }
                self.name()?;
                return Ok(true);
            }
            Some(b'[') => {
                let container = self.enter(false)?;
                if self.peek() == Some(b']') {
                    self.close(container);
                    return Ok(false);
                }
                return Ok(true);
            }
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            Some(_) => Err(self.fault(What::NoValue)),
            None => Err(self.fault(What::CutOff)),
        }
        .map(|()| false)
    }

    fn enter(&mut self, object: bool) -> Result<OpenContainer, Fault> {
        if self.open.len() >= MAX_DEPTH {
            return Err(self.fault(What::TooDeep));
        }
        let container = OpenContainer { entry: self.entries.len() as u32, object };
        self.open.push(container);
        self.push(self.at, self.at + 1, false);
        self.at += 1;
        self.spaces();
        Ok(container)
    }

    fn close(&mut self, container: OpenContainer) {
        self.at += 1;
        self.open.pop();
        let (end, next) = (self.at as u32, self.entries.len() as u32);
        if let Some(entry) = self.entries.get_mut(container.entry as usize) {
            entry.end = end;
            entry.next = next;
        }
    }

    /// A member's name, its colon, and the spaces up to its value.
    #[inline(always)]
    fn name(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.string()?,
            Some(_) => return Err(self.fault(What::NoName)),
            None => return Err(self.fault(What::CutOff)),
        }
        self.spaces();
        match self.peek() {
            Some(b':') => self.at += 1,
            Some(_) => return Err(self.fault(What::NoColon)),
            None => return Err(self.fault(What::CutOff)),
        }
        self.spaces();
        Ok(())
    }

    #[inline(always)]
    fn string(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let mut escaped = false;
        self.at += 1;
        loop {
            self.at = plain_until(self.text, self.at);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    self.push(start, self.at, escaped);
                    return Ok(());
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.fault(What::Control)),
                None => return Err(self.fault(What::CutOff)),
            }
        }
    }

    #[inline(never)]
    fn escape(&mut self) -> Result<(), Fault> {
        let rest = self.text.get(self.at + 1..).unwrap_or_default();
        match rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 2,
            [b'u', digits @ ..] => {
                let given = digits.iter().take(4).take_while(|digit| digit.is_ascii_hexdigit()).count();
                if given < 4 {
                    return Err(self.fault(if digits.len() == given { What::CutOff } else { What::BadEscape }));
                }
                self.at += 6;
            }
            [] => return Err(self.fault(What::CutOff)),
            [_, ..] => return Err(self.fault(What::BadEscape)),
        }
        Ok(())
    }

    /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?` (RFC 8259 §6).
    #[inline(always)]
    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let zero = self.peek() == Some(b'0');
        let digits = self.digits()?;
        if zero && digits > 1 {
            self.at = start;
            return Err(self.fault(What::BadNumber));
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        self.push(start, self.at, false);
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<usize, Fault> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        match self.at - start {
            0 if self.peek().is_none() => Err(self.fault(What::CutOff)),
            0 => Err(self.fault(What::BadNumber)),
            count => Ok(count),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return Err(self.fault(if word.starts_with(rest) { What::CutOff } else { What::NoValue }));
        }
        self.push(self.at, self.at + word.len(), false);
        self.at += word.len();
        Ok(())
    }

    fn spaces(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn push(&mut self, start: usize, end: usize, escaped: bool) {
        // The length of the text has been looked at: its places and entries fit into 32 bits.
        let next = self.entries.len() as u32 + 1;
        self.entries.push(OutlineEntry { start: start as u32, end: end as u32, next, escaped });
    }

    #[cold]
    fn fault(&self, what: What) -> Fault {
        Fault { what, at: self.at }
    }
}

/// The place of the next quote, backslash or control character from `at` on. Eight bytes are
/// looked at in one step.
fn plain_until(text: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The lowest byte that is zero gets its high bit; higher ones may be wrong.
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    while let Some(chunk) = text.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let found = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\'))) | control;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = text.get(at) {
        if matches!(byte, b'"' | b'\\' | 0..=0x1f) {
            break;
        }
        at += 1;
    }
    at
}

/// A checked text without its escapes. Half of a pair of surrogates stands for no character
/// (RFC 8259 §8.2) and reads as U+FFFD.
pub(super) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut chars = escape.chars();
        match chars.next() {
            Some('u') => {
                rest = escape.get(5..).unwrap_or_default();
                let mut unit = hex(escape.get(1..5));
                if (0xd800..0xdc00).contains(&unit)
                    && let low = hex(rest.strip_prefix("\\u").and_then(|pair| pair.get(..4)))
                    && (0xdc00..0xe000).contains(&low)
                {
                    unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                    rest = rest.get(6..).unwrap_or_default();
                }
                out.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
                continue;
            }
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some(itself) => out.push(itself),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    out
}

fn hex(digits: Option<&str>) -> u32 {
    digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0xfffd)
}
