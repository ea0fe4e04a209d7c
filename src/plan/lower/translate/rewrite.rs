//! Findings that put other entries in the place of some: the patch, and the tree as if it had been applied, so that
//! one mistake is told once.

use crate::diagnostic::{Diagnostic, Span};
use crate::plan::lower::Lower;
use crate::plan::lower::shorthand::MOST_COLUMNS;
use crate::yaml::{self, Entry, Node, NodeKind, Offsets};

/// Every place of a text that was made here is the place it replaces.
struct Place(usize);

impl Offsets for Place {
    fn original(&self, _: usize) -> usize {
        self.0
    }
}

impl Lower<'_> {
    /// The value that a text of ours stands for, with all of it at the place of what it replaces.
    pub(super) fn made(&self, text: &str, at: Span) -> Option<Node> {
        let mut problems = Vec::new();
        let node = yaml::parse(text, at.file, &Place(at.start as usize), &mut problems)?;
        // It is nowhere in the file, so no other patch can be put into it.
        let node = Node { span: Span { end: at.start, ..at }, ..node };
        problems.is_empty().then_some(node)
    }

    /// Whether a map is written in braces.
    pub(super) fn in_braces(&self, node: &Node) -> bool {
        self.sources.text(node.span).starts_with('{')
    }

    /// The place of some entries, if nothing but they stands there; `at` are their numbers.
    pub(super) fn place_of(&self, entries: &[Entry], at: &[usize]) -> Option<Span> {
        let mut places = Vec::new();
        for index in at {
            let entry = entries.get(*index)?;
            // What another patch puts in place is not in the file yet.
            if entry.value.span.start == entry.value.span.end && !entry.value.is_blank() {
                return None;
            }
            places.push(self.place(entry)?);
        }
        places.sort_by_key(|place| place.start);
        let all = Span { end: places.last()?.end, ..*places.first()? };
        let mut from = all.start;
        for place in &places {
            let between = self.sources.text(Span { start: from, end: place.start, ..all });
            if place.start < from || between.chars().any(|c| !c.is_whitespace() && c != ',') {
                return None;
            }
            from = place.end;
        }
        // A text of several lines ends with its line break.
        let written = self.sources.text(all).trim_end();
        let all = Span { end: all.start + written.len() as u32, ..all };
        let anchored = written.contains(" #") || written.contains(": &") || written.contains(": *");
        (!anchored).then_some(all)
    }

    /// Tells a finding on some entries (its place is that of the first) and puts others there. `written` are their
    /// keys and values, each in one line.
    pub(super) fn replace_entries(
        &mut self,
        node: &mut Node,
        at: &[usize],
        written: &[(String, String)],
        finding: Diagnostic,
    ) {
        let braces = self.in_braces(node);
        let span = node.span;
        let NodeKind::Map(entries) = &mut node.kind else { return };
        let finding = match self.place_of(entries, at) {
            Some(place) => {
                let column = self.sources.position(place).1 - 1;
                let between = if braces { ", ".to_owned() } else { format!("\n{}", " ".repeat(column)) };
                let pairs: Vec<String> = written.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                let fits = column <= MOST_COLUMNS && (braces || self.is_first_on_its_line(place) || written.len() == 1);
                if fits { finding.fix(place, pairs.join(&between)) } else { finding }
            }
            None => finding,
        };
        let first = at.iter().copied().min().unwrap_or_default();
        let key_span = entries.get(first).map_or(span, |entry| entry.key_span);
        let value_span = entries.get(first).map_or(span, |entry| entry.value.span);
        let made: Vec<Entry> = written
            .iter()
            .filter_map(|(key, value)| {
                let value = self.made(value, value_span)?;
                Some(Entry { key: key.as_str().into(), key_span, value })
            })
            .collect();
        let mut index = 0;
        entries.retain(|_| {
            index += 1;
            !at.contains(&(index - 1))
        });
        let first = first.min(entries.len());
        entries.splice(first..first, made);
        self.report(finding);
    }

    /// Tells a finding on an entry that has nothing to say here, and takes it away; a patch removes its lines where
    /// something else is left.
    pub(super) fn remove_entry(&mut self, node: &mut Node, at: usize, finding: Diagnostic) {
        let braces = self.in_braces(node);
        let NodeKind::Map(entries) = &mut node.kind else { return };
        let line = (entries.len() > 1 && !braces).then(|| self.lines_of(&entries[at])).flatten();
        entries.remove(at);
        self.report(match line {
            Some(line) => finding.fix(line, ""),
            None => finding,
        });
    }

    /// The lines that hold an entry and nothing else.
    fn lines_of(&self, entry: &Entry) -> Option<Span> {
        let place = self.place_of(std::slice::from_ref(entry), &[0])?;
        let text = &self.sources.file(place.file)?.text;
        let start = text[..place.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let end = text[place.end as usize..].find('\n').map(|at| place.end as usize + at + 1)?;
        let before = &text[start..place.start as usize];
        let after = &text[place.end as usize..end];
        let alone = before.chars().all(|c| c == ' ') && after.trim().is_empty();
        alone.then_some(Span { start: start as u32, end: end as u32, ..place })
    }

    /// Whether only spaces and a list's dashes stand before a place on its line.
    fn is_first_on_its_line(&self, place: Span) -> bool {
        let before = self.sources.text(Span { start: 0, end: place.start, ..place });
        let line = before.rsplit('\n').next().unwrap_or_default();
        line.chars().all(|c| matches!(c, ' ' | '-'))
    }

    /// Tells a finding on a value, and puts this text there.
    pub(super) fn replace_value(&mut self, node: &mut Node, text: &str, finding: Diagnostic) {
        let written = self.sources.text(node.span);
        let whole = node.alias.is_none() && !self.is_cut(node) && !written.is_empty() && !written.contains(" #");
        let made = self.made(text, node.span);
        let span = node.span;
        if let Some(made) = made {
            *node = made;
        }
        self.report(if whole { finding.fix(span, text) } else { finding });
    }
}
