//! Ctrl-C, SIGTERM and their kin: the first ends the run gracefully, a second one at once.

use tokio::sync::mpsc::UnboundedSender;

use crate::engine::StopReason;
use crate::verdict::exit;

/// Waits for signals and passes the word on, until the task is aborted.
pub(super) async fn watch(stop: UnboundedSender<StopReason>) {
    let Some(mut signals) = Signals::new() else { return };
    let mut told = false;
    loop {
        let reason = signals.next().await;
        if told {
            // Exiting drops nothing, and services are in groups of their own that Ctrl-C does not reach.
            crate::services::kill_all();
            let code = if reason == StopReason::Terminate { exit::TERMINATED } else { exit::INTERRUPTED };
            std::process::exit(code.into());
        }
        told = true;
        let _ = stop.send(reason);
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
