//! Writing a run down: a [`Report`] becomes a [`Document`], and every format is made from that,
//! so outputs cannot disagree and any of them can be made again from a saved document.

mod annotations;
pub mod console;
pub mod document;
mod files;
mod findings;
#[cfg(test)]
pub(crate) mod fixture;
mod gitlab;
mod hints;
mod html;
pub mod json;
mod jtl;
mod junit;
mod kept;
mod markdown;
mod own;
mod place;
pub mod progress;
mod repository;
mod series;
mod table;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

pub use annotations::annotations;
pub use document::Document;
pub use files::{Format, OutputError, OutputFiles, Written, lock, same_file};
pub use gitlab::GitLab;
pub use html::{Html, LivePage};
pub use json::Json;
pub use jtl::Jtl;
pub use junit::{Junit, JunitStyle, RegressionJunit};
pub use markdown::Markdown;
pub(crate) use markdown::code;
pub use repository::Repository;
pub use table::Table;

use crate::graph::ExecutionGraph;
use crate::mask::Masker;
use crate::metrics::Results;
pub use crate::sanitize::{clean, cut, defused, inline, quoted, short};
use crate::verdict::{RunOutcome, Verdict};

/// Everything there is to tell about a run.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// What ran.
    pub graph: &'a ExecutionGraph,
    /// What was counted.
    pub results: &'a Results,
    /// How it was judged.
    pub verdict: &'a Verdict,
    /// How it went.
    pub outcome: &'a RunOutcome,
    /// When and where.
    pub info: &'a RunInfo,
    /// Hides secrets.
    pub masker: &'a Masker,
}

/// When, where and with what a plan was run.
#[derive(Clone, Debug)]
pub struct RunInfo {
    /// The run's identifier.
    pub id: String,
    /// This tool's version.
    pub version: String,
    /// When it began, setup included.
    pub started_at: jiff::Timestamp,
    /// When it ended, teardown included.
    pub ended_at: jiff::Timestamp,
    /// From begin to end, by a monotonic clock.
    pub took: Duration,
    /// The profiles laid over the plan, in order.
    pub profiles: Vec<String>,
    /// What every random draw started from.
    pub seed: u64,
    /// The machine's name.
    pub host: String,
    /// How many processors it has.
    pub cpus: usize,
    /// Its operating system.
    pub os: String,
    /// SHA-256 of the plan's file, in lower-case hex.
    pub plan_sha256: String,
    /// The repository the plan lies in; paths in reports are relative to its root.
    pub repository: Option<Repository>,
}

impl RunInfo {
    /// The run took so long by a monotonic clock. Its end follows from its beginning: by the wall clock,
    /// which may be set meanwhile, it could have ended before it began.
    pub fn ends(&mut self, took: Duration) {
        self.took = took;
        self.ended_at = self.started_at.checked_add(took).unwrap_or(self.started_at);
    }

    /// Of a run that begins now, on this machine; its end is set when it has ended.
    /// `text` is what was read of a plan that came through a pipe, and cannot be read again.
    pub fn now(id: &str, seed: u64, profiles: &[String], plan: &Path, text: Option<&str>) -> Self {
        let now = jiff::Timestamp::now();
        let sha = match (plan.is_file(), text) {
            (false, Some(text)) => Sha256::digest(text),
            (false, None) => Default::default(),
            (true, _) => std::fs::read(plan).map(|bytes| Sha256::digest(&bytes)).unwrap_or_default(),
        };
        Self {
            id: id.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            started_at: now,
            ended_at: now,
            took: Duration::ZERO,
            profiles: profiles.to_vec(),
            seed,
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            os: std::env::consts::OS.into(),
            plan_sha256: sha.iter().map(|byte| format!("{byte:02x}")).collect(),
            repository: std::env::current_dir().ok().and_then(|folder| Repository::around(&folder)),
        }
    }
}
