//! Values in another shape: lists of names and values, `a=b&c=d`, numbers with an operator.

use super::given::Given;
use super::{plain, text_value};
use crate::threshold::Condition;
use crate::yaml::NodeKind;

const NAMES: &[&str] = &["name", "key", "field", "header", "parameter", "param", "column"];
const VALUES: &[&str] = &["value", "val", "content", "text"];

/// The map that a list of names and values, a list of maps or a text stands for; `None` for a map.
pub(super) fn map_of(given: &Given<'_>) -> Option<String> {
    let pairs = match &given.node.kind {
        NodeKind::Map(_) => return None,
        NodeKind::List(items) => {
            let item = |(at, item): (usize, &crate::yaml::Node)| {
                if let Some(text) = item.text() {
                    return pair_of(text);
                }
                let row = given.rows.get(at)?;
                let find =
                    |words: &[&str]| row.iter().find(|(key, _)| words.contains(&key.to_ascii_lowercase().as_str()));
                match (row.as_slice(), find(NAMES), find(VALUES)) {
                    ([_, _], Some((_, name)), Some((_, value))) => Some((name.clone(), value.clone())),
                    ([(name, value)], _, _) => Some((plain(name), value.clone())),
                    _ => None,
                }
            };
            items.iter().enumerate().map(item).collect::<Option<Vec<_>>>()?
        }
        NodeKind::Scalar { text, .. } => {
            let text = text.trim().trim_start_matches('?');
            if text.is_empty() || text.starts_with("${") {
                return None;
            }
            let parts = if text.contains('=') { text.split('&') } else { text.split('\n') };
            parts.map(pair_of).collect::<Option<Vec<_>>>()?
        }
    };
    let twice = pairs.iter().enumerate().any(|(at, (name, _))| pairs.iter().take(at).any(|(known, _)| known == name));
    if pairs.is_empty() || twice {
        return None;
    }
    Some(braces(&pairs))
}

/// `a=b` or `A: b`.
fn pair_of(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once(": ").or_else(|| text.split_once('='))?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = !name.is_empty() && !name.contains([' ', '$', '{', '}', '/']);
    // An encoded value would be encoded again.
    let is_encoded = !text.contains(": ") && value.contains('+') || value.contains('%');
    (is_name && !is_encoded).then(|| (plain(name), plain(value)))
}

/// A map of these pairs in braces.
pub(super) fn braces(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// The operators that values are written with, and the matchers they stand for. Longer ones come first.
const OPERATORS: &[(&str, &str)] = &[
    (">=", "at_least"),
    ("=>", "at_least"),
    ("<=", "at_most"),
    ("=<", "at_most"),
    ("!=", "not_equals"),
    ("<>", "not_equals"),
    ("===", ""),
    ("==", ""),
    (">", "above"),
    ("<", "below"),
    ("=", ""),
    ("at least ", "at_least"),
    ("at most ", "at_most"),
    ("more than ", "above"),
    ("greater than ", "above"),
    ("less than ", "below"),
    ("under ", "below"),
    ("below ", "below"),
    ("over ", "above"),
    ("above ", "above"),
    ("is not ", "not_equals"),
    ("not ", "not_equals"),
    ("equals ", ""),
    ("is ", ""),
    ("contains ", "contains"),
    ("not contains ", "not_contains"),
    ("starts with ", "starts_with"),
    ("ends with ", "ends_with"),
    ("matches ", "matches"),
];

/// An operator at the start of a text, and what stands after it: the matcher (empty for equality) and its value.
pub(super) fn operator(text: &str) -> Option<(&'static str, &str)> {
    let (sign, matcher) = OPERATORS.iter().find(|(sign, _)| text.starts_with(sign))?;
    let value = text[sign.len()..].trim();
    (!value.is_empty()).then_some((*matcher, value))
}

/// Whether a text begins with a sign, and a number or a unit follows: nobody expects that very text.
pub(super) fn compares(text: &str) -> Option<(&'static str, &str)> {
    let (matcher, value) = operator(text).filter(|_| text.starts_with(['<', '>', '=', '!']))?;
    let digits = value.trim_start_matches('-');
    let is_value = matches!(matcher, "" | "not_equals") && !value.contains(['<', '>', '='])
        || digits.starts_with(|c: char| c.is_ascii_digit()) && digits.len() <= 24;
    is_value.then_some((matcher, value))
}

/// The matcher for an operator and a value, or the value alone.
pub(super) fn matched(matcher: &str, value: &str) -> String {
    let value = match matcher {
        "contains" | "not_contains" | "starts_with" | "ends_with" | "matches" => text_value(unquoted(value)),
        _ if unquoted(value) != value => text_value(unquoted(value)),
        _ => plain(value),
    };
    if matcher.is_empty() { value } else { format!("{{ {matcher}: {value} }}") }
}

/// A text without the quotes around it.
pub(super) fn unquoted(text: &str) -> &str {
    ['\'', '"']
        .iter()
        .find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote).filter(|inner| !inner.contains(*quote)))
        .unwrap_or(text)
}

/// A threshold for a metric whose limit is written with or without its operator.
pub(super) fn threshold(metric: &str, limit: &str) -> Option<String> {
    let limit = limit.trim();
    let text = match limit.chars().next()? {
        '<' | '>' | '=' => format!("{metric} {limit}"),
        _ => format!("{metric} < {limit}"),
    };
    match Condition::parse(&text) {
        Ok(_) => Some(text),
        Err(problem) => problem.corrected,
    }
}

/// A share under a word of another tool in percent: `0.3`, `30`, `30%` and `30 percent` are `30`. Only what is called a
/// percentage is one below 1, too.
pub(super) fn percent(word: &str, text: &str) -> Option<String> {
    let number = text.trim_end_matches("percent").trim().trim_end_matches('%').trim();
    let value: f64 = number.parse().ok()?;
    let is_percent =
        text.contains('%') || text.contains("percent") || word.contains("percent") || word.contains("throughput");
    let value = if !is_percent && value <= 1.0 { (value * 100.0 * 1e6).round() / 1e6 } else { value };
    (0.0..=100.0).contains(&value).then(|| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percentages() {
        for (word, text, written) in [
            ("probability", "0.3", Some("30")),
            ("probability", "1", Some("100")),
            ("probability", "30", Some("30")),
            ("probability", "0.5%", Some("0.5")),
            ("percent", "1", Some("1")),
            ("percent", "30 percent", Some("30")),
            ("percent", "x", None),
            ("percent", "400", None),
        ] {
            assert_eq!(percent(word, text).as_deref(), written, "{text}");
        }
    }

    #[test]
    fn operators_are_matchers() {
        for (text, written) in [
            (">= 20", Some("{ at_least: 20 }")),
            ("<5", Some("{ below: 5 }")),
            ("== 3", Some("3")),
            ("!= abc", Some("{ not_equals: abc }")),
            ("> 1.5s", Some("{ above: 1.5s }")),
            ("<b>bold</b>", None),
            ("> all", None),
            ("=", None),
        ] {
            assert_eq!(compares(text).map(|(matcher, value)| matched(matcher, value)).as_deref(), written, "{text}");
        }
    }
}
