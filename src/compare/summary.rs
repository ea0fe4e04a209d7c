//! A run cut down to what a comparison needs, so that several large results files fit into memory
//! one after the other.

use std::collections::HashMap;
use std::path::Path;

use super::evidence::{Evidence, Slices};
use super::window::Window;
use crate::document::{ComparedRun, LoadWindow};
use crate::document::{Document, ScopeKind, SliceLine, ThreadGroup};
use crate::failure::FailureKind;
use crate::problem::Problem;
use crate::sanitize::inline;

/// What a comparison needs of a run.
#[derive(Clone, Debug)]
pub struct Summary {
    pub(super) run: ComparedRun,
    pub(super) facts: Facts,
    pub(super) groups: Vec<GroupLoad>,
    /// Samplers, transactions, thread groups, and the run at the end.
    pub(super) lines: Vec<Line>,
    by_key: HashMap<Key, usize>,
}

/// What else is reported of a run.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) plan: String,
    pub(super) sha256: String,
    pub(super) profile: Option<String>,
    pub(super) version: String,
    pub(super) host: String,
    pub(super) cpus: usize,
    /// How late the load generator was (99th percentile), in milliseconds.
    pub(super) lag_ms: Option<f64>,
    /// Requests that got no response, in a document of a version that left them out of response times.
    pub(super) untimed: u64,
    /// Why the load generator could not keep up.
    pub(super) too_slow: Option<String>,
    /// How it was stopped, as the end of a sentence that begins with "the run was".
    pub(super) stopped: Option<String>,
    /// Why it was not valid.
    pub(super) not_valid: Option<String>,
}

/// A thread group's load.
#[derive(Clone, Debug)]
pub(super) struct GroupLoad {
    pub(super) name: String,
    pub(super) load: String,
    pub(super) max_users: u64,
}

/// What makes a line the same in two runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) kind: LineKind,
    /// Empty for the run.
    pub(super) thread_group: String,
    pub(super) title: String,
}

/// [`ScopeKind`], as a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum LineKind {
    Sampler,
    Transaction,
    ThreadGroup,
    Run,
}

impl LineKind {
    pub(super) fn scope(self) -> ScopeKind {
        match self {
            Self::Sampler => ScopeKind::Sampler,
            Self::Transaction => ScopeKind::Transaction,
            Self::ThreadGroup => ScopeKind::ThreadGroup,
            Self::Run => ScopeKind::Run,
        }
    }
}

/// A line of the report.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) key: Key,
    pub(super) file: Option<String>,
    /// Not of thread groups and the run.
    pub(super) line: Option<usize>,
    whole: Evidence,
    steady: Option<Evidence>,
}

impl Line {
    /// Whether its load was held long enough for the ramps to be left out.
    pub(super) fn has_steady(&self) -> bool {
        self.steady.is_some()
    }

    /// The figures of a part of the load; the whole's where there is no other.
    pub(super) fn evidence(&self, window: LoadWindow) -> &Evidence {
        match (window, &self.steady) {
            (LoadWindow::Steady, Some(steady)) => steady,
            _ => &self.whole,
        }
    }
}

/// Where a thread group's samples go.
struct GroupWindows<'d> {
    group: &'d ThreadGroup,
    whole: Window,
    steady: Option<Window>,
}

/// The samples of a line or of several, by part of the load.
struct Parts {
    whole: Slices,
    steady: Option<Slices>,
}

impl Parts {
    fn new(whole: &Window, steady: Option<&Window>) -> Self {
        Self { whole: Slices::new(whole), steady: steady.map(Slices::new) }
    }

    fn evidence(&self, percentiles: &[f64]) -> (Evidence, Option<Evidence>) {
        let whole = self.whole.evidence(percentiles);
        let steady = self.steady.as_ref().map(|steady| steady.evidence(percentiles).part_of(&whole));
        (whole, steady)
    }
}

impl Summary {
    /// The title and the thread group of each of its samplers.
    pub(super) fn samplers(&self) -> impl Iterator<Item = (String, String)> {
        let samplers = self.lines.iter().filter(|line| line.key.kind == LineKind::Sampler);
        samplers.map(|line| (line.key.title.clone(), line.key.thread_group.clone()))
    }

    /// Cuts a run down; `percentiles` (in percent) are those that will be compared.
    ///
    /// # Errors
    /// When the timeline is damaged.
    pub fn of(document: &Document<'_>, file: Option<&Path>, percentiles: &[f64]) -> Result<Self, Problem> {
        let slice_s = document.slice_s.max(1) as f64;
        let load_s = document.run.load_s;
        let places: Vec<GroupWindows<'_>> = document
            .thread_groups
            .iter()
            .map(|group| {
                let whole = Window::whole(group, load_s, slice_s);
                GroupWindows { group, steady: Window::steady(group, &whole, slice_s), whole }
            })
            .collect();
        let mut rows: [Vec<Vec<(u64, SliceLine)>>; 2] = [
            document.samplers.iter().map(|_| Vec::new()).collect(),
            document.transactions.iter().map(|_| Vec::new()).collect(),
        ];
        for slice in document.timeline.iter() {
            for (rows, lines) in rows.iter_mut().zip([slice.samplers, slice.transactions]) {
                for line in lines {
                    let Some(row) = rows.get_mut(line.label) else {
                        return Err(format!(
                            "its timeline has row {} at second {}, but there is no such row",
                            line.label, slice.t_s
                        )
                        .into());
                    };
                    row.push((slice.t_s, line));
                }
            }
        }
        let every = Window::around(places.iter().map(|place| &place.whole));
        let held = Window::around(places.iter().map(|place| place.steady.as_ref().unwrap_or(&place.whole)));
        let all_steady = !places.is_empty() && places.iter().all(|place| place.steady.is_some());
        let mut run = Parts::new(&every, all_steady.then_some(&held));
        let mut groups: Vec<Parts> =
            places.iter().map(|place| Parts::new(&place.whole, place.steady.as_ref())).collect();
        let mut lines = Vec::new();
        let [samplers, transactions] = rows;
        let samplers = document.samplers.iter().zip(samplers).map(|line| (LineKind::Sampler, line));
        let transactions = document.transactions.iter().zip(transactions).map(|line| (LineKind::Transaction, line));
        for (kind, (line, rows)) in samplers.chain(transactions) {
            // Setup and teardown happen once: there is nothing to compare.
            let Some(at) = places.iter().position(|place| place.group.name == line.thread_group) else { continue };
            let place = &places[at];
            let mut parts = Parts::new(&place.whole, place.steady.as_ref());
            for (t_s, row) in rows {
                let mut times = super::times::Distribution::default();
                match row.times() {
                    Some(histogram) => histogram
                        .iter_recorded()
                        .for_each(|step| times.add(step.value_iterated_to(), step.count_at_value())),
                    None if row.histogram.is_none() => {}
                    None => {
                        let title = inline(line.title());
                        return Err(format!("the response times of {title} at second {t_s} are damaged").into());
                    }
                }
                let group = &mut groups[at];
                let mut add = |slices: &mut Slices| slices.add(t_s, row.count, row.failed, &times);
                add(&mut parts.whole);
                parts.steady.iter_mut().for_each(&mut add);
                if kind == LineKind::Sampler {
                    add(&mut group.whole);
                    group.steady.iter_mut().for_each(&mut add);
                    add(&mut run.whole);
                    if place.steady.as_ref().is_some_and(|steady| steady.holds(t_s)) {
                        run.steady.iter_mut().for_each(&mut add);
                    }
                }
            }
            let (whole, steady) = parts.evidence(percentiles);
            let key = Key { kind, thread_group: line.thread_group.clone(), title: line.title().to_owned() };
            lines.push(Line { key, file: line.file.clone(), line: Some(line.line), whole, steady });
        }
        let several = places.iter().map(|place| (LineKind::ThreadGroup, place.group.name.clone())).zip(&groups);
        for ((kind, name), parts) in several.chain(std::iter::once(((LineKind::Run, String::new()), &run))) {
            let (whole, steady) = parts.evidence(percentiles);
            let title = if kind == LineKind::Run { "run".to_owned() } else { name.clone() };
            lines.push(Line { key: Key { kind, thread_group: name, title }, file: None, line: None, whole, steady });
        }
        let by_key = lines.iter().enumerate().map(|(index, line)| (line.key.clone(), index)).collect();
        Ok(Self { run: about(document, file), facts: facts(document), groups: loads(&places), lines, by_key })
    }

    /// A run made by hand: samplers of one thread group, held for this many seconds.
    #[cfg(test)]
    pub(super) fn made(id: &str, samplers: &[(&str, Slices)], group: &Slices, percentiles: &[f64]) -> Self {
        const GROUP: &str = "users";
        let line = |kind, title: &str, thread_group: &str, slices: &Slices| Line {
            key: Key { kind, thread_group: thread_group.into(), title: title.into() },
            file: None,
            line: None,
            whole: slices.evidence(percentiles),
            steady: None,
        };
        let mut lines: Vec<Line> =
            samplers.iter().map(|(title, slices)| line(LineKind::Sampler, title, GROUP, slices)).collect();
        lines.push(line(LineKind::ThreadGroup, GROUP, GROUP, group));
        lines.push(line(LineKind::Run, "run", "", group));
        let by_key = lines.iter().enumerate().map(|(index, line)| (line.key.clone(), index)).collect();
        let run =
            ComparedRun { id: id.into(), file: None, started_at: "2026-01-05T10:00:00.000Z".into(), git_commit: None };
        let facts = Facts {
            plan: "made".into(),
            sha256: "00".into(),
            profile: None,
            version: "1".into(),
            host: "here".into(),
            cpus: 2,
            lag_ms: None,
            untimed: 0,
            too_slow: None,
            stopped: None,
            not_valid: None,
        };
        let groups = vec![GroupLoad { name: GROUP.into(), load: "10 users".into(), max_users: 10 }];
        Self { run, facts, groups, lines, by_key }
    }

    /// The line that is the same as another run's.
    pub(super) fn line(&self, key: &Key) -> Option<&Line> {
        self.by_key.get(key).map(|index| &self.lines[*index])
    }

    pub(super) fn group(&self, name: &str) -> Option<&GroupLoad> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// How messages name it: its file.
    pub(super) fn name(&self) -> &str {
        self.run.file.as_deref().unwrap_or("the new run")
    }
}

fn loads(places: &[GroupWindows<'_>]) -> Vec<GroupLoad> {
    let group = |place: &GroupWindows<'_>| GroupLoad {
        name: place.group.name.clone(),
        load: place.group.load.clone(),
        max_users: place.group.max_users,
    };
    places.iter().map(group).collect()
}

fn about(document: &Document<'_>, file: Option<&Path>) -> ComparedRun {
    ComparedRun {
        id: document.run.id.clone(),
        file: file.map(|file| inline(&file.to_string_lossy())),
        started_at: document.run.started_at.clone(),
        git_commit: document.run.git_commit.clone(),
    }
}

fn facts(document: &Document<'_>) -> Facts {
    let Document { run, plan, generator, .. } = document;
    let not_valid = document.verdict.exit_code == crate::verdict::exit::NOT_VALID && generator.kept_up;
    Facts {
        plan: plan.name.clone(),
        sha256: plan.sha256.clone(),
        profile: run.profile.clone(),
        version: document.tool.version.clone(),
        host: run.host.name.clone(),
        cpus: run.host.cpus,
        lag_ms: generator.lag_p99_ms,
        untimed: untimed(document),
        too_slow: (!generator.kept_up).then(|| generator.reason.clone().unwrap_or_else(|| "it was too slow".into())),
        stopped: run
            .stopped_by
            .as_ref()
            .map(|by| run.stopped_because.clone().unwrap_or_else(|| format!("stopped by {by}"))),
        not_valid: (not_valid || run.internal_error.is_some())
            .then(|| document.verdict.reasons.first().cloned().unwrap_or_else(|| "it was not valid".into())),
    }
}

/// Requests without a response that count in no response time: before version 1.2 of the format none did.
fn untimed(document: &Document<'_>) -> u64 {
    if !["1.0.", "1.1."].iter().any(|old| document.schema_version.starts_with(old)) {
        return 0;
    }
    let sent = |kind: FailureKind| match kind {
        FailureKind::Timeout | FailureKind::Reset | FailureKind::Protocol | FailureKind::Body => true,
        FailureKind::Dns
        | FailureKind::Connect
        | FailureKind::Tls
        | FailureKind::Status
        | FailureKind::Assertion
        | FailureKind::Extraction
        | FailureKind::Step
        | FailureKind::Interrupted => false,
    };
    document.totals.failures.iter().filter(|one| sent(one.kind)).map(|one| one.count).sum()
}
