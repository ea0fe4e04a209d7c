//! From what a plan says of a request to the node that is walked: the matches over the protocols.
//! A protocol's own part is in its folder.

use super::node::Protocol;
use super::spec::Spec;
use crate::graph::{Build, Context, NodeId};
use crate::plan::{AssertionGroup, Request, Step};

/// Compiles what a request sends. What its response is judged by is compiled after it, and does not
/// depend on the protocol.
pub(crate) fn compile(
    build: &mut Build<'_>,
    request: &Request,
    outer: &Step,
    id: NodeId,
    context: &Context,
) -> Option<Protocol> {
    match &request.protocol {
        Spec::Http(step) => build.http(step, outer, id, context).map(Protocol::Http),
        Spec::WebSocket(step) => build.websocket(step, outer, id, context).map(Protocol::WebSocket),
        Spec::Send(step) => build.send(step, id, context).map(Protocol::Send),
        Spec::Receive(step) => build.receive(step, id, context).map(Protocol::Receive),
        Spec::Sse(step) => build.sse(step, outer, id, context).map(Protocol::Sse),
    }
}

/// Checks what is asked of a response against what the protocol can give. `groups` are the
/// assertions that apply, each with the numbers of its items that are not replaced further in.
pub(crate) fn check(
    build: &mut Build<'_>,
    request: &Request,
    protocol: &Protocol,
    groups: &[(&AssertionGroup, Vec<usize>)],
) {
    match (&request.protocol, protocol) {
        (Spec::Http(step), Protocol::Http(node)) => build.check_http(step, node, &request.extract, groups),
        (Spec::Sse(step), Protocol::Sse(node)) => {
            build.check_http(&step.request, &node.request, &request.extract, groups);
        }
        (Spec::WebSocket(_) | Spec::Send(_) | Spec::Receive(_), _) | (Spec::Http(_) | Spec::Sse(_), _) => {}
    }
}
