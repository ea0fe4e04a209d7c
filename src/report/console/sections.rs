//! The parts of the end-of-run text. A part with nothing to tell is empty.

use std::fmt::Write as _;
use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use super::Paint;
use crate::document::{Document, Line, Stats, ThreadGroup, Threshold};
use crate::figures::{bytes, count, duration, figure, ms, per_second, share};
use crate::report::Written;
use crate::sanitize::path;
use crate::sanitize::{inline, short};

/// Longer labels are cut in tables.
const LABEL_WIDTH: usize = 60;
/// How many lines of a table are shown; those with errors come first when there are more.
const LINES: usize = 100;

pub(super) fn heading(document: &Document<'_>, paint: Paint) -> String {
    format!("{}\n{}\n", paint.title(&inline(&document.plan.name)), totals(document))
}

/// The whole run in a sentence: `114 requests in 5s, 0 with errors, 54 iterations, 51.6 kB received`.
pub(in crate::report) fn totals(document: &Document<'_>) -> String {
    let totals = &document.totals;
    let of_groups =
        |figure: fn(&crate::document::ThreadGroup) -> u64| -> u64 { document.thread_groups.iter().map(figure).sum() };
    let mut said = format!(
        "{} in {}, {} with errors, {}, {} received",
        counted(totals.count, "request"),
        duration(Duration::try_from_secs_f64(document.run.load_s).unwrap_or_default()),
        count(totals.failed),
        counted(of_groups(|group| group.iterations), "iteration"),
        bytes(totals.received_bytes as f64),
    );
    for (number, what) in [
        (of_groups(|group| group.warm_up_count), "more in the warm-up"),
        (of_groups(|group| group.dropped), "iterations dropped"),
        (totals.interrupted, "interrupted"),
        (totals.cached, "from the cache"),
        (totals.reconnects, "sent again"),
    ] {
        if number > 0 {
            let _ = write!(said, ", {} {what}", count(number));
        }
    }
    said
}

/// `1 request`, `2 requests`.
pub(super) fn counted(number: u64, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{} {what}{s}", count(number))
}

pub(super) fn samplers(document: &Document<'_>) -> String {
    table("request", document.samplers.iter(), Some(&document.totals))
}

pub(super) fn transactions(document: &Document<'_>) -> String {
    table("transaction", document.transactions.iter(), None)
}

/// So many lines at most, in their order and with their places; those with errors before the
/// others. Tells how many there are.
pub(in crate::report) fn failed_first(lines: impl Iterator<Item = Line>, most: usize) -> (Vec<(usize, Line)>, usize) {
    let (mut bad, mut good, mut all) = (Vec::new(), Vec::new(), 0);
    for (place, line) in lines.enumerate() {
        all += 1;
        let list = if line.stats.failed > 0 { &mut bad } else { &mut good };
        if list.len() < most {
            list.push((place, line));
        }
    }
    good.truncate(most - bad.len());
    bad.append(&mut good);
    bad.sort_by_key(|(place, _)| *place);
    (bad, all)
}

/// Failed samples with their share of all: `3 (75%)`.
pub(in crate::report) fn failed(stats: &Stats) -> String {
    match stats.error_rate {
        Some(rate) if stats.failed > 0 => format!("{} ({})", count(stats.failed), share(rate)),
        _ => "0".into(),
    }
}

/// Samples per second, as thresholds judge it.
pub(in crate::report) fn throughput(stats: &Stats) -> Option<String> {
    stats.throughput_per_s.filter(|rate| *rate > 0.0).map(per_second)
}

/// Mean, 50th, 95th and 99th percentile and maximum; `≥ 2000 ms` where that is a lower bound.
pub(in crate::report) fn times(stats: &Stats) -> [Option<String>; 5] {
    let times = stats.response_time.as_ref();
    times.map_or([const { None }; 5], |times| {
        let figures = [times.p50_ms, times.p95_ms, times.p99_ms, times.max_ms];
        let [p50, p95, p99, max] = figures.map(|time| Some(at_least(ms(time), stats.is_lower_bound(time))));
        [Some(at_least(ms(times.mean_ms), stats.cut_short.is_some())), p50, p95, p99, max]
    })
}

/// A figure, marked where it is a lower bound.
pub(in crate::report) fn at_least(figure: String, is_lower_bound: bool) -> String {
    if is_lower_bound { format!("≥ {figure}") } else { figure }
}

/// Over how many requests the response times are, where that is not all of them, and which of them
/// are lower bounds. Each line is a sentence.
pub(in crate::report) fn measured(document: &Document<'_>) -> Vec<String> {
    let totals = &document.totals;
    let mut said = Vec::new();
    if totals.unsent > 0 {
        let measured = totals.count.saturating_sub(totals.unsent);
        said.push(format!(
            "response times cover {} of {}: {} could not be sent",
            count(measured),
            counted(totals.count, "request"),
            count(totals.unsent),
        ));
    }
    if let Some(cut) = &totals.cut_short {
        said.push(format!(
            "{} of {} got no complete response and count with the time waited: figures with ≥ are lower bounds",
            count(cut.count),
            counted(totals.count, "request"),
        ));
    }
    said
}

/// Users that ended early, by thread group. Each line is a sentence.
pub(in crate::report) fn lost(document: &Document<'_>) -> Vec<String> {
    let told = |group: &ThreadGroup| {
        let mut said = format!(
            "{}: {} of {} users ended early",
            inline(&group.name),
            count(group.users_lost),
            count(group.users_started)
        );
        for (index, lost) in group.lost.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            let place = document.place(lost.file.as_ref(), lost.line);
            let _ = write!(said, "{separator}{} because {} at {place}", count(lost.count), inline(&lost.because));
        }
        said
    };
    document.thread_groups.iter().filter(|group| group.users_lost > 0).map(told).collect()
}

pub(super) fn sentences(said: &[String]) -> String {
    said.iter().fold(String::new(), |text, line| text + line + "\n")
}

fn table(what: &str, lines: impl Iterator<Item = Line>, all: Option<&Stats>) -> String {
    let (shown, count_of_lines) = failed_first(lines, LINES);
    if shown.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([what, "count", "errors", "throughput", "mean", "p50", "p95", "p99", "max"]);
    let mut row = |name: String, stats: &Stats| {
        let rate = throughput(stats);
        let figures = std::iter::once(rate).chain(times(stats)).map(|figure| figure.unwrap_or_else(|| "-".into()));
        table.add_row([name, count(stats.count), failed(stats)].into_iter().chain(figures));
    };
    for (_, line) in &shown {
        row(short(&inline(line.title()), LABEL_WIDTH).into_owned(), &line.stats);
    }
    if let Some(all) = all.filter(|_| count_of_lines > 1) {
        row("all".into(), all);
    }
    for column in 1..9 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = table.lines().fold(String::new(), |text, line| text + line.trim_end() + "\n");
    if count_of_lines > shown.len() {
        let more = count((count_of_lines - shown.len()) as u64);
        let _ = writeln!(text, "and {more} more {what}s; results.json has them all");
    }
    text
}

pub(super) fn label(title: &str) -> String {
    short(&inline(title), LABEL_WIDTH).into_owned()
}

/// How often each HTTP status came, where that is not always the same good one.
pub(in crate::report) fn statuses(document: &Document<'_>) -> String {
    let totals = &document.totals;
    let silent = totals.unanswered;
    let dull = totals.statuses.iter().all(|one| one.status < 400) && totals.statuses.len() < 2;
    if totals.statuses.is_empty() || dull && silent == 0 {
        return String::new();
    }
    let mut said: Vec<String> =
        totals.statuses.iter().map(|one| format!("{} × {}", one.status, count(one.count))).collect();
    if silent > 0 {
        said.push(format!("no response × {}", count(silent)));
    }
    format!("status codes: {}\n", said.join(", "))
}

/// The open model's second view: the same times from the send.
pub(super) fn from_the_send(document: &Document<'_>) -> String {
    let mut text = String::new();
    let open = document.samplers.iter().filter_map(|line| Some((label(line.title()), line.stats.service_time?)));
    for (label, times) in open.take(LINES) {
        let figures = [("p50", times.p50_ms), ("p95", times.p95_ms), ("p99", times.p99_ms), ("max", times.max_ms)];
        let figures = figures.map(|(name, time)| format!("{name} {}", ms(time)));
        let _ = writeln!(text, "  {label}: {}", figures.join(", "));
    }
    if text.is_empty() {
        return text;
    }
    format!("response times with an arrival rate count from the scheduled start; from the send they are\n{text}")
}

/// Requests that were never reached: often a mistake in a condition.
pub(super) fn never(document: &Document<'_>) -> String {
    let names: Vec<String> = document.never_executed.iter().take(LINES).map(|never| label(&never.title)).collect();
    match document.never_executed.iter().count() {
        0 => String::new(),
        all if all > LINES => {
            format!("never executed: {} and {} more\n", names.join(", "), count((all - LINES) as u64))
        }
        _ => format!("never executed: {}\n", names.join(", ")),
    }
}

pub(super) fn thresholds(document: &Document<'_>, paint: Paint) -> String {
    // Nothing was measured: what was written has nothing to say.
    if document.nothing_measured() {
        return String::new();
    }
    let mut text = String::new();
    for result in document.thresholds.iter().filter(Threshold::is_shown) {
        let place = document.place(result.file.as_ref(), result.line);
        let mark = match (result.skipped, result.passed) {
            (true, _) => "-".into(),
            (false, true) => paint.good("✓"),
            (false, false) => paint.bad("✗"),
        };
        let title = format!("{}{}", result.title, result.follows_because());
        let _ =
            writeln!(text, "  {mark} {}  {}  {}", inline(&title), observed(&result), paint.faint(&place.to_string()));
    }
    if text.is_empty() { text } else { format!("{}\n{text}", paint.title("thresholds")) }
}

/// The figure of a threshold: `87.2 ms`, `≥ 2000 ms`, `5 (5 of 10 users ended early: …)`.
pub(in crate::report) fn observed_figure(result: &Threshold) -> Option<String> {
    let figure = at_least(figure(result.observed?, result.unit), result.at_least);
    Some(match &result.detail {
        Some(detail) => format!("{figure} ({})", inline(detail)),
        None => figure,
    })
}

/// What a threshold saw beside what it allows: `observed 87.2 ms, limit 100 ms`.
pub(in crate::report) fn observed(result: &Threshold) -> String {
    let note = result.note.as_deref().map(inline);
    match (result.observed, note) {
        (_, Some(note)) if result.skipped => format!("skipped: {note}"),
        (_, Some(note)) => note,
        (Some(_), None) => {
            let limit = figure(result.limit, result.unit);
            format!("observed {}, limit {limit}", observed_figure(result).unwrap_or_default())
        }
        (None, None) if result.skipped => "skipped: no samples".into(),
        (None, None) => "no samples to judge".into(),
    }
}

/// Why iterations were dropped, and what to do about it.
pub(super) fn dropped(document: &Document<'_>) -> String {
    let mut text = String::new();
    for group in document.thread_groups.iter().filter(|group| group.dropped > 0) {
        let _ = writeln!(
            text,
            "{}: {} of {} arrivals were dropped: all users (`max_users` is {}) were busy, or new ones failed in on_start. Raise `max_users`; if that does not help, the target is too slow for this rate.",
            inline(&group.name),
            count(group.dropped),
            count(group.dropped + group.iterations),
            count(group.max_users),
        );
    }
    text
}

pub(in crate::report) fn generator(document: &Document<'_>, bad: impl Fn(&str) -> String) -> String {
    let health = &document.generator;
    let mut said = if health.kept_up {
        "load generator: kept up".to_owned()
    } else {
        let why = health.reason.as_deref().unwrap_or("it was too slow");
        format!("{}: {}", bad("load generator could not keep up"), inline(why))
    };
    let mut details = Vec::new();
    if let Some(cpu) = health.cpu_share {
        details.push(format!("{} of all CPUs", share(cpu)));
    }
    if let Some(busiest) = health.busiest_thread_share {
        details.push(format!("busiest thread {}", share(busiest)));
    }
    if let Some(lag) = health.lag_p99_ms {
        details.push(format!("requests started up to {} after their planned time (p99)", ms(lag)));
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
    written.iter().fold(String::new(), |text, file| text + &format!("{}: {}\n", file.name, path(&file.path)))
}
