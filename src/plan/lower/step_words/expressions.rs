//! Bare expressions in the braces and quotes of other tools.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};
use crate::plan::lower::Lower;
use crate::template::{KnownNames, meant, parse_expression};
use crate::yaml::{Node, quoted};

impl Lower<'_> {
    /// What an expression is without the braces, quotes and functions that other tools put around names; told.
    pub(crate) fn expression_meant(&mut self, node: &Node, text: &str) -> Option<Arc<str>> {
        if !text.contains("${") && !text.contains("{{") && !text.contains("__") {
            return None;
        }
        // What names stand for is asked later.
        let meant = meant(text, KnownNames { is_set: &|_| true, is_list: &|_| false })?;
        parse_expression(&meant).ok()?;
        let finding =
            Diagnostic::error(node.span, "this is an expression already, so names stand in it without `${…}`");
        let finding = finding.help(format!("write `{meant}`"));
        let is_here = self.in_one_line(node).is_some();
        if is_here {
            self.supersede(Span { start: node.span.start.saturating_sub(1), ..node.span });
        }
        let begins = meant.starts_with(['\'', '"', '[', '{', '!', '&', '*', '%', '@', '`', '#', '-', '?', '|', '>']);
        let plain = !begins && super::plain(&meant) == meant;
        let written = if plain { meant.clone() } else { quoted(&meant) };
        self.report(if is_here { finding.fix(node.span, written) } else { finding });
        Some(meant.into())
    }
}
