//! Thread groups.

use std::time::Duration;

use super::Lower;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::keys;
use crate::plan::types::{Iterations, Name, OnError, ThreadGroup};
use crate::plan::yaml::{Node, NodeKind};

impl Lower<'_> {
    pub(super) fn thread_group(&mut self, name: Name, node: &Node) -> Option<ThreadGroup> {
        let fields = self.fields(node, &keys::THREAD_GROUP)?;
        if let Some(node) = fields.get("description") {
            self.name(node, "description");
        }
        let users = fields.get("users").map(|node| self.count(node, "users", 1));
        let ramp_up = fields.get("ramp_up").and_then(|node| self.duration(node, "ramp_up"));
        let iterations = fields.get("iterations").map(|node| self.iterations(node));
        let duration = fields.get("duration").map(|node| self.some_time(node, "duration"));
        let users_entry = ["users", "ramp_up"].iter().find_map(|key| fields.entry(key)).map(|entry| entry.key_span);
        let open = ["stages", "arrival_rate"].iter().any(|key| fields.entry(key).is_some());
        if iterations.is_none() && duration.is_none() && !open {
            let finding = match users_entry {
                // A profile that changes the load replaces all of it.
                Some(at) if self.profiled => Diagnostic::error(
                    at,
                    format!("with this profile, thread group `{}` does not say how long it runs", name.value),
                )
                .help(
                    "a profile replaces the load keys of a group together: write `duration` or `iterations` here too",
                ),
                _ => Diagnostic::error(name.span, format!("thread group `{}`: how long should it run?", name.value))
                    .help("add `duration: 1m`, or `iterations: 10`, or both"),
            };
            self.report(finding);
        }
        if let (Some(Some(duration)), Some(ramp_up)) = (duration, ramp_up)
            && ramp_up > duration
            && let Some(node) = fields.get("ramp_up")
        {
            self.report(
                Diagnostic::warning(node.span, "the ramp-up takes longer than `duration`, so not all users will start")
                    .help("`duration` counts from the group's start, ramp-up included"),
            );
        }
        let http = fields.get("http").and_then(|node| self.http_defaults(node)).unwrap_or_default();
        let on_error = fields.get("on_error").and_then(|node| self.word(node, keys::THREAD_GROUP.key("on_error")?));
        let steps = self.step_list(&fields, "steps");
        Some(ThreadGroup {
            users: users.flatten().unwrap_or(1),
            ramp_up: ramp_up.unwrap_or_default(),
            iterations: iterations.flatten(),
            duration: duration.flatten(),
            delay: fields.get("delay").and_then(|node| self.duration(node, "delay")).unwrap_or_default(),
            graceful_stop: fields
                .get("graceful_stop")
                .and_then(|node| self.duration(node, "graceful_stop"))
                .unwrap_or(Duration::from_secs(30)),
            think_time: fields.get("think_time").and_then(|node| self.think_time(node, "think_time")),
            on_error: match on_error {
                Some("next_iteration") => OnError::NextIteration,
                Some("stop_user") => OnError::StopUser,
                Some("stop_group") => OnError::StopGroup,
                Some("stop_test") => OnError::StopTest,
                _ => OnError::Continue,
            },
            http,
            on_start: self.step_list(&fields, "on_start"),
            steps,
            on_stop: self.step_list(&fields, "on_stop"),
            thresholds: self.thresholds(&fields),
            name,
        })
    }

    fn iterations(&mut self, node: &Node) -> Option<Iterations> {
        if let NodeKind::Map(_) = &node.kind {
            let fields = self.fields(node, &keys::ITERATIONS_TOTAL)?;
            return fields.get("total").and_then(|node| self.count(node, "total", 1)).map(Iterations::Total);
        }
        if node.text().is_some_and(|text| matches!(&**text, "-1" | "forever" | "infinite")) {
            self.report(
                Diagnostic::error(node.span, "iterations without end need a time limit instead")
                    .help("remove `iterations` and write `duration: 10m`"),
            );
            return None;
        }
        self.count(node, "iterations", 1).map(Iterations::PerUser)
    }

    /// The first byte of a map, for findings about what it lacks.
    pub(super) fn start_of(node: &Node) -> Span {
        Span { end: node.span.start + 1, ..node.span }
    }
}
