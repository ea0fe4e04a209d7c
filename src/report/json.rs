//! `results.json`: the whole run for machines, as [`Document`] describes it.

use std::io::{self, Write};

use serde_json::Value;

use super::Format;
use crate::document::Document;
use crate::document::SCHEMA_URL;

/// The format of `results.json`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "results"
    }

    fn render(&self, document: &Document<'_>, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, document)?;
        out.write_all(b"\n")
    }
}

/// The JSON Schema (draft-07) of `results.json`.
pub fn results_schema() -> Value {
    schema_of::<Document<'_>>("loadplan results", SCHEMA_URL)
}

/// The JSON Schema (draft-07) of a type that is written.
pub(crate) fn schema_of<T: schemars::JsonSchema>(title: &str, url: &str) -> Value {
    let generator = schemars::generate::SchemaSettings::draft07().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>();
    schema.insert("$id".into(), url.into());
    schema.insert("title".into(), title.into());
    let mut schema = schema.to_value();
    absent_not_null(&mut schema);
    schema
}

/// A key that may be missing is never null: only required ones are.
fn absent_not_null(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    let required: Vec<Value> = map.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    for (name, property) in map.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        let Value::Object(property) = property else { continue };
        if required.iter().any(|one| one == name) {
            continue;
        }
        if let Some(Value::Array(types)) = property.get_mut("type") {
            types.retain(|one| one != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                property.insert("type".into(), only);
            }
        }
        if let Some(Value::Array(mut choices)) = property.remove("anyOf") {
            choices.retain(|one| one.get("type") != Some(&Value::from("null")));
            property.insert("allOf".into(), Value::Array(choices));
        }
    }
    map.get_mut("definitions")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
        .for_each(|(_, one)| absent_not_null(one));
}
