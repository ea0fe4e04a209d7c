//! Regular expressions of extractors and matchers: compiled, and what other tools' engines allow
//! told in the form that works here.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};

use super::NodeId;
use super::build::Build;
use crate::assertions::Pattern;
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::Text;
use crate::yaml::Entry;
use crate::yaml::quoted;

/// How much memory the regular expressions of a plan may take together, in bytes, about.
pub(crate) const MAX_REGEX_MEMORY: usize = 128 * 1024 * 1024;

/// What a regular expression may take, each size tried after the one before.
pub(crate) const REGEX_SIZES: [usize; 5] = [8 * 1024, 64 * 1024, 512 * 1024, 2 * 1024 * 1024, 10 * 1024 * 1024];

/// The compiled regular expressions of a plan, each once.
#[derive(Default)]
pub(super) struct Regexes {
    known: HashMap<String, Regex>,
    /// How much memory they take together, about.
    memory: usize,
    /// Whether that was found to be too much.
    told: bool,
}

impl Regexes {
    /// Compiles a pattern, and counts the memory that all of them take together: each of a hundred
    /// may be small enough alone. What a pattern takes shows only in the limits it fits in.
    fn compile(&mut self, pattern: &str) -> Result<Regex, regex::Error> {
        if let Some(known) = self.known.get(pattern) {
            return Ok(known.clone());
        }
        for size in REGEX_SIZES {
            if self.memory + size > MAX_REGEX_MEMORY {
                // The others need not be tried any more.
                self.memory = MAX_REGEX_MEMORY;
                return Err(regex::Error::CompiledTooBig(MAX_REGEX_MEMORY));
            }
            match RegexBuilder::new(pattern).size_limit(size).build() {
                Ok(regex) => {
                    self.memory += size;
                    self.known.insert(pattern.to_owned(), regex.clone());
                    return Ok(regex);
                }
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(regex::Error::CompiledTooBig(REGEX_SIZES[REGEX_SIZES.len() - 1]))
    }
}

impl Build<'_> {
    /// An extractor's pattern. `whole` says that the plan does not choose a group itself.
    pub(super) fn regex(&mut self, pattern: &Text, whole: bool) -> Option<Regex> {
        if !self.fixed_path(pattern, "an extractor's pattern") {
            return None;
        }
        match self.regexes.compile(&pattern.value) {
            Ok(regex) => {
                self.doubtful_pattern(pattern);
                Some(regex)
            }
            Err(error) => {
                let ours = grouped(&pattern.value).filter(|ours| whole && Regex::new(ours).is_ok());
                let fix = ours.map(|ours| {
                    let help = format!("take the part in a group: `{ours}`");
                    (help, pattern.span, quoted(&ours))
                });
                self.bad_regex(&error, pattern, fix);
                None
            }
        }
    }

    /// The pattern of `matches` or `not_matches`.
    pub(super) fn pattern(&mut self, entry: &Entry, id: NodeId) -> Option<Pattern> {
        let yaml = &entry.value;
        let Some(text) = yaml.text() else {
            self.error(
                yaml.span,
                format!("this takes a regular expression, not {}", yaml.describe()),
                "for example '^ord-\\d+$'",
            );
            return None;
        };
        let text = Text::new(text.clone(), yaml.span);
        if text.value.contains("${") {
            return Some(Pattern::Template(self.text(&text, Some(id))?.template));
        }
        match self.regexes.compile(&text.value) {
            Ok(regex) => {
                self.doubtful_pattern(&text);
                Some(Pattern::Regex(regex))
            }
            Err(error) => {
                let fix = matcher_instead(&text.value, *entry.key != *"not_matches").map(|ours| {
                    let whole = Span { end: yaml.span.end, ..entry.key_span };
                    (format!("write `{ours}`"), whole, ours)
                });
                self.bad_regex(&error, &text, fix);
                None
            }
        }
    }

    fn bad_regex(&mut self, error: &regex::Error, pattern: &Text, fix: Option<(String, Span, String)>) {
        let what = match error {
            regex::Error::CompiledTooBig(MAX_REGEX_MEMORY) => {
                if std::mem::replace(&mut self.regexes.told, true) {
                    return;
                }
                let finding = Diagnostic::error(
                    pattern.span,
                    format!(
                        "the regular expressions of the plan take more than {} MiB of memory together",
                        MAX_REGEX_MEMORY >> 20
                    ),
                );
                let help =
                    "write simpler ones: `\\w{80}` and `\\pL` take much, `[A-Za-z]` and fewer repetitions little";
                self.findings.push(finding.help(help));
                return;
            }
            regex::Error::CompiledTooBig(_) => {
                format!("it takes more than {} MiB of memory", REGEX_SIZES[REGEX_SIZES.len() - 1] >> 20)
            }
            other => other.to_string().lines().last().unwrap_or("").trim_start_matches("error: ").to_owned(),
        };
        let look_around = what.contains("look-around");
        let what = if look_around { "it looks ahead or behind, which is not supported".to_owned() } else { what };
        let finding =
            Diagnostic::error(pattern.span, format!("`{}` is not a regular expression: {what}", pattern.value));
        let finding = match fix.filter(|_| look_around) {
            Some((help, span, ours)) => finding.help(help).fix(span, ours),
            None if look_around => finding.help(
                "in an assertion use `not_matches` or `not_contains` for what must not be there; in an extractor \
                 match more and take a part in parentheses",
            ),
            None if what.contains("backreferences") => {
                finding.help("references back such as \\1 are not supported; write the text out")
            }
            None => finding.help("a literal . * + ? ( ) [ ] { } needs a backslash in front"),
        };
        self.findings.push(finding);
    }

    /// Patterns that compile and mean something else in JavaScript, Java or Perl.
    fn doubtful_pattern(&mut self, pattern: &Text) {
        let found = delimited(&pattern.value).map(|ours| {
            let message = "the slashes are part of this pattern, here they do not enclose it";
            (message, format!("write `{ours}`"), ours)
        });
        let found = found.or_else(|| {
            let ours = without_possessive(&pattern.value)?;
            let message =
                "a `+` after `*`, `+`, `?` or `}` makes these possessive elsewhere; here it only repeats them";
            Some((message, format!("write `{ours}`; no pattern runs long here"), ours))
        });
        let Some((message, help, ours)) = found.filter(|(_, _, ours)| Regex::new(ours).is_ok()) else { return };
        let finding = Diagnostic::warning(pattern.span, message).help(help).fix(pattern.span, quoted(&ours));
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }
}

/// `/…/i` as JavaScript writes it, without its slashes. Slashes alone may be meant: a path has them.
fn delimited(pattern: &str) -> Option<String> {
    let (inner, flags) = pattern.strip_prefix('/')?.rsplit_once('/')?;
    let known = flags.bytes().all(|flag| matches!(flag, b'g' | b'i' | b'm' | b's' | b'u' | b'y'));
    let odd = inner.contains(['\\', '(', '[', '*', '+', '^', '$']);
    let inner_slash = inner.replace("\\/", "").contains('/');
    if inner.is_empty() || !known || inner_slash || (flags.is_empty() && !odd) {
        return None;
    }
    let ours: String = flags.chars().filter(|flag| matches!(flag, 'i' | 'm' | 's')).collect();
    let inner = inner.replace("\\/", "/");
    Some(if ours.is_empty() { inner } else { format!("(?{ours}){inner}") })
}

/// The pattern with `*+`, `++`, `?+` and `}+` as `*`, `+`, `?` and `}`; `None` if it has none.
fn without_possessive(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len());
    let (mut class, mut quantified, mut changed) = (false, false, false);
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                out.push(c);
                out.extend(chars.next());
                quantified = false;
                continue;
            }
            '[' if !class => class = true,
            ']' if class => class = false,
            '+' if quantified && !class => {
                changed = true;
                quantified = false;
                continue;
            }
            _ => {}
        }
        // `(?` opens a group.
        quantified = !class && (matches!(c, '*' | '+' | '}') || (c == '?' && !out.ends_with('(')));
        out.push(c);
    }
    changed.then_some(out)
}

/// `(?<=id=)\d+` as `id=(\d+)`, and `\d+(?=;)` as `(\d+);`.
fn grouped(pattern: &str) -> Option<String> {
    let mut rest = pattern;
    let mut before = "";
    if let Some(inner) = rest.strip_prefix("(?<=") {
        let end = closing(inner)?;
        before = &inner[..end];
        rest = &inner[end + 1..];
    }
    let mut behind = "";
    if let Some(at) = rest.rfind("(?=") {
        let inner = &rest[at + 3..];
        behind = inner.strip_suffix(')').filter(|_| closing(inner) == Some(inner.len() - 1))?;
        rest = &rest[..at];
    }
    let plain = |text: &str| !text.replace("(?:", "").contains('(');
    (plain(rest) && plain(before) && !rest.is_empty()).then(|| format!("{before}({rest}){behind}"))
}

/// What says the same as a pattern of look-aheads, as a whole matcher: `not_contains: 'error'`.
fn matcher_instead(pattern: &str, wanted: bool) -> Option<String> {
    let mut rest = pattern.strip_prefix('^').unwrap_or(pattern);
    let mut ahead: Vec<(bool, &str)> = Vec::new();
    loop {
        let (negative, inner) = match (rest.strip_prefix("(?!"), rest.strip_prefix("(?=")) {
            (Some(inner), _) => (true, inner),
            (None, Some(inner)) => (false, inner),
            (None, None) => break,
        };
        let end = closing(inner)?;
        ahead.push((negative, &inner[..end]));
        rest = &inner[end + 1..];
    }
    if !matches!(rest, "" | "$" | ".*" | ".*$" | ".+" | ".+$") {
        return None;
    }
    let anywhere = |text: &str| {
        let inner = [".*?", ".*", "[\\s\\S]*"].iter().find_map(|any| text.strip_prefix(any))?;
        Some(inner.trim_end_matches(".*").to_owned())
    };
    let literal = |text: &str| (!text.contains(|c: char| "\\.*+?()[]{}^$|".contains(c))).then(|| quoted(text));
    match ahead.as_slice() {
        [(negative, inner)] => {
            let not = if *negative == wanted { "not_" } else { "" };
            let ours = match anywhere(inner) {
                Some(inner) => literal(&inner)
                    .map(|text| format!("{not}contains: {text}"))
                    .or_else(|| Regex::new(&inner).is_ok().then(|| format!("{not}matches: {}", quoted(&inner))))?,
                None => format!("{not}matches: {}", quoted(&format!("^{inner}"))),
            };
            Some(ours)
        }
        several if several.len() > 1 && several.iter().all(|(negative, _)| *negative == several[0].0) => {
            // All of these, or none of these; the opposite of "all" is not a matcher.
            if !wanted {
                return None;
            }
            let texts: Option<Vec<String>> = several.iter().map(|(_, inner)| literal(&anywhere(inner)?)).collect();
            let not = if several[0].0 { "not_" } else { "" };
            Some(format!("{not}contains: [{}]", texts?.join(", ")))
        }
        _ => None,
    }
}

/// Where the parenthesis closes that was opened in front of `text`.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut class, mut escaped) = (0_u32, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '(' if !class => depth += 1,
            ')' if !class && depth == 0 => return Some(at),
            ')' if !class => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_aheads_are_told_as_the_matcher_that_says_the_same() {
        for (pattern, wanted, ours) in [
            ("^(?!.*error).*$", true, Some("not_contains: 'error'")),
            ("^(?!.*error)", true, Some("not_contains: 'error'")),
            ("(?!.*err(or)?)", true, Some("not_matches: 'err(or)?'")),
            ("^(?!<html)", true, Some("not_matches: '^<html'")),
            ("^(?!.*error)", false, Some("contains: 'error'")),
            ("^(?=.*ok)", true, Some("contains: 'ok'")),
            ("^(?=.*ok)(?=.*id).*$", true, Some("contains: ['ok', 'id']")),
            ("^(?!.*a)(?!.*b)", true, Some("not_contains: ['a', 'b']")),
            ("^(?!.*a)(?=.*b)", true, None),
            ("a(?!b)", true, None),
        ] {
            assert_eq!(matcher_instead(pattern, wanted).as_deref(), ours, "{pattern}");
        }
    }

    #[test]
    fn look_arounds_of_extractors_become_groups() {
        for (pattern, ours) in [
            (r"(?<=id=)\d+", Some(r"id=(\d+)")),
            (r"\d+(?=;)", Some(r"(\d+);")),
            (r#"(?<=token":")[^"]+(?=")"#, Some(r#"token":"([^"]+)""#)),
            (r"(?<=a)(b)(?=c)", None),
            (r"(?<!a)b", None),
        ] {
            assert_eq!(grouped(pattern).filter(|ours| Regex::new(ours).is_ok()).as_deref(), ours, "{pattern}");
        }
    }

    #[test]
    fn signs_of_other_engines_are_seen_and_those_of_plain_patterns_are_not() {
        for (pattern, ours) in [
            (r"/id=(\d+)/i", Some(r"(?i)id=(\d+)")),
            (r"/a\/b+/", Some("a/b+")),
            ("/ok/g", Some("ok")),
            ("/api/", None),
            (r"/orders/\d+/", None),
            ("/", None),
            ("//", None),
        ] {
            assert_eq!(delimited(pattern).as_deref(), ours, "{pattern}");
        }
        for (pattern, ours) in [
            ("a*+b", Some("a*b")),
            ("[a-z]++x{2}+", Some("[a-z]+x{2}")),
            (r"a\++", None),
            ("[*+]+", None),
            ("a+?b(?:c)+", None),
            ("a?+", Some("a?")),
        ] {
            assert_eq!(without_possessive(pattern).as_deref(), ours, "{pattern}");
        }
    }
}
