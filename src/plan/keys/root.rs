//! Keys of the plan itself, of data, services and profiles.

use super::{Key, Section, THREAD_GROUP, Ty};
use crate::protocols::http::keys::HTTP;
use crate::protocols::websocket::keys::WEBSOCKET;

/// The plan.
pub static PLAN: Section = Section {
    name: "plan",
    doc: "A load test: its users, what they do, and the pass/fail criteria.",
    keys: &[
        Key::new("name", Ty::Name, "The name of the plan, used in reports and for the JUnit suites. Defaults to the file name.", "name: Trading API")
            .words(&[("Artillery", "title"), ("JMeter", "testname"), ("JMeter", "TestPlan")]),
        Key::new("description", Ty::Name, "A description of the plan, in your own words. Shown in reports, otherwise unused.", "description: Traders watch the market and place orders."),
        Key::new("requires", Ty::Name, "The versions of loadplan that can run this plan: `>=0.2`, `>0.2`, `=0.2.1`, `^0.2` (0.2 or later, but before 0.3), or several separated by commas. Other versions reject the plan.", "requires: \">=0.1\"")
            .words(&[("npm", "engines"), ("Terraform", "required_version"), ("Cargo", "rust-version"), ("Helm", "kubeVersion")]),
        Key::new("variables", Ty::Map(&Ty::Any), "Values that are calculated once, when the run starts, and that all users share. An entry can use the entries above it. `--var NAME=VALUE` overrides one.", "variables:\n  password: ${env.TRADER_PASSWORD | default('test123')}")
            .words(&[("JMeter", "user_defined_variables"), ("Artillery", "vars"), ("HttpRunner", "vars"), ("k6", "env"), ("Postman", "variable"), ("JMeter", "parameters")])
            .also(&["constants", "parameter", "params", "globals", "global_variables", "test_plan_variables", "user_parameters", "user_variables"]),
        Key::new("secrets", Ty::Map(&Ty::Any), "Like `variables`, but shown as `***` in every output. An empty secret is an error.", "secrets:\n  api_key: ${env.API_KEY | default('demo')}"),
        Key::new("data", Ty::Map(&Ty::Section(&DATA)), "Tables of test data. `${traders.username}` is the `username` of the current row of `traders`.", "data:\n  traders:\n    file: data/traders.csv")
            .words(&[("JMeter", "csv_data_set"), ("Artillery", "payload"), ("Taurus", "data-sources"), ("Gatling", "feeder"), ("Gatling", "feeders")])
            .also(&["csv_data_set_config", "csv", "csv_data", "csv_files", "data_set", "data_sets", "data_files", "test_data", "datasets", "csv_data_source"]),
        Key::new("http", Ty::Section(&HTTP), "Default settings for all HTTP requests of the plan. The `http` settings of a thread group and the keys of a request override them.", "http:\n  base_url: http://localhost:8080\n  timeout: 10s")
            .words(&[("Artillery", "config"), ("JMeter", "http_defaults"), ("JMeter", "http_request_defaults")])
            .also(&["http_defaults", "default_request", "http_config", "http_settings", "request_defaults", "settings", "defaults"]),
        Key::new("websocket", Ty::Section(&WEBSOCKET), "Default settings for all WebSockets of the plan. The `websocket` settings of a thread group and the keys of a step override them.", "websocket:\n  url: ws://localhost:8080"),
        Key::new("services", Ty::Map(&Ty::Section(&SERVICE)), "Programs that are started before the run and stopped after it. The run waits until each of them is ready. `${services.NAME.url}` is the URL of a service.", "services:\n  api: { demo: trading }"),
        Key::new("monitors", Ty::Map(&Ty::Any), "Metrics that are sampled during the run and charted next to the response times.", "monitors:\n  local: { host: true }").later(),
        Key::new("baseline", Ty::Any, "An earlier run to compare with. Set it with `run --baseline FILE`.", "baseline: {}").later(),
        Key::new("shards", Ty::Any, "Distributes the load over several machines.", "shards: {}").later(),
        Key::new("setup", Ty::Steps, "Steps that run once, before any user starts. All users can use the variables that these steps set. If a step fails, no load is generated.", "setup:\n  - post: /api/admin/reset")
            .words(&[("JMeter", "setUp"), ("Artillery", "before"), ("Gatling", "before"), ("k6", "setUp")])
            .also(&["setup_thread_group", "before_all", "init"]),
        Key::new("thread_groups", Ty::Map(&Ty::Section(&THREAD_GROUP)), "Groups of users that run in parallel, each with its own number of users and its own steps.", "thread_groups:\n  traders:\n    users: 50\n    duration: 2m\n    steps:\n      - get: /api/market-data")
            .required()
            .words(&[("k6", "scenarios"), ("Artillery", "scenarios"), ("Taurus", "execution"), ("JMeter", "thread_group"), ("JMeter", "threadGroups"), ("JMeter", "ThreadGroup"), ("Locust", "tasks"), ("drill", "plan"), ("Artillery", "phases"), ("JMeter", "groups")])
            .also(&["users", "user_groups", "scenario", "workloads", "workload", "load_groups", "ultimate_thread_group", "concurrency_thread_group", "stepping_thread_group", "arrivals_thread_group", "bzm_concurrency_thread_group", "populations", "virtual_users", "vu_groups", "load_profiles"]),
        Key::new("teardown", Ty::Steps, "Steps that run once, after all users have ended, even if the run was stopped.", "teardown:\n  - delete: /api/admin/orders")
            .words(&[("JMeter", "tearDown"), ("Artillery", "after"), ("Gatling", "after"), ("k6", "tearDown")])
            .also(&["teardown_thread_group", "after_all"]),
        Key::new("thresholds", Ty::Thresholds, "Pass/fail criteria for the whole run.", "thresholds:\n  - error_rate < 1%\n  - p95 < 500ms")
            .words(&[("Artillery", "ensure"), ("Gatling", "assertions"), ("Taurus", "criteria")])
            .also(&["sla", "slo", "slas", "slos", "pass_fail", "passfail", "goals", "limits", "kpis", "kpi", "quality_gate", "quality_gates"]),
        Key::new("fragments", Ty::Map(&Ty::Steps), "Named lists of steps that you can insert with `include: NAME`.", "fragments:\n  log_in:\n    - post: /api/auth/login")
            .also(&["test_fragments", "test_fragment", "functions", "macros", "templates", "snippets", "modules", "shared_steps", "reusable_steps"]),
        Key::new("profiles", Ty::Map(&Ty::Section(&PROFILE)), "Variants of the plan, such as a smaller load. `--profile smoke` applies the profile `smoke` on top of the plan.", "profiles:\n  smoke:\n    thread_groups:\n      traders: { users: 5, duration: 10s }")
            .words(&[("Artillery", "environments")])
            .also(&["environment", "envs", "stages_of_deployment", "targets", "configurations"]),
    ],
};

/// A table of data.
pub static DATA: Section = Section {
    name: "data set",
    doc: "A table of test data: a CSV file with a header row, or a list of objects in a JSON or YAML file.",
    keys: &[
        Key::new(
            "file",
            Ty::Path,
            "The file, relative to the plan: `.csv`, `.tsv` or any other delimited text file, `.json`, or `.yaml`.",
            "file: data/traders.csv",
        )
        .required()
        .words(&[("JMeter", "filename"), ("Artillery", "path")])
        .also(&["csv", "source", "file_name", "csv_file", "src", "location", "dataset_file"]),
        Key::new(
            "columns",
            Ty::List(&Ty::Name),
            "The names of the columns, for a file without a header row.",
            "columns: [username, password]",
        )
        .words(&[("JMeter", "variableNames"), ("Artillery", "fields"), ("Taurus", "variable-names")])
        .also(&["column_names", "names", "header_names", "variables"]),
        Key::new(
            "delimiter",
            Ty::Name,
            "The character between two cells, or `tab`. The default is a comma.",
            "delimiter: ';'",
        )
        .words(&[("Python", "separator"), ("Python", "sep")]),
        Key::new(
            "encoding",
            Ty::Name,
            "The character encoding of the file, if it is not UTF-8.",
            "encoding: windows-1252",
        )
        .words(&[("JMeter", "fileEncoding"), ("JMeter", "file_encoding")])
        .also(&["charset"]),
        Key::new(
            "order",
            Ty::Enum(&[
                ("sequential", "row by row; the file is read during the run (the default)"),
                ("shuffle", "each row once in random order, then again in a new order"),
                ("random", "a random row each time"),
            ]),
            "The order in which rows are used.",
            "order: shuffle",
        ),
        Key::new(
            "share",
            Ty::Enum(&[
                ("all", "all users of the run share the rows (the default)"),
                ("group", "each thread group has its own copy of the rows"),
                ("user", "each user has its own copy of the rows"),
            ]),
            "Which users share rows.",
            "share: all",
        )
        .words(&[("JMeter", "shareMode"), ("JMeter", "sharing_mode")]),
        Key::new(
            "take",
            Ty::Enum(&[
                ("iteration", "a new row for each iteration (the default)"),
                ("user", "one row per user, for the whole run"),
            ]),
            "When a user gets a new row.",
            "take: user",
        ),
        Key::new(
            "at_end",
            Ty::Enum(&[
                ("recycle", "start again from the first row (the default)"),
                ("stop_user", "end the user that needs a row"),
                ("stop_group", "end its thread group"),
                ("stop_test", "end the whole test"),
            ]),
            "What happens when there are no more rows.",
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
            "The port of the built-in API on this machine. If omitted, a free port is used.",
            "port: 8080",
        ),
        Key::new(
            "db_pool",
            Ty::Count(1),
            "The number of connections in the simulated database pool of the built-in API. A small pool becomes a bottleneck under load. The default is 20.",
            "db_pool: 5",
        ),
        Key::new(
            "query_time",
            Ty::Duration,
            "How long each query uses a connection of the simulated database. The default is 2ms.",
            "query_time: 10ms",
        ),
        Key::new(
            "cache",
            Ty::Bool,
            "Whether the built-in API caches market data. The default is true. With false, every request queries the database.",
            "cache: false",
        ),
        Key::new(
            "command",
            Ty::Text,
            "A command line that starts the program. It only runs with `--allow-commands`.",
            "command: docker compose up -d",
        )
        .also(&["cmd", "start", "run", "exec", "script", "shell"]),
        Key::new(
            "stop",
            Ty::Text,
            "A command line that stops the program. If omitted, the started process is terminated.",
            "stop: docker compose down",
        ),
        Key::new(
            "ready",
            Ty::Section(&READY),
            "How to check that the program is ready.",
            "ready: { url: http://localhost:8000/health, within: 60s }",
        )
        .also(&["healthcheck", "health_check", "health", "wait_for", "readiness"]),
        Key::new(
            "url",
            Ty::Text,
            "The URL of the program that the command starts: the value of `${services.NAME.url}`.",
            "url: http://localhost:8000",
        ),
    ],
};

/// When a service is ready.
pub static READY: Section = Section {
    name: "ready check",
    doc: "The run starts when this URL responds with a status below 400.",
    keys: &[
        Key::new("url", Ty::Text, "The URL to request, four times per second.", "url: http://localhost:8000/health")
            .required(),
        Key::new(
            "within",
            Ty::Duration,
            "The maximum time to wait. If the program is not ready by then, the run is aborted. The default is 60s.",
            "within: 60s",
        ),
    ],
};

/// Another size of the plan.
pub static PROFILE: Section = Section {
    name: "profile",
    doc: "Applied on top of the plan with `--profile NAME`: maps are merged, everything else is replaced, `null` removes a value. Steps cannot be changed.",
    keys: &[
        Key::new("description", Ty::Name, "A description of the profile.", "description: a quick check in CI"),
        Key::new("variables", Ty::Map(&Ty::Any), "Replaces variables of the plan.", "variables:\n  size: small"),
        Key::new("secrets", Ty::Map(&Ty::Any), "Replaces secrets of the plan.", "secrets:\n  api_key: demo"),
        Key::new(
            "data",
            Ty::Map(&Ty::Any),
            "Replaces keys of data sets of the plan.",
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
            "Replaces the load and the settings of thread groups; `null` removes a group. If you change one load key of a group, all of its load keys are replaced.",
            "thread_groups:\n  traders: { users: 5, duration: 10s }",
        ),
        Key::new(
            "thresholds",
            Ty::Either(&[Ty::Thresholds, Ty::Null]),
            "Replaces the thresholds of the plan.",
            "thresholds: [error_rate < 5%]",
        ),
        Key::new(
            "no_samples",
            Ty::Enum(&[
                ("fail", "a threshold without samples fails (the default)"),
                ("skip", "a threshold without samples is skipped"),
            ]),
            "How this profile treats thresholds without samples.",
            "no_samples: skip",
        ),
    ],
};

/// A thread group at another size.
pub static PROFILE_GROUP: Section = Section {
    name: "thread group in a profile",
    doc: "The keys of a thread group that a profile can change: its load and its settings, but not its steps.",
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
