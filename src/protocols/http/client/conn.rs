//! One exchange on one connection, over HTTP/1 or HTTP/2.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt as _;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, SET_COOKIE};
use http::{Method, StatusCode, Version};
use http_body::Body as _;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::TokioIo;

use super::answer::Head;
use super::connect::Established;
use super::decode::Collector;
use super::failure::{self, ExchangeError, Stage};
use super::frames::{Ends, Watched};
use super::h1::{Http1, MAX_HEAD, Receiver};
use super::head::Wire;
use super::progress::{Progress, Traffic};
use super::settings::Decompression;
use super::tap::Tap;
use crate::failure::Failure;
use crate::response::{Body, Headers};

/// A body to send.
pub(super) type Outgoing = Full<Bytes>;

/// What the peer of a connection is, for people.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) remote: SocketAddr,
    pub(super) tls: Option<String>,
}

/// A connection that carries many requests at once, driven by a task of its own.
#[derive(Clone)]
pub(super) struct Http2 {
    sender: http2::SendRequest<Outgoing>,
    traffic: Rc<Traffic>,
    ends: Rc<Ends>,
    peer: Rc<Peer>,
    /// Whether a request on it was abandoned without an end.
    given_up: Rc<Cell<bool>>,
}

/// A connection ready for a request.
pub(super) enum Connection {
    Http1(Box<Http1>),
    Http2(Http2),
}

/// Spawns the tasks of HTTP/2 connections on the thread they belong to.
#[derive(Clone, Copy)]
struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}

impl Connection {
    /// Starts HTTP on a stream.
    pub(super) async fn open(established: Established) -> Result<Self, Failure> {
        let Established { stream, traffic, http2, remote, tls } = established;
        let peer = Peer { remote, tls };
        if !http2 {
            return Ok(Self::Http1(Box::new(Http1::new(stream, peer))));
        }
        let ends = Rc::new(Ends::default());
        let (sender, driver) = http2::Builder::new(LocalExecutor)
            .initial_stream_window_size(1024 * 1024)
            .initial_connection_window_size(4 * 1024 * 1024)
            .max_header_list_size(MAX_HEAD as u32)
            .handshake(TokioIo::new(Watched::new(stream, &ends)))
            .await
            .map_err(|error: hyper::Error| failure::http2_before_head(&error).failure)?;
        tokio::task::spawn_local(async move {
            // Its error reaches the requests on it.
            let _ = driver.await;
        });
        Ok(Self::Http2(Http2 { sender, traffic, ends, peer: Rc::new(peer), given_up: Rc::default() }))
    }

    pub(super) fn traffic(&self) -> &Rc<Traffic> {
        match self {
            Self::Http1(connection) => connection.stream().traffic(),
            Self::Http2(connection) => &connection.traffic,
        }
    }
}

impl Http2 {
    pub(super) fn peer(&self) -> &Rc<Peer> {
        &self.peer
    }

    /// Whether new requests can be sent.
    pub(super) fn is_usable(&self) -> bool {
        !self.given_up.get() && !self.sender.is_closed()
    }
}

/// How the body of a response is to be read.
#[derive(Debug)]
pub(super) struct Reading {
    /// Whether it is kept and decoded, or only drained and counted.
    pub(super) keep: bool,
    /// How many bytes are kept at most.
    pub(super) max_body: u64,
    /// How far it is decompressed.
    pub(super) decompression: Decompression,
    /// Where it goes instead of being kept.
    pub(super) tap: Option<Rc<Tap>>,
}

/// A response. It is whole, unless it is what [`Progress::partial`] holds.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) version: &'static str,
    pub(super) headers: Headers,
    /// Whether there is a `Set-Cookie` among the headers.
    pub(super) sets_cookies: bool,
    pub(super) body: Body,
    pub(super) body_bytes: u64,
}

/// Takes a response as it comes and notes how far it has come. `reading` decides, once the head is
/// there, what becomes of the body.
struct AnswerReader<'p, F> {
    reading: Option<F>,
    progress: &'p Progress,
    start: Instant,
    answered: Option<Instant>,
    /// When the last bytes came, once somebody has asked.
    now: Option<Instant>,
    begun: Option<(Answer, Collector)>,
    announced: Option<u64>,
    received: u64,
    keeps_alive: bool,
}

impl<'p, F: FnOnce(StatusCode, &Headers) -> Reading> AnswerReader<'p, F> {
    /// `waited` tells that time has passed since the request or its last hop began.
    fn new(reading: F, progress: &'p Progress, waited: bool) -> Self {
        progress.stage.set(Stage::Waiting);
        Self {
            reading: Some(reading),
            progress,
            start: progress.start.take().filter(|_| !waited).unwrap_or_else(Instant::now),
            answered: None,
            now: None,
            begun: None,
            announced: None,
            received: 0,
            keeps_alive: false,
        }
    }

    fn begin(&mut self, answer: Answer, encoded: bool, announced: Option<u64>) {
        let now = self.now();
        self.answered = Some(now);
        self.progress.stage.set(Stage::Body);
        self.progress.first_byte.set(Some(now - self.start));
        self.progress.download.set(None);
        let Some(reading) = self.reading.take() else { return };
        let reading = reading(answer.status, &answer.headers);
        let headers = encoded.then(|| &*answer.headers);
        self.announced = announced;
        let collector = Collector::new(answer.status, headers, reading, announced);
        self.begun = Some((answer, collector));
    }

    /// When the last bytes came. One look at the clock is enough for all that one read brought.
    fn now(&mut self) -> Instant {
        *self.now.get_or_insert_with(Instant::now)
    }

    /// The body has ended, one way or another.
    fn end(&mut self) {
        if let Some(answered) = self.answered {
            let now = self.now();
            self.progress.download.set(Some(now - answered));
            self.progress.ended.set(Some(now));
        }
    }

    fn finish(mut self) -> Result<Answer, ExchangeError> {
        let Some((mut answer, collector)) = self.begun.take() else {
            return Err(failure::Broken::Closed.before_head(false));
        };
        match collector.finish() {
            Ok((body, length)) => {
                (answer.body, answer.body_bytes) = (body, length);
                Ok(answer)
            }
            Err(failure) => {
                self.progress.partial.replace(Some(Box::new(answer)));
                Err(failure.into())
            }
        }
    }
}

/// What has come of a response stays to be looked at when the rest does not come: an error page of
/// a gateway tells more than its missing end. Interrupted requests end here too.
impl<F> Drop for AnswerReader<'_, F> {
    fn drop(&mut self) {
        if let Some((mut answer, collector)) = self.begun.take() {
            (answer.body, answer.body_bytes) = collector.so_far();
            self.progress.partial.replace(Some(Box::new(answer)));
        }
    }
}

impl<F: FnOnce(StatusCode, &Headers) -> Reading> Receiver for AnswerReader<'_, F> {
    fn head(&mut self, head: Head) {
        self.keeps_alive = head.keeps_alive && head.status != 101;
        let announced = head.announced.filter(|_| head.may_have_body);
        let answer = Answer {
            // The parser takes no other numbers.
            status: StatusCode::from_u16(head.status).unwrap_or_default(),
            version: if head.is_http11 { "HTTP/1.1" } else { "HTTP/1.0" },
            headers: head.headers,
            sets_cookies: head.sets_cookies,
            body: Body::default(),
            body_bytes: 0,
        };
        self.begin(answer, head.encoded, announced);
    }

    fn came(&mut self) {
        self.now = None;
        if self.begun.is_none() {
            self.progress.stage.set(Stage::Head);
        }
    }

    fn data(&mut self, data: &[u8]) {
        self.received += data.len() as u64;
        if let Some((_, collector)) = &mut self.begun {
            if collector.is_worked_on() {
                // The time goes to what has come, not to what is made of it.
                collector.came_at(*self.now.get_or_insert_with(Instant::now));
            }
            collector.push(data);
        }
    }

    #[inline]
    fn is_behind(&self) -> bool {
        self.begun.as_ref().is_some_and(|(_, collector)| collector.is_behind())
    }

    #[inline]
    fn has_room(&self) -> bool {
        self.begun.as_ref().is_none_or(|(_, collector)| collector.has_room())
    }

    #[inline]
    fn is_over(&self) -> bool {
        self.begun.as_ref().is_some_and(|(_, collector)| collector.is_over())
    }

    fn catch_up(&mut self) {
        self.now();
        if let Some((_, collector)) = &mut self.begun {
            collector.catch_up();
        }
        self.progress.stage.set(Stage::Decompressing);
    }

    #[inline]
    fn rest(&mut self) {
        if let Some((_, collector)) = &mut self.begun {
            collector.rest();
            self.progress.stage.set(Stage::Body);
        }
    }
}

/// Sends a request over HTTP/1 and reads its answer to the last byte. `fresh` tells that the
/// connection has carried nothing yet; `no_body` that the request is a `HEAD`. The flag tells
/// whether the connection can be used again.
pub(super) async fn over_http1(
    connection: &mut Http1,
    wire: &Wire,
    no_body: bool,
    fresh: bool,
    reading: impl FnOnce(StatusCode, &Headers) -> Reading,
    progress: &Progress,
) -> Result<(Answer, bool), ExchangeError> {
    let mut reader = AnswerReader::new(reading, progress, fresh);
    let result = connection.exchange(wire, no_body, fresh, &mut reader).await;
    reader.end();
    match result {
        Ok(goes_on) => {
            let reusable = goes_on && reader.keeps_alive && !wire.closing;
            Ok((reader.finish()?, reusable))
        }
        Err(interrupted) if reader.begun.is_some() => {
            Err(interrupted.broken.in_body(reader.received, reader.announced).into())
        }
        Err(interrupted) => {
            let mut error = interrupted.broken.before_head(connection.stream().traffic().received() > 0);
            error.untouched |= interrupted.unsent;
            error.waited = reader.start.elapsed();
            Err(error)
        }
    }
}

/// A request in progress. When it is dropped before it has ended (it ran out of time), nobody can tell
/// whether the server was slow or the connection is dead: the connection takes no new ones. Those
/// in progress on it may still end.
struct UnderWay(Option<Rc<Cell<bool>>>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(given_up) = &self.0 {
            given_up.set(true);
        }
    }
}

/// Sends a request over HTTP/2 and reads its answer to the last byte.
pub(super) async fn over_http2(
    connection: &mut Http2,
    request: http::Request<Outgoing>,
    reading: impl FnOnce(StatusCode, &Headers) -> Reading,
    progress: &Progress,
) -> Result<Answer, ExchangeError> {
    let mut under_way = UnderWay(Some(Rc::clone(&connection.given_up)));
    let result = exchange_http2(connection, request, reading, progress).await;
    under_way.0 = None;
    result
}

async fn exchange_http2(
    connection: &mut Http2,
    request: http::Request<Outgoing>,
    reading: impl FnOnce(StatusCode, &Headers) -> Reading,
    progress: &Progress,
) -> Result<Answer, ExchangeError> {
    let head = *request.method() == Method::HEAD;
    let mut reader = AnswerReader::new(reading, progress, true);
    let ended = connection.ends.count();
    let response = match connection.head(request).await {
        Ok(response) => response,
        Err(mut error) => {
            error.waited = reader.start.elapsed();
            return Err(error);
        }
    };
    let (parts, mut body) = response.into_parts();
    let has_body = !head && !matches!(parts.status.as_u16(), 100..=199 | 204 | 304);
    let announced = has_body.then(|| parts.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()).flatten();
    let encoded = parts.headers.contains_key(CONTENT_ENCODING);
    let answer = Answer {
        status: parts.status,
        version: version_word(parts.version),
        sets_cookies: parts.headers.contains_key(SET_COOKIE),
        headers: parts.headers.into(),
        body: Body::default(),
        body_bytes: 0,
    };
    reader.begin(answer, encoded, announced);
    while !body.is_end_stream() {
        let frame = if reader.is_behind() {
            let next = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
            let come = if reader.has_room() { next.now_or_never() } else { None };
            let Some(frame) = come else {
                reader.catch_up();
                tokio::task::yield_now().await;
                continue;
            };
            frame
        } else {
            reader.rest();
            // Whoever takes the body may have enough of it while nothing comes.
            let next = poll_fn(|cx| match Pin::new(&mut body).poll_frame(cx) {
                Poll::Pending if reader.is_over() => Poll::Ready(None),
                frame => frame.map(Some),
            });
            let Some(frame) = next.await else {
                reader.came();
                reader.end();
                return reader.finish();
            };
            frame
        };
        match frame {
            None => {
                reader.came();
                // Without END_STREAM it was a reset that says NO_ERROR, which only may follow a whole
                // answer (RFC 9113 §8.1).
                if !body.is_end_stream() {
                    reader.end();
                    return Err(failure::cut_body(reader.received, reader.announced).into());
                }
                break;
            }
            Some(Ok(frame)) => {
                reader.came();
                if let Ok(data) = frame.into_data() {
                    reader.data(&data);
                }
                if reader.is_over() {
                    reader.end();
                    return reader.finish();
                }
            }
            Some(Err(error)) => {
                reader.came();
                reader.end();
                let (received, announced) = (reader.received, reader.announced);
                let length = |announced| connection.ends.length(ended, received, announced);
                return Err(failure::http2_in_body(&error, received, announced, length).into());
            }
        }
    }
    while reader.is_behind() {
        reader.catch_up();
        tokio::task::yield_now().await;
    }
    reader.end();
    match reader.announced {
        Some(announced) if announced != reader.received => {
            Err(failure::cut_body(reader.received, reader.announced).into())
        }
        _ => reader.finish(),
    }
}

impl Http2 {
    async fn head(
        &mut self,
        request: http::Request<Outgoing>,
    ) -> Result<http::Response<hyper::body::Incoming>, ExchangeError> {
        self.sender.try_send_request(request).await.map_err(|mut error| {
            let unsent = error.take_message().is_some();
            let mut failed = failure::http2_before_head(error.error());
            failed.untouched |= unsent;
            failed
        })
    }
}

fn version_word(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_11 => "HTTP/1.1",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/2",
    }
}
