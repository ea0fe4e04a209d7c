//! `response` in expressions.

use std::sync::Arc;

use crate::problem::Problem;
use crate::response::Response;
use crate::value::{Map, Value};

use super::builtin::ResponsePart;

/// A part of the last response, or a fragment that says why there is none.
pub(super) fn part(response: &Response, ok: bool, part: ResponsePart) -> Result<Value, Problem> {
    Ok(match part {
        ResponsePart::Status => response.status.map_or(Value::Null, |status| Value::Int(status.into())),
        ResponsePart::Ok => Value::Bool(ok),
        ResponsePart::Body => Value::text(response.text()),
        ResponsePart::Json => response.json().map_err(|_| not_json())?.root().to_value(),
        ResponsePart::Url => Value::text(response.url.as_ref()),
        ResponsePart::TimeMs => Value::Float(response.response_time.as_secs_f64() * 1000.0),
        ResponsePart::Headers => {
            let headers: Map = response
                .headers
                .keys()
                .filter_map(|name| Some((Arc::from(name.as_str()), header(response, name.as_str())?)))
                .collect();
            Value::Map(Arc::new(headers))
        }
    })
}

/// A header's first value as text; `None` when the response had no such header.
pub(super) fn header(response: &Response, name: &str) -> Option<Value> {
    let value = response.headers.get(name)?;
    Some(Value::text(String::from_utf8_lossy(value.as_bytes())))
}

/// What is said of a body that should be JSON.
pub(super) fn not_json() -> Problem {
    "the last response's body is not JSON".into()
}
