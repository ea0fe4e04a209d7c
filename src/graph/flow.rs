//! Which variables are set where: the plan is followed along every path, once.

use crate::template::SlotId;

use super::NodeId;

/// Whether a variable is set at a point of the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Assigned {
    /// On no path.
    #[default]
    Never,
    /// On some paths.
    Sometimes,
    /// On every path.
    Always,
}

/// What is known of every variable at one point.
#[derive(Clone, Debug, Default)]
pub(super) struct VariableStates {
    slots: Vec<(Assigned, Vec<NodeId>)>,
}

impl VariableStates {
    pub(super) fn known(&self, slot: SlotId) -> Assigned {
        self.slots.get(slot.0 as usize).map_or(Assigned::Never, |(known, _)| *known)
    }

    /// The nodes whose value of the variable may arrive here.
    pub(super) fn setters(&self, slot: SlotId) -> &[NodeId] {
        self.slots.get(slot.0 as usize).map_or(&[], |(_, setters)| setters)
    }

    /// The variable is set, by a node or from the start.
    pub(super) fn set(&mut self, slot: SlotId, by: Option<NodeId>) {
        let at = slot.0 as usize;
        if self.slots.len() <= at {
            self.slots.resize(at + 1, (Assigned::Never, Vec::new()));
        }
        self.slots[at] = (Assigned::Always, by.into_iter().collect());
    }

    /// Where two paths meet: set always only if both set it.
    pub(super) fn join(&mut self, other: &Self) {
        self.merge(other, |one, two| match (one, two) {
            (Assigned::Always, Assigned::Always) => Assigned::Always,
            (Assigned::Never, Assigned::Never) => Assigned::Never,
            _ => Assigned::Sometimes,
        });
    }

    /// After several parts that all run, in whichever order.
    pub(super) fn both(&mut self, other: &Self) {
        self.merge(other, |one, two| one.max(two));
    }

    fn merge(&mut self, other: &Self, known: impl Fn(Assigned, Assigned) -> Assigned) {
        let length = self.slots.len().max(other.slots.len());
        self.slots.resize(length, (Assigned::Never, Vec::new()));
        for (at, (mine, setters)) in self.slots.iter_mut().enumerate() {
            let (theirs, others) = other.slots.get(at).map_or((Assigned::Never, &[][..]), |(known, ids)| (*known, ids));
            *mine = known(*mine, theirs);
            for id in others {
                if !setters.contains(id) {
                    setters.push(*id);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Assigned, NodeId, SlotId, VariableStates};

    #[test]
    fn a_variable_set_on_one_of_two_paths_is_known_sometimes() {
        let mut left = VariableStates::default();
        let right = VariableStates::default();
        left.set(SlotId(2), Some(NodeId(7)));
        left.join(&right);
        assert_eq!(left.known(SlotId(2)), Assigned::Sometimes);
        assert_eq!(left.setters(SlotId(2)), [NodeId(7)]);
        assert_eq!(left.known(SlotId(0)), Assigned::Never);
    }

    #[test]
    fn parts_that_all_run_leave_what_any_of_them_set() {
        let mut left = VariableStates::default();
        let mut right = VariableStates::default();
        left.set(SlotId(0), Some(NodeId(1)));
        right.set(SlotId(1), Some(NodeId(2)));
        left.both(&right);
        assert_eq!((left.known(SlotId(0)), left.known(SlotId(1))), (Assigned::Always, Assigned::Always));
    }
}
