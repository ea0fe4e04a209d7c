//! Profiles: a load, a group or a server that stands in a profile itself.

use super::{find, in_words, key_for};
use crate::diagnostic::Diagnostic;
use crate::plan::keys::{PROFILE, PROFILE_GROUP};
use crate::plan::lower::{Lower, is_load_key};
use crate::protocols::http::keys::HTTP;
use crate::yaml::{Entry, Node, NodeKind};

impl Lower<'_> {
    /// Reads the profiles of a plan as they are meant.
    pub(super) fn translate_profiles(&mut self, plan: &mut Node) {
        let groups: Vec<Entry> =
            plan.get("thread_groups").and_then(Node::entries).map(<[Entry]>::to_vec).unwrap_or_default();
        let NodeKind::Map(entries) = &mut plan.kind else { return };
        let Some(profiles) = entries.iter_mut().find(|entry| &*entry.key == "profiles") else { return };
        self.name_profiles(&mut profiles.value);
        if profiles.value.entries().is_none() {
            let what = profiles.value.describe();
            let finding = Diagnostic::error(
                profiles.key_span,
                format!("`profiles` takes a map of names to profiles, not {what}"),
            );
            let help = "write each with what it changes, for example `profiles: { smoke: { thread_groups: { NAME: { users: 1, duration: 10s } } } }`";
            if !profiles.value.is_blank() {
                self.report(finding.help(help.replace("NAME", groups.first().map_or("visitors", |group| &*group.key))));
            }
        }
        let NodeKind::Map(profiles) = &mut profiles.value.kind else { return };
        for profile in profiles {
            self.translate_profile(profile, &groups);
        }
    }

    /// A list of profiles, each with its name inside.
    fn name_profiles(&mut self, node: &mut Node) {
        let Some(items) = node.items().filter(|items| !items.is_empty()) else { return };
        let mut all = Vec::new();
        for item in items {
            let mut inside = item.clone();
            let NodeKind::Map(entries) = &mut inside.kind else { return };
            let Some(at) = find(entries, &["name", "id"]) else { return };
            let Some(name) = entries[at].value.text().cloned() else { return };
            let key_span = entries.remove(at).key_span;
            all.push(Entry { key: name, key_span, value: inside });
        }
        let names: Vec<String> = all.iter().map(|entry| format!("{}:", entry.key)).collect();
        let finding =
            Diagnostic::error(super::start_of(node.span), "`profiles` takes a map of names to profiles, not a list");
        self.report(
            finding.help(format!("write each name instead of its `-`: {}, and its keys below it", in_words(&names))),
        );
        node.kind = NodeKind::Map(all);
    }

    fn translate_profile(&mut self, profile: &mut Entry, groups: &[Entry]) {
        let node = &mut profile.value;
        if let Some(url) = node.text().filter(|text| text.contains("://")).cloned() {
            let text = format!("{{ http: {{ base_url: {url} }} }}");
            let finding =
                Diagnostic::error(node.span, format!("the profile `{}` takes a map of keys, not text", profile.key));
            return self.replace_value(node, &text, finding.help(format!("write `{}: {text}`", profile.key)));
        }
        if node.entries().is_none() {
            return;
        }
        self.groups_of_profile(node, groups);
        self.load_of_profile(node, groups);
        let Some(entries) = node.entries() else { return };
        let is_http = |entry: &Entry| {
            key_for(&PROFILE, &entry.key).is_none()
                && key_for(&HTTP, &entry.key).is_some_and(|key| key.ty.has_shape_of(&entry.value))
        };
        let at: Vec<usize> = (0..entries.len()).filter(|at| is_http(&entries[*at])).collect();
        if !at.is_empty() {
            self.put_inside(node, &at, "http", &HTTP, "profile");
        }
        self.rename_keys(node, &PROFILE);
        let NodeKind::Map(entries) = &mut node.kind else { return };
        for entry in entries {
            match &*entry.key {
                "http" => self.translate_http(&mut entry.value),
                "thresholds" if !entry.value.is_null() => self.translate_thresholds(&mut entry.value),
                "thread_groups" => {
                    let NodeKind::Map(groups) = &mut entry.value.kind else { continue };
                    for group in groups {
                        self.translate_group(&mut group.value, &group.key);
                    }
                }
                _ => {}
            }
        }
    }

    /// Thread groups of the plan that stand in the profile itself.
    fn groups_of_profile(&mut self, node: &mut Node, groups: &[Entry]) {
        let Some(entries) = node.entries() else { return };
        let is_group = |entry: &Entry| {
            PROFILE.key(&entry.key).is_none()
                && entry.value.entries().is_some()
                && groups.iter().any(|group| group.key == entry.key)
        };
        let at: Vec<usize> = (0..entries.len()).filter(|at| is_group(&entries[*at])).collect();
        let known = entries.iter().any(|entry| &*entry.key == "thread_groups");
        if at.is_empty() || known {
            return;
        }
        let words: Vec<&str> = at.iter().map(|at| &*entries[*at].key).collect();
        let finding = Diagnostic::error(
            entries[at[0]].key_span,
            format!("profile: {} stands in `thread_groups` here too", in_words(&words)),
        );
        let pairs: Option<Vec<String>> = at.iter().map(|at| self.pair_in_flow(&entries[*at])).collect();
        match pairs {
            Some(pairs) => {
                let text = format!("{{ {} }}", pairs.join(", "));
                let finding = finding.help(format!("write `thread_groups: {text}`"));
                self.replace_entries(node, &at, &[("thread_groups".into(), text)], finding);
            }
            None => {
                self.report(finding.help("write `thread_groups:` above, and indent the groups by two"));
                let NodeKind::Map(entries) = &mut node.kind else { return };
                let mut inside = Vec::new();
                for index in at.iter().rev() {
                    inside.insert(0, entries.remove(*index));
                }
                let span = inside.first().map_or(node.span, |entry| entry.key_span);
                let value = Node::new(span, NodeKind::Map(inside));
                entries.push(Entry { key: "thread_groups".into(), key_span: span, value });
            }
        }
    }

    /// Keys of a thread group that stand in the profile itself.
    fn load_of_profile(&mut self, node: &mut Node, groups: &[Entry]) {
        let Some(entries) = node.entries() else { return };
        let of_group = |entry: &Entry| {
            let key = key_for(&PROFILE_GROUP, &entry.key)?;
            let fits = key.ty.has_shape_of(&entry.value) || self.pair_for(entry, key).is_some();
            (key_for(&PROFILE, &entry.key).is_none() && key_for(&HTTP, &entry.key).is_none() && fits).then_some(key)
        };
        let at: Vec<usize> = (0..entries.len()).filter(|at| of_group(&entries[*at]).is_some()).collect();
        if at.is_empty() || entries.iter().any(|entry| &*entry.key == "thread_groups") {
            return;
        }
        let words: Vec<&str> = at.iter().map(|at| &*entries[*at].key).collect();
        let belong = if words.len() == 1 { "belongs to a thread group" } else { "belong to a thread group" };
        let finding = Diagnostic::error(entries[at[0]].key_span, format!("profile: {} {belong}", in_words(&words)));
        let pairs: Option<Vec<(String, String)>> =
            at.iter().map(|at| self.pair_for(&entries[*at], of_group(&entries[*at])?)).collect();
        let name = groups.first().map_or("visitors", |group| &*group.key);
        let mut pairs = pairs.unwrap_or_default();
        if pairs.is_empty() {
            let help = format!(
                "write `thread_groups:` above, below it `{name}:` two spaces further right, and indent them by four"
            );
            return self.report(finding.help(help));
        }
        // A profile that changes a load writes all of it.
        let has = |pairs: &[(String, String)], key: &str| pairs.iter().any(|(known, _)| known == key);
        let changes = pairs.iter().any(|(key, _)| is_load_key(key)) && !has(&pairs, "stages");
        if let Some(group) = groups.first().filter(|_| changes && groups.len() == 1) {
            let length = has(&pairs, "duration") || has(&pairs, "iterations");
            for key in ["users", "arrival_rate", "duration", "iterations"] {
                let of_length = matches!(key, "duration" | "iterations");
                let skip = has(&pairs, key)
                    || of_length && length
                    || key == "users" && has(&pairs, "arrival_rate")
                    || key == "arrival_rate" && has(&pairs, "users");
                if let (Some(value), false) = (group.value.get(key).and_then(|value| self.in_flow(value)), skip) {
                    pairs.push((key.into(), value));
                }
            }
        }
        let inside: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let text = format!("{{ {name}: {{ {} }} }}", inside.join(", "));
        if groups.len() > 1 {
            let names: Vec<&str> = groups.iter().map(|group| &*group.key).collect();
            let finding = finding
                .help(format!("say which of {} is meant, for example `thread_groups: {text}`", in_words(&names)));
            let NodeKind::Map(entries) = &mut node.kind else { return };
            let mut index = 0;
            entries.retain(|_| {
                index += 1;
                !at.contains(&(index - 1))
            });
            return self.report(finding);
        }
        let finding = finding.help(format!("write `thread_groups: {text}`"));
        self.replace_entries(node, &at, &[("thread_groups".into(), text)], finding);
    }
}
