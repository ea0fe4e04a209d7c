//! Looking into a large body (XML, HTML, JSON) takes a thread up to a few hundred milliseconds, and for that
//! time up to fifteen times as much memory as the body has. So that the other users of the thread have their
//! turn in between, each thread does it for one body at a time, and so that all threads together do not take
//! too much, for this many bytes of bodies at a time as they have a share of. The response times of the requests
//! that wait have ended.

use std::sync::{Arc, LazyLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// From which size on, in bytes, a body is large.
pub(crate) const LARGE_BODY: usize = 256 * 1024;
/// How many bytes of large bodies are evaluated at the same time, for each processor.
pub(crate) const SHARE: usize = 8 * 1024 * 1024;
/// In how many bytes they are counted.
const UNIT: usize = 1024;

/// What is left of all shares, in units.
static SHARES: LazyLock<(u32, Semaphore)> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let units = u32::try_from(SHARE / UNIT * processors.max(2)).unwrap_or(u32::MAX);
    (units, Semaphore::new(units as usize))
});

thread_local! {
    static THREAD: Arc<Semaphore> = Arc::new(Semaphore::new(1));
}

/// The right to look into a large body.
#[must_use]
pub(crate) struct Turn {
    _thread: OwnedSemaphorePermit,
    _share: SemaphorePermit<'static>,
}

impl Turn {
    /// Waits for the turn of a body of this size; a small one needs none. Whoever came first has it first.
    pub(crate) async fn wait(size: usize) -> Option<Self> {
        if size < LARGE_BODY {
            return None;
        }
        // Nobody closes them, which is the only error there is.
        let thread = THREAD.with(Arc::clone).acquire_owned().await.ok()?;
        let (all, shares) = &*SHARES;
        let units = u32::try_from(size / UNIT).unwrap_or(u32::MAX).min(*all);
        let share = shares.acquire_many(units).await.ok()?;
        // Whoever had the turn before may have given it back just now: sockets and timers come first.
        tokio::task::yield_now().await;
        Some(Self { _thread: thread, _share: share })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::time::Duration;

    use super::*;

    fn on_a_thread<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    /// Whether a body of this size has its turn without waiting.
    async fn has_turn(size: usize) -> bool {
        tokio::time::timeout(Duration::from_millis(200), Turn::wait(size)).await.is_ok()
    }

    #[test]
    fn the_threads_share_what_they_look_into_and_each_looks_into_one() {
        let all = SHARES.0 as usize * UNIT;
        let first = on_a_thread(Turn::wait(all - LARGE_BODY)).unwrap();
        assert!(on_a_thread(has_turn(LARGE_BODY - 1)), "a small one needs no turn");
        assert!(!on_a_thread(has_turn(LARGE_BODY)), "one of each thread");
        let other = |size| std::thread::spawn(move || on_a_thread(has_turn(size))).join().unwrap();
        assert!(other(LARGE_BODY) && !other(LARGE_BODY + UNIT));
        drop(first);
        // One that is larger than all shares has all of them.
        assert!(other(all * 2) && on_a_thread(has_turn(all * 2)));
    }
}
