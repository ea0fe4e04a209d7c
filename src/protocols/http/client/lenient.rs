//! Heads of responses that do not follow the standard to the letter, read as curl and node read them:
//! folded lines (RFC 9112 §5.2), spaces before a colon, lines that are no headers, hundreds of lines.
//! What such a head says is written down again, by the letter, and read again.

use httparse::{EMPTY_HEADER, Error, ParserConfig, Response, Status};

use super::answer::{self, Head};
use super::failure::Broken;
use crate::response::Headers;
use crate::response::headers::MAX_LINES;

/// How many characters of a line are shown.
const SHOWN: usize = 80;

/// Reads a head that was refused with `error`; nothing if it is not complete yet.
#[cold]
pub(super) fn parse(bytes: &[u8], no_body: bool, error: Error) -> Result<Option<(Head, usize)>, Broken> {
    match error {
        Error::TooManyHeaders | Error::HeaderName | Error::HeaderValue | Error::NewLine => {}
        Error::Version => return Err(Broken::NotHttp1(first_line(bytes).into())),
        Error::Status | Error::Token => {
            return Err(Broken::Head(format!("{}: that is not a status line", first_line(bytes)).into()));
        }
    }
    let mut lines = vec![EMPTY_HEADER; MAX_LINES];
    let mut response = Response::new(&mut lines);
    let parsed = ParserConfig::default()
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_spaces_after_header_name_in_responses(true)
        .ignore_invalid_headers_in_responses(true)
        .parse_response(&mut response, bytes);
    let length = match parsed {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(Error::TooManyHeaders) => return Err(Broken::TooLarge),
        Err(_) => return Err(refused(bytes)),
    };
    let mut block = Vec::with_capacity(length);
    for line in &*response.headers {
        block.extend_from_slice(line.name.as_bytes());
        block.extend_from_slice(b": ");
        unfold(line.value, &mut block);
        block.extend_from_slice(b"\r\n");
    }
    block.extend_from_slice(b"\r\n");
    let mut lines = vec![EMPTY_HEADER; MAX_LINES];
    let Ok(Status::Complete((_, lines))) = httparse::parse_headers(&block, &mut lines) else {
        return Err(refused(bytes));
    };
    let mut lines = lines.to_vec();
    let clean = Response { version: response.version, code: response.code, reason: None, headers: &mut lines };
    let head = answer::head(&clean, Headers::from_block(&block), no_body)?;
    Ok(Some((head, length)))
}

/// A value with each fold replaced by a space (RFC 9112 §5.2).
fn unfold(value: &[u8], out: &mut Vec<u8>) {
    let mut parts = value.split(|byte| *byte == b'\n');
    let whole = |part: &[u8]| part.strip_suffix(b"\r").unwrap_or(part).trim_ascii().to_vec();
    out.extend(parts.next().map(whole).unwrap_or_default());
    for part in parts.map(whole).filter(|part| !part.is_empty()) {
        out.push(b' ');
        out.extend(part);
    }
}

/// A head that cannot be read: the line that has what no line may have, a NUL or a lone carriage return.
fn refused(bytes: &[u8]) -> Broken {
    let lines = bytes.split(|byte| *byte == b'\n');
    let bad = lines
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .find(|line| line.iter().any(|byte| matches!(byte, 0 | b'\r')));
    match bad {
        Some(line) => Broken::Head(format!("the line {} contains a control character", shown(line)).into()),
        None => Broken::Head("a header cannot be read".into()),
    }
}

fn first_line(bytes: &[u8]) -> String {
    shown(bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default())
}

/// A line for messages: cut, without control characters, without the value of a cookie.
pub(super) fn shown(line: &[u8]) -> String {
    let line = &line[..line.len().min(SHOWN * 4)];
    let text = String::from_utf8_lossy(line);
    let name = text.split(':').next().unwrap_or_default().trim();
    if name.eq_ignore_ascii_case("set-cookie") {
        return format!("`{name}: …`");
    }
    let clean = |sign: char| if sign.is_control() || sign == '\u{FFFD}' { '\u{B7}' } else { sign };
    let mut short: String = text.chars().take(SHOWN).map(clean).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::super::answer::{Framing, parse};
    use super::*;

    fn head(lines: &str) -> Head {
        let text = format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
        let (head, length) = parse(format!("{text}rest").as_bytes(), false).unwrap().unwrap();
        assert_eq!(length, text.len());
        // However it comes, no piece of it is taken for the whole.
        for cut in 0..text.len() {
            assert!(parse(&text.as_bytes()[..cut], false).unwrap().is_none(), "cut at {cut}: {text}");
        }
        head
    }

    #[test]
    fn regression_x12_folds_become_spaces() {
        // RFC 9112 §5.2: a user agent replaces each obs-fold by one or more spaces.
        for (lines, value) in [
            ("X-A: b\r\n  continued\r\nContent-Length: 2\r\n", "b continued"),
            ("X-A: b \r\n\tc\r\n d\r\nContent-Length: 2\r\n", "b c d"),
            ("X-A:\r\n b\r\nContent-Length: 2\r\n", "b"),
            ("Content-Length:\r\n 2\r\nX-A: b\r\n \r\n", "b"),
            ("X-A: b\n c\nContent-Length: 2\n", "b c"),
        ] {
            let head = head(lines);
            assert_eq!(head.headers.get("x-a").unwrap(), value, "{lines:?}");
            assert_eq!(head.framing, Framing::Length(2), "{lines:?}");
        }
    }

    #[test]
    fn regression_h2_spaces_before_the_colon_and_lines_that_are_no_headers() {
        let head = head(
            "PHP Warning: Unable to load x in Unknown on line 0\r\nX-A : b\r\nnonsense\r\nTransfer-Encoding : chunked\r\n",
        );
        assert_eq!(head.headers.get("x-a").unwrap(), "b");
        assert_eq!((head.framing, head.headers.len()), (Framing::Chunked, 2));
    }

    #[test]
    fn regression_h3_hundreds_of_lines() {
        let many = |count| "Set-Cookie: a=1\r\n".repeat(count);
        let read = head(&many(150));
        assert_eq!((read.headers.len(), read.sets_cookies), (150, true));
        let text = format!("HTTP/1.1 200 OK\r\n{}\r\n", many(MAX_LINES));
        assert_eq!(parse(text.as_bytes(), false).unwrap().unwrap().0.headers.len(), MAX_LINES);
        let text = format!("HTTP/1.1 200 OK\r\n{}\r\n", many(MAX_LINES + 1));
        assert!(matches!(parse(text.as_bytes(), false), Err(Broken::TooLarge)));
    }

    #[test]
    fn what_is_refused_names_its_line() {
        for (text, words) in [
            ("HTTP/1.1 200 OK\r\nX-A: b\0c\r\n\r\n", "the line `X-A: b·c` contains a control character"),
            ("HTTP/1.1 200 OK\r\nX-A: b\rc\r\n\r\n", "the line `X-A: b·c` contains a control character"),
            (
                "HTTP/1.1 200 OK\r\nSet-Cookie: a=s3cret\0\r\n\r\n",
                "the line `Set-Cookie: …` contains a control character",
            ),
            ("HTTP/1.1 2x0 OK\r\n\r\n", "`HTTP/1.1 2x0 OK`: that is not a status line"),
        ] {
            match parse(text.as_bytes(), false) {
                Err(Broken::Head(said)) => assert_eq!(&*said, words),
                other => panic!("{other:?}"),
            }
        }
        assert!(matches!(parse(b"SSH-2.0-x\r\n", false), Err(Broken::NotHttp1(line)) if &*line == "`SSH-2.0-x`"));
    }

    #[test]
    fn folded_and_doubled_lengths_are_refused_all_the_same() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n 3\r\n\r\n";
        assert!(matches!(parse(text, false), Err(Broken::Head(words)) if words.contains("`Content-Length: 2 3`")));
    }
}
