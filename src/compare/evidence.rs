//! What a run tells of a line: counts and times by slice, and the figures they come to.

use super::statistics::{Proportion, deviation, mean};
use super::times::{Distribution, Quantile, quantiles};
use super::window::Window;

/// Slices the scatter of throughput needs.
const LEAST_SLICES: usize = 5;
/// Samples a throughput or a share of failed ones needs.
pub(super) const LEAST_SAMPLES: u64 = 30;

/// A line's samples by slice of a window.
#[derive(Clone, Debug)]
pub(super) struct Slices {
    window: Window,
    cuts: Vec<Cut>,
}

#[derive(Clone, Debug, Default)]
struct Cut {
    count: u64,
    failed: u64,
    times: Distribution,
}

impl Slices {
    pub(super) fn new(window: &Window) -> Self {
        Self { window: *window, cuts: vec![Cut::default(); window.cuts() as usize] }
    }

    /// Adds the samples of a slice of the timeline; those outside of the window are omitted.
    pub(super) fn add(&mut self, t_s: u64, count: u64, failed: u64, times: &Distribution) {
        let Some(cut) = self.window.cut(t_s).and_then(|at| self.cuts.get_mut(at)) else { return };
        cut.count = cut.count.saturating_add(count);
        cut.failed = cut.failed.saturating_add(failed.min(count));
        cut.times.merge(times);
    }

    /// The figures, with these percentiles (in percent).
    pub(super) fn evidence(&self, percentiles: &[f64]) -> Evidence {
        let count = self.cuts.iter().fold(0_u64, |all, cut| all.saturating_add(cut.count));
        let pairs: Vec<(u64, u64)> = self.cuts.iter().map(|cut| (cut.failed, cut.count)).collect();
        let times = || self.cuts.iter().map(|cut| &cut.times);
        Evidence {
            count,
            answered: times().fold(0_u64, |all, times| all.saturating_add(times.count())),
            errors: Proportion::of(&pairs),
            percentiles: percentiles.iter().copied().zip(quantiles(times(), percentiles)).collect(),
            throughput: self.throughput(count),
            left_out: LeftOut::default(),
        }
    }

    /// Samples per second, on a log; its error is the scatter of the slices' rates.
    fn throughput(&self, count: u64) -> Option<Quantile> {
        let seconds = self.window.seconds;
        if count == 0 || seconds <= 0.0 || !seconds.is_finite() {
            return None;
        }
        let rates: Vec<f64> =
            self.cuts.iter().enumerate().map(|(at, cut)| cut.count as f64 / self.window.width(at).max(1.0)).collect();
        let error = match rates.len() {
            many if many >= LEAST_SLICES => deviation(&rates) / mean(&rates) / (many as f64).sqrt(),
            _ => 0.0,
        };
        Some(Quantile { log: (count as f64 / seconds).ln(), error, enough: count >= LEAST_SAMPLES })
    }
}

/// The figures of a line in a part of a run's load.
#[derive(Clone, Debug)]
pub(super) struct Evidence {
    /// Samples.
    pub(super) count: u64,
    /// Those with a response time.
    pub(super) answered: u64,
    /// The failed ones among them; `None` without any sample.
    pub(super) errors: Option<Proportion>,
    /// Percentiles (in percent) of the response times; `None` where samples are too few.
    pub(super) percentiles: Vec<(f64, Option<Quantile>)>,
    /// Samples per second, on a log.
    pub(super) throughput: Option<Quantile>,
    /// What the part leaves out of the whole load; nothing for the whole itself.
    pub(super) left_out: LeftOut,
}

/// Samples of a line outside of the part of the load that is compared.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LeftOut {
    /// Samples.
    pub(super) count: u64,
    /// Those with a response time.
    pub(super) answered: u64,
}

impl Evidence {
    /// The same, as a part of the whole load.
    pub(super) fn part_of(mut self, whole: &Self) -> Self {
        self.left_out = LeftOut {
            count: whole.count.saturating_sub(self.count),
            answered: whole.answered.saturating_sub(self.answered),
        };
        self
    }

    pub(super) fn percentile(&self, percent: f64) -> Option<Quantile> {
        self.percentiles.iter().find(|(known, _)| (known - percent).abs() < 1e-9).and_then(|(_, quantile)| *quantile)
    }
}
