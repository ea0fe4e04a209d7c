//! Hints on failures that come from a limit of the plan or of loadplan, not from what the kind of failure
//! usually comes from.
//!
//! A failure has a kind and a message from the sampler to the saved results, so the limit is told from the
//! message; each is recognized by the words that the code which made it uses too.

use crate::document::Error;
use crate::extractors::find;
use crate::failure::FailureKind;
use crate::protocols::http::client::{Stage, TOO_LARGE, is_too_many_redirects};

/// A limit that a request came up against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// `max_redirects`.
    Redirects,
    /// The size of a response's head.
    Head,
    /// `decompression`.
    Decompression,
    /// `resources`.
    Resources,
    /// `max_body`.
    Body,
    /// What is read of a body.
    Reading,
    /// A time limit, and how far the request had come.
    Time(Stage),
}

/// What such a failure may come from, and the key that moves the limit.
pub(super) fn of_error(error: &Error) -> Option<&'static str> {
    Some(match limit_of(error)? {
        Limit::Redirects => {
            "The server redirects in a circle, or more often than the plan allows. See where the last redirect leads: a login that sets no cookie often leads back. `max_redirects` allows more."
        }
        Limit::Head => {
            "The response's headers are more than loadplan reads; no key changes that. Look for a header that grows with each request, often a cookie."
        }
        Limit::Decompression => {
            "The body gets larger than the plan allows when it is decompressed. If that is right, raise the limit that the message names, under `decompression:`."
        }
        Limit::Resources => {
            "The page was received, but its resources were not fetched, as it goes beyond a limit. `resources: { max: … }` allows more of them; without `resources` only the page counts."
        }
        Limit::Body => {
            "Only the beginning of the body was kept, so it could not be looked into. Raise `max_body`, or leave this check out."
        }
        Limit::Reading => {
            "The body is beyond what loadplan looks into, which says nothing on the server. Write a simpler path, or use `regex` or `between`, which have no such limit."
        }
        Limit::Time(Stage::Connecting) => {
            "No connection was made in time. Look for a firewall that drops packets, or a server that has stopped accepting. `connect_timeout` and `timeout` allow more time."
        }
        Limit::Time(Stage::Handshake) => {
            "The server accepted the connection and did not finish the TLS handshake. Often another protocol on that port, or a server that is too busy for it. `connect_timeout` and `timeout` allow more time."
        }
        Limit::Time(Stage::Waiting) => {
            "The response took longer than `timeout`. Compare with the response times over time: if they rise with the number of users, the server is queueing."
        }
        Limit::Time(Stage::Head) => {
            "The server began to respond and did not come to the end of its headers. Look at what it sends: headers without end, or one byte at a time. `timeout` allows more time."
        }
        Limit::Time(Stage::Body) => {
            "The server responded, but its body did not end in time: it is large, slow, or a stream that never ends. `timeout` allows more time; `sse` reads a stream of server-sent events."
        }
        Limit::Time(Stage::Decompressing) => {
            "The body came, but decompressing it took longer than `timeout`: it is very large, or this machine is busy. `timeout` allows more time."
        }
        Limit::Time(Stage::Resources) => {
            "The page came, but its resources took longer than `timeout`, which holds for all together. Allow more time, or leave `resources` out."
        }
    })
}

fn limit_of(error: &Error) -> Option<Limit> {
    let said = &*error.message;
    let of_reading = || {
        let texts = || std::iter::once(said).chain(error.actual.iter().map(|actual| &**actual));
        if texts().any(find::is_cut) {
            Some(Limit::Body)
        } else {
            texts().any(find::is_limit).then_some(Limit::Reading)
        }
    };
    match error.kind {
        FailureKind::Protocol if is_too_many_redirects(said) => Some(Limit::Redirects),
        FailureKind::Protocol if said.contains(TOO_LARGE) => Some(Limit::Head),
        FailureKind::Body if said.contains("`decompression: {") => Some(Limit::Decompression),
        FailureKind::Body if said.starts_with("its resources are not fetched") => Some(Limit::Resources),
        FailureKind::Timeout => Stage::of_timeout(said).map(Limit::Time),
        FailureKind::Assertion | FailureKind::Extraction => of_reading(),
        FailureKind::Dns
        | FailureKind::Connect
        | FailureKind::Tls
        | FailureKind::Reset
        | FailureKind::Protocol
        | FailureKind::Body
        | FailureKind::Status
        | FailureKind::Step
        | FailureKind::Interrupted => None,
    }
}
