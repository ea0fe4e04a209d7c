//! Steps to nodes, following every path.

use std::sync::Arc;

use super::build::Build;
use super::{
    Children, ConnectionId, Dynamic, GroupId, LabelId, LabelKind, LockId, MeetingId, Node, NodeId, NodeKind, Place,
    RotationId, Source,
};
use crate::diagnostic::Diagnostic;
use crate::plan::{self, Name, Step, StepKind, StopTarget};
use crate::schedule::ThinkTime;
use crate::value::Value;
use crate::yaml::Node as Yaml;

/// What surrounds a step.
#[derive(Clone)]
pub(crate) struct Context {
    /// The group whose HTTP settings apply.
    pub(crate) group: Option<GroupId>,
    /// Whether the group's headers and auth apply: not while they are being earned.
    pub(crate) earned: bool,
    /// The think time that applies.
    think: Option<Arc<Dynamic<ThinkTime>>>,
    /// Where think times are not waited, and how that place is called.
    no_think: Option<&'static str>,
    in_loop: bool,
    /// The innermost connection that messages go over.
    pub(crate) connection: Option<ConnectionId>,
    /// Transactions around the step.
    pub(crate) transactions: Vec<LabelId>,
}

impl Context {
    pub(crate) fn outside() -> Self {
        Self {
            group: None,
            earned: true,
            think: None,
            no_think: Some("`setup` and `teardown`"),
            in_loop: false,
            connection: None,
            transactions: Vec::new(),
        }
    }

    pub(crate) fn on_start(group: GroupId) -> Self {
        Self { group: Some(group), earned: false, no_think: Some("`on_start`"), ..Self::outside() }
    }

    pub(crate) fn steps(group: GroupId, think: Option<Arc<Dynamic<ThinkTime>>>) -> Self {
        Self { group: Some(group), think, no_think: None, ..Self::outside() }
    }

    /// The same for steps on a connection.
    pub(crate) fn on(&self, connection: Option<ConnectionId>) -> Self {
        Self { connection, ..self.clone() }
    }

    pub(crate) fn on_stop(group: GroupId) -> Self {
        Self { group: Some(group), no_think: Some("`on_stop`"), ..Self::outside() }
    }
}

impl Build<'_> {
    pub(crate) fn children(&mut self, steps: &[Step], context: &Context) -> Children {
        steps.iter().filter_map(|step| self.step(step, context)).collect()
    }

    /// The same, and drops each step once it is compiled.
    pub(crate) fn used_up(&mut self, steps: Vec<Step>, context: &Context) -> Children {
        steps.into_iter().filter_map(|step| self.step(&step, context)).collect()
    }

    fn step(&mut self, step: &Step, outer: &Context) -> Option<NodeId> {
        let mut context = outer.clone();
        let id = NodeId(self.nodes.len() as u32);
        let what = describe(step);
        let name: Arc<str> = step.name.as_ref().map_or_else(|| what.clone(), |name| name.value.clone());
        let kind = match &step.kind {
            StepKind::Request(_) => LabelKind::Sampler,
            StepKind::Transaction { .. } => LabelKind::Transaction,
            StepKind::Group { .. }
            | StepKind::Repeat(..)
            | StepKind::RepeatFor(..)
            | StepKind::While { .. }
            | StepKind::ForEach { .. }
            | StepKind::Choose(_)
            | StepKind::RoundRobin(_)
            | StepKind::Shuffle(_)
            | StepKind::Parallel(_)
            | StepKind::Set(_)
            | StepKind::NextRow(_)
            | StepKind::Pause(_)
            | StepKind::WaitForUsers { .. }
            | StepKind::Lock(..)
            | StepKind::Stop(_)
            | StepKind::Log(_)
            | StepKind::Include { .. } => LabelKind::Step,
        };
        let label = self.label(&name, kind, step.span);
        // The place in the arena is taken first, so that nodes stand in the order of the plan.
        self.nodes.push(Node {
            span: step.span,
            name,
            label,
            condition: None,
            chance: None,
            think_time: None,
            kind: NodeKind::Stop(StopTarget::Loop),
        });
        if let Some(think) = &step.think_time {
            if let Some(place) = context.no_think {
                self.error(step.span, format!("`think_time` is not waited in {place}"), "use a `pause` step there");
            }
            context.think = self.dynamic(think, Some(id)).map(Arc::new);
        }
        let condition = step.condition.as_ref().map(|text| self.expression(text, Some(id)));
        if let (Some(Some(condition)), Some(text)) = (&condition, &step.condition)
            && let Some(Value::Bool(truth)) = condition.constant()
        {
            let (what, otherwise) = if *truth { ("always", "remove `if`") } else { ("never", "remove the step") };
            self.findings.push(
                Diagnostic::warning(text.span, format!("this condition is always {truth}, so the step {what} runs"))
                    .help(format!("compare a variable, for example `if: count > 3`, or {otherwise}")),
            );
        }
        let chance = step.chance.as_ref().map(|chance| self.dynamic(chance, Some(id)));
        let entry = (condition.is_some() || chance.is_some()).then(|| self.state.clone());
        let kind = self.kind(step, id, label, &context);
        if let Some(entry) = entry
            && !matches!(&step.kind, StepKind::Group { otherwise, .. } if !otherwise.is_empty() && chance.is_none())
        {
            self.state.join(&entry);
        }
        let kind = kind?;
        let waits = matches!(step.kind, StepKind::Request(_)) && context.no_think.is_none();
        let node = &mut self.nodes[id.index()];
        node.condition = condition.flatten().map(Box::new);
        node.chance = chance.flatten().map(Box::new);
        node.think_time = context.think.filter(|_| waits);
        node.kind = kind;
        Some(id)
    }

    fn kind(&mut self, step: &Step, id: NodeId, label: LabelId, context: &Context) -> Option<NodeKind> {
        Some(match &step.kind {
            StepKind::Request(request) => NodeKind::Request(Box::new(self.request(request, step, id, label, context)?)),
            StepKind::Group { steps, otherwise } => {
                let entry = self.state.clone();
                let children = self.children(steps, context);
                let otherwise = if otherwise.is_empty() {
                    Children::default()
                } else {
                    let then = std::mem::replace(&mut self.state, entry);
                    let otherwise = self.children(otherwise, context);
                    self.state.join(&then);
                    otherwise
                };
                NodeKind::Sequence { children, otherwise }
            }
            StepKind::Transaction { steps, thresholds, .. } => {
                self.label_thresholds(label, thresholds);
                let mut context = context.clone();
                context.transactions.push(label);
                NodeKind::Transaction(self.children(steps, &context))
            }
            StepKind::Repeat(count, steps) => {
                let count = self.dynamic(count, Some(id))?;
                let surely = matches!(count, Dynamic::Fixed(count) if count > 0);
                NodeKind::Repeat(count, self.looped(steps, context, surely))
            }
            StepKind::RepeatFor(time, steps) => NodeKind::RepeatFor(*time, self.looped(steps, context, true)),
            StepKind::While { condition, max, steps } => {
                let condition = self.expression(condition, Some(id));
                let children = self.looped(steps, context, false);
                NodeKind::While(condition?, *max, children)
            }
            StepKind::ForEach { item, list, steps } => {
                let source = if let Some(data) = self.names.data.get(&list.value).copied() {
                    self.data_used.insert(data);
                    Some(Source::Rows(data))
                } else {
                    self.expression(list, Some(id)).map(Source::List)
                };
                if let Some(Source::List(items)) = &source
                    && matches!(items.constant(), Some(Value::List(items)) if items.is_empty())
                {
                    self.findings.push(
                        Diagnostic::warning(list.span, "this list is empty, so the steps never run")
                            .help("for example `for_each: { id: [1, 2, 3] }`"),
                    );
                }
                let slot = self.slot(&item.value, false);
                if let Some(Source::Rows(data)) = source {
                    self.row_slots.insert(slot, data);
                }
                let entry = self.state.clone();
                self.state.set(slot, Some(id));
                let children = self.looped(steps, context, true);
                self.state.join(&entry);
                NodeKind::ForEach(slot, source?, children)
            }
            StepKind::Choose(steps) => {
                let mut total = 0;
                let weights: Vec<u64> = steps
                    .iter()
                    .map(|step| {
                        total += step.weight.map_or(1, |weight| weight.value);
                        total
                    })
                    .collect();
                let children = self.branches(steps, context, true);
                if children.len() != weights.len() {
                    return None;
                }
                NodeKind::Choose(children, weights.into())
            }
            StepKind::RoundRobin(steps) => {
                self.rotations += 1;
                let rotation = RotationId(self.rotations as u32 - 1);
                NodeKind::RoundRobin(rotation, self.branches(steps, context, true))
            }
            StepKind::Shuffle(steps) => NodeKind::Shuffle(self.branches(steps, context, false)),
            StepKind::Parallel(steps) => {
                let context = Context { think: None, no_think: Some("`parallel`"), ..context.clone() };
                NodeKind::Parallel(self.branches(steps, &context, false))
            }
            StepKind::Set(entries) => {
                let mut set = Vec::new();
                for (name, yaml) in entries {
                    let tree = self.tree(yaml, Some(id));
                    let slot = self.target_slot(name);
                    self.state.set(slot, Some(id));
                    self.set.push((slot, name.span));
                    set.extend(tree.map(|(tree, _)| (slot, tree)));
                }
                NodeKind::Set(set)
            }
            StepKind::Include { what, with, steps } => {
                let depth = self.names.local.len();
                let with = self.with(with, id);
                let children = self.children(steps, context);
                self.end_with(depth, &format!("`{}`", what.value));
                NodeKind::Include(with, children)
            }
            StepKind::NextRow(name) => {
                let Some(data) = self.names.data.get(&name.value).copied() else {
                    let near = crate::suggest::nearest(&name.value, self.names.data.keys().map(|known| &**known))
                        .map(str::to_owned);
                    let help = near
                        .map_or_else(|| "declare it under `data:`".into(), |near| format!("did you mean `{near}`?"));
                    self.error(name.span, format!("there is no data set `{}`", name.value), help);
                    return None;
                };
                if !matches!(self.place, Place::Group(_)) {
                    self.error(
                        name.span,
                        "`next_row` draws a row for a user, and here is none",
                        "use `for_each: { row: … }` to walk over all rows",
                    );
                }
                self.data_used.insert(data);
                NodeKind::NextRow(data)
            }
            StepKind::Pause(wait) => NodeKind::Pause(self.dynamic(wait, Some(id))?),
            StepKind::WaitForUsers { count, within } => {
                if !matches!(self.place, Place::Group(_)) {
                    self.error(
                        step.span,
                        "`wait_for_users` needs users, and here is none",
                        "move it into a thread group",
                    );
                }
                if let Place::Group(group) = self.place
                    && let users = self.plan.groups[group.index()].load.most_users()
                    && *count > users
                {
                    self.findings.push(
                        Diagnostic::warning(
                            step.span,
                            format!("{count} users can never meet here: the group has {users}"),
                        )
                        .help("lower `count`, or raise the number of users"),
                    );
                }
                self.meetings.push((*count, *within));
                NodeKind::WaitForUsers(MeetingId(self.meetings.len() as u32 - 1))
            }
            StepKind::Lock(name, steps) => {
                let at = self.locks.iter().position(|known| *known == name.value).unwrap_or_else(|| {
                    self.locks.push(name.value.clone());
                    self.locks.len() - 1
                });
                NodeKind::Lock(LockId(at as u32), self.children(steps, context))
            }
            StepKind::Stop(target) => {
                self.check_stop(step, *target, context);
                NodeKind::Stop(*target)
            }
            StepKind::Log(text) => NodeKind::Log(self.text(text, Some(id))?.template),
        })
    }

    fn check_stop(&mut self, step: &Step, target: StopTarget, context: &Context) {
        if target == StopTarget::Loop && !context.in_loop {
            self.error(step.span, "`stop: loop` stands in no loop", "write `stop: iteration` to leave the iteration");
        }
        let user = matches!(target, StopTarget::User | StopTarget::Group | StopTarget::Iteration);
        if user && !matches!(self.place, Place::Group(_)) {
            self.error(
                step.span,
                "there are no users here to stop",
                "write `stop: test`, or move the step into a thread group",
            );
        } else if target == StopTarget::Iteration && !self.in_iteration {
            self.error(step.span, "there is no iteration here to stop", "`stop: iteration` belongs in `steps`");
        }
    }

    /// The steps of a loop; unless it surely runs once, what it sets is set only sometimes.
    fn looped(&mut self, steps: &[Step], context: &Context, surely: bool) -> Children {
        let entry = self.state.clone();
        let context = Context { in_loop: true, ..context.clone() };
        self.loops += 1;
        let children = self.children(steps, &context);
        self.loops -= 1;
        if !surely {
            self.state.join(&entry);
        }
        children
    }

    /// Branches that start from the same point: one of them runs, or all in whichever order.
    fn branches(&mut self, steps: &[Step], context: &Context, one: bool) -> Children {
        let entry = self.state.clone();
        let mut after: Option<super::flow::VariableStates> = None;
        let mut children = Vec::with_capacity(steps.len());
        for step in steps {
            self.state = entry.clone();
            children.extend(self.step(step, context));
            match &mut after {
                None => after = Some(self.state.clone()),
                Some(after) if one => after.join(&self.state),
                Some(after) => after.both(&self.state),
            }
        }
        self.state = after.unwrap_or(entry);
        children.into()
    }

    /// The slot a step sets: a `with` variable of that name, or the user's own.
    pub(crate) fn target_slot(&mut self, name: &Name) -> crate::template::SlotId {
        let local = self.names.local.iter().rev().find(|(local, _)| local.value == name.value).map(|(_, slot)| *slot);
        local.unwrap_or_else(|| self.slot(&name.value, false))
    }

    /// Variables for a step only; [`Self::end_with`] ends them.
    pub(crate) fn with(
        &mut self,
        with: &[(Name, Yaml)],
        id: NodeId,
    ) -> Vec<(crate::template::SlotId, crate::template::Tree)> {
        let mut set = Vec::new();
        for (name, yaml) in with {
            let tree = self.tree(yaml, Some(id));
            let slot = self.new_slot(name.value.clone(), false);
            self.state.set(slot, Some(id));
            self.names.local.push((name.clone(), slot));
            set.extend(tree.map(|(tree, _)| (slot, tree)));
        }
        set
    }

    pub(crate) fn end_with(&mut self, depth: usize, user: &str) {
        for (name, slot) in self.names.local.split_off(depth) {
            if !self.names.used.contains(&slot) {
                self.error(
                    name.span,
                    format!("{user} does not use `{}`", name.value),
                    "remove it from `with`, or check the spelling",
                );
            }
        }
    }

    pub(crate) fn dynamic<T: Copy>(&mut self, value: &plan::Dynamic<T>, id: Option<NodeId>) -> Option<Dynamic<T>> {
        match value {
            plan::Dynamic::Fixed(value) => Some(Dynamic::Fixed(*value)),
            plan::Dynamic::Computed(text) => self.text(text, id).map(|compiled| Dynamic::Computed(compiled.template)),
        }
    }
}

/// What a step does, in a few words: the label of a request without a name, and what drawings show.
pub(crate) fn describe(step: &Step) -> Arc<str> {
    match &step.kind {
        StepKind::Request(request) => request.protocol.describe(),
        StepKind::Group { .. } => match &step.condition {
            Some(condition) => format!("if {}", condition.value).into(),
            None => "steps".into(),
        },
        StepKind::Transaction { label, .. } => label.value.clone(),
        StepKind::Repeat(plan::Dynamic::Fixed(count), _) => format!("repeat {count}").into(),
        StepKind::Repeat(plan::Dynamic::Computed(text), _) => format!("repeat {}", text.value).into(),
        StepKind::RepeatFor(time, _) => format!("repeat {time:?}").into(),
        StepKind::While { condition, .. } => format!("while {}", condition.value).into(),
        StepKind::ForEach { item, list, .. } => format!("for each {} of {}", item.value, list.value).into(),
        StepKind::Choose(_) => "choose".into(),
        StepKind::RoundRobin(_) => "round_robin".into(),
        StepKind::Shuffle(_) => "shuffle".into(),
        StepKind::Parallel(_) => "parallel".into(),
        StepKind::Set(entries) => {
            format!("set {}", entries.iter().map(|(name, _)| &*name.value).collect::<Vec<_>>().join(", ")).into()
        }
        StepKind::NextRow(name) => format!("next_row {}", name.value).into(),
        StepKind::Pause(_) => "pause".into(),
        StepKind::WaitForUsers { count, .. } => format!("wait_for_users {count}").into(),
        StepKind::Lock(name, _) => format!("lock {}", name.value).into(),
        StepKind::Stop(target) => format!("stop {}", format!("{target:?}").to_ascii_lowercase()).into(),
        StepKind::Log(_) => "log".into(),
        StepKind::Include { what, .. } => format!("include {}", what.value).into(),
    }
}

/// The steps inside a step.
fn inner(step: &Step) -> Vec<&[Step]> {
    match &step.kind {
        StepKind::Group { steps, otherwise } => vec![steps, otherwise],
        StepKind::Transaction { steps, .. }
        | StepKind::Repeat(_, steps)
        | StepKind::RepeatFor(_, steps)
        | StepKind::While { steps, .. }
        | StepKind::ForEach { steps, .. }
        | StepKind::Choose(steps)
        | StepKind::RoundRobin(steps)
        | StepKind::Shuffle(steps)
        | StepKind::Parallel(steps)
        | StepKind::Lock(_, steps)
        | StepKind::Include { steps, .. } => vec![steps],
        StepKind::Request(request) => vec![request.protocol.steps()],
        StepKind::Set(_)
        | StepKind::NextRow(_)
        | StepKind::Pause(_)
        | StepKind::WaitForUsers { .. }
        | StepKind::Stop(_)
        | StepKind::Log(_) => Vec::new(),
    }
}

/// Calls `tell` for every variable the steps set for the user.
pub(crate) fn set_names(steps: &[Step], tell: &mut dyn FnMut(&Name)) {
    for step in steps {
        match &step.kind {
            StepKind::Request(request) => request.extract.iter().for_each(|extractor| tell(&extractor.variable)),
            StepKind::Set(entries) => entries.iter().for_each(|(name, _)| tell(name)),
            StepKind::ForEach { item, .. } => tell(item),
            StepKind::Group { .. }
            | StepKind::Repeat(..)
            | StepKind::RepeatFor(..)
            | StepKind::While { .. }
            | StepKind::Choose(_)
            | StepKind::RoundRobin(_)
            | StepKind::Shuffle(_)
            | StepKind::Parallel(_)
            | StepKind::NextRow(_)
            | StepKind::Pause(_)
            | StepKind::WaitForUsers { .. }
            | StepKind::Lock(..)
            | StepKind::Stop(_)
            | StepKind::Log(_)
            | StepKind::Include { .. }
            | StepKind::Transaction { .. } => {}
        }
        for steps in inner(step) {
            set_names(steps, tell);
        }
    }
}
