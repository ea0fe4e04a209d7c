//! The times of the parts of a request.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Times;
use crate::phase::Phase;

/// The phases of a request. A phase that no sample had is absent: a reused connection needs no `connect`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phases(BTreeMap<Phase, Times>);

impl Phases {
    /// The times of a part; `None` if no sample had it.
    pub fn get(&self, phase: Phase) -> Option<&Times> {
        self.0.get(&phase)
    }

    /// Each part that a sample had, in the order they happen.
    pub fn iter(&self) -> impl Iterator<Item = (Phase, &Times)> {
        self.0.iter().map(|(phase, times)| (*phase, times))
    }
}

impl FromIterator<(Phase, Times)> for Phases {
    fn from_iter<I: IntoIterator<Item = (Phase, Times)>>(phases: I) -> Self {
        Self(phases.into_iter().collect())
    }
}

impl JsonSchema for Phases {
    fn schema_name() -> Cow<'static, str> {
        "Phases".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let properties: Map<String, Value> = Phase::ALL
            .into_iter()
            .map(|phase| {
                let mut schema = Map::new();
                schema.insert("description".into(), phase.doc().into());
                schema.insert("allOf".into(), vec![generator.subschema_for::<Times>().to_value()].into());
                (phase.word().to_owned(), Value::Object(schema))
            })
            .collect();
        schemars::json_schema!({
            "description": "The phases of a request. A phase that no sample had is absent: a reused connection needs no `connect`.",
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        })
    }
}
