//! Bodies in gzip: one or more members (RFC 1952 §2.2), and what may be after the last one.
//!
//! Zeros after it are padding, as `gzip` itself and Java take them. Anything else is not a part of
//! the body and is reported: often it is an error page that a server writes after what it compressed.

use std::io::{self, Write};

use flate2::write::GzDecoder;

use super::decode::DecodeError;
use super::layers::{DecodeStep, Decoder};

/// What every member begins with.
const MAGIC: [u8; 2] = [0x1F, 0x8B];

/// Decodes gzip.
pub(super) struct Gzip {
    at: At,
    /// How many bytes are after the last member.
    after: u64,
}

enum At {
    /// Before a member: this many bytes of its magic have come.
    Start {
        first: bool,
        magic: usize,
    },
    Member(Box<GzDecoder<Vec<u8>>>),
    /// After the last member, past bytes that are no padding.
    Stray,
    /// Broken before.
    Broken,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Self { at: At::Start { first: true, magic: 0 }, after: 0 }
    }
}

impl Decoder for Gzip {
    fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> io::Result<DecodeStep> {
        let step = |taken| Ok(DecodeStep { taken, more: false });
        match std::mem::replace(&mut self.at, At::Broken) {
            At::Member(mut member) => {
                let before = out.len();
                let taken = member.write(input)?;
                // A decoder that takes no more has come to its end.
                if taken == 0 && !input.is_empty() {
                    out.append(&mut member.finish()?);
                    self.at = At::Start { first: false, magic: 0 };
                    return step(0);
                }
                out.append(member.get_mut());
                self.at = At::Member(member);
                // It gives what it has decoded with the next call.
                Ok(DecodeStep { taken, more: taken > 0 || out.len() > before })
            }
            at @ At::Start { .. } if input.is_empty() => {
                self.at = at;
                step(0)
            }
            At::Start { first, magic } if input[0] == MAGIC[magic] => {
                self.at = if magic + 1 == MAGIC.len() {
                    let mut member = GzDecoder::new(Vec::new());
                    member.write_all(&MAGIC)?;
                    self.after = 0;
                    At::Member(Box::new(member))
                } else {
                    At::Start { first, magic: magic + 1 }
                };
                step(1)
            }
            At::Start { first: true, .. } => Err(io::ErrorKind::InvalidData.into()),
            At::Start { first, magic: 0 } if input[0] == 0 => {
                let zeros = input.iter().take_while(|byte| **byte == 0).count();
                self.after += zeros as u64;
                self.at = At::Start { first, magic: 0 };
                step(zeros)
            }
            At::Start { magic, .. } => {
                self.after += magic as u64;
                self.at = At::Stray;
                step(0)
            }
            At::Stray => {
                self.after += input.len() as u64;
                self.at = At::Stray;
                step(input.len())
            }
            At::Broken => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        let stray = |count: u64| {
            let bytes = if count == 1 { "byte" } else { "bytes" };
            Err(io::Error::other(DecodeError(format!("{count} {bytes} after the end of the gzip body"))))
        };
        match std::mem::replace(&mut self.at, At::Broken) {
            At::Member(member) => member.finish().map(|_| ()),
            At::Start { first: false, magic: 0 } => Ok(()),
            At::Start { first: false, magic, .. } => stray(self.after + magic as u64),
            At::Stray => stray(self.after),
            At::Start { first: true, .. } | At::Broken => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    /// What a body decodes to, cut into pieces of every size.
    fn decoded(body: &[u8]) -> Result<String, String> {
        let results: Vec<_> = (1..=body.len())
            .map(|size| {
                let (mut gzip, mut out) = (Gzip::new(), Vec::new());
                let mut feed = |mut piece: &[u8]| {
                    loop {
                        let step = gzip.step(piece, &mut out)?;
                        piece = &piece[step.taken..];
                        if piece.is_empty() && !(step.more && gzip.step(&[], &mut out)?.more) {
                            return Ok(());
                        }
                    }
                };
                let result: io::Result<()> = body.chunks(size).try_for_each(&mut feed).and_then(|()| gzip.finish());
                result.map(|()| String::from_utf8(out).unwrap()).map_err(|error| error.to_string())
            })
            .collect();
        assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
        results[0].clone()
    }

    #[test]
    fn members_and_zeros_after_them_are_whole() {
        let one = gzip("one");
        assert_eq!(decoded(&one).as_deref(), Ok("one"));
        // RFC 1952 §2.2: the members simply appear one after another.
        assert_eq!(decoded(&[one.clone(), gzip("two")].concat()).as_deref(), Ok("onetwo"));
        assert_eq!(decoded(&[one.clone(), vec![0; 10]].concat()).as_deref(), Ok("one"));
        assert_eq!(decoded(&[one.clone(), vec![0; 3], gzip("two"), vec![0]].concat()).as_deref(), Ok("onetwo"));
    }

    #[test]
    fn regression_h4_other_bytes_after_the_end_are_counted() {
        let after = |tail: &[u8]| decoded(&[gzip("one"), tail.to_vec()].concat()).unwrap_err();
        assert_eq!(after(b"\n \n"), "3 bytes after the end of the gzip body");
        assert_eq!(after(b"\0\0x\0"), "4 bytes after the end of the gzip body");
        assert_eq!(after(b"\x1f"), "1 byte after the end of the gzip body");
        assert_eq!(after(b"\x1f\0"), "2 bytes after the end of the gzip body");
        assert_eq!(after(b"<br>Fatal"), "9 bytes after the end of the gzip body");
    }

    #[test]
    fn what_is_not_gzip_or_ends_early_is_broken() {
        decoded(b"{}").unwrap_err();
        let one = gzip("one");
        for cut in 1..one.len() {
            decoded(&one[..cut]).unwrap_err();
        }
        let mut damaged = one;
        let crc = damaged.len() - 6;
        damaged[crc] ^= 1;
        decoded(&damaged).unwrap_err();
    }
}
