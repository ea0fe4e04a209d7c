//! `loadplan report`: any format again from saved results.

use std::path::PathBuf;

use super::terminal::Terminal;
use crate::compare::suggested_thresholds;
use crate::document::Document;
use crate::document::{read, results_file};
use crate::report::{Format, GitLab, Html, Junit, JunitStyle, Markdown, OutputFiles, Table, console, same_file};
use crate::verdict::exit;

const EXIT_CODES: &str = "\
Exit codes (they describe the report, not the run):
  0  written
  2  the results file or the command line is invalid
  4  a report could not be written";

/// Create reports from the results.json of a run; without options, print its summary
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The results.json of a run, or its folder
    #[arg(value_name = "RESULTS")]
    results: PathBuf,
    /// Write report.html to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write junit.xml to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Use `xunit` for Jenkins' xUnit plugin, which rejects file and line
    #[arg(long, value_enum, default_value_t = JunitStyle::Default)]
    junit_style: JunitStyle,
    /// Write a CSV table to this file: a row per sampler and transaction, and one for the total. (results.json does
    /// not contain the individual samples of `run --csv`)
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    forges: Forges,
    /// Print suggested thresholds as YAML: the run's own figures with a margin from their variation
    #[arg(long)]
    suggest_thresholds: bool,
}

/// Reports for the servers that host repositories.
#[derive(Debug, clap::Args)]
pub(super) struct Forges {
    /// Also write a Markdown summary for a pull request to this file
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Also write the input of GitLab's load performance widget to this file
    #[arg(long, value_name = "FILE")]
    gitlab: Option<PathBuf>,
}

impl Forges {
    /// Whether a file is named.
    pub(super) fn any(&self) -> bool {
        self.markdown.is_some() || self.gitlab.is_some()
    }

    /// The files that are named, with their options.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        let named = [("--markdown", &self.markdown), ("--gitlab", &self.gitlab)];
        named.into_iter().filter_map(|(option, file)| Some((option, file.as_ref()?)))
    }

    /// The formats that are wanted, and where.
    pub(super) fn wanted(&self) -> impl Iterator<Item = (Box<dyn Format>, PathBuf)> {
        let wanted: [(Box<dyn Format>, _); 2] =
            [(Box::new(Markdown), self.markdown.clone()), (Box::new(GitLab), self.gitlab.clone())];
        wanted.into_iter().filter_map(|(format, path)| Some((format, path?)))
    }
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> u8 {
    let tell = |message: &str, help: &str| terminal.error(message, help);
    let document = match read(&args.results) {
        Ok(document) => document,
        Err(error) => {
            tell(&error.message, &error.help);
            return exit::INVALID;
        }
    };
    let own: [(Box<dyn Format>, _); 3] = [
        (Box::new(Html), &args.html),
        (Box::new(Junit { style: args.junit_style }), &args.junit),
        (Box::new(Table), &args.csv),
    ];
    let own = own.into_iter().filter_map(|(format, path)| Some((format, path.clone()?)));
    let wanted: Vec<_> = own.chain(args.forges.wanted()).collect();
    if args.suggest_thresholds {
        match suggested_thresholds(&document, &results_file(&args.results)) {
            Ok(text) => terminal.out(&text),
            Err(error) => {
                tell(&error.message, &error.help);
                return exit::INVALID;
            }
        }
    }
    if wanted.is_empty() && args.suggest_thresholds {
        return exit::PASSED;
    }
    if wanted.is_empty() {
        terminal.out(&console::summary(&document, &[], terminal.color));
        return exit::PASSED;
    }
    if let Some((message, help)) = clash(&wanted, &[results_file(&args.results).into_owned()]) {
        tell(&message, help);
        return exit::INVALID;
    }
    // Each on its own: one that cannot be written must not turn the verdict the others tell.
    let opened: Result<Vec<_>, _> = wanted.into_iter().map(|one| OutputFiles::open(vec![one])).collect();
    match opened {
        Ok(files) => files.into_iter().fold(exit::PASSED, |code, file| code.max(write(file, &document, terminal))),
        Err(error) => {
            tell(&error.message, &error.help);
            exit::INTERNAL
        }
    }
}

fn write(files: OutputFiles, document: &Document<'_>, terminal: &Terminal) -> u8 {
    let mut document = document.clone();
    let written = files.write(&mut document);
    for file in &written {
        // A report may go to standard output.
        terminal.err(&format!("{}: {}\n", file.name, crate::sanitize::path(&file.path)));
    }
    if written.is_empty() {
        let why = document.verdict.reasons.first().map_or("a report could not be written", |reason| reason);
        terminal.error(why, "choose another path, or free some space");
        return exit::INTERNAL;
    }
    exit::PASSED
}

/// A file that is named twice, or that is read: what is wrong, and the remedy.
pub(super) fn clash(wanted: &[(Box<dyn Format>, PathBuf)], read: &[PathBuf]) -> Option<(String, &'static str)> {
    wanted.iter().enumerate().find_map(|(index, (format, path))| {
        let (format, shown) = (format.name(), path.display());
        if read.iter().any(|read| same_file(path, read)) {
            return Some((format!("{format} would replace {shown}, which it is made from"), "name another file"));
        }
        let (other, _) = wanted[..index].iter().find(|(_, other)| same_file(path, other))?;
        Some((format!("{} and {format} would both be written to {shown}", other.name()), "give each its own file"))
    })
}
