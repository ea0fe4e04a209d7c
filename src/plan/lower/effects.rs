//! Keys that are allowed where they stand but do nothing there, or something else than they seem to.

use super::Lower;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::types::{Dynamic, Step, StepKind};
use crate::units::parse_share;
use crate::yaml::{Entry, Node};

impl Lower<'_> {
    /// `chance`, `if` and `weight` on the branches of `choose` or `round_robin`, which draw a
    /// branch first and ask these afterwards: then nothing runs.
    pub(crate) fn branch_keys(&mut self, key: &str, node: &Node) {
        let branches: Vec<&[Entry]> = node.items().unwrap_or_default().iter().filter_map(Node::entries).collect();
        let entry = |branch: &'_ [Entry], name: &str| branch.iter().position(|entry| &*entry.key == name);
        let weights = weights(&branches);
        for (at, branch) in branches.iter().enumerate() {
            if let Some(chance) = entry(branch, "chance").map(|at| &branch[at]) {
                let finding = match key {
                    "choose" => {
                        let finding = Diagnostic::warning(
                            chance.key_span,
                            "`chance` on a branch of `choose`: when the branch is drawn and its chance fails, nothing runs",
                        )
                        .help("write how often the branch is drawn as `weight`, for example `weight: 3` beside `weight: 1`");
                        match weights.as_ref().filter(|_| entry(branch, "weight").is_none()) {
                            Some(weights) => {
                                let span = Span { end: chance.value.span.end, ..chance.key_span };
                                finding.fix(span, format!("weight: {}", weights[at]))
                            }
                            None => finding,
                        }
                    }
                    _ => Diagnostic::warning(
                        chance.key_span,
                        format!("`chance` on a branch of `{key}`: in a turn whose chance fails, nothing runs"),
                    )
                    .help("use `choose` with `weight` to run one of the branches each time"),
                };
                self.report(finding);
            }
            if let Some(condition) = entry(branch, "if").map(|at| &branch[at]) {
                let word = if key == "choose" { "drawn" } else { "next" };
                self.report(
                    Diagnostic::warning(
                        condition.key_span,
                        format!("`if` on a branch of `{key}`: when the branch is {word} and the condition is false, nothing runs"),
                    )
                    .help(format!("put the `{key}` inside a step with `if` and `else`, or leave this warning if that is meant")),
                );
            }
        }
        if let ([_], Some(first)) = (branches.as_slice(), node.items().and_then(<[Node]>::first)) {
            self.report(
                Diagnostic::warning(
                    Self::start_of(first),
                    format!("this `{key}` has one branch, so there is nothing to choose"),
                )
                .help("add a second branch with its own `-`, or write the step without it"),
            );
        }
    }

    /// Weights of which one is 0: that branch is never drawn.
    pub(crate) fn zero_weights(&mut self, branches: &[Step]) {
        for weight in branches.iter().filter_map(|branch| branch.weight.as_ref()).filter(|weight| weight.value == 0) {
            self.report(
                Diagnostic::warning(weight.span, "a branch with weight 0 is never drawn")
                    .help("give it a weight above 0, or remove the branch"),
            );
        }
    }

    /// What a step says about itself that has no effect.
    pub(crate) fn step_keys(&mut self, step: &Step, think_time: Option<&Entry>, chance: Option<&Entry>) {
        if let Some(think_time) = think_time.filter(|_| sends_nothing(&step.kind)) {
            self.report(
                Diagnostic::warning(
                    think_time.key_span,
                    "`think_time` is waited after requests, and this step sends none",
                )
                .help("remove it, or add a step `- pause: 1s`"),
            );
        }
        if let (Some(think_time), StepKind::Parallel(_)) = (think_time, &step.kind) {
            self.report(
                Diagnostic::warning(think_time.key_span, "`think_time` is not waited in `parallel`")
                    .help("add a step `- pause: 1s` after it"),
            );
        }
        if let (Some(Dynamic::Fixed(share)), Some(chance)) = (&step.chance, chance)
            && (*share <= 0.0 || *share >= 1.0)
        {
            let what = if *share <= 0.0 { "never runs" } else { "always runs" };
            self.report(
                Diagnostic::warning(chance.key_span, format!("a step with this chance {what}"))
                    .help("write a share between 0% and 100%, or remove `chance`"),
            );
        }
        if let (StepKind::Group { otherwise, .. }, Some(chance)) = (&step.kind, chance)
            && !otherwise.is_empty()
        {
            self.report(
                Diagnostic::warning(chance.key_span, "`else` runs too when `if` is true but the chance fails")
                    .help("put `chance` on a step of its own inside `steps`"),
            );
        }
        if let StepKind::Repeat(Dynamic::Fixed(0), _) = step.kind {
            self.report(
                Diagnostic::warning(step.span, "`repeat: 0` runs nothing")
                    .help("write how often the steps run, from 1"),
            );
        }
    }

    /// Steps after one that ends what they belong to.
    pub(crate) fn unreachable(&mut self, steps: &[Step]) {
        if let Some(at) = steps.iter().position(always_stops)
            && let Some(next) = steps.get(at + 1)
        {
            self.report(
                Diagnostic::warning(next.span, "this step never runs, because the step before it always ends them")
                    .help("move it before the `stop`, or give the `stop` an `if`")
                    .related(steps[at].span, "ends here"),
            );
        }
    }
}

/// Whether nothing after a step in its list can run.
fn always_stops(step: &Step) -> bool {
    if step.condition.is_some() || step.chance.is_some() {
        return false;
    }
    match &step.kind {
        StepKind::Stop(_) => true,
        StepKind::Group { steps, otherwise } => otherwise.is_empty() && steps.iter().any(always_stops),
        StepKind::Transaction { steps, .. } | StepKind::Lock(_, steps) | StepKind::Include { steps, .. } => {
            steps.iter().any(always_stops)
        }
        // A loop may be what is left; a branch may not be drawn.
        StepKind::Request(_)
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
        | StepKind::Log(_) => false,
    }
}

fn sends_nothing(kind: &StepKind) -> bool {
    match kind {
        StepKind::Set(_)
        | StepKind::NextRow(_)
        | StepKind::Pause(_)
        | StepKind::WaitForUsers { .. }
        | StepKind::Stop(_)
        | StepKind::Log(_) => true,
        StepKind::Request(_)
        | StepKind::Group { .. }
        | StepKind::Transaction { .. }
        | StepKind::Repeat(..)
        | StepKind::RepeatFor(..)
        | StepKind::While { .. }
        | StepKind::ForEach { .. }
        | StepKind::Choose(_)
        | StepKind::RoundRobin(_)
        | StepKind::Shuffle(_)
        | StepKind::Parallel(_)
        | StepKind::Lock(..)
        | StepKind::Include { .. } => false,
    }
}

/// The chances of branches as whole-number weights; `None` unless every branch has one, and none
/// has a weight.
fn weights(branches: &[&[Entry]]) -> Option<Vec<u64>> {
    let shares: Vec<f64> = branches
        .iter()
        .map(|branch| {
            let chance = branch.iter().find(|entry| &*entry.key == "chance")?;
            parse_share(chance.value.text()?).ok()
        })
        .collect::<Option<_>>()?;
    [100.0, 1_000.0, 10_000.0, 100_000.0].into_iter().find_map(|scale| {
        let scaled: Vec<f64> = shares.iter().map(|share| share * scale).collect();
        let whole = scaled.iter().all(|weight| (weight - weight.round()).abs() < 1e-6);
        (whole && scaled.iter().any(|weight| *weight > 0.5))
            .then(|| scaled.iter().map(|weight| weight.round() as u64).collect())
    })
}
