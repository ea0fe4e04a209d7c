//! The compiled form of an expression: names are slots, constants are computed.

use std::ops::Range;
use std::sync::Arc;

use crate::value::Value;

use super::ast::BinaryOp;
use super::builtin::{Builtin, ResponsePart};
use super::functions::FunctionDoc;
use super::{CounterId, SlotId};

/// A compiled part of an expression.
#[derive(Debug)]
pub(super) struct ExprNode {
    pub(super) kind: ExprKind,
    /// Where it is in the text, for messages.
    pub(super) range: Range<usize>,
    /// Whether its value follows from what is written alone.
    pub(super) pure: bool,
}

#[derive(Debug)]
pub(super) enum ExprKind {
    Constant(Value),
    Slot(SlotId),
    Builtin(Builtin),
    Response(ResponsePart),
    /// `response.headers` at a name, in whatever case.
    ResponseHeader(Box<ExprNode>),
    Member {
        base: Box<ExprNode>,
        key: Arc<str>,
    },
    Index {
        base: Box<ExprNode>,
        index: Box<ExprNode>,
    },
    List(Vec<ExprNode>),
    Choice(Box<ExprNode>),
    Counter(CounterId),
    Call {
        doc: &'static FunctionDoc,
        arguments: Vec<ExprNode>,
    },
    Filter {
        doc: &'static FunctionDoc,
        input: Box<ExprNode>,
        arguments: Vec<ExprNode>,
    },
    Default {
        input: Box<ExprNode>,
        fallback: Box<ExprNode>,
    },
    Not(Box<ExprNode>),
    Negate(Box<ExprNode>),
    And(Box<ExprNode>, Box<ExprNode>),
    Or(Box<ExprNode>, Box<ExprNode>),
    Binary {
        op: BinaryOp,
        left: Box<ExprNode>,
        right: Box<ExprNode>,
    },
}

impl ExprNode {
    pub(super) fn constant(value: Value, range: Range<usize>) -> Self {
        Self { kind: ExprKind::Constant(value), range, pure: true }
    }

    /// The value, if it is known already.
    pub(super) fn as_constant(&self) -> Option<&Value> {
        if let ExprKind::Constant(value) = &self.kind { Some(value) } else { None }
    }

    /// Whether it reads the body of the last response.
    pub(super) fn reads_body(&self) -> bool {
        self.any(&|node| matches!(node.kind, ExprKind::Response(ResponsePart::Body | ResponsePart::Json)))
    }

    /// Whether it, or a part of it, is such a one.
    pub(super) fn any(&self, test: &dyn Fn(&Self) -> bool) -> bool {
        let inner = |node: &Self| node.any(test);
        test(self)
            || match &self.kind {
                ExprKind::Response(_)
                | ExprKind::Constant(_)
                | ExprKind::Slot(_)
                | ExprKind::Builtin(_)
                | ExprKind::Counter(_) => false,
                ExprKind::ResponseHeader(base)
                | ExprKind::Member { base, .. }
                | ExprKind::Choice(base)
                | ExprKind::Not(base)
                | ExprKind::Negate(base) => inner(base),
                ExprKind::List(items) | ExprKind::Call { arguments: items, .. } => items.iter().any(inner),
                ExprKind::Filter { input, arguments, .. } => inner(input) || arguments.iter().any(inner),
                ExprKind::Index { base: a, index: b }
                | ExprKind::Default { input: a, fallback: b }
                | ExprKind::And(a, b)
                | ExprKind::Or(a, b)
                | ExprKind::Binary { left: a, right: b, .. } => inner(a) || inner(b),
            }
    }

    /// Whether it reads such a variable, or holds such a text.
    pub(super) fn holds(&self, slot: &dyn Fn(SlotId) -> bool, text: &dyn Fn(&str) -> bool) -> bool {
        self.any(&|node| match &node.kind {
            ExprKind::Slot(id) => slot(*id),
            ExprKind::Constant(value) => text(&value.to_string()),
            ExprKind::Builtin(_)
            | ExprKind::Response(_)
            | ExprKind::ResponseHeader(_)
            | ExprKind::Member { .. }
            | ExprKind::Index { .. }
            | ExprKind::List(_)
            | ExprKind::Choice(_)
            | ExprKind::Counter(_)
            | ExprKind::Call { .. }
            | ExprKind::Filter { .. }
            | ExprKind::Default { .. }
            | ExprKind::Not(_)
            | ExprKind::Negate(_)
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Binary { .. } => false,
        })
    }

    /// Whether this is `file(…)`.
    pub(super) fn is_file(&self) -> bool {
        matches!(&self.kind, ExprKind::Call { doc, .. } if doc.name == "file")
    }

    /// Whether this is `response.json` or a path from there.
    pub(super) fn in_response_json(&self) -> bool {
        match &self.kind {
            ExprKind::Response(ResponsePart::Json) => true,
            ExprKind::Member { base, .. } | ExprKind::Index { base, .. } => base.in_response_json(),
            ExprKind::Constant(_)
            | ExprKind::Slot(_)
            | ExprKind::Builtin(_)
            | ExprKind::Response(_)
            | ExprKind::ResponseHeader(_)
            | ExprKind::List(_)
            | ExprKind::Choice(_)
            | ExprKind::Counter(_)
            | ExprKind::Call { .. }
            | ExprKind::Filter { .. }
            | ExprKind::Default { .. }
            | ExprKind::Not(_)
            | ExprKind::Negate(_)
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Binary { .. } => false,
        }
    }
}
