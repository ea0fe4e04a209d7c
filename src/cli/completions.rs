//! `loadplan completions`: what a shell needs to complete our command line.

use clap::CommandFactory as _;

use super::terminal::Terminal;
use crate::verdict::exit;

/// Print a completion script for your shell
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Your shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "loadplan", &mut script);
    terminal.out(&String::from_utf8_lossy(&script));
    exit::PASSED
}
