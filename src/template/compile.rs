//! From syntax trees to nodes: names get their meaning, constants are computed, and what cannot
//! be right is found before the run.

use std::ops::Range;

use crate::suggest::nearest;
use crate::value::Value;

use super::ast::{Ast, AstKind, BinaryOp};
use super::builtin::{Builtin, ResponsePart};
use super::compiled::{Expression, Segment, Template, TemplateBody};
use super::eval::{Context, NoScope};
use super::filters::filter;
use super::functions::{Action, FunctionDoc, function};
use super::node::{ExprKind, ExprNode};
use super::text::TextPart;
use super::unknown_words;
use super::{CounterId, SlotId, TemplateProblem};

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Reference {
    /// A variable, read when the expression is evaluated.
    Slot(SlotId),
    /// A value that is known now, for example the environment as a map under `env`.
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

    pub(super) fn template(&mut self, parts: &[TextPart]) -> Option<Template> {
        let body = match parts {
            [] => TemplateBody::Literal("".into()),
            [TextPart::Literal(text)] => TemplateBody::Literal(text.as_str().into()),
            [TextPart::Expression(tree)] => {
                let node = self.node(tree, false)?;
                if let ExprKind::Constant(value) = node.kind {
                    let text = value.to_string().into();
                    TemplateBody::Constant(value, text)
                } else {
                    TemplateBody::Whole(node)
                }
            }
            _ => self.mixed(parts),
        };
        Some(Template { source: self.source.into(), body })
    }

    fn mixed(&mut self, parts: &[TextPart]) -> TemplateBody {
        let mut segments = Vec::new();
        let mut literal = String::new();
        for part in parts {
            match part {
                TextPart::Literal(text) => literal.push_str(text),
                TextPart::Expression(tree) => {
                    let Some(node) = self.node(tree, false) else { continue };
                    if let ExprKind::Constant(value) = &node.kind {
                        value.write_text(&mut literal);
                        continue;
                    }
                    if !literal.is_empty() {
                        segments.push(Segment::Literal(std::mem::take(&mut literal).into()));
                    }
                    segments.push(if let ExprKind::Slot(slot) = node.kind {
                        Segment::Slot(slot, node.range)
                    } else {
                        Segment::Expression(Box::new(node))
                    });
                }
            }
        }
        if segments.is_empty() {
            return TemplateBody::Literal(literal.into());
        }
        if !literal.is_empty() {
            segments.push(Segment::Literal(literal.into()));
        }
        TemplateBody::Mixed(segments)
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
    fn node(&mut self, tree: &Ast, defaulted: bool) -> Option<ExprNode> {
        let range = tree.range.clone();
        let kind = match &tree.kind {
            AstKind::Constant(value) => ExprKind::Constant(value.clone()),
            AstKind::Name(name) => return self.name(name, range),
            AstKind::Member { base, key, key_range } => return self.member(base, key, key_range, range, defaulted),
            AstKind::Index { base, index } => return self.index(base, index, range, defaulted),
            AstKind::List(items) => ExprKind::List(self.all(items, defaulted)?),
            AstKind::Call { name, name_range, arguments } => {
                return self.call(name, name_range, arguments, range, defaulted);
            }
            AstKind::Filter { name, input, arguments, .. } => {
                let doc = filter(name)?;
                if name == "default" {
                    let (input, fallback) = (self.node(input, true), self.all(arguments, defaulted));
                    let (input, fallback) = (input?, fallback?.into_iter().next()?);
                    ExprKind::Default { input: Box::new(input), fallback: Box::new(fallback) }
                } else {
                    let (input, arguments) = (self.node(input, defaulted), self.all(arguments, defaulted));
                    let (input, arguments) = (input?, arguments?);
                    self.check_constants(doc, &arguments)?;
                    ExprKind::Filter { doc, input: Box::new(input), arguments }
                }
            }
            AstKind::Not(inner) => ExprKind::Not(Box::new(self.node(inner, defaulted)?)),
            AstKind::Negate(inner) => ExprKind::Negate(Box::new(self.node(inner, defaulted)?)),
            AstKind::Binary { op, left, right, .. } => {
                let (left, right) = (self.node(left, defaulted), self.node(right, defaulted));
                let (left, right) = (Box::new(left?), Box::new(right?));
                match op {
                    BinaryOp::And => ExprKind::And(left, right),
                    BinaryOp::Or => ExprKind::Or(left, right),
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
                    | BinaryOp::Remainder => ExprKind::Binary { op: *op, left, right },
                }
            }
        };
        self.fold(kind, range, defaulted)
    }

    fn all(&mut self, trees: &[Ast], defaulted: bool) -> Option<Vec<ExprNode>> {
        // Every one is compiled, so that every problem is found.
        let nodes: Vec<Option<ExprNode>> = trees.iter().map(|tree| self.node(tree, defaulted)).collect();
        nodes.into_iter().collect()
    }

    /// Computes what is known already.
    fn fold(&mut self, kind: ExprKind, range: Range<usize>, defaulted: bool) -> Option<ExprNode> {
        let pure = match &kind {
            ExprKind::Constant(_) => return Some(ExprNode { kind, range, pure: true }),
            ExprKind::Member { base, .. } => base.pure,
            ExprKind::Index { base: a, index: b }
            | ExprKind::Default { input: a, fallback: b }
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Binary { left: a, right: b, .. } => a.pure && b.pure,
            ExprKind::List(items) => items.iter().all(|item| item.pure),
            ExprKind::Call { doc, arguments } => {
                matches!(doc.action, Action::Pure(_)) && arguments.iter().all(|argument| argument.pure)
            }
            ExprKind::Filter { input, arguments, .. } => input.pure && arguments.iter().all(|argument| argument.pure),
            ExprKind::Not(inner) | ExprKind::Negate(inner) => inner.pure,
            ExprKind::Slot(_)
            | ExprKind::Builtin(_)
            | ExprKind::Response(_)
            | ExprKind::ResponseHeader(_)
            | ExprKind::Choice(_)
            | ExprKind::Counter(_) => false,
        };
        let node = ExprNode { kind, range, pure };
        if !pure {
            return Some(node);
        }
        let mut nothing = NoScope::default();
        let outcome = Context::new(&mut nothing, self.source).eval(&node).map(std::borrow::Cow::into_owned);
        match outcome {
            Ok(value) => Some(ExprNode::constant(value, node.range)),
            Err(error) if error.not_set && defaulted => Some(node),
            Err(error) => self.fail(TemplateProblem::new(error.range, error.message)),
        }
    }

    fn name(&mut self, name: &str, range: Range<usize>) -> Option<ExprNode> {
        if let Some(builtin) = Builtin::named(name) {
            return match builtin {
                Builtin::Loop => self.fail(
                    TemplateProblem::new(range, "`loop` is not a value")
                        .help("write `loop.index`")
                        .replace("loop.index"),
                ),
                Builtin::Response => {
                    let parts: Vec<_> = ResponsePart::names().map(|part| format!("`response.{part}`")).collect();
                    self.fail(
                        TemplateProblem::new(range, "`response` is not a value")
                            .help(format!("write one of {}", parts.join(", "))),
                    )
                }
                Builtin::Fake => self.fail(
                    TemplateProblem::new(range, "`fake` is not a value")
                        .help("write which value to generate, for example `fake.name()`"),
                ),
                Builtin::UserNumber | Builtin::Iteration | Builtin::ThreadGroup | Builtin::RunId => {
                    Some(ExprNode { kind: ExprKind::Builtin(builtin), range, pure: false })
                }
            };
        }
        match self.resolver.name(name) {
            Some(Reference::Slot(slot)) => Some(ExprNode { kind: ExprKind::Slot(slot), range, pure: false }),
            Some(Reference::Constant(value)) => Some(ExprNode::constant(value, range)),
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
    ) -> Option<ExprNode> {
        if let AstKind::Name(name) = &base.kind
            && let Some(builtin) = Builtin::named(name)
        {
            return match builtin {
                Builtin::Loop if key == "index" => {
                    Some(ExprNode { kind: ExprKind::Builtin(Builtin::Loop), range, pure: false })
                }
                Builtin::Response => match ResponsePart::named(key) {
                    Some(part) => Some(ExprNode { kind: ExprKind::Response(part), range, pure: false }),
                    None => {
                        let problem =
                            unknown_words::unknown(key, key_range.clone(), "`response` has no", ResponsePart::names());
                        let problem = match unknown_words::part_of_response(key) {
                            Some(part) => TemplateProblem::new(key_range.clone(), format!("`response` has no `{key}`"))
                                .help(format!("here it is `response.{part}`"))
                                .replace(part),
                            None => problem,
                        };
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
        if let ExprKind::Response(part) = &base_node.kind {
            match part {
                ResponsePart::Headers => {
                    let name = ExprNode::constant(Value::text(key), key_range.clone());
                    let kind = ExprKind::ResponseHeader(Box::new(name));
                    return Some(ExprNode { kind, range, pure: false });
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
        self.fold(ExprKind::Member { base: Box::new(base_node), key: key.into() }, range, defaulted)
    }

    fn index(&mut self, base: &Ast, index: &Ast, range: Range<usize>, defaulted: bool) -> Option<ExprNode> {
        if let AstKind::Constant(Value::Text(key)) = &index.kind {
            return self.member(base, key, &index.range, range, defaulted);
        }
        let (base, index) = (self.node(base, defaulted), self.node(index, defaulted));
        let (base, index) = (base?, index?);
        if matches!(base.kind, ExprKind::Response(ResponsePart::Headers)) {
            return Some(ExprNode { kind: ExprKind::ResponseHeader(Box::new(index)), range, pure: false });
        }
        self.fold(ExprKind::Index { base: Box::new(base), index: Box::new(index) }, range, defaulted)
    }

    fn call(
        &mut self,
        name: &str,
        name_range: &Range<usize>,
        arguments: &[Ast],
        range: Range<usize>,
        defaulted: bool,
    ) -> Option<ExprNode> {
        let doc = function(name)?;
        let arguments = self.all(arguments, defaulted)?;
        self.check_constants(doc, &arguments)?;
        let constant = arguments.iter().all(|argument| argument.as_constant().is_some());
        let kind = match name {
            "counter" => {
                let Some(Value::Text(counter)) = arguments.first().and_then(ExprNode::as_constant) else {
                    let problem = TemplateProblem::new(name_range.clone(), "`counter` needs a literal name");
                    return self.fail(problem.help("for example `counter('orders')`"));
                };
                ExprKind::Counter(self.resolver.counter(counter))
            }
            "choice" => ExprKind::Choice(Box::new(arguments.into_iter().next()?)),
            _ => ExprKind::Call { doc, arguments },
        };
        if matches!(doc.action, Action::Pure(_)) {
            return self.fold(kind, range, defaulted);
        }
        let node = ExprNode { kind, range, pure: false };
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
    fn check_constants(&mut self, doc: &'static FunctionDoc, arguments: &[ExprNode]) -> Option<()> {
        let mut fine = Some(());
        for (index, argument) in arguments.iter().enumerate() {
            if let Some(value) = argument.as_constant()
                && let Some(objection) = doc.objection(index, value)
            {
                let problem = TemplateProblem::new(argument.range.clone(), objection);
                self.problems.push(problem.help(format!("for example `{}`", doc.example)));
                fine = None;
            }
        }
        fine
    }
}

/// An environment variable that is not set, when nothing stands in for it.
fn env_problem(base: &Ast, node: &ExprNode, key: &str, key_range: &Range<usize>) -> Option<TemplateProblem> {
    let (AstKind::Name(name), Some(Value::Map(environment))) = (&base.kind, node.as_constant()) else { return None };
    if name != "env" || environment.get(key).is_some() {
        return None;
    }
    let problem = TemplateProblem::new(key_range.clone(), format!("environment variable `{key}` is not set"));
    let known = nearest(key, environment.iter().map(|(known, _)| &**known));
    Some(match known {
        Some(known) => problem.help(format!("`{known}` is set; or add a default: `env.{key} | default('…')`")),
        None => problem.help(format!("set it, or add a default: `env.{key} | default('…')`")),
    })
}
