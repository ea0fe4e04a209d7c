//! A comparison in files of its own.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::markdown;
use crate::document::Comparison;
use crate::document::Document;
use crate::document::{SCHEMA_VERSION, Tool};
use crate::report::Format;

/// Where the schema of the format is published.
const SCHEMA_URL: &str = "https://raw.githubusercontent.com/loadplan/loadplan/main/schemas/comparison.schema.json";

/// A run of loadplan compared with earlier ones: what `compare --json` writes. The same comparison
/// stands in `results.json` under `regression` when a run was given a baseline.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ComparisonFile {
    /// The schema of this document.
    #[serde(rename = "$schema")]
    #[schemars(extend("format" = "uri"))]
    schema: String,
    /// The version of this format; a new key is a minor version.
    #[schemars(extend("examples" = ["1.1.0"]), regex(pattern = r"^1\.\d+\.\d+$"))]
    schema_version: String,
    /// What compared.
    tool: Tool,
    #[serde(flatten)]
    comparison: Comparison,
}

/// The comparison of a document as JSON.
#[derive(Clone, Copy, Debug, Default)]
pub struct ComparisonJson;

impl Format for ComparisonJson {
    fn name(&self) -> &'static str {
        "comparison"
    }

    fn render(&self, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
        let Some(comparison) = document.regression.clone() else { return Ok(()) };
        let file = ComparisonFile {
            schema: SCHEMA_URL.into(),
            schema_version: SCHEMA_VERSION.into(),
            tool: Tool { name: "loadplan".into(), version: env!("CARGO_PKG_VERSION").into() },
            comparison,
        };
        serde_json::to_writer_pretty(&mut *out, &file)?;
        out.write_all(b"\n")
    }
}

/// The comparison of a document in Markdown.
#[derive(Clone, Copy, Debug, Default)]
pub struct ComparisonMarkdown;

impl Format for ComparisonMarkdown {
    fn name(&self) -> &'static str {
        "Markdown"
    }

    fn render(&self, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
        document.regression.as_ref().map_or(Ok(()), |one| out.write_all(markdown(one).as_bytes()))
    }
}

/// The JSON Schema (draft-07) of what `compare --json` writes.
pub fn comparison_schema() -> serde_json::Value {
    crate::report::json::schema_of::<ComparisonFile>("loadplan comparison", SCHEMA_URL)
}
