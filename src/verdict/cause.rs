//! The root cause: the failure that explains the others, told first.

use super::ThresholdResult;
use super::lost_users;
use crate::graph::{ExecutionGraph, LabelId, LabelKind};
use crate::metrics::{ErrorGroup, GroupResult, LostWhy, Results};
use crate::threshold::Metric;

/// How much of a value that came instead of another is told, in characters.
const ACTUAL: usize = 120;

/// What happened, and what came instead: `status is 200: got 401`. A message that says already
/// what came is not told twice: `the status is 503: no healthy upstream`.
pub(super) fn sentence(error: &ErrorGroup) -> String {
    let Some(actual) = error.actual.first() else { return error.message.clone() };
    let cut: String = match actual.char_indices().nth(ACTUAL) {
        Some((at, _)) => format!("{}…", &actual[..at]),
        None => actual.clone(),
    };
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

/// The earliest failure that explains why several others failed; `None` where the thresholds
/// themselves tell all there is to tell. `blamed` are the lines whose failures fail the run.
pub(super) fn shared_by_failures(
    graph: &ExecutionGraph,
    results: &Results,
    thresholds: &[ThresholdResult],
    blamed: &[LabelId],
) -> Option<String> {
    let worst = results.groups.iter().filter(|group| group.users_lost() > 0).max_by_key(|group| group.users_lost());
    let broken = |one: &ThresholdResult| !one.passed && !one.skipped && may_follow(one);
    if let Some(group) = worst.filter(|_| thresholds.iter().any(broken)) {
        return Some(lost_users(graph, results, group));
    }
    if blamed.len() < 2 {
        return None;
    }
    let failing: Vec<&ErrorGroup> =
        results.errors.iter().filter(|error| blamed.binary_search(&error.label).is_ok()).collect();
    let first = failing.iter().min_by(|one, two| one.first.cmp(&two.first).then(two.count.cmp(&one.count)))?;
    let alike = failing.iter().filter(|error| (error.kind, &error.message) == (first.kind, &first.message));
    let (labels, count) = alike.fold((0, 0), |(labels, count), error| (labels + 1, count + error.count));
    if labels == blamed.len() {
        let all_requests = blamed.iter().all(|label| graph.label(*label).kind == LabelKind::Sampler);
        let what = if all_requests { "requests" } else { "lines of the report" };
        return Some(format!("{} ({count} times, on {labels} {what})", sentence(first)));
    }
    let of = results.label(first.label).map_or(0, |stats| stats.count);
    let title = &graph.label(first.label).title;
    Some(format!("{title} failed first, {} of {of} times: {}", first.count, sentence(first)))
}

/// Whether a broken threshold may be broken because users ended early.
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
