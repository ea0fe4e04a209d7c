//! Expected values, with or without `${…}`.

use std::borrow::Cow;

use crate::template::{EvalError, Scope, Tree};
use crate::value::Value;

/// An expected value.
#[derive(Debug)]
pub enum Expected {
    /// As it is written, expressions inside included.
    Tree(Tree),
    /// Known before the run and written with a unit: the number in milliseconds or bytes, and
    /// how it is written (`500ms`).
    Measured(Value, String),
}

impl Expected {
    /// The value.
    ///
    /// # Errors
    /// When a `${…}` in it cannot be evaluated.
    pub fn value(&self, scope: &mut dyn Scope) -> Result<Cow<'_, Value>, EvalError> {
        match self {
            Self::Tree(tree) => tree.value(scope),
            Self::Measured(value, _) => Ok(Cow::Borrowed(value)),
        }
    }

    /// The value, if it is known before the run.
    pub(super) fn literal(&self) -> Option<&Value> {
        match self {
            Self::Tree(tree) => tree.literal(),
            Self::Measured(value, _) => Some(value),
        }
    }

    /// How it is written, for the assertion's sentence.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Self::Tree(tree) => tree.write(out),
            Self::Measured(_, text) => out.push_str(text),
        }
    }

    pub(super) fn reads_body(&self) -> bool {
        match self {
            Self::Tree(tree) => tree.reads_body(),
            Self::Measured(..) => false,
        }
    }
}
