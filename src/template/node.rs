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
pub(super) struct Node {
    pub(super) kind: NodeKind,
    /// Where it stands in the text, for messages.
    pub(super) range: Range<usize>,
    /// Whether its value follows from what is written alone.
    pub(super) pure: bool,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    Constant(Value),
    Slot(SlotId),
    Builtin(Builtin),
    Response(ResponsePart),
    /// `response.headers` at a name, in whatever case.
    ResponseHeader(Box<Node>),
    Member {
        base: Box<Node>,
        key: Arc<str>,
    },
    Index {
        base: Box<Node>,
        index: Box<Node>,
    },
    List(Vec<Node>),
    Choice(Box<Node>),
    Counter(CounterId),
    Call {
        doc: &'static FunctionDoc,
        arguments: Vec<Node>,
    },
    Filter {
        doc: &'static FunctionDoc,
        input: Box<Node>,
        arguments: Vec<Node>,
    },
    Default {
        input: Box<Node>,
        fallback: Box<Node>,
    },
    Not(Box<Node>),
    Negate(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    Binary {
        op: BinaryOp,
        left: Box<Node>,
        right: Box<Node>,
    },
}

impl Node {
    pub(super) fn constant(value: Value, range: Range<usize>) -> Self {
        Self { kind: NodeKind::Constant(value), range, pure: true }
    }

    /// The value, if it is known already.
    pub(super) fn as_constant(&self) -> Option<&Value> {
        match &self.kind {
            NodeKind::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it reads the body of the last response.
    pub(super) fn reads_body(&self) -> bool {
        self.any(&|node| matches!(node.kind, NodeKind::Response(ResponsePart::Body | ResponsePart::Json)))
    }

    /// Whether it, or a part of it, is such a one.
    pub(super) fn any(&self, test: &dyn Fn(&Self) -> bool) -> bool {
        let inner = |node: &Self| node.any(test);
        test(self)
            || match &self.kind {
                NodeKind::Response(_)
                | NodeKind::Constant(_)
                | NodeKind::Slot(_)
                | NodeKind::Builtin(_)
                | NodeKind::Counter(_) => false,
                NodeKind::ResponseHeader(base)
                | NodeKind::Member { base, .. }
                | NodeKind::Choice(base)
                | NodeKind::Not(base)
                | NodeKind::Negate(base) => inner(base),
                NodeKind::List(items) | NodeKind::Call { arguments: items, .. } => items.iter().any(inner),
                NodeKind::Filter { input, arguments, .. } => inner(input) || arguments.iter().any(inner),
                NodeKind::Index { base: a, index: b }
                | NodeKind::Default { input: a, fallback: b }
                | NodeKind::And(a, b)
                | NodeKind::Or(a, b)
                | NodeKind::Binary { left: a, right: b, .. } => inner(a) || inner(b),
            }
    }

    /// Whether it reads such a variable, or holds such a text.
    pub(super) fn holds(&self, slot: &dyn Fn(SlotId) -> bool, text: &dyn Fn(&str) -> bool) -> bool {
        self.any(&|node| match &node.kind {
            NodeKind::Slot(id) => slot(*id),
            NodeKind::Constant(value) => text(&value.to_string()),
            NodeKind::Builtin(_)
            | NodeKind::Response(_)
            | NodeKind::ResponseHeader(_)
            | NodeKind::Member { .. }
            | NodeKind::Index { .. }
            | NodeKind::List(_)
            | NodeKind::Choice(_)
            | NodeKind::Counter(_)
            | NodeKind::Call { .. }
            | NodeKind::Filter { .. }
            | NodeKind::Default { .. }
            | NodeKind::Not(_)
            | NodeKind::Negate(_)
            | NodeKind::And(..)
            | NodeKind::Or(..)
            | NodeKind::Binary { .. } => false,
        })
    }

    /// Whether this is `file(…)`.
    pub(super) fn is_file(&self) -> bool {
        matches!(&self.kind, NodeKind::Call { doc, .. } if doc.name == "file")
    }

    /// Whether this is `response.json` or a path from there.
    pub(super) fn in_response_json(&self) -> bool {
        match &self.kind {
            NodeKind::Response(ResponsePart::Json) => true,
            NodeKind::Member { base, .. } | NodeKind::Index { base, .. } => base.in_response_json(),
            _ => false,
        }
    }
}
