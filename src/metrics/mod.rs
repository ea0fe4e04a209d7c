//! Counts samples: each worker thread has its own [`Recorder`], an [`Aggregator`] collects their counts
//! about once per second, and [`Results`] contains the totals.
//!
//! Nothing is shared between threads while a sample is recorded: no locks, no atomics. Histograms grow
//! with their content: a row with few samples takes a few bytes, not a table.

mod aggregator;
mod lost_users;
mod recorder;
mod results;
mod span;
mod sparse_times;
mod statuses;
mod timeline;
mod times;

use std::sync::Arc;
use std::time::Duration;

pub use aggregator::{Aggregator, Live, LiveGroup};
pub use lost_users::{LostUsers, LostWhy};
pub use recorder::{Batch, Recorder};
pub use results::{
    AssertionResult, ErrorGroup, GeneratorFigures, GroupResult, LabelResult, LowerBounds, Results, Stats,
};
pub use span::{Span, Spans};
pub use sparse_times::SparseTimes;
pub use statuses::Statuses;
pub use timeline::{Slice, SliceLabel};
pub use times::Times;

use crate::diagnostic;
use crate::exchange::{Gaps, Timings};
use crate::failure::FailureKind;
use crate::graph::{AssertionId, ExecutionGraph, GroupId, LabelId, LabelKind, Place, Scope};
use crate::schedule::Window;

/// One finished, interrupted or impossible sample.
#[derive(Debug)]
pub struct Sample<'a> {
    /// Its line of the report.
    pub label: LabelId,
    /// When it started, counted from the moment load began.
    pub started: Duration,
    /// When it ended, counted alike.
    pub ended: Duration,
    /// How long it took, as far as that is known.
    pub response_time: ResponseTime,
    /// How much later than scheduled it was sent, in the open model: a part of the response time
    /// as the user of a real service would see it, which `response_time` leaves out.
    pub behind: Duration,
    /// The parts of it.
    pub timings: Timings,
    /// The times between the events of a stream.
    pub gaps: Option<&'a Gaps>,
    /// The status of its response, if there was one.
    pub status: Option<u16>,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Bytes received.
    pub received_bytes: u64,
    /// Requests sent again on a new connection.
    pub reconnects: u32,
    /// Whether it was served from the user's cache; then it counts as `cached` and as nothing else.
    pub cached: bool,
    /// What it came to.
    pub outcome: Outcome<'a>,
}

impl<'a> Sample<'a> {
    /// A sample that has no response to measure: a step that could not run, a
    /// transaction, a request that was interrupted.
    pub fn bare(label: LabelId, started: Duration, ended: Duration, outcome: Outcome<'a>) -> Self {
        Self {
            label,
            started,
            ended,
            response_time: ResponseTime::None,
            behind: Duration::ZERO,
            timings: Timings::default(),
            gaps: None,
            status: None,
            sent_bytes: 0,
            received_bytes: 0,
            reconnects: 0,
            cached: false,
            outcome,
        }
    }
}

/// How long a sample took, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseTime {
    /// Nothing was sent, so nothing was waited for: refused, not resolved, a step without a request.
    None,
    /// It was sent and waited for, but no whole response came: the time it was waited, a lower
    /// bound of what the user of a real service would have waited.
    AtLeast(Duration),
    /// To the last byte of the response.
    Whole(Duration),
}

impl ResponseTime {
    /// The time that counts in means and percentiles; `None` when nothing was sent.
    pub fn counted(self) -> Option<Duration> {
        match self {
            Self::None => None,
            Self::AtLeast(time) | Self::Whole(time) => Some(time),
        }
    }
}

/// What a sample came to.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// Everything held.
    Passed,
    /// It failed, for these reasons; the first one is its kind.
    Failed(&'a [SampleFailure]),
    /// The run ended before it did: neither passed nor failed.
    Interrupted,
}

/// One reason why a sample failed.
#[derive(Clone, Debug)]
pub struct SampleFailure {
    /// Its kind.
    pub kind: FailureKind,
    /// What happened, in words that are the same for every sample it happened to.
    pub message: String,
    /// What was expected, for assertions.
    pub expected: Option<String>,
    /// What came instead; it may differ from sample to sample. Masked.
    pub actual: Option<String>,
    /// The assertion that failed.
    pub assertion: Option<AssertionId>,
    /// Its place in the plan: the assertion, the extractor or the request.
    pub span: diagnostic::Span,
}

impl SampleFailure {
    /// A failure that no assertion tells of.
    pub fn new(kind: FailureKind, message: impl Into<String>, span: diagnostic::Span) -> Self {
        Self { kind, message: message.into(), expected: None, actual: None, assertion: None, span }
    }
}

/// A failed exchange to look at; masked and cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Example {
    /// What was sent.
    pub request: String,
    /// What came.
    pub response: String,
}

/// What there is to count, known before the run.
#[derive(Debug)]
pub struct Shape {
    /// For each label, where it belongs and what it is.
    pub labels: Vec<(Place, LabelKind)>,
    /// How many thread groups there are.
    pub groups: usize,
    /// How many assertions there are.
    pub assertions: usize,
    /// How long each group warms up.
    pub warm_up: Vec<Duration>,
    /// Whether each group is an open model, whose response times count from the schedule.
    pub open: Vec<bool>,
    /// Thresholds that do not look at the whole run.
    pub windows: Vec<Windowed>,
}

/// A threshold that looks at a part of the run.
#[derive(Debug)]
pub struct Windowed {
    /// Its number.
    pub threshold: usize,
    /// What it judges.
    pub scope: Scope,
    /// Samples that started before are omitted.
    pub after: Duration,
    /// For each group, the pieces of its time (from its own start) in which samples count.
    pub during: Option<Vec<Vec<Window>>>,
}

impl Windowed {
    /// Whether a sample counts that started then, in a group that began then.
    fn holds(&self, started: Duration, group: Option<(GroupId, Duration)>) -> bool {
        started >= self.after
            && self.during.as_ref().is_none_or(|groups| {
                group.is_some_and(|(group, began)| {
                    let at = started.saturating_sub(began);
                    groups[group.index()].iter().any(|(from, to)| at >= *from && to.is_none_or(|to| at < to))
                })
            })
    }
}

impl Shape {
    /// What a graph has to count.
    pub fn of(graph: &ExecutionGraph) -> Arc<Self> {
        let windowed = |(index, threshold): (usize, &crate::graph::Threshold)| {
            let during = threshold.during;
            (threshold.after.is_some() || during.is_some()).then(|| Windowed {
                threshold: index,
                scope: threshold.scope,
                after: threshold.after.unwrap_or_default(),
                during: during.map(|during| graph.groups.iter().map(|group| during.windows(&group.load)).collect()),
            })
        };
        Arc::new(Self {
            labels: graph.labels.iter().map(|label| (label.place, label.kind)).collect(),
            groups: graph.groups.len(),
            assertions: graph.assertions.len(),
            warm_up: graph.groups.iter().map(|group| group.warm_up).collect(),
            open: graph.groups.iter().map(|group| group.load.is_open()).collect(),
            windows: graph.thresholds.iter().enumerate().filter_map(windowed).collect(),
        })
    }

    /// The group a label belongs to; none for setup and teardown.
    pub fn group_of(&self, label: LabelId) -> Option<GroupId> {
        match self.labels[label.index()].0 {
            Place::Group(group) => Some(group),
            Place::Setup | Place::Teardown => None,
        }
    }

    /// Whether a label's samples count under a scope. Lifecycle steps count under none, and a
    /// transaction only under its own line, since its requests are counted already.
    pub fn counts(&self, label: LabelId, scope: Scope) -> bool {
        let (place, kind) = self.labels[label.index()];
        match scope {
            Scope::Label(one) => one == label,
            Scope::Group(group) => kind != LabelKind::Transaction && place == Place::Group(group),
            Scope::Run => kind != LabelKind::Transaction && matches!(place, Place::Group(_)),
        }
    }
}
