//! The decoders of a body one after the other, the limits of what they give, and what they object to.

use std::io;

use super::super::layers::{Decoder, Encoding};
use super::super::settings::Decompression;
use super::super::tap::Tapped;
use crate::response::Body;
use crate::response::kept_body::KeptBody;

/// How much input a step is given.
const BITE: usize = 4 * 1024;
/// From which decoded size on the ratio is judged: what is smaller does no harm.
pub(crate) const RATIO_FROM: u64 = 32 * 1024 * 1024;

/// Why a body could not be decoded.
pub(super) enum BodyFault {
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

impl BodyFault {
    pub(super) fn words(self, encoding: &str) -> String {
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
pub(super) fn shortened(value: &str) -> String {
    let mut out: String = value.chars().take(60).collect();
    if out.len() < value.len() {
        out.push('…');
    }
    out
}

/// Why a body cannot be decoded, in words for people.
#[derive(Debug)]
pub(crate) struct DecodeError(pub(crate) String);

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DecodeError {}

/// The decoders of a body, the one that meets the wire first, and what they have decoded.
pub(super) struct Layers {
    pub(super) layers: Vec<Layer>,
    pub(super) outermost: Option<Encoding>,
    /// Whether a step may take so long that others have to have had their turn before.
    pub(super) large_steps: bool,
    pub(super) out: Out,
    pub(super) limits: Decompression,
    /// How many bytes have come over the wire.
    pub(super) came: u64,
    /// How many bytes all decoders have given.
    pub(super) made: u64,
}

/// Where goes what is decoded.
pub(super) enum Out {
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

    pub(super) fn is_enough(&self) -> bool {
        match self {
            Self::Kept(_) => false,
            Self::Tapped(tapped) => tapped.is_enough(),
        }
    }

    pub(super) fn finish(self) -> (Body, u64) {
        match self {
            Self::Kept(kept) => kept.finish(),
            Self::Tapped(tapped) => (Body::default(), tapped.total),
        }
    }
}

pub(super) struct Layer {
    encoding: Encoding,
    decoder: Box<dyn Decoder>,
    /// What has come and is not decoded yet, from `at` on.
    input: Vec<u8>,
    at: usize,
    /// Whether there may be output without more input.
    more: bool,
}

impl Layer {
    pub(super) fn new(encoding: Encoding, decoder: Box<dyn Decoder>) -> Self {
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
    pub(super) fn push(&mut self, data: &[u8]) {
        if let Some(outermost) = self.layers.first_mut() {
            outermost.take(data);
        }
    }

    /// How much has come over the wire and is not decoded yet.
    pub(super) fn ahead(&self) -> usize {
        self.layers.first().map_or(0, |outermost| outermost.input.len() - outermost.at)
    }

    pub(super) fn is_behind(&self) -> bool {
        self.layers.iter().any(Layer::has_work)
    }

    /// Whether decoding it takes megabytes.
    pub(super) fn fills_memory(&self) -> bool {
        self.large_steps || self.layers.iter().any(|layer| layer.encoding == Encoding::Zstd)
    }

    /// Decodes until nothing is left or, told after every step how many bytes it took and gave, `spent`
    /// says to stop.
    pub(super) fn run(&mut self, mut spent: impl FnMut(usize) -> bool) -> Result<(), BodyFault> {
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

    pub(super) fn finish(mut self) -> Result<Out, BodyFault> {
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
