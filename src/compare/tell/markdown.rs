//! A comparison in Markdown, for a comment on a pull request or a job's summary.

use std::fmt::Write as _;

use super::{cells, telling, worst};
use crate::compare::{ComparedLine, Comparison, Judgement};
use crate::report::code;

/// The whole comparison: the sentence over it, a table, what regressed in words, and remarks.
pub fn markdown(comparison: &Comparison) -> String {
    let mut out = format!("#### Compared with the baseline\n\n{}\n\n", code::span(&comparison.summary));
    let (lines, all) = worst(comparison);
    out.push_str("| | figure | baseline | new | change | 95% interval | limit | verdict |\n");
    out.push_str("| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n");
    for line in lines.iter().copied().chain(std::iter::once(&comparison.run)) {
        rows(line, &mut out);
    }
    if all > lines.len() {
        let _ = writeln!(out, "\nand {} more lines", all - lines.len());
    }
    let told: Vec<String> = lines
        .iter()
        .flat_map(|line| {
            telling(line).map(|figure| format!("- {}: {}\n", code::span(&line.name()), code::span(&figure.sentence)))
        })
        .collect();
    if !told.is_empty() {
        let _ = write!(out, "\n{}", told.concat());
    }
    if !comparison.remarks.is_empty() {
        out.push_str("\nTo know:\n\n");
        for remark in &comparison.remarks {
            let _ = writeln!(out, "- {}", code::span(&remark.text));
        }
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
