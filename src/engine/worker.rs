//! A worker thread: its share of every group's users, started on time and ended in order.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::task::{JoinSet, LocalSet};

use super::clock::{Clock, start_of};
use super::events::{Event, Observer};
use super::shared::{Shared, StopReason, Stops};
use super::user::{Gate, Local, NoRow, User};
use super::walk::{Walked, at_end_of_data, walk};
use crate::graph::{DataId, ExecutionGraph, Group, GroupId};
use crate::metrics::{Batch, Recorder, Shape};
use crate::plan::{Iterations, OnError};
use crate::value::Value;

/// How often a thread measures how late its timers are.
const HEARTBEAT: Duration = Duration::from_millis(100);
/// After how many heartbeats it hands over what it counted.
const HAND_OVER: u64 = 5;
/// A user that starts later than this is counted as late.
const LATE: Duration = Duration::from_millis(100);

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
    pub(super) events: UnboundedSender<Event>,
    /// The first panic of any thread.
    pub(super) panic: Arc<Mutex<Option<String>>>,
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
            fixed: RefCell::default(),
        })
    }

    /// Hands over what was counted since the last time.
    pub(super) fn hand_over(&self, local: &Local) {
        let _ = self.batches.send((self.index, local.recorder.borrow_mut().flush()));
    }

    /// Runs the thread's share of the load; returns when its last user has ended.
    pub(super) fn run(self) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| format!("a worker thread could not start: {error}"))?;
        let set = LocalSet::new();
        set.block_on(&runtime, self.load(None));
        Ok(())
    }

    /// Runs the load of every group on the current thread.
    pub(super) async fn load(self, observer: Option<Rc<dyn Observer>>) {
        let local = self.local(observer);
        let work = Rc::new(self);
        let groups: Vec<_> = (0..work.shared.graph.groups.len())
            .map(|index| run_group(work.clone(), local.clone(), GroupId(index as u32)))
            .collect();
        let mut all = std::pin::pin!(futures_util::future::join_all(groups));
        let mut beat = tokio::time::interval(HEARTBEAT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut beats = 0;
        loop {
            tokio::select! {
                _ = &mut all => break,
                due = beat.tick() => {
                    local.recorder.borrow_mut().lag(due.elapsed());
                    beats += 1;
                    if beats % HAND_OVER == 0 {
                        work.hand_over(&local);
                    }
                }
            }
        }
        work.hand_over(&local);
    }
}

/// Starts a group's users on this thread, and ends them when the time is up, when the run is
/// stopped, or when they are done.
async fn run_group(work: Rc<Work>, local: Rc<Local>, id: GroupId) {
    let graph = work.shared.graph.clone();
    let group = &graph.groups[id.index()];
    let gate = local.gate(Some(id));
    let clock = work.clock;
    let end = group.duration.map(|duration| group.delay + duration);
    let mut stops = work.shared.stops.subscribe();
    let mut users: JoinSet<()> = JoinSet::new();
    let mut next = work.index as u64;
    let mut interrupt_at: Option<Duration> = None;
    loop {
        let start =
            (gate.is_running() && next < group.users).then(|| group.delay + start_of(next, group.users, group.ramp_up));
        if start.is_none() && users.is_empty() {
            return;
        }
        tokio::select! {
            biased;
            () = until(clock, end), if gate.is_running() && end.is_some() => {
                gate.end();
                interrupt_at = Some(clock.now() + group.graceful_stop);
            }
            () = told_to_stop(&mut stops, id), if gate.is_running() => {
                gate.end();
                interrupt_at = Some(clock.now() + group.graceful_stop);
            }
            () = until(clock, interrupt_at), if interrupt_at.is_some() => {
                interrupt_at = None;
                users.abort_all();
            }
            () = until(clock, start), if start.is_some() => {
                // Every start that is due: a late one is made up for at once.
                while next < group.users {
                    let due = group.delay + start_of(next, group.users, group.ramp_up);
                    let Some(late) = clock.now().checked_sub(due) else { break };
                    if late > LATE {
                        local.recorder.borrow_mut().late_start();
                    }
                    users.spawn_local(live(work.clone(), local.clone(), id, next + 1));
                    next += work.threads as u64;
                }
            }
            Some(ended) = users.join_next(), if !users.is_empty() => {
                if let Err(error) = ended && error.is_panic() {
                    let message = panic_message(&error.into_panic());
                    work.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
                    work.shared.stop_all(StopReason::Step("an internal error".into()));
                }
            }
        }
    }
}

async fn until(clock: Clock, at: Option<Duration>) {
    match at {
        Some(at) => clock.until(at).await,
        None => std::future::pending().await,
    }
}

async fn told_to_stop(stops: &mut watch::Receiver<Stops>, group: GroupId) {
    let told = stops.wait_for(|stops| stops.all || stops.groups[group.index()]).await;
    if told.is_err() {
        // Nobody is left who could say so.
        std::future::pending::<()>().await;
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

/// Counts a user as active for as long as it lives, however it ends.
struct Active {
    local: Rc<Local>,
    group: GroupId,
}

impl Drop for Active {
    fn drop(&mut self) {
        self.local.recorder.borrow_mut().user_ended(self.group);
    }
}

/// A user's whole life.
async fn live(work: Rc<Work>, local: Rc<Local>, id: GroupId, number: u64) {
    let graph = work.shared.graph.clone();
    let group = &graph.groups[id.index()];
    let gate = local.gate(Some(id));
    local.recorder.borrow_mut().user_started(id);
    let _active = Active { local: local.clone(), group: id };
    let mut user = User::new(local.clone(), Some(id), number, work.slots.to_vec());
    if !draw(&mut user, &graph, group, &group.rows_per_user) {
        return;
    }
    part(&local, &format!("thread group {} · on_start", group.name), &group.on_start);
    if walk(&graph, &mut user, &group.on_start, OnError::StopUser).await != Walked::Done {
        return;
    }
    part(&local, &format!("thread group {}", group.name), &group.steps);
    let most = match group.iterations {
        Some(Iterations::PerUser(count)) => count,
        Some(Iterations::Total(_)) => u64::MAX,
        None => u64::MAX,
    };
    let mut iteration = 0;
    while iteration < most && gate.is_running() && work.shared.take_iteration(id) {
        // An iteration without a wait must not keep its thread from other users.
        tokio::task::coop::consume_budget().await;
        iteration += 1;
        user.iteration = Some(iteration);
        user.http.start_iteration();
        if !draw(&mut user, &graph, group, &group.rows_per_iteration) {
            break;
        }
        let walked = walk(&graph, &mut user, &group.steps, group.on_error).await;
        if matches!(walked, Walked::Done | Walked::LeftIteration) {
            local.recorder.borrow_mut().iteration(id);
        }
        if !matches!(walked, Walked::Done | Walked::LeftIteration) {
            break;
        }
    }
    user.iteration = None;
    part(&local, &format!("thread group {} · on_stop", group.name), &group.on_stop);
    walk(&graph, &mut user, &group.on_stop, OnError::Continue).await;
}

fn part(local: &Local, name: &str, steps: &[crate::graph::NodeId]) {
    if let Some(observer) = local.observer.as_ref().filter(|_| !steps.is_empty()) {
        observer.part(name);
    }
}

/// Draws a row from each data set; false when the user is to end.
fn draw(user: &mut User, graph: &ExecutionGraph, group: &Group, data: &[DataId]) -> bool {
    for id in data {
        match user.draw(*id) {
            Ok(()) => {}
            Err(NoRow::End(at_end)) => {
                at_end_of_data(user, at_end);
                return false;
            }
            Err(NoRow::Broken(message)) => {
                broken_data(user, graph, group, &message);
                return false;
            }
        }
    }
    true
}

/// Data that can no longer be read counts as an error of the group's first step.
fn broken_data(user: &User, graph: &ExecutionGraph, group: &Group, message: &str) {
    let Some(first) = group.steps.first() else { return };
    user.local.step_failed(graph.node(*first), message.to_owned());
}
