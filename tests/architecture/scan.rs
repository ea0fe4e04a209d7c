//! What the code of a crate names: every path that begins with `crate`, `super` or `self`, or with a
//! name that such a path was imported under.
//!
//! The text is cut into tokens by `proc-macro2`, the lexer below `syn`: comments are gone, strings are
//! literals, and brackets are groups. No syntax tree is made of it, as half of the paths that matter stand
//! where a tree has none, in the arguments of macros. Modules are followed from `lib.rs` by their
//! declarations, so that test modules are left out, and what no module declares is not read.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};

/// The files of `src/`, by their path in it.
pub(crate) type Sources = BTreeMap<String, String>;

/// A module that has a file of its own.
pub(crate) struct File {
    /// The file, from `src/` on.
    pub(crate) path: String,
    /// The module, from the crate's root on.
    pub(crate) module: Vec<String>,
    /// The paths it names, resolved.
    pub(crate) mentions: Vec<Mention>,
    /// The line of the first thing in it that is neither a declaration of a module nor an import.
    pub(crate) first_item: Option<usize>,
}

/// A path into the crate.
#[derive(Debug, PartialEq)]
pub(crate) struct Mention {
    /// The line.
    pub(crate) line: usize,
    /// What is named, from the crate's root on.
    pub(crate) path: Vec<String>,
    /// Whether it is all that this module holds: `path::*`.
    pub(crate) is_glob: bool,
}

/// All modules with files of their own that are not tests.
///
/// # Errors
/// What could not be read, and where.
pub(crate) fn files(sources: &Sources) -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    let mut open = vec![("lib.rs".to_owned(), Vec::new())];
    while let Some((path, module)) = open.pop() {
        let text = &sources.get(&path).ok_or_else(|| format!("src/{path} is missing."))?;
        let scan = Scan::of(text, &module).map_err(|error| format!("src/{path}{error}"))?;
        for (line, child) in &scan.declared {
            let name = child.join("/");
            let mut places = [format!("{name}.rs"), format!("{name}/mod.rs")].into_iter();
            let Some(place) = places.find(|place| sources.contains_key(place)) else {
                return Err(format!(
                    "src/{path}:{line} declares a module that is neither src/{name}.rs nor src/{name}/mod.rs."
                ));
            };
            open.push((place, child.clone()));
        }
        files.push(File { path, module, mentions: scan.mentions(), first_item: scan.first_item });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// A path as it is written.
struct Written {
    line: usize,
    segments: Vec<String>,
    is_glob: bool,
    /// The module it stands in.
    module: Vec<String>,
    /// The name it is imported under.
    import: Option<String>,
}

#[derive(Default)]
struct Scan {
    written: Vec<Written>,
    /// Modules with files of their own, and the lines that declare them.
    declared: Vec<(usize, Vec<String>)>,
    first_item: Option<usize>,
}

impl Scan {
    fn of(text: &str, module: &[String]) -> Result<Self, String> {
        let tokens: TokenStream =
            text.parse().map_err(|error: proc_macro2::LexError| format!(":{}: {error}.", line(error.span())))?;
        let mut scan = Self { first_item: first_item(&tokens), ..Self::default() };
        scan.tokens(tokens, module)?;
        Ok(scan)
    }

    fn tokens(&mut self, stream: TokenStream, module: &[String]) -> Result<(), String> {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if let Some((attribute, inner, after)) = attribute(&tokens, at) {
                if is_test(attribute) {
                    if inner {
                        return Ok(());
                    }
                    at = after_item(&tokens, after)?;
                } else {
                    self.attribute(attribute, module)?;
                    at = after;
                }
                continue;
            }
            at = match &tokens[at] {
                TokenTree::Ident(word) if word == "mod" && ident(&tokens, at + 1).is_some() => {
                    self.module(&tokens, at + 1, module)?
                }
                TokenTree::Ident(word) if word == "use" => self.path(&tokens, at + 1, Vec::new(), true, module),
                TokenTree::Ident(_) => self.path(&tokens, at, Vec::new(), false, module),
                // Another crate's, or the end of `Vec::<u8>::new`.
                TokenTree::Punct(_) if is_colons(&tokens, at) => after_path(&tokens, at),
                TokenTree::Group(group) => {
                    self.tokens(group.stream(), module)?;
                    at + 1
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => at + 1,
            };
        }
        Ok(())
    }

    /// Reads a module whose name stands at a place; gives the place after it.
    fn module(&mut self, tokens: &[TokenTree], at: usize, module: &[String]) -> Result<usize, String> {
        let mut child = module.to_vec();
        child.extend(ident(tokens, at).map(name));
        match tokens.get(at + 1) {
            Some(TokenTree::Group(body)) => self.tokens(body.stream(), &child)?,
            _ => self.declared.push((line(tokens[at].span()), child)),
        }
        Ok(at + 2)
    }

    /// Reads a path, or a tree of them, that begins at a place; gives the place after it.
    fn path(
        &mut self,
        tokens: &[TokenTree],
        mut at: usize,
        mut segments: Vec<String>,
        is_import: bool,
        module: &[String],
    ) -> usize {
        if segments.is_empty() && is_colons(tokens, at) {
            return after_path(tokens, at);
        }
        let mut last = 0;
        let mut is_glob = false;
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(word)) => segments.push(name(word)),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    let branches: Vec<TokenTree> = group.stream().into_iter().collect();
                    for branch in branches.split(|token| is_punct(token, ',')) {
                        self.path(branch, 0, segments.clone(), is_import, module);
                    }
                    return at + 1;
                }
                Some(token) if is_punct(token, '*') && !segments.is_empty() => is_glob = true,
                _ => break,
            }
            last = line(tokens[at].span());
            at += 1;
            if is_glob || !is_colons(tokens, at) {
                break;
            }
            at += 2;
        }
        if segments.len() > 1 && segments.last().is_some_and(|last| last == "self") {
            segments.pop();
        }
        let renamed = ident(tokens, at).filter(|word| is_import && *word == "as").and(ident(tokens, at + 1)).map(name);
        let import = renamed.or_else(|| segments.last().cloned()).filter(|_| is_import && !is_glob);
        // Behind the last comma in braces there is nothing to read.
        if last > 0 && (segments.len() > 1 || import.is_some()) {
            self.written.push(Written { line: last, segments, is_glob, module: module.to_vec(), import });
        }
        at
    }

    /// Reads an attribute: the paths in it, and those in its strings (`serde(with = "crate::units")`).
    fn attribute(&mut self, attribute: &Group, module: &[String]) -> Result<(), String> {
        let tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
        if ident(&tokens, 0).is_some_and(|word| word == "doc") {
            return Ok(());
        }
        self.strings(attribute.stream(), module);
        self.tokens(attribute.stream(), module)
    }

    fn strings(&mut self, stream: TokenStream, module: &[String]) {
        for token in stream {
            match token {
                TokenTree::Group(group) => self.strings(group.stream(), module),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let segments: Vec<String> = text.trim_matches('"').split("::").map(str::to_owned).collect();
                    if segments.len() > 1 {
                        let line = line(literal.span());
                        let module = module.to_vec();
                        self.written.push(Written { line, segments, is_glob: false, module, import: None });
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    /// The paths into the crate. A name that is imported in one place of a file is known in all of it.
    fn mentions(&self) -> Vec<Mention> {
        let mut names: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        loop {
            let known = names.len();
            for written in &self.written {
                if let Some(import) = &written.import
                    && let Some(path) = resolved(written, &names)
                {
                    names.insert(import, path);
                }
            }
            if names.len() == known {
                break;
            }
        }
        let mentions = self.written.iter().filter_map(|written| {
            Some(Mention { line: written.line, path: resolved(written, &names)?, is_glob: written.is_glob })
        });
        mentions.collect()
    }
}

/// A path from the crate's root on, if it leads into the crate.
fn resolved(written: &Written, names: &BTreeMap<&str, Vec<String>>) -> Option<Vec<String>> {
    let mut rest = written.segments.as_slice();
    let mut path = match rest.first()?.as_str() {
        "crate" => Vec::new(),
        "super" | "self" => written.module.clone(),
        // `use http::Uri` beside `use super::http` would not compile, so a known name is no other crate.
        first => names.get(first).filter(|_| rest.len() > 1)?.clone(),
    };
    if rest[0] != "super" {
        rest = &rest[1..];
    }
    while let [first, others @ ..] = rest
        && first == "super"
    {
        path.pop();
        rest = others;
    }
    path.extend_from_slice(rest);
    Some(path)
}

/// The attribute that begins at a place, whether it is meant for what holds it (`#![…]`), and the place after it.
fn attribute(tokens: &[TokenTree], at: usize) -> Option<(&Group, bool, usize)> {
    if !is_punct(tokens.get(at)?, '#') {
        return None;
    }
    let inner = is_punct(tokens.get(at + 1)?, '!');
    let place = if inner { at + 2 } else { at + 1 };
    match tokens.get(place)? {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some((group, inner, place + 1)),
        _ => None,
    }
}

fn is_test(attribute: &Group) -> bool {
    let text: String = attribute.stream().to_string().split_whitespace().collect();
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}

/// The place after an item, which ends with its braces or a semicolon.
fn after_item(tokens: &[TokenTree], mut at: usize) -> Result<usize, String> {
    while let Some((.., after)) = attribute(tokens, at) {
        at = after;
    }
    at = after_visibility(tokens, at);
    let Some(word) = ident(tokens, at) else {
        let place = tokens.get(at.min(tokens.len() - 1)).map_or(0, |token| line(token.span()));
        return Err(format!(":{place}: this test cannot tell what `#[cfg(test)]` belongs to. Put it on an item."));
    };
    let has_body = match name(word).as_str() {
        "use" | "let" | "static" | "type" => false,
        "const" => ident(tokens, at + 1).is_some_and(|next| next == "fn"),
        "mod" | "fn" | "impl" | "struct" | "enum" | "trait" | "async" | "unsafe" | "extern" | "macro_rules" => true,
        other => {
            return Err(format!(
                ":{}: this test cannot tell where `{other}`, which is under `#[cfg(test)]`, ends. Put the attribute on an item.",
                line(word.span())
            ));
        }
    };
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(group) => has_body && group.delimiter() == Delimiter::Brace,
        other => is_punct(other, ';'),
    };
    Ok(tokens[at..].iter().position(is_end).map_or(tokens.len(), |length| at + length + 1))
}

/// The line of the first item that is neither `mod name;` nor `use …;`.
fn first_item(stream: &TokenStream) -> Option<usize> {
    let tokens: Vec<TokenTree> = stream.clone().into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        if let Some((.., after)) = attribute(&tokens, at) {
            at = after;
            continue;
        }
        let item = after_visibility(&tokens, at);
        let declares = match ident(&tokens, item) {
            Some(word) if word == "mod" => tokens.get(item + 2).is_some_and(|token| is_punct(token, ';')),
            Some(word) => word == "use",
            None => false,
        };
        if !declares {
            return Some(line(tokens[at].span()));
        }
        at = tokens[item..].iter().position(|token| is_punct(token, ';')).map_or(tokens.len(), |end| item + end + 1);
    }
    None
}

fn after_visibility(tokens: &[TokenTree], at: usize) -> usize {
    match (ident(tokens, at), tokens.get(at + 1)) {
        (Some(word), Some(TokenTree::Group(group))) if word == "pub" && group.delimiter() == Delimiter::Parenthesis => {
            at + 2
        }
        (Some(word), _) if word == "pub" => at + 1,
        _ => at,
    }
}

/// The place after a path that begins with `::`.
fn after_path(tokens: &[TokenTree], mut at: usize) -> usize {
    while is_colons(tokens, at) {
        at += 2;
        if ident(tokens, at).is_some() {
            at += 1;
        }
    }
    at
}

fn ident(tokens: &[TokenTree], at: usize) -> Option<&Ident> {
    match tokens.get(at)? {
        TokenTree::Ident(ident) => Some(ident),
        TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    }
}

fn name(ident: &Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    let is_joint = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
    tokens.get(at..at + 2).is_some_and(|pair| is_joint(&pair[0]) && pair.iter().all(|token| is_punct(token, ':')))
}

fn line(span: proc_macro2::Span) -> usize {
    span.start().line
}
