//! The parts of the end-of-run text. A part with nothing to tell is empty.

use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::{Paint, bytes, count, duration, figure, ms, per_second, share};
use crate::graph::{LabelId, LabelKind, Place, Scope};
use crate::metrics::LabelResult;
use crate::report::{Report, Written, inline, quoted, short};
use crate::schedule::Load;
use crate::verdict::{ThresholdResult, scope_text};

/// Longer labels are cut in tables.
const LABEL_WIDTH: usize = 60;
/// How many lines of a table are shown; those with errors come first when there are more.
const LINES: usize = 100;
/// How many groups of equal failures are shown.
const ERRORS: usize = 10;
/// How many failed assertions are shown.
const ASSERTIONS: usize = 20;
/// How many lines of an answer are shown.
const RESPONSE_LINES: usize = 8;
/// How much of a value is shown, in characters.
const VALUE_WIDTH: usize = 160;

pub(super) fn heading(report: &Report<'_>, paint: Paint) -> String {
    let results = report.results;
    let totals = &results.totals;
    let iterations: u64 = results.groups.iter().map(|group| group.iterations).sum();
    let mut said = format!(
        "{} requests in {}, {} with errors, {} iterations, {} received",
        count(totals.count),
        duration(results.load),
        count(totals.failed),
        count(iterations),
        bytes(totals.received_bytes as f64),
    );
    let warm_up: u64 = results.groups.iter().map(|group| group.warm_up).sum();
    let dropped: u64 = results.groups.iter().map(|group| group.dropped).sum();
    for (number, what) in [
        (warm_up, "more in the warm-up"),
        (dropped, "iterations dropped"),
        (totals.interrupted, "interrupted"),
        (totals.cached, "from the cache"),
        (totals.reconnects, "sent again"),
    ] {
        if number > 0 {
            let _ = write!(said, ", {} {what}", count(number));
        }
    }
    format!("{}\n{said}\n", paint.title(&inline(&report.graph.name)))
}

pub(super) fn samplers(report: &Report<'_>) -> String {
    table(report, "sampler", &report.lines())
}

pub(super) fn transactions(report: &Report<'_>) -> String {
    table(report, "transaction", &report.results.transactions.iter().collect::<Vec<_>>())
}

fn table(report: &Report<'_>, what: &str, lines: &[&LabelResult]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([what, "count", "errors", "throughput", "mean", "p50", "p95", "p99", "max"]);
    let mut row = |name: String, stats: &crate::metrics::Stats, scope: Scope| {
        let times = &stats.response_time;
        let time = |value: Option<f64>| value.map_or_else(|| "-".into(), ms);
        let errors = match stats.error_rate() {
            Some(rate) if stats.failed > 0 => format!("{} ({})", count(stats.failed), share(rate)),
            _ => "0".into(),
        };
        table.add_row([
            name,
            count(stats.count),
            errors,
            // A rate over less than a second says nothing.
            Some(report.results.applied(scope))
                .filter(|applied| *applied >= Duration::from_secs(1))
                .and_then(|applied| stats.throughput(applied))
                .map_or_else(|| "-".into(), per_second),
            time(times.mean_ms()),
            time(times.percentile_ms(50.0)),
            time(times.percentile_ms(95.0)),
            time(times.percentile_ms(99.0)),
            time(times.max_ms()),
        ]);
    };
    let mut shown: Vec<&LabelResult> = lines.to_vec();
    if lines.len() > LINES {
        shown.sort_by_key(|line| (line.stats.failed == 0, line.label));
        shown.truncate(LINES);
        shown.sort_by_key(|line| line.label);
    }
    for line in &shown {
        row(label(report, line.label), &line.stats, Scope::Label(line.label));
    }
    if lines.len() > 1 && what == "sampler" {
        row("all".into(), &report.results.totals, Scope::Run);
    }
    for column in 1..9 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = table.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n");
    if lines.len() > shown.len() {
        let _ =
            writeln!(text, "and {} more lines; results.json has them all", count((lines.len() - shown.len()) as u64));
    }
    text
}

fn label(report: &Report<'_>, id: LabelId) -> String {
    short(&inline(&report.masker.mask(&scope_text(report.graph, Scope::Label(id)))), LABEL_WIDTH).into_owned()
}

/// The open model's second view: the same times from the send.
pub(super) fn from_the_send(report: &Report<'_>) -> String {
    let mut text = String::new();
    for line in report.lines().into_iter().filter(|line| line.stats.service_time.count() > 0).take(LINES) {
        let times = &line.stats.service_time;
        let figures: Vec<String> = [("p50", 50.0), ("p95", 95.0), ("p99", 99.0)]
            .iter()
            .filter_map(|(name, percent)| Some(format!("{name} {}", ms(times.percentile_ms(*percent)?))))
            .chain(times.max_ms().map(|max| format!("max {}", ms(max))))
            .collect();
        let _ = writeln!(text, "  {}: {}", label(report, line.label), figures.join(", "));
    }
    if text.is_empty() {
        return text;
    }
    format!("times of arrival rates count from the scheduled start; from the send they are\n{text}")
}

/// Requests that were never reached: often a mistake in a condition.
pub(super) fn never(report: &Report<'_>) -> String {
    let names: Vec<String> = (0..report.graph.labels.len() as u32)
        .map(LabelId)
        .filter(|id| {
            let label = report.graph.label(*id);
            label.kind == LabelKind::Sampler
                && matches!(label.place, Place::Group(_))
                && report.results.label(*id).is_none()
        })
        .map(|id| label(report, id))
        .collect();
    match names.len() {
        0 => String::new(),
        all if all > LINES => {
            format!("never executed: {} and {} more\n", names[..LINES].join(", "), count((all - LINES) as u64))
        }
        _ => format!("never executed: {}\n", names.join(", ")),
    }
}

pub(super) fn assertions(report: &Report<'_>, paint: Paint) -> String {
    let mut failed: Vec<_> = report.results.assertions.iter().filter(|result| result.failed > 0).collect();
    failed.sort_by_key(|result| std::cmp::Reverse(result.failed));
    let mut text = String::new();
    for result in failed.iter().take(ASSERTIONS) {
        let Some(info) = report.graph.assertions.get(result.id.index()) else { continue };
        let place = report.place(info.span);
        let errors: Vec<_> = report.results.errors.iter().filter(|error| error.assertion == Some(result.id)).collect();
        let _ = writeln!(
            text,
            "  {} {}: {}  {}",
            paint.bad("✗"),
            label(report, info.label),
            inline(&report.masker.mask(&info.text)),
            paint.faint(&format!("{}:{}", place.file, place.line)),
        );
        let _ = writeln!(text, "    failed {} of {}", count(result.failed), count(result.failed + result.passed));
        if let Some(expected) = errors.iter().find_map(|error| error.expected.as_deref()) {
            let _ = writeln!(text, "    expected {}", short(&inline(&report.masker.mask(expected)), VALUE_WIDTH));
        }
        let mut shown = Vec::new();
        for actual in errors.iter().flat_map(|error| report.actual(error)) {
            let actual = short(&actual, VALUE_WIDTH).into_owned();
            if shown.len() < 3 && !shown.contains(&actual) {
                shown.push(actual);
            }
        }
        for actual in shown {
            text.push_str(&quoted(&format!("got {actual}"), "    "));
        }
    }
    titled(paint, "failed assertions", text, failed.len(), ASSERTIONS)
}

/// Everything else that failed: those of assertions stand above.
pub(super) fn errors(report: &Report<'_>, paint: Paint) -> String {
    let errors: Vec<_> = report.results.errors.iter().filter(|error| error.assertion.is_none()).collect();
    let mut text = String::new();
    for error in errors.iter().take(ERRORS) {
        let place = report.place(error.span);
        let _ = writeln!(
            text,
            "  {} {} × {} [{}]  {}",
            paint.bad("✗"),
            count(error.count),
            label(report, error.label),
            error.kind.word(),
            paint.faint(&format!("{}:{}", place.file, place.line)),
        );
        text.push_str(&quoted(&short(&report.failure(error), 4 * VALUE_WIDTH), "    "));
        for actual in report.actual(error).iter().take(3) {
            text.push_str(&quoted(&format!("got {}", short(actual, VALUE_WIDTH)), "    "));
        }
        let response = report.example(error).map(|example| example.response).unwrap_or_default();
        let lines: Vec<_> = response.lines().take(RESPONSE_LINES).map(|line| short(line, VALUE_WIDTH)).collect();
        if !lines.is_empty() {
            let _ = writeln!(text, "    one answer:");
            text.push_str(&quoted(&lines.join("\n"), "      "));
        }
    }
    titled(paint, "errors", text, errors.len(), ERRORS)
}

fn titled(paint: Paint, title: &str, mut text: String, all: usize, shown: usize) -> String {
    if text.is_empty() {
        return text;
    }
    if all > shown {
        let _ = writeln!(text, "  and {} more; results.json has them all", all - shown);
    }
    format!("{}\n{text}", paint.title(title))
}

pub(super) fn thresholds(report: &Report<'_>, paint: Paint) -> String {
    // Nothing was measured: what was written has nothing to say.
    if report.outcome.setup.failure().is_some() {
        return String::new();
    }
    let shown = |result: &&ThresholdResult| !result.implicit || !result.passed;
    let mut text = String::new();
    for result in report.verdict.thresholds.iter().filter(shown) {
        let place = report.place(result.span);
        let mark = match (result.skipped, result.passed) {
            (true, _) => "-".into(),
            (false, true) => paint.good("✓"),
            (false, false) => paint.bad("✗"),
        };
        let observed = match result.observed {
            Some(observed) => format!("observed {}", figure(observed, result.unit)),
            None if result.skipped => "skipped: no samples".into(),
            None => "no samples to judge".into(),
        };
        let title =
            if result.implicit { format!("{} (no threshold allows errors)", result.title()) } else { result.title() };
        let _ = writeln!(
            text,
            "  {mark} {}  {observed}  {}",
            inline(&report.masker.mask(&title)),
            paint.faint(&format!("{}:{}", place.file, place.line))
        );
    }
    if text.is_empty() { text } else { format!("{}\n{text}", paint.title("thresholds")) }
}

/// Why iterations were dropped, and what to do about it.
pub(super) fn dropped(report: &Report<'_>) -> String {
    let mut text = String::new();
    for result in report.results.groups.iter().filter(|group| group.dropped > 0) {
        let group = &report.graph.groups[result.group.index()];
        let Load::Arrivals(arrivals) = &group.load else { continue };
        let _ = writeln!(
            text,
            "{}: {} of {} arrivals were dropped: all users (`max_users` is {}) were busy, or new ones did not come through their start. Raise `max_users`; if that does not help, the target is too slow for this rate.",
            inline(&group.name),
            count(result.dropped),
            count(result.dropped + result.iterations),
            count(arrivals.max_users),
        );
    }
    text
}

pub(super) fn generator(report: &Report<'_>, paint: Paint) -> String {
    let health = &report.outcome.generator;
    let mut said = if health.kept_up {
        "load generator: kept up".to_owned()
    } else {
        let why = health.reason.as_deref().unwrap_or("it was too slow");
        format!("{}: {}", paint.bad("load generator could not keep up"), inline(why))
    };
    let mut details = Vec::new();
    if let Some(cpu) = health.cpu_share {
        details.push(format!("{} of the processors", share(cpu)));
    }
    if let Some(busiest) = health.busiest {
        details.push(format!("busiest thread {}", share(busiest)));
    }
    if let Some(lag) = health.lag_p99_ms {
        details.push(format!("late by {} (p99)", ms(lag)));
    }
    if health.late_starts > 0 {
        details.push(format!("{} late starts", count(health.late_starts)));
    }
    if !details.is_empty() {
        let _ = write!(said, " ({})", details.join(", "));
    }
    said
}

pub(super) fn files(written: &[Written]) -> String {
    written.iter().fold(String::new(), |text, file| text + &format!("{}: {}\n", file.name, file.path.display()))
}
