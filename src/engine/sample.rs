//! One request of a user: made from the node, sent, judged and counted.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::events::{Event, Extracted, Observed, RowKind};
use super::user::{Local, User};
use crate::exchange::Exchange;
use crate::failure::{FailureKind, StepError};
use crate::graph::{LabelId, Node, NodeId, NodeKind, Request};
use crate::mask::{Masker, texts_of};
use crate::metrics::{Example, Outcome, ResponseTime, Sample, SampleFailure};
use crate::protocols::sampler::{self, Sending};
use crate::response::Response;
use crate::response::body_turn::{LARGE_BODY, Turn};
use crate::sanitize::short;
use crate::template::Template;

/// How long a message may be, in characters.
const LONGEST: usize = 1000;

/// A request that was sent, for its credentials.
pub(super) struct Sent {
    node: NodeId,
    request: sampler::Sent,
    /// The values of cookies of a response that did not come whole.
    cookies: Vec<String>,
}

/// Records a request as interrupted when the run drops it before it has ended.
struct InFlight<'l> {
    local: &'l Local,
    label: LabelId,
    started: Duration,
    ended: Cell<bool>,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.ended.get() {
            let sample = Sample::bare(self.label, self.started, self.local.clock.now(), Outcome::Interrupted);
            self.local.recorder.borrow_mut().sample(&sample, &mut Example::default);
        }
    }
}

/// What an exchange was found to be.
#[derive(Default)]
struct Judged {
    /// When it started and ended, by the clock of the run.
    started: Duration,
    ended: Duration,
    /// The request belongs to the warm-up, so its assertions are not counted.
    warm_up: bool,
    failures: Vec<SampleFailure>,
    /// For `try`: what was extracted and what was judged.
    extracted: Vec<Extracted>,
    assertions: Vec<(String, Result<(), crate::assertions::AssertionFailure>)>,
}

impl User {
    /// Sends a node's request and counts it; whether it passed.
    ///
    /// # Errors
    /// When it cannot be made: nothing was sent.
    pub(super) async fn request(&mut self, id: NodeId, node: &Node, request: &Request) -> Result<bool, StepError> {
        let local = self.local.clone();
        self.prepare(id, request)?;
        // The user goes along: its variables tell which messages are meant. What is sent is on the
        // heap, so that this moves a pointer.
        let Some(sent) = self.sent.take() else { return Ok(false) };
        let observed = local.observer.is_some();
        let start = Instant::now();
        let started = local.clock.at(start);
        let flight = InFlight { local: &local, label: node.label, started, ended: Cell::new(false) };
        let sessions = self.sessions.clone();
        let exchange = sessions.exchange(start, &sent.request, &local.shared.transports, self).await;
        self.sent = Some(sent);
        self.hides = None;
        let size = exchange.outcome.as_ref().map_or(0, |response| response.body.len());
        let turn = if size < LARGE_BODY { None } else { self.turn_of_body(size).await };
        flight.ended.set(true);
        let ended = started + exchange.timings.total;

        let warm_up = local.recorder.borrow().warms_up(node.label, started.saturating_sub(self.behind));
        let mut judged = Judged { started, ended, warm_up, ..Judged::default() };
        let response = match &exchange.outcome {
            Ok(response) => {
                self.response = Some(response.clone());
                self.judge(id, request, response, observed, &mut judged);
                Some(&**response)
            }
            Err(failure) => {
                self.unset(id, request);
                if let Some(what) = failure.exhausted {
                    local.recorder.borrow_mut().exhausted(what);
                }
                let failure = SampleFailure::new(failure.kind, failure.message.clone(), node.span);
                if let Some(partial) = &exchange.partial {
                    self.note_partial(request, partial);
                    // A gateway's 502 tells more than the missing end of its page: it is named first.
                    if partial.status.is_some() {
                        self.judge_status(node, request, partial, observed, &mut judged);
                    }
                }
                judged.failures.push(failure);
                exchange.partial.as_deref()
            }
        };
        drop(turn);
        let passed = judged.failures.is_empty();
        self.response_ok = passed;
        let masker = (!passed || observed).then(|| self.masker());
        self.record(node, &exchange, &judged, masker.as_ref());
        self.forget_body();
        if let (Some(observer), Some(masker)) = (&local.observer, &masker) {
            observer.request(&Observed {
                node: id,
                exchange: &exchange,
                response,
                extracted: &judged.extracted,
                assertions: &judged.assertions,
                failure: judged.failures.first().map(|failure| failure.message.as_str()),
                masker,
            });
        }
        Ok(passed)
    }

    /// Waits until a large body may be evaluated. Other users are looked at meanwhile: that is no time
    /// of this one's transactions.
    #[cold]
    async fn turn_of_body(&mut self, size: usize) -> Option<Turn> {
        let begin = Instant::now();
        let turn = Turn::wait(size).await;
        self.waited += begin.elapsed();
        turn
    }

    /// Every credential of the last exchange and of the user, wherever it is: a target may send
    /// it back in its response.
    pub(super) fn credentials(&mut self) -> Vec<String> {
        let mut values = self.sessions.cookie_values();
        let cookies = self.response.iter().flat_map(|response| &response.cookies);
        values.extend(cookies.map(|(_, value)| value.clone()));
        let Some(Sent { request, cookies, .. }) = self.sent.as_deref() else { return values };
        values.extend(cookies.iter().cloned());
        request.credentials(&mut values);
        values
    }

    /// What comes of a response that is not whole is hidden too.
    fn note_partial(&mut self, request: &Request, partial: &Response) {
        if let Some(sent) = &mut self.sent {
            sent.cookies = partial.cookies.iter().map(|(_, value)| value.clone()).collect();
        }
        let mut secrets = Vec::new();
        self.secrets_in(request, partial, &mut secrets);
        secrets.into_iter().for_each(|secret| self.note_replaced(secret));
        self.hides = None;
    }

    /// The secrets in the last response, also those that no variable gets because the request failed.
    pub(super) fn received_secrets(&mut self, values: &mut Vec<String>) {
        let (graph, response) = (self.graph.clone(), self.response.clone());
        let node = self.sent.as_ref().map(|sent| &graph.node(sent.node).kind);
        if let (Some(NodeKind::Request(request)), Some(response)) = (node, response) {
            self.secrets_in(request, &response, values);
        }
    }

    fn secrets_in(&mut self, request: &Request, response: &Response, values: &mut Vec<String>) {
        for (slot, extractor) in &request.extractors {
            if self.graph.slots[slot.0 as usize].secret {
                for value in extractor.secrets(response, self) {
                    texts_of(&value, values);
                }
            }
        }
    }

    /// A sent body is kept no longer than it may be shown.
    fn forget_body(&mut self) {
        if let Some(sent) = &mut self.sent {
            sent.request.forget_body();
        }
    }

    fn record(&mut self, node: &Node, exchange: &Exchange, judged: &Judged, masker: Option<&Masker>) {
        let failures: Vec<SampleFailure>;
        let outcome = if judged.failures.is_empty() {
            Outcome::Passed
        } else {
            let hide = |text: &String| masker.map_or_else(String::new, |masker| told(text, masker));
            failures = judged
                .failures
                .iter()
                .map(|failure| SampleFailure {
                    message: hide(&failure.message),
                    expected: failure.expected.as_ref().map(hide),
                    actual: failure.actual.as_ref().map(hide),
                    ..failure.clone()
                })
                .collect();
            Outcome::Failed(&failures)
        };
        let sample = Sample {
            label: node.label,
            started: judged.started,
            ended: judged.ended,
            response_time: response_time(exchange),
            behind: std::mem::take(&mut self.behind),
            timings: exchange.timings,
            gaps: exchange.gaps.as_deref(),
            status: exchange.response().and_then(|response| response.status),
            sent_bytes: exchange.sent_bytes,
            received_bytes: exchange.received_bytes,
            reconnects: exchange.reconnects,
            cached: exchange.cached && judged.failures.is_empty(),
            outcome,
        };
        let local = &self.local;
        let mut example = || {
            let Some(masker) = masker else { return Example::default() };
            if let Some(first) = judged.failures.first() {
                let name = masker.mask(&node.name).into();
                local.events.send(Event::Failure(name, told(&in_a_line(first), masker)));
            }
            Example {
                request: self.sent.as_ref().map_or_else(String::new, |sent| sent.request.shown(masker)),
                response: exchange.response().map_or_else(String::new, |response| shown(response, masker)),
            }
        };
        local.recorder.borrow_mut().sample(&sample, &mut example);
        self.samples += 1;
        if self.local.rows.is_some() {
            let masker = masker.cloned().unwrap_or_else(|| self.masker());
            // A message goes where its connection goes.
            let written = self.sent.as_ref().map_or("", |sent| sent.request.url());
            let url = match written {
                "" => exchange.response().map_or("", |response| &response.url),
                written => written,
            };
            let url = masker.url(url);
            let failure = judged.failures.first();
            let failure = failure.map(|first| (first.kind.word(), told(&in_a_line(first), &masker)));
            let status = exchange.outcome.as_ref().ok().and_then(|response| response.status);
            let kind = RowKind::Request { status, url: &url };
            self.local.row(self.group, self.number, &sample, kind, failure);
        }
    }

    /// Status first, then extractors, then the other assertions; a wrong status skips the rest.
    fn judge(&mut self, id: NodeId, request: &Request, response: &Response, observed: bool, judged: &mut Judged) {
        let graph = self.graph.clone();
        let node = graph.node(id);
        let statuses = self.judge_status(node, request, response, observed, judged);
        if !judged.failures.is_empty() {
            self.unset(id, request);
            return;
        }
        for (slot, extractor) in &request.extractors {
            let found = extractor.extract(response, self);
            if observed {
                let secret = self.graph.slots[slot.0 as usize].secret;
                let remark = found.as_ref().ok().and_then(|value| extractor.remark(value, response, self));
                let shown = found.as_ref().map(ToString::to_string).map_err(|failure| failure.message.clone());
                judged.extracted.push(Extracted { variable: extractor.variable.clone(), found: shown, secret, remark });
            }
            match found {
                Ok(value) => self.set(*slot, Some(value)),
                Err(failure) => {
                    self.set(*slot, None);
                    self.note_unset(*slot, id);
                    judged.failures.push(SampleFailure {
                        actual: Some(failure.message),
                        ..SampleFailure::new(FailureKind::Extraction, failure.cause, node.span)
                    });
                }
            }
        }
        self.check(request, statuses..request.assertions.len(), response, observed, judged);
    }

    /// Judges the status; tells how many assertions are about it.
    fn judge_status(
        &mut self,
        node: &Node,
        request: &Request,
        response: &Response,
        observed: bool,
        judged: &mut Judged,
    ) -> usize {
        // The codes with which WebSockets are closed begin at 1000: none of them is an error by itself.
        if request.default_status
            && let Some(status @ 400..=999) = response.status
        {
            judged.failures.push(SampleFailure {
                expected: Some(request.protocol.expected_status().into()),
                actual: Some(response.status_and_gist(&self.masker())),
                ..SampleFailure::new(FailureKind::Status, format!("the status is {status}"), node.span)
            });
        }
        let is_status = |assertion: &crate::assertions::Assertion| {
            matches!(assertion.subject(), crate::assertions::Subject::Status)
        };
        let statuses = request.assertions.iter().take_while(|(_, assertion)| is_status(assertion)).count();
        self.check(request, 0..statuses, response, observed, judged);
        statuses
    }

    fn check(
        &mut self,
        request: &Request,
        which: std::ops::Range<usize>,
        response: &Response,
        observed: bool,
        judged: &mut Judged,
    ) {
        for (id, assertion) in &request.assertions[which] {
            let result = assertion.check(response, self);
            if !judged.warm_up {
                self.local.recorder.borrow_mut().assertion(*id, result.is_ok());
            }
            if let Err(failure) = &result {
                judged.failures.push(SampleFailure {
                    kind: failure.kind,
                    message: failure.text.clone(),
                    expected: Some(failure.expected.clone()),
                    actual: Some(failure.actual.clone()),
                    assertion: Some(*id),
                    span: self.local.shared.graph.assertions[id.index()].span,
                });
            }
            if observed {
                judged.assertions.push((assertion.text_in(self), result));
            }
        }
    }

    fn unset(&mut self, id: NodeId, request: &Request) {
        for (slot, _) in &request.extractors {
            self.set(*slot, None);
            self.note_unset(*slot, id);
        }
    }

    /// Makes the request where it stays while it is sent and after: it is large, and every move of it shows.
    fn prepare(&mut self, id: NodeId, request: &Request) -> Result<(), StepError> {
        self.set_all(&request.with)?;
        let local = self.local.clone();
        let capture = local.observer.is_some();
        let sending = Sending {
            node: id,
            fixed: &local.fixed,
            keep_body: request.keep_body || capture,
            measure_body: request.measure_body,
            capture,
        };
        let request = sampler::prepare(&request.protocol, &sending, self)?;
        let sent = Sent { node: id, request, cookies: Vec::new() };
        match &mut self.sent {
            Some(before) => **before = sent,
            None => self.sent = Some(Box::new(sent)),
        }
        Ok(())
    }

    pub(super) fn text(&mut self, template: &Template) -> Result<String, StepError> {
        sampler::text(self, template)
    }
}

/// How long an exchange took: to the last byte of its response, or for how long one was waited
/// for in vain. What was never sent has no time, whatever the attempt to send it took.
fn response_time(exchange: &Exchange) -> ResponseTime {
    let total = exchange.timings.total;
    match &exchange.outcome {
        Ok(_) => ResponseTime::Whole(total),
        Err(failure) => match failure.kind {
            FailureKind::Dns | FailureKind::Connect | FailureKind::Tls | FailureKind::Step => ResponseTime::None,
            FailureKind::Timeout
            | FailureKind::Reset
            | FailureKind::Protocol
            | FailureKind::Body
            | FailureKind::Status
            | FailureKind::Assertion
            | FailureKind::Extraction
            | FailureKind::Interrupted => {
                // Who waits for messages need not have sent any.
                let waited = exchange.partial.as_ref().is_some_and(|partial| partial.messages.is_some());
                if waited || exchange.sent_bytes > 0 { ResponseTime::AtLeast(total) } else { ResponseTime::None }
            }
        },
    }
}

/// A failure in a line: what failed, and what came instead.
fn in_a_line(failure: &SampleFailure) -> String {
    match &failure.actual {
        Some(actual) if actual.starts_with(&failure.message) => actual.clone(),
        Some(actual) => format!("{}: got {actual}", failure.message),
        None => failure.message.clone(),
    }
}

/// A message without secrets, cut to what anybody reads.
fn told(message: &str, masker: &Masker) -> String {
    short(&masker.beginning(message, LONGEST), LONGEST).into_owned()
}

fn shown(response: &Response, masker: &Masker) -> String {
    let status = response.status.map_or_else(String::new, |status| format!(" {status}"));
    let mut text = format!("{}{status}\n{}", response.version, masker.headers(&response.headers));
    if !response.body.is_empty() {
        text.push('\n');
        text.push_str(&sampler::beginning_of_response(response, masker));
    }
    text
}
