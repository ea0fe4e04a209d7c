//! A handmade run for the tests of verdict and report.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::{Severity, Span};
use crate::document::{Document, Repository, RunInfo, RunRecord};
use crate::exchange::Timings;
use crate::failure::FailureKind;
use crate::graph::{AssertionId, ExecutionGraph, GroupId, LabelId, build};
use crate::mask::Masker;
use crate::metrics::{Aggregator, Example, Outcome, Recorder, ResponseTime, Results, Sample, SampleFailure, Shape};
use crate::plan::{LoadOptions, load};
use crate::verdict::{LifecycleResult, RunOutcome, Verdict, judge};

/// The plan of most tests. `/rare` is never reached; only market data has a threshold on errors.
pub(crate) const PLAN: &str = r"name: Trading v1.2
http:
  base_url: http://127.0.0.1:9
thread_groups:
  traders:
    users: 2
    iterations: 5
    steps:
      - get: /market
        assert: { status: 200 }
        thresholds: [p95 < 100ms, error_rate < 50%]
      - transaction: Order
        steps:
          - post: /orders
            assert: { status: 201 }
      - get: /rare
        if: 1 == 2
thresholds:
  - p95 < 500ms
";

/// A run whose samples a test records one by one.
pub(crate) struct Fixture {
    pub(crate) graph: ExecutionGraph,
    pub(crate) shape: Arc<Shape>,
    pub(crate) recorder: Recorder,
    pub(crate) outcome: RunOutcome,
    pub(crate) info: RunInfo,
    pub(crate) masker: Masker,
}

/// A run that has ended.
pub(crate) struct Finished {
    pub(crate) graph: ExecutionGraph,
    pub(crate) results: Results,
    pub(crate) verdict: Verdict,
    pub(crate) outcome: RunOutcome,
    pub(crate) info: RunInfo,
    pub(crate) masker: Masker,
}

/// The status that the first failure tells of; 200 where none does.
fn status_of(failures: &[SampleFailure]) -> u16 {
    let actual = failures.first().and_then(|failure| failure.actual.as_deref());
    actual.and_then(|actual| actual.split(':').next()?.parse().ok()).unwrap_or(200)
}

impl Fixture {
    pub(crate) fn new(yaml: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("trading.yaml");
        std::fs::write(&path, yaml).expect("the plan is written");
        let loaded = load(&path, &LoadOptions::default());
        let plan = loaded.plan.expect("the plan is read");
        let (graph, findings) = build(plan, &loaded.sources, &BTreeMap::new());
        let errors: Vec<_> =
            loaded.findings.iter().chain(&findings).filter(|one| one.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{errors:?}");
        let graph = graph.expect("the plan is valid");
        let shape = Shape::of(&graph);
        // Paths in snapshots must not depend on where the tests run.
        let repository = Repository {
            root: folder.path().to_owned(),
            working_folder: folder.path().to_owned(),
            commit: Some("0123456789abcdef0123456789abcdef01234567".into()),
        };
        let info = RunInfo {
            id: "run-1".into(),
            version: "0.1.0".into(),
            started_at: "2026-01-05T10:00:00Z".parse().expect("a time"),
            ended_at: "2026-01-05T10:00:12.5Z".parse().expect("a time"),
            took: Duration::from_millis(12_500),
            profiles: Vec::new(),
            seed: 1,
            host: "runner-7".into(),
            cpus: 2,
            os: "linux".into(),
            plan_sha256: "00".repeat(32),
            repository: Some(repository),
        };
        let outcome = RunOutcome {
            setup: LifecycleResult::Passed { took: Duration::from_millis(250) },
            teardown: LifecycleResult::Passed { took: Duration::from_millis(50) },
            ..RunOutcome::default()
        };
        let mut recorder = Recorder::new(Arc::clone(&shape));
        for group in 0..graph.groups.len() {
            recorder.group_begins(GroupId(group as u32), Duration::ZERO);
        }
        Self { recorder, shape, graph, outcome, info, masker: Masker::default() }
    }

    pub(crate) fn label(&self, text: &str) -> LabelId {
        let at = self.graph.labels.iter().position(|label| &*label.text == text);
        LabelId(at.unwrap_or_else(|| panic!("no label {text}")) as u32)
    }

    pub(crate) fn assertion(&self, text: &str) -> AssertionId {
        let at = self.graph.assertions.iter().position(|assertion| &*assertion.text == text);
        AssertionId(at.unwrap_or_else(|| panic!("no assertion {text}")) as u32)
    }

    /// An answered sample that ended at a second of the run.
    pub(crate) fn answered(&mut self, label: &str, at_s: f64, ms: u64, failures: &[SampleFailure], response: &str) {
        let label = self.label(label);
        let took = Duration::from_millis(ms);
        let ended = Duration::from_secs_f64(at_s);
        let timings =
            Timings { total: took, first_byte: Some(took / 2), download: Some(took / 2), ..Timings::default() };
        let outcome = if failures.is_empty() { Outcome::Passed } else { Outcome::Failed(failures) };
        let sample = Sample {
            label,
            started: ended.saturating_sub(took),
            ended,
            response_time: ResponseTime::Whole(took),
            behind: Duration::ZERO,
            timings,
            gaps: None,
            status: Some(status_of(failures)),
            sent_bytes: 100,
            received_bytes: 1000,
            reconnects: 0,
            cached: false,
            outcome,
        };
        let example = || Example { request: "POST /orders\n".into(), response: response.into() };
        self.recorder.sample(&sample, &mut { example });
    }

    pub(crate) fn passes(&mut self, label: &str, at_s: f64, ms: u64) {
        self.answered(label, at_s, ms, &[], "");
    }

    /// A sample without a response.
    pub(crate) fn unanswered(&mut self, label: &str, at_s: f64, kind: FailureKind, message: &str) {
        let label = self.label(label);
        let span = self.graph.label(label).span;
        let failure =
            SampleFailure { kind, message: message.into(), expected: None, actual: None, assertion: None, span };
        let ended = Duration::from_secs_f64(at_s);
        let failures = [failure];
        let sample = Sample {
            label,
            started: ended,
            ended,
            response_time: ResponseTime::None,
            behind: Duration::ZERO,
            timings: Timings::default(),
            gaps: None,
            status: None,
            sent_bytes: 0,
            received_bytes: 0,
            reconnects: 0,
            cached: false,
            outcome: Outcome::Failed(&failures),
        };
        self.recorder.sample(&sample, &mut Example::default);
    }

    /// A failed assertion.
    pub(crate) fn failed(&self, assertion: &str, expected: &str, actual: &str) -> SampleFailure {
        let id = self.assertion(assertion);
        let is_status = assertion.starts_with("status is");
        SampleFailure {
            kind: if is_status { FailureKind::Status } else { FailureKind::Assertion },
            message: assertion.into(),
            expected: Some(expected.into()),
            actual: Some(actual.into()),
            assertion: Some(id),
            span: self.graph.assertions[id.index()].span,
        }
    }

    pub(crate) fn span_of(&self, label: &str) -> Span {
        self.graph.label(self.label(label)).span
    }

    /// Everything recorded so far.
    pub(crate) fn aggregator(&mut self, now: Duration) -> Aggregator {
        let mut aggregator = Aggregator::new(Arc::clone(&self.shape), 1);
        aggregator.add(0, self.recorder.flush(), now);
        aggregator
    }

    /// Ends the run after ten seconds of load.
    pub(crate) fn finish(mut self) -> Finished {
        let load = Duration::from_secs(10);
        let results = self.aggregator(load).results(load);
        let verdict = judge(&self.graph, &results, &self.outcome);
        Finished { graph: self.graph, results, verdict, outcome: self.outcome, info: self.info, masker: self.masker }
    }
}

impl Finished {
    pub(crate) fn document(&self) -> Document<'_> {
        let record = RunRecord {
            graph: &self.graph,
            results: &self.results,
            outcome: &self.outcome,
            info: &self.info,
            masker: &self.masker,
        };
        Document::of(&record, self.verdict.clone())
    }

    /// The last line printed.
    pub(crate) fn verdict_line(&self) -> String {
        self.document().verdict.line()
    }
}

/// A run of [`PLAN`] in which most things happen: market data is slow twice and fails once, all
/// of four orders but one fail.
pub(crate) fn eventful() -> Fixture {
    let mut run = Fixture::new(PLAN);
    run.recorder.user_started(GroupId(0));
    run.recorder.user_started(GroupId(0));
    for ms in [10, 20, 30, 40] {
        run.recorder.assertion(run.assertion("status is 200"), true);
        run.passes("GET /market", 1.0, ms);
    }
    run.unanswered("GET /market", 2.0, FailureKind::Connect, "connection refused");
    run.recorder.assertion(run.assertion("status is 201"), true);
    run.passes("POST /orders", 2.5, 200);
    run.passes("Order", 2.5, 200);
    for (at, actual) in [(3.0, "500"), (4.0, "500"), (5.5, "503")] {
        let failure = run.failed("status is 201", "201", actual);
        run.recorder.assertion(run.assertion("status is 201"), false);
        let response =
            "HTTP/1.1 500\ncontent-type: text/plain\n\n::error::\u{1b}[31mowned\u{1b}[0m \u{fffe}##vso[task.complete]";
        run.answered("POST /orders", at, 300, std::slice::from_ref(&failure), response);
        run.answered("Order", at, 300, &[failure], "");
    }
    for _ in 0..4 {
        run.recorder.iteration(GroupId(0));
    }
    run
}
