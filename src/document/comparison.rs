//! What a comparison comes to, as it stands in `results.json` and in files of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ScopeKind;
use crate::threshold::Unit;

/// A run compared with earlier ones, the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Comparison {
    /// Whether anything regressed; if nothing did, whether anything could be judged.
    pub verdict: Judgement,
    /// The result of the comparison in one sentence.
    #[schemars(extend("examples" = ["1 of 4 samplers regressed against the baseline (GET /api/market-data: p95 +31%)"]))]
    pub summary: String,
    /// The run that was judged.
    pub new: ComparedRun,
    /// The runs it was compared with.
    pub baseline: Vec<ComparedRun>,
    /// How it was judged.
    pub method: Method,
    /// Other differences between the runs, and reasons to doubt a value.
    pub remarks: Vec<Remark>,
    /// All samplers that are in both the new run and the baseline, in the order of the plan.
    pub samplers: Vec<ComparedLine>,
    /// All such transactions.
    pub transactions: Vec<ComparedLine>,
    /// All such thread groups.
    pub thread_groups: Vec<ComparedLine>,
    /// All requests together: shown, not judged.
    pub run: ComparedLine,
}

impl Comparison {
    /// Every line that is judged: samplers, transactions, thread groups.
    pub fn judged(&self) -> impl Iterator<Item = &ComparedLine> {
        self.samplers.iter().chain(&self.transactions).chain(&self.thread_groups)
    }

    /// The lines that regressed by themselves, not as a consequence of another.
    pub fn regressed(&self) -> impl Iterator<Item = &ComparedLine> {
        self.judged().filter(|line| line.verdict == Judgement::Regressed)
    }
}

/// A run that takes part in a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ComparedRun {
    /// The ID of the run.
    pub id: String,
    /// The path of the results file, as given; absent for the run that has just finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The start time, in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub started_at: String,
    /// The commit that was checked out; absent outside a repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_commit: Option<String>,
}

/// How runs were compared. The page `docs/comparing.md` has the formulas and their reasons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Method {
    /// How much a time may rise, or throughput fall, as a fraction of 1.
    #[schemars(range(min = 0))]
    pub tolerance: f64,
    /// How much the error rate may rise, as a difference of fractions of 1.
    #[schemars(range(min = 0))]
    pub error_tolerance: f64,
    /// The smallest difference of times that counts, in milliseconds.
    #[schemars(range(min = 0))]
    pub min_difference_ms: f64,
    /// The probability of a false alarm that limits are calculated for, shared by the sampling errors of all values.
    #[schemars(range(min = 0, max = 1))]
    pub alpha: f64,
    /// The run-to-run variation that is assumed with fewer than three baseline runs, as a fraction of 1.
    #[schemars(range(min = 0))]
    pub assumed_noise: f64,
    /// Whether limits are based on the variation of the baseline runs (three runs or more).
    pub from_scatter: bool,
    /// The same as text.
    pub text: String,
}

/// A note on the validity of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Remark {
    /// The topic.
    pub about: About,
    /// The sentence.
    pub text: String,
}

/// The topic of a remark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The plans have different names.
    PlanName,
    /// The plan file was edited.
    PlanFile,
    /// Different profiles were applied to the plan.
    Profile,
    /// The load of a thread group is different.
    Load,
    /// A different version of loadplan.
    Version,
    /// A different machine, or a different number of CPUs.
    Host,
    /// The load generator could not keep up.
    Generator,
    /// A run was stopped early.
    Stopped,
    /// A run was not valid, or had an internal error.
    NotValid,
    /// The same run twice.
    SameRun,
    /// The new run is older than the baseline.
    Order,
    /// Rows that are only in the new run.
    New,
    /// Rows that are only in the baseline.
    Gone,
}

/// A row of the report, compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ComparedLine {
    /// Its key, which is unique among the rows of its kind.
    #[schemars(extend("examples" = ["GET /api/market-data"]))]
    pub title: String,
    /// What it is.
    pub kind: ScopeKind,
    /// Its thread group (for a thread group, its own name); absent for the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_group: Option<String>,
    /// The file that contains it in the new run, if that is not the plan file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in that file, from 1; absent for the whole run and for thread groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub line: Option<usize>,
    /// The part of the load that the values cover.
    pub part: LoadWindow,
    /// `regressed` if a value regressed and this is not a consequence of another row; `inconclusive` if no time could be judged.
    pub verdict: Judgement,
    /// The values: throughput, percentiles, error rate.
    pub figures: Vec<Figure>,
}

impl ComparedLine {
    /// How a sentence names it: `GET /x`, `thread group traders`.
    pub fn name(&self) -> String {
        match self.kind {
            ScopeKind::ThreadGroup => format!("thread group {}", self.title),
            ScopeKind::Transaction => format!("transaction {}", self.title),
            ScopeKind::Sampler | ScopeKind::Run => self.title.clone(),
        }
    }
}

/// A part of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LoadWindow {
    /// The steady part, without warm-up and ramps.
    Steady,
    /// The whole load, without the warm-up.
    Whole,
}

/// A value, compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Figure {
    /// Which one.
    #[schemars(extend("examples" = ["p95", "error_rate", "throughput"]))]
    pub metric: String,
    /// The unit of `base`, `new` and `limit`; a percentage is a fraction of 1.
    pub unit: Unit,
    /// The value of the baseline: for several runs the geometric mean, for error rates the pooled rate.
    /// Absent without enough samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<f64>,
    /// The value of the new run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<f64>,
    /// The change as a fraction of `base`; for error rates, the difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
    /// The lower end of the 95% interval of the change, including run-to-run variation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_low: Option<f64>,
    /// The upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_high: Option<f64>,
    /// The highest value that is not a regression; for throughput, the lowest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// Samples of the baseline, all runs together.
    pub base_count: u64,
    /// Samples of the new run.
    pub new_count: u64,
    /// The number of baseline runs that have this value.
    pub base_runs: usize,
    /// The result.
    pub verdict: Judgement,
    /// The cause of a drop in throughput or of a slower transaction: up to twenty regressed
    /// samplers of its thread group. It then does not count as a separate regression. Absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follows_from: Vec<String>,
    /// The same as text.
    #[schemars(extend("examples" = ["p95 rose from 120 ms to 158 ms (+31%, 95% interval +14% … +51%); up to +12.3% is tolerated"]))]
    pub sentence: String,
}

/// The result of comparing a value, a row or a run with the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Within the tolerance.
    Ok,
    /// Better by more than the tolerance.
    Improved,
    /// Worse by more than the tolerance.
    Regressed,
    /// Worse, too, but as a consequence of a sampler that regressed.
    Follows,
    /// Too few samples, or worse by more than the tolerance but within the run-to-run variation.
    Inconclusive,
    /// Shown, but not judged.
    NotJudged,
}

impl Judgement {
    /// The word reports show.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Improved => "improved",
            Self::Regressed => "regressed",
            Self::Follows => "follows",
            Self::Inconclusive => "inconclusive",
            Self::NotJudged => "-",
        }
    }
}
