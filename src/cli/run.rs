//! `loadplan run`: plans are run one after the other, and each is judged and written down.

mod outputs;
mod watch;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use outputs::{inputs, misplaced, older, open, outputs, own_folder, refuse, wanted};
use watch::Watch;

use super::address;
use super::baseline::{self, BaselineOptions};
use super::ci::Ci;
use super::limits;
use super::plans::{LoadOverrides, PlanOptions, Rest};
use super::refusal::{OUT, Refusal, STDOUT};
use super::relay::Relay;
use super::report::Forges;
use super::services::Services;
use super::signals::{self, Unwritten};
use super::telemetry;
use super::terminal::Terminal;
use crate::dashboard::{Feed, Scene, Server};
use crate::engine::{self, Finished, Lifecycle, StopReason};
use crate::graph::{ExecutionGraph, Place, ServiceKind};
use crate::mask::Masker;
use crate::metrics::{ErrorGroup, Results};
use crate::report::progress::Progress;
use crate::report::{Document, Jtl, JunitStyle, LivePage, Report, RunInfo, console, inline, lock, same_file};
use crate::samplers::http::ProxyEnvironment;
use crate::telemetry::{Stream, Telemetry};
use crate::verdict::{Generator, LifecycleResult, RunOutcome, StoppedBy, exit};

/// What rows per sample are called in messages.
const CSV: &str = "CSV";
/// How long rows that are not written wait for their reader or their disk to go on.
const ROWS: Duration = Duration::from_secs(5);
/// The same once the word to stop has come.
const ROWS_WHEN_STOPPED: Duration = Duration::from_secs(1);

/// Run plans, judge them, and write results.json, junit.xml and report.html
#[derive(Debug, clap::Args)]
#[command(after_help = super::EXIT_CODES)]
pub(super) struct Args {
    /// The plans to run, one after the other
    #[arg(required_unless_present = "baseline", value_name = "PLAN")]
    plans: Vec<PathBuf>,
    #[command(flatten)]
    options: PlanOptions,
    #[command(flatten)]
    load: LoadOverrides,
    #[command(flatten)]
    baseline: BaselineOptions,
    /// The folder for results.json, junit.xml and report.html (with several plans, one folder for each inside it)
    #[arg(long, value_name = "DIR", default_value = OUT)]
    out: PathBuf,
    /// Write results.json to this file instead
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write junit.xml to this file instead
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write report.html to this file instead
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Also write a row per sample to this file, in the columns of JMeter's JTL files
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    forges: Forges,
    /// `xunit` leaves out what Jenkins' xUnit plugin rejects (file and line)
    #[arg(long, value_enum, default_value_t = JunitStyle::Default)]
    junit_style: JunitStyle,
    #[command(flatten)]
    telemetry: telemetry::TelemetryOptions,
    /// Let the plan's services run their command lines
    #[arg(long)]
    allow_commands: bool,
    /// Fail (exit 3) when the load generator could not keep up
    #[arg(long)]
    strict: bool,
    /// Show the run while it goes on a page of this address (default 127.0.0.1 and a free port)
    #[arg(long, value_name = "ADDR", num_args = 0..=1, require_equals = true, default_missing_value = "127.0.0.1:0",
          value_parser = address::parse)]
    dashboard: Option<SocketAddr>,
    /// Print the verdict only
    #[arg(long, short)]
    quiet: bool,
    /// Print failures as they happen
    #[arg(long, short, conflicts_with = "quiet")]
    verbose: bool,
}

pub(super) fn run(mut args: Args, terminal: &Terminal) -> u8 {
    signals::install();
    args.plans.extend(args.baseline.take_plans());
    args.baseline.tell_unused(terminal);
    let args = &args;
    if args.plans.is_empty() {
        terminal.error(
            "there is no plan to run",
            "name it before or after the baseline: loadplan run plan.yaml --baseline last.json",
        );
        return exit::INVALID;
    }
    // Of a plan that is not read yet only reports in their usual places: others may be named by mistake.
    let is_baseline = |file: &PathBuf| args.baseline.files().any(|baseline| same_file(&baseline, file));
    let older = older(args, &args.plans).filter(|file| file.starts_with(&args.out) && !is_baseline(file));
    signals::unwritten(Some(Unwritten { older: older.collect(), temporary: Vec::new() }));
    let mut ci = Ci::new(|name| std::env::var(name).ok());
    let ran = run_all(args, terminal, &mut ci);
    let code = ran.unwrap_or_else(|mut refusal| {
        refusal.protect(args.baseline.files());
        ci.add_refusal(&args.plans[0], &refusal);
        refuse(args, &refusal, &args.plans, terminal)
    });
    signals::unwritten(None);
    ci.finish(code, terminal);
    terminal.tell_lost();
    code
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
    if let Some((option, _)) = outputs(args).find(|(_, file)| file.as_path() == Path::new(STDOUT)) {
        return Err(Refusal::tell(
            terminal,
            &format!("`{option} {STDOUT}`: reports go to files, not to standard output, where the summary goes"),
            &format!("name a file: {option} FILE"),
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
    if args.plans.len() > 1 && !args.baseline.baseline.is_empty() {
        return Err(Refusal::tell(
            terminal,
            "--baseline is of one plan, but there are several",
            "run each plan with its own --baseline",
        ));
    }
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
    if let Some((message, help)) = misplaced(args, &compiled) {
        let mut told = Refusal::tell(terminal, &message, &help);
        told.protect(compiled.iter().flat_map(|(_, (graph, rest))| inputs(graph, rest)));
        return Err(told);
    }
    for (path, (graph, _)) in &compiled {
        let command = graph.services.iter().find(|service| matches!(service.kind, ServiceKind::Command { .. }));
        if let (Some(service), false) = (command, args.allow_commands) {
            return Err(Refusal::tell(
                terminal,
                &format!(
                    "{}: the service `{}` runs a command line, which this run does not allow",
                    crate::plan::shown_path(path),
                    service.name
                ),
                "look at the plan's `services`, then give --allow-commands",
            ));
        }
    }
    // Like any argument that cannot be obeyed, and unlike results that are lost: nothing was sent.
    let Some(telemetry) = telemetry::start(settings, terminal) else {
        return Err(Refusal::new("an address for live metrics cannot be used"));
    };
    let mut worst = exit::PASSED;
    let mut failed: Vec<String> = Vec::new();
    let mut stopped = false;
    for (at, (_, plan)) in compiled.into_iter().enumerate() {
        let path = &args.plans[at];
        let left = older(args, &args.plans[at..]).collect();
        signals::unwritten(Some(Unwritten { older: left, temporary: Vec::new() }));
        let code = one(args, terminal, &telemetry, ci, at, plan, stopped)?;
        if let Some(warning) = telemetry.finish() {
            terminal.err(&warning);
        }
        if code != exit::PASSED {
            failed.push(crate::plan::shown_path(path));
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

fn one(
    args: &Args,
    terminal: &Terminal,
    telemetry: &Telemetry,
    ci: &mut Ci,
    at: usize,
    (graph, rest): (ExecutionGraph, Rest),
    stopped: bool,
) -> Result<u8, Refusal> {
    let plan = &args.plans[at];
    let path = plan.as_path();
    let graph = Arc::new(graph);
    let masker = Masker::new(&rest.secrets);
    let folder = own_folder(args, path);
    let against = match args.baseline.read(&graph, &masker) {
        Ok(against) => against,
        Err(error) => {
            baseline::tell(&error, terminal);
            return Err(Refusal::new(error.message));
        }
    };
    let _lock = match lock(&folder) {
        Ok(lock) => lock,
        Err(error) => {
            // Another run may hold the folder: then its reports are not ours to replace.
            terminal.error(&error.message, &error.help);
            return Ok(exit::INTERNAL);
        }
    };
    let (mut files, rows) = match open(wanted(args, path), args.csv.as_ref()) {
        Ok(opened) => opened,
        Err(error) => {
            terminal.error(&error.message, &error.help);
            let mut refusal = Refusal::of_reports(&error.message);
            refusal.protect(inputs(&graph, &rest).chain(args.baseline.files()));
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
    let around = Around { masker: &masker, rows: rows.clone(), stream, feed: &mut feed };
    let (results, outcome) = match engine::block_on(load(args, terminal, &graph, &rest, around, stop)) {
        Ok(Ok(ran)) => {
            let services = ran.problems.iter().map(|problem| masker.mask(problem).into_owned()).collect();
            summed_up(&graph, ran.finished, services, ran.cpu_share, args.strict)
        }
        Ok(Err(message)) | Err(message) => {
            let reason = masker.mask(&message).into_owned();
            let setup = LifecycleResult::Failed { took: begin.elapsed(), reason, span: None };
            let outcome = RunOutcome { setup, ..RunOutcome::default() };
            (Results::nothing(&graph), outcome)
        }
    };
    info.ends(begin.elapsed());
    let (verdict, regression) = baseline::judged(against.as_ref(), &graph, &results, &outcome, &info, &masker);
    let mut document = Document::of(&Report {
        graph: &graph,
        results: &results,
        verdict: &verdict,
        outcome: &outcome,
        info: &info,
        masker: &masker,
    });
    document.regression = regression;
    let patience = || if signals::told().is_some() { ROWS_WHEN_STOPPED } else { ROWS };
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
            format!("{}: {}", crate::plan::shown_path(path), console::verdict_line(&document, terminal.color))
        }
        true => console::verdict_line(&document, terminal.color),
        false => console::summary(&document, &written, terminal.color),
    });
    ci.add(&document, &written, terminal);
    Ok(document.verdict.exit_code)
}

/// Starts the services, runs the plan, stops the services.
async fn load(
    args: &Args,
    terminal: &Terminal,
    graph: &Arc<ExecutionGraph>,
    rest: &Rest,
    around: Around<'_>,
    mut stop: UnboundedReceiver<StopReason>,
) -> Result<Ran, String> {
    let services = tokio::select! {
        biased;
        Some(reason) = stop.recv() => {
            let finished = Finished::stopped(graph, reason);
            return Ok(Ran { finished, problems: Vec::new(), cpu_share: None });
        }
        services = Services::start(graph, args.allow_commands) => services?,
    };
    let users: u64 = graph.groups.iter().map(|group| group.load.most_users()).sum();
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let input = engine::Input {
        graph: graph.clone(),
        proxies: ProxyEnvironment::from_vars(|name| std::env::var(name).ok()),
        run_id: rest.run_id.clone(),
        seed: rest.seed,
        masker: around.masker.clone(),
        services: services.urls(),
        threads: processors.min(usize::try_from(users).unwrap_or(processors)),
        observer: None,
        rows: around.rows.map(|rows| rows as Arc<dyn engine::Rows>),
        thread_time: limits::thread_time,
    };
    let relay = Relay::to(std::io::stderr());
    let progress = if args.quiet {
        Progress::quiet(Box::new(relay.clone()))
    } else if terminal.live {
        Progress::live(graph, around.masker, Box::new(relay.clone()))
    } else {
        Progress::lines(graph, around.masker, Box::new(relay.clone()))
    };
    let mut watch = Watch {
        graph: graph.clone(),
        groups: graph.groups.iter().map(|group| around.masker.mask(&group.name).into_owned()).collect(),
        progress,
        feed: around.feed,
        stream: around.stream,
        verbose: args.verbose,
        judged: Duration::ZERO,
        began: None,
        cpu_share: None,
    };
    let finished = engine::run(input, &mut watch, stop).await;
    watch.progress.finish();
    let dropped = relay.finish() + finished.as_ref().map_or(0, |finished| finished.dropped_lines);
    if dropped > 0 {
        terminal.err(&format!(
            "warning: {dropped} lines of progress, `log` and failures came faster than they could be shown and were left out\n"
        ));
    }
    let problems = services.stop(graph.time_on_sigterm()).await;
    Ok(Ran { finished: finished?, problems, cpu_share: watch.cpu_share })
}

/// What goes on beside the load.
struct Around<'a> {
    masker: &'a Masker,
    rows: Option<Arc<Jtl>>,
    stream: Stream,
    feed: &'a mut Option<Feed>,
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
            terminal.err(&format!("dashboard: {}\n", server.url));
            Ok(Some(Feed::new(scene, server)))
        }
        Err(problem) => {
            telemetry::tell(&problem, terminal);
            // Of several plans the first one tells; a later one is not lost for want of its page.
            if first { Err(Refusal::new(problem.message)) } else { Ok(None) }
        }
    }
}

/// A run and what was seen beside it.
struct Ran {
    finished: Finished,
    /// What went wrong with the services.
    problems: Vec<String>,
    /// The share of all processors' time this process used while load was applied.
    cpu_share: Option<f64>,
}

fn summed_up(
    graph: &ExecutionGraph,
    finished: Finished,
    services: Vec<String>,
    cpu_share: Option<f64>,
    strict: bool,
) -> (Results, RunOutcome) {
    let results = finished.results;
    let lifecycle = |part: Lifecycle, place: Place, name: &str| match part {
        Lifecycle::Absent => LifecycleResult::Absent,
        Lifecycle::NotReached | Lifecycle::Interrupted => LifecycleResult::NotReached,
        Lifecycle::Passed(took) => LifecycleResult::Passed { took },
        Lifecycle::Failed(took) => {
            let of_part = |error: &&ErrorGroup| graph.label(error.label).place == place;
            let first = results.errors.iter().filter(of_part).min_by_key(|error| error.first);
            let reason = first.map_or_else(|| format!("a step of {name} failed"), |error| told(graph, error));
            LifecycleResult::Failed { took, reason, span: first.map(|error| error.span) }
        }
    };
    let setup = lifecycle(finished.setup, Place::Setup, "setup");
    let mut teardown = lifecycle(finished.teardown, Place::Teardown, "teardown");
    if let (Some(problem), None) = (services.first(), teardown.failure()) {
        teardown = LifecycleResult::Failed { took: Duration::ZERO, reason: problem.clone(), span: None };
    }
    // Somebody who stopped the run gets its exit code; else it is a fault of this tool.
    let by_hand = finished.stopped_by.as_ref().is_some_and(StopReason::is_by_hand);
    let mut generator = Generator::of(&results, cpu_share, limits::open_files());
    let mut internal_error = finished.internal_error;
    if let Some(abandoned) = finished.abandoned {
        if !by_hand {
            internal_error.get_or_insert(abandoned.clone());
        }
        (generator.kept_up, generator.reason) = (false, Some(abandoned));
    }
    let outcome = RunOutcome {
        under_way: false,
        stopped_by: finished.stopped_by.map(|reason| match reason {
            StopReason::Interrupt => StoppedBy::Sigint,
            StopReason::Terminate => StoppedBy::Sigterm,
            StopReason::Hangup => StoppedBy::Sighup,
            StopReason::Quit => StoppedBy::Sigquit,
            StopReason::Dashboard => StoppedBy::Dashboard,
            StopReason::Abort(threshold) => StoppedBy::Abort(threshold),
            StopReason::Step(step) => StoppedBy::Step(step),
        }),
        setup,
        teardown,
        generator,
        strict,
        internal_error,
    };
    (results, outcome)
}

fn told(graph: &ExecutionGraph, error: &ErrorGroup) -> String {
    let mut text = format!("{}: {}", graph.label(error.label).text, error.message);
    if let Some(actual) = error.actual.first() {
        text.push_str(&format!(", got {actual}"));
    }
    text
}
