//! Where output goes and whether it may be coloured.

use std::cell::RefCell;
use std::io::{ErrorKind, IsTerminal, Write};

use crate::sanitize::one_line;
use crate::verdict::exit;

/// How long a message waits for a reader of standard error.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// The value of `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless the environment says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The process's standard output and error.
pub(super) struct Terminal {
    /// Whether standard output may be coloured.
    pub(super) color: bool,
    /// Whether standard error is a terminal that a live block may redraw.
    pub(super) live: bool,
    /// Whether standard error may be coloured.
    pub(super) color_stderr: bool,
    /// Why standard output did not take everything.
    lost: RefCell<Option<std::io::Error>>,
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
            live: stderr && !dumb && std::env::var_os("CI").is_none(),
        }
    }

    /// Writes to standard output. A closed pipe is no error of ours; another one is told at the end.
    pub(super) fn out(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            self.lose(error);
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

    /// Tells what does not stand in the way, and its remedy.
    pub(super) fn warning(&self, message: &str, help: &str) {
        self.tell("warning", message, Some(help));
    }

    /// Tells a message, which may hold foreign text, and its remedy if there is one.
    pub(super) fn tell(&self, word: &str, message: &str, help: Option<&str>) {
        let help = help.map(|help| format!("  = help: {}\n", one_line(help))).unwrap_or_default();
        self.err(&format!("{word}: {}\n{help}", one_line(message)));
    }

    /// Writes to standard error. A pipe that nobody reads is waited for a moment, not for ever.
    pub(super) fn err(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        let (done, written) = std::sync::mpsc::channel();
        let bytes = text.as_bytes().to_vec();
        let write = move || {
            let _ = std::io::stderr().lock().write_all(&bytes);
            let _ = done.send(());
        };
        if std::thread::Builder::new().spawn(write).is_ok() {
            let _ = written.recv_timeout(PATIENCE);
        }
    }
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
