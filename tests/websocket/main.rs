//! WebSockets (RFC 6455) against servers whose every byte a test decides.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod closing;
mod connections;
mod handshake;
mod hostile;
mod messages;
mod outputs;
mod server;
#[path = "../support/mod.rs"]
mod support;

use server::Feed;
use support::{Folder, sampler};

/// A plan of one user who walks once through the steps on one WebSocket; `inner` is a list of them.
fn plan(feed: &Feed, inner: &str) -> String {
    walk(feed, &format!("- websocket: /feed\n  steps:\n{}", indent(inner, 4)))
}

/// A plan of one user who walks once through `steps`.
fn walk(feed: &Feed, steps: &str) -> String {
    format!(
        "websocket: {{ url: \"{}\", timeout: 20s }}\nthread_groups:\n  g:\n    iterations: 1\n    steps:\n{}",
        feed.url(),
        indent(steps, 6)
    )
}

fn indent(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

/// Runs a plan that passes; its results.
#[track_caller]
fn passes(plan: &str) -> serde_json::Value {
    let folder = Folder::new();
    folder.run_plan(plan, &["--quiet"]).expect_code(0);
    folder.results()
}

/// Runs a plan in which requests fail; what their failures say, each with the request's label and kind.
#[track_caller]
fn fails(plan: &str) -> Vec<(String, String, String)> {
    let folder = Folder::new();
    let ran = folder.run_plan(plan, &["--quiet"]);
    assert!(matches!(ran.code, 1 | 3), "exit code {}\n{}", ran.code, ran.stderr);
    errors(&folder.results())
}

fn errors(results: &serde_json::Value) -> Vec<(String, String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let errors = results["errors"].as_array().unwrap().iter();
    errors.map(|one| (text(&one["label"]), text(&one["kind"]), text(&one["message"]))).collect()
}

/// The one failure of a run: its kind and what it says.
#[track_caller]
fn failure(plan: &str) -> (String, String) {
    let mut errors = fails(plan);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    let (_, kind, message) = errors.remove(0);
    (kind, message)
}

/// How often a request was counted, and how often it failed.
#[track_caller]
fn counts(results: &serde_json::Value, label: &str) -> (u64, u64) {
    let one = sampler(results, label);
    (one["count"].as_u64().unwrap(), one["failed"].as_u64().unwrap())
}
