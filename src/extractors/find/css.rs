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
    ///
    /// # Errors
    /// A fragment, when the page is nested so deeply that looking into it would take too long.
    pub fn find(&self, html: &str) -> Result<Found, String> {
        if nested_too_deep(html) {
            return Err(format!("the page is nested more than {MAX_DEPTH} levels deep"));
        }
        let document = Html::parse_document(html);
        let values = document.select(&self.selector).filter_map(|element| match &self.attribute {
            Some(attribute) => element.attr(attribute).map(Value::text),
            None => {
                let text: String = element.text().collect();
                Some(Value::text(text.trim()))
            }
        });
        Ok(Found::Several(values.collect()))
    }
}

/// The deepest nesting that is looked into. An HTML parser walks its open elements for every
/// tag, so millions of them would keep it busy for hours. Real pages have less than 100.
const MAX_DEPTH: usize = 1_000;

/// Elements that have no end tag, or whose end tag may be left out.
const UNCLOSED: &[&str] = &[
    "area", "base", "br", "col", "colgroup", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option",
    "p", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr",
];

/// Whether more than [`MAX_DEPTH`] elements are open at once, roughly.
fn nested_too_deep(html: &str) -> bool {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let tag = rest.strip_prefix('/').unwrap_or(rest);
        let name = &tag[..tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len())];
        if name.is_empty() || UNCLOSED.iter().any(|unclosed| name.eq_ignore_ascii_case(unclosed)) {
            continue;
        }
        if rest.starts_with('/') {
            // An end tag closes a near element of its name and is ignored if there is none.
            let near = open.iter().rev().take(16).position(|opened| opened.eq_ignore_ascii_case(name));
            if let Some(back) = near {
                open.truncate(open.len() - 1 - back);
            }
            continue;
        }
        if name.eq_ignore_ascii_case("script") || name.eq_ignore_ascii_case("style") {
            // What looks like tags in there is none.
            let close = rest.match_indices("</").map(|(at, _)| at).find(|at| {
                let end = rest.get(at + 2..at + 2 + name.len());
                end.is_some_and(|end| end.eq_ignore_ascii_case(name))
            });
            rest = close.map_or("", |close| &rest[close..]);
        }
        open.push(name);
        if open.len() > MAX_DEPTH {
            return true;
        }
    }
    false
}
