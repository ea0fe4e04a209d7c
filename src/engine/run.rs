//! A whole run: setup, load, teardown, and the watch over them.

use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, UnboundedReceiver, unbounded_channel};
use tokio::task::LocalSet;
use tokio::time::Instant;

use super::clock::Clock;
use super::events::{Event, EventSender, Observer, Rows};
use super::shared::Shared;
use super::threads::Threads;
use super::user::User;
use super::walk::{Walked, walk};
use super::worker::{Work, panic_message};
use crate::graph::{Children, ExecutionGraph};
use crate::mask::Masker;
use crate::metrics::{Aggregator, Results, Shape};
use crate::plan::OnError;
use crate::problem::Problem;
use crate::protocols::http::client::{ProxyEnvironment, Transport, Unusable};
use crate::stop_reason::StopReason;
use crate::template::Template;
use crate::value::{Map, Value};

/// How often the run is looked at: live figures, thresholds that abort.
const TICK: Duration = Duration::from_millis(250);

/// How long teardown may take once SIGTERM has come, if the users have left it the time.
const TEARDOWN_ON_SIGTERM: Duration = Duration::from_secs(3);
/// What is left to teardown even then.
const LEAST_TEARDOWN: Duration = Duration::from_millis(500);

/// What a run needs.
pub struct Input {
    /// What to walk.
    pub graph: Arc<ExecutionGraph>,
    /// The environment's proxy variables.
    pub proxies: ProxyEnvironment,
    /// The run's identifier.
    pub run_id: Arc<str>,
    /// What every random draw starts from.
    pub seed: u64,
    /// Hides secrets.
    pub masker: Masker,
    /// The URLs of the services, by name.
    pub services: Vec<(Arc<str>, String)>,
    /// How many worker threads.
    pub threads: usize,
    /// Leave out think times and pauses, and run everything on this thread, watched: `try`.
    pub observer: Option<Rc<dyn Observer>>,
    /// Takes a row for each sample.
    pub rows: Option<Arc<dyn Rows>>,
    /// Tells the processor time the calling thread has used, where the system says.
    pub thread_time: fn() -> Option<Duration>,
}

/// Watches a run from outside.
pub trait Monitor {
    /// A part of the run begins: `setup`, `load`, `teardown`.
    fn part(&mut self, name: &'static str);
    /// The load has ended, and everything it came to is counted.
    fn loaded(&mut self, _aggregator: &Aggregator) {}
    /// Called four times a second while load is applied; the text of a threshold that failed
    /// and aborts the run, if there is one.
    fn tick(&mut self, aggregator: &Aggregator, now: Duration) -> Option<String>;
    /// The first word to stop has come, and this goes on for a while.
    fn stopping(&mut self, _reason: &StopReason, _rest: Stopping) {}
    /// Something to show.
    fn event(&mut self, event: Event);
}

/// What goes on when the word to stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopping {
    /// Setup is interrupted.
    Setup,
    /// Users finish what they are at.
    Users {
        /// How many are at work, as far as it is known.
        count: u64,
        /// How long they may take until they are interrupted.
        grace: Duration,
    },
    /// Teardown.
    Teardown,
}

/// What became of setup or teardown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// The plan has none.
    Absent,
    /// It ran, for so long.
    Passed(Duration),
    /// A step of it failed, after so long.
    Failed(Duration),
    /// It was interrupted by the word to stop.
    Interrupted,
    /// It was not reached.
    NotReached,
}

/// What a run came to.
#[derive(Debug)]
pub struct Finished {
    /// The figures.
    pub results: Results,
    /// What became of setup.
    pub setup: Lifecycle,
    /// What became of teardown.
    pub teardown: Lifecycle,
    /// Why the run was stopped, if it was.
    pub stopped_by: Option<StopReason>,
    /// What went wrong inside the tool itself.
    pub internal_error: Option<String>,
    /// Worker threads that were abandoned because they did not answer, in words.
    pub abandoned: Option<String>,
    /// Lines of `log` and failures that came faster than they could be shown.
    pub dropped_lines: u64,
}

impl Finished {
    /// A run that was stopped before it began.
    pub fn stopped(graph: &ExecutionGraph, reason: StopReason) -> Self {
        Self {
            results: Results::nothing(graph),
            setup: Lifecycle::NotReached,
            teardown: Lifecycle::NotReached,
            stopped_by: Some(reason),
            internal_error: None,
            abandoned: None,
            dropped_lines: 0,
        }
    }
}

/// Runs a graph. `stop` brings the word to stop from outside. Must be called inside a
/// [`LocalSet`] of a single-threaded runtime.
///
/// # Errors
/// When the run cannot begin: a certificate or a data file has changed since it was checked.
pub async fn run(
    input: Input,
    monitor: &mut dyn Monitor,
    stop: &mut UnboundedReceiver<StopReason>,
) -> Result<Finished, Problem> {
    let graph = input.graph.clone();
    let transports: Vec<Arc<Transport>> = graph
        .transports
        .iter()
        .map(|settings| Transport::new(settings.clone(), &input.proxies).map_err(Unusable::into_problem))
        .collect::<Result<_, _>>()?;
    let shared = Arc::new(Shared::new(
        graph.clone(),
        transports,
        input.run_id,
        input.seed,
        input.masker,
        input.observer.is_some(),
        input.threads.max(1),
    )?);
    let (batch_sender, batches) = unbounded_channel();
    let (event_sender, events) = EventSender::new();
    let threads = input.threads.max(1);
    let shape = Shape::of(&graph);
    let work = Work {
        shared: shared.clone(),
        shape: shape.clone(),
        clock: Clock::start(input.observer.is_none()),
        index: threads,
        threads,
        slots: Arc::from([]),
        batches: batch_sender,
        events: event_sender,
        panic: Arc::default(),
        rows: input.rows,
        thread_time: input.thread_time,
    };
    let run = Run {
        graph,
        shared,
        aggregator: Aggregator::new(shape, threads + 1),
        batches,
        events,
        stop,
        observer: input.observer,
        monitor,
        work,
        told: None,
        given_up: Vec::new(),
    };
    run.all(&input.services).await
}

struct Run<'m> {
    graph: Arc<ExecutionGraph>,
    shared: Arc<Shared>,
    aggregator: Aggregator,
    batches: UnboundedReceiver<(usize, crate::metrics::Batch)>,
    events: Receiver<Event>,
    stop: &'m mut UnboundedReceiver<StopReason>,
    observer: Option<Rc<dyn Observer>>,
    monitor: &'m mut dyn Monitor,
    work: Work,
    /// When the word to stop came first.
    told: Option<Instant>,
    /// Which worker threads were abandoned: they are not counted any more.
    given_up: Vec<bool>,
}

impl Run<'_> {
    async fn all(mut self, services: &[(Arc<str>, String)]) -> Result<Finished, Problem> {
        let graph = self.graph.clone();
        let slots = self.first_slots(services)?;
        let (setup, slots) = self.lifecycle("setup", &graph.setup, slots, OnError::StopUser).await;
        let (mut load, mut abandoned) = (Duration::ZERO, None);
        if matches!(setup, Lifecycle::Absent | Lifecycle::Passed(_)) && self.shared.reason().is_none() {
            self.monitor.part("load");
            self.work.clock = Clock::start(self.work.clock.is_real());
            self.work.slots = slots.clone().into();
            (load, abandoned) = self.load().await;
            self.monitor.loaded(&self.aggregator);
        }
        let teardown = match setup {
            Lifecycle::NotReached => Lifecycle::NotReached,
            Lifecycle::Absent | Lifecycle::Passed(_) | Lifecycle::Failed(_) | Lifecycle::Interrupted => {
                self.lifecycle("teardown", &graph.teardown, slots, OnError::Continue).await.0
            }
        };
        self.take_batches(load);
        self.take_events();
        Ok(Finished {
            setup,
            teardown,
            stopped_by: self.shared.reason(),
            internal_error: self.work.panic.lock().unwrap_or_else(PoisonError::into_inner).take(),
            abandoned,
            dropped_lines: self.work.events.dropped(),
            results: self.aggregator.results(load),
        })
    }

    /// Every variable's value when the run starts.
    fn first_slots(&self, services: &[(Arc<str>, String)]) -> Result<Vec<Option<Value>>, Problem> {
        let mut slots: Vec<Option<Value>> = self.graph.slots.iter().map(|slot| slot.initial.clone()).collect();
        if let Some(slot) = self.graph.services_slot {
            let url: Arc<str> = "url".into();
            let urls = services.iter().map(|(name, value)| {
                let map = Map::from_iter([(url.clone(), Value::text(value.as_str()))]);
                (name.clone(), Value::Map(Arc::new(map)))
            });
            slots[slot.0 as usize] = Some(Value::Map(Arc::new(urls.collect())));
        }
        let mut user = User::new(self.work.local(None), None, 0, slots);
        for (index, slot) in self.graph.slots.iter().enumerate() {
            if let Some(tree) = &slot.computed {
                let value = tree
                    .value(&mut user)
                    .map_err(|error| Problem::from(format!("the variable `{}`: {}", slot.name, error.message)))?;
                user.slots[index] = Some(value.into_owned());
            }
        }
        Ok(user.slots)
    }

    /// Runs setup or teardown as a single user; what it sets is handed back.
    async fn lifecycle(
        &mut self,
        name: &'static str,
        steps: &Children,
        slots: Vec<Option<Value>>,
        on_error: OnError,
    ) -> (Lifecycle, Vec<Option<Value>>) {
        if steps.is_empty() {
            return (Lifecycle::Absent, slots);
        }
        self.monitor.part(name);
        if let Some(observer) = &self.observer {
            observer.part(name);
        }
        let begin = std::time::Instant::now();
        let graph = self.graph.clone();
        let local = self.work.local(self.observer.clone());
        let mut user = User::new(local.clone(), None, 0, slots);
        let gate = local.gate(None);
        let mut limit = self.teardown_ends().filter(|_| name == "teardown");
        let walked = {
            let mut walking = std::pin::pin!(walk(&graph, &mut user, steps, on_error));
            loop {
                tokio::select! {
                    walked = &mut walking => break Some(walked),
                    () = tokio::time::sleep_until(limit.unwrap_or_else(Instant::now)), if limit.is_some() => {
                        break None;
                    }
                    Some(event) = self.events.recv() => {
                        self.monitor.event(event);
                        // Each turn of the walk may bring many.
                        self.take_events();
                    }
                    Some(reason) = self.stop.recv() => {
                        if self.told.is_none() {
                            let rest = if name == "setup" { Stopping::Setup } else { Stopping::Teardown };
                            self.monitor.stopping(&reason, rest);
                        }
                        self.stop(reason);
                        gate.end(true);
                        limit = limit.or_else(|| self.teardown_ends());
                        if name == "setup" {
                            break None;
                        }
                    }
                }
            }
        };
        self.work.hand_over(&local);
        self.take_events();
        let took = begin.elapsed();
        let ended = match walked {
            Some(_) if user.failures > 0 => Lifecycle::Failed(took),
            Some(Walked::Done | Walked::LeftIteration | Walked::EndUser) => Lifecycle::Passed(took),
            Some(Walked::TimeUp) | None => Lifecycle::Interrupted,
        };
        (ended, user.slots)
    }

    /// Applies the load; tells for how long, and which threads were abandoned on the way.
    async fn load(&mut self) -> (Duration, Option<String>) {
        let clock = self.work.clock;
        let (done, mut ended) = unbounded_channel::<usize>();
        if self.observer.is_some() {
            let work = Work { index: 0, ..self.work.clone() };
            let observer = self.observer.clone();
            tokio::task::spawn_local(async move {
                work.load(observer).await;
                let _ = done.send(0);
            });
        } else {
            for index in 0..self.work.threads {
                let work = Work { index, ..self.work.clone() };
                let (panic, shared, done) = (work.panic.clone(), work.shared.clone(), done.clone());
                let body = move || {
                    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| work.run()));
                    let failed = match outcome {
                        Ok(Ok(())) => None,
                        Ok(Err(message)) => Some(message.into()),
                        Err(panic) => Some(panic_message(&panic)),
                    };
                    if let Some(message) = failed {
                        tell(&panic, message);
                        shared.stop_all(StopReason::Step("an internal error".into()));
                    }
                    let _ = done.send(index);
                };
                let spawned = std::thread::Builder::new().name(format!("users-{index}")).spawn(body);
                if let Err(error) = spawned {
                    tell(&self.work.panic, format!("a worker thread could not start: {error}"));
                    self.shared.stop_all(StopReason::Step("an internal error".into()));
                }
            }
            drop(done);
        }
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut threads = Threads::new(&self.graph, self.work.threads);
        let abandoned = loop {
            tokio::select! {
                one = ended.recv() => match one {
                    Some(thread) => threads.ended(thread),
                    None => break None,
                },
                Some(reason) = self.stop.recv() => {
                    if self.told.is_none() {
                        let grace = threads.grace[usize::from(reason.hurries().is_some())];
                        let count = self.aggregator.live(clock.now()).groups.iter().map(|group| group.users).sum();
                        self.monitor.stopping(&reason, Stopping::Users { count, grace });
                    }
                    threads.signal = reason.hurries().unwrap_or(threads.signal);
                    self.stop(reason);
                }
                Some((thread, batch)) = self.batches.recv() => {
                    threads.heard(thread);
                    self.aggregator.add(thread, batch, clock.now());
                }
                Some(event) = self.events.recv() => self.monitor.event(event),
                _ = tick.tick() => {
                    if let Some(broken) = self.monitor.tick(&self.aggregator, clock.now()) {
                        self.shared.stop_all(StopReason::Abort(broken));
                    }
                    // What has arrived by now is no silence.
                    while let Ok((thread, batch)) = self.batches.try_recv() {
                        threads.heard(thread);
                        self.aggregator.add(thread, batch, clock.now());
                    }
                    while let Ok(thread) = ended.try_recv() {
                        threads.ended(thread);
                    }
                    threads.tick(clock.now());
                    // On its own thread, as in `try`, the load cannot be stuck while this runs.
                    if self.observer.is_none()
                        && let Some(stuck) = threads.stuck(clock.now(), &self.shared.stops.borrow())
                    {
                        break Some(stuck);
                    }
                }
            }
        };
        let load = clock.now();
        if abandoned.is_some() {
            self.given_up = threads.unended();
            self.shared.abandon();
        }
        self.take_batches(load);
        (load, abandoned)
    }

    fn stop(&mut self, reason: StopReason) {
        self.told.get_or_insert_with(Instant::now);
        self.shared.stop_all(reason);
    }

    /// By when teardown must have ended, once SIGTERM has come.
    fn teardown_ends(&self) -> Option<Instant> {
        let told = self.told.filter(|_| self.shared.stops.borrow().hurry)?;
        Some(teardown_limit(told + self.graph.time_on_sigterm(), Instant::now()))
    }

    fn take_batches(&mut self, now: Duration) {
        while let Ok((thread, batch)) = self.batches.try_recv() {
            if !self.given_up.get(thread).is_some_and(|given_up| *given_up) {
                self.aggregator.add(thread, batch, now);
            }
        }
    }

    fn take_events(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.monitor.event(event);
        }
    }
}

/// By when a teardown must have ended that begins now, where everything is due at a moment: whoever
/// sent SIGTERM waits for the reports, and users may have taken longer than they should.
fn teardown_limit(due: Instant, now: Instant) -> Instant {
    due.max(now + LEAST_TEARDOWN).min(now + TEARDOWN_ON_SIGTERM)
}

fn tell(panic: &Mutex<Option<String>>, message: String) {
    panic.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(message);
}

/// Runs a future on a single-threaded runtime of its own.
///
/// # Errors
/// When the runtime cannot be made.
pub fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::from(format!("the runtime could not start: {error}")))?;
    let outcome = LocalSet::new().block_on(&runtime, future);
    // Nothing waits for a file or a look-up of a name that hangs.
    runtime.shutdown_background();
    Ok(outcome)
}

/// Renders text that needs no user: only the plan's variables and the environment.
///
/// # Errors
/// When an expression in it cannot be computed before the run.
pub fn render(graph: &Arc<ExecutionGraph>, template: &Template) -> Result<String, Problem> {
    let (batches, _) = unbounded_channel();
    let (events, _) = EventSender::new();
    let shared = Shared::new(graph.clone(), Vec::new(), "".into(), 0, Masker::default(), true, 1)?;
    let work = Work {
        shape: Shape::of(graph),
        shared: Arc::new(shared),
        clock: Clock::start(false),
        index: 0,
        threads: 1,
        slots: Arc::from([]),
        batches,
        events,
        panic: Arc::default(),
        rows: None,
        thread_time: || None,
    };
    let slots = graph.slots.iter().map(|slot| slot.initial.clone()).collect();
    User::new(work.local(None), None, 0, slots).text(template).map_err(|error| Problem::from(error.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn regression_users_that_took_all_their_time_shorten_the_teardown_after_sigterm() {
        // `graceful_stop: 1s` makes everything due 3.5 s after SIGTERM.
        let told = Instant::now();
        let due = told + Duration::from_millis(3500);
        let after = |millis| teardown_limit(due, told + Duration::from_millis(millis)) - told;
        assert_eq!(after(0), S(3), "never more than 3 s");
        assert_eq!(after(500), Duration::from_millis(3500));
        assert_eq!(after(1000), Duration::from_millis(3500), "not 4 s: the reports would be late");
        assert_eq!(after(3250), Duration::from_millis(3750), "never less than half a second");
    }
}
