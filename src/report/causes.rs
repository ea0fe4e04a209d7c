//! Failures of one cause told together, on whatever requests they happened: a server that is down fails every
//! request, and that is one finding.

use std::collections::HashMap;

use super::hints;
use crate::document::{Document, Error};
use crate::failure::Cause;
use crate::figures::count;

/// Failures of one cause.
pub(super) struct CauseGroup<'d> {
    /// What they have in common.
    cause: Cause<'d>,
    /// Whether they happened under load, not in setup or teardown.
    under_load: bool,
    /// The failures with their places among the document's, the most frequent first.
    pub(super) errors: Vec<(usize, &'d Error)>,
    /// How many samples failed so.
    pub(super) count: u64,
}

/// The failures by cause, the most frequent first; those of setup and teardown apart from those under load.
pub(super) fn by_cause<'d>(
    document: &Document<'_>,
    errors: impl Iterator<Item = (usize, &'d Error)>,
) -> Vec<CauseGroup<'d>> {
    let mut groups: Vec<CauseGroup<'d>> = Vec::new();
    let errors: Vec<(usize, &Error)> = errors.collect();
    let mut failed: HashMap<&str, Option<u64>> = errors.iter().map(|(_, error)| (error.title(), None)).collect();
    // Setup and teardown have no lines.
    for line in document.samplers.iter() {
        if let Some(failed) = failed.get_mut(line.title()) {
            *failed = Some(line.stats.failed);
        }
    }
    for (place, error) in errors {
        let cause = Cause::of(error.kind, &error.message, &error.actual);
        let under_load = failed.get(error.title()).is_some_and(Option::is_some);
        match groups.iter_mut().find(|group| group.cause == cause && group.under_load == under_load) {
            Some(group) => group.errors.push((place, error)),
            None => groups.push(CauseGroup { cause, under_load, errors: vec![(place, error)], count: 0 }),
        }
    }
    for group in &mut groups {
        let mut counts: HashMap<&str, (u64, u64)> = HashMap::new();
        for (_, error) in &group.errors {
            let (sum, most) = counts.entry(error.title()).or_default();
            (*sum, *most) = (*sum + error.count, error.count.max(*most));
        }
        // A response may fail two assertions for one reason.
        let once = |(title, (sum, most)): (&&str, &(u64, u64))| match failed.get(*title).copied().flatten() {
            Some(failed) => failed.min(*sum),
            None => *most,
        };
        group.count = counts.iter().map(once).sum();
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.count));
    groups
}

impl<'d> CauseGroup<'d> {
    /// The requests it happened on, each once.
    pub(super) fn titles(&self) -> Vec<&'d str> {
        let mut titles: Vec<&str> = Vec::new();
        for (_, error) in &self.errors {
            if !titles.contains(&error.title()) {
                titles.push(error.title());
            }
        }
        titles
    }

    /// What happened: `got status 503`, `connection refused`.
    pub(super) fn sentence(&self) -> String {
        match self.errors.as_slice() {
            [(_, only)] => only.sentence(),
            errors => {
                let first = || errors.first().map_or_else(String::new, |(_, first)| first.sentence());
                self.cause.got_status().unwrap_or_else(first)
            }
        }
    }

    /// What happened and what came instead, where that is a status: `status is 201: got status 503`.
    pub(super) fn summary(&self) -> String {
        match (self.errors.as_slice(), self.cause.got_status()) {
            ([(_, only)], Some(got)) => match &only.assertion {
                Some(assertion) => format!("{assertion}: {got}"),
                None => got,
            },
            _ => self.sentence(),
        }
    }

    /// Whether what came instead tells all that happened: the statuses.
    pub(super) fn is_told_by_values(&self) -> bool {
        self.errors.len() > 1 && self.cause.got_status().is_some() && !self.actual(1).is_empty()
    }

    /// What came instead: a few different values.
    pub(super) fn actual(&self, most: usize) -> Vec<&'d str> {
        let mut shown: Vec<&str> = Vec::new();
        for actual in self.errors.iter().flat_map(|(_, error)| &error.actual) {
            if shown.len() < most && !shown.contains(&&**actual) {
                shown.push(actual);
            }
        }
        shown
    }

    /// What it may come from.
    pub(super) fn hint(&self) -> Option<&'static str> {
        self.errors.iter().find_map(|(_, error)| hints::of_error(error))
    }
}

/// What failures and figures suggest, a line for each: whom it is about, and what to look at.
pub(super) fn hints(document: &Document<'_>, most: usize) -> Vec<String> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    for group in by_cause(document, document.errors.iter().enumerate()) {
        let Some(hint) = group.hint() else { continue };
        match found.iter_mut().find(|(known, _)| *known == hint) {
            Some((_, titles)) => titles.extend(group.titles()),
            None => found.push((hint, group.titles())),
        }
    }
    let of_failures = found.into_iter().map(|(hint, mut titles)| {
        titles.sort_unstable();
        titles.dedup();
        match titles.as_slice() {
            [only] => format!("{only}: {hint}"),
            several => format!("{} requests: {hint}", count(several.len() as u64)),
        }
    });
    of_failures.chain(hints::of_document(document)).take(most).collect()
}
