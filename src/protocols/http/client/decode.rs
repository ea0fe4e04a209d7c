//! Reading bodies: content encodings, decoded piece by piece, and never more kept than `max_body`.
//!
//! A few bytes can decode to terabytes. So decoding goes on in slices, between which the other users
//! of the thread have their turn and the request's `timeout` is looked at; on a thread, one body at a
//! time is decoded beyond its first pieces. What comes out is limited
//! ([`Decompression`](super::settings::Decompression)).

mod slot;
mod stack;

use std::time::{Duration, Instant};

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};

use super::conn::Reading;
use super::layers::Encoding;
use super::tap::Tapped;
use crate::failure::{Failure, FailureKind};
use crate::response::Body;
use crate::response::kept_body::KeptBody;

use slot::Slot;
pub(super) use stack::DecodeError;
use stack::{BodyFault, Layer, Layers, Out, shortened};

/// How many bytes a body may take and give, between two turns of the others, without looking at the clock:
/// most bodies have no more.
const FREE_BYTES: usize = 256 * 1024;
/// For how long a larger body keeps the other users of its thread waiting.
const SLICE: Duration = Duration::from_millis(2);
/// How much of a body that is behind may wait to be decoded. So far its last byte comes when it comes,
/// not when there is room for it.
const MAX_AHEAD: usize = 1024 * 1024;

/// Collects a body as it comes in. It is moved a few times, so what few bodies need is on the heap.
pub(super) enum Collector {
    /// Counted only.
    Count(u64),
    /// Kept as it comes.
    Plain { kept: KeptBody, announced: u64 },
    /// Kept decoded, or handed over so.
    Decode(Box<Decoding>),
    /// Handed over as it comes.
    Tapped(Box<Tapped>),
}

/// A body that is decoded as it comes.
pub(super) struct Decoding {
    layers: Layers,
    /// Once broken, the rest is only drained.
    broken: Option<BodyFault>,
    encoding: String,
    /// What is left of [`FREE_BYTES`].
    free: usize,
    /// Held while decoding is behind.
    slot: Option<Slot>,
}

impl Collector {
    /// `headers` are those of an encoded response; `announced` is the length the head names. A
    /// partial response (206) is kept as it is: half of an encoded body cannot be decoded.
    pub(super) fn new(
        status: StatusCode,
        headers: Option<&HeaderMap>,
        reading: Reading,
        announced: Option<u64>,
    ) -> Self {
        if !reading.keep {
            return Self::Count(0);
        }
        let headers = headers.filter(|_| status != StatusCode::PARTIAL_CONTENT);
        match headers.and_then(|headers| Some((headers, encodings(headers)?))) {
            None => match reading.tap {
                None => Self::Plain { kept: KeptBody::new(reading.max_body), announced: announced.unwrap_or(0) },
                Some(tap) => Self::Tapped(Box::new(Tapped::new(tap))),
            },
            Some((headers, encodings)) => Self::Decode(Box::new(Decoding::new(headers, encodings, reading))),
        }
    }

    /// Takes the next piece. Decoding may fall behind.
    pub(super) fn push(&mut self, data: &[u8]) {
        match self {
            Self::Count(total) => *total += data.len() as u64,
            Self::Plain { kept, announced } => kept.take(data, *announced),
            Self::Decode(decoding) => decoding.push(data),
            Self::Tapped(tapped) => tapped.take(data),
        }
    }

    /// Notes when what is pushed next has come.
    pub(super) fn came_at(&mut self, at: Instant) {
        match self {
            Self::Count(_) | Self::Plain { .. } => {}
            Self::Decode(decoding) => {
                if let Out::Tapped(tapped) = &mut decoding.layers.out {
                    tapped.at = at;
                }
            }
            Self::Tapped(tapped) => tapped.at = at,
        }
    }

    /// Whether [`Self::catch_up`] has to be called, after the others had their turn, before the body is
    /// finished.
    #[inline]
    pub(super) fn is_behind(&self) -> bool {
        match self {
            Self::Count(_) | Self::Plain { .. } | Self::Tapped(_) => false,
            Self::Decode(decoding) => {
                decoding.broken.is_none() && decoding.layers.is_behind() && !decoding.layers.out.is_enough()
            }
        }
    }

    /// Whether more may be pushed all the same.
    #[inline]
    pub(super) fn has_room(&self) -> bool {
        match self {
            Self::Count(_) | Self::Plain { .. } | Self::Tapped(_) => true,
            Self::Decode(decoding) => decoding.layers.ahead() < MAX_AHEAD,
        }
    }

    /// Whether there is no use in reading on: a limit was passed, or whoever takes the body has enough or can get
    /// no more.
    #[inline]
    pub(super) fn is_over(&self) -> bool {
        match self {
            Self::Count(_) | Self::Plain { .. } => false,
            Self::Decode(decoding) => decoding.is_over(),
            Self::Tapped(tapped) => tapped.is_enough(),
        }
    }

    /// Whether something is made of it at once, which takes time.
    #[inline]
    pub(super) fn is_worked_on(&self) -> bool {
        matches!(self, Self::Decode(_) | Self::Tapped(_))
    }

    /// Decodes for a while, if no other body of the thread is being caught up with. Afterwards the
    /// others have to have their turn, even if nothing is behind any more.
    pub(super) fn catch_up(&mut self) {
        if let Self::Decode(decoding) = self {
            decoding.catch_up();
        }
    }

    /// Nothing is behind, and more is waited for.
    #[inline]
    pub(super) fn rest(&mut self) {
        if let Self::Decode(decoding) = self {
            decoding.rest();
        }
    }

    /// What has come of a body that does not come to its end: as far as it was kept as it came.
    pub(super) fn so_far(self) -> (Body, u64) {
        match self {
            Self::Count(total) => (Body::default(), total),
            Self::Plain { kept, .. } => kept.finish(),
            Self::Decode(_) => (Body::default(), 0),
            Self::Tapped(tapped) => (Body::default(), tapped.total),
        }
    }

    /// The kept part and the full length of the body: decoded if it was kept, else as it came.
    pub(super) fn finish(self) -> Result<(Body, u64), Failure> {
        match self {
            Self::Count(total) => Ok((Body::default(), total)),
            Self::Plain { kept, .. } => Ok(kept.finish()),
            Self::Decode(decoding) => decoding.finish(),
            Self::Tapped(tapped) => Ok((Body::default(), tapped.total)),
        }
    }
}

impl Decoding {
    fn new(headers: &HeaderMap, encodings: Vec<Encoding>, reading: Reading) -> Self {
        let encoding = headers.get_all(CONTENT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let mut decoding = Self {
            layers: Layers {
                layers: Vec::new(),
                outermost: encodings.last().copied(),
                large_steps: encodings.iter().rev().skip(1).any(|inner| inner.takes_large_steps(None)),
                out: match reading.tap {
                    None => Out::Kept(KeptBody::new(reading.max_body)),
                    Some(tap) => Out::Tapped(Tapped::new(tap)),
                },
                limits: reading.decompression,
                came: 0,
                made: 0,
            },
            broken: None,
            encoding: encoding.collect::<Vec<_>>().join(", "),
            free: FREE_BYTES,
            slot: None,
        };
        let most = reading.decompression.max_layers;
        if encodings.len() > most as usize {
            decoding.broken = Some(BodyFault::Over(format!(
                "the body is compressed {} times over (Content-Encoding: {}); at most {most} layers are \
                 decompressed (`decompression: {{ max_layers: … }}`)",
                encodings.len(),
                shortened(&decoding.encoding),
            )));
            return decoding;
        }
        // The encodings are listed in the order in which they were applied: the last one listed meets
        // the wire.
        for encoding in encodings.into_iter().rev() {
            match encoding.decoder() {
                Ok(decoder) => decoding.layers.layers.push(Layer::new(encoding, decoder)),
                Err(error) => decoding.broken = Some(error.into()),
            }
        }
        decoding
    }

    fn push(&mut self, data: &[u8]) {
        let layers = &mut self.layers;
        if layers.came == 0
            && let Some(outermost) = layers.outermost
        {
            layers.large_steps |= outermost.takes_large_steps(data.first().copied());
        }
        layers.came += data.len() as u64;
        if self.broken.is_some() {
            return;
        }
        let was_behind = layers.is_behind();
        layers.push(data);
        if !was_behind && !layers.large_steps && self.free > 0 {
            let free = &mut self.free;
            let spent = |bytes| {
                *free = free.saturating_sub(bytes);
                *free == 0
            };
            self.broken = layers.run(spent).err();
        }
    }

    fn catch_up(&mut self) {
        self.slot = self.slot.take().and_then(Slot::resumed).or_else(|| Slot::take(self.layers.fills_memory()));
        if self.slot.is_some() {
            let start = Instant::now();
            self.broken = self.layers.run(|_| start.elapsed() >= SLICE).err();
        }
        self.free = FREE_BYTES;
    }

    fn rest(&mut self) {
        match &self.slot {
            // A stream waits most of the time: it would hold up the others with every event.
            Some(slot) if self.layers.fills_memory() && matches!(self.layers.out, Out::Kept(_)) => slot.wait(),
            Some(_) => self.slot = None,
            None => {}
        }
    }

    fn is_over(&self) -> bool {
        let useless = match (&self.layers.out, &self.broken) {
            (Out::Kept(_), Some(BodyFault::Over(_))) | (Out::Tapped(_), Some(_)) => true,
            (Out::Kept(_), Some(BodyFault::Damaged(_)) | None) | (Out::Tapped(_), None) => false,
        };
        useless && self.layers.came > 0 || self.layers.out.is_enough()
    }

    fn finish(self) -> Result<(Body, u64), Failure> {
        let result = match self.broken {
            // An announced encoding of nothing is nothing, and of what is enough nobody needs the end.
            _ if self.layers.came == 0 || self.layers.out.is_enough() => Ok(self.layers.out),
            Some(broken) => Err(broken),
            None => self.layers.finish(),
        };
        match result {
            Ok(out) => Ok(out.finish()),
            Err(broken) => Err(Failure::new(FailureKind::Body, broken.words(&self.encoding))),
        }
    }
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
    (!found.is_empty()).then_some(found)
}
