//! What is wrong with something that a user wrote or named, and how to fix it: the type of all expected
//! errors. Findings in a plan also have positions (`diagnostic`).

use std::fmt;

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong: a sentence, or a fragment where a place is named before it.
    pub message: String,
    /// The remedy in words; empty where the message says it, or the correction does.
    pub help: String,
    /// The corrected text, where it can be guessed. It is right: reading it succeeds.
    pub corrected: Option<String>,
}

impl Problem {
    /// A fault with its remedy.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into(), corrected: None }
    }

    /// The fault with its place named before it.
    #[must_use]
    pub fn at(self, place: impl fmt::Display) -> Self {
        Self { message: format!("{place}: {}", self.message), ..self }
    }

    /// The remedy, or this one where it has none of its own.
    pub fn help_or<'h>(&'h self, otherwise: &'h str) -> &'h str {
        if self.help.is_empty() { otherwise } else { &self.help }
    }
}

impl fmt::Display for Problem {
    /// In one line, for where the remedy is not shown apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "; {}", self.help) }
    }
}

impl std::error::Error for Problem {}

/// A fault without a remedy, or whose message says it.
impl From<String> for Problem {
    fn from(message: String) -> Self {
        Self { message, ..Self::default() }
    }
}

impl From<&str> for Problem {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

/// In one line, as [`fmt::Display`] writes it.
impl From<Problem> for String {
    fn from(problem: Problem) -> Self {
        if problem.help.is_empty() { problem.message } else { problem.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::Problem;
    use crate::failure::StepError;

    #[test]
    fn in_one_line_the_remedy_follows_what_is_wrong() {
        let problem = Problem::new("`x` is UTF-16", "save it as UTF-8").at("plan");
        assert_eq!(problem.to_string(), "plan: `x` is UTF-16; save it as UTF-8");
        assert_eq!(StepError::from(problem).message, "plan: `x` is UTF-16; save it as UTF-8");
        assert_eq!(String::from(Problem::from("it is a folder")), "it is a folder");
    }
}
