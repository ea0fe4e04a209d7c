//! The output that CI servers read from the log of a job and from files: annotations of the lines of
//! the plan, outputs for later steps, summaries. The escaping rules of each server are in a separate file.
//!
//! Nothing here reads the environment or writes anything: `cli/ci.rs` does.

pub mod azure;
pub mod github;

/// How many annotations one step may show. GitHub and Azure keep ten of each kind, and the runner
/// needs one of them itself, for the exit code.
pub const ANNOTATIONS: usize = 9;

/// How grave an annotation is; the gravest come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It failed the run.
    Error,
    /// It did not.
    Warning,
}

impl Level {
    /// The word both servers use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Something to be shown at a line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// How grave it is.
    pub level: Level,
    /// The file, relative to the repository's root.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1; `None` for the whole line.
    pub column: Option<usize>,
    /// What kind of thing it is, in a few words.
    pub title: String,
    /// What there is to say, not escaped yet.
    pub message: String,
}
