//! Where a request goes this time: its URL, made from the node's templates.

use std::sync::Arc;

use super::user::User;
use crate::graph::HttpNode;
use crate::samplers::http::{self as sampler, Target};
use crate::uri;
use crate::value::Value;

impl User {
    /// The URL of a request with the values of this moment.
    ///
    /// # Errors
    /// When a value is missing, or what comes out is not a URL.
    pub(super) fn computed_target(&mut self, http: &HttpNode) -> Result<Target, String> {
        let mut url = self.text(&http.url)?;
        if !uri::is_absolute(&url) {
            let base = http.base_url.as_ref().map(|base| self.text(base)).transpose()?;
            url = uri::resolve(base.as_deref(), &url)?;
        }
        if !http.query.is_empty() {
            let mut pairs = Vec::new();
            for (name, tree) in &http.query {
                let value = tree.value(self).map_err(|error| error.message)?;
                spread(name, &value, &mut pairs);
            }
            let query = sampler::body::query(pairs.iter().map(|(name, value)| (&**name, value.as_str())));
            if !query.is_empty() {
                let fragment = url.find('#').unwrap_or(url.len());
                let sign = if url[..fragment].contains('?') { '&' } else { '?' };
                url.insert_str(fragment, &format!("{sign}{query}"));
            }
        }
        Target::parse(&url)
    }
}

/// A list repeats the name, `null` leaves it out.
pub(super) fn spread(name: &Arc<str>, value: &Value, pairs: &mut Vec<(Arc<str>, String)>) {
    match value {
        Value::Null => {}
        Value::List(items) => items.iter().for_each(|item| spread(name, item, pairs)),
        value => pairs.push((name.clone(), value.to_string())),
    }
}
