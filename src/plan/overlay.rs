//! Profiles and command-line overrides, laid over the plan's tree before it is typed.

use std::path::PathBuf;

use super::keys;
use super::load::{LoadOptions, LoadOverride};
use super::lower::{Fields, Lower, is_load_key};
use crate::diagnostic::{Diagnostic, Span};
use crate::yaml::{Entry, Node, NodeKind};

/// Lays one profile over the plan; tells whether it skips thresholds without samples.
pub(super) fn profile(lower: &mut Lower<'_>, plan: &mut Node, name: &str) -> Option<bool> {
    let profiles = plan.get("profiles").cloned();
    let Some(profile) = profiles.as_ref().and_then(|profiles| profiles.get(name)).cloned() else {
        let known: Vec<&str> =
            profiles.as_ref().and_then(Node::entries).unwrap_or_default().iter().map(|entry| &*entry.key).collect();
        let finding =
            command_line(lower, &format!("--profile {name}"), 10, format!("the plan has no profile `{name}`"));
        let finding = match crate::suggest::nearest(name, known.iter().copied()) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None if known.is_empty() => finding.help("the plan has no `profiles` at all"),
            None => finding.help(format!("its profiles are: {}", known.join(", "))),
        };
        lower.report(finding);
        return None;
    };
    let fields = lower.fields(&profile, &keys::PROFILE)?;
    for section in ["variables", "secrets", "data", "services", "thread_groups"] {
        if let Some(node) = fields.get(section) {
            named(lower, plan, section, node);
        }
    }
    for (key, section) in
        [("http", &crate::protocols::http::keys::HTTP), ("websocket", &crate::protocols::websocket::keys::WEBSOCKET)]
    {
        if let Some(node) = fields.get(key) {
            lower.fields(node, section)?;
            merge_into(plan, key, node.span, node);
        }
    }
    if let Some(entry) = fields.entry("thresholds") {
        put(plan, entry);
    }
    Some(skips(lower, &fields))
}

fn skips(lower: &mut Lower<'_>, fields: &Fields<'_>) -> bool {
    let Some(node) = fields.get("no_samples") else { return false };
    match node.text().map(|text| &**text) {
        Some("skip") => true,
        Some("fail") => false,
        _ => {
            lower.report(
                Diagnostic::error(node.span, "`no_samples` takes skip or fail").help("write `no_samples: skip`"),
            );
            false
        }
    }
}

/// Merges a map whose names must exist in the plan.
fn named(lower: &mut Lower<'_>, plan: &mut Node, section: &str, over: &Node) {
    let Some(entries) = over.entries() else {
        return lower.report(Diagnostic::error(over.span, format!("`{section}` takes a map, not {}", over.describe())));
    };
    let Some(base) = get_mut(plan, section) else {
        if entries.is_empty() {
            return;
        }
        return lower.report(
            Diagnostic::error(over.span, format!("the plan has no `{section}` to change"))
                .help("a profile changes what the plan has; add it to the plan first"),
        );
    };
    for entry in entries {
        let known = base.entries().is_some_and(|known| known.iter().any(|one| one.key == entry.key));
        if !known {
            let names: Vec<&str> = base.entries().unwrap_or_default().iter().map(|one| &*one.key).collect();
            let mut finding =
                Diagnostic::error(entry.key_span, format!("the plan has no `{}` under `{section}`", entry.key));
            finding = match crate::suggest::nearest(&entry.key, names.iter().copied()) {
                Some(near) => finding.help(format!("did you mean `{near}`?")).fix(entry.key_span, near),
                None => finding.help(format!("it has: {}", names.join(", "))),
            };
            lower.report(finding);
            continue;
        }
        if section == "thread_groups" && !entry.value.is_null() {
            let steps = entry
                .value
                .entries()
                .unwrap_or_default()
                .iter()
                .find(|one| matches!(&*one.key, "steps" | "on_start" | "on_stop"));
            if let Some(steps) = steps {
                lower.report(
                    Diagnostic::error(steps.key_span, format!("a profile cannot change `{}`", steps.key))
                        .help("profiles change load and settings; use `if: env.X == …` or a variable to switch steps"),
                );
                continue;
            }
            if lower.fields(&entry.value, &keys::PROFILE_GROUP).is_none() {
                continue;
            }
            let loads = entry.value.entries().unwrap_or_default().iter().any(|one| is_load_key(&one.key));
            if loads && let Some(NodeKind::Map(group)) = get_mut(base, &entry.key).map(|node| &mut node.kind) {
                group.retain(|one| !is_load_key(&one.key));
            }
        }
        merge_into(base, &entry.key, entry.key_span, &entry.value);
    }
}

/// Maps merge, `null` removes, everything else is replaced.
fn merge_into(parent: &mut Node, key: &str, key_span: Span, over: &Node) {
    let NodeKind::Map(entries) = &mut parent.kind else { return };
    let Some(at) = entries.iter().position(|entry| &*entry.key == key) else {
        if !over.is_null() {
            entries.push(Entry { key: key.into(), key_span, value: over.clone() });
        }
        return;
    };
    if over.is_null() {
        entries.remove(at);
        return;
    }
    match (&entries[at].value.kind, &over.kind) {
        (NodeKind::Map(_), NodeKind::Map(inner)) => {
            for entry in inner {
                merge_into(&mut entries[at].value, &entry.key, entry.key_span, &entry.value);
            }
        }
        _ => entries[at].value = over.clone(),
    }
}

fn put(plan: &mut Node, entry: &Entry) {
    merge_into(plan, &entry.key, entry.key_span, &entry.value);
}

fn get_mut<'n>(node: &'n mut Node, key: &str) -> Option<&'n mut Node> {
    match &mut node.kind {
        NodeKind::Map(entries) => entries.iter_mut().find(|entry| &*entry.key == key).map(|entry| &mut entry.value),
        NodeKind::Scalar { .. } | NodeKind::List(_) => None,
    }
}

/// Words of the command line as a file of their own, so that findings can point at them.
fn words(lower: &mut Lower<'_>, text: &str, from: usize) -> Span {
    let file = lower.sources.add(PathBuf::from(super::lower::COMMAND_LINE), text);
    Span { file, start: from as u32, end: text.len() as u32 }
}

fn command_line(lower: &mut Lower<'_>, text: &str, from: usize, message: String) -> Diagnostic {
    Diagnostic::error(words(lower, text, from), message)
}

/// Lays the command line's options over the plan. One that cannot apply is an error.
pub(super) fn overrides(lower: &mut Lower<'_>, plan: &mut Node, options: &LoadOptions) {
    only_groups(lower, plan, &options.groups);
    check_vars(lower, plan, options);
    if options.once {
        once(plan);
    }
    for given in &options.load {
        replace_load(lower, plan, given, &options.load);
    }
    if let Some(url) = &options.base_url {
        base_url(lower, plan, url);
    }
}

/// Every group with one user and one iteration, at once.
fn once(plan: &mut Node) {
    let Some(NodeKind::Map(groups)) = get_mut(plan, "thread_groups").map(|node| &mut node.kind) else { return };
    for group in groups {
        let (span, NodeKind::Map(entries)) = (group.key_span, &mut group.value.kind) else { continue };
        entries.retain(|entry| !is_load_key(&entry.key) && !is_schedule_key(&entry.key));
        for key in ["users", "iterations"] {
            entries.push(Entry { key: key.into(), key_span: span, value: Node::scalar(span, "1") });
        }
    }
}

/// The keys that only say when a group's users do something, not what.
fn is_schedule_key(name: &str) -> bool {
    matches!(name, "pacing" | "throughput" | "delay" | "needs" | "warm_up")
}

/// `--users 50` for every group, `--users traders=50` for one.
fn replace_load(lower: &mut Lower<'_>, plan: &mut Node, given: &LoadOverride, all: &[LoadOverride]) {
    let option = given.option();
    let (only, value) = match given.value.split_once('=') {
        Some((group, value)) => (Some(group), value),
        None => (None, &*given.value),
    };
    let text = format!("{option} {}", given.value);
    let span = words(lower, &text, text.len() - value.len());
    let Some(NodeKind::Map(groups)) = get_mut(plan, "thread_groups").map(|node| &mut node.kind) else { return };
    let names: Vec<String> = groups.iter().map(|group| group.key.to_string()).collect();
    if let Some(only) = only.filter(|only| !names.iter().any(|name| name == only)) {
        let end = span.start - "=".len() as u32;
        let span = Span { start: end - only.len() as u32, end, ..span };
        let finding = Diagnostic::error(span, format!("the plan has no thread group `{only}`"));
        lower.report(match crate::suggest::nearest(only, names.iter().map(String::as_str)) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help(format!("its thread groups are: {}", names.join(", "))),
        });
        return;
    }
    let fitting: Vec<String> = groups
        .iter()
        .filter(|group| applies(given.key, written_as(group.value.entries().unwrap_or_default())))
        .map(|group| group.key.to_string())
        .collect();
    for group in groups.iter_mut().filter(|group| only.is_none_or(|only| only == &*group.key)) {
        let NodeKind::Map(entries) = &mut group.value.kind else { continue };
        let written = written_as(entries);
        if !applies(given.key, written) {
            let finding = Diagnostic::error(
                span,
                format!(
                    "`{option}` cannot apply to thread group `{}`, whose load is written as `{written}`",
                    group.key
                ),
            );
            lower.findings.push(match fitting.first().filter(|_| only.is_none()) {
                Some(name) => finding.help(format!("say which group it is for: `{option} {name}={value}`")),
                None if fitting.is_empty() && only.is_none() => finding.help(format!(
                    "no thread group of this plan says its load in a way that `{option}` changes; write a profile"
                )),
                None => finding.help("write a profile with the load it should have: a profile replaces it whole"),
            });
            continue;
        }
        // A new length takes the place of the old one.
        let here = |key: &str| {
            let mine = |one: &&LoadOverride| one.value.split_once('=').is_none_or(|(name, _)| name == &*group.key);
            all.iter().filter(mine).any(|one| one.key == key)
        };
        let gone: &[&str] = match given.key {
            "duration" if !here("iterations") => &["iterations"],
            "iterations" if !here("duration") => &["duration", "ramp_down"],
            _ => &[],
        };
        entries.retain(|entry| &*entry.key != given.key && !gone.contains(&&*entry.key));
        entries.push(Entry { key: given.key.into(), key_span: span, value: Node::scalar(span, value) });
    }
}

/// The key a group's load is written with.
fn written_as(group: &[Entry]) -> &'static str {
    let has = |key: &str| group.iter().any(|entry| &*entry.key == key);
    ["stages", "arrival_rate", "users"].into_iter().find(|key| has(key)).unwrap_or("iterations")
}

/// Whether an option that replaces this key means something for a load that is written like that.
fn applies(key: &str, written: &str) -> bool {
    match key {
        "duration" => written != "stages",
        "arrival_rate" => written == "arrival_rate",
        _ => !matches!(written, "stages" | "arrival_rate"),
    }
}

fn only_groups(lower: &mut Lower<'_>, plan: &mut Node, wanted: &[String]) {
    if wanted.is_empty() {
        return;
    }
    let names: Vec<String> = plan
        .get("thread_groups")
        .and_then(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|entry| entry.key.to_string())
        .collect();
    for name in wanted {
        if !names.contains(name) {
            let finding =
                command_line(lower, &format!("--group {name}"), 8, format!("the plan has no thread group `{name}`"));
            let finding = match crate::suggest::nearest(name, names.iter().map(String::as_str)) {
                Some(near) => finding.help(format!("did you mean `{near}`?")),
                None => finding.help(format!("its thread groups are: {}", names.join(", "))),
            };
            lower.report(finding);
        }
    }
    let any = wanted.iter().any(|name| names.contains(name));
    if let Some(NodeKind::Map(groups)) = get_mut(plan, "thread_groups").map(|node| &mut node.kind)
        && any
    {
        groups.retain(|group| wanted.iter().any(|name| **name == *group.key));
        for group in groups {
            unneeded(lower, group, &names, wanted);
        }
    }
}

/// A group that needs one the command line leaves out starts without it, and that is said.
fn unneeded(lower: &mut Lower<'_>, group: &mut Entry, names: &[String], wanted: &[String]) {
    let Some(NodeKind::List(needs)) = get_mut(&mut group.value, "needs").map(|node| &mut node.kind) else { return };
    needs.retain(|need| {
        let left_out = need.text().is_some_and(|need| {
            names.iter().any(|name| **name == **need) && !wanted.iter().any(|name| **name == **need)
        });
        if let (true, Some(name)) = (left_out, need.text()) {
            lower.findings.push(
                Diagnostic::warning(
                    need.span,
                    format!("`{}` runs without `{name}`, which --group leaves out", group.key),
                )
                .help(format!("add `--group {name}` to run both")),
            );
        }
        !left_out
    });
}

/// How many characters of a name of `--var` are shown.
const LONGEST_NAME: usize = 40;

fn check_vars(lower: &mut Lower<'_>, plan: &Node, options: &LoadOptions) {
    for name in options.vars.keys() {
        let known: Vec<&str> = ["variables", "secrets"]
            .iter()
            .filter_map(|section| plan.get(section)?.entries())
            .flatten()
            .map(|entry| &*entry.key)
            .collect();
        if known.contains(&name.as_str()) {
            continue;
        }
        // What is no name may be part of a value that was split at the wrong place, and a secret.
        let is_name =
            name.chars().count() <= LONGEST_NAME && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
        let name = if is_name { name.as_str() } else { "(not shown)" };
        let text = format!("--var {name}=…");
        let finding = command_line(lower, &text, 6, format!("the plan has no variable `{name}`"));
        let finding = match crate::suggest::nearest(name, known.iter().copied()) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help("`--var` sets an entry of `variables` or `secrets`; add it to the plan first"),
        };
        lower.report(finding);
    }
}

fn base_url(lower: &mut Lower<'_>, plan: &mut Node, url: &str) {
    let span = words(lower, &format!("--base-url {url}"), 11);
    if !uses_paths(plan) {
        lower.report(
            Diagnostic::error(span, "`--base-url` cannot apply: every request of the plan has a whole URL")
                .help("write paths such as /api/orders in the plan"),
        );
        return;
    }
    let mut http = Vec::new();
    if let Some(groups) = plan.get("thread_groups").and_then(Node::entries) {
        http.extend(groups.iter().map(|group| group.key.clone()));
    }
    for group in http {
        if let Some(NodeKind::Map(entries)) = get_mut(plan, "thread_groups")
            .and_then(|groups| get_mut(groups, &group))
            .and_then(|group| get_mut(group, "http"))
            .map(|node| &mut node.kind)
        {
            entries.retain(|entry| &*entry.key != "base_url");
        }
    }
    let entry = Entry { key: "base_url".into(), key_span: span, value: Node::scalar(span, url) };
    let over = Node::new(span, NodeKind::Map(vec![entry]));
    merge_into(plan, "http", span, &over);
}

/// Whether any request of the plan has a path instead of a whole URL.
fn uses_paths(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scalar { .. } => false,
        NodeKind::List(items) => items.iter().any(uses_paths),
        NodeKind::Map(entries) => entries.iter().any(|entry| {
            let method = matches!(
                &*entry.key,
                "get" | "post" | "put" | "patch" | "delete" | "head" | "options" | "url" | "include"
            );
            let path = entry.value.text().is_some_and(|text| !crate::uri::is_absolute(text));
            (method && path) || uses_paths(&entry.value)
        }),
    }
}
