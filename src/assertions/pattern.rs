//! Patterns of `matches`.

use std::cell::RefCell;
use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use crate::problem::Problem;
use crate::template::{Scope, Template};

/// A regular expression.
#[derive(Debug)]
pub enum Pattern {
    /// Known before the run.
    Regex(Regex),
    /// Computed for every response; compiled patterns are kept.
    Template(Template),
}

thread_local! {
    static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::new(HashMap::new());
}

/// How many computed patterns a thread keeps. A plan that makes a new one for every response
/// starts over instead of filling the memory.
const KEPT: usize = 64;

/// How much memory a computed pattern may take, in bytes.
pub(crate) const MAX_COMPUTED: usize = 1024 * 1024;

impl Pattern {
    /// How it is written.
    pub fn source(&self) -> &str {
        match self {
            Self::Regex(regex) => regex.as_str(),
            Self::Template(template) => template.source(),
        }
    }

    /// Whether `text` meets it somewhere.
    ///
    /// # Errors
    /// A fragment, when it cannot be computed or is not a regular expression.
    pub(super) fn is_match(&self, text: &str, scope: &mut dyn Scope) -> Result<bool, Problem> {
        let template = match self {
            Self::Regex(regex) => return Ok(regex.is_match(text)),
            Self::Template(template) => template,
        };
        let mut pattern = String::new();
        template.render(scope, &mut pattern).map_err(|error| error.message)?;
        COMPILED.with_borrow_mut(|known| {
            if let Some(regex) = known.get(&pattern) {
                return Ok(regex.is_match(text));
            }
            let regex = RegexBuilder::new(&pattern).size_limit(MAX_COMPUTED).build().map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => {
                    format!(
                        "`{}` gives a regular expression that takes more than {} MiB of memory",
                        template.source(),
                        MAX_COMPUTED >> 20
                    )
                }
                _ => format!("`{}` does not give a regular expression", template.source()),
            })?;
            let outcome = regex.is_match(text);
            if known.len() >= KEPT {
                known.clear();
            }
            known.insert(pattern, regex);
            Ok(outcome)
        })
    }
}
