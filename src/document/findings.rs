//! What had to be true, and what went wrong.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::FailureKind;
use crate::threshold::{Condition, Metric, Unit};

/// A threshold and how it fared.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Threshold {
    /// As written.
    #[schemars(extend("examples" = ["p95 < 100ms"]))]
    pub text: String,
    /// Its name in the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The threshold with its name and scope, as reports show it; it holds no measured value.
    #[serde(default)]
    #[schemars(extend("examples" = ["GET /api/market-data: p95 < 100ms"]))]
    pub title: String,
    /// What it judges: a request, a transaction, a thread group, or `run`.
    #[schemars(extend("examples" = ["GET /api/market-data", "run"]))]
    pub scope: String,
    /// What that is.
    #[serde(default)]
    pub scope_kind: ScopeKind,
    /// The file it is written in, where that is not the plan's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line it is written on, from 1; the request's, if it follows from the rules.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// The part of the load it looks at; absent when that is all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["steady", "ramp_up", "stage 2"]))]
    pub during: Option<String>,
    /// Samples that started earlier are left out, in seconds; absent when none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub after_s: Option<f64>,
    /// What the figure is compared with; 0 where that is a baseline and there was nothing to compare.
    pub limit: f64,
    /// The figure; absent without samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<f64>,
    /// The unit of `limit` and `observed`; a share is a fraction of 1.
    pub unit: Unit,
    /// Whether it passed; a skipped one counts as passed.
    pub passed: bool,
    /// True if it was not judged, for want of samples or of a baseline; else absent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub skipped: bool,
    /// How it compares with the baseline, or why it was skipped; absent where samples decide alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["no baseline given"]))]
    pub note: Option<String>,
    /// True if `observed` is only a lower bound, since requests it counts got no whole response;
    /// else absent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub at_least: bool,
    /// What the figure is made of; absent where there is no more to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["5 of 10 users ended early: 5 because `Log in` failed in on_start"]))]
    pub detail: Option<String>,
    /// True if it is not written in the plan, but follows because nothing else judges the errors of
    /// its line or the users of its thread group; else absent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub implicit: bool,
}

impl Threshold {
    /// Whether it limits failed samples.
    pub fn judges_errors(&self) -> bool {
        Condition::parse(&self.text)
            .is_ok_and(|condition| matches!(condition.metric, Metric::ErrorRate | Metric::Errors))
    }
}

impl Threshold {
    /// Whether reports show it: one that follows from the rules only when it failed.
    pub fn is_shown(&self) -> bool {
        !self.implicit || !self.passed
    }

    /// Why it is judged although the plan does not write it; empty for one that is written.
    pub fn follows_because(&self) -> &'static str {
        match (self.implicit, self.scope_kind) {
            (false, _) => "",
            (true, ScopeKind::ThreadGroup) => " (no threshold allows lost users)",
            (true, ScopeKind::Run | ScopeKind::Sampler | ScopeKind::Transaction) => " (no threshold allows errors)",
        }
    }
}

/// What a threshold judges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScopeKind {
    /// All requests of all thread groups.
    #[default]
    Run,
    /// A thread group.
    ThreadGroup,
    /// A request or another step.
    Sampler,
    /// A transaction.
    Transaction,
}

/// An assertion and how often it passed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Assertion {
    /// The request it judges.
    pub label: String,
    /// The label with what tells it apart from another line of the same label; absent where none has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its name, or what it says.
    #[schemars(extend("examples" = ["status is 200"]))]
    pub text: String,
    /// The file it is written in, where that is not the plan's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line it is written on, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// How often it passed.
    pub passed: u64,
    /// How often it failed.
    pub failed: u64,
    /// What came instead: a few different values.
    #[schemars(extend("examples" = [["got 500"]]))]
    pub examples: Vec<String>,
}

/// Failures that are alike.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Error {
    /// Their kind.
    pub kind: FailureKind,
    /// The line of the report they happened on.
    pub label: String,
    /// The label with what tells it apart from another line of the same label; absent where none has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What happened.
    #[schemars(extend("examples" = ["connection refused"]))]
    pub message: String,
    /// The assertion that failed, as under `assertions`; absent where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["status is 200"]))]
    pub assertion: Option<String>,
    /// What was expected; absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What came instead: a few different values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actual: Vec<String>,
    /// How many.
    pub count: u64,
    /// When the first one ended, in seconds from the moment load began.
    #[schemars(range(min = 0))]
    pub first_s: f64,
    /// When the last one ended.
    #[schemars(range(min = 0))]
    pub last_s: f64,
    /// The file the request, assertion or extractor is written in, where that is not the plan's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line it is written on, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// One of the exchanges, masked and cut; absent when nothing was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<Example>,
}

impl Assertion {
    /// What tells the request it judges apart from every other.
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.label)
    }

    /// Whether these failures are its own.
    pub fn explains(&self, error: &Error) -> bool {
        error.assertion.as_deref() == Some(&*self.text)
            && (error.line, &error.file) == (self.line, &self.file)
            && error.title() == self.title()
    }
}

impl Error {
    /// What tells the line they happened on apart from every other.
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.label)
    }

    /// What happened, with the expected value for assertions: `status is 200: expected 200`.
    pub fn sentence(&self) -> String {
        let mut said = match &self.assertion {
            Some(assertion) if !self.message.contains(&**assertion) => format!("{assertion}: {}", self.message),
            _ => self.message.clone(),
        };
        if let Some(expected) = self.expected.as_ref().filter(|expected| !said.contains(expected.as_str())) {
            said.push_str(&format!(", expected {expected}"));
        }
        said
    }
}

/// An exchange.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Example {
    /// What was sent.
    pub request: String,
    /// What came.
    pub response: String,
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
