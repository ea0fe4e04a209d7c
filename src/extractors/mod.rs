//! Extractors take values from responses and store them in variables.

mod extract;
pub mod find;
#[cfg(test)]
mod tests;

pub use extract::{CaptureGroup, ExtractionFailure, Extractor, How, Pick, Source};
