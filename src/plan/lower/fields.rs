//! Reading a map against its description: unknown, missing, misplaced and not yet supported keys.

use super::Lower;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::keys::{
    ASSERTIONS, Key, PROFILE, PROFILE_GROUP, Section, Ty, instead_of, kinds, nearest_keys, sections,
};
use crate::units::parse_duration;
use crate::yaml::{Entry, Node, NodeKind};

/// A map whose keys were checked.
pub(crate) struct Fields<'n> {
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// The value under a key, unless nothing is written there (which was told already).
    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entry(name).map(|entry| &entry.value)
    }

    /// Whether some key is so, those of the plan's own left out.
    pub(crate) fn any(&self, is_so: impl Fn(&str) -> bool) -> bool {
        self.entries.iter().any(|entry| !entry.key.starts_with("x-") && is_so(&entry.key))
    }

    /// The entry of a key.
    pub(crate) fn entry(&self, name: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| &*entry.key == name && !entry.value.is_blank())
    }

    /// The entry of a key after which nothing is written.
    pub(crate) fn blank(&self, name: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| &*entry.key == name && entry.value.is_blank())
    }
}

/// The keys of a thread group that a profile replaces together.
pub(crate) fn is_load_key(name: &str) -> bool {
    matches!(
        name,
        "users"
            | "ramp_up"
            | "iterations"
            | "duration"
            | "ramp_down"
            | "stages"
            | "arrival_rate"
            | "arrivals"
            | "max_users"
    )
}

impl Lower<'_> {
    /// Checks a map against a section.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, section: &'static Section) -> Option<Fields<'n>> {
        let keys: Vec<&'static Key> = section.keys.iter().collect();
        self.fields_among(node, section.name, &keys)
    }

    pub(crate) fn fields_among<'n>(&mut self, node: &'n Node, what: &str, keys: &[&'static Key]) -> Option<Fields<'n>> {
        self.fields_but(node, what, keys, "")
    }

    /// Checks a map against a list of keys; `told` was judged already.
    pub(crate) fn fields_but<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        keys: &[&'static Key],
        told: &str,
    ) -> Option<Fields<'n>> {
        let Some(entries) = node.entries() else {
            let first = keys.first().map_or("", |key| key.example);
            let inside = if first.contains('\n') { first.to_owned() } else { format!("{{ {first} }}") };
            self.wrong_type(node, what, "a map of keys", Some(&inside));
            return None;
        };
        for entry in entries {
            match keys.iter().find(|key| key.name == &*entry.key) {
                Some(key) if key.later => self.report(
                    Diagnostic::error(entry.key_span, format!("`{}` is not supported yet", key.name))
                        .help("it is a later part of the format; remove it for this version"),
                ),
                Some(_) => {}
                None if entry.key.starts_with("x-") || &*entry.key == told => {}
                None => {
                    let finding = self.unknown_key(entry, what, keys, entries);
                    self.report(finding);
                }
            }
        }
        for key in keys.iter().filter(|key| key.required) {
            if !entries.iter().any(|entry| &*entry.key == key.name) {
                let span = node.span;
                let at = crate::diagnostic::Span { end: span.start + 1, ..span };
                self.report(
                    Diagnostic::error(at, format!("{what}: the key `{}` is missing", key.name))
                        .help(format!("add `{}`", key.example.replace('\n', " ⏎ "))),
                );
            }
        }
        Some(Fields { entries })
    }

    /// What is told of a key that this map does not have; `beside` is all of the map.
    fn unknown_key(&self, entry: &Entry, what: &str, keys: &[&'static Key], beside: &[Entry]) -> Diagnostic {
        let word = &*entry.key;
        let finding = Diagnostic::error(entry.key_span, format!("{what}: there is no key `{word}`"));
        if matches!(word, "insecure" | "insecureSkipTLSVerify") && keys.iter().any(|key| key.name == "verify") {
            return finding.help("here it is the other way round: `verify: false` switches the check off");
        }
        if let Some(instead) = instead_of(what, word) {
            return finding.help(instead);
        }
        let written = |name: &str| beside.iter().any(|one| &*one.key == name);
        // What else the kind of a step is called, no key beside it is.
        let is_kind = |key: &Key| kinds().any(|kind| std::ptr::eq(&raw const kind.key, key));
        let others = || keys.iter().copied().filter(|key| !is_kind(key));
        let fitting = || keys.iter().copied().filter(|key| key.ty.has_shape_of(&entry.value));
        let called = |key: &Key| key.called(word);
        let renamed = || others().filter(|key| key.ty.has_shape_of(&entry.value));
        let bridged = renamed().find_map(|key| Some((key, Some(called(key)?))));
        let bridged = bridged.or_else(|| renamed().find(|key| key.is_also(word)).map(|key| (key, None)));
        if let Some((key, tool)) = bridged {
            let ours = key.name;
            if ours == "connections" {
                let help = "here it is `connections`: user keeps them, request opens a new one each time";
                return finding.help(help);
            }
            let theirs = tool.map_or_else(String::new, |tool| format!("{tool} calls this `{word}`; "));
            return if written(ours) {
                finding.help(format!("{theirs}here it is `{ours}`, which is written already: remove one of the two"))
            } else if accepts(key, &entry.value, keys, beside) {
                finding.help(format!("{theirs}here it is `{ours}`")).fix(entry.key_span, ours)
            } else {
                let kind = keys.first().map_or("", |key| key.name);
                let how = match (&key.ty, kind) {
                    (Ty::Assertions, "websocket") => {
                        "; what a message must be is asserted at the `send` and `receive` steps inside".to_owned()
                    }
                    (Ty::Assertions, "send") if !written("reply") => {
                        ", and it needs a `reply` to look at: write `reply: {}` beside it".to_owned()
                    }
                    (Ty::Assertions, "send" | "receive") => {
                        ", for example `assert: { json: { $.type: quote } }`".to_owned()
                    }
                    _ => format!(", for example `{}`", in_a_line(key.example)),
                };
                finding.help(format!("{theirs}here it is `{ours}`{how}"))
            };
        }
        if let Some(near) = crate::suggest::nearest(word, fitting().map(|key| key.name)) {
            let only_matchers =
                |key: &&Key| key.name == near && matches!(key.ty, Ty::Matcher | Ty::TimeMatcher) && only_map(key);
            return match keys.iter().copied().find(only_matchers) {
                Some(key) if matches!(entry.value.kind, NodeKind::Scalar { .. }) => {
                    finding.help(format!("did you mean `{}`?", key.example))
                }
                Some(_) | None if written(near) => {
                    finding.help(format!("did you mean `{near}`? It is written already: remove one of the two"))
                }
                Some(_) | None if is_one_of_a_list(entry, near, keys) => {
                    let finding = finding.help(format!("did you mean `{near}`, a list?"));
                    match self.listed(entry, near) {
                        Some((span, text)) => Diagnostic { span, ..finding }.fix(span, text),
                        None => finding,
                    }
                }
                Some(_) | None => finding.help(format!("did you mean `{near}`?")).fix(entry.key_span, near),
            };
        }
        if word.starts_with('$') && keys.iter().any(|key| key.name == "where") {
            let inside = self.whole(entry).zip(self.pair_in_flow(entry)).filter(|_| !written("where"));
            return match inside {
                Some((span, pair)) => {
                    let inside = format!("where: {{ {pair} }}");
                    let finding = Diagnostic { span, ..finding };
                    finding.help(format!("JSONPaths stand in `where`: write `{inside}`")).fix(span, inside)
                }
                None => {
                    finding.help("JSONPaths stand in `where`: put it inside, for example `where: { $.type: quote }`")
                }
            };
        }
        if let Some(key) = others().find(|key| key.is_also(word)) {
            return finding.help(format!("here it is `{}`, for example `{}`", key.name, in_a_line(key.example)));
        }
        if let Some((parent, ours)) = keys.iter().find_map(|key| Some((key.name, inner(key, word, &entry.value)?))) {
            let value = self.whole(entry).zip(self.in_flow(&entry.value)).filter(|_| !written(parent));
            let Some((span, value)) = value else {
                let written = self.in_flow(&entry.value).map(|value| format!(": {value}")).unwrap_or_default();
                return finding.help(format!(
                    "`{ours}` is a key of `{parent}`: write `{ours}{written}` inside the value of `{parent}`"
                ));
            };
            let inside = format!("{parent}: {{ {ours}: {value} }}");
            let help = format!("`{ours}` is a key of `{parent}`: write `{inside}`");
            return Diagnostic { span, ..finding }.help(help).fix(span, inside);
        }
        if let Some(home) = home_of(word) {
            return finding.help(home);
        }
        let all = sections().find_map(|section| section.bridge(word).map(|(tool, key)| (tool, key, section)));
        if let Some((tool, key, section)) = all {
            return finding
                .help(format!("{tool} calls this `{word}`; here it is `{}`, a key of {}", key.name, section.name));
        }
        finding.help(nearest_keys(word, what, keys))
    }

    /// The text that makes a list of a single value, and what it replaces. What holds a comma may be several.
    fn listed(&self, entry: &Entry, near: &str) -> Option<(Span, String)> {
        let value = self.in_flow(&entry.value).filter(|value| !value.contains(','))?;
        Some((self.whole(entry)?, format!("{near}: [{value}]")))
    }
}

/// Whether a single value stands where the key that is meant takes a list.
fn is_one_of_a_list(entry: &Entry, near: &str, keys: &[&'static Key]) -> bool {
    let takes_list = keys.iter().any(|key| key.name == near && matches!(key.ty, Ty::List(_)));
    takes_list && entry.value.text().is_some() && !entry.value.is_blank()
}

fn in_a_line(example: &str) -> String {
    example.replace('\n', " ⏎ ")
}

/// Whether an assertion takes only a map of matchers, as its example shows.
fn only_map(key: &Key) -> bool {
    key.example.starts_with(&format!("{}: {{", key.name))
}

/// The key within the map of a key that goes by this word, and may have this value.
fn inner(key: &Key, word: &str, value: &Node) -> Option<&'static str> {
    let Ty::Section(section) = key.ty else { return None };
    let exact = section.key(word);
    // Of the other words only those of counts and times: a `type` may be anything's.
    let counts =
        |key: &&Key| matches!(key.ty, Ty::Count(_) | Ty::Duration) && key.words.is_empty() && key.is_also(word);
    let ours = exact.or_else(|| section.keys.iter().find(counts).filter(|key| accepts(key, value, &[], &[])))?;
    Some(ours.name)
}

/// Whether a key takes this value, as far as the next check would tell. `keys` are those of the map, and
/// `beside` is what is written in it.
pub(super) fn accepts(key: &Key, value: &Node, keys: &[&'static Key], beside: &[Entry]) -> bool {
    let text = || value.text().map_or("", |text| text.trim());
    let computed = text().contains("${");
    match key.ty {
        Ty::Duration => computed || parse_duration(text()).is_ok(),
        Ty::Count(least) => computed || text().parse::<u64>().is_ok_and(|count| count >= least),
        Ty::Bool => computed || matches!(text(), "true" | "false"),
        Ty::Section(section) => {
            value.entries().unwrap_or_default().iter().all(|entry| section.key(&entry.key).is_some())
        }
        Ty::Map(Ty::Matcher) => value.entries().unwrap_or_default().iter().all(|entry| entry.key.starts_with('$')),
        Ty::Assertions => {
            let kind = keys.first().map_or("", |key| key.name);
            let several = value.items().unwrap_or(std::slice::from_ref(value)).iter();
            several.flat_map(|one| one.entries().unwrap_or_default()).all(|entry| asserts(entry, kind, beside))
        }
        Ty::Text
        | Ty::Name
        | Ty::Size
        | Ty::Rate
        | Ty::Share
        | Ty::Expression
        | Ty::Path
        | Ty::Any
        | Ty::Enum(_)
        | Ty::Map(_)
        | Ty::List(_)
        | Ty::Either(_)
        | Ty::Null
        | Ty::Steps
        | Ty::Matcher
        | Ty::TimeMatcher
        | Ty::Extractors
        | Ty::Thresholds
        | Ty::ThinkTime => true,
    }
}

/// Whether an assertion can be judged on a step of this kind.
fn asserts(entry: &Entry, kind: &str, beside: &[Entry]) -> bool {
    let Some(key) = ASSERTIONS.key(&entry.key) else { return false };
    let is_map = matches!(entry.value.kind, NodeKind::Map(_));
    if (only_map(key) || matches!(key.name, "json" | "header" | "cookie" | "xpath" | "css")) && !is_map {
        return false;
    }
    match kind {
        "websocket" if key.name == "status" => entry.value.text().is_some_and(|text| &**text == "101"),
        "websocket" => matches!(key.name, "name" | "response_time" | "first_byte" | "header" | "cookie" | "expr"),
        "send" => {
            matches!(key.name, "name" | "response_time" | "reply" | "json" | "body" | "size" | "expr")
                && beside.iter().any(|one| &*one.key == "reply")
        }
        "receive" => matches!(key.name, "name" | "response_time" | "first_event" | "json" | "body" | "size" | "expr"),
        _ => true,
    }
}

/// The place that a misplaced key belongs in, unless too many places have such a key.
fn home_of(word: &str) -> Option<String> {
    const MOST: usize = 3;
    let mut homes: Vec<&Section> = sections().filter(|section| section.key(word).is_some()).collect();
    // What a profile may change is known by its name in the plan.
    let in_plan = |section: &&Section| ![PROFILE.name, PROFILE_GROUP.name].contains(&section.name);
    if homes.iter().any(in_plan) {
        homes.retain(in_plan);
    }
    if !homes.is_empty() {
        let names: Vec<&str> = homes.iter().map(|section| section.name).collect();
        return (names.len() <= MOST).then(|| {
            format!("`{word}` is a key of {}; check the indentation, or move it there", names.join(" and of "))
        });
    }
    let kind = kinds().find(|kind| kind.key.name == word && !kind.key.later)?;
    Some(format!("`{}` is a kind of step; it belongs in a list of `steps`, after a `-`", kind.key.name))
}
