//! Making connections: names, TCP, proxies, TLS.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use super::failure;
use super::open::Counted;
use super::progress::{Progress, Traffic};
use super::proxy::{self, Proxies, Proxy, ProxyEnvironment};
use super::settings::{HttpVersion, Settings};
use super::target::Origin;
use super::tls;
use crate::failure::{Failure, FailureKind};
use crate::problem::Problem;
use crate::uri;

/// What is made from [`Settings`] once and shared by all users: TLS configuration, proxies and
/// address overrides. Requests with different transports never share a connection.
#[derive(Debug)]
pub struct Transport {
    settings: Settings,
    tls: Arc<ClientConfig>,
    server_name: Option<ServerName<'static>>,
    proxies: Proxies,
    resolve: Vec<Override>,
}

/// Settings that no connection can be made with: which file or value, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Certificates, keys, versions.
    Tls(Problem),
    /// The proxy's URL.
    Proxy(Problem),
    /// An address to connect to instead of what DNS says.
    Resolve(Problem),
}

impl Unusable {
    /// What is wrong, and the remedy.
    pub fn into_problem(self) -> Problem {
        match self {
            Self::Tls(problem) | Self::Proxy(problem) | Self::Resolve(problem) => problem,
        }
    }

    /// The same in one line.
    pub fn message(self) -> String {
        self.into_problem().into()
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Override {
    host: Host<String>,
    port: Option<u16>,
    address: IpAddr,
    to_port: Option<u16>,
}

impl Transport {
    /// Prepares connections with these settings.
    ///
    /// # Errors
    /// Which setting cannot be used, and why.
    pub fn new(settings: Settings, environment: &ProxyEnvironment) -> Result<Arc<Self>, Unusable> {
        let tls = Arc::new(tls::client_config(&settings).map_err(Unusable::Tls)?);
        let server_name = tls::server_name(&settings.tls).map_err(Unusable::Tls)?;
        let proxies = Proxies::new(&settings.proxy, environment).map_err(Unusable::Proxy)?;
        let resolve = settings.resolve.iter().map(|(from, to)| Override::parse(from, to));
        let resolve = resolve.collect::<Result<_, _>>().map_err(Unusable::Resolve)?;
        Ok(Arc::new(Self { settings, tls, server_name, proxies, resolve }))
    }

    /// The settings this was made from.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A user's own copy of the TLS configuration: it shares the certificates, not the sessions.
    pub(super) fn user_tls(&self) -> Arc<ClientConfig> {
        let mut config = ClientConfig::clone(&self.tls);
        config.resumption = rustls::client::Resumption::in_memory_sessions(8);
        Arc::new(config)
    }

    /// Whether connections to this origin may turn out to speak HTTP/2.
    pub(super) fn may_be_http2(&self, origin: &Origin) -> bool {
        match self.settings.version {
            HttpVersion::Http1 => false,
            HttpVersion::Http2 => true,
            HttpVersion::Auto => origin.https,
        }
    }

    /// The proxy that is asked for the target itself: only `http` targets are; `https` and what is
    /// no HTTP go through a tunnel.
    pub(super) fn forward_proxy(&self, origin: &Origin) -> Option<&Proxy> {
        if origin.https || self.settings.tunnel { None } else { self.proxies.for_target(origin) }
    }

    /// The proxy that connections to this origin go through, for people.
    pub(super) fn proxy_name(&self, origin: &Origin) -> Option<String> {
        self.proxies.for_target(origin).map(Proxy::name)
    }

    /// The address the plan names for a host. The last one of equals counts: it is further in.
    fn overridden(&self, host: &Host<String>, port: u16) -> Option<SocketAddr> {
        if self.resolve.is_empty() {
            return None;
        }
        let host = uri::without_root(host.clone());
        self.resolve
            .iter()
            .filter(|entry| entry.host == host && entry.port.is_none_or(|own| own == port))
            .max_by_key(|entry| entry.port.is_some())
            .map(|entry| SocketAddr::new(entry.address, entry.to_port.unwrap_or(port)))
    }
}

impl Override {
    fn parse(from: &str, to: &str) -> Result<Self, Problem> {
        let (host, port) =
            uri::host_and_port(from).map_err(|problem| problem.at(format_args!("`resolve: {{ {from}: … }}`")))?;
        let bad =
            || format!("`resolve: {{ {from}: {to} }}`: `{to}` is not an address like 127.0.0.1 or 127.0.0.1:8080");
        let (address, to_port) = match to.parse::<SocketAddr>() {
            Ok(address) => (address.ip(), Some(address.port())),
            Err(_) => (to.trim_matches(['[', ']']).parse::<IpAddr>().map_err(|_| bad())?, None),
        };
        Ok(Self { host, port, address, to_port })
    }
}

/// A connection as it is handed to HTTP.
pub(super) struct Established {
    pub(super) stream: Stream,
    pub(super) traffic: Rc<Traffic>,
    pub(super) http2: bool,
    pub(super) remote: SocketAddr,
    /// For example `TLSv1.3`.
    pub(super) tls: Option<String>,
}

/// Connects to the origin, over proxy and TLS as the transport says, within `connect_timeout`.
pub(super) async fn establish(
    transport: &Transport,
    config: impl FnOnce() -> Arc<ClientConfig>,
    origin: &Origin,
    progress: &Progress,
) -> Result<Established, Failure> {
    let limit = transport.settings.connect_timeout;
    match tokio::time::timeout(limit, establish_unlimited(transport, config, origin, progress)).await {
        Ok(result) => result,
        Err(_) => Err(failure::connect_timeout(progress.stage.get(), limit, transport.proxy_name(origin).as_deref())),
    }
}

async fn establish_unlimited(
    transport: &Transport,
    config: impl FnOnce() -> Arc<ClientConfig>,
    origin: &Origin,
    progress: &Progress,
) -> Result<Established, Failure> {
    let proxy = transport.proxies.for_target(origin);
    if let Some(failure) = proxy.and_then(|proxy| proxy.unusable.as_ref()) {
        return Err(failure.clone());
    }
    let (peer, whom) = match proxy {
        Some(proxy) => (&proxy.origin, format!("proxy `{}`: ", proxy.name())),
        None => (origin, String::new()),
    };
    let addresses = resolve(transport, peer, progress, &whom).await?;

    let start = Instant::now();
    let mut tcp = dial(transport, peer, &addresses, &whom).await?;
    let remote = tcp.peer_addr().map_err(|error| failure::tcp(&whom, &peer.authority(), &error))?;
    // A socket that cannot switch Nagle's algorithm off still works.
    let _ = tcp.set_nodelay(true);
    if let Some(proxy) = proxy.filter(|_| origin.https || transport.settings.tunnel) {
        proxy::tunnel(&mut tcp, proxy, origin).await?;
    }
    Progress::add(&progress.connect, start.elapsed());

    let traffic = Rc::new(Traffic::default());
    if !origin.https {
        let http2 = transport.settings.version == HttpVersion::Http2;
        return Ok(Established { stream: Stream::new(Io::Plain(tcp), &traffic), traffic, http2, remote, tls: None });
    }

    let name = match &transport.server_name {
        Some(name) => name.clone(),
        None => server_name(origin)?,
    };
    let words = name.to_str().into_owned();
    progress.stage.set(failure::Stage::Handshake);
    let start = Instant::now();
    let tls = TlsConnector::from(config()).connect(name, tcp).await.map_err(|error| failure::tls(&error, &words))?;
    Progress::add(&progress.tls, start.elapsed());
    let (_, session) = tls.get_ref();
    let http2 = session.alpn_protocol() == Some(b"h2");
    if transport.settings.version == HttpVersion::Http2 && !http2 {
        return Err(Failure::new(
            FailureKind::Protocol,
            "the server does not offer HTTP/2 on this port (`version: 2`)",
        ));
    }
    let version = session.protocol_version().and_then(|version| version.as_str()).map(str::to_owned);
    Ok(Established { stream: Stream::new(Io::Tls(Box::new(tls)), &traffic), traffic, http2, remote, tls: version })
}

fn server_name(origin: &Origin) -> Result<ServerName<'static>, Failure> {
    match &origin.host {
        Host::Domain(name) => ServerName::try_from(name.trim_end_matches('.').to_owned())
            .map_err(|_| Failure::new(FailureKind::Tls, format!("`{name}` cannot be a name in a certificate"))),
        Host::Ipv4(address) => Ok(ServerName::from(IpAddr::V4(*address))),
        Host::Ipv6(address) => Ok(ServerName::from(IpAddr::V6(*address))),
    }
}

/// The addresses to try, in order. The system's resolver is asked for every connection, as a
/// new visitor would; it has caches of its own.
async fn resolve(
    transport: &Transport,
    peer: &Origin,
    progress: &Progress,
    whom: &str,
) -> Result<Vec<SocketAddr>, Failure> {
    if let Some(address) = transport.overridden(&peer.host, peer.port) {
        return Ok(vec![address]);
    }
    let host = peer.host_text();
    match &peer.host {
        Host::Ipv4(address) => return Ok(vec![SocketAddr::new(IpAddr::V4(*address), peer.port)]),
        Host::Ipv6(address) => return Ok(vec![SocketAddr::new(IpAddr::V6(*address), peer.port)]),
        Host::Domain(_) => {}
    }
    let start = Instant::now();
    let found = tokio::net::lookup_host((host.as_str(), peer.port)).await;
    Progress::add(&progress.dns, start.elapsed());
    let addresses: Vec<_> = found.map_err(|error| failure::dns(whom, &host, &error))?.collect();
    if addresses.is_empty() {
        return Err(Failure::new(FailureKind::Dns, format!("{whom}host `{host}` has no address")));
    }
    Ok(addresses)
}

/// Connects to the first address that answers. Each gets its share of the time that is left.
async fn dial(
    transport: &Transport,
    peer: &Origin,
    addresses: &[SocketAddr],
    whom: &str,
) -> Result<TcpStream, Failure> {
    let source = transport.settings.source_address;
    let usable: Vec<_> =
        addresses.iter().filter(|address| source.is_none_or(|source| source.is_ipv4() == address.is_ipv4())).collect();
    let mut failed: Vec<(SocketAddr, io::Error)> = Vec::new();
    let mut left = transport.settings.connect_timeout;
    for (index, address) in usable.iter().enumerate() {
        let shares = u32::try_from(usable.len() - index).unwrap_or(u32::MAX);
        let start = Instant::now();
        let attempt = connect_to(**address, source);
        // The last one may use all that is left: the limit around it then tells what happened.
        let result = if shares == 1 {
            attempt.await
        } else {
            tokio::time::timeout(left / shares, attempt)
                .await
                .unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)))
        };
        match result {
            Ok(stream) => return Ok(stream),
            Err(error) => failed.push((**address, error)),
        }
        left = left.saturating_sub(start.elapsed()).max(Duration::from_millis(1));
    }
    let Some((_, last)) = failed.last() else {
        return Err(Failure::new(
            FailureKind::Connect,
            format!("{whom}the host has no address of the same family (IPv4, IPv6) as `source_address`"),
        ));
    };
    let alike = failed.iter().filter(|(_, error)| error.kind() == last.kind());
    let tried: Vec<String> = alike.map(|(address, _)| address.to_string()).collect();
    let tried = tried.join(", ");
    let name = peer.authority();
    let place = match (name == tried, whom.is_empty()) {
        (true, true) => name,
        // The proxy's name says it already.
        (true, false) => String::new(),
        (false, true) => format!("`{name}` ({tried})"),
        (false, false) => tried,
    };
    Err(failure::tcp(whom, &place, last))
}

async fn connect_to(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let Some(source) = source else { return TcpStream::connect(address).await };
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.bind(SocketAddr::new(source, 0))?;
    socket.connect(address).await
}

/// A TCP or TLS stream that counts the bytes of HTTP on it.
#[derive(Debug)]
pub struct Stream {
    io: Io,
    traffic: Rc<Traffic>,
    /// Whether TLS ended without saying so.
    cut: bool,
    _counted: Counted,
}

#[derive(Debug)]
enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn new(io: Io, traffic: &Rc<Traffic>) -> Self {
        Self { io, traffic: Rc::clone(traffic), cut: false, _counted: Counted::new() }
    }

    pub(crate) fn traffic(&self) -> &Rc<Traffic> {
        &self.traffic
    }

    /// Whether TLS ended without its good-bye (`close_notify`): anybody on the way may have cut it.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let result = match &mut this.io {
            Io::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Io::Tls(tls) => match Pin::new(tls).poll_read(cx, buffer) {
                // Many servers close without TLS's good-bye. Where the end matters, HTTP marks it.
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    this.cut = true;
                    Poll::Ready(Ok(()))
                }
                other => other,
            },
        };
        this.traffic.add_received(buffer.filled().len() - before);
        result
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = match &mut this.io {
            Io::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Io::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        };
        if let Poll::Ready(Ok(written)) = &result {
            this.traffic.add_sent(*written);
        }
        result
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = match &mut this.io {
            Io::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, parts),
            Io::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, parts),
        };
        if let Poll::Ready(Ok(written)) = &result {
            this.traffic.add_sent(*written);
        }
        result
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(tcp) => tcp.is_write_vectored(),
            Io::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Io::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Io::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn transport(resolve: &[(&str, &str)]) -> Result<Arc<Transport>, Unusable> {
        let resolve = resolve.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        Transport::new(Settings { resolve, ..Settings::default() }, &ProxyEnvironment::default())
    }

    #[test]
    fn the_override_with_the_port_wins() {
        let transport =
            transport(&[("a.test", "127.0.0.1"), ("A.test:81", "127.0.0.2:9000"), ("::1", "[::2]:7")]).unwrap();
        let to = |host: &str, port| transport.overridden(&Host::parse(host).unwrap(), port);
        assert_eq!(to("a.test", 80), Some("127.0.0.1:80".parse().unwrap()));
        assert_eq!(to("a.test", 81), Some("127.0.0.2:9000".parse().unwrap()));
        assert_eq!(to("[::1]", 5), Some("[::2]:7".parse().unwrap()));
        assert_eq!(to("b.test", 80), None);
    }

    #[test]
    fn regression_x10_overrides_are_found_by_host_not_by_spelling() {
        let here = "127.0.0.1:9".parse().unwrap();
        for (key, host) in [
            ("bücher.test", "xn--bcher-kva.test"),
            ("XN--BCHER-KVA.test", "bücher.test"),
            ("2001:0db8:0:0:0:0:0:1", "[2001:db8::1]"),
            ("[2001:0DB8::1]", "[2001:db8:0::1]"),
            ("[2001:0DB8::1]:80", "[2001:db8::1]"),
            ("shop.test", "shop.test."),
            ("Shop.test.", "shop.test"),
            ("10.1", "10.0.0.1"),
        ] {
            let transport = transport(&[(key, "127.0.0.1:9")]).unwrap();
            assert_eq!(transport.overridden(&Host::parse(host).unwrap(), 80), Some(here), "{key} {host}");
        }
        let twice = transport(&[("bücher.test", "127.0.0.1:8"), ("xn--bcher-kva.test", "127.0.0.1:9")]).unwrap();
        assert_eq!(twice.overridden(&Host::parse("bücher.test").unwrap(), 80), Some(here));
        assert!(transport(&[("*.shop.test", "127.0.0.1")]).unwrap_err().message().contains("whole host name"));
    }

    #[test]
    fn a_wrong_override_is_told_with_its_own_text() {
        let message = transport(&[("a.test", "localhost")]).unwrap_err().message();
        assert!(message.contains("`resolve: { a.test: localhost }`"), "{message}");
        assert!(transport(&[("a.test:http", "127.0.0.1")]).unwrap_err().message().contains("is not a port"));
    }

    #[test]
    fn unusable_tls_files_name_the_setting_and_the_file() {
        let mut settings = Settings::default();
        settings.tls.ca_file = Some("no/such/ca.pem".into());
        let message = Transport::new(settings, &ProxyEnvironment::default()).unwrap_err().message();
        assert!(message.starts_with("the ca_file `no/such/ca.pem` cannot be read"), "{message}");

        let mut settings = Settings::default();
        settings.tls.cert_file = Some("client.pem".into());
        let message = Transport::new(settings, &ProxyEnvironment::default()).unwrap_err().message();
        assert_eq!(message, "`cert_file: client.pem` needs its key; add `key_file`");
    }
}
