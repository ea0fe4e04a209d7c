//! What was counted and measured.

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Phases;
use super::histogram::histogram;
use crate::failure::FailureKind;

/// Metrics of a set of samples.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Stats {
    /// Samples that finished, passed or failed.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Samples that were interrupted by the end of the run; not in `count`.
    pub interrupted: u64,
    /// Requests served from the cache of a user; not in `count`.
    pub cached: u64,
    /// Requests sent again because the server had closed the connection.
    pub reconnects: u64,
    /// `failed / count`, 0 to 1; absent without samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub error_rate: Option<f64>,
    /// `count` per second under load; absent if there was no load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub throughput_per_s: Option<f64>,
    /// Bytes received, headers and bodies as transferred.
    pub received_bytes: u64,
    /// Bytes sent, headers and bodies.
    pub sent_bytes: u64,
    /// Failed samples by kind; kinds without failures are omitted.
    pub failures: Vec<FailureCount>,
    /// Responses by HTTP status, lowest first; absent if there are none. Samples without a response are not counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<StatusCount>,
    /// From the start of the request, including DNS and connect, to the last byte of the body; in an
    /// open model (an arrival rate) from the scheduled start of the iteration. Thresholds use these times.
    /// A request that was sent but got no complete response counts with the time that loadplan waited.
    /// Absent if nothing was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_time: Option<Times>,
    /// In an open model, the same from sending the request; absent otherwise, because it would be identical.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_time: Option<Times>,
    /// Samples for which nothing was sent (no connection, a step that could not run), so
    /// they have no response time; absent if there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unsent: u64,
    /// In the totals of the run, requests that failed without any response; WebSocket messages and steps that
    /// could not run are not counted. Absent if there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unanswered: u64,
    /// Samples that were sent but got no complete response; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_short: Option<CutShort>,
    /// The phases, each over the samples that had this phase.
    pub phases: Phases,
}

impl Stats {
    /// Whether a percentile or an extreme of the response times is only a lower bound.
    pub fn is_lower_bound(&self, figure_ms: f64) -> bool {
        self.cut_short.as_ref().is_some_and(|cut| cut.least_ms <= figure_ms)
    }
}

/// Samples that were sent but got no complete response (a timeout, a closed connection). The time that
/// loadplan waited is a lower bound of the response time, and values at or above the shortest of these
/// times are lower bounds, too.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CutShort {
    /// How many.
    pub count: u64,
    /// The shortest of these waiting times.
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

/// The number of samples that failed in one way.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FailureCount {
    /// The kind.
    pub kind: FailureKind,
    /// How many.
    pub count: u64,
}

/// Times in milliseconds. Mean, standard deviation, minimum and maximum are exact; percentiles have three significant digits.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Times {
    /// The arithmetic mean.
    pub mean_ms: f64,
    /// The population standard deviation.
    pub stddev_ms: f64,
    /// The minimum.
    pub min_ms: f64,
    /// The maximum.
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

/// A row of the report.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Line {
    /// The name, or method and URL as written in the plan.
    #[schemars(extend("examples" = ["GET /api/market-data"]))]
    pub label: String,
    /// The thread group it belongs to.
    pub thread_group: String,
    /// The file that contains it, if that is not the plan file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in that file, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// The label with a suffix that distinguishes it from another row with the same label; absent if the label is unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["GET /api/market-data (traders)"]))]
    pub title: Option<String>,
    /// Whether thresholds allow its failed samples: false if no threshold limits them, or if one
    /// that does failed because of them. Absent if no sample failed.
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
    /// The file that contains it, if that is not the plan file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in that file, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
}

/// A thread group.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ThreadGroup {
    /// Its name.
    pub name: String,
    /// The load in the plan, in words.
    #[serde(default)]
    #[schemars(extend("examples" = ["5 users start one after another over 1s (5 a second) and run for 5s in total."]))]
    pub load: String,
    /// Whether iterations arrive on a schedule (the open model).
    #[serde(default)]
    pub open: bool,
    /// The maximum number of users in the plan at the same time.
    #[serde(default)]
    pub max_users: u64,
    /// The start of its load, in seconds from the start of the load of the run; absent if it never started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub began_s: Option<f64>,
    /// The planned parts of its load: warm-up, ramps, steady parts, stages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<LoadPart>,
    /// Finished iterations.
    pub iterations: u64,
    /// Iterations of an arrival rate that could not start because all users were busy.
    pub dropped: u64,
    /// The maximum number of active users.
    pub peak_users: u64,
    /// The number of users that were started.
    #[serde(default)]
    pub users_started: u64,
    /// The number of users that ended early: their `on_start` failed, `on_error` ended them,
    /// or there was no data left for them.
    #[serde(default)]
    pub users_lost: u64,
    /// The reasons, the most frequent first; absent if no user ended early.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Lost>,
    /// How long it was under load, without warm-up; its rates are calculated over this time.
    #[schemars(range(min = 0))]
    pub load_s: f64,
    /// Requests of the warm-up, which are not counted anywhere else; absent without a warm-up.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warm_up_count: u64,
    /// The metrics of its requests.
    #[serde(flatten)]
    pub stats: Stats,
}

/// Users that ended early for one reason.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Lost {
    /// How many.
    pub count: u64,
    /// The reason, as the end of a sentence.
    #[schemars(extend("examples" = ["`Log in` failed in on_start (status is 200: got 401)"]))]
    pub because: String,
    /// The file of the step or the data set, if that is not the plan file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of the step or the data set, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
}

/// A part of the load of a thread group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LoadPart {
    /// What it is.
    #[schemars(extend("examples" = ["warm-up", "ramp-up", "steady", "ramp-down", "stage 2"]))]
    pub name: String,
    /// The start, in seconds from the start of the load of the run.
    #[schemars(range(min = 0))]
    pub from_s: f64,
    /// Of a stage with a ramp and a hold: when the ramp ends and the hold begins; otherwise absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub hold_s: Option<f64>,
    /// The end; absent if it ends with the last iteration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub to_s: Option<f64>,
}

/// A time slice of the run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Slice {
    /// The start, in seconds from the start of the load.
    pub t_s: u64,
    /// The maximum number of active users.
    pub users: u64,
    /// The maximum number of planned users, if it is higher: the others had ended
    /// early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users_planned: Option<u64>,
    /// The maximum number of open connections.
    #[serde(default)]
    pub connections: u64,
    /// The samplers with samples that ended in this slice.
    pub samplers: Vec<SliceLine>,
    /// The transactions that ended in this slice; absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transactions: Vec<SliceLine>,
    /// Samples of the warm-up, which are not in the totals; absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warm_up: Vec<SliceLine>,
}

/// A row of the report in a time slice.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SliceLine {
    /// The index (from 0) in `samplers` or `transactions` of the document.
    pub label: usize,
    /// Samples.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// The failed samples by kind; absent if none failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureCount>,
    /// Response times in microseconds: HdrHistogram V2 with DEFLATE, in base64; absent if nothing
    /// was sent. The histograms of all slices add up to that of the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("contentEncoding" = "base64"))]
    pub histogram: Option<String>,
    /// Samples that were sent but got no complete response; absent if there are none.
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
