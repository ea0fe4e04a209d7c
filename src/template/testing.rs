//! A scope and a resolver for tests: variables by name.

use std::collections::HashMap;

use crate::problem::Problem;
use crate::response::Response;
use crate::value::Value;

use super::{CounterId, Reference, Resolver, Scope, SlotId, TemplateProblem, parse_expression, parse_text};
use crate::random::Random;

/// Everything a user would have, filled by hand.
pub(crate) struct World {
    pub(crate) slots: Vec<(String, Option<Value>)>,
    pub(crate) constants: HashMap<String, Value>,
    pub(crate) response: Option<Response>,
    pub(crate) random: Random,
    pub(crate) counters: Vec<(String, i64)>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            slots: Vec::new(),
            constants: HashMap::new(),
            response: None,
            random: Random::for_user(1, 0, 1),
            counters: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Option<Value>>) -> Self {
        self.slots.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn constant(mut self, name: &str, json: serde_json::Value) -> Self {
        self.constants.insert(name.to_owned(), Value::from(&json));
        self
    }

    /// The rendered text, or the first problem's or the error's message.
    pub(crate) fn render(&mut self, text: &str) -> Result<String, String> {
        let template = parse_text(text).and_then(|parsed| parsed.compile(self)).map_err(first)?;
        let mut out = String::new();
        template.render(self, &mut out).map_err(|error| error.message)?;
        Ok(out)
    }

    pub(crate) fn value(&mut self, expression: &str) -> Result<Value, String> {
        let expression = parse_expression(expression).and_then(|parsed| parsed.compile(self)).map_err(first)?;
        expression.value(self).map_err(|error| error.message)
    }
}

fn first(problems: Vec<TemplateProblem>) -> String {
    problems.into_iter().next().map_or_else(
        || "no problem told".to_owned(),
        |TemplateProblem { problem, .. }| match problem.help.as_str() {
            "" => problem.message,
            help => format!("{}: {help}", problem.message),
        },
    )
}

impl Resolver for World {
    fn name(&mut self, name: &str) -> Option<Reference> {
        if let Some(value) = self.constants.get(name) {
            return Some(Reference::Constant(value.clone()));
        }
        let at = self.slots.iter().position(|(known, _)| known == name)?;
        Some(Reference::Slot(SlotId(u32::try_from(at).ok()?)))
    }

    fn counter(&mut self, name: &str) -> CounterId {
        let at = self.counters.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            self.counters.push((name.to_owned(), 0));
            self.counters.len() - 1
        });
        CounterId(u32::try_from(at).unwrap_or_default())
    }

    fn known_names(&self) -> Vec<String> {
        self.slots.iter().map(|(name, _)| name.clone()).collect()
    }
}

impl Scope for World {
    fn slot(&self, slot: SlotId) -> Option<&Value> {
        self.slots[slot.0 as usize].1.as_ref()
    }

    fn slot_name(&self, slot: SlotId) -> &str {
        &self.slots[slot.0 as usize].0
    }

    fn user_number(&self) -> Option<u64> {
        Some(3)
    }

    fn iteration(&self) -> Option<u64> {
        Some(7)
    }

    fn thread_group(&self) -> Option<&str> {
        Some("traders")
    }

    fn run_id(&self) -> &str {
        "run-1"
    }

    fn loop_index(&self) -> Option<u64> {
        None
    }

    fn response(&self) -> Option<&Response> {
        self.response.as_ref()
    }

    fn response_ok(&self) -> bool {
        self.response.as_ref().is_some_and(|response| response.status.is_some_and(|status| status < 400))
    }

    fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    fn next_counter(&mut self, counter: CounterId) -> i64 {
        let counter = &mut self.counters[counter.0 as usize].1;
        *counter += 1;
        *counter
    }

    fn now(&self) -> jiff::Timestamp {
        // 2026-01-05T10:00:00.250Z
        jiff::Timestamp::new(1_767_607_200, 250_000_000).unwrap_or_default()
    }

    fn file(&mut self, path: &str) -> Result<Vec<u8>, Problem> {
        match path {
            "hello.txt" => Ok(b"hello".to_vec()),
            "bin.png" => Ok(vec![0x89, b'P', 0xff, 0x00]),
            _ => Err(Problem::from("no such file")),
        }
    }
}
