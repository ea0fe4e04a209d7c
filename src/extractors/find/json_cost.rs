//! What a JSONPath may come to before it is followed: paths such as `$..[*]..[*]` find every place
//! of a body many times over, and the library that follows them cannot be stopped.

use jsonpath_rust::parser::model::{Filter, JpQuery, Segment, Selector};

use crate::json::Tree;

/// How many places a path may come by in one body, every place as often as it does.
pub(crate) const MAX_PLACES: u64 = 1_000_000;

/// A regular expression is compiled again for every place that it looks at.
const REGEX: u64 = 200;

/// Whether a path comes by more than [`MAX_PLACES`] places of a body. It is followed without noting
/// anything, until there are too many; filters let everything through.
pub(super) fn is_too_much(query: &JpQuery, tree: &Tree) -> bool {
    let mut walk = Walk { left: MAX_PLACES, root: tree, all: None, prices: Vec::new() };
    walk.segments(&query.segments, tree).is_none()
}

struct Walk<'t> {
    left: u64,
    root: &'t Tree,
    /// How many places the body has, once somebody has asked.
    all: Option<u64>,
    /// Those of the filters that were met, by where they are.
    prices: Vec<(*const Filter, Price)>,
}

/// A body is nested at most [`crate::json::MAX_DEPTH`] levels deep, and at most every second of the calls
/// within one another stays on the same level.
impl Walk<'_> {
    /// Nothing if that is too much.
    fn spend(&mut self, places: u64) -> Option<()> {
        self.left = self.left.checked_sub(places)?;
        Some(())
    }

    fn price(&mut self, filter: &Filter) -> Price {
        let known = self.prices.iter().find(|(place, _)| std::ptr::eq(*place, filter));
        known.map(|(_, price)| *price).unwrap_or_else(|| {
            let price = Price::of(filter);
            self.prices.push((filter, price));
            price
        })
    }

    fn segments(&mut self, segments: &[Segment], at: &Tree) -> Option<()> {
        match segments.split_first() {
            Some((segment, rest)) => self.segment(segment, rest, at),
            None => Some(()),
        }
    }

    fn segment(&mut self, segment: &Segment, rest: &[Segment], at: &Tree) -> Option<()> {
        match segment {
            Segment::Descendant(inner) => self.descend(inner, rest, at),
            Segment::Selector(selector) => self.select(selector, rest, at),
            Segment::Selectors(selectors) => selectors.iter().try_for_each(|one| self.select(one, rest, at)),
        }
    }

    fn descend(&mut self, inner: &Segment, rest: &[Segment], at: &Tree) -> Option<()> {
        self.spend(1)?;
        self.segment(inner, rest, at)?;
        children(at).try_for_each(|child| self.descend(inner, rest, child))
    }

    fn select(&mut self, selector: &Selector, rest: &[Segment], at: &Tree) -> Option<()> {
        match selector {
            Selector::Name(name) => {
                let Tree::Object(members) = at else { return Some(()) };
                // The names are compared one after the other.
                self.spend(members.len() as u64 / 8)?;
                match members.iter().find(|(other, _)| other == name) {
                    Some((_, member)) => self.found(rest, member, Price::default()),
                    None => Some(()),
                }
            }
            Selector::Index(index) => {
                let Tree::List(items) = at else { return Some(()) };
                let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let index = if *index < 0 { index.saturating_add(length) } else { *index };
                match usize::try_from(index).ok().and_then(|index| items.get(index)) {
                    Some(item) => self.found(rest, item, Price::default()),
                    None => Some(()),
                }
            }
            Selector::Wildcard | Selector::Slice(..) => {
                children(at).try_for_each(|child| self.found(rest, child, Price::default()))
            }
            Selector::Filter(filter) => {
                let price = self.price(filter);
                children(at).try_for_each(|child| self.found(rest, child, price))
            }
        }
    }

    fn found(&mut self, rest: &[Segment], place: &Tree, price: Price) -> Option<()> {
        self.spend(1 + price.fixed)?;
        if price.inside > 0 {
            let inside = count(place, self.left)?;
            self.spend(price.inside.saturating_mul(inside))?;
        }
        if price.whole > 0 {
            let root = self.root;
            let all = *self.all.get_or_insert_with(|| count(root, MAX_PLACES).unwrap_or(u64::MAX));
            self.spend(price.whole.saturating_mul(all))?;
        }
        self.segments(rest, place)
    }
}

/// The values in a list or an object.
fn children(tree: &Tree) -> impl Iterator<Item = &Tree> {
    let (items, members) = match tree {
        Tree::Scalar(_) => (None, None),
        Tree::List(items) => (Some(items.iter()), None),
        Tree::Object(members) => (None, Some(members.iter())),
    };
    items.into_iter().flatten().chain(members.into_iter().flatten().map(|(_, member)| member))
}

/// How many places there are in one, itself included; nothing if there are more than `most`.
fn count(tree: &Tree, most: u64) -> Option<u64> {
    fn take(tree: &Tree, left: &mut u64) -> Option<()> {
        *left = left.checked_sub(1)?;
        children(tree).try_for_each(|child| take(child, left))
    }
    let mut left = most;
    take(tree, &mut left).map(|()| most - left)
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

    fn read(body: String) -> Document {
        Document::read(body.into()).unwrap()
    }

    fn too_much(path: &str, document: &Document) -> bool {
        is_too_much(&parse_json_path(path).unwrap(), document.tree())
    }

    #[test]
    fn places_are_counted_as_often_as_a_path_comes_by() {
        let body = read(format!("[{}0]", r#"{"a":{"b":[1,2,3,{"c":"x"}]}},"#.repeat(20_000)));
        for path in ["$..c", "$[*].a.b[*]", "$..[?@.c == 'x']", "$[?@.a.b[0] == 1].a", "$[0:100]..*", "$[?@..c]"] {
            assert!(!too_much(path, &body), "{path}");
        }
        for path in ["$..[*]..[*]..[*]", "$..*..*..*", "$[?$..c]", "$..[?$..c]", "$..*[?search(@.c, 'x')]"] {
            assert!(too_much(path, &body), "{path}");
        }
        // What is next to a short list costs nothing, nor do selectors that find nothing.
        let beside = read(format!(r#"{{"a":[1,2,3],"b":[{}0]}}"#, "0,".repeat(1_100_000)));
        for path in ["$.a[*]", "$.a[-1,0]", "$.a..*", "$.c..*..*"] {
            assert!(!too_much(path, &beside), "{path}");
        }
        assert!(too_much("$.b[*]", &beside) && too_much("$..a", &beside));
        // A name is looked for among all others.
        let names: String = (0..100_000).map(|n| format!(r#""n{n}":0,"#)).collect();
        let wide = read(format!(r#"[{{{names}"z":1}}]"#));
        let many = format!("$[{}0].z", "0,".repeat(1_000));
        assert!(!too_much("$[0,0,0].z", &wide) && too_much(&many, &wide));
        // The same paths in a body of usual size.
        let small = read(format!("[{}0]", r#"{"a":{"b":[1,2,3,{"c":"x"}]}},"#.repeat(50)));
        for path in ["$..[*]..[*]..[*]", "$[?$..c]", "$..*[?search(@.c, 'x')]"] {
            assert!(!too_much(path, &small), "{path}");
        }
    }
}
