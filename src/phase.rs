//! The parts of a request that are timed apart, in the words of plans and results.

/// A part of a request that is timed apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the words of `samplers::Timings`, described there")]
pub enum Phase {
    Dns,
    Connect,
    Tls,
    FirstByte,
    Download,
}

impl Phase {
    /// Every phase, in the order they happen.
    pub const ALL: [Self; 5] = [Self::Dns, Self::Connect, Self::Tls, Self::FirstByte, Self::Download];

    /// The word used in plans and results.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::FirstByte => "first_byte",
            Self::Download => "download",
        }
    }
}
