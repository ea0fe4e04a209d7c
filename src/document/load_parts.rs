//! What a group's load is made of.

use std::time::Duration;

use super::{LoadPart, milli};
use crate::graph;
use crate::schedule::{During, Window};

/// What a group's load is made of, from the moment the run's load began. What lies in the warm-up
/// counts in no figure: the other parts begin behind it.
pub(super) fn parts(group: &graph::Group, began: Duration) -> Vec<LoadPart> {
    let part = |name: String, from: Duration, to: Option<Duration>| LoadPart {
        name,
        from_s: milli((began + from).as_secs_f64()),
        to_s: to.map(|to| milli((began + to).as_secs_f64())),
        hold_s: None,
    };
    let behind = |name: String, (from, to): Window| {
        to.is_none_or(|to| to > group.warm_up).then(|| part(name, from.max(group.warm_up), to))
    };
    let mut parts = Vec::new();
    if !group.warm_up.is_zero() {
        parts.push(part("warm-up".into(), Duration::ZERO, Some(group.warm_up)));
    }
    if group.load.stages() > 0 {
        for number in 1..=group.load.stages() {
            let stage = During::Stage(number);
            let hold = group.load.hold_of_stage(number).filter(|hold| *hold > group.warm_up);
            let hold_s = hold.map(|hold| milli((began + hold).as_secs_f64()));
            let windows = stage.windows(&group.load).into_iter();
            let found = windows.filter_map(|window| behind(stage.to_string(), window));
            parts.extend(found.map(|part| LoadPart { hold_s, ..part }));
        }
        return parts;
    }
    for segment in group.load.segments().iter().filter(|segment| segment.length != Some(Duration::ZERO)) {
        let name = match segment.to.cmp(&segment.from) {
            std::cmp::Ordering::Greater => "ramp-up",
            std::cmp::Ordering::Equal => "steady",
            std::cmp::Ordering::Less => "ramp-down",
        };
        parts.extend(behind(name.into(), (segment.start, segment.length.map(|length| segment.start + length))));
    }
    parts
}
