//! `results.json`: the whole run for machines.
//!
//! Units stand in the key names. There is no NaN and no infinity: what is undefined is absent.
//! The schema in `schemas/results.schema.json` is generated from the types here.

mod convert;
mod types;

use std::io::{self, Write};

pub(in crate::report) use convert::utc;
pub use types::*;

use super::{Format, Report};

/// The version of the format. A new key is a minor version.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// Where the schema of the format is published.
pub const SCHEMA_URL: &str = "https://raw.githubusercontent.com/loadplan/loadplan/main/schemas/results.schema.json";

/// The format of `results.json`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "results"
    }

    fn render(&self, report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &Document::of(report))?;
        out.write_all(b"\n")
    }
}

/// The JSON Schema (draft-07) of `results.json`.
pub fn results_schema() -> serde_json::Value {
    let generator = schemars::generate::SchemaSettings::draft07().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<Document>();
    schema.insert("$id".into(), SCHEMA_URL.into());
    schema.insert("title".into(), "loadplan results".into());
    schema.to_value()
}
