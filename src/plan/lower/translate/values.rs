//! Values as other tools write them, in the form that a key here takes.

use std::time::Duration;

use crate::plan::keys::{Key, Ty};
use crate::plan::lower::Lower;
use crate::schedule::{ThinkTime, guess_think_time};
use crate::suggest::is_same;
use crate::threshold::Condition;
use crate::units::{bare_number, guessed_count, parse_duration, parse_rate, parse_share, parse_size, written_duration};
use crate::yaml::{Node, NodeKind, quoted};

/// What a value is, seen from the key that is meant.
#[derive(Debug)]
pub(super) enum Meant {
    /// In the form that the key takes.
    AsWritten,
    /// This, in one line.
    Is(String),
    /// One of several things: the sentence names them.
    Ask(String),
    /// Nobody knows.
    Unknown,
}

/// Words for the values of keys that take one of a few words.
static WORDS: &[(&str, &[(&str, &str)])] = &[
    (
        "on_error",
        &[
            ("start next thread loop", "next_iteration"),
            ("start next loop", "next_iteration"),
            ("startnextloop", "next_iteration"),
            ("next_loop", "next_iteration"),
            ("next", "next_iteration"),
            ("stop thread", "stop_user"),
            ("stop vu", "stop_user"),
            ("stop", "stop_user"),
            ("stop test now", "stop_test"),
            ("abort", "stop_test"),
            ("fail", "stop_test"),
            ("exit", "stop_test"),
            ("ignore", "continue"),
            ("go_on", "continue"),
        ],
    ),
    (
        "share",
        &[
            ("all threads", "all"),
            ("shareMode.all", "all"),
            ("global", "all"),
            ("current thread group", "group"),
            ("shareMode.group", "group"),
            ("thread_group", "group"),
            ("current thread", "user"),
            ("shareMode.thread", "user"),
            ("thread", "user"),
            ("vu", "user"),
        ],
    ),
    (
        "at_end",
        &[
            ("loop", "recycle"),
            ("restart", "recycle"),
            ("continue", "recycle"),
            ("repeat", "recycle"),
            ("circular", "recycle"),
            ("true", "recycle"),
            ("stop", "stop_user"),
            ("stop thread", "stop_user"),
            ("end", "stop_user"),
            ("stop all", "stop_test"),
        ],
    ),
    (
        "order",
        &[
            ("sequence", "sequential"),
            ("linear", "sequential"),
            ("in_order", "sequential"),
            ("queue", "sequential"),
            ("circular", "sequential"),
            ("shuffled", "shuffle"),
            ("rand", "random"),
        ],
    ),
    ("take", &[("vu", "user"), ("thread", "user"), ("once", "user"), ("loop", "iteration"), ("each", "iteration")]),
    ("arrivals", &[("constant", "even"), ("uniform", "even"), ("random", "poisson")]),
    ("demo", &[("true", "trading"), ("yes", "trading"), ("api", "trading")]),
    ("cookies", &[("true", "user"), ("yes", "user"), ("on", "user"), ("false", "off"), ("no", "off")]),
    (
        "connections",
        &[("true", "user"), ("keepalive", "user"), ("keep-alive", "user"), ("false", "request"), ("close", "request")],
    ),
];

/// The word of a key that this one stands for.
pub(crate) fn meant_word(key: &Key, text: &str) -> Option<&'static str> {
    let Ty::Enum(ours) = key.ty else { return None };
    let same = ours.iter().map(|(word, _)| *word).find(|word| is_same(word, text));
    let of_key = || WORDS.iter().filter(|(name, _)| *name == key.name).flat_map(|(_, words)| words.iter());
    let ours_too = |word: &&str| ours.iter().any(|(known, _)| known == word);
    same.or_else(|| of_key().find(|(word, _)| is_same(word, text)).map(|(_, ours)| *ours).filter(ours_too))
}

/// A time in seconds, where the key is one of the load: there everybody counts in them.
pub(crate) fn load_seconds(key: &str, text: &str) -> Option<String> {
    const KEYS: [&str; 9] =
        ["duration", "ramp_up", "ramp_down", "over", "hold", "delay", "warm_up", "after", "graceful_stop"];
    /// More may be milliseconds.
    const MOST: f64 = 10_000.0;
    let number = bare_number(text).filter(|_| KEYS.contains(&key))?;
    number.parse().is_ok_and(|value: f64| value < MOST).then(|| format!("{number}s"))
}

/// The unit that a word's end names: `Initial Delay, sec`, `durationSeconds`, `Hold Target Rate Time (min)`.
fn unit_of(word: &str) -> Option<&'static str> {
    let lower = word.to_ascii_lowercase();
    let last = lower.split(|c: char| !c.is_alphanumeric()).rfind(|part| !part.is_empty())?;
    match last {
        "s" | "sec" | "secs" | "second" | "seconds" => Some("s"),
        "ms" | "msec" | "millis" | "milliseconds" => Some("ms"),
        "m" | "min" | "mins" | "minutes" => Some("m"),
        last if last.ends_with("millis") || last.ends_with("milliseconds") => Some("ms"),
        last if last.ends_with("seconds") => Some("s"),
        last if last.ends_with("minutes") => Some("m"),
        _ => None,
    }
}

/// The unit that a bare number has at a word of another tool.
fn usual_unit(word: &str) -> Option<&'static str> {
    const MILLISECONDS: [&str; 9] = [
        "constant_timer",
        "timer",
        "uniform_random_timer",
        "gaussian_random_timer",
        "poisson_random_timer",
        "delay_timer",
        "thread_delay",
        "response_timeout",
        "random_timer",
    ];
    const SECONDS: [&str; 6] = ["sleep", "think", "wait_time", "think-time", "wait", "pace"];
    let is_of = |words: &[&str]| words.iter().any(|known| is_same(known, word));
    unit_of(word).or_else(|| is_of(&MILLISECONDS).then_some("ms")).or_else(|| is_of(&SECONDS).then_some("s"))
}

/// The time of a map such as `{ minutes: 5 }` or `{ value: 5, unit: minutes }`.
pub(crate) fn time_of_map(node: &Node) -> Option<String> {
    let entries = node.entries().filter(|entries| !entries.is_empty())?;
    let number =
        |node: &Node| node.text().map(|text| text.trim().to_owned()).filter(|text| bare_number(text).is_some());
    let text = match (node.get("value"), node.get("unit")) {
        (Some(value), Some(unit)) if entries.len() == 2 => format!("{} {}", number(value)?, unit.text()?),
        _ => {
            let parts = entries.iter().map(|entry| Some(format!("{} {}", number(&entry.value)?, entry.key)));
            parts.collect::<Option<Vec<String>>>()?.join(" ")
        }
    };
    match parse_duration(&text) {
        Ok(time) => Some(written_duration(time)),
        Err(error) => error.corrected,
    }
}

/// The range of a map such as `{ min: 1s, max: 3s }`; JMeter's timers have an offset and what is added to it.
pub(crate) fn range_of_map(node: &Node) -> Option<String> {
    let get = |words: &[&str]| {
        let entries = node.entries()?;
        entries.iter().find(|entry| words.iter().any(|word| is_same(word, &entry.key)))?.value.text()
    };
    if let [only] = node.entries()? {
        let is_range = ["uniform", "random", "between", "range"].iter().any(|word| is_same(word, &only.key));
        let is_constant = ["constant", "fixed"].iter().any(|word| is_same(word, &only.key));
        return match &only.value.kind {
            NodeKind::Map(_) if is_range => range_of_map(&only.value),
            NodeKind::Scalar { text, .. } if is_constant => with_its_unit(text),
            NodeKind::Map(_) | NodeKind::Scalar { .. } | NodeKind::List(_) => None,
        };
    }
    let of_kind =
        get(&["type", "distribution", "kind"]).is_none_or(|kind| ["uniform", "random", "range"].contains(&&**kind));
    let others = node.entries()?.iter().filter(|entry| !["type", "distribution", "kind"].contains(&&*entry.key));
    let only_two = of_kind && others.count() == 2;
    let ends = get(&["min", "from", "minimum", "low"]).zip(get(&["max", "to", "maximum", "high"]));
    if let Some((from, to)) = ends.filter(|_| only_two) {
        let range = guess_think_time(&format!("[{from}, {to}]"))?.corrected?;
        return ThinkTime::parse(&range).is_ok().then_some(range);
    }
    let normal = get(&["mean", "average", "constant_delay_offset"]).zip(get(&[
        "deviation",
        "standard_deviation",
        "stddev",
        "sigma",
    ]));
    if let Some((mean, deviation)) = normal.filter(|_| only_two) {
        let (mean, deviation) = (in_milliseconds(mean)?, in_milliseconds(deviation)?);
        return Some(format!("{{ normal: {{ mean: {mean}, deviation: {deviation} }} }}"));
    }
    let offset = get(&["constant_delay_offset", "offset", "delay_offset"]);
    let added = get(&["random_delay_maximum", "range", "random_delay"]);
    let in_ms = |text: &str| text.trim().parse::<u64>().ok();
    match offset.map(|text| in_ms(text)).zip(added.map(|text| in_ms(text))) {
        Some((Some(offset), Some(added))) if only_two => Some(format!("{offset}ms..{}ms", offset + added)),
        _ => None,
    }
}

/// A time that has its unit.
fn with_its_unit(text: &str) -> Option<String> {
    parse_duration(text).is_ok().then(|| text.trim().to_owned())
}

/// A time; without a unit it is in milliseconds, as JMeter's timers have it.
fn in_milliseconds(text: &str) -> Option<String> {
    let text = text.trim();
    match bare_number(text) {
        Some(number) => Some(format!("{number}ms")),
        None => parse_duration(text).is_ok().then(|| text.to_owned()),
    }
}

impl Lower<'_> {
    /// What the value that another tool's `word` has is for `key`.
    pub(super) fn meant_value(&self, key: &Key, word: &str, value: &Node) -> Meant {
        let text = value.text().map(|text| text.trim());
        if text.is_some_and(|text| text.contains("${")) || value.alias.is_some() {
            return if key.ty.has_shape_of(value) { Meant::AsWritten } else { Meant::Unknown };
        }
        match &key.ty {
            Ty::Duration => match text {
                Some(text) => time(key.name, word, text),
                None => time_of_map(value).map_or(Meant::Unknown, Meant::Is),
            },
            Ty::ThinkTime => match &value.kind {
                NodeKind::Scalar { text, .. } => think_time(word, text.trim()),
                NodeKind::List(_) => match self.in_one_line(value).and_then(guess_think_time) {
                    Some(problem) => problem.corrected.map_or(Meant::Ask(problem.help), Meant::Is),
                    None => Meant::Unknown,
                },
                NodeKind::Map(_) => range_of_map(value).map_or(Meant::AsWritten, Meant::Is),
            },
            Ty::Count(least) => match text {
                Some(text) if text.parse::<u64>().is_ok_and(|count| count >= *least) => Meant::AsWritten,
                Some(text) => match guessed_count(text) {
                    Some(count) if count.parse::<u64>().is_ok_and(|count| count >= *least) => Meant::Is(count),
                    _ => Meant::Unknown,
                },
                None => Meant::Unknown,
            },
            Ty::Rate => text.map_or(Meant::Unknown, |text| rate(word, text)),
            Ty::Size => text.map_or(Meant::Unknown, |text| read_or(parse_size(text))),
            Ty::Share => text.map_or(Meant::Unknown, |text| read_or(parse_share(text))),
            Ty::Bool => match text.map(str::to_ascii_lowercase).as_deref() {
                Some("true" | "false") if text.is_some_and(|text| !text.starts_with(char::is_uppercase)) => {
                    Meant::AsWritten
                }
                Some("true" | "yes" | "on" | "1") => Meant::Is("true".into()),
                Some("false" | "no" | "off" | "0") => Meant::Is("false".into()),
                _ => Meant::Unknown,
            },
            Ty::Enum(words) => match text {
                Some(text) if words.iter().any(|(known, _)| *known == text) => Meant::AsWritten,
                Some(text) => meant_word(key, text).map_or(Meant::Unknown, |word| Meant::Is(word.into())),
                None => Meant::Unknown,
            },
            Ty::List(Ty::Name) => match text {
                Some(text) if !text.is_empty() => Meant::Is(list_of(text)),
                _ if value.items().is_some() => Meant::AsWritten,
                _ => Meant::Unknown,
            },
            Ty::Thresholds => match self.threshold_list(value) {
                Some(list) => Meant::Is(list),
                None if value.items().is_some() => Meant::AsWritten,
                None => Meant::Unknown,
            },
            Ty::Either(types) => {
                let fits = types.iter().find(|ty| ty.has_shape_of(value));
                match fits {
                    Some(Ty::Count(least)) => {
                        let inner = Key { ty: Ty::Count(*least), ..Key::new(key.name, Ty::Any, "", "") };
                        self.meant_value(&inner, word, value)
                    }
                    Some(_) => Meant::AsWritten,
                    None => Meant::Unknown,
                }
            }
            // A server's name alone is no URL.
            Ty::Text if key.name == "base_url" => match text {
                Some(text) if !text.is_empty() && !text.contains("://") => Meant::Is(format!("http://{text}")),
                Some(_) => Meant::AsWritten,
                None => Meant::Unknown,
            },
            Ty::Text
            | Ty::Name
            | Ty::Expression
            | Ty::Path
            | Ty::Any
            | Ty::Section(_)
            | Ty::Map(_)
            | Ty::List(_)
            | Ty::Null
            | Ty::Steps
            | Ty::Matcher
            | Ty::TimeMatcher
            | Ty::Assertions
            | Ty::Extractors => {
                if key.ty.has_shape_of(value) {
                    Meant::AsWritten
                } else {
                    Meant::Unknown
                }
            }
        }
    }

    /// A list of thresholds in brackets that a map or a text stands for.
    pub(super) fn threshold_list(&self, value: &Node) -> Option<String> {
        let list = |items: Vec<String>| (!items.is_empty()).then(|| format!("[{}]", items.join(", ")));
        match &value.kind {
            NodeKind::Scalar { text, .. } => {
                let parts = text.split([',', ';']).map(|part| threshold(part.trim()));
                list(parts.collect::<Option<_>>()?)
            }
            NodeKind::Map(entries) => {
                let entries = match value.get("thresholds").and_then(Node::items) {
                    // Artillery's `ensure` has a list of maps.
                    Some(items) if entries.len() == 1 => items.iter().filter_map(Node::entries).flatten().collect(),
                    _ => entries.iter().collect::<Vec<_>>(),
                };
                let mut all = Vec::new();
                for entry in entries {
                    match &entry.value.kind {
                        NodeKind::Scalar { text, .. } => all.push(Condition::of_entry(&entry.key, text)?),
                        NodeKind::List(items) => {
                            for item in items {
                                all.push(Condition::of_entry(&entry.key, item.text()?)?);
                            }
                        }
                        // `response_time: { p95: 500ms }`
                        NodeKind::Map(inside) => {
                            for limit in inside {
                                let metric = format!("{} {}", entry.key, limit.key);
                                all.push(Condition::of_entry(&metric, limit.value.text()?)?);
                            }
                        }
                    }
                }
                list(all)
            }
            NodeKind::List(items) => {
                // A list that is in our form stays as it is.
                let texts: Vec<&str> =
                    items.iter().map(|item| item.text().map(|text| text.trim())).collect::<Option<_>>()?;
                if texts.iter().all(|text| Condition::parse(text).is_ok()) {
                    return None;
                }
                list(texts.into_iter().map(threshold).collect::<Option<_>>()?)
            }
        }
    }
}

/// A threshold as it can be read.
fn threshold(text: &str) -> Option<String> {
    match Condition::parse(text) {
        Ok(_) => Some(text.to_owned()),
        Err(error) => error.corrected,
    }
}

/// The names of a text with commas, in brackets.
fn list_of(text: &str) -> String {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let plain = |name: &str| name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let written: Vec<String> = names.map(|name| if plain(name) { name.to_owned() } else { quoted(name) }).collect();
    format!("[{}]", written.join(", "))
}

fn read_or<T>(read: Result<T, crate::problem::Problem>) -> Meant {
    match read {
        Ok(_) => Meant::AsWritten,
        Err(error) => error.corrected.map_or(Meant::Unknown, Meant::Is),
    }
}

fn time(key: &str, word: &str, text: &str) -> Meant {
    let with_unit = bare_number(text).zip(usual_unit(word)).map(|(number, unit)| format!("{number}{unit}"));
    if let Some(whole) = with_unit.filter(|whole| parse_duration(whole).is_ok()) {
        return Meant::Is(whole);
    }
    match parse_duration(text) {
        Ok(_) => Meant::AsWritten,
        Err(error) => match error.corrected.or_else(|| load_seconds(key, text)) {
            Some(meant) => Meant::Is(meant),
            None if !error.help.is_empty() => Meant::Ask(error.help),
            None => Meant::Unknown,
        },
    }
}

fn think_time(word: &str, text: &str) -> Meant {
    let with_unit = bare_number(text).zip(usual_unit(word)).map(|(number, unit)| format!("{number}{unit}"));
    if let Some(whole) = with_unit.filter(|whole| parse_duration(whole).is_ok()) {
        return Meant::Is(whole);
    }
    match ThinkTime::parse(text) {
        Ok(_) => Meant::AsWritten,
        Err(error) => match error.corrected {
            Some(meant) => Meant::Is(meant),
            None if !error.help.is_empty() => Meant::Ask(error.help),
            None => Meant::Unknown,
        },
    }
}

fn rate(word: &str, text: &str) -> Meant {
    // JMeter's timer counts samples in a minute.
    let per_minute = is_same(word, "constant_throughput_timer") || unit_of(word) == Some("m");
    if let Some(number) = bare_number(text).filter(|_| per_minute) {
        return Meant::Is(format!("{number}/m"));
    }
    read_or(parse_rate(text))
}

/// The sum of two times, as a plan writes it.
pub(super) fn sum(one: &str, other: &str) -> Option<String> {
    let (one, other): (Duration, Duration) = (parse_duration(one).ok()?, parse_duration(other).ok()?);
    Some(written_duration(one + other))
}
