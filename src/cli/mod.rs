//! The command line: one file per subcommand, each thin.

mod address;
mod baseline;
mod check;
mod ci;
mod compare;
mod completions;
mod demo;
mod graph;
mod mistakes;
mod new;
mod plans;
mod refusal;
mod report;
mod run;
mod schema;
mod signals;
mod stderr_relay;
mod telemetry;
mod terminal;
mod try_plan;

use std::ffi::OsString;
use std::io::Write as _;

use clap::{Parser, Subcommand};

use crate::verdict::exit;

/// What the exit codes of [`crate::verdict::exit`] mean, for `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0        passed
  1        failed: a threshold, samples that no threshold allows to fail, a regression
           against the baseline, or teardown
  2        a plan or the command line is invalid; nothing was sent
  3        the run is not valid: setup failed, the target never responded, there were no samples,
           or (with --strict) the load generator could not keep up
  4        results could not be written, or an internal error
  130, 143 stopped by Ctrl-C (or from the dashboard), or by SIGTERM, SIGHUP or SIGQUIT,
           every report written";

/// A load-test runner: thread groups, samplers and assertions in plain YAML, with a verdict CI can trust.
#[derive(Debug, Parser)]
#[command(name = "loadplan", version, about, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = terminal::ColorChoice::Auto)]
    color: terminal::ColorChoice,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::Args),
    Check(check::Args),
    Try(try_plan::Args),
    Graph(graph::Args),
    Run(Box<run::Args>),
    Report(report::Args),
    Compare(compare::Args),
    Demo(demo::Args),
    Schema(schema::Args),
    Completions(completions::Args),
}

/// Runs the command line and tells the process's exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(error) => {
            let error = mistakes::explained(error, &args);
            let code = if error.use_stderr() { exit::INVALID } else { exit::PASSED };
            let printed = error.print().and_then(|()| std::io::stdout().flush());
            // Help and version are what was asked for; a mistake is one wherever it is told.
            if let (Err(lost), exit::PASSED) = (printed, code) {
                let terminal = terminal::Terminal::new(terminal::ColorChoice::Auto);
                terminal.lose(lost);
                return terminal.ended(code);
            }
            if code == exit::INVALID && args.get(1).is_some_and(|command| command == "run") {
                // A step that asks for the exit code or picks up a report gets it here too.
                let terminal = terminal::Terminal::new(terminal::ColorChoice::Auto);
                let mut ci = ci::Ci::new(|name| std::env::var(name).ok());
                refusal::of_command_line(&args, &error, &mut ci, &terminal);
                ci.finish(code, &terminal);
            }
            return code;
        }
    };
    let terminal = terminal::Terminal::new(cli.color);
    crate::machine::raise_open_files();
    let code = match cli.command {
        Command::New(args) => new::run(&args, &terminal),
        Command::Check(args) => check::run(&args, &terminal),
        Command::Graph(args) => graph::run(&args, &terminal),
        // Its verdict stands in files, which agree with its exit code.
        Command::Run(args) => return run::run(*args, &terminal),
        Command::Report(args) => report::run(&args, &terminal),
        Command::Compare(args) => compare::run(&args, &terminal),
        Command::Try(args) => try_plan::run(&args, &terminal),
        Command::Demo(args) => demo::run(&args, &terminal),
        Command::Schema(args) => schema::run(&args, &terminal),
        Command::Completions(args) => completions::run(&args, &terminal),
    };
    terminal.ended(code)
}
