//! Load models as arithmetic: when users start and leave, when iterations arrive, and which times
//! of a thread group are ramps. All times count from the start of the group; nothing here waits.
//!
//! Every time is calculated from one absolute origin with integer arithmetic, so no schedule drifts,
//! bursts or loses a remainder.

mod arrivals;
mod think_time;
mod users;
mod window;

use std::time::Duration;

pub use arrivals::{ArrivalTimes, Arrivals};
pub use think_time::{ThinkTime, guess as guess_think_time};
pub use users::{UserEvent, UserEvents, Users};
pub use window::{During, Window};

/// The load of a thread group.
#[derive(Clone, Debug, PartialEq)]
pub enum Load {
    /// Closed model: so many users, each starting an iteration when its last one has ended.
    Users(Users),
    /// Open model: iterations start on schedule, whether or not earlier ones have ended.
    Arrivals(Arrivals),
}

/// How many iterations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Iterations {
    /// For each user.
    PerUser(u64),
    /// Shared among all users of the group.
    Total(u64),
}

/// A stage: a ramp to a target, then a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stage<T> {
    /// Where the ramp leads.
    pub target: T,
    /// How long the ramp takes; zero is a jump.
    pub over: Duration,
    /// How long the target is held.
    pub hold: Duration,
}

/// A straight piece of a load's curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// When it begins.
    pub start: Duration,
    /// How long it lasts; `None` is without end.
    pub length: Option<Duration>,
    /// How long its ramp would take as a whole: longer than `length` when the ramp is cut short.
    pub over: Duration,
    /// The value at its begin.
    pub from: u64,
    /// The value the ramp leads to.
    pub to: u64,
}

impl Segment {
    fn end(&self) -> Option<Duration> {
        self.length.map(|length| self.start + length)
    }

    fn is_ramp(&self) -> bool {
        self.from != self.to
    }
}

impl Load {
    /// When the load ends; `None` when only its iterations end it.
    pub fn end(&self) -> Option<Duration> {
        match self {
            Self::Users(users) => users.end(),
            Self::Arrivals(arrivals) => Some(arrivals.end()),
        }
    }

    /// The most users there can be at once.
    pub fn most_users(&self) -> u64 {
        match self {
            Self::Users(users) => users.peak(),
            Self::Arrivals(arrivals) => arrivals.max_users,
        }
    }

    /// The curve in straight pieces: of users, or of [`Rate::raw`](crate::units::Rate::raw).
    pub fn segments(&self) -> Vec<Segment> {
        match self {
            Self::Users(users) => users.segments(),
            Self::Arrivals(arrivals) => arrivals.segments(),
        }
    }

    /// How many stages are written; none when the load is written without `stages`.
    pub fn stages(&self) -> usize {
        match self {
            Self::Users(Users::Staged(stages)) => stages.len(),
            Self::Arrivals(arrivals) if arrivals.staged => arrivals.stages.len(),
            Self::Users(Users::Fixed { .. }) | Self::Arrivals(_) => 0,
        }
    }

    /// When the hold of a stage, counted from 1, begins, if the stage has a ramp and a hold.
    pub fn hold_of_stage(&self, number: usize) -> Option<Duration> {
        fn hold<T>(stages: &[Stage<T>], number: usize) -> Option<Duration> {
            let (before, rest) = stages.split_at_checked(number.checked_sub(1)?)?;
            let stage = rest.first().filter(|stage| !stage.over.is_zero() && !stage.hold.is_zero())?;
            Some(before.iter().map(|stage| stage.over + stage.hold).sum::<Duration>() + stage.over)
        }
        match self {
            Self::Users(Users::Staged(stages)) => hold(stages, number),
            Self::Arrivals(arrivals) if arrivals.staged => hold(&arrivals.stages, number),
            Self::Users(Users::Fixed { .. }) | Self::Arrivals(_) => None,
        }
    }

    /// Whether iterations start on schedule.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Arrivals(_))
    }
}

/// The pieces of a list of stages, each with what it ramps to as a plain number.
fn staged(stages: impl Iterator<Item = Stage<u64>>) -> Vec<Segment> {
    let mut segments = Vec::new();
    let (mut start, mut value) = (Duration::ZERO, 0);
    for stage in stages {
        let ramp = Segment { start, length: Some(stage.over), over: stage.over, from: value, to: stage.target };
        if stage.target != value || !stage.over.is_zero() {
            segments.push(ramp);
        }
        start += stage.over;
        value = stage.target;
        if !stage.hold.is_zero() {
            segments.push(Segment { start, length: Some(stage.hold), over: stage.hold, from: value, to: value });
        }
        start += stage.hold;
    }
    segments
}

/// `numerator / denominator` of a time, to the nanosecond.
fn fraction(time: Duration, numerator: u64, denominator: u64) -> Duration {
    let nanos = u128::from(numerator) * time.as_nanos() / u128::from(denominator.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
