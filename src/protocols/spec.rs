//! What a plan says of requests: one enum over the protocols. A protocol's own keys and their
//! meaning are in its folder.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::http::plan::{HttpSettings, HttpStep};
use super::sse::plan::StreamStep;
use super::websocket::plan::{OpenStep, ReceiveStep, SendStep, WebSocketSettings};
use crate::mask::without_userinfo;
use crate::phase::Phase;
use crate::plan::keys::{Section, StepKeys};
use crate::plan::{AssertionGroup, Fields, Lower, Step, Text};
use crate::yaml::Entry;

/// The kinds of steps that are requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
    /// An HTTP request by its method, or by `request`.
    Http,
    /// `websocket`
    WebSocket,
    /// `send`
    Send,
    /// `receive`
    Receive,
    /// `sse`
    Sse,
}

/// Every section of keys that is a protocol's own, in the order of the reference page.
pub static SECTIONS: &[&[&Section]] =
    &[super::http::keys::SECTIONS, super::websocket::keys::SECTIONS, super::sse::keys::SECTIONS];

/// Every kind of request, in the order of the reference page.
pub static KINDS: &[&[StepKeys]] =
    &[&super::http::keys::KINDS, &super::websocket::keys::KINDS, &super::sse::keys::KINDS];

/// What a request sends, as it is written.
#[derive(Clone, Debug)]
pub enum Spec {
    /// An HTTP request.
    Http(HttpStep),
    /// Opens a WebSocket.
    WebSocket(OpenStep),
    /// Sends a message on a WebSocket.
    Send(SendStep),
    /// Waits for messages on a WebSocket.
    Receive(ReceiveStep),
    /// Reads a stream of server-sent events.
    Sse(StreamStep),
}

/// What requests start from: the settings of each protocol on the plan or on a thread group.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// `http:`
    pub http: HttpSettings,
    /// `websocket:`
    pub websocket: WebSocketSettings,
}

/// A part of a response that not every protocol has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionalPart {
    /// The status.
    Status,
    /// The time to the first byte.
    FirstByte,
    /// Headers.
    Headers,
    /// Cookies.
    Cookies,
    /// A body.
    Body,
    /// The URL that responded.
    Url,
    /// A number of messages.
    Messages,
    /// A reply and its time.
    Reply,
    /// Times of single events.
    Events,
    /// Times between events.
    Gaps,
}

impl OptionalPart {
    /// The part that a phase is a time of, if not every protocol has it.
    pub fn timed(phase: Phase) -> Option<Self> {
        match phase {
            Phase::FirstByte => Some(Self::FirstByte),
            Phase::Reply => Some(Self::Reply),
            Phase::FirstEvent => Some(Self::Events),
            Phase::EventGap => Some(Self::Gaps),
            Phase::Dns | Phase::Connect | Phase::Tls | Phase::Download => None,
        }
    }
}

impl Spec {
    /// Why a response has no such part, as the beginning of a sentence; `None` if it may have one.
    pub fn lacks(&self, part: OptionalPart) -> Option<&'static str> {
        match self {
            Self::Http(_) => match part {
                OptionalPart::Status
                | OptionalPart::FirstByte
                | OptionalPart::Headers
                | OptionalPart::Cookies
                | OptionalPart::Body
                | OptionalPart::Url => None,
                OptionalPart::Messages | OptionalPart::Reply | OptionalPart::Events | OptionalPart::Gaps => {
                    Some("an HTTP response is not a stream of messages")
                }
            },
            Self::WebSocket(_) => match part {
                OptionalPart::Status
                | OptionalPart::FirstByte
                | OptionalPart::Headers
                | OptionalPart::Cookies
                | OptionalPart::Url => None,
                OptionalPart::Body => {
                    Some("the response that opens a WebSocket has no body; messages arrive in the steps inside it")
                }
                OptionalPart::Messages | OptionalPart::Reply | OptionalPart::Events | OptionalPart::Gaps => {
                    Some("messages arrive in the steps inside it")
                }
            },
            Self::Send(step) => match part {
                OptionalPart::Status => Some("a message has no status"),
                OptionalPart::FirstByte => Some("a message arrives as a whole"),
                OptionalPart::Headers | OptionalPart::Cookies => Some("a message has no headers"),
                OptionalPart::Events | OptionalPart::Gaps => Some("a `send` waits for one message only"),
                OptionalPart::Url => None,
                OptionalPart::Body | OptionalPart::Messages | OptionalPart::Reply => {
                    step.reply.is_none().then_some("this `send` waits for no `reply`")
                }
            },
            Self::Receive(step) => match part {
                OptionalPart::Status => (!step.close).then_some("a message has no status"),
                OptionalPart::FirstByte => Some("a message arrives as a whole"),
                OptionalPart::Headers | OptionalPart::Cookies => Some("a message has no headers"),
                OptionalPart::Reply => Some("a `receive` sends nothing that could be replied to"),
                OptionalPart::Url => None,
                OptionalPart::Body | OptionalPart::Messages | OptionalPart::Events => {
                    step.close.then_some("this `receive` waits for the end of the connection, not for a message")
                }
                OptionalPart::Gaps if step.close => {
                    Some("this `receive` waits for the end of the connection, not for messages")
                }
                OptionalPart::Gaps => (step.wait.count < 2).then_some("this `receive` waits for one message only"),
            },
            Self::Sse(step) => match part {
                OptionalPart::Gaps => (step.most_events() == Some(1)).then_some("one event ends this stream"),
                OptionalPart::Status
                | OptionalPart::FirstByte
                | OptionalPart::Headers
                | OptionalPart::Cookies
                | OptionalPart::Body
                | OptionalPart::Url
                | OptionalPart::Messages
                | OptionalPart::Events => None,
                OptionalPart::Reply => Some("a stream of events replies to nothing"),
            },
        }
    }

    /// What to change so that a response has this part; `None` if nothing does that.
    pub fn remedy(&self, part: OptionalPart) -> Option<&'static str> {
        match (self, part) {
            (Self::Send(step), OptionalPart::Body | OptionalPart::Messages | OptionalPart::Reply)
                if step.reply.is_none() =>
            {
                Some("add `reply: {}` to the step to wait for a message that replies")
            }
            (Self::Receive(step), OptionalPart::Gaps) if !step.close => {
                Some("wait for two messages or more, for example `receive: { count: 2 }`, or remove it")
            }
            (Self::Sse(_), OptionalPart::Gaps) => {
                Some("wait for two events or more, for example `until: { events: 2 }`, or remove it")
            }
            (
                Self::WebSocket(_),
                OptionalPart::Body
                | OptionalPart::Messages
                | OptionalPart::Reply
                | OptionalPart::Events
                | OptionalPart::Gaps,
            ) => Some("move it to a `send` or `receive` step inside"),
            (Self::Http(_) | Self::WebSocket(_) | Self::Send(_) | Self::Receive(_) | Self::Sse(_), _) => None,
        }
    }

    /// The numbers that can be written as its status: those of HTTP (RFC 9110 §15) or the codes of a close
    /// (RFC 6455 §7.4).
    pub fn statuses(&self) -> RangeInclusive<u16> {
        match self {
            Self::Receive(step) if step.close => 1000..=4999,
            Self::Http(_) | Self::WebSocket(_) | Self::Send(_) | Self::Receive(_) | Self::Sse(_) => 100..=999,
        }
    }

    /// Whether a step of this kind that has not failed already can have this status.
    pub fn may_have_status(&self, status: u16) -> bool {
        match self {
            // RFC 6455 §4.1: any other status is no WebSocket. One of an error is judged by the plan.
            Self::WebSocket(_) => status == 101 || status >= 400,
            // RFC 9110 §15.2: a status below 200 is none of a response that is final, but of an upgrade.
            Self::Http(_) => status == 101 || status >= 200,
            Self::Sse(_) => status >= 200,
            Self::Send(_) | Self::Receive(_) => true,
        }
    }

    /// How many messages or events have come when the step has passed: the fewest and, if that is known, the
    /// most.
    pub fn messages(&self) -> Option<(u64, Option<u64>)> {
        match self {
            Self::Http(_) | Self::WebSocket(_) => None,
            Self::Send(step) => step.reply.as_ref().map(|_| (1, Some(1))),
            Self::Receive(step) => (!step.close).then_some((step.wait.count, Some(step.wait.count))),
            Self::Sse(step) => Some((0, step.most_events())),
        }
    }

    /// The parts of it that are timed apart.
    pub fn phases(&self) -> &'static [Phase] {
        match self {
            Self::Http(_) | Self::WebSocket(_) => {
                &[Phase::Dns, Phase::Connect, Phase::Tls, Phase::FirstByte, Phase::Download]
            }
            Self::Send(step) if step.reply.is_some() => &[Phase::Reply],
            Self::Receive(step) if !step.close && step.wait.count > 1 => &[Phase::FirstEvent, Phase::EventGap],
            Self::Receive(step) if !step.close => &[Phase::FirstEvent],
            Self::Send(_) | Self::Receive(_) => &[],
            Self::Sse(step) if step.most_events() == Some(1) => {
                &[Phase::Dns, Phase::Connect, Phase::Tls, Phase::FirstByte, Phase::Download, Phase::FirstEvent]
            }
            Self::Sse(_) => &[
                Phase::Dns,
                Phase::Connect,
                Phase::Tls,
                Phase::FirstByte,
                Phase::Download,
                Phase::FirstEvent,
                Phase::EventGap,
            ],
        }
    }

    /// Reads what a step of this kind sends; `entry` is its kind key.
    pub(crate) fn read(lower: &mut Lower<'_>, kind: RequestKind, entry: &Entry, fields: &Fields<'_>) -> Option<Self> {
        match kind {
            RequestKind::Http => lower.http_step(entry, fields).map(Self::Http),
            RequestKind::WebSocket => lower.websocket_step(entry, fields).map(Self::WebSocket),
            RequestKind::Send => lower.send_step(entry, fields).map(Self::Send),
            RequestKind::Receive => lower.receive_step(entry).map(Self::Receive),
            RequestKind::Sse => lower.sse_step(entry, fields).map(Self::Sse),
        }
    }

    /// What is sent, for telling requests apart that share a line of the report.
    pub fn sends(&self) -> (Arc<str>, Arc<str>) {
        match self {
            Self::Http(step) => (step.method.clone(), step.url.value.clone()),
            Self::WebSocket(step) => ("websocket".into(), step.handshake.url.value.clone()),
            Self::Send(step) => ("send".into(), step.label.clone()),
            Self::Receive(_) => ("receive".into(), "".into()),
            Self::Sse(step) => ("sse".into(), step.request.url.value.clone()),
        }
    }

    /// The URL it goes to, as written, if it has one of its own.
    pub fn url(&self) -> Option<&Text> {
        match self {
            Self::Http(step) => Some(&step.url),
            Self::WebSocket(step) => Some(&step.handshake.url),
            Self::Send(_) | Self::Receive(_) => None,
            Self::Sse(step) => Some(&step.request.url),
        }
    }

    /// The steps inside.
    pub fn steps(&self) -> &[Step] {
        match self {
            Self::WebSocket(step) => &step.steps,
            Self::Http(_) | Self::Send(_) | Self::Receive(_) | Self::Sse(_) => &[],
        }
    }

    /// What it does, in a few words: the label of a request without a name.
    pub fn describe(&self) -> Arc<str> {
        match self {
            Self::Http(step) => format!("{} {}", step.method, without_userinfo(&step.url.value)).into(),
            Self::WebSocket(step) => format!("websocket {}", without_userinfo(&step.handshake.url.value)).into(),
            Self::Send(step) => step.label.clone(),
            Self::Receive(step) => match (step.close, step.wait.count) {
                (true, _) => "receive the close".into(),
                (false, 1) => "receive".into(),
                (false, count) => format!("receive {count}").into(),
            },
            Self::Sse(step) => format!("sse {}", without_userinfo(&step.request.url.value)).into(),
        }
    }
}

impl Defaults {
    /// The settings on the plan or a thread group.
    pub(crate) fn read(lower: &mut Lower<'_>, fields: &Fields<'_>) -> Self {
        Self {
            http: fields.get("http").and_then(|node| lower.http_defaults(node)).unwrap_or_default(),
            websocket: fields.get("websocket").and_then(|node| lower.websocket_defaults(node)).unwrap_or_default(),
        }
    }

    /// The assertions on every response of requests such as this one.
    pub fn assertions(&self, spec: &Spec) -> &[AssertionGroup] {
        match spec {
            Spec::Http(_) | Spec::Sse(_) => &self.http.assert,
            // What is true of every HTTP response need not be true of a handshake or a message.
            Spec::WebSocket(_) | Spec::Send(_) | Spec::Receive(_) => &[],
        }
    }
}
