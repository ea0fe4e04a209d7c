//! The open model: when each iteration starts.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::{Segment, Stage, staged};
use crate::units::Rate;

/// Twice the area under a rate (in [`Rate::raw`] × nanoseconds) that one start takes. Twice,
/// because the area under a ramp is half of a whole number.
const START: u128 = 2 * 1_000_000 * 3_600_000_000_000;

/// A rate of starts over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// The rate from stage to stage; a constant rate is one stage that jumps and holds.
    pub stages: Vec<Stage<Rate>>,
    /// Whether it is written as `stages`.
    pub staged: bool,
    /// Whether gaps are drawn from an exponential distribution instead of being even.
    pub poisson: bool,
    /// How many iterations may run at once; one that would start beyond is dropped.
    pub max_users: u64,
}

impl Arrivals {
    pub(super) fn end(&self) -> Duration {
        self.stages.iter().map(|stage| stage.over + stage.hold).sum()
    }

    pub(super) fn segments(&self) -> Vec<Segment> {
        staged(self.stages.iter().map(|stage| Stage { target: stage.target.raw(), over: stage.over, hold: stage.hold }))
    }

    /// How many starts the whole schedule has; with Poisson gaps, how many it has on average.
    pub fn total(&self) -> u64 {
        let area: u128 = self.segments().iter().map(area).sum();
        u64::try_from(area.div_ceil(START)).unwrap_or(u64::MAX)
    }

    /// The highest rate.
    pub fn peak(&self) -> Rate {
        self.stages.iter().map(|stage| stage.target).max().unwrap_or_default()
    }

    /// Every start, in order of time. `seed` decides on Poisson gaps.
    pub fn times(&self, seed: u64) -> ArrivalTimes {
        ArrivalTimes {
            segments: self.segments(),
            segment: 0,
            before: 0,
            next: 0,
            gaps: self.poisson.then(|| Xoshiro256PlusPlus::seed_from_u64(seed)),
        }
        .first()
    }
}

/// Twice the area under a segment.
fn area(segment: &Segment) -> u128 {
    let length = segment.length.unwrap_or_default().as_nanos();
    (u128::from(segment.from) + u128::from(segment.to)) * length
}

/// The starts of an open model: start n, counted from 0, fires as soon as the area under the rate
/// exceeds n. So the first one comes when the rate begins, none comes while the rate is zero,
/// and a schedule with the area A has A starts, rounded up. Poisson gaps are the unit-rate
/// process put through the same curve (time rescaling).
#[derive(Clone, Debug)]
pub struct ArrivalTimes {
    segments: Vec<Segment>,
    segment: usize,
    /// Twice the area under the segments before.
    before: u128,
    /// Twice the area at which the next start fires.
    next: u128,
    gaps: Option<Xoshiro256PlusPlus>,
}

impl ArrivalTimes {
    fn first(mut self) -> Self {
        if self.gaps.is_some() {
            self.next = self.gap();
        }
        self
    }

    fn gap(&mut self) -> u128 {
        match &mut self.gaps {
            None => START,
            Some(random) => {
                let unit: f64 = random.random();
                (-(1.0 - unit).ln() * START as f64) as u128
            }
        }
    }
}

impl Iterator for ArrivalTimes {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        loop {
            let segment = self.segments.get(self.segment)?;
            let own = area(segment);
            if self.next >= self.before + own {
                self.before += own;
                self.segment += 1;
                continue;
            }
            let within = time_of(segment, self.next - self.before);
            let at = segment.start + within;
            self.next += self.gap();
            return Some(at);
        }
    }
}

/// When twice the area under a segment reaches `doubled`: exact under a constant rate; under a
/// ramp the root of a quadratic, in the form that loses no digits, good to a few nanoseconds.
fn time_of(segment: &Segment, doubled: u128) -> Duration {
    let nanos = if segment.from == segment.to {
        doubled / (2 * u128::from(segment.from)).max(1)
    } else {
        let length = segment.over.as_nanos() as f64;
        let (from, slope) = (segment.from as f64, (segment.to as f64 - segment.from as f64) / length);
        let doubled = doubled as f64;
        let root = (from * from + slope * doubled).max(0.0).sqrt();
        if from + root > 0.0 { (doubled / (from + root)).min(length) as u128 } else { 0 }
    };
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(rate: &str, over_ms: u64, hold_ms: u64) -> Stage<Rate> {
        Stage {
            target: crate::units::parse_rate(rate).expect(rate),
            over: Duration::from_millis(over_ms),
            hold: Duration::from_millis(hold_ms),
        }
    }

    fn arrivals(stages: Vec<Stage<Rate>>) -> Arrivals {
        Arrivals { stages, staged: true, poisson: false, max_users: 1000 }
    }

    fn micros(arrivals: &Arrivals) -> Vec<u128> {
        arrivals.times(1).map(|at| at.as_micros()).collect()
    }

    #[test]
    fn a_constant_rate_starts_evenly_and_loses_nothing() {
        let ten = arrivals(vec![stage("2/m", 0, 300_000)]);
        assert_eq!(micros(&ten), (0..10).map(|k| k * 30_000_000).collect::<Vec<_>>());
        let many = arrivals(vec![stage("340/s", 0, 1000)]);
        assert_eq!(micros(&many), (0..340).map(|k| k * 1_000_000 / 340).collect::<Vec<_>>());
        assert_eq!((ten.total(), many.total()), (10, 340));
        assert_eq!(arrivals(vec![stage("0.5/h", 0, 7_200_000)]).total(), 1);
    }

    #[test]
    fn a_ramp_starts_when_the_area_under_it_is_reached() {
        // 0 → 0.4/s over 10 s: the area is 0.02 t², so start 1 is at √50 s.
        let ramp = arrivals(vec![stage("0.4/s", 10_000, 0)]);
        assert_eq!(micros(&ramp), [0, 7_071_067]);
        // 10/s falling to 0 over 2 s: the area is 10 t − 2.5 t².
        let down = arrivals(vec![stage("10/s", 0, 0), stage("0/s", 2000, 0)]);
        let times = micros(&down);
        assert_eq!(times.len(), 10);
        for (n, at) in times.iter().enumerate() {
            let exact = 2.0 - (4.0 - 0.4 * n as f64).sqrt();
            assert!((*at as f64 / 1e6 - exact).abs() < 2e-6, "start {n} at {at} µs instead of {exact} s");
        }
    }

    #[test]
    fn nothing_starts_while_the_rate_is_zero() {
        let paused =
            arrivals(vec![stage("0/s", 0, 5000), stage("2/s", 0, 1000), stage("0/s", 0, 3000), stage("1/s", 0, 2000)]);
        assert_eq!(micros(&paused), [5_000_000, 5_500_000, 9_000_000, 10_000_000]);
    }

    #[test]
    fn remainders_are_carried_from_stage_to_stage() {
        // 1.5 + 1.5 = 3 starts, although neither stage holds a whole number.
        let halves = arrivals(vec![stage("1.5/s", 0, 1000), stage("0.5/s", 0, 3000)]);
        assert_eq!(micros(&halves), [0, 666_666, 2_000_000]);
        assert_eq!(halves.total(), 3);
    }

    #[test]
    fn poisson_gaps_have_the_mean_and_the_deviation_of_an_exponential() {
        let random = Arrivals { poisson: true, ..arrivals(vec![stage("1000/s", 0, 20_000)]) };
        let times = micros(&random);
        let gaps: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        // 20,000 draws: the mean's standard error is 0.7 %, the deviation's about 1 %.
        assert!((mean - 1000.0).abs() < 40.0, "the mean gap was {mean} µs");
        assert!((variance.sqrt() - 1000.0).abs() < 60.0, "the deviation was {} µs", variance.sqrt());
        assert_eq!(micros(&random), times, "the same seed gives the same arrivals");
    }

    #[test]
    fn a_long_ramp_keeps_every_start() {
        let day = arrivals(vec![stage("1000/s", 86_400_000, 0)]);
        assert_eq!(day.total(), 43_200_000);
        assert_eq!(day.times(1).take(1_000_000).count(), 1_000_000);
        let end = arrivals(vec![stage("5000/s", 2000, 0)]);
        let times: Vec<_> = end.times(1).collect();
        assert_eq!(times.len(), 5000);
        assert!(times.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(times.iter().all(|at| *at < Duration::from_secs(2)));
    }
}
