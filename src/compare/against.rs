//! A run against its baseline: every line, what follows from what, and the sentence over it all.

use super::evidence::Evidence;
use super::statistics::{ALPHA, ENOUGH_RUNS, Level, NOISE};
use super::summary::{Key, Line, LineKind, Summary};
use super::{remarks, single_figure, words};
use crate::document::ScopeKind;
use crate::document::{ComparedLine, Comparison, Figure, Judgement, LoadWindow, Method};
use crate::problem::Problem;
use crate::threshold::Unit;

/// The percentiles every line is compared by, in percent.
pub const PERCENTILES: [f64; 3] = [50.0, 95.0, 99.0];
/// By how much a time may rise, or throughput fall, unless something else is said.
const TOLERANCE: f64 = 0.10;
/// The least difference of times that counts unless something else is said, in milliseconds: less
/// is seldom a user's concern, and timers and schedulers alone cause it.
const FLOOR_MS: f64 = 5.0;
/// By how much a share of failed samples may rise, as a difference of shares.
const ERROR_TOLERANCE: f64 = 0.005;
/// How many samplers a consequence names.
const CAUSES: usize = 20;
/// How many regressed lines the sentence names.
const NAMED: usize = 3;

/// What a comparison lets pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// By how much a time may rise, or throughput fall: a share below 1.
    pub share: f64,
    /// The least difference of times that counts, in milliseconds.
    pub floor_ms: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { share: TOLERANCE, floor_ms: FLOOR_MS }
    }
}

/// Compares a run with earlier ones.
pub fn compare(new: &Summary, named: &[Summary], tolerance: Tolerance) -> Comparison {
    let baseline = remarks::once_each(named);
    let both: Vec<(&Line, Vec<&Line>)> = new
        .lines
        .iter()
        .map(|line| (line, baseline.iter().filter_map(|run| run.line(&line.key)).collect::<Vec<_>>()))
        .filter(|(line, base)| line.key.kind == LineKind::Run || !base.is_empty())
        .collect();
    let level = Level::shared(both.iter().map(|(line, _)| figures_to_judge(line)).sum());
    let mut lines: Vec<ComparedLine> = both
        .into_iter()
        .map(|(line, base)| {
            let same_load = remarks::same_load(new, &baseline, &line.key.thread_group);
            compared(line, &base, tolerance, level, same_load)
        })
        .collect();
    consequences(&mut lines);
    let mut of = |kind: ScopeKind| -> Vec<ComparedLine> { lines.extract_if(.., |line| line.kind == kind).collect() };
    let samplers = of(ScopeKind::Sampler);
    let transactions = of(ScopeKind::Transaction);
    let thread_groups = of(ScopeKind::ThreadGroup);
    let run = of(ScopeKind::Run).remove(0);
    let mut comparison = Comparison {
        verdict: Judgement::Ok,
        summary: String::new(),
        new: new.run.clone(),
        baseline: baseline.iter().map(|run| run.run.clone()).collect(),
        method: method(&thread_groups, baseline.len(), tolerance),
        remarks: remarks::all(new, named, &baseline),
        samplers,
        transactions,
        thread_groups,
        run,
    };
    (comparison.verdict, comparison.summary) = summed_up(&comparison);
    if let Some(later) = remarks::lateness(new, &baseline).filter(|_| comparison.verdict == Judgement::Regressed) {
        comparison.summary = format!("{later}: {}", comparison.summary);
    }
    comparison
}

/// One figure by a tolerance of its own, as a threshold asks for it.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// What it is about.
    pub(super) kind: ScopeKind,
    /// The thread group; empty for the run.
    pub(super) thread_group: String,
    /// The line's title, or the thread group's name; empty for the run.
    pub(super) title: String,
    /// Which figure.
    pub(super) figure: Asked,
    /// By how much it may get worse: a share, of a share of failed samples a difference.
    pub(super) tolerance: f64,
}

/// A figure a threshold may ask for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Asked {
    /// A percentile of the response time, in percent.
    Percentile(f64),
    /// The share of failed samples.
    ErrorRate,
    /// Samples per second.
    Throughput,
}

/// Answers a question, one of this many that are asked of the run.
///
/// # Errors
/// A fragment that says why there is nothing to compare.
pub(super) fn answer(
    new: &Summary,
    baseline: &[Summary],
    question: &Question,
    asked: usize,
    floor_ms: f64,
) -> Result<Figure, Problem> {
    let level = Level::shared(asked);
    let baseline = remarks::once_each(baseline);
    let kind = match question.kind {
        ScopeKind::Sampler => LineKind::Sampler,
        ScopeKind::Transaction => LineKind::Transaction,
        ScopeKind::ThreadGroup => LineKind::ThreadGroup,
        ScopeKind::Run => LineKind::Run,
    };
    let (thread_group, title) = match kind {
        LineKind::Run => (String::new(), "run".to_owned()),
        LineKind::Sampler | LineKind::Transaction | LineKind::ThreadGroup => {
            (question.thread_group.clone(), question.title.clone())
        }
    };
    let key = Key { kind, thread_group, title };
    let line = new.line(&key).ok_or("it was not reached in this run")?;
    let base: Vec<&Line> = baseline.iter().filter_map(|run| run.line(&key)).collect();
    if base.is_empty() {
        return Err("it is not in the baseline".into());
    }
    let (_, new, base) = evidence(line, &base);
    Ok(match question.figure {
        Asked::Percentile(percent) => {
            single_figure::time(percent, new, &base, Tolerance { share: question.tolerance, floor_ms }, level)
        }
        Asked::ErrorRate => single_figure::error_rate(new, &base, question.tolerance, level),
        Asked::Throughput => single_figure::throughput(new, &base, question.tolerance, level),
    })
}

/// What is compared of a line: the steady phase where every run has one, else the whole load.
fn evidence<'l>(line: &'l Line, base: &[&'l Line]) -> (LoadWindow, &'l Evidence, Vec<&'l Evidence>) {
    let steady = line.has_steady() && base.iter().all(|line| line.has_steady());
    let part = if steady { LoadWindow::Steady } else { LoadWindow::Whole };
    (part, line.evidence(part), base.iter().map(|line| line.evidence(part)).collect())
}

/// How many figures of a line may raise an alarm.
fn figures_to_judge(line: &Line) -> usize {
    match line.key.kind {
        LineKind::Run => 0,
        LineKind::ThreadGroup => 1,
        LineKind::Sampler | LineKind::Transaction => {
            let times = line.evidence(LoadWindow::Whole).percentiles.iter();
            times.filter(|(_, quantile)| quantile.is_some_and(|one| one.enough)).count() + 1
        }
    }
}

fn compared(line: &Line, base: &[&Line], tolerance: Tolerance, level: Level, same_load: bool) -> ComparedLine {
    let (part, new, base) = evidence(line, base);
    let kind = line.key.kind;
    let requests = matches!(kind, LineKind::Sampler | LineKind::Transaction);
    let mut figures = vec![single_figure::throughput(new, &base, tolerance.share, level)];
    figures.extend(PERCENTILES.map(|percent| single_figure::time(percent, new, &base, tolerance, level)));
    figures.push(single_figure::error_rate(new, &base, ERROR_TOLERANCE, level));
    for (at, figure) in figures.iter_mut().enumerate() {
        let why = match (at == 0, kind) {
            (true, LineKind::ThreadGroup) if same_load => continue,
            (true, LineKind::ThreadGroup) => "not judged, because the load is different",
            (true, LineKind::Sampler | LineKind::Transaction) => {
                "not judged separately, because it depends on the response times of the whole thread group"
            }
            (false, LineKind::Sampler | LineKind::Transaction) => continue,
            _ => "not judged here: its samplers are",
        };
        *figure = words::shown_only(figure.clone(), why);
    }
    let mut line = ComparedLine {
        title: line.key.title.clone(),
        kind: kind.scope(),
        thread_group: (kind != LineKind::Run).then(|| line.key.thread_group.clone()),
        file: line.file.clone(),
        line: line.line.filter(|_| requests),
        part,
        verdict: Judgement::Ok,
        figures,
    };
    line.verdict = of_figures(&line.figures);
    line
}

/// A line's verdict: of its times, or of its throughput where those are not judged.
fn of_figures(figures: &[Figure]) -> Judgement {
    let any = |verdict: Judgement| figures.iter().any(|figure| figure.verdict == verdict);
    let mut deciding =
        figures.iter().filter(|figure| figure.unit != Unit::Share && figure.verdict != Judgement::NotJudged).peekable();
    if any(Judgement::Regressed) {
        Judgement::Regressed
    } else if any(Judgement::Follows) {
        Judgement::Follows
    } else if deciding.peek().is_none() {
        Judgement::NotJudged
    } else if deciding.all(|figure| figure.verdict == Judgement::Inconclusive) {
        Judgement::Inconclusive
    } else if any(Judgement::Improved) {
        Judgement::Improved
    } else {
        Judgement::Ok
    }
}

/// Tells what is no regression of its own: in a closed model users who wait longer send less, and
/// a transaction is as slow as its requests.
fn consequences(lines: &mut [ComparedLine]) {
    let worse: Vec<(Option<String>, String, bool)> = lines
        .iter()
        .filter(|line| line.kind == ScopeKind::Sampler)
        .flat_map(|line| {
            let regressed = |share: bool| {
                let of = |figure: &&Figure| (figure.unit == Unit::Share) == share;
                line.figures.iter().filter(of).any(|figure| figure.verdict == Judgement::Regressed)
            };
            [false, true]
                .into_iter()
                .filter(move |share| regressed(*share))
                .map(|share| (line.thread_group.clone(), line.title.clone(), share))
        })
        .collect();
    for line in lines.iter_mut().filter(|line| line.kind != ScopeKind::Sampler) {
        for figure in line.figures.iter_mut().filter(|figure| figure.verdict == Judgement::Regressed) {
            let share = figure.unit == Unit::Share;
            let from: Vec<String> = worse
                .iter()
                .filter(|(group, _, of_share)| *group == line.thread_group && *of_share == share)
                .map(|(_, title, _)| title.clone())
                .take(CAUSES)
                .collect();
            if !from.is_empty() {
                words::follows(figure, &from);
            }
        }
        line.verdict = of_figures(&line.figures);
    }
}

fn method(groups: &[ComparedLine], runs: usize, tolerance: Tolerance) -> Method {
    let from_scatter = runs >= ENOUGH_RUNS;
    let steady = groups.iter().filter(|group| group.part == LoadWindow::Steady).count();
    let part = match steady {
        0 => "the whole load without warm-up".to_owned(),
        all if all == groups.len() => "the steady phase, without ramps and warm-up".into(),
        _ => "the steady phase of thread groups that have one, otherwise the whole load".into(),
    };
    let scatter = if from_scatter {
        format!("limits are based on the variation of {runs} runs")
    } else {
        format!(
            "{:.0}% run-to-run variation is assumed, because the baseline has fewer than {ENOUGH_RUNS} runs",
            NOISE * 100.0
        )
    };
    Method {
        tolerance: tolerance.share,
        error_tolerance: ERROR_TOLERANCE,
        min_difference_ms: tolerance.floor_ms,
        alpha: ALPHA,
        assumed_noise: NOISE,
        from_scatter,
        text: format!(
            "compared: {part}; tolerated: {} of time (at least {} ms), {} points of error rate; {scatter}",
            crate::figures::percent(tolerance.share),
            tolerance.floor_ms,
            ERROR_TOLERANCE * 100.0
        ),
    }
}

/// The verdict on everything, and the sentence for it.
fn summed_up(comparison: &Comparison) -> (Judgement, String) {
    let regressed: Vec<&ComparedLine> = comparison.regressed().collect();
    let samplers = comparison.samplers.len();
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    if !regressed.is_empty() {
        let of = |kind: ScopeKind| regressed.iter().filter(|line| line.kind == kind).count();
        let mut parts = Vec::new();
        match of(ScopeKind::Sampler) {
            0 => {}
            count => parts.push(format!("{count} of {}", counted(samplers, "sampler"))),
        }
        for (kind, what) in [(ScopeKind::Transaction, "transaction"), (ScopeKind::ThreadGroup, "thread group")] {
            match of(kind) {
                0 => {}
                count => parts.push(counted(count, what)),
            }
        }
        let named: Vec<String> = regressed.iter().take(NAMED).map(|line| regressed_figures(line)).collect();
        let more =
            if regressed.len() > NAMED { format!("; and {} more", regressed.len() - NAMED) } else { String::new() };
        let said = format!("{} regressed against the baseline ({}{more})", parts.join(" and "), named.join("; "));
        return (Judgement::Regressed, said);
    }
    let of = |verdict: Judgement| comparison.samplers.iter().filter(|line| line.verdict == verdict).count();
    let (improved, inconclusive) = (of(Judgement::Improved), of(Judgement::Inconclusive));
    if samplers == 0 {
        return (
            Judgement::Inconclusive,
            "nothing could be compared: no sampler of the new run is in the baseline".into(),
        );
    }
    if inconclusive == samplers {
        return (
            Judgement::Inconclusive,
            format!("nothing could be judged: {} inconclusive", counted(samplers, "sampler")),
        );
    }
    let mut said = format!("no regression against the baseline: {} compared", counted(samplers, "sampler"));
    for (count, what) in [(improved, "improved"), (inconclusive, "inconclusive")] {
        if count > 0 {
            said.push_str(&format!(", {count} {what}"));
        }
    }
    said.push_str(&not_judged(&comparison.samplers));
    (if improved > 0 { Judgement::Improved } else { Judgement::Ok }, said)
}

/// `; not judged: p95 of 1, p99 of 3`: green must not hide what nobody looked at.
fn not_judged(samplers: &[ComparedLine]) -> String {
    let mut metrics: Vec<(&str, usize)> = Vec::new();
    let figures = samplers.iter().flat_map(|line| &line.figures);
    for figure in figures.filter(|figure| figure.verdict == Judgement::Inconclusive) {
        match metrics.iter_mut().find(|(metric, _)| *metric == figure.metric) {
            Some((_, count)) => *count += 1,
            None => metrics.push((&figure.metric, 1)),
        }
    }
    let told: Vec<String> = metrics.iter().map(|(metric, count)| format!("{metric} of {count}")).collect();
    if told.is_empty() { String::new() } else { format!("; not judged: {}", told.join(", ")) }
}

/// `GET /x: p95 +31%, p99 +35%`.
fn regressed_figures(line: &ComparedLine) -> String {
    let figures = line.figures.iter().filter(|figure| figure.verdict == Judgement::Regressed);
    let figures: Vec<String> = figures.map(words::short).collect();
    format!("{}: {}", line.name(), figures.join(", "))
}
