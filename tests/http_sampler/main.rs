//! The HTTP sampler against servers that behave, misbehave and break off.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod connections;
mod content;
mod failures;
mod frames;
mod heads;
mod http2;
mod identities;
mod requests;
mod secure;
mod support;
