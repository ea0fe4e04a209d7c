//! The plan itself, its data and its services.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Fields, Lower};
use crate::demo;
use crate::diagnostic::{Diagnostic, FileId, Span};
use crate::mask::{SHORTEST, texts_of};
use crate::plan::keys;
use crate::plan::types::{AtEnd, DataSet, Name, Order, Plan, Service, Share, Text, Variable};
use crate::protocols::spec::Defaults;
use crate::services::ServiceKind;
use crate::value::Value;
use crate::yaml::Node;

/// Lowers a whole plan. Parts that could not be understood are left out, each with its finding.
pub(crate) fn plan(lower: &mut Lower<'_>, node: &Node, file: FileId, default_name: &str) -> Option<Plan> {
    let fields = lower.fields(node, &keys::PLAN)?;
    let name = fields.get("name").and_then(|node| lower.name(node, "name"));
    if let Some(node) = fields.get("description") {
        lower.name(node, "description");
    }
    let services = lower.services(&fields);
    let variables = lower.variables(&fields);
    let data = lower.data_sets(&fields);
    let defaults = Defaults::read(lower, &fields);
    lower.collect_fragments(&fields);
    let setup = lower.step_list(&fields, "setup");
    let groups = lower.thread_groups(&fields);
    let teardown = lower.step_list(&fields, "teardown");
    let thresholds = lower.thresholds(&fields);
    lower.check_unused_fragments(&fields);
    Some(Plan {
        file,
        name: name.map_or_else(|| default_name.into(), |name| name.value),
        variables,
        profiles: fields
            .get("profiles")
            .and_then(Node::entries)
            .unwrap_or_default()
            .iter()
            .map(|entry| entry.key.clone())
            .collect(),
        data,
        defaults,
        services,
        setup,
        teardown,
        groups,
        thresholds,
        skip_without_samples: false,
        without_thresholds: false,
        is_whole: true,
        unread: Default::default(),
        files: std::mem::take(&mut lower.files),
    })
}

impl Lower<'_> {
    /// A new variable's name: letters, digits and `_`, and not taken.
    pub(crate) fn variable_name(&mut self, key: &Arc<str>, span: crate::diagnostic::Span) -> Option<Name> {
        let plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !plain {
            let mended: String =
                key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
            let mended = if mended.starts_with(|c: char| c.is_ascii_digit()) { format!("_{mended}") } else { mended };
            let mut finding = Diagnostic::error(span, format!("`{key}` cannot be the name of a variable"))
                .help(format!("names are letters, digits and `_`: write `{mended}`"));
            if !mended.is_empty() {
                finding = finding.fix(span, &*mended);
            }
            self.report(finding);
            // What uses it is judged as if it had that name.
            return (!mended.is_empty()).then(|| Name::new(mended.into(), span));
        }
        if crate::template::RESERVED_NAMES.contains(&&**key) {
            self.report(
                Diagnostic::error(span, format!("the name `{key}` is taken: expressions already use it"))
                    .help(format!("choose another, for example `my_{key}`")),
            );
            return None;
        }
        Some(Name::new(key.clone(), span))
    }

    fn variables(&mut self, fields: &Fields<'_>) -> Vec<Variable> {
        let mut variables = Vec::new();
        let mut known = HashSet::new();
        for (section, secret) in [("variables", false), ("secrets", true)] {
            let Some(node) = fields.get(section) else { continue };
            let Some(entries) = node.entries() else {
                self.wrong_type(node, section, "a map of names to values", None);
                continue;
            };
            for entry in entries {
                let Some(name) = self.variable_name(&entry.key, entry.key_span) else { continue };
                if !known.insert(name.value.clone()) {
                    self.report(
                        Diagnostic::error(name.span, format!("`{}` is both a variable and a secret", name.value))
                            .help("keep one of the two"),
                    );
                    continue;
                }
                let value = match self.statics.define(&name.value, &entry.value, self.sources) {
                    Ok(value) => value,
                    Err(problems) => {
                        self.findings.extend(problems);
                        Some(Value::Null)
                    }
                };
                if let (true, Some(value)) = (secret, &value)
                    && !self.empty_secret(&name, value, &entry.value)
                {
                    self.short_secret(&name, value, entry.value.span);
                }
                variables.push(Variable { name, node: entry.value.clone(), value, secret });
            }
        }
        variables
    }

    fn data_sets(&mut self, fields: &Fields<'_>) -> Vec<DataSet> {
        let Some(node) = fields.get("data") else { return Vec::new() };
        let Some(entries) = node.entries() else {
            self.wrong_type(
                node,
                "data",
                "a map of names to data sets",
                Some(keys::PLAN.key("data").map_or("", |key| key.example)),
            );
            return Vec::new();
        };
        entries
            .iter()
            .filter_map(|entry| {
                let name = self.variable_name(&entry.key, entry.key_span)?;
                self.data_set(name, &entry.value)
            })
            .collect()
    }

    /// A secret that is empty, as CI servers leave it that have none or do not give it away: every request would be
    /// sent without it. Whether it is one.
    fn empty_secret(&mut self, name: &Name, value: &Value, node: &Node) -> bool {
        let key = &name.value;
        let empty = self.statics.empty_environment(key, node);
        let message = match empty.alone.as_slice() {
            _ if self.statics.is_overridden(key) => {
                let Value::Text(text) = value else { return false };
                if !text.trim().is_empty() {
                    return false;
                }
                format!("the secret `{key}` is empty: `--var {key}=` has no value")
            }
            [variable, ..] => {
                format!("the secret `{key}` is empty: the environment variable `{variable}` is set, but empty")
            }
            [] => {
                let mut texts = Vec::new();
                texts_of(value, &mut texts);
                if !texts.iter().any(|text| text.trim().is_empty()) {
                    if let Some(variable) = empty.beside_others.first() {
                        let what = format!(
                            "the secret `{key}` lacks a part: the environment variable `{variable}` is set, but empty"
                        );
                        self.report(
                            Diagnostic::warning(node.span, what).help(format!(
                                "set it, or say that it may be empty: `${{env.{variable} | default('')}}`"
                            )),
                        );
                    }
                    return false;
                }
                format!("the secret `{key}` is empty")
            }
        };
        let variable = empty.alone.first().map_or("NAME", |variable| variable);
        self.report(Diagnostic::error(node.span, message).help(format!(
            "set it before the run. CI servers leave it empty if the job may not read the secret, for example in a pull request from a fork; to run without it, give it a default: `${{env.{variable} | default('…')}}`"
        )));
        true
    }

    /// A secret that is too short to be hidden: it would take half of every text with it.
    fn short_secret(&mut self, name: &Name, value: &Value, span: Span) {
        let mut texts = Vec::new();
        texts_of(value, &mut texts);
        let is_short = |text: &String| (1..SHORTEST).contains(&text.trim().chars().count());
        if texts.iter().any(is_short) {
            self.report(
                Diagnostic::warning(
                    span,
                    format!("the secret `{}` is shown as it is: it is too short to be hidden", name.value),
                )
                .help(format!(
                    "a secret, and each value inside of a list or a map, needs at least {SHORTEST} characters"
                )),
            );
        }
    }

    fn data_set(&mut self, name: Name, node: &Node) -> Option<DataSet> {
        let fields = self.fields(node, &keys::DATA)?;
        // A data set whose file is missing is told once; its name stays known to what uses it.
        let file = fields.get("file").and_then(|node| {
            let is_told = self.told_data.contains(&name.value);
            let found = if is_told { None } else { self.path(node, "file") };
            found.or_else(|| Some(crate::plan::Spanned::new(self.folder.join(&**node.text()?), node.span)))
        });
        let columns = fields.get("columns").and_then(|node| {
            let Some(items) = node.items() else {
                self.wrong_type(node, "columns", "a list of names", Some("columns: [username, password]"));
                return None;
            };
            Some(items.iter().filter_map(|item| Some(self.name(item, "columns")?.value)).collect())
        });
        let delimiter = fields.get("delimiter").and_then(|node| {
            let text = self.known(node, "delimiter", "one character or `tab`", Some("delimiter: ';'"))?;
            match &*text {
                "tab" | "\t" => Some(b'\t'),
                one if one.len() == 1 => Some(one.as_bytes()[0]),
                other => {
                    self.report(
                        Diagnostic::error(node.span, format!("`delimiter`: `{other}` is not one character"))
                            .help("write one plain character such as ';' or the word tab"),
                    );
                    None
                }
            }
        });
        let encoding = fields.get("encoding").and_then(|node| self.name(node, "encoding"));
        if let Some(encoding) = &encoding
            && encoding_rs::Encoding::for_label(encoding.value.as_bytes()).is_none()
        {
            self.report(
                Diagnostic::error(encoding.span, format!("`{}` is not a known encoding", encoding.value))
                    .help("for example utf-8, utf-16le, windows-1252, iso-8859-2 or shift_jis"),
            );
        }
        let mut word = |key: &str| {
            let node = fields.get(key)?;
            self.word(node, keys::DATA.key(key)?)
        };
        let order = match word("order") {
            Some("shuffle") => Order::Shuffle,
            Some("random") => Order::Random,
            _ => Order::Sequential,
        };
        let share = match word("share") {
            Some("group") => Share::Group,
            Some("user") => Share::User,
            _ => Share::All,
        };
        let per_user = word("take") == Some("user");
        let at_end = match word("at_end") {
            Some("stop_user") => AtEnd::StopUser,
            Some("stop_group") => AtEnd::StopGroup,
            Some("stop_test") => AtEnd::StopTest,
            _ => AtEnd::Recycle,
        };
        if order == Order::Random
            && at_end != AtEnd::Recycle
            && let Some(node) = fields.get("at_end")
        {
            self.report(
                Diagnostic::error(
                    node.span,
                    "`at_end` never comes with `order: random`, which draws any row each time",
                )
                .help("use `order: shuffle` to draw each row once, or remove `at_end`"),
            );
        }
        Some(DataSet {
            name,
            file: file?,
            columns,
            delimiter: delimiter.unwrap_or(b','),
            encoding,
            order,
            share,
            per_user,
            at_end,
        })
    }

    fn services(&mut self, fields: &Fields<'_>) -> Vec<Service> {
        let Some(node) = fields.get("services") else { return Vec::new() };
        let Some(entries) = node.entries() else {
            self.wrong_type(
                node,
                "services",
                "a map of names to services",
                Some("services:\n  api: { demo: trading }"),
            );
            return Vec::new();
        };
        let services: Vec<Service> = entries
            .iter()
            .filter_map(|entry| {
                let name = self.variable_name(&entry.key, entry.key_span)?;
                let kind = self.service(&entry.value)?;
                Some(Service { name, kind })
            })
            .collect();
        self.statics.services = services.iter().map(|service| service.name.value.clone()).collect();
        services
    }

    fn service(&mut self, node: &Node) -> Option<ServiceKind<Text>> {
        let fields = self.fields(node, &keys::SERVICE)?;
        let demo_keys: &[&str] = &["port", "db_pool", "query_time", "cache"];
        let command_keys: &[&str] = &["stop", "ready", "url"];
        let (kind, foreign) = match (fields.entry("demo"), fields.entry("command")) {
            (Some(demo), None) => (demo, command_keys),
            (None, Some(command)) => (command, demo_keys),
            (Some(_), Some(command)) => {
                self.report(
                    Diagnostic::error(command.key_span, "a service is either `demo` or `command`, not both")
                        .help("make two services"),
                );
                return None;
            }
            (None, None) => {
                let span = crate::diagnostic::Span { end: node.span.start + 1, ..node.span };
                self.report(Diagnostic::error(span, "this service says neither `demo` nor `command`").help("write `demo: trading` for the built-in sample API, or `command: …` with the command that starts your program"));
                return None;
            }
        };
        for key in foreign {
            if let Some(entry) = fields.entry(key) {
                self.report(
                    Diagnostic::error(entry.key_span, format!("`{key}` does not go with `{}`", kind.key))
                        .help("remove it"),
                );
            }
        }
        if &*kind.key == "demo" {
            self.word(&kind.value, keys::SERVICE.key("demo")?)?;
            let port = fields.get("port").and_then(|node| {
                let port = self.count(node, "port", 0)?;
                u16::try_from(port)
                    .map_err(|_| {
                        self.report(Diagnostic::error(
                            node.span,
                            format!("`port`: {port} is not a port; ports end at 65535"),
                        ))
                    })
                    .ok()
            });
            let usual = demo::Options::default();
            let db_pool = fields.get("db_pool").and_then(|node| self.count(node, "db_pool", 1));
            let query_time = fields.get("query_time").and_then(|node| self.duration(node, "query_time"));
            let cache = fields.get("cache").and_then(|node| self.boolean(node, "cache"));
            return Some(ServiceKind::Demo(demo::Options {
                port: port.unwrap_or(usual.port),
                db_pool: db_pool.map_or(usual.db_pool, |pool| usize::try_from(pool).unwrap_or(usize::MAX)),
                query_time: query_time.unwrap_or(usual.query_time),
                cache: cache.unwrap_or(usual.cache),
            }));
        }
        let command = self.text(&kind.value, "command")?;
        let stop = fields.get("stop").and_then(|node| self.text(node, "stop"));
        let url = fields.get("url").and_then(|node| self.text(node, "url"));
        let ready = fields.get("ready").and_then(|node| {
            let fields = self.fields(node, &keys::READY)?;
            let url = fields.get("url").and_then(|node| self.text(node, "url"))?;
            let within = fields.get("within").and_then(|node| self.duration(node, "within"));
            Some((url, within.unwrap_or(Duration::from_secs(60))))
        });
        Some(ServiceKind::Command { command, stop, ready, url })
    }

    fn collect_fragments(&mut self, fields: &Fields<'_>) {
        let Some(node) = fields.get("fragments") else { return };
        let Some(entries) = node.entries() else {
            return self.wrong_type(node, "fragments", "a map of names to lists of steps", None);
        };
        for entry in entries {
            self.fragments.insert(entry.key.clone(), (entry.value.clone(), self.folder.clone()));
        }
    }

    /// A fragment nobody includes is checked all the same, and told.
    fn check_unused_fragments(&mut self, fields: &Fields<'_>) {
        let Some(entries) = fields.get("fragments").and_then(Node::entries) else { return };
        for entry in entries {
            if !self.including.contains(&entry.key) && !self.statics.used_fragments.contains(&entry.key) {
                self.report(
                    Diagnostic::warning(entry.key_span, format!("the fragment `{}` is never included", entry.key))
                        .help(format!("put it in place with `- include: {}`, or remove it", entry.key)),
                );
                self.steps(&entry.value, "fragments", false);
            }
        }
    }

    fn thread_groups(&mut self, fields: &Fields<'_>) -> Vec<crate::plan::types::ThreadGroup> {
        let Some(node) = fields.get("thread_groups") else { return Vec::new() };
        let Some(entries) = node.entries() else {
            self.wrong_type(
                node,
                "thread_groups",
                "a map of names to thread groups",
                Some("thread_groups:\n  visitors:\n    users: 5"),
            );
            return Vec::new();
        };
        let mut names = HashSet::new();
        let groups: Vec<_> = entries
            .iter()
            .filter(|entry| !entry.key.starts_with("x-"))
            .filter_map(|entry| {
                names.insert(entry.key.clone());
                if entry.key.contains("${") {
                    self.report(Diagnostic::error(entry.key_span, "a thread group's name cannot hold `${…}`"));
                }
                self.thread_group(Name::new(entry.key.clone(), entry.key_span), &entry.value)
            })
            .collect();
        if names.is_empty() {
            self.report(
                Diagnostic::error(node.span, "`thread_groups` is empty: nobody would do anything")
                    .help("add a thread group with `users`, `duration` and `steps`"),
            );
        }
        groups
    }

    /// A list of steps under a key of the plan or a thread group.
    pub(crate) fn step_list(&mut self, fields: &Fields<'_>, key: &str) -> Vec<crate::plan::types::Step> {
        fields.get(key).map_or_else(Vec::new, |node| self.steps(node, key, false))
    }
}
