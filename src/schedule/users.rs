//! The closed model: when each user starts and leaves.

use std::time::Duration;

use super::{Iterations, Segment, Stage, fraction, staged};

/// A number of users over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Users {
    /// One number, reached by a ramp and left by another.
    Fixed {
        /// How many.
        users: u64,
        /// Over how long they start.
        ramp_up: Duration,
        /// How many iterations; `None` without limit.
        iterations: Option<Iterations>,
        /// For how long, ramp-up included, ramp-down not; `None` until the iterations are done.
        duration: Option<Duration>,
        /// Over how long they leave afterwards.
        ramp_down: Duration,
    },
    /// From stage to stage.
    Staged(Vec<Stage<u64>>),
}

impl Users {
    pub(super) fn end(&self) -> Option<Duration> {
        match self {
            Self::Fixed { duration, ramp_down, .. } => duration.map(|duration| duration + *ramp_down),
            Self::Staged(stages) => Some(stages.iter().map(|stage| stage.over + stage.hold).sum()),
        }
    }

    pub(super) fn peak(&self) -> u64 {
        match self {
            Self::Fixed { users, .. } => *users,
            Self::Staged(stages) => stages.iter().map(|stage| stage.target).max().unwrap_or(0),
        }
    }

    /// How many iterations; `None` without limit.
    pub fn iterations(&self) -> Option<Iterations> {
        match self {
            Self::Fixed { iterations, .. } => *iterations,
            Self::Staged(_) => None,
        }
    }

    pub(super) fn segments(&self) -> Vec<Segment> {
        let (users, ramp_up, duration, ramp_down) = match self {
            Self::Fixed { users, ramp_up, duration, ramp_down, .. } => (*users, *ramp_up, *duration, *ramp_down),
            Self::Staged(stages) => return staged(stages.iter().copied()),
        };
        let ramp = duration.map_or(ramp_up, |duration| duration.min(ramp_up));
        let up = Segment { start: Duration::ZERO, length: Some(ramp), over: ramp_up, from: 0, to: users };
        let reached = if ramp < ramp_up { starts_before(ramp, users, ramp_up) } else { users };
        let length = duration.map(|duration| duration - ramp);
        let hold = Segment { start: ramp, length, over: length.unwrap_or_default(), from: reached, to: reached };
        let mut segments = vec![up];
        if length != Some(Duration::ZERO) {
            segments.push(hold);
        }
        if let (Some(start), false) = (duration, ramp_down.is_zero()) {
            segments.push(Segment { start, length: Some(ramp_down), over: ramp_down, from: reached, to: 0 });
        }
        segments
    }

    /// Every start and every leaving, in order of time.
    pub fn events(&self) -> UserEvents {
        UserEvents { segments: self.segments(), segment: 0, done: 0, active: 0, started: 0 }
    }
}

/// How many of `users` that start evenly over `ramp` have started before `time`.
fn starts_before(time: Duration, users: u64, ramp: Duration) -> u64 {
    let exact = time.as_nanos() * u128::from(users);
    u64::try_from(exact.div_ceil(ramp.as_nanos().max(1))).unwrap_or(users).min(users)
}

/// What happens to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserEvent {
    /// A user starts in a place that is free; its number, from 1.
    Start {
        /// Its place.
        place: u64,
        /// Its number.
        number: u64,
    },
    /// The user in a place begins no further iteration.
    Leave {
        /// Its place.
        place: u64,
    },
}

/// The starts and leavings of a closed model. On the way up to `to` users, user i of the n that
/// come starts at i × over / n of its ramp; on the way down the one that came last leaves first,
/// and the i-th of n leaves at (i + 1) × over / n.
#[derive(Clone, Debug)]
pub struct UserEvents {
    segments: Vec<Segment>,
    segment: usize,
    /// Events of the current segment that have been told.
    done: u64,
    active: u64,
    started: u64,
}

impl Iterator for UserEvents {
    type Item = (Duration, UserEvent);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let segment = self.segments.get(self.segment)?;
            let up = segment.to > segment.from;
            let steps = segment.to.abs_diff(segment.from);
            let within = fraction(segment.over, self.done + u64::from(!up), steps);
            let cut = segment.length.is_some_and(|length| length < segment.over && within >= length);
            if self.done == steps || cut {
                self.segment += 1;
                self.done = 0;
                continue;
            }
            self.done += 1;
            let event = if up {
                self.active += 1;
                self.started += 1;
                UserEvent::Start { place: self.active - 1, number: self.started }
            } else {
                self.active -= 1;
                UserEvent::Leave { place: self.active }
            };
            return Some((segment.start + within, event));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(users: u64, ramp_up_ms: u64, duration_ms: Option<u64>, ramp_down_ms: u64) -> Users {
        Users::Fixed {
            users,
            ramp_up: Duration::from_millis(ramp_up_ms),
            iterations: None,
            duration: duration_ms.map(Duration::from_millis),
            ramp_down: Duration::from_millis(ramp_down_ms),
        }
    }

    /// Starts as `+ms`, leavings as `-ms`.
    fn events(users: &Users) -> Vec<String> {
        users
            .events()
            .map(|(at, event)| match event {
                UserEvent::Start { .. } => format!("+{}", at.as_millis()),
                UserEvent::Leave { .. } => format!("-{}", at.as_millis()),
            })
            .collect()
    }

    fn stage(target: u64, over: u64, hold: u64) -> Stage<u64> {
        Stage { target, over: Duration::from_secs(over), hold: Duration::from_secs(hold) }
    }

    #[test]
    fn starts_are_spread_evenly_over_the_ramp_up() {
        assert_eq!(events(&fixed(5, 2000, None, 0)), ["+0", "+400", "+800", "+1200", "+1600"]);
        assert_eq!(events(&fixed(5, 500, None, 0)), ["+0", "+100", "+200", "+300", "+400"]);
        assert_eq!(events(&fixed(3, 0, None, 0)), ["+0", "+0", "+0"]);
        assert_eq!(events(&fixed(1, 10_000, None, 0)), ["+0"]);
    }

    #[test]
    fn a_ramp_loses_no_remainder() {
        let seventh = fixed(7, 1000, None, 0).events().last().expect("there are events").0;
        assert_eq!(seventh.as_nanos(), 857_142_857);
        let years = Duration::from_secs(86_400 * 365);
        assert_eq!(fraction(years, u64::MAX - 1, u64::MAX).as_secs(), 31_535_999);
    }

    #[test]
    fn a_ramp_down_mirrors_the_ramp_up() {
        let down = events(&fixed(4, 0, Some(1000), 2000));
        assert_eq!(down[4..], ["-1500", "-2000", "-2500", "-3000"]);
        assert_eq!(fixed(4, 0, Some(1000), 2000).end(), Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_ramp_longer_than_the_duration_is_cut_and_the_ramp_down_starts_from_what_it_reached() {
        let cut = fixed(10, 10_000, Some(2500), 600);
        assert_eq!(events(&cut), ["+0", "+1000", "+2000", "-2700", "-2900", "-3100"]);
    }

    #[test]
    fn stages_ramp_jump_and_hold() {
        let stages = Users::Staged(vec![stage(2, 0, 1), stage(4, 2, 1), stage(1, 3, 0), stage(2, 0, 5)]);
        assert_eq!(events(&stages), ["+0", "+0", "+1000", "+2000", "-5000", "-6000", "-7000", "+7000"]);
        assert_eq!(stages.end(), Some(Duration::from_secs(12)));
        assert_eq!(stages.peak(), 4);
    }

    #[test]
    fn the_last_that_came_leaves_first_and_every_start_has_a_number_of_its_own() {
        let stages = Users::Staged(vec![stage(2, 0, 1), stage(1, 0, 1), stage(2, 0, 1)]);
        let told: Vec<UserEvent> = stages.events().map(|(_, event)| event).collect();
        assert_eq!(
            told,
            [
                UserEvent::Start { place: 0, number: 1 },
                UserEvent::Start { place: 1, number: 2 },
                UserEvent::Leave { place: 1 },
                UserEvent::Start { place: 1, number: 3 },
            ]
        );
    }
}
