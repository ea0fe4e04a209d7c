//! A worker thread: its share of every group's users, in a runtime of its own.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::LocalSet;

use super::clock::Clock;
use super::events::{EventSender, Observer, Rows};
use super::group;
use super::shared::Shared;
use super::user::{Gate, Local};
use crate::graph::GroupId;
use crate::metrics::{Batch, Recorder, Shape};
use crate::problem::Problem;
use crate::protocols::http::client::open_connections;
use crate::protocols::http::sampler::Fixed;
use crate::value::Value;

/// How often a thread measures how late its timers are.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// After how many heartbeats it hands over what it counted.
const HAND_OVER: u64 = 5;

/// What a worker thread is given.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) shared: Arc<Shared>,
    pub(super) shape: Arc<Shape>,
    pub(super) clock: Clock,
    /// Which thread of how many this is.
    pub(super) index: usize,
    pub(super) threads: usize,
    /// Every user's variables at its start.
    pub(super) slots: Arc<[Option<Value>]>,
    pub(super) batches: UnboundedSender<(usize, Batch)>,
    pub(super) events: EventSender,
    /// The first panic of any thread.
    pub(super) panic: Arc<Mutex<Option<String>>>,
    /// Takes a row for each sample of a thread group.
    pub(super) rows: Option<Arc<dyn Rows>>,
    /// Tells the processor time the calling thread has used.
    pub(super) thread_time: fn() -> Option<Duration>,
}

impl Work {
    /// What all users on this thread share.
    pub(super) fn local(&self, observer: Option<Rc<dyn Observer>>) -> Rc<Local> {
        Rc::new(Local {
            shared: self.shared.clone(),
            clock: self.clock,
            recorder: RefCell::new(Recorder::new(self.shape.clone())),
            gates: (0..=self.shared.graph.groups.len()).map(|_| Gate::default()).collect(),
            events: self.events.clone(),
            observer,
            rows: self.rows.as_ref().map(|rows| RefCell::new(rows.sink(self.clock.now()))),
            fixed: Fixed::default(),
        })
    }

    /// Hands over what was counted since the last time.
    pub(super) fn hand_over(&self, local: &Local) {
        let _ = self.batches.send((self.index, local.recorder.borrow_mut().flush()));
        if let Some(rows) = &local.rows {
            rows.borrow_mut().flush();
        }
    }

    /// Runs the thread's share of the load; returns when its last user has ended.
    pub(super) fn run(self) -> Result<(), Problem> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Problem::from(format!("a worker thread could not start: {error}")))?;
        let set = LocalSet::new();
        set.block_on(&runtime, self.load(None));
        Ok(())
    }

    /// Runs the load of every group on the current thread.
    pub(super) async fn load(self, observer: Option<Rc<dyn Observer>>) {
        let local = self.local(observer);
        let work = Rc::new(self);
        let groups: Vec<_> = (0..work.shared.graph.groups.len())
            .map(|index| group::run(work.clone(), local.clone(), GroupId(index as u32)))
            .collect();
        let mut all = std::pin::pin!(futures_util::future::join_all(groups));
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut beats = 0;
        let mut effort = Effort::new(work.thread_time);
        loop {
            tokio::select! {
                _ = &mut all => break,
                due = beat.tick() => {
                    let mut recorder = local.recorder.borrow_mut();
                    recorder.lag(due.elapsed());
                    recorder.connections(open_connections());
                    drop(recorder);
                    beats += 1;
                    if beats % HAND_OVER == 0 {
                        effort.record(&local);
                        work.hand_over(&local);
                    }
                }
            }
        }
        effort.record(&local);
        work.hand_over(&local);
    }
}

/// How much of its time the thread has had something to do: what it did not spend waiting for the
/// system, or what it used of a processor if that is more (looking for events takes time too). A
/// thread that never rests is what limits the load.
struct Effort {
    busy: Duration,
    used: Duration,
    thread_time: fn() -> Option<Duration>,
}

impl Effort {
    fn new(thread_time: fn() -> Option<Duration>) -> Self {
        Self { busy: Self::busy(), used: thread_time().unwrap_or_default(), thread_time }
    }

    fn busy() -> Duration {
        Handle::current().metrics().worker_total_busy_duration(0)
    }

    fn record(&mut self, local: &Local) {
        let busy = Self::busy();
        let used = (self.thread_time)().unwrap_or_default();
        local.recorder.borrow_mut().effort(busy.saturating_sub(self.busy).max(used.saturating_sub(self.used)));
        (self.busy, self.used) = (busy, used);
    }
}

/// What a panic said.
pub(super) fn panic_message(panic: &Box<dyn std::any::Any + Send>) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "unknown".to_owned())
}
