//! A snapshot as an OTLP message: cumulative sums, gauges and histograms with explicit bounds.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::families::{Family, MetricUnit, Point, Points};
use super::snapshot::{self, LIMITS, Snapshot};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const CUMULATIVE: i32 = AggregationTemporality::Cumulative as i32;

/// The message of a snapshot.
pub(super) fn message(snapshot: &Snapshot) -> ExportMetricsServiceRequest {
    let run = &snapshot.run;
    let resource = [
        ("service.name", "loadplan"),
        ("service.version", VERSION),
        ("service.instance.id", &run.id),
        ("host.name", &run.host),
        ("loadplan.plan", &run.plan),
        ("loadplan.run_id", &run.id),
    ];
    let span = TimeRange { start: unix_nano(run.started), now: unix_nano(snapshot.at) };
    let families = snapshot.families();
    let metrics = families.iter().filter(|family| !family.is_empty()).map(|family| metric(family, span)).collect();
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource { attributes: attributes(&resource), ..Resource::default() }),
            scope_metrics: vec![ScopeMetrics {
                scope: Some(InstrumentationScope {
                    name: "loadplan".into(),
                    version: VERSION.into(),
                    ..InstrumentationScope::default()
                }),
                metrics,
                ..ScopeMetrics::default()
            }],
            ..ResourceMetrics::default()
        }],
    }
}

/// From when to when was counted, in nanoseconds since 1970.
#[derive(Clone, Copy)]
struct TimeRange {
    start: u64,
    now: u64,
}

fn metric(family: &Family<'_>, span: TimeRange) -> Metric {
    let data = match &family.points {
        Points::Counters(points) => Data::Sum(Sum {
            data_points: points.iter().map(|point| number(point, span)).collect(),
            aggregation_temporality: CUMULATIVE,
            is_monotonic: true,
        }),
        // A gauge is of the moment and has no start.
        Points::Gauges(points) => Data::Gauge(Gauge {
            data_points: points.iter().map(|point| number(point, TimeRange { start: 0, ..span })).collect(),
        }),
        Points::Histograms(points) => Data::Histogram(Histogram {
            data_points: points.iter().map(|point| histogram(point, span)).collect(),
            aggregation_temporality: CUMULATIVE,
        }),
    };
    let unit = match family.unit {
        MetricUnit::Things(word) => word,
        MetricUnit::Bytes => "By",
        MetricUnit::Seconds => "s",
    };
    Metric {
        name: format!("loadplan.{}", family.name),
        description: family.help.into(),
        unit: unit.into(),
        data: Some(data),
        ..Metric::default()
    }
}

fn number(point: &Point<'_, u64>, span: TimeRange) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(&point.labels),
        start_time_unix_nano: span.start,
        time_unix_nano: span.now,
        value: Some(number_data_point::Value::AsInt(i64::try_from(point.value).unwrap_or(i64::MAX))),
        ..NumberDataPoint::default()
    }
}

fn histogram(point: &Point<'_, &snapshot::Histogram>, span: TimeRange) -> HistogramDataPoint {
    let times = point.value;
    HistogramDataPoint {
        attributes: attributes(&point.labels),
        start_time_unix_nano: span.start,
        time_unix_nano: span.now,
        count: times.count,
        sum: Some(times.sum_s),
        bucket_counts: times.up_to.into_iter().chain([times.beyond()]).collect(),
        explicit_bounds: LIMITS.iter().map(std::time::Duration::as_secs_f64).collect(),
        ..HistogramDataPoint::default()
    }
}

fn attributes(pairs: &[(&str, &str)]) -> Vec<KeyValue> {
    let attribute = |(key, value): &(&str, &str)| KeyValue {
        key: (*key).into(),
        value: Some(AnyValue { value: Some(Value::StringValue((*value).into())) }),
        ..KeyValue::default()
    };
    pairs.iter().map(attribute).collect()
}

fn unix_nano(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}
