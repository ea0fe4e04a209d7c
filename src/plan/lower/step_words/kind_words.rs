//! Kinds of steps as other tools call them.

use super::given::{Unit, one_spelling};
use super::step_keys::{WAITS, comment, for_each, is_address, pause, repeats, which_unit, with_method};
use super::values::percent;
use super::{Word, instead, key, told, written};

/// Kinds of steps.
pub(super) static KINDS: &[Word] = &[
    written(
        &[
            "http_sampler",
            "http_request",
            "http_request_sampler",
            "http_sampler_proxy",
            "httprequest",
            "httpsampler",
            "sampler",
            "request",
            "http",
            "https",
            "visit",
            "open",
            "navigate",
            "navigate_to",
            "goto",
            "go_to",
            "go",
            "fetch",
            "browse",
            "load",
            "hit",
            "page",
            "url",
            "path",
            "uri",
            "endpoint",
            "link",
            "call",
            "curl",
            "download",
            "web",
        ],
        |given| {
            let text = given.text.as_deref()?;
            match with_method(text) {
                Some((method, path)) => Some(format!("{method}: {path}")),
                None => is_address(text).then(|| Some(format!("get: {}", given.flow.as_deref()?))).flatten(),
            }
        },
    ),
    key(
        &[
            "transaction_controller",
            "group",
            "scenario",
            "task",
            "transaction_name",
            "step",
            "block",
            "section",
            "trans",
            "tx",
            "page_group",
            "action",
            "flow",
        ],
        "transaction",
    ),
    key(&["simple_controller", "folder", "container", "label", "title"], "name"),
    written(
        &[
            "loop",
            "loops",
            "loop_controller",
            "loop_count",
            "times",
            "for",
            "count",
            "iterate",
            "repetitions",
            "repeat_times",
            "for_loop",
        ],
        |given| Some(format!("repeat: {}", repeats(given.text.as_deref()?)?)),
    ),
    written(&["for", "foreach", "for_each", "foreach_controller", "each", "loop_over", "iterate", "over"], for_each),
    key(&["foreach", "foreach_controller", "for_each_controller", "each", "loop_over"], "for_each"),
    written(&["runtime_controller", "run_time", "runtime", "during"], |given| {
        Some(format!("repeat: {}", given.time(Unit::Seconds)?))
    }),
    instead(
        &["forever", "loop_forever", "infinite_loop"],
        "users repeat `steps` by themselves, for as long as `duration` of the thread group says: remove the loop",
    ),
    told(&["loop", "repeat", "loops", "loop_controller", "loop_count"], |given| {
        let endless = matches!(given.text.as_deref()?, "forever" | "infinite" | "-1" | "true" | "always");
        endless.then(|| {
            "users repeat `steps` by themselves, for as long as `duration` of the thread group says: remove the loop".into()
        })
    }),
    told(
        &["wait_until", "repeat_until", "loop_until", "until_true", "do_until", "poll", "poll_until", "wait_for"],
        |given| {
            let condition = given.text.as_deref().unwrap_or("status == 'done'");
            Some(format!(
                "write `while: not ({condition})`, with the requests to repeat and a `pause` under its `steps:`"
            ))
        },
    ),
    instead(
        &["try_max", "exit_here_if_failed", "exit_block_on_fail", "try", "catch", "retry_block"],
        "there are no retries: what happens after an error is said by `on_error` of the thread group, beside its `steps:`",
    ),
    key(&["if_controller", "when", "condition", "only_if", "if_true", "do_if", "if_then"], "if"),
    key(&["while_controller", "while_true", "do_while", "repeat_while", "loop_while", "as_long_as"], "while"),
    key(
        &[
            "random_controller",
            "random",
            "switch_controller",
            "one_of",
            "random_switch",
            "uniform_random_switch",
            "pick_one",
            "any_of",
            "select",
        ],
        "choose",
    ),
    key(
        &["interleave_controller", "interleave", "alternate", "round_robin_switch", "in_turn", "rotate"],
        "round_robin",
    ),
    key(&["random_order_controller", "random_order", "any_order"], "shuffle"),
    key(
        &["parallel_controller", "batch", "concurrent", "concurrently", "async", "in_parallel", "simultaneously"],
        "parallel",
    ),
    instead(
        &["once_only_controller", "once_only", "once", "first_iteration", "run_once"],
        "what each user does once stands in `on_start:` of the thread group, beside its `steps:`; or write `if: iteration == 1` on a step with `steps:`",
    ),
    written(
        &[
            "synchronizing_timer",
            "synchronising_timer",
            "rendezvous",
            "rendez_vous",
            "barrier",
            "meeting_point",
            "wait_for_all",
            "sync",
            "wait_for_users",
        ],
        |given| Some(format!("wait_for_users: {{ count: {} }}", given.count()?)),
    ),
    key(&["critical_section", "critical_section_controller", "mutex", "synchronized", "exclusive"], "lock"),
    // Waiting.
    written(WAITS, |given| Some(format!("pause: {}", pause(given, Unit::Seconds)?))),
    told(WAITS, |given| which_unit("pause", given)),
    written(
        &[
            "constant_timer",
            "wait_for_timeout",
            "gaussian_random_timer",
            "poisson_random_timer",
            "sleep_ms",
            "delay_ms",
        ],
        |given| Some(format!("pause: {}", pause(given, Unit::Milliseconds)?)),
    ),
    // Printing, setting, stopping.
    key(
        &[
            "echo",
            "print",
            "println",
            "console",
            "console_log",
            "debug",
            "debug_sampler",
            "message",
            "say",
            "puts",
            "logger",
            "write",
        ],
        "log",
    ),
    key(
        &[
            "set_variable",
            "set_variables",
            "set_var",
            "variable",
            "variables",
            "vars",
            "var",
            "let",
            "assign",
            "user_parameters",
            "user_defined_variables",
            "define",
            "const",
        ],
        "set",
    ),
    written(&["set", "set_variable", "let", "var", "assign", "const", "variable"], |given| {
        let (name, value) = given.text.as_deref()?.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        (is_name && !value.is_empty())
            .then(|| format!("set: {{ {name}: {} }}", super::plain(super::values::unquoted(value))))
    }),
    written(&["stop_thread", "stop_user", "exit", "quit", "end", "return", "stop_current_thread"], |_| {
        Some("stop: user".into())
    }),
    written(&["break", "break_loop", "exit_loop", "leave_loop"], |_| Some("stop: loop".into())),
    written(&["continue", "next_iteration", "start_next_iteration", "next_loop", "go_to_next_iteration"], |_| {
        Some("stop: iteration".into())
    }),
    written(&["abort", "stop_test", "stop_all", "stop_engine", "shutdown", "fail", "stop_test_now"], |_| {
        Some("stop: test".into())
    }),
    // What is no step.
    instead(
        &["header_manager", "http_header_manager", "headers"],
        "`headers` are a key of a request, or of `http:` of the thread group for all its requests",
    ),
    instead(
        &["http_cookie_manager", "cookie_manager", "cookies"],
        "cookies are kept for each user without a word: remove this step; `cookies: off` under `http:` switches them off",
    ),
    instead(
        &["http_cache_manager", "cache_manager", "cache"],
        "write `cache: user` under `http:` of the thread group; it is no step",
    ),
    instead(
        &["http_request_defaults", "config_element", "request_defaults", "defaults"],
        "what all requests have in common stands in `http:` of the plan or the thread group; it is no step",
    ),
    instead(
        &[
            "view_results_tree",
            "view_results_in_table",
            "summary_report",
            "aggregate_report",
            "aggregate_graph",
            "graph_results",
            "simple_data_writer",
            "listener",
            "listeners",
            "backend_listener",
            "response_time_graph",
            "reporter",
            "reporters",
            "report",
        ],
        "nothing is written for it: `loadplan run` always makes report.html, and `loadplan try` shows every request with its response; remove this step",
    ),
    instead(
        &["csv_data_set_config", "csv_data_set", "csv", "feed", "feeder", "data_source", "data"],
        "rows of a file are declared in `data:` at the top of the plan, for example `data: { users: { file: users.csv } }`, and read as `${users.name}`; it is no step",
    ),
    instead(
        &[
            "response_assertion",
            "assertion",
            "assertions",
            "asserts",
            "expect",
            "check",
            "checks",
            "verify",
            "validate",
            "duration_assertion",
            "size_assertion",
            "json_assertion",
            "json_path_assertion",
            "xpath_assertion",
            "response_code",
            "status",
        ],
        "write it in the request that it is about, as `assert:` beside `get`, without a `-` of its own",
    ),
    instead(
        &[
            "json_extractor",
            "json_path_extractor",
            "regular_expression_extractor",
            "regex_extractor",
            "css_jquery_extractor",
            "css_selector_extractor",
            "css_extractor",
            "xpath_extractor",
            "xpath2_extractor",
            "boundary_extractor",
            "extractor",
            "capture",
            "save",
            "post_processor",
        ],
        "write it in the request whose response it reads, as `extract:` beside `get`, without a `-` of its own",
    ),
    instead(
        &[
            "jsr223",
            "jsr223_sampler",
            "beanshell",
            "beanshell_sampler",
            "javascript",
            "groovy",
            "python",
            "script",
            "scripts",
            "code",
            "function",
            "before_scenario",
            "after_scenario",
            "java_request",
        ],
        "scripts do not run here: values are made by expressions such as `${uuid()}` in `set:`, `if:` and requests",
    ),
    instead(
        &["flow_control_action", "test_action"],
        "write `pause: 2s`, or `stop:` with `loop`, `iteration`, `user`, `group` or `test`",
    ),
    key(
        &[
            "call",
            "run",
            "use",
            "test_fragment",
            "module_controller",
            "module",
            "import",
            "fragment",
            "execute",
            "exec",
            "include_controller",
            "include_scenario",
            "include_file",
            "perform",
            "invoke",
            "load",
            "template",
        ],
        "include",
    ),
    told(&["comment", "comments", "note", "notes", "description", "todo", "remark"], comment),
];

/// A kind key with a value of another tool.
pub(super) static OWN: &[Word] = &[
    written(&["request"], |given| {
        let text = given.text.as_deref()?;
        match with_method(text) {
            Some((method, path)) => Some(format!("{method}: {path}")),
            None => is_address(text).then(|| Some(format!("get: {}", given.flow.as_deref()?))).flatten(),
        }
    }),
    written(&["repeat"], |given| {
        let text = given.text.as_deref()?;
        let count = repeats(text)?;
        (count != text).then(|| format!("repeat: {count}"))
    }),
    told(&["repeat"], |given| {
        let endless = matches!(given.text.as_deref()?, "forever" | "infinite" | "-1" | "true" | "always");
        endless.then(|| {
            "users repeat `steps` by themselves, for as long as `duration` of the thread group says: remove the loop".into()
        })
    }),
    told(&["repeat"], |given| {
        let condition = given.text.as_deref()?.strip_prefix("until ")?;
        Some(format!("write `while: not ({condition})`"))
    }),
    told(&["choose", "round_robin", "shuffle", "parallel"], |given| {
        let (share, _) = given.pairs.first()?;
        let weight =
            percent("percent", share).filter(|_| share.ends_with('%')).map(|weight| format!("- weight: {weight}"));
        let example = weight.unwrap_or_else(|| "- get: /x".into());
        Some(format!("write a list: `{example}`, with the keys of the branch below, each branch after its own `-`"))
    }),
    told(&["parallel", "shuffle", "choose", "round_robin"], |given| {
        given.truth()?;
        Some(format!("its steps stand right below `{}:`, each after its own `-`, without `steps:`", given.key))
    }),
    told(&["repeat"], |given| {
        let is_word = given.text.as_deref()?.chars().all(char::is_alphabetic);
        is_word.then(|| "write how often in digits, `repeat: 3`, or for how long, `repeat: 30s`".into())
    }),
    written(&["for_each"], for_each),
    written(&["wait_for_users"], |given| Some(format!("wait_for_users: {{ count: {} }}", given.count()?))),
    written(&["wait_for_users"], |given| {
        if !given.has_only(&["users", "group_size", "number", "size", "n", "number_of_simulated_users_to_group_by"]) {
            return None;
        }
        let count = given.pairs.first()?;
        Some(format!("wait_for_users: {{ count: {} }}", count.1))
    }),
    told(&["pause"], |given| which_unit("pause", given)),
    written(&["pause"], |given| {
        let is_ours = given
            .text
            .as_deref()
            .is_some_and(|text| crate::schedule::ThinkTime::parse(text).is_ok() || text.parse::<f64>().is_ok());
        let is_map = given.pairs.iter().any(|(key, _)| matches!(key.as_str(), "normal" | "poisson"));
        if is_ours || is_map || given.text.as_deref().is_some_and(|text| text.contains("${")) {
            return None;
        }
        Some(format!("pause: {}", pause(given, Unit::Seconds)?))
    }),
    written(&["set"], |given| {
        if let Some(text) = given.text.as_deref() {
            let (name, value) = text.split_once('=')?;
            let (name, value) = (name.trim(), value.trim());
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            let value = super::plain(super::values::unquoted(value));
            return (is_name && value != "''").then(|| format!("set: {{ {name}: {value} }}"));
        }
        if !given.has_only(&["name", "value", "variable", "var"]) || given.pairs.len() != 2 {
            return None;
        }
        let name = given.pair(&["name", "variable", "var"])?;
        let name = super::values::unquoted(name);
        let is_name = name.starts_with(char::is_alphabetic) && name.chars().all(|c| c.is_alphanumeric() || c == '_');
        is_name.then(|| Some(format!("set: {{ {name}: {} }}", given.pair(&["value"])?))).flatten()
    }),
    written(&["set"], |given| Some(format!("set: {}", super::values::map_of(given)?))),
    written(&["stop"], |given| {
        let target = match one_spelling(given.text.as_deref()?).as_str() {
            "thread" | "current_thread" | "vu" | "me" | "current_user" => "user",
            "all" | "engine" | "run" | "everything" | "all_threads" | "now" => "test",
            "break" | "repeat" | "while" | "for_each" => "loop",
            "continue" | "next" | "current_iteration" | "next_iteration" => "iteration",
            "thread_group" | "scenario" => "group",
            _ => return None,
        };
        Some(format!("stop: {target}"))
    }),
    told(&["stop"], |given| {
        given.truth()?;
        Some("say what ends: `stop: loop`, `stop: iteration`, `stop: user`, `stop: group` or `stop: test`".into())
    }),
    written(&["include"], |given| match given.pairs.as_slice() {
        [(key, value)] if matches!(key.as_str(), "name" | "file" | "path" | "fragment") => {
            Some(format!("include: {value}"))
        }
        _ => match given.items.as_slice() {
            [only] if given.text.is_none() && given.pairs.is_empty() => Some(format!("include: {only}")),
            _ => None,
        },
    }),
];
