//! Figures as Prometheus scrapes them, as a collector receives them and as `results.json` holds
//! them, in one shape, so that they can be compared.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AttributeValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, number_data_point};
use prost::Message as _;
use serde_json::Value;

use crate::support::Hit;

/// Where a series of a metric stands: its name with suffix, and its labels.
pub(crate) type Key = (String, BTreeMap<String, String>);
pub(crate) type Figures = BTreeMap<Key, f64>;

/// Reads the text format of OpenMetrics.
pub(crate) fn parsed(text: &str) -> Figures {
    assert!(text.ends_with("# EOF\n"), "{text}");
    let mut figures = Figures::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, mut rest) = series.split_once('{').unwrap();
        let mut labels = BTreeMap::new();
        while let Some((label, after)) = rest.split_once("=\"") {
            let mut value = String::new();
            let mut letters = after.char_indices();
            let end = loop {
                match letters.next().unwrap() {
                    (end, '"') => break end,
                    (_, '\\') => value.push(match letters.next().unwrap().1 {
                        'n' => '\n',
                        other => other,
                    }),
                    (_, other) => value.push(other),
                }
            };
            rest = after[end + 1..].trim_start_matches(',');
            assert!(labels.insert(label.to_owned(), value).is_none(), "{line}");
        }
        assert_eq!(rest, "}", "{line}");
        let known = figures.insert((name.to_owned(), labels), value.parse().unwrap());
        assert!(known.is_none(), "twice: {line}");
    }
    figures
}

/// The figures of a message under the names the text format has for them, without the plan.
pub(crate) fn received(hit: &Hit) -> Figures {
    let mut figures = Figures::new();
    let message = ExportMetricsServiceRequest::decode(&*hit.bytes).unwrap();
    for metric in &message.resource_metrics[0].scope_metrics[0].metrics {
        let unit = match metric.unit.as_str() {
            "By" => "_bytes",
            "s" => "_seconds",
            _ => "",
        };
        let name = format!("{}{unit}", metric.name.replace('.', "_"));
        let mut add = |suffix: &str, labels: &BTreeMap<String, String>, value: f64| {
            figures.insert((format!("{name}{suffix}"), labels.clone()), value);
        };
        let numbers = match metric.data.as_ref().unwrap() {
            Data::Sum(sum) => {
                assert!(sum.is_monotonic);
                assert_eq!(sum.aggregation_temporality, AggregationTemporality::Cumulative as i32);
                Some((&sum.data_points, "_total"))
            }
            Data::Gauge(gauge) => Some((&gauge.data_points, "")),
            Data::Histogram(histogram) => {
                assert_eq!(histogram.aggregation_temporality, AggregationTemporality::Cumulative as i32);
                for point in &histogram.data_points {
                    let mut labels = attributes(&point.attributes);
                    add("_sum", &labels, point.sum.unwrap());
                    add("_count", &labels, point.count as f64);
                    assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
                    let mut up_to = 0;
                    let bounds = point.explicit_bounds.iter().map(|bound| format!("{bound:?}")).chain(["+Inf".into()]);
                    for (bound, count) in bounds.zip(&point.bucket_counts) {
                        up_to += count;
                        labels.insert("le".into(), bound);
                        add("_bucket", &labels, up_to as f64);
                    }
                    assert_eq!(up_to, point.count);
                }
                None
            }
            other => panic!("{other:?}"),
        };
        for point in numbers.iter().flat_map(|(points, _)| points.iter()) {
            let Some(number_data_point::Value::AsInt(value)) = point.value else { panic!("{point:?}") };
            add(numbers.unwrap().1, &attributes(&point.attributes), value as f64);
        }
    }
    figures
}

pub(crate) fn attributes(pairs: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |one: &KeyValue| match one.value.clone().unwrap().value.unwrap() {
        AttributeValue::StringValue(text) => (one.key.clone(), text),
        other => panic!("{other:?}"),
    };
    pairs.iter().map(text).collect()
}

pub(crate) fn key(name: &str, labels: &[(&str, &str)]) -> Key {
    (name.to_owned(), labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

/// Every figure of `results.json` that is shown while the run goes too.
fn of_results(results: &Value) -> Figures {
    let mut figures = Figures::new();
    for line in results["samplers"].as_array().unwrap() {
        let group = line["thread_group"].as_str().unwrap();
        let labels = [("thread_group", group), ("sampler", line["label"].as_str().unwrap())];
        let mut add = |name: &str, value: &Value| figures.insert(key(name, &labels), value.as_f64().unwrap());
        add("loadplan_requests_total", &line["count"]);
        add("loadplan_requests_failed_total", &line["failed"]);
        add("loadplan_received_bytes_total", &line["received_bytes"]);
        add("loadplan_sent_bytes_total", &line["sent_bytes"]);
        for failure in line["failures"].as_array().unwrap() {
            let labels = [labels[0], labels[1], ("kind", failure["kind"].as_str().unwrap())];
            figures.insert(key("loadplan_request_failures_total", &labels), failure["count"].as_f64().unwrap());
        }
    }
    for line in results["transactions"].as_array().unwrap() {
        let labels = [
            ("thread_group", line["thread_group"].as_str().unwrap()),
            ("transaction", line["label"].as_str().unwrap()),
        ];
        figures.insert(key("loadplan_transactions_total", &labels), line["count"].as_f64().unwrap());
        figures.insert(key("loadplan_transactions_failed_total", &labels), line["failed"].as_f64().unwrap());
    }
    for group in results["thread_groups"].as_array().unwrap() {
        let labels = [("thread_group", group["name"].as_str().unwrap())];
        figures.insert(key("loadplan_active_users", &labels), 0.0);
        figures.insert(key("loadplan_iterations_total", &labels), group["iterations"].as_f64().unwrap());
        figures.insert(key("loadplan_iterations_dropped_total", &labels), group["dropped"].as_f64().unwrap());
    }
    figures
}

/// Compares figures with those of `results.json`: counters all of them, distributions by their means.
pub(crate) fn same_as_results(figures: &Figures, results: &Value) {
    let distribution = |(name, _): &&Key| name.contains("_time_seconds");
    let (times, counts): (Vec<&Key>, Vec<&Key>) = figures.keys().partition(distribution);
    let counts: Figures = counts.into_iter().map(|key| (key.clone(), figures[key])).collect();
    assert_eq!(counts, of_results(results));
    assert!(!times.is_empty());
    for (name, labels) in times.into_iter().filter(|(name, _)| name.ends_with("_sum")) {
        let count = figures[&(name.replace("_sum", "_count"), labels.clone())];
        let mean_ms = figures[&(name.clone(), labels.clone())] / count * 1e3;
        let (list, label) =
            if name.contains("transaction") { ("transactions", "transaction") } else { ("samplers", "sampler") };
        let lines = results[list].as_array().unwrap();
        let line = lines.iter().find(|line| line["label"] == labels[label].as_str()).unwrap();
        let expected = line["response_time"]["mean_ms"].as_f64().unwrap();
        assert!((mean_ms - expected).abs() < 0.001, "{labels:?}: {mean_ms} is not {expected}");
        let longest = line["response_time"]["max_ms"].as_f64().unwrap();
        let buckets = figures.iter().filter(|((bucket, of), _)| {
            *bucket == name.replace("_sum", "_bucket") && labels.iter().all(|(name, value)| of[name] == *value)
        });
        for ((_, of), up_to) in buckets {
            let bound = if of["le"] == "+Inf" { f64::INFINITY } else { of["le"].parse().unwrap() };
            assert!(*up_to <= count);
            assert!(
                *up_to == count || bound * 1e3 < longest * 1.001,
                "{of:?}: {up_to} of {count}, longest {longest} ms"
            );
        }
    }
}
