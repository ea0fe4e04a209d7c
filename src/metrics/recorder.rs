//! What one worker thread gathers between two visits of the aggregator.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use super::results::{ErrorKey, ErrorStats, GeneratorFigures, Stats};
use super::{Example, LostUsers, Outcome, Sample, SampleFailure, Shape, Span};
use crate::failure::Exhausted;
use crate::graph::{AssertionId, GroupId, LabelId, LabelKind};

/// How many groups of equal failures are kept apart; further ones count under their kind.
pub(super) const MAX_ERROR_GROUPS: usize = 1000;

/// A start later than this counts as late.
const LATE: Duration = Duration::from_millis(100);

/// One worker thread's counts.
#[derive(Debug)]
pub struct Recorder {
    shape: Arc<Shape>,
    second: u64,
    labels: Vec<Option<Box<Stats>>>,
    touched: Vec<LabelId>,
    /// Samples of the warm-up in the current second.
    warm: BTreeMap<LabelId, Stats>,
    windows: Vec<Stats>,
    assertions: Vec<(u64, u64)>,
    errors: HashMap<ErrorKey, ErrorStats>,
    iterations: Vec<u64>,
    dropped: Vec<u64>,
    users: Vec<Users>,
    /// Users that ended early; a plan has few reasons for it.
    lost: BTreeMap<LostUsers, u64>,
    spans: Vec<Span>,
    /// When each group has warmed up.
    warm_until: Vec<Duration>,
    /// The most connections open at once since the last visit.
    connections: u64,
    generator: GeneratorFigures,
    /// How long this thread had something to do.
    effort: Duration,
    finished: Vec<Second>,
}

/// What was gathered in one second.
#[derive(Debug)]
pub(super) struct Second {
    pub(super) second: u64,
    pub(super) labels: Vec<(LabelId, Stats)>,
    /// Samples of the warm-up.
    pub(super) warm: BTreeMap<LabelId, Stats>,
}

/// A thread's users of one group.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Users {
    /// Active now.
    pub(super) active: u64,
    /// The most since the last visit.
    pub(super) peak: u64,
    /// Started since the run began; a user of the open model counts once.
    pub(super) started: u64,
    /// Missing now: they ended early, and the plan has them present.
    missing: u64,
    /// The most active and missing at once since the last visit: those the plan has present.
    pub(super) planned: u64,
}

impl Users {
    /// Begins again to look for the most at once.
    pub(super) fn settle(&mut self) {
        self.peak = self.active;
        self.planned = self.active + self.missing;
    }
}

/// Everything gathered since the last visit, moved out.
#[derive(Debug)]
pub struct Batch {
    pub(super) seconds: Vec<Second>,
    pub(super) windows: Vec<Stats>,
    pub(super) assertions: Vec<(u64, u64)>,
    pub(super) errors: HashMap<ErrorKey, ErrorStats>,
    pub(super) iterations: Vec<u64>,
    pub(super) dropped: Vec<u64>,
    pub(super) users: Vec<Users>,
    pub(super) lost: BTreeMap<LostUsers, u64>,
    pub(super) spans: Vec<Span>,
    pub(super) connections: u64,
    pub(super) generator: GeneratorFigures,
    pub(super) effort: Duration,
}

impl Recorder {
    /// An empty recorder.
    pub fn new(shape: Arc<Shape>) -> Self {
        Self {
            second: 0,
            labels: (0..shape.labels.len()).map(|_| None).collect(),
            touched: Vec::new(),
            warm: BTreeMap::new(),
            windows: vec![Stats::default(); shape.windows.len()],
            assertions: vec![(0, 0); shape.assertions],
            errors: HashMap::new(),
            iterations: vec![0; shape.groups],
            dropped: vec![0; shape.groups],
            users: vec![Users::default(); shape.groups],
            lost: BTreeMap::new(),
            spans: vec![Span::default(); shape.groups],
            warm_until: shape.warm_up.clone(),
            connections: 0,
            generator: GeneratorFigures::default(),
            effort: Duration::ZERO,
            finished: Vec::new(),
            shape,
        }
    }

    /// Counts a sample. `example` is asked only when its failure has none yet here.
    pub fn sample(&mut self, sample: &Sample<'_>, example: &mut dyn FnMut() -> Example) {
        let second = sample.ended.as_secs();
        if second != self.second {
            self.close_second();
            self.second = second;
        }
        let index = sample.label.index();
        let scheduled = sample.started.saturating_sub(sample.behind);
        let group = self.shape.group_of(sample.label);
        let open = group.is_some_and(|group| self.shape.open[group.index()]);
        if let Some(group) = group {
            let span = &mut self.spans[group.index()];
            span.last_start = span.last_start.max(sample.started);
            if scheduled < self.warm_until[group.index()] {
                return self.warm.entry(sample.label).or_default().count_sample(sample, open);
            }
        }
        let stats = match &mut self.labels[index] {
            Some(stats) => {
                if stats.is_empty() {
                    self.touched.push(sample.label);
                }
                stats
            }
            none => {
                self.touched.push(sample.label);
                none.insert(Box::default())
            }
        };
        stats.count_sample(sample, open);
        let began = group.map(|group| (group, self.spans[group.index()].began.unwrap_or_default()));
        for (window, stats) in self.shape.windows.iter().zip(&mut self.windows) {
            if self.shape.counts(sample.label, window.scope) && window.holds(scheduled, began) {
                stats.count_sample(sample, open);
            }
        }
        // A transaction fails because of a step inside, whose own line tells why.
        if let Outcome::Failed(failures) = sample.outcome
            && self.shape.labels[index].1 != LabelKind::Transaction
        {
            for failure in failures {
                self.failure(sample.label, sample.ended, failure, example);
            }
        }
    }

    fn failure(&mut self, label: LabelId, at: Duration, failure: &SampleFailure, example: &mut dyn FnMut() -> Example) {
        let mut key =
            ErrorKey { label, kind: failure.kind, message: failure.message.clone(), assertion: failure.assertion };
        if self.errors.len() >= MAX_ERROR_GROUPS && !self.errors.contains_key(&key) {
            key.fold();
        }
        match self.errors.entry(key) {
            Entry::Occupied(known) => known.into_mut().again(at, failure),
            Entry::Vacant(new) => {
                new.insert(ErrorStats::first(at, failure, example()));
            }
        }
    }

    /// Counts a judged assertion.
    pub fn assertion(&mut self, id: AssertionId, passed: bool) {
        let counts = &mut self.assertions[id.index()];
        if passed {
            counts.0 += 1;
        } else {
            counts.1 += 1;
        }
    }

    /// Counts a finished iteration.
    pub fn iteration(&mut self, group: GroupId) {
        self.iterations[group.index()] += 1;
    }

    /// Whether a sample that was scheduled for this time belongs to its group's warm-up.
    pub fn warms_up(&self, label: LabelId, scheduled: Duration) -> bool {
        self.shape.group_of(label).is_some_and(|group| self.is_warming_up(group, scheduled))
    }

    /// Whether a group warms up at this time.
    pub fn is_warming_up(&self, group: GroupId, at: Duration) -> bool {
        at < self.warm_until[group.index()]
    }

    /// Counts an iteration, scheduled for this time, that nobody could run: every user was busy,
    /// or the one made for it did not come through its start. Not in the warm-up.
    pub fn dropped(&mut self, group: GroupId, scheduled: Duration) {
        if !self.is_warming_up(group, scheduled) {
            self.dropped[group.index()] += 1;
        }
    }

    /// A group's load begins at this time.
    pub fn group_begins(&mut self, group: GroupId, at: Duration) {
        self.spans[group.index()].began = Some(at);
        self.warm_until[group.index()] = match self.shape.warm_up[group.index()] {
            Duration::ZERO => Duration::ZERO,
            warm_up => at + warm_up,
        };
    }

    /// A group's time is up, or its last user has ended, whichever comes first.
    pub fn group_ends(&mut self, group: GroupId, at: Duration) {
        self.spans[group.index()].ended.get_or_insert(at);
    }

    /// A group's time is up: nobody is planned any longer. A thread whose users all ended early
    /// leaves them missing until then.
    pub fn nobody_planned(&mut self, group: GroupId) {
        self.users[group.index()].missing = 0;
    }

    /// How late a timer of this thread was: the generator's own share of what users saw.
    pub fn lag(&mut self, late: Duration) {
        self.generator.lag.record(late);
    }

    /// How much later than scheduled a user or an arrival has started.
    pub fn started(&mut self, late: Duration) {
        self.generator.start_lag.record(late);
        self.generator.late_starts += u64::from(late > LATE);
    }

    /// This many connections are open now.
    pub fn connections(&mut self, open: u64) {
        self.connections = self.connections.max(open);
    }

    /// How long this thread had something to do.
    pub fn effort(&mut self, busy: Duration) {
        self.effort += busy;
    }

    /// A request failed because this machine could give no more of something.
    pub fn exhausted(&mut self, what: Exhausted) {
        self.generator.add_exhausted(what, 1);
    }

    /// A user was made. One of the open model may be active many times.
    pub fn user_made(&mut self, group: GroupId) {
        self.users[group.index()].started += 1;
    }

    /// A user ends early.
    pub fn user_lost(&mut self, lost: LostUsers) {
        *self.lost.entry(lost).or_default() += 1;
    }

    /// A user that ended early is no longer active, and nobody takes its place.
    pub fn user_missing(&mut self, group: GroupId) {
        self.users[group.index()].missing += 1;
    }

    /// The time at which a missing user would have left has come.
    pub fn user_would_leave(&mut self, group: GroupId) {
        let users = &mut self.users[group.index()];
        users.missing = users.missing.saturating_sub(1);
    }

    /// A user is active.
    pub fn user_started(&mut self, group: GroupId) {
        let users = &mut self.users[group.index()];
        users.active += 1;
        users.peak = users.peak.max(users.active);
        users.planned = users.planned.max(users.active + users.missing);
    }

    /// A user is active no more.
    pub fn user_ended(&mut self, group: GroupId) {
        let users = &mut self.users[group.index()];
        users.active = users.active.saturating_sub(1);
    }

    /// Moves everything gathered out.
    pub fn flush(&mut self) -> Batch {
        self.close_second();
        let users = self.users.clone();
        self.users.iter_mut().for_each(Users::settle);
        Batch {
            seconds: std::mem::take(&mut self.finished),
            windows: self.windows.iter_mut().map(Stats::take).collect(),
            assertions: std::mem::replace(&mut self.assertions, vec![(0, 0); self.shape.assertions]),
            errors: std::mem::take(&mut self.errors),
            iterations: std::mem::replace(&mut self.iterations, vec![0; self.shape.groups]),
            dropped: std::mem::replace(&mut self.dropped, vec![0; self.shape.groups]),
            users,
            lost: std::mem::take(&mut self.lost),
            spans: self.spans.clone(),
            connections: std::mem::take(&mut self.connections),
            generator: std::mem::take(&mut self.generator),
            effort: std::mem::take(&mut self.effort),
        }
    }

    fn close_second(&mut self) {
        if self.touched.is_empty() && self.warm.is_empty() {
            return;
        }
        let labels = &mut self.labels;
        let mut taken = Vec::with_capacity(self.touched.len());
        for label in self.touched.drain(..) {
            let slot = &mut labels[label.index()];
            // Busy lines keep their histograms' memory; one that was hit a few times costs nothing
            // until it is hit again.
            let stats = match slot {
                Some(stats) if stats.has_histogram() => Some(stats.take()),
                few => few.take().map(|stats| *stats),
            };
            taken.extend(stats.map(|stats| (label, stats)));
        }
        self.finished.push(Second { second: self.second, labels: taken, warm: std::mem::take(&mut self.warm) });
    }
}
