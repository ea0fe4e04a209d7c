//! A run against its baseline as its plan asks for it: the comparison, and thresholds such as
//! `p95 < baseline + 10%`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::against::{Asked, PERCENTILES, Question, Tolerance, answer, compare};
use super::{Summary, read_summary};
use crate::document::Document;
use crate::document::ScopeKind;
use crate::document::{Comparison, Judgement};
use crate::graph::{ExecutionGraph, LabelKind, Place, Scope, Threshold};
use crate::mask::Masker;
use crate::problem::Problem;
use crate::sanitize::clean;
use crate::threshold::Metric;
use crate::verdict;

/// What a run is compared with.
#[derive(Clone, Debug, Default)]
pub enum Against {
    /// Nothing, and nothing was asked for.
    #[default]
    Nothing,
    /// Nothing, since there is no earlier run yet.
    NoneYet,
    /// Earlier runs.
    Runs(Baseline),
}

/// What of a plan decides whether an earlier run can be its baseline.
struct Asks {
    /// The percentiles that will be compared, in percent.
    percentiles: Vec<f64>,
    /// Its requests, with their thread groups, as results have them.
    planned: HashSet<(String, String)>,
}

impl Asks {
    fn of(graph: &ExecutionGraph, masker: &Masker) -> Self {
        let mut percentiles = PERCENTILES.to_vec();
        for threshold in graph.thresholds.iter().filter(|threshold| threshold.condition.baseline) {
            if let Metric::Percentile(percent) = threshold.condition.metric
                && !percentiles.contains(&percent)
            {
                percentiles.push(percent);
            }
        }
        let planned = graph
            .labels
            .iter()
            .filter_map(|label| match label.place {
                Place::Group(group) if label.kind == LabelKind::Sampler => Some((
                    as_in_results(masker, &label.title),
                    as_in_results(masker, &graph.groups[group.index()].name),
                )),
                Place::Group(_) | Place::Setup | Place::Teardown => None,
            })
            .collect();
        Self { percentiles, planned }
    }

    /// Whether a run has a request of the plan.
    fn has_some(&self, run: &Summary) -> bool {
        run.samplers().any(|sampler| self.planned.contains(&sampler))
    }
}

/// Earlier runs, read and ready for the run that will be compared with them.
#[derive(Clone, Debug)]
pub struct Baseline {
    runs: Vec<Summary>,
    tolerance: Tolerance,
    percentiles: Vec<f64>,
}

impl Baseline {
    /// Reads the results files of earlier runs.
    ///
    /// # Errors
    /// When a file cannot be used, or holds no request of the plan.
    pub fn read(
        files: &[PathBuf],
        tolerance: Tolerance,
        graph: &ExecutionGraph,
        masker: &Masker,
    ) -> Result<Self, Problem> {
        let asks = Asks::of(graph, masker);
        let read = |file: &PathBuf| read_summary(file, &asks.percentiles);
        let runs: Vec<Summary> = files.iter().map(read).collect::<Result<_, _>>()?;
        for (run, file) in runs.iter().zip(files) {
            if !asks.has_some(run) {
                return Err(strangers(&no_request(file)));
            }
        }
        Ok(Self { runs, tolerance, percentiles: asks.percentiles })
    }

    /// Whether a results file holds a request of the plan.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn suits(file: &Path, graph: &ExecutionGraph, masker: &Masker) -> Result<bool, Problem> {
        let asks = Asks::of(graph, masker);
        read_summary(file, &asks.percentiles).map(|run| asks.has_some(&run))
    }

    /// Compares a run, and says what that means for its verdict.
    ///
    /// # Errors
    /// When the run's own timeline cannot be read.
    pub fn compare(
        &self,
        document: &Document<'_>,
        graph: &ExecutionGraph,
        masker: &Masker,
    ) -> Result<(Comparison, verdict::Baseline), Problem> {
        let new = Summary::of(document, None, &self.percentiles)?;
        let comparison = compare(&new, &self.runs, self.tolerance);
        let asked: Vec<(usize, Question)> = graph
            .thresholds
            .iter()
            .enumerate()
            .filter_map(|(index, threshold)| Some((index, question(graph, threshold, masker)?)))
            .collect();
        let answers = asked.iter().map(|(index, question)| {
            let answer = match answer(&new, &self.runs, question, asked.len(), self.tolerance.floor_ms) {
                Err(why) => verdict::Answer { judged: None, passed: true, note: why.into() },
                Ok(figure) => verdict::Answer {
                    judged: figure.new.zip(figure.limit).filter(|_| figure.verdict != Judgement::Inconclusive),
                    passed: figure.verdict != Judgement::Regressed,
                    note: figure.sentence,
                },
            };
            (*index, answer)
        });
        let thresholds = answers.collect();
        let said = Some(comparison.summary.clone());
        let (regression, summary) =
            if comparison.verdict == Judgement::Regressed { (said, None) } else { (None, said) };
        Ok((comparison, verdict::Baseline { thresholds, regression, summary }))
    }
}

/// Text of the plan as results files have it.
pub(crate) fn as_in_results(masker: &Masker, text: &str) -> String {
    clean(&masker.mask(text)).into_owned()
}

/// What is said of a run that has nothing in common with a plan.
pub(super) fn no_request(file: &Path) -> String {
    format!("{} contains no request of this plan", file.display())
}

/// Runs that have nothing in common: a gate that compares nothing must not be green.
pub(crate) fn strangers(message: &str) -> Problem {
    Problem::new(message, "name a run of the same plan; requests are matched by their names and thread groups")
}

/// What a threshold asks of the baseline; `None` if it has a limit of its own.
fn question(graph: &ExecutionGraph, threshold: &Threshold, masker: &Masker) -> Option<Question> {
    let condition = &threshold.condition;
    let figure = match condition.metric {
        _ if !condition.baseline => return None,
        Metric::Percentile(percent) => Asked::Percentile(percent),
        Metric::ErrorRate => Asked::ErrorRate,
        Metric::Throughput => Asked::Throughput,
        Metric::Mean
        | Metric::Min
        | Metric::Max
        | Metric::Stddev
        | Metric::Errors
        | Metric::Requests
        | Metric::Iterations
        | Metric::Dropped
        | Metric::UsersLost
        | Metric::Apdex(_)
        | Metric::BytesReceived => return None,
    };
    let shown = |text: &str| as_in_results(masker, text);
    let (kind, thread_group, title) = match threshold.scope {
        Scope::Run => (ScopeKind::Run, String::new(), String::new()),
        Scope::Group(group) => {
            let name = shown(&graph.groups[group.index()].name);
            (ScopeKind::ThreadGroup, name.clone(), name)
        }
        Scope::Label(label) => {
            let label = graph.label(label);
            let Place::Group(group) = label.place else { return None };
            let kind = match label.kind {
                LabelKind::Transaction => ScopeKind::Transaction,
                LabelKind::Sampler | LabelKind::Step => ScopeKind::Sampler,
            };
            (kind, shown(&graph.groups[group.index()].name), shown(&label.title))
        }
    };
    Some(Question { kind, thread_group, title, figure, tolerance: condition.limit })
}
