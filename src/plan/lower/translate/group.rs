//! Thread groups: loads as JMeter, k6, Locust, Artillery, Gatling and Taurus write them, groups without a name, and
//! keys that belong to another place.

use super::{find, in_words, is_one_of, key_for, values};
use crate::diagnostic::Diagnostic;
use crate::plan::keys::{PLAN, THREAD_GROUP, kinds};
use crate::plan::lower::Lower;
use crate::protocols::http::keys::HTTP;
use crate::units::{bare_number, parse_duration, written_duration};
use crate::yaml::{Entry, Node, NodeKind};

/// Words for a time that begins when the ramp-up has ended.
const HOLD: [&str; 7] =
    ["hold-for", "hold", "Hold Target Rate Time", "Hold Load For", "hold_target_time", "hold_time", "steady"];
const RAMP: [&str; 6] = ["ramp_up", "ramp-up", "Ramp Up Time", "rampup", "ramp_time", "ramp"];
const USERS: [&str; 7] = ["users", "threads", "vus", "user_count", "number_of_users", "num_users", "concurrency"];
const SPAWN_RATE: [&str; 4] = ["spawn_rate", "hatch_rate", "users_per_second", "ramp_rate"];
const PHASES: [&str; 4] = ["stages", "phases", "load_profile", "steps_of_load"];

impl Lower<'_> {
    /// Reads the map of thread groups as it is meant.
    pub(super) fn translate_groups(&mut self, node: &mut Node) {
        self.name_groups(node);
        let NodeKind::Map(entries) = &mut node.kind else { return };
        for entry in entries {
            self.translate_group(&mut entry.value, &entry.key);
        }
    }

    /// Groups that are a list, or the keys of one group without a name.
    fn name_groups(&mut self, node: &mut Node) {
        let is_of_group = |entry: &Entry| {
            let key = key_for(&THREAD_GROUP, &entry.key);
            key.is_some_and(|key| key.ty.has_shape_of(&entry.value)) && entry.value.entries().is_none()
        };
        match &node.kind {
            NodeKind::Map(entries)
                if entries.iter().any(is_of_group) && !entries.iter().any(|one| one.value.get("steps").is_some()) =>
            {
                let words: Vec<&str> = entries.iter().map(|entry| &*entry.key).collect();
                let finding = Diagnostic::error(
                    super::start_of(node.span),
                    format!("this thread group has no name: {} stand at `thread_groups` itself", in_words(&words)),
                );
                let finding = finding.help("write a name such as `visitors:` above them, two spaces left of them");
                let below = self.named_below(node, "visitors");
                let finding = match below {
                    Some(text) => finding.fix(node.span, text),
                    None => finding,
                };
                self.report(finding);
                self.wrap(node, "visitors");
            }
            NodeKind::List(items) => self.name_listed(node, &items.clone()),
            NodeKind::Map(_) | NodeKind::Scalar { .. } => {}
        }
    }

    /// A list of groups, each with its name inside, or with none.
    fn name_listed(&mut self, node: &mut Node, items: &[Node]) {
        if items.is_empty() || items.iter().any(|item| item.entries().is_none()) {
            return;
        }
        let mut groups = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let mut inside = item.clone();
            let NodeKind::Map(entries) = &mut inside.kind else { return };
            // `- shoppers: { users: 5 }` has its name already.
            if let [only] = entries.as_slice()
                && only.value.entries().is_some()
            {
                groups.push(only.clone());
                continue;
            }
            let named = find(entries, &["name", "id", "title", "scenario"]);
            let name = named.and_then(|at| entries[at].value.text().cloned()).unwrap_or_else(|| match number {
                0 => "visitors".into(),
                number => format!("visitors_{}", number + 1).into(),
            });
            if let Some(at) = named {
                entries.remove(at);
            }
            groups.push(Entry { key: name, key_span: super::start_of(item.span), value: inside });
        }
        let names: Vec<String> = groups.iter().map(|group| format!("{}:", group.key)).collect();
        let message = "`thread_groups` takes a map of names to groups, not a list";
        let finding = Diagnostic::error(super::start_of(node.span), message);
        let finding = finding
            .help(format!("write each group's name instead of its `-`: {}, and its keys below it", in_words(&names)));
        let finding = match self.listed_as_map(node, items, &groups) {
            Some((span, text)) => finding.fix(span, text),
            None => finding,
        };
        self.report(finding);
        node.kind = NodeKind::Map(groups);
    }

    /// The text of a list of groups as a map.
    fn listed_as_map(
        &self,
        node: &Node,
        items: &[Node],
        groups: &[Entry],
    ) -> Option<(crate::diagnostic::Span, String)> {
        let file = self.sources.file(node.span.file)?;
        let first = items.first()?;
        let before = &file.text[..first.span.start as usize];
        let dash = before.rfind('-')?;
        let line = before[..dash].rsplit('\n').next()?;
        let fits = before[dash + 1..].chars().all(|c| c == ' ') && line.chars().all(|c| c == ' ') && !line.is_empty();
        if !fits {
            return None;
        }
        let span = crate::diagnostic::Span { start: dash as u32, ..node.span };
        let mut text = String::new();
        for (item, group) in items.iter().zip(groups) {
            if item.alias.is_some()
                || self.sources.text(item.span).starts_with('{')
                || self.sources.text(item.span).contains(" #")
            {
                return None;
            }
            let indent = self.sources.position(item.span).1 - 1;
            if !text.is_empty() {
                text.push_str(&format!("\n{line}"));
            }
            text.push_str(&format!("{}:", group.key));
            for entry in group.value.entries()? {
                let place = self.place(entry)?;
                text.push_str(&format!("\n{}{}", " ".repeat(indent), self.sources.text(place)));
            }
        }
        Some((span, text))
    }

    /// The text of a map put below a name.
    fn named_below(&self, node: &Node, name: &str) -> Option<String> {
        let entry = Entry { key: name.into(), key_span: node.span, value: node.clone() };
        let written = self.sources.text(node.span);
        if written.starts_with('{') {
            return (!written.contains('\n')).then(|| format!("{{ {name}: {written} }}"));
        }
        let indent = self.sources.position(node.span).1 - 1;
        (indent > 0)
            .then(|| self.below(&Entry { key_span: crate::diagnostic::Span::default(), ..entry }, name))
            .flatten()
    }

    fn wrap(&self, node: &mut Node, name: &str) {
        let inside = node.clone();
        let key_span = super::start_of(node.span);
        node.kind = NodeKind::Map(vec![Entry { key: name.into(), key_span, value: inside }]);
    }

    /// Reads a thread group as it is meant.
    pub(super) fn translate_group(&mut self, node: &mut Node, name: &str) {
        if node.entries().is_none() {
            return;
        }
        self.load_within(node);
        self.total_iterations(node);
        self.max_of_closed(node);
        self.executor(node);
        self.rate_of_k6(node);
        self.spawn_rate(node);
        self.ramp_users(node);
        self.hold_after_ramp(node);
        if let Some(at) = node.entries().and_then(|entries| find(entries, &PHASES)) {
            self.translate_stages(node, at);
        }
        self.flags(node);
        self.steps_of_group(node);
        self.keys_of_http(node);
        self.keys_of_plan(node, name);
        self.rename_keys(node, &THREAD_GROUP);
        let NodeKind::Map(entries) = &mut node.kind else { return };
        for entry in entries {
            match &*entry.key {
                "http" => self.translate_http(&mut entry.value),
                "thresholds" => self.translate_thresholds(&mut entry.value),
                _ => {}
            }
        }
    }

    /// A group's load in a map of its own.
    fn load_within(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let words = ["load", "options", "settings", "config", "workload", "injection", "load_model", "schedule"];
        let Some(at) = find(entries, &words) else { return };
        let Some(inside) = entries[at].value.entries().filter(|inside| !inside.is_empty()) else { return };
        let ours = |entry: &Entry| self.pair_for(entry, key_for(&THREAD_GROUP, &entry.key)?);
        let Some(pairs) = inside.iter().map(ours).collect::<Option<Vec<(String, String)>>>() else { return };
        if pairs.iter().any(|(key, _)| entries.iter().any(|entry| *entry.key == **key)) {
            return;
        }
        let shown: Vec<String> = pairs.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let finding = self.no_key(&entries[at], &THREAD_GROUP);
        let finding = finding.help(format!(
            "write {} in the thread group itself, without `{}:`",
            in_words(&shown),
            entries[at].key
        ));
        self.replace_entries(node, &[at], &pairs, finding);
    }

    /// A number of iterations, or of requests, that all users share.
    fn total_iterations(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let words = [
            "total_iterations",
            "total_requests",
            "requests",
            "shared_iterations",
            "number_of_requests",
            "max_requests",
        ];
        let number = |entry: &Entry| {
            entry.value.text().and_then(|text| text.trim().parse::<u64>().ok()).filter(|number| *number > 0)
        };
        let Some(at) = find(entries, &words).filter(|at| number(&entries[*at]).is_some()) else { return };
        if entries.iter().any(|entry| &*entry.key == "iterations") {
            return;
        }
        let text = format!("{{ total: {} }}", number(&entries[at]).unwrap_or(1));
        let finding = self.no_key(&entries[at], &THREAD_GROUP);
        let what = if entries[at].key.contains("equests") {
            "requests are not counted, but iterations of all `steps`: "
        } else {
            ""
        };
        let finding = finding.help(format!("{what}what all users share is written `iterations: {text}`"));
        self.replace_entries(node, &[at], &[("iterations".into(), text)], finding);
    }

    /// A most number of users where no rate needs one: it is the number of users.
    fn max_of_closed(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let loads = |entry: &Entry| {
            let key = key_for(&THREAD_GROUP, &entry.key).map(|key| key.name);
            matches!(key, Some("users" | "arrival_rate" | "stages"))
        };
        let Some(at) = find(entries, &["maxVUs", "preAllocatedVUs", "maxVusers", "max_threads"]) else { return };
        let (entry, Some(key)) = (entries[at].clone(), THREAD_GROUP.key("users")) else { return };
        if entries.iter().any(loads) {
            return;
        }
        let finding = self.no_key(&entry, &THREAD_GROUP);
        self.take_for(node, at, &entry, key, "", finding);
    }

    /// k6's `executor`: what it says follows from the other keys here.
    fn executor(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let Some(at) = find(entries, &["executor", "model", "load_type", "type", "strategy"]) else { return };
        if entries[at].value.text().is_none() {
            return;
        }
        let kind = entries[at].value.text().cloned().unwrap_or_default();
        let finding = self.no_key(&entries[at], &THREAD_GROUP);
        let shared = is_one_of(&kind, &["shared-iterations"]);
        let count = entries.iter().position(|one| &*one.key == "iterations");
        if let (true, Some(other)) = (shared, count)
            && let Some(total) = entries[other].value.text().cloned()
        {
            let text = format!("{{ total: {total} }}");
            let finding = finding.help(format!("iterations that all users share are written `iterations: {text}`"));
            let mut both = [at, other];
            both.sort_unstable();
            return self.replace_entries(node, &both, &[("iterations".into(), text)], finding);
        }
        let help = "remove it: the kind of load follows from the keys. `users` with `duration` keeps a number of users, `stages` changes it, `arrival_rate` starts iterations at a rate";
        self.remove_entry(node, at, finding.help(help));
    }

    /// k6's `rate` with its `timeUnit`.
    fn rate_of_k6(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let Some(unit) = find(entries, &["timeUnit", "time_unit"]) else { return };
        let Some(rate) = find(entries, &["rate", "arrival_rate", "arrivalRate"]) else { return };
        let number = entries[rate].value.text().and_then(|text| bare_number(text));
        let per = match entries[unit].value.text().map(|text| &**text) {
            Some("1s") => "s",
            Some("1m") => "m",
            Some("1h") => "h",
            Some(_) | None => return,
        };
        let Some(number) = number else { return };
        let text = format!("{number}/{per}");
        let finding = self.no_key(&entries[unit], &THREAD_GROUP);
        let finding = finding.help(format!("a rate has its unit with it: write `arrival_rate: {text}`"));
        let mut both = [rate, unit];
        both.sort_unstable();
        self.replace_entries(node, &both, &[("arrival_rate".into(), text)], finding);
    }

    /// Gatling's `rampUsers` with `during`: each of them walks through the steps once.
    fn ramp_users(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let (Some(users), Some(during)) = (find(entries, &["rampUsers"]), find(entries, &["during", "over"])) else {
            return;
        };
        let (Some(count), Some(key)) = (entries[users].value.text().cloned(), THREAD_GROUP.key("ramp_up")) else {
            return;
        };
        let Some((_, time)) = self.pair_for(&entries[during], key) else { return };
        let finding = self.no_key(&entries[users], &THREAD_GROUP).help(format!(
            "write `users: {count}`, `ramp_up: {time}` and `iterations: 1`: each of them walks through the steps once"
        ));
        let mut both = [users, during];
        both.sort_unstable();
        let written = [("users", count.to_string()), ("ramp_up", time), ("iterations", "1".into())];
        let written: Vec<(String, String)> = written.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        self.replace_entries(node, &both, &written, finding);
    }

    /// Locust's `spawn_rate`: so many users more in each second.
    fn spawn_rate(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let Some(at) = find(entries, &SPAWN_RATE) else { return };
        let finding = self.no_key(&entries[at], &THREAD_GROUP);
        let number = |at: usize| entries[at].value.text()?.trim().parse::<f64>().ok().filter(|number| *number > 0.0);
        let users = find(entries, &USERS).and_then(number);
        let known = entries.iter().any(|entry| &*entry.key == "ramp_up");
        match (users.zip(number(at)), known) {
            (Some((users, rate)), false) => {
                let time = std::time::Duration::from_millis((users / rate * 1e3).round() as u64);
                let text = written_duration(time);
                let finding = finding.help(format!(
                    "here it is the time until all users run: write `ramp_up: {text}` ({users} users, {rate} a second)"
                ));
                self.replace_entries(node, &[at], &[("ramp_up".into(), text)], finding);
            }
            _ => {
                let help =
                    "here it is the time until all users run: `users` divided by this, for example `ramp_up: 10s`";
                self.remove_entry(node, at, finding.help(help));
            }
        }
    }

    /// Times that begin after the ramp-up, where `duration` has the ramp-up in it.
    fn hold_after_ramp(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let (Some(hold), Some(ramp)) = (find(entries, &HOLD), find(entries, &RAMP)) else { return };
        let (Some(key), Some(ramp_key)) = (THREAD_GROUP.key("duration"), THREAD_GROUP.key("ramp_up")) else { return };
        if entries.iter().any(|entry| &*entry.key == "duration" || &*entry.key == "stages") {
            return;
        }
        let (held, ramped) = (self.pair_for(&entries[hold], key), self.pair_for(&entries[ramp], ramp_key));
        let (Some((_, held)), Some((_, ramped))) = (held, ramped) else { return };
        let Some(total) = values::sum(&held, &ramped) else { return };
        if parse_duration(&ramped).is_ok_and(|time| time.is_zero()) {
            return;
        }
        let finding = self.no_key(&entries[hold], &THREAD_GROUP).help(format!(
            "write `duration: {total}`: `duration` counts from the group's start, the ramp-up of {ramped} included"
        ));
        self.replace_entries(node, &[hold], &[("duration".into(), total)], finding);
    }

    /// Iterations without end, which is what a group without a number of them has.
    fn endless(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let is_endless = |entry: &Entry| {
            let key = key_for(&THREAD_GROUP, &entry.key).is_some_and(|key| key.name == "iterations");
            let text = entry.value.text();
            key && text.is_some_and(|text| {
                text.trim() == "-1"
                    || is_one_of(text, &["forever", "infinite", "infinity", "unlimited", "true", "endless"])
            })
        };
        let Some(at) = entries.iter().position(is_endless) else { return };
        let limited = entries.iter().any(|entry| {
            key_for(&THREAD_GROUP, &entry.key)
                .is_some_and(|key| matches!(key.name, "duration" | "stages" | "arrival_rate"))
        });
        let word = &entries[at].key;
        let finding = Diagnostic::error(entries[at].key_span, "iterations without end need a time limit instead");
        if limited {
            self.remove_entry(
                node,
                at,
                finding.help(format!("remove `{word}`: users repeat their steps until the time is up")),
            );
        } else {
            let finding = finding.help(format!(
                "write `duration: 10m` instead of `{word}`: users repeat their steps until the time is up"
            ));
            self.report(finding);
            if let Some(duration) = THREAD_GROUP.key("duration") {
                self.stand_in(node, at, duration);
            }
        }
    }

    /// Check boxes of JMeter's thread group.
    fn flags(&mut self, node: &mut Node) {
        self.endless(node);
        let Some(entries) = node.entries() else { return };
        let Some(at) = find(entries, &["same_user_on_each_iteration", "same_user_on_next_iteration"]) else { return };
        let finding = self.no_key(&entries[at], &THREAD_GROUP);
        let is_on = !entries[at].value.text().is_some_and(|text| is_one_of(text, &["false", "no", "off"]));
        if is_on {
            let help = "remove it: a user keeps its cookies and connections from iteration to iteration (`http: { cookies: user }`)";
            self.remove_entry(node, at, finding.help(help));
        } else if entries.iter().all(|entry| &*entry.key != "http") {
            let text = "{ cookies: iteration, connections: iteration }".to_owned();
            let finding = finding.help(format!("a new user in each iteration is `http: {text}`"));
            self.replace_entries(node, &[at], &[("http".into(), text)], finding);
        } else {
            let help =
                "a new user in each iteration is `cookies: iteration` and `connections: iteration`, below `http`";
            self.remove_entry(node, at, finding.help(help));
        }
    }

    /// Steps that stand in the group itself, or as a map below `steps`.
    fn steps_of_group(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let kind = |entry: &Entry| {
            let kind = kinds().find(|kind| kind.key.name == &*entry.key && !kind.key.later)?;
            (THREAD_GROUP.key(kind.key.name).is_none() && entry.value.text().is_some()).then_some(kind)
        };
        let Some(at) = entries.iter().position(|entry| kind(entry).is_some()) else { return };
        if entries.iter().any(|entry| key_for(&THREAD_GROUP, &entry.key).is_some_and(|key| key.name == "steps")) {
            return;
        }
        let Some(kind) = kind(&entries[at]) else { return };
        // What stands beside it and is no key of a group goes along.
        let mine: Vec<usize> = (0..entries.len())
            .filter(|other| {
                let word = &*entries[*other].key;
                *other == at || (THREAD_GROUP.key(word).is_none() && kind.all_keys().any(|key| key.name == word))
            })
            .collect();
        let finding = Diagnostic::error(
            entries[at].key_span,
            format!("`{}` is a step, and the steps of a thread group stand in its list `steps`", entries[at].key),
        );
        let shown = self.pair_in_flow(&entries[at]).unwrap_or_else(|| kind.key.example.into());
        let finding = finding.help(format!("write `steps:` above it, and `- {shown}` below that"));
        let pairs: Option<Vec<String>> = mine.iter().map(|at| self.pair_in_flow(&entries[*at])).collect();
        match pairs {
            Some(pairs) => {
                let text = format!("[{{ {} }}]", pairs.join(", "));
                self.replace_entries(node, &mine, &[("steps".into(), text)], finding);
            }
            None => self.report(finding),
        }
    }

    /// Keys of `http` that stand in the group itself.
    fn keys_of_http(&mut self, node: &mut Node) {
        let Some(entries) = node.entries() else { return };
        let is_http = |entry: &Entry| {
            key_for(&THREAD_GROUP, &entry.key).is_none()
                && key_for(&HTTP, &entry.key).is_some_and(|key| key.ty.has_shape_of(&entry.value))
        };
        let at: Vec<usize> = (0..entries.len()).filter(|at| is_http(&entries[*at])).collect();
        if at.is_empty() {
            return;
        }
        self.put_inside(node, &at, "http", &HTTP, "thread group");
    }

    /// Puts entries below another key of the same map, and tells that they belong there.
    pub(super) fn put_inside(
        &mut self,
        node: &mut Node,
        at: &[usize],
        parent: &str,
        section: &'static crate::plan::keys::Section,
        place: &str,
    ) {
        let Some(entries) = node.entries() else { return };
        let words: Vec<&str> = at.iter().map(|at| &*entries[*at].key).collect();
        let pairs: Vec<Option<(String, String)>> =
            at.iter().map(|at| self.pair_for(&entries[*at], key_for(section, &entries[*at].key)?)).collect();
        let texts: Option<Vec<(String, String)>> = pairs.into_iter().collect();
        let what = if words.len() == 1 {
            format!("{place}: there is no key {}", in_words(&words))
        } else {
            format!("{place}: there are no keys {}", in_words(&words))
        };
        let finding = Diagnostic::error(entries[at[0]].key_span, what);
        let known = entries.iter().position(|entry| &*entry.key == parent);
        let Some(texts) = texts else {
            let asked = at.iter().find_map(|at| {
                match self.meant_value(key_for(section, &entries[*at].key)?, &entries[*at].key, &entries[*at].value) {
                    super::Meant::Ask(question) => Some(format!("; {question}")),
                    super::Meant::AsWritten | super::Meant::Is(_) | super::Meant::Unknown => None,
                }
            });
            let belong = if words.len() == 1 { "belongs" } else { "belong" };
            let help = format!("{} {belong} below `{parent}:`{}", in_words(&words), asked.unwrap_or_default());
            let NodeKind::Map(entries) = &mut node.kind else { return };
            let mut index = 0;
            entries.retain(|_| {
                index += 1;
                !at.contains(&(index - 1))
            });
            return self.report(finding.help(help));
        };
        let inside: Vec<String> = texts.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let braces = format!("{{ {} }}", inside.join(", "));
        let ours: Vec<&str> = texts.iter().map(|(key, _)| key.as_str()).collect();
        let belongs =
            format!("{} {} of `{parent}`", in_words(&ours), if ours.len() == 1 { "is a key" } else { "are keys" });
        match known {
            None => {
                let finding = finding.help(format!("{belongs}: write `{parent}: {braces}`"));
                self.replace_entries(node, at, &[(parent.to_owned(), braces)], finding);
            }
            Some(home) => {
                let line = self.sources.position(entries[home].key_span).0;
                let finding =
                    finding.help(format!("{belongs}: write {} below `{parent}:` in line {line}", in_words(&inside)));
                let made = self.made(&braces, entries[at[0]].value.span);
                let NodeKind::Map(entries) = &mut node.kind else { return };
                if let (Some(made), NodeKind::Map(there)) = (made, &mut entries[home].value.kind) {
                    for entry in made.entries().unwrap_or_default() {
                        if !there.iter().any(|known| known.key == entry.key) {
                            there.push(entry.clone());
                        }
                    }
                }
                let mut index = 0;
                entries.retain(|_| {
                    index += 1;
                    !at.contains(&(index - 1))
                });
                self.report(finding);
            }
        }
    }

    /// Keys of the plan that stand in a group.
    fn keys_of_plan(&mut self, node: &mut Node, name: &str) {
        loop {
            let Some(entries) = node.entries() else { return };
            let is_of_plan = |entry: &Entry| {
                let ours = |key: &'static crate::plan::keys::Key| {
                    matches!(key.name, "variables" | "secrets" | "data" | "services" | "profiles" | "fragments")
                };
                key_for(&THREAD_GROUP, &entry.key).is_none() && key_for(&PLAN, &entry.key).is_some_and(ours)
            };
            let Some(at) = entries.iter().position(is_of_plan) else { return };
            let Some(key) = key_for(&PLAN, &entries[at].key) else { return };
            let finding = self.no_key(&entries[at], &THREAD_GROUP);
            let finding = finding.help(format!(
                "`{}` is a key of the plan: write it at the left margin, not in `{name}`; every thread group sees it there",
                key.name
            ));
            let NodeKind::Map(entries) = &mut node.kind else { return };
            let mut moved = entries.remove(at);
            moved.key = key.name.into();
            self.moved_to_plan.push(moved);
            self.report(finding);
        }
    }
}
