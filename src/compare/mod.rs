//! Runs compared with earlier ones: is the target slower than it was, or did chance have its way?
//!
//! A [`Summary`] is what a comparison needs of a run, cut from its results document. [`compare`]
//! judges a run against one or several earlier ones and gives a [`Comparison`](crate::document::Comparison): what
//! `results.json` holds and every report shows. [`Baseline`] does so for a run that is being made,
//! and judges single figures by tolerances of their own: thresholds such as `p95 < baseline + 10%`.
//!
//! Raw requests are never compared: those of one run resemble each other more than those of two
//! runs do, so that a rank test (Mann-Whitney) of two runs of the same target finds a difference
//! in a third to a half of all pairs. A figure of a run is one observation here, its scatter that
//! between runs. `docs/comparing.md` has the formulas.

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
