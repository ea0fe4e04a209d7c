//! Values of request keys, translated.

use super::given::{Given, one_spelling};
use super::values::{braces, map_of, threshold};
use super::{assertions, in_words, plain};
use crate::yaml::{Entry, NodeKind};

pub(super) fn is_map(given: &Given<'_>) -> bool {
    matches!(given.node.kind, NodeKind::Map(_))
}

/// The kind key and the path of the request that a key stands beside.
pub(super) fn of_request<'g>(given: &'g Given<'_>) -> Option<(&'g str, &'g str)> {
    let kind = given.beside.iter().find(|entry| METHODS.contains(&&*entry.key))?;
    let path = kind.value.text()?;
    let path = path.split_once("://").map_or(&**path, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
    Some((&kind.key, path))
}

/// The methods that are kind keys.
pub(super) const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// k6's `params` holds headers and the like, not parameters.
pub(super) fn settings_of_a_script(given: &Given<'_>) -> Option<String> {
    match given.pairs.as_slice() {
        [(only, value)] if given.has_only(&["headers", "timeout", "auth"]) => Some(format!("{only}: {value}")),
        _ => None,
    }
}

/// JMeter's parameters go into the body of a POST, and into the URL of a GET.
pub(super) fn parameters(given: &Given<'_>) -> Option<String> {
    let sends_body = given.beside.iter().any(|entry| matches!(&*entry.key, "post" | "put" | "patch"));
    let has_body = super::is_written(given.beside, "json")
        || super::is_written(given.beside, "form")
        || super::is_written(given.beside, "body");
    let ours = if sends_body && !has_body { "form" } else { "query" };
    let map = map_of(given).or_else(|| given.flow.clone().filter(|_| is_map(given)))?;
    Some(format!("{ours}: {map}"))
}

/// `files: { doc: a.pdf }`.
pub(super) fn files(given: &Given<'_>) -> Option<String> {
    let texts = given.node.entries()?.iter().all(|entry| entry.value.text().is_some());
    if given.pairs.is_empty() || !texts {
        return None;
    }
    if let (Some(path), true) = (
        given.pair(&["path", "file"]),
        given.has_only(&["path", "file", "name", "param", "field", "mime_type", "type"]),
    ) {
        let name = given.pair(&["param", "field", "name"]).unwrap_or("file");
        let mime = given.pair(&["mime_type", "type"]).map(|mime| format!(", type: {mime}")).unwrap_or_default();
        return Some(format!("multipart: {{ {name}: {{ file: {path}{mime} }} }}"));
    }
    let parts = given.pairs.iter().map(|(name, path)| (plain(name), format!("{{ file: {path} }}")));
    Some(format!("multipart: {}", braces(&parts.collect::<Vec<_>>())))
}

/// `{ p95: 500ms }`.
pub(super) fn thresholds(given: &Given<'_>) -> Option<String> {
    let entries = given.node.entries().filter(|entries| !entries.is_empty())?;
    let one = |entry: &Entry| {
        let limit = entry.value.text().cloned().or_else(|| entry.value.items()?.first()?.text().cloned())?;
        threshold(&entry.key, &limit)
    };
    let all = entries.iter().map(one).collect::<Option<Vec<_>>>()?;
    Some(format!("thresholds: [{}]", all.join(", ")))
}

pub(super) fn redirects(given: &Given<'_>) -> Option<String> {
    let follows = given.truth().or(match given.text.as_deref()? {
        "manual" | "error" | "none" | "0" => Some(false),
        "follow" => Some(true),
        _ => None,
    });
    match (follows, given.count()) {
        (Some(follows), _) => Some(format!("follow_redirects: {follows}")),
        (None, Some(most)) => Some(format!("max_redirects: {most}")),
        (None, None) => None,
    }
}

pub(super) fn resources(given: &Given<'_>) -> Option<String> {
    if let Some(count) = given.count().filter(|count| *count > 0) {
        return Some(format!("resources: {{ parallel: {count} }}"));
    }
    let all = given.text.as_deref().is_some_and(|text| matches!(text, "all" | "parallel"));
    (all || given.truth()?).then(|| "resources: {}".into())
}

/// Text as it can be written within braces, in quotes if it holds an expression.
pub(super) fn braced(text: &str) -> String {
    super::text_value(text)
}

pub(super) fn cookies(given: &Given<'_>) -> Option<String> {
    let header = match &given.text {
        Some(text) if text.contains('=') => text.clone(),
        Some(_) => return None,
        None => {
            let entries = given.node.entries().filter(|entries| !entries.is_empty())?;
            let pair = |entry: &Entry| Some(format!("{}={}", entry.key, entry.value.text()?));
            entries.iter().map(pair).collect::<Option<Vec<_>>>()?.join("; ")
        }
    };
    Some(format!("headers: {{ Cookie: {} }}", braced(&header)))
}

pub(super) fn credentials(given: &Given<'_>) -> Option<String> {
    const USER: &[&str] = &["user", "username", "user_name", "login", "name"];
    const PASSWORD: &[&str] = &["pass", "password", "pw", "passwd"];
    if let (Some(user), Some(password)) = (given.pair(USER), given.pair(PASSWORD)) {
        return Some(format!("{{ username: {user}, password: {password} }}"));
    }
    if let [user, password] = given.items.as_slice() {
        return Some(format!("{{ username: {user}, password: {password} }}"));
    }
    let (user, password) = given.text.as_deref()?.split_once(':')?;
    Some(format!("{{ username: {}, password: {} }}", braced(user), braced(password)))
}

/// What is written under `auth` or for the header `Authorization`.
pub(super) fn auth(given: &Given<'_>) -> Option<String> {
    if let Some(text) = given.text.as_deref() {
        if let Some(token) = text.strip_prefix("Bearer ").or_else(|| text.strip_prefix("bearer ")) {
            return Some(format!("auth: {{ bearer: {} }}", braced(token.trim())));
        }
        if let Some(pair) =
            text.strip_prefix("basic ").or_else(|| text.strip_prefix("Basic ")).filter(|pair| pair.contains(':'))
        {
            let (user, password) = pair.split_once(':')?;
            return Some(format!(
                "auth: {{ basic: {{ username: {}, password: {} }} }}",
                braced(user.trim()),
                braced(password.trim())
            ));
        }
        return text.contains(' ').then(|| format!("headers: {{ Authorization: {} }}", braced(text)));
    }
    if is_map(given) && given.pairs.iter().any(|(key, _)| matches!(key.as_str(), "basic" | "digest")) {
        return None;
    }
    if let Some(token) = given.pair(&["token", "bearer", "bearer_token", "access_token"]) {
        let ours = given.pairs.len() == 1 && given.pairs[0].0 == "bearer";
        let inner = token.strip_prefix("{ ").and_then(|inner| inner.split_once(": "));
        return match inner {
            Some((_, inner)) if ours => Some(format!("auth: {{ bearer: {} }}", inner.trim_end_matches(" }"))),
            _ if ours => None,
            _ => Some(format!("auth: {{ bearer: {token} }}")),
        };
    }
    let way = match given.pair(&["type", "mechanism", "scheme"]).map(str::to_ascii_lowercase).as_deref() {
        Some("digest") => "digest",
        Some("basic" | "basic_auth") | None => "basic",
        Some(_) => return None,
    };
    Some(format!("auth: {{ {way}: {} }}", credentials(given)?))
}

/// Headers that are one word, or are written in snake case.
const HEADERS: [&str; 23] = [
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Type",
    "Forwarded",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Unmodified-Since",
    "Idempotency-Key",
    "Origin",
    "Pragma",
    "Range",
    "Referer",
    "User-Agent",
    "Via",
    "Authorization",
];

/// A header that is written as a key of a request: `headers: { Accept: … }`.
pub(super) fn header(given: &Given<'_>) -> Option<String> {
    let word = given.key;
    given.text.as_deref()?;
    let known = HEADERS.iter().find(|name| one_spelling(name) == one_spelling(word));
    let is_plain = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let begins = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
    // `X-Requested-With`, and what else is written so.
    let capitals = word.contains('-') && word.split('-').all(begins);
    let name = match known {
        Some(_) if is_plain && (word.contains('-') || begins(word)) => word,
        Some(known) => known,
        None if is_plain && (capitals || is_extension(word)) => word,
        None => return None,
    };
    Some(format!("headers: {{ {name}: {} }}", given.flow.as_deref()?))
}

/// `x-api-key` and other headers that begin with `x-`; other keys that begin so are the plan's own.
pub(super) fn is_extension(word: &str) -> bool {
    const ENDS: [&str; 27] = [
        "id",
        "token",
        "key",
        "for",
        "with",
        "ip",
        "host",
        "proto",
        "override",
        "auth",
        "secret",
        "signature",
        "nonce",
        "tenant",
        "user",
        "username",
        "lang",
        "language",
        "version",
        "timestamp",
        "session",
        "client",
        "device",
        "csrf",
        "port",
        "authorization",
        "powered",
    ];
    let lower = word.to_ascii_lowercase();
    lower.strip_prefix("x-").is_some_and(|rest| rest.rsplit('-').next().is_some_and(|end| ENDS.contains(&end)))
}

/// What is said of a response, beside the request instead of under its `assert`.
pub(super) fn assertion(given: &Given<'_>) -> Option<String> {
    let tables = [assertions::BESIDE, assertions::WORDS];
    let text = in_words(&tables, given).or_else(|| {
        let word = one_spelling(given.key);
        let start = ["expect_", "expected_", "assert_", "should_", "check_", "verify_", "must_"]
            .into_iter()
            .find(|start| word.starts_with(start))?;
        let rest = word.strip_prefix(start)?;
        let of_rest = Given {
            key: rest,
            text: given.text.clone(),
            flow: given.flow.clone(),
            pairs: given.pairs.clone(),
            items: given.items.clone(),
            rows: given.rows.clone(),
            ..*given
        };
        in_words(&tables, &of_rest)
    })?;
    // What is sent is written beside a request, too.
    Some(format!("assert: {{ {text} }}"))
}
