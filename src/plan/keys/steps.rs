//! The kinds of steps, and the keys any step takes.

use super::{Key, Section, Ty};
use crate::protocols::spec::{self, RequestKind};

/// A kind of step: the one key that says what it does, and what may be next to it.
#[derive(Debug)]
pub struct StepKeys {
    /// Which kind it is.
    pub id: KindId,
    /// The kind's own key.
    pub key: Key,
    /// Further keys of this kind, apart from those any step takes.
    pub keys: &'static [Key],
    /// The sections whose keys apply too.
    pub sections: &'static [&'static Section],
    /// What JMeter calls it.
    pub jmeter: &'static str,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the kind of the same name, described in `CONTROLLERS`")]
pub enum KindId {
    /// A request, in one of the protocols.
    Request(RequestKind),
    Transaction,
    Repeat,
    While,
    ForEach,
    Choose,
    RoundRobin,
    Shuffle,
    Parallel,
    Set,
    NextRow,
    Pause,
    WaitForUsers,
    Lock,
    Stop,
    Log,
    Include,
    Steps,
    /// A kind that is agreed but not supported yet.
    Later,
}

/// The steps inside of a step.
pub const STEPS: Key = Key::new("steps", Ty::Steps, "The steps inside this step.", "steps:\n  - get: /").words(&[
    ("Artillery", "flow"),
    ("Taurus", "do"),
    ("JMeter", "children"),
    ("Artillery", "do"),
]);
/// The weight of a branch.
pub const WEIGHT: Key = Key::new(
    "weight",
    Ty::Count(0),
    "How often this step is chosen, relative to the other steps in `choose`. The default is 1.",
    "weight: 3",
);

/// Keys any step takes.
pub static STEP: Section = Section {
    name: "step",
    doc: "One action of a user. Each step has exactly one step type (`get`, `post`, `transaction`, `repeat`, …).",
    keys: &[
        Key::new(
            "name",
            Ty::Name,
            "The name of the step in reports. If omitted, the name of a request is its method and URL as written in the plan.",
            "name: Log in",
        )
        .words(&[("Taurus", "label"), ("JMeter", "testname"), ("JMeter", "label")]),
        Key::new(
            "think_time",
            Ty::ThinkTime,
            "Replaces the think time of the thread group for this step and all steps inside it.",
            "think_time: 500ms",
        )
        .words(&[("Artillery", "think"), ("Taurus", "think-time"), ("JMeter", "timer")]),
        Key::new(
            "if",
            Ty::Expression,
            "An expression without `${ }`. The step only runs if it is true. Evaluated once, on entry.",
            "if: status == 'ok' and total > 3",
        )
        .words(&[("Artillery", "ifTrue"), ("drill", "when"), ("Ansible", "when")]),
        Key::new(
            "chance",
            Ty::Share,
            "The probability that the step runs, independent of other steps. Evaluated once, on entry.",
            "chance: 25%",
        )
        .words(&[("Artillery", "probability"), ("JMeter", "throughput_controller")]),
        WEIGHT,
    ],
};

/// A rendezvous.
pub static WAIT_FOR_USERS: Section = Section {
    name: "wait_for_users",
    doc: "A rendezvous point: users wait here until `count` users have arrived.",
    keys: &[
        Key::new("count", Ty::Count(1), "The number of users to wait for.", "count: 100")
            .required()
            .words(&[("JMeter", "group_size")]),
        Key::new(
            "within",
            Ty::Duration,
            "The maximum time to wait. After that, the waiting users continue. If omitted, they wait until the test ends.",
            "within: 30s",
        )
        .words(&[("JMeter", "timeout")]),
    ],
};

const fn kind(id: KindId, key: Key, keys: &'static [Key], jmeter: &'static str) -> StepKeys {
    StepKeys { id, key, keys, sections: &[], jmeter }
}

const fn later(name: &'static str) -> StepKeys {
    let key = Key::new(name, Ty::Any, "A step type that is not supported yet.", "").later();
    StepKeys { id: KindId::Later, key, keys: &[], sections: &[], jmeter: "" }
}

/// Every kind of step, in the order of the reference page: requests, controllers, those to come.
pub fn kinds() -> impl Iterator<Item = &'static StepKeys> {
    spec::KINDS.iter().copied().flatten().chain(CONTROLLERS).chain(LATER)
}

/// The kinds of steps that send nothing themselves. Plain `steps` is last, because it is a kind
/// only when it stands alone.
static CONTROLLERS: &[StepKeys] = &[
    kind(KindId::Transaction, Key::new("transaction", Ty::Name, "Measures several steps together, under this name, without the think time inside.", "transaction: Place an order\nsteps:\n  - get: /api/quotes/AAPL\n  - post: /api/orders"), &[STEPS, Key::new("thresholds", Ty::Thresholds, "Pass/fail criteria for the transaction.", "thresholds: [p95 < 1s]")], "Transaction Controller"),
    kind(KindId::Repeat, Key::new("repeat", Ty::Either(&[Ty::Count(0), Ty::Duration]), "Repeats the steps this many times, or for this long.", "repeat: 3\nsteps:\n  - get: /api/market-data").words(&[("JMeter", "loop"), ("Artillery", "loop"), ("Taurus", "loop"), ("Artillery", "count")]), &[STEPS], "Loop / Runtime Controller"),
    kind(KindId::While, Key::new("while", Ty::Expression, "Repeats the steps while an expression (without `${ }`) is true.", "while: status != 'done'\nsteps:\n  - get: /api/jobs/1\n    extract: { status: $.status }").words(&[("Artillery", "whileTrue")]), &[STEPS, Key::new("max", Ty::Count(1), "The maximum number of repetitions. The step fails if it is reached. The default is 1000.", "max: 50")], "While Controller"),
    kind(KindId::ForEach, Key::new("for_each", Ty::Map(&Ty::Text), "Repeats the steps for each item of a list, `{ item: LIST }`, or for each row of a data set, `{ row: DATA }`. The key is the name of the variable.", "for_each: { id: ids }\nsteps:\n  - get: /api/orders/${id}").words(&[("Artillery", "over"), ("JMeter", "foreach"), ("Taurus", "foreach")]), &[STEPS], "ForEach Controller"),
    kind(KindId::Choose, Key::new("choose", Ty::Steps, "Runs one of these steps, chosen at random by `weight`.", "choose:\n  - weight: 3\n    get: /api/market-data\n  - get: /api/portfolio").words(&[("JMeter", "random"), ("Taurus", "random"), ("Gatling", "randomSwitch"), ("JMeter", "random_controller"), ("JMeter", "switch")]), &[], "Random Controller"),
    kind(KindId::RoundRobin, Key::new("round_robin", Ty::Steps, "Runs the next one of these steps each time.", "round_robin:\n  - get: /a\n  - get: /b").words(&[("JMeter", "interleave"), ("Gatling", "roundRobinSwitch")]), &[], "Interleave Controller"),
    kind(KindId::Shuffle, Key::new("shuffle", Ty::Steps, "Runs all of these steps, in random order.", "shuffle:\n  - get: /a\n  - get: /b").words(&[("JMeter", "random_order")]), &[], "Random Order Controller"),
    kind(KindId::Parallel, Key::new("parallel", Ty::Steps, "Runs all of these steps at the same time, and continues when all have ended.", "parallel:\n  - get: /a\n  - get: /b").words(&[("k6", "batch")]), &[], "Parallel Controller"),
    kind(KindId::Set, Key::new("set", Ty::Map(&Ty::Any), "Sets variables of this user.", "set:\n  total: ${price * 2}").words(&[("Taurus", "set-variables"), ("JMeter", "set_variables"), ("drill", "assign")]), &[], "User Parameters"),
    kind(KindId::NextRow, Key::new("next_row", Ty::Name, "Gets the next row of a data set.", "next_row: traders"), &[], ""),
    kind(KindId::Pause, Key::new("pause", Ty::ThinkTime, "Waits for a duration, a range, or a distribution.", "pause: 2s").words(&[("Artillery", "think"), ("k6", "sleep"), ("drill", "delay"), ("Locust", "wait"), ("JMeter", "timer"), ("Taurus", "action")]), &[], "Flow Control Action"),
    kind(KindId::WaitForUsers, Key::new("wait_for_users", Ty::Section(&WAIT_FOR_USERS), "Waits until this many users have reached this step.", "wait_for_users: { count: 100, within: 30s }").words(&[("Gatling", "rendezVous"), ("JMeter", "synchronizing_timer")]), &[], "Synchronizing Timer"),
    kind(KindId::Lock, Key::new("lock", Ty::Name, "Only one user at a time runs these steps. Locks with the same name are the same lock in the whole run.", "lock: ledger\nsteps:\n  - post: /api/orders").words(&[("JMeter", "critical_section")]), &[STEPS], "Critical Section Controller"),
    kind(KindId::Stop, Key::new("stop", Ty::Enum(&[("loop", "end the innermost loop"), ("iteration", "end this iteration"), ("user", "end this user"), ("group", "end this thread group"), ("test", "end the whole test")]), "Ends the loop, the iteration, the user, the group or the test.", "stop: iteration"), &[], "Flow Control Action"),
    kind(KindId::Log, Key::new("log", Ty::Text, "Prints a line to the console.", "log: 'order ${id} placed'").words(&[("k6", "print"), ("JMeter", "debug")]), &[], "Debug Sampler"),
    kind(KindId::Include, Key::new("include", Ty::Name, "Inserts the steps of a file (relative to this file) or of a fragment.", "include: log_in").words(&[("JMeter", "module"), ("Taurus", "include-scenario")]), &[Key::new("with", Ty::Map(&Ty::Any), "Variables for the included steps.", "with:\n  role: admin")], "Include / Module Controller"),
    kind(KindId::Steps, STEPS, &[Key::new("else", Ty::Steps, "Steps that run when `if` is false.", "else:\n  - get: /login")], "Simple / If Controller"),
];

/// The kinds of steps to come.
static LATER: &[StepKeys] = &[
    later("grpc"),
    later("sql"),
    later("redis"),
    later("kafka"),
    later("mqtt"),
    later("tcp"),
    later("udp"),
    later("command"),
];

impl StepKeys {
    /// Whether it holds steps under `steps`.
    pub fn takes_steps(&self) -> bool {
        let sections = self.sections.iter().flat_map(|section| section.keys);
        self.keys.iter().chain(sections).any(|key| key.name == STEPS.name)
    }

    /// Every key a step of this kind takes, in the order of the reference page.
    pub fn all_keys(&'static self) -> impl Iterator<Item = &'static Key> {
        let all = std::iter::once(&self.key)
            .chain(self.keys)
            .chain(self.sections.iter().flat_map(|section| section.keys))
            .chain(STEP.keys);
        let mut seen: Vec<&str> = Vec::new();
        all.filter(move |key| {
            let new = !seen.contains(&key.name);
            seen.push(key.name);
            new
        })
    }
}
