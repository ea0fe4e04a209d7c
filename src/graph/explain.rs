//! The whole plan in plain sentences, with what it is expected to do.

use std::fmt::Write as _;
use std::time::Duration;

use super::draw::masked_line;
use super::estimate::{self, Estimate};
use super::{Children, Dynamic, ExecutionGraph, Group, GroupId, LabelKind, NodeId, NodeKind, Scope};
use crate::mask::Masker;
use crate::plan::OnError;
use crate::schedule::{Iterations, Load, Stage, ThinkTime, Users};
use crate::services::ServiceKind;
use crate::units::Rate;
use crate::units::written_duration;

/// Steps of one part that are named; further ones are counted.
const NAMED: usize = 12;

/// Says what a plan does, for somebody who has not read it.
/// What `masker` knows is hidden.
pub fn explain(graph: &ExecutionGraph, masker: &Masker) -> String {
    let shown = |text: &str| masked_line(masker, text);
    let mut out = format!("{}\n", shown(&graph.name));
    for service in &graph.services {
        let what = match &service.kind {
            ServiceKind::Demo(_) => "the sample trading API starts",
            ServiceKind::Command { .. } => "its command starts",
        };
        let _ = writeln!(out, "  First, for the service `{}`, {what}.", shown(&service.name));
    }
    outside(graph, masker, &graph.setup, "Before any user starts", &mut out);
    for (index, group) in graph.groups.iter().enumerate() {
        let _ = writeln!(out, "\nThread group `{}`", shown(&group.name));
        for sentence in group_sentences(graph, GroupId(index as u32)) {
            let _ = writeln!(out, "  {}", shown(&sentence));
        }
    }
    out.push('\n');
    outside(graph, masker, &graph.teardown, "When all users have ended", &mut out);
    let ends = graph.planned_ends().into_iter().collect::<Option<Vec<_>>>();
    match ends.and_then(|ends| ends.into_iter().max()) {
        Some(end) => {
            let _ = writeln!(out, "Load is applied for {}.", written_duration(end));
        }
        None => {
            let known = graph.groups.iter().filter_map(|group| group.load.end()).max();
            let least = known.map(|end| format!(", at least {}", written_duration(end))).unwrap_or_default();
            let _ = writeln!(out, "How long load is applied depends on how fast the target responds{least}.");
        }
    }
    let rules = thresholds(graph, Scope::Run);
    if rules.is_empty() && graph.thresholds.iter().all(|one| one.implicit) {
        out.push_str("The run passes if no request fails.\n");
    } else if !rules.is_empty() {
        let _ = writeln!(out, "The whole run passes if {}.", shown(&rules.join(" and ")));
    }
    out
}

fn outside(graph: &ExecutionGraph, masker: &Masker, steps: &Children, when: &str, out: &mut String) {
    if !steps.is_empty() {
        let _ = writeln!(out, "  {when}: {}.", masked_line(masker, &named(graph, steps)));
    }
}

fn group_sentences(graph: &ExecutionGraph, id: GroupId) -> Vec<String> {
    let group = &graph.groups[id.index()];
    let iteration = estimate::steps(&graph.nodes, &group.steps);
    let mut said = Vec::new();
    if !group.needs.is_empty() {
        let names: Vec<_> = group.needs.iter().map(|id| format!("`{}`", graph.groups[id.index()].name)).collect();
        said.push(format!(
            "It starts when {} {} ended.",
            names.join(" and "),
            if names.len() == 1 { "has" } else { "have" }
        ));
    }
    if !group.delay.is_zero() {
        said.push(format!("It waits {} before it starts.", written_duration(group.delay)));
    }
    said.extend(load_sentences(&group.load));
    if !group.on_start.is_empty() {
        said.push(format!("Each user first runs once: {}.", named(graph, &group.on_start)));
    }
    said.push(format!("Each iteration runs: {}.", named(graph, &group.steps)));
    if let Some(think) = think_time(graph, &group.steps) {
        said.push(format!("A user waits {think} after each request."));
    }
    if let Some(pacing) = group.pacing {
        said.push(format!("A user starts an iteration at most every {}.", written_duration(pacing)));
    }
    if let Some(throughput) = group.throughput {
        said.push(format!("All its users together send at most {} requests.", spelled(throughput)));
    }
    if !group.on_stop.is_empty() {
        said.push(format!("At the end, each user runs once: {}.", named(graph, &group.on_stop)));
    }
    said.extend(expectation(group, iteration));
    let after = match group.on_error {
        OnError::Continue => "continues with the next step",
        OnError::NextIteration => "leaves its iteration and starts the next",
        OnError::StopUser => "ends",
        OnError::StopGroup => "ends the whole thread group",
        OnError::StopTest => "ends the whole test",
    };
    said.push(format!("After a failed request a user {after}."));
    if !group.warm_up.is_zero() {
        said.push(format!("The first {} are warm-up: they count in no total.", written_duration(group.warm_up)));
    }
    let rules = thresholds(graph, Scope::Group(id));
    if !rules.is_empty() {
        said.push(format!("It passes if {}.", rules.join(" and ")));
    }
    said
}

/// The load of a thread group, a sentence for each stage.
pub fn load_sentences(load: &Load) -> Vec<String> {
    match load {
        Load::Users(Users::Fixed { users, ramp_up, iterations, duration, ramp_down }) => {
            // "1 user runs", "2 users run".
            let s = if *users == 1 { "s" } else { "" };
            let start = match (users, ramp_up.is_zero()) {
                (1, _) => "1 user starts".to_owned(),
                (users, true) => format!("All {users} users start at the same time"),
                (users, false) => format!(
                    "{users} users start one after another over {} ({} a second)",
                    written_duration(*ramp_up),
                    tidy(*users as f64 / ramp_up.as_secs_f64())
                ),
            };
            let until = match (iterations, duration) {
                (Some(Iterations::PerUser(count)), None) => {
                    format!("and run{s} {} each", plural(*count, "iteration"))
                }
                (Some(Iterations::Total(count)), None) => format!("and share {}", plural(*count, "iteration")),
                (Some(Iterations::PerUser(count)), Some(time)) => {
                    format!("and run until each has done {count} iterations, at most {}", written_duration(*time))
                }
                (Some(Iterations::Total(count)), Some(time)) => {
                    format!("and run until {count} iterations are done, at most {}", written_duration(*time))
                }
                (None, Some(time)) => format!("and run{s} for {} in total", written_duration(*time)),
                (None, None) => "and never end".to_owned(),
            };
            let mut said = vec![format!("{start} {until}.")];
            if !ramp_down.is_zero() {
                said.push(format!("Then they stop one after another over {}.", written_duration(*ramp_down)));
            }
            said
        }
        Load::Users(Users::Staged(stages)) => stages_said(stages, |users| format!("{users} users")),
        Load::Arrivals(arrivals) => {
            let mut said = if arrivals.staged {
                stages_said(&arrivals.stages, |rate| spelled(*rate))
            } else {
                let hold = arrivals.stages.first().map_or(Duration::ZERO, |stage| stage.hold);
                vec![format!(
                    "{} for {}, whether or not earlier ones have ended.",
                    spelled(arrivals.peak()).replacen(" a ", " iterations start a ", 1),
                    written_duration(hold)
                )]
            };
            let spacing = if arrivals.poisson { "at random (Poisson)" } else { "evenly" };
            said.push(format!(
                "They are spaced {spacing}, {} in total; at most {} run at once, more are dropped and counted.",
                arrivals.total(),
                arrivals.max_users
            ));
            said
        }
    }
}

fn stages_said<T>(stages: &[Stage<T>], target: impl Fn(&T) -> String) -> Vec<String> {
    stages
        .iter()
        .enumerate()
        .map(|(index, stage)| {
            let mut said = format!("Stage {}: ", index + 1);
            said.push_str(&match stage.over.is_zero() {
                true => format!("jumps to {}", target(&stage.target)),
                false => format!("ramps to {} in {}", target(&stage.target), written_duration(stage.over)),
            });
            if !stage.hold.is_zero() {
                let _ = write!(said, ", then holds for {}", written_duration(stage.hold));
            }
            said + "."
        })
        .collect()
}

/// `200 a second`.
fn spelled(rate: Rate) -> String {
    let shown = rate.to_string();
    let (number, unit) = shown.split_once('/').unwrap_or((&shown, "s"));
    let unit = match unit {
        "m" => "minute",
        "h" => "hour",
        _ => "second",
    };
    format!("{number} a {unit}")
}

/// What the plan's own figures come to.
fn expectation(group: &Group, iteration: Estimate) -> Option<String> {
    let about = if iteration.vague { "about " } else { "" };
    let s = if iteration.requests == 1.0 { "" } else { "s" };
    let each = format!("An iteration sends {about}{} request{s} on average", tidy(iteration.requests));
    let each = match iteration.wait_s {
        0.0 => each,
        wait => format!("{each} and waits {}", written_duration(Duration::from_millis((wait * 1e3).round() as u64))),
    };
    let in_all = match &group.load {
        Load::Arrivals(arrivals) => {
            let requests = arrivals.total() as f64 * iteration.requests;
            Some(format!("about {} requests in total", tidy(requests)))
        }
        Load::Users(users) => {
            let by_count = users.iterations().map(|iterations| match iterations {
                Iterations::PerUser(each) => each as f64 * group.load.most_users() as f64,
                Iterations::Total(all) => all as f64,
            });
            let by_time = most_iterations(group, iteration);
            let most = by_count.into_iter().chain(by_time).reduce(f64::min);
            let sure = by_count.is_some() && by_time.is_none();
            most.map(|most| {
                let words = if sure { "" } else { " if the target responds at once" };
                format!("about {} requests in total{words}", tidy((most * iteration.requests).round()))
            })
        }
    };
    Some(match in_all {
        Some(in_all) => format!("{each}: {in_all}."),
        None => format!("{each}; how many in total depends on how fast the target responds."),
    })
}

/// How many iterations waits and pacing alone leave time for.
fn most_iterations(group: &Group, iteration: Estimate) -> Option<f64> {
    let beat = iteration.wait_s.max(group.pacing.map_or(0.0, |pacing| pacing.as_secs_f64()));
    let ceiling = group.throughput.filter(|_| iteration.requests > 0.0);
    let end = group.load.end()?.as_secs_f64();
    let by_wait = (beat > 0.0).then(|| {
        let user_seconds: f64 = group
            .load
            .segments()
            .iter()
            .filter_map(|segment| {
                let length = segment.length?.as_secs_f64();
                Some((segment.from + segment.to) as f64 / 2.0 * length)
            })
            .sum();
        user_seconds / beat
    });
    let by_ceiling = ceiling.map(|rate| rate.per_second() * end / iteration.requests);
    by_wait.into_iter().chain(by_ceiling).reduce(f64::min)
}

/// The requests and transactions of some steps by name, in the order of the plan.
fn named(graph: &ExecutionGraph, steps: &[NodeId]) -> String {
    let mut names: Vec<String> = Vec::new();
    let mut stack: Vec<(NodeId, String)> = steps.iter().rev().map(|id| (*id, String::new())).collect();
    while let Some((id, before)) = stack.pop() {
        let node = graph.node(id);
        let own = match &node.kind {
            NodeKind::Request(_) | NodeKind::Transaction(_) | NodeKind::Pause(_) | NodeKind::Log(_) => {
                names.push(format!("{before}`{}`", node.name));
                String::new()
            }
            NodeKind::Sequence { .. }
            | NodeKind::Repeat(..)
            | NodeKind::RepeatFor(..)
            | NodeKind::While(..)
            | NodeKind::ForEach(..)
            | NodeKind::Choose(..)
            | NodeKind::RoundRobin(..)
            | NodeKind::Shuffle(_)
            | NodeKind::Parallel(_)
            | NodeKind::Set(_)
            | NodeKind::Include(..)
            | NodeKind::NextRow(_)
            | NodeKind::WaitForUsers(_)
            | NodeKind::Lock(..)
            | NodeKind::Stop(_) => before,
        };
        if matches!(node.kind, NodeKind::Transaction(_)) {
            continue;
        }
        let children = super::draw::edges(node);
        let choose = matches!(node.kind, NodeKind::Choose(..));
        stack.extend(
            children
                .into_iter()
                .rev()
                .map(|(child, edge)| (child, if choose { format!("{own}{edge} ") } else { own.clone() })),
        );
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let list = names.join(", ");
    match (names.is_empty(), more) {
        (true, _) => "nothing that sends a request".to_owned(),
        (false, 0) => list,
        (false, more) => format!("{list} and {more} more"),
    }
}

/// The think time of the first request that has one.
fn think_time(graph: &ExecutionGraph, steps: &[NodeId]) -> Option<String> {
    let mut stack: Vec<NodeId> = steps.iter().rev().copied().collect();
    while let Some(id) = stack.pop() {
        let node = graph.node(id);
        if let Some(wait) = &node.think_time {
            return Some(match wait.as_ref() {
                Dynamic::Fixed(ThinkTime::Constant(time)) if time.is_zero() => return None,
                Dynamic::Fixed(ThinkTime::Constant(time)) => written_duration(*time),
                Dynamic::Fixed(ThinkTime::Range(from, to)) => {
                    format!("{} to {}", written_duration(*from), written_duration(*to))
                }
                Dynamic::Fixed(ThinkTime::Normal { mean, .. } | ThinkTime::Poisson { mean }) => {
                    format!("{} on average", written_duration(*mean))
                }
                Dynamic::Computed(template) => template.source().to_owned(),
            });
        }
        stack.extend(super::draw::edges(node).into_iter().rev().map(|(child, _)| child));
    }
    None
}

/// What is written to hold for a scope; for a group, that of its requests too.
fn thresholds(graph: &ExecutionGraph, scope: Scope) -> Vec<String> {
    let shown = |threshold: &&super::Threshold| {
        !threshold.implicit
            && match (threshold.scope, scope) {
                (Scope::Label(label), Scope::Group(group)) => {
                    graph.label(label).place == super::Place::Group(group) && graph.label(label).kind != LabelKind::Step
                }
                (one, other) => one == other,
            }
    };
    graph
        .thresholds
        .iter()
        .filter(shown)
        .map(|threshold| {
            let of = match threshold.scope {
                Scope::Label(label) => format!(" for {}", graph.label(label).text),
                Scope::Run | Scope::Group(_) => String::new(),
            };
            let during = threshold.during.map(|during| format!(" during {during}")).unwrap_or_default();
            format!("`{}`{during}{of}", threshold.text)
        })
        .collect()
}

fn plural(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// A number without digits nobody needs.
fn tidy(number: f64) -> String {
    if number >= 100.0 || number.fract() == 0.0 { format!("{number:.0}") } else { format!("{number:.1}") }
}
