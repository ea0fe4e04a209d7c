//! Which earlier runs a run is compared with, where a folder of runs is named.

use std::path::{Path, PathBuf};

use crate::document::{RunHead, results_file, results_files_in};
use crate::problem::Problem;

/// How many runs of a folder are taken at most: five know their scatter, and older ones say little of the target as it
/// is now.
const NEWEST: usize = 5;

/// The plan whose earlier runs are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Its name, as results files have it.
    pub plan: &'a str,
    /// Its file.
    pub file: &'a Path,
    /// Its profiles, as results files have them.
    pub profile: Option<&'a str>,
    /// Whether other plans run beside it, so that a file that is named may be of one of these.
    pub among_others: bool,
}

/// The earlier runs a run is compared with.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// Their results files, the newest first where they come from a folder.
    pub files: Vec<PathBuf>,
    /// What was looked through and what was left out, in words; empty if every file was named.
    pub told: Vec<String>,
    /// What is named and not there, or why nothing was found.
    pub missing: Option<Problem>,
}

/// Chooses among what is named: a results file and a run's own folder are taken as they are; of a folder of runs the
/// newest that passed, of the same plan under the same profile, are taken.
///
/// # Errors
/// When a folder holds too much to look through.
pub fn choose(named: &[PathBuf], wanted: Wanted<'_>) -> Result<Chosen, Problem> {
    let mut chosen = Chosen::default();
    // What only matters if nothing else is found.
    let mut lacking = None;
    for path in named {
        let file = results_file(path);
        let is_folder_of_runs = path.is_dir() && !file.is_file();
        if is_folder_of_runs {
            lacking = of_folder(path, wanted, &mut chosen)?.or(lacking);
        } else if !file.exists() {
            chosen.missing.get_or_insert(none(format!("the baseline {} does not exist", path.display())));
        } else if !wanted.among_others || RunHead::read(&file).is_none_or(|head| wanted.is_plan_of(&head)) {
            chosen.files.push(file.into_owned());
        } else {
            lacking.get_or_insert(none(format!("{} is not a run of {}", path.display(), wanted.shown())));
        }
    }
    if chosen.files.is_empty() {
        chosen.missing = chosen.missing.or(lacking);
    }
    Ok(chosen)
}

fn none(message: String) -> Problem {
    Problem::new(
        message,
        "name the results.json of an earlier run, or a folder of runs; with --baseline-optional a first run passes without",
    )
}

impl Wanted<'_> {
    fn is_plan_of(&self, head: &RunHead) -> bool {
        head.plan == self.plan && head.profile.as_deref() == self.profile
    }

    /// `the plan `Shop` under the profile `smoke``.
    fn shown(&self) -> String {
        let profile = self.profile.map(|profile| format!(" under the profile `{profile}`")).unwrap_or_default();
        format!("the plan `{}`{profile}", self.plan)
    }
}

/// Takes the newest runs of a folder that passed; why there is none, if there is none.
fn of_folder(folder: &Path, wanted: Wanted<'_>, chosen: &mut Chosen) -> Result<Option<Problem>, Problem> {
    let heads: Vec<RunHead> = results_files_in(folder)?.iter().filter_map(|file| RunHead::read(file)).collect();
    let all = heads.len();
    let mut own: Vec<RunHead> = heads.into_iter().filter(|head| wanted.is_plan_of(head)).collect();
    // Plans may share a name; a plan that was moved keeps its runs.
    let is_file = |head: &RunHead| head.plan_file.file_name() == wanted.file.file_name();
    if own.iter().any(is_file) {
        own.retain(is_file);
    }
    let of_plan = own.len();
    own.retain(|head| head.passed);
    let passed = own.len();
    let (shown, of) = (folder.display(), wanted.shown());
    if passed == 0 {
        let what = match (all, of_plan) {
            (0, _) => format!("the folder {shown} holds no run"),
            (_, 0) => format!("the folder {shown} holds no run of {of}"),
            (_, 1) => format!("the only run of {of} in the folder {shown} failed"),
            (_, count) => format!("none of the {count} runs of {of} in the folder {shown} passed"),
        };
        return Ok(Some(none(what)));
    }
    own.sort_by(|one, other| other.started_at.cmp(&one.started_at));
    own.truncate(NEWEST);
    let mut left_out = Vec::new();
    for (count, why) in
        [(all - of_plan, "of another plan or profile"), (of_plan - passed, "failed"), (passed - own.len(), "older")]
    {
        if count > 0 {
            left_out.push(format!("{count} {why}"));
        }
    }
    let left_out = if left_out.is_empty() { String::new() } else { format!("; left out: {}", left_out.join(", ")) };
    let files: Vec<String> = own.iter().map(|head| head.file.display().to_string()).collect();
    chosen.told.push(format!("{} ({} of {all} runs in {shown}{left_out})", files.join(", "), own.len()));
    chosen.files.extend(own.into_iter().map(|head| head.file));
    Ok(None)
}
