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
    assert_eq!(run.verdict_line(), "PASSED (exit 0): 14 of 14 thresholds passed, but 2 of 3 requests never ran");
}

#[test]
fn failed_answers_are_frustrated_however_quick_they_were() {
    let mut run = with_thresholds("  - apdex(50ms) > 0.9\n  - error_rate < 100%\n");
    let failure = run.failed("status is 200", "200", "500");
    run.answered("GET /market", 1.0, 10, &[failure], "");
    run.passes("GET /market", 1.0, 10);
    let run = run.finish();
    assert_eq!(result(&run, "apdex(50ms) > 0.9").observed, Some(0.5));
    assert_eq!(run.verdict_line(), "FAILED (exit 1): 1 of 2 thresholds failed (apdex(50ms) > 0.9, observed 0.5)");
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
            "2 of 10 requests of `GET /market` got status 500",
            "2 of 5 thresholds failed (errors < 2, observed 2; errors > 2, observed 2)"
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
        "PASSED (exit 0): 3 of 3 thresholds passed, 2 skipped (no samples), but 2 of 3 requests never ran"
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
    assert_eq!(run.verdict_line(), "FAILED (exit 1): 3 of 4 requests of `POST /orders` got status 500 or 503");
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
    assert_eq!(run.finish().verdict_line(), "FAILED (exit 1): the step `Remember` could not run: `b` is not set");

    // A step that is no request counts next to the requests, not among them.
    let mut both = Fixture::new(&plan);
    both.passes("GET /market", 1.0, 3);
    both.unanswered("POST /orders", 1.0, FailureKind::Timeout, "no response");
    both.unanswered("Remember", 1.0, FailureKind::Step, "`b` is not set");
    both.unanswered("Remember", 1.0, FailureKind::Step, "`b` is not set");
    let said = both.finish().verdict_line();
    assert!(said.contains("the step `Remember` could not run: `b` is not set (2 times)"), "{said}");
    assert!(said.contains("POST /orders: 1 of 1 request failed (no response)"), "{said}");

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
    assert_eq!(refused.verdict.reasons[0], "the target never responded (connection refused)");

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

/// A plan of five requests and a sign-in before them, and another group beside.
pub(super) const SHOP: &str = r"name: Shop
http:
  base_url: http://127.0.0.1:9
thread_groups:
  shoppers:
    iterations: 1
    steps:
      - { name: Sign in, post: /login, assert: { status: 200 } }
      - { get: /a }
      - { get: /b }
      - { get: /c }
      - { get: /d }
      - { get: /e }
  admins:
    iterations: 1
    steps:
      - { get: /admin }
thresholds:
  - error_rate < 1%
  - p95 < 500ms
";

/// A response whose status no assertion expects.
fn unexpected(run: &Fixture, label: &str, status: &str, gist: &str) -> crate::metrics::SampleFailure {
    let actual = if gist.is_empty() { status.to_owned() } else { format!("{status}: {gist}") };
    crate::metrics::SampleFailure {
        actual: Some(actual),
        ..crate::metrics::SampleFailure::new(FailureKind::Status, format!("the status is {status}"), run.span_of(label))
    }
}

/// So many responses with a status that nothing expects.
pub(super) fn refuse(run: &mut Fixture, label: &str, at_s: f64, times: usize, status: &str, gist: &str) {
    let failure = unexpected(run, label, status, gist);
    for _ in 0..times {
        run.answered(label, at_s, 10, std::slice::from_ref(&failure), "");
    }
}

#[test]
fn regression_the_root_cause_stands_before_the_thresholds_that_follow_from_it() {
    let mut run = Fixture::new(SHOP);
    for _ in 0..5 {
        let failure = run.failed("status is 200", "200", "503: no healthy upstream");
        run.answered("Sign in", 1.0, 900, &[failure], "");
    }
    let run = run.finish();
    // One of two thresholds is about errors, the other is slow as well: 900 ms.
    assert_eq!(
        run.verdict.reasons,
        [
            "5 of 5 requests of `Sign in` got status 503 (no healthy upstream)",
            "2 of 2 thresholds failed (error_rate < 1%, observed 100%; p95 < 500ms, observed 900 ms)"
        ]
    );
}

#[test]
fn regression_one_cause_on_five_requests_is_told_once() {
    let mut run = Fixture::new(SHOP);
    run.passes("Sign in", 0.5, 10);
    for label in ["GET /a", "GET /b", "GET /c", "GET /d", "GET /e"] {
        refuse(&mut run, label, 1.0, 2, "503", "");
    }
    let run = run.finish();
    assert_eq!(run.verdict.reasons[0], "10 of 10 requests got status 503: `GET /a`, `GET /b`, `GET /c` and 2 more");
    assert_eq!(run.verdict.reasons.len(), 2, "{:?}", run.verdict.reasons);
}

#[test]
fn regression_the_root_cause_is_what_came_first_and_hit_as_much() {
    // The login fails, and everything after it with another status.
    let mut login = Fixture::new(SHOP);
    refuse(&mut login, "GET /admin", 0.1, 1, "404", "");
    let failure = login.failed("status is 200", "200", "401");
    login.answered("Sign in", 1.0, 10, &[failure], "");
    for label in ["GET /a", "GET /b"] {
        refuse(&mut login, label, 2.0, 20, "403", "");
    }
    let said = login.finish().verdict.reasons[0].clone();
    // What fails in a group beside, earlier and less often, explains nothing of it.
    assert_eq!(said, "1 of 1 request of `Sign in` got status 401; 3 other steps of the plan failed too");

    // One timeout among a hundred requests is not why all of the others fail later.
    let mut flaky = Fixture::new(SHOP);
    flaky.unanswered("GET /a", 0.1, FailureKind::Timeout, "no response within 1s");
    for _ in 0..99 {
        flaky.passes("GET /a", 1.0, 10);
    }
    refuse(&mut flaky, "GET /b", 5.0, 50, "500", "");
    let said = flaky.finish().verdict.reasons[0].clone();
    assert_eq!(said, "50 of 50 requests of `GET /b` got status 500; another step of the plan failed too");
}

#[test]
fn regression_a_threshold_that_ends_the_run_comes_after_the_root_cause() {
    let mut run = Fixture::new(SHOP);
    refuse(&mut run, "GET /a", 1.0, 3, "500", "");
    run.outcome.stopped_by = Some(StopReason::Abort("error_rate < 1%, observed 100%".into()));
    let reasons = run.finish().verdict.reasons;
    assert_eq!(reasons[0], "3 of 3 requests of `GET /a` got status 500");
    assert_eq!(reasons[1], "stopped because a threshold failed (error_rate < 1%, observed 100%)");
}
