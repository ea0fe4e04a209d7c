//! What thread groups need of each other, when they are planned to end, and loads in words.

use std::fmt::Write as _;
use std::time::Duration;

use super::build::Build;
use super::estimate::{self, Estimate};
use super::{Group, GroupId};
use crate::diagnostic::Diagnostic;
use crate::plan::ThreadGroup;
use crate::schedule::{Arrivals, Iterations, Load, Users};
use crate::units::written_duration;

/// From so many users a second on, their common start is worth a warning.
const STARTS_PER_SECOND: f64 = 100.0;

impl Build<'_> {
    /// The groups a group needs.
    pub(super) fn needs(&mut self, id: GroupId, group: &ThreadGroup) -> Vec<GroupId> {
        let mut needs = Vec::new();
        for need in &group.needs {
            let known = self.plan.groups.iter().position(|other| other.name.value == need.value);
            match known.map(|index| GroupId(index as u32)) {
                Some(other) if other == id => self.error(
                    need.span,
                    format!("thread group `{}` cannot need itself", need.value),
                    "remove it from `needs`",
                ),
                Some(other) if needs.contains(&other) => {}
                Some(other) => needs.push(other),
                None => {
                    let others = self.plan.groups.iter().filter(|other| other.name.value != group.name.value);
                    let names: Vec<_> = others.map(|group| &*group.name.value).collect();
                    let finding =
                        Diagnostic::error(need.span, format!("`needs`: there is no thread group `{}`", need.value));
                    let finding = match crate::suggest::nearest(&need.value, names.iter().copied()) {
                        Some(near) => finding.help(format!("did you mean `{near}`?")).fix(need.span, near),
                        None if names.is_empty() => finding.help("this is the only thread group: remove `needs`"),
                        None => finding.help(format!("the other thread groups are: {}", names.join(", "))),
                    };
                    self.findings.push(finding);
                }
            }
        }
        needs
    }

    /// Tells when groups wait for each other in a circle, so that none of them would ever start.
    pub(super) fn no_circle(&mut self, groups: &[Group]) {
        let mut waiting: Vec<usize> = (0..groups.len()).collect();
        loop {
            let before = waiting.len();
            let blocked = waiting.clone();
            waiting.retain(|index| groups[*index].needs.iter().any(|need| blocked.contains(&need.index())));
            if waiting.len() == before {
                break;
            }
        }
        let Some(first) = waiting.first() else { return };
        // From any group that waits, what it needs leads into the circle.
        let mut way = vec![*first];
        let circle = loop {
            let last = way[way.len() - 1];
            let next = groups[last].needs.iter().map(|need| need.index()).find(|need| waiting.contains(need));
            match next {
                Some(next) => match way.iter().position(|known| *known == next) {
                    Some(start) => break way.split_off(start),
                    None => way.push(next),
                },
                None => return,
            }
        };
        let names: Vec<_> =
            circle.iter().chain(&circle[..1]).map(|index| format!("`{}`", groups[*index].name)).collect();
        let span = self.plan.groups[circle[0]].needs.first().map_or(groups[circle[0]].span, |need| need.span);
        self.error(
            span,
            format!("these thread groups wait for each other, so none would start: {}", names.join(" → ")),
            "remove one of these `needs`",
        );
    }

    /// When a group is planned to end, from the run's start; `None` when only its iterations end
    /// it or one that it needs.
    pub(super) fn planned_end(&self, id: GroupId) -> Option<Duration> {
        let groups = &self.plan.groups;
        let of = |name: &str| groups.iter().position(|group| &*group.name.value == name);
        let courses: Vec<Course> = groups
            .iter()
            .map(|group| {
                let needs = group.needs.iter().filter_map(|need| of(&need.value)).collect();
                (group.delay, group.load.end(), needs)
            })
            .collect();
        planned_ends(&courses)[id.index()]
    }

    /// Warnings that follow from the plan's own figures.
    pub(super) fn arithmetic(&mut self, groups: &[Group]) {
        for (group, written) in groups.iter().zip(&self.plan.groups) {
            let iteration = estimate::steps(&self.nodes, &group.steps);
            if let Some(warning) = storm(group, estimate::steps(&self.nodes, &group.on_start)) {
                self.findings.push(Diagnostic::warning(written.load_span, warning.0).help(warning.1));
            }
            if let Load::Arrivals(arrivals) = &group.load
                && let Some((message, help)) = too_few_users(arrivals, iteration)
            {
                let span = written.max_users_span.unwrap_or(written.load_span);
                self.findings.push(Diagnostic::warning(span, message).help(help));
            }
        }
    }
}

/// Many users that log in at once.
fn storm(group: &Group, on_start: Estimate) -> Option<(String, String)> {
    let Load::Users(_) = &group.load else { return None };
    if on_start.requests == 0.0 {
        return None;
    }
    let rate = |users: u64, over: Duration| users as f64 / over.as_secs_f64().max(1.0);
    let segments = group.load.segments();
    let steepest = segments
        .iter()
        .filter(|segment| segment.to > segment.from)
        .max_by(|one, two| rate(one.to - one.from, one.over).total_cmp(&rate(two.to - two.from, two.over)))?;
    let users = steepest.to - steepest.from;
    if rate(users, steepest.over) < STARTS_PER_SECOND {
        return None;
    }
    let requests = (users as f64 * on_start.requests).round();
    let message = if steepest.over.is_zero() {
        format!("{users} users at once send the {requests} requests of their `on_start` all at the same moment")
    } else {
        format!(
            "{users} users in {} is {:.0} requests of `on_start` a second, before the load proper begins",
            written_duration(steepest.over),
            requests / steepest.over.as_secs_f64()
        )
    };
    let calm = Duration::from_secs((users as f64 / 20.0).ceil() as u64);
    let help =
        format!("if that is not what you want to test, ramp up over {}: 20 users a second", written_duration(calm));
    Some((message, help))
}

/// A rate that needs more users than it may have, by the waits in its steps alone.
fn too_few_users(arrivals: &Arrivals, iteration: Estimate) -> Option<(String, String)> {
    let needed = (arrivals.peak().per_second() * iteration.wait_s).ceil();
    if needed <= arrivals.max_users as f64 {
        return None;
    }
    let wait = written_duration(Duration::from_millis((iteration.wait_s * 1e3).round() as u64));
    let message = format!(
        "at {} and {wait} of waiting per iteration you need about {needed} users, but `max_users` is {}: iterations will be dropped",
        arrivals.peak(),
        arrivals.max_users
    );
    let room = (needed * 1.5).ceil();
    Some((message, format!("write `max_users: {room}` or more: requests take time too")))
}

/// What decides on a group's end: its delay, how long its load takes, and what it needs.
type Course = (Duration, Option<Duration>, Vec<usize>);

/// The planned end of each group, from the run's start. Groups in a circle have none.
fn planned_ends(courses: &[Course]) -> Vec<Option<Duration>> {
    let mut ends = vec![None; courses.len()];
    // The longest chain of needs is settled after as many rounds as it has links.
    for _ in courses {
        for (index, (delay, length, needs)) in courses.iter().enumerate() {
            let starts: Option<Vec<Duration>> = needs.iter().map(|need| ends[*need]).collect();
            ends[index] = starts
                .zip(*length)
                .map(|(starts, length)| starts.into_iter().max().unwrap_or_default() + *delay + length);
        }
    }
    ends
}

impl super::ExecutionGraph {
    /// When each group is planned to end, from the run's start; `None` when only its iterations
    /// end it or one that it needs.
    pub fn planned_ends(&self) -> Vec<Option<Duration>> {
        let needs = |group: &Group| group.needs.iter().map(|need| need.index()).collect();
        let courses: Vec<Course> =
            self.groups.iter().map(|group| (group.delay, group.load.end(), needs(group))).collect();
        planned_ends(&courses)
    }
}

/// A load in a few words: `50 users, ramp-up 10s, 2m`.
pub(super) fn in_short(group: &Group) -> String {
    let mut words = match &group.load {
        Load::Users(Users::Fixed { users, ramp_up, iterations, duration, ramp_down }) => {
            let mut words = format!("{users} user{}", if *users == 1 { "" } else { "s" });
            if !ramp_up.is_zero() {
                let _ = write!(words, ", ramp-up {}", written_duration(*ramp_up));
            }
            match iterations {
                Some(Iterations::PerUser(count)) => {
                    let _ = write!(words, ", {count} iteration{} each", if *count == 1 { "" } else { "s" });
                }
                Some(Iterations::Total(count)) => {
                    let _ = write!(words, ", {count} iterations in all");
                }
                None => {}
            }
            if let Some(duration) = duration {
                let _ = write!(words, ", {}", written_duration(*duration));
            }
            if !ramp_down.is_zero() {
                let _ = write!(words, ", ramp-down {}", written_duration(*ramp_down));
            }
            words
        }
        Load::Users(Users::Staged(stages)) => {
            let stages: Vec<_> =
                stages.iter().map(|stage| leg(&stage.target.to_string(), stage.over, stage.hold)).collect();
            format!("users {}", stages.join(", then "))
        }
        Load::Arrivals(arrivals) => {
            let stages: Vec<_> =
                arrivals.stages.iter().map(|stage| leg(&stage.target.to_string(), stage.over, stage.hold)).collect();
            let spacing = if arrivals.poisson { "Poisson " } else { "" };
            format!("{spacing}arrivals {}, at most {} users", stages.join(", then "), arrivals.max_users)
        }
    };
    if let Some(pacing) = group.pacing {
        let _ = write!(words, ", an iteration every {} at most", written_duration(pacing));
    }
    if let Some(throughput) = group.throughput {
        let _ = write!(words, ", at most {throughput}");
    }
    if !group.delay.is_zero() {
        let _ = write!(words, ", starts after {}", written_duration(group.delay));
    }
    words
}

/// `→ 100 over 1m, hold 5m`.
fn leg(target: &str, over: Duration, hold: Duration) -> String {
    let mut words =
        if over.is_zero() { target.to_owned() } else { format!("→ {target} over {}", written_duration(over)) };
    if !hold.is_zero() {
        let _ = write!(words, "{} {}", if over.is_zero() { " for" } else { ", hold" }, written_duration(hold));
    }
    words
}
