//! Which cases there are, and how each came out.

use crate::figures;
use std::collections::HashSet;

use crate::document::FileLine;
use crate::document::{Document, Line, Part, PartState, ScopeKind, Threshold};
use crate::report::console::sections;
use crate::sanitize::inline;
use crate::verdict::exit;

/// What a step that was never reached says.
const NEVER: &str = "never executed";

pub(super) struct Suite {
    /// Without the plan's name.
    pub(super) name: &'static str,
    /// In seconds.
    pub(super) time: f64,
    pub(super) cases: Vec<Case>,
}

pub(super) struct Case {
    pub(super) name: String,
    /// In seconds.
    pub(super) time: f64,
    pub(super) place: FileLine,
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
    pub(super) fn new(name: impl Into<String>, place: FileLine, outcome: CaseOutcome) -> Self {
        Self { name: name.into(), time: 0.0, place, outcome, out: String::new() }
    }
}

pub(super) fn suites(document: &Document<'_>) -> Vec<Suite> {
    let mut suites = vec![
        Suite { name: "lifecycle", time: 0.0, cases: lifecycle(document) },
        Suite { name: "thresholds", time: 0.0, cases: thresholds(document) },
        Suite { name: "samplers", time: document.run.duration_s, cases: samplers(document) },
        super::regression::suite(document),
    ];
    for suite in &mut suites {
        make_unique(&mut suite.cases);
    }
    keep_red(document, &mut suites);
    suites.retain(|suite| !suite.cases.is_empty());
    suites
}

fn lifecycle(document: &Document<'_>) -> Vec<Case> {
    let plan = || document.place(None, 1);
    let parts = &document.lifecycle;
    let mut cases = Vec::new();
    cases.extend(part(document, "setup", &parts.setup, |why| CaseOutcome::Error("SetupFailed", why)));
    cases.push(Case::new("run to completion", plan(), completion(document)));
    let mut kept_up = Case::new("load generator kept up", plan(), CaseOutcome::Passed);
    if document.nothing_measured() {
        kept_up.outcome = CaseOutcome::Skipped(NEVER.into());
    } else if !document.generator.kept_up {
        let why = document.generator.reason.as_deref().unwrap_or("the load generator could not keep up");
        match document.run.strict {
            true => kept_up.outcome = CaseOutcome::Error("GeneratorTooSlow", why.into()),
            false => kept_up.out = format!("{why}; response times may be too high (`--strict` makes this an error)\n"),
        }
    }
    cases.push(kept_up);
    cases.push(stayed(document));
    cases.extend(part(document, "teardown", &parts.teardown, |why| CaseOutcome::Failure("TeardownFailed", why)));
    cases
}

fn part(document: &Document<'_>, name: &str, part: &Part, failed: impl Fn(String) -> CaseOutcome) -> Option<Case> {
    let mut case = Case::new(name, document.place(None, 1), CaseOutcome::Passed);
    case.time = part.took_s.unwrap_or_default();
    match part.state {
        PartState::Absent => return None,
        PartState::NotReached => case.outcome = CaseOutcome::Skipped(NEVER.into()),
        PartState::Passed => {}
        PartState::Failed => {
            if let Some(line) = part.line {
                case.place = document.place(part.file.as_ref(), line);
            }
            case.outcome = failed(part.reason.clone().unwrap_or_default());
        }
    }
    Some(case)
}

/// Whether every user stayed as long as the plan has it.
fn stayed(document: &Document<'_>) -> Case {
    let failed: Vec<Threshold> = document
        .thresholds
        .iter()
        .filter(|one| one.implicit && !one.passed && one.scope_kind == ScopeKind::ThreadGroup)
        .collect();
    let place = match failed.first() {
        Some(first) => document.place(first.file.as_ref(), first.line),
        None => document.place(None, 1),
    };
    let mut case = Case::new("all users stayed", place, CaseOutcome::Passed);
    let lost = sections::lost(document);
    if document.nothing_measured() {
        case.outcome = CaseOutcome::Skipped(NEVER.into());
    } else if !failed.is_empty() {
        let said = format!("{}; no threshold on `users_lost` allows this", lost.join("\n"));
        case.outcome = CaseOutcome::Failure("UsersLost", said);
    } else if !lost.is_empty() {
        case.out = format!("{}; a threshold allows this\n", lost.join("\n"));
    }
    case
}

/// Whether the run came to its end and says anything at all.
fn completion(document: &Document<'_>) -> CaseOutcome {
    let Document { run, verdict, generator, .. } = document;
    let weightiest = verdict.reasons.first().cloned().unwrap_or_default();
    if verdict.exit_code == exit::INTERNAL {
        let kind = if run.internal_error.is_some() { "InternalError" } else { "ResultsNotWritten" };
        return CaseOutcome::Error(kind, weightiest);
    }
    if document.was_refused() {
        return CaseOutcome::Error("PlanInvalid", format!("nothing was sent: {}", verdict.reasons.join("\n")));
    }
    if document.nothing_measured() {
        return CaseOutcome::Skipped(NEVER.into());
    }
    if verdict.exit_code == exit::NOT_VALID && (generator.kept_up || !run.strict) {
        return CaseOutcome::Error("RunNotValid", weightiest);
    }
    let because = || run.stopped_because.clone().unwrap_or_else(|| "stopped".into());
    match run.stopped_by.as_deref() {
        Some("sigint" | "sigterm" | "sighup" | "sigquit" | "dashboard" | "max_time") => {
            CaseOutcome::Error("RunStopped", because())
        }
        Some("threshold") => CaseOutcome::Failure("RunAborted", because()),
        _ => CaseOutcome::Passed,
    }
}

/// For a failed limit on errors of several requests: which of them failed most.
fn worst_samplers(document: &Document<'_>, threshold: &Threshold) -> String {
    let several = matches!(threshold.scope_kind, ScopeKind::Run | ScopeKind::ThreadGroup);
    // The figures of the lines are those of the whole load.
    let windowed = threshold.during.is_some() || threshold.after_s.is_some();
    if !threshold.judges_errors() || !several || windowed {
        return String::new();
    }
    let within = |line: &Line| threshold.scope_kind == ScopeKind::Run || line.thread_group == threshold.scope;
    let mut failed: Vec<(String, u64, u64)> = document
        .samplers
        .iter()
        .filter(|line| line.stats.failed > 0 && within(line))
        .map(|line| (line.label, line.stats.failed, line.stats.count))
        .collect();
    failed.sort_by_key(|line| std::cmp::Reverse(line.1));
    let told: Vec<String> =
        failed.iter().take(3).map(|(label, failed, count)| format!("{label}: {failed} of {count}")).collect();
    if told.is_empty() { String::new() } else { format!(" ({})", told.join("; ")) }
}

fn thresholds(document: &Document<'_>) -> Vec<Case> {
    let case = |threshold: Threshold| {
        let unit = threshold.unit;
        let outcome = if document.nothing_measured() {
            CaseOutcome::Skipped(NEVER.into())
        } else if threshold.skipped {
            CaseOutcome::Skipped(threshold.note.clone().unwrap_or_else(|| "no samples".into()))
        } else if threshold.passed {
            CaseOutcome::Passed
        } else {
            let limit = figures::figure(threshold.limit, unit);
            let said = match sections::observed_figure(&threshold) {
                Some(observed) => format!("observed {observed}, limit {limit}"),
                None => format!("no samples to judge, limit {limit}"),
            };
            let worst = worst_samplers(document, &threshold);
            let note = threshold.note.as_ref().map(|note| format!("\n{note}")).unwrap_or_default();
            CaseOutcome::Failure("ThresholdFailed", format!("{}: {said}{worst}{note}", threshold.title))
        };
        let place = document.place(threshold.file.as_ref(), threshold.line);
        let mut case = Case::new(&threshold.title, place, outcome);
        if let (true, Some(observed)) = (threshold.passed, sections::observed_figure(&threshold)) {
            case.out = format!("observed {observed}, limit {}\n", figures::figure(threshold.limit, unit));
        }
        case
    };
    document.thresholds.iter().filter(|threshold| !threshold.implicit).map(case).collect()
}

fn samplers(document: &Document<'_>) -> Vec<Case> {
    let lines = document.samplers.iter().map(|line| sampler(document, &line));
    let unallowed = document.transactions.iter().filter(|line| line.errors_allowed == Some(false));
    let transactions = unallowed.map(|line| sampler(document, &line));
    let never = document.never_executed.iter().map(|never| {
        let place = document.place(never.file.as_ref(), never.line);
        Case::new(never.title, place, CaseOutcome::Skipped(NEVER.into()))
    });
    lines.chain(transactions).chain(never).collect()
}

fn sampler(document: &Document<'_>, line: &Line) -> Case {
    let stats = &line.stats;
    let place = document.place(line.file.as_ref(), line.line);
    let mut case = Case::new(line.title(), place, CaseOutcome::Passed);
    case.time = stats.response_time.as_ref().map_or(0.0, |times| times.mean_ms / 1e3);
    if document.nothing_measured() || stats.count + stats.cached + stats.interrupted == 0 {
        case.outcome = CaseOutcome::Skipped(NEVER.into());
    } else if stats.count + stats.cached == 0 {
        let requests = if stats.interrupted == 1 {
            "1 request was".into()
        } else {
            format!("{} requests were", stats.interrupted)
        };
        case.outcome =
            CaseOutcome::Skipped(format!("{requests} sent, but the run ended before a response was complete"));
    } else if stats.failed > 0 {
        let failures = document.failures_text(line.title());
        let failed = format!("{} of {} {} failed", stats.failed, stats.count, line.samples_word());
        if line.errors_allowed == Some(false) {
            let said = format!("{failed}, and no threshold allows errors\n{failures}");
            case.outcome = CaseOutcome::Failure("SamplesFailed", said.trim_end().to_owned());
        } else {
            case.out = format!("{failed}; a threshold decides whether that is allowed\n{failures}");
        }
    }
    case
}

pub(super) fn make_unique(cases: &mut [Case]) {
    let mut seen: HashSet<String> = HashSet::new();
    for case in cases {
        let name = inline(&case.name);
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
fn keep_red(document: &Document<'_>, suites: &mut [Suite]) {
    let red = |case: &Case| matches!(case.outcome, CaseOutcome::Failure(..) | CaseOutcome::Error(..));
    if document.verdict.passed || suites.iter().flat_map(|suite| &suite.cases).any(red) {
        return;
    }
    if let Some(case) =
        suites.iter_mut().flat_map(|suite| &mut suite.cases).find(|case| case.name == "run to completion")
    {
        case.outcome = CaseOutcome::Error("RunFailed", document.verdict.reasons.join("; "));
    }
}
