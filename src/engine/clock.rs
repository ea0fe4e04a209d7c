//! Time: one monotonic clock, counted from the moment load begins.

use std::time::Duration;

use tokio::time::Instant;

/// The run's clock. It is tokio's, so that schedules are tested on a clock that tests move.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
    real: bool,
}

impl Clock {
    /// A clock that counts from now. One that is not `real` may be moved, so only it tells
    /// how long a wait is.
    pub fn start(real: bool) -> Self {
        Self { origin: Instant::now(), real }
    }

    /// Whether its time passes by itself.
    pub fn is_real(&self) -> bool {
        self.real
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

    /// Waits until a time on this clock; for ever if there is none.
    pub async fn until_some(&self, at: Option<Duration>) {
        match at {
            Some(at) => self.until(at).await,
            None => std::future::pending().await,
        }
    }
}
