use std::collections::HashSet;
use std::time::Duration;

use roxmltree::{Document as Xml, Node};

use crate::document::Document;
use crate::failure::FailureKind;
use crate::fixture::{Finished, Fixture, PLAN, eventful};
use crate::report::{Format, Junit, JunitStyle};
use crate::stop_reason::StopReason;
use crate::verdict::{LifecycleResult, RunOutcome, judge};

fn written(run: &Finished, style: JunitStyle) -> String {
    rendered(&run.document(), style)
}

fn rendered(document: &Document<'_>, style: JunitStyle) -> String {
    let mut out = Vec::new();
    Junit { style }.render(document, &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("it is UTF-8")
}

fn cases<'d>(document: &'d Xml<'_>) -> Vec<Node<'d, 'd>> {
    document.descendants().filter(|node| node.has_tag_name("testcase")).collect()
}

fn red(node: &Node<'_, '_>) -> bool {
    node.children().any(|child| child.has_tag_name("failure") || child.has_tag_name("error"))
}

/// What every reader relies on.
fn assert_sound(text: &str) {
    let document = Xml::parse(text).expect("it is XML");
    let root = document.root_element();
    assert_eq!(root.tag_name().name(), "testsuites");
    let mut names = HashSet::new();
    let mut all = 0;
    for suite in root.children().filter(Node::is_element) {
        assert_eq!(suite.tag_name().name(), "testsuite");
        for needed in ["name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname"] {
            assert!(suite.has_attribute(needed), "{needed}");
        }
        let cases: Vec<_> = suite.children().filter(Node::is_element).collect();
        assert!(!cases.is_empty());
        all += cases.len();
        let holding = |what: &str| {
            cases.iter().filter(|case| case.children().any(|child| child.has_tag_name(what))).count().to_string()
        };
        assert_eq!(suite.attribute("tests"), Some(cases.len().to_string().as_str()));
        assert_eq!(suite.attribute("failures"), Some(holding("failure").as_str()));
        assert_eq!(suite.attribute("errors"), Some(holding("error").as_str()));
        assert_eq!(suite.attribute("skipped"), Some(holding("skipped").as_str()));
        for case in cases {
            assert_eq!(case.tag_name().name(), "testcase");
            let class = case.attribute("classname").expect("a class name");
            assert_eq!(class.matches('.').count(), 1, "{class}");
            assert!(names.insert((class.to_owned(), case.attribute("name").expect("a name").to_owned())));
            assert!(case.attribute("time").is_some_and(|time| time.parse::<f64>().is_ok_and(f64::is_finite)));
            let parts: Vec<_> =
                case.children().filter(|child| child.is_element() && !child.has_tag_name("system-out")).collect();
            assert!(parts.len() <= 1, "one element per case");
            for part in parts.iter().filter(|part| !part.has_tag_name("skipped")) {
                assert_eq!(part.attribute("message"), part.text());
            }
        }
    }
    assert_eq!(root.attribute("tests"), Some(all.to_string().as_str()));
}

#[test]
fn an_eventful_run() {
    let text = written(&eventful().finish(), JunitStyle::Default);
    assert_sound(&text);
    insta::assert_snapshot!(text);
}

#[test]
fn for_the_xunit_plugin_there_is_no_file_and_no_line() {
    let text = written(&eventful().finish(), JunitStyle::Xunit);
    assert_sound(&text);
    let document = Xml::parse(&text).expect("it is XML");
    for case in cases(&document) {
        let names: Vec<_> = case.attributes().map(|attribute| attribute.name()).collect();
        assert_eq!(names, ["name", "classname", "time"]);
    }
}

type Change = Box<dyn Fn(&mut RunOutcome)>;
type Record = fn(&mut Fixture);

#[test]
fn it_is_red_exactly_when_the_exit_code_is_not_0() {
    let failed = || LifecycleResult::Failed { took: Duration::ZERO, reason: "no".into(), span: None };
    let changes: Vec<(&str, Change)> = vec![
        ("nothing", Box::new(|_| {})),
        ("sigint", Box::new(|run| run.stopped_by = Some(StopReason::Interrupt))),
        ("sigterm", Box::new(|run| run.stopped_by = Some(StopReason::Terminate))),
        ("sighup", Box::new(|run| run.stopped_by = Some(StopReason::Hangup))),
        ("sigquit", Box::new(|run| run.stopped_by = Some(StopReason::Quit))),
        ("max time", Box::new(|run| run.stopped_by = Some(StopReason::TimeLimit(Duration::from_secs(9))))),
        ("abort", Box::new(|run| run.stopped_by = Some(StopReason::Abort("errors < 1".into())))),
        ("step", Box::new(|run| run.stopped_by = Some(StopReason::Step("Enough".into())))),
        ("setup", Box::new(move |run| run.setup = failed())),
        ("teardown", Box::new(move |run| run.teardown = failed())),
        ("slow", Box::new(|run| run.generator.kept_up = false)),
        (
            "slow and strict",
            Box::new(|run| {
                run.generator.kept_up = false;
                run.strict = true;
            }),
        ),
        ("internal", Box::new(|run| run.internal_error = Some("a panic".into()))),
    ];
    let samples: [(&str, Record); 6] = [
        ("none", |_| {}),
        ("good", |run| run.passes("GET /market", 1.0, 10)),
        ("slow", |run| run.passes("GET /market", 1.0, 9_000)),
        ("refused", |run| run.unanswered("GET /market", 1.0, FailureKind::Connect, "connection refused")),
        ("one bad order", |run| {
            run.passes("GET /market", 1.0, 10);
            run.unanswered("POST /orders", 1.0, FailureKind::Timeout, "no answer");
        }),
        ("allowed error", |run| {
            run.unanswered("GET /market", 1.0, FailureKind::Timeout, "no answer");
            run.passes("GET /market", 1.0, 10);
            run.passes("GET /market", 1.0, 10);
        }),
    ];
    let mut codes = HashSet::new();
    for (what, change) in &changes {
        for (which, record) in samples {
            let mut run = Fixture::new(PLAN);
            record(&mut run);
            change(&mut run.outcome);
            let run = run.finish();
            let mut document = run.document();
            for written_badly in [false, true] {
                if written_badly {
                    document.verdict.results_not_written("results could not be written".into());
                }
                let text = rendered(&document, JunitStyle::Default);
                assert_sound(&text);
                let xml = Xml::parse(&text).expect("it is XML");
                let is_red = cases(&xml).iter().any(red);
                let verdict = &document.verdict;
                assert_eq!(is_red, verdict.exit_code != 0, "{what}, {which}: {}\n{text}", verdict.line());
                codes.insert(verdict.exit_code);
            }
        }
    }
    assert_eq!(codes, HashSet::from([0, 1, 3, 4, 130, 143]));
}

#[test]
fn after_a_failed_setup_everything_else_is_skipped() {
    let mut run = Fixture::new(PLAN);
    let span = run.span_of("POST /orders");
    run.outcome.setup =
        LifecycleResult::Failed { took: Duration::ZERO, reason: "login was refused".into(), span: Some(span) };
    run.outcome.teardown = LifecycleResult::NotReached;
    let text = written(&run.finish(), JunitStyle::Default);
    let document = Xml::parse(&text).expect("it is XML");
    for case in cases(&document) {
        if case.attribute("name") == Some("setup") {
            assert!(case.children().any(|child| child.has_tag_name("error")));
            assert_eq!(case.attribute("line"), Some("14"));
        } else {
            let skipped = case.children().find(|child| child.has_tag_name("skipped"));
            assert_eq!(
                skipped.and_then(|node| node.attribute("message")),
                Some("never executed"),
                "{:?}",
                case.attribute("name")
            );
        }
    }
}

#[test]
fn hostile_text_leaves_the_file_readable() {
    let plan = PLAN.replace("get: /market\n", "name: \"a < b & \\\"c\\\" \\u0007\\uFFFE ]]>\"\n        get: /market\n");
    let mut run = Fixture::new(&plan);
    let label = run.graph.labels[0].text.to_string();
    let failure = run.failed("status is 200", "200", "]]> <x> & \u{0}\u{ffff}\u{1b}[31m\u{fffe}\n::error::x");
    run.answered(&label, 1.0, 10, &[failure], "<\u{1}\u{b}>\u{ffff}");
    let mut run = run.finish();
    run.info.host = "a\u{0}\"b".into();
    run.verdict = judge(&run.graph, &run.results, &run.outcome);
    let text = written(&run, JunitStyle::Default);
    assert_sound(&text);
    assert!(
        text.chars()
            .all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..))
    );
    let document = Xml::parse(&text).expect("it is XML");
    assert!(cases(&document).iter().any(|case| case.attribute("name") == Some("a < b & \"c\" ]]>")));
}

#[test]
fn names_hold_no_measured_value_and_stay_the_same() {
    let names = |ms| {
        let mut run = eventful();
        run.passes("GET /market", 6.0, ms);
        let text = written(&run.finish(), JunitStyle::Default);
        let document = Xml::parse(&text).expect("it is XML");
        cases(&document).iter().filter_map(|case| case.attribute("name").map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(names(1), names(9_000));
}

#[test]
fn secrets_are_masked_in_names_and_bodies() {
    let plan = PLAN.replace("get: /market\n", "get: /market/hunter22\n");
    let mut run = Fixture::new(&plan);
    run.masker = crate::mask::Masker::new(["hunter22"]);
    let failure = run.failed("status is 200", "200", "hunter22");
    run.answered("GET /market/hunter22", 1.0, 10, &[failure], "token=hunter22");
    let run = run.finish();
    for text in [written(&run, JunitStyle::Default), crate::report::console::summary(&run.document(), &[], false)] {
        assert!(!text.contains("hunter22"), "{text}");
        assert!(text.contains("GET /market/***"), "{text}");
    }
}
