//! The typed plan: what was written, each value with its place. What it means is the graph's affair.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostic::{FileId, Span};
use crate::extractors::Pick;
use crate::mask::texts_of;
use crate::protocols::spec::{Defaults, Spec};
use crate::schedule::{During, Load, ThinkTime};
use crate::services::ServiceKind;
use crate::units::Rate;
use crate::value::Value;
use crate::yaml::Node;

/// A value and where it is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, written at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// Text that may hold `${…}`.
pub type Text = Spanned<Arc<str>>;
/// A name: fixed text.
pub type Name = Spanned<Arc<str>>;

/// A value that is known before the run, or text with `${…}` that yields it for each user.
pub type Dynamic<T> = crate::value::Dynamic<T, Text>;

/// What was not read because of a mistake that has been told.
#[derive(Clone, Debug, Default)]
pub struct Unread {
    /// Whether anything was left out of steps.
    pub any: bool,
    /// The variables that it would set.
    pub variables: BTreeSet<Arc<str>>,
}

/// A whole plan.
#[derive(Debug)]
pub struct Plan {
    /// The plan's own file.
    pub file: FileId,
    /// Its name.
    pub name: Arc<str>,
    /// `variables` and `secrets`, in order of writing.
    pub variables: Vec<Variable>,
    /// Names of its profiles.
    pub profiles: Vec<Arc<str>>,
    /// Tables of data.
    pub data: Vec<DataSet>,
    /// What requests start from.
    pub defaults: Defaults,
    /// Programs to start.
    pub services: Vec<Service>,
    /// Steps before any user starts.
    pub setup: Vec<Step>,
    /// Steps after all users have ended.
    pub teardown: Vec<Step>,
    /// The thread groups.
    pub groups: Vec<ThreadGroup>,
    /// Thresholds on the whole run.
    pub thresholds: Vec<Threshold>,
    /// Whether thresholds without samples are skipped instead of failed.
    pub skip_without_samples: bool,
    /// Whether thresholds are omitted: they judge a load, and this plan is only tried once.
    pub without_thresholds: bool,
    /// Whether all of it was read and is to run: no mistakes, and every thread group.
    pub is_whole: bool,
    /// What was left out of its steps.
    pub unread: Unread,
    /// The files it names that are read before or during the run: data, bodies, JSON Schemas, certificates and keys.
    pub files: Vec<PathBuf>,
}

impl Plan {
    /// The texts of `secrets` that are known before the run, those inside of lists and maps one by one.
    pub fn secrets(&self) -> Vec<String> {
        let mut texts = Vec::new();
        for value in self.variables.iter().filter(|one| one.secret).filter_map(|one| one.value.as_ref()) {
            texts_of(value, &mut texts);
        }
        texts
    }
}

/// An entry of `variables` or `secrets`.
#[derive(Debug)]
pub struct Variable {
    /// Its name.
    pub name: Name,
    /// What was written for it.
    pub node: Node,
    /// Its value, unless it depends on a service's URL.
    pub value: Option<Value>,
    /// Whether it is masked.
    pub secret: bool,
}

/// The order rows are drawn in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they are.
    Sequential,
    /// Each once in random order.
    Shuffle,
    /// Any row each time.
    Random,
}

/// Who draws from one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// All users.
    All,
    /// The users of a group.
    Group,
    /// A single user.
    User,
}

/// What happens when no row is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtEnd {
    /// Start again.
    Recycle,
    /// The user ends.
    StopUser,
    /// Its group ends.
    StopGroup,
    /// The test ends.
    StopTest,
}

/// A table of data.
#[derive(Debug)]
pub struct DataSet {
    /// Its name.
    pub name: Name,
    /// The file, found from the plan's folder.
    pub file: Spanned<PathBuf>,
    /// Names for the columns, when the file has no header row.
    pub columns: Option<Vec<Arc<str>>>,
    /// The byte between cells.
    pub delimiter: u8,
    /// The file's encoding, when it is not UTF-8.
    pub encoding: Option<Spanned<Arc<str>>>,
    /// The order of rows.
    pub order: Order,
    /// Who shares a pool.
    pub share: Share,
    /// Whether a row is kept for a user's life.
    pub per_user: bool,
    /// What happens when no row is left.
    pub at_end: AtEnd,
}

/// A program to start.
#[derive(Debug)]
pub struct Service {
    /// Its name.
    pub name: Name,
    /// What it is.
    pub kind: ServiceKind<Text>,
}

/// A thread group.
#[derive(Debug)]
pub struct ThreadGroup {
    /// Its name.
    pub name: Name,
    /// Its load.
    pub load: Load,
    /// Whether that is what was written, and not a stand-in for what could not be read.
    pub load_known: bool,
    /// Where the load is written: the value of `users`, `stages` or `arrival_rate`, else the name.
    pub load_span: Span,
    /// Where `max_users` is written.
    pub max_users_span: Option<Span>,
    /// The least time between two iterations of a user.
    pub pacing: Option<Duration>,
    /// The most requests of the whole group.
    pub throughput: Option<Rate>,
    /// How long after the run's start, or after the groups it needs, the group starts.
    pub delay: Duration,
    /// Groups that must have ended before.
    pub needs: Vec<Name>,
    /// Samples that start in this time of the group are not counted.
    pub warm_up: Duration,
    /// How long running iterations may take to finish.
    pub graceful_stop: Option<Duration>,
    /// Waited after every request of `steps`.
    pub think_time: Option<Dynamic<ThinkTime>>,
    /// What follows a failed sample.
    pub on_error: OnError,
    /// What requests of the group start from.
    pub defaults: Defaults,
    /// Once per user, first.
    pub on_start: Vec<Step>,
    /// Each iteration.
    pub steps: Vec<Step>,
    /// Once per user, last.
    pub on_stop: Vec<Step>,
    /// Thresholds on the group.
    pub thresholds: Vec<Threshold>,
}

/// What a user does after a failed sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnError {
    /// Go on.
    #[default]
    Continue,
    /// Start the next iteration.
    NextIteration,
    /// End the user.
    StopUser,
    /// End the group.
    StopGroup,
    /// End the test.
    StopTest,
}

/// What a `stop` step ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopTarget {
    /// The innermost loop.
    Loop,
    /// The iteration.
    Iteration,
    /// The user.
    User,
    /// The group.
    Group,
    /// The test.
    Test,
}

/// A step.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its kind key's place; findings and reports point here.
    pub span: Span,
    /// Its name.
    pub name: Option<Name>,
    /// Replaces the think time for this step and all below.
    pub think_time: Option<Dynamic<ThinkTime>>,
    /// A bare expression that must be true.
    pub condition: Option<Text>,
    /// How likely it runs, as a fraction.
    pub chance: Option<Dynamic<f64>>,
    /// Its weight among the branches of `choose`, with its place if written.
    pub weight: Option<Spanned<u64>>,
    /// What it does.
    pub kind: StepKind,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum StepKind {
    /// A request.
    Request(Box<Request>),
    /// Plain steps.
    Group {
        /// When the condition holds.
        steps: Vec<Step>,
        /// When it does not.
        otherwise: Vec<Step>,
    },
    /// Steps timed together.
    Transaction {
        /// Under this name.
        label: Name,
        /// The steps.
        steps: Vec<Step>,
        /// Thresholds on it.
        thresholds: Vec<Threshold>,
    },
    /// A loop by count.
    Repeat(Dynamic<u64>, Vec<Step>),
    /// A loop by time.
    RepeatFor(Duration, Vec<Step>),
    /// A loop by condition.
    While {
        /// A bare expression.
        condition: Text,
        /// How often at most.
        max: u64,
        /// The steps.
        steps: Vec<Step>,
    },
    /// A loop over a list.
    ForEach {
        /// The variable.
        item: Name,
        /// A bare expression that yields a list, or the name of a data set.
        list: Text,
        /// The steps.
        steps: Vec<Step>,
    },
    /// One by weight.
    Choose(Vec<Step>),
    /// The next one.
    RoundRobin(Vec<Step>),
    /// All in random order.
    Shuffle(Vec<Step>),
    /// All at once.
    Parallel(Vec<Step>),
    /// Set variables.
    Set(Vec<(Name, Node)>),
    /// Draw another row.
    NextRow(Name),
    /// Wait.
    Pause(Dynamic<ThinkTime>),
    /// A rendezvous.
    WaitForUsers {
        /// How many.
        count: u64,
        /// How long at most.
        within: Option<Duration>,
    },
    /// One user at a time.
    Lock(Name, Vec<Step>),
    /// End something.
    Stop(StopTarget),
    /// Print a line.
    Log(Text),
    /// Steps put in place from a file or a fragment.
    Include {
        /// The file or fragment as written.
        what: Name,
        /// Variables for them.
        with: Vec<(Name, Node)>,
        /// The steps.
        steps: Vec<Step>,
    },
}

/// A request: what is the same in every protocol.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is sent.
    pub protocol: Spec,
    /// Variables for this step only.
    pub with: Vec<(Name, Node)>,
    /// What to take from the response.
    pub extract: Vec<ExtractorSpec>,
    /// What must be true of the response, as written on the request itself.
    pub assert: Vec<AssertionGroup>,
    /// Thresholds on the request.
    pub thresholds: Vec<Threshold>,
}

/// A file named in a plan.
#[derive(Clone, Debug)]
pub struct FileRef {
    /// The path as written; it may hold `${…}`.
    pub path: Text,
    /// The folder relative paths start from.
    pub folder: Arc<std::path::Path>,
}

/// What an extractor looks for.
#[derive(Clone, Debug)]
pub enum HowSpec {
    /// A JSONPath.
    Json(Text),
    /// A regular expression and the group wanted.
    Regex(Text, Option<Text>),
    /// A CSS selector and an attribute.
    Css(Text, Option<Text>),
    /// An XPath.
    XPath(Text),
    /// Between two texts.
    Between(Text, Text),
    /// A header.
    Header(Text),
    /// A cookie.
    Cookie(Text),
}

/// An extractor.
#[derive(Clone, Debug)]
pub struct ExtractorSpec {
    /// The variable it sets.
    pub variable: Name,
    /// What it looks for.
    pub how: HowSpec,
    /// Where: `None` is the body, else as written after `in`.
    pub source: Option<Text>,
    /// Which match.
    pub pick: Pick,
    /// The value when nothing matches.
    pub default: Option<Node>,
    /// Whether the value is masked.
    pub secret: bool,
}

/// A map of assertions.
#[derive(Clone, Debug)]
pub struct AssertionGroup {
    /// Their name in reports.
    pub name: Option<Name>,
    /// The assertions, in order of writing.
    pub items: Vec<AssertionSpec>,
}

/// An assertion.
#[derive(Clone, Debug)]
pub struct AssertionSpec {
    /// Where it is written: its subject's key or path.
    pub span: Span,
    /// What is judged.
    pub subject: SubjectSpec,
    /// What must be true of it; empty for `json_schema` and `expr`.
    pub matcher: Option<Node>,
}

/// What an assertion judges.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is the key of the same name, described in `keys::ASSERTIONS`")]
pub enum SubjectSpec {
    Status,
    ResponseTime,
    FirstByte,
    Size,
    Body,
    Messages,
    Reply,
    FirstEvent,
    EventGap,
    Json(Text),
    XPath(Text),
    Css(Text),
    Header(Name),
    Cookie(Name),
    Url,
    JsonSchema(FileRef),
    Expr(Text),
}

/// A threshold.
#[derive(Clone, Debug)]
pub struct Threshold {
    /// Where it is written.
    pub span: Span,
    /// As written: `p95 < 100ms`.
    pub text: Arc<str>,
    /// Its name in reports.
    pub name: Option<Arc<str>>,
    /// Its parts.
    pub condition: crate::threshold::Condition,
    /// Leaves out samples that started earlier.
    pub after: Option<Duration>,
    /// The part of the run it judges.
    pub during: Option<Spanned<During>>,
    /// Whether breaking it stops the test.
    pub abort: bool,
}
