//! The whole run as one document: the content of `results.json`. All other reports are created from
//! it, so they cannot disagree, and each of them can be created again later.
//!
//! All text in it is already masked. Key names contain the units. There is no NaN and no infinity:
//! undefined values are absent. The doc comments are the descriptions in the schema.

mod comparison;
mod figures;
mod findings;
mod from_run;
mod histogram;
mod lazy_list;
mod load_parts;
mod phases;
mod place;
mod read;
mod refused;
mod repository;
mod run;
mod run_info;
mod runs;
mod series;
mod validate;

use std::cell::OnceCell;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::exit;

pub use comparison::{About, ComparedLine, ComparedRun, Comparison, Figure, Judgement, LoadWindow, Method, Remark};
pub use figures::{
    CutShort, FailureCount, Line, LoadPart, Lost, Slice, SliceLine, Stats, StatusCount, ThreadGroup, Times, Unreached,
};
pub use findings::{Assertion, Error, Example, ScopeKind, Threshold};
pub use from_run::RunRecord;
pub use lazy_list::LazyList;
pub use phases::Phases;
pub(crate) use place::FileLine;
pub use place::plan_file;
pub use read::{read, results_file};
pub use repository::Repository;
pub use run::{Generator, Host, Lifecycle, Part, PartState, Plan, Run, Tool, VerdictInfo};
pub use run_info::RunInfo;
pub use runs::{FolderOfRuns, RunHead, is_results_file_in, results_files_in};
pub(crate) use series::Series;

/// The version of the format. A new key is a minor version.
pub const SCHEMA_VERSION: &str = "1.4.0";
/// Where the schema of the format is published.
pub const SCHEMA_URL: &str = "https://raw.githubusercontent.com/loadplan/loadplan/main/schemas/results.schema.json";

/// The results of one run of loadplan.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Document<'a> {
    /// The schema of this document.
    #[serde(rename = "$schema")]
    #[schemars(extend("format" = "uri"))]
    pub schema: String,
    /// The version of this format; a new key is a minor version.
    #[schemars(extend("examples" = ["1.4.0"]), regex(pattern = r"^1\.\d+\.\d+$"))]
    pub schema_version: String,
    /// The program that wrote this document.
    pub tool: Tool,
    /// When and where the plan was run.
    pub run: Run,
    /// What was run.
    pub plan: Plan,
    /// The verdict for CI.
    pub verdict: VerdictInfo,
    /// The results of setup and teardown.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// All requests of all thread groups, without setup, teardown and transactions.
    pub totals: Stats,
    /// All requests that were reached, and other steps that could not run, in the order of the plan.
    pub samplers: LazyList<'a, Line>,
    /// All transactions that were reached.
    pub transactions: LazyList<'a, Line>,
    /// Requests of the plan that were never reached: often a mistake in a condition.
    #[serde(default)]
    pub never_executed: LazyList<'a, Unreached>,
    /// All thread groups.
    pub thread_groups: Vec<ThreadGroup>,
    /// All thresholds, in the order of the plan.
    pub thresholds: LazyList<'a, Threshold>,
    /// All assertions that were checked at least once.
    pub assertions: LazyList<'a, Assertion>,
    /// Groups of similar failures, the most frequent first.
    pub errors: Vec<Error>,
    /// Whether the load generator itself was fast enough.
    pub generator: Generator,
    /// The number of seconds in a slice of the timeline.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub slice_s: u64,
    /// The run second by second; in runs of more than an hour, a slice covers several seconds.
    pub timeline: LazyList<'a, Slice>,
    /// Reserved for monitors; empty.
    #[serde(default)]
    pub monitors: Vec<Reserved>,
    /// The comparison with earlier runs (`--baseline`); null without one.
    #[serde(default)]
    pub regression: Option<Comparison>,
    /// The figures of the whole run for each slice, once a format has asked for them: reading all
    /// histograms of a long run takes seconds.
    #[serde(skip)]
    pub(crate) series: Rc<OnceCell<Series>>,
}

impl Document<'_> {
    /// The figures of the whole run for each slice.
    pub(crate) fn series(&self) -> &Series {
        self.series.get_or_init(|| Series::of(self, 0))
    }

    /// Whether no load was applied, since setup failed or the plan was refused.
    pub fn nothing_measured(&self) -> bool {
        self.lifecycle.setup.state == PartState::Failed || self.was_refused()
    }

    /// Whether the plan or the command line was invalid, so that nothing was sent.
    pub fn was_refused(&self) -> bool {
        self.verdict.exit_code == exit::INVALID
    }
}

/// Reserved for a later version.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Reserved {}

/// Rounded to three decimal places: no figure here is more exact.
fn milli(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

fn one() -> u64 {
    1
}
