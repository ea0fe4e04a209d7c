//! Reading a map against its description: unknown, missing, misplaced and not yet supported keys.

use super::Lower;
use crate::diagnostic::Diagnostic;
use crate::plan::keys::{Key, Section, Ty, kinds, sections};
use crate::yaml::{Entry, Node, NodeKind};

/// A map whose keys were checked.
pub(crate) struct Fields<'n> {
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// The value under a key, unless nothing is written there (which was told already).
    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// The entry of a key.
    pub(crate) fn entry(&self, name: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| &*entry.key == name && !entry.value.is_blank())
    }
}

/// The keys of a thread group that a profile replaces together.
pub(crate) fn is_load_key(name: &str) -> bool {
    matches!(
        name,
        "users"
            | "ramp_up"
            | "iterations"
            | "duration"
            | "ramp_down"
            | "stages"
            | "arrival_rate"
            | "arrivals"
            | "max_users"
    )
}

impl Lower<'_> {
    /// Checks a map against a section.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, section: &'static Section) -> Option<Fields<'n>> {
        let keys: Vec<&'static Key> = section.keys.iter().collect();
        self.fields_among(node, section.name, &keys)
    }

    pub(crate) fn fields_among<'n>(&mut self, node: &'n Node, what: &str, keys: &[&'static Key]) -> Option<Fields<'n>> {
        self.fields_but(node, what, keys, "")
    }

    /// Checks a map against a list of keys; `told` was judged already.
    pub(crate) fn fields_but<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        keys: &[&'static Key],
        told: &str,
    ) -> Option<Fields<'n>> {
        let Some(entries) = node.entries() else {
            let first = keys.first().map_or("", |key| key.example);
            let inside = if first.contains('\n') { first.to_owned() } else { format!("{{ {first} }}") };
            self.wrong_type(node, what, "a map of keys", Some(&inside));
            return None;
        };
        for entry in entries {
            match keys.iter().find(|key| key.name == &*entry.key) {
                Some(key) if key.later => self.report(
                    Diagnostic::error(entry.key_span, format!("`{}` is not supported yet", key.name))
                        .help("it is a later part of the format; remove it for this version"),
                ),
                Some(_) => {}
                None if entry.key.starts_with("x-") || &*entry.key == told => {}
                None => {
                    let finding = self.unknown_key(entry, what, keys);
                    self.report(finding);
                }
            }
        }
        for key in keys.iter().filter(|key| key.required) {
            if !entries.iter().any(|entry| &*entry.key == key.name) {
                let span = node.span;
                let at = crate::diagnostic::Span { end: span.start + 1, ..span };
                self.report(
                    Diagnostic::error(at, format!("{what}: the key `{}` is missing", key.name))
                        .help(format!("add `{}`", key.example.replace('\n', " ⏎ "))),
                );
            }
        }
        Some(Fields { entries })
    }

    pub(crate) fn unknown_key(&self, entry: &Entry, what: &str, keys: &[&'static Key]) -> Diagnostic {
        let word = &*entry.key;
        let finding = Diagnostic::error(entry.key_span, format!("{what}: there is no key `{word}`"));
        let fitting = || keys.iter().filter(|key| key.ty.has_shape_of(&entry.value));
        let bridged = fitting()
            .find_map(|key| key.words.iter().find(|(_, theirs)| *theirs == word).map(|(tool, _)| (*tool, key.name)));
        if matches!(word, "insecure" | "insecureSkipTLSVerify") && keys.iter().any(|key| key.name == "verify") {
            return finding.help("here it is the other way round: `verify: false` switches the check off");
        }
        if let Some((tool, ours)) = bridged {
            if ours == "connections" {
                let help = "here it is `connections`: user keeps them, request opens a new one each time";
                return finding.help(help);
            }
            return finding.help(format!("{tool} calls this `{word}`; here it is `{ours}`")).fix(entry.key_span, ours);
        }
        if let Some(near) = crate::suggest::nearest(word, fitting().map(|key| key.name)) {
            let only_matchers = |key: &&Key| {
                key.name == near && matches!(key.ty, Ty::Matcher) && key.example.starts_with(&format!("{near}: {{"))
            };
            return match keys.iter().copied().find(only_matchers) {
                Some(key) if matches!(entry.value.kind, NodeKind::Scalar { .. }) => {
                    finding.help(format!("did you mean `{}`?", key.example))
                }
                Some(_) | None => finding.help(format!("did you mean `{near}`?")).fix(entry.key_span, near),
            };
        }
        let inside = |key: &&&Key| matches!(key.ty, Ty::Section(section) if section.key(word).is_some());
        if let Some(parent) = keys.iter().find(inside) {
            return finding
                .help(format!("`{word}` is a key of `{0}`; put it inside, in the value of `{0}`", parent.name));
        }
        if let Some(home) = home_of(word) {
            return finding.help(home);
        }
        let all = sections().find_map(|section| section.bridge(word).map(|(tool, key)| (tool, key, section)));
        if let Some((tool, key, section)) = all {
            return finding
                .help(format!("{tool} calls this `{word}`; here it is `{}`, a key of {}", key.name, section.name));
        }
        let names: Vec<&str> = keys.iter().filter(|key| !key.later).map(|key| key.name).collect();
        finding.help(format!("the keys of {what} are: {}", names.join(", ")))
    }
}

/// Where a key that stands in the wrong place belongs.
fn home_of(word: &str) -> Option<String> {
    let section = sections().find(|section| section.key(word).is_some());
    if let Some(section) = section {
        return Some(format!("`{word}` is a key of {}; check the indentation, or move it there", section.name));
    }
    let kind = kinds().find(|kind| kind.key.name == word && !kind.key.later)?;
    Some(format!("`{}` is a kind of step; it belongs in a list of `steps`, behind a `-`", kind.key.name))
}
