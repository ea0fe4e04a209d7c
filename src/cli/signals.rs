//! Ctrl-C, SIGTERM and their kin: the first ends the run gracefully, a second one at once. SIGTERM
//! after Ctrl-C, as CI servers send it, only hurries. What `nohup` or a shell has told this process
//! to ignore is ignored.
//!
//! They are taken by a thread of its own from the first moment to the last. So a signal that comes
//! while plans are read is not lost, nor is one between two plans, and a second one works whatever
//! the main thread is busy with.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use crate::engine::Stopping;
use crate::stop_reason::StopReason;
use crate::units::written_duration;
use crate::verdict::exit;

/// How long a signal waits for plans to be read and reports to be opened.
const READING: Duration = Duration::from_secs(2);

/// A signal that comes again so soon is the same one: a terminal sends it to the whole process group,
/// and `timeout`, `npm` and others pass it on to us besides.
const ECHO: Duration = Duration::from_millis(500);

/// How long a process that ends at once takes to say so and to clear away what is not complete.
const LAST: Duration = Duration::from_millis(500);

static STATE: Mutex<SignalState> =
    Mutex::new(SignalState { told: None, stopper: None, listened: false, unwritten: None });

struct SignalState {
    /// The first signal.
    told: Option<(StopReason, Instant)>,
    /// Stops the run that is under way.
    stopper: Option<UnboundedSender<StopReason>>,
    /// Whether there was ever a run to stop.
    listened: bool,
    /// The reports that are still to be written.
    unwritten: Option<Unwritten>,
}

/// Reports that are still to be written.
#[derive(Clone, Debug, Default)]
pub(super) struct Unwritten {
    /// Where they go. What lies there is of an earlier run, and would be taken for this one's.
    pub(super) older: Vec<PathBuf>,
    /// Files of this run that are not complete.
    pub(super) temporary: Vec<PathBuf>,
}

fn state() -> std::sync::MutexGuard<'static, SignalState> {
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

/// Gives the word to stop after this time. After Ctrl-C it hurries the run; after a signal that does so it is not needed.
pub(super) fn limit(time: Duration) {
    let wait = move || {
        std::thread::sleep(time);
        let reason = StopReason::TimeLimit(time);
        if hurried().is_some() {
            return;
        }
        tell(reason.clone());
        std::thread::sleep(READING);
        if !state().listened {
            end(&reason, &format!("ended by {}: nothing was sent", name(&reason)));
        }
    };
    // A limit that is not watched would be none.
    if std::thread::Builder::new().name("limit".into()).spawn(wait).is_err() {
        std::process::exit(exit::INTERNAL.into());
    }
}

/// When the word to stop came, if it did.
pub(super) fn stopped_at() -> Option<Instant> {
    state().told.as_ref().map(|(_, at)| *at)
}

/// The name of the signal whose sender does not wait long, and when the word to stop came, if it did.
pub(super) fn hurried() -> Option<(&'static str, Instant)> {
    state().told.as_ref().and_then(|(reason, at)| Some((reason.hurries()?, *at)))
}

/// Notes the reports that are still to be written: `None` once all are.
pub(super) fn unwritten(reports: Option<Unwritten>) {
    state().unwritten = reports;
}

/// Notes the files of the run under way that are not complete.
pub(super) fn temporary(files: Vec<PathBuf>) {
    if let Some(unwritten) = &mut state().unwritten {
        unwritten.temporary = files;
    }
}

/// Notes that these reports are written.
pub(super) fn written(reports: &[PathBuf]) {
    let mut state = state();
    if let Some(unwritten) = &mut state.unwritten {
        unwritten.temporary.clear();
        unwritten.older.retain(|file| !reports.contains(file));
        if unwritten.older.is_empty() {
            state.unwritten = None;
        }
    }
}

/// What is said when the first word to stop has come.
pub(super) fn stopping(reason: &StopReason, rest: Stopping) -> String {
    let rest = match rest {
        Stopping::Setup => "setup is interrupted, then teardown runs".to_owned(),
        Stopping::Teardown => "teardown is running".to_owned(),
        Stopping::Users { grace: Duration::ZERO, .. } => {
            "requests under way are interrupted (graceful_stop)".to_owned()
        }
        Stopping::Users { count, grace } => {
            let users = match count {
                0 => "requests under way may finish".to_owned(),
                1 => "1 user may finish its requests under way".to_owned(),
                count => format!("{count} users may finish their requests under way"),
            };
            format!("{users}, at most {} (graceful_stop)", written_duration(grace))
        }
    };
    let again = match reason {
        StopReason::Interrupt => "press Ctrl-C again",
        StopReason::Terminate
        | StopReason::Hangup
        | StopReason::Quit
        | StopReason::Dashboard
        | StopReason::TimeLimit(_)
        | StopReason::Abort(_)
        | StopReason::Step(_) => "send the signal again",
    };
    match reason {
        StopReason::Interrupt | StopReason::Terminate | StopReason::Hangup | StopReason::Quit => {
            format!("stopping ({}): {rest}; {again} to end at once without reports\n", name(reason))
        }
        StopReason::TimeLimit(_) => format!("stopping ({}): {rest}\n", name(reason)),
        StopReason::Dashboard | StopReason::Abort(_) | StopReason::Step(_) => format!("stopping: {rest}\n"),
    }
}

async fn watch(mut signals: Signals) {
    let mut word = signals.next().await;
    tell(word.clone());
    let mut told = Instant::now();
    let mut unheard = std::pin::pin!(never_listened());
    loop {
        let next = tokio::select! {
            next = signals.next() => next,
            () = &mut unheard => end(&word, &format!("ended by {}: nothing was sent", name(&word))),
        };
        if word == StopReason::Interrupt && next.hurries().is_some() {
            tell(next.clone());
            (word, told) = (next, Instant::now());
        } else if told.elapsed() >= ECHO {
            let second = if next == word { "a second " } else { "" };
            end(&next, &format!("ended at once by {second}{}", name(&next)));
        }
    }
}

/// Notes the word to stop, and passes it on to the run that is under way. The moment of the first
/// one stays, and so does its hurry.
fn tell(reason: StopReason) {
    let mut state = state();
    let at = state.told.as_ref().map_or_else(Instant::now, |(_, at)| *at);
    let hurries = state.told.as_ref().is_some_and(|(first, _)| first.hurries().is_some());
    if !hurries || reason.hurries().is_some() {
        state.told = Some((reason.clone(), at));
    }
    if let Some(stopper) = &state.stopper {
        let _ = stopper.send(reason);
    }
}

/// What people call it.
fn name(reason: &StopReason) -> &'static str {
    reason.hurries().unwrap_or("Ctrl-C")
}

/// Ends the process at once.
fn end(last: &StopReason, text: &str) -> ! {
    // Exiting drops nothing, and services are in groups of their own that Ctrl-C does not reach.
    crate::services::kill_all();
    let unwritten = state().unwritten.take();
    let text = match &unwritten {
        Some(_) => format!("\n{text}; no reports were written\n"),
        None => format!("\n{text}\n"),
    };
    // A disk or a terminal that hangs must not keep the process; each has its own thread for that.
    let (done, ended) = std::sync::mpsc::channel();
    let told = done.clone();
    let clear = move || {
        for file in unwritten.iter().flat_map(|files| files.temporary.iter().chain(&files.older)) {
            let regular = std::fs::metadata(file).is_ok_and(|known| known.is_file());
            // A link stays: the file it leads to is what an earlier run wrote.
            if let (true, Ok(file)) = (regular, std::fs::canonicalize(file)) {
                let _ = std::fs::remove_file(file);
            }
        }
        let _ = done.send(());
    };
    let tell = move || {
        let _ = std::io::Write::write_all(&mut std::io::stderr().lock(), text.as_bytes());
        let _ = told.send(());
    };
    let started = [std::thread::Builder::new().spawn(clear), std::thread::Builder::new().spawn(tell)];
    let until = Instant::now() + LAST;
    for _ in started.iter().flatten() {
        let _ = ended.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
    let code = match last {
        StopReason::TimeLimit(_) => exit::NOT_VALID,
        StopReason::Terminate | StopReason::Hangup | StopReason::Quit => exit::TERMINATED,
        StopReason::Interrupt | StopReason::Dashboard | StopReason::Abort(_) | StopReason::Step(_) => exit::INTERRUPTED,
    };
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

/// Each with what it is told as; those that are ignored are left out.
#[cfg(unix)]
struct Signals(Vec<(tokio::signal::unix::Signal, StopReason)>);

#[cfg(unix)]
impl Signals {
    fn new() -> Option<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        // Before the first handler is in place: it would replace what is asked here.
        let ignored = ignored();
        let taken = [
            (SignalKind::interrupt(), StopReason::Interrupt),
            (SignalKind::terminate(), StopReason::Terminate),
            (SignalKind::hangup(), StopReason::Hangup),
            (SignalKind::quit(), StopReason::Quit),
        ];
        let taken = taken.into_iter().filter(|(kind, _)| ignored & (1 << (kind.as_raw_value() - 1)) == 0);
        taken.map(|(kind, reason)| Some((signal(kind).ok()?, reason))).collect::<Option<_>>().map(Self)
    }

    async fn next(&mut self) -> StopReason {
        std::future::poll_fn(|cx| {
            for (signal, reason) in &mut self.0 {
                if signal.poll_recv(cx).is_ready() {
                    return std::task::Poll::Ready(reason.clone());
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

/// The signals that this process was told to ignore when it was started, a bit each from the first
/// (proc_pid_status(5)): SIGHUP by `nohup`, SIGINT and SIGQUIT by a shell that runs it in the background
/// without job control. Where the system does not say, none.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
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
