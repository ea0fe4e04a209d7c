//! Certificates and keys from files, and how to make usable files of those that are not.

use std::path::Path;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::settings::TlsSettings;
use crate::problem::Problem;

/// The client's certificate and key, if the settings name them.
///
/// # Errors
/// What is wrong with which file, and how to convert it.
pub(super) fn client_identity(tls: &TlsSettings, provider: &CryptoProvider) -> Result<Option<CertifiedKey>, Problem> {
    let (cert_file, key_file) = match (&tls.cert_file, &tls.key_file) {
        (None, None) => return Ok(None),
        (Some(cert), None) => {
            let message = format!("`cert_file: {}` needs its key", cert.display());
            return Err(Problem::new(message, "add `key_file`"));
        }
        (None, Some(key)) => {
            let message = format!("`key_file: {}` needs its certificate", key.display());
            return Err(Problem::new(message, "add `cert_file`"));
        }
        (Some(cert), Some(key)) => (cert, key),
    };
    let chain = certificates("cert_file", cert_file)?;
    let key = provider.key_provider.load_private_key(private_key(key_file)?).map_err(|_| {
        format!(
            "the key in the key_file `{}` has a type that is not supported: RSA, ECDSA with P-256 or P-384, and \
             Ed25519 can",
            key_file.display()
        )
    })?;
    let identity = CertifiedKey::new(chain, key);
    match identity.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(Some(identity)),
        // Only the check cannot read it, for example one of X.509 version 1. Whether it will do is
        // for the server to judge.
        Err(Error::InvalidCertificate(_)) if holds_its_key(&identity) => Ok(Some(identity)),
        Err(error) => {
            let why = match error {
                Error::InconsistentKeys(_) => "the key belongs to another certificate".to_owned(),
                other => other.to_string(),
            };
            Err(format!(
                "the client certificate `{}` and the key `{}` do not match: {why}",
                cert_file.display(),
                key_file.display()
            )
            .into())
        }
    }
}

/// Whether the key's public half is in the certificate, which need not be understood for that.
fn holds_its_key(identity: &CertifiedKey) -> bool {
    let public = identity.key.public_key();
    match (public, identity.cert.first()) {
        (Some(public), Some(certificate)) => contains(certificate, &public),
        _ => false,
    }
}

/// The certificates of a file.
///
/// # Errors
/// What is wrong with which file, and how to convert it.
pub(super) fn certificates(setting: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let bytes = read(setting, file)?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("the {setting} `{}` is not valid PEM: {error}", file.display()))?;
    if certificates.is_empty() {
        let name = file.display();
        let swapped = contains(&bytes, b"PRIVATE KEY-----") && setting == "cert_file";
        let help = match swapped {
            true => "it contains a key: are `cert_file` and `key_file` swapped?".to_owned(),
            false => converted(&bytes, file),
        };
        return Err(Problem::new(
            format!("the {setting} `{name}` contains no certificate (PEM: -----BEGIN CERTIFICATE-----)"),
            help,
        ));
    }
    Ok(certificates)
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, Problem> {
    let bytes = read("key_file", file)?;
    let name = file.display();
    if contains(&bytes, b"BEGIN ENCRYPTED PRIVATE KEY") || contains(&bytes, b"Proc-Type: 4,ENCRYPTED") {
        return Err(Problem::new(
            format!("the key in the key_file `{name}` is encrypted"),
            format!("store it without a password: openssl pkey -in {name} -out plain.key"),
        ));
    }
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        pem::Error::NoItemsFound => Problem::new(
            format!("the key_file `{name}` contains no private key (PEM: PKCS#8, PKCS#1 or SEC1)"),
            converted(&bytes, file),
        ),
        error => format!("the key_file `{name}` is not valid PEM: {error}").into(),
    })
}

/// How to make PEM of a file in another format that is known by its first bytes.
fn converted(bytes: &[u8], file: &Path) -> String {
    let name = file.display();
    let (format, command) = if bytes.starts_with(&[0xFE, 0xED, 0xFE, 0xED]) || bytes.starts_with(&[0xCE; 4]) {
        (
            "a Java key store",
            format!(
                "keytool -importkeystore -srckeystore {name} -destkeystore client.p12 -deststoretype pkcs12, then \
                 openssl pkcs12 -in client.p12 -nodes -out client.pem (certificate and key: give it for both)"
            ),
        )
    } else if contains(bytes, b"-----BEGIN PKCS7-----") {
        ("PKCS#7", format!("openssl pkcs7 -print_certs -in {name} -out certs.pem"))
    } else if contains(bytes, b"-----BEGIN TRUSTED CERTIFICATE-----") {
        ("OpenSSL's own form", format!("openssl x509 -in {name} -out client.pem"))
    } else {
        match der_content(bytes) {
            // PFX begins with its version, 3 (RFC 7292 §4).
            Some([0x02, 0x01, 0x03, ..]) => (
                "PKCS#12",
                format!("openssl pkcs12 -in {name} -nodes -out client.pem (certificate and key: give it for both)"),
            ),
            // A private key begins with its version, 0 or 1 (RFC 5958 §2, RFC 8017 A.1.2, RFC 5915 §3).
            Some([0x02, 0x01, 0x00 | 0x01, ..]) => {
                ("a DER key", format!("openssl pkey -inform der -in {name} -out client.key"))
            }
            Some([0x30, ..]) => ("a DER certificate", format!("openssl x509 -inform der -in {name} -out client.pem")),
            Some(_) | None => return String::new(),
        }
    };
    format!("it is {format}. Convert it: {command}")
}

/// What is in the outermost sequence of DER or BER.
fn der_content(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [0x30, length, rest @ ..] if *length <= 0x80 => Some(rest),
        [0x30, length, rest @ ..] => rest.get(usize::from(length & 0x7F)..),
        _ => None,
    }
}

fn contains(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|window| window == words)
}

fn read(setting: &str, file: &Path) -> Result<Vec<u8>, Problem> {
    std::fs::read(file).map_err(|error| format!("the {setting} `{}` cannot be read: {error}", file.display()).into())
}
