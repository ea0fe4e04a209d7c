//! Bodies that are looked at while they come: streams that have no end of their own.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Instant;

use http::StatusCode;

use crate::response::Headers;

/// Takes a body piece by piece.
pub(crate) trait Sink {
    /// The head of the response has come, redirects and challenges passed. Whether the body is taken here;
    /// if not, it is read as any other.
    fn begin(&mut self, status: StatusCode, headers: &Headers, at: Instant) -> bool;

    /// The next piece of the body, decoded, and when it came. Nothing more is read once it is enough.
    fn take(&mut self, piece: &[u8], at: Instant) -> ControlFlow<()>;

    /// When it is enough, whatever has come by then. Once the body is taken here, that replaces the request's
    /// `timeout`.
    fn until(&self) -> Option<Instant>;

    /// That time has come. Nothing more is read.
    fn end(&mut self);
}

/// Hands the body of one request over to a sink.
pub(crate) struct Tap {
    sink: Rc<RefCell<dyn Sink>>,
    /// Whether the sink has taken the body.
    open: Cell<bool>,
    enough: Cell<bool>,
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tap").finish_non_exhaustive()
    }
}

impl Tap {
    pub(super) fn new(sink: Rc<RefCell<dyn Sink>>) -> Self {
        Self { sink, open: Cell::new(false), enough: Cell::new(false) }
    }

    /// Whether the sink takes the body of a response with this head.
    pub(super) fn opens(&self, status: StatusCode, headers: &Headers) -> bool {
        self.open.set(self.sink.borrow_mut().begin(status, headers, Instant::now()));
        self.open.get()
    }

    /// When to stop reading, if the sink says so.
    pub(super) fn until(&self) -> Option<Instant> {
        if self.open.get() { self.sink.borrow().until() } else { None }
    }

    /// Stops the reading when its time has come; whether that is news.
    pub(super) fn end(&self) -> bool {
        if self.enough.replace(true) {
            return false;
        }
        self.sink.borrow_mut().end();
        true
    }
}

/// A body in progress to a sink.
pub(super) struct Tapped {
    tap: Rc<Tap>,
    /// When the last bytes came.
    pub(super) at: Instant,
    /// How many bytes were handed over.
    pub(super) total: u64,
}

impl Tapped {
    pub(super) fn new(tap: Rc<Tap>) -> Self {
        Self { tap, at: Instant::now(), total: 0 }
    }

    pub(super) fn take(&mut self, piece: &[u8]) {
        if piece.is_empty() || self.is_enough() {
            return;
        }
        self.total += piece.len() as u64;
        if self.tap.sink.borrow_mut().take(piece, self.at).is_break() {
            self.tap.enough.set(true);
        }
    }

    pub(super) fn is_enough(&self) -> bool {
        self.tap.enough.get()
    }
}
