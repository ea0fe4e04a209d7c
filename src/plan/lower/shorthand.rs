//! Values that stand one level too high, or in the wrong form: told with the form that is meant.

use super::Lower;
use crate::diagnostic::Diagnostic;
use crate::plan::keys::Section;
use crate::plan::types::Text;
use crate::units::parse_duration;
use crate::yaml::{self, Entry, Node, NodeKind, quoted};

/// A patch does not indent further than this.
pub(super) const MOST_COLUMNS: usize = 200;

impl Lower<'_> {
    /// Tells that a key takes a map, and the map that is meant; without one, what to write instead.
    pub(crate) fn no_map(&mut self, node: &Node, key: &str, braces: Option<String>, otherwise: &str) {
        let finding = Diagnostic::error(node.span, format!("`{key}` takes a map of keys, not {}", node.describe()));
        let replaces = self.in_one_line(node).is_some();
        self.report(match braces {
            Some(braces) if replaces => finding.help(format!("write `{key}: {braces}`")).fix(node.span, braces),
            Some(braces) => finding.help(format!("write `{key}: {braces}`")),
            None => finding.help(otherwise),
        });
    }

    /// The map that a number, a time or a list of keys stands for; `count` and `time` are the keys it has for
    /// the first two.
    pub(crate) fn braces(
        &self,
        node: &Node,
        section: &Section,
        count: Option<&str>,
        time: Option<&str>,
    ) -> Option<String> {
        match &node.kind {
            NodeKind::Scalar { text, .. } => {
                let text = text.trim();
                let is_count = text.parse::<u64>().is_ok_and(|number| number > 0);
                let is_time = || parse_duration(text).is_ok_and(|time| !time.is_zero());
                match (count, time) {
                    (Some(count), _) if is_count => Some(format!("{{ {count}: {text} }}")),
                    (_, Some(time)) if !is_count && is_time() => Some(format!("{{ {time}: {text} }}")),
                    (..) => None,
                }
            }
            NodeKind::List(items) => {
                let mut keys: Vec<&str> = Vec::new();
                let mut parts = Vec::new();
                for entry in items.iter().map(Node::entries).collect::<Option<Vec<_>>>()?.into_iter().flatten() {
                    if section.key(&entry.key).is_none() || keys.contains(&&*entry.key) {
                        return None;
                    }
                    keys.push(&entry.key);
                    parts.push(self.pair_in_flow(entry)?);
                }
                (!parts.is_empty()).then(|| format!("{{ {} }}", parts.join(", ")))
            }
            NodeKind::Map(_) => None,
        }
    }

    /// The value of an entry put below a key, as it is written: in braces if it stands in brackets, else indented.
    pub(crate) fn below(&self, entry: &Entry, key: &str) -> Option<String> {
        let node = &entry.value;
        let written = self.sources.text(node.span);
        if node.alias.is_some() || written.is_empty() || self.is_cut(node) {
            return None;
        }
        if written.starts_with(['{', '[']) {
            return Some(format!("{{ {key}: {written} }}"));
        }
        let indent = self.sources.position(node.span).1 - 1;
        // A list may stand as far left as its key, where no other key can.
        if indent < self.sources.position(entry.key_span).1 || indent > MOST_COLUMNS {
            return None;
        }
        let mut text = format!("{key}:\n{}", " ".repeat(indent + 2));
        let mut lines = written.split('\n');
        text.push_str(lines.next()?);
        for line in lines {
            text.push('\n');
            if !line.trim().is_empty() {
                text.push_str("  ");
                text.push_str(line);
            }
        }
        Some(text)
    }

    /// Text that a message or an event consists of: what reads as a list in YAML may be meant as text.
    pub(crate) fn content(&mut self, node: &Node, key: &str) -> Option<Text> {
        if let NodeKind::Scalar { .. } = node.kind {
            return self.text(node, key);
        }
        let mut finding = Diagnostic::error(node.span, format!("`{key}` takes text, not {}", node.describe()));
        let written = self.in_one_line(node).filter(|written| {
            written.starts_with('[') || serde_json::from_str::<serde::de::IgnoredAny>(written).is_ok()
        });
        finding = match written.map(quoted) {
            Some(text) => finding
                .help(format!("text that begins with `[` or `{{` needs quotes: write `{key}: {text}`"))
                .fix(node.span, text),
            None => finding.help("put quotes around it, if it is meant as text"),
        };
        self.report(finding);
        None
    }

    /// Tells of text that is itself JSON, where a value is sent as JSON: it would be sent as one JSON string.
    pub(crate) fn no_json_text(&mut self, node: &Node, otherwise: &str) {
        let Some(text) = node.text().filter(|_| !node.is_null()) else { return };
        let text = text.trim();
        if !text.starts_with(['{', '[']) {
            return;
        }
        // Other text may well begin with a bracket, as `[PING]` does. An expression stands for a value.
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        let written = json(text);
        if written.is_none() && json(&without_expressions(text)).is_none() {
            return;
        }
        let mut finding = Diagnostic::error(
            node.span,
            "this is text that is itself JSON, and `json` would send it as one JSON string",
        );
        // Not all JSON is the same value in YAML: a key may be written twice, and some escapes only JSON has.
        let mut problems = Vec::new();
        let yaml = yaml::parse(text, node.span.file, &yaml::Unchanged, &mut problems).filter(|_| problems.is_empty());
        let is_same = yaml.is_some_and(|yaml| Some(yaml.to_json()) == written) && !text.contains('\n');
        finding = if is_same && self.in_one_line(node).is_some() {
            finding
                .help(format!("write the value without the quotes around it, or use {otherwise}"))
                .fix(node.span, text)
        } else {
            finding.help(format!("write the value as YAML below `json`, or use {otherwise}"))
        };
        self.report(finding);
    }
}

/// The text with a number in place of every `${…}`.
fn without_expressions(text: &str) -> String {
    let mut pieces = text.split("${");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        whole.push('0');
        whole.push_str(piece.split_once('}').map_or("", |(_, after)| after));
    }
    whole
}
