//! Server-sent events: an HTTP request whose response is a stream, read event by event.

pub(crate) mod compile;
pub mod keys;
pub mod node;
pub mod plan;
pub(crate) mod sampler;
