//! XPath 1.0 over XML.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use sxd_document::Package;
use sxd_xpath::{Context, Factory, Value as XValue};

use crate::problem::Problem;
use crate::value::Value;

use super::{Found, in_words, xml};

/// A checked XPath. The engine's compiled form cannot be shared between threads, so each thread
/// compiles it on first use and keeps it.
#[derive(Clone, Debug)]
pub struct XPath {
    source: Arc<str>,
    /// The prefixes it uses. The engine panics on one that is not declared.
    prefixes: Vec<String>,
    effort: Effort,
}

/// How the time a path takes grows with the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    /// With its nodes.
    Linear,
    /// With its nodes as often as there are elements around them: several descents, or conditions.
    Nested(usize),
    /// With the square of its nodes: it may look at all of them for each of them.
    Square,
}

/// How many nodes, and KiB of text, a document may have for a path that looks at all of them for each of them.
pub(crate) const MAX_SQUARE_NODES: usize = 5_000;

/// How many nodes a path may come by, about, that descends more than once.
pub(crate) const MAX_NESTED_NODES: usize = 5_000_000;

thread_local! {
    static COMPILED: RefCell<HashMap<Arc<str>, Rc<sxd_xpath::XPath>>> = RefCell::new(HashMap::new());
}

/// How many nested parentheses and brackets a path may have: the engine's parser recurses.
const MAX_NESTING: usize = 32;

impl XPath {
    /// Checks a path.
    ///
    /// # Errors
    /// A fragment that says what is wrong with it.
    pub fn compile(path: &str) -> Result<Self, Problem> {
        if path.len() > 2_000 || deepest(path) > MAX_NESTING {
            return Err(format!(
                "the path is longer than 2000 characters or nested more than {MAX_NESTING} levels deep"
            )
            .into());
        }
        let compiled = build(path)?;
        let prefixes = prefixes_in(path);
        // Unknown functions show only when they are called.
        let mut context = Context::new();
        for prefix in &prefixes {
            context.set_namespace(prefix, prefix);
        }
        let package = Package::new();
        let document = package.as_document();
        let element = document.create_element("root");
        document.root().append_child(element);
        if let Err(error) = compiled.evaluate(&context, document.root()) {
            let message = error.to_string();
            if message.to_lowercase().contains("function") {
                return Err(format!("it cannot be evaluated ({message})").into());
            }
        }
        Ok(Self { source: path.into(), prefixes, effort: effort(path) })
    }

    /// The path as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it finds: the texts (without outer spaces) of nodes, or the one value that an
    /// expression such as `count(//item)` gives.
    ///
    /// # Errors
    /// A fragment that says why the body is not XML or the path cannot be followed.
    pub fn find(&self, text: &str) -> Result<Found, Problem> {
        let document = xml::parse(text)?;
        match self.effort {
            Effort::Square if document.weight > MAX_SQUARE_NODES => {
                return Err(super::limit(format_args!(
                    "the body has more than {MAX_SQUARE_NODES} nodes (or KiB of text), too many for a path that looks \
                     at all of them for each of them (`following`, `preceding`, or within `[…]` a path from the root or \
                     upwards); ask on the way down, as in `//order[@type='x']/item` for `//item[../@type='x']`"
                )));
            }
            Effort::Nested(times) if document.below.saturating_mul(times) > MAX_NESTED_NODES => {
                return Err(super::limit(format_args!(
                    "the body is too large and too deep for a path with `[…]` or several `//` (more than \
                     {MAX_NESTED_NODES} steps)"
                )));
            }
            Effort::Linear | Effort::Nested(_) | Effort::Square => {}
        }
        let mut context = Context::new();
        context.set_namespace("xml", xml::XML);
        for prefix in &self.prefixes {
            // A prefix the response does not declare names nothing in it.
            if prefix != "xml" {
                context.set_namespace(prefix, "undeclared");
            }
        }
        for (prefix, namespace) in &document.namespaces {
            context.set_namespace(prefix, namespace);
        }
        let value = self
            .compiled()?
            .evaluate(&context, document.package.as_document().root())
            .map_err(|error| format!("the path cannot be followed ({error})"))?;
        Ok(match value {
            XValue::Boolean(truth) => Found::One(Value::Bool(truth)),
            XValue::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                Found::One(Value::Int(number as i64))
            }
            XValue::Number(number) if number.is_finite() => Found::One(Value::Float(number)),
            XValue::Number(_) => Found::Nothing,
            XValue::String(text) => Found::One(Value::text(text)),
            XValue::Nodeset(nodes) => {
                let mut found = Vec::with_capacity(nodes.size());
                let mut size = 0;
                for node in nodes.document_order() {
                    let text = node.string_value();
                    size += text.len();
                    super::room_for(size)?;
                    found.push(Value::text(text.trim()));
                }
                Found::Several(found)
            }
        })
    }

    fn compiled(&self) -> Result<Rc<sxd_xpath::XPath>, Problem> {
        COMPILED.with_borrow_mut(|known| {
            if let Some(compiled) = known.get(&self.source) {
                return Ok(Rc::clone(compiled));
            }
            let compiled = Rc::new(build(&self.source)?);
            known.insert(Arc::clone(&self.source), Rc::clone(&compiled));
            Ok(compiled)
        })
    }
}

fn build(path: &str) -> Result<sxd_xpath::XPath, Problem> {
    match Factory::new().build(path) {
        Ok(Some(compiled)) => Ok(compiled),
        Ok(None) => Err("the path is empty".into()),
        Err(error) => {
            let why = in_words(&error.to_string());
            Err(Problem::new(format!("it cannot be read ({why})"), "for example //title or //book[@id='1']/title"))
        }
    }
}

fn effort(path: &str) -> Effort {
    let bare = without_quotes(path);
    let mut depth = 0_u32;
    for (at, c) in bare.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            // A path that begins here; after a name or a step it goes on.
            '/' if depth > 0 && !goes_on(&bare[..at]) => return Effort::Square,
            // For each node in question the engine goes on from the nodes around it: from a parent to all
            // its children, or to the text of all that is in it.
            '.' if depth > 0 && bare[at..].starts_with("..") && !only_asks(&bare[..at], &bare[at + 2..]) => {
                return Effort::Square;
            }
            'p' | 'a' if depth > 0 && !bare[..at].ends_with(is_name) => {
                let upwards = ["parent::", "ancestor::", "ancestor-or-self::"];
                let axis = upwards.iter().find(|axis| bare[at..].starts_with(**axis));
                if let Some(axis) = axis
                    && !only_asks(&bare[..at], after_test(&bare[at + axis.len()..]))
                {
                    return Effort::Square;
                }
            }
            _ => {}
        }
    }
    if ["following", "preceding"].iter().any(|axis| bare.contains(axis)) {
        return Effort::Square;
    }
    let descents = bare.matches("//").count() + bare.matches("descendant").count() + bare.matches("ancestor").count();
    let conditions = bare.matches('[').count();
    if descents + conditions > 1 { Effort::Nested(descents + conditions) } else { Effort::Linear }
}

/// A path without what is in quotes, and without spaces but those that keep two names apart.
fn without_quotes(path: &str) -> String {
    let mut bare = String::new();
    let mut quote = None;
    let mut spaced = false;
    for c in path.chars() {
        match quote {
            Some(mark) if mark == c => quote = None,
            Some(_) => {}
            None if c.is_whitespace() => spaced = true,
            None => {
                if std::mem::take(&mut spaced) && is_name(c) && bare.ends_with(is_name) {
                    bare.push(' ');
                }
                match c {
                    // What stands for the text: no name goes on after it.
                    '\'' | '"' => {
                        quote = Some(c);
                        bare.push('"');
                    }
                    c => bare.push(c),
                }
            }
        }
    }
    bare
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Whether a `/` after this text goes on with a path, and does not begin one at the root.
fn goes_on(before: &str) -> bool {
    let word = &before[before.trim_end_matches(is_name).len()..];
    let operator = word.len() < before.len() && matches!(word, "and" | "or" | "div" | "mod");
    !operator && before.ends_with(|c: char| is_name(c) || matches!(c, ']' | ')' | '*' | '/'))
}

/// What follows a step's name test (`r`, `soap:Body`, `*`, `node()`) and its conditions.
fn after_test(step: &str) -> &str {
    let mut rest = step.trim_start_matches(|c: char| is_name(c) || matches!(c, ':' | '*'));
    rest = rest.strip_prefix("()").unwrap_or(rest);
    while rest.starts_with('[') {
        let mut depth = 0_u32;
        let end = rest.char_indices().find_map(|(at, c)| {
            match c {
                '[' => depth += 1,
                ']' => depth -= 1,
                _ => {}
            }
            (depth == 0).then_some(at + 1)
        });
        rest = end.map_or("", |end| &rest[end..]);
    }
    rest
}

/// Whether a step between these texts is only asked for being there, and so costs what the step costs:
/// `[..]`, `[not(ancestor::a)]`, `[count(ancestor::a) > 2]`. Where a path goes on from it, or its text is
/// compared, that costs as much as there is in it, for each node.
fn only_asks(before: &str, after: &str) -> bool {
    let after = after.trim_start();
    let operator =
        |word: &str| after.strip_prefix(word).is_some_and(|rest| !rest.starts_with(is_name) || rest.starts_with(".."));
    let ends = after.is_empty() || after.starts_with(']') || operator("and") || operator("or");
    let before = before.trim_end();
    let word = &before[before.trim_end_matches(is_name).len()..];
    if ends {
        return before.ends_with('[') || (word.len() < before.len() && matches!(word, "and" | "or"));
    }
    let asks = ["not(", "boolean(", "count("];
    after.starts_with(')')
        && asks.iter().any(|function| {
            before.strip_suffix(function).is_some_and(|before| !before.ends_with(is_name) || before.ends_with(' '))
        })
}

/// The prefixes of names like `soap:Body`; not axes like `child::a`, and nothing inside quotes.
fn prefixes_in(path: &str) -> Vec<String> {
    let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut found: Vec<String> = Vec::new();
    let mut quote = None;
    let mut name_start = None;
    for (at, c) in path.char_indices() {
        match quote {
            Some(mark) if mark == c => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => {
                quote = Some(c);
                name_start = None;
            }
            None if part_of_name(c) => name_start = name_start.or(Some(at)),
            None => {
                if let (':', Some(start)) = (c, name_start)
                    && !path[at + 1..].starts_with(':')
                {
                    let prefix = &path[start..at];
                    if !found.iter().any(|known| known == prefix) {
                        found.push(prefix.to_owned());
                    }
                }
                name_start = None;
            }
        }
    }
    found
}

fn deepest(path: &str) -> usize {
    let mut depth = 0_usize;
    let mut most = 0;
    for c in path.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    // Every sign of a run like `----1` is a level too.
    most.max(path.matches('-').count() / 4)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    /// XPath 1.0 §2.4: a condition is evaluated for each node of the step, here from its parent.
    #[test]
    fn regression_ways_up_in_a_condition_cost_the_square_of_the_nodes() {
        for path in [
            "//a[../b]",
            "//a[ .. / b ]",
            "//a[parent::r/b]",
            "//a[parent :: r / b]",
            "//a[ancestor::r/b]",
            "//a[ancestor-or-self::r[@x]//b]",
            "//a[b/../c]",
            "//a[..='x']",
            "//a['x' = ..]",
            "//a[string-length(..) > 3]",
            "//a[contains(ancestor::r, 'x')]",
            "//a[(..)/b]",
            "//a[x and ../b]",
            "//a[../@type='x']",
            "//a[parent::node()/b]",
            "//a[count(../b) = 1]",
        ] {
            assert_eq!(effort(path), Effort::Square, "{path}");
        }
        // These come by the elements around each node, and no more.
        for path in [
            "//a[..]",
            "//a[parent::r]",
            "//a[not(ancestor::r)]",
            "//a[count(ancestor::r) > 2]",
            "//a[ancestor::r and parent::s]",
            "//a[ancestor::r[@x='..']]",
            "//a[@x='../b']",
            "//a/../b[1]",
        ] {
            assert!(matches!(effort(path), Effort::Nested(_)), "{path}: {:?}", effort(path));
        }
        let body = format!("<r>{}<b/></r>", "<a/>".repeat(100_000));
        for path in ["//a[../b]", "//a[parent::r/b]"] {
            let refused = XPath::compile(path).unwrap().find(&body).map(|_| ()).unwrap_err();
            assert!(refused.message.contains("more than 5000 nodes"), "{refused}");
        }
        // The text of 4000 nodes, 8 MiB, would be copied for each of them.
        let text = format!("<r>{}<b>{}</b></r>", "<a/>".repeat(4_000), "x".repeat(8 << 20));
        let refused = XPath::compile("//a[/r='x']").unwrap().find(&text).map(|_| ()).unwrap_err();
        assert!(refused.message.contains("KiB of text"), "{refused}");
        let small = "<r><a/><s><a/></s><b/></r>";
        let found = XPath::compile("//a[../b]").unwrap().find(small).unwrap();
        assert!(matches!(&found, Found::Several(nodes) if nodes.len() == 1), "{found:?}");
    }

    #[test]
    fn the_effort_of_a_path_is_seen() {
        for (path, expected) in [
            ("/a/b", Effort::Linear),
            ("//a/@b", Effort::Linear),
            ("count(//a)", Effort::Linear),
            ("//a[1]", Effort::Nested(2)),
            ("//a//b", Effort::Nested(2)),
            ("//a[@href='//x']", Effort::Nested(2)),
            ("//a[.//b]", Effort::Nested(3)),
            ("//a[b/c]", Effort::Nested(2)),
            ("//a[//b]", Effort::Square),
            ("//a[/b]", Effort::Square),
            ("//a[count(//b) = 1]", Effort::Square),
            ("//a[b and //c]", Effort::Square),
            ("//a/following::b", Effort::Square),
            ("//a/preceding-sibling::b", Effort::Square),
            // `and` at the end of a name is none.
            ("//a[brand/x]", Effort::Nested(2)),
            ("//a[x and /b]", Effort::Square),
        ] {
            assert_eq!(effort(path), expected, "{path}");
        }
    }
}
