//! Thresholds, and whether they passed.
//!
//! [`judge`] turns the results of a run into a [`Verdict`] with an exit code and reasons in words;
//! [`broken`] watches the thresholds that stop a run early.

mod baseline;
mod cause;
mod cover;
mod generator;
mod judge;
mod lost_users;
mod observe;
mod outcome;
#[cfg(test)]
mod root_cause_tests;
#[cfg(test)]
mod tests;
mod threshold;

pub use baseline::{Answer, Baseline};
pub use cover::blamed;
pub use generator::Generator;
pub use judge::{Verdict, judge, judge_against};
pub use lost_users::why as why_lost;
pub use outcome::{LifecycleResult, RunOutcome, exit};
pub use threshold::{ThresholdResult, broken, scope_text};
