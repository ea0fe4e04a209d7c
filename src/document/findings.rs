//! What had to be true, and what went wrong.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::FailureKind;
use crate::sanitize::inline;
use crate::threshold::{Condition, Metric, Operator, Unit};

/// A threshold and its result.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Threshold {
    /// The threshold as written.
    #[schemars(extend("examples" = ["p95 < 100ms"]))]
    pub text: String,
    /// Its name in the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The threshold with its name and scope, as shown in reports; it contains no measured value.
    #[serde(default)]
    #[schemars(extend("examples" = ["GET /api/market-data: p95 < 100ms"]))]
    pub title: String,
    /// What it applies to: a request, a transaction, a thread group, or `run`.
    #[schemars(extend("examples" = ["GET /api/market-data", "run"]))]
    pub scope: String,
    /// The kind of its scope.
    #[serde(default)]
    pub scope_kind: ScopeKind,
    /// The file that contains it, if that is not the plan file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in that file, from 1; for a default threshold, the line of the request.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// The part of the load that it covers; absent for the whole load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["steady", "ramp_up", "stage 2"]))]
    pub during: Option<String>,
    /// Samples that started before this time are ignored, in seconds; absent if all count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub after_s: Option<f64>,
    /// The limit; 0 if it refers to a baseline and there was nothing to compare.
    pub limit: f64,
    /// The observed value; absent without samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<f64>,
    /// The unit of `limit` and `observed`; a percentage is a fraction of 1.
    pub unit: Unit,
    /// Whether it passed; a skipped threshold counts as passed.
    pub passed: bool,
    /// True if it was not evaluated because there were no samples or no baseline; otherwise absent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub skipped: bool,
    /// How it compares with the baseline, or why it was skipped; absent if only the samples count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["no baseline given"]))]
    pub note: Option<String>,
    /// True if `observed` is only a lower bound because some requests got no complete response;
    /// otherwise absent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub at_least: bool,
    /// Details about the observed value; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["5 of 10 users ended early: 5 because `Log in` failed in on_start"]))]
    pub detail: Option<String>,
    /// True if it is not in the plan, but added by default because nothing else limits the errors of
    /// its row or the lost users of its thread group; otherwise absent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub implicit: bool,
}

impl Threshold {
    /// With the title that early versions of the document lack: the scope and the text.
    pub(super) fn titled(self) -> Self {
        if !self.title.is_empty() {
            return self;
        }
        let said = self.name.as_ref().map_or_else(|| self.text.clone(), |name| format!("{name} ({})", self.text));
        let title = if self.scope == "run" { said } else { format!("{}: {said}", self.scope) };
        Self { title, ..self }
    }

    /// Whether it limits failed samples.
    pub fn judges_errors(&self) -> bool {
        Condition::parse(&self.text)
            .is_ok_and(|condition| matches!(condition.metric, Metric::ErrorRate | Metric::Errors))
    }
}

impl Threshold {
    /// How much of its limit the observed figure takes: 0.5 where a time is half of what it may be, more than 1
    /// where it fails; 0 where nothing was observed.
    pub fn strain(&self) -> f64 {
        let (Some(observed), Ok(condition)) = (self.observed, Condition::parse(&self.text)) else { return 0.0 };
        let (part, whole) = match condition.operator {
            Operator::Less | Operator::LessOrEqual => (observed, self.limit),
            Operator::Greater | Operator::GreaterOrEqual => (self.limit, observed),
            Operator::Equal => return if self.passed { 0.0 } else { f64::INFINITY },
        };
        match part {
            0.0 => 0.0,
            _ if whole <= 0.0 => f64::INFINITY,
            _ => part / whole,
        }
    }

    /// Whether reports show it: one that follows from the rules only if it failed.
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

/// What a threshold applies to.
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
    /// The request that it checks.
    pub label: String,
    /// The label with a suffix that distinguishes it from another row with the same label; absent if the label is unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its name, or its text.
    #[schemars(extend("examples" = ["status is 200"]))]
    pub text: String,
    /// The file that contains it, if that is not the plan file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in that file, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// How often it passed.
    pub passed: u64,
    /// How often it failed.
    pub failed: u64,
    /// A few different actual values.
    #[schemars(extend("examples" = [["got 500"]]))]
    pub examples: Vec<String>,
}

/// A group of similar failures.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Error {
    /// The kind of failure.
    pub kind: FailureKind,
    /// The row of the report that they belong to.
    pub label: String,
    /// The label with a suffix that distinguishes it from another row with the same label; absent if the label is unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What happened.
    #[schemars(extend("examples" = ["connection refused"]))]
    pub message: String,
    /// The assertion that failed, as under `assertions`; absent if no assertion failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("examples" = ["status is 200"]))]
    pub assertion: Option<String>,
    /// The expected value; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// A few different actual values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actual: Vec<String>,
    /// How many.
    pub count: u64,
    /// When the first one ended, in seconds from the start of the load.
    #[schemars(range(min = 0))]
    pub first_s: f64,
    /// When the last one ended.
    #[schemars(range(min = 0))]
    pub last_s: f64,
    /// The file that contains the request, assertion or extractor, if that is not the plan file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in that file, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// One request and response, masked and truncated; absent if nothing was sent.
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
            // The message is on one line, where the assertion may keep spaces and marks as they are written.
            Some(assertion) if !inline(&self.message).contains(&inline(assertion)) => {
                format!("{assertion}: {}", self.message)
            }
            _ => self.message.clone(),
        };
        if let Some(expected) = self.expected.as_ref().filter(|expected| !said.contains(expected.as_str())) {
            said.push_str(&format!(", expected {expected}"));
        }
        said
    }
}

/// A request and its response.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Example {
    /// The request.
    pub request: String,
    /// The response.
    pub response: String,
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
