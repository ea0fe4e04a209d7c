//! `run --prometheus` and `run --otlp`.

use std::net::SocketAddr;

use super::terminal::Terminal;
use crate::problem::Problem;
use crate::telemetry::{Collector, DEFAULT_ADDRESS, Settings, Telemetry};

/// Where figures go while the run goes.
#[derive(Debug, clap::Args)]
pub(super) struct TelemetryOptions {
    /// Serve metrics for Prometheus at http://ADDR/metrics during the run (default: 127.0.0.1:9464)
    #[arg(
        long,
        value_name = "ADDR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = DEFAULT_ADDRESS,
        value_parser = super::address::parse
    )]
    pub(super) prometheus: Option<SocketAddr>,
    /// Send metrics to an OpenTelemetry collector (OTLP over HTTP) during the run and at its end
    #[arg(long, value_name = "URL")]
    otlp: Option<String>,
}

impl TelemetryOptions {
    /// What the arguments and the environment ask for; what is wrong with them is told.
    pub(super) fn settings(&self, terminal: &Terminal) -> Option<Settings> {
        let otlp = self.otlp.as_deref().map(|url| Collector::new(url, |name| std::env::var(name).ok())).transpose();
        match otlp {
            Ok(otlp) => Some(Settings { prometheus: self.prometheus, otlp }),
            Err(problem) => {
                tell(&problem, terminal);
                None
            }
        }
    }
}

/// Opens the outputs before anything is sent and says where they are; what is wrong is told.
pub(super) fn start(settings: Settings, terminal: &Terminal) -> Option<Telemetry> {
    let telemetry = Telemetry::start(settings).map_err(|problem| tell(&problem, terminal)).ok()?;
    if let Some(url) = telemetry.url() {
        terminal.note(&format!("metrics: {url}\n"));
    }
    Some(telemetry)
}

pub(super) fn tell(problem: &Problem, terminal: &Terminal) {
    terminal.error(&problem.message, &problem.help);
}
