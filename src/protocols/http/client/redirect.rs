//! Following redirects the way browsers do.

use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode};

use super::target::Target;
use crate::failure::{Failure, FailureKind};
use crate::response::Headers;

/// The request a redirect asks for.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) target: Target,
    pub(super) method: Method,
    /// Whether body and content headers are sent again.
    pub(super) keeps_body: bool,
    /// Whether credentials may go with it.
    pub(super) same_origin: bool,
}

/// Whether this response is a redirect that can be followed.
pub(super) fn is_redirect(status: StatusCode, headers: &Headers) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) && headers.contains_key(LOCATION)
}

/// Where a redirect leads. `headers` hold a `Location`.
pub(super) fn next(status: StatusCode, headers: &HeaderMap, method: &Method, from: &Target) -> Result<Next, Failure> {
    let bytes = headers.get(LOCATION).map_or(&b""[..], |value| value.as_bytes());
    // Bytes that no URL may hold go out one by one as percent signs, whatever encoding they were
    // meant in; browsers do so too. What else has to be encoded, joining does.
    let location = percent_encoding::percent_encode(bytes, &percent_encoding::AsciiSet::EMPTY).to_string();
    let failed = |words: String| Failure::new(FailureKind::Protocol, words);
    let base = from.url().ok_or_else(|| failed("the redirect's own URL cannot be read".to_owned()))?;
    let url = base.join(location.trim()).map_err(|error| {
        failed(format!("the redirect's Location is not a URL ({error}); `follow_redirects: false` shows it"))
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(failed(format!(
            "the redirect leads to a `{}:` URL, which cannot be followed; `follow_redirects: false` takes the \
             redirect itself as the answer",
            url.scheme()
        )));
    }
    let target =
        Target::parse(url.as_str()).map_err(|words| failed(format!("the redirect cannot be followed: {words}")))?;
    let becomes_get = match status.as_u16() {
        301 | 302 => *method == Method::POST,
        303 => *method != Method::GET && *method != Method::HEAD,
        _ => false,
    };
    Ok(Next {
        same_origin: target.origin() == from.origin(),
        method: if becomes_get { Method::GET } else { method.clone() },
        keeps_body: !becomes_get,
        target,
    })
}

/// What is said of a chain of redirects that is too long.
const TOO_MANY: &str = "redirects (max_redirects)";

/// The failure of a request that was redirected too often, with where the last redirect leads: without
/// query and fragment, which may differ from request to request.
pub(super) fn too_many(redirects: u32, headers: &HeaderMap, from: &Target) -> Failure {
    let location = headers.get(LOCATION).map_or("", |value| value.to_str().unwrap_or_default());
    let next = from.url().and_then(|base| base.join(location.trim()).ok());
    let leads = match next {
        Some(mut next) => {
            let itself = from.url().is_some_and(|from| (from.origin(), from.path()) == (next.origin(), next.path()));
            next.set_query(None);
            next.set_fragment(None);
            let shown = crate::mask::without_userinfo(next.as_str());
            let shown = crate::sanitize::short(&shown, 200);
            if itself {
                format!("; the last one, {shown}, leads back to itself")
            } else {
                format!("; the last one leads to {shown}")
            }
        }
        None => String::new(),
    };
    Failure::new(FailureKind::Protocol, format!("more than {redirects} {TOO_MANY}{leads}"))
}

/// Whether this is the message of [`too_many`].
pub(crate) fn is_too_many(message: &str) -> bool {
    message.contains(TOO_MANY)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn follow(status: u16, method: Method, location: &str) -> Result<Next, Failure> {
        let from = Target::parse("https://a.test/dir/page?x=1").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, HeaderValue::from_bytes(location.as_bytes()).unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        assert!(is_redirect(status, &headers.clone().into()));
        next(status, &headers, &method, &from)
    }

    #[test]
    fn methods_change_as_in_browsers() {
        let cases = [
            (301, Method::POST, Method::GET, false),
            (302, Method::POST, Method::GET, false),
            (303, Method::POST, Method::GET, false),
            (303, Method::PUT, Method::GET, false),
            (303, Method::HEAD, Method::HEAD, true),
            (301, Method::PUT, Method::PUT, true),
            (302, Method::DELETE, Method::DELETE, true),
            (307, Method::POST, Method::POST, true),
            (308, Method::PATCH, Method::PATCH, true),
            (302, Method::GET, Method::GET, true),
        ];
        for (status, before, after, keeps_body) in cases {
            let next = follow(status, before.clone(), "/x").unwrap();
            assert_eq!((next.method, next.keeps_body), (after, keeps_body), "{status} {before}");
        }
    }

    #[test]
    fn locations_may_be_relative_and_leave_the_origin() {
        let cases = [
            ("other", "https://a.test/dir/other", true),
            ("/root?q", "https://a.test/root?q", true),
            ("?y=2", "https://a.test/dir/page?y=2", true),
            ("//b.test/x", "https://b.test/x", false),
            ("http://a.test/x", "http://a.test/x", false),
            ("https://a.test:443/x", "https://a.test/x", true),
            ("https://a.test:8443/x", "https://a.test:8443/x", false),
            ("/ü#frag", "https://a.test/%C3%BC", true),
            ("https://bücher.test/", "https://xn--bcher-kva.test/", false),
            ("/a b?c d", "https://a.test/a%20b?c%20d", true),
            ("/login?next=http://x.test/cb", "https://a.test/login?next=http://x.test/cb", true),
            // RFC 3986 §5.2.4 and WHATWG: dot segments and backslashes.
            ("../up", "https://a.test/up", true),
            ("\\\\b.test\\x", "https://b.test/x", false),
            ("https:other", "https://a.test/dir/other", true),
        ];
        for (location, url, same_origin) in cases {
            let next = follow(302, Method::GET, location).unwrap();
            assert_eq!((next.target.as_str(), next.same_origin), (url, same_origin), "{location}");
        }
    }

    #[test]
    fn raw_bytes_of_a_location_are_percent_encoded_one_by_one() {
        let from = Target::parse("https://a.test/").unwrap();
        let mut headers = HeaderMap::new();
        // Latin-1, which is no UTF-8.
        headers.insert(LOCATION, HeaderValue::from_bytes(b"/Z\xfcrich?q=\xe9").unwrap());
        let next = next(StatusCode::FOUND, &headers, &Method::GET, &from).unwrap();
        assert_eq!(next.target.as_str(), "https://a.test/Z%FCrich?q=%E9");
    }

    #[test]
    fn what_cannot_be_followed_is_a_failure_with_a_remedy() {
        let failure = follow(302, Method::GET, "myapp://callback?code=1").unwrap_err();
        assert_eq!(failure.kind, FailureKind::Protocol);
        assert!(failure.message.contains("`myapp:` URL") && failure.message.contains("follow_redirects: false"));
    }

    #[test]
    fn without_location_or_with_another_status_it_is_the_answer() {
        assert!(!is_redirect(StatusCode::FOUND, &Headers::default()));
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, HeaderValue::from_static("/x"));
        assert!(!is_redirect(StatusCode::CREATED, &headers.clone().into()));
        assert!(!is_redirect(StatusCode::NOT_MODIFIED, &headers.clone().into()));
    }
}
