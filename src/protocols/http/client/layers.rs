//! Content encodings, each decoded step by step: no step takes or gives more than a few dozen kB, so
//! that whoever drives them can stop in between.

use std::io;

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{self, Operation as _};

use super::gzip::Gzip;

/// How much a step gives at most, about.
pub(super) const PIECE: usize = 32 * 1024;

/// What a step did.
#[derive(Debug)]
pub(super) struct DecodeStep {
    /// How much of the input was taken.
    pub(super) taken: usize,
    /// Whether there may be more output although no more input comes.
    pub(super) more: bool,
}

/// A decoder of one content encoding.
pub(super) trait Decoder {
    /// Takes some input and appends what it decodes to. The input may be empty.
    fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> io::Result<DecodeStep>;

    /// Checks that the input was complete.
    fn finish(&mut self) -> io::Result<()>;
}

/// The content encodings that are decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Encoding {
    /// Whether a single step may decode many megabytes before it gives any of them: Brotli fills its
    /// window first. `first` is the body's first byte, if it is known.
    pub(super) fn takes_large_steps(self, first: Option<u8>) -> bool {
        match self {
            Self::Brotli => first.is_none_or(|first| brotli_window(first) > LARGE_WINDOW),
            Self::Gzip | Self::Deflate | Self::Zstd => false,
        }
    }

    /// A decoder of its own.
    pub(super) fn decoder(self) -> io::Result<Box<dyn Decoder>> {
        Ok(match self {
            Self::Gzip => Box::new(Gzip::new()),
            Self::Deflate => Box::new(Deflate::default()),
            Self::Brotli => Box::new(Brotli::new()),
            Self::Zstd => Box::new(Zstd::new()?),
        })
    }
}

/// The largest Brotli window, in bits, that is filled in no noticeable time: 1 MiB.
const LARGE_WINDOW: u8 = 20;

/// The window of a Brotli stream that begins with this byte, in bits (RFC 7932 §9.1).
fn brotli_window(first: u8) -> u8 {
    match (first & 1, first >> 1 & 0b111, first >> 4 & 0b111) {
        (0, _, _) => 16,
        (_, 0, 0) => 17,
        (_, 0, small) => 8 + small,
        (_, large, _) => 17 + large,
    }
}

/// Gives `decode` room for a piece after what `out` holds; it tells how much of it was used.
fn into_room<T>(out: &mut Vec<u8>, decode: impl FnOnce(&mut [u8]) -> io::Result<(usize, T)>) -> io::Result<(usize, T)> {
    let start = out.len();
    out.resize(start + PIECE, 0);
    let result = decode(&mut out[start..]);
    let written = result.as_ref().map_or(0, |(written, _)| *written);
    out.truncate(start + written);
    result
}

/// `deflate` is zlib by the standard and raw deflate by some servers' habit: the first two bytes tell.
#[derive(Default)]
struct Deflate {
    first: Option<u8>,
    decoder: Option<Decompress>,
    ended: bool,
}

impl Deflate {
    fn inflate(&mut self, input: &[u8], out: &mut Vec<u8>) -> io::Result<DecodeStep> {
        let Some(decoder) = &mut self.decoder else { return Ok(DecodeStep { taken: 0, more: false }) };
        let (read, had) = (decoder.total_in(), decoder.total_out());
        let (written, (taken, status)) = into_room(out, |room| {
            let status = decoder.decompress(input, room, FlushDecompress::None).map_err(io::Error::from)?;
            let taken = usize::try_from(decoder.total_in() - read).unwrap_or(input.len());
            Ok((usize::try_from(decoder.total_out() - had).unwrap_or(0), (taken, status)))
        })?;
        match status {
            Status::StreamEnd => self.ended = true,
            Status::BufError if taken == 0 && written == 0 && !input.is_empty() => {
                return Err(io::ErrorKind::InvalidData.into());
            }
            Status::Ok | Status::BufError => {}
        }
        Ok(DecodeStep { taken, more: !self.ended && written == PIECE })
    }
}

impl Decoder for Deflate {
    fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> io::Result<DecodeStep> {
        if self.ended {
            // What follows is not a part of the body.
            return Ok(DecodeStep { taken: input.len(), more: false });
        }
        if self.decoder.is_none() {
            match (self.first, input) {
                (_, []) => return Ok(DecodeStep { taken: 0, more: false }),
                (None, [first, ..]) => {
                    self.first = Some(*first);
                    return Ok(DecodeStep { taken: 1, more: false });
                }
                (Some(first), [second, ..]) => {
                    let zlib = first & 0x0F == 8 && (u16::from(first) << 8 | u16::from(*second)).is_multiple_of(31);
                    self.decoder = Some(Decompress::new(zlib));
                    self.inflate(&[first], out)?;
                }
            }
        }
        self.inflate(input, out)
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.ended { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// Brotli with the windows of RFC 7932, at most 16 MiB: not the larger ones of a later format, which
/// `br` does not stand for.
struct Brotli {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    total: usize,
    ended: bool,
}

impl Brotli {
    fn new() -> Self {
        let alloc = StandardAlloc::default;
        Self { state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())), total: 0, ended: false }
    }
}

impl Decoder for Brotli {
    fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> io::Result<DecodeStep> {
        if self.ended {
            return if input.is_empty() {
                Ok(DecodeStep { taken: 0, more: false })
            } else {
                Err(io::ErrorKind::InvalidData.into())
            };
        }
        let Self { state, total, ended } = self;
        let (_, (taken, more)) = into_room(out, |room| {
            let (mut left, mut taken, mut free, mut written) = (input.len(), 0, room.len(), 0);
            let result =
                BrotliDecompressStream(&mut left, &mut taken, input, &mut free, &mut written, room, total, state);
            let more = match result {
                BrotliResult::ResultSuccess => {
                    *ended = true;
                    false
                }
                BrotliResult::NeedsMoreOutput => true,
                BrotliResult::NeedsMoreInput => false,
                BrotliResult::ResultFailure => return Err(io::ErrorKind::InvalidData.into()),
            };
            Ok((written, (taken, more)))
        })?;
        Ok(DecodeStep { taken, more })
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.ended { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

struct Zstd {
    decoder: raw::Decoder<'static>,
    /// Whether a frame is complete and the next one has not begun.
    between: bool,
}

/// The largest window a decoder has to accept on the web (RFC 9659): 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

impl Zstd {
    fn new() -> io::Result<Self> {
        let mut decoder = raw::Decoder::new()?;
        decoder.set_parameter(raw::DParameter::WindowLogMax(ZSTD_WINDOW_LOG))?;
        Ok(Self { decoder, between: false })
    }
}

impl Decoder for Zstd {
    fn step(&mut self, input: &[u8], out: &mut Vec<u8>) -> io::Result<DecodeStep> {
        if self.between && input.is_empty() {
            return Ok(DecodeStep { taken: 0, more: false });
        }
        let decoder = &mut self.decoder;
        let (written, (taken, left)) = into_room(out, |room| {
            let status = decoder.run_on_buffers(input, room)?;
            Ok((status.bytes_written, (status.bytes_read, status.remaining)))
        })?;
        self.between = left == 0;
        Ok(DecodeStep { taken, more: !self.between && written == PIECE })
    }

    fn finish(&mut self) -> io::Result<()> {
        if self.between { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_of_brotli_is_read() {
        // The table of RFC 7932 §9.1, its bits from right to left.
        for (first, bits) in [
            (0b0000_0000, 16),
            (0b0000_0001, 17),
            (0b0000_0011, 18),
            (0b0000_1111, 24),
            (0b0010_0001, 10),
            (0b0111_0001, 15),
        ] {
            assert_eq!(brotli_window(first), bits, "{first:b}");
        }
    }
}
