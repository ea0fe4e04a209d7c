//! Chunked bodies (RFC 9112, section 7.1), taken apart as they come.

use std::io;

/// How many bytes of chunk extensions one body may carry.
const MAX_EXTENSIONS: u64 = 16 * 1024;
/// How many bytes of trailers.
const MAX_TRAILERS: usize = 16 * 1024;

/// Where in a chunked body the next byte belongs.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    at: At,
    /// What is left of the chunk.
    left: u64,
    extensions: u64,
    trailers: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Start,
    Size,
    /// Spaces after the size.
    Blank,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    /// At the beginning of a trailer line or of the last, empty line.
    LineStart,
    Trailer,
    TrailerLf,
    EndLf,
    End,
}

impl Chunked {
    /// Whether the last byte has come.
    pub(super) fn is_done(&self) -> bool {
        self.at == At::End
    }

    /// Takes bytes and hands what is data on; tells how many belong to this body.
    pub(super) fn take(&mut self, bytes: &[u8], mut data: impl FnMut(&[u8])) -> io::Result<usize> {
        let mut taken = 0;
        while taken < bytes.len() && self.at != At::End {
            if self.at == At::Data {
                let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len() - taken);
                data(&bytes[taken..taken + room]);
                taken += room;
                self.left -= room as u64;
                if self.left == 0 {
                    self.at = At::DataCr;
                }
                continue;
            }
            self.at = self.step(bytes[taken])?;
            taken += 1;
        }
        Ok(taken)
    }

    fn step(&mut self, byte: u8) -> io::Result<At> {
        Ok(match (self.at, byte) {
            (At::Start | At::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).unwrap_or(0);
                self.left = self
                    .left
                    .checked_mul(16)
                    .and_then(|size| size.checked_add(u64::from(digit)))
                    .ok_or_else(|| invalid("invalid chunk size: overflow"))?;
                At::Size
            }
            (At::Start, _) => return Err(invalid("Invalid chunk size line: missing size digit")),
            (At::Size | At::Blank, b'\t' | b' ') => At::Blank,
            (At::Size | At::Blank, b';') => At::Extension,
            (At::Size | At::Blank | At::Extension, b'\r') => At::SizeLf,
            (At::Size, _) => return Err(invalid("Invalid chunk size line: Invalid Size")),
            (At::Blank, _) => return Err(invalid("Invalid chunk size linear white space")),
            (At::Extension, b'\n') => return Err(invalid("invalid chunk extension contains newline")),
            (At::Extension, _) => {
                self.extensions += 1;
                if self.extensions >= MAX_EXTENSIONS {
                    return Err(invalid("chunk extensions over limit"));
                }
                At::Extension
            }
            (At::SizeLf, b'\n') if self.left == 0 => At::LineStart,
            (At::SizeLf, b'\n') => At::Data,
            (At::SizeLf, _) => return Err(invalid("Invalid chunk size LF")),
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataCr, _) => return Err(invalid("Invalid chunk body CR")),
            (At::DataLf, b'\n') => At::Start,
            (At::DataLf, _) => return Err(invalid("Invalid chunk body LF")),
            (At::LineStart, b'\r') => At::EndLf,
            (At::LineStart | At::Trailer, _) => {
                self.trailers += 1;
                if self.trailers >= MAX_TRAILERS {
                    return Err(invalid("chunk trailers bytes over limit"));
                }
                if byte == b'\r' { At::TrailerLf } else { At::Trailer }
            }
            (At::TrailerLf, b'\n') => At::LineStart,
            (At::TrailerLf, _) => return Err(invalid("Invalid trailer end LF")),
            (At::EndLf, b'\n') => At::End,
            (At::EndLf, _) => return Err(invalid("Invalid chunk end LF")),
            (At::Data | At::End, _) => self.at,
        })
    }
}

fn invalid(words: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, words)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    /// The data, how many bytes were left over, and whether the body was complete.
    fn read(body: &[u8], piece: usize) -> io::Result<(Vec<u8>, usize, bool)> {
        let mut chunked = Chunked::default();
        let mut found = Vec::new();
        let mut taken = 0;
        for part in body.chunks(piece) {
            taken += chunked.take(part, |data| found.extend_from_slice(data))?;
        }
        Ok((found, body.len() - taken, chunked.is_done()))
    }

    #[test]
    fn chunks_extensions_and_trailers_in_pieces_of_every_size() {
        let bodies: [(&[u8], &[u8], usize); 5] = [
            (b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", b"abcde", 0),
            (b"0003 \t\r\nabc\r\n0\r\n\r\nnext", b"abc", 4),
            (b"0\r\n\r\n", b"", 0),
            (b"A\r\n0123456789\r\n0\r\nx-sum: 1\r\ny: 2\r\n\r\n", b"0123456789", 0),
            (b"1 ;\"q\"\r\n\r\r\n0;last\r\n\r\n", b"\r", 0),
        ];
        for (body, data, left) in bodies {
            for piece in 1..=body.len() {
                assert_eq!(read(body, piece).unwrap(), (data.to_vec(), left, true), "pieces of {piece}");
            }
        }
    }

    #[test]
    fn an_unfinished_body_is_not_done() {
        for cut in 0..b"3\r\nabc\r\n0\r\n\r\n".len() {
            assert!(!read(&b"3\r\nabc\r\n0\r\n\r\n"[..cut], 100).unwrap().2, "cut at {cut}");
        }
    }

    #[test]
    fn what_is_not_chunked_is_refused() {
        let long = [&b"1;"[..], &[b'x'; 20_000]].concat();
        let trailers = [&b"0\r\nx: "[..], &[b'x'; 20_000]].concat();
        let wrong: [&[u8]; 11] = [
            b"nonsense\r\n",
            b"\r\n",
            b"-1\r\n",
            b"3x\r\n",
            b"3\n",
            b"3\rx",
            b"3\r\nabcd",
            b"3\r\nabc\rx",
            b"1;a\nb",
            b"10000000000000000\r\n",
            b"0\r\nx: y\rz",
        ];
        for body in wrong.into_iter().chain([&long[..], &trailers[..]]) {
            assert_eq!(read(body, 7).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }
}
