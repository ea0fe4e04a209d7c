//! What people bring along from other tools, and what they write one level off, told and read as what is meant:
//! before the tree is typed, keys get our names and their values our form. So the rest of the plan is checked as if
//! the patches had been applied, and one mistake is told once.

mod data;
mod group;
mod http;
mod plan;
mod profile;
mod rewrite;
mod services;
mod stages;
mod thresholds;
mod values;

pub(crate) use values::{load_seconds, meant_word, range_of_map, time_of_map};

use super::Lower;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::keys::{Key, Section, instead_of};
use crate::yaml::{Entry, Node, NodeKind};
use values::Meant;

impl Lower<'_> {
    /// Reads the whole plan as it is meant.
    pub(crate) fn translate(&mut self, node: &mut Node) {
        self.translate_plan(node);
    }

    /// Gives the keys of a map the names they have in a section, where another tool's or a slightly different word
    /// stands, and their values the form they take.
    fn rename_keys(&mut self, node: &mut Node, section: &'static Section) {
        let mut at = 0;
        while let Some(entry) = node.entries().and_then(|entries| entries.get(at)).cloned() {
            let before = node.entries().map_or(0, <[Entry]>::len);
            if section.key(&entry.key).is_none() && !entry.key.starts_with("x-") {
                self.rename_key(node, at, &entry, section);
            }
            if node.entries().map_or(0, <[Entry]>::len) == before {
                at += 1;
            }
        }
    }

    fn rename_key(&mut self, node: &mut Node, at: usize, entry: &Entry, section: &'static Section) {
        let word = &*entry.key;
        let finding = self.no_key(entry, section);
        if let Some(instead) = instead_of(section.name, word) {
            return self.remove_entry(node, at, finding.help(instead));
        }
        let keys = || section.keys.iter().filter(|key| !key.later);
        let fits = |key: &&Key| {
            key.ty.has_shape_of(&entry.value) || !matches!(self.meant_value(key, word, &entry.value), Meant::Unknown)
        };
        let called = keys().filter(fits).find_map(|key| Some((key, Some(key.called(word)?))));
        let called = called.or_else(|| keys().filter(fits).find(|key| key.is_also(word)).map(|key| (key, None)));
        let same = keys().find(|key| crate::suggest::is_same(key.name, word)).map(|key| (key, None));
        let Some((key, tool)) = same.or(called) else {
            return self.misspelt_key(node, at, entry, section, finding);
        };
        let lead = match tool {
            Some(tool) => format!("{tool} calls this `{word}`; "),
            None => String::new(),
        };
        self.take_for(node, at, entry, key, &lead, finding);
    }

    /// A key that is spelt nearly as one of the section, if its value can be that key's.
    fn misspelt_key(
        &mut self,
        node: &mut Node,
        at: usize,
        entry: &Entry,
        section: &'static Section,
        finding: Diagnostic,
    ) {
        let near =
            crate::suggest::nearest(&entry.key, section.keys.iter().filter(|key| !key.later).map(|key| key.name));
        let Some(key) = near.and_then(|near| section.key(near)) else { return };
        // What another place knows by this very name is misplaced, not misspelt.
        if crate::plan::keys::is_known(&entry.key) || !key.ty.has_shape_of(&entry.value) {
            return;
        }
        match self.meant_value(key, &entry.key, &entry.value) {
            Meant::AsWritten if !node.entries().is_some_and(|all| all.iter().any(|one| *one.key == *key.name)) => {
                if let NodeKind::Map(entries) = &mut node.kind {
                    entries[at].key = key.name.into();
                }
                self.report(finding.help(format!("did you mean `{}`?", key.name)).fix(entry.key_span, key.name));
            }
            Meant::AsWritten | Meant::Is(_) | Meant::Ask(_) => self.take_for(node, at, entry, key, "", finding),
            Meant::Unknown => {}
        }
    }

    /// Tells that an entry is called otherwise here, and reads it so.
    fn take_for(
        &mut self,
        node: &mut Node,
        at: usize,
        entry: &Entry,
        key: &'static Key,
        lead: &str,
        finding: Diagnostic,
    ) {
        let ours = key.name;
        let taken = node.entries().is_some_and(|entries| entries.iter().any(|one| &*one.key == ours));
        if taken {
            let help = format!("{lead}here it is `{ours}`, which is written already: remove one of the two");
            if let NodeKind::Map(entries) = &mut node.kind {
                entries.remove(at);
            }
            return self.report(finding.help(help));
        }
        match self.meant_value(key, &entry.key, &entry.value) {
            Meant::AsWritten => {
                if let NodeKind::Map(entries) = &mut node.kind {
                    entries[at].key = ours.into();
                }
                self.report(finding.help(format!("{lead}here it is `{ours}`")).fix(entry.key_span, ours));
            }
            Meant::Is(value) => {
                let finding = finding.help(format!("{lead}write `{ours}: {value}`"));
                self.replace_entries(node, &[at], &[(ours.to_owned(), value)], finding);
            }
            Meant::Ask(question) => {
                self.stand_in(node, at, key);
                self.report(finding.help(format!("{lead}here it is `{ours}`, with its unit: {question}")));
            }
            Meant::Unknown => {
                self.stand_in(node, at, key);
                let example = key.example.replace('\n', " ⏎ ");
                self.report(finding.help(format!("{lead}here it is `{ours}`, for example `{example}`")));
            }
        }
    }

    /// Puts the key's example in the place of a value that nobody can read, so that nothing else is told of it.
    fn stand_in(&self, node: &mut Node, at: usize, key: &'static Key) {
        let NodeKind::Map(entries) = &mut node.kind else { return };
        let span = entries[at].value.span;
        let example = key.example.split_once(':').and_then(|(_, value)| self.made(value.trim_start_matches(' '), span));
        match example.filter(|example| !example.is_blank()) {
            Some(example) => {
                entries[at].key = key.name.into();
                entries[at].value = example;
            }
            None => {
                entries.remove(at);
            }
        }
    }

    fn no_key(&self, entry: &Entry, section: &Section) -> Diagnostic {
        Diagnostic::error(entry.key_span, format!("{}: there is no key `{}`", section.name, entry.key))
    }

    /// The text of an entry as it is written within braces; its value in the form that the key takes.
    fn pair_for(&self, entry: &Entry, key: &Key) -> Option<(String, String)> {
        let value = match self.meant_value(key, &entry.key, &entry.value) {
            Meant::Is(value) => value,
            Meant::AsWritten => self.in_flow(&entry.value)?,
            Meant::Ask(_) | Meant::Unknown => return None,
        };
        Some((key.name.to_owned(), value))
    }
}

/// The key of a section that a word stands for: its own name or another tool's, in any spelling.
fn key_for(section: &'static Section, word: &str) -> Option<&'static Key> {
    let keys = || section.keys.iter().filter(|key| !key.later);
    let same = keys().find(|key| crate::suggest::is_same(key.name, word));
    same.or_else(|| keys().find(|key| key.is_also(word)))
}

/// Whether a word is one of these, in any spelling.
fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| crate::suggest::is_same(known, word))
}

/// A number of an entry whose key is one of these words.
fn find(entries: &[Entry], words: &[&str]) -> Option<usize> {
    entries.iter().position(|entry| is_one_of(&entry.key, words))
}

/// `a`, `b` and `c`, each in backticks.
fn in_words<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match quoted.as_slice() {
        [.., _] if quoted.len() > 1 => {
            format!("{} and {}", quoted[..quoted.len() - 1].join(", "), quoted[quoted.len() - 1])
        }
        _ => quoted.concat(),
    }
}

/// The first byte of a place.
fn start_of(span: Span) -> Span {
    Span { end: span.start + 1, ..span }
}
