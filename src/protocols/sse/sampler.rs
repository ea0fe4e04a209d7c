//! Reads a stream of events as it comes, and notes when each one came.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::http::StatusCode;
use ::http::header::CONTENT_TYPE;

use super::node::{StreamNode, Until};
use crate::event_stream::{Event, EventStream, TooLarge};
use crate::exchange::{Entry, Exchange, Gaps, StreamEvent};
use crate::failure::{Failure, FailureKind, StepError};
use crate::graph::TransportId;
use crate::protocols::http;
use crate::protocols::http::client::{HttpUser, Request, Sink, Transport};
use crate::protocols::sampler::{Sending, text};
use crate::response::{Headers, Messages, Response};
use crate::template::Scope;
use crate::units::written_duration;

/// The last event's data keeps this many bytes of memory for the next one.
const KEPT: usize = 16 * 1024;
/// How many of the events that came are shown, besides the last one.
const CAPTURED: usize = 100;
/// This many types of events are reported, where the one that is waited for does not come.
const TYPES: usize = 5;
/// A type of more bytes is reported by its length: a part of it may be a part of a secret.
const LONGEST_TYPE: usize = 60;
/// The longest `for` that a clock can count to.
const FAR: Duration = Duration::from_secs(365 * 24 * 3600);

/// A request for a stream, ready to be sent.
pub(crate) struct Sent {
    /// The request.
    pub(crate) request: Request,
    transport: TransportId,
    until: Arc<Until>,
    /// The data that ends the stream.
    data: Option<String>,
}

/// Makes the request with the values of this moment.
///
/// # Errors
/// When a value is missing, a file cannot be read, or what comes out cannot be sent.
pub(crate) fn prepare(node: &StreamNode, sending: &Sending<'_>, scope: &mut dyn Scope) -> Result<Sent, StepError> {
    let data = node.until.data.as_ref().map(|data| text(scope, data)).transpose()?;
    let request = http::sampler::prepare(&node.request, sending, scope)?;
    Ok(Sent { request, transport: node.request.transport, until: Arc::clone(&node.until), data })
}

/// Sends the request and reads the stream until it is to end.
pub(crate) async fn exchange(start: Instant, sent: &Sent, http: &HttpUser, transports: &[Arc<Transport>]) -> Exchange {
    let transport = &transports[sent.transport.index()];
    let reader = Rc::new(RefCell::new(Reader::new(start, sent)));
    let mut exchange = http.stream(start, &sent.request, transport, Rc::clone(&reader) as Rc<RefCell<dyn Sink>>).await;
    reader.borrow_mut().finish(&mut exchange, transport.settings().timeout);
    exchange
}

/// What the head of a response says it brings.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// No head has come, or the one of an error.
    Unknown,
    /// A stream of events, since then.
    Events(Instant),
    /// Something else: the failure says what.
    Other(Failure),
}

/// Takes a stream and notes what comes of it.
struct Reader {
    start: Instant,
    until: Arc<Until>,
    data: Option<String>,
    stream: EventStream,
    kind: Kind,
    /// Whether what ends the stream has come, its time included.
    held: bool,
    too_large: Option<TooLarge>,
    count: u64,
    first: Option<Instant>,
    last: Option<Instant>,
    last_data: String,
    gaps: Gaps,
    longest_gap: Option<Duration>,
    /// The types of the events that came, if one is waited for.
    types: Vec<Box<str>>,
    /// What came, to be shown, if somebody wants to see it; and the last event, if it is the body.
    captured: Option<Vec<Entry>>,
    last_shown: Option<StreamEvent>,
}

impl Sink for Reader {
    fn begin(&mut self, status: StatusCode, headers: &Headers, at: Instant) -> bool {
        self.kind = if status.as_u16() >= 400 { Kind::Unknown } else { kind_of(headers, at) };
        matches!(self.kind, Kind::Events(_))
    }

    fn take(&mut self, piece: &[u8], at: Instant) -> ControlFlow<()> {
        let mut events = self.stream.push(piece);
        loop {
            match events.next_event() {
                Ok(None) => return ControlFlow::Continue(()),
                Ok(Some(event)) => {
                    if let Some(last) = self.last.replace(at) {
                        let gap = at.saturating_duration_since(last);
                        self.gaps.add(gap);
                        self.longest_gap = self.longest_gap.max(Some(gap));
                    }
                    self.count += 1;
                    self.first.get_or_insert(at);
                    let marks_the_end = self.data.as_deref() == Some(event.data);
                    if !marks_the_end || self.count == 1 {
                        self.last_data.clear();
                        self.last_data.shrink_to(KEPT);
                        self.last_data.push_str(event.data);
                        self.last_shown = self.captured.is_some().then(|| shown(&event));
                    }
                    if let Some(captured) = self.captured.as_mut().filter(|captured| captured.len() < CAPTURED) {
                        captured.push(Entry::Event(shown(&event)));
                    }
                    if self.until.event.is_some()
                        && self.types.len() <= TYPES
                        && !self.types.iter().any(|known| **known == *event.event)
                    {
                        self.types.push(event.event.into());
                    }
                    self.held = marks_the_end
                        || self.until.event.as_deref() == Some(event.event)
                        || self.until.events == Some(self.count);
                    if self.held {
                        return ControlFlow::Break(());
                    }
                }
                Err(too_large) => {
                    self.too_large = Some(too_large);
                    return ControlFlow::Break(());
                }
            }
        }
    }

    fn until(&self) -> Option<Instant> {
        match (&self.kind, self.until.time) {
            (Kind::Events(since), Some(time)) => Some(*since + time.min(FAR)),
            (Kind::Events(_) | Kind::Unknown | Kind::Other(_), _) => None,
        }
    }

    fn end(&mut self) {
        self.held = true;
    }
}

impl Reader {
    fn new(start: Instant, sent: &Sent) -> Self {
        Self {
            start,
            until: Arc::clone(&sent.until),
            data: sent.data.clone(),
            stream: EventStream::new(),
            kind: Kind::Unknown,
            held: false,
            too_large: None,
            count: 0,
            first: None,
            last: None,
            last_data: String::new(),
            gaps: Gaps::default(),
            longest_gap: None,
            types: Vec::new(),
            captured: sent.request.capture.then(Vec::new),
            last_shown: None,
        }
    }

    /// Adds to the exchange what was read.
    fn finish(&mut self, exchange: &mut Exchange, timeout: Duration) {
        let failure = match &self.kind {
            Kind::Unknown => return,
            Kind::Other(failure) => Some(failure.clone()),
            Kind::Events(_) => {
                let first = self.first.map(|first| first.saturating_duration_since(self.start));
                exchange.timings.first_event = first;
                if self.count > 1 {
                    exchange.gaps = Some(Box::new(std::mem::take(&mut self.gaps)));
                }
                if let Some(captured) = &mut self.captured {
                    exchange.transcript.append(captured);
                    if self.count > CAPTURED as u64 {
                        exchange.transcript.extend(self.last_shown.take().map(Entry::Event));
                    }
                }
                let came = exchange.outcome.as_mut().ok().or(exchange.partial.as_mut());
                // Nobody else has it yet.
                if let Some(response) = came.and_then(Rc::get_mut) {
                    self.fill(response, first);
                }
                self.failure(&exchange.outcome, timeout)
            }
        };
        if let Some(failure) = failure {
            let response = std::mem::replace(&mut exchange.outcome, Err(failure)).ok();
            exchange.partial = response.or(exchange.partial.take());
        }
    }

    /// The last event is the body, but not one that says no more than that the stream ends.
    fn fill(&mut self, response: &mut Response, first: Option<Duration>) {
        response.body_bytes = self.last_data.len() as u64;
        response.body = std::mem::take(&mut self.last_data).into_bytes().into();
        response.messages = Some(Box::new(Messages { count: self.count, first, longest_gap: self.longest_gap }));
    }

    /// Why the stream is none that counts, if it is so.
    fn failure(&self, outcome: &Result<Rc<Response>, Failure>, timeout: Duration) -> Option<Failure> {
        if let Some(too_large) = &self.too_large {
            return Some(Failure::new(FailureKind::Body, too_large.to_string()));
        }
        let words = &self.until.words;
        match outcome {
            Ok(_) if self.held || self.until.close => None,
            Ok(_) => {
                let message = format!(
                    "the stream ended before `until` was met: {words}{}; add `close: true` to `until` if the server may end it earlier",
                    self.other_types()
                );
                Some(Failure::new(FailureKind::Body, message))
            }
            Err(failure) if failure.kind == FailureKind::Timeout => {
                let limit = format!("within {} (timeout)", written_duration(timeout));
                let message = match (self.count, words.is_empty()) {
                    (0, _) => format!("no event {limit}"),
                    (_, true) => format!("events arrived, but the server did not end the stream {limit}"),
                    (_, false) => {
                        format!("events arrived, but `until` was not met {limit}: {words}{}", self.other_types())
                    }
                };
                Some(Failure::new(FailureKind::Timeout, message))
            }
            Err(_) => None,
        }
    }

    /// The types of the events that came instead of the one that is waited for. In a run they would keep equal
    /// failures from counting together: many servers name each event by what it is about.
    fn other_types(&self) -> String {
        if self.types.is_empty() {
            return String::new();
        }
        if self.captured.is_none() {
            return " (other events arrived: `loadplan try` shows them)".to_owned();
        }
        let told = |name: &str| match name.len() {
            ..=LONGEST_TYPE => format!("`{name}`"),
            length => format!("one of {length} bytes"),
        };
        let types: Vec<String> = self.types.iter().take(TYPES).map(|name| told(name)).collect();
        let more = if self.types.len() > TYPES { " and others" } else { "" };
        format!(" (the types of the events that arrived are {}{more})", types.join(", "))
    }
}

/// An event as it is shown.
fn shown(event: &Event<'_>) -> StreamEvent {
    StreamEvent { event: event.event.into(), id: event.id.into(), data: event.data.into() }
}

/// Whether the response is a stream of events.
fn kind_of(headers: &Headers, at: Instant) -> Kind {
    const MOST: usize = 100;
    let Some(value) = headers.get(CONTENT_TYPE) else {
        let message = "the response is not an event stream: it has no Content-Type";
        return Kind::Other(Failure::new(FailureKind::Protocol, message));
    };
    let value = String::from_utf8_lossy(value.as_bytes());
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("text/event-stream") {
        return Kind::Events(at);
    }
    let told: String = essence.chars().take(MOST).collect();
    let message = format!("the response is not an event stream: its Content-Type is {told}");
    Kind::Other(Failure::new(FailureKind::Protocol, message))
}
