//! Time: one monotonic clock, counted from the moment load begins, and the arithmetic of starts.

use std::time::Duration;

use tokio::time::Instant;

/// The run's clock. It is tokio's, so that schedules are tested on a clock that tests move.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock that counts from now.
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// The time since load began.
    pub fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// A moment of the system's clock on this clock.
    pub(super) fn at(&self, moment: std::time::Instant) -> Duration {
        moment.saturating_duration_since(self.origin.into_std())
    }

    /// Waits until a time on this clock.
    pub async fn until(&self, at: Duration) {
        tokio::time::sleep_until(self.origin + at).await;
    }
}

/// When user `k` of `users` starts, counted from 0: `k × ramp_up / users`, exact to the nanosecond.
pub fn start_of(k: u64, users: u64, ramp_up: Duration) -> Duration {
    let nanos = u128::from(k) * ramp_up.as_nanos() / u128::from(users.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(users: u64, ramp_up_ms: u64) -> Vec<u128> {
        (0..users).map(|k| start_of(k, users, Duration::from_millis(ramp_up_ms)).as_millis()).collect()
    }

    #[test]
    fn starts_are_spread_evenly_over_the_ramp_up() {
        assert_eq!(starts(5, 2000), [0, 400, 800, 1200, 1600]);
        assert_eq!(starts(5, 500), [0, 100, 200, 300, 400]);
        assert_eq!(starts(3, 0), [0, 0, 0]);
        assert_eq!(starts(1, 10_000), [0]);
    }

    #[test]
    fn a_ramp_loses_no_remainder() {
        let seven = start_of(6, 7, Duration::from_secs(1));
        assert_eq!(seven.as_nanos(), 857_142_857);
        assert_eq!(start_of(u64::MAX - 1, u64::MAX, Duration::from_secs(86_400 * 365)).as_secs(), 31_535_999);
    }
}
