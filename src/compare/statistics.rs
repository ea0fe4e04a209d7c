//! The formulas: quantiles of distributions, prediction limits, intervals of proportions.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// The chance of a false alarm where runs scatter so much that chance alone sets the limits.
pub(super) const ALPHA: f64 = 0.05;
/// The 95th percentile of the normal distribution: one side with [`ALPHA`].
pub(super) const Z_ONE_SIDED: f64 = 1.644_853_626_951_472_2;
/// Its 97.5th percentile: both sides with [`ALPHA`].
pub(super) const Z_TWO_SIDED: f64 = 1.959_963_984_540_054;
/// How much the same figure differs from run to run although nothing changed, as the standard
/// deviation of its logarithm: what one or two runs cannot tell of themselves.
pub(super) const NOISE: f64 = 0.05;
/// From this many baseline runs on their own scatter is used in place of [`NOISE`].
pub(super) const ENOUGH_RUNS: usize = 3;

/// A quantile of Student's t distribution with this many degrees of freedom.
pub(super) fn t_quantile(freedom: usize, probability: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom.max(1) as f64).map_or(f64::MAX, |t| t.inverse_cdf(probability))
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The standard deviation of a sample; 0 of fewer than two values.
pub(super) fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = mean(values);
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

/// How many figures share the chance of a false alarm.
///
/// Sampling errors of different figures are independent draws: of forty p99 with a chance of 5 %
/// each, two would be false alarms. So each gets `1 − (1−α)^(1/m)` of it (Šidák 1967, *JASA* 62:626).
/// Scatter from run to run is no such draw: a slow machine slows every figure of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Level {
    /// The quantile of the normal distribution for one of the figures, to one side.
    pub(super) z: f64,
}

impl Level {
    /// Shared by this many figures.
    pub(super) fn shared(figures: usize) -> Self {
        if figures <= 1 {
            return Self { z: Z_ONE_SIDED };
        }
        let each = 1.0 - (1.0 - ALPHA).powf(1.0 / figures as f64);
        Self { z: Normal::new(0.0, 1.0).map_or(f64::MAX, |normal| normal.inverse_cdf(1.0 - each)) }
    }
}

/// How far a new value may lie from the mean of the baseline runs by chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Reach {
    /// To one side: what a regression has to exceed.
    pub(super) one_sided: f64,
    /// To either side, for the 95 % interval of this value alone.
    pub(super) two_sided: f64,
}

impl Reach {
    /// No further than where it is.
    pub(super) const NONE: Self = Self { one_sided: 0.0, two_sided: 0.0 };

    /// From the scatter `s` of `K` baseline runs: `t(K−1)·s·√(1+1/K)`, the prediction interval of
    /// one more value of the same normal distribution (Hahn and Meeker, *Statistical Intervals*, 4.7).
    pub(super) fn of_runs(values: &[f64]) -> Self {
        let runs = values.len();
        let spread = deviation(values) * (1.0 + 1.0 / runs as f64).sqrt();
        Self {
            one_sided: t_quantile(runs - 1, 1.0 - ALPHA) * spread,
            two_sided: t_quantile(runs - 1, 1.0 - ALPHA / 2.0) * spread,
        }
    }

    /// From the standard error of a difference, `√(SE_new² + SE_base²)`, and an assumed scatter
    /// between runs, since one or two runs cannot tell theirs: `√((z·SE)² + (1.645·noise)²·(1+1/K))`.
    pub(super) fn of_errors(error: f64, runs: usize, level: Level) -> Self {
        let noise = NOISE * (1.0 + 1.0 / runs as f64).sqrt();
        Self { one_sided: (level.z * error).hypot(Z_ONE_SIDED * noise), two_sided: Z_TWO_SIDED * error.hypot(noise) }
    }

    /// At least as far as samples alone scatter: the runs of a small baseline may resemble each
    /// other by luck.
    pub(super) fn at_least(self, error: f64, level: Level) -> Self {
        Self { one_sided: self.one_sided.max(level.z * error), two_sided: self.two_sided.max(Z_TWO_SIDED * error) }
    }
}

/// The standard error of the difference between a new value and the mean of others.
pub(super) fn error_of_difference(new: f64, base: &[f64]) -> f64 {
    let of_mean = base.iter().map(|error| error.powi(2)).sum::<f64>() / (base.len().max(1) as f64).powi(2);
    (new.powi(2) + of_mean).sqrt()
}

/// A share of failed samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Proportion {
    /// The share.
    pub(super) share: f64,
    /// How many independent samples tell as much: fewer than there are when failures come in clusters.
    pub(super) effective: f64,
}

impl Proportion {
    /// From the failed and all samples of each slice.
    ///
    /// Failures come in clusters (a stall, a restart), so the variance between slices, not the
    /// binomial one, says how many samples there are in effect: `n / deff` with
    /// `deff = B/(B−1)·Σ(f_b − p·n_b)² / (n·p·(1−p))`, at least 1 (Rao and Scott 1992, *Biometrics* 48:577).
    pub(super) fn of(slices: &[(u64, u64)]) -> Option<Self> {
        let failed: f64 = slices.iter().map(|slice| slice.0 as f64).sum();
        let count: f64 = slices.iter().map(|slice| slice.1 as f64).sum();
        if count < 1.0 {
            return None;
        }
        let share = (failed / count).clamp(0.0, 1.0);
        let used = slices.iter().filter(|slice| slice.1 > 0).count() as f64;
        let binomial = count * share * (1.0 - share);
        let between: f64 = slices.iter().map(|(failed, all)| (*failed as f64 - share * *all as f64).powi(2)).sum();
        let design = if binomial > 0.0 && used > 1.0 { used / (used - 1.0) * between / binomial } else { 1.0 };
        Some(Self { share, effective: count / design.max(1.0) })
    }

    /// Several runs as one.
    pub(super) fn pooled(runs: &[Self]) -> Self {
        let effective: f64 = runs.iter().map(|run| run.effective).sum();
        let share = runs.iter().map(|run| run.share * run.effective).sum::<f64>() / effective.max(f64::MIN_POSITIVE);
        Self { share, effective }
    }

    /// Wilson's score interval (Wilson 1927, *JASA* 22:209).
    pub(super) fn wilson(self, z: f64) -> (f64, f64) {
        let (share, count) = (self.share, self.effective);
        let square = z * z / count;
        let centre = (share + square / 2.0) / (1.0 + square);
        let half = z / (1.0 + square) * (share * (1.0 - share) / count + square / (4.0 * count)).sqrt();
        ((centre - half).max(0.0), (centre + half).min(1.0))
    }

    /// The interval of `self − base` from the score intervals of both (Newcombe 1998,
    /// *Statistics in Medicine* 17:873, method 10).
    pub(super) fn difference(self, base: Self, z: f64) -> (f64, f64) {
        let ((low, high), (base_low, base_high)) = (self.wilson(z), base.wilson(z));
        let difference = self.share - base.share;
        (
            difference - ((self.share - low).powi(2) + (base_high - base.share).powi(2)).sqrt(),
            difference + ((high - self.share).powi(2) + (base.share - base_low).powi(2)).sqrt(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(seen: f64, expected: f64, within: f64) {
        assert!((seen - expected).abs() < within, "{seen}, not {expected}");
    }

    #[test]
    fn quantiles_of_student_are_those_of_the_tables() {
        for (freedom, probability, expected) in [
            (1, 0.95, 6.3138),
            (2, 0.95, 2.9200),
            (2, 0.975, 4.3027),
            (4, 0.95, 2.1318),
            (9, 0.975, 2.2622),
            (29, 0.95, 1.6991),
        ] {
            near(t_quantile(freedom, probability), expected, 1e-4);
        }
    }

    #[test]
    fn three_runs_reach_as_far_as_they_scatter() {
        // Mean 4, deviation √((1 + 0 + 1) / 2) = 1: t(2, 0.95) · √(4/3) = 2.92 · 1.1547.
        let reach = Reach::of_runs(&[3.0, 4.0, 5.0]);
        near(reach.one_sided, 3.3717, 1e-3);
        near(reach.two_sided, 4.3027 * 1.1547, 1e-3);
        near(Reach::of_runs(&[2.0; 5]).one_sided, 0.0, 1e-12);
    }

    #[test]
    fn one_run_reaches_as_far_as_errors_and_assumed_noise() {
        let one = Level::shared(1);
        near(error_of_difference(0.03, &[0.04]), 0.05, 1e-12);
        // √(0.03² + 0.04² + 2 · 0.05²) = √0.0075
        near(Reach::of_errors(0.05, 1, one).one_sided, 1.644_854 * 0.0075_f64.sqrt(), 1e-6);
        // Two runs: their mean has half the variance, and so has a mean of two noises.
        let error = error_of_difference(0.03, &[0.04, 0.04]);
        let two = Reach::of_errors(error, 2, one);
        near(two.one_sided, 1.644_854 * (0.0009 + 0.0008 + 1.5 * 0.0025_f64).sqrt(), 1e-6);
        near(two.two_sided / two.one_sided, 1.959_964 / 1.644_854, 1e-6);
        // Without any error of their own, 5% noise sets the limit at +12.3%.
        near(Reach::of_errors(0.0, 1, one).one_sided.exp(), 1.1233, 1e-4);
    }

    #[test]
    fn figures_share_the_chance_of_a_false_alarm() {
        near(Level::shared(1).z, 1.644_854, 1e-6);
        // 1 − 0.95^(1/10) = 0.005116, and the normal distribution has that much beyond 2.5679.
        near(Level::shared(10).z, 2.5679, 1e-3);
        // Only what is drawn again for each figure counts more than once.
        near(
            Reach::of_errors(0.0, 1, Level::shared(100)).one_sided,
            Reach::of_errors(0.0, 1, Level::shared(1)).one_sided,
            1e-12,
        );
        let alike = Reach::of_runs(&[1.0; 3]).at_least(0.1, Level::shared(10));
        near(alike.one_sided, 0.25679, 1e-4);
    }

    #[test]
    fn intervals_of_shares_are_those_of_the_papers() {
        // Wilson's interval for 81 of 263 (Newcombe 1998, *Statistics in Medicine* 17:857, table I).
        let (low, high) = Proportion { share: 81.0 / 263.0, effective: 263.0 }.wilson(Z_TWO_SIDED);
        near(low, 0.2553, 1e-4);
        near(high, 0.3662, 1e-4);
        // The difference of 56/70 and 48/80 (Newcombe 1998, 17:873, table II, example a).
        let one = Proportion { share: 56.0 / 70.0, effective: 70.0 };
        let two = Proportion { share: 48.0 / 80.0, effective: 80.0 };
        let (low, high) = one.difference(two, Z_TWO_SIDED);
        near(low, 0.0524, 1e-4);
        near(high, 0.3339, 1e-4);
    }

    #[test]
    fn clustered_failures_count_for_fewer_samples() {
        // Spread evenly: no more variance than a coin has.
        let even = Proportion::of(&[(1, 100); 10]).expect("there are samples");
        near(even.share, 0.01, 1e-12);
        near(even.effective, 1000.0, 1e-9);
        // All ten in one slice: 10/9 · (9² + 9 · 1²) / (1000 · 0.01 · 0.99) = 100/9.9.
        let mut slices = vec![(0, 100); 9];
        slices.push((10, 100));
        near(Proportion::of(&slices).expect("there are samples").effective, 99.0, 1e-9);
        assert_eq!(Proportion::of(&[]), None);
        near(Proportion::of(&[(0, 50), (0, 50)]).expect("there are samples").effective, 100.0, 1e-9);
    }
}
