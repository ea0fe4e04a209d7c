use crate::document::{Document, read};
use crate::failure::FailureKind;
use crate::fixture::{Finished, Fixture, PLAN, eventful};
use crate::report::causes;
use crate::report::console::summary;
use crate::report::{Format, GitLab, Html, Json, Junit, Markdown, Table};
use crate::stop_reason::StopReason;
use crate::verdict::LifecycleResult;

fn rendered(format: &dyn Format, document: &Document<'_>) -> String {
    let mut out = Vec::new();
    format.render(document, &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("it is UTF-8")
}

/// What a saved document is when it is read again.
fn again(run: &Finished) -> Document<'static> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), rendered(&Json, &run.document())).expect("it is written");
    read(file.path()).expect("it is read")
}

#[test]
fn every_format_is_the_same_when_it_is_made_again_from_a_saved_document() {
    let mut twins = Fixture::new(&PLAN.replace("get: /rare", "get: /market\n        name: POST /orders"));
    twins.unanswered("POST /orders", 1.0, FailureKind::Timeout, "no answer");
    let mut setup = Fixture::new(PLAN);
    setup.outcome.setup =
        LifecycleResult::Failed { took: std::time::Duration::from_secs(1), reason: "no\nlogin".into(), span: None };
    let mut stopped = eventful();
    stopped.outcome.stopped_by = Some(StopReason::Abort("p95 < 1ms".into()));
    stopped.outcome.generator.kept_up = false;
    for run in [eventful(), twins, setup, stopped] {
        let run = run.finish();
        let (first, second) = (run.document(), again(&run));
        let formats: [&dyn Format; 6] = [&Json, &Junit::default(), &Html, &Markdown, &Table, &GitLab];
        for format in formats {
            assert!(rendered(format, &first) == rendered(format, &second), "{} differs", format.name());
        }
        assert_eq!(summary(&first, &[], true), summary(&second, &[], true));
    }
}

#[test]
fn figures_are_read_as_exactly_as_they_were_written() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    for requests in 1..200 {
        let mut run = Fixture::new(PLAN);
        for request in 0..requests {
            match request % 3 {
                0 => run.unanswered("GET /market", 1.0, FailureKind::Timeout, "no answer"),
                _ => run.passes("GET /market", 1.0, 1),
            }
        }
        let first = rendered(&Json, &run.finish().document());
        std::fs::write(file.path(), &first).expect("it is written");
        assert_eq!(rendered(&Json, &read(file.path()).expect("it is read")), first);
    }
}

#[test]
fn a_file_that_is_no_results_file_is_told_so_in_a_sentence() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let error = |text: &str| {
        std::fs::write(file.path(), text).expect("it is written");
        read(file.path()).err().expect("it is refused").message
    };
    assert!(error("").ends_with("is not a results file of loadplan (it is empty)"));
    assert!(error("{}").ends_with("(it has no `schema_version`)"));
    assert!(error(r#"{"schema_version": "2.0.0"}"#).ends_with("2.0.0, which this loadplan does not know"));
    assert!(error(r#"{"schema_version": "1.0.0"}"#).contains("missing field"));
    let missing = read(&file.path().join("no.json")).err().expect("it is refused");
    assert!(missing.message.contains("no.json cannot be read: "), "{missing:?}");
}

#[test]
fn keys_that_are_not_known_yet_are_no_hindrance() {
    let run = eventful().finish();
    let mut value: serde_json::Value = serde_json::from_str(&rendered(&Json, &run.document())).expect("it is JSON");
    value["schema_version"] = "1.99.0".into();
    value["news"] = 1.into();
    value["samplers"][0]["news"] = 1.into();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), value.to_string()).expect("it is written");
    assert_eq!(read(file.path()).expect("it is read").samplers.iter().count(), 2);
}

/// Files as earlier versions wrote them: whatever is added, they stay readable.
#[test]
fn files_of_every_earlier_version_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    for version in ["1.0.0"] {
        let document = read(&std::path::Path::new(folder).join(format!("results-{version}.json"))).expect("it is read");
        assert_eq!(document.schema_version, version);
        assert_eq!(document.verdict.exit_code, 1);
        let text = summary(&document, &[], false);
        // They have no titles: the scope and the text stand in for them.
        assert!(text.contains("✗ Prices: p95 < 40ms ") && text.contains("✗ error_rate < 1% "), "{text}");
        // What an assertion expects is not what came: 201 is told as expected only.
        let causes = causes::by_cause(&document, document.errors.iter().enumerate());
        let told: Vec<String> = causes.iter().map(causes::CauseGroup::summary).collect();
        assert_eq!(told, ["got status 404", "json $.symbol is \"MSFT\"", "status is 201"]);
        assert!(text.ends_with("FAILED (exit 1): 2 of 2 thresholds failed (Prices: p95 < 40ms; error_rate < 1%)\n"));
        for format in [&Junit::default() as &dyn Format, &Html, &Json] {
            assert!(!rendered(format, &document).is_empty());
        }
    }
}

/// A results file whose timeline could not be added up, or would take all memory to fill its gaps.
#[test]
fn a_timeline_that_cannot_be_is_refused() {
    let run = eventful().finish();
    let whole: serde_json::Value = serde_json::from_str(&rendered(&Json, &run.document())).expect("it is JSON");
    let file = tempfile::NamedTempFile::new().expect("a file");
    type Change = fn(&mut serde_json::Value);
    let changes: [(&str, Change); 5] = [
        ("slice at second 1000000000000000", |file| file["timeline"][1]["t_s"] = 1_000_000_000_000_000_u64.into()),
        ("slice at second", |file| file["timeline"].as_array_mut().expect("a list").reverse()),
        ("slices are said to cover", |file| file["slice_s"] = u64::MAX.into()),
        ("slices are said to cover 0", |file| file["slice_s"] = 0.into()),
        ("timeline counts", |file| {
            let slice = file["timeline"].as_array_mut().expect("a list").iter_mut();
            let line = slice.flat_map(|slice| slice["samplers"].as_array_mut().expect("a list")).next();
            line.expect("a line")["count"] = u64::MAX.into();
        }),
    ];
    for (said, change) in changes {
        let mut damaged = whole.clone();
        change(&mut damaged);
        std::fs::write(file.path(), damaged.to_string()).expect("it is written");
        let error = read(file.path()).err().expect("it is refused").message;
        assert!(error.contains("is damaged: ") && error.contains(said), "{error}");
    }
}
