//! How many connections the users of a thread hold open.

use std::cell::Cell;

thread_local! {
    /// Connections never leave the thread they were opened on, so no counter is shared.
    static OPEN: Cell<u64> = const { Cell::new(0) };
}

/// How many connections are open on this thread.
pub fn open_connections() -> u64 {
    OPEN.get()
}

/// Counts a connection for as long as it lives.
#[derive(Debug)]
pub(super) struct Counted(());

impl Counted {
    pub(super) fn new() -> Self {
        OPEN.set(OPEN.get() + 1);
        Self(())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // A thread that ends may have taken the counter down before its last connection.
        let _ = OPEN.try_with(|open| open.set(open.get().saturating_sub(1)));
    }
}
