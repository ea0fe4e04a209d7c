//! What a comparison comes to, as it stands in `results.json` and in files of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ScopeKind;
use crate::threshold::Unit;

/// A run compared with earlier ones, the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Comparison {
    /// Whether anything regressed, else whether anything could be judged.
    pub verdict: Judgement,
    /// The whole comparison in a sentence.
    #[schemars(extend("examples" = ["1 of 4 samplers regressed against the baseline (GET /api/market-data: p95 +31%)"]))]
    pub summary: String,
    /// The run that was judged.
    pub new: ComparedRun,
    /// The runs it was compared with.
    pub baseline: Vec<ComparedRun>,
    /// How it was judged.
    pub method: Method,
    /// What else differs between the runs, or makes a figure doubtful.
    pub remarks: Vec<Remark>,
    /// Each sampler that is in the new run and in the baseline, in the order of the plan.
    pub samplers: Vec<ComparedLine>,
    /// Each such transaction.
    pub transactions: Vec<ComparedLine>,
    /// Each such thread group.
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
    /// The run's identifier.
    pub id: String,
    /// Its results file, as it was named; absent for the run that was just made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// When it began, in UTC.
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
    /// By how much a time may rise, or throughput fall, as a share.
    #[schemars(range(min = 0))]
    pub tolerance: f64,
    /// By how much a share of failed samples may rise, as a difference of shares.
    #[schemars(range(min = 0))]
    pub error_tolerance: f64,
    /// The least difference of times that counts, in milliseconds.
    #[schemars(range(min = 0))]
    pub min_difference_ms: f64,
    /// The chance of a false alarm that limits are made for; sampling errors of all figures share it.
    #[schemars(range(min = 0, max = 1))]
    pub alpha: f64,
    /// The scatter from run to run that is assumed with fewer than three baseline runs, as a share.
    #[schemars(range(min = 0))]
    pub assumed_noise: f64,
    /// Whether limits follow from the baseline runs' own scatter (three runs or more).
    pub from_scatter: bool,
    /// The same for people.
    pub text: String,
}

/// Something to know before believing a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Remark {
    /// What it is about.
    pub about: About,
    /// The sentence.
    pub text: String,
}

/// What a remark is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The plans have different names.
    PlanName,
    /// The plan's file was edited.
    PlanFile,
    /// Other profiles were laid over the plan.
    Profile,
    /// A thread group's load is another.
    Load,
    /// Another version of loadplan.
    Version,
    /// Another machine, or another number of processors.
    Host,
    /// The load generator could not keep up.
    Generator,
    /// A run was stopped before its time.
    Stopped,
    /// A run was not valid, or failed inside.
    NotValid,
    /// The same run twice.
    SameRun,
    /// The new run was made before the baseline.
    Order,
    /// Lines that are in the new run only.
    New,
    /// Lines that are in the baseline only.
    Gone,
}

/// A line of the report, compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ComparedLine {
    /// What tells it apart from every other line of its kind.
    #[schemars(extend("examples" = ["GET /api/market-data"]))]
    pub title: String,
    /// What it is.
    pub kind: ScopeKind,
    /// The thread group it belongs to, or is; absent for the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_group: Option<String>,
    /// The file it is written in, where that is not the plan's own; of the new run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line it is written on, from 1; absent for the run and thread groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub line: Option<usize>,
    /// The part of the load the figures are of.
    pub part: LoadWindow,
    /// `regressed` when a figure did by itself, `inconclusive` when no figure of time could be judged.
    pub verdict: Judgement,
    /// Its figures: throughput, percentiles, error rate.
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
    /// The part in which it was held: no warm-up, no ramp.
    Steady,
    /// All of it but the warm-up.
    Whole,
}

/// A figure, compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Figure {
    /// Which one.
    #[schemars(extend("examples" = ["p95", "error_rate", "throughput"]))]
    pub metric: String,
    /// The unit of `base`, `new` and `limit`; a share is a fraction of 1.
    pub unit: Unit,
    /// The figure of the baseline: of several runs the geometric mean, of shares the pooled one.
    /// Absent without enough samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<f64>,
    /// The figure of the new run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<f64>,
    /// The change as a share of `base`; of shares, their difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
    /// The lower end of the change's 95% interval, scatter from run to run included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_low: Option<f64>,
    /// Its upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_high: Option<f64>,
    /// What the figure may come to without being a regression: at most, for throughput at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// Samples of the baseline, all runs together.
    pub base_count: u64,
    /// Samples of the new run.
    pub new_count: u64,
    /// How many baseline runs have it.
    pub base_runs: usize,
    /// How it fared.
    pub verdict: Judgement,
    /// What a drop in throughput, or a slower transaction, follows from: up to twenty regressed
    /// samplers of its thread group. It is then no regression of its own. Absent without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follows_from: Vec<String>,
    /// The same for people.
    #[schemars(extend("examples" = ["p95 rose from 120 ms to 158 ms (+31%, 95% interval +14% … +51%); up to +12.3% is tolerated"]))]
    pub sentence: String,
}

/// How a figure, a line or a run fared against the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// Within what is tolerated.
    Ok,
    /// Better by more than is tolerated.
    Improved,
    /// Worse by more than is tolerated.
    Regressed,
    /// Worse as well, but as a consequence of a sampler that regressed.
    Follows,
    /// Too few samples, or worse by more than is tolerated but no more than runs scatter.
    Inconclusive,
    /// Shown only.
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
