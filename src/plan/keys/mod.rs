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
    /// What the map is called in messages and in the schema, for example `thread group`.
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
    /// What may be under it.
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
    /// A map of matchers that compare with times.
    TimeMatcher,
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
            Self::Any | Self::Matcher | Self::TimeMatcher | Self::ThinkTime => true,
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
        self.keys.iter().find_map(|key| Some((key.called(word)?, key)))
    }
}

/// The keys that come nearest to a word that nobody knows, each with the beginning of its meaning, and where all of
/// them are described. `what` is what has the keys.
pub(crate) fn nearest_keys(word: &str, what: &str, keys: &[&'static Key]) -> String {
    const MOST: usize = 3;
    let known = keys.iter().filter(|key| !key.later).map(|key| (key.name, key.doc));
    let near: Vec<String> = crate::suggest::closest(word, known, MOST)
        .into_iter()
        .map(|(name, doc)| format!("`{name}` ({})", beginning(doc)))
        .collect();
    let section = sections().find(|section| section.name == what).map_or("step", |section| section.name);
    let anchor: String = section.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '-')).collect();
    format!(
        "the nearest are {}; all keys: docs/plan-reference.md#{}",
        near.join(", "),
        anchor.replace(' ', "-").to_lowercase()
    )
}

/// A meaning up to the end of its first sentence, its colon or a few words.
fn beginning(doc: &str) -> String {
    const MOST: usize = 60;
    let sentence = doc.split(['.', ':', ';', '(']).next().unwrap_or(doc).trim();
    let short = match sentence.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", sentence[..at].rsplit_once(' ').map_or(sentence, |(words, _)| words)),
        None => sentence.to_owned(),
    };
    let mut letters = short.chars();
    let first = letters.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    let keeps_case = short.chars().nth(1).is_some_and(char::is_uppercase);
    if keeps_case { short } else { first + letters.as_str() }
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
        "plan",
        &[
            "view_results_tree",
            "view_results_in_table",
            "summary_report",
            "aggregate_report",
            "aggregate_graph",
            "listener",
            "listeners",
            "graph_results",
            "response_time_graph",
            "results_tree",
            "report",
            "reports",
            "jp@gc - Transactions per Second",
            "summariser",
        ],
        "remove it: every run writes report.html with tables and charts, and `loadplan try` shows each request and response",
    ),
    (
        "plan",
        &["simple_data_writer", "save_responses_to_a_file", "results_file", "jtl", "csv_report"],
        "remove it: `loadplan run --csv FILE` writes a row for each sample, in the columns of JMeter's JTL files",
    ),
    (
        "plan",
        &["backend_listener", "influxdb", "influxdb_backend_listener", "prometheus", "statsd", "datadog", "grafana"],
        "remove it: `loadplan run --prometheus` or `--otlp URL` shows the figures during the run",
    ),
    (
        "plan",
        &["reporting", "reporters", "final-stats", "junit"],
        "remove it: every run writes junit.xml, results.json and report.html; what fails a run is written under `thresholds`",
    ),
    (
        "plan",
        &["output", "out", "results", "output_folder", "results_dir", "report_dir"],
        "give it to the run: `loadplan run --out FOLDER`",
    ),
    (
        "plan",
        &["demo", "mock", "mock_server", "sample_api"],
        "the sample API is a service: write `services: { api: { demo: trading } }`",
    ),
    (
        "plan",
        &["debug", "log_level", "verbose", "logging"],
        "remove it: `loadplan try` shows every request and response of one user",
    ),
    ("plan", &["seed", "random_seed"], "give it to the run: `loadplan run --seed 42`"),
    (
        "plan",
        &["version", "$schema", "schema_version", "api_version", "apiVersion", "kind", "jmeter", "properties"],
        "remove it: a plan has no version of its own; HTTP's is `http: { version: 1.1 }`",
    ),
    (
        "plan",
        &["import", "imports", "include", "includes", "extends", "module_controller", "include_controller"],
        "a plan is one file: put steps of another file in place with `- include: FILE` in a list of `steps`",
    ),
    (
        "plan",
        &["plugins", "modules", "provisioning", "engines", "processor", "processors", "extensions", "services_plugins"],
        "remove it: loadplan has no plug-ins; what it can do needs no switching on",
    ),
    (
        "plan",
        &["http_header_manager", "header_manager"],
        "headers of every request stand in `http`: write `http: { headers: { Accept: application/json } }`",
    ),
    (
        "plan",
        &["http_cookie_manager", "cookie_manager"],
        "remove it: every user keeps its cookies; `http: { cookies: off }` or `http: { cookies: iteration }` changes that",
    ),
    (
        "plan",
        &["http_cache_manager", "cache_manager", "dns_cache_manager"],
        "remove it: there is nothing to switch on; a request that loads a page's files takes `resources`, which has its cache there",
    ),
    (
        "plan",
        &["http_authorization_manager", "authorization_manager", "auth_manager", "authorization"],
        "credentials of all requests belong in `http`: write `http: { auth: { basic: { username: ann, password: '${password}' } } }`",
    ),
    (
        "plan",
        &["requests", "samplers", "http_request", "tasks", "flow"],
        "requests are steps of a thread group: write them in its list `steps`, as `- get: /path`",
    ),
    (
        "thread group",
        &[
            "view_results_tree",
            "view_results_in_table",
            "summary_report",
            "aggregate_report",
            "listener",
            "listeners",
            "graph_results",
        ],
        "remove it: every run writes report.html with tables and charts, and `loadplan try` shows each request and response",
    ),
    (
        "thread group",
        &["enabled", "disabled", "active", "skip"],
        "remove it: a group that is in the plan runs; `loadplan run --group NAME` runs only some, and a profile leaves one out with `NAME: null`",
    ),
    (
        "thread group",
        &[
            "scheduler",
            "specify_thread_lifetime",
            "use_scheduler",
            "delay_thread_creation_until_needed",
            "delayedStart",
            "timeUnit",
            "startVUs",
            "start_vus",
            "main_controller",
            "loop_controller",
        ],
        "remove it: `duration` alone limits the time, and users are made when they are needed",
    ),
    (
        "thread group",
        &["start_users", "initial_users", "ramp_up_steps_count", "steps_count", "start_users_count", "rampup_steps"],
        "a load in steps is written as `stages`: `- { users: 10, hold: 1m }` for each step",
    ),
    (
        "thread group",
        &["exec", "class", "user_class", "function", "script"],
        "write what the users do under `steps`; write steps that several groups share under `fragments`, and insert them with `- include: NAME`",
    ),
    (
        "thread group",
        &["weight", "share_of_users", "percentage", "percent"],
        "a group has a number of `users` of its own; a share of the users that does something else is a step `choose`, whose branches have a `weight`",
    ),
    (
        "thread group",
        &["browser", "options", "tags"],
        "remove it: there is nothing like it here; keys of your own begin with `x-`",
    ),
    (
        "service",
        &["image", "docker", "container", "compose"],
        "write the command that starts it: `command: docker run --rm -p 8080:80 IMAGE`",
    ),
    (
        "profile",
        &["steps", "requests", "setup", "teardown", "fragments"],
        "a profile cannot change steps, only load and settings; switch a step with `if: env.X == 'on'`, or write a second plan",
    ),
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
