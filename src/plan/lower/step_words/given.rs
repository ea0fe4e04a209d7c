//! A key with its value as somebody wrote them, for the functions that translate values.

use crate::plan::lower::Lower;
use crate::units::parse_duration;
use crate::yaml::{Entry, Node, NodeKind};

/// What was written.
pub(crate) struct Given<'n> {
    /// The value.
    pub(super) node: &'n Node,
    /// The key as it is written.
    pub(super) key: &'n str,
    /// A scalar's text, without spaces around it.
    pub(super) text: Option<String>,
    /// The value as it can be written within braces.
    pub(super) flow: Option<String>,
    /// The entries of a map, each with its value as it can be written within braces.
    pub(super) pairs: Vec<(String, String)>,
    /// The items of a list likewise.
    pub(super) items: Vec<String>,
    /// The maps in a list likewise.
    pub(super) rows: Vec<Vec<(String, String)>>,
    /// All of the map that it stands in.
    pub(super) beside: &'n [Entry],
}

impl<'n> Given<'n> {
    pub(super) fn of(lower: &Lower<'_>, entry: &'n Entry, beside: &'n [Entry]) -> Self {
        let mut given = Self::value(lower, &entry.value);
        given.key = &entry.key;
        given.beside = beside;
        given
    }

    pub(super) fn value(lower: &Lower<'_>, node: &'n Node) -> Self {
        let flow = lower.flow(node);
        let pairs = |node: &Node| {
            let entries = node.entries().unwrap_or_default().iter();
            entries.filter_map(|one| Some((one.key.to_string(), lower.flow(&one.value)?))).collect::<Vec<_>>()
        };
        let items = node.items().unwrap_or_default();
        let rows = items.iter().map(pairs).collect();
        let items = items.iter().filter_map(|one| lower.flow(one));
        let text = node.text().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Self { node, key: "", text, flow, pairs: pairs(node), items: items.collect(), rows, beside: &[] }
    }

    /// The value of a key of the map, by any of these words in one spelling.
    pub(super) fn pair(&self, words: &[&str]) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| words.contains(&one_spelling(key).as_str())).map(|(_, value)| value.as_str())
    }

    /// Whether the map has no key but these.
    pub(super) fn has_only(&self, words: &[&str]) -> bool {
        matches!(self.node.kind, NodeKind::Map(_))
            && !self.pairs.is_empty()
            && self.pairs.len() == self.node.entries().map_or(0, <[Entry]>::len)
            && self.pairs.iter().all(|(key, _)| words.contains(&one_spelling(key).as_str()))
    }

    /// A number of `unit`, or a time with its unit, as a time.
    pub(super) fn time(&self, unit: Unit) -> Option<String> {
        let text = self.text.as_deref()?;
        time(text, unit)
    }

    /// Whether it says yes; `None` if it is neither yes nor no.
    pub(super) fn truth(&self) -> Option<bool> {
        match self.text.as_deref()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" | "always" | "enabled" => Some(true),
            "false" | "no" | "off" | "n" | "never" | "disabled" => Some(false),
            _ => None,
        }
    }

    /// A whole number.
    pub(super) fn count(&self) -> Option<u64> {
        self.text.as_deref()?.parse().ok()
    }
}

/// What a number without a unit counts.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unit {
    /// As JMeter's timers and timeouts, and Artillery's.
    Milliseconds,
    /// As `sleep` of most languages.
    Seconds,
}

/// A time with its unit.
pub(super) fn time(text: &str, unit: Unit) -> Option<String> {
    if parse_duration(text).is_ok() || text.contains("${") {
        return Some(text.to_owned());
    }
    let number: f64 = text.parse().ok().filter(|number| *number > 0.0 && *number < 1e9)?;
    Some(match unit {
        Unit::Milliseconds if number % 1000.0 == 0.0 => format!("{}s", number / 1000.0),
        Unit::Milliseconds => format!("{number}ms"),
        Unit::Seconds if number.fract() != 0.0 => format!("{}ms", (number * 1000.0).round()),
        Unit::Seconds => format!("{number}s"),
    })
}

/// A word in one spelling: `Number of Threads`, `numberOfThreads` and `number-of-threads` are `number_of_threads`.
pub(crate) fn one_spelling(word: &str) -> String {
    let letters: Vec<char> = word.chars().take(80).collect();
    let mut spelled = String::with_capacity(letters.len() + 4);
    for (at, c) in letters.iter().enumerate() {
        if !c.is_alphanumeric() {
            if !spelled.ends_with('_') && !spelled.is_empty() {
                spelled.push('_');
            }
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| letters.get(before));
        let begins = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_uppercase() && letters.get(at + 1).is_some_and(|next| next.is_lowercase())
            });
        if begins && !spelled.ends_with('_') {
            spelled.push('_');
        }
        spelled.extend(c.to_lowercase());
    }
    spelled.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_one_spelling() {
        for (word, spelled) in [
            ("Number of Threads (users)", "number_of_threads_users"),
            ("numberOfThreads", "number_of_threads"),
            ("HTTP Request", "http_request"),
            ("HTTPSampler", "http_sampler"),
            ("x-www-form-urlencoded", "x_www_form_urlencoded"),
            ("get", "get"),
            ("GET", "get"),
            ("__", ""),
        ] {
            assert_eq!(one_spelling(word), spelled);
        }
    }

    #[test]
    fn numbers_become_times() {
        for (text, unit, written) in [
            ("300", Unit::Milliseconds, Some("300ms")),
            ("5000", Unit::Milliseconds, Some("5s")),
            ("2", Unit::Seconds, Some("2s")),
            ("0.5", Unit::Seconds, Some("500ms")),
            ("2m", Unit::Milliseconds, Some("2m")),
            ("soon", Unit::Seconds, None),
            ("-1", Unit::Seconds, None),
        ] {
            assert_eq!(time(text, unit).as_deref(), written, "{text}");
        }
    }
}
