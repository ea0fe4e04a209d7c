//! Text with `${…}` and expressions without it: parsed with positions, resolved to slots, evaluated.
//!
//! There are three steps, each with its own type: [`parse_text`] and [`parse_expression`] turn text into
//! [`ParsedText`] and [`ParsedExpression`] and report all syntax problems;
//! their `compile` asks a [`Resolver`] for the meaning of the names and returns a [`Template`] or an
//! [`Expression`]; these read a [`Scope`] and return text or a [`Value`](crate::value::Value).
//!
//! The language: literals, names, `.member` and `[index]`, lists, function calls, `| filters`,
//! arithmetic, comparisons, `in`, `not`, `and`, `or`. Filters bind tightest. There is one table for
//! functions and one for filters ([`functions`], [`filters`]), used by the checks, by the evaluation
//! and by the reference page.

mod ast;
mod builtin;
mod compile;
mod compiled;
mod compute;
mod eval;
mod fakes;
mod filters;
mod foreign;
mod functions;
mod lexer;
mod node;
mod parser;
mod response;
mod scope;
mod text;
mod time;
mod tree;
mod unknown_words;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::problem::Problem;

pub use builtin::{Builtin, RESERVED_NAMES};
pub use compile::{Reference, Resolver};
pub(crate) use compiled::check_length;
pub use compiled::{Expression, Template};
pub use compute::{Comparison, compare, equal};
pub use filters::filters;
pub use foreign::{KnownNames, meant, meant_in_text};
pub use functions::{FunctionDoc, Parameter, functions};
pub use scope::{EvalError, Scope};
pub use text::{ParsedExpression, ParsedText, parse_expression, parse_text};
pub use tree::Tree;

/// A variable's number: its place in a user's table of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(pub u32);

/// A `counter(name)`'s number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CounterId(pub u32);

/// A problem found while parsing or compiling: what is wrong with a part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateProblem {
    /// The bytes it concerns, in the text given to `parse_text` or `parse_expression`.
    pub range: Range<usize>,
    /// What is wrong, without a full stop; the corrected text is what to put at `range`.
    pub problem: Problem,
}

impl TemplateProblem {
    pub(crate) fn new(range: Range<usize>, message: impl Into<String>) -> Self {
        Self { range, problem: Problem::from(message.into()) }
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.problem.help = help.into();
        self
    }

    #[must_use]
    pub(crate) fn replace(self, corrected: impl Into<String>) -> Self {
        self.corrected(Some(corrected.into()))
    }

    /// Where the corrected text can be guessed, or not.
    #[must_use]
    pub(crate) fn corrected(mut self, corrected: Option<String>) -> Self {
        self.problem.corrected = corrected;
        self
    }
}

/// A name an expression reads, other than the built-in ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameUse {
    /// The name.
    pub name: String,
    /// Where it is.
    pub range: Range<usize>,
    /// What is read of it, when that is written out: the `x` of `name.x` or `name["x"]`.
    pub member: Option<(String, Range<usize>)>,
    /// Whether a `| default(…)` stands in when it is not set.
    pub defaulted: bool,
}
