//! Protocols: a folder each, with one file for each stage of the way from a plan to a sample. Here
//! are the enums over them, one for each stage.

pub(crate) mod compile;
pub mod http;
pub mod node;
pub(crate) mod sampler;
pub mod spec;
pub mod sse;
pub mod websocket;
