//! Reading a document that was written earlier.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::validate::damage;
use super::{Document, Threshold};
use crate::problem::Problem;

/// The largest file that is read, in bytes: a run of a day with thousands of requests has less.
const MOST_BYTES: u64 = 2 << 30;

/// What is looked at before the rest.
#[derive(Deserialize)]
struct Version {
    #[serde(rename = "$schema")]
    schema: Option<String>,
    schema_version: Option<String>,
}

/// Where the remedy points when nothing better is known.
const NAME_ONE: &str = "name the results.json of a run, which lies in its --out folder";

/// The file to read where a path is named: of a run's folder its `results.json`.
pub fn results_file(path: &Path) -> Cow<'_, Path> {
    if path.is_dir() { Cow::Owned(path.join("results.json")) } else { Cow::Borrowed(path) }
}

/// Reads a `results.json`, or the one in a folder.
///
/// # Errors
/// When the file cannot be read, is larger than 2 GiB, is not such a document, or is of a later major version.
pub fn read(path: &Path) -> Result<Document<'static>, Problem> {
    let fail = |message: String, help: &str| Problem::new(message, help);
    let file = results_file(path);
    if path.is_dir() && !file.is_file() {
        return Err(fail(format!("the folder {} holds no results.json", path.display()), &inside(path)));
    }
    let shown = file.display();
    let mut bytes = Vec::new();
    // A device has no length to look at first.
    let opened = std::fs::File::open(&file).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    opened.map_err(|error| fail(format!("{shown} cannot be read: {error}"), NAME_ONE))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(fail(
            format!("{shown} has more than {} GiB, too much for a results file", MOST_BYTES >> 30),
            "name the results.json of a run",
        ));
    }
    let no_results = |error: serde_json::Error| no_results(&file, &bytes, &error);
    let version: Version = serde_json::from_slice(&bytes).map_err(no_results)?;
    match version.schema_version.as_deref() {
        Some(version) if version.starts_with("1.") => {}
        Some(version) => {
            return Err(fail(
                format!(
                    "{shown} has the schema version {}, which this loadplan does not know",
                    crate::sanitize::inline(version)
                ),
                "use the loadplan that wrote it, or a later one",
            ));
        }
        None => {
            return Err(fail(
                format!("{shown} is not a results file of loadplan (it has no `schema_version`)"),
                NAME_ONE,
            ));
        }
    }
    if version.schema.is_some_and(|schema| schema.ends_with("/comparison.schema.json")) {
        return Err(fail(
            format!("{shown} is a comparison, which `compare --json` wrote, not the results of a run"),
            NAME_ONE,
        ));
    }
    let mut document: Document<'static> = serde_json::from_slice(&bytes).map_err(no_results)?;
    if document.thresholds.iter().any(|threshold| threshold.title.is_empty()) {
        document.thresholds = document.thresholds.iter().map(Threshold::titled).collect::<Vec<_>>().into();
    }
    match damage(&document) {
        Some(problem) => Err(fail(format!("{shown} is damaged: {problem}"), "use the results.json of another run")),
        None => Ok(document),
    }
}

/// The remedy for a folder without results: those of one plan, where several were run.
fn inside(folder: &Path) -> String {
    let folders = std::fs::read_dir(folder).into_iter().flatten().take(1000).flatten();
    let found = folders.map(|entry| entry.path().join("results.json")).filter(|file| file.is_file()).min();
    found
        .map_or_else(|| NAME_ONE.into(), |file| format!("name the results of one plan, for example {}", file.display()))
}

/// What is wrong with bytes that are no document, in words for who did not write them. The
/// parser's own come last.
fn no_results(path: &Path, bytes: &[u8], error: &serde_json::Error) -> Problem {
    let shown = path.display();
    // Wherever the cut falls, in a number, a word or a character too: the last brace is missing.
    let text = bytes.trim_ascii();
    if text.starts_with(b"{") && (error.is_eof() || !text.ends_with(b"}")) {
        return Problem::new(
            format!("{shown} is cut off: the run that wrote it, or its copy, did not end"),
            "copy it again, or name the results.json of another run",
        );
    }
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let (why, help) = match &*ending {
        _ if bytes.trim_ascii().is_empty() => ("it is empty".to_owned(), NAME_ONE),
        "yaml" | "yml" => ("it looks like a plan".to_owned(), "name the results.json that a run of the plan wrote"),
        "html" | "xml" | "md" => ("it is another report".to_owned(), "name the results.json beside it"),
        "csv" | "jtl" => ("it is a table".to_owned(), "name the results.json of the run"),
        _ => (error.to_string(), NAME_ONE),
    };
    Problem::new(format!("{shown} is not a results file of loadplan ({why})"), help)
}
