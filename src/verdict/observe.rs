//! Reading a figure off what was counted.

use std::time::Duration;

use crate::metrics::Stats;
use crate::threshold::{Condition, Metric, Unit};

/// What a threshold looks at.
pub(super) struct Observed<'a> {
    /// The figures of its scope.
    pub(super) stats: &'a Stats,
    /// Finished iterations of its scope.
    pub(super) iterations: u64,
    /// Iterations of its scope that could not start because every user was busy.
    pub(super) dropped: u64,
    /// Users of its scope that were started, and those of them that ended early.
    pub(super) users: (u64, u64),
    /// For how long these figures were gathered.
    pub(super) time: Duration,
}

impl Observed<'_> {
    /// The figure in the condition's unit; `None` when there is nothing to take it from.
    pub(super) fn figure(&self, condition: &Condition) -> Option<f64> {
        let stats = self.stats;
        match condition.metric {
            Metric::Iterations => return Some(self.iterations as f64),
            Metric::Dropped => return Some(self.dropped as f64),
            Metric::UsersLost => {
                let (started, lost) = self.users;
                return match condition.unit {
                    Unit::Share => (started > 0).then(|| lost as f64 / started as f64),
                    Unit::Count | Unit::Milliseconds | Unit::PerSecond | Unit::Bytes => Some(lost as f64),
                };
            }
            _ if stats.count == 0 => return None,
            Metric::Percentile(_)
            | Metric::Mean
            | Metric::Min
            | Metric::Max
            | Metric::Stddev
            | Metric::ErrorRate
            | Metric::Errors
            | Metric::Throughput
            | Metric::Requests
            | Metric::Apdex(_)
            | Metric::BytesReceived => {}
        }
        let times = condition.phase.map_or(&stats.response_time, |phase| stats.phase(phase));
        match condition.metric {
            Metric::Percentile(percent) => times.percentile_ms(percent),
            Metric::Mean => times.mean_ms(),
            Metric::Min => times.min_ms(),
            Metric::Max => times.max_ms(),
            Metric::Stddev => times.stddev_ms(),
            Metric::ErrorRate => stats.error_rate(),
            Metric::Errors => Some(stats.failed as f64),
            Metric::Throughput => stats.throughput(self.time),
            Metric::Requests => Some(stats.count as f64),
            Metric::Apdex(target) => stats.apdex(target),
            Metric::BytesReceived => Some(stats.received_bytes as f64),
            Metric::Iterations | Metric::Dropped | Metric::UsersLost => None,
        }
    }

    /// Whether the figure is only a lower bound: requests that were cut short at or below it might
    /// have taken longer.
    pub(super) fn is_lower_bound(&self, condition: &Condition, figure: f64) -> bool {
        let bounds = self.stats.lower_bounds;
        if condition.phase.is_some() {
            return false;
        }
        match condition.metric {
            Metric::Percentile(_) | Metric::Min | Metric::Max => bounds.reach(figure),
            Metric::Mean => bounds.count > 0,
            Metric::Stddev
            | Metric::ErrorRate
            | Metric::Errors
            | Metric::Throughput
            | Metric::Requests
            | Metric::Iterations
            | Metric::Dropped
            | Metric::UsersLost
            | Metric::Apdex(_)
            | Metric::BytesReceived => false,
        }
    }
}
