//! What went wrong with a request, in words every format shows alike.

use crate::document::Document;
use crate::document::Error;
use crate::sanitize::defused;

/// How many failures of a line are shown.
const SHOWN: usize = 5;

impl Document<'_> {
    /// The most frequent failures of a line as text: count, cause, values, plan line, and one
    /// exchange of the first.
    pub(super) fn failures_text(&self, title: &str) -> String {
        let mut text = String::new();
        let errors: Vec<&Error> = self.errors.iter().filter(|error| error.title() == title).collect();
        for error in errors.iter().take(SHOWN) {
            let place = self.place(error.file.as_ref(), error.line);
            text.push_str(&format!("{} × {} [{}] at {place}\n", error.count, error.sentence(), error.kind.word()));
            if !error.actual.is_empty() {
                text.push_str(&format!("    got {}\n", error.actual.join(" · ")));
            }
        }
        if errors.len() > SHOWN {
            text.push_str(&format!("and {} more kinds of failure\n", errors.len() - SHOWN));
        }
        if let Some(example) = errors.iter().find_map(|error| error.example.as_ref()) {
            for (title, part) in [("request:", &example.request), ("response:", &example.response)] {
                if !part.is_empty() {
                    text.push_str(&format!("one {title}\n{}", crate::sanitize::quoted(part, "  ")));
                }
            }
        }
        defused(&text)
    }
}
