//! Extractors, assertions and thresholds.

use super::{Fields, Lower};
use crate::diagnostic::{Diagnostic, Fix, Span};
use crate::extractors::Pick;
use crate::extractors::find::JsonPath;
use crate::plan::keys;
use crate::plan::types::{
    AssertionGroup, AssertionSpec, ExtractorSpec, HowSpec, Name, Spanned, SubjectSpec, Text, Threshold,
};
use crate::schedule::During;
use crate::threshold::{Condition, not_here};
use crate::yaml::{Entry, Node, NodeKind};
use crate::yaml::{quoted, written_path};

/// A text alone that is no JSONPath: which way of finding is meant shows in its signs.
fn no_way(text: &Text) -> Diagnostic {
    let written = &*text.value;
    let finding = Diagnostic::error(text.span, format!("`{written}` does not say how to find the value"));
    if let Some(ours) = super::step_words::way(written) {
        return finding.help(format!("name the way: `{ours}`")).fix(text.span, ours);
    }
    let way = if written.starts_with("//") {
        Some("xpath")
    } else if written.contains(['\\', '^']) || [".*", ".+", "(?", "[^"].iter().any(|sign| written.contains(sign)) {
        Some("regex")
    } else {
        None
    };
    if let Some(way) = way {
        let ours = format!("{{ {way}: {} }}", quoted(written));
        return finding.help(format!("name the way: `{ours}`")).fix(text.span, ours);
    }
    let path = JsonPath::compile(written).err().and_then(|problem| problem.corrected);
    let guess = path.unwrap_or_else(|| format!("$.{written}"));
    let finding = finding.help(format!(
        "a JSONPath starts with `$`: write `{guess}`; or name the way, for example `{{ regex: '…' }}` or `{{ header: Location }}`"
    ));
    if JsonPath::compile(&guess).is_ok() { finding.fix(text.span, written_path(&guess)) } else { finding }
}

impl Lower<'_> {
    pub(crate) fn extractors(&mut self, node: &Node) -> Vec<ExtractorSpec> {
        let values = self.bindings(node, "extract");
        if node.entries().is_some_and(<[Entry]>::is_empty) {
            self.report(
                Diagnostic::error(node.span, "this `extract` extracts nothing").help("for example `token: $.token`"),
            );
        }
        values
            .into_iter()
            .map(|(variable, node)| {
                let unread = variable.clone();
                let meant = self.extractor_meant(&node);
                // The variable is meant to be set, whatever was told of how: what uses it is judged as if it were.
                self.extractor(variable, meant.as_ref().unwrap_or(&node)).unwrap_or_else(|| ExtractorSpec {
                    how: HowSpec::Json(Spanned::new("$".into(), unread.span)),
                    variable: unread,
                    source: None,
                    pick: Pick::First,
                    default: None,
                    secret: false,
                })
            })
            .collect()
    }

    fn extractor(&mut self, variable: Name, node: &Node) -> Option<ExtractorSpec> {
        let plain = |how| ExtractorSpec {
            variable: variable.clone(),
            how,
            source: None,
            pick: Pick::First,
            default: None,
            secret: false,
        };
        if let NodeKind::Scalar { .. } = &node.kind {
            let text = self.text(node, &variable.value)?;
            if !text.value.starts_with('$') || text.value.starts_with("${") {
                if text.value.trim().is_empty() {
                    let help = "a JSONPath starts with `$`, for example `$.token`";
                    self.report(Diagnostic::error(text.span, "this extractor is empty").help(help));
                    return Some(plain(HowSpec::Json(Spanned::new("$".into(), text.span))));
                }
                // What is wrong with its quotes has been told; a guess at its backslashes would only confuse.
                match self.findings.iter_mut().find(|known| known.span == text.span) {
                    None => self.report(no_way(&text)),
                    // One patch mends the quotes and names the way.
                    Some(known) => {
                        if let Some(ours) = super::step_words::way(&text.value) {
                            known.help = Some(format!("write `{ours}`"));
                            known.fix = Some(Fix { span: text.span, replacement: ours });
                        }
                    }
                }
                // The variable is meant to be set: what uses it is judged as if it were.
                return Some(plain(HowSpec::Json(Spanned::new("$".into(), text.span))));
            }
            return Some(plain(HowSpec::Json(text)));
        }
        let fields = self.fields(node, &keys::EXTRACTOR)?;
        let ways: Vec<&Entry> = ["json", "regex", "css", "xpath", "between", "header", "cookie"]
            .iter()
            .filter_map(|key| fields.entry(key))
            .collect();
        if let [first, second, ..] = ways.as_slice() {
            self.report(
                Diagnostic::error(
                    second.key_span,
                    format!("an extractor looks in one way, but this one has `{}` and `{}`", first.key, second.key),
                )
                .help("keep one; to look inside a header or cookie, write `in: header.NAME` beside the other"),
            );
        }
        let Some(way) = ways.first() else {
            // A key that is none was told, and is the way that was meant.
            if fields.any(|key| keys::EXTRACTOR.key(key).is_none()) {
                return None;
            }
            self.report(
                Diagnostic::error(Self::start_of(node), "this extractor does not say how to find the value")
                    .help("add one of json, regex, css, xpath, between, header, cookie"),
            );
            return None;
        };
        let mut text = |key: &str| fields.get(key).and_then(|node| self.text(node, key));
        let (group, attribute, source) = (text("group"), text("attribute"), text("in"));
        for (key, owner) in [("group", "regex"), ("attribute", "css")] {
            if let Some(entry) = fields.entry(key)
                && &*way.key != owner
            {
                self.report(
                    Diagnostic::error(entry.key_span, format!("`{key}` goes with `{owner}`, not with `{}`", way.key))
                        .help("remove it"),
                );
            }
        }
        let how = match &*way.key {
            "between" => {
                let [before, after] = way.value.items().unwrap_or_default() else {
                    self.wrong_type(&way.value, "between", keys::BETWEEN_DOC, Some("between: ['id=\"', '\"']"));
                    return None;
                };
                HowSpec::Between(self.text(before, "between")?, self.text(after, "between")?)
            }
            key => {
                let text = self.text(&way.value, key)?;
                match key {
                    "json" => HowSpec::Json(text),
                    "regex" => HowSpec::Regex(text, group),
                    "css" => HowSpec::Css(text, attribute),
                    "xpath" => HowSpec::XPath(text),
                    "header" => HowSpec::Header(text),
                    _ => HowSpec::Cookie(text),
                }
            }
        };
        let pick = fields.get("match").and_then(|node| self.pick(node));
        if let (Some(entry), "header" | "cookie") = (fields.entry("in"), &*way.key) {
            self.report(
                Diagnostic::error(
                    entry.key_span,
                    format!("`in` does not go with `{}`, which already says where to look", way.key),
                )
                .help("remove it"),
            );
        }
        Some(ExtractorSpec {
            pick: pick.unwrap_or(Pick::First),
            default: fields.get("default").cloned(),
            secret: fields.get("secret").and_then(|node| self.boolean(node, "secret")).unwrap_or(false),
            source: source.and_then(|text| self.source(text)),
            ..plain(how)
        })
    }

    pub(crate) fn source(&mut self, text: Text) -> Option<Text> {
        let known = matches!(&*text.value, "body" | "url")
            || ["header.", "cookie."]
                .iter()
                .any(|prefix| text.value.strip_prefix(prefix).is_some_and(|name| !name.is_empty()));
        if !known {
            self.report(
                Diagnostic::error(text.span, format!("`in: {}` names no part of a response", text.value))
                    .help("write body, url, header.NAME or cookie.NAME"),
            );
            return None;
        }
        (&*text.value != "body").then_some(text)
    }

    pub(crate) fn pick(&mut self, node: &Node) -> Option<Pick> {
        let text = self.text(node, "match")?;
        Some(match &*text.value {
            "first" => Pick::First,
            "last" => Pick::Last,
            "random" => Pick::Random,
            "all" => Pick::All,
            number if number.chars().all(|c| c.is_ascii_digit()) => {
                Pick::Nth(usize::try_from(self.count(node, "match", 1)?).unwrap_or(usize::MAX))
            }
            other => {
                let help = match other {
                    "-1" => "JMeter's -1 means all matches; here it is `all`",
                    _ => "write first, last, random, all, or a number counted from 1",
                };
                self.report(Diagnostic::error(node.span, format!("`match: {other}` is not known")).help(help));
                return None;
            }
        })
    }

    /// `assert`: a map, or a list of maps.
    pub(crate) fn assertions(&mut self, node: &Node) -> Vec<AssertionGroup> {
        match &node.kind {
            NodeKind::List(items) => items.iter().filter_map(|item| self.assertion_group(item)).collect(),
            NodeKind::Scalar { .. } | NodeKind::Map(_) => self.assertion_group(node).into_iter().collect(),
        }
    }

    pub(crate) fn assertion_group(&mut self, node: &Node) -> Option<AssertionGroup> {
        let meant = self.assertions_meant(node);
        let node = meant.as_ref().unwrap_or(node);
        if meant.is_some() && node.entries().is_some_and(<[Entry]>::is_empty) {
            return None;
        }
        let fields = self.fields(node, &keys::ASSERTIONS)?;
        let name = fields.get("name").and_then(|node| self.name(node, "name"));
        if node.entries().is_some_and(|entries| entries.iter().all(|entry| &*entry.key == "name")) {
            self.report(
                Diagnostic::error(node.span, "this `assert` asserts nothing").help("for example `status: 200`"),
            );
        }
        let mut items = Vec::new();
        for entry in node.entries().unwrap_or_default() {
            if !entry.value.is_blank() && keys::ASSERTIONS.key(&entry.key).is_some() {
                self.subject(entry, &fields, &mut items);
            }
        }
        items.shrink_to_fit();
        Some(AssertionGroup { name, items })
    }

    pub(crate) fn subject(&mut self, entry: &Entry, _fields: &Fields<'_>, items: &mut Vec<AssertionSpec>) {
        let meant = match &*entry.key {
            "json" | "xpath" | "css" | "header" | "cookie" | "expr" | "json_schema" => None,
            _ => self.matchers_meant(&entry.value),
        };
        let node = meant.as_ref().unwrap_or(&entry.value);
        let mut push = |span, subject, matcher: Option<&Node>| {
            items.push(AssertionSpec { span, subject, matcher: matcher.cloned() });
        };
        match &*entry.key {
            "status" => push(entry.key_span, SubjectSpec::Status, Some(node)),
            "response_time" => push(entry.key_span, SubjectSpec::ResponseTime, Some(node)),
            "first_byte" => push(entry.key_span, SubjectSpec::FirstByte, Some(node)),
            "messages" => push(entry.key_span, SubjectSpec::Messages, Some(node)),
            "reply" => push(entry.key_span, SubjectSpec::Reply, Some(node)),
            "first_event" => push(entry.key_span, SubjectSpec::FirstEvent, Some(node)),
            "event_gap" => push(entry.key_span, SubjectSpec::EventGap, Some(node)),
            "size" => push(entry.key_span, SubjectSpec::Size, Some(node)),
            "body" => push(entry.key_span, SubjectSpec::Body, Some(node)),
            "url" => push(entry.key_span, SubjectSpec::Url, Some(node)),
            "expr" => {
                if let Some(text) = self.bare(node, "expr") {
                    push(entry.key_span, SubjectSpec::Expr(text), None);
                }
            }
            "json_schema" => {
                if let Some(file) = self.file_ref(node, "json_schema") {
                    if file.path.value.contains("${") {
                        self.report(
                            Diagnostic::error(
                                file.path.span,
                                "`json_schema` is compiled before the run, so its path cannot hold `${…}`",
                            )
                            .help("write the file's name"),
                        );
                    } else {
                        push(entry.key_span, SubjectSpec::JsonSchema(file), None);
                    }
                }
            }
            key @ ("json" | "xpath" | "css" | "header" | "cookie") => {
                for (name, matcher) in self.values(node, key) {
                    let meant = self.value_meant(&matcher, key).or_else(|| self.matchers_meant(&matcher));
                    let matcher = meant.unwrap_or(matcher);
                    let span = name.span;
                    let subject = match key {
                        "json" => SubjectSpec::Json(Spanned::new(name.value, span)),
                        "xpath" => SubjectSpec::XPath(Spanned::new(name.value, span)),
                        "css" => SubjectSpec::Css(Spanned::new(name.value, span)),
                        "header" => SubjectSpec::Header(name),
                        _ => SubjectSpec::Cookie(name),
                    };
                    push(span, subject, Some(&matcher));
                }
            }
            _ => {}
        }
    }

    pub(crate) fn thresholds(&mut self, fields: &Fields<'_>) -> Vec<Threshold> {
        let Some(node) = fields.get("thresholds") else { return Vec::new() };
        let Some(items) = node.items() else {
            self.wrong_type(node, "thresholds", "a list", Some("thresholds: [p95 < 300ms, error_rate < 1%]"));
            return Vec::new();
        };
        items.iter().filter_map(|item| self.threshold(item)).collect()
    }

    pub(crate) fn threshold(&mut self, node: &Node) -> Option<Threshold> {
        let (text, name, after, during, abort) = if let NodeKind::Map(entries) = &node.kind {
            if let Some(finding) = entries.iter().find_map(keyed_threshold) {
                self.report(finding);
                return None;
            }
            let fields = self.fields(node, &keys::THRESHOLD)?;
            let text = fields.get("threshold").and_then(|node| self.threshold_text(node))?;
            let name = fields.get("name").and_then(|node| self.name(node, "name"));
            let after = fields.get("after").and_then(|node| self.duration(node, "after"));
            let during = match fields.get("during") {
                Some(node) => Some(self.during(node)?),
                None => None,
            };
            let abort = fields.get("abort").and_then(|node| self.boolean(node, "abort")).unwrap_or(false);
            (text, name, after, during, abort)
        } else {
            (self.threshold_text(node)?, None, None, None, false)
        };
        let cannot = [("during", during.is_some()), ("after", after.is_some()), ("abort", abort)];
        match Condition::parse(&text.value) {
            Ok(condition) if condition.baseline && cannot.iter().any(|(_, given)| *given) => {
                let keys = cannot.iter().filter(|(_, given)| *given).map(|(key, _)| format!("`{key}`"));
                let keys = keys.collect::<Vec<_>>().join(" and ");
                let message = format!(
                    "a threshold against the baseline is judged when the run has ended, on its steady phase: {keys} cannot apply to it"
                );
                self.report(
                    Diagnostic::error(text.span, message).help(format!("remove {keys}, or write a fixed limit")),
                );
                None
            }
            Ok(condition) => Some(Threshold {
                span: text.span,
                text: text.value.split_whitespace().collect::<Vec<_>>().join(" ").into(),
                name: name.map(|name| name.value),
                condition,
                after,
                during,
                abort,
            }),
            Err(error) => {
                let mut finding = Diagnostic::error(text.span, error.message);
                finding = match error.corrected {
                    Some(corrected) => finding.help(format!("write `{corrected}`")).fix(text.span, corrected),
                    None => finding.help(error.help),
                };
                self.report(finding);
                None
            }
        }
    }

    pub(crate) fn during(&mut self, node: &Node) -> Option<Spanned<During>> {
        let expected = "steady, ramp_up or a stage such as stage 2";
        let text = self.known(node, "during", expected, Some("during: steady"))?;
        let during = During::parse(&text);
        if during.is_none() {
            let mut finding = Diagnostic::error(node.span, format!("`during` takes {expected}, not `{}`", text.trim()));
            if let Some(near) = crate::suggest::nearest(&text, ["steady", "ramp_up"]) {
                finding = finding.help(format!("did you mean `{near}`?")).fix(node.span, near);
            } else {
                finding = finding.help("stages count from 1, in the order they are written");
            }
            self.report(finding);
        }
        during.map(|during| Spanned::new(during, node.span))
    }

    pub(crate) fn threshold_text(&mut self, node: &Node) -> Option<Text> {
        let text = self.known(node, "thresholds", "text such as p95 < 300ms", None)?;
        Some(Spanned::new(text, node.span))
    }
}

/// What is wrong with a threshold that has a request's name or its metric as a key:
/// `Search: p95 < 300ms`, `p95: 500ms`.
fn keyed_threshold(entry: &Entry) -> Option<Diagnostic> {
    if crate::suggest::nearest(&entry.key, keys::THRESHOLD.keys.iter().map(|key| key.name)).is_some() {
        return None;
    }
    let NodeKind::Scalar { text: value, .. } = &entry.value.kind else { return None };
    let whole = Span { end: entry.value.span.end, ..entry.key_span };
    let readable = |text: &str| match Condition::parse(text) {
        Ok(_) => Some(text.to_owned()),
        Err(error) => error.corrected,
    };
    let value = value.trim();
    if let Some(threshold) = readable(value) {
        let error = not_here(&entry.key, &threshold);
        return Some(Diagnostic::error(whole, error.message).help(error.help));
    }
    // `p95: < 500ms` has its operator, `p95: 500ms` has none.
    let limited = match value {
        "0" | "0%" => format!("{} == {value}", entry.key),
        _ if value.starts_with(['<', '>', '=']) => format!("{} {value}", entry.key),
        _ => match Condition::parse(&format!("{} > {value}", entry.key)) {
            Ok(condition) if condition.metric.rises() == Some(false) => format!("{} > {value}", entry.key),
            _ => format!("{} < {value}", entry.key),
        },
    };
    let threshold = readable(&limited)?;
    Some(
        Diagnostic::error(whole, format!("`{}` is a figure, not a key of a threshold", entry.key))
            .help(format!("write `{threshold}`"))
            .fix(whole, threshold),
    )
}
