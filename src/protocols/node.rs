//! The compiled node of a request: one enum over the protocols. A protocol's own node is in its folder.

use super::http::node::HttpNode;
use super::sse::node::StreamNode;
use super::websocket::node::{OpenNode, ReceiveNode, SendNode};
use crate::graph::ConnectionId;
use crate::template::Template;

/// What is sent, and in which protocol.
#[derive(Debug)]
pub enum Protocol {
    /// An HTTP request.
    Http(HttpNode),
    /// Opens a WebSocket.
    WebSocket(OpenNode),
    /// Sends a message on a WebSocket.
    Send(SendNode),
    /// Waits for messages on a WebSocket.
    Receive(ReceiveNode),
    /// Reads a stream of server-sent events.
    Sse(StreamNode),
}

impl Protocol {
    /// Notes which headers hold a secret, as `is_secret` says of their templates.
    pub(crate) fn note_secret_headers(&mut self, is_secret: impl Fn(&Template) -> bool) {
        match self {
            Self::Http(node)
            | Self::WebSocket(OpenNode { handshake: node, .. })
            | Self::Sse(StreamNode { request: node, .. }) => {
                let secret = node.headers.iter().filter(|(_, template)| is_secret(template));
                node.secret_headers = secret.map(|(name, _)| name.clone()).collect();
            }
            Self::Send(_) | Self::Receive(_) => {}
        }
    }

    /// Whether it sends or awaits messages on a connection that is open already: then it gets no response of its own.
    pub(crate) fn is_message(&self) -> bool {
        match self {
            Self::Send(_) | Self::Receive(_) => true,
            Self::Http(_) | Self::WebSocket(_) | Self::Sse(_) => false,
        }
    }

    /// Whether the protocol itself looks into the response's body.
    pub(crate) fn reads_body(&self) -> bool {
        match self {
            Self::Http(node) => node.resources.is_some(),
            Self::WebSocket(_) | Self::Send(_) | Self::Receive(_) | Self::Sse(_) => false,
        }
    }

    /// The status that is expected where no assertion judges it, in words.
    pub(crate) fn expected_status(&self) -> &'static str {
        match self {
            // RFC 6455 §4.1: any other status is no WebSocket.
            Self::WebSocket(_) => "the status 101 (Switching Protocols)",
            Self::Http(_) | Self::Send(_) | Self::Receive(_) | Self::Sse(_) => "a status below 400",
        }
    }

    /// The connection it opens for the steps inside.
    pub(crate) fn opens(&self) -> Option<ConnectionId> {
        match self {
            Self::WebSocket(node) => Some(node.connection),
            Self::Http(_) | Self::Send(_) | Self::Receive(_) | Self::Sse(_) => None,
        }
    }
}
