//! Keys of HTTP settings and HTTP requests.

use crate::plan::keys::{ANY_REQUEST, ASSERT, Key, KindId, Section, StepKeys, Ty};
use crate::protocols::spec::RequestKind;

static AUTH_SHAPES: [Ty; 2] = [Ty::Section(&AUTH), Ty::Null];
static PART_SHAPES: [Ty; 3] = [Ty::Text, Ty::Section(&MULTIPART_PART), Ty::List(&Ty::Any)];
static PART: Ty = Ty::Either(&PART_SHAPES);

pub(crate) const HEADERS: Key = Key::new(
    "headers",
    Ty::Map(&Ty::Either(&[Ty::Text, Ty::Null])),
    "Headers to send. They are merged by name with the headers of outer levels; `null` removes one. With HTTP/1, names are sent as spelled here.",
    "headers:\n  Accept: application/json",
)
.words(&[("JMeter", "header_manager"), ("JMeter", "header"), ("JMeter", "HeaderManager")]);
pub(crate) const TIMEOUT: Key = Key::new(
    "timeout",
    Ty::Duration,
    "The maximum time for a whole request, including redirects and body. The default is 30s.",
    "timeout: 10s",
)
.words(&[("JMeter", "response_timeout"), ("Gatling", "requestTimeout")]);
const BASE_URL: Key = Key::new(
    "base_url",
    Ty::Text,
    "Prefix of every path. It must not contain `?` or `#`.",
    "base_url: https://api.example",
)
.words(&[
    ("Artillery", "target"),
    ("drill", "base"),
    ("Locust", "host"),
    ("Taurus", "default-address"),
    ("Gatling", "baseUrl"),
    ("JMeter", "domain"),
    ("JMeter", "server"),
    ("JMeter", "Server Name or IP"),
])
.also(&["url", "uri", "root", "root_url", "server_url", "endpoint", "hostname", "address", "site"]);
pub(crate) const AUTH_KEY: Key = Key::new(
    "auth",
    Ty::Either(&AUTH_SHAPES),
    "Authentication for every request.",
    "auth:\n  basic: { username: ann, password: \"${password}\" }",
)
.words(&[("JMeter", "authorization"), ("JMeter", "auth_manager")]);

/// Query parameters.
pub const QUERY: Key = Key::new(
    "query",
    Ty::Map(&Ty::Any),
    "Query parameters, always encoded. A list repeats the name, `null` omits it.",
    "query:\n  page: 2\n  id: [1, 2]",
)
.words(&[
    ("Artillery", "qs"),
    ("Locust", "params"),
    ("k6", "params"),
    ("JMeter", "arguments"),
    ("Postman", "queryParams"),
]);

/// HTTP settings of the plan or a thread group.
pub static HTTP: Section = Section {
    name: "http",
    doc: "Defaults for HTTP requests. You can set them for the plan, for a thread group, or directly in a request; the innermost value wins.",
    keys: &[
        BASE_URL,
        HEADERS,
        AUTH_KEY,
        TIMEOUT,
        Key::new(
            "connect_timeout",
            Ty::Duration,
            "The maximum time to connect, including TLS. The default is 10s.",
            "connect_timeout: 5s",
        ),
        Key::new(
            "follow_redirects",
            Ty::Bool,
            "Whether redirects are followed. The default is true.",
            "follow_redirects: false",
        )
        .words(&[
            ("Artillery", "followRedirect"),
            ("Taurus", "follow-redirects"),
            ("JMeter", "auto_redirects"),
        ]),
        Key::new(
            "max_redirects",
            Ty::Count(0),
            "The maximum number of redirects. A request with more redirects fails. The default is 20.",
            "max_redirects: 5",
        ),
        Key::new(
            "redirect_headers",
            Ty::Enum(&[
                (
                    "safe",
                    "headers that contain no secret and nothing derived from a secret, and whose name does not suggest a credential, as `X-Api-Key` does (the default)",
                ),
                ("all", "all headers"),
            ]),
            "Which headers of the plan are also sent when a redirect, or a resource of a page, leads to another origin. `Authorization`, `Cookie` and `Proxy-Authorization` are never sent there.",
            "redirect_headers: all",
        ),
        Key::new(
            "cookies",
            Ty::Enum(&[
                ("user", "each user has a cookie store, for the whole run (the default)"),
                ("iteration", "emptied at the start of each iteration"),
                ("off", "cookies are neither stored nor sent"),
            ]),
            "How long cookies are stored.",
            "cookies: iteration",
        )
        .words(&[("JMeter", "cookie_manager"), ("Taurus", "store-cookie")]),
        Key::new(
            "connections",
            Ty::Enum(&[
                ("user", "each user keeps its connections for the whole run (the default)"),
                ("iteration", "closed at the end of each iteration"),
                ("request", "a new connection for each request"),
            ]),
            "How long connections are kept.",
            "connections: request",
        )
        .words(&[("Taurus", "keepalive"), ("JMeter", "keepalive"), ("JMeter", "use_keepalive")]),
        Key::new(
            "version",
            Ty::Enum(&[
                ("auto", "HTTP/2 if the server offers it over TLS, otherwise HTTP/1.1 (the default)"),
                ("1.1", "always HTTP/1.1"),
                ("2", "always HTTP/2, also without TLS"),
            ]),
            "The version of HTTP to use.",
            "version: 2",
        ),
        Key::new(
            "compression",
            Ty::Bool,
            "Whether to request compressed responses (gzip, deflate, br, zstd). The default is true. A body is only decompressed if something in the plan reads it (`try` always does). Only then does a damaged body fail the request.",
            "compression: false",
        ),
        Key::new("tls", Ty::Section(&TLS), "TLS settings.", "tls: { ca_file: certs/ca.pem }"),
        Key::new(
            "proxy",
            Ty::Either(&[Ty::Text, Ty::Null]),
            "The proxy to use; `off` ignores the proxy variables of the environment. Those variables never apply to this machine (localhost, 127.0.0.0/8, ::1), but a proxy set here does.",
            "proxy: http://proxy.local:3128",
        ),
        Key::new(
            "resolve",
            Ty::Map(&Ty::Text),
            "Addresses to use for host names instead of DNS. The whole name must match, in any spelling of the same host.",
            "resolve:\n  api.example: 127.0.0.1",
        ),
        Key::new(
            "source_address",
            Ty::Text,
            "The local address for outgoing connections.",
            "source_address: 127.0.0.2",
        ),
        Key::new(
            "max_body",
            Ty::Size,
            "How much of a body is kept for assertions and extractors. The rest is read, counted and discarded. The default is 10MiB.",
            "max_body: 1MiB",
        ),
        Key::new(
            "decompression",
            Ty::Section(&DECOMPRESSION),
            "Limits for decompressing bodies. A body that exceeds a limit fails its request.",
            "decompression: { max_size: 4GiB }",
        ),
        Key::new(
            "cache",
            Ty::Enum(&[
                ("off", "every request is sent (the default)"),
                ("user", "each user has a cache like a browser, for the whole run"),
                ("iteration", "emptied at the start of each iteration"),
            ]),
            "Whether responses are cached as in a browser.",
            "cache: user",
        )
        .words(&[("JMeter", "cache_manager")]),
        ASSERT,
    ],
};

/// Keys of an HTTP request.
pub static REQUEST: Section = Section {
    name: "HTTP request",
    doc: "The content of an HTTP request.",
    keys: &[
        QUERY,
        Key::new(
            "json",
            Ty::Any,
            "A body written as YAML and sent as JSON, with `Content-Type: application/json`.",
            "json:\n  symbol: AAPL\n  quantity: 10",
        )
        .words(&[("Taurus", "body-json"), ("HttpRunner", "json_body")]),
        Key::new(
            "form",
            Ty::Map(&Ty::Any),
            "Form fields, sent as `application/x-www-form-urlencoded`.",
            "form:\n  user: ${name}",
        )
        .words(&[("Artillery", "formData"), ("Gatling", "formParam"), ("curl", "data"), ("k6", "form_data")]),
        Key::new("body", Ty::Text, "A body that is sent as it is. No Content-Type is added.", "body: '<order id=\"1\"/>'")
            .words(&[("Postman", "raw"), ("k6", "payload"), ("JMeter", "body_data")]),
        Key::new("body_file", Ty::Path, "A file that is sent as the body, byte for byte.", "body_file: files/order.json")
            .words(&[("Taurus", "body-file"), ("Gatling", "RawFileBody")]),
        Key::new(
            "graphql",
            Ty::Section(&GRAPHQL),
            "A GraphQL query, sent as JSON.",
            "graphql:\n  query: '{ prices { symbol } }'",
        ),
        Key::new(
            "multipart",
            Ty::Map(&PART),
            "A `multipart/form-data` body. Texts are fields, maps are files or parts with their own type, and a list repeats the name. The boundary is added to the Content-Type; if your Content-Type header already has a boundary, it is used.",
            "multipart:\n  title: My contract\n  meta: { json: { pages: 3 } }\n  document: { file: files/contract.pdf, type: application/pdf }",
        )
        .words(&[("Taurus", "upload-files"), ("JMeter", "files")]),
        Key::new(
            "compress_body",
            Ty::Enum(&[
                ("gzip", "the most common one"),
                ("deflate", "in zlib format, as specified by the standard"),
                ("br", "Brotli"),
                ("zstd", "Zstandard"),
            ]),
            "How to compress the body before it is sent. `Content-Encoding` is added.",
            "compress_body: gzip",
        ),
        Key::new(
            "resources",
            Ty::Section(&RESOURCES),
            "Also loads the images, scripts and styles of the page. The response time then includes them.",
            "resources: { parallel: 6 }",
        )
        .words(&[("JMeter", "embedded_resources"), ("Taurus", "retrieve-resources")]),
    ],
};
/// The map under `request`.
pub static REQUEST_LINE: Section = Section {
    name: "request",
    doc: "A request with any method.",
    keys: &[
        Key::new("method", Ty::Name, "The method, in upper case.", "method: PROPFIND").required(),
        Key::new("url", Ty::Text, "The path or URL.", "url: /files")
            .required()
            .words(&[("Taurus", "path"), ("JMeter", "path")]),
    ],
};

/// A GraphQL body.
pub static GRAPHQL: Section = Section {
    name: "graphql",
    doc: "A GraphQL request.",
    keys: &[
        Key::new("query", Ty::Text, "The query or mutation.", "query: 'query($id: ID!) { order(id: $id) { price } }'")
            .required(),
        Key::new("variables", Ty::Map(&Ty::Any), "The variables of the query.", "variables: { id: 1 }"),
        Key::new("operation_name", Ty::Text, "The operation of the query to run.", "operation_name: Order")
            .words(&[("GraphQL", "operationName")]),
    ],
};

/// A file, or a value with a type of its own, in a multipart body.
pub static MULTIPART_PART: Section = Section {
    name: "multipart part",
    doc: "A file or a typed value sent as a part: one of `file`, `json` and `value`.",
    keys: &[
        Key::new("file", Ty::Path, "The file, relative to the plan.", "file: files/contract.pdf")
            .words(&[("Taurus", "path")]),
        Key::new("json", Ty::Any, "A value, sent as JSON.", "json: { title: My contract, pages: 3 }"),
        Key::new("value", Ty::Text, "Text, for a part with its own `type`.", "value: a;b;c"),
        Key::new(
            "type",
            Ty::Text,
            "The Content-Type of the part. If omitted: for a file guessed from its name, for `json` `application/json`, for `value` none.",
            "type: application/pdf",
        )
        .words(&[("Taurus", "mime-type"), ("HTTP", "content_type")]),
        Key::new(
            "name",
            Ty::Text,
            "The file name to send. If omitted: for a file its own name, otherwise none.",
            "name: contract.pdf",
        )
        .words(&[("HTML", "filename")]),
    ],
};

/// Embedded resources.
pub static RESOURCES: Section = Section {
    name: "resources",
    doc: "How to load the images, scripts and styles of a page.",
    keys: &[
        Key::new(
            "parallel",
            Ty::Count(1),
            "How many to load at the same time. The default is 6, as in a browser.",
            "parallel: 6",
        ),
        Key::new(
            "max",
            Ty::Count(1),
            "The maximum number of resources of a page. A page with more fails its request. The default is 500.",
            "max: 2000",
        ),
    ],
};

/// Limits of decompression.
pub static DECOMPRESSION: Section = Section {
    name: "decompression",
    doc: "Limits for decompressing bodies.",
    keys: &[
        Key::new(
            "max_size",
            Ty::Size,
            "The maximum decompressed size, including the data between two layers. The default is 1GiB. `max_body` still limits how much is kept.",
            "max_size: 4GiB",
        ),
        Key::new(
            "max_ratio",
            Ty::Count(1),
            "The maximum ratio of decompressed to compressed size, checked once the decompressed size is over 32MiB. The default is 2000, which a single layer of gzip cannot reach.",
            "max_ratio: 10000",
        ),
        Key::new(
            "max_layers",
            Ty::Count(1),
            "The maximum number of stacked encodings (`Content-Encoding: gzip, br`). The default is 2.",
            "max_layers: 3",
        ),
    ],
};

/// TLS settings.
pub static TLS: Section = Section {
    name: "tls",
    doc: "How TLS connections are made and verified.",
    keys: &[
        Key::new(
            "verify",
            Ty::Bool,
            "Whether the certificate of the server is verified. The default is true.",
            "verify: false",
        )
        .words(&[("k6", "insecureSkipTLSVerify"), ("curl", "insecure"), ("Artillery", "rejectUnauthorized")]),
        Key::new(
            "ca_file",
            Ty::Path,
            "Certificates (PEM) to trust in addition to those of the system.",
            "ca_file: certs/ca.pem",
        )
        .words(&[("curl", "cacert")]),
        Key::new(
            "cert_file",
            Ty::Path,
            "The client certificate (PEM). The key can be in the same file.",
            "cert_file: certs/client.pem",
        ),
        Key::new(
            "key_file",
            Ty::Path,
            "The private key of the client (PEM: PKCS#8, PKCS#1 or SEC1, without a password).",
            "key_file: certs/client.key",
        ),
        Key::new(
            "server_name",
            Ty::Text,
            "The name to request from the server and to verify the certificate against, instead of the host in the URL.",
            "server_name: api.internal",
        ),
        Key::new(
            "min_version",
            Ty::Enum(&[("1.2", "TLS 1.2 or newer (the default)"), ("1.3", "TLS 1.3 only")]),
            "The oldest version of TLS to accept.",
            "min_version: 1.3",
        ),
    ],
};

/// Ways to sign in.
pub static AUTH: Section = Section {
    name: "auth",
    doc: "An authentication method.",
    keys: &[
        Key::new(
            "basic",
            Ty::Section(&BASIC),
            "HTTP Basic: sends the username and password with every request.",
            "basic: { username: ann, password: \"${password}\" }",
        ),
        Key::new("bearer", Ty::Text, "A bearer token, sent in the Authorization header.", "bearer: ${token}"),
        Key::new(
            "digest",
            Ty::Section(&DIGEST),
            "HTTP Digest: responds to the challenge of the server.",
            "digest: { username: ann, password: \"${password}\" }",
        ),
        Key::new("oauth2", Ty::Any, "OAuth 2.", "oauth2: {}").later(),
        Key::new("aws_sigv4", Ty::Any, "AWS signature version 4.", "aws_sigv4: {}").later(),
    ],
};

/// Basic authentication.
pub static BASIC: Section = Section { name: "basic auth", doc: "Username and password.", keys: &credentials() };

/// Digest authentication.
pub static DIGEST: Section = Section { name: "digest auth", doc: "Username and password.", keys: &credentials() };

const fn credentials() -> [Key; 2] {
    [
        Key::new("username", Ty::Text, "The username.", "username: ann").required().words(&[("curl", "user")]),
        Key::new("password", Ty::Text, "The password.", "password: ${password}")
            .required()
            .words(&[("Artillery", "pass")]),
    ]
}

/// The kinds of steps that are HTTP requests.
pub static KINDS: [StepKeys; 8] = [
    method("get", "An HTTP GET of a path or URL.", "get: /api/market-data"),
    method("post", "An HTTP POST to a path or URL.", "post: /api/orders"),
    method("put", "An HTTP PUT to a path or URL.", "put: /api/orders/1"),
    method("patch", "An HTTP PATCH of a path or URL.", "patch: /api/orders/1"),
    method("delete", "An HTTP DELETE of a path or URL.", "delete: /api/orders/1"),
    method("head", "An HTTP HEAD of a path or URL.", "head: /"),
    method("options", "An HTTP OPTIONS of a path or URL.", "options: /"),
    request(
        Key::new(
            "request",
            Ty::Section(&REQUEST_LINE),
            "An HTTP request with any other method.",
            "request: { method: PROPFIND, url: /files }",
        )
        .words(&[
            ("JMeter", "http"),
            ("Taurus", "url"),
            ("JMeter", "sampler"),
            ("JMeter", "http_request"),
            ("Artillery", "url"),
        ]),
    ),
];

const fn method(name: &'static str, doc: &'static str, example: &'static str) -> StepKeys {
    request(Key::new(name, Ty::Text, doc, example))
}

const fn request(key: Key) -> StepKeys {
    StepKeys { id: KindId::Request(RequestKind::Http), key, keys: &[], sections: OF_A_REQUEST, jmeter: "HTTP Request" }
}

/// The sections whose keys a request takes.
static OF_A_REQUEST: &[&Section] = &[&REQUEST, &ANY_REQUEST, &HTTP];

/// Every section of keys of HTTP.
pub static SECTIONS: &[&Section] = &[
    &HTTP,
    &DECOMPRESSION,
    &TLS,
    &AUTH,
    &BASIC,
    &DIGEST,
    &REQUEST,
    &REQUEST_LINE,
    &GRAPHQL,
    &MULTIPART_PART,
    &RESOURCES,
];
