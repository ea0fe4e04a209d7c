//! Heads of requests that were written before.
//!
//! A plan sends the same few requests again and again, and most of a head is the same every
//! time. What stays is kept as bytes; what changes (a token, a cookie, a length) is added as
//! lines of its own.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, HeaderName, HeaderValue, RANGE, TRANSFER_ENCODING,
};
use http::{HeaderMap, Method};

use super::connect::Transport;
use super::head::{self, Hop, Lines, Wire};
use super::request::Request;
use super::spelling::FixedHeaders;
use super::target::Target;

/// How many heads a thread keeps.
const SLOTS: usize = 64;

thread_local! {
    /// Each thread has its own, so that finding one touches no counter that threads share.
    static KNOWN: RefCell<[Option<CachedHead>; SLOTS]> = const { RefCell::new([const { None }; SLOTS]) };
}

/// The part of a head that stays, and what it was made from. Holding that keeps its addresses
/// from being used for something else.
struct CachedHead {
    transport: Arc<Transport>,
    target: Arc<Target>,
    headers: Arc<FixedHeaders>,
    method: Method,
    /// All headers in it, defaults included.
    all: HeaderMap,
    lines: Rc<[u8]>,
    closing: bool,
}

impl CachedHead {
    fn is_for(&self, request: &Request, transport: &Arc<Transport>) -> bool {
        Arc::ptr_eq(&self.target, &request.target)
            && Arc::ptr_eq(&self.headers, &request.headers)
            && Arc::ptr_eq(&self.transport, transport)
            && self.method == request.method
    }

    fn new(request: &Request, transport: &Arc<Transport>) -> Self {
        let bare = Request {
            headers: Arc::clone(&request.headers),
            ..Request::new(request.method.clone(), Arc::clone(&request.target))
        };
        let hop = Hop::first(&bare);
        let mut all = head::headers(&bare, &hop, None, None, transport.settings());
        // It is a line of its own.
        all.remove(CONTENT_LENGTH);
        let wire = head::http1(&bare, &hop, all.clone(), transport);
        Self {
            transport: Arc::clone(transport),
            target: bare.target,
            headers: bare.headers,
            method: bare.method,
            all,
            closing: wire.closing,
            lines: wire.head.bytes().into(),
        }
    }

    /// The whole request, if what is added to the head leaves the rest of it as it is.
    fn wire(&self, request: &Request, hop: &Hop, auth: Option<&HeaderValue>, cookies: Option<&str>) -> Option<Wire> {
        let extra = &request.extra_headers;
        let adds =
            |name: &HeaderName| ![RANGE, CONNECTION, TRANSFER_ENCODING].contains(name) && !self.all.contains_key(name);
        let written = |name: HeaderName| self.all.contains_key(&name) || extra.iter().any(|(other, _)| *other == name);
        let length = head::length(request, hop);
        let fits = extra.iter().all(|(name, _)| *name == CONTENT_LENGTH || adds(name))
            && (cookies.is_none() || !written(COOKIE))
            && (length.is_none() || !self.all.contains_key(TRANSFER_ENCODING));
        if !fits {
            return None;
        }
        let head = if extra.is_empty() && auth.is_none() && cookies.is_none() && length.is_none() {
            Lines::Known(Rc::clone(&self.lines))
        } else {
            let mut lines = Vec::with_capacity(self.lines.len() + 128 + extra.len() * 64);
            lines.extend_from_slice(&self.lines[..self.lines.len() - b"\r\n".len()]);
            for (name, value) in extra.iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
                head::write_line(request.headers.spell(name), value.as_bytes(), &mut lines);
            }
            if let Some(auth) = auth.filter(|_| !written(AUTHORIZATION)) {
                head::write_line("Authorization", auth.as_bytes(), &mut lines);
            }
            if let Some(cookies) = cookies {
                head::write_line("Cookie", cookies.as_bytes(), &mut lines);
            }
            if let Some(length) = length {
                head::write_line("Content-Length", HeaderValue::from(length).as_bytes(), &mut lines);
            }
            lines.extend_from_slice(b"\r\n");
            Lines::Own(lines)
        };
        Some(Wire { head, body: request.body.clone(), tail: b"", closing: self.closing })
    }
}

/// The request as HTTP/1 sends it, if it is one of the usual kind: the plan's own request, sent
/// straight to the server. The others are put together header by header.
pub(super) fn wire(
    request: &Request,
    hop: &Hop,
    auth: Option<&HeaderValue>,
    cookies: Option<&str>,
    transport: &Arc<Transport>,
) -> Option<Wire> {
    if !hop.is_first(request)
        || request.target.userinfo().is_some()
        || cookies.is_some_and(|cookies| HeaderValue::from_str(cookies).is_err())
        || transport.forward_proxy(request.target.origin()).is_some()
    {
        return None;
    }
    KNOWN.with_borrow_mut(|known| {
        let address = Arc::as_ptr(&request.target).addr() / align_of::<Target>()
            + Arc::as_ptr(&request.headers).addr() / align_of::<FixedHeaders>() * 7;
        let slot = &mut known[address % SLOTS];
        match slot {
            Some(one) if one.is_for(request, transport) => one,
            other => other.insert(CachedHead::new(request, transport)),
        }
        .wire(request, hop, auth, cookies)
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::super::proxy::ProxyEnvironment;
    use super::super::settings::Settings;
    use super::*;

    fn transport() -> Arc<Transport> {
        Transport::new(Settings::default(), &ProxyEnvironment::default()).unwrap()
    }

    fn request(method: Method, fixed: &[(&'static str, &str)], extra: &[(&'static str, &str)], body: &str) -> Request {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        Request {
            headers: Arc::new(fixed.iter().map(pair).collect::<HeaderMap>().into()),
            extra_headers: extra.iter().map(pair).collect(),
            body: body.to_owned().into(),
            ..Request::new(method, Arc::new(Target::parse("http://h.test/p?q=1").unwrap()))
        }
    }

    /// The lines of a head; the first one first, the others in order of the alphabet.
    fn lines(wire: &Wire) -> Vec<String> {
        let text = String::from_utf8(wire.head.bytes().to_vec()).unwrap();
        assert!(text.ends_with("\r\n\r\n"), "{text}");
        let mut lines: Vec<_> = text.trim_end().split("\r\n").map(str::to_owned).collect();
        lines[1..].sort();
        lines
    }

    #[test]
    fn a_known_head_says_what_one_put_together_anew_says() {
        let transport = transport();
        let requests = [
            request(Method::GET, &[], &[], ""),
            request(Method::GET, &[("accept", "text/html"), ("x-a", "1")], &[], ""),
            request(Method::GET, &[("connection", "close")], &[("authorization", "Bearer x"), ("x-b", "2")], ""),
            request(Method::GET, &[("range", "bytes=0-1")], &[("x-b", "2"), ("x-b", "3")], ""),
            request(Method::POST, &[], &[("content-type", "application/json")], "{}"),
            request(Method::GET, &[("transfer-encoding", "chunked")], &[], ""),
            request(Method::PUT, &[("content-length", "7")], &[("content-length", "8")], ""),
        ];
        let bearer = HeaderValue::from_static("Bearer token");
        for request in &requests {
            for (auth, cookies) in [(None, None), (Some(&bearer), None), (Some(&bearer), Some("a=1; b=2"))] {
                let hop = Hop::first(request);
                let headers =
                    head::headers(request, &hop, auth.cloned(), cookies.map(str::to_owned), transport.settings());
                let anew = head::http1(request, &hop, headers, &transport);
                // Twice: as it is made, and as it is found again.
                for _ in 0..2 {
                    let known = wire(request, &hop, auth, cookies, &transport).unwrap();
                    assert_eq!(lines(&known), lines(&anew));
                    assert_eq!((known.closing, known.len()), (anew.closing, anew.len()));
                }
            }
        }
    }

    #[test]
    fn what_changes_the_rest_of_a_head_is_left_to_others() {
        let transport = transport();
        let cases = [
            (request(Method::GET, &[("x-a", "1")], &[("x-a", "2")], ""), None),
            (request(Method::GET, &[], &[("accept", "text/html")], ""), None),
            (request(Method::GET, &[], &[("range", "bytes=0-1")], ""), None),
            (request(Method::GET, &[], &[("host", "other.test")], ""), None),
            (request(Method::GET, &[], &[("connection", "close")], ""), None),
            (request(Method::GET, &[("cookie", "a=1")], &[], ""), Some("b=2")),
            (request(Method::GET, &[], &[("cookie", "a=1")], ""), Some("b=2")),
            (request(Method::POST, &[("transfer-encoding", "chunked")], &[], "x"), None),
            (request(Method::POST, &[("transfer-encoding", "chunked")], &[], ""), None),
        ];
        for (request, cookies) in &cases {
            assert!(wire(request, &Hop::first(request), None, *cookies, &transport).is_none(), "{request:?}");
        }
    }
}
