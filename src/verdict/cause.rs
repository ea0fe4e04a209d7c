//! The root cause: the failure that explains the others is told first.

use std::collections::{BTreeMap, BTreeSet};

use super::ThresholdResult;
use super::lost_users;
use crate::failure::{Cause, FailureKind};
use crate::figures;
use crate::graph::{ExecutionGraph, LabelId, LabelKind, Place};
use crate::metrics::{ErrorGroup, GroupResult, LostWhy, Results};
use crate::threshold::Metric;

/// How much of a value that came instead of another is told, in characters.
const ACTUAL: usize = 120;
/// How many requests that failed alike are named.
const NAMED: usize = 3;

/// What happened, and what came instead: `status is 200: got 401`. A message that says already
/// what came is not told twice: `the status is 503: no healthy upstream`.
pub(super) fn sentence(error: &ErrorGroup) -> String {
    let Some(actual) = error.actual.first() else { return error.message.clone() };
    let cut = cut(actual);
    let last = error.message.rsplit(' ').next().unwrap_or_default();
    match cut.strip_prefix(last).filter(|rest| rest.is_empty() || rest.starts_with(':')) {
        Some(rest) => format!("{}{rest}", error.message),
        None => format!("{}: got {cut}", error.message),
    }
}

/// What a line failed with most often: `status is 200: got 401`.
pub(super) fn most_frequent(results: &Results, label: LabelId) -> Option<String> {
    results.errors.iter().find(|error| error.label == label).map(sentence)
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
    let worst = results.groups.iter().filter(|group| group.users_lost() > 0).max_by_key(|group| group.users_lost());
    let broken = |one: &ThresholdResult| !one.passed && !one.skipped && may_follow(one);
    if let Some(group) = worst.filter(|_| thresholds.iter().any(broken)) {
        return Some(RootCause { text: lost_users(graph, results, group), told: Vec::new() });
    }
    let failing: Vec<&ErrorGroup> =
        results.errors.iter().filter(|error| blamed.binary_search(&error.label).is_ok()).collect();
    let of = |label: LabelId| results.label(label).map_or(0, |stats| stats.count);
    let (cause, first) = weightiest(graph, &failing, of)?;
    let mut hit: BTreeMap<LabelId, u64> = BTreeMap::new();
    let alike: Vec<&ErrorGroup> = failing.iter().filter(|error| cause_of(graph, error) == cause).copied().collect();
    for error in &alike {
        *hit.entry(error.label).or_default() += error.count;
    }
    // A response may fail two assertions for one reason.
    let failed = |label: LabelId| results.label(label).map_or(0, |stats| stats.failed);
    hit.iter_mut().for_each(|(label, count)| *count = (*count).min(failed(*label)));
    let mut text = told(graph, &hit, of, &what(&cause, first, &alike));
    let others: BTreeSet<LabelId> =
        failing.iter().map(|error| error.label).filter(|label| !hit.contains_key(label)).collect();
    if !others.is_empty() {
        let later = failing.iter().all(|error| hit.contains_key(&error.label) || error.first > first.first);
        let when = if later { "after that, " } else { "" };
        let too = if later { "" } else { " too" };
        text.push_str(&match others.len() {
            1 => format!("; {when}another step of the plan failed{too}"),
            many => format!("; {when}{many} other steps of the plan failed{too}"),
        });
    }
    let told = hit.iter().filter(|(label, count)| **count == failed(**label)).map(|(label, _)| *label).collect();
    Some(RootCause { text, told })
}

/// The cause to tell first, and its earliest failure. In the thread group that failed most, that is the earliest of
/// the causes that hit about as large a share of their requests as any: a login fails once, everything after it
/// often, but one timeout among ten thousand requests does not explain that all fail later.
fn weightiest<'r>(
    graph: &ExecutionGraph,
    failing: &[&'r ErrorGroup],
    of: impl Fn(LabelId) -> u64,
) -> Option<(Cause<'r>, &'r ErrorGroup)> {
    let place = |error: &ErrorGroup| graph.label(error.label).place;
    let failed = |at: Place| failing.iter().filter(|error| place(error) == at).map(|error| error.count).sum::<u64>();
    let most_failed = failing.iter().map(|error| place(error)).max_by_key(|place| failed(*place))?;
    let near: Vec<&&ErrorGroup> = failing.iter().filter(|error| place(error) == most_failed).collect();
    let share = |error: &ErrorGroup| error.count as f64 / of(error.label).max(1) as f64;
    let most = near.iter().map(|error| share(error)).fold(0.0, f64::max);
    let weighty = near.into_iter().filter(|error| share(error) * 2.0 >= most);
    let first = weighty.min_by(|one, two| one.first.cmp(&two.first).then(two.count.cmp(&one.count)))?;
    Some((cause_of(graph, first), first))
}

fn cause_of<'r>(graph: &ExecutionGraph, error: &'r ErrorGroup) -> Cause<'r> {
    let assertion = error.assertion.and_then(|id| graph.assertions.get(id.index()));
    Cause::of(error.kind, assertion.map(|info| &*info.text), &error.message, &error.actual)
}

/// What happened, as the end of a sentence: `got status 503 (no healthy upstream)`, `failed: connection refused`.
/// What the body said is told where it was the same in all of them.
fn what(cause: &Cause<'_>, error: &ErrorGroup, alike: &[&ErrorGroup]) -> String {
    match cause.got_status() {
        Some(got) => {
            let same = alike.iter().all(|one| one.actual == error.actual);
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

/// Whether a failed threshold may have failed because users ended early.
fn may_follow(threshold: &ThresholdResult) -> bool {
    match threshold.metric {
        Metric::ErrorRate
        | Metric::Errors
        | Metric::Apdex(_)
        | Metric::Throughput
        | Metric::Requests
        | Metric::Iterations
        | Metric::Dropped
        | Metric::UsersLost
        | Metric::BytesReceived => true,
        Metric::Percentile(_) | Metric::Mean | Metric::Min | Metric::Max | Metric::Stddev => {
            threshold.observed.is_none()
        }
    }
}

fn lost_users(graph: &ExecutionGraph, results: &Results, group: &GroupResult) -> String {
    let Some((most, count)) = group.lost.first() else { return String::new() };
    let name = &graph.groups[group.group.index()].name;
    let whom = if *count == group.users_started {
        format!("every user of {name} ({count} of {})", group.users_started)
    } else {
        format!("{count} of {} users of {name}", group.users_started)
    };
    match most.why {
        LostWhy::OnStart(label) | LostWhy::OnError(label) => {
            let title = &graph.label(label).title;
            let what = most_frequent(results, label).map_or_else(String::new, |what| format!(" ({what})"));
            format!("{title} failed for {whom}, which ended them{what}")
        }
        LostWhy::NoRow(_) => format!("{whom} ended early: {}", lost_users::why(graph, results, most.why)),
    }
}
