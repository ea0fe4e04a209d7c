//! The head of a request as it goes over the wire.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use http::header::Entry;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
    CONTENT_LOCATION, CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION, RANGE,
    TRANSFER_ENCODING, USER_AGENT,
};
use http::uri::Authority;
use http::{HeaderMap, Method};

use super::conn::{Answer, Outgoing, Peer};
use super::connect::Transport;
use super::redirect::Next;
use super::request::Request;
use super::settings::{Connections, RedirectHeaders, Settings};
use super::target::Target;

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
    /// `Host`, `auth` and headers that hold or are called a credential stay back when a redirect leaves
    /// the origin.
    pub(super) credentials: bool,
}

impl Hop {
    /// Whether this is the request as the plan has it, not what a redirect or a page led to.
    pub(super) fn is_first(&self, request: &Request) -> bool {
        self.sends_body && self.credentials && Arc::ptr_eq(&self.target, &request.target)
    }

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

    fn lets_through(&self, name: &HeaderName, request: &Request, settings: &Settings) -> bool {
        // The length is always the body's own.
        if *name == CONTENT_LENGTH {
            return false;
        }
        if !self.sends_body
            && [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LOCATION, TRANSFER_ENCODING].contains(name)
        {
            return false;
        }
        if self.credentials {
            return true;
        }
        // RFC 9110 §15.4: what belongs to the first request's server is omitted or made again.
        ![AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION].contains(name)
            && (settings.redirect_headers == RedirectHeaders::All || !request.headers.is_credential(name))
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
    for (name, value) in request.headers.iter().filter(|(name, _)| hop.lets_through(name, request, settings)) {
        if *name == HOST && !own_host {
            own_host = true;
            headers.insert(HOST, value.clone());
        } else {
            headers.append(name.clone(), value.clone());
        }
    }
    for (index, (name, value)) in request.extra_headers.iter().enumerate() {
        if !hop.lets_through(name, request, settings) {
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
    if let Some(length) = length(request, hop)
        && !headers.contains_key(TRANSFER_ENCODING)
    {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    headers
}

/// What `Content-Length` has to say, if it has to be there.
pub(super) fn length(request: &Request, hop: &Hop) -> Option<usize> {
    let length = hop.body(request).len();
    let expects_body = matches!(hop.method, Method::POST | Method::PUT | Method::PATCH);
    (length > 0 || expects_body).then_some(length)
}

/// A request as it goes over an HTTP/1 connection.
pub(super) struct Wire {
    pub(super) head: Lines,
    pub(super) body: Bytes,
    /// What comes after the body of a chunked request.
    pub(super) tail: &'static [u8],
    /// Whether the request asks the server to close the connection.
    pub(super) closing: bool,
}

/// Request line and headers with the empty line.
pub(super) enum Lines {
    /// The same as before.
    Known(Rc<[u8]>),
    /// Made for this request.
    Own(Vec<u8>),
}

impl Lines {
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Known(bytes) => bytes,
            Self::Own(bytes) => bytes,
        }
    }
}

impl Wire {
    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        self.head.bytes().len() + self.body.len() + self.tail.len()
    }

    /// Head, body and tail without what is sent already.
    pub(super) fn parts(&self, sent: usize) -> [&[u8]; 3] {
        let mut sent = sent;
        [self.head.bytes(), &*self.body, self.tail].map(|part| {
            let gone = sent.min(part.len());
            sent -= gone;
            &part[gone..]
        })
    }
}

/// The request as HTTP/1 sends it.
pub(super) fn http1(request: &Request, hop: &Hop, mut headers: HeaderMap, transport: &Transport) -> Wire {
    let body = hop.body(request).clone();
    let absolute;
    let path = match transport.forward_proxy(hop.target.origin()) {
        Some(proxy) => {
            if let Some(authorization) = &proxy.authorization {
                headers.entry(PROXY_AUTHORIZATION).or_insert(authorization.clone());
            }
            absolute = hop.target.absolute_form(None).to_string();
            &absolute
        }
        None => hop.target.path(),
    };
    let mut chunked = false;
    if body.is_empty() {
        headers.remove(TRANSFER_ENCODING);
    } else if let Entry::Occupied(mut encodings) = headers.entry(TRANSFER_ENCODING) {
        // A request's last encoding has to be `chunked`, or the server could not find its end.
        let last = encodings.iter().next_back().map(|last| last.as_bytes().to_vec()).unwrap_or_default();
        let named = last.rsplit(|byte| *byte == b',').next().unwrap_or_default().trim_ascii();
        if !named.eq_ignore_ascii_case(b"chunked") {
            encodings.append(HeaderValue::from_static("chunked"));
        }
        chunked = true;
    }
    let mut head = Vec::with_capacity(path.len() + 64 + headers.len() * 48);
    for part in [hop.method.as_str(), " ", path, " HTTP/1.1\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
    for (name, value) in &headers {
        write_line(request.headers.spell(name), value.as_bytes(), &mut head);
    }
    head.extend_from_slice(b"\r\n");
    let mut tail: &[u8] = b"";
    if chunked {
        head.extend_from_slice(format!("{:X}\r\n", body.len()).as_bytes());
        tail = b"\r\n0\r\n\r\n";
    }
    Wire { head: Lines::Own(head), body, tail, closing: says_close(&headers) }
}

pub(super) fn write_line(name: &str, value: &[u8], head: &mut Vec<u8>) {
    for part in [name.as_bytes(), b": ", value, b"\r\n"] {
        head.extend_from_slice(part);
    }
}

fn says_close(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|word| word.trim_ascii().eq_ignore_ascii_case(b"close"))
}

/// The request as HTTP/2 wants it.
pub(super) fn http2(request: &Request, hop: &Hop, mut headers: HeaderMap) -> http::Request<Outgoing> {
    // The host travels in the URL; a written `Host` takes its place there.
    let host = headers.remove(HOST).filter(|host| host != hop.target.host_header());
    let mut wire = http::Request::new(Outgoing::new(hop.body(request).clone()));
    *wire.method_mut() = hop.method.clone();
    *wire.uri_mut() = hop.target.absolute_form(host.and_then(|host| Authority::try_from(host.as_bytes()).ok()));
    *wire.headers_mut() = headers;
    wire
}

impl crate::exchange::HttpEntry {
    /// Takes down what came back.
    pub(super) fn answered(&mut self, answer: &Answer) {
        self.status = Some(answer.status.as_u16());
        self.response_headers = (*answer.headers).clone();
    }
}

/// What is shown of a request.
pub(super) fn capture(
    hop: &Hop,
    headers: HeaderMap,
    body: &Bytes,
    peer: &Peer,
    transport: &Transport,
) -> crate::exchange::HttpEntry {
    crate::exchange::HttpEntry {
        method: hop.method.to_string(),
        url: hop.target.as_str().to_owned(),
        request_headers: headers,
        request_body: body.clone(),
        remote: Some(peer.remote),
        proxy: transport.proxy_name(hop.target.origin()),
        tls: peer.tls.clone(),
        status: None,
        response_headers: HeaderMap::new(),
    }
}
