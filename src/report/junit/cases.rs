//! Which cases there are, and how each came out.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::graph::{Label, LabelId, LabelKind, Place as Part, Scope};
use crate::report::place::Place;
use crate::report::{Report, console, inline};
use crate::verdict::{LifecycleResult, StoppedBy, ThresholdResult, exit, scope_text};

/// What a step that was never reached says.
const NEVER: &str = "never executed";

pub(super) struct Suite {
    /// Without the plan's name.
    pub(super) name: &'static str,
    pub(super) time: Duration,
    pub(super) cases: Vec<Case>,
}

pub(super) struct Case {
    pub(super) name: String,
    /// In seconds.
    pub(super) time: f64,
    pub(super) place: Place,
    pub(super) outcome: CaseOutcome,
    /// What `system-out` tells.
    pub(super) out: String,
}

pub(super) enum CaseOutcome {
    Passed,
    Skipped(String),
    /// A verdict on the target: its type and the message.
    Failure(&'static str, String),
    /// The measurement is not valid: its type and the message.
    Error(&'static str, String),
}

impl Case {
    fn new(name: impl Into<String>, place: Place, outcome: CaseOutcome) -> Self {
        Self { name: name.into(), time: 0.0, place, outcome, out: String::new() }
    }
}

pub(super) fn suites(report: &Report<'_>) -> Vec<Suite> {
    let mut suites = vec![
        Suite { name: "lifecycle", time: Duration::ZERO, cases: lifecycle(report) },
        Suite { name: "thresholds", time: Duration::ZERO, cases: thresholds(report) },
        Suite { name: "samplers", time: report.info.took, cases: samplers(report) },
    ];
    for suite in &mut suites {
        make_unique(report, &mut suite.cases);
    }
    keep_red(report, &mut suites);
    suites.retain(|suite| !suite.cases.is_empty());
    suites
}

fn setup_failed(report: &Report<'_>) -> bool {
    report.outcome.setup.failure().is_some()
}

fn lifecycle(report: &Report<'_>) -> Vec<Case> {
    let outcome = report.outcome;
    let mut cases = Vec::new();
    cases.extend(part(report, "setup", &outcome.setup, |why| CaseOutcome::Error("SetupFailed", why)));
    cases.push(Case::new("run to completion", report.plan_place(), completion(report)));
    let mut kept_up = Case::new("load generator kept up", report.plan_place(), CaseOutcome::Passed);
    if setup_failed(report) {
        kept_up.outcome = CaseOutcome::Skipped(NEVER.into());
    } else if !outcome.generator.kept_up {
        let why = outcome.generator.reason.as_deref().unwrap_or("the load generator could not keep up");
        match outcome.strict {
            true => kept_up.outcome = CaseOutcome::Error("GeneratorTooSlow", why.into()),
            false => kept_up.out = format!("{why}; the figures may be too high (`--strict` makes this an error)\n"),
        }
    }
    cases.push(kept_up);
    cases.extend(part(report, "teardown", &outcome.teardown, |why| CaseOutcome::Failure("TeardownFailed", why)));
    cases
}

fn part(
    report: &Report<'_>,
    name: &str,
    result: &LifecycleResult,
    failed: impl Fn(String) -> CaseOutcome,
) -> Option<Case> {
    let mut case = Case::new(name, report.plan_place(), CaseOutcome::Passed);
    match result {
        LifecycleResult::Absent => return None,
        LifecycleResult::NotReached => case.outcome = CaseOutcome::Skipped(NEVER.into()),
        LifecycleResult::Passed { took } => case.time = took.as_secs_f64(),
        LifecycleResult::Failed { took, reason, span } => {
            case.time = took.as_secs_f64();
            case.place = span.map_or(case.place, |span| report.place(span));
            case.outcome = failed(reason.clone());
        }
    }
    Some(case)
}

/// Whether the run came to its end and says anything at all.
fn completion(report: &Report<'_>) -> CaseOutcome {
    let outcome = report.outcome;
    let weightiest = report.verdict.reasons.first().cloned().unwrap_or_default();
    if report.verdict.exit_code == exit::INTERNAL {
        let kind = if outcome.internal_error.is_some() { "InternalError" } else { "ResultsNotWritten" };
        return CaseOutcome::Error(kind, weightiest);
    }
    if setup_failed(report) {
        return CaseOutcome::Skipped(NEVER.into());
    }
    if report.verdict.exit_code == exit::NOT_VALID && (outcome.generator.kept_up || !outcome.strict) {
        return CaseOutcome::Error("RunNotValid", weightiest);
    }
    match &outcome.stopped_by {
        Some(by @ (StoppedBy::Sigint | StoppedBy::Sigterm)) => CaseOutcome::Error("RunStopped", by.sentence()),
        Some(by @ StoppedBy::Abort(_)) => CaseOutcome::Failure("RunAborted", by.sentence()),
        Some(StoppedBy::Step(_)) | None => CaseOutcome::Passed,
    }
}

/// For a broken limit on errors of several requests: which of them failed most.
fn worst_samplers(report: &Report<'_>, result: &ThresholdResult) -> String {
    let errors = result.text.starts_with("error");
    if !errors || matches!(result.scope, Scope::Label(_)) {
        return String::new();
    }
    let within = |label: &Label| match result.scope {
        Scope::Group(group) => label.place == Part::Group(group),
        _ => true,
    };
    let mut failed: Vec<_> = report
        .results
        .samplers
        .iter()
        .filter(|line| line.stats.failed > 0 && within(report.graph.label(line.label)))
        .collect();
    failed.sort_by_key(|line| std::cmp::Reverse(line.stats.failed));
    let told: Vec<String> = failed
        .iter()
        .take(3)
        .map(|line| format!("{}: {} of {}", report.graph.label(line.label).text, line.stats.failed, line.stats.count))
        .collect();
    if told.is_empty() { String::new() } else { format!(" ({})", told.join("; ")) }
}

fn thresholds(report: &Report<'_>) -> Vec<Case> {
    let case = |result: &ThresholdResult| {
        let outcome = if setup_failed(report) {
            CaseOutcome::Skipped(NEVER.into())
        } else if result.skipped {
            CaseOutcome::Skipped("no samples".into())
        } else if result.passed {
            CaseOutcome::Passed
        } else {
            let limit = console::figure(result.limit, result.unit);
            let said = match result.observed {
                Some(observed) => format!("observed {}, limit {limit}", console::figure(observed, result.unit)),
                None => format!("no samples to judge, limit {limit}"),
            };
            let worst = worst_samplers(report, result);
            CaseOutcome::Failure("ThresholdFailed", format!("{}: {said}{worst}", result.title()))
        };
        let mut case = Case::new(result.title(), report.place(result.span), outcome);
        if result.passed
            && let Some(observed) = result.observed
        {
            case.out = format!("observed {}\n", console::figure(observed, result.unit));
        }
        case
    };
    report.verdict.written().map(case).collect()
}

fn samplers(report: &Report<'_>) -> Vec<Case> {
    let unallowed: HashMap<LabelId, &ThresholdResult> = report
        .verdict
        .thresholds
        .iter()
        .filter(|result| result.implicit && !result.passed)
        .filter_map(|result| match result.scope {
            Scope::Label(label) => Some((label, result)),
            _ => None,
        })
        .collect();
    let reached: HashSet<LabelId> = report.lines().iter().map(|line| line.label).collect();
    let mut cases = Vec::new();
    for (index, label) in report.graph.labels.iter().enumerate() {
        let id = LabelId(index as u32);
        let request = label.kind == LabelKind::Sampler && matches!(label.place, Part::Group(_));
        if !request && !reached.contains(&id) && !unallowed.contains_key(&id) {
            continue;
        }
        let mut case =
            Case::new(&*scope_text(report.graph, Scope::Label(id)), report.place(label.span), CaseOutcome::Passed);
        let stats = report.results.label(id);
        let finished = stats.is_some_and(|stats| stats.count + stats.cached > 0);
        case.time = stats.and_then(|stats| stats.response_time.mean_ms()).map_or(0.0, |mean| mean / 1e3);
        if setup_failed(report) || !finished {
            case.outcome = CaseOutcome::Skipped(NEVER.into());
        } else if let Some(result) = unallowed.get(&id) {
            let body = report.failures_text(id);
            let said =
                format!("{} of {} samples failed, and no threshold allows errors\n{body}", result.failed, result.count);
            case.outcome = CaseOutcome::Failure("SamplesFailed", said.trim_end().to_owned());
        } else if let Some(stats) = stats.filter(|stats| stats.failed > 0) {
            case.out = format!(
                "{} of {} samples failed; a threshold decides on them\n{}",
                stats.failed,
                stats.count,
                report.failures_text(id)
            );
        }
        cases.push(case);
    }
    cases
}

fn make_unique(report: &Report<'_>, cases: &mut [Case]) {
    let mut seen: HashSet<String> = HashSet::new();
    for case in cases {
        let name = inline(&report.masker.mask(&case.name));
        let mut unique = name.clone();
        let mut number = 2;
        while !seen.insert(unique.clone()) {
            unique = format!("{name} ({number})");
            number += 1;
        }
        case.name = unique;
    }
}

/// The file is red exactly when the exit code is not 0, whatever was reported above.
fn keep_red(report: &Report<'_>, suites: &mut [Suite]) {
    let red = |case: &Case| matches!(case.outcome, CaseOutcome::Failure(..) | CaseOutcome::Error(..));
    if report.verdict.passed || suites.iter().flat_map(|suite| &suite.cases).any(red) {
        return;
    }
    if let Some(case) =
        suites.iter_mut().flat_map(|suite| &mut suite.cases).find(|case| case.name == "run to completion")
    {
        case.outcome = CaseOutcome::Error("RunFailed", report.verdict.reasons.join("; "));
    }
}
