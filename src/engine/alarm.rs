//! An alarm that rings within microseconds of its time, where tokio's timer wheel counts
//! milliseconds: response times of the open model count from the scheduled start, and up to a
//! millisecond of the generator's own must not be in them.

use std::time::Duration;

use super::clock::Clock;

/// Rings at times on a clock, one after the other.
pub(super) struct Alarm {
    clock: Clock,
    #[cfg(target_os = "linux")]
    timer: Option<linux::Timer>,
}

impl Alarm {
    /// An alarm. On a clock that tests move, it rings by that clock, to the millisecond.
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            #[cfg(target_os = "linux")]
            timer: clock.is_real().then(linux::Timer::new).flatten(),
        }
    }

    /// Waits until this time; for ever if there is none. Dropping the future loses nothing.
    pub(super) async fn until(&mut self, at: Option<Duration>) {
        let Some(at) = at else { return std::future::pending().await };
        #[cfg(target_os = "linux")]
        if let Some(timer) = &mut self.timer {
            loop {
                match at.checked_sub(self.clock.now()).filter(|left| !left.is_zero()) {
                    None => return,
                    Some(left) if timer.ring(at, left).await => {}
                    Some(_) => break,
                }
            }
        }
        self.clock.until(at).await;
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    /// A timer of the system's.
    pub(super) struct Timer {
        file: AsyncFd<OwnedFd>,
        /// The time it is set to.
        set: Option<Duration>,
    }

    impl Timer {
        pub(super) fn new() -> Option<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let file = timerfd_create(TimerfdClockId::Monotonic, flags).ok()?;
            #[expect(
                deprecated,
                reason = "it asks for a file that stays open while it is registered, as an `OwnedFd` does; its successor needs unsafe code"
            )]
            let file = AsyncFd::with_interest(file, Interest::READABLE).ok()?;
            Some(Self { file, set: None })
        }

        /// Waits until `at`, which is `left` from now; false when the timer does not work.
        pub(super) async fn ring(&mut self, at: Duration, left: Duration) -> bool {
            if self.set != Some(at) {
                let first = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
                let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: first };
                // Setting it also takes back that it has rung, so that it need not be read.
                if timerfd_settime(self.file.get_ref(), TimerfdTimerFlags::empty(), &once).is_err() {
                    return false;
                }
                self.set = Some(at);
            }
            let Ok(mut rung) = self.file.readable().await else { return false };
            rung.clear_ready();
            self.set = None;
            true
        }
    }
}
