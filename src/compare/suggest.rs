//! Thresholds suggested from a run: its own figures with the margin by which another run of the same target may differ.
//!
//! The margin is the limit that a comparison with this one run would use (`docs/comparing.md`): the standard error of
//! the figure, of the new run and of this one, and the scatter from run to run that is assumed of a single run.

use std::path::Path;

use super::against::Tolerance;
use super::evidence::Evidence;
use super::statistics::{Level, NOISE, Reach, error_of_difference};
use super::summary::{LineKind, Summary};
use super::times::{Quantile, needed};
use crate::document::{Document, LoadWindow, Stats};
use crate::figures::{count, ms, per_second, percent, share};
use crate::problem::Problem;
use crate::sanitize::{defused, inline};

/// The percentiles that limits are suggested for, in percent.
const SUGGESTED: [f64; 2] = [95.0, 99.0];
/// How much the share of failed requests may rise beyond what was seen, as a difference of shares.
const ERRORS: f64 = 0.005;
/// A margin beyond a doubling, on a log: the figure says little.
const BLIND: f64 = std::f64::consts::LN_2;
/// How many requests get thresholds of their own.
const REQUESTS: usize = 200;
/// The places of comments, in characters from the beginning of the line.
const COMMENT: usize = 30;

/// A threshold, and how it was derived.
struct Suggestion {
    /// As a plan has it.
    text: String,
    because: String,
    /// In the unit of its figure.
    limit: f64,
}

/// YAML with thresholds that the run passes, ready to be put into its plan: those of the whole run as they are, those
/// of single requests as comments that say where they belong.
///
/// # Errors
/// When the run measured nothing, or its timeline is damaged.
pub fn suggested_thresholds(document: &Document<'_>, file: &Path) -> Result<String, Problem> {
    let nothing = |why: String| Problem::new(why, "name the results of a run that sent requests for a minute or more");
    if document.nothing_measured() || document.totals.count == 0 {
        let (shown, why) = (file.display(), inline(&document.verdict.summary));
        return Err(nothing(format!("{shown} holds no figures to suggest thresholds from: {why}")));
    }
    let summary = super::summary_of(document, file, &SUGGESTED)?;
    let requests: Vec<_> = summary
        .lines
        .iter()
        .filter(|line| matches!(line.key.kind, LineKind::Sampler | LineKind::Transaction))
        .map(|line| (line, line.evidence(LoadWindow::Whole)))
        .collect();
    let run = summary.lines.iter().find(|line| line.key.kind == LineKind::Run);
    let Some(run) = run.map(|line| line.evidence(LoadWindow::Whole)) else {
        return Err(nothing(format!("{} holds no figures of the whole run", file.display())));
    };
    // All of them are judged together in every run to come.
    let level = Level::shared(requests.len().min(REQUESTS) + SUGGESTED.len() + 2);
    let mut out = head(document, file);
    out.push_str("thresholds:\n");
    let mut of_run = of_run(run, &document.totals, level);
    out.extend(of_run.drain(..).map(|one| line("  - ", &one)));
    for percent in SUGGESTED.iter().filter(|percent| !enough(run, **percent)) {
        let (seen, needed) = (count(run.answered), count(needed(*percent)));
        out.push_str(&format!("  # p{percent}: needs {needed} requests, this run has {seen}\n"));
    }
    out.push_str(&of_requests(document, &summary, level));
    Ok(out)
}

fn head(document: &Document<'_>, file: &Path) -> String {
    let shown = |text: &str| defused(&inline(text));
    let mut lines = vec![format!(
        "# Thresholds for `{}` from {} ({}, {} requests).",
        shown(&document.plan.name),
        shown(&file.to_string_lossy()),
        shown(&document.run.started_at),
        count(document.totals.count),
    )];
    if let Some(profile) = &document.run.profile {
        lines.push(format!(
            "# The run had the profile `{}`: they are limits for that load only, so put them into the profile.",
            shown(profile)
        ));
    }
    if !document.verdict.passed {
        let why = shown(&document.verdict.summary);
        lines.push(format!("# This run FAILED ({why}): its limits allow what went wrong. Fix that first."));
    }
    if !document.generator.kept_up {
        lines.push("# The load generator could not keep up: the times may be too high.".into());
    }
    lines.push(format!(
        "# Each limit is what this run came to plus what another run of the same target may differ by: the standard error\n\
         # of the figure in both runs, and {} of scatter from run to run. Limits for your users come from what they\n\
         # need; these tell you when the target has changed.",
        share(NOISE)
    ));
    lines.push("# Put this at the end of the plan; where it has `thresholds:` already, replace those.".into());
    lines.join("\n") + "\n"
}

/// A list item with its comment, or what takes one line.
fn line(lead: &str, suggestion: &Suggestion) -> String {
    let text = format!("{lead}{}", suggestion.text);
    format!("{text:<COMMENT$} # {}\n", suggestion.because)
}

fn enough(evidence: &Evidence, percent: f64) -> bool {
    evidence.percentile(percent).is_some_and(|quantile| quantile.enough)
}

fn of_run(run: &Evidence, totals: &Stats, level: Level) -> Vec<Suggestion> {
    let times = totals.response_time.as_ref();
    let judged = [times.map(|times| times.p95_ms), times.map(|times| times.p99_ms)];
    let of = |at: usize| time(SUGGESTED[at], run.percentile(SUGGESTED[at])?, judged[at], level);
    let (p95, p99) = (of(0), of(1));
    // No more than p99's: p95 never exceeds it.
    let p95 = p95.map(|one| match &p99 {
        Some(higher) if higher.limit < one.limit => Suggestion {
            text: format!("p{} < {}", SUGGESTED[0], written_ms(higher.limit)),
            because: format!("{}, but p99 is nearer", one.because),
            limit: higher.limit,
        },
        Some(_) | None => one,
    });
    let mut all: Vec<Suggestion> = p95.into_iter().chain(p99).collect();
    all.extend(errors(run, totals, level));
    all.extend(throughput(run, totals, level));
    all
}

/// How far another run may lie from this one, on a log.
fn reach(error: f64, level: Level) -> f64 {
    Reach::of_errors(error_of_difference(error, &[error]), 1, level).one_sided.max(Tolerance::default().share.ln_1p())
}

/// A limit on a percentile; `judged` is the figure that a threshold looks at.
fn time(percent: f64, quantile: Quantile, judged: Option<f64>, level: Level) -> Option<Suggestion> {
    if !quantile.enough {
        return None;
    }
    let seen = (quantile.log.exp() / 1e3).max(judged.unwrap_or(0.0));
    let reach = reach(quantile.error, level);
    let floor = Tolerance::default().floor_ms;
    let limit = rounded_up((seen * reach.exp()).max(seen + floor));
    let because = if seen * reach.exp_m1() < floor {
        format!("observed {}; {floor} ms more, the least difference that counts", ms(seen))
    } else {
        let wide = if reach > BLIND { ", so run longer" } else { "" };
        let error = error_and_noise(quantile.error);
        format!("observed {}; {} more: {error}{wide}", ms(seen), margin(reach.exp_m1()))
    };
    Some(Suggestion { text: format!("p{percent} < {}", written_ms(limit)), because, limit })
}

/// A limit on a time as a plan has it.
fn written_ms(limit: f64) -> String {
    if limit < 10_000.0 { format!("{limit}ms") } else { format!("{}s", limit / 1e3) }
}

/// `its standard error is 9%`.
fn error_and_noise(error: f64) -> String {
    match error {
        // Less than five slices of time do not tell it.
        0.0 => "the run is too short to tell its standard error".into(),
        _ => format!("its standard error is {}", share(error.exp_m1())),
    }
}

/// `24%`.
fn margin(share: f64) -> String {
    percent(share).trim_start_matches('+').to_owned()
}

/// A limit on the share of failed requests.
fn errors(evidence: &Evidence, stats: &Stats, level: Level) -> Option<Suggestion> {
    let (_, high) = evidence.errors?.wilson(level.z);
    let seen = stats.error_rate.unwrap_or(0.0);
    let limit = rounded_up(high.max(seen + ERRORS) * 100.0);
    if limit >= 100.0 {
        return None;
    }
    let why = if high > seen + ERRORS { "too few requests for a closer limit" } else { "half a percentage point more" };
    let because = format!("{} of {} failed; {why}", count(stats.failed), count(stats.count));
    Some(Suggestion { text: format!("error_rate < {limit}%"), because, limit: limit / 100.0 })
}

/// A limit on the requests per second.
fn throughput(evidence: &Evidence, stats: &Stats, level: Level) -> Option<Suggestion> {
    let quantile = evidence.throughput.filter(|quantile| quantile.enough)?;
    let seen = stats.throughput_per_s?.min(quantile.log.exp());
    let reach = reach(quantile.error, level);
    let limit = rounded_down(seen * (-reach).exp());
    let fewer = margin(-(-reach).exp_m1());
    let because = format!(
        "observed {}; {fewer} less: {}; under this load only",
        per_second(seen),
        error_and_noise(quantile.error)
    );
    (limit > 0.0).then(|| Suggestion { text: format!("throughput > {limit}/s"), because, limit })
}

/// Thresholds of single requests and transactions, as comments: each belongs beside the keys of its request.
fn of_requests(document: &Document<'_>, summary: &Summary, level: Level) -> String {
    let stats = document.samplers.iter().chain(document.transactions.iter());
    let mut lines = Vec::new();
    let mut few = 0;
    for of in stats {
        let same = |line: &&super::summary::Line| {
            line.key.title == of.title()
                && line.key.thread_group == of.thread_group
                && matches!(line.key.kind, LineKind::Sampler | LineKind::Transaction)
        };
        // Setup and teardown happen once.
        let Some(line) = summary.lines.iter().find(same) else { continue };
        let evidence = line.evidence(LoadWindow::Whole);
        let judged = of.stats.response_time.as_ref().map(|times| times.p95_ms);
        let limit = evidence.percentile(95.0).and_then(|quantile| time(95.0, quantile, judged, level));
        let Some(limit) = limit.filter(|_| lines.len() < REQUESTS) else {
            few += 1;
            continue;
        };
        let failed = (of.stats.failed > 0).then(|| errors(evidence, &of.stats, level)).flatten();
        let texts: Vec<&str> = [Some(&limit), failed.as_ref()].into_iter().flatten().map(|one| &*one.text).collect();
        let place = document.place(of.file.as_ref(), of.line);
        lines.push(format!(
            "# `{}` ({}:{})\n# thresholds: [{}]   # {}\n",
            defused(&inline(of.title())),
            inline(&place.file),
            place.line,
            texts.join(", "),
            limit.because
        ));
    }
    let mut out = String::new();
    if !lines.is_empty() {
        out.push_str("\n# For single requests; write each one next to the keys of its request:\n");
        out.extend(lines);
    }
    if few > 0 {
        let (s, have) = if few == 1 { ("", "has") } else { ("s", "have") };
        let needed = needed(95.0);
        out.push_str(&format!(
            "# {few} more request{s} {have} too few samples for a limit on p95 ({needed} are needed).\n"
        ));
    }
    out
}

/// To two digits that count, upwards.
fn rounded_up(value: f64) -> f64 {
    rounded(value, f64::ceil)
}

/// To two digits that count, downwards.
fn rounded_down(value: f64) -> f64 {
    rounded(value, f64::floor)
}

fn rounded(value: f64, how: fn(f64) -> f64) -> f64 {
    if value <= 0.0 || !value.is_finite() {
        return 0.0;
    }
    let places = 1 - value.log10().floor() as i32;
    // By whole numbers, so that what is written has no more than these digits.
    let scaled = how((value * 10_f64.powi(places) * 1e6).round() / 1e6);
    if places >= 0 { scaled / 10_f64.powi(places) } else { scaled * 10_f64.powi(-places) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_two_digits_that_count() {
        for (value, up, down) in [(412.3, 420.0, 410.0), (9.18, 9.2, 9.1), (0.0541, 0.055, 0.054), (85.0, 85.0, 85.0)] {
            assert_eq!((rounded_up(value), rounded_down(value)), (up, down), "{value}");
        }
        assert_eq!(rounded_down(0.0), 0.0);
    }

    #[test]
    fn a_limit_is_the_figure_and_what_another_run_may_differ_by() {
        // Without an error of its own, 5 % from run to run twice: exp(1.645 · 0.05 · √2) = 1.1233, and 400 · 1.1233 = 449.3.
        let quantile = Quantile { log: 400_000_f64.ln(), error: 0.0, enough: true };
        let one = time(95.0, quantile, Some(400.0), Level::shared(1)).map(|one| one.text);
        assert_eq!(one.as_deref(), Some("p95 < 450ms"));
        // An error of 10 % in both runs: √((1.645 · 0.1414)² + (1.645 · 0.0707)²) = 0.2601, and 400 · e^0.2601 = 518.8.
        let wide = time(95.0, Quantile { error: 0.1, ..quantile }, Some(400.0), Level::shared(1)).map(|one| one.text);
        assert_eq!(wide.as_deref(), Some("p95 < 520ms"));
        // 5 ms at least: 2 + 5.
        let fast = Quantile { log: 2_000_f64.ln(), ..quantile };
        let fast = time(95.0, fast, Some(2.0), Level::shared(1)).map(|one| one.text);
        assert_eq!(fast.as_deref(), Some("p95 < 7ms"));
        assert!(time(99.0, Quantile { enough: false, ..quantile }, None, Level::shared(1)).is_none());
    }
}
