//! What was counted and measured.

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Phases;
use super::histogram::histogram;
use crate::failure::FailureKind;

/// Figures of a set of samples.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Stats {
    /// Samples that finished, passed or failed.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Samples the end of the run interrupted; not in `count`.
    pub interrupted: u64,
    /// Requests served from a user's cache; not in `count`.
    pub cached: u64,
    /// Requests sent again because the server had closed the connection.
    pub reconnects: u64,
    /// `failed / count`, 0 to 1; absent without samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub error_rate: Option<f64>,
    /// `count` per second of load; absent when no load was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub throughput_per_s: Option<f64>,
    /// Bytes received, heads and bodies as they came over the wire.
    pub received_bytes: u64,
    /// Bytes sent, heads and bodies.
    pub sent_bytes: u64,
    /// Failed samples by kind; kinds without any are left out.
    pub failures: Vec<FailureCount>,
    /// Responses by HTTP status, the lowest first; absent without any. Samples that got no response are in none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<StatusCount>,
    /// From the request's start, DNS and connect included, to the last byte of the body; in an
    /// open model (an arrival rate) from the iteration's scheduled start. Thresholds judge this.
    /// A request that was sent but got no whole response counts with the time it was waited for.
    /// Absent when nothing was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_time: Option<Times>,
    /// In an open model the same from the send; elsewhere it would not differ and is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_time: Option<Times>,
    /// Samples that nothing was sent for (no connection, a step that could not be carried out), so
    /// that they have no response time; absent without any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unsent: u64,
    /// Samples that were sent but got no whole response; absent without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_short: Option<CutShort>,
    /// The parts of it, each over the samples that had the part.
    pub phases: Phases,
}

impl Stats {
    /// Whether a percentile or an extreme of the response times is only a lower bound.
    pub fn is_lower_bound(&self, figure_ms: f64) -> bool {
        self.cut_short.as_ref().is_some_and(|cut| cut.least_ms <= figure_ms)
    }
}

/// Samples that were sent but got no whole response: a timeout, a closed connection. The time each
/// was waited for is a lower bound of its response time, and figures at or above the least of them
/// are lower bounds too.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CutShort {
    /// How many.
    pub count: u64,
    /// The shortest time one of them was waited for.
    #[schemars(range(min = 0))]
    pub least_ms: f64,
}

/// How many responses had one HTTP status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StatusCount {
    /// The status code.
    #[schemars(range(min = 0, max = 999))]
    pub status: u16,
    /// How many.
    pub count: u64,
}

/// How many samples failed in one way.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FailureCount {
    /// The kind.
    pub kind: FailureKind,
    /// How many.
    pub count: u64,
}

/// Times in milliseconds. Mean, deviation and extremes are exact, percentiles have three significant digits.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Times {
    /// The arithmetic mean.
    pub mean_ms: f64,
    /// The population standard deviation.
    pub stddev_ms: f64,
    /// The least.
    pub min_ms: f64,
    /// The greatest.
    pub max_ms: f64,
    /// The median.
    pub p50_ms: f64,
    /// The 75th percentile.
    pub p75_ms: f64,
    /// The 90th percentile.
    pub p90_ms: f64,
    /// The 95th percentile.
    pub p95_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// The 99.9th percentile.
    pub p999_ms: f64,
}

/// A line of the report.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Line {
    /// Its name, or else method and URL as written in the plan.
    #[schemars(extend("examples" = ["GET /api/market-data"]))]
    pub label: String,
    /// The thread group it belongs to.
    pub thread_group: String,
    /// The file it is written in, where that is not the plan's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line it is written on, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// Its label with what tells it apart from another line of the same label; absent where none has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["GET /api/market-data (traders)"]))]
    pub title: Option<String>,
    /// Whether the thresholds allow its failed samples: false where none judges them, or where one
    /// that does failed because of them. Absent when none failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors_allowed: Option<bool>,
    /// Of a transaction: the titles of the requests inside, in the order of the plan; absent elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("examples" = [["GET /api/cart", "POST /api/orders"]]))]
    pub requests: Vec<String>,
    /// Its figures.
    #[serde(flatten)]
    pub stats: Stats,
}

impl Line {
    /// What tells it apart from every other line.
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.label)
    }

    /// What its samples are called: requests, or runs of a transaction.
    pub fn samples_word(&self) -> &'static str {
        if self.requests.is_empty() { "requests" } else { "transactions" }
    }
}

/// A request of the plan that was never reached.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Unreached {
    /// Its label with what tells it apart from other lines.
    pub title: String,
    /// The thread group it belongs to.
    pub thread_group: String,
    /// The file it is written in, where that is not the plan's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line it is written on, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
}

/// A thread group.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ThreadGroup {
    /// Its name.
    pub name: String,
    /// The load the plan asks for, in words.
    #[serde(default)]
    #[schemars(extend("examples" = ["5 users start one after another over 1s (5 a second) and run for 5s in total."]))]
    pub load: String,
    /// Whether iterations arrive on a schedule (the open model).
    #[serde(default)]
    pub open: bool,
    /// The most users the plan allows at once.
    #[serde(default)]
    pub max_users: u64,
    /// When its load began, in seconds from the moment the run's load began; absent if it never did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub began_s: Option<f64>,
    /// The parts of its load as they were planned: warm-up, ramps, steady pieces, stages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<LoadPart>,
    /// Finished iterations.
    pub iterations: u64,
    /// Iterations an arrival rate could not start because every user was busy.
    pub dropped: u64,
    /// The most users active at once.
    pub peak_users: u64,
    /// Users that were started.
    #[serde(default)]
    pub users_started: u64,
    /// Those of them that ended before their time: their `on_start` failed, `on_error` ended them,
    /// or there was no data left for them.
    #[serde(default)]
    pub users_lost: u64,
    /// Why they did, the most frequent reason first; absent when none did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Lost>,
    /// For how long its load was applied, warm-up left out: what its rates are taken over.
    #[schemars(range(min = 0))]
    pub load_s: f64,
    /// Requests of the warm-up, which count in nothing else; absent without a warm-up.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warm_up_count: u64,
    /// The figures of its requests.
    #[serde(flatten)]
    pub stats: Stats,
}

/// Users that ended before their time for one reason.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Lost {
    /// How many.
    pub count: u64,
    /// Why, as the end of a sentence.
    #[schemars(extend("examples" = ["`Log in` failed in on_start (status is 200: got 401)"]))]
    pub because: String,
    /// The file of the step or the data set, where that is not the plan's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line the step or the data set is written on, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
}

/// A part of a thread group's load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LoadPart {
    /// What it is.
    #[schemars(extend("examples" = ["warm-up", "ramp-up", "steady", "ramp-down", "stage 2"]))]
    pub name: String,
    /// When it begins, in seconds from the moment the run's load began.
    #[schemars(range(min = 0))]
    pub from_s: f64,
    /// Of a stage with a ramp and a hold: when the ramp ends and the hold begins; absent elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub hold_s: Option<f64>,
    /// When it ends; absent where only the iterations end it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub to_s: Option<f64>,
}

/// A slice of the run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Slice {
    /// When it begins, in seconds from the moment load began.
    pub t_s: u64,
    /// The most users active in it.
    pub users: u64,
    /// The most users the plan has present in it, if these are more: the others had ended before
    /// their time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users_planned: Option<u64>,
    /// The most connections open in it.
    #[serde(default)]
    pub connections: u64,
    /// The samplers with samples that ended in it.
    pub samplers: Vec<SliceLine>,
    /// The transactions that ended in it; absent without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transactions: Vec<SliceLine>,
    /// Samplers' samples of the warm-up, which no total counts; absent without any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warm_up: Vec<SliceLine>,
}

/// A line of the report in a slice.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SliceLine {
    /// Its place (from 0) in the document's `samplers`, or `transactions`.
    pub label: usize,
    /// Samples.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// The failed ones by kind; absent when none failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureCount>,
    /// Response times in microseconds: HdrHistogram V2 with DEFLATE, in base64; absent when nothing
    /// was sent. The histograms of all slices together are the whole run's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("contentEncoding" = "base64"))]
    pub histogram: Option<String>,
    /// Samples that were sent but got no whole response; absent without any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_short: Option<CutShort>,
}

impl SliceLine {
    /// The response times in microseconds; `None` where nothing was answered, or they cannot be read.
    pub fn times(&self) -> Option<Histogram<u64>> {
        self.histogram.as_deref().and_then(histogram)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}
