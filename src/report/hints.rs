//! What failures and figures suggest, in plain words.

use crate::document::Document;
use crate::document::Error;
use crate::document::Series;
use crate::failure::{Cause, FailureKind};
use crate::figures::{ms, per_second, share};
use crate::protocols::http::client::is_refused;

/// Parts of a run shorter than this are not compared, in slices.
const LEAST: usize = 4;

/// What a failure may come from, and what to look at.
pub(super) fn of_error(error: &Error) -> Option<&'static str> {
    if let Some(hint) = super::keep_alive_hint::of_error(error).or_else(|| super::limit_hints::of_error(error)) {
        return Some(hint);
    }
    let said = &error.message;
    if let Cause::Statuses(statuses) = Cause::of(error.kind, said, &error.actual) {
        let known = |status| STATUSES.iter().find(|(codes, _)| codes.contains(status));
        if let Some((_, hint)) = statuses.iter().find_map(known) {
            return Some(hint);
        }
        if !statuses.iter().any(|status| status.starts_with(['4', '5'])) {
            return Some(
                "The server responded, but not with the status that the plan expects. If it redirected, for example to a login page, check why; if the status is right, change the assertion.",
            );
        }
    }
    Some(match error.kind {
        FailureKind::Dns => {
            "The host name cannot be resolved. Check the URL for a typo, and whether this machine uses the right DNS server."
        }
        FailureKind::Connect if is_refused(said) => {
            "Nothing is listening at that address, or it accepts no more connections. Is the server up? Is the port right? Is its connection limit reached?"
        }
        FailureKind::Connect => {
            "Could not connect. Check for a firewall, a full connection table, or a server that no longer accepts connections."
        }
        FailureKind::Tls => {
            "The TLS handshake failed. Check the certificate's name and dates, and whether both sides support a common TLS version."
        }
        FailureKind::Timeout => {
            "The response took longer than the plan's time limit. Look at the response times over time: if they rise with the number of users, requests queue up in the server."
        }
        FailureKind::Reset => {
            "The server closed the connection before the response was complete. Often a crash, a restart, a proxy's idle timeout, or a limit on requests per connection."
        }
        FailureKind::Protocol => {
            "The response was not valid HTTP. Often the port uses another protocol: https instead of http, or the other way round."
        }
        FailureKind::Body => {
            "The body ended early or could not be decoded. Check for a proxy that cuts responses off, or a wrong content-encoding."
        }
        FailureKind::Status => "The server rejected the request. Look at the response: it often says why.",
        FailureKind::Assertion => {
            "The response did not match. Look at the response: is the server wrong, or the assertion too strict?"
        }
        FailureKind::Extraction => {
            "The value to extract is not in the response. Often an earlier step failed, and this response is an error page."
        }
        FailureKind::Step => "The step could not run, so nothing was sent. `loadplan try` shows the values it used.",
        FailureKind::Interrupted => return None,
    })
}

const STATUSES: [(&[&str], &str); 7] = [
    (&["401", "407"], "The server requires a login. Has the token expired, or was it never extracted?"),
    (
        &["403"],
        "The server denies access. Does this user have permission? Is there a firewall or bot protection in between?",
    ),
    (
        &["404", "410"],
        "Nothing exists at that path. Check the path for a typo, or for data that another user has deleted.",
    ),
    (
        &["429"],
        "The server limits how many requests one client may send. Ask for an exception, or test below the limit.",
    ),
    (
        &["503", "504"],
        "The server, or a proxy in front of it, is overloaded or waits for another service: often this is the limit you were looking for.",
    ),
    (&["502"], "A proxy could not reach the server behind it, which may have crashed or closed the connection."),
    (
        &["500"],
        "The server failed to handle this request. Its log at that time says why; under load it is often an exhausted connection pool or lock contention.",
    ),
];

/// What the course of a run that has ended suggests.
pub(super) fn of_document(document: &Document<'_>) -> Vec<String> {
    of_run(document, document.series())
}

/// What the course of the run suggests.
pub(super) fn of_run(document: &Document<'_>, series: &Series) -> Vec<String> {
    let mut hints = Vec::new();
    hints.extend(saturation(document, series));
    if hints.is_empty() {
        hints.extend(queueing(document, series));
    }
    hints.extend(standstill(document, series));
    hints.extend(super::keep_alive_hint::of_errors(&document.errors));
    hints
}

/// A stretch of slices, summed up.
struct Stretch {
    users: f64,
    connections: f64,
    /// Requests that passed.
    per_slice: f64,
    /// The share of requests that failed.
    failed: f64,
    p99_ms: f64,
}

fn stretch(series: &Series, places: std::ops::Range<usize>) -> Option<Stretch> {
    let length = places.len();
    let mean = |column: &[u64]| column[places.clone()].iter().sum::<u64>() as f64 / length as f64;
    let failed: f64 = series.failures.values().map(|column| mean(column)).sum();
    let count = mean(&series.count);
    let mut times: Vec<f64> = series.p99_ms[places.clone()].iter().copied().flatten().collect();
    times.sort_by(f64::total_cmp);
    (length >= LEAST && times.len() >= LEAST).then(|| Stretch {
        users: mean(&series.users),
        connections: mean(&series.connections),
        // A server that is at its limit refuses quickly: that is no throughput.
        per_slice: (count - failed).max(0.0),
        failed: if count > 0.0 { failed / count } else { 0.0 },
        p99_ms: times[times.len() / 2],
    })
}

/// More users, no more throughput, longer waits: the limit was reached.
fn saturation(document: &Document<'_>, series: &Series) -> Option<String> {
    // A generator that was too slow has met its own limit.
    let peak = *series.users.iter().max().filter(|_| document.generator.kept_up)?;
    // The way up in six stretches, and the time at the top.
    let full = |users: &u64| *users * 20 >= peak * 19;
    let top = series.users.iter().position(full)?;
    let last = stretch(series, top..series.users.iter().rposition(full)? + 1)?;
    let stretches: Vec<Stretch> =
        (0..6).filter_map(|part| stretch(series, part * top / 6..(part + 1) * top / 6)).collect();
    let grown = |from: f64, to: f64| to / from.max(f64::MIN_POSITIVE) - 1.0;
    let knee = stretches.iter().find(|one| {
        let users = grown(one.users, last.users);
        users >= 0.2
            && grown(one.per_slice, last.per_slice) <= (users / 4.0).min(0.1)
            && grown(one.p99_ms, last.p99_ms) >= 0.3
    })?;
    let errors = match last.failed {
        failed if failed >= 0.01 => format!(
            " {} of the requests at the top failed; they are not counted here.",
            share((failed * 100.0).round() / 100.0)
        ),
        _ => String::new(),
    };
    Some(format!(
        "The server's limit seems to be about {}: it was reached at about {:.0} users. From there to {peak} users, throughput stayed the same and p99 rose from {} to {}; more users only wait longer.{errors}",
        per_second(about(last.per_slice / document.slice_s.max(1) as f64)),
        knee.users.max(1.0),
        ms(knee.p99_ms),
        ms(last.p99_ms),
    ))
}

/// To two digits: it is an estimate.
fn about(value: f64) -> f64 {
    let unit = 10.0_f64.powf((value.max(f64::MIN_POSITIVE).log10().floor() - 1.0).max(-2.0));
    (value / unit).round() * unit
}

/// Longer waits under the same load.
fn queueing(document: &Document<'_>, series: &Series) -> Option<String> {
    let peak = *series.users.iter().max()?;
    let full = |users: &u64| *users * 10 >= peak * 9;
    let from = series.users.iter().position(full)?;
    let to = series.users.iter().rposition(full)? + 1;
    let third = (to - from) / 3;
    let (first, last) = (stretch(series, from..from + third)?, stretch(series, to - third..to)?);
    if last.p99_ms < 2.0 * first.p99_ms || last.p99_ms - first.p99_ms < 5.0 {
        return None;
    }
    let times = format!("p99 rose from {} to {}", ms(first.p99_ms), ms(last.p99_ms));
    let open = document.thread_groups.iter().any(|group| group.open);
    Some(if open && last.users > 1.2 * first.users {
        format!(
            "{times} at the same arrival rate, and the number of busy users grew with it: requests arrive faster than the server handles them."
        )
    } else if last.connections <= 1.1 * first.connections {
        format!(
            "{times} while the number of users and open connections stayed the same: requests queue up in the server. Look for an exhausted connection pool, lock contention, or memory that fills up over time."
        )
    } else {
        format!(
            "{times} while the number of users stayed the same, and more connections were open: connections are reopened, or leak."
        )
    })
}

/// Seconds in the midst of the run without a single answer, although requests were under way: then
/// one of them took at least as long.
fn standstill(document: &Document<'_>, series: &Series) -> Option<String> {
    let busy = |place: &usize| series.count[*place] > 0;
    let first = (0..series.count.len()).find(busy)?;
    let last = (0..series.count.len()).rfind(busy)?;
    let usual = series.count[first..=last].iter().sum::<u64>() as f64 / (last - first + 1) as f64;
    let (mut longest, mut begin) = (0..0, None);
    for place in first..=last {
        match (busy(&place), begin) {
            (false, None) => begin = Some(place),
            (true, Some(from)) => {
                if place - from > longest.len() {
                    longest = from..place;
                }
                begin = None;
            }
            _ => {}
        }
    }
    let gap_s = longest.len() as u64 * document.slice_s.max(1);
    let slowest_ms = document.totals.response_time.as_ref().map_or(0.0, |times| times.max_ms);
    (usual >= 5.0 && gap_s > 0 && slowest_ms >= gap_s as f64 * 1e3).then(|| {
        format!(
            "No response came for {gap_s} s from second {} on, while requests were waiting: the server paused (garbage collection, failover, a lock), or the network did.",
            series.t_s[longest.start],
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::eventful;

    fn series(slices: usize, figures: impl Fn(f64) -> (u64, u64, u64, f64)) -> Series {
        let mut series = Series::default();
        for place in 0..slices {
            let (users, connections, count, p99) = figures(place as f64 / slices as f64);
            series.t_s.push(place as u64);
            series.users.push(users);
            series.connections.push(connections);
            series.count.push(count);
            for column in [&mut series.p50_ms, &mut series.p95_ms, &mut series.p99_ms] {
                column.push((count > 0).then_some(p99));
            }
        }
        series
    }

    fn said(series: &Series) -> Vec<String> {
        of_run(&eventful().finish().document(), series)
    }

    #[test]
    fn a_run_that_meets_the_servers_limit_tells_where_it_is() {
        // From half of the way up to 200 users the server answers 100 a second, whatever comes.
        let hints = said(&series(120, |done| {
            let users = (done * 200.0) as u64 + 1;
            (users, users, users.min(100), if users <= 100 { 10.0 } else { users as f64 / 4.0 })
        }));
        assert_eq!(hints.len(), 1, "{hints:?}");
        assert!(
            hints[0].starts_with("The server's limit seems to be about 100/s: it was reached at about 1"),
            "{hints:?}"
        );
    }

    #[test]
    fn regression_failed_responses_are_no_throughput() {
        // The server completes 100 a second; what comes beyond is refused at once, so that all
        // responses together still rise with the users.
        let mut refused = series(120, |done| {
            let users = (done * 200.0) as u64 + 1;
            (users, users, users, if users <= 100 { 10.0 } else { users as f64 / 4.0 })
        });
        let failed: Vec<u64> = refused.users.iter().map(|users| users.saturating_sub(100)).collect();
        refused.failures.insert(FailureKind::Status, failed);
        let hints = said(&refused);
        assert!(hints[0].starts_with("The server's limit seems to be about 100/s"), "{hints:?}");
        // At the top 190 to 200 users come, of whom 90 to 100 are refused: 49 % of 195.
        assert!(hints[0].contains("49% of the requests at the top failed"), "{hints:?}");
    }

    #[test]
    fn times_that_rise_under_the_same_load_are_a_queue() {
        let hints = said(&series(60, |done| (50, 50, 100, 10.0 + 90.0 * done)));
        assert_eq!(hints.len(), 1, "{hints:?}");
        assert!(hints[0].contains("requests queue up in the server"), "{hints:?}");
    }

    #[test]
    fn a_steady_run_suggests_nothing() {
        let hints = said(&series(60, |done| (50, 50, 100, 10.0 + (done * 20.0).fract())));
        assert!(hints.is_empty(), "{hints:?}");
        assert!(said(&Series::default()).is_empty());
    }

    #[test]
    fn a_standstill_is_told_with_its_time() {
        let quiet = series(60, |done| (50, 50, if (0.5..0.55).contains(&done) { 0 } else { 100 }, 10.0));
        assert!(said(&quiet).is_empty(), "users that think are no standstill");
        let mut run = eventful();
        run.passes("GET /market", 33.0, 3_100);
        let hints = of_run(&run.finish().document(), &quiet);
        assert!(hints[0].starts_with("No response came for 3 s from second 30 on"), "{hints:?}");
    }
}
