//! What a person reads at the end of a run.

mod sections;
mod units;

pub use units::figure;
pub(in crate::report) use units::{bytes, count, duration, ms, per_second, share};

use std::fmt::Write as _;

use super::{Report, Written, inline};
use crate::verdict::Verdict;

/// The colours of the console, or none.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, style: anstyle::Style, text: &str) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn good(self, text: &str) -> String {
        self.with(anstyle::AnsiColor::Green.on_default(), text)
    }

    fn bad(self, text: &str) -> String {
        self.with(anstyle::AnsiColor::Red.on_default().bold(), text)
    }

    fn title(self, text: &str) -> String {
        self.with(anstyle::Style::new().bold(), text)
    }

    fn faint(self, text: &str) -> String {
        self.with(anstyle::Style::new().dimmed(), text)
    }
}

/// The end of a run: a table by sampler, what failed and why, the thresholds, the health of the
/// load generator, the files, and the verdict as the last line.
pub fn summary(report: &Report<'_>, written: &[Written], color: bool) -> String {
    let paint = Paint(color);
    let mut out = String::new();
    for section in [
        sections::heading(report, paint),
        sections::samplers(report),
        sections::from_the_send(report),
        sections::transactions(report),
        sections::never(report),
        sections::assertions(report, paint),
        sections::errors(report, paint),
        sections::thresholds(report, paint),
        sections::dropped(report),
        sections::generator(report, paint),
        sections::files(written),
    ] {
        if !section.is_empty() {
            let _ = writeln!(out, "{}", section.trim_end());
            out.push('\n');
        }
    }
    out.push_str(&verdict_line(report.verdict, report.masker, color));
    out
}

/// The verdict alone, as a line: `FAILED (exit 1): 2 of 7 thresholds failed`.
pub fn verdict_line(verdict: &Verdict, masker: &crate::mask::Masker, color: bool) -> String {
    let line = inline(&masker.mask(&verdict.line()));
    let paint = Paint(color);
    let (word, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
    let word = if verdict.passed { paint.good(word) } else { paint.bad(word) };
    format!("{word}{rest}\n")
}
