//! Whose turn it is to be decoded at length on this thread.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// The right of a body to be caught up with. There is one for each thread: however many bombs come,
/// the other users wait for one slice at a time. A body has it as long as it is behind. One that takes
/// megabytes to decode keeps it while it waits for more, so that such bodies come one after the other,
/// but not for long: a slow one must not hold up the others.
pub(super) struct Slot(u64);

/// How long a body may wait for more, in all, and keep the right from the next one that takes megabytes.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Clone, Copy)]
struct Holder {
    /// Which one of all there were.
    number: u64,
    holds: bool,
    /// Since when it waits.
    waits: Option<Instant>,
    /// How long it has waited before.
    waited: Duration,
}

impl Holder {
    fn waited(&self) -> Duration {
        self.waited + self.waits.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

thread_local! {
    static HOLDER: Cell<Holder> =
        const { Cell::new(Holder { number: 0, holds: false, waits: None, waited: Duration::ZERO }) };
}

impl Slot {
    /// The right, if nobody has it or whoever has it must give it up. `fills_memory` says that the body
    /// takes megabytes to decode.
    pub(super) fn take(fills_memory: bool) -> Option<Self> {
        let holder = HOLDER.get();
        let keeps = holder.waits.is_none() || fills_memory && holder.waited() < PATIENCE;
        if holder.holds && keeps {
            return None;
        }
        let number = holder.number + 1;
        HOLDER.set(Holder { number, holds: true, waits: None, waited: Duration::ZERO });
        Some(Self(number))
    }

    /// Goes on; nothing if the right was lost meanwhile.
    pub(super) fn resumed(self) -> Option<Self> {
        let holder = HOLDER.get();
        let own = holder.number == self.0;
        if own {
            HOLDER.set(Holder { waits: None, waited: holder.waited(), ..holder });
        }
        own.then_some(self)
    }

    pub(super) fn wait(&self) {
        let holder = HOLDER.get();
        if holder.number == self.0 && holder.waits.is_none() {
            HOLDER.set(Holder { waits: Some(Instant::now()), ..holder });
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let holder = HOLDER.get();
        if holder.number == self.0 {
            HOLDER.set(Holder { holds: false, ..holder });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_body_of_a_thread_has_the_slot() {
        let first = Slot::take(false);
        assert!(first.is_some() && Slot::take(false).is_none() && Slot::take(true).is_none());
        drop(first);
        assert!(Slot::take(true).is_some());
    }

    #[test]
    fn a_body_that_waits_loses_the_slot_to_one_that_has_come() {
        let waiting = Slot::take(true).inspect(Slot::wait);
        assert!(Slot::take(true).is_none());
        std::thread::sleep(PATIENCE);
        let second = Slot::take(true);
        assert!(second.is_some() && waiting.and_then(Slot::resumed).is_none());
        assert!(Slot::take(true).is_none(), "what was lost is not given back");
        drop(second);
        assert!(Slot::take(true).and_then(Slot::resumed).is_some());
    }

    #[test]
    fn waits_of_a_body_are_added_up() {
        let mut waiting = Slot::take(true);
        for _ in 0..4 {
            waiting = waiting.inspect(Slot::wait);
            std::thread::sleep(PATIENCE / 4);
            waiting = waiting.and_then(Slot::resumed);
            assert!(waiting.is_some());
        }
        assert!(Slot::take(true).is_none(), "it is behind");
        waiting.inspect(Slot::wait).inspect(|_| assert!(Slot::take(true).is_some()));
    }

    #[test]
    fn a_small_body_does_not_wait_for_one_that_waits() {
        let waiting = Slot::take(true).inspect(Slot::wait);
        assert!(Slot::take(false).is_some());
        assert!(waiting.and_then(Slot::resumed).is_none());
    }
}
