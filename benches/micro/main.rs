//! Micro-benchmarks of the parts a request passes through. `cargo bench` runs them all,
//! `cargo bench -- assertions` those whose name holds a word; see `bench/README.md`.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot set itself up has failed")]

mod assertions;
mod extractors;
mod metrics;
mod support;
mod template;
mod walk;

use std::time::Duration;

use criterion::Criterion;

fn main() {
    let times = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2));
    let mut criterion = times.configure_from_args();
    template::benches(&mut criterion);
    assertions::benches(&mut criterion);
    extractors::benches(&mut criterion);
    metrics::benches(&mut criterion);
    walk::benches(&mut criterion);
    criterion.final_summary();
}
