//! One look at a page, for a plan that calls it.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use url::Url;

use super::super::plans::{LoadOverrides, PlanOptions};
use super::NotWritten;
use crate::engine;
use crate::exchange::Exchange;
use crate::failure::FailureKind;
use crate::mask::Masker;
use crate::problem::Problem;
use crate::protocols::http::client::{
    Decompression, HttpUser, ProxyEnvironment, Request, Settings, Target, Transport, Unusable,
};
use crate::starter::{self, Starter, Visit};
use crate::verdict::exit;

/// The remedy where a page cannot be looked at.
const WITHOUT_A_LOOK: &str =
    "check the address in a browser, or write a plan without looking at the page: `loadplan new`";
/// The same where its certificate is why.
const WITHOUT_TLS: &str = "write a plan without looking at the page: `loadplan new`; there, set `tls:` under `http:`";
/// How long the look may take, redirects included.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How much of the page is read, in bytes; the rest is counted only.
const MOST_READ: u64 = 2 * 1024 * 1024;
/// How much a compressed page may come to, in bytes.
const MOST_DECOMPRESSED: u64 = 64 * 1024 * 1024;
/// How many redirects are followed.
const MOST_REDIRECTS: u32 = 10;

/// A plan for the page at a URL; `file` is the plan's name as a word of a command line.
///
/// # Errors
/// When the URL cannot be used, or the page cannot be loaded.
pub(super) fn plan(url: &str, file: &str) -> Result<Starter, NotWritten> {
    let asked = checked(url)?;
    let target = Target::parse(asked.as_str())?;
    let settings = Settings {
        timeout: TIMEOUT,
        connect_timeout: CONNECT_TIMEOUT,
        max_redirects: MOST_REDIRECTS,
        max_body: MOST_READ,
        decompression: Decompression { max_size: MOST_DECOMPRESSED, ..Decompression::default() },
        ..Settings::default()
    };
    let proxies = ProxyEnvironment::from_vars(|name| std::env::var(name).ok());
    let transport = Transport::new(settings, &proxies).map_err(Unusable::into_problem)?;
    let exchange = engine::block_on(async {
        HttpUser::new().send(Request::new(Method::GET, Arc::new(target)), &transport).await
    })?;
    visited(&asked, &exchange, file).map_err(|problem| NotWritten { problem, code: exit::NOT_VALID })
}

/// The URL, if it is one whose page can be looked at.
fn checked(url: &str) -> Result<Url, Problem> {
    let url = url.trim();
    if !crate::uri::is_absolute(url) {
        let shown = crate::sanitize::inline(url);
        let help = match shown.is_empty() {
            true => "name the page: --url https://shop.example".to_owned(),
            false => format!("write the whole URL: --url https://{}", shown.trim_start_matches('/')),
        };
        return Err(Problem::new("--url takes a whole URL, which starts with https:// or http://", help));
    }
    if crate::mask::userinfo(url).is_some() {
        return Err(Problem::new(
            "--url does not take a URL with a user name or password: the plan would hold it",
            "leave it out; for a page that needs it use `loadplan new` and write `auth:` under `http:`",
        ));
    }
    // The same words as for a URL in a plan.
    Target::parse(url)?;
    Url::parse(url).map_err(|error| format!("--url cannot be used: {error}").into())
}

/// The plan for what came.
fn visited(asked: &Url, exchange: &Exchange, file: &str) -> Result<Starter, Problem> {
    let place = crate::mask::without_userinfo(asked.as_str());
    let response = exchange.outcome.as_ref().map_err(|failure| {
        let help = if failure.kind == FailureKind::Tls { WITHOUT_TLS } else { WITHOUT_A_LOOK };
        Problem::new(format!("{place} could not be loaded, so nothing was written: {}", failure.message), help)
    })?;
    let status = response.status.unwrap_or_default();
    if status >= 400 {
        return Err(Problem::new(
            format!(
                "{place} responds with an error, so nothing was written: {}",
                response.status_and_gist(&Masker::default())
            ),
            WITHOUT_A_LOOK,
        ));
    }
    let url = Url::parse(&response.url).unwrap_or_else(|_| asked.clone());
    let visit = Visit {
        asked,
        url: &url,
        status,
        content_type: response.header("content-type"),
        body: response.text(),
        bytes: response.body_bytes,
        is_cut: response.truncated(),
        time: exchange.timings.total,
    };
    Ok(starter::plan(&visit, file, &mut is_sound))
}

/// Whether the plan has no findings.
fn is_sound(plan: &str) -> bool {
    let Ok(folder) = tempfile::tempdir() else { return false };
    let path = folder.path().join("plan.yaml");
    std::fs::write(&path, plan).is_ok()
        && PlanOptions::default().compile(&path, &LoadOverrides::default()).findings.is_empty()
}
