//! Live metrics: during a run, its metrics are served to Prometheus and sent to an OpenTelemetry
//! collector.
//!
//! Once per second, the main thread of the run takes one snapshot of the current counts. Both outputs
//! are written from it, so they cannot disagree. A separate thread serves and sends them. It never makes
//! the run wait, except for a few seconds at the end.

mod collector;
mod export;
mod families;
mod openmetrics;
mod otlp;
mod scrape;
mod snapshot;

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, PoisonError, mpsc};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::LocalSet;

pub use collector::Collector;
use export::{Exporter, Flush, Warning};
pub use scrape::DEFAULT_ADDRESS;
use snapshot::{RunFacts, Snapshot};

use crate::graph::ExecutionGraph;
use crate::listen::bind;
use crate::mask::Masker;
use crate::metrics::Aggregator;
use crate::problem::Problem;

/// A snapshot is made no more often than this.
const EVERY: Duration = Duration::from_secs(1);
/// Making snapshots takes no more of the main thread's time than one part in this many.
const SHARE: u32 = 20;
/// How long the end of a run may wait for the last message: what it may take, and a little.
const PATIENCE: Duration = export::TIMEOUT.saturating_add(Duration::from_secs(1));

/// What is reported when sending has stopped without a reason of its own.
const LATE: &str = "warning: the last metrics could not be sent in time\n  = help: check the log of the collector\n";

/// Where the latest snapshot is found; none before the first run begins.
type Shown = watch::Receiver<Option<Arc<Snapshot>>>;

/// Which outputs there are.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The address to serve Prometheus at; port 0 is a free one.
    pub prometheus: Option<SocketAddr>,
    /// The collector to send to.
    pub otlp: Option<Collector>,
}

/// The outputs of a process, for all the runs it makes one after the other.
#[derive(Debug)]
pub struct Telemetry(Option<Outputs>);

#[derive(Debug)]
struct Outputs {
    scraped: Option<SocketAddr>,
    shown: Arc<watch::Sender<Option<Arc<Snapshot>>>>,
    flush: Option<UnboundedSender<Flush>>,
    warning: Warning,
}

impl Telemetry {
    /// Opens the outputs; without any, nothing is started and nothing is ever counted here.
    ///
    /// # Errors
    /// When the address cannot be had, or the thread cannot be started.
    pub fn start(settings: Settings) -> Result<Self, Problem> {
        if settings.prometheus.is_none() && settings.otlp.is_none() {
            return Ok(Self(None));
        }
        let warning = Warning::default();
        let listener = settings.prometheus.map(|address| bind("--prometheus", address)).transpose()?;
        let exporter = settings.otlp.map(|collector| Exporter::new(collector, warning.clone())).transpose()?;
        let (listener, scraped) = listener.unzip();
        let (sender, shown) = watch::channel(None);
        let (flush, flushes) = unbounded_channel();
        let flush = exporter.is_some().then_some(flush);
        std::thread::Builder::new()
            .name("telemetry".into())
            .spawn(move || work(listener, exporter.map(|exporter| (exporter, flushes)), shown))
            .map_err(|error| {
                Problem::new(
                    format!("the thread for live metrics could not be started: {error}"),
                    "run without --prometheus and --otlp",
                )
            })?;
        Ok(Self(Some(Outputs { scraped, shown: Arc::new(sender), flush, warning })))
    }

    /// The URL that can be scraped.
    pub fn url(&self) -> Option<String> {
        let address = self.0.as_ref()?.scraped?;
        Some(format!("http://{address}{}", scrape::PATH))
    }

    /// Begins to show a run, all its figures at zero.
    pub fn begin(&self, graph: &ExecutionGraph, masker: &Masker, run_id: &str) -> Stream {
        Stream(self.0.as_ref().map(|outputs| {
            let run = Arc::new(RunFacts::new(graph, masker, run_id));
            outputs.shown.send_replace(Some(Arc::new(Snapshot::nothing(run.clone()))));
            Live {
                run,
                began: Instant::now(),
                next: Duration::ZERO,
                shown: outputs.shown.clone(),
                warning: outputs.warning.clone(),
            }
        }))
    }

    /// Sends the last figures of a run to the collector and waits for that, for a few seconds at
    /// most. A warning that was not told yet comes back.
    pub fn finish(&self) -> Option<String> {
        let outputs = self.0.as_ref()?;
        if let Some(flush) = &outputs.flush {
            let (done, ended) = mpsc::sync_channel(1);
            if flush.send(done).is_err() || ended.recv_timeout(PATIENCE).is_err() {
                return take(&outputs.warning).or_else(|| Some(LATE.into()));
            }
        }
        take(&outputs.warning)
    }
}

/// A run's way to the outputs.
#[derive(Debug)]
pub struct Stream(Option<Live>);

#[derive(Debug)]
struct Live {
    run: Arc<RunFacts>,
    began: Instant,
    /// When the next snapshot is due, since load began.
    next: Duration,
    shown: Arc<watch::Sender<Option<Arc<Snapshot>>>>,
    warning: Warning,
}

impl Stream {
    /// Shows what is counted so far, at most once a second; `now` is the time since load began.
    /// A warning to tell comes back, once.
    pub fn tick(&mut self, aggregator: &Aggregator, now: Duration) -> Option<String> {
        let live = self.0.as_mut()?;
        if now >= live.next {
            live.next = now + EVERY.max(live.show(aggregator).saturating_mul(SHARE));
        }
        take(&live.warning)
    }

    /// Shows what the load came to.
    pub fn loaded(&mut self, aggregator: &Aggregator) {
        if let Some(live) = &mut self.0 {
            live.show(aggregator);
        }
    }
}

impl Live {
    /// Makes a snapshot; how long that took comes back.
    fn show(&self, aggregator: &Aggregator) -> Duration {
        let begin = Instant::now();
        // By the monotonic clock, so that times never go back while the system's clock is set.
        let at = self.run.started + begin.duration_since(self.began);
        self.shown.send_replace(Some(Arc::new(Snapshot::of(self.run.clone(), aggregator, at))));
        begin.elapsed()
    }
}

fn take(warning: &Warning) -> Option<String> {
    warning.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The thread's whole life: until nobody is left who could show anything.
fn work(listener: Option<TcpListener>, exporter: Option<(Exporter, UnboundedReceiver<Flush>)>, mut shown: Shown) {
    // Without a runtime nothing is served or sent; the run goes on all the same.
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let life = async {
        if let Some(listener) = listener {
            tokio::task::spawn_local(scrape::serve(listener, shown.clone()));
        }
        match exporter {
            Some((exporter, flushes)) => exporter.run(shown, flushes).await,
            None => while shown.changed().await.is_ok() {},
        }
    };
    LocalSet::new().block_on(&runtime, life);
    runtime.shutdown_background();
}
