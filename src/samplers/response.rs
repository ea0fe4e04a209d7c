//! A finished answer, as extractors, assertions and expressions see it.

use std::cell::OnceCell;
use std::time::Duration;

use bytes::Bytes;

use super::Headers;

/// A finished answer. Text and JSON are derived on first use and kept.
#[derive(Debug, Default)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// `HTTP/1.1`, `HTTP/2`.
    pub version: &'static str,
    /// The headers of the last hop.
    pub headers: Headers,
    /// The decoded body, as far as `max_body`.
    pub body: Bytes,
    /// How many bytes the decoded body had in all.
    pub body_bytes: u64,
    /// The URL that answered, after redirects.
    pub url: String,
    /// Cookies set by this answer and its redirects, last one first.
    pub cookies: Vec<(String, String)>,
    /// From the sampler's start to the last byte of the body.
    pub response_time: Duration,
    /// From the request's first byte sent to the answer's first byte.
    pub first_byte: Duration,
    text: OnceCell<String>,
    json: OnceCell<Result<serde_json::Value, String>>,
}

impl Response {
    /// Whether only the beginning of the body was kept because it was longer than `max_body`, or
    /// nothing of it because nobody asked for it.
    pub fn truncated(&self) -> bool {
        self.body_bytes > self.body.len() as u64
    }

    /// The body as text: in the charset its `Content-Type` names, else UTF-8; what cannot be
    /// decoded reads as U+FFFD.
    pub fn text(&self) -> &str {
        self.text.get_or_init(|| {
            let charset = self.header("content-type").and_then(|value| {
                let (_, parameters) = value.split_once(';')?;
                parameters.split(';').find_map(|part| {
                    let (name, value) = part.split_once('=')?;
                    name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
                })
            });
            let encoding = charset
                .and_then(|label| encoding_rs::Encoding::for_label(label.as_bytes()))
                .unwrap_or(encoding_rs::UTF_8);
            encoding.decode(&self.body).0.into_owned()
        })
    }

    /// The body as JSON, or why it is none.
    ///
    /// # Errors
    /// The parser's words, when the body is not one whole JSON value.
    pub fn json(&self) -> Result<&serde_json::Value, &str> {
        self.json
            .get_or_init(|| serde_json::from_slice(&self.body).map_err(|error| error.to_string()))
            .as_ref()
            .map_err(String::as_str)
    }

    /// The first value of a header, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The value of a cookie set by this answer.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
