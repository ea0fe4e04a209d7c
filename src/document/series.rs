//! The figures of the whole run for each slice: what the charts show.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::{Document, Slice};
use crate::failure::FailureKind;

/// A column for each figure, a place in it for each slice of the timeline. Samples of the warm-up
/// are in it. Slices without any sample are in it too, so that a standstill shows.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Series {
    /// When the slice begins, in seconds from the moment load began.
    pub(crate) t_s: Vec<u64>,
    /// The most users active in it.
    pub(crate) users: Vec<u64>,
    /// The users the plan has present: those active, and those that ended before their time.
    pub(crate) users_planned: Vec<u64>,
    /// The most connections open in it.
    pub(crate) connections: Vec<u64>,
    /// Samples that ended in it.
    pub(crate) count: Vec<u64>,
    /// Percentiles of their response times; none where nothing was answered.
    pub(crate) p50_ms: Vec<Option<f64>>,
    pub(crate) p95_ms: Vec<Option<f64>>,
    pub(crate) p99_ms: Vec<Option<f64>>,
    /// For each kind of failure there was, those that failed.
    pub(crate) failures: BTreeMap<FailureKind, Vec<u64>>,
}

impl Series {
    /// The figures of the slices that begin at or after a second.
    pub(crate) fn of(document: &Document<'_>, from_s: u64) -> Self {
        let mut series = Self::default();
        let width = document.slice_s.max(1);
        for slice in document.timeline.iter().filter(|slice| slice.t_s >= from_s) {
            while series.t_s.last().is_some_and(|last| last + width < slice.t_s) {
                let next = series.t_s.last().map_or(0, |last| last + width);
                series.add(&Slice {
                    t_s: next,
                    users: 0,
                    users_planned: None,
                    connections: 0,
                    samplers: vec![],
                    transactions: vec![],
                    warm_up: vec![],
                });
            }
            series.add(&slice);
        }
        series
    }

    pub(crate) fn add(&mut self, slice: &Slice) {
        let place = self.t_s.len();
        let mut count = 0;
        let mut merged: Option<Histogram<u64>> = None;
        for line in slice.samplers.iter().chain(&slice.warm_up) {
            count += line.count;
            for failures in &line.failures {
                let column = self.failures.entry(failures.kind).or_default();
                column.resize(place + 1, 0);
                column[place] += failures.count;
            }
            match (&mut merged, line.times()) {
                (Some(merged), Some(one)) => {
                    merged.auto(true);
                    // One that cannot be added would need more memory than there is.
                    let _ = merged.add(&one);
                }
                (none, one) => *none = none.take().or(one),
            }
        }
        self.t_s.push(slice.t_s);
        self.users.push(slice.users);
        self.users_planned.push(slice.users_planned.unwrap_or(slice.users));
        self.connections.push(slice.connections);
        self.count.push(count);
        let percentile = |percent| {
            merged
                .as_ref()
                .filter(|times| !times.is_empty())
                .map(|times| times.value_at_percentile(percent) as f64 / 1e3)
        };
        self.p50_ms.push(percentile(50.0));
        self.p95_ms.push(percentile(95.0));
        self.p99_ms.push(percentile(99.0));
        for column in self.failures.values_mut() {
            column.resize(place + 1, 0);
        }
    }
}
