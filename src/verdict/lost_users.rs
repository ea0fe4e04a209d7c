//! Users that ended early, in words.

use super::cause::most_frequent;
use crate::graph::{ExecutionGraph, LabelId};
use crate::metrics::{GroupResult, LostWhy, Results};

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
