//! A virtual user: its variables, its connections, its randomness.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::clock::Clock;
use super::events::{Event, EventSender, Observer, Row, RowKind, RowSink};
use super::sample::Sent;
use super::shared::{Phase, Shared};
use crate::data::{Draw, Pile};
use crate::failure::{FailureKind, StepError};
use crate::files;
use crate::graph::{DataId, Dynamic, ExecutionGraph, GroupId, Node, NodeId};
use crate::mask::{Masker, Secret, cookie_values, texts_of};
use crate::metrics::{Example, LostWhy, Outcome, Recorder, Sample, SampleFailure};
use crate::plan::{AtEnd, Share};
use crate::problem::Problem;
use crate::protocols::http::sampler::Fixed;
use crate::protocols::sampler::Sessions;
use crate::random::Random;
use crate::response::Response;
use crate::schedule::ThinkTime;
use crate::template::{CounterId, EvalError, Scope, SlotId, Tree};
use crate::value::Value;

/// Shorter cookie values and the like (`1`, `true`, `en`) are no secrets, and masking them would
/// make responses unreadable.
const SHORTEST_CREDENTIAL: usize = 6;

/// How many earlier values of its secret variables a user goes on hiding.
const MAX_REPLACED: usize = 16;

/// What all users on one worker thread share.
pub(super) struct Local {
    pub(super) shared: Arc<Shared>,
    pub(super) clock: Clock,
    pub(super) recorder: RefCell<Recorder>,
    /// One for each thread group, and one more for setup and teardown.
    pub(super) gates: Vec<Gate>,
    pub(super) events: EventSender,
    pub(super) observer: Option<Rc<dyn Observer>>,
    /// Takes a row for each sample of a thread group.
    pub(super) rows: Option<RefCell<Box<dyn RowSink>>>,
    /// This thread's own copies of what never changes in a node's requests, by node. Counting the
    /// users of one shared copy would make every thread wait for every other one's counting.
    pub(super) fixed: Fixed,
}

/// How far a group has come, as seen on this thread.
#[derive(Default)]
pub(super) struct Gate {
    phase: Cell<Phase>,
    ending: Notify,
}

impl Gate {
    /// Whether iterations start.
    pub(super) fn is_running(&self) -> bool {
        self.phase.get() == Phase::Running
    }

    /// Whether it was told to stop early.
    pub(super) fn is_stopped(&self) -> bool {
        self.phase.get() == Phase::Stopped
    }

    /// No iteration starts any more, and waits end at once.
    pub(super) fn end(&self, stopped: bool) {
        self.phase.set(if stopped { Phase::Stopped } else { Phase::TimeUp });
        self.ending.notify_waiters();
    }

    /// Waits for something, but no longer than the group runs; whether it came.
    pub(super) async fn running<T>(&self, what: impl Future<Output = T>) -> Option<T> {
        self.until(|phase| phase > Phase::Running, what).await
    }

    /// Waits for something, but no longer than until the phase is `over`.
    async fn until<T>(&self, over: impl Fn(Phase) -> bool, what: impl Future<Output = T>) -> Option<T> {
        let mut what = std::pin::pin!(what);
        loop {
            let ending = self.ending.notified();
            if over(self.phase.get()) {
                return None;
            }
            tokio::select! {
                biased;
                came = &mut what => return Some(came),
                () = ending => {}
            }
        }
    }
}

/// The word to a user that it is to leave.
#[derive(Default)]
pub(super) struct Leaving {
    told: Cell<bool>,
    word: Notify,
    /// Whether the user ends early.
    lost: Cell<bool>,
    /// Whether it is counted as missing until the word comes.
    missing: Cell<bool>,
}

impl Leaving {
    /// Whether the word was given.
    pub(super) fn is_told(&self) -> bool {
        self.told.get()
    }

    /// Tells the user to leave.
    pub(super) fn tell(&self) {
        self.told.set(true);
        self.word.notify_one();
    }

    /// The user ends early.
    pub(super) fn lose(&self) {
        self.lost.set(true);
    }

    /// The user has ended; whether it is missing from now on.
    pub(super) fn ended(&self) -> bool {
        self.missing.set(self.lost.get() && !self.told.get());
        self.missing.get()
    }

    /// Whether it is missing.
    pub(super) fn is_missing(&self) -> bool {
        self.missing.get()
    }

    /// Waits for it.
    pub(super) async fn heard(&self) {
        self.word.notified().await;
    }
}

impl Local {
    pub(super) fn gate(&self, group: Option<GroupId>) -> &Gate {
        let last = self.gates.len() - 1;
        &self.gates[group.map_or(last, GroupId::index)]
    }
}

impl Local {
    /// Counts a step that could not run; the message is masked.
    pub(super) fn step_failed(&self, node: &Node, message: String, group: Option<GroupId>, user: u64) {
        let failure = SampleFailure::new(FailureKind::Step, message, node.span);
        let now = self.clock.now();
        let sample = Sample::bare(node.label, now, now, Outcome::Failed(std::slice::from_ref(&failure)));
        let mut example = || {
            let name = self.shared.masker.mask(&node.name).into();
            self.events.send(Event::Failure(name, failure.message.clone()));
            Example::default()
        };
        self.recorder.borrow_mut().sample(&sample, &mut example);
        let told = Some((failure.kind.word(), failure.message.clone()));
        self.row(group, user, &sample, RowKind::Request { status: None, url: "" }, told);
    }

    /// Hands a sample to the row-wise outputs, if it counts: those of setup, teardown and the
    /// warm-up do not, nor do those that were interrupted or came from a cache.
    pub(super) fn row(
        &self,
        group: Option<GroupId>,
        user: u64,
        sample: &Sample<'_>,
        kind: RowKind<'_>,
        failure: Option<(&'static str, String)>,
    ) {
        let (Some(rows), Some(group)) = (&self.rows, group) else { return };
        let started = sample.started.saturating_sub(sample.behind);
        let counts = !matches!(sample.outcome, Outcome::Interrupted)
            && !sample.cached
            && !self.recorder.borrow().warms_up(sample.label, started);
        if !counts {
            return;
        }
        let timings = &sample.timings;
        let elapsed = sample.behind
            + sample.response_time.counted().unwrap_or_else(|| sample.ended.saturating_sub(sample.started));
        let answered = timings.first_byte.is_some();
        rows.borrow_mut().row(&Row {
            label: &self.shared.names.labels[sample.label.0 as usize],
            group: &self.shared.names.groups[group.index()],
            user,
            started,
            elapsed,
            behind: sample.behind,
            latency: if answered {
                elapsed.saturating_sub(timings.download.unwrap_or_default())
            } else {
                Duration::ZERO
            },
            connect: [timings.dns, timings.connect, timings.tls].into_iter().flatten().sum(),
            kind,
            failure,
            bytes: (sample.received_bytes, sample.sent_bytes),
            users: self.shared.active(group),
        });
    }
}

/// A virtual user.
pub(super) struct User {
    pub(super) local: Rc<Local>,
    pub(super) graph: Arc<ExecutionGraph>,
    pub(super) group: Option<GroupId>,
    pub(super) number: u64,
    pub(super) iteration: Option<u64>,
    pub(super) slots: Vec<Option<Value>>,
    pub(super) random: Random,
    pub(super) sessions: Rc<Sessions>,
    pub(super) rotations: Vec<u32>,
    pub(super) response: Option<Rc<Response>>,
    pub(super) response_ok: bool,
    pub(super) loop_index: Option<u64>,
    piles: Vec<(DataId, Pile)>,
    /// Whether this user was told to leave: it begins no further iteration, but finishes its last
    /// one with all its waits.
    pub(super) leaving: Rc<Leaving>,
    /// How much later than scheduled its iteration started, until its first request takes that on.
    pub(super) behind: Duration,
    /// How long this user has waited in think times and pauses.
    pub(super) waited: Duration,
    /// How many samples it has had.
    pub(super) samples: u64,
    /// How many of its samples and steps have failed.
    pub(super) failures: u64,
    /// The variables set since a parallel branch began, in one.
    pub(super) changed: Option<Vec<SlotId>>,
    /// Why it is about to end early.
    pub(super) lost: Option<LostWhy>,
    /// The last request that was sent.
    pub(super) sent: Option<Box<Sent>>,
    /// What hides everything this user has to hide now; made when it is first needed.
    pub(super) hides: Option<Masker>,
    /// The secrets and credentials that were hidden last, in order.
    secrets: Vec<(String, Secret)>,
    /// What secret variables held before, the latest last: it may be in a request or a variable still.
    replaced: Vec<String>,
    /// Variables whose step failed, with that step.
    unset_by: Vec<(SlotId, NodeId)>,
}

/// Why no row could be drawn.
pub(super) enum NoRow {
    /// None is left: what ends.
    End(AtEnd),
    /// The file cannot be read on.
    Broken(Problem),
}

impl User {
    pub(super) fn new(local: Rc<Local>, group: Option<GroupId>, number: u64, slots: Vec<Option<Value>>) -> Self {
        let graph = local.shared.graph.clone();
        let seed_group = group.map_or(u64::MAX - 2, |group| u64::from(group.0));
        Self {
            random: Random::for_user(local.shared.seed, seed_group, number),
            sessions: Rc::default(),
            rotations: vec![0; graph.rotations],
            local,
            graph,
            group,
            number,
            iteration: None,
            slots,
            response: None,
            response_ok: true,
            loop_index: None,
            piles: Vec::new(),
            leaving: Rc::default(),
            behind: Duration::ZERO,
            waited: Duration::ZERO,
            samples: 0,
            failures: 0,
            changed: None,
            lost: None,
            sent: None,
            hides: None,
            secrets: Vec::new(),
            replaced: Vec::new(),
            unset_by: Vec::new(),
        }
    }

    /// A response's body takes no more room than what follows has use for.
    pub(super) fn put_body_away(&mut self) {
        if let Some(response) = self.response.as_mut().and_then(Rc::get_mut) {
            if self.graph.reads_response {
                response.rest();
            } else {
                response.forget_body();
            }
        }
    }

    /// A branch of `parallel`: it sees this user's variables and shares its connections and cookies.
    pub(super) fn branch(&mut self) -> Self {
        Self {
            local: self.local.clone(),
            graph: self.graph.clone(),
            group: self.group,
            number: self.number,
            iteration: self.iteration,
            slots: self.slots.clone(),
            random: Random::for_user(self.random.bits(), 0, 0),
            sessions: self.sessions.clone(),
            rotations: self.rotations.clone(),
            response: self.response.clone(),
            response_ok: self.response_ok,
            loop_index: self.loop_index,
            piles: Vec::new(),
            leaving: self.leaving.clone(),
            behind: std::mem::take(&mut self.behind),
            waited: Duration::ZERO,
            samples: 0,
            failures: 0,
            changed: Some(Vec::new()),
            lost: None,
            sent: None,
            hides: None,
            secrets: Vec::new(),
            replaced: self.replaced.clone(),
            unset_by: self.unset_by.clone(),
        }
    }

    /// Takes over what a branch of `parallel` has changed.
    pub(super) fn join(&mut self, branch: Self) {
        for slot in branch.changed.unwrap_or_default() {
            self.set(slot, branch.slots[slot.0 as usize].clone());
        }
        branch.unset_by.into_iter().for_each(|(slot, step)| self.note_unset(slot, step));
        branch.replaced.into_iter().for_each(|value| self.note_replaced(value));
        self.samples += branch.samples;
        self.failures += branch.failures;
        self.response = branch.response;
        self.hides = None;
        self.response_ok &= branch.response_ok;
        self.lost = self.lost.or(branch.lost);
    }

    /// Goes on hiding a value that no variable holds any more.
    pub(super) fn note_replaced(&mut self, value: String) {
        if self.replaced.contains(&value) {
            return;
        }
        if self.replaced.len() == MAX_REPLACED {
            self.replaced.remove(0);
        }
        self.replaced.push(value);
    }

    pub(super) fn set(&mut self, slot: SlotId, value: Option<Value>) {
        let index = slot.0 as usize;
        let before = std::mem::replace(&mut self.slots[index], value);
        if self.graph.slots[index].secret
            && let Some(before) = before
        {
            let mut texts = Vec::new();
            texts_of(&before, &mut texts);
            texts.into_iter().for_each(|text| self.note_replaced(text));
        }
        self.hides = None;
        if let Some(changed) = &mut self.changed {
            changed.push(slot);
        }
    }

    /// Remembers that a step failed that was to set a variable, for messages.
    pub(super) fn note_unset(&mut self, slot: SlotId, step: NodeId) {
        self.unset_by.retain(|(known, _)| *known != slot);
        self.unset_by.push((slot, step));
    }

    pub(super) fn set_all(&mut self, entries: &[(SlotId, Tree)]) -> Result<(), EvalError> {
        for (slot, tree) in entries {
            let value = tree.value(self)?.into_owned();
            self.set(*slot, Some(value));
        }
        Ok(())
    }

    /// Waits for something, but no longer than the group runs; whether it came. The time counts
    /// as waited.
    pub(super) async fn wait_for<T>(&mut self, what: impl Future<Output = T>) -> Option<T> {
        let local = self.local.clone();
        // It may be told to leave while it waits.
        let last = || if self.leaving.is_told() { Phase::TimeUp } else { Phase::Running };
        let before = local.clock.now();
        let came = local.gate(self.group).until(|phase| phase > last(), what).await;
        self.waited += local.clock.now() - before;
        came
    }

    /// Waits for this user's turn under the group's `throughput`; false when the time is up first.
    pub(super) async fn turn(&mut self) -> bool {
        let local = self.local.clone();
        let Some(throttle) = self.group.and_then(|group| local.shared.throttle(group)) else { return true };
        if local.shared.no_waiting {
            return true;
        }
        let now = local.clock.now();
        let at = throttle.next(now);
        if at <= now {
            return true;
        }
        // When the time is up an iteration ends where it has to wait, but `on_stop` is carried out.
        if self.iteration.is_none() && !local.gate(self.group).is_running() {
            local.clock.until(at).await;
            return true;
        }
        self.wait_for(local.clock.until(at)).await.is_some()
    }

    /// Draws the next row of a data set into its variable.
    pub(super) fn draw(&mut self, data: DataId) -> Result<(), NoRow> {
        let shared = self.local.shared.clone();
        let set = &shared.graph.data[data.index()];
        let drawn = if set.share == Share::User {
            if !self.piles.iter().any(|(known, _)| *known == data) {
                let own = (self.group.map_or(0, |group| u64::from(group.0)) << 40) + self.number;
                self.piles.extend(shared.own_pile(data, own).map(|pile| (data, pile)));
            }
            match self.piles.iter_mut().find(|(known, _)| *known == data) {
                Some((_, pile)) => pile.draw(),
                None => Ok(Draw::End),
            }
        } else {
            shared.draw(data, self.group.unwrap_or(GroupId(0)))
        };
        match drawn {
            Ok(Draw::Row(row)) => {
                self.set(set.slot, Some(row));
                Ok(())
            }
            Ok(Draw::End) => Err(NoRow::End(set.at_end)),
            Err(problem) => Err(NoRow::Broken(problem)),
        }
    }

    /// How long to wait this time.
    pub(super) fn wait_time(&mut self, wait: &Dynamic<ThinkTime>) -> Result<Duration, StepError> {
        let time = match wait {
            Dynamic::Fixed(time) => *time,
            Dynamic::Computed(template) => ThinkTime::parse(&self.text(template)?)?,
        };
        Ok(time.draw(&mut self.random))
    }

    /// A whole number that is known or computed now.
    pub(super) fn count(&mut self, amount: &Dynamic<u64>) -> Result<u64, StepError> {
        match amount {
            Dynamic::Fixed(count) => Ok(*count),
            Dynamic::Computed(template) => {
                let value = template.value(self)?;
                match value.as_number() {
                    Some(number) if number >= 0.0 && number.fract() == 0.0 && number < 1e9 => Ok(number as u64),
                    _ => Err(StepError::new(format!(
                        "`{}` must be a whole number, but is {}",
                        template.source(),
                        value.type_name()
                    ))),
                }
            }
        }
    }

    /// Whether a chance comes true.
    pub(super) fn chance(&mut self, amount: &Dynamic<f64>) -> Result<bool, StepError> {
        let share = match amount {
            Dynamic::Fixed(share) => *share,
            Dynamic::Computed(template) => {
                let text = self.text(template)?;
                crate::units::parse_share(&text)?
            }
        };
        Ok(self.random.unit() < share)
    }

    /// Hides the run's secrets, those this user holds, and its credentials. What it takes is kept:
    /// users fail with the same credentials again and again, and making one ready to be found costs
    /// more than the request.
    pub(super) fn masker(&mut self) -> Masker {
        if let Some(masker) = &self.hides {
            return masker.clone();
        }
        let masker = self.make_masker();
        self.hides = Some(masker.clone());
        masker
    }

    fn make_masker(&mut self) -> Masker {
        let mut values = self.credentials();
        for (_, value) in self.graph.slots.iter().zip(&self.slots).filter(|(slot, _)| slot.cookie) {
            if let Some(Value::Text(text)) = value {
                // A cookie's value, or a whole `Set-Cookie` line.
                cookie_values(text, &mut values);
                values.push(text.split(';').next().unwrap_or_default().to_owned());
            }
        }
        values.retain(|value| value.len() >= SHORTEST_CREDENTIAL);
        let held = self.graph.slots.iter().zip(&self.slots).filter(|(slot, _)| slot.secret);
        for value in held.filter_map(|(_, value)| value.as_ref()) {
            texts_of(value, &mut values);
        }
        values.extend(self.replaced.iter().cloned());
        self.received_secrets(&mut values);
        values.sort_unstable();
        values.dedup();
        let mut known = std::mem::take(&mut self.secrets).into_iter().peekable();
        self.secrets = values
            .into_iter()
            .map(|value| {
                while known.next_if(|(old, _)| *old < value).is_some() {}
                known.next_if(|(old, _)| *old == value).unwrap_or_else(|| {
                    let secret = Secret::new(&value);
                    (value, secret)
                })
            })
            .collect();
        let masker = self.local.shared.masker.with(self.secrets.iter().map(|(_, secret)| secret));
        let is_cut = self.response.as_ref().is_some_and(|response| response.truncated() && !response.body.is_empty());
        if is_cut { masker.of_cut_text() } else { masker }
    }
}

impl Scope for User {
    fn slot(&self, slot: SlotId) -> Option<&Value> {
        self.slots.get(slot.0 as usize)?.as_ref()
    }

    fn slot_name(&self, slot: SlotId) -> &str {
        self.graph.slots.get(slot.0 as usize).map_or("?", |slot| &slot.name)
    }

    fn failed_step(&self, slot: SlotId) -> Option<&str> {
        let (_, step) = self.unset_by.iter().find(|(known, _)| *known == slot)?;
        Some(&self.graph.node(*step).name)
    }

    fn user_number(&self) -> Option<u64> {
        self.group.map(|_| self.number)
    }

    fn iteration(&self) -> Option<u64> {
        self.iteration
    }

    fn thread_group(&self) -> Option<&str> {
        self.group.map(|group| &*self.graph.groups[group.index()].name)
    }

    fn run_id(&self) -> &str {
        &self.local.shared.run_id
    }

    fn loop_index(&self) -> Option<u64> {
        self.loop_index
    }

    fn response(&self) -> Option<&Response> {
        self.response.as_deref()
    }

    fn response_ok(&self) -> bool {
        self.response_ok
    }

    fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    fn next_counter(&mut self, counter: CounterId) -> i64 {
        self.local.shared.count(counter.0 as usize)
    }

    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    fn masker(&mut self) -> Masker {
        User::masker(self)
    }

    fn file(&mut self, path: &str) -> Result<Vec<u8>, Problem> {
        let path = self.local.shared.folder.join(path);
        files::read(&path, files::MAX_FILE)
    }
}
