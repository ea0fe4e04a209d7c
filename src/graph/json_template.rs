//! JSON bodies, written once at compile time but for their expressions.

use crate::template::{EvalError, Scope, Template, Tree, check_length};
use crate::value::write_json_text;

/// JSON text, written once at compile time but for its expressions.
#[derive(Debug)]
pub struct JsonTemplate {
    segments: Vec<JsonSegment>,
}

#[derive(Debug)]
enum JsonSegment {
    Literal(String),
    Value(Template),
}

impl JsonTemplate {
    /// Compiles a tree.
    pub fn new(tree: Tree) -> Self {
        let mut template = Self { segments: Vec::new() };
        template.push(tree);
        template
    }

    /// The whole text, if it holds no expression.
    pub fn literal(&self) -> Option<&str> {
        match self.segments.as_slice() {
            [JsonSegment::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Appends the text for this user.
    ///
    /// # Errors
    /// When an expression inside cannot be computed.
    pub fn render(&self, scope: &mut dyn Scope, out: &mut String) -> Result<(), EvalError> {
        for segment in &self.segments {
            match segment {
                JsonSegment::Literal(text) => out.push_str(text),
                JsonSegment::Value(template) => template.value(scope)?.write_json(out),
            }
            check_length(out)?;
        }
        Ok(())
    }

    fn push(&mut self, tree: Tree) {
        match tree {
            Tree::Literal(value) => value.write_json(self.text()),
            Tree::Template(template) => self.segments.push(JsonSegment::Value(template)),
            Tree::List(items) => {
                self.text().push('[');
                for (index, item) in items.into_iter().enumerate() {
                    if index > 0 {
                        self.text().push(',');
                    }
                    self.push(item);
                }
                self.text().push(']');
            }
            Tree::Map(entries) => {
                self.text().push('{');
                for (index, (key, item)) in entries.into_iter().enumerate() {
                    let text = self.text();
                    if index > 0 {
                        text.push(',');
                    }
                    write_json_text(&key, text);
                    text.push(':');
                    self.push(item);
                }
                self.text().push('}');
            }
        }
    }

    fn text(&mut self) -> &mut String {
        if !matches!(self.segments.last(), Some(JsonSegment::Literal(_))) {
            self.segments.push(JsonSegment::Literal(String::new()));
        }
        match self.segments.last_mut() {
            Some(JsonSegment::Literal(text)) => text,
            _ => unreachable!("a literal segment was just made sure of"),
        }
    }
}
