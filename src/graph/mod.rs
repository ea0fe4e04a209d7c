//! The execution graph: what will run, checked and compiled. `check`, `graph`, `try` and `run` all use
//! the same nodes.
//!
//! Nodes are stored in one flat arena and refer to each other by [`NodeId`], so that a virtual user is
//! a small explicit stack of IDs without recursion. There are no names: variables are numbered slots,
//! and samplers are numbered labels.

mod brackets;
mod build;
mod checks;
mod dollar_names;
mod draw;
mod estimate;
mod explain;
mod flow;
mod inside;
mod json_template;
mod load;
mod lost_logins;
mod names;
mod never_held;
mod other_tools;
mod patterns;
mod requests;
mod secret_flow;
mod steps;
mod thresholds;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use build::Build;
pub use build::build;
pub use draw::{Drawing, draw};
pub use explain::{explain, load_sentences};
pub use json_template::JsonTemplate;
pub(crate) use names::Compiled;
pub(crate) use steps::Context;

use crate::assertions::Assertion;
use crate::diagnostic::{Sources, Span};
use crate::extractors::Extractor;
use crate::plan::{AtEnd, OnError, Order, Share, StopTarget};
use crate::protocols::http::client::Settings;
use crate::protocols::node::Protocol;
use crate::schedule::{During, Load, ThinkTime};
use crate::services::Service;
use crate::template::{Expression, SlotId, Template, Tree};
use crate::threshold::Condition;
use crate::units::Rate;
use crate::value::Value;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// The place in its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A node of the graph.
    NodeId,
    /// A line of the report.
    LabelId,
    /// A thread group.
    GroupId,
    /// An assertion.
    AssertionId,
    /// A data set.
    DataId,
    /// A set of connection-level settings.
    TransportId,
    /// A connection that steps inside of another step send messages over.
    ConnectionId,
    /// A named lock.
    LockId,
    /// A meeting point.
    MeetingId,
    /// The position of a `round_robin`.
    RotationId,
}

/// Everything a run needs to know.
#[derive(Debug)]
pub struct ExecutionGraph {
    /// The plan's name.
    pub name: Arc<str>,
    /// The plan's file as the user named it.
    pub file: PathBuf,
    /// The texts every span points into.
    pub sources: Sources,
    /// The arena.
    pub nodes: Vec<Node>,
    /// Steps before any user starts.
    pub setup: Children,
    /// Steps after all users have ended.
    pub teardown: Children,
    /// The thread groups.
    pub groups: Vec<Group>,
    /// Every variable.
    pub slots: Vec<Slot>,
    /// Every line of the report.
    pub labels: Vec<Label>,
    /// Every assertion.
    pub assertions: Vec<AssertionInfo>,
    /// Every threshold, those that follow from the rules included.
    pub thresholds: Vec<Threshold>,
    /// Every data set.
    pub data: Vec<Data>,
    /// Programs to start.
    pub services: Vec<Service<Template>>,
    /// The slot that holds the services' URLs.
    pub services_slot: Option<SlotId>,
    /// Whether an expression looks into the last response.
    pub reads_response: bool,
    /// Connection-level settings, each combination once.
    pub transports: Vec<Settings>,
    /// Names of the locks.
    pub locks: Vec<Arc<str>>,
    /// How many users each meeting point waits for, and how long at most.
    pub meetings: Vec<(u64, Option<Duration>)>,
    /// How many `round_robin` positions a user keeps.
    pub rotations: usize,
    /// Names of the counters.
    pub counters: Vec<Arc<str>>,
    /// Which node sets a variable that which node uses.
    pub flows: Vec<Flow>,
    /// Whether thresholds without samples are skipped.
    pub skip_without_samples: bool,
}

/// A list of nodes that run one after the other, or are chosen from.
pub type Children = Box<[NodeId]>;

/// One step.
#[derive(Debug)]
pub struct Node {
    /// Its kind key's place in the plan.
    pub span: Span,
    /// Its name in drawings and messages: its name, or what it does.
    pub name: Arc<str>,
    /// The line errors of the step itself are counted under; a request's own line.
    pub label: LabelId,
    /// A condition for running it. Boxed like the chance: few steps of a large plan have one.
    pub condition: Option<Box<Expression>>,
    /// How likely it runs.
    pub chance: Option<Box<Dynamic<f64>>>,
    /// Waited after it, if it is a request of a thread group's `steps`.
    pub think_time: Option<Arc<Dynamic<ThinkTime>>>,
    /// What it does.
    pub kind: NodeKind,
}

/// A value that is known, or computed when the step is reached.
pub type Dynamic<T> = crate::value::Dynamic<T, Template>;

/// What a node does.
#[derive(Debug)]
pub enum NodeKind {
    /// A request.
    Request(Box<Request>),
    /// Steps in order, or the other ones when the condition does not hold.
    Sequence {
        /// The steps.
        children: Children,
        /// The steps of `else`.
        otherwise: Children,
    },
    /// Steps timed together, under the node's label.
    Transaction(Children),
    /// A loop by count.
    Repeat(Dynamic<u64>, Children),
    /// A loop by time.
    RepeatFor(Duration, Children),
    /// A loop by condition, at most so often.
    While(Expression, u64, Children),
    /// A loop over a list, or over all rows of a data set.
    ForEach(SlotId, Source, Children),
    /// One of these, by cumulative weight.
    Choose(Children, Box<[u64]>),
    /// The next of these each time.
    RoundRobin(RotationId, Children),
    /// All of these in random order.
    Shuffle(Children),
    /// All of these at once.
    Parallel(Children),
    /// Sets variables.
    Set(Vec<(SlotId, Tree)>),
    /// Sets the variables of an include, then runs its steps.
    Include(Vec<(SlotId, Tree)>, Children),
    /// Draws another row.
    NextRow(DataId),
    /// Waits.
    Pause(Dynamic<ThinkTime>),
    /// Waits for other users.
    WaitForUsers(MeetingId),
    /// One user at a time.
    Lock(LockId, Children),
    /// Ends something.
    Stop(StopTarget),
    /// Prints a line.
    Log(Template),
}

/// What a `for_each` walks over.
#[derive(Debug)]
pub enum Source {
    /// A list.
    List(Expression),
    /// All rows of a data set.
    Rows(DataId),
}

/// A compiled request: what is the same in every protocol.
#[derive(Debug)]
pub struct Request {
    /// What is sent.
    pub protocol: Protocol,
    /// Variables for this step only.
    pub with: Vec<(SlotId, Tree)>,
    /// What to take from the response.
    pub extractors: Vec<(SlotId, Extractor)>,
    /// What must be true of the response; status first, then in order of writing.
    pub assertions: Vec<(AssertionId, Assertion)>,
    /// Whether a status below 400 is demanded because no assertion judges the status.
    pub default_status: bool,
    /// Whether anything looks into the body, or may do so later through `response`.
    pub keep_body: bool,
    /// Whether the decoded body is measured, though nothing looks into it.
    pub measure_body: bool,
    /// The steps that use the connection it opens.
    pub children: Children,
}

/// A thread group.
#[derive(Debug)]
pub struct Group {
    /// Its name.
    pub name: Arc<str>,
    /// Where it is written.
    pub span: Span,
    /// Its load.
    pub load: Load,
    /// The least time between two iterations of a user.
    pub pacing: Option<Duration>,
    /// The most requests of the whole group.
    pub throughput: Option<Rate>,
    /// How long after the run's start, or after the groups it needs, the group starts.
    pub delay: Duration,
    /// Groups that must have ended before.
    pub needs: Vec<GroupId>,
    /// Samples that start in this time of the group are not counted.
    pub warm_up: Duration,
    /// How long running iterations may take to finish.
    pub graceful_stop: Duration,
    /// The same after SIGTERM: at most five seconds unless the plan says otherwise.
    pub graceful_stop_on_sigterm: Duration,
    /// What follows a failed sample.
    pub on_error: OnError,
    /// Once per user, first.
    pub on_start: Children,
    /// Each iteration.
    pub steps: Children,
    /// Once per user, last.
    pub on_stop: Children,
    /// Data sets to draw a row from for each user.
    pub rows_per_user: Vec<DataId>,
    /// Data sets to draw a row from for each iteration.
    pub rows_per_iteration: Vec<DataId>,
}

/// A variable.
#[derive(Debug)]
pub struct Slot {
    /// Its name.
    pub name: Arc<str>,
    /// Whether its value is masked.
    pub secret: bool,
    /// Whether it gets a cookie, which is masked as cookies are.
    pub cookie: bool,
    /// Its value when the run starts.
    pub initial: Option<Value>,
    /// How to compute it when the services have started.
    pub computed: Option<Tree>,
}

/// What a line of the report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LabelKind {
    /// A request.
    Sampler,
    /// A transaction.
    Transaction,
    /// Another step; it shows up only when it could not be carried out.
    Step,
}

/// The part of the run a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Before any user starts.
    Setup,
    /// A thread group.
    Group(GroupId),
    /// After all users have ended.
    Teardown,
}

/// A line of the report.
#[derive(Debug)]
pub struct Label {
    /// Its text.
    pub text: Arc<str>,
    /// Its text with what tells it apart from other lines of the same text.
    pub title: Arc<str>,
    /// What it is about.
    pub kind: LabelKind,
    /// Where it belongs.
    pub place: Place,
    /// Where it is first written.
    pub span: Span,
}

/// An assertion, as reports name it.
#[derive(Debug)]
pub struct AssertionInfo {
    /// The line it belongs to.
    pub label: LabelId,
    /// Its name, or what it says: `status is 200`.
    pub text: Arc<str>,
    /// Where it is written.
    pub span: Span,
}

/// What a threshold judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole run.
    Run,
    /// A thread group.
    Group(GroupId),
    /// A request or a transaction.
    Label(LabelId),
}

/// A threshold.
#[derive(Debug)]
pub struct Threshold {
    /// What it judges.
    pub scope: Scope,
    /// As written, blanks tidied: `p95 < 100ms`.
    pub text: Arc<str>,
    /// Its name in reports.
    pub name: Option<Arc<str>>,
    /// Where it is written; the request, if it follows from the rules.
    pub span: Span,
    /// Its parts.
    pub condition: Condition,
    /// Leaves out samples that started earlier.
    pub after: Option<Duration>,
    /// The part of its groups' loads it judges.
    pub during: Option<During>,
    /// Whether breaking it stops the test.
    pub abort: bool,
    /// Whether it is `error_rate == 0`, which follows when nothing else judges a request's errors.
    pub implicit: bool,
}

/// A data set.
#[derive(Debug)]
pub struct Data {
    /// Its name.
    pub name: Arc<str>,
    /// The variable that holds the current row.
    pub slot: SlotId,
    /// What to read.
    pub file: crate::data::Spec,
    /// The order of rows.
    pub order: Order,
    /// Who shares a pile.
    pub share: Share,
    /// What happens when no row is left.
    pub at_end: AtEnd,
    /// Where it is written.
    pub span: Span,
}

/// A variable's way from the node that sets it to the node that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flow {
    /// The variable.
    pub slot: SlotId,
    /// The node that sets it; `None` for variables, secrets and data of the plan.
    pub from: Option<NodeId>,
    /// The node that uses it.
    pub to: NodeId,
}

/// What teardown and services are given after SIGTERM and the users' `graceful_stop`.
const AFTER_USERS: Duration = Duration::from_millis(2500);

impl ExecutionGraph {
    /// How long after SIGTERM everything but the reports must have ended, so that these are written
    /// within three seconds after the users' `graceful_stop`.
    pub fn time_on_sigterm(&self) -> Duration {
        let users = self.groups.iter().map(|group| group.graceful_stop_on_sigterm).max();
        users.unwrap_or_default() + AFTER_USERS
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// A line of the report.
    pub fn label(&self, id: LabelId) -> &Label {
        &self.labels[id.index()]
    }

    /// The line (from 1) of a place in the plan's own file or an include.
    pub fn line(&self, span: Span) -> usize {
        self.sources.position(span).0
    }
}
