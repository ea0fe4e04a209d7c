//! What a CI server is told beside the reports. The environment says which server it is; a file
//! of its that cannot be written is a warning and never changes the verdict.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::plans::Compiled;
use super::refusal::Refusal;
use super::terminal::Terminal;
use crate::ci::{ANNOTATIONS, Annotation, Level, azure, github};
use crate::diagnostic::annotation;
use crate::document::Document;
use crate::mask::Masker;
use crate::report::{Format, Html, Json, Junit, Markdown, Written, annotations};
use crate::verdict::exit;

/// Gathers what the plans of one step have to tell.
#[derive(Default)]
pub(super) struct Ci {
    github: Option<GitHub>,
    azure: bool,
    /// With each its place among those of its plan.
    annotations: Vec<(usize, Annotation)>,
    requests: u64,
    failed: u64,
    p95_ms: Option<f64>,
    written: Vec<Written>,
}

/// The files GitHub names.
struct GitHub {
    summary: Option<PathBuf>,
    output: Option<PathBuf>,
}

impl Ci {
    /// The server that started this process.
    pub(super) fn new(variable: impl Fn(&str) -> Option<String>) -> Self {
        let path = |name| variable(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        let github = (variable("GITHUB_ACTIONS").as_deref() == Some("true"))
            .then(|| GitHub { summary: path("GITHUB_STEP_SUMMARY"), output: path("GITHUB_OUTPUT") });
        let azure = variable("TF_BUILD").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        Self { github, azure, ..Self::default() }
    }

    /// A plan has ended and its reports are written.
    pub(super) fn add(&mut self, document: &Document<'_>, written: &[Written], terminal: &Terminal) {
        if self.github.is_none() && !self.azure {
            return;
        }
        self.annotations.extend(annotations(document).into_iter().take(ANNOTATIONS).enumerate());
        let totals = &document.totals;
        self.requests += totals.count;
        self.failed += totals.failed;
        let p95 = totals.response_time.as_ref().map(|times| times.p95_ms);
        self.p95_ms = self.p95_ms.into_iter().chain(p95).reduce(f64::max);
        self.written.extend_from_slice(written);
        if let Some(path) = self.github.as_ref().and_then(|github| github.summary.as_deref())
            && let Err(error) = summarize(document, path)
        {
            warn(terminal, "the step summary", path, &error);
        }
    }

    /// A plan was read. One that cannot run leaves nothing but its findings; what is told of one
    /// that can is said when it has ended.
    pub(super) fn add_findings(&mut self, compiled: &Compiled) {
        if compiled.graph.is_some() || (self.github.is_none() && !self.azure) {
            return;
        }
        let masker = Masker::new(&compiled.secrets);
        let found = compiled.findings.iter().map(|finding| annotation(finding, &compiled.sources, &masker));
        let mut found: Vec<Annotation> = found.collect();
        found.sort_by_key(|one| (one.level, one.line));
        self.annotations.extend(found.into_iter().take(ANNOTATIONS).enumerate());
    }

    /// Nothing was sent: why, at the plan's first line. What is wrong in a plan is told at its own places.
    pub(super) fn add_refusal(&mut self, plan: &Path, refusal: &Refusal) {
        if refusal.is_of_plan() || (self.github.is_none() && !self.azure) {
            return;
        }
        let told = refusal.reasons().iter().map(|reason| Annotation {
            level: Level::Error,
            file: crate::sanitize::shown_path(plan),
            line: 1,
            column: None,
            title: "nothing was sent".into(),
            message: reason.clone(),
        });
        self.annotations.extend(told.take(ANNOTATIONS).enumerate());
    }

    /// Every plan has ended, with this exit code: annotations and outputs.
    pub(super) fn finish(mut self, code: u8, terminal: &Terminal) {
        // The worst of each plan before the second worst of any.
        self.annotations.sort_by_key(|(place, one)| (one.level, *place));
        let render: Option<fn(&Annotation) -> String> = match (&self.github, self.azure) {
            (Some(_), _) => Some(github::annotation),
            (None, true) => Some(azure::issue),
            (None, false) => None,
        };
        if let Some(render) = render {
            let lines: String = self.annotations.iter().take(ANNOTATIONS).map(|(_, one)| render(one) + "\n").collect();
            terminal.out(&lines);
        }
        if self.azure {
            for path in self.paths(Markdown.name()) {
                terminal.out(&format!("{}\n", azure::upload_summary(&path)));
            }
        }
        if let Some(path) = self.github.as_ref().and_then(|github| github.output.as_deref())
            && let Err(error) = append(path, &self.outputs(code))
        {
            warn(terminal, "the step's outputs", path, &error);
        }
    }

    /// What later steps may read. With several plans: all their requests, the slowest p95, and the
    /// paths on a line each.
    fn outputs(&self, code: u8) -> String {
        let paths = |name| {
            let paths: Vec<_> = self.paths(name).map(|path| path.to_string_lossy().into_owned()).collect();
            paths.join("\n")
        };
        let error_rate = (self.requests > 0).then(|| self.failed as f64 / self.requests as f64);
        let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let verdict = if code == exit::PASSED { "passed" } else { "failed" };
        [
            ("verdict", verdict.to_owned()),
            ("exit_code", code.to_string()),
            ("p95_ms", number(self.p95_ms)),
            ("error_rate", number(error_rate)),
            ("requests", self.requests.to_string()),
            ("results", paths(Json.name())),
            ("junit", paths(Junit::default().name())),
            ("report", paths(Html.name())),
        ]
        .iter()
        .map(|(name, value)| github::output(name, value))
        .collect()
    }

    /// The written files of this name; absolute, for the next step may start in another folder.
    fn paths<'s>(&'s self, name: &'static str) -> impl Iterator<Item = PathBuf> + 's {
        let named = self.written.iter().filter(move |file| file.name == name);
        named.map(|file| std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone()))
    }
}

/// Adds a plan's summary to the step's.
fn summarize(document: &Document<'_>, path: &Path) -> std::io::Result<()> {
    let mut text = Vec::new();
    Markdown.render(document, &mut text)?;
    let text = String::from_utf8_lossy(&text);
    let present = match std::fs::metadata(path) {
        Ok(file) => usize::try_from(file.len()).unwrap_or(usize::MAX),
        Err(_) => 0,
    };
    // Markdown needs an empty line between what is there and what comes.
    let text = if present > 0 { format!("\n\n{text}") } else { text.into_owned() };
    match github::fitting(&text, present) {
        Some(text) => append(path, &text),
        None => Err(std::io::Error::other("it is full; GitHub shows no more than 1 MiB for each step")),
    }
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
}

fn warn(terminal: &Terminal, what: &str, path: &Path, error: &std::io::Error) {
    terminal.warning(&format!("{what} could not be written to {}: {error}", path.display()), "");
}
