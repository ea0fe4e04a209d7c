//! Reports of runs made by hand.

mod annotations;
mod causes;
mod console;
mod document;
mod files;
mod forges;
mod html;
mod json;
mod junit;
mod progress;
mod sanitize;

use crate::failure::FailureKind;
use crate::fixture::{Finished, Fixture, PLAN};
use crate::metrics::SampleFailure;

/// A run in which five requests, two of them in a transaction, get the same wrong status three times each.
fn five_alike() -> Finished {
    let steps = "      - get: /a
      - get: /b
      - get: /c
      - transaction: Pay
        steps: [ { get: /d }, { get: /e } ]
thresholds:
  - error_rate < 1%
";
    let head = PLAN.split_once("      - get: /market").expect("the steps").0;
    let mut run = Fixture::new(&format!("{head}{steps}"));
    for label in ["GET /a", "GET /b", "GET /c", "GET /d", "GET /e"] {
        let span = run.span_of(label);
        let failure = SampleFailure {
            expected: Some("a status below 400".into()),
            actual: Some("503: no healthy upstream".into()),
            ..SampleFailure::new(FailureKind::Status, "the status is 503", span)
        };
        for at in [1.0, 2.0, 3.0] {
            run.answered(label, at, 10, std::slice::from_ref(&failure), "HTTP/1.1 503\n\nno healthy upstream");
        }
    }
    run.finish()
}
