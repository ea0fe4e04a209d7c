//! A WebSocket as one user holds it: a task of its own reads what comes, answers pings and keeps
//! messages until a step asks for them, so that the server is served while the user thinks.

mod frames;
mod handshake;
mod inbox;
mod rewind;
mod task;

pub(crate) use handshake::Handshake;
pub(crate) use inbox::{Arrived, End};
pub(crate) use task::Connection;

/// How many messages are kept that no step has asked for yet. When more come, the oldest go.
pub(crate) const MAX_WAITING: usize = 1_000;
/// How many bytes of them. The one that came last is kept whatever its size.
pub(crate) const MAX_WAITING_BYTES: usize = 1024 * 1024;
