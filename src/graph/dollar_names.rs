//! `$name` in text, where `${name}` was meant.

use std::ops::Range;

use crate::diagnostic::{Sources, Span};

/// Where the literal parts of a text contain a name as other tools mark variables, the marks included, and the name
/// alone. Left out is what means something of its own: `$$name`, and names the text itself declares, as GraphQL does
/// (`query ($id: ID!) { user(id: $id) { name } }`).
pub(super) fn names(text: &str) -> Vec<(Range<usize>, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find('$') {
        let sign = at + offset;
        let rest = &text[sign + 1..];
        if let Some(inside) = rest.strip_prefix('{') {
            at = sign + 2 + expression(inside);
            continue;
        }
        let dollars = rest.len() - rest.trim_start_matches('$').len();
        let name = name_length(rest);
        if dollars == 0 && name > 0 {
            found.push(sign..sign + 1 + name);
        }
        at = sign + 1 + name;
        if dollars > 0 {
            // The name behind several signs is theirs.
            at += dollars + name_length(&rest[dollars..]);
        }
    }
    let declared = |range: &Range<usize>| text[range.end..].trim_start().starts_with(':');
    let declarations: Vec<&str> =
        found.iter().filter(|range| declared(range)).map(|range| &text[range.clone()]).collect();
    let with_sign = found.iter().filter(|range| !declarations.contains(&&text[(*range).clone()]));
    let mut all: Vec<_> = with_sign.map(|range| (range.clone(), range.start + 1..range.end)).collect();
    all.extend(marked(text));
    all.sort_by_key(|(range, _)| range.start);
    all
}

/// The marks that other tools put around a variable. Longer ones come first.
const MARKS: &[(&str, &str)] = &[
    ("<%= ", " %>"),
    ("$[[", "]]"),
    ("[[", "]]"),
    ("<<", ">>"),
    ("%(", ")s"),
    ("$ {", "}"),
    ("$(", ")"),
    ("#{", "}"),
    ("@{", "}"),
    ("$[", "]"),
    ("{", "}"),
    ("%", "%"),
    ("[", "]"),
    ("<", ">"),
];

/// Names within such marks, and `/:name`.
fn marked(text: &str) -> Vec<(Range<usize>, Range<usize>)> {
    let mut found = Vec::new();
    // The braces of GraphQL and the tags of XML hold names of their own.
    let is_document = text.contains('\n')
        || text.contains("</")
        || text.contains("/>")
        || text.contains("query")
        || text.contains("mutation");
    let mut at = 0;
    while let Some(offset) = text[at..].find(['$', '{', '#', '@', '%', '[', '<', ':']) {
        let sign = at + offset;
        let rest = &text[sign..];
        at = sign + 1;
        if rest.starts_with("$${") {
            at = sign + 3;
            continue;
        }
        if let Some(inside) = rest.strip_prefix("${") {
            at = sign + 2 + expression(inside);
            continue;
        }
        let before = &text[..sign];
        if rest.starts_with(':') && before.ends_with('/') {
            let name = name_length(&rest[1..]);
            let ends = rest[1 + name..].is_empty() || rest[1 + name..].starts_with(['/', '?', '.']);
            if name > 0 && ends {
                found.push((sign..sign + 1 + name, sign + 1..sign + 1 + name));
            }
            continue;
        }
        let Some((open, close)) = MARKS.iter().find(|(open, _)| rest.starts_with(open)) else { continue };
        let name = name_length(&rest[open.len()..]);
        let after = &rest[open.len() + name..];
        // `filter[name]` and `items{id}` are written so for the server.
        let is_theirs = matches!(*open, "{" | "[" | "<")
            && (is_document || before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ']' | ')' | '{')));
        let is_name = rest[open.len()..].starts_with(|c: char| c.is_alphabetic() || c == '_');
        if is_name && after.starts_with(close) && !is_theirs {
            let start = sign + open.len();
            at = start + name + close.len();
            found.push((sign..at, start..start + name));
        }
    }
    found
}

fn name_length(text: &str) -> usize {
    text.len() - text.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len()
}

/// Whether an unquoted scalar that begins here stands inside `{ }` or `[ ]`, where `${…}` needs quotes.
pub(super) fn needs_quotes(sources: &Sources, span: Span) -> bool {
    let Some(file) = sources.file(span.file) else { return false };
    let start = file.line_range(sources.position(span).0).start;
    let before = file.text.get(start..span.start as usize).unwrap_or_default();
    let count = |signs: [char; 2]| before.matches(signs).count();
    !sources.text(span).starts_with(['"', '\'']) && count(['{', '[']) > count(['}', ']'])
}

/// The length of an expression up to and with its `}`.
fn expression(text: &str) -> usize {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn names_with_a_bare_dollar_sign_are_found() {
        let found = |text: &'static str| names(text).into_iter().map(|(range, _)| &text[range]).collect::<Vec<_>>();
        assert_eq!(found("Bearer $token"), ["$token"]);
        assert_eq!(found("/a/$id?x=$user_id&y=${z}"), ["$id", "$user_id"]);
        assert_eq!(found("é$idé $b"), ["$idé", "$b"]);
        for text in
            ["", "$", "$.token", "$[0]", "${token}", "$${token}", "$$token", "$$$token", "${a['$b']}", "^a$", "$ a"]
        {
            assert!(found(text).is_empty(), "{text}");
        }
        assert!(found("query ($id: ID!) { user(id: $id) { name } }").is_empty());
        assert_eq!(found("${unclosed $token"), Vec::<&str>::new());
        for text in
            ["/$(a)", "/#{a}", "/{a}", "/%a%", "/%(a)s", "/<a>", "/[[a]]", "/:a", "/@{a}", "/$ {a}", "/<%= a %>"]
        {
            assert_eq!(found(text), [&text[1..]], "{text}");
        }
        for text in
            ["/x?filter[a]=1", "<a>1</a>", "{ items{a} }", "query { a }", "http://h:80/", "12:30", "${a}", "100%"]
        {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
