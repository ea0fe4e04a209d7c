//! Judging an answer that was not looked into before: decoding and parsing are part of it.

use criterion::{BatchSize, Criterion};

use crate::support::{User, large_body, requests, response, small_body, steps};

const STEPS: &str = r#"
      - { name: status, get: /, assert: { status: 200 } }
      - { name: response_time, get: /, assert: { response_time: { below: 1s } } }
      - { name: json_path, get: /, assert: { json: { $.symbol: ACME } } }
      - { name: json_path_not_singular, get: /, assert: { json: { $..symbol: { contains: ACME } } } }
      - { name: contains, get: /, assert: { body: { contains: 'sequence":123456789' } } }
      - { name: regex, get: /, assert: { body: { matches: 'sequence":\d+' } } }
"#;

pub(crate) fn benches(criterion: &mut Criterion) {
    let graph = steps(STEPS);
    let mut user = User::new(&graph, &[]);
    for (size, body) in [("200_B", small_body()), ("20_kB", large_body())] {
        let mut group = criterion.benchmark_group(format!("assertions/{size}"));
        for (label, request) in graph.labels.iter().zip(requests(&graph)) {
            let (_, assertion) = &request.assertions[0];
            group.bench_function(&*label.text, |bencher| {
                bencher.iter_batched_ref(
                    || response(&body),
                    |answer| assertion.check(answer, &mut user).unwrap(),
                    BatchSize::SmallInput,
                );
            });
        }
        group.finish();
    }
}
