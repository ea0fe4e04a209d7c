//! CSS selectors over HTML.

use std::sync::Arc;

use scraper::{Html, Selector};

use crate::value::Value;

use super::Found;

/// A compiled CSS selector, and the attribute that is read of what it finds.
#[derive(Clone, Debug)]
pub struct Css {
    source: Arc<str>,
    selector: Selector,
    attribute: Option<Arc<str>>,
}

impl Css {
    /// Compiles a selector. Without `attribute` the text of the elements is read.
    ///
    /// # Errors
    /// A fragment that says what is wrong with it.
    pub fn compile(selector: &str, attribute: Option<&str>) -> Result<Self, String> {
        if selector.len() > 10_000 {
            return Err("the selector is longer than 10000 characters".to_owned());
        }
        let parsed = Selector::parse(selector)
            .map_err(|error| format!("it is not a CSS selector like `input[name=csrf]` or `ul.list > li` ({error})"))?;
        Ok(Self { source: selector.into(), selector: parsed, attribute: attribute.map(Into::into) })
    }

    /// The selector as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The attribute that is read, if it is not the text.
    pub fn attribute(&self) -> Option<&str> {
        self.attribute.as_deref()
    }

    /// The texts (without outer blanks) or attributes of the elements it selects, in order.
    /// Elements without the attribute are left out.
    pub fn find(&self, html: &str) -> Found {
        let document = Html::parse_document(html);
        let values = document.select(&self.selector).filter_map(|element| match &self.attribute {
            Some(attribute) => element.attr(attribute).map(Value::text),
            None => {
                let text: String = element.text().collect();
                Some(Value::text(text.trim()))
            }
        });
        Found::Several(values.collect())
    }
}
