//! The verdict on a run.

use std::sync::Arc;

use super::baseline::NOT_GIVEN;
use super::outcome::exit;
use super::{Baseline, LifecycleResult, RunOutcome, ThresholdResult, cause, cover, threshold};
use crate::failure::FailureKind;
use crate::figures::count;
use crate::graph::{ExecutionGraph, LabelId, LabelKind, Place, Scope};
use crate::metrics::{LabelResult, Results};
use crate::stop_reason::StopReason;
use crate::threshold::Metric;

/// How many failed thresholds the last line names.
const NAMED: usize = 3;
const NO_SAMPLES: &str = "no samples";
const INCONCLUSIVE: &str = "inconclusive against the baseline";

/// What CI is told.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Whether the exit code is 0.
    pub passed: bool,
    /// The process's exit code, one of [`exit`].
    pub exit_code: u8,
    /// Why it failed: the root cause, then what follows from it; the weightiest first; empty when it passed.
    pub reasons: Vec<String>,
    /// Every threshold, in the order of the plan; those that follow from the rules come last.
    pub thresholds: Arc<[ThresholdResult]>,
    /// What can be said of a run that passed.
    praise: String,
}

impl Verdict {
    /// The reasons, or what can be said of a run that passed: `2 of 2 thresholds passed`.
    pub fn summary(&self) -> String {
        if self.passed { self.praise.clone() } else { self.reasons.join("; ") }
    }
}

/// Judges a run by itself: see [`judge_against`].
pub fn judge(graph: &ExecutionGraph, results: &Results, run: &RunOutcome) -> Verdict {
    judge_against(graph, results, run, &Baseline::default())
}

/// Judges a run, and what earlier runs say about it. The weightiest finding decides on the exit
/// code: 4 before 3, a signal, 1 and 0.
pub fn judge_against(graph: &ExecutionGraph, results: &Results, run: &RunOutcome, baseline: &Baseline) -> Verdict {
    let mut thresholds = threshold::all(graph, results, baseline, run.under_way);
    thresholds.extend(cover::uncovered(graph, results));
    let mut findings: Vec<(u8, String)> = Vec::new();
    if let Some(error) = &run.internal_error {
        findings.push((exit::INTERNAL, format!("internal error: {error}")));
    }
    if !run.under_way {
        findings.extend(not_valid(results, run).map(|reason| (exit::NOT_VALID, reason)));
    }
    if let Some(stopped) = &run.stopped_by {
        let code = match stopped {
            StopReason::Interrupt | StopReason::Dashboard => exit::INTERRUPTED,
            StopReason::Terminate | StopReason::Hangup | StopReason::Quit => exit::TERMINATED,
            StopReason::TimeLimit(_) => exit::NOT_VALID,
            StopReason::Abort(_) => exit::FAILED,
            StopReason::Step(_) => exit::PASSED,
        };
        if code != exit::PASSED {
            findings.push((code, stopped.sentence()));
        }
    }
    // After a failed setup nothing was measured: the thresholds have nothing to say.
    if run.setup.failure().is_none() {
        // What is told are figures of the whole load.
        let blamed = cover::blamed(graph, results, thresholds.iter().filter(|one| one.is_of_whole_load()));
        // Why a run is not valid is its own root cause.
        let valid = !findings.iter().any(|(code, _)| matches!(*code, exit::NOT_VALID | exit::INTERNAL));
        let root = cause::root(graph, results, &thresholds, &blamed).filter(|_| valid);
        let told = root.as_ref().map_or(&[][..], |root| &root.told);
        let thresholds_failed = failed_thresholds(graph, results, &thresholds, told);
        let samples_failed = failed_samples(graph, results, &thresholds, told);
        // It stands before the threshold that ended the run because of it.
        findings.splice(0..0, root.map(|root| (exit::FAILED, root.text)));
        findings.extend(thresholds_failed.map(|reason| (exit::FAILED, reason)));
        findings.extend(samples_failed.into_iter().map(|reason| (exit::FAILED, reason)));
        findings.extend(lost_users(&thresholds).map(|reason| (exit::FAILED, reason)));
        findings.extend(baseline.regression.clone().map(|reason| (exit::FAILED, reason)));
    }
    if let Some(reason) = run.teardown.failure() {
        findings.push((exit::FAILED, format!("teardown failed: {reason}")));
    }
    let exit_code =
        findings.iter().map(|(code, _)| *code).max_by_key(|code| exit::weight(*code)).unwrap_or(exit::PASSED);
    findings.sort_by_key(|(code, _)| std::cmp::Reverse(exit::weight(*code)));
    Verdict {
        passed: exit_code == exit::PASSED,
        exit_code,
        reasons: findings.into_iter().map(|(_, reason)| reason).collect(),
        praise: praise(graph, &thresholds, results, run, baseline),
        thresholds: thresholds.into(),
    }
}

/// Why the figures cannot be trusted.
fn not_valid(results: &Results, run: &RunOutcome) -> Option<String> {
    if let LifecycleResult::Failed { reason, .. } = &run.setup {
        return Some(format!("setup failed: {reason}"));
    }
    let totals = &results.totals;
    // Somebody ended it before there was anything to judge.
    let by_hand = match &run.stopped_by {
        Some(
            StopReason::Interrupt
            | StopReason::Terminate
            | StopReason::Hangup
            | StopReason::Quit
            | StopReason::Dashboard
            | StopReason::TimeLimit(_),
        ) => true,
        Some(StopReason::Abort(_) | StopReason::Step(_)) | None => false,
    };
    if by_hand && !results.answered {
        return None;
    }
    if totals.count == 0 && totals.cached == 0 {
        return Some(match totals.interrupted {
            0 => "no request was sent".into(),
            _ => "no request was finished".into(),
        });
    }
    if !results.answered {
        let unsent = totals.failures_of(FailureKind::Step);
        return Some(match totals.count {
            count if unsent == count => "no request could be sent".into(),
            _ => {
                let cause = results.errors.iter().find(|error| error.kind != FailureKind::Step);
                let cause = cause.map(|error| format!(" ({})", error.message));
                format!("the target never responded{}", cause.unwrap_or_default())
            }
        });
    }
    let generator = &run.generator;
    if run.strict && !generator.kept_up {
        let why = generator.reason.as_deref().map(|reason| format!(": {reason}"));
        return Some(format!("the load generator could not keep up{}", why.unwrap_or_default()));
    }
    None
}

/// The written thresholds that failed, with what was observed. `told` are the lines whose failures are told already.
fn failed_thresholds(
    graph: &ExecutionGraph,
    results: &Results,
    thresholds: &[ThresholdResult],
    told: &[LabelId],
) -> Option<String> {
    let (judged, failed) = counts(thresholds);
    if failed == 0 {
        return None;
    }
    let s = if judged == 1 { "" } else { "s" };
    let broken: Vec<String> = thresholds
        .iter()
        .filter(|one| !one.implicit && !one.skipped && !one.passed)
        .take(NAMED)
        .map(|one| one.observation() + &worst(graph, results, one, told))
        .collect();
    let more = if failed > NAMED { format!(" and {} more", failed - NAMED) } else { String::new() };
    // Reports list those that follow from the rules beside the written ones.
    let follows = thresholds.iter().any(|one| one.implicit && !one.passed);
    let written = if follows { "written " } else { "" };
    Some(format!("{failed} of {judged} {written}threshold{s} failed ({}{more})", broken.join("; ")))
}

/// For a failed limit on errors of several requests, the one request that failed most: `, most on GET /x: 7 of 9`.
fn worst(graph: &ExecutionGraph, results: &Results, threshold: &ThresholdResult, told: &[LabelId]) -> String {
    let within = |place: Place| match threshold.scope {
        Scope::Run => matches!(place, Place::Group(_)),
        Scope::Group(group) => place == Place::Group(group),
        Scope::Label(_) => false,
    };
    let of_errors = matches!(threshold.metric, Metric::ErrorRate | Metric::Errors);
    let requests = graph.labels.iter().filter(|label| label.kind == LabelKind::Sampler && within(label.place)).count();
    if !of_errors || !threshold.is_of_whole_load() || requests < 2 {
        return String::new();
    }
    let lines = results.samplers.iter().filter(|line| within(graph.label(line.label).place));
    let most = lines.clone().map(|line| line.stats.failed).max().filter(|most| *most > 0);
    let failed_most: Vec<&LabelResult> = lines.filter(|line| Some(line.stats.failed) == most).collect();
    match failed_most.as_slice() {
        [line] if told.binary_search(&line.label).is_err() => {
            let title = &graph.label(line.label).title;
            format!(", most on `{title}`: {} of {}", count(line.stats.failed), count(line.stats.count))
        }
        _ => String::new(),
    }
}

/// How many written thresholds were judged, and how many of them failed.
fn counts(thresholds: &[ThresholdResult]) -> (usize, usize) {
    let judged = thresholds.iter().filter(|one| !one.implicit && !one.skipped);
    (judged.clone().count(), judged.filter(|one| !one.passed).count())
}

/// Users that ended before their time, which no threshold of the plan allows.
fn lost_users(thresholds: &[ThresholdResult]) -> impl Iterator<Item = String> {
    let lost = thresholds.iter().filter(|one| one.implicit && !one.passed && one.metric == Metric::UsersLost);
    lost.map(|one| {
        let detail = one.detail.as_deref().unwrap_or("users ended early");
        format!("{}: {detail}; no threshold on `users_lost` allows it", one.scope_text)
    })
}

/// Failures no threshold of the plan allows: those of requests and transactions, and those of other steps,
/// which count only when they could not run. Where all of them are `told` already, there is nothing to add.
fn failed_samples(
    graph: &ExecutionGraph,
    results: &Results,
    thresholds: &[ThresholdResult],
    told: &[LabelId],
) -> Vec<String> {
    let errors = |one: &&ThresholdResult| one.implicit && !one.passed && one.metric != Metric::UsersLost;
    let kind = |one: &ThresholdResult| match one.scope {
        Scope::Label(label) => graph.label(label).kind,
        Scope::Run | Scope::Group(_) => LabelKind::Sampler,
    };
    let is_told = |one: &&ThresholdResult| match one.scope {
        Scope::Label(label) => told.binary_search(&label).is_ok(),
        Scope::Run | Scope::Group(_) => false,
    };
    let (steps, samples): (Vec<&ThresholdResult>, Vec<&ThresholdResult>) =
        thresholds.iter().filter(errors).partition(|one| kind(one) == LabelKind::Step);
    let [steps, samples] = [steps, samples].map(|list| if list.iter().all(&is_told) { Vec::new() } else { list });
    let why = |one: &ThresholdResult| match one.scope {
        Scope::Label(label) => cause::most_frequent(results, label).map(|why| format!(" ({why})")).unwrap_or_default(),
        Scope::Run | Scope::Group(_) => String::new(),
    };
    let requests = samples.iter().all(|one| kind(one) == LabelKind::Sampler);
    let what = if requests { "requests" } else { "requests and transactions" };
    let samples = match samples.as_slice() {
        [] => None,
        [one] => {
            let what = if requests { "request" } else { "transaction" };
            let s = if one.count == 1 { "" } else { "s" };
            let (failed, all) = (count(one.failed), count(one.count));
            Some(format!("{}: {failed} of {all} {what}{s} failed{}", one.scope_text, why(one)))
        }
        many => {
            let errors: u64 = many.iter().map(|one| one.failed).sum();
            // Of all, those on lines without errors included.
            let transactions = || results.transactions.iter().map(|line| line.stats.count).sum::<u64>();
            let all = results.totals.count + if requests { 0 } else { transactions() };
            Some(format!("{} of {} {what} failed in total, and no threshold allows errors", count(errors), count(all)))
        }
    };
    let times = |number: u64| if number == 1 { String::new() } else { format!(" {} times", count(number)) };
    let steps = match steps.as_slice() {
        [] => None,
        [one] => Some(format!("the step {} could not run{}{}", one.scope_text, times(one.failed), why(one))),
        many => {
            let errors: u64 = many.iter().map(|one| one.failed).sum();
            let in_all =
                if errors == many.len() as u64 { String::new() } else { format!(", {} times in total", count(errors)) };
            Some(format!("{} steps could not run{in_all}", many.len()))
        }
    };
    samples.into_iter().chain(steps).collect()
}

/// Why a threshold was skipped, in a word or two.
fn reason(result: &ThresholdResult) -> &'static str {
    match result.note.as_deref() {
        None => NO_SAMPLES,
        Some(NOT_GIVEN) => NOT_GIVEN,
        Some(_) => INCONCLUSIVE,
    }
}

fn praise(
    graph: &ExecutionGraph,
    thresholds: &[ThresholdResult],
    results: &Results,
    run: &RunOutcome,
    baseline: &Baseline,
) -> String {
    let (judged, _) = counts(thresholds);
    let skipped =
        |why: &str| thresholds.iter().filter(|one| !one.implicit && one.skipped && reason(one) == why).count();
    let mut said = match judged {
        0 => {
            let requests = results.totals.count;
            let s = if requests == 1 { "" } else { "s" };
            match results.totals.failed {
                0 => format!("{requests} request{s}, no errors"),
                failed => format!("{requests} request{s}, {failed} with errors that the plan allows"),
            }
        }
        1 => "1 of 1 threshold passed".into(),
        _ => format!("{judged} of {judged} thresholds passed"),
    };
    for why in [NO_SAMPLES, NOT_GIVEN, INCONCLUSIVE] {
        match skipped(why) {
            0 => {}
            count => said.push_str(&format!(", {count} skipped ({why})")),
        }
    }
    // Green must not hide that a part of the plan was never tried.
    let requests =
        graph.labels.iter().filter(|label| label.kind == LabelKind::Sampler && matches!(label.place, Place::Group(_)));
    let planned = requests.count();
    let ran = results.samplers.iter().filter(|line| graph.label(line.label).kind == LabelKind::Sampler).count();
    if ran < planned {
        said.push_str(&format!(", but {} of {planned} requests never ran", planned - ran));
    }
    if let Some(StopReason::Step(step)) = &run.stopped_by {
        said.push_str(&format!("; ended early by the step `{step}`"));
    }
    if let Some(compared) = &baseline.summary {
        said.push_str(&format!("; {compared}"));
    }
    if !run.generator.kept_up {
        said.push_str("; but the load generator could not keep up");
    }
    said
}
