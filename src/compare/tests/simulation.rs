//! How often a comparison is wrong, on runs drawn at random: false alarms between runs of the same
//! target, and whether a slower sampler is found, and only that one.
//!
//! Every draw follows from a fixed seed, so the rates are always the same.

use rand::{Rng, RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::compare::evidence::Slices;
use crate::compare::times::Distribution;
use crate::compare::window::Window;
use crate::compare::{PERCENTILES, Summary, Tolerance, compare};
use crate::document::{Comparison, Judgement};

/// How long a run is, in seconds.
const SECONDS: u64 = 30;
/// The samplers and their usual response times, in milliseconds.
const SAMPLERS: [(&str, f64); 4] = [("GET /a", 30.0), ("GET /b", 50.0), ("GET /c", 120.0), ("POST /d", 400.0)];

/// How a target's response times behave. Deviations are those of the logarithm.
#[derive(Clone, Copy)]
struct SimulatedTarget {
    /// From run to run, of all samplers alike: another day, another neighbour.
    from_run_to_run: f64,
    /// From run to run, of a sampler alone.
    of_its_own: f64,
    /// How far a run drifts from its begin to its end.
    drift: f64,
    /// The deviation of a second from the others; neighbours resemble each other.
    of_a_second: f64,
    /// How much a second resembles the one before, 0 to 1.
    memory: f64,
    /// The deviation of a sample from its second.
    of_a_sample: f64,
    /// The share of samples in a heavy tail (Pareto with exponent 2).
    tail: f64,
    /// Samples a second of each sampler.
    rate: f64,
}

const CALM: SimulatedTarget = SimulatedTarget {
    from_run_to_run: 0.02,
    of_its_own: 0.01,
    drift: 0.0,
    of_a_second: 0.0,
    memory: 0.0,
    of_a_sample: 0.3,
    tail: 0.0,
    rate: 40.0,
};

fn normal(random: &mut impl Rng) -> f64 {
    // Box and Muller's transform.
    let (one, two): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - one).ln()).sqrt() * (std::f64::consts::TAU * two).cos()
}

/// A run, with one sampler slower by a factor.
fn run(target: &SimulatedTarget, slower: Option<(usize, f64)>, random: &mut Xoshiro256PlusPlus) -> Summary {
    let window = Window::seconds(SECONDS);
    let run = target.from_run_to_run * normal(random);
    let drift = target.drift * normal(random);
    let mut level = target.of_a_second * normal(random);
    let levels: Vec<f64> = (0..SECONDS)
        .map(|_| {
            let fresh = target.of_a_second * (1.0 - target.memory.powi(2)).sqrt() * normal(random);
            level = target.memory * level + fresh;
            level
        })
        .collect();
    let mut group = Slices::new(&window);
    let samplers: Vec<(&str, Slices)> = SAMPLERS
        .iter()
        .enumerate()
        .map(|(at, (title, ms))| {
            let own = target.of_its_own * normal(random);
            let factor = slower.filter(|(which, _)| *which == at).map_or(1.0, |(_, factor)| factor);
            let mut slices = Slices::new(&window);
            for second in 0..SECONDS {
                let along = drift * (second as f64 / SECONDS as f64 - 0.5);
                let median = ms * factor * (run + own + along + levels[second as usize]).exp();
                let count = (target.rate + target.rate.sqrt() * normal(random)).max(0.0) as u64;
                let mut times = Distribution::default();
                for _ in 0..count {
                    let mut time = median * (target.of_a_sample * normal(random)).exp();
                    if random.random::<f64>() < target.tail {
                        time /= (1.0 - random.random::<f64>()).sqrt();
                    }
                    // Three digits, as in a histogram.
                    let digits = 10_f64.powf((time * 1e3).log10().floor() - 2.0);
                    times.add(((time * 1e3 / digits).round() * digits) as u64, 1);
                }
                slices.add(second, count, 0, &times);
                group.add(second, count, 0, &Distribution::default());
            }
            (*title, slices)
        })
        .collect();
    Summary::made(&random.random::<u64>().to_string(), &samplers, &group, &PERCENTILES)
}

fn regressed(comparison: &Comparison) -> Vec<&str> {
    comparison.samplers.iter().filter(|line| line.verdict == Judgement::Regressed).map(|line| &*line.title).collect()
}

/// Rates over pairs of a baseline of this many runs and a new one.
struct Rates {
    /// Of comparisons of the same target that told a regression of anything.
    alarms: f64,
    /// Of comparisons with `GET /b` slower by 30 % that told a regression of it.
    found: f64,
    /// Of those, that told one of it and of nothing else.
    only: f64,
}

fn rates(target: &SimulatedTarget, runs: usize) -> Rates {
    const RUNS: usize = 120;
    /// The same runs in other pairs: fewer have to be drawn.
    const LAGS: usize = 6;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let same: Vec<Summary> = (0..RUNS).map(|_| run(target, None, &mut random)).collect();
    let slower: Vec<Summary> = (0..RUNS / 2).map(|_| run(target, Some((1, 1.3)), &mut random)).collect();
    let (mut alarms, mut found, mut only, mut pairs) = (0.0, 0.0, 0.0, 0.0);
    for begin in 0..RUNS - runs - LAGS {
        let base = &same[begin..begin + runs];
        for lag in 0..LAGS {
            let unchanged = compare(&same[begin + runs + lag], base, Tolerance::default());
            let changed = compare(&slower[(begin + 7 * lag) % slower.len()], base, Tolerance::default());
            let seen = regressed(&changed);
            let share = |yes: bool| f64::from(u8::from(yes));
            pairs += 1.0;
            alarms += share(unchanged.verdict == Judgement::Regressed);
            found += share(seen.contains(&"GET /b"));
            only += share(seen == ["GET /b"]);
        }
    }
    Rates { alarms: alarms / pairs, found: found / pairs, only: only / pairs }
}

#[expect(clippy::print_stdout, reason = "the rates are in docs/comparing.md")]
#[track_caller]
fn few_alarms_and_the_slower_one_is_found(name: &str, target: &SimulatedTarget) {
    for runs in [1, 3] {
        let Rates { alarms, found, only } = rates(target, runs);
        println!("{name}, {runs} in the baseline: alarms {alarms:.3}, found {found:.3}, only that one {only:.3}");
        assert!(alarms <= 0.05, "{name}, {runs} in the baseline: {alarms:.3} false alarms a pair");
        assert!(found >= 0.9, "{name}, {runs} in the baseline: found in {found:.3}");
        assert!(only >= 0.9, "{name}, {runs} in the baseline: found alone in {only:.3}");
    }
}

#[test]
fn under_drift() {
    few_alarms_and_the_slower_one_is_found("drift", &SimulatedTarget { drift: 0.1, ..CALM });
}

#[test]
fn under_autocorrelation() {
    let target = SimulatedTarget { of_a_second: 0.05, memory: 0.8, ..CALM };
    few_alarms_and_the_slower_one_is_found("autocorrelated", &target);
}

#[test]
fn with_widely_scattered_samples() {
    few_alarms_and_the_slower_one_is_found("lognormal", &SimulatedTarget { of_a_sample: 0.8, ..CALM });
}

#[test]
fn with_a_heavy_tail() {
    few_alarms_and_the_slower_one_is_found("heavy tail", &SimulatedTarget { tail: 0.05, ..CALM });
}

#[test]
fn with_all_of_it() {
    let target = SimulatedTarget { drift: 0.1, of_a_second: 0.03, memory: 0.8, of_a_sample: 0.5, tail: 0.02, ..CALM };
    few_alarms_and_the_slower_one_is_found("all of it", &target);
}
