//! The graph drawn: an indented outline, Mermaid, or Graphviz's DOT.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Children, Dynamic, ExecutionGraph, LabelKind, Node, NodeId, NodeKind, Source};
use crate::mask::Masker;
use crate::sanitize::one_line;
use crate::schedule::ThinkTime;

/// How to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Drawing {
    /// An indented outline
    Text,
    /// A Mermaid flowchart, rendered by GitHub and GitLab
    Mermaid,
    /// Graphviz DOT
    Dot,
}

/// Draws what will run: lifecycle, groups, steps, branches with weights, loops and data edges.
/// What `masker` knows is hidden, and nothing of a plan's names is obeyed by a terminal or a CI runner.
pub fn draw(graph: &ExecutionGraph, drawing: Drawing, masker: &Masker) -> String {
    match drawing {
        Drawing::Text => outline(graph, masker),
        Drawing::Mermaid => Chart::new(graph, masker, true).finish(),
        Drawing::Dot => Chart::new(graph, masker, false).finish(),
    }
}

/// A plan's text as it is shown.
pub(super) fn masked_line(masker: &Masker, text: &str) -> String {
    one_line(&masker.mask(text))
}

/// The parts of the lifecycle, each with its name and its steps.
fn parts(graph: &ExecutionGraph) -> Vec<(String, &Children)> {
    let mut parts = vec![("setup".to_owned(), &graph.setup)];
    for group in &graph.groups {
        let load = super::load::in_short(group);
        parts.push((format!("thread group {} · on_start", group.name), &group.on_start));
        parts.push((format!("thread group {} ({load})", group.name), &group.steps));
        parts.push((format!("thread group {} · on_stop", group.name), &group.on_stop));
    }
    parts.push(("teardown".to_owned(), &graph.teardown));
    parts.retain(|(_, children)| !children.is_empty());
    parts
}

/// A node's name and what modifies it.
fn title(node: &Node) -> String {
    let mut title = node.name.to_string();
    if let NodeKind::Transaction(_) = node.kind {
        title = format!("transaction: {title}");
    }
    if let (Some(condition), false) = (&node.condition, title.starts_with("if ")) {
        let _ = write!(title, " [if {}]", condition.source());
    }
    match node.chance.as_deref() {
        Some(Dynamic::Fixed(chance)) => {
            let _ = write!(title, " [chance {}%]", chance * 100.0);
        }
        Some(Dynamic::Computed(template)) => {
            let _ = write!(title, " [chance {}]", template.source());
        }
        None => {}
    }
    match &node.kind {
        NodeKind::Pause(wait) => {
            let _ = write!(title, " {}", wait_text(wait));
        }
        NodeKind::ForEach(_, Source::Rows(_), _) => title.push_str(" (all rows)"),
        NodeKind::ForEach(_, Source::List(_), _)
        | NodeKind::Request(_)
        | NodeKind::Sequence { .. }
        | NodeKind::Transaction(_)
        | NodeKind::Repeat(..)
        | NodeKind::RepeatFor(..)
        | NodeKind::While(..)
        | NodeKind::Choose(..)
        | NodeKind::RoundRobin(..)
        | NodeKind::Shuffle(_)
        | NodeKind::Parallel(_)
        | NodeKind::Set(_)
        | NodeKind::Include(..)
        | NodeKind::NextRow(_)
        | NodeKind::WaitForUsers(_)
        | NodeKind::Lock(..)
        | NodeKind::Stop(_)
        | NodeKind::Log(_) => {}
    }
    title
}

fn wait_text(wait: &Dynamic<ThinkTime>) -> String {
    match wait {
        Dynamic::Fixed(ThinkTime::Constant(time)) => format!("{time:?}"),
        Dynamic::Fixed(ThinkTime::Range(from, to)) => format!("{from:?}..{to:?}"),
        Dynamic::Fixed(ThinkTime::Normal { mean, deviation }) => {
            format!("normal, mean {mean:?}, deviation {deviation:?}")
        }
        Dynamic::Fixed(ThinkTime::Poisson { mean }) => format!("poisson, mean {mean:?}"),
        Dynamic::Computed(template) => template.source().to_owned(),
    }
}

/// The children of a node, each with what is written on the way to it.
pub(super) fn edges(node: &Node) -> Vec<(NodeId, String)> {
    let plain = |children: &Children| children.iter().map(|id| (*id, String::new())).collect();
    match &node.kind {
        NodeKind::Sequence { children, otherwise } => {
            let mut edges: Vec<_> = plain(children);
            edges.extend(otherwise.iter().map(|id| (*id, "else".to_owned())));
            edges
        }
        NodeKind::Choose(children, weights) => {
            let total = weights.last().copied().unwrap_or(1).max(1) as f64;
            let starts = std::iter::once(&0).chain(weights.iter());
            children
                .iter()
                .zip(weights.iter().zip(starts))
                .map(|(id, (end, start))| (*id, format!("{:.0}%", (end - start) as f64 / total * 100.0)))
                .collect()
        }
        NodeKind::Transaction(children)
        | NodeKind::Repeat(_, children)
        | NodeKind::RepeatFor(_, children)
        | NodeKind::While(_, _, children)
        | NodeKind::ForEach(_, _, children)
        | NodeKind::RoundRobin(_, children)
        | NodeKind::Shuffle(children)
        | NodeKind::Parallel(children)
        | NodeKind::Include(_, children)
        | NodeKind::Lock(_, children) => plain(children),
        NodeKind::Request(request) => plain(&request.children),
        NodeKind::Set(_)
        | NodeKind::NextRow(_)
        | NodeKind::Pause(_)
        | NodeKind::WaitForUsers(_)
        | NodeKind::Stop(_)
        | NodeKind::Log(_) => Vec::new(),
    }
}

fn outline(graph: &ExecutionGraph, masker: &Masker) -> String {
    let mut out = format!("{}\n", masked_line(masker, &graph.name));
    for service in &graph.services {
        let _ = writeln!(out, "service {}", masked_line(masker, &service.name));
    }
    let mut sets: BTreeMap<NodeId, Vec<String>> = BTreeMap::new();
    let mut uses: BTreeMap<NodeId, Vec<String>> = BTreeMap::new();
    for flow in &graph.flows {
        let name = &graph.slots[flow.slot.0 as usize].name;
        let from = match flow.from {
            Some(from) => {
                let line = graph.line(graph.node(from).span);
                sets.entry(from).or_default().push(name.to_string());
                format!("{name} (line {line})")
            }
            None => name.to_string(),
        };
        uses.entry(flow.to).or_default().push(from);
    }
    for (name, children) in parts(graph) {
        let _ = writeln!(out, "{}", masked_line(masker, &name));
        // Depth first, with the way to each node; the stack holds what is still to be drawn.
        let mut stack: Vec<(NodeId, String, usize)> = children.iter().rev().map(|id| (*id, String::new(), 1)).collect();
        while let Some((id, edge, depth)) = stack.pop() {
            let node = graph.node(id);
            let indent = "  ".repeat(depth);
            let edge = if edge.is_empty() { String::new() } else { format!("{edge} ") };
            let _ =
                write!(out, "{indent}- {edge}{}  (line {})", masked_line(masker, &title(node)), graph.line(node.span));
            for (arrow, names) in [("sets", sets.get(&id)), ("uses", uses.get(&id))] {
                if let Some(names) = names {
                    let mut names = names.clone();
                    names.sort();
                    names.dedup();
                    let _ = write!(out, "  {arrow} {}", masked_line(masker, &names.join(", ")));
                }
            }
            out.push('\n');
            stack.extend(edges(node).into_iter().rev().map(|(id, edge)| (id, edge, depth + 1)));
        }
    }
    out
}

/// A flowchart in one of two notations.
struct Chart<'g> {
    graph: &'g ExecutionGraph,
    masker: &'g Masker,
    mermaid: bool,
    out: String,
}

impl<'g> Chart<'g> {
    fn new(graph: &'g ExecutionGraph, masker: &'g Masker, mermaid: bool) -> Self {
        let out = if mermaid {
            "flowchart TD\n".to_owned()
        } else {
            "digraph plan {\n  rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\"];\n".to_owned()
        };
        Self { graph, masker, mermaid, out }
    }

    fn finish(mut self) -> String {
        let graph = self.graph;
        let mut previous = "start".to_owned();
        self.point(&previous, &graph.name, true);
        for (index, (name, children)) in parts(graph).into_iter().enumerate() {
            let part = format!("p{index}");
            self.point(&part, &name, true);
            self.arrow(&previous, &part, "", false);
            for id in children.iter() {
                self.arrow(&part, &key(*id), "", false);
                self.subtree(*id);
            }
            previous = part;
        }
        for flow in &graph.flows {
            if let Some(from) = flow.from {
                let name = graph.slots[flow.slot.0 as usize].name.to_string();
                self.arrow(&key(from), &key(flow.to), &name, true);
            }
        }
        if !self.mermaid {
            self.out.push_str("}\n");
        }
        self.out
    }

    fn subtree(&mut self, root: NodeId) {
        let mut stack = vec![root];
        while let Some(id) = stack.pop() {
            let node = self.graph.node(id);
            let round = self.graph.label(node.label).kind != LabelKind::Sampler;
            self.point(&key(id), &title(node), round);
            let edges = edges(node);
            for (child, edge) in &edges {
                self.arrow(&key(id), &key(*child), edge, false);
            }
            stack.extend(edges.into_iter().rev().map(|(child, _)| child));
        }
    }

    fn point(&mut self, key: &str, text: &str, round: bool) {
        let text = &masked_line(self.masker, text);
        let written = if self.mermaid {
            let text = text.replace('"', "#quot;");
            let (open, close) = if round { ("([\"", "\"])") } else { ("[\"", "\"]") };
            writeln!(self.out, "  {key}{open}{text}{close}")
        } else {
            let style = if round { ", style=rounded" } else { "" };
            writeln!(self.out, "  {key} [label=\"{}\"{style}];", dot(text))
        };
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }

    fn arrow(&mut self, from: &str, to: &str, text: &str, data: bool) {
        let text = &masked_line(self.masker, text);
        let written = if self.mermaid {
            let line = if data { "-.->" } else { "-->" };
            let text = if text.is_empty() { String::new() } else { format!("|\"{}\"|", text.replace('"', "#quot;")) };
            writeln!(self.out, "  {from} {line}{text} {to}")
        } else {
            let style = if data { ", style=dashed, constraint=false" } else { "" };
            writeln!(self.out, "  {from} -> {to} [label=\"{}\"{style}];", dot(text))
        };
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }
}

fn key(id: NodeId) -> String {
    format!("n{}", id.0)
}

fn dot(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
