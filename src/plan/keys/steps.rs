//! The kinds of steps, and the keys any step takes.

use super::{Key, REQUEST, REQUEST_LINE, Section, Ty};

/// A kind of step: the one key that says what it does, and what may stand beside it.
#[derive(Debug)]
pub struct Kind {
    /// The kind's own key.
    pub key: Key,
    /// Further keys of this kind, apart from those any step takes.
    pub keys: &'static [Key],
    /// Whether the keys of [`REQUEST`] apply too.
    pub http: bool,
    /// What JMeter calls it.
    pub jmeter: &'static str,
}

const STEPS: Key = Key::new("steps", Ty::Steps, "The steps inside.", "steps:\n  - get: /").words(&[
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
    doc: "A meeting point: users wait until so many have come.",
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

const fn http(name: &'static str, doc: &'static str, example: &'static str) -> Kind {
    Kind { key: Key::new(name, Ty::Text, doc, example), keys: &[], http: true, jmeter: "HTTP Request" }
}

const fn kind(key: Key, keys: &'static [Key], jmeter: &'static str) -> Kind {
    Kind { key, keys, http: false, jmeter }
}

const fn later(name: &'static str) -> Kind {
    Kind { key: Key::new(name, Ty::Any, "A later kind of step.", "").later(), keys: &[], http: false, jmeter: "" }
}

/// Every kind of step, in the order of the reference page. Plain `steps` is last of the
/// controllers, because it is a kind only when it stands alone.
pub static KINDS: &[Kind] = &[
    http("get", "An HTTP GET of a path or URL.", "get: /api/market-data"),
    http("post", "An HTTP POST to a path or URL.", "post: /api/orders"),
    http("put", "An HTTP PUT to a path or URL.", "put: /api/orders/1"),
    http("patch", "An HTTP PATCH of a path or URL.", "patch: /api/orders/1"),
    http("delete", "An HTTP DELETE of a path or URL.", "delete: /api/orders/1"),
    http("head", "An HTTP HEAD of a path or URL.", "head: /"),
    http("options", "An HTTP OPTIONS of a path or URL.", "options: /"),
    Kind { key: Key::new("request", Ty::Section(&REQUEST_LINE), "An HTTP request with any other method.", "request: { method: PROPFIND, url: /files }").words(&[("JMeter", "http"), ("Taurus", "url"), ("JMeter", "sampler"), ("JMeter", "http_request"), ("Artillery", "url")]), keys: &[], http: true, jmeter: "HTTP Request" },
    kind(Key::new("transaction", Ty::Name, "Steps timed together, under this name; think time inside is left out.", "transaction: Place an order\nsteps:\n  - get: /api/quotes/AAPL\n  - post: /api/orders"), &[STEPS, Key::new("thresholds", Ty::Thresholds, "What must hold for the transaction.", "thresholds: [p95 < 1s]")], "Transaction Controller"),
    kind(Key::new("repeat", Ty::Either(&[Ty::Count(0), Ty::Duration]), "Repeats the steps so many times, or for so long.", "repeat: 3\nsteps:\n  - get: /api/market-data").words(&[("JMeter", "loop"), ("Artillery", "loop"), ("Taurus", "loop"), ("Artillery", "count")]), &[STEPS], "Loop / Runtime Controller"),
    kind(Key::new("while", Ty::Expression, "Repeats the steps while a bare expression is true.", "while: status != 'done'\nsteps:\n  - get: /api/jobs/1\n    extract: { status: $.status }").words(&[("Artillery", "whileTrue"), ("k6", "until")]), &[STEPS, Key::new("max", Ty::Count(1), "How often at most; reaching it is an error of the step. The default is 1000.", "max: 50")], "While Controller"),
    kind(Key::new("for_each", Ty::Map(&Ty::Text), "Repeats the steps for each item of a list, `{ item: LIST }`, or for all rows of a data set, `{ row: DATA }`; the key names the variable.", "for_each: { id: ids }\nsteps:\n  - get: /api/orders/${id}").words(&[("Artillery", "over"), ("JMeter", "foreach"), ("Taurus", "foreach")]), &[STEPS], "ForEach Controller"),
    kind(Key::new("choose", Ty::Steps, "One of these steps, drawn by `weight`.", "choose:\n  - weight: 3\n    get: /api/market-data\n  - get: /api/portfolio").words(&[("JMeter", "random"), ("Taurus", "random"), ("Gatling", "randomSwitch"), ("JMeter", "random_controller"), ("JMeter", "switch")]), &[], "Random Controller"),
    kind(Key::new("round_robin", Ty::Steps, "The next one of these steps each time.", "round_robin:\n  - get: /a\n  - get: /b").words(&[("JMeter", "interleave"), ("Gatling", "roundRobinSwitch")]), &[], "Interleave Controller"),
    kind(Key::new("shuffle", Ty::Steps, "All of these steps, in random order.", "shuffle:\n  - get: /a\n  - get: /b").words(&[("JMeter", "random_order")]), &[], "Random Order Controller"),
    kind(Key::new("parallel", Ty::Steps, "All of these steps at the same time; goes on when all have ended.", "parallel:\n  - get: /a\n  - get: /b").words(&[("k6", "batch")]), &[], "Parallel Controller"),
    kind(Key::new("set", Ty::Map(&Ty::Any), "Sets variables of this user.", "set:\n  total: ${price * 2}").words(&[("Taurus", "set-variables"), ("JMeter", "set_variables"), ("drill", "assign")]), &[], "User Parameters"),
    kind(Key::new("next_row", Ty::Name, "Draws another row of a data set.", "next_row: traders"), &[], ""),
    kind(Key::new("pause", Ty::ThinkTime, "Waits: a time, a range, or a distribution.", "pause: 2s").words(&[("Artillery", "think"), ("k6", "sleep"), ("drill", "delay"), ("Locust", "wait"), ("JMeter", "timer"), ("Taurus", "action")]), &[], "Flow Control Action"),
    kind(Key::new("wait_for_users", Ty::Section(&WAIT_FOR_USERS), "Waits until so many users have come here.", "wait_for_users: { count: 100, within: 30s }").words(&[("Gatling", "rendezVous"), ("JMeter", "synchronizing_timer")]), &[], "Synchronizing Timer"),
    kind(Key::new("lock", Ty::Name, "One user at a time runs these steps. Locks of one name are one lock in the whole run.", "lock: ledger\nsteps:\n  - post: /api/orders").words(&[("JMeter", "critical_section")]), &[STEPS], "Critical Section Controller"),
    kind(Key::new("stop", Ty::Enum(&[("loop", "leave the innermost loop"), ("iteration", "leave this iteration"), ("user", "end this user"), ("group", "end this thread group"), ("test", "end the whole test")]), "Ends the loop, the iteration, the user, the group or the test.", "stop: iteration"), &[], "Flow Control Action"),
    kind(Key::new("log", Ty::Text, "Prints a line to the console.", "log: 'order ${id} placed'").words(&[("k6", "print"), ("JMeter", "debug")]), &[], "Debug Sampler"),
    kind(Key::new("include", Ty::Name, "Puts the steps of a file (relative to this one) or of a fragment in this place.", "include: log_in").words(&[("JMeter", "module"), ("Taurus", "include-scenario")]), &[Key::new("with", Ty::Map(&Ty::Any), "Variables for the included steps.", "with:\n  role: admin")], "Include / Module Controller"),
    kind(STEPS, &[Key::new("else", Ty::Steps, "Steps that run when `if` is false.", "else:\n  - get: /login")], "Simple / If Controller"),
    later("websocket"),
    later("sse"),
    later("grpc"),
    later("sql"),
    later("redis"),
    later("kafka"),
    later("mqtt"),
    later("tcp"),
    later("udp"),
    later("command"),
];

impl Kind {
    /// Every key a step of this kind takes, in the order of the reference page.
    pub fn all_keys(&'static self) -> impl Iterator<Item = &'static Key> {
        let request: &'static [Key] = if self.http { REQUEST.keys } else { &[] };
        let common = STEP.keys.iter().filter(move |key| !request.iter().any(|other| other.name == key.name));
        std::iter::once(&self.key).chain(self.keys).chain(request).chain(common)
    }
}
