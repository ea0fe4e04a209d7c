//! A request, as whoever wants it sent puts it together.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::{HeaderName, HeaderValue};

use super::auth::Auth;
use super::spelling::FixedHeaders;
use super::target::Target;

/// How a page's resources are fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// How many at a time.
    pub parallel: usize,
    /// How many one page may name; a page with more fails its request.
    pub max: usize,
}

/// One request, ready to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where it goes.
    pub target: Arc<Target>,
    /// The headers that are the same every time: made once, shared.
    pub headers: Arc<FixedHeaders>,
    /// The headers of this time. The first one of a name replaces that name in `headers`.
    pub extra_headers: Vec<(HeaderName, HeaderValue)>,
    /// The body. Its length is always told to the server, whatever `Content-Length` the headers hold.
    pub body: Bytes,
    /// How the user identifies itself, unless the headers hold `Authorization`.
    pub auth: Option<Auth<String>>,
    /// Whether a page's resources are fetched too.
    pub resources: Option<Resources>,
    /// Whether the body is decoded and kept (as far as `max_body`). If not, it is only drained,
    /// and [`Response::body_bytes`](crate::response::Response::body_bytes) counts it as it came over the wire.
    pub keep_body: bool,
    /// Whether a body that is not kept is decoded all the same, so that
    /// [`Response::body_bytes`](crate::response::Response::body_bytes) counts it decoded.
    pub measure_body: bool,
    /// Whether [`transcript`](crate::exchange::Exchange::transcript) is filled.
    pub capture: bool,
}

impl Request {
    /// A request without headers and body that keeps the response's body.
    pub fn new(method: Method, target: Arc<Target>) -> Self {
        Self {
            method,
            target,
            headers: Arc::default(),
            extra_headers: Vec::new(),
            body: Bytes::new(),
            auth: None,
            resources: None,
            keep_body: true,
            measure_body: false,
            capture: false,
        }
    }
}
