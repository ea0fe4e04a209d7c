//! `loadplan run`: plans are run one after the other, and each is judged and written down.

mod outputs;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use outputs::{inputs, misplaced, older, open, outputs, own_folder, refuse, refuse_to_programs, wanted};

use super::address;
use super::baseline::{BaselineOptions, OfPlan};
use super::ci::Ci;
use super::environment::Environment;
use super::plan_files::named_or_usual;
use super::plans::{LoadOverrides, PlanOptions, Rest};
use super::refusal::{OUT, Refusal};
use super::report::Forges;
use super::signals::{self, Unwritten};
use super::stderr_relay::Relay;
use super::telemetry;
use super::terminal::{LogLevel, Terminal};
use crate::compare::Against;
use crate::dashboard::{Feed, Scene, Server};
use crate::document::{RunInfo, RunRecord};
use crate::engine::Rows;
use crate::graph::ExecutionGraph;
use crate::mask::Masker;
use crate::problem::Problem;
use crate::report::progress::Progress;
use crate::report::{JunitStyle, LivePage, STDOUT, console, lock, summary_line};
use crate::run::{self, Screen, Watch};
use crate::sanitize::inline;
use crate::services::ServiceKind;
use crate::stop_reason::StopReason;
use crate::telemetry::Telemetry;
use crate::verdict::exit;

/// What rows per sample are called in messages.
const CSV: &str = "CSV";
/// How long rows that are not written wait for their reader or their disk to go on.
const ROWS: Duration = Duration::from_secs(5);
/// The same once the word to stop has come.
const ROWS_WHEN_STOPPED: Duration = Duration::from_secs(1);

/// Run plans, decide pass or fail, and write results.json, junit.xml and report.html
#[derive(Debug, clap::Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct Args {
    /// The plans to run, one after the other [default: plan.yaml]
    #[arg(value_name = "PLAN")]
    pub(super) plans: Vec<PathBuf>,
    #[command(flatten)]
    options: PlanOptions,
    #[command(flatten)]
    load: LoadOverrides,
    #[command(flatten)]
    pub(super) baseline: BaselineOptions,
    /// The folder for results.json, junit.xml and report.html (with several plans, a subfolder for each, named after
    /// the plan and its profiles)
    #[arg(long, value_name = "DIR", default_value = OUT)]
    pub(super) out: PathBuf,
    /// Write results.json to this file instead; `-` is standard output, and text for people then goes to standard error
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write junit.xml to this file instead
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write report.html to this file instead
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Also write one row per sample to this file, with the columns of a JMeter JTL file
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    forges: Forges,
    /// Use `xunit` for Jenkins' xUnit plugin, which rejects file and line
    #[arg(long, value_enum, default_value_t = JunitStyle::Default)]
    junit_style: JunitStyle,
    #[command(flatten)]
    telemetry: telemetry::TelemetryOptions,
    /// Allow the services of the plan to run commands
    #[arg(long)]
    allow_commands: bool,
    /// Fail (exit code 3) if the load generator could not keep up
    #[arg(long)]
    strict: bool,
    /// Stop after this time, including services and setup, and write the reports. A run that is stopped is not valid
    /// (exit code 3)
    #[arg(long, value_name = "TIME", value_parser = max_time)]
    max_time: Option<Duration>,
    /// Serve a live report at this address during the run (default: 127.0.0.1 and a free port)
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = "127.0.0.1:0",
          value_parser = address::parse)]
    dashboard: Option<SocketAddr>,
    /// Print only the verdict
    #[arg(long, short)]
    quiet: bool,
    /// Print failures as they happen
    #[arg(long, short, conflicts_with = "quiet")]
    verbose: bool,
    /// What is printed to standard error during the run
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t)]
    log_level: LogLevel,
    /// Print one line of JSON for each plan to standard output: verdict, totals, worst threshold, reports; text for
    /// people then goes to standard error
    #[arg(long)]
    pub(super) summary_json: bool,
}

/// A plan that is ready to run.
struct Ready<'a> {
    path: &'a PathBuf,
    graph: Arc<ExecutionGraph>,
    rest: Rest,
    masker: Masker,
    /// The results files of the runs it is compared with.
    baseline: Vec<PathBuf>,
    against: Against,
}

/// How long a command may take.
fn max_time(text: &str) -> Result<Duration, Problem> {
    let time = crate::units::parse_duration(text)?;
    if time.is_zero() { Err("the limit must be longer than 0s, for example 20m".into()) } else { Ok(time) }
}

pub(super) fn run(mut args: Args, mut terminal: Terminal, environment: &Environment) -> u8 {
    signals::install();
    if let Some(limit) = args.max_time {
        signals::limit(limit);
    }
    keep_stdout(&args, &mut terminal);
    terminal.set_level(args.log_level);
    let terminal = &terminal;
    let names = environment.names().map(|names| format!("options from the environment: {names}\n"));
    if let Some(names) = names.as_deref().filter(|_| !args.quiet) {
        terminal.note(names);
    }
    environment.tell_misspelt(terminal);
    args.plans.extend(args.baseline.take_plans());
    args.baseline.tell_unused(args.quiet, terminal);
    let mut unnamed = None;
    args.plans = named_or_usual(args.plans, "run").unwrap_or_else(|problem| {
        unnamed = Some(problem);
        // What its reports would be called: those of an earlier run are replaced.
        vec!["plan.yaml".into()]
    });
    let args = &args;
    // Of a plan that is not read yet only reports in their usual places: others may be named by mistake.
    let is_baseline = |file: &PathBuf| args.baseline.holds(file);
    let older = older(args, &args.plans).filter(|file| file.starts_with(&args.out) && !is_baseline(file));
    signals::unwritten(Some(Unwritten { older: older.collect(), temporary: Vec::new() }));
    let mut ci = Ci::new(|name| std::env::var(name).ok());
    let ran = match unnamed {
        Some(problem) => Err(Refusal::tell(terminal, &problem.message, &problem.help)),
        None => run_all(args, terminal, &mut ci),
    };
    let code = ran.unwrap_or_else(|mut refusal| {
        refusal.protect_baseline(&args.baseline);
        ci.add_refusal(&args.plans[0], &refusal);
        // Nobody sees on the command line where a value came from that was refused.
        if let Some(names) = names.as_deref().filter(|_| args.quiet || !terminal.tells(LogLevel::Info)) {
            terminal.err(names);
        }
        refuse(args, &refusal, &args.plans, terminal)
    });
    signals::unwritten(None);
    ci.finish(code, terminal);
    terminal.tell_lost();
    code
}

/// Keeps standard output for a program, if one reads it.
fn keep_stdout(args: &Args, terminal: &mut Terminal) {
    if args.summary_json || args.json.as_deref() == Some(Path::new(STDOUT)) {
        terminal.keep_stdout();
    }
}

/// Writes the reports of a command line that was told to be refused, as far as it could be understood.
pub(super) fn refused(args: &Args, mut refusal: Refusal, ci: &mut Ci, terminal: &mut Terminal) {
    keep_stdout(args, terminal);
    refusal.protect_baseline(&args.baseline);
    ci.add_refusal(&args.plans[0], &refusal);
    refuse(args, &refusal, &args.plans, terminal);
}

fn run_all(args: &Args, terminal: &Terminal, ci: &mut Ci) -> Result<u8, Refusal> {
    let one_file = [&args.json, &args.junit, &args.html, &args.csv].iter().any(|file| file.is_some());
    if args.plans.len() > 1 && (one_file || args.forges.any()) {
        return Err(Refusal::tell(
            terminal,
            "--json, --junit, --html, --csv, --markdown and --gitlab name one file, but there are several plans",
            "use --out DIR, which gets a folder for each plan",
        ));
    }
    let to_stdout = |option: &str, file: &PathBuf| file == Path::new(STDOUT) && option != "--json";
    if let Some((option, _)) = outputs(args).find(|(option, file)| to_stdout(option, file)) {
        return Err(Refusal::tell(
            terminal,
            &format!("`{option} {STDOUT}`: only results.json may go to standard output (--json {STDOUT})"),
            &format!("name a file: {option} FILE"),
        ));
    }
    if args.summary_json && args.json.as_deref() == Some(Path::new(STDOUT)) {
        return Err(Refusal::tell(
            terminal,
            "--summary-json and --json - would both be written to standard output",
            "name a file for one of them: --json FILE",
        ));
    }
    let option = if args.dashboard.is_some() { "--dashboard" } else { "--prometheus" };
    if (args.dashboard.is_some() || args.telemetry.prometheus.is_some())
        && let Some(problem) = address::misplaced(option, &args.plans)
    {
        telemetry::tell(&problem, terminal);
        return Err(Refusal::new(problem.message));
    }
    let Some(settings) = args.telemetry.settings(terminal) else {
        return Err(Refusal::new("an address for live metrics cannot be used"));
    };
    // Every plan is read before the first one is run: nothing is sent if any is invalid.
    let mut refusal = Refusal::default();
    let compiled: Vec<_> = args
        .plans
        .iter()
        .map(|path| {
            let compiled = args.options.compile(path, &args.load);
            ci.add_findings(&compiled);
            refusal.add(path, &compiled);
            compiled.graph_or_tell(path, terminal).map(|one| (path, one))
        })
        .collect();
    let Some(compiled) = compiled.into_iter().collect::<Option<Vec<_>>>() else { return Err(refusal) };
    let mut ready = Vec::new();
    for (path, (graph, rest)) in compiled {
        let masker = Masker::new(&rest.secrets);
        let (graph, against) = (Arc::new(graph), Against::default());
        ready.push(Ready { path, graph, rest, masker, baseline: Vec::new(), against });
    }
    let refused = |terminal: &Terminal, problem: &Problem, ready: &[Ready<'_>]| {
        let mut told = Refusal::tell(terminal, &problem.message, &problem.help);
        told.protect(ready.iter().flat_map(|one| inputs(&one.graph, &one.rest)));
        told
    };
    let note = |text: &str| {
        if !args.quiet {
            terminal.note(text);
        }
    };
    for at in 0..ready.len() {
        match args.baseline.choose(&of_plan(args, &ready[at]), note) {
            Ok(chosen) => ready[at].baseline = chosen,
            Err(problem) => return Err(refused(terminal, &problem, &ready)),
        }
    }
    if let Some((message, help)) = misplaced(args, &ready) {
        return Err(refused(terminal, &Problem::new(message, help), &ready));
    }
    for Ready { path, graph, masker, .. } in &ready {
        let command = graph.services.iter().find(|service| matches!(service.kind, ServiceKind::Command { .. }));
        if let (Some(service), false) = (command, args.allow_commands) {
            return Err(Refusal::tell(
                terminal,
                &format!(
                    "{}: the service `{}` runs a command line, which this run does not allow",
                    crate::sanitize::shown_path(path),
                    masker.mask(&service.name)
                ),
                "look at the plan's `services`, then give --allow-commands",
            ));
        }
    }
    for at in 0..ready.len() {
        match args.baseline.read(&ready[at].baseline, &of_plan(args, &ready[at])) {
            Ok(against) => ready[at].against = against,
            Err(problem) => return Err(refused(terminal, &problem, &ready)),
        }
    }
    // Like any argument that cannot be obeyed, and unlike results that are lost: nothing was sent.
    let Some(telemetry) = telemetry::start(settings, terminal) else {
        return Err(Refusal::new("an address for live metrics cannot be used"));
    };
    let mut worst = exit::PASSED;
    let mut failed: Vec<String> = Vec::new();
    let mut stopped = false;
    for (at, plan) in ready.into_iter().enumerate() {
        let path = plan.path;
        let left = older(args, &args.plans[at..]).collect();
        signals::unwritten(Some(Unwritten { older: left, temporary: Vec::new() }));
        let code = one(args, terminal, &telemetry, ci, plan, stopped)?;
        if let Some(warning) = telemetry.finish().filter(|_| terminal.tells(LogLevel::Warn)) {
            terminal.err(&warning);
        }
        if code != exit::PASSED {
            failed.push(crate::sanitize::shown_path(path));
        }
        if exit::weight(code) > exit::weight(worst) {
            worst = code;
        }
        // The others have their turn too: they are stopped at once, as after a signal, and their reports say so.
        stopped |= code == exit::INTERRUPTED;
    }
    if let count @ 2.. = args.plans.len() {
        terminal.out(&match failed.len() {
            0 => format!("\nPASSED (exit {worst}): all {count} plans\n"),
            _ => format!("\nFAILED (exit {worst}): {} of {count} plans: {}\n", failed.len(), failed.join(", ")),
        });
    }
    Ok(worst)
}

/// What of a plan its baseline depends on.
fn of_plan<'a>(args: &'a Args, ready: &'a Ready<'_>) -> OfPlan<'a> {
    OfPlan {
        graph: &ready.graph,
        masker: &ready.masker,
        file: ready.path,
        profiles: args.options.profiles(),
        among_others: args.plans.len() > 1,
    }
}

fn one(
    args: &Args,
    terminal: &Terminal,
    telemetry: &Telemetry,
    ci: &mut Ci,
    Ready { path: plan, graph, rest, masker, baseline: _, against }: Ready<'_>,
    stopped: bool,
) -> Result<u8, Refusal> {
    let path = plan.as_path();
    let folder = own_folder(args, path);
    let _lock = match lock(&folder) {
        Ok(lock) => lock,
        Err(error) => {
            // Another run may hold the folder: then its reports are not ours to replace.
            terminal.error(&error.message, &error.help);
            let mut refusal = Refusal::of_reports(&error.message);
            refusal.names(path, &graph.name, &masker);
            return Ok(refuse_to_programs(args, &refusal, plan, terminal));
        }
    };
    let (mut files, rows) = match open(wanted(args, path), args.csv.as_ref()) {
        Ok(opened) => opened,
        Err(error) => {
            terminal.error(&error.message, &error.help);
            let mut refusal = Refusal::of_reports(&error.message);
            refusal.names(path, &graph.name, &masker);
            refusal.protect(inputs(&graph, &rest));
            refusal.protect_baseline(&args.baseline);
            return Ok(refuse(args, &refusal, std::slice::from_ref(plan), terminal));
        }
    };
    signals::temporary(files.temporary().map(Path::to_owned).collect());
    let mut info = RunInfo::now(&rest.run_id, rest.seed, args.options.profiles(), path, graph.sources.text_of(path));
    let begin = Instant::now();
    let (stopper, stop) = unbounded_channel();
    signals::stops(stopper.clone());
    if stopped {
        // Unless a signal has come, the dashboard's button was pressed during the plan before.
        let _ = stopper.send(StopReason::Dashboard);
    }
    let scene = Scene { graph: graph.clone(), info: info.clone(), masker: masker.clone() };
    let mut feed = dashboard(args, terminal, scene, &stopper, args.plans.first().is_some_and(|first| first == path))?;
    let stream = telemetry.begin(&graph, &masker, &rest.run_id);
    let relay = Relay::to(std::io::stderr());
    let progress = match (args.quiet || !terminal.tells(LogLevel::Info), terminal.live) {
        (true, _) if !terminal.tells(LogLevel::Warn) => Progress::nothing(),
        (true, _) => Progress::quiet(Box::new(relay.clone())),
        (false, true) => Progress::live(&graph, &masker, Box::new(relay.clone())),
        (false, false) => Progress::lines(&graph, &masker, Box::new(relay.clone())),
    };
    let screen = Screen { progress, feed: &mut feed, stream, verbose: args.verbose, stopping: signals::stopping };
    let mut watch = Watch::new(graph.clone(), &masker, screen);
    let input = run::Input {
        graph: graph.clone(),
        masker: masker.clone(),
        run_id: rest.run_id.clone(),
        seed: rest.seed,
        allow_commands: args.allow_commands,
        strict: args.strict,
        rows: rows.clone().map(|rows| rows as Arc<dyn Rows>),
        hurried: signals::hurried,
    };
    let (results, outcome, dropped) = run::run(input, &mut watch, stop);
    watch.finish();
    let dropped = relay.finish() + dropped;
    if dropped > 0 {
        let what = "lines of progress, `log` and failures came faster than they could be shown and were left out";
        terminal.warning(&format!("{dropped} {what}"), "");
    }
    info.ends(begin.elapsed());
    let record = RunRecord { graph: &graph, results: &results, outcome: &outcome, info: &info, masker: &masker };
    let mut document = run::judged(&record, &against);
    let patience = || if signals::stopped_at().is_some() { ROWS_WHEN_STOPPED } else { ROWS };
    if let Some(Err(error)) = rows.map(|rows| rows.finish(patience)) {
        files.drop_stream(CSV);
        document.verdict.results_not_written(format!("the CSV file is not complete and was not kept: {error}"));
    }
    let written = files.write(&mut document);
    signals::written(&older(args, std::slice::from_ref(plan)).collect::<Vec<_>>());
    if let Some(feed) = feed {
        feed.end(&document);
    }
    terminal.out(&match args.quiet {
        true if args.plans.len() > 1 => {
            format!("{}: {}", crate::sanitize::shown_path(path), console::verdict_line(&document, terminal.color))
        }
        true => console::verdict_line(&document, terminal.color),
        false => console::summary(&document, &written, terminal.color),
    });
    if args.summary_json {
        terminal.out_for_programs(&summary_line(&document, &written));
    }
    ci.add(&document, &written, terminal);
    Ok(document.verdict.exit_code)
}

/// Serves the live page, if it is wanted, and tells where.
fn dashboard(
    args: &Args,
    terminal: &Terminal,
    scene: Scene,
    stopper: &UnboundedSender<StopReason>,
    first: bool,
) -> Result<Option<Feed>, Refusal> {
    let Some(address) = args.dashboard else { return Ok(None) };
    let plan = inline(&scene.masker.mask(&scene.graph.name));
    let stopper = stopper.clone();
    let server = Server::start(address, LivePage::page(&plan), move || {
        let _ = stopper.send(StopReason::Dashboard);
    });
    match server {
        Ok(server) => {
            terminal.note(&format!("dashboard: {}\n", server.url));
            Ok(Some(Feed::new(scene, server)))
        }
        Err(problem) => {
            telemetry::tell(&problem, terminal);
            // Of several plans the first one tells; a later one is not lost for want of its page.
            if first { Err(Refusal::new(problem.message)) } else { Ok(None) }
        }
    }
}
