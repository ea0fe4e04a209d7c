//! A thread's share of a group: users and arrivals started on time, and ended in order.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinError, JoinSet};

use super::alarm::Alarm;
use super::life;
use super::open::Arrivals;
use super::shared::Stops;
use super::user::{Leaving, Local};
use super::worker::{Work, panic_message};
use crate::graph::{Group, GroupId};
use crate::schedule::{Load, UserEvent, Users};
use crate::stop_reason::StopReason;

/// This many arrivals start before a thread looks at anything else.
const AT_ONCE: usize = 64;

/// Runs the thread's share of a group, once the groups it needs have ended.
pub(super) async fn run(work: Rc<Work>, local: Rc<Local>, id: GroupId) {
    let graph = work.shared.graph.clone();
    let group = &graph.groups[id.index()];
    let mut share = Share {
        stops: work.shared.stops.subscribe(),
        hurry: work.shared.stops.subscribe(),
        hurried: [false; 2],
        users: JoinSet::new(),
        ending_since: None,
        interrupt_at: None,
        origin: Duration::ZERO,
        work: work.clone(),
        local: local.clone(),
        id,
        group,
    };
    if share.begin().await {
        local.recorder.borrow_mut().group_begins(id, share.origin);
        match &group.load {
            Load::Users(users) => share.users(users).await,
            Load::Arrivals(arrivals) => share.arrivals(arrivals).await,
        }
        local.recorder.borrow_mut().group_ends(id, local.clock.now());
    }
    work.shared.group_ended(id, local.clock.now());
}

/// A thread's share of a group.
struct Share<'g> {
    work: Rc<Work>,
    local: Rc<Local>,
    id: GroupId,
    group: &'g Group,
    /// When the group starts, from the moment load begins.
    origin: Duration,
    stops: watch::Receiver<Stops>,
    /// The same, looked at for the word to hurry.
    hurry: watch::Receiver<Stops>,
    /// What was heard of it: to hurry, and that nobody waits any more.
    hurried: [bool; 2],
    users: JoinSet<()>,
    /// When those still running are interrupted, once the group is ending.
    interrupt_at: Option<Duration>,
    /// Since when no iteration starts any more.
    ending_since: Option<Duration>,
}

impl Share<'_> {
    /// Waits for the groups this one needs; false when it is told to stop first.
    async fn begin(&mut self) -> bool {
        let ended = self.work.shared.groups_ended(&self.group.needs);
        let needed = tokio::select! {
            biased;
            () = told_to_stop(&mut self.stops, self.id) => return false,
            needed = ended => needed,
        };
        self.origin = needed + self.group.delay;
        true
    }

    fn end(&self) -> Option<Duration> {
        self.group.load.end().map(|end| self.origin + end)
    }

    /// No iteration starts any more; those that run may finish for a while.
    fn ending(&mut self, stopped: bool) {
        let now = self.local.clock.now();
        let mut recorder = self.local.recorder.borrow_mut();
        recorder.group_ends(self.id, now);
        recorder.nobody_planned(self.id);
        drop(recorder);
        self.local.gate(Some(self.id)).end(stopped);
        let grace = match *self.hurry.borrow() {
            Stops { abandoned: true, .. } => Duration::ZERO,
            Stops { hurry: true, .. } => self.group.graceful_stop_on_sigterm,
            Stops { .. } => self.group.graceful_stop,
        };
        // SIGTERM after Ctrl-C: the time that users had since then counts.
        let at = *self.ending_since.get_or_insert(now) + grace;
        self.interrupt_at = Some(self.interrupt_at.map_or(at, |known| known.min(at)));
    }

    fn hurry(&mut self) {
        self.hurried = {
            let stops = self.hurry.borrow();
            [stops.hurry, stops.abandoned]
        };
        self.ending(true);
    }

    /// The closed model.
    async fn users(&mut self, users: &Users) {
        let threads = self.work.threads as u64;
        let index = self.work.index as u64;
        let mine = move |(_, event): &(Duration, UserEvent)| match event {
            UserEvent::Start { place, .. } | UserEvent::Leave { place } => place % threads == index,
        };
        let mut events = users.events().filter(mine);
        // Stages last as long as they say, a plain number of users only as long as any is at work.
        let (staged, leaves) = match users {
            Users::Staged(_) => (true, true),
            Users::Fixed { ramp_down, .. } => (false, !ramp_down.is_zero()),
        };
        let mut next = events.next();
        let mut places: Vec<Option<Seated>> = Vec::new();
        let mut leaving: VecDeque<(Duration, AbortHandle)> = VecDeque::new();
        let local = self.local.clone();
        let (clock, gate) = (local.clock, local.gate(Some(self.id)));
        loop {
            let starts = staged || matches!(next, Some((_, UserEvent::Start { .. })));
            if self.users.is_empty() && !(starts && gate.is_running()) {
                return;
            }
            let due = next.as_ref().filter(|_| gate.is_running()).map(|(at, _)| self.origin + *at);
            let impatient = leaving.front().map(|(at, _)| *at);
            let end = self.end();
            tokio::select! {
                biased;
                // Before the starts that are due: a thread that was abandoned may go on one day.
                () = told_to_stop(&mut self.stops, self.id), if !gate.is_stopped() => self.ending(true),
                () = told_to_hurry(&mut self.hurry, self.hurried) => self.hurry(),
                () = clock.until_some(due), if due.is_some() => {
                    // Everything that is due: a late start is made up for at once.
                    while let Some((at, event)) = next {
                        let now = clock.now();
                        let Some(late) = now.checked_sub(self.origin + at) else { break };
                        match event {
                            UserEvent::Start { place, number } => {
                                local.recorder.borrow_mut().started(late);
                                let told = Rc::<Leaving>::default();
                                let life = life::closed(self.work.clone(), local.clone(), self.id, number, told.clone());
                                let handle = self.users.spawn_local(life);
                                if leaves {
                                    let at = (place / threads) as usize;
                                    places.resize_with(places.len().max(at + 1), || None);
                                    places[at] = Some(Seated { told, handle });
                                }
                            }
                            UserEvent::Leave { place } => {
                                if let Some(seated) = places.get_mut((place / threads) as usize).and_then(Option::take) {
                                    if seated.told.is_missing() {
                                        local.recorder.borrow_mut().user_would_leave(self.id);
                                    }
                                    seated.told.tell();
                                    leaving.push_back((now + self.group.graceful_stop, seated.handle));
                                }
                            }
                        }
                        next = events.next();
                    }
                }
                () = clock.until_some(end), if gate.is_running() => self.ending(false),
                () = clock.until_some(impatient), if impatient.is_some() => {
                    leaving.pop_front().into_iter().for_each(|(_, handle)| handle.abort());
                }
                () = clock.until_some(self.interrupt_at), if self.interrupt_at.is_some() => {
                    self.interrupt_at = None;
                    self.users.abort_all();
                }
                Some(ended) = self.users.join_next(), if !self.users.is_empty() => self.ended(ended),
            }
        }
    }

    /// The open model.
    async fn arrivals(&mut self, load: &crate::schedule::Arrivals) {
        let (threads, index) = (self.work.threads, self.work.index);
        let seed = self.work.shared.seed ^ (u64::from(self.id.0) << 32);
        let mut times = load.times(seed).skip(index).step_by(threads);
        let mut next = times.next();
        let arrivals = Arrivals::new(&self.work, &self.local, self.id);
        let mut inbox: Option<UnboundedReceiver<Duration>> = self.work.shared.inbox(self.id, index);
        let local = self.local.clone();
        let (clock, gate) = (local.clock, local.gate(Some(self.id)));
        let mut alarm = Alarm::new(clock);
        loop {
            if self.users.is_empty() && !gate.is_running() {
                return;
            }
            let due = next.filter(|_| gate.is_running()).map(|at| self.origin + at);
            let end = self.end();
            tokio::select! {
                biased;
                () = told_to_stop(&mut self.stops, self.id), if !gate.is_stopped() => self.ending(true),
                () = told_to_hurry(&mut self.hurry, self.hurried) => self.hurry(),
                // Before the alarm, which may ring all the time: users are claimed for these.
                Some(at) = received(&mut inbox) => arrivals.resume(at),
                () = alarm.until(due), if due.is_some() => {
                    // A run of late starts must not keep the thread from what is in progress.
                    for _ in 0..AT_ONCE {
                        let Some(at) = next.map(|at| self.origin + at).filter(|at| *at <= clock.now()) else { break };
                        arrivals.arrive(at, &mut self.users);
                        next = times.next();
                    }
                    tokio::task::yield_now().await;
                }
                () = clock.until_some(end), if gate.is_running() => self.ending(false),
                () = clock.until_some(self.interrupt_at), if self.interrupt_at.is_some() => {
                    self.interrupt_at = None;
                    self.users.abort_all();
                }
                Some(ended) = self.users.join_next(), if !self.users.is_empty() => self.ended(ended),
            }
        }
    }

    fn ended(&self, ended: Result<(), JoinError>) {
        if let Err(error) = ended
            && error.is_panic()
        {
            let message = panic_message(&error.into_panic());
            self.work.panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
            self.work.shared.stop_all(StopReason::Step("an internal error".into()));
        }
    }
}

/// A user in its place.
struct Seated {
    /// The word to leave.
    told: Rc<Leaving>,
    handle: AbortHandle,
}

async fn received(inbox: &mut Option<UnboundedReceiver<Duration>>) -> Option<Duration> {
    match inbox {
        Some(inbox) => inbox.recv().await,
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

async fn told_to_hurry(stops: &mut watch::Receiver<Stops>, heard: [bool; 2]) {
    if stops.wait_for(|stops| [stops.hurry, stops.abandoned] != heard).await.is_err() {
        std::future::pending::<()>().await;
    }
}
