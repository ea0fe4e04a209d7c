//! Plans that look at a redirect while redirects are followed: what they look for is never seen.

use super::super::plan::HttpStep;
use crate::diagnostic::{Diagnostic, Span};
use crate::graph::Build;
use crate::plan::{AssertionGroup, AssertionSpec, ExtractorSpec, HowSpec, SubjectSpec};
use crate::yaml::{Node as Yaml, NodeKind};

const REMEDY: &str = "write `follow_redirects: false` at this request, then the redirect itself is the response";

impl Build<'_> {
    /// Warns of assertions on a redirect's status or `Location`, and of extractors of the latter.
    /// The `Location` of a 201 is another matter: a status of the plan says so.
    pub(super) fn followed_redirects(
        &mut self,
        step: &HttpStep,
        extract: &[ExtractorSpec],
        groups: &[(&AssertionGroup, Vec<usize>)],
    ) {
        let specs: Vec<&AssertionSpec> =
            groups.iter().flat_map(|(group, kept)| kept.iter().map(|index| &group.items[*index])).collect();
        let mut created = false;
        for spec in &specs {
            let (SubjectSpec::Status, Some(yaml)) = (&spec.subject, &spec.matcher) else { continue };
            let statuses = statuses(yaml);
            created |= statuses.iter().any(|status| status.starts_with('2'));
            if !statuses.is_empty() && statuses.iter().all(|status| is_redirect(status)) {
                let message = format!("redirects are followed, so the status is never {}", statuses.join(" or "));
                self.warn_once(yaml.span, message, REMEDY.to_owned());
            }
        }
        if created && !matches!(&*step.method, "GET" | "HEAD") {
            return;
        }
        let remedy = format!("{REMEDY}; for the `Location` of a 201 assert `status: 201`");
        for spec in specs {
            if let SubjectSpec::Header(name) = &spec.subject
                && name.value.eq_ignore_ascii_case("location")
            {
                let message = "redirects are followed, so the `Location` of a redirect is never seen";
                self.warn_once(name.span, message.to_owned(), remedy.clone());
            }
        }
        for spec in extract {
            let header = match (&spec.how, &spec.source) {
                (HowSpec::Header(name), _) => Some((&*name.value, name.span)),
                (_, Some(source)) => source.value.strip_prefix("header.").map(|name| (name, source.span)),
                (_, None) => None,
            };
            if let Some((_, span)) = header.filter(|(name, _)| name.eq_ignore_ascii_case("location")) {
                let message = "redirects are followed, so the `Location` of a redirect is never seen";
                self.warn_once(span, message.to_owned(), remedy.clone());
            }
        }
    }

    /// A step of a fragment is compiled wherever it is used.
    fn warn_once(&mut self, span: Span, message: String, help: String) {
        let warning = Diagnostic::warning(span, message).help(help);
        if !self.findings.contains(&warning) {
            self.findings.push(warning);
        }
    }
}

/// The statuses that a plain value, a list or `equals`/`one_of` names.
fn statuses(yaml: &Yaml) -> Vec<String> {
    match &yaml.kind {
        NodeKind::Scalar { text, .. } => vec![text.trim().to_ascii_lowercase()],
        NodeKind::List(items) => items.iter().flat_map(statuses).collect(),
        NodeKind::Map(entries) => entries
            .iter()
            .filter(|entry| matches!(&*entry.key, "equals" | "one_of"))
            .flat_map(|entry| statuses(&entry.value))
            .collect(),
    }
}

/// The statuses that are followed (RFC 9110 §15.4); a 304 is not.
fn is_redirect(status: &str) -> bool {
    matches!(status, "301" | "302" | "303" | "307" | "308" | "3xx")
}
