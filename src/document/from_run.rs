//! From what was counted and judged to the document.

use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::RunInfo;
use super::load_parts::parts;
use super::milli;
use super::{
    Assertion, CutShort, Document, Error, Example, FailureCount, Generator, Host, LazyList, Lifecycle, Line, Lost,
    Part, PartState, Plan, Run, SCHEMA_URL, SCHEMA_VERSION, ScopeKind, Slice, SliceLine, Stats, StatusCount,
    ThreadGroup, Threshold, Times, Tool, Unreached, VerdictInfo,
};
use crate::failure::FailureKind;
use crate::graph::{self, ExecutionGraph, LabelId, LabelKind, NodeKind, Place, Scope, load_sentences};
use crate::mask::Masker;
use crate::metrics::Results;
use crate::metrics::{self, ErrorGroup, GroupResult, LabelResult, LostWhy, LowerBounds};
use crate::phase::Phase;
use crate::sanitize::{clean, cut, inline};
use crate::threshold::Unit;
use crate::verdict::{self, LifecycleResult, RunOutcome, ThresholdResult, Verdict};

/// Everything there is to tell about a run.
#[derive(Clone, Copy, Debug)]
pub struct RunRecord<'a> {
    /// What ran.
    pub graph: &'a ExecutionGraph,
    /// What was counted.
    pub results: &'a Results,
    /// How it went.
    pub outcome: &'a RunOutcome,
    /// When and where.
    pub info: &'a RunInfo,
    /// Hides secrets.
    pub masker: &'a Masker,
}

/// How many different values of an assertion are told.
const EXAMPLES: usize = 5;
/// How much of an answer, or of a value that came instead of another, is kept, in bytes.
const EXAMPLE_BYTES: usize = 2000;

impl<'a> Document<'a> {
    /// The document of a run that was judged as `verdict` says.
    pub fn of(report: &RunRecord<'a>, verdict: Verdict) -> Self {
        Self::measured(report).judged(report, verdict)
    }

    /// What was measured, not judged yet: without a verdict and thresholds.
    pub fn measured(report: &RunRecord<'a>) -> Self {
        let report = *report;
        let RunRecord { graph, results, outcome, info, .. } = report;
        let lines: Rc<[&LabelResult]> = report.lines().into();
        let places: Rc<[LabelId]> = lines.iter().map(|line| line.label).collect();
        Self {
            schema: SCHEMA_URL.into(),
            schema_version: SCHEMA_VERSION.into(),
            tool: tool(info),
            run: Run {
                stopped_because: outcome.stopped_by.as_ref().map(|by| report.masked(&by.sentence())),
                internal_error: outcome.internal_error.as_ref().map(|error| report.masked(error)),
                ..run(info, results.load.as_secs_f64(), outcome)
            },
            plan: Plan { name: report.masked(&graph.name), file: report.plan_file(), sha256: info.plan_sha256.clone() },
            verdict: VerdictInfo::default(),
            lifecycle: Lifecycle { setup: report.part(&outcome.setup), teardown: report.part(&outcome.teardown) },
            totals: Stats { unanswered: report.unanswered(), ..report.stats(&results.totals, Scope::Run) },
            samplers: report.samplers(lines, Rc::new([])),
            transactions: report.transactions(Rc::new([])),
            never_executed: LazyList::new(move || report.unreached()),
            thread_groups: results.groups.iter().map(|group| report.thread_group(group)).collect(),
            thresholds: LazyList::default(),
            assertions: LazyList::new(move || results.assertions.iter().filter_map(move |one| report.assertion(one))),
            errors: results.errors.iter().map(|error| report.error(error)).collect(),
            generator: Generator::from(&outcome.generator),
            slice_s: results.slice_s,
            timeline: LazyList::new(move || {
                let places = places.clone();
                let transactions: Vec<LabelId> = results.transactions.iter().map(|line| line.label).collect();
                results.timeline.iter().map(move |one| slice(one, &places, &transactions))
            }),
            monitors: Vec::new(),
            regression: None,
            series: Rc::default(),
        }
    }

    /// The same with the verdict on the run.
    #[must_use]
    pub fn judged(self, report: &RunRecord<'a>, verdict: Verdict) -> Self {
        let report = *report;
        let unallowed: Rc<[LabelId]> = verdict::blamed(report.graph, report.results, &*verdict.thresholds).into();
        let thresholds: Rc<[ThresholdResult]> = verdict.thresholds.iter().cloned().collect();
        Self {
            verdict: VerdictInfo {
                passed: verdict.passed,
                exit_code: verdict.exit_code,
                reasons: verdict.reasons.iter().map(|reason| report.masked(reason)).collect(),
                summary: report.masked(&verdict.summary()),
            },
            samplers: report.samplers(report.lines().into(), unallowed.clone()),
            transactions: report.transactions(unallowed),
            thresholds: LazyList::new(move || {
                let thresholds = thresholds.clone();
                (0..thresholds.len()).map(move |index| report.threshold(&thresholds[index]))
            }),
            ..self
        }
    }
}

impl<'a> RunRecord<'a> {
    /// The request lines and the steps that failed, in the order of the plan.
    fn lines(&self) -> Vec<&'a LabelResult> {
        let mut lines: Vec<&'a LabelResult> = self.results.samplers.iter().chain(&self.results.steps).collect();
        lines.sort_by_key(|line| line.label);
        lines
    }

    /// Each request line. Failed samples of the `unallowed` ones, which are in order, fail the run.
    fn samplers(self, lines: Rc<[&'a LabelResult]>, unallowed: Rc<[LabelId]>) -> LazyList<'a, Line> {
        LazyList::new(move || {
            let (lines, unallowed) = (lines.clone(), unallowed.clone());
            (0..lines.len()).map(move |index| self.line(lines[index], &unallowed))
        })
    }

    /// Each transaction, likewise.
    fn transactions(self, unallowed: Rc<[LabelId]>) -> LazyList<'a, Line> {
        LazyList::new(move || {
            let (unallowed, inside) = (unallowed.clone(), self.graph.requests_inside());
            self.results.transactions.iter().map(move |line| {
                let requests = inside.get(&line.label).into_iter().flatten();
                let titles = requests.map(|label| self.masked(&self.graph.label(*label).title));
                Line { requests: titles.collect(), ..self.line(line, &unallowed) }
            })
        })
    }

    /// The requests of thread groups that were never reached.
    fn unreached(&self) -> impl Iterator<Item = Unreached> + use<'a> {
        let report = *self;
        (0..report.graph.labels.len() as u32).map(LabelId).filter_map(move |id| {
            let label = report.graph.label(id);
            let request = label.kind == LabelKind::Sampler && matches!(label.place, Place::Group(_));
            (request && report.results.label(id).is_none()).then(|| Unreached {
                title: report.masked(&label.title),
                thread_group: report.place_name(label.place),
                file: report.other_file(label.span),
                line: report.graph.line(label.span),
            })
        })
    }

    /// Masked text without control characters.
    fn masked(&self, text: &str) -> String {
        clean(&self.masker.mask(text)).into_owned()
    }

    /// A line's title, where it is not its label.
    fn title(&self, label: &graph::Label) -> Option<String> {
        (label.title != label.text).then(|| self.masked(&label.title))
    }

    fn place_name(&self, place: Place) -> String {
        match place {
            Place::Group(group) => self.masked(&self.graph.groups[group.index()].name),
            Place::Setup => "setup".into(),
            Place::Teardown => "teardown".into(),
        }
    }

    fn part(&self, result: &LifecycleResult) -> Part {
        let took = |took: &Duration| Some(milli(took.as_secs_f64()));
        match result {
            LifecycleResult::Absent => Part::default(),
            LifecycleResult::NotReached => Part { state: PartState::NotReached, ..Part::default() },
            LifecycleResult::Passed { took: time } => {
                Part { state: PartState::Passed, took_s: took(time), ..Part::default() }
            }
            LifecycleResult::Failed { took: time, reason, span } => Part {
                state: PartState::Failed,
                took_s: took(time),
                reason: Some(self.masked(reason)),
                file: span.and_then(|span| self.other_file(span)),
                line: span.map(|span| self.graph.line(span)),
            },
        }
    }

    fn line(&self, line: &LabelResult, unallowed: &[LabelId]) -> Line {
        let label = self.graph.label(line.label);
        Line {
            label: self.masked(&label.text),
            thread_group: self.place_name(label.place),
            file: self.other_file(label.span),
            line: self.graph.line(label.span),
            title: self.title(label),
            requests: Vec::new(),
            errors_allowed: (line.stats.failed > 0).then(|| unallowed.binary_search(&line.label).is_err()),
            stats: self.stats(&line.stats, Scope::Label(line.label)),
        }
    }

    fn thread_group(&self, result: &GroupResult) -> ThreadGroup {
        let group = &self.graph.groups[result.group.index()];
        ThreadGroup {
            name: self.masked(&group.name),
            load: load_sentences(&group.load).join(" "),
            open: group.load.is_open(),
            max_users: group.load.most_users(),
            began_s: result.began.map(|began| milli(began.as_secs_f64())),
            parts: result.began.map_or_else(Vec::new, |began| parts(group, began)),
            iterations: result.iterations,
            dropped: result.dropped,
            peak_users: result.peak_users,
            users_started: result.users_started,
            users_lost: result.users_lost(),
            lost: result.lost.iter().map(|(lost, count)| self.lost(lost.why, *count)).collect(),
            load_s: milli(result.applied.as_secs_f64()),
            warm_up_count: result.warm_up,
            stats: self.stats(&result.stats, Scope::Group(result.group)),
        }
    }

    fn lost(&self, why: LostWhy, count: u64) -> Lost {
        let span = match why {
            LostWhy::OnStart(label) | LostWhy::OnError(label) => self.graph.label(label).span,
            LostWhy::NoRow(data) => self.graph.data[data.index()].span,
        };
        Lost {
            count,
            because: self.masked(&verdict::why_lost(self.graph, self.results, why)),
            file: self.other_file(span),
            line: self.graph.line(span),
        }
    }

    fn stats(&self, stats: &metrics::Stats, scope: Scope) -> Stats {
        Stats {
            count: stats.count,
            failed: stats.failed,
            interrupted: stats.interrupted,
            cached: stats.cached,
            reconnects: stats.reconnects,
            error_rate: stats.error_rate(),
            throughput_per_s: stats.throughput(self.results.applied(scope)).map(milli),
            received_bytes: stats.received_bytes,
            sent_bytes: stats.sent_bytes,
            failures: FailureKind::ALL
                .iter()
                .map(|kind| (kind, stats.failures_of(*kind)))
                .filter(|(_, count)| *count > 0)
                .map(|(kind, count)| FailureCount { kind: *kind, count })
                .collect(),
            statuses: stats.statuses.iter().map(|(status, count)| StatusCount { status, count }).collect(),
            response_time: times(&stats.response_time),
            unsent: stats.count.saturating_sub(stats.response_time.count()),
            unanswered: 0,
            cut_short: cut_short(stats.lower_bounds),
            service_time: times(&stats.service_time),
            phases: Phase::ALL.into_iter().filter_map(|phase| Some((phase, times(stats.phase(phase))?))).collect(),
        }
    }

    /// Requests of all groups that were to be sent and got no response. Messages on an open connection need none.
    fn unanswered(&self) -> u64 {
        let messages: HashSet<LabelId> = self
            .graph
            .nodes
            .iter()
            .filter(|node| matches!(&node.kind, NodeKind::Request(request) if request.protocol.is_message()))
            .map(|node| node.label)
            .collect();
        let silent = |stats: &metrics::Stats| {
            let unsent = stats.failures_of(FailureKind::Step);
            stats.failed.saturating_sub(unsent).min(stats.count.saturating_sub(stats.answered + unsent))
        };
        let requests = self.results.samplers.iter().filter(|line| !messages.contains(&line.label));
        requests.map(|line| silent(&line.stats)).sum()
    }

    fn threshold(&self, one: &ThresholdResult) -> Threshold {
        Threshold {
            text: self.masked(&one.text),
            name: one.name.as_deref().map(|name| self.masked(name)),
            title: self.masked(&one.title()),
            scope: self.masked(&one.scope_text),
            scope_kind: match one.scope {
                Scope::Run => ScopeKind::Run,
                Scope::Group(_) => ScopeKind::ThreadGroup,
                Scope::Label(label) if self.graph.label(label).kind == LabelKind::Transaction => ScopeKind::Transaction,
                Scope::Label(_) => ScopeKind::Sampler,
            },
            file: self.other_file(one.span),
            line: one.line,
            during: one.during.map(|during| during.to_string()),
            after_s: one.after.map(|after| milli(after.as_secs_f64())),
            limit: one.limit,
            // Times are told as everywhere else, to the microsecond.
            observed: one
                .observed
                .map(|observed| if one.unit == Unit::Milliseconds { milli(observed) } else { observed }),
            unit: one.unit,
            passed: one.passed,
            skipped: one.skipped,
            note: one.note.as_deref().map(|note| self.masked(note)),
            at_least: one.at_least,
            detail: one.detail.as_deref().map(|detail| self.masked(detail)),
            implicit: one.implicit,
        }
    }

    fn assertion(&self, result: &metrics::AssertionResult) -> Option<Assertion> {
        let info = self.graph.assertions.get(result.id.index())?;
        let mut examples: Vec<String> = Vec::new();
        for actual in self
            .results
            .errors
            .iter()
            .filter(|error| error.assertion == Some(result.id))
            .flat_map(|error| self.actual(error))
        {
            let example = format!("got {actual}");
            if examples.len() < EXAMPLES && !examples.contains(&example) {
                examples.push(example);
            }
        }
        let label = self.graph.label(info.label);
        Some(Assertion {
            label: self.masked(&label.text),
            title: self.title(label),
            text: self.masked(&info.text),
            file: self.other_file(info.span),
            line: self.graph.line(info.span),
            passed: result.passed,
            failed: result.failed,
            examples,
        })
    }

    fn error(&self, error: &ErrorGroup) -> Error {
        let label = self.graph.label(error.label);
        let assertion = error.assertion.and_then(|id| self.graph.assertions.get(id.index()));
        Error {
            kind: error.kind,
            label: self.masked(&label.text),
            title: self.title(label),
            message: inline(&self.masker.mask(&error.message)),
            assertion: assertion.map(|info| self.masked(&info.text)),
            expected: error.expected.as_ref().map(|expected| inline(&self.masker.mask(expected))),
            actual: self.actual(error),
            count: error.count,
            first_s: milli(error.first.as_secs_f64()),
            last_s: milli(error.last.as_secs_f64()),
            file: self.other_file(error.span),
            line: self.graph.line(error.span),
            example: self.example(error),
        }
    }

    /// The values that came instead of the expected one.
    fn actual(&self, error: &ErrorGroup) -> Vec<String> {
        error.actual.iter().map(|actual| cut(&inline(&self.masker.mask(actual)), EXAMPLE_BYTES).into_owned()).collect()
    }

    /// One exchange of a failure, masked, cut and without control characters; `None` when there
    /// was none to keep.
    fn example(&self, error: &ErrorGroup) -> Option<Example> {
        let example = &error.example;
        let shown = |text: &str| cut(clean(&self.masker.mask(text)).trim_end(), EXAMPLE_BYTES).into_owned();
        (!example.request.is_empty() || !example.response.is_empty())
            .then(|| Example { request: shown(&example.request), response: shown(&example.response) })
    }
}

fn times(times: &metrics::Times) -> Option<Times> {
    let percentile = |percent| times.percentile_ms(percent).map(milli);
    Some(Times {
        mean_ms: milli(times.mean_ms()?),
        stddev_ms: milli(times.stddev_ms()?),
        min_ms: times.min_ms()?,
        max_ms: times.max_ms()?,
        p50_ms: percentile(50.0)?,
        p75_ms: percentile(75.0)?,
        p90_ms: percentile(90.0)?,
        p95_ms: percentile(95.0)?,
        p99_ms: percentile(99.0)?,
        p999_ms: percentile(99.9)?,
    })
}

fn cut_short(bounds: LowerBounds) -> Option<CutShort> {
    (bounds.count > 0).then(|| CutShort { count: bounds.count, least_ms: bounds.least_us as f64 / 1e3 })
}

impl From<&verdict::Generator> for Generator {
    fn from(health: &verdict::Generator) -> Self {
        Self {
            kept_up: health.kept_up,
            reason: health.reason.clone(),
            cpu_share: health.cpu_share.filter(|share| share.is_finite()).map(milli),
            lag_p99_ms: health.lag_p99_ms.filter(|lag| lag.is_finite()),
            late_starts: health.late_starts,
            busiest_thread_share: health.busiest.filter(|share| share.is_finite()).map(milli),
            dropped: health.dropped,
            open_files_limit: health.open_files_limit,
        }
    }
}

pub(super) fn tool(info: &RunInfo) -> Tool {
    Tool { name: "loadplan".into(), version: info.version.clone() }
}

/// When and where a plan was run; what of it needs masking is left out.
pub(super) fn run(info: &RunInfo, load_s: f64, outcome: &RunOutcome) -> Run {
    Run {
        id: info.id.clone(),
        started_at: utc(info.started_at),
        ended_at: utc(info.ended_at),
        duration_s: milli(info.took.as_secs_f64()),
        load_s: milli(load_s),
        profile: (!info.profiles.is_empty()).then(|| info.profiles.join(",")),
        seed: info.seed,
        stopped_by: outcome.stopped_by.as_ref().map(|by| by.word().into()),
        stopped_because: None,
        strict: outcome.strict,
        internal_error: None,
        host: Host { name: info.host.clone(), cpus: info.cpus, os: info.os.clone() },
        git_commit: info.repository.as_ref().and_then(|repository| repository.commit.clone()),
    }
}

fn slice(slice: &metrics::Slice, samplers: &[LabelId], transactions: &[LabelId]) -> Slice {
    let lines = |places: &[LabelId], warm_up: bool| {
        let line = |one: &metrics::SliceLabel| {
            Some(SliceLine {
                label: places.binary_search(&one.label).ok()?,
                count: one.count,
                failed: one.failed,
                failures: one
                    .failures
                    .iter()
                    .map(|(kind, count)| FailureCount { kind: *kind, count: *count })
                    .collect(),
                histogram: (!one.histogram.is_empty()).then(|| BASE64_STANDARD.encode(&one.histogram)),
                cut_short: cut_short(one.lower_bounds),
            })
        };
        slice.labels.iter().filter(|one| one.warm_up == warm_up).filter_map(line).collect()
    };
    Slice {
        t_s: slice.start_s,
        users: slice.users,
        users_planned: (slice.planned > slice.users).then_some(slice.planned),
        connections: slice.connections,
        samplers: lines(samplers, false),
        transactions: lines(transactions, false),
        warm_up: lines(samplers, true),
    }
}

/// `2026-01-05T10:00:00.000Z`.
fn utc(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}
