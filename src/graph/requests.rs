//! Requests of any protocol: what is the same in all of them, compiled.

use super::build::Build;
use super::steps::Context;
use super::{Children, LabelId, NodeId, Request};
use crate::assertions::Subject;
use crate::diagnostic::Diagnostic;
use crate::plan::{self, AssertionGroup, Step, SubjectSpec};
use crate::protocols::compile;
use crate::protocols::node::Protocol;

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
        let (assertions, judges_status) = self.assertions(&groups, label, id);
        self.end_with(depth, "this request");
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
