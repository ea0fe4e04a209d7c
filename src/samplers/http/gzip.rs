//! Bodies in gzip: one or more members (RFC 1952 §2.2), and what may stand after the last one.
//!
//! Zeros after it are padding, as `gzip` itself and Java take them. Anything else is not a part of
//! the body and is told: often it is an error page that a server writes after what it compressed.

use std::io::{self, Write};

use flate2::write::GzDecoder;

use super::decode::{Sink, Stage, Told};

/// What every member begins with.
const MAGIC: [u8; 2] = [0x1F, 0x8B];

/// Decodes gzip.
pub(super) struct Gzip {
    at: At,
    /// How many bytes stand after the last member.
    after: u64,
}

enum At {
    /// Before a member: so many bytes of its magic have come.
    Start {
        next: Box<dyn Stage>,
        first: bool,
        magic: usize,
    },
    Member(Box<GzDecoder<Box<dyn Stage>>>),
    /// After the last member, behind bytes that are no padding.
    Stray,
    /// Broken before.
    Broken,
}

impl Gzip {
    pub(super) fn new(next: Box<dyn Stage>) -> Self {
        Self { at: At::Start { next, first: true, magic: 0 }, after: 0 }
    }

    /// Takes some bytes; tells how many.
    fn take(&mut self, data: &[u8]) -> io::Result<usize> {
        match std::mem::replace(&mut self.at, At::Broken) {
            At::Member(mut member) => {
                let taken = member.write(data)?;
                // A decoder that takes no more has come to its end.
                self.at = if taken == 0 {
                    At::Start { next: member.finish()?, first: false, magic: 0 }
                } else {
                    At::Member(member)
                };
                Ok(taken)
            }
            At::Start { next, first, magic } if data[0] == MAGIC[magic] => {
                self.at = if magic + 1 == MAGIC.len() {
                    let mut member = GzDecoder::new(next);
                    member.write_all(&MAGIC)?;
                    self.after = 0;
                    At::Member(Box::new(member))
                } else {
                    At::Start { next, first, magic: magic + 1 }
                };
                Ok(1)
            }
            At::Start { first: true, .. } => Err(io::ErrorKind::InvalidData.into()),
            At::Start { next, first, magic: 0 } if data[0] == 0 => {
                self.after += 1;
                self.at = At::Start { next, first, magic: 0 };
                Ok(1)
            }
            At::Start { magic, .. } => {
                self.after += magic as u64;
                self.at = At::Stray;
                Ok(0)
            }
            At::Stray => {
                self.after += data.len() as u64;
                self.at = At::Stray;
                Ok(data.len())
            }
            At::Broken => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

impl Write for Gzip {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        while taken < data.len() {
            taken += self.take(&data[taken..])?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stage for Gzip {
    fn finish(self: Box<Self>) -> io::Result<Sink> {
        let stray = |count: u64| {
            let bytes = if count == 1 { "byte" } else { "bytes" };
            Err(io::Error::other(Told(format!("{count} {bytes} after the end of the gzip body"))))
        };
        match self.at {
            At::Member(member) => member.finish()?.finish(),
            At::Start { next, first: false, magic: 0 } => next.finish(),
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

    use super::super::decode::testing;
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
                let mut gzip = Box::new(Gzip::new(testing::sink()));
                let result = body.chunks(size).try_for_each(|piece| gzip.write_all(piece)).and_then(|()| gzip.finish());
                result.map(|sink| String::from_utf8(testing::kept(sink)).unwrap()).map_err(|error| error.to_string())
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
