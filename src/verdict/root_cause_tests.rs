//! Which failure is told as the root cause, and with which figures.

use crate::failure::FailureKind;
use crate::fixture::Fixture;
use crate::graph::{GroupId, LabelId};
use crate::metrics::{LostUsers, LostWhy};

use super::tests::{SHOP, refuse};

const SHOPPERS: GroupId = GroupId(0);
const ADMINS: GroupId = GroupId(1);

fn with_thresholds(thresholds: &str) -> Fixture {
    Fixture::new(&SHOP.replace("  - error_rate < 1%\n  - p95 < 500ms\n", thresholds))
}

fn pass(run: &mut Fixture, label: &str, times: usize) {
    for _ in 0..times {
        run.passes(label, 5.0, 10);
    }
}

fn lose(run: &mut Fixture, group: GroupId, label: LabelId, lost: usize, of: usize) {
    for number in 0..of {
        run.recorder.user_made(group);
        if number < lost {
            run.recorder.user_lost(LostUsers { group, why: LostWhy::OnError(label) });
        }
    }
}

fn reasons(run: Fixture) -> Vec<String> {
    run.finish().verdict.reasons
}

#[test]
fn regression_an_assertion_named_after_the_status_is_none_of_the_status() {
    let assert = "assert: [ { name: status in the body, json: { $.code: 200 } } ] }";
    let mut run = Fixture::new(&SHOP.replace("assert: { status: 200 } }", assert));
    let failure = run.failed("status in the body: json $.code is 200", "200", "404");
    run.answered("Sign in", 1.0, 10, &[failure], "");
    let said = reasons(run).swap_remove(0);
    assert_eq!(said, "1 of 1 request of `Sign in` failed: status in the body: json $.code is 200: got 404");
}

#[test]
fn regression_what_one_body_said_is_not_told_of_all() {
    let mut run = Fixture::new(SHOP);
    refuse(&mut run, "GET /a", 1.0, 1, "500", "licence expired");
    refuse(&mut run, "GET /a", 2.0, 44, "500", "database down");
    assert_eq!(reasons(run)[0], "45 of 45 requests of `GET /a` got status 500");
    let mut same = Fixture::new(SHOP);
    refuse(&mut same, "GET /a", 1.0, 45, "500", "database down");
    assert_eq!(reasons(same)[0], "45 of 45 requests of `GET /a` got status 500 (database down)");
}

#[test]
fn regression_one_value_is_not_told_of_several() {
    let assert = "assert: [ { json: { $.code: 200 } } ] }";
    let mut run = Fixture::new(&SHOP.replace("assert: { status: 200 } }", assert));
    for code in ["404", "405"] {
        let failure = run.failed("json $.code is 200", "200", code);
        run.answered("Sign in", 1.0, 10, &[failure], "");
    }
    assert_eq!(reasons(run)[0], "2 of 2 requests of `Sign in` failed: json $.code is 200: for example, got 404");
}

#[test]
fn regression_allowed_lost_users_do_not_explain_the_failures_of_another_group() {
    let mut run = with_thresholds("  - error_rate < 1%\n  - users_lost <= 2\n");
    let label = run.label("GET /a");
    lose(&mut run, SHOPPERS, label, 1, 10);
    refuse(&mut run, "GET /a", 0.5, 1, "404", "");
    pass(&mut run, "GET /a", 9);
    refuse(&mut run, "GET /admin", 1.0, 30, "500", "");
    // Of 30 + 10 requests 31 failed.
    assert_eq!(
        reasons(run),
        [
            "30 of 30 requests of `GET /admin` got status 500; another step of the plan failed too",
            "1 of 2 thresholds failed (error_rate < 1%, observed 77.5%)"
        ]
    );
}

#[test]
fn regression_lost_users_explain_only_a_threshold_that_covers_their_group() {
    // A limit on the group beside is broken; the loss is allowed, so only that limit tells.
    let plan = SHOP.replace("      - { get: /admin }\n", "      - { get: /admin, thresholds: [ requests > 5 ] }\n");
    let mut run = Fixture::new(&plan.replace("  - p95 < 500ms\n", "  - users_lost <= 50%\n"));
    let label = run.label("GET /a");
    lose(&mut run, SHOPPERS, label, 1, 10);
    pass(&mut run, "GET /admin", 3);
    assert_eq!(reasons(run), ["1 of 3 thresholds failed (GET /admin: requests > 5, observed 3)"]);
}

#[test]
fn regression_a_loss_that_nothing_outweighs_is_the_root_cause() {
    let mut run = with_thresholds("  - error_rate < 1%\n");
    let label = run.label("Sign in");
    lose(&mut run, SHOPPERS, label, 6, 6);
    for status in ["500", "500", "502", "502", "503", "503"] {
        let failure = run.failed("status is 200", "200", status);
        run.answered("Sign in", 1.0, 10, &[failure], "");
    }
    pass(&mut run, "Sign in", 13);
    let said = reasons(run).swap_remove(0);
    // Three statuses came, two each: none of them is told alone.
    assert_eq!(
        said,
        "Sign in failed for every user of shoppers (6 of 6), which ended them (status is 200: got status 500, 502 or 503)"
    );
}

#[test]
fn regression_lost_users_are_told_with_every_status_or_the_most_frequent_failure() {
    let said = |fail: fn(&mut Fixture)| {
        let mut run = with_thresholds("  - error_rate < 1%\n");
        let label = run.label("GET /admin");
        lose(&mut run, ADMINS, label, 3, 3);
        fail(&mut run);
        reasons(run).swap_remove(0)
    };
    let statuses = said(|run| {
        refuse(run, "GET /admin", 1.0, 2, "500", "");
        refuse(run, "GET /admin", 1.0, 1, "503", "");
    });
    let whom = "GET /admin failed for every user of admins (3 of 3), which ended them";
    assert_eq!(statuses, format!("{whom} (got status 500 or 503)"));
    let mixed = said(|run| {
        refuse(run, "GET /admin", 1.0, 2, "500", "");
        run.unanswered("GET /admin", 2.0, FailureKind::Timeout, "no response within 1s");
    });
    assert_eq!(mixed, format!("{whom} (most often the status is 500)"));
}

#[test]
fn regression_one_rare_failure_does_not_outweigh_many() {
    let mut run = Fixture::new(SHOP);
    refuse(&mut run, "GET /e", 0.1, 1, "404", "");
    refuse(&mut run, "GET /a", 1.0, 29, "500", "");
    pass(&mut run, "GET /a", 88);
    assert_eq!(reasons(run)[0], "29 of 117 requests of `GET /a` got status 500; another step of the plan failed too");
}

#[test]
fn regression_all_statuses_of_a_request_are_one_cause() {
    let mut run = Fixture::new(SHOP);
    for status in ["500", "502", "503"] {
        refuse(&mut run, "GET /a", 1.0, 32, status, "");
    }
    refuse(&mut run, "GET /b", 2.0, 93, "403", "");
    // 3 × 32 failed of 96.
    assert_eq!(
        reasons(run)[0],
        "96 of 96 requests of `GET /a` got status 500, 502 or 503; after that, another step of the plan failed"
    );
}

#[test]
fn regression_a_broken_transaction_blames_every_request_that_fails_in_it() {
    let steps = "      - transaction: Buy\n        thresholds: [ error_rate < 8% ]\n        steps: [ { get: /x }, { get: /y } ]\n";
    let mut run = Fixture::new(
        &SHOP
            .replace("      - { get: /e }\n", steps)
            .replace("thresholds:\n  - error_rate < 1%\n  - p95 < 500ms\n", ""),
    );
    // Each fails at 5 %, both together at 10 %.
    for (label, at) in [("GET /x", 1.0), ("GET /y", 2.0)] {
        refuse(&mut run, label, at, 1, "500", "");
        pass(&mut run, label, 19);
    }
    refuse(&mut run, "Buy", 1.0, 2, "500", "");
    pass(&mut run, "Buy", 18);
    assert_eq!(
        reasons(run),
        [
            "2 of 40 requests got status 500: `GET /x` and `GET /y`",
            "1 of 1 threshold failed (Buy: error_rate < 8%, observed 10%)"
        ]
    );
}

#[test]
fn regression_most_on_is_not_told_of_one_of_two_that_failed_equally_often() {
    let mut run = Fixture::new(SHOP);
    for _ in 0..27 {
        run.unanswered("GET /a", 1.0, FailureKind::Timeout, "no response within 300ms");
    }
    refuse(&mut run, "GET /b", 2.0, 27, "404", "");
    let said = reasons(run);
    assert_eq!(said[1], "1 of 2 thresholds failed (error_rate < 1%, observed 100%)");
    // One that failed more often than the root cause is told.
    let mut more = Fixture::new(SHOP);
    for _ in 0..27 {
        more.unanswered("GET /a", 1.0, FailureKind::Timeout, "no response within 300ms");
    }
    refuse(&mut more, "GET /b", 2.0, 28, "404", "");
    let said = reasons(more);
    assert_eq!(said[1], "1 of 2 thresholds failed (error_rate < 1%, observed 100%, most on `GET /b`: 28 of 28)");
}

#[test]
fn regression_a_threshold_on_a_part_of_the_load_is_not_explained_by_the_whole_run() {
    let mut run = with_thresholds("  - { threshold: error_rate < 30%, after: 3s }\n");
    // Before three seconds /a fails, after them /b does.
    refuse(&mut run, "GET /a", 1.0, 50, "404", "");
    refuse(&mut run, "GET /b", 4.0, 5, "500", "");
    pass(&mut run, "GET /a", 5);
    // 5 of 10 of the samples that count.
    assert_eq!(reasons(run), ["1 of 1 threshold failed (error_rate < 30% (after 3s), observed 50%)"]);
}
