//! The open model's users: made when an iteration arrives and none is idle, reused afterwards.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::life;
use super::user::Local;
use super::worker::Work;
use crate::graph::GroupId;

/// What the threads share of a group's users: how many there are, and how many are idle on each
/// thread. An arrival finds an idle user of its own thread without touching the others; only
/// when `most` users exist does it look for one elsewhere, so that nothing is dropped while any
/// user is idle.
#[derive(Debug)]
pub(super) struct Pool {
    most: u64,
    users: AtomicU64,
    /// Numbers given to users.
    numbers: AtomicU64,
    idle: Vec<AtomicUsize>,
}

impl Pool {
    pub(super) fn new(most: u64, threads: usize) -> Self {
        let idle = (0..threads).map(|_| AtomicUsize::new(0)).collect();
        Self { most, users: AtomicU64::new(0), numbers: AtomicU64::new(0), idle }
    }

    /// Claims an idle user of a thread.
    fn claim(&self, thread: usize) -> bool {
        let idle = &self.idle[thread];
        idle.fetch_update(Ordering::AcqRel, Ordering::Acquire, |idle| idle.checked_sub(1)).is_ok()
    }

    /// Says that a user of a thread is idle.
    fn rest(&self, thread: usize) {
        self.idle[thread].fetch_add(1, Ordering::AcqRel);
    }

    /// Room for another user: its number, if there is.
    fn grow(&self) -> Option<u64> {
        let room = |users: u64| (users < self.most).then_some(users + 1);
        self.users.fetch_update(Ordering::AcqRel, Ordering::Acquire, room).ok()?;
        Some(self.numbers.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// A user has ended.
    pub(super) fn shrink(&self) {
        self.users.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A user that waits for its next iteration.
pub(super) struct Seat {
    next: Cell<Option<Duration>>,
    wake: Notify,
}

impl Seat {
    /// The time its next iteration was scheduled for, if there is one.
    pub(super) fn take(&self) -> Option<Duration> {
        self.next.take()
    }
}

/// The idle users of a group on one thread, the last to become idle first: its connections are
/// the least likely to be closed.
pub(super) struct Idle {
    seats: RefCell<Vec<Rc<Seat>>>,
    thread: usize,
}

impl Idle {
    /// Waits for the next iteration; false when the group ends instead.
    pub(super) async fn wait(&self, seat: &Rc<Seat>, pool: &Pool, local: &Local, id: GroupId) -> bool {
        self.seats.borrow_mut().push(seat.clone());
        pool.rest(self.thread);
        local.gate(Some(id)).running(seat.wake.notified()).await.is_some()
    }
}

/// Brings arrivals and users together.
pub(super) struct Arrivals {
    work: Rc<Work>,
    local: Rc<Local>,
    id: GroupId,
    idle: Rc<Idle>,
}

impl Arrivals {
    pub(super) fn new(work: &Rc<Work>, local: &Rc<Local>, id: GroupId) -> Self {
        let idle = Rc::new(Idle { seats: RefCell::default(), thread: work.index });
        Self { work: work.clone(), local: local.clone(), id, idle }
    }

    /// An iteration scheduled for `at` starts now, on whichever user is free.
    pub(super) fn arrive(&self, at: Duration, users: &mut JoinSet<()>) {
        let Some(pool) = self.work.shared.pool(self.id) else { return };
        let own = self.work.index;
        if pool.claim(own) {
            return self.resume(at);
        }
        if let Some(number) = pool.grow() {
            let seat = Rc::new(Seat { next: Cell::new(Some(at)), wake: Notify::new() });
            users.spawn_local(life::open(
                self.work.clone(),
                self.local.clone(),
                self.id,
                number,
                seat,
                self.idle.clone(),
            ));
            return;
        }
        let elsewhere = (0..self.work.threads).filter(|thread| *thread != own).find(|thread| pool.claim(*thread));
        match elsewhere {
            Some(thread) => self.work.shared.hand_over(self.id, thread, at),
            None => self.local.recorder.borrow_mut().dropped(self.id, at),
        }
    }

    /// An iteration starts on an idle user of this thread, which was claimed for it.
    pub(super) fn resume(&self, at: Duration) {
        let running = self.local.gate(Some(self.id)).is_running();
        match self.idle.seats.borrow_mut().pop().filter(|_| running) {
            Some(seat) => {
                seat.next.set(Some(at));
                seat.wake.notify_one();
            }
            None => self.local.recorder.borrow_mut().dropped(self.id, at),
        }
    }
}
