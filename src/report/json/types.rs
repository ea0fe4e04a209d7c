//! The document's types. Their doc comments are the schema's descriptions.

use schemars::JsonSchema;
use serde::Serialize;

/// The results of one run of loadplan.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Document<'a> {
    /// The schema of this document.
    #[serde(rename = "$schema")]
    #[schemars(extend("format" = "uri"))]
    pub schema: String,
    /// The version of this format; a new key is a minor version.
    #[schemars(extend("examples" = ["1.0.0"]), regex(pattern = r"^1\.\d+\.\d+$"))]
    pub schema_version: String,
    /// What wrote this document.
    pub tool: Tool,
    /// When and where the plan was run.
    pub run: Run,
    /// What was run.
    pub plan: Plan,
    /// What CI is told.
    pub verdict: VerdictInfo,
    /// All requests of all thread groups. Setup, teardown and transactions are not in here.
    pub totals: Stats,
    /// Each request that was reached, and other steps that could not be carried out, in the order of the plan.
    pub samplers: Each<'a, Line>,
    /// Each transaction that was reached.
    pub transactions: Each<'a, Line>,
    /// Every thread group.
    pub thread_groups: Vec<ThreadGroup>,
    /// Every threshold, in the order of the plan.
    pub thresholds: Each<'a, Threshold>,
    /// Every assertion that was judged at least once.
    pub assertions: Each<'a, Assertion>,
    /// Failures that are alike, the most frequent first.
    pub errors: Vec<Error>,
    /// Whether the load generator itself was fast enough.
    pub generator: Generator,
    /// The run second by second; a slice covers several seconds in runs of more than an hour.
    pub timeline: Each<'a, Slice>,
    /// Reserved for monitors; empty.
    pub monitors: Vec<Reserved>,
    /// Reserved for the comparison with earlier runs; null.
    pub regression: Option<Reserved>,
}

/// A list that is made item by item while it is written: a plan may have tens of thousands of
/// requests, and their lines as text take more memory than their figures.
pub struct Each<'a, T>(Box<dyn Fn() -> Items<'a, T> + 'a>);

type Items<'a, T> = Box<dyn Iterator<Item = T> + 'a>;

impl<'a, T> Each<'a, T> {
    /// The items that `make` gives, each time it is asked.
    pub fn new<I: Iterator<Item = T> + 'a>(make: impl Fn() -> I + 'a) -> Self {
        Self(Box::new(move || Box::new(make())))
    }
}

impl<T: Serialize> Serialize for Each<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

impl<T: JsonSchema> JsonSchema for Each<'_, T> {
    fn inline_schema() -> bool {
        Vec::<T>::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        Vec::<T>::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<T>::json_schema(generator)
    }
}

/// Reserved for a later version.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Reserved {}

/// What wrote this document.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    #[schemars(extend("const" = "loadplan"))]
    pub name: String,
    /// Its version.
    pub version: String,
}

/// When and where the plan was run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Run {
    /// The run's identifier.
    pub id: String,
    /// When it began, setup included, in UTC.
    #[schemars(extend("format" = "date-time", "examples" = ["2026-01-05T10:00:00.000Z"]))]
    pub started_at: String,
    /// When it ended, teardown included, in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub ended_at: String,
    /// From begin to end, in seconds.
    #[schemars(range(min = 0))]
    pub duration_s: f64,
    /// For how long load was applied, in seconds; throughput refers to this.
    #[schemars(range(min = 0))]
    pub load_s: f64,
    /// The profiles laid over the plan, comma-separated; null without one.
    pub profile: Option<String>,
    /// What every random draw started from: `--seed` with it repeats them.
    pub seed: u64,
    /// What ended the run before its time; null when nothing did.
    #[schemars(extend("enum" = ["sigint", "sigterm", "threshold", "step", null]))]
    pub stopped_by: Option<String>,
    /// The machine the load came from.
    pub host: Host,
    /// The commit that was checked out; null outside a repository.
    pub git_commit: Option<String>,
}

/// A machine.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// How many processors it has.
    pub cpus: usize,
    /// Its operating system.
    pub os: String,
}

/// What was run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Its file, relative to the repository's root.
    pub file: String,
    /// The file's SHA-256, in hex.
    pub sha256: String,
}

/// What CI is told.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct VerdictInfo {
    /// Whether the exit code is 0.
    pub passed: bool,
    /// 0 passed, 1 failed, 3 run not valid, 4 results not written or internal error, 130 SIGINT, 143 SIGTERM.
    pub exit_code: u8,
    /// Why it failed, the weightiest first.
    pub reasons: Vec<String>,
}

/// Figures of a set of samples.
#[derive(Clone, Debug, Serialize, JsonSchema)]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub error_rate: Option<f64>,
    /// `count` per second of load; absent when no load was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub throughput_per_s: Option<f64>,
    /// Bytes received, heads and bodies as they came over the wire.
    pub received_bytes: u64,
    /// Bytes sent, heads and bodies.
    pub sent_bytes: u64,
    /// Failed samples by kind; kinds without any are left out.
    pub failures: Vec<FailureCount>,
    /// From the request's start, DNS and connect included, to the last byte of the body; in an
    /// open model (an arrival rate) from the iteration's scheduled start. Thresholds judge this.
    /// Absent when nothing was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_time: Option<Times>,
    /// In an open model the same from the send; elsewhere it would not differ and is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_time: Option<Times>,
    /// The parts of it, each over the samples that had the part.
    pub phases: Phases,
}

/// How many samples failed in one way.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FailureCount {
    /// The kind.
    #[schemars(with = "Kind")]
    pub kind: &'static str,
    /// How many.
    pub count: u64,
}

/// Why a sample failed.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "stands for `FailureKind` in the schema")]
enum Kind {
    /// The host name could not be resolved.
    Dns,
    /// No connection could be made.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// A time limit passed.
    Timeout,
    /// The server closed the connection too early.
    Reset,
    /// The answer was not valid HTTP.
    Protocol,
    /// The body ended early or could not be decoded.
    Body,
    /// The status was not an accepted one.
    Status,
    /// An assertion failed.
    Assertion,
    /// An extractor found nothing.
    Extraction,
    /// The step could not be carried out; nothing was sent.
    Step,
    /// The run ended before the request did.
    Interrupted,
}

/// Times in milliseconds. Mean, deviation and extremes are exact, percentiles have three significant digits.
#[derive(Clone, Debug, Serialize, JsonSchema)]
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

/// The parts of a request. A part no sample had is absent: a kept connection needs no `connect`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Phases {
    /// Resolving the host's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns: Option<Times>,
    /// The TCP handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect: Option<Times>,
    /// The TLS handshake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Times>,
    /// From the first byte sent to the first byte of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_byte: Option<Times>,
    /// From the first byte of the answer to its last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub download: Option<Times>,
}

/// A line of the report.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Line {
    /// Its name, or else method and URL as written in the plan.
    #[schemars(extend("examples" = ["GET /api/market-data"]))]
    pub label: String,
    /// The thread group it belongs to.
    pub thread_group: String,
    /// The file it is written in, where that is not the plan's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line it is written on, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// Its figures.
    #[serde(flatten)]
    pub stats: Stats,
}

/// A thread group.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ThreadGroup {
    /// Its name.
    pub name: String,
    /// Finished iterations.
    pub iterations: u64,
    /// Iterations an arrival rate could not start because every user was busy.
    pub dropped: u64,
    /// The most users active at once.
    pub peak_users: u64,
    /// For how long its load was applied, warm-up left out: what its rates are taken over.
    #[schemars(range(min = 0))]
    pub load_s: f64,
    /// Requests of the warm-up, which count in nothing else; absent without a warm-up.
    #[serde(skip_serializing_if = "is_zero")]
    pub warm_up_count: u64,
    /// The figures of its requests.
    #[serde(flatten)]
    pub stats: Stats,
}

/// A threshold and how it fared.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Threshold {
    /// As written.
    #[schemars(extend("examples" = ["p95 < 100ms"]))]
    pub text: String,
    /// Its name in the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it judges: a request, a transaction, a thread group, or `run`.
    #[schemars(extend("examples" = ["GET /api/market-data", "run"]))]
    pub scope: String,
    /// The file it is written in, where that is not the plan's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line it is written on, from 1; the request's, if it follows from the rules.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// The part of the load it looks at; absent when that is all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["steady", "ramp_up", "stage 2"]))]
    pub during: Option<String>,
    /// Samples that started earlier are left out, in seconds; absent when none are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub after_s: Option<f64>,
    /// What the figure is compared with.
    pub limit: f64,
    /// The figure; absent without samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<f64>,
    /// The unit of `limit` and `observed`; a share is a fraction of 1.
    #[schemars(extend("enum" = ["ms", "share", "per_s", "bytes", "count"]))]
    pub unit: &'static str,
    /// Whether it held; a skipped one counts as passed.
    pub passed: bool,
    /// True if it was not judged, for want of samples; else absent.
    #[serde(skip_serializing_if = "is_false")]
    pub skipped: bool,
    /// True if it is not written in the plan, but follows because nothing else judges the errors of
    /// its line; else absent.
    #[serde(skip_serializing_if = "is_false")]
    pub implicit: bool,
}

/// An assertion and how often it held.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Assertion {
    /// The request it judges.
    pub label: String,
    /// Its name, or what it says.
    #[schemars(extend("examples" = ["status is 200"]))]
    pub text: String,
    /// The file it is written in, where that is not the plan's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line it is written on, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// How often it held.
    pub passed: u64,
    /// How often it did not.
    pub failed: u64,
    /// What came instead: a few different values.
    #[schemars(extend("examples" = [["got 500"]]))]
    pub examples: Vec<String>,
}

/// Failures that are alike.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Error {
    /// Their kind.
    #[schemars(with = "Kind")]
    pub kind: &'static str,
    /// The line of the report they happened on.
    pub label: String,
    /// What happened.
    #[schemars(extend("examples" = ["connection refused"]))]
    pub message: String,
    /// How many.
    pub count: u64,
    /// When the first one ended, in seconds from the moment load began.
    #[schemars(range(min = 0))]
    pub first_s: f64,
    /// When the last one ended.
    #[schemars(range(min = 0))]
    pub last_s: f64,
    /// The file the request, assertion or extractor is written in, where that is not the plan's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line it is written on, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// One of the exchanges, masked and cut; absent when nothing was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Example>,
}

/// An exchange.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Example {
    /// What was sent.
    pub request: String,
    /// What came.
    pub response: String,
}

/// The health of the load generator.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Generator {
    /// Whether it was fast enough for the figures to be trusted.
    pub kept_up: bool,
    /// Why not; null if it was.
    pub reason: Option<String>,
    /// The share of all processors' time it used, 0 to 1; absent where it cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cpu_share: Option<f64>,
    /// The share of its time, 0 to 1, in which the busiest worker thread had something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub busiest_thread_share: Option<f64>,
    /// How late its timers were, or users and iterations started, whichever was later: 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub lag_p99_ms: Option<f64>,
    /// Users and iterations that started more than 100 ms after their time.
    pub late_starts: u64,
    /// Iterations of arrival rates that could not start because every user was busy.
    pub dropped: u64,
    /// How many files, sockets included, the process may have open; absent where it cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open_files_limit: Option<u64>,
}

/// A slice of the run.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Slice {
    /// When it begins, in seconds from the moment load began.
    pub t_s: u64,
    /// The most users active in it.
    pub users: u64,
    /// The samplers with samples that ended in it.
    pub samplers: Vec<SliceLine>,
    /// The same for samples of the warm-up, which no total counts; absent without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warm_up: Vec<SliceLine>,
}

/// A sampler in a slice.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct SliceLine {
    /// Its place (from 0) in the document's `samplers`.
    pub label: usize,
    /// Samples.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Response times in microseconds: HdrHistogram V2 with DEFLATE, in base64; absent when nothing
    /// was answered. The histograms of all slices together are the whole run's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("contentEncoding" = "base64"))]
    pub histogram: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
