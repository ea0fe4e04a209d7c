//! Keys of requests as other tools call them.

use super::given::Unit;
use super::request_values::{
    auth, cookies, credentials, files, is_map, of_request, parameters, redirects, resources, settings_of_a_script,
    thresholds,
};
use super::values::{map_of, threshold};
use super::{Word, instead, key, one_spelling, sentences, told, written};
use crate::threshold::Condition;

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
        Some(format!(
            "auth: {{ bearer: {} }}",
            super::request_values::braced(token.strip_prefix("Bearer ").unwrap_or(token))
        ))
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
        |given| Some(format!("assert: {}", sentences::of_text(given.text.as_deref()?)?)),
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
    told(&["http", "settings", "options", "config"], |given| {
        given.node.entries()?;
        Some(format!("its keys stand on the request itself: remove `{}:`, and write them one level up", given.key))
    }),
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
