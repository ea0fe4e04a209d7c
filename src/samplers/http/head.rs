//! The head of a request as it goes over the wire.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_LOCATION, CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION, RANGE,
    TRANSFER_ENCODING, USER_AGENT,
};
use http::uri::Authority;
use http::{HeaderMap, Method};

use super::conn::{Outgoing, Peer};
use super::connect::Transport;
use super::redirect::Next;
use super::settings::{Connections, Settings};
use super::target::Target;
use super::user::Request;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("loadplan/", env!("CARGO_PKG_VERSION")));
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");
const ENCODINGS: HeaderValue = HeaderValue::from_static("gzip, deflate, br, zstd");
const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// One request of a chain of redirects.
#[derive(Debug)]
pub(super) struct Hop {
    pub(super) method: Method,
    pub(super) target: Arc<Target>,
    /// Whether body and content headers are sent.
    sends_body: bool,
    /// Whether the plan's credentials are meant for this server: `Authorization`, `Cookie`,
    /// `Host` and `auth` stay behind when a redirect leaves the origin.
    pub(super) credentials: bool,
}

impl Hop {
    /// The request as the plan has it.
    pub(super) fn first(request: &Request) -> Self {
        Self {
            method: request.method.clone(),
            target: Arc::clone(&request.target),
            sends_body: true,
            credentials: true,
        }
    }

    /// A resource of the page that `request` brought.
    pub(super) fn resource(request: &Request, target: Arc<Target>, page: &Target) -> Self {
        let same_origin = target.origin() == page.origin() && target.origin() == request.target.origin();
        Self { method: Method::GET, target, sends_body: false, credentials: same_origin }
    }

    /// Goes on where a redirect leads.
    pub(super) fn redirect(&mut self, next: Next) {
        self.method = next.method;
        self.target = Arc::new(next.target);
        self.sends_body &= next.keeps_body;
        // Once left, an origin's credentials do not come back with a later hop.
        self.credentials &= next.same_origin;
    }

    pub(super) fn body<'a>(&self, request: &'a Request) -> &'a Bytes {
        static EMPTY: Bytes = Bytes::new();
        if self.sends_body { &request.body } else { &EMPTY }
    }

    fn lets_through(&self, name: &HeaderName) -> bool {
        // The length is always the body's own.
        if *name == CONTENT_LENGTH {
            return false;
        }
        if !self.sends_body
            && [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, TRANSFER_ENCODING].contains(name)
        {
            return false;
        }
        self.credentials || ![AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION].contains(name)
    }
}

/// All headers of a request. What the plan writes wins over every default.
pub(super) fn headers(
    request: &Request,
    hop: &Hop,
    auth: Option<HeaderValue>,
    cookies: Option<String>,
    settings: &Settings,
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(request.headers.len() + request.extra_headers.len() + 8);
    headers.insert(HOST, hop.target.host_header().clone());
    let mut own_host = false;
    for (name, value) in request.headers.iter().filter(|(name, _)| hop.lets_through(name)) {
        if *name == HOST && !own_host {
            own_host = true;
            headers.insert(HOST, value.clone());
        } else {
            headers.append(name.clone(), value.clone());
        }
    }
    for (index, (name, value)) in request.extra_headers.iter().enumerate() {
        if !hop.lets_through(name) {
            continue;
        }
        if request.extra_headers[..index].iter().any(|(earlier, _)| earlier == name) {
            headers.append(name.clone(), value.clone());
        } else {
            headers.insert(name.clone(), value.clone());
        }
    }

    if let Some(auth) = auth.or_else(|| hop.target.userinfo().cloned()) {
        headers.entry(AUTHORIZATION).or_insert(auth);
    }
    if let Some(mut cookies) = cookies {
        if let Some(written) = headers.get(COOKIE) {
            cookies.push_str("; ");
            cookies.push_str(&String::from_utf8_lossy(written.as_bytes()));
        }
        if let Ok(value) = HeaderValue::try_from(cookies) {
            headers.insert(COOKIE, value);
        }
    }
    headers.entry(USER_AGENT).or_insert(AGENT);
    headers.entry(ACCEPT).or_insert(ANYTHING);
    // A range of an encoded body cannot be decoded.
    if settings.compression && !headers.contains_key(RANGE) {
        headers.entry(ACCEPT_ENCODING).or_insert(ENCODINGS);
    }
    if settings.connections == Connections::Request {
        // Says who closes: the ports in TIME_WAIT then pile up at the server, as with a browser
        // that is closed, and not at the load generator.
        headers.entry(CONNECTION).or_insert(CLOSE);
    }
    let length = hop.body(request).len();
    let expects_body = matches!(hop.method, Method::POST | Method::PUT | Method::PATCH);
    if (length > 0 || expects_body) && !headers.contains_key(TRANSFER_ENCODING) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    headers
}

/// The request as the connection wants it.
pub(super) fn request(
    request: &Request,
    hop: &Hop,
    mut headers: HeaderMap,
    transport: &Transport,
    http2: bool,
) -> http::Request<Outgoing> {
    let uri = if http2 {
        // The host travels in the URL; a written `Host` takes its place there.
        let host = headers.remove(HOST).filter(|host| host != hop.target.host_header());
        hop.target.absolute_form(host.and_then(|host| Authority::try_from(host.as_bytes()).ok()))
    } else if let Some(proxy) = transport.forward_proxy(hop.target.origin()) {
        if let Some(authorization) = &proxy.authorization {
            headers.entry(PROXY_AUTHORIZATION).or_insert(authorization.clone());
        }
        hop.target.absolute_form(None)
    } else {
        hop.target.origin_form()
    };
    let mut wire = http::Request::new(Outgoing::new(hop.body(request).clone()));
    *wire.method_mut() = hop.method.clone();
    *wire.uri_mut() = uri;
    *wire.headers_mut() = headers;
    wire
}

/// What is shown of a request.
pub(super) fn capture(hop: &Hop, headers: &HeaderMap, body: &Bytes, peer: &Peer) -> crate::samplers::Hop {
    crate::samplers::Hop {
        method: hop.method.to_string(),
        url: hop.target.as_str().to_owned(),
        request_headers: headers.clone(),
        request_body: body.clone(),
        remote: Some(peer.remote),
        tls: peer.tls.clone(),
        status: None,
        response_headers: HeaderMap::new(),
    }
}
