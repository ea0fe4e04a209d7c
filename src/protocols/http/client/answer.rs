//! The head of an HTTP/1 response: what has to be known of it before anybody looks at its headers.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Response, Status};

use super::failure::Broken;
use super::lenient;
use crate::response::Headers;
use crate::response::headers::USUAL_LINES;

/// How long the body of a response is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// This many bytes.
    Length(u64),
    Chunked,
    /// Until the connection ends.
    ToTheEnd,
}

/// The head of a response.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    /// Whether the response is HTTP/1.1 and not HTTP/1.0.
    pub(super) is_http11: bool,
    pub(super) headers: Headers,
    pub(super) framing: Framing,
    /// What `Content-Length` says, whether it matters or not.
    pub(super) announced: Option<u64>,
    /// Whether request and status allow a body at all.
    pub(super) may_have_body: bool,
    /// Whether the server keeps the connection.
    pub(super) keeps_alive: bool,
    /// Whether there is a `Content-Encoding`.
    pub(super) encoded: bool,
    /// Whether there is a `Set-Cookie`.
    pub(super) sets_cookies: bool,
}

/// What the lines that decide about the connection and the body say.
#[derive(Default)]
struct Said {
    length: Option<u64>,
    lengths_differ: bool,
    transfer_encoding: bool,
    /// Whether the last encoding named is `chunked`.
    chunked: bool,
    close: bool,
    keep_alive: bool,
    encoded: bool,
    sets_cookies: bool,
}

impl Said {
    #[inline(always)]
    fn line(&mut self, name: &str, value: &[u8]) {
        // Comparing lengths first leaves nothing to do for most lines.
        match name.len() {
            10 if value == b"keep-alive" && name == "Connection" => self.keep_alive = true,
            10 if name.eq_ignore_ascii_case("connection") => {
                for word in words(value) {
                    self.close |= word.eq_ignore_ascii_case(b"close");
                    self.keep_alive |= word.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            10 if name.eq_ignore_ascii_case("set-cookie") => self.sets_cookies = true,
            14 if name.eq_ignore_ascii_case("content-length") => {
                for word in words(value) {
                    let length = number(word);
                    self.lengths_differ |= length.is_none() || self.length.is_some_and(|known| Some(known) != length);
                    self.length = self.length.or(length);
                }
            }
            16 if name.eq_ignore_ascii_case("content-encoding") => self.encoded = true,
            // `identity` was a word for none (RFC 2616 §3.6).
            17 if name.eq_ignore_ascii_case("transfer-encoding") && !words(value).all(is_identity) => {
                self.transfer_encoding = true;
                self.chunked = words(value).last().is_some_and(|word| word.eq_ignore_ascii_case(b"chunked"));
            }
            _ => {}
        }
    }
}

/// The comma-separated words of a header's value.
fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

fn is_identity(word: &[u8]) -> bool {
    word.is_empty() || word.eq_ignore_ascii_case(b"identity")
}

/// A number of digits alone: no sign, no space.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Reads a head from the beginning of `bytes`; nothing if it is not complete yet. Returns its
/// length too. `no_body` tells that the request was a `HEAD`.
pub(super) fn parse(bytes: &[u8], no_body: bool) -> Result<Option<(Head, usize)>, Broken> {
    let mut lines = [const { MaybeUninit::<Header<'_>>::uninit() }; USUAL_LINES];
    let mut response = Response::new(&mut []);
    match ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, &mut lines) {
        Ok(Status::Complete(length)) => {
            // The lines begin where the first name does; without lines only the empty line is left.
            let first = response.headers.first();
            let start = first.map_or(length, |first| length_before(bytes, first.name.as_bytes()).min(length));
            let head = head(&response, Headers::from_block(&bytes[start..length]), no_body)?;
            Ok(Some((head, length)))
        }
        Ok(Status::Partial) => Ok(None),
        // Few servers need what follows, so that the others need not pay for it.
        Err(error) => lenient::parse(bytes, no_body, error),
    }
}

/// What the lines of a head come to. `headers` are the same lines.
// Without the two the usual head pays for the lenient one: 100 instructions of 5,000.
#[inline(always)]
pub(super) fn head(response: &Response<'_, '_>, headers: Headers, no_body: bool) -> Result<Head, Broken> {
    let status = match response.code {
        Some(status @ 100..) => status,
        code => {
            return Err(Broken::Head(format!("its status is {}, not 100 to 999", code.unwrap_or_default()).into()));
        }
    };
    let is_http11 = response.version == Some(1);
    let mut said = Said::default();
    for line in &*response.headers {
        said.line(line.name, line.value);
    }
    let may_have_body = !no_body && !matches!(status, 100..=199 | 204 | 304);
    let framing = match said.length {
        _ if !may_have_body => Framing::Length(0),
        _ if said.transfer_encoding && !is_http11 => {
            return Err(contradiction(response, "transfer-encoding", "HTTP/1.0 has no such header"));
        }
        _ if said.transfer_encoding && said.chunked => Framing::Chunked,
        _ if said.transfer_encoding => Framing::ToTheEnd,
        _ if said.lengths_differ => {
            return Err(contradiction(response, "content-length", "that is not one length"));
        }
        Some(length) => Framing::Length(length),
        None => Framing::ToTheEnd,
    };
    // Who names two lengths may mean either: what follows on that connection is not to be trusted
    // (RFC 9112 §6.3).
    let two_framings = said.transfer_encoding && (said.length.is_some() || said.lengths_differ);
    Ok(Head {
        status,
        is_http11,
        headers,
        framing,
        announced: said.length.filter(|_| !said.transfer_encoding),
        may_have_body,
        keeps_alive: !two_framings && if is_http11 { !said.close } else { said.keep_alive },
        encoded: said.encoded,
        sets_cookies: said.sets_cookies,
    })
}

/// A head whose lines of this name leave open where the body ends.
fn contradiction(response: &Response<'_, '_>, name: &str, why: &str) -> Broken {
    let lines = response.headers.iter().filter(|line| line.name.eq_ignore_ascii_case(name));
    let mut shown: Vec<String> = Vec::new();
    for line in lines {
        let line = lenient::shown(&[line.name.as_bytes(), b": ", line.value].concat());
        if !shown.contains(&line) {
            shown.push(line);
        }
    }
    Broken::Head(format!("{}: {why}", shown.join(" and ")).into())
}

/// How many bytes are before a part of them.
fn length_before(bytes: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).saturating_sub(bytes.as_ptr() as usize)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn head(lines: &str) -> Head {
        let text = format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
        let (head, length) = parse(format!("{text}rest").as_bytes(), false).unwrap().unwrap();
        assert_eq!(length, text.len());
        head
    }

    #[test]
    fn the_framing_follows_the_standard() {
        let cases = [
            ("", Framing::ToTheEnd),
            ("content-length: 5\r\n", Framing::Length(5)),
            ("Content-Length: 5, 5\r\ncontent-length: 5\r\n", Framing::Length(5)),
            ("transfer-encoding: gzip, Chunked\r\n", Framing::Chunked),
            ("transfer-encoding: gzip\r\ntransfer-encoding: chunked\r\ncontent-length: 1\r\n", Framing::Chunked),
            ("transfer-encoding: chunked, gzip\r\ncontent-length: 1\r\n", Framing::ToTheEnd),
            ("transfer-encoding: identity\r\ncontent-length: 5\r\n", Framing::Length(5)),
        ];
        for (lines, framing) in cases {
            assert_eq!(head(lines).framing, framing, "{lines}");
        }
        for status in ["204 No Content", "304 Not Modified", "103 Early Hints", "101 Switching Protocols"] {
            let text = format!("HTTP/1.1 {status}\r\ncontent-length: 9\r\n\r\n");
            let (head, _) = parse(text.as_bytes(), false).unwrap().unwrap();
            assert_eq!((head.framing, head.announced), (Framing::Length(0), Some(9)));
        }
        let (head, _) = parse(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", true).unwrap().unwrap();
        assert_eq!(head.framing, Framing::Length(0));
    }

    fn refused(text: &str) -> String {
        match parse(text.as_bytes(), false) {
            Err(Broken::Head(words)) => words.into(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn contradictions_are_refused_with_their_lines() {
        // RFC 9112 §6.3: a length that is not one number is an unrecoverable error.
        for (lines, shown) in [
            ("content-length: 5\r\nContent-Length: 6\r\n", "`content-length: 5` and `Content-Length: 6`"),
            ("content-length: 5, 6\r\n", "`content-length: 5, 6`"),
            ("content-length: +5\r\n", "`content-length: +5`"),
            ("content-length: \r\n", "`content-length: `"),
            ("content-length: 0x5\r\n", "`content-length: 0x5`"),
            ("content-length: 5 6\r\n", "`content-length: 5 6`"),
        ] {
            let words = refused(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n"));
            assert_eq!(words, format!("{shown}: that is not one length"));
        }
        let words = refused("HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        assert_eq!(words, "`transfer-encoding: chunked`: HTTP/1.0 has no such header");
        assert!(matches!(parse(b"HTTP/2.0 200 OK\r\n\r\n", false), Err(Broken::NotHttp1(_))));
        assert!(refused("HTTP/1.1 099 OK\r\n\r\n").contains("its status is 99"));
    }

    #[test]
    fn a_connection_with_two_framings_carries_nothing_more() {
        let head = head("transfer-encoding: chunked\r\ncontent-length: 1\r\n");
        assert_eq!((head.framing, head.announced, head.keeps_alive), (Framing::Chunked, None, false));
    }

    #[test]
    fn who_keeps_the_connection() {
        assert!(head("").keeps_alive);
        assert!(head("connection: x, keep-alive\r\n").keeps_alive);
        assert!(!head("connection: keep-alive\r\nConnection: x , Close\r\n").keeps_alive);
        for (lines, keeps) in [("", false), ("connection: Keep-Alive\r\n", true)] {
            let text = format!("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n{lines}\r\n");
            assert_eq!(parse(text.as_bytes(), false).unwrap().unwrap().0.keeps_alive, keeps, "{lines}");
        }
    }

    #[test]
    fn headers_are_there_when_they_are_asked_for() {
        let head = head("Server: x\r\nSet-Cookie: a=1\r\nContent-Encoding: gzip\r\n");
        assert!(head.sets_cookies && head.encoded);
        assert_eq!((head.headers.len(), head.headers.get("server").unwrap().as_bytes()), (3, &b"x"[..]));
        assert!(self::head("").headers.is_empty());
    }

    #[test]
    fn half_a_head_is_none_yet() {
        let text = b"HTTP/1.1 200 OK\r\na: b\r\n\r\n";
        for cut in 0..text.len() {
            assert!(parse(&text[..cut], false).unwrap().is_none(), "cut at {cut}");
        }
    }
}
