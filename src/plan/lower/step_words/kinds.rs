//! Whole steps in the shape of other tools.

use super::given::{Given, Unit, one_spelling};
use super::request_values::{METHODS, assertion, header, is_extension};
use super::step_keys::{WAITS, is_address, repeats, with_method};
use super::{Ours, Read, Word, is_written, kind_words, requests, step_keys};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::keys::{self, KindId, StepKeys, kinds};
use crate::plan::lower::fields::accepts;
use crate::plan::lower::steps::kind_named;
use crate::plan::lower::{Around, Lower};
use crate::protocols::spec::RequestKind;
use crate::yaml::{Entry, Node, NodeKind};

const URLS: &[&str] = &["url", "path", "uri", "address", "endpoint", "link", "href"];
const NAMES: &[&str] = &["name", "label", "title", "transaction_name", "testname"];
const STEPS: &[&str] =
    &["steps", "requests", "do", "then", "samplers", "children", "flow", "tasks", "actions", "items"];

/// An entry of a map under a kind key that is put beside it, and its key there.
pub(super) struct Lifted<'n> {
    pub(super) entry: &'n Entry,
    pub(super) ours: &'static str,
}

impl Lower<'_> {
    /// A step in the shape of another tool is told, and given as it is meant; `None` for any other.
    pub(crate) fn step_meant(&mut self, node: &Node) -> Option<Option<Node>> {
        let entries = match node.entries() {
            Some(entries) => entries,
            None => return self.step_in_words(node),
        };
        let meant = self
            .named_step(node, entries)
            .or_else(|| self.lifted_step(node, entries))
            .or_else(|| self.method_and_url(entries))
            .or_else(|| self.list_of_steps(node, entries))
            .or_else(|| self.step_words(entries));
        meant.map(|entries| entries.map(|entries| Node::new(node.span, NodeKind::Map(entries))))
    }

    /// `- GET /login`, `- /login`, `- log_in`.
    fn step_in_words(&mut self, node: &Node) -> Option<Option<Node>> {
        let text = node.text()?.trim().to_owned();
        let written = match with_method(&text) {
            Some((method, path)) => format!("{method}: {path}"),
            None if is_address(&text) && !text.contains(' ') => format!("get: {text}"),
            None if self.fragments.contains_key(&*text) => format!("include: {text}"),
            None if waited(&text).is_some() => format!("pause: {}", waited(&text)?),
            None => return None,
        };
        let message = format!("a step is a key with its value, not {}", node.describe());
        let finding = Diagnostic::error(node.span, message).help(format!("write `- {written}`"));
        let is_here = self.in_one_line(node).is_some();
        self.report(if is_here { finding.fix(node.span, &*written) } else { finding });
        Some(self.value_as_if(&written, node))
    }

    /// Steps whose kind key holds a map of what stands beside it here: `transaction: { name, steps }`,
    /// `request: { method, path, name }`, `repeat: { count, steps }`.
    fn lifted_step(&mut self, node: &Node, entries: &[Entry]) -> Option<Option<Vec<Entry>>> {
        for kind in entries {
            let Some(inside) = kind.value.entries().filter(|inside| !inside.is_empty()) else { continue };
            let find = |words: &[&str]| inside.iter().find(|entry| words.contains(&one_spelling(&entry.key).as_str()));
            let word = one_spelling(&kind.key);
            let is_request_elsewhere = kind_words::KINDS
                .iter()
                .any(|row| row.theirs.contains(&word.as_str()) && matches!(row.ours, Ours::Key(_) | Ours::Written(_)));
            let has_url = is_request_elsewhere && find(URLS).is_some() && self.around == Around::Nothing;
            let is_alone = !entries.iter().any(|entry| kind_named(&entry.key).is_some());
            let of_method = method_word(&kind.key).filter(|method| **method != *kind.key && find(URLS).is_some());
            let meant = match (has_url || of_method.is_some()) && is_alone {
                true => Some("request"),
                false => self.kind_meant(&word),
            };
            let steps = find(STEPS).map(|entry| Lifted { entry, ours: "steps" });
            let others = |known: &[&Entry]| -> Vec<Lifted<'_>> {
                let is_other = |entry: &&Entry| !known.iter().any(|known| std::ptr::eq(*known, *entry));
                inside.iter().filter(is_other).map(|entry| Lifted { entry, ours: "" }).collect()
            };
            let (line, main, rest): (String, Option<&Entry>, Vec<Lifted<'_>>) = match meant {
                Some("transaction" | "lock") => {
                    let Some((name, text)) = find(NAMES).and_then(|name| Some((name, self.flow(&name.value)?))) else {
                        continue;
                    };
                    let Some(steps) = steps else { continue };
                    (format!("{}: {text}", meant.unwrap_or_default()), Some(name), vec![steps])
                }
                Some("repeat") => {
                    const COUNTS: &[&str] =
                        &["count", "times", "loops", "loop_count", "repeat", "number", "n", "for", "duration"];
                    let Some(count) = find(COUNTS) else { continue };
                    let Some(times) = count.value.text().and_then(|text| repeats(text)) else { continue };
                    let Some(steps) = steps else { continue };
                    (format!("repeat: {times}"), Some(count), vec![steps])
                }
                Some("if" | "while") => {
                    const CONDITIONS: &[&str] = &["condition", "if", "while", "expression", "expr", "when", "test"];
                    let Some(condition) = find(CONDITIONS) else { continue };
                    let Some(text) = self.flow(&condition.value) else { continue };
                    let Some(steps) = steps else { continue };
                    let otherwise = find(&["else", "otherwise"]).map(|entry| Lifted { entry, ours: "else" });
                    (
                        format!("{}: {text}", meant.unwrap_or_default()),
                        Some(condition),
                        std::iter::once(steps).chain(otherwise).collect(),
                    )
                }
                Some("request") => {
                    let method = find(&["method", "verb", "http_method", "type"]);
                    let url = find(URLS);
                    let ours = &*kind.key == "request"
                        && inside.iter().all(|entry| matches!(&*entry.key, "method" | "url"))
                        && method.is_some();
                    let name = method.and_then(|method| method.value.text()).map(|text| text.to_ascii_lowercase());
                    let name = name.unwrap_or_else(|| of_method.unwrap_or("get").into());
                    let Some(method_key) = METHODS.into_iter().find(|known| *known == name).filter(|_| !ours) else {
                        continue;
                    };
                    let Some((url, text)) = url.and_then(|url| Some((url, self.flow(&url.value)?))) else { continue };
                    let known: Vec<&Entry> = method.into_iter().chain([url]).collect();
                    (format!("{method_key}: {text}"), Some(url), others(&known))
                }
                Some("name") if inside.len() == 1 && !is_written(entries, "steps") => {
                    let Some(steps) = steps else { continue };
                    return Some(Some(self.list_within(entries, kind, steps.entry, "steps", true)));
                }
                Some(ours @ ("choose" | "round_robin" | "shuffle" | "parallel")) => {
                    let Some(steps) = steps else { continue };
                    return Some(Some(self.list_within(entries, kind, steps.entry, ours, inside.len() == 1)));
                }
                _ => continue,
            };
            let known = rest.len() + usize::from(main.is_some());
            let twice =
                rest.iter().any(|one| is_written(entries, if one.ours.is_empty() { &one.entry.key } else { one.ours }));
            let lost = meant != Some("request") && known < inside.len();
            let patch = self.lift(node, kind, &line, main, &rest).filter(|_| !twice && !lost);
            let names =
                rest.iter().map(|one| format!("`{}`", if one.ours.is_empty() { &*one.entry.key } else { one.ours }));
            let names = names.collect::<Vec<_>>().join(", ");
            let help = if names.is_empty() {
                format!("write `{line}`")
            } else {
                format!("write `{line}`, and {names} beside it")
            };
            let message = match kind_named(&kind.key) {
                Some(_) => format!("`{}` takes one value, and the other keys stand beside it, not inside", kind.key),
                None => format!("`{}` is not a step type", kind.key),
            };
            self.report(patched(Diagnostic::error(kind.key_span, message).help(help), patch));
            let mut all = self.as_if(&line, kind)?;
            all.extend(rest.into_iter().map(|one| match one.ours {
                "" => one.entry.clone(),
                ours => Entry { key: ours.into(), ..one.entry.clone() },
            }));
            all.extend(entries.iter().filter(|entry| !std::ptr::eq(*entry, kind)).cloned());
            return Some(Some(all));
        }
        None
    }

    /// Which of the kinds above a word means.
    fn kind_meant(&self, word: &str) -> Option<&'static str> {
        match word {
            "if" => return Some("if"),
            "http" | "http_request" | "http_sampler" | "request" | "sampler" => return Some("request"),
            _ => {}
        }
        if let Some(kind) = kind_named(word) {
            return Some(kind.key.name);
        }
        let row = kind_words::KINDS.iter().find(|row| row.theirs.contains(&word))?;
        match row.ours {
            Ours::Key(ours) => Some(ours),
            Ours::Written(_) => matches!(word, "loop" | "loops" | "loop_controller" | "for").then_some("repeat"),
            Ours::Instead(_) | Ours::Told(_) => None,
        }
    }

    /// `choose: { steps: [ … ] }`: the list stands right under the kind key.
    fn list_within(&mut self, entries: &[Entry], kind: &Entry, steps: &Entry, ours: &str, alone: bool) -> Vec<Entry> {
        let finding = Diagnostic::error(kind.key_span, format!("`{}` takes a list of steps, not a map", kind.key))
            .help(format!("here it is `{ours}`, with its steps right below: remove `{}:`", steps.key));
        let span = self.place(kind).filter(|_| alone && self.place(steps).is_some());
        let patch = span.and_then(|span| {
            let before = Span { start: kind.key_span.end, end: steps.key_span.start, ..span };
            let between = Span { start: steps.key_span.end, end: steps.value.span.start, ..span };
            let is_free = |span: Span| !self.sources.text(span).contains(['#', '&']);
            let list = self.sources.text(steps.value.span);
            if list.starts_with('[') {
                return is_free(before).then(|| (span, format!("{ours}: {list}")));
            }
            let between = self.sources.text(between);
            (is_free(before) && between.trim_start().starts_with(':') && !between.contains(['#', '&']))
                .then(|| (span, format!("{ours}{between}{list}")))
        });
        self.report(patched(finding, patch));
        let read = |entry: &Entry| {
            if std::ptr::eq(entry, kind) {
                Entry { key: ours.into(), value: steps.value.clone(), ..entry.clone() }
            } else {
                entry.clone()
            }
        };
        entries.iter().map(read).collect()
    }

    /// `method: POST` with `url: /x`, and `url: /x` alone; `get: /x` with `method: POST`.
    fn method_and_url(&mut self, entries: &[Entry]) -> Option<Option<Vec<Entry>>> {
        if self.around != Around::Nothing {
            return None;
        }
        let at = |words: &[&str]| {
            entries
                .iter()
                .position(|entry| words.contains(&one_spelling(&entry.key).as_str()) && entry.value.text().is_some())
        };
        let kind = entries.iter().position(|entry| METHODS.contains(&&*entry.key));
        let method = at(&["method", "verb", "http_method"])?;
        let of = entries.get(method)?.value.text()?.trim().to_ascii_lowercase();
        let ours = METHODS.into_iter().find(|known| *known == of)?;
        if kind.is_none() && entries.iter().any(|entry| kind_named(&entry.key).is_some()) {
            return None;
        }
        let url = kind.or_else(|| at(URLS))?;
        let (method_entry, url_entry) = (entries.get(method)?, entries.get(url)?);
        let path = self.in_one_line(&url_entry.value).map(str::to_owned).or_else(|| self.flow(&url_entry.value))?;
        let is_same = kind.is_some() && *url_entry.key == *ours;
        let line = format!("{ours}: {path}");
        let finding =
            Diagnostic::error(method_entry.key_span, "the method of a request is its key, with the path as its value");
        let finding = match is_same {
            true => finding.help(format!("`{line}` says it already: remove `{}`", method_entry.key)),
            false => finding.help(format!("write `{line}`; the other keys stay beside it")),
        };
        let cut = self.cut(entries, method);
        let patch = match (cut, is_same) {
            (Some(cut), true) => Some((cut, String::new())),
            (Some(cut), false) => {
                // The cut reaches to the next key; that key is what is renamed.
                self.joined(vec![(cut, String::new()), (url_entry.key_span, ours.to_owned())])
            }
            (None, _) => None,
        };
        self.report(patched(finding, patch));
        let read = |(at, entry): (usize, &Entry)| match at {
            at if at == method => None,
            at if at == url => Some(Entry { key: ours.into(), ..entry.clone() }),
            _ => Some(entry.clone()),
        };
        Some(Some(entries.iter().enumerate().filter_map(read).collect()))
    }

    /// `transaction:` with the steps right below it, and its name beside it or nowhere.
    fn list_of_steps(&mut self, node: &Node, entries: &[Entry]) -> Option<Option<Vec<Entry>>> {
        let is_list = |entry: &&Entry| {
            matches!(&*entry.key, "transaction" | "lock" | "repeat" | "while" | "for_each" | "loop")
                && entry.value.items().is_some_and(|items| items.iter().any(|item| item.entries().is_some()))
        };
        let kind = entries.iter().find(is_list)?;
        let steps = Entry { key: "steps".into(), ..kind.clone() };
        let finding =
            Diagnostic::error(kind.key_span, format!("the steps of `{}` stand under `steps:` beside it", kind.key));
        const COUNTS: &[&str] = &["count", "times", "loops", "repeat", "number"];
        let (ours, words): (&str, &[&str]) = match &*kind.key {
            "transaction" => ("transaction", &["name"]),
            "repeat" | "loop" => ("repeat", COUNTS),
            _ => ("", &[]),
        };
        let name = entries.iter().position(|entry| words.contains(&&*entry.key) && entry.value.text().is_some());
        let named = name.and_then(|at| Some((at, entries.get(at)?, self.flow(&entries.get(at)?.value)?)));
        let Some((at, entry, text)) = named else {
            let example = match &*kind.key {
                "transaction" => "`transaction: Place an order`",
                "lock" => "`lock: ledger`",
                "repeat" | "loop" => "`repeat: 3`",
                "while" => "`while: status != 'done'`",
                _ => "`for_each: { id: ids }`",
            };
            self.report(finding.help(format!("write {example}, and below it `steps:` with the list")));
            return Some(None);
        };
        let line = format!("{ours}: {text}");
        let finding = finding.help(format!("write `{line}`, and below it `steps:` with the list"));
        let renamed = self.two_lines(node, kind, &line, "steps");
        let patch = self
            .cut(entries, at)
            .zip(renamed)
            .and_then(|(cut, renamed)| self.joined(vec![(cut, String::new()), renamed]));
        self.report(patched(finding, patch));
        let transaction = Entry { key: ours.into(), ..entry.clone() };
        let others = entries.iter().filter(|one| !std::ptr::eq(*one, kind) && !std::ptr::eq(*one, entry)).cloned();
        Some(Some([transaction, steps].into_iter().chain(others).collect()))
    }

    /// Words and values of single keys.
    fn step_words(&mut self, entries: &[Entry]) -> Option<Option<Vec<Entry>>> {
        let kind = entries.iter().find_map(|entry| kind_named(&entry.key).filter(|_| &*entry.key != "steps"));
        let is_steps = is_written(entries, "steps") && kind.is_none();
        let at = entries
            .iter()
            .enumerate()
            .find_map(|(at, entry)| Some((at, self.word_meant(entry, entries, kind, is_steps)?)));
        let (at, read) = at?;
        let mut all = entries.to_vec();
        match read {
            Read::As(new) => {
                all.splice(at..=at, new);
            }
            Read::Nothing => {
                all.remove(at);
                let is_step = all.iter().any(|entry| kind_named(&entry.key).is_some() || self.is_foreign(entry));
                if !is_step {
                    return Some(None);
                }
            }
        }
        Some(Some(all))
    }

    fn word_meant(
        &mut self,
        entry: &Entry,
        entries: &[Entry],
        kind: Option<&'static StepKeys>,
        is_steps: bool,
    ) -> Option<Read> {
        let word = &*entry.key;
        let given_kind = kind.or_else(|| is_steps.then(|| kind_named("steps")).flatten());
        if is_steps && let Some(read) = self.holder_meant(entry, entries) {
            return Some(read);
        }
        let is_http = kind.is_some_and(|kind| kind.id == KindId::Request(RequestKind::Http));
        let is_ours = |key: &str| given_kind.is_some_and(|kind| kind.all_keys().any(|known| known.name == key));
        if word.starts_with("x-") && !is_steps && self.is_header_or_form(entry, entries, is_http) {
            return self.own_key(entry, entries);
        }
        if word.starts_with("x-") {
            return None;
        }
        let takes = |ours: &str, value: &Node| match given_kind {
            None => kinds()
                .map(|kind| &kind.key)
                .chain(keys::STEP.keys)
                .any(|key| key.name == ours && key.ty.has_shape_of(value)),
            Some(kind) => {
                let all: Vec<&'static keys::Key> = kind.all_keys().collect();
                all.iter()
                    .any(|key| key.name == ours && key.ty.has_shape_of(value) && accepts(key, value, &all, entries))
            }
        };
        let Some(kind) = given_kind else {
            // No key says what the step does.
            if keys::STEP.key(word).is_some() && word != "think_time"
                || self.around != Around::Nothing && word != "sleep"
            {
                return None;
            }
            let message = format!("`{word}` is not a step type");
            if let Some(method) = method_word(word).filter(|method| *method != word) {
                let given = Given::of(self, entry, entries);
                let text = format!("{method}: {}", given.text.as_ref().and(given.flow.as_deref())?);
                return Some(self.reads_as(entry, Diagnostic::error(entry.key_span, message), text, entries));
            }
            let tables: [&[Word]; 2] = [kind_words::KINDS, if entries.len() > 1 { step_keys::WORDS } else { &[] }];
            return self.translated(&tables, entry, &message, entries, &takes);
        };
        let what = format!(
            "{} `{}` step",
            if kind.key.name.starts_with(['a', 'e', 'i', 'o']) || kind.key.name == "sse" { "an" } else { "a" },
            kind.key.name
        );
        if word == "weight"
            && !self.weighted
            && let Some(share) = entry
                .value
                .text()
                .and_then(|text| super::values::percent("weight", text))
                .filter(|_| entry.value.text().is_some_and(|text| text.contains(['%', '.'])))
        {
            let finding =
                Diagnostic::error(entry.key_span, "`weight` means something only among the steps of `choose`");
            return Some(self.reads_as(entry, finding, format!("chance: {share}%"), entries));
        }
        if is_ours(word) {
            let own = word == kind.key.name;
            let table: &[&[Word]] = match () {
                () if own => &[kind_words::OWN],
                () if is_http => &[requests::SHAPES, step_keys::STEP_SHAPES],
                () => &[step_keys::STEP_SHAPES],
            };
            return self.translated(table, entry, &super::cannot_be(entry), entries, &takes);
        }
        let message = format!("{what}: there is no key `{word}`");
        if is_http {
            let tables: [&[Word]; 2] = [requests::WORDS, step_keys::WORDS];
            if let Some(read) = self.translated(&tables, entry, &message, entries, &takes) {
                return Some(read);
            }
            let given = Given::of(self, entry, entries);
            let path = given.text.as_deref().filter(|text| text.starts_with("$.") || text.starts_with("$["));
            let is_name =
                word.starts_with(char::is_alphabetic) && word.chars().all(|c| c.is_alphanumeric() || c == '_');
            let extracted =
                path.filter(|_| is_name).map(|path| format!("extract: {{ {word}: {} }}", super::plain(path)));
            if one_spelling(word).contains("extract") && matches!(entry.value.kind, NodeKind::Map(_)) {
                let text = format!("extract: {}", given.flow.as_deref()?);
                return Some(self.reads_as(entry, Diagnostic::error(entry.key_span, message), text, entries));
            }
            let text = header(&given).or_else(|| assertion(&given)).or(extracted)?;
            let finding = Diagnostic::error(entry.key_span, message);
            return Some(self.reads_as(entry, finding, text, entries));
        }
        self.translated(&[step_keys::WORDS], entry, &message, entries, &takes)
    }

    /// What holds the steps that stand beside it.
    fn holder_meant(&mut self, entry: &Entry, entries: &[Entry]) -> Option<Read> {
        let word = one_spelling(&entry.key);
        if keys::STEP.key(&entry.key).is_some() || entry.value.is_blank() {
            return None;
        }
        let holds = |key: &str| {
            matches!(key, "name" | "if" | "chance" | "think_time")
                || kind_named(key).is_some_and(|kind| kind.takes_steps())
        };
        let given = Given::of(self, entry, entries);
        let rows = [kind_words::KINDS, step_keys::WORDS];
        let rows = rows.iter().copied().flatten().filter(|row| row.theirs.contains(&word.as_str()));
        let fits = |row: &&Word| match row.ours {
            Ours::Key(ours) => holds(ours) && entry.value.text().is_some() == (ours != "for_each"),
            Ours::Written(translate) => {
                translate(&given).is_some_and(|text| holds(text.split(':').next().unwrap_or_default()))
            }
            Ours::Told(tell) => {
                tell(&given).is_some()
                    && matches!(&*word, "loop" | "repeat" | "loops" | "loop_controller" | "loop_count")
            }
            Ours::Instead(_) => matches!(&*word, "once_only_controller" | "once_only" | "once" | "forever"),
        };
        let row = rows.clone().find(fits)?;
        let message = format!("`{}` is not a step type", entry.key);
        self.translated(&[std::slice::from_ref(row)], entry, &message, entries, &|_, _| true)
    }

    fn is_header_or_form(&self, entry: &Entry, entries: &[Entry], is_http: bool) -> bool {
        let is_form = one_spelling(&entry.key) == "x_www_form_urlencoded";
        is_http && (is_form || is_extension(&entry.key) && header(&Given::of(self, entry, entries)).is_some())
    }

    /// A key that starts with `x-` and would be left out without a word: a warning, as it may be meant as a note.
    fn own_key(&mut self, entry: &Entry, entries: &[Entry]) -> Option<Read> {
        let given = Given::of(self, entry, entries);
        let text = header(&given).or_else(|| super::in_words(&[requests::WORDS], &given))?;
        let message = format!("keys that start with `x-` are ignored, so `{}` is not sent", entry.key);
        let finding = Diagnostic::warning(entry.key_span, message);
        Some(self.reads_as(entry, finding, text, entries))
    }

    /// Whether a key is none that a step has.
    pub(super) fn is_foreign(&self, entry: &Entry) -> bool {
        let word = &*entry.key;
        kind_named(word).is_none() && keys::STEP.key(word).is_none() && !word.starts_with("x-") && word != "<<"
    }

    /// The text that puts what stands in the map of a key beside it, after `line`, and what it replaces; `main` is the
    /// entry that `line` has the value of.
    pub(super) fn lift(
        &self,
        step: &Node,
        kind: &Entry,
        line: &str,
        main: Option<&Entry>,
        rest: &[Lifted<'_>],
    ) -> Option<(Span, String)> {
        let span = self.whole(kind)?;
        let mut kept = rest.iter().map(|one| self.place(one.entry)).collect::<Option<Vec<Span>>>()?;
        let places = kept.clone();
        kept.extend(main.and_then(|main| self.place(main)));
        if !self.keeps_comments(span, kept) {
            return None;
        }
        let between = self.between_entries(step, kind)?;
        let mut text = line.to_owned();
        for (one, place) in rest.iter().zip(places) {
            let key = if one.ours.is_empty() { self.sources.text(one.entry.key_span) } else { one.ours };
            let written = self.sources.text(Span { start: one.entry.key_span.end, ..place });
            let Some(indent) = between else {
                if written.contains('\n') {
                    return None;
                }
                text.push_str(&format!(", {key}{written}"));
                continue;
            };
            if !written.starts_with(": ") && !written.starts_with(":\n") {
                return None;
            }
            text.push_str(&format!("\n{}{key}", " ".repeat(indent)));
            self.push_indented(&mut text, written, one.entry, indent)?;
        }
        Some((span, text))
    }
}

/// The method in words such as `http_post`, `POST` and `get_request`.
pub(super) fn method_word(word: &str) -> Option<&'static str> {
    let word = one_spelling(word);
    let word = word.strip_prefix("http_").unwrap_or(&word);
    let word = word.strip_suffix("_request").unwrap_or(word);
    METHODS.into_iter().find(|method| *method == word)
}

pub(super) fn patched(finding: Diagnostic, patch: Option<(Span, String)>) -> Diagnostic {
    match patch {
        Some((span, text)) => Diagnostic {
            span: Span { end: finding.span.end.min(span.end).max(span.start + 1), ..finding.span },
            ..finding
        }
        .fix(span, text),
        None => finding,
    }
}

/// Whether some table knows a word.
pub(super) fn is_in_a_table(word: &str) -> bool {
    let word = one_spelling(word);
    let tables = [kind_words::KINDS, step_keys::WORDS, requests::WORDS];
    tables.iter().copied().flatten().any(|row| row.theirs.contains(&word.as_str()))
        || matches!(&*word, "method" | "url")
}

/// `wait 2s`, `sleep(2)`.
fn waited(text: &str) -> Option<String> {
    let (word, rest) = text.split_once([' ', '('])?;
    let time = rest.trim_end_matches([')', ';']).trim();
    let is_wait = WAITS.contains(&one_spelling(word).as_str());
    super::given::time(time, Unit::Seconds).filter(|_| is_wait && !time.contains("${"))
}
