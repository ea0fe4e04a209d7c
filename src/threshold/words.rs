//! Thresholds in the words of people and of other tools: `95th percentile under 500ms`, `avg-rt>1s`,
//! `global.responseTime.max.lt(500)`. A guess is made only where every word is known.

use super::{Condition, Metric, Operator, settled};

/// What an operator is called, longest first.
const SIGNS: [(&str, &str); 31] = [
    (" is less than or equal to ", "<="),
    (" less than or equal to ", "<="),
    (" greater than or equal to ", ">="),
    (" must not exceed ", "<="),
    (" does not exceed ", "<="),
    (" no more than ", "<="),
    (" not more than ", "<="),
    (" no less than ", ">="),
    (" not less than ", ">="),
    (" at most ", "<="),
    (" at least ", ">="),
    (" less than ", "<"),
    (" lower than ", "<"),
    (" smaller than ", "<"),
    (" faster than ", "<"),
    (" greater than ", ">"),
    (" higher than ", ">"),
    (" more than ", ">"),
    (" below ", "<"),
    (" under ", "<"),
    (" within ", "<="),
    (" up to ", "<="),
    (" above ", ">"),
    (" over ", ">"),
    (" maximum ", "<="),
    (" minimum ", ">="),
    ("≤", "<="),
    ("≥", ">="),
    (" lt ", "<"),
    (" lte ", "<="),
    (" gt ", ">"),
];

/// The threshold that is meant; it may lack a unit.
pub(super) fn guess(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    if matches!(text.as_str(), "no errors" | "0 errors" | "zero errors" | "no failures" | "no errors at all") {
        return Some("errors == 0".into());
    }
    let (text, fails) = without_consequence(&text);
    let (left, sign, right) = parts(text)?;
    let (figure, sign, right) = if left.starts_with(|c: char| c.is_ascii_digit()) && metric(left, "").is_none() {
        // `500ms > p95`
        let turned = match sign {
            "<" => ">",
            "<=" => ">=",
            ">" => "<",
            ">=" => "<=",
            sign => sign,
        };
        (right, turned, left)
    } else {
        (left, sign, right)
    };
    let right = right.trim().trim_end_matches('.');
    let (metric, successes) = metric(figure, right)?;
    let sign = match (sign, fails) {
        ("<", true) => ">=",
        ("<=", true) => ">",
        (">", true) => "<=",
        (">=", true) => "<",
        (sign, _) => sign,
    };
    if successes {
        let share = settled(format!("error_rate {sign} {right}"))?;
        let share = share.rsplit(' ').next()?.trim_end_matches('%').parse::<f64>().ok()?;
        let sign = match sign {
            ">" => "<",
            ">=" => "<=",
            "==" => "==",
            _ => return None,
        };
        return Some(format!("error_rate {sign} {}%", ((100.0 - share) * 1e6).round() / 1e6));
    }
    if sign.is_empty() {
        let rises = Condition::read(&format!("{metric} < {right}"))
            .ok()
            .or_else(|| settled(format!("{metric} < {right}")).and_then(|text| Condition::read(&text).ok()))?;
        let at_most = match rises.operator {
            Operator::Less => rises.metric.rises()?,
            Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual | Operator::Equal => false,
        };
        return Some(format!("{metric} {} {right}", if at_most { "<" } else { ">" }));
    }
    Some(format!("{metric} {sign} {right}"))
}

/// The thresholds of a text that holds several, each as it can be read and in backticks.
pub(super) fn several(text: &str) -> Option<Vec<String>> {
    let sign = [" and ", "&&", ";", ", ", ","].into_iter().find(|sign| text.contains(sign))?;
    let parts = text.split(sign).map(str::trim).filter(|part| !part.is_empty());
    let read = |part: &str| {
        let readable = Condition::read(part).map(|_| part.to_owned());
        let text = readable.or_else(|error| guess(part).or(error.corrected).and_then(settled).ok_or(()));
        text.ok().map(|text| format!("`- {text}`"))
    };
    let parts: Vec<String> = parts.map(read).collect::<Option<_>>()?;
    (parts.len() > 1).then_some(parts)
}

/// Without what Taurus says happens then; and whether the condition says what fails a run, as Taurus' does.
fn without_consequence(text: &str) -> (&str, bool) {
    let mut fails = text.contains("-rt") || text.starts_with("fail of ") || text.starts_with("fail>");
    let mut text = text;
    for (sign, is_taurus) in [(", stop as", true), (", continue as", true), (" for ", false), (" over ", false)] {
        if let Some((condition, _)) = text.split_once(sign).filter(|(before, _)| before.contains(['<', '>', '='])) {
            text = condition.trim();
            fails |= is_taurus;
        }
    }
    (text, fails)
}

/// The figure, the operator (empty where there is none) and the limit.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    if let Some(at) = text.find(['<', '>', '=']) {
        let rest = &text[at..];
        let end = rest.find(|c| !matches!(c, '<' | '>' | '=')).unwrap_or(rest.len());
        let sign = match &rest[..end] {
            "=" => "==",
            "=<" => "<=",
            "=>" => ">=",
            sign @ ("<" | "<=" | ">" | ">=" | "==") => sign,
            _ => return None,
        };
        return Some((text[..at].trim(), sign, rest[end..].trim()));
    }
    // `max.lt(500)`
    for (call, sign) in [(".lt(", "<"), (".lte(", "<="), (".gt(", ">"), (".gte(", ">="), (".is(", "==")] {
        if let Some((figure, limit)) = text.split_once(call) {
            return Some((figure, sign, limit.trim_end_matches(')')));
        }
    }
    if let Some((words, sign)) = SIGNS.iter().find(|(words, _)| text.contains(words)) {
        let (figure, limit) = text.split_once(words)?;
        return Some((figure.trim(), sign, limit.trim()));
    }
    let (figure, limit) = match text.split_once(':') {
        Some(halves) => halves,
        None => text.rsplit_once(' ').filter(|(_, limit)| limit.starts_with(|c: char| c.is_ascii_digit()))?,
    };
    Some((figure.trim(), "", limit.trim()))
}

/// The metric that words stand for, and whether they count what succeeds. `limit` says whether errors are meant as
/// a number or as a share.
fn metric(figure: &str, limit: &str) -> Option<(String, bool)> {
    const FILLERS: [&str; 27] = [
        "ms",
        "millis",
        "milliseconds",
        "the",
        "of",
        "all",
        "response",
        "responses",
        "time",
        "times",
        "request",
        "requests",
        "duration",
        "rt",
        "global",
        "responsetime",
        "http",
        "req",
        "http_req_duration",
        "is",
        "must",
        "should",
        "be",
        "stays",
        "to",
        "has",
        "overall",
    ];
    let words = figure.replace("http_req_duration", "http req duration").replace("first_byte", "ttfb");
    let is_sign = |c: char| !c.is_alphanumeric() && !matches!(c, '.' | '%');
    // A dot joins words, as in `http.response_time`, or is one of a number.
    let joins = |word: &str| {
        word.match_indices('.').any(|(at, _)| {
            !word[at + 1..].starts_with(|c: char| c.is_ascii_digit())
                || !word[..at].ends_with(|c: char| c.is_ascii_digit())
        })
    };
    let parts = |word: &'_ str| -> Vec<String> {
        let parts: Vec<&str> = if joins(word) { word.split('.').collect() } else { vec![word] };
        parts.into_iter().filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let words: Vec<String> = words.split(is_sign).flat_map(parts).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut phase = None;
    let mut found = None;
    let mut share =
        limit.ends_with('%') || limit.parse::<f64>().is_ok_and(|number| number < 1.0 && limit.contains('.'));
    let (mut errors, mut successes, mut count, mut rate, mut requests) = (false, false, false, false, false);
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let percentile = |text: &str| {
            let digits = text.trim_start_matches("percentile").trim_start_matches("perc").trim_start_matches("pct");
            let digits = digits.trim_start_matches('p').trim_end_matches("th").trim_end_matches('%');
            let number = digits.parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= 100.0)?;
            (digits.len() < text.len()).then(|| format!("p{number}"))
        };
        match word {
            "avg" | "average" | "mean" => found = Some("mean".to_owned()),
            "median" | "med" => found = Some("p50".into()),
            "max" | "maximum" => found = Some("max".into()),
            "min" | "minimum" => found = Some("min".into()),
            "stddev" | "stdev" => found = Some("stddev".into()),
            "percentile" | "pct" | "p" | "perc" | "line" => {
                if let Some(next) = words.peek().and_then(|next| percentile(&format!("p{next}"))) {
                    found = Some(next);
                    words.next();
                } else {
                    found.as_ref()?;
                }
            }
            "ttfb" | "latency" => phase = Some("first_byte"),
            "connect" | "connecting" | "connection" => phase = Some("connect"),
            "dns" => phase = Some("dns"),
            "tls" | "handshaking" => phase = Some("tls"),
            "waiting" => phase = Some("first_byte"),
            "receiving" | "download" => phase = Some("download"),
            "error" | "errors" | "fail" | "failed" | "failure" | "failures" | "ko" | "failedrequests"
            | "maxerrorrate" => {
                errors = true;
                share |= word == "maxerrorrate";
            }
            "success" | "successes" | "successful" | "successfulrequests" | "succ" | "checks" | "passed" | "ok"
            | "availability" => successes = true,
            "rate" | "ratio" | "percent" | "percentage" | "share" | "%" => {
                share = true;
                rate = true;
            }
            "count" | "number" => count = true,
            "rps" | "tps" | "qps" | "throughput" | "hits" => found = Some("throughput".into()),
            "requestspersec" => found = Some("throughput".into()),
            "reqs" => requests = true,
            "per" | "s" | "sec" | "second" if words.peek().is_none() || word == "per" => {
                found = Some("throughput".into());
            }
            "iterations" => found = Some("iterations".into()),
            word if percentile(word).is_some() => found = percentile(word),
            word if word.parse::<f64>().is_ok() => {
                let next = words.peek().copied().unwrap_or_default();
                if !matches!(next, "percentile" | "pct" | "perc" | "line") {
                    return None;
                }
                found = percentile(&format!("p{word}"));
            }
            word if FILLERS.contains(&word) => requests |= word == "requests",
            _ => return None,
        }
    }
    if successes {
        return (!errors && share).then(|| ("error_rate".into(), true));
    }
    if errors {
        return Some((if share && !count { "error_rate" } else { "errors" }.into(), false));
    }
    if requests && found.is_none() && (rate || count) {
        return Some((if rate { "throughput" } else { "requests" }.into(), false));
    }
    let found = match (found, phase) {
        (Some(found), Some(phase)) if super::is_time(&found) => format!("{phase}.{found}"),
        (Some(found), None) => found,
        (None, Some(phase)) => format!("{phase}.p95"),
        (Some(_), Some(_)) => return None,
        (None, None) if figure.contains("time") || figure.contains("duration") => "p95".into(),
        (None, None) => return None,
    };
    Some((found, false))
}

/// The thresholds that a metric of k6 or Artillery has in a map, each with what limits it: `http_req_duration` with
/// `p(95)<500`, `p95` with `500ms`. `None` where one of them is not known.
pub(super) fn of_entry(key: &str, value: &str) -> Option<String> {
    let key = key.split('{').next().unwrap_or(key).trim();
    let value = value.trim();
    let has_sign = value.contains(['<', '>', '=']);
    let text = match (key, has_sign) {
        ("http_req_failed", true) => format!("error_rate {}", value.trim_start_matches("rate").trim()),
        ("checks", true) => format!("success rate {}", value.trim_start_matches("rate").trim()),
        ("http_reqs", true) if value.starts_with("count") => format!("requests {}", value.trim_start_matches("count")),
        ("http_reqs", true) => format!("throughput {}", value.trim_start_matches("rate").trim()),
        ("maxErrorRate", false) => format!("error_rate <= {}%", value.trim_end_matches('%')),
        (_, true) if value.starts_with(['<', '>', '=']) => format!("{key} {value}"),
        (_, true) if key.starts_with("http_req_") => {
            format!("{} {value}", key.trim_start_matches("http_req_").replace("duration", ""))
        }
        (_, true) => return None,
        (_, false) => {
            // Nobody limits a throughput from above.
            let at_least =
                settled(format!("{key} > {value}")).or_else(|| guess(&format!("{key} > {value}")).and_then(settled));
            let rises = |text: &String| {
                Condition::read(text).is_ok_and(|read| {
                    read.metric.rises() != Some(false) && !matches!(read.metric, Metric::Requests | Metric::Iterations)
                })
            };
            match (value, at_least) {
                ("0" | "0%", Some(_)) => format!("{key} == {value}"),
                (_, Some(text)) if !rises(&text) => return Some(text),
                (_, Some(_) | None) => format!("{key} < {value}"),
            }
        }
    };
    let read = Condition::read(&text).map(|_| text.clone()).ok();
    read.or_else(|| guess(&text).and_then(settled)).or_else(|| settled(text))
}

#[cfg(test)]
mod tests {
    use super::{Condition, of_entry, several};

    #[test]
    fn thresholds_in_other_words_are_told_with_ours() {
        for (text, ours) in [
            ("95th percentile < 500ms", "p95 < 500ms"),
            ("95th percentile response time under 500ms", "p95 < 500ms"),
            ("average response time < 1s", "mean < 1s"),
            ("Average < 300", "mean < 300ms"),
            ("90% Line < 500ms", "p90 < 500ms"),
            ("percentile(95) < 500", "p95 < 500ms"),
            ("perc99.9 < 500", "p99.9 < 500ms"),
            ("p95 500ms", "p95 < 500ms"),
            ("p95 is below 500 ms", "p95 < 500 ms"),
            ("p95 at most 1 sec", "p95 <= 1s"),
            ("p95 ≤ 500ms", "p95 <= 500ms"),
            ("500ms > p95", "p95 < 500ms"),
            ("P95 < 500MS", "p95 < 500ms"),
            ("response_time p99 < 500ms", "p99 < 500ms"),
            ("max_response_time < 2s", "max < 2s"),
            ("Error % < 1", "error_rate < 1%"),
            ("fail_ratio < 0.01", "error_rate < 1%"),
            ("success rate > 99%", "error_rate < 1%"),
            ("successfulRequests.percent >= 99.5%", "error_rate <= 0.5%"),
            ("checks > 99%", "error_rate < 1%"),
            ("requests per second > 100", "throughput > 100/s"),
            ("throughput 100", "throughput > 100/s"),
            ("latency p95 < 200ms", "first_byte.p95 < 200ms"),
            ("global.responseTime.max.lt(500)", "max < 500ms"),
            ("avg-rt of all>500ms for 10s, stop as failed", "mean <= 500ms"),
        ] {
            let told = Condition::parse(text).err().and_then(|error| error.corrected);
            assert_eq!(told.as_deref(), Some(ours), "{text}");
        }
        for text in ["Search p95 < 300ms", "bananas < 5", "p95 for people", "status 5xx < 1%"] {
            let told = Condition::parse(text).err().and_then(|error| error.corrected);
            assert_eq!(told, None, "{text}");
        }
    }

    #[test]
    fn entries_of_maps_become_thresholds() {
        for (key, value, ours) in [
            ("p95", "500ms", Some("p95 < 500ms")),
            ("p95", "< 500", Some("p95 < 500ms")),
            ("error_rate", "1%", Some("error_rate < 1%")),
            ("errors", "0", Some("errors == 0")),
            ("throughput", "100", Some("throughput > 100/s")),
            ("http_req_duration", "p(95)<500", Some("p95 < 500ms")),
            ("http_req_waiting", "avg<200", Some("first_byte.mean < 200ms")),
            ("http_req_failed", "rate<0.01", Some("error_rate < 1%")),
            ("checks", "rate>0.99", Some("error_rate < 1%")),
            ("http_reqs", "rate>100", Some("throughput > 100/s")),
            ("http.response_time.p95", "500", Some("p95 < 500ms")),
            ("maxErrorRate", "1", Some("error_rate <= 1%")),
            ("module", "junit-xml", None),
        ] {
            assert_eq!(of_entry(key, value).as_deref(), ours, "{key}: {value}");
        }
        let two = several("p95 < 500 and error_rate < 1%");
        assert_eq!(two, Some(vec!["`- p95 < 500ms`".into(), "`- error_rate < 1%`".into()]));
    }
}
