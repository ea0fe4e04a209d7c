//! A comparison in Markdown, for a comment on a pull request or a job's summary.

use std::fmt::Write as _;

use super::{REMARKS, cells, rank, telling, worst};
use crate::document::{ComparedLine, Comparison, Figure, Judgement};
use crate::report::markdown::code;

/// How many lines of the report are shown: a comment holds 65,536 characters.
const LINES: usize = 20;
/// How many figures are told in a sentence.
const SENTENCES: usize = 30;

/// The comparison, bounded: the sentence over it, a table, what regressed in words, and remarks.
pub fn markdown(comparison: &Comparison) -> String {
    let mut out = format!("#### Compared with the baseline\n\n{}\n\n", code::span(&comparison.summary));
    let (lines, all) = worst(comparison, LINES);
    out.push_str("| | metric | baseline | new | change | 95% interval | limit | verdict |\n");
    out.push_str("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n");
    for line in lines.iter().copied().chain(std::iter::once(&comparison.run)) {
        rows(line, &mut out);
    }
    if all > lines.len() {
        let _ = writeln!(out, "\nand {} more, none of them worse", all - lines.len());
    }
    let mut told: Vec<(&ComparedLine, &Figure)> =
        lines.iter().flat_map(|line| telling(line).map(move |figure| (*line, figure))).collect();
    told.sort_by_key(|(_, figure)| rank(figure.verdict));
    for (at, (line, figure)) in told.iter().take(SENTENCES).enumerate() {
        let separator = if at == 0 { "\n" } else { "" };
        let _ = writeln!(out, "{separator}- {}: {}", code::span(&line.name()), code::span(&figure.sentence));
    }
    for (at, remark) in comparison.remarks.iter().take(REMARKS).enumerate() {
        let separator = if at == 0 { "\nNotes:\n\n" } else { "" };
        let _ = writeln!(out, "{separator}- {}", code::span(&remark.text));
    }
    let _ = writeln!(out, "\n{}", code::span(&comparison.method.text));
    out
}

fn rows(line: &ComparedLine, out: &mut String) {
    for (at, figure) in line.figures.iter().enumerate() {
        let name = if at == 0 { code::cell(&line.name()) } else { String::new() };
        // Of these only the metric's name comes from the file.
        let [metric, figures @ ..] = cells(figure);
        let cells = std::iter::once(code::cell(&metric)).chain(figures);
        let bold = figure.verdict == Judgement::Regressed;
        let _ = write!(out, "| {name} |");
        for cell in cells {
            let _ = if bold { write!(out, " **{cell}** |") } else { write!(out, " {cell} |") };
        }
        out.push('\n');
    }
}
