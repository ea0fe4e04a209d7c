//! Foreign text in Markdown: always as code.
//!
//! Escaping is not enough. Mentions (`@user`), references (`#1`, `GH-1`), mail addresses and emoji
//! codes are looked for in the text that is left when Markdown's own escapes are gone; only in
//! code does nobody look for anything.

use crate::sanitize::{defused, inline, short};

/// Longer text is cut.
const WIDTH: usize = 240;
/// Longer sentences are cut.
const SENTENCE_WIDTH: usize = 2000;
/// Longer cells of a table are cut.
const CELL_WIDTH: usize = 80;
/// How much of an answer is shown.
const LINES: usize = 12;
const LINE_WIDTH: usize = 160;

/// Text as a code span, on one line.
pub(crate) fn span(text: &str) -> String {
    span_of(text, WIDTH)
}

/// A sentence as a code span, on one line: longer than names and values.
pub(crate) fn sentence(text: &str) -> String {
    span_of(text, SENTENCE_WIDTH)
}

/// Whether [`span`] cuts a text.
pub(crate) fn is_cut(text: &str) -> bool {
    inline(&visible(text)).chars().count() > WIDTH
}

fn span_of(text: &str, width: usize) -> String {
    between_ticks(&short(&inline(&visible(text)), width))
}

/// The same for a cell of a table, where even code ends at a bar.
pub(crate) fn cell(text: &str) -> String {
    let text = inline(&visible(text));
    let mut out = String::new();
    for c in short(&text, CELL_WIDTH).chars() {
        if c == '|' {
            // Of two backslashes before a bar the first escapes the second.
            out.push_str(if out.ends_with('\\') { "\u{2060}\\|" } else { "\\|" });
        } else {
            out.push(c);
        }
    }
    between_ticks(&out)
}

/// The first lines of a text as a fenced block.
pub(crate) fn block(text: &str) -> String {
    let text = defused(&visible(text)).replace('\r', "\n");
    let lines: Vec<_> = text.trim_end().lines().take(LINES).map(|line| short(line, LINE_WIDTH)).collect();
    let inside = lines.join("\n");
    let fence = "`".repeat(longest_run(&inside).max(2) + 1);
    format!("{fence}text\n{inside}\n{fence}\n")
}

fn between_ticks(text: &str) -> String {
    if text.is_empty() {
        return "` `".into();
    }
    let ticks = "`".repeat(longest_run(text) + 1);
    // A blank on both sides is no part of the code, and keeps its own backticks apart from these.
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Without characters that nobody sees, but that turn the direction of writing or hide a word.
fn visible(text: &str) -> String {
    let hidden = |c: char| {
        matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().filter(|c| !hidden(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_longer_than_every_run_of_backticks_in_it() {
        assert_eq!(span("GET /a"), "`GET /a`");
        assert_eq!(span("a`b``c"), "```a`b``c```");
        assert_eq!(span("`"), "`` ` ``");
        assert_eq!(span(" \n "), "` `");
        assert_eq!(span("a\r\n\n# b\u{202e}\u{1b}[31m"), "`a # b`");
        assert_eq!(span(":\u{200b}:error::x"), "`: :error: :x`", "nothing that is dropped makes a command");
    }

    #[test]
    fn a_bar_does_not_end_a_cell() {
        assert_eq!(cell("a|b"), "`a\\|b`");
        assert_eq!(cell("a\\|b"), "`a\\\u{2060}\\|b`");
        assert_eq!(cell("a||"), "`a\\|\\|`");
    }

    #[test]
    fn a_fence_is_longer_than_every_run_of_backticks_in_it() {
        assert_eq!(block("a\nb"), "```text\na\nb\n```\n");
        assert_eq!(block("```\n````\n# x"), "`````text\n```\n````\n# x\n`````\n");
        assert_eq!(block("a\r```\rb"), "````text\na\n```\nb\n````\n");
        assert_eq!(block(&"x\n".repeat(99)).lines().count(), LINES + 2);
    }
}
