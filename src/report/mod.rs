//! Writing a run down: every format is made from the run's [`Document`](crate::document::Document),
//! so outputs cannot disagree and any of them can be made again from a saved document.

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
mod table;
#[cfg(test)]
mod tests;

pub use annotations::annotations;
pub use files::{Format, OutputFiles, Written, lock, same_file};
pub use gitlab::GitLab;
pub use html::{Html, LivePage};
pub use json::Json;
pub use jtl::Jtl;
pub use junit::{Junit, JunitStyle, RegressionJunit};
pub use markdown::Markdown;
pub use table::Table;
