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
use super::target::Target;
use super::user::Request;

/// How many heads a thread keeps.
const SLOTS: usize = 64;

thread_local! {
    /// Each thread has its own, so that finding one touches no counter that threads share.
    static KNOWN: RefCell<[Option<Known>; SLOTS]> = const { RefCell::new([const { None }; SLOTS]) };
}

/// The part of a head that stays, and what it was made from. Holding that keeps its addresses
/// from being used for something else.
struct Known {
    transport: Arc<Transport>,
    target: Arc<Target>,
    headers: Arc<HeaderMap>,
    method: Method,
    /// All headers in it, defaults included.
    all: HeaderMap,
    lines: Rc<[u8]>,
    closing: bool,
}

impl Known {
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
            && (request.body.is_empty() || !self.all.contains_key(TRANSFER_ENCODING));
        if !fits {
            return None;
        }
        let head = if extra.is_empty() && auth.is_none() && cookies.is_none() && length.is_none() {
            Lines::Known(Rc::clone(&self.lines))
        } else {
            let mut lines = Vec::with_capacity(self.lines.len() + 128 + extra.len() * 64);
            lines.extend_from_slice(&self.lines[..self.lines.len() - b"\r\n".len()]);
            for (name, value) in extra.iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
                head::write_line(name, value.as_bytes(), &mut lines);
            }
            if let Some(auth) = auth.filter(|_| !written(AUTHORIZATION)) {
                head::write_line(&AUTHORIZATION, auth.as_bytes(), &mut lines);
            }
            if let Some(cookies) = cookies {
                head::write_line(&COOKIE, cookies.as_bytes(), &mut lines);
            }
            if let Some(length) = length {
                head::write_line(&CONTENT_LENGTH, HeaderValue::from(length).as_bytes(), &mut lines);
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
            + Arc::as_ptr(&request.headers).addr() / align_of::<HeaderMap>() * 7;
        let slot = &mut known[address % SLOTS];
        match slot {
            Some(one) if one.is_for(request, transport) => one,
            other => other.insert(Known::new(request, transport)),
        }
        .wire(request, hop, auth, cookies)
    })
}
