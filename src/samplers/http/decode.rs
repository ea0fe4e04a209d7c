//! Reading bodies: content encodings, decoded piece by piece, and never more kept than `max_body`.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};

use super::conn::Reading;
use super::gzip::Gzip;
use crate::samplers::{Failure, FailureKind};

/// Collects a body as it comes in.
pub(super) struct Collector {
    kind: Kind,
    /// Once broken, the rest is only drained, so that the connection stays usable.
    broken: Option<io::Error>,
    encoding: String,
}

enum Kind {
    /// Counted only.
    Count(u64),
    /// Kept as it comes.
    Plain { kept: Vec<u8>, total: u64, max: u64, announced: u64 },
    /// Kept decoded.
    Decode { stage: Box<dyn Stage>, any: bool },
}

impl Collector {
    /// `headers` are those of an encoded answer; `announced` is the length the head names. A
    /// partial answer (206) is kept as it is: half of an encoded body cannot be decoded.
    pub(super) fn new(
        status: StatusCode,
        headers: Option<&HeaderMap>,
        reading: Reading,
        announced: Option<u64>,
    ) -> Self {
        let mut collector = Self { kind: Kind::Count(0), broken: None, encoding: String::new() };
        if !reading.keep {
            return collector;
        }
        let headers = headers.filter(|_| status != StatusCode::PARTIAL_CONTENT);
        collector.kind = match headers.and_then(|headers| Some((headers, encodings(headers)?))) {
            None => {
                Kind::Plain { kept: Vec::new(), total: 0, max: reading.max_body, announced: announced.unwrap_or(0) }
            }
            Some((headers, encodings)) => {
                let mut stage: Box<dyn Stage> = Box::new(Sink { kept: Vec::new(), total: 0, max: reading.max_body });
                // The encodings are listed in the order in which they were applied: the last one
                // listed meets the wire, so it is built last, outermost.
                for encoding in &encodings {
                    stage = match encoding {
                        Encoding::Gzip => Box::new(Gzip::new(stage)),
                        Encoding::Deflate => Box::new(Deflate::new(stage)),
                        Encoding::Brotli => Box::new(Brotli(brotli::DecompressorWriter::new(stage, 8 * 1024))),
                        Encoding::Zstd => match Zstd::new(stage) {
                            Ok(stage) => Box::new(stage),
                            Err(stage) => stage,
                        },
                    };
                }
                collector.encoding = headers
                    .get_all(CONTENT_ENCODING)
                    .iter()
                    .filter_map(|value| value.to_str().ok())
                    .collect::<Vec<_>>()
                    .join(", ");
                Kind::Decode { stage, any: false }
            }
        };
        collector
    }

    /// Takes the next piece.
    pub(super) fn push(&mut self, data: &[u8]) {
        match &mut self.kind {
            Kind::Count(total) => *total += data.len() as u64,
            Kind::Plain { kept, total, max, announced } => {
                let room = usize::try_from(max.saturating_sub(*total)).unwrap_or(usize::MAX).min(data.len());
                // What a server announces is believed as far as it does no harm, and what is kept
                // never takes more than `max_body`.
                let most = usize::try_from(if *announced > 0 { (*announced).min(*max) } else { *max }).unwrap_or(0);
                let needed = kept.len() + room;
                if needed > kept.capacity() {
                    let roomy = if kept.is_empty() { most.min(1024 * 1024) } else { (kept.capacity() * 2).min(most) };
                    kept.reserve_exact(roomy.max(needed) - kept.len());
                }
                kept.extend_from_slice(&data[..room]);
                *total += data.len() as u64;
            }
            Kind::Decode { stage, any } => {
                *any |= !data.is_empty();
                if self.broken.is_none() {
                    self.broken = stage.write_all(data).err();
                }
            }
        }
    }

    /// What has come of a body that does not come to its end: as far as it was kept as it came.
    pub(super) fn so_far(self) -> (Bytes, u64) {
        match self.kind {
            Kind::Count(total) => (Bytes::new(), total),
            Kind::Plain { kept, total, .. } => (Bytes::from(kept), total),
            Kind::Decode { .. } => (Bytes::new(), 0),
        }
    }

    /// The kept part and the full length of the body: decoded if it was kept, else as it came.
    pub(super) fn finish(self) -> Result<(Bytes, u64), Failure> {
        match self.kind {
            Kind::Count(total) => Ok((Bytes::new(), total)),
            Kind::Plain { kept, total, .. } => Ok((Bytes::from(kept), total)),
            // An announced encoding of nothing is nothing.
            Kind::Decode { any: false, .. } => Ok((Bytes::new(), 0)),
            Kind::Decode { stage, .. } => {
                let encoding = &self.encoding;
                let broken = |error: io::Error| {
                    let why = error.get_ref().and_then(|inner| inner.downcast_ref::<Told>());
                    let why = why.map_or_else(String::new, |Told(words)| format!(": {words}"));
                    Failure::new(
                        FailureKind::Body,
                        format!("the body is not valid `{encoding}` (Content-Encoding){why}"),
                    )
                };
                if let Some(error) = self.broken {
                    return Err(broken(error));
                }
                let sink = stage.finish().map_err(broken)?;
                Ok((Bytes::from(sink.kept), sink.total))
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// The encodings in the order in which they were applied; none if there is nothing to decode or
/// one of them is unknown, in which case the body is kept as it is.
fn encodings(headers: &HeaderMap) -> Option<Vec<Encoding>> {
    let mut found = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        for word in value.to_str().ok()?.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            match word.to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => found.push(Encoding::Gzip),
                "deflate" => found.push(Encoding::Deflate),
                "br" => found.push(Encoding::Brotli),
                "zstd" => found.push(Encoding::Zstd),
                "identity" => {}
                _ => return None,
            }
        }
    }
    // More layers than anybody uses are a trick to burn time.
    (!found.is_empty() && found.len() <= 4).then_some(found)
}

/// Why a body cannot be decoded, in words for people.
#[derive(Debug)]
pub(super) struct Told(pub(super) String);

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Told {}

/// A decoder that writes on to the next one.
pub(super) trait Stage: Write {
    /// Checks that the input was complete and gives what arrived at the end.
    fn finish(self: Box<Self>) -> io::Result<Sink>;
}

/// The end of the line: keeps the beginning, counts everything.
pub(super) struct Sink {
    kept: Vec<u8>,
    total: u64,
    max: u64,
}

impl Write for Sink {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let room = usize::try_from(self.max.saturating_sub(self.total)).unwrap_or(usize::MAX).min(data.len());
        self.kept.extend_from_slice(&data[..room]);
        self.total += data.len() as u64;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stage for Sink {
    fn finish(self: Box<Self>) -> io::Result<Sink> {
        Ok(*self)
    }
}

/// `deflate` is zlib by the standard and raw deflate by some servers' habit: the first two bytes tell.
struct Deflate {
    next: Box<dyn Stage>,
    start: Vec<u8>,
    decoder: Option<Decompress>,
    ended: bool,
}

impl Deflate {
    fn new(next: Box<dyn Stage>) -> Self {
        Self { next, start: Vec::new(), decoder: None, ended: false }
    }

    fn inflate(&mut self, mut data: &[u8]) -> io::Result<()> {
        let Some(decoder) = &mut self.decoder else { return Ok(()) };
        let mut output = [0; 16 * 1024];
        while !self.ended {
            let (read, written) = (decoder.total_in(), decoder.total_out());
            let status = decoder.decompress(data, &mut output, FlushDecompress::None).map_err(io::Error::from)?;
            let read = usize::try_from(decoder.total_in() - read).unwrap_or(data.len());
            let written = usize::try_from(decoder.total_out() - written).unwrap_or(0);
            data = &data[read..];
            self.next.write_all(&output[..written])?;
            match status {
                Status::StreamEnd => self.ended = true,
                Status::Ok | Status::BufError if data.is_empty() && written < output.len() => break,
                Status::BufError if read == 0 && written == 0 => return Err(io::ErrorKind::InvalidData.into()),
                Status::Ok | Status::BufError => {}
            }
        }
        Ok(())
    }
}

impl Write for Deflate {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.decoder.is_some() {
            self.inflate(data)?;
            return Ok(data.len());
        }
        self.start.extend_from_slice(data);
        if let [first, second, ..] = self.start[..] {
            let zlib = first & 0x0F == 8 && (u16::from(first) << 8 | u16::from(second)).is_multiple_of(31);
            self.decoder = Some(Decompress::new(zlib));
            let start = std::mem::take(&mut self.start);
            self.inflate(&start)?;
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.next.flush()
    }
}

impl Stage for Deflate {
    fn finish(self: Box<Self>) -> io::Result<Sink> {
        if self.ended { self.next.finish() } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

struct Brotli(brotli::DecompressorWriter<Box<dyn Stage>>);

impl Write for Brotli {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Stage for Brotli {
    fn finish(mut self: Box<Self>) -> io::Result<Sink> {
        self.0.close()?;
        match self.0.into_inner() {
            Ok(next) | Err(next) => next.finish(),
        }
    }
}

struct Zstd(zstd::stream::write::Decoder<'static, Box<dyn Stage>>);

/// The largest window a decoder has to accept on the web (RFC 9659): 8 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;

impl Zstd {
    fn new(next: Box<dyn Stage>) -> Result<Self, Box<dyn Stage>> {
        let mut decoder = match zstd::stream::raw::Decoder::new() {
            Ok(decoder) => decoder,
            Err(_) => return Err(next),
        };
        // Without the limit the decoder's own, larger one holds.
        let _ = decoder.set_parameter(zstd::stream::raw::DParameter::WindowLogMax(ZSTD_WINDOW_LOG));
        Ok(Self(zstd::stream::write::Decoder::with_decoder(next, decoder)))
    }
}

impl Write for Zstd {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Stage for Zstd {
    fn finish(self: Box<Self>) -> io::Result<Sink> {
        self.0.finish()?.finish()
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::{Sink, Stage};

    pub(crate) fn sink() -> Box<dyn Stage> {
        Box::new(Sink { kept: Vec::new(), total: 0, max: u64::MAX })
    }

    pub(crate) fn kept(sink: Sink) -> Vec<u8> {
        sink.kept
    }
}
