//! The compiled node of a request: one enum over the protocols. A protocol's own node is in its folder.

use super::http::node::HttpNode;
use crate::template::Template;

/// What is sent, and in which protocol.
#[derive(Debug)]
pub enum Protocol {
    /// An HTTP request.
    Http(HttpNode),
}

impl Protocol {
    /// Notes which headers hold a secret, as `is_secret` says of their templates.
    pub(crate) fn note_secret_headers(&mut self, is_secret: impl Fn(&Template) -> bool) {
        match self {
            Self::Http(node) => {
                let secret = node.headers.iter().filter(|(_, template)| is_secret(template));
                node.secret_headers = secret.map(|(name, _)| name.clone()).collect();
            }
        }
    }

    /// Whether the protocol itself looks into the response's body.
    pub(crate) fn reads_body(&self) -> bool {
        match self {
            Self::Http(node) => node.resources.is_some(),
        }
    }
}
