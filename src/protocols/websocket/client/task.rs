//! The task that drives a WebSocket. All that knows the library is in this file.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::SinkExt as _;
use tokio::sync::Notify;
use yawc::close::CloseCode;
use yawc::{DeflatePool, Frame, OpCode, Options, Role, WebSocket, WebSocketError};

use super::inbox::{Arrived, End, Inbox};
use super::rewind::Rewind;
use crate::failure::{Failure, FailureKind};
use crate::protocols::http::client::{Traffic, Upgraded};

/// How large the library's buffers are to begin with, in bytes: an idle connection has two.
const BUFFER: usize = 1024;
/// How long the server may take to answer a close frame.
const CLOSING: Duration = Duration::from_secs(1);
/// How many compressors and decompressors a thread keeps for its connections.
const POOLED: usize = 8;
/// No code was given (RFC 6455 §7.4.1).
const NO_CODE: u16 = 1005;

type Socket = WebSocket<Rewind>;

thread_local! {
    static POOL: DeflatePool = DeflatePool::new(POOLED);
}

/// A WebSocket. Dropping it closes the connection, politely where the server lets it.
pub(crate) struct Connection {
    shared: Rc<Shared>,
    traffic: Rc<Traffic>,
}

/// What the task and the user's steps share.
#[derive(Default)]
struct Shared {
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
        let socket = Socket::from_stream_with_extensions(Rewind::from(upgraded), Role::Client, deflate, options)
            .map_err(|error| Failure::new(FailureKind::Protocol, format!("the WebSocket cannot be used: {error}")))?;
        let shared = Rc::new(Shared::default());
        tokio::task::spawn_local(drive(Box::new(socket), Rc::clone(&shared), max_message));
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

    /// Gives up the messages that no step has asked for; how many there were.
    pub(crate) fn clear(&self) -> u64 {
        self.shared.inbox.clear()
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

/// Reads what comes and sends what is to be sent, until the connection ends or is not used any more.
async fn drive(mut socket: Box<Socket>, shared: Rc<Shared>, max_message: usize) {
    let end = loop {
        // A server that never pauses must not keep the thread from its other users.
        tokio::task::coop::consume_budget().await;
        tokio::select! {
            biased;
            () = shared.work.notified() => {
                match shared.outbox.take() {
                    Outbox::Message(text, payload) => {
                        let frame = if text { text_frame(payload) } else { Frame::binary(payload) };
                        let result = socket.send(frame).await;
                        if let Err(error) = result {
                            break failed(error, max_message);
                        }
                        let next = shared.outbox.take();
                        if matches!(next, Outbox::Empty) {
                            shared.outbox.replace(Outbox::Sent);
                            shared.sent.notify_one();
                        } else {
                            // Something else is to be done meanwhile.
                            shared.outbox.replace(next);
                            shared.work.notify_one();
                        }
                    }
                    Outbox::Close => return close(&mut socket).await,
                    state @ (Outbox::Sent | Outbox::Empty) => drop(shared.outbox.replace(state)),
                }
            }
            frame = socket.next_frame() => match frame {
                Ok(frame) => match frame.opcode() {
                    OpCode::Text | OpCode::Binary | OpCode::Continuation => {
                        shared.inbox.push(Arrived { at: Instant::now(), payload: frame.into_payload() });
                    }
                    // The library has its pong ready, and sends it when it is asked for the next frame.
                    OpCode::Ping | OpCode::Pong => {}
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
                Err(error) => break failed(error, max_message),
            },
        }
    };
    let code = match &end {
        End::Failed(failure) if failure.message == NOT_UTF8 => Some(1007),
        End::Failed(_) | End::Closed { .. } => None,
    };
    shared.inbox.end(end);
    shared.sent.notify_one();
    // The library tells the server of other faults itself, when it is asked for the next frame.
    let goodbye = async {
        match code {
            Some(code) => drop(socket.send(Frame::close(CloseCode::from(code), "")).await),
            None => drop(socket.next_frame().await),
        }
    };
    let _ = tokio::time::timeout(CLOSING, goodbye).await;
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

const NOT_UTF8: &str = "the server sent a text message that is not UTF-8";

/// Why a connection broke, in words.
fn failed(error: WebSocketError, max_message: usize) -> End {
    let protocol = |message: String| Failure::new(FailureKind::Protocol, message);
    End::Failed(match error {
        WebSocketError::FrameTooLarge => Failure::new(
            FailureKind::Body,
            format!("the server sent a message of more than {max_message} bytes (max_message)"),
        ),
        WebSocketError::InvalidUTF8 => protocol(NOT_UTF8.into()),
        WebSocketError::ConnectionClosed => {
            Failure::new(FailureKind::Reset, "the server closed the connection without a close frame")
        }
        WebSocketError::IoError(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
            protocol("the server sent compressed data that cannot be decompressed".into())
        }
        WebSocketError::IoError(error) if error.kind() == std::io::ErrorKind::Other => {
            Failure::new(FailureKind::Reset, "the server closed the connection in the middle of a message")
        }
        WebSocketError::IoError(error) => {
            Failure::new(FailureKind::Reset, format!("the connection broke: {}", error.kind()))
        }
        error if error.is_protocol_error() => protocol(format!("the server sent what no WebSocket may: {error}")),
        error => protocol(format!("the connection broke: {error}")),
    })
}
