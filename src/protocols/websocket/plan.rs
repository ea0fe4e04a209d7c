//! What a plan says of WebSockets.

use std::sync::Arc;
use std::time::Duration;

use super::keys;
use crate::diagnostic::Diagnostic;
use crate::plan::keys::{ANY_REQUEST, MATCHER, Section};
use crate::plan::{AssertionSpec, Fields, FileRef, Lower, Name, Spanned, Step, SubjectSpec, Text};
use crate::protocols::http::plan::{HttpSettings, HttpStep};
use crate::suggest::nearest;
use crate::yaml::{Entry, Node, NodeKind};

/// WebSocket settings as written in one place; absent keys leave the outer place's value.
#[derive(Clone, Debug, Default)]
pub struct WebSocketSettings {
    /// What the handshake is sent with: `url`, `headers`, `auth`, `timeout`.
    pub http: HttpSettings,
    /// Subprotocols to offer.
    pub subprotocols: Option<Vec<Text>>,
    /// Whether compressed messages are offered.
    pub compression: Option<bool>,
    /// The largest message that is taken, in bytes.
    pub max_message: Option<u64>,
    /// A word of `connections`.
    pub connections: Option<&'static str>,
}

/// A step that opens a WebSocket.
#[derive(Clone, Debug)]
pub struct OpenStep {
    /// The handshake.
    pub handshake: HttpStep,
    /// Settings written on the step.
    pub settings: WebSocketSettings,
    /// The steps that use the connection.
    pub steps: Vec<Step>,
}

/// A step that sends a message.
#[derive(Clone, Debug)]
pub struct SendStep {
    /// The message.
    pub message: MessageSpec,
    /// What the step is called without a name.
    pub label: Arc<str>,
    /// The reply to wait for.
    pub reply: Option<WaitSpec>,
}

/// A step that waits for messages.
#[derive(Clone, Debug)]
pub struct ReceiveStep {
    /// What to wait for.
    pub wait: WaitSpec,
    /// Whether the end of the connection is waited for instead.
    pub close: bool,
}

/// A message to send.
#[derive(Clone, Debug)]
pub enum MessageSpec {
    /// Text as it is.
    Text(Text),
    /// A value, sent as JSON.
    Json(Node),
    /// A file's bytes, as a binary message.
    Binary(FileRef),
}

/// What a step waits for.
#[derive(Clone, Debug)]
pub struct WaitSpec {
    /// How many messages.
    pub count: u64,
    /// How long at most.
    pub within: Option<Duration>,
    /// Which ones: what must be true of each.
    pub matching: Vec<AssertionSpec>,
}

impl Lower<'_> {
    /// The keys of `websocket` on the plan or a thread group.
    pub(crate) fn websocket_defaults(&mut self, node: &Node) -> Option<WebSocketSettings> {
        let fields = self.fields(node, &keys::WEBSOCKET)?;
        let url = fields.get("url").and_then(|node| self.text(node, "url"));
        let mut settings = self.websocket_settings(&fields);
        settings.http.base_url = url;
        Some(settings)
    }

    fn websocket_settings(&mut self, fields: &Fields<'_>) -> WebSocketSettings {
        let connections =
            fields.get("connections").and_then(|node| self.word(node, keys::WEBSOCKET.key("connections")?));
        WebSocketSettings {
            http: self.handshake_settings(fields),
            subprotocols: fields.get("subprotocols").and_then(|node| self.subprotocols(node)),
            compression: fields.get("compression").and_then(|node| self.boolean(node, "compression")),
            max_message: fields.get("max_message").and_then(|node| self.size(node, "max_message")),
            connections,
        }
    }

    fn subprotocols(&mut self, node: &Node) -> Option<Vec<Text>> {
        let Some(items) = node.items() else {
            self.wrong_type(node, "subprotocols", "a list", Some("subprotocols: [graphql-transport-ws]"));
            return None;
        };
        Some(items.iter().filter_map(|item| self.text(item, "subprotocols")).collect())
    }

    /// A step that opens a WebSocket; `kind` is its kind key.
    pub(crate) fn websocket_step(&mut self, kind: &Entry, fields: &Fields<'_>) -> Option<OpenStep> {
        let url = self.url(kind, "websocket");
        let settings = self.websocket_settings(fields);
        let query = fields.get("query").map_or_else(Vec::new, |node| self.values(node, "query"));
        let steps = match fields.get("steps") {
            Some(node) => self.on_a_connection(|this| this.steps(node, "steps", false)),
            None => {
                if fields.entry("steps").is_none() {
                    let finding =
                        Diagnostic::error(kind.key_span, "`websocket` needs `steps` that send and receive messages");
                    self.report(
                        finding.help("write the steps below it, for example `- send: { json: { subscribe: AAPL } }`"),
                    );
                }
                Vec::new()
            }
        };
        let url = url?;
        if url.value.trim().is_empty() {
            self.report(
                Diagnostic::error(url.span, "`websocket` has no path").help("write a path such as /ws, or a whole URL"),
            );
        }
        let handshake = HttpStep {
            method: "GET".into(),
            url,
            query,
            body: None,
            compress_body: None,
            resources: None,
            http: settings.http.clone(),
            websocket: true,
        };
        Some(OpenStep { handshake, settings, steps })
    }

    /// A step that sends a message; `kind` is its kind key.
    pub(crate) fn send_step(&mut self, kind: &Entry, fields: &Fields<'_>) -> Option<SendStep> {
        self.needs_a_connection(kind);
        let message = self.message(kind);
        if let Some(entry) = fields.blank("reply") {
            self.means_empty(entry);
        }
        let reply = fields.get("reply").and_then(|node| {
            if !matches!(node.kind, NodeKind::Map(_)) {
                self.wait_without_keys(node, "reply", &keys::REPLY);
                return None;
            }
            let fields = self.fields(node, &keys::REPLY)?;
            Some(self.wait(&fields))
        });
        let message = message?;
        let label = match &message {
            MessageSpec::Text(text) => format!("send {}", beginning(&text.value)),
            MessageSpec::Json(node) => format!("send {}", beginning(&node.to_json().to_string())),
            MessageSpec::Binary(file) => format!("send {}", file.path.value),
        };
        Some(SendStep { message, label: label.into(), reply })
    }

    /// A step that waits for messages; `kind` is its kind key.
    pub(crate) fn receive_step(&mut self, kind: &Entry) -> Option<ReceiveStep> {
        self.needs_a_connection(kind);
        if !matches!(kind.value.kind, NodeKind::Map(_)) {
            self.wait_without_keys(&kind.value, "receive", &keys::RECEIVE);
            return None;
        }
        let fields = self.fields(&kind.value, &keys::RECEIVE)?;
        let close = fields.get("close").and_then(|node| self.boolean(node, "close")).unwrap_or(false);
        if close && let Some(entry) = fields.entry("count").or_else(|| fields.entry("where")) {
            self.report(
                Diagnostic::error(entry.key_span, format!("`{}` has no effect while `close` is true", entry.key))
                    .help("remove one of the two"),
            );
        }
        let mut wait = self.wait(&fields);
        wait.count = fields.get("count").and_then(|node| self.count(node, "count", 1)).unwrap_or(1);
        Some(ReceiveStep { wait, close })
    }

    fn message(&mut self, kind: &Entry) -> Option<MessageSpec> {
        let node = &kind.value;
        let entries = match &node.kind {
            NodeKind::Scalar { .. } => return self.text(node, "send").map(MessageSpec::Text),
            NodeKind::List(_) => return Some(self.bare_json(kind)),
            NodeKind::Map(entries) => entries,
        };
        if is_bare_json(entries) {
            return Some(self.bare_json(kind));
        }
        let fields = self.fields(node, &keys::MESSAGE)?;
        let given: Vec<&Entry> = ["text", "json", "binary_file"].iter().filter_map(|key| fields.entry(key)).collect();
        match given.as_slice() {
            [entry] => match &*entry.key {
                "text" if matches!(entry.value.kind, NodeKind::Map(_)) => {
                    let finding = Diagnostic::error(entry.key_span, "`text` takes text, not a map");
                    self.report(
                        finding.help("write `json` for a value that is sent as JSON").fix(entry.key_span, "json"),
                    );
                    Some(MessageSpec::Json(entry.value.clone()))
                }
                "text" => self.content(&entry.value, "text").map(MessageSpec::Text),
                "json" => {
                    self.no_json_text(&entry.value, "`text` instead of `json`");
                    Some(MessageSpec::Json(entry.value.clone()))
                }
                _ => self.file_ref(&entry.value, "binary_file").map(MessageSpec::Binary),
            },
            [] => {
                // A wrong word in it has been reported.
                if entries.iter().all(|entry| entry.key.starts_with("x-")) {
                    let finding = Diagnostic::error(node.span, "this `send` sends nothing");
                    self.report(finding.help("write `text:`, `json:` or `binary_file:` in it"));
                }
                None
            }
            [first, second, ..] => {
                let message =
                    format!("a message has one content, but this one has `{}` and `{}`", first.key, second.key);
                let finding = Diagnostic::error(second.key_span, message).help("keep one of them, or write two steps");
                self.report(finding.related(first.key_span, "the other content"));
                None
            }
        }
    }

    /// Tells that a map or a list is where a message does, without saying that it is JSON; takes it for that.
    fn bare_json(&mut self, kind: &Entry) -> MessageSpec {
        let node = &kind.value;
        let what = if matches!(node.kind, NodeKind::Map(_)) { "this is a JSON object" } else { "this is a list" };
        let message = format!("`send` takes text, or one of `text`, `json` and `binary_file`, but {what}");
        let finding = Diagnostic::error(node.span, message);
        self.report(match self.below(kind, "json") {
            Some(json) => finding.help("put it below `json` to send it as JSON").fix(node.span, json),
            None => finding.help("put it below `json` to send it as JSON"),
        });
        MessageSpec::Json(node.clone())
    }

    /// Tells what is meant by a text, a number, a time or a list at `receive` or `reply`.
    fn wait_without_keys(&mut self, node: &Node, key: &str, section: &'static Section) {
        let count = section.key("count").map(|key| key.name);
        let text = node.text().map_or("", |text| text.trim());
        let braces = self.braces(node, section, count, Some("within"));
        let braces = braces.or_else(|| match text {
            "true" | "any" => Some("{}".to_owned()),
            "1" => Some("{}".to_owned()),
            "close" | "closed" if section.key("close").is_some() => Some("{ close: true }".to_owned()),
            _ if node.is_null() => Some("{}".to_owned()),
            _ => None,
        });
        let help = match text.parse::<u64>() {
            Ok(_) => crate::plan::keys::instead_of(key, "count").map(str::to_owned),
            Err(_) => None,
        };
        let help = help.unwrap_or_else(|| {
            format!(
                "write `{key}: {{}}` for any message, or `{key}: {{ where: {{ $.type: quote }} }}` for one whose JSON has this value; for text that is not JSON, use `assert: {{ body: {{ contains: … }} }}`"
            )
        });
        self.no_map(node, key, braces, &help);
    }

    /// The JSONPaths of `where`, each with what is expected there.
    fn conditions(&mut self, node: &Node) -> Vec<(Name, Node)> {
        let Some(entries) = node.entries() else {
            let finding = Diagnostic::error(
                node.span,
                format!("`where` takes a map of JSONPaths to values, not {}", node.describe()),
            );
            self.report(finding.help("for example `where: { $.type: quote }`"));
            return Vec::new();
        };
        // `where` has JSONPaths only, so the word that says so elsewhere is omitted.
        let paths = |node: &Node| {
            node.entries().is_some_and(|inner| !inner.is_empty() && inner.iter().all(|one| one.key.starts_with('$')))
        };
        if let [only] = entries
            && &*only.key == "json"
            && paths(&only.value)
        {
            let message = "`where` only supports JSON: write its JSONPaths without `json`";
            let finding = Diagnostic::error(node.span, message);
            let inside = self.in_flow(&only.value).filter(|_| {
                let is_all = self.whole(only).is_some() && self.keeps_comments(node.span, vec![only.value.span]);
                is_all && node.alias.is_none()
            });
            let finding = match inside {
                Some(inner) => finding.help(format!("write `where: {inner}`")).fix(node.span, inner),
                None => finding.help("remove `json:`, and indent what is below it by two spaces less"),
            };
            self.report(finding);
            return self.values(&only.value, "where");
        }
        let wrong = entries.iter().position(|entry| {
            let matchers = |node: &Node| {
                node.entries().is_some_and(|inner| inner.iter().all(|one| MATCHER.key(&one.key).is_some()))
            };
            match &*entry.key {
                "body" | "text" | "header" | "xpath" | "css" => matchers(&entry.value),
                key => MATCHER.key(key).is_some(),
            }
        });
        if let Some(entry) = wrong.and_then(|at| entries.get(at)) {
            let message = format!("`where` looks into JSON by JSONPaths, and `{}` is none", entry.key);
            self.report(Diagnostic::error(entry.key_span, message).help(
                "write a value that identifies the message, for example `where: { $.type: quote }` or `where: { $.text: { contains: done } }`; for other text, use `assert: { body: { contains: … } }`",
            ));
            return Vec::new();
        }
        self.values(node, "where")
    }

    fn wait(&mut self, fields: &Fields<'_>) -> WaitSpec {
        let within = fields.get("within").and_then(|node| self.some_time(node, "within"));
        let matching = fields.get("where").map_or_else(Vec::new, |node| self.conditions(node));
        let spec = |(path, matcher): (Name, Node)| AssertionSpec {
            span: path.span,
            subject: SubjectSpec::Json(Spanned::new(path.value, path.span)),
            matcher: Some(matcher),
        };
        WaitSpec { count: 1, within, matching: matching.into_iter().map(spec).collect() }
    }
}

/// Whether a message is a JSON object that is written without `json`: it has keys that no message has, and that
/// no step has either.
fn is_bare_json(entries: &[Entry]) -> bool {
    let is_ours = |entry: &&Entry| {
        let word = &*entry.key;
        let names = keys::MESSAGE.keys.iter().map(|key| key.name);
        keys::MESSAGE.keys.iter().any(|key| key.name == word || key.is_also(word)) || nearest(word, names).is_some()
    };
    let of_the_step = |entry: &&Entry| {
        let sections: [&Section; 3] = [&keys::SEND, &keys::REPLY, &ANY_REQUEST];
        sections.iter().any(|section| section.keys.iter().any(|key| key.name == &*entry.key || key.is_also(&entry.key)))
    };
    let of_the_plan = |entry: &&Entry| !entry.key.starts_with("x-");
    let (ours, strange): (Vec<&Entry>, Vec<&Entry>) = entries.iter().filter(of_the_plan).partition(is_ours);
    let is_json = |entry: &&Entry| matches!(&*entry.key, "json" | "binary_file");
    !strange.is_empty() && !ours.iter().any(is_json) && (ours.is_empty() || !strange.iter().all(of_the_step))
}

/// The beginning of a message, for a label.
fn beginning(text: &str) -> String {
    const SHOWN: usize = 40;
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
