//! Compiled texts and expressions, shared by every user of a run.

use std::ops::Range;
use std::sync::Arc;

use crate::value::Value;

use super::SlotId;
use super::eval::{Context, unset};
use super::node::ExprNode;
use super::scope::{EvalError, Scope};

/// How long a text may be that an expression makes, in bytes, and how large a list or a map, so that one
/// that grows with every iteration does not take all memory.
pub(crate) const MAX_TEXT: usize = 32 * 1024 * 1024;

/// What is said of a longer one.
pub(super) const TOO_LONG: &str = "the text gets longer than 32 MiB";

/// Refuses a text that is too long.
///
/// # Errors
/// When it is.
pub(crate) fn check_length(text: &str) -> Result<(), EvalError> {
    if text.len() > MAX_TEXT { Err(EvalError::new(0..0, TOO_LONG)) } else { Ok(()) }
}

/// Refuses a list or a map that is too large or nested too deep.
pub(super) fn check_size(value: &Value, range: &Range<usize>) -> Result<(), EvalError> {
    if value.fits(MAX_TEXT) {
        return Ok(());
    }
    let message = format!(
        "the {} gets larger than 32 MiB or is nested more than {} levels deep",
        if matches!(value, Value::Map(_)) { "map" } else { "list" },
        crate::value::MAX_DEPTH
    );
    Err(EvalError::new(range.clone(), message))
}

/// A text whose `${…}` are ready to be evaluated.
#[derive(Debug)]
pub struct Template {
    pub(super) source: Arc<str>,
    pub(super) body: TemplateBody,
}

#[derive(Debug)]
pub(super) enum TemplateBody {
    Literal(Arc<str>),
    /// One whole expression whose value is known, and how it reads as text.
    Constant(Value, Arc<str>),
    Whole(ExprNode),
    Mixed(Vec<Segment>),
}

#[derive(Debug)]
pub(super) enum Segment {
    Literal(Box<str>),
    Slot(SlotId, Range<usize>),
    Expression(Box<ExprNode>),
}

/// A bare expression ready to be evaluated.
#[derive(Debug)]
pub struct Expression {
    pub(super) source: Arc<str>,
    pub(super) node: ExprNode,
}

impl Template {
    /// A template without expressions, of text taken as it is: `${` has no meaning in it.
    pub fn from_literal(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        Self { source: Arc::clone(&text), body: TemplateBody::Literal(text) }
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text, if it is the same for every user and iteration.
    pub fn literal(&self) -> Option<&str> {
        match &self.body {
            TemplateBody::Literal(text) | TemplateBody::Constant(_, text) => Some(text),
            TemplateBody::Whole(_) | TemplateBody::Mixed(_) => None,
        }
    }

    /// Whether a part that is not computed holds this character.
    pub fn spells(&self, sign: char) -> bool {
        match &self.body {
            TemplateBody::Literal(text) | TemplateBody::Constant(_, text) => text.contains(sign),
            TemplateBody::Whole(_) => false,
            TemplateBody::Mixed(segments) => segments.iter().any(|segment| match segment {
                Segment::Literal(text) => text.contains(sign),
                Segment::Slot(..) | Segment::Expression(_) => false,
            }),
        }
    }

    /// The value, if it is the same for every user and iteration.
    pub fn constant(&self) -> Option<Value> {
        match &self.body {
            TemplateBody::Literal(text) => Some(Value::Text(Arc::clone(text))),
            TemplateBody::Constant(value, _) => Some(value.clone()),
            TemplateBody::Whole(_) | TemplateBody::Mixed(_) => None,
        }
    }

    /// Appends the text to `out`.
    ///
    /// # Errors
    /// When a variable is not set or an operation cannot run; `out` may hold a part then.
    pub fn render(&self, scope: &mut dyn Scope, out: &mut String) -> Result<(), EvalError> {
        match &self.body {
            TemplateBody::Literal(text) | TemplateBody::Constant(_, text) => {
                out.push_str(text);
                Ok(())
            }
            TemplateBody::Whole(node) => Context::new(scope, &self.source).write(node, out),
            TemplateBody::Mixed(segments) => {
                for segment in segments {
                    match segment {
                        Segment::Literal(text) => out.push_str(text),
                        Segment::Slot(slot, range) => match scope.slot(*slot) {
                            Some(value) => value.write_text(out),
                            None => return Err(unset(*slot, scope, range.clone())),
                        },
                        Segment::Expression(node) => Context::new(scope, &self.source).write(node, out)?,
                    }
                    check_length(out)?;
                }
                Ok(())
            }
        }
    }

    /// Appends the text to `out`, and gives each value that was put into other text, with its expression
    /// as written, to `check`.
    ///
    /// # Errors
    /// As [`Self::render`], or what `check` objects to.
    pub(crate) fn render_checked<E: From<EvalError>>(
        &self,
        scope: &mut dyn Scope,
        out: &mut String,
        check: impl Fn(&str, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        let TemplateBody::Mixed(segments) = &self.body else {
            return Ok(self.render(scope, out)?);
        };
        for segment in segments {
            let before = out.len();
            let range = match segment {
                Segment::Literal(text) => {
                    out.push_str(text);
                    continue;
                }
                Segment::Slot(slot, range) => {
                    let value = scope.slot(*slot);
                    value.map(|value| value.write_text(out)).ok_or_else(|| unset(*slot, scope, range.clone()))?;
                    range
                }
                Segment::Expression(node) => {
                    Context::new(scope, &self.source).write(node, out)?;
                    &node.range
                }
            };
            check_length(out)?;
            check(self.source.get(range.clone()).unwrap_or_default(), &out[before..])?;
        }
        Ok(())
    }

    /// Whether it reads such a variable, or holds such a text.
    pub(crate) fn holds(&self, slot: &dyn Fn(SlotId) -> bool, text: &dyn Fn(&str) -> bool) -> bool {
        match &self.body {
            TemplateBody::Literal(literal) | TemplateBody::Constant(_, literal) => text(literal),
            TemplateBody::Whole(node) => node.holds(slot, text),
            TemplateBody::Mixed(segments) => segments.iter().any(|segment| match segment {
                Segment::Literal(literal) => text(literal),
                Segment::Slot(id, _) => slot(*id),
                Segment::Expression(node) => node.holds(slot, text),
            }),
        }
    }

    /// Whether it reads the last response's body, which then has to be kept.
    pub fn reads_body(&self) -> bool {
        match &self.body {
            TemplateBody::Literal(_) | TemplateBody::Constant(..) => false,
            TemplateBody::Whole(node) => node.reads_body(),
            TemplateBody::Mixed(segments) => segments.iter().any(|segment| match segment {
                Segment::Expression(node) => node.reads_body(),
                Segment::Literal(_) | Segment::Slot(..) => false,
            }),
        }
    }

    /// The value: that of the expression if the text is one whole `${…}`, else text.
    ///
    /// # Errors
    /// When a variable is not set or an operation cannot run.
    pub fn value(&self, scope: &mut dyn Scope) -> Result<Value, EvalError> {
        match &self.body {
            TemplateBody::Literal(text) => Ok(Value::Text(Arc::clone(text))),
            TemplateBody::Constant(value, _) => Ok(value.clone()),
            TemplateBody::Whole(node) => Ok(Context::new(scope, &self.source).eval(node)?.into_owned()),
            TemplateBody::Mixed(_) => {
                let mut text = String::with_capacity(self.source.len() + 16);
                self.render(scope, &mut text)?;
                Ok(Value::text(text))
            }
        }
    }
}

impl Expression {
    /// The expression as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The value, if it is the same for every user and iteration.
    pub fn constant(&self) -> Option<&Value> {
        self.node.as_constant()
    }

    /// The value.
    ///
    /// # Errors
    /// When a variable is not set or an operation cannot run.
    pub fn value(&self, scope: &mut dyn Scope) -> Result<Value, EvalError> {
        Ok(Context::new(scope, &self.source).eval(&self.node)?.into_owned())
    }

    /// Whether it reads the last response's body, which then has to be kept.
    pub fn reads_body(&self) -> bool {
        self.node.reads_body()
    }

    /// Whether it reads such a variable, or holds such a text.
    pub(crate) fn holds(&self, slot: &dyn Fn(SlotId) -> bool, text: &dyn Fn(&str) -> bool) -> bool {
        self.node.holds(slot, text)
    }

    /// The value as a condition: true or false, or text that spells one of these.
    ///
    /// # Errors
    /// When it cannot be computed or is neither.
    pub fn truth(&self, scope: &mut dyn Scope) -> Result<bool, EvalError> {
        Context::new(scope, &self.source).truth(&self.node)
    }
}
