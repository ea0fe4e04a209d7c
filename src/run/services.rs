//! The services of a plan, from the graph's declarations to running programs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Hurried;
use crate::engine;
use crate::graph::ExecutionGraph;
use crate::problem::Problem;
use crate::services::{Service, Started, start};

/// What services are given to end, however late it is.
const LEAST: Duration = Duration::from_secs(1);
/// How often services that end are looked at for SIGTERM.
const LOOK: Duration = Duration::from_millis(50);

/// Running services.
pub(crate) struct Services(Option<Started>);

impl Services {
    /// Starts every service of a graph and waits until each is ready.
    ///
    /// # Errors
    /// Which service did not start, and why.
    pub(crate) async fn start(graph: &Arc<ExecutionGraph>, allow_commands: bool) -> Result<Self, Problem> {
        if graph.services.is_empty() {
            return Ok(Self(None));
        }
        let mut services = Vec::new();
        for Service { name, kind } in &graph.services {
            let kind = kind.try_map(|template| engine::render(graph, template))?;
            services.push(Service { name: name.clone(), kind });
        }
        start(services, allow_commands).await.map(|started| Self(Some(started)))
    }

    /// Where each listens, by name.
    pub(crate) fn urls(&self) -> Vec<(Arc<str>, String)> {
        self.0.as_ref().map_or_else(Vec::new, |started| started.urls.clone())
    }

    /// Stops them; what went wrong comes back in sentences. After SIGTERM they must have ended `time`
    /// after it, but are given a second at least.
    pub(crate) async fn stop(self, time: Duration, hurried: Hurried) -> Vec<String> {
        let Some(started) = self.0 else { return Vec::new() };
        let least = Instant::now() + LEAST;
        let over = async {
            loop {
                if let Some((signal, at)) = hurried()
                    && Instant::now() >= least.max(at + time)
                {
                    return signal;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            problems = started.stop() => problems,
            signal = over => vec![format!("the services did not end in time after {signal} and were killed")],
        }
    }
}
