//! Text with `${…}` and bare expressions: parsed with positions, resolved to slots, evaluated.

/// A variable's number: its place in a user's table of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(pub u32);

/// A `counter(name)`'s number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CounterId(pub u32);
