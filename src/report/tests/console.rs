use std::path::PathBuf;
use std::time::Duration;

use super::five_alike;
use crate::failure::FailureKind;
use crate::fixture::{Fixture, PLAN, eventful};
use crate::report::Written;
use crate::report::console::{summary, verdict_line};
use crate::verdict::Generator;

fn files() -> Vec<Written> {
    vec![
        Written { name: "results", path: PathBuf::from("loadplan-results/results.json") },
        Written { name: "JUnit", path: PathBuf::from("loadplan-results/junit.xml") },
    ]
}

#[test]
fn an_eventful_run() {
    let mut run = eventful();
    run.outcome.generator =
        Generator { cpu_share: Some(0.31), lag_p99_ms: Some(0.8), late_starts: 2, ..Generator::default() };
    insta::assert_snapshot!(summary(&run.finish().document(), &files(), false));
}

#[test]
fn one_cause_on_five_requests() {
    insta::assert_snapshot!(summary(&five_alike().document(), &[], false));
}

#[test]
fn a_run_that_went_well_is_short() {
    let mut run = Fixture::new(PLAN);
    run.passes("GET /market", 1.0, 10);
    run.passes("POST /orders", 1.0, 20);
    insta::assert_snapshot!(summary(&run.finish().document(), &[], false));
}

#[test]
fn no_line_can_be_taken_for_a_command_of_a_ci_runner() {
    let mut run = eventful();
    run.unanswered(
        "GET /market",
        3.0,
        FailureKind::Protocol,
        "\n::set-output name=x::y\n##vso[task.complete]\u{1b}[2J",
    );
    let text = summary(&run.finish().document(), &files(), false);
    assert!(!text.contains('\u{1b}'));
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{line}");
        assert!(!line.contains("##[") && !line.contains("##vso["), "{line}");
    }
}

#[test]
fn colour_only_where_it_is_allowed() {
    let run = eventful().finish();
    let plain = summary(&run.document(), &files(), false);
    let coloured = summary(&run.document(), &files(), true);
    assert!(coloured.contains("\u{1b}["));
    assert_eq!(crate::sanitize::clean(&coloured), plain);
    assert_eq!(verdict_line(&run.document(), false), plain.lines().last().expect("a line").to_owned() + "\n");
}

#[test]
fn a_generator_that_was_too_slow_is_told() {
    let mut run = Fixture::new(PLAN);
    run.passes("GET /market", 1.0, 10);
    run.outcome.generator.kept_up = false;
    run.outcome.generator.reason = Some("the processors were busy for 96% of the time".into());
    let mut run = run.finish();
    run.results.load = Duration::ZERO;
    let text = summary(&run.document(), &[], false);
    assert!(text.contains("load generator could not keep up: the processors were busy for 96% of the time"), "{text}");
    assert!(
        text.ends_with("2 of 3 thresholds passed\n") || text.contains("but the load generator could not keep up\n"),
        "{text}"
    );
}
