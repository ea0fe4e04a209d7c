//! How a run went, apart from its samples.

use std::time::Duration;

use super::Generator;
use crate::diagnostic::Span;
use crate::stop_reason::StopReason;

/// The exit codes, as `--help` and the README document them.
pub mod exit {
    /// Passed.
    pub const PASSED: u8 = 0;
    /// A threshold failed, samples failed and no threshold allows them, a figure regressed against
    /// the baseline, or teardown failed.
    pub const FAILED: u8 = 1;
    /// The plan or the command line is invalid; nothing was sent.
    pub const INVALID: u8 = 2;
    /// The run is not valid: setup failed, the target never responded, there were no samples, or
    /// (with `--strict`) the load generator could not keep up.
    pub const NOT_VALID: u8 = 3;
    /// Results could not be written, or an internal error.
    pub const INTERNAL: u8 = 4;
    /// Stopped by SIGINT (Ctrl-C) or from the dashboard, every report written.
    pub const INTERRUPTED: u8 = 130;
    /// Stopped by SIGTERM, SIGHUP or SIGQUIT, every report written.
    pub const TERMINATED: u8 = 143;

    /// Which of two exit codes tells more: the greater weight wins.
    pub fn weight(code: u8) -> u8 {
        match code {
            INTERNAL => 4,
            NOT_VALID => 3,
            INTERRUPTED | TERMINATED => 2,
            PASSED => 0,
            _ => 1,
        }
    }
}

/// How setup (services included) or teardown went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LifecycleResult {
    /// The plan has none.
    #[default]
    Absent,
    /// It was carried out.
    Passed {
        /// How long it took.
        took: Duration,
    },
    /// It failed.
    Failed {
        /// How long it took.
        took: Duration,
        /// Why, in words; masked.
        reason: String,
        /// The step that failed.
        span: Option<Span>,
    },
    /// The run ended before it was reached.
    NotReached,
}

impl LifecycleResult {
    /// Why it failed, if it did.
    pub fn failure(&self) -> Option<&str> {
        match self {
            Self::Failed { reason, .. } => Some(reason),
            Self::Absent | Self::Passed { .. } | Self::NotReached => None,
        }
    }
}

/// How a run went, apart from its samples.
#[derive(Clone, Debug, Default)]
pub struct RunOutcome {
    /// What ended it before its time.
    pub stopped_by: Option<StopReason>,
    /// Services and `setup`.
    pub setup: LifecycleResult,
    /// `teardown`.
    pub teardown: LifecycleResult,
    /// The health of the load generator.
    pub generator: Generator,
    /// Whether a load generator that could not keep up makes the run invalid (`--strict`).
    pub strict: bool,
    /// Whether it still goes: then what has no samples has nothing to say yet.
    pub under_way: bool,
    /// A caught panic or another fault of the tool.
    pub internal_error: Option<String>,
}
