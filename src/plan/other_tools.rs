//! Files of other tools that are given as a plan: told as what they are, before YAML finds a
//! mistake in every line of them.

use bytes::Bytes;

use crate::json::{Document, Node, ValueKind};

/// What the text is, and what to do, when it is a file of another tool.
pub(super) fn kind(text: &str) -> Option<(&'static str, &'static str)> {
    const ARTILLERY: &str = "write `config.target` as `http: { base_url: … }`, a scenario as a thread group under `thread_groups`, its `flow` as `steps`, `arrivalRate: 10` with `duration: 60` as `arrival_rate: 10/s` and `duration: 60s` of the group, `payload` as `data`, `ensure` as `thresholds`; `loadplan new` writes a plan to start from";
    const TAURUS: &str = "write each `execution` as a thread group under `thread_groups`: `concurrency: 10` as `users: 10`, `ramp-up` as `ramp_up`, `hold-for` as `duration` (which has the ramp-up in it), the scenario's `requests` as `steps` such as `- get: /path`, `default-address` as `http: { base_url: … }`, the criteria of `reporting` as `thresholds`; `loadplan new` writes a plan to start from";
    const WRITE: &str = "`loadplan new` writes a plan to start from; write its requests as steps there";
    let start = text.trim_start();
    if start.starts_with('{') {
        let document = Document::read(Bytes::copy_from_slice(text.as_bytes())).ok()?;
        let root = document.root();
        let inner = |name: &str, key: &str| root.get(name).and_then(|node| node.get(key)).is_some();
        return if inner("log", "entries") || inner("log", "creator") {
            Some(("a HAR file, which a browser recorded", WRITE))
        } else if root.get("item").map(Node::kind) == Some(ValueKind::List) && root.get("info").is_some() {
            Some(("a Postman collection", WRITE))
        } else if inner("collection", "item") || root.get("_type").is_some() && root.get("resources").is_some() {
            Some(("an export of an API client (Postman or Insomnia)", WRITE))
        } else if root.get("openapi").is_some() || root.get("swagger").is_some() {
            Some(("an OpenAPI description", WRITE))
        } else {
            None
        };
    }
    if start.starts_with('<') {
        return Some(if start.contains("<jmeterTestPlan") {
            ("a JMeter test plan (JMX)", WRITE)
        } else if start.get(..9).is_some_and(|doctype| doctype.eq_ignore_ascii_case("<!doctype")) {
            ("an HTML page", "check the path, or what was downloaded")
        } else {
            ("an XML file", WRITE)
        });
    }
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.next()?;
    if text.lines().any(|line| line.starts_with("openapi:") || line.starts_with("swagger:"))
        && text.lines().any(|line| line.trim_end() == "paths:")
    {
        return Some(("an OpenAPI description", WRITE));
    }
    let any = |part: &str| text.lines().any(|line| line.trim_start().starts_with(part));
    let top = |key: &str| text.lines().any(|line| line.trim_end() == key);
    let item = |key: &str| any(key) || any(&format!("- {key}"));
    if top("scenarios:") && item("flow:") {
        return Some(("an Artillery script", ARTILLERY));
    }
    if top("execution:") && (top("scenarios:") || item("scenario:")) && !top("thread_groups:") {
        return Some(("a Taurus configuration", TAURUS));
    }
    if top("jobs:") && item("runs-on:") {
        return Some(("a GitHub workflow", "name the plan, which it gives to `loadplan run`"));
    }
    if top("services:") && item("image:") && !top("thread_groups:") && !top("http:") {
        return Some((
            "a Docker Compose file",
            "name the plan; a plan starts it with `services: { api: { command: docker compose up -d } }`",
        ));
    }
    let is_pair = |line: &str| {
        line.split_once('=')
            .is_some_and(|(key, _)| !key.contains([':', '{', ' ']) || key.ends_with(' ') && !key.contains(':'))
    };
    let sections = first.starts_with('[') && first.ends_with(']');
    let mut rest = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';', '[']));
    if (sections || is_pair(first)) && rest.all(is_pair) && text.contains('=') {
        return Some((
            "a file of properties (TOML or INI)",
            "a plan is YAML: `key: value`, what belongs to a key indented below it; `loadplan new` writes one",
        ));
    }
    if top("thread_groups:") {
        return None;
    }
    let script = first.starts_with("import ")
        || first.starts_with("from ")
        || first.starts_with("//")
        || first.starts_with("/*")
        || first.starts_with("'use strict'")
        || first.starts_with("\"use strict\"")
        || first.starts_with("const ")
        || first.starts_with("package ");
    if !script {
        return None;
    }
    if text.contains("'k6") || text.contains("\"k6") {
        Some(("a k6 script", WRITE))
    } else if any("from locust import") || any("import locust") {
        Some(("a Locust file", WRITE))
    } else if text.contains("io.gatling") {
        Some(("a Gatling simulation", WRITE))
    } else {
        Some(("a program", WRITE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_tools_are_told_by_name_and_plans_are_not() {
        for (text, what) in [
            (r#"{"log": {"version": "1.2", "creator": {}, "entries": []}}"#, "HAR"),
            (r#"{"info": {"_postman_id": "1"}, "item": [{"name": "a"}]}"#, "Postman"),
            (r#"{"openapi": "3.0.0", "paths": {}}"#, "OpenAPI"),
            ("openapi: 3.0.0\ninfo:\n  title: x\npaths:\n  /a: {}\n", "OpenAPI"),
            ("# c\nswagger: '2.0'\npaths:\n", "OpenAPI"),
            ("<?xml version=\"1.0\"?>\n<jmeterTestPlan version=\"1.2\">", "JMeter"),
            ("<!DOCTYPE html><html>", "HTML"),
            ("import http from 'k6/http';\nexport default function () {}", "k6"),
            ("// load\nimport http from \"k6/http\";", "k6"),
            ("from locust import HttpUser, task", "Locust"),
            ("package shop\nimport io.gatling.core.Predef._", "Gatling"),
            ("config:\n  target: http://x\nscenarios:\n  - flow:\n      - get: { url: / }\n", "Artillery"),
            ("execution:\n- concurrency: 5\n  scenario: a\nscenarios:\n  a: {}\n", "Taurus"),
        ] {
            let told = kind(text).map(|(told, _)| told).unwrap_or_default();
            assert!(told.contains(what), "{text}: {told}");
        }
        for plan in [
            "name: A\nthread_groups: {}\n",
            "{ \"name\": \"A\", \"thread_groups\": {} }",
            "{ name: A, http: { base_url: x } }",
            "# import http from 'k6/http'\nname: k6\n",
            "openapi: 1\n",
            "// a comment\nthread_groups:\n  a: {}\n",
        ] {
            assert_eq!(kind(plan), None, "{plan}");
        }
    }
}
