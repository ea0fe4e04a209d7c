//! Assertions in words, and their values: `200 or 302`, `< 500ms`, `status == 200`.

use super::given::{Given, Unit, time};
use super::values::{matched, operator, unquoted};
use super::{plain, text_value};
use crate::units::parse_size;
use crate::yaml::NodeKind;

pub(super) fn scalar_or_list(given: &Given<'_>) -> Option<String> {
    let is_map = matches!(given.node.kind, NodeKind::Map(_));
    let texts = given.node.items().unwrap_or_default().iter().all(|item| item.text().is_some());
    given.flow.clone().filter(|_| !is_map && texts && (given.text.is_some() || !given.items.is_empty()))
}

/// A status, a list of them, a class or a matcher, from what people write for it.
pub(super) fn status(given: &Given<'_>) -> Option<String> {
    match given.text.as_deref() {
        Some(text) => status_text(text).or_else(|| given.flow.clone()),
        None => given.flow.clone(),
    }
}

pub(super) fn is_status(text: &str) -> bool {
    text.len() == 3 && text.parse::<u16>().is_ok_and(|status| (100..=599).contains(&status))
}

/// A status as text; `None` where it is right as it is, or nothing is known of it.
pub(super) fn status_text(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some((matcher, value)) = operator(text)
        && is_status(value)
    {
        return Some(matched(matcher, value));
    }
    let lower = text.to_ascii_lowercase();
    let class = lower.chars().next().filter(|c| ('1'..='5').contains(c));
    if let Some(class) = class
        && lower.len() == 3
        && matches!(&lower[1..], "xx" | "**" | "..")
    {
        return (lower != text || !lower.ends_with("xx")).then(|| format!("{class}xx"));
    }
    match lower.as_str() {
        "ok" => return Some("200".into()),
        "created" => return Some("201".into()),
        "no content" => return Some("204".into()),
        "not found" => return Some("404".into()),
        "success" | "successful" | "is_success" | "any 2xx" => return Some("2xx".into()),
        _ => {}
    }
    let parts: Vec<&str> = lower
        .split([',', '|', '/', ' ', ';'])
        .filter(|part| !part.is_empty() && !matches!(*part, "or" | "and"))
        .collect();
    if parts.len() > 1 && parts.iter().all(|part| is_status(part)) {
        return Some(format!("[{}]", parts.join(", ")));
    }
    if let Some((first, words)) = lower.split_once(' ')
        && is_status(first)
        && words.chars().all(|c| c.is_alphabetic() || c == ' ')
        && !words.contains(" or ")
    {
        return Some(first.to_owned());
    }
    let (from, to) = lower.split_once("..").or_else(|| lower.split_once('-')).or_else(|| lower.split_once(" to "))?;
    let (from, to) = (from.trim(), to.trim());
    if !is_status(from) || !is_status(to) {
        return None;
    }
    let whole = from.ends_with("00") && to.ends_with("99") && from[..1] == to[..1];
    Some(if whole { format!("{}xx", &from[..1]) } else { format!("{{ at_least: {from}, at_most: {to} }}") })
}

/// A time with its operator as a matcher.
pub(super) fn measured(given: &Given<'_>, usual: &str) -> Option<String> {
    let text = given.text.as_deref()?;
    let (matcher, value) = operator(text).unwrap_or((usual, text));
    let matcher = if matcher.is_empty() { "equals" } else { matcher };
    Some(format!("{{ {matcher}: {} }}", time(value.trim_end_matches(" max").trim(), Unit::Milliseconds)?))
}

/// A size with its operator as a matcher.
pub(super) fn sized(given: &Given<'_>, usual: &str) -> Option<String> {
    let text = given.text.as_deref()?;
    let (matcher, value) = operator(text).unwrap_or((usual, text));
    let matcher = if matcher.is_empty() { "equals" } else { matcher };
    let value = if value.parse::<u64>().is_ok() { format!("{value}B") } else { value.to_owned() };
    parse_size(&value).ok()?;
    Some(format!("{{ {matcher}: {value} }}"))
}

/// `header: Content-Type` and `header: 'Content-Type: text/html'`.
pub(super) fn header_named(given: &Given<'_>) -> Option<String> {
    let text = given.text.as_deref()?;
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match text.split_once([':', '=']) {
        Some((name, value)) if is_name(name.trim()) && !value.trim().is_empty() => {
            Some(format!("header: {{ {}: {} }}", name.trim(), plain(value.trim())))
        }
        Some(_) => None,
        None => is_name(text).then(|| format!("header: {{ {text}: {{ exists: true }} }}")),
    }
}

/// `$.a`, `$.a == 3`, `$.a > 3`.
pub(super) fn json_text(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.starts_with('$') {
        return None;
    }
    let at = ["==", "!=", ">=", "<=", " > ", " < ", " = ", " is ", " contains ", ": "]
        .iter()
        .filter_map(|sign| text.find(sign))
        .min();
    let Some(at) = at else {
        return (!text.contains(' ')).then(|| format!("json: {{ {}: {{ exists: true }} }}", plain(text)));
    };
    let (path, rest) = text.split_at(at);
    let rest = rest.trim().trim_start_matches(':').trim();
    let (matcher, value) = operator(rest).unwrap_or(("", rest));
    (!value.is_empty()).then(|| format!("json: {{ {}: {} }}", plain(path.trim()), matched(matcher, value)))
}

/// An assertion in words, as a map: `status == 200`, `body contains Welcome`, `pm.response.to.have.status(200)`.
pub(super) fn of_text(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.contains("${") || text.contains('\n') {
        return None;
    }
    for start in
        ["pm.response.to.have.status(", "pm.expect(pm.response.code).to.equal(", "pm.expect(pm.response.code).to.eql("]
    {
        if let Some(status) = text.strip_prefix(start).and_then(|rest| rest.trim_end_matches(';').strip_suffix(')')) {
            return Some(format!("{{ status: {status} }}"));
        }
    }
    let text = text.rsplit("=>").next().unwrap_or(text).trim();
    if is_status(text)
        || status_text(text).is_some_and(|status| status.ends_with("xx"))
        || text.ends_with("xx") && text.len() == 3
    {
        return Some(format!("{{ status: {} }}", status_text(text).unwrap_or_else(|| text.to_owned())));
    }
    if text.starts_with('$') {
        return Some(format!("{{ {} }}", json_text(text)?));
    }
    let subject = |names: &[&str]| {
        names.iter().find_map(|name| {
            let rest = text.strip_prefix(name)?;
            rest.starts_with([' ', '=', '<', '>', '!', ':']).then(|| rest.trim_start_matches(':').trim())
        })
    };
    if let Some(rest) = subject(&[
        "response.status_code",
        "response.status",
        "res.status",
        "r.status",
        "status_code",
        "status code",
        "statusCode",
        "status",
        "code",
    ]) {
        let (matcher, value) = operator(rest).unwrap_or(("", rest));
        if is_status(value) {
            return Some(format!("{{ status: {} }}", matched(matcher, value)));
        }
        return status_text(value).map(|status| format!("{{ status: {status} }}"));
    }
    if let Some(rest) = subject(&["response_time", "responseTime", "response time", "duration", "time"]) {
        let (matcher, value) = operator(rest)?;
        let matcher = if matcher.is_empty() { "equals" } else { matcher };
        return Some(format!("{{ response_time: {{ {matcher}: {} }} }}", time(value, Unit::Milliseconds)?));
    }
    let rest = subject(&["response.body", "response.text", "response body", "response", "body", "page", "text"])
        .unwrap_or(text);
    if let Some((matcher, value)) = operator(rest).filter(|(matcher, _)| {
        matches!(*matcher, "contains" | "not_contains" | "matches" | "starts_with" | "ends_with")
    }) {
        return Some(format!("{{ body: {} }}", matched(matcher, value)));
    }
    let is_words = text.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '!' | ',' | '.' | '\'' | '?'));
    let is_sentence = is_words && !text.contains(" is ") && text.chars().any(char::is_alphabetic);
    (rest == text && is_sentence).then(|| format!("{{ body: {{ contains: {} }} }}", text_value(unquoted(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_read_as_they_are_written() {
        for (text, written) in [
            ("200", None),
            ("2xx", None),
            ("200 or 302", Some("[200, 302]")),
            ("200,302", Some("[200, 302]")),
            ("200 OK", Some("200")),
            ("200-299", Some("2xx")),
            ("200-204", Some("{ at_least: 200, at_most: 204 }")),
            ("< 400", Some("{ below: 400 }")),
            ("2XX", Some("2xx")),
            ("not 500", Some("{ not_equals: 500 }")),
            ("fine", None),
        ] {
            assert_eq!(status_text(text).as_deref(), written, "{text}");
        }
    }

    #[test]
    fn sentences_are_assertions() {
        for (text, written) in [
            ("200", Some("{ status: 200 }")),
            ("status == 200", Some("{ status: 200 }")),
            ("status < 400", Some("{ status: { below: 400 } }")),
            ("body contains Welcome", Some("{ body: { contains: Welcome } }")),
            ("r => r.status === 200", Some("{ status: 200 }")),
            ("$.a >= 3", Some("{ json: { $.a: { at_least: 3 } } }")),
            ("total > 3", None),
        ] {
            assert_eq!(of_text(text).as_deref(), written, "{text}");
        }
    }
}
