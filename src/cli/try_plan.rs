//! `loadplan try`: one user of each thread group walks through the plan once, and every step is shown.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::plans::{LoadOverrides, PlanOptions};
use super::signals;
use super::terminal::Terminal;
use crate::engine::{self, Event, Finished, Lifecycle, Monitor, Observed, Observer};
use crate::exchange::{Entry, HttpEntry, Message, StreamEvent};
use crate::graph::{ExecutionGraph, LabelId, LabelKind, NodeId};
use crate::mask::Masker;
use crate::metrics::Aggregator;
use crate::phase::Phase;
use crate::problem::Problem;
use crate::protocols::http::client::ProxyEnvironment;
use crate::response::Response;
use crate::run::Services;
use crate::sanitize::{defused, inline, one_line};
use crate::stop_reason::StopReason;
use crate::verdict::exit;

/// How many characters of a body are shown.
const BODY: usize = 2000;
/// How many characters of an extracted value are shown.
const VALUE: usize = 200;

/// Try a plan: one user per thread group, one iteration, no think time. Shows for each step what
/// was sent, what came, what was extracted, and each assertion with what it expected and what it got
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The plan to try
    #[arg(value_name = "PLAN")]
    plan: PathBuf,
    #[command(flatten)]
    options: PlanOptions,
    /// Let the plan's services run their command lines
    #[arg(long)]
    allow_commands: bool,
}

pub(super) fn run(args: &Args, terminal: &Terminal) -> u8 {
    signals::install();
    let once = LoadOverrides::once();
    let compiled = args.options.compile(&args.plan, &once);
    let Some((graph, rest)) = compiled.graph_or_tell(&args.plan, terminal) else { return exit::INVALID };
    let graph = Arc::new(graph);
    let masker = Masker::new(&rest.secrets);
    let watcher = Rc::new(Watcher {
        graph: graph.clone(),
        file: crate::sanitize::shown_path(&args.plan),
        masker: masker.clone(),
        failed: Cell::new(false),
        tried: RefCell::default(),
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
        let finished = engine::run(input, &mut printer, stop).await;
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
        Ok(finished) if matches!(finished.setup, Lifecycle::Failed(_)) => {
            terminal.out("\nFAILED: setup failed, so no user was started\n");
            exit::NOT_VALID
        }
        Ok(_) if watcher.failed.get() => {
            terminal.out(&format!("{}\nFAILED: see the steps marked FAIL\n", watcher.not_tried()));
            exit::FAILED
        }
        Ok(_) => {
            terminal.out(&format!("{}\nPASSED: every step that was tried did what it should\n", watcher.not_tried()));
            exit::PASSED
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
    file: String,
    masker: Masker,
    failed: Cell<bool>,
    tried: RefCell<BTreeSet<LabelId>>,
    out: RefCell<String>,
}

impl Watcher {
    /// Requests that this walk did not come by: other branches, conditions that did not hold.
    fn not_tried(&self) -> String {
        let tried = self.tried.borrow();
        let labels = self.graph.labels.iter().enumerate();
        let missed: Vec<String> = labels
            .filter(|(index, label)| label.kind == LabelKind::Sampler && !tried.contains(&LabelId(*index as u32)))
            .map(|(_, label)| one_line(&self.masker.mask(&label.text)))
            .collect();
        if missed.is_empty() { String::new() } else { format!("\nnot tried this time: {}\n", missed.join(", ")) }
    }

    fn line(&self, text: &str) {
        let mut out = self.out.borrow_mut();
        out.push_str(text);
        out.push('\n');
    }

    fn title(&self, node: NodeId) -> String {
        let node = self.graph.node(node);
        format!("{}  ({}:{})", one_line(&self.masker.mask(&node.name)), self.file, self.graph.line(node.span))
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
                self.failed.set(true);
                self.line(&format!("   FAIL the step could not be carried out: {}", inline(error)));
            }
            None => self.line(&format!("   {}", inline(what))),
        }
    }

    fn request(&self, request: &Observed<'_>) {
        self.tried.borrow_mut().insert(self.graph.node(request.node).label);
        let mut text = format!("\n-- {}\n", self.title(request.node));
        for entry in &request.exchange.transcript {
            match entry {
                Entry::Http(entry) => sent(&mut text, entry, request.masker),
                Entry::Sent(message) => said(&mut text, "   > ", message, request.masker),
                Entry::Received(message) => said(&mut text, "   < ", message, request.masker),
                Entry::Event(event) => came(&mut text, event, request.masker),
            }
        }
        if let Some(response) = request.response {
            received(&mut text, response, request);
        }
        let mut failed = request.failure.is_some();
        for extracted in request.extracted {
            let variable = &extracted.variable;
            let remark = extracted.remark.as_ref().map(|remark| format!(" ({remark})")).unwrap_or_default();
            let _ = match &extracted.found {
                Ok(_) if extracted.secret => writeln!(text, "   extracted {variable} = ***{remark}"),
                Ok(value) => writeln!(
                    text,
                    "   extracted {variable} = {}{remark}",
                    inline(&cut(&request.masker.beginning(value, VALUE), value, VALUE))
                ),
                Err(message) => writeln!(text, "   FAIL {}", inline(&request.masker.mask(message))),
            };
        }
        for (assertion, result) in request.assertions {
            let assertion = request.masker.mask(assertion).into_owned();
            let _ = match result {
                Ok(()) => writeln!(text, "   ok   {}", inline(&assertion)),
                Err(failure) => {
                    failed = true;
                    let expected = request.masker.mask(&failure.expected).into_owned();
                    let actual = request.masker.mask(&failure.actual).into_owned();
                    writeln!(
                        text,
                        "   FAIL {}: expected {}, got {}",
                        inline(&assertion),
                        inline(&expected),
                        inline(&actual)
                    )
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
        if failed {
            self.failed.set(true);
        }
        self.out.borrow_mut().push_str(&text);
    }
}

/// A message that went over a connection.
fn said(text: &mut String, mark: &str, message: &Message, masker: &Masker) {
    if message.text {
        body(text, mark, &String::from_utf8_lossy(&message.payload), masker);
    } else {
        let _ = writeln!(text, "{mark}({} bytes)", message.payload.len());
    }
}

/// An event of a stream: its type and id, where the server tells them, and its data.
fn came(text: &mut String, event: &StreamEvent, masker: &Masker) {
    let shown = |value: &str| inline(&cut(&masker.beginning(value, VALUE), value, VALUE));
    let kind = (&*event.event != "message").then(|| format!("event: {}", shown(&event.event)));
    let id = (!event.id.is_empty()).then(|| format!("id: {}", shown(&event.id)));
    let told: Vec<String> = kind.into_iter().chain(id).collect();
    if !told.is_empty() {
        let _ = writeln!(text, "   < {}", told.join(", "));
    }
    body(text, "   < ", &event.data, masker);
}

fn sent(text: &mut String, hop: &HttpEntry, masker: &Masker) {
    let _ = writeln!(text, "   > {} {}", hop.method, one_line(&masker.url(&hop.url)));
    if let Some(proxy) = &hop.proxy {
        let _ = writeln!(text, "   > (through the proxy {})", inline(&masker.mask(proxy)));
    }
    for line in masker.headers(&hop.request_headers).lines() {
        let _ = writeln!(text, "   > {}", one_line(line));
    }
    body(text, "   > ", &String::from_utf8_lossy(&hop.request_body), masker);
    if let Some(status) = hop.status {
        let _ = writeln!(text, "   < {status}");
        for line in masker.headers(&hop.response_headers).lines() {
            let _ = writeln!(text, "   < {}", one_line(line));
        }
    }
}

fn received(text: &mut String, response: &Response, request: &Observed<'_>) {
    // Messages are shown one by one, as they came.
    if !request.exchange.transcript.iter().any(|entry| matches!(entry, Entry::Received(_) | Entry::Event(_))) {
        body(text, "   < ", response.text(), request.masker);
    }
    if response.truncated() {
        let _ = writeln!(
            text,
            "   < (the body has {} bytes; `max_body` keeps {})",
            response.body_bytes,
            response.body.len()
        );
    }
    let timings = &request.exchange.timings;
    let mut phases = String::new();
    for phase in Phase::ALL {
        if let Some(time) = timings.get(phase) {
            let _ = write!(phases, ", {} {:.1} ms", phase.word().replace('_', " "), time.as_secs_f64() * 1e3);
        }
    }
    let cached = if request.exchange.cached { ", from the cache" } else { "" };
    let _ = writeln!(text, "   {} in {:.1} ms{phases}{cached}", response.version, timings.total.as_secs_f64() * 1e3);
}

/// A body: JSON is laid out, the rest is shown as it came; both masked before they are cut.
fn body(text: &mut String, mark: &str, body: &str, masker: &Masker) {
    if body.is_empty() {
        return;
    }
    // Spaces that are left out make it shorter.
    let masked = masker.beginning(body, 4 * BODY);
    let pretty = match serde_json::from_str::<serde::de::IgnoredAny>(body) {
        Ok(_) => laid_out(&masked),
        Err(_) => masked.into_owned(),
    };
    for line in cut(&pretty, body, BODY).split(['\n', '\r']).filter(|line| !line.is_empty()) {
        let _ = writeln!(text, "{mark}| {}", defused(line));
    }
}

/// The beginning of what is shown, and how long the whole is.
fn cut(shown: &str, whole: &str, most: usize) -> String {
    let mut cut: String = shown.chars().take(most).collect();
    if cut.len() < shown.len() {
        let _ = write!(cut, "… ({} characters in all)", whole.chars().count());
    }
    cut
}

/// JSON over several lines. Only blanks change: numbers keep their digits.
fn laid_out(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut escaped = false;
    let mut chars = json.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    while let Some(c) = chars.next() {
        if in_text {
            out.push(c);
            in_text = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => {
                in_text = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                if let Some(close) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            blank if blank.is_ascii_whitespace() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::laid_out;

    #[test]
    fn json_is_laid_out_without_touching_numbers_or_texts() {
        let json = r#"{"n":1.10,"big":12345678901234567890123 ,"t":"a,{\"b\":[]","e":[ ],"l":[1,{"x":null}]}"#;
        let expected = r#"{
  "n": 1.10,
  "big": 12345678901234567890123,
  "t": "a,{\"b\":[]",
  "e": [],
  "l": [
    1,
    {
      "x": null
    }
  ]
}"#;
        assert_eq!(laid_out(json), expected);
    }
}
