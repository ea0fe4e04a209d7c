//! What must hold: thresholds, and whether they did.
//!
//! [`judge`] turns what a run came to into a [`Verdict`] with an exit code and reasons in words;
//! [`broken`] watches the thresholds that stop a run early.

mod baseline;
mod cause;
mod condition;
mod cover;
mod doubt;
mod generator;
mod judge;
mod lost;
mod observe;
mod outcome;
mod relative;
#[cfg(test)]
mod tests;
mod threshold;

pub use baseline::{Answer, Baseline};
pub(crate) use condition::not_here;
pub use condition::{Condition, ConditionError, Metric, Operator, Phase, Unit};
pub use cover::blamed;
pub use doubt::Doubt;
pub use generator::Generator;
pub use judge::{Verdict, judge, judge_against};
pub use lost::why as why_lost;
pub use outcome::{LifecycleResult, RunOutcome, StoppedBy, exit};
pub use threshold::{ThresholdResult, broken, scope_text};
