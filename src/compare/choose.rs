//! Which earlier runs a run is compared with, where a folder of runs is named.

use std::path::{Path, PathBuf};

use super::thresholds::no_request;
use crate::document::{FolderOfRuns, RunHead, results_file, results_files_in};
use crate::problem::Problem;

/// How many runs of a folder are taken at most: five know their scatter, and older ones say little of the target as it
/// is now.
const NEWEST: usize = 5;
/// How many files that were skipped are named.
const NAMED: usize = 20;

/// The plan whose earlier runs are looked for.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// Its name, as results files have it.
    pub plan: &'a str,
    /// Its file, as results files have it.
    pub file: &'a str,
    /// Its profiles, as results files have them.
    pub profile: Option<&'a str>,
    /// Whether other plans run beside it, so that a file that is named may be of one of these.
    pub among_others: bool,
    /// Whether a results file holds a request of it; an error if the file cannot be used.
    pub suits: &'a dyn Fn(&Path) -> Result<bool, Problem>,
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
    /// What cannot be used though it lies where runs are, in words.
    damaged: Vec<String>,
}

/// Chooses among what is named: a results file and a run's own folder are taken as they are; of a folder of runs the
/// newest that passed, of the same plan under the same profile, are taken.
///
/// # Errors
/// When a folder holds too much to look through, or nothing but what cannot be used: a gate must not switch itself off
/// because a file was damaged.
pub fn choose(named: &[PathBuf], wanted: Wanted<'_>) -> Result<Chosen, Problem> {
    let mut chosen = Chosen::default();
    // What only matters if nothing else is found.
    let mut lacking = None;
    for path in named {
        let file = results_file(path);
        if path.is_dir()
            && let Some(runs) = Runs::in_folder(path, &file)?
        {
            lacking = runs.choose(path, wanted, &mut chosen).or(lacking);
        } else if !file.exists() {
            chosen.missing.get_or_insert(none(format!("the baseline {} does not exist", path.display())));
        } else if !wanted.among_others
            // One that cannot be read is told when it is.
            || RunHead::read(&file).ok().flatten().is_none_or(|head| wanted.is_run_of(&head))
        {
            chosen.files.push(file.into_owned());
        } else {
            lacking.get_or_insert(none(format!("{} is not a run of {}", path.display(), wanted.shown())));
        }
    }
    if !chosen.files.is_empty() {
        return Ok(chosen);
    }
    chosen.missing = chosen.missing.or(lacking);
    if let Some(damaged) = chosen.damaged.first() {
        let why = chosen.missing.map(|missing| missing.message).unwrap_or_default();
        return Err(Problem::new(format!("{why}, and {damaged}"), "copy that file again, or remove it"));
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

    /// The same, and not of another plan that has the same name.
    fn is_run_of(&self, head: &RunHead) -> bool {
        self.is_plan_of(head) && !head.is_of_another(self.file)
    }

    /// `the plan `Shop` under the profile `smoke``.
    fn shown(&self) -> String {
        let profile = self.profile.map(|profile| format!(" under the profile `{profile}`")).unwrap_or_default();
        format!("the plan `{}`{profile}", self.plan)
    }
}

/// What lies in a folder of runs.
struct Runs {
    heads: Vec<RunHead>,
    damaged: Vec<String>,
    /// Files that are no runs and are not called like one.
    others: Vec<String>,
}

impl Runs {
    /// Looks through a folder; `None` if it is the folder of one run, whose results are `own`.
    fn in_folder(folder: &Path, own: &Path) -> Result<Option<Self>, Problem> {
        let FolderOfRuns { files, unreadable: damaged } = results_files_in(folder)?;
        let mut runs = Self { heads: Vec::new(), damaged, others: Vec::new() };
        let below = files.iter().any(|file| file.parent() != Some(folder));
        for file in files {
            match RunHead::read(&file) {
                Ok(Some(head)) => runs.heads.push(head),
                Ok(None) if file.file_name() == own.file_name() => {
                    runs.damaged.push(format!("{} is not a results file of loadplan", file.display()));
                }
                Ok(None) => runs.others.push(format!("{} is not a results file of loadplan", file.display())),
                Err(problem) => runs.damaged.push(problem.message),
            }
        }
        let is_one = own.is_file() && !below && runs.heads.iter().all(|head| head.file == own);
        Ok((!is_one).then_some(runs))
    }

    /// Takes the newest runs that passed; why there is none, if there is none.
    fn choose(self, folder: &Path, wanted: Wanted<'_>, chosen: &mut Chosen) -> Option<Problem> {
        let Self { heads, mut damaged, others } = self;
        let all = heads.len();
        let mut own: Vec<RunHead> = heads.into_iter().filter(|head| wanted.is_run_of(head)).collect();
        // Plans may share a name; a plan that was moved keeps its runs.
        let file = Path::new(wanted.file);
        let is_same: [&dyn Fn(&RunHead) -> bool; 2] =
            [&|head| head.plan_file == file, &|head| head.plan_file.file_name() == file.file_name()];
        if let Some(is_same) = is_same.iter().find(|is_same| own.iter().any(is_same)) {
            own.retain(is_same);
        }
        let of_plan = own.len();
        own.retain(|head| head.passed);
        let passed = own.len();
        own.sort_by(|one, other| other.started_at.cmp(&one.started_at));
        let mut taken: Vec<PathBuf> = Vec::new();
        let (mut strangers, mut unusable) = (Vec::new(), Vec::new());
        for RunHead { file, .. } in own {
            if taken.len() == NEWEST {
                break;
            }
            match (wanted.suits)(&file) {
                Ok(true) => taken.push(file),
                Ok(false) => strangers.push(no_request(&file)),
                Err(problem) => unusable.push(problem.message),
            }
        }
        let older = passed - taken.len() - strangers.len() - unusable.len();
        let (shown, of) = (folder.display(), wanted.shown());
        let why = match (all, of_plan, passed) {
            _ if !taken.is_empty() => None,
            (0, ..) => Some(format!("the folder {shown} holds no run")),
            (_, 0, _) => Some(format!("the folder {shown} holds no run of {of}")),
            (_, 1, 0) => Some(format!("the only run of {of} in the folder {shown} failed")),
            (_, count, 0) => Some(format!("none of the {count} runs of {of} in the folder {shown} passed")),
            _ => Some(format!("the folder {shown} holds no run of {of} that can be compared")),
        };
        let left_out: Vec<String> = [
            (all - of_plan, "of another plan or profile"),
            (of_plan - passed, "failed"),
            (strangers.len(), "without a request of this plan"),
            (unusable.len(), "damaged"),
            (older, "older"),
        ]
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, why)| format!("{count} {why}"))
        .collect();
        if why.is_none() {
            let left_out =
                if left_out.is_empty() { String::new() } else { format!("; left out: {}", left_out.join(", ")) };
            let files: Vec<String> = taken.iter().map(|file| file.display().to_string()).collect();
            chosen.told.push(format!("{} ({} of {all} runs in {shown}{left_out})", files.join(", "), taken.len()));
        }
        damaged.extend(unusable);
        let skipped: Vec<&String> = damaged.iter().chain(&strangers).chain(&others).collect();
        chosen.told.extend(skipped.iter().take(NAMED).map(|what| format!("skipped: {what}")));
        if let more @ 1.. = skipped.len().saturating_sub(NAMED) {
            chosen.told.push(format!("skipped: {more} more files of {shown}"));
        }
        chosen.damaged.extend(damaged);
        chosen.files.extend(taken);
        why.map(none)
    }
}
