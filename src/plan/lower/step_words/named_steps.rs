//! Steps whose name is their key: `- Login:`, `- 70%:`, `- Home: /x`.

use super::given::one_spelling;
use super::is_written;
use super::kinds::{Lifted, is_in_a_table, method_word, patched};
use super::step_keys::{is_address, with_method};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::keys::{self, kinds};
use crate::plan::lower::steps::kind_named;
use crate::plan::lower::{Around, Lower};
use crate::yaml::{Entry, Node, NodeKind};

/// How classes of JMeter and Gatling end.
const CLASSES: [&str; 12] = [
    "controller",
    "sampler",
    "timer",
    "manager",
    "extractor",
    "assertion",
    "proxy",
    "config",
    "switch",
    "listener",
    "processor",
    "report",
];

impl Lower<'_> {
    /// `- Login:` with the request below it or beside it, `- 70%:`, and `- Home: /x`.
    pub(super) fn named_step(&mut self, node: &Node, entries: &[Entry]) -> Option<Option<Vec<Entry>>> {
        let is_kind = |entry: &&Entry| kind_named(&entry.key).is_some();
        let first = entries.iter().find(|entry| self.is_foreign(entry) && !is_in_a_table(&entry.key))?;
        let word = &*first.key;
        let share = word.strip_suffix('%').unwrap_or(word).trim().parse::<u64>().ok();
        let (key, value) = match share {
            Some(share) => ("weight", share.to_string()),
            None => ("name", super::plain(word)),
        };
        let lower = word.to_ascii_lowercase();
        // `uniformRandomSwitch` and `HTTPSamplerProxy` are names of classes.
        let spelled = one_spelling(word);
        let is_class = !word.contains(' ') && spelled.contains('_') || CLASSES.iter().any(|end| spelled.ends_with(end));
        let is_title = word.contains(|c: char| c.is_uppercase() || c == ' ') && !is_class;
        let is_a_word = |key: &&keys::Key| key.name == lower || key.is_also(word) || key.is_also(&lower);
        let is_known = keys::is_known(word)
            || kinds().flat_map(|kind| kind.all_keys()).any(|key| is_a_word(&key))
            || keys::instead_of("step", word).is_some()
            || method_word(word).is_some()
            || is_class && !matches!(first.value.kind, NodeKind::Scalar { .. })
            || !is_title && crate::suggest::nearest(&lower, kinds().map(|kind| kind.key.name)).is_some();
        if is_written(entries, key) || is_known && share.is_none() || self.around != Around::Nothing {
            return None;
        }
        let line = format!("{key}: {value}");
        let finding = |message: String| Diagnostic::error(first.key_span, message);
        let not_a_type = match share {
            Some(_) => format!("`{word}` is not a key of a step: how often a branch is drawn is its `weight`"),
            None => format!("`{word}` is not a step type"),
        };
        let read = |rest: Vec<Entry>| {
            let named = Node::scalar(first.key_span, value.trim_matches(['\'', '"']));
            let named = Entry { key: key.into(), key_span: first.key_span, value: named };
            let others = entries.iter().filter(|entry| !std::ptr::eq(*entry, first)).cloned();
            Some(Some(std::iter::once(named).chain(rest).chain(others).collect::<Vec<_>>()))
        };
        if first.value.is_blank() {
            let others = entries.iter().filter(|entry| !std::ptr::eq(*entry, first));
            let has_kind = others.clone().any(|entry| is_kind(&entry) || is_in_a_table(&entry.key));
            if !has_kind {
                return None;
            }
            let after = self.line_after(first.key_span).trim_start();
            let finding = finding(not_a_type).help(format!("the name of a step is written as `{line}`"));
            let is_alone = after.starts_with(':') && self.sources.text(first.key_span) == word;
            let span = Span { end: first.key_span.end + 1, ..first.key_span };
            let is_patched = is_alone && self.line_after(first.key_span).starts_with(':');
            self.instead_of_blank(first, if is_patched { finding.fix(span, line) } else { finding });
            return read(Vec::new());
        }
        match &first.value.kind {
            NodeKind::Map(inside) => {
                let is_step = inside.iter().any(|entry| is_kind(&entry) || is_in_a_table(&entry.key));
                let twice = inside.iter().any(|one| is_written(entries, &one.key) || *one.key == *key);
                if !is_step || twice {
                    return None;
                }
                let rest: Vec<Lifted<'_>> = inside.iter().map(|entry| Lifted { entry, ours: "" }).collect();
                let patch = self.lift(node, first, &line, None, &rest);
                let help = format!("write `{line}`, and the request beside it");
                self.report(patched(finding(not_a_type).help(help), patch));
                read(inside.clone())
            }
            NodeKind::List(items) if items.iter().all(|item| item.entries().is_some()) => {
                let steps = Entry { key: "steps".into(), ..first.clone() };
                let patch = self.two_lines(node, first, &line, "steps");
                let help = format!("write `{line}`, and the steps under `steps:` beside it");
                self.report(patched(finding(not_a_type).help(help), patch));
                read(vec![steps])
            }
            NodeKind::Scalar { text, .. }
                if with_method(text.trim()).is_some() && !entries.iter().any(|entry| is_kind(&entry)) =>
            {
                let (method, path) = with_method(text.trim())?;
                let between = match self.between_entries(node, first) {
                    Some(Some(indent)) => Some(format!("\n{}", " ".repeat(indent))),
                    Some(None) => Some(", ".into()),
                    None => None,
                };
                let patch = self
                    .whole(first)
                    .zip(between)
                    .map(|(span, between)| (span, format!("{line}{between}{method}: {path}")));
                let help = format!("write `{method}: {path}`, and `{line}` beside it");
                self.report(patched(finding(not_a_type).help(help), patch));
                read(self.as_if(&format!("{method}: {path}"), first)?)
            }
            NodeKind::Scalar { text, .. }
                if is_address(text.trim()) && !entries.iter().any(|entry| is_kind(&entry)) =>
            {
                let get = Entry { key: "get".into(), ..first.clone() };
                if !is_title {
                    let finding = finding(not_a_type).help(format!("write `get: {text}`"));
                    self.report(finding.fix(first.key_span, "get"));
                    let others = entries.iter().filter(|entry| !std::ptr::eq(*entry, first)).cloned();
                    return Some(Some(std::iter::once(get).chain(others).collect()));
                }
                let patch = self.two_lines(node, first, &line, "get");
                let help = format!("write `get: {text}`, and `{line}` beside it");
                self.report(patched(finding(not_a_type).help(help), patch));
                read(vec![get])
            }
            NodeKind::Scalar { .. } | NodeKind::List(_) => None,
        }
    }

    /// The text that puts a line in front of a key, and the key that stands there then.
    pub(super) fn two_lines(&self, node: &Node, entry: &Entry, line: &str, key: &str) -> Option<(Span, String)> {
        self.place(entry)?;
        let between = match self.between_entries(node, entry)? {
            Some(indent) => format!("\n{}", " ".repeat(indent)),
            None => ", ".into(),
        };
        Some((entry.key_span, format!("{line}{between}{key}")))
    }
}
