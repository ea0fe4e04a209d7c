use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use serde_json::{Value, json};

use crate::failure::FailureKind;
use crate::fixture::{Finished, Fixture, PLAN, eventful};
use crate::mask::Masker;
use crate::report::{Format, Json, json::results_schema};

fn written(run: &Finished) -> Value {
    let mut out = Vec::new();
    Json.render(&run.document(), &mut out).expect("memory takes everything");
    serde_json::from_slice(&out).expect("it is JSON")
}

fn assert_valid(document: &Value) {
    let validator = jsonschema::draft7::new(&results_schema()).expect("the schema is one");
    let errors: Vec<String> =
        validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn a_run_is_written_as_the_schema_says() {
    let document = written(&eventful().finish());
    assert_valid(&document);
    let schema = jsonschema::draft7::new(&results_schema()).expect("the schema is one");
    for change in [
        |document: &mut Value| document["unknown"] = json!(1),
        |document: &mut Value| document["samplers"][0]["unknown"] = json!(1),
        |document: &mut Value| document["totals"]["count"] = json!("5"),
        |document: &mut Value| document["totals"]["response_time"] = json!(null),
        |document: &mut Value| document["totals"]["error_rate"] = json!(null),
        |document: &mut Value| document["samplers"][0]["failures"][0]["kind"] = json!("odd"),
        |document: &mut Value| {
            document.as_object_mut().expect("a map").remove("verdict");
        },
    ] {
        let mut wrong = document.clone();
        change(&mut wrong);
        assert!(!schema.is_valid(&wrong));
    }
}

#[test]
fn every_figure_stands_where_it_belongs() {
    let mut run = eventful();
    run.info.profiles = vec!["smoke".into(), "eu".into()];
    let document = written(&run.finish());
    assert_eq!(document["run"]["started_at"], "2026-01-05T10:00:00.000Z");
    assert_eq!(document["run"]["ended_at"], "2026-01-05T10:00:12.500Z");
    assert_eq!((&document["run"]["duration_s"], &document["run"]["load_s"]), (&json!(12.5), &json!(10.0)));
    assert_eq!(document["run"]["profile"], "smoke,eu");
    assert_eq!(document["plan"]["file"], "trading.yaml");
    assert_eq!(document["verdict"]["exit_code"], 1);
    assert_eq!(document["verdict"]["reasons"], json!(["3 of 4 requests of `POST /orders` got status 500 or 503"]));
    assert_eq!(document["regression"], Value::Null);

    // Five requests of market data and four orders; the transaction is no request.
    assert_eq!((&document["totals"]["count"], &document["totals"]["failed"]), (&json!(9), &json!(4)));
    let market = &document["samplers"][0];
    assert_eq!(
        (&market["label"], &market["thread_group"], &market["line"]),
        (&json!("GET /market"), &json!("traders"), &json!(9))
    );
    assert_eq!(market["error_rate"], 0.2);
    assert_eq!(market["throughput_per_s"], 0.5);
    assert_eq!(market["failures"], json!([{ "kind": "connect", "count": 1 }]));
    // 10, 20, 30 and 40 ms; the one that was refused has no response time.
    assert_eq!(market["response_time"]["mean_ms"], 25.0);
    assert_eq!(market["response_time"]["p50_ms"], 20.0);
    assert_eq!(market["response_time"]["max_ms"], 40.0);
    assert!(market["phases"].get("connect").is_none());
    assert_eq!(market["phases"]["first_byte"]["max_ms"], 20.0);
    assert_eq!(document["transactions"][0]["label"], "Order");
    assert_eq!(document["thread_groups"][0]["iterations"], 4);
    assert_eq!(document["thread_groups"][0]["peak_users"], 2);

    let texts: Vec<_> =
        document["thresholds"].as_array().expect("a list").iter().map(|one| one["text"].clone()).collect();
    assert_eq!(
        texts,
        ["p95 < 100ms", "error_rate < 50%", "p95 < 500ms", "error_rate == 0", "error_rate == 0", "users_lost == 0"]
    );
    assert_eq!(document["thresholds"][0]["observed"], 40.0);
    assert_eq!(document["thresholds"][2]["scope"], "run");
    assert_eq!(document["thresholds"][4]["skipped"], true);
    assert!(document["thresholds"][4].get("observed").is_none());

    let created = &document["assertions"][1];
    assert_eq!(
        (&created["text"], &created["passed"], &created["failed"]),
        (&json!("status is 201"), &json!(1), &json!(3))
    );
    assert_eq!(created["examples"], json!(["got 500", "got 503"]));
    let error = &document["errors"][0];
    assert_eq!((&error["kind"], &error["count"]), (&json!("status"), &json!(3)));
    assert_eq!((&error["first_s"], &error["last_s"]), (&json!(3.0), &json!(5.5)));
    let shown =
        document["errors"].as_array().expect("a list").iter().find_map(|error| error["example"]["response"].as_str());
    assert!(shown.is_some_and(|response| !response.contains(['\u{1b}', '\u{fffe}'])), "{shown:?}");
}

#[test]
fn what_is_undefined_is_absent() {
    let run = Fixture::new(PLAN);
    let mut run = run.finish();
    run.results.load = std::time::Duration::ZERO;
    run.results.applied_in_all = std::time::Duration::ZERO;
    run.outcome.generator.cpu_share = Some(f64::NAN);
    run.outcome.generator.lag_p99_ms = Some(f64::INFINITY);
    let document = written(&run);
    assert_valid(&document);
    for absent in ["error_rate", "throughput_per_s", "response_time"] {
        assert!(document["totals"].get(absent).is_none(), "{absent}");
    }
    assert!(document["generator"].get("cpu_share").is_none());
    assert!(document["generator"].get("lag_p99_ms").is_none());
}

#[test]
fn an_unanswered_run_is_valid_too() {
    let mut run = Fixture::new(PLAN);
    run.unanswered("GET /market", 1.0, FailureKind::Dns, "no such host");
    let document = written(&run.finish());
    assert_valid(&document);
    assert!(document["samplers"][0].get("response_time").is_none());
    assert!(document["timeline"][0]["samplers"][0].get("histogram").is_none());
    assert!(document["errors"][0].get("example").is_none());
}

#[test]
fn the_slices_merge_to_exactly_the_whole() {
    let mut run = Fixture::new(PLAN);
    for sample in 0..5_000_u64 {
        run.passes("GET /market", sample as f64 / 500.0, sample * sample % 3_001 + 1);
    }
    let run = run.finish();
    let document = written(&run);
    let mut merged: Histogram<u64> = Histogram::new(3).expect("three digits");
    let mut count = 0;
    for slice in document["timeline"].as_array().expect("a list") {
        for line in slice["samplers"].as_array().expect("a list") {
            assert_eq!(line["label"], 0);
            count += line["count"].as_u64().expect("a number");
            let bytes = BASE64_STANDARD.decode(line["histogram"].as_str().expect("text")).expect("base64");
            let one: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).expect("a histogram");
            merged.add(&one).expect("it grows");
        }
    }
    assert!(document["timeline"].as_array().expect("a list").len() >= 10);
    assert_eq!(count, 5_000);
    let whole = run.results.samplers[0].stats.response_time.to_histogram().expect("there are times");
    let values = |histogram: &Histogram<u64>| -> Vec<(u64, u64)> {
        histogram.iter_recorded().map(|one| (one.value_iterated_to(), one.count_at_value())).collect()
    };
    assert_eq!(values(&merged), values(&whole));
}

#[test]
fn secrets_and_long_answers_are_kept_out() {
    let mut run = Fixture::new(PLAN);
    run.masker = Masker::new(["hunter22"]);
    let failure = run.failed("status is 200", "200", "hunter22");
    run.answered("GET /market", 1.0, 10, &[failure], &format!("hunter22 {}", "x".repeat(100_000)));
    let document = written(&run.finish());
    assert!(!document.to_string().contains("hunter22"));
    assert!(document.to_string().len() < 20_000);
}

#[test]
fn the_published_schema_is_the_types() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/results.schema.json");
    let generated = format!("{:#}\n", results_schema());
    if std::env::var_os("LOADPLAN_BLESS").is_some() {
        std::fs::create_dir_all(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas")).expect("the folder is made");
        std::fs::write(path, &generated).expect("the schema is written");
    }
    let published = std::fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        published == generated,
        "schemas/results.schema.json is not what the types say; `LOADPLAN_BLESS=1 cargo test` rewrites it"
    );
}
