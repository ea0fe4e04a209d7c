//! Finding the runs that lie in a folder, and what each is without reading all of it.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::problem::Problem;

/// How deep below a folder runs are looked for: `FOLDER/RUN/PLAN/results.json`.
const DEPTH: usize = 3;
/// How many runs a folder may hold.
const MAX_RUNS: usize = 1000;
/// How many files and folders are looked at.
const MAX_ENTRIES: usize = 20_000;
/// What a run calls its results.
const RESULTS: &str = "results.json";
/// The longest text in a file that is looked at, in bytes: what comes before the end of a run's head has none so long.
const LONGEST_TEXT: usize = 4 << 20;

/// What a run was, from its results file.
#[derive(Clone, Debug)]
pub struct RunHead {
    /// The results file.
    pub file: PathBuf,
    /// The plan's name, as the file has it.
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
#[derive(Default)]
struct Head {
    run: Option<HeadRun>,
    plan: Option<HeadPlan>,
    verdict: Option<HeadVerdict>,
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
    /// Reads a results file as far as this goes, which is its first part in what loadplan writes; `None` if it is JSON of
    /// another kind.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn read(file: &Path) -> Result<Option<Self>, Problem> {
        let shown = file.display();
        let opened = File::open(file).map_err(|error| Problem::from(format!("{shown} cannot be read: {error}")))?;
        let mut head = Head::default();
        let mut json = serde_json::Deserializer::from_reader(BufReader::new(Bounded::new(opened)));
        let end = Parts(&mut head).deserialize(&mut json).and_then(|()| json.end());
        if let Head { run: Some(run), plan: Some(plan), verdict: Some(verdict) } = head {
            return Ok(Some(Self {
                file: file.to_owned(),
                plan: plan.name,
                plan_file: plan.file,
                profile: run.profile,
                started_at: run.started_at,
                passed: verdict.passed,
            }));
        }
        match end {
            Ok(()) => Ok(None),
            Err(error) if error.is_data() => Ok(None),
            Err(error) if error.is_eof() => Err(format!("{shown} is empty or cut off").into()),
            Err(error) => Err(format!("{shown} cannot be read as a results file: {error}").into()),
        }
    }

    /// Whether the plan that was run is another one than this, which lies at `plan_file` as results files have it: a plan
    /// that was moved is not where it was.
    pub fn is_of_another(&self, plan_file: &str) -> bool {
        let relative = self.plan_file.is_relative().then(|| super::place::from_root(&self.plan_file));
        self.plan_file != Path::new(plan_file) && relative.is_some_and(|path| path.is_file())
    }
}

/// Takes the parts of a document, until it has all.
struct Parts<'h>(&'h mut Head);

impl<'de> DeserializeSeed<'de> for Parts<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Parts<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the results of a run")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let head = self.0;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "run" => head.run = Some(map.next_value()?),
                "plan" => head.plan = Some(map.next_value()?),
                "verdict" => head.verdict = Some(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            if head.run.is_some() && head.plan.is_some() && head.verdict.is_some() {
                break;
            }
        }
        Ok(())
    }
}

/// JSON that is refused once a text in it is too long: a text is kept in memory while it is read.
struct Bounded<R> {
    inner: R,
    in_text: bool,
    escaped: bool,
    length: usize,
}

impl<R> Bounded<R> {
    fn new(inner: R) -> Self {
        Self { inner, in_text: false, escaped: false, length: 0 }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        for byte in &into[..count] {
            self.length += 1;
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_text => self.escaped = true,
                b'"' => (self.in_text, self.length) = (!self.in_text, 0),
                _ => {}
            }
            if self.in_text && self.length > LONGEST_TEXT {
                return Err(io::Error::other(format!("a text in it has more than {} MiB", LONGEST_TEXT >> 20)));
            }
        }
        Ok(count)
    }
}

/// The results files in a folder, and folders below it that cannot be looked into.
#[derive(Debug, Default)]
pub struct FolderOfRuns {
    /// The files; sorted.
    pub files: Vec<PathBuf>,
    /// What cannot be read, in words.
    pub unreadable: Vec<String>,
}

/// The results files in a folder: those it holds itself under any name that ends in `.json`, and each `results.json`
/// in the folders below, up to three deep. Sorted; links to folders are not followed.
///
/// # Errors
/// When there is too much to look through.
pub fn results_files_in(folder: &Path) -> Result<FolderOfRuns, Problem> {
    let mut look = Look { entries: 0, found: Vec::new(), unreadable: Vec::new() };
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
    Ok(FolderOfRuns { files: look.found, unreadable: look.unreadable })
}

/// Whether a file, which need not be there yet, is one of those that [`results_files_in`] looks for, however many there
/// are.
pub fn is_results_file_in(folder: &Path, file: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let place = || Some(real(parent)?.strip_prefix(real(folder)?).ok()?.components().count());
    let Some(depth) = place() else { return false };
    let json = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    folder.is_dir() && (depth == 0 && json || depth <= DEPTH && file.file_name().is_some_and(|name| name == RESULTS))
}

struct Look {
    entries: usize,
    found: Vec<PathBuf>,
    unreadable: Vec<String>,
}

impl Look {
    fn through(&mut self, folder: &Path, depth: usize) {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.unreadable.push(format!("the folder {} cannot be read: {error}", folder.display()));
                return;
            }
        };
        for entry in entries.flatten() {
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
            // A pipe is not opened: nobody may write to it. A broken link cannot be read.
            } else if path.is_file() || !path.exists() {
                let named = entry.file_name() == RESULTS;
                let json = depth == 0 && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
                if named || json {
                    self.found.push(path);
                }
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failing test may panic")]
mod tests {
    use super::*;

    /// A text that never ends, as a reader that notes how much of it was read.
    struct Endless(usize);

    impl Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            into.fill(b'A');
            let start: &[u8] = b"{\"plan\":{\"name\":\"";
            if self.0 == 0 {
                into[..start.len()].copy_from_slice(start);
            }
            self.0 += into.len();
            Ok(into.len())
        }
    }

    #[test]
    fn regression_a_text_without_end_takes_no_more_memory_than_is_allowed() {
        let mut bytes = vec![0; 8 << 10];
        let mut bounded = Bounded::new(Endless(0));
        let refused = (0..).map_while(|_| bounded.read(&mut bytes).err().map_or(Some(None), |error| Some(Some(error))));
        let refused = refused.flatten().next().unwrap();
        assert!(refused.to_string().contains("more than 4 MiB"), "{refused}");
        assert!(bounded.inner.0 < LONGEST_TEXT + (64 << 10));
    }

    #[test]
    fn a_head_ends_where_it_is_complete_and_quotes_in_texts_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            let file = folder.path().join("results.json");
            std::fs::write(&file, text).unwrap();
            RunHead::read(&file).map(|head| head.map(|head| head.plan)).map_err(|problem| problem.message)
        };
        let head =
            r#"{"x":"\\\"","run":{"started_at":"2026"},"plan":{"name":"S","file":"s.yaml"},"verdict":{"passed":true}"#;
        assert_eq!(read(head), Ok(Some("S".into())), "what follows is not read");
        assert_eq!(read("{}"), Ok(None));
        assert_eq!(read("[]"), Ok(None));
        assert!(read("").unwrap_err().ends_with("is empty or cut off"));
        assert!(read(r#"{"run":{"#).unwrap_err().ends_with("is empty or cut off"));
    }
}
