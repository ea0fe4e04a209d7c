//! The options that name earlier runs, and a verdict that takes them into account.

use std::path::{Path, PathBuf};

use super::terminal::Terminal;
use crate::compare::{Against, Baseline, Chosen, Tolerance, Wanted, as_in_results, choose};
use crate::document::{is_results_file_in, plan_file, results_file, results_files_in};
use crate::graph::ExecutionGraph;
use crate::mask::Masker;
use crate::problem::Problem;
use crate::report::same_file;
use crate::sanitize::inline;

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

/// The plan that a baseline is for.
pub(super) struct OfPlan<'a> {
    /// Its graph.
    pub(super) graph: &'a ExecutionGraph,
    /// Hides its secrets.
    pub(super) masker: &'a Masker,
    /// Its file.
    pub(super) file: &'a Path,
    /// The profiles laid over it.
    pub(super) profiles: &'a [String],
    /// Whether other plans run beside it.
    pub(super) among_others: bool,
}

/// The earlier runs a run is compared with.
#[derive(Debug, clap::Args)]
pub(super) struct BaselineOptions {
    /// Compare with earlier runs and fail if something regressed: their results.json, or a folder of runs, of which
    /// the newest five passed runs of the same plan are used
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    pub(super) baseline: Vec<PathBuf>,
    /// Go on without a comparison where there is no baseline yet, as in the first run of a pipeline
    #[arg(long)]
    baseline_optional: bool,
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
    pub(super) fn tell_unused(&self, quiet: bool, terminal: &Terminal) {
        for (option, given) in [("--tolerance", self.tolerance.given), ("--floor", self.tolerance.floor)] {
            if self.baseline.is_empty() && given.is_some() {
                terminal.warning(
                    &format!("{option} has no effect without --baseline"),
                    "name an earlier run: --baseline last/results.json",
                );
            }
        }
        if self.baseline.is_empty() && self.baseline_optional && !quiet {
            terminal.note("no baseline is named, so nothing is compared (--baseline-optional)\n");
        }
    }

    /// The files that may be read.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.baseline.iter().flat_map(|named| {
            let below = if named.is_dir() { results_files_in(named).unwrap_or_default().files } else { Vec::new() };
            below.into_iter().chain([results_file(named).into_owned()])
        })
    }

    /// Whether a file may be read, or would be if there were not too many.
    pub(super) fn holds(&self, file: &Path) -> bool {
        let lies_in = |folder: &PathBuf| is_results_file_in(folder, file);
        self.files().any(|baseline| same_file(&baseline, file)) || self.baseline.iter().any(lies_in)
    }

    /// The earlier runs that a plan is compared with. What was chosen from a folder is told, and so is a baseline that
    /// is not there yet.
    ///
    /// # Errors
    /// When there is none and one is needed.
    pub(super) fn choose(&self, plan: &OfPlan<'_>, note: impl Fn(&str)) -> Result<Vec<PathBuf>, Problem> {
        if self.baseline.is_empty() {
            return Ok(Vec::new());
        }
        let name = as_in_results(plan.masker, &plan.graph.name);
        let profile = (!plan.profiles.is_empty()).then(|| plan.profiles.join(","));
        let profile = profile.as_deref();
        let file = plan_file(plan.file);
        let suits = |file: &Path| Baseline::suits(file, plan.graph, plan.masker);
        let wanted = Wanted { plan: &name, file: &file, profile, among_others: plan.among_others, suits: &suits };
        let Chosen { files, told, missing, .. } = choose(&self.baseline, wanted)?;
        if let Some(problem) = missing {
            if !self.baseline_optional {
                return Err(problem);
            }
            let rest = if files.is_empty() { "nothing is compared" } else { "the others are compared with" };
            note(&format!("no baseline yet: {}; {rest} (--baseline-optional)\n", inline(&problem.message)));
        }
        for text in told {
            note(&format!("baseline: {}\n", inline(&text)));
        }
        Ok(files)
    }

    /// Tells a baseline that is where the run will write its own results: the run after it would
    /// then be compared with one that may have regressed.
    pub(super) fn replaced(chosen: &[PathBuf], results: &Path) -> Option<Problem> {
        let is_replaced = |file: &&PathBuf| same_file(file, results) && results.exists();
        let file = chosen.iter().find(is_replaced)?;
        Some(Problem::new(
            format!("{} is the baseline, and this run would replace it by its own results", file.display()),
            "copy the baseline to another place, or give the run another folder with --out",
        ))
    }

    /// Reads the runs that were chosen.
    ///
    /// # Errors
    /// When one cannot be used.
    pub(super) fn read(&self, chosen: &[PathBuf], plan: &OfPlan<'_>) -> Result<Against, Problem> {
        match (self.baseline.is_empty() && !self.baseline_optional, chosen.is_empty()) {
            (true, _) => Ok(Against::Nothing),
            (false, true) => Ok(Against::NoneYet),
            (false, false) => Baseline::read(chosen, self.tolerance.get(), plan.graph, plan.masker).map(Against::Runs),
        }
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
