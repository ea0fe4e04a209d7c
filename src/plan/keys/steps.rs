//! The kinds of steps, and the keys any step takes.

use super::{Key, Section, Ty};
use crate::protocols::spec::{self, RequestKind};

/// A kind of step: the one key that says what it does, and what may stand beside it.
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
pub const STEPS: Key = Key::new("steps", Ty::Steps, "The steps inside.", "steps:\n  - get: /").words(&[
    ("Artillery", "flow"),
    ("Taurus", "do"),
    ("JMeter", "children"),
    ("Artillery", "do"),
]);
/// The weight of a branch.
pub const WEIGHT: Key = Key::new(
    "weight",
    Ty::Count(0),
    "How often this step is chosen, compared with its siblings in `choose`. The default is 1.",
    "weight: 3",
);

/// Keys any step takes.
pub static STEP: Section = Section {
    name: "step",
    doc: "What a user does. Each step has exactly one kind key (`get`, `post`, `transaction`, `repeat`, …).",
    keys: &[
        Key::new(
            "name",
            Ty::Name,
            "The step's name in reports. Without one, a request is called by its method and URL as written.",
            "name: Log in",
        )
        .words(&[("Taurus", "label"), ("JMeter", "testname"), ("JMeter", "label")]),
        Key::new(
            "think_time",
            Ty::ThinkTime,
            "Replaces the thread group's think time for this step and all below.",
            "think_time: 500ms",
        )
        .words(&[("Artillery", "think"), ("Taurus", "think-time"), ("JMeter", "timer")]),
        Key::new(
            "if",
            Ty::Expression,
            "A bare expression: the step runs only if it is true. Judged once, on entry.",
            "if: status == 'ok' and total > 3",
        )
        .words(&[("Artillery", "ifTrue"), ("drill", "when"), ("Ansible", "when")]),
        Key::new(
            "chance",
            Ty::Share,
            "How likely the step runs, independent of other steps. Judged once, on entry.",
            "chance: 25%",
        )
        .words(&[("Artillery", "probability"), ("JMeter", "throughput_controller")]),
        WEIGHT,
    ],
};

/// A rendezvous.
pub static WAIT_FOR_USERS: Section = Section {
    name: "wait_for_users",
    doc: "A meeting point: users wait here until as many as `count` says have arrived.",
    keys: &[
        Key::new("count", Ty::Count(1), "How many users to wait for.", "count: 100")
            .required()
            .words(&[("JMeter", "group_size")]),
        Key::new(
            "within",
            Ty::Duration,
            "How long to wait at most; then the waiting users go on. Without it they wait until the test ends.",
            "within: 30s",
        )
        .words(&[("JMeter", "timeout")]),
    ],
};

const fn kind(id: KindId, key: Key, keys: &'static [Key], jmeter: &'static str) -> StepKeys {
    StepKeys { id, key, keys, sections: &[], jmeter }
}

const fn later(name: &'static str) -> StepKeys {
    let key = Key::new(name, Ty::Any, "A later kind of step.", "").later();
    StepKeys { id: KindId::Later, key, keys: &[], sections: &[], jmeter: "" }
}

/// Every kind of step, in the order of the reference page: requests, controllers, those to come.
pub fn kinds() -> impl Iterator<Item = &'static StepKeys> {
    spec::KINDS.iter().copied().flatten().chain(CONTROLLERS).chain(LATER)
}

/// The kinds of steps that send nothing themselves. Plain `steps` is last, because it is a kind
/// only when it stands alone.
static CONTROLLERS: &[StepKeys] = &[
    kind(KindId::Transaction, Key::new("transaction", Ty::Name, "Steps timed together, under this name; think time inside is left out.", "transaction: Place an order\nsteps:\n  - get: /api/quotes/AAPL\n  - post: /api/orders"), &[STEPS, Key::new("thresholds", Ty::Thresholds, "What must hold for the transaction.", "thresholds: [p95 < 1s]")], "Transaction Controller"),
    kind(KindId::Repeat, Key::new("repeat", Ty::Either(&[Ty::Count(0), Ty::Duration]), "Repeats the steps so many times, or for so long.", "repeat: 3\nsteps:\n  - get: /api/market-data").words(&[("JMeter", "loop"), ("Artillery", "loop"), ("Taurus", "loop"), ("Artillery", "count")]), &[STEPS], "Loop / Runtime Controller"),
    kind(KindId::While, Key::new("while", Ty::Expression, "Repeats the steps while a bare expression is true.", "while: status != 'done'\nsteps:\n  - get: /api/jobs/1\n    extract: { status: $.status }").words(&[("Artillery", "whileTrue")]), &[STEPS, Key::new("max", Ty::Count(1), "How often at most; reaching it is an error of the step. The default is 1000.", "max: 50")], "While Controller"),
    kind(KindId::ForEach, Key::new("for_each", Ty::Map(&Ty::Text), "Repeats the steps for each item of a list, `{ item: LIST }`, or for all rows of a data set, `{ row: DATA }`; the key names the variable.", "for_each: { id: ids }\nsteps:\n  - get: /api/orders/${id}").words(&[("Artillery", "over"), ("JMeter", "foreach"), ("Taurus", "foreach")]), &[STEPS], "ForEach Controller"),
    kind(KindId::Choose, Key::new("choose", Ty::Steps, "One of these steps, drawn by `weight`.", "choose:\n  - weight: 3\n    get: /api/market-data\n  - get: /api/portfolio").words(&[("JMeter", "random"), ("Taurus", "random"), ("Gatling", "randomSwitch"), ("JMeter", "random_controller"), ("JMeter", "switch")]), &[], "Random Controller"),
    kind(KindId::RoundRobin, Key::new("round_robin", Ty::Steps, "The next one of these steps each time.", "round_robin:\n  - get: /a\n  - get: /b").words(&[("JMeter", "interleave"), ("Gatling", "roundRobinSwitch")]), &[], "Interleave Controller"),
    kind(KindId::Shuffle, Key::new("shuffle", Ty::Steps, "All of these steps, in random order.", "shuffle:\n  - get: /a\n  - get: /b").words(&[("JMeter", "random_order")]), &[], "Random Order Controller"),
    kind(KindId::Parallel, Key::new("parallel", Ty::Steps, "All of these steps at the same time; goes on when all have ended.", "parallel:\n  - get: /a\n  - get: /b").words(&[("k6", "batch")]), &[], "Parallel Controller"),
    kind(KindId::Set, Key::new("set", Ty::Map(&Ty::Any), "Sets variables of this user.", "set:\n  total: ${price * 2}").words(&[("Taurus", "set-variables"), ("JMeter", "set_variables"), ("drill", "assign")]), &[], "User Parameters"),
    kind(KindId::NextRow, Key::new("next_row", Ty::Name, "Draws another row of a data set.", "next_row: traders"), &[], ""),
    kind(KindId::Pause, Key::new("pause", Ty::ThinkTime, "Waits: a time, a range, or a distribution.", "pause: 2s").words(&[("Artillery", "think"), ("k6", "sleep"), ("drill", "delay"), ("Locust", "wait"), ("JMeter", "timer"), ("Taurus", "action")]), &[], "Flow Control Action"),
    kind(KindId::WaitForUsers, Key::new("wait_for_users", Ty::Section(&WAIT_FOR_USERS), "Waits until this number of users has arrived here.", "wait_for_users: { count: 100, within: 30s }").words(&[("Gatling", "rendezVous"), ("JMeter", "synchronizing_timer")]), &[], "Synchronizing Timer"),
    kind(KindId::Lock, Key::new("lock", Ty::Name, "One user at a time runs these steps. Locks of one name are one lock in the whole run.", "lock: ledger\nsteps:\n  - post: /api/orders").words(&[("JMeter", "critical_section")]), &[STEPS], "Critical Section Controller"),
    kind(KindId::Stop, Key::new("stop", Ty::Enum(&[("loop", "leave the innermost loop"), ("iteration", "leave this iteration"), ("user", "end this user"), ("group", "end this thread group"), ("test", "end the whole test")]), "Ends the loop, the iteration, the user, the group or the test.", "stop: iteration"), &[], "Flow Control Action"),
    kind(KindId::Log, Key::new("log", Ty::Text, "Prints a line to the console.", "log: 'order ${id} placed'").words(&[("k6", "print"), ("JMeter", "debug")]), &[], "Debug Sampler"),
    kind(KindId::Include, Key::new("include", Ty::Name, "Puts the steps of a file (relative to this one) or of a fragment in this place.", "include: log_in").words(&[("JMeter", "module"), ("Taurus", "include-scenario")]), &[Key::new("with", Ty::Map(&Ty::Any), "Variables for the included steps.", "with:\n  role: admin")], "Include / Module Controller"),
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
