//! How header names are spelled over HTTP/1: as the plan writes them, and those that loadplan adds with
//! their conventional capitals. Names are alike in any case (RFC 9110 §5.1), but there are servers that
//! do not know. HTTP/2 has lower-case letters only.

use std::ops::Deref;

use http::{HeaderMap, HeaderName};

/// Headers that are the same every time, and the spelling of those and of all others of a request.
#[derive(Clone, Debug, Default)]
pub struct FixedHeaders {
    map: HeaderMap,
    /// The names that are not spelled as [`conventional`] does.
    spelled: Vec<(HeaderName, Box<str>)>,
    /// The names of headers, fixed or not, that hold a secret.
    secret: Vec<HeaderName>,
}

impl FixedHeaders {
    /// These headers. `spelled` are the names of the request's headers that [`spellings`] gave, `secret` those
    /// of its headers that hold a secret.
    pub fn new(map: HeaderMap, spelled: Vec<(HeaderName, Box<str>)>, secret: Vec<HeaderName>) -> Self {
        Self { map, spelled, secret }
    }

    /// Whether the request's header of this name is a credential: it holds a secret, or is called so.
    pub(super) fn is_credential(&self, name: &HeaderName) -> bool {
        self.secret.contains(name) || crate::mask::is_credential(name.as_str())
    }

    /// A name as it goes over the wire.
    pub(super) fn spell<'a>(&'a self, name: &'a HeaderName) -> &'a str {
        match self.spelled.iter().find(|(known, _)| known == name) {
            Some((_, spelling)) => spelling,
            None => conventional(name),
        }
    }
}

impl From<HeaderMap> for FixedHeaders {
    fn from(map: HeaderMap) -> Self {
        Self { map, spelled: Vec::new(), secret: Vec::new() }
    }
}

impl Deref for FixedHeaders {
    type Target = HeaderMap;

    fn deref(&self) -> &HeaderMap {
        &self.map
    }
}

/// What has to be known of the names a plan writes to spell them so.
pub fn spellings<'a>(written: impl IntoIterator<Item = &'a str>) -> Vec<(HeaderName, Box<str>)> {
    let names = written.into_iter().filter_map(|text| Some((HeaderName::from_bytes(text.as_bytes()).ok()?, text)));
    names.filter(|(name, text)| conventional(name) != *text).map(|(name, text)| (name, text.into())).collect()
}

/// The usual spelling of the names that loadplan itself sends.
fn conventional(name: &HeaderName) -> &str {
    match name.as_str() {
        "accept" => "Accept",
        "accept-encoding" => "Accept-Encoding",
        "authorization" => "Authorization",
        "connection" => "Connection",
        "content-encoding" => "Content-Encoding",
        "content-length" => "Content-Length",
        "content-type" => "Content-Type",
        "cookie" => "Cookie",
        "host" => "Host",
        "if-modified-since" => "If-Modified-Since",
        "if-none-match" => "If-None-Match",
        "proxy-authorization" => "Proxy-Authorization",
        "sec-websocket-extensions" => "Sec-WebSocket-Extensions",
        "sec-websocket-key" => "Sec-WebSocket-Key",
        "sec-websocket-protocol" => "Sec-WebSocket-Protocol",
        "sec-websocket-version" => "Sec-WebSocket-Version",
        "transfer-encoding" => "Transfer-Encoding",
        "upgrade" => "Upgrade",
        "user-agent" => "User-Agent",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_written_or_by_convention() {
        let spelled = spellings(["X-Hub-Signature", "soapaction", "content-type", "Accept", "x-low"]);
        let headers = FixedHeaders::new(HeaderMap::new(), spelled, Vec::new());
        for (name, spelling) in [
            ("x-hub-signature", "X-Hub-Signature"),
            ("soapaction", "soapaction"),
            ("content-type", "content-type"),
            ("accept", "Accept"),
            ("x-low", "x-low"),
            ("host", "Host"),
            ("cookie", "Cookie"),
        ] {
            assert_eq!(headers.spell(&HeaderName::from_static(name)), spelling);
        }
        assert_eq!(headers.spelled.len(), 2, "what is spelled as usual costs nothing");
    }
}
