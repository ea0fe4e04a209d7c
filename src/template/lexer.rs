//! Tokens of an expression. Words and signs of other languages are recognised here, so that
//! parsing goes on after them.

use std::ops::Range;

use crate::value::Value;

use super::TemplateProblem;
use super::ast::BinaryOp;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    Number(NumberToken),
    Text(String),
    Name(String),
    Operator(BinaryOp),
    Not,
    Pipe,
    Dot,
    Comma,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    /// The end of the expression: `}` in text, the end of a bare one.
    End,
}

/// A number literal; comparable so that tokens are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum NumberToken {
    Int(i64),
    Float(f64),
    /// Beyond 64 bits: kept as written.
    Long(String),
}

impl From<NumberToken> for Value {
    fn from(number: NumberToken) -> Self {
        match number {
            NumberToken::Int(whole) => Self::Int(whole),
            NumberToken::Float(fraction) => Self::Float(fraction),
            NumberToken::Long(text) => Self::Decimal(text.into()),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) range: Range<usize>,
}

/// Splits the expression that starts at `start` into tokens. With `closed`, it ends at the first
/// `}` outside quotes; without, at the end of the text. Returns the tokens, the last being `End`,
/// or `None` when the text cannot be read on; problems are added either way.
pub(super) fn tokens(
    text: &str,
    start: usize,
    closed: bool,
    problems: &mut Vec<TemplateProblem>,
) -> Option<Vec<Token>> {
    let mut lexer = Lexer { text, at: start, problems, tokens: Vec::new() };
    lexer.run(start, closed).then_some(lexer.tokens)
}

/// Where the expression that starts at `start` ends, judging by quotes and braces alone: the
/// offset of its `}`. For going on after an expression that cannot be read.
pub(super) fn closing_brace(text: &str, start: usize) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    let mut open = 0_u32;
    for (at, c) in text[start..].char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(mark) if c == mark => quote = None,
            Some(_) => {}
            None => match c {
                '\'' | '"' => quote = Some(c),
                '{' => open += 1,
                '}' if open == 0 => return Some(start + at),
                '}' => open -= 1,
                _ => {}
            },
        }
    }
    text[start..].find('}').map(|at| start + at)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    problems: &'a mut Vec<TemplateProblem>,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        self.tokens.push(Token { kind, range: self.at..self.at + length });
        self.at += length;
    }

    fn problem(&mut self, problem: TemplateProblem) -> bool {
        self.problems.push(problem);
        false
    }

    fn run(&mut self, start: usize, closed: bool) -> bool {
        loop {
            self.at += self.rest().len() - self.rest().trim_start().len();
            let Some(first) = self.rest().chars().next() else {
                if closed {
                    let opening = start.saturating_sub(2)..start;
                    return self.problem(
                        TemplateProblem::new(opening, "this `${` has no closing `}`")
                            .help("close it, or write `$${` for a literal `${`"),
                    );
                }
                self.push(TokenKind::End, 0);
                return true;
            };
            if first == '}' && closed {
                self.push(TokenKind::End, 1);
                return true;
            }
            let read = match first {
                '0'..='9' => self.number(),
                '\'' | '"' => self.quoted(first),
                c if c.is_alphabetic() || c == '_' => {
                    self.name();
                    true
                }
                _ => self.sign(),
            };
            if !read {
                return false;
            }
        }
    }

    fn name(&mut self) {
        let length = name_length(self.rest());
        let word = &self.text[self.at..self.at + length];
        let kind = match word {
            "and" => TokenKind::Operator(BinaryOp::And),
            "or" => TokenKind::Operator(BinaryOp::Or),
            "in" => TokenKind::Operator(BinaryOp::In),
            "not" => TokenKind::Not,
            _ => TokenKind::Name(word.to_owned()),
        };
        self.push(kind, length);
    }

    /// Signs, longest first. Those of other languages count as ours, with a problem that says so.
    fn sign(&mut self) -> bool {
        use BinaryOp as Op;
        use TokenKind as Kind;
        let foreign: [(&str, Kind, &str); 8] = [
            ("===", Kind::Operator(Op::Equal), "=="),
            ("!==", Kind::Operator(Op::NotEqual), "!="),
            ("=~", Kind::Operator(Op::Equal), "=="),
            ("&&", Kind::Operator(Op::And), "and"),
            ("||", Kind::Operator(Op::Or), "or"),
            ("<>", Kind::Operator(Op::NotEqual), "!="),
            ("&", Kind::Operator(Op::And), "and"),
            ("=>", Kind::Operator(Op::AtLeast), ">="),
        ];
        let ours: [(&str, Kind); 19] = [
            ("==", Kind::Operator(Op::Equal)),
            ("!=", Kind::Operator(Op::NotEqual)),
            ("<=", Kind::Operator(Op::AtMost)),
            (">=", Kind::Operator(Op::AtLeast)),
            ("<", Kind::Operator(Op::Less)),
            (">", Kind::Operator(Op::Greater)),
            ("+", Kind::Operator(Op::Add)),
            ("-", Kind::Operator(Op::Subtract)),
            ("*", Kind::Operator(Op::Multiply)),
            ("/", Kind::Operator(Op::Divide)),
            ("%", Kind::Operator(Op::Remainder)),
            ("|", Kind::Pipe),
            (".", Kind::Dot),
            (",", Kind::Comma),
            ("(", Kind::Open),
            (")", Kind::Close),
            ("[", Kind::OpenBracket),
            ("]", Kind::CloseBracket),
            ("\u{2212}", Kind::Operator(Op::Subtract)),
        ];
        for (sign, kind, word) in foreign {
            if self.rest().starts_with(sign) {
                let range = self.at..self.at + sign.len();
                let help = if sign == "=~" {
                    "expressions have no patterns; use a `matches` assertion or a `regex` extractor".to_owned()
                } else {
                    format!("write `{word}`")
                };
                let problem =
                    TemplateProblem::new(range, format!("`{sign}` is not supported in expressions")).help(help);
                self.problem(if sign == "=~" { problem } else { problem.replace(word) });
                self.push(kind, sign.len());
                return true;
            }
        }
        for (sign, kind) in ours {
            if self.rest().starts_with(sign) {
                self.push(kind, sign.len());
                return true;
            }
        }
        let first = self.rest().chars().next().unwrap_or_default();
        let range = self.at..self.at + first.len_utf8();
        match first {
            '!' => {
                self.problem(
                    TemplateProblem::new(range, "`!` is not supported in expressions")
                        .help("write `not`")
                        .replace("not "),
                );
                self.push(TokenKind::Not, 1);
                true
            }
            '=' => {
                self.problem(
                    TemplateProblem::new(range, "`=` is not supported in expressions")
                        .help("to compare, write `==`")
                        .replace("=="),
                );
                self.push(TokenKind::Operator(Op::Equal), 1);
                true
            }
            '$' => {
                let help = "inside an expression, write `name`, not `${name}` or `$name`";
                self.problem(TemplateProblem::new(range, "`$` has no meaning inside an expression").help(help))
            }
            '?' | ':' => {
                let help = "there is no `a ? b : c`; put `if:` on a step, or `set` the variable in a step with `if:`";
                self.problem(
                    TemplateProblem::new(range, format!("`{first}` is not supported in expressions")).help(help),
                )
            }
            '{' | '}' => {
                let help = "expressions have lists `[1, 2]` but no maps; write the name without braces";
                self.problem(TemplateProblem::new(range, format!("`{first}` is not expected here")).help(help))
            }
            '“' | '”' | '„' | '‘' | '’' | '`' => {
                let help = "put text in straight quotes: 'text' or \"text\"";
                self.problem(TemplateProblem::new(range, format!("{first} is not a quotation mark here")).help(help))
            }
            ';' => self.problem(
                TemplateProblem::new(range, "`;` is not supported in expressions")
                    .help("an expression has only one value"),
            ),
            '@' | '#' | '~' | '^' | '\\' => {
                self.problem(TemplateProblem::new(range, format!("`{first}` is not supported in expressions")))
            }
            other => self.problem(TemplateProblem::new(range, format!("{other:?} is not supported in expressions"))),
        }
    }

    fn number(&mut self) -> bool {
        let rest = self.rest().as_bytes();
        let digits = |from: usize| rest[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let whole = digits(0);
        let mut length = whole;
        let mut fraction = false;
        if rest.get(length) == Some(&b'.') && digits(length + 1) > 0 {
            length += 1 + digits(length + 1);
            fraction = true;
        }
        if matches!(rest.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits(length + 1 + sign);
            if exponent > 0 {
                length += 1 + sign + exponent;
                fraction = true;
            }
        }
        let tail = name_length(&self.rest()[length..]);
        let (at, text) = (self.at, &self.text[self.at..self.at + length + tail]);
        if tail > 0 {
            let help = format!("if it is text, put it in quotes: '{text}'; numbers have no units here");
            let problem = TemplateProblem::new(at..at + text.len(), format!("`{text}` is neither a number nor a name"));
            return self.problem(problem.help(help).replace(format!("'{text}'")));
        }
        if whole > 1 && text.starts_with('0') {
            let before = self.text[..at].strip_suffix(',').map_or("", |before| before);
            if before.ends_with(|c: char| c.is_ascii_digit()) {
                let problem = TemplateProblem::new(at - 1..at, "a number has no thousands separator");
                return self.problem(problem.help("write the digits without commas").replace(""));
            }
            let problem =
                TemplateProblem::new(at..at + length, format!("`{text}` has a leading zero, so it would be text"));
            return self.problem(problem.help("put it in quotes, or remove the zero").replace(format!("'{text}'")));
        }
        let number = if fraction {
            match text.parse::<f64>() {
                Ok(number) if number.is_finite() => NumberToken::Float(number),
                _ => {
                    return self
                        .problem(TemplateProblem::new(at..at + length, format!("`{text}` is too large a number")));
                }
            }
        } else {
            text.parse().map_or_else(|_| NumberToken::Long(text.to_owned()), NumberToken::Int)
        };
        self.push(TokenKind::Number(number), length);
        true
    }

    fn quoted(&mut self, quote: char) -> bool {
        let start = self.at;
        let mut content = String::new();
        let mut chars = self.text[start + 1..].char_indices();
        while let Some((offset, c)) = chars.next() {
            let at = start + 1 + offset;
            match c {
                '\\' => {
                    let escape = chars.next();
                    let replaced = match escape.map(|(_, c)| c) {
                        Some('n') => Some('\n'),
                        Some('t') => Some('\t'),
                        Some('r') => Some('\r'),
                        Some(c @ ('\\' | '\'' | '"')) => Some(c),
                        Some('u') => {
                            let digits = chars.as_str().get(..4).unwrap_or_default();
                            let code = digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(digits);
                            let found =
                                code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
                            if found.is_some() {
                                chars.by_ref().take(4).for_each(drop);
                            }
                            found
                        }
                        _ => None,
                    };
                    let Some(replaced) = replaced else {
                        let end = at + 1 + escape.map_or(0, |(_, c)| c.len_utf8());
                        let written = &self.text[at..end];
                        let help =
                            r#"supported are \n \t \r \\ \' \" and \u with four hex digits; for a backslash write \\"#;
                        return self.problem(
                            TemplateProblem::new(at..end, format!("`{written}` is not an escape")).help(help),
                        );
                    };
                    content.push(replaced);
                }
                '$' if self.text[at..].starts_with("${") => {
                    let help = "to join texts, write `${a}${b}` as the value, or use the name without quotes";
                    let problem =
                        TemplateProblem::new(at..at + 2, "`${…}` cannot be used inside a text of an expression");
                    return self.problem(problem.help(help));
                }
                c if c == quote => {
                    self.push(TokenKind::Text(content), at + 1 - start);
                    return true;
                }
                c => content.push(c),
            }
        }
        let problem = TemplateProblem::new(start..start + 1, format!("this {quote} has no closing {quote}"));
        self.problem(
            problem.help("close the text with the same quotation mark; inside the text, write it as \\' or \\\""),
        )
    }
}

/// How many bytes of `text` a name takes: letters, digits and `_`.
pub(super) fn name_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len())
}
