//! What must hold: thresholds, and whether they did.

mod condition;

pub use condition::{Condition, ConditionError, Metric, Operator, Phase, Unit};
