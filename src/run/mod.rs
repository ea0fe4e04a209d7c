//! Runs a plan, from its graph to the document with the verdict: starts the services, runs the load with
//! the engine, stops the services, and evaluates the results, also against earlier runs if there are any.
//! `cli` decides what is shown during the run and where results are written.

mod outcome;
mod services;
mod watch;

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc::UnboundedReceiver;

pub(crate) use services::Services;
pub(crate) use watch::{Screen, Watch};

use crate::compare::Against;
use crate::document::{Document, RunRecord};
use crate::engine::{self, Finished, Rows};
use crate::graph::ExecutionGraph;
use crate::machine;
use crate::mask::Masker;
use crate::metrics::Results;
use crate::problem::Problem;
use crate::protocols::http::client::ProxyEnvironment;
use crate::stop_reason::StopReason;
use crate::verdict::{self, LifecycleResult, RunOutcome, judge, judge_against};

/// The name of a signal whose sender does not wait long, and when it came.
pub(crate) type Hurried = fn() -> Option<(&'static str, Instant)>;

/// What a run needs.
pub(crate) struct Input {
    /// What to run.
    pub(crate) graph: Arc<ExecutionGraph>,
    /// Hides secrets.
    pub(crate) masker: Masker,
    /// The run's identifier.
    pub(crate) run_id: Arc<str>,
    /// What every random draw starts from.
    pub(crate) seed: u64,
    /// Whether services may run their command lines.
    pub(crate) allow_commands: bool,
    /// Whether a load generator that could not keep up makes the run invalid.
    pub(crate) strict: bool,
    /// Takes a row for each sample.
    pub(crate) rows: Option<Arc<dyn Rows>>,
    /// Whether the word to stop came from somebody who does not wait long.
    pub(crate) hurried: Hurried,
}

/// Runs a plan: what was counted, how it went, and how many lines of output were left out because
/// they came faster than they could be shown.
pub(crate) fn run(
    input: Input,
    watch: &mut Watch<'_>,
    stop: UnboundedReceiver<StopReason>,
) -> (Results, RunOutcome, u64) {
    let begin = Instant::now();
    let Input { graph, masker, strict, .. } = &input;
    let (graph, masker, strict) = (graph.clone(), masker.clone(), *strict);
    match engine::block_on(load(input, watch, stop)).flatten() {
        Ok((finished, problems)) => {
            let dropped = finished.dropped_lines;
            let problems = problems.iter().map(|problem| masker.mask(problem).into_owned()).collect();
            let (results, outcome) = outcome::summed_up(&graph, finished, problems, watch.cpu_share(), strict);
            (results, outcome, dropped)
        }
        Err(problem) => {
            let reason = masker.mask(&problem.to_string()).into_owned();
            let setup = LifecycleResult::Failed { took: begin.elapsed(), reason, span: None };
            (Results::nothing(&graph), RunOutcome { setup, ..RunOutcome::default() }, 0)
        }
    }
}

/// Starts the services, applies the load, stops the services: how it ended, and what went wrong with them.
async fn load(
    input: Input,
    watch: &mut Watch<'_>,
    mut stop: UnboundedReceiver<StopReason>,
) -> Result<(Finished, Vec<String>), Problem> {
    let graph = input.graph;
    let services = tokio::select! {
        biased;
        Some(reason) = stop.recv() => return Ok((Finished::stopped(&graph, reason), Vec::new())),
        services = Services::start(&graph, input.allow_commands) => services?,
    };
    let users: u64 = graph.groups.iter().map(|group| group.load.most_users()).sum();
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let engine_input = engine::Input {
        graph: graph.clone(),
        proxies: ProxyEnvironment::from_vars(|name| std::env::var(name).ok()),
        run_id: input.run_id,
        seed: input.seed,
        masker: input.masker,
        services: services.urls(),
        threads: processors.min(usize::try_from(users).unwrap_or(processors)),
        observer: None,
        rows: input.rows,
        thread_time: machine::thread_time,
    };
    let finished = engine::run(engine_input, watch, &mut stop).await;
    let mut stopped_by = None;
    let mut stopping = std::pin::pin!(services.stop(graph.time_on_sigterm(), input.hurried));
    let problems = loop {
        tokio::select! {
            biased;
            problems = &mut stopping => break problems,
            // The word to stop may come late; a limit that has passed makes the run not valid all the same.
            Some(reason) = stop.recv() => {
                stopped_by.get_or_insert(reason);
            }
        }
    };
    let mut finished = finished?;
    // What has come while nobody listened.
    let late = stopped_by.or_else(|| stop.try_recv().ok());
    finished.stopped_by = finished.stopped_by.or(late);
    Ok((finished, problems))
}

/// Judges a run, against earlier ones if there are any, and writes it all into one document.
pub(crate) fn judged<'a>(record: &RunRecord<'a>, against: &Against) -> Document<'a> {
    let RunRecord { graph, results, outcome, masker, .. } = *record;
    let measured = Document::measured(record);
    let baseline = match against {
        // After a failed setup nothing was measured: there is nothing to compare.
        Against::Runs(baseline) if outcome.setup.failure().is_none() => baseline,
        Against::Runs(_) | Against::Nothing => return measured.judged(record, judge(graph, results, outcome)),
        Against::NoneYet => {
            let summary = Some("no baseline yet, so nothing was compared".into());
            let none = verdict::Baseline { summary, ..verdict::Baseline::default() };
            return measured.judged(record, judge_against(graph, results, outcome, &none));
        }
    };
    match baseline.compare(&measured, graph, masker) {
        Ok((comparison, answers)) => {
            let verdict = judge_against(graph, results, outcome, &answers);
            Document { regression: Some(comparison), ..measured.judged(record, verdict) }
        }
        Err(problem) => {
            let internal_error = Some(format!("the run could not be compared: {problem}"));
            let outcome = RunOutcome { internal_error, ..outcome.clone() };
            measured.judged(record, judge_against(graph, results, &outcome, &verdict::Baseline::default()))
        }
    }
}
