//! Expected values, with or without `${…}`.

use std::borrow::Cow;
use std::sync::Arc;

use crate::template::{EvalError, Scope, Template};
use crate::value::{Map, Value};

/// An expected value.
#[derive(Debug)]
pub enum Expected {
    /// Known before the run.
    Literal(Value),
    /// Known before the run and written with a unit: the number in milliseconds or bytes, and
    /// how it is written (`500ms`).
    Measured(Value, String),
    /// Computed for every answer.
    Template(Template),
    /// A list with computed values in it.
    List(Vec<Expected>),
    /// A map with computed values in it.
    Map(Vec<(Arc<str>, Expected)>),
}

impl Expected {
    /// The value.
    ///
    /// # Errors
    /// When a `${…}` in it cannot be evaluated.
    pub fn value(&self, scope: &mut dyn Scope) -> Result<Cow<'_, Value>, EvalError> {
        match self {
            Self::Literal(value) | Self::Measured(value, _) => Ok(Cow::Borrowed(value)),
            Self::Template(template) => template.value(scope).map(Cow::Owned),
            Self::List(items) => {
                let items: Result<Vec<Value>, EvalError> =
                    items.iter().map(|item| Ok(item.value(scope)?.into_owned())).collect();
                Ok(Cow::Owned(Value::List(items?.into())))
            }
            Self::Map(entries) => {
                let entries: Result<Map, EvalError> = entries
                    .iter()
                    .map(|(key, value)| Ok((Arc::clone(key), value.value(scope)?.into_owned())))
                    .collect();
                Ok(Cow::Owned(Value::Map(Arc::new(entries?))))
            }
        }
    }

    /// How it is written, for the assertion's sentence: texts in quotes, the rest as JSON.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Literal(value) => value.write_json(out),
            Self::Measured(_, text) => out.push_str(text),
            Self::Template(template) => out.push_str(template.source()),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(key);
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    pub(super) fn reads_body(&self) -> bool {
        match self {
            Self::Literal(_) | Self::Measured(..) => false,
            Self::Template(template) => template.reads_body(),
            Self::List(items) => items.iter().any(Self::reads_body),
            Self::Map(entries) => entries.iter().any(|(_, value)| value.reads_body()),
        }
    }
}
