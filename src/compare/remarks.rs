//! What to know before believing a comparison: everything else that differs between the runs.

use std::collections::HashSet;

use crate::figures::figure as shown;
use crate::threshold::Unit;

use super::summary::{Facts, Line, Summary};
use crate::document::{About, Remark};

/// How many lines that are new or gone a remark names.
const NAMED: usize = 5;
/// How many digits of a checksum are shown.
const DIGITS: usize = 8;

/// The runs of a baseline without those named twice, which would make scatter look less than it is.
pub(super) fn once_each(baseline: &[Summary]) -> Vec<&Summary> {
    let mut once: Vec<&Summary> = Vec::new();
    for run in baseline {
        if run.run.id.is_empty() || !once.iter().any(|known| known.run.id == run.run.id) {
            once.push(run);
        }
    }
    once
}

/// Whether a thread group was under the same load in all runs.
pub(super) fn same_load(new: &Summary, baseline: &[&Summary], group: &str) -> bool {
    let load = |run: &Summary| run.group(group).map(|group| (group.load.clone(), group.max_users));
    let own = load(new);
    baseline.iter().filter_map(|run| load(run)).all(|other| Some(other) == own)
}

/// Every remark, those on the plan first.
pub(super) fn all(new: &Summary, named: &[Summary], baseline: &[&Summary]) -> Vec<Remark> {
    let mut told = RemarkList::default();
    if let Some(later) = lateness(new, baseline) {
        told.add(
            About::Generator,
            "the new run",
            format!("{later}; the machine may have regressed and not the target"),
        );
    }
    for again in named.iter().filter(|run| !baseline.iter().any(|used| std::ptr::eq(*used, *run))) {
        told.add(About::SameRun, again.name(), "given twice, counted once".into());
    }
    for run in baseline {
        let mut tell =
            |about, text: Option<String>| text.into_iter().for_each(|text| told.add(about, run.name(), text));
        let (old, now) = (&run.facts, &new.facts);
        tell(About::PlanName, differs(&old.plan, &now.plan, |old, _| format!("a different plan, `{old}`")));
        if old.plan == now.plan {
            tell(About::PlanFile, differs(&old.sha256, &now.sha256, edited));
        }
        tell(
            About::Profile,
            differs(&old.profile, &now.profile, |old, now| {
                format!("run with {}, the new run with {}", profile(old.as_deref()), profile(now.as_deref()))
            }),
        );
        tell(
            About::Version,
            differs(&old.version, &now.version, |old, now| format!("created by loadplan {old}, the new run by {now}")),
        );
        tell(About::Host, differs(&old.host, &now.host, |old, now| format!("run on `{old}`, the new run on `{now}`")));
        tell(
            About::Host,
            differs(&old.cpus, &now.cpus, |old, now| format!("run with {old} CPUs, the new run with {now}")),
        );
        for group in &new.groups {
            let Some(other) = run.group(&group.name) else { continue };
            tell(
                About::Load,
                differs(&other.load, &group.load, |old, now| {
                    format!("a different load of thread group {}: {old} The new run: {now}", group.name)
                }),
            );
            tell(
                About::Load,
                differs(&other.max_users, &group.max_users, |old, now| {
                    format!("thread group {} may have {old} users, in the new run {now}", group.name)
                }),
            );
        }
        doubts(old, &mut tell);
        tell(
            About::Version,
            (old.untimed > 0).then(|| {
                format!(
                    "created by a version that excluded {} requests without a response from response times",
                    old.untimed
                )
            }),
        );
        if run.run.id == new.run.id {
            tell(About::SameRun, Some("the new run itself".into()));
        } else if run.run.started_at > new.run.started_at {
            tell(About::Order, Some("started after the new run: is the order correct, with the new run last?".into()));
        }
    }
    doubts(&new.facts, &mut |about, text| text.into_iter().for_each(|text| told.add(about, "the new run", text)));
    let mut remarks = told.remarks();
    remarks.extend(lines(
        About::New,
        "new, so not compared",
        new.lines.iter().filter(|line| baseline.iter().all(|run| run.line(&line.key).is_none())),
    ));
    let mut seen = HashSet::new();
    let earlier = baseline.iter().flat_map(|run| &run.lines);
    let gone = earlier.filter(|line| new.line(&line.key).is_none() && seen.insert(&line.key));
    remarks.extend(lines(About::Gone, "only in the baseline", gone));
    remarks
}

/// That the load generator was much later than in every run of the baseline: something else kept
/// the machine busy, and the response times contain that.
pub(super) fn lateness(new: &Summary, baseline: &[&Summary]) -> Option<String> {
    /// This many times later is not noise.
    const TIMES: f64 = 3.0;
    /// Less says nothing, in milliseconds.
    const LEAST_MS: f64 = 5.0;
    let lag = new.facts.lag_ms.filter(|lag| *lag >= LEAST_MS)?;
    let before = baseline.iter().filter_map(|run| run.facts.lag_ms).reduce(f64::max)?;
    (lag >= TIMES * before).then(|| {
        let [lag, before] = [lag, before].map(|ms| shown(ms, Unit::Milliseconds));
        format!("the load generator was late by {lag} (p99) and by {before} in the baseline, so the machine was busier")
    })
}

fn lines<'l>(about: About, what: &str, lines: impl Iterator<Item = &'l Line>) -> Option<Remark> {
    let titles: Vec<&str> = lines.map(|line| line.key.title.as_str()).collect();
    let more = if titles.len() > NAMED { format!(" and {} more", titles.len() - NAMED) } else { String::new() };
    let named = titles.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    (!titles.is_empty()).then(|| Remark { about, text: format!("{what}: {named}{more}") })
}

/// What makes a run's figures doubtful by itself.
fn doubts(facts: &Facts, tell: &mut impl FnMut(About, Option<String>)) {
    tell(About::Generator, facts.too_slow.as_ref().map(|why| format!("the load generator could not keep up: {why}")));
    tell(About::Stopped, facts.stopped.clone());
    tell(About::NotValid, facts.not_valid.as_ref().map(|why| format!("not valid: {why}")));
}

fn differs<T: PartialEq>(old: &T, new: &T, told: impl Fn(&T, &T) -> String) -> Option<String> {
    (old != new).then(|| told(old, new))
}

#[expect(clippy::ptr_arg, reason = "compared as the field it is")]
fn edited(old: &String, new: &String) -> String {
    let short = |digest: &str| digest.chars().take(DIGITS).collect::<String>();
    format!("run with a different version of the plan (SHA-256 {}…, now {}…)", short(old), short(new))
}

fn profile(name: Option<&str>) -> String {
    name.map_or_else(|| "no profile".into(), |name| format!("profile {name}"))
}

/// Remarks, with the runs each is true of.
#[derive(Default)]
struct RemarkList(Vec<(About, String, Vec<String>)>);

impl RemarkList {
    fn add(&mut self, about: About, run: &str, text: String) {
        match self.0.iter_mut().find(|(known, other, _)| *known == about && *other == text) {
            Some((.., runs)) => runs.push(run.to_owned()),
            None => self.0.push((about, text, vec![run.to_owned()])),
        }
    }

    fn remarks(self) -> Vec<Remark> {
        let one = |(about, text, runs): (About, String, Vec<String>)| Remark {
            about,
            text: format!("{}: {text}", runs.join(", ")),
        };
        self.0.into_iter().map(one).collect()
    }
}
