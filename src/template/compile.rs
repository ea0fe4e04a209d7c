//! From syntax trees to nodes: names get their meaning, constants are computed, and what cannot
//! be right is found before the run.

use std::ops::Range;

use crate::suggest::nearest;
use crate::value::Value;

use super::ast::{Ast, AstKind, BinaryOp};
use super::builtin::{Builtin, ResponsePart};
use super::compiled::{Body, Expression, Segment, Template};
use super::eval::{Context, NoScope};
use super::filters::filter;
use super::functions::{Action, FunctionDoc, function};
use super::node::{Node, NodeKind};
use super::text::Part;
use super::unknown_words;
use super::{CounterId, SlotId, TemplateProblem};

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Reference {
    /// A variable, read when the expression is evaluated.
    Slot(SlotId),
    /// A value that is known now, for instance the environment as a map under `env`.
    Constant(Value),
}

/// What names mean. Asked once for every use of a name that is not built in.
pub trait Resolver {
    /// What `name` stands for; `None` when nothing has this name.
    fn name(&mut self, name: &str) -> Option<Reference>;
    /// The counter of this name.
    fn counter(&mut self, name: &str) -> CounterId;
    /// Names that could be meant instead of an unknown one.
    fn known_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Compiles the expressions of one text.
pub(super) struct Compiler<'a> {
    source: &'a str,
    resolver: &'a mut dyn Resolver,
    problems: Vec<TemplateProblem>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(source: &'a str, resolver: &'a mut dyn Resolver) -> Self {
        Self { source, resolver, problems: Vec::new() }
    }

    pub(super) fn finish<T>(self, compiled: Option<T>) -> Result<T, Vec<TemplateProblem>> {
        match compiled {
            Some(compiled) if self.problems.is_empty() => Ok(compiled),
            _ => Err(self.problems),
        }
    }

    pub(super) fn template(&mut self, parts: &[Part]) -> Option<Template> {
        let body = match parts {
            [] => Body::Literal("".into()),
            [Part::Literal(text)] => Body::Literal(text.as_str().into()),
            [Part::Expression(tree)] => {
                let node = self.node(tree, false)?;
                match node.kind {
                    NodeKind::Constant(value) => {
                        let text = value.to_string().into();
                        Body::Constant(value, text)
                    }
                    _ => Body::Whole(node),
                }
            }
            _ => self.mixed(parts),
        };
        Some(Template { source: self.source.into(), body })
    }

    fn mixed(&mut self, parts: &[Part]) -> Body {
        let mut segments = Vec::new();
        let mut literal = String::new();
        for part in parts {
            match part {
                Part::Literal(text) => literal.push_str(text),
                Part::Expression(tree) => {
                    let Some(node) = self.node(tree, false) else { continue };
                    if let NodeKind::Constant(value) = &node.kind {
                        value.write_text(&mut literal);
                        continue;
                    }
                    if !literal.is_empty() {
                        segments.push(Segment::Literal(std::mem::take(&mut literal).into()));
                    }
                    segments.push(match node.kind {
                        NodeKind::Slot(slot) => Segment::Slot(slot, node.range),
                        _ => Segment::Expression(Box::new(node)),
                    });
                }
            }
        }
        if segments.is_empty() {
            return Body::Literal(literal.into());
        }
        if !literal.is_empty() {
            segments.push(Segment::Literal(literal.into()));
        }
        Body::Mixed(segments)
    }

    pub(super) fn expression(&mut self, tree: &Ast) -> Option<Expression> {
        let node = self.node(tree, false)?;
        Some(Expression { source: self.source.into(), node })
    }

    fn fail<T>(&mut self, problem: TemplateProblem) -> Option<T> {
        self.problems.push(problem);
        None
    }

    /// Compiles a tree; `defaulted` when a `default` stands in for what is not set in it.
    fn node(&mut self, tree: &Ast, defaulted: bool) -> Option<Node> {
        let range = tree.range.clone();
        let kind = match &tree.kind {
            AstKind::Constant(value) => NodeKind::Constant(value.clone()),
            AstKind::Name(name) => return self.name(name, range),
            AstKind::Member { base, key, key_range } => return self.member(base, key, key_range, range, defaulted),
            AstKind::Index { base, index } => return self.index(base, index, range, defaulted),
            AstKind::List(items) => NodeKind::List(self.all(items, defaulted)?),
            AstKind::Call { name, name_range, arguments } => {
                return self.call(name, name_range, arguments, range, defaulted);
            }
            AstKind::Filter { name, input, arguments, .. } => {
                let doc = filter(name)?;
                if name == "default" {
                    let (input, fallback) = (self.node(input, true), self.all(arguments, defaulted));
                    let (input, fallback) = (input?, fallback?.into_iter().next()?);
                    NodeKind::Default { input: Box::new(input), fallback: Box::new(fallback) }
                } else {
                    let (input, arguments) = (self.node(input, defaulted), self.all(arguments, defaulted));
                    let (input, arguments) = (input?, arguments?);
                    self.check_constants(doc, &arguments)?;
                    NodeKind::Filter { doc, input: Box::new(input), arguments }
                }
            }
            AstKind::Not(inner) => NodeKind::Not(Box::new(self.node(inner, defaulted)?)),
            AstKind::Negate(inner) => NodeKind::Negate(Box::new(self.node(inner, defaulted)?)),
            AstKind::Binary { op, left, right, .. } => {
                let (left, right) = (self.node(left, defaulted), self.node(right, defaulted));
                let (left, right) = (Box::new(left?), Box::new(right?));
                match op {
                    BinaryOp::And => NodeKind::And(left, right),
                    BinaryOp::Or => NodeKind::Or(left, right),
                    BinaryOp::Equal
                    | BinaryOp::NotEqual
                    | BinaryOp::Less
                    | BinaryOp::AtMost
                    | BinaryOp::Greater
                    | BinaryOp::AtLeast
                    | BinaryOp::In
                    | BinaryOp::NotIn
                    | BinaryOp::Add
                    | BinaryOp::Subtract
                    | BinaryOp::Multiply
                    | BinaryOp::Divide
                    | BinaryOp::Remainder => NodeKind::Binary { op: *op, left, right },
                }
            }
        };
        self.fold(kind, range, defaulted)
    }

    fn all(&mut self, trees: &[Ast], defaulted: bool) -> Option<Vec<Node>> {
        // Every one is compiled, so that every problem is found.
        let nodes: Vec<Option<Node>> = trees.iter().map(|tree| self.node(tree, defaulted)).collect();
        nodes.into_iter().collect()
    }

    /// Computes what is known already.
    fn fold(&mut self, kind: NodeKind, range: Range<usize>, defaulted: bool) -> Option<Node> {
        let pure = match &kind {
            NodeKind::Constant(_) => return Some(Node { kind, range, pure: true }),
            NodeKind::Member { base, .. } => base.pure,
            NodeKind::Index { base: a, index: b }
            | NodeKind::Default { input: a, fallback: b }
            | NodeKind::And(a, b)
            | NodeKind::Or(a, b)
            | NodeKind::Binary { left: a, right: b, .. } => a.pure && b.pure,
            NodeKind::List(items) => items.iter().all(|item| item.pure),
            NodeKind::Call { doc, arguments } => {
                matches!(doc.action, Action::Pure(_)) && arguments.iter().all(|argument| argument.pure)
            }
            NodeKind::Filter { input, arguments, .. } => input.pure && arguments.iter().all(|argument| argument.pure),
            NodeKind::Not(inner) | NodeKind::Negate(inner) => inner.pure,
            NodeKind::Slot(_)
            | NodeKind::Builtin(_)
            | NodeKind::Response(_)
            | NodeKind::ResponseHeader(_)
            | NodeKind::Choice(_)
            | NodeKind::Counter(_) => false,
        };
        let node = Node { kind, range, pure };
        if !pure {
            return Some(node);
        }
        let mut nothing = NoScope::default();
        let outcome = Context::new(&mut nothing, self.source).eval(&node).map(std::borrow::Cow::into_owned);
        match outcome {
            Ok(value) => Some(Node::constant(value, node.range)),
            Err(error) if error.not_set && defaulted => Some(node),
            Err(error) => self.fail(TemplateProblem::new(error.range, error.message)),
        }
    }

    fn name(&mut self, name: &str, range: Range<usize>) -> Option<Node> {
        if let Some(builtin) = Builtin::named(name) {
            return match builtin {
                Builtin::Loop => self.fail(
                    TemplateProblem::new(range, "`loop` is no value").help("write `loop.index`").replace("loop.index"),
                ),
                Builtin::Response => {
                    let parts: Vec<_> = ResponsePart::names().map(|part| format!("`response.{part}`")).collect();
                    self.fail(
                        TemplateProblem::new(range, "`response` is no value")
                            .help(format!("write one of {}", parts.join(", "))),
                    )
                }
                Builtin::Fake => self.fail(
                    TemplateProblem::new(range, "`fake` is no value")
                        .help("write what to make up, for instance `fake.name()`"),
                ),
                Builtin::UserNumber | Builtin::Iteration | Builtin::ThreadGroup | Builtin::RunId => {
                    Some(Node { kind: NodeKind::Builtin(builtin), range, pure: false })
                }
            };
        }
        match self.resolver.name(name) {
            Some(Reference::Slot(slot)) => Some(Node { kind: NodeKind::Slot(slot), range, pure: false }),
            Some(Reference::Constant(value)) => Some(Node::constant(value, range)),
            None => {
                let known = self.resolver.known_names();
                let problem = unknown_words::unknown_name(self.source, name, range, &known);
                self.fail(problem)
            }
        }
    }

    fn member(
        &mut self,
        base: &Ast,
        key: &str,
        key_range: &Range<usize>,
        range: Range<usize>,
        defaulted: bool,
    ) -> Option<Node> {
        if let AstKind::Name(name) = &base.kind
            && let Some(builtin) = Builtin::named(name)
        {
            return match builtin {
                Builtin::Loop if key == "index" => {
                    Some(Node { kind: NodeKind::Builtin(Builtin::Loop), range, pure: false })
                }
                Builtin::Response => match ResponsePart::named(key) {
                    Some(part) => Some(Node { kind: NodeKind::Response(part), range, pure: false }),
                    None => {
                        let problem =
                            unknown_words::unknown(key, key_range.clone(), "`response` has no", ResponsePart::names());
                        self.fail(problem)
                    }
                },
                Builtin::Loop => self.fail(
                    TemplateProblem::new(key_range.clone(), format!("`loop` has no `{key}`"))
                        .help("write `loop.index`")
                        .replace("index"),
                ),
                Builtin::Fake => {
                    let written = format!("{key}()");
                    let problem = TemplateProblem::new(key_range.clone(), format!("`fake.{key}` is a function"));
                    self.fail(problem.help(format!("write `fake.{written}`")).replace(written))
                }
                Builtin::UserNumber | Builtin::Iteration | Builtin::ThreadGroup | Builtin::RunId => {
                    let problem = TemplateProblem::new(
                        key_range.clone(),
                        format!("`{}` has no parts, so no `{key}`", builtin.name()),
                    );
                    self.fail(problem)
                }
            };
        }
        let base_node = self.node(base, defaulted)?;
        if let NodeKind::Response(part) = &base_node.kind {
            match part {
                ResponsePart::Headers => {
                    let name = Node::constant(Value::text(key), key_range.clone());
                    let kind = NodeKind::ResponseHeader(Box::new(name));
                    return Some(Node { kind, range, pure: false });
                }
                ResponsePart::Json => {}
                ResponsePart::Status
                | ResponsePart::Ok
                | ResponsePart::Body
                | ResponsePart::Url
                | ResponsePart::TimeMs => {
                    let problem = TemplateProblem::new(
                        key_range.clone(),
                        format!("`response.{}` has no parts, so no `{key}`", part.name()),
                    );
                    return self.fail(match key {
                        "length" | "size" => problem.help(format!("write `response.{} | length`", part.name())),
                        _ => problem,
                    });
                }
            }
        }
        if !defaulted && let Some(problem) = env_problem(base, &base_node, key, key_range) {
            return self.fail(problem);
        }
        self.fold(NodeKind::Member { base: Box::new(base_node), key: key.into() }, range, defaulted)
    }

    fn index(&mut self, base: &Ast, index: &Ast, range: Range<usize>, defaulted: bool) -> Option<Node> {
        if let AstKind::Constant(Value::Text(key)) = &index.kind {
            return self.member(base, key, &index.range, range, defaulted);
        }
        let (base, index) = (self.node(base, defaulted), self.node(index, defaulted));
        let (base, index) = (base?, index?);
        if matches!(base.kind, NodeKind::Response(ResponsePart::Headers)) {
            return Some(Node { kind: NodeKind::ResponseHeader(Box::new(index)), range, pure: false });
        }
        self.fold(NodeKind::Index { base: Box::new(base), index: Box::new(index) }, range, defaulted)
    }

    fn call(
        &mut self,
        name: &str,
        name_range: &Range<usize>,
        arguments: &[Ast],
        range: Range<usize>,
        defaulted: bool,
    ) -> Option<Node> {
        let doc = function(name)?;
        let arguments = self.all(arguments, defaulted)?;
        self.check_constants(doc, &arguments)?;
        let constant = arguments.iter().all(|argument| argument.as_constant().is_some());
        let kind = match name {
            "counter" => {
                let Some(Value::Text(counter)) = arguments.first().and_then(Node::as_constant) else {
                    let problem =
                        TemplateProblem::new(name_range.clone(), "`counter` needs a name that is written out");
                    return self.fail(problem.help("for instance `counter('orders')`"));
                };
                NodeKind::Counter(self.resolver.counter(counter))
            }
            "choice" => NodeKind::Choice(Box::new(arguments.into_iter().next()?)),
            _ => NodeKind::Call { doc, arguments },
        };
        if matches!(doc.action, Action::Pure(_)) {
            return self.fold(kind, range, defaulted);
        }
        let node = Node { kind, range, pure: false };
        let reads_outside = matches!(name, "counter" | "file");
        if constant && !reads_outside {
            // What it needs is all there: if it refuses now, it always will.
            let mut nothing = NoScope::default();
            if let Err(error) = Context::new(&mut nothing, self.source).eval(&node)
                && !(error.not_set && defaulted)
            {
                return self.fail(TemplateProblem::new(error.range, error.message));
            }
        }
        Some(node)
    }

    /// Arguments that are known now must fit their parameters.
    fn check_constants(&mut self, doc: &'static FunctionDoc, arguments: &[Node]) -> Option<()> {
        let mut fine = Some(());
        for (index, argument) in arguments.iter().enumerate() {
            if let Some(value) = argument.as_constant()
                && let Some(objection) = doc.objection(index, value)
            {
                let problem = TemplateProblem::new(argument.range.clone(), objection);
                self.problems.push(problem.help(format!("for instance `{}`", doc.example)));
                fine = None;
            }
        }
        fine
    }
}

/// An environment variable that is not set, when nothing stands in for it.
fn env_problem(base: &Ast, node: &Node, key: &str, key_range: &Range<usize>) -> Option<TemplateProblem> {
    let (AstKind::Name(name), Some(Value::Map(environment))) = (&base.kind, node.as_constant()) else { return None };
    if name != "env" || environment.get(key).is_some() {
        return None;
    }
    let problem = TemplateProblem::new(key_range.clone(), format!("environment variable `{key}` is not set"));
    let known = nearest(key, environment.iter().map(|(known, _)| &**known));
    Some(match known {
        Some(known) => {
            problem.help(format!("`{known}` is set; or give a value for when it is not: `env.{key} | default('…')`"))
        }
        None => problem.help(format!("set it, or give a value for when it is not: `env.{key} | default('…')`")),
    })
}
