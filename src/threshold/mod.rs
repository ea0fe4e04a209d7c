//! Parses a threshold, `METRIC OP VALUE`, into its parts. `verdict` evaluates it.

mod doubt;
mod relative;
mod words;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::phase::Phase;
use crate::problem::Problem;
use crate::units::Rate;

/// A figure of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Metric {
    /// A percentile of a time, in percent: 99.9 for `p99.9`.
    Percentile(f64),
    /// The arithmetic mean of a time.
    Mean,
    /// The least time.
    Min,
    /// The greatest time.
    Max,
    /// The standard deviation of a time.
    Stddev,
    /// Failed samples as a share of all.
    ErrorRate,
    /// Failed samples.
    Errors,
    /// Samples per second.
    Throughput,
    /// Samples.
    Requests,
    /// Finished iterations.
    Iterations,
    /// Iterations an arrival rate could not start.
    Dropped,
    /// Users that ended before their time: counted, or as a share of those that were started.
    UsersLost,
    /// Apdex with this target time: (satisfied + tolerating / 2) / all, where tolerating is up to
    /// four times the target and failed samples are frustrated (Apdex Technical Specification 1.1).
    Apdex(Duration),
    /// Bytes received.
    BytesReceived,
}

impl Metric {
    /// Whether it is higher when the target is worse; `None` for what says nothing of how good it is.
    pub fn rises(self) -> Option<bool> {
        match self {
            Self::Percentile(_) | Self::Mean | Self::Min | Self::Max | Self::Stddev => Some(true),
            Self::ErrorRate | Self::Errors | Self::Dropped | Self::UsersLost => Some(true),
            Self::Throughput | Self::Apdex(_) => Some(false),
            Self::Requests | Self::Iterations | Self::BytesReceived => None,
        }
    }
}

/// How a figure is compared with its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the comparison operators")]
pub enum Operator {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

impl Operator {
    /// Whether `observed OP limit` holds.
    pub fn holds(self, observed: f64, limit: f64) -> bool {
        match self {
            Self::Less => observed < limit,
            Self::LessOrEqual => observed <= limit,
            Self::Greater => observed > limit,
            Self::GreaterOrEqual => observed >= limit,
            Self::Equal => (observed - limit).abs() < 1e-9,
        }
    }

    /// As written in a plan.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
        }
    }
}

/// What a limit and the observed figure are measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// A fraction of 1, shown in percent.
    Share,
    /// Per second.
    #[serde(rename = "per_s")]
    PerSecond,
    /// Bytes.
    Bytes,
    /// A plain number.
    Count,
}

/// A threshold's parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// Which phase of the request, or the whole response time.
    pub phase: Option<Phase>,
    /// Which figure.
    pub metric: Metric,
    /// How it is compared.
    pub operator: Operator,
    /// With what, in [`Condition::unit`].
    pub limit: f64,
    /// The unit of the limit and of the observed figure.
    pub unit: Unit,
    /// Whether the figure is compared with that of earlier runs. The limit is then how much worse
    /// it may be: a share of theirs, of a share the difference.
    pub baseline: bool,
}

const METRICS: [&str; 18] = [
    "p50",
    "p75",
    "p90",
    "p95",
    "p99",
    "p99.9",
    "mean",
    "min",
    "max",
    "stddev",
    "error_rate",
    "errors",
    "throughput",
    "requests",
    "iterations",
    "dropped",
    "users_lost",
    "bytes_received",
];
const APDEX: &str = "apdex";
const SHAPE: &str =
    "a threshold is METRIC OPERATOR VALUE, for example `p95 < 300ms`, `error_rate < 1%` or `throughput > 100/s`";

impl Condition {
    /// Reads `p95 < 100ms`, `error_rate <= 1%`, `first_byte.p95 < 50ms`, `apdex(500ms) > 0.9`,
    /// `p95 < baseline + 10%`.
    ///
    /// # Errors
    /// When a part is unknown or lacks its unit. A corrected text can itself be read.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        Self::read(text).map_err(|mut error| {
            let guess = words::guess(text).and_then(settled);
            error.corrected = guess.or_else(|| error.corrected.and_then(settled));
            match words::several(text) {
                Some(parts) if error.corrected.is_none() => Problem::new(
                    format!("`{}` is more than one threshold", text.trim()),
                    format!("make each an entry of its own: {}", parts.join(", ")),
                ),
                Some(_) | None => error,
            }
        })
    }

    /// The threshold that an entry of a map stands for, as `p95: 500ms` and k6's `http_req_duration: p(95)<500` do.
    pub fn of_entry(key: &str, value: &str) -> Option<String> {
        words::of_entry(key, value)
    }

    fn read(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let fail = |message: String| Problem::new(message, SHAPE);
        let Some(at) = text.find(['<', '>', '=', '!']) else {
            return Err(fail(format!("`{text}` has no operator")));
        };
        let (left, rest) = (text[..at].trim(), &text[at..]);
        let sign_end = rest.find(|c| !matches!(c, '<' | '>' | '=' | '!')).unwrap_or(rest.len());
        let (sign, right) = (&rest[..sign_end], rest[sign_end..].trim());
        let operator = match sign {
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            "==" => Operator::Equal,
            "=" => {
                return Err(Problem {
                    corrected: Some(format!("{left} == {right}")),
                    ..fail("`=` is not an operator".into())
                });
            }
            "=<" => {
                return Err(Problem {
                    corrected: Some(format!("{left} <= {right}")),
                    ..fail("`=<` is not an operator".into())
                });
            }
            "=>" => {
                return Err(Problem {
                    corrected: Some(format!("{left} >= {right}")),
                    ..fail("`=>` is not an operator".into())
                });
            }
            other => return Err(fail(format!("`{other}` is not an operator; use <, <=, >, >= or =="))),
        };
        let (phase, metric, unit) = Self::metric(left, |name| {
            // Who writes only `apdex` knows it from tools that say what fails a run.
            let sign = if left == APDEX { sign.replace('<', ">") } else { sign.to_owned() };
            format!("{name} {sign} {right}")
        })?;
        let whole = |fixed: &str| format!("{left} {sign} {fixed}");
        if let Some(rest) = relative::rest(right, &whole)? {
            let limit = relative::limit(&relative::Written { left, phase, metric, operator, rest }, &whole)?;
            return Ok(Self { phase, metric, operator, limit, unit, baseline: true });
        }
        let is_share = metric == Metric::UsersLost && right.ends_with('%');
        let unit = if is_share { Unit::Share } else { unit };
        let limit = limit(right, unit, &whole)?;
        Ok(Self { phase, metric, operator, limit, unit, baseline: false })
    }

    fn metric(name: &str, corrected: impl Fn(&str) -> String) -> Result<(Option<Phase>, Metric, Unit), Problem> {
        let (phase, figure) = match name.split_once('.') {
            Some((phase, figure))
                if !phase.starts_with(|c: char| c == 'p' || c.is_ascii_digit()) || phase.len() > 3 =>
            {
                let Some(known) = Phase::ALL.into_iter().find(|known| known.word() == phase) else {
                    let words = Phase::ALL.map(Phase::word);
                    return Err(Problem {
                        message: format!("`{phase}` is not a phase of a request"),
                        help: format!("the phases are {}", words.join(", ")),
                        corrected: crate::suggest::nearest(phase, words)
                            .map(|near| corrected(&format!("{near}.{figure}"))),
                    });
                };
                (Some(known), figure)
            }
            _ => (None, name),
        };
        let (metric, unit) = match figure {
            "mean" => (Metric::Mean, Unit::Milliseconds),
            "min" => (Metric::Min, Unit::Milliseconds),
            "max" => (Metric::Max, Unit::Milliseconds),
            "stddev" => (Metric::Stddev, Unit::Milliseconds),
            "error_rate" => (Metric::ErrorRate, Unit::Share),
            "errors" => (Metric::Errors, Unit::Count),
            "throughput" => (Metric::Throughput, Unit::PerSecond),
            "requests" => (Metric::Requests, Unit::Count),
            "iterations" => (Metric::Iterations, Unit::Count),
            "dropped" => (Metric::Dropped, Unit::Count),
            "users_lost" => (Metric::UsersLost, Unit::Count),
            "bytes_received" => (Metric::BytesReceived, Unit::Bytes),
            _ => {
                if let Some(percent) = figure.strip_prefix('p').and_then(|digits| digits.parse::<f64>().ok()) {
                    if !(percent > 0.0 && percent <= 100.0) {
                        return Err(Problem::new(
                            format!("`{figure}` is not a percentile between 0 and 100"),
                            "for example p50, p95 or p99.9",
                        ));
                    }
                    (Metric::Percentile(percent), Unit::Milliseconds)
                } else if let Some(target) = figure.strip_prefix("apdex(").and_then(|rest| rest.strip_suffix(')')) {
                    match crate::units::parse_duration(target) {
                        Ok(target) => (Metric::Apdex(target), Unit::Count),
                        Err(error) => {
                            return Err(Problem::new(
                                format!("apdex: {}", error.message),
                                "for example `apdex(500ms) > 0.9`",
                            ));
                        }
                    }
                } else {
                    let percentile = figure.strip_suffix('%').or_else(|| figure.strip_suffix("th"));
                    let percentile = percentile.filter(|digits| digits.parse::<f64>().is_ok());
                    let percentile = percentile.map(|digits| format!("p{digits}"));
                    let bridged = match figure {
                        "avg" | "average" => Some("mean"),
                        "med" | "median" => Some("p50"),
                        "rps" | "http_reqs" => Some("throughput"),
                        "rate" | "fail" | "failures" | "http_req_failed" | "error_percent" | "errorRate" => {
                            Some("error_rate")
                        }
                        "p(95)" => Some("p95"),
                        "p(99)" => Some("p99"),
                        "p(90)" => Some("p90"),
                        "http_req_duration" | "response_time" | "rt" => Some("p95"),
                        "count" | "samples" => Some("requests"),
                        APDEX => Some("apdex(500ms)"),
                        _ => percentile.as_deref(),
                    };
                    let near = bridged.or_else(|| crate::suggest::nearest(figure, METRICS));
                    if let Some(fixed) = phase_and_time(name) {
                        return Err(Problem {
                            message: format!("`{name}` is not a metric"),
                            help: "write the phase, a dot, and a percentile, mean, min, max or stddev".into(),
                            corrected: Some(corrected(&fixed)),
                        });
                    }
                    if let Some(phase) = phase {
                        let near = near.filter(|near| is_time(near)).map(|near| format!("{}.{near}", phase.word()));
                        return Err(Problem {
                            message: format!("`{figure}` is not a time of `{}`", phase.word()),
                            help: "a phase takes a percentile, mean, min, max or stddev: first_byte.p95".into(),
                            corrected: near.map(|near| corrected(&near)),
                        });
                    }
                    if let (None, Some((request, threshold))) = (near, request_in_front(figure, &corrected)) {
                        return Err(not_here(request, &threshold));
                    }
                    return Err(Problem {
                        message: format!("`{figure}` is not a metric"),
                        help: metrics_near(figure),
                        corrected: near.map(corrected),
                    });
                }
            }
        };
        let timed = matches!(metric, Metric::Percentile(_) | Metric::Mean | Metric::Min | Metric::Max | Metric::Stddev);
        if phase.is_some() && !timed {
            return Err(Problem::new(
                format!("`{figure}` is not a time, so it has no phases"),
                "a phase takes a percentile, mean, min, max or stddev: first_byte.p95",
            ));
        }
        Ok((phase, metric, unit))
    }
}

/// What helps with a metric that nobody knows: those that come nearest to it.
fn metrics_near(figure: &str) -> String {
    let near = crate::suggest::closest(figure, METRICS.map(|name| (name, "")), 3);
    let names: Vec<String> = near.iter().map(|(name, _)| format!("`{name}`")).collect();
    format!("the nearest metrics are {}; all metrics: docs/plan-reference.md#threshold", names.join(", "))
}

/// A guess as it can be read: where it has a slip of its own, such as a missing unit, that is
/// corrected too. `None` where this leads nowhere.
fn settled(mut guess: String) -> Option<String> {
    // No text has more parts than this to correct.
    for _ in 0..4 {
        match Condition::read(&guess) {
            Ok(_) => return Some(guess),
            Err(error) => guess = error.corrected?,
        }
    }
    None
}

/// Whether a metric is a time that phases have too.
fn is_time(metric: &str) -> bool {
    matches!(metric, "mean" | "min" | "max" | "stddev")
        || metric.strip_prefix('p').is_some_and(|digits| digits.parse::<f64>().is_ok())
}

/// A phase with one of its times, where both are named in another way: `event_gap p95`, `p95(event_gap)`,
/// `p95.event_gap`, or the phase alone.
fn phase_and_time(name: &str) -> Option<String> {
    let words: Vec<&str> = name
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '.' | ':'))
        .filter(|word| !word.is_empty())
        .collect();
    let is_phase = |word: &&str| Phase::ALL.iter().any(|phase| phase.word() == *word);
    let phase = words.iter().find(|word| is_phase(word))?;
    match words.iter().filter(|word| !is_phase(word)).collect::<Vec<_>>()[..] {
        [] if words.len() == 1 => Some(format!("{phase}.p95")),
        [time] if is_time(time) => Some(format!("{phase}.{time}")),
        _ => None,
    }
}

/// The request's name and the threshold in `Portfolio p95`, whose limit stands behind it.
fn request_in_front<'t>(figure: &'t str, corrected: &impl Fn(&str) -> String) -> Option<(&'t str, String)> {
    let (request, metric) = figure.rsplit_once(char::is_whitespace)?;
    Some((request.trim().trim_end_matches(':'), settled(corrected(metric))?))
}

/// The finding on a threshold with the name of a request in front.
pub(crate) fn not_here(request: &str, threshold: &str) -> Problem {
    Problem::new(
        format!("a threshold does not name its request, as this one does with `{request}`"),
        format!("write `thresholds: [{threshold}]` under the request `{request}`, beside its `assert`"),
    )
}

fn limit(text: &str, unit: Unit, whole: &dyn Fn(&str) -> String) -> Result<f64, Problem> {
    let from_units = |error: Problem, guess: Option<String>| Problem {
        message: error.message,
        help: SHAPE.into(),
        corrected: guess.or(error.corrected).map(|fixed| whole(&fixed)),
    };
    match unit {
        Unit::Milliseconds => crate::units::parse_duration(text)
            .map(|time| time.as_secs_f64() * 1e3)
            .map_err(|error| from_units(error, crate::units::bare_number(text).map(in_time))),
        Unit::Share => {
            if matches!(text, "0" | "0.0") {
                return Ok(0.0);
            }
            crate::units::parse_share(text).map_err(|error| from_units(error, None))
        }
        Unit::Bytes => {
            crate::units::parse_size(text).map(|bytes| bytes as f64).map_err(|error| from_units(error, None))
        }
        Unit::PerSecond => {
            crate::units::parse_rate(text).map(Rate::per_second).map_err(|error| from_units(error, None))
        }
        Unit::Count => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(Problem::new(
                format!("`{text}` is not a number"),
                "errors, requests, dropped iterations and lost users are counted, so write a number; a share of all requests that failed is `error_rate < 1%`, a share of all users that ended early `users_lost < 10%`",
            )),
        },
    }
}

/// The unit that a time without one most likely has: nobody limits a time to less than a millisecond.
fn in_time(number: String) -> String {
    match number.parse::<f64>() {
        Ok(value) if value > 0.0 && value < 1.0 => format!("{number}s"),
        _ => format!("{number}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> Problem {
        Condition::parse(text).expect_err(text)
    }

    #[test]
    fn regression_every_correction_of_a_threshold_can_itself_be_read() {
        for (text, corrected) in [
            ("p95 < 500 000", Some("p95 < 500000ms")),
            ("p95 < 500_000", Some("p95 < 500000ms")),
            ("p95 < 1,000", Some("p95 < 1000ms")),
            ("p95 < 300", Some("p95 < 300ms")),
            ("p95 < 0.5", Some("p95 < 0.5s")),
            ("p95 < 1.5", Some("p95 < 1.5ms")),
            ("p95 < -5", None),
            ("p95 < inf", None),
            ("p95 < nan", None),
            ("p95 < 300 sec", Some("p95 < 300s")),
            ("p95 < 10%", None),
            ("p95 =< 300", Some("p95 <= 300ms")),
            ("p95 = 300", Some("p95 == 300ms")),
            ("p(95) => 300", Some("p95 >= 300ms")),
            ("p(95)<300", Some("p95 < 300ms")),
            ("95% < 300ms", Some("p95 < 300ms")),
            ("99.9% < 300", Some("p99.9 < 300ms")),
            ("95th < 300ms", Some("p95 < 300ms")),
            ("avg < 300", Some("mean < 300ms")),
            ("apdex < 0.9", Some("apdex(500ms) > 0.9")),
            ("apdex <= 0.9", Some("apdex(500ms) >= 0.9")),
            ("apdex > 0.9", Some("apdex(500ms) > 0.9")),
            ("error rate < 1%", Some("error_rate < 1%")),
            ("error_rate < 0.01", Some("error_rate < 1%")),
            ("error_rate < 0.07", Some("error_rate < 7%")),
            ("error_rate < 5", Some("error_rate < 5%")),
            ("error_rate < 500", None),
            ("error_rate < 0.00", Some("error_rate < 0%")),
            ("rps > 100", Some("throughput > 100/s")),
            ("throughput > 1,000", Some("throughput > 1000/s")),
            ("bytes_received > 10kb", Some("bytes_received > 10kB")),
            ("frist_byte.p95 < 300", Some("first_byte.p95 < 300ms")),
            ("p95 < base + 10", Some("p95 < baseline + 10%")),
            ("mean < base + 10%", None),
            ("p95 < 10% baseline", Some("p95 < baseline + 10%")),
            ("p95 < 300ms baseline", None),
            ("errors < 1%", Some("error_rate < 1%")),
            ("fast", None),
            ("< 300ms", None),
        ] {
            assert_eq!(error(text).corrected.as_deref(), corrected, "{text}");
            if let Some(corrected) = corrected {
                Condition::parse(corrected).expect(corrected);
            }
        }
    }

    #[test]
    fn regression_a_correction_keeps_the_phase_of_a_threshold() {
        for (text, corrected) in [
            ("event_gap.avg < 1s", Some("event_gap.mean < 1s")),
            ("first_event.p(95) < 1s", Some("first_event.p95 < 1s")),
            ("first_event.med < 1s", Some("first_event.p50 < 1s")),
            ("event_gap.P95 < 1s", Some("event_gap.p95 < 1s")),
            ("event_gap.count < 5", None),
            ("first_event p95 < 1s", Some("first_event.p95 < 1s")),
            ("p95(event_gap) < 1s", Some("event_gap.p95 < 1s")),
            ("p95.event_gap < 1s", Some("event_gap.p95 < 1s")),
            ("first_byte < 800ms", Some("first_byte.p95 < 800ms")),
        ] {
            let found = error(text).corrected;
            assert_eq!(found.as_deref(), corrected, "{text}");
            assert!(found.is_none_or(|fixed| Condition::parse(&fixed).is_ok()), "{text}");
        }
    }

    #[test]
    fn regression_a_request_in_front_of_a_threshold_is_told_where_it_goes() {
        for (text, request, threshold) in [
            ("Portfolio p95 < 500ms", "Portfolio", "p95 < 500ms"),
            ("GET /api/portfolio p95 < 500", "GET /api/portfolio", "p95 < 500ms"),
            ("Search: p95 < 500ms", "Search:", "p95 < 500ms"),
        ] {
            let error = error(text);
            assert!(error.message.contains(&format!("`{}`", request.trim_end_matches(':'))), "{text}: {error:?}");
            assert!(error.help.contains(&format!("thresholds: [{threshold}]")), "{text}: {error:?}");
        }
    }
}
