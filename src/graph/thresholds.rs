//! Thresholds: what each judges, which can never be judged, and those that follow from the rules.

use super::build::Build;
use super::steps::Context;
use super::{GroupId, LabelId, LabelKind, Place, Scope, Threshold};
use crate::diagnostic::Diagnostic;
use crate::plan::{self, ThreadGroup};
use crate::verdict::{Condition, Metric, Operator, Phase, Unit};

impl Build<'_> {
    /// Thresholds written on a request or a transaction.
    pub(super) fn label_thresholds(&mut self, label: LabelId, thresholds: &[plan::Threshold]) {
        if thresholds.is_empty() {
            return;
        }
        let transaction = self.labels[label.index()].kind == LabelKind::Transaction;
        let what = if transaction { "a transaction" } else { "a request" };
        let earlier: Vec<_> = self.own(label).map(|known| (known.text.clone(), known.span)).collect();
        let texts = |list: &[plan::Threshold]| list.iter().map(|one| one.text.clone()).collect::<Vec<_>>();
        if let Some((_, first)) = earlier.first() {
            let mut known: Vec<_> = earlier.iter().map(|(text, _)| text.clone()).collect();
            let mut now = texts(thresholds);
            known.sort();
            now.sort();
            if known != now {
                let text = self.labels[label.index()].text.clone();
                self.findings.push(
                    Diagnostic::error(
                        thresholds[0].span,
                        format!("`{text}` has different thresholds in two places, but its figures are one line"),
                    )
                    .help("write the same thresholds in both places, or give one of the two its own `name`")
                    .related(*first, "the other thresholds"),
                );
            }
            return;
        }
        for threshold in thresholds {
            let metric = threshold.condition.metric;
            if matches!(metric, Metric::Iterations | Metric::Dropped) {
                self.error(
                    threshold.span,
                    format!("{what} has no `{}`, so this could never be judged", word(metric)),
                    "write it on the thread group or on the plan",
                );
            } else if transaction && (threshold.condition.phase.is_some() || metric == Metric::BytesReceived) {
                self.error(
                    threshold.span,
                    "a transaction is timed as a whole: it has no phases and no bytes of its own",
                    "write it on a request inside",
                );
            } else {
                self.push(Scope::Label(label), threshold);
            }
        }
        if thresholds.iter().any(|one| judges_errors(&one.condition)) {
            self.judged.insert(label);
        }
    }

    fn own(&self, label: LabelId) -> impl Iterator<Item = &Threshold> {
        self.thresholds.iter().filter(move |known| known.scope == Scope::Label(label))
    }

    /// Remembers whether any threshold around a request judges its errors.
    pub(super) fn judge_errors(&mut self, label: LabelId, context: &Context) {
        if context.transactions.iter().any(|transaction| self.judged.contains(transaction)) {
            self.judged.insert(label);
        }
    }

    pub(super) fn group_thresholds(&mut self, id: GroupId, group: &ThreadGroup) {
        for threshold in &group.thresholds {
            if threshold.condition.metric == Metric::Dropped {
                self.error(
                    threshold.span,
                    "only an arrival rate drops iterations, so this could never be judged",
                    "remove it",
                );
                continue;
            }
            if let (Some(after), Some(duration)) = (threshold.after, group.duration)
                && after >= group.delay + duration
            {
                self.error(
                    threshold.span,
                    "`after` lies behind the end of the group, so no sample would be judged",
                    "shorten `after`",
                );
                continue;
            }
            self.push(Scope::Group(id), threshold);
        }
    }

    /// The plan's own thresholds, then `error_rate == 0` for every request whose errors nothing judges.
    pub(super) fn run_thresholds(&mut self) {
        let plan = self.plan;
        let longest = plan
            .groups
            .iter()
            .map(|group| Some(group.delay + group.duration?))
            .collect::<Option<Vec<_>>>()
            .and_then(|ends| ends.into_iter().max());
        for threshold in &plan.thresholds {
            if threshold.condition.metric == Metric::Dropped {
                self.error(
                    threshold.span,
                    "only an arrival rate drops iterations, so this could never be judged",
                    "remove it",
                );
                continue;
            }
            if let (Some(after), Some(end)) = (threshold.after, longest)
                && after >= end
            {
                self.error(
                    threshold.span,
                    "`after` lies behind the end of the run, so no sample would be judged",
                    "shorten `after`",
                );
                continue;
            }
            self.push(Scope::Run, threshold);
        }
        let run_judged = plan.thresholds.iter().any(|one| judges_errors(&one.condition));
        if run_judged {
            return;
        }
        for index in 0..self.labels.len() {
            let label = LabelId(index as u32);
            let entry = &self.labels[index];
            let Place::Group(group) = entry.place else { continue };
            let group_judged = plan.groups[group.index()].thresholds.iter().any(|one| judges_errors(&one.condition));
            if entry.kind != LabelKind::Sampler || group_judged || self.judged.contains(&label) {
                continue;
            }
            let span = entry.span;
            self.thresholds.push(Threshold {
                scope: Scope::Label(label),
                text: "error_rate == 0".into(),
                name: None,
                span,
                condition: Condition {
                    phase: None,
                    metric: Metric::ErrorRate,
                    operator: Operator::Equal,
                    limit: 0.0,
                    unit: Unit::Share,
                },
                after: None,
                abort: false,
                implicit: true,
            });
        }
    }

    fn push(&mut self, scope: Scope, threshold: &plan::Threshold) {
        if threshold.condition.phase == Some(Phase::Tls) && self.only_plain_http() {
            self.error(
                threshold.span,
                "no request of this plan uses https, so there is no TLS handshake to judge",
                "remove it, or use another phase",
            );
            return;
        }
        if self
            .thresholds
            .iter()
            .any(|known| known.scope == scope && known.text == threshold.text && known.after == threshold.after)
        {
            self.error(threshold.span, format!("`{}` is written twice here", threshold.text), "remove one of the two");
            return;
        }
        self.thresholds.push(Threshold {
            scope,
            text: threshold.text.clone(),
            name: threshold.name.clone(),
            span: threshold.span,
            condition: threshold.condition,
            after: threshold.after,
            abort: threshold.abort,
            implicit: false,
        });
    }

    /// Whether every base URL is fixed and plain `http://`.
    fn only_plain_http(&self) -> bool {
        let bases = std::iter::once(&self.plan.http).chain(self.plan.groups.iter().map(|group| &group.http));
        let mut bases = bases.filter_map(|http| http.base_url.as_ref()).peekable();
        bases.peek().is_some()
            && bases.all(|base| base.value.starts_with("http://"))
            && !self.requests.values().any(|(_, url)| url.contains("https:") || url.starts_with("${"))
    }
}

/// Whether a threshold has an opinion on failed samples.
fn judges_errors(condition: &Condition) -> bool {
    matches!(condition.metric, Metric::ErrorRate | Metric::Errors)
}

fn word(metric: Metric) -> &'static str {
    match metric {
        Metric::Iterations => "iterations",
        _ => "dropped",
    }
}
