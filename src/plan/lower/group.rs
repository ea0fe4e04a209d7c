//! Thread groups.

use std::time::Duration;

use super::{Fields, Lower};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::keys;
use crate::plan::types::{Name, OnError, ThreadGroup};
use crate::protocols::spec::Defaults;
use crate::schedule::Load;
use crate::yaml::Node;

impl Lower<'_> {
    pub(crate) fn thread_group(&mut self, name: Name, node: &Node) -> Option<ThreadGroup> {
        let fields = self.fields(node, &keys::THREAD_GROUP)?;
        if let Some(node) = fields.get("description") {
            self.name(node, "description");
        }
        let (load, load_known) = self.load(&name, &fields);
        let warm_up = fields.get("warm_up").and_then(|node| self.warm_up(node, load_known.then_some(&load)));
        let defaults = Defaults::read(self, &fields);
        let on_error = fields.get("on_error").and_then(|node| self.word(node, keys::THREAD_GROUP.key("on_error")?));
        let steps = self.step_list(&fields, "steps");
        Some(ThreadGroup {
            load_span: Self::load_span(&name, &fields),
            max_users_span: fields.get("max_users").map(|node| node.span),
            load,
            load_known,
            pacing: fields.get("pacing").and_then(|node| self.some_time(node, "pacing")),
            throughput: fields.get("throughput").and_then(|node| self.some_rate(node, "throughput")),
            needs: self.needs(&fields),
            warm_up: warm_up.unwrap_or_default(),
            delay: fields.get("delay").and_then(|node| self.duration(node, "delay")).unwrap_or_default(),
            graceful_stop: fields.get("graceful_stop").and_then(|node| self.duration(node, "graceful_stop")),
            think_time: fields.get("think_time").and_then(|node| self.think_time(node, "think_time")),
            on_error: match on_error {
                Some("next_iteration") => OnError::NextIteration,
                Some("stop_user") => OnError::StopUser,
                Some("stop_group") => OnError::StopGroup,
                Some("stop_test") => OnError::StopTest,
                _ => OnError::Continue,
            },
            defaults,
            on_start: self.step_list(&fields, "on_start"),
            steps,
            on_stop: self.step_list(&fields, "on_stop"),
            thresholds: self.thresholds(&fields),
            name,
        })
    }

    /// A warm-up, which must leave something to count.
    pub(crate) fn warm_up(&mut self, node: &Node, load: Option<&Load>) -> Option<Duration> {
        let time = self.duration(node, "warm_up")?;
        if load.and_then(Load::end).is_some_and(|end| time >= end) {
            self.report(
                Diagnostic::error(
                    node.span,
                    "the warm-up is at least as long as the whole load, so nothing would be counted",
                )
                .help("shorten `warm_up`, or make the group run longer"),
            );
            return None;
        }
        Some(time)
    }

    pub(crate) fn needs(&mut self, fields: &Fields<'_>) -> Vec<Name> {
        let Some(node) = fields.get("needs") else { return Vec::new() };
        let Some(items) = node.items() else {
            let finding = Diagnostic::error(node.span, "`needs` takes a list of thread groups");
            self.report(match node.text() {
                Some(text) => finding.help(format!("write `needs: [{text}]`")).fix(node.span, format!("[{text}]")),
                None => finding.help("for example `needs: [fill_cache]`"),
            });
            return Vec::new();
        };
        items.iter().filter_map(|item| self.name(item, "needs")).collect()
    }

    /// The first byte of a map, for findings about what it lacks.
    pub(crate) fn start_of(node: &Node) -> Span {
        Span { end: node.span.start + 1, ..node.span }
    }
}
