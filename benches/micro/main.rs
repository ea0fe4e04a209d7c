//! Micro-benchmarks of the parts a request passes through. `cargo bench` runs them all,
//! `cargo bench -- assertions` those whose name holds a word; see `bench/README.md`.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set itself up has failed")]

mod assertions;
mod extractors;
mod metrics;
mod support;
mod template;
mod walk;

use criterion::Criterion;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    template::benches(&mut criterion);
    assertions::benches(&mut criterion);
    extractors::benches(&mut criterion);
    metrics::benches(&mut criterion);
    walk::benches(&mut criterion);
    criterion.final_summary();
}
