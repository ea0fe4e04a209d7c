//! Extractors as other tools write them.

use super::given::{Given, one_spelling};
use super::values::unquoted;
use super::{Read, Word, in_words, key, plain, text_value, written};
use crate::diagnostic::{Diagnostic, Span};
use crate::extractors::find::JsonPath;
use crate::plan::keys;
use crate::plan::lower::Lower;
use crate::yaml::{Entry, Node, NodeKind, written_path};

/// Keys of an extractor.
static WORDS: &[Word] = &[
    key(
        &[
            "regular_expression",
            "regexp",
            "reg_ex",
            "re",
            "pattern",
            "regular_exp",
            "regular_expression_extractor",
            "regex_pattern",
        ],
        "regex",
    ),
    key(
        &[
            "jsonpath",
            "json_path",
            "json_path_expression",
            "json_path_expressions",
            "json_extractor",
            "json_query",
            "path",
        ],
        "json",
    ),
    written(&["jmespath", "jmes_path", "jq", "json_pointer"], |given| {
        let path = given.text.as_deref()?.trim_start_matches('.').trim_start_matches('/').replace('/', ".");
        let path = format!("$.{path}");
        JsonPath::compile(&path).is_ok().then(|| format!("json: {}", written_path(&path)))
    }),
    key(
        &[
            "css_selector",
            "selector",
            "css_jquery",
            "jquery",
            "css_extractor",
            "css_query",
            "css_jquery_expression",
            "element",
        ],
        "css",
    ),
    key(&["xpath2", "xpath_query", "xpath_expression", "x_path", "xpath_extractor"], "xpath"),
    key(&["boundary", "boundaries", "boundary_extractor", "between_texts"], "between"),
    written(&["boundary", "boundaries", "boundary_extractor"], |given| Some(format!("between: {}", between(given)?))),
    key(&["headers", "response_header", "header_name"], "header"),
    key(&["cookies", "set_cookie", "cookie_name"], "cookie"),
    key(&["attr", "attribute_name", "html_attribute"], "attribute"),
    written(&["template", "group_number", "capture_group", "group_no", "group_nr", "capture"], |given| {
        Some(format!("group: {}", group(given.text.as_deref()?)?))
    }),
    written(
        &["match_nr", "match_no", "match_number", "match_num", "match_numbers", "match_no_0_for_random", "matchno"],
        |given| Some(format!("match: {}", pick(given.text.as_deref()?)?)),
    ),
    written(&["random", "all", "first", "last"], |given| {
        given.truth().filter(|yes| *yes)?;
        Some(format!("match: {}", one_spelling(given.key)))
    }),
    written(&["index", "idx"], |given| Some(format!("match: {}", given.count()?.checked_add(1)?))),
    written(&["nth", "occurrence", "ordinal", "position", "number"], |given| {
        Some(format!("match: {}", pick(given.text.as_deref()?)?))
    }),
    key(&["default_value", "default_values", "not_found", "fallback", "otherwise", "if_missing"], "default"),
    written(&["optional", "allow_missing", "may_be_missing"], |given| {
        given.truth().filter(|yes| *yes)?;
        Some("default: null".into())
    }),
    written(&["required", "fail_if_missing", "mandatory", "strict"], |given| {
        given.truth().filter(|yes| !*yes)?;
        Some("default: null".into())
    }),
    key(&["field_to_check", "from", "source", "subject", "scope", "look_in", "where", "apply_to"], "in"),
    key(&["sensitive", "mask", "masked", "hidden", "private"], "secret"),
];

/// Our own keys with values of other tools.
static SHAPES: &[Word] = &[
    written(&["match"], |given| {
        let text = given.text.as_deref()?;
        (matches!(text, "0" | "-1") || text.eq_ignore_ascii_case("any"))
            .then(|| Some(format!("match: {}", pick(text)?)))
            .flatten()
    }),
    written(&["group"], |given| {
        let text = given.text.as_deref().filter(|text| text.contains('$'))?;
        Some(format!("group: {}", group(text)?))
    }),
    written(&["between"], |given| Some(format!("between: {}", between(given)?))),
    written(&["json"], |given| {
        let text = given.text.as_deref().filter(|text| !text.starts_with('$'))?;
        let path = format!("$.{}", text.trim_start_matches('.'));
        JsonPath::compile(&path).is_ok().then(|| format!("json: {}", written_path(&path)))
    }),
];

const LEFTS: &[&str] = &["left", "left_boundary", "lb", "start", "prefix", "before", "begin", "starts_with", "l"];
const RIGHTS: &[&str] = &["right", "right_boundary", "rb", "end", "suffix", "after", "until", "ends_with", "r"];
const VARIABLES: &[&str] = &[
    "name",
    "as",
    "variable",
    "var",
    "refname",
    "ref_name",
    "reference_name",
    "variable_name",
    "name_of_created_variable",
    "names_of_created_variables",
    "save_as",
    "to",
    "store_as",
    "into",
];

/// JMeter's numbers of matches.
fn pick(text: &str) -> Option<String> {
    match text {
        "0" => Some("random".into()),
        "-1" => Some("all".into()),
        "first" | "last" | "random" | "all" => Some(text.to_owned()),
        "any" | "Any" | "ANY" => Some("random".into()),
        number => number.parse::<u64>().ok().map(|number| number.to_string()),
    }
}

/// `$1$` is the first group.
fn group(text: &str) -> Option<String> {
    let number = text.trim_matches('$');
    number.parse::<u64>().ok().map(|number| number.to_string())
}

/// The two texts of a boundary.
fn between(given: &Given<'_>) -> Option<String> {
    if let (Some(left), Some(right), 2) = (given.pair(LEFTS), given.pair(RIGHTS), given.pairs.len()) {
        return Some(format!("[{left}, {right}]"));
    }
    // `value=" "`: the value stands where the space is.
    let text = given.text.as_deref()?;
    let (left, right) = ["(.*?)", "(.+?)", "...", "…", "*"]
        .iter()
        .find_map(|sign| text.split_once(sign))
        .or_else(|| text.rsplit_once(' '))?;
    let (left, right) = (unquoted_end(left), right);
    (!left.is_empty() && !right.is_empty())
        .then(|| format!("[{}, {}]", crate::yaml::quoted(left), crate::yaml::quoted(right)))
}

fn unquoted_end(text: &str) -> &str {
    text.trim_end()
}

/// The map of extractors that a list stands for, or a map of one extractor with its name inside.
pub(super) fn named(given: &Given<'_>) -> Option<String> {
    let one = |pairs: &[(String, String)]| -> Option<String> {
        let name = pairs.iter().position(|(key, _)| VARIABLES.contains(&one_spelling(key).as_str()));
        match (name, pairs) {
            (None, [(name, how)]) => Some(format!("{}: {how}", plain(name))),
            (None, _) => None,
            (Some(at), _) => {
                let rest: Vec<&(String, String)> =
                    pairs.iter().enumerate().filter(|(one, _)| *one != at).map(|(_, pair)| pair).collect();
                let name = unquoted(&pairs.get(at)?.1);
                Some(format!("{name}: {{ {} }}", keys_of(&rest)?))
            }
        }
    };
    let parts = match &given.node.kind {
        NodeKind::List(items) => {
            let texts = items.iter().any(|item| item.text().is_some());
            let rows = given.rows.iter().map(|row| one(row)).collect::<Option<Vec<_>>>().filter(|_| !texts)?;
            let whole =
                items.iter().zip(&given.rows).all(|(item, row)| item.entries().map_or(0, <[Entry]>::len) == row.len());
            whole.then_some(rows)?
        }
        NodeKind::Map(_) => {
            let is_way = |key: &str| WAYS.contains(&key) || in_table(key).is_some_and(|ours| WAYS.contains(&ours));
            let has_way = given.pairs.iter().any(|(key, _)| is_way(&one_spelling(key)));
            let name = given.pairs.iter().find(|(key, _)| VARIABLES.contains(&one_spelling(key).as_str()));
            if let Some((_, name)) = name
                && has_way
                && !unquoted(name).starts_with(['$', '{', '/'])
            {
                vec![one(&given.pairs)?]
            } else if let ([(way, _)], NodeKind::Map(entries)) = (given.pairs.as_slice(), &given.node.kind)
                && is_way(&one_spelling(way))
                && let Some(inside) = entries.first().and_then(|entry| entry.value.entries())
                && inside.iter().all(|entry| keys::EXTRACTOR.key(&entry.key).is_none() && entry.value.text().is_some())
            {
                let way = one_spelling(way);
                let way = in_table(&way).unwrap_or(&way).to_owned();
                let inner = |entry: &Entry| {
                    Some(format!("{}: {{ {way}: {} }}", plain(&entry.key), text_in_flow(&entry.value)?))
                };
                inside.iter().map(inner).collect::<Option<Vec<_>>>()?
            } else {
                return None;
            }
        }
        NodeKind::Scalar { text, .. } => {
            let (name, path) = text.split_once('=')?;
            let (name, path) = (name.trim(), path.trim());
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if !is_name || !path.starts_with('$') {
                return None;
            }
            vec![format!("{name}: {}", plain(path))]
        }
    };
    (!parts.is_empty()).then(|| format!("extract: {{ {} }}", parts.join(", ")))
}

const WAYS: [&str; 7] = ["json", "regex", "css", "xpath", "between", "header", "cookie"];

fn text_in_flow(node: &Node) -> Option<String> {
    node.text().map(|text| {
        if text.chars().all(|c| c.is_alphanumeric() || matches!(c, '$' | '.' | '_')) {
            text.to_string()
        } else {
            crate::yaml::quoted(text)
        }
    })
}

fn in_table(word: &str) -> Option<&'static str> {
    WORDS.iter().find(|row| row.theirs.contains(&word)).and_then(|row| match row.ours {
        super::Ours::Key(ours) => Some(ours),
        super::Ours::Written(_) | super::Ours::Instead(_) | super::Ours::Told(_) => None,
    })
}

/// The keys of an extractor under our names.
fn keys_of(pairs: &[&(String, String)]) -> Option<String> {
    let written = pairs.iter().map(|(key, value)| {
        if keys::EXTRACTOR.key(key).is_some() {
            return Some(format!("{key}: {value}"));
        }
        let node = Node::scalar(Span::default(), unquoted(value));
        let given = Given {
            node: &node,
            key,
            text: Some(unquoted(value).to_owned()),
            flow: Some(value.clone()),
            pairs: Vec::new(),
            items: Vec::new(),
            rows: Vec::new(),
            beside: &[],
        };
        in_words(&[WORDS], &given)
    });
    Some(written.collect::<Option<Vec<_>>>()?.join(", "))
}

/// The way that a text alone names, and what it looks for: `regex a(b)`, `header.Location`, `input[name=csrf]`.
pub(crate) fn way(text: &str) -> Option<String> {
    let text = text.trim();
    for (word, ours) in [
        ("regexp", "regex"),
        ("regex", "regex"),
        ("jsonpath", "json"),
        ("json", "json"),
        ("css", "css"),
        ("xpath", "xpath"),
        ("headers", "header"),
        ("header", "header"),
        ("cookies", "cookie"),
        ("cookie", "cookie"),
    ] {
        let Some(rest) = text.strip_prefix(word) else { continue };
        let spaced = rest.starts_with([' ', '=', ':']);
        let dotted = rest.starts_with('.') && matches!(ours, "header" | "cookie");
        if !spaced && !dotted {
            continue;
        }
        let value = unquoted(rest.trim_start_matches([' ', '=', ':', '.']).trim());
        if value.is_empty() {
            continue;
        }
        if ours == "json" {
            return JsonPath::compile(value).is_ok().then(|| written_path(value));
        }
        return Some(format!(
            "{{ {ours}: {} }}",
            if ours == "regex" { crate::yaml::quoted(value) } else { text_value(value) }
        ));
    }
    for start in [
        "${response.json.",
        "${response.json().",
        "response.json.",
        "response.json().",
        "response.body.",
        "body.",
        "json.",
    ] {
        if let Some(rest) = text.strip_prefix(start) {
            let path = format!("$.{}", rest.trim_end_matches('}'));
            return JsonPath::compile(&path).is_ok().then(|| written_path(&path));
        }
    }
    let is_css =
        text.contains('[') && text.contains('=') && text.ends_with(']') && text.starts_with(char::is_alphabetic);
    if is_css {
        return Some(format!("{{ css: {} }}", crate::yaml::quoted(text)));
    }
    let is_pattern = text.contains('(')
        && text.contains(')')
        && (text.contains("=\"") || text.contains('\\') || text.contains('*') || text.contains('+'));
    is_pattern.then(|| format!("{{ regex: {} }}", crate::yaml::quoted(text)))
}

impl Lower<'_> {
    /// An extractor as other tools write it is told, and given as it is meant; `None` for others.
    pub(crate) fn extractor_meant(&mut self, node: &Node) -> Option<Node> {
        let entries = node.entries()?;
        if let Some(read) = self.two_keys(node, entries) {
            return Some(read);
        }
        let mut all = Vec::with_capacity(entries.len());
        let mut changed = false;
        for entry in entries {
            let word = &*entry.key;
            let own = keys::EXTRACTOR.key(word).is_some();
            if word.starts_with("x-") || entry.value.is_blank() {
                all.push(entry.clone());
                continue;
            }
            let takes = |ours: &str, value: &Node| {
                keys::EXTRACTOR
                    .key(ours)
                    .is_some_and(|key| key.ty.has_shape_of(value) && !(ours == "between" && value.items().is_none()))
            };
            let message = if own { super::cannot_be(entry) } else { format!("extractor: there is no key `{word}`") };
            if let Some(read) = self.attribute_in_css(node, entry, entries) {
                all.extend(read);
                changed = true;
                continue;
            }
            let table: &[&[Word]] = if own { &[SHAPES] } else { &[WORDS] };
            match self.translated(table, entry, &message, entries, &takes) {
                Some(Read::As(new)) => {
                    all.extend(new);
                    changed = true;
                }
                Some(Read::Nothing) => changed = true,
                None => all.push(entry.clone()),
            }
        }
        changed.then(|| Node::new(node.span, NodeKind::Map(all)))
    }

    /// `left` and `right`, `type` and `expression`: two keys that are one here.
    fn two_keys(&mut self, node: &Node, entries: &[Entry]) -> Option<Node> {
        let find = |words: &[&str]| entries.iter().position(|entry| words.contains(&one_spelling(&entry.key).as_str()));
        let (first, second, text) = if let (Some(left), Some(right)) = (find(LEFTS), find(RIGHTS)) {
            let [a, b] = [entries.get(left)?, entries.get(right)?]
                .map(|entry| entry.value.text().map(|text| crate::yaml::quoted(text)));
            (left, right, format!("between: [{}, {}]", a?, b?))
        } else {
            let kind = find(&["type", "kind", "method", "using", "extractor"])?;
            let how = find(&["expression", "expr", "path", "value", "query", "pattern", "jsonpath", "regex"])
                .filter(|how| *how != kind)?;
            let word = one_spelling(entries.get(kind)?.value.text()?);
            let ours = WAYS.into_iter().find(|way| *way == word).or_else(|| in_table(&word))?;
            (kind, how, format!("{ours}: {}", self.flow(&entries.get(how)?.value)?))
        };
        let (one, other) = (entries.get(first)?, entries.get(second)?);
        let patch = self.cut(entries, second).zip(self.whole(one));
        let patch = patch.and_then(|(cut, whole)| self.joined(vec![(cut, String::new()), (whole, text.clone())]));
        let finding =
            Diagnostic::error(one.key_span, format!("`{}` and `{}` are one key of an extractor", one.key, other.key));
        let finding = finding.help(format!("write `{text}`"));
        self.report(match patch {
            Some((span, text)) => finding.fix(span, text),
            None => finding,
        });
        let read = self.as_if(&text, one)?;
        let others = entries.iter().filter(|entry| !std::ptr::eq(*entry, one) && !std::ptr::eq(*entry, other)).cloned();
        Some(Node::new(node.span, NodeKind::Map(read.into_iter().chain(others).collect())))
    }

    /// `css: input@value`, `css: input::attr(value)`.
    fn attribute_in_css(&mut self, node: &Node, entry: &Entry, entries: &[Entry]) -> Option<Vec<Entry>> {
        if !matches!(&*one_spelling(&entry.key), "css" | "selector" | "css_selector")
            || super::is_written(entries, "attribute")
        {
            return None;
        }
        let text = entry.value.text()?;
        let (selector, attribute) = match text.split_once("::attr(") {
            Some((selector, rest)) => (selector, rest.strip_suffix(')')?),
            None => text.rsplit_once('@')?,
        };
        let selector = selector.trim_end_matches(['/', ' ']);
        let is_name = !attribute.is_empty() && attribute.chars().all(|c| c.is_alphanumeric() || c == '-');
        if selector.is_empty() || !is_name {
            return None;
        }
        let is_quoted = self.in_one_line(&entry.value).is_some_and(|written| written.starts_with(['\'', '"']));
        let selector = if is_quoted { crate::yaml::quoted(selector) } else { plain(selector) };
        let between = if self.sources.text(node.span).starts_with('{') {
            ", ".to_owned()
        } else {
            format!("\n{}", " ".repeat(self.sources.position(entry.key_span).1 - 1))
        };
        let selector = if between == ", " { selector } else { unquoted(&selector).to_owned() };
        let selector = if is_quoted || between == ", " { crate::yaml::quoted(unquoted(&selector)) } else { selector };
        let finding = Diagnostic::error(
            entry.value.span,
            "a CSS selector finds an element; which attribute of it is said by `attribute`",
        );
        let finding = finding.help(format!("write `css: {selector}`, and `attribute: {attribute}` beside it"));
        let text = format!("css: {selector}{between}attribute: {attribute}");
        self.report(match self.whole(entry) {
            Some(span) => finding.fix(span, text),
            None => finding,
        });
        self.as_if(&format!("{{ css: {}, attribute: {attribute} }}", crate::yaml::quoted(unquoted(&selector))), entry)
    }
}
