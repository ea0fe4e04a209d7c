//! Decides what a full URL is, and joins a path and a base URL. All rooms use this module, so the same
//! text is a URL everywhere, or nowhere.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Host;

use crate::problem::Problem;

/// Everything but the characters that need no encoding anywhere (RFC 3986 §2.3, unreserved).
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Schemes that lead to no server: a page's links have them, and a request cannot follow.
const NO_SERVER: [&str; 7] = ["about", "blob", "data", "file", "javascript", "mailto", "tel"];

/// The scheme of a whole URL: letters, digits, `+`, `.` and `-` after a letter, and `://` right
/// after them, at the very beginning (RFC 3986 §3.1). A `://` further on belongs to a path or a
/// query, which may hold it (§3.3, §3.4).
pub fn scheme(text: &str) -> Option<&str> {
    let text = text.trim_ascii_start();
    let end = scheme_end(text)?;
    text[end..].starts_with("://").then(|| &text[..end])
}

/// Where the scheme ends and its colon is.
fn scheme_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes.first().filter(|first| first.is_ascii_alphabetic())?;
    let end = bytes.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"+.-".contains(byte)))?;
    (bytes[end] == b':').then_some(end)
}

/// Whether the text is a whole URL and not a path.
pub fn is_absolute(text: &str) -> bool {
    scheme(text).is_some()
}

/// Scheme and the rest of a whole URL, without the `://` between them.
pub fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_ascii_start();
    let scheme = scheme(text)?;
    Some((scheme, &text[scheme.len() + "://".len()..]))
}

/// The host and port of a reference that names a host but no scheme: `//host/path` (RFC 3986 §4.2).
pub fn network_path(reference: &str) -> Option<&str> {
    let rest = reference.trim_ascii_start().strip_prefix("//")?;
    Some(&rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())])
}

/// Whether a text begins as `localhost:8080/path` does: a URL whose scheme was forgotten.
pub fn lacks_scheme(reference: &str) -> bool {
    let reference = reference.trim_ascii_start();
    let first = &reference[..reference.find(['/', '?', '#']).unwrap_or(reference.len())];
    first.split_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Why no path can be after this base URL. What follows a `?` or `#` would take in every path,
/// and all requests would go to the same page.
pub fn base_problem(base: &str) -> Option<String> {
    let sign = base.chars().find(|sign| matches!(sign, '?' | '#'))?;
    Some(match sign {
        '#' => "the base URL contains a `#`, and nothing after it is ever sent: every request would go to the \
                same page"
            .to_owned(),
        _ => "the base URL contains a `?`, so every path would become a part of its query".to_owned(),
    })
}

/// How to write a base URL that has a [`base_problem`].
pub const BASE_REMEDY: &str = "end it before the `?` or `#`, and write query parameters under `query:` of the requests";

/// The whole URL of a reference after a base URL. A path is put after the base's own, with one `/`
/// between them; a whole URL stands for itself; `//host/path` takes the base's scheme (RFC 3986
/// §5.2.2).
///
/// # Errors
/// A sentence that tells what is wrong with either.
pub fn resolve(base: Option<&str>, reference: &str) -> Result<String, Problem> {
    let reference = reference.trim_ascii();
    if is_absolute(reference) {
        return Ok(reference.to_owned());
    }
    if let Some(scheme) = scheme_end(reference).map(|end| &reference[..end]) {
        let is = |known: &&str| scheme.eq_ignore_ascii_case(known);
        if ["http", "https"].iter().any(is) {
            let ours = format!("write {scheme}://host/path");
            return Err(Problem::new(format!("`{scheme}:` needs two slashes after it"), ours));
        }
        if NO_SERVER.iter().any(is) {
            return Err(format!("a `{scheme}:` URL cannot be requested: it does not name a server").into());
        }
    }
    let Some(base) = base.map(str::trim_ascii) else {
        return Err("a path alone cannot be requested: it needs a `base_url` before it, or has to be a whole URL \
                    with http:// or https://"
            .into());
    };
    if let Some(problem) = base_problem(base) {
        return Err(Problem::new(problem, BASE_REMEDY));
    }
    if network_path(reference).is_some() {
        return Ok(format!("{}:{reference}", scheme(base).unwrap_or("http")));
    }
    let base = base.trim_end_matches('/');
    let between = if reference.is_empty() || reference.starts_with(['/', '?', '#']) { "" } else { "/" };
    Ok(format!("{base}{between}{reference}"))
}

/// The host and port of a `resolve` entry's key: `shop.test`, `shop.test:8443`, `::1`, `[::1]:80`. The
/// host is in the normal form that URLs have, so that every spelling of it is equal.
///
/// # Errors
/// What is wrong with it, in words.
pub fn host_and_port(text: &str) -> Result<(Host<String>, Option<u16>), Problem> {
    if text.contains('*') {
        return Err(Problem::new(
            "`*` is not supported here: the whole host name must match",
            "write a line for each host",
        ));
    }
    if let Ok(address) = text.parse() {
        return Ok((Host::Ipv6(address), None));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse::<u16>() {
            Ok(number) => (host, Some(number)),
            Err(_) => return Err(format!("`{port}` is not a port").into()),
        },
        _ => (text, None),
    };
    match Host::parse(host) {
        Ok(host) => Ok((without_root(host), port)),
        Err(error) => Err(format!("`{host}` is not a host name: {error}").into()),
    }
}

/// A host without the dot of DNS's root at its end: both are the same name (RFC 1034 §3.1).
pub fn without_root(host: Host<String>) -> Host<String> {
    match host {
        Host::Domain(mut name) => {
            name.truncate(name.trim_end_matches('.').len());
            Host::Domain(name)
        }
        Host::Ipv4(_) | Host::Ipv6(_) => host,
    }
}

/// A WebSocket's URL with the scheme of the HTTP request that opens it (RFC 6455 §3): `ws` is
/// `http`, `wss` is `https`. Others stay as they are.
pub fn http_form(url: &str) -> Cow<'_, str> {
    match scheme(url) {
        Some(scheme) if scheme.eq_ignore_ascii_case("ws") => {
            Cow::Owned(format!("http{}", &url.trim_ascii_start()[2..]))
        }
        Some(scheme) if scheme.eq_ignore_ascii_case("wss") => {
            Cow::Owned(format!("https{}", &url.trim_ascii_start()[3..]))
        }
        Some(_) | None => Cow::Borrowed(url),
    }
}

/// The other way round: how a WebSocket's URL is shown.
pub fn websocket_form(url: &str) -> Cow<'_, str> {
    match url.strip_prefix("http") {
        Some(rest) => Cow::Owned(format!("ws{rest}")),
        None => Cow::Borrowed(url),
    }
}

/// A text with all that may mean something in a URL percent-encoded, a space as `%20`.
pub fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_absolute_by_its_scheme_at_the_very_beginning() {
        for whole in ["http://h", "HTTPS://h/x", " http://h", "coap+tcp://h", "a.b-c1://h", "http:///x"] {
            assert!(is_absolute(whole), "{whole}");
        }
        for other in [
            "/login?next=http://x.test/cb",
            "/proxy/http://x.test/a",
            "login?next=http://x.test",
            "?u=http://x",
            "#http://x",
            "//h/x",
            "://h",
            "1http://h",
            "ht_tp://h",
            "ht tp://h",
            "http:/h",
            "http:h",
            "",
            "é://h",
        ] {
            assert!(!is_absolute(other), "{other}");
        }
    }

    #[test]
    fn references_resolve_after_the_base() {
        let cases = [
            ("http://h", "/x", "http://h/x"),
            ("http://h/", "/x", "http://h/x"),
            ("http://h/api/", "x", "http://h/api/x"),
            ("http://h/api", "?q=1", "http://h/api?q=1"),
            ("http://h/api", "", "http://h/api"),
            ("http://h", "/login?next=http://x.test/cb", "http://h/login?next=http://x.test/cb"),
            ("http://h", "/p/http://x.test/a", "http://h/p/http://x.test/a"),
            ("http://h", "https://other/x", "https://other/x"),
            // RFC 3986 §5.4.1: "//g" after "http://a/b/c/d;p?q" is "http://g".
            ("https://h/api", "//g/x", "https://g/x"),
            ("http://h", "users:search", "http://h/users:search"),
            ("http://h", "../x", "http://h/../x"),
        ];
        for (base, reference, whole) in cases {
            assert_eq!(resolve(Some(base), reference), Ok(whole.to_owned()), "{base} {reference}");
        }
    }

    #[test]
    fn what_cannot_be_resolved_is_told() {
        for (base, reference, words) in [
            (Some("http://h/#"), "/x", "contains a `#`"),
            (Some("http://h/?lang=de"), "/x", "contains a `?`"),
            (Some("http://h"), "http:/x", "two slashes"),
            (Some("http://h"), "mailto:a@b.test", "does not name a server"),
            (None, "/x", "needs a `base_url`"),
        ] {
            let message = resolve(base, reference).expect_err(reference);
            assert!(message.to_string().contains(words), "{message}");
        }
    }

    #[test]
    fn hosts_without_a_scheme_are_known() {
        assert_eq!(network_path("//cdn.test:81/x"), Some("cdn.test:81"));
        assert_eq!(network_path("/x"), None);
        assert!(lacks_scheme("localhost:8080/x") && lacks_scheme("127.0.0.1:80"));
        assert!(!lacks_scheme("/x:80") && !lacks_scheme("users:search") && !lacks_scheme(":80"));
    }
}
