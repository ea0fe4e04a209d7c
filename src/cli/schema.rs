//! `loadplan schema`: the JSON Schemas of what goes in and of what comes out.

use super::terminal::Terminal;
use crate::verdict::exit;

/// Print the JSON Schema of plans (for editors), of results.json, or of comparisons
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which schema
    #[arg(value_enum)]
    which: Which,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Which {
    /// Plan files
    Plan,
    /// results.json
    Results,
    /// The output of `compare --json`
    Comparison,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> u8 {
    let schema = match args.which {
        Which::Plan => crate::plan::schema::plan_schema(),
        Which::Results => crate::report::json::results_schema(),
        Which::Comparison => crate::report::comparison::comparison_schema(),
    };
    terminal.out(&format!("{schema:#}\n"));
    exit::PASSED
}
