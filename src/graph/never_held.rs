//! Assertions that no response of their request can meet.

use super::AssertionId;
use super::build::Build;
use crate::assertions::{Assertion, Subject};
use crate::diagnostic::Diagnostic;
use crate::protocols::spec::Spec;

/// So many counts of messages are tried.
const TRIED: u64 = 1000;

impl Build<'_> {
    /// Tells of assertions on the status and on the number of messages that can only fail.
    pub(crate) fn never_held(&mut self, protocol: &Spec, assertions: &[(AssertionId, Assertion)]) {
        for (id, assertion) in assertions {
            let span = self.assertions[id.index()].span;
            let finding = match assertion.subject() {
                Subject::Status => {
                    let mut possible = protocol.statuses().filter(|status| protocol.may_have_status(*status));
                    if possible.any(|status| assertion.may_hold(f64::from(status))) {
                        continue;
                    }
                    let finding =
                        |why: &str| Diagnostic::error(span, format!("{why}, so `{}` can only fail", assertion.text()));
                    match protocol {
                        Spec::Http(_) | Spec::Sse(_) | Spec::WebSocket(_) if assertion.asks_absence() => {
                            finding("every response has a status").help("remove it")
                        }
                        Spec::WebSocket(_) => finding(
                            "a WebSocket is opened by the status 101, or refused by one from 400 on",
                        )
                        .help(
                            "remove it: the step fails anyway unless the WebSocket is opened; or write `status: 101`",
                        ),
                        Spec::Http(_) | Spec::Sse(_) => finding("the status of a response is 200 or above")
                            .help("write the status that the server responds with, for example `status: 200`"),
                        Spec::Send(_) | Spec::Receive(_) => continue,
                    }
                }
                Subject::Messages => {
                    let Some((least, most)) = protocol.messages() else { continue };
                    let Some(most) = most else { continue };
                    let mut counts = (least..=most).take(TRIED as usize).chain([most]);
                    if counts.any(|count| assertion.may_hold(count as f64)) || most > least.saturating_add(TRIED) {
                        continue;
                    }
                    let (plural, help) = match protocol {
                        Spec::Sse(_) => ("event", "change `events` in `until`, or the assertion"),
                        Spec::Receive(_) => ("message", "change `count` in `receive`, or remove the assertion"),
                        Spec::Http(_) | Spec::WebSocket(_) | Spec::Send(_) => ("message", "remove it"),
                    };
                    let plural = if most == 1 { plural.to_owned() } else { format!("{plural}s") };
                    let at_most = if least == most { "" } else { "at most " };
                    let message = format!(
                        "this step waits for {at_most}{most} {plural}, so `{}` can only fail",
                        assertion.text()
                    );
                    Diagnostic::error(span, message).help(help)
                }
                Subject::ResponseTime
                | Subject::FirstByte
                | Subject::Reply
                | Subject::FirstEvent
                | Subject::EventGap
                | Subject::Size
                | Subject::Body
                | Subject::Json(_)
                | Subject::XPath(_)
                | Subject::Css(_)
                | Subject::Header(_)
                | Subject::Cookie(_)
                | Subject::Url
                | Subject::JsonSchema(_)
                | Subject::Expr(..) => continue,
            };
            // An assertion of the plan or of a thread group applies to many requests.
            if !self.findings.iter().any(|known| known.span == span && known.message == finding.message) {
                self.findings.push(finding);
            }
        }
    }
}
