//! Keys of a thread group and of think times.

use super::{Key, Section, Ty};
use crate::protocols::http::keys::HTTP;
use crate::protocols::websocket::keys::WEBSOCKET;

static STAGE_SHAPE: Ty = Ty::Section(&STAGE);
static ITERATION_SHAPES: [Ty; 2] = [Ty::Count(1), Ty::Section(&ITERATIONS_TOTAL)];

pub(super) const USERS: Key =
    Key::new("users", Ty::Count(1), "The number of users that run at the same time. The default is 1.", "users: 50")
        .words(&[
            ("JMeter", "threads"),
            ("JMeter", "num_threads"),
            ("k6", "vus"),
            ("Taurus", "concurrency"),
            ("drill", "concurrency"),
            ("Locust", "user_count"),
            ("Artillery", "arrivalCount"),
            ("wrk", "connections"),
            ("JMeter", "numberOfThreads"),
        ])
        .also(&[
            "number_of_threads",
            "nThreads",
            "noOfThreads",
            "no_of_users",
            "ThreadGroup.num_threads",
            "thread_count",
            "virtual_users",
            "concurrent_users",
            "number_of_users",
            "num_users",
            "target_concurrency",
            "atOnceUsers",
            "rampUsers",
            "max_concurrency",
            "start_threads_count",
            "user",
            "clients",
            "population",
        ]);
pub(super) const RAMP_UP: Key = Key::new("ramp_up", Ty::Duration, "The time until all users have started: user k of N (counted from 0) starts at k × ramp_up / N. The default is 0s: all users start at once.", "ramp_up: 10s")
    .words(&[("JMeter", "rampUp"), ("JMeter", "ramp_time"), ("Taurus", "ramp-up"), ("drill", "rampup"), ("JMeter", "rampup"), ("Artillery", "rampTo"), ("Locust", "spawn_rate"), ("JMeter", "ramp")])
.also(&["ramp_up_period", "ramp_up_time", "Startup Time", "ThreadGroup.ramp_time", "ramp_up_period_in_seconds", "ramp_period"]);
pub(super) const ITERATIONS: Key = Key::new(
    "iterations",
    Ty::Either(&ITERATION_SHAPES),
    "How many times each user runs the steps, or `{ total: N }` for a number shared by all users.",
    "iterations: 10",
)
.words(&[
    ("JMeter", "loops"),
    ("JMeter", "loop_count"),
    ("JMeter", "loopCount"),
    ("k6", "iteration"),
    ("Taurus", "iteration"),
    ("Artillery", "count"),
])
.also(&["LoopController.loops", "repeat", "loop", "repetitions", "iteration_count", "iterations_per_user", "repeats"]);
pub(super) const DURATION: Key = Key::new(
    "duration",
    Ty::Duration,
    "How long the thread group runs, from its own start, including the ramp-up.",
    "duration: 2m",
)
.words(&[
    ("Taurus", "hold-for"),
    ("Locust", "run_time"),
    ("JMeter", "scheduler_duration"),
    ("Taurus", "hold_for"),
    ("k6", "maxDuration"),
    ("JMeter", "runtime"),
])
.also(&[
    "hold_target_rate_time",
    "hold_load_for",
    "hold_target_time",
    "test_duration",
    "time",
    "length",
    "for",
    "run_for",
    "time_limit",
    "ThreadGroup.duration",
    "execution_time",
    "lasts",
    "max_time",
]);
pub(super) const RAMP_DOWN: Key = Key::new(
    "ramp_down",
    Ty::Duration,
    "The time, after `duration`, until the last user stops: user k of N (counted from 0) starts no iteration after (N − k) × ramp_down / N. The default is 0s: all users stop at once.",
    "ramp_down: 10s",
)
.words(&[("JMeter", "rampDown"), ("JMeter", "shutdown_time")])
.also(&["ramp_down_time", "ramp_down_period"]);
pub(super) const STAGES: Key = Key::new(
    "stages",
    Ty::List(&STAGE_SHAPE),
    "A load in stages, each with a ramp and a hold: of `users` (closed model) or of a `rate` (open model). Use it instead of `users` and `duration`, or instead of `arrival_rate` and `duration`.",
    "stages:\n  - { users: 100, over: 1m, hold: 5m }\n  - { users: 0, over: 30s }",
)
.words(&[("Artillery", "phases"), ("JMeter", "schedule"), ("Taurus", "steps_count")]);
pub(super) const ARRIVAL_RATE: Key = Key::new(
    "arrival_rate",
    Ty::Rate,
    "Open model: iterations start at this rate even if earlier ones are still running, so a slow server cannot slow down the load. Response times are measured from the scheduled start. Users are created as needed, up to `max_users`.",
    "arrival_rate: 200/s",
)
.words(&[("Artillery", "arrivalRate"), ("k6", "rate"), ("Gatling", "constantUsersPerSec"), ("vegeta", "rps"), ("Locust", "target_rps")])
.also(&["tps", "qps", "hits_per_second", "rate_per_second", "requests_per_second", "arrivals_per_second", "target_rate", "users_per_second", "iterations_per_second", "target_throughput"]);
pub(super) const ARRIVALS: Key = Key::new(
    "arrivals",
    Ty::Enum(&[
        ("even", "equal gaps (the default)"),
        ("poisson", "random gaps with an exponential distribution, as with independent visitors"),
    ]),
    "How the iterations of an arrival rate are spaced.",
    "arrivals: poisson",
);
pub(super) const MAX_USERS: Key = Key::new(
    "max_users",
    Ty::Count(1),
    "The maximum number of iterations of an arrival rate that run at the same time. An iteration that would exceed it is dropped and counted, and the run fails unless a `dropped` threshold allows it. The default is 1000.",
    "max_users: 1000",
)
.words(&[("k6", "maxVUs"), ("Artillery", "maxVusers"), ("k6", "preAllocatedVUs")])
.also(&["max_vus", "concurrency_limit", "max_threads", "max_concurrent_users"]);
pub(super) const PACING: Key = Key::new(
    "pacing",
    Ty::Duration,
    "The minimum time between the starts of two iterations of a user. A faster user waits; a slower user continues immediately.",
    "pacing: 10s",
)
.words(&[("Gatling", "pace"), ("Locust", "constant_pacing"), ("LoadRunner", "run_logic")])
.also(&["pace_time", "iteration_interval", "cycle_time"]);
pub(super) const THROUGHPUT: Key = Key::new(
    "throughput",
    Ty::Rate,
    "The maximum rate of requests of the whole thread group: users wait for their turn before each request. It can lower the rate, but not raise it.",
    "throughput: 100/s",
)
.words(&[("JMeter", "constant_throughput_timer"), ("k6", "rps"), ("Taurus", "throughput"), ("Locust", "constant_throughput")])
.also(&["throughput_shaping_timer", "max_throughput", "rate_limit", "precise_throughput_timer"]);
pub(super) const DELAY: Key = Key::new(
    "delay",
    Ty::Duration,
    "The time from the start of the run (or, with `needs`, from the end of those groups) until this group starts.",
    "delay: 10s",
)
.words(&[("k6", "startTime"), ("JMeter", "startup_delay"), ("JMeter", "startDelay")])
.also(&["initial_delay", "ThreadGroup.delay", "start_delay", "start_after", "starts_after"]);
pub(super) const NEEDS: Key = Key::new(
    "needs",
    Ty::List(&Ty::Name),
    "Thread groups that must end before this one starts. If omitted, all groups run in parallel.",
    "needs: [fill_cache]",
)
.words(&[("GitHub", "depends_on")])
.also(&["depends", "after_groups", "dependencies"]);
pub(super) const WARM_UP: Key = Key::new(
    "warm_up",
    Ty::Duration,
    "Samples that start during this time at the beginning of the group appear in the timeline, but do not count in totals, and thresholds ignore them.",
    "warm_up: 1m",
)
.also(&["warmup_time", "warmup_duration", "warm_up_time", "warmUp", "warm_up_period", "warmup_period"]);
pub(super) const GRACEFUL_STOP: Key = Key::new("graceful_stop", Ty::Duration, "How long running iterations may take to finish when the time of the group is over, before they are interrupted. The default is 30s, and 5s after SIGTERM. Think time and pauses end immediately.", "graceful_stop: 10s").words(&[("k6", "gracefulStop")])
.also(&["gracefulRampDown", "shutdown_timeout", "stop_timeout"]);
pub(super) const THINK_TIME_KEY: Key = Key::new(
    "think_time",
    Ty::ThinkTime,
    "How long a user waits after each request in `steps`: a duration, a range, or a distribution.",
    "think_time: 1s..3s",
)
.words(&[
    ("JMeter", "timer"),
    ("Artillery", "think"),
    ("Locust", "wait_time"),
    ("Taurus", "think-time"),
    ("JMeter", "delay_timer"),
    ("k6", "sleep"),
    ("JMeter", "constant_timer"),
])
.also(&[
    "uniform_random_timer",
    "gaussian_random_timer",
    "poisson_random_timer",
    "random_timer",
    "thread_delay",
    "pause",
    "pauses",
    "wait",
    "wait_between_steps",
    "delay_between_requests",
]);
pub(super) const ON_ERROR: Key = Key::new(
    "on_error",
    Ty::Enum(&[
        ("continue", "continue with the next step (the default)"),
        ("next_iteration", "end this iteration and start the next one"),
        ("stop_user", "end this user"),
        ("stop_group", "end this thread group"),
        ("stop_test", "end the whole test"),
    ]),
    "What a user does after a failed sample.",
    "on_error: next_iteration",
)
.words(&[("JMeter", "on_sample_error"), ("JMeter", "onSampleError")])
.also(&["action_to_be_taken_after_a_sampler_error", "on_failure", "ThreadGroup.on_sample_error"]);
pub(super) const HTTP_KEY: Key = Key::new(
    "http",
    Ty::Section(&HTTP),
    "Default settings for all HTTP requests of this group. `headers` and `auth` apply to `steps` and `on_stop`, but not to `on_start`, because `on_start` is what obtains them.",
    "http:\n  headers:\n    Authorization: Bearer ${token}",
);
pub(super) const WEBSOCKET_KEY: Key = Key::new(
    "websocket",
    Ty::Section(&WEBSOCKET),
    "Default settings for all WebSockets of this group. The keys of a step override them.",
    "websocket:\n  timeout: 30s",
);
pub(super) const THRESHOLDS: Key = Key::new(
    "thresholds",
    Ty::Thresholds,
    "Pass/fail criteria for the requests of this group.",
    "thresholds: [p95 < 300ms]",
)
.words(&[("Artillery", "ensure")])
.also(&["sla", "slo", "slas", "slos", "pass_fail", "passfail", "criteria", "ensure", "goals", "limits", "kpis", "kpi"]);

/// A thread group.
pub static THREAD_GROUP: Section = Section {
    name: "thread group",
    doc: "Users that all run the same steps. Define the load with one of these: `users` with `duration`, `iterations` or both; `arrival_rate` with `duration`; `stages`.",
    keys: &[
        Key::new(
            "description",
            Ty::Name,
            "A description of these users, in your own words.",
            "description: casual visitors",
        )
        .also(&["comments", "comment", "TestPlan.comments", "name", "title", "label"]),
        USERS,
        RAMP_UP,
        ITERATIONS,
        DURATION,
        RAMP_DOWN,
        STAGES,
        ARRIVAL_RATE,
        ARRIVALS,
        MAX_USERS,
        PACING,
        THROUGHPUT,
        DELAY,
        NEEDS,
        WARM_UP,
        GRACEFUL_STOP,
        THINK_TIME_KEY,
        ON_ERROR,
        HTTP_KEY,
        WEBSOCKET_KEY,
        Key::new(
            "on_start",
            Ty::Steps,
            "Steps that each user runs once, before its first iteration. If a step fails, that user ends.",
            "on_start:\n  - post: /api/auth/login",
        )
        .words(&[("Locust", "onStart"), ("JMeter", "once_only"), ("Artillery", "beforeScenario")])
        .also(&[
            "once_only_controller",
            "setup",
            "set_up",
            "before",
            "before_each",
            "init",
            "on_user_start",
            "login",
        ]),
        Key::new(
            "steps",
            Ty::Steps,
            "The steps that each user runs in every iteration.",
            "steps:\n  - get: /api/market-data",
        )
        .required()
        .words(&[
            ("Artillery", "flow"),
            ("Taurus", "requests"),
            ("JMeter", "samplers"),
            ("drill", "plan"),
            ("Locust", "tasks"),
            ("Taurus", "scenario"),
            ("JMeter", "http_request"),
        ])
        .also(&["actions", "sampler", "http_requests", "children", "request_list", "sequence"]),
        Key::new(
            "on_stop",
            Ty::Steps,
            "Steps that each user runs once, after its last iteration.",
            "on_stop:\n  - post: /api/auth/logout",
        )
        .words(&[("Locust", "onStop"), ("Artillery", "afterScenario")])
        .also(&["teardown", "tear_down", "after", "after_each", "on_user_stop", "logout"]),
        THRESHOLDS,
    ],
};

/// A stage of a load.
pub static STAGE: Section = Section {
    name: "stage",
    doc: "A ramp from the end value of the previous stage (0 for the first stage) to `users` or `rate`, then a hold.",
    keys: &[
        Key::new("users", Ty::Count(0), "The number of users at the end of the ramp.", "users: 100").words(&[
            ("k6", "target"),
            ("Artillery", "maxVusers"),
            ("JMeter", "threads"),
        ]),
        Key::new("rate", Ty::Rate, "The arrival rate at the end of the ramp.", "rate: 500/s")
            .words(&[("Artillery", "arrivalRate"), ("Artillery", "rampTo")]),
        Key::new(
            "over",
            Ty::Duration,
            "The duration of the ramp. The default is 0s: the load changes at once.",
            "over: 1m",
        )
        .words(&[("k6", "duration"), ("Gatling", "during"), ("JMeter", "ramp_up"), ("Taurus", "ramp-up")]),
        Key::new(
            "hold",
            Ty::Duration,
            "How long the load stays at this level after the ramp. The default is 0s.",
            "hold: 5m",
        )
        .words(&[("Taurus", "hold-for"), ("JMeter", "hold_for"), ("Gatling", "lasting")]),
    ],
};

/// Iterations shared among users.
pub static ITERATIONS_TOTAL: Section = Section {
    name: "iterations",
    doc: "A number of iterations shared by all users of the group.",
    keys: &[Key::new(
        "total",
        Ty::Count(1),
        "The total number of iterations of all users of the group.",
        "total: 1000",
    )
    .required()],
};

/// A distribution of think times.
pub static THINK_TIME: Section = Section {
    name: "think time",
    doc: "A random distribution of think times.",
    keys: &[
        Key::new(
            "normal",
            Ty::Section(&NORMAL),
            "A normal distribution (JMeter's Gaussian Random Timer). Negative values count as 0s.",
            "normal: { mean: 2s, deviation: 500ms }",
        )
        .words(&[("JMeter", "gaussian")]),
        Key::new(
            "poisson",
            Ty::Section(&POISSON),
            "A Poisson distribution (JMeter's Poisson Random Timer).",
            "poisson: { mean: 2s }",
        ),
    ],
};

/// A normal distribution.
pub static NORMAL: Section = Section {
    name: "normal think time",
    doc: "A normal distribution.",
    keys: &[
        Key::new("mean", Ty::Duration, "The mean.", "mean: 2s").required(),
        Key::new("deviation", Ty::Duration, "The standard deviation.", "deviation: 500ms").required(),
    ],
};

/// A Poisson distribution.
pub static POISSON: Section = Section {
    name: "poisson think time",
    doc: "A Poisson distribution over milliseconds.",
    keys: &[Key::new("mean", Ty::Duration, "The mean.", "mean: 2s").required()],
};
