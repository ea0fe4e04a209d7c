//! Findings drawn for people, for machines and for GitHub.

use std::borrow::Cow;
use std::sync::LazyLock;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use regex::Regex;
use serde_json::json;

use super::{Diagnostic, Severity, Sources};
use crate::ci::{Annotation, Level as Gravity, github};

/// How many findings are drawn for people; nobody reads more at once.
const TOLD: usize = 200;

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: the source line with a caret under the value.
    Text,
    /// One JSON array.
    Json,
    /// GitHub's workflow commands, which annotate the plan in a pull request.
    Github,
}

/// Draws findings in order of place. `color` applies to text only.
pub fn render(findings: &[Diagnostic], sources: &Sources, format: Format, color: bool) -> String {
    let mut sorted: Vec<&Diagnostic> = findings.iter().collect();
    sorted.sort_by_key(|finding| (finding.span.file, finding.span.start, finding.severity));
    match format {
        Format::Text => {
            let told = sorted.iter().take(TOLD).map(|finding| text(finding, sources, color) + "\n\n");
            let mut told: String = told.collect();
            if sorted.len() > TOLD {
                told.push_str(&format!("These are the first {TOLD} of {} findings.\n\n", sorted.len()));
            }
            told
        }
        Format::Json => serde_json::to_string_pretty(&json(findings, sources)).unwrap_or_default() + "\n",
        Format::Github => {
            sorted.iter().map(|finding| github::annotation(&annotation(finding, sources)) + "\n").collect()
        }
    }
}

/// Findings as JSON objects, in order of place.
pub fn json(findings: &[Diagnostic], sources: &Sources) -> Vec<serde_json::Value> {
    let mut sorted: Vec<&Diagnostic> = findings.iter().collect();
    sorted.sort_by_key(|finding| (finding.span.file, finding.span.start, finding.severity));
    sorted.into_iter().map(|finding| json_finding(finding, sources)).collect()
}

fn text(finding: &Diagnostic, sources: &Sources, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let path = crate::plan::shown_path(sources.path(finding.span.file));
    let title = level.primary_title(visible(&finding.message));
    let mut groups = Vec::new();
    let source = sources.file(finding.span.file).filter(|file| !file.text.is_empty());
    let shown = source.map_or(Cow::Borrowed(""), |file| without_passwords(&file.text, finding.span.start as usize));
    let mut main = match source {
        Some(file) => {
            let mut snippet = Snippet::source(&*shown)
                .path(path.clone())
                .annotation(AnnotationKind::Primary.span(first_line(finding, &file.text)));
            for (span, note) in finding.related.iter().filter(|(span, _)| span.file == finding.span.file) {
                let range = span.start as usize..(span.end.max(span.start + 1) as usize).min(file.text.len());
                snippet = snippet.annotation(AnnotationKind::Context.span(range).label(visible(note)));
            }
            title.element(snippet)
        }
        None => title.element(annotate_snippets::Origin::path(path.clone())),
    };
    let patch = finding.fix.as_ref().zip(source).filter(|(fix, _)| sources.text(fix.span).lines().count() <= 1);
    match (&finding.help, patch) {
        (help, Some((fix, _))) => {
            groups.push(main);
            let range = fix.span.start as usize..fix.span.end as usize;
            let words = help.as_deref().unwrap_or("write this instead");
            groups.push(
                Level::HELP
                    .secondary_title(visible(words))
                    .element(Snippet::source(&*shown).path(path).patch(Patch::new(range, fix.replacement.as_str()))),
            );
        }
        (Some(help), None) => {
            main = main.element(Level::HELP.message(visible(help)));
            groups.push(main);
        }
        (None, None) => groups.push(main),
    }
    let report: &[Group<'_>] = &groups;
    renderer.render(report)
}

/// A file's text as it may be shown around a place: where the line there holds a URL with a
/// password, the password is written over, byte by byte so that every place stays where it is.
fn without_passwords(text: &str, place: usize) -> Cow<'_, str> {
    // The password ends at the line's last `@` before a space or a quote: it may hold one itself.
    static PASSWORD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"://[^\s/'":]*:([^\s'"]*)@"#).ok());
    let place = place.min(text.len());
    let start = text.as_bytes()[..place].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end = text.as_bytes()[place..].iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| place + at);
    let line = &text[start..end];
    let Some(found) = PASSWORD.as_ref().and_then(|password| password.captures(line)).and_then(|found| found.get(1))
    else {
        return Cow::Borrowed(text);
    };
    let hidden = start + found.start()..start + found.end();
    Cow::Owned(format!("{}{}{}", &text[..hidden.start], "*".repeat(hidden.len()), &text[hidden.end..]))
}

/// The finding's range, cut at the end of its first line.
fn first_line(finding: &Diagnostic, text: &str) -> std::ops::Range<usize> {
    let start = (finding.span.start as usize).min(text.len());
    let end = (finding.span.end.max(finding.span.start + 1) as usize).min(text.len()).max(start);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    start..end.min(line_end).max(start)
}

fn json_finding(finding: &Diagnostic, sources: &Sources) -> serde_json::Value {
    let (line, column) = sources.position(finding.span);
    let end = super::Span { start: finding.span.end, ..finding.span };
    let (end_line, end_column) = sources.position(end);
    json!({
        "severity": match finding.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "file": crate::plan::shown_path(sources.path(finding.span.file)),
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "message": finding.message,
        "help": finding.help,
        "replacement": finding.fix.as_ref().map(|fix| &fix.replacement),
    })
}

/// A finding for CI servers, which show it at its line.
pub fn annotation(finding: &Diagnostic, sources: &Sources) -> Annotation {
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
    let file = crate::plan::shown_path(sources.path(finding.span.file));
    Annotation { level, file, line, column: Some(column), title: "loadplan".into(), message }
}

/// Text without control characters, so that a hostile plan cannot move the cursor.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
}
