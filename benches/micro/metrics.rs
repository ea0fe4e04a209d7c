//! Counting samples, and merging what was counted.

use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};
use loadplan::diagnostic::{FileId, Span};
use loadplan::exchange::Timings;
use loadplan::failure::FailureKind;
use loadplan::graph::LabelId;
use loadplan::metrics::{Aggregator, Example, Outcome, Recorder, ResponseTime, Sample, SampleFailure, Shape};

use crate::support::steps;

const SAMPLES: u64 = 10_000;

pub(crate) fn benches(criterion: &mut Criterion) {
    record(criterion);
    merge(criterion);
}

/// A sample of one of `labels` lines; times are spread as those of a real target are.
fn sample(number: u64, labels: u64, outcome: Outcome<'_>) -> Sample<'_> {
    let took = Duration::from_micros(200 + number * 7919 % 5000);
    let timings = Timings {
        total: took,
        first_byte: Some(took - Duration::from_micros(20)),
        download: Some(Duration::from_micros(20)),
        ..Timings::default()
    };
    Sample {
        response_time: ResponseTime::Whole(took),
        timings,
        sent_bytes: 120,
        received_bytes: 400,
        ..Sample::bare(
            LabelId((number % labels) as u32),
            Duration::from_secs(1),
            Duration::from_secs(1) + took,
            outcome,
        )
    }
}

fn record(criterion: &mut Criterion) {
    let shape = Shape::of(&steps("      - get: /\n"));
    let failure = SampleFailure::new(FailureKind::Status, "status is 200", Span { file: FileId(0), start: 0, end: 0 });
    let failures = [failure];
    let mut group = criterion.benchmark_group("metrics/record");
    for (name, outcome) in [("passed", Outcome::Passed), ("failed", Outcome::Failed(&failures))] {
        let mut recorder = Recorder::new(shape.clone());
        let mut number = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                number += 1;
                recorder.sample(&sample(number, 1, outcome), &mut Example::default);
            });
        });
    }
    group.finish();
}

/// One hand-over of a thread: flushing, merging and the live figures of the moment.
fn merge(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("metrics/flush_and_merge");
    group.throughput(Throughput::Elements(SAMPLES));
    for labels in [1, 100, 10_000] {
        let text: String = (0..labels).map(|number| format!("      - get: /{number}\n")).collect();
        let shape = Shape::of(&steps(&text));
        group.bench_function(format!("{SAMPLES}_samples_of_{labels}_labels"), |bencher| {
            bencher.iter_batched(
                || {
                    let mut recorder = Recorder::new(shape.clone());
                    for number in 0..SAMPLES {
                        recorder.sample(&sample(number, labels, Outcome::Passed), &mut Example::default);
                    }
                    (recorder, Aggregator::new(shape.clone(), 1))
                },
                |(mut recorder, mut aggregator)| {
                    aggregator.add(0, recorder.flush(), Duration::from_secs(1));
                    (aggregator.live(Duration::from_secs(2)), recorder, aggregator)
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}
