//! What a person reads at the end of a run.

mod failures;
pub(in crate::report) mod sections;

use std::fmt::Write as _;

use super::Written;
use crate::document::Document;
use crate::sanitize::inline;

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

/// The end of a run: a table by request, what failed and why, the thresholds, the health of the
/// load generator, the files, and the verdict as the last line.
pub fn summary(document: &Document<'_>, written: &[Written], color: bool) -> String {
    let paint = Paint(color);
    let mut out = String::new();
    for section in [
        sections::heading(document, paint),
        sections::samplers(document),
        sections::sentences(&sections::measured(document)),
        sections::from_the_send(document),
        sections::transactions(document),
        sections::never(document),
        sections::statuses(document),
        failures::assertions(document, paint),
        failures::errors(document, paint),
        sections::thresholds(document, paint),
        failures::hints(document, paint),
        document.regression.as_ref().map_or_else(String::new, |one| super::comparison::section(one, color)),
        sections::dropped(document),
        sections::sentences(&sections::lost(document)),
        sections::generator(document, |text| paint.bad(text)),
        sections::files(written),
    ] {
        if !section.is_empty() {
            let _ = writeln!(out, "{}", section.trim_end());
            out.push('\n');
        }
    }
    out.push_str(&verdict_line(document, color));
    out
}

/// The verdict alone, as a line: `FAILED (exit 1): 2 of 7 thresholds failed`.
pub fn verdict_line(document: &Document<'_>, color: bool) -> String {
    let line = inline(&document.verdict.line());
    let paint = Paint(color);
    let (word, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
    let word = if document.verdict.passed { paint.good(word) } else { paint.bad(word) };
    format!("{word}{rest}\n")
}
