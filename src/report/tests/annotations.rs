use crate::ci::Level::{Error, Warning};
use crate::failure::FailureKind;
use crate::fixture::{Finished, Fixture, PLAN, eventful};
use crate::report::annotations;
use crate::verdict::LifecycleResult;

fn annotations_of(run: &Finished) -> Vec<(crate::ci::Level, usize, String)> {
    annotations(&run.document()).into_iter().map(|one| (one.level, one.line, one.message)).collect()
}

#[test]
fn what_failed_the_run_is_an_error_where_it_is_written_and_the_rest_a_warning() {
    assert_eq!(
        annotations_of(&eventful().finish()),
        [
            (Error, 15, "3 × POST /orders: status is 201, got 500 · 503".into()),
            (Warning, 9, "1 × GET /market: connection refused".into()),
        ]
    );
}

#[test]
fn a_broken_threshold_comes_first_and_the_failures_it_counts_are_errors() {
    let mut run = Fixture::new(&PLAN.replace("p95 < 100ms, error_rate < 50%", "p95 < 10ms, error_rate < 5%"));
    run.passes("GET /market", 1.0, 30);
    run.unanswered("GET /market", 1.0, FailureKind::Connect, "connection refused");
    assert_eq!(
        annotations_of(&run.finish()),
        [
            (Error, 11, "GET /market: p95 < 10ms: observed 30 ms, limit 10 ms".into()),
            (Error, 11, "GET /market: error_rate < 5%: observed 50%, limit 5%".into()),
            (Error, 9, "1 × GET /market: connection refused".into()),
        ]
    );
}

#[test]
fn a_run_that_passed_has_nothing_to_say_but_that_its_figures_are_doubtful() {
    let mut run = Fixture::new(PLAN);
    run.passes("GET /market", 1.0, 30);
    run.passes("GET /market", 1.0, 30);
    run.unanswered("GET /market", 1.0, FailureKind::Connect, "connection refused");
    run.outcome.generator.kept_up = false;
    let found = annotations_of(&run.finish());
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        (found[0].0, found[0].1) == (Warning, 1) && found[0].2.starts_with("the load generator could not"),
        "{found:?}"
    );
}

#[test]
fn a_run_without_a_verdict_on_the_target_says_why() {
    let mut run = eventful();
    let reason = "login\n::error::was refused".into();
    let span = Some(run.span_of("POST /orders"));
    run.outcome.setup = LifecycleResult::Failed { took: std::time::Duration::ZERO, reason, span };
    assert_eq!(annotations_of(&run.finish()), [(Error, 14, "login : :error: :was refused".into())]);
    let found = annotations_of(&Fixture::new(PLAN).finish());
    assert!(found.iter().any(|one| (one.0, one.1) == (Error, 1)), "no samples: {found:?}");
}
