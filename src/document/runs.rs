//! Finding the runs that lie in a folder, and what each is without reading all of it.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::problem::Problem;

/// How deep below a folder runs are looked for: `FOLDER/RUN/PLAN/results.json`.
const DEPTH: usize = 3;
/// How many runs a folder may hold.
const MAX_RUNS: usize = 1000;
/// How many files and folders are looked at.
const MAX_ENTRIES: usize = 20_000;
/// What a run calls its results.
const RESULTS: &str = "results.json";

/// What a run was, from its results file.
#[derive(Clone, Debug)]
pub struct RunHead {
    /// The results file.
    pub file: PathBuf,
    /// The plan's name, as it stands in there.
    pub plan: String,
    /// The plan's file.
    pub plan_file: PathBuf,
    /// The profiles, comma-separated.
    pub profile: Option<String>,
    /// When it began, in UTC; in order of time as text.
    pub started_at: String,
    /// Whether it passed.
    pub passed: bool,
}

/// The parts of a document that are read; the rest is passed over.
#[derive(Deserialize)]
struct Head {
    run: HeadRun,
    plan: HeadPlan,
    verdict: HeadVerdict,
}

#[derive(Deserialize)]
struct HeadRun {
    started_at: String,
    profile: Option<String>,
}

#[derive(Deserialize)]
struct HeadPlan {
    name: String,
    file: PathBuf,
}

#[derive(Deserialize)]
struct HeadVerdict {
    passed: bool,
}

impl RunHead {
    /// Reads a results file as far as this goes; `None` if it is none.
    pub fn read(file: &Path) -> Option<Self> {
        let Head { run, plan, verdict } = serde_json::from_reader(BufReader::new(File::open(file).ok()?)).ok()?;
        Some(Self {
            file: file.to_owned(),
            plan: plan.name,
            plan_file: plan.file,
            profile: run.profile,
            started_at: run.started_at,
            passed: verdict.passed,
        })
    }
}

/// The results files in a folder: those it holds itself under any name that ends in `.json`, and each `results.json`
/// in the folders below, up to three deep. Sorted; links to folders are not followed.
///
/// # Errors
/// When there is too much to look through.
pub fn results_files_in(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let mut look = Look { entries: 0, found: Vec::new() };
    look.through(folder, 0);
    if look.entries > MAX_ENTRIES || look.found.len() > MAX_RUNS {
        return Err(Problem::new(
            format!(
                "the folder {} holds more than {MAX_RUNS} runs or {MAX_ENTRIES} files and folders",
                folder.display()
            ),
            "name a folder that holds the runs only, and keep fewer of them",
        ));
    }
    look.found.sort();
    Ok(look.found)
}

struct Look {
    entries: usize,
    found: Vec<PathBuf>,
}

impl Look {
    fn through(&mut self, folder: &Path, depth: usize) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            self.entries += 1;
            if self.entries > MAX_ENTRIES || self.found.len() > MAX_RUNS {
                return;
            }
            let path = entry.path();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if depth < DEPTH {
                    self.through(&path, depth + 1);
                }
            } else if path.is_file() {
                let named = entry.file_name() == RESULTS;
                let json = depth == 0 && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
                if named || json {
                    self.found.push(path);
                }
            }
        }
    }
}
