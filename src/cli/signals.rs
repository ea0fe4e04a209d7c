//! Ctrl-C, SIGTERM and their kin: the first ends the run gracefully, a second one at once. SIGTERM
//! after Ctrl-C, as CI servers send it, only hurries.
//!
//! They are taken by a thread of its own from the first moment to the last. So a signal that comes
//! while plans are read is not lost, nor is one between two plans, and a second one works whatever
//! the main thread is busy with.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use crate::engine::StopReason;
use crate::verdict::exit;

/// How long a signal waits for plans to be read and reports to be opened.
const READING: Duration = Duration::from_secs(2);

/// A signal that comes again so soon is the same one: a terminal sends it to the whole process group,
/// and `timeout`, `npm` and others pass it on to us besides.
const ECHO: Duration = Duration::from_millis(500);

static STATE: Mutex<State> = Mutex::new(State { told: None, stopper: None, listened: false });

struct State {
    /// The first signal.
    told: Option<(StopReason, Instant)>,
    /// Stops the run that is under way.
    stopper: Option<UnboundedSender<StopReason>>,
    /// Whether there was ever a run to stop.
    listened: bool,
}

fn state() -> std::sync::MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes signals from now on. Where that is not possible they end the process, as they always do.
pub(super) fn install() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let signals = {
        let _inside = runtime.enter();
        Signals::new()
    };
    let Some(signals) = signals else { return };
    let started = std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(watch(signals)));
    if started.is_err() {
        // Handlers are in place that nobody listens to: a run that cannot be stopped is not begun.
        std::process::exit(exit::INTERNAL.into());
    }
}

/// Passes the word on to this run from now on, also one that came before.
pub(super) fn stops(stopper: UnboundedSender<StopReason>) {
    let mut state = state();
    if let Some((reason, _)) = &state.told {
        let _ = stopper.send(reason.clone());
    }
    state.listened = true;
    state.stopper = Some(stopper);
}

/// When the word to stop came, if it did.
pub(super) fn told() -> Option<Instant> {
    state().told.as_ref().map(|(_, at)| *at)
}

/// When SIGTERM came, if it was the word to stop: whoever sent it does not wait long.
pub(super) fn terminated() -> Option<Instant> {
    state().told.as_ref().filter(|(reason, _)| *reason == StopReason::Terminate).map(|(_, at)| *at)
}

async fn watch(mut signals: Signals) {
    let mut word = signals.next().await;
    tell(word.clone());
    let mut told = Instant::now();
    let mut unheard = std::pin::pin!(never_listened());
    loop {
        let next = tokio::select! {
            next = signals.next() => next,
            () = &mut unheard => end(&word),
        };
        if word == StopReason::Interrupt && next == StopReason::Terminate {
            tell(next.clone());
            (word, told) = (next, Instant::now());
        } else if told.elapsed() >= ECHO {
            end(&next);
        }
    }
}

/// Notes the word to stop, and passes it on to the run that is under way. The moment of the first
/// one stays.
fn tell(reason: StopReason) {
    let mut state = state();
    let at = state.told.as_ref().map_or_else(Instant::now, |(_, at)| *at);
    state.told = Some((reason.clone(), at));
    if let Some(stopper) = &state.stopper {
        let _ = stopper.send(reason);
    }
}

/// Ends the process at once.
fn end(last: &StopReason) -> ! {
    // Exiting drops nothing, and services are in groups of their own that Ctrl-C does not reach.
    crate::services::kill_all();
    let code = if *last == StopReason::Terminate { exit::TERMINATED } else { exit::INTERRUPTED };
    std::process::exit(code.into());
}

/// Ends when nobody has asked for the word to stop in time: a plan that cannot be read to its end,
/// such as a pipe that nobody writes to.
async fn never_listened() {
    tokio::time::sleep(READING).await;
    if state().listened {
        std::future::pending().await
    }
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// The terminal or the connection to it is gone.
    hangup: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt()).ok()?;
        let terminate = signal(SignalKind::terminate()).ok()?;
        let hangup = signal(SignalKind::hangup()).ok()?;
        let quit = signal(SignalKind::quit()).ok()?;
        Some(Self { interrupt, terminate, hangup, quit })
    }

    async fn next(&mut self) -> StopReason {
        tokio::select! {
            _ = self.interrupt.recv() => StopReason::Interrupt,
            _ = self.terminate.recv() => StopReason::Terminate,
            _ = self.hangup.recv() => StopReason::Terminate,
            _ = self.quit.recv() => StopReason::Terminate,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Option<Self> {
        Some(Self)
    }

    async fn next(&mut self) -> StopReason {
        match tokio::signal::ctrl_c().await {
            Ok(()) => StopReason::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}
