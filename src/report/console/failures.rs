//! What failed and why, in the end-of-run text. A part with nothing to tell is empty.

use std::fmt::Write as _;

use super::Paint;
use super::sections::{counted, label};
use crate::document::{Assertion, Document, Error};
use crate::figures::count;
use crate::report::causes;
use crate::sanitize::{inline, quoted, short};

/// How many causes are shown.
const ERRORS: usize = 10;
/// How many failed assertions are shown.
const ASSERTIONS: usize = 20;
/// How many hints are shown.
const HINTS: usize = 10;
/// How many requests that failed alike are named.
const NAMED: usize = 5;
/// How many different values are shown.
const VALUES: usize = 3;
/// How many lines of a response are shown.
const RESPONSE_LINES: usize = 8;
/// How much of a value is shown, in characters.
const VALUE_WIDTH: usize = 160;

/// Assertions of one text that failed with the same values.
struct FailedAlike {
    text: String,
    expected: Option<String>,
    actual: Vec<String>,
    results: Vec<Assertion>,
}

impl FailedAlike {
    fn failed(&self) -> u64 {
        self.results.iter().map(|result| result.failed).sum()
    }
}

fn failed_alike(document: &Document<'_>) -> Vec<FailedAlike> {
    let mut found: Vec<FailedAlike> = Vec::new();
    for result in document.assertions.iter().filter(|result| result.failed > 0) {
        let errors: Vec<&Error> = document.errors.iter().filter(|error| result.explains(error)).collect();
        let expected = errors.iter().find_map(|error| error.expected.clone());
        let mut actual: Vec<String> = Vec::new();
        for one in errors.iter().flat_map(|error| &error.actual) {
            let one = short(one, VALUE_WIDTH).into_owned();
            if actual.len() < VALUES && !actual.contains(&one) {
                actual.push(one);
            }
        }
        let alike = |known: &&mut FailedAlike| {
            (&known.text, &known.expected, &known.actual) == (&result.text, &expected, &actual)
        };
        match found.iter_mut().find(alike) {
            Some(known) => known.results.push(result),
            None => found.push(FailedAlike { text: result.text.clone(), expected, actual, results: vec![result] }),
        }
    }
    found.sort_by_key(|one| std::cmp::Reverse(one.failed()));
    found
}

/// Assertions that failed; the same one on several requests is told once.
pub(super) fn assertions(document: &Document<'_>, paint: Paint) -> String {
    let failed = failed_alike(document);
    let mut text = String::new();
    for one in failed.iter().take(ASSERTIONS) {
        let place = |result: &Assertion| document.place(result.file.as_ref(), result.line).to_string();
        let (whose, at) = match one.results.as_slice() {
            [only] => (label(only.title()), place(only)),
            several => (counted(several.len() as u64, "request"), String::new()),
        };
        let line = format!("  {} {whose}: {}  {}", paint.bad("✗"), inline(&one.text), paint.faint(&at));
        let _ = writeln!(text, "{}", line.trim_end());
        let judged: u64 = one.results.iter().map(|result| result.failed + result.passed).sum();
        let _ = writeln!(text, "    failed {} of {}", count(one.failed()), count(judged));
        if let Some(expected) = &one.expected {
            let _ = writeln!(text, "    expected {}", short(&inline(expected), VALUE_WIDTH));
        }
        for actual in &one.actual {
            text.push_str(&quoted(&format!("got {actual}"), "    "));
        }
        if one.results.len() > 1 {
            let named = one.results.iter().map(|result| {
                let failed = format!("{} of {}", count(result.failed), count(result.failed + result.passed));
                (result.title().to_owned(), failed, place(result))
            });
            list(&mut text, named, paint);
        }
    }
    titled(paint, "failed assertions", text, failed.len(), ASSERTIONS)
}

/// Everything else that failed, by cause: failures of assertions are told above.
pub(super) fn errors(document: &Document<'_>, paint: Paint) -> String {
    let errors = document.errors.iter().enumerate().filter(|(_, error)| error.assertion.is_none());
    let groups = causes::by_cause(document, errors);
    let mut text = String::new();
    for group in groups.iter().take(ERRORS) {
        let place = |error: &Error| document.place(error.file.as_ref(), error.line).to_string();
        let (whose, kind, at) = match group.errors.as_slice() {
            [(_, only)] => (label(only.title()), only.kind.word(), place(only)),
            errors => {
                let kind = errors.first().map_or("", |(_, first)| first.kind.word());
                (counted(group.titles().len() as u64, "request"), kind, String::new())
            }
        };
        let line = format!("  {} {} × {whose} [{kind}]  {}", paint.bad("✗"), count(group.count), paint.faint(&at));
        let _ = writeln!(text, "{}", line.trim_end());
        if !group.is_told_by_values() {
            text.push_str(&quoted(&short(&group.sentence(), 4 * VALUE_WIDTH), "    "));
        }
        for actual in group.actual(VALUES) {
            text.push_str(&quoted(&format!("got {}", short(actual, VALUE_WIDTH)), "    "));
        }
        if group.errors.len() > 1 {
            let named = group.errors.iter();
            let named = named.map(|(_, error)| (error.title().to_owned(), count(error.count), place(error)));
            list(&mut text, named, paint);
        }
        let response = group.errors.iter().find_map(|(_, error)| error.example.as_ref());
        let response = response.map_or("", |example| &example.response);
        let lines: Vec<_> = response.lines().take(RESPONSE_LINES).map(|line| short(line, VALUE_WIDTH)).collect();
        if !lines.is_empty() {
            let _ = writeln!(text, "    one response:");
            text.push_str(&quoted(&lines.join("\n"), "      "));
        }
    }
    titled(paint, "errors", text, groups.len(), ERRORS)
}

/// The requests that failed alike: name, how often, place.
fn list(text: &mut String, named: impl ExactSizeIterator<Item = (String, String, String)>, paint: Paint) {
    let all = named.len();
    for (title, failed, place) in named.take(NAMED) {
        let _ = writeln!(text, "    - {}: {failed}  {}", label(&title), paint.faint(&place));
    }
    if all > NAMED {
        let _ = writeln!(text, "    - and {} more", all - NAMED);
    }
}

/// What failures and figures suggest, a line for each.
pub(super) fn hints(document: &Document<'_>, paint: Paint) -> String {
    let hints = causes::hints(document, HINTS);
    let text: String = hints.iter().map(|hint| format!("  - {}\n", inline(hint))).collect();
    titled(paint, "hints", text, hints.len(), HINTS)
}

fn titled(paint: Paint, title: &str, mut text: String, all: usize, shown: usize) -> String {
    if text.is_empty() {
        return text;
    }
    if all > shown {
        let _ = writeln!(text, "  and {} more; results.json has them all", all - shown);
    }
    format!("{}\n{text}", paint.title(title))
}
