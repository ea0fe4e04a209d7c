//! The summary for a pull request: Markdown as GitHub, GitLab and Azure read it.
//!
//! It is bounded, whatever the plan and the server: long tables show their worst lines. Every word
//! of theirs stands in code ([`code`]).

pub(crate) mod code;

use crate::figures;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::{Format, console, hints};
use crate::document::Document;
use crate::document::{Error, Line, Stats, Threshold};
use crate::report::causes::{self, CauseGroup};
use crate::report::comparison;
use console::sections;

/// How many lines of a table are shown.
const LINES: usize = 30;
/// How many thresholds are shown, the failed ones first.
const THRESHOLDS: usize = 50;
/// How many causes of failures are shown, and how many of them with a response.
const FAILURES: usize = 10;
const RESPONSES: usize = 5;
/// How many reasons and other names are shown.
const NAMES: usize = 10;

/// The format of the summary for pull requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Markdown;

impl Format for Markdown {
    fn name(&self) -> &'static str {
        "Markdown"
    }

    fn render(&self, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
        let sections = [
            heading(document),
            lines("request", document.samplers.iter(), Some(&document.totals)),
            lines("transaction", document.transactions.iter(), None),
            statuses(document),
            never(document),
            thresholds(document),
            document.regression.as_ref().map(comparison::markdown).unwrap_or_default(),
            failures(document),
            health(document),
        ];
        let shown: Vec<String> = sections.into_iter().filter(|section| !section.is_empty()).collect();
        out.write_all(shown.join("\n").as_bytes())
    }
}

/// The verdict with its root cause, what follows from that, and the run in a sentence.
fn heading(document: &Document<'_>) -> String {
    let verdict = &document.verdict;
    let (mark, word) = if verdict.passed { ("✅", "PASSED") } else { ("❌", "FAILED") };
    let first = verdict.reasons.first().unwrap_or(&verdict.summary);
    let mut text = format!("### {mark} {word} (exit {}): {}\n\n", verdict.exit_code, code::span(first));
    // What the heading has no room for stands whole below it.
    let in_heading = usize::from(!code::is_cut(first));
    let below = verdict.reasons.get(in_heading..).unwrap_or_default();
    for reason in below.iter().take(NAMES) {
        let _ = writeln!(text, "- {}", code::sentence(reason));
    }
    and_more(&mut text, "- ", below.len(), NAMES);
    if !below.is_empty() {
        text.push('\n');
    }
    let plan = code::span(&document.plan.name);
    let _ = write!(text, "{plan} ({}): {}", code::span(&document.plan.file), sections::totals(document));
    if let Some(profile) = &document.run.profile {
        let _ = write!(text, "; profile {}", code::span(profile));
    }
    text.push('\n');
    text
}

fn and_more(text: &mut String, before: &str, all: usize, shown: usize) {
    if all > shown {
        let _ = writeln!(text, "{before}and {} more", figures::count((all - shown) as u64));
    }
}

fn lines(what: &str, lines: impl Iterator<Item = Line>, all: Option<&Stats>) -> String {
    let (shown, count) = worst(lines, LINES);
    if shown.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "| {what} | count | errors | throughput | mean | p50 | p95 | p99 | max |\n| :-- {}|\n",
        "| --: ".repeat(8)
    );
    let mut row = |name: &str, stats: &Stats| {
        let figures = std::iter::once(sections::throughput(stats)).chain(sections::times(stats));
        let figures: Vec<String> = figures.map(|figure| figure.unwrap_or_else(|| "–".into())).collect();
        let (count, failed) = (figures::count(stats.count), sections::failed(stats));
        let _ = writeln!(text, "| {name} | {count} | {failed} | {} |", figures.join(" | "));
    };
    for line in &shown {
        row(&code::cell(line.title()), &line.stats);
    }
    if let Some(all) = all.filter(|_| count > 1) {
        row("all", all);
    }
    if count > shown.len() {
        let _ = writeln!(text, "\nThe worst {} of {} {what}s; the other reports have all of them.", shown.len(), count);
    }
    text
}

/// All lines in their order; if there are more than so many, the worst of them, worst first: those
/// with the most errors, then the slowest. Tells how many there are.
fn worst(lines: impl Iterator<Item = Line>, most: usize) -> (Vec<Line>, usize) {
    let p95 = |line: &Line| line.stats.response_time.as_ref().map_or(0.0, |times| times.p95_ms);
    let keep = |kept: &mut Vec<Line>| {
        kept.sort_by(|a, b| b.stats.failed.cmp(&a.stats.failed).then(p95(b).total_cmp(&p95(a))));
        kept.truncate(most);
    };
    let (mut kept, mut all) = (Vec::new(), 0);
    for line in lines {
        all += 1;
        kept.push(line);
        // A plan may have tens of thousands of lines.
        if kept.len() > 4 * most {
            keep(&mut kept);
        }
    }
    if all > most {
        keep(&mut kept);
    }
    (kept, all)
}

/// How often each HTTP status came: figures only.
fn statuses(document: &Document<'_>) -> String {
    sections::statuses(document).replacen("status codes", "Status codes", 1)
}

fn never(document: &Document<'_>) -> String {
    let names: Vec<String> = document.never_executed.iter().take(NAMES).map(|one| code::span(&one.title)).collect();
    if names.is_empty() {
        return String::new();
    }
    let mut text = format!("Never executed: {}\n", names.join(", "));
    and_more(&mut text, "", document.never_executed.iter().count(), NAMES);
    text
}

fn thresholds(document: &Document<'_>) -> String {
    if document.nothing_measured() {
        return String::new();
    }
    let shown = || document.thresholds.iter().filter(Threshold::is_shown);
    let count = shown().count();
    if count == 0 {
        return String::new();
    }
    let failed = shown().filter(|one| !one.passed);
    // In the order of the plan, unless there are too many.
    let rows: Vec<Threshold> = match count > THRESHOLDS {
        true => failed.chain(shown().filter(|one| one.passed)).take(THRESHOLDS).collect(),
        false => shown().collect(),
    };
    let mut text = String::from("| | threshold | observed | limit | where |\n| :-: | :-- | --: | --: | :-- |\n");
    for one in &rows {
        let mark = match (one.skipped, one.passed) {
            (true, _) => "–",
            (false, true) => "✅",
            (false, false) => "❌",
        };
        let note = one.follows_because();
        let _ = writeln!(
            text,
            "| {mark} | {}{note} | {} | {} | {} |",
            code::cell(&one.title),
            observed(one),
            figures::figure(one.limit, one.unit),
            code::cell(&document.place(one.file.as_ref(), one.line).to_string()),
        );
    }
    if count > rows.len() {
        text.push('\n');
        and_more(&mut text, "", count, rows.len());
    }
    text
}

fn observed(one: &Threshold) -> String {
    let figure = one.observed.map(|observed| sections::at_least(figures::figure(observed, one.unit), one.at_least));
    match (figure, &one.note) {
        (Some(figure), Some(note)) => format!("{figure} ({})", code::cell(note)),
        (Some(figure), None) => figure,
        (None, Some(note)) => code::cell(note),
        (None, None) => "no samples".into(),
    }
}

/// Each cause of failures with its requests, what it may come from, and a response.
fn failures(document: &Document<'_>) -> String {
    let mut text = String::new();
    let groups = causes::by_cause(document, document.errors.iter().enumerate());
    for (index, group) in groups.iter().take(FAILURES).enumerate() {
        let separator = if index == 0 { "#### Failures\n" } else { "" };
        let _ = writeln!(text, "{separator}\n{}", failure(document, group));
        if let Some(hint) = group.hint() {
            let _ = writeln!(text, "\n> {hint}");
        }
        let example = group.errors.iter().find_map(|(_, error)| error.example.as_ref());
        if let Some(example) = example.filter(|_| index < RESPONSES) {
            for (what, part) in [("request", example.request.trim()), ("response", example.response.trim())] {
                if !part.is_empty() {
                    let _ = write!(text, "\nOne {what}:\n\n{}", code::block(part));
                }
            }
        }
    }
    if groups.len() > FAILURES {
        text.push('\n');
        and_more(&mut text, "", groups.len(), FAILURES);
    }
    text
}

fn failure(document: &Document<'_>, group: &CauseGroup<'_>) -> String {
    let place = |error: &Error| code::span(&document.place(error.file.as_ref(), error.line).to_string());
    let (whose, at) = match group.errors.as_slice() {
        [(_, only)] => (code::span(only.title()), format!(" at {}", place(only))),
        _ => (format!("{} requests", group.titles().len()), String::new()),
    };
    let kind = group.errors.first().map_or("", |(_, first)| first.kind.word());
    let got: Vec<String> = group.actual(3).into_iter().map(code::span).collect();
    let mut what = if group.is_told_by_values() { String::new() } else { code::span(&group.sentence()) };
    if !got.is_empty() {
        let separator = if what.is_empty() { "" } else { ", " };
        let _ = write!(what, "{separator}got {}", got.join(", "));
    }
    let mut said = format!("**{} ×** {whose} ({kind}){at}: {what}", figures::count(group.count));
    if group.errors.len() > 1 {
        said.push('\n');
        for (_, error) in group.errors.iter().take(NAMES) {
            let _ =
                write!(said, "\n- {}: {} at {}", code::span(error.title()), figures::count(error.count), place(error));
        }
        said.push('\n');
        and_more(&mut said, "- ", group.errors.len(), NAMES);
    }
    said.trim_end().to_owned()
}

/// How the load generator fared, and what the course of the run suggests.
fn health(document: &Document<'_>) -> String {
    let mut text = format!("{}\n", code::span(&sections::generator(document, str::to_owned)));
    let dropped = document.thread_groups.iter().filter(|group| group.dropped > 0).take(NAMES).map(|group| {
        format!(
            "{} of {} arrivals of {} were dropped: all users were busy. Raise `max_users`; if that does not help, the target is too slow for this rate.",
            figures::count(group.dropped),
            figures::count(group.dropped.saturating_add(group.iterations)),
            code::span(&group.name),
        )
    });
    let lost = sections::lost(document).into_iter().take(NAMES).map(|said| code::span(&said));
    let hints: Vec<String> =
        dropped.chain(lost).chain(sections::measured(document)).chain(hints::of_document(document)).collect();
    for (index, hint) in hints.iter().enumerate() {
        let separator = if index == 0 { "\n" } else { "" };
        let _ = writeln!(text, "{separator}- {hint}");
    }
    text
}
