//! The parts of a request that are timed separately, with the names used in plans and results.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A part of a request that is timed apart. Which of them a request has depends on its protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The DNS lookup of the host name.
    Dns,
    /// The TCP handshake.
    Connect,
    /// The TLS handshake.
    Tls,
    /// From the first byte sent to the first byte of the response.
    FirstByte,
    /// From the first byte of the response to its last.
    Download,
    /// From sending a message to its reply.
    Reply,
    /// From the start to the first event of a stream, or to the first message that matches.
    FirstEvent,
    /// From one event of a stream to the next one.
    EventGap,
}

impl Phase {
    /// Every phase, in the order they happen.
    pub const ALL: [Self; 8] = [
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::FirstByte,
        Self::Download,
        Self::Reply,
        Self::FirstEvent,
        Self::EventGap,
    ];

    /// The word used in plans and results.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::FirstByte => "first_byte",
            Self::Download => "download",
            Self::Reply => "reply",
            Self::FirstEvent => "first_event",
            Self::EventGap => "event_gap",
        }
    }

    /// What it is, for the schema of the results.
    pub fn doc(self) -> &'static str {
        match self {
            Self::Dns => "The DNS lookup of the host name.",
            Self::Connect => "The TCP handshake.",
            Self::Tls => "The TLS handshake.",
            Self::FirstByte => "From the first byte sent to the first byte of the response.",
            Self::Download => "From the first byte of the response to its last.",
            Self::Reply => "From sending a message to its reply.",
            Self::FirstEvent => "From the start to the first event of a stream, or to the first message that matches.",
            Self::EventGap => "From one event of a stream to the next one.",
        }
    }
}
