//! XML from the target, made safe for the XPath engine: document types are refused, so no
//! entity is expanded, and nesting is bounded, because that engine recurses.

use std::collections::HashSet;

use sxd_document::dom::{Document, Element};
use sxd_document::{Package, QName};

use crate::markup::{self, MAX_NAMESPACES, MAX_XML_DEPTH, MAX_XML_NODES};
use crate::problem::Problem;

/// The namespace that every document has under the prefix `xml`.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// A document and the prefixes it declares.
pub(super) struct Xml {
    pub(super) package: Package,
    /// Prefix and namespace, for paths like `//soap:Body`.
    pub(super) namespaces: Vec<(String, String)>,
    /// How many nodes it has, and KiB of text.
    pub(super) weight: usize,
    /// What a walk from every element to all that is below it costs: each node, and each 64 bytes of text,
    /// as often as there are elements around it.
    pub(super) below: usize,
}

/// What is gathered while a document is copied.
#[derive(Default)]
struct DocumentFacts<'i> {
    namespaces: Vec<(String, String)>,
    prefixes: HashSet<&'i str>,
    uris: HashSet<&'i str>,
    below: usize,
}

/// Parses XML. Elements of a default namespace lose it, so that `//title` finds them.
///
/// # Errors
/// A fragment that says why it is not XML or is refused.
pub(super) fn parse(text: &str) -> Result<Xml, Problem> {
    let source = text.trim_start_matches('\u{feff}').trim_start();
    markup::check_xml(source).map_err(super::limit)?;
    check_declarations(source)?;
    let options = roxmltree::ParsingOptions { nodes_limit: MAX_XML_NODES, ..Default::default() };
    let checked = roxmltree::Document::parse_with_options(source, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => {
            super::limit(format_args!("the body has more than {MAX_XML_NODES} nodes"))
        }
        roxmltree::Error::DtdDetected if is_html(source) => "the body is HTML, not XML: use `css` for it".into(),
        roxmltree::Error::DtdDetected => {
            "the body has a document type (DTD), which is not allowed; for HTML use `css`".into()
        }
        _ if super::still_gzip(source).is_some() => super::still_gzip(source).unwrap_or_default().into(),
        other => format!("the body is not XML ({other}); for HTML use `css`").into(),
    })?;
    let package = Package::new();
    let seen = copy(&checked, package.as_document())?;
    let weight = checked.descendants().len() + text_in(&checked) / 1024;
    Ok(Xml { package, weight, namespaces: seen.namespaces, below: seen.below })
}

/// Whether a text that has a document type is a page (HTML §13.1.1): `<!DOCTYPE html …>`.
fn is_html(text: &str) -> bool {
    let name = text.match_indices("<!").find_map(|(at, _)| {
        let kind = text.get(at + 2..at + 9).filter(|word| word.eq_ignore_ascii_case("doctype"))?;
        let rest = text[at + 2 + kind.len()..].trim_start();
        rest.get(..4).filter(|_| !rest[4..].starts_with(char::is_alphanumeric))
    });
    name.is_some_and(|name| name.eq_ignore_ascii_case("html"))
}

/// How many bytes of text the elements and attributes of a document hold.
fn text_in(document: &roxmltree::Document<'_>) -> usize {
    let own = |node: roxmltree::Node<'_, '_>| match node.is_text() {
        true => node.text().map_or(0, str::len),
        false => node.attributes().map(|attribute| attribute.value().len()).sum(),
    };
    document.descendants().map(own).sum()
}

/// The different namespace declarations. What an element sees of them is copied for every one that
/// declares some more, so there may not be many.
fn check_declarations(text: &str) -> Result<(), Problem> {
    let mut known = HashSet::new();
    for (at, found) in text.match_indices("xmlns") {
        if !text[..at].ends_with(|c: char| c.is_ascii_whitespace()) {
            continue;
        }
        let rest = &text[at + found.len()..];
        let name = &rest[..rest.find(|c: char| c == '=' || c.is_ascii_whitespace()).unwrap_or(rest.len())];
        let Some(value) = rest[name.len()..].trim_ascii_start().strip_prefix('=') else { continue };
        let value = value.trim_ascii_start();
        let Some(quote) = value.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else { continue };
        let value = &value[1..];
        known.insert((name, &value[..value.find(quote).unwrap_or(value.len())]));
        if known.len() > MAX_NAMESPACES {
            return Err(super::limit(format_args!("the body declares more than {MAX_NAMESPACES} namespaces")));
        }
    }
    Ok(())
}

fn copy<'i>(from: &'i roxmltree::Document<'_>, to: Document<'_>) -> Result<DocumentFacts<'i>, Problem> {
    let mut seen = DocumentFacts::default();
    let mut open: Vec<Element<'_>> = Vec::new();
    let mut next = from.root().first_child();
    while let Some(node) = next {
        let mut entered = None;
        seen.below += (1 + open.len()) * (1 + node.text().filter(|_| node.is_text()).map_or(0, str::len) / 64);
        if node.is_element() {
            let inherited = node.parent().map_or(0, |parent| parent.namespaces().len());
            // An element that only declares prefixes again brings none that is not known.
            if node.namespaces().len() != inherited {
                for namespace in node.namespaces() {
                    if let Some(prefix) = namespace.name()
                        && seen.prefixes.insert(prefix)
                    {
                        seen.uris.insert(namespace.uri());
                        seen.namespaces.push((prefix.to_owned(), namespace.uri().to_owned()));
                    }
                }
            }
            let element = element(&node, to, &seen.uris);
            match open.last() {
                Some(parent) => parent.append_child(element),
                None => to.root().append_child(element),
            }
            entered = node.first_child();
            if entered.is_some() {
                open.push(element);
                if open.len() > MAX_XML_DEPTH {
                    let words = format_args!("the body is nested more than {MAX_XML_DEPTH} levels deep");
                    return Err(super::limit(words));
                }
            }
        } else if let (Some(parent), true, Some(text)) = (open.last(), node.is_text(), node.text()) {
            parent.append_child(to.create_text(text));
        }
        next = entered.or_else(|| behind(node, &mut open));
    }
    Ok(seen)
}

/// The node that follows `node` and all below it, closing what ends in between.
fn behind<'a, 'i>(node: roxmltree::Node<'a, 'i>, open: &mut Vec<Element<'_>>) -> Option<roxmltree::Node<'a, 'i>> {
    let mut node = node;
    loop {
        if let Some(sibling) = node.next_sibling() {
            return Some(sibling);
        }
        open.pop();
        node = node.parent()?;
    }
}

fn element<'d>(node: &roxmltree::Node<'_, '_>, to: Document<'d>, uris: &HashSet<&str>) -> Element<'d> {
    let name = node.tag_name();
    let default = node.default_namespace();
    let namespace = prefixed(uris, name.namespace()).filter(|uri| default != Some(*uri));
    let element = to.create_element(QName::with_namespace_uri(namespace, name.name()));
    for attribute in node.attributes() {
        let name = QName::with_namespace_uri(prefixed(uris, attribute.namespace()), attribute.name());
        element.set_attribute_value(name, attribute.value());
    }
    element
}

/// The namespace, if the document gives it a prefix.
fn prefixed<'u>(uris: &HashSet<&str>, uri: Option<&'u str>) -> Option<&'u str> {
    uri.filter(|uri| *uri == XML || uris.contains(uri))
}
