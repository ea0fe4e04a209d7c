//! What was run, where, how it was judged, and how the load generator fared.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verdict::exit;

/// What wrote this document.
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
    #[schemars(extend("enum" = ["sigint", "sigterm", "sighup", "sigquit", "dashboard", "max_time", "threshold", "step", null]))]
    pub stopped_by: Option<String>,
    /// The same in words, as the end of a sentence that begins with "the run was"; absent when nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_because: Option<String>,
    /// Whether a load generator that could not keep up makes the run invalid (`--strict`).
    #[serde(default)]
    pub strict: bool,
    /// What went wrong inside of loadplan itself; absent when nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal_error: Option<String>,
    /// The machine the load came from.
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
    /// How many processors it has.
    pub cpus: usize,
    /// Its operating system.
    pub os: String,
}

/// What was run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Default, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct VerdictInfo {
    /// Whether the exit code is 0.
    pub passed: bool,
    /// 0 passed, 1 failed, 2 plan or command line invalid, 3 run not valid, 4 results not written or internal error, 130 SIGINT or the dashboard, 143 SIGTERM, SIGHUP or SIGQUIT.
    pub exit_code: u8,
    /// Why it failed, the weightiest first.
    pub reasons: Vec<String>,
    /// What the last line printed says after the exit code: the reasons, or what was judged.
    #[serde(default)]
    #[schemars(extend("examples" = ["2 of 2 thresholds passed"]))]
    pub summary: String,
}

impl VerdictInfo {
    /// The last line printed: `FAILED (exit 1): 2 of 7 thresholds failed`.
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

/// Setup and teardown, services included.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Lifecycle {
    /// Services that were started, and `setup`.
    pub setup: Part,
    /// `teardown`, and services that were stopped.
    pub teardown: Part,
}

/// How setup or teardown went.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Part {
    /// How it ended.
    pub state: PartState,
    /// How long it took, in seconds; absent if it was not carried out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub took_s: Option<f64>,
    /// Why it failed; absent if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The file of the step that failed, where that is not the plan's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of the step that failed, from 1; absent where no step did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub line: Option<usize>,
}

/// How a part of a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// The plan has none.
    #[default]
    Absent,
    /// The run ended before it was reached.
    NotReached,
    /// It was carried out.
    Passed,
    /// It failed.
    Failed,
}

/// The health of the load generator.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Generator {
    /// Whether it was fast enough for the figures to be trusted.
    pub kept_up: bool,
    /// Why not; null if it was.
    pub reason: Option<String>,
    /// The share of all processors' time it used, 0 to 1; absent where it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cpu_share: Option<f64>,
    /// The share of its time, 0 to 1, in which the busiest worker thread had something to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub busiest_thread_share: Option<f64>,
    /// How late its timers were, or users and iterations started, whichever was later: 99th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub lag_p99_ms: Option<f64>,
    /// Users and iterations that started more than 100 ms after their time.
    pub late_starts: u64,
    /// Iterations of arrival rates that could not start because every user was busy.
    pub dropped: u64,
    /// How many files, sockets included, the process may have open; absent where it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_files_limit: Option<u64>,
}
