//! XML from the target, made safe for the XPath engine: document types are refused, so no
//! entity is expanded, and nesting is bounded, because that engine recurses.

use sxd_document::dom::{Document, Element};
use sxd_document::{Package, QName};

/// The deepest nesting that is looked into.
const MAX_DEPTH: usize = 256;

/// The most nodes that are looked into; each costs the engine a few hundred bytes.
const MAX_NODES: u32 = 500_000;

/// The namespace that every document has under the prefix `xml`.
pub(super) const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// A document and the prefixes it declares.
pub(super) struct Xml {
    pub(super) package: Package,
    /// Prefix and namespace, for paths like `//soap:Body`.
    pub(super) namespaces: Vec<(String, String)>,
}

/// Parses XML. Elements of a default namespace lose it, so that `//title` finds them.
///
/// # Errors
/// A fragment that says why it is not XML or is refused.
pub(super) fn parse(text: &str) -> Result<Xml, String> {
    let source = text.trim_start_matches('\u{feff}').trim_start();
    let options = roxmltree::ParsingOptions { nodes_limit: MAX_NODES, ..Default::default() };
    let checked = roxmltree::Document::parse_with_options(source, options).map_err(|error| match error {
        roxmltree::Error::NodesLimitReached => format!("the body has more than {MAX_NODES} nodes"),
        roxmltree::Error::DtdDetected => "the body has a document type (DTD), which is refused".to_owned(),
        other => format!("the body is not XML ({other}); for HTML use `css`"),
    })?;
    let package = Package::new();
    let namespaces = copy(&checked, package.as_document())?;
    Ok(Xml { package, namespaces })
}

fn copy(from: &roxmltree::Document<'_>, to: Document<'_>) -> Result<Vec<(String, String)>, String> {
    let mut namespaces: Vec<(String, String)> = Vec::new();
    let mut open: Vec<Element<'_>> = Vec::new();
    let mut next = from.root().first_child();
    while let Some(node) = next {
        let mut entered = None;
        if node.is_element() {
            for namespace in node.namespaces() {
                if let Some(prefix) = namespace.name()
                    && !namespaces.iter().any(|(known, _)| known == prefix)
                {
                    namespaces.push((prefix.to_owned(), namespace.uri().to_owned()));
                }
            }
            let element = element(&node, to, &namespaces);
            match open.last() {
                Some(parent) => parent.append_child(element),
                None => to.root().append_child(element),
            }
            entered = node.first_child();
            if entered.is_some() {
                open.push(element);
                if open.len() > MAX_DEPTH {
                    return Err(format!("the body is nested more than {MAX_DEPTH} levels deep"));
                }
            }
        } else if let (Some(parent), true, Some(text)) = (open.last(), node.is_text(), node.text()) {
            parent.append_child(to.create_text(text));
        }
        next = entered.or_else(|| behind(node, &mut open));
    }
    Ok(namespaces)
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

fn element<'d>(node: &roxmltree::Node<'_, '_>, to: Document<'d>, namespaces: &[(String, String)]) -> Element<'d> {
    let name = node.tag_name();
    let default = node.default_namespace();
    let namespace = prefixed(namespaces, name.namespace()).filter(|uri| default != Some(*uri));
    let element = to.create_element(QName::with_namespace_uri(namespace, name.name()));
    for attribute in node.attributes() {
        let name = QName::with_namespace_uri(prefixed(namespaces, attribute.namespace()), attribute.name());
        element.set_attribute_value(name, attribute.value());
    }
    element
}

/// The namespace, if the document gives it a prefix.
fn prefixed<'u>(namespaces: &[(String, String)], uri: Option<&'u str>) -> Option<&'u str> {
    uri.filter(|uri| *uri == XML || namespaces.iter().any(|(_, known)| known == uri))
}
