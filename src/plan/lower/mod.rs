//! From the tree to the typed plan, collecting every finding on the way.

mod checks;
mod effects;
mod fields;
mod group;
mod kind;
mod load;
mod root;
mod shorthand;
mod step_words;
mod steps;
mod translate;
mod written;

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use fields::Fields;
pub(super) use fields::is_load_key;
pub(super) use root::plan;

use super::keys;
use super::statics::Statics;
use super::types::{Dynamic, FileRef, Name, Spanned, Text, Unread};
use crate::diagnostic::{Diagnostic, Sources, Span};
use crate::problem::Problem;
use crate::sanitize::shown_path;
use crate::schedule::{ThinkTime, guess_think_time};
use crate::units::{guessed_count, parse_duration, parse_share, parse_size};
use crate::yaml::{Entry, Node, NodeKind, Style};

/// The file that the command line's own words stand in.
pub(super) use crate::diagnostic::COMMAND_LINE;

/// What lowering carries along.
pub(crate) struct Lower<'a> {
    /// Every file read so far.
    pub(super) sources: &'a mut Sources,
    /// Every finding so far.
    pub(super) findings: &'a mut Vec<Diagnostic>,
    /// What is known before the run: environment, variables, secrets.
    pub(super) statics: Statics,
    /// The folder relative paths of the current file start from.
    pub(super) folder: Arc<Path>,
    /// The plan's fragments, not lowered yet: each use lowers them in place.
    pub(super) fragments: BTreeMap<Arc<str>, (Node, Arc<Path>)>,
    /// Fragments and files being put in place, outermost first.
    pub(super) including: Vec<Arc<str>>,
    /// How many steps there are, includes put in place.
    pub(super) step_count: usize,
    /// Files that the plan names, plans and fragments left out.
    pub(super) files: Vec<PathBuf>,
    /// Whether a profile was laid over the plan.
    pub(super) profiled: bool,
    /// What is around the steps that are read.
    pub(super) around: Around,
    /// What steps and keys that were not read would set.
    pub(super) unread: Unread,
    /// Whether the step that is read is a branch of `choose`.
    pub(super) weighted: bool,
    /// Where keys without a value were told.
    pub(super) empty_values: EmptyValues,
    /// Keys of the plan that stand in thread groups: they are read as the plan's.
    pub(super) moved_to_plan: Vec<Entry>,
    /// Data sets of which it was told that they have no file.
    pub(super) told_data: Vec<Arc<str>>,
}

/// Where among the findings it was told that nothing is written after a key.
#[derive(Default)]
pub(crate) struct EmptyValues {
    /// So many findings were looked at.
    seen: usize,
    /// The places of keys, and the findings about them.
    at: HashMap<Span, usize>,
}

/// What is around a step, as far as messages are concerned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Around {
    /// No connection.
    #[default]
    Nothing,
    /// A connection that messages go over.
    Connection,
    /// `parallel` within such a connection.
    Parallel,
}

impl Lower<'_> {
    /// Reads the steps that use a connection.
    pub(crate) fn on_a_connection<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.around, Around::Connection);
        let read = read(self);
        self.around = before;
        read
    }

    /// Tells a step that sends or receives messages where it can do neither; `kind` is its kind key.
    pub(crate) fn needs_a_connection(&mut self, kind: &Entry) {
        let (message, help) = match self.around {
            Around::Connection => return,
            Around::Nothing => (
                format!("`{}` needs a connection: there is no `websocket` step around it", kind.key),
                "put it into the `steps` of a `websocket` step",
            ),
            Around::Parallel => (
                format!("`{}` within `parallel`: two steps would read from one connection at the same time", kind.key),
                "put a `websocket` step of its own into each branch",
            ),
        };
        self.report(Diagnostic::error(kind.key_span, message).help(help));
    }

    pub(crate) fn report(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    /// "expected X, not Y", with the key's example.
    pub(crate) fn wrong_type(&mut self, node: &Node, key: &str, expected: &str, example: Option<&str>) {
        let mut finding = Diagnostic::error(node.span, format!("`{key}` takes {expected}, not {}", node.describe()));
        if let Some(example) = example {
            finding = finding.help(format!("for example `{}`", example.replace('\n', " ⏎ ")));
        }
        self.report(finding);
    }

    /// Text that may hold `${…}`; booleans and numbers keep their spelling.
    pub(crate) fn text(&mut self, node: &Node, key: &str) -> Option<Text> {
        match &node.kind {
            NodeKind::Scalar { text, .. } if !node.is_null() => Some(Spanned::new(text.clone(), node.span)),
            NodeKind::Scalar { .. } | NodeKind::List(_) | NodeKind::Map(_) => {
                self.wrong_type(node, key, "text", None);
                None
            }
        }
    }

    /// Fixed text without `${…}`.
    pub(crate) fn name(&mut self, node: &Node, key: &str) -> Option<Name> {
        let text = self.text(node, key)?;
        if text.value.contains("${") {
            self.report(
                Diagnostic::error(text.span, format!("`{key}` is a name and cannot hold `${{…}}`"))
                    .help("a name is a line in the report; write fixed text"),
            );
            return None;
        }
        if text.value.trim().is_empty() {
            self.report(Diagnostic::error(text.span, format!("`{key}` is empty")).help("write a name"));
            return None;
        }
        Some(text)
    }

    /// The text of a scalar that must be known before the run: `${…}` is computed here.
    pub(crate) fn known(&mut self, node: &Node, key: &str, expected: &str, example: Option<&str>) -> Option<Arc<str>> {
        let NodeKind::Scalar { text, style } = &node.kind else {
            self.wrong_type(node, key, expected, example);
            return None;
        };
        if node.is_null() && *style == Style::Plain {
            self.wrong_type(node, key, expected, example);
            return None;
        }
        if !text.contains("${") {
            return Some(text.clone());
        }
        match self.statics.value(text, node.span, self.sources) {
            Ok(value) => Some(value.to_string().into()),
            Err(problems) => {
                self.findings.extend(problems);
                None
            }
        }
    }

    /// `users: 10`, or `--users 10` where the value at `span` comes from the command line.
    pub(crate) fn as_written(&self, span: Span, key: &str, value: impl std::fmt::Display) -> String {
        let file = self.sources.file(span.file).filter(|file| file.path == Path::new(COMMAND_LINE));
        match file.and_then(|file| file.text.get(..span.start as usize)) {
            Some(option) => format!("{option}{value}"),
            None => format!("{key}: {value}"),
        }
    }

    /// Tells what is wrong with a value that has a unit. What is meant, if that is known: the rest of the plan is
    /// checked with it.
    pub(crate) fn unit_error<T, E>(
        &mut self,
        span: Span,
        key: &str,
        error: Problem,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let mut finding = Diagnostic::error(span, format!("`{key}`: {}", error.message));
        let meant = error.corrected.as_deref().and_then(|text| read(text).ok());
        if let Some(corrected) = error.corrected {
            finding = finding.help(format!("write `{}`", self.as_written(span, key, &corrected))).fix(span, corrected);
        } else if !error.help.is_empty() {
            finding = finding.help(error.help);
        }
        self.report(finding);
        meant
    }

    pub(crate) fn duration(&mut self, node: &Node, key: &str) -> Option<Duration> {
        if let Some(text) = translate::time_of_map(node) {
            self.wrong_shape(node, key, &text);
            return parse_duration(&text).ok();
        }
        let text = self.known(node, key, "a duration such as 10s", None)?;
        match parse_duration(&text) {
            Ok(time) => Some(time),
            Err(error) => {
                let corrected = error.corrected.or_else(|| translate::load_seconds(key, &text));
                self.unit_error(node.span, key, Problem { corrected, ..error }, parse_duration)
            }
        }
    }

    /// Tells that a value is written in another shape than the one that is meant, with the text to write.
    pub(crate) fn wrong_shape(&mut self, node: &Node, key: &str, meant: &str) {
        let finding = Diagnostic::error(node.span, format!("`{key}` is not written as {}", node.describe()));
        let finding = finding.help(format!("write `{}`", self.as_written(node.span, key, meant)));
        let replaces = self.in_one_line(node).is_some();
        self.report(if replaces { finding.fix(node.span, meant) } else { finding });
    }

    /// A duration above zero.
    pub(crate) fn some_time(&mut self, node: &Node, key: &str) -> Option<Duration> {
        // `0` lacks more than its unit.
        let is_nothing = node.text().is_some_and(|text| text.trim() == "0");
        let time = if is_nothing { Duration::ZERO } else { self.duration(node, key)? };
        if time.is_zero() {
            self.report(
                Diagnostic::error(node.span, format!("`{key}` must be longer than 0s")).help("for example 10s"),
            );
            return None;
        }
        Some(time)
    }

    pub(crate) fn size(&mut self, node: &Node, key: &str) -> Option<u64> {
        let text = self.known(node, key, "a size such as 10MiB", None)?;
        parse_size(&text).or_else(|error| self.unit_error(node.span, key, error, parse_size).ok_or(())).ok()
    }

    pub(crate) fn count(&mut self, node: &Node, key: &str, least: u64) -> Option<u64> {
        let text = self.known(node, key, "a whole number", None)?;
        self.count_text(&text, node.span, key, least)
    }

    pub(crate) fn count_text(&mut self, text: &str, span: Span, key: &str, least: u64) -> Option<u64> {
        match text.trim().parse::<u64>() {
            Ok(number) if number < least => {
                self.report(
                    Diagnostic::error(span, format!("`{key}` must be at least {least}, but is {number}"))
                        .help(format!("write `{}` or more", self.as_written(span, key, least))),
                );
                None
            }
            Ok(number) if number > 1_000_000_000 => {
                self.report(Diagnostic::error(span, format!("`{key}` is too large: at most one billion")));
                None
            }
            Ok(number) => Some(number),
            Err(_) => {
                let finding = Diagnostic::error(span, format!("`{key}` takes a whole number, not `{}`", text.trim()));
                let guess = guessed_count(text).and_then(|digits| digits.parse::<u64>().ok());
                let guess = guess.filter(|number| (least..=1_000_000_000).contains(number));
                let range = text.split_once("..").filter(|_| key == "users").map(|(from, to)| (from.trim(), to.trim()));
                let range = range.filter(|(from, to)| from.parse::<u64>().is_ok() && to.parse::<u64>().is_ok());
                self.report(match guess {
                    None if range.is_some() => finding.help(range.map_or_else(String::new, |(from, to)| format!(
                        "a number of users that changes is written as `stages: [{{ users: {from}, hold: 1m }}, {{ users: {to}, over: 1m }}]`"
                    ))),
                    Some(number) => {
                        let written = self.as_written(span, key, number);
                        finding.help(format!("write digits only: `{written}`")).fix(span, number.to_string())
                    }
                    None => {
                        finding.help(format!("write digits only, for example `{}`", self.as_written(span, key, 10)))
                    }
                });
                guess
            }
        }
    }

    pub(crate) fn boolean(&mut self, node: &Node, key: &str) -> Option<bool> {
        let text = self.known(node, key, "true or false", None)?;
        match &*text {
            "true" => Some(true),
            "false" => Some(false),
            other => {
                let meant = match other.to_ascii_lowercase().as_str() {
                    "yes" | "on" | "1" | "y" | "true" => Some("true"),
                    "no" | "off" | "0" | "n" | "false" => Some("false"),
                    _ => None,
                };
                let mut finding = Diagnostic::error(node.span, format!("`{key}` takes true or false, not `{other}`"));
                if let Some(meant) = meant {
                    finding = finding.help(format!("write `{key}: {meant}`")).fix(node.span, meant);
                }
                self.report(finding);
                None
            }
        }
    }

    /// One of the words of an enum key.
    pub(crate) fn word(&mut self, node: &Node, key: &'static keys::Key) -> Option<&'static str> {
        let keys::Ty::Enum(words) = key.ty else { return None };
        let known: Vec<&'static str> = words.iter().map(|(word, _)| *word).collect();
        let list = known.join(", ");
        let text = self.known(node, key.name, &format!("one of {list}"), Some(key.example))?;
        if let Some(word) = known.iter().find(|word| **word == &*text) {
            return Some(word);
        }
        if let Some(word) = translate::meant_word(key, &text) {
            let finding = Diagnostic::error(node.span, format!("`{}` is not a value of `{}`", text.trim(), key.name));
            let written = self.as_written(node.span, key.name, word);
            self.report(finding.help(format!("write `{written}`; it takes one of: {list}")).fix(node.span, word));
            return Some(word);
        }
        let mut finding = Diagnostic::error(node.span, format!("`{}` is not a value of `{}`", text.trim(), key.name));
        finding = match crate::suggest::nearest(&text, known.iter().copied()) {
            Some(near) => finding.help(format!("did you mean `{near}`? It takes one of: {list}")).fix(node.span, near),
            None => finding.help(format!("it takes one of: {list}")),
        };
        self.report(finding);
        None
    }

    /// A file known before the run, found from the current file's folder. It must exist.
    pub(crate) fn path(&mut self, node: &Node, key: &str) -> Option<Spanned<PathBuf>> {
        let text = self.known(node, key, "a file's path", None)?;
        let path = self.folder.join(&*text);
        self.file_exists(&path, node.span, key).then(|| Spanned::new(path, node.span))
    }

    /// A file that may be computed for each user; it is looked for here when it is fixed.
    pub(crate) fn file_ref(&mut self, node: &Node, key: &str) -> Option<FileRef> {
        let path = self.text(node, key)?;
        if !path.value.contains("${") {
            let full = self.folder.join(&*path.value);
            if !self.file_exists(&full, path.span, key) {
                return None;
            }
        }
        Some(FileRef { path, folder: self.folder.clone() })
    }

    pub(crate) fn file_exists(&mut self, path: &Path, span: Span, key: &str) -> bool {
        if path.is_file() {
            self.files.push(path.to_owned());
            return true;
        }
        let shown = shown_path(path);
        if !path.is_dir() && path.exists() {
            let finding = Diagnostic::error(span, format!("`{key}`: {shown} is a device or a pipe, not a file"));
            self.report(finding.help("name a file that can be read from beginning to end"));
            return false;
        }
        let what = if path.is_dir() {
            format!("`{key}`: {shown} is a folder, not a file")
        } else {
            format!("`{key}`: the file {shown} does not exist")
        };
        let mut finding = Diagnostic::error(span, what);
        finding = match nearest_file(path) {
            Some(near) => finding
                .help(format!("did you mean `{near}`? Paths start from the folder of the file they are written in")),
            None => finding.help("paths start from the folder of the file they are written in"),
        };
        self.report(finding);
        false
    }

    pub(crate) fn address(&mut self, node: &Node, key: &str) -> Option<Spanned<IpAddr>> {
        let text = self.known(node, key, "an IP address", None)?;
        match text.trim().parse() {
            Ok(address) => Some(Spanned::new(address, node.span)),
            Err(_) => {
                self.report(
                    Diagnostic::error(node.span, format!("`{key}`: `{text}` is not an IP address"))
                        .help("write one such as 192.168.1.20 or ::1"),
                );
                None
            }
        }
    }

    /// A share that may be computed for each user.
    pub(crate) fn dynamic_share(&mut self, node: &Node, key: &str) -> Option<Dynamic<f64>> {
        let text = self.text(node, key)?;
        if text.value.contains("${") {
            return Some(Dynamic::Computed(text));
        }
        let share = parse_share(&text.value);
        share.or_else(|error| self.unit_error(node.span, key, error, parse_share).ok_or(())).map(Dynamic::Fixed).ok()
    }

    /// A map of names to values of any kind, as in `query`, `form`, `with`.
    pub(crate) fn values(&mut self, node: &Node, key: &str) -> Vec<(Name, Node)> {
        let Some(entries) = node.entries() else {
            self.wrong_type(node, key, "a map of names to values", None);
            return Vec::new();
        };
        entries
            .iter()
            .filter(|entry| !entry.value.is_blank())
            .map(|entry| (Spanned::new(entry.key.clone(), entry.key_span), entry.value.clone()))
            .collect()
    }

    /// Like [`Self::values`], for variables.
    pub(crate) fn bindings(&mut self, node: &Node, key: &str) -> Vec<(Name, Node)> {
        let values = self.values(node, key);
        values
            .into_iter()
            .filter_map(|(name, node)| Some((self.variable_name(&name.value, name.span)?, node)))
            .collect()
    }

    pub(crate) fn think_time(&mut self, node: &Node, key: &str) -> Option<Dynamic<ThinkTime>> {
        if let NodeKind::Map(_) = &node.kind {
            if let Some(meant) = translate::range_of_map(node) {
                self.wrong_shape(node, key, &meant);
                return ThinkTime::parse(&meant).map(Dynamic::Fixed).ok();
            }
            let fields = self.fields(node, &keys::THINK_TIME)?;
            if let Some(node) = fields.get("normal") {
                let fields = self.fields(node, &keys::NORMAL)?;
                let mean = fields.get("mean").and_then(|node| self.duration(node, "mean"));
                let deviation = fields.get("deviation").and_then(|node| self.duration(node, "deviation"));
                return Some(Dynamic::Fixed(ThinkTime::Normal { mean: mean?, deviation: deviation? }));
            }
            if let Some(node) = fields.get("poisson") {
                let fields = self.fields(node, &keys::POISSON)?;
                let mean = fields.get("mean").and_then(|node| self.duration(node, "mean"))?;
                return Some(Dynamic::Fixed(ThinkTime::Poisson { mean }));
            }
            self.report(
                Diagnostic::error(node.span, format!("`{key}` names no distribution"))
                    .help("write `normal: { mean: 2s, deviation: 500ms }` or `poisson: { mean: 2s }`"),
            );
            return None;
        }
        if let NodeKind::List(_) = &node.kind
            && let Some(problem) = self.in_one_line(node).and_then(guess_think_time)
        {
            let message = format!("a range is written with two dots, not as {}", node.describe());
            return self
                .unit_error(node.span, key, Problem { message, ..problem }, ThinkTime::parse)
                .map(Dynamic::Fixed);
        }
        let text = self.text(node, key)?;
        if text.value.contains("${") {
            return Some(Dynamic::Computed(text));
        }
        let time = ThinkTime::parse(&text.value);
        time.or_else(|error| self.unit_error(node.span, key, error, ThinkTime::parse).ok_or(()))
            .map(Dynamic::Fixed)
            .ok()
    }
}

/// A file of a similar name in the same folder.
fn nearest_file(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let wanted = path.file_name()?.to_str()?;
    let names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .take(1000)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    crate::suggest::nearest(wanted, names.iter().map(String::as_str)).map(str::to_owned)
}
