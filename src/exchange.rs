//! The result of one request of any protocol: its duration, the bytes transferred, and the response
//! or the reason why there is none.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;

use crate::failure::Failure;
use crate::phase::Phase;
use crate::response::Response;

/// How long the parts of a request took. A phase that did not happen (a pooled connection needs
/// no `connect`) is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// From the sampler's start, before DNS and connect, to the last byte of the body.
    pub total: Duration,
    /// The DNS lookup of the host name.
    pub dns: Option<Duration>,
    /// The TCP handshake.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From the request's first byte sent to the response's first byte.
    pub first_byte: Option<Duration>,
    /// From the response's first byte to its last.
    pub download: Option<Duration>,
    /// From sending a message to its reply.
    pub reply: Option<Duration>,
    /// From the start to the first event of a stream, or to the first message that matches.
    pub first_event: Option<Duration>,
}

impl Timings {
    /// How long a phase took; `None` if there was none of it, or if it may come several times in
    /// one request ([`Gaps`]).
    pub fn get(&self, phase: Phase) -> Option<Duration> {
        match phase {
            Phase::Dns => self.dns,
            Phase::Connect => self.connect,
            Phase::Tls => self.tls,
            Phase::FirstByte => self.first_byte,
            Phase::Download => self.download,
            Phase::Reply => self.reply,
            Phase::FirstEvent => self.first_event,
            Phase::EventGap => None,
        }
    }
}

/// The times between one event of a stream and the next, each with how often it came: rounded to
/// three digits, so that a stream of any length takes bounded memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps(BTreeMap<u64, u64>);

impl Gaps {
    /// Adds a gap.
    pub fn add(&mut self, gap: Duration) {
        let us = u64::try_from(gap.as_micros()).unwrap_or(u64::MAX);
        let step = 10_u64.pow(us.checked_ilog10().unwrap_or(0).saturating_sub(3));
        *self.0.entry((us + step / 2) / step * step).or_default() += 1;
    }

    /// Each gap, and how often it came.
    pub fn iter(&self) -> impl Iterator<Item = (Duration, u64)> {
        self.0.iter().map(|(us, count)| (Duration::from_micros(*us), *count))
    }
}

/// What went over the wire, in order, for people to look at. Nothing in it is masked.
#[derive(Clone, Debug)]
pub enum Entry {
    /// An HTTP request and the head of its response.
    Http(Box<HttpEntry>),
    /// A message that was sent.
    Sent(Message),
    /// A message that came.
    Received(Message),
    /// An event of a stream that came.
    Event(StreamEvent),
}

/// An event of a stream of server-sent events.
#[derive(Clone, Debug)]
pub struct StreamEvent {
    /// Its type.
    pub event: Box<str>,
    /// The last id that the stream has told; empty when it has told none.
    pub id: Box<str>,
    /// Its data.
    pub data: Box<str>,
}

/// A message of a protocol that is no HTTP.
#[derive(Clone, Debug)]
pub struct Message {
    /// Whether it is text.
    pub text: bool,
    /// What it says.
    pub payload: Bytes,
}

/// One request as it was sent and the head of its answer, for people to look at.
#[derive(Clone, Debug)]
pub struct HttpEntry {
    /// The method, for example `GET`.
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
    /// The TLS version, for example `TLSv1_3`.
    pub tls: Option<String>,
    /// The response's status, if there was a response.
    pub status: Option<u16>,
    /// The response's headers.
    pub response_headers: HeaderMap,
}

/// What one request came to.
#[derive(Debug)]
pub struct Exchange {
    /// How long it took, redirects included.
    pub timings: Timings,
    /// The times between the events that came, if it is a stream; boxed, as most are none.
    pub gaps: Option<Box<Gaps>>,
    /// Bytes written for it, head and body.
    pub sent_bytes: u64,
    /// Bytes read for it, head and body as they came over the wire.
    pub received_bytes: u64,
    /// Requests sent again because the server had closed the pooled connection.
    pub reconnects: u32,
    /// Whether the response came from the user's cache and nothing was sent.
    pub cached: bool,
    /// What went over the wire, in order, if the request asked to have it captured; empty otherwise.
    pub transcript: Vec<Entry>,
    /// The response, or why there is none. A whole response with a bad status is a response.
    pub outcome: Result<Rc<Response>, Failure>,
    /// What came of a response whose body did not come whole or is damaged: status, headers and the
    /// body so far. Its time is the exchange's, which is no response time.
    pub partial: Option<Rc<Response>>,
}

impl Exchange {
    /// The HTTP requests of the transcript.
    pub fn http_entries(&self) -> impl Iterator<Item = &HttpEntry> {
        self.transcript.iter().filter_map(|entry| match entry {
            Entry::Http(entry) => Some(&**entry),
            Entry::Sent(_) | Entry::Received(_) | Entry::Event(_) => None,
        })
    }

    /// The response, or what came of it.
    pub fn response(&self) -> Option<&Response> {
        self.outcome.as_ref().ok().or(self.partial.as_ref()).map(|response| &**response)
    }
}
