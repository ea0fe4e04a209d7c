//! The options that name earlier runs, and a verdict that takes them into account.

use std::path::{Path, PathBuf};

use super::terminal::Terminal;
use crate::compare::{Baseline, Tolerance};
use crate::document::results_file;
use crate::graph::ExecutionGraph;
use crate::mask::Masker;
use crate::problem::Problem;
use crate::report::same_file;

/// How much worse than a baseline figures may be.
#[derive(Debug, clap::Args)]
pub(super) struct ToleranceOption {
    #[arg(long = "tolerance", value_name = "PERCENT", value_parser = tolerance, help = HELP)]
    given: Option<f64>,
    #[arg(long, value_name = "TIME", value_parser = floor, help = FLOOR_HELP)]
    floor: Option<f64>,
}

/// No default of clap's: a run without a baseline must tell one that was given from one that was not.
const HELP: &str =
    "How much a response time may rise, or throughput fall, before it counts as a regression [default: 10%]";

const FLOOR_HELP: &str =
    "The smallest difference of response times that counts as a regression; lower it for a fast target [default: 5ms]";

impl ToleranceOption {
    /// What is tolerated.
    pub(super) fn get(&self) -> Tolerance {
        let standard = Tolerance::default();
        Tolerance { share: self.given.unwrap_or(standard.share), floor_ms: self.floor.unwrap_or(standard.floor_ms) }
    }
}

/// In milliseconds.
fn floor(text: &str) -> Result<f64, Problem> {
    crate::units::parse_duration(text).map(|time| time.as_secs_f64() * 1e3)
}

fn tolerance(text: &str) -> Result<f64, Problem> {
    let share = crate::units::parse_share(text)?;
    if share < 1.0 { Ok(share) } else { Err("a tolerance is below 100%".into()) }
}

/// The earlier runs a run is compared with.
#[derive(Debug, clap::Args)]
pub(super) struct BaselineOptions {
    /// Compare with these earlier runs (their results.json) and fail if something regressed
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(super) baseline: Vec<PathBuf>,
    #[command(flatten)]
    tolerance: ToleranceOption,
}

impl BaselineOptions {
    /// Takes out what are plans: `--baseline last.json plan.yaml` means the plan as such.
    pub(super) fn take_plans(&mut self) -> Vec<PathBuf> {
        let is_plan = |path: &mut PathBuf| path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        self.baseline.extract_if(.., is_plan).collect()
    }

    /// Tells that a tolerance without a baseline changes nothing. No error: a pipeline's first run
    /// has nothing to compare with yet.
    pub(super) fn tell_unused(&self, terminal: &Terminal) {
        for (option, given) in [("--tolerance", self.tolerance.given), ("--floor", self.tolerance.floor)] {
            if self.baseline.is_empty() && given.is_some() {
                terminal.warning(
                    &format!("{option} has no effect without --baseline"),
                    "name an earlier run: --baseline last/results.json",
                );
            }
        }
    }

    /// The files that are read.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.baseline.iter().map(|file| results_file(file).into_owned())
    }

    /// Tells a baseline that is where the run will write its own results: the run after it would
    /// then be compared with one that may have regressed.
    pub(super) fn replaced(&self, results: &Path) -> Option<Problem> {
        let is_replaced = |file: &&PathBuf| same_file(&results_file(file), results) && results.exists();
        let file = self.baseline.iter().find(is_replaced)?;
        Some(Problem::new(
            format!("{} is the baseline, and this run would replace it by its own results", file.display()),
            "copy the baseline to another place, or give the run another folder with --out",
        ))
    }

    /// Reads the files; `None` without any.
    ///
    /// # Errors
    /// When one cannot be used.
    pub(super) fn read(&self, graph: &ExecutionGraph, masker: &Masker) -> Result<Option<Baseline>, Problem> {
        if self.baseline.is_empty() {
            return Ok(None);
        }
        Baseline::read(&self.baseline, self.tolerance.get(), graph, masker).map(Some)
    }
}

/// Tells why a results file cannot be used.
pub(super) fn tell(error: &Problem, terminal: &Terminal) {
    terminal.error(&error.message, &error.help);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_that_of_the_method() {
        assert_eq!(
            (tolerance("10%"), floor("5ms")),
            (Ok(Tolerance::default().share), Ok(Tolerance::default().floor_ms))
        );
        assert!(tolerance("100%").is_err() && tolerance("0.1").is_err() && tolerance("-5%").is_err());
        assert_eq!(tolerance("0%"), Ok(0.0));
    }
}
