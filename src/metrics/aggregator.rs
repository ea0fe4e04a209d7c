//! Merging what the worker threads gathered.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::recorder::{Batch, MAX_ERROR_GROUPS, Users};
use super::results::{
    AssertionResult, ErrorGroup, ErrorKey, ErrorStats, GeneratorFigures, GroupResult, LabelResult, Results, Stats,
};
use super::span::Spans;
use super::timeline::Timeline;
use super::times::Times;
use super::{LostUsers, Shape};
use crate::graph::{AssertionId, GroupId, LabelId, LabelKind, Place, Scope};

/// How many seconds the live figures look back.
const LIVE_SECONDS: usize = 5;
/// A second is compressed this many seconds after it ended: every thread has reported by then.
const SETTLED: u64 = 2;

/// Everything counted so far.
#[derive(Debug)]
pub struct Aggregator {
    shape: Arc<Shape>,
    labels: Vec<Stats>,
    windows: Vec<Stats>,
    assertions: Vec<(u64, u64)>,
    errors: HashMap<ErrorKey, ErrorStats>,
    iterations: Vec<u64>,
    dropped: Vec<u64>,
    warm_up: Vec<u64>,
    users: Vec<Vec<Users>>,
    /// For each thread, the connections it had open.
    connections: Vec<u64>,
    spans: Spans,
    count: u64,
    failed: u64,
    peak_users: Vec<u64>,
    lost: BTreeMap<LostUsers, u64>,
    generator: GeneratorFigures,
    /// For each thread, how long it had something to do.
    efforts: Vec<Duration>,
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
            windows: vec![Stats::default(); shape.windows.len()],
            assertions: vec![(0, 0); shape.assertions],
            errors: HashMap::new(),
            iterations: vec![0; shape.groups],
            dropped: vec![0; shape.groups],
            warm_up: vec![0; shape.groups],
            spans: Spans::of(&shape, threads),
            users: vec![vec![Users::default(); shape.groups]; threads],
            connections: vec![0; threads],
            count: 0,
            failed: 0,
            peak_users: vec![0; shape.groups],
            lost: BTreeMap::new(),
            generator: GeneratorFigures::default(),
            efforts: vec![Duration::ZERO; threads],
            timeline: Timeline::default(),
            recent: VecDeque::new(),
            shape,
        }
    }

    /// Adds what a thread gathered; `now` is the time since load began.
    pub fn add(&mut self, thread: usize, batch: Batch, now: Duration) {
        for (mine, theirs) in self.windows.iter_mut().zip(&batch.windows) {
            mine.merge(theirs);
        }
        for (mine, theirs) in self.assertions.iter_mut().zip(&batch.assertions) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
        }
        for (mut key, stats) in batch.errors {
            if self.errors.len() >= MAX_ERROR_GROUPS && !self.errors.contains_key(&key) {
                key.fold();
            }
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
        for (mine, theirs) in self.dropped.iter_mut().zip(&batch.dropped) {
            *mine += theirs;
        }
        self.spans.tell(thread, batch.spans);
        self.users[thread] = batch.users;
        for (lost, count) in batch.lost {
            *self.lost.entry(lost).or_default() += count;
        }
        self.connections[thread] = batch.connections;
        self.generator.merge(&batch.generator);
        self.efforts[thread] += batch.effort;
        for second in batch.seconds {
            for (label, stats) in second.warm {
                if let (true, Some(group)) = (self.shape.counts(label, Scope::Run), self.shape.group_of(label)) {
                    self.warm_up[group.index()] += stats.count;
                    self.remember(second.second, &stats);
                }
                self.timeline.add(second.second, label, true, &stats);
            }
            for (label, stats) in second.labels {
                self.labels[label.index()].merge(&stats);
                if matches!(self.shape.labels[label.index()].0, Place::Group(_)) {
                    if self.shape.counts(label, Scope::Run) {
                        self.count += stats.count;
                        self.failed += stats.failed;
                        self.remember(second.second, &stats);
                    }
                    self.timeline.add(second.second, label, false, &stats);
                }
            }
        }
        let now = now.as_secs();
        for (group, peak) in self.peak_users.iter_mut().enumerate() {
            *peak = (*peak).max(self.users.iter().map(|users| users[group].peak).sum());
        }
        let users = self.users.iter().flatten().map(|users| users.peak).sum();
        let planned = self.users.iter().flatten().map(|users| users.planned).sum();
        self.timeline.at_once(now, users, planned, self.connections.iter().sum());
        // What was the most until now is not what goes on: a thread that has ended says no more.
        self.users[thread].iter_mut().for_each(Users::settle);
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
                    users: self.active_users(GroupId(group as u32)),
                    iterations: self.iterations[group],
                })
                .collect(),
        }
    }

    /// The figures of a line so far, warm-up left out.
    pub fn label(&self, label: LabelId) -> &Stats {
        &self.labels[label.index()]
    }

    /// The users of a group that are active at the moment.
    pub fn active_users(&self, group: GroupId) -> u64 {
        self.users.iter().map(|users| users[group.index()].active).sum()
    }

    /// The merged figures of a scope.
    pub fn scope(&self, scope: Scope) -> Stats {
        merged(&self.shape, &self.labels, scope)
    }

    /// The figures a threshold judges, those of its scope and its part of the run, and for how
    /// long they were gathered; `now` is the time since load began.
    pub fn judged(&self, threshold: usize, scope: Scope, now: Duration) -> (Stats, Duration) {
        match self.shape.windows.iter().position(|window| window.threshold == threshold) {
            Some(place) => {
                let time = self.spans.looked_at(&self.shape, &self.shape.windows[place], now);
                (self.windows[place].clone(), time)
            }
            None => (self.scope(scope), self.spans.applied(&self.shape, scope, now)),
        }
    }

    /// Iterations of a group, or of all, that could not start because every user was busy.
    pub fn dropped(&self, group: Option<GroupId>) -> u64 {
        match group {
            Some(group) => self.dropped[group.index()],
            None => self.dropped.iter().sum(),
        }
    }

    /// Users of a group, or of all, that were started, and those of them that ended early.
    pub fn users_lost(&self, group: Option<GroupId>) -> (u64, u64) {
        let of = |one: GroupId| group.is_none_or(|group| group == one);
        let started = self.users.iter().flat_map(|users| users.iter().enumerate());
        let started = started.filter(|(index, _)| of(GroupId(*index as u32))).map(|(_, users)| users.started).sum();
        (started, self.lost.iter().filter(|(lost, _)| of(lost.group)).map(|(_, count)| count).sum())
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
        let timeline = self.timeline.slices();
        let labels = std::mem::take(&mut self.labels);
        Results { timeline, ..self.summed_up(load, labels) }
    }

    /// What the run has come to by now, `now` after load began. The timeline is omitted but for
    /// the complete slices that begin at or after a second.
    pub fn so_far(&self, now: Duration, from_s: u64) -> Results {
        let timeline = self.timeline.complete(from_s).to_vec();
        Results { timeline, ..self.summed_up(now, self.labels.clone()) }
    }

    /// Up to which second the slices of the timeline are complete, and how many seconds each covers.
    pub fn complete(&self) -> (u64, u64) {
        (self.timeline.complete_until(), self.timeline.width())
    }

    /// Everything but the timeline.
    fn summed_up(&self, load: Duration, labels: Vec<Stats>) -> Results {
        let totals = merged(&self.shape, &labels, Scope::Run);
        let applied = |scope: Scope| self.spans.applied(&self.shape, scope, load);
        let applied_in_all = applied(Scope::Run);
        let of_labels =
            (0..self.shape.labels.len()).map(|index| applied(Scope::Label(LabelId(index as u32)))).collect();
        let windows = self
            .shape
            .windows
            .iter()
            .zip(&self.windows)
            .map(|(window, stats)| (window.threshold, stats.clone(), self.spans.looked_at(&self.shape, window, load)))
            .collect();
        // Of the whole load's time: a thread without users is done after a moment full of work.
        let busiest = self.efforts.iter().filter(|_| !load.is_zero());
        let busiest = busiest.map(|effort| (effort.as_secs_f64() / load.as_secs_f64()).min(1.0)).reduce(f64::max);
        let groups = (0..self.shape.groups)
            .map(|index| {
                let group = GroupId(index as u32);
                let mut lost: Vec<(LostUsers, u64)> = self
                    .lost
                    .iter()
                    .filter(|(lost, _)| lost.group == group)
                    .map(|(lost, count)| (*lost, *count))
                    .collect();
                lost.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
                GroupResult {
                    group,
                    users_started: self.users.iter().map(|users| users[index].started).sum(),
                    lost,
                    iterations: self.iterations[index],
                    dropped: self.dropped[index],
                    peak_users: self.peak_users[index],
                    warm_up: self.warm_up[index],
                    began: self.spans.began(group),
                    applied: applied(Scope::Group(group)),
                    stats: merged(&self.shape, &labels, Scope::Group(group)),
                }
            })
            .collect();
        let (mut samplers, mut transactions, mut steps, mut lifecycle) = (vec![], vec![], vec![], vec![]);
        for (index, stats) in labels.into_iter().enumerate() {
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
            .iter()
            .map(|(key, stats)| ErrorGroup {
                label: key.label,
                kind: key.kind,
                message: key.message.clone(),
                assertion: key.assertion,
                expected: stats.expected.clone(),
                actual: stats.actual.clone(),
                varied: stats.varied,
                count: stats.count,
                first: stats.first,
                last: stats.last,
                span: stats.span,
                example: stats.example.clone(),
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
            windows,
            applied: of_labels,
            applied_in_all,
            slice_s: self.timeline.width(),
            timeline: Vec::new(),
            answered,
            generator: GeneratorFigures { busiest, ..self.generator.clone() },
        }
    }
}

/// The figures of all lines that count under a scope.
fn merged(shape: &Shape, labels: &[Stats], scope: Scope) -> Stats {
    let mut merged = Stats::default();
    for (index, stats) in labels.iter().enumerate() {
        if shape.counts(LabelId(index as u32), scope) {
            merged.merge(stats);
        }
    }
    merged
}
