//! What is known before the run: the environment, `variables` and `secrets`. Load keys, file
//! names and settings that hold `${…}` are computed from these while the plan is read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Severity, Sources, Span};
use crate::problem::Problem;
use crate::random::Random;
use crate::response::Response;
use crate::template::{
    CounterId, ParsedText, Reference, Resolver, Scope, SlotId, Template, TemplateProblem, parse_text,
};
use crate::value::number_as_written;
use crate::value::{Map, Value};
use crate::yaml::{Node, NodeKind, Style, is_number, plain_value, quoted};

/// Names and values known before the run.
pub(super) struct Statics {
    env: Value,
    names: Vec<Arc<str>>,
    /// The place of each name; of one that is written twice the first.
    places: HashMap<Arc<str>, usize>,
    values: Vec<Option<Value>>,
    /// Values given with `--var`.
    overrides: BTreeMap<String, String>,
    /// The names of services, whose URLs are known only later.
    pub(super) services: Vec<Arc<str>>,
    /// What is allowed in the texts computed so far and hardly ever meant.
    pub(super) doubts: Vec<Diagnostic>,
    /// Fragments that were put in place.
    pub(super) used_fragments: BTreeSet<Arc<str>>,
    random: Random,
    run_id: Arc<str>,
}

/// Variables of the environment that are set but empty and that a value reads.
#[derive(Default)]
pub(super) struct EmptyVariables {
    /// Where nothing else of the environment gives the value.
    pub(super) alone: Vec<String>,
    /// Where another variable does.
    pub(super) beside_others: Vec<String>,
}

impl Statics {
    pub(super) fn new(
        env: &BTreeMap<String, String>,
        overrides: BTreeMap<String, String>,
        seed: u64,
        run_id: Arc<str>,
    ) -> Self {
        Self {
            env: environment(env),
            names: Vec::new(),
            places: HashMap::new(),
            values: Vec::new(),
            overrides,
            services: Vec::new(),
            doubts: Vec::new(),
            used_fragments: BTreeSet::new(),
            random: Random::for_user(seed, u64::MAX, 0),
            run_id,
        }
    }

    /// Computes a variable and remembers it. `None` when it depends on a service's URL.
    pub(super) fn define(
        &mut self,
        name: &Arc<str>,
        node: &Node,
        sources: &Sources,
    ) -> Result<Option<Value>, Vec<Diagnostic>> {
        let value = match self.overrides.get(&**name) {
            Some(text) => Ok(Some(number_like(text))),
            None => self.tree(node, sources),
        };
        self.places.entry(name.clone()).or_insert(self.names.len());
        self.names.push(name.clone());
        self.values.push(value.as_ref().ok().cloned().flatten());
        value
    }

    /// Whether `--var` gives this variable its value.
    pub(super) fn is_overridden(&self, name: &str) -> bool {
        self.overrides.contains_key(name)
    }

    /// The variables of the environment that a value reads and that are set but empty; none whose `default(…)` stands
    /// in for them, and none of a value that `--var` gives.
    pub(super) fn empty_environment(&self, name: &str, node: &Node) -> EmptyVariables {
        let mut found = EmptyVariables::default();
        if !self.is_overridden(name) {
            self.empty_in(node, &mut found);
        }
        found
    }

    fn empty_in(&self, node: &Node, found: &mut EmptyVariables) {
        match &node.kind {
            NodeKind::Scalar { text, .. } => {
                let Ok(parsed) = parse_text(text) else { return };
                let read = parsed.names().iter().filter(|used| used.name == "env");
                let read: Vec<_> = read.filter_map(|used| Some((&used.member.as_ref()?.0, used.defaulted))).collect();
                let Value::Map(all) = &self.env else { return };
                let is_empty = |value: &Value| matches!(value, Value::Text(text) if text.trim().is_empty());
                let empty = |name: &String| all.get(name.as_str()).is_some_and(is_empty);
                let missing = |(name, defaulted): &(&String, bool)| !defaulted && empty(name);
                let names = read.iter().filter(|one| missing(one)).map(|(name, _)| (*name).clone());
                // What one variable lacks, others may still give.
                if read.iter().all(missing) { found.alone.extend(names) } else { found.beside_others.extend(names) }
            }
            NodeKind::List(items) => items.iter().for_each(|item| self.empty_in(item, found)),
            NodeKind::Map(entries) => entries.iter().for_each(|entry| self.empty_in(&entry.value, found)),
        }
    }

    /// Computes text that must be known now.
    pub(super) fn value(&mut self, text: &str, span: Span, sources: &Sources) -> Result<Value, Vec<Diagnostic>> {
        match self.text(text, span, sources)? {
            Some(value) => Ok(value),
            None => Err(vec![
                Diagnostic::error(
                    span,
                    "a service's URL is known only when the service has started, too late for this key",
                )
                .help("use it in `base_url`, in URLs, headers and bodies"),
            ]),
        }
    }

    /// Whether the environment has a variable of this name.
    pub(super) fn has_env(&self, name: &str) -> bool {
        matches!(&self.env, Value::Map(env) if env.get(name).is_some())
    }

    fn tree(&mut self, node: &Node, sources: &Sources) -> Result<Option<Value>, Vec<Diagnostic>> {
        Ok(match &node.kind {
            NodeKind::Scalar { text, style: Style::Plain } if !text.contains("${") => Some(plain_value(text)),
            NodeKind::Scalar { text, .. } => self.text(text, node.span, sources)?,
            NodeKind::List(items) => {
                let values: Option<Vec<Value>> =
                    items.iter().map(|item| self.tree(item, sources)).collect::<Result<_, _>>()?;
                values.map(|values| Value::List(values.into()))
            }
            NodeKind::Map(entries) => {
                let values: Option<Map> = entries
                    .iter()
                    .map(|entry| Ok(self.tree(&entry.value, sources)?.map(|value| (entry.key.clone(), value))))
                    .collect::<Result<_, Vec<Diagnostic>>>()?;
                values.map(|map| Value::Map(Arc::new(map)))
            }
        })
    }

    fn text(&mut self, text: &str, span: Span, sources: &Sources) -> Result<Option<Value>, Vec<Diagnostic>> {
        let to_findings = |problems: Vec<TemplateProblem>| -> Vec<Diagnostic> {
            problems.into_iter().map(|problem| finding(problem, text, span, sources)).collect()
        };
        let parsed = parse_text(text).map_err(to_findings)?;
        for doubt in parsed.doubts() {
            let warning = finding(doubt.clone(), text, span, sources);
            self.doubts.push(Diagnostic { severity: Severity::Warning, ..warning });
        }
        if let Some(unknown) = self.unknown(&parsed) {
            return Err(to_findings(vec![unknown]));
        }
        if self.deferred(&parsed) {
            return Ok(None);
        }
        let template: Template = parsed.compile(&mut StaticNames(self)).map_err(to_findings)?;
        template.value(self).map(Some).map_err(|error| {
            let help = match error.not_set {
                true => "set it, or give it a value for that case: `| default(…)`",
                false => ORDER,
            };
            let says_it = error.message.contains("default(");
            let problem = TemplateProblem::new(error.range, error.message).help(if says_it { "" } else { help });
            vec![finding(problem, text, span, sources)]
        })
    }

    fn unknown(&self, parsed: &ParsedText) -> Option<TemplateProblem> {
        let unknown = parsed.names().iter().find(|used| {
            !matches!(used.name.as_str(), "env" | "services") && !self.places.contains_key(used.name.as_str())
        });
        if let Some(used) = unknown {
            let near = crate::suggest::nearest(&used.name, self.names.iter().map(|name| &**name));
            let is_constant =
                |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            let (help, corrected) = match near {
                Some(near) => (format!("did you mean `{near}`?"), Some(near.to_owned())),
                // Only variables of the environment are called so.
                None if is_constant(&used.name) => {
                    let name = format!("env.{}", used.name);
                    let is_set = self.has_env(&used.name);
                    let now = if is_set { "" } else { ", which is not set now" };
                    (format!("a variable of the environment is `{name}`{now}"), Some(name).filter(|_| is_set))
                }
                None => (ORDER.into(), None),
            };
            let message = format!("`{}` is not known before the run starts", used.name);
            let problem = TemplateProblem::new(used.range.clone(), message);
            return Some(problem.help(help).corrected(corrected));
        }
        let service = parsed.names().iter().find_map(|used| {
            let (name, range) = used.member.as_ref().filter(|_| used.name == "services")?;
            (!self.services.iter().any(|known| **known == **name)).then_some((name, range))
        });
        service.map(|(name, range)| {
            let near = crate::suggest::nearest(name, self.services.iter().map(|name| &**name));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "declare it under `services:`".into(),
            };
            let problem = TemplateProblem::new(range.clone(), format!("there is no service `{name}`"));
            problem.help(help).corrected(near.map(str::to_owned))
        })
    }

    fn deferred(&self, parsed: &ParsedText) -> bool {
        parsed.names().iter().any(|used| {
            used.name == "services" || self.places.get(used.name.as_str()).is_some_and(|at| self.values[*at].is_none())
        })
    }
}

/// What can be used in an entry of `variables` or `secrets`.
const ORDER: &str = "`variables` are computed first, then `secrets`: known here is `env`, and every entry that comes before in that order";

/// The whole environment as a value.
pub(crate) fn environment(env: &BTreeMap<String, String>) -> Value {
    Value::Map(Arc::new(
        env.iter().map(|(name, value)| (Arc::from(name.as_str()), Value::text(value.as_str()))).collect(),
    ))
}

fn number_like(text: &str) -> Value {
    if is_number(text) { number_as_written(text) } else { Value::text(text) }
}

/// A template's problem as a finding in the file. The text's characters are looked up in the
/// source, so that a caret stands under the very name even inside quotes.
pub(crate) fn finding(found: TemplateProblem, text: &str, span: Span, sources: &Sources) -> Diagnostic {
    let TemplateProblem { range, problem } = found;
    let at = locate(&range, text, span, sources);
    let mut finding = Diagnostic::error(at.unwrap_or(span), problem.message);
    if !problem.help.is_empty() {
        finding = finding.help(problem.help);
    }
    let quotes = sources.text(span).chars().next().filter(|first| matches!(first, '"' | '\''));
    let replacement = problem.corrected.map(|replacement| match quotes {
        // Inside of quotes in the file the other kind stands in the expression.
        Some('"') if !replacement.contains('\'') => replacement.replace('"', "'"),
        Some('\'') if !replacement.contains('"') => replacement.replace('\'', "\""),
        _ => replacement,
    });
    match (at, replacement) {
        // Plain text cannot begin with a quote.
        (Some(at), Some(replacement))
            if quotes.is_none() && at.start == span.start && replacement.starts_with(['\'', '"']) =>
        {
            let raw = sources.text(span);
            let rest = raw.get((at.end - span.start) as usize..).unwrap_or_default();
            if raw.contains('\n') { finding } else { finding.fix(span, quoted(&format!("{replacement}{rest}"))) }
        }
        (Some(at), Some(replacement)) if !quotes.is_some_and(|quote| replacement.contains(quote)) => {
            // A name read as ["name"] is mended inside its quotes.
            let old = sources.text(at);
            let inner =
                old.chars().next().filter(|first| matches!(first, '"' | '\'') && !replacement.starts_with(*first));
            match inner {
                Some(quote) => finding.fix(at, format!("{quote}{replacement}{quote}")),
                None => finding.fix(at, replacement),
            }
        }
        _ => finding,
    }
}

/// Where a range of a scalar's text stands in the file.
pub(crate) fn locate(range: &std::ops::Range<usize>, text: &str, span: Span, sources: &Sources) -> Option<Span> {
    let raw = sources.text(span);
    let direct = |lead: usize| Span {
        file: span.file,
        start: span.start + (lead + range.start) as u32,
        end: span.start + (lead + range.end.max(range.start + 1)).min(raw.len().max(1)) as u32,
    };
    if raw == text {
        return Some(direct(0));
    }
    if raw.len() == text.len() + 2 && raw.get(1..raw.len() - 1) == Some(text) {
        return Some(direct(1));
    }
    let wanted = text.get(range.clone()).filter(|wanted| !wanted.is_empty())?;
    let before = text[..range.start].matches(wanted).count();
    let (at, _) = raw.match_indices(wanted).nth(before)?;
    Some(Span { file: span.file, start: span.start + at as u32, end: span.start + (at + wanted.len()) as u32 })
}

struct StaticNames<'a>(&'a Statics);

impl Resolver for StaticNames<'_> {
    fn name(&mut self, name: &str) -> Option<Reference> {
        if name == "env" {
            return Some(Reference::Constant(self.0.env.clone()));
        }
        let at = self.0.places.get(name)?;
        Some(Reference::Slot(SlotId(*at as u32)))
    }

    fn counter(&mut self, _name: &str) -> CounterId {
        CounterId(0)
    }
}

impl Scope for Statics {
    fn slot(&self, slot: SlotId) -> Option<&Value> {
        self.values.get(slot.0 as usize)?.as_ref()
    }

    fn slot_name(&self, slot: SlotId) -> &str {
        self.names.get(slot.0 as usize).map_or("?", |name| name)
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
        &self.run_id
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

    fn next_counter(&mut self, _counter: CounterId) -> i64 {
        1
    }

    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    fn file(&mut self, path: &str) -> Result<Vec<u8>, Problem> {
        std::fs::read(path).map_err(|error| Problem::from(error.to_string()))
    }
}
