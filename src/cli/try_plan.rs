//! `loadplan try`: one user of each thread group walks through the plan once, and every step is shown.

mod closing;
mod shown;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use closing::Closing;
use shown::{Bodies, VALUE, cut};

use super::plan_files::one_named_or_usual;
use super::plans::{LoadOverrides, PlanOptions};
use super::signals;
use super::terminal::Terminal;
use crate::engine::{self, Event, Finished, Fork, Lifecycle, Monitor, Observed, Observer};
use crate::graph::{ExecutionGraph, NodeId};
use crate::mask::Masker;
use crate::metrics::Aggregator;
use crate::problem::Problem;
use crate::protocols::http::client::ProxyEnvironment;
use crate::run::Services;
use crate::sanitize::{inline, one_line};
use crate::starter::PASSWORD_PLACEHOLDER;
use crate::stop_reason::StopReason;
use crate::verdict::exit;

/// Try a plan with one user per thread group, one iteration and no think time. Shows the request, the
/// response, the extracted values and all assertions of each step, then lists the steps that passed, failed or
/// were not reached
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The plan to try [default: plan.yaml]
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    options: PlanOptions,
    /// Run every branch of `choose`, `round_robin`, `if` and `chance` once; `stop` is skipped the first time
    #[arg(long)]
    all_branches: bool,
    /// Show complete bodies, and the HTML of pages
    #[arg(long, short)]
    verbose: bool,
    /// Allow the services of the plan to run commands
    #[arg(long)]
    allow_commands: bool,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> u8 {
    signals::install();
    let plan = match one_named_or_usual(args.plan.as_ref(), "try") {
        Ok(plan) => plan,
        Err(problem) => {
            terminal.problem(&problem);
            return exit::INVALID;
        }
    };
    let compiled = args.options.compile(&plan, &LoadOverrides::once());
    let Some((graph, rest)) = compiled.graph_or_tell(&plan, terminal) else { return exit::INVALID };
    let graph = Arc::new(graph);
    let masker = Masker::new(&rest.secrets);
    if rest.secrets.iter().any(|secret| secret == PASSWORD_PLACEHOLDER) {
        terminal.tell(
            "warning",
            &format!("a secret still has the placeholder `{PASSWORD_PLACEHOLDER}` as its value"),
            Some(
                "set the environment variable that `secrets` names, for example SITE_PASSWORD, or pass \
                 `--var password=…`",
            ),
        );
    }
    let watcher = Rc::new(Watcher {
        graph: graph.clone(),
        masker: masker.clone(),
        bodies: if args.verbose { Bodies::Whole } else { Bodies::Short },
        all_branches: args.all_branches,
        forks: RefCell::default(),
        closing: Closing::default(),
        out: RefCell::new(String::new()),
    });
    let finished = engine::block_on(async {
        let (stopper, mut stop) = tokio::sync::mpsc::unbounded_channel();
        signals::stops(stopper);
        let services = tokio::select! {
            biased;
            Some(reason) = stop.recv() => return Ok(Finished::stopped(&graph, reason)),
            services = Services::start(&graph, args.allow_commands) => services?,
        };
        let input = engine::Input {
            graph: graph.clone(),
            proxies: ProxyEnvironment::from_vars(|name| std::env::var(name).ok()),
            run_id: rest.run_id.clone(),
            seed: rest.seed,
            masker: masker.clone(),
            services: services.urls(),
            threads: 1,
            observer: Some(watcher.clone()),
            rows: None,
            thread_time: || None,
        };
        let mut printer = Printer { watcher: watcher.clone(), terminal };
        let finished = engine::run(input, &mut printer, &mut { stop }).await;
        printer.flush();
        for problem in services.stop(graph.time_on_sigterm(), signals::hurried).await {
            terminal.err(&format!("{}\n", one_line(&masker.mask(&problem))));
        }
        finished
    });
    match finished.flatten() {
        Err(Problem { message, help, .. }) => {
            let help = masker.mask(&help);
            terminal.tell("error", &masker.mask(&message), Some(&*help).filter(|help| !help.is_empty()));
            exit::NOT_VALID
        }
        Ok(Finished { stopped_by: Some(StopReason::Interrupt), .. }) => exit::INTERRUPTED,
        Ok(Finished { stopped_by: Some(StopReason::Terminate | StopReason::Hangup | StopReason::Quit), .. }) => {
            exit::TERMINATED
        }
        Ok(finished) if finished.internal_error.is_some() => {
            terminal.tell("internal error", &masker.mask(&finished.internal_error.unwrap_or_default()), None);
            exit::INTERNAL
        }
        Ok(finished) => {
            terminal.out(&watcher.closing.text(&graph, &masker, args.all_branches));
            if matches!(finished.setup, Lifecycle::Failed(_)) {
                terminal.out("setup failed, so no user was started\n");
                return exit::NOT_VALID;
            }
            match () {
                () if watcher.closing.has_failed() => exit::FAILED,
                () if watcher.closing.tried_nothing(&graph) => exit::NOT_VALID,
                () => exit::PASSED,
            }
        }
    }
}

struct Printer<'t> {
    watcher: Rc<Watcher>,
    terminal: &'t Terminal,
}

impl Printer<'_> {
    fn flush(&self) {
        let text = std::mem::take(&mut *self.watcher.out.borrow_mut());
        if !text.is_empty() {
            self.terminal.out(&text);
        }
    }
}

impl Monitor for Printer<'_> {
    fn part(&mut self, _name: &'static str) {
        self.flush();
    }

    fn tick(&mut self, _aggregator: &Aggregator, _now: Duration) -> Option<String> {
        self.flush();
        None
    }

    fn event(&mut self, _event: Event) {}
}

struct Watcher {
    graph: Arc<ExecutionGraph>,
    masker: Masker,
    bodies: Bodies,
    all_branches: bool,
    /// Where every way was taken.
    forks: RefCell<BTreeSet<(NodeId, Fork)>>,
    closing: Closing,
    out: RefCell<String>,
}

impl Watcher {
    fn line(&self, text: &str) {
        let mut out = self.out.borrow_mut();
        out.push_str(text);
        out.push('\n');
    }

    fn title(&self, node: NodeId) -> String {
        closing::title(&self.graph, &self.masker, node)
    }
}

impl Observer for Watcher {
    fn part(&self, name: &str) {
        self.line(&format!("\n== {}", one_line(&self.masker.mask(name))));
    }

    fn step(&self, node: NodeId, what: &str, error: Option<&str>) {
        self.line(&format!("\n-- {}", self.title(node)));
        match error {
            Some(error) => {
                self.closing.note(node, Some(error.to_owned()), None);
                self.line(&format!("   FAIL the step could not be carried out: {}", inline(error)));
            }
            None => self.line(&format!("   {}", inline(what))),
        }
    }

    fn takes_all(&self, node: NodeId, fork: Fork) -> bool {
        self.all_branches && self.forks.borrow_mut().insert((node, fork))
    }

    fn request(&self, request: &Observed<'_>) {
        let mut text = format!("\n-- {}\n", self.title(request.node));
        let mut why = request.failure.map(|failure| request.masker.mask(failure).into_owned());
        let alert = shown::exchange(&mut text, request, why.is_some(), self.bodies);
        for extracted in request.extracted {
            let variable = &extracted.variable;
            let remark = extracted.remark.as_ref().map(|remark| format!(" ({remark})")).unwrap_or_default();
            let _ = match &extracted.found {
                Ok(_) if extracted.secret => writeln!(text, "   extracted {variable} = ***{remark}"),
                Ok(value) => writeln!(
                    text,
                    "   extracted {variable} = {}{remark}",
                    inline(&cut(&request.masker.beginning(value, VALUE), value, VALUE, ""))
                ),
                Err(message) => writeln!(text, "   FAIL {}", inline(&request.masker.mask(message))),
            };
        }
        let mut is_told = false;
        for (assertion, result) in request.assertions {
            let assertion = request.masker.mask(assertion).into_owned();
            let _ = match result {
                Ok(()) => writeln!(text, "   ok   {}", inline(&assertion)),
                Err(failure) => {
                    let expected = request.masker.mask(&failure.expected).into_owned();
                    let actual = request.masker.mask(&failure.actual).into_owned();
                    let told =
                        format!("{}: expected {}, got {}", inline(&assertion), inline(&expected), inline(&actual));
                    // The request's own failure names the assertion only.
                    if !std::mem::replace(&mut is_told, true) {
                        why = Some(told.clone());
                    }
                    writeln!(text, "   FAIL {told}")
                }
            };
        }
        if let Some(failure) = request.failure
            && request.assertions.iter().all(|(_, result)| result.is_ok())
            && request.extracted.iter().all(|extracted| extracted.found.is_ok())
        {
            let _ = writeln!(text, "   FAIL {}", inline(&request.masker.mask(failure)));
        }
        if let Err(failure) = &request.exchange.outcome
            && request.failure != Some(&failure.message)
        {
            let _ = writeln!(text, "   FAIL {}", inline(&request.masker.mask(&failure.message)));
        }
        self.closing.note(request.node, why, alert);
        self.out.borrow_mut().push_str(&text);
    }
}
