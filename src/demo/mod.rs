//! The sample trading API.

use std::time::Duration;

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
