//! A collection of times: exact count, mean, deviation and extremes, and percentiles to three
//! significant digits.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Up to this many times are kept as they are; a histogram is made for more.
const FEW: usize = 48;
/// Times are cut here, at one day: far beyond any timeout, and it bounds the histogram.
const LONGEST_US: u64 = 86_400_000_000;

/// A collection of times in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Times {
    count: u64,
    sum_us: u128,
    sum_of_squares: u128,
    min_us: u64,
    max_us: u64,
    /// Values and how often they came; what does not fit goes into a histogram.
    few: Vec<(u32, u32)>,
    many: Option<Box<Histogram<u64>>>,
}

impl Times {
    /// An empty collection.
    pub const fn new() -> Self {
        Self { count: 0, sum_us: 0, sum_of_squares: 0, min_us: 0, max_us: 0, few: Vec::new(), many: None }
    }

    /// Whether there were too many times to be kept as they are.
    pub(super) fn has_histogram(&self) -> bool {
        self.many.is_some()
    }

    /// Adds a time. One below a microsecond counts as one.
    pub fn record(&mut self, time: Duration) {
        self.record_several(time, 1);
    }

    /// Records the same time `count` times.
    pub(super) fn record_several(&mut self, time: Duration, count: u64) {
        self.add_value((time.as_micros().min(u128::from(LONGEST_US)) as u64).max(1), count);
    }

    fn add_value(&mut self, us: u64, times: u64) {
        self.min_us = if self.count == 0 { us } else { self.min_us.min(us) };
        self.max_us = self.max_us.max(us);
        self.count += times;
        self.sum_us += u128::from(us) * u128::from(times);
        self.sum_of_squares += u128::from(us) * u128::from(us) * u128::from(times);
        self.place(us, times);
    }

    /// Counts a value without touching the exact sums.
    fn place(&mut self, us: u64, times: u64) {
        match &mut self.many {
            Some(many) => add(many, us, times),
            None if self.few.len() < FEW => self.keep(us, times),
            None => self.count_in_histogram(us, times),
        }
    }

    /// Keeps a value as it is, as long as there is no histogram and it fits.
    fn keep(&mut self, us: u64, times: u64) {
        match (&self.many, u32::try_from(us), u32::try_from(times)) {
            (None, Ok(us), Ok(times)) => self.few.push((us, times)),
            _ => self.count_in_histogram(us, times),
        }
    }

    fn count_in_histogram(&mut self, us: u64, times: u64) {
        if self.many.is_none()
            && let Some(mut many) = histogram()
        {
            for (us, times) in std::mem::take(&mut self.few) {
                add(&mut many, u64::from(us), u64::from(times));
            }
            self.many = Some(Box::new(many));
        }
        if let Some(many) = &mut self.many {
            add(many, us, times);
        }
    }

    /// Adds all times of another collection.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        self.min_us = if self.count == 0 { other.min_us } else { self.min_us.min(other.min_us) };
        self.max_us = self.max_us.max(other.max_us);
        self.count += other.count;
        self.sum_us += other.sum_us;
        self.sum_of_squares += other.sum_of_squares;
        other.for_each(|us, times| self.place(us, times));
    }

    /// Takes what was gathered and leaves an empty collection that keeps its memory.
    pub(super) fn take(&mut self) -> Self {
        let mut taken = Self { few: Vec::new(), many: None, ..self.clone_sums() };
        match &mut self.many {
            None => taken.few = std::mem::take(&mut self.few),
            Some(many) => {
                for one in many.iter_recorded() {
                    taken.keep(one.value_iterated_to(), one.count_since_last_iteration());
                }
                many.reset();
            }
        }
        *self = Self { few: std::mem::take(&mut self.few), many: self.many.take(), ..Self::default() };
        taken
    }

    fn clone_sums(&self) -> Self {
        Self {
            count: self.count,
            sum_us: self.sum_us,
            sum_of_squares: self.sum_of_squares,
            min_us: self.min_us,
            max_us: self.max_us,
            few: Vec::new(),
            many: None,
        }
    }

    fn for_each(&self, mut tell: impl FnMut(u64, u64)) {
        for (us, times) in &self.few {
            tell(u64::from(*us), u64::from(*times));
        }
        if let Some(many) = &self.many {
            for one in many.iter_recorded() {
                tell(one.value_iterated_to(), one.count_since_last_iteration());
            }
        }
    }

    /// How many times there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The arithmetic mean in milliseconds, exact.
    pub fn mean_ms(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_us as f64 / self.count as f64 / 1e3)
    }

    /// The population standard deviation in milliseconds: √(Σx²/n − (Σx/n)²).
    pub fn stddev_ms(&self) -> Option<f64> {
        self.mean_ms().map(|mean| {
            let mean_us = mean * 1e3;
            let square = self.sum_of_squares as f64 / self.count as f64;
            (square - mean_us * mean_us).max(0.0).sqrt() / 1e3
        })
    }

    /// The least time in milliseconds, exact.
    pub fn min_ms(&self) -> Option<f64> {
        (self.count > 0).then(|| self.min_us as f64 / 1e3)
    }

    /// The greatest time in milliseconds, exact.
    pub fn max_ms(&self) -> Option<f64> {
        (self.count > 0).then(|| self.max_us as f64 / 1e3)
    }

    /// A percentile (0 to 100) in milliseconds: the least recorded value that at least this many
    /// percent of all values do not exceed, to three significant digits and never above the maximum.
    pub fn percentile_ms(&self, percent: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let us = match &self.many {
            Some(many) => many.value_at_percentile(percent),
            None => {
                let mut few = self.few.clone();
                few.sort_unstable();
                let rank = ((percent / 100.0 * self.count as f64).ceil() as u64).clamp(1, self.count);
                let mut seen = 0;
                few.iter()
                    .find(|(_, times)| {
                        seen += u64::from(*times);
                        seen >= rank
                    })
                    .map_or(self.max_us, |(us, _)| u64::from(*us))
            }
        };
        Some(us.clamp(self.min_us, self.max_us) as f64 / 1e3)
    }

    /// How many times do not exceed a limit, to the histogram's precision.
    pub fn count_up_to(&self, limit: Duration) -> u64 {
        let limit = limit.as_micros().min(u128::from(LONGEST_US)) as u64;
        let many = self.many.as_ref().map_or(0, |many| many.count_between(0, limit));
        many + self
            .few
            .iter()
            .filter(|(us, _)| u64::from(*us) <= limit)
            .map(|(_, times)| u64::from(*times))
            .sum::<u64>()
    }

    /// The exact sum in seconds.
    pub fn sum_s(&self) -> f64 {
        self.sum_us as f64 / 1e6
    }

    /// How many times lie at or below each of these rising limits and above the one before it, to
    /// the histogram's precision. Nothing that was counted at or below a limit is ever found above
    /// it later.
    pub fn counts_by_limit<const N: usize>(&self, limits: &[Duration; N]) -> [u64; N] {
        let limits = limits.map(|limit| limit.as_micros().min(u128::from(LONGEST_US)) as u64);
        let mut counts = [0; N];
        self.for_each(|us, times| {
            let us = slot_begin(us);
            if let Some(count) = counts.get_mut(limits.partition_point(|limit| *limit < us)) {
                *count += times;
            }
        });
        counts
    }

    /// Everything as one histogram of microseconds with three significant digits.
    pub fn to_histogram(&self) -> Option<Histogram<u64>> {
        let mut all = histogram()?;
        self.for_each(|us, times| add(&mut all, us, times));
        Some(all)
    }
}

/// The least of the times a histogram with three digits does not tell from this one.
fn slot_begin(us: u64) -> u64 {
    let finest = 2048;
    let shift = (us / finest).checked_ilog2().map_or(0, |power| power + 1);
    us >> shift << shift
}

/// Records into a growing histogram. It refuses only what memory cannot hold, and times are cut
/// at a day, so nothing is lost.
fn add(histogram: &mut Histogram<u64>, us: u64, times: u64) {
    let recorded = histogram.record_n(us, times);
    debug_assert!(recorded.is_ok(), "a growing histogram takes every time up to a day");
}

/// An empty histogram that grows as needed.
fn histogram() -> Option<Histogram<u64>> {
    let mut growing = Histogram::new(3).ok()?;
    growing.auto(true);
    Some(growing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ms: &[u64]) -> Times {
        let mut times = Times::default();
        for ms in ms {
            times.record(Duration::from_millis(*ms));
        }
        times
    }

    #[test]
    fn mean_deviation_and_extremes_are_exact() {
        let times = of(&[2, 4, 4, 4, 5, 5, 7, 9]);
        assert_eq!(times.mean_ms(), Some(5.0));
        assert_eq!(times.stddev_ms(), Some(2.0));
        assert_eq!((times.min_ms(), times.max_ms()), (Some(2.0), Some(9.0)));
    }

    #[test]
    fn percentiles_are_the_nearest_rank_while_there_are_few() {
        let times = of(&[15, 20, 35, 40, 50]);
        assert_eq!(times.percentile_ms(30.0), Some(20.0));
        assert_eq!(times.percentile_ms(50.0), Some(35.0));
        assert_eq!(times.percentile_ms(100.0), Some(50.0));
    }

    #[test]
    fn many_times_keep_three_digits_and_never_panic() {
        let mut times = Times::default();
        for ms in 1..=10_000 {
            times.record(Duration::from_millis(ms));
        }
        times.record(Duration::from_secs(3 * 3600));
        times.record(Duration::from_secs(30 * 86_400));
        let p50 = times.percentile_ms(50.0).expect("there are times");
        assert!((p50 - 5_001.0).abs() / 5_001.0 < 0.001, "p50 was {p50}");
        assert_eq!(times.max_ms(), Some(86_400_000.0));
        assert_eq!(times.count(), 10_002);
    }

    #[test]
    fn merging_parts_equals_recording_the_whole() {
        let mut whole = Times::default();
        let mut merged = Times::default();
        let mut part = Times::default();
        for value in 0..5_000_u64 {
            let time = Duration::from_micros(value * value % 1_000_003 + 1);
            whole.record(time);
            part.record(time);
            if value % 700 == 699 {
                merged.merge(&part.take());
            }
        }
        merged.merge(&part);
        assert_eq!(merged.count(), whole.count());
        assert_eq!(merged.mean_ms(), whole.mean_ms());
        assert_eq!(merged.stddev_ms(), whole.stddev_ms());
        for percent in [1.0, 50.0, 90.0, 95.0, 99.0, 99.9, 100.0] {
            assert_eq!(merged.percentile_ms(percent), whole.percentile_ms(percent), "p{percent}");
        }
    }

    #[test]
    fn counts_by_limit_are_those_up_to_each_limit_and_never_move_up() {
        let limits = [1, 5, 10, 50, 100, 1_000, 60_000].map(Duration::from_millis);
        let mut times = Times::default();
        let mut before = [0; 7];
        for value in 0..3_000_u64 {
            times.record(Duration::from_micros(value * value * 7 % 90_000_001));
            let mut sum = 0;
            let up_to = times.counts_by_limit(&limits).map(|count| {
                sum += count;
                sum
            });
            assert!(up_to.iter().zip(before).all(|(now, before)| *now >= before), "{before:?} became {up_to:?}");
            before = up_to;
        }
        assert_eq!(before, limits.map(|limit| times.count_up_to(limit)));
        assert!(before[6] < times.count(), "some are longer than a minute");
        let sum = times.mean_ms().expect("there are times") * 3.0;
        assert!((times.sum_s() - sum).abs() < 1e-6, "{} is not {sum}", times.sum_s());
    }

    #[test]
    fn slots_begin_where_those_of_the_histogram_do() {
        let many = histogram().expect("a histogram");
        for us in [0, 1, 2_047, 2_048, 2_049, 4_095, 4_096, 10_003, 1_000_001, 59_999_999, LONGEST_US] {
            assert_eq!(slot_begin(us), many.lowest_equivalent(us), "{us}");
        }
    }

    #[test]
    fn nothing_recorded_has_no_figures() {
        let times = Times::default();
        assert_eq!((times.mean_ms(), times.stddev_ms(), times.percentile_ms(50.0)), (None, None, None));
    }
}
