//! What a walk through steps is expected to do, by arithmetic alone: requests and waiting.

use super::{Dynamic, Node, NodeId, NodeKind, Source};
use crate::schedule::ThinkTime;
use crate::value::Value;

/// What one walk is expected to do on average. Where the plan leaves it open (conditions, loops
/// over data), a step counts once and the figure is no longer exact.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Estimate {
    /// Requests.
    pub(super) requests: f64,
    /// Think times and pauses, in seconds. Loops by time count as waiting.
    pub(super) wait_s: f64,
    /// Whether something could not be known.
    pub(super) vague: bool,
}

impl Estimate {
    fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            wait_s: self.wait_s + other.wait_s,
            vague: self.vague || other.vague,
        }
    }

    fn times(self, factor: f64) -> Self {
        Self { requests: self.requests * factor, wait_s: self.wait_s * factor, ..self }
    }

    fn vague(self) -> Self {
        Self { vague: true, ..self }
    }
}

/// What a walk through these steps is expected to do. Steps hold each other only as deep as the
/// plan writes them.
pub(super) fn steps(nodes: &[Node], children: &[NodeId]) -> Estimate {
    children.iter().map(|id| step(nodes, &nodes[id.index()])).fold(Estimate::default(), Estimate::plus)
}

fn step(nodes: &[Node], node: &Node) -> Estimate {
    let all = |children: &[NodeId]| steps(nodes, children);
    let mut expected = match &node.kind {
        NodeKind::Request(request) => {
            let think = node.think_time.as_deref().map(wait).unwrap_or_default();
            Estimate { requests: 1.0, ..think }.plus(all(&request.children))
        }
        NodeKind::Sequence { children, otherwise } if !otherwise.is_empty() => {
            all(children).plus(all(otherwise)).times(0.5).vague()
        }
        NodeKind::Sequence { children, .. }
        | NodeKind::Transaction(children)
        | NodeKind::Shuffle(children)
        | NodeKind::Include(_, children)
        | NodeKind::Lock(_, children) => all(children),
        NodeKind::Parallel(children) => Estimate { wait_s: 0.0, ..all(children) },
        NodeKind::Repeat(Dynamic::Fixed(count), children) => all(children).times(*count as f64),
        NodeKind::ForEach(_, Source::List(list), children) => match list.constant() {
            Some(Value::List(items)) => all(children).times(items.len() as f64),
            Some(_) | None => all(children).vague(),
        },
        NodeKind::Repeat(Dynamic::Computed(_), children)
        | NodeKind::While(_, _, children)
        | NodeKind::ForEach(_, Source::Rows(_), children) => all(children).vague(),
        NodeKind::RepeatFor(time, children) => Estimate { wait_s: time.as_secs_f64(), ..all(children).vague() },
        NodeKind::Choose(children, weights) => {
            let total = weights.last().copied().unwrap_or(0).max(1) as f64;
            let starts = std::iter::once(&0).chain(weights.iter());
            children
                .iter()
                .zip(weights.iter().zip(starts))
                .map(|(id, (end, start))| all(&[*id]).times((end - start) as f64 / total))
                .fold(Estimate::default(), Estimate::plus)
        }
        NodeKind::RoundRobin(_, children) => all(children).times(1.0 / children.len().max(1) as f64),
        NodeKind::Pause(time) => wait(time),
        NodeKind::WaitForUsers(_) | NodeKind::Stop(_) => Estimate::default().vague(),
        NodeKind::Set(_) | NodeKind::NextRow(_) | NodeKind::Log(_) => Estimate::default(),
    };
    match node.chance.as_deref() {
        Some(Dynamic::Fixed(share)) => expected = expected.times(*share),
        Some(Dynamic::Computed(_)) => expected = expected.vague(),
        None => {}
    }
    if node.condition.is_some() { expected.vague() } else { expected }
}

/// The mean of a wait.
fn wait(wait: &Dynamic<ThinkTime>) -> Estimate {
    match wait {
        Dynamic::Fixed(time) => Estimate { wait_s: time.mean().as_secs_f64(), ..Estimate::default() },
        Dynamic::Computed(_) => Estimate::default().vague(),
    }
}
