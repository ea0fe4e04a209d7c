//! A request as this user sends it now: the node's templates become text, and what never changes is
//! made once for each thread.

mod body;
mod target;

use std::cell::RefCell;
use std::sync::Arc;

pub(crate) use body::file_bytes;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::client::{Auth, FixedHeaders, Request, Target};
use super::node::{Body, HttpNode};
use crate::failure::StepError;
use crate::graph::NodeId;
use crate::mask::{Masker, credentials_in};
use crate::protocols::sampler::{Sending, beginning, text};
use crate::template::{Scope, Template};

/// This many nodes of a plan have what never changes in their requests kept by each thread, some
/// 1.3 kB each; in a plan with more, the others make it again each time.
const KEPT: usize = 2048;

/// A thread's own copies of what never changes in the requests of each node. Counting the users of
/// one shared copy would make every thread wait for every other one's counting.
#[derive(Default)]
pub(crate) struct Fixed(RefCell<Vec<Parts>>);

/// What never changes in a node's requests.
#[derive(Clone, Default)]
struct Parts {
    target: Option<Arc<Target>>,
    headers: Option<Arc<FixedHeaders>>,
}

impl Fixed {
    /// Looks at what never changes in a node's requests, or notes it; not for nodes beyond those
    /// something is kept for.
    fn of<T>(&self, node: NodeId, look: impl FnOnce(&mut Parts) -> T) -> Option<T> {
        if node.index() >= KEPT {
            return None;
        }
        let mut parts = self.0.borrow_mut();
        if parts.len() <= node.index() {
            parts.resize_with(node.index() + 1, Parts::default);
        }
        Some(look(&mut parts[node.index()]))
    }
}

/// Makes the request of a node with the values of this moment.
///
/// # Errors
/// When a value is missing, a file cannot be read, or what comes out cannot be sent.
pub(crate) fn prepare(http: &HttpNode, sending: &Sending<'_>, scope: &mut dyn Scope) -> Result<Request, StepError> {
    let mut extra_headers = Vec::new();
    let body = match &http.body {
        Some(body) => body::make(body, http, scope, &mut extra_headers)?,
        None => Bytes::new(),
    };
    // The type of a multipart body holds its boundary, and is there already.
    let has_type = matches!(http.body.as_deref(), Some(Body::Multipart(_)));
    let target = target(http, sending, scope)?;
    for (name, template) in &http.headers[http.fixed_headers..] {
        if has_type && *name == header::CONTENT_TYPE {
            continue;
        }
        extra_headers.push((name.clone(), header_value(name, template, scope)?));
    }
    let headers = fixed_headers(http, sending, scope)?;
    let auth = http.auth.as_deref().map(|auth| auth.try_map(|template| text(scope, template))).transpose()?;
    Ok(Request {
        method: http.method.clone(),
        target,
        headers,
        extra_headers,
        body,
        auth,
        resources: http.resources,
        keep_body: sending.keep_body,
        measure_body: sending.measure_body,
        capture: sending.capture,
    })
}

fn target(http: &HttpNode, sending: &Sending<'_>, scope: &mut dyn Scope) -> Result<Arc<Target>, StepError> {
    if !http.fixed_target {
        return target::computed(http, scope).map(Arc::new);
    }
    if let Some(known) = sending.fixed.of(sending.node, |parts| parts.target.clone()).flatten() {
        return Ok(known);
    }
    let target = Arc::new(target::computed(http, scope)?);
    sending.fixed.of(sending.node, |parts| parts.target = Some(target.clone()));
    Ok(target)
}

/// The headers that never change: rendered once.
fn fixed_headers(
    http: &HttpNode,
    sending: &Sending<'_>,
    scope: &mut dyn Scope,
) -> Result<Arc<FixedHeaders>, StepError> {
    if let Some(known) = sending.fixed.of(sending.node, |parts| parts.headers.clone()).flatten() {
        return Ok(known);
    }
    let mut map = HeaderMap::with_capacity(http.fixed_headers);
    for (name, template) in &http.headers[..http.fixed_headers] {
        map.insert(name.clone(), header_value(name, template, scope)?);
    }
    let headers = Arc::new(FixedHeaders::new(map, http.spelled.clone(), http.secret_headers.clone()));
    sending.fixed.of(sending.node, |parts| parts.headers = Some(headers.clone()));
    Ok(headers)
}

fn header_value(name: &HeaderName, template: &Template, scope: &mut dyn Scope) -> Result<HeaderValue, StepError> {
    let text = text(scope, template)?;
    let no_header = |_| {
        StepError::new(format!(
            "the header `{name}` would contain a line break or another character that is not allowed in a header"
        ))
    };
    HeaderValue::try_from(text).map_err(no_header)
}

/// Every credential of a request, wherever it is: a target may send it back in its response.
pub(crate) fn credentials(request: &Request, values: &mut Vec<String>) {
    let lines = request.headers.iter().chain(request.extra_headers.iter().map(|(name, value)| (name, value)));
    for (name, value) in lines {
        credentials_in(name, &String::from_utf8_lossy(value.as_bytes()), values);
    }
    match &request.auth {
        Some(Auth::Bearer(token)) => values.push(token.clone()),
        Some(Auth::Basic { username, password } | Auth::Digest { username, password }) => {
            values.push(format!("{username}:{password}"));
            values.push(password.clone());
        }
        None => {}
    }
    values.extend(request.target.credentials());
}

/// A request as it was sent, for examples.
pub(crate) fn shown(sent: &Request, masker: &Masker) -> String {
    let mut text = format!("{} {}\n{}", sent.method, masker.url(sent.target.as_str()), masker.headers(&sent.headers));
    let extra: HeaderMap = sent.extra_headers.iter().cloned().collect();
    text.push_str(&masker.headers(&extra));
    if !sent.body.is_empty() {
        text.push('\n');
        text.push_str(&beginning(&sent.body, masker));
    }
    text
}
