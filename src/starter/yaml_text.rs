//! Foreign text as a value of a plan.

use std::fmt::Write as _;

/// What YAML 1.1 or 1.2 reads as something other than text.
const KEYWORDS: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"];

/// A text as a YAML scalar that reads as this very text, on one line. Nothing in it is an expression.
pub(super) fn scalar(text: &str) -> String {
    let text = text.replace("${", "$${");
    let is_plain = |c: char| {
        // Brackets, quotes and the like mean something only at the beginning, and in `{ }` and `[ ]`.
        c.is_ascii_alphanumeric()
            || "_./-?=&%+~: ()[]'\",;!@".contains(c)
            || (!c.is_ascii() && !c.is_whitespace() && !c.is_control() && !crate::sanitize::is_unseen(c))
    };
    let begins = text.starts_with(|c: char| c.is_alphabetic() || c == '/');
    let is_keyword = KEYWORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
    let is_key = text.contains(": ") || text.ends_with(':');
    if begins && !is_keyword && !is_key && !text.ends_with(' ') && text.chars().all(is_plain) {
        return text;
    }
    in_quotes(&text)
}

/// The same in quotes, for where brackets and commas mean something.
pub(super) fn quoted(text: &str) -> String {
    in_quotes(&text.replace("${", "$${"))
}

/// A text in double quotes (YAML 1.2 §7.3.1).
fn in_quotes(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // What is not seen in an editor is written so that it is (YAML 1.2 §5.7).
            c if c.is_control() || crate::sanitize::is_unseen(c) => {
                let _ = match u32::from(c) {
                    code @ ..0x1_0000 => write!(out, "\\u{code:04X}"),
                    code => write!(out, "\\U{code:08X}"),
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text as a string of CSS (CSS Syntax §4.3.5).
pub(super) fn css_string(text: &str) -> String {
    let mut out = String::from("\"");
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // A selector cannot hold an expression, not even one that is written as text.
            '$' if chars.peek() == Some(&'{') => out.push_str("\\24 "),
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => {
                let _ = write!(out, "\\{:x} ", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_reads_as_its_text() {
        for (text, written) in [
            ("/cart?id=1&x=a%20b", "/cart?id=1&x=a%20b"),
            ("Log in", "Log in"),
            ("größe – 大", "größe – 大"),
            ("input[name=\"csrf\"]", "input[name=\"csrf\"]"),
            ("\"quoted\"", "\"\\\"quoted\\\"\""),
            ("Hi, \"you\"!", "Hi, \"you\"!"),
            ("http://127.0.0.1:80", "http://127.0.0.1:80"),
            ("on", "\"on\""),
            ("12", "\"12\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("say \"hi\" \\", "\"say \\\"hi\\\" \\\\\""),
            ("${env.HOME}", "\"$${env.HOME}\""),
            ("a\nb\u{202e}", "\"a\\nb\\u202E\""),
            ("end ", "\"end \""),
            ("- x", "\"- x\""),
            ("\u{e0001}", "\"\\U000E0001\""),
        ] {
            assert_eq!(scalar(text), written, "{text}");
        }
        assert_eq!(css_string("a\"]\\\n"), "\"a\\\"]\\\\\\a \"");
    }
}
