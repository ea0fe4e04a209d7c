//! The sample trading API: a small server with login, quotes and orders to write plans for.
//!
//! It responds from memory, but every query to its "database" uses one of a few simulated connections
//! for a while, so that response times grow under load, as with a real server.

mod api;
mod event_source;
mod feed;
mod market;
mod pages;
mod pool;
mod server;
mod socket;
mod state;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use server::{ENDPOINTS, Running, start};

/// How the sample API behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Its port on this machine; 0 for a free one.
    pub port: u16,
    /// How many connections its simulated database has.
    pub db_pool: usize,
    /// How long a query holds a connection.
    pub query_time: Duration,
    /// Whether market data is cached.
    pub cache: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { port: 0, db_pool: 20, query_time: Duration::from_millis(2), cache: true }
    }
}
