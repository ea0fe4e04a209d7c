//! Which variables hold a secret, or what was made from one, and which headers send such a variable.
//!
//! Only where a header goes depends on it. What is hidden in outputs is the secret itself, wherever it
//! stands: hiding all that follows from one would hide words such as `true` and `200` everywhere.

use super::build::Build;
use super::{NodeKind, Source};
use crate::mask::Masker;
use crate::template::{Expression, SlotId, Template, Tree};

/// Something that gives a variable its value.
#[derive(Clone, Copy)]
enum Made<'g> {
    Tree(&'g Tree),
    Expression(&'g Expression),
}

/// The variables that hold something of a secret.
struct Derived<'g> {
    /// By slot.
    slots: Vec<bool>,
    /// Finds secrets that were put in before the run, as those of the environment are.
    written: &'g Masker,
}

impl Derived<'_> {
    fn is_in(&self, made: Made<'_>) -> bool {
        let slot = |slot: SlotId| self.slots.get(slot.0 as usize).is_some_and(|secret| *secret);
        let text = |text: &str| !self.written.places(text).is_empty();
        match made {
            Made::Tree(tree) => tree.holds(&slot, &text),
            Made::Expression(expression) => expression.holds(&slot, &text),
        }
    }

    fn is_in_text(&self, template: &Template) -> bool {
        let slot = |slot: SlotId| self.slots.get(slot.0 as usize).is_some_and(|secret| *secret);
        template.holds(&slot, &|text| !self.written.places(text).is_empty())
    }
}

impl Build<'_> {
    /// Notes which headers hold a secret or what was made from one. Not before all is built: an extractor
    /// may make a variable one, and a step may set a variable that an earlier one sends.
    pub(super) fn secret_headers(&mut self) {
        if !self.slots.iter().any(|slot| slot.secret) {
            return;
        }
        let slots = self.slots.iter().map(|slot| slot.secret).collect();
        let mut derived = Derived { slots, written: &self.secrets };
        let mut open = self.made();
        // Each round takes off at least one, or is the last.
        loop {
            let (found, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(|(_, made)| derived.is_in(*made));
            for (slot, _) in &found {
                derived.slots[slot.0 as usize] = true;
            }
            open = rest;
            if found.is_empty() {
                break;
            }
        }
        for node in &mut self.nodes {
            if let NodeKind::Request(request) = &mut node.kind {
                request.protocol.note_secret_headers(|template| derived.is_in_text(template));
            }
        }
    }

    /// All that gives a variable its value, and is not taken from a response or a file.
    fn made(&self) -> Vec<(SlotId, Made<'_>)> {
        let mut made = Vec::new();
        for (at, slot) in self.slots.iter().enumerate() {
            made.extend(slot.computed.as_ref().map(|tree| (SlotId(at as u32), Made::Tree(tree))));
        }
        for node in &self.nodes {
            match &node.kind {
                NodeKind::Set(set) | NodeKind::Include(set, _) => {
                    made.extend(set.iter().map(|(slot, tree)| (*slot, Made::Tree(tree))));
                }
                NodeKind::Request(request) => {
                    made.extend(request.with.iter().map(|(slot, tree)| (*slot, Made::Tree(tree))));
                    let defaults = request.extractors.iter();
                    made.extend(defaults.filter_map(|(slot, how)| Some((*slot, Made::Tree(how.default.as_ref()?)))));
                }
                NodeKind::ForEach(slot, Source::List(list), _) => made.push((*slot, Made::Expression(list))),
                NodeKind::ForEach(_, Source::Rows(_), _)
                | NodeKind::Sequence { .. }
                | NodeKind::Transaction(_)
                | NodeKind::Repeat(..)
                | NodeKind::RepeatFor(..)
                | NodeKind::While(..)
                | NodeKind::Choose(..)
                | NodeKind::RoundRobin(..)
                | NodeKind::Shuffle(_)
                | NodeKind::Parallel(_)
                | NodeKind::NextRow(_)
                | NodeKind::Pause(_)
                | NodeKind::WaitForUsers(_)
                | NodeKind::Lock(..)
                | NodeKind::Stop(_)
                | NodeKind::Log(_) => {}
            }
        }
        made
    }
}
