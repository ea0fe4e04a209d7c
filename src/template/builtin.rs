//! Names that mean the same in every plan.

/// Names a plan may not give to its variables, data and secrets.
pub const RESERVED_NAMES: &[&str] = &[
    "env",
    "services",
    "user_number",
    "iteration",
    "thread_group",
    "run_id",
    "loop",
    "response",
    "fake",
    "true",
    "false",
    "null",
    "and",
    "or",
    "not",
    "in",
];

/// A name the expressions know by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Builtin {
    /// `user_number`: which user of its thread group this is, from 1.
    UserNumber,
    /// `iteration`: which iteration of this user, from 1.
    Iteration,
    /// `thread_group`: the group's name.
    ThreadGroup,
    /// `run_id`: the run's identifier, the same for every user.
    RunId,
    /// `loop.index`: which round of the innermost loop, from 1.
    Loop,
    /// `response`: this user's last finished request.
    Response,
    /// `fake.…()`: made-up names and addresses.
    Fake,
}

impl Builtin {
    /// Every built-in name.
    pub const ALL: [Self; 7] =
        [Self::UserNumber, Self::Iteration, Self::ThreadGroup, Self::RunId, Self::Loop, Self::Response, Self::Fake];

    /// The name as written in a plan.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserNumber => "user_number",
            Self::Iteration => "iteration",
            Self::ThreadGroup => "thread_group",
            Self::RunId => "run_id",
            Self::Loop => "loop",
            Self::Response => "response",
            Self::Fake => "fake",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|builtin| builtin.name() == name)
    }
}

/// What `response` offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResponsePart {
    Status,
    Ok,
    Headers,
    Body,
    Json,
    Url,
    TimeMs,
}

impl ResponsePart {
    const ALL: [Self; 7] = [Self::Status, Self::Ok, Self::Headers, Self::Body, Self::Json, Self::Url, Self::TimeMs];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Ok => "ok",
            Self::Headers => "headers",
            Self::Body => "body",
            Self::Json => "json",
            Self::Url => "url",
            Self::TimeMs => "time_ms",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }

    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().map(Self::name)
    }
}
