//! From tokens to a syntax tree: precedence climbing with bounded depth.

use std::ops::Range;

use crate::value::Value;

use super::TemplateProblem;
use super::ast::{Ast, AstKind, BinaryOp, MAX_DEPTH};
use super::lexer::{Token, TokenKind};
use super::unknown_words;

/// Parses one expression. Adds problems; returns a tree when the grammar held, even if words in it
/// are unknown.
pub(super) fn parse(text: &str, tokens: &[Token], problems: &mut Vec<TemplateProblem>) -> Option<Ast> {
    let mut parser = Parser { text, tokens, at: 0, depth: 0, problems };
    let tree = parser.binary(0)?;
    let next = parser.peek()?;
    if next.kind == TokenKind::End {
        return Some(tree);
    }
    let next = next.clone();
    parser.unexpected_after(&tree, &next);
    None
}

struct Parser<'a> {
    text: &'a str,
    tokens: &'a [Token],
    at: usize,
    depth: u32,
    problems: &'a mut Vec<TemplateProblem>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn kind(&self) -> &'a TokenKind {
        self.peek().map_or(&TokenKind::End, |token| &token.kind)
    }

    fn advance(&mut self) -> Option<&'a Token> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    fn accept(&mut self, kind: &TokenKind) -> bool {
        let found = self.kind() == kind;
        if found {
            self.at += 1;
        }
        found
    }

    fn fail<T>(&mut self, problem: TemplateProblem) -> Option<T> {
        self.problems.push(problem);
        None
    }

    fn source(&self, range: &Range<usize>) -> &'a str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// The tree, unless it has become too deep.
    fn bounded(&mut self, kind: AstKind, range: Range<usize>) -> Option<Ast> {
        let tree = Ast::new(kind, range);
        if tree.depth > MAX_DEPTH { self.too_deep(tree.range) } else { Some(tree) }
    }

    fn too_deep<T>(&mut self, range: Range<usize>) -> Option<T> {
        let message = format!("this expression is nested more than {MAX_DEPTH} levels deep");
        self.fail(TemplateProblem::new(range, message).help("calculate parts of it with `set` first"))
    }

    /// An operand and every operator after it that binds at least as tightly as `least`.
    fn binary(&mut self, least: u8) -> Option<Ast> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let range = self.peek().map_or(0..0, |token| token.range.clone());
            return self.too_deep(range);
        }
        let result = self.operators(least);
        self.depth -= 1;
        result
    }

    fn operators(&mut self, least: u8) -> Option<Ast> {
        let mut left = self.operand()?;
        let mut compared = false;
        loop {
            let Some((op, width)) = self.operator() else { return Some(left) };
            if op.power() < least {
                return Some(left);
            }
            self.at += width;
            let right = self.binary(op.power() + 1)?;
            if op.compares()
                && compared
                && let AstKind::Binary { right: middle, .. } = &left.kind
            {
                let [a, b] = [self.source(&left.range), self.source(&right.range)];
                let joined = format!("{a} and {} {} {b}", self.source(&middle.range), op.word());
                let range = left.range.start..right.range.end;
                let problem = TemplateProblem::new(range, "comparisons cannot be chained");
                return self.fail(problem.help(format!("write `{joined}`")).replace(joined));
            }
            compared = op.compares();
            if op.computes() {
                self.check_filter_on_operand(&left, op, &right);
            }
            let range = left.range.start..right.range.end;
            left = self.bounded(AstKind::Binary { op, left: Box::new(left), right: Box::new(right) }, range)?;
        }
    }

    /// The operator that comes next, and of how many tokens it consists.
    fn operator(&self) -> Option<(BinaryOp, usize)> {
        let token = self.peek()?;
        match &token.kind {
            TokenKind::Operator(op) => Some((*op, 1)),
            TokenKind::Not => {
                let next = self.tokens.get(self.at + 1)?;
                let joined = next.kind == TokenKind::Operator(BinaryOp::In);
                joined.then_some((BinaryOp::NotIn, 2))
            }
            _ => None,
        }
    }

    fn operand(&mut self) -> Option<Ast> {
        let start = self.peek().map_or(0, |token| token.range.start);
        if self.accept(&TokenKind::Not) {
            // `not a == b` denies the comparison; `not a and b` denies `a` alone.
            let inner = self.binary(BinaryOp::Equal.power())?;
            let range = start..inner.range.end;
            return self.bounded(AstKind::Not(Box::new(inner)), range);
        }
        if self.accept(&TokenKind::Operator(BinaryOp::Subtract)) {
            let inner = self.binary(BinaryOp::Multiply.power() + 1)?;
            let range = start..inner.range.end;
            return match inner.kind {
                AstKind::Constant(Value::Int(number)) if number != i64::MIN => {
                    Some(Ast::new(AstKind::Constant(Value::Int(-number)), range))
                }
                AstKind::Constant(Value::Float(number)) => {
                    Some(Ast::new(AstKind::Constant(Value::Float(-number)), range))
                }
                AstKind::Constant(Value::Decimal(ref digits)) if **digits == *"9223372036854775808" => {
                    Some(Ast::new(AstKind::Constant(Value::Int(i64::MIN)), range))
                }
                AstKind::Constant(_)
                | AstKind::Name(_)
                | AstKind::Member { .. }
                | AstKind::Index { .. }
                | AstKind::List(_)
                | AstKind::Call { .. }
                | AstKind::Filter { .. }
                | AstKind::Not(_)
                | AstKind::Negate(_)
                | AstKind::Binary { .. } => self.bounded(AstKind::Negate(Box::new(inner)), range),
            };
        }
        let mut tree = self.primary()?;
        loop {
            tree = match self.kind() {
                TokenKind::Dot => self.member(tree)?,
                TokenKind::OpenBracket => self.index(tree)?,
                TokenKind::Open => return self.call_on_value(&tree),
                TokenKind::Pipe => self.filter(tree)?,
                _ => return Some(tree),
            };
        }
    }

    fn primary(&mut self) -> Option<Ast> {
        let token = self.advance()?;
        let range = token.range.clone();
        match &token.kind {
            TokenKind::Number(number) => Some(Ast::new(AstKind::Constant(number.clone().into()), range)),
            TokenKind::Text(text) => Some(Ast::new(AstKind::Constant(Value::text(text.as_str())), range)),
            TokenKind::Name(name) => {
                if *self.kind() == TokenKind::Open {
                    return self.call(name.clone(), range);
                }
                let kind = match name.as_str() {
                    "true" => AstKind::Constant(Value::Bool(true)),
                    "false" => AstKind::Constant(Value::Bool(false)),
                    "null" => AstKind::Constant(Value::Null),
                    _ => AstKind::Name(name.clone()),
                };
                Some(Ast::new(kind, range))
            }
            TokenKind::OpenBracket => {
                let (items, end) = self.sequence(&TokenKind::CloseBracket, &range)?;
                self.bounded(AstKind::List(items), range.start..end)
            }
            TokenKind::Open => {
                let mut inner = self.binary(0)?;
                let end = self.peek().map_or(range.end, |token| token.range.end);
                if !self.accept(&TokenKind::Close) {
                    return self.unclosed(&range, "(", ")");
                }
                // The parentheses belong to the operand, so that messages quote them.
                inner.range = range.start..end;
                inner.bracketed = true;
                Some(inner)
            }
            TokenKind::End if self.tokens.len() == 1 => {
                let problem = TemplateProblem::new(range, "the expression is empty")
                    .help("write a name or a value, for example `${name}`");
                self.fail(problem)
            }
            TokenKind::End => self.fail(TemplateProblem::new(range, "the expression ends where a value is expected")),
            TokenKind::Dot => {
                let help = "a number starts with a digit: `0.5`; a path starts with a name: `row.column`";
                self.fail(TemplateProblem::new(range, "`.` cannot start a value").help(help))
            }
            _ => {
                let written = self.source(&range);
                self.fail(TemplateProblem::new(range, format!("a value is expected here, not `{written}`")))
            }
        }
    }

    fn unclosed<T>(&mut self, opening: &Range<usize>, open: &str, close: &str) -> Option<T> {
        let found = self.peek().filter(|token| token.kind != TokenKind::End).map(|token| token.range.clone());
        let problem = match found {
            Some(range) => {
                let written = self.source(&range).to_owned();
                TemplateProblem::new(range, format!("`{close}` or an operator is expected here, not `{written}`"))
            }
            None => TemplateProblem::new(opening.clone(), format!("this `{open}` has no closing `{close}`")),
        };
        self.fail(problem)
    }

    /// Values between commas up to `close`, and where that ends. The opening sign is read already.
    fn sequence(&mut self, close: &TokenKind, opening: &Range<usize>) -> Option<(Vec<Ast>, usize)> {
        let mut items = Vec::new();
        loop {
            let end = self.peek().map_or(opening.end, |token| token.range.end);
            if self.accept(close) {
                return Some((items, end));
            }
            items.push(self.binary(0)?);
            let end = self.peek().map_or(opening.end, |token| token.range.end);
            if self.accept(close) {
                return Some((items, end));
            }
            if !self.accept(&TokenKind::Comma) {
                let (open, shut) = if *close == TokenKind::Close { ("(", ")") } else { ("[", "]") };
                return self.unclosed(opening, open, shut);
            }
        }
    }

    fn member(&mut self, base: Ast) -> Option<Ast> {
        let dot = self.advance()?.range.clone();
        let token = self.peek().filter(|token| token.kind != TokenKind::End);
        let key = token.map(|token| token.range.clone()).filter(|range| {
            let written = self.source(range);
            written.starts_with(|c: char| c.is_alphabetic() || c == '_')
        });
        let Some(key_range) = key else {
            let number = matches!(token.map(|token| &token.kind), Some(TokenKind::Number(_)));
            let help = if number {
                "for an element of a list, write `list[0]`".to_owned()
            } else {
                "put a name that is not a plain word in brackets: `row[\"First name\"]`".to_owned()
            };
            return self.fail(TemplateProblem::new(dot, "a name is expected after this `.`").help(help));
        };
        self.at += 1;
        let key = self.source(&key_range).to_owned();
        if *self.kind() == TokenKind::Open {
            return self.method(&base, &key, key_range);
        }
        let range = base.range.start..key_range.end;
        self.bounded(AstKind::Member { base: Box::new(base), key, key_range }, range)
    }

    fn index(&mut self, base: Ast) -> Option<Ast> {
        let opening = self.advance()?.range.clone();
        let index = self.binary(0)?;
        let end = self.peek().map_or(opening.end, |token| token.range.end);
        if !self.accept(&TokenKind::CloseBracket) {
            return self.unclosed(&opening, "[", "]");
        }
        if let AstKind::Constant(Value::Int(number)) = &index.kind
            && *number < 0
        {
            let problem = TemplateProblem::new(index.range.clone(), "an index cannot be negative");
            return self.fail(problem.help("the last element is `list | last`; the first is `list[0]`"));
        }
        let range = base.range.start..end;
        self.bounded(AstKind::Index { base: Box::new(base), index: Box::new(index) }, range)
    }

    fn arguments(&mut self) -> Option<(Vec<Ast>, usize)> {
        let opening = self.advance()?.range.clone();
        self.sequence(&TokenKind::Close, &opening)
    }

    fn call(&mut self, name: String, name_range: Range<usize>) -> Option<Ast> {
        let (arguments, end) = self.arguments()?;
        let range = name_range.start..end;
        if let Some(problem) = unknown_words::check_call(self.text, &name, &name_range, &range, &arguments) {
            self.problems.push(problem);
        }
        self.bounded(AstKind::Call { name, name_range, arguments }, range)
    }

    /// `base.key(…)`: one of the `fake` functions, or a method of another language.
    fn method(&mut self, base: &Ast, key: &str, key_range: Range<usize>) -> Option<Ast> {
        if matches!(&base.kind, AstKind::Name(name) if name == "fake") {
            return self.call(format!("fake.{key}"), base.range.start..key_range.end);
        }
        let (arguments, end) = self.arguments()?;
        let whole = base.range.start..end;
        let problem = unknown_words::method(self.text, base, key, &arguments, whole);
        self.fail(problem)
    }

    fn call_on_value<T>(&mut self, tree: &Ast) -> Option<T> {
        let help = "functions have plain names, for example `random_int(1, 6)`";
        self.fail(TemplateProblem::new(tree.range.clone(), "only a function can be called").help(help))
    }

    fn filter(&mut self, input: Ast) -> Option<Ast> {
        let pipe = self.advance()?.range.clone();
        let Some(TokenKind::Name(name)) = self.peek().map(|token| &token.kind) else {
            let problem = TemplateProblem::new(pipe, "the name of a filter is expected after `|`");
            return self.fail(problem.help("for example `name | upper`; for \"or\" write `or`"));
        };
        let name_range = self.advance()?.range.clone();
        let (arguments, end) =
            if *self.kind() == TokenKind::Open { self.arguments()? } else { (Vec::new(), name_range.end) };
        let range = input.range.start..end;
        if let Some(problem) = unknown_words::check_filter(self.text, name, &name_range, &range, &input, &arguments) {
            self.problems.push(problem);
        }
        self.bounded(AstKind::Filter { name: name.clone(), input: Box::new(input), arguments }, range)
    }

    /// `a * b | round` changes `b` alone, which hardly anybody means: ask for parentheses.
    fn check_filter_on_operand(&mut self, left: &Ast, op: BinaryOp, right: &Ast) {
        let mut operand = right;
        while let AstKind::Filter { input, .. } = &operand.kind
            && !operand.bracketed
        {
            operand = input;
        }
        let range = left.range.start..right.range.end;
        let filters = self.source(&(operand.range.end..right.range.end)).trim();
        if filters.is_empty() {
            return;
        }
        let whole = format!("({}) {filters}", self.source(&(left.range.start..operand.range.end)));
        let message =
            format!("it is not clear what `{filters}` changes: the whole, or only `{}`", self.source(&operand.range));
        let help = format!("a filter binds tighter than `{}`; put parentheses: `{whole}`", op.word());
        self.problems.push(TemplateProblem::new(range, message).help(help).replace(whole));
    }

    fn unexpected_after(&mut self, tree: &Ast, next: &Token) {
        let written = self.source(&next.range).to_owned();
        let before = self.source(&tree.range).to_owned();
        let problem = TemplateProblem::new(next.range.clone(), format!("`{written}` is not expected after `{before}`"));
        let word = written.to_ascii_lowercase();
        let problem = match (&next.kind, word.as_str()) {
            (TokenKind::Name(_), "and" | "or" | "not" | "in") => problem.help(format!("write `{word}`")).replace(word),
            (TokenKind::Name(_), "is" | "eq" | "equals") => problem.help("write `==`").replace("=="),
            (TokenKind::Name(_), "ne" | "isnt") => problem.help("write `!=`").replace("!="),
            (TokenKind::Name(_), "gt") => problem.help("write `>`").replace(">"),
            (TokenKind::Name(_), "lt") => problem.help("write `<`").replace("<"),
            (TokenKind::Name(_), "if" | "else" | "then") => {
                problem.help("there is no `if` inside an expression; put `if:` on a step")
            }
            (TokenKind::Name(_), "contains") => problem.help(format!("write `'part' in {before}`")),
            (TokenKind::Comma, _) => problem.help("write a list as `[a, b]`; a number has no thousands separator"),
            (TokenKind::Close | TokenKind::CloseBracket, _) => problem.help("there is no matching opening bracket"),
            _ => problem.help("an operator is missing between them"),
        };
        self.problems.push(problem);
    }
}
