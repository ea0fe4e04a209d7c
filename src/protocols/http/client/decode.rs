//! Reading bodies: content encodings, decoded piece by piece, and never more kept than `max_body`.
//!
//! A few bytes can decode to terabytes. So decoding goes on in slices, between which the other users
//! of the thread have their turn and the request's `timeout` is looked at; on a thread, one body at a
//! time is decoded beyond its first pieces. What comes out is limited ([`Decompression`]).

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};

use super::conn::Reading;
use super::layers::{Decoder, Encoding};
use super::settings::Decompression;
use super::tap::Tapped;
use crate::failure::{Failure, FailureKind};
use crate::response::Body;
use crate::response::kept_body::KeptBody;

/// How many bytes a body may take and give, between two turns of the others, without looking at the clock:
/// most bodies have no more.
const FREE_BYTES: usize = 256 * 1024;
/// For how long a larger body keeps the other users of its thread waiting.
const SLICE: Duration = Duration::from_millis(2);
/// How much of a body that is behind may wait to be decoded. So far its last byte comes when it comes,
/// not when there is room for it.
const MAX_AHEAD: usize = 1024 * 1024;
/// How much input a step is given.
const BITE: usize = 4 * 1024;
/// From which decoded size on the ratio is judged: what is smaller does no harm.
pub(crate) const RATIO_FROM: u64 = 32 * 1024 * 1024;

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

/// Why a body could not be decoded.
enum BodyFault {
    /// It is not what its encoding says.
    Damaged(io::Error),
    /// It goes beyond a limit.
    Over(String),
}

impl From<io::Error> for BodyFault {
    fn from(error: io::Error) -> Self {
        Self::Damaged(error)
    }
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

impl BodyFault {
    fn words(self, encoding: &str) -> String {
        match self {
            Self::Over(words) => words,
            Self::Damaged(error) => {
                let why = error.get_ref().and_then(|inner| inner.downcast_ref::<DecodeError>());
                let why = why.map_or_else(String::new, |DecodeError(words)| format!(": {words}"));
                format!("the body is not valid `{}` (Content-Encoding){why}", shortened(encoding))
            }
        }
    }
}

/// A header's value, cut to what fits into a message.
fn shortened(value: &str) -> String {
    let mut out: String = value.chars().take(60).collect();
    if out.len() < value.len() {
        out.push('…');
    }
    out
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

/// Why a body cannot be decoded, in words for people.
#[derive(Debug)]
pub(super) struct DecodeError(pub(super) String);

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DecodeError {}

/// The decoders of a body, the one that meets the wire first, and what they have decoded.
struct Layers {
    layers: Vec<Layer>,
    outermost: Option<Encoding>,
    /// Whether a step may take so long that others have to have had their turn before.
    large_steps: bool,
    out: Out,
    limits: Decompression,
    /// How many bytes have come over the wire.
    came: u64,
    /// How many bytes all decoders have given.
    made: u64,
}

/// Where goes what is decoded.
enum Out {
    Kept(KeptBody),
    Tapped(Tapped),
}

impl Out {
    fn take(&mut self, piece: &[u8]) {
        match self {
            Self::Kept(kept) => kept.take(piece, 0),
            Self::Tapped(tapped) => tapped.take(piece),
        }
    }

    fn is_enough(&self) -> bool {
        match self {
            Self::Kept(_) => false,
            Self::Tapped(tapped) => tapped.is_enough(),
        }
    }

    fn finish(self) -> (Body, u64) {
        match self {
            Self::Kept(kept) => kept.finish(),
            Self::Tapped(tapped) => (Body::default(), tapped.total),
        }
    }
}

struct Layer {
    encoding: Encoding,
    decoder: Box<dyn Decoder>,
    /// What has come and is not decoded yet, from `at` on.
    input: Vec<u8>,
    at: usize,
    /// Whether there may be output without more input.
    more: bool,
}

impl Layer {
    fn new(encoding: Encoding, decoder: Box<dyn Decoder>) -> Self {
        Self { encoding, decoder, input: Vec::new(), at: 0, more: false }
    }

    fn take(&mut self, data: &[u8]) {
        if self.at > self.input.len() / 2 {
            self.input.drain(..self.at);
            self.at = 0;
        }
        self.input.extend_from_slice(data);
    }

    fn has_work(&self) -> bool {
        self.more || self.at < self.input.len()
    }
}

impl Layers {
    fn push(&mut self, data: &[u8]) {
        if let Some(outermost) = self.layers.first_mut() {
            outermost.take(data);
        }
    }

    /// How much has come over the wire and is not decoded yet.
    fn ahead(&self) -> usize {
        self.layers.first().map_or(0, |outermost| outermost.input.len() - outermost.at)
    }

    fn is_behind(&self) -> bool {
        self.layers.iter().any(Layer::has_work)
    }

    /// Whether decoding it takes megabytes.
    fn fills_memory(&self) -> bool {
        self.large_steps || self.layers.iter().any(|layer| layer.encoding == Encoding::Zstd)
    }

    /// Decodes until nothing is left or, told after every step how many bytes it took and gave, `spent`
    /// says to stop.
    fn run(&mut self, mut spent: impl FnMut(usize) -> bool) -> Result<(), BodyFault> {
        let mut out = Vec::new();
        // The innermost first: so no more than a step's output waits between two layers.
        while let Some(index) = self.layers.iter().rposition(Layer::has_work) {
            let layer = &mut self.layers[index];
            let end = layer.input.len().min(layer.at + BITE);
            out.clear();
            let step = layer.decoder.step(&layer.input[layer.at..end], &mut out)?;
            layer.more = step.more;
            layer.at += step.taken;
            if layer.at == layer.input.len() {
                layer.input.clear();
                layer.at = 0;
            }
            self.made += out.len() as u64;
            let bytes = step.taken + out.len();
            match self.layers.get_mut(index + 1) {
                Some(next) => next.take(&out),
                None => self.out.take(&out),
            }
            self.check()?;
            if spent(bytes) || self.out.is_enough() {
                break;
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), BodyFault> {
        let Decompression { max_size, max_ratio, .. } = self.limits;
        if self.made > max_size {
            return Err(BodyFault::Over(format!(
                "the body decompresses to more than {} (`decompression: {{ max_size: … }}`)",
                size(max_size)
            )));
        }
        if self.made > RATIO_FROM && self.made / max_ratio > self.came {
            return Err(BodyFault::Over(format!(
                "the body decompresses to more than {max_ratio} times its size (`decompression: {{ max_ratio: … }}`)"
            )));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Out, BodyFault> {
        // The decoders gave all they had before.
        for layer in &mut self.layers {
            layer.decoder.finish()?;
        }
        Ok(self.out)
    }
}

/// A size as the plan writes it.
fn size(bytes: u64) -> String {
    for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")] {
        if bytes >= unit && bytes.is_multiple_of(unit) {
            return format!("{}{name}", bytes / unit);
        }
    }
    format!("{bytes}B")
}

/// The right of a body to be caught up with. There is one for each thread: however many bombs come,
/// the other users wait for one slice at a time. A body has it as long as it is behind. One that takes
/// megabytes to decode keeps it while it waits for more, so that such bodies come one after the other,
/// but not for long: a slow one must not hold up the others.
struct Slot(u64);

/// How long a body may wait for more, in all, and keep the right from the next one that takes megabytes.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Clone, Copy)]
struct Holder {
    /// Which one of all there were.
    number: u64,
    holds: bool,
    /// Since when it waits.
    waits: Option<Instant>,
    /// How long it has waited before.
    waited: Duration,
}

impl Holder {
    fn waited(&self) -> Duration {
        self.waited + self.waits.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

thread_local! {
    static HOLDER: Cell<Holder> =
        const { Cell::new(Holder { number: 0, holds: false, waits: None, waited: Duration::ZERO }) };
}

impl Slot {
    /// The right, if nobody has it or whoever has it must give it up. `fills_memory` says that the body
    /// takes megabytes to decode.
    fn take(fills_memory: bool) -> Option<Self> {
        let holder = HOLDER.get();
        let keeps = holder.waits.is_none() || fills_memory && holder.waited() < PATIENCE;
        if holder.holds && keeps {
            return None;
        }
        let number = holder.number + 1;
        HOLDER.set(Holder { number, holds: true, waits: None, waited: Duration::ZERO });
        Some(Self(number))
    }

    /// Goes on; nothing if the right was lost meanwhile.
    fn resumed(self) -> Option<Self> {
        let holder = HOLDER.get();
        let own = holder.number == self.0;
        if own {
            HOLDER.set(Holder { waits: None, waited: holder.waited(), ..holder });
        }
        own.then_some(self)
    }

    fn wait(&self) {
        let holder = HOLDER.get();
        if holder.number == self.0 && holder.waits.is_none() {
            HOLDER.set(Holder { waits: Some(Instant::now()), ..holder });
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let holder = HOLDER.get();
        if holder.number == self.0 {
            HOLDER.set(Holder { holds: false, ..holder });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_body_of_a_thread_has_the_slot() {
        let first = Slot::take(false);
        assert!(first.is_some() && Slot::take(false).is_none() && Slot::take(true).is_none());
        drop(first);
        assert!(Slot::take(true).is_some());
    }

    #[test]
    fn a_body_that_waits_loses_the_slot_to_one_that_has_come() {
        let waiting = Slot::take(true).inspect(Slot::wait);
        assert!(Slot::take(true).is_none());
        std::thread::sleep(PATIENCE);
        let second = Slot::take(true);
        assert!(second.is_some() && waiting.and_then(Slot::resumed).is_none());
        assert!(Slot::take(true).is_none(), "what was lost is not given back");
        drop(second);
        assert!(Slot::take(true).and_then(Slot::resumed).is_some());
    }

    #[test]
    fn waits_of_a_body_are_added_up() {
        let mut waiting = Slot::take(true);
        for _ in 0..4 {
            waiting = waiting.inspect(Slot::wait);
            std::thread::sleep(PATIENCE / 4);
            waiting = waiting.and_then(Slot::resumed);
            assert!(waiting.is_some());
        }
        assert!(Slot::take(true).is_none(), "it is behind");
        waiting.inspect(Slot::wait).inspect(|_| assert!(Slot::take(true).is_some()));
    }

    #[test]
    fn a_small_body_does_not_wait_for_one_that_waits() {
        let waiting = Slot::take(true).inspect(Slot::wait);
        assert!(Slot::take(false).is_some());
        assert!(waiting.and_then(Slot::resumed).is_none());
    }
}
