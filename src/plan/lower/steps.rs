//! Steps: which kind each is, and what it holds.

use std::sync::Arc;

use super::{Around, Fields, Lower};
use crate::diagnostic::{Diagnostic, FileId};
use crate::plan::keys::{Key, KindId, StepKeys, Ty, kinds};
use crate::plan::types::{Dynamic, Name, Request, Spanned, Step, StepKind, StopTarget, Text};
use crate::plan::{keys, load as files, quotable_files};
use crate::protocols::spec::{RequestKind, Spec};
use crate::yaml::{Entry, Node, NodeKind};

/// How many steps a plan may have, includes put in place: enough for 20,000 requests with
/// controllers around each, and an end to fragments that include each other twice over.
const MAX_STEPS: usize = 100_000;
/// So many words of other tools are read in one step.
const MAX_ROUNDS: usize = 30;
/// How deep includes may stand inside one another. Each takes some of the stack while it is read.
const MAX_INCLUDES: usize = 50;

impl Lower<'_> {
    /// A list of steps. `weighted` says whether they are the branches of `choose`.
    pub(crate) fn steps(&mut self, node: &Node, key: &str, weighted: bool) -> Vec<Step> {
        let Some(items) = node.items() else {
            let mut finding =
                Diagnostic::error(node.span, format!("`{key}` takes a list of steps, not {}", node.describe()));
            let fragment = node.text().map(|text| text.trim()).filter(|text| self.fragments.contains_key(*text));
            if let Some(fragment) = fragment {
                let list = format!("[{{ include: {fragment} }}]");
                finding = finding.help(format!("write `{key}: {list}`"));
                let is_here = self.in_one_line(node).is_some();
                self.report(if is_here { finding.fix(node.span, &*list) } else { finding });
                let read = self.value_as_if(&list, node);
                return read.map_or_else(Vec::new, |read| self.steps(&read, key, weighted));
            }
            finding = finding.help(format!("put a `-` in front of each step:  - {}", self.a_step()));
            self.report(finding);
            return Vec::new();
        };
        if items.is_empty() && !matches!(key, "setup" | "teardown" | "on_start" | "on_stop" | "fragments") {
            let finding = Diagnostic::error(node.span, format!("`{key}` holds no step"));
            self.report(finding.help(format!("add one, for example `- {}`", self.a_step())));
        }
        let mut steps: Vec<Step> = items.iter().filter_map(|item| self.step(item, weighted)).collect();
        steps.shrink_to_fit();
        if !matches!(key, "choose" | "round_robin" | "shuffle" | "parallel") {
            self.unreachable(&steps);
        }
        steps
    }

    pub(crate) fn step(&mut self, node: &Node, weighted: bool) -> Option<Step> {
        let step = self.step_as_meant(node, weighted);
        if step.is_none() {
            self.leave_out(node);
        }
        step
    }

    fn step_as_meant(&mut self, node: &Node, weighted: bool) -> Option<Step> {
        self.step_count += 1;
        if self.step_count > MAX_STEPS {
            if self.step_count == MAX_STEPS + 1 {
                self.report(
                    Diagnostic::error(
                        node.span,
                        format!("the plan has more than {MAX_STEPS} steps once includes are put in place"),
                    )
                    .help("include fewer lists inside one another"),
                );
            }
            return None;
        }
        self.weighted = weighted;
        let mut meant = None;
        // Each round takes away a word of another tool.
        for _ in 0..MAX_ROUNDS {
            match self.step_meant(meant.as_ref().unwrap_or(node)) {
                Some(Some(read)) => meant = Some(read),
                Some(None) => return None,
                None => break,
            }
        }
        let node = meant.as_ref().unwrap_or(node);
        let Some(entries) = node.entries() else {
            self.report(
                Diagnostic::error(node.span, format!("a step is a map with a kind key, not {}", node.describe()))
                    .help(format!("for example `- {}`", self.a_step())),
            );
            return None;
        };
        let (kind_entry, kind) = self.kind_of(node, entries)?;
        let beside = self.url_within(node, entries, kind_entry, kind);
        let beside = beside.map(|entries| (kind_entry.key.clone(), Node::new(node.span, NodeKind::Map(entries))));
        let beside = beside.map(|(key, mut node)| {
            for _ in 0..MAX_ROUNDS {
                match self.step_meant(&node) {
                    Some(Some(read)) => node = read,
                    Some(None) | None => break,
                }
            }
            (key, node)
        });
        let (node, kind_entry) = match &beside {
            Some((key, node)) => (node, node.entries()?.iter().find(|entry| entry.key == *key)?),
            None => (node, kind_entry),
        };
        if kind.key.later {
            self.report(
                Diagnostic::error(
                    kind_entry.key_span,
                    format!("steps of kind `{}` are not supported yet", kind.key.name),
                )
                .help("this version speaks HTTP; remove the step"),
            );
            return None;
        }
        let all: Vec<&'static Key> = kind.all_keys().collect();
        let article =
            if kind.key.name.starts_with(['a', 'e', 'i', 'o']) || kind.key.name == "sse" { "an" } else { "a" };
        let what = format!("{article} `{}` step", kind.key.name);
        let fields = self.fields_but(node, &what, &all, &kind_entry.key)?;
        if kind_entry.value.is_blank() {
            if matches!(kind.key.ty, Ty::Section(section) if section.keys.iter().all(|key| !key.required)) {
                self.means_empty(kind_entry);
            }
            return None;
        }
        if let Some(entry) = fields.entry("weight")
            && !weighted
        {
            self.report(
                Diagnostic::error(entry.key_span, "`weight` means something only among the steps of `choose`")
                    .help("put the steps to choose from under `choose`, or use `chance: 25%`"),
            );
        }
        let name = fields.get("name").and_then(|node| self.name(node, "name"));
        let think_time = fields.get("think_time").and_then(|node| self.think_time(node, "think_time"));
        let condition = fields.get("if").and_then(|node| self.bare(node, "if"));
        let chance = fields.get("chance").and_then(|node| self.dynamic_share(node, "chance"));
        let weight =
            fields.get("weight").and_then(|node| Some(Spanned::new(self.count(node, "weight", 0)?, node.span)));
        let step_kind = self.step_kind(kind, kind_entry, &fields)?;
        let step = Step { span: kind_entry.key_span, name, think_time, condition, chance, weight, kind: step_kind };
        self.step_keys(&step, fields.entry("think_time"), fields.entry("chance"));
        Some(step)
    }

    pub(crate) fn step_kind(
        &mut self,
        kind: &'static StepKeys,
        entry: &Entry,
        fields: &Fields<'_>,
    ) -> Option<StepKind> {
        let node = &entry.value;
        let key = kind.key.name;
        let inner = |this: &mut Self| match fields.get("steps") {
            Some(steps) => this.steps(steps, "steps", false),
            None => {
                // A key that is none was told, and may be what was meant.
                let is_told = fields.any(|name| kind.all_keys().all(|known| known.name != name));
                if fields.entry("steps").is_none() && !is_told {
                    this.report(
                        Diagnostic::error(entry.key_span, format!("`{key}` needs `steps`: what should it hold?"))
                            .help(format!("write `{}`", kind.key.example.replace('\n', " ⏎ "))),
                    );
                }
                Vec::new()
            }
        };
        Some(match kind.id {
            KindId::Request(request) => StepKind::Request(Box::new(self.request(request, entry, fields)?)),
            KindId::Later => return None,
            KindId::Steps => {
                let otherwise = match fields.entry("else") {
                    Some(otherwise) => {
                        if fields.entry("if").is_none() {
                            self.report(
                                Diagnostic::error(otherwise.key_span, "`else` needs an `if` beside it")
                                    .help("add `if: …` to this step"),
                            );
                        }
                        self.steps(&otherwise.value, "else", false)
                    }
                    None => Vec::new(),
                };
                StepKind::Group { steps: self.steps(node, "steps", false), otherwise }
            }
            KindId::Transaction => {
                let label = self.name(node, key);
                let steps = inner(self);
                let thresholds = self.thresholds(fields);
                StepKind::Transaction { label: label?, steps, thresholds }
            }
            KindId::Repeat => {
                let steps = inner(self);
                let text = self.text(node, key)?;
                if text.value.contains("${") {
                    StepKind::Repeat(Dynamic::Computed(text), steps)
                } else if text.value.trim().ends_with(|c: char| c.is_alphabetic()) {
                    StepKind::RepeatFor(self.duration(node, key)?, steps)
                } else {
                    StepKind::Repeat(Dynamic::Fixed(self.count(node, key, 0)?), steps)
                }
            }
            KindId::While => {
                let steps = inner(self);
                let max = fields.get("max").and_then(|node| self.count(node, "max", 1)).unwrap_or(1000);
                StepKind::While { condition: self.bare(node, key)?, max, steps }
            }
            KindId::ForEach => {
                let steps = inner(self);
                let bindings = self.bindings(node, key);
                if bindings.len() != 1 {
                    self.report(
                        Diagnostic::error(node.span, "`for_each` takes one variable and its list")
                            .help("for example `for_each: { id: ids }`"),
                    );
                }
                let (item, list) = bindings.into_iter().next()?;
                StepKind::ForEach { list: self.bare(&list, &item.value)?, item, steps }
            }
            KindId::Choose => {
                let meant = self.branches_meant(node);
                let node = meant.as_ref().unwrap_or(node);
                let branches = self.steps(node, key, true);
                self.branch_keys(key, node);
                if !branches.is_empty()
                    && branches.iter().all(|branch| branch.weight.is_some_and(|weight| weight.value == 0))
                {
                    self.report(
                        Diagnostic::error(
                            entry.key_span,
                            "every step of this `choose` has weight 0, so none could be drawn",
                        )
                        .help("give one of them a weight above 0"),
                    );
                } else {
                    self.zero_weights(&branches);
                }
                StepKind::Choose(branches)
            }
            KindId::RoundRobin => {
                let branches = self.steps(node, key, false);
                self.branch_keys(key, node);
                StepKind::RoundRobin(branches)
            }
            KindId::Shuffle => StepKind::Shuffle(self.steps(node, key, false)),
            KindId::Parallel => {
                let before = self.around;
                if before == Around::Connection {
                    self.around = Around::Parallel;
                }
                let steps = self.steps(node, key, false);
                self.around = before;
                StepKind::Parallel(steps)
            }
            KindId::Set => {
                if node.entries().is_some_and(<[Entry]>::is_empty) {
                    self.report(
                        Diagnostic::error(node.span, "`set` sets nothing").help("for example `set: { total: 0 }`"),
                    );
                }
                StepKind::Set(self.bindings(node, key))
            }
            KindId::NextRow => StepKind::NextRow(self.name(node, key)?),
            KindId::Pause => StepKind::Pause(self.think_time(node, key)?),
            KindId::WaitForUsers => {
                let fields = self.fields(node, &keys::WAIT_FOR_USERS)?;
                let count = fields.get("count").and_then(|node| self.count(node, "count", 1))?;
                let within = fields.get("within").and_then(|node| self.duration(node, "within"));
                StepKind::WaitForUsers { count, within }
            }
            KindId::Lock => {
                let steps = inner(self);
                StepKind::Lock(self.name(node, key)?, steps)
            }
            KindId::Stop => StepKind::Stop(match self.word(node, &kind.key)? {
                "loop" => StopTarget::Loop,
                "iteration" => StopTarget::Iteration,
                "user" => StopTarget::User,
                "group" => StopTarget::Group,
                _ => StopTarget::Test,
            }),
            KindId::Log => StepKind::Log(self.text(node, key)?),
            KindId::Include => self.include(node, fields)?,
        })
    }

    pub(crate) fn request(&mut self, kind: RequestKind, entry: &Entry, fields: &Fields<'_>) -> Option<Request> {
        let protocol = Spec::read(self, kind, entry, fields);
        let with = fields.get("with").map_or_else(Vec::new, |node| self.bindings(node, "with"));
        let extract = fields.get("extract").map_or_else(Vec::new, |node| self.extractors(node));
        let assert = fields.get("assert").map_or_else(Vec::new, |node| self.assertions(node));
        let thresholds = self.thresholds(fields);
        Some(Request { protocol: protocol?, with, extract, assert, thresholds })
    }

    /// A bare expression.
    pub(crate) fn bare(&mut self, node: &Node, key: &str) -> Option<Text> {
        if let Some(text) = node.text() {
            let meant = self.expression_meant(node, text);
            return Some(Text::new(meant.unwrap_or_else(|| text.clone()), node.span));
        }
        self.wrong_type(node, key, "a bare expression such as total > 3", None);
        None
    }

    pub(crate) fn include(&mut self, node: &Node, fields: &Fields<'_>) -> Option<StepKind> {
        let what = self.name(node, "include")?;
        let with = fields.get("with").map_or_else(Vec::new, |node| self.bindings(node, "with"));
        if self.including.contains(&what.value) {
            let path = self.including.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" → ");
            self.report(
                Diagnostic::error(what.span, format!("`{}` includes itself: {path} → `{}`", what.value, what.value))
                    .help("remove one of these includes"),
            );
            return None;
        }
        if !self.may_include(&what) {
            return None;
        }
        let steps = if let Some((list, folder)) = self.fragments.get(&what.value).cloned() {
            self.statics.used_fragments.insert(what.value.clone());
            self.within(what.value.clone(), folder, |this| this.steps(&list, "fragments", false))
        } else {
            self.include_file(&what)?
        };
        Some(StepKind::Include { what, with, steps })
    }

    pub(crate) fn include_file(&mut self, what: &Name) -> Option<Vec<Step>> {
        let path = self.folder.join(&*what.value);
        let looks_like_file = what.value.ends_with(".yaml") || what.value.ends_with(".yml") || what.value.contains('/');
        if !looks_like_file {
            let mut finding = Diagnostic::error(what.span, format!("there is no fragment `{}`", what.value));
            let near = crate::suggest::nearest(&what.value, self.fragments.keys().map(|name| &**name));
            finding = match near {
                Some(near) => finding.help(format!("did you mean `{near}`?")).fix(what.span, near),
                None => finding.help("name a list under `fragments:`, or a file that ends in .yaml"),
            };
            self.report(finding);
            return None;
        }
        if !self.file_exists(&path, what.span, "include") {
            return None;
        }
        if !quotable_files::is_plan(&path) {
            self.report(
                Diagnostic::error(what.span, format!("`{}` is no file of steps", what.value))
                    .help("include a file whose name ends in .yaml or .yml"),
            );
            return None;
        }
        let canonical: Arc<str> = path.canonicalize().unwrap_or_else(|_| path.clone()).to_string_lossy().into();
        if self.including.contains(&canonical) {
            self.report(
                Diagnostic::error(what.span, format!("`{}` includes itself", what.value))
                    .help("remove one of these includes"),
            );
            return None;
        }
        let list = if quotable_files::is_beside(&path, self.sources.path(FileId(0))) {
            files::read_yaml(&path, self.sources, self.findings)?.1
        } else {
            self.steps_from_elsewhere(what, &path)?
        };
        let folder: Arc<std::path::Path> = path.parent().map_or_else(|| self.folder.clone(), Arc::from);
        Some(self.within(canonical, folder, |this| this.steps(&list, "include", false)))
    }

    /// A file outside of the plan's folder. Only if it holds steps anything of it is told; else
    /// it may be anybody's.
    pub(crate) fn steps_from_elsewhere(&mut self, what: &Name, path: &std::path::Path) -> Option<Node> {
        let known = self.findings.len();
        let read = files::read_yaml(path, self.sources, self.findings);
        let is_step =
            |node: &Node| node.entries().is_some_and(|keys| keys.iter().any(|key| kind_named(&key.key).is_some()));
        if let Some((_, list)) = read
            && list.items().is_some_and(|items| items.iter().any(is_step))
        {
            return Some(list);
        }
        let place = self.findings.get(known).map(|first| {
            let (line, column) = self.sources.position(first.span);
            format!(": see line {line}, column {column}")
        });
        self.findings.truncate(known);
        self.report(
            Diagnostic::error(
                what.span,
                format!("`{}` holds no list of steps{}", what.value, place.unwrap_or_default()),
            )
            .help("of a file outside of the plan's folder nothing is shown unless it is a list of steps"),
        );
        None
    }

    /// Whether another include fits inside those around it; tells when it does not.
    pub(crate) fn may_include(&mut self, what: &Name) -> bool {
        let fits = self.including.len() < MAX_INCLUDES;
        if !fits {
            self.report(
                Diagnostic::error(
                    what.span,
                    format!("includes stand inside one another more than {MAX_INCLUDES} deep"),
                )
                .help("write the steps of some of them where they are included"),
            );
        }
        fits
    }

    pub(crate) fn within<T>(
        &mut self,
        name: Arc<str>,
        folder: Arc<std::path::Path>,
        inside: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let outer = std::mem::replace(&mut self.folder, folder);
        self.including.push(name);
        let result = inside(self);
        self.including.pop();
        self.folder = outer;
        result
    }
}

/// The kind of step of this name.
pub(super) fn kind_named(name: &str) -> Option<&'static StepKeys> {
    kinds().find(|kind| kind.key.name == name)
}
