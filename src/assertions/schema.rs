//! JSON Schema.

use std::collections::HashMap;

use jsonschema::Validator;

use crate::extractors::find::shown;
use crate::mask::Masker;
use crate::problem::Problem;

/// A compiled JSON Schema.
#[derive(Debug)]
pub struct Schema {
    name: String,
    validator: Validator,
}

/// How many parts a schema may have when every reference is replaced by what it leads to: a value is
/// held against each of them, so ten lines of `allOf` that lead twice to the next one are a thousand.
pub(crate) const MAX_EXPANDED: u64 = 100_000;

/// How many parts a schema has with its references followed; one that leads back to itself counts once.
fn expanded(schema: &serde_json::Value) -> u64 {
    let mut known = HashMap::new();
    parts(schema, schema, &mut known, 0)
}

/// The deepest chain of references that is followed; more would be no schema that anybody wrote.
const MAX_CHAIN: usize = 500;

fn parts<'s>(
    schema: &'s serde_json::Value,
    root: &'s serde_json::Value,
    known: &mut HashMap<&'s str, u64>,
    depth: usize,
) -> u64 {
    use serde_json::Value as Json;
    if depth > MAX_CHAIN {
        return u64::MAX;
    }
    match schema {
        Json::Object(entries) => {
            let mut sum = 1_u64;
            for (key, value) in entries {
                let more = match (key.as_str(), value) {
                    ("$ref" | "$dynamicRef", Json::String(reference)) => match known.get(reference.as_str()) {
                        Some(parts) => *parts,
                        None => {
                            known.insert(reference, 1);
                            let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
                            let found = target.map_or(1, |target| parts(target, root, known, depth + 1));
                            known.insert(reference, found);
                            found
                        }
                    },
                    _ => parts(value, root, known, depth + 1),
                };
                sum = sum.saturating_add(more);
            }
            sum
        }
        Json::Array(items) => items.iter().fold(1, |sum, item| sum.saturating_add(parts(item, root, known, depth + 1))),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => 1,
    }
}

/// How many violations a message names.
const NAMED: usize = 3;

impl Schema {
    /// Compiles a schema; `name` is how the plan calls it, usually its file. Nothing is fetched:
    /// references must lead into the schema itself.
    ///
    /// # Errors
    /// A fragment that says what is wrong with it.
    pub fn compile(name: &str, schema: &serde_json::Value) -> Result<Self, Problem> {
        if expanded(schema) > MAX_EXPANDED {
            return Err(format!(
                "`{name}` is too large: with every `$ref` followed it has more than {MAX_EXPANDED} parts"
            )
            .into());
        }
        let validator = jsonschema::options().offline().build(schema).map_err(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { String::new() } else { format!(" at {place}") };
            format!("`{name}` is not a JSON Schema{place}: {}", shown(&error.to_string(), 300))
        })?;
        Ok(Self { name: name.to_owned(), validator })
    }

    /// How the plan calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What of `json` goes against it, the first few places; `None` if nothing does.
    pub(super) fn violations(&self, json: &serde_json::Value, masker: &Masker) -> Option<String> {
        let mut errors = self.validator.iter_errors(json);
        let told: Vec<String> = errors
            .by_ref()
            .take(NAMED)
            .map(|error| {
                let place = error.instance_path().to_string();
                let place = if place.is_empty() { "the body".to_owned() } else { place };
                format!("{place}: {}", shown(&masker.beginning(&error.masked().to_string(), 120), 120))
            })
            .collect();
        if told.is_empty() {
            return None;
        }
        let more = if errors.next().is_some() { "; and more" } else { "" };
        Some(format!("{}{more}", told.join("; ")))
    }
}
