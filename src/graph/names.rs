//! What names mean at a point of the plan, and the findings when they mean nothing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::build::Build;
use super::flow::Assigned;
use super::other_tools::Meant;
use super::{DataId, Flow, NodeId, Place};
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::plan::{Name, Text, finding};
use crate::template::{
    Builtin, CounterId, Expression, NameUse, Reference, Resolver, SlotId, Template, TemplateProblem, Tree,
    parse_expression, parse_text,
};
use crate::value::Value;
use crate::yaml::plain_value;
use crate::yaml::{Node as Yaml, NodeKind, Style};

/// Every name of the plan.
#[derive(Default)]
pub(crate) struct Names {
    /// Variables by name.
    pub(crate) slots: HashMap<Arc<str>, SlotId>,
    /// Variables of `with`, innermost last: they hide others of the same name.
    pub(crate) local: Vec<(Name, SlotId)>,
    /// Data sets by name.
    pub(crate) data: HashMap<Arc<str>, DataId>,
    /// Where each variable is set: the place and the spot.
    pub(crate) set: BTreeMap<Arc<str>, Vec<(Place, Span)>>,
    /// What was doubted, and where.
    pub(crate) doubted: HashSet<(Span, String)>,
    /// Variables that were used.
    pub(crate) used: HashSet<SlotId>,
    /// Variables whose value never changes during the run.
    pub(crate) constant: HashSet<SlotId>,
    /// Counters by name.
    pub(crate) counters: Vec<Arc<str>>,
    /// The environment.
    pub(crate) env: Value,
}

impl Names {
    pub(super) fn find(&self, name: &str) -> Option<SlotId> {
        self.local
            .iter()
            .rev()
            .find(|(local, _)| &*local.value == name)
            .map(|(_, slot)| *slot)
            .or_else(|| self.slots.get(name).copied())
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        self.slots.keys().map(|name| &**name).chain(self.local.iter().map(|(name, _)| &*name.value)).chain([
            "env",
            "services",
            "response",
            "user_number",
            "iteration",
            "thread_group",
            "run_id",
        ])
    }
}

impl Resolver for Names {
    fn name(&mut self, name: &str) -> Option<Reference> {
        if name == "env" {
            return Some(Reference::Constant(self.env.clone()));
        }
        self.find(name).map(Reference::Slot)
    }

    fn counter(&mut self, name: &str) -> CounterId {
        let at = self.counters.iter().position(|known| &**known == name).unwrap_or_else(|| {
            self.counters.push(name.into());
            self.counters.len() - 1
        });
        CounterId(at as u32)
    }
}

/// A compiled text and whether it yields the same during the whole run.
pub(crate) struct Compiled {
    pub(crate) template: Template,
    pub(crate) fixed: bool,
}

impl Build<'_> {
    /// Compiles text with `${…}` that `node` uses.
    pub(crate) fn text(&mut self, text: &Text, node: Option<NodeId>) -> Option<Compiled> {
        let parsed = match parse_text(&text.value) {
            Ok(parsed) => parsed,
            Err(problems) => {
                let columns = self.columns_in_want_of_brackets(&text.value, false);
                if columns.is_empty()
                    && let Some(meant) = self.text_meant(text, problems.first())
                {
                    return match meant {
                        Meant::Reads(meant) => self.text(&meant, node),
                        Meant::Told => None,
                    };
                }
                self.problems(if columns.is_empty() { problems } else { columns }, text);
                return None;
            }
        };
        if self.is_doubtful(parsed.names())
            && let Some(meant) = self.text_meant(text, None)
        {
            return match meant {
                Meant::Reads(meant) => self.text(&meant, node),
                Meant::Told => None,
            };
        }
        self.doubts(parsed.doubts(), text);
        let before = self.findings.len();
        self.judge_builtins(parsed.builtins(), text);
        let fixed = parsed.builtins().is_empty()
            && !text.value.contains('(')
            && parsed.names().iter().all(|used| self.is_constant(&used.name));
        self.use_names(parsed.names(), text, node, false);
        if self.findings.len() > before {
            return None;
        }
        match parsed.compile(&mut self.names) {
            Ok(template) => Some(Compiled { template, fixed }),
            Err(problems) => {
                self.problems(problems, text);
                None
            }
        }
    }

    /// Compiles a bare expression that `node` uses.
    pub(crate) fn expression(&mut self, text: &Text, node: Option<NodeId>) -> Option<Expression> {
        let parsed = match parse_expression(&text.value) {
            Ok(parsed) => parsed,
            Err(problems) => {
                let columns = self.columns_in_want_of_brackets(&text.value, true);
                if columns.is_empty()
                    && let Some(meant) = self.expression_meant(text, problems.first())
                {
                    return match meant {
                        Meant::Reads(meant) => self.expression(&meant, node),
                        Meant::Told => None,
                    };
                }
                self.problems(if columns.is_empty() { problems } else { columns }, text);
                return None;
            }
        };
        if self.is_doubtful(parsed.names())
            && let Some(meant) = self.expression_meant(text, None)
        {
            return match meant {
                Meant::Reads(meant) => self.expression(&meant, node),
                Meant::Told => None,
            };
        }
        self.doubts(parsed.doubts(), text);
        let before = self.findings.len();
        self.judge_builtins(parsed.builtins(), text);
        self.use_names(parsed.names(), text, node, true);
        if self.findings.len() > before {
            return None;
        }
        parsed.compile(&mut self.names).map_err(|problems| self.problems(problems, text)).ok()
    }

    /// Compiles a value with templates at any depth; also tells whether it is fixed.
    pub(crate) fn tree(&mut self, yaml: &Yaml, node: Option<NodeId>) -> Option<(Tree, bool)> {
        Some(match &yaml.kind {
            NodeKind::Scalar { text, style } if !text.contains("${") => {
                let value = if *style == Style::Plain { plain_value(text) } else { Value::Text(text.clone()) };
                (Tree::Literal(value), true)
            }
            NodeKind::Scalar { text, .. } => {
                let compiled = self.text(&Text::new(text.clone(), yaml.span), node)?;
                match compiled.template.constant() {
                    Some(value) => (Tree::Literal(value), true),
                    None => (Tree::Template(compiled.template), compiled.fixed),
                }
            }
            NodeKind::List(items) => {
                let compiled: Vec<_> = items.iter().map(|item| self.tree(item, node)).collect();
                let mut fixed = true;
                let mut list = Vec::with_capacity(compiled.len());
                for item in compiled {
                    let (tree, same) = item?;
                    fixed &= same;
                    list.push(tree);
                }
                match list.iter().map(Tree::literal).collect::<Option<Vec<_>>>() {
                    Some(values) => (Tree::Literal(Value::List(values.into_iter().cloned().collect())), true),
                    None => (Tree::List(list), fixed),
                }
            }
            NodeKind::Map(entries) => {
                let compiled: Vec<_> =
                    entries.iter().map(|entry| (entry.key.clone(), self.tree(&entry.value, node))).collect();
                let mut fixed = true;
                let mut map = Vec::with_capacity(compiled.len());
                for (key, item) in compiled {
                    let (tree, same) = item?;
                    fixed &= same;
                    map.push((key, tree));
                }
                if map.iter().all(|(_, tree)| tree.literal().is_some()) {
                    let values = map.into_iter().filter_map(|(key, tree)| Some((key, tree.literal()?.clone())));
                    (Tree::Literal(Value::Map(Arc::new(values.collect()))), true)
                } else {
                    (Tree::Map(map), fixed)
                }
            }
        })
    }

    /// Compiles text that is sent; what looks like a variable in it but is none is told.
    pub(crate) fn sent(&mut self, text: &Text, node: Option<NodeId>) -> Option<Compiled> {
        let compiled = self.text(text, node);
        self.bare_names(text);
        compiled
    }

    /// Compiles a value that is sent, like [`Self::sent`].
    pub(crate) fn sent_tree(&mut self, yaml: &Yaml, node: Option<NodeId>) -> Option<(Tree, bool)> {
        let compiled = self.tree(yaml, node);
        self.bare_names_in(yaml);
        compiled
    }

    fn bare_names_in(&mut self, yaml: &Yaml) {
        match &yaml.kind {
            NodeKind::Scalar { text, .. } => self.bare_names(&Text::new(text.clone(), yaml.span)),
            NodeKind::List(items) => items.iter().for_each(|item| self.bare_names_in(item)),
            NodeKind::Map(entries) => entries.iter().for_each(|entry| self.bare_names_in(&entry.value)),
        }
    }

    /// `$token` where a variable `token` is known: as in a shell, but here the server would get the
    /// very letters, and what goes wrong then does not say why.
    fn bare_names(&mut self, text: &Text) {
        for (range, name) in super::dollar_names::names(&text.value) {
            let name = &text.value[name];
            let Some(slot) = self.names.find(name).filter(|slot| self.state.known(*slot) != Assigned::Never) else {
                continue;
            };
            self.names.used.insert(slot);
            let quotes = super::dollar_names::needs_quotes(&self.sources, text.span);
            let problem =
                TemplateProblem::new(range.clone(), format!("`{}` is sent as it stands", &text.value[range.clone()]))
                    .help(format!("for the variable write `${{{name}}}`"))
                    .replace(format!("${{{name}}}"));
            let mut finding = finding(problem, &text.value, text.span, &self.sources);
            if quotes && !text.value.contains('\'') {
                let (before, behind) = (&text.value[..range.start], &text.value[range.end..]);
                finding = finding.fix(text.span, format!("'{before}${{{name}}}{behind}'"));
            }
            self.findings.push(Diagnostic { severity: Severity::Warning, ..finding });
        }
    }

    fn is_constant(&self, name: &str) -> bool {
        name == "env" || self.names.find(name).is_some_and(|slot| self.names.constant.contains(&slot))
    }

    pub(crate) fn problems(&mut self, problems: Vec<TemplateProblem>, text: &Text) {
        for problem in problems {
            let finding = finding(problem, &text.value, text.span, &self.sources);
            self.findings.push(finding);
        }
    }

    /// What is allowed and hardly ever meant; once for a text that stands for several requests.
    fn doubts(&mut self, doubts: &[TemplateProblem], text: &Text) {
        for doubt in doubts {
            let finding = finding(doubt.clone(), &text.value, text.span, &self.sources);
            if self.names.doubted.insert((finding.span, finding.message.clone())) {
                self.findings.push(Diagnostic { severity: Severity::Warning, ..finding });
            }
        }
    }

    /// Built-in names that mean nothing at this place.
    fn judge_builtins(&mut self, builtins: &[(Builtin, Range<usize>)], text: &Text) {
        for (builtin, range) in builtins {
            let (there, help) = match builtin {
                Builtin::Response => {
                    self.reads_response = true;
                    continue;
                }
                Builtin::RunId | Builtin::Fake => continue,
                Builtin::UserNumber | Builtin::ThreadGroup => {
                    (matches!(self.place, Place::Group(_)), "it is known in the steps of a thread group")
                }
                Builtin::Iteration => (self.in_iteration, "it is known in the `steps` of a thread group"),
                Builtin::Loop => (self.loops > 0, "it is known inside `repeat`, `while` and `for_each`"),
            };
            if !there {
                let message = format!("`{}` means nothing here", builtin.name());
                let problem = TemplateProblem::new(range.clone(), message).help(help);
                self.problems(vec![problem], text);
            }
        }
    }

    /// Judges all names of a text; `bare` for an expression without `${…}`.
    fn use_names(&mut self, names: &[NameUse], text: &Text, node: Option<NodeId>, bare: bool) {
        let mut problems: Vec<TemplateProblem> = Vec::new();
        for used in names {
            // The other half of a name that was told as a whole.
            if problems.iter().any(|told| told.range.start <= used.range.start && used.range.end <= told.range.end) {
                continue;
            }
            let Err(mut problem) = self.judge(used, node) else { continue };
            if problem.range.is_empty() {
                problem.range = used.range.clone();
            }
            let unknown = self.names.find(&used.name).is_none() && !matches!(used.name.as_str(), "env" | "services");
            match self.hyphenated(used, &text.value).filter(|_| unknown) {
                Some(whole) => {
                    let meant = whole.problem.corrected.as_deref().and_then(|meant| self.names.find(meant));
                    self.names.used.extend(meant);
                    problems.retain(|told| told.range.start < whole.range.start || told.range.end > whole.range.end);
                    problems.push(whole);
                }
                None => problems.push(*problem),
            }
        }
        if problems.is_empty() {
            return;
        }
        let columns = self.columns_in_want_of_brackets(&text.value, bare);
        problems.retain(|told| {
            !columns.iter().any(|column| column.range.start <= told.range.start && told.range.end <= column.range.end)
        });
        problems.extend(columns);
        self.problems(problems, text);
    }

    fn judge(&mut self, used: &NameUse, node: Option<NodeId>) -> Result<(), Box<TemplateProblem>> {
        let problem = |message: String, help: String, corrected: Option<String>| {
            Err(Box::new(TemplateProblem::new(0..0, message).help(help).corrected(corrected)))
        };
        let name = used.name.as_str();
        if name == "env" {
            let Some((member, range)) = &used.member else { return Ok(()) };
            let Value::Map(env) = &self.names.env else { return Ok(()) };
            if env.get(member).is_some() || used.defaulted {
                return Ok(());
            }
            let near = crate::suggest::nearest(member, env.iter().map(|(name, _)| &**name));
            let help = match near {
                Some(near) => format!("set it, or write `| default('…')` behind it; is `{near}` meant?"),
                None => "set it before the run, or write `| default('…')` behind it".into(),
            };
            let message = format!("the environment variable `{member}` is not set");
            return Err(Box::new(TemplateProblem::new(range.clone(), message).help(help)));
        }
        if name == "services" {
            let Some((member, range)) = &used.member else { return Ok(()) };
            let known: Vec<&str> = self.plan.services.iter().map(|service| &*service.name.value).collect();
            if known.contains(&member.as_str()) {
                return Ok(());
            }
            let near = crate::suggest::nearest(member, known.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "declare it under `services:`".into(),
            };
            let problem = TemplateProblem::new(range.clone(), format!("there is no service `{member}`"));
            return Err(Box::new(problem.help(help).corrected(near.map(str::to_owned))));
        }
        let Some(slot) = self.names.find(name) else {
            let column = self
                .names
                .data
                .iter()
                .find(|(_, data)| self.columns[data.index()].iter().any(|known| **known == *name));
            if let Some((data, _)) = column {
                let whole = format!("{data}.{name}");
                let help = format!("`{name}` is a column of the data set `{data}`: write `{whole}`");
                return problem(format!("nothing sets a variable `{name}`"), help, Some(whole));
            }
            if let ("vars" | "variables" | "secrets" | "session" | "context", Some((member, _))) = (name, &used.member)
            {
                let help = format!(
                    "names stand bare, whatever they were set by: `${{{member}}}`; but nothing sets `{member}` either"
                );
                return problem(format!("nothing is called `{name}`"), help, None);
            }
            if matches!(name, "user" | "user_id" | "userId" | "username") {
                let help = "the number of the user is `user_number`; a value of your own is set under `variables`, in `data`, with `extract` or `set`";
                return problem(format!("nothing sets a variable `{name}`"), help.into(), None);
            }
            let is_environment = name.len() > 2
                && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
                && !self.names.all().any(|known| known.eq_ignore_ascii_case(name));
            if is_environment {
                let is_there = matches!(&self.names.env, Value::Map(env) if env.get(name).is_some());
                let whole = format!("env.{name}");
                let help = format!("a variable of the environment is read by `{whole}`");
                return problem(format!("nothing sets a variable `{name}`"), help, is_there.then_some(whole));
            }
            let near = crate::suggest::nearest(name, self.names.all()).map(str::to_owned);
            let help = match &near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "set it under `variables`, with `extract` or `set`, or name a data set".into(),
            };
            // A name that means nothing here either is no correction.
            let is_set = |near: &String| {
                let slot = self.names.find(near).filter(|_| !self.names.data.contains_key(near.as_str()));
                used.defaulted || slot.is_none_or(|slot| self.state.known(slot) != Assigned::Never)
            };
            let corrected = near.filter(is_set);
            return problem(format!("nothing sets a variable `{name}`"), help, corrected);
        };
        self.names.used.insert(slot);
        if let Some(data) = self.row_slots.get(&slot).copied() {
            self.judge_column(used, data)?;
        }
        if let Some(data) = self.names.data.get(name).copied().filter(|_| self.names.slots.get(name) == Some(&slot)) {
            return self.judge_data(used, data);
        }
        if let Some(to) = node {
            let setters = self.state.setters(slot).to_vec();
            let from_start = setters.is_empty() && self.state.known(slot) != Assigned::Never;
            let others = setters.into_iter().filter(|from| *from != to);
            self.flows.extend(others.map(|from| Flow { slot, from: Some(from), to }));
            if from_start {
                self.flows.push(Flow { slot, from: None, to });
            }
        }
        if used.defaulted {
            return Ok(());
        }
        match self.state.known(slot) {
            Assigned::Always => Ok(()),
            Assigned::Sometimes => problem(
                format!("`{name}` is set only on some of the paths that lead here"),
                "set it on every path, for example in a step before the branch; or give it a value for the other paths: \
                 `| default('…')`"
                    .into(),
                None,
            ),
            Assigned::Never => {
                let places = self.names.set.get(name).cloned().unwrap_or_default();
                let here = self.place;
                let (message, help) = if let Some((_, span)) = places.iter().find(|(place, _)| *place == here) {
                    let line = self.sources.position(*span).0;
                    (
                        format!("`{name}` is used here before it is set (line {line})"),
                        "set it in an earlier step, or write `| default('…')` behind it".to_owned(),
                    )
                } else if let Some((place, span)) = places.first() {
                    let line = self.sources.position(*span).0;
                    let place = self.place_name(*place);
                    (
                        format!("`{name}` is set in {place} (line {line}), which {} never sees", self.place_name(here)),
                        "each thread group's users have variables of their own; set it here too, or in `setup`"
                            .to_owned(),
                    )
                } else {
                    (format!("`{name}` is not set here"), "set it in an earlier step".to_owned())
                };
                problem(message, help, None)
            }
        }
    }

    fn judge_data(&mut self, used: &NameUse, data: DataId) -> Result<(), Box<TemplateProblem>> {
        self.data_used.insert(data);
        let name = used.name.as_str();
        let set = &self.plan.data[data.index()];
        if !set.per_user && !self.in_iteration {
            let problem =
                TemplateProblem::new(0..0, format!("`{name}` draws a row for each iteration, and here is none"));
            let help = format!("write `take: user` in the data set `{name}` to keep one row for each user");
            return Err(Box::new(problem.help(help)));
        }
        if set.per_user && !matches!(self.place, Place::Group(_)) {
            let problem = TemplateProblem::new(0..0, format!("`{name}` draws a row for each user, and here is none"));
            let help = "use `for_each: { row: ".to_owned() + name + " }` to walk over all rows";
            return Err(Box::new(problem.help(help)));
        }
        if set.per_user {
            self.rows_used.0.insert(data);
        } else {
            self.rows_used.1.insert(data);
        }
        self.judge_column(used, data)
    }

    /// Whether a column that is read exists.
    pub(crate) fn judge_column(&self, used: &NameUse, data: DataId) -> Result<(), Box<TemplateProblem>> {
        let Some((column, range)) = &used.member else { return Ok(()) };
        let columns = &self.columns[data.index()];
        if columns.is_empty() || used.defaulted || columns.iter().any(|known| **known == **column) {
            return Ok(());
        }
        let near = crate::suggest::nearest(column, columns.iter().map(|known| &**known));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("its columns are: {}", columns.join(", ")),
        };
        let problem =
            TemplateProblem::new(range.clone(), format!("the data set `{}` has no column `{column}`", used.name));
        Err(Box::new(problem.help(help).corrected(near.map(str::to_owned))))
    }

    pub(crate) fn place_name(&self, place: Place) -> String {
        match place {
            Place::Setup => "`setup`".into(),
            Place::Teardown => "`teardown`".into(),
            Place::Group(group) => {
                format!("thread group `{}`", self.plan.groups.get(group.index()).map_or("", |group| &group.name.value))
            }
        }
    }

    /// Reports a finding at a text.
    pub(crate) fn error(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.findings.push(Diagnostic::error(span, message).help(help));
    }
}
