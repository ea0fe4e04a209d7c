//! Thresholds that can be judged but seldom mean what they say.

use super::{Condition, Metric, Operator, Unit};
use crate::problem::Problem;

impl Condition {
    /// Why a condition that was read from `text` most likely says something else than is meant. Other tools write down what
    /// fails a run, here stands what must hold: turned the wrong way round, it passes when the
    /// target is slow. It stays a doubt, for a lower limit of a time can be meant.
    pub fn doubt(&self, text: &str) -> Option<Problem> {
        // A limit against the baseline has one way only, and the parser knows it.
        if self.baseline {
            return None;
        }
        let rises = self.metric.rises()?;
        match self.operator {
            Operator::Equal if self.is_never_met() => Some(Problem {
                message: "a measured figure is hardly ever exactly this".into(),
                help: "limit it instead".into(),
                corrected: Some(self.with_sign(text, if rises { "<=" } else { ">=" })),
            }),
            Operator::Greater | Operator::GreaterOrEqual if rises => Some(self.turned(text)),
            Operator::Less | Operator::LessOrEqual if !rises => Some(self.turned(text)),
            Operator::Equal | Operator::Greater | Operator::GreaterOrEqual | Operator::Less | Operator::LessOrEqual => {
                None
            }
        }
    }

    /// A condition that holds when the target is worse, with its exact opposite as the remedy.
    fn turned(&self, text: &str) -> Problem {
        let sign = match self.operator {
            // Nothing counted is below 0.
            Operator::Greater | Operator::GreaterOrEqual if self.limit == 0.0 => "==",
            Operator::Greater => "<=",
            Operator::GreaterOrEqual => "<",
            Operator::Less => ">=",
            Operator::LessOrEqual | Operator::Equal => ">",
        };
        // No time is 0, and no throughput is below it.
        let possible = self.limit > 0.0 || matches!(self.unit, Unit::Share) || self.unit == Unit::Count;
        let instead = possible.then(|| self.with_sign(text, sign));
        Problem {
            message: "a threshold says what must hold, and this one holds when the target is worse".into(),
            help: match &instead {
                Some(instead) => format!("if the run should fail then, write `{instead}`"),
                None => "write the limit that must hold, for example `p95 < 300ms` or `throughput > 100/s`".into(),
            },
            corrected: instead,
        }
    }

    /// Whether a figure that is measured, not counted, would have to be exactly the limit.
    fn is_never_met(&self) -> bool {
        match self.metric {
            Metric::Errors | Metric::Dropped => false,
            Metric::UsersLost if self.unit == Unit::Count => false,
            Metric::ErrorRate | Metric::UsersLost | Metric::Apdex(_) => self.limit > 0.0 && self.limit < 1.0,
            Metric::Percentile(_)
            | Metric::Mean
            | Metric::Min
            | Metric::Max
            | Metric::Stddev
            | Metric::Throughput
            | Metric::Requests
            | Metric::Iterations
            | Metric::BytesReceived => true,
        }
    }

    fn with_sign(&self, text: &str, sign: &str) -> String {
        text.replacen(self.operator.sign(), sign, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regression_a_threshold_the_wrong_way_round_is_doubted_with_the_text_turned_around() {
        for (text, instead) in [
            ("error_rate > 1%", Some("error_rate <= 1%")),
            ("error_rate > 0", Some("error_rate == 0")),
            ("p95 > 40ms", Some("p95 <= 40ms")),
            ("first_byte.p95>=40ms", Some("first_byte.p95<40ms")),
            ("errors >= 5", Some("errors < 5")),
            ("dropped > 0", Some("dropped == 0")),
            ("mean > 1s", Some("mean <= 1s")),
            ("max > 0ms", None),
            ("throughput < 10/s", Some("throughput >= 10/s")),
            ("throughput <= 10/s", Some("throughput > 10/s")),
            ("apdex(500ms) < 0.9", Some("apdex(500ms) >= 0.9")),
            ("p95 == 500ms", Some("p95 <= 500ms")),
            ("throughput == 10/s", Some("throughput >= 10/s")),
            ("error_rate == 1%", Some("error_rate <= 1%")),
        ] {
            let doubt = Condition::parse(text).expect(text).doubt(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(doubt.corrected.as_deref(), instead, "{text}");
            if let Some(instead) = instead {
                assert_eq!(Condition::parse(instead).expect(instead).doubt(instead), None, "{text}");
            }
        }
    }

    #[test]
    fn regression_a_threshold_the_right_way_round_is_not_doubted() {
        for text in [
            "p95 < 300ms",
            "error_rate == 0",
            "error_rate == 0%",
            "error_rate == 100%",
            "errors == 0",
            "errors <= 5",
            "dropped == 0",
            "requests == 100",
            "requests > 100",
            "requests < 100",
            "iterations == 10",
            "bytes_received > 1kB",
            "throughput > 10/s",
            "apdex(500ms) > 0.9",
            "apdex(500ms) == 1",
            "p95 < baseline + 10%",
            "throughput > baseline - 5%",
        ] {
            assert_eq!(Condition::parse(text).expect(text).doubt(text), None, "{text}");
        }
    }
}
