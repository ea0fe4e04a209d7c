//! Writing texts and JSON bodies for a user.

use std::hint::black_box;

use criterion::Criterion;
use loadplan::protocols::http::node::Body;
use loadplan::protocols::node::Protocol;
use loadplan::value::Value;

use crate::support::{User, requests, steps};

const STEPS: &str = r#"
      - set: { name: Ann, quantity: 3, price: 101.26 }
      - name: literal
        post: /
        body: a text that is the same for every user and iteration
      - name: one_variable
        post: /
        body: Hello ${name}, welcome back
      - name: whole_value_expression
        post: /
        body: ${quantity * price}
      - name: json_body
        post: /
        json:
          symbol: ACME
          quantity: ${quantity}
          price: ${price}
          note: ordered by ${name}
          tags: [limit, day]
"#;

pub(crate) fn benches(criterion: &mut Criterion) {
    let graph = steps(STEPS);
    let values = [("name", Value::text("Ann")), ("quantity", Value::Int(3)), ("price", Value::Float(101.26))];
    let mut user = User::new(&graph, &values);
    let mut group = criterion.benchmark_group("template");
    for (name, request) in
        ["literal", "one_variable", "whole_value_expression", "json_body"].into_iter().zip(requests(&graph))
    {
        let mut out = String::with_capacity(256);
        let Protocol::Http(http) = &request.protocol else { panic!("{name} is no HTTP request") };
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                out.clear();
                match black_box(http.body.as_deref().unwrap()) {
                    Body::Text(template) => template.render(&mut user, &mut out),
                    Body::Json(template) => template.render(&mut user, &mut out),
                    other => panic!("{name} has another body: {other:?}"),
                }
                .unwrap();
                out.len()
            });
        });
    }
    group.finish();
}
