//! Asking a URL whether its service is ready.

use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};

/// How long one question may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A URL to ask.
#[derive(Debug)]
pub(super) struct Probe {
    client: reqwest::Client,
    url: url::Url,
}

impl Probe {
    /// Checks the URL and prepares to ask it.
    pub(super) fn new(url: &str) -> Result<Self, String> {
        let url = url::Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                format!("`ready: {{ url: {url} }}` is not a URL; write for example http://localhost:8080/health")
            })?;
        let client = client(&url).map_err(|error| format!("its ready URL cannot be asked: {}", chain(&error)))?;
        Ok(Self { client, url })
    }

    /// Whether the service answers with a status below 400, or why not.
    pub(super) async fn ask(&self) -> Result<(), String> {
        match self.client.get(self.url.clone()).send().await {
            Ok(answer) if answer.status().as_u16() < 400 => Ok(()),
            Ok(answer) => Err(format!("{} answered with status {}", self.url(), answer.status().as_u16())),
            Err(error) => Err(format!("{}: {}", self.url(), chain(&error.without_url()))),
        }
    }

    /// The URL without a user's name and password.
    pub(super) fn url(&self) -> String {
        let mut url = self.url.clone();
        // Both fail only for URLs that cannot have them.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.to_string()
    }
}

fn client(url: &url::Url) -> Result<reqwest::Client, reqwest::Error> {
    let mut builder = reqwest::Client::builder()
        .timeout(TIMEOUT)
        // A redirect, for instance to a login page, is an answer.
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
fn chain(error: &dyn std::error::Error) -> String {
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
