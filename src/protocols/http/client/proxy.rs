//! Which proxy a request goes through, and the `CONNECT` handshake.

use std::net::IpAddr;

use http::HeaderValue;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::{Host, Url};

use super::failure;
use super::settings::ProxySetting;
use super::target::{ENCODE_CREDENTIALS, Origin, basic_header};
use crate::failure::{Failure, FailureKind};
use crate::problem::Problem;

/// The proxy variables of the environment, as the command line read them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyEnvironment {
    /// `http_proxy`: for `http://` targets.
    pub http: Option<String>,
    /// `https_proxy`: for `https://` targets.
    pub https: Option<String>,
    /// `all_proxy`: for targets whose own variable is not set.
    pub all: Option<String>,
    /// `no_proxy`: hosts reached directly.
    pub no_proxy: Option<String>,
}

impl ProxyEnvironment {
    /// Reads the variables through `lookup`, the lower-case spelling first. Empty ones count as not set.
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let either = |lower: &str, upper: &str| {
            [lower, upper].iter().find_map(|name| lookup(name).filter(|value| !value.trim().is_empty()))
        };
        Self {
            http: either("http_proxy", "HTTP_PROXY"),
            https: either("https_proxy", "HTTPS_PROXY"),
            all: either("all_proxy", "ALL_PROXY"),
            no_proxy: either("no_proxy", "NO_PROXY"),
        }
    }
}

/// One HTTP proxy.
#[derive(Debug)]
pub(super) struct Proxy {
    /// Where it listens; `https` is never set.
    pub(super) origin: Origin,
    /// The `Proxy-Authorization` header its URL asks for.
    pub(super) authorization: Option<HeaderValue>,
    /// Why it cannot be used: a proxy of the environment that no request may need.
    pub(super) unusable: Option<Failure>,
}

impl Proxy {
    /// How it is named in messages and shown to people: without user name and password.
    pub(super) fn name(&self) -> String {
        self.origin.authority()
    }

    /// Stands for a proxy that is set and cannot be used.
    fn unusable(problem: Problem) -> Self {
        let origin = Origin { https: false, host: Host::Domain(String::new()), port: 0 };
        let unusable = Some(Failure::new(FailureKind::Connect, problem));
        Self { origin, authorization: None, unusable }
    }
}

/// The proxies of a transport.
#[derive(Debug, Default)]
pub(super) struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    exempt: Vec<Exempt>,
    /// Whether this machine itself is reached directly.
    spares_loopback: bool,
}

impl Proxies {
    pub(super) fn new(setting: &ProxySetting, environment: &ProxyEnvironment) -> Result<Self, Problem> {
        match setting {
            ProxySetting::Off => Ok(Self::default()),
            ProxySetting::Url(url) => {
                let (http, https) = (Some(parse("proxy", url)?), Some(parse("proxy", url)?));
                Ok(Self { http, https, ..Self::default() })
            }
            ProxySetting::Environment => {
                let pick = |own: &Option<String>, name: &str| {
                    let (name, url) = match (own, &environment.all) {
                        (Some(url), _) => (name, url),
                        (None, Some(url)) => ("ALL_PROXY", url),
                        (None, None) => return None,
                    };
                    // What is wrong with it matters only to a request that goes through it.
                    Some(parse(name, url).unwrap_or_else(Proxy::unusable))
                };
                Ok(Self {
                    http: pick(&environment.http, "HTTP_PROXY"),
                    https: pick(&environment.https, "HTTPS_PROXY"),
                    spares_loopback: true,
                    exempt: environment.no_proxy.iter().flat_map(|list| Exempt::parse_list(list)).collect(),
                })
            }
        }
    }

    /// The proxy a target is reached through.
    pub(super) fn for_target(&self, origin: &Origin) -> Option<&Proxy> {
        let proxy = if origin.https { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| {
            let spared = self.spares_loopback && is_loopback(&origin.host);
            !spared && !self.exempt.iter().any(|rule| rule.covers(origin))
        })
    }
}

/// Whether a host is this machine by its name or address: `localhost` and all below it (RFC 6761
/// §6.3), 127.0.0.0/8, `::1`. A proxy elsewhere would ask another machine.
fn is_loopback(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}

fn parse(setting: &str, text: &str) -> Result<Proxy, Problem> {
    let text = text.trim();
    let whole = if crate::uri::is_absolute(text) { text.to_owned() } else { format!("http://{text}") };
    // The text may hold a password: it is not repeated.
    let (_, rest) = crate::uri::split(&whole).unwrap_or_default();
    if rest.strip_suffix('/').unwrap_or(rest).contains(|sign: char| "/?#\\".contains(sign) || sign.is_whitespace()) {
        return Err(Problem::new(
            format!(
                "`{setting}` is not a proxy URL like http://user:password@proxy.example.com:3128, because something \
                 follows the port"
            ),
            ENCODE_CREDENTIALS,
        ));
    }
    let url = Url::parse(&whole)
        .map_err(|error| format!("`{setting}` is not a proxy URL like http://proxy.example.com:3128: {error}"))?;
    match url.scheme() {
        "http" => {}
        "https" => {
            let message = format!("`{setting}`: TLS to the proxy itself is not supported");
            return Err(Problem::new(message, "write http:// for the proxy"));
        }
        scheme => {
            return Err(Problem::new(
                format!("`{setting}`: {scheme} proxies are not supported"),
                "use an http:// proxy, or `proxy: off` for none",
            ));
        }
    }
    let host = match url.host() {
        Some(Host::Domain(name)) => Host::Domain(name.to_owned()),
        Some(Host::Ipv4(address)) => Host::Ipv4(address),
        Some(Host::Ipv6(address)) => Host::Ipv6(address),
        None => return Err(format!("`{setting}` names no proxy host").into()),
    };
    let authorization = (!url.username().is_empty() || url.password().is_some())
        .then(|| {
            let mut plain: Vec<u8> = percent_encoding::percent_decode_str(url.username()).collect();
            plain.push(b':');
            plain.extend(percent_encoding::percent_decode_str(url.password().unwrap_or("")));
            basic_header(&plain)
        })
        .flatten();
    let origin = Origin { https: false, host, port: url.port().unwrap_or(80) };
    Ok(Proxy { origin, authorization, unusable: None })
}

/// One entry of `NO_PROXY`.
#[derive(Debug, PartialEq, Eq)]
enum Exempt {
    Everything,
    /// A host and all below it.
    Domain {
        suffix: String,
        port: Option<u16>,
    },
    /// An address block.
    Block {
        address: IpAddr,
        bits: u8,
        port: Option<u16>,
    },
}

impl Exempt {
    fn parse_list(list: &str) -> impl Iterator<Item = Self> {
        list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).map(Self::parse)
    }

    fn parse(entry: &str) -> Self {
        if entry == "*" {
            return Self::Everything;
        }
        if let Some((address, bits)) = entry.split_once('/')
            && let (Ok(address), Ok(bits)) = (address.parse(), bits.parse())
        {
            return Self::Block { address, bits, port: None };
        }
        let bare = entry.trim_start_matches('[');
        if let Ok(address) = bare.trim_end_matches(']').parse::<IpAddr>() {
            return Self::Block { address, bits: u8::MAX, port: None };
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => match port.parse() {
                Ok(port) => (host, Some(port)),
                Err(_) => (entry, None),
            },
            None => (entry, None),
        };
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            return Self::Block { address, bits: u8::MAX, port };
        }
        let suffix = host.trim_start_matches("*.").trim_matches('.').to_ascii_lowercase();
        Self::Domain { suffix, port }
    }

    fn covers(&self, origin: &Origin) -> bool {
        let same_port = |port: &Option<u16>| port.is_none_or(|port| port == origin.port);
        match self {
            Self::Everything => true,
            Self::Domain { suffix, port } => match &origin.host {
                Host::Domain(host) => {
                    let host = host.trim_end_matches('.');
                    let below = host.strip_suffix(suffix.as_str());
                    same_port(port) && below.is_some_and(|before| before.is_empty() || before.ends_with('.'))
                }
                Host::Ipv4(_) | Host::Ipv6(_) => false,
            },
            Self::Block { address, bits, port } => match (address, &origin.host) {
                (IpAddr::V4(block), Host::Ipv4(host)) => {
                    same_port(port) && same_prefix(&block.octets(), &host.octets(), *bits)
                }
                (IpAddr::V6(block), Host::Ipv6(host)) => {
                    same_port(port) && same_prefix(&block.octets(), &host.octets(), *bits)
                }
                _ => false,
            },
        }
    }
}

/// Whether two addresses agree in their first bits.
fn same_prefix(left: &[u8], right: &[u8], bits: u8) -> bool {
    let mut left_over = usize::from(bits);
    left.iter().zip(right).all(|(left, right)| {
        let here = left_over.min(8);
        left_over -= here;
        here == 0 || (left ^ right) >> (8 - here) == 0
    })
}

/// The longest response to `CONNECT` that is read.
const MAX_ANSWER: usize = 16 * 1024;

/// Asks a proxy for a tunnel to the target.
pub(super) async fn tunnel(stream: &mut TcpStream, proxy: &Proxy, origin: &Origin) -> Result<(), Failure> {
    let name = proxy.name();
    let broken = |words: &str| Failure::new(FailureKind::Connect, format!("the proxy `{name}` {words}"));
    let target = origin.authority();
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some(authorization) = &proxy.authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    let to_proxy = |error: std::io::Error| failure::tcp(&format!("proxy `{name}`: "), "", &error);
    stream.write_all(&request).await.map_err(to_proxy)?;

    let mut answer = Vec::with_capacity(256);
    let head_end = loop {
        if let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if answer.len() >= MAX_ANSWER {
            return Err(broken("sent a response to CONNECT that is too long"));
        }
        if stream.read_buf(&mut answer).await.map_err(to_proxy)? == 0 {
            return Err(broken("closed the connection instead of responding to CONNECT"));
        }
    };
    let status = answer
        .strip_prefix(b"HTTP/1.")
        .and_then(|rest| rest.get(2..5))
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse::<u16>().ok());
    match status {
        Some(200..=299) if head_end == answer.len() => Ok(()),
        Some(200..=299) => Err(broken("sent data before the tunnel was used")),
        Some(407) => Err(broken("responded to CONNECT with 407: it requires a username and password in the proxy URL")),
        Some(status) => Err(broken(&format!("responded to CONNECT with {status}"))),
        None => Err(broken("does not speak HTTP")),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::protocols::http::client::Target;

    fn proxies(no_proxy: &str) -> Proxies {
        let environment = ProxyEnvironment {
            all: Some("http://ann:secret@proxy.example:3128".to_owned()),
            no_proxy: Some(no_proxy.to_owned()),
            ..ProxyEnvironment::default()
        };
        Proxies::new(&ProxySetting::Environment, &environment).unwrap()
    }

    #[test]
    fn no_proxy_rules() {
        let cases = [
            ("example.com", "http://example.com/", true),
            ("example.com", "http://api.example.com/", true),
            (".example.com", "http://api.example.com/", true),
            ("*.example.com", "https://api.example.com/", true),
            ("example.com", "http://notexample.com/", false),
            ("EXAMPLE.com", "http://example.com/", true),
            ("example.com:8080", "http://example.com:8080/", true),
            ("example.com:8080", "http://example.com/", false),
            ("*", "http://anything/", true),
            ("10.0.0.0/8", "http://10.200.1.1/", true),
            ("10.0.0.0/8", "http://11.0.0.1/", false),
            ("192.168.1.0/25", "http://192.168.1.127/", true),
            ("192.168.1.0/25", "http://192.168.1.128/", false),
            ("10.0.0.1", "http://10.0.0.1:81/", true),
            ("10.0.0.1:82", "http://10.0.0.1:81/", false),
            ("2001:db8::1", "http://[2001:db8::1]/", true),
            ("fd00::/8", "http://[fd12::1]/", true),
            ("fd00::/8", "http://[fe80::1]/", false),
            ("a.test, b.test", "http://b.test/", true),
            ("example.com", "http://127.0.0.1.example/", false),
            // Never for this machine, whatever NO_PROXY says.
            ("", "http://localhost/", true),
            ("", "http://api.localhost:81/", true),
            ("", "http://127.8.9.1/", true),
            ("", "https://[::1]/", true),
            ("", "http://[::ffff:127.0.0.1]/", true),
            ("", "http://localhost.example/", false),
        ];
        for (rules, url, direct) in cases {
            let target = Target::parse(url).unwrap();
            assert_eq!(proxies(rules).for_target(target.origin()).is_none(), direct, "{rules} {url}");
        }
    }

    #[test]
    fn lower_case_variables_win_and_empty_ones_do_not_count() {
        let read = |name: &str| match name {
            "http_proxy" => Some("http://lower:1".to_owned()),
            "HTTP_PROXY" => Some("http://upper:1".to_owned()),
            "https_proxy" => Some(" ".to_owned()),
            "HTTPS_PROXY" => Some("http://upper:2".to_owned()),
            _ => None,
        };
        let environment = ProxyEnvironment::from_vars(read);
        assert_eq!(environment.http.as_deref(), Some("http://lower:1"));
        assert_eq!(environment.https.as_deref(), Some("http://upper:2"));
        assert_eq!(environment.all, None);
    }

    #[test]
    fn unusable_proxies_are_refused_without_repeating_the_password() {
        for (url, words) in [
            ("socks5://ann:secret@h:1080", "socks5 proxies are not supported"),
            ("https://ann:secret@h", "write http://"),
            ("http://ann:secret@:1", "not a proxy URL"),
            ("http://ann:sec#ret@h:1", "`#` as %23"),
            ("http://ann:sec/ret@h:1", "`/` as %2F"),
            ("http://ann:secret@h:1/path", "follows the port"),
            ("http://ann:secret@h:1?x", "follows the port"),
            ("ann:p://secret@h:1", "follows the port"),
        ] {
            let proxies = Proxies::new(&ProxySetting::Url(url.to_owned()), &ProxyEnvironment::default());
            let message = proxies.unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
            assert!(!message.contains("secret") && !message.contains("ret@"), "{message}");
        }
    }

    #[test]
    fn the_plans_own_proxy_is_used_for_this_machine_too() {
        let proxies = Proxies::new(&ProxySetting::Url("http://h:1".to_owned()), &ProxyEnvironment::default()).unwrap();
        assert!(proxies.for_target(Target::parse("http://127.0.0.1/").unwrap().origin()).is_some());
    }

    #[test]
    fn an_unusable_proxy_of_the_environment_matters_to_requests_that_need_it() {
        let environment = ProxyEnvironment { http: Some("socks5://h:1".to_owned()), ..ProxyEnvironment::default() };
        let proxies = Proxies::new(&ProxySetting::Environment, &environment).unwrap();
        assert!(proxies.for_target(Target::parse("http://127.0.0.1/").unwrap().origin()).is_none());
        let proxy = proxies.for_target(Target::parse("http://shop.test/").unwrap().origin()).unwrap();
        assert!(proxy.unusable.as_ref().unwrap().message.contains("`HTTP_PROXY`: socks5 proxies are not supported"));
    }

    #[test]
    fn a_proxy_without_scheme_is_an_http_proxy() {
        let proxies = Proxies::new(&ProxySetting::Url("u:p@h:8080".to_owned()), &ProxyEnvironment::default()).unwrap();
        let target = Target::parse("https://x/").unwrap();
        let proxy = proxies.for_target(target.origin()).unwrap();
        assert_eq!(proxy.origin.authority(), "h:8080");
        // base64 of "u:p"
        assert_eq!(proxy.authorization.as_ref().unwrap().to_str().unwrap(), "Basic dTpw");
    }
}
