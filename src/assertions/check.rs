//! From a response to a verdict.

use std::fmt;

use http::header::LOCATION;

use crate::extractors::find::{Found, shown, still_gzip};
use crate::failure::FailureKind;
use crate::problem::Problem;
use crate::response::Response;
use crate::template::Scope;
use crate::value::Value;

use super::matching::{Actual, Judge, Miss, SubjectUnit};
use super::sentence::Values;
use super::{Assertion, Expected, Matcher, Subject, sentence};

/// How many characters of a body a message shows.
const SHOWN: usize = 200;

/// Why an assertion does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionFailure {
    /// The assertion's sentence, equal for every response: failures are counted by it.
    pub text: String,
    /// `expected 200, got 500`.
    pub message: String,
    /// What was expected.
    pub expected: String,
    /// What came, cut to a readable length.
    pub actual: String,
    /// [`FailureKind::Status`] for an assertion on the status, else [`FailureKind::Assertion`].
    pub kind: FailureKind,
}

/// The remedy where a status of a redirect is looked for.
const SHOWS_REDIRECT: &str = "; `follow_redirects: false` shows the redirect itself";

/// Why a redirect that is looked for is not there.
fn followed(redirects: u32) -> String {
    let plural = if redirects == 1 { "" } else { "s" };
    format!(", after {redirects} redirect{plural}{SHOWS_REDIRECT}")
}

impl fmt::Display for AssertionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.text, self.message)
    }
}

impl std::error::Error for AssertionFailure {}

impl Assertion {
    /// Judges a response. `scope` gives `${…}` in expected values their meaning.
    ///
    /// # Errors
    /// The first matcher that is not met.
    pub fn check(&self, response: &Response, scope: &mut dyn Scope) -> Result<(), AssertionFailure> {
        if self.status.is_some() && self.status == response.status {
            return Ok(());
        }
        let unit = match &self.subject {
            Subject::Status => SubjectUnit::Status,
            Subject::ResponseTime | Subject::FirstByte | Subject::Reply | Subject::FirstEvent | Subject::EventGap => {
                SubjectUnit::Milliseconds
            }
            Subject::Size => SubjectUnit::Bytes,
            Subject::Messages
            | Subject::Body
            | Subject::Json(_)
            | Subject::XPath(_)
            | Subject::Css(_)
            | Subject::Header(_)
            | Subject::Cookie(_)
            | Subject::Url
            | Subject::JsonSchema(_)
            | Subject::Expr(..) => SubjectUnit::None,
        };
        let judged = self.judge(response, &mut Judge { scope: &mut *scope, unit });
        judged.map_err(|mut miss| {
            match &self.subject {
                Subject::Status => {
                    miss.actual = response.status_and_gist(&scope.masker());
                    if response.redirects > 0 && self.wants_redirect() {
                        miss.actual.push_str(SHOWS_REDIRECT);
                    }
                }
                Subject::Header(name) if *name == LOCATION && response.redirects > 0 => {
                    miss.actual.push_str(&followed(response.redirects));
                }
                Subject::ResponseTime
                | Subject::FirstByte
                | Subject::Messages
                | Subject::Reply
                | Subject::FirstEvent
                | Subject::EventGap
                | Subject::Size
                | Subject::Body
                | Subject::Json(_)
                | Subject::XPath(_)
                | Subject::Css(_)
                | Subject::Header(_)
                | Subject::Cookie(_)
                | Subject::Url
                | Subject::JsonSchema(_)
                | Subject::Expr(..) => {}
            }
            self.failure(miss)
        })
    }

    fn judge(&self, response: &Response, judge: &mut Judge<'_>) -> Result<(), Miss> {
        let milliseconds = |duration: std::time::Duration| Value::Float(duration.as_secs_f64() * 1000.0);
        match &self.subject {
            Subject::Status => {
                let status = response.status.map_or(Value::Null, |status| Value::Int(status.into()));
                judge.all(&self.matchers, Actual::Value(&status))
            }
            Subject::ResponseTime => judge.all(&self.matchers, Actual::Value(&milliseconds(response.response_time))),
            Subject::FirstByte => judge.all(&self.matchers, Actual::Value(&milliseconds(response.first_byte))),
            Subject::Messages => {
                let count = response.messages.as_ref().map_or(0, |messages| messages.count);
                judge.all(&self.matchers, Actual::Value(&Value::Int(i64::try_from(count).unwrap_or(i64::MAX))))
            }
            Subject::Reply | Subject::FirstEvent => {
                match response.messages.as_ref().and_then(|messages| messages.first) {
                    Some(time) => judge.all(&self.matchers, Actual::Value(&milliseconds(time))),
                    None => self.judge_missing(judge, "no message arrived"),
                }
            }
            Subject::EventGap => match response.messages.as_ref().and_then(|messages| messages.longest_gap) {
                Some(time) => judge.all(&self.matchers, Actual::Value(&milliseconds(time))),
                None => self.judge_missing(judge, "fewer than two messages arrived"),
            },
            Subject::Size => {
                let size = Value::Int(i64::try_from(response.body_bytes).unwrap_or(i64::MAX));
                judge.all(&self.matchers, Actual::Value(&size))
            }
            Subject::Url => judge.all(&self.matchers, Actual::Text(&response.url)),
            Subject::Body if response.body.is_empty() && self.only_asks_existence() => {
                self.judge_missing(judge, "the body is empty")
            }
            Subject::Body => judge.all(&self.matchers, Actual::Text(response.text())),
            Subject::Header(name) => {
                // Several lines of one name mean the same as one line with commas (RFC 9110, 5.3).
                let lines = response.headers.get_all(name).iter();
                let values: Vec<_> = lines.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
                match values.as_slice() {
                    [] => self.judge_missing(judge, "there is no such header"),
                    values => judge.all(&self.matchers, Actual::Text(&values.join(", "))),
                }
            }
            Subject::Cookie(name) => match response.cookie(name) {
                Some(value) => judge.all(&self.matchers, Actual::Text(value)),
                None => self.judge_missing(judge, "no such cookie was set"),
            },
            Subject::Json(path) => match path.find(response) {
                Ok(Found::One(value)) => judge.all(&self.matchers, Actual::Value(&value)),
                Ok(Found::Several(values)) if !values.is_empty() => judge.all(&self.matchers, Actual::List(&values)),
                Ok(_) => self.judge_missing(
                    judge,
                    &match path.nearest(response) {
                        near if near.is_empty() => "no such path in the response".to_owned(),
                        near => format!("no such path in the response; there is {}", near.join(", ")),
                    },
                ),
                Err(why) => Err(self.unreadable(&why, response, judge)),
            },
            Subject::XPath(path) => match path.find(response.text()) {
                Ok(Found::One(value)) => judge.all(&self.matchers, Actual::Value(&value)),
                Ok(Found::Several(values)) if !values.is_empty() => {
                    judge.all(&self.matchers, Actual::Elements(&values))
                }
                Ok(_) => self.judge_missing(judge, "no such path in the response"),
                Err(why) => Err(self.unreadable(&why, response, judge)),
            },
            Subject::Css(css) => match css.find(response.text()) {
                Ok(Found::Several(values)) if !values.is_empty() => {
                    judge.all(&self.matchers, Actual::Elements(&values))
                }
                Ok(_) => self.judge_missing(judge, "no element matches"),
                Err(why) => Err(self.unreadable(&why, response, judge)),
            },
            Subject::JsonSchema(schema) => match response.json() {
                Ok(json) => match schema.violations(&json.root().to_serde(), &judge.scope.masker()) {
                    None => Ok(()),
                    Some(violations) => Err(Miss {
                        expected: format!("a body that matches JSON schema {}", schema.name()),
                        actual: violations,
                    }),
                },
                Err(error) => {
                    let gzip = still_gzip(&response.beginning(8)).map(str::to_owned);
                    let why = gzip.unwrap_or_else(|| format!("the body is not JSON ({error})"));
                    Err(self.unreadable(&why.into(), response, judge))
                }
            },
            Subject::Expr(expression, source) => match expression.truth(judge.scope) {
                Ok(true) => Ok(()),
                Ok(false) => Err(Miss { expected: format!("{source} to be true"), actual: "false".to_owned() }),
                Err(error) => {
                    Err(Miss { expected: format!("{source} to be true"), actual: format!("nothing: {error}") })
                }
            },
        }
    }

    /// Whether the status that is expected is one of a redirect.
    fn wants_redirect(&self) -> bool {
        let redirect = |expected: &Expected| {
            expected.literal().and_then(Value::as_number).is_some_and(|status| (300.0..400.0).contains(&status))
        };
        self.matchers.iter().any(|matcher| match matcher {
            Matcher::StatusClass(class) => *class == 3,
            Matcher::Equals(expected) => redirect(expected),
            Matcher::OneOf(several) => several.iter().any(redirect),
            Matcher::NotEquals(_)
            | Matcher::Contains(_)
            | Matcher::NotContains(_)
            | Matcher::StartsWith(_)
            | Matcher::EndsWith(_)
            | Matcher::Matches(_)
            | Matcher::NotMatches(_)
            | Matcher::Above(_)
            | Matcher::AtLeast(_)
            | Matcher::Below(_)
            | Matcher::AtMost(_)
            | Matcher::Exists(_)
            | Matcher::Empty(_)
            | Matcher::Length(_)
            | Matcher::Type(_)
            | Matcher::Each(_) => false,
        })
    }

    fn only_asks_existence(&self) -> bool {
        self.matchers.iter().all(|matcher| matches!(matcher, Matcher::Exists(_)))
    }

    /// What is not there meets only `exists: false`.
    fn judge_missing(&self, judge: &mut Judge<'_>, why: &str) -> Result<(), Miss> {
        match self.matchers.iter().find(|matcher| !matches!(matcher, Matcher::Exists(false))) {
            None => Ok(()),
            Some(matcher) => Err(Miss {
                expected: sentence::phrase(matcher, &mut Values::Computed(judge.scope)),
                actual: format!("nothing: {why}"),
            }),
        }
    }

    /// A body that cannot be evaluated meets nothing, not even `exists: false`: it may hold anything.
    fn unreadable(&self, why: &Problem, response: &Response, judge: &mut Judge<'_>) -> Miss {
        let masker = judge.scope.masker();
        let expected = match self.matchers.first() {
            Some(matcher) => sentence::phrase(matcher, &mut Values::Computed(judge.scope)),
            None => "JSON".to_owned(),
        };
        let beginning = response.beginning(SHOWN * 4);
        let beginning = masker.mask_cut(&beginning);
        let body = if beginning.is_empty() {
            String::new()
        } else {
            format!("; it begins with: {}", shown(&beginning, SHOWN))
        };
        Miss { expected, actual: format!("nothing: {why}{body}") }
    }

    fn failure(&self, miss: Miss) -> AssertionFailure {
        let is_status = matches!(self.subject, Subject::Status);
        let kind = if is_status { FailureKind::Status } else { FailureKind::Assertion };
        let message = format!("expected {}, got {}", miss.expected, miss.actual);
        AssertionFailure { text: self.text.clone(), message, expected: miss.expected, actual: miss.actual, kind }
    }
}
