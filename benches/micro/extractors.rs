//! Taking a value out of an answer that was not looked into before.

use criterion::{BatchSize, Criterion};

use crate::support::{User, large_body, requests, response, small_body, steps};

const STEPS: &str = r#"
      - { name: json_path, get: /, extract: { value: $.symbol } }
      - { name: json_path_not_singular, get: /, extract: { value: { json: $..symbol, match: all } } }
      - { name: regex, get: /, extract: { value: { regex: 'sequence":(\d+)', group: 1 } } }
      - { name: between, get: /, extract: { value: { between: ['sequence":', '}'], default: none } } }
"#;

pub(crate) fn benches(criterion: &mut Criterion) {
    let graph = steps(STEPS);
    let mut user = User::new(&graph, &[]);
    for (size, body) in [("200_B", small_body()), ("20_kB", large_body())] {
        let mut group = criterion.benchmark_group(format!("extractors/{size}"));
        for (label, request) in graph.labels.iter().zip(requests(&graph)) {
            let (_, extractor) = &request.extractors[0];
            group.bench_function(&*label.text, |bencher| {
                bencher.iter_batched_ref(
                    || response(&body),
                    |answer| extractor.extract(answer, &mut user).unwrap(),
                    BatchSize::SmallInput,
                );
            });
        }
        group.finish();
    }
}
