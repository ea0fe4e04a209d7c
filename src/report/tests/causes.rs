//! Causes of failures, and how often they are counted.

use crate::failure::FailureKind;
use crate::fixture::{Finished, Fixture, PLAN};
use crate::metrics::SampleFailure;
use crate::report::console::summary;
use crate::report::{Format, Junit, Markdown, causes};

fn rendered(format: &dyn Format, run: &Finished) -> String {
    let mut out = Vec::new();
    format.render(&run.document(), &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("it is UTF-8")
}

fn refused(run: &Fixture, label: &str) -> SampleFailure {
    SampleFailure {
        actual: Some("404: gone".into()),
        ..SampleFailure::new(FailureKind::Status, "the status is 404", run.span_of(label))
    }
}

#[test]
fn regression_a_response_that_fails_two_assertions_counts_once() {
    let assert = "assert: [ { status: 200 }, { status: { below: 300 } } ]";
    let mut run = Fixture::new(&PLAN.replace("assert: { status: 200 }", assert));
    let failures = ["status is 200", "status is below 300"].map(|text| run.failed(text, "200", "404: gone"));
    for at in 1..=9 {
        run.answered("GET /market", f64::from(at), 10, &failures, "");
    }
    let run = run.finish();
    let document = run.document();
    let groups = causes::by_cause(&document, document.errors.iter().enumerate());
    let counts: Vec<u64> = groups.iter().map(|group| group.count).collect();
    assert_eq!(counts, [9]);
}

#[test]
fn regression_setup_and_teardown_are_told_apart_from_the_load() {
    let mut run = Fixture::new(&format!("{PLAN}teardown:\n  - delete: /market\n"));
    for label in ["GET /market", "GET /market", "DELETE /market"] {
        let failure = refused(&run, label);
        run.answered(label, 1.0, 10, &[failure], "");
    }
    let run = run.finish();
    let document = run.document();
    let groups = causes::by_cause(&document, document.errors.iter().enumerate());
    let told: Vec<(u64, Vec<&str>)> = groups.iter().map(|group| (group.count, group.titles())).collect();
    assert_eq!(told, [(2, vec!["GET /market"]), (1, vec!["DELETE /market"])]);
}

#[test]
fn regression_a_step_that_was_never_sent_is_not_a_request_without_a_response() {
    let mut run = Fixture::new(PLAN);
    let failure = refused(&run, "GET /market");
    run.answered("GET /market", 1.0, 10, &[failure], "");
    run.unanswered("GET /market", 2.0, FailureKind::Timeout, "no response within 1s");
    for _ in 0..3 {
        run.unanswered("GET /market", 2.0, FailureKind::Step, "the variable `token` has no value");
    }
    let text = summary(&run.finish().document(), &[], false);
    assert!(text.contains("status codes: 404 × 1, no response × 1\n"), "{text}");
}

#[test]
fn regression_a_root_cause_too_long_for_the_heading_stands_whole_below_it() {
    let name = "x".repeat(300);
    let mut run = Fixture::new(&PLAN.replace("- get: /market\n", &format!("- get: /market\n        name: {name}\n")));
    let failure = run.failed("status is 200", "200", "503");
    run.answered(&name, 1.0, 10, &[failure], "");
    let text = rendered(&Markdown, &run.finish());
    assert!(text.starts_with("### ❌ FAILED (exit 1): ``1 of 1 request of `xxx"), "{text}");
    assert!(text.contains(&format!("\n- ``1 of 1 request of `{name}` got status 503``\n")), "{text}");
}

#[test]
fn regression_a_named_assertion_is_told_once() {
    // Two colons before a word are parted in what CI servers read.
    let assert = "assert: [ { name: 'a  b ::error::n', status: 200 } ]";
    let mut run = Fixture::new(&PLAN.replace("assert: { status: 200 }", assert));
    let failure =
        SampleFailure { kind: FailureKind::Status, ..run.failed("a  b ::error::n: status is 200", "200", "500") };
    run.answered("GET /market", 1.0, 10, &[failure], "");
    let text = rendered(&Junit::default(), &run.finish());
    assert!(text.contains("1 × a b : :error: :n: status is 200 [status] at"), "{text}");
}
