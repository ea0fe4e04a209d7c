//! Values as they are written, for patches that put them in another place.

use super::Lower;
use crate::diagnostic::Span;
use crate::yaml::{Entry, Node, NodeKind, Style, quoted};

impl Lower<'_> {
    /// A value as it is written, if that is on one line, and here: the value of an alias is written elsewhere.
    pub(crate) fn in_one_line(&self, node: &Node) -> Option<&str> {
        let written = self.sources.text(node.span);
        let is_here = node.alias.is_none() && !self.is_cut(node);
        (is_here && !written.is_empty() && !written.contains('\n')).then_some(written)
    }

    /// A value as it is written within braces or brackets, where plain text ends sooner than outside of them;
    /// `None` if that would not be on one line.
    pub(crate) fn in_flow(&self, node: &Node) -> Option<String> {
        let written = self.in_one_line(node)?;
        match &node.kind {
            NodeKind::Scalar { style: Style::Block, .. } => None,
            NodeKind::Scalar { style: Style::Quoted, .. } => Some(written.to_owned()),
            NodeKind::Scalar { text, style: Style::Plain } => Some(plain_in_flow(written, text)),
            NodeKind::List(_) | NodeKind::Map(_) if written.starts_with(['{', '[']) => Some(written.to_owned()),
            // What is on one line without brackets has one entry, but for what is merged into it.
            NodeKind::List(items) => match items.as_slice() {
                [only] => Some(format!("[{}]", self.in_flow(only)?)),
                _ => None,
            },
            NodeKind::Map(entries) => match entries.as_slice() {
                [only] if only.key_span.start == node.span.start => Some(format!("{{ {} }}", self.pair_in_flow(only)?)),
                _ => None,
            },
        }
    }

    /// A key with its value as both are written within braces.
    pub(crate) fn pair_in_flow(&self, entry: &Entry) -> Option<String> {
        self.whole(entry)?;
        let key = self.key_in_flow(entry)?;
        Some(format!("{key}: {}", self.in_flow(&entry.value)?))
    }

    /// A key as it is written within braces.
    pub(super) fn key_in_flow(&self, entry: &Entry) -> Option<String> {
        let written = self.sources.text(entry.key_span);
        if written.is_empty() || written.contains('\n') {
            return None;
        }
        if written.starts_with(['\'', '"']) {
            Some(written.to_owned())
        } else {
            Some(plain_in_flow(written, &entry.key))
        }
    }

    /// A key with its value; `None` if the value stands elsewhere, as that of an alias does.
    pub(super) fn place(&self, entry: &Entry) -> Option<Span> {
        let (key, value) = (entry.key_span, entry.value.span);
        let is_here = entry.value.alias.is_none() && key.file == value.file && key.end <= value.start;
        is_here.then_some(Span { end: value.end, ..key })
    }

    /// A key with its value, if nothing else stands between them: an anchor or a comment would be lost.
    pub(crate) fn whole(&self, entry: &Entry) -> Option<Span> {
        let place = self.place(entry)?;
        let between = self.sources.text(Span { start: entry.key_span.end, end: entry.value.span.start, ..place });
        let between = between.split_whitespace().collect::<String>();
        (between == ":" || between == ":-" && self.is_cut(&entry.value)).then_some(place)
    }

    /// Whether this is a list of which the first `-` lies before its place: so the parser tells of one that stands
    /// as far left as its key.
    pub(super) fn is_cut(&self, node: &Node) -> bool {
        let written = self.sources.text(node.span);
        let items = node.items().unwrap_or_default();
        let is_first = |item: &Node| item.alias.is_none() && item.span.start == node.span.start;
        node.items().is_some() && (!written.starts_with(['-', '[']) || items.first().is_some_and(is_first))
    }

    /// Whether some of these places is left out of `all` with a comment in what is between them, or lies outside.
    pub(crate) fn keeps_comments(&self, all: Span, mut kept: Vec<Span>) -> bool {
        kept.sort_by_key(|one| one.start);
        kept.push(Span { start: all.end, ..all });
        let mut at = all.start;
        kept.into_iter().all(|one| {
            let between = Span { start: at, end: one.start, ..all };
            at = one.end;
            one.file == all.file
                && between.start <= between.end
                && one.end <= all.end
                && !self.sources.text(between).contains('#')
        })
    }

    /// The rest of the line after a place.
    pub(super) fn line_after(&self, span: Span) -> &str {
        let text = self.sources.file(span.file).and_then(|file| file.text.get(span.end as usize..));
        text.and_then(|text| text.split('\n').next()).unwrap_or("")
    }
}

/// Plain text as it can stand within brackets: in quotes, if brackets or commas would end it there.
fn plain_in_flow(written: &str, text: &str) -> String {
    let ends = written.contains([',', '[', ']', '{', '}']) || written.contains(": ") || written.contains(" #");
    if ends || written.ends_with(':') { quoted(text) } else { written.to_owned() }
}
