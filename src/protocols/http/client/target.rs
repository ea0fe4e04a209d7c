//! Where a request goes: an absolute URL, taken apart once.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};
use url::{Host, Url};

use crate::problem::Problem;

/// The part of a URL that names a server: equal origins can share a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Origin {
    /// Whether TLS is spoken.
    pub(super) https: bool,
    /// The host without the brackets of an IPv6 address.
    pub(super) host: Host<String>,
    /// The port, written or implied.
    pub(super) port: u16,
}

impl Origin {
    /// The host as a resolver wants it: no brackets.
    pub(super) fn host_text(&self) -> String {
        match &self.host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        }
    }

    /// `host:port` with brackets around IPv6, the port always written.
    pub(super) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// A parsed absolute `http` or `https` URL, made once for a literal one and shared.
///
/// Only characters that no URL may hold are encoded; everything else goes out exactly as it was
/// written: `%2F` stays, `..` stays, nothing is encoded twice. A fragment is never sent.
#[derive(Clone, Debug)]
pub struct Target {
    text: Arc<str>,
    origin: Arc<Origin>,
    path: PathAndQuery,
    authority: Authority,
    host_header: HeaderValue,
    userinfo: Option<HeaderValue>,
    url: OnceLock<Option<Url>>,
}

impl Target {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// A sentence that names what is wrong with the URL.
    pub fn parse(url: &str) -> Result<Self, Problem> {
        let url = url.trim_ascii();
        let Some((scheme, rest)) = crate::uri::split(url) else {
            return Err(format!("`{}` is not a whole URL: it has to start with http:// or https://", shown(url)).into());
        };
        let https = match scheme {
            _ if scheme.eq_ignore_ascii_case("http") => false,
            _ if scheme.eq_ignore_ascii_case("https") => true,
            _ if scheme.eq_ignore_ascii_case("ws") || scheme.eq_ignore_ascii_case("wss") => {
                return Err(Problem::new(
                    format!("`{scheme}://` is the URL of a WebSocket"),
                    "open it with a `websocket` step",
                ));
            }
            _ => {
                return Err(
                    format!("`{}://` URLs cannot be requested here: only http and https", shorten(scheme)).into()
                );
            }
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (userinfo, host_port) = match authority.rsplit_once('@') {
            Some((userinfo, host_port)) => (Some(userinfo), host_port),
            None => (None, authority),
        };
        if userinfo.is_none() && tail.contains('@') && split_port(authority).1.is_some_and(|port| !is_number(port)) {
            // What would be shown here is a part of the password.
            return Err(Problem::new(
                "a username or password in a URL contains a character that ends it",
                ENCODE_CREDENTIALS,
            ));
        }
        if host_port.parse::<std::net::Ipv6Addr>().is_ok() {
            let ours = format!("write {scheme}://[{host_port}]/");
            return Err(Problem::new("an IPv6 address must be in brackets", ours));
        }
        let (host, port) = split_port(host_port);
        if host.is_empty() {
            return Err(format!("`{}` names no host", shown(url)).into());
        }
        let host = Host::parse(host).map_err(|error| format!("`{}` is not a host name: {error}", shorten(host)))?;
        let port = match port {
            None | Some("") => None,
            Some(text) => match text.parse::<u16>() {
                Ok(port) if port > 0 && is_number(text) => Some(port),
                _ => return Err(format!("`{}` is not a port in `{}`: 1 to 65535", shorten(text), shown(url)).into()),
            },
        };
        let implied = if https { 443 } else { 80 };
        let written_port = port.filter(|port| *port != implied);

        let mut host_text = host.to_string();
        if let Some(port) = written_port {
            let _ = write!(host_text, ":{port}");
        }
        let path = encode_path(tail);
        let host_header =
            HeaderValue::from_str(&host_text).map_err(|_| format!("`{}` is not a host name", shorten(host_port)))?;
        let authority = Authority::try_from(host_text.as_str())
            .map_err(|_| format!("`{}` is not a host name", shorten(host_port)))?;
        let text = format!("{}://{host_text}{path}", if https { "https" } else { "http" });
        let path = PathAndQuery::try_from(path)
            .map_err(|error| format!("the path of `{}` cannot be sent: {error}", shown(url)))?;
        Ok(Self {
            text: text.into(),
            origin: Arc::new(Origin { https, host, port: port.unwrap_or(implied) }),
            path,
            authority,
            host_header,
            userinfo: userinfo.and_then(basic_from_userinfo),
            url: OnceLock::new(),
        })
    }

    /// The URL as it is sent, without user name, password and fragment.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same, to be kept separately.
    pub(super) fn shared_text(&self) -> &Arc<str> {
        &self.text
    }

    /// The URL in the normal form that cookies and relative references work on.
    pub(super) fn url(&self) -> Option<&Url> {
        self.url.get_or_init(|| Url::parse(&self.text).ok()).as_ref()
    }

    pub(super) fn origin(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// The value of the `Host` header.
    pub(super) fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }

    /// The `Authorization` header that a `user:password@` in the URL asks for.
    pub(super) fn userinfo(&self) -> Option<&HeaderValue> {
        self.userinfo.as_ref()
    }

    /// What of a `user:password@` in the URL must not be shown.
    pub(crate) fn credentials(&self) -> Vec<String> {
        let line = self.userinfo.as_ref().and_then(|line| line.to_str().ok());
        let Some(token) = line.and_then(|line| line.strip_prefix("Basic ")) else { return Vec::new() };
        let both = base64::engine::general_purpose::STANDARD.decode(token).unwrap_or_default();
        let both = String::from_utf8_lossy(&both).into_owned();
        let password = both.split_once(':').map(|(_, password)| password.to_owned());
        [token.to_owned(), both].into_iter().chain(password).collect()
    }

    /// Path and query, as in an HTTP/1 request line.
    pub(super) fn path(&self) -> &str {
        self.path.as_str()
    }

    /// The request target of HTTP/1 sent to the server itself.
    pub(super) fn origin_form(&self) -> Uri {
        Uri::from(self.path.clone())
    }

    /// The request target for HTTP/2 and for a proxy. `authority` replaces the URL's own.
    pub(super) fn absolute_form(&self, authority: Option<Authority>) -> Uri {
        let mut parts = Parts::default();
        parts.scheme = Some(if self.origin.https { Scheme::HTTPS } else { Scheme::HTTP });
        parts.authority = Some(authority.unwrap_or_else(|| self.authority.clone()));
        parts.path_and_query = Some(self.path.clone());
        Uri::from_parts(parts).unwrap_or_else(|_| self.origin_form())
    }
}

/// Splits the port off, leaving the brackets of an IPv6 address on the host.
fn split_port(host_port: &str) -> (&str, Option<&str>) {
    let after_bracket = host_port.rfind(']').map_or(0, |at| at + 1);
    match host_port[after_bracket..].find(':') {
        Some(colon) => {
            let colon = after_bracket + colon;
            (&host_port[..colon], Some(&host_port[colon + 1..]))
        }
        None => (host_port, None),
    }
}

/// Path and query with the characters no URL may hold percent-encoded, without the fragment.
fn encode_path(tail: &str) -> String {
    let tail = tail.split_once('#').map_or(tail, |(before, _)| before);
    let mut out = String::with_capacity(tail.len() + 1);
    if !tail.starts_with('/') {
        out.push('/');
    }
    encode(tail, &mut out);
    out
}

fn encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            0..=0x20 | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x7F..=0xFF => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
            _ => out.push(char::from(byte)),
        }
    }
}

/// `user:password` of a URL as a `Basic` header.
fn basic_from_userinfo(userinfo: &str) -> Option<HeaderValue> {
    let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
    let mut plain: Vec<u8> = percent_encoding::percent_decode_str(user).collect();
    plain.push(b':');
    plain.extend(percent_encoding::percent_decode_str(password));
    basic_header(&plain)
}

/// The `Basic` header of the bytes `user:password`.
pub(super) fn basic_header(user_colon_password: &[u8]) -> Option<HeaderValue> {
    let text = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(user_colon_password));
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// How to write what would end a user name or password too early.
pub(super) const ENCODE_CREDENTIALS: &str =
    "write `@` as %40, `#` as %23, `/` as %2F and `?` as %3F in user name and password";

/// Digits alone: no sign.
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A URL for messages, without user name and password.
fn shown(url: &str) -> String {
    shorten(&crate::mask::without_userinfo(url))
}

/// At most 80 characters of a text, for messages.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_url_may_hold_is_encoded() {
        let cases = [
            ("http://h/a%2Fb/../c?x=%20y&z=a+b", "/a%2Fb/../c?x=%20y&z=a+b"),
            ("http://h", "/"),
            ("http://h?q=1", "/?q=1"),
            ("http://h/#frag", "/"),
            ("http://h/a b\"<>\\^`{|}ü", "/a%20b%22%3C%3E%5C%5E%60%7B%7C%7D%C3%BC"),
            ("http://h/p?a[]=1&b=c:d@e!$'()*,;=~/?", "/p?a[]=1&b=c:d@e!$'()*,;=~/?"),
            ("http://h/100%", "/100%"),
            ("http://h/a\nb", "/a%0Ab"),
            ("http://h/login?next=http://x.test/cb", "/login?next=http://x.test/cb"),
            ("http://h/proxy/http://x.test/a", "/proxy/http://x.test/a"),
            ("http://h//x", "//x"),
        ];
        for (url, path) in cases {
            assert_eq!(Target::parse(url).unwrap().path(), path, "{url}");
        }
    }

    #[test]
    fn the_host_header_has_the_port_only_if_it_is_not_the_usual_one() {
        let cases = [
            ("http://Example.com:80/", "example.com", 80),
            ("https://example.com/", "example.com", 443),
            ("https://example.com:80/", "example.com:80", 80),
            ("http://[::1]:8080/x", "[::1]:8080", 8080),
            ("http://[::1]/x", "[::1]", 80),
            ("http://bücher.example/", "xn--bcher-kva.example", 80),
            ("HTTP://h/", "h", 80),
            // RFC 3986 §3.2.3: the port may be empty.
            ("http://h:/", "h", 80),
            ("http://u:p@w@h:0081/", "h:81", 81),
            // WHATWG URL §3.5: an IPv4 address in any spelling, and IPv6 in its shortest.
            ("http://127.1/", "127.0.0.1", 80),
            ("http://[2001:0db8:0:0:0:0:0:1]/", "[2001:db8::1]", 80),
        ];
        for (url, host, port) in cases {
            let target = Target::parse(url).unwrap();
            assert_eq!(target.host_header().to_str().unwrap(), host, "{url}");
            assert_eq!(target.origin().port, port, "{url}");
        }
    }

    #[test]
    fn user_and_password_of_the_url_become_basic_auth_and_leave_the_text() {
        let target = Target::parse("http://ann:p%40ss@h:81/x").unwrap();
        // base64 of "ann:p@ss"
        assert_eq!(target.userinfo().unwrap().to_str().unwrap(), "Basic YW5uOnBAc3M=");
        assert_eq!(target.as_str(), "http://h:81/x");
    }

    #[test]
    fn what_is_no_url_is_told_in_words() {
        let cases = [
            ("/path", "it has to start with http:// or https://"),
            ("ftp://h/", "only http and https"),
            ("http:///x", "names no host"),
            ("http://h:99999/", "is not a port"),
            ("http://h:x/", "is not a port"),
            ("http://a b/", "is not a host name"),
            ("http://h:+80/", "is not a port"),
            ("http://h:-1/", "is not a port"),
            ("http://::1/", "in brackets; write http://[::1]/"),
            ("http://a\\b/", "is not a host name"),
            ("/login?next=http://x.test/", "it has to start with http:// or https://"),
            ("http://[::1/", "is not a host name"),
            ("", "is not a whole URL"),
        ];
        for (url, words) in cases {
            let message = Target::parse(url).unwrap_err().to_string();
            assert!(message.contains(words), "{url}: {message}");
        }
    }

    #[test]
    fn no_part_of_a_password_is_shown() {
        for url in
            ["http://ann:hun/ter2@h/", "http://ann:hun#ter2@h/", "http://ann:hunter2@h:x/", "http://ann:hun?ter2@h/"]
        {
            let message = Target::parse(url).unwrap_err().to_string();
            assert!(!message.contains("hun") && !message.contains("ter2"), "{message}");
        }
    }

    #[test]
    fn the_absolute_form_keeps_the_path_as_written() {
        let target = Target::parse("https://h:8443/a/../b?c").unwrap();
        assert_eq!(target.absolute_form(None).to_string(), "https://h:8443/a/../b?c");
        assert_eq!(target.origin_form().to_string(), "/a/../b?c");
    }
}
