//! The command line: one thin file per subcommand.

mod address;
mod baseline;
mod check;
mod ci;
mod compare;
mod completions;
mod demo;
mod environment;
mod graph;
mod lenient;
mod mistakes;
mod new;
mod plan_files;
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

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::verdict::exit;

/// What the exit codes of [`crate::verdict::exit`] mean, for `--help`.
const EXIT_CODES: &str = "\
Exit codes:
  0        passed
  1        failed: a threshold, failed samples that no threshold allows, a regression
           against the baseline, or teardown
  2        the plan or the command line is invalid; nothing was sent
  3        the run is not valid: setup failed, the target never responded, there were no samples,
           it did not end within --max-time, or (with --strict) the load generator could not
           keep up
  4        results could not be written, or an internal error occurred
  130, 143 stopped by Ctrl-C (or from the dashboard), or by SIGTERM, SIGHUP or SIGQUIT;
           all reports are written";

/// The command line. Its description is that of the package.
#[derive(Debug, Parser)]
#[command(name = "loadplan", version, about, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to use colors in the output
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
    let mut command = environment::documented(Cli::command());
    let environment::Applied { args, environment, wrong } = environment::apply(&mut command, args, std::env::vars_os());
    let parsed = wrong.map_or_else(|| command.try_get_matches_from_mut(&args), Err);
    let parsed = parsed.and_then(|found| Cli::from_arg_matches(&found).map_err(|error| error.format(&mut command)));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return refused(&args, error, &environment),
    };
    let terminal = terminal::Terminal::new(cli.color);
    crate::machine::raise_open_files();
    let code = match cli.command {
        Command::New(args) => new::run(&args, &terminal),
        Command::Check(args) => check::run(&args, &terminal),
        Command::Graph(args) => graph::run(&args, &terminal),
        // Its verdict stands in files, which agree with its exit code.
        Command::Run(args) => return run::run(*args, terminal, &environment),
        Command::Report(args) => report::run(&args, &terminal),
        Command::Compare(args) => compare::run(&args, &terminal),
        Command::Try(args) => try_plan::run(&args, &terminal),
        Command::Demo(args) => demo::run(&args, &terminal),
        Command::Schema(args) => schema::run(&args, &terminal),
        Command::Completions(args) => completions::run(&args, &terminal),
    };
    terminal.ended(code)
}

/// Help and version are printed, and so is what is wrong with a command line: the exit code.
fn refused(args: &[OsString], error: clap::Error, environment: &environment::Environment) -> u8 {
    let error = mistakes::explained(error, args, environment);
    let code = if error.use_stderr() { exit::INVALID } else { exit::PASSED };
    let printed = error.print().and_then(|()| std::io::stdout().flush());
    // Help and version are what was asked for; a mistake is one wherever it is told.
    if let (Err(lost), exit::PASSED) = (printed, code) {
        let terminal = terminal::Terminal::new(terminal::ColorChoice::Auto);
        terminal.lose(lost);
        return terminal.ended(code);
    }
    if code == exit::INVALID && environment::is_run(args) {
        // A step that asks for the exit code or picks up a report gets it here too.
        let mut terminal = terminal::Terminal::new(terminal::ColorChoice::Auto);
        let mut ci = ci::Ci::new(|name| std::env::var(name).ok());
        refusal::of_command_line(args, &error, environment, &mut ci, &mut terminal);
        ci.finish(code, &terminal);
    }
    code
}
