//! Keys of the plan itself, of data, services and profiles.

use super::{Key, Section, THREAD_GROUP, Ty};
use crate::protocols::http::keys::HTTP;
use crate::protocols::websocket::keys::WEBSOCKET;

/// The plan.
pub static PLAN: Section = Section {
    name: "plan",
    doc: "A load test: who does what, how many of them, and what must hold.",
    keys: &[
        Key::new("name", Ty::Name, "The plan's name: it heads the reports and names the JUnit suites. Defaults to the file's name.", "name: Trading API")
            .words(&[("Artillery", "title"), ("JMeter", "testname"), ("JMeter", "TestPlan")]),
        Key::new("description", Ty::Name, "What the plan is for, in your own words. Shown in reports, otherwise unused.", "description: Traders watch the market and place orders."),
        Key::new("variables", Ty::Map(&Ty::Any), "Values computed once, when the run starts, and seen by every user. An entry may use those above it. `--var NAME=VALUE` sets one.", "variables:\n  password: ${env.TRADER_PASSWORD | default('test123')}")
            .words(&[("JMeter", "user_defined_variables"), ("Artillery", "vars"), ("HttpRunner", "vars"), ("k6", "env"), ("Postman", "variable"), ("JMeter", "parameters")])
            .also(&["constants", "parameter", "params", "globals", "global_variables", "test_plan_variables", "user_parameters", "user_variables"]),
        Key::new("secrets", Ty::Map(&Ty::Any), "Like `variables`, but shown as `***` in every output.", "secrets:\n  api_key: ${env.API_KEY | default('demo')}"),
        Key::new("data", Ty::Map(&Ty::Section(&DATA)), "Tables that users draw rows from. `${traders.username}` is the `username` of the current row of `traders`.", "data:\n  traders:\n    file: data/traders.csv")
            .words(&[("JMeter", "csv_data_set"), ("Artillery", "payload"), ("Taurus", "data-sources"), ("Gatling", "feeder"), ("Gatling", "feeders")])
            .also(&["csv_data_set_config", "csv", "csv_data", "csv_files", "data_set", "data_sets", "data_files", "test_data", "datasets", "csv_data_source"]),
        Key::new("http", Ty::Section(&HTTP), "What every HTTP request of the plan starts from. A thread group's `http` and a request's own keys win over it.", "http:\n  base_url: http://localhost:8080\n  timeout: 10s")
            .words(&[("Artillery", "config"), ("JMeter", "http_defaults"), ("JMeter", "http_request_defaults")])
            .also(&["http_defaults", "default_request", "http_config", "http_settings", "request_defaults", "settings", "defaults"]),
        Key::new("websocket", Ty::Section(&WEBSOCKET), "What every WebSocket of the plan starts from. A thread group's `websocket` and a step's own keys win over it.", "websocket:\n  url: ws://localhost:8080"),
        Key::new("services", Ty::Map(&Ty::Section(&SERVICE)), "Programs started before the run and stopped after it; the run waits until each is ready. `${services.NAME.url}` is where it listens.", "services:\n  api: { demo: trading }"),
        Key::new("monitors", Ty::Map(&Ty::Any), "Series sampled during the run and drawn beside the response times.", "monitors:\n  local: { host: true }").later(),
        Key::new("baseline", Ty::Any, "An earlier run to compare with; `run --baseline FILE` names it.", "baseline: {}").later(),
        Key::new("shards", Ty::Any, "How to spread the load over several machines.", "shards: {}").later(),
        Key::new("setup", Ty::Steps, "Steps that run once, before any user starts. The variables they set are seen by all users. If one fails, no load is applied.", "setup:\n  - post: /api/admin/reset")
            .words(&[("JMeter", "setUp"), ("Artillery", "before"), ("Gatling", "before"), ("k6", "setUp")])
            .also(&["setup_thread_group", "before_all", "init"]),
        Key::new("thread_groups", Ty::Map(&Ty::Section(&THREAD_GROUP)), "Groups of users that run side by side, each with its own number of users and steps.", "thread_groups:\n  traders:\n    users: 50\n    duration: 2m\n    steps:\n      - get: /api/market-data")
            .required()
            .words(&[("k6", "scenarios"), ("Artillery", "scenarios"), ("Taurus", "execution"), ("JMeter", "thread_group"), ("JMeter", "threadGroups"), ("JMeter", "ThreadGroup"), ("Locust", "tasks"), ("drill", "plan"), ("Artillery", "phases"), ("JMeter", "groups")])
            .also(&["users", "user_groups", "scenario", "workloads", "workload", "load_groups", "ultimate_thread_group", "concurrency_thread_group", "stepping_thread_group", "arrivals_thread_group", "bzm_concurrency_thread_group", "populations", "virtual_users", "vu_groups", "load_profiles"]),
        Key::new("teardown", Ty::Steps, "Steps that run once, after all users have ended, even when the run was stopped.", "teardown:\n  - delete: /api/admin/orders")
            .words(&[("JMeter", "tearDown"), ("Artillery", "after"), ("Gatling", "after"), ("k6", "tearDown")])
            .also(&["teardown_thread_group", "after_all"]),
        Key::new("thresholds", Ty::Thresholds, "What must hold for the whole run.", "thresholds:\n  - error_rate < 1%\n  - p95 < 500ms")
            .words(&[("Artillery", "ensure"), ("Gatling", "assertions"), ("Taurus", "criteria")])
            .also(&["sla", "slo", "slas", "slos", "pass_fail", "passfail", "goals", "limits", "kpis", "kpi", "quality_gate", "quality_gates"]),
        Key::new("fragments", Ty::Map(&Ty::Steps), "Named lists of steps, put in place with `include: NAME`.", "fragments:\n  log_in:\n    - post: /api/auth/login")
            .also(&["test_fragments", "test_fragment", "functions", "macros", "templates", "snippets", "modules", "shared_steps", "reusable_steps"]),
        Key::new("profiles", Ty::Map(&Ty::Section(&PROFILE)), "The same plan at another size: `--profile smoke` lays one over the plan.", "profiles:\n  smoke:\n    thread_groups:\n      traders: { users: 5, duration: 10s }")
            .words(&[("Artillery", "environments")])
            .also(&["environment", "envs", "stages_of_deployment", "targets", "configurations"]),
    ],
};

/// A table of data.
pub static DATA: Section = Section {
    name: "data set",
    doc: "A table that users draw rows from: a CSV file with a header row, or a list of objects in a JSON or YAML file.",
    keys: &[
        Key::new(
            "file",
            Ty::Path,
            "The file, relative to the plan: `.csv` or `.tsv` (or any text table), `.json`, `.yaml`.",
            "file: data/traders.csv",
        )
        .required()
        .words(&[("JMeter", "filename"), ("Artillery", "path")])
        .also(&["csv", "source", "file_name", "csv_file", "src", "location", "dataset_file"]),
        Key::new(
            "columns",
            Ty::List(&Ty::Name),
            "The columns' names, for a file that has no header row.",
            "columns: [username, password]",
        )
        .words(&[("JMeter", "variableNames"), ("Artillery", "fields"), ("Taurus", "variable-names")])
        .also(&["column_names", "names", "header_names", "variables"]),
        Key::new(
            "delimiter",
            Ty::Name,
            "What stands between two cells: one character, or `tab`. The default is a comma.",
            "delimiter: ';'",
        )
        .words(&[("Python", "separator"), ("Python", "sep")]),
        Key::new(
            "encoding",
            Ty::Name,
            "The file's character encoding, when it is not UTF-8.",
            "encoding: windows-1252",
        )
        .words(&[("JMeter", "fileEncoding"), ("JMeter", "file_encoding")])
        .also(&["charset"]),
        Key::new(
            "order",
            Ty::Enum(&[
                ("sequential", "row by row, read from the file as the run goes (the default)"),
                ("shuffle", "each row once in random order, then a new order"),
                ("random", "any row each time"),
            ]),
            "In which order rows are drawn.",
            "order: shuffle",
        ),
        Key::new(
            "share",
            Ty::Enum(&[
                ("all", "all users of the run draw from one pile (the default)"),
                ("group", "each thread group has a pile of its own"),
                ("user", "each user has a pile of its own"),
            ]),
            "Who draws from the same pile.",
            "share: all",
        )
        .words(&[("JMeter", "shareMode"), ("JMeter", "sharing_mode")]),
        Key::new(
            "take",
            Ty::Enum(&[
                ("iteration", "a new row for each iteration (the default)"),
                ("user", "one row for each user, kept for life"),
            ]),
            "When a new row is drawn.",
            "take: user",
        ),
        Key::new(
            "at_end",
            Ty::Enum(&[
                ("recycle", "start again from the first row (the default)"),
                ("stop_user", "the user that finds no row ends"),
                ("stop_group", "its thread group ends"),
                ("stop_test", "the whole test ends"),
            ]),
            "What happens when no row is left.",
            "at_end: stop_user",
        )
        .words(&[("JMeter", "recycle"), ("JMeter", "stopThread"), ("Taurus", "loop")])
        .also(&["on_eof", "eof", "end_of_file", "on_end", "when_done", "at_eof"]),
    ],
};

/// A program started for the run.
pub static SERVICE: Section = Section {
    name: "service",
    doc: "A program that is started before the run and stopped after it: the built-in sample API, or a command.",
    keys: &[
        Key::new(
            "demo",
            Ty::Enum(&[(
                "trading",
                "the sample trading API: login, market data, quotes, orders, portfolio, price feeds over a WebSocket and as server-sent events",
            )]),
            "Starts the built-in sample API inside this process.",
            "demo: trading",
        ),
        Key::new(
            "port",
            Ty::Count(0),
            "The port of the built-in API on this machine; a free one if not written.",
            "port: 8080",
        ),
        Key::new(
            "db_pool",
            Ty::Count(1),
            "How many connections the built-in API's simulated database has. A small pool saturates under load. The default is 20.",
            "db_pool: 5",
        ),
        Key::new(
            "query_time",
            Ty::Duration,
            "How long a query holds a connection of the built-in API's simulated database. The default is 2ms.",
            "query_time: 10ms",
        ),
        Key::new(
            "cache",
            Ty::Bool,
            "Whether the built-in API caches market data. The default is true; without it every request queries the database.",
            "cache: false",
        ),
        Key::new(
            "command",
            Ty::Text,
            "A command line that starts the program. It runs only when the run is given `--allow-commands`.",
            "command: docker compose up -d",
        )
        .also(&["cmd", "start", "run", "exec", "script", "shell"]),
        Key::new(
            "stop",
            Ty::Text,
            "A command line that stops it. Without one, the started process is ended.",
            "stop: docker compose down",
        ),
        Key::new(
            "ready",
            Ty::Section(&READY),
            "When the program counts as ready.",
            "ready: { url: http://localhost:8000/health, within: 60s }",
        )
        .also(&["healthcheck", "health_check", "health", "wait_for", "readiness"]),
        Key::new(
            "url",
            Ty::Text,
            "Where the command's program listens: what `${services.NAME.url}` stands for.",
            "url: http://localhost:8000",
        ),
    ],
};

/// When a service is ready.
pub static READY: Section = Section {
    name: "ready check",
    doc: "The run starts when this URL responds with a status below 400.",
    keys: &[
        Key::new("url", Ty::Text, "The URL to ask, four times a second.", "url: http://localhost:8000/health")
            .required(),
        Key::new(
            "within",
            Ty::Duration,
            "How long to wait before the run is given up. The default is 60s.",
            "within: 60s",
        ),
    ],
};

/// Another size of the plan.
pub static PROFILE: Section = Section {
    name: "profile",
    doc: "Laid over the plan by `--profile NAME`: maps merge, everything else is replaced, `null` removes. Steps cannot change.",
    keys: &[
        Key::new("description", Ty::Name, "What the profile is for.", "description: a quick look in CI"),
        Key::new("variables", Ty::Map(&Ty::Any), "Replaces variables of the plan.", "variables:\n  size: small"),
        Key::new("secrets", Ty::Map(&Ty::Any), "Replaces secrets of the plan.", "secrets:\n  api_key: demo"),
        Key::new(
            "data",
            Ty::Map(&Ty::Any),
            "Replaces keys of the plan's data sets.",
            "data:\n  traders: { file: data/many.csv }",
        ),
        Key::new(
            "http",
            Ty::Section(&HTTP),
            "Replaces HTTP defaults of the plan.",
            "http:\n  base_url: https://staging.example",
        ),
        Key::new(
            "websocket",
            Ty::Section(&WEBSOCKET),
            "Replaces WebSocket defaults of the plan.",
            "websocket:\n  url: wss://staging.example",
        ),
        Key::new(
            "services",
            Ty::Map(&Ty::Either(&[Ty::Section(&SERVICE), Ty::Null])),
            "Replaces services of the plan; `null` removes one.",
            "services:\n  api: null",
        ),
        Key::new(
            "thread_groups",
            Ty::Map(&Ty::Either(&[Ty::Section(&PROFILE_GROUP), Ty::Null])),
            "Replaces load and settings of thread groups; `null` removes a group. The load keys of a group are replaced together.",
            "thread_groups:\n  traders: { users: 5, duration: 10s }",
        ),
        Key::new(
            "thresholds",
            Ty::Either(&[Ty::Thresholds, Ty::Null]),
            "Replaces the plan's thresholds.",
            "thresholds: [error_rate < 5%]",
        ),
        Key::new(
            "no_samples",
            Ty::Enum(&[
                ("fail", "a threshold without samples fails (the default)"),
                ("skip", "a threshold without samples is skipped"),
            ]),
            "What a threshold without samples comes to under this profile.",
            "no_samples: skip",
        ),
    ],
};

/// A thread group at another size.
pub static PROFILE_GROUP: Section = Section {
    name: "thread group in a profile",
    doc: "What a profile may change of a thread group: its load and its settings, never its steps.",
    keys: &[
        super::group::USERS,
        super::group::RAMP_UP,
        super::group::ITERATIONS,
        super::group::DURATION,
        super::group::RAMP_DOWN,
        super::group::STAGES,
        super::group::ARRIVAL_RATE,
        super::group::ARRIVALS,
        super::group::MAX_USERS,
        super::group::PACING,
        super::group::THROUGHPUT,
        super::group::DELAY,
        super::group::NEEDS,
        super::group::WARM_UP,
        super::group::GRACEFUL_STOP,
        super::group::THINK_TIME_KEY,
        super::group::ON_ERROR,
        super::group::HTTP_KEY,
        super::group::WEBSOCKET_KEY,
        super::group::THRESHOLDS,
    ],
};
