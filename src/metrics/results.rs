//! What a run came to, in plain figures.

use std::sync::Arc;
use std::time::Duration;

use super::lost_users::LostUsers;
use super::sparse_times::SparseTimes;
use super::statuses::Statuses;
use super::timeline::Slice;
use super::times::Times;
use super::{Example, Outcome, ResponseTime, Sample, SampleFailure};
use crate::diagnostic::Span;
use crate::failure::{Exhausted, FailureKind};
use crate::graph::{AssertionId, GroupId, LabelId, Scope};
use crate::phase::Phase;

/// How many different values an assertion's examples show.
const MAX_ACTUAL: usize = 5;

/// The figures of a line, a group or the whole run.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Samples that finished, passed or failed.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Samples whose response's head arrived, whatever came after it.
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
    /// Failed samples by kind, in the order of [`FailureKind::ALL`]; boxed, as most lines have none.
    pub(super) kinds: Option<Box<[u64; FailureKind::ALL.len()]>>,
    /// How often each HTTP status came.
    pub statuses: Statuses,
    /// Response times of the samples that were sent: what thresholds judge. In the open model
    /// they count from the scheduled start.
    pub response_time: Times,
    /// Which of them are only lower bounds, since no whole response came.
    pub lower_bounds: LowerBounds,
    /// In the open model, the same times from the send.
    pub service_time: SparseTimes,
    /// Those among them that failed.
    pub failed_response_time: SparseTimes,
    /// Times of the phases, in the order of [`Phase::ALL`].
    pub phases: [SparseTimes; Phase::ALL.len()],
}

/// Response times that are only lower bounds: samples that were sent and waited for, but got no
/// whole response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LowerBounds {
    /// How many.
    pub count: u64,
    /// The least of them in microseconds; 0 without any.
    pub least_us: u64,
}

impl LowerBounds {
    fn add(&mut self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        self.merge(Self { count: 1, least_us: us });
    }

    /// Adds those of other samples.
    pub fn merge(&mut self, other: Self) {
        self.least_us = match (self.count, other.count) {
            (_, 0) => self.least_us,
            (0, _) => other.least_us,
            _ => self.least_us.min(other.least_us),
        };
        self.count += other.count;
    }

    /// Whether a percentile or an extreme, in milliseconds, may in truth be greater: a sample that
    /// was cut short at or below it might have taken longer than it.
    pub fn reach(self, figure_ms: f64) -> bool {
        self.count > 0 && self.least_us as f64 / 1e3 <= figure_ms
    }
}

impl Stats {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0 && self.interrupted == 0 && self.cached == 0
    }

    /// Counts a sample; `open` says that its response time counts from the schedule.
    pub(super) fn count_sample(&mut self, sample: &Sample<'_>, open: bool) {
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
                self.kinds.get_or_insert_default()[kind as usize] += 1;
            }
            Outcome::Passed => {}
        }
        self.count += 1;
        if let Some(status) = sample.status {
            self.statuses.count(status);
        }
        let whole = matches!(sample.response_time, ResponseTime::Whole(_));
        self.answered += u64::from(whole || sample.timings.first_byte.is_some());
        if let Some(from_send) = sample.response_time.counted() {
            let time = from_send + sample.behind;
            self.response_time.record(time);
            if !whole {
                self.lower_bounds.add(time);
            }
            if open {
                self.service_time.record(from_send);
            }
            if matches!(sample.outcome, Outcome::Failed(_)) {
                self.failed_response_time.record(time);
            }
        }
        for (times, phase) in self.phases.iter_mut().zip(Phase::ALL) {
            if let Some(time) = sample.timings.get(phase) {
                times.record(time);
            }
        }
        for (gap, count) in sample.gaps.iter().flat_map(|gaps| gaps.iter()) {
            self.phases[Phase::EventGap as usize].record_several(gap, count);
        }
    }

    /// Whether taking it leaves memory behind that is worth keeping.
    pub(super) fn has_histogram(&self) -> bool {
        self.response_time.has_histogram()
    }

    pub(super) fn take(&mut self) -> Self {
        let taken = Self {
            response_time: self.response_time.take(),
            service_time: self.service_time.take(),
            failed_response_time: self.failed_response_time.take(),
            phases: self.phases.each_mut().map(SparseTimes::take),
            kinds: self.kinds.take(),
            statuses: std::mem::take(&mut self.statuses),
            ..*self
        };
        let response_time = std::mem::take(&mut self.response_time);
        let service_time = std::mem::take(&mut self.service_time);
        let failed_response_time = std::mem::take(&mut self.failed_response_time);
        let phases = std::mem::take(&mut self.phases);
        *self = Self { response_time, service_time, failed_response_time, phases, ..Self::default() };
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
        if let Some(kinds) = &other.kinds {
            for (mine, theirs) in self.kinds.get_or_insert_default().iter_mut().zip(kinds.iter()) {
                *mine += theirs;
            }
        }
        self.statuses.merge(&other.statuses);
        self.merge_service_time(other);
        self.response_time.merge(&other.response_time);
        self.lower_bounds.merge(other.lower_bounds);
        self.failed_response_time.merge(&other.failed_response_time);
        for (mine, theirs) in self.phases.iter_mut().zip(&other.phases) {
            mine.merge(theirs);
        }
    }

    /// In the closed model the response time is the time from the send; merged with an open one
    /// it counts as that. Asks for the response times as they are before the merge.
    fn merge_service_time(&mut self, other: &Self) {
        if self.service_time.count() > 0 || other.service_time.count() > 0 {
            for (stats, has) in
                [(&self.response_time, self.service_time.count()), (&other.response_time, other.service_time.count())]
            {
                if has == 0 {
                    self.service_time.merge(stats);
                }
            }
            self.service_time.merge(&other.service_time);
        }
    }

    /// Samples that failed in this way.
    pub fn failures_of(&self, kind: FailureKind) -> u64 {
        self.kinds.as_ref().map_or(0, |kinds| kinds[kind as usize])
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
    /// Iterations that could not start because every user was busy.
    pub dropped: u64,
    /// The most users active at once, seen once a second.
    pub peak_users: u64,
    /// Users that were started.
    pub users_started: u64,
    /// Those that ended early, and why; the most frequent reason first.
    pub lost: Vec<(LostUsers, u64)>,
    /// Samples of the warm-up, which count in nothing else.
    pub warm_up: u64,
    /// When its load began, from the moment the run's load began; `None` if it did not.
    pub began: Option<Duration>,
    /// For how long its load was applied, warm-up left out.
    pub applied: Duration,
    /// The figures of its requests.
    pub stats: Stats,
}

impl GroupResult {
    /// How many users ended early.
    pub fn users_lost(&self) -> u64 {
        self.lost.iter().map(|(_, count)| count).sum()
    }
}

/// An assertion.
#[derive(Clone, Debug)]
pub struct AssertionResult {
    /// Which assertion.
    pub id: AssertionId,
    /// How often it passed.
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

impl ErrorKey {
    /// Forgets what makes it rare.
    pub(super) fn fold(&mut self) {
        self.message = "further failures of this kind".into();
        self.assertion = None;
    }
}

#[derive(Clone, Debug)]
pub(super) struct ErrorStats {
    pub(super) count: u64,
    pub(super) first: Duration,
    pub(super) last: Duration,
    pub(super) span: Span,
    pub(super) expected: Option<String>,
    pub(super) actual: Vec<String>,
    pub(super) varied: bool,
    pub(super) example: Example,
}

/// Whether two values that came are alike: of one status one body is reported, or bodies that change
/// from response to response would leave no room for another status.
fn same_status(known: &str, actual: &str) -> bool {
    status_in_front(known).is_some_and(|known| status_in_front(actual) == Some(known))
}

/// The status in `503: upstream connect error`.
fn status_in_front(text: &str) -> Option<&str> {
    let (status, _) = text.split_once(": ")?;
    (status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit())).then_some(status)
}

/// What came instead, without what the message says already.
fn beyond(failure: &SampleFailure) -> Option<String> {
    let actual = failure.actual.as_ref()?;
    let rest = match actual.strip_prefix(&failure.message) {
        Some(rest) => rest.strip_prefix(": got ").unwrap_or(rest).trim_start_matches([';', ' ']),
        None => actual,
    };
    (!rest.is_empty() || actual.is_empty()).then(|| rest.to_owned())
}

impl ErrorStats {
    pub(super) fn first(at: Duration, failure: &SampleFailure, example: Example) -> Self {
        Self {
            count: 1,
            first: at,
            last: at,
            span: failure.span,
            expected: failure.expected.clone(),
            actual: beyond(failure).into_iter().collect(),
            varied: false,
            example,
        }
    }

    pub(super) fn again(&mut self, at: Duration, failure: &SampleFailure) {
        self.count += 1;
        self.last = self.last.max(at);
        self.remember(beyond(failure).as_ref());
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.varied |= other.varied;
        for actual in &other.actual {
            self.remember(Some(actual));
        }
    }

    fn remember(&mut self, actual: Option<&String>) {
        let Some(actual) = actual else { return };
        if self.actual.contains(actual) {
            return;
        }
        if self.actual.len() < MAX_ACTUAL && !self.actual.iter().any(|known| same_status(known, actual)) {
            self.actual.push(actual.clone());
        } else {
            self.varied = true;
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
    /// Whether other values came than these.
    pub varied: bool,
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
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// For how long load was applied: from its begin to the end of the last user.
    pub load: Duration,
    /// Every request of every group.
    pub totals: Stats,
    /// Each request line that was reached, in the order of the plan.
    pub samplers: Vec<LabelResult>,
    /// Each transaction line that was reached.
    pub transactions: Vec<LabelResult>,
    /// Other steps that could not run.
    pub steps: Vec<LabelResult>,
    /// Lines of setup and teardown that were reached.
    pub lifecycle: Vec<LabelResult>,
    /// Every thread group.
    pub groups: Vec<GroupResult>,
    /// Every assertion that was judged.
    pub assertions: Vec<AssertionResult>,
    /// Failures, the most frequent first.
    pub errors: Vec<ErrorGroup>,
    /// The figures of each threshold that looks at a part of the run, with the threshold's
    /// number and how long that part was.
    pub windows: Vec<(usize, Stats, Duration)>,
    /// For how long load was applied to each line, in the order of the graph's labels.
    pub applied: Vec<Duration>,
    /// For how long load was applied in all, warm-up left out.
    pub applied_in_all: Duration,
    /// How many seconds a slice of the timeline covers.
    pub slice_s: u64,
    /// The run second by second.
    pub timeline: Vec<Arc<Slice>>,
    /// Whether any request of a group was ever answered.
    pub answered: bool,
    /// How the load generator itself fared.
    pub generator: GeneratorFigures,
}

/// How the load generator itself fared.
#[derive(Clone, Debug, Default)]
pub struct GeneratorFigures {
    /// How late the worker threads' timers were.
    pub lag: Times,
    /// How late users and arrivals started.
    pub start_lag: Times,
    /// Those that started more than 100 ms after their time.
    pub late_starts: u64,
    /// The share of its time, 0 to 1, in which the busiest worker thread had something to do.
    pub busiest: Option<f64>,
    /// Requests that failed because this machine had no more open files or local ports for them.
    pub exhausted: Vec<(Exhausted, u64)>,
}

impl GeneratorFigures {
    pub(super) fn add_exhausted(&mut self, what: Exhausted, times: u64) {
        match self.exhausted.iter_mut().find(|(known, _)| *known == what) {
            Some((_, count)) => *count += times,
            None => self.exhausted.push((what, times)),
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.lag.merge(&other.lag);
        self.start_lag.merge(&other.start_lag);
        self.late_starts += other.late_starts;
        for (what, times) in &other.exhausted {
            self.add_exhausted(*what, *times);
        }
    }
}

impl Results {
    /// What a run comes to that never began.
    pub fn nothing(graph: &crate::graph::ExecutionGraph) -> Self {
        super::Aggregator::new(super::Shape::of(graph), 0).results(Duration::ZERO)
    }

    /// For how long load was applied in a scope: what its rates are taken over.
    pub fn applied(&self, scope: Scope) -> Duration {
        match scope {
            Scope::Run => self.applied_in_all,
            Scope::Group(group) => {
                self.groups.iter().find(|result| result.group == group).map_or(Duration::ZERO, |result| result.applied)
            }
            Scope::Label(label) => self.applied.get(label.index()).copied().unwrap_or_default(),
        }
    }

    /// The figures of a line, if it was reached.
    pub fn label(&self, label: LabelId) -> Option<&Stats> {
        [&self.samplers, &self.transactions, &self.steps, &self.lifecycle].into_iter().find_map(|lines| {
            let at = lines.binary_search_by_key(&label, |line| line.label).ok()?;
            Some(&lines[at].stats)
        })
    }
}
