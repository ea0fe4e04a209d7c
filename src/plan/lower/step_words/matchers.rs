//! Matchers as other tools call them.

use super::given::Given;
use super::{Read, Word, key, told, written};
use crate::plan::keys;
use crate::plan::lower::Lower;
use crate::yaml::{Node, NodeKind};

static WORDS: &[Word] = &[
    written(&["ignore_case", "case_insensitive", "ignorecase", "case_sensitive", "icase"], |given| {
        let ignores = given.truth()? != (super::one_spelling(given.key) == "case_sensitive");
        let of = |key: &str| given.beside.iter().find(|entry| &*entry.key == key)?.value.text().cloned();
        if !ignores {
            return None;
        }
        let pattern = match (of("matches"), of("contains"), of("equals"), of("starts_with"), of("ends_with")) {
            (Some(pattern), ..) => pattern.trim_start_matches("(?i)").to_owned(),
            (_, Some(text), ..) => regex::escape(&text),
            (_, _, Some(text), ..) => format!("^{}$", regex::escape(&text)),
            (_, _, _, Some(text), _) => format!("^{}", regex::escape(&text)),
            (.., Some(text)) => format!("{}$", regex::escape(&text)),
            (None, None, None, None, None) => return None,
        };
        Some(format!("matches: {}", crate::yaml::quoted(&format!("(?i){pattern}"))))
    }),
    written(&["icontains", "contains_ignore_case", "contains_ignoring_case", "like"], |given| {
        Some(format!("matches: {}", crate::yaml::quoted(&format!("(?i){}", regex::escape(given.text.as_deref()?)))))
    }),
    written(&["iequals", "equals_ignore_case", "equal_to_ignoring_case"], |given| {
        Some(format!("matches: {}", crate::yaml::quoted(&format!("(?i)^{}$", regex::escape(given.text.as_deref()?)))))
    }),
    key(&["size", "count", "len", "has_length", "length_is", "has_size", "items", "number_of_items"], "length"),
    key(
        &[
            "min",
            "minimum",
            "gte",
            "ge",
            "at_least",
            "greater_or_equal",
            "greater_than_or_equal",
            "greater_than_or_equals",
            "from",
            ">=",
        ],
        "at_least",
    ),
    key(
        &["max", "maximum", "lte", "le", "less_or_equal", "less_than_or_equal", "less_than_or_equals", "up_to"],
        "at_most",
    ),
    key(&["gt", "greater_than", "greater", "more_than", "more", "over", "bigger_than", "higher_than"], "above"),
    key(&["lt", "less_than", "less", "under", "smaller_than", "lower_than", "fewer_than"], "below"),
    written(&["not_empty", "is_not_empty", "non_empty", "isnt_empty", "has_items"], |given| {
        Some(format!("empty: {}", !given.truth()?))
    }),
    key(&["is_empty", "blank"], "empty"),
    written(
        &["not_exists", "not_exist", "absent", "missing", "is_missing", "does_not_exist", "not_present"],
        |given| Some(format!("exists: {}", !given.truth()?)),
    ),
    key(&["present", "is_present", "exist", "is_defined", "defined", "found"], "exists"),
    key(&["in", "any_of", "is_one_of", "either", "is_in", "values"], "one_of"),
    key(&["regex", "regexp", "pattern", "match", "matches_regex", "regular_expression"], "matches"),
    key(&["not_regex", "not_match", "does_not_match", "not_match_regex"], "not_matches"),
    key(&["begins_with", "starts", "prefix", "start_with", "begin_with"], "starts_with"),
    key(&["ends", "suffix", "end_with"], "ends_with"),
    key(&["has", "includes", "include", "contain", "substring", "has_item", "contains_text"], "contains"),
    key(
        &[
            "does_not_contain",
            "not_contain",
            "excludes",
            "not_include",
            "not_includes",
            "doesnt_contain",
            "doesn_t_contain",
        ],
        "not_contains",
    ),
    written(&["not", "is_not", "never"], |given| {
        let [(matcher, value)] = given.pairs.as_slice() else { return None };
        let ours = match matcher.as_str() {
            "contains" => "not_contains",
            "matches" => "not_matches",
            "equals" => "not_equals",
            _ => return None,
        };
        Some(format!("{ours}: {value}"))
    }),
    key(&["not", "ne", "neq", "is_not", "not_equal", "not_eq", "differs_from"], "not_equals"),
    key(&["is", "eq", "equal", "eql", "be", "equal_to", "equals_to", "value", "same_as", "exact"], "equals"),
    key(&["every", "all", "for_each", "each_item"], "each"),
    key(&["is_type", "of_type", "kind", "is_a", "json_type"], "type"),
    told(&["or", "and", "any"], |_| {
        Some("all matchers of a map must be true; for one of several values write `one_of: [a, b]`".into())
    }),
];

/// Matchers with several keys or of several forms.
static BETWEEN: &[&str] = &["between", "range", "in_range", "within"];

/// Our own matchers with values of other tools.
static SHAPES: &[Word] = &[written(&["type"], |given| {
    let ours = match given.text.as_deref()?.to_ascii_lowercase().as_str() {
        "int" | "integer" | "float" | "double" | "decimal" | "numeric" => "number",
        "list" | "[]" => "array",
        "dict" | "map" | "hash" | "{}" => "object",
        "text" | "str" => "string",
        "bool" => "boolean",
        "none" | "nil" => "null",
        _ => return None,
    };
    Some(format!("type: {ours}"))
})];

impl Lower<'_> {
    /// Matchers as other tools call them are told, and given as they are meant; `None` for others.
    pub(crate) fn matchers_meant(&mut self, node: &Node) -> Option<Node> {
        let entries = node.entries()?;
        let mut all = entries.to_vec();
        let mut changed = false;
        for entry in entries {
            let word = &*entry.key;
            let own = keys::MATCHER.key(word).is_some();
            let spelled = super::one_spelling(word);
            // `>=` has no letters.
            if entry.value.is_blank() || spelled.is_empty() {
                continue;
            }
            let takes =
                |ours: &str, value: &Node| keys::MATCHER.key(ours).is_some_and(|key| key.ty.has_shape_of(value));
            let message = if own { super::cannot_be(entry) } else { format!("`{word}` is not a matcher") };
            if matches!(&*spelled, "ignore_case" | "case_insensitive" | "ignorecase" | "icase" | "case_sensitive") {
                if let Some(read) = self.ignoring_case(node, entry, entries, &message) {
                    return Some(read);
                }
                continue;
            }
            if !own && BETWEEN.contains(&spelled.as_str()) {
                let given = Given::of(self, entry, entries);
                let [from, to] = given.items.as_slice() else { continue };
                let text = format!("at_least: {from}, at_most: {to}");
                let finding = crate::diagnostic::Diagnostic::error(entry.key_span, &*message);
                let finding = finding.help(format!("write `{{ {text} }}`"));
                // Only braces take both on one line.
                let is_braces = self.sources.text(node.span).starts_with('{');
                let patch = self.whole(entry).filter(|_| is_braces);
                self.report(match patch {
                    Some(span) => finding.fix(span, &*text),
                    None => finding,
                });
                let Some(read) = self.as_if(&format!("{{ {text} }}"), entry) else { continue };
                replace(&mut all, entry, read);
                changed = true;
                continue;
            }
            let table: &[&[Word]] = if own { &[SHAPES] } else { &[WORDS] };
            match self.translated(table, entry, &message, entries, &takes) {
                Some(Read::As(new)) => {
                    replace(&mut all, entry, new);
                    changed = true;
                }
                Some(Read::Nothing) => {
                    replace(&mut all, entry, Vec::new());
                    changed = true;
                }
                None => {}
            }
        }
        changed.then(|| Node::new(node.span, NodeKind::Map(all)))
    }

    /// `{ contains: a, ignore_case: true }`: both keys become one pattern.
    fn ignoring_case(
        &mut self,
        node: &Node,
        entry: &crate::yaml::Entry,
        entries: &[crate::yaml::Entry],
        message: &str,
    ) -> Option<Node> {
        let given = Given::of(self, entry, entries);
        let text = super::in_words(&[WORDS], &given);
        let finding = crate::diagnostic::Diagnostic::error(entry.key_span, message);
        let other = |one: &&crate::yaml::Entry| {
            matches!(&*one.key, "matches" | "contains" | "equals" | "starts_with" | "ends_with")
        };
        let Some((text, other)) = text.zip(entries.iter().find(other)) else {
            self.report(finding.help(
                "upper and lower case count as alike in a pattern that starts with `(?i)`: `matches: '(?i)welcome'`",
            ));
            let others = entries.iter().filter(|one| !std::ptr::eq(*one, entry)).cloned().collect();
            return Some(Node::new(node.span, NodeKind::Map(others)));
        };
        let at = entries.iter().position(|one| std::ptr::eq(one, entry))?;
        let patch = self.cut(entries, at).zip(self.whole(other));
        let patch = patch.and_then(|(cut, whole)| self.joined(vec![(cut, String::new()), (whole, text.clone())]));
        let finding = finding.help(format!("write `{{ {text} }}`: a pattern with `(?i)` ignores case"));
        self.report(match patch {
            Some((span, text)) => finding.fix(span, text),
            None => finding,
        });
        let mut all: Vec<_> = entries.iter().filter(|one| !std::ptr::eq(*one, entry)).cloned().collect();
        let read = self.as_if(&text, other)?;
        let at = all.iter().position(|one| one.key == other.key)?;
        all.splice(at..=at, read);
        Some(Node::new(node.span, NodeKind::Map(all)))
    }
}

fn replace(all: &mut Vec<crate::yaml::Entry>, entry: &crate::yaml::Entry, new: Vec<crate::yaml::Entry>) {
    if let Some(at) = all.iter().position(|one| one.key == entry.key && one.key_span == entry.key_span) {
        all.splice(at..=at, new);
    }
}
