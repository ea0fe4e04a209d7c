//! The HTTP client for everything around a run: readiness checks and live metrics. Convenience matters
//! here, and nothing is measured.

use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};

/// A client for one URL, with the system's certificates and, unless the URL is on this machine,
/// the environment's proxies. `timeout` bounds a whole exchange.
///
/// # Errors
/// When the proxies of the environment cannot be used.
pub(crate) fn client(url: &url::Url, timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .timeout(timeout)
        // A redirect, for example to a login page, is a response.
        .redirect(reqwest::redirect::Policy::none())
        .tls_backend_preconfigured(tls());
    let local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if local {
        builder = builder.no_proxy();
    }
    builder.build()
}

fn tls() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// An error and its causes, without repeating what one quotes from the next.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}
