//! What the live page shows, made on the run's main thread while somebody looks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;

use super::{PageUpdate, Server, Viewer};
use crate::document::{Document, RunInfo, RunRecord};
use crate::graph::ExecutionGraph;
use crate::mask::Masker;
use crate::metrics::Aggregator;
use crate::report::LivePage;
use crate::verdict::{Generator, RunOutcome, judge};

/// How often the page is brought up to date.
const EVERY: Duration = Duration::from_secs(1);
/// What is shown must not cost more than a hundredth of a processor: where it takes long to make,
/// it is made less often.
const REST: u32 = 100;

/// What does not change during a run.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What runs.
    pub graph: Arc<ExecutionGraph>,
    /// When and where; its end is the moment it is asked.
    pub info: RunInfo,
    /// Hides secrets.
    pub masker: Masker,
}

/// Brings the live page up to date.
pub struct Feed {
    scene: Scene,
    server: Server,
    joining: Option<UnboundedReceiver<Viewer>>,
    viewers: Vec<(Viewer, LivePage)>,
    next: Duration,
    began: Instant,
}

impl Feed {
    /// Feeds the page that this server serves.
    pub fn new(scene: Scene, mut server: Server) -> Self {
        let joining = server.viewers();
        Self { scene, server, joining, viewers: Vec::new(), next: Duration::ZERO, began: Instant::now() }
    }

    /// Shows what was counted by now, `now` after load began. Costs nothing while nobody looks.
    pub fn tick(&mut self, counted: &Aggregator, now: Duration) {
        self.admit();
        if self.viewers.is_empty() || now < self.next {
            return;
        }
        let begin = Instant::now();
        self.show(counted, now);
        self.next = now + EVERY.max(begin.elapsed() * REST);
    }

    /// Lets in who has come, and lets go who has left.
    fn admit(&mut self) {
        while let Some(Ok(viewer)) = self.joining.as_mut().map(UnboundedReceiver::try_recv) {
            self.viewers.push((viewer, LivePage::default()));
        }
        self.viewers.retain(|(viewer, _)| !viewer.is_closed());
    }

    fn show(&mut self, counted: &Aggregator, now: Duration) {
        let (until_s, slice_s) = counted.complete();
        let from_s = self.viewers.iter().map(|(_, page)| page.needs_from(slice_s)).min().unwrap_or(0);
        let results = counted.so_far(now, from_s);
        let generator = Generator::of(&results, None, None);
        let outcome = RunOutcome { generator, under_way: true, ..RunOutcome::default() };
        let verdict = judge(&self.scene.graph, &results, &outcome);
        let mut info = self.scene.info.clone();
        info.ends(self.began.elapsed());
        let record = RunRecord {
            graph: &self.scene.graph,
            results: &results,
            outcome: &outcome,
            info: &info,
            masker: &self.scene.masker,
        };
        let document = Document::of(&record, verdict);
        self.viewers.retain_mut(|(viewer, page)| match page.update(&document, from_s, until_s) {
            Ok(Some(text)) => viewer.try_send(PageUpdate::Page(text)).is_ok(),
            Ok(None) => true,
            Err(_) => false,
        });
    }

    /// Shows the end of the run, and ends the server.
    pub fn end(mut self, document: &Document<'_>) {
        self.admit();
        if let Some(Ok(text)) = (!self.viewers.is_empty()).then(|| LivePage::last(document)) {
            for (viewer, _) in self.viewers.drain(..) {
                let _ = viewer.try_send(PageUpdate::End(text.clone()));
            }
        }
        self.joining = None;
        self.server.end();
    }
}
