//! What went wrong on a line of the report, in words every format shows alike.

use super::{Report, cut, defused, inline};
use crate::graph::LabelId;
use crate::metrics::ErrorGroup;

/// How many failures of a line are shown.
const SHOWN: usize = 5;
/// How much of an answer is shown, in bytes.
const EXAMPLE_BYTES: usize = 2000;

/// An exchange, masked, cut and made harmless.
pub(super) struct ShownExample {
    pub(super) request: String,
    pub(super) response: String,
}

impl Report<'_> {
    /// What happened, with the expected value for assertions: `status is 200: expected 200, got 500, 503`.
    pub(super) fn failure(&self, error: &ErrorGroup) -> String {
        let mut said = match error.assertion.and_then(|id| self.graph.assertions.get(id.index())) {
            Some(assertion) if !error.message.contains(&*assertion.text) => {
                format!("{}: {}", assertion.text, error.message)
            }
            _ => error.message.clone(),
        };
        if let Some(expected) = &error.expected
            && !said.contains(expected.as_str())
        {
            said.push_str(&format!(", expected {expected}"));
        }
        inline(&self.masker.mask(&said))
    }

    /// The values that came instead of the expected one.
    pub(super) fn actual(&self, error: &ErrorGroup) -> Vec<String> {
        error.actual.iter().map(|actual| cut(&inline(&self.masker.mask(actual)), EXAMPLE_BYTES).into_owned()).collect()
    }

    /// One exchange of a failure; `None` when there was none to keep.
    pub(super) fn example(&self, error: &ErrorGroup) -> Option<ShownExample> {
        let example = &error.example;
        let shown = |text: &str| cut(super::clean(&self.masker.mask(text)).trim_end(), EXAMPLE_BYTES).into_owned();
        (!example.request.is_empty() || !example.response.is_empty())
            .then(|| ShownExample { request: shown(&example.request), response: shown(&example.response) })
    }

    /// The errors of a line, the most frequent first.
    pub(super) fn errors_of(&self, label: LabelId) -> impl Iterator<Item = &ErrorGroup> {
        self.results.errors.iter().filter(move |error| error.label == label)
    }

    /// The most frequent failures of a line as text: count, cause, values, plan line, and one
    /// exchange of the first.
    pub(super) fn failures_text(&self, label: LabelId) -> String {
        let mut text = String::new();
        let errors: Vec<_> = self.errors_of(label).collect();
        for error in errors.iter().take(SHOWN) {
            let place = self.place(error.span);
            text.push_str(&format!(
                "{} × {} [{}] at {}:{}\n",
                error.count,
                self.failure(error),
                error.kind.word(),
                place.file,
                place.line
            ));
            let actual = self.actual(error);
            if !actual.is_empty() {
                text.push_str(&format!("    got {}\n", actual.join(" · ")));
            }
        }
        if errors.len() > SHOWN {
            text.push_str(&format!("and {} more kinds of failure\n", errors.len() - SHOWN));
        }
        if let Some(example) = errors.iter().find_map(|error| self.example(error)) {
            for (title, part) in [("request:", &example.request), ("response:", &example.response)] {
                if !part.is_empty() {
                    text.push_str(&format!("one {title}\n{}", super::quoted(part, "  ")));
                }
            }
        }
        defused(&text)
    }
}
