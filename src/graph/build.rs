//! From the plan to the graph, collecting every finding on the way.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::flow::VariableStates;
use super::names::Names;
use super::{
    AssertionInfo, Children, Data, DataId, ExecutionGraph, Flow, Group, GroupId, Label, LabelId, LabelKind, Node,
    NodeKind, Place, Slot, Threshold,
};
use crate::diagnostic::{Diagnostic, Severity, Sources, Span};
use crate::mask::Masker;
use crate::phase::Phase;
use crate::plan::{self, Plan, Step, Text, environment, is_data};
use crate::protocols::http::client::Settings;
use crate::services::Service;
use crate::template::SlotId;
use crate::template::Template;

/// What the compiler knows while it walks the plan.
pub(crate) struct Build<'p> {
    pub(crate) plan: &'p Plan,
    /// Hides the plan's secrets in sentences that are cut.
    pub(crate) secrets: Masker,
    pub(crate) sources: Sources,
    pub(crate) findings: Vec<Diagnostic>,
    pub(crate) names: Names,
    pub(super) state: VariableStates,
    pub(crate) place: Place,
    pub(crate) in_iteration: bool,
    /// How many loops are around the current step.
    pub(crate) loops: usize,
    /// Data sets drawn from in the current group: per user, per iteration.
    pub(crate) rows_used: (BTreeSet<DataId>, BTreeSet<DataId>),
    /// The columns of each data set, as far as they are known.
    pub(crate) columns: Vec<Vec<Arc<str>>>,
    /// Variables of `for_each: { row: DATA }`.
    pub(crate) row_slots: HashMap<SlotId, DataId>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) labels: Vec<Label>,
    /// Where each label stands in that list.
    known_labels: HashMap<(Place, LabelKind, Arc<str>), LabelId>,
    /// What each label's first request sends, to tell when another one would merge with it.
    pub(crate) requests: HashMap<LabelId, (Arc<str>, Arc<str>)>,
    pub(crate) assertions: Vec<AssertionInfo>,
    pub(crate) thresholds: Vec<Threshold>,
    /// Labels whose own or whose transactions' thresholds judge their errors.
    pub(crate) judged: BTreeSet<LabelId>,
    pub(crate) transports: Vec<Settings>,
    /// The phases that requests of each thread group have.
    pub(crate) phases: HashSet<(Option<GroupId>, Phase)>,
    /// How many connections for messages there are.
    pub(crate) connections: u32,
    pub(crate) locks: Vec<Arc<str>>,
    pub(crate) meetings: Vec<(u64, Option<std::time::Duration>)>,
    pub(crate) rotations: usize,
    pub(crate) flows: Vec<Flow>,
    /// Extracted variables and where, to tell those nobody uses.
    pub(crate) extracted: Vec<(SlotId, Span)>,
    /// Variables of `set` steps.
    pub(crate) set: Vec<(SlotId, Span)>,
    /// Data sets that any step or expression reads.
    pub(crate) data_used: BTreeSet<DataId>,
    /// Whether any expression reads `response`, which needs bodies kept.
    pub(crate) reads_response: bool,
    /// Variables that hold lists, as far as extractors say so.
    pub(super) lists: HashSet<SlotId>,
    pub(super) regexes: super::patterns::Regexes,
}

/// A group's `on_start`, `steps` and `on_stop`.
type Steps = [Vec<Step>; 3];

/// Compiles a plan and uses it up: each step is dropped once it is compiled, as a large plan and
/// its graph need not be in memory together. The graph is there only when nothing stands in the way of a run; the findings
/// are those of this stage.
pub fn build(
    mut plan: Plan,
    sources: &Sources,
    env: &BTreeMap<String, String>,
) -> (Option<ExecutionGraph>, Vec<Diagnostic>) {
    let steps: Vec<Steps> = plan
        .groups
        .iter_mut()
        .map(|group| [&mut group.on_start, &mut group.steps, &mut group.on_stop].map(std::mem::take))
        .collect();
    let mut build = Build {
        plan: &plan,
        secrets: Masker::new(plan.secrets()),
        sources: sources.clone(),
        findings: Vec::new(),
        names: Names { env: environment(env), ..Names::default() },
        state: VariableStates::default(),
        place: Place::Setup,
        in_iteration: false,
        loops: 0,
        rows_used: Default::default(),
        columns: Vec::new(),
        row_slots: HashMap::new(),
        nodes: Vec::new(),
        slots: Vec::new(),
        labels: Vec::new(),
        known_labels: HashMap::new(),
        requests: HashMap::new(),
        assertions: Vec::new(),
        thresholds: Vec::new(),
        judged: BTreeSet::new(),
        transports: Vec::new(),
        phases: HashSet::new(),
        connections: 0,
        locks: Vec::new(),
        meetings: Vec::new(),
        rotations: 0,
        flows: Vec::new(),
        extracted: Vec::new(),
        set: Vec::new(),
        data_used: BTreeSet::new(),
        reads_response: false,
        lists: HashSet::new(),
        regexes: Default::default(),
    };
    let graph = build.graph(steps);
    let failed = build.findings.iter().any(|finding| finding.severity == Severity::Error);
    (if failed { None } else { graph }, build.findings)
}

/// How long running iterations may finish when the time is up and the plan does not say.
const GRACEFUL_STOP: Duration = Duration::from_secs(30);
/// The same after SIGTERM: containers are killed ten seconds after it.
const GRACEFUL_STOP_ON_SIGTERM: Duration = Duration::from_secs(5);

impl Build<'_> {
    fn graph(&mut self, steps: Vec<Steps>) -> Option<ExecutionGraph> {
        let plan = self.plan;
        let services_slot = (!plan.services.is_empty()).then(|| self.slot("services", false));
        if let Some(slot) = services_slot {
            self.names.constant.insert(slot);
            self.state.set(slot, None);
        }
        self.variables();
        let data = self.data_sets();
        for name in &plan.unread.variables {
            if !self.names.slots.contains_key(name) && !self.names.data.contains_key(name) {
                let slot = self.slot(name, false);
                self.state.set(slot, None);
            }
        }
        self.collect_set_names(&steps);
        let services = self.services();

        self.place = Place::Setup;
        let setup = self.outside(&plan.setup);
        let after_setup = self.state.clone();
        let mut groups = Vec::new();
        for (index, (group, steps)) in plan.groups.iter().zip(steps).enumerate() {
            self.state = after_setup.clone();
            groups.push(self.group(GroupId(index as u32), group, steps));
        }
        self.no_circle(&groups);
        self.arithmetic(&groups);
        self.lost_logins(&groups);
        self.state = after_setup;
        self.place = Place::Teardown;
        let teardown = self.outside(&plan.teardown);
        self.run_thresholds();
        if self.reads_response {
            for node in &mut self.nodes {
                if let NodeKind::Request(request) = &mut node.kind {
                    request.keep_body = true;
                }
            }
        }
        self.secret_headers();
        self.never_used();
        self.titles(&groups);
        self.flows.sort_unstable();
        self.flows.dedup();

        self.nodes.shrink_to_fit();
        self.thresholds.shrink_to_fit();
        Some(ExecutionGraph {
            name: plan.name.clone(),
            file: self.sources.path(plan.file).to_owned(),
            sources: self.sources.clone(),
            nodes: std::mem::take(&mut self.nodes),
            setup,
            teardown,
            groups,
            slots: std::mem::take(&mut self.slots),
            labels: std::mem::take(&mut self.labels),
            assertions: std::mem::take(&mut self.assertions),
            thresholds: std::mem::take(&mut self.thresholds),
            data,
            services,
            services_slot,
            transports: std::mem::take(&mut self.transports),
            locks: std::mem::take(&mut self.locks),
            meetings: std::mem::take(&mut self.meetings),
            rotations: self.rotations,
            counters: std::mem::take(&mut self.names.counters),
            flows: std::mem::take(&mut self.flows),
            reads_response: self.reads_response,
            skip_without_samples: plan.skip_without_samples,
        })
    }

    /// The slot of a variable, made when it is first named.
    pub(crate) fn slot(&mut self, name: &str, secret: bool) -> SlotId {
        if let Some(slot) = self.names.slots.get(name) {
            return *slot;
        }
        let slot = self.new_slot(name.into(), secret);
        self.names.slots.insert(name.into(), slot);
        slot
    }

    pub(crate) fn new_slot(&mut self, name: Arc<str>, secret: bool) -> SlotId {
        self.slots.push(Slot { name, secret, cookie: false, initial: None, computed: None });
        SlotId(self.slots.len() as u32 - 1)
    }

    fn variables(&mut self) {
        for variable in &self.plan.variables {
            let computed = match &variable.value {
                Some(_) => None,
                None => self.tree(&variable.node, None).map(|(tree, _)| tree),
            };
            let slot = self.slot(&variable.name.value, variable.secret);
            let entry = &mut self.slots[slot.0 as usize];
            entry.initial = variable.value.clone();
            entry.computed = computed;
            self.names.constant.insert(slot);
            self.state.set(slot, None);
        }
    }

    fn data_sets(&mut self) -> Vec<Data> {
        let mut sets = Vec::new();
        for (index, set) in self.plan.data.iter().enumerate() {
            if self.names.slots.contains_key(&set.name.value) {
                self.error(
                    set.name.span,
                    format!("`{}` is both a data set and a variable", set.name.value),
                    "rename one of the two: they share one namespace",
                );
            }
            let spec = crate::data::Spec {
                path: set.file.value.clone(),
                columns: set.columns.clone(),
                delimiter: set.delimiter,
                encoding: set.encoding.as_ref().map(|encoding| encoding.value.clone()),
            };
            let is_told = is_data(&spec.path, self.sources.path(self.plan.file));
            // One that is not there, or is no ordinary file, was told already and is not opened.
            let columns = match spec.path.is_file().then(|| spec.check()) {
                None => Vec::new(),
                Some(Ok(columns)) if is_told => columns,
                // What may be anybody's file is read, but nothing of it is told.
                Some(Ok(_)) => Vec::new(),
                Some(Err(error)) if is_told => {
                    self.error(set.file.span, error.message, error.help);
                    Vec::new()
                }
                Some(Err(_)) => {
                    let message = format!("{} cannot be read as a table", crate::sanitize::shown_path(&spec.path));
                    self.error(
                        set.file.span,
                        message,
                        "what is in it is told only of files that end in .csv, .tsv, .txt, .json or .yaml, and are not hidden",
                    );
                    Vec::new()
                }
            };
            self.columns.push(columns);
            let slot = self.slot(&set.name.value, false);
            self.state.set(slot, None);
            self.names.data.insert(set.name.value.clone(), DataId(index as u32));
            sets.push(Data {
                name: set.name.value.clone(),
                slot,
                file: spec,
                order: set.order,
                share: set.share,
                at_end: set.at_end,
                span: set.name.span,
            });
        }
        sets
    }

    fn services(&mut self) -> Vec<Service<Template>> {
        let plan = self.plan;
        plan.services
            .iter()
            .filter_map(|service| {
                let compiled = |text: &Text| self.text(text, None).map(|compiled| compiled.template).ok_or(());
                let kind = service.kind.try_map(compiled).ok()?;
                Some(Service { name: service.name.value.clone(), kind })
            })
            .collect()
    }

    /// Names of variables that any step sets, before the steps are compiled: what is set later or
    /// elsewhere can then be told from what is misspelt.
    fn collect_set_names(&mut self, steps: &[Steps]) {
        let plan = self.plan;
        let mut places = vec![(Place::Setup, &plan.setup), (Place::Teardown, &plan.teardown)];
        for (index, group) in steps.iter().enumerate() {
            let place = Place::Group(GroupId(index as u32));
            places.extend(group.iter().map(|steps| (place, steps)));
        }
        let mut set = Vec::new();
        for (place, steps) in places {
            super::steps::set_names(steps, &mut |name| set.push((place, name.clone())));
        }
        for (place, name) in set {
            if self.names.data.contains_key(&name.value) {
                self.error(
                    name.span,
                    format!("`{}` is a data set, so it cannot be set", name.value),
                    "choose another name for the variable, or draw a row with `next_row`",
                );
                continue;
            }
            let slot = self.slot(&name.value, false);
            self.names.constant.remove(&slot);
            self.names.set.entry(name.value).or_default().push((place, name.span));
        }
    }

    /// Setup and teardown.
    fn outside(&mut self, steps: &[Step]) -> Children {
        let context = super::steps::Context::outside();
        self.children(steps, &context)
    }

    fn group(&mut self, id: GroupId, group: &plan::ThreadGroup, [on_start, steps, on_stop]: Steps) -> Group {
        self.place = Place::Group(id);
        self.rows_used = Default::default();
        let think = group.think_time.as_ref().and_then(|think| self.dynamic(think, None)).map(Arc::new);
        let on_start = self.used_up(on_start, &super::steps::Context::on_start(id));
        self.in_iteration = true;
        let steps = self.used_up(steps, &super::steps::Context::steps(id, think));
        self.in_iteration = false;
        let on_stop = self.used_up(on_stop, &super::steps::Context::on_stop(id));
        let (per_user, per_iteration) = std::mem::take(&mut self.rows_used);
        self.group_thresholds(id, group);
        Group {
            name: group.name.value.clone(),
            span: group.name.span,
            load: group.load.clone(),
            pacing: group.pacing,
            throughput: group.throughput,
            delay: group.delay,
            needs: self.needs(id, group),
            warm_up: group.warm_up,
            graceful_stop: group.graceful_stop.unwrap_or(GRACEFUL_STOP),
            graceful_stop_on_sigterm: group.graceful_stop.unwrap_or(GRACEFUL_STOP_ON_SIGTERM),
            on_error: group.on_error,
            on_start,
            steps,
            on_stop,
            rows_per_user: per_user.into_iter().collect(),
            rows_per_iteration: per_iteration.into_iter().collect(),
        }
    }

    /// A line of the report; lines of one text and kind in one place are one.
    pub(crate) fn label(&mut self, text: &str, kind: LabelKind, span: Span) -> LabelId {
        let labels = &mut self.labels;
        *self.known_labels.entry((self.place, kind, text.into())).or_insert_with_key(|(place, _, text)| {
            labels.push(Label { text: text.clone(), title: text.clone(), kind, place: *place, span });
            LabelId(labels.len() as u32 - 1)
        })
    }

    /// Tells lines of one text apart: by their thread group, and if need be by what they are.
    fn titles(&mut self, groups: &[Group]) {
        let mut of_text: HashMap<Arc<str>, usize> = HashMap::new();
        let mut of_place: HashMap<(Arc<str>, Place), usize> = HashMap::new();
        for label in &self.labels {
            *of_text.entry(label.text.clone()).or_default() += 1;
            *of_place.entry((label.text.clone(), label.place)).or_default() += 1;
        }
        for label in self.labels.iter_mut().filter(|label| of_text[&label.text] > 1) {
            let place = match label.place {
                Place::Setup => "setup",
                Place::Teardown => "teardown",
                Place::Group(group) => &groups[group.index()].name,
            };
            let kind = match label.kind {
                LabelKind::Sampler => "request",
                LabelKind::Transaction => "transaction",
                LabelKind::Step => "step",
            };
            label.title = match of_place[&(label.text.clone(), label.place)] {
                1 => format!("{} ({place})", label.text).into(),
                _ => format!("{} ({place}, {kind})", label.text).into(),
            };
        }
    }

    fn never_used(&mut self) {
        // A plan with mistakes is not read to its end, so what uses these may be missing.
        let whole = self.plan.is_whole && self.findings.iter().all(|one| one.severity != Severity::Error);
        for (index, set) in self.plan.data.iter().enumerate() {
            if whole && !self.data_used.contains(&DataId(index as u32)) {
                self.findings.push(
                    Diagnostic::warning(set.name.span, format!("nothing uses the data set `{}`", set.name.value)).help(
                        format!("remove it, or use a column of its current row: `${{{}.COLUMN}}`", set.name.value),
                    ),
                );
            }
        }
        for (slot, span) in std::mem::take(&mut self.set) {
            if whole && !self.names.used.contains(&slot) {
                let name = &self.slots[slot.0 as usize].name;
                self.findings.push(
                    Diagnostic::warning(span, format!("`{name}` is set but never used"))
                        .help(format!("use it as `${{{name}}}`, or remove it")),
                );
            }
        }
        for (slot, span) in std::mem::take(&mut self.extracted) {
            // What was not read may use it.
            if !self.plan.unread.any && !self.names.used.contains(&slot) {
                let name = &self.slots[slot.0 as usize].name;
                self.findings.push(
                    Diagnostic::warning(span, format!("`{name}` is extracted but never used"))
                        .help("remove the extractor, or use the variable; to check that a value is there, write `exists: true` under `assert`"),
                );
            }
        }
    }
}
