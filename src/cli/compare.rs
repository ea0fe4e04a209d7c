//! `loadplan compare`: runs that were made earlier, held against each other.

use std::path::PathBuf;

use super::baseline::{self, ToleranceOption};
use super::report::clash;
use super::terminal::Terminal;
use crate::compare::{PERCENTILES, compare, read_summary, strangers, summary_of};
use crate::document::Document;
use crate::document::Judgement;
use crate::document::{VerdictInfo, read, results_file};
use crate::problem::Problem;
use crate::report::comparison::{self, ComparisonJson, ComparisonMarkdown};
use crate::report::{Format, JunitStyle, OutputFiles, RegressionJunit};
use crate::verdict::exit;

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing regressed
  1  something regressed
  2  a file or the command line is invalid
  4  a file could not be written";

/// Compare a run with earlier ones: what regressed, what improved, and what is only noise
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct Args {
    /// The results.json files of the earlier runs, followed by that of the new run
    #[arg(required = true, num_args = 2.., value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    tolerance: ToleranceOption,
    /// Also write the comparison as Markdown to this file
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
    /// Also write the comparison as JSON to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also write a JUnit file with one test case per sampler
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Use `xunit` for Jenkins' xUnit plugin, which rejects file and line
    #[arg(long, value_enum, default_value_t = JunitStyle::Default)]
    junit_style: JunitStyle,
    /// Print only the verdict
    #[arg(long, short)]
    quiet: bool,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> u8 {
    let mut document = match compared(args) {
        Ok(document) => document,
        Err(error) => {
            baseline::tell(&error, terminal);
            return exit::INVALID;
        }
    };
    let wanted = wanted(args);
    let read_files: Vec<PathBuf> = args.files.iter().map(|file| results_file(file).into_owned()).collect();
    if let Some((message, help)) = clash(&wanted, &read_files) {
        terminal.error(&message, help);
        return exit::INVALID;
    }
    let files = match OutputFiles::open(wanted) {
        Ok(files) => files,
        Err(error) => {
            terminal.error(&error.message, &error.help);
            return exit::INTERNAL;
        }
    };
    let written = files.write(&mut document);
    let Some(comparison) = &document.regression else { return exit::INTERNAL };
    let mut out = if args.quiet { String::new() } else { comparison::console(comparison, terminal.color) + "\n" };
    if !args.quiet && !written.is_empty() {
        written
            .iter()
            .for_each(|file| out.push_str(&format!("{}: {}\n", file.name, crate::sanitize::path(&file.path))));
        out.push('\n');
    }
    // A file that could not be written weighs more than what the comparison says.
    out.push_str(&match document.verdict.exit_code {
        exit::INTERNAL => crate::report::console::verdict_line(&document, terminal.color),
        _ => comparison::verdict_line(comparison, terminal.color),
    });
    terminal.out(&out);
    document.verdict.exit_code
}

/// The new run's document with the comparison and the verdict on it.
fn compared(args: &Args) -> Result<Document<'static>, Problem> {
    let Some((new, base)) = args.files.split_last() else {
        return Err(Problem::new("no file is named", "name two results.json"));
    };
    let baseline = base.iter().map(|file| read_summary(file, &PERCENTILES)).collect::<Result<Vec<_>, _>>()?;
    let mut document = read(new)?;
    let comparison = compare(&summary_of(&document, new, &PERCENTILES)?, &baseline, args.tolerance.get());
    if comparison.samplers.is_empty() {
        return Err(strangers(&format!("{} has no request in common with the baseline", new.display())));
    }
    let regressed = comparison.verdict == Judgement::Regressed;
    document.verdict = VerdictInfo {
        passed: !regressed,
        exit_code: if regressed { exit::FAILED } else { exit::PASSED },
        reasons: regressed.then(|| comparison.summary.clone()).into_iter().collect(),
        summary: comparison.summary.clone(),
    };
    document.regression = Some(comparison);
    Ok(document)
}

fn wanted(args: &Args) -> Vec<(Box<dyn Format>, PathBuf)> {
    let mut wanted: Vec<(Box<dyn Format>, PathBuf)> = Vec::new();
    if let Some(path) = &args.markdown {
        wanted.push((Box::new(ComparisonMarkdown), path.clone()));
    }
    if let Some(path) = &args.json {
        wanted.push((Box::new(ComparisonJson), path.clone()));
    }
    if let Some(path) = &args.junit {
        wanted.push((Box::new(RegressionJunit { style: args.junit_style }), path.clone()));
    }
    wanted
}
