//! The file that GitLab's load performance widget reads (`artifacts: reports: load_performance`):
//! the shape of k6's exported summary.
//!
//! The widget shows `http_reqs.rate`, `http_req_waiting` at `p(90)` and `p(95)`, and the share of
//! `checks` that passed; what a run has no figure for is left out, for the widget would show NaN.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::Format;
use crate::document::Document;
use crate::document::Times;
use crate::phase::Phase;

/// The format of GitLab's load performance report.
#[derive(Clone, Copy, Debug, Default)]
pub struct GitLab;

impl Format for GitLab {
    fn name(&self) -> &'static str {
        "GitLab"
    }

    fn render(&self, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &json!({ "metrics": metrics(document) }))?;
        out.write_all(b"\n")
    }
}

fn metrics(document: &Document<'_>) -> Map<String, Value> {
    let totals = &document.totals;
    let mut metrics = Map::new();
    let rate = totals.throughput_per_s.unwrap_or_default();
    metrics.insert("http_reqs".into(), json!({ "count": totals.count, "rate": rate }));
    let parts = [
        ("http_req_duration", totals.response_time.as_ref()),
        ("http_req_waiting", totals.phases.get(Phase::FirstByte)),
        ("http_req_receiving", totals.phases.get(Phase::Download)),
        ("http_req_connecting", totals.phases.get(Phase::Connect)),
        ("http_req_tls_handshaking", totals.phases.get(Phase::Tls)),
    ];
    for (name, times) in parts {
        if let Some(times) = times {
            metrics.insert(name.into(), trend(times));
        }
    }
    if totals.count > 0 {
        metrics.insert("http_req_failed".into(), shares(totals.failed, totals.count.saturating_sub(totals.failed)));
    }
    let (passed, failed) = document.assertions.iter().fold((0, 0), |(passed, failed): (u64, u64), one| {
        (passed.saturating_add(one.passed), failed.saturating_add(one.failed))
    });
    if passed > 0 || failed > 0 {
        metrics.insert("checks".into(), shares(passed, failed));
    }
    let iterations: u64 = document.thread_groups.iter().map(|group| group.iterations).sum();
    metrics.insert("iterations".into(), json!({ "count": iterations }));
    metrics
}

/// Times in milliseconds.
fn trend(times: &Times) -> Value {
    json!({
        "avg": times.mean_ms,
        "min": times.min_ms,
        "med": times.p50_ms,
        "max": times.max_ms,
        "p(90)": times.p90_ms,
        "p(95)": times.p95_ms,
    })
}

fn shares(passes: u64, fails: u64) -> Value {
    json!({ "value": passes as f64 / (passes as f64 + fails as f64), "passes": passes, "fails": fails })
}
