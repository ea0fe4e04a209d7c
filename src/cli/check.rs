//! `loadplan check`: every finding of a plan, before anything is sent.

use std::path::PathBuf;

use super::plan_files::named_or_usual;
use super::plans::PlanOptions;
use super::terminal::Terminal;
use crate::diagnostic::{Format, render};
use crate::graph::explain;
use crate::mask::Masker;
use crate::verdict::exit;

/// Check plans without sending anything: lists all mistakes, where they are, and how to fix them
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The plans to check [default: plan.yaml]
    #[arg(value_name = "PLAN")]
    plans: Vec<PathBuf>,
    /// The output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Describe in plain sentences what the plan does and how many requests to expect
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    options: PlanOptions,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> u8 {
    let plans = match named_or_usual(args.plans.clone(), "check") {
        Ok(plans) => plans,
        Err(problem) => {
            terminal.problem(&problem);
            return exit::INVALID;
        }
    };
    let mut failed = false;
    let mut json = Vec::new();
    for path in &plans {
        let compiled = args.options.compile_all(path);
        let masker = Masker::new(&compiled.secrets);
        let (errors, warnings) = compiled.counts();
        failed |= errors > 0;
        match args.format {
            Format::Text if compiled.is_missing(path) => {
                terminal.out(&compiled.told_missing());
                continue;
            }
            Format::Json => json.extend(crate::diagnostic::json(&compiled.findings, &compiled.sources, &masker)),
            format @ (Format::Text | Format::Github) => {
                terminal.out(&render(&compiled.findings, &compiled.sources, format, terminal.color, &masker))
            }
        }
        if let (true, Some(graph)) = (args.explain && errors == 0, &compiled.graph) {
            let told = explain(graph, &masker);
            match args.format {
                Format::Text => terminal.out(&format!("{told}\n")),
                Format::Json | Format::Github => terminal.err(&format!("{told}\n")),
            }
        }
        if args.format == Format::Text {
            let shown = crate::sanitize::shown_path(path);
            terminal.out(&match (errors, warnings) {
                (0, 0) => format!("{shown}: no mistakes found\n"),
                (0, warnings) => format!("{shown}: no errors, {}\n", counted(warnings, "warning")),
                (errors, 0) => format!("{shown}: {}\n", counted(errors, "error")),
                (errors, warnings) => {
                    format!("{shown}: {}, {}\n", counted(errors, "error"), counted(warnings, "warning"))
                }
            });
        }
    }
    if args.format == Format::Json {
        terminal.out(&(serde_json::to_string_pretty(&json).unwrap_or_default() + "\n"));
    }
    if failed { exit::INVALID } else { exit::PASSED }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
