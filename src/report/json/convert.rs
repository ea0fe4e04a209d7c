//! From a report to the document.

use std::rc::Rc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::types::{
    Assertion, Document, Each, Error, Example, FailureCount, Generator, Host, Line, Phases, Plan, Run, Slice,
    SliceLine, Stats, ThreadGroup, Threshold, Times, Tool, VerdictInfo,
};
use super::{SCHEMA_URL, SCHEMA_VERSION};
use crate::graph::{LabelId, Place, Scope};
use crate::metrics::{self, LabelResult};
use crate::report::{Report, clean, inline};
use crate::samplers::FailureKind;
use crate::verdict::{self, Phase, ThresholdResult};

/// How many different values of an assertion are told.
const EXAMPLES: usize = 5;

impl<'a> Document<'a> {
    /// The whole document of a run.
    pub fn of(report: &Report<'a>) -> Self {
        let report = *report;
        let Report { graph, results, verdict, outcome, info, .. } = report;
        let lines = report.lines();
        let places: Rc<[LabelId]> = lines.iter().map(|line| line.label).collect();
        Self {
            schema: SCHEMA_URL.into(),
            schema_version: SCHEMA_VERSION.into(),
            tool: Tool { name: "loadplan".into(), version: info.version.clone() },
            run: Run {
                id: info.id.clone(),
                started_at: utc(info.started_at),
                ended_at: utc(info.ended_at),
                duration_s: milli(info.took.as_secs_f64()),
                load_s: milli(results.load.as_secs_f64()),
                profile: (!info.profiles.is_empty()).then(|| info.profiles.join(",")),
                seed: info.seed,
                stopped_by: outcome.stopped_by.as_ref().map(|by| by.word().into()),
                host: Host { name: info.host.clone(), cpus: info.cpus, os: info.os.clone() },
                git_commit: info.repository.as_ref().and_then(|repository| repository.commit.clone()),
            },
            plan: Plan { name: graph.name.to_string(), file: report.plan_file(), sha256: info.plan_sha256.clone() },
            verdict: VerdictInfo {
                passed: verdict.passed,
                exit_code: verdict.exit_code,
                reasons: verdict.reasons.iter().map(|reason| report.told(reason)).collect(),
            },
            totals: report.stats(&results.totals, Scope::Run),
            samplers: Each::new(move || lines.clone().into_iter().map(move |line| report.line(line))),
            transactions: Each::new(move || results.transactions.iter().map(move |line| report.line(line))),
            thread_groups: results
                .groups
                .iter()
                .map(|group| ThreadGroup {
                    name: graph.groups[group.group.index()].name.to_string(),
                    iterations: group.iterations,
                    dropped: group.dropped,
                    peak_users: group.peak_users,
                    load_s: milli(group.applied.as_secs_f64()),
                    warm_up_count: group.warm_up,
                    stats: report.stats(&group.stats, Scope::Group(group.group)),
                })
                .collect(),
            thresholds: Each::new(move || verdict.thresholds.iter().map(move |one| report.threshold(one))),
            assertions: Each::new(move || results.assertions.iter().filter_map(move |one| report.assertion(one))),
            errors: report.errors(),
            generator: generator(&outcome.generator),
            timeline: Each::new(move || {
                let places = places.clone();
                results.timeline.iter().map(move |one| slice(one, &places))
            }),
            monitors: Vec::new(),
            regression: None,
        }
    }
}

impl<'a> Report<'a> {
    /// The request lines and the steps that failed, in the order of the plan.
    pub(in crate::report) fn lines(&self) -> Vec<&'a LabelResult> {
        let mut lines: Vec<&'a LabelResult> = self.results.samplers.iter().chain(&self.results.steps).collect();
        lines.sort_by_key(|line| line.label);
        lines
    }

    /// Masked text without control characters.
    fn told(&self, text: &str) -> String {
        clean(&self.masker.mask(text)).into_owned()
    }

    fn line(&self, line: &LabelResult) -> Line {
        let label = self.graph.label(line.label);
        let thread_group = match label.place {
            Place::Group(group) => self.graph.groups[group.index()].name.to_string(),
            Place::Setup => "setup".into(),
            Place::Teardown => "teardown".into(),
        };
        Line {
            label: self.told(&label.text),
            thread_group,
            file: self.other_file(label.span),
            line: self.graph.line(label.span),
            stats: self.stats(&line.stats, Scope::Label(line.label)),
        }
    }

    fn stats(&self, stats: &metrics::Stats, scope: Scope) -> Stats {
        let phase = |phase| times(stats.phase(phase));
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
                .map(|(kind, count)| FailureCount { kind: kind.word(), count })
                .collect(),
            response_time: times(&stats.response_time),
            service_time: times(&stats.service_time),
            phases: Phases {
                dns: phase(Phase::Dns),
                connect: phase(Phase::Connect),
                tls: phase(Phase::Tls),
                first_byte: phase(Phase::FirstByte),
                download: phase(Phase::Download),
            },
        }
    }

    fn threshold(&self, one: &ThresholdResult) -> Threshold {
        Threshold {
            text: one.text.to_string(),
            name: one.name.as_deref().map(str::to_owned),
            scope: self.told(&one.scope_text),
            file: self.other_file(one.span),
            line: one.line,
            during: one.during.map(|during| during.to_string()),
            after_s: one.after.map(|after| milli(after.as_secs_f64())),
            limit: one.limit,
            observed: one.observed,
            unit: one.unit.word(),
            passed: one.passed,
            skipped: one.skipped,
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
        Some(Assertion {
            label: self.told(&self.graph.label(info.label).text),
            text: self.told(&info.text),
            file: self.other_file(info.span),
            line: self.graph.line(info.span),
            passed: result.passed,
            failed: result.failed,
            examples,
        })
    }

    fn errors(&self) -> Vec<Error> {
        let told = |error: &metrics::ErrorGroup| Error {
            kind: error.kind.word(),
            label: self.told(&self.graph.label(error.label).text),
            message: inline(&self.masker.mask(&error.message)),
            count: error.count,
            first_s: milli(error.first.as_secs_f64()),
            last_s: milli(error.last.as_secs_f64()),
            file: self.other_file(error.span),
            line: self.graph.line(error.span),
            example: self
                .example(error)
                .map(|example| Example { request: example.request, response: example.response }),
        };
        self.results.errors.iter().map(told).collect()
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

fn generator(health: &verdict::Generator) -> Generator {
    Generator {
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

fn slice(slice: &metrics::Slice, places: &[LabelId]) -> Slice {
    let line = |one: &metrics::SliceLabel| {
        Some(SliceLine {
            label: places.binary_search(&one.label).ok()?,
            count: one.count,
            failed: one.failed,
            histogram: (!one.histogram.is_empty()).then(|| BASE64_STANDARD.encode(&one.histogram)),
        })
    };
    let lines = |warm_up: bool| slice.labels.iter().filter(|one| one.warm_up == warm_up).filter_map(line).collect();
    Slice { t_s: slice.start_s, users: slice.users, samplers: lines(false), warm_up: lines(true) }
}

/// `2026-01-05T10:00:00.000Z`.
pub(in crate::report) fn utc(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}

/// Rounded to three digits behind the point: no figure here is more exact.
fn milli(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
