//! The reasons why a sample failed: the kinds that results are counted by, and the cause in words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// The reason why a sample failed, as named in the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The host name could not be resolved.
    Dns,
    /// No connection could be made.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// A timeout of the plan was exceeded.
    Timeout,
    /// The server closed the connection before the response was complete.
    Reset,
    /// The response was not valid HTTP.
    Protocol,
    /// The body ended early or could not be decoded.
    Body,
    /// The status was not accepted.
    Status,
    /// An assertion failed.
    Assertion,
    /// An extractor found nothing.
    Extraction,
    /// The step could not run; nothing was sent.
    Step,
    /// The run ended before the request did.
    Interrupted,
}

impl FailureKind {
    /// Every kind, in the order of the enum.
    pub const ALL: [Self; 12] = [
        Self::Dns,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Reset,
        Self::Protocol,
        Self::Body,
        Self::Status,
        Self::Assertion,
        Self::Extraction,
        Self::Step,
        Self::Interrupted,
    ];

    /// The word used in results, for example `connect`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Protocol => "protocol",
            Self::Body => "body",
            Self::Status => "status",
            Self::Assertion => "assertion",
            Self::Extraction => "extraction",
            Self::Step => "step",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A sample's failure: its kind and its cause in words a tester understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind it is counted under.
    pub kind: FailureKind,
    /// The cause, without values that change from request to request, so that equal causes count together.
    pub message: String,
    /// What this machine could give no more of, if that was the cause: then it is the load
    /// generator that failed, not the target.
    pub exhausted: Option<Exhausted>,
}

impl Failure {
    /// A failure of this kind with this cause.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), exhausted: None }
    }
}

/// Why a step could not run: nothing was sent, and it counts as [`FailureKind::Step`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepError {
    /// What is wrong and what to do about it, without values that change from request to request.
    pub message: String,
}

impl StepError {
    /// A step that could not run for this reason.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

impl From<Problem> for StepError {
    fn from(problem: Problem) -> Self {
        Self { message: problem.into() }
    }
}

/// What a machine has a limited number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// Local ports to connect from.
    Ports,
    /// Files, sockets included, that a process may have open.
    OpenFiles,
}
