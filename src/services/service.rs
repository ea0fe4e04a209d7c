//! What a service is, at every stage of its way from the plan to a running program.

use std::sync::Arc;
use std::time::Duration;

use crate::demo;

/// A program that runs alongside the load. `T` is what its command lines and URLs are: text with
/// `${…}` in the plan, compiled templates in the graph, plain text once it is started.
#[derive(Clone, Debug)]
pub struct Service<T> {
    /// Its name in the plan.
    pub name: Arc<str>,
    /// What it is.
    pub kind: ServiceKind<T>,
}

/// What a service is.
#[derive(Clone, Debug)]
pub enum ServiceKind<T> {
    /// The built-in sample API.
    Demo(demo::Options),
    /// Command lines, given to the system's shell.
    Command {
        /// Starts it.
        command: T,
        /// Stops it.
        stop: Option<T>,
        /// The URL that answers when it is ready, and how long to wait for that.
        ready: Option<(T, Duration)>,
        /// Where it listens.
        url: Option<T>,
    },
}

impl<T> ServiceKind<T> {
    /// The same with every text replaced. All are, even after one has failed, so that each can
    /// tell its mistake.
    ///
    /// # Errors
    /// The first one of `change`.
    pub fn try_map<U, E>(&self, mut change: impl FnMut(&T) -> Result<U, E>) -> Result<ServiceKind<U>, E> {
        Ok(match self {
            Self::Demo(options) => ServiceKind::Demo(options.clone()),
            Self::Command { command, stop, ready, url } => {
                let command = change(command);
                let stop = stop.as_ref().map(&mut change).transpose();
                let ready = ready.as_ref().map(|(url, within)| Ok((change(url)?, *within))).transpose();
                let url = url.as_ref().map(&mut change).transpose();
                ServiceKind::Command { command: command?, stop: stop?, ready: ready?, url: url? }
            }
        })
    }
}
