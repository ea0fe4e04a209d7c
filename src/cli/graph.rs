//! `loadplan graph`: what will run, drawn.

use std::path::PathBuf;

use super::plan_files::one_named_or_usual;
use super::plans::{LoadOverrides, PlanOptions};
use super::terminal::Terminal;
use crate::graph::{Drawing, draw};
use crate::mask::Masker;
use crate::verdict::exit;

/// Draw what a plan will do: lifecycle, thread groups, steps, branches, loops, and which steps
/// set and use each variable
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The plan to draw [default: plan.yaml]
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,
    /// The output format
    #[arg(long, value_enum, default_value_t = Drawing::Text)]
    format: Drawing,
    #[command(flatten)]
    options: PlanOptions,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> u8 {
    let plan = match one_named_or_usual(args.plan.as_ref(), "graph") {
        Ok(plan) => plan,
        Err(problem) => {
            terminal.problem(&problem);
            return exit::INVALID;
        }
    };
    let compiled = args.options.compile(&plan, &LoadOverrides::default());
    let Some((graph, rest)) = compiled.graph_or_tell(&plan, terminal) else { return exit::INVALID };
    terminal.out(&draw(&graph, args.format, &Masker::new(&rest.secrets)));
    exit::PASSED
}
