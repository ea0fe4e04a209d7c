//! What the engine tells while it runs: the only bridge to console and trial output.

use std::sync::Arc;

use crate::assertions::AssertionFailure;
use crate::graph::{GroupId, NodeId};
use crate::mask::Masker;
use crate::samplers::Exchange;

/// Something to show while the run goes.
#[derive(Clone, Debug)]
pub enum Event {
    /// A `log` step: the thread group, the user's number, the masked text.
    Log(Option<GroupId>, u64, String),
    /// A failure of a kind not seen before on its thread: its line of the report and its cause, masked.
    Failure(Arc<str>, String),
}

/// Watches single steps, as `try` does. The engine calls it on the thread that runs the steps.
pub trait Observer {
    /// A part of the lifecycle begins: `setup`, a group's part, `teardown`.
    fn part(&self, name: &str);
    /// A request has ended.
    fn request(&self, request: &Observed<'_>);
    /// Another step has been taken, or could not be: what it did.
    fn step(&self, node: NodeId, what: &str, error: Option<&str>);
}

/// A request as `try` shows it.
pub struct Observed<'a> {
    /// Which.
    pub node: NodeId,
    /// What came of it.
    pub exchange: &'a Exchange,
    /// The answer's body, if there was an answer.
    pub response: Option<&'a crate::samplers::Response>,
    /// What was extracted: variable, value or why there is none, whether it is secret.
    pub extracted: &'a [(String, Result<String, String>, bool)],
    /// Each assertion judged, with its failure.
    pub assertions: &'a [(String, Result<(), AssertionFailure>)],
    /// A failure of the exchange or the default status check.
    pub failure: Option<&'a str>,
    /// Hides secrets.
    pub masker: &'a Masker,
}
