//! Walking a user through iterations that send nothing: what the engine itself costs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use loadplan::engine::{Event, Input, Monitor, block_on, run};
use loadplan::graph::ExecutionGraph;
use loadplan::mask::Masker;
use loadplan::metrics::Aggregator;
use loadplan::plan::{LoadOptions, LoadOverride};
use loadplan::protocols::http::client::ProxyEnvironment;

use crate::support::graph;

/// `run` starts a thread and a runtime; below so many iterations that would count.
const AT_LEAST: u64 = 50_000;

const SHAPES: [(&str, &str); 5] = [
    ("set", "      - set: { total: 3 }\n"),
    ("set_computed", "      - set: { total: '${iteration * 2 + 1}' }\n"),
    ("if", "      - { set: { total: 3 }, if: iteration > 0 }\n"),
    (
        "choose",
        "      - choose:\n          - { weight: 3, set: { total: 3 } }\n          - { weight: 1, set: { total: 4 } }\n",
    ),
    ("repeat_10", "      - repeat: 10\n        steps:\n          - set: { total: 3 }\n"),
];

pub(crate) fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("walk/iteration");
    group.sample_size(20);
    let everything: String = SHAPES.iter().map(|(_, steps)| *steps).collect();
    for (name, steps) in SHAPES.into_iter().chain([("all_of_these", everything.as_str())]) {
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let walked = iterations.max(AT_LEAST);
                time_of(walked, steps).mul_f64(iterations as f64 / walked as f64)
            });
        });
    }
    group.finish();
}

/// How long one user takes for so many iterations of these steps.
fn time_of(iterations: u64, steps: &str) -> Duration {
    let options = LoadOptions {
        load: vec![LoadOverride { key: "iterations", value: iterations.to_string() }],
        ..LoadOptions::default()
    };
    let plan = format!("thread_groups:\n  users:\n    iterations: 1\n    steps:\n{steps}");
    let graph = Arc::new(graph(&plan, &options));
    let begin = Instant::now();
    let finished = block_on(async {
        let (_stopper, mut stop) = tokio::sync::mpsc::unbounded_channel();
        run(input(graph), &mut Silent, &mut stop).await
    });
    let took = begin.elapsed();
    let finished = finished.and_then(|finished| finished).unwrap();
    assert_eq!(finished.results.groups[0].iterations, iterations, "every iteration was walked");
    took
}

fn input(graph: Arc<ExecutionGraph>) -> Input {
    Input {
        graph,
        proxies: ProxyEnvironment::from_vars(|_| None),
        run_id: "bench".into(),
        seed: 1,
        masker: Masker::default(),
        services: Vec::new(),
        threads: 1,
        observer: None,
        rows: None,
        thread_time: || None,
    }
}

/// Shows nothing and aborts nothing.
struct Silent;

impl Monitor for Silent {
    fn part(&mut self, _: &'static str) {}

    fn tick(&mut self, _: &Aggregator, _: Duration) -> Option<String> {
        None
    }

    fn event(&mut self, _: Event) {}
}
