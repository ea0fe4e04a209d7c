//! Limits that follow from earlier runs: `baseline + 10%`.

use super::{Metric, Operator};
use crate::fault::Fault;
use crate::phase::Phase;

/// A threshold whose limit begins with the word `baseline`.
pub(super) struct Written<'t> {
    /// The figure as it is written.
    pub(super) left: &'t str,
    pub(super) phase: Option<Phase>,
    pub(super) metric: Metric,
    pub(super) operator: Operator,
    /// What follows the word.
    pub(super) rest: &'t str,
}

const WORD: &str = "baseline";
/// What else people call earlier runs.
const WORDS: [&str; 7] = ["base", "reference", "previous", "last", "before", "earlier", "old"];

/// What follows the word `baseline`; `None` where another stands.
///
/// # Errors
/// When the word is nearly that.
pub(super) fn rest<'t>(limit: &'t str, whole: &dyn Fn(&str) -> String) -> Result<Option<&'t str>, Fault> {
    let end = limit.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(limit.len());
    let (word, rest) = limit.split_at(end);
    match word {
        WORD => Ok(Some(rest.trim())),
        _ if WORDS.contains(&word) || crate::suggest::nearest(word, [WORD]).is_some() => Err(Fault {
            message: format!("`{word}` is not known here"),
            help: format!("earlier runs are called `{WORD}`"),
            corrected: Some(whole(&format!("{WORD}{rest}"))),
        }),
        _ if limit.contains(WORD) => Err(Fault {
            message: format!("`{limit}` does not begin with `{WORD}`"),
            help: format!("write it first, and then how much worse it may be: `{}`", whole("baseline + 10%")),
            corrected: turned(limit).map(|limit| whole(&limit)),
        }),
        _ => Ok(None),
    }
}

/// `10% + baseline` and `1.1 * baseline` with the word in front.
fn turned(limit: &str) -> Option<String> {
    let (front, behind) = limit.split_once(WORD)?;
    let front = front.trim();
    if !behind.trim().is_empty() {
        return None;
    }
    if let Some(factor) = front.strip_suffix('*') {
        return Some(format!("{WORD} * {}", factor.trim()));
    }
    let share = front.strip_suffix('+').or_else(|| front.strip_suffix("of")).unwrap_or(front).trim();
    crate::units::parse_share(share).ok().map(|_| format!("{WORD} + {share}"))
}

/// How much worse than the baseline the figure may be: a share of it, of a share the difference.
///
/// # Errors
/// When a baseline cannot be compared with in this way, or a part is missing.
pub(super) fn limit(written: &Written<'_>, whole: &dyn Fn(&str) -> String) -> Result<f64, Fault> {
    let Written { left, phase, metric, operator, rest } = *written;
    let comparable = match metric {
        Metric::Percentile(percent) => percent < 100.0 && phase.is_none(),
        Metric::ErrorRate | Metric::Throughput => true,
        Metric::Mean
        | Metric::Min
        | Metric::Max
        | Metric::Stddev
        | Metric::Errors
        | Metric::Requests
        | Metric::Iterations
        | Metric::Dropped
        | Metric::UsersLost
        | Metric::Apdex(_)
        | Metric::BytesReceived => false,
    };
    let Some(rises) = metric.rises().filter(|_| comparable) else {
        return Err(Fault::new(
            format!("`{left}` cannot be compared with a baseline"),
            "a percentile of the whole response time (p50 to p99.9), `error_rate` and `throughput` can",
        ));
    };
    let (sign, example) = if rises { ('+', "10%") } else { ('-', "5%") };
    let less = matches!(operator, Operator::Less | Operator::LessOrEqual);
    let more = matches!(operator, Operator::Greater | Operator::GreaterOrEqual);
    if (rises && !less) || (!rises && !more) {
        let (word, operator) = if rises { ("lower", "<") } else { ("higher", ">") };
        return Err(Fault::new(
            format!("`{left}` is better the {word} it is, so a baseline limits it with `{operator}`"),
            format!("for example `{left} {operator} {WORD} {sign} {example}`"),
        ));
    }
    let Some(first) = rest.chars().next() else { return Ok(0.0) };
    let fail = |message: String, corrected: Option<String>| Fault {
        message,
        help: format!("write how much worse it may be: `{}`", whole(&format!("{WORD} {sign} {example}"))),
        corrected: corrected.map(|value| whole(&format!("{WORD} {sign} {value}"))),
    };
    let value = rest[first.len_utf8()..].trim();
    if matches!(first, '+' | '-') && first != sign {
        let better = if rises { "a rise" } else { "a drop" };
        return Err(fail(
            format!("a limit against the baseline tolerates {better}, so `{left}` takes `{WORD} {sign} …`"),
            crate::units::parse_share(value).is_ok().then(|| value.to_owned()),
        ));
    }
    if first == '*' {
        let percent = value.parse::<f64>().ok().map(|factor| ((factor - 1.0).abs() * 1e4).round() / 100.0);
        return Err(fail(
            "a limit against the baseline is written as a share of it, not as a factor".into(),
            percent.filter(|percent| *percent < 100.0).map(|percent| format!("{percent}%")),
        ));
    }
    if first != sign {
        return Err(fail(format!("`{rest}` does not say how much worse than the baseline it may be"), None));
    }
    match crate::units::parse_share(value) {
        Ok(share) if rises || share < 1.0 => Ok(share),
        Ok(_) => Err(fail("a throughput that may drop by 100% is no limit".into(), None)),
        Err(_) if value.parse::<f64>().is_ok() => {
            Err(fail(format!("`{value}` has no unit; write a share in percent"), Some(format!("{value}%"))))
        }
        Err(error) => Err(fail(error.message, error.corrected)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Condition;

    fn limit(text: &str) -> f64 {
        let condition = Condition::parse(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert!(condition.baseline, "{text}");
        condition.limit
    }

    #[test]
    fn a_limit_may_follow_from_a_baseline() {
        for (text, expected) in [
            ("p95 < baseline + 10%", 0.1),
            ("p99.9 <= baseline+2.5%", 0.025),
            ("p50 < baseline", 0.0),
            ("error_rate <= baseline", 0.0),
            ("error_rate < baseline + 0.5%", 0.005),
            ("throughput > baseline - 5%", 0.05),
        ] {
            assert!((limit(text) - expected).abs() < 1e-12, "{text}");
        }
        assert!(!Condition::parse("p95 < 10ms").expect("it is one").baseline);
    }

    #[test]
    fn what_is_wrong_with_it_is_told_with_the_remedy() {
        for (text, message, corrected) in [
            ("p95 < baseline + 10", "`10` has no unit; write a share in percent", Some("p95 < baseline + 10%")),
            ("p95 < baseline * 1.1", "not as a factor", Some("p95 < baseline + 10%")),
            ("p95 < baseline - 10%", "tolerates a rise", Some("p95 < baseline + 10%")),
            ("throughput > baseline + 5%", "tolerates a drop", Some("throughput > baseline - 5%")),
            ("p95 > baseline + 10%", "better the lower it is", None),
            ("throughput < baseline", "better the higher it is", None),
            ("mean < baseline + 10%", "`mean` cannot be compared", None),
            ("first_byte.p95 < baseline + 10%", "cannot be compared", None),
            ("p100 < baseline", "cannot be compared", None),
            ("errors < baseline", "cannot be compared", None),
            ("p95 == baseline", "limits it with `<`", None),
            ("p95 < baseline + 20ms", "`20ms` is not a share", None),
            ("p95 < basline + 10%", "`basline` is not known", Some("p95 < baseline + 10%")),
            ("p95 < 10% baseline", "does not begin with `baseline`", Some("p95 < baseline + 10%")),
            ("p95 < 10% + baseline", "does not begin with `baseline`", Some("p95 < baseline + 10%")),
            ("p95 < 1.1 * baseline", "does not begin with `baseline`", Some("p95 < baseline + 10%")),
            ("throughput > 5% baseline", "does not begin with `baseline`", Some("throughput > baseline - 5%")),
            ("p95 < base + 10%", "`base` is not known", Some("p95 < baseline + 10%")),
            ("p95 < baselines", "`baselines` is not known", Some("p95 < baseline")),
            ("p95 < baseline 10%", "does not say how much worse", None),
            ("throughput > baseline - 100%", "is no limit", None),
        ] {
            let error = Condition::parse(text).expect_err(text);
            assert!(error.message.contains(message), "{text}: {error:?}");
            assert_eq!(error.corrected.as_deref(), corrected, "{text}");
        }
    }
}
