//! TLS and proxies.

use std::path::PathBuf;
use std::sync::Arc;

use loadplan::failure::FailureKind;
use loadplan::protocols::http::client::{
    HttpUser, ProxyEnvironment, ProxySetting, Settings, TlsSettings, TlsVersion, Transport,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::support::{Log, answer, failure, get, http, listen, ok, read_request, run, serve, transport};

/// A CA, and files a plan could name.
pub(crate) struct Authority {
    ca: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "test CA");
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { ca, folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn ca_file(&self) -> PathBuf {
        self.file("ca.pem", &self.ca.pem())
    }

    fn issue(&self, params: CertificateParams) -> (CertificateDer<'static>, KeyPair, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.ca).unwrap();
        (certificate.der().clone(), key, certificate.pem())
    }

    pub(crate) fn server(&self, name: &str) -> (CertificateDer<'static>, KeyPair) {
        let (certificate, key, _) = self.issue(CertificateParams::new(vec![name.to_owned()]).unwrap());
        (certificate, key)
    }
}

fn key_der(key: &KeyPair) -> PrivateKeyDer<'static> {
    PrivateKeyDer::try_from(key.serialize_der()).unwrap()
}

pub(crate) fn acceptor(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    alpn: &[&str],
    clients: Option<&Authority>,
) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(authority.ca.der().clone()).unwrap();
            let verifier =
                rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(vec![certificate], key_der(key)).unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// An HTTP/1 server behind TLS that says hello.
pub(crate) async fn https(acceptor: TlsAcceptor) -> (u16, Log) {
    let log = Log::default();
    let seen = log.clone();
    let port = listen(move |number, stream| {
        let (acceptor, log) = (acceptor.clone(), seen.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, number, log, |_| answer("200 OK", "", "secret")).await;
            }
        }
    })
    .await;
    (port, log)
}

pub(crate) fn with_tls(tls: TlsSettings) -> Arc<Transport> {
    transport(Settings { tls, ..Settings::default() })
}

#[test]
fn an_own_ca_is_trusted_and_a_stranger_is_not() {
    run(async {
        let authority = Authority::new();
        let (certificate, key) = authority.server("127.0.0.1");
        let (port, log) = https(acceptor(certificate, &key, &[], None)).await;
        let url = format!("https://127.0.0.1:{port}/");
        let trusting = with_tls(TlsSettings { ca_file: Some(authority.ca_file()), ..TlsSettings::default() });
        let user = HttpUser::new();
        let exchange = user.send(get(&url), &trusting).await;
        assert_eq!(ok(&exchange).body, "secret");
        assert!(exchange.timings.tls.is_some() && exchange.timings.connect.is_some());
        // Above TLS: the same bytes as over http.
        assert_eq!(exchange.sent_bytes, log.get(0).head.len() as u64);
        assert_eq!(exchange.received_bytes, answer("200 OK", "", "secret").len() as u64);
        let exchange = user.send(get(&url), &trusting).await;
        assert_eq!((exchange.timings.tls, log.connections()), (None, vec![0, 0]));

        let exchange = HttpUser::new().send(get(&url), &with_tls(TlsSettings::default())).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Tls);
        let message = &failure(&exchange).message;
        assert!(message.contains("issuer is unknown") && message.contains("ca_file"), "{message}");

        let blind = with_tls(TlsSettings { verify: false, ..TlsSettings::default() });
        assert_eq!(ok(&HttpUser::new().send(get(&url), &blind).await).body, "secret");
    });
}

#[test]
fn a_self_signed_certificate_can_be_its_own_ca() {
    run(async {
        let authority = Authority::new();
        for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
            let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
            params.is_ca = is_ca;
            let key = KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap();
            let (port, _) = https(acceptor(certificate.der().clone(), &key, &[], None)).await;
            let url = format!("https://127.0.0.1:{port}/");
            let file = authority.file("self.pem", &certificate.pem());

            let exchange = HttpUser::new().send(get(&url), &with_tls(TlsSettings::default())).await;
            let message = &failure(&exchange).message;
            assert!(message.contains("self-signed") && message.contains("verify: false"), "{message}");

            let pinned = TlsSettings { ca_file: Some(file), ..TlsSettings::default() };
            let exchange = HttpUser::new().send(get(&url), &with_tls(pinned.clone())).await;
            assert_eq!(ok(&exchange).body, "secret");

            // Trusted, but for another name.
            let other = TlsSettings { server_name: Some("other.test".to_owned()), ..pinned };
            let exchange = HttpUser::new().send(get(&url), &with_tls(other)).await;
            assert!(failure(&exchange).message.contains("is not for `other.test`"), "{:?}", failure(&exchange));
        }
    });
}

#[test]
fn names_dates_and_ports_without_tls_are_told_in_words() {
    run(async {
        let authority = Authority::new();
        let tls = TlsSettings { ca_file: Some(authority.ca_file()), ..TlsSettings::default() };
        let (certificate, key) = authority.server("shop.test");
        let (port, _) = https(acceptor(certificate, &key, &[], None)).await;
        let url = format!("https://127.0.0.1:{port}/");
        let exchange = HttpUser::new().send(get(&url), &with_tls(tls.clone())).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Tls);
        assert!(failure(&exchange).message.contains("is not for `127.0.0.1`"), "{:?}", failure(&exchange));
        let named = TlsSettings { server_name: Some("shop.test".to_owned()), ..tls.clone() };
        assert_eq!(ok(&HttpUser::new().send(get(&url), &with_tls(named)).await).body, "secret");

        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        let (certificate, key, _) = authority.issue(params);
        let (port, _) = https(acceptor(certificate, &key, &[], None)).await;
        let exchange = HttpUser::new().send(get(&format!("https://127.0.0.1:{port}/")), &with_tls(tls.clone())).await;
        assert_eq!(failure(&exchange).message, "the server's certificate has expired");

        let port = listen(|_, mut stream| async move {
            let mut bytes = [0; 16];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        })
        .await;
        let exchange = HttpUser::new().send(get(&format!("https://127.0.0.1:{port}/")), &with_tls(tls.clone())).await;
        assert_eq!(failure(&exchange).message, "the server does not use TLS on this port");

        let port = listen(|_, stream| async move { drop(stream) }).await;
        let exchange = HttpUser::new().send(get(&format!("https://127.0.0.1:{port}/")), &with_tls(tls)).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Tls);
        assert!(failure(&exchange).message.contains("during the TLS handshake"), "{:?}", failure(&exchange));
    });
}

#[test]
fn client_certificates() {
    run(async {
        let authority = Authority::new();
        let (certificate, key) = authority.server("127.0.0.1");
        let (port, _) = https(acceptor(certificate, &key, &[], Some(&authority))).await;
        let url = format!("https://127.0.0.1:{port}/");
        let bare = TlsSettings { ca_file: Some(authority.ca_file()), ..TlsSettings::default() };
        let exchange = HttpUser::new().send(get(&url), &with_tls(bare.clone())).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Tls);
        assert!(failure(&exchange).message.contains("requires a client certificate"), "{:?}", failure(&exchange));

        let (_, key, pem) = authority.issue(CertificateParams::new(vec!["ann".to_owned()]).unwrap());
        let with_certificate = TlsSettings {
            cert_file: Some(authority.file("ann.pem", &pem)),
            key_file: Some(authority.file("ann.key", &key.serialize_pem())),
            ..bare
        };
        for min_version in [None, Some(TlsVersion::Tls13)] {
            let tls = TlsSettings { min_version, ..with_certificate.clone() };
            assert_eq!(ok(&HttpUser::new().send(get(&url), &with_tls(tls)).await).body, "secret");
        }
    });
}

#[test]
fn unusable_files_are_told_before_the_run() {
    let authority = Authority::new();
    let make = |tls| {
        Transport::new(Settings { tls, ..Settings::default() }, &ProxyEnvironment::default()).unwrap_err().message()
    };
    let text = authority.file("text.pem", "hello");
    let message = make(TlsSettings { ca_file: Some(text.clone()), ..TlsSettings::default() });
    assert!(message.contains("text.pem` contains no certificate"), "{message}");
    let message =
        make(TlsSettings { cert_file: Some(authority.ca_file()), key_file: Some(text), ..TlsSettings::default() });
    assert!(message.contains("contains no private key"), "{message}");
    let encrypted =
        authority.file("enc.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    let message =
        make(TlsSettings { cert_file: Some(authority.ca_file()), key_file: Some(encrypted), ..TlsSettings::default() });
    assert!(message.contains("is encrypted"), "{message}");
    let other = authority.file("other.key", &KeyPair::generate().unwrap().serialize_pem());
    let message =
        make(TlsSettings { cert_file: Some(authority.ca_file()), key_file: Some(other), ..TlsSettings::default() });
    assert!(message.contains("do not match"), "{message}");
}

#[test]
fn http_through_a_proxy_asks_for_the_whole_url() {
    run(async {
        let (proxy, log) = http(|_| answer("200 OK", "", "from the proxy")).await;
        let settings =
            Settings { proxy: ProxySetting::Url(format!("http://u:p@127.0.0.1:{proxy}")), ..Settings::default() };
        let exchange = HttpUser::new().send(get("http://shop.test:81/a?b"), &transport(settings)).await;
        assert_eq!(ok(&exchange).body, "from the proxy");
        let seen = log.get(0);
        assert_eq!(seen.line, "GET http://shop.test:81/a?b HTTP/1.1");
        assert_eq!(seen.header("host"), Some("shop.test:81"));
        assert_eq!(seen.header("proxy-authorization"), Some("Basic dTpw"));
        assert_eq!(exchange.timings.dns, None, "the proxy looks the name up");
    });
}

#[test]
fn https_through_a_proxy_uses_a_tunnel() {
    run(async {
        let authority = Authority::new();
        let (certificate, key) = authority.server("shop.test");
        let (port, seen_inside) = https(acceptor(certificate, &key, &[], None)).await;
        let log = Log::default();
        let noted = log.clone();
        let proxy = listen(move |number, mut stream| {
            let log = noted.clone();
            async move {
                let seen = read_request(&mut stream, number).await.unwrap();
                log.0.borrow_mut().push(seen);
                let mut target = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut target).await;
            }
        })
        .await;
        let tls = TlsSettings { ca_file: Some(authority.ca_file()), ..TlsSettings::default() };
        let environment = ProxyEnvironment {
            https: Some(format!("http://u:p@127.0.0.1:{proxy}")),
            no_proxy: Some("direct.test".to_owned()),
            ..ProxyEnvironment::default()
        };
        let through = Transport::new(Settings { tls, ..Settings::default() }, &environment).unwrap();
        let exchange = HttpUser::new().send(get("https://shop.test/"), &through).await;
        assert_eq!(ok(&exchange).body, "secret");
        assert_eq!(log.get(0).line, "CONNECT shop.test:443 HTTP/1.1");
        assert!(log.get(0).head.contains("Proxy-Authorization: Basic dTpw\r\n"));
        let inside = seen_inside.get(0);
        assert_eq!((inside.line.as_str(), inside.header("proxy-authorization")), ("GET / HTTP/1.1", None));
        assert_eq!(exchange.sent_bytes, inside.head.len() as u64);
    });
}

#[test]
fn a_proxy_that_refuses_is_named() {
    run(async {
        let cases: [(&'static [u8], &str); 3] = [
            (
                b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
                "responded to CONNECT with 407: it requires",
            ),
            (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "responded to CONNECT with 502"),
            (b"nonsense\r\n\r\n", "does not speak HTTP"),
        ];
        for (bytes, words) in cases {
            let proxy = crate::support::raw(bytes).await;
            let settings =
                Settings { proxy: ProxySetting::Url(format!("http://127.0.0.1:{proxy}")), ..Settings::default() };
            let exchange = HttpUser::new().send(get("https://shop.test/"), &transport(settings)).await;
            assert_eq!(failure(&exchange).kind, FailureKind::Connect);
            let message = &failure(&exchange).message;
            assert!(message.contains(&format!("the proxy `127.0.0.1:{proxy}` {words}")), "{message}");
        }
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let settings = Settings { proxy: ProxySetting::Url(format!("127.0.0.1:{free}")), ..Settings::default() };
        let exchange = HttpUser::new().send(get("http://shop.test/"), &transport(settings)).await;
        assert_eq!(failure(&exchange).message, format!("proxy `127.0.0.1:{free}`: connection refused"));
        let settings =
            Settings { proxy: ProxySetting::Url("http://no-such-host.invalid:1".into()), ..Settings::default() };
        let exchange = HttpUser::new().send(get("http://shop.test/"), &transport(settings)).await;
        let message = &failure(&exchange).message;
        assert!(message.starts_with("proxy `no-such-host.invalid:1`: host `no-such-host.invalid`"), "{message}");
    });
}

#[test]
fn regression_d25_a_body_that_ends_with_tls_needs_its_good_bye() {
    run(async {
        let authority = Authority::new();
        let (certificate, key) = authority.server("127.0.0.1");
        let acceptor = acceptor(certificate, &key, &[], None);
        // The first connection ends with close_notify, the others do not (RFC 9112 §9.8).
        let port = listen(move |number, stream| {
            let acceptor = acceptor.clone();
            async move {
                let mut tls = acceptor.accept(stream).await.unwrap();
                let seen = crate::support::read_request(&mut tls, number).await.unwrap();
                let length = if seen.path() == "/long" { "content-length: 4\r\n" } else { "" };
                let bytes = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n{length}\r\nbody");
                tls.write_all(bytes.as_bytes()).await.unwrap();
                tls.flush().await.unwrap();
                if number == 0 {
                    tls.shutdown().await.unwrap();
                } else {
                    let (mut tcp, _) = tls.into_inner();
                    tcp.shutdown().await.unwrap();
                    let _ = tcp.read(&mut [0; 100]).await;
                }
            }
        })
        .await;
        let tls = with_tls(TlsSettings { ca_file: Some(authority.ca_file()), ..TlsSettings::default() });
        let user = HttpUser::new();
        let url = |path: &str| format!("https://127.0.0.1:{port}{path}");
        assert_eq!(ok(&user.send(get(&url("/")), &tls).await).body, "body");
        let exchange = user.send(get(&url("/")), &tls).await;
        assert_eq!(failure(&exchange).kind, FailureKind::Body);
        assert!(failure(&exchange).message.starts_with("the server ended TLS without `close_notify`"));
        assert_eq!(ok(&user.send(get(&url("/long")), &tls).await).body, "body");
    });
}
