//! `--summary-json`: a run's outcome on one line, for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Written;
use crate::document::{Document, Threshold};
use crate::sanitize::json_for_logs;
use crate::threshold::Unit;

/// What the line holds; what is undefined is null.
#[derive(Serialize)]
struct SummaryLine<'d> {
    plan: &'d str,
    file: &'d str,
    profile: Option<&'d str>,
    verdict: &'static str,
    exit_code: u8,
    summary: &'d str,
    duration_s: f64,
    requests: u64,
    failed: u64,
    error_rate: Option<f64>,
    throughput_per_s: Option<f64>,
    mean_ms: Option<f64>,
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    p99_ms: Option<f64>,
    worst_threshold: Option<Worst>,
    reports: BTreeMap<String, String>,
}

/// The threshold that failed by most, or that was nearest to failing.
#[derive(Serialize)]
struct Worst {
    text: String,
    scope: String,
    passed: bool,
    observed: Option<f64>,
    limit: f64,
    unit: Unit,
}

/// The line, with its end.
pub fn summary_line(document: &Document<'_>, written: &[Written]) -> String {
    let totals = &document.totals;
    let times = totals.response_time.as_ref();
    let path = |file: &Written| {
        let path = std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone());
        (file.name.to_ascii_lowercase(), path.to_string_lossy().into_owned())
    };
    let line = SummaryLine {
        plan: &document.plan.name,
        file: &document.plan.file,
        profile: document.run.profile.as_deref(),
        verdict: if document.verdict.passed { "passed" } else { "failed" },
        exit_code: document.verdict.exit_code,
        summary: &document.verdict.summary,
        duration_s: document.run.duration_s,
        requests: totals.count,
        failed: totals.failed,
        error_rate: totals.error_rate,
        throughput_per_s: totals.throughput_per_s,
        mean_ms: times.map(|times| times.mean_ms),
        p50_ms: times.map(|times| times.p50_ms),
        p95_ms: times.map(|times| times.p95_ms),
        p99_ms: times.map(|times| times.p99_ms),
        worst_threshold: worst(document),
        reports: written.iter().map(path).collect(),
    };
    // There is nothing in it that could not be written.
    let text = serde_json::to_string(&line).unwrap_or_default();
    json_for_logs(&text) + "\n"
}

fn worst(document: &Document<'_>) -> Option<Worst> {
    let judged = document.thresholds.iter().filter(|one| one.is_shown() && !one.skipped);
    let worst = judged.max_by(|one, other| {
        let rank = |one: &Threshold| (!one.passed, one.strain());
        let (one, other) = (rank(one), rank(other));
        one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
    })?;
    let Threshold { text, scope, passed, observed, limit, unit, .. } = worst;
    Some(Worst { text, scope, passed, observed, limit, unit })
}
