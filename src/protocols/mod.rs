//! Protocols: one folder for each, with one file for each stage from a plan to a sample. This module
//! contains the enums over them, one for each stage.

pub(crate) mod compile;
pub mod http;
pub mod node;
pub(crate) mod sampler;
pub mod spec;
pub mod sse;
pub mod websocket;
