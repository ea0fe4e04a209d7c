//! Verdicts on runs made by hand.

use std::time::Duration;

use super::*;
use crate::failure::FailureKind;
use crate::fixture::{Finished, Fixture, PLAN, eventful};
use crate::graph::GroupId;
use crate::stop_reason::StopReason;
use crate::threshold::Unit;

fn with_thresholds(thresholds: &str) -> Fixture {
    Fixture::new(
        &PLAN
            .replace("  - p95 < 500ms\n", thresholds)
            .replace("        thresholds: [p95 < 100ms, error_rate < 50%]\n", ""),
    )
}

fn result<'v>(run: &'v Finished, title: &str) -> &'v ThresholdResult {
    run.verdict.thresholds.iter().find(|one| one.title() == title).unwrap_or_else(|| {
        panic!("no {title} among {:?}", run.verdict.thresholds.iter().map(ThresholdResult::title).collect::<Vec<_>>())
    })
}

/// Samples of 10, 20, …, 100 ms on market data; the last two fail.
fn ten(run: &mut Fixture) {
    for step in 1..=10_u64 {
        let failure = run.failed("status is 200", "200", "500");
        let failures = if step > 8 { vec![failure] } else { Vec::new() };
        run.answered("GET /market", step as f64 / 2.0, step * 10, &failures, "");
        run.recorder.iteration(GroupId(0));
    }
}

#[test]
fn every_metric_is_read_as_defined() {
    let mut run = with_thresholds(
        "  - p50 < 1s\n  - p90 < 1s\n  - mean < 1s\n  - min < 1s\n  - max < 1s\n  - stddev < 1s\n  - error_rate < 100%\n  - errors < 100\n  \
         - throughput > 0.5/s\n  - requests > 5\n  - iterations > 5\n  - bytes_received < 1MB\n  - apdex(20ms) > 0.1\n  - first_byte.max < 1s\n",
    );
    ten(&mut run);
    let run = run.finish();
    let observed = |title: &str| result(&run, title).observed.expect("it was judged");
    let near = |title: &str, expected: f64| {
        let seen = observed(title);
        assert!((seen - expected).abs() < 1e-6, "{title}: {seen}, not {expected}");
    };
    near("p50 < 1s", 50.0);
    near("p90 < 1s", 90.0);
    near("mean < 1s", 55.0);
    near("min < 1s", 10.0);
    near("max < 1s", 100.0);
    // Of 1 to n the variance is (n² − 1) / 12.
    near("stddev < 1s", (99.0_f64 / 12.0).sqrt() * 10.0);
    near("error_rate < 100%", 0.2);
    near("errors < 100", 2.0);
    // Ten samples in ten seconds of load.
    near("throughput > 0.5/s", 1.0);
    near("requests > 5", 10.0);
    near("iterations > 5", 10.0);
    near("bytes_received < 1MB", 10_000.0);
    // 10 and 20 ms satisfy; 30 to 80 ms are tolerated (up to 80); 90 and 100 ms failed anyway.
    near("apdex(20ms) > 0.1", (2.0 + 6.0 / 2.0) / 10.0);
    near("first_byte.max < 1s", 50.0);
    assert_eq!(result(&run, "p50 < 1s").unit, Unit::Milliseconds);
    assert!(run.verdict.passed, "{}", run.verdict_line());
    assert_eq!(
        run.verdict_line(),
        "PASSED (exit 0): 14 of 14 thresholds passed; but 2 of 3 requests of the plan never ran"
    );
}

#[test]
fn failed_answers_are_frustrated_however_quick_they_were() {
    let mut run = with_thresholds("  - apdex(50ms) > 0.9\n  - error_rate < 100%\n");
    let failure = run.failed("status is 200", "200", "500");
    run.answered("GET /market", 1.0, 10, &[failure], "");
    run.passes("GET /market", 1.0, 10);
    let run = run.finish();
    assert_eq!(result(&run, "apdex(50ms) > 0.9").observed, Some(0.5));
    assert_eq!(run.verdict_line(), "FAILED (exit 1): 1 of 2 thresholds failed (apdex(50ms) > 0.9)");
}

#[test]
fn a_limit_is_met_or_not_by_the_sign() {
    let mut run =
        with_thresholds("  - errors == 2\n  - errors < 2\n  - errors <= 2\n  - errors > 2\n  - errors >= 2\n");
    ten(&mut run);
    let run = run.finish();
    let passed: Vec<bool> = run.verdict.thresholds.iter().filter(|one| !one.implicit).map(|one| one.passed).collect();
    assert_eq!(passed, [true, false, true, false, true]);
    assert_eq!(
        run.verdict.reasons,
        [
            "2 of 5 thresholds failed (errors < 2: GET /market 2 of 10, status is 200: got 500; errors > 2: GET /market 2 of 10, status is 200: got 500)"
        ]
    );
}

#[test]
fn a_threshold_without_samples_fails_unless_the_profile_skips_it() {
    let plan =
        PLAN.replace("        if: 1 == 2\n", "        if: 1 == 2\n        thresholds: [p95 < 1s, errors < 10]\n");
    let mut run = Fixture::new(&plan);
    run.passes("GET /market", 1.0, 10);
    let mut skipping = Fixture::new(&plan);
    skipping.graph.skip_without_samples = true;
    skipping.passes("GET /market", 1.0, 10);

    let run = run.finish();
    for title in ["GET /rare: p95 < 1s", "GET /rare: errors < 10"] {
        let rare = result(&run, title);
        assert_eq!((rare.passed, rare.skipped, rare.observed), (false, false, None), "{title}");
    }
    assert_eq!(run.verdict.exit_code, exit::FAILED);

    let skipping = skipping.finish();
    let rare = result(&skipping, "GET /rare: p95 < 1s");
    assert_eq!((rare.passed, rare.skipped), (true, true));
    assert_eq!(
        skipping.verdict_line(),
        "PASSED (exit 0): 3 of 3 thresholds passed, 2 skipped (no samples); but 2 of 3 requests of the plan never ran"
    );
}

#[test]
fn a_phase_no_sample_had_is_no_sample() {
    let mut run = with_thresholds("  - connect.p95 < 1s\n  - error_rate < 1%\n");
    run.passes("GET /market", 1.0, 10);
    let run = run.finish();
    assert_eq!(result(&run, "connect.p95 < 1s").observed, None);
    assert_eq!(run.verdict.exit_code, exit::FAILED);
}

#[test]
fn failures_no_threshold_allows_fail_the_run() {
    let run = eventful().finish();
    assert_eq!(
        run.verdict_line(),
        "FAILED (exit 1): POST /orders: 3 of 4 requests had errors (status is 201: got 500)"
    );
    assert!(result(&run, "GET /market: error_rate < 50%").passed);
    // A request that was never reached has no errors, and nobody wrote a threshold on it.
    let rare = result(&run, "GET /rare: error_rate == 0");
    assert_eq!((rare.passed, rare.skipped, rare.implicit), (true, true, true));
}

#[test]
fn a_step_that_could_not_be_carried_out_is_no_pass_either() {
    let plan =
        PLAN.replace("      - get: /rare\n        if: 1 == 2\n", "      - name: Remember\n        set: { a: 1 }\n");
    let mut run = Fixture::new(&plan);
    run.passes("GET /market", 1.0, 10);
    run.unanswered("Remember", 1.0, FailureKind::Step, "`b` is not set");
    assert_eq!(
        run.finish().verdict_line(),
        "FAILED (exit 1): Remember: the step could not be carried out (`b` is not set)"
    );

    // A step that is no request counts next to the requests, not among them.
    let mut both = Fixture::new(&plan);
    both.passes("GET /market", 1.0, 3);
    both.unanswered("POST /orders", 1.0, FailureKind::Timeout, "no response");
    both.unanswered("Remember", 1.0, FailureKind::Step, "`b` is not set");
    both.unanswered("Remember", 1.0, FailureKind::Step, "`b` is not set");
    let said = both.finish().verdict_line();
    assert!(said.contains("Remember: the step could not be carried out 2 times (`b` is not set)"), "{said}");
    assert!(said.contains("POST /orders: 1 of 1 requests had errors (no response)"), "{said}");

    let mut allowed = Fixture::new(&format!("{plan}  - error_rate < 90%\n"));
    allowed.passes("GET /market", 1.0, 10);
    allowed.unanswered("Remember", 1.0, FailureKind::Step, "`b` is not set");
    assert!(allowed.finish().verdict.passed);
}

#[test]
fn a_threshold_on_a_transaction_covers_the_steps_inside() {
    let plan = PLAN.replace(
        "      - transaction: Order\n        steps:\n",
        "      - transaction: Order\n        thresholds: [error_rate < 90%]\n        steps:\n          - name: Remember\n            set: { a: 1 }\n",
    );
    let mut run = Fixture::new(&plan);
    run.passes("GET /market", 1.0, 10);
    run.passes("Order", 1.0, 10);
    run.unanswered("Remember", 1.0, FailureKind::Step, "`b` is not set");
    let run = run.finish();
    assert!(run.verdict.passed, "{}", run.verdict_line());
}

#[test]
fn a_run_without_answers_is_not_valid() {
    let nothing = Fixture::new(PLAN).finish();
    assert_eq!(nothing.verdict.exit_code, exit::NOT_VALID);
    assert_eq!(nothing.verdict.reasons[0], "no request was sent");

    let mut refused = Fixture::new(PLAN);
    refused.unanswered("GET /market", 1.0, FailureKind::Connect, "connection refused");
    let refused = refused.finish();
    assert_eq!(refused.verdict.exit_code, exit::NOT_VALID);
    assert_eq!(refused.verdict.reasons[0], "the target never answered (connection refused)");

    let mut unsent = Fixture::new(PLAN);
    unsent.unanswered("GET /market", 1.0, FailureKind::Step, "`token` is not set");
    assert_eq!(unsent.finish().verdict.reasons[0], "no request could be sent");
}

#[test]
fn the_weightiest_finding_decides_on_the_exit_code() {
    let code = |change: fn(&mut RunOutcome), failing: bool| {
        let mut run = Fixture::new(PLAN);
        run.passes("GET /market", 1.0, if failing { 9_000 } else { 10 });
        change(&mut run.outcome);
        let verdict = run.finish().verdict;
        assert_eq!(verdict.passed, verdict.exit_code == 0);
        assert_eq!(verdict.reasons.is_empty(), verdict.passed);
        verdict.exit_code
    };
    assert_eq!(code(|_| {}, false), 0);
    assert_eq!(code(|_| {}, true), 1);
    assert_eq!(code(|run| run.stopped_by = Some(StopReason::Interrupt), false), 130);
    assert_eq!(code(|run| run.stopped_by = Some(StopReason::Terminate), true), 143);
    assert_eq!(code(|run| run.stopped_by = Some(StopReason::TimeLimit(Duration::from_secs(9))), true), 3);
    assert_eq!(code(|run| run.stopped_by = Some(StopReason::Step("Enough".into())), false), 0);
    assert_eq!(code(|run| run.stopped_by = Some(StopReason::Abort("errors < 1".into())), false), 1);
    let failed = || LifecycleResult::Failed { took: Duration::ZERO, reason: "no".into(), span: None };
    assert_eq!(
        code(
            |run| run.teardown = LifecycleResult::Failed { took: Duration::ZERO, reason: "no".into(), span: None },
            false
        ),
        1
    );
    assert_eq!(failed().failure(), Some("no"));
    assert_eq!(
        code(
            |run| {
                run.setup = LifecycleResult::Failed { took: Duration::ZERO, reason: "no".into(), span: None };
                run.stopped_by = Some(StopReason::Interrupt);
            },
            true
        ),
        3
    );
    assert_eq!(code(|run| run.generator.kept_up = false, false), 0);
    assert_eq!(
        code(
            |run| {
                run.generator.kept_up = false;
                run.strict = true;
            },
            false
        ),
        3
    );
    assert_eq!(
        code(
            |run| {
                run.internal_error = Some("a panic".into());
                run.stopped_by = Some(StopReason::Terminate);
            },
            true
        ),
        4
    );
}

#[test]
fn results_that_cannot_be_written_turn_the_verdict() {
    let mut run = Fixture::new(PLAN);
    run.passes("GET /market", 1.0, 10);
    let run = run.finish();
    let mut verdict = run.document().verdict;
    verdict.results_not_written("results could not be written to a.json: no space".into());
    assert_eq!(verdict.line(), "FAILED (exit 4): results could not be written to a.json: no space");
}

#[test]
fn the_beginning_is_left_out_of_thresholds_that_say_so() {
    let mut run = with_thresholds(
        "  - { threshold: max < 100ms, after: 5s }\n  - { threshold: throughput > 0.1/s, after: 5s }\n  - max < 10s\n",
    );
    run.passes("GET /market", 3.0, 2_000);
    run.passes("GET /market", 7.0, 50);
    let run = run.finish();
    assert_eq!(result(&run, "max < 100ms (after 5s)").observed, Some(50.0));
    // One sample in the last five of ten seconds.
    assert_eq!(result(&run, "throughput > 0.1/s (after 5s)").observed, Some(0.2));
    assert_eq!(result(&run, "max < 10s").observed, Some(2_000.0));
}

#[test]
fn an_abort_threshold_is_watched_from_its_time_on_and_only_with_samples() {
    let plan =
        "  - { threshold: error_rate < 50%, abort: true, after: 2s }\n  - { threshold: requests > 100, abort: true }\n";
    let mut run = with_thresholds(plan);
    let at = |run: &mut Fixture, s| {
        let counted = run.aggregator(Duration::from_secs(s));
        broken(&run.graph, &counted, Duration::from_secs(s)).map(|result| result.title())
    };
    assert_eq!(at(&mut run, 5), None);
    run.unanswered("GET /market", 1.0, FailureKind::Timeout, "no answer within 1s");
    assert_eq!(at(&mut run, 5), None, "the only sample started before two seconds");
    run.unanswered("GET /market", 3.0, FailureKind::Timeout, "no answer within 1s");
    assert_eq!(at(&mut run, 1), None);
    run.unanswered("GET /market", 3.0, FailureKind::Timeout, "no answer within 1s");
    assert_eq!(at(&mut run, 4).as_deref(), Some("error_rate < 50% (after 2s)"));
}

#[test]
fn a_total_below_an_upper_limit_breaks_as_soon_as_it_is_passed() {
    let mut run = with_thresholds("  - { threshold: errors == 1, abort: true }\n");
    run.unanswered("GET /market", 1.0, FailureKind::Timeout, "no answer");
    let counted = run.aggregator(Duration::from_secs(2));
    assert!(broken(&run.graph, &counted, Duration::from_secs(2)).is_none());
    run.unanswered("GET /market", 1.0, FailureKind::Timeout, "no answer");
    run.unanswered("GET /market", 1.0, FailureKind::Timeout, "no answer");
    let counted = run.aggregator(Duration::from_secs(2));
    let result = broken(&run.graph, &counted, Duration::from_secs(2)).expect("two errors are more than one");
    assert_eq!((result.observed, result.passed), (Some(2.0), false));
}

#[test]
fn lines_that_share_a_text_are_told_apart() {
    let plan = "name: p\nhttp: { base_url: http://127.0.0.1:9 }\nthread_groups:\n  a: { iterations: 1, steps: [ { get: /x } ] }\n  b: { iterations: 1, steps: [ { get: /x }, { get: /y } ] }\n";
    let run = Fixture::new(plan);
    let titles: Vec<String> = (0..run.graph.labels.len() as u32)
        .map(|id| scope_text(&run.graph, crate::graph::Scope::Label(crate::graph::LabelId(id))).to_string())
        .collect();
    assert_eq!(titles, ["GET /x (a)", "GET /x (b)", "GET /y"]);
}
