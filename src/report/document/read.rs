//! Reading a document that was written earlier.

use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use super::Document;
use super::sound::damage;

/// The largest file that is read, in bytes: a run of a day with thousands of requests has less.
const MOST_BYTES: u64 = 2 << 30;

/// A results file that cannot be used: a sentence with the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// What is wrong, with the file's name.
    pub message: String,
    /// The remedy.
    pub help: String,
}

/// What is looked at before the rest.
#[derive(Deserialize)]
struct Version {
    schema_version: Option<String>,
}

/// Reads a `results.json`.
///
/// # Errors
/// When the file cannot be read, is larger than 2 GiB, is not such a document, or is of a later major version.
pub fn read(path: &Path) -> Result<Document<'static>, ReadError> {
    let shown = path.display();
    let fail = |message: String, help: &str| ReadError { message, help: help.into() };
    let mut bytes = Vec::new();
    // A device has no length to look at first.
    let file = std::fs::File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    file.map_err(|error| {
        fail(
            format!("{shown} cannot be read: {error}"),
            "name the results.json of a run, which lies in its --out folder",
        )
    })?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(fail(
            format!("{shown} has more than {} GiB, too much for a results file", MOST_BYTES >> 30),
            "name the results.json of a run",
        ));
    }
    let no_results = |error: serde_json::Error| {
        fail(format!("{shown} is not a results file of loadplan: {error}"), "name the results.json of a run")
    };
    let version: Version = serde_json::from_slice(&bytes).map_err(no_results)?;
    match version.schema_version.as_deref() {
        Some(version) if version.starts_with("1.") => {}
        Some(version) => {
            return Err(fail(
                format!(
                    "{shown} has the schema version {}, which this loadplan does not know",
                    crate::report::inline(version)
                ),
                "use the loadplan that wrote it, or a later one",
            ));
        }
        None => {
            return Err(fail(
                format!("{shown} is not a results file of loadplan: it has no `schema_version`"),
                "name the results.json of a run",
            ));
        }
    }
    let document: Document<'static> = serde_json::from_slice(&bytes).map_err(no_results)?;
    match damage(&document) {
        Some(problem) => Err(fail(format!("{shown} is damaged: {problem}"), "use the results.json of another run")),
        None => Ok(document),
    }
}
