//! The opening handshake (RFC 6455 §4.1): what the request says, and whether the response agrees.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha1::{Digest as _, Sha1};

use crate::failure::{Failure, FailureKind};
use crate::problem::Problem;

/// What a server adds to the key before it hashes it (RFC 6455 §1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// How compressed messages are offered (RFC 7692 §7.1): without a context that lives from message
/// to message, which would cost the load generator 50 to 500 kB a connection.
const DEFLATE: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// A handshake in progress.
#[derive(Debug)]
pub(crate) struct Handshake {
    key: String,
    subprotocols: Vec<String>,
    compression: bool,
}

impl Handshake {
    /// Offers these subprotocols, and compressed messages if `compression` says so. `key` is 16
    /// random bytes.
    pub(crate) fn new(key: [u8; 16], subprotocols: Vec<String>, compression: bool) -> Self {
        Self { key: BASE64_STANDARD.encode(key), subprotocols, compression }
    }

    /// The headers of the request.
    ///
    /// # Errors
    /// When a subprotocol holds what no header may hold.
    pub(crate) fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, Problem> {
        let mut headers = vec![
            (CONNECTION, HeaderValue::from_static("Upgrade")),
            (UPGRADE, HeaderValue::from_static("websocket")),
            (SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
            (SEC_WEBSOCKET_KEY, HeaderValue::try_from(&self.key).map_err(|error| error.to_string())?),
        ];
        if self.compression {
            headers.push((SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(DEFLATE)));
        }
        if !self.subprotocols.is_empty() {
            let value = HeaderValue::try_from(self.subprotocols.join(", ")).map_err(
                |_| "a subprotocol contains a line break or another character that is not allowed in a header",
            )?;
            headers.push((SEC_WEBSOCKET_PROTOCOL, value));
        }
        Ok(headers)
    }

    /// Whether the response with status 101 agrees to what was asked; if it does, whether messages
    /// may be compressed, in the words of the extension.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn agreed(&self, headers: &HeaderMap) -> Result<Option<&'static str>, Failure> {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::trim);
        let words = |name| text(name).unwrap_or_default().split(',').map(str::trim);
        let wrong = |what: &str| {
            Failure::new(FailureKind::Protocol, format!("the server's WebSocket handshake is wrong: {what}"))
        };
        if !words(UPGRADE).any(|word| word.eq_ignore_ascii_case("websocket")) {
            return Err(wrong("it does not upgrade to `websocket`"));
        }
        if !words(CONNECTION).any(|word| word.eq_ignore_ascii_case("upgrade")) {
            return Err(wrong("its `Connection` header does not say `Upgrade`"));
        }
        let accept = BASE64_STANDARD.encode(Sha1::new().chain_update(&self.key).chain_update(GUID).finalize());
        if text(SEC_WEBSOCKET_ACCEPT) != Some(&accept) {
            return Err(wrong("its `Sec-WebSocket-Accept` does not match the key that was sent"));
        }
        match text(SEC_WEBSOCKET_PROTOCOL) {
            None if self.subprotocols.is_empty() => {}
            None => return Err(wrong("it accepted none of the offered `subprotocols`")),
            Some(taken) if self.subprotocols.iter().any(|offered| offered == taken) => {}
            Some(_) => return Err(wrong("it selected a subprotocol that was not offered")),
        }
        match text(SEC_WEBSOCKET_EXTENSIONS) {
            None => Ok(None),
            Some(extensions) if self.compression => deflate(extensions)
                .map(Some)
                .ok_or_else(|| wrong("it agreed to an extension, or a parameter of one, that was not offered")),
            Some(_) => Err(wrong("it agreed to an extension that was not offered")),
        }
    }
}

/// What was agreed on compression (RFC 7692 §7.1), as the WebSocket library reads it. What is sent
/// may always do without a context, whatever was agreed (§7.1.1.2).
fn deflate(extensions: &str) -> Option<&'static str> {
    let mut parts = extensions.split(';').map(str::trim);
    if parts.next() != Some("permessage-deflate") {
        return None;
    }
    let mut server_keeps = true;
    for part in parts {
        let (name, value) = part.split_once('=').map_or((part, None), |(name, value)| (name.trim(), Some(value)));
        let bits = || value?.trim().trim_matches('"').parse::<u8>().ok().filter(|bits| (8..=15).contains(bits));
        match (name, value) {
            ("client_no_context_takeover", None) => {}
            ("server_no_context_takeover", None) => server_keeps = false,
            ("server_max_window_bits", Some(_)) => {
                bits()?;
            }
            _ => return None,
        }
    }
    Some(if server_keeps {
        "permessage-deflate; client_no_context_takeover"
    } else {
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key and accept of RFC 6455 §1.3.
    fn sample() -> Handshake {
        Handshake { key: "dGhlIHNhbXBsZSBub25jZQ==".into(), subprotocols: vec!["chat".into()], compression: true }
    }

    fn response(lines: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (UPGRADE, "websocket"),
            (CONNECTION, "keep-alive, Upgrade"),
            (SEC_WEBSOCKET_ACCEPT, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            (SEC_WEBSOCKET_PROTOCOL, "chat"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        for (name, value) in lines {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_example_of_the_rfc_agrees() {
        assert_eq!(sample().agreed(&response(&[])).expect("it agrees"), None);
    }

    #[test]
    fn responses_that_do_not_agree_are_told() {
        for (name, value, words) in [
            (UPGRADE, "h2c", "does not upgrade"),
            (CONNECTION, "keep-alive", "does not say `Upgrade`"),
            (SEC_WEBSOCKET_ACCEPT, "x", "Sec-WebSocket-Accept"),
            (SEC_WEBSOCKET_PROTOCOL, "other", "was not offered"),
            (SEC_WEBSOCKET_EXTENSIONS, "x-webkit", "was not offered"),
            (SEC_WEBSOCKET_EXTENSIONS, "permessage-deflate; client_max_window_bits=10", "was not offered"),
            (SEC_WEBSOCKET_EXTENSIONS, "permessage-deflate; server_max_window_bits=16", "was not offered"),
        ] {
            let failure = sample().agreed(&response(&[(name, value)])).expect_err(value);
            assert!(failure.message.contains(words), "{value}: {failure:?}");
            assert_eq!(failure.kind, FailureKind::Protocol);
        }
        let mut headers = response(&[]);
        headers.remove(SEC_WEBSOCKET_PROTOCOL);
        assert!(sample().agreed(&headers).expect_err("none taken").message.contains("accepted none"));
    }

    #[test]
    fn compression_is_read_with_its_parameters() {
        for (agreed, words) in [
            ("permessage-deflate", "permessage-deflate; client_no_context_takeover"),
            (
                "permessage-deflate; server_no_context_takeover",
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            ),
            (
                "permessage-deflate;server_max_window_bits=\"12\" ; client_no_context_takeover",
                "permessage-deflate; client_no_context_takeover",
            ),
        ] {
            let headers = response(&[(SEC_WEBSOCKET_EXTENSIONS, agreed)]);
            assert_eq!(sample().agreed(&headers).expect(agreed), Some(words));
        }
    }
}
