//! Asking a URL whether its service is ready.

use std::time::Duration;

use crate::http_client::{chain, client};
use crate::problem::Problem;

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
    pub(super) fn new(url: &str) -> Result<Self, Problem> {
        let url = url::Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                format!("`ready: {{ url: {url} }}` is not a URL; write for example http://localhost:8080/health")
            })?;
        let client =
            client(&url, TIMEOUT).map_err(|error| format!("its `ready` URL cannot be requested: {}", chain(&error)))?;
        Ok(Self { client, url })
    }

    /// Whether the service answers with a status below 400, or why not.
    pub(super) async fn ask(&self) -> Result<(), Problem> {
        match self.client.get(self.url.clone()).send().await {
            Ok(answer) if answer.status().as_u16() < 400 => Ok(()),
            Ok(answer) => Err(format!("{} responded with status {}", self.url(), answer.status().as_u16()).into()),
            Err(error) => Err(Problem::from(chain(&error.without_url())).at(self.url())),
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
