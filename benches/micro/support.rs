//! What the benchmarks share: plans compiled from text, answers, and a user by hand.

use std::collections::BTreeMap;

use loadplan::graph::{ExecutionGraph, NodeKind, Request, build};
use loadplan::plan::{LoadOptions, load};
use loadplan::problem::Problem;
use loadplan::random::Random;
use loadplan::response::Response;
use loadplan::template::{CounterId, Scope, SlotId};
use loadplan::value::Value;

/// Compiles a plan.
pub(crate) fn graph(plan: &str, options: &LoadOptions) -> ExecutionGraph {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.yaml");
    std::fs::write(&path, plan).unwrap();
    let loaded = load(&path, options);
    let plan = loaded.plan.unwrap_or_else(|| panic!("{:?}", loaded.findings));
    let (graph, findings) = build(plan, &loaded.sources, &BTreeMap::new());
    graph.unwrap_or_else(|| panic!("{findings:?}"))
}

/// Compiles a plan of one thread group with these steps.
pub(crate) fn steps(steps: &str) -> ExecutionGraph {
    let head = "http: { base_url: http://127.0.0.1:1 }\nthread_groups:\n  users:\n    iterations: 1\n    steps:\n";
    graph(&format!("{head}{steps}"), &LoadOptions::default())
}

/// The plan's requests, in order.
pub(crate) fn requests(graph: &ExecutionGraph) -> Vec<&Request> {
    graph
        .nodes
        .iter()
        .filter_map(|node| match &node.kind {
            NodeKind::Request(request) => Some(&**request),
            _ => None,
        })
        .collect()
}

/// A JSON answer of about 200 bytes.
pub(crate) fn small_body() -> String {
    r#"{"symbol":"ACME","bid":101.25,"ask":101.27,"last":101.26,"volume":1843200,"open":99.80,"high":102.10,"low":99.35,"currency":"USD","exchange":"XNYS","status":"open","sequence":123456789,"as_of":"2025-01-01"}"#
        .to_owned()
}

/// A JSON answer of about 20 kB: 240 rows, and what is looked for after them.
pub(crate) fn large_body() -> String {
    let rows: Vec<String> = (0..240)
        .map(|id| {
            format!(
                r#"{{"id":{id},"symbol":"SYM{id:04}","price":{}.25,"qty":{},"note":"generated"}}"#,
                100 + id,
                id * 3
            )
        })
        .collect();
    format!(r#"{{"rows":[{}],"symbol":"ACME","sequence":123456789}}"#, rows.join(","))
}

/// An answer that nobody has looked into yet.
pub(crate) fn response(body: &str) -> Response {
    let body = bytes::Bytes::copy_from_slice(body.as_bytes());
    let mut response = Response::from_url("http://127.0.0.1/".into());
    response.status = Some(200);
    response.body_bytes = body.len() as u64;
    response.body = body.into();
    response
}

/// A user whose variables are set by hand.
pub(crate) struct User {
    slots: Vec<Option<Value>>,
    random: Random,
}

impl User {
    /// A user of this graph; variables that are not named here are not set.
    pub(crate) fn new(graph: &ExecutionGraph, values: &[(&str, Value)]) -> Self {
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let slots = graph.slots.iter().map(|slot| value(&slot.name)).collect();
        Self { slots, random: Random::for_user(1, 0, 1) }
    }
}

impl Scope for User {
    fn slot(&self, slot: SlotId) -> Option<&Value> {
        self.slots[slot.0 as usize].as_ref()
    }

    fn slot_name(&self, _: SlotId) -> &str {
        "variable"
    }

    fn user_number(&self) -> Option<u64> {
        Some(1)
    }

    fn iteration(&self) -> Option<u64> {
        Some(1)
    }

    fn thread_group(&self) -> Option<&str> {
        Some("users")
    }

    fn run_id(&self) -> &str {
        "bench"
    }

    fn loop_index(&self) -> Option<u64> {
        None
    }

    fn response(&self) -> Option<&Response> {
        None
    }

    fn response_ok(&self) -> bool {
        false
    }

    fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    fn next_counter(&mut self, _: CounterId) -> i64 {
        1
    }

    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn file(&mut self, _: &str) -> Result<Vec<u8>, Problem> {
        Err(Problem::from("no such file"))
    }
}
