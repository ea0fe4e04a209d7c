//! Single figures: compared on logs, judged against a limit, told in a sentence.

use super::Tolerance;
use super::evidence::{Evidence, LEAST_SAMPLES};
use super::statistics::{ENOUGH_RUNS, Level, Proportion, Reach, Z_TWO_SIDED, error_of_difference, mean};
use super::times::{Quantile, needed};
use super::words;
use crate::document::{Figure, Judgement};
use crate::threshold::Unit;

/// The natural logarithm of 2: figures that might double by chance say nothing.
const BLIND: f64 = std::f64::consts::LN_2;

/// A percentile (in percent), by a tolerated rise.
pub(super) fn time(percent: f64, new: &Evidence, base: &[&Evidence], tolerance: Tolerance, level: Level) -> Figure {
    let of = |evidence: &Evidence| evidence.percentile(percent);
    let mut figure = blank(&format!("p{percent}"), Unit::Milliseconds);
    figure.new_count = new.answered;
    figure.base_count = base.iter().fold(0, |all, one| all.saturating_add(one.answered));
    let Some(compared) = Compared::of(of(new), base.iter().map(|one| of(one)).collect(), &mut figure, level, 1e-3)
    else {
        let most = base.iter().max_by_key(|one| one.answered).copied();
        let counts =
            |evidence: &Evidence| words::Samples { count: evidence.answered, left_out: evidence.left_out.answered };
        return words::too_few(figure, needed(percent), counts(new), most.map(counts));
    };
    let floor_ms = tolerance.floor_ms;
    let tolerated = tolerance.share.ln_1p();
    let limit = tolerated.max(compared.reach.one_sided);
    let difference = compared.new - compared.base;
    figure.limit = Some(tidy((compared.base * limit.exp()).max(compared.base + floor_ms)));
    figure.verdict = verdict(compared.log_change, tolerated, limit);
    let blind = limit > BLIND && compared.base * limit.exp_m1() > floor_ms;
    if blind && figure.verdict == Judgement::Ok {
        figure.verdict = Judgement::Inconclusive;
    }
    let small = difference.abs() < floor_ms && figure.verdict != Judgement::Ok && !blind;
    if small {
        figure.verdict = Judgement::Ok;
    }
    words::relative(figure, tolerance.share, limit.exp_m1(), small.then_some(floor_ms))
}

/// Samples per second, by a tolerated drop as a share.
pub(super) fn throughput(new: &Evidence, base: &[&Evidence], tolerance: f64, level: Level) -> Figure {
    let mut figure = blank("throughput", Unit::PerSecond);
    counts(&mut figure, new, base);
    let runs = base.iter().map(|one| one.throughput).collect();
    let Some(compared) = Compared::of(new.throughput, runs, &mut figure, level, 1.0) else {
        return too_few_samples(figure, new, base);
    };
    let tolerated = -(-tolerance).ln_1p();
    let limit = tolerated.max(compared.reach.one_sided);
    figure.limit = Some(tidy(compared.base * (-limit).exp()));
    figure.verdict = verdict(-compared.log_change, tolerated, limit);
    if limit > BLIND && figure.verdict == Judgement::Ok {
        figure.verdict = Judgement::Inconclusive;
    }
    words::relative(figure, -tolerance, (-limit).exp_m1(), None)
}

/// The share of failed samples, by a tolerated rise as a difference of shares.
pub(super) fn error_rate(new: &Evidence, base: &[&Evidence], tolerance: f64, level: Level) -> Figure {
    let mut figure = blank("error_rate", Unit::Share);
    counts(&mut figure, new, base);
    let usable: Vec<Proportion> =
        base.iter().filter(|one| one.count >= LEAST_SAMPLES).filter_map(|one| one.errors).collect();
    figure.base_runs = usable.len();
    figure.new = new.errors.map(|errors| tidy(errors.share));
    let (Some(errors), false) = (new.errors.filter(|_| new.count >= LEAST_SAMPLES), usable.is_empty()) else {
        return too_few_samples(figure, new, base);
    };
    let pooled = Proportion::pooled(&usable);
    let change = errors.share - pooled.share;
    let shares: Vec<f64> = usable.iter().map(|one| one.share).collect();
    // Shares that differ from run to run by more than their counts explain reach further.
    let of_runs = if usable.len() >= ENOUGH_RUNS { Reach::of_runs(&shares) } else { Reach::NONE };
    let (low, _) = errors.difference(pooled, level.z);
    let reach = (change - low).max(of_runs.one_sided);
    let (low, high) = errors.difference(pooled, Z_TWO_SIDED);
    figure.base = Some(tidy(pooled.share));
    figure.change = Some(tidy(change));
    figure.change_low = Some(tidy(low.min(change - of_runs.two_sided)));
    figure.change_high = Some(tidy(high.max(change + of_runs.two_sided)));
    let limit = tolerance.max(reach);
    figure.limit = Some(tidy(pooled.share + limit));
    figure.verdict = verdict(change, tolerance, limit);
    words::shares(figure, tolerance, limit)
}

fn too_few_samples(figure: Figure, new: &Evidence, base: &[&Evidence]) -> Figure {
    let counts = |evidence: &Evidence| words::Samples { count: evidence.count, left_out: evidence.left_out.count };
    let most = base.iter().max_by_key(|one| one.count).copied();
    words::too_few(figure, LEAST_SAMPLES, counts(new), most.map(counts))
}

fn blank(metric: &str, unit: Unit) -> Figure {
    Figure {
        metric: metric.into(),
        unit,
        base: None,
        new: None,
        change: None,
        change_low: None,
        change_high: None,
        limit: None,
        base_count: 0,
        new_count: 0,
        base_runs: 0,
        verdict: Judgement::Inconclusive,
        follows_from: Vec::new(),
        sentence: String::new(),
    }
}

fn counts(figure: &mut Figure, new: &Evidence, base: &[&Evidence]) {
    figure.new_count = new.count;
    figure.base_count = base.iter().fold(0, |all, one| all.saturating_add(one.count));
}

/// A change for the worse, by what is tolerated and by what is neither tolerated nor chance.
fn verdict(worse: f64, tolerated: f64, limit: f64) -> Judgement {
    /// Differences this small come from rounding: a limit is not passed by them.
    const ROUNDING: f64 = 1e-9;
    match worse {
        _ if worse > limit + ROUNDING => Judgement::Regressed,
        _ if worse > tolerated + ROUNDING => Judgement::Inconclusive,
        _ if worse < -limit - ROUNDING => Judgement::Improved,
        _ => Judgement::Ok,
    }
}

/// Six decimal places, and finite whatever a damaged file holds.
fn tidy(value: f64) -> f64 {
    const MOST: f64 = 1e15;
    (value.clamp(-MOST, MOST) * 1e6).round() / 1e6
}

/// Two figures on logs.
struct Compared {
    base: f64,
    new: f64,
    log_change: f64,
    reach: Reach,
}

impl Compared {
    /// Writes what there is to show into the figure; `None` when samples are too few to judge.
    /// `scale` turns the logs' unit into the figure's.
    fn of(
        new: Option<Quantile>,
        runs: Vec<Option<Quantile>>,
        figure: &mut Figure,
        level: Level,
        scale: f64,
    ) -> Option<Self> {
        let all: Vec<f64> = runs.iter().flatten().map(|one| one.log).collect();
        let usable: Vec<Quantile> = runs.into_iter().flatten().filter(|one| one.enough).collect();
        let shown = |log: f64| log.exp() * scale;
        figure.new = new.map(|new| tidy(shown(new.log)));
        figure.base = (!all.is_empty()).then(|| tidy(shown(mean(&all))));
        figure.base_runs = usable.len();
        let new = new.filter(|new| new.enough && !usable.is_empty())?;
        let logs: Vec<f64> = usable.iter().map(|one| one.log).collect();
        let error = error_of_difference(new.error, &usable.iter().map(|one| one.error).collect::<Vec<_>>());
        let reach = match usable.len() {
            ENOUGH_RUNS.. => Reach::of_runs(&logs).at_least(error, level),
            runs => Reach::of_errors(error, runs, level),
        };
        let log_change = new.log - mean(&logs);
        figure.base = Some(tidy(shown(mean(&logs))));
        figure.change = Some(tidy(log_change.exp_m1()));
        figure.change_low = Some(tidy((log_change - reach.two_sided).exp_m1()));
        figure.change_high = Some(tidy((log_change + reach.two_sided).exp_m1()));
        Some(Self { base: shown(mean(&logs)), new: shown(new.log), log_change, reach })
    }
}
