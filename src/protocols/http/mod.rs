//! HTTP: requests over HTTP/1.1 and HTTP/2.

pub mod client;
pub(crate) mod compile;
pub mod keys;
pub mod node;
pub mod plan;
pub(crate) mod sampler;
