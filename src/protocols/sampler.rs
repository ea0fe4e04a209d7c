//! What a user does with the node of a request: one enum of what each protocol sends, and the
//! matches over it. A protocol's own part is in its folder.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use futures_util::future::Either;

use super::http::client::{HttpUser, Request, Transport};
use super::node::Protocol;
use super::websocket::sampler::WebSockets;
use super::{http, sse, websocket};
use crate::exchange::Exchange;
use crate::failure::StepError;
use crate::graph::{ConnectionId, NodeId, TransportId};
use crate::mask::Masker;
use crate::template::{Scope, Template};

/// How much of what was sent or received an example shows, in characters.
const SHOWN: usize = 1500;

/// One user's connections and state in every protocol it speaks. Several requests may be in progress
/// at once (`parallel`).
#[derive(Default)]
pub(crate) struct Sessions {
    http: HttpUser,
    /// Made with the first one: most users have none, and every byte counts in each of them.
    websockets: OnceCell<Box<WebSockets>>,
}

/// A request, ready to be sent.
pub(crate) enum Sent {
    /// An HTTP request, and the settings of its connection.
    Http(Request, TransportId),
    /// What a WebSocket step sends.
    WebSocket(websocket::sampler::Sent),
    /// The request for a stream of server-sent events.
    Sse(Box<sse::sampler::Sent>),
}

/// What making a request takes besides the node and the user's values.
pub(crate) struct Sending<'a> {
    /// The node.
    pub(crate) node: NodeId,
    /// What this thread has made once for all requests of a node.
    pub(crate) fixed: &'a http::sampler::Fixed,
    /// Whether the response's body is kept.
    pub(crate) keep_body: bool,
    /// Whether the decoded body is measured, though nothing looks into it.
    pub(crate) measure_body: bool,
    /// Whether what goes over the wire is kept, to be shown.
    pub(crate) capture: bool,
}

impl Sessions {
    /// Tells that an iteration starts: forgets what the settings limit to one iteration.
    pub(crate) fn start_iteration(&self) {
        self.http.start_iteration();
        if let Some(websockets) = self.websockets.get() {
            websockets.start_iteration();
        }
    }

    /// Whether a connection that steps use is open already.
    pub(crate) fn is_open(&self, connection: ConnectionId) -> bool {
        self.websockets.get().is_some_and(|websockets| websockets.is_open(connection))
    }

    /// The steps that use a connection have ended.
    pub(crate) fn leave(&self, connection: ConnectionId) {
        if let Some(websockets) = self.websockets.get() {
            websockets.leave(connection);
        }
    }

    /// The values of all cookies the user holds, to be hidden.
    pub(crate) fn cookie_values(&self) -> Vec<String> {
        self.http.cookie_values()
    }

    /// Sends a request; its time counts from `start`. `scope` has the values that tell which of
    /// the messages that come are meant. Not `async` itself: every layer of futures takes room in each user.
    pub(crate) fn exchange<'a>(
        &'a self,
        start: Instant,
        sent: &'a Sent,
        transports: &'a [Arc<Transport>],
        scope: &'a mut dyn Scope,
    ) -> impl Future<Output = Exchange> + 'a {
        match sent {
            Sent::Http(request, transport) => {
                Either::Left(self.http.send_from(start, request, &transports[transport.index()]))
            }
            Sent::WebSocket(sent) => Either::Right(
                self.websockets
                    .get_or_init(Box::default)
                    .exchange(start, sent, &self.http, transports, scope)
                    .boxed_local(),
            ),
            Sent::Sse(sent) => Either::Right(sse::sampler::exchange(start, sent, &self.http, transports).boxed_local()),
        }
    }
}

/// Makes the request of a node with the values of this moment.
///
/// # Errors
/// When a value is missing, a file cannot be read, or what comes out cannot be sent.
pub(crate) fn prepare(protocol: &Protocol, sending: &Sending<'_>, scope: &mut dyn Scope) -> Result<Sent, StepError> {
    match protocol {
        Protocol::Http(node) => {
            http::sampler::prepare(node, sending, scope).map(|request| Sent::Http(request, node.transport))
        }
        Protocol::WebSocket(node) => websocket::sampler::prepare_open(node, sending, scope).map(Sent::WebSocket),
        Protocol::Send(node) => websocket::sampler::prepare_send(node, sending, scope).map(Sent::WebSocket),
        Protocol::Receive(node) => Ok(Sent::WebSocket(websocket::sampler::prepare_receive(node, sending))),
        Protocol::Sse(node) => sse::sampler::prepare(node, sending, scope).map(|sent| Sent::Sse(Box::new(sent))),
    }
}

impl Sent {
    /// Where it goes, as it is written; not masked.
    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Http(request, _) => request.target.as_str(),
            Self::WebSocket(sent) => sent.url(),
            Self::Sse(sent) => sent.request.target.as_str(),
        }
    }

    /// Adds every credential in it.
    pub(crate) fn credentials(&self, values: &mut Vec<String>) {
        match self {
            Self::Http(request, _) => http::sampler::credentials(request, values),
            Self::WebSocket(sent) => sent.credentials(values),
            Self::Sse(sent) => http::sampler::credentials(&sent.request, values),
        }
    }

    /// As it was sent, for examples: masked, and cut where it is long.
    pub(crate) fn shown(&self, masker: &Masker) -> String {
        match self {
            Self::Http(request, _) => http::sampler::shown(request, masker),
            Self::WebSocket(sent) => sent.shown(masker),
            Self::Sse(sent) => http::sampler::shown(&sent.request, masker),
        }
    }

    /// Releases what is only needed until it was sent and shown.
    pub(crate) fn forget_body(&mut self) {
        match self {
            Self::Http(request, _) => request.body = bytes::Bytes::new(),
            Self::WebSocket(sent) => sent.forget_body(),
            Self::Sse(sent) => sent.request.body = bytes::Bytes::new(),
        }
    }
}

/// What a template comes to as text.
///
/// # Errors
/// When a value is missing.
pub(crate) fn text(scope: &mut dyn Scope, template: &Template) -> Result<String, StepError> {
    let mut text = String::new();
    template.render(scope, &mut text)?;
    Ok(text)
}

/// The beginning of what was sent or received, as text: masked before it is cut, so that the cut
/// cannot leave half a secret.
pub(crate) fn beginning(bytes: &[u8], masker: &Masker) -> String {
    let is_cut = bytes.len() > SHOWN * 4;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN * 4)]);
    shortened(&text, is_cut, masker)
}

/// The same of a response's body, whose charset is known.
pub(crate) fn beginning_of_response(response: &crate::response::Response, masker: &Masker) -> String {
    shortened(&response.beginning(SHOWN * 4), response.body.len() > SHOWN * 4, masker)
}

fn shortened(text: &str, is_cut: bool, masker: &Masker) -> String {
    let masked = if is_cut { masker.mask_cut(text) } else { masker.mask(text) };
    let mut cut: String = masked.chars().take(SHOWN).collect();
    if cut.len() < masked.len() {
        cut.push('…');
    }
    cut
}
