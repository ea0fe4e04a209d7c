//! The TLS configuration of a transport.

use std::fmt::Debug;
use std::sync::{Arc, LazyLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::server::ParsedCertificate;
use rustls::sign::SingleCertAndKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::identity;
use super::settings::{HttpVersion, Settings, TlsSettings, TlsVersion};
use crate::problem::Problem;

/// The system's trusted certificates, read once per process.
static SYSTEM_ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    Arc::new(roots)
});

/// Makes the configuration all users' connections start from.
pub(super) fn client_config(settings: &Settings) -> Result<ClientConfig, Problem> {
    let tls = &settings.tls;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    warm_up(&provider);
    let versions: &[&rustls::SupportedProtocolVersion] = match tls.min_version {
        Some(TlsVersion::Tls13) => &[&rustls::version::TLS13],
        Some(TlsVersion::Tls12) | None => &[&rustls::version::TLS13, &rustls::version::TLS12],
    };
    let verifier = verifier(tls, &provider)?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(|error| format!("`tls: {{ min_version: … }}` cannot be used: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity::client_identity(tls, &provider)? {
        Some(identity) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity))),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = match settings.version {
        HttpVersion::Auto => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        HttpVersion::Http1 => vec![b"http/1.1".to_vec()],
        HttpVersion::Http2 => vec![b"h2".to_vec()],
    };
    Ok(config)
}

/// Checks a `server_name` setting.
pub(super) fn server_name(tls: &TlsSettings) -> Result<Option<ServerName<'static>>, Problem> {
    tls.server_name
        .as_ref()
        .map(|name| {
            ServerName::try_from(name.clone())
                .map_err(|_| format!("`tls: {{ server_name: {name} }}` is not a host name").into())
        })
        .transpose()
}

/// The first draw of random bytes is slow on some machines; it must not be blamed on the target.
fn warm_up(provider: &CryptoProvider) {
    let mut bytes = [0; 32];
    // A failure shows again at the first handshake, where it is reported.
    let _ = provider.secure_random.fill(&mut bytes);
}

fn verifier(tls: &TlsSettings, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, Problem> {
    let own = match &tls.ca_file {
        Some(file) => identity::certificates("ca_file", file)?,
        None => Vec::new(),
    };
    if !tls.verify {
        return Ok(Arc::new(Unchecked { provider: Arc::clone(provider) }));
    }
    let mut roots = Arc::clone(&SYSTEM_ROOTS);
    if let Some(file) = &tls.ca_file {
        let all = Arc::make_mut(&mut roots);
        for certificate in &own {
            all.add(certificate.clone()).map_err(|error| {
                format!("a certificate in the ca_file `{}` cannot be used: {error}", file.display())
            })?;
        }
    }
    if roots.is_empty() {
        // Only https needs roots; a plan without it must not fail because the system has none.
        return Ok(Arc::new(NoRoots { provider: Arc::clone(provider) }));
    }
    let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
        .build()
        .map_err(|error| format!("the trusted certificates cannot be used: {error}"))?;
    Ok(if own.is_empty() { inner } else { Arc::new(Pinning { inner, own }) })
}

/// `verify: false`: every certificate is accepted; that the server holds its key is still checked.
#[derive(Debug)]
struct Unchecked {
    provider: Arc<CryptoProvider>,
}

/// A system without any trusted certificate: nothing can be checked, so nothing is accepted.
#[derive(Debug)]
struct NoRoots {
    provider: Arc<CryptoProvider>,
}

/// Trusts the certificates of `ca_file` themselves too: a self-signed server certificate is
/// usually marked as a CA, which the usual check refuses for a server.
#[derive(Debug)]
struct Pinning {
    inner: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
}

/// The signature checks of the provider, the same for all our verifiers.
macro_rules! provider_signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.provider.signature_verification_algorithms.supported_schemes()
        }
    };
}

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    provider_signatures!();
}

impl ServerCertVerifier for NoRoots {
    fn verify_server_cert(
        &self,
        _certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Err(CertificateError::UnknownIssuer.into())
    }

    provider_signatures!();
}

impl ServerCertVerifier for Pinning {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let refused = match self.inner.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            Ok(verified) => return Ok(verified),
            Err(refused) => refused,
        };
        let for_its_use = matches!(
            refused,
            rustls::Error::InvalidCertificate(CertificateError::Other(_) | CertificateError::UnknownIssuer)
        );
        if for_its_use && self.own.iter().any(|own| own.as_ref() == certificate.as_ref()) {
            verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        Err(refused)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
