//! What is known of a request while it is in progress, so that it can be reported even if it is cut off.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::conn::Answer;
use super::failure::Stage;
use super::h1::Upgraded;
use super::tap::Tap;
use crate::exchange::{HttpEntry, Timings};

/// Bytes that went over a connection and are not yet counted for a request.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    sent: Cell<u64>,
    received: Cell<u64>,
}

impl Traffic {
    pub(super) fn add_sent(&self, bytes: usize) {
        self.sent.set(self.sent.get() + bytes as u64);
    }

    pub(super) fn add_received(&self, bytes: usize) {
        self.received.set(self.received.get() + bytes as u64);
    }

    /// Bytes received since the last [`Self::settle`].
    pub(super) fn received(&self) -> u64 {
        self.received.get()
    }

    /// Takes what is uncounted: bytes sent and received.
    pub(crate) fn take(&self) -> (u64, u64) {
        (self.sent.take(), self.received.take())
    }

    /// Counts what is uncounted for `progress`.
    pub(super) fn settle(&self, progress: &Progress) {
        progress.sent.set(progress.sent.get() + self.sent.take());
        progress.received.set(progress.received.get() + self.received.take());
    }
}

/// A request in progress.
#[derive(Debug)]
pub(super) struct Progress {
    /// When it started, until a connection is used: asking the clock again tells nothing new if
    /// there is an idle one.
    pub(super) start: Cell<Option<Instant>>,
    /// When the last byte so far came.
    pub(super) ended: Cell<Option<Instant>>,
    pub(super) stage: Cell<Stage>,
    pub(super) dns: Cell<Option<Duration>>,
    pub(super) connect: Cell<Option<Duration>>,
    pub(super) tls: Cell<Option<Duration>>,
    pub(super) first_byte: Cell<Option<Duration>>,
    pub(super) download: Cell<Option<Duration>>,
    pub(super) sent: Cell<u64>,
    pub(super) received: Cell<u64>,
    pub(super) reconnects: Cell<u32>,
    pub(super) cached: Cell<bool>,
    /// Redirects followed so far.
    pub(super) redirects: Cell<u32>,
    /// Every cookie set so far, in order.
    pub(super) cookies: RefCell<Vec<(String, String)>>,
    /// What came of a response that was not whole: its status, its headers, the beginning of its body.
    pub(super) partial: RefCell<Option<Box<Answer>>>,
    /// Where the connection goes once its server speaks another protocol on it.
    pub(super) upgraded: Option<Rc<RefCell<Option<Upgraded>>>>,
    /// Where the body goes, if it is looked at while it comes.
    pub(super) tap: Option<Rc<Tap>>,
    /// What went over the wire, if somebody wants to see it.
    pub(super) hops: Option<RefCell<Vec<HttpEntry>>>,
}

impl Progress {
    /// How many bytes of a body had come that was not whole.
    pub(super) fn came(&self) -> u64 {
        self.partial.borrow().as_ref().map_or(0, |answer| answer.body_bytes)
    }

    /// `capture`: whether the hops are kept.
    pub(super) fn new(capture: bool, start: Instant) -> Self {
        Self {
            start: Cell::new(Some(start)),
            ended: Cell::default(),
            stage: Cell::default(),
            dns: Cell::default(),
            connect: Cell::default(),
            tls: Cell::default(),
            redirects: Cell::default(),
            first_byte: Cell::default(),
            download: Cell::default(),
            sent: Cell::default(),
            received: Cell::default(),
            reconnects: Cell::default(),
            cached: Cell::default(),
            cookies: RefCell::default(),
            partial: RefCell::default(),
            upgraded: None,
            tap: None,
            hops: capture.then(RefCell::default),
        }
    }

    /// Adds a duration to a phase that may happen once per hop.
    pub(super) fn add(phase: &Cell<Option<Duration>>, time: Duration) {
        phase.set(Some(phase.get().unwrap_or_default() + time));
    }

    pub(super) fn timings(&self, total: Duration) -> Timings {
        Timings {
            total,
            dns: self.dns.get(),
            connect: self.connect.get(),
            tls: self.tls.get(),
            first_byte: self.first_byte.get(),
            download: self.download.get(),
            ..Timings::default()
        }
    }

    /// Counts a resource's bytes and reconnects for the page it belongs to.
    pub(super) fn absorb(&self, resource: &Self) {
        self.sent.set(self.sent.get() + resource.sent.get());
        self.received.set(self.received.get() + resource.received.get());
        self.reconnects.set(self.reconnects.get() + resource.reconnects.get());
        if let (Some(hops), Some(more)) = (&self.hops, &resource.hops) {
            hops.borrow_mut().append(&mut more.borrow_mut());
        }
    }
}
