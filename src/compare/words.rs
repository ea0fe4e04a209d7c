//! Figures and changes in words.

use crate::document::{Figure, Judgement};
use crate::figures::{figure as shown, percent, points};
use crate::threshold::Unit;

/// What a sentence calls a figure.
fn name(metric: &str) -> &str {
    if metric == "error_rate" { "error rate" } else { metric }
}

/// `p95 rose from 120 ms to 158 ms`.
fn moved(figure: &Figure) -> String {
    let (base, new) = (figure.base.unwrap_or_default(), figure.new.unwrap_or_default());
    let (from, to) = (shown(base, figure.unit), shown(new, figure.unit));
    let name = name(&figure.metric);
    match (from == to, new > base) {
        (true, _) => format!("{name} stayed at {to}"),
        (false, true) => format!("{name} rose from {from} to {to}"),
        (false, false) => format!("{name} fell from {from} to {to}"),
    }
}

/// A time or a throughput. `tolerance` and `limit` are changes for the worse with their signs;
/// `small` is the difference in milliseconds below which none counts, where that was decisive.
pub(super) fn relative(mut figure: Figure, tolerance: f64, limit: f64, small: Option<f64>) -> Figure {
    let interval = interval(&figure, percent);
    // A change for the better is held against chance on its own side: on logs that is as far.
    let better =
        figure.change.is_some_and(|change| change != 0.0 && (change < 0.0) != (tolerance < 0.0 || limit < 0.0));
    let side = |change: f64| if better { -change / (1.0 + change) } else { change };
    let (tolerance, limit) = (if better { 0.0 } else { tolerance }, side(limit));
    let upto = if tolerance < 0.0 || limit < 0.0 { "down" } else { "up" };
    let (allowed, far) = (percent(tolerance), percent(limit));
    let tail = match figure.verdict {
        _ if small.is_some() => {
            format!("a difference of less than {} ms does not count (`--floor`)", small.unwrap_or_default())
        }
        Judgement::Inconclusive if figure.change.is_some_and(|change| change.abs() <= tolerance.abs()) => {
            format!("runs vary so much that {far} may be noise, so this is inconclusive")
        }
        Judgement::Inconclusive => {
            format!("this is more than the tolerated {allowed}, but runs vary so much that {far} may be noise")
        }
        _ if allowed == far => format!("{upto} to {allowed} is tolerated"),
        Judgement::Ok | Judgement::Improved | Judgement::Regressed | Judgement::Follows | Judgement::NotJudged => {
            format!("{upto} to {far} may be noise")
        }
    };
    figure.sentence = format!("{} ({interval}); {tail}", moved(&figure));
    figure
}

/// A share of failed samples. `tolerance` and `limit` are differences of shares.
pub(super) fn shares(mut figure: Figure, tolerance: f64, limit: f64) -> Figure {
    let interval = interval(&figure, points).replacen(',', " points,", 1);
    let (allowed, far) = (points(tolerance), points(limit));
    let tail = match figure.verdict {
        _ if figure.change.is_some_and(|change| change < 0.0) => {
            format!("down to {} points may be noise", points(-limit))
        }
        Judgement::Inconclusive => {
            format!("this is more than the tolerated {allowed} points, but with so few failures {far} may be noise")
        }
        _ if allowed == far => format!("up to {allowed} points is tolerated"),
        Judgement::Ok | Judgement::Improved | Judgement::Regressed | Judgement::Follows | Judgement::NotJudged => {
            format!("up to {far} points may be noise")
        }
    };
    figure.sentence = format!("{} ({interval}); {tail}", moved(&figure));
    figure
}

/// `+31%, 95% interval +24% … +39%`.
fn interval(figure: &Figure, format: fn(f64) -> String) -> String {
    let [change, low, high] =
        [figure.change, figure.change_low, figure.change_high].map(|one| format(one.unwrap_or_default()));
    format!("{change}, 95% interval {low} … {high}")
}

/// How many samples a run has of a figure in the part of the load that is compared.
#[derive(Clone, Copy)]
pub(super) struct Samples {
    /// In that part.
    pub(super) count: u64,
    /// In the rest of the load, where only its steady part is compared.
    pub(super) left_out: u64,
}

/// A figure that cannot be judged. `most` are the samples of the baseline run that has the most.
pub(super) fn too_few(mut figure: Figure, needed: u64, new: Samples, most: Option<Samples>) -> Figure {
    let name = name(&figure.metric);
    let count = |count: u64| shown(count as f64, Unit::Count);
    let steady = |samples: Samples, whose: &str| match samples.left_out {
        0 => String::new(),
        left_out => format!(" in {whose} steady part ({} in all)", count(samples.count.saturating_add(left_out))),
    };
    figure.sentence = if needed == u64::MAX {
        format!("{name} cannot be judged: no number of samples is enough")
    } else if new.count < needed {
        format!(
            "{name} cannot be judged: the new run has {} samples{}, {} are needed",
            count(new.count),
            steady(new, "its"),
            count(needed)
        )
    } else {
        let most = most.unwrap_or(Samples { count: 0, left_out: 0 });
        format!(
            "{name} cannot be judged: the baseline has {} samples{}, {} are needed",
            count(most.count),
            if most.left_out == 0 { " in a run".into() } else { steady(most, "a run's") },
            count(needed)
        )
    };
    figure.verdict = Judgement::Inconclusive;
    figure
}

/// A figure that is shown and not judged, with the reason.
pub(super) fn shown_only(mut figure: Figure, why: &str) -> Figure {
    figure.verdict = Judgement::NotJudged;
    figure.limit = None;
    figure.sentence = match (figure.base.zip(figure.new), figure.change) {
        (Some(_), Some(change)) => {
            let change = if figure.unit == Unit::Share { points(change) + " points" } else { percent(change) };
            format!("{} ({change}); {why}", moved(&figure))
        }
        _ => format!("{}: {why}", name(&figure.metric)),
    };
    figure
}

/// A figure that became worse because others did.
pub(super) fn follows(figure: &mut Figure, from: &[String]) {
    /// How many of them a sentence names.
    const NAMED: usize = 3;
    let more = if from.len() > NAMED { format!(" and {} more", from.len() - NAMED) } else { String::new() };
    let named = from.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let what = if figure.unit == Unit::Share { "failures of" } else { "slower" };
    figure.sentence.push_str(&format!("; this is caused by the {what} {named}{more}"));
    figure.verdict = Judgement::Follows;
    figure.follows_from = from.to_vec();
}

/// The change of a figure, short: `p95 +31%`, `error_rate +2.2 points`.
pub(super) fn short(figure: &Figure) -> String {
    let change = figure.change.unwrap_or_default();
    let change = if figure.unit == Unit::Share { points(change) + " points" } else { percent(change) };
    format!("{} {change}", name(&figure.metric))
}
