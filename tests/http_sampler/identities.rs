//! Client certificates of every form.

use std::path::PathBuf;
use std::sync::Arc;

use loadplan::protocols::http::client::{HttpUser, ProxyEnvironment, Settings, TlsSettings, Transport};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, SignatureScheme};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};

use crate::secure::{Authority, https, with_tls};
use crate::support::{get, ok, run};

/// A certificate of X.509 version 1 and its SEC1 key, made with `openssl x509 -req` without extensions.
const VERSION_1: &str = include_str!("client-v1.pem");
/// A PKCS#1 key that fits no certificate here.
const PKCS1: &str = include_str!("rsa-pkcs1.key");

/// A server that takes any certificate: as OpenSSL does, it judges for itself.
#[derive(Debug)]
struct Anyone;

impl ClientCertVerifier for Anyone {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        assert!(!certificate.is_empty());
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

#[test]
fn regression_x16_a_version_1_certificate_is_sent_and_the_server_judges_it() {
    run(async {
        let authority = Authority::new();
        let (certificate, key) = authority.server("127.0.0.1");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(Arc::new(Anyone))
            .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        let (port, _) = https(tokio_rustls::TlsAcceptor::from(Arc::new(config))).await;
        // Certificate and key in one file.
        let file = authority.file("client.pem", VERSION_1);
        let tls = TlsSettings {
            ca_file: Some(authority.ca_file()),
            cert_file: Some(file.clone()),
            key_file: Some(file),
            ..TlsSettings::default()
        };
        let exchange = HttpUser::new().send(get(&format!("https://127.0.0.1:{port}/")), &with_tls(tls)).await;
        assert_eq!(ok(&exchange).body, "secret");
    });
}

fn refused(cert_file: PathBuf, key_file: PathBuf) -> String {
    let tls = TlsSettings { cert_file: Some(cert_file), key_file: Some(key_file), ..TlsSettings::default() };
    Transport::new(Settings { tls, ..Settings::default() }, &ProxyEnvironment::default()).unwrap_err().message()
}

#[test]
fn files_that_do_not_fit_or_have_another_form_say_what_to_do() {
    let authority = Authority::new();
    let version_1 = authority.file("v1.pem", VERSION_1);
    let foreign = authority.file("rsa.key", PKCS1);
    let message = refused(version_1.clone(), foreign.clone());
    assert!(message.contains("rsa.key` do not match"), "{message}");
    let message = refused(authority.ca_file(), foreign.clone());
    assert!(message.contains("the key belongs to another certificate"), "{message}");
    let message = refused(foreign, version_1.clone());
    assert!(message.contains("are `cert_file` and `key_file` swapped?"), "{message}");

    let binary = |name: &str, bytes: &[u8]| {
        let path = authority.file(name, "");
        std::fs::write(&path, bytes).unwrap();
        path
    };
    for (name, bytes, words) in [
        // RFC 7292 §4: a PFX is a sequence that begins with its version, 3.
        ("c.p12", &b"\x30\x82\x03\xac\x02\x01\x03\x30"[..], "it is PKCS#12. Convert it: openssl pkcs12 -in "),
        ("c.jks", b"\xfe\xed\xfe\xed\0\0\0\x02", "it is a Java key store. Convert it: keytool -importkeystore"),
        // RFC 5280 §4.1: a certificate is a sequence that begins with a sequence.
        ("c.der", b"\x30\x82\x01\x14\x30\x81\xbc", "it is a DER certificate. Convert it: openssl x509 -inform der"),
        (
            "c.p7b",
            b"-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n",
            "it is PKCS#7. Convert it: openssl pkcs7 -print_certs",
        ),
    ] {
        let file = binary(name, bytes);
        let message = refused(file, version_1.clone());
        assert!(message.contains("contains no certificate") && message.contains(words), "{message}");
    }
    let key = binary("k.der", b"\x30\x77\x02\x01\x01\x04\x20");
    let message = refused(version_1.clone(), key);
    assert!(message.contains("it is a DER key. Convert it: openssl pkey -inform der"), "{message}");
    let encrypted = authority.file(
        "old.key",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,8A\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    );
    let message = refused(version_1, encrypted);
    assert!(message.contains("is encrypted") && message.contains("openssl pkey -in "), "{message}");
}
