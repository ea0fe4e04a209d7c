//! Expressions of other tools, told with ours, and read as ours.

use super::build::Build;
use crate::diagnostic::Diagnostic;
use crate::plan::{Text, finding};
use crate::template::{KnownNames, NameUse, TemplateProblem, meant, meant_in_text, parse_expression, parse_text};
use crate::value::Value;
use crate::yaml::quoted;

/// What a text of another tool is read as.
pub(super) enum Meant {
    /// As this one.
    Reads(Text),
    /// As nothing: a variable of the environment in it is not set, as has been told.
    Told,
}

impl Build<'_> {
    /// Whether a list is what a name stands for.
    pub(super) fn is_list(&self, name: &str) -> bool {
        self.names.find(name).is_some_and(|slot| {
            self.lists.contains(&slot) || matches!(self.slots[slot.0 as usize].initial, Some(Value::List(_)))
        })
    }

    /// Whether a name is none, or a list is asked for what lists do not have here.
    pub(super) fn is_doubtful(&self, names: &[NameUse]) -> bool {
        names.iter().any(|used| {
            let builtin = matches!(used.name.as_str(), "env" | "services");
            !builtin && self.names.find(&used.name).is_none() || used.member.is_some() && self.is_list(&used.name)
        })
    }

    /// What was meant by a text whose expressions another tool would read; told, if it can be read here.
    pub(super) fn text_meant(&mut self, text: &Text, problem: Option<&TemplateProblem>) -> Option<Meant> {
        let (is_set, is_list) = (|name: &str| self.names.find(name).is_some(), |name: &str| self.is_list(name));
        let changes = meant_in_text(&text.value, KnownNames { is_set: &is_set, is_list: &is_list });
        let mut whole = text.value.to_string();
        for (range, written) in changes.iter().rev() {
            whole.replace_range(range.clone(), written);
        }
        if changes.is_empty() {
            return None;
        }
        let parsed = parse_text(&whole).ok()?;
        if !self.all_known(parsed.names()) {
            return None;
        }
        let is_patched = self.is_patchable(parsed.names());
        for (range, written) in changes {
            let theirs = &text.value[range.clone()];
            let message = match problem {
                Some(problem) if problem.range.start >= range.start && problem.range.end <= range.end => {
                    problem.problem.message.clone()
                }
                _ => self.unknown_in(theirs),
            };
            let told = TemplateProblem::new(range.clone(), message).help(format!("write `{written}`"));
            let told =
                finding(if is_patched { told.replace(&*written) } else { told }, &text.value, text.span, &self.sources);
            // Where the quotes around the text stand in the way, the whole text is replaced.
            let told = match told.fix.is_none() && is_patched && self.is_one_line(text) && changes_one(&whole, &written)
            {
                true => told.fix(text.span, quoted(&whole)),
                false => told,
            };
            self.findings.push(told);
        }
        Some(if is_patched { Meant::Reads(Text::new(whole.into(), text.span)) } else { Meant::Told })
    }

    /// The same for a bare expression.
    pub(super) fn expression_meant(&mut self, text: &Text, problem: Option<&TemplateProblem>) -> Option<Meant> {
        let (is_set, is_list) = (|name: &str| self.names.find(name).is_some(), |name: &str| self.is_list(name));
        let whole = meant(&text.value, KnownNames { is_set: &is_set, is_list: &is_list })?;
        let parsed = parse_expression(&whole).ok()?;
        if !self.all_known(parsed.names()) {
            return None;
        }
        let message = problem.map_or_else(|| self.unknown_in(&text.value), |problem| problem.problem.message.clone());
        let finding = Diagnostic::error(text.span, message).help(format!("write `{whole}`"));
        let is_known = self.is_patchable(parsed.names());
        let is_patched = self.is_one_line(text) && is_known;
        let in_brackets = super::dollar_names::needs_quotes(&self.sources, text.span);
        self.findings.push(if is_patched { finding.fix(text.span, scalar(&whole, in_brackets)) } else { finding });
        Some(if is_known { Meant::Reads(Text::new(whole.into(), text.span)) } else { Meant::Told })
    }

    fn is_one_line(&self, text: &Text) -> bool {
        let written = self.sources.text(text.span);
        !written.is_empty() && !written.contains('\n') && !written.starts_with(['|', '>'])
    }

    fn all_known(&self, names: &[NameUse]) -> bool {
        names
            .iter()
            .all(|used| matches!(used.name.as_str(), "env" | "services") || self.names.find(&used.name).is_some())
    }

    /// Whether the next check accepts it: an environment variable may not be set.
    fn is_patchable(&self, names: &[NameUse]) -> bool {
        let Value::Map(env) = &self.names.env else { return true };
        names
            .iter()
            .filter(|used| used.name == "env" && !used.defaulted)
            .all(|used| used.member.as_ref().is_some_and(|(member, _)| env.get(member).is_some()))
    }

    /// What is wrong with a piece of an expression, in words.
    fn unknown_in(&self, theirs: &str) -> String {
        let inner = theirs.trim_start_matches(['$', '{']).trim_end_matches('}').trim();
        match inner.split_once('.') {
            Some((base, member)) if self.is_list(base) => {
                format!("`{base}` is a list, so there is no `{}` in it", member.trim_end_matches("()"))
            }
            _ if inner.chars().all(|c| c.is_alphanumeric() || c == '_') => format!("nothing sets a variable `{inner}`"),
            _ => format!("`{theirs}` is not how it is written here"),
        }
    }
}

fn changes_one(whole: &str, written: &str) -> bool {
    whole.matches(written).count() == 1
}

/// An expression as a YAML scalar.
fn scalar(text: &str, in_brackets: bool) -> String {
    let begins = text.starts_with(['\'', '"', '[', '{', '!', '&', '*', '%', '@', '`', '#', '-', '?', '|', '>']);
    let ends = text.contains(": ") || text.contains(" #") || text.ends_with(':');
    let in_flow = in_brackets && text.contains([',', '[', ']', '{', '}']);
    if begins || ends || in_flow { quoted(text) } else { text.to_owned() }
}
