//! What is known of a request's URL before the run.

use super::super::plan::HttpStep;
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::graph::Build;
use crate::graph::Compiled;
use crate::plan::Text;
use crate::protocols::http::client::Target;
use crate::uri;
use std::borrow::Cow;

impl Build<'_> {
    /// Checks a request's URL and the base URL before it; whether the request can be made at all.
    pub(super) fn check_target(&mut self, step: &HttpStep, url: &Compiled, base: Option<(&Text, &Compiled)>) -> bool {
        let literal = url.template.literal();
        // `#{name}` is told as a variable.
        if url.template.spells('#') && !step.url.value.contains("#{") {
            self.findings.push(
                Diagnostic::warning(
                    step.url.span,
                    "everything after `#` in a URL stays on the client: the server only gets the part before it",
                )
                .help("remove it, or write `%23` if the server should get a `#`"),
            );
        }
        let Some(path) = literal.filter(|text| !uri::is_absolute(text)) else {
            match (literal, base) {
                (Some(whole), _) => self.check_whole(&scheme(step, whole), step.url.span),
                (None, Some((written, base))) => {
                    self.check_base(step, written, base);
                }
                (None, None) => {}
            }
            return true;
        };
        let Some((written, base)) = base else {
            self.findings.push(no_base(path, step.url.span));
            return false;
        };
        let sound = self.check_base(step, written, base);
        if let Some(host) = uri::network_path(path) {
            self.findings.push(
                Diagnostic::warning(
                    step.url.span,
                    format!("`//` at the start means a host name: this goes to `{host}`, not to the `base_url`"),
                )
                .help("write the scheme before it to make this clear, or a single `/` for a path"),
            );
        } else if uri::lacks_scheme(path) {
            self.findings.push(
                Diagnostic::warning(step.url.span, "without http:// before it this is a path after the `base_url`")
                    .help(format!("did you mean `http://{path}`?")),
            );
        }
        if let (true, Some(base)) = (sound, base.template.literal()) {
            match uri::resolve(Some(base), path) {
                Ok(whole) => self.check_whole(&scheme(step, &whole), step.url.span),
                Err(problem) => self.error(step.url.span, problem.message.as_str(), problem.help_or(WHOLE)),
            }
        }
        true
    }

    /// Checks a base URL on its own, once for each place it is written at.
    fn check_base(&mut self, step: &HttpStep, written: &Text, base: &Compiled) -> bool {
        let known = |finding: &Diagnostic| finding.span == written.span && finding.severity == Severity::Error;
        if self.findings.iter().any(known) {
            return false;
        }
        let sign = ['#', '?'].into_iter().find(|sign| base.template.spells(*sign));
        if let Some(message) = sign.and_then(|sign| uri::base_problem(sign.encode_utf8(&mut [0; 4]))) {
            let mut finding = Diagnostic::error(written.span, message).help(uri::BASE_REMEDY);
            if let Some(base) = base.template.literal()
                && !self.sources.is_command_line(written.span)
                && let Some(end) = base.find(['?', '#'])
            {
                finding = finding.fix(written.span, base[..end].trim_end_matches('/'));
            }
            self.findings.push(finding);
            return false;
        }
        let Some(base) = base.template.literal() else { return true };
        match Target::parse(&scheme(step, base)) {
            Ok(_) => true,
            Err(problem) => {
                self.error(written.span, problem.message.as_str(), problem.help_or(WHOLE));
                false
            }
        }
    }

    fn check_whole(&mut self, url: &str, span: Span) {
        if let Err(problem) = Target::parse(url)
            && !self.findings.iter().any(|finding| finding.span == span && finding.severity == Severity::Error)
        {
            self.error(span, problem.message.as_str(), problem.help_or(WHOLE));
        }
    }
}

/// The URL as HTTP knows it: that of a WebSocket has schemes of its own.
fn scheme<'u>(step: &HttpStep, url: &'u str) -> Cow<'u, str> {
    if step.websocket { uri::http_form(url) } else { Cow::Borrowed(url) }
}

const WHOLE: &str = "a whole URL looks like http://localhost:8080/path";

/// A path without a base URL.
fn no_base(path: &str, span: Span) -> Diagnostic {
    if uri::network_path(path).is_some() {
        return Diagnostic::error(span, format!("`{path}` names a host but no scheme"))
            .help(format!("write `http:{path}` or `https:{path}`"));
    }
    if uri::lacks_scheme(path) {
        return Diagnostic::error(span, format!("`{path}` is not a whole URL: it has no scheme"))
            .help(format!("write `http://{path}` or `https://{path}`"));
    }
    Diagnostic::error(span, format!("`{path}` is only a path, and there is no `base_url`"))
        .help("write `http: { base_url: … }` on the plan, give --base-url, or write a whole URL")
}
