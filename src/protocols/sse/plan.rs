//! What a plan says of a stream of server-sent events.

use std::time::Duration;

use super::keys;
use crate::diagnostic::Diagnostic;
use crate::plan::{Fields, Lower, Name, Text};
use crate::protocols::http::plan::{HttpStep, bodies};
use crate::yaml::{Entry, Node};

/// A step that reads a stream of events.
#[derive(Clone, Debug)]
pub struct StreamStep {
    /// The request for it.
    pub request: HttpStep,
    /// What ends it; `None` is its own end.
    pub until: Option<UntilSpec>,
}

/// What ends a stream: the first that holds.
#[derive(Clone, Debug, Default)]
pub struct UntilSpec {
    /// An event with this data.
    pub data: Option<Text>,
    /// An event of this type.
    pub event: Option<Name>,
    /// So many events.
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
        let url = self.text(&kind.value, "sse")?;
        let method = if bodies(fields).next().is_some() { "POST" } else { "GET" };
        let request = self.http_request(kind, method.into(), url, fields);
        Some(StreamStep { request, until: until.flatten() })
    }

    fn until(&mut self, node: &Node) -> Option<UntilSpec> {
        let fields = self.fields(node, &keys::UNTIL)?;
        let until = UntilSpec {
            data: fields.get("data").and_then(|node| self.text(node, "data")),
            event: fields.get("event").and_then(|node| self.name(node, "event")),
            events: fields.get("events").and_then(|node| self.count(node, "events", 1)),
            time: fields.get("for").and_then(|node| self.some_time(node, "for")),
            close: fields.get("close").and_then(|node| self.boolean(node, "close")).unwrap_or(false),
        };
        let others = ["data", "event", "events", "for"].iter().any(|key| fields.entry(key).is_some());
        if !others && !until.close {
            let finding = Diagnostic::error(node.span, "nothing in this `until` can end the stream");
            self.report(finding.help(
                "write for example `data: '[DONE]'`, `events: 20` or `for: 30s` in it; without `until` the stream is read until the server ends it",
            ));
            return None;
        }
        Some(until)
    }
}
