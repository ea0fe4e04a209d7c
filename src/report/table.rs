//! The table by line for spreadsheets: a row for each sampler and transaction, and one for all.
//!
//! Rows of single samples ([`super::Jtl`]) are another file: they are written while the run goes
//! and are not kept in the document.

use std::io::{self, Write};

use super::Format;
use crate::document::Document;
use crate::document::{LazyList, Line, Stats, Times};
use crate::sanitize::inline;

const COLUMNS: [&str; 24] = [
    "kind",
    "name",
    "thread_group",
    "file",
    "line",
    "count",
    "failed",
    "error_rate",
    "throughput_per_s",
    "mean_ms",
    "stddev_ms",
    "min_ms",
    "p50_ms",
    "p75_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
    "p999_ms",
    "max_ms",
    "received_bytes",
    "sent_bytes",
    "interrupted",
    "cached",
    "reconnects",
];

/// The table by line as CSV.
#[derive(Clone, Copy, Debug, Default)]
pub struct Table;

impl Format for Table {
    fn name(&self) -> &'static str {
        "CSV"
    }

    fn render(&self, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
        let mut rows = csv::Writer::from_writer(out);
        rows.write_record(COLUMNS)?;
        let mut lines = |kind: &str, lines: &LazyList<'_, Line>| {
            lines.iter().try_for_each(|line| {
                let place = document.place(line.file.as_ref(), line.line);
                let [title, group, file] = [line.title(), &line.thread_group, &place.file].map(text);
                let names = [kind.to_owned(), title, group, file, place.line.to_string()];
                rows.write_record(names.into_iter().chain(figures(&line.stats, kind == "sampler")))
            })
        };
        lines("sampler", &document.samplers)?;
        lines("transaction", &document.transactions)?;
        let all = ["all", "", "", "", ""].map(str::to_owned);
        rows.write_record(all.into_iter().chain(figures(&document.totals, true)))?;
        rows.flush()
    }
}

/// Foreign text on one line. What a spreadsheet would take for a formula gets an apostrophe: this
/// file is opened by people, and in a pull request the names in it are a stranger's.
fn text(text: &str) -> String {
    let text = inline(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

/// A transaction moves no bytes of its own.
fn figures(stats: &Stats, moves_bytes: bool) -> impl Iterator<Item = String> {
    let bytes = |bytes: u64| if moves_bytes { bytes.to_string() } else { String::new() };
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let time = |of: fn(&Times) -> f64| number(stats.response_time.as_ref().map(of));
    [
        stats.count.to_string(),
        stats.failed.to_string(),
        number(stats.error_rate),
        number(stats.throughput_per_s),
        time(|times| times.mean_ms),
        time(|times| times.stddev_ms),
        time(|times| times.min_ms),
        time(|times| times.p50_ms),
        time(|times| times.p75_ms),
        time(|times| times.p90_ms),
        time(|times| times.p95_ms),
        time(|times| times.p99_ms),
        time(|times| times.p999_ms),
        time(|times| times.max_ms),
        bytes(stats.received_bytes),
        bytes(stats.sent_bytes),
        stats.interrupted.to_string(),
        stats.cached.to_string(),
        stats.reconnects.to_string(),
    ]
    .into_iter()
}
