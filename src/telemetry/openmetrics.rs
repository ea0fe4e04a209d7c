//! A snapshot in the text format of OpenMetrics, which Prometheus scrapes.

use std::borrow::Cow;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{self, Registry};

use super::families::{Family, MetricUnit, Points};
use super::snapshot::{Histogram, LIMITS, Snapshot};

/// What the text is, for the header.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The text of a snapshot; before there is one, a text without metrics.
pub(super) fn text(snapshot: Option<Arc<Snapshot>>) -> String {
    let mut text = String::new();
    let registry = snapshot.map_or_else(Registry::default, |snapshot| {
        // Plans that run one after the other may use the same names.
        let plan = (Cow::Borrowed("plan"), Cow::Owned(snapshot.run.plan.clone()));
        let mut registry = Registry::with_prefix_and_labels("loadplan", [plan].into_iter());
        registry.register_collector(Box::new(Shown(snapshot)));
        registry
    });
    let written = prometheus_client::encoding::text::encode(&mut text, &registry);
    debug_assert!(written.is_ok(), "memory takes every text");
    text
}

#[derive(Debug)]
struct Shown(Arc<Snapshot>);

impl Collector for Shown {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let run = &self.0.run;
        encoder
            .encode_descriptor("run", "The run that these metrics belong to.", None, MetricType::Info)?
            .encode_info(&[("run_id", run.id.as_str()), ("host", &run.host), ("version", env!("CARGO_PKG_VERSION"))])?;
        self.0.families().iter().filter(|family| !family.is_empty()).try_for_each(|family| write(family, &mut encoder))
    }
}

fn write(family: &Family<'_>, encoder: &mut DescriptorEncoder<'_>) -> std::fmt::Result {
    let kind = match family.points {
        Points::Counters(_) => MetricType::Counter,
        Points::Gauges(_) => MetricType::Gauge,
        Points::Histograms(_) => MetricType::Histogram,
    };
    let unit = match family.unit {
        MetricUnit::Things(_) => None,
        MetricUnit::Bytes => Some(registry::Unit::Bytes),
        MetricUnit::Seconds => Some(registry::Unit::Seconds),
    };
    let mut metric = encoder.encode_descriptor(family.name, family.help, unit.as_ref(), kind)?;
    match &family.points {
        Points::Counters(points) => points.iter().try_for_each(|point| {
            metric.encode_family(&point.labels)?.encode_counter::<NoLabelSet, _, f64>(&point.value, None)
        }),
        Points::Gauges(points) => {
            points.iter().try_for_each(|point| metric.encode_family(&point.labels)?.encode_gauge(&point.value))
        }
        Points::Histograms(points) => points.iter().try_for_each(|point| {
            let Histogram { sum_s, count, .. } = *point.value;
            let buckets = buckets(point.value);
            metric.encode_family(&point.labels)?.encode_histogram::<NoLabelSet>(sum_s, count, &buckets, None)
        }),
    }
}

/// Each limit in seconds with the times up to it and above the one before it.
fn buckets(times: &Histogram) -> Vec<(f64, u64)> {
    let limits = LIMITS.iter().map(|limit| limit.as_secs_f64()).zip(times.up_to);
    limits.chain([(f64::INFINITY, times.beyond())]).collect()
}
