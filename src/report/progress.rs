//! What a person sees while the run goes: a live block on a terminal, a line every ten seconds
//! elsewhere.

use std::io::Write;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use crate::figures::{count, duration, ms, per_second};
use crate::graph::{ExecutionGraph, Group};
use crate::mask::Masker;
use crate::metrics::{Live, LiveGroup};
use crate::sanitize::inline;
use crate::schedule::{Iterations, Load};

/// How often the live block is redrawn, per second.
const REDRAWN: u8 = 4;
/// How often a line is written where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// A bar's full length in steps.
const STEPS: u64 = 1000;

/// What a group plans to do.
#[derive(Clone, Debug)]
struct Planned {
    name: String,
    users: u64,
    delay: Duration,
    duration: Option<Duration>,
    iterations: Option<u64>,
}

impl Planned {
    fn of(group: &Group, masker: &Masker) -> Self {
        let users = group.load.most_users();
        let iterations = match &group.load {
            Load::Users(load) => load.iterations().map(|iterations| match iterations {
                Iterations::PerUser(each) => each.saturating_mul(users),
                Iterations::Total(all) => all,
            }),
            Load::Arrivals(arrivals) => Some(arrivals.total()),
        };
        Self {
            name: inline(&masker.mask(&group.name)),
            users,
            delay: group.delay,
            duration: group.load.end(),
            iterations,
        }
    }

    /// How much of the group is done, 0 to 1; whichever of its two ends is nearer counts.
    fn done(&self, live: &LiveGroup, elapsed: Duration) -> f64 {
        let time = self.duration.filter(|all| !all.is_zero());
        let time = time.map_or(0.0, |all| elapsed.saturating_sub(self.delay).as_secs_f64() / all.as_secs_f64());
        let work = self.iterations.filter(|all| *all > 0).map_or(0.0, |all| live.iterations as f64 / all as f64);
        time.max(work).clamp(0.0, 1.0)
    }
}

/// Shows how a run goes, on standard error.
pub struct Progress {
    groups: Vec<Planned>,
    /// How long the run takes, where that is known.
    planned: Option<Duration>,
    sink: ProgressOutput,
}

enum ProgressOutput {
    Block {
        block: MultiProgress,
        head: ProgressBar,
        figures: ProgressBar,
        bars: Vec<ProgressBar>,
    },
    Lines {
        next: Duration,
        out: Box<dyn Write + Send>,
    },
    /// Warnings only.
    Quiet {
        out: Box<dyn Write + Send>,
    },
    Nothing,
}

impl Progress {
    /// A block that is redrawn in place, for a terminal.
    pub fn live(graph: &ExecutionGraph, masker: &Masker, terminal: Box<dyn TermLike>) -> Self {
        Self::on(graph, masker, ProgressDrawTarget::term_like_with_hz(terminal, REDRAWN))
    }

    pub(super) fn on(graph: &ExecutionGraph, masker: &Masker, target: ProgressDrawTarget) -> Self {
        let groups: Vec<Planned> = graph.groups.iter().map(|group| Planned::of(group, masker)).collect();
        let block = MultiProgress::with_draw_target(target);
        let line = || block.add(ProgressBar::new(STEPS).with_style(style("{msg}")));
        let (head, figures) = (line(), line());
        let width = groups.iter().map(|group| group.name.chars().count()).max().unwrap_or(0).min(30);
        let bars = groups
            .iter()
            .map(|group| {
                let bar = block
                    .add(ProgressBar::new(STEPS).with_style(style("{prefix} [{bar:30}] {msg}").progress_chars("=> ")));
                bar.with_prefix(format!("{:width$}", crate::sanitize::short(&group.name, 30)))
            })
            .collect();
        Self { planned: planned(graph), groups, sink: ProgressOutput::Block { block, head, figures, bars } }
    }

    /// A line every ten seconds without escape codes, for CI.
    pub fn lines(graph: &ExecutionGraph, masker: &Masker, out: Box<dyn Write + Send>) -> Self {
        let groups: Vec<Planned> = graph.groups.iter().map(|group| Planned::of(group, masker)).collect();
        Self { planned: planned(graph), groups, sink: ProgressOutput::Lines { next: LINE_EVERY, out } }
    }

    /// Nothing at all.
    pub fn nothing() -> Self {
        Self { groups: Vec::new(), planned: None, sink: ProgressOutput::Nothing }
    }

    /// Nothing but warnings, for `--quiet`.
    pub fn quiet(out: Box<dyn Write + Send>) -> Self {
        Self { groups: Vec::new(), planned: None, sink: ProgressOutput::Quiet { out } }
    }

    /// Shows the figures of the moment, `elapsed` after load began. Call it about four times a second.
    pub fn update(&mut self, live: &Live, elapsed: Duration) {
        match &mut self.sink {
            ProgressOutput::Block { head, figures, bars, .. } => {
                head.set_message(head_text(live, elapsed, self.planned));
                figures.set_message(figures_text(live));
                for ((bar, group), now) in bars.iter().zip(&self.groups).zip(&live.groups) {
                    bar.set_position((group.done(now, elapsed) * STEPS as f64) as u64);
                    bar.set_message(group_text(group, now));
                }
            }
            ProgressOutput::Lines { next, out } => {
                if elapsed >= *next {
                    while *next <= elapsed {
                        *next += LINE_EVERY;
                    }
                    let line = format!("{}, {}\n", head_text(live, elapsed, self.planned), figures_text(live));
                    // Progress that cannot be shown is no reason to end a run.
                    let _ = out.write_all(line.as_bytes()).and_then(|()| out.flush());
                }
            }
            ProgressOutput::Quiet { .. } | ProgressOutput::Nothing => {}
        }
    }

    /// Prints foreign text (a `log` step, a first failure) behind `| `, above a live block.
    pub fn print(&mut self, text: &str) {
        let text = crate::sanitize::quoted(text, "");
        match &mut self.sink {
            ProgressOutput::Block { block, .. } => {
                let _ = block.println(text.trim_end());
            }
            ProgressOutput::Lines { out, .. } => {
                let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            }
            ProgressOutput::Quiet { .. } | ProgressOutput::Nothing => {}
        }
    }

    /// Prints a warning, above a live block; also where nothing else is shown.
    pub fn warn(&mut self, text: &str) {
        match &mut self.sink {
            ProgressOutput::Block { block, .. } => {
                let _ = block.println(text.trim_end());
            }
            ProgressOutput::Lines { out, .. } | ProgressOutput::Quiet { out } => {
                let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            }
            ProgressOutput::Nothing => {}
        }
    }

    /// Removes the live block, so that the results can be printed.
    pub fn finish(&mut self) {
        if let ProgressOutput::Block { block, .. } = &self.sink {
            let _ = block.clear();
        }
        self.sink = ProgressOutput::Nothing;
    }
}

/// A template is ours and valid; were it not, the default style would stand in.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// When the last group ends, if the plan says so of every group.
fn planned(graph: &ExecutionGraph) -> Option<Duration> {
    graph.planned_ends().into_iter().collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// `12s of 2m 00s, 50 users`.
fn head_text(live: &Live, elapsed: Duration, planned: Option<Duration>) -> String {
    let users: u64 = live.groups.iter().map(|group| group.users).sum();
    let of = planned.map(|planned| format!(" of {}", duration(planned))).unwrap_or_default();
    let s = if users == 1 { "" } else { "s" };
    format!("{}{of}, {} user{s}", duration(Duration::from_secs(elapsed.as_secs())), count(users))
}

/// `1 234 requests, 0 errors; now 120/s, p50 12 ms, p95 30 ms, p99 41 ms`: counts of the whole run, then figures
/// of the last seconds.
fn figures_text(live: &Live) -> String {
    let s = if live.count == 1 { "" } else { "s" };
    let errors = if live.failed == 1 { "" } else { "s" };
    let mut text = format!(
        "{} request{s}, {} error{errors}; now {}",
        count(live.count),
        count(live.failed),
        per_second(live.rate)
    );
    for (name, time) in ["p50", "p95", "p99"].into_iter().zip(live.percentiles_ms) {
        if let Some(time) = time {
            text.push_str(&format!(", {name} {}", ms(time)));
        }
    }
    text
}

fn group_text(group: &Planned, now: &LiveGroup) -> String {
    let of = group.iterations.map(|all| format!(" of {}", count(all))).unwrap_or_default();
    format!("{} of {} users, {}{of} iterations", count(now.users), count(group.users), count(now.iterations))
}
