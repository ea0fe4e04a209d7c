//! Text with `${…}`: cut into literal parts and expressions.

use std::ops::Range;
use std::sync::Arc;

use super::ast::Ast;
use super::builtin::Builtin;
use super::compile::{Compiler, Resolver};
use super::compiled::{Expression, Template};
use super::lexer;
use super::parser;
use super::{NameUse, TemplateProblem};

/// A text with `${…}`, parsed.
#[derive(Clone, Debug)]
pub struct ParsedText {
    source: Arc<str>,
    parts: Vec<TextPart>,
    names: Vec<NameUse>,
    builtins: Vec<(Builtin, Range<usize>)>,
    doubts: Vec<TemplateProblem>,
}

#[derive(Clone, Debug)]
pub(super) enum TextPart {
    Literal(String),
    Expression(Ast),
}

/// A bare expression, parsed.
#[derive(Clone, Debug)]
pub struct ParsedExpression {
    source: Arc<str>,
    tree: Ast,
    names: Vec<NameUse>,
    builtins: Vec<(Builtin, Range<usize>)>,
    doubts: Vec<TemplateProblem>,
}

/// Parses text with `${…}`; `$${` stands for a literal `${`.
///
/// # Errors
/// Every problem in every expression of the text.
pub fn parse_text(text: &str) -> Result<ParsedText, Vec<TemplateProblem>> {
    let mut problems = Vec::new();
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find(['$', '{']) {
        let sign = at + offset;
        literal.push_str(&text[at..sign]);
        let rest = &text[sign..];
        if rest.starts_with("$${") {
            literal.push_str("${");
            at = sign + 3;
        } else if rest.starts_with("${") {
            if !literal.is_empty() {
                parts.push(TextPart::Literal(std::mem::take(&mut literal)));
            }
            at = expression_at(text, sign + 2, &mut parts, &mut problems);
        } else {
            if let Some(problem) = double_braces(text, sign) {
                problems.push(problem);
            }
            // A run of braces is looked at once, from its start.
            let same = rest.len() - rest.trim_start_matches('{').len();
            let length = same.max(1);
            literal.push_str(&rest[..length]);
            at = sign + length;
        }
    }
    literal.push_str(&text[at..]);
    if !literal.is_empty() {
        parts.push(TextPart::Literal(literal));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let (mut names, mut builtins, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
    for part in &parts {
        if let TextPart::Expression(tree) = part {
            tree.collect_names(false, &mut names, &mut builtins);
            tree.collect_doubts(text, &mut doubts);
        }
    }
    Ok(ParsedText { source: text.into(), parts, names, builtins, doubts })
}

/// Reads the expression that starts at `start` and tells where the text goes on.
fn expression_at(text: &str, start: usize, parts: &mut Vec<TextPart>, problems: &mut Vec<TemplateProblem>) -> usize {
    let Some(tokens) = lexer::tokens(text, start, true, problems) else {
        return lexer::closing_brace(text, start).map_or(text.len(), |end| end + 1);
    };
    if let Some(tree) = parser::parse(text, &tokens, problems) {
        parts.push(TextPart::Expression(tree));
    }
    tokens.last().map_or(text.len(), |end| end.range.end)
}

/// `{{name}}`, as Postman, Insomnia and Mustache write variables.
fn double_braces(text: &str, at: usize) -> Option<TemplateProblem> {
    let inner = text[at..].strip_prefix("{{")?;
    let end = inner.find("}}")?;
    let name = inner[..end].trim();
    let path = name.strip_prefix('$').unwrap_or(name);
    let plain = path.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && path.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if !plain {
        return None;
    }
    let written = &text[at..at + end + 4];
    let ours = format!("${{{}}}", path.replace('-', "_"));
    let help = format!("write `{ours}`; for a literal `{written}` write `${{'{written}'}}`");
    Some(
        TemplateProblem::new(at..at + written.len(), format!("`{written}` is not the syntax for values here"))
            .help(help)
            .replace(ours),
    )
}

/// Parses a bare expression, as `if`, `while`, `for_each` and `expr` take it.
///
/// # Errors
/// Every problem; `${…}` in it is one, which shows the bare form.
pub fn parse_expression(text: &str) -> Result<ParsedExpression, Vec<TemplateProblem>> {
    let mut problems = Vec::new();
    if let Some(problem) = dressed(text) {
        return Err(vec![problem]);
    }
    let tree =
        lexer::tokens(text, 0, false, &mut problems).and_then(|tokens| parser::parse(text, &tokens, &mut problems));
    match tree {
        Some(tree) if problems.is_empty() => {
            let (mut names, mut builtins, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
            tree.collect_names(false, &mut names, &mut builtins);
            tree.collect_doubts(text, &mut doubts);
            Ok(ParsedExpression { source: text.into(), tree, names, builtins, doubts })
        }
        _ => Err(problems),
    }
}

/// An expression written with `${…}` where it must be without.
fn dressed(text: &str) -> Option<TemplateProblem> {
    text.find("${")?;
    let mut bare = String::new();
    let mut at = 0;
    let mut quote: Option<char> = None;
    while let Some(c) = text[at..].chars().next() {
        if text[at..].starts_with("${") {
            let end = lexer::closing_brace(text, at + 2)?;
            let inner = text[at + 2..end].trim();
            match quote {
                // '${status}' == 'ok': the quotes go with the braces if nothing else is inside.
                Some(mark) if bare.ends_with(mark) && text[end + 1..].starts_with(mark) => {
                    bare.pop();
                    bare.push_str(inner);
                    at = end + 1 + mark.len_utf8();
                    quote = None;
                    continue;
                }
                Some(_) => return Some(undress(text, None)),
                None => bare.push_str(inner),
            }
            at = end + 1;
            continue;
        }
        match quote {
            Some(mark) if mark == c => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {}
        }
        bare.push(c);
        at += c.len_utf8();
    }
    Some(undress(text, Some(bare)))
}

fn undress(text: &str, bare: Option<String>) -> TemplateProblem {
    let problem = TemplateProblem::new(0..text.len(), "this is already an expression, so write names without `${…}`");
    match bare {
        Some(bare) => problem.help(format!("write `{bare}`")).replace(bare),
        None => problem.help("compare the name itself: `status == 'ok'`"),
    }
}

impl ParsedText {
    /// Whether there is no expression in it.
    pub fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, TextPart::Literal(_)))
    }

    /// Whether it is one whole expression, whose value keeps its type.
    pub fn is_expression(&self) -> bool {
        matches!(self.parts.as_slice(), [TextPart::Expression(_)])
    }

    /// The names it reads, in order, without the built-in ones.
    pub fn names(&self) -> &[NameUse] {
        &self.names
    }

    /// The built-in names it reads, in order.
    pub fn builtins(&self) -> &[(Builtin, Range<usize>)] {
        &self.builtins
    }

    /// What is allowed in it and hardly ever meant.
    pub fn doubts(&self) -> &[TemplateProblem] {
        &self.doubts
    }

    /// Resolves the names.
    ///
    /// # Errors
    /// Every name `resolver` does not know, and every value known now that cannot be right.
    pub fn compile(&self, resolver: &mut dyn Resolver) -> Result<Template, Vec<TemplateProblem>> {
        let mut compiler = Compiler::new(&self.source, resolver);
        let template = compiler.template(&self.parts);
        compiler.finish(template)
    }
}

impl ParsedExpression {
    /// Whether it reads no name and calls nothing that changes.
    pub fn is_literal(&self) -> bool {
        self.names.is_empty() && self.builtins.is_empty() && self.tree.is_plain_literal()
    }

    /// The names it reads, in order, without the built-in ones.
    pub fn names(&self) -> &[NameUse] {
        &self.names
    }

    /// The built-in names it reads, in order.
    pub fn builtins(&self) -> &[(Builtin, Range<usize>)] {
        &self.builtins
    }

    /// What is allowed in it and hardly ever meant.
    pub fn doubts(&self) -> &[TemplateProblem] {
        &self.doubts
    }

    /// Resolves the names.
    ///
    /// # Errors
    /// Every name `resolver` does not know, and every value known now that cannot be right.
    pub fn compile(&self, resolver: &mut dyn Resolver) -> Result<Expression, Vec<TemplateProblem>> {
        let mut compiler = Compiler::new(&self.source, resolver);
        let expression = compiler.expression(&self.tree);
        compiler.finish(expression)
    }
}
