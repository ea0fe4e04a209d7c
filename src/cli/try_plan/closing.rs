//! The list at the end of `try`: what became of each request, with its line of the plan.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::graph::{ExecutionGraph, NodeId, NodeKind};
use crate::mask::Masker;
use crate::sanitize::{inline, one_line, short, shown_path};

/// How much of a failure the list repeats, in characters.
const LONGEST: usize = 160;

/// How often a step was taken, and how often it failed.
#[derive(Clone, Debug, Default)]
struct Taken {
    times: u32,
    failed: u32,
    /// Its first failure, masked.
    why: String,
    /// What its page alerted to first, masked: a site may refuse something with status 200.
    alert: String,
}

impl Taken {
    /// What the page alerts to, after `before`.
    fn says(&self, before: &str) -> String {
        match &*self.alert {
            "" => String::new(),
            alert => format!("{before} the page says: {}", short(&inline(alert), LONGEST)),
        }
    }
}

/// What became of the steps.
#[derive(Debug, Default)]
pub(super) struct Closing {
    steps: RefCell<BTreeMap<NodeId, Taken>>,
    failed: Cell<bool>,
}

impl Closing {
    /// Notes a step that was taken, with its failure if it failed and what its page alerts to, both masked.
    pub(super) fn note(&self, node: NodeId, failure: Option<String>, alert: Option<String>) {
        let mut steps = self.steps.borrow_mut();
        let taken = steps.entry(node).or_default();
        taken.times += 1;
        if let Some(why) = failure {
            self.failed.set(true);
            taken.failed += 1;
            if taken.why.is_empty() {
                taken.why = why;
            }
        }
        if taken.alert.is_empty() {
            taken.alert = alert.unwrap_or_default();
        }
    }

    /// Whether any step has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// Whether the plan has requests, and none of them was taken: nothing was tried then.
    pub(super) fn tried_nothing(&self, graph: &ExecutionGraph) -> bool {
        let steps = self.steps.borrow();
        let requests = || {
            let nodes = graph.nodes.iter().enumerate();
            nodes.filter(|(_, node)| matches!(node.kind, NodeKind::Request(_))).map(|(index, _)| NodeId(index as u32))
        };
        requests().next().is_some() && !requests().any(|id| steps.contains_key(&id))
    }

    /// The list and the sentence that sums it up.
    pub(super) fn text(&self, graph: &ExecutionGraph, masker: &Masker, all_branches: bool) -> String {
        let steps = self.steps.borrow();
        let (mut passed, mut failed, mut missed, mut alerted) = (0, 0, 0, 0);
        let mut out = String::from("\n== steps\n");
        for (index, node) in graph.nodes.iter().enumerate() {
            let id = NodeId(index as u32);
            let title = title(graph, masker, id);
            match (steps.get(&id), &node.kind) {
                (Some(taken), _) if taken.failed > 0 => {
                    failed += 1;
                    let times = match taken.times {
                        1 => String::new(),
                        times => format!(" ({} of {times} times)", taken.failed),
                    };
                    let why = short(&inline(&taken.why), LONGEST).into_owned();
                    let _ = writeln!(out, "   FAILED       {title}{times}: {why}{}", taken.says(" –"));
                }
                (Some(taken), NodeKind::Request(_)) => {
                    passed += 1;
                    alerted += usize::from(!taken.alert.is_empty());
                    let times = match taken.times {
                        1 => String::new(),
                        times => format!(" ({times} times)"),
                    };
                    let _ = writeln!(out, "   passed       {title}{times}{}", taken.says(", but"));
                }
                (None, NodeKind::Request(_)) => {
                    missed += 1;
                    let _ = writeln!(out, "   not reached  {title}");
                }
                (Some(_) | None, _) => {}
            }
        }
        if missed > 0 && failed == 0 && !all_branches && graph.nodes.iter().any(branches) {
            out.push_str("   (--all-branches takes every branch of `choose` and `if` once)\n");
        }
        let alerts = match alerted {
            0 => String::new(),
            1 => ", but the page of 1 passed step shows an error message".to_owned(),
            _ => format!(", but the pages of {alerted} passed steps show error messages"),
        };
        let verdict = match (passed, failed, missed) {
            (0, 0, 0) => "PASSED: the plan has no requests".to_owned(),
            (0, 0, _) => format!("NOT VALID: no step ran, {missed} not reached"),
            (_, 0, 0) => format!("PASSED: {}", all(passed)),
            (_, 0, _) => format!("PASSED: {} passed, {missed} not reached", counted(passed)),
            (_, _, 0) => format!("FAILED: {} failed, {passed} passed", counted(failed)),
            _ => format!("FAILED: {} failed, {passed} passed, {missed} not reached", counted(failed)),
        };
        let _ = writeln!(out, "\n{verdict}{alerts}");
        out
    }
}

fn counted(count: usize) -> String {
    format!("{count} step{}", if count == 1 { "" } else { "s" })
}

fn all(count: usize) -> String {
    match count {
        1 => "the step passed".to_owned(),
        _ => format!("all {count} steps passed"),
    }
}

/// Whether a step takes one of several ways.
fn branches(node: &crate::graph::Node) -> bool {
    node.condition.is_some()
        || node.chance.is_some()
        || matches!(node.kind, NodeKind::Choose(..) | NodeKind::RoundRobin(..))
}

/// A step's name and place: `Log in  (plan.yaml:11)`.
pub(super) fn title(graph: &ExecutionGraph, masker: &Masker, node: NodeId) -> String {
    let node = graph.node(node);
    let file = shown_path(graph.sources.path(node.span.file));
    format!("{}  ({file}:{})", one_line(&masker.mask(&node.name)), graph.line(node.span))
}
