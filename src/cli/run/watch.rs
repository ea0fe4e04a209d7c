//! What is shown while a run goes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::{limits, signals};
use crate::dashboard::Feed;
use crate::engine::{Event, Monitor, StopReason, Stopping};
use crate::graph::ExecutionGraph;
use crate::metrics::Aggregator;
use crate::report::progress::Progress;
use crate::telemetry::Stream;
use crate::verdict::broken;

/// Shows the run while it goes, and stops it when a threshold with `abort` is broken.
pub(super) struct Watch<'f> {
    pub(super) graph: Arc<ExecutionGraph>,
    /// The thread groups' names as they are shown.
    pub(super) groups: Vec<String>,
    pub(super) progress: Progress,
    pub(super) feed: &'f mut Option<Feed>,
    pub(super) stream: Stream,
    pub(super) verbose: bool,
    pub(super) judged: Duration,
    /// When load began, and the processor time used by then.
    pub(super) began: Option<(Instant, Duration)>,
    pub(super) cpu_share: Option<f64>,
}

impl Monitor for Watch<'_> {
    fn part(&mut self, name: &'static str) {
        if name == "load" {
            self.began = limits::process_time().map(|used| (Instant::now(), used));
        }
    }

    fn loaded(&mut self, aggregator: &Aggregator) {
        self.stream.loaded(aggregator);
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.cpu_share = self.began.zip(limits::process_time()).and_then(|((began, before), used)| {
            let time = began.elapsed().as_secs_f64() * processors as f64;
            (time > 0.0).then(|| (used.saturating_sub(before).as_secs_f64() / time).min(1.0))
        });
    }

    fn tick(&mut self, aggregator: &Aggregator, now: Duration) -> Option<String> {
        self.progress.update(&aggregator.live(now), now);
        if let Some(feed) = self.feed {
            feed.tick(aggregator, now);
        }
        if let Some(warning) = self.stream.tick(aggregator, now) {
            self.progress.warn(&warning);
        }
        if now < self.judged + Duration::from_secs(1) {
            return None;
        }
        self.judged = now;
        broken(&self.graph, aggregator, now).map(|result| result.title())
    }

    fn stopping(&mut self, reason: &StopReason, rest: Stopping) {
        self.progress.warn(&signals::stopping(reason, rest));
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Log(group, user, text) => {
                let group = group.map_or("", |group| &self.groups[group.index()]);
                self.progress.print(&format!("{group} user {user}: {text}"));
            }
            Event::Failure(label, message) if self.verbose => self.progress.print(&format!("{label}: {message}")),
            Event::Failure(..) => {}
        }
    }
}
