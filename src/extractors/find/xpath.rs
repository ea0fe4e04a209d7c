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
}

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
        // Unknown functions show only when they are called; unknown prefixes may be declared by the answer.
        let package = Package::new();
        let document = package.as_document();
        let element = document.create_element("root");
        document.root().append_child(element);
        if let Err(error) = compiled.evaluate(&Context::new(), document.root()) {
            let message = error.to_string();
            if message.to_lowercase().contains("function") {
                return Err(format!("it cannot be evaluated ({message})"));
            }
        }
        Ok(Self { source: path.into() })
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
        let mut context = Context::new();
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
            XValue::Nodeset(nodes) => Found::Several(
                nodes.document_order().iter().map(|node| Value::text(node.string_value().trim())).collect(),
            ),
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
