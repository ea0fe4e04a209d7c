//! The figures of a moment: made on the run's main thread, read by everybody who shows them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::failure::FailureKind;
use crate::graph::{ExecutionGraph, GroupId, LabelId, LabelKind, Place};
use crate::mask::Masker;
use crate::metrics::{Aggregator, Stats, Times};
use crate::sanitize::clean;

/// The upper limits of the response times' buckets; one more takes what is longer.
pub(super) const LIMITS: [Duration; 15] = [
    Duration::from_micros(1_000),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_millis(1_000),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
];

/// What stays the same for all of a run's snapshots. Every text is masked.
#[derive(Debug)]
pub(super) struct RunFacts {
    /// The plan's name.
    pub(super) plan: String,
    /// The run's identifier.
    pub(super) id: String,
    /// The machine's name.
    pub(super) host: String,
    /// When counting began.
    pub(super) started: SystemTime,
    /// The requests, steps and transactions, each name once.
    pub(super) lines: Vec<LineName>,
    /// The thread groups' names, each once.
    pub(super) groups: Vec<String>,
    /// For each label of the graph its line; none for those of setup and teardown.
    line_of: Vec<Option<usize>>,
    /// For each thread group of the graph its place among the names.
    group_of: Vec<usize>,
}

/// What a line is called.
#[derive(Debug)]
pub(super) struct LineName {
    pub(super) thread_group: String,
    pub(super) text: String,
    pub(super) transaction: bool,
    /// Whether the plan means to send it; steps of other kinds count only when they fail.
    pub(super) sent: bool,
}

impl RunFacts {
    /// The names of a run whose counting begins now.
    pub(super) fn new(graph: &ExecutionGraph, masker: &Masker, id: &str) -> Self {
        let masked = |text: &str| clean(&masker.mask(text)).into_owned();
        let mut groups: Vec<String> = Vec::new();
        let group_of: Vec<usize> = graph
            .groups
            .iter()
            .map(|group| {
                let name = masked(&group.name);
                groups.iter().position(|known| *known == name).unwrap_or_else(|| {
                    groups.push(name);
                    groups.len() - 1
                })
            })
            .collect();
        let mut lines: Vec<LineName> = Vec::new();
        let mut known = HashMap::new();
        let line_of = graph
            .labels
            .iter()
            .map(|label| {
                let Place::Group(group) = label.place else { return None };
                let text = masked(&label.text);
                let thread_group = group_of[group.index()];
                let transaction = label.kind == LabelKind::Transaction;
                // Two lines may bear one name, for example once their secrets are masked; no
                // reader takes a name twice.
                let at = *known.entry((thread_group, text.clone(), transaction)).or_insert(lines.len());
                if at == lines.len() {
                    let thread_group = groups[thread_group].clone();
                    lines.push(LineName { thread_group, text, transaction, sent: false });
                }
                lines[at].sent |= label.kind != LabelKind::Step;
                Some(at)
            })
            .collect();
        Self {
            plan: masked(&graph.name),
            id: id.to_owned(),
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            started: SystemTime::now(),
            lines,
            groups,
            line_of,
            group_of,
        }
    }
}

/// A run's figures at a moment, warm-up, setup and teardown left out.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// Whose they are.
    pub(super) run: Arc<RunFacts>,
    /// When that was.
    pub(super) at: SystemTime,
    /// The figures of each of the run's lines.
    pub(super) lines: Vec<LineFigures>,
    /// The figures of each of the run's thread groups.
    pub(super) groups: Vec<GroupFigures>,
}

/// A line's figures since the run began.
#[derive(Clone, Debug, Default)]
pub(super) struct LineFigures {
    /// Requests, or transactions, that finished.
    pub(super) count: u64,
    /// Those that failed.
    pub(super) failed: u64,
    /// Those that failed, in the order of [`FailureKind::ALL`].
    pub(super) failures: [u64; FailureKind::ALL.len()],
    pub(super) received_bytes: u64,
    pub(super) sent_bytes: u64,
    pub(super) times: Histogram,
}

/// A thread group's figures.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GroupFigures {
    /// At the moment.
    pub(super) active_users: u64,
    /// Since the run began.
    pub(super) iterations: u64,
    /// Since the run began.
    pub(super) dropped: u64,
}

/// Times by the limits of [`LIMITS`].
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    /// All of them, those beyond the last limit included.
    pub(super) count: u64,
    /// Their sum in seconds.
    pub(super) sum_s: f64,
    /// Those up to each limit and above the one before it.
    pub(super) up_to: [u64; LIMITS.len()],
}

impl Histogram {
    fn add(&mut self, times: &Times) {
        self.count += times.count();
        self.sum_s += times.sum_s();
        for (mine, theirs) in self.up_to.iter_mut().zip(times.counts_by_limit(&LIMITS)) {
            *mine += theirs;
        }
    }

    /// Those beyond the last limit.
    pub(super) fn beyond(&self) -> u64 {
        self.count - self.up_to.iter().sum::<u64>()
    }
}

impl LineFigures {
    fn add(&mut self, stats: &Stats) {
        self.count += stats.count;
        self.failed += stats.failed;
        for (mine, kind) in self.failures.iter_mut().zip(FailureKind::ALL) {
            *mine += stats.failures_of(kind);
        }
        self.received_bytes += stats.received_bytes;
        self.sent_bytes += stats.sent_bytes;
        self.times.add(&stats.response_time);
    }
}

impl Snapshot {
    /// Nothing counted yet.
    pub(super) fn nothing(run: Arc<RunFacts>) -> Self {
        let lines = vec![LineFigures::default(); run.lines.len()];
        let groups = vec![GroupFigures::default(); run.groups.len()];
        Self { at: run.started, run, lines, groups }
    }

    /// What is counted so far.
    pub(super) fn of(run: Arc<RunFacts>, aggregator: &Aggregator, at: SystemTime) -> Self {
        let mut lines = vec![LineFigures::default(); run.lines.len()];
        for (index, line) in run.line_of.iter().enumerate() {
            if let Some(line) = line {
                lines[*line].add(aggregator.label(LabelId(index as u32)));
            }
        }
        let mut groups = vec![GroupFigures::default(); run.groups.len()];
        for (index, name) in run.group_of.iter().enumerate() {
            let (group, figures) = (GroupId(index as u32), &mut groups[*name]);
            figures.active_users += aggregator.active_users(group);
            figures.iterations += aggregator.iterations(Some(group));
            figures.dropped += aggregator.dropped(Some(group));
        }
        Self { run, at, lines, groups }
    }
}
