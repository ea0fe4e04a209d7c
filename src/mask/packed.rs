//! What base64 and hexadecimal in a text read as, byte by byte with their places: the content may be
//! encoded again, be UTF-16, or be the payload of a token.
//!
//! It is unknown where such a text begins (`/` and letters may be before it), so each run of its
//! characters is read from each of its first places on, and kept where that gives text.

use std::ops::Range;

use super::view::View;

/// Shorter runs hold no secret that is encoded twice.
const SHORTEST_RUN: usize = 8;
/// A run is taken for text if it has this many readable characters in a row.
const READABLE: usize = 4;
/// How many characters may be between two bytes in hexadecimal: `68, 75`, `68","75`.
const SEPARATORS: usize = 3;

/// The readings of a text's base64 and hexadecimal.
pub(super) fn unpacked<'t>(view: &View<'t>) -> Vec<View<'t>> {
    let text = view.text.as_bytes();
    let base64 = base64_runs(text);
    let six_bits = (0..4).map(|skipped| base64.iter().map(|run| of_base64(text, run, skipped)).collect::<Vec<_>>());
    let hexadecimal = (0..2).map(|skipped| of_hexadecimal(text, skipped));
    six_bits.chain(hexadecimal).filter_map(|runs| view_of(view, &runs)).collect()
}

/// Bytes with their ranges in the text they were read from.
type Bytes = Vec<(u8, Range<usize>)>;

/// The runs that are text as one view, if there are any.
fn view_of<'t>(of: &View<'t>, runs: &[Bytes]) -> Option<View<'t>> {
    let mut chars: Vec<(char, (usize, usize))> = Vec::new();
    let mut to_end = false;
    for run in runs {
        let bytes: Vec<u8> = run.iter().map(|(byte, _)| *byte).collect();
        if !is_readable(&bytes) {
            continue;
        }
        if !chars.is_empty() {
            // What belongs to two runs is no secret.
            chars.push(('\u{fffd}', chars.last().map_or((0, 0), |(_, place)| *place)));
        }
        let mut at = 0;
        let place = |from: usize, to: usize| of.place(run[from].1.start..run[to - 1].1.end);
        for chunk in bytes.utf8_chunks() {
            for (offset, c) in chunk.valid().char_indices() {
                chars.push((c, place(at + offset, at + offset + c.len_utf8())));
            }
            at += chunk.valid().len();
            let invalid = chunk.invalid().len();
            if invalid > 0 {
                chars.push(('\u{fffd}', place(at, at + invalid)));
                at += invalid;
            }
        }
        // The last characters may be too few for a byte.
        to_end = run.last().is_some_and(|(_, range)| range.end + 2 >= of.text.len());
    }
    if chars.is_empty() {
        return None;
    }
    let mut view = View::of(chars.into_iter());
    view.to_end = to_end && of.to_end;
    Some(view)
}

/// Whether bytes hold text, in UTF-8 or in UTF-16 with a zero between the letters.
fn is_readable(bytes: &[u8]) -> bool {
    let mut row = 0;
    bytes.utf8_chunks().any(|chunk| {
        let found = chunk.valid().chars().any(|c| {
            match c {
                '\0' => {}
                c if c.is_control() && !c.is_whitespace() => row = 0,
                _ => row += 1,
            }
            row >= READABLE
        });
        if !chunk.invalid().is_empty() {
            row = 0;
        }
        found
    })
}

/// The value of a character in either alphabet of base64 (RFC 4648 §4, §5).
fn six_bits(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// Where base64 may be. Line breaks in it are omitted when it is read (RFC 2045 §6.8).
fn base64_runs(text: &[u8]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let length = text[at..].iter().take_while(|byte| six_bits(**byte).is_some() || is_break(**byte)).count();
        if length >= SHORTEST_RUN {
            runs.push(at..at + length);
        }
        at += length + 1;
    }
    runs
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn of_base64(text: &[u8], run: &Range<usize>, skipped: usize) -> Bytes {
    let digits: Vec<(u8, usize)> = run.clone().filter_map(|at| Some((six_bits(text[at])?, at))).skip(skipped).collect();
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for four in digits.chunks(4) {
        for (pair, shift) in four.windows(2).zip([2, 4, 6]) {
            let [(high, from), (low, to)] = pair else { continue };
            // The upper bits of the byte, and the lower ones from the next character.
            let byte = (u16::from(*high) << 6 | u16::from(*low)) >> (6 - shift);
            bytes.push(((byte & 0xff) as u8, *from..to + 1));
        }
    }
    bytes
}

fn nibble(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

/// Runs of bytes in hexadecimal, one after the other or apart: `68756e`, `68:75:6e`, `0x68, 0x75`.
fn of_hexadecimal(text: &[u8], skipped: usize) -> Vec<Bytes> {
    let mut runs = Vec::new();
    let mut begin = 0;
    while begin < text.len() {
        if nibble(text[begin]).is_none() {
            begin += 1;
            continue;
        }
        let mut bytes = Vec::new();
        let mut at = begin;
        let mut skip = skipped;
        loop {
            let prefixed = text[at..].starts_with(b"0x") || text[at..].starts_with(b"0X");
            let start = if prefixed { at + 2 } else { at };
            let end = start + text[start..].iter().take_while(|byte| nibble(**byte).is_some()).count();
            let from = (start + std::mem::take(&mut skip)).min(end);
            for (index, pair) in text[from..end].chunks_exact(2).enumerate() {
                if let [high, low] = pair
                    && let (Some(high), Some(low)) = (nibble(*high), nibble(*low))
                {
                    let place = from + 2 * index;
                    bytes.push((high << 4 | low, place..place + 2));
                }
            }
            at = end.max(at + 1);
            let apart = text[at..].iter().take(SEPARATORS).take_while(|byte| separates(**byte)).count();
            let goes_on = apart > 0 && text.get(at + apart).is_some_and(|byte| nibble(*byte).is_some());
            if !goes_on || (end - from) % 2 != 0 {
                break;
            }
            at += apart;
        }
        begin = at;
        if bytes.len() >= SHORTEST_RUN / 2 {
            runs.push(bytes);
        }
    }
    runs
}

fn separates(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b':' | b'-' | b',' | b';' | b'.' | b'_' | b'|' | b'"' | b'\'')
}
