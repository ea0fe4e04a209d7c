//! JSONPath (RFC 9535). Paths to a single place are read lazily from the raw body; the whole
//! body is parsed only for the others and for explaining why nothing was found.

use std::sync::Arc;

use jsonpath_rust::parser::model::{JpQuery, Segment, Selector};
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use sonic_rs::PointerNode;

use crate::samplers::Response;
use crate::template::number_as_written;
use crate::value::Value;

use super::nearest::nearest_paths;
use super::{Found, json_check};

/// A compiled JSONPath.
#[derive(Clone, Debug)]
pub struct JsonPath {
    source: Arc<str>,
    query: JpQuery,
    /// The steps of a path that leads to at most one place.
    steps: Option<Vec<Step>>,
    /// The same for the lazy reader, which knows no negative index.
    pointer: Option<Vec<PointerNode>>,
}

/// A step down to one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Name(String),
    Index(i64),
}

impl JsonPath {
    /// Compiles a path.
    ///
    /// # Errors
    /// A fragment that says what is wrong with it.
    pub fn compile(path: &str) -> Result<Self, String> {
        if !path.starts_with('$') {
            return Err(format!("a JSONPath starts with `$`: write `$.{}`", path.trim_start_matches(['.', '@'])));
        }
        json_check::check_text(path)?;
        let query = parse_json_path(path).map_err(|error| json_check::explain(path, &error))?;
        json_check::check_types(&query)?;
        let steps = singular_steps(&query);
        let pointer = steps.as_ref().and_then(|steps| steps.iter().map(pointer_node).collect());
        Ok(Self { source: path.into(), query, steps, pointer })
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
    pub fn find(&self, response: &Response) -> Result<Found, String> {
        if let Some(found) = self.find_lazily(&response.body) {
            return Ok(Found::One(found));
        }
        match response.json() {
            Ok(json) => self.find_in(json),
            Err(error) => Err(self.not_json(response, error)),
        }
    }

    /// What it finds in a text that is JSON.
    ///
    /// # Errors
    /// A fragment that says why the text is not JSON.
    pub fn find_in_text(&self, text: &str) -> Result<Found, String> {
        let json =
            serde_json::from_str::<serde_json::Value>(text).map_err(|error| format!("it is not JSON ({error})"))?;
        self.find_in(&json)
    }

    fn not_json(&self, response: &Response, error: &str) -> String {
        if response.body.is_empty() {
            "the body is empty".to_owned()
        } else if response.truncated() {
            format!("the body is longer than `max_body`, so only its first {} bytes were kept", response.body.len())
        } else {
            format!("the body is not JSON ({error})")
        }
    }

    fn find_in(&self, json: &serde_json::Value) -> Result<Found, String> {
        if let Some(steps) = &self.steps {
            return Ok(walk(json, steps).map_or(Found::Nothing, |found| Found::One(Value::from(found))));
        }
        let found =
            js_path_process(&self.query, json).map_err(|error| format!("the path cannot be followed ({error})"))?;
        Ok(Found::Several(found.into_iter().map(|found| Value::from(found.val)).collect()))
    }

    /// Reads one place of the raw body. `None` when there is nothing or the body is not plain
    /// JSON: the tree then tells which.
    fn find_lazily(&self, body: &[u8]) -> Option<Value> {
        let pointer = self.pointer.as_ref().filter(|pointer| !pointer.is_empty())?;
        if nested_too_deep(body) {
            return None;
        }
        let found = sonic_rs::get_from_slice(body, pointer.as_slice()).ok()?;
        let raw = found.as_raw_str();
        match raw.as_bytes().first()? {
            b'n' => Some(Value::Null),
            b't' => Some(Value::Bool(true)),
            b'f' => Some(Value::Bool(false)),
            b'"' => {
                let inner = raw.get(1..raw.len() - 1)?;
                if inner.contains('\\') {
                    serde_json::from_str(raw).ok().map(|text: String| Value::text(text))
                } else {
                    Some(Value::text(inner))
                }
            }
            b'{' | b'[' => serde_json::from_str::<serde_json::Value>(raw).ok().map(|json| Value::from(&json)),
            _ => Some(number_as_written(raw)),
        }
    }

    /// Paths that exist in the body and could have been meant by one that found nothing.
    pub fn nearest(&self, response: &Response) -> Vec<String> {
        let Ok(json) = response.json() else { return Vec::new() };
        match &self.steps {
            Some(steps) => nearest_paths(json, steps),
            None => {
                let names = leading_steps(&self.query);
                if walk(json, &names).is_some() { Vec::new() } else { nearest_paths(json, &names) }
            }
        }
    }
}

/// Follows the steps as far as they all exist.
pub(super) fn walk<'j>(json: &'j serde_json::Value, steps: &[Step]) -> Option<&'j serde_json::Value> {
    steps.iter().try_fold(json, step_into)
}

pub(super) fn step_into<'j>(json: &'j serde_json::Value, step: &Step) -> Option<&'j serde_json::Value> {
    match step {
        Step::Name(name) => json.as_object()?.get(name),
        Step::Index(index) => {
            let items = json.as_array()?;
            let at = if *index < 0 { index.checked_add(i64::try_from(items.len()).ok()?)? } else { *index };
            items.get(usize::try_from(at).ok()?)
        }
    }
}

fn singular_steps(query: &JpQuery) -> Option<Vec<Step>> {
    let steps = leading_steps(query);
    (steps.len() == query.segments.len()).then_some(steps)
}

/// The steps up to the first one that can lead to several places.
fn leading_steps(query: &JpQuery) -> Vec<Step> {
    let step = |segment: &Segment| match segment {
        Segment::Selector(Selector::Name(name)) => Some(Step::Name(name.clone())),
        Segment::Selector(Selector::Index(index)) => Some(Step::Index(*index)),
        _ => None,
    };
    query.segments.iter().map_while(step).collect()
}

/// The deepest nesting the lazy reader is given: it recurses once per level and has no limit of
/// its own, so a hostile body would overflow the stack. The tree's parser has the same limit.
const MAX_DEPTH: usize = 128;

/// Whether the body may be nested deeper than [`MAX_DEPTH`].
fn nested_too_deep(body: &[u8]) -> bool {
    // Few opening signs cannot nest deep. Counting them all is quick, as it needs no state; in
    // pieces whose count fits into a byte, many bytes are counted at a time.
    let openings = |piece: &[u8]| piece.iter().map(|byte| u8::from(matches!(byte, b'[' | b'{'))).sum::<u8>();
    if body.len() <= MAX_DEPTH || body.chunks(255).map(|piece| usize::from(openings(piece))).sum::<usize>() <= MAX_DEPTH
    {
        return false;
    }
    let mut depth = 0_usize;
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return true;
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                while let Some(inner) = bytes.next() {
                    match inner {
                        b'\\' => drop(bytes.next()),
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    false
}

fn pointer_node(step: &Step) -> Option<PointerNode> {
    match step {
        Step::Name(name) => Some(PointerNode::from(name.as_str())),
        Step::Index(index) => usize::try_from(*index).ok().map(PointerNode::from),
    }
}
