//! What is shown during a run.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dashboard::Feed;
use crate::engine::{Event, Monitor, Stopping};
use crate::graph::ExecutionGraph;
use crate::machine;
use crate::mask::Masker;
use crate::metrics::Aggregator;
use crate::report::progress::Progress;
use crate::stop_reason::StopReason;
use crate::telemetry::Stream;
use crate::verdict::broken;

/// Where a run is shown.
pub(crate) struct Screen<'s> {
    /// The lines on the terminal.
    pub(crate) progress: Progress,
    /// The live page.
    pub(crate) feed: &'s mut Option<Feed>,
    /// Live metrics.
    pub(crate) stream: Stream,
    /// Whether failures are shown as they happen.
    pub(crate) verbose: bool,
    /// What is said when the first word to stop has come.
    pub(crate) stopping: fn(&StopReason, Stopping) -> String,
}

/// Shows the run while it goes, and stops it when a threshold with `abort` is broken.
pub(crate) struct Watch<'s> {
    graph: Arc<ExecutionGraph>,
    /// The thread groups' names as they are shown.
    groups: Vec<String>,
    screen: Screen<'s>,
    judged: Duration,
    /// When load began, and the processor time used by then.
    began: Option<(Instant, Duration)>,
    cpu_share: Option<f64>,
}

impl<'s> Watch<'s> {
    /// Watches the run of a graph.
    pub(crate) fn new(graph: Arc<ExecutionGraph>, masker: &Masker, screen: Screen<'s>) -> Self {
        let groups = graph.groups.iter().map(|group| masker.mask(&group.name).into_owned()).collect();
        Self { graph, groups, screen, judged: Duration::ZERO, began: None, cpu_share: None }
    }

    /// Ends what is shown.
    pub(crate) fn finish(mut self) {
        self.screen.progress.finish();
    }

    /// The share of all CPUs' time this process used while load was applied.
    pub(super) fn cpu_share(&self) -> Option<f64> {
        self.cpu_share
    }
}

impl Monitor for Watch<'_> {
    fn part(&mut self, name: &'static str) {
        if name == "load" {
            self.began = machine::process_time().map(|used| (Instant::now(), used));
        }
    }

    fn loaded(&mut self, aggregator: &Aggregator) {
        self.screen.stream.loaded(aggregator);
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.cpu_share = self.began.zip(machine::process_time()).and_then(|((began, before), used)| {
            let time = began.elapsed().as_secs_f64() * processors as f64;
            (time > 0.0).then(|| (used.saturating_sub(before).as_secs_f64() / time).min(1.0))
        });
    }

    fn tick(&mut self, aggregator: &Aggregator, now: Duration) -> Option<String> {
        self.screen.progress.update(&aggregator.live(now), now);
        if let Some(feed) = self.screen.feed {
            feed.tick(aggregator, now);
        }
        if let Some(warning) = self.screen.stream.tick(aggregator, now) {
            self.screen.progress.warn(&warning);
        }
        if now < self.judged + Duration::from_secs(1) {
            return None;
        }
        self.judged = now;
        broken(&self.graph, aggregator, now).map(|result| result.observation())
    }

    fn stopping(&mut self, reason: &StopReason, rest: Stopping) {
        self.screen.progress.warn(&(self.screen.stopping)(reason, rest));
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Log(group, user, text) => {
                let group = group.map_or("", |group| &self.groups[group.index()]);
                self.screen.progress.print(&format!("{group} user {user}: {text}"));
            }
            Event::Failure(label, message) if self.screen.verbose => {
                self.screen.progress.print(&format!("{label}: {message}"));
            }
            Event::Failure(..) => {}
        }
    }
}
