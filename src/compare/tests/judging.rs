//! Single figures, against limits derived by hand.

use crate::compare::evidence::Evidence;
use crate::compare::statistics::{Level, Proportion};
use crate::compare::times::Quantile;
use crate::compare::{Tolerance, single_figure};
use crate::document::Judgement::{Improved, Inconclusive, Ok as Fine, Regressed};
use crate::document::{Figure, Judgement};

const ONE: fn() -> Level = || Level::shared(1);

/// A run with this p95 (in milliseconds) and throughput, known without error.
fn run(p95_ms: f64, throughput: f64) -> Evidence {
    let exact = |value: f64| Some(Quantile { log: value.ln(), error: 0.0, enough: true });
    Evidence {
        count: 10_000,
        answered: 10_000,
        errors: Proportion::of(&[(0, 10_000)]),
        percentiles: vec![(95.0, exact(p95_ms * 1e3))],
        throughput: exact(throughput),
        left_out: Default::default(),
    }
}

fn p95(base: &[f64], new: f64, tolerance: f64) -> Figure {
    let base: Vec<Evidence> = base.iter().map(|ms| run(*ms, 1.0)).collect();
    let tolerance = Tolerance { share: tolerance, ..Tolerance::default() };
    single_figure::time(95.0, &run(new, 1.0), &base.iter().collect::<Vec<_>>(), tolerance, ONE())
}

#[track_caller]
fn near(seen: Option<f64>, expected: f64) {
    let seen = seen.expect("it was judged");
    assert!((seen - expected).abs() < 1e-3 * expected.abs(), "{seen}, not {expected}");
}

#[test]
fn one_baseline_run_leaves_twelve_percent_to_chance() {
    // exp(1.645 · 0.05 · √2) = 1.1233
    near(p95(&[100.0], 100.0, 0.1).limit, 112.33);
    for (new, expected) in
        [(109.0, Fine), (111.0, Inconclusive), (113.0, Regressed), (100.0, Fine), (90.0, Fine), (88.0, Improved)]
    {
        assert_eq!(p95(&[100.0], new, 0.1).verdict, expected, "{new}");
    }
    // A tolerance that is wider than chance is the limit.
    assert_eq!(p95(&[100.0], 119.0, 0.2).verdict, Fine);
    assert_eq!(p95(&[100.0], 121.0, 0.2).verdict, Regressed);
}

#[test]
fn three_baseline_runs_set_the_limit_by_their_scatter() {
    // The logs are −0.05, 0 and 0.05 around ln 100, so s = 0.05: exp(2.92 · 0.05 · √(4/3)) = 1.1836.
    let base = [-0.05_f64, 0.0, 0.05].map(|log| 100.0 * log.exp());
    near(p95(&base, 100.0, 0.1).limit, 118.36);
    assert_eq!(p95(&base, 117.0, 0.1).verdict, Inconclusive);
    assert_eq!(p95(&base, 119.0, 0.1).verdict, Regressed);
    // Runs that are alike leave the tolerance alone.
    assert_eq!(p95(&[100.0; 3], 109.9, 0.1).verdict, Fine);
    assert_eq!(p95(&[100.0; 3], 110.1, 0.1).verdict, Regressed);
}

#[test]
fn less_than_five_milliseconds_do_not_count() {
    let small = p95(&[10.0], 14.9, 0.1);
    assert_eq!((small.verdict, small.limit), (Fine, Some(15.0)));
    assert!(
        small.sentence.ends_with("a difference of less than 5 ms does not count (`--floor`)"),
        "{}",
        small.sentence
    );
    assert_eq!(p95(&[10.0], 15.1, 0.1).verdict, Regressed);
}

#[test]
fn sentences_are_plain() {
    assert_eq!(
        p95(&[120.0], 158.0, 0.2).sentence,
        "p95 rose from 120 ms to 158 ms (+32%, 95% interval +15% … +51%); up to +20% is tolerated"
    );
    assert_eq!(
        p95(&[100.0], 111.0, 0.1).sentence,
        "p95 rose from 100 ms to 111 ms (+11%, 95% interval -3.4% … +28%); this is more than the tolerated +10%, but runs vary so much that +12% may be noise"
    );
}

#[test]
fn throughput_is_judged_downwards() {
    let judged =
        |base: f64, new: f64| single_figure::throughput(&run(1.0, new), &[&run(1.0, base)], 0.1, ONE()).verdict;
    // exp(−1.645 · 0.05 · √2) = 0.8902
    for (new, expected) in [(100.0, Fine), (90.5, Fine), (89.5, Inconclusive), (88.5, Regressed), (113.0, Improved)] {
        assert_eq!(judged(100.0, new), expected, "{new}");
    }
}

#[test]
fn error_rates_are_judged_by_the_difference_of_shares() {
    let with = |failed: u64, count: u64| {
        let slices: Vec<(u64, u64)> = (0..10).map(|_| (failed / 10, count / 10)).collect();
        Evidence { count, errors: Proportion::of(&slices), ..run(1.0, 1.0) }
    };
    let judged = |base: (u64, u64), new: (u64, u64), tolerance: f64| -> Judgement {
        single_figure::error_rate(&with(new.0, new.1), &[&with(base.0, base.1)], tolerance, ONE()).verdict
    };
    // 0.4 points more are tolerated, a whole point is not.
    assert_eq!(judged((0, 10_000), (40, 10_000), 0.005), Fine);
    assert_eq!(judged((0, 10_000), (100, 10_000), 0.005), Regressed);
    // Without a tolerance the 40 failures are no chance: Wilson's lower end is 0.31%, the upper end of none 0.03%.
    assert_eq!(judged((0, 10_000), (40, 10_000), 0.0), Regressed);
    // From 5% to 6% of 1000 may be chance: √(0.0108² + 0.0124²) = 1.6 points.
    assert_eq!(judged((50, 1000), (60, 1000), 0.005), Inconclusive);
    assert_eq!(judged((100, 1000), (0, 1000), 0.005), Improved);
    let few = single_figure::error_rate(&with(0, 20), &[&with(0, 1000)], 0.005, ONE());
    assert_eq!(few.verdict, Inconclusive);
    assert_eq!(few.sentence, "error rate cannot be judged: the new run has 20 samples, 30 are needed");
}

#[test]
fn regression_an_improvement_is_held_against_chance_on_its_own_side() {
    // The limit of one baseline run is a rise by 12.33 %; on logs a fall by 1 − 1/1.1233 = 10.98 % is as far.
    let fell = p95(&[100.0], 13.0, 0.1);
    assert_eq!(fell.verdict, Improved);
    assert!(fell.sentence.starts_with("p95 fell from 100 ms to 13 ms"), "{}", fell.sentence);
    assert!(fell.sentence.ends_with("down to -11% may be noise"), "{}", fell.sentence);
    let rose = p95(&[100.0], 150.0, 0.1);
    assert!(rose.sentence.ends_with("up to +12% may be noise"), "{}", rose.sentence);
}

#[test]
fn regression_a_lower_floor_finds_a_threefold_rise_on_a_fast_target() {
    let with = |floor_ms: f64| {
        let tolerance = Tolerance { floor_ms, ..Tolerance::default() };
        single_figure::time(95.0, &run(3.0, 1.0), &[&run(1.0, 1.0)], tolerance, ONE()).verdict
    };
    assert_eq!(with(5.0), Fine);
    assert_eq!(with(0.5), Regressed);
}

#[test]
fn regression_samples_outside_of_the_steady_part_are_not_denied() {
    let mut new = run(100.0, 1.0);
    (new.count, new.answered) = (0, 0);
    new.percentiles[0].1 = None;
    new.left_out.answered = 40;
    let figure = single_figure::time(95.0, &new, &[&run(100.0, 1.0)], Tolerance::default(), ONE());
    assert_eq!(
        figure.sentence,
        "p95 cannot be judged: the new run has 0 samples in its steady part (40 in all), 200 are needed"
    );
}
