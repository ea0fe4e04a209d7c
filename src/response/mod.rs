//! A complete response, as used by extractors, assertions and expressions.

pub(crate) mod body_turn;
mod charset;
mod gist;
pub(crate) mod headers;
pub(crate) mod kept_body;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;

use crate::json::Document;
use crate::mask::Masker;
use crate::problem::Problem;
use crate::sanitize::{inline, short};

pub use headers::Headers;
pub use kept_body::Body;

/// How much of an error's body is read to say what went wrong, in bytes.
const GIST_BYTES: usize = 16 * 1024;

/// How many characters of a path a message shows.
const LONGEST_PATH: usize = 80;

/// The messages or events that a request was to wait for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    /// How many.
    pub count: u64,
    /// From the request's start to the first one.
    pub first: Option<Duration>,
    /// The longest time between one and the next.
    pub longest_gap: Option<Duration>,
}

/// A finished response. Text and JSON are derived on first use and kept.
#[derive(Debug)]
pub struct Response {
    /// The status as a number, where the protocol has one: `404` of HTTP, the code a WebSocket was closed with.
    pub status: Option<u16>,
    /// What the peer said to it, where that means something: the reason a WebSocket was closed for.
    pub status_text: Box<str>,
    /// `HTTP/1.1`, `HTTP/2`, `WebSocket`.
    pub version: &'static str,
    /// The messages or events that came, where the protocol has some. Boxed: most responses have none.
    pub messages: Option<Box<Messages>>,
    /// The headers of the last hop.
    pub headers: Headers,
    /// The decoded body, as far as `max_body`.
    pub body: Body,
    /// How many bytes the decoded body had in all.
    pub body_bytes: u64,
    /// The URL that answered, after redirects.
    pub url: Arc<str>,
    /// How many redirects were followed.
    pub redirects: u32,
    /// Cookies set by this response and its redirects, last one first.
    pub cookies: Vec<(String, String)>,
    /// From the sampler's start to the last byte of the body.
    pub response_time: Duration,
    /// From the request's first byte sent to the response's first byte.
    pub first_byte: Duration,
    text: OnceCell<String>,
    /// Boxed: every response is moved a few times, and most are never read as JSON.
    json: OnceCell<Box<Result<Document, Problem>>>,
}

impl Response {
    /// An empty response from a URL.
    pub fn from_url(url: Arc<str>) -> Self {
        Self {
            status: None,
            status_text: Box::default(),
            version: "",
            messages: None,
            headers: Headers::default(),
            body: Body::default(),
            body_bytes: 0,
            url,
            redirects: 0,
            cookies: Vec::new(),
            response_time: Duration::ZERO,
            first_byte: Duration::ZERO,
            text: OnceCell::new(),
            json: OnceCell::new(),
        }
    }

    /// Whether only the beginning of the body was kept because it was longer than `max_body`, or
    /// nothing of it because nobody asked for it.
    pub fn truncated(&self) -> bool {
        self.body_bytes > self.body.len() as u64
    }

    /// The body as text. A byte order mark says first how its bytes are read, then the charset of
    /// the `Content-Type`, then an XML declaration or an HTML `<meta>`; else it is UTF-8. What
    /// cannot be decoded reads as U+FFFD.
    pub fn text(&self) -> &str {
        if let Some(text) = self.text.get() {
            return text;
        }
        match charset::decoded(&self.body, self.header("content-type")) {
            // A large body is not held twice: looking at it again costs less than a copy.
            Cow::Borrowed(text) if text.len() > kept_body::BLOCK => text,
            text => self.text.get_or_init(|| text.into_owned()),
        }
    }

    /// About the first `bytes` of the body as text, without decoding all of it.
    pub fn beginning(&self, bytes: usize) -> Cow<'_, str> {
        if let Some(text) = self.text.get() {
            return Cow::Borrowed(&text[..text.floor_char_boundary(bytes)]);
        }
        charset::decoded(self.body.get(..bytes).unwrap_or(&self.body), self.header("content-type"))
    }

    /// The body as JSON, or why it is none. A UTF-8 byte order mark is omitted, UTF-16 is decoded,
    /// and bytes that are not UTF-8 are read in the charset of the `Content-Type`. The body is read
    /// once, whole, whatever is asked of it.
    ///
    /// # Errors
    /// What is wrong with it and where, when the body is not one whole JSON value (RFC 8259).
    pub fn json(&self) -> Result<&Document, &Problem> {
        let read = || match charset::as_json(&self.body, || self.header("content-type")) {
            Cow::Borrowed(text) => Document::read(self.body.slice_ref(text)),
            Cow::Owned(text) => Document::read(text.into()),
        };
        (**self.json.get_or_init(|| Box::new(read()))).as_ref()
    }

    /// The status, and what the body of an error says in a line: `503: upstream connect error`.
    pub fn status_and_gist(&self, secrets: &Masker) -> String {
        let Some(status) = self.status else { return "no status".to_owned() };
        let gist = || gist::summarize(&secrets.mask_cut(&self.beginning(GIST_BYTES)), status, secrets);
        let from = match self.redirects {
            0 => String::new(),
            1 => format!(" from {} after a redirect", self.shown_path(secrets)),
            many => format!(" from {} after {many} redirects", self.shown_path(secrets)),
        };
        match if status >= 400 { gist() } else { None } {
            Some(gist) => format!("{status}{from}: {gist}"),
            None => format!("{status}{from}"),
        }
    }

    /// The path of the URL that responded, without its query, for a message.
    fn shown_path(&self, secrets: &Masker) -> String {
        let path = url::Url::parse(&self.url).map_or_else(|_| "/".to_owned(), |url| url.path().to_owned());
        // A colon ends what `Cause` reads as the status.
        short(&inline(&secrets.mask(&path).replace(':', "%3A")), LONGEST_PATH).into_owned()
    }

    /// Releases what of the body may be read again: all that was made of it, if the body itself is
    /// packed.
    pub(crate) fn rest(&mut self) {
        if self.body.repack() {
            (self.text, self.json) = Default::default();
        }
    }

    /// Releases the body. How long it was stays known.
    pub(crate) fn forget_body(&mut self) {
        self.body.forget();
        (self.text, self.json) = Default::default();
    }

    /// The first value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The value of a cookie set by this response.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
