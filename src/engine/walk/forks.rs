//! Where a walk has several ways: whoever watches may want all of them taken, as `try --all-branches` does.

use super::{Fork, Frame, Walk};
use crate::engine::user::User;
use crate::graph::{Node, NodeId, NodeKind};

impl<'g> Walk<'g> {
    /// The step runs whatever its condition says, and the steps of `else` after it.
    pub(super) fn both_sides(&mut self, user: &User, id: NodeId, node: &'g Node, entered: bool) {
        let what = if let NodeKind::Sequence { otherwise, .. } = &node.kind
            && !otherwise.is_empty()
        {
            self.stack.push(Frame::Steps { children: otherwise, at: 0 });
            "both sides are taken, `else` second"
        } else if entered {
            return;
        } else {
            "taken although it would be left out"
        };
        if let Some(observer) = &user.local.observer {
            observer.step(id, what, None);
        }
    }
}

/// Whether a step may be left out.
pub(super) fn is_fork(node: &Node) -> bool {
    node.condition.is_some() || node.chance.is_some()
}

/// Whether whoever watches wants every way taken.
pub(super) fn takes_all(user: &User, id: NodeId, fork: Fork) -> bool {
    user.local.observer.as_ref().is_some_and(|observer| observer.takes_all(id, fork))
}
