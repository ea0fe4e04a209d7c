//! For how long load was applied: the time that rates are taken over.

use std::time::Duration;

use crate::graph::{GroupId, Scope};
use crate::schedule::Window;

use super::{Shape, Windowed};

/// When a thread group's load began and ended, from the moment the run's load began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// When it began; `None` if it did not.
    pub began: Option<Duration>,
    /// When its time was up, or its last user had ended; `None` while it runs.
    pub ended: Option<Duration>,
    /// When the last sample of it started.
    pub last_start: Duration,
}

impl Span {
    /// What the threads' spans come to: it has ended when it has on every thread it began on.
    fn of(threads: &[Self]) -> Self {
        let at_work = threads.iter().filter(|thread| thread.began.is_some());
        let ended: Option<Vec<Duration>> = at_work.map(|thread| thread.ended).collect();
        Self {
            began: threads.iter().filter_map(|thread| thread.began).min(),
            ended: ended.and_then(|ended| ended.into_iter().max()),
            last_start: threads.iter().map(|thread| thread.last_start).max().unwrap_or_default(),
        }
    }
}

/// The thread groups' spans.
#[derive(Clone, Debug, Default)]
pub struct Spans {
    /// For each group, that on each thread.
    threads: Vec<Vec<Span>>,
    /// For each group.
    groups: Vec<Span>,
    /// How long each group warms up.
    warm_up: Vec<Duration>,
}

impl Spans {
    pub(super) fn of(shape: &Shape, threads: usize) -> Self {
        Self {
            threads: vec![vec![Span::default(); threads]; shape.groups],
            groups: vec![Span::default(); shape.groups],
            warm_up: shape.warm_up.clone(),
        }
    }

    /// Takes what a thread knows of each group.
    pub(super) fn tell(&mut self, thread: usize, spans: Vec<Span>) {
        for ((threads, merged), span) in self.threads.iter_mut().zip(&mut self.groups).zip(spans) {
            threads[thread] = span;
            *merged = Span::of(threads);
        }
    }

    /// When a group's load began, from the moment the run's load began.
    pub fn began(&self, group: GroupId) -> Option<Duration> {
        self.groups[group.index()].began
    }

    /// For how long load was applied in a scope, its warm-up left out: the time in which at least
    /// one of its groups was under load. `now` is the end of what still runs. Requests that were
    /// waited for after the time was up belong to the time before, when they started.
    pub fn applied(&self, shape: &Shape, scope: Scope, now: Duration) -> Duration {
        self.measure(shape, scope, None, now)
    }

    /// The same for what a threshold with `after` or `during` looks at.
    pub fn looked_at(&self, shape: &Shape, window: &Windowed, now: Duration) -> Duration {
        self.measure(shape, window.scope, Some(window), now)
    }

    fn measure(&self, shape: &Shape, scope: Scope, window: Option<&Windowed>, now: Duration) -> Duration {
        let in_scope = |index: &usize| match scope {
            Scope::Run => true,
            Scope::Group(group) => group.index() == *index,
            Scope::Label(label) => shape.group_of(label).is_none_or(|group| group.index() == *index),
        };
        let mut pieces: Vec<(Duration, Duration)> = (0..self.groups.len())
            .filter(in_scope)
            .flat_map(|index| self.pieces(GroupId(index as u32), window, now))
            .collect();
        pieces.sort_unstable();
        let (mut total, mut reached) = (Duration::ZERO, Duration::ZERO);
        for (start, end) in pieces {
            let start = start.max(reached);
            total += end.saturating_sub(start);
            reached = reached.max(end);
        }
        total
    }

    /// The pieces of time in which a group's samples start and count.
    fn pieces(&self, group: GroupId, window: Option<&Windowed>, now: Duration) -> Vec<(Duration, Duration)> {
        let span = &self.groups[group.index()];
        let Some(began) = span.began else { return Vec::new() };
        let end = span.ended.map_or(now, |ended| ended.max(span.last_start));
        let start = (began + self.warm_up[group.index()]).max(window.map_or(Duration::ZERO, |window| window.after));
        let whole: &[Window] = &[(Duration::ZERO, None)];
        let windows = window.and_then(|window| window.during.as_ref()).map_or(whole, |groups| &groups[group.index()]);
        windows
            .iter()
            .map(|(from, to)| ((began + *from).max(start), to.map_or(end, |to| (began + to).min(end))))
            .filter(|(from, to)| from < to)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_runs_as_long_as_it_runs_on_any_thread() {
        let at = |seconds| Some(Duration::from_secs(seconds));
        let idle = Span { began: at(0), ended: at(0), ..Span::default() };
        let busy = Span { began: at(0), ended: None, last_start: Duration::from_secs(3) };
        assert_eq!(Span::of(&[idle, busy, Span::default()]).ended, None);
        let done = Span { ended: at(12), ..busy };
        assert_eq!(Span::of(&[idle, done]).ended, at(12));
        assert_eq!(Span::of(&[Span::default()]), Span::default());
    }
}
