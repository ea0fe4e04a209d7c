//! What an expression may read while it is evaluated, and how that can fail.

use std::fmt;
use std::ops::Range;

use crate::failure::StepError;
use crate::mask::Masker;
use crate::problem::Problem;
use crate::response::Response;
use crate::value::Value;

use super::{CounterId, SlotId};
use crate::random::Random;

/// What evaluation reads: one user's variables and surroundings.
pub trait Scope {
    /// The value of a variable; `None` when it is not set.
    fn slot(&self, slot: SlotId) -> Option<&Value>;
    /// The variable's name, for messages.
    fn slot_name(&self, slot: SlotId) -> &str;
    /// The step that was to give the variable its value, and failed; `None` where none was.
    fn failed_step(&self, _slot: SlotId) -> Option<&str> {
        None
    }
    /// Which user of its group this is, from 1; `None` outside thread groups.
    fn user_number(&self) -> Option<u64>;
    /// Which iteration this is, from 1; `None` outside iterations.
    fn iteration(&self) -> Option<u64>;
    /// The thread group's name; `None` outside thread groups.
    fn thread_group(&self) -> Option<&str>;
    /// The run's identifier.
    fn run_id(&self) -> &str;
    /// Which round of the innermost loop this is, from 1; `None` outside loops.
    fn loop_index(&self) -> Option<u64>;
    /// The last finished response; `None` before the first.
    fn response(&self) -> Option<&Response>;
    /// Whether the last sample passed.
    fn response_ok(&self) -> bool;
    /// The user's source of randomness.
    fn random(&mut self) -> &mut Random;
    /// The next number of a counter that counts for the whole run, from 1.
    fn next_counter(&mut self, counter: CounterId) -> i64;
    /// The wall clock.
    fn now(&self) -> jiff::Timestamp;
    /// A file's bytes.
    ///
    /// # Errors
    /// A fragment that says why it cannot be read, for example "no such file".
    fn file(&mut self, path: &str) -> Result<Vec<u8>, Problem>;
    /// Hides the user's secrets in what a message is going to show, before it is cut.
    fn masker(&mut self) -> Masker {
        Masker::default()
    }
}

/// Why a value could not be computed. The step it belongs to cannot run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvalError {
    /// What is wrong and what to do about it. Names expressions rather than their present
    /// values, so that equal causes count together.
    pub message: String,
    /// The bytes it concerns, in the text that was compiled.
    pub range: Range<usize>,
    /// Whether something was not set or not there: what `default(…)` stands in for.
    pub not_set: bool,
    /// The variable that was not set, if it was one.
    pub unset: Option<SlotId>,
}

impl EvalError {
    pub(super) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), range, not_set: false, unset: None }
    }

    pub(super) fn not_set(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), range, not_set: true, unset: None }
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EvalError {}

impl From<EvalError> for StepError {
    fn from(error: EvalError) -> Self {
        Self { message: error.message }
    }
}
