//! The compiled steps of WebSockets.

use std::sync::Arc;
use std::time::Duration;

use crate::assertions::Assertion;
use crate::graph::{ConnectionId, JsonTemplate};
use crate::protocols::http::node::{FileSource, HttpNode};
use crate::template::Template;

/// Opens a connection for the steps inside.
#[derive(Debug)]
pub struct OpenNode {
    /// Which one.
    pub connection: ConnectionId,
    /// The handshake.
    pub handshake: HttpNode,
    /// Subprotocols to offer.
    pub subprotocols: Vec<Template>,
    /// Whether compressed messages are offered.
    pub compression: bool,
    /// The largest message that is taken, in bytes.
    pub max_message: usize,
    /// How long the connection is kept.
    pub kept: Kept,
}

/// How long a connection is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Until its steps have ended.
    Step,
    /// Until the iteration ends.
    Iteration,
    /// For the user's life.
    User,
}

/// Sends a message.
#[derive(Debug)]
pub struct SendNode {
    /// On which connection.
    pub connection: ConnectionId,
    /// The message.
    pub message: Message,
    /// The reply that is waited for.
    pub reply: Option<Arc<Wait>>,
}

/// Waits for messages.
#[derive(Debug)]
pub struct ReceiveNode {
    /// On which connection.
    pub connection: ConnectionId,
    /// For which.
    pub wait: Arc<Wait>,
    /// Whether the end of the connection is waited for instead.
    pub close: bool,
}

/// A message to send.
#[derive(Debug)]
pub enum Message {
    /// Text as it is.
    Text(Template),
    /// JSON text.
    Json(JsonTemplate),
    /// A file's bytes, as a binary message.
    Binary(FileSource),
}

/// What a step waits for.
#[derive(Debug)]
pub struct Wait {
    /// How many messages.
    pub count: u64,
    /// How long at most; `None` is the connection's `timeout`.
    pub within: Option<Duration>,
    /// What must be true of each.
    pub matching: Vec<Assertion>,
}
