//! What of a run is worth an annotation in the plan, the gravest first.

use crate::figures;
use std::collections::HashSet;

use super::console;
use crate::ci::{Annotation, Level};
use crate::document::Document;
use crate::document::FileLine;
use crate::document::Judgement;
use crate::document::{Error, Line, Part, PartState, ScopeKind, Threshold};
use crate::sanitize::{inline, short};
use crate::verdict::exit;

/// How long a message may be, in characters. GitHub cuts at 4096 bytes.
const WIDTH: usize = 900;

/// Everything that failed the run, and then what else went wrong in it. A run that passed has
/// nothing to say of failures its thresholds allow.
pub fn annotations(document: &Document<'_>) -> Vec<Annotation> {
    let mut all = lifecycle(document);
    if document.nothing_measured() {
        return all;
    }
    all.extend(not_valid(document));
    all.extend(thresholds(document));
    all.extend(regressions(document));
    all.extend(failures(document));
    let health = &document.generator;
    if !health.kept_up {
        let why = health.reason.as_deref().unwrap_or("it was too slow");
        let message = format!("the load generator could not keep up, so response times may be too high: {why}");
        let level = if document.run.strict { Level::Error } else { Level::Warning };
        all.push(annotation(level, document.place(None, 1), "load generator", &message));
    }
    all.sort_by_key(|one| one.level);
    all
}

fn annotation(level: Level, place: FileLine, title: &str, message: &str) -> Annotation {
    Annotation {
        level,
        file: place.file,
        line: place.line,
        column: None,
        title: format!("loadplan: {title}"),
        message: short(&inline(message), WIDTH).into_owned(),
    }
}

fn lifecycle(document: &Document<'_>) -> Vec<Annotation> {
    let failed = |title, part: &Part| {
        let place = document.place(part.file.as_ref(), part.line.unwrap_or(1));
        let why = part.reason.as_deref().unwrap_or("it failed");
        (part.state == PartState::Failed).then(|| annotation(Level::Error, place, title, why))
    };
    let parts = &document.lifecycle;
    [failed("setup failed", &parts.setup), failed("teardown failed", &parts.teardown)].into_iter().flatten().collect()
}

/// The run has no verdict on the target: an internal error, no samples, a signal.
fn not_valid(document: &Document<'_>) -> Option<Annotation> {
    let verdict = &document.verdict;
    let slow = verdict.exit_code == exit::NOT_VALID && document.run.strict && !document.generator.kept_up;
    if matches!(verdict.exit_code, exit::PASSED | exit::FAILED) || slow {
        return None;
    }
    let why = verdict.reasons.first().map_or("", |reason| reason);
    Some(annotation(Level::Error, document.place(None, 1), "the run is not valid", why))
}

fn thresholds(document: &Document<'_>) -> impl Iterator<Item = Annotation> {
    // One that follows from the rules on errors is told by its request's failures.
    let told = |one: &Threshold| !one.passed && (!one.implicit || one.scope_kind == ScopeKind::ThreadGroup);
    document.thresholds.iter().filter(told).map(|one| {
        let Threshold { title, limit, unit, .. } = &one;
        let limit = figures::figure(*limit, *unit);
        let said = match console::sections::observed_figure(&one) {
            Some(observed) => format!("{title}: observed {observed}, limit {limit}"),
            None => format!("{title}: no samples to judge, limit {limit}"),
        };
        annotation(Level::Error, document.place(one.file.as_ref(), one.line), "threshold failed", &said)
    })
}

/// What became worse than in the baseline, at the request's own line.
fn regressions(document: &Document<'_>) -> impl Iterator<Item = Annotation> {
    document.regression.iter().flat_map(|comparison| comparison.regressed()).map(|line| {
        let worse = line.figures.iter().filter(|figure| figure.verdict == Judgement::Regressed);
        let sentences: Vec<&str> = worse.map(|figure| &*figure.sentence).collect();
        let said = format!("{}: {}", line.name(), sentences.join("; "));
        let place = document.place(line.file.as_ref(), line.line.unwrap_or(1));
        annotation(Level::Error, place, "regressed against the baseline", &said)
    })
}

/// Failures that failed the run, each kind where it is written in the plan; in a run that failed
/// then the others.
fn failures(document: &Document<'_>) -> Vec<Annotation> {
    let broken: Vec<Threshold> = document.thresholds.iter().filter(|one| !one.passed && one.judges_errors()).collect();
    let weighs =
        |line: &Line| line.errors_allowed == Some(false) || broken.iter().any(|threshold| judges(threshold, line));
    let lines = document.samplers.iter().chain(document.transactions.iter());
    let grave: Vec<Line> = lines.filter(|line| line.stats.failed > 0 && weighs(line)).collect();
    let titles: HashSet<&str> = grave.iter().map(Line::title).collect();
    let level = |error: &Error| match titles.contains(error.title()) {
        true => Some(Level::Error),
        false => (!document.verdict.passed).then_some(Level::Warning),
    };
    let mut all: Vec<Annotation> =
        document.errors.iter().filter_map(|error| Some(failure(document, error, level(error)?))).collect();
    let told: HashSet<&str> = document.errors.iter().map(Error::title).collect();
    let untold = grave.iter().filter(|line| line.errors_allowed == Some(false) && !told.contains(line.title()));
    all.extend(untold.map(|line| {
        let failed = console::sections::failed(&line.stats);
        let said = format!("{}: {failed} failed, and no threshold allows errors", line.title());
        annotation(Level::Error, document.place(line.file.as_ref(), line.line), "requests failed", &said)
    }));
    all
}

fn judges(threshold: &Threshold, line: &Line) -> bool {
    match threshold.scope_kind {
        ScopeKind::Run => true,
        ScopeKind::ThreadGroup => line.thread_group == threshold.scope,
        ScopeKind::Sampler | ScopeKind::Transaction => [line.title(), &line.label].contains(&&*threshold.scope),
    }
}

fn failure(document: &Document<'_>, error: &Error, level: Level) -> Annotation {
    let mut said = format!("{} × {}: {}", error.count, error.title(), error.sentence());
    if !error.actual.is_empty() {
        let got: Vec<_> = error.actual.iter().take(3).map(|actual| short(actual, 160)).collect();
        said.push_str(&format!(", got {}", got.join(" · ")));
    }
    annotation(level, document.place(error.file.as_ref(), error.line), "requests failed", &said)
}
