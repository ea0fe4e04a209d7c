//! What stands inside a step.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{ExecutionGraph, LabelId, LabelKind, Node, NodeId, NodeKind};

impl ExecutionGraph {
    /// The lines of everything inside the transactions of a line; none for a line that is no transaction.
    pub fn inside(&self, label: LabelId) -> HashSet<LabelId> {
        let mut found = HashSet::new();
        if self.label(label).kind == LabelKind::Transaction {
            for node in self.nodes.iter().filter(|node| node.label == label) {
                self.below(node, &mut found);
            }
        }
        found
    }

    /// For the line of each transaction, those of the requests inside, in the order of the plan.
    pub fn requests_inside(&self) -> HashMap<LabelId, BTreeSet<LabelId>> {
        let mut found: HashMap<LabelId, BTreeSet<LabelId>> = HashMap::new();
        for node in self.nodes.iter().filter(|node| matches!(node.kind, NodeKind::Transaction(_))) {
            let mut below = HashSet::new();
            self.below(node, &mut below);
            let requests = below.into_iter().filter(|label| self.label(*label).kind == LabelKind::Sampler);
            found.entry(node.label).or_default().extend(requests);
        }
        found
    }

    /// Adds the lines of everything inside a step.
    pub(crate) fn below(&self, node: &Node, found: &mut HashSet<LabelId>) {
        let mut rest: Vec<NodeId> = children(node).copied().collect();
        while let Some(id) = rest.pop() {
            let node = self.node(id);
            found.insert(node.label);
            rest.extend(children(node));
        }
    }
}

fn children(node: &Node) -> impl Iterator<Item = &NodeId> {
    let (first, second): (&[NodeId], &[NodeId]) = match &node.kind {
        NodeKind::Sequence { children, otherwise } => (children, otherwise),
        NodeKind::Transaction(children)
        | NodeKind::Repeat(_, children)
        | NodeKind::RepeatFor(_, children)
        | NodeKind::While(_, _, children)
        | NodeKind::ForEach(_, _, children)
        | NodeKind::Choose(children, _)
        | NodeKind::RoundRobin(_, children)
        | NodeKind::Shuffle(children)
        | NodeKind::Parallel(children)
        | NodeKind::Include(_, children)
        | NodeKind::Lock(_, children) => (children, &[]),
        NodeKind::Request(request) => (&request.children, &[]),
        NodeKind::Set(_)
        | NodeKind::NextRow(_)
        | NodeKind::Pause(_)
        | NodeKind::WaitForUsers(_)
        | NodeKind::Stop(_)
        | NodeKind::Log(_) => (&[], &[]),
    };
    first.iter().chain(second)
}
