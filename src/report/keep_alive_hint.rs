//! The hint on kept connections that the server closes at the very moment they are used again.

use crate::document::Error;
use crate::protocols::http::client::kept_connection_idle;

/// Fewer failures than this are chance.
const LEAST: u64 = 3;

/// What one such failure comes from.
pub(super) fn of_error(error: &Error) -> Option<&'static str> {
    kept_connection_idle(&error.message).map(|_| {
        "The server closed a kept-alive connection at the moment the request was sent. A request that may change data is not sent again: the server could have acted on it."
    })
}

/// Such failures after the same idle time: that time is the server's own.
pub(super) fn of_errors(errors: &[Error]) -> Option<String> {
    let mut times: Vec<(&str, u64)> = Vec::new();
    for error in errors {
        let Some(idle) = kept_connection_idle(&error.message) else { continue };
        match times.iter_mut().find(|(known, _)| *known == idle) {
            Some((_, count)) => *count += error.count,
            None => times.push((idle, error.count)),
        }
    }
    let all: u64 = times.iter().map(|(_, count)| count).sum();
    let (idle, most) = times.into_iter().max_by_key(|(_, count)| *count)?;
    (most >= LEAST && most * 2 > all).then(|| {
        format!(
            "{most} requests failed because the server closed connections that had been idle for {idle}: its keep-alive timeout is about as long as the think times of the plan. Raise it, write `connections: iteration` or `connections: request`, or choose other think times."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::FailureKind;
    use crate::fixture::eventful;
    use std::time::Duration;

    fn errors(times: &[(u64, u64)]) -> Vec<Error> {
        let document = eventful().finish();
        let any = document.document().errors.first().cloned().expect("an error");
        times
            .iter()
            .map(|(millis, count)| {
                let idle = Duration::from_millis(*millis);
                let message = crate::protocols::http::client::kept_connection_message(idle);
                Error { kind: FailureKind::Reset, message, count: *count, ..any.clone() }
            })
            .collect()
    }

    #[test]
    fn failures_after_one_idle_time_are_the_servers_keep_alive() {
        let hint = of_errors(&errors(&[(5_010, 4), (4_960, 3), (9_000, 1)])).expect("a hint");
        assert!(
            hint.starts_with(
                "7 requests failed because the server closed connections that had been idle for about 5 s"
            ),
            "{hint}"
        );
    }

    #[test]
    fn a_few_or_scattered_failures_say_nothing() {
        assert_eq!(of_errors(&errors(&[(5_000, 2)])), None);
        assert_eq!(of_errors(&errors(&[(5_000, 3), (7_000, 3), (9_000, 3)])), None);
        assert_eq!(of_errors(&[]), None);
    }
}
