//! `loadplan demo`: the sample API on its own, to look at and to write plans against.

use std::fmt::Write as _;
use std::time::Duration;

use super::terminal::Terminal;
use crate::demo::{ENDPOINTS, Options, start};
use crate::engine;
use crate::problem::Problem;
use crate::verdict::exit;

/// Run the sample trading API until Ctrl-C
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The port on this machine; 0 picks a free port
    #[arg(long, value_name = "N", default_value_t = 8080, value_parser = port)]
    port: u16,
    /// The number of connections in its simulated database pool; a small pool becomes a bottleneck
    #[arg(long, value_name = "N", default_value_t = Options::default().db_pool as u64, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    db_pool: u64,
    /// How long each query uses a connection, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = Options::default().query_time.as_millis() as u64)]
    query_ms: u64,
    /// Query the database for market data every time
    #[arg(long)]
    no_cache: bool,
}

fn port(text: &str) -> Result<u16, Problem> {
    text.parse().map_err(|_| "a port is a number from 1 to 65535, for example 8080; 0 takes a free one".into())
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> u8 {
    let options = Options {
        port: args.port,
        db_pool: usize::try_from(args.db_pool).unwrap_or(usize::MAX),
        query_time: Duration::from_millis(args.query_ms),
        cache: !args.no_cache,
    };
    let served = engine::block_on(async {
        let running = start(options).await?;
        terminal.out(&greeting(&running.url));
        // Without a handler for Ctrl-C the process simply ends by it, which is as good.
        let _ = tokio::signal::ctrl_c().await;
        running.stop().await;
        Ok::<_, Problem>(())
    });
    match served.flatten() {
        Ok(()) => exit::PASSED,
        Err(problem) => {
            terminal.problem(&problem);
            exit::INVALID
        }
    }
}

fn greeting(url: &str) -> String {
    let mut text = format!("the sample trading API listens on {url}\n\n");
    for (endpoint, meaning) in ENDPOINTS {
        let _ = writeln!(text, "  {endpoint:<27} {meaning}");
    }
    let _ = write!(text, "\nrun a plan against it with --base-url {url}\nstop it with Ctrl-C\n");
    text
}
