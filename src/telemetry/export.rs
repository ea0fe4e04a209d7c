//! Sending OTLP messages: at a steady beat, and once more when asked to.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use http::{HeaderValue, header};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use prost::Message;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::Shown;
use super::collector::Collector;
use super::otlp::message;
use super::snapshot::Snapshot;
use crate::http_client::{chain, client};
use crate::problem::Problem;
use crate::sanitize::inline;

/// How long one message may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(5);
/// No more of a response is read than this.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The word to send the latest snapshot now; it is answered when that is done, or has failed.
pub(super) type Flush = mpsc::SyncSender<()>;

/// A warning that waits to be shown.
pub(super) type Warning = Arc<Mutex<Option<String>>>;

/// Sends messages to a collector.
pub(super) struct Exporter {
    collector: Collector,
    client: reqwest::Client,
    warning: Warning,
    warned: bool,
    /// The last snapshot that was sent, or tried.
    sent: Option<Arc<Snapshot>>,
}

impl Exporter {
    /// Prepares to send.
    ///
    /// # Errors
    /// When the environment's proxies cannot be used.
    pub(super) fn new(collector: Collector, warning: Warning) -> Result<Self, Problem> {
        let client = client(&collector.url, TIMEOUT).map_err(|error| {
            Problem::new(
                format!("--otlp: {} cannot be reached: {}", collector.shown(), chain(&error.without_url())),
                "check the proxy variables of the environment (such as HTTPS_PROXY)",
            )
        })?;
        Ok(Self { collector, client, warning, warned: false, sent: None })
    }

    /// Sends until nobody is left to say `flush`.
    pub(super) async fn run(mut self, shown: Shown, mut flushes: UnboundedReceiver<Flush>) {
        loop {
            // What is in progress is abandoned for the flush: it carries the same and more, and the
            // run waits for it.
            let flush = tokio::select! {
                biased;
                flush = flushes.recv() => flush,
                () = self.at_a_beat(&shown) => None,
            };
            let Some(done) = flush else { return };
            self.export(&shown).await;
            let _ = done.send(());
        }
    }

    async fn at_a_beat(&mut self, shown: &Shown) {
        let mut beat = interval_at(Instant::now() + self.collector.every, self.collector.every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            let new = shown.borrow().as_ref().map(Arc::as_ptr) != self.sent.as_ref().map(Arc::as_ptr);
            if new {
                self.export(shown).await;
            }
        }
    }

    async fn export(&mut self, shown: &Shown) {
        let Some(snapshot) = shown.borrow().clone() else { return };
        self.sent = Some(snapshot.clone());
        if let Err(problem) = self.send(&snapshot).await
            && !std::mem::replace(&mut self.warned, true)
        {
            let text = format!(
                "warning: metrics could not be sent to {}: {}; the run and its verdict do not depend on it\n  = help: {}\n",
                self.collector.shown(),
                inline(&problem.message),
                problem.help
            );
            *self.warning.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
        }
    }

    async fn send(&self, snapshot: &Snapshot) -> Result<(), Problem> {
        let request = self
            .client
            .post(self.collector.url.clone())
            .header(header::USER_AGENT, concat!("loadplan/", env!("CARGO_PKG_VERSION")))
            .headers(self.collector.headers.clone())
            .header(header::CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"))
            .body(message(snapshot).encode_to_vec());
        let mut answer = request.send().await.map_err(|error| unreachable_collector(&error.without_url()))?;
        let status = answer.status();
        if !status.is_success() {
            let help = match status.as_u16() {
                401 | 403 => {
                    "set the headers that the collector requires in OTEL_EXPORTER_OTLP_HEADERS, for example `Authorization=Bearer%20…`"
                }
                404 | 405 => "pass the full URL of the collector's OTLP/HTTP metrics receiver to --otlp",
                _ => "check the log of the collector",
            };
            return Err(Problem::new(format!("it responded with status {}", status.as_u16()), help));
        }
        let mut body = Vec::new();
        while let Ok(Some(part)) = answer.chunk().await {
            if body.len() + part.len() > LONGEST_ANSWER {
                return Ok(());
            }
            body.extend_from_slice(&part);
        }
        // A response that is no message, for example a proxy's, says nothing of rejected points.
        let partial = ExportMetricsServiceResponse::decode(&*body).ok().and_then(|answer| answer.partial_success);
        match partial {
            Some(partial) if partial.rejected_data_points > 0 => Err(Problem::new(
                format!("it rejected {} metrics: {}", partial.rejected_data_points, partial.error_message),
                "check the log of the collector",
            )),
            _ => Ok(()),
        }
    }
}

fn unreachable_collector(error: &reqwest::Error) -> Problem {
    let message =
        if error.is_timeout() { format!("it did not respond within {} s", TIMEOUT.as_secs()) } else { chain(error) };
    let help =
        "is an OTLP receiver for HTTP listening there? A collector's usual port for it is 4318; 4317 is for gRPC";
    Problem::new(message, help)
}
