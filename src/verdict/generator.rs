//! Whether the load generator itself was fast enough for its figures to be trusted.

use std::time::Duration;

use crate::failure::Exhausted;
use crate::metrics::{Results, Times};

/// Above this 99th percentile of their lateness, timers and starts are a considerable part of
/// what is measured, in milliseconds.
const LAG_LIMIT_MS: f64 = 100.0;
/// This many starts or timers must be late for their 99th percentile to say anything: of five it is
/// the latest one, and a single late one is an accident.
const LATE: u64 = 5;
/// A single timer that is as late as this is none, in milliseconds: the machine stood still.
const STALL_MS: f64 = 1000.0;
/// A thread that has something to do for more than this share of its time is what limits the load.
const BUSY_LIMIT: f64 = 0.95;
/// Runs shorter than this say nothing about how busy a thread is.
const LEAST: Duration = Duration::from_secs(1);

/// Whether the load generator itself was fast enough for its figures to be trusted.
#[derive(Clone, Debug, PartialEq)]
pub struct Generator {
    /// Whether it kept up.
    pub kept_up: bool,
    /// Why not, in words.
    pub reason: Option<String>,
    /// The share of all CPUs' time the process used while load was applied, 0 to 1.
    pub cpu_share: Option<f64>,
    /// The share of its time in which the busiest worker thread had something to do, 0 to 1.
    pub busiest: Option<f64>,
    /// How late its timers were, or users and arrivals started, whichever is later: 99th
    /// percentile, in milliseconds.
    pub lag_p99_ms: Option<f64>,
    /// Users and iterations that started more than 100 ms late.
    pub late_starts: u64,
    /// Iterations of arrival rates that could not start because every user was busy.
    pub dropped: u64,
    /// How many files, sockets included, the process may have open.
    pub open_files_limit: Option<u64>,
}

impl Default for Generator {
    fn default() -> Self {
        Self {
            kept_up: true,
            reason: None,
            cpu_share: None,
            busiest: None,
            lag_p99_ms: None,
            late_starts: 0,
            dropped: 0,
            open_files_limit: None,
        }
    }
}

impl Generator {
    /// The generator's health in a run.
    pub fn of(results: &Results, cpu_share: Option<f64>, open_files_limit: Option<u64>) -> Self {
        let figures = &results.generator;
        let starts = lateness(&figures.start_lag, f64::INFINITY);
        let lag = lateness(&figures.lag, STALL_MS).into_iter().chain(starts).reduce(f64::max);
        let dropped = results.groups.iter().map(|group| group.dropped).sum();
        let busiest = figures.busiest.filter(|_| results.load >= LEAST);
        let reason = exhausted(&figures.exhausted, open_files_limit)
            .or_else(|| late(lag.filter(|lag| *lag > LAG_LIMIT_MS)?, starts))
            .or_else(|| busy(busiest.filter(|share| *share >= BUSY_LIMIT)?, dropped));
        Self {
            kept_up: reason.is_none(),
            reason,
            cpu_share,
            busiest: figures.busiest,
            lag_p99_ms: lag,
            late_starts: figures.late_starts,
            dropped,
            open_files_limit,
        }
    }
}

/// The 99th percentile of a lateness in milliseconds; none where it is above the limit by too few
/// of them, unless one is as late as a `stall`.
fn lateness(times: &Times, stall_ms: f64) -> Option<f64> {
    let late = times.count() - times.count_up_to(Duration::from_secs_f64(LAG_LIMIT_MS / 1e3));
    let lag = times.percentile_ms(99.0)?;
    (lag <= LAG_LIMIT_MS || late >= LATE || lag >= stall_ms).then_some(lag)
}

fn exhausted(causes: &[(Exhausted, u64)], open_files_limit: Option<u64>) -> Option<String> {
    let (what, requests) = causes.iter().max_by_key(|(_, requests)| *requests)?;
    let s = if *requests == 1 { "" } else { "s" };
    Some(match what {
        Exhausted::Ports => format!(
            "this machine had no local port left for {requests} request{s}: keep connections open (`connections: user`), or distribute the load over more machines"
        ),
        Exhausted::OpenFiles => {
            let limit = open_files_limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
            format!("{requests} request{s} failed at the limit{limit} on open files: raise it with `ulimit -n`")
        }
    })
}

fn late(lag_ms: f64, starts_ms: Option<f64>) -> Option<String> {
    Some(if starts_ms.is_some_and(|starts| starts >= lag_ms) {
        format!(
            "users and iterations started {lag_ms:.0} ms late at the 99th percentile: this machine cannot generate the load in the plan"
        )
    } else {
        format!(
            "its own timers were {lag_ms:.0} ms late at the 99th percentile: this machine was too busy, and the response times include that delay"
        )
    })
}

fn busy(share: f64, dropped: u64) -> Option<String> {
    let busy = format!("its busiest thread was busy {:.0}% of the time", share * 100.0);
    Some(if dropped > 0 {
        format!("{busy}, and {dropped} iterations were dropped: this machine cannot generate the load in the plan")
    } else {
        format!("{busy}: the target may be faster than these numbers, which include delays on this machine")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::GeneratorFigures;

    fn lag(ms: u64) -> Times {
        let mut times = Times::default();
        times.record(Duration::from_millis(ms));
        times
    }

    fn results(generator: GeneratorFigures) -> Results {
        Results { load: Duration::from_secs(10), generator, ..Results::default() }
    }

    #[test]
    fn a_generator_with_time_to_spare_kept_up() {
        let figures = GeneratorFigures { lag: lag(3), busiest: Some(0.4), ..GeneratorFigures::default() };
        let health = Generator::of(&results(figures), Some(0.2), None);
        assert!(health.kept_up, "{health:?}");
        assert_eq!(health.lag_p99_ms, Some(3.0));
    }

    #[test]
    fn each_cause_is_told_in_a_sentence() {
        let told = |figures| Generator::of(&results(figures), None, Some(1024)).reason.unwrap_or_default();
        let base = GeneratorFigures::default;
        let times = |count: u64, ms: u64| {
            let mut times = lag(1);
            (0..count).for_each(|_| times.record(Duration::from_millis(ms)));
            times
        };
        assert!(told(GeneratorFigures { lag: times(5, 250), ..base() }).contains("timers were 250 ms late"));
        assert_eq!(told(GeneratorFigures { lag: times(1, 250), ..base() }), "", "one late timer is no trend");
        assert!(told(GeneratorFigures { lag: times(1, 2000), ..base() }).contains("timers were 2000 ms late"));
        let starts = |count: u64| told(GeneratorFigures { start_lag: times(count, 900), lag: lag(1), ..base() });
        assert!(starts(5).contains("started 900 ms late"));
        assert_eq!(starts(1), "", "nor is one late start");
        assert!(told(GeneratorFigures { busiest: Some(0.99), ..base() }).contains("busy 99% of the time"));
        let files = vec![(Exhausted::OpenFiles, 7)];
        assert!(
            told(GeneratorFigures { exhausted: files, ..base() }).starts_with("7 requests failed at the limit of 1024")
        );
        let ports = vec![(Exhausted::Ports, 1)];
        assert!(told(GeneratorFigures { exhausted: ports, ..base() }).contains("no local port left for 1 request:"));
    }
}
