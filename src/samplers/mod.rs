//! Samplers send one request and measure it. They know nothing of plans or schedules: what to
//! send arrives ready, what came goes back as an [`Exchange`].

mod charset;
mod gist;
pub(crate) mod headers;
pub mod http;
mod kept;
mod response;
pub(crate) mod turn;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use ::http::HeaderMap;
use bytes::Bytes;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use headers::Headers;
pub use kept::Body;
pub use response::Response;

/// Why a sample failed, in the words of the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The host name could not be resolved.
    Dns,
    /// No connection could be made.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// A time limit of the plan passed.
    Timeout,
    /// The server closed the connection before its answer was complete.
    Reset,
    /// The answer was not valid HTTP.
    Protocol,
    /// The body ended early or could not be decoded.
    Body,
    /// The status was not an accepted one.
    Status,
    /// An assertion failed.
    Assertion,
    /// An extractor found nothing.
    Extraction,
    /// The step could not be carried out; nothing was sent.
    Step,
    /// The run ended before the request did.
    Interrupted,
}

impl FailureKind {
    /// Every kind, in the order of the enum.
    pub const ALL: [Self; 12] = [
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Reset,
        Self::Protocol,
        Self::Body,
        Self::Status,
        Self::Assertion,
        Self::Extraction,
        Self::Step,
        Self::Interrupted,
    ];

    /// The word used in results, for instance `connect`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
            Self::Body => "body",
            Self::Status => "status",
            Self::Assertion => "assertion",
            Self::Extraction => "extraction",
            Self::Step => "step",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A sample's failure: its kind and its cause in words a tester understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind it is counted under.
    pub kind: FailureKind,
    /// The cause, without values that change from request to request, so that equal causes count together.
    pub message: String,
    /// What this machine could give no more of, if that was the cause: then it is the load
    /// generator that failed, not the target.
    pub exhausted: Option<Exhausted>,
}

impl Failure {
    /// A failure of this kind with this cause.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), exhausted: None }
    }
}

/// What a machine has a limited number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// Local ports to connect from.
    Ports,
    /// Files, sockets included, that a process may have open.
    OpenFiles,
}

/// How long the parts of a request took. A phase that did not happen (a pooled connection needs
/// no `connect`) is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// From the sampler's start, before DNS and connect, to the last byte of the body.
    pub total: Duration,
    /// Resolving the host's name.
    pub dns: Option<Duration>,
    /// The TCP handshake.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From the request's first byte sent to the answer's first byte.
    pub first_byte: Option<Duration>,
    /// From the answer's first byte to its last.
    pub download: Option<Duration>,
}

/// One request as it was sent and the head of its answer, for people to look at.
#[derive(Clone, Debug)]
pub struct Hop {
    /// The method, for instance `GET`.
    pub method: String,
    /// The URL, without user name and password.
    pub url: String,
    /// Every header that was set for it, defaults, cookies and authentication included.
    pub request_headers: HeaderMap,
    /// The body that was sent.
    pub request_body: Bytes,
    /// The address at the other end: the server's or the proxy's.
    pub remote: Option<SocketAddr>,
    /// Host and port of the proxy it went through.
    pub proxy: Option<String>,
    /// The TLS version, for instance `TLSv1_3`.
    pub tls: Option<String>,
    /// The answer's status, if there was an answer.
    pub status: Option<u16>,
    /// The answer's headers.
    pub response_headers: HeaderMap,
}

/// What one request came to.
#[derive(Debug)]
pub struct Exchange {
    /// How long it took, redirects included.
    pub timings: Timings,
    /// Bytes written for it, head and body.
    pub sent_bytes: u64,
    /// Bytes read for it, head and body as they came over the wire.
    pub received_bytes: u64,
    /// Requests sent again because the server had closed the pooled connection.
    pub reconnects: u32,
    /// Whether the answer came from the user's cache and nothing was sent.
    pub cached: bool,
    /// What went over the wire, one entry per request sent, if the request asked to have it
    /// captured; empty otherwise.
    pub hops: Vec<Hop>,
    /// The answer, or why there is none. A whole answer with a bad status is an answer.
    pub outcome: Result<Rc<Response>, Failure>,
    /// What came of an answer whose body did not come whole or is damaged: status, headers and the
    /// body so far. Its time is the exchange's, which is no response time.
    pub partial: Option<Rc<Response>>,
}

impl Exchange {
    /// The answer, or what came of it.
    pub fn response(&self) -> Option<&Response> {
        self.outcome.as_ref().ok().or(self.partial.as_ref()).map(|response| &**response)
    }
}
