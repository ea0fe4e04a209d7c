//! What all users of a run share: pools of data, locks, rendezvous points, counters, and the word to stop.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, Semaphore, watch};

use super::open::Pool;
use crate::data::{Draw, Pile};
use crate::graph::{DataId, ExecutionGraph, Group, GroupId, MeetingId};
use crate::mask::Masker;
use crate::plan::{AtEnd, Order, Share};
use crate::problem::Problem;
use crate::protocols::http::client::Transport;
use crate::random::Random;
use crate::schedule::{Iterations, Load};
use crate::stop_reason::StopReason;
use crate::units::Rate;
use crate::value::Value;

/// How far a group has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Iterations start.
    #[default]
    Running,
    /// The time is up: iterations may finish, none starts.
    TimeUp,
    /// Told to stop early.
    Stopped,
}

/// What was told to stop.
#[derive(Clone, Debug, Default)]
pub struct Stops {
    /// Everything.
    pub all: bool,
    /// Single groups.
    pub groups: Vec<bool>,
    /// Whoever asked will not wait long: a container is killed ten seconds after SIGTERM.
    pub hurry: bool,
    /// Nobody waits any more: everything that is still going ends at once.
    pub abandoned: bool,
}

/// What all users of a run share.
pub struct Shared {
    /// What they walk.
    pub graph: Arc<ExecutionGraph>,
    /// Connection-level settings, made ready.
    pub transports: Vec<Arc<Transport>>,
    /// The run's identifier.
    pub run_id: Arc<str>,
    /// What every random draw starts from.
    pub seed: u64,
    /// Hides secrets.
    pub masker: Masker,
    /// Names as they are shown.
    pub names: Names,
    /// Whether think times and pauses are skipped, as in a trial.
    pub no_waiting: bool,
    /// Where `${file(…)}` looks.
    pub folder: Arc<std::path::Path>,
    /// The word to stop.
    pub stops: watch::Sender<Stops>,
    reason: Mutex<Option<StopReason>>,
    /// Iterations left to groups that share them; `u64::MAX` where nothing is shared.
    iterations: Vec<AtomicU64>,
    piles: Vec<Vec<Mutex<Pile>>>,
    held: Vec<Option<Arc<[Value]>>>,
    counters: Vec<AtomicI64>,
    /// Named locks.
    pub locks: Vec<Arc<Semaphore>>,
    meetings: Vec<Meeting>,
    courses: Vec<Course>,
    /// When each group ended, from the moment load begins.
    ended: watch::Sender<Vec<Option<Duration>>>,
}

/// The names of what is counted, without secrets, by number.
#[derive(Debug)]
pub struct Names {
    /// Of lines of the report.
    pub labels: Vec<String>,
    /// Of thread groups.
    pub groups: Vec<String>,
}

impl Names {
    fn of(graph: &ExecutionGraph, masker: &Masker) -> Self {
        let shown = |name: &str| masker.mask(name).into_owned();
        Self {
            labels: graph.labels.iter().map(|label| shown(&label.text)).collect(),
            groups: graph.groups.iter().map(|group| shown(&group.name)).collect(),
        }
    }
}

/// What the threads share of a group's load.
#[derive(Debug)]
struct Course {
    /// Threads that have not finished their share.
    left: AtomicUsize,
    /// Active users; kept only while somebody wants rows.
    active: AtomicU64,
    throttle: Option<Throttle>,
    pool: Option<Pool>,
    /// Arrivals handed from one thread to an idle user of another.
    inboxes: Vec<Inbox>,
}

#[derive(Debug)]
struct Inbox {
    sender: UnboundedSender<Duration>,
    receiver: Mutex<Option<UnboundedReceiver<Duration>>>,
}

impl Course {
    fn new(group: &Group, threads: usize) -> Self {
        let pool = match &group.load {
            Load::Arrivals(arrivals) => Some(Pool::new(arrivals.max_users, threads)),
            Load::Users(_) => None,
        };
        let inbox = |_| {
            let (sender, receiver) = unbounded_channel();
            Inbox { sender, receiver: Mutex::new(Some(receiver)) }
        };
        Self {
            left: AtomicUsize::new(threads),
            active: AtomicU64::new(0),
            throttle: group.throughput.and_then(Rate::interval).map(Throttle::new),
            inboxes: if pool.is_some() { (0..threads).map(inbox).collect() } else { Vec::new() },
            pool,
        }
    }
}

/// A ceiling on a group's requests: each takes the next of evenly spaced turns. It is the one
/// thing that all users of the group have to share, one atomic word.
#[derive(Debug)]
pub(super) struct Throttle {
    interval: Duration,
    /// The next turn, in nanoseconds.
    next: AtomicU64,
}

impl Throttle {
    fn new(interval: Duration) -> Self {
        Self { interval, next: AtomicU64::new(0) }
    }

    /// Takes the next turn: when it is. Turns that nobody took are lost, never made up for.
    pub(super) fn next(&self, now: Duration) -> Duration {
        let (now, interval) = (now.as_nanos() as u64, self.interval.as_nanos() as u64);
        let turn = |next: u64| next.max(now);
        let taken = self
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| Some(turn(next).saturating_add(interval)))
            .unwrap_or(now);
        Duration::from_nanos(turn(taken))
    }
}

#[derive(Debug, Default)]
struct Meeting {
    /// How many are waiting, and how often the gate has opened.
    state: Mutex<(u64, u64)>,
    opened: Notify,
}

impl Shared {
    /// Opens the data and makes connection settings ready.
    ///
    /// # Errors
    /// When a file has changed since it was checked and cannot be used any more.
    pub fn new(
        graph: Arc<ExecutionGraph>,
        transports: Vec<Arc<Transport>>,
        run_id: Arc<str>,
        seed: u64,
        masker: Masker,
        no_waiting: bool,
        threads: usize,
    ) -> Result<Self, Problem> {
        let mut piles = Vec::new();
        let mut held = Vec::new();
        for (index, data) in graph.data.iter().enumerate() {
            let random = |pile: u64| Random::for_user(seed, u64::MAX - 1 - index as u64, pile);
            let recycle = data.at_end == AtEnd::Recycle;
            let streamed = data.order == Order::Sequential && data.share != Share::User;
            let rows = if streamed { None } else { Some(Pile::read_all(&data.file)?) };
            let count = match data.share {
                Share::All => 1,
                Share::Group => graph.groups.len(),
                Share::User => 0,
            };
            let mut own = Vec::new();
            for pile in 0..count {
                own.push(Mutex::new(match &rows {
                    Some(rows) => Pile::held(rows.clone(), data.order, recycle, random(pile as u64)),
                    None => Pile::streamed(&data.file, recycle)?,
                }));
            }
            piles.push(own);
            held.push(rows.filter(|_| data.share == Share::User));
        }
        let folder = graph.file.parent().map_or_else(|| Arc::from(std::path::Path::new("")), Arc::from);
        Ok(Self {
            iterations: graph
                .groups
                .iter()
                .map(|group| match &group.load {
                    Load::Users(users) => match users.iterations() {
                        Some(Iterations::Total(count)) => count,
                        Some(Iterations::PerUser(_)) | None => u64::MAX,
                    },
                    Load::Arrivals(_) => u64::MAX,
                })
                .map(AtomicU64::new)
                .collect(),
            counters: graph.counters.iter().map(|_| AtomicI64::new(0)).collect(),
            locks: graph.locks.iter().map(|_| Arc::new(Semaphore::new(1))).collect(),
            meetings: graph.meetings.iter().map(|_| Meeting::default()).collect(),
            stops: watch::Sender::new(Stops { groups: vec![false; graph.groups.len()], ..Stops::default() }),
            reason: Mutex::new(None),
            courses: graph.groups.iter().map(|group| Course::new(group, threads)).collect(),
            ended: watch::Sender::new(vec![None; graph.groups.len()]),
            names: Names::of(&graph, &masker),
            graph,
            transports,
            run_id,
            seed,
            masker,
            no_waiting,
            folder,
            piles,
            held,
        })
    }

    /// Says that everything is to stop. The first reason is kept.
    pub fn stop_all(&self, reason: StopReason) {
        let hurry = reason.hurries().is_some();
        lock(&self.reason).get_or_insert(reason);
        self.stops.send_modify(|stops| {
            stops.all = true;
            stops.hurry |= hurry;
        });
    }

    /// Says that threads were abandoned: should they go on one day, they apply no more load.
    pub(super) fn abandon(&self) {
        self.stops.send_modify(|stops| (stops.all, stops.hurry, stops.abandoned) = (true, true, true));
    }

    /// Says that a group is to stop.
    pub fn stop_group(&self, group: GroupId) {
        self.stops.send_modify(|stops| stops.groups[group.index()] = true);
    }

    /// Why everything was stopped.
    pub fn reason(&self) -> Option<StopReason> {
        lock(&self.reason).clone()
    }

    /// Takes one of the iterations a group's users share; whether there was one.
    pub fn take_iteration(&self, group: GroupId) -> bool {
        let left = &self.iterations[group.index()];
        if left.load(Ordering::Relaxed) == u64::MAX {
            return true;
        }
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// A user has become active, or is active no longer.
    pub(super) fn activity(&self, group: GroupId, more: bool) {
        let active = &self.courses[group.index()].active;
        if more {
            active.fetch_add(1, Ordering::Relaxed)
        } else {
            active.fetch_sub(1, Ordering::Relaxed)
        };
    }

    /// Active users of a group, and of all.
    pub(super) fn active(&self, group: GroupId) -> (u64, u64) {
        let of = |course: &Course| course.active.load(Ordering::Relaxed);
        (of(&self.courses[group.index()]), self.courses.iter().map(of).sum())
    }

    /// The ceiling on a group's requests, if it has one.
    pub(super) fn throttle(&self, group: GroupId) -> Option<&Throttle> {
        self.courses[group.index()].throttle.as_ref()
    }

    /// The users of an open model.
    pub(super) fn pool(&self, group: GroupId) -> Option<&Pool> {
        self.courses[group.index()].pool.as_ref()
    }

    /// Where a thread finds the arrivals that others hand it; once.
    pub(super) fn inbox(&self, group: GroupId, thread: usize) -> Option<UnboundedReceiver<Duration>> {
        lock(&self.courses[group.index()].inboxes.get(thread)?.receiver).take()
    }

    /// Hands an arrival to a thread that has an idle user for it.
    pub(super) fn hand_over(&self, group: GroupId, thread: usize, at: Duration) {
        if let Some(inbox) = self.courses[group.index()].inboxes.get(thread) {
            let _ = inbox.sender.send(at);
        }
    }

    /// A thread has finished its share of a group.
    pub(super) fn group_ended(&self, group: GroupId, now: Duration) {
        if self.courses[group.index()].left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ended.send_modify(|ended| ended[group.index()] = Some(now));
        }
    }

    /// Waits until these groups have ended: when the last one did.
    pub(super) async fn groups_ended(&self, groups: &[GroupId]) -> Duration {
        let mut ended = self.ended.subscribe();
        let all = ended.wait_for(|ended| groups.iter().all(|group| ended[group.index()].is_some())).await;
        let last = all.ok().and_then(|ended| groups.iter().filter_map(|group| ended[group.index()]).max());
        last.unwrap_or_default()
    }

    /// The next number of a counter.
    pub fn count(&self, counter: usize) -> i64 {
        self.counters[counter].fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A pool of a user's own, where the data set says so.
    pub fn own_pile(&self, data: DataId, user_seed: u64) -> Option<Pile> {
        let set = &self.graph.data[data.index()];
        let rows = self.held[data.index()].clone()?;
        let random = Random::for_user(self.seed, u64::MAX - 1 - data.index() as u64, user_seed);
        Some(Pile::held(rows, set.order, set.at_end == AtEnd::Recycle, random))
    }

    /// Draws from a shared pool.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn draw(&self, data: DataId, group: GroupId) -> Result<Draw, Problem> {
        let piles = &self.piles[data.index()];
        let pile = match self.graph.data[data.index()].share {
            Share::Group => piles.get(group.index()),
            Share::All | Share::User => piles.first(),
        };
        match pile {
            Some(pile) => lock(pile).draw(),
            None => Ok(Draw::End),
        }
    }

    /// Waits at a rendezvous point until enough users have come or the time is up.
    pub async fn meet(&self, id: MeetingId) {
        let (count, within) = self.graph.meetings[id.index()];
        let meeting = &self.meetings[id.index()];
        let round = {
            let mut state = lock(&meeting.state);
            state.0 += 1;
            if state.0 >= count {
                *state = (0, state.1 + 1);
                meeting.opened.notify_waiters();
                return;
            }
            state.1
        };
        // Whoever leaves before the gate opens no longer counts.
        let _leave = Leave { meeting, round };
        let open = async {
            loop {
                let opened = meeting.opened.notified();
                if lock(&meeting.state).1 != round {
                    return;
                }
                opened.await;
            }
        };
        match within {
            Some(within) => {
                let _ = tokio::time::timeout(within, open).await;
            }
            None => open.await,
        }
    }
}

struct Leave<'m> {
    meeting: &'m Meeting,
    round: u64,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.meeting.state);
        if state.1 == self.round {
            state.0 = state.0.saturating_sub(1);
        }
    }
}

/// A lock whose holder panicked still guards sound data: each change here is a single step.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
