//! Keys of requests as other tools call them.

use super::given::{Given, Unit};
use super::values::{braces, map_of, threshold};
use super::{Word, assertions, in_words, instead, key, one_spelling, plain, told, written};
use crate::threshold::Condition;
use crate::yaml::{Entry, NodeKind};

/// Words that stand beside a request and are no key of ours.
pub(super) static WORDS: &[Word] = &[
    written(&["params", "parameters", "arguments", "args", "request_params"], settings_of_a_script),
    written(
        &["params", "parameters", "arguments", "args", "request_params", "send_parameters_with_the_request"],
        parameters,
    ),
    key(
        &[
            "urlencoded",
            "url_encoded",
            "x_www_form_urlencoded",
            "form_urlencoded",
            "form_fields",
            "form_field",
            "form_params",
            "form_param",
            "form_parameters",
            "post_data",
            "post_params",
            "post_parameters",
            "post_body_fields",
            "fields",
        ],
        "form",
    ),
    written(&["urlencoded", "form_fields", "form_params", "x_www_form_urlencoded", "form_data", "formdata"], |given| {
        Some(format!("form: {}", map_of(given)?))
    }),
    written(
        &["files", "file", "files_upload", "file_upload", "file_uploads", "upload", "uploads", "attachments"],
        files,
    ),
    key(&["files_upload", "file_upload", "file_uploads", "files", "upload", "uploads", "attachments"], "multipart"),
    // With a hyphen it is Postman's; `form_data` and `formData` are fields to k6 and Artillery.
    written(&["form_data", "formdata"], |given| {
        let is_theirs = matches!(given.key, "form-data" | "formdata" | "Form-Data") && is_map(given);
        is_theirs.then(|| Some(format!("multipart: {}", given.flow.as_deref()?))).flatten()
    }),
    key(&["form_data", "formdata"], "form"),
    key(&["json_body", "body_json", "json_data", "json_payload", "request_json"], "json"),
    written(
        &["data", "payload", "raw", "content", "body_data", "request_body", "post_body", "message_body"],
        |given| Some(format!("body: {}", given.text.as_ref().and(given.flow.as_deref())?)),
    ),
    key(&["payload", "raw", "content", "body_data", "request_body", "post_body"], "json"),
    key(&["data"], "form"),
    key(&["data"], "json"),
    key(
        &[
            "query_params",
            "query_param",
            "query_parameters",
            "query_string",
            "querystring",
            "search_params",
            "url_params",
            "url_parameters",
            "url_query",
            "qs",
        ],
        "query",
    ),
    written(
        &["query_params", "query_parameters", "query_string", "querystring", "search_params", "url_params", "qs"],
        |given| Some(format!("query: {}", map_of(given)?)),
    ),
    written(&["header", "request_headers", "http_headers", "header_manager"], |given| {
        Some(format!("headers: {}", map_of(given)?))
    }),
    key(
        &["header", "request_headers", "http_headers", "http_header", "header_manager", "http_header_manager"],
        "headers",
    ),
    // Redirects.
    written(
        &[
            "redirect",
            "redirects",
            "follow",
            "follow_redirect",
            "follow_redirects",
            "allow_redirects",
            "allow_redirect",
            "redirect_automatically",
            "auto_redirects",
            "auto_redirect",
            "follow_all_redirects",
            "max_redirects",
        ],
        redirects,
    ),
    // Authentication.
    written(&["authorization", "authentication", "auth_header", "auth_manager", "http_authorization_manager"], auth),
    written(&["basic_auth", "basic", "http_basic", "basic_authentication"], |given| {
        Some(format!("auth: {{ basic: {} }}", credentials(given)?))
    }),
    written(&["digest", "digest_auth"], |given| Some(format!("auth: {{ digest: {} }}", credentials(given)?))),
    written(&["bearer", "bearer_token", "token", "access_token", "auth_token", "jwt"], |given| {
        let token = given.text.as_deref()?;
        Some(format!("auth: {{ bearer: {} }}", braced(token.strip_prefix("Bearer ").unwrap_or(token))))
    }),
    written(&["cookie", "cookie_header", "request_cookies"], cookies),
    written(&["cookie_jar", "use_cookies", "cookie_manager", "http_cookie_manager", "store_cookies"], |given| {
        Some(format!("cookies: {}", if given.truth()? { "user" } else { "off" }))
    }),
    written(&["use_cache", "caching", "cache_manager", "http_cache_manager", "browser_cache"], |given| {
        Some(format!("cache: {}", if given.truth()? { "user" } else { "off" }))
    }),
    // Connections.
    written(
        &["keepalive", "keep_alive", "use_keepalive", "use_keep_alive", "reuse_connections", "connection"],
        |given| {
            let text = given.text.as_deref()?.to_ascii_lowercase();
            let keeps = given.truth().or(match text.as_str() {
                "keep-alive" | "keep_alive" => Some(true),
                "close" => Some(false),
                _ => None,
            })?;
            Some(format!("connections: {}", if keeps { "user" } else { "request" }))
        },
    ),
    written(
        &[
            "verify",
            "ssl_verify",
            "verify_ssl",
            "tls_verify",
            "verify_tls",
            "check_certificate",
            "reject_unauthorized",
            "strict_ssl",
            "validate_certs",
        ],
        |given| Some(format!("tls: {{ verify: {} }}", given.truth()?)),
    ),
    written(
        &["insecure", "insecure_skip_tls_verify", "ignore_https_errors", "ignore_ssl_errors", "skip_tls_verify"],
        |given| Some(format!("tls: {{ verify: {} }}", !given.truth()?)),
    ),
    written(&["http2", "use_http2", "enable_http2", "h2"], |given| {
        Some(if given.truth()? { "version: 2".into() } else { "version: 1.1".into() })
    }),
    key(&["http_version", "protocol_version"], "version"),
    written(&["gzip", "compress", "compressed", "accept_compressed", "enable_compression"], |given| {
        Some(format!("compression: {}", given.truth()?))
    }),
    written(
        &[
            "response_timeout",
            "request_timeout",
            "read_timeout",
            "socket_timeout",
            "timeout_ms",
            "max_timeout",
            "timeout",
        ],
        |given| Some(format!("timeout: {}", given.time(Unit::Milliseconds)?)),
    ),
    written(&["connection_timeout", "connect_timeout_ms", "connect_timeout"], |given| {
        Some(format!("connect_timeout: {}", given.time(Unit::Milliseconds)?))
    }),
    written(
        &[
            "embedded_resources",
            "retrieve_embedded_resources",
            "retrieve_all_embedded_resources",
            "retrieve_resources",
            "download_resources",
            "fetch_resources",
            "load_resources",
            "page_resources",
            "assets",
            "static_resources",
            "parallel_downloads",
        ],
        resources,
    ),
    // What is taken from the response.
    key(
        &[
            "save",
            "saves",
            "capture",
            "captures",
            "extractor",
            "extractors",
            "extracts",
            "extraction",
            "store",
            "save_as",
            "json_extractor",
            "regex_extractor",
            "regular_expression_extractor",
            "css_extractor",
            "post_processors",
            "post_processor",
            "set_from_response",
            "outputs",
            "output",
            "correlate",
        ],
        "extract",
    ),
    key(&["variables", "vars", "let", "user_parameters", "locals"], "with"),
    // What must be true of it.
    key(
        &[
            "assertion",
            "assertions",
            "asserts",
            "response_assertion",
            "response_assertions",
            "expect",
            "expects",
            "expected",
            "expectation",
            "expectations",
            "verify",
            "verification",
            "validate",
            "validation",
            "validations",
            "validators",
            "should",
            "must",
            "check",
            "checks",
            "test",
            "tests",
            "response",
            "expected_response",
        ],
        "assert",
    ),
    written(
        &["expect", "expects", "expected", "check", "verify", "validate", "assertion", "response", "should"],
        |given| Some(format!("assert: {}", assertions::of_text(given.text.as_deref()?)?)),
    ),
    written(
        &[
            "p50",
            "p75",
            "p90",
            "p95",
            "p99",
            "p99_9",
            "mean",
            "median",
            "error_rate",
            "errors",
            "throughput",
            "avg",
            "average",
        ],
        |given| {
            let metric = match &*one_spelling(given.key) {
                "avg" | "average" => "mean",
                "median" => "p50",
                _ => given.key,
            };
            Some(format!("thresholds: [{}]", threshold(metric, given.text.as_deref()?)?))
        },
    ),
    written(&["threshold", "thresholds", "sla", "slo", "limit", "limits"], |given| {
        let text = given.text.as_deref()?;
        Condition::parse(text).ok()?;
        Some(format!("thresholds: [{text}]"))
    }),
    written(&["threshold", "thresholds", "sla", "slo", "limits"], thresholds),
    told(&["username", "user_name", "password", "pass"], |given| {
        let of = |words: &[&str]| {
            given.beside.iter().find(|entry| words.contains(&one_spelling(&entry.key).as_str()))?.value.text()
        };
        let (user, password) = (of(&["username", "user_name", "user"])?, of(&["password", "pass"])?);
        Some(format!("write `auth: {{ basic: {{ username: {user}, password: {password} }} }}`"))
    }),
    // What there is not.
    instead(
        &["retry", "retries", "max_retries", "retry_count", "retry_on_failure", "attempts", "max_attempts"],
        "there are no retries: every request counts as it went; remove this key",
    ),
    instead(
        &[
            "ignore_errors",
            "ignore_error",
            "ignore_failure",
            "ignore_failures",
            "allow_failure",
            "allow_failures",
            "allow_errors",
            "allowed_errors",
            "ignore_status",
            "soft_fail",
            "optional",
            "fail_on_error",
            "can_fail",
        ],
        "say how many errors are allowed: `thresholds: [error_rate < 3%]` on this request",
    ),
    instead(
        &[
            "on_error",
            "on_failure",
            "continue_on_error",
            "continue_on_failure",
            "stop_on_error",
            "fail_fast",
            "action_on_error",
        ],
        "what happens after an error is said by `on_error` of the thread group, beside its `steps:`; without it the user goes on",
    ),
    instead(
        &["tags", "tag", "labels", "groups", "category"],
        "there are no tags: reports list each request under its `name`; remove this key",
    ),
    instead(
        &[
            "script",
            "scripts",
            "pre_request",
            "pre_request_script",
            "pre_processor",
            "pre_processors",
            "before_request",
            "after_response",
            "jsr223",
            "jsr223_pre_processor",
            "beanshell",
            "groovy",
            "javascript",
        ],
        "scripts do not run here: make values with expressions such as `${uuid()}`, take them with `extract:`, check them with `assert:`",
    ),
    instead(
        &["post_processor", "post_processors", "post_request_script", "jsr223_post_processor", "test_script"],
        "scripts do not run here: take values from the response with `extract:`, check it with `assert:`",
    ),
    told(&["host", "server", "server_name", "server_name_or_ip", "domain", "hostname"], |given| {
        let (kind, path) = of_request(given)?;
        let host = given.text.as_deref()?;
        let start = if host.contains("://") { String::new() } else { "https://".into() };
        Some(format!(
            "write the whole URL: `{kind}: {start}{}{path}`, or `base_url` under `http:` for all requests",
            host.trim_end_matches('/')
        ))
    }),
    told(&["port", "port_number", "protocol", "scheme"], |given| {
        let (kind, path) = of_request(given)?;
        Some(format!(
            "it belongs into the URL: `{kind}: https://shop.example:8080{path}`, or into `base_url` under `http:` for all requests"
        ))
    }),
    instead(
        &["encoding", "charset", "content_encoding", "body_encoding"],
        "text is sent as UTF-8: remove this key; bytes in another encoding are sent from a file with `body_file:`",
    ),
    instead(
        &["implementation", "client", "http_client", "client_implementation"],
        "there is one HTTP client: remove this key",
    ),
    instead(
        &["use_multipart_form_data", "use_multipart", "browser_compatible_headers"],
        "a body under `multipart:` is sent as multipart/form-data: remove this key",
    ),
    instead(
        &["then", "next", "and_then", "after"],
        "steps run one after another: write the next one below with its own `-`",
    ),
    instead(
        &[
            "users",
            "vus",
            "threads",
            "iterations",
            "ramp_up",
            "duration",
            "arrival_rate",
            "rps",
            "stages",
            "number_of_threads",
        ],
        "the load is said by the thread group: write it beside its `steps:`, not in a request",
    ),
];

/// Our own keys with values of other tools.
pub(super) static SHAPES: &[Word] = &[
    written(&["form"], |given| Some(format!("form: {}", map_of(given)?))),
    written(&["query"], |given| Some(format!("query: {}", map_of(given)?))),
    written(&["headers"], |given| Some(format!("headers: {}", map_of(given)?))),
    written(&["multipart"], |given| Some(format!("multipart: {}", map_of(given)?))),
    written(&["auth"], auth),
    written(&["cookies"], |given| {
        if let Some(keeps) = given.truth().filter(|_| given.text.as_deref() != Some("off")) {
            return Some(format!("cookies: {}", if keeps { "user" } else { "off" }));
        }
        let is_word = given.text.as_ref().is_some_and(|text| !text.contains('='));
        (!is_word).then(|| cookies(given)).flatten()
    }),
    written(&["cache"], |given| {
        let keeps = given.truth().filter(|_| given.text.as_deref() != Some("off"))?;
        Some(format!("cache: {}", if keeps { "user" } else { "off" }))
    }),
    written(&["connections"], |given| match given.text.as_deref()? {
        "keep-alive" | "keep_alive" | "keepalive" | "true" => Some("connections: user".into()),
        "close" | "false" => Some("connections: request".into()),
        _ => None,
    }),
    written(&["resources"], resources),
    told(&["resources"], |given| {
        let off = given.truth()? || given.text.as_deref() == Some("off");
        (!off).then(|| "the resources of a page are fetched only where a request says so: remove this key".into())
    }),
    told(&["timeout", "connect_timeout"], |given| {
        let number: f64 = given.text.as_deref()?.parse().ok().filter(|number| *number >= 100.0)?;
        let time = super::given::time(given.text.as_deref()?, Unit::Milliseconds)?;
        let key = given.key;
        Some(format!(
            "write the unit: `{key}: {time}` if these are milliseconds, `{key}: {number}s` if these are seconds"
        ))
    }),
    written(&["thresholds"], thresholds),
    written(&["extract"], super::extractors::named),
    told(&["extract"], |given| {
        let text = match given.items.as_slice() {
            [only] => only.clone(),
            _ => given.text.clone()?,
        };
        let path = super::values::unquoted(&text);
        let name = path
            .rsplit(['.', '['])
            .next()
            .filter(|name| path.starts_with('$') && name.chars().all(|c| c.is_alphanumeric() || c == '_'))?;
        let name = if name.is_empty() { "token" } else { name };
        Some(format!("give the value a name: `extract: {{ {name}: {path} }}`, and use it as `${{{name}}}`"))
    }),
    written(&["thresholds"], |given| {
        let text = given.text.as_deref()?;
        Condition::parse(text).ok()?;
        Some(format!("thresholds: [{text}]"))
    }),
];

fn is_map(given: &Given<'_>) -> bool {
    matches!(given.node.kind, NodeKind::Map(_))
}

/// The kind key and the path of the request that a key stands beside.
fn of_request<'g>(given: &'g Given<'_>) -> Option<(&'g str, &'g str)> {
    let kind = given.beside.iter().find(|entry| METHODS.contains(&&*entry.key))?;
    let path = kind.value.text()?;
    let path = path.split_once("://").map_or(&**path, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
    Some((&kind.key, path))
}

/// The methods that are kind keys.
pub(super) const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// k6's `params` holds headers and the like, not parameters.
fn settings_of_a_script(given: &Given<'_>) -> Option<String> {
    match given.pairs.as_slice() {
        [(only, value)] if given.has_only(&["headers", "timeout", "auth"]) => Some(format!("{only}: {value}")),
        _ => None,
    }
}

/// JMeter's parameters go into the body of a POST, and into the URL of a GET.
fn parameters(given: &Given<'_>) -> Option<String> {
    let sends_body = given.beside.iter().any(|entry| matches!(&*entry.key, "post" | "put" | "patch"));
    let has_body = super::is_written(given.beside, "json")
        || super::is_written(given.beside, "form")
        || super::is_written(given.beside, "body");
    let ours = if sends_body && !has_body { "form" } else { "query" };
    let map = map_of(given).or_else(|| given.flow.clone().filter(|_| is_map(given)))?;
    Some(format!("{ours}: {map}"))
}

/// `files: { doc: a.pdf }`.
fn files(given: &Given<'_>) -> Option<String> {
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
fn thresholds(given: &Given<'_>) -> Option<String> {
    let entries = given.node.entries().filter(|entries| !entries.is_empty())?;
    let one = |entry: &Entry| {
        let limit = entry.value.text().cloned().or_else(|| entry.value.items()?.first()?.text().cloned())?;
        threshold(&entry.key, &limit)
    };
    let all = entries.iter().map(one).collect::<Option<Vec<_>>>()?;
    Some(format!("thresholds: [{}]", all.join(", ")))
}

fn redirects(given: &Given<'_>) -> Option<String> {
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

fn resources(given: &Given<'_>) -> Option<String> {
    if let Some(count) = given.count().filter(|count| *count > 0) {
        return Some(format!("resources: {{ parallel: {count} }}"));
    }
    let all = given.text.as_deref().is_some_and(|text| matches!(text, "all" | "parallel"));
    (all || given.truth()?).then(|| "resources: {}".into())
}

/// Text as it can be written within braces, in quotes if it holds an expression.
fn braced(text: &str) -> String {
    super::text_value(text)
}

fn cookies(given: &Given<'_>) -> Option<String> {
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

fn credentials(given: &Given<'_>) -> Option<String> {
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
fn auth(given: &Given<'_>) -> Option<String> {
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
