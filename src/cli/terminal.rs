//! Where output goes and whether it may be coloured.

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use super::signals;
use crate::problem::Problem;
use crate::sanitize::one_line;
use crate::verdict::exit;

/// How long a message waits for a reader of standard error.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long output of any kind waits for a reader once the word to stop has come.
const PATIENCE_WHEN_STOPPED: Duration = Duration::from_millis(250);
/// How often output that waits for a reader looks for the word to stop.
const LOOK: Duration = Duration::from_millis(50);

/// How long output waits for a reader of standard error now.
pub(super) fn patience() -> Duration {
    if signals::stopped_at().is_some() { PATIENCE_WHEN_STOPPED } else { PATIENCE }
}

/// The value of `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ColorChoice {
    /// Use colors on a terminal, unless the environment disables them
    Auto,
    /// Always use colors
    Always,
    /// Never use colors
    Never,
}

/// The value of `--log-level`: what a run tells on standard error while it goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(super) enum LogLevel {
    /// Errors only
    Error,
    /// Warnings too
    Warn,
    /// Progress too
    #[default]
    Info,
}

/// The process's standard output and error.
pub(super) struct Terminal {
    /// What is told on standard error.
    level: LogLevel,
    /// Whether standard output is for a program to read, so that text for people goes to standard error.
    is_piped: bool,
    /// Whether standard output may be coloured.
    pub(super) color: bool,
    /// Whether standard error is a terminal that a live block may redraw.
    pub(super) live: bool,
    /// Whether standard error may be coloured.
    pub(super) color_stderr: bool,
    /// Why standard output did not take everything.
    lost: RefCell<Option<std::io::Error>>,
    /// Nobody reads standard output, and the run was told to stop: nothing more goes there.
    unread: Cell<bool>,
    /// The same of standard error, stopped or not: nothing more is waited for.
    unread_stderr: Cell<bool>,
}

impl Terminal {
    pub(super) fn new(choice: ColorChoice) -> Self {
        let color = |terminal: bool| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => colored(terminal, |name| std::env::var(name).ok()),
        };
        let stderr = std::io::stderr().is_terminal();
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        Self {
            color: color(std::io::stdout().is_terminal()),
            color_stderr: color(stderr),
            lost: RefCell::default(),
            unread: Cell::default(),
            unread_stderr: Cell::default(),
            level: LogLevel::default(),
            is_piped: false,
            live: stderr && !dumb && std::env::var_os("CI").is_none(),
        }
    }

    /// Tells no more than this on standard error.
    pub(super) fn set_level(&mut self, level: LogLevel) {
        self.level = level;
        self.live &= level == LogLevel::Info;
    }

    /// Keeps standard output for what a program reads: text for people goes to standard error from now on.
    pub(super) fn keep_stdout(&mut self) {
        self.is_piped = true;
        self.color = self.color_stderr;
    }

    /// Whether this is told.
    pub(super) fn tells(&self, level: LogLevel) -> bool {
        level <= self.level
    }

    /// Writes text for people: to standard output, unless a program reads that.
    pub(super) fn out(&self, text: &str) {
        if self.is_piped {
            return self.write_err(text, || signals::stopped_at().map(|_| PATIENCE_WHEN_STOPPED));
        }
        self.out_for_programs(text);
    }

    /// Writes to standard output. A closed pipe is no error of ours; another one is told at the end.
    /// Its reader may take its time, but not once the run was told to stop.
    pub(super) fn out_for_programs(&self, text: &str) {
        if self.unread.get() || text.is_empty() {
            return;
        }
        let (done, written) = std::sync::mpsc::channel();
        let bytes = text.as_bytes().to_vec();
        let spawned = std::thread::Builder::new().spawn(move || {
            let _ = done.send(write_out(&bytes));
        });
        if spawned.is_err() {
            return write_out(text.as_bytes()).unwrap_or_else(|error| self.lose(error));
        }
        let mut waited = Duration::ZERO;
        loop {
            match written.recv_timeout(LOOK) {
                Ok(outcome) => return outcome.unwrap_or_else(|error| self.lose(error)),
                Err(RecvTimeoutError::Timeout) if signals::stopped_at().is_none() => {}
                Err(RecvTimeoutError::Timeout) if waited < PATIENCE_WHEN_STOPPED => waited += LOOK,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return self.unread.set(true),
            }
        }
    }

    /// Notes that standard output refused something.
    pub(super) fn lose(&self, error: std::io::Error) {
        if error.kind() != ErrorKind::BrokenPipe {
            self.lost.replace(Some(error));
        }
    }

    /// Tells what standard output refused, if it refused anything, and the exit code that follows.
    pub(super) fn ended(&self, code: u8) -> u8 {
        let Some(error) = self.lost.take() else { return code };
        self.error(
            &format!("standard output could not be written: {error}"),
            "free some space, or send the output somewhere else",
        );
        exit::INTERNAL
    }

    /// Tells an error and its remedy.
    pub(super) fn error(&self, message: &str, help: &str) {
        self.tell("error", message, Some(help));
    }

    /// Tells what is wrong, and the remedy if there is one.
    pub(super) fn problem(&self, problem: &Problem) {
        self.tell("error", &problem.message, Some(problem.help.as_str()).filter(|help| !help.is_empty()));
    }

    /// Tells what does not stand in the way, and its remedy.
    pub(super) fn warning(&self, message: &str, help: &str) {
        if self.tells(LogLevel::Warn) {
            self.tell("warning", message, Some(help).filter(|help| !help.is_empty()));
        }
    }

    /// Tells what is good to know.
    pub(super) fn note(&self, text: &str) {
        if self.tells(LogLevel::Info) {
            self.err(text);
        }
    }

    /// Tells a message, which may hold foreign text, and its remedy if there is one.
    pub(super) fn tell(&self, word: &str, message: &str, help: Option<&str>) {
        let help = help.map(|help| format!("  = help: {}\n", one_line(help))).unwrap_or_default();
        self.err(&format!("{word}: {}\n{help}", one_line(message)));
    }

    /// Tells what standard output refused, if it refused anything, of a run whose verdict stands
    /// in its reports all the same.
    pub(super) fn tell_lost(&self) {
        if let Some(error) = self.lost.take() {
            self.warning(
                &format!("standard output could not be written: {error}"),
                "the exit code is that of the run; its reports tell the rest",
            );
        }
    }

    /// Writes to standard error all of what the process is about to end with. Its reader, such as a pager,
    /// may take its time, but not once the word to stop has come.
    pub(super) fn err_to_the_end(&self, text: &str) {
        self.unread_stderr.set(false);
        self.write_err(text, || signals::stopped_at().map(|_| PATIENCE_WHEN_STOPPED));
    }

    /// Writes to standard error. A pipe that nobody reads is waited for a moment, not for ever.
    pub(super) fn err(&self, text: &str) {
        self.write_err(text, || Some(patience()));
    }

    fn write_err(&self, text: &str, patience: impl Fn() -> Option<Duration>) {
        if text.is_empty() {
            return;
        }
        let (done, written) = std::sync::mpsc::channel();
        let bytes = text.as_bytes().to_vec();
        let write = move || {
            let _ = std::io::stderr().lock().write_all(&bytes);
            let _ = done.send(());
        };
        if std::thread::Builder::new().spawn(write).is_ok() && !self.unread_stderr.get() {
            let mut waited = Duration::ZERO;
            while written.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                waited += LOOK;
                if patience().is_some_and(|patience| waited >= patience) {
                    return self.unread_stderr.set(true);
                }
            }
        }
    }
}

fn write_out(bytes: &[u8]) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush())
}

/// `NO_COLOR`, then `CLICOLOR_FORCE` and `FORCE_COLOR`, then `TERM=dumb`, then whether it is a terminal.
fn colored(terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let forced = |name: &str| variable(name).is_some_and(|value| !matches!(value.as_str(), "" | "0" | "false"));
    if set("NO_COLOR") {
        return false;
    }
    if forced("CLICOLOR_FORCE") || forced("FORCE_COLOR") {
        return true;
    }
    terminal && variable("TERM").is_none_or(|term| term != "dumb")
}

#[cfg(test)]
mod tests {
    use super::colored;

    #[test]
    fn the_environment_decides_on_colour_in_a_fixed_order() {
        let with = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        assert!(colored(true, with(&[])));
        assert!(!colored(false, with(&[])));
        assert!(!colored(true, with(&[("NO_COLOR", "1"), ("FORCE_COLOR", "1")])));
        assert!(colored(false, with(&[("FORCE_COLOR", "1")])));
        assert!(!colored(false, with(&[("CLICOLOR_FORCE", "0")])));
        assert!(!colored(true, with(&[("TERM", "dumb")])));
        assert!(colored(true, with(&[("NO_COLOR", "")])));
    }
}
