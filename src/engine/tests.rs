//! Schedules on a clock that the test moves: when users and iterations start, to the millisecond
//! of tokio's timers.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;

use super::{Event, Fork, Input, Monitor, Observed, Observer, run};
use crate::graph::{NodeId, build};
use crate::mask::Masker;
use crate::metrics::{Aggregator, Results};
use crate::plan::{LoadOptions, load};
use crate::protocols::http::client::ProxyEnvironment;

/// Notes when each `log` step was reached.
struct Times {
    begin: Instant,
    at: RefCell<Vec<u64>>,
}

impl Observer for Times {
    fn part(&self, _name: &str) {}

    fn request(&self, _request: &Observed<'_>) {}

    fn step(&self, _node: NodeId, what: &str, _error: Option<&str>) {
        if what == "here" {
            self.at.borrow_mut().push(self.begin.elapsed().as_millis() as u64);
        }
    }

    fn takes_all(&self, _node: NodeId, _fork: Fork) -> bool {
        false
    }
}

struct Nobody;

impl Monitor for Nobody {
    fn part(&mut self, _name: &'static str) {}

    fn tick(&mut self, _aggregator: &Aggregator, _now: Duration) -> Option<String> {
        None
    }

    fn event(&mut self, _event: Event) {}
}

/// Runs thread groups whose only step is `log: here`; tells when it was reached, and the results.
fn times(groups: &str) -> (Vec<u64>, Results) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plan.yaml");
    let yaml = format!("thread_groups:\n{groups}").replace("STEPS", "steps: [{ log: here }]");
    std::fs::write(&path, yaml).expect("the plan is written");
    let loaded = load(&path, &LoadOptions::default());
    let plan = loaded.plan.unwrap_or_else(|| panic!("{:?}", loaded.findings));
    let (graph, findings) = build(plan, &loaded.sources, &BTreeMap::new());
    let graph = Arc::new(graph.unwrap_or_else(|| panic!("{:?} {findings:?}", loaded.findings)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let observer = Rc::new(Times { begin: Instant::now(), at: RefCell::default() });
        let input = Input {
            graph,
            proxies: ProxyEnvironment::from_vars(|_| None),
            run_id: "test".into(),
            seed: 1,
            masker: Masker::default(),
            services: Vec::new(),
            threads: 1,
            observer: Some(observer.clone()),
            rows: None,
            thread_time: || None,
        };
        let (_stopper, stop) = unbounded_channel();
        let finished = run(input, &mut Nobody, &mut { stop }).await.expect("it runs");
        let at = observer.at.borrow().clone();
        (at, finished.results)
    })
}

/// Tokio's timers ring at the first whole millisecond that is not early.
fn up(exact_ms: f64) -> u64 {
    exact_ms.ceil() as u64
}

#[test]
fn users_start_at_k_times_ramp_up_by_n() {
    let (at, _) = times("  g:\n    users: 7\n    ramp_up: 1s\n    iterations: 1\n    STEPS\n");
    let expected: Vec<u64> = (0..7).map(|k| up(k as f64 * 1000.0 / 7.0)).collect();
    assert_eq!(at, expected);
}

#[test]
fn stages_start_users_along_their_ramps() {
    let (at, results) = times(
        "  g:\n    stages: [{ users: 4, over: 2s, hold: 1s }, { users: 2, over: 1s }, { users: 5, hold: 1s }]\n    on_start: [{ log: here }]\n    steps: [{ set: { x: 1 } }, { stop: user }]\n",
    );
    // Four on the first ramp, three more for the jump from two to five.
    assert_eq!(at, [0, 500, 1000, 1500, 4000, 4000, 4000]);
    assert_eq!(results.groups[0].peak_users, 1, "each leaves at once");
}

#[test]
fn iterations_arrive_when_the_area_under_the_rate_says() {
    let (at, results) = times("  g:\n    arrival_rate: 340/s\n    duration: 1s\n    STEPS\n");
    let expected: Vec<u64> = (0..340).map(|k| up(k as f64 * 1000.0 / 340.0)).collect();
    assert_eq!(at, expected);
    assert_eq!((results.groups[0].iterations, results.groups[0].dropped), (340, 0));

    let (at, _) = times("  g:\n    arrival_rate: 2/m\n    duration: 300s\n    STEPS\n");
    assert_eq!(at, (0..10).map(|k| k * 30_000).collect::<Vec<u64>>());

    let (at, _) = times("  g:\n    stages: [{ rate: 0.4/s, over: 10s }]\n    STEPS\n");
    assert_eq!(at, [0, 7072]);
}

#[test]
fn a_group_that_needs_another_starts_its_delay_after_that_has_ended() {
    let (at, _) = times(
        "  first:\n    users: 1\n    iterations: 3\n    delay: 2s\n    STEPS\n  second:\n    needs: [first]\n    delay: 5s\n    iterations: 1\n    STEPS\n",
    );
    assert_eq!(at, [2000, 2000, 2000, 7000]);
}

#[test]
fn the_rate_of_a_late_group_is_taken_over_its_own_time() {
    let (_, results) = times("  g:\n    arrival_rate: 10/s\n    duration: 2s\n    delay: 8s\n    STEPS\n");
    assert_eq!(results.groups[0].iterations, 20);
    let applied = results.groups[0].applied;
    assert!(applied >= Duration::from_secs(2) && applied < Duration::from_millis(2010), "{applied:?}");
}
