//! loadplan: a load-test runner. Plans in plain YAML go in, a verdict CI can trust comes out.
//!
//! One pipeline, one room per stage, and data walks one way:
//! [`plan`] reads YAML into a typed plan, [`graph`] compiles it into the execution graph,
//! [`engine`] walks the graph and emits samples, [`metrics`] counts them, [`verdict`] judges
//! them and [`report`] writes them down; [`compare`] holds a run against earlier ones. While the run goes,
//! [`telemetry`] shows its figures and [`dashboard`] its report.

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
