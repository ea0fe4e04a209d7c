//! loadplan: a load-test runner. It takes plans in plain YAML and returns a pass/fail verdict for CI.
//!
//! There is one pipeline, with one room (top-level module) per stage, and data flows in one direction:
//! [`plan`] parses YAML into a typed plan, [`graph`] compiles it into the execution graph,
//! [`engine`] executes the graph and emits samples, [`metrics`] counts them, [`verdict`] decides whether
//! the run passed, and [`report`] writes the results. [`compare`] compares a run with earlier ones. During
//! the run, [`telemetry`] publishes its metrics and [`dashboard`] its report.

pub mod assertions;
pub mod ci;
pub mod cli;
pub mod compare;
pub mod dashboard;
pub mod data;
pub mod demo;
pub mod diagnostic;
pub mod document;
pub mod engine;
pub mod event_stream;
pub mod exchange;
pub mod extractors;
pub mod failure;
pub mod figures;
mod files;
#[cfg(test)]
mod fixture;
pub mod graph;
mod http_client;
pub mod json;
mod listen;
mod machine;
pub mod markup;
pub mod mask;
pub mod metrics;
pub mod page;
pub mod phase;
pub mod plan;
pub mod problem;
pub mod protocols;
pub mod random;
pub mod report;
pub mod response;
mod run;
pub mod sanitize;
pub mod schedule;
pub mod services;
pub mod starter;
mod stop_reason;
pub mod suggest;
pub mod telemetry;
pub mod template;
pub mod threshold;
pub mod units;
pub mod uri;
pub mod value;
pub mod verdict;
pub mod yaml;
