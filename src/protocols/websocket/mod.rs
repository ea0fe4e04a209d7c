//! WebSocket (RFC 6455): a connection is opened over HTTP/1, and steps inside of it send and
//! receive messages.

pub mod client;
pub(crate) mod compile;
pub mod keys;
pub mod node;
pub mod plan;
pub(crate) mod sampler;
