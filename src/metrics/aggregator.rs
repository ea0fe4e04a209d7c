//! Merging what the worker threads gathered.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::recorder::{Batch, Users};
use super::results::{AssertionResult, ErrorGroup, ErrorKey, ErrorStats, GroupResult, LabelResult, Results, Stats};
use super::timeline::Timeline;
use super::times::Times;
use super::{Shape, Slice};
use crate::graph::{AssertionId, GroupId, LabelId, LabelKind, Place, Scope};

/// How many seconds the live figures look back.
const LIVE_SECONDS: usize = 5;
/// A second is compressed this many seconds after it ended: every thread has reported by then.
const SETTLED: u64 = 3;

/// Everything counted so far.
#[derive(Debug)]
pub struct Aggregator {
    shape: Arc<Shape>,
    labels: Vec<Stats>,
    after: Vec<Stats>,
    assertions: Vec<(u64, u64)>,
    errors: HashMap<ErrorKey, ErrorStats>,
    iterations: Vec<u64>,
    users: Vec<Vec<Users>>,
    count: u64,
    failed: u64,
    peak_users: Vec<u64>,
    lag: Times,
    late_starts: u64,
    timeline: Timeline,
    recent: VecDeque<(u64, u64, u64, Times)>,
}

/// The figures of the moment, for the console.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// Samples so far.
    pub count: u64,
    /// Failed ones so far.
    pub failed: u64,
    /// Samples per second over the last seconds.
    pub rate: f64,
    /// Percentiles of the last seconds, in milliseconds: 50, 95, 99.
    pub percentiles_ms: [Option<f64>; 3],
    /// The thread groups.
    pub groups: Vec<LiveGroup>,
}

/// A thread group at the moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct LiveGroup {
    /// Active users.
    pub users: u64,
    /// Finished iterations.
    pub iterations: u64,
}

impl Aggregator {
    /// Nothing counted yet. `threads` is how many recorders will report.
    pub fn new(shape: Arc<Shape>, threads: usize) -> Self {
        Self {
            labels: vec![Stats::default(); shape.labels.len()],
            after: vec![Stats::default(); shape.after.len()],
            assertions: vec![(0, 0); shape.assertions],
            errors: HashMap::new(),
            iterations: vec![0; shape.groups],
            users: vec![vec![Users::default(); shape.groups]; threads],
            count: 0,
            failed: 0,
            peak_users: vec![0; shape.groups],
            lag: Times::default(),
            late_starts: 0,
            timeline: Timeline::default(),
            recent: VecDeque::new(),
            shape,
        }
    }

    /// Adds what a thread gathered; `now` is the time since load began.
    pub fn add(&mut self, thread: usize, batch: Batch, now: Duration) {
        for (mine, theirs) in self.after.iter_mut().zip(&batch.after) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.assertions.iter_mut().zip(&batch.assertions) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
        }
        for (key, stats) in batch.errors {
            match self.errors.get_mut(&key) {
                Some(known) => known.merge(stats),
                None => {
                    self.errors.insert(key, stats);
                }
            }
        }
        for (mine, theirs) in self.iterations.iter_mut().zip(&batch.iterations) {
            *mine += theirs;
        }
        self.users[thread] = batch.users;
        self.lag.merge(&batch.lag);
        self.late_starts += batch.late_starts;
        for second in batch.seconds {
            for (label, stats) in second.labels {
                self.labels[label.index()].merge(&stats);
                if matches!(self.shape.labels[label.index()].0, Place::Group(_)) {
                    if self.shape.counts(label, Scope::Run) {
                        self.count += stats.count;
                        self.failed += stats.failed;
                        self.remember(second.second, &stats);
                    }
                    self.timeline.add(second.second, label, stats);
                }
            }
        }
        let now = now.as_secs();
        for (group, peak) in self.peak_users.iter_mut().enumerate() {
            *peak = (*peak).max(self.users.iter().map(|users| users[group].peak).sum());
        }
        self.timeline.users(now, self.users.iter().flatten().map(|users| users.peak).sum());
        self.timeline.close_before(now.saturating_sub(SETTLED));
    }

    fn remember(&mut self, second: u64, stats: &Stats) {
        match self.recent.iter_mut().find(|known| known.0 == second) {
            Some(known) => {
                known.1 += stats.count;
                known.2 += stats.failed;
                known.3.merge(&stats.response_time);
            }
            None => {
                self.recent.push_back((second, stats.count, stats.failed, stats.response_time.clone()));
                while self.recent.len() > LIVE_SECONDS + 1 {
                    self.recent.pop_front();
                }
            }
        }
    }

    /// The figures of the moment; `now` is the time since load began.
    pub fn live(&self, now: Duration) -> Live {
        let current = now.as_secs();
        let from = current.saturating_sub(LIVE_SECONDS as u64);
        let mut times = Times::default();
        let mut count = 0;
        for (_, samples, _, response) in self.recent.iter().filter(|one| one.0 >= from && one.0 < current) {
            count += samples;
            times.merge(response);
        }
        Live {
            count: self.count,
            failed: self.failed,
            rate: count as f64 / (current - from).max(1) as f64,
            percentiles_ms: [50.0, 95.0, 99.0].map(|percent| times.percentile_ms(percent)),
            groups: (0..self.shape.groups)
                .map(|group| LiveGroup {
                    users: self.users.iter().map(|users| users[group].active).sum(),
                    iterations: self.iterations[group],
                })
                .collect(),
        }
    }

    /// The merged figures of a scope.
    pub fn scope(&self, scope: Scope) -> Stats {
        let mut merged = Stats::default();
        for (index, stats) in self.labels.iter().enumerate() {
            if self.shape.counts(LabelId(index as u32), scope) {
                merged.merge(stats);
            }
        }
        merged
    }

    /// The figures a threshold judges: those of its scope, less the beginning it leaves out.
    pub fn judged(&self, threshold: usize, scope: Scope) -> Stats {
        match self.shape.after.iter().position(|(index, ..)| *index == threshold) {
            Some(place) => self.after[place].clone(),
            None => self.scope(scope),
        }
    }

    /// Finished iterations of a group, or of all.
    pub fn iterations(&self, group: Option<GroupId>) -> u64 {
        match group {
            Some(group) => self.iterations[group.index()],
            None => self.iterations.iter().sum(),
        }
    }

    /// What the run came to; `load` is how long load was applied.
    pub fn results(mut self, load: Duration) -> Results {
        let timeline: Vec<Slice> = self.timeline.slices();
        let totals = self.scope(Scope::Run);
        let groups = (0..self.shape.groups)
            .map(|index| {
                let group = GroupId(index as u32);
                GroupResult {
                    group,
                    iterations: self.iterations[index],
                    peak_users: self.peak_users[index],
                    stats: self.scope(Scope::Group(group)),
                }
            })
            .collect();
        let (mut samplers, mut transactions, mut steps, mut lifecycle) = (vec![], vec![], vec![], vec![]);
        for (index, stats) in std::mem::take(&mut self.labels).into_iter().enumerate() {
            if stats.is_empty() {
                continue;
            }
            let (place, kind) = self.shape.labels[index];
            let list = match (place, kind) {
                (Place::Setup | Place::Teardown, _) => &mut lifecycle,
                (_, LabelKind::Sampler) => &mut samplers,
                (_, LabelKind::Transaction) => &mut transactions,
                (_, LabelKind::Step) => &mut steps,
            };
            list.push(LabelResult { label: LabelId(index as u32), stats });
        }
        let mut errors: Vec<ErrorGroup> = self
            .errors
            .into_iter()
            .map(|(key, stats)| ErrorGroup {
                label: key.label,
                kind: key.kind,
                message: key.message,
                assertion: key.assertion,
                expected: stats.expected,
                actual: stats.actual,
                count: stats.count,
                first: stats.first,
                last: stats.last,
                span: stats.span,
                example: stats.example,
            })
            .collect();
        errors.sort_by(|one, two| {
            two.count.cmp(&one.count).then(one.label.cmp(&two.label)).then_with(|| one.message.cmp(&two.message))
        });
        let assertions = self
            .assertions
            .iter()
            .enumerate()
            .filter(|(_, counts)| **counts != (0, 0))
            .map(|(index, (passed, failed))| {
                let id = AssertionId(index as u32);
                let examples =
                    errors.iter().filter(|error| error.assertion == Some(id)).flat_map(|error| error.actual.clone());
                AssertionResult { id, passed: *passed, failed: *failed, examples: examples.take(5).collect() }
            })
            .collect();
        let answered = samplers.iter().any(|line| line.stats.answered > 0 || line.stats.cached > 0);
        Results {
            load,
            totals,
            samplers,
            transactions,
            steps,
            lifecycle,
            groups,
            assertions,
            errors,
            after: self.shape.after.iter().map(|(index, ..)| *index).zip(self.after).collect(),
            timeline,
            answered,
            lag: self.lag,
            late_starts: self.late_starts,
        }
    }
}
