//! Results files of a baseline, read and refused.

use std::path::Path;

use super::Summary;
use crate::document::Document;
use crate::document::read;
use crate::fault::Fault;

/// Reads a results file and cuts it down; `percentiles` (in percent) are those that will be compared.
///
/// # Errors
/// When the file cannot be read, is no results file of loadplan, or its timeline is damaged.
pub fn read_summary(path: &Path, percentiles: &[f64]) -> Result<Summary, Fault> {
    summary_of(&read(path)?, path, percentiles)
}

/// Cuts down a document that was read from a file.
///
/// # Errors
/// When its timeline is damaged.
pub fn summary_of(document: &Document<'_>, path: &Path, percentiles: &[f64]) -> Result<Summary, Fault> {
    Summary::of(document, Some(path), percentiles).map_err(|problem| {
        Fault::new(format!("{} is damaged: {problem}", path.display()), "use the results.json of another run")
    })
}
