//! What a plan says of a stream of server-sent events.

use std::time::Duration;

use super::keys;
use crate::diagnostic::Diagnostic;
use crate::plan::{Fields, Lower, Name, Text};
use crate::protocols::http::plan::{HttpStep, bodies};
use crate::yaml::{Entry, Node, NodeKind, quoted};

/// A step that reads a stream of events.
#[derive(Clone, Debug)]
pub struct StreamStep {
    /// The request for it.
    pub request: HttpStep,
    /// What ends it; `None` is its own end.
    pub until: Option<UntilSpec>,
}

impl StreamStep {
    /// How many events are read at most, if that is known.
    pub fn most_events(&self) -> Option<u64> {
        self.until.as_ref().and_then(|until| until.events)
    }
}

/// What ends a stream: the first that holds.
#[derive(Clone, Debug, Default)]
pub struct UntilSpec {
    /// An event with this data.
    pub data: Option<Text>,
    /// An event of this type.
    pub event: Option<Name>,
    /// This many events.
    pub events: Option<u64>,
    /// So much time since the head of the response.
    pub time: Option<Duration>,
    /// Its own end.
    pub close: bool,
}

impl Lower<'_> {
    /// A step that reads a stream of events; `kind` is its kind key.
    pub(crate) fn sse_step(&mut self, kind: &Entry, fields: &Fields<'_>) -> Option<StreamStep> {
        let until = fields.get("until").map(|node| self.until(node));
        if let Some(entry) = fields.entry("resources") {
            let finding =
                Diagnostic::error(entry.key_span, "`resources` has no effect: a stream of events is not a page");
            self.report(finding.help("remove it"));
        }
        let url = self.url(kind, "sse")?;
        let method = if bodies(fields).next().is_some() { "POST" } else { "GET" };
        let request = self.http_request(kind, method.into(), url, fields);
        Some(StreamStep { request, until: until.flatten() })
    }

    fn until(&mut self, node: &Node) -> Option<UntilSpec> {
        if !matches!(node.kind, NodeKind::Map(_)) {
            self.until_without_keys(node);
            return None;
        }
        let fields = self.fields(node, &keys::UNTIL)?;
        let event = fields.get("event").and_then(|node| {
            if node.text().is_some_and(|text| text.contains("${")) {
                let message = "`event` of `until` is the type of an event, which must be known before the run: it cannot contain `${…}`";
                self.report(Diagnostic::error(node.span, message).help(
                    "write the type as the server sends it; an event whose data is computed is waited for by `data: '${…}'`",
                ));
                return None;
            }
            self.name(node, "event")
        });
        let until = UntilSpec {
            data: fields.get("data").and_then(|node| self.content(node, "data")),
            event,
            events: fields.get("events").and_then(|node| self.count(node, "events", 1)),
            time: fields.get("for").and_then(|node| self.some_time(node, "for")),
            close: fields.get("close").and_then(|node| self.boolean(node, "close")).unwrap_or(false),
        };
        let others = ["data", "event", "events", "for"].iter().any(|key| fields.entry(key).is_some());
        if !others && !until.close {
            // A wrong word in it has been reported.
            let is_known = |entry: &Entry| entry.key.starts_with("x-") || keys::UNTIL.key(&entry.key).is_some();
            if node.entries().unwrap_or_default().iter().all(is_known) {
                let finding = Diagnostic::error(node.span, "nothing in this `until` can end the stream");
                self.report(finding.help(
                    "write for example `data: '[DONE]'`, `events: 20` or `for: 30s` in it; without `until` the stream is read until the server ends it",
                ));
            }
            return None;
        }
        Some(until)
    }

    /// Tells what is meant by a text, a number, a time or a list at `until`.
    fn until_without_keys(&mut self, node: &Node) {
        let text = node.text().map_or("", |text| text.trim());
        let help = "for example `{ data: '[DONE]' }`, `{ events: 20 }` or `{ for: 30s }`";
        if node.is_null() {
            let help = "remove it: without `until` the stream is read until the server ends it";
            return self.no_map(node, "until", None, help);
        }
        if text.starts_with("$.") || ["==", "!=", "<", ">"].iter().any(|sign| text.contains(sign)) {
            let help = format!("`until` does not look into an event, but compares all of its data, {help}");
            return self.no_map(node, "until", None, &help);
        }
        let data = |text: &str| Some(format!("{{ data: {} }}", quoted(text)));
        let braces = self.braces(node, &keys::UNTIL, Some("events"), Some("for")).or_else(|| match &node.kind {
            NodeKind::Scalar { .. } if matches!(text, "close" | "closed" | "end" | "eof") => {
                Some("{ close: true }".to_owned())
            }
            NodeKind::Scalar { .. } if text.is_empty() || matches!(text, "true" | "false") => None,
            NodeKind::Scalar { .. } => data(text),
            // `[DONE]` reads as a list of one text.
            NodeKind::List(items) if items.iter().all(|item| item.text().is_some()) => {
                self.in_one_line(node).filter(|written| written.starts_with('[')).and_then(data)
            }
            NodeKind::List(_) | NodeKind::Map(_) => None,
        });
        self.no_map(node, "until", braces, help);
    }
}
