//! What came on a WebSocket and waits for a step to ask for it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::Notify;

use super::{MAX_WAITING, MAX_WAITING_BYTES};
use crate::failure::Failure;

/// A message that came.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// When it was whole.
    pub(crate) at: Instant,
    /// What it says; text or binary.
    pub(crate) payload: Bytes,
}

/// How a connection ended.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// The server closed it, with a code and a reason if it gave them.
    Closed {
        /// The code (RFC 6455 §7.4); 1005 stands for none.
        code: u16,
        /// The reason, which may be empty.
        reason: Box<str>,
    },
    /// It broke.
    Failed(Failure),
}

/// Messages that wait, and the end of the connection.
#[derive(Default)]
pub(super) struct Inbox {
    waiting: RefCell<VecDeque<Arrived>>,
    bytes: Cell<usize>,
    /// How many were discarded since a step last asked.
    lost: Cell<u64>,
    /// Whether a step waits for the next one.
    wanted: Cell<bool>,
    end: RefCell<Option<End>>,
    news: Notify,
}

/// Takes back what a step has said when it stops waiting.
struct Wanted<'a>(&'a Cell<bool>);

impl Drop for Wanted<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Inbox {
    /// Adds a message; the oldest go when too many wait that no step asks for.
    pub(super) fn push(&self, message: Arrived) {
        let mut waiting = self.waiting.borrow_mut();
        self.bytes.set(self.bytes.get() + message.payload.len());
        waiting.push_back(message);
        let is_kept = self.wanted.get();
        while !is_kept && (waiting.len() > MAX_WAITING || (self.bytes.get() > MAX_WAITING_BYTES && waiting.len() > 1)) {
            let gone = waiting.pop_front().map_or(0, |gone| gone.payload.len());
            self.bytes.set(self.bytes.get() - gone);
            self.lost.set(self.lost.get() + 1);
        }
        self.news.notify_one();
    }

    /// Whether nothing more is to be read before the step that waits has taken what is there.
    pub(super) fn is_full(&self) -> bool {
        self.wanted.get() && (self.waiting.borrow().len() >= MAX_WAITING || self.bytes.get() >= MAX_WAITING_BYTES)
    }

    /// How many messages were discarded since this was last asked.
    pub(super) fn lost(&self) -> u64 {
        self.lost.take()
    }

    /// The connection has ended.
    pub(super) fn end(&self, end: End) {
        self.end.borrow_mut().get_or_insert(end);
        self.news.notify_one();
    }

    /// How it ended, if it has.
    pub(super) fn ended(&self) -> Option<End> {
        self.end.borrow().clone()
    }

    /// Discards what waits; how much there was.
    pub(super) fn clear(&self) -> u64 {
        let mut waiting = self.waiting.borrow_mut();
        let count = waiting.len() as u64;
        // An idle connection keeps no room for what once waited.
        *waiting = VecDeque::new();
        self.bytes.set(0);
        self.lost.set(0);
        count
    }

    /// The next message, or the end of the connection once all messages before it are taken.
    pub(super) async fn next(&self) -> Result<Arrived, End> {
        loop {
            if let Some(message) = self.waiting.borrow_mut().pop_front() {
                self.bytes.set(self.bytes.get() - message.payload.len());
                return Ok(message);
            }
            if let Some(end) = self.ended() {
                return Err(end);
            }
            self.wanted.set(true);
            let _wanted = Wanted(&self.wanted);
            self.news.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(bytes: usize) -> Arrived {
        Arrived { at: Instant::now(), payload: Bytes::from(vec![b'x'; bytes]) }
    }

    #[test]
    fn what_waits_is_bounded_in_count_and_bytes() {
        let inbox = Inbox::default();
        (0..MAX_WAITING + 5).for_each(|_| inbox.push(message(1)));
        assert_eq!((inbox.waiting.borrow().len(), inbox.bytes.get()), (MAX_WAITING, MAX_WAITING));
        inbox.push(message(2 * MAX_WAITING_BYTES));
        assert_eq!((inbox.waiting.borrow().len(), inbox.bytes.get()), (1, 2 * MAX_WAITING_BYTES));
        // Five at first, then all that were left.
        assert_eq!((inbox.lost(), inbox.lost()), (5 + MAX_WAITING as u64, 0));
        assert_eq!((inbox.clear(), inbox.bytes.get()), (1, 0));
    }
}
