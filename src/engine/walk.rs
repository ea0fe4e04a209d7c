//! The walk: a user goes through the graph with a small explicit stack, no recursion, no boxed
//! future per step.

mod forks;

use std::time::Duration;

use forks::{is_fork, takes_all};

use super::events::Fork;
use super::frame::{Frame, Loop, LoopKind, OpenConnection, Timed};
use super::user::{NoRow, User};
use crate::failure::StepError;
use crate::graph::{ConnectionId, DataId, Dynamic, ExecutionGraph, LabelId, Node, NodeId, NodeKind, Source};
use crate::metrics::LostWhy;
use crate::plan::{AtEnd, OnError, StopTarget};
use crate::stop_reason::StopReason;
use crate::value::Value;

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Walked {
    /// At its end.
    Done,
    /// The iteration was left before its end.
    LeftIteration,
    /// The time is up: a wait was cut short.
    TimeUp,
    /// The user ends.
    EndUser,
}

/// What a step asks for.
enum Next {
    Continue,
    EndLoop,
    End(Walked),
}

/// Walks through a list of steps.
pub(super) async fn walk(graph: &ExecutionGraph, user: &mut User, children: &[NodeId], on_error: OnError) -> Walked {
    let mut walk = Walk { graph, on_error, stack: vec![Frame::Steps { children, at: 0 }] };
    let outer = user.loop_index;
    let walked = walk.run(user).await;
    user.loop_index = outer;
    walked
}

struct Walk<'g> {
    graph: &'g ExecutionGraph,
    on_error: OnError,
    stack: Vec<Frame<'g>>,
}

impl<'g> Walk<'g> {
    async fn run(&mut self, user: &mut User) -> Walked {
        loop {
            let next = match self.stack.last_mut() {
                None => return Walked::Done,
                Some(Frame::Steps { children, at }) => match children.get(*at).copied() {
                    Some(id) => {
                        *at += 1;
                        self.step(user, id).await
                    }
                    None => {
                        self.stack.pop();
                        continue;
                    }
                },
                Some(Frame::Ordered { children, at }) => match children.get(*at).copied() {
                    Some(id) => {
                        *at += 1;
                        self.step(user, id).await
                    }
                    None => {
                        self.stack.pop();
                        continue;
                    }
                },
                Some(Frame::Transaction(_) | Frame::Lock { .. } | Frame::Connection { .. }) => {
                    self.leave(user, false);
                    continue;
                }
                Some(Frame::Loop(_)) => {
                    // A loop without waits must not keep its thread from other users.
                    tokio::task::coop::consume_budget().await;
                    self.turn(user)
                }
            };
            match next {
                Next::Continue => {}
                Next::EndLoop => {
                    while let Some(frame) = self.stack.last() {
                        let found = matches!(frame, Frame::Loop(_));
                        self.leave(user, false);
                        if found {
                            break;
                        }
                    }
                }
                Next::End(walked) => {
                    while !self.stack.is_empty() {
                        self.leave(user, walked == Walked::TimeUp);
                    }
                    return walked;
                }
            }
        }
    }

    /// Takes the innermost frame off the stack and does what its end asks for.
    fn leave(&mut self, user: &mut User, interrupted: bool) {
        match self.stack.pop() {
            Some(Frame::Loop(ended)) => user.loop_index = ended.outer,
            Some(Frame::Transaction(mut timed)) if !interrupted => timed.complete(self.graph, user),
            Some(
                Frame::Transaction(_)
                | Frame::Steps { .. }
                | Frame::Ordered { .. }
                | Frame::Lock { .. }
                | Frame::Connection { .. },
            )
            | None => {}
        }
    }

    /// Ends the transactions that have sent their last request, before the user waits: a run that
    /// ends during that wait has not interrupted them.
    fn complete_transactions(&mut self, user: &User) {
        let graph = self.graph;
        for frame in self.stack.iter_mut().rev() {
            match frame {
                Frame::Steps { children, at } if only_pauses(graph, &children[*at..]) => {}
                Frame::Ordered { children, at } if only_pauses(graph, &children[*at..]) => {}
                Frame::Loop(Loop { kind, round, .. }) if kind.is_over(*round) => {}
                Frame::Lock { .. } | Frame::Connection { .. } => {}
                Frame::Transaction(timed) => timed.complete(graph, user),
                Frame::Steps { .. } | Frame::Ordered { .. } | Frame::Loop(_) => return,
            }
        }
    }

    /// The next round of the innermost loop, or its end.
    fn turn(&mut self, user: &mut User) -> Next {
        let Some(Frame::Loop(turning)) = self.stack.last_mut() else { return Next::Continue };
        let mut failure = None;
        let again = match &mut turning.kind {
            LoopKind::Times(count) => turning.round < *count,
            LoopKind::Until(end) => user.local.clock.now() < *end,
            LoopKind::While(condition, max) => match condition.truth(user) {
                Ok(true) if turning.round >= *max => {
                    failure = Some(StepError::new(format!("the loop reached its `max` of {max} repetitions")));
                    false
                }
                Ok(truth) => truth,
                Err(error) => {
                    failure = Some(error.into());
                    false
                }
            },
            LoopKind::Items(slot, items) => match items.get(turning.round as usize) {
                Some(item) => {
                    user.set(*slot, Some(item.clone()));
                    true
                }
                None => false,
            },
            LoopKind::Rows(slot, rows) => match rows.next_row() {
                Some(Ok(row)) => {
                    user.set(*slot, Some(row));
                    true
                }
                Some(Err(error)) => {
                    failure = Some(error.into());
                    false
                }
                None => false,
            },
        };
        if again {
            turning.round += 1;
            user.loop_index = Some(turning.round);
            let children = turning.children;
            self.stack.push(Frame::Steps { children, at: 0 });
            return Next::Continue;
        }
        let id = turning.node;
        self.leave(user, false);
        match failure {
            Some(error) => self.failed_step(user, id, &error),
            None => Next::Continue,
        }
    }

    async fn step(&mut self, user: &mut User, id: NodeId) -> Next {
        let graph = self.graph;
        let node = graph.node(id);
        match self.entered(user, node) {
            Ok(entered) if is_fork(node) && takes_all(user, id, Fork::Entry) => {
                self.both_sides(user, id, node, entered);
            }
            Ok(true) => {}
            Ok(false) => {
                if let NodeKind::Sequence { otherwise, .. } = &node.kind
                    && !otherwise.is_empty()
                {
                    self.stack.push(Frame::Steps { children: otherwise, at: 0 });
                }
                if let Some(observer) = &user.local.observer {
                    observer.step(id, "skipped", None);
                }
                return Next::Continue;
            }
            Err(error) => return self.failed_step(user, id, &error),
        }
        if self.graph.reads_response {
            // The condition may have evaluated it, and the step may wait.
            user.put_body_away();
        }
        match self.act(user, id, node).await {
            Ok(next) => next,
            Err(error) => self.failed_step(user, id, &error),
        }
    }

    /// Goes on with the steps on a connection.
    fn on_connection(&mut self, user: &User, id: ConnectionId, children: &'g [NodeId]) {
        self.stack.push(Frame::Connection { _open: OpenConnection { sessions: user.sessions.clone(), id } });
        self.push(children);
    }

    /// Whether a step runs at all.
    fn entered(&self, user: &mut User, node: &Node) -> Result<bool, StepError> {
        if let Some(condition) = &node.condition
            && !condition.truth(user)?
        {
            return Ok(false);
        }
        match &node.chance {
            Some(chance) => user.chance(chance),
            None => Ok(true),
        }
    }

    async fn act(&mut self, user: &mut User, id: NodeId, node: &'g Node) -> Result<Next, StepError> {
        let local = user.local.clone();
        let observe = |what: &str| {
            if let Some(observer) = &local.observer {
                observer.step(id, what, None);
            }
        };
        match &node.kind {
            NodeKind::Request(request) => {
                let connection = request.protocol.opens();
                // One that is kept is used again: nothing is sent for that.
                if let Some(connection) = connection.filter(|connection| user.sessions.is_open(*connection)) {
                    self.on_connection(user, connection, &request.children);
                    return Ok(Next::Continue);
                }
                if !user.turn().await {
                    return Ok(Next::End(Walked::TimeUp));
                }
                let passed = user.request(id, node, request).await?;
                user.put_body_away();
                if let Some(connection) = connection.filter(|connection| user.sessions.is_open(*connection)) {
                    self.on_connection(user, connection, &request.children);
                }
                let mut next = Next::Continue;
                if !passed {
                    user.failures += 1;
                    next = self.after_failure(user, node.label);
                }
                if let (Next::Continue, Some(think)) = (&next, &node.think_time) {
                    let time = user.wait_time(think)?;
                    self.complete_transactions(user);
                    if !wait(user, time).await {
                        return Ok(Next::End(Walked::TimeUp));
                    }
                }
                return Ok(next);
            }
            NodeKind::Sequence { children, .. } => self.push(children),
            NodeKind::Include(with, children) => {
                user.set_all(with)?;
                self.push(children);
            }
            NodeKind::Transaction(children) => {
                self.stack.push(Frame::Transaction(Timed {
                    local: local.clone(),
                    label: node.label,
                    started: local.clock.now(),
                    waited: user.waited,
                    behind: user.behind,
                    samples: user.samples,
                    failures: user.failures,
                    recorded: false,
                }));
                self.push(children);
            }
            NodeKind::Repeat(count, children) => {
                let count = user.count(count)?;
                self.begin(user, id, LoopKind::Times(count), children);
            }
            NodeKind::RepeatFor(time, children) => {
                self.begin(user, id, LoopKind::Until(local.clock.now() + *time), children);
            }
            NodeKind::While(condition, max, children) => {
                self.begin(user, id, LoopKind::While(condition, *max), children);
            }
            NodeKind::ForEach(slot, Source::List(list), children) => {
                let items = match list.value(user)? {
                    Value::List(items) => items,
                    other @ (Value::Null
                    | Value::Bool(_)
                    | Value::Int(_)
                    | Value::Float(_)
                    | Value::Decimal(_)
                    | Value::Text(_)
                    | Value::Map(_)) => {
                        let found = other.type_name();
                        return Err(StepError::new(format!("`{}` must be a list, but is {found}", list.source())));
                    }
                };
                self.begin(user, id, LoopKind::Items(*slot, items), children);
            }
            NodeKind::ForEach(slot, Source::Rows(data), children) => {
                let rows = self.graph.data[data.index()].file.open()?;
                self.begin(user, id, LoopKind::Rows(*slot, Box::new(rows)), children);
            }
            NodeKind::Choose(children, weights) => {
                let total = weights.last().copied().unwrap_or(0);
                if takes_all(user, id, Fork::Inside) {
                    self.push(children);
                } else if total > 0 {
                    let draw = user.random.below(total);
                    let at = weights.partition_point(|end| *end <= draw);
                    self.stack.push(Frame::Steps { children: &children[at..=at], at: 0 });
                }
            }
            NodeKind::RoundRobin(rotation, children) => {
                if takes_all(user, id, Fork::Inside) {
                    self.push(children);
                } else if !children.is_empty() {
                    let at = user.rotations[rotation.index()] as usize % children.len();
                    user.rotations[rotation.index()] = at as u32 + 1;
                    self.stack.push(Frame::Steps { children: &children[at..=at], at: 0 });
                }
            }
            NodeKind::Shuffle(children) => {
                let mut children = children.to_vec();
                for at in (1..children.len()).rev() {
                    children.swap(at, user.random.index(at + 1));
                }
                self.stack.push(Frame::Ordered { children, at: 0 });
            }
            NodeKind::Parallel(children) => return Ok(self.parallel(user, children).await),
            NodeKind::Set(entries) => {
                user.set_all(entries)?;
                observe("set");
            }
            NodeKind::NextRow(data) => match user.draw(*data) {
                Ok(()) => observe("drew a row"),
                Err(NoRow::End(at_end)) => {
                    at_end_of_data(user, *data, at_end);
                    return Ok(Next::End(Walked::EndUser));
                }
                Err(NoRow::Broken(problem)) => return Err(problem.into()),
            },
            NodeKind::Pause(time) => {
                let time = user.wait_time(time)?;
                self.complete_transactions(user);
                observe("paused");
                if !wait(user, time).await {
                    return Ok(Next::End(Walked::TimeUp));
                }
            }
            NodeKind::WaitForUsers(meeting) => {
                if !local.shared.no_waiting && user.wait_for(local.shared.meet(*meeting)).await.is_none() {
                    return Ok(Next::End(Walked::TimeUp));
                }
            }
            NodeKind::Lock(lock, children) => {
                let semaphore = local.shared.locks[lock.index()].clone();
                match user.wait_for(semaphore.acquire_owned()).await {
                    Some(Ok(permit)) => self.stack.push(Frame::Lock { _permit: permit }),
                    Some(Err(_)) => return Err(StepError::new("the lock is gone")),
                    None => return Ok(Next::End(Walked::TimeUp)),
                }
                self.push(children);
            }
            NodeKind::Stop(_) if takes_all(user, id, Fork::Inside) => observe("passed over, to reach what follows"),
            NodeKind::Stop(target) => {
                observe("stopped");
                return Ok(self.stop(user, *target, node));
            }
            NodeKind::Log(template) => {
                let text = user.text(template)?;
                let text = user.masker().mask(&text).into_owned();
                observe(&text);
                local.events.send(super::Event::Log(user.group, user.number, text));
                // Whoever shows them has its turn before too many wait.
                tokio::task::coop::consume_budget().await;
            }
        }
        Ok(Next::Continue)
    }

    fn push(&mut self, children: &'g [NodeId]) {
        self.stack.push(Frame::Steps { children, at: 0 });
    }

    fn begin(&mut self, user: &User, node: NodeId, kind: LoopKind<'g>, children: &'g [NodeId]) {
        self.stack.push(Frame::Loop(Loop { kind, node, children, round: 0, outer: user.loop_index }));
    }

    /// All branches at once, each with a copy of the variables; what they set is taken over in
    /// the order of the plan.
    async fn parallel(&mut self, user: &mut User, children: &'g [NodeId]) -> Next {
        let graph = self.graph;
        let on_error = self.on_error;
        let branches = children.iter().enumerate().map(|(at, _)| {
            let mut branch = user.branch();
            // Boxed because a walk inside a walk has no finite size; once per branch, not per step.
            let walked: std::pin::Pin<Box<dyn Future<Output = (Walked, User)> + 'g>> = Box::pin(async move {
                let walked = walk(graph, &mut branch, &children[at..=at], on_error).await;
                (walked, branch)
            });
            walked
        });
        let branches: Vec<_> = branches.collect();
        let mut worst = Walked::Done;
        for (walked, branch) in futures_util::future::join_all(branches).await {
            worst = worst.max(walked);
            user.join(branch);
        }
        match worst {
            Walked::Done => Next::Continue,
            ended @ (Walked::LeftIteration | Walked::TimeUp | Walked::EndUser) => Next::End(ended),
        }
    }

    fn stop(&mut self, user: &User, target: StopTarget, node: &Node) -> Next {
        let shared = &user.local.shared;
        match target {
            StopTarget::Loop => Next::EndLoop,
            StopTarget::Iteration => Next::End(Walked::LeftIteration),
            StopTarget::User => Next::End(Walked::EndUser),
            StopTarget::Group => {
                if let Some(group) = user.group {
                    shared.stop_group(group);
                }
                Next::End(Walked::EndUser)
            }
            StopTarget::Test => {
                let line = self.graph.line(node.span);
                shared.stop_all(StopReason::Step(format!("`stop: test` (line {line})")));
                Next::End(Walked::EndUser)
            }
        }
    }

    /// A step that cannot run: nothing was sent, and it counts as an error of the step.
    fn failed_step(&mut self, user: &mut User, id: NodeId, error: &StepError) -> Next {
        let node = self.graph.node(id);
        let message = user.masker().mask(&error.message).into_owned();
        if let Some(observer) = &user.local.observer {
            observer.step(id, "failed", Some(&message));
        }
        user.local.step_failed(node, message, user.group, user.number);
        user.samples += 1;
        user.failures += 1;
        user.response_ok = false;
        self.after_failure(user, node.label)
    }

    fn after_failure(&self, user: &mut User, step: LabelId) -> Next {
        let shared = &user.local.shared;
        if matches!(self.on_error, OnError::StopUser | OnError::StopGroup | OnError::StopTest) {
            user.lost = Some(LostWhy::OnError(step));
        }
        match self.on_error {
            OnError::Continue => Next::Continue,
            OnError::NextIteration => Next::End(Walked::LeftIteration),
            OnError::StopUser => Next::End(Walked::EndUser),
            OnError::StopGroup => {
                if let Some(group) = user.group {
                    shared.stop_group(group);
                }
                Next::End(Walked::EndUser)
            }
            OnError::StopTest => {
                shared.stop_all(StopReason::Step("`on_error: stop_test`".into()));
                Next::End(Walked::EndUser)
            }
        }
    }
}

/// Whether no step is left but waits, and none that could fail.
fn only_pauses(graph: &ExecutionGraph, rest: &[NodeId]) -> bool {
    rest.iter().map(|id| graph.node(*id)).all(|node| match &node.kind {
        NodeKind::Pause(time) => node.condition.is_none() && !matches!(time, Dynamic::Computed(_)),
        NodeKind::Request(_)
        | NodeKind::Sequence { .. }
        | NodeKind::Include(..)
        | NodeKind::Transaction(_)
        | NodeKind::Repeat(..)
        | NodeKind::RepeatFor(..)
        | NodeKind::While(..)
        | NodeKind::ForEach(..)
        | NodeKind::Choose(..)
        | NodeKind::RoundRobin(..)
        | NodeKind::Shuffle(_)
        | NodeKind::Parallel(_)
        | NodeKind::Set(_)
        | NodeKind::NextRow(_)
        | NodeKind::WaitForUsers(_)
        | NodeKind::Lock(..)
        | NodeKind::Stop(_)
        | NodeKind::Log(_) => false,
    })
}

/// Ends what a data set without rows left says.
pub(super) fn at_end_of_data(user: &mut User, data: DataId, at_end: AtEnd) {
    let shared = &user.local.shared;
    match at_end {
        AtEnd::StopGroup => {
            if let Some(group) = user.group {
                shared.stop_group(group);
            }
        }
        AtEnd::StopTest => shared.stop_all(StopReason::Step("`at_end: stop_test`".into())),
        AtEnd::StopUser | AtEnd::Recycle => user.lost = Some(LostWhy::NoRow(data)),
    }
}

/// Waits; false when the time was up first.
async fn wait(user: &mut User, time: Duration) -> bool {
    if user.local.shared.no_waiting || time.is_zero() {
        return true;
    }
    user.wait_for(tokio::time::sleep(time)).await.is_some()
}
