//! The root cause: the failure that explains the others is told first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::ThresholdResult;
use super::lost_users;
use crate::failure::{Cause, FailureKind};
use crate::figures;
use crate::graph::{ExecutionGraph, LabelId, LabelKind, Place};
use crate::metrics::{ErrorGroup, Results};

/// How much of a value that came instead of another is told, in characters.
const ACTUAL: usize = 120;
/// How many requests that failed alike are named.
const NAMED: usize = 3;

/// A cause is negligible beside one that failed this many times as many requests.
const NEGLIGIBLE: u64 = 10;

/// What happened, and what came instead: `status is 200: got 401`. A message that says already
/// what came is not told twice: `the status is 503: no healthy upstream`.
pub(super) fn sentence(error: &ErrorGroup) -> String {
    let Some(actual) = error.actual.first() else { return error.message.clone() };
    let last = error.message.rsplit(' ').next().unwrap_or_default();
    if error.actual.len() > 1 || error.varied {
        return match cause_of(error) {
            Cause::Statuses(statuses) if statuses == [last] => error.message.clone(),
            cause @ Cause::Statuses(_) => format!("{}: {}", error.message, cause.got_status().unwrap_or_default()),
            Cause::Other(..) => format!("{}: for example, got {}", error.message, cut(actual)),
        };
    }
    let cut = cut(actual);
    match cut.strip_prefix(last).filter(|rest| rest.is_empty() || rest.starts_with(':')) {
        Some(rest) => format!("{}{rest}", error.message),
        None => format!("{}: got {cut}", error.message),
    }
}

/// What a line failed with: `status is 200: got 401`, `got status 500 or 503`, `most often connection refused`.
pub(super) fn most_frequent(results: &Results, label: LabelId) -> Option<String> {
    let mut errors = results.errors.iter().filter(|error| error.label == label);
    let first = errors.clone().next()?;
    if first.count >= results.label(label).map_or(0, |stats| stats.failed) {
        return Some(sentence(first));
    }
    let of_status = errors.clone().all(|error| matches!(cause_of(error), Cause::Statuses(_)));
    let statuses = Cause::Statuses(statuses(&mut errors));
    match statuses.got_status().filter(|_| of_status) {
        Some(got) => Some(got),
        None => Some(format!("most often {}", sentence(first))),
    }
}

/// The statuses that came, the lowest first.
fn statuses<'r>(errors: impl Iterator<Item = &'r ErrorGroup>) -> Vec<&'r str> {
    let mut found: Vec<&str> = Vec::new();
    for error in errors {
        if let Cause::Statuses(statuses) = cause_of(error) {
            found.extend(statuses);
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The failure that explains why a run failed.
pub(super) struct RootCause {
    /// In words: "500 of 500 requests of `Sign in` got status 503".
    pub(super) text: String,
    /// The lines, in order, all of whose failures it tells.
    pub(super) told: Vec<LabelId>,
}

/// The failure that explains the others, on all requests it happened to. `None` without any failure. `blamed` are
/// the lines whose failures fail the run.
pub(super) fn root(
    graph: &ExecutionGraph,
    results: &Results,
    thresholds: &[ThresholdResult],
    blamed: &[LabelId],
) -> Option<RootCause> {
    let failing: Vec<&ErrorGroup> =
        results.errors.iter().filter(|error| blamed.binary_search(&error.label).is_ok()).collect();
    let lines = Lines { graph, results };
    if let Some(group) = lost_users::explaining(graph, results, thresholds, blamed) {
        return Some(RootCause { text: lost_users::root(graph, results, group), told: Vec::new() });
    }
    let label = lines.first(&failing)?;
    let (cause, first) = lines.cause(label, &failing)?;
    let alike: Vec<&ErrorGroup> = failing.iter().filter(|error| is_part(&cause_of(error), &cause)).copied().collect();
    let mut hit: BTreeMap<LabelId, u64> = BTreeMap::new();
    for error in &alike {
        *hit.entry(error.label).or_default() += error.count;
    }
    // A response may fail two assertions for one reason.
    hit.iter_mut().for_each(|(label, count)| *count = (*count).min(lines.failed(*label)));
    let mut text = told(graph, &hit, |label| lines.count(label), &what(&cause, first, &alike));
    let others: BTreeSet<LabelId> =
        failing.iter().map(|error| error.label).filter(|label| !hit.contains_key(label)).collect();
    if !others.is_empty() {
        let begin = alike.iter().map(|error| error.first).min().unwrap_or_default();
        let later = failing.iter().all(|error| hit.contains_key(&error.label) || error.first > begin);
        let when = if later { "after that, " } else { "" };
        let too = if later { "" } else { " too" };
        text.push_str(&match others.len() {
            1 => format!("; {when}another step of the plan failed{too}"),
            many => format!("; {when}{many} other steps of the plan failed{too}"),
        });
    }
    let told = hit.iter().filter(|(label, count)| **count == lines.failed(**label)).map(|(label, _)| *label).collect();
    Some(RootCause { text, told })
}

/// The figures of the lines of a run.
struct Lines<'r> {
    graph: &'r ExecutionGraph,
    results: &'r Results,
}

impl<'r> Lines<'r> {
    fn count(&self, label: LabelId) -> u64 {
        self.results.label(label).map_or(0, |stats| stats.count)
    }

    fn failed(&self, label: LabelId) -> u64 {
        self.results.label(label).map_or(0, |stats| stats.failed)
    }

    fn share(&self, label: LabelId) -> f64 {
        self.failed(label) as f64 / self.count(label).max(1) as f64
    }

    /// The line whose failures to tell first. In the thread group that failed most, that is the earliest of those
    /// that failed for about as large a share of their requests as any: a login fails once, everything after it
    /// often, but one timeout among ten thousand requests does not explain that all fail later.
    fn first(&self, failing: &[&ErrorGroup]) -> Option<LabelId> {
        let mut begin: BTreeMap<LabelId, Duration> = BTreeMap::new();
        for error in failing {
            begin.entry(error.label).and_modify(|first| *first = (*first).min(error.first)).or_insert(error.first);
        }
        let place = |label: LabelId| self.graph.label(label).place;
        let failed = |at: Place| -> u64 {
            begin.keys().filter(|label| place(**label) == at).map(|label| self.failed(*label)).sum()
        };
        let most_failed = begin.keys().map(|label| place(*label)).max_by_key(|place| failed(*place))?;
        let near: Vec<LabelId> = begin.keys().copied().filter(|label| place(*label) == most_failed).collect();
        let largest = near.iter().map(|label| self.failed(*label)).max()?;
        let (slight, weighty): (Vec<LabelId>, Vec<LabelId>) =
            near.into_iter().partition(|label| self.failed(*label) * NEGLIGIBLE < largest);
        let most = weighty.iter().map(|label| self.share(*label)).fold(0.0, f64::max);
        let earliest = weighty.iter().map(|label| begin[label]).min()?;
        // A few failures explain many only where everything fails after them: a login that happens once.
        let explains = |label: &LabelId| begin[label] <= earliest && most >= self.share(*label) * 0.9;
        let candidates = slight.into_iter().filter(explains).chain(weighty.iter().copied());
        let candidates = candidates.filter(|label| self.share(*label) * 2.0 >= most);
        candidates.min_by_key(|label| (begin[label], std::cmp::Reverse(self.failed(*label))))
    }

    /// Why a line failed, all its statuses together: the earliest of the causes that hit about as many of its
    /// requests as any. With it comes a failure of that cause.
    fn cause<'e>(&self, label: LabelId, failing: &[&'e ErrorGroup]) -> Option<(Cause<'e>, &'e ErrorGroup)> {
        let own: Vec<&ErrorGroup> = failing.iter().filter(|error| error.label == label).copied().collect();
        let (of_status, mut causes): (Vec<&ErrorGroup>, Vec<&ErrorGroup>) =
            own.into_iter().partition(|error| matches!(cause_of(error), Cause::Statuses(_)));
        // The most frequent one comes first.
        let largest = of_status.first().map_or(0, |error| error.count);
        let of_status = of_status.into_iter().filter(|error| error.count * NEGLIGIBLE >= largest);
        let together = of_status.clone().map(|error| error.count).sum::<u64>().min(self.failed(label));
        let begin = of_status.clone().map(|error| error.first).min();
        causes.extend(of_status.clone().next());
        let figures = |error: &ErrorGroup| match begin.filter(|_| matches!(cause_of(error), Cause::Statuses(_))) {
            Some(begin) => (together, begin),
            None => (error.count, error.first),
        };
        let most = causes.iter().map(|error| figures(error).0).max()?;
        let weighty = causes.into_iter().filter(|error| figures(error).0 * 2 >= most);
        let first = weighty.min_by_key(|error| (figures(error).1, std::cmp::Reverse(figures(error).0)))?;
        let cause = match cause_of(first) {
            Cause::Statuses(_) => Cause::Statuses(statuses(of_status)),
            other @ Cause::Other(..) => other,
        };
        Some((cause, first))
    }
}

fn cause_of(error: &ErrorGroup) -> Cause<'_> {
    Cause::of(error.kind, &error.message, &error.actual)
}

/// Whether a cause is another one or, of statuses, a part of it.
fn is_part(one: &Cause<'_>, whole: &Cause<'_>) -> bool {
    match (one, whole) {
        (Cause::Statuses(some), Cause::Statuses(all)) => some.iter().all(|status| all.contains(status)),
        (one, whole) => one == whole,
    }
}

/// What happened, as the end of a sentence: `got status 503 (no healthy upstream)`, `failed: connection refused`.
/// What the body said is told where it was the same in all of them.
fn what(cause: &Cause<'_>, error: &ErrorGroup, alike: &[&ErrorGroup]) -> String {
    match cause.got_status() {
        Some(got) => {
            let same = alike.iter().all(|one| one.actual == error.actual && !one.varied);
            let gist = match error.actual.as_slice() {
                [only] if same => only.split_once(": ").map(|(_, gist)| format!(" ({})", cut(gist))),
                _ => None,
            };
            got + &gist.unwrap_or_default()
        }
        None if error.kind == FailureKind::Step => format!("could not run: {}", sentence(error)),
        None => format!("failed: {}", sentence(error)),
    }
}

/// What happened to how many of the requests of which lines.
fn told(graph: &ExecutionGraph, hit: &BTreeMap<LabelId, u64>, of: impl Fn(LabelId) -> u64, what: &str) -> String {
    let (count, all) = hit.iter().fold((0, 0), |(count, all), (label, hit)| (count + hit, all + of(*label)));
    let requests = hit.keys().all(|label| graph.label(*label).kind == LabelKind::Sampler);
    let kind = if requests { "request" } else { "step" };
    let s = if all == 1 { "" } else { "s" };
    let title = |label: &LabelId| format!("`{}`", graph.label(*label).title);
    match hit.keys().collect::<Vec<_>>().as_slice() {
        [one] if !requests && all == 1 => format!("the step {} {what}", title(one)),
        [one] if !requests => format!("the step {} {what} ({} times)", title(one), figures::count(count)),
        [one] => {
            format!("{} of {} {kind}{s} of {} {what}", figures::count(count), figures::count(all), title(one))
        }
        several => {
            let mut named: Vec<String> = several.iter().take(NAMED).map(|label| title(label)).collect();
            if several.len() > NAMED {
                named.push(format!("{} more", several.len() - NAMED));
            }
            let last = named.pop().unwrap_or_default();
            let (count, all, named) = (figures::count(count), figures::count(all), named.join(", "));
            format!("{count} of {all} {kind}{s} {what}: {named} and {last}")
        }
    }
}

/// Cut to a length that a line can hold.
fn cut(text: &str) -> String {
    match text.char_indices().nth(ACTUAL) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
