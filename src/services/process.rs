//! A command line as a process group whose output is kept, but never shown on ours.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, PipeReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How much of a process's output is kept, in bytes.
const KEPT: usize = 16 * 1024;
/// How many of its last lines are quoted.
const QUOTED: usize = 10;
/// How often a process is asked whether it has ended.
const INTERVAL: Duration = Duration::from_millis(50);

/// The groups of every process of ours that was not cleared away yet.
static GROUPS: Mutex<Vec<u32>> = Mutex::new(Vec::new());

fn groups() -> MutexGuard<'static, Vec<u32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills every service's processes, for a program that is about to exit without unwinding.
pub fn kill_all() {
    for group in groups().drain(..) {
        kill(group);
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// With exit code 0.
    Success,
    /// With another exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

impl fmt::Display for Ending {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success => formatter.write_str("exit code 0"),
            Self::Code(code) => write!(formatter, "exit code {code}"),
            Self::Signal(signal) => write!(formatter, "signal {signal}"),
        }
    }
}

/// A command line that was started. Dropping it kills the whole group.
pub(super) struct Process {
    child: Child,
    output: Arc<Mutex<VecDeque<u8>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Process {
    /// Passes a command line to the system's shell.
    pub(super) fn start(command: &str) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let mut shell = shell(command);
        shell.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let child = shell.spawn()?;
        groups().push(child.id());
        // The command holds the pipe's writing end; ours must go, or reading never ends.
        drop(shell);
        let output = Arc::new(Mutex::new(VecDeque::new()));
        let kept = Arc::clone(&output);
        let body = move || keep(reader, &kept);
        // Without a reader the command blocks as soon as the pipe is full.
        let reader = std::thread::Builder::new().name("service output".to_owned()).spawn(body);
        let mut process = Self { child, output, reader: None };
        process.reader = Some(reader?);
        Ok(process)
    }

    /// How the command ended, if it has. The process stays a zombie until this is dropped, so that
    /// the group's number cannot come to mean another one.
    pub(super) fn ended(&mut self) -> Option<Ending> {
        ended(&mut self.child)
    }

    /// Waits for the command to end; `None` when it has not within this time.
    pub(super) async fn wait(&mut self, limit: Duration) -> Option<Ending> {
        let deadline = tokio::time::Instant::now() + limit;
        loop {
            if let Some(ending) = self.ended() {
                return Some(ending);
            }
            if tokio::time::Instant::now() >= deadline {
                return None;
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Waits until the command and whatever it left in the background has ended, as far as the latter
    /// still holds our pipe; tells whether that happened within this time.
    pub(super) async fn wait_for_all(&mut self, limit: Duration) -> bool {
        let deadline = tokio::time::Instant::now() + limit;
        if self.wait(limit).await.is_none() {
            return false;
        }
        while !self.is_silent() {
            if tokio::time::Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }

    /// Whether nobody can print any more.
    fn is_silent(&self) -> bool {
        self.reader.as_ref().is_none_or(std::thread::JoinHandle::is_finished)
    }

    /// Asks the whole group to end.
    pub(super) fn ask_to_end(&mut self) {
        ask_to_end(self.child.id());
    }

    /// What the command printed last, to be put after a sentence: empty, or `; its last output:` and
    /// lines that start with `| `, free of control characters.
    pub(super) fn last_output(&self) -> String {
        let bytes: Vec<u8> = self.output.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let mut told = String::new();
        for line in &lines[lines.len().saturating_sub(QUOTED)..] {
            told.push_str("\n| ");
            told.push_str(&plain(line));
        }
        if told.is_empty() { told } else { format!("; its last output:{told}") }
    }

    /// The same for a command that has ended: waits a moment for the rest of its output.
    pub(super) async fn last_output_at_end(&self) -> String {
        for _ in 0..100 {
            // Something the command left in the background may hold the pipe for ever.
            if self.is_silent() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.last_output()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let id = self.child.id();
        kill(id);
        // Once it is waited for, its number may come to mean another process.
        groups().retain(|group| *group != id);
        // Killed, so this does not take long; it clears the zombie away.
        let _ = self.child.wait();
    }
}

/// Reads a pipe to its end and keeps the last of it.
fn keep(mut reader: PipeReader, kept: &Mutex<VecDeque<u8>>) {
    let mut buffer = [0; 4096];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(&buffer[..count]);
                let surplus = kept.len().saturating_sub(KEPT);
                kept.drain(..surplus);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// A line without escape sequences and control characters, at a readable length.
fn plain(line: &str) -> String {
    let mut told = String::new();
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            if characters.next_if_eq(&'[').is_some() {
                while characters.next_if(|next| !('@'..='~').contains(next)).is_some() {}
                characters.next();
            }
        } else if character == '\t' {
            told.push(' ');
        } else if !character.is_control() {
            told.push(character);
        }
        if told.chars().count() >= 300 {
            told.push('…');
            break;
        }
    }
    told
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    use std::os::unix::process::CommandExt as _;
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).process_group(0);
    shell
}

#[cfg(unix)]
fn ended(child: &mut Child) -> Option<Ending> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let status = waitid(WaitId::Pid(Pid::from_child(child)), options).ok()??;
    Some(match (status.exit_status(), status.terminating_signal()) {
        (Some(0), _) => Ending::Success,
        (Some(code), _) => Ending::Code(code),
        (None, signal) => Ending::Signal(signal.unwrap_or_default()),
    })
}

#[cfg(unix)]
fn ask_to_end(group: u32) {
    signal(group, rustix::process::Signal::TERM);
}

#[cfg(unix)]
fn kill(group: u32) {
    signal(group, rustix::process::Signal::KILL);
}

/// A group whose last process is gone already cannot be signalled, and need not be.
#[cfg(unix)]
fn signal(group: u32, signal: rustix::process::Signal) {
    if let Some(group) = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

#[cfg(not(unix))]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").arg(command);
    shell
}

#[cfg(not(unix))]
fn ended(child: &mut Child) -> Option<Ending> {
    let status = child.try_wait().ok()??;
    Some(match status.code() {
        Some(0) => Ending::Success,
        code => Ending::Code(code.unwrap_or(-1)),
    })
}

/// There is no polite way that reaches a whole tree of console programs.
#[cfg(not(unix))]
fn ask_to_end(group: u32) {
    kill(group);
}

/// Without `taskkill`, which every Windows has, nothing is left to try.
#[cfg(not(unix))]
fn kill(group: u32) {
    let _ = Command::new("taskkill")
        .args(["/T", "/F", "/PID", &group.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn foreign_lines_cannot_steer_a_terminal() {
        assert_eq!(plain("\u{1b}[31;1mred\u{1b}[0m\u{7} and\ttab\u{1b}"), "red and tab");
        assert_eq!(plain(&"x".repeat(1000)).chars().count(), 301);
    }
}
