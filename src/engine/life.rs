//! A user's life: `on_start`, iterations, `on_stop`.

use std::rc::Rc;
use std::time::Duration;

use super::open::{Idle, Seat};
use super::user::{Leaving, Local, NoRow, User};
use super::walk::{Walked, at_end_of_data, walk};
use super::worker::Work;
use crate::graph::{DataId, ExecutionGraph, Group, GroupId, NodeId};
use crate::metrics::{LostUsers, LostWhy};
use crate::plan::OnError;
use crate::schedule::{Iterations, Load};

/// Counts a user as active for as long as it lives, however it ends.
struct Active {
    local: Rc<Local>,
    group: GroupId,
    /// For a user that nobody replaces: the word to leave, until which it is missing if it ends early.
    leaving: Option<Rc<Leaving>>,
}

impl Active {
    fn new(local: &Rc<Local>, group: GroupId, leaving: Option<Rc<Leaving>>) -> Self {
        local.recorder.borrow_mut().user_started(group);
        if local.rows.is_some() {
            local.shared.activity(group, true);
        }
        Self { local: local.clone(), group, leaving }
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        let mut recorder = self.local.recorder.borrow_mut();
        recorder.user_ended(self.group);
        if self.leaving.as_ref().is_some_and(|leaving| leaving.ended()) {
            recorder.user_missing(self.group);
        }
        drop(recorder);
        if self.local.rows.is_some() {
            self.local.shared.activity(self.group, false);
        }
    }
}

/// The life of a user of the closed model. `told` brings the word to leave.
pub(super) async fn closed(work: Rc<Work>, local: Rc<Local>, id: GroupId, number: u64, told: Rc<Leaving>) {
    let graph = work.shared.graph.clone();
    let group = &graph.groups[id.index()];
    let gate = local.gate(Some(id));
    local.recorder.borrow_mut().user_made(id);
    let _active = Active::new(&local, id, Some(told.clone()));
    let mut user = User::new(local.clone(), Some(id), number, work.slots.to_vec());
    user.leaving = told.clone();
    if !start(&mut user, &graph, group).await {
        lost(&user);
        return;
    }
    let most = match &group.load {
        Load::Users(users) => match users.iterations() {
            Some(Iterations::PerUser(count)) => count,
            Some(Iterations::Total(_)) | None => u64::MAX,
        },
        Load::Arrivals(_) => u64::MAX,
    };
    let mut iteration = 0;
    let mut paced = Duration::ZERO;
    while iteration < most && gate.is_running() && !told.is_told() {
        // An iteration without a wait must not keep its thread from other users.
        tokio::task::coop::consume_budget().await;
        if let Some(pacing) = group.pacing
            && !pace(&mut paced, pacing, &user).await
        {
            break;
        }
        if told.is_told() || !work.shared.take_iteration(id) {
            break;
        }
        iteration += 1;
        if !iterate(&mut user, &graph, group, iteration).await {
            lost(&user);
            break;
        }
    }
    stop(&mut user, &graph, group).await;
}

/// Waits until the next iteration may start; false when the time is up first. A user in time
/// keeps its beat, one that is late begins a new one, and one that is to leave waits no longer.
async fn pace(next: &mut Duration, pacing: Duration, user: &User) -> bool {
    let local = &user.local;
    let now = local.clock.now();
    if local.shared.no_waiting || *next <= now {
        *next = now + pacing;
        return true;
    }
    let at = *next;
    *next += pacing;
    let beat = async {
        tokio::select! {
            () = local.clock.until(at) => {}
            () = user.leaving.heard() => {}
        }
    };
    local.gate(user.group).running(beat).await.is_some()
}

/// The life of a user of the open model: an iteration whenever one arrives.
pub(super) async fn open(work: Rc<Work>, local: Rc<Local>, id: GroupId, number: u64, seat: Rc<Seat>, idle: Rc<Idle>) {
    let graph = work.shared.graph.clone();
    let group = &graph.groups[id.index()];
    let Some(pool) = work.shared.pool(id) else { return };
    local.recorder.borrow_mut().user_made(id);
    let mut active = Some(Active::new(&local, id, None));
    let mut user = User::new(local.clone(), Some(id), number, work.slots.to_vec());
    // The making of a user is not part of the iteration it is made for.
    let mut making = local.clock.now();
    if !start(&mut user, &graph, group).await {
        lost(&user);
        // The iteration it was made for has nobody to run it.
        if let (true, Some(at)) = (local.gate(Some(id)).is_running(), seat.take()) {
            local.recorder.borrow_mut().dropped(id, at);
        }
        return pool.shrink();
    }
    making = local.clock.now() - making;
    let mut iteration = 0;
    loop {
        if let Some(at) = seat.take() {
            let at = at + std::mem::take(&mut making);
            user.behind = local.clock.now().saturating_sub(at);
            local.recorder.borrow_mut().started(user.behind);
            active.get_or_insert_with(|| Active::new(&local, id, None));
            iteration += 1;
            if !iterate(&mut user, &graph, group, iteration).await {
                lost(&user);
                break;
            }
            user.behind = Duration::ZERO;
            active = None;
        }
        if !idle.wait(&seat, pool, &local, id).await {
            break;
        }
    }
    if local.gate(Some(id)).is_running() {
        pool.shrink();
    }
    stop(&mut user, &graph, group).await;
}

/// Counts a user that ends although its time is not up, unless the plan has it end.
fn lost(user: &User) {
    let (Some(group), Some(why)) = (user.group, user.lost) else { return };
    if user.local.gate(Some(group)).is_running() && !user.leaving.is_told() {
        user.local.recorder.borrow_mut().user_lost(LostUsers { group, why });
        user.leaving.lose();
    }
}

/// Draws what a user draws once and runs `on_start`; false when the user is to end.
async fn start(user: &mut User, graph: &ExecutionGraph, group: &Group) -> bool {
    if !draw(user, graph, group, &group.rows_per_user) {
        return false;
    }
    part(user, &format!("thread group {} · on_start", group.name), &group.on_start);
    if walk(graph, user, &group.on_start, OnError::StopUser).await != Walked::Done {
        if let Some(LostWhy::OnError(step)) = user.lost {
            user.lost = Some(LostWhy::OnStart(step));
        }
        return false;
    }
    part(user, &format!("thread group {}", group.name), &group.steps);
    true
}

/// One iteration; false when the user is to end.
async fn iterate(user: &mut User, graph: &ExecutionGraph, group: &Group, iteration: u64) -> bool {
    // Like their samples, iterations of the warm-up do not count.
    let warms_up = !group.warm_up.is_zero()
        && user.group.is_some_and(|id| {
            let scheduled = user.local.clock.now().saturating_sub(user.behind);
            user.local.recorder.borrow().is_warming_up(id, scheduled)
        });
    user.iteration = Some(iteration);
    user.sessions.start_iteration();
    if !draw(user, graph, group, &group.rows_per_iteration) {
        return false;
    }
    let walked = walk(graph, user, &group.steps, group.on_error).await;
    let goes_on = matches!(walked, Walked::Done | Walked::LeftIteration);
    if let (true, Some(id)) = (goes_on && !warms_up, user.group) {
        user.local.recorder.borrow_mut().iteration(id);
    }
    goes_on
}

async fn stop(user: &mut User, graph: &ExecutionGraph, group: &Group) {
    user.iteration = None;
    part(user, &format!("thread group {} · on_stop", group.name), &group.on_stop);
    walk(graph, user, &group.on_stop, OnError::Continue).await;
}

fn part(user: &User, name: &str, steps: &[NodeId]) {
    if let Some(observer) = user.local.observer.as_ref().filter(|_| !steps.is_empty()) {
        observer.part(name);
    }
}

/// Draws a row from each data set; false when the user is to end.
fn draw(user: &mut User, graph: &ExecutionGraph, group: &Group, data: &[DataId]) -> bool {
    for id in data {
        match user.draw(*id) {
            Ok(()) => {}
            Err(NoRow::End(at_end)) => {
                at_end_of_data(user, *id, at_end);
                return false;
            }
            Err(NoRow::Broken(problem)) => {
                broken_data(user, graph, group, &problem.message);
                user.lost = Some(LostWhy::NoRow(*id));
                return false;
            }
        }
    }
    true
}

/// Data that can no longer be read counts as an error of the group's first step.
fn broken_data(user: &User, graph: &ExecutionGraph, group: &Group, message: &str) {
    let Some(first) = group.steps.first() else { return };
    user.local.step_failed(graph.node(*first), message.to_owned(), user.group, user.number);
}
