//! When, where and with what a plan was run.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::Repository;

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
