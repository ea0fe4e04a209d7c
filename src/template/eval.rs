//! Evaluation of compiled expressions.

use std::borrow::Cow;
use std::ops::Range;

use crate::json;
use crate::problem::Problem;
use crate::response::Response;
use crate::suggest::nearest;
use crate::value::Value;

use super::builtin::Builtin;
use super::compiled::{MAX_TEXT, TOO_LONG, check_size};
use super::compute::{self, describe};
use super::filters::text_of;
use super::functions::{self, Action, Arguments, Call, CallError, FunctionDoc};
use super::node::{ExprKind, ExprNode};
use super::response;
use super::scope::{EvalError, Scope};
use super::{CounterId, SlotId};
use crate::random::Random;
use crate::value::Number;

/// One evaluation: what it reads and the text it quotes in messages.
pub(super) struct Context<'s> {
    scope: &'s mut dyn Scope,
    source: &'s str,
}

/// A `default` error: the variable has no value.
pub(super) fn unset(slot: SlotId, scope: &dyn Scope, range: Range<usize>) -> EvalError {
    let name = scope.slot_name(slot);
    let message = match scope.failed_step(slot) {
        Some(step) => format!(
            "variable `{name}` is not set, because the step `{step}`, which extracts it, failed: fix that step first"
        ),
        None => format!(
            "variable `{name}` is not set: no extractor, `set` or `with` has given it a value here; \
         write `{name} | default(…)` if that is allowed"
        ),
    };
    EvalError { message, range, not_set: true, unset: Some(slot) }
}

impl<'s> Context<'s> {
    pub(super) fn new(scope: &'s mut dyn Scope, source: &'s str) -> Self {
        Self { scope, source }
    }

    fn quote(&self, node: &ExprNode) -> &'s str {
        self.source.get(node.range.clone()).unwrap_or_default()
    }

    /// Appends the value as text, without copying what can be read in place.
    pub(super) fn write(&mut self, node: &ExprNode, out: &mut String) -> Result<(), EvalError> {
        if let Some(value) = self.place(node)? {
            value.write_text(out);
            return Ok(());
        }
        self.eval(node)?.write_text(out);
        Ok(())
    }

    /// The value of a constant, a variable or a path into one; `None` for what has to be computed.
    fn place<'v>(&'v self, node: &'v ExprNode) -> Result<Option<&'v Value>, EvalError> {
        match &node.kind {
            ExprKind::Constant(value) => Ok(Some(value)),
            ExprKind::Slot(slot) => match self.scope.slot(*slot) {
                Some(value) => Ok(Some(value)),
                None => Err(unset(*slot, self.scope, node.range.clone())),
            },
            ExprKind::Member { base, key } => match self.place(base)? {
                Some(value) => self.member_of(value, base, key, node).map(Some),
                None => Ok(None),
            },
            ExprKind::Index { base, index } => match (self.place(base)?, self.place(index)?) {
                (Some(value), Some(index_value)) => self.index_of(value, base, index_value, node).map(Some),
                _ => Ok(None),
            },
            ExprKind::Builtin(_)
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
            | ExprKind::Binary { .. } => Ok(None),
        }
    }

    fn member_of<'v>(
        &self,
        value: &'v Value,
        base: &ExprNode,
        key: &str,
        node: &ExprNode,
    ) -> Result<&'v Value, EvalError> {
        let text = self.quote(base);
        match value {
            Value::Map(map) => map.get(key).ok_or_else(|| {
                let hint = match nearest(key, map.iter().map(|(known, _)| &**known)) {
                    Some(known) => format!("; it has `{known}`"),
                    None => String::new(),
                };
                EvalError::not_set(node.range.clone(), format!("`{text}` has no `{key}`{hint}"))
            }),
            Value::Text(_) | Value::List(_) if matches!(key, "length" | "size" | "count") => {
                let message = format!("`{text}` is {}; its length is `{text} | length`", describe(value));
                Err(EvalError::new(node.range.clone(), message))
            }
            Value::Null => {
                Err(EvalError::not_set(node.range.clone(), format!("`{text}` is null, so there is no `{key}` in it")))
            }
            Value::Text(_) => {
                let message = format!(
                    "`{text}` is text, so there is no `{key}` in it; if it contains JSON, write `{text} | json` first"
                );
                Err(EvalError::new(node.range.clone(), message))
            }
            other @ (Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Decimal(_) | Value::List(_)) => {
                let message = format!("`{text}` is {}, so there is no `{key}` in it", describe(other));
                Err(EvalError::new(node.range.clone(), message))
            }
        }
    }

    fn index_of<'v>(
        &self,
        value: &'v Value,
        base: &ExprNode,
        index: &Value,
        node: &ExprNode,
    ) -> Result<&'v Value, EvalError> {
        if let (Value::Map(_) | Value::Null, Value::Text(key)) = (value, index) {
            return self.member_of(value, base, key, node);
        }
        let text = self.quote(base);
        let Value::List(items) = value else {
            let message = match value {
                Value::Map(_) => format!("`{text}` is a map, so use a name: `{text}[\"name\"]`"),
                other @ (Value::Null
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Float(_)
                | Value::Decimal(_)
                | Value::Text(_)
                | Value::List(_)) => format!("`{text}` is {}, and only lists have numbered elements", describe(other)),
            };
            return if matches!(value, Value::Null) {
                Err(EvalError::not_set(node.range.clone(), message))
            } else {
                Err(EvalError::new(node.range.clone(), message))
            };
        };
        let Some(Number::Int(at)) = Number::of(index) else {
            let message = format!("`{text}` is a list, so use a number from 0; {} is not one", describe(index));
            return Err(EvalError::new(node.range.clone(), message));
        };
        if at < 0 {
            let message = format!("an index into `{text}` is negative; the last element is `{text} | last`");
            return Err(EvalError::new(node.range.clone(), message));
        }
        usize::try_from(at).ok().and_then(|at| items.get(at)).ok_or_else(|| {
            EvalError::not_set(
                node.range.clone(),
                format!("`{text}` has no element with that number; they are numbered from 0"),
            )
        })
    }

    /// The value of a node; constants are lent, not copied.
    pub(super) fn eval<'n>(&mut self, node: &'n ExprNode) -> Result<Cow<'n, Value>, EvalError> {
        let value = match &node.kind {
            ExprKind::Constant(value) => return Ok(Cow::Borrowed(value)),
            ExprKind::Slot(_) => match self.place(node)? {
                Some(value) => value.clone(),
                None => Value::Null,
            },
            ExprKind::Builtin(builtin) => self.builtin(*builtin, node)?,
            ExprKind::Response(part) => {
                let value = response::part(self.response(node)?, self.scope.response_ok(), *part);
                value.map_err(|message| EvalError::not_set(node.range.clone(), message))?
            }
            ExprKind::ResponseHeader(name) => {
                let name = self.eval(name)?.to_string();
                response::header(self.response(node)?, &name).ok_or_else(|| {
                    EvalError::not_set(node.range.clone(), format!("the last response has no header `{name}`"))
                })?
            }
            ExprKind::Member { base, key } => {
                if node.in_response_json() {
                    self.json_place(node)?.to_value()
                } else if let Some(value) = self.place(node)? {
                    value.clone()
                } else {
                    let base_value = self.eval(base)?;
                    self.member_of(&base_value, base, key, node)?.clone()
                }
            }
            ExprKind::Index { base, index } => {
                if node.in_response_json() && index.as_constant().is_some() {
                    self.json_place(node)?.to_value()
                } else if let Some(value) = self.place(node)? {
                    value.clone()
                } else {
                    let base_value = self.eval(base)?;
                    let index_value = self.eval(index)?;
                    self.index_of(&base_value, base, &index_value, node)?.clone()
                }
            }
            ExprKind::List(items) => {
                let items = items.iter().map(|item| Ok(self.eval(item)?.into_owned()));
                let list = Value::List(items.collect::<Result<_, EvalError>>()?);
                check_size(&list, &node.range)?;
                list
            }
            ExprKind::Choice(list) => return self.choice(list, node),
            ExprKind::Counter(counter) => Value::Int(self.scope.next_counter(*counter)),
            ExprKind::Call { doc, arguments } => {
                let values = self.all(arguments)?;
                self.call(doc, None, &values, node)?
            }
            ExprKind::Filter { doc, input, arguments } if matches!(doc.action, Action::Bytes(_)) && input.is_file() => {
                self.of_file(doc, input, arguments, node)?
            }
            ExprKind::Filter { doc, input, arguments } => {
                let input = self.eval(input)?;
                let values = self.all(arguments)?;
                self.call(doc, Some(&input), &values, node)?
            }
            ExprKind::Default { input, fallback } => {
                return match self.eval(input) {
                    Ok(value) if !value.is_empty() => Ok(value),
                    Err(error) if !error.not_set => Err(error),
                    _ => self.eval(fallback),
                };
            }
            ExprKind::Not(inner) => Value::Bool(!self.truth(inner)?),
            ExprKind::And(left, right) => Value::Bool(self.truth(left)? && self.truth(right)?),
            ExprKind::Or(left, right) => Value::Bool(self.truth(left)? || self.truth(right)?),
            ExprKind::Negate(inner) => {
                let value = self.eval(inner)?;
                let negated = match Number::of(&value) {
                    Some(Number::Int(number)) => number.checked_neg().map(Value::Int),
                    Some(Number::Float(number)) => Some(Value::Float(-number)),
                    None => {
                        let message =
                            format!("`{}` is {}, and `-` needs a number", self.quote(inner), describe(&value));
                        return Err(EvalError::new(node.range.clone(), message));
                    }
                };
                negated
                    .ok_or_else(|| EvalError::new(node.range.clone(), "the result is outside the range of numbers"))?
            }
            ExprKind::Binary { op, left, right } => {
                let a = self.eval(left)?;
                let b = self.eval(right)?;
                compute::apply(*op, (&a, self.quote(left)), (&b, self.quote(right)))
                    .map_err(|message| EvalError::new(node.range.clone(), message))?
            }
        };
        Ok(Cow::Owned(value))
    }

    fn all<'n>(&mut self, nodes: &'n [ExprNode]) -> Result<Vec<Cow<'n, Value>>, EvalError> {
        nodes.iter().map(|node| self.eval(node)).collect()
    }

    fn call(
        &mut self,
        doc: &'static FunctionDoc,
        input: Option<&Value>,
        values: &[Cow<'_, Value>],
        node: &ExprNode,
    ) -> Result<Value, EvalError> {
        let arguments = Arguments { doc, values };
        let outcome = match (doc.action, input) {
            (Action::Function(run), _) => run(&mut Call { arguments, scope: &mut *self.scope }),
            (Action::Pure(run), _) => run(&arguments),
            (Action::Filter(run), Some(input)) => run(input, &arguments),
            (Action::Bytes(run), Some(input)) => {
                text_of(doc.name, input).and_then(|text| run(text.as_bytes(), &arguments))
            }
            (Action::Filter(_) | Action::Bytes(_) | Action::Special, _) => {
                Err(CallError::Wrong(format!("`{}` cannot be used like this", doc.name)))
            }
        };
        let value = outcome.map_err(|refusal| self.refused(refusal, node))?;
        if value.as_text().is_some_and(|text| text.len() > MAX_TEXT) {
            return Err(self.refused(CallError::Wrong(TOO_LONG.to_owned()), node));
        }
        Ok(value)
    }

    fn refused(&self, refusal: CallError, node: &ExprNode) -> EvalError {
        let quote = self.quote(node);
        match refusal {
            CallError::Wrong(message) => EvalError::new(node.range.clone(), format!("in `{quote}`: {message}")),
            CallError::NotThere(message) => EvalError::not_set(node.range.clone(), format!("in `{quote}`: {message}")),
        }
    }

    /// A filter of bytes directly after `file(…)`: the file need not be text.
    fn of_file(
        &mut self,
        doc: &'static FunctionDoc,
        input: &ExprNode,
        arguments: &[ExprNode],
        node: &ExprNode,
    ) -> Result<Value, EvalError> {
        let ExprKind::Call { doc: file, arguments: path } = &input.kind else { return Ok(Value::Null) };
        let path = self.all(path)?;
        let values = self.all(arguments)?;
        let mut call = Call { arguments: Arguments { doc: file, values: &path }, scope: &mut *self.scope };
        let read = functions::file(&mut call);
        let (_, bytes) = read.map_err(|refusal| self.refused(refusal, input))?;
        match doc.action {
            Action::Bytes(run) => {
                run(&bytes, &Arguments { doc, values: &values }).map_err(|refusal| self.refused(refusal, node))
            }
            Action::Function(_) | Action::Pure(_) | Action::Filter(_) | Action::Special => Ok(Value::Null),
        }
    }

    fn choice<'n>(&mut self, list: &'n ExprNode, node: &ExprNode) -> Result<Cow<'n, Value>, EvalError> {
        let empty = || EvalError::not_set(node.range.clone(), "`choice` has nothing to choose from: the list is empty");
        match self.eval(list)? {
            Cow::Borrowed(Value::List(items)) => {
                let at = self.scope.random().index(items.len());
                items.get(at).map(Cow::Borrowed).ok_or_else(empty)
            }
            Cow::Owned(Value::List(items)) => {
                let at = self.scope.random().index(items.len());
                items.get(at).map(|item| Cow::Owned(item.clone())).ok_or_else(empty)
            }
            other => {
                let message = format!("`choice` takes a list, and `{}` is {}", self.quote(list), describe(&other));
                Err(EvalError::new(node.range.clone(), message))
            }
        }
    }

    fn builtin(&self, builtin: Builtin, node: &ExprNode) -> Result<Value, EvalError> {
        let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let (value, place) = match builtin {
            Builtin::UserNumber => (self.scope.user_number().map(number), "outside thread groups"),
            Builtin::Iteration => (self.scope.iteration().map(number), "outside iterations"),
            Builtin::ThreadGroup => (self.scope.thread_group().map(Value::text), "outside thread groups"),
            Builtin::RunId => (Some(Value::text(self.scope.run_id())), ""),
            Builtin::Loop => (self.scope.loop_index().map(number), "outside `repeat`, `while` and `for_each`"),
            Builtin::Response | Builtin::Fake => (None, "by itself"),
        };
        value.ok_or_else(|| {
            EvalError::not_set(node.range.clone(), format!("`{}` has no value {place}", self.quote(node)))
        })
    }

    fn response(&self, node: &ExprNode) -> Result<&Response, EvalError> {
        self.scope.response().ok_or_else(|| {
            EvalError::not_set(
                node.range.clone(),
                format!("`{}` is not set: no request has got a response yet", self.quote(node)),
            )
        })
    }

    /// A path below `response.json`, walked without converting the whole body.
    fn json_place(&self, node: &ExprNode) -> Result<json::Node<'_>, EvalError> {
        let missing =
            |what: String| EvalError::not_set(node.range.clone(), format!("the last response's body has no {what}"));
        match &node.kind {
            ExprKind::Member { base, key } => {
                self.json_place(base)?.get(key).ok_or_else(|| missing(format!("`{}`", self.json_path(node))))
            }
            ExprKind::Index { base, index } => {
                let json = self.json_place(base)?;
                let found = match self.place(index)? {
                    Some(Value::Text(key)) => json.get(key),
                    Some(other) => match Number::of(other) {
                        Some(Number::Int(at)) if at >= 0 => json.element(at),
                        _ => None,
                    },
                    None => None,
                };
                found.ok_or_else(|| missing(format!("`{}`", self.json_path(node))))
            }
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
            | ExprKind::Binary { .. } => match self.response(node)?.json() {
                Ok(json) => Ok(json.root()),
                Err(_) => Err(EvalError::not_set(node.range.clone(), response::not_json())),
            },
        }
    }

    /// A path below `response.json` as JSONPath, for messages.
    fn json_path(&self, node: &ExprNode) -> String {
        let text = self.quote(node);
        text.strip_prefix("response.json").map_or_else(|| text.to_owned(), |path| format!("${path}"))
    }

    /// The value as a condition.
    pub(super) fn truth(&mut self, node: &ExprNode) -> Result<bool, EvalError> {
        let value = self.eval(node)?;
        match &*value {
            Value::Bool(truth) => Ok(*truth),
            Value::Text(text) if **text == *"true" => Ok(true),
            Value::Text(text) if **text == *"false" => Ok(false),
            other @ (Value::Null
            | Value::Int(_)
            | Value::Float(_)
            | Value::Decimal(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_)) => {
                let text = self.quote(node);
                let advice = match other {
                    Value::Null => format!("compare it: `{text} != null`"),
                    Value::Int(_) | Value::Float(_) | Value::Decimal(_) => format!("compare it: `{text} > 0`"),
                    Value::List(_) | Value::Map(_) => format!("compare its length: `({text} | length) > 0`"),
                    Value::Bool(_) | Value::Text(_) => format!("compare it: `{text} != ''`"),
                };
                let message =
                    format!("a condition must be true or false, and `{text}` is {}; {advice}", describe(other));
                Err(EvalError::new(node.range.clone(), message))
            }
        }
    }
}

/// Surroundings without anything, for what is computed before the run.
pub(super) struct NoScope {
    random: Random,
}

impl Default for NoScope {
    fn default() -> Self {
        Self { random: Random::for_user(0, 0, 0) }
    }
}

impl Scope for NoScope {
    fn slot(&self, _: SlotId) -> Option<&Value> {
        None
    }

    fn slot_name(&self, _: SlotId) -> &str {
        ""
    }

    fn user_number(&self) -> Option<u64> {
        None
    }

    fn iteration(&self) -> Option<u64> {
        None
    }

    fn thread_group(&self) -> Option<&str> {
        None
    }

    fn run_id(&self) -> &str {
        ""
    }

    fn loop_index(&self) -> Option<u64> {
        None
    }

    fn response(&self) -> Option<&Response> {
        None
    }

    fn response_ok(&self) -> bool {
        false
    }

    fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    fn next_counter(&mut self, _: CounterId) -> i64 {
        0
    }

    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn file(&mut self, _: &str) -> Result<Vec<u8>, Problem> {
        Err(Problem::from("files are read during the run"))
    }
}
