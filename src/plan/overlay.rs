//! Profiles and command-line overrides, laid over the plan's tree before it is typed.

use std::path::PathBuf;

use super::keys;
use super::load::LoadOptions;
use super::lower::{Fields, Lower, is_load_key};
use super::yaml::{Entry, Node, NodeKind};
use crate::diagnostic::{Diagnostic, Span};

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
    if let Some(node) = fields.get("http") {
        lower.fields(node, &keys::HTTP)?;
        merge_into(plan, "http", node.span, node);
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
        _ => None,
    }
}

/// Words of the command line as a file of their own, so that findings can point at them.
fn words(lower: &mut Lower<'_>, text: &str, from: usize) -> Span {
    let file = lower.sources.add(PathBuf::from("command line"), text);
    Span { file, start: from as u32, end: text.len() as u32 }
}

fn command_line(lower: &mut Lower<'_>, text: &str, from: usize, message: String) -> Diagnostic {
    Diagnostic::error(words(lower, text, from), message)
}

/// Lays the command line's options over the plan. One that cannot apply is an error.
pub(super) fn overrides(lower: &mut Lower<'_>, plan: &mut Node, options: &LoadOptions) {
    only_groups(lower, plan, &options.groups);
    check_vars(lower, plan, options);
    let values = [
        ("users", "--users", &options.users),
        ("ramp_up", "--ramp-up", &options.ramp_up),
        ("duration", "--duration", &options.duration),
        ("iterations", "--iterations", &options.iterations),
    ];
    let replaces_length = options.duration.is_some() || options.iterations.is_some();
    for (key, option, value) in values {
        let Some(value) = value else { continue };
        let span = words(lower, &format!("{option} {value}"), option.len() + 1);
        let Some(NodeKind::Map(groups)) = get_mut(plan, "thread_groups").map(|node| &mut node.kind) else { continue };
        for group in groups.iter_mut() {
            let NodeKind::Map(entries) = &mut group.value.kind else { continue };
            if let Some(open) = entries.iter().find(|entry| matches!(&*entry.key, "stages" | "arrival_rate")) {
                let finding = Diagnostic::error(
                    span,
                    format!(
                        "`{option}` cannot apply to thread group `{}`, whose load is written as `{}`",
                        group.key, open.key
                    ),
                )
                .help("change the plan, or leave that group out with --group");
                lower.findings.push(finding);
                continue;
            }
            let replaced = |entry: &Entry| {
                &*entry.key == key || (replaces_length && option_sets_length(key) && length_unset(&entry.key, options))
            };
            entries.retain(|entry| !replaced(entry));
            entries.push(Entry { key: key.into(), key_span: span, value: Node::scalar(span, value) });
        }
    }
    if let Some(url) = &options.base_url {
        base_url(lower, plan, url);
    }
}

fn option_sets_length(key: &str) -> bool {
    matches!(key, "duration" | "iterations")
}

/// Whether the plan's own `duration` or `iterations` gives way, because only the other was given.
fn length_unset(key: &str, options: &LoadOptions) -> bool {
    (key == "duration" && options.duration.is_none()) || (key == "iterations" && options.iterations.is_none())
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
    }
}

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
    let over = Node {
        span,
        kind: NodeKind::Map(vec![Entry { key: "base_url".into(), key_span: span, value: Node::scalar(span, url) }]),
    };
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
            let path = entry.value.text().is_some_and(|text| !text.contains("://"));
            (method && path) || uses_paths(&entry.value)
        }),
    }
}
