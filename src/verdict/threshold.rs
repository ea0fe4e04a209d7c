//! Single thresholds: judged at the end, or watched during the run.

use std::sync::Arc;
use std::time::Duration;

use super::baseline::{NOT_GIVEN, NOT_YET};
use super::observe::Observed;
use super::{Answer, Baseline, lost_users};
use crate::diagnostic::Span;
use crate::figures::figure;
use crate::graph::{ExecutionGraph, Scope, Threshold};
use crate::metrics::{Aggregator, Results};
use crate::schedule::During;
use crate::threshold::{Metric, Operator, Unit};
use crate::units::written_duration;

/// How a threshold fared.
#[derive(Clone, Debug)]
pub struct ThresholdResult {
    /// As written, spaces tidied: `p95 < 100ms`.
    pub text: Arc<str>,
    /// Its name in the plan.
    pub name: Option<Arc<str>>,
    /// What it judges.
    pub scope: Scope,
    /// What it judges, in words: a line's label, a group's name; `run` for the whole run.
    pub scope_text: Arc<str>,
    /// Where it is written; the request, if it follows from the rules.
    pub span: Span,
    /// The line (from 1) of that place.
    pub line: usize,
    /// Samples that started earlier are left out.
    pub after: Option<Duration>,
    /// The part of the load it looks at.
    pub during: Option<During>,
    /// What the figure is compared with, in `unit`.
    pub limit: f64,
    /// The figure, in `unit`; `None` when there was nothing to take it from.
    pub observed: Option<f64>,
    /// The unit of both.
    pub unit: Unit,
    /// Whether it passed; a skipped one counts as passed.
    pub passed: bool,
    /// Whether it was not judged, for want of samples or of a baseline.
    pub skipped: bool,
    /// How it compares with the baseline, or why it was skipped; `None` where samples decide alone.
    pub note: Option<Arc<str>>,
    /// Which figure it is.
    pub metric: Metric,
    /// Whether `observed` is only a lower bound, since requests it counts were cut short.
    pub at_least: bool,
    /// What the figure is made of, in words, where that helps: why users were lost.
    pub detail: Option<Arc<str>>,
    /// Whether it follows from the rules: `error_rate == 0` when nothing else judges a line's
    /// errors, `users_lost == 0` when nothing else judges a group's users.
    pub implicit: bool,
    /// Samples of its scope.
    pub count: u64,
    /// Failed ones among them.
    pub failed: u64,
}

impl ThresholdResult {
    /// Whether it looks at all of the load: the figures of one that looks at a part are not those of the run.
    pub fn is_of_whole_load(&self) -> bool {
        self.after.is_none() && self.during.is_none()
    }

    /// The threshold and what was observed, with the limit where its text does not hold it:
    /// `p95 < 200ms, observed 340 ms`.
    pub fn observation(&self) -> String {
        let title = self.title();
        let Some(observed) = self.observed else { return format!("{title}, no samples") };
        let bound = if self.at_least { "≥ " } else { "" };
        let observed = figure(observed, self.unit);
        match self.note {
            Some(_) => format!("{title}, observed {bound}{observed}, limit {}", figure(self.limit, self.unit)),
            None => format!("{title}, observed {bound}{observed}"),
        }
    }

    /// The threshold with its scope in front: `POST /api/orders: p95 < 200ms`. Holds no measured value.
    pub fn title(&self) -> String {
        let mut title = match self.scope {
            Scope::Run => String::new(),
            Scope::Group(_) | Scope::Label(_) => format!("{}: ", self.scope_text),
        };
        match &self.name {
            Some(name) => title.push_str(&format!("{name} ({})", self.text)),
            None => title.push_str(&self.text),
        }
        if let Some(during) = self.during {
            title.push_str(&format!(" (during {during})"));
        }
        if let Some(after) = self.after {
            title.push_str(&format!(" (after {})", written_duration(after)));
        }
        title
    }
}

/// What a scope is called: a line's label (with its thread group, where two lines share the
/// text), a group's name, or `run`.
pub fn scope_text(graph: &ExecutionGraph, scope: Scope) -> Arc<str> {
    match scope {
        Scope::Run => "run".into(),
        Scope::Group(group) => graph.groups[group.index()].name.clone(),
        Scope::Label(label) => graph.label(label).title.clone(),
    }
}

/// Compares a figure with its limit.
fn compare(
    graph: &ExecutionGraph,
    threshold: &Threshold,
    observed: &Observed<'_>,
    may_be_skipped: bool,
) -> ThresholdResult {
    let condition = &threshold.condition;
    let figure = observed.figure(condition).filter(|figure| figure.is_finite());
    // A line that was never reached has no errors to allow; written thresholds demand samples.
    let skipped = figure.is_none() && (may_be_skipped || threshold.implicit);
    ThresholdResult {
        text: threshold.text.clone(),
        name: threshold.name.clone(),
        scope: threshold.scope,
        scope_text: scope_text(graph, threshold.scope),
        span: threshold.span,
        line: graph.line(threshold.span),
        after: threshold.after,
        during: threshold.during,
        limit: condition.limit,
        observed: figure,
        unit: condition.unit,
        passed: skipped || figure.is_some_and(|figure| condition.operator.holds(figure, condition.limit)),
        skipped,
        note: None,
        metric: condition.metric,
        at_least: figure.is_some_and(|figure| observed.is_lower_bound(condition, figure)),
        detail: None,
        implicit: threshold.implicit,
        count: observed.stats.count,
        failed: observed.stats.failed,
    }
}

/// A threshold against a baseline: the comparison has judged it, or there was none.
fn answered(mut result: ThresholdResult, answer: Option<&Answer>, under_way: bool) -> ThresholdResult {
    let none = if under_way { NOT_YET } else { NOT_GIVEN };
    let judged = answer.and_then(|answer| answer.judged);
    result.skipped = judged.is_none();
    result.passed = answer.is_none_or(|answer| answer.passed);
    result.observed = judged.map(|(observed, _)| observed);
    result.limit = judged.map_or(0.0, |(_, limit)| limit);
    result.note = Some(answer.map_or(none, |answer| &answer.note).into());
    result
}

/// Judges every threshold of the plan, in its order; while the run is `under_way`, those that have
/// samples by now.
pub(super) fn all(
    graph: &ExecutionGraph,
    results: &Results,
    baseline: &Baseline,
    under_way: bool,
) -> Vec<ThresholdResult> {
    let nothing = crate::metrics::Stats::default();
    graph
        .thresholds
        .iter()
        .enumerate()
        .map(|(index, threshold)| {
            let window = results.windows.iter().find(|(number, ..)| *number == index);
            let group_of = |group| results.groups.iter().find(|result| result.group == group);
            let (stats, time) = match (window, threshold.scope) {
                (Some((_, stats, time)), _) => (stats, *time),
                (None, scope @ Scope::Run) => (&results.totals, results.applied(scope)),
                (None, scope @ Scope::Group(group)) => {
                    (group_of(group).map_or(&nothing, |result| &result.stats), results.applied(scope))
                }
                (None, scope @ Scope::Label(label)) => {
                    (results.label(label).unwrap_or(&nothing), results.applied(scope))
                }
            };
            let groups = || {
                results.groups.iter().filter(|result| match threshold.scope {
                    Scope::Group(group) => result.group == group,
                    Scope::Run | Scope::Label(_) => true,
                })
            };
            let iterations = groups().map(|result| result.iterations).sum();
            let dropped = groups().map(|result| result.dropped).sum();
            let users = groups()
                .fold((0, 0), |(started, lost), group| (started + group.users_started, lost + group.users_lost()));
            let observed = Observed { stats, iterations, dropped, users, time };
            let mut result = compare(graph, threshold, &observed, under_way || graph.skip_without_samples);
            if result.metric == Metric::UsersLost && users.1 > 0 {
                result.detail = Some(lost_users::sentence(graph, results, groups()).into());
            }
            match threshold.condition.baseline {
                true => answered(result, baseline.thresholds.get(&index), under_way),
                false => result,
            }
        })
        .collect()
}

/// The first threshold with `abort` that has failed by now, `elapsed` after load began.
///
/// Cheap enough to ask once a second. A threshold with `after` is judged from then on, one
/// without samples not yet, and a total that can still grow past its lower limit
/// (`requests > 100`) not before the end.
pub fn broken(graph: &ExecutionGraph, counted: &Aggregator, elapsed: Duration) -> Option<ThresholdResult> {
    graph.thresholds.iter().enumerate().filter(|(_, threshold)| threshold.abort).find_map(|(index, threshold)| {
        let after = threshold.after.unwrap_or_default();
        if elapsed < after {
            return None;
        }
        let (stats, time) = counted.judged(index, threshold.scope, elapsed);
        let group = match threshold.scope {
            Scope::Group(group) => Some(group),
            Scope::Run | Scope::Label(_) => None,
        };
        let observed = Observed {
            stats: &stats,
            iterations: counted.iterations(group),
            dropped: counted.dropped(group),
            users: counted.users_lost(group),
            time,
        };
        let condition = &threshold.condition;
        let figure = observed.figure(condition)?;
        let grows = matches!(
            condition.metric,
            Metric::Errors
                | Metric::Requests
                | Metric::Iterations
                | Metric::Dropped
                | Metric::UsersLost
                | Metric::BytesReceived
        ) && condition.unit != Unit::Share;
        let may_still_hold = grows
            && match condition.operator {
                Operator::Greater | Operator::GreaterOrEqual => true,
                Operator::Equal => figure <= condition.limit,
                Operator::Less | Operator::LessOrEqual => false,
            };
        if may_still_hold {
            return None;
        }
        let result = compare(graph, threshold, &observed, graph.skip_without_samples);
        (!result.passed).then_some(result)
    })
}
