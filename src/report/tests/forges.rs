//! Formats for the servers that host repositories, and the table.

use crate::fixture::{Finished, Fixture, PLAN, eventful};
use crate::report::{Format, GitLab, Markdown, Table};

fn written(format: &dyn Format, run: &Finished) -> String {
    let mut out = Vec::new();
    format.render(&run.document(), &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("it is UTF-8")
}

#[test]
fn an_eventful_run_for_a_pull_request() {
    insta::assert_snapshot!(written(&Markdown, &eventful().finish()));
}

#[test]
fn one_cause_on_five_requests_for_a_pull_request() {
    insta::assert_snapshot!(written(&Markdown, &super::five_alike()));
}

/// A plan of 40 requests, of which the last but one fails and the last is slow.
fn many() -> Finished {
    let steps: String = (0..40).map(|line| format!("      - get: /line/{line}\n")).collect();
    let head = PLAN.split_once("      - get: /market").expect("the steps").0;
    let mut run = Fixture::new(&format!("{head}{steps}"));
    for line in 0..38 {
        run.passes(&format!("GET /line/{line}"), 1.0, 10 + line);
    }
    run.unanswered("GET /line/38", 1.0, crate::failure::FailureKind::Timeout, "no answer");
    run.passes("GET /line/39", 1.0, 900);
    run.finish()
}

#[test]
fn of_many_lines_the_worst_are_shown_first() {
    let text = written(&Markdown, &many());
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `GET /line/")).collect();
    assert_eq!(rows.len(), 30);
    for (row, line) in rows.iter().zip([38, 39, 37, 36]) {
        assert!(row.starts_with(&format!("| `GET /line/{line}` |")), "{rows:#?}");
    }
    assert!(text.contains("The worst 30 of 40 requests; the other reports have all of them."), "{text}");
}

#[test]
fn the_table_has_a_row_for_each_line_and_one_for_all() {
    let text = written(&Table, &eventful().finish());
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let names = rows.headers().expect("the columns").clone();
    let of = |row: &csv::StringRecord, name: &str| {
        row.get(names.iter().position(|known| known == name).expect("a column")).expect("a value").to_owned()
    };
    let rows: Vec<csv::StringRecord> = rows.records().map(|row| row.expect("a row")).collect();
    let first: Vec<_> = rows.iter().map(|row| [of(row, "kind"), of(row, "name"), of(row, "count")]).collect();
    assert_eq!(
        first,
        [
            ["sampler", "GET /market", "5"],
            ["sampler", "POST /orders", "4"],
            ["transaction", "Order", "4"],
            ["all", "", "9"]
        ]
    );
    assert_eq!(
        (of(&rows[1], "error_rate"), of(&rows[1], "p95_ms"), of(&rows[1], "line")),
        ("0.75".into(), "300".into(), "14".into())
    );
}

#[test]
fn nothing_in_the_table_is_a_formula() {
    for name in ["=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\\t=1"] {
        let plan = PLAN.replace("get: /market\n", &format!("name: \"{name}\"\n        get: /market\n"));
        let mut run = Fixture::new(&plan);
        let label = run.graph.labels[0].text.to_string();
        run.passes(&label, 1.0, 10);
        let text = written(&Table, &run.finish());
        let row = text.lines().nth(1).expect("a row");
        assert!(row.starts_with("sampler,'"), "{row}");
    }
}

#[test]
fn gitlabs_widget_finds_its_figures() {
    let read =
        |run: &Finished| -> serde_json::Value { serde_json::from_str(&written(&GitLab, run)).expect("it is JSON") };
    let metrics = &read(&eventful().finish())["metrics"];
    assert_eq!(metrics["http_reqs"]["rate"], 0.9);
    assert!(metrics["http_req_waiting"]["p(90)"].as_f64() <= metrics["http_req_waiting"]["p(95)"].as_f64());
    assert_eq!((&metrics["checks"]["passes"], &metrics["checks"]["fails"]), (&5.into(), &3.into()));
    let nothing = &read(&Fixture::new(PLAN).finish())["metrics"];
    assert_eq!(nothing["http_reqs"]["rate"], 0.0);
    assert!(nothing.get("http_req_waiting").is_none() && nothing.get("checks").is_none(), "{nothing}");
}
