//! What an assertion allows, as far as that is known before the run.

use super::{Assertion, Expected, Matcher};
use crate::value::Value;

impl Assertion {
    /// Whether a number may meet all matchers; those that only the run can tell of are taken to be met.
    pub fn may_hold(&self, number: f64) -> bool {
        let known = |expected: &Expected, holds: fn(f64, f64) -> bool| {
            expected.literal().and_then(Value::as_number).is_none_or(|limit| holds(number, limit))
        };
        self.matchers.iter().all(|matcher| match matcher {
            Matcher::Equals(expected) => known(expected, |number, wanted| number == wanted),
            Matcher::NotEquals(expected) => known(expected, |number, wanted| number != wanted),
            Matcher::OneOf(several) => {
                several.iter().any(|expected| known(expected, |number, wanted| number == wanted))
            }
            Matcher::StatusClass(class) => (number / 100.0).floor() == f64::from(*class),
            Matcher::Above(expected) => known(expected, |number, limit| number > limit),
            Matcher::AtLeast(expected) => known(expected, |number, limit| number >= limit),
            Matcher::Below(expected) => known(expected, |number, limit| number < limit),
            Matcher::AtMost(expected) => known(expected, |number, limit| number <= limit),
            Matcher::Exists(wanted) => *wanted,
            Matcher::Contains(_)
            | Matcher::NotContains(_)
            | Matcher::StartsWith(_)
            | Matcher::EndsWith(_)
            | Matcher::Matches(_)
            | Matcher::NotMatches(_)
            | Matcher::Empty(_)
            | Matcher::Length(_)
            | Matcher::Type(_)
            | Matcher::Each(_) => true,
        })
    }

    /// Whether it wants that there is nothing.
    pub fn asks_absence(&self) -> bool {
        self.matchers.iter().any(|matcher| matches!(matcher, Matcher::Exists(false)))
    }
}
