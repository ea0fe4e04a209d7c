//! `loadplan check`: every finding of a plan, before anything is sent.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::terminal::Terminal;
use crate::diagnostic::{Format, Severity, render};
use crate::plan::{LoadOptions, load};

/// Check plans: every mistake at once, each with its place and its remedy. Nothing is sent
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The plans to check
    #[arg(required = true)]
    plans: Vec<PathBuf>,
    /// How to write the findings
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// A profile to lay over the plan
    #[arg(long)]
    profile: Vec<String>,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> u8 {
    let mut errors = 0;
    for path in &args.plans {
        let options = LoadOptions {
            profiles: args.profile.clone(),
            env: std::env::vars().collect::<BTreeMap<_, _>>(),
            ..LoadOptions::default()
        };
        let loaded = load(path, &options);
        errors += loaded.findings.iter().filter(|one| one.severity == Severity::Error).count();
        terminal.out(&render(&loaded.findings, &loaded.sources, args.format, terminal.color));
    }
    if errors > 0 { 2 } else { 0 }
}
