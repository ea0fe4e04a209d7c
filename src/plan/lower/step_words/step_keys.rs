//! Keys that any step takes, as other tools call them.

use super::given::{Given, Unit, one_spelling};
use super::request_values::METHODS;
use super::values::percent;
use super::{Word, instead, key, told, written};
use crate::yaml::{Entry, NodeKind};

/// Keys beside the kind of a step.
pub(super) static WORDS: &[Word] = &[
    key(&["title", "label", "testname", "test_name", "request_name", "step_name", "step"], "name"),
    written(WAITS, |given| Some(format!("think_time: {}", pause(given, Unit::Seconds)?))),
    told(WAITS, |given| which_unit("think_time", given)),
    written(&["constant_timer", "thread_delay", "delay_ms", "gaussian_random_timer"], |given| {
        Some(format!("think_time: {}", pause(given, Unit::Milliseconds)?))
    }),
    key(&["when", "condition", "only_if", "if_true", "if_controller", "run_if", "cond"], "if"),
    written(&["unless", "if_not", "skip_if"], |given| Some(format!("if: not ({})", given.text.as_deref()?))),
    written(
        &[
            "probability",
            "percent",
            "percentage",
            "percent_execution",
            "percentage_execution",
            "throughput_controller",
            "throughput_percent",
            "likelihood",
            "share",
            "ratio",
            "chance",
        ],
        |given| Some(format!("chance: {}%", percent(&one_spelling(given.key), given.text.as_deref()?)?)),
    ),
    key(
        &[
            "requests",
            "samplers",
            "sampler",
            "do",
            "then",
            "flow",
            "children",
            "tasks",
            "actions",
            "exec",
            "scenario",
            "calls",
            "commands",
            "sub_steps",
            "substeps",
            "items",
        ],
        "steps",
    ),
    told(&["requests", "samplers", "do", "then", "flow", "children", "tasks", "actions"], |given| {
        given.node.entries()?;
        Some("here it is `steps`, a list: write `steps:`, and below it each step after its own `-`".into())
    }),
    key(&["otherwise", "else_steps", "else_do", "if_false"], "else"),
    told(&["comment", "comments", "note", "notes", "description", "desc", "doc", "documentation"], comment),
    told(&["enabled", "enable", "active"], |given| match given.truth()? {
        true => Some("a step that is written runs: remove this key".into()),
        false => Some(OFF.into()),
    }),
    instead(&["disabled", "disable", "skip", "skipped", "ignore", "inactive"], OFF),
    told(
        &["repeat", "loop", "loops", "loop_count", "count", "times", "repetitions", "repeat_count", "iterate"],
        |given| {
            let count = given.text.as_deref()?;
            let held = given.beside.iter().find(|entry| METHODS.contains(&&*entry.key))?;
            let count = repeats(count).unwrap_or_else(|| "3".into());
            let path = held.value.text()?;
            Some(format!(
                "a request runs several times within a loop: write `- repeat: {count}` with `steps:`, and `- {}: {path}` in there",
                held.key
            ))
        },
    ),
];

const OFF: &str = "to leave a step out put a `#` in front of its lines";

pub(super) const WAITS: &[&str] =
    &["sleep", "wait", "delay", "think", "think_time", "pause", "wait_time", "timer", "uniform_random_timer", "pace"];

pub(super) fn comment(given: &Given<'_>) -> Option<String> {
    Some(format!("a comment begins with `#`: write `# {}` on a line of its own", given.text.as_deref()?))
}

/// `GET /x` as the kind key and its path.
pub(super) fn with_method(text: &str) -> Option<(&'static str, &str)> {
    let (word, path) = text.split_once(' ')?;
    let method = METHODS.into_iter().find(|method| word.eq_ignore_ascii_case(method))?;
    let path = path.trim();
    (is_address(path) && !path.contains(' ')).then_some((method, path))
}

/// Whether a text is a path or a URL.
pub(super) fn is_address(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//")
        || text.starts_with("http://")
        || text.starts_with("https://")
        || text.starts_with("${") && text.contains("}/")
}

/// `3 times`, `3x` and `3` as a count, `30s` as a time.
pub(super) fn repeats(text: &str) -> Option<String> {
    let text = text.trim();
    let count = text.strip_suffix("times").or_else(|| text.strip_suffix('x')).unwrap_or(text).trim();
    if count.parse::<u64>().is_ok() {
        return Some(count.to_owned());
    }
    (text.contains("${") || crate::units::parse_duration(text).is_ok()).then(|| text.to_owned())
}

/// A time, a range or a distribution.
pub(super) fn pause(given: &Given<'_>, unit: Unit) -> Option<String> {
    let range = |from: &str, to: &str| {
        let part = |text: &str| super::given::time(super::values::unquoted(text.trim()), unit);
        Some(format!("{}..{}", part(from)?, part(to)?))
    };
    if let [from, to] = given.items.as_slice() {
        return range(from, to);
    }
    const FROM: &[&str] = &["min", "from", "minimum", "low", "at_least"];
    const TO: &[&str] = &["max", "to", "maximum", "high", "at_most"];
    if let (Some(from), Some(to), 2) = (given.pair(FROM), given.pair(TO), given.pairs.len()) {
        return range(from, to);
    }
    if let NodeKind::Map(entries) = &given.node.kind {
        let known = |entry: &Entry| matches!(&*entry.key, "normal" | "poisson");
        return entries.iter().all(known).then(|| given.flow.clone()).flatten();
    }
    let text = given.text.as_deref()?;
    if crate::schedule::ThinkTime::parse(text).is_ok() {
        return Some(text.to_owned());
    }
    if let Some((from, to)) = text.split_once(" to ").or_else(|| text.split_once('-')).or_else(|| text.split_once(".."))
    {
        return range(from, to);
    }
    // A number so large is hardly one of seconds: who wrote it is asked.
    if unit == Unit::Seconds && is_large(text) {
        return None;
    }
    given.time(unit)
}

pub(super) fn is_large(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|number| number >= 100.0)
}

/// Asks which unit a large number is of.
pub(super) fn which_unit(ours: &str, given: &Given<'_>) -> Option<String> {
    let text = given.text.as_deref().filter(|text| is_large(text))?;
    let time = super::given::time(text, Unit::Milliseconds)?;
    Some(format!("write the unit: `{ours}: {time}` if these are milliseconds, `{ours}: {text}s` if these are seconds"))
}

/// `id in ids`, `ids`, `{ in: ids, as: id }` and `{ id: ${ids} }`.
pub(super) fn for_each(given: &Given<'_>) -> Option<String> {
    let bare = |text: &str| {
        let text = super::values::unquoted(text.trim());
        let inner = text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).unwrap_or(text).trim();
        let is_name = inner.starts_with(char::is_alphabetic)
            && inner.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
        is_name.then(|| inner.to_owned())
    };
    if let Some(text) = given.text.as_deref() {
        let (item, list) = match text.split_once(" in ").or_else(|| text.split_once(" of ")) {
            Some((item, list)) => (bare(item)?, bare(list)?),
            None => ("item".to_owned(), bare(text)?),
        };
        return Some(format!("for_each: {{ {item}: {list} }}"));
    }
    const LIST: &[&str] =
        &["in", "of", "list", "items", "over", "input", "input_variable", "input_prefix", "values", "from"];
    const ITEM: &[&str] =
        &["as", "item", "variable", "var", "output", "output_variable", "loop_variable", "name", "each"];
    match given.pairs.as_slice() {
        [(item, list)] => {
            let list = super::values::unquoted(list);
            let inner = list.strip_prefix("${")?;
            Some(format!("for_each: {{ {item}: {} }}", bare(&format!("${{{inner}"))?))
        }
        [_, _] => Some(format!("for_each: {{ {}: {} }}", bare(given.pair(ITEM)?)?, bare(given.pair(LIST)?)?)),
        _ => None,
    }
}

/// Keys that any step takes, with values of other tools.
pub(super) static STEP_SHAPES: &[Word] = &[
    told(&["think_time"], |given| which_unit("think_time", given)),
    written(&["think_time"], |given| {
        let is_ours = given.text.as_deref().is_some_and(|text| {
            crate::schedule::ThinkTime::parse(text).is_ok() || text.contains("${") || text.parse::<f64>().is_ok()
        });
        let is_map = given.pairs.iter().any(|(key, _)| matches!(key.as_str(), "normal" | "poisson"));
        if is_ours || is_map {
            return None;
        }
        Some(format!("think_time: {}", pause(given, Unit::Seconds)?))
    }),
];
