//! What the engine tells while it runs: the only bridge to console and trial output.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::assertions::AssertionFailure;
use crate::exchange::Exchange;
use crate::graph::{GroupId, NodeId};
use crate::mask::Masker;

/// Something to show during the run.
#[derive(Clone, Debug)]
pub enum Event {
    /// A `log` step: the thread group, the user's number, the masked text.
    Log(Option<GroupId>, u64, String),
    /// A failure of a kind not seen before on its thread: its line of the report and its cause, masked.
    Failure(Arc<str>, String),
}

/// How many events may wait to be shown. Users make them faster than a terminal or a pipe takes
/// them; what does not fit is dropped and counted, so that neither memory nor the run depends on it.
const WAITING: usize = 4096;

/// Hands events over without ever waiting.
#[derive(Clone)]
pub(super) struct EventSender {
    queue: Sender<Event>,
    dropped: Arc<AtomicU64>,
}

impl EventSender {
    /// A queue, and the other end of it.
    pub(super) fn new() -> (Self, Receiver<Event>) {
        let (queue, events) = channel(WAITING);
        (Self { queue, dropped: Arc::default() }, events)
    }

    /// Hands an event over, or drops it where too many wait.
    pub(super) fn send(&self, event: Event) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(event) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many were dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// Watches single steps, as `try` does. The engine calls it on the thread that runs the steps.
pub trait Observer {
    /// A part of the lifecycle begins: `setup`, a group's part, `teardown`.
    fn part(&self, name: &str);
    /// A request has ended.
    fn request(&self, request: &Observed<'_>);
    /// Another step has been taken, or could not be: what it did.
    fn step(&self, node: NodeId, what: &str, error: Option<&str>);
    /// Whether every way is to be taken here now, whichever would be chosen.
    fn takes_all(&self, node: NodeId, fork: Fork) -> bool;
}

/// Where a walk takes one of several ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fork {
    /// Before a step: its condition or its chance.
    Entry,
    /// In a step: which of its branches, or whether it stops what goes on.
    Inside,
}

/// A request as `try` shows it.
pub struct Observed<'a> {
    /// Which.
    pub node: NodeId,
    /// What came of it.
    pub exchange: &'a Exchange,
    /// The response's body, if there was a response.
    pub response: Option<&'a crate::response::Response>,
    /// What was extracted.
    pub extracted: &'a [Extracted],
    /// Each assertion judged, with its failure.
    pub assertions: &'a [(String, Result<(), AssertionFailure>)],
    /// A failure of the exchange or the default status check.
    pub failure: Option<&'a str>,
    /// Hides secrets.
    pub masker: &'a Masker,
}

/// A value that was extracted, as `try` shows it.
#[derive(Debug)]
pub struct Extracted {
    /// The variable.
    pub variable: String,
    /// The value, or why there is none.
    pub found: Result<String, String>,
    /// Whether it is secret.
    pub secret: bool,
    /// What to know about it, as `first of 20`.
    pub remark: Option<String>,
}

/// A finished sample that counts, for outputs that keep one row for each.
#[derive(Debug)]
pub struct Row<'a> {
    /// Its line of the report.
    pub label: &'a str,
    /// The thread group it belongs to.
    pub group: &'a str,
    /// The number of its user.
    pub user: u64,
    /// When it was scheduled or, without a schedule, sent; from the moment load began.
    pub started: Duration,
    /// From then to the last byte; for a sample without a response, to its failure.
    pub elapsed: Duration,
    /// How much of that passed before it was sent.
    pub behind: Duration,
    /// How much of that passed before the first byte of the response came.
    pub latency: Duration,
    /// How much of that it took to have a connection.
    pub connect: Duration,
    /// What it was; for a request the response's status, if one came, and the masked URL.
    pub kind: RowKind<'a>,
    /// Its first failure: the kind's word, and the cause, masked.
    pub failure: Option<(&'static str, String)>,
    /// Bytes received and sent.
    pub bytes: (u64, u64),
    /// Active users of its group, and of all.
    pub users: (u64, u64),
}

/// What a [`Row`] is about.
#[derive(Clone, Copy, Debug)]
pub enum RowKind<'a> {
    /// A request, or another step that could not run.
    Request {
        /// The response's status.
        status: Option<u16>,
        /// The URL, masked.
        url: &'a str,
    },
    /// A transaction.
    Transaction {
        /// Samples inside.
        samples: u64,
        /// Those that failed.
        failed: u64,
    },
}

/// Takes rows from any number of threads.
pub trait Rows: Send + Sync {
    /// A place for one thread's rows; `elapsed` is the time since load began.
    fn sink(&self, elapsed: Duration) -> Box<dyn RowSink>;
}

/// Takes one thread's rows.
pub trait RowSink {
    /// A sample has ended.
    fn row(&mut self, row: &Row<'_>);
    /// Hands over what was gathered.
    fn flush(&mut self);
}
