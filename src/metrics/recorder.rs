//! What one worker thread gathers between two visits of the aggregator.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use super::results::{ErrorKey, ErrorStats, Stats};
use super::times::Times;
use super::{Example, Outcome, Sample, SampleFailure, Shape};
use crate::graph::{AssertionId, GroupId, LabelId, LabelKind};

/// How many groups of equal failures are kept apart; further ones count under their kind.
const MAX_ERROR_GROUPS: usize = 1000;

/// One worker thread's counts.
#[derive(Debug)]
pub struct Recorder {
    shape: Arc<Shape>,
    second: u64,
    labels: Vec<Option<Box<Stats>>>,
    touched: Vec<LabelId>,
    after: Vec<Stats>,
    assertions: Vec<(u64, u64)>,
    errors: HashMap<ErrorKey, ErrorStats>,
    iterations: Vec<u64>,
    users: Vec<Users>,
    lag: Times,
    late_starts: u64,
    finished: Vec<Second>,
}

/// What was gathered in one second.
#[derive(Debug)]
pub(super) struct Second {
    pub(super) second: u64,
    pub(super) labels: Vec<(LabelId, Stats)>,
}

/// A thread's users of one group.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Users {
    /// Active now.
    pub(super) active: u64,
    /// The most since the last visit.
    pub(super) peak: u64,
}

/// Everything gathered since the last visit, moved out.
#[derive(Debug)]
pub struct Batch {
    pub(super) seconds: Vec<Second>,
    pub(super) after: Vec<Stats>,
    pub(super) assertions: Vec<(u64, u64)>,
    pub(super) errors: HashMap<ErrorKey, ErrorStats>,
    pub(super) iterations: Vec<u64>,
    pub(super) users: Vec<Users>,
    pub(super) lag: Times,
    pub(super) late_starts: u64,
}

impl Recorder {
    /// An empty recorder.
    pub fn new(shape: Arc<Shape>) -> Self {
        Self {
            second: 0,
            labels: (0..shape.labels.len()).map(|_| None).collect(),
            touched: Vec::new(),
            after: vec![Stats::default(); shape.after.len()],
            assertions: vec![(0, 0); shape.assertions],
            errors: HashMap::new(),
            iterations: vec![0; shape.groups],
            users: vec![Users::default(); shape.groups],
            lag: Times::default(),
            late_starts: 0,
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
        stats.count_sample(sample);
        for (place, (_, scope, after)) in self.shape.after.iter().enumerate() {
            if sample.started >= *after && self.shape.counts(sample.label, *scope) {
                self.after[place].count_sample(sample);
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
            key.message = "further failures of this kind".into();
            key.assertion = None;
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

    /// How late a timer of this thread was: the generator's own share of what users saw.
    pub fn lag(&mut self, late: Duration) {
        self.lag.record(late);
    }

    /// A user started later than it should have.
    pub fn late_start(&mut self) {
        self.late_starts += 1;
    }

    /// A user has started.
    pub fn user_started(&mut self, group: GroupId) {
        let users = &mut self.users[group.index()];
        users.active += 1;
        users.peak = users.peak.max(users.active);
    }

    /// A user has ended.
    pub fn user_ended(&mut self, group: GroupId) {
        let users = &mut self.users[group.index()];
        users.active = users.active.saturating_sub(1);
    }

    /// Moves everything gathered out.
    pub fn flush(&mut self) -> Batch {
        self.close_second();
        let users = self.users.clone();
        for users in &mut self.users {
            users.peak = users.active;
        }
        Batch {
            seconds: std::mem::take(&mut self.finished),
            after: self.after.iter_mut().map(Stats::take).collect(),
            assertions: std::mem::replace(&mut self.assertions, vec![(0, 0); self.shape.assertions]),
            errors: std::mem::take(&mut self.errors),
            iterations: std::mem::replace(&mut self.iterations, vec![0; self.shape.groups]),
            users,
            lag: self.lag.take(),
            late_starts: std::mem::take(&mut self.late_starts),
        }
    }

    fn close_second(&mut self) {
        if self.touched.is_empty() {
            return;
        }
        let labels = &mut self.labels;
        let taken =
            self.touched.drain(..).filter_map(|label| Some((label, labels[label.index()].as_mut()?.take()))).collect();
        self.finished.push(Second { second: self.second, labels: taken });
    }
}
