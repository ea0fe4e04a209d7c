//! Which seconds of a run are compared, and the slices they are cut into.

use crate::document::ThreadGroup;

/// How many slices scatter is taken from.
pub(super) const SLICES: u64 = 30;
/// A steady phase of fewer slices of the timeline is too short to stand for the load.
const LEAST_STEADY: u64 = 3;
/// By what share of a slice a phase may miss its ends: groups begin some milliseconds late.
const SLACK: f64 = 0.05;

/// A part of the timeline: whole slices of it, one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Window {
    /// Where the first slice begins, in seconds of load.
    from_s: f64,
    /// How many slices of the timeline it has.
    pub(super) slices: u64,
    slice_s: f64,
    /// The time that throughput is taken over, in seconds.
    pub(super) seconds: f64,
    /// Whether samples outside of it, those of the graceful stop, belong to its last slice.
    open_ended: bool,
}

impl Window {
    /// All of a group's load, warm-up left out (the timeline keeps that apart).
    pub(super) fn whole(group: &ThreadGroup, run_s: f64, slice_s: f64) -> Self {
        // The timeline keeps samples of the warm-up apart: its seconds would look empty.
        let warm_up = group.parts.iter().find(|part| part.name == "warm-up").and_then(|part| part.to_s);
        let (from, to) = (group.began_s.unwrap_or(0.0).max(warm_up.unwrap_or(0.0)), end(group, run_s));
        let from_s = (from / slice_s).floor().max(0.0) * slice_s;
        let slices = (((to - from_s) / slice_s).ceil()).max(1.0) as u64;
        Self { from_s, slices, slice_s, seconds: group.load_s.max(0.0), open_ended: true }
    }

    /// The part in which the load was held, whole slices only; `None` when that is too short, or
    /// when the load is written in stages, whose holds a results file does not tell from ramps.
    pub(super) fn steady(group: &ThreadGroup, whole: &Self, slice_s: f64) -> Option<Self> {
        let part = group.parts.iter().find(|part| part.name == "steady")?;
        let end = end(group, whole.from_s + whole.slices as f64 * slice_s);
        let to = part.to_s.map_or(end, |to| to.min(end));
        let first = (part.from_s / slice_s - SLACK).ceil().max(0.0);
        let last = (to / slice_s + SLACK).floor();
        let slices = (last - first).max(0.0) as u64;
        let seconds = slices as f64 * slice_s;
        (slices >= LEAST_STEADY).then_some(Self {
            from_s: first * slice_s,
            slices,
            slice_s,
            seconds,
            open_ended: false,
        })
    }

    /// This many seconds from the start.
    #[cfg(test)]
    pub(super) fn seconds(slices: u64) -> Self {
        Self { from_s: 0.0, slices, slice_s: 1.0, seconds: slices as f64, open_ended: false }
    }

    /// The least window that holds all of these.
    pub(super) fn around<'w>(windows: impl Iterator<Item = &'w Self>) -> Self {
        windows
            .copied()
            .reduce(|one, two| {
                let to = |window: &Self| window.from_s + window.slices as f64 * window.slice_s;
                let from_s = one.from_s.min(two.from_s);
                let slices = ((to(&one).max(to(&two)) - from_s) / one.slice_s).ceil().max(1.0) as u64;
                Self {
                    from_s,
                    slices,
                    slice_s: one.slice_s,
                    seconds: one.seconds.max(two.seconds),
                    open_ended: one.open_ended || two.open_ended,
                }
            })
            .unwrap_or(Self { from_s: 0.0, slices: 1, slice_s: 1.0, seconds: 0.0, open_ended: true })
    }

    /// How many slices scatter is taken from: those of the timeline, or 30 of several each.
    pub(super) fn cuts(&self) -> u64 {
        self.slices.clamp(1, SLICES)
    }

    /// Which of them a slice of the timeline belongs to.
    pub(super) fn cut(&self, t_s: u64) -> Option<usize> {
        let at = ((t_s as f64 - self.from_s) / self.slice_s).floor();
        let inside = (0.0..self.slices as f64).contains(&at);
        if !inside && !self.open_ended {
            return None;
        }
        let at = at.clamp(0.0, (self.slices.max(1) - 1) as f64);
        let cut = (at * self.cuts() as f64 / self.slices.max(1) as f64) as usize;
        Some(cut.min(self.cuts() as usize - 1))
    }

    pub(super) fn holds(&self, t_s: u64) -> bool {
        self.cut(t_s).is_some()
    }

    /// How many slices of the timeline such a cut has.
    pub(super) fn width(&self, cut: usize) -> f64 {
        let before = |cut: usize| (cut as f64 * self.slices as f64 / self.cuts() as f64).ceil();
        before(cut + 1) - before(cut)
    }
}

/// When a group's load ended, in seconds of the run's load.
fn end(group: &ThreadGroup, run_s: f64) -> f64 {
    let warm_up = group.parts.iter().find(|part| part.name == "warm-up");
    let warm_up = warm_up.and_then(|part| Some(part.to_s? - part.from_s)).unwrap_or(0.0).max(0.0);
    let ended = group.began_s.unwrap_or(0.0) + warm_up + group.load_s;
    if ended > 0.0 { ended } else { run_s }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(parts: serde_json::Value, began_s: f64, load_s: f64) -> ThreadGroup {
        serde_json::from_value(serde_json::json!({
            "name": "g", "began_s": began_s, "load_s": load_s, "parts": parts, "iterations": 0, "dropped": 0,
            "peak_users": 1, "count": 0, "failed": 0, "interrupted": 0, "cached": 0, "reconnects": 0,
            "received_bytes": 0, "sent_bytes": 0, "failures": [], "phases": {}
        }))
        .expect("it is a thread group")
    }

    fn steady(parts: serde_json::Value, load_s: f64) -> Option<Window> {
        let group = group(parts, 0.002, load_s);
        Window::steady(&group, &Window::whole(&group, load_s, 1.0), 1.0)
    }

    #[test]
    fn the_steady_phase_is_its_whole_seconds() {
        let parts = serde_json::json!([
            { "name": "ramp-up", "from_s": 0.002, "to_s": 2.002 },
            { "name": "steady", "from_s": 2.002, "to_s": 12.002 },
        ]);
        let window = steady(parts.clone(), 12.0).expect("it is long enough");
        assert_eq!((window.from_s, window.slices, window.seconds), (2.0, 10, 10.0));
        assert_eq!((window.cut(1), window.cut(2), window.cut(11), window.cut(12)), (None, Some(0), Some(9), None));
        // A run that was stopped after five seconds has three steady ones, after four too few.
        assert_eq!(steady(parts.clone(), 5.0).map(|window| window.slices), Some(3));
        assert_eq!(steady(parts, 4.0), None);
        // Holds of stages are not told from their ramps.
        assert_eq!(steady(serde_json::json!([{ "name": "stage 1", "from_s": 0.0, "to_s": 60.0 }]), 60.0), None);
    }

    #[test]
    fn long_windows_are_cut_into_thirty() {
        let window = Window::seconds(100);
        assert_eq!((window.cuts(), window.cut(0), window.cut(99)), (30, Some(0), Some(29)));
        let widths: f64 = (0..30).map(|cut| window.width(cut)).sum();
        assert!((widths - 100.0).abs() < 1e-9);
        for cut in 0..30 {
            let held = (0..100).filter(|second| window.cut(*second) == Some(cut)).count();
            assert!((held as f64 - window.width(cut)).abs() < 1e-9, "{cut}");
        }
    }

    #[test]
    fn times_of_a_damaged_file_are_no_panic() {
        for odd in [-1e300, 1e300, f64::MIN_POSITIVE] {
            let group = group(serde_json::json!([{ "name": "steady", "from_s": odd, "to_s": -odd }]), odd, odd);
            let whole = Window::whole(&group, odd, 1e300);
            let _ = Window::steady(&group, &whole, 1.0);
            let _ = (whole.cut(u64::MAX), whole.cut(0), whole.width(0), Window::around([whole, whole].iter()).cut(7));
        }
    }
}
