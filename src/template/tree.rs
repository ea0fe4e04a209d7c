//! Values with templates inside: what variables, bodies and expected values are written as.

use std::borrow::Cow;
use std::sync::Arc;

use super::compiled::check_size;
use super::{EvalError, Scope, SlotId, Template};
use crate::value::{Map, Value};

/// A value that may hold `${…}` at any depth.
#[derive(Debug)]
pub enum Tree {
    /// Known.
    Literal(Value),
    /// Text with `${…}`; one whole expression keeps its type.
    Template(Template),
    /// A list.
    List(Vec<Tree>),
    /// A map.
    Map(Vec<(Arc<str>, Tree)>),
}

impl Tree {
    /// The value for this user now.
    ///
    /// # Errors
    /// When an expression inside cannot be computed.
    pub fn value(&self, scope: &mut dyn Scope) -> Result<Cow<'_, Value>, EvalError> {
        Ok(match self {
            Self::Literal(value) => Cow::Borrowed(value),
            Self::Template(template) => Cow::Owned(template.value(scope)?),
            Self::List(items) => {
                let items: Result<Vec<Value>, EvalError> =
                    items.iter().map(|item| Ok(item.value(scope)?.into_owned())).collect();
                let list = Value::List(items?.into());
                check_size(&list, &(0..0))?;
                Cow::Owned(list)
            }
            Self::Map(entries) => {
                let map: Result<Map, EvalError> =
                    entries.iter().map(|(key, item)| Ok((key.clone(), item.value(scope)?.into_owned()))).collect();
                let map = Value::Map(Arc::new(map?));
                check_size(&map, &(0..0))?;
                Cow::Owned(map)
            }
        })
    }

    /// The value, if it needs no user.
    pub fn literal(&self) -> Option<&Value> {
        match self {
            Self::Literal(value) => Some(value),
            Self::Template(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Whether it reads such a variable, or holds such a text.
    pub(crate) fn holds(&self, slot: &dyn Fn(SlotId) -> bool, text: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::Literal(value) => text(&value.to_string()),
            Self::Template(template) => template.holds(slot, text),
            Self::List(items) => items.iter().any(|item| item.holds(slot, text)),
            Self::Map(entries) => entries.iter().any(|(_, item)| item.holds(slot, text)),
        }
    }

    /// Whether an expression inside reads the body of the last response.
    pub fn reads_body(&self) -> bool {
        match self {
            Self::Literal(_) => false,
            Self::Template(template) => template.reads_body(),
            Self::List(items) => items.iter().any(Self::reads_body),
            Self::Map(entries) => entries.iter().any(|(_, item)| item.reads_body()),
        }
    }

    /// Appends how it is written: texts in quotes, the rest as JSON, expressions as they are.
    pub(crate) fn write(&self, out: &mut String) {
        match self {
            Self::Literal(value) => value.write_json(out),
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
                for (index, (key, item)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push_str(", ");
                    }
                    out.push_str(key);
                    out.push_str(": ");
                    item.write(out);
                }
                out.push('}');
            }
        }
    }
}
