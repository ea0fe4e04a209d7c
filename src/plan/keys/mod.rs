//! The one description of every key of a plan: its name, type, meaning, example, and what other
//! tools call it. Lowering and its errors, the JSON Schema, the reference page and the
//! suggestions all read these tables.

mod checks;
mod group;
mod request;
mod root;
mod steps;

use crate::protocols::spec;
use crate::suggest::is_same;
use crate::yaml::{Node, NodeKind};

pub use checks::ASSERTIONS;
pub use checks::{BETWEEN_DOC, EXTRACTOR, JSON_TYPES, MATCHER, THRESHOLD};
pub use group::{ITERATIONS_TOTAL, NORMAL, POISSON, STAGE, THINK_TIME, THREAD_GROUP};
pub use request::{ANY_REQUEST, ASSERT};
pub use root::{DATA, PLAN, PROFILE, PROFILE_GROUP, READY, SERVICE};
pub use steps::{KindId, STEP, STEPS, StepKeys, WAIT_FOR_USERS, WEIGHT, kinds};

/// A map with a fixed set of keys.
#[derive(Debug)]
pub struct Section {
    /// What the map is called in messages and in the schema, for instance `thread group`.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its keys, in the order of the reference page.
    pub keys: &'static [Key],
}

/// A key of a [`Section`].
#[derive(Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What may stand under it.
    pub ty: Ty,
    /// What it means: one or two sentences.
    pub doc: &'static str,
    /// A YAML fragment that shows it, key included.
    pub example: &'static str,
    /// What other tools call it: `("JMeter", "threads")`.
    pub words: &'static [(&'static str, &'static str)],
    /// Other words that people write for it and that are no tool's.
    pub also: &'static [&'static str],
    /// Whether the key must be there.
    pub required: bool,
    /// Whether the key is agreed but not supported yet.
    pub later: bool,
}

/// The type of a value, as far as YAML and the schema are concerned.
#[derive(Debug)]
pub enum Ty {
    /// Any scalar, sent as it is spelled; may hold `${…}`.
    Text,
    /// Fixed text without `${…}`.
    Name,
    /// `true` or `false`.
    Bool,
    /// A whole number from this one on.
    Count(u64),
    /// `500ms`, `10s`, `1h30m`.
    Duration,
    /// `64B`, `10kB`, `1MiB`.
    Size,
    /// `200/s`, `30/m`, `0.5/h`.
    Rate,
    /// `25%`.
    Share,
    /// A bare expression.
    Expression,
    /// A file's path, relative to the plan.
    Path,
    /// Any YAML value.
    Any,
    /// One of these words, each with its meaning.
    Enum(&'static [(&'static str, &'static str)]),
    /// A map with fixed keys.
    Section(&'static Section),
    /// A map with free keys.
    Map(&'static Ty),
    /// A list.
    List(&'static Ty),
    /// One of a few shapes.
    Either(&'static [Ty]),
    /// `null`, which takes away what an outer place set.
    Null,
    /// A list of steps.
    Steps,
    /// The value a matcher compares with, or a map of matchers.
    Matcher,
    /// A map of assertions, or a list of such maps.
    Assertions,
    /// A map of variables to extractors.
    Extractors,
    /// A list of thresholds.
    Thresholds,
    /// How to think: a time, a range or a distribution.
    ThinkTime,
}

impl Ty {
    /// Whether a value may be of this type as far as its shape tells: a scalar, a list or a map.
    pub(crate) fn has_shape_of(&self, node: &Node) -> bool {
        let (is_map, is_list) = (matches!(node.kind, NodeKind::Map(_)), matches!(node.kind, NodeKind::List(_)));
        match self {
            Self::Any | Self::Matcher | Self::ThinkTime => true,
            Self::Text
            | Self::Name
            | Self::Bool
            | Self::Count(_)
            | Self::Duration
            | Self::Size
            | Self::Rate
            | Self::Share
            | Self::Expression
            | Self::Path
            | Self::Enum(_) => !is_map && !is_list,
            Self::Section(_) | Self::Map(_) | Self::Extractors => is_map || node.is_null(),
            Self::Assertions => is_map || is_list || node.is_null(),
            Self::List(_) | Self::Steps | Self::Thresholds => !is_map,
            Self::Either(types) => types.iter().any(|ty| ty.has_shape_of(node)),
            Self::Null => node.is_null(),
        }
    }
}

impl Key {
    pub(crate) const fn new(name: &'static str, ty: Ty, doc: &'static str, example: &'static str) -> Self {
        Self { name, ty, doc, example, words: &[], also: &[], required: false, later: false }
    }

    pub(crate) const fn words(mut self, words: &'static [(&'static str, &'static str)]) -> Self {
        self.words = words;
        self
    }

    pub(crate) const fn also(mut self, also: &'static [&'static str]) -> Self {
        self.also = also;
        self
    }

    /// Whether it is called by this word elsewhere, whoever does so.
    pub(crate) fn is_also(&self, word: &str) -> bool {
        self.called(word).is_some() || self.also.iter().any(|theirs| is_same(theirs, word))
    }

    /// The tool that calls it by this word, in whatever spelling.
    pub(crate) fn called(&self, word: &str) -> Option<&'static str> {
        self.words.iter().find(|(_, theirs)| is_same(theirs, word)).map(|(tool, _)| *tool)
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn later(mut self) -> Self {
        self.later = true;
        self
    }
}

impl Section {
    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Our key for another tool's word, and that tool.
    pub fn bridge(&self, word: &str) -> Option<(&'static str, &'static Key)> {
        self.keys.iter().find_map(|key| {
            Some((key.called(word)?, key))
        })
    }
}

/// What to do instead of a word for something that is not there; `place` is the section's name, or
/// `step` for a kind of step.
pub(crate) fn instead_of(place: &str, word: &str) -> Option<&'static str> {
    let is_meant = |words: &[&str]| words.iter().any(|known| is_same(known, word));
    INSTEAD.iter().find(|(one, words, _)| *one == place && is_meant(words)).map(|(.., instead)| *instead)
}

/// Words for what is not there, by their place.
static INSTEAD: &[(&str, &[&str], &str)] = &[
    (
        "step",
        &["close", "disconnect", "ws_close", "close_connection", "close_websocket", "disconnect_websocket"],
        "the connection closes by itself after the last of the `steps` of its `websocket` step: remove this step; to wait until the server closes it, write `receive: { close: true }`",
    ),
    (
        "step",
        &["until"],
        "`until` says what ends the stream of an `sse` step: write it beside `sse`, without a `-` of its own; to repeat steps until something is true, write `while:` with the opposite condition",
    ),
    ("step", &["ping", "pong"], "pings of the server are answered by themselves: remove this step"),
    (
        "step",
        &["reply"],
        "`reply` waits for the reply to a message: write it beside `send`, without a `-` of its own; a message that replies to nothing is waited for by `receive`",
    ),
    (
        "until",
        &["where", "match", "matches", "filter", "expect", "json", "if", "condition"],
        "`until` does not look into an event: it compares all of its `data` or its type (`event`), counts `events`, or ends the stream after some time (`for`)",
    ),
    (
        "reply",
        &["count", "messages", "events"],
        "a `send` waits for one reply; wait for more messages in a step of their own: `- receive: { count: 10 }`",
    ),
    (
        "an `sse` step",
        &["method"],
        "remove it: a step that has a body (`json`, `body`, …) is sent as POST, any other as GET",
    ),
    (
        "message",
        &["reply", "within", "timeout", "where", "assert", "extract", "thresholds", "name"],
        "it stands beside `send`, in the same step, not in the message; `within` and `where` stand in `reply` there",
    ),
    ("reply", &["close"], "wait for the end of the connection in a step of its own: `- receive: { close: true }`"),
];

/// Every section, for the schema, the reference page and the search for a misplaced key.
pub fn sections() -> impl Iterator<Item = &'static Section> {
    FIRST.iter().chain(spec::SECTIONS.iter().copied().flatten()).chain(LAST).copied()
}

/// The sections of the reference page before those of the protocols.
static FIRST: &[&Section] = &[
    &PLAN,
    &DATA,
    &SERVICE,
    &READY,
    &PROFILE,
    &PROFILE_GROUP,
    &THREAD_GROUP,
    &ITERATIONS_TOTAL,
    &STAGE,
    &THINK_TIME,
    &NORMAL,
    &POISSON,
    &STEP,
    &WAIT_FOR_USERS,
    &ANY_REQUEST,
];

/// Those after them.
static LAST: &[&Section] = &[&EXTRACTOR, &ASSERTIONS, &MATCHER, &THRESHOLD];

/// Whether `word` is a key of any section or a kind of step.
pub fn is_known(word: &str) -> bool {
    sections().any(|section| section.key(word).is_some()) || kinds().any(|kind| kind.key.name == word)
}
