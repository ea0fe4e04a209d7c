//! A user's cookies.

use std::cell::RefCell;

use cookie_store::{CookieStore, RawCookie};
use http::HeaderMap;
use http::header::SET_COOKIE;
use url::Url;

use super::expiry;
use super::settings::KeptFor;
use super::target::Target;

/// How many cookies a jar holds at most; a server that sets ever new ones must not fill the memory.
const MAX_COOKIES: usize = 3000;

/// The jars of a user, made when the first cookie comes.
#[derive(Debug, Default)]
pub(super) struct Jars {
    user: Jar,
    iteration: Jar,
}

#[derive(Debug, Default)]
struct Jar {
    store: RefCell<Option<CookieStore>>,
}

impl Jars {
    /// Forgets what lives only as long as an iteration.
    pub(super) fn start_iteration(&self) {
        self.iteration.store.borrow_mut().take();
    }

    fn jar(&self, scope: KeptFor) -> Option<&Jar> {
        match scope {
            KeptFor::User => Some(&self.user),
            KeptFor::Iteration => Some(&self.iteration),
            KeptFor::Off => None,
        }
    }

    /// The value of the `Cookie` header for a target, the most specific path first.
    pub(super) fn header(&self, scope: KeptFor, target: &Target) -> Option<String> {
        let store = self.jar(scope)?.store.borrow();
        let mut cookies = store.as_ref()?.matches(target.url()?);
        if cookies.is_empty() {
            return None;
        }
        // The store has no order of its own; the same jar has to give the same header.
        cookies.sort_by(|left, right| {
            let paths = right.path.as_ref().len().cmp(&left.path.as_ref().len());
            paths.then_with(|| left.name().cmp(right.name()))
        });
        let mut header = String::new();
        for cookie in cookies {
            if !header.is_empty() {
                header.push_str("; ");
            }
            header.push_str(cookie.name());
            header.push('=');
            header.push_str(cookie.value());
        }
        Some(header)
    }

    /// Takes the cookies a response sets: into the jar, and into `seen` in order.
    pub(super) fn take(
        &self,
        scope: KeptFor,
        target: &Target,
        headers: &HeaderMap,
        seen: &RefCell<Vec<(String, String)>>,
    ) {
        for value in headers.get_all(SET_COOKIE) {
            let text = String::from_utf8_lossy(value.as_bytes());
            let Ok(mut cookie) = RawCookie::parse(text.as_ref()) else { continue };
            expiry::set(&mut cookie, &text);
            seen.borrow_mut().push((cookie.name().to_owned(), cookie.value().to_owned()));
            if let (Some(jar), Some(url)) = (self.jar(scope), target.url()) {
                jar.insert(&cookie, url);
            }
        }
    }

    /// The values of all cookies, wherever they would be sent.
    pub(super) fn values(&self) -> Vec<String> {
        let value = |jar: &Jar| {
            let store = jar.store.borrow();
            let cookies = store.iter().flat_map(|store| store.iter_any());
            cookies.map(|cookie| cookie.value().to_owned()).collect::<Vec<_>>()
        };
        [&self.user, &self.iteration].into_iter().flat_map(value).collect()
    }

    /// The value of a cookie that would be sent to this URL.
    pub(super) fn value(&self, url: &Url, name: &str) -> Option<String> {
        [&self.user, &self.iteration].into_iter().find_map(|jar| {
            let store = jar.store.borrow();
            let mut cookies = store.as_ref()?.matches(url);
            cookies.retain(|cookie| cookie.name() == name);
            cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.as_ref().len()));
            cookies.first().map(|cookie| cookie.value().to_owned())
        })
    }
}

impl Jar {
    fn insert(&self, cookie: &RawCookie<'_>, url: &Url) {
        let mut store = self.store.borrow_mut();
        let store = store.get_or_insert_with(CookieStore::default);
        // A cookie for another site is refused here, as in a browser.
        let inserted = store.insert_raw(cookie, url);
        if matches!(inserted, Ok(cookie_store::StoreAction::Inserted)) && store.iter_any().count() > MAX_COOKIES {
            let domain = url.host_str().unwrap_or("");
            let path = cookie.path().unwrap_or("/");
            store.remove(domain, path, cookie.name());
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn set(jars: &Jars, scope: KeptFor, url: &str, cookies: &[&str]) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(SET_COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        let seen = RefCell::new(Vec::new());
        jars.take(scope, &Target::parse(url).unwrap(), &headers, &seen);
        seen.into_inner()
    }

    fn sent(jars: &Jars, scope: KeptFor, url: &str) -> Option<String> {
        jars.header(scope, &Target::parse(url).unwrap())
    }

    #[test]
    fn cookies_go_where_they_belong() {
        let jars = Jars::default();
        let cookies = [
            "a=1",
            "deep=2; Path=/app",
            "all=3; Domain=example.test",
            "safe=4; Secure",
            "foreign=5; Domain=other.test",
            "gone=6; Max-Age=0",
        ];
        set(&jars, KeptFor::User, "https://www.example.test/", &cookies);
        assert_eq!(sent(&jars, KeptFor::User, "https://www.example.test/app/x").unwrap(), "deep=2; a=1; all=3; safe=4");
        assert_eq!(sent(&jars, KeptFor::User, "http://www.example.test/").unwrap(), "a=1; all=3");
        assert_eq!(sent(&jars, KeptFor::User, "http://api.example.test/").unwrap(), "all=3");
        assert_eq!(sent(&jars, KeptFor::User, "http://other.test/"), None);
    }

    /// RFC 6265 §5.1.1: neither zone nor weekday nor letter case decides whether a cookie goes.
    #[test]
    fn a_logout_deletes_the_cookie_however_its_date_is_spelled() {
        for date in [
            "Thu, 01 Jan 1970 00:00:00 GMT",
            "Thu, 01 Jan 1970 00:00:00 UTC",
            "Thu, 01 Jan 1970 00:00:00 -0000",
            "Thu, 1 Jan 1970 00:00:00 GMT",
            "Thu, 01 Jan 1970 00:00:00",
            "\"Sun, 01-Jan-1995 01:00:00 GMT\"",
            "thu, 01 jan 1970 00:00:00 gmt",
            "Thursday, 01-Jan-1970 00:00:00 GMT",
        ] {
            let jars = Jars::default();
            let url = "http://h.test/";
            set(&jars, KeptFor::User, url, &["SID=abc; Path=/"]);
            assert_eq!(sent(&jars, KeptFor::User, url).unwrap(), "SID=abc");
            set(&jars, KeptFor::User, url, &[&format!("SID=; Path=/; Expires={date}")]);
            assert_eq!(sent(&jars, KeptFor::User, url), None, "{date}");
            // RFC 6265 §5.3, step 3: Max-Age comes before Expires.
            set(&jars, KeptFor::User, url, &[&format!("SID=new; Path=/; Max-Age=60; Expires={date}")]);
            assert_eq!(sent(&jars, KeptFor::User, url).unwrap(), "SID=new", "{date}");
        }
    }

    #[test]
    fn scopes_are_apart() {
        let jars = Jars::default();
        set(&jars, KeptFor::User, "http://h.test/", &["u=1"]);
        set(&jars, KeptFor::Iteration, "http://h.test/", &["i=2"]);
        let seen = set(&jars, KeptFor::Off, "http://h.test/", &["off=3"]);
        assert_eq!(seen, [("off".to_owned(), "3".to_owned())]);
        assert_eq!(sent(&jars, KeptFor::User, "http://h.test/").unwrap(), "u=1");
        assert_eq!(sent(&jars, KeptFor::Iteration, "http://h.test/").unwrap(), "i=2");
        assert_eq!(sent(&jars, KeptFor::Off, "http://h.test/"), None);
        jars.start_iteration();
        assert_eq!(sent(&jars, KeptFor::Iteration, "http://h.test/"), None);
        assert_eq!(sent(&jars, KeptFor::User, "http://h.test/").unwrap(), "u=1");
    }

    #[test]
    fn a_jar_does_not_grow_without_end() {
        let jars = Jars::default();
        for number in 0..MAX_COOKIES + 50 {
            set(&jars, KeptFor::User, "http://h.test/", &[&format!("c{number}=x")]);
        }
        let store = jars.user.store.borrow();
        assert_eq!(store.as_ref().unwrap().iter_any().count(), MAX_COOKIES);
    }
}
