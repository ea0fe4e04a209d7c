//! What stands under `assert:`, as other tools write it.

use super::given::{Given, one_spelling};
use super::request_values::header;
use super::sentences::{header_named, json_text, measured, of_text, scalar_or_list, sized, status};
use super::values::{compares, matched, operator, threshold};
use super::{Read, Word, instead, key, plain, told, written};
use crate::diagnostic::Diagnostic;
use crate::plan::keys;
use crate::plan::lower::Lower;
use crate::yaml::{Node, NodeKind};

/// Words that are no key of `assert`.
pub(super) static WORDS: &[Word] = &[
    written(
        &[
            "status_code",
            "code",
            "http_code",
            "response_code",
            "http_status",
            "expected_status",
            "expect_status",
            "expected_status_code",
            "status_is",
            "return_code",
            "http_status_code",
            "has_status",
        ],
        |given| Some(format!("status: {}", status(given)?)),
    ),
    written(CONTAINS, |given| Some(format!("body: {{ contains: {} }}", scalar_or_list(given)?))),
    key(&["text", "content", "response_text", "response_data", "response_body", "page", "html", "document"], "body"),
    written(
        &[
            "not_contains",
            "body_not_contains",
            "not_contain",
            "should_not_contain",
            "does_not_contain",
            "excludes",
            "contains_not",
        ],
        |given| Some(format!("body: {{ not_contains: {} }}", scalar_or_list(given)?)),
    ),
    written(&["matches", "regex", "regexp", "pattern", "body_matches", "matches_regex"], |given| {
        given.text.as_ref()?;
        Some(format!("body: {{ matches: {} }}", given.flow.as_deref()?))
    }),
    written(&["equals", "body_equals", "response_equals"], |given| {
        given.text.as_ref()?;
        Some(format!("body: {{ equals: {} }}", given.flow.as_deref()?))
    }),
    written(&["starts_with", "ends_with"], |given| {
        given.text.as_ref()?;
        Some(format!("body: {{ {}: {} }}", one_spelling(given.key), given.flow.as_deref()?))
    }),
    written(
        &[
            "duration",
            "duration_assertion",
            "time",
            "max_time",
            "max_duration",
            "response_time_ms",
            "max_response_time",
            "elapsed",
            "time_taken",
            "sample_time",
            "load_time",
            "response_time_below",
            "duration_in_milliseconds",
            "faster_than",
            "response_time",
        ],
        |given| Some(format!("response_time: {}", measured(given, "below")?)),
    ),
    key(&["duration", "time", "elapsed", "response_time_in_millis"], "response_time"),
    written(&["latency", "ttfb", "time_to_first_byte", "first_byte_time", "connect_time"], |given| {
        Some(format!("first_byte: {}", measured(given, "below")?))
    }),
    key(&["latency", "ttfb", "time_to_first_byte"], "first_byte"),
    written(&["max_size", "size_at_most", "size_below"], |given| Some(format!("size: {}", sized(given, "at_most")?))),
    written(&["min_size", "size_at_least"], |given| Some(format!("size: {}", sized(given, "at_least")?))),
    written(&["size_assertion", "content_length", "body_size", "response_size", "length", "bytes"], |given| {
        Some(format!("size: {}", sized(given, "equals")?))
    }),
    key(&["headers", "response_header", "response_headers"], "header"),
    written(&["headers", "response_header", "response_headers"], header_named),
    written(&["title", "page_title", "html_title"], |given| {
        given.text.as_ref()?;
        Some(format!("css: {{ title: {} }}", given.flow.as_deref()?))
    }),
    written(&["h1", "h2", "h3"], |given| {
        given.text.as_ref()?;
        Some(format!("css: {{ {}: {} }}", given.key, given.flow.as_deref()?))
    }),
    key(&["selector", "css_selector", "element", "elements"], "css"),
    written(&["selector", "css_selector", "element", "element_exists", "has_element", "visible"], |given| {
        Some(format!("css: {{ {}: {{ exists: true }} }}", plain(given.text.as_deref()?)))
    }),
    written(&["redirect", "redirect_to", "redirected_to", "redirects_to", "final_url", "landing_page"], |given| {
        given.text.as_ref()?;
        Some(format!("url: {{ ends_with: {} }}", given.flow.as_deref()?))
    }),
    key(&["jsonpath", "json_path", "json_assertion", "json_path_assertion", "json_body", "json_paths"], "json"),
    written(&["jsonpath", "json_path", "json_assertion", "has_json"], |given| json_text(given.text.as_deref()?)),
    key(&["cookies", "set_cookie", "response_cookies"], "cookie"),
    key(&["schema", "json_schema_file"], "json_schema"),
    key(&["condition", "expression", "script", "that"], "expr"),
    told(
        &["message", "error_message", "failure_message", "custom_message", "description", "desc", "comment"],
        |given| {
            Some(format!(
                "the text in reports is the `name` of these assertions: write `name: {}`",
                given.flow.as_deref()?
            ))
        },
    ),
    told(&["p50", "p90", "p95", "p99", "error_rate", "errors", "mean", "avg", "throughput", "median"], |given| {
        let metric = if given.key == "avg" { "mean" } else { given.key };
        let text = threshold(metric, given.text.as_deref()?)?;
        Some(format!(
            "it is about all requests together, so it is a threshold: write `thresholds: [{text}]` on the request or the plan"
        ))
    }),
    instead(
        &["assume_success", "ignore_status", "main_sample_only", "test_field", "pattern_matching_rules", "apply_to"],
        "remove it: each assertion names what it looks at, as in `body: { contains: Welcome }`",
    ),
    key(&["description"], "name"),
];

const CONTAINS: &[&str] = &[
    "contains",
    "contain",
    "text",
    "body_contains",
    "response_contains",
    "page_contains",
    "response_text",
    "response_data",
    "response_body",
    "substring",
    "content",
    "should_contain",
    "includes",
    "include",
    "has_text",
    "text_contains",
    "contains_text",
    "html",
    "body_text",
    "expect_body",
    "expected_body",
    "patterns_to_test",
];

/// Keys of `assert` that stand beside a request, where no other key is called so.
pub(super) static BESIDE: &[Word] = &[
    written(&["status"], |given| Some(format!("status: {}", status(given)?))),
    written(&["response_time", "first_byte"], |given| {
        let map = matches!(given.node.kind, NodeKind::Map(_));
        let value = if map { given.flow.clone()? } else { measured(given, "below")? };
        Some(format!("{}: {value}", one_spelling(given.key)))
    }),
    key(&["css"], "css"),
    key(&["xpath"], "xpath"),
    key(&["size"], "size"),
    key(&["expr"], "expr"),
    key(&["json_schema"], "json_schema"),
];

/// Keys of `assert` with values of other tools.
static SHAPES: &[Word] = &[
    written(&["status"], |given| {
        let value = status(given)?;
        (given.flow.as_deref() != Some(&value)).then(|| format!("status: {value}"))
    }),
    written(&["response_time", "first_byte"], |given| Some(format!("{}: {}", given.key, measured(given, "below")?))),
    written(&["size"], |given| Some(format!("size: {}", sized(given, "equals")?))),
    written(&["body"], |given| {
        let text = given.text.as_deref();
        if let Some((matcher, value)) = text.and_then(operator).filter(|(matcher, _)| !matcher.is_empty()) {
            return Some(format!("body: {}", matched(matcher, value)));
        }
        Some(format!("body: {{ contains: {} }}", scalar_or_list(given)?))
    }),
    written(&["css"], |given| Some(format!("css: {{ {}: {{ exists: true }} }}", plain(given.text.as_deref()?)))),
    written(&["cookie"], |given| Some(format!("cookie: {{ {}: {{ exists: true }} }}", plain(given.text.as_deref()?)))),
    written(&["xpath"], |given| Some(format!("xpath: {{ {}: {{ exists: true }} }}", plain(given.text.as_deref()?)))),
    written(&["header"], header_named),
    written(&["json"], |given| json_text(given.text.as_deref()?)),
    written(&["json"], |given| {
        let map = matches!(given.node.kind, NodeKind::Map(_));
        let is_name = |key: &str| {
            key.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '[' | ']'))
        };
        let all = given.pairs.iter().all(|(key, _)| is_name(key) || key.starts_with('$'));
        let some = given.pairs.iter().any(|(key, _)| !key.starts_with('$'));
        if !map || !all || !some || given.pairs.len() > 3 {
            return None;
        }
        let dollar = |key: &str| if key.starts_with('$') { plain(key) } else { plain(&format!("$.{key}")) };
        let pairs: Vec<String> = given.pairs.iter().map(|(key, value)| format!("{}: {value}", dollar(key))).collect();
        Some(format!("json: {{ {} }}", pairs.join(", ")))
    }),
    written(&["url"], |given| {
        let text = given.text.as_deref()?;
        (text.starts_with('/')).then(|| format!("url: {{ ends_with: {} }}", plain(text)))
    }),
];

impl Lower<'_> {
    /// Assertions as other tools write them are told, and given as they are meant; `None` for others.
    pub(crate) fn assertions_meant(&mut self, node: &Node) -> Option<Node> {
        if let NodeKind::Scalar { text, .. } = &node.kind {
            let meant = of_text(text)?;
            let finding =
                Diagnostic::error(node.span, format!("`assert` takes a map of keys, not {}", node.describe()));
            let finding = finding.help(format!("write `assert: {meant}`"));
            let is_here = self.in_one_line(node).is_some();
            self.report(if is_here { finding.fix(node.span, &*meant) } else { finding });
            return self.value_as_if(&meant, node);
        }
        let entries = node.entries()?;
        let mut all = Vec::with_capacity(entries.len());
        let mut changed = false;
        let paths = entries.iter().filter(|entry| entry.key.starts_with('$')).count();
        if paths > 1
            && !super::is_written(entries, "json")
            && let Some(read) = self.json_paths(entries)
        {
            return Some(Node::new(node.span, NodeKind::Map(read)));
        }
        for entry in entries {
            let word = &*entry.key;
            if word.starts_with("x-") || entry.value.is_blank() {
                all.push(entry.clone());
                continue;
            }
            let own = keys::ASSERTIONS.key(word);
            let takes = |ours: &str, value: &Node| {
                keys::ASSERTIONS.key(ours).is_some_and(|key| {
                    let only_map = key.example.starts_with(&format!("{ours}: {{"));
                    let is_map = matches!(value.kind, NodeKind::Map(_));
                    key.ty.has_shape_of(value) && (!only_map || is_map)
                })
            };
            let (table, message): (&[&[Word]], String) = match own {
                Some(_) => (&[SHAPES], super::cannot_be(entry)),
                None => (&[WORDS], format!("assert: there is no key `{word}`")),
            };
            let mut read = self.translated(table, entry, &message, entries, &takes);
            if read.is_none() && own.is_none() {
                read = self.assertion_named(entry, entries, &message);
            }
            match read {
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

    /// Several JSONPaths that stand beside the other keys.
    fn json_paths(&mut self, entries: &[crate::yaml::Entry]) -> Option<Vec<crate::yaml::Entry>> {
        let is_path = |entry: &&crate::yaml::Entry| entry.key.starts_with('$');
        let first = entries.iter().find(is_path)?;
        let text = format!("json: {{ {} }}", self.pairs(entries.iter().filter(is_path))?);
        let cut = |(at, entry): (usize, &crate::yaml::Entry)| {
            let is_other = is_path(&entry) && !std::ptr::eq(entry, first);
            is_other.then(|| Some((self.cut(entries, at)?, String::new())))
        };
        let cuts = entries.iter().enumerate().filter_map(cut).collect::<Option<Vec<_>>>();
        let patch = cuts.zip(self.whole(first)).and_then(|(mut edits, whole)| {
            edits.push((whole, text.clone()));
            self.joined(edits)
        });
        let finding =
            Diagnostic::error(first.key_span, format!("assert: JSONPaths such as `{}` stand under `json:`", first.key));
        let finding = finding.help(format!("write `{text}`"));
        self.report(match patch {
            Some((span, text)) => finding.fix(span, text),
            None => finding,
        });
        let read = self.as_if(&text, first)?;
        Some(read.into_iter().chain(entries.iter().filter(|entry| !is_path(entry)).cloned()).collect())
    }

    /// A JSONPath, a header or a sentence as a key of `assert`.
    fn assertion_named(
        &mut self,
        entry: &crate::yaml::Entry,
        beside: &[crate::yaml::Entry],
        message: &str,
    ) -> Option<Read> {
        let word = &*entry.key;
        let given = Given::of(self, entry, beside);
        let text = if word.starts_with('$') {
            format!("json: {{ {}: {} }}", plain(word), given.flow.as_deref()?)
        } else if let Some(header) = header(&given) {
            format!("header: {}", header.strip_prefix("headers: ")?)
        } else if word.contains(' ') {
            let text = of_text(word).filter(|text| text.starts_with("{ status"))?;
            text.trim_start_matches("{ ").trim_end_matches(" }").to_owned()
        } else {
            return None;
        };
        let finding = Diagnostic::error(entry.key_span, message);
        let finding = match word.starts_with('$') {
            true => {
                Diagnostic { message: format!("assert: JSONPaths such as `{word}` stand under `json:`"), ..finding }
            }
            false => finding,
        };
        Some(self.reads_as(entry, finding, text, beside))
    }

    /// An expected value that spells an operator is doubted: nobody expects that very text.
    pub(crate) fn value_meant(&mut self, node: &Node, subject: &str) -> Option<Node> {
        let NodeKind::Scalar { text, .. } = &node.kind else { return None };
        let state = match text.trim() {
            "not empty" | "is not empty" | "non-empty" => Some("{ empty: false }"),
            "is empty" => Some("{ empty: true }"),
            "not null" | "is not null" => Some("{ not_equals: null }"),
            "not exists" | "does not exist" => Some("{ exists: false }"),
            _ => None,
        };
        let in_words = || operator(text.trim()).filter(|(matcher, _)| subject == "header" && !matcher.is_empty());
        let meant = match state {
            Some(state) => state.to_owned(),
            None => {
                let (matcher, value) = compares(text.trim()).or_else(in_words)?;
                matched(matcher, value)
            }
        };
        let finding = Diagnostic::warning(node.span, format!("this is compared with the very text `{text}`"));
        let finding = finding.help(format!("to compare with the value write `{meant}`"));
        let is_here = self.in_one_line(node).is_some();
        self.report(if is_here { finding.fix(node.span, &*meant) } else { finding });
        self.value_as_if(&meant, node)
    }
}
