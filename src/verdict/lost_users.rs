//! Users that ended early, in words.

use super::ThresholdResult;
use super::cause::most_frequent;
use crate::graph::{ExecutionGraph, GroupId, LabelId, Place, Scope};
use crate::metrics::{GroupResult, LostWhy, Results, Stats};
use crate::threshold::Metric;

/// How many reasons are reported.
const REASONS: usize = 3;

/// Why users of these groups ended early: `5 of 10 users ended early: 5 because `Log in` failed
/// (status is 200: got 401)`.
pub(super) fn sentence<'r>(
    graph: &ExecutionGraph,
    results: &Results,
    groups: impl Iterator<Item = &'r GroupResult>,
) -> String {
    let (mut started, mut lost) = (0, Vec::new());
    for group in groups {
        started += group.users_started;
        lost.extend(&group.lost);
    }
    lost.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let all: u64 = lost.iter().map(|(_, count)| count).sum();
    let reasons: Vec<String> = lost
        .iter()
        .take(REASONS)
        .map(|(lost, count)| format!("{count} because {}", why(graph, results, lost.why)))
        .collect();
    let more = if lost.len() > REASONS { ", and for other reasons" } else { "" };
    let s = if started == 1 { "" } else { "s" };
    format!("{all} of {started} user{s} ended early: {}{more}", reasons.join(", "))
}

/// A reason, as the end of a sentence.
pub fn why(graph: &ExecutionGraph, results: &Results, why: LostWhy) -> String {
    let step = |label: LabelId| graph.label(label).title.clone();
    match why {
        LostWhy::OnStart(label) => {
            format!("`{}` failed in on_start{}", step(label), in_brackets(most_frequent(results, label)))
        }
        LostWhy::OnError(label) => {
            format!(
                "`{}` failed and `on_error` ends the user{}",
                step(label),
                in_brackets(most_frequent(results, label))
            )
        }
        LostWhy::NoRow(data) => format!("the data set `{}` had no row left for them", graph.data[data.index()].name),
    }
}

fn in_brackets(text: Option<String>) -> String {
    text.map_or_else(String::new, |text| format!(" ({text})"))
}

/// The group whose lost users explain why the run failed: a broken threshold covers it, none allows the loss, and
/// no other of the `blamed` lines failed for a larger share of its requests.
pub(super) fn explaining<'r>(
    graph: &ExecutionGraph,
    results: &'r Results,
    thresholds: &[ThresholdResult],
    blamed: &[LabelId],
) -> Option<&'r GroupResult> {
    let covers = |one: &ThresholdResult, group: GroupId| match one.scope {
        Scope::Run => true,
        Scope::Group(of) => of == group,
        Scope::Label(label) => graph.label(label).place == Place::Group(group),
    };
    let explains = |group: &&GroupResult| {
        let judged = thresholds.iter().filter(|one| !one.skipped && one.is_of_whole_load() && covers(one, group.group));
        let mut users = judged.clone().filter(|one| one.metric == Metric::UsersLost).peekable();
        let allowed = users.peek().is_some() && users.all(|one| one.passed);
        !allowed && judged.clone().any(|one| !one.passed && may_follow(one))
    };
    let outweighs = |group: &&GroupResult| {
        let ended_by = |label: LabelId| {
            group.lost.iter().any(|(lost, _)| match lost.why {
                LostWhy::OnStart(one) | LostWhy::OnError(one) => one == label,
                LostWhy::NoRow(_) => false,
            })
        };
        let others = blamed.iter().filter(|label| !ended_by(**label)).filter_map(|label| results.label(*label));
        let lost = group.users_lost() as f64 / group.users_started.max(1) as f64;
        others.filter_map(Stats::error_rate).all(|rate| rate <= lost)
    };
    let lost = results.groups.iter().filter(|group| group.users_lost() > 0);
    lost.filter(explains).filter(outweighs).max_by_key(|group| group.users_lost())
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

/// The users of a group that ended early, as the root cause.
pub(super) fn root(graph: &ExecutionGraph, results: &Results, group: &GroupResult) -> String {
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
        LostWhy::NoRow(_) => format!("{whom} ended early: {}", why(graph, results, most.why)),
    }
}
