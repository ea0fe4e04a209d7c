//! Which path could have been meant by one that found nothing.

use std::collections::VecDeque;

use crate::json::{Node, ValueKind};
use crate::suggest::nearest;

use super::json::{PathStep, step_into};

/// How many places of the body are looked at; a message is not worth more.
const MAX_PLACES: usize = 5_000;
/// How many keys of one object are compared with the one that is missing.
const MAX_KEYS: usize = 200;
/// How many paths are named.
const MAX_PATHS: usize = 3;

/// Paths that exist and are near to `steps`: the same place with a name spelled slightly
/// differently, or else places elsewhere whose last name is the same.
pub(super) fn nearest_paths(json: Node<'_>, steps: &[PathStep]) -> Vec<String> {
    let mut place = json;
    let mut path: Vec<PathStep> = Vec::new();
    for step in steps {
        match step_into(place, step) {
            Some(next) => {
                path.push(step.clone());
                place = next;
            }
            None => break,
        }
    }
    let missing = steps.get(path.len());
    if let Some(PathStep::Name(name)) = missing {
        let names: Vec<_> = place.members().take(MAX_KEYS).map(|(name, _)| name).collect();
        if let Some(known) = nearest(name, names.iter().map(|name| &**name)) {
            path.push(PathStep::Name(known.to_owned()));
            return vec![written(&path)];
        }
    }
    let wanted = steps.iter().rev().find_map(|step| match step {
        PathStep::Name(name) => Some(name.as_str()),
        PathStep::Index(_) => None,
    });
    wanted.map(|name| places_called(json, name)).unwrap_or_default()
}

/// The first places, from the top down, under this name in whatever case.
fn places_called(json: Node<'_>, name: &str) -> Vec<String> {
    let mut queue: VecDeque<(Node<'_>, Vec<PathStep>)> = VecDeque::from([(json, Vec::new())]);
    let mut found = Vec::new();
    let mut seen = 0;
    while let Some((place, path)) = queue.pop_front() {
        let mut visit = |step: PathStep, child| {
            let mut path = path.clone();
            path.push(step);
            queue.push_back((child, path));
        };
        match place.kind() {
            ValueKind::Object => {
                for (key, child) in place.members().take(MAX_KEYS) {
                    if key.eq_ignore_ascii_case(name) {
                        let mut path = path.clone();
                        path.push(PathStep::Name(key.to_string()));
                        found.push(written(&path));
                    }
                    visit(PathStep::Name(key.into_owned()), child);
                }
            }
            ValueKind::List => {
                // Elements of a list are alike: the first ones tell enough.
                for (index, child) in place.items().take(3).enumerate() {
                    visit(PathStep::Index(index as i64), child);
                }
            }
            ValueKind::Null | ValueKind::Bool | ValueKind::Number | ValueKind::Text => {}
        }
        seen += 1;
        if seen >= MAX_PLACES || found.len() >= MAX_PATHS {
            break;
        }
    }
    found.truncate(MAX_PATHS);
    found
}

/// Steps as a JSONPath.
fn written(steps: &[PathStep]) -> String {
    let mut path = "$".to_owned();
    for step in steps {
        match step {
            PathStep::Index(index) => path.push_str(&format!("[{index}]")),
            PathStep::Name(name) => {
                let plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
                    && name.chars().all(|c| c.is_alphanumeric() || c == '_');
                if plain {
                    path.push('.');
                    path.push_str(name);
                } else {
                    path.push_str(&format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'")));
                }
            }
        }
    }
    path
}
