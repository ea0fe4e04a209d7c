//! Thresholds: what each judges, which can never be judged, and those that follow from the rules.

use super::build::Build;
use super::steps::Context;
use super::{DataId, GroupId, LabelId, LabelKind, Place, Scope, Threshold};
use crate::diagnostic::{Diagnostic, Span};
use crate::phase::Phase;
use crate::plan::{self, ThreadGroup};
use crate::schedule::During;
use crate::threshold::{Condition, Metric, Operator, Unit};

impl Build<'_> {
    /// Thresholds written on a request or a transaction.
    pub(crate) fn label_thresholds(&mut self, label: LabelId, thresholds: &[plan::Threshold]) {
        if thresholds.is_empty() || self.plan.without_thresholds {
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
            if let Some(word) = of_users(metric) {
                self.error(
                    threshold.span,
                    format!("{what} has no `{word}`, so this could never be judged"),
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
    pub(crate) fn judge_errors(&mut self, label: LabelId, context: &Context) {
        if context.transactions.iter().any(|transaction| self.judged.contains(transaction)) {
            self.judged.insert(label);
        }
    }

    pub(crate) fn group_thresholds(&mut self, id: GroupId, group: &ThreadGroup) {
        if self.plan.without_thresholds {
            return;
        }
        for threshold in &group.thresholds {
            if threshold.condition.metric == Metric::Dropped && !group.load.is_open() && group.load_known {
                self.never_dropped(threshold);
                continue;
            }
            if let (Some(after), Some(end)) = (threshold.after, self.planned_end(id))
                && after >= end
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
    pub(crate) fn run_thresholds(&mut self) {
        let plan = self.plan;
        if plan.without_thresholds {
            return;
        }
        let longest = plan
            .groups
            .iter()
            .enumerate()
            .map(|(index, _)| self.planned_end(GroupId(index as u32)))
            .collect::<Option<Vec<_>>>()
            .and_then(|ends| ends.into_iter().max());
        for threshold in &plan.thresholds {
            let may_drop = |group: &ThreadGroup| group.load.is_open() || !group.load_known;
            if threshold.condition.metric == Metric::Dropped && !plan.groups.iter().any(may_drop) {
                self.never_dropped(threshold);
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
        self.data_that_ends_users();
        let run_judged = |judges: fn(&Condition) -> bool| plan.thresholds.iter().any(|one| judges(&one.condition));
        let group_judged = |group: GroupId, judges: fn(&Condition) -> bool| {
            run_judged(judges) || plan.groups[group.index()].thresholds.iter().any(|one| judges(&one.condition))
        };
        for index in 0..self.labels.len() {
            let label = LabelId(index as u32);
            let entry = &self.labels[index];
            let Place::Group(group) = entry.place else { continue };
            if entry.kind != LabelKind::Sampler || self.judged.contains(&label) || group_judged(group, judges_errors) {
                continue;
            }
            let span = entry.span;
            self.follows(Scope::Label(label), "error_rate == 0", Metric::ErrorRate, Unit::Share, span, true);
        }
        for (index, group) in plan.groups.iter().enumerate() {
            let id = GroupId(index as u32);
            if group.load.is_open() && !group_judged(id, |condition| condition.metric == Metric::Dropped) {
                self.follows(Scope::Group(id), "dropped == 0", Metric::Dropped, Unit::Count, group.load_span, false);
            }
            if !group_judged(id, |condition| condition.metric == Metric::UsersLost) {
                let span = group.name.span;
                self.follows(Scope::Group(id), "users_lost == 0", Metric::UsersLost, Unit::Count, span, true);
            }
        }
    }

    /// Users that data ends early fail the run unless a threshold allows it, and nobody who writes
    /// `at_end: stop_user` should learn that from a verdict.
    fn data_that_ends_users(&mut self) {
        let plan = self.plan;
        let allows =
            |thresholds: &[plan::Threshold]| thresholds.iter().any(|one| one.condition.metric == Metric::UsersLost);
        if allows(&plan.thresholds) || plan.groups.iter().all(|group| allows(&group.thresholds)) {
            return;
        }
        for (_, set) in plan.data.iter().enumerate().filter(|(index, set)| {
            set.at_end == plan::AtEnd::StopUser && self.data_used.contains(&DataId(*index as u32))
        }) {
            self.findings.push(
                Diagnostic::warning(
                    set.name.span,
                    format!("a user that finds no row left in `{}` ends early, and users that end early fail the run", set.name.value),
                )
                .help("allow it with `thresholds: [users_lost <= 100%]`, or end the whole group when the rows are used up: `at_end: stop_group`"),
            );
        }
    }

    /// A threshold that follows from the rules: a figure that must be 0.
    fn follows(&mut self, scope: Scope, text: &str, metric: Metric, unit: Unit, span: Span, implicit: bool) {
        self.thresholds.push(Threshold {
            scope,
            text: text.into(),
            name: None,
            span,
            condition: Condition { phase: None, metric, operator: Operator::Equal, limit: 0.0, unit, baseline: false },
            after: None,
            during: None,
            abort: false,
            implicit,
        });
    }

    fn never_dropped(&mut self, threshold: &plan::Threshold) {
        self.error(threshold.span, "only an arrival rate drops iterations, so this could never be judged", "remove it");
    }

    /// Whether the part of the load a threshold is limited to exists; tells when it does not.
    fn can_be_judged(&mut self, scope: Scope, threshold: &plan::Threshold) -> bool {
        let metric = threshold.condition.metric;
        if let (true, Scope::Label(label)) = (threshold.condition.baseline, scope)
            && !matches!(self.labels[label.index()].place, Place::Group(_))
        {
            self.error(
                threshold.span,
                "setup and teardown happen once, so they are not compared with a baseline",
                "write a fixed limit, for example `p95 < 1s`",
            );
            return false;
        }
        let limit = threshold.during.map(|during| during.span);
        if let Some(word) = of_users(metric)
            && let Some(span) = limit.or(threshold.after.map(|_| threshold.span))
        {
            let what = if limit.is_some() { "during" } else { "after" };
            self.error(
                span,
                format!("`{word}` counts the whole run, so `{what}` cannot apply to it"),
                format!("remove `{what}`"),
            );
            return false;
        }
        let Some(during) = threshold.during else { return true };
        let plan = self.plan;
        let group = match scope {
            Scope::Run => None,
            Scope::Group(group) => Some(group),
            Scope::Label(label) => match self.labels[label.index()].place {
                Place::Group(group) => Some(group),
                Place::Setup | Place::Teardown => {
                    self.error(
                        during.span,
                        "setup and teardown have no load, so `during` cannot apply",
                        "remove `during`",
                    );
                    return false;
                }
            },
        };
        let loads: Vec<_> = match group {
            Some(group) => vec![&plan.groups[group.index()].load],
            None => plan.groups.iter().map(|group| &group.load).collect(),
        };
        let unread = match group {
            Some(group) => !plan.groups[group.index()].load_known,
            None => plan.groups.iter().any(|group| !group.load_known),
        };
        if unread || loads.iter().any(|load| !during.value.windows(load).is_empty()) {
            return true;
        }
        let whose = group.map_or_else(
            || "no thread group".to_owned(),
            |group| format!("thread group `{}` never", plan.groups[group.index()].name.value),
        );
        let (what, help) = match during.value {
            During::Steady if loads.iter().all(|load| load.stages() > 0) => {
                ("holds its load without a ramp", "add `hold` to a stage".to_owned())
            }
            During::Steady => ("holds its load without a ramp", "give it a longer `duration`".to_owned()),
            During::RampUp if loads.iter().all(|load| load.is_open()) => {
                ("ramps up", "write the rate as `stages` with `over`, or remove `during`".to_owned())
            }
            During::RampUp => ("ramps up", "add `ramp_up` or a stage with `over`, or remove `during`".to_owned()),
            During::Stage(_) => {
                let most = loads.iter().map(|load| load.stages()).max().unwrap_or(0);
                let help = match most {
                    0 => "its load is not written as `stages`; remove `during`, or use `during: steady`".to_owned(),
                    1 => "there is one stage: `stage 1`".to_owned(),
                    most => format!("there are {most} stages: `stage 1` to `stage {most}`"),
                };
                ("reaches that stage", help)
            }
        };
        self.error(during.span, format!("{whose} {what}, so this could never be judged"), help);
        false
    }

    /// Whether any request that counts under a scope has a phase.
    fn has_phase(&self, scope: Scope, phase: Phase) -> bool {
        match scope {
            Scope::Run => self.phases.iter().any(|(group, known)| group.is_some() && *known == phase),
            Scope::Group(id) => self.phases.contains(&(Some(id), phase)),
            // Told with the request itself.
            Scope::Label(_) => true,
        }
    }

    fn push(&mut self, scope: Scope, threshold: &plan::Threshold) {
        if !self.can_be_judged(scope, threshold) {
            return;
        }
        let during = threshold.during.map(|during| during.value);
        if let Some(phase) = threshold.condition.phase
            && !self.has_phase(scope, phase)
        {
            let whose = match scope {
                Scope::Run => "no request of a thread group",
                Scope::Group(_) => "no request of this thread group",
                Scope::Label(_) => "this request",
            };
            let (what, help) = match phase {
                Phase::EventGap => (
                    "waits for two messages or events, so no `event_gap` is ever measured".to_owned(),
                    "wait for two or more, for example `until: { events: 2 }` or `receive: { count: 2 }`, or remove it",
                ),
                Phase::Reply => (
                    "waits for a `reply`, so this could never be judged".to_owned(),
                    "add `reply: {}` to a `send` step, or remove it",
                ),
                Phase::Dns | Phase::Connect | Phase::Tls | Phase::FirstByte | Phase::Download | Phase::FirstEvent => (
                    format!("has a phase `{}`, so this could never be judged", phase.word()),
                    "remove it, or write it where such requests are",
                ),
            };
            self.error(threshold.span, format!("{whose} {what}"), help);
            return;
        }
        if threshold.condition.phase == Some(Phase::Tls) && self.only_plain_http() {
            self.error(
                threshold.span,
                "no request of this plan uses https, so there is no TLS handshake to judge",
                "remove it, or use another phase",
            );
            return;
        }
        if self.thresholds.iter().any(|known| {
            (known.scope, &known.text, known.after, known.during) == (scope, &threshold.text, threshold.after, during)
        }) {
            self.error(threshold.span, format!("`{}` is written twice here", threshold.text), "remove one of the two");
            return;
        }
        if let Some(doubt) = threshold.condition.doubt(&threshold.text) {
            let mut finding = Diagnostic::warning(threshold.span, doubt.message).help(doubt.help);
            if let Some(instead) = doubt.corrected {
                finding = finding.fix(threshold.span, instead);
            }
            self.findings.push(finding);
        }
        self.thresholds.push(Threshold {
            scope,
            text: threshold.text.clone(),
            name: threshold.name.clone(),
            span: threshold.span,
            condition: threshold.condition,
            after: threshold.after,
            during,
            abort: threshold.abort,
            implicit: false,
        });
    }

    /// Whether every base URL is fixed and plain `http://`.
    fn only_plain_http(&self) -> bool {
        let bases = std::iter::once(&self.plan.defaults).chain(self.plan.groups.iter().map(|group| &group.defaults));
        let mut bases = bases.filter_map(|defaults| defaults.http.base_url.as_ref()).peekable();
        bases.peek().is_some()
            && bases
                .all(|base| crate::uri::scheme(&base.value).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http")))
            && !self.requests.values().any(|(_, url)| {
                url.starts_with("${")
                    || crate::uri::scheme(url).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
            })
    }
}

/// Whether a threshold has an opinion on failed samples; one against a baseline has none on a run
/// without one, so it allows nothing.
fn judges_errors(condition: &Condition) -> bool {
    !condition.baseline && matches!(condition.metric, Metric::ErrorRate | Metric::Errors)
}

/// The word for a metric that counts users or what they set out to do, so that only a thread group
/// or the run has it, and no part of its time.
fn of_users(metric: Metric) -> Option<&'static str> {
    match metric {
        Metric::Iterations => Some("iterations"),
        Metric::Dropped => Some("dropped"),
        Metric::UsersLost => Some("users_lost"),
        Metric::Percentile(_)
        | Metric::Mean
        | Metric::Min
        | Metric::Max
        | Metric::Stddev
        | Metric::ErrorRate
        | Metric::Errors
        | Metric::Throughput
        | Metric::Requests
        | Metric::Apdex(_)
        | Metric::BytesReceived => None,
    }
}
