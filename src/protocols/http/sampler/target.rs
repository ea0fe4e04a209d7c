//! Where a request goes this time: its URL, made from the node's templates.

use std::sync::Arc;

use super::super::client::{Target, body};
use super::super::node::HttpNode;
use crate::failure::StepError;
use crate::protocols::sampler::text;
use crate::template::Scope;
use crate::uri;
use crate::value::Value;

/// The URL of a request with the values of this moment.
///
/// # Errors
/// When a value is missing, or what comes out is not a URL.
pub(super) fn computed(http: &HttpNode, scope: &mut dyn Scope) -> Result<Target, StepError> {
    let mut url = String::new();
    http.url.render_checked(scope, &mut url, keeps_its_place)?;
    if !uri::is_absolute(&url) {
        let base = http.base_url.as_ref().map(|base| text(scope, base)).transpose()?;
        url = uri::resolve(base.as_deref(), &url)?;
    }
    if !http.query.is_empty() {
        let mut pairs = Vec::new();
        for (name, tree) in &http.query {
            let value = tree.value(scope)?;
            spread(name, &value, &mut pairs);
        }
        let query = body::query(pairs.iter().map(|(name, value)| (&**name, value.as_str())));
        if !query.is_empty() {
            let fragment = url.find('#').unwrap_or(url.len());
            let sign = if url[..fragment].contains('?') { '&' } else { '?' };
            url.insert_str(fragment, &format!("{sign}{query}"));
        }
    }
    if http.websocket {
        url = uri::http_form(&url).into_owned();
    }
    Ok(Target::parse(&url)?)
}

/// Refuses a value within a URL that would change where the request goes: what follows `#` is never sent,
/// and what follows `?` is no part of the path (RFC 3986 §3). One that brings a query of its own, as links
/// do (`items?page=2`), is meant so. The value itself is not told: it may be a secret.
fn keeps_its_place(expression: &str, value: &str) -> Result<(), StepError> {
    let query = |at: usize| {
        let name = &value[at + 1..];
        name.find('=')
            .is_some_and(|end| end > 0 && name[..end].chars().all(|c| c.is_alphanumeric() || "-_.[]%".contains(c)))
    };
    let (sign, effect) = match value.find(['#', '?']) {
        Some(at) if value[at..].starts_with('?') && !query(at) => ('?', "makes a query of the rest"),
        Some(_) if value.contains('#') => ('#', "cuts the rest off"),
        Some(_) | None => return Ok(()),
    };
    let (open, expression) = ("${", expression.trim());
    Err(StepError::new(format!(
        "the value of `{open}{expression}}}` holds a `{sign}`, which {effect} in a URL: write `{open}{expression} | \
         url_encode}}`, or send it with `query:`"
    )))
}

/// A list repeats the name, `null` leaves it out.
pub(super) fn spread(name: &Arc<str>, value: &Value, pairs: &mut Vec<(Arc<str>, String)>) {
    match value {
        Value::Null => {}
        Value::List(items) => items.iter().for_each(|item| spread(name, item, pairs)),
        value @ (Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Map(_)) => pairs.push((name.clone(), value.to_string())),
    }
}
