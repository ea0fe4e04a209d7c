//! Plans and command lines that are refused: told on standard error, and in the reports that a
//! pipeline picks up, where those of an earlier run would be taken for this one's.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::baseline::BaselineOptions;
use super::ci::Ci;
use super::environment::Environment;
use super::lenient::understood;
use super::mistakes::variable;
use super::plans::Compiled;
use super::terminal::Terminal;
use crate::compare::as_in_results;
use crate::diagnostic::Severity;
use crate::document::{Document, RunInfo, is_results_file_in};
use crate::mask::Masker;
use crate::report::{Format, Json, Junit, OutputFiles, STDOUT, same_file, summary_line};
use crate::verdict::exit;

/// How many mistakes of a plan the reports tell.
const TOLD: usize = 20;
/// The folder for reports unless another is named.
pub(super) const OUT: &str = "loadplan-results";

/// Why nothing was sent.
#[derive(Debug, Default)]
pub(super) struct Refusal {
    /// In sentences, masked.
    reasons: Vec<String>,
    /// Whether a plan is why: then there is something to report even where no earlier run left reports.
    of_plan: bool,
    /// The plans' own names, where they could be read.
    names: Vec<(PathBuf, String)>,
    /// Files that the run reads: no report replaces one, not even that of the refusal.
    inputs: Vec<PathBuf>,
    /// Folders of earlier runs that the run reads.
    folders: Vec<PathBuf>,
    /// Whether it is for reports that cannot be written, and not for a plan or the command line.
    of_reports: bool,
}

impl Refusal {
    /// For a reason that was told already.
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reasons: vec![reason.into()], ..Self::default() }
    }

    /// For reports that cannot all be written, told already.
    pub(super) fn of_reports(reason: &str) -> Self {
        Self { of_reports: true, ..Self::new(reason) }
    }

    /// Whether plans are why.
    pub(super) fn is_of_plan(&self) -> bool {
        self.of_plan
    }

    /// Why, in sentences.
    pub(super) fn reasons(&self) -> &[String] {
        &self.reasons
    }

    /// The exit code that follows.
    pub(super) fn code(&self) -> u8 {
        if self.of_reports { exit::INTERNAL } else { exit::INVALID }
    }

    /// Notes files that no report may replace.
    pub(super) fn protect(&mut self, inputs: impl IntoIterator<Item = PathBuf>) {
        self.inputs.extend(inputs);
    }

    /// The same for the results of earlier runs.
    pub(super) fn protect_baseline(&mut self, baseline: &BaselineOptions) {
        self.protect(baseline.files());
        self.folders.extend_from_slice(&baseline.baseline);
    }

    /// Whether no report may replace a file.
    fn keeps(&self, file: &Path) -> bool {
        let lies_in = |folder: &PathBuf| is_results_file_in(folder, file);
        self.inputs.iter().any(|input| same_file(input, file)) || self.folders.iter().any(lies_in)
    }

    /// Tells an error with its help, and keeps the error.
    pub(super) fn tell(terminal: &Terminal, message: &str, help: &str) -> Self {
        terminal.error(message, help);
        Self::new(message)
    }

    /// Notes what a plan is called.
    pub(super) fn names(&mut self, path: &Path, name: &str, masker: &Masker) {
        self.names.push((path.to_owned(), as_in_results(masker, name)));
    }

    /// Notes a plan that was read, and why it cannot be run, if it cannot.
    pub(super) fn add(&mut self, path: &Path, compiled: &Compiled) {
        let masker = Masker::new(&compiled.secrets);
        if let Some(name) = &compiled.name {
            self.names(path, name, &masker);
        }
        self.protect(compiled.sources.paths().map(Path::to_owned).chain(compiled.files.iter().cloned()));
        if compiled.graph.is_some() {
            return;
        }
        self.of_plan = true;
        let errors = || compiled.findings.iter().filter(|finding| finding.severity == Severity::Error);
        for finding in errors().take(TOLD) {
            let file = crate::sanitize::shown_path(compiled.sources.path(finding.span.file));
            let (line, column) = compiled.sources.position(finding.span);
            self.reasons.push(masker.mask(&format!("{file}:{line}:{column}: {}", finding.message)).into_owned());
        }
        let more = errors().count().saturating_sub(TOLD);
        if more > 0 {
            self.reasons.push(format!("{}: {more} more mistakes", crate::sanitize::shown_path(path)));
        }
    }

    /// Writes the reports of every plan. For a mistake on the command line no folder `out` is made:
    /// only reports that are there are replaced, and those that are named are written.
    pub(super) fn write(
        &self,
        plans: &[PathBuf],
        out: &Path,
        wanted: impl Fn(&Path) -> Vec<(Box<dyn Format>, PathBuf)>,
        profiles: &[String],
        summary: bool,
        terminal: &Terminal,
    ) {
        for path in plans {
            let stem = || path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            let name = self.names.iter().find(|(of, _)| of == path).map_or_else(stem, |(_, name)| name.clone());
            let info = RunInfo::now(&format!("{:016x}", rand::random::<u64>()), 0, profiles, path, None);
            let mut document = Document::refused(&info, &name, path, self.reasons.clone());
            document.verdict.exit_code = self.code();
            let mut wanted = wanted(path);
            // Of several that go to one file, JUnit: it is red whenever the exit code is not 0.
            wanted.sort_by_key(|(format, _)| format.name() != Junit::default().name());
            let mut files = OutputFiles::default();
            let mut taken: Vec<PathBuf> = Vec::new();
            for (format, file) in wanted {
                // What was named as an output by mistake is not lost for it.
                let mut kept = plans.iter().chain(&taken);
                let is_kept = kept.any(|kept| same_file(kept, &file)) || self.keeps(&file);
                if file == Path::new(STDOUT) && (format.name() != Json.name() || summary) {
                    continue;
                }
                if is_kept || !(self.of_plan || file.exists() || !file.starts_with(out)) {
                    continue;
                }
                taken.push(file.clone());
                if let Err(error) = files.also(format, file)
                    && !self.reasons.contains(&error.message)
                {
                    terminal.warning(&error.message, &error.help);
                }
            }
            let written = files.write(&mut document);
            if summary {
                terminal.out_for_programs(&summary_line(&document, &written));
            }
        }
    }
}

/// Writes reports for a `run` whose command line is not understood: those it names, and those of
/// an earlier run. A CI server is told too.
pub(super) fn of_command_line(
    args: &[OsString],
    error: &clap::Error,
    environment: &Environment,
    ci: &mut Ci,
    terminal: &mut Terminal,
) {
    let Some(understood) = understood(args) else { return };
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let reason = first.strip_prefix("error: ").unwrap_or(first);
    let from = variable(error, environment).map(|name| format!(" (from the environment variable {name})"));
    let from = from.unwrap_or_default();
    let refusal = Refusal::new(format!("the command line is not valid: {reason}{from}"));
    super::run::refused(&understood, refusal, ci, terminal);
}
