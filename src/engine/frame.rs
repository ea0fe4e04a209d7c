//! What a walk is inside of: lists of steps, transactions, loops, locks, connections.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use super::events::RowKind;
use super::user::{Local, User};
use crate::data::Rows;
use crate::failure::FailureKind;
use crate::graph::{ConnectionId, ExecutionGraph, LabelId, NodeId};
use crate::metrics::{Example, Outcome, ResponseTime, Sample, SampleFailure};
use crate::protocols::sampler::Sessions;
use crate::template::{Expression, SlotId};
use crate::value::Value;

/// What a walk is inside of.
pub(super) enum Frame<'g> {
    Steps {
        children: &'g [NodeId],
        at: usize,
    },
    Ordered {
        children: Vec<NodeId>,
        at: usize,
    },
    Transaction(Timed),
    Loop(Loop<'g>),
    Lock {
        _permit: OwnedSemaphorePermit,
    },
    /// Steps on a connection, which is closed after them unless it is kept.
    Connection {
        _open: OpenConnection,
    },
}

/// A connection that steps use.
pub(super) struct OpenConnection {
    pub(super) sessions: Rc<Sessions>,
    pub(super) id: ConnectionId,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.sessions.leave(self.id);
    }
}

/// A loop in progress.
pub(super) struct Loop<'g> {
    pub(super) kind: LoopKind<'g>,
    pub(super) node: NodeId,
    pub(super) children: &'g [NodeId],
    /// Rounds begun.
    pub(super) round: u64,
    /// `loop.index` of the loop around this one.
    pub(super) outer: Option<u64>,
}

impl LoopKind<'_> {
    /// Whether it is known to have no further round after this many.
    pub(super) fn is_over(&self, rounds: u64) -> bool {
        match self {
            Self::Times(count) => rounds >= *count,
            Self::Items(_, items) => rounds >= items.len() as u64,
            Self::Until(_) | Self::While(..) | Self::Rows(..) => false,
        }
    }
}

/// When a loop ends.
pub(super) enum LoopKind<'g> {
    Times(u64),
    Until(Duration),
    While(&'g Expression, u64),
    Items(SlotId, Arc<[Value]>),
    Rows(SlotId, Box<Rows>),
}

/// A transaction in progress; recorded as interrupted when the run drops it.
pub(super) struct Timed {
    pub(super) local: Rc<Local>,
    pub(super) label: LabelId,
    pub(super) started: Duration,
    /// What the user had waited when it began: waiting is omitted.
    pub(super) waited: Duration,
    /// How much later than scheduled it began.
    pub(super) behind: Duration,
    /// Samples and failures the user had when it began.
    pub(super) samples: u64,
    pub(super) failures: u64,
    pub(super) recorded: bool,
}

impl Timed {
    fn record(&mut self, response_time: ResponseTime, outcome: Outcome<'_>, row: Option<(&User, RowKind<'_>)>) {
        self.recorded = true;
        let ended = self.local.clock.now();
        let sample =
            Sample { response_time, behind: self.behind, ..Sample::bare(self.label, self.started, ended, outcome) };
        self.local.recorder.borrow_mut().sample(&sample, &mut Example::default);
        if let Some((user, kind)) = row {
            let failure = match outcome {
                Outcome::Failed([first, ..]) => Some((first.kind.word(), first.message.clone())),
                Outcome::Failed([]) | Outcome::Passed | Outcome::Interrupted => None,
            };
            self.local.row(user.group, user.number, &sample, kind, failure);
        }
    }
}

impl Timed {
    /// Counts it, unless that was done.
    pub(super) fn complete(&mut self, graph: &ExecutionGraph, user: &User) {
        if self.recorded {
            return;
        }
        let waited = user.waited - self.waited;
        let time = ResponseTime::Whole((self.local.clock.now() - self.started).saturating_sub(waited));
        let failed = user.failures - self.failures;
        let row = Some((user, RowKind::Transaction { samples: user.samples - self.samples, failed }));
        if failed == 0 {
            self.record(time, Outcome::Passed, row);
        } else {
            let failure = SampleFailure::new(FailureKind::Step, "a step inside failed", graph.label(self.label).span);
            self.record(time, Outcome::Failed(&[failure]), row);
        }
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        if !self.recorded {
            self.record(ResponseTime::None, Outcome::Interrupted, None);
        }
    }
}
