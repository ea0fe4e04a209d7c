//! Where OTLP messages go: the URL, and what OpenTelemetry's environment variables say of it.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::problem::Problem;

/// What is appended to a URL without a path.
const SIGNAL_PATH: &str = "/v1/metrics";
/// The variable that holds further headers.
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
/// The variable that holds the time between two messages, in milliseconds.
const INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
/// The time between two messages unless told otherwise.
const EVERY: Duration = Duration::from_secs(10);
/// Figures are made once a second; more often there is nothing new.
const SHORTEST: Duration = Duration::from_secs(1);

/// A collector of OTLP messages.
#[derive(Clone)]
pub struct Collector {
    pub(super) url: Url,
    /// May hold credentials, so they are never shown.
    pub(super) headers: HeaderMap,
    pub(super) every: Duration,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").field("url", &self.shown()).field("every", &self.every).finish_non_exhaustive()
    }
}

impl Collector {
    /// The collector at a URL; `variable` gives the environment's variables.
    ///
    /// # Errors
    /// When the URL or a variable does not mean anything.
    pub fn new(url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Problem> {
        let set = |name| variable(name).filter(|value| !value.trim().is_empty());
        Ok(Self {
            url: endpoint(url)?,
            headers: set(HEADERS).map_or_else(|| Ok(HeaderMap::new()), |text| headers(&text))?,
            every: set(INTERVAL).map_or(Ok(EVERY), |text| interval(&text))?,
        })
    }

    /// The URL without what may be secret: user name, password and query.
    pub(super) fn shown(&self) -> String {
        let mut url = self.url.clone();
        // Both fail only for URLs that cannot have them.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.to_string()
    }
}

fn endpoint(text: &str) -> Result<Url, Problem> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let mut url = url.ok_or_else(|| {
        Problem::new(
            format!("--otlp: `{}` is not the URL of a collector", crate::mask::without_userinfo(text)),
            "write http:// or https://, a host and a port, for example --otlp http://localhost:4318",
        )
    })?;
    if matches!(url.path(), "" | "/") {
        url.set_path(SIGNAL_PATH);
    }
    url.set_fragment(None);
    Ok(url)
}

/// `name=value,name=value`, the values percent-encoded, as the OpenTelemetry specification has it.
fn headers(text: &str) -> Result<HeaderMap, Problem> {
    let mut headers = HeaderMap::new();
    let entries = text.split(',').map(str::trim).enumerate().filter(|(_, entry)| !entry.is_empty());
    for (index, entry) in entries {
        let header = entry.split_once('=').and_then(|(name, value)| {
            let name = HeaderName::try_from(name.trim()).ok()?;
            let value: Vec<u8> = percent_decode_str(value.trim()).collect();
            Some((name, HeaderValue::try_from(value).ok()?))
        });
        // An entry may be a secret, so only its place is reported.
        let (name, mut value) = header.ok_or_else(|| {
            Problem::new(
                format!("{HEADERS}: entry {} is not a header", index + 1),
                "write name=value, several of them with commas between them and values percent-encoded",
            )
        })?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

fn interval(text: &str) -> Result<Duration, Problem> {
    let ms = text.trim().parse::<u64>().ok().filter(|ms| *ms > 0);
    ms.map(|ms| Duration::from_millis(ms).max(SHORTEST)).ok_or_else(|| {
        Problem::new(
            format!("{INTERVAL}: `{text}` is not a number of milliseconds"),
            "write for example 10000, or omit it for 10 seconds",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(url: &str, headers: &str, interval: &str) -> Result<Collector, Problem> {
        Collector::new(url, |name| match name {
            HEADERS => Some(headers.to_owned()),
            INTERVAL => Some(interval.to_owned()),
            _ => None,
        })
    }

    #[test]
    fn a_url_without_a_path_gets_that_of_metrics_and_another_stays() {
        for (given, used) in [
            ("http://localhost:4318", "http://localhost:4318/v1/metrics"),
            ("http://localhost:4318/", "http://localhost:4318/v1/metrics"),
            ("https://host?team=a#top", "https://host/v1/metrics?team=a"),
            ("http://[::1]:4318/otlp/v1/metrics", "http://[::1]:4318/otlp/v1/metrics"),
        ] {
            assert_eq!(endpoint(given).expect("a URL").as_str(), used);
        }
        for wrong in ["localhost:4318", "ftp://host", "http://", "4318", ""] {
            assert!(endpoint(wrong).expect_err("no URL").help.contains("http://localhost:4318"));
        }
        let secret = endpoint("grpc://ann:secret@host").expect_err("no URL");
        assert!(!secret.message.contains("secret"), "{}", secret.message);
    }

    #[test]
    fn headers_are_decoded_and_never_shown() {
        let collector =
            with("http://u:pw@host/?key=1", " api-key = a%2Cb%3D , Authorization=Basic%20x=,", "500").expect("valid");
        assert_eq!(collector.headers["api-key"], "a,b=");
        assert_eq!(collector.headers["authorization"], "Basic x=");
        assert_eq!(collector.every, SHORTEST);
        assert_eq!(format!("{collector:?}"), r#"Collector { url: "http://host/v1/metrics", every: 1s, .. }"#);
        for wrong in ["secret", "a b=secret", "a=1,b=sec%0aret"] {
            let problem = with("http://host", wrong, "").expect_err("not headers");
            assert!(problem.message.contains(HEADERS) && !problem.message.contains("sec"), "{}", problem.message);
        }
    }

    #[test]
    fn the_interval_is_in_milliseconds() {
        assert_eq!(with("http://host", "", " ").expect("valid").every, EVERY);
        assert_eq!(with("http://host", "", "60000").expect("valid").every, Duration::from_secs(60));
        for wrong in ["0", "10s", "-1", "1.5"] {
            assert!(with("http://host", "", wrong).expect_err("no interval").message.contains(wrong));
        }
    }
}
