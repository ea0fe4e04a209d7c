//! What a JSONPath may come to before it is followed: paths such as `$..[*]..[*]` find every place
//! of a body many times over, and the library that follows them cannot be stopped.

use jsonpath_rust::parser::model::{Filter, JpQuery, Segment, Selector};

use crate::json::Tree;

/// How many places a path may come by in one body, every place as often as it does.
pub(crate) const MAX_PLACES: u64 = 1_000_000;

/// A regular expression is compiled anew for every place that it looks at.
const REGEX: u64 = 200;

/// Whether a path comes by more than [`MAX_PLACES`] places of a body, as far as can be told without
/// following it: filters are taken to let everything through.
pub(super) fn is_too_much(query: &JpQuery, tree: &Tree) -> bool {
    let nodes = Nodes::of(tree);
    let mut counts = vec![0; nodes.all.len()];
    counts[0] = 1_u64;
    let mut places = 0_u64;
    for segment in &query.segments {
        counts = nodes.follow(segment, counts, &mut places);
        places = counts.iter().fold(places, |sum, count| sum.saturating_add(*count));
        if places > MAX_PLACES {
            return true;
        }
    }
    false
}

/// The places of a body, each before those that are in it.
struct Nodes<'t> {
    all: Vec<Place<'t>>,
}

struct Place<'t> {
    parent: usize,
    name: Option<&'t str>,
    index: i64,
    /// How many places there are in it, itself included.
    size: u64,
}

impl<'t> Nodes<'t> {
    fn of(tree: &'t Tree) -> Self {
        let mut nodes = Self { all: Vec::new() };
        nodes.add(tree, 0, None, 0);
        nodes
    }

    /// A body is nested at most [`crate::json::MAX_DEPTH`] levels deep.
    fn add(&mut self, tree: &'t Tree, parent: usize, name: Option<&'t str>, index: i64) {
        let own = self.all.len();
        self.all.push(Place { parent, name, index, size: 1 });
        match tree {
            Tree::Scalar(_) => {}
            Tree::List(items) => {
                for (item, index) in items.iter().zip(0..) {
                    self.add(item, own, None, index);
                }
            }
            Tree::Object(members) => {
                for (name, member) in members {
                    self.add(member, own, Some(name), 0);
                }
            }
        }
        self.all[own].size = (self.all.len() - own) as u64;
    }

    /// How often each place is found by a segment that starts as often from each place.
    fn follow(&self, segment: &Segment, mut counts: Vec<u64>, places: &mut u64) -> Vec<u64> {
        match segment {
            Segment::Descendant(inner) => {
                for at in 1..counts.len() {
                    counts[at] = counts[at].saturating_add(counts[self.all[at].parent]);
                }
                *places = counts.iter().fold(*places, |sum, count| sum.saturating_add(*count));
                self.follow(inner, counts, places)
            }
            Segment::Selector(selector) => self.select(std::slice::from_ref(selector), &counts, places),
            Segment::Selectors(selectors) => self.select(selectors, &counts, places),
        }
    }

    fn select(&self, selectors: &[Selector], counts: &[u64], places: &mut u64) -> Vec<u64> {
        let mut found = vec![0_u64; counts.len()];
        for selector in selectors {
            let price = match selector {
                Selector::Filter(filter) => Price::of(filter),
                Selector::Name(_) | Selector::Wildcard | Selector::Index(_) | Selector::Slice(..) => Price::default(),
            };
            for (at, place) in self.all.iter().enumerate().skip(1) {
                let from = counts[place.parent];
                let chosen = match selector {
                    Selector::Name(name) => place.name == Some(name),
                    // From the end it is one place too; which one does not matter to the sum.
                    Selector::Index(index) => place.name.is_none() && place.index == (*index).max(0),
                    Selector::Wildcard | Selector::Slice(..) | Selector::Filter(_) => true,
                };
                if from > 0 && chosen {
                    found[at] = found[at].saturating_add(from);
                    let each = price.fixed + price.inside * place.size + price.whole * self.all.len() as u64;
                    *places = places.saturating_add(from.saturating_mul(each));
                }
            }
        }
        found
    }
}

/// What a filter looks at for each place, beyond the place itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Price {
    fixed: u64,
    /// How often everything that is in the place.
    inside: u64,
    /// How often everything that is in the body.
    whole: u64,
}

impl Price {
    fn of(filter: &Filter) -> Self {
        let text = filter.to_string();
        let many = |text: &str| text.contains("..") || text.contains('*') || text.contains('?');
        let regexes = text.matches("search(").count() + text.matches("match(").count();
        let roots = text.matches('$').count();
        let mut price = Self { fixed: regexes as u64 * REGEX, ..Self::default() };
        if many(&text) {
            let nested = 1 + (text.matches("..").count() + text.matches('*').count()) as u64;
            price.inside = nested;
            if roots > 0 {
                price.whole = nested;
            }
        }
        price
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use jsonpath_rust::parser::parse_json_path;

    use super::*;
    use crate::json::Document;

    fn too_much(path: &str, body: &str) -> bool {
        let document = Document::read(body.to_owned().into()).unwrap();
        is_too_much(&parse_json_path(path).unwrap(), document.tree())
    }

    #[test]
    fn places_are_counted_as_often_as_a_path_comes_by() {
        let body = format!("[{}0]", r#"{"a":{"b":[1,2,3,{"c":"x"}]}},"#.repeat(20_000));
        for path in ["$..c", "$[*].a.b[*]", "$..[?@.c == 'x']", "$[?@.a.b[0] == 1].a", "$[0:100]..*", "$[?@..c]"] {
            assert!(!too_much(path, &body), "{path}");
        }
        for path in ["$..[*]..[*]..[*]", "$..*..*..*", "$[?$..c]", "$..[?$..c]", "$..*[?search(@.c, 'x')]"] {
            assert!(too_much(path, &body), "{path}");
        }
        // The same paths in a body of usual size.
        let small = format!("[{}0]", r#"{"a":{"b":[1,2,3,{"c":"x"}]}},"#.repeat(50));
        for path in ["$..[*]..[*]..[*]", "$[?$..c]", "$..*[?search(@.c, 'x')]"] {
            assert!(!too_much(path, &small), "{path}");
        }
    }
}
