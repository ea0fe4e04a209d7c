//! Which metrics there are: the one table both formats are written from.

use super::snapshot::{GroupFigures, Histogram, LineFigures, LineName, Snapshot};
use crate::failure::FailureKind;

/// One metric under all its labels.
#[derive(Debug)]
pub(super) struct Family<'s> {
    /// Words joined by `_`, without the tool's name before them and the unit after them.
    pub(super) name: &'static str,
    /// What it counts, a sentence.
    pub(super) help: &'static str,
    pub(super) unit: MetricUnit,
    pub(super) points: Points<'s>,
}

impl Family<'_> {
    /// Whether there is nothing to tell yet.
    pub(super) fn is_empty(&self) -> bool {
        match &self.points {
            Points::Counters(points) | Points::Gauges(points) => points.is_empty(),
            Points::Histograms(points) => points.is_empty(),
        }
    }
}

/// What a figure counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MetricUnit {
    /// Things, which are called so in the format that wants a word for each.
    Things(&'static str),
    Bytes,
    Seconds,
}

/// A metric's figures.
#[derive(Debug)]
pub(super) enum Points<'s> {
    /// They only grow.
    Counters(Vec<Point<'s, u64>>),
    /// They come and go.
    Gauges(Vec<Point<'s, u64>>),
    /// Distributions.
    Histograms(Vec<Point<'s, &'s Histogram>>),
}

/// A figure under its labels.
#[derive(Debug)]
pub(super) struct Point<'s, V> {
    pub(super) labels: Vec<(&'static str, &'s str)>,
    pub(super) value: V,
}

impl Snapshot {
    /// Every metric. Requests and transactions are there from the start, so that the first ones
    /// count in rates; failed steps and kinds of failures once there is one, and distributions
    /// once there is a time.
    pub(super) fn families(&self) -> Vec<Family<'_>> {
        let requests = self.of_lines(false);
        let transactions = self.of_lines(true);
        vec![
            Family {
                name: "requests",
                help: "Finished requests, and steps that could not run.",
                unit: MetricUnit::Things("{request}"),
                points: requests.counters(|line| line.count),
            },
            Family {
                name: "requests_failed",
                help: "Failed requests.",
                unit: MetricUnit::Things("{request}"),
                points: requests.counters(|line| line.failed),
            },
            Family {
                name: "request_failures",
                help: "Failed requests by the kind of their first failure.",
                unit: MetricUnit::Things("{request}"),
                points: requests.failures(),
            },
            Family {
                name: "response_time",
                help: "Response times of requests that got a response, to the last byte of the body.",
                unit: MetricUnit::Seconds,
                points: requests.histograms(),
            },
            Family {
                name: "received",
                help: "Bytes received, including headers.",
                unit: MetricUnit::Bytes,
                points: requests.counters(|line| line.received_bytes),
            },
            Family {
                name: "sent",
                help: "Bytes sent, including headers.",
                unit: MetricUnit::Bytes,
                points: requests.counters(|line| line.sent_bytes),
            },
            Family {
                name: "transactions",
                help: "Finished transactions.",
                unit: MetricUnit::Things("{transaction}"),
                points: transactions.counters(|line| line.count),
            },
            Family {
                name: "transactions_failed",
                help: "Failed transactions.",
                unit: MetricUnit::Things("{transaction}"),
                points: transactions.counters(|line| line.failed),
            },
            Family {
                name: "transaction_time",
                help: "Times of transactions: the sum of their requests, without think time.",
                unit: MetricUnit::Seconds,
                points: transactions.histograms(),
            },
            Family {
                name: "active_users",
                help: "Currently active users.",
                unit: MetricUnit::Things("{user}"),
                points: Points::Gauges(self.of_groups(|group| group.active_users)),
            },
            Family {
                name: "iterations",
                help: "Finished iterations.",
                unit: MetricUnit::Things("{iteration}"),
                points: Points::Counters(self.of_groups(|group| group.iterations)),
            },
            Family {
                name: "iterations_dropped",
                help: "Iterations of an arrival rate that could not start because all users were busy.",
                unit: MetricUnit::Things("{iteration}"),
                points: Points::Counters(self.of_groups(|group| group.dropped)),
            },
        ]
    }

    fn of_lines(&self, transactions: bool) -> Lines<'_> {
        let shown = |(name, line): &(&LineName, &LineFigures)| {
            name.transaction == transactions && (name.sent || line.count > 0)
        };
        Lines(self.run.lines.iter().zip(&self.lines).filter(shown).collect())
    }

    fn of_groups(&self, figure: impl Fn(&GroupFigures) -> u64) -> Vec<Point<'_, u64>> {
        let groups = self.run.groups.iter().zip(&self.groups);
        groups.map(|(name, group)| Point { labels: vec![("thread_group", name)], value: figure(group) }).collect()
    }
}

/// Requests or transactions.
struct Lines<'s>(Vec<(&'s LineName, &'s LineFigures)>);

impl<'s> Lines<'s> {
    fn labels(name: &'s LineName) -> Vec<(&'static str, &'s str)> {
        let kind = if name.transaction { "transaction" } else { "sampler" };
        vec![("thread_group", &name.thread_group), (kind, &name.text)]
    }

    fn counters(&self, figure: impl Fn(&LineFigures) -> u64) -> Points<'s> {
        let point =
            |(name, line): &(&'s LineName, &'s LineFigures)| Point { labels: Self::labels(name), value: figure(line) };
        Points::Counters(self.0.iter().map(point).collect())
    }

    fn histograms(&self) -> Points<'s> {
        let timed = self.0.iter().filter(|(_, line)| line.times.count > 0);
        Points::Histograms(timed.map(|(name, line)| Point { labels: Self::labels(name), value: &line.times }).collect())
    }

    fn failures(&self) -> Points<'s> {
        let mut points = Vec::new();
        for (name, line) in &self.0 {
            for (kind, count) in FailureKind::ALL.iter().zip(line.failures).filter(|(_, count)| *count > 0) {
                let mut labels = Self::labels(name);
                labels.push(("kind", kind.word()));
                points.push(Point { labels, value: count });
            }
        }
        Points::Counters(points)
    }
}
