//! Which kind a step is, and what was meant by a key that is none.

use super::shorthand::MOST_COLUMNS;
use super::steps::kind_named;
use super::{Around, Lower};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::keys::{self, Key, KindId, StepKeys, instead_of, kinds, nearest_keys};
use crate::plan::types::Text;
use crate::protocols::spec::RequestKind;
use crate::yaml::{Entry, Node};

impl Lower<'_> {
    /// The one key that says what a step does, and what it says. A misspelt one is told and taken
    /// for what it was meant to be, so that the rest of the step is checked too.
    pub(crate) fn kind_of<'n>(
        &mut self,
        node: &'n Node,
        entries: &'n [Entry],
    ) -> Option<(&'n Entry, &'static StepKeys)> {
        let is_kind = |entry: &&Entry| kinds().any(|kind| kind.key.name == &*entry.key);
        let mut found: Vec<&Entry> = entries.iter().filter(is_kind).collect();
        let takes_steps = |entry: &Entry| kinds().any(|kind| kind.key.name == &*entry.key && kind.takes_steps());
        if found.len() > 1 && found.iter().any(|entry| takes_steps(entry)) {
            found.retain(|entry| &*entry.key != "steps");
        }
        // `steps` alone is a step only if nothing beside it says what holds the steps.
        if let [only] = found.as_slice()
            && &*only.key == "steps"
            && let Some((finding, meant)) = entries.iter().find_map(|entry| self.meant(entry))
            && meant.is_none_or(|(_, kind)| kind.takes_steps())
        {
            self.report(finding);
            return meant;
        }
        match found.as_slice() {
            [one] => Some((one, kind_named(&one.key)?)),
            [] => {
                let (finding, meant) = self.no_kind(node, entries);
                // Whoever wrote the wrong word need not be told to write a value after it.
                let of = entries.iter().find(|one| one.key_span == finding.span && one.value.is_blank());
                match of.filter(|_| meant.is_none()) {
                    Some(entry) => self.instead_of_blank(entry, finding),
                    None => self.report(finding),
                }
                meant
            }
            [first, second, ..] => {
                let is = |entry: &Entry, key: &str| &*entry.key == key;
                let messages = |entry: &&Entry| is(entry, "send") || is(entry, "receive");
                let help = if found.iter().any(|entry| is(entry, "websocket")) && found.iter().any(messages) {
                    "put what goes over the connection into the `steps` of `websocket`, each step after its own `-`"
                } else if found.iter().any(|entry| is(entry, "sse")) {
                    "an `sse` step reads its stream alone: say in `until` what ends it, and put other steps after it"
                } else if let Some((holder, held)) = holder_and_held(first, second) {
                    &format!(
                        "put `{held}` into the steps of `{holder}`: write `steps:` beside it, and `{held}` below that after its own `-`"
                    )
                } else if is(second, "steps") || is(first, "steps") {
                    "a request holds no steps: put them after it as steps of their own"
                } else if is(first, "send") && is(second, "receive") {
                    "make two steps of it, each after its own `-`; if the message is a reply, write `reply` instead of `receive`"
                } else {
                    "make two steps of it, each after its own `-`"
                };
                self.report(
                    Diagnostic::error(
                        second.key_span,
                        format!("one step cannot be both `{}` and `{}`", first.key, second.key),
                    )
                    .help(help)
                    .related(first.key_span, "the first kind"),
                );
                None
            }
        }
    }

    pub(crate) fn no_kind<'n>(
        &self,
        node: &Node,
        entries: &'n [Entry],
    ) -> (Diagnostic, Option<(&'n Entry, &'static StepKeys)>) {
        if let Some(found) = entries.iter().find_map(|entry| self.meant(entry)) {
            return found;
        }
        // A key that stands beside some kinds of steps, or a word for one.
        let owned = |word: &str, by: fn(&Key, &str) -> bool| {
            let mut keys =
                kinds().filter(|kind| !kind.key.later).flat_map(|kind| kind.all_keys().map(move |key| (kind, key)));
            keys.find(|(kind, key)| key.name != kind.key.name && by(key, word)).map(|(_, key)| key.name)
        };
        let named = |word: &str| owned(word, |key, word| key.name == word).or_else(|| owned(word, Key::is_also));
        let of_a_kind = entries.iter().filter(|entry| !keys::STEP.keys.iter().any(|key| key.name == &*entry.key));
        if let Some((entry, ours)) = of_a_kind.filter_map(|entry| Some((entry, named(&entry.key)?))).next() {
            let owners: Vec<&str> = kinds()
                .filter(|kind| !kind.key.later && kind.all_keys().any(|known| known.name == ours))
                .map(|kind| kind.key.name)
                .collect();
            let owner = match owners.as_slice() {
                [first, .., last] => format!("`{first}` or `{last}`"),
                owners => format!("`{}`", owners.concat()),
            };
            let rename = if ours == &*entry.key { String::new() } else { format!("here it is `{ours}`, and ") };
            let finding = Diagnostic::error(entry.key_span, format!("`{}` is not a step type", entry.key));
            let help =
                format!("{rename}it belongs into the step that it is about, beside {owner}, without a `-` of its own");
            return (finding.help(help), None);
        }
        let all: Vec<&'static Key> = kinds().filter(|kind| !kind.key.later).map(|kind| &kind.key).collect();
        let word = entries.iter().find(|entry| !keys::STEP.keys.iter().any(|key| key.name == &*entry.key));
        let word = word.map_or("get", |entry| &*entry.key);
        let finding =
            Diagnostic::error(Self::start_of(node), "this step has no kind key, so it does not say what to do")
                .help(format!("add one, for example `get: /path`; {}", nearest_keys(word, "step", &all)));
        (finding, None)
    }

    /// What an entry of a step may have been meant to be, if no kind is called so.
    fn meant<'n>(&self, entry: &'n Entry) -> Option<(Diagnostic, Option<(&'n Entry, &'static StepKeys)>)> {
        let finding = || Diagnostic::error(entry.key_span, format!("`{}` is not a step type", entry.key));
        let word = &*entry.key;
        if kind_named(word).is_some() || word.starts_with("x-") {
            return None;
        }
        if let Some(instead) = instead_of("step", word) {
            return Some((finding().help(instead), None));
        }
        let fits = |kind: &&StepKeys| kind.key.ty.has_shape_of(&entry.value) || takes_url(kind);
        let bridged = kinds().find_map(|kind| {
            kind.key.words.iter().find(|(_, theirs)| *theirs == word).map(|(tool, _)| (Some(*tool), kind))
        });
        let lower = word.to_ascii_lowercase();
        let beside = |word: &str| kinds().any(|kind| kind.all_keys().any(|key| key.name == word));
        let also =
            kinds().filter(fits).find(|kind| kind.key.also.iter().any(|theirs| *theirs == word || *theirs == lower));
        if let Some((tool, kind)) = bridged.or_else(|| also.map(|kind| (None, kind)).filter(|_| !beside(word))) {
            let ours = kind.key.name;
            if ours == "request" && entry.value.text().is_some() {
                let help = "here a request is written by its method: `get: /path`, `post: /path`, …";
                return Some((
                    finding().help(help).fix(entry.key_span, "get"),
                    kind_named("get").map(|kind| (entry, kind)),
                ));
            }
            let theirs = tool.map_or_else(String::new, |tool| format!("{tool} calls this `{word}`; "));
            let help = format!("{theirs}here it is `{ours}`");
            return Some((finding().help(help).fix(entry.key_span, ours), Some((entry, kind))));
        }
        let known =
            |word: &str| kinds().any(|kind| kind.all_keys().any(|key| key.name == word) && kind.key.name != word);
        let names = kinds().filter(|kind| !kind.key.later).map(|kind| kind.key.name);
        if known(word) {
            return None;
        }
        let near = crate::suggest::nearest(&lower, names)?;
        let meant = kind_named(near).map(|kind| (entry, kind));
        Some((finding().help(format!("did you mean `{near}`?")).fix(entry.key_span, near), meant))
    }

    /// The path or URL at a kind key.
    pub(crate) fn url(&mut self, kind: &Entry, key: &str) -> Option<Text> {
        if kind.value.text().is_none() {
            self.wrong_type(&kind.value, key, "a path or URL", Some(&format!("{key}: /path")));
            return None;
        }
        self.text(&kind.value, key)
    }

    /// A step that fits where steps are read.
    pub(super) fn a_step(&self) -> &'static str {
        match self.around {
            Around::Nothing => "get: /api/market-data",
            Around::Connection | Around::Parallel => "send: { json: { subscribe: AAPL } }",
        }
    }

    /// Tells that a key after which nothing is written takes an empty map, instead of "write a value".
    pub(crate) fn means_empty(&mut self, entry: &Entry) {
        let empty = format!("{}: {{}}", entry.key);
        let finding = Diagnostic::error(entry.key_span, nothing_after(&entry.key));
        let finding = finding.help(format!("write `{empty}`: any message"));
        let after = self.line_after(entry.key_span);
        // An anchor may stand there too.
        let is_free = |after: &str| after.is_empty() || after.starts_with(['#', ',', '}', ']']);
        let patch = after.strip_prefix(':').filter(|after| is_free(after.trim()));
        let finding = match patch {
            Some(_) => {
                let span = Span { end: entry.key_span.end + 1, ..entry.key_span };
                Diagnostic { span, ..finding }.fix(span, empty)
            }
            None => finding,
        };
        if let Some(known) = self.told_blank(entry) {
            *known = finding;
        }
    }

    /// What was told of a key because nothing is written after it.
    fn told_blank(&mut self, entry: &Entry) -> Option<&mut Diagnostic> {
        let empty_values = &mut self.empty_values;
        for (index, known) in self.findings.iter().enumerate().skip(empty_values.seen) {
            if known.message.starts_with(NOTHING_AFTER) {
                empty_values.at.insert(known.span, index);
            }
        }
        empty_values.seen = self.findings.len();
        let known = self.findings.get_mut(*empty_values.at.get(&entry.key_span)?)?;
        (known.span == entry.key_span && known.message == nothing_after(&entry.key)).then_some(known)
    }

    /// Tells something else in place of that nothing is written after a key.
    pub(super) fn instead_of_blank(&mut self, entry: &Entry, finding: Diagnostic) {
        match self.told_blank(entry) {
            Some(known) => *known = finding,
            None => self.report(finding),
        }
    }

    /// The entries of a request whose URL is written in a map, `sse: { url: /x, … }`, or below its kind key,
    /// with the URL at the kind key and the rest beside it. Tells so.
    pub(super) fn url_within(
        &mut self,
        step: &Node,
        entries: &[Entry],
        kind: &Entry,
        meant: &'static StepKeys,
    ) -> Option<Vec<Entry>> {
        if !takes_url(meant) {
            return None;
        }
        let is_url = |entry: &&Entry| URLS.contains(&&*entry.key) && entry.value.text().is_some();
        let at = entries.iter().position(|entry| std::ptr::eq(entry, kind))?;
        let key = meant.key.name;
        if kind.value.is_blank() {
            let url = entries.get(at + 1).filter(is_url)?;
            let value = self.in_one_line(&url.value)?.to_owned();
            // Only what was written after the kind key can have been meant as its value.
            let span = self.whole(url).filter(|span| kind.key_span.end <= span.start)?;
            let between = self.sources.text(Span { start: kind.key_span.end, end: span.start, ..span });
            let is_empty = matches!(between.split_whitespace().collect::<String>().as_str(), ":" | ":,");
            let span = Span { start: kind.key_span.start, ..span };
            let written = format!("{key}: {value}");
            let message = format!("the URL of `{key}` stands at `{key}` itself, not at `{}`", url.key);
            let finding = Diagnostic::error(span, message).help(format!("write `{written}`"));
            let finding = if is_empty {
                self.unpatch(kind);
                finding.fix(span, written)
            } else {
                finding
            };
            self.instead_of_blank(kind, finding);
            let mut all: Vec<Entry> = entries.iter().filter(|entry| !std::ptr::eq(*entry, url)).cloned().collect();
            all.get_mut(at)?.value = url.value.clone();
            return Some(all);
        }
        let inside = kind.value.entries()?;
        let url = inside.iter().find(is_url)?;
        let rest: Vec<&Entry> = inside.iter().filter(|entry| !std::ptr::eq(*entry, url)).collect();
        let twice = rest.iter().any(|one| entries.iter().any(|known| known.key == one.key));
        let finding = Diagnostic::error(
            kind.value.span,
            format!("`{key}` takes its path or URL, not a map: its other keys stand beside it"),
        );
        let shown = self.in_one_line(&url.value).unwrap_or("/path").to_owned();
        let finding = match rest.as_slice() {
            [] => finding.help(format!("write `{key}: {shown}`")),
            rest => {
                let names: Vec<String> = rest.iter().map(|entry| format!("`{}`", entry.key)).collect();
                finding.help(format!("write `{key}: {shown}`, and {} beside it", names.join(", ")))
            }
        };
        let patch = self.beside(step, key, kind, url, &rest).filter(|_| !twice);
        let finding = match patch {
            Some((span, text)) => {
                self.unpatch(kind);
                Diagnostic { span, ..finding }.fix(span, text)
            }
            None => finding,
        };
        self.report(finding);
        let mut all = entries.to_vec();
        all.get_mut(at)?.value = url.value.clone();
        all.extend(rest.into_iter().filter(|_| !twice).cloned());
        Some(all)
    }

    /// Takes away the patch of a misspelt kind key, which a larger one has in it.
    fn unpatch(&mut self, kind: &Entry) {
        // It was told just now.
        if let Some(known) = self.findings.last_mut().filter(|known| known.span == kind.key_span) {
            known.fix = None;
        }
    }

    /// The text that puts a URL at its kind key and the other keys beside it, and what it replaces; `None` where
    /// a comment or an anchor would be lost.
    fn beside(&self, step: &Node, key: &str, kind: &Entry, url: &Entry, rest: &[&Entry]) -> Option<(Span, String)> {
        let span = self.whole(kind)?;
        self.whole(url)?;
        let places = rest.iter().map(|entry| self.place(entry)).collect::<Option<Vec<Span>>>()?;
        let kept = places.iter().copied().chain([url.value.span]).collect();
        if !self.keeps_comments(span, kept) {
            return None;
        }
        let mut text = format!("{key}: {}", self.in_one_line(&url.value)?);
        let line_break = if rest.is_empty() { None } else { self.between_entries(step, kind)? };
        for (entry, place) in rest.iter().zip(places) {
            let written = self.sources.text(place);
            let Some(indent) = line_break else {
                if written.contains('\n') {
                    return None;
                }
                text.push_str(&format!(", {written}"));
                continue;
            };
            // Braces need no space after the `:` of a key in quotes.
            if !self.line_after(entry.key_span).starts_with(": ") && self.line_after(entry.key_span).trim() != ":" {
                return None;
            }
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            self.push_indented(&mut text, written, entry, indent)?;
        }
        Some((span, text))
    }

    /// Adds an entry as it is written, of which the lines below the first are indented for a key that stands after
    /// so many spaces; `None` where that would be too far.
    pub(super) fn push_indented(&self, text: &mut String, written: &str, entry: &Entry, indent: usize) -> Option<()> {
        let deeper = self.sources.position(entry.key_span).1 - 1;
        let mut lines = written.split('\n');
        text.push_str(lines.next()?);
        for line in lines {
            let spaces = line.len() - line.trim_start().len();
            // What belongs to a key stands deeper than the key, but for what brackets hold.
            let depth = (spaces + indent).saturating_sub(deeper).max(indent.min(spaces));
            if depth > MOST_COLUMNS {
                return None;
            }
            text.push('\n');
            text.push_str(&" ".repeat(depth));
            text.push_str(line.trim_start());
        }
        Some(())
    }

    /// What stands between the entries of a step: a line break and so many spaces, or a comma (`Some(None)`).
    pub(super) fn between_entries(&self, step: &Node, kind: &Entry) -> Option<Option<usize>> {
        if self.sources.text(step.span).starts_with('{') {
            return Some(None);
        }
        // A map that is the only one in a list's brackets needs no braces, but has no second entry without them.
        let before = |span: Span| self.sources.text(Span { start: 0, end: span.start, ..span });
        let is_item = before(step.span).trim_end().ends_with('-') && step.span.start <= kind.key_span.start;
        let line = before(kind.key_span).rsplit('\n').next()?;
        let is_block = is_item && line.chars().all(|c| matches!(c, ' ' | '-'));
        (is_block && line.len() <= MOST_COLUMNS).then_some(Some(line.len()))
    }
}

/// What a URL is called where it has a key of its own.
const URLS: [&str; 6] = ["url", "path", "uri", "address", "endpoint", "connect"];

/// Whether a kind key is followed by a path or URL.
fn takes_url(kind: &StepKeys) -> bool {
    match kind.id {
        KindId::Request(RequestKind::Http) => kind.key.name != "request",
        KindId::Request(RequestKind::WebSocket | RequestKind::Sse) => true,
        KindId::Request(RequestKind::Send | RequestKind::Receive)
        | KindId::Transaction
        | KindId::Repeat
        | KindId::While
        | KindId::ForEach
        | KindId::Choose
        | KindId::RoundRobin
        | KindId::Shuffle
        | KindId::Parallel
        | KindId::Set
        | KindId::NextRow
        | KindId::Pause
        | KindId::WaitForUsers
        | KindId::Lock
        | KindId::Stop
        | KindId::Log
        | KindId::Include
        | KindId::Steps
        | KindId::Later => false,
    }
}

/// Which of two kinds holds steps, and which is the step that it is to hold.
fn holder_and_held<'n>(first: &'n Entry, second: &'n Entry) -> Option<(&'n str, &'n str)> {
    let holds = |entry: &Entry| &*entry.key != "steps" && kind_named(&entry.key).is_some_and(StepKeys::takes_steps);
    let is_request = |entry: &Entry| {
        kind_named(&entry.key).is_some_and(|kind| matches!(kind.id, KindId::Request(RequestKind::Http)))
    };
    match (holds(first), holds(second)) {
        (true, false) if is_request(second) => Some((&first.key, &second.key)),
        (false, true) if is_request(first) => Some((&second.key, &first.key)),
        _ => None,
    }
}

/// What is told of a key without a value.
fn nothing_after(key: &str) -> String {
    format!("{NOTHING_AFTER}{key}:`")
}

/// How it begins.
const NOTHING_AFTER: &str = "nothing is written after `";
