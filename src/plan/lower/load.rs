//! The load of a thread group: which of the models it is written as, and what does not go together.

use std::time::Duration;

use super::{Fields, Lower};
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::plan::keys;
use crate::plan::types::Name;
use crate::schedule::{Arrivals, Iterations, Load, Stage, Users};
use crate::units::{Rate, parse_rate};
use crate::yaml::{Node, NodeKind};

/// How many users an arrival rate may occupy when the plan does not say.
const MAX_USERS: u64 = 1000;

/// More users would need 10 GB of memory, and more ports than a machine has by far.
const MOST_USERS: u64 = 1_000_000;

/// The keys of the closed model's plain form.
const USERS_KEYS: [&str; 5] = ["users", "ramp_up", "iterations", "duration", "ramp_down"];

impl Lower<'_> {
    /// A group's load, and whether it could be read: else it is some load, so that the rest of the
    /// plan can be checked.
    pub(crate) fn load(&mut self, name: &Name, fields: &Fields<'_>) -> (Load, bool) {
        let before = self.findings.len();
        let load = if fields.entry("stages").is_some() {
            self.staged(fields)
        } else if fields.entry("arrival_rate").is_some() {
            self.arrival_rate(name, fields)
        } else {
            self.users(name, fields)
        };
        let unread = self.findings[before..].iter().any(|finding| finding.severity == Severity::Error);
        let stand_in = Load::Users(Users::Fixed {
            users: 1,
            ramp_up: Duration::ZERO,
            iterations: None,
            duration: None,
            ramp_down: Duration::ZERO,
        });
        // A second finding about a load that could not be read would mislead.
        let load = match load {
            Some(load) if !unread => load,
            other => return (other.unwrap_or(stand_in), false),
        };
        if load.is_open() {
            self.not_beside(fields, &["pacing", "throughput"], "an arrival rate", "it sets the pace already");
        } else {
            let home = "it belongs to `arrival_rate`, or to stages with a `rate`";
            self.not_beside(fields, &["arrivals", "max_users"], "a number of users", home);
        }
        (load, true)
    }

    /// Findings for keys that do not go together with the load as it is written.
    fn not_beside(&mut self, fields: &Fields<'_>, keys: &[&str], beside: &str, why: &str) {
        for key in keys {
            if let Some(entry) = fields.entry(key) {
                self.report(
                    Diagnostic::error(entry.key_span, format!("`{key}` does not go together with {beside}"))
                        .help(format!("remove `{key}`: {why}")),
                );
            }
        }
    }

    /// Where the load is written, for findings about it.
    pub(crate) fn load_span(name: &Name, fields: &Fields<'_>) -> Span {
        let written = ["stages", "arrival_rate", "users"].iter().find_map(|key| fields.get(key));
        written.map_or(name.span, |node| if node.items().is_some() { Self::start_of(node) } else { node.span })
    }

    fn users(&mut self, name: &Name, fields: &Fields<'_>) -> Option<Load> {
        let users = fields.get("users").map(|node| self.users_count(node, "users", 1));
        let ramp_up = fields.get("ramp_up").and_then(|node| self.duration(node, "ramp_up"));
        let iterations = fields.get("iterations").map(|node| self.iterations(node));
        let duration = fields.get("duration").map(|node| self.some_time(node, "duration"));
        let ramp_down = fields.get("ramp_down").and_then(|node| self.duration(node, "ramp_down"));
        if iterations.is_none() && duration.is_none() {
            self.how_long(name, fields, &["users", "ramp_up"]);
        }
        if let (Some(entry), None) = (fields.entry("ramp_down"), &duration) {
            self.report(
                Diagnostic::error(entry.key_span, "`ramp_down` comes after `duration`, but this group has none")
                    .help("add `duration: 1m`, or remove `ramp_down`"),
            );
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
        Some(Load::Users(Users::Fixed {
            users: users.unwrap_or(Some(1))?,
            ramp_up: ramp_up.unwrap_or_default(),
            iterations: iterations.flatten(),
            duration: duration.flatten(),
            ramp_down: ramp_down.unwrap_or_default(),
        }))
    }

    /// The finding that a group does not say how long it runs.
    fn how_long(&mut self, name: &Name, fields: &Fields<'_>, written: &[&str]) {
        let entry = written.iter().find_map(|key| fields.entry(key)).map(|entry| entry.key_span);
        let lengths = if fields.entry("arrival_rate").is_some() { "`duration`" } else { "`duration` or `iterations`" };
        let finding = match entry {
            // A profile that changes the load replaces all of it.
            Some(at) if self.profiled => Diagnostic::error(
                at,
                format!("with this profile, thread group `{}` does not say how long it runs", name.value),
            )
            .help(format!("a profile replaces the load keys of a group together: write {lengths} here too")),
            _ => Diagnostic::error(name.span, format!("thread group `{}`: how long should it run?", name.value)).help(
                if lengths == "`duration`" {
                    "add `duration: 1m`"
                } else {
                    "add `duration: 1m`, or `iterations: 10`, or both"
                },
            ),
        };
        self.report(finding);
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

    /// A number of users, as far as one machine can hold them.
    fn users_count(&mut self, node: &Node, key: &str, least: u64) -> Option<u64> {
        let count = self.count(node, key, least)?;
        if count > MOST_USERS {
            self.report(
                Diagnostic::error(
                    node.span,
                    format!("`{key}` is more than one machine can hold: at most {MOST_USERS}"),
                )
                .help("each user takes some 10 kB of memory and a connection of its own"),
            );
            return None;
        }
        Some(count)
    }

    pub(crate) fn rate(&mut self, node: &Node, key: &str) -> Option<Rate> {
        let text = self.known(node, key, "a rate such as 200/s", None)?;
        parse_rate(&text).or_else(|error| self.unit_error(node.span, key, error, parse_rate).ok_or(())).ok()
    }

    /// A rate above zero.
    pub(crate) fn some_rate(&mut self, node: &Node, key: &str) -> Option<Rate> {
        let rate = self.rate(node, key)?;
        if rate == Rate::default() {
            self.report(
                Diagnostic::error(node.span, format!("`{key}` must be more than 0"))
                    .help(format!("for example `{}`", self.as_written(node.span, key, "10/s"))),
            );
            return None;
        }
        Some(rate)
    }

    fn arrival_rate(&mut self, name: &Name, fields: &Fields<'_>) -> Option<Load> {
        self.not_beside(fields, &["iterations"], "`arrival_rate`", "`duration` says how long iterations start");
        self.not_beside(
            fields,
            &["users", "ramp_up", "ramp_down"],
            "`arrival_rate`",
            "users are made as they are needed (`max_users` limits them); a rate that ramps is written as `stages`",
        );
        let rate = fields.get("arrival_rate").and_then(|node| self.some_rate(node, "arrival_rate"));
        let duration = fields.get("duration").map(|node| self.some_time(node, "duration"));
        if duration.is_none() {
            self.how_long(name, fields, &["arrival_rate"]);
        }
        let stage = Stage { target: rate?, over: Duration::ZERO, hold: duration.flatten()? };
        Some(self.arrivals(fields, vec![stage], false))
    }

    fn arrivals(&mut self, fields: &Fields<'_>, stages: Vec<Stage<Rate>>, staged: bool) -> Load {
        let key = keys::THREAD_GROUP.key("arrivals");
        let spacing = fields.get("arrivals").and_then(|node| self.word(node, key?));
        let max_users = fields.get("max_users").and_then(|node| self.users_count(node, "max_users", 1));
        Load::Arrivals(Arrivals {
            stages,
            staged,
            poisson: spacing == Some("poisson"),
            max_users: max_users.unwrap_or(MAX_USERS),
        })
    }

    fn staged(&mut self, fields: &Fields<'_>) -> Option<Load> {
        let node = fields.get("stages")?;
        for key in USERS_KEYS.iter().chain(&["arrival_rate"]) {
            if let Some(entry) = fields.entry(key) {
                self.report(
                    Diagnostic::error(entry.key_span, format!("`{key}` does not go together with `stages`")).help(
                        match *key {
                            "users" | "arrival_rate" | "iterations" => {
                                "the stages say the whole load; remove one of the two"
                            }
                            _ => "the stages say how long: `over` is a stage's ramp, `hold` how long it stays there",
                        },
                    ),
                );
            }
        }
        let items = match node.items() {
            Some([]) => {
                self.report(
                    Diagnostic::error(node.span, "`stages` holds no stage")
                        .help("for example `- { users: 100, over: 1m, hold: 5m }`"),
                );
                return None;
            }
            Some(items) => items,
            None => {
                self.report(Diagnostic::error(Self::start_of(node), "`stages` takes a list of stages").help(
                    "for example `stages: [{ users: 100, over: 1m, hold: 5m }]`, or a dash in front of each stage",
                ));
                return None;
            }
        };
        let open = items.first()?.get("rate").is_some();
        let mut users = Vec::new();
        let mut rates = Vec::new();
        for item in items {
            match self.stage(item, open) {
                Some(LoadStage::Users(stage)) => users.push(stage),
                Some(LoadStage::Rate(stage)) => rates.push(stage),
                None => {}
            }
        }
        if users.len() + rates.len() < items.len() {
            return None;
        }
        let nobody =
            users.iter().all(|stage| stage.target == 0) && rates.iter().all(|stage| stage.target == Rate::default());
        if nobody {
            self.report(
                Diagnostic::error(Self::start_of(node), "these stages never start anything: every target is 0")
                    .help("give at least one stage more"),
            );
            return None;
        }
        Some(if open { self.arrivals(fields, rates, true) } else { Load::Users(Users::Staged(users)) })
    }

    fn stage(&mut self, node: &Node, open: bool) -> Option<LoadStage> {
        if node.entries().is_none() {
            self.report(
                Diagnostic::error(node.span, "a stage says how many and for how long")
                    .help("for example `{ users: 100, over: 1m, hold: 5m }`"),
            );
            return None;
        }
        let fields = self.fields(node, &keys::STAGE)?;
        let (ours, other) = if open { ("rate", "users") } else { ("users", "rate") };
        if let Some(entry) = fields.entry(other) {
            self.report(
                Diagnostic::error(entry.key_span, format!("a stage with `{other}` among stages with `{ours}`"))
                    .help("a group is either closed (`users`) or open (`rate`); make two groups of it"),
            );
            return None;
        }
        let over = fields.get("over").map(|node| self.duration(node, "over"));
        let hold = fields.get("hold").map(|node| self.duration(node, "hold"));
        let Some(target) = fields.get(ours) else {
            self.report(
                Diagnostic::error(
                    Self::start_of(node),
                    format!("this stage does not say how many: `{ours}` is missing"),
                )
                .help("for example `{ users: 100, over: 1m }` or `{ rate: 50/s, over: 1m }`"),
            );
            return None;
        };
        if over.is_none() && hold.is_none() {
            self.report(
                Diagnostic::error(Self::start_of(node), "this stage takes no time")
                    .help("add `over: 1m` for a ramp, `hold: 5m` to stay there, or both"),
            );
            return None;
        }
        let (over, hold) = (over.unwrap_or(Some(Duration::ZERO))?, hold.unwrap_or(Some(Duration::ZERO))?);
        Some(if open {
            LoadStage::Rate(Stage { target: self.rate(target, "rate")?, over, hold })
        } else {
            LoadStage::Users(Stage { target: self.users_count(target, "users", 0)?, over, hold })
        })
    }
}

enum LoadStage {
    Users(Stage<u64>),
    Rate(Stage<Rate>),
}
