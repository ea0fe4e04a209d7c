//! What earlier runs say about a run, as a verdict needs it.

use std::collections::HashMap;

/// What a threshold against a baseline says when there is none.
pub(super) const NOT_GIVEN: &str = "no baseline given";
/// The reason during the run.
pub(super) const NOT_YET: &str = "evaluated when the run has ended";

/// What a comparison with earlier runs says; the default is that there was none.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    /// On thresholds against it, by their place among the graph's.
    pub thresholds: HashMap<usize, Answer>,
    /// Why the comparison fails the run, in words; `None` when it does not.
    pub regression: Option<String>,
    /// What else it comes to, in words.
    pub summary: Option<String>,
}

/// How a threshold against a baseline fared.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The figure and the limit, in the condition's unit; `None` when it could not be judged.
    pub judged: Option<(f64, f64)>,
    /// Whether it passed; one that could not be judged did not fail.
    pub passed: bool,
    /// The same for people, or why it could not be judged.
    pub note: String,
}
