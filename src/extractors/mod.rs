//! Extractors take values out of answers and give them to variables.

mod extract;
pub mod find;
#[cfg(test)]
mod tests;

pub use extract::{CaptureGroup, ExtractionFailure, Extractor, How, Pick, Source};
