//! What people write who know other tools: their words, their values and their shapes, told with what to write here,
//! and read as if that had been written. So one mistake has one message, and nothing else in the step goes unchecked.

mod assertions;
mod branches;
mod expressions;
mod extractors;
mod given;
mod kind_words;
mod kinds;
mod matchers;
mod named_steps;
mod request_values;
mod requests;
mod sentences;
mod step_keys;
mod values;

pub(crate) use extractors::way;
use given::{Given, one_spelling};

use super::Lower;
use crate::diagnostic::{Diagnostic, Span};
use crate::yaml::{self, Entry, Node, NodeKind, Style, quoted};

/// A word of other tools, and what is written here instead.
struct Word {
    /// In [`one_spelling`].
    theirs: &'static [&'static str],
    ours: Ours,
}

/// What is written here instead of a word.
enum Ours {
    /// The same value under this key.
    Key(&'static str),
    /// A key with its value translated, where the value can be meant so.
    Written(fn(&Given<'_>) -> Option<String>),
    /// Nothing takes its place: what to do.
    Instead(&'static str),
    /// The same with the value in it.
    Told(fn(&Given<'_>) -> Option<String>),
}

const fn key(theirs: &'static [&'static str], ours: &'static str) -> Word {
    Word { theirs, ours: Ours::Key(ours) }
}

const fn written(theirs: &'static [&'static str], ours: fn(&Given<'_>) -> Option<String>) -> Word {
    Word { theirs, ours: Ours::Written(ours) }
}

const fn instead(theirs: &'static [&'static str], ours: &'static str) -> Word {
    Word { theirs, ours: Ours::Instead(ours) }
}

const fn told(theirs: &'static [&'static str], ours: fn(&Given<'_>) -> Option<String>) -> Word {
    Word { theirs, ours: Ours::Told(ours) }
}

/// What an entry is read as once it was told.
enum Read {
    /// As these entries.
    As(Vec<Entry>),
    /// It is left out.
    Nothing,
}

impl Lower<'_> {
    /// Tells an entry that other tools write so, and gives what is meant; `beside` is all of its map, and `takes` says
    /// whether the map has a key for this value.
    fn translated(
        &mut self,
        table: &[&[Word]],
        entry: &Entry,
        message: &str,
        beside: &[Entry],
        takes: &dyn Fn(&str, &Node) -> bool,
    ) -> Option<Read> {
        let word = one_spelling(&entry.key);
        let rows = || table.iter().copied().flatten().filter(|row| row.theirs.contains(&word.as_str()));
        rows().next()?;
        let given = Given::of(self, entry, beside);
        for row in rows() {
            let finding = || Diagnostic::error(entry.key_span, message);
            match row.ours {
                Ours::Instead(instead) => {
                    self.told(entry, finding().help(instead));
                    self.leave_out(&entry.value);
                    return Some(Read::Nothing);
                }
                Ours::Told(instead) => {
                    let Some(instead) = instead(&given) else { continue };
                    self.leave_out(&entry.value);
                    self.told(entry, finding().help(instead));
                    return Some(Read::Nothing);
                }
                Ours::Key(ours) => {
                    if !takes(ours, &entry.value) || entry.value.is_blank() {
                        continue;
                    }
                    if is_written(beside, ours) {
                        self.told(
                            entry,
                            finding().help(format!("here it is `{ours}`, which is written already: put it there")),
                        );
                        return Some(Read::Nothing);
                    }
                    let help = match given.flow.as_deref().filter(|flow| flow.len() <= 40) {
                        Some(value) => format!("here it is `{ours}`: write `{ours}: {value}`"),
                        None => format!("here it is `{ours}`"),
                    };
                    self.told(entry, finding().help(help).fix(entry.key_span, ours));
                    return Some(Read::As(vec![Entry { key: ours.into(), ..entry.clone() }]));
                }
                Ours::Written(translate) => {
                    let Some(text) = translate(&given) else { continue };
                    return Some(self.reads_as(entry, finding(), text, beside));
                }
            }
        }
        None
    }

    /// Tells that an entry is written here as `text`, a key with its value, and reads it so.
    fn reads_as(&mut self, entry: &Entry, finding: Diagnostic, text: String, beside: &[Entry]) -> Read {
        let ours = text.split(':').next().unwrap_or_default().to_owned();
        if *ours != *entry.key && is_written(beside, &ours) {
            let inside = text[ours.len() + 1..].trim();
            let inside = inside.strip_prefix('{').and_then(|inside| inside.strip_suffix('}')).unwrap_or(inside).trim();
            let owner = beside.iter().find(|one| *one.key == *ours);
            let is_map = owner.is_some_and(|one| matches!(one.value.kind, NodeKind::Map(_)));
            let help = if is_map && !inside.is_empty() {
                format!("write `{inside}` under `{ours}:`, which is written already")
            } else {
                format!("here it is `{text}`, and `{ours}` is written already: keep one of the two")
            };
            self.told(entry, finding.help(help));
            return Read::Nothing;
        }
        let help = match *ours == *entry.key {
            true => format!("write `{text}`"),
            false => format!("here it is `{ours}`: write `{text}`"),
        };
        let span = self.whole(entry).or_else(|| self.around_a_list(entry));
        let read = self.as_if(&text, entry);
        if let Some(span) = span {
            self.supersede(span);
        }
        self.told(
            entry,
            match span {
                Some(span) => Diagnostic { span, ..finding }.help(help).fix(span, text),
                None => finding.help(help),
            },
        );
        match read {
            Some(entries) => Read::As(entries),
            None => Read::Nothing,
        }
    }

    /// Notes the variables that a step or a key which is not read would set: what uses them is no mistake.
    pub(crate) fn leave_out(&mut self, node: &Node) {
        self.unread.any = true;
        let names = &mut self.unread.variables;
        let mut open = vec![(node, false)];
        while let Some((node, sets)) = open.pop() {
            match &node.kind {
                NodeKind::Map(entries) => {
                    for entry in entries {
                        if sets {
                            names.insert(entry.key.clone());
                            names.extend(entry.value.text().cloned());
                        }
                        let word = one_spelling(&entry.key);
                        let starts = SETTERS.iter().any(|setter| word.starts_with(setter));
                        open.push((&entry.value, sets || starts));
                    }
                }
                NodeKind::List(items) => open.extend(items.iter().map(|item| (item, sets))),
                NodeKind::Scalar { .. } => {}
            }
        }
    }

    /// Takes back what was told of how a text is written that is going to be replaced as a whole.
    fn supersede(&mut self, span: Span) {
        if !self.sources.text(span).contains(['$', '\'', '"', '>', '{', '@']) {
            return;
        }
        let is_inside = |one: &Diagnostic| {
            one.fix.as_ref().is_some_and(|fix| {
                fix.span.file == span.file && span.start < fix.span.start && fix.span.end <= span.end
            })
        };
        let before = self.findings.len();
        self.findings.retain(|one| !is_inside(one));
        if self.findings.len() < before {
            self.empty_values = Default::default();
        }
    }

    /// Reports a finding about an entry in place of "nothing is written after it".
    fn told(&mut self, entry: &Entry, finding: Diagnostic) {
        if entry.value.is_blank() {
            self.instead_of_blank(entry, finding);
        } else {
            self.report(finding);
        }
    }

    /// A key with a list that stands as far left as the key.
    fn around_a_list(&self, entry: &Entry) -> Option<Span> {
        let place = self.place(entry)?;
        let between = self.sources.text(Span { start: entry.key_span.end, end: entry.value.span.start, ..place });
        (entry.value.items().is_some() && between.split_whitespace().collect::<String>() == ":-").then_some(place)
    }

    /// The entries of a text as if they were written in place of `entry`. No patch is offered inside of them.
    fn as_if(&self, text: &str, entry: &Entry) -> Option<Vec<Entry>> {
        let mut problems = Vec::new();
        let node = yaml::parse(text, entry.key_span.file, &yaml::Unchanged, &mut problems)?;
        let NodeKind::Map(entries) = node.kind else { return None };
        Some(entries.into_iter().map(|one| moved_entry(one, entry.key_span, entry.value.span)).collect())
    }

    /// A value as if it were written in place of another one.
    pub(crate) fn value_as_if(&self, text: &str, node: &Node) -> Option<Node> {
        let mut problems = Vec::new();
        let read = yaml::parse(text, node.span.file, &yaml::Unchanged, &mut problems)?;
        Some(moved(read, node.span))
    }

    /// A value in braces, brackets or on one line, wherever it stands; `None` where a comment or an anchor would be
    /// lost.
    fn flow(&self, node: &Node) -> Option<String> {
        let written = self.sources.text(node.span);
        if node.alias.is_some()
            || written.contains(" #")
            || written.contains("\n#")
            || written.contains('&') && written.contains(": &")
        {
            return None;
        }
        match &node.kind {
            NodeKind::Scalar { .. } if node.is_blank() => None,
            NodeKind::Scalar { text, style: Style::Plain } => Some(plain(text)),
            NodeKind::Scalar { text, style: Style::Quoted } => {
                let is_here = !written.contains('\n') && written.starts_with(['\'', '"']);
                Some(if is_here { written.to_owned() } else { quoted(text) })
            }
            NodeKind::Scalar { text, style: Style::Block } => Some(quoted(text)),
            NodeKind::List(items) => {
                let items = items.iter().map(|item| self.flow(item)).collect::<Option<Vec<_>>>()?;
                Some(format!("[{}]", items.join(", ")))
            }
            NodeKind::Map(entries) => Some(format!("{{ {} }}", self.pairs(entries.iter())?)),
        }
    }

    /// Keys with their values, as they are written within braces.
    fn pairs<'n>(&self, entries: impl Iterator<Item = &'n Entry>) -> Option<String> {
        let pairs = entries.map(|entry| Some(format!("{}: {}", plain(&entry.key), self.flow(&entry.value)?)));
        Some(pairs.collect::<Option<Vec<_>>>()?.join(", "))
    }

    /// Several replacements as a single one: what stands between them stays as it is.
    fn joined(&self, mut edits: Vec<(Span, String)>) -> Option<(Span, String)> {
        edits.sort_by_key(|(span, _)| span.start);
        let (first, last) = (edits.first()?.0, edits.last()?.0);
        let mut text = String::new();
        let mut at = first.start;
        for (span, replacement) in &edits {
            if span.file != first.file || span.start < at {
                return None;
            }
            text.push_str(self.sources.text(Span { start: at, end: span.start, ..first }));
            text.push_str(replacement);
            at = span.end;
        }
        Some((Span { end: last.end, ..first }, text))
    }

    /// What to cut out so that an entry is gone, if nothing but spaces and a comma stand around it.
    fn cut(&self, entries: &[Entry], at: usize) -> Option<Span> {
        let entry = entries.get(at)?;
        let whole = self.whole(entry).or_else(|| entry.value.is_blank().then_some(entry.key_span))?;
        let free = |from: u32, to: u32| {
            let between = Span { start: from, end: to, ..whole };
            from <= to && self.sources.text(between).chars().all(|c| c.is_whitespace() || matches!(c, ',' | ':'))
        };
        if let Some(next) = entries.get(at + 1)
            && free(whole.end, next.key_span.start)
        {
            return Some(Span { end: next.key_span.start, ..whole });
        }
        let before = self.place(entries.get(at.checked_sub(1)?)?)?;
        free(before.end, whole.start).then_some(Span { start: before.end, ..whole })
    }
}

/// What is wrong with the value of a key that is ours.
fn cannot_be(entry: &Entry) -> String {
    const SHOWN: usize = 60;
    match entry.value.text().filter(|text| text.chars().count() <= SHOWN && !text.contains('\n')) {
        Some(text) => format!("`{}` cannot be `{text}`", entry.key),
        None => format!("`{}` cannot be {} like this one", entry.key, entry.value.describe()),
    }
}

/// What an entry is called here, with its value, by a table.
fn in_words(table: &[&[Word]], given: &Given<'_>) -> Option<String> {
    let word = one_spelling(given.key);
    let rows = table.iter().copied().flatten().filter(|row| row.theirs.contains(&word.as_str()));
    rows.filter_map(|row| match row.ours {
        Ours::Key(ours) => Some(format!("{ours}: {}", given.flow.as_deref()?)),
        Ours::Written(translate) => translate(given),
        Ours::Instead(_) | Ours::Told(_) => None,
    })
    .next()
}

/// How keys begin that set variables.
const SETTERS: [&str; 14] = [
    "extract", "capture", "save", "store", "set", "let", "var", "for", "each", "json_", "regex", "assign", "with",
    "output",
];

fn is_written(entries: &[Entry], key: &str) -> bool {
    entries.iter().any(|entry| &*entry.key == key)
}

/// Text as it can stand within braces without being read as something else.
fn plain(text: &str) -> String {
    let ends = text.contains([',', '[', ']', '{', '}', '\n']) || text.contains(": ") || text.contains(" #");
    let begins = text.starts_with(['&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', '#', '?', '-', ' '])
        && yaml::plain_value(text).as_number().is_none();
    if text.is_empty() || ends || begins || text.ends_with([':', ' ']) { quoted(text) } else { text.to_owned() }
}

/// Text as the value of a key, in quotes if it would be read as a number, a boolean or null.
fn text_value(text: &str) -> String {
    if matches!(yaml::plain_value(text), crate::value::Value::Text(_)) { plain(text) } else { quoted(text) }
}

fn moved_entry(entry: Entry, key_span: Span, span: Span) -> Entry {
    Entry { key_span, value: moved(entry.value, span), ..entry }
}

fn moved(node: Node, span: Span) -> Node {
    let kind = match node.kind {
        NodeKind::Scalar { .. } => node.kind,
        NodeKind::List(items) => NodeKind::List(items.into_iter().map(|item| moved(item, span)).collect()),
        NodeKind::Map(entries) => {
            NodeKind::Map(entries.into_iter().map(|entry| moved_entry(entry, span, span)).collect())
        }
    };
    Node { span, kind, alias: Some(span.end) }
}
