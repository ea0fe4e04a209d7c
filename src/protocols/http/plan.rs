//! HTTP settings and requests.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::client::Auth;
use super::keys;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::{AssertionGroup, FileRef, Name, Spanned, Text};
use crate::plan::{Fields, Lower};
use crate::yaml::{Entry, Node, NodeKind};

/// HTTP settings as written in one place; absent keys leave the outer place's value.
#[derive(Clone, Debug, Default)]
pub struct HttpSettings {
    /// In front of every path.
    pub base_url: Option<Text>,
    /// Headers by name; `None` removes.
    pub headers: Vec<(Name, Option<Text>)>,
    /// How to sign in; `Some(None)` takes an outer one away.
    pub auth: Option<Option<Auth<Text>>>,
    /// Assertions on every response.
    pub assert: Vec<AssertionGroup>,
    /// The keys that make up a connection's settings, if any is written: few requests have their own.
    pub transport: Option<Box<TransportSettings>>,
}

/// Connection-level keys as written in one place.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "each field is the key of the same name, described in `keys::HTTP`")]
pub struct TransportSettings {
    pub timeout: Option<Duration>,
    pub connect_timeout: Option<Duration>,
    pub follow_redirects: Option<bool>,
    pub max_redirects: Option<u64>,
    pub redirect_headers: Option<&'static str>,
    pub cookies: Option<&'static str>,
    pub connections: Option<&'static str>,
    pub version: Option<&'static str>,
    pub compression: Option<bool>,
    pub tls_verify: Option<bool>,
    pub tls_ca_file: Option<Spanned<PathBuf>>,
    pub tls_cert_file: Option<Spanned<PathBuf>>,
    pub tls_key_file: Option<Spanned<PathBuf>>,
    pub tls_server_name: Option<Arc<str>>,
    pub tls_min_version: Option<&'static str>,
    pub proxy: Option<Option<Spanned<Arc<str>>>>,
    pub resolve: Vec<(Arc<str>, Spanned<Arc<str>>)>,
    pub source_address: Option<Spanned<std::net::IpAddr>>,
    pub max_body: Option<u64>,
    pub decompress_size: Option<u64>,
    pub decompress_ratio: Option<u64>,
    pub decompress_layers: Option<u64>,
    pub cache: Option<&'static str>,
    /// Where the first of these keys is, for findings about their combination.
    pub span: Option<Span>,
}

/// An HTTP request.
#[derive(Clone, Debug)]
pub struct HttpStep {
    /// The method.
    pub method: Arc<str>,
    /// Path or URL.
    pub url: Text,
    /// Query parameters.
    pub query: Vec<(Name, Node)>,
    /// The body.
    pub body: Option<BodySpec>,
    /// How the body is compressed: a word of `Content-Encoding`.
    pub compress_body: Option<Spanned<&'static str>>,
    /// How many embedded resources to fetch at a time, and how many a page may name.
    pub resources: Option<(u64, u64)>,
    /// Whether it opens a WebSocket.
    pub websocket: bool,
    /// Settings written on the request, but for its assertions.
    pub http: HttpSettings,
}

/// A request's body.
#[derive(Clone, Debug)]
pub enum BodySpec {
    /// YAML sent as JSON.
    Json(Node),
    /// Form fields.
    Form(Vec<(Name, Node)>),
    /// Text as it is.
    Text(Text),
    /// A file's bytes.
    File(FileRef),
    /// A GraphQL query, its variables and operation.
    Graphql(Text, Option<Node>, Option<Text>),
    /// Parts.
    Multipart(Vec<(Name, PartSpec)>),
}

/// A part of a multipart body.
#[derive(Clone, Debug)]
pub enum PartSpec {
    /// A field.
    Field(Text),
    /// A part with a type of its own, or a file.
    Typed {
        /// What is in it.
        content: PartContentSpec,
        /// Its Content-Type.
        content_type: Option<Text>,
        /// The file name to send.
        name: Option<Text>,
    },
}

/// What a part of a multipart body holds.
#[derive(Clone, Debug)]
pub enum PartContentSpec {
    /// A file's bytes.
    File(FileRef),
    /// Text as it is.
    Text(Text),
    /// A value, sent as JSON.
    Json(Node),
}

/// Each body that is written on a request.
pub(crate) fn bodies<'n>(fields: &Fields<'n>) -> impl Iterator<Item = &'n Entry> {
    ["json", "form", "body", "body_file", "graphql", "multipart"].iter().filter_map(|key| fields.entry(key))
}

impl Lower<'_> {
    /// The keys of `http` on the plan or a thread group.
    pub(crate) fn http_defaults(&mut self, node: &Node) -> Option<HttpSettings> {
        let fields = self.fields(node, &keys::HTTP)?;
        Some(self.http_settings(&fields, true))
    }

    /// The keys of `http`, wherever they are. A request's own assertions are read with the request.
    fn http_settings(&mut self, fields: &Fields<'_>, with_assertions: bool) -> HttpSettings {
        let assert = fields.get("assert").filter(|_| with_assertions);
        HttpSettings {
            base_url: fields.get("base_url").and_then(|node| self.text(node, "base_url")),
            headers: fields.get("headers").map_or_else(Vec::new, |node| self.headers(node)),
            auth: fields.get("auth").and_then(|node| self.auth(node)),
            assert: assert.map_or_else(Vec::new, |node| self.assertions(node)),
            transport: Some(self.transport(fields)).filter(|keys| *keys != TransportSettings::default()).map(Box::new),
        }
    }

    /// Those keys of `http` that a handshake has.
    pub(crate) fn handshake_settings(&mut self, fields: &Fields<'_>) -> HttpSettings {
        let timeout = fields.get("timeout").and_then(|node| self.some_time(node, "timeout"));
        let transport = timeout
            .map(|timeout| Box::new(TransportSettings { timeout: Some(timeout), ..TransportSettings::default() }));
        HttpSettings {
            headers: fields.get("headers").map_or_else(Vec::new, |node| self.headers(node)),
            auth: fields.get("auth").and_then(|node| self.auth(node)),
            transport,
            ..HttpSettings::default()
        }
    }

    fn headers(&mut self, node: &Node) -> Vec<(Name, Option<Text>)> {
        let Some(entries) = node.entries() else {
            self.wrong_type(node, "headers", "a map of names to values", Some("headers:\n  Accept: application/json"));
            return Vec::new();
        };
        let mut headers: Vec<(Name, Option<Text>)> = Vec::new();
        for entry in entries {
            if entry.value.is_blank() {
                continue;
            }
            if http::HeaderName::from_bytes(entry.key.as_bytes()).is_err() {
                self.report(
                    Diagnostic::error(entry.key_span, format!("`{}` cannot be a header's name", entry.key))
                        .help("header names are letters, digits and `-`, without spaces or colons"),
                );
                continue;
            }
            if let Some((first, _)) = headers.iter().find(|(name, _)| name.value.eq_ignore_ascii_case(&entry.key)) {
                let finding = Diagnostic::error(entry.key_span, format!("the header `{}` is written twice", entry.key))
                    .help("header names are not case-sensitive; keep one of them")
                    .related(first.span, "first written here");
                self.report(finding);
                continue;
            }
            let value = if entry.value.is_null() {
                None
            } else {
                self.text(&entry.value, &entry.key).map(Some).unwrap_or(None)
            };
            if value.is_none() && !entry.value.is_null() {
                continue;
            }
            headers.push((Spanned::new(entry.key.clone(), entry.key_span), value));
        }
        headers
    }

    fn auth(&mut self, node: &Node) -> Option<Option<Auth<Text>>> {
        if node.is_null() {
            return Some(None);
        }
        let fields = self.fields(node, &keys::AUTH)?;
        let ways: Vec<&Entry> = ["basic", "bearer", "digest"].iter().filter_map(|key| fields.entry(key)).collect();
        if let [_, second, ..] = ways.as_slice() {
            self.report(Diagnostic::error(second.key_span, "`auth` takes one way to sign in").help("keep one of them"));
        }
        let way = *ways.first()?;
        match &*way.key {
            "bearer" => Some(Some(Auth::Bearer(self.text(&way.value, "bearer")?))),
            kind => {
                let fields = self.fields(&way.value, if kind == "basic" { &keys::BASIC } else { &keys::DIGEST })?;
                let username = fields.get("username").and_then(|node| self.text(node, "username"));
                let password = fields.get("password").and_then(|node| self.text(node, "password"));
                let (username, password) = (username?, password?);
                Some(Some(if kind == "basic" {
                    Auth::Basic { username, password }
                } else {
                    Auth::Digest { username, password }
                }))
            }
        }
    }

    fn transport(&mut self, fields: &Fields<'_>) -> TransportSettings {
        let mut word = |key: &str| {
            let node = fields.get(key)?;
            self.word(node, keys::HTTP.key(key)?)
        };
        let (cookies, connections, version, cache, redirect_headers) =
            (word("cookies"), word("connections"), word("version"), word("cache"), word("redirect_headers"));
        if let (Some(most), Some(Some(false))) = (
            fields.entry("max_redirects"),
            fields.get("follow_redirects").map(|node| node.text().map(|text| &**text == "true")),
        ) {
            self.report(
                Diagnostic::warning(most.key_span, "`max_redirects` has no effect while `follow_redirects` is false")
                    .help("remove one of the two"),
            );
        }
        let mut settings = TransportSettings {
            timeout: fields.get("timeout").and_then(|node| self.some_time(node, "timeout")),
            connect_timeout: fields.get("connect_timeout").and_then(|node| self.some_time(node, "connect_timeout")),
            follow_redirects: fields.get("follow_redirects").and_then(|node| self.boolean(node, "follow_redirects")),
            max_redirects: fields.get("max_redirects").and_then(|node| self.count(node, "max_redirects", 0)),
            compression: fields.get("compression").and_then(|node| self.boolean(node, "compression")),
            source_address: fields.get("source_address").and_then(|node| self.address(node, "source_address")),
            max_body: fields.get("max_body").and_then(|node| self.size(node, "max_body")),
            proxy: fields.get("proxy").and_then(|node| self.proxy(node)),
            resolve: fields.get("resolve").map_or_else(Vec::new, |node| self.resolve(node)),
            span: fields.entry("tls").map(|entry| entry.key_span),
            cookies,
            connections,
            version,
            cache,
            redirect_headers,
            ..TransportSettings::default()
        };
        if let Some(node) = fields.get("decompression")
            && let Some(limits) = self.fields(node, &keys::DECOMPRESSION)
        {
            settings.decompress_size = limits.get("max_size").and_then(|node| self.size(node, "max_size"));
            settings.decompress_ratio = limits.get("max_ratio").and_then(|node| self.count(node, "max_ratio", 1));
            settings.decompress_layers = limits.get("max_layers").and_then(|node| self.count(node, "max_layers", 1));
        }
        if let Some(node) = fields.get("tls")
            && let Some(tls) = self.fields(node, &keys::TLS)
        {
            settings.tls_verify = tls.get("verify").and_then(|node| self.boolean(node, "verify"));
            settings.tls_ca_file = tls.get("ca_file").and_then(|node| self.path(node, "ca_file"));
            settings.tls_cert_file = tls.get("cert_file").and_then(|node| self.path(node, "cert_file"));
            settings.tls_key_file = tls.get("key_file").and_then(|node| self.path(node, "key_file"));
            settings.tls_server_name =
                tls.get("server_name").and_then(|node| self.known(node, "server_name", "a host's name", None));
            settings.tls_min_version =
                tls.get("min_version").and_then(|node| self.word(node, keys::TLS.key("min_version")?));
            for (one, other) in [("cert_file", "key_file"), ("key_file", "cert_file")] {
                if let (Some(entry), None) = (tls.entry(one), tls.entry(other)) {
                    self.report(
                        Diagnostic::error(entry.key_span, format!("`{one}` also needs `{other}`")).help(
                            "a client certificate is a certificate and its private key; both files may be the same",
                        ),
                    );
                }
            }
        }
        settings
    }

    fn proxy(&mut self, node: &Node) -> Option<Option<Spanned<Arc<str>>>> {
        if node.is_null() {
            return Some(None);
        }
        let text = self.known(node, "proxy", "a URL", Some("proxy: http://proxy.local:3128"))?;
        if &*text == "off" {
            return Some(None);
        }
        Some(Some(Spanned::new(text, node.span)))
    }

    fn resolve(&mut self, node: &Node) -> Vec<(Arc<str>, Spanned<Arc<str>>)> {
        let Some(entries) = node.entries() else {
            self.wrong_type(
                node,
                "resolve",
                "a map of host names to addresses",
                Some("resolve:\n  api.example: 127.0.0.1"),
            );
            return Vec::new();
        };
        entries
            .iter()
            .filter_map(|entry| {
                let address = self.known(&entry.value, &entry.key, "an address", None)?;
                let bare =
                    address.parse::<std::net::IpAddr>().is_ok() || address.parse::<std::net::SocketAddr>().is_ok();
                if !bare {
                    self.report(
                        Diagnostic::error(entry.value.span, format!("`{address}` is not an IP address"))
                            .help("write one such as 127.0.0.1, 127.0.0.1:8443 or ::1"),
                    );
                    return None;
                }
                if let Err(problem) = crate::uri::host_and_port(&entry.key) {
                    let help = problem.help_or(
                        "write a host name, with a port if only that port is meant: api.example or api.example:8443",
                    );
                    let message = format!("`resolve`: {}", problem.message);
                    self.report(Diagnostic::error(entry.key_span, message).help(help));
                    return None;
                }
                Some((entry.key.clone(), Spanned::new(address, entry.value.span)))
            })
            .collect()
    }

    /// A request; `kind` is its kind key.
    pub(crate) fn http_step(&mut self, kind: &Entry, fields: &Fields<'_>) -> Option<HttpStep> {
        let name = &*kind.key;
        let (method, url) = if name == "request" {
            let line = self.fields(&kind.value, &keys::REQUEST_LINE)?;
            let method = line.get("method").and_then(|node| self.name(node, "method"));
            let url = line.get("url").and_then(|node| self.text(node, "url"));
            let method = method?;
            if http::Method::from_bytes(method.value.as_bytes()).is_err() {
                self.report(
                    Diagnostic::error(method.span, format!("`{}` cannot be an HTTP method", method.value))
                        .help("write one word in capitals, for example PROPFIND"),
                );
                return None;
            }
            (method.value, url?)
        } else {
            (Arc::from(name.to_ascii_uppercase()), self.text(&kind.value, name)?)
        };
        Some(self.http_request(kind, method, url, fields))
    }

    /// The same with the method and URL that its kind key comes to.
    pub(crate) fn http_request(&mut self, kind: &Entry, method: Arc<str>, url: Text, fields: &Fields<'_>) -> HttpStep {
        if url.value.trim().is_empty() {
            self.report(
                Diagnostic::error(url.span, format!("`{}` has no path", kind.key))
                    .help("write a path such as /api/orders, or a whole URL"),
            );
        }
        let bodies: Vec<&Entry> = bodies(fields).collect();
        if let [first, second, ..] = bodies.as_slice() {
            self.report(
                Diagnostic::error(
                    second.key_span,
                    format!("a request has one body, but this one has `{}` and `{}`", first.key, second.key),
                )
                .help("keep one of them")
                .related(first.key_span, "the other body"),
            );
        }
        if let (Some(body), "GET" | "HEAD") = (bodies.first(), &*method) {
            self.report(
                Diagnostic::warning(
                    body.key_span,
                    format!("a {method} with a body is unusual, and many servers ignore it"),
                )
                .help("did you mean `post`, or `query` for parameters in the URL?"),
            );
        }
        let body = bodies.first().and_then(|entry| self.body(entry));
        let resources = fields.get("resources").and_then(|node| {
            let fields = self.fields(node, &keys::RESOURCES)?;
            let mut count = |key, usual| fields.get(key).map_or(Some(usual), |node| self.count(node, key, 1));
            count("parallel", 6).zip(count("max", 500))
        });
        let compress_body = fields.get("compress_body").and_then(|node| {
            let word = self.word(node, keys::REQUEST.key("compress_body")?)?;
            Some(Spanned::new(word, node.span))
        });
        if let (Some(word), None) = (&compress_body, bodies.first()) {
            self.report(
                Diagnostic::error(word.span, "`compress_body` has nothing to compress: the request has no body")
                    .help("add a body such as `json:`, or remove it"),
            );
        }
        HttpStep {
            method,
            url,
            query: fields.get("query").map_or_else(Vec::new, |node| self.values(node, "query")),
            body,
            compress_body,
            resources,
            websocket: false,
            http: self.http_settings(fields, false),
        }
    }

    fn body(&mut self, entry: &Entry) -> Option<BodySpec> {
        let node = &entry.value;
        Some(match &*entry.key {
            "json" => {
                self.no_json_text(node, "`body` with the header `Content-Type: application/json`");
                BodySpec::Json(node.clone())
            }
            "form" => BodySpec::Form(self.values(node, "form")),
            "body" if matches!(node.kind, NodeKind::Map(_) | NodeKind::List(_)) => {
                self.report(
                    Diagnostic::error(node.span, format!("`body` takes text, not {}", node.describe()))
                        .help("for JSON write `json:` instead of `body:`, for the fields of a form `form:`"),
                );
                return None;
            }
            "body" => BodySpec::Text(self.text(node, "body")?),
            "body_file" => BodySpec::File(self.file_ref(node, "body_file")?),
            "graphql" => {
                let fields = self.fields(node, &keys::GRAPHQL)?;
                let query = fields.get("query").and_then(|node| self.text(node, "query"))?;
                let operation = fields.get("operation_name").and_then(|node| self.text(node, "operation_name"));
                BodySpec::Graphql(query, fields.get("variables").cloned(), operation)
            }
            _ => BodySpec::Multipart(self.multipart(node)),
        })
    }

    fn multipart(&mut self, node: &Node) -> Vec<(Name, PartSpec)> {
        let mut parts = Vec::new();
        for (name, value) in self.values(node, "multipart") {
            match &value.kind {
                NodeKind::List(items) => {
                    for item in items {
                        parts.extend(self.part(&name, item).map(|part| (name.clone(), part)));
                    }
                }
                NodeKind::Scalar { .. } | NodeKind::Map(_) => {
                    parts.extend(self.part(&name, &value).map(|part| (name.clone(), part)))
                }
            }
        }
        parts
    }

    fn part(&mut self, name: &Name, node: &Node) -> Option<PartSpec> {
        if let NodeKind::Map(_) = &node.kind {
            let fields = self.fields(node, &keys::MULTIPART_PART)?;
            let given: Vec<&Entry> = ["file", "json", "value"].iter().filter_map(|key| fields.entry(key)).collect();
            match given.as_slice() {
                [_] => {}
                [] => self.report(
                    Diagnostic::error(node.span, format!("the part `{}` has no content", name.value))
                        .help("write `file:`, `json:` or `value:` in it"),
                ),
                [first, second, ..] => self.report(
                    Diagnostic::error(
                        second.key_span,
                        format!("a part has one content, but this one has `{}` and `{}`", first.key, second.key),
                    )
                    .help("keep one of them, or write two parts as a list")
                    .related(first.key_span, "the other content"),
                ),
            }
            let content = given.first().and_then(|entry| match &*entry.key {
                "file" => self.file_ref(&entry.value, "file").map(PartContentSpec::File),
                "json" => {
                    self.no_json_text(&entry.value, "`value` instead of `json`");
                    Some(PartContentSpec::Json(entry.value.clone()))
                }
                _ => self.text(&entry.value, "value").map(PartContentSpec::Text),
            });
            let content_type = fields.get("type").and_then(|node| self.text(node, "type"));
            let file_name = fields.get("name").and_then(|node| self.text(node, "name"));
            return Some(PartSpec::Typed { content: content?, content_type, name: file_name });
        }
        self.text(node, &name.value).map(PartSpec::Field)
    }
}
