//! A comparison for people: on the console and in Markdown.

mod files;
mod markdown;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::document::{ComparedLine, Comparison, Figure, Judgement};
use crate::figures::{change as change_of, figure as shown};
use crate::sanitize::{inline, short};

pub use files::{ComparisonJson, ComparisonMarkdown, comparison_schema};
pub use markdown::markdown;

/// Longer titles are cut in tables.
const TITLE_WIDTH: usize = 50;
/// How many lines of the report a table has; those that are not ok come first when there are more.
const LINES: usize = 100;
/// How many remarks are shown.
const REMARKS: usize = 20;

fn painted(text: &str, style: Style, color: bool) -> String {
    if color { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

fn style(verdict: Judgement) -> Style {
    match verdict {
        Judgement::Regressed => AnsiColor::Red.on_default().bold(),
        Judgement::Improved => AnsiColor::Green.on_default(),
        Judgement::Follows | Judgement::Inconclusive => AnsiColor::Yellow.on_default(),
        Judgement::Ok | Judgement::NotJudged => Style::new(),
    }
}

fn mark(verdict: Judgement) -> &'static str {
    match verdict {
        Judgement::Regressed => "✗",
        Judgement::Improved | Judgement::Ok => "✓",
        Judgement::Follows => "→",
        Judgement::Inconclusive | Judgement::NotJudged => "-",
    }
}

/// The whole comparison: a table of every figure, a sentence for each that is not simply ok, and remarks.
pub fn console(comparison: &Comparison, color: bool) -> String {
    let mut out = format!("{}\n{}\n\n", runs(comparison), inline(&comparison.method.text));
    let (lines, all) = worst(comparison, LINES);
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["", "metric", "baseline", "new", "change", "95% interval", "limit", "verdict"]);
    for line in lines.iter().copied().chain(std::iter::once(&comparison.run)) {
        for (at, figure) in line.figures.iter().enumerate() {
            let name = if at == 0 { short(&inline(&line.name()), TITLE_WIDTH).into_owned() } else { String::new() };
            table.add_row(std::iter::once(name).chain(cells(figure)));
        }
    }
    for column in 2..7 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for line in table.lines() {
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if all > lines.len() {
        let _ = writeln!(out, "and {} more; --json FILE has them all", all - lines.len());
    }
    let told = sentences(&lines, color);
    if !told.is_empty() {
        let _ = write!(out, "\n{told}");
    }
    let told = remarks(comparison);
    if !told.is_empty() {
        let _ = write!(out, "\nnotes\n{told}");
    }
    out
}

/// What the end of a run tells of its comparison: sentences for figures that are not simply ok, and remarks.
pub fn section(comparison: &Comparison, color: bool) -> String {
    let (lines, _) = worst(comparison, LINES);
    let title = painted("compared with the baseline", Style::new().bold(), color);
    format!(
        "{title}\n  {}\n  {}\n{}{}",
        inline(&comparison.summary),
        inline(&comparison.method.text),
        sentences(&lines, color),
        remarks(comparison)
    )
}

/// `baseline base.json of 2026-01-05T10:00:00.000Z`, a line for each.
fn runs(comparison: &Comparison) -> String {
    let one = |what: &str, run: &crate::document::ComparedRun| {
        let commit = run.git_commit.as_ref().map(|commit| format!(", commit {}", short(&inline(commit), 12)));
        let file = run.file.as_ref().map_or_else(|| "this run".into(), |file| inline(file));
        format!("{what}: {file}, {}{}\n", inline(&run.started_at), commit.unwrap_or_default())
    };
    let base: String = comparison.baseline.iter().map(|run| one("baseline", run)).collect();
    format!("{base}{}", one("new", &comparison.new))
}

/// How much a verdict has to say; the weightiest first.
fn rank(verdict: Judgement) -> u8 {
    match verdict {
        Judgement::Regressed => 0,
        Judgement::Follows => 1,
        Judgement::Inconclusive => 2,
        Judgement::Improved => 3,
        Judgement::Ok | Judgement::NotJudged => 4,
    }
}

/// The lines to show, at most so many and in their order, and how many there are.
fn worst(comparison: &Comparison, most: usize) -> (Vec<&ComparedLine>, usize) {
    let all: Vec<&ComparedLine> = comparison.judged().collect();
    let count = all.len();
    let mut shown: Vec<(usize, &ComparedLine)> = all.into_iter().enumerate().collect();
    shown.sort_by_key(|(at, line)| (rank(line.verdict), *at));
    shown.truncate(most);
    shown.sort_by_key(|(at, _)| *at);
    (shown.into_iter().map(|(_, line)| line).collect(), count)
}

fn cells(figure: &Figure) -> [String; 7] {
    let value = |value: Option<f64>| value.map_or_else(|| "-".into(), |value| shown(value, figure.unit));
    let change = |change: Option<f64>| change.map_or_else(|| "-".into(), |change| change_of(figure.unit, change));
    let interval = match (figure.change_low, figure.change_high) {
        (Some(low), Some(high)) => format!("{} … {}", change_of(figure.unit, low), change_of(figure.unit, high)),
        _ => "-".into(),
    };
    [
        figure.metric.clone(),
        value(figure.base),
        value(figure.new),
        change(figure.change),
        interval,
        value(figure.limit),
        figure.verdict.word().into(),
    ]
}

/// The figures of which there is more to say than that they are ok.
fn telling(line: &ComparedLine) -> impl Iterator<Item = &Figure> {
    line.figures.iter().filter(|figure| !matches!(figure.verdict, Judgement::Ok | Judgement::NotJudged))
}

fn sentences(lines: &[&ComparedLine], color: bool) -> String {
    let mut out = String::new();
    for line in lines {
        for figure in telling(line) {
            let mark = painted(mark(figure.verdict), style(figure.verdict), color);
            let name = short(&inline(&line.name()), TITLE_WIDTH).into_owned();
            let _ = writeln!(out, "  {mark} {name}: {}", inline(&figure.sentence));
        }
    }
    out
}

fn remarks(comparison: &Comparison) -> String {
    let mut out = String::new();
    for remark in comparison.remarks.iter().take(REMARKS) {
        let _ = writeln!(out, "  ! {}", inline(&remark.text));
    }
    if comparison.remarks.len() > REMARKS {
        let _ = writeln!(out, "  ! and {} more", comparison.remarks.len() - REMARKS);
    }
    out
}

/// The last line of `compare`: `FAILED (exit 1): 1 of 4 samplers regressed …`.
pub fn verdict_line(comparison: &Comparison, color: bool) -> String {
    let failed = comparison.verdict == Judgement::Regressed;
    let (word, code, style) = match failed {
        true => ("FAILED", crate::verdict::exit::FAILED, style(Judgement::Regressed)),
        false => ("PASSED", crate::verdict::exit::PASSED, style(Judgement::Improved)),
    };
    format!("{} (exit {code}): {}\n", painted(word, style, color), inline(&comparison.summary))
}
