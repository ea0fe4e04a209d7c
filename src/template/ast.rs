//! The syntax tree of one expression.

use std::ops::Range;

use crate::value::Value;

use super::builtin::Builtin;
use super::{NameUse, TemplateProblem, unknown_words};

/// The deepest nesting an expression may have. Evaluation recurses once per level.
pub(super) const MAX_DEPTH: u32 = 64;

/// A part of an expression and the bytes it was written in.
#[derive(Clone, Debug)]
pub(super) struct Ast {
    pub(super) kind: AstKind,
    pub(super) range: Range<usize>,
    /// Levels below and including this one.
    pub(super) depth: u32,
    /// Whether it is in parentheses.
    pub(super) bracketed: bool,
}

#[derive(Clone, Debug)]
pub(super) enum AstKind {
    Constant(Value),
    Name(String),
    Member { base: Box<Ast>, key: String, key_range: Range<usize> },
    Index { base: Box<Ast>, index: Box<Ast> },
    List(Vec<Ast>),
    Call { name: String, name_range: Range<usize>, arguments: Vec<Ast> },
    Filter { name: String, input: Box<Ast>, arguments: Vec<Ast> },
    Not(Box<Ast>),
    Negate(Box<Ast>),
    Binary { op: BinaryOp, left: Box<Ast>, right: Box<Ast> },
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
    In,
    NotIn,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl BinaryOp {
    /// How tightly it binds its operands; more is tighter.
    pub(super) fn power(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual | Self::Less | Self::AtMost | Self::Greater | Self::AtLeast => 4,
            Self::In | Self::NotIn => 4,
            Self::Add | Self::Subtract => 5,
            Self::Multiply | Self::Divide | Self::Remainder => 6,
        }
    }

    pub(super) fn compares(self) -> bool {
        self.power() == 4
    }

    pub(super) fn computes(self) -> bool {
        self.power() > 4
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::In => "in",
            Self::NotIn => "not in",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl Ast {
    pub(super) fn new(kind: AstKind, range: Range<usize>) -> Self {
        let mut deepest = 0;
        kind.each_child(&mut |child| deepest = deepest.max(child.depth));
        Self { kind, range, depth: deepest + 1, bracketed: false }
    }

    /// Whether it is written out in full: a literal or a list of such.
    pub(super) fn is_plain_literal(&self) -> bool {
        match &self.kind {
            AstKind::Constant(_) => true,
            AstKind::List(items) => items.iter().all(Self::is_plain_literal),
            AstKind::Name(_)
            | AstKind::Member { .. }
            | AstKind::Index { .. }
            | AstKind::Call { .. }
            | AstKind::Filter { .. }
            | AstKind::Not(_)
            | AstKind::Negate(_)
            | AstKind::Binary { .. } => false,
        }
    }

    /// Adds every name read here to `names`, except the built-in ones, which go to `builtins`.
    pub(super) fn collect_names(
        &self,
        defaulted: bool,
        names: &mut Vec<NameUse>,
        builtins: &mut Vec<(Builtin, Range<usize>)>,
    ) {
        let mut add =
            |name: &str, range: &Range<usize>, member: Option<(String, Range<usize>)>| match Builtin::named(name) {
                Some(builtin) => builtins.push((builtin, range.clone())),
                None => names.push(NameUse { name: name.to_owned(), range: range.clone(), member, defaulted }),
            };
        match &self.kind {
            AstKind::Name(name) => add(name, &self.range, None),
            AstKind::Member { base, key, key_range } => match &base.kind {
                AstKind::Name(name) => add(name, &base.range, Some((key.clone(), key_range.clone()))),
                AstKind::Constant(_)
                | AstKind::Member { .. }
                | AstKind::Index { .. }
                | AstKind::List(_)
                | AstKind::Call { .. }
                | AstKind::Filter { .. }
                | AstKind::Not(_)
                | AstKind::Negate(_)
                | AstKind::Binary { .. } => base.collect_names(defaulted, names, builtins),
            },
            AstKind::Index { base, index } => {
                match (&base.kind, &index.kind) {
                    (AstKind::Name(name), AstKind::Constant(Value::Text(key))) => {
                        add(name, &base.range, Some((key.to_string(), index.range.clone())));
                    }
                    _ => base.collect_names(defaulted, names, builtins),
                }
                index.collect_names(defaulted, names, builtins);
            }
            AstKind::Filter { name, input, arguments, .. } => {
                input.collect_names(defaulted || name == "default", names, builtins);
                for argument in arguments {
                    argument.collect_names(defaulted, names, builtins);
                }
            }
            other @ (AstKind::Constant(_)
            | AstKind::List(_)
            | AstKind::Call { .. }
            | AstKind::Not(_)
            | AstKind::Negate(_)
            | AstKind::Binary { .. }) => other.each_child(&mut |child| child.collect_names(defaulted, names, builtins)),
        }
    }
}

impl Ast {
    /// Adds what is allowed and hardly ever meant.
    pub(super) fn collect_doubts(&self, text: &str, doubts: &mut Vec<TemplateProblem>) {
        doubts.extend(unknown_words::doubt(text, self));
        self.kind.each_child(&mut |child| child.collect_doubts(text, doubts));
    }
}

impl AstKind {
    fn each_child(&self, visit: &mut dyn FnMut(&Ast)) {
        match self {
            Self::Constant(_) | Self::Name(_) => {}
            Self::Member { base, .. } => visit(base),
            Self::Index { base, index } => {
                visit(base);
                visit(index);
            }
            Self::List(items) => items.iter().for_each(visit),
            Self::Call { arguments, .. } => arguments.iter().for_each(visit),
            Self::Filter { input, arguments, .. } => {
                visit(input);
                arguments.iter().for_each(visit);
            }
            Self::Not(inner) | Self::Negate(inner) => visit(inner),
            Self::Binary { left, right, .. } => {
                visit(left);
                visit(right);
            }
        }
    }
}
