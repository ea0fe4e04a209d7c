//! Keys of HTTP settings and HTTP requests.

use crate::plan::keys::{ANY_REQUEST, ASSERT, Key, KindId, Section, StepKeys, Ty};
use crate::protocols::spec::RequestKind;

static AUTH_SHAPES: [Ty; 2] = [Ty::Section(&AUTH), Ty::Null];
static PART_SHAPES: [Ty; 3] = [Ty::Text, Ty::Section(&MULTIPART_PART), Ty::List(&Ty::Any)];
static PART: Ty = Ty::Either(&PART_SHAPES);

pub(crate) const HEADERS: Key = Key::new(
    "headers",
    Ty::Map(&Ty::Either(&[Ty::Text, Ty::Null])),
    "Headers to send. They merge by name with those of outer places; `null` removes one. Over HTTP/1 names are spelled as they are written here.",
    "headers:\n  Accept: application/json",
)
.words(&[("JMeter", "header_manager"), ("JMeter", "header"), ("JMeter", "HeaderManager")]);
pub(crate) const TIMEOUT: Key = Key::new(
    "timeout",
    Ty::Duration,
    "How long a whole request may take, redirects and body included. The default is 30s.",
    "timeout: 10s",
)
.words(&[("JMeter", "response_timeout"), ("Gatling", "requestTimeout")]);
const BASE_URL: Key = Key::new(
    "base_url",
    Ty::Text,
    "Prefix of every path. It ends before a `?` or `#`.",
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
    "How to sign in with every request.",
    "auth:\n  basic: { username: ann, password: \"${password}\" }",
)
.words(&[("JMeter", "authorization"), ("JMeter", "auth_manager")]);

/// Query parameters.
pub const QUERY: Key = Key::new(
    "query",
    Ty::Map(&Ty::Any),
    "Query parameters, always encoded. A list repeats the name, `null` leaves it out.",
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
    doc: "Defaults for HTTP requests. They stand on the plan, on a thread group, or directly on a request; the inner value wins.",
    keys: &[
        BASE_URL,
        HEADERS,
        AUTH_KEY,
        TIMEOUT,
        Key::new(
            "connect_timeout",
            Ty::Duration,
            "How long making a connection may take, TLS included. The default is 10s.",
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
            "How many redirects are followed before the request fails. The default is 20.",
            "max_redirects: 5",
        ),
        Key::new(
            "redirect_headers",
            Ty::Enum(&[
                (
                    "safe",
                    "those that hold no secret, nor what steps make from one, and are not called like a credential, as `X-Api-Key` is (the default)",
                ),
                ("all", "all of them"),
            ]),
            "Which of the plan's headers go along when a redirect, or a page's resource, leads to another origin. `Authorization`, `Cookie` and `Proxy-Authorization` never do.",
            "redirect_headers: all",
        ),
        Key::new(
            "cookies",
            Ty::Enum(&[
                ("user", "a cookie jar for each user, kept for life (the default)"),
                ("iteration", "emptied at the start of each iteration"),
                ("off", "no cookies are kept or sent"),
            ]),
            "Who keeps cookies.",
            "cookies: iteration",
        )
        .words(&[("JMeter", "cookie_manager"), ("Taurus", "store-cookie")]),
        Key::new(
            "connections",
            Ty::Enum(&[
                ("user", "each user keeps its connections for life (the default)"),
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
                ("auto", "HTTP/2 where TLS offers it, else HTTP/1.1 (the default)"),
                ("1.1", "always HTTP/1.1"),
                ("2", "always HTTP/2, without TLS too"),
            ]),
            "Which version of HTTP to speak.",
            "version: 2",
        ),
        Key::new(
            "compression",
            Ty::Bool,
            "Whether compressed responses (gzip, deflate, br, zstd) are asked for. The default is true. A body is decompressed only where something reads it, as `try` always does: a damaged one fails the request there, and is only counted elsewhere.",
            "compression: false",
        ),
        Key::new("tls", Ty::Section(&TLS), "TLS settings.", "tls: { ca_file: certs/ca.pem }"),
        Key::new(
            "proxy",
            Ty::Either(&[Ty::Text, Ty::Null]),
            "The proxy to go through; `off` ignores the environment's proxy variables. Those are never used for this machine (localhost, 127.0.0.0/8, ::1), a proxy written here is.",
            "proxy: http://proxy.local:3128",
        ),
        Key::new(
            "resolve",
            Ty::Map(&Ty::Text),
            "Addresses to use for host names instead of asking DNS. Names are compared whole, in any spelling of the same host.",
            "resolve:\n  api.example: 127.0.0.1",
        ),
        Key::new("source_address", Ty::Text, "The local address connections come from.", "source_address: 127.0.0.2"),
        Key::new(
            "max_body",
            Ty::Size,
            "How much of a body is kept for assertions and extractors; the rest is read, counted and dropped. The default is 10MiB.",
            "max_body: 1MiB",
        ),
        Key::new(
            "decompression",
            Ty::Section(&DECOMPRESSION),
            "How far a compressed body is decompressed, where it is. A body that goes beyond a limit fails its request.",
            "decompression: { max_size: 4GiB }",
        ),
        Key::new(
            "cache",
            Ty::Enum(&[
                ("off", "every request is sent (the default)"),
                ("user", "each user has a browser's cache, kept for life"),
                ("iteration", "emptied at the start of each iteration"),
            ]),
            "Whether responses are cached as a browser does.",
            "cache: user",
        )
        .words(&[("JMeter", "cache_manager")]),
        ASSERT,
    ],
};

/// Keys of an HTTP request.
pub static REQUEST: Section = Section {
    name: "HTTP request",
    doc: "What an HTTP request sends.",
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
        Key::new("body", Ty::Text, "A body sent as it is. No Content-Type is added.", "body: '<order id=\"1\"/>'")
            .words(&[("Postman", "raw"), ("k6", "payload"), ("JMeter", "body_data")]),
        Key::new("body_file", Ty::Path, "A file whose bytes are the body.", "body_file: files/order.json")
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
            "A `multipart/form-data` body: texts are fields, maps are files or parts with a type of their own, a list repeats the name. The boundary is added to the Content-Type; one that is written in the header is used.",
            "multipart:\n  title: My contract\n  meta: { json: { pages: 3 } }\n  document: { file: files/contract.pdf, type: application/pdf }",
        )
        .words(&[("Taurus", "upload-files"), ("JMeter", "files")]),
        Key::new(
            "compress_body",
            Ty::Enum(&[
                ("gzip", "the usual one"),
                ("deflate", "in zlib's form, as the standard has it"),
                ("br", "Brotli"),
                ("zstd", "Zstandard"),
            ]),
            "How to compress the body before it is sent. `Content-Encoding` is added.",
            "compress_body: gzip",
        ),
        Key::new(
            "resources",
            Ty::Section(&RESOURCES),
            "Also fetch the page's images, scripts and styles; the response time then covers them.",
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
        Key::new("method", Ty::Name, "The method, in capitals.", "method: PROPFIND").required(),
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
        Key::new("variables", Ty::Map(&Ty::Any), "The query's variables.", "variables: { id: 1 }"),
        Key::new("operation_name", Ty::Text, "Which operation of the query to run.", "operation_name: Order")
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
        Key::new("value", Ty::Text, "Text, for a part with a `type` of its own.", "value: a;b;c"),
        Key::new(
            "type",
            Ty::Text,
            "Its Content-Type. If it is not written: of a file guessed from the name, of `json` `application/json`, of `value` none.",
            "type: application/pdf",
        )
        .words(&[("Taurus", "mime-type"), ("HTTP", "content_type")]),
        Key::new(
            "name",
            Ty::Text,
            "The file name to send. If it is not written: of a file its own, else none.",
            "name: contract.pdf",
        )
        .words(&[("HTML", "filename")]),
    ],
};

/// Embedded resources.
pub static RESOURCES: Section = Section {
    name: "resources",
    doc: "How to fetch the images, scripts and styles a page names.",
    keys: &[
        Key::new(
            "parallel",
            Ty::Count(1),
            "How many at the same time. The default is 6, as in a browser.",
            "parallel: 6",
        ),
        Key::new(
            "max",
            Ty::Count(1),
            "How many a page may name; a page with more fails its request. The default is 500.",
            "max: 2000",
        ),
    ],
};

/// Limits of decompression.
pub static DECOMPRESSION: Section = Section {
    name: "decompression",
    doc: "How far a compressed body is decompressed.",
    keys: &[
        Key::new(
            "max_size",
            Ty::Size,
            "How many bytes may come out, those between two layers included. The default is 1GiB; `max_body` still tells how many are kept.",
            "max_size: 4GiB",
        ),
        Key::new(
            "max_ratio",
            Ty::Count(1),
            "How many times its own size a body may decompress to, once that is over 32MiB. The default is 2000, which no single layer of gzip can reach.",
            "max_ratio: 10000",
        ),
        Key::new(
            "max_layers",
            Ty::Count(1),
            "How many encodings may be applied one on another (`Content-Encoding: gzip, br`). The default is 2.",
            "max_layers: 3",
        ),
    ],
};

/// TLS settings.
pub static TLS: Section = Section {
    name: "tls",
    doc: "How TLS connections are made and checked.",
    keys: &[
        Key::new(
            "verify",
            Ty::Bool,
            "Whether the server's certificate is checked. The default is true.",
            "verify: false",
        )
        .words(&[("k6", "insecureSkipTLSVerify"), ("curl", "insecure"), ("Artillery", "rejectUnauthorized")]),
        Key::new("ca_file", Ty::Path, "Certificates (PEM) to trust besides the system's.", "ca_file: certs/ca.pem")
            .words(&[("curl", "cacert")]),
        Key::new(
            "cert_file",
            Ty::Path,
            "The client's certificate (PEM); the key may be in the same file.",
            "cert_file: certs/client.pem",
        ),
        Key::new(
            "key_file",
            Ty::Path,
            "The client's private key (PEM: PKCS#8, PKCS#1 or SEC1, without a password).",
            "key_file: certs/client.key",
        ),
        Key::new(
            "server_name",
            Ty::Text,
            "The name to ask for and to check the certificate against, instead of the URL's host.",
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
    doc: "One way to sign in.",
    keys: &[
        Key::new(
            "basic",
            Ty::Section(&BASIC),
            "HTTP Basic: user name and password with every request.",
            "basic: { username: ann, password: \"${password}\" }",
        ),
        Key::new("bearer", Ty::Text, "A bearer token in the Authorization header.", "bearer: ${token}"),
        Key::new(
            "digest",
            Ty::Section(&DIGEST),
            "HTTP Digest: the server's challenge is answered.",
            "digest: { username: ann, password: \"${password}\" }",
        ),
        Key::new("oauth2", Ty::Any, "OAuth 2.", "oauth2: {}").later(),
        Key::new("aws_sigv4", Ty::Any, "AWS signature version 4.", "aws_sigv4: {}").later(),
    ],
};

/// Basic sign-in.
pub static BASIC: Section = Section { name: "basic auth", doc: "User name and password.", keys: &credentials() };

/// Digest sign-in.
pub static DIGEST: Section = Section { name: "digest auth", doc: "User name and password.", keys: &credentials() };

const fn credentials() -> [Key; 2] {
    [
        Key::new("username", Ty::Text, "The user name.", "username: ann").required().words(&[("curl", "user")]),
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
