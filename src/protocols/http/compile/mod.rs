//! HTTP requests: settings of plan, group and request laid over each other, everything compiled.

mod declared;
mod redirects;
mod urls;

use std::sync::Arc;

use ::http::{HeaderName, Method};

use super::node::{Body, FileSource, HttpNode, Part, PartContent};
use super::plan::{BodySpec, HttpSettings, HttpStep, PartContentSpec, PartSpec, TransportSettings};
use crate::diagnostic::Span;
use crate::graph::{Build, Compiled, Context, JsonTemplate, NodeId, TransportId};
use crate::plan::{AssertionGroup, ExtractorSpec, FileRef, Name, Step, Text};
use crate::protocols::http::client::body::Coding;
use crate::protocols::http::client::{
    CacheScope, Connections, HttpVersion, KeptFor, ProxyEnvironment, ProxySetting, RedirectHeaders, Resources,
    Settings, TlsVersion, Transport, Unusable, spellings,
};
use crate::sanitize::shown_path;
use crate::template::{Template, Tree};

/// Files that are sent whole are read before the run up to this size, in bytes; larger ones would
/// be held for the whole run, which a plan should say by another way than by accident.
pub(crate) const MAX_SENT_FILE: u64 = 256 * 1024 * 1024;

impl Build<'_> {
    /// Compiles an HTTP request.
    pub(crate) fn http(&mut self, step: &HttpStep, outer: &Step, id: NodeId, context: &Context) -> Option<HttpNode> {
        let plan = self.plan;
        let group = context.group.map(|group| &plan.groups[group.index()].defaults.http);
        let layers: Vec<&HttpSettings> =
            std::iter::once(&plan.defaults.http).chain(group).chain([&step.http]).collect();
        let earned: Vec<&HttpSettings> =
            if context.earned { layers.clone() } else { vec![&plan.defaults.http, &step.http] };
        self.http_of(step, &layers, &earned, outer.span, id)
    }

    /// Compiles an HTTP request with these settings, from the outermost to its own. Headers and
    /// `auth` are those of `earned`.
    pub(crate) fn http_of(
        &mut self,
        step: &HttpStep,
        layers: &[&HttpSettings],
        earned: &[&HttpSettings],
        span: Span,
        id: NodeId,
    ) -> Option<HttpNode> {
        let base = layers.iter().rev().find_map(|layer| layer.base_url.as_ref());
        let url = self.sent(&step.url, Some(id));
        let base_url = base.map(|base| self.sent(base, Some(id)));
        let query: Vec<_> =
            step.query.iter().map(|(name, yaml)| (name.value.clone(), self.sent_tree(yaml, Some(id)))).collect();
        let merged = merged_headers(earned);
        let headers = self.headers(&merged, id);
        self.check_declared(step, &merged);
        let spelled = spellings(merged.iter().map(|(name, _)| &*name.value));
        let body = step.body.as_ref().map(|body| self.body(body, id));
        let auth = earned.iter().rev().find_map(|layer| layer.auth.as_ref()).and_then(Option::as_ref);
        let compiled = |text: &Text| self.sent(text, Some(id)).map(|compiled| compiled.template).ok_or(());
        let auth = auth.map(|auth| auth.try_map(compiled).ok());
        let transport = self.transport(layers, step.websocket, span);

        let url = url?;
        let base_url = match base_url {
            Some(compiled) => Some(compiled?),
            None => None,
        };
        if !self.check_target(step, &url, base.zip(base_url.as_ref())) {
            return None;
        }
        let mut fixed_target = url.fixed && base_url.as_ref().is_none_or(|base| base.fixed);
        let mut queries = Vec::new();
        for (name, tree) in query {
            let (tree, fixed) = tree?;
            fixed_target &= fixed;
            queries.push((name, tree));
        }
        let is_fixed = |compiled: &Option<Compiled>| compiled.as_ref().is_some_and(|one| one.fixed);
        let fixed_headers = headers.iter().filter(|(_, compiled)| is_fixed(compiled)).count();
        let mut headers = headers;
        headers.sort_by_key(|(_, compiled)| !is_fixed(compiled));
        let headers: Option<Vec<(HeaderName, Template)>> =
            headers.into_iter().map(|(name, compiled)| Some((name, compiled?.template))).collect();
        Some(HttpNode {
            method: Method::from_bytes(step.method.as_bytes()).ok()?,
            url: url.template,
            base_url: base_url.map(|base| base.template),
            query: queries,
            fixed_target,
            websocket: step.websocket,
            headers: headers?,
            spelled,
            secret_headers: Vec::new(),
            compress_body: step
                .compress_body
                .as_ref()
                .and_then(|word| Coding::ALL.into_iter().find(|coding| coding.word() == word.value)),
            fixed_headers,
            body: match body {
                Some(body) => Some(Box::new(body?)),
                None => None,
            },
            transport: transport?,
            auth: match auth {
                Some(auth) => Some(Box::new(auth?)),
                None => None,
            },
            resources: step
                .resources
                .map(|(parallel, max)| Resources { parallel: parallel as usize, max: max as usize }),
        })
    }

    /// Checks what is asked of a response against what will come.
    pub(crate) fn check_http(
        &mut self,
        step: &HttpStep,
        node: &HttpNode,
        extract: &[ExtractorSpec],
        groups: &[(&AssertionGroup, Vec<usize>)],
    ) {
        if self.transports[node.transport.index()].follow_redirects {
            self.followed_redirects(step, extract, groups);
        }
    }

    fn headers(&mut self, merged: &[(&Name, &Text)], id: NodeId) -> Vec<(HeaderName, Option<Compiled>)> {
        merged
            .iter()
            .filter_map(|(name, value)| {
                let compiled = self.sent(value, Some(id));
                if let Some(literal) = compiled.as_ref().and_then(|one| one.template.literal())
                    && ::http::HeaderValue::from_str(literal).is_err()
                    && ::http::HeaderValue::from_bytes(literal.as_bytes()).is_err()
                {
                    self.error(
                        value.span,
                        format!("`{}` contains a character that is not allowed in a header", name.value),
                        "remove line breaks and control characters",
                    );
                }
                Some((HeaderName::from_bytes(name.value.as_bytes()).ok()?, compiled))
            })
            .collect()
    }

    fn body(&mut self, body: &BodySpec, id: NodeId) -> Option<Body> {
        Some(match body {
            BodySpec::Json(yaml) => Body::Json(JsonTemplate::new(self.sent_tree(yaml, Some(id))?.0)),
            BodySpec::Form(fields) => {
                let fields: Vec<_> =
                    fields.iter().map(|(name, yaml)| (name.value.clone(), self.sent_tree(yaml, Some(id)))).collect();
                Body::Form(fields.into_iter().map(|(name, tree)| Some((name, tree?.0))).collect::<Option<_>>()?)
            }
            BodySpec::Text(text) => Body::Text(self.sent(text, Some(id))?.template),
            BodySpec::File(file) => Body::File(self.file(file, id)?),
            BodySpec::Graphql(query, variables, operation) => {
                let mut map: Vec<(Arc<str>, Tree)> = Vec::new();
                let query = self.text(query, Some(id)).map(|compiled| text_tree(compiled.template));
                let variables = variables.as_ref().map(|yaml| self.sent_tree(yaml, Some(id)));
                let operation = operation.as_ref().map(|text| self.text(text, Some(id)));
                map.push(("query".into(), query?));
                if let Some(variables) = variables {
                    map.push(("variables".into(), variables?.0));
                }
                if let Some(operation) = operation {
                    map.push(("operationName".into(), text_tree(operation?.template)));
                }
                Body::Json(JsonTemplate::new(Tree::Map(map)))
            }
            BodySpec::Multipart(parts) => {
                let parts: Vec<_> =
                    parts.iter().map(|(name, part)| (name.value.clone(), self.part(part, id))).collect();
                Body::Multipart(parts.into_iter().map(|(name, part)| Some((name, part?))).collect::<Option<_>>()?)
            }
        })
    }

    fn part(&mut self, part: &PartSpec, id: NodeId) -> Option<Part> {
        let (content, content_type, name) = match part {
            PartSpec::Field(text) => return Some(Part::Field(self.sent(text, Some(id))?.template)),
            PartSpec::Typed { content, content_type, name } => (content, content_type, name),
        };
        let usual_type = match content {
            PartContentSpec::File(file) => {
                let path = std::path::Path::new(&*file.path.value);
                Some(Template::from_literal(mime_guess::from_path(path).first_or_octet_stream().to_string()))
            }
            PartContentSpec::Json(_) => Some(Template::from_literal("application/json")),
            PartContentSpec::Text(_) => None,
        };
        let name = match (name, content) {
            (Some(text), _) => self.text(text, Some(id)).map(|compiled| Some(compiled.template)),
            (None, PartContentSpec::File(file)) => self.own_name(file, id).map(Some),
            (None, PartContentSpec::Json(_) | PartContentSpec::Text(_)) => Some(None),
        };
        let content_type = match content_type {
            Some(text) => self.text(text, Some(id)).map(|compiled| Some(compiled.template)),
            None => Some(usual_type),
        };
        let content = match content {
            PartContentSpec::File(file) => self.file(file, id).map(PartContent::File),
            PartContentSpec::Json(yaml) => {
                self.sent_tree(yaml, Some(id)).map(|(tree, _)| PartContent::Json(JsonTemplate::new(tree)))
            }
            PartContentSpec::Text(text) => {
                self.sent(text, Some(id)).map(|compiled| PartContent::Text(compiled.template))
            }
        };
        Some(Part::Typed { content: content?, content_type: content_type?, file_name: name? })
    }

    /// The last piece of a file's path, which is sent as its name.
    fn own_name(&mut self, file: &FileRef, id: NodeId) -> Option<Template> {
        let path = std::path::Path::new(&*file.path.value);
        let own = path.file_name().map_or_else(|| file.path.value.to_string(), |name| name.to_string_lossy().into());
        if own.contains("${") {
            return self.text(&Text::new(own.into(), file.path.span), Some(id)).map(|compiled| compiled.template);
        }
        Some(Template::from_literal(own))
    }

    pub(crate) fn file(&mut self, file: &FileRef, id: NodeId) -> Option<FileSource> {
        let compiled = self.text(&file.path, Some(id))?;
        let Some(literal) = compiled.template.literal() else {
            return Some(FileSource::Named(compiled.template, file.folder.clone()));
        };
        let path = file.folder.join(literal);
        let size = std::fs::metadata(&path).map_or(0, |meta| meta.len());
        if size > MAX_SENT_FILE {
            self.error(
                file.path.span,
                format!("{} is too large to send: {size} bytes, at most {MAX_SENT_FILE}", shown_path(&path)),
                "send a smaller file",
            );
            return None;
        }
        match std::fs::read(&path) {
            Ok(bytes) => Some(FileSource::Read(bytes.into())),
            Err(error) => {
                self.error(
                    file.path.span,
                    format!("{} cannot be read: {error}", shown_path(&path)),
                    "check the file's permissions",
                );
                None
            }
        }
    }

    /// The connection-level settings of a request; each combination is kept once.
    fn transport(&mut self, layers: &[&HttpSettings], websocket: bool, span: Span) -> Option<TransportId> {
        let mut settings = Settings::default();
        let mut at = span;
        for written in layers.iter().filter_map(|layer| layer.transport.as_ref()) {
            apply(&mut settings, written);
            at = written.span.unwrap_or(at);
        }
        if websocket {
            // A connection of its own, which becomes another protocol's.
            settings.version = HttpVersion::Http1;
            settings.connections = Connections::Request;
            settings.cache = CacheScope::Off;
            settings.tunnel = true;
        }
        if let Some(known) = self.transports.iter().position(|known| *known == settings) {
            return Some(TransportId(known as u32));
        }
        if let Err(unusable) = Transport::new(settings.clone(), &ProxyEnvironment::default()) {
            let proxy = layers.iter().rev().find_map(|layer| layer.transport.as_ref()?.proxy.as_ref()?.as_ref());
            let at = match (&unusable, proxy) {
                (Unusable::Proxy(_), Some(proxy)) => proxy.span,
                (Unusable::Proxy(_) | Unusable::Tls(_) | Unusable::Resolve(_), _) => at,
            };
            let problem = unusable.into_problem();
            if !self.findings.iter().any(|finding| finding.message == problem.message) {
                let help = problem.help_or("check the setting and the file it names");
                self.error(at, problem.message.as_str(), help);
            }
            return None;
        }
        self.transports.push(settings);
        Some(TransportId(self.transports.len() as u32 - 1))
    }
}

/// The headers of all layers; one further in replaces, or with `null` removes, those of its name.
fn merged_headers<'a>(layers: &[&'a HttpSettings]) -> Vec<(&'a Name, &'a Text)> {
    let mut merged: Vec<(&Name, &Text)> = Vec::new();
    for layer in layers {
        for (name, value) in &layer.headers {
            merged.retain(|(known, _)| !known.value.eq_ignore_ascii_case(&name.value));
            merged.extend(value.as_ref().map(|value| (name, value)));
        }
    }
    merged
}

/// A text as a tree.
fn text_tree(template: Template) -> Tree {
    match template.literal() {
        Some(text) => Tree::Literal(crate::value::Value::text(text)),
        None => Tree::Template(template),
    }
}

fn apply(settings: &mut Settings, over: &TransportSettings) {
    fn put<T>(into: &mut T, value: Option<T>) {
        if let Some(value) = value {
            *into = value;
        }
    }
    put(&mut settings.timeout, over.timeout);
    put(&mut settings.connect_timeout, over.connect_timeout);
    put(&mut settings.follow_redirects, over.follow_redirects);
    put(&mut settings.max_redirects, over.max_redirects.map(|count| u32::try_from(count).unwrap_or(u32::MAX)));
    put(&mut settings.compression, over.compression);
    put(&mut settings.max_body, over.max_body);
    put(&mut settings.decompression.max_size, over.decompress_size);
    put(&mut settings.decompression.max_ratio, over.decompress_ratio);
    put(
        &mut settings.decompression.max_layers,
        over.decompress_layers.map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
    );
    put(&mut settings.tls.verify, over.tls_verify);
    let path =
        |path: &Option<crate::plan::Spanned<std::path::PathBuf>>| path.as_ref().map(|path| Some(path.value.clone()));
    put(&mut settings.tls.ca_file, path(&over.tls_ca_file));
    put(&mut settings.tls.cert_file, path(&over.tls_cert_file));
    put(&mut settings.tls.key_file, path(&over.tls_key_file));
    put(&mut settings.tls.server_name, over.tls_server_name.as_ref().map(|name| Some(name.to_string())));
    put(
        &mut settings.tls.min_version,
        over.tls_min_version.map(|version| Some(if version == "1.3" { TlsVersion::Tls13 } else { TlsVersion::Tls12 })),
    );
    put(&mut settings.source_address, over.source_address.map(|address| Some(address.value)));
    put(
        &mut settings.proxy,
        over.proxy.as_ref().map(|proxy| match proxy {
            Some(url) => ProxySetting::Url(url.value.to_string()),
            None => ProxySetting::Off,
        }),
    );
    put(
        &mut settings.cookies,
        over.cookies.map(|word| match word {
            "iteration" => KeptFor::Iteration,
            "off" => KeptFor::Off,
            _ => KeptFor::User,
        }),
    );
    put(
        &mut settings.connections,
        over.connections.map(|word| match word {
            "iteration" => Connections::Iteration,
            "request" => Connections::Request,
            _ => Connections::User,
        }),
    );
    put(
        &mut settings.version,
        over.version.map(|word| match word {
            "1.1" => HttpVersion::Http1,
            "2" => HttpVersion::Http2,
            _ => HttpVersion::Auto,
        }),
    );
    put(
        &mut settings.redirect_headers,
        over.redirect_headers.map(|word| match word {
            "all" => RedirectHeaders::All,
            _ => RedirectHeaders::Safe,
        }),
    );
    put(
        &mut settings.cache,
        over.cache.map(|word| match word {
            "user" => CacheScope::User,
            "iteration" => CacheScope::Iteration,
            _ => CacheScope::Off,
        }),
    );
    for (host, address) in &over.resolve {
        settings.resolve.retain(|(known, _)| **known != **host);
        settings.resolve.push((host.to_string(), address.value.to_string()));
    }
}
