//! The connection-level settings of a request, as the plan's `http` section means them.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// For how long something of a user is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum KeptFor {
    /// As long as the user.
    #[default]
    User,
    /// Until the user's next iteration starts.
    Iteration,
    /// Not at all.
    Off,
}

/// For how long a user's connections are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Connections {
    /// As long as the user, as a browser does.
    #[default]
    User,
    /// Until the user's next iteration starts.
    Iteration,
    /// Every request opens its own and closes it.
    Request,
}

/// For how long a user's HTTP cache is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CacheScope {
    /// There is none.
    #[default]
    Off,
    /// As long as the user.
    User,
    /// Until the user's next iteration starts.
    Iteration,
}

/// The HTTP version to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HttpVersion {
    /// Over TLS what the server prefers of HTTP/2 and HTTP/1.1, otherwise HTTP/1.1.
    #[default]
    Auto,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only; on `http://` URLs with prior knowledge.
    Http2,
}

/// The oldest TLS version accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsVersion {
    /// TLS 1.2 and newer.
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

/// How TLS connections are made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TlsSettings {
    /// Whether the server's certificate is checked.
    pub verify: bool,
    /// PEM file of certificates trusted in addition to the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM file of the client's certificate chain.
    pub cert_file: Option<PathBuf>,
    /// PEM file of the client certificate's key (PKCS#8, PKCS#1 or SEC1, not encrypted).
    pub key_file: Option<PathBuf>,
    /// The name to ask for and to check instead of the URL's host.
    pub server_name: Option<String>,
    /// The oldest version accepted; TLS 1.2 if not set.
    pub min_version: Option<TlsVersion>,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self { verify: true, ca_file: None, cert_file: None, key_file: None, server_name: None, min_version: None }
    }
}

/// Which proxy is used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum ProxySetting {
    /// What the proxy variables of the environment say.
    #[default]
    Environment,
    /// None.
    Off,
    /// This one, for every target; `NO_PROXY` does not apply to it.
    Url(String),
}

/// Which of the plan's headers go along when a redirect leads to another origin. `Authorization`,
/// `Cookie` and `Proxy-Authorization` never do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RedirectHeaders {
    /// Those that hold no secret and are not called like a credential.
    #[default]
    Safe,
    /// All others.
    All,
}

/// How far a compressed body is decompressed, where it is at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decompression {
    /// How many bytes may come out, those between two layers included.
    pub max_size: u64,
    /// How many times as many bytes as came may come out, once they are over 32 MiB.
    pub max_ratio: u64,
    /// How many content encodings may be applied one on another.
    pub max_layers: u32,
}

impl Default for Decompression {
    fn default() -> Self {
        // No single layer of gzip or deflate can pass the ratio: they reach 1032 at most.
        Self { max_size: 1024 * 1024 * 1024, max_ratio: 2000, max_layers: 2 }
    }
}

/// Connection-level settings, resolved. One per distinct combination, made before the run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Limit of the whole request, redirects and body included.
    pub timeout: Duration,
    /// Limit of making one connection: name, TCP, proxy and TLS.
    pub connect_timeout: Duration,
    /// Whether redirects are followed.
    pub follow_redirects: bool,
    /// How many redirects in a row are followed before the request fails.
    pub max_redirects: u32,
    /// Which headers go along to another origin.
    pub redirect_headers: RedirectHeaders,
    /// For how long cookies are kept and sent.
    pub cookies: KeptFor,
    /// For how long connections are kept.
    pub connections: Connections,
    /// The HTTP version to speak.
    pub version: HttpVersion,
    /// Whether compressed responses are asked for.
    pub compression: bool,
    /// How TLS connections are made.
    pub tls: TlsSettings,
    /// Which proxy is used.
    pub proxy: ProxySetting,
    /// `(host or host:port, address or address:port)`: connected to instead of what DNS says.
    pub resolve: Vec<(String, String)>,
    /// The local address connections come from.
    pub source_address: Option<IpAddr>,
    /// How many bytes of a decoded body are kept; the rest is read and counted.
    pub max_body: u64,
    /// How far compressed bodies are decompressed.
    pub decompression: Decompression,
    /// For how long the HTTP cache is kept.
    pub cache: CacheScope,
    /// Whether a proxy is asked for a tunnel (`CONNECT`) without TLS too: what is not HTTP gets
    /// through in no other way.
    pub tunnel: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            follow_redirects: true,
            max_redirects: 20,
            redirect_headers: RedirectHeaders::Safe,
            cookies: KeptFor::User,
            connections: Connections::User,
            version: HttpVersion::Auto,
            compression: true,
            tls: TlsSettings::default(),
            proxy: ProxySetting::Environment,
            resolve: Vec::new(),
            source_address: None,
            max_body: 10 * 1024 * 1024,
            decompression: Decompression::default(),
            cache: CacheScope::Off,
            tunnel: false,
        }
    }
}
