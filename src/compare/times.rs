//! Response times as counts by value, and percentiles of them with their errors.

use std::collections::BTreeMap;

use super::statistics::{Z_TWO_SIDED, deviation};

/// Samples a percentile needs beyond it: fewer, and a few slow requests decide on it.
const BEYOND: f64 = 10.0;
/// Samples any percentile needs.
const LEAST: u64 = 30;
/// Slices the scatter needs.
const LEAST_SLICES: usize = 5;

/// Response times in microseconds, with how often each was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Distribution {
    counts: BTreeMap<u64, u64>,
    count: u64,
}

impl Distribution {
    /// Adds a time, in microseconds, this many times.
    pub(super) fn add(&mut self, us: u64, count: u64) {
        let known = self.counts.entry(us.max(1)).or_default();
        *known = known.saturating_add(count);
        self.count = self.count.saturating_add(count);
    }

    /// Adds all times of another.
    pub(super) fn merge(&mut self, other: &Self) {
        other.counts.iter().for_each(|(us, count)| self.add(*us, *count));
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The same for looking up ranks.
    pub(super) fn ranks(&self) -> Ranks {
        let mut seen = 0_u64;
        let sum = |(us, count): (&u64, &u64)| {
            seen = seen.saturating_add(*count);
            (*us, seen)
        };
        Ranks(self.counts.iter().map(sum).collect())
    }
}

/// Response times in microseconds in ascending order, each with how many samples took at most as long.
pub(super) struct Ranks(Vec<(u64, u64)>);

impl Ranks {
    pub(super) fn count(&self) -> u64 {
        self.0.last().map_or(0, |(_, seen)| *seen)
    }

    /// The time that this many samples took at most; from 1, bounded by the count.
    pub(super) fn at_rank(&self, rank: u64) -> u64 {
        let at = self.0.partition_point(|(_, seen)| *seen < rank);
        self.0.get(at).or(self.0.last()).map_or(1, |(us, _)| *us)
    }

    /// How many samples took at most as long.
    fn up_to(&self, us: u64) -> u64 {
        match self.0.partition_point(|(known, _)| *known <= us) {
            0 => 0,
            at => self.0[at - 1].1,
        }
    }

    fn log_at_rank(&self, rank: f64) -> f64 {
        (self.at_rank(rank.clamp(1.0, self.count() as f64) as u64) as f64).ln()
    }

    /// The logarithm of a percentile: of the time that `share` of all samples took at most.
    fn log_quantile(&self, share: f64) -> f64 {
        self.log_at_rank((share * self.count() as f64).ceil())
    }

    /// The same of all samples but those of one slice.
    fn log_quantile_without(&self, slice: &Self, share: f64) -> f64 {
        let rank = (share * self.count().saturating_sub(slice.count()) as f64).ceil().max(1.0) as u64;
        let at = self.0.partition_point(|(us, seen)| seen.saturating_sub(slice.up_to(*us)) < rank);
        self.0.get(at).or(self.0.last()).map_or(0.0, |(us, _)| (*us as f64).ln())
    }

    /// The standard error of [`Self::log_quantile`] from order statistics.
    ///
    /// The number of samples below the true quantile is binomial, so the samples at ranks
    /// `n·p ± z·√(n·p·(1−p))` enclose it with the confidence of `z`, whatever the distribution
    /// (David and Nagaraja, *Order Statistics*, 3rd ed., 7.1); the error is the width of that
    /// interval over `2·z` (Woodruff 1952, *JASA* 47:635).
    fn order_error(&self, share: f64) -> f64 {
        let count = self.count() as f64;
        let reach = Z_TWO_SIDED * (count * share * (1.0 - share)).sqrt();
        let low = self.log_at_rank((count * share - reach).floor());
        let high = self.log_at_rank((count * share + reach).ceil());
        (high - low) / (2.0 * Z_TWO_SIDED)
    }

    /// The same from slices of time, by leaving out one after the other (the block jackknife,
    /// Künsch 1989, *Annals of Statistics* 17:1217): `√((B−1)/B · Σ(q₋ᵦ − q̄)²)`.
    ///
    /// Neighbouring samples resemble each other, which the ranks do not know. A stall of a second
    /// in a run of ten may be all there is beyond p95: without that slice the percentile is another.
    fn slice_error(&self, slices: &[Self], share: f64) -> f64 {
        if slices.len() < LEAST_SLICES {
            return 0.0;
        }
        let logs: Vec<f64> = slices.iter().map(|slice| self.log_quantile_without(slice, share)).collect();
        let count = logs.len() as f64;
        // The deviation divides by B − 1, the jackknife multiplies by it.
        deviation(&logs) * (count - 1.0) / count.sqrt()
    }
}

/// A percentile of a run, on logs of microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quantile {
    /// Its logarithm.
    pub(super) log: f64,
    /// The standard error of that: the larger of the one from order statistics and the one from
    /// slices of time.
    pub(super) error: f64,
    /// Whether there are enough samples to judge by it.
    pub(super) enough: bool,
}

/// How many samples a percentile needs to be compared; none are enough for the 100th.
pub(super) fn needed(percent: f64) -> u64 {
    let beyond = (BEYOND / (1.0 - percent / 100.0).max(f64::MIN_POSITIVE)).round();
    (beyond as u64).max(LEAST)
}

/// Percentiles (in percent) of the samples of all slices; `None` without any.
pub(super) fn quantiles<'t>(
    slices: impl Iterator<Item = &'t Distribution> + Clone,
    percentiles: &[f64],
) -> Vec<Option<Quantile>> {
    let mut all = Distribution::default();
    slices.clone().for_each(|slice| all.merge(slice));
    let all = all.ranks();
    let slices: Vec<Ranks> = slices.map(Distribution::ranks).filter(|slice| slice.count() > 0).collect();
    let of = |percent: &f64| {
        let share = percent / 100.0;
        Quantile {
            log: all.log_quantile(share),
            error: all.order_error(share).max(all.slice_error(&slices, share)),
            enough: all.count() >= needed(*percent),
        }
    };
    percentiles.iter().map(|percent| (all.count() > 0).then(|| of(percent))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantile(slices: &[Distribution], percent: f64) -> Option<Quantile> {
        quantiles(slices.iter(), &[percent])[0]
    }

    fn ranks(last: u64) -> Ranks {
        one_to(last).ranks()
    }

    fn one_to(last: u64) -> Distribution {
        let mut times = Distribution::default();
        (1..=last).for_each(|us| times.add(us, 1));
        times
    }

    fn near(seen: f64, expected: f64) {
        assert!((seen - expected).abs() < 1e-9, "{seen}, not {expected}");
    }

    #[test]
    fn a_percentile_is_the_time_that_share_took_at_most() {
        let times = ranks(100);
        near(times.log_quantile(0.5), 50_f64.ln());
        near(times.log_quantile(0.95), 95_f64.ln());
        near(times.log_quantile(1.0), 100_f64.ln());
        assert_eq!((times.at_rank(0), times.at_rank(1000)), (1, 100));
    }

    #[test]
    fn the_error_of_a_median_follows_from_two_ranks() {
        // n = 100, p = 0.5: 50 ± 1.96 · √25 = 40.2 and 59.8, so the ranks 40 and 60.
        near(ranks(100).order_error(0.5), (60_f64 / 40.0).ln() / (2.0 * 1.959_963_984_540_054));
        // n = 1000, p = 0.95: 950 ± 1.96 · √47.5 = 936.49 and 963.51, so the ranks 936 and 964.
        near(ranks(1000).order_error(0.95), (964_f64 / 936.0).ln() / (2.0 * 1.959_963_984_540_054));
    }

    #[test]
    fn slices_that_differ_widen_the_error() {
        let slice = |us| {
            let mut times = Distribution::default();
            times.add(us, 100_000);
            times
        };
        // Five slices of 100 µs to 500 µs. The 61st percentile of all is 400 µs. Without one of
        // the three quick ones it still is (of 400, 61 % are 244: the third), without the fourth
        // or the fifth it is 300 µs.
        let slices: Vec<_> = [100, 200, 300, 400, 500].map(slice).into();
        let seen = quantile(&slices, 61.0).expect("there are enough");
        near(seen.log, 400_f64.ln());
        // Σ(q − q̄)² of three and two that differ by d is 6/5 · d², so √(4/5 · 6/5) · ln(4/3).
        near(seen.error, (0.8 * 1.2_f64).sqrt() * (4.0 / 3.0_f64).ln());
        let alike: Vec<_> = [100; 6].map(slice).into();
        near(quantile(&alike, 50.0).expect("there are enough").error, 0.0);
    }

    #[test]
    fn leaving_out_a_slice_is_as_if_it_never_was() {
        let (early, late) = (one_to(60), one_to(90));
        let mut all = early.clone();
        all.merge(&late);
        for share in [0.01, 0.5, 0.95, 1.0] {
            near(all.ranks().log_quantile_without(&early.ranks(), share), late.ranks().log_quantile(share));
            near(all.ranks().log_quantile_without(&late.ranks(), share), early.ranks().log_quantile(share));
        }
    }

    #[test]
    fn a_percentile_needs_ten_samples_beyond_it() {
        assert_eq!((needed(50.0), needed(95.0), needed(99.0), needed(99.9)), (30, 200, 1000, 10_000));
        assert_eq!(needed(100.0), u64::MAX);
        let enough = |count| quantile(&[one_to(count)], 95.0).expect("there are samples").enough;
        assert!(!enough(199) && enough(200));
        assert!(quantile(&[], 95.0).is_none());
    }
}
