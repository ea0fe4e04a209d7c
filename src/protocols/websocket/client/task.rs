//! The task that drives a WebSocket. All that knows the library is in this file.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio::sync::Notify;
use yawc::close::CloseCode;
use yawc::{DeflatePool, Frame, OpCode, Options, Role, WebSocket, WebSocketError};

use super::inbox::{Arrived, End, Inbox};
use super::rewind::{BrokenRule, Rewind};
use crate::failure::{Failure, FailureKind};
use crate::protocols::http::client::{Traffic, Upgraded};

/// How large the library's buffers are to begin with, in bytes: an idle connection has two.
const BUFFER: usize = 1024;
/// How long the server may take to answer a close frame.
const CLOSING: Duration = Duration::from_secs(1);
/// How many compressors and decompressors a thread keeps for its connections.
const POOLED: usize = 8;
/// How many pongs may wait to be sent before nothing more is read.
const MAX_PONGS: usize = 64;
/// No code was given (RFC 6455 §7.4.1).
const NO_CODE: u16 = 1005;

type Socket = WebSocket<Rewind>;

thread_local! {
    static POOL: DeflatePool = DeflatePool::new(POOLED);
}

/// A WebSocket. Dropping it closes the connection, politely where the server lets it.
pub(crate) struct Connection {
    shared: Rc<SharedQueues>,
    traffic: Rc<Traffic>,
}

/// What the task and the user's steps share.
#[derive(Default)]
struct SharedQueues {
    inbox: Inbox,
    outbox: RefCell<Outbox>,
    /// Something is to be sent.
    work: Notify,
    /// It was sent, or could not be.
    sent: Notify,
}

/// What is to be sent.
#[derive(Default)]
enum Outbox {
    /// Nothing.
    #[default]
    Empty,
    /// A message: whether it is text, and what it says.
    Message(bool, Bytes),
    /// It was sent.
    Sent,
    /// The connection is not used any more.
    Close,
}

impl Connection {
    /// Speaks WebSocket on a connection whose server agreed to it. `deflate` is what was agreed on
    /// compression; a message of more than `max_message` bytes breaks the connection.
    ///
    /// # Errors
    /// When the library does not take what was agreed.
    pub(crate) fn new(upgraded: Upgraded, deflate: Option<&str>, max_message: usize) -> Result<Self, Failure> {
        let traffic = Rc::clone(upgraded.stream.traffic());
        // Both limits are exclusive.
        let limit = max_message.saturating_add(1);
        let mut options = Options::default()
            .with_limits(limit, limit)
            .with_utf8()
            .with_read_buffer_capacity(BUFFER)
            .with_write_buffer_capacity(BUFFER);
        if deflate.is_some() {
            options = options
                .with_low_latency_compression()
                // Empty messages go as they are: some compressors never end with one.
                .with_compression_threshold(1)
                .with_deflate_pool(POOL.with(DeflatePool::clone));
        }
        let stream = Rewind::new(upgraded, deflate.is_some());
        let broken = stream.broken();
        let socket = Socket::from_stream_with_extensions(stream, Role::Client, deflate, options)
            .map_err(|error| Failure::new(FailureKind::Protocol, format!("the WebSocket cannot be used: {error}")))?;
        let shared = Rc::new(SharedQueues::default());
        tokio::task::spawn_local(drive(Box::new(socket), Rc::clone(&shared), broken, max_message));
        Ok(Self { shared, traffic })
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&self) -> Option<End> {
        self.shared.inbox.ended()
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the connection has ended.
    pub(crate) async fn send(&self, text: bool, payload: Bytes) -> Result<(), End> {
        self.shared.outbox.replace(Outbox::Message(text, payload));
        self.shared.work.notify_one();
        loop {
            if let Some(end) = self.ended() {
                return Err(end);
            }
            if matches!(*self.shared.outbox.borrow(), Outbox::Sent) {
                self.shared.outbox.replace(Outbox::Empty);
                return Ok(());
            }
            self.shared.sent.notified().await;
        }
    }

    /// The next message, in the order they came.
    ///
    /// # Errors
    /// When the connection has ended.
    pub(crate) async fn next(&self) -> Result<Arrived, End> {
        self.shared.inbox.next().await
    }

    /// Discards the messages that no step has asked for; how many there were.
    pub(crate) fn clear(&self) -> u64 {
        self.shared.inbox.clear()
    }

    /// How many messages were discarded since the step before because too many waited.
    pub(crate) fn lost(&self) -> u64 {
        self.shared.inbox.lost()
    }

    /// Bytes sent and received since this was last asked.
    pub(crate) fn traffic(&self) -> (u64, u64) {
        self.traffic.take()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.outbox.replace(Outbox::Close);
        self.shared.work.notify_one();
    }
}

/// A message on its way to the server.
enum Sending {
    /// There is none.
    Nothing,
    /// It waits for room.
    Frame(Frame),
    /// It is in the library's buffer.
    Buffered,
}

/// What has happened on a connection.
enum News {
    Sent(Result<(), WebSocketError>),
    Came(Result<Frame, WebSocketError>),
}

/// Reads what comes and sends what is to be sent, until the connection ends or is not used any more.
async fn drive(mut socket: Box<Socket>, shared: Rc<SharedQueues>, broken: BrokenRule, max_message: usize) {
    let mut sending = Sending::Nothing;
    let mut pongs = 0;
    let error = loop {
        // A server that never pauses must not keep the thread from its other users.
        tokio::task::coop::consume_budget().await;
        tokio::select! {
            biased;
            () = shared.work.notified() => match shared.outbox.take() {
                Outbox::Message(text, payload) => {
                    sending = Sending::Frame(if text { text_frame(payload) } else { Frame::binary(payload) });
                }
                Outbox::Close => return match sending {
                    Sending::Nothing => close(&mut socket).await,
                    // Half a message is on its way: nothing can follow it.
                    Sending::Frame(_) | Sending::Buffered => {}
                },
                state @ (Outbox::Sent | Outbox::Empty) => drop(shared.outbox.replace(state)),
            },
            news = poll_fn(|cx| advance(&mut socket, &mut sending, &mut pongs, cx)) => match news {
                News::Sent(Ok(())) => {
                    // Unless it is to be closed meanwhile.
                    if matches!(*shared.outbox.borrow(), Outbox::Empty) {
                        shared.outbox.replace(Outbox::Sent);
                    }
                    shared.sent.notify_one();
                    // Whoever waits for the reply says so before anything is read.
                    tokio::task::yield_now().await;
                }
                News::Came(Ok(frame)) => match frame.opcode() {
                    OpCode::Text | OpCode::Binary | OpCode::Continuation => {
                        shared.inbox.push(Arrived { at: Instant::now(), payload: frame.into_payload() });
                        while shared.inbox.is_full() {
                            tokio::task::yield_now().await;
                        }
                    }
                    // The library has its pong ready.
                    OpCode::Ping => pongs += 1,
                    OpCode::Pong => {}
                    OpCode::Close => {
                        let code = frame.close_code().map_or(NO_CODE, u16::from);
                        let reason = frame.close_reason().ok().flatten().unwrap_or_default().into();
                        shared.inbox.end(End::Closed { code, reason });
                        shared.sent.notify_one();
                        // Asked once more, it returns the close frame.
                        let _ = tokio::time::timeout(CLOSING, socket.next_frame()).await;
                        return;
                    }
                },
                News::Sent(Err(error)) | News::Came(Err(error)) => break error,
            },
        }
    };
    let code = match (&error, broken.get()) {
        (_, Some(_)) => 1002,
        (WebSocketError::InvalidUTF8, None) => 1007,
        (WebSocketError::FrameTooLarge, None) => 1009,
        (_, None) => 1011,
    };
    shared.inbox.end(failed(error, broken.get(), max_message));
    shared.sent.notify_one();
    let goodbye = async {
        // The library tells the server of most faults itself, when it is asked for the next frame.
        let next = poll_fn(|cx| Poll::Ready(socket.poll_next_frame(cx))).await;
        let told = matches!(next, Poll::Ready(Err(WebSocketError::ConnectionClosed)));
        if !told || broken.get().is_some() {
            drop(socket.send(Frame::close(CloseCode::from(code), "")).await);
        }
    };
    let _ = tokio::time::timeout(CLOSING, goodbye).await;
}

/// Goes on with what is to be sent, and with reading: a server may send before it reads.
fn advance(socket: &mut Socket, sending: &mut Sending, pongs: &mut usize, cx: &mut Context<'_>) -> Poll<News> {
    if *pongs > 0 || matches!(sending, Sending::Frame(_)) {
        match socket.poll_ready_unpin(cx) {
            Poll::Ready(Ok(())) => {
                *pongs = 0;
                if matches!(sending, Sending::Frame(_))
                    && let Sending::Frame(frame) = std::mem::replace(sending, Sending::Buffered)
                    && let Err(error) = socket.start_send_unpin(frame)
                {
                    return Poll::Ready(News::Sent(Err(error)));
                }
            }
            Poll::Ready(Err(error)) => return Poll::Ready(News::Sent(Err(error))),
            Poll::Pending if *pongs >= MAX_PONGS => return Poll::Pending,
            Poll::Pending => {}
        }
    }
    if matches!(sending, Sending::Buffered)
        && let Poll::Ready(result) = socket.poll_flush_unpin(cx)
    {
        *sending = Sending::Nothing;
        return Poll::Ready(News::Sent(result));
    }
    socket.poll_next_frame(cx).map(News::Came)
}

/// Closes the connection: a close frame goes out, and the server's is waited for.
async fn close(socket: &mut Socket) {
    let closing = async {
        if socket.send(Frame::close(CloseCode::from(1000_u16), "")).await.is_err() {
            return;
        }
        // Not asked again after the server's close frame: it would send another one.
        while let Ok(frame) = socket.next_frame().await {
            if frame.opcode() == OpCode::Close {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(CLOSING, closing).await;
}

/// A text message, or a binary one of what is no text: the plan's text always is.
fn text_frame(payload: Bytes) -> Frame {
    match String::from_utf8(payload.into()) {
        Ok(text) => Frame::text(text),
        Err(error) => Frame::binary(error.into_bytes()),
    }
}

/// Why a connection broke, in words; `broken` is the rule that the server has broken.
fn failed(error: WebSocketError, broken: Option<&str>, max_message: usize) -> End {
    let protocol = |message: String| Failure::new(FailureKind::Protocol, message);
    let wrong = |what: &str| protocol(format!("the server violates the WebSocket protocol: {what}"));
    if let Some(rule) = broken {
        return End::Failed(wrong(rule));
    }
    End::Failed(match error {
        WebSocketError::FrameTooLarge => Failure::new(
            FailureKind::Body,
            format!("the server sent a message of more than {max_message} bytes (max_message)"),
        ),
        WebSocketError::InvalidUTF8 => wrong("a text message is not UTF-8 (RFC 6455 §8.1)"),
        WebSocketError::InvalidCloseFrame => wrong("a close frame has one byte (RFC 6455 §5.5.1)"),
        WebSocketError::InvalidCloseCode => wrong("a close frame has a code that must not be sent (RFC 6455 §7.4)"),
        WebSocketError::ConnectionClosed => {
            Failure::new(FailureKind::Reset, "the server closed the connection without a close frame")
        }
        WebSocketError::IoError(error) => match error.kind() {
            ErrorKind::InvalidInput => protocol("the server sent compressed data that cannot be decompressed".into()),
            ErrorKind::Other => {
                Failure::new(FailureKind::Reset, "the server closed the connection in the middle of a message")
            }
            // TLS has ended without a word (RFC 8446 §6.1).
            ErrorKind::UnexpectedEof => {
                Failure::new(FailureKind::Reset, "the server closed the connection without a close frame")
            }
            kind => Failure::new(FailureKind::Reset, format!("the connection failed: {kind}")),
        },
        error => protocol(format!("the connection failed: {error}")),
    })
}
