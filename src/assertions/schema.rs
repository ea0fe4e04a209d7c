//! JSON Schema.

use jsonschema::Validator;

use crate::extractors::find::shown;
use crate::mask::Masker;

/// A compiled JSON Schema.
#[derive(Debug)]
pub struct Schema {
    name: String,
    validator: Validator,
}

/// How many violations a message names.
const NAMED: usize = 3;

impl Schema {
    /// Compiles a schema; `name` is how the plan calls it, usually its file. Nothing is fetched:
    /// references must lead into the schema itself.
    ///
    /// # Errors
    /// A fragment that says what is wrong with it.
    pub fn compile(name: &str, schema: &serde_json::Value) -> Result<Self, String> {
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
