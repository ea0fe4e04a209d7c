//! Failures that no threshold judges: a run with failures never passes by accident.

use std::collections::HashSet;

use super::ThresholdResult;
use super::threshold::scope_text;
use crate::graph::{ExecutionGraph, LabelId, LabelKind, NodeKind, Place, Scope, Threshold};
use crate::metrics::{LabelResult, Results};
use crate::threshold::{Metric, Unit};

/// `error_rate == 0` for lines that are no requests, failed, and are judged by nothing: steps
/// that could not be carried out, and transactions that failed although no request did.
pub(super) fn uncovered(graph: &ExecutionGraph, results: &Results) -> Vec<ThresholdResult> {
    let failed = |lines: &[LabelResult]| lines.iter().any(|line| line.stats.failed > 0);
    let mut lines: Vec<&LabelResult> = results.steps.iter().collect();
    if !failed(&results.samplers) && !failed(&results.steps) {
        lines.extend(&results.transactions);
    }
    lines.retain(|line| line.stats.failed > 0);
    if lines.is_empty() {
        return Vec::new();
    }
    let covered = covered_labels(graph);
    lines
        .into_iter()
        .filter(|line| !covered.contains(&line.label))
        .map(|line| {
            let label = graph.label(line.label);
            let scope = Scope::Label(line.label);
            ThresholdResult {
                text: "error_rate == 0".into(),
                name: None,
                scope,
                scope_text: scope_text(graph, scope),
                span: label.span,
                line: graph.line(label.span),
                after: None,
                during: None,
                limit: 0.0,
                observed: line.stats.error_rate(),
                unit: Unit::Share,
                passed: false,
                skipped: false,
                note: None,
                metric: Metric::ErrorRate,
                at_least: false,
                detail: None,
                implicit: true,
                count: line.stats.count,
                failed: line.stats.failed,
            }
        })
        .collect()
}

/// The lines of steps and transactions whose errors some threshold judges.
fn covered_labels(graph: &ExecutionGraph) -> HashSet<LabelId> {
    let judges = |threshold: &&Threshold| {
        // One against a baseline says nothing on a run without one.
        let judges = !threshold.implicit && !threshold.condition.baseline;
        judges && matches!(threshold.condition.metric, Metric::ErrorRate | Metric::Errors)
    };
    let scopes: Vec<Scope> = graph.thresholds.iter().filter(judges).map(|threshold| threshold.scope).collect();
    let mut covered: HashSet<LabelId> = graph
        .labels
        .iter()
        .enumerate()
        .map(|(index, label)| (LabelId(index as u32), label))
        .filter(|(id, label)| {
            let group = match label.place {
                Place::Group(group) => scopes.contains(&Scope::Group(group)),
                Place::Setup | Place::Teardown => false,
            };
            scopes.contains(&Scope::Run) || group || scopes.contains(&Scope::Label(*id))
        })
        .map(|(id, _)| id)
        .collect();
    for node in &graph.nodes {
        let transaction = matches!(node.kind, NodeKind::Transaction(_));
        if transaction && graph.label(node.label).kind == LabelKind::Transaction && covered.contains(&node.label) {
            graph.below(node, &mut covered);
        }
    }
    covered
}

/// The lines whose failed samples fail the run, in order: no threshold judges them, or one that
/// does failed because of them.
pub fn blamed<'t>(
    graph: &ExecutionGraph,
    results: &Results,
    thresholds: impl IntoIterator<Item = &'t ThresholdResult>,
) -> Vec<LabelId> {
    let mut blamed: Vec<LabelId> = Vec::new();
    for broken in thresholds.into_iter().filter(|one| !one.passed && !one.skipped) {
        let limit = broken.limit;
        let breaks = |line: &&LabelResult| match broken.metric {
            Metric::ErrorRate => line.stats.error_rate().is_some_and(|rate| rate > 0.0 && rate >= limit),
            Metric::Errors => line.stats.failed > 0,
            Metric::Percentile(_)
            | Metric::Mean
            | Metric::Min
            | Metric::Max
            | Metric::Stddev
            | Metric::Throughput
            | Metric::Requests
            | Metric::Iterations
            | Metric::Dropped
            | Metric::UsersLost
            | Metric::Apdex(_)
            | Metric::BytesReceived => false,
        };
        let requests = results.samplers.iter().chain(&results.steps);
        match broken.scope {
            Scope::Label(label) => {
                if matches!(broken.metric, Metric::ErrorRate | Metric::Errors) {
                    blamed.push(label);
                    // A transaction fails where any of its requests does: each may fail less often than it.
                    let inside = graph.inside(label);
                    blamed.extend(requests.filter(|line| inside.contains(&line.label)).map(|line| line.label));
                }
            }
            Scope::Group(group) => blamed.extend(
                requests
                    .filter(|line| graph.label(line.label).place == Place::Group(group))
                    .filter(breaks)
                    .map(|line| line.label),
            ),
            Scope::Run => blamed.extend(requests.filter(breaks).map(|line| line.label)),
        }
    }
    blamed.retain(|label| results.label(*label).is_some_and(|stats| stats.failed > 0));
    blamed.sort_unstable();
    blamed.dedup();
    blamed
}
