//! JSONPath (RFC 9535). Paths to a single place are followed in the outline of the body; a tree
//! of it is made only for the others.

use std::sync::Arc;

use bytes::Bytes;
use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;

use crate::json::{Document, Node};
use crate::problem::Problem;
use crate::response::Response;

use super::nearest::nearest_paths;
use super::{Found, json_check, json_cost, json_dialects};

/// A compiled JSONPath.
#[derive(Clone, Debug)]
pub struct JsonPath {
    source: Arc<str>,
    query: JpQuery,
    /// The steps of a path that leads to at most one place.
    steps: Option<Vec<PathStep>>,
}

/// A step down to one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PathStep {
    Name(String),
    Index(i64),
}

/// What the message begins with that a path is too costly.
pub(super) const TOO_MANY_PLACES: &str = "the path visits more than";
/// What the message begins with that a body was not kept whole.
pub(super) const CUT: &str = "the body is longer than `max_body`";

impl JsonPath {
    /// Compiles a path.
    ///
    /// # Errors
    /// What is wrong with it, and how it is written if that is known.
    pub fn compile(path: &str) -> Result<Self, Problem> {
        Self::parse(path).map_err(|problem| {
            let counted = ["length", "size", "count"].iter().find_map(|word| path.strip_suffix(&format!(".{word}()")));
            if let Some(list) = counted.or_else(|| path.strip_suffix(".#")) {
                let rewritten = json_dialects::rewritten(list).filter(|ours| Self::parse(&ours.path).is_ok());
                if let Some(ours) = rewritten {
                    return Problem::new(
                        "a path finds values but does not count them",
                        format!("assert `{0}: {{ length: 3 }}`, or extract `{0}` and use `name | length`", ours.path),
                    );
                }
            }
            let rewritten =
                json_dialects::rewritten(path).filter(|ours| ours.path != path && Self::parse(&ours.path).is_ok());
            match rewritten {
                Some(ours) => Problem {
                    message: ours.note.map_or(problem.message, str::to_owned),
                    help: format!("write `{}`", ours.path),
                    corrected: Some(ours.path),
                },
                None => problem,
            }
        })
    }

    fn parse(path: &str) -> Result<Self, Problem> {
        if !path.starts_with('$') {
            let ours = format!("write `$.{}`", path.trim_start_matches(['.', '@']));
            return Err(Problem::new("a JSONPath starts with `$`", ours));
        }
        json_check::check_text(path)?;
        let query = parse_json_path(path).map_err(|error| json_check::explain(path, &error))?;
        json_check::check_types(&query)?;
        let steps = singular_steps(&query);
        Ok(Self { source: path.into(), query, steps })
    }

    /// The path as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it leads to at most one place.
    pub fn is_singular(&self) -> bool {
        self.steps.is_some()
    }

    /// What it finds in the body of `response`.
    ///
    /// # Errors
    /// A fragment that says why the body is not JSON.
    pub fn find(&self, response: &Response) -> Result<Found, Problem> {
        match response.json() {
            Ok(json) => self.find_in(json),
            Err(error) => Err(self.not_json(response, error)),
        }
    }

    /// What it finds in a text that is JSON.
    ///
    /// # Errors
    /// A fragment that says why the text is not JSON.
    pub fn find_in_text(&self, text: &str) -> Result<Found, Problem> {
        let json = Document::read(Bytes::copy_from_slice(text.as_bytes()))
            .map_err(|error| format!("it is not JSON ({error})"))?;
        self.find_in(&json)
    }

    fn not_json(&self, response: &Response, error: &Problem) -> Problem {
        if response.body.is_empty() {
            "the body is empty".into()
        } else if let Some(words) = super::still_gzip(&response.beginning(8)) {
            words.into()
        } else if response.truncated() {
            format!("{CUT}, so only its first {} bytes were kept", response.body.len()).into()
        } else {
            format!("the body is not JSON ({error})").into()
        }
    }

    fn find_in(&self, json: &Document) -> Result<Found, Problem> {
        if let Some(steps) = &self.steps {
            return Ok(walk(json.root(), steps).map_or(Found::Nothing, |found| Found::One(found.to_value())));
        }
        if json_cost::is_too_much(&self.query, json.tree()) {
            return Err(format!(
                "{TOO_MANY_PLACES} {} places of the body: use fewer `..`, `*` and `?`",
                json_cost::MAX_PLACES
            )
            .into());
        }
        let found = js_path_process(&self.query, json.tree())
            .map_err(|error| format!("the path cannot be followed ({error})"))?;
        let mut values = Vec::with_capacity(found.len());
        let mut size = 0;
        for found in found {
            size += found.val.size();
            super::room_for(size)?;
            values.push(found.val.to_value());
        }
        Ok(Found::Several(values))
    }

    /// The texts and numbers under the path's last name in a text that may not be JSON as a whole, and may
    /// end within one of them.
    pub fn find_loosely<'t>(&self, text: &'t str) -> impl Iterator<Item = String> + use<'t> {
        let quoted = self.query.segments.iter().rev().find_map(name_of).map(|name| format!("\"{name}\""));
        let mut rest = text;
        std::iter::from_fn(move || {
            let quoted = quoted.as_ref()?;
            loop {
                rest = &rest[rest.find(quoted)? + quoted.len()..];
                if let Some(value) = rest.trim_start().strip_prefix(':') {
                    return Some(leading_value(value.trim_start()));
                }
            }
        })
    }

    /// Paths that exist in the body and could have been meant by one that found nothing.
    pub fn nearest(&self, response: &Response) -> Vec<String> {
        let Ok(json) = response.json() else { return Vec::new() };
        match &self.steps {
            Some(steps) => nearest_paths(json.root(), steps),
            None => {
                let names = leading_steps(&self.query);
                if walk(json.root(), &names).is_some() { Vec::new() } else { nearest_paths(json.root(), &names) }
            }
        }
    }
}

fn name_of(segment: &Segment) -> Option<&str> {
    match segment {
        Segment::Selector(Selector::Name(name)) => Some(name),
        Segment::Descendant(inner) => name_of(inner),
        Segment::Selector(_) | Segment::Selectors(_) => None,
    }
}

/// The text or number that a text begins with, up to where the text ends.
fn leading_value(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c.is_whitespace() || ",]}".contains(c)).unwrap_or(text.len());
        return text[..end].to_owned();
    };
    let mut escaped = false;
    let end = inner.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    let inner = &inner[..end.unwrap_or(inner.len())];
    serde_json::from_str(&format!("\"{inner}\"")).unwrap_or_else(|_| inner.to_owned())
}

/// Follows the steps as far as they all exist.
pub(super) fn walk<'d>(json: Node<'d>, steps: &[PathStep]) -> Option<Node<'d>> {
    steps.iter().try_fold(json, step_into)
}

pub(super) fn step_into<'d>(json: Node<'d>, step: &PathStep) -> Option<Node<'d>> {
    match step {
        PathStep::Name(name) => json.get(name),
        PathStep::Index(index) => json.element(*index),
    }
}

fn singular_steps(query: &JpQuery) -> Option<Vec<PathStep>> {
    let steps = leading_steps(query);
    (steps.len() == query.segments.len()).then_some(steps)
}

/// The steps up to the first one that can lead to several places.
fn leading_steps(query: &JpQuery) -> Vec<PathStep> {
    let step = |segment: &Segment| match segment {
        Segment::Selector(Selector::Name(name)) => Some(PathStep::Name(name.clone())),
        Segment::Selector(Selector::Index(index)) => Some(PathStep::Index(*index)),
        _ => None,
    };
    query.segments.iter().map_while(step).collect()
}
