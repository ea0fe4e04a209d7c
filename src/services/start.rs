//! Starting and stopping services in order.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::process::{Ending, Process};
use super::ready::Probe;
use super::{Service, ServiceKind};
use crate::demo;
use crate::problem::Problem;
use crate::units::written_duration;

/// How long a `stop` command may take.
const STOP_TIME: Duration = Duration::from_secs(60);
/// How long a process may take to end after it was asked to.
const END_TIME: Duration = Duration::from_secs(10);
/// How often a starting service is looked at.
const INTERVAL: Duration = Duration::from_millis(250);
/// A question that the end of the time cuts shorter than this tells less than the one before.
const TELLING: Duration = Duration::from_secs(1);

/// Services that are up. Dropping this ends their processes at once; [`Started::stop`] does it politely.
#[derive(Debug, Default)]
pub struct Started {
    /// Where each service listens, by its name; a command without `url` is not among them.
    pub urls: Vec<(Arc<str>, String)>,
    running: Vec<(Arc<str>, Running)>,
}

enum Running {
    Demo(demo::Running),
    Command {
        process: Process,
        stop: Option<String>,
        /// Whether its failure is reported already.
        told: bool,
    },
}

impl fmt::Debug for Running {
    /// Without the command lines, which may hold secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Demo(_) => "Demo",
            Self::Command { .. } => "Command",
        })
    }
}

/// Starts services one after the other, each when the one before it is ready.
///
/// Commands are started only if `allow_commands` says so. When one service fails, those already
/// started are stopped again.
///
/// # Errors
///
/// Why the services cannot be used. It quotes what a failed command printed last.
pub async fn start(services: Vec<Service<String>>, allow_commands: bool) -> Result<Started, Problem> {
    if !allow_commands
        && let Some(Service { name, .. }) =
            services.iter().find(|service| matches!(service.kind, ServiceKind::Command { .. }))
    {
        return Err(Problem::new(
            format!("service `{name}` runs a command on this machine"),
            "check the command in the plan; if you trust it, pass --allow-commands",
        ));
    }
    let mut started = Started::default();
    for service in services {
        if let Err(problem) = started.add(service).await {
            let further = started.stop().await.into_iter();
            return Err(further.fold(problem, |problem, further| format!("{problem}\nalso: {further}").into()));
        }
    }
    Ok(started)
}

impl Started {
    async fn add(&mut self, service: Service<String>) -> Result<(), Problem> {
        let name = service.name;
        match service.kind {
            ServiceKind::Demo(options) => {
                let running =
                    demo::start(options).await.map_err(|problem| problem.at(format_args!("service `{name}`")))?;
                self.urls.push((Arc::clone(&name), running.url.clone()));
                self.running.push((name, Running::Demo(running)));
            }
            ServiceKind::Command { command, stop, ready, url } => {
                let probe = match &ready {
                    Some((url, within)) => {
                        let probe = Probe::new(url).map_err(|problem| problem.at(format_args!("service `{name}`")))?;
                        Some((probe, *within))
                    }
                    None => None,
                };
                let process = Process::start(&command)
                    .map_err(|error| format!("service `{name}`: its command could not be started: {error}"))?;
                // From here on a failure must stop it, so it is remembered before it is ready.
                self.running.push((Arc::clone(&name), Running::Command { process, stop, told: false }));
                if let Some((probe, within)) = probe
                    && let Some((_, Running::Command { process, told, .. })) = self.running.last_mut()
                    && let Err(problem) = wait(&name, process, &probe, within).await
                {
                    *told = true;
                    return Err(problem);
                }
                self.urls.extend(url.map(|url| (name, url)));
            }
        }
        Ok(())
    }

    /// Stops the services, the last one first, and tells what went wrong, one sentence each.
    pub async fn stop(mut self) -> Vec<String> {
        let mut problems = Vec::new();
        while let Some((name, service)) = self.running.pop() {
            match service {
                Running::Demo(running) => running.stop().await,
                Running::Command { mut process, stop, told } => {
                    if !told {
                        problems.extend(early_end(&name, &mut process).await);
                    }
                    problems.extend(stop_command(&name, process, stop.as_deref()).await);
                }
            }
        }
        problems
    }
}

/// Waits until a service answers. A command that ends well may have started something in the
/// background (`docker compose up -d`); one that fails will never be ready.
async fn wait(name: &str, process: &mut Process, probe: &Probe, within: Duration) -> Result<(), Problem> {
    let deadline = tokio::time::Instant::now() + within;
    let mut ticks = tokio::time::interval(INTERVAL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut last = None;
    loop {
        if tokio::time::timeout_at(deadline, ticks.tick()).await.is_err() {
            let output = process.last_output();
            let within = written_duration(within);
            let last = last.unwrap_or_else(|| Problem::from("it was not requested yet"));
            return Err(format!("service `{name}` was not ready within {within}: {last}{output}").into());
        }
        if let Some(ending) = process.ended()
            && ending != Ending::Success
        {
            let output = process.last_output_at_end().await;
            return Err(format!("service `{name}` ended before it was ready ({ending}){output}").into());
        }
        let asked = Instant::now();
        match tokio::time::timeout_at(deadline, probe.ask()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(cause)) => last = Some(cause),
            Err(_) if last.is_some() && asked.elapsed() < TELLING => {}
            Err(_) => last = Some(format!("{} did not respond", probe.url()).into()),
        }
    }
}

/// What to say of a command that failed before it was told to stop.
async fn early_end(name: &str, process: &mut Process) -> Option<String> {
    let ending = process.ended().filter(|ending| *ending != Ending::Success)?;
    let output = process.last_output_at_end().await;
    Some(format!("service `{name}` ended during the run ({ending}){output}"))
}

async fn stop_command(name: &str, mut process: Process, stop: Option<&str>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(command) = stop {
        match Process::start(command) {
            Err(error) => problems.push(format!("service `{name}`: its stop command could not be started: {error}")),
            Ok(mut stopping) => match stopping.wait(STOP_TIME).await {
                Some(Ending::Success) => {}
                Some(ending) => {
                    let output = stopping.last_output_at_end().await;
                    problems.push(format!("service `{name}`: its stop command failed ({ending}){output}"));
                }
                None => {
                    let output = stopping.last_output();
                    let limit = written_duration(STOP_TIME);
                    problems.push(format!(
                        "service `{name}`: its stop command did not end within {limit} and was killed{output}"
                    ));
                }
            },
        }
    }
    process.ask_to_end();
    if !process.wait_for_all(END_TIME).await {
        let limit = written_duration(END_TIME);
        problems.push(format!("service `{name}` did not end within {limit} and was killed"));
    }
    problems
}
