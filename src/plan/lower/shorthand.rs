//! Values that stand one level too high, or in the wrong form: told with the form that is meant.

use super::Lower;
use crate::diagnostic::Diagnostic;
use crate::plan::keys::Section;
use crate::plan::types::Text;
use crate::units::parse_duration;
use crate::yaml::{Node, NodeKind, quoted};

impl Lower<'_> {
    /// Tells that a key takes a map, and the map that is meant; without one, what to write instead.
    pub(crate) fn no_map(&mut self, node: &Node, key: &str, braces: Option<String>, otherwise: &str) {
        let finding = Diagnostic::error(node.span, format!("`{key}` takes a map of keys, not {}", node.describe()));
        self.report(match braces {
            Some(braces) => finding.help(format!("write `{key}: {braces}`")).fix(node.span, braces),
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
                    parts.push(format!("{}: {}", entry.key, self.in_one_line(&entry.value)?));
                }
                (!parts.is_empty()).then(|| format!("{{ {} }}", parts.join(", ")))
            }
            NodeKind::Map(_) => None,
        }
    }

    /// A value put below a key, as it is written: in braces if it stands in brackets, else indented.
    pub(crate) fn below(&self, node: &Node, key: &str) -> Option<String> {
        let written = self.sources.text(node.span);
        if written.is_empty() {
            return None;
        }
        if written.starts_with(['{', '[']) || !written.contains('\n') && !matches!(node.kind, NodeKind::Map(_)) {
            return Some(format!("{{ {key}: {written} }}"));
        }
        let indent = self.sources.position(node.span).1 - 1;
        let mut text = format!("{key}:\n{:deeper$}", "", deeper = indent + 2);
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
        let mut finding = Diagnostic::error(
            node.span,
            "this is text that is itself JSON, and `json` would send it as one JSON string",
        );
        // JSON on one line is YAML too, but for two escapes that only JSON has.
        let is_yaml = !text.contains('\n') && !text.contains("\\u") && self.in_one_line(node).is_some();
        finding = if is_yaml && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
            finding
                .help(format!("write the value without the quotes around it, or use {otherwise}"))
                .fix(node.span, text)
        } else {
            finding.help(format!("write the value as YAML below `json`, or use {otherwise}"))
        };
        self.report(finding);
    }
}
