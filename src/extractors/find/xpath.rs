//! XPath 1.0 over XML.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use sxd_document::Package;
use sxd_xpath::{Context, Factory, Value as XValue};

use crate::value::Value;

use super::{Found, xml};

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

/// How many nodes a document may have for a path that looks at all of them for each of them.
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
    pub fn compile(path: &str) -> Result<Self, String> {
        if path.len() > 2_000 || deepest(path) > MAX_NESTING {
            return Err(format!(
                "the path is longer than 2000 characters or nested more than {MAX_NESTING} levels deep"
            ));
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
                return Err(format!("it cannot be evaluated ({message})"));
            }
        }
        Ok(Self { source: path.into(), prefixes, effort: effort(path) })
    }

    /// The path as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What it finds: the texts (without outer blanks) of nodes, or the one value that an
    /// expression such as `count(//item)` gives.
    ///
    /// # Errors
    /// A fragment that says why the body is not XML or the path cannot be followed.
    pub fn find(&self, text: &str) -> Result<Found, String> {
        let document = xml::parse(text)?;
        match self.effort {
            Effort::Square if document.nodes > MAX_SQUARE_NODES => {
                return Err(format!(
                    "the body has more than {MAX_SQUARE_NODES} nodes, too many for a path that looks at all of them for \
                     each of them (`following`, `preceding`, or a path from the root within `[…]`)"
                ));
            }
            Effort::Nested(times) if document.below.saturating_mul(times) > MAX_NESTED_NODES => {
                return Err(format!(
                    "the body is too large and too deep for a path with `[…]` or several `//` (more than \
                     {MAX_NESTED_NODES} steps)"
                ));
            }
            Effort::Linear | Effort::Nested(_) | Effort::Square => {}
        }
        let mut context = Context::new();
        context.set_namespace("xml", xml::XML);
        for prefix in &self.prefixes {
            // A prefix the answer does not declare names nothing in it.
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

    fn compiled(&self) -> Result<Rc<sxd_xpath::XPath>, String> {
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

fn build(path: &str) -> Result<sxd_xpath::XPath, String> {
    match Factory::new().build(path) {
        Ok(Some(compiled)) => Ok(compiled),
        Ok(None) => Err("the path is empty".to_owned()),
        Err(error) => Err(format!("it is not an XPath like `//book[@id='1']/title` ({error})")),
    }
}

fn effort(path: &str) -> Effort {
    let mut bare = String::new();
    let mut quote = None;
    for c in path.chars().filter(|c| !c.is_whitespace()) {
        match quote {
            Some(mark) if mark == c => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None => bare.push(c),
        }
    }
    let mut depth = 0_u32;
    for (at, c) in bare.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            // A path that begins here; after a name or a step it goes on. Blanks are left out, so a word
            // such as `and` before it is taken for a name: hence the words.
            '/' if depth > 0 => {
                let before = &bare[..at];
                let goes_on = before
                    .ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ']' | ')' | '*' | '/'))
                    && !["and", "or", "div", "mod"].iter().any(|word| before.ends_with(word));
                if !goes_on {
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
mod tests {
    use super::*;

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
        ] {
            assert_eq!(effort(path), expected, "{path}");
        }
    }
}
