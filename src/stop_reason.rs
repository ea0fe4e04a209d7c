//! The reasons why a run ends early.

use std::time::Duration;

use crate::units::written_duration;

/// Why a run ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal, or the connection to it, is gone.
    Hangup,
    /// SIGQUIT.
    Quit,
    /// Somebody pressed the dashboard's button.
    Dashboard,
    /// The command has reached the limit of `--max-time`, which is this.
    TimeLimit(Duration),
    /// A threshold with `abort` failed: the threshold with its scope as reports show it, and what was observed.
    Abort(String),
    /// A step or an error said so: what it was.
    Step(String),
}

impl StopReason {
    /// The name of a signal, or of a limit, whose sender does not wait long.
    pub fn hurries(&self) -> Option<&'static str> {
        match self {
            Self::Terminate => Some("SIGTERM"),
            Self::Hangup => Some("SIGHUP"),
            Self::Quit => Some("SIGQUIT"),
            Self::TimeLimit(_) => Some("the limit of --max-time"),
            Self::Interrupt | Self::Dashboard | Self::Abort(_) | Self::Step(_) => None,
        }
    }

    /// Whether a person, or a program in the name of one, stopped the run from outside.
    pub fn is_by_hand(&self) -> bool {
        matches!(self, Self::Interrupt | Self::Dashboard) || self.hurries().is_some()
    }

    /// What happened, as the end of a sentence that begins with "the run was".
    pub fn sentence(&self) -> String {
        match self {
            Self::Interrupt => "stopped by SIGINT (Ctrl-C)".into(),
            Self::Terminate => "stopped by SIGTERM".into(),
            Self::Hangup => "stopped by SIGHUP (the terminal or the connection was closed)".into(),
            Self::Quit => "stopped by SIGQUIT".into(),
            Self::Dashboard => "stopped from the dashboard".into(),
            Self::TimeLimit(limit) => format!("stopped at the limit of --max-time ({})", written_duration(*limit)),
            Self::Abort(threshold) => format!("stopped because a threshold failed ({threshold})"),
            Self::Step(step) => format!("ended by the step `{step}`"),
        }
    }

    /// The word used in results: `sigint`, `sigterm`, `sighup`, `sigquit`, `dashboard`, `max_time`, `threshold`,
    /// `step`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Interrupt => "sigint",
            Self::Terminate => "sigterm",
            Self::Hangup => "sighup",
            Self::Quit => "sigquit",
            Self::Dashboard => "dashboard",
            Self::TimeLimit(_) => "max_time",
            Self::Abort(_) => "threshold",
            Self::Step(_) => "step",
        }
    }
}
