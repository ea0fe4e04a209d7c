//! Looking into a large body (XML, HTML, JSON) takes a thread up to a few hundred milliseconds. So that
//! the other users of the thread have their turn in between, it is done for one body at a time.

use std::cell::Cell;

/// From which size on, in bytes, a body is large.
pub(crate) const LARGE_BODY: usize = 256 * 1024;

thread_local! {
    static TAKEN: Cell<bool> = const { Cell::new(false) };
}

/// The right to look into a large body.
pub(super) struct Turn(());

impl Turn {
    /// Waits for the turn of a body of this size; a small one needs none.
    pub(super) async fn wait(size: usize) -> Option<Self> {
        if size < LARGE_BODY {
            return None;
        }
        while TAKEN.replace(true) {
            tokio::task::yield_now().await;
        }
        let turn = Self(());
        // Whoever had the turn before may have given it back just now: sockets and timers come first.
        tokio::task::yield_now().await;
        Some(turn)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        TAKEN.set(false);
    }
}
