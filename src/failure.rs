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

/// What failures are told together by, on whatever request they happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause<'t> {
    /// The response had a wrong status: the ones that came, the lowest first.
    Statuses(Vec<&'t str>),
    /// Anything else, by its kind and what happened.
    Other(FailureKind, &'t str),
}

impl<'t> Cause<'t> {
    /// The cause of failures of this kind: `assertion` is the one that failed, `message` what happened and
    /// `actual` what came instead.
    pub fn of(kind: FailureKind, assertion: Option<&str>, message: &'t str, actual: &'t [String]) -> Self {
        // Other assertions may have got a number that only looks like a status.
        let of_status = assertion.is_some_and(|assertion| assertion.starts_with("status"));
        if kind != FailureKind::Status && !of_status {
            return Self::Other(kind, message);
        }
        // After the status stands where it came from and what the body says, which may hold any number.
        let got =
            actual.iter().map(|text| text.split(':').next().unwrap_or(text).split(" from ").next().unwrap_or(text));
        // An assertion's message says what it expects.
        let said = assertion.is_none().then_some(message);
        let words = got.chain(said).flat_map(|text| text.split(|c: char| !c.is_ascii_digit()));
        let mut statuses: Vec<&str> = words.filter(|word| word.len() == 3).collect();
        statuses.sort_unstable();
        statuses.dedup();
        if statuses.is_empty() { Self::Other(kind, message) } else { Self::Statuses(statuses) }
    }

    /// `got status 503`, `got status 500, 502 or 503`; `None` where no status tells the cause.
    pub fn got_status(&self) -> Option<String> {
        match self {
            Self::Statuses(statuses) => Some(match statuses.as_slice() {
                [] => return None,
                [one] => format!("got status {one}"),
                [first @ .., last] => format!("got status {} or {last}", first.join(", ")),
            }),
            Self::Other(..) => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regression_the_status_that_an_assertion_expects_did_not_come() {
        let cause = |kind, assertion: Option<&str>, message: &str, actual: &[&str]| {
            let actual: Vec<String> = actual.iter().map(ToString::to_string).collect();
            Cause::of(kind, assertion, message, &actual).got_status()
        };
        let (status, other) = (FailureKind::Status, FailureKind::Assertion);
        let got = |text: &str| Some(text.to_owned());
        assert_eq!(
            cause(status, Some("status is 201"), "status is 201", &["401: sign in first"]),
            got("got status 401")
        );
        assert_eq!(cause(status, Some("Created"), "Created", &["503", "500: x 404"]), got("got status 500 or 503"));
        assert_eq!(cause(status, None, "the status is 502", &[]), got("got status 502"));
        // A number in a body is no status.
        assert_eq!(cause(other, Some("json $.code is 200"), "json $.code is 200", &["404"]), None);
    }
}
