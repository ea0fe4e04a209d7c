//! What was run, where, how it was judged, and how the load generator fared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::exit;

/// The program that wrote this document.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    #[schemars(extend("const" = "loadplan"))]
    pub name: String,
    /// Its version.
    pub version: String,
}

/// When and where the plan was run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Run {
    /// The ID of the run.
    pub id: String,
    /// The start time, including setup, in UTC.
    #[schemars(extend("format" = "date-time", "examples" = ["2026-01-05T10:00:00.000Z"]))]
    pub started_at: String,
    /// The end time, including teardown, in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub ended_at: String,
    /// The time from start to end, in seconds.
    #[schemars(range(min = 0))]
    pub duration_s: f64,
    /// The time under load, in seconds; throughput refers to this time.
    #[schemars(range(min = 0))]
    pub load_s: f64,
    /// The profiles applied to the plan, comma-separated; null if there are none.
    pub profile: Option<String>,
    /// The seed of all random values: pass it to `--seed` to repeat them.
    pub seed: u64,
    /// What ended the run early; null if nothing did.
    #[schemars(extend("enum" = ["sigint", "sigterm", "sighup", "sigquit", "dashboard", "max_time", "threshold", "step", null]))]
    pub stopped_by: Option<String>,
    /// The same in words, as the end of a sentence that starts with "the run was"; absent if nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_because: Option<String>,
    /// Whether a load generator that could not keep up makes the run invalid (`--strict`).
    #[serde(default)]
    pub strict: bool,
    /// An internal error of loadplan; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal_error: Option<String>,
    /// The machine that generated the load.
    pub host: Host,
    /// The commit that was checked out; null outside a repository.
    pub git_commit: Option<String>,
}

/// A machine.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// The number of CPUs.
    pub cpus: usize,
    /// The operating system.
    pub os: String,
}

/// What was run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// The plan file, relative to the root of the repository.
    pub file: String,
    /// The SHA-256 of the plan file, in hex.
    pub sha256: String,
}

/// The verdict for CI.
#[derive(Clone, Default, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct VerdictInfo {
    /// Whether the exit code is 0.
    pub passed: bool,
    /// 0 passed, 1 failed, 2 plan or command line invalid, 3 run not valid, 4 results not written or internal error, 130 SIGINT or the dashboard, 143 SIGTERM, SIGHUP or SIGQUIT.
    pub exit_code: u8,
    /// The reasons why it failed, the most important first.
    pub reasons: Vec<String>,
    /// The text after the exit code in the last line of the output: the reasons, or what was checked.
    #[serde(default)]
    #[schemars(extend("examples" = ["2 of 2 thresholds passed"]))]
    pub summary: String,
}

impl VerdictInfo {
    /// The last line of the output: `FAILED (exit 1): 2 of 7 thresholds failed`.
    pub fn line(&self) -> String {
        let word = if self.passed { "PASSED" } else { "FAILED" };
        let said = if self.summary.is_empty() { self.reasons.join("; ") } else { self.summary.clone() };
        format!("{word} (exit {}): {said}", self.exit_code)
    }

    /// Turns the verdict because a result file could not be written: CI must not trust the run.
    pub fn results_not_written(&mut self, reason: String) {
        self.passed = false;
        self.exit_code = exit::INTERNAL;
        if !self.reasons.contains(&reason) {
            self.reasons.insert(0, reason);
        }
        self.summary = self.reasons.join("; ");
    }
}

/// Setup and teardown, including services.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Lifecycle {
    /// Services that were started, and `setup`.
    pub setup: Part,
    /// `teardown`, and services that were stopped.
    pub teardown: Part,
}

/// The result of setup or teardown.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Part {
    /// The result.
    pub state: PartState,
    /// The duration, in seconds; absent if it did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub took_s: Option<f64>,
    /// The reason for the failure; absent if it did not fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The file of the failed step, if that is not the plan file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of the failed step, from 1; absent if no step failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub line: Option<usize>,
}

/// The result of a part of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// Not in the plan.
    #[default]
    Absent,
    /// Not reached before the run ended.
    NotReached,
    /// Passed.
    Passed,
    /// Failed.
    Failed,
}

/// The health of the load generator.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Generator {
    /// Whether it was fast enough to trust the results.
    pub kept_up: bool,
    /// The reason if it was not; otherwise null.
    pub reason: Option<String>,
    /// The fraction of the time of all CPUs that it used, 0 to 1; absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cpu_share: Option<f64>,
    /// The fraction of time, 0 to 1, during which the busiest worker thread was busy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub busiest_thread_share: Option<f64>,
    /// The lateness of timers, or of the starts of users and iterations, whichever was worse: 99th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub lag_p99_ms: Option<f64>,
    /// The number of users and iterations that started more than 100 ms late.
    pub late_starts: u64,
    /// The number of iterations of arrival rates that could not start because all users were busy.
    pub dropped: u64,
    /// The limit on open files, including sockets; absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_files_limit: Option<u64>,
}
