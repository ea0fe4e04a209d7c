//! The plan itself: what other tools have at the top of a file, and what stands there but belongs one level down.

use super::{find, in_words, is_one_of, key_for};
use crate::diagnostic::Diagnostic;
use crate::plan::keys::{ASSERTIONS, PLAN, THREAD_GROUP};
use crate::plan::lower::Lower;
use crate::protocols::http::keys::HTTP;
use crate::yaml::{Entry, Node, NodeKind};

/// Keys that hold a whole plan.
const WRAPPERS: [&str; 5] = ["plan", "test_plan", "loadplan", "test", "load_test"];
/// Keys that hold a part of what a thread group, `http` or the plan has here.
const CONTAINERS: [&str; 8] =
    ["options", "config", "settings", "defaults", "load", "load_profile", "scenario_defaults", "configuration"];
/// Keys that are somebody's own.
const NOTES: [&str; 8] = ["author", "tags", "owner", "labels", "metadata", "team", "notes", "comment"];
const ASSERTS: [&str; 3] = ["assert", "assertions", "response_assertion"];

/// Where a key belongs that stands in the plan itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    Group,
    Http,
    Plan,
}

impl Lower<'_> {
    pub(super) fn translate_plan(&mut self, node: &mut Node) {
        self.unwrap_plan(node);
        if node.entries().is_none() {
            return;
        }
        self.own_keys(node);
        self.environment(node);
        self.assertions_of_plan(node);
        self.container(node);
        self.http_of_plan(node, &["http_request_defaults", "http_defaults"]);
        if let Some(at) = node.entries().and_then(|entries| {
            entries.iter().position(|entry| {
                &*entry.key == "data" || key_for(&PLAN, &entry.key).is_some_and(|key| key.name == "data")
            })
        }) {
            self.translate_data(node, at);
        }
        self.misplaced(node);
        self.rename_keys(node, &PLAN);
        for key in ["variables", "secrets"] {
            if let Some(at) = node.entries().and_then(|entries| entries.iter().position(|entry| &*entry.key == key)) {
                self.translate_variables(node, at);
                if let Some(values) = node.get(key).cloned() {
                    self.environment_values(&values);
                }
            }
        }
        let NodeKind::Map(entries) = &mut node.kind else { return };
        for entry in entries.iter_mut() {
            match &*entry.key {
                "http" => self.translate_http(&mut entry.value),
                "thread_groups" => self.translate_groups(&mut entry.value),
                "thresholds" => self.translate_thresholds(&mut entry.value),
                "services" => self.translate_services(&mut entry.value),
                _ => {}
            }
        }
        for moved in std::mem::take(&mut self.moved_to_plan) {
            if !entries.iter().any(|entry| entry.key == moved.key) {
                entries.push(moved);
            }
        }
        self.translate_profiles(node);
    }

    /// A plan that stands below a key of its own.
    fn unwrap_plan(&mut self, node: &mut Node) {
        let Some([only]) = node.entries() else { return };
        let is_plan = |inside: &Node| inside.entries().is_some_and(|entries| groups_at(entries).is_some());
        if !is_one_of(&only.key, &WRAPPERS) || !is_plan(&only.value) {
            return;
        }
        let finding = Diagnostic::error(only.key_span, format!("plan: there is no key `{}`", only.key));
        let finding = finding.help(format!(
            "the keys of a plan start at the left margin: remove the line `{}:`, and the indentation of all lines below it",
            only.key
        ));
        let inside = only.value.clone();
        self.report(finding);
        *node = inside;
    }

    /// Keys that are somebody's own, told with the prefix that keeps them apart.
    fn own_keys(&mut self, node: &mut Node) {
        let NodeKind::Map(entries) = &mut node.kind else { return };
        for entry in entries.iter_mut().filter(|entry| is_one_of(&entry.key, &NOTES)) {
            let ours = format!("x-{}", entry.key);
            let finding = Diagnostic::error(entry.key_span, format!("plan: there is no key `{}`", entry.key));
            let finding = finding.help(format!("keys of your own begin with `x-`, and are ignored: write `{ours}`"));
            let plain = entry.key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
            let finding = if plain { finding.fix(entry.key_span, ours.clone()) } else { finding };
            entry.key = ours.into();
            self.findings.push(finding);
        }
    }

    /// An `environment` that holds values, not servers: they are variables here.
    fn environment(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let Some(at) = find(entries, &["environment", "env", "envs"]) else { return };
        let entry = &entries[at];
        let is_value = |inside: &Entry| inside.value.text().is_some_and(|text| !text.contains("://"));
        let values = entry.value.entries().is_some_and(|inside| !inside.is_empty() && inside.iter().all(is_value));
        let servers = entry.value.entries().is_some_and(|inside| {
            !inside.is_empty()
                && inside
                    .iter()
                    .all(|one| !is_value(one) && (one.value.text().is_some() || one.value.entries().is_some()))
        });
        if servers && !entries.iter().any(|entry| &*entry.key == "profiles") {
            let finding = self.no_key(entry, &PLAN).help("here it is `profiles`").fix(entry.key_span, "profiles");
            let NodeKind::Map(entries) = &mut node.kind else { return };
            entries[at].key = "profiles".into();
            return self.report(finding);
        }
        if !values || entries.iter().any(|entry| &*entry.key == "variables") {
            return;
        }
        let finding = self.no_key(entry, &PLAN).help("here it is `variables`").fix(entry.key_span, "variables");
        let NodeKind::Map(entries) = &mut node.kind else { return };
        entries[at].key = "variables".into();
        self.report(finding);
    }

    /// Assertions on responses at the top of a plan: those of every request stand in `http`.
    fn assertions_of_plan(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let Some(at) = find(entries, &ASSERTS) else { return };
        let value = &entries[at].value;
        let lists = value.items().unwrap_or(std::slice::from_ref(value));
        let mut pairs = Vec::new();
        for entry in lists.iter().filter_map(Node::entries).flatten() {
            if ASSERTIONS.key(&entry.key).is_none() {
                return;
            }
            pairs.push(self.pair_in_flow(entry));
        }
        if pairs.is_empty() {
            return;
        }
        let finding = Diagnostic::error(entries[at].key_span, format!("plan: there is no key `{}`", entries[at].key));
        let text = pairs
            .into_iter()
            .collect::<Option<Vec<String>>>()
            .map(|pairs| format!("{{ assert: {{ {} }} }}", pairs.join(", ")));
        let known = entries.iter().any(|entry| &*entry.key == "http");
        match text {
            Some(text) if !known => {
                let finding =
                    finding.help(format!("what every response must be is asserted in `http`: write `http: {text}`"));
                self.replace_entries(node, &[at], &[("http".into(), text)], finding);
            }
            _ => {
                let help = "write `assert:` below the request it is about, or below `http:` for every request";
                self.remove_entry(node, at, finding.help(help));
            }
        }
    }

    /// The HTTP defaults under another name, whose keys are another tool's too: one finding.
    fn http_of_plan(&mut self, node: &mut Node, words: &[&str]) {
        let Some(entries) = node.entries() else { return };
        let Some(at) = find(entries, words).filter(|at| &*entries[*at].key != "http") else { return };
        let Some((used, url)) = entries[at].value.entries().and_then(super::http::base_url) else { return };
        let all = entries[at].value.entries().map_or(0, <[Entry]>::len);
        let known = entries.iter().any(|entry| &*entry.key == "http");
        if used.len() < all || known {
            return;
        }
        let finding = Diagnostic::error(entries[at].key_span, format!("plan: there is no key `{}`", entries[at].key));
        let text = format!("{{ base_url: {url} }}");
        let finding = finding.help(format!("here it is `http`: write `http: {text}`"));
        self.replace_entries(node, &[at], &[("http".into(), text)], finding);
    }

    /// Where a key belongs, and its text there.
    fn home(&self, entry: &Entry) -> Option<(Home, String)> {
        let text = |key: &'static crate::plan::keys::Key| {
            let pair = self.pair_for(entry, key);
            pair.map_or_else(|| format!("{}: …", key.name), |(key, value)| format!("{key}: {value}"))
        };
        let fits = |key: &&'static crate::plan::keys::Key| {
            key.ty.has_shape_of(&entry.value) || self.pair_for(entry, key).is_some()
        };
        if let Some(key) = key_for(&PLAN, &entry.key).filter(fits).filter(|key| key.name != "name") {
            return Some((Home::Plan, text(key)));
        }
        if let Some(key) = key_for(&HTTP, &entry.key).filter(fits) {
            return Some((Home::Http, text(key)));
        }
        let key = key_for(&THREAD_GROUP, &entry.key).filter(fits)?;
        Some((Home::Group, text(key)))
    }

    /// k6's `options`, Artillery's `config` and the like: each of their keys has a place here.
    fn container(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let Some(at) = find(entries, &CONTAINERS) else { return };
        let Some(inside) = entries[at].value.entries().filter(|inside| !inside.is_empty()) else { return };
        let inside = inside.to_vec();
        let homes: Vec<Option<(Home, String)>> = inside.iter().map(|entry| self.home(entry)).collect();
        if homes.iter().all(Option::is_none) {
            return;
        }
        let of = |home: Home| -> Vec<String> {
            homes.iter().flatten().filter(|(one, _)| *one == home).map(|(_, text)| text.clone()).collect()
        };
        let finding = Diagnostic::error(entries[at].key_span, format!("plan: there is no key `{}`", entries[at].key));
        let (group, http, plan) = (of(Home::Group), of(Home::Http), of(Home::Plan));
        let has_http = entries.iter().any(|entry| &*entry.key == "http");
        if group.is_empty() && plan.is_empty() && http.len() == inside.len() && !has_http {
            let text = format!("{{ {} }}", http.join(", "));
            let finding = finding.help(format!("here it is `http`: write `http: {text}`"));
            return self.replace_entries(node, &[at], &[("http".into(), text)], finding);
        }
        let mut parts = Vec::new();
        if !group.is_empty() {
            parts.push(format!("{} in a thread group{}", in_words(&group), group_named(node)));
        }
        if !http.is_empty() {
            parts.push(format!("{} below `http:`", in_words(&http)));
        }
        if !plan.is_empty() {
            parts.push(format!("{} at the left margin", in_words(&plan)));
        }
        let finding = finding.help(format!("write {}", parts.join(", ")));
        let NodeKind::Map(entries) = &mut node.kind else { return };
        entries.remove(at);
        for (entry, home) in inside.into_iter().zip(homes) {
            match home {
                Some((Home::Group, _)) => self.put_in_groups(node, entry),
                Some((Home::Http, _)) => self.put_in_http(node, entry),
                Some((Home::Plan, _)) => self.put_in_plan(node, entry),
                None => {}
            }
        }
        self.report(finding);
    }

    /// Keys of a thread group or of `http` that stand in the plan itself.
    fn misplaced(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let home_of = |entry: &Entry| {
            let ours = key_for(&PLAN, &entry.key)
                .is_some_and(|key| *key.name == *entry.key || key.ty.has_shape_of(&entry.value));
            let told = crate::plan::keys::instead_of(PLAN.name, &entry.key).is_some();
            if ours || told || entry.key.starts_with("x-") {
                return None;
            }
            self.home(entry)
        };
        let homes: Vec<Option<(Home, String)>> = entries.iter().map(home_of).collect();
        let at = |home: Home| -> Vec<usize> {
            (0..homes.len()).filter(|at| homes[*at].as_ref().is_some_and(|(one, _)| *one == home)).collect()
        };
        let (mut groups, http) = (at(Home::Group), at(Home::Http));
        if !groups.is_empty() && groups_at(entries).is_none() {
            if let Some(at) = entries.iter().position(|entry| {
                &*entry.key == "thresholds"
                    && groups
                        .iter()
                        .any(|at| &*entries[*at].key == "steps" && entries[*at].key_span.start < entry.key_span.start)
            }) {
                groups.retain(|other| *other != at);
            }
            self.group_at_top(node, &groups);
        } else if !groups.is_empty() {
            self.tell_of_group(
                node,
                &groups,
                &homes.iter().map(|home| home.as_ref().map(|(_, text)| text.clone())).collect::<Vec<_>>(),
            );
        }
        // What was moved changed the numbers: those of `http` are found anew.
        if !http.is_empty() {
            let home_of = |entry: &Entry| self.home(entry);
            let Some(entries) = node.entries() else { return };
            let is_http =
                |entry: &Entry| PLAN.key(&entry.key).is_none() && matches!(home_of(entry), Some((Home::Http, _)));
            let at: Vec<usize> = (0..entries.len()).filter(|at| is_http(&entries[*at])).collect();
            if let Some((used, url)) = super::http::base_url(entries)
                .filter(|(used, _)| used.iter().all(|one| at.contains(one)) || used.len() > 1)
                && !entries.iter().any(|entry| &*entry.key == "http")
            {
                let words: Vec<&str> = used.iter().map(|at| &*entries[*at].key).collect();
                let text = format!("{{ base_url: {url} }}");
                let finding =
                    Diagnostic::error(entries[used[0]].key_span, format!("plan: there is no key {}", in_words(&words)));
                let finding =
                    finding.help(format!("where requests go is `base_url`, a key of `http`: write `http: {text}`"));
                return self.replace_entries(node, &used, &[("http".into(), text)], finding);
            }
            self.put_inside(node, &at, "http", &HTTP, "plan");
        }
    }

    /// The keys of the only group, without `thread_groups` and a name around them.
    fn group_at_top(&mut self, node: &mut Node, at: &[usize]) {
        let Some(entries) = node.entries() else { return };
        let words: Vec<&str> = at.iter().map(|at| &*entries[*at].key).collect();
        let belong = if words.len() == 1 { "belongs to a thread group" } else { "belong to a thread group" };
        let finding = Diagnostic::error(entries[at[0]].key_span, format!("plan: {} {belong}", in_words(&words)));
        let finding = finding.help(
            "write `thread_groups:` above them, below it a name such as `visitors:` two spaces further right, and indent them by four",
        );
        let finding = match self.place_of(entries, at).filter(|_| !self.in_braces(node)) {
            Some(place) => {
                let lines = self
                    .sources
                    .text(place)
                    .split('\n')
                    .map(|line| if line.trim().is_empty() { String::new() } else { format!("\n    {line}") });
                finding.fix(place, format!("thread_groups:\n  visitors:{}", lines.collect::<String>()))
            }
            None => finding,
        };
        self.report(finding);
        let NodeKind::Map(entries) = &mut node.kind else { return };
        let mut inside = Vec::new();
        for index in at.iter().rev() {
            inside.insert(0, entries.remove(*index));
        }
        let span = inside.first().map_or(node.span, |entry| entry.key_span);
        let group = Node::new(span, NodeKind::Map(inside));
        let groups = vec![Entry { key: "visitors".into(), key_span: span, value: group }];
        entries.push(Entry {
            key: "thread_groups".into(),
            key_span: span,
            value: Node::new(span, NodeKind::Map(groups)),
        });
    }

    /// Tells that keys of the plan belong into a thread group, and reads them there.
    fn tell_of_group(&mut self, node: &mut Node, at: &[usize], texts: &[Option<String>]) {
        let Some(entries) = node.entries() else { return };
        let words: Vec<&str> = at.iter().map(|at| &*entries[*at].key).collect();
        let shown: Vec<&str> = at.iter().filter_map(|at| texts[*at].as_deref()).collect();
        let belong = if words.len() == 1 { "belongs to a thread group" } else { "belong to a thread group" };
        let finding = Diagnostic::error(entries[at[0]].key_span, format!("plan: {} {belong}", in_words(&words)));
        let finding = finding.help(format!("write {} in a thread group{}", in_words(&shown), group_named(node)));
        self.report(finding);
        let NodeKind::Map(entries) = &mut node.kind else { return };
        let mut moved = Vec::new();
        for index in at.iter().rev() {
            moved.insert(0, entries.remove(*index));
        }
        for entry in moved {
            self.put_in_groups(node, entry);
        }
    }

    fn put_in_groups(&self, node: &mut Node, entry: Entry) {
        let Some(key) = key_for(&THREAD_GROUP, &entry.key) else { return };
        let pair = self.pair_for(&entry, key).and_then(|(_, value)| self.made(&value, entry.value.span));
        let entry = Entry { key: key.name.into(), value: pair.unwrap_or(entry.value), ..entry };
        let NodeKind::Map(entries) = &mut node.kind else { return };
        let Some(at) = groups_at(entries) else { return };
        let NodeKind::Map(groups) = &mut entries[at].value.kind else { return };
        for group in groups {
            let NodeKind::Map(known) = &mut group.value.kind else { continue };
            if !known.iter().any(|one| key_for(&THREAD_GROUP, &one.key).is_some_and(|known| known.name == key.name)) {
                known.push(entry.clone());
            }
        }
    }

    fn put_in_http(&self, node: &mut Node, entry: Entry) {
        let Some(key) = key_for(&HTTP, &entry.key) else { return };
        let pair = self.pair_for(&entry, key).and_then(|(_, value)| self.made(&value, entry.value.span));
        let entry = Entry { key: key.name.into(), value: pair.unwrap_or(entry.value), ..entry };
        let NodeKind::Map(entries) = &mut node.kind else { return };
        match entries.iter_mut().find(|one| &*one.key == "http") {
            Some(Entry { value: Node { kind: NodeKind::Map(known), .. }, .. }) => {
                if !known.iter().any(|one| one.key == entry.key) {
                    known.push(entry);
                }
            }
            Some(_) => {}
            None => {
                let (key_span, span) = (entry.key_span, entry.value.span);
                let value = Node::new(span, NodeKind::Map(vec![entry]));
                entries.push(Entry { key: "http".into(), key_span, value });
            }
        }
    }

    fn put_in_plan(&self, node: &mut Node, entry: Entry) {
        let Some(key) = key_for(&PLAN, &entry.key) else { return };
        let pair = self.pair_for(&entry, key).and_then(|(_, value)| self.made(&value, entry.value.span));
        let entry = Entry { key: key.name.into(), value: pair.unwrap_or(entry.value), ..entry };
        let NodeKind::Map(entries) = &mut node.kind else { return };
        if !entries.iter().any(|one| one.key == entry.key) {
            entries.push(entry);
        }
    }
}

/// The entry that holds the thread groups, whatever it is called.
fn groups_at(entries: &[Entry]) -> Option<usize> {
    let named = entries.iter().position(|entry| &*entry.key == "thread_groups");
    named.or_else(|| {
        entries.iter().position(|entry| {
            let is_of_groups = key_for(&PLAN, &entry.key).is_some_and(|key| key.name == "thread_groups");
            is_of_groups && (entry.value.entries().is_some() || entry.value.items().is_some())
        })
    })
}

/// `, in `shoppers` for example`, with the names that the plan has.
pub(super) fn group_named(node: &Node) -> String {
    let groups = node.entries().and_then(|entries| entries[groups_at(entries)?].value.entries());
    let names: Vec<&str> = groups.unwrap_or_default().iter().map(|entry| &*entry.key).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => format!(", below `{one}:`"),
        [first, ..] => format!(", below `{first}:` for example"),
    }
}
