//! What one request of any protocol came to: how long it took, what went over the wire, and the
//! response or why there is none.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use crate::failure::Failure;
use crate::response::Response;

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
