//! Compares runs with earlier ones: is the target slower than before, or is it noise?
//!
//! A [`Summary`] contains the parts of a results document that a comparison needs. [`compare`] judges
//! a run against one or more earlier ones and returns a [`Comparison`](crate::document::Comparison), which
//! is saved in `results.json` and shown in every report. [`Baseline`] does this for a run in progress, and
//! judges single values with their own tolerances: thresholds such as `p95 < baseline + 10%`.
//!
//! Raw requests are never compared: the requests of one run resemble each other more than those of
//! different runs, so a rank test (Mann-Whitney) on two runs of the same target finds a difference in a
//! third to a half of all pairs. Here, each value of a run is one observation, and its variation is the
//! variation between runs. `docs/comparing.md` has the formulas.

mod against;
mod choose;
mod evidence;
mod read;
mod remarks;
mod single_figure;
mod statistics;
mod suggest;
mod summary;
#[cfg(test)]
mod tests;
mod thresholds;
mod times;
mod window;
mod words;

pub use against::{PERCENTILES, Tolerance, compare};
pub use choose::{Chosen, Wanted, choose};
pub use read::{read_summary, summary_of};
pub use suggest::suggested_thresholds;
pub use summary::Summary;
pub use thresholds::{Against, Baseline};
pub(crate) use thresholds::{as_in_results, strangers};
