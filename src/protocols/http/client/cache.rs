//! A user's HTTP cache: the part of RFC 9111 that decides what a browser sends again.
//!
//! Stored are `GET` answers with status 200, 203, 404 or 410 that say how long they stay fresh
//! or can be revalidated; never redirects, partial responses or bodies over `max_body`. Freshness
//! comes from `Cache-Control` and `Expires`; it is never guessed. A user's cache holds at most
//! 1,000 responses and 16 MiB of bodies; the oldest go first.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use http::header::{
    AGE, CACHE_CONTROL, CONTENT_LENGTH, DATE, ETAG, EXPIRES, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, PRAGMA, RANGE, VARY,
};
use http::{HeaderMap, HeaderValue};

use super::conn::Answer;
use super::settings::CacheScope;

const MAX_ENTRIES: usize = 1000;
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The caches of a user.
#[derive(Debug, Default)]
pub(super) struct Caches {
    user: RefCell<Store>,
    iteration: RefCell<Store>,
}

#[derive(Debug, Default)]
struct Store {
    entries: HashMap<String, CachedAnswer>,
    bytes: usize,
    /// Numbers the entries in the order in which they were stored.
    next: u64,
}

#[derive(Debug)]
struct CachedAnswer {
    answer: Answer,
    stored: Instant,
    fresh_for: Duration,
    number: u64,
    /// The request headers the response depends on, as they were.
    vary: Vec<(HeaderName, Option<HeaderValue>)>,
}

/// What the cache knows of a URL.
pub(super) enum Lookup {
    /// Nothing.
    Miss,
    /// A response that needs no request.
    Fresh(Answer),
    /// A response that has to be revalidated with these headers.
    Stale(Vec<(HeaderName, HeaderValue)>),
}

impl Answer {
    fn copy(&self) -> Self {
        Self {
            status: self.status,
            version: self.version,
            headers: self.headers.clone(),
            sets_cookies: self.sets_cookies,
            body: self.body.clone(),
            body_bytes: self.body_bytes,
        }
    }
}

/// Whether a request may be answered from a cache at all: one that names conditions or ranges of
/// its own, or says `no-cache`, goes to the server as it is.
pub(super) fn is_eligible(headers: &HeaderMap) -> bool {
    let conditional = [IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, IF_RANGE, RANGE];
    !conditional.iter().any(|name| headers.contains_key(name))
        && !directives(headers).any(|(name, _)| name == "no-store" || name == "no-cache")
        && headers.get(PRAGMA).is_none_or(|value| value != "no-cache")
}

impl Caches {
    /// Forgets what lives only as long as an iteration.
    pub(super) fn start_iteration(&self) {
        *self.iteration.borrow_mut() = Store::default();
    }

    fn store(&self, scope: CacheScope) -> Option<&RefCell<Store>> {
        match scope {
            CacheScope::Off => None,
            CacheScope::User => Some(&self.user),
            CacheScope::Iteration => Some(&self.iteration),
        }
    }

    /// Looks for a response to a `GET` of this URL with these headers.
    pub(super) fn look_up(&self, scope: CacheScope, url: &str, headers: &HeaderMap) -> Lookup {
        let Some(store) = self.store(scope) else { return Lookup::Miss };
        let store = store.borrow();
        let Some(entry) = store.entries.get(url) else { return Lookup::Miss };
        if !entry.vary.iter().all(|(name, value)| headers.get(name) == value.as_ref()) {
            return Lookup::Miss;
        }
        if entry.stored.elapsed() < entry.fresh_for {
            return Lookup::Fresh(entry.answer.copy());
        }
        let validators = [(ETAG, IF_NONE_MATCH), (LAST_MODIFIED, IF_MODIFIED_SINCE)];
        let conditions: Vec<_> = validators
            .into_iter()
            .filter_map(|(validator, condition)| {
                entry.answer.headers.get(validator).map(|value| (condition, value.clone()))
            })
            .collect();
        if conditions.is_empty() { Lookup::Miss } else { Lookup::Stale(conditions) }
    }

    /// The stored response, renewed by the headers of a 304.
    pub(super) fn revalidated(&self, scope: CacheScope, url: &str, not_modified: &HeaderMap) -> Option<Answer> {
        let mut store = self.store(scope)?.borrow_mut();
        let entry = store.entries.get_mut(url)?;
        for name in not_modified.keys().filter(|name| **name != CONTENT_LENGTH) {
            entry.answer.headers.remove(name);
            for value in not_modified.get_all(name) {
                entry.answer.headers.append(name.clone(), value.clone());
            }
        }
        entry.fresh_for = freshness(&entry.answer.headers);
        entry.stored = Instant::now();
        Some(entry.answer.copy())
    }

    /// Stores a response if it may be.
    pub(super) fn keep(&self, scope: CacheScope, url: &str, request: &HeaderMap, answer: &Answer) {
        let Some(store) = self.store(scope) else { return };
        let mut store = store.borrow_mut();
        store.remove(url);
        if !is_storable(answer) {
            return;
        }
        let Some(vary) = varies_by(&answer.headers, request) else { return };
        while store.entries.len() >= MAX_ENTRIES || store.bytes + answer.body.len() > MAX_BYTES {
            let oldest = store.entries.iter().min_by_key(|(_, entry)| entry.number).map(|(url, _)| url.clone());
            match oldest {
                Some(oldest) => store.remove(&oldest),
                None => return,
            }
        }
        store.bytes += answer.body.len();
        store.next += 1;
        let entry = CachedAnswer {
            fresh_for: freshness(&answer.headers),
            answer: answer.copy(),
            stored: Instant::now(),
            number: store.next,
            vary,
        };
        store.entries.insert(url.to_owned(), entry);
    }

    /// Forgets a URL that a request with side effects went to.
    pub(super) fn invalidate(&self, scope: CacheScope, url: &str) {
        if let Some(store) = self.store(scope) {
            store.borrow_mut().remove(url);
        }
    }
}

impl Store {
    fn remove(&mut self, url: &str) {
        if let Some(entry) = self.entries.remove(url) {
            self.bytes -= entry.answer.body.len();
        }
    }
}

fn is_storable(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 200 | 203 | 404 | 410)
        && answer.body_bytes == answer.body.len() as u64
        && answer.body.len() <= MAX_BYTES / 4
        && !directives(&answer.headers).any(|(name, _)| name == "no-store")
        && (answer.headers.contains_key(ETAG)
            || answer.headers.contains_key(LAST_MODIFIED)
            || !freshness(&answer.headers).is_zero())
}

/// How long a response may be used without asking.
fn freshness(headers: &HeaderMap) -> Duration {
    let mut max_age = None;
    for (name, value) in directives(headers) {
        match name.as_str() {
            "no-cache" | "no-store" => return Duration::ZERO,
            "max-age" => max_age = value.and_then(|value| value.parse::<u64>().ok()).or(Some(0)),
            _ => {}
        }
    }
    let lifetime = match max_age {
        Some(seconds) => seconds,
        None => {
            let Some(expires) = date(headers, &EXPIRES) else { return Duration::ZERO };
            let from = date(headers, &DATE).unwrap_or_else(|| jiff::Timestamp::now().as_second());
            u64::try_from(expires.saturating_sub(from)).unwrap_or(0)
        }
    };
    let age = headers.get(AGE).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok()).unwrap_or(0);
    // A year is as long as any response has to stay.
    Duration::from_secs(lifetime.saturating_sub(age).min(365 * 24 * 3600))
}

/// An HTTP date in seconds since 1970.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    let text = headers.get(name)?.to_str().ok()?;
    let time = jiff::fmt::rfc2822::parse(text.trim()).ok()?;
    Some(time.timestamp().as_second())
}

/// The directives of `Cache-Control`, names in lower case, values without quotes.
fn directives(headers: &HeaderMap) -> impl Iterator<Item = (String, Option<String>)> + '_ {
    headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| {
        value.split(',').map(|directive| match directive.split_once('=') {
            Some((name, value)) => (name.trim().to_ascii_lowercase(), Some(value.trim().trim_matches('"').to_owned())),
            None => (directive.trim().to_ascii_lowercase(), None),
        })
    })
}

/// The request headers named by `Vary` with their values; none if the response fits no other request.
fn varies_by(answer: &HeaderMap, request: &HeaderMap) -> Option<Vec<(HeaderName, Option<HeaderValue>)>> {
    let mut vary = Vec::new();
    for value in answer.get_all(VARY) {
        for name in value.to_str().ok()?.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if name == "*" {
                return None;
            }
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            let value = request.get(&name).cloned();
            vary.push((name, value));
        }
    }
    Some(vary)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn freshness_by_the_rules() {
        let cases: [(&[(&str, &str)], u64); 9] = [
            (&[("cache-control", "max-age=60")], 60),
            (&[("cache-control", "public, Max-Age=\"60\"")], 60),
            (&[("cache-control", "max-age=60"), ("age", "20")], 40),
            (&[("cache-control", "max-age=60"), ("age", "80")], 0),
            (&[("cache-control", "max-age=60, no-cache")], 0),
            (&[("cache-control", "max-age=nonsense")], 0),
            (&[("date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("expires", "Sun, 06 Nov 1994 08:50:37 GMT")], 60),
            (&[("expires", "0")], 0),
            (&[("cache-control", "max-age=5"), ("expires", "Sun, 06 Nov 2094 08:49:37 GMT")], 5),
        ];
        for (pairs, seconds) in cases {
            assert_eq!(freshness(&headers(pairs)).as_secs(), seconds, "{pairs:?}");
        }
    }

    fn answer(body: usize, pairs: &[(&str, &str)]) -> Answer {
        Answer {
            status: StatusCode::OK,
            version: "HTTP/1.1",
            headers: headers(pairs).into(),
            sets_cookies: false,
            body: Bytes::from(vec![b'x'; body]).into(),
            body_bytes: body as u64,
        }
    }

    #[test]
    fn answers_that_vary_are_kept_apart() {
        let caches = Caches::default();
        let scope = CacheScope::User;
        let german = headers(&[("accept-language", "de")]);
        let fresh = [("cache-control", "max-age=60"), ("vary", "Accept-Language")];
        caches.keep(scope, "u", &german, &answer(1, &fresh));
        assert!(matches!(caches.look_up(scope, "u", &german), Lookup::Fresh(_)));
        assert!(matches!(caches.look_up(scope, "u", &headers(&[("accept-language", "fr")])), Lookup::Miss));
        caches.keep(scope, "u", &german, &answer(1, &[("cache-control", "max-age=60"), ("vary", "*")]));
        assert!(matches!(caches.look_up(scope, "u", &german), Lookup::Miss));
    }

    #[test]
    fn the_cache_is_bounded_and_the_oldest_go_first() {
        let caches = Caches::default();
        let scope = CacheScope::Iteration;
        let none = HeaderMap::new();
        for number in 0..6 {
            let part = answer(MAX_BYTES / 4, &[("cache-control", "max-age=60")]);
            caches.keep(scope, &number.to_string(), &none, &part);
        }
        assert!(matches!(caches.look_up(scope, "1", &none), Lookup::Miss));
        assert!(matches!(caches.look_up(scope, "2", &none), Lookup::Fresh(_)));
        assert_eq!(caches.iteration.borrow().bytes, MAX_BYTES);
        caches.keep(scope, "big", &none, &answer(MAX_BYTES / 4 + 1, &[("cache-control", "max-age=60")]));
        assert!(matches!(caches.look_up(scope, "big", &none), Lookup::Miss));
        caches.start_iteration();
        assert!(matches!(caches.look_up(scope, "2", &none), Lookup::Miss));
    }

    #[test]
    fn requests_with_conditions_of_their_own_are_left_alone() {
        assert!(is_eligible(&headers(&[("accept", "*/*")])));
        for pair in [("range", "bytes=0-1"), ("if-none-match", "\"a\""), ("cache-control", "no-cache")] {
            assert!(!is_eligible(&headers(&[pair])), "{pair:?}");
        }
    }
}
