//! Requests of any protocol: what is the same in all of them, compiled.

use super::build::Build;
use super::steps::Context;
use super::{Children, LabelId, NodeId, Request};
use crate::assertions::Subject;
use crate::diagnostic::Diagnostic;
use crate::plan::{self, AssertionGroup, AssertionSpec, HowSpec, Step, SubjectSpec};
use crate::protocols::compile;
use crate::protocols::node::Protocol;
use crate::protocols::spec::{OptionalPart, Spec};
use crate::yaml::Entry;

impl Build<'_> {
    pub(crate) fn request(
        &mut self,
        request: &plan::Request,
        outer: &Step,
        id: NodeId,
        label: LabelId,
        context: &Context,
    ) -> Option<Request> {
        self.check_merged(request, outer, label);
        let depth = self.names.local.len();
        let with = self.with(&request.with, id);
        let protocol = compile::compile(self, request, outer, id, context);
        // Extractors run before the assertions, which may read what they set; the request itself may not.
        let extractors = self.extractors(&request.extract, id);
        let plan = self.plan;
        let group = context.group.map(|group| plan.groups[group.index()].defaults.assertions(&request.protocol));
        let layers: Vec<&[AssertionGroup]> = std::iter::once(plan.defaults.assertions(&request.protocol))
            .chain(group)
            .chain([&*request.assert])
            .collect();
        let groups = effective_assertions(&layers);
        let (assertions, judges_status) = self.assertions(&groups, request.protocol.statuses(), label, id);
        self.never_held(&request.protocol, &assertions);
        self.end_with(depth, "this request");
        self.check_parts(request, context, &groups);
        if let Some(protocol) = &protocol {
            compile::check(self, request, protocol, &groups);
        }
        self.label_thresholds(label, &request.thresholds);
        self.judge_errors(label, context);
        let children = match request.protocol.steps() {
            [] => Children::default(),
            steps => {
                let inner = context.on(protocol.as_ref().and_then(Protocol::opens));
                self.children(steps, &inner)
            }
        };
        let protocol = protocol?;
        let keep_body = assertions.iter().any(|(_, assertion)| assertion.needs_body())
            || extractors.iter().any(|(_, extractor)| extractor.needs_body())
            || protocol.reads_body();
        let measure_body = assertions.iter().any(|(_, assertion)| matches!(assertion.subject(), Subject::Size));
        Some(Request {
            protocol,
            with,
            extractors,
            assertions,
            default_status: !judges_status,
            keep_body,
            measure_body,
            children,
        })
    }

    /// Checks what is asked of a response, and of its time, against what the protocol has.
    fn check_parts(&mut self, request: &plan::Request, context: &Context, groups: &[(&AssertionGroup, Vec<usize>)]) {
        let asserted = groups.iter().flat_map(|(group, kept)| kept.iter().map(|index| &group.items[*index]));
        let asserted = asserted
            .filter(|spec| !holds_without(spec, &request.protocol))
            .filter_map(|spec| Some((subject_key(&spec.subject).0, spec.span, part_of(&spec.subject)?)));
        let extracted = request.extract.iter().map(|spec| match (&spec.how, &spec.source) {
            (HowSpec::Header(name), _) => ("extract", name.span, OptionalPart::Headers),
            (HowSpec::Cookie(name), _) => ("extract", name.span, OptionalPart::Cookies),
            (_, Some(source)) if &*source.value == "url" => ("extract", source.span, OptionalPart::Url),
            (_, Some(source)) if source.value.starts_with("header.") => ("extract", source.span, OptionalPart::Headers),
            (_, Some(source)) => ("extract", source.span, OptionalPart::Cookies),
            (
                HowSpec::Json(_) | HowSpec::Regex(..) | HowSpec::Css(..) | HowSpec::XPath(_) | HowSpec::Between(..),
                None,
            ) => ("extract", spec.variable.span, OptionalPart::Body),
        });
        let asked: Vec<_> = asserted.chain(extracted).collect();
        for (key, span, part) in asked {
            if let Some(why) = request.protocol.lacks(part) {
                let help = request.protocol.remedy(part).unwrap_or("remove it");
                self.error(span, format!("{why}, so `{key}` has nothing to look at here"), help);
            }
        }
        self.phases.extend(request.protocol.phases().iter().map(|phase| (context.group, *phase)));
        for threshold in &request.thresholds {
            if let Some(phase) = threshold.condition.phase.filter(|phase| !request.protocol.phases().contains(phase)) {
                let part = OptionalPart::timed(phase);
                if let Some((part, why)) = part.and_then(|part| Some((part, request.protocol.lacks(part)?)))
                    && let Some(remedy) = request.protocol.remedy(part)
                {
                    let message = format!("{why}, so `{}` could never be judged", phase.word());
                    self.error(threshold.span, message, remedy);
                    continue;
                }
                let phases: Vec<&str> = request.protocol.phases().iter().map(|phase| phase.word()).collect();
                let help = match phases.as_slice() {
                    [] => "write it without a phase: the whole response time".to_owned(),
                    phases => format!("its phases are {}", phases.join(", ")),
                };
                self.error(threshold.span, format!("this request has no phase `{}`", phase.word()), help);
            }
        }
    }

    /// Two requests under one label share a line of the report; that is meant when they are the same.
    fn check_merged(&mut self, request: &plan::Request, outer: &Step, label: LabelId) {
        let sends = request.protocol.sends();
        match self.requests.get(&label) {
            None => {
                self.requests.insert(label, sends);
            }
            Some(first) if *first != sends => {
                let first_span = self.labels[label.index()].span;
                let span = outer.name.as_ref().map_or(outer.span, |name| name.span);
                let text = self.labels[label.index()].text.clone();
                self.findings.push(
                    Diagnostic::warning(
                        span,
                        format!("two different requests are called `{text}`, so their figures merge into one line"),
                    )
                    .help("give each its own `name`")
                    .related(first_span, "the first request of this name"),
                );
            }
            Some(_) => {}
        }
    }
}

/// The assertions that apply: a request's own subject replaces that subject of outer places.
fn effective_assertions<'a>(layers: &[&'a [AssertionGroup]]) -> Vec<(&'a AssertionGroup, Vec<usize>)> {
    let mut result = Vec::new();
    for (depth, layer) in layers.iter().enumerate() {
        for group in *layer {
            let kept = (0..group.items.len())
                .filter(|index| {
                    let subject = subject_key(&group.items[*index].subject);
                    !layers[depth + 1..]
                        .iter()
                        .flat_map(|inner| inner.iter())
                        .flat_map(|inner| &inner.items)
                        .any(|inner| subject_key(&inner.subject) == subject)
                })
                .collect();
            result.push((group, kept));
        }
    }
    result
}

/// What makes two assertions be about the same: the key, and the path or name below it.
fn subject_key(subject: &SubjectSpec) -> (&'static str, String) {
    use SubjectSpec as S;
    match subject {
        S::Status => ("status", String::new()),
        S::ResponseTime => ("response_time", String::new()),
        S::FirstByte => ("first_byte", String::new()),
        S::Messages => ("messages", String::new()),
        S::Reply => ("reply", String::new()),
        S::FirstEvent => ("first_event", String::new()),
        S::EventGap => ("event_gap", String::new()),
        S::Size => ("size", String::new()),
        S::Body => ("body", String::new()),
        S::Url => ("url", String::new()),
        S::JsonSchema(_) => ("json_schema", String::new()),
        S::Expr(_) => ("expr", String::new()),
        S::Json(path) => ("json", path.value.to_string()),
        S::XPath(path) => ("xpath", path.value.to_string()),
        S::Css(path) => ("css", path.value.to_string()),
        S::Header(name) => ("header", name.value.to_ascii_lowercase()),
        S::Cookie(name) => ("cookie", name.value.to_string()),
    }
}

/// Whether an assertion holds although there is nothing to look at: that one message has no gap.
fn holds_without(spec: &AssertionSpec, protocol: &Spec) -> bool {
    if !matches!(spec.subject, SubjectSpec::EventGap) || !matches!(protocol, Spec::Sse(_) | Spec::Receive(_)) {
        return false;
    }
    let entries = spec.matcher.as_ref().and_then(|matcher| matcher.entries()).unwrap_or_default();
    let is_absence =
        |entry: &Entry| &*entry.key == "exists" && entry.value.text().is_some_and(|text| &**text == "false");
    !entries.is_empty() && entries.iter().all(is_absence)
}

/// The part of a response that a subject looks at; `None` where it is there in any protocol.
fn part_of(subject: &SubjectSpec) -> Option<OptionalPart> {
    match subject {
        SubjectSpec::Status => Some(OptionalPart::Status),
        SubjectSpec::FirstByte => Some(OptionalPart::FirstByte),
        SubjectSpec::Messages => Some(OptionalPart::Messages),
        SubjectSpec::Reply => Some(OptionalPart::Reply),
        SubjectSpec::FirstEvent => Some(OptionalPart::Events),
        SubjectSpec::EventGap => Some(OptionalPart::Gaps),
        SubjectSpec::Header(_) => Some(OptionalPart::Headers),
        SubjectSpec::Cookie(_) => Some(OptionalPart::Cookies),
        SubjectSpec::Url => Some(OptionalPart::Url),
        SubjectSpec::Size
        | SubjectSpec::Body
        | SubjectSpec::Json(_)
        | SubjectSpec::XPath(_)
        | SubjectSpec::Css(_)
        | SubjectSpec::JsonSchema(_) => Some(OptionalPart::Body),
        SubjectSpec::ResponseTime | SubjectSpec::Expr(_) => None,
    }
}
