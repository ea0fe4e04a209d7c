//! One exchange on one connection, over HTTP/1 or HTTP/2.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderMap, Method, StatusCode, Version};
use http_body::{Body as _, Frame};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;

use super::connect::{Established, Stream};
use super::decode::Collector;
use super::failure::{self, ExchangeError, Stage};
use super::progress::{Progress, Traffic};
use crate::samplers::Failure;

/// A body to send.
pub(super) type Outgoing = Full<Bytes>;

/// The most an HTTP/1 connection buffers in each direction, and so the largest head it takes.
const MAX_BUFFER: usize = 64 * 1024;

/// What the peer of a connection is, for people.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) remote: SocketAddr,
    pub(super) tls: Option<String>,
}

/// A connection that carries one request at a time. Nobody but the task that uses it drives it.
pub(super) struct Http1 {
    sender: http1::SendRequest<Outgoing>,
    driver: http1::Connection<TokioIo<Stream>, Outgoing>,
    traffic: Rc<Traffic>,
    peer: Rc<Peer>,
    /// The driver has finished; it must not be polled again.
    ended: bool,
}

/// A connection that carries many requests at once, driven by a task of its own.
#[derive(Clone)]
pub(super) struct Http2 {
    sender: http2::SendRequest<Outgoing>,
    traffic: Rc<Traffic>,
    peer: Rc<Peer>,
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
        let io = TokioIo::new(stream);
        let peer = Rc::new(Peer { remote, tls });
        let failed = |error: hyper::Error| failure::before_head(&error, false).failure;
        if http2 {
            let (sender, driver) = http2::Builder::new(LocalExecutor)
                .initial_stream_window_size(1024 * 1024)
                .initial_connection_window_size(4 * 1024 * 1024)
                .max_header_list_size(64 * 1024)
                .handshake(io)
                .await
                .map_err(failed)?;
            tokio::task::spawn_local(async move {
                // Its error reaches the requests on it.
                let _ = driver.await;
            });
            Ok(Self::Http2(Http2 { sender, traffic, peer }))
        } else {
            let (sender, driver) =
                http1::Builder::new().max_buf_size(MAX_BUFFER).handshake(io).await.map_err(failed)?;
            Ok(Self::Http1(Box::new(Http1 { sender, driver, traffic, peer, ended: false })))
        }
    }

    pub(super) fn traffic(&self) -> &Rc<Traffic> {
        match self {
            Self::Http1(connection) => &connection.traffic,
            Self::Http2(connection) => &connection.traffic,
        }
    }

    pub(super) fn peer(&self) -> &Rc<Peer> {
        match self {
            Self::Http1(connection) => &connection.peer,
            Self::Http2(connection) => &connection.peer,
        }
    }
}

impl Http2 {
    /// Whether new requests can be sent.
    pub(super) fn is_usable(&self) -> bool {
        !self.sender.is_closed()
    }
}

impl Http1 {
    /// Whether the connection can take a request: looks at what has happened on it meanwhile.
    pub(super) async fn is_usable(&mut self) -> bool {
        poll_fn(|cx| Poll::Ready(!self.drive(cx) && self.sender.is_ready())).await
    }

    /// Lets the connection work; true once it has ended.
    fn drive(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.ended && Pin::new(&mut self.driver).poll(cx).is_ready() {
            self.ended = true;
        }
        self.ended
    }

    /// Sends a request and waits for the head of its answer.
    ///
    /// The driver runs in this task, so what it hands over needs no wake-up: answers and bodies
    /// are looked for right after it ran, with a waker that does nothing.
    async fn head(&mut self, request: http::Request<Outgoing>) -> Result<http::Response<Incoming>, ExchangeError> {
        let mut answer = pin!(self.sender.try_send_request(request));
        let result = poll_fn(|cx| {
            let mut idle = Context::from_waker(Waker::noop());
            let ended = self.ended || Pin::new(&mut self.driver).poll(cx).is_ready();
            self.ended = ended;
            match answer.as_mut().poll(&mut idle) {
                Poll::Ready(result) => Poll::Ready(Some(result)),
                Poll::Pending if ended => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        let answered = self.traffic.received() > 0;
        match result {
            Some(Ok(response)) => Ok(response),
            Some(Err(mut error)) => {
                let unsent = error.take_message().is_some();
                let mut failed = failure::before_head(error.error(), answered);
                failed.untouched |= unsent;
                Err(failed)
            }
            None => Err(failure::closed_without_answer(answered)),
        }
    }

    /// The next piece of the body.
    async fn frame(&mut self, body: &mut Incoming) -> Option<Result<Frame<Bytes>, Broken>> {
        poll_fn(|cx| {
            let mut idle = Context::from_waker(Waker::noop());
            if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(&mut idle) {
                return Poll::Ready(frame.map(|frame| frame.map_err(Broken::Error)));
            }
            let ended = self.drive(cx);
            match Pin::new(&mut *body).poll_frame(&mut idle) {
                Poll::Ready(frame) => Poll::Ready(frame.map(|frame| frame.map_err(Broken::Error))),
                Poll::Pending if ended => Poll::Ready(Some(Err(Broken::Ended))),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

enum Broken {
    Error(hyper::Error),
    Ended,
}

/// How the body of an answer is to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// Whether it is kept and decoded, or only drained and counted.
    pub(super) keep: bool,
    /// How many bytes are kept at most.
    pub(super) max_body: u64,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) version: &'static str,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) body_bytes: u64,
}

/// Sends a request and reads its answer to the last byte. `reading` decides, once the head is
/// there, what becomes of the body. The flag tells whether the connection can be used again.
pub(super) async fn exchange(
    connection: &mut Connection,
    request: http::Request<Outgoing>,
    reading: impl FnOnce(StatusCode, &HeaderMap) -> Reading,
    progress: &Progress,
) -> Result<(Answer, bool), ExchangeError> {
    let head = *request.method() == Method::HEAD;
    let closing = says_close(request.headers());
    progress.stage.set(Stage::Waiting);
    let start = Instant::now();
    let response = match connection {
        Connection::Http1(connection) => connection.head(request).await?,
        Connection::Http2(connection) => connection.head(request).await?,
    };
    let answered = Instant::now();
    progress.stage.set(Stage::Body);
    progress.first_byte.set(Some(answered - start));
    progress.download.set(None);

    let (parts, mut body) = response.into_parts();
    let has_body = !head && !matches!(parts.status.as_u16(), 100..=199 | 204 | 304);
    let announced = has_body.then(|| announced(&parts.headers)).flatten();
    let reading = reading(parts.status, &parts.headers);
    let mut collector = Collector::new(parts.status, &parts.headers, reading, announced);
    let mut received = 0;
    loop {
        // Saves one round through the machinery at the end of a body of known length.
        if body.is_end_stream() {
            break;
        }
        let frame = match connection {
            Connection::Http1(connection) => connection.frame(&mut body).await,
            Connection::Http2(_) => {
                poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await.map(|frame| frame.map_err(Broken::Error))
            }
        };
        match frame {
            None => break,
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    received += data.len() as u64;
                    collector.push(data);
                }
            }
            Some(Err(broken)) => {
                progress.download.set(Some(answered.elapsed()));
                let failure = match broken {
                    Broken::Error(error) => failure::in_body(&error, received, announced),
                    Broken::Ended => failure::cut_body(received, announced),
                };
                return Err(ExchangeError { failure, untouched: false, silent: false });
            }
        }
    }
    progress.download.set(Some(answered.elapsed()));

    let reusable = match connection {
        Connection::Http1(connection) => {
            !connection.ended
                && !closing
                && parts.status != StatusCode::SWITCHING_PROTOCOLS
                && keeps_alive(parts.version, &parts.headers)
        }
        Connection::Http2(_) => true,
    };
    let (body, body_bytes) =
        collector.finish().map_err(|failure| ExchangeError { failure, untouched: false, silent: false })?;
    let answer =
        Answer { status: parts.status, version: version_word(parts.version), headers: parts.headers, body, body_bytes };
    Ok((answer, reusable))
}

impl Http2 {
    async fn head(&mut self, request: http::Request<Outgoing>) -> Result<http::Response<Incoming>, ExchangeError> {
        self.sender.try_send_request(request).await.map_err(|mut error| {
            let unsent = error.take_message().is_some();
            let mut failed = failure::before_head(error.error(), false);
            failed.untouched |= unsent;
            failed
        })
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn says_close(headers: &HeaderMap) -> bool {
    connection_says(headers, "close")
}

fn connection_says(headers: &HeaderMap, word: &str) -> bool {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|token| token.trim().eq_ignore_ascii_case(word)))
}

fn keeps_alive(version: Version, headers: &HeaderMap) -> bool {
    match version {
        Version::HTTP_10 | Version::HTTP_09 => connection_says(headers, "keep-alive"),
        _ => !says_close(headers),
    }
}

fn version_word(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}
