//! What a run came to, in plain figures.

use std::time::Duration;

use super::timeline::Slice;
use super::times::Times;
use super::{Example, Outcome, Sample, SampleFailure};
use crate::diagnostic::Span;
use crate::graph::{AssertionId, GroupId, LabelId};
use crate::samplers::FailureKind;
use crate::verdict::Phase;

/// How many different values an assertion's examples show.
const MAX_ACTUAL: usize = 5;

/// The figures of a line, a group or the whole run.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Samples that finished, passed or failed.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Samples whose answer's head arrived, whatever came after it.
    pub answered: u64,
    /// Samples the end of the run interrupted; not in `count`.
    pub interrupted: u64,
    /// Requests served from a user's cache; not in `count`.
    pub cached: u64,
    /// Requests sent again because the server had closed the connection.
    pub reconnects: u64,
    /// Bytes received.
    pub received_bytes: u64,
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Failed samples by kind, in the order of [`FailureKind::ALL`].
    pub kinds: [u64; FailureKind::ALL.len()],
    /// Response times of answered samples.
    pub response_time: Times,
    /// Those among them that failed.
    pub failed_response_time: Times,
    /// Times of the phases, in the order of [`Phase::ALL`].
    pub phases: [Times; Phase::ALL.len()],
}

impl Stats {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0 && self.interrupted == 0 && self.cached == 0
    }

    pub(super) fn count_sample(&mut self, sample: &Sample<'_>) {
        if sample.cached {
            self.cached += 1;
            return;
        }
        self.reconnects += u64::from(sample.reconnects);
        self.received_bytes += sample.received_bytes;
        self.sent_bytes += sample.sent_bytes;
        match sample.outcome {
            Outcome::Interrupted => {
                self.interrupted += 1;
                return;
            }
            Outcome::Failed(failures) => {
                self.failed += 1;
                let kind = failures.first().map_or(FailureKind::Step, |failure| failure.kind);
                self.kinds[kind as usize] += 1;
            }
            Outcome::Passed => {}
        }
        self.count += 1;
        self.answered += u64::from(sample.response_time.is_some() || sample.timings.first_byte.is_some());
        if let Some(time) = sample.response_time {
            self.response_time.record(time);
            if matches!(sample.outcome, Outcome::Failed(_)) {
                self.failed_response_time.record(time);
            }
        }
        let timings = &sample.timings;
        let phases = [timings.dns, timings.connect, timings.tls, timings.first_byte, timings.download];
        for (times, phase) in self.phases.iter_mut().zip(phases) {
            if let Some(time) = phase {
                times.record(time);
            }
        }
    }

    pub(super) fn take(&mut self) -> Self {
        let taken = Self {
            response_time: self.response_time.take(),
            failed_response_time: self.failed_response_time.take(),
            phases: self.phases.each_mut().map(Times::take),
            ..*self
        };
        let response_time = std::mem::take(&mut self.response_time);
        let failed_response_time = std::mem::take(&mut self.failed_response_time);
        let phases = std::mem::take(&mut self.phases);
        *self = Self { response_time, failed_response_time, phases, ..Self::default() };
        taken
    }

    /// Adds another line's figures.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.answered += other.answered;
        self.failed += other.failed;
        self.interrupted += other.interrupted;
        self.cached += other.cached;
        self.reconnects += other.reconnects;
        self.received_bytes += other.received_bytes;
        self.sent_bytes += other.sent_bytes;
        for (mine, theirs) in self.kinds.iter_mut().zip(&other.kinds) {
            *mine += theirs;
        }
        self.response_time.merge(&other.response_time);
        self.failed_response_time.merge(&other.failed_response_time);
        for (mine, theirs) in self.phases.iter_mut().zip(&other.phases) {
            mine.merge(theirs);
        }
    }

    /// Failed samples as a fraction of all; `None` without samples.
    pub fn error_rate(&self) -> Option<f64> {
        (self.count > 0).then(|| self.failed as f64 / self.count as f64)
    }

    /// Apdex with this target, 0 to 1: (satisfied + tolerating / 2) / all. Satisfied samples took
    /// no longer than the target, tolerating ones no longer than four times it; samples that
    /// failed are frustrated (Apdex Technical Specification 1.1). `None` without samples.
    pub fn apdex(&self, target: Duration) -> Option<f64> {
        let good =
            |limit| self.response_time.count_up_to(limit).saturating_sub(self.failed_response_time.count_up_to(limit));
        let satisfied = good(target);
        let tolerating = good(target.saturating_mul(4)).saturating_sub(satisfied);
        (self.count > 0).then(|| (satisfied as f64 + tolerating as f64 / 2.0) / self.count as f64)
    }

    /// Samples per second over this time; `None` when no time has passed.
    pub fn throughput(&self, time: Duration) -> Option<f64> {
        (!time.is_zero()).then(|| self.count as f64 / time.as_secs_f64())
    }

    /// The times of a phase.
    pub fn phase(&self, phase: Phase) -> &Times {
        &self.phases[phase as usize]
    }
}

/// A line of the report.
#[derive(Clone, Debug)]
pub struct LabelResult {
    /// Which line.
    pub label: LabelId,
    /// Its figures.
    pub stats: Stats,
}

/// A thread group.
#[derive(Clone, Debug)]
pub struct GroupResult {
    /// Which group.
    pub group: GroupId,
    /// Finished iterations.
    pub iterations: u64,
    /// The most users active at once, seen once a second.
    pub peak_users: u64,
    /// The figures of its requests.
    pub stats: Stats,
}

/// An assertion.
#[derive(Clone, Debug)]
pub struct AssertionResult {
    /// Which assertion.
    pub id: AssertionId,
    /// How often it held.
    pub passed: u64,
    /// How often it did not.
    pub failed: u64,
    /// What came instead: a few different values.
    pub examples: Vec<String>,
}

/// What makes failures equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ErrorKey {
    pub(super) label: LabelId,
    pub(super) kind: FailureKind,
    pub(super) message: String,
    pub(super) assertion: Option<AssertionId>,
}

#[derive(Clone, Debug)]
pub(super) struct ErrorStats {
    pub(super) count: u64,
    pub(super) first: Duration,
    pub(super) last: Duration,
    pub(super) span: Span,
    pub(super) expected: Option<String>,
    pub(super) actual: Vec<String>,
    pub(super) example: Example,
}

impl ErrorStats {
    pub(super) fn first(at: Duration, failure: &SampleFailure, example: Example) -> Self {
        Self {
            count: 1,
            first: at,
            last: at,
            span: failure.span,
            expected: failure.expected.clone(),
            actual: failure.actual.iter().cloned().collect(),
            example,
        }
    }

    pub(super) fn again(&mut self, at: Duration, failure: &SampleFailure) {
        self.count += 1;
        self.last = self.last.max(at);
        self.remember(failure.actual.as_ref());
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        for actual in &other.actual {
            self.remember(Some(actual));
        }
    }

    fn remember(&mut self, actual: Option<&String>) {
        if let Some(actual) = actual
            && self.actual.len() < MAX_ACTUAL
            && !self.actual.contains(actual)
        {
            self.actual.push(actual.clone());
        }
    }
}

/// Failures that are alike.
#[derive(Clone, Debug)]
pub struct ErrorGroup {
    /// The line they happened on.
    pub label: LabelId,
    /// Their kind.
    pub kind: FailureKind,
    /// What happened.
    pub message: String,
    /// The assertion that failed, if it was one.
    pub assertion: Option<AssertionId>,
    /// What was expected, for assertions.
    pub expected: Option<String>,
    /// What came instead: a few different values.
    pub actual: Vec<String>,
    /// How many.
    pub count: u64,
    /// When the first one ended, from the moment load began.
    pub first: Duration,
    /// When the last one ended.
    pub last: Duration,
    /// Where in the plan.
    pub span: Span,
    /// One exchange.
    pub example: Example,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Results {
    /// For how long load was applied: from its begin to the end of the last user.
    pub load: Duration,
    /// Every request of every group.
    pub totals: Stats,
    /// Each request line that was reached, in the order of the plan.
    pub samplers: Vec<LabelResult>,
    /// Each transaction line that was reached.
    pub transactions: Vec<LabelResult>,
    /// Other steps that could not be carried out.
    pub steps: Vec<LabelResult>,
    /// Lines of setup and teardown that were reached.
    pub lifecycle: Vec<LabelResult>,
    /// Every thread group.
    pub groups: Vec<GroupResult>,
    /// Every assertion that was judged.
    pub assertions: Vec<AssertionResult>,
    /// Failures, the most frequent first.
    pub errors: Vec<ErrorGroup>,
    /// The figures of each threshold that leaves out a beginning, with the threshold's number.
    pub after: Vec<(usize, Stats)>,
    /// The run second by second.
    pub timeline: Vec<Slice>,
    /// Whether any request of a group was ever answered.
    pub answered: bool,
    /// How late the worker threads' timers were.
    pub lag: Times,
    /// Users that started more than 100 ms after their time.
    pub late_starts: u64,
}

impl Results {
    /// What a run comes to that never began.
    pub fn nothing(graph: &crate::graph::ExecutionGraph) -> Self {
        super::Aggregator::new(super::Shape::of(graph), 0).results(Duration::ZERO)
    }

    /// The figures of a line, if it was reached.
    pub fn label(&self, label: LabelId) -> Option<&Stats> {
        self.samplers
            .iter()
            .chain(&self.transactions)
            .chain(&self.steps)
            .chain(&self.lifecycle)
            .find(|result| result.label == label)
            .map(|result| &result.stats)
    }
}
