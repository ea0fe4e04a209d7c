//! Findings drawn for people, for machines and for GitHub.

use std::collections::HashMap;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};
use serde_json::json;

use super::source::{self, SecretLines};
use super::{Diagnostic, FileId, Severity, Sources, Span};
use crate::ci::{Annotation, Level as Gravity, github};
use crate::mask::Masker;
use crate::sanitize::{defused, one_line, short};

/// How long a message may be, in characters.
const LONGEST: usize = 1000;

/// How many findings are drawn for people; nobody reads more at once.
const TOLD: usize = 200;

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Text with the source line and a caret under the value.
    Text,
    /// One JSON array.
    Json,
    /// GitHub workflow commands that annotate the plan in a pull request.
    Github,
}

/// Draws findings in order of place, without the secrets that `masker` knows and those that stand
/// in the plan. `color` applies to text only.
pub fn render(findings: &[Diagnostic], sources: &Sources, format: Format, color: bool, masker: &Masker) -> String {
    match format {
        Format::Text => {
            let sorted = in_order(findings);
            let mut pen = Pen { sources, masker, color, secrets: HashMap::new() };
            let mut told: String = sorted.iter().take(TOLD).map(|finding| pen.text(finding) + "\n\n").collect();
            if sorted.len() > TOLD {
                told.push_str(&format!("These are the first {TOLD} of {} findings.\n\n", sorted.len()));
            }
            told
        }
        Format::Json => serde_json::to_string_pretty(&json(findings, sources, masker)).unwrap_or_default() + "\n",
        Format::Github => in_order(findings)
            .into_iter()
            .map(|finding| github::annotation(&annotation(finding, sources, masker)) + "\n")
            .collect(),
    }
}

/// Findings as JSON objects, in order of place.
pub fn json(findings: &[Diagnostic], sources: &Sources, masker: &Masker) -> Vec<serde_json::Value> {
    in_order(findings).into_iter().map(|finding| json_finding(finding, sources, masker)).collect()
}

fn in_order(findings: &[Diagnostic]) -> Vec<&Diagnostic> {
    let mut sorted: Vec<&Diagnostic> = findings.iter().collect();
    sorted.sort_by_key(|finding| (finding.span.file, finding.span.start, finding.severity));
    sorted
}

/// A message as it is reported: without secrets, on one line, and no longer than anybody reads.
fn masked_line(text: &str, masker: &Masker) -> String {
    short(&one_line(&masker.beginning(text, LONGEST)), LONGEST).into_owned()
}

/// Draws findings for people.
struct Pen<'s> {
    sources: &'s Sources,
    masker: &'s Masker,
    color: bool,
    /// The lines of each file that hold values of `secrets:`.
    secrets: HashMap<FileId, SecretLines>,
}

impl Pen<'_> {
    fn text(&mut self, finding: &Diagnostic) -> String {
        let renderer = if self.color { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let (sources, masker) = (self.sources, self.masker);
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let path = crate::sanitize::shown_path(sources.path(finding.span.file));
        let title = level.primary_title(masked_line(&finding.message, masker));
        let help = finding.help.as_deref().map(|help| masked_line(help, masker));
        let Some(file) = sources.file(finding.span.file).filter(|file| !file.text.is_empty()) else {
            let (line, column) = sources.position(finding.span);
            let mut main = title.element(Origin::path(path).line(line).char_column(column));
            if let Some(help) = help {
                main = main.element(Level::HELP.message(help));
            }
            return renderer.render(&[main]);
        };
        let here = |span: Span| span.file == finding.span.file;
        let place = first_line(finding.span, &file.text);
        let related: Vec<(Range<usize>, String)> = finding
            .related
            .iter()
            .filter(|(span, _)| here(*span))
            .map(|(span, note)| (first_line(*span, &file.text), masked_line(note, masker)))
            .collect();
        let patch = finding
            .fix
            .as_ref()
            .filter(|fix| here(fix.span) && sources.text(fix.span).lines().count() <= 1)
            .map(|fix| (whole(fix.span, &file.text), defused(&masker.mask(&fix.replacement))));
        let mut asked: Vec<Range<usize>> =
            std::iter::once(&place).chain(related.iter().map(|(range, _)| range)).cloned().collect();
        asked.extend(patch.iter().map(|(range, _)| range.clone()));
        let (first, lines) = file.lines_of(&asked);
        let secrets =
            self.secrets.entry(finding.span.file).or_insert_with(|| SecretLines::find(&file.text, &sources.sections));
        let shown = source::shown(file, lines.clone(), &asked, secrets, masker);
        let within = |range: &Range<usize>| range.start - lines.start..range.end - lines.start;
        let notes = related.iter().map(|(range, note)| AnnotationKind::Context.span(within(range)).label(note.clone()));
        let snippet = Snippet::source(shown.as_str()).line_start(first).path(path.clone());
        let mut groups = Vec::new();
        let mut main =
            title.element(snippet.annotation(AnnotationKind::Primary.span(within(&place))).annotations(notes));
        match (help, &patch) {
            (help, Some((range, replacement))) => {
                groups.push(main);
                let words = help.unwrap_or_else(|| "write this instead".into());
                let patched = Snippet::source(shown.as_str()).line_start(first).path(path.clone());
                groups.push(
                    Level::HELP
                        .secondary_title(words)
                        .element(patched.patch(Patch::new(within(range), replacement.as_str()))),
                );
            }
            (Some(help), None) => {
                main = main.element(Level::HELP.message(help));
                groups.push(main);
            }
            (None, None) => groups.push(main),
        }
        let report: &[Group<'_>] = &groups;
        renderer.render(report)
    }
}

/// A span as a range of whole characters of the text; at least one character, if there is one.
fn whole(span: Span, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(span.start as usize);
    start..text.ceil_char_boundary(span.end as usize).max(start)
}

/// A span's range, cut at the end of its first line; at least one character of that line.
fn first_line(span: Span, text: &str) -> Range<usize> {
    let whole = whole(span, text);
    let line_end = text[whole.start..].find('\n').map_or(text.len(), |at| whole.start + at);
    let one = text[whole.start..].chars().next().map_or(0, char::len_utf8);
    whole.start..whole.end.max(whole.start + one).min(line_end).max(whole.start)
}

fn json_finding(finding: &Diagnostic, sources: &Sources, masker: &Masker) -> serde_json::Value {
    let (line, column) = sources.position(finding.span);
    let end = |span: Span| sources.position(Span { start: span.end, ..span });
    let (end_line, end_column) = end(finding.span);
    let fix = finding.fix.as_ref().map(|fix| {
        let ((line, column), (end_line, end_column)) = (sources.position(fix.span), end(fix.span));
        let replacement = defused(&masker.mask(&fix.replacement));
        json!({
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
            "replacement": replacement,
        })
    });
    json!({
        "severity": match finding.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "file": crate::sanitize::shown_path(sources.path(finding.span.file)),
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "message": masked_line(&finding.message, masker),
        "help": finding.help.as_deref().map(|help| masked_line(help, masker)),
        "replacement": finding.fix.as_ref().map(|fix| defused(&masker.mask(&fix.replacement))),
        "fix": fix,
    })
}

/// A finding for CI servers, which show it at its line.
pub fn annotation(finding: &Diagnostic, sources: &Sources, masker: &Masker) -> Annotation {
    let (line, column) = sources.position(finding.span);
    let level = match finding.severity {
        Severity::Error => Gravity::Error,
        Severity::Warning => Gravity::Warning,
    };
    let mut message = finding.message.clone();
    if let Some(help) = &finding.help {
        message = format!("{message}: {help}");
    }
    if let Some(fix) = finding.fix.as_ref().filter(|fix| !message.contains(&fix.replacement)) {
        message = format!("{message}; write `{}`", fix.replacement);
    }
    let file = crate::sanitize::shown_path(sources.path(finding.span.file));
    let message = masked_line(&message, masker);
    Annotation { level, file, line, column: Some(column), title: "loadplan".into(), message }
}
