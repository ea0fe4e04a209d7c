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
            "The server redirects in a loop, or more often than the plan allows. Check where the last redirect goes: a login that sets no cookie often redirects back. `max_redirects` allows more."
        }
        Limit::Head => {
            "The response's headers are larger than loadplan reads; no key changes that. Look for a header that grows with each request, often a cookie."
        }
        Limit::Decompression => {
            "Decompressed, the body is larger than the plan allows. If that is expected, raise the limit that the message names, under `decompression:`."
        }
        Limit::Resources => {
            "The page was received, but its resources were not fetched because it exceeds a limit. `resources: { max: … }` allows more of them; without `resources` only the page counts."
        }
        Limit::Body => {
            "Only the beginning of the body was kept, so it could not be checked. Raise `max_body`, or remove this check."
        }
        Limit::Reading => {
            "The body exceeds what loadplan reads, which says nothing about the server. Write a simpler path, or use `regex` or `between`, which have no such limit."
        }
        Limit::Time(Stage::Connecting) => {
            "Could not connect in time. Check for a firewall that drops packets, or a server that no longer accepts connections. `connect_timeout` and `timeout` allow more time."
        }
        Limit::Time(Stage::Handshake) => {
            "The server accepted the connection but did not finish the TLS handshake. Often the port uses another protocol, or the server is too busy. `connect_timeout` and `timeout` allow more time."
        }
        Limit::Time(Stage::Waiting) => {
            "The response took longer than `timeout`. Look at the response times over time: if they rise with the number of users, requests queue up in the server."
        }
        Limit::Time(Stage::Head) => {
            "The server began to respond but did not finish its headers. Look at what it sends: endless headers, or one byte at a time. `timeout` allows more time."
        }
        Limit::Time(Stage::Body) => {
            "The server responded, but its body did not end in time: it is large, slow, or a stream that never ends. `timeout` allows more time; `sse` reads a stream of server-sent events."
        }
        Limit::Time(Stage::Decompressing) => {
            "The body arrived, but decompressing it took longer than `timeout`: it is very large, or this machine is busy. `timeout` allows more time."
        }
        Limit::Time(Stage::Resources) => {
            "The page arrived, but its resources took longer than `timeout`, which covers all of them together. Allow more time, or remove `resources`."
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
