//! What a user does with WebSockets: opens them, sends, waits for messages, closes them.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::RngExt as _;

use super::client::{Arrived, Connection, End, Handshake, MAX_WAITING};
use super::node::{Kept, Message, OpenNode, ReceiveNode, SendNode, Wait};
use crate::assertions::Assertion;
use crate::exchange::{self, Entry, Exchange, Gaps, Timings};
use crate::failure::{Failure, FailureKind, StepError};
use crate::graph::{ConnectionId, TransportId};
use crate::mask::Masker;
use crate::protocols::http;
use crate::protocols::http::client::{HttpUser, Request, Transport};
use crate::protocols::sampler::{Sending, beginning, text};
use crate::response::{Messages, Response};
use crate::template::Scope;
use crate::uri;

/// How many of the messages that came are shown.
const CAPTURED: usize = 100;

/// What is sent for a WebSocket step.
pub(crate) enum Sent {
    /// A handshake.
    Open(Box<Opening>),
    /// A message, and the reply to wait for.
    Message {
        /// On which connection.
        connection: ConnectionId,
        /// Whether it is text.
        text: bool,
        /// What it says.
        payload: Bytes,
        /// What to wait for.
        reply: Option<Arc<Wait>>,
        /// Whether what goes over the wire is kept, to be shown.
        capture: bool,
    },
    /// Nothing: messages are waited for.
    Nothing {
        /// On which connection.
        connection: ConnectionId,
        /// What to wait for.
        wait: Arc<Wait>,
        /// Whether the end of the connection is waited for instead.
        close: bool,
        /// Whether what goes over the wire is kept, to be shown.
        capture: bool,
    },
}

/// A connection that is to be opened.
pub(crate) struct Opening {
    connection: ConnectionId,
    request: Request,
    handshake: Handshake,
    transport: TransportId,
    /// As it is shown.
    url: Arc<str>,
    kept: Kept,
    max_message: usize,
}

/// A user's WebSockets, by their numbers.
#[derive(Default)]
pub(crate) struct WebSockets(RefCell<Vec<Option<Rc<Open>>>>);

/// One that is open.
struct Open {
    connection: Connection,
    kept: Kept,
    /// How long a step waits unless it says otherwise.
    timeout: Duration,
    url: Arc<str>,
}

impl WebSockets {
    /// Closes those that are kept no longer than an iteration.
    pub(crate) fn start_iteration(&self) {
        for open in self.0.borrow_mut().iter_mut() {
            if open.as_ref().is_some_and(|open| open.kept == Kept::Iteration) {
                *open = None;
            }
        }
    }

    /// Whether it is open, and can be used again.
    pub(crate) fn is_open(&self, id: ConnectionId) -> bool {
        self.get(id).is_some_and(|open| open.connection.ended().is_none())
    }

    /// Its steps have ended: closes it, unless it is kept.
    pub(crate) fn leave(&self, id: ConnectionId) {
        if self.get(id).is_some_and(|open| open.kept == Kept::Step) {
            self.put(id, None);
        }
    }

    fn get(&self, id: ConnectionId) -> Option<Rc<Open>> {
        self.0.borrow().get(id.index()).cloned().flatten()
    }

    fn put(&self, id: ConnectionId, open: Option<Rc<Open>>) {
        let mut all = self.0.borrow_mut();
        if all.len() <= id.index() {
            all.resize(id.index() + 1, None);
        }
        all[id.index()] = open;
    }

    /// Does what a step asks for.
    pub(crate) async fn exchange(
        &self,
        start: Instant,
        sent: &Sent,
        http: &HttpUser,
        transports: &[Arc<Transport>],
        scope: &mut dyn Scope,
    ) -> Exchange {
        match sent {
            Sent::Open(opening) => self.open(start, opening, http, &transports[opening.transport.index()]).await,
            Sent::Message { connection, text, payload, reply, capture } => {
                let mut exchange =
                    self.send(start, *connection, (*text, payload), reply.as_deref(), *capture, scope).await;
                if *capture {
                    let sent = exchange::Message { text: *text, payload: payload.clone() };
                    exchange.transcript.insert(0, Entry::Sent(sent));
                }
                exchange
            }
            Sent::Nothing { connection, wait, close, capture } => {
                let Some(open) = self.get(*connection) else { return not_open(start) };
                if *close {
                    return open.closed(start, wait).await;
                }
                let (result, seen) = open.wait(start, wait, scope, false, *capture).await;
                open.finish(start, result, seen)
            }
        }
    }

    /// Opens a connection.
    async fn open(&self, start: Instant, opening: &Opening, http: &HttpUser, transport: &Arc<Transport>) -> Exchange {
        let Opening { connection: id, request, handshake, url, kept, max_message, .. } = opening;
        let again = self.get(*id).is_some();
        self.put(*id, None);
        let (mut exchange, upgraded) = http.upgrade(start, request, transport).await;
        exchange.reconnects += u32::from(again);
        let Ok(response) = &exchange.outcome else { return exchange };
        let opened = match upgraded {
            Some(upgraded) => {
                handshake.agreed(&response.headers).and_then(|deflate| Connection::new(upgraded, deflate, *max_message))
            }
            // A status that is none of an upgrade is judged as any other.
            None if response.status.is_some_and(|status| status >= 400) => return exchange,
            None => Err(Failure::new(
                FailureKind::Status,
                format!(
                    "the server did not switch to WebSocket: status {}, where 101 (Switching Protocols) is expected",
                    response.status.unwrap_or_default()
                ),
            )),
        };
        match opened {
            Ok(connection) => {
                let open =
                    Open { connection, kept: *kept, timeout: transport.settings().timeout, url: Arc::clone(url) };
                self.put(*id, Some(Rc::new(open)));
            }
            Err(failure) => {
                exchange.partial = exchange.outcome.as_ref().ok().cloned();
                exchange.outcome = Err(failure);
            }
        }
        exchange
    }

    /// Sends a message, and waits for the reply if there is one to wait for.
    async fn send(
        &self,
        start: Instant,
        id: ConnectionId,
        (is_text, payload): (bool, &Bytes),
        reply: Option<&Wait>,
        capture: bool,
        scope: &mut dyn Scope,
    ) -> Exchange {
        let Some(open) = self.get(id) else { return not_open(start) };
        // What came before cannot be a reply.
        if reply.is_some() {
            open.connection.clear();
        }
        let sent = within(start, open.timeout, open.connection.send(is_text, payload.clone())).await;
        match sent {
            None => {
                // Half a message may be on its way: nothing can follow it.
                self.put(id, None);
                let limit = limit_words(open.timeout, false);
                let failure =
                    Failure::new(FailureKind::Timeout, format!("the message could not be sent within {limit}"));
                return open.exchange(start, start.elapsed(), Err((failure, None)), None);
            }
            Some(Err(end)) => return open.exchange(start, start.elapsed(), Err(ended(end)), None),
            Some(Ok(())) => {}
        }
        match reply {
            None => open.exchange(start, start.elapsed(), Ok(()), Some(Seen::default())),
            Some(reply) => {
                let (result, seen) = open.wait(start, reply, scope, true, capture).await;
                let mut exchange = open.finish(start, result, seen);
                exchange.timings.reply = exchange.timings.first_event.take();
                exchange
            }
        }
    }
}

/// Messages that a step has seen.
#[derive(Default)]
struct Seen {
    /// How many that it waited for.
    matched: u64,
    /// How many others, and the last of them.
    passed: u64,
    other: Option<Bytes>,
    first: Option<Instant>,
    last: Option<Arrived>,
    gaps: Gaps,
    longest_gap: Option<Duration>,
    transcript: Vec<Entry>,
}

type Failed = (Failure, Option<End>);

impl Open {
    /// Waits until as many messages have come as are waited for.
    async fn wait(
        &self,
        start: Instant,
        wait: &Wait,
        scope: &mut dyn Scope,
        is_reply: bool,
        capture: bool,
    ) -> (Result<(), Failed>, Seen) {
        let mut seen = Seen::default();
        let limit = wait.within.unwrap_or(self.timeout);
        let lost = self.connection.lost();
        let waiting = async {
            while seen.matched < wait.count {
                let message = self.connection.next().await?;
                if capture && seen.transcript.len() < CAPTURED {
                    let text = std::str::from_utf8(&message.payload).is_ok();
                    let received = exchange::Message { text, payload: message.payload.clone() };
                    seen.transcript.push(Entry::Received(received));
                }
                if !is_meant(&message, &self.url, &wait.matching, scope) {
                    seen.passed += 1;
                    seen.other = Some(message.payload);
                    continue;
                }
                if let Some(last) = &seen.last {
                    let gap = message.at.saturating_duration_since(last.at);
                    seen.gaps.add(gap);
                    seen.longest_gap = seen.longest_gap.max(Some(gap));
                }
                seen.matched += 1;
                seen.first.get_or_insert(message.at);
                seen.last = Some(message);
            }
            Ok::<(), End>(())
        };
        let result = match within(start, limit, waiting).await {
            Some(Ok(())) => Ok(()),
            Some(Err(end)) => Err(ended(end)),
            None => {
                let limit = limit_words(limit, wait.within.is_some());
                let what = match (is_reply, seen.matched, seen.passed) {
                    (true, _, 0) => "no reply".to_owned(),
                    (true, ..) => "no reply, only other messages,".to_owned(),
                    (false, 0, 0) => "no message".to_owned(),
                    (false, 0, _) => "no matching message, only other messages,".to_owned(),
                    (false, matched, _) => format!("only {matched} of {} messages", wait.count),
                };
                let lost = match lost {
                    0 => String::new(),
                    _ => format!("; {lost} older ones were not kept (at most {MAX_WAITING} and 1 MiB are)"),
                };
                Err((Failure::new(FailureKind::Timeout, format!("{what} within {limit}{lost}")), None))
            }
        };
        (result, seen)
    }

    /// Waits for the server to close the connection.
    async fn closed(&self, start: Instant, wait: &Wait) -> Exchange {
        let limit = wait.within.unwrap_or(self.timeout);
        let waiting = async {
            loop {
                if let Err(end) = self.connection.next().await {
                    return end;
                }
            }
        };
        let result = match within(start, limit, waiting).await {
            None => {
                let limit = limit_words(limit, wait.within.is_some());
                let message = format!("the server did not close the connection within {limit}");
                Err((Failure::new(FailureKind::Timeout, message), None))
            }
            Some(End::Failed(failure)) => Err((failure, None)),
            Some(End::Closed { code, reason }) => {
                let mut exchange = self.exchange(start, start.elapsed(), Ok(()), Some(Seen::default()));
                if let Ok(response) = &mut exchange.outcome
                    && let Some(response) = Rc::get_mut(response)
                {
                    (response.status, response.status_text) = (Some(code), reason);
                }
                return exchange;
            }
        };
        self.exchange(start, start.elapsed(), result, Some(Seen::default()))
    }

    fn finish(&self, start: Instant, result: Result<(), Failed>, seen: Seen) -> Exchange {
        let total = match (&result, &seen.last) {
            (Ok(()), Some(last)) => last.at.saturating_duration_since(start),
            (Ok(()), None) | (Err(_), _) => start.elapsed(),
        };
        self.exchange(start, total, result, Some(seen))
    }

    /// What came of a step; `seen` is what it has waited for, if it has waited.
    fn exchange(&self, start: Instant, total: Duration, result: Result<(), Failed>, seen: Option<Seen>) -> Exchange {
        let (sent_bytes, received_bytes) = self.connection.traffic();
        let mut exchange = Exchange {
            timings: Timings { total, ..Timings::default() },
            gaps: None,
            sent_bytes,
            received_bytes,
            reconnects: 0,
            cached: false,
            transcript: Vec::new(),
            outcome: Err(Failure::new(FailureKind::Step, "nothing was sent")),
            partial: None,
        };
        let mut response = Response::from_url(Arc::clone(&self.url));
        response.version = "WebSocket";
        response.response_time = total;
        if let Some(seen) = seen {
            let first = seen.first.map(|first| first.saturating_duration_since(start));
            exchange.transcript = seen.transcript;
            if result.is_ok() {
                exchange.timings.first_event = first;
                if seen.matched > 1 {
                    exchange.gaps = Some(Box::new(seen.gaps));
                }
            }
            response.messages = Some(Box::new(Messages { count: seen.matched, first, longest_gap: seen.longest_gap }));
            // Of a step that waited in vain, the last message tells the most, whichever it was.
            if let Some(payload) = seen.last.map(|last| last.payload).or(seen.other) {
                response.body_bytes = payload.len() as u64;
                response.body = payload.into();
            }
        }
        exchange.outcome = match result {
            Ok(()) => Ok(Rc::new(response)),
            Err((failure, end)) => {
                if let Some(End::Closed { code, reason }) = end {
                    (response.status, response.status_text) = (Some(code), reason);
                }
                exchange.partial = Some(Rc::new(response));
                Err(failure)
            }
        };
        exchange
    }
}

/// Whether a message is one that is waited for.
fn is_meant(message: &Arrived, url: &Arc<str>, matching: &[Assertion], scope: &mut dyn Scope) -> bool {
    if matching.is_empty() {
        return true;
    }
    let mut response = Response::from_url(Arc::clone(url));
    response.body_bytes = message.payload.len() as u64;
    response.body = message.payload.clone().into();
    matching.iter().all(|assertion| assertion.check(&response, scope).is_ok())
}

/// Waits no longer than the limit from the start.
async fn within<T>(start: Instant, limit: Duration, what: impl Future<Output = T>) -> Option<T> {
    const FAR: Duration = Duration::from_secs(365 * 24 * 3600);
    tokio::time::timeout_at((start + limit.min(FAR)).into(), what).await.ok()
}

fn limit_words(limit: Duration, own: bool) -> String {
    let key = if own { "within" } else { "timeout" };
    format!("{} ({key})", crate::units::written_duration(limit))
}

/// The failure of a step whose connection has ended.
fn ended(end: End) -> Failed {
    match end {
        End::Failed(failure) => (failure, None),
        End::Closed { code, ref reason } => {
            let name = close_code(code).map_or_else(String::new, |name| format!(" ({name})"));
            let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
            let message = match code {
                1005 => "the server closed the connection without a code".to_owned(),
                _ => format!("the server closed the connection with {code}{name}{reason}"),
            };
            (Failure::new(FailureKind::Reset, message), Some(end))
        }
    }
}

/// What a close code means (RFC 6455 §7.4.1).
fn close_code(code: u16) -> Option<&'static str> {
    Some(match code {
        1000 => "normal",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1007 => "invalid data",
        1008 => "policy violation",
        1009 => "message too big",
        1010 => "extension missing",
        1011 => "internal error",
        1012 => "service restart",
        1013 => "try again later",
        1014 => "bad gateway",
        _ => return None,
    })
}

/// The exchange of a step whose connection was never opened, or is not there any more.
fn not_open(start: Instant) -> Exchange {
    Exchange {
        timings: Timings { total: start.elapsed(), ..Timings::default() },
        gaps: None,
        sent_bytes: 0,
        received_bytes: 0,
        reconnects: 0,
        cached: false,
        transcript: Vec::new(),
        outcome: Err(Failure::new(FailureKind::Step, "the WebSocket is not open")),
        partial: None,
    }
}

/// Makes a handshake with the values of this moment.
///
/// # Errors
/// When a value is missing, or what comes out cannot be sent.
pub(crate) fn prepare_open(node: &OpenNode, sending: &Sending<'_>, scope: &mut dyn Scope) -> Result<Sent, StepError> {
    let subprotocols = node.subprotocols.iter().map(|one| text(scope, one)).collect::<Result<Vec<_>, _>>()?;
    let handshake = Handshake::new(rand::rng().random(), subprotocols, node.compression);
    let mut request = http::sampler::prepare(&node.handshake, sending, scope)?;
    request.extra_headers.extend(handshake.headers()?);
    let url = uri::websocket_form(request.target.as_str()).into();
    Ok(Sent::Open(Box::new(Opening {
        connection: node.connection,
        request,
        handshake,
        transport: node.handshake.transport,
        url,
        kept: node.kept,
        max_message: node.max_message,
    })))
}

/// Makes a message with the values of this moment.
///
/// # Errors
/// When a value is missing or a file cannot be read.
pub(crate) fn prepare_send(node: &SendNode, sending: &Sending<'_>, scope: &mut dyn Scope) -> Result<Sent, StepError> {
    let (text, payload) = match &node.message {
        Message::Text(template) => (true, text(scope, template)?.into()),
        Message::Json(json) => {
            let mut text = String::new();
            json.render(scope, &mut text)?;
            (true, text.into())
        }
        Message::Binary(file) => (false, http::sampler::file_bytes(file, scope)?),
    };
    Ok(Sent::Message {
        connection: node.connection,
        text,
        payload,
        reply: node.reply.clone(),
        capture: sending.capture,
    })
}

/// Makes ready to wait for messages.
pub(crate) fn prepare_receive(node: &ReceiveNode, sending: &Sending<'_>) -> Sent {
    Sent::Nothing { connection: node.connection, wait: node.wait.clone(), close: node.close, capture: sending.capture }
}

impl Sent {
    /// Where it goes, if it opens a connection; not masked.
    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Open(opening) => &opening.url,
            Self::Message { .. } | Self::Nothing { .. } => "",
        }
    }

    /// Adds every credential in it.
    pub(crate) fn credentials(&self, values: &mut Vec<String>) {
        match self {
            Self::Open(opening) => http::sampler::credentials(&opening.request, values),
            Self::Message { .. } | Self::Nothing { .. } => {}
        }
    }

    /// As it was sent, for examples.
    pub(crate) fn shown(&self, masker: &Masker) -> String {
        match self {
            Self::Open(opening) => http::sampler::shown(&opening.request, masker),
            Self::Message { text: true, payload, .. } => beginning(payload, masker),
            Self::Message { text: false, payload, .. } => format!("a binary message of {} bytes", payload.len()),
            Self::Nothing { .. } => String::new(),
        }
    }

    /// Releases the message.
    pub(crate) fn forget_body(&mut self) {
        match self {
            Self::Open(_) | Self::Nothing { .. } => {}
            Self::Message { payload, .. } => *payload = Bytes::new(),
        }
    }
}
