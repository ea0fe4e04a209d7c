//! How a run went, from how the engine ended.

use std::time::Duration;

use crate::engine::{Finished, Lifecycle};
use crate::graph::{ExecutionGraph, Place};
use crate::machine;
use crate::metrics::{ErrorGroup, Results};
use crate::stop_reason::StopReason;
use crate::verdict::{Generator, LifecycleResult, RunOutcome};

/// What was counted and how it went. `services` says what went wrong with them, `cpu_share` is the share of
/// all CPUs' time this process used while load was applied.
pub(super) fn summed_up(
    graph: &ExecutionGraph,
    finished: Finished,
    services: Vec<String>,
    cpu_share: Option<f64>,
    strict: bool,
) -> (Results, RunOutcome) {
    let results = finished.results;
    let lifecycle = |part: Lifecycle, place: Place, name: &str| match part {
        Lifecycle::Absent => LifecycleResult::Absent,
        Lifecycle::NotReached | Lifecycle::Interrupted => LifecycleResult::NotReached,
        Lifecycle::Passed(took) => LifecycleResult::Passed { took },
        Lifecycle::Failed(took) => {
            let of_part = |error: &&ErrorGroup| graph.label(error.label).place == place;
            let first = results.errors.iter().filter(of_part).min_by_key(|error| error.first);
            let reason = first.map_or_else(|| format!("a step of {name} failed"), |error| sentence(graph, error));
            LifecycleResult::Failed { took, reason, span: first.map(|error| error.span) }
        }
    };
    let setup = lifecycle(finished.setup, Place::Setup, "setup");
    let mut teardown = lifecycle(finished.teardown, Place::Teardown, "teardown");
    if let (Some(problem), None) = (services.first(), teardown.failure()) {
        teardown = LifecycleResult::Failed { took: Duration::ZERO, reason: problem.clone(), span: None };
    }
    // Somebody who stopped the run gets its exit code; else it is a fault of this tool.
    let by_hand = finished.stopped_by.as_ref().is_some_and(StopReason::is_by_hand);
    let mut generator = Generator::of(&results, cpu_share, machine::open_files());
    let mut internal_error = finished.internal_error;
    if let Some(abandoned) = finished.abandoned {
        if !by_hand {
            internal_error.get_or_insert(abandoned.clone());
        }
        (generator.kept_up, generator.reason) = (false, Some(abandoned));
    }
    let outcome = RunOutcome {
        under_way: false,
        stopped_by: finished.stopped_by,
        setup,
        teardown,
        generator,
        strict,
        internal_error,
    };
    (results, outcome)
}

/// An error in a sentence, for setup and teardown.
fn sentence(graph: &ExecutionGraph, error: &ErrorGroup) -> String {
    let mut text = format!("{}: {}", graph.label(error.label).text, error.message);
    if let Some(actual) = error.actual.first() {
        text.push_str(&format!(", got {actual}"));
    }
    text
}
