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
use crate::report::comparison;
use console::sections;

/// How many lines of a table are shown.
const LINES: usize = 30;
/// How many thresholds are shown, the broken ones first.
const THRESHOLDS: usize = 50;
/// How many kinds of failure are shown, and how many of them with an answer.
const FAILURES: usize = 10;
const ANSWERS: usize = 5;
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
            lines("sampler", document.samplers.iter(), Some(&document.totals)),
            lines("transaction", document.transactions.iter(), None),
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

/// The verdict with its reasons, and the run in a sentence.
fn heading(document: &Document<'_>) -> String {
    let verdict = &document.verdict;
    let (mark, word) = if verdict.passed { ("✅", "PASSED") } else { ("❌", "FAILED") };
    let mut text = format!("### {mark} {word} (exit {}): {}\n\n", verdict.exit_code, code::span(&document.plan.name));
    if verdict.reasons.is_empty() {
        let _ = writeln!(text, "{}\n", code::span(&verdict.summary));
    } else {
        for reason in verdict.reasons.iter().take(NAMES) {
            let _ = writeln!(text, "- {}", code::span(reason));
        }
        and_more(&mut text, "- ", verdict.reasons.len(), NAMES);
        text.push('\n');
    }
    let _ = write!(text, "{}; plan {}", sections::totals(document), code::span(&document.plan.file));
    if let Some(profile) = &document.run.profile {
        let _ = write!(text, ", profile {}", code::span(profile));
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
        let _ = writeln!(text, "\nThe worst {} of {} lines; the other reports have all.", shown.len(), count);
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
    let broken = shown().filter(|one| !one.passed);
    // In the order of the plan, unless there are too many.
    let rows: Vec<Threshold> = match count > THRESHOLDS {
        true => broken.chain(shown().filter(|one| one.passed)).take(THRESHOLDS).collect(),
        false => shown().collect(),
    };
    let mut text = String::from("| | threshold | limit | observed | where |\n| :-: | :-- | --: | --: | :-- |\n");
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
            figures::figure(one.limit, one.unit),
            observed(one),
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

/// Each kind of failure with its place, what it may come from, and an answer.
fn failures(document: &Document<'_>) -> String {
    let mut text = String::new();
    for (index, error) in document.errors.iter().take(FAILURES).enumerate() {
        let separator = if index == 0 { "#### Failures\n" } else { "" };
        let _ = writeln!(text, "{separator}\n{}", failure(document, error));
        if let Some(hint) = hints::of_error(error) {
            let _ = writeln!(text, "\n> {hint}");
        }
        if let Some(example) = error.example.as_ref().filter(|_| index < ANSWERS) {
            for (what, part) in [("request", example.request.trim()), ("answer", example.response.trim())] {
                if !part.is_empty() {
                    let _ = write!(text, "\nOne {what}:\n\n{}", code::block(part));
                }
            }
        }
    }
    if document.errors.len() > FAILURES {
        text.push('\n');
        and_more(&mut text, "", document.errors.len(), FAILURES);
    }
    text
}

fn failure(document: &Document<'_>, error: &Error) -> String {
    let mut said = format!(
        "**{} ×** {} ({}) at {}: {}",
        figures::count(error.count),
        code::span(error.title()),
        error.kind.word(),
        code::span(&document.place(error.file.as_ref(), error.line).to_string()),
        code::span(&error.sentence()),
    );
    let got: Vec<String> = error.actual.iter().take(3).map(|actual| code::span(actual)).collect();
    if !got.is_empty() {
        let _ = write!(said, ", got {}", got.join(", "));
    }
    said
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
