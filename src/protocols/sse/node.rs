//! A compiled step that reads server-sent events.

use std::sync::Arc;
use std::time::Duration;

use crate::protocols::http::node::HttpNode;
use crate::template::Template;

/// Reads a stream of events.
#[derive(Debug)]
pub struct StreamNode {
    /// The request for it.
    pub request: HttpNode,
    /// What ends it.
    pub until: Arc<Until>,
}

/// What ends a stream: the first that holds.
#[derive(Debug)]
pub struct Until {
    /// An event with this data.
    pub data: Option<Template>,
    /// An event of this type.
    pub event: Option<Arc<str>>,
    /// This many events.
    pub events: Option<u64>,
    /// So much time since the head of the response.
    pub time: Option<Duration>,
    /// Whether the server may end it before.
    pub close: bool,
    /// All of that but the server's end, in words for people.
    pub words: Arc<str>,
}
