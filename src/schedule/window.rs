//! Parts of a group's time that a threshold may be limited to.

use std::time::Duration;

use super::{Load, Segment, Stage};

/// Which part of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum During {
    /// While no ramp is in progress.
    Steady,
    /// While a ramp leads up.
    RampUp,
    /// In this stage, counted from 1, its hold included.
    Stage(usize),
}

/// A piece of time, from the group's start; its end is not part of it. `None` is without end.
pub type Window = (Duration, Option<Duration>);

impl During {
    /// Reads `steady`, `ramp_up` or `stage 2`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "steady" => Some(Self::Steady),
            "ramp_up" => Some(Self::RampUp),
            other => {
                let number = other.strip_prefix("stage")?.trim().parse().ok()?;
                (number > 0).then_some(Self::Stage(number))
            }
        }
    }

    /// The pieces of a load's time this means, in order.
    pub fn windows(self, load: &Load) -> Vec<Window> {
        let mut windows: Vec<Window> = match self {
            Self::Steady => pieces(load, |segment| !segment.is_ramp()),
            Self::RampUp => pieces(load, |segment| segment.to > segment.from),
            Self::Stage(number) => stage(load, number).into_iter().collect(),
        };
        windows.retain(|(start, end)| *end != Some(*start));
        windows
    }
}

impl std::fmt::Display for During {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Steady => f.write_str("steady"),
            Self::RampUp => f.write_str("ramp_up"),
            Self::Stage(number) => write!(f, "stage {number}"),
        }
    }
}

fn pieces(load: &Load, wanted: impl Fn(&Segment) -> bool) -> Vec<Window> {
    load.segments().iter().filter(|segment| wanted(segment)).map(|segment| (segment.start, segment.end())).collect()
}

fn stage(load: &Load, number: usize) -> Option<Window> {
    if number > load.stages() {
        return None;
    }
    let window = |lengths: Vec<Duration>| {
        let start: Duration = lengths[..number - 1].iter().sum();
        (start, Some(start + lengths[number - 1]))
    };
    Some(match load {
        Load::Users(super::Users::Staged(stages)) => window(stages.iter().map(length).collect()),
        Load::Arrivals(arrivals) => window(arrivals.stages.iter().map(length).collect()),
        Load::Users(super::Users::Fixed { .. }) => return None,
    })
}

fn length<T>(stage: &Stage<T>) -> Duration {
    stage.over + stage.hold
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Users;

    fn seconds(windows: Vec<Window>) -> Vec<(u64, Option<u64>)> {
        windows.into_iter().map(|(start, end)| (start.as_secs(), end.map(|end| end.as_secs()))).collect()
    }

    fn fixed(duration: Option<u64>) -> Load {
        Load::Users(Users::Fixed {
            users: 10,
            ramp_up: Duration::from_secs(5),
            iterations: None,
            duration: duration.map(Duration::from_secs),
            ramp_down: Duration::from_secs(2),
        })
    }

    #[test]
    fn steady_is_what_no_ramp_is_in_progress_in() {
        assert_eq!(seconds(During::Steady.windows(&fixed(Some(20)))), [(5, Some(20))]);
        assert_eq!(seconds(During::Steady.windows(&fixed(None))), [(5, None)]);
        assert_eq!(seconds(During::Steady.windows(&fixed(Some(3)))), []);
        assert_eq!(seconds(During::RampUp.windows(&fixed(Some(20)))), [(0, Some(5))]);
    }

    #[test]
    fn a_stage_is_its_ramp_and_its_hold() {
        let stage =
            |target, over, hold| Stage { target, over: Duration::from_secs(over), hold: Duration::from_secs(hold) };
        let load = Load::Users(Users::Staged(vec![stage(10, 5, 5), stage(20, 10, 0), stage(5, 0, 30)]));
        assert_eq!(seconds(During::Stage(1).windows(&load)), [(0, Some(10))]);
        assert_eq!(seconds(During::Stage(2).windows(&load)), [(10, Some(20))]);
        assert_eq!(seconds(During::Stage(4).windows(&load)), []);
        assert_eq!(seconds(During::Steady.windows(&load)), [(5, Some(10)), (20, Some(50))]);
        assert_eq!(seconds(During::RampUp.windows(&load)), [(0, Some(5)), (10, Some(20))]);
        assert_eq!(During::parse("stage 2"), Some(During::Stage(2)));
        assert_eq!(During::parse("stage 0"), None);
        assert_eq!(During::parse("ramping"), None);
    }
}
