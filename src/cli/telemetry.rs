//! `run --prometheus` and `run --otlp`.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::terminal::Terminal;
use crate::telemetry::{Collector, DEFAULT_ADDRESS, Problem, Settings, Telemetry};

/// Where figures go while the run goes.
#[derive(Debug, clap::Args)]
pub(super) struct TelemetryOptions {
    /// Serve the run's figures to Prometheus at http://ADDR/metrics while it goes, by default at 127.0.0.1:9464
    #[arg(
        long,
        value_name = "ADDR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = DEFAULT_ADDRESS
    )]
    prometheus: Option<String>,
    /// Send the run's figures to an OpenTelemetry collector (OTLP over HTTP) while it goes and at its end
    #[arg(long, value_name = "URL")]
    otlp: Option<String>,
}

impl TelemetryOptions {
    /// What the arguments and the environment ask for; what is wrong with them is told.
    pub(super) fn settings(&self, plans: &[PathBuf], terminal: &Terminal) -> Option<Settings> {
        let address = |plan: &&PathBuf| plan.to_str().is_some_and(|plan| plan.parse::<SocketAddr>().is_ok());
        let settings = match (&self.prometheus, plans.iter().find(address)) {
            (Some(_), Some(address)) => Err(Problem {
                message: format!("{} stands where a plan should", address.display()),
                help: format!("write the address behind an equals sign: --prometheus={}", address.display()),
            }),
            _ => self
                .otlp
                .as_deref()
                .map(|url| Collector::new(url, |name| std::env::var(name).ok()))
                .transpose()
                .map(|otlp| Settings { prometheus: self.prometheus.clone(), otlp }),
        };
        settings.map_err(|problem| tell(&problem, terminal)).ok()
    }
}

/// Opens the outputs before anything is sent and says where they are; what is wrong is told.
pub(super) fn start(settings: Settings, terminal: &Terminal) -> Option<Telemetry> {
    let telemetry = Telemetry::start(settings).map_err(|problem| tell(&problem, terminal)).ok()?;
    if let Some(url) = telemetry.url() {
        terminal.err(&format!("metrics: {url}\n"));
    }
    Some(telemetry)
}

fn tell(problem: &Problem, terminal: &Terminal) {
    terminal.err(&format!("error: {}\n  = help: {}\n", problem.message, problem.help));
}
