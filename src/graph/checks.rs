//! Extractors and assertions, compiled.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::build::Build;
use super::{AssertionId, AssertionInfo, LabelId, NodeId};
use crate::assertions::{Assertion, Expected, JsonType, Matcher, Schema, Subject};
use crate::diagnostic::{Diagnostic, Span};
use crate::extractors::find::{Css, JsonPath, XPath};
use crate::extractors::{CaptureGroup, Extractor, How, Pick, Source};
use crate::plan::{AssertionGroup, AssertionSpec, ExtractorSpec, FileRef, HowSpec, SubjectSpec, Text, is_data, keys};
use crate::sanitize::shown_path;
use crate::template::{SlotId, Tree};
use crate::units::{parse_duration, parse_size};
use crate::value::Value;
use crate::yaml::{Entry, Node as Yaml, NodeKind, Style};
use crate::yaml::{is_number, written_path};
use ::http::HeaderName;

/// What numbers of a matcher are written in.
#[derive(Clone, Copy, PartialEq)]
enum Measure {
    Plain,
    Duration,
    Size,
    Count,
}

impl Build<'_> {
    pub(crate) fn extractors(&mut self, specs: &[ExtractorSpec], id: NodeId) -> Vec<(SlotId, Extractor)> {
        let mut extractors = Vec::new();
        for spec in specs {
            let how = self.how(spec, id);
            let default = match &spec.default {
                Some(yaml) => self.tree(yaml, Some(id)).map(|(tree, _)| Some(tree)),
                None => Some(None),
            };
            let slot = self.target_slot(&spec.variable);
            self.slots[slot.0 as usize].secret |= spec.secret;
            if spec.pick == Pick::All {
                self.lists.insert(slot);
            }
            self.state.set(slot, Some(id));
            self.extracted.push((slot, spec.variable.span));
            if let (Some((how, text)), Some(default)) = (how, default) {
                let source = match spec.source.as_ref().map(|source| &*source.value) {
                    None => Source::Body,
                    Some("url") => Source::Url,
                    Some(part) => match part.split_once('.') {
                        Some(("header", name)) => match self
                            .header_name(name, spec.source.as_ref().map_or(spec.variable.span, |source| source.span))
                        {
                            Some(name) => Source::Header(name),
                            None => continue,
                        },
                        Some((_, name)) => Source::Cookie(name.to_owned()),
                        None => Source::Body,
                    },
                };
                self.slots[slot.0 as usize].cookie |= matches!(&how, How::Cookie(_))
                    || matches!(&source, Source::Cookie(_))
                    || matches!(&how, How::Header(name) if *name == ::http::header::SET_COOKIE)
                    || matches!(&source, Source::Header(name) if *name == ::http::header::SET_COOKIE);
                extractors.push((
                    slot,
                    Extractor {
                        variable: spec.variable.value.to_string(),
                        how,
                        source,
                        pick: spec.pick,
                        default,
                        text,
                    },
                ));
            }
        }
        extractors
    }

    fn how(&mut self, spec: &ExtractorSpec, id: NodeId) -> Option<(How, String)> {
        Some(match &spec.how {
            HowSpec::Json(path) => (How::Json(self.json_path(path)?), path.value.to_string()),
            HowSpec::Css(selector, attribute) => {
                (How::Css(self.css(selector, attribute.as_ref())?), selector.value.to_string())
            }
            HowSpec::XPath(path) => (How::XPath(self.xpath(path)?), path.value.to_string()),
            HowSpec::Header(name) => {
                (How::Header(self.header_name(&name.value, name.span)?), format!("header {}", name.value))
            }
            HowSpec::Cookie(name) => (How::Cookie(name.value.to_string()), format!("cookie {}", name.value)),
            HowSpec::Between(before, after) => {
                let text = format!("between '{}' and '{}'", before.value, after.value);
                let before = self.text(before, Some(id)).map(|compiled| compiled.template);
                let after = self.text(after, Some(id)).map(|compiled| compiled.template);
                (How::Between(before?, after?), text)
            }
            HowSpec::Regex(pattern, group) => {
                let regex = self.regex(pattern, group.is_none())?;
                let group = match group {
                    None => CaptureGroup::Number(usize::from(regex.captures_len() > 1)),
                    Some(text) => match text.value.parse::<usize>() {
                        Ok(number) if number < regex.captures_len() => CaptureGroup::Number(number),
                        Ok(number) => {
                            let groups = regex.captures_len() - 1;
                            self.error(
                                text.span,
                                format!(
                                    "`group: {number}`: the pattern has {groups} group{}",
                                    if groups == 1 { "" } else { "s" }
                                ),
                                "groups are the parts in parentheses, counted from 1; 0 is the whole match",
                            );
                            return None;
                        }
                        Err(_) if regex.capture_names().flatten().any(|name| name == &*text.value) => {
                            CaptureGroup::Name(text.value.to_string())
                        }
                        Err(_) => {
                            self.error(
                                text.span,
                                format!("the pattern has no group named `{}`", text.value),
                                "a named group is written (?<name>…)",
                            );
                            return None;
                        }
                    },
                };
                (How::Regex { regex, group }, pattern.value.to_string())
            }
        })
    }

    fn json_path(&mut self, path: &Text) -> Option<JsonPath> {
        if !self.fixed_path(path, "a JSONPath") {
            return None;
        }
        JsonPath::compile(&path.value)
            .map_err(|problem| {
                let message = format!("`{}` is not a JSONPath: {}", path.value, problem.message);
                let help = problem.help_or("for example $.token, $.items[0].id or $.items[*].price");
                let finding = Diagnostic::error(path.span, message).help(help);
                let finding = match problem.corrected {
                    Some(ours) => finding.fix(path.span, written_path(&ours)),
                    None => finding,
                };
                self.findings.push(finding);
            })
            .ok()
    }

    fn css(&mut self, selector: &Text, attribute: Option<&Text>) -> Option<Css> {
        if !self.fixed_path(selector, "a CSS selector") {
            return None;
        }
        Css::compile(&selector.value, attribute.map(|attribute| &*attribute.value))
            .map_err(|problem| {
                self.error(
                    selector.span,
                    format!("`{}` is not a CSS selector: {}", selector.value, problem.message),
                    problem.help_or("for example h1, #total or input[name=csrf]"),
                )
            })
            .ok()
    }

    fn xpath(&mut self, path: &Text) -> Option<XPath> {
        if !self.fixed_path(path, "an XPath") {
            return None;
        }
        XPath::compile(&path.value)
            .map_err(|problem| {
                self.error(
                    path.span,
                    format!("`{}` is not an XPath: {}", path.value, problem.message),
                    problem.help_or("for example //title or /order/@id"),
                )
            })
            .ok()
    }

    pub(crate) fn fixed_path(&mut self, text: &Text, what: &str) -> bool {
        let fixed = !text.value.contains("${");
        if !fixed {
            self.error(
                text.span,
                format!("{what} is compiled before the run, so it cannot hold `${{…}}`"),
                "take a list with `match: all` or a wider path, and choose in an expression",
            );
        }
        fixed
    }

    fn header_name(&mut self, name: &str, span: Span) -> Option<HeaderName> {
        HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| {
                self.error(
                    span,
                    format!("`{name}` cannot be a header's name"),
                    "header names are letters, digits and `-`",
                )
            })
            .ok()
    }

    /// Compiles the assertions that apply to a request, status first, and tells whether any of
    /// them judges the status.
    pub(crate) fn assertions(
        &mut self,
        groups: &[(&AssertionGroup, Vec<usize>)],
        statuses: RangeInclusive<u16>,
        label: LabelId,
        id: NodeId,
    ) -> (Vec<(AssertionId, Assertion)>, bool) {
        let mut compiled = Vec::new();
        let mut judges_status = false;
        for (group, kept) in groups {
            for index in kept {
                let spec = &group.items[*index];
                judges_status |= matches!(spec.subject, SubjectSpec::Status);
                let name = group.name.as_ref().map(|name| name.value.to_string());
                if let Some(assertion) = self.assertion(spec, &statuses, name, id) {
                    self.assertions.push(AssertionInfo { label, text: assertion.text().into(), span: spec.span });
                    compiled.push((AssertionId(self.assertions.len() as u32 - 1), assertion));
                }
            }
        }
        compiled.shrink_to_fit();
        compiled.sort_by_key(|(_, assertion)| !matches!(assertion.subject(), Subject::Status));
        (compiled, judges_status)
    }

    pub(crate) fn assertion(
        &mut self,
        spec: &AssertionSpec,
        statuses: &RangeInclusive<u16>,
        name: Option<String>,
        id: NodeId,
    ) -> Option<Assertion> {
        let (subject, measure) = match &spec.subject {
            SubjectSpec::Status => (Subject::Status, Measure::Plain),
            SubjectSpec::ResponseTime => (Subject::ResponseTime, Measure::Duration),
            SubjectSpec::FirstByte => (Subject::FirstByte, Measure::Duration),
            SubjectSpec::Messages => (Subject::Messages, Measure::Count),
            SubjectSpec::Reply => (Subject::Reply, Measure::Duration),
            SubjectSpec::FirstEvent => (Subject::FirstEvent, Measure::Duration),
            SubjectSpec::EventGap => (Subject::EventGap, Measure::Duration),
            SubjectSpec::Size => (Subject::Size, Measure::Size),
            SubjectSpec::Body => (Subject::Body, Measure::Plain),
            SubjectSpec::Url => (Subject::Url, Measure::Plain),
            SubjectSpec::Json(path) => (Subject::Json(self.json_path(path)?), Measure::Plain),
            SubjectSpec::XPath(path) => (Subject::XPath(self.xpath(path)?), Measure::Plain),
            SubjectSpec::Css(path) => (Subject::Css(self.css(path, None)?), Measure::Plain),
            SubjectSpec::Header(name) => (Subject::Header(self.header_name(&name.value, name.span)?), Measure::Plain),
            SubjectSpec::Cookie(name) => (Subject::Cookie(name.value.to_string()), Measure::Plain),
            SubjectSpec::JsonSchema(file) => (Subject::JsonSchema(self.schema(file)?), Measure::Plain),
            SubjectSpec::Expr(text) => {
                (Subject::Expr(self.expression(text, Some(id))?, text.value.to_string()), Measure::Plain)
            }
        };
        let matchers = match &spec.matcher {
            None => Vec::new(),
            Some(yaml) => {
                let only_matcher = match &spec.subject {
                    SubjectSpec::Body => Some(("body", "{ contains: … }")),
                    SubjectSpec::ResponseTime => Some(("response_time", "{ below: 500ms }")),
                    SubjectSpec::FirstByte => Some(("first_byte", "{ below: 200ms }")),
                    SubjectSpec::Size => Some(("size", "{ below: 10kB }")),
                    SubjectSpec::Reply => Some(("reply", "{ below: 100ms }")),
                    SubjectSpec::FirstEvent => Some(("first_event", "{ below: 800ms }")),
                    SubjectSpec::EventGap => Some(("event_gap", "{ below: 80ms }")),
                    SubjectSpec::Status
                    | SubjectSpec::Messages
                    | SubjectSpec::Json(_)
                    | SubjectSpec::XPath(_)
                    | SubjectSpec::Css(_)
                    | SubjectSpec::Header(_)
                    | SubjectSpec::Cookie(_)
                    | SubjectSpec::Url
                    | SubjectSpec::JsonSchema(_)
                    | SubjectSpec::Expr(_) => None,
                };
                if let (Some((key, example)), false) = (only_matcher, matches!(yaml.kind, NodeKind::Map(_))) {
                    self.error(
                        yaml.span,
                        format!("`{key}` takes a matcher, not {}", yaml.describe()),
                        format!("write `{key}: {example}`"),
                    );
                    return None;
                }
                if matches!(spec.subject, SubjectSpec::Status) {
                    self.status(yaml, statuses, id)?
                } else {
                    self.matchers(yaml, measure, id)?
                }
            }
        };
        Some(Assertion::without(subject, matchers, name, &self.secrets))
    }

    fn schema(&mut self, file: &FileRef) -> Option<Arc<Schema>> {
        let path = file.folder.join(&*file.path.value);
        let shown = shown_path(&path);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => {
                self.error(file.path.span, format!("{shown} cannot be read: {error}"), "check the path");
                return None;
            }
        };
        let is_told = is_data(&path, self.sources.path(self.plan.file));
        let json = match serde_json::from_str(&text) {
            Ok(json) => json,
            Err(error) => {
                self.error(file.path.span, format!("{shown} is not JSON: {error}"), "fix the file");
                return None;
            }
        };
        Schema::compile(&file.path.value, &json)
            .map(Arc::new)
            .map_err(|problem| {
                // What may be anybody's file is read, but nothing of it is told.
                let message = if is_told { problem.message } else { format!("{shown} is not a JSON Schema") };
                self.error(file.path.span, message, "fix the schema");
            })
            .ok()
    }

    /// `200`, `[200, 201]`, `2xx`, or a matcher.
    fn status(&mut self, yaml: &Yaml, statuses: &RangeInclusive<u16>, id: NodeId) -> Option<Vec<Matcher>> {
        match &yaml.kind {
            NodeKind::Scalar { text, .. } if !text.contains("${") => {
                let class = text
                    .strip_suffix("xx")
                    .and_then(|digit| digit.parse::<u8>().ok())
                    .filter(|class| (1..=5).contains(class));
                if let Some(class) = class {
                    return Some(vec![Matcher::StatusClass(class)]);
                }
                let code = text.trim().parse::<u16>().ok().filter(|code| statuses.contains(code));
                if code.is_none() {
                    let lower = text.to_ascii_lowercase();
                    let class =
                        lower.strip_suffix("xx").filter(|digit| digit.len() == 1).map(|digit| format!("{digit}xx"));
                    let mut finding = Diagnostic::error(yaml.span, format!("`{text}` is not a status"));
                    finding = match class.or_else(|| (lower == "ok").then(|| "200".into())) {
                        Some(fixed) => finding.help(format!("write `status: {fixed}`")).fix(yaml.span, fixed),
                        None if *statuses.start() >= 1000 => finding.help("write a close code such as 1000"),
                        None => finding
                            .help("write a number such as 200, a list such as [200, 201], or a class such as 2xx"),
                    };
                    self.findings.push(finding);
                    return None;
                }
                Some(vec![Matcher::Equals(Expected::Tree(Tree::Literal(Value::Int(i64::from(code?)))))])
            }
            NodeKind::List(items) => {
                if items.iter().any(|item| item.text().is_some_and(|text| text.ends_with("xx"))) {
                    self.error(
                        yaml.span,
                        "a list of statuses takes numbers, not classes",
                        "write `status: 2xx` alone, or `{ at_least: 200, below: 400 }` for several classes",
                    );
                    return None;
                }
                Some(vec![Matcher::OneOf(self.list(yaml, Measure::Plain, id)?)])
            }
            NodeKind::Scalar { .. } | NodeKind::Map(_) => self.matchers(yaml, Measure::Plain, id),
        }
    }

    fn matchers(&mut self, yaml: &Yaml, measure: Measure, id: NodeId) -> Option<Vec<Matcher>> {
        let NodeKind::Map(entries) = &yaml.kind else {
            return Some(vec![Matcher::Equals(self.expected(yaml, measure, id)?)]);
        };
        if entries.is_empty() {
            self.error(
                yaml.span,
                "this matcher is empty",
                "for example `{ above: 0 }`; to compare with an empty map write `equals: {}`",
            );
            return None;
        }
        let compiled: Vec<Option<Matcher>> = entries.iter().map(|entry| self.matcher(entry, measure, id)).collect();
        compiled.into_iter().collect()
    }

    fn matcher(&mut self, entry: &Entry, measure: Measure, id: NodeId) -> Option<Matcher> {
        let yaml = &entry.value;
        if yaml.is_blank() {
            return None;
        }
        let inner = match &*entry.key {
            "each" => measure,
            _ => Measure::Plain,
        };
        let of_text = matches!(
            &*entry.key,
            "contains"
                | "not_contains"
                | "starts_with"
                | "ends_with"
                | "matches"
                | "not_matches"
                | "empty"
                | "length"
                | "type"
                | "each"
        );
        // What is measured is a number.
        let is_number = &*entry.key == "type" && yaml.text().is_some_and(|word| &**word == JsonType::Number.word());
        if measure != Measure::Plain && of_text && !is_number {
            let (what, example) = match measure {
                Measure::Plain | Measure::Count => ("a number", "{ at_least: 5 }"),
                Measure::Duration => ("a time", "{ below: 500ms }"),
                Measure::Size => ("a size", "{ below: 10kB }"),
            };
            let message = format!("`{}` does not apply to {what}", entry.key);
            self.error(entry.key_span, message, format!("for example `{example}`"));
            return None;
        }
        Some(match &*entry.key {
            "equals" => Matcher::Equals(self.expected(yaml, measure, id)?),
            "not_equals" => Matcher::NotEquals(self.expected(yaml, measure, id)?),
            "one_of" => Matcher::OneOf(self.list(yaml, measure, id)?),
            "contains" => Matcher::Contains(self.one_or_list(yaml, id)?),
            "not_contains" => Matcher::NotContains(self.one_or_list(yaml, id)?),
            "starts_with" | "ends_with" if yaml.text().is_none() => {
                let help = format!("write one text: `{}: 'ord-'`", entry.key);
                self.error(yaml.span, format!("`{}` takes one text, not {}", entry.key, yaml.describe()), help);
                return None;
            }
            "starts_with" => Matcher::StartsWith(self.expected(yaml, measure, id)?),
            "ends_with" => Matcher::EndsWith(self.expected(yaml, measure, id)?),
            "matches" => Matcher::Matches(self.pattern(entry, id)?),
            "not_matches" => Matcher::NotMatches(self.pattern(entry, id)?),
            "above" => Matcher::Above(self.ordered(entry, measure, id)?),
            "at_least" => Matcher::AtLeast(self.ordered(entry, measure, id)?),
            "below" => Matcher::Below(self.ordered(entry, measure, id)?),
            "at_most" => Matcher::AtMost(self.ordered(entry, measure, id)?),
            "exists" => Matcher::Exists(self.truth(entry)?),
            "empty" => Matcher::Empty(self.truth(entry)?),
            "length" => Matcher::Length(self.matchers(yaml, Measure::Plain, id)?),
            "each" => Matcher::Each(self.matchers(yaml, inner, id)?),
            "type" => {
                let word = yaml.text().map_or("", |text| &**text);
                let Some(kind) = JsonType::ALL.into_iter().find(|kind| kind.word() == word) else {
                    let words = JsonType::ALL.map(JsonType::word);
                    let bridged = match word {
                        "list" => Some("array"),
                        "map" | "dict" => Some("object"),
                        "text" | "str" => Some("string"),
                        "bool" => Some("boolean"),
                        "int" | "integer" | "float" => Some("number"),
                        _ => crate::suggest::nearest(word, words),
                    };
                    let mut finding = Diagnostic::error(yaml.span, format!("`{word}` is not a JSON type"));
                    finding = match bridged {
                        Some(near) => finding
                            .help(format!("did you mean `{near}`? The types are {}", words.join(", ")))
                            .fix(yaml.span, near),
                        None => finding.help(format!("the types are {}", words.join(", "))),
                    };
                    self.findings.push(finding);
                    return None;
                };
                Matcher::Type(kind)
            }
            word => {
                let finding = Diagnostic::error(entry.key_span, format!("`{word}` is not a matcher"));
                let finding = if let Some((tool, key)) = keys::MATCHER.bridge(word) {
                    finding
                        .help(format!("{tool} calls this `{word}`; here it is `{}`", key.name))
                        .fix(entry.key_span, key.name)
                } else {
                    let names: Vec<&str> = keys::MATCHER.keys.iter().map(|key| key.name).collect();
                    match crate::suggest::nearest(word, names.iter().copied()) {
                        Some(near) => finding.help(format!("did you mean `{near}`?")).fix(entry.key_span, near),
                        None => finding.help(format!(
                            "the matchers are: {}; to compare with a map write `equals:` in front of it",
                            names.join(", ")
                        )),
                    }
                };
                self.findings.push(finding);
                return None;
            }
        })
    }

    fn truth(&mut self, entry: &Entry) -> Option<bool> {
        match &entry.value.kind {
            NodeKind::Scalar { text, style: Style::Plain } if matches!(&**text, "true" | "false") => {
                Some(&**text == "true")
            }
            NodeKind::Scalar { .. } | NodeKind::List(_) | NodeKind::Map(_) => {
                self.error(
                    entry.value.span,
                    format!("`{}` takes true or false, not {}", entry.key, entry.value.describe()),
                    format!("write `{}: true`", entry.key),
                );
                None
            }
        }
    }

    /// The value of a comparison by size: it must be a number, a time or a size.
    fn ordered(&mut self, entry: &Entry, measure: Measure, id: NodeId) -> Option<Expected> {
        // Any number can be compared with a count, `above: 4.5` too.
        let is_number = || entry.value.text().is_some_and(|text| is_number(text));
        let measure = if measure == Measure::Count && is_number() { Measure::Plain } else { measure };
        let expected = self.expected(&entry.value, measure, id)?;
        if let Expected::Tree(Tree::Literal(value)) = &expected
            && value.as_number().is_none()
        {
            self.error(
                entry.value.span,
                format!("`{}` compares numbers, but this is {}", entry.key, entry.value.describe()),
                format!("for example `{}: 10`", entry.key),
            );
            return None;
        }
        Some(expected)
    }

    fn one_or_list(&mut self, yaml: &Yaml, id: NodeId) -> Option<Vec<Expected>> {
        match &yaml.kind {
            NodeKind::List(_) => self.list(yaml, Measure::Plain, id),
            NodeKind::Scalar { .. } | NodeKind::Map(_) => Some(vec![self.expected(yaml, Measure::Plain, id)?]),
        }
    }

    fn list(&mut self, yaml: &Yaml, measure: Measure, id: NodeId) -> Option<Vec<Expected>> {
        let Some(items) = yaml.items() else {
            self.error(yaml.span, format!("this takes a list, not {}", yaml.describe()), "for example [1, 2]");
            return None;
        };
        let compiled: Vec<Option<Expected>> = items.iter().map(|item| self.expected(item, measure, id)).collect();
        compiled.into_iter().collect()
    }

    fn expected(&mut self, yaml: &Yaml, measure: Measure, id: NodeId) -> Option<Expected> {
        if measure == Measure::Plain {
            return self.tree(yaml, Some(id)).map(|(tree, _)| Expected::Tree(tree));
        }
        let Some(text) = yaml.text() else {
            let what = if measure == Measure::Count { "a number" } else { "one value" };
            self.error(yaml.span, format!("this takes {what}, not {}", yaml.describe()), "write the value alone");
            return None;
        };
        if text.contains("${") {
            return self.tree(yaml, Some(id)).map(|(tree, _)| Expected::Tree(tree));
        }
        let parsed = match measure {
            Measure::Duration => parse_duration(text).map(|time| Value::Float(time.as_secs_f64() * 1e3)),
            Measure::Size => parse_size(text).map(|bytes| Value::Int(bytes as i64)),
            Measure::Count | Measure::Plain => {
                let whole = |number: &f64| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number);
                let Some(count) = text.trim().parse::<f64>().ok().filter(whole) else {
                    self.error(
                        yaml.span,
                        format!("`messages` is a count, so it takes a whole number, not `{text}`"),
                        "for example `messages: { at_least: 5 }`",
                    );
                    return None;
                };
                return Some(Expected::Tree(Tree::Literal(Value::Int(count as i64))));
            }
        };
        match parsed {
            Ok(value) => Some(Expected::Measured(value, text.to_string())),
            Err(error) => {
                let mut finding = Diagnostic::error(yaml.span, error.message);
                let corrected = match measure {
                    Measure::Duration if text.parse::<f64>().is_ok() => Some(format!("{text}ms")),
                    Measure::Plain | Measure::Duration | Measure::Size | Measure::Count => error.corrected,
                };
                if let Some(corrected) = corrected {
                    finding = finding.help(format!("write `{corrected}`")).fix(yaml.span, corrected);
                }
                self.findings.push(finding);
                None
            }
        }
    }
}
