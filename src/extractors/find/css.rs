//! CSS selectors over HTML.

use std::sync::Arc;

use scraper::{Html, Selector};

use crate::markup;
use crate::problem::Problem;
use crate::value::Value;

use super::{Found, in_words};

/// A compiled CSS selector, and the attribute that is read of what it finds.
#[derive(Clone, Debug)]
pub struct Css {
    source: Arc<str>,
    selector: Selector,
    attribute: Option<Arc<str>>,
    /// Whether it looks at all elements next to one.
    compares_siblings: bool,
}

impl Css {
    /// Compiles a selector. Without `attribute` the text of the elements is read.
    ///
    /// # Errors
    /// A fragment that says what is wrong with it.
    pub fn compile(selector: &str, attribute: Option<&str>) -> Result<Self, Problem> {
        if selector.len() > 10_000 {
            return Err("the selector is longer than 10000 characters".into());
        }
        let parsed = Selector::parse(selector)
            .map_err(|error| format!("it cannot be read ({})", in_words(&error.to_string())))?;
        let compares_siblings = selector.contains('~') || selector.to_ascii_lowercase().contains(":has(");
        Ok(Self { source: selector.into(), selector: parsed, attribute: attribute.map(Into::into), compares_siblings })
    }

    /// The selector as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The attribute that is read, if it is not the text.
    pub fn attribute(&self) -> Option<&str> {
        self.attribute.as_deref()
    }

    /// The texts (without outer spaces) or attributes of the elements it selects, in order.
    /// Elements without the attribute are omitted.
    ///
    /// # Errors
    /// A fragment that names the limit which the page or what is found in it goes beyond.
    pub fn find(&self, html: &str) -> Result<Found, Problem> {
        let document = markup::html(html).map_err(super::limit)?;
        if self.compares_siblings && sibling_pairs(&document) > MAX_PAIRS {
            return Err(super::limit(format_args!(
                "the page has too many elements side by side for `~` and `:has()`, which compare each with all \
                 others (more than {MAX_PAIRS} pairs)"
            )));
        }
        let mut found = Vec::new();
        let mut size = 0;
        for element in document.select(&self.selector) {
            let value = match &self.attribute {
                Some(attribute) => match element.attr(attribute) {
                    Some(value) => value.to_owned(),
                    None => continue,
                },
                None => {
                    let mut text = String::new();
                    for piece in element.text() {
                        super::room_for(size + text.len() + piece.len())?;
                        text.push_str(piece);
                    }
                    text
                }
            };
            size += value.len();
            super::room_for(size)?;
            found.push(Value::text(value.trim()));
        }
        Ok(Found::Several(found))
    }
}

/// How many pairs of elements with the same parent are compared at most.
pub(crate) const MAX_PAIRS: usize = 50_000_000;

/// How many pairs of elements with the same parent there are.
fn sibling_pairs(document: &Html) -> usize {
    document.tree.nodes().map(|node| node.children().filter(|child| child.value().is_element()).count().pow(2)).sum()
}
