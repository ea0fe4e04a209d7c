//! Writes the results of a run: every format is created from the [`Document`](crate::document::Document) of the run,
//! so outputs cannot disagree, and each of them can be created again from a saved document.

mod annotations;
mod causes;
pub mod comparison;
pub mod console;
mod files;
mod findings;
mod gitlab;
mod hints;
mod html;
pub mod json;
mod jtl;
mod junit;
mod keep_alive_hint;
mod limit_hints;
mod markdown;
pub mod progress;
mod summary_line;
mod table;
#[cfg(test)]
mod tests;

pub use annotations::annotations;
pub use files::{Format, OutputFiles, STDOUT, Written, lock, same_file};
pub use gitlab::GitLab;
pub use html::{Html, LivePage};
pub use json::Json;
pub use jtl::Jtl;
pub use junit::{Junit, JunitStyle, RegressionJunit};
pub use markdown::Markdown;
pub use summary_line::summary_line;
pub use table::Table;
