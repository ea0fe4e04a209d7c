//! The run second by second, in bounded memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

use super::results::{LowerBounds, Stats};
use super::times::Times;
use crate::failure::FailureKind;
use crate::graph::LabelId;

/// How many slices are kept; then neighbours merge and a slice is twice as long.
const MAX_SLICES: usize = 3600;

/// A slice of the run.
#[derive(Clone, Debug, Default)]
pub struct Slice {
    /// When it begins, in seconds from the moment load began.
    pub start_s: u64,
    /// The most users active in it.
    pub users: u64,
    /// The most users the plan has present in it: those active, and those that ended early.
    pub planned: u64,
    /// The most connections open in it.
    pub connections: u64,
    /// The lines with samples in it.
    pub labels: Vec<SliceLabel>,
}

/// A line's samples in a slice.
#[derive(Clone, Debug)]
pub struct SliceLabel {
    /// Which line.
    pub label: LabelId,
    /// Whether these are samples of the warm-up, which no total counts.
    pub warm_up: bool,
    /// Samples that ended in the slice.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// The failed ones by kind, in the order of [`FailureKind::ALL`]; kinds without any are omitted.
    pub failures: Vec<(FailureKind, u64)>,
    /// Their response times in microseconds: HdrHistogram V2 with DEFLATE. Empty if nothing was sent.
    pub histogram: Vec<u8>,
    /// Which of the times are only lower bounds.
    pub lower_bounds: LowerBounds,
}

impl SliceLabel {
    /// The response times again.
    pub fn times(&self) -> Option<hdrhistogram::Histogram<u64>> {
        Deserializer::new().deserialize(&mut self.histogram.as_slice()).ok()
    }
}

/// A second that may still get samples.
#[derive(Debug, Default)]
struct OpenSecond {
    users: u64,
    planned: u64,
    connections: u64,
    /// By line, and whether they belong to the warm-up.
    labels: BTreeMap<(LabelId, bool), Samples>,
}

/// What a slice tells of a line.
#[derive(Debug, Default)]
struct Samples {
    count: u64,
    failed: u64,
    failures: Vec<(FailureKind, u64)>,
    response_time: Times,
    lower_bounds: LowerBounds,
}

#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// Seconds that may still get samples.
    open: BTreeMap<u64, OpenSecond>,
    /// Shared with those who look at the run while it goes.
    closed: Vec<Arc<Slice>>,
    /// How many seconds a slice covers.
    width: u64,
    /// Seconds before this one get no more samples.
    settled: u64,
}

impl Timeline {
    pub(super) fn add(&mut self, second: u64, label: LabelId, warm_up: bool, stats: &Stats) {
        let slice = self.open.entry(second).or_default();
        let samples = slice.labels.entry((label, warm_up)).or_default();
        samples.count += stats.count;
        samples.failed += stats.failed;
        if stats.failed > 0 {
            let kinds = FailureKind::ALL.iter().map(|kind| (*kind, stats.failures_of(*kind)));
            add_kinds(&mut samples.failures, kinds.filter(|(_, count)| *count > 0));
        }
        samples.response_time.merge(&stats.response_time);
        samples.lower_bounds.merge(stats.lower_bounds);
    }

    /// This many users were active at once, this many planned, and this many connections open.
    pub(super) fn at_once(&mut self, second: u64, users: u64, planned: u64, connections: u64) {
        let slice = self.open.entry(second).or_default();
        slice.users = slice.users.max(users);
        slice.planned = slice.planned.max(planned);
        slice.connections = slice.connections.max(connections);
    }

    /// Compresses the seconds before this one.
    pub(super) fn close_before(&mut self, second: u64) {
        self.settled = self.settled.max(second);
        let later = self.open.split_off(&second);
        for (second, OpenSecond { users, planned, connections, labels }) in std::mem::replace(&mut self.open, later) {
            let width = self.width.max(1);
            let start_s = second / width * width;
            let labels = labels.into_iter().map(|((label, warm_up), samples)| SliceLabel {
                label,
                warm_up,
                count: samples.count,
                failed: samples.failed,
                failures: samples.failures,
                histogram: compress(&samples.response_time),
                lower_bounds: samples.lower_bounds,
            });
            let slice = Slice { start_s, users, planned, connections, labels: labels.collect() };
            match self.closed.iter_mut().rfind(|known| known.start_s == start_s) {
                Some(known) => join(Arc::make_mut(known), slice),
                None => self.closed.push(Arc::new(slice)),
            }
            if self.closed.len() > MAX_SLICES {
                self.double();
            }
        }
    }

    fn double(&mut self) {
        self.width = self.width.max(1) * 2;
        let mut merged: Vec<Arc<Slice>> = Vec::with_capacity(self.closed.len() / 2 + 1);
        for slice in std::mem::take(&mut self.closed) {
            let mut slice = Arc::unwrap_or_clone(slice);
            slice.start_s = slice.start_s / self.width * self.width;
            match merged.last_mut() {
                Some(last) if last.start_s == slice.start_s => join(Arc::make_mut(last), slice),
                _ => merged.push(Arc::new(slice)),
            }
        }
        self.closed = merged;
    }

    /// The slices that get no more samples and begin at or after a second, in order.
    pub(super) fn complete(&self, from_s: u64) -> &[Arc<Slice>] {
        let before = |second: u64| self.closed.partition_point(|slice| slice.start_s < second);
        let (from, to) = (before(from_s), before(self.complete_until()));
        &self.closed[from.min(to)..to]
    }

    /// Up to which second slices are complete.
    pub(super) fn complete_until(&self) -> u64 {
        self.settled / self.width() * self.width()
    }

    /// How many seconds a slice covers.
    pub(super) fn width(&self) -> u64 {
        self.width.max(1)
    }

    pub(super) fn slices(&mut self) -> Vec<Arc<Slice>> {
        self.close_before(u64::MAX);
        self.closed.sort_by_key(|slice| slice.start_s);
        std::mem::take(&mut self.closed)
    }
}

fn join(into: &mut Slice, other: Slice) {
    into.users = into.users.max(other.users);
    into.planned = into.planned.max(other.planned);
    into.connections = into.connections.max(other.connections);
    for mut label in other.labels {
        match into.labels.iter_mut().find(|known| (known.label, known.warm_up) == (label.label, label.warm_up)) {
            None => into.labels.push(label),
            Some(known) => {
                known.count += label.count;
                known.failed += label.failed;
                known.lower_bounds.merge(label.lower_bounds);
                add_kinds(&mut known.failures, std::mem::take(&mut label.failures));
                known.histogram = match (known.times(), label.times()) {
                    (Some(mut one), Some(two)) => {
                        // One that was read back is as wide as what it held; the other may be wider.
                        one.auto(true);
                        match one.add(&two) {
                            Ok(()) => serialize(&one),
                            Err(_) => std::mem::take(&mut known.histogram),
                        }
                    }
                    (None, Some(_)) => label.histogram,
                    _ => std::mem::take(&mut known.histogram),
                };
            }
        }
    }
}

/// Adds counts by kind to others, in the order of the kinds.
fn add_kinds(into: &mut Vec<(FailureKind, u64)>, kinds: impl IntoIterator<Item = (FailureKind, u64)>) {
    for (kind, count) in kinds {
        match into.binary_search_by_key(&kind, |known| known.0) {
            Ok(at) => into[at].1 += count,
            Err(at) => into.insert(at, (kind, count)),
        }
    }
}

fn compress(times: &Times) -> Vec<u8> {
    if times.count() == 0 {
        return Vec::new();
    }
    times.to_histogram().map_or_else(Vec::new, |histogram| serialize(&histogram))
}

fn serialize(histogram: &hdrhistogram::Histogram<u64>) -> Vec<u8> {
    let mut bytes = Vec::new();
    match V2DeflateSerializer::new().serialize(histogram, &mut bytes) {
        Ok(_) => bytes,
        Err(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn neighbours_that_merge_keep_times_of_any_size() {
        let mut timeline = Timeline::default();
        for (second, ms) in [(0, 1), (1, 60_000), (2, 3)] {
            let mut stats = Stats { count: 1, ..Stats::default() };
            stats.response_time.record(Duration::from_millis(ms));
            timeline.add(second, LabelId(0), false, &stats);
        }
        timeline.close_before(3);
        timeline.double();
        timeline.double();
        let slices = timeline.slices();
        assert_eq!(slices.len(), 1);
        let times = slices[0].labels[0].times().expect("it was compressed");
        assert_eq!(times.len(), 3);
        assert!(times.max() >= 59_900_000, "the longest was {} µs", times.max());
    }

    #[test]
    fn a_day_costs_no_more_slices_than_an_hour_and_loses_no_sample() {
        let mut timeline = Timeline::default();
        for second in 0..20_000_u64 {
            let mut stats = Stats { count: 1, ..Stats::default() };
            stats.response_time.record(Duration::from_micros(1000 + second));
            timeline.add(second, LabelId(0), false, &stats);
            if second % 100 == 99 {
                timeline.close_before(second - 5);
            }
        }
        let slices = timeline.slices();
        assert!(slices.len() <= MAX_SLICES, "{} slices", slices.len());
        assert_eq!(slices.iter().flat_map(|slice| &slice.labels).map(|label| label.count).sum::<u64>(), 20_000);
        let recorded: u64 =
            slices.iter().flat_map(|slice| &slice.labels).filter_map(|label| Some(label.times()?.len())).sum();
        assert_eq!(recorded, 20_000);
        assert!(slices.windows(2).all(|pair| pair[0].start_s < pair[1].start_s));
    }
}
