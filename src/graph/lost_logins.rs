//! Logins in `on_start` whose session is thrown away before the first iteration.

use super::build::Build;
use super::{Group, NodeId, NodeKind};
use crate::diagnostic::Diagnostic;
use crate::protocols::http::client::KeptFor;
use crate::protocols::node::Protocol;

impl Build<'_> {
    /// Warns of `cookies: iteration` where `on_start` sends requests: its cookies are gone when the first iteration
    /// starts. If the last of these requests extracts something, that is taken for a token, which stays.
    pub(super) fn lost_logins(&mut self, groups: &[Group]) {
        for group in groups {
            let mut requests = Vec::new();
            let mut rest: Vec<NodeId> = group.on_start.iter().rev().copied().collect();
            while let Some(id) = rest.pop() {
                let node = &self.nodes[id.index()];
                if let NodeKind::Request(request) = &node.kind {
                    requests.push((node, request));
                }
                rest.extend(super::draw::edges(node).into_iter().rev().map(|(child, _)| child));
            }
            let Some((node, request)) = requests.last() else { continue };
            let is_emptied = match &request.protocol {
                Protocol::Http(http) => {
                    let settings = self.transports.get(http.transport.index());
                    settings.is_some_and(|settings| settings.cookies == KeptFor::Iteration)
                }
                Protocol::WebSocket(_) | Protocol::Send(_) | Protocol::Receive(_) | Protocol::Sse(_) => false,
            };
            if !is_emptied || !request.extractors.is_empty() {
                continue;
            }
            let message = format!(
                "`cookies: iteration` empties the cookies before each iteration, so a session that `on_start` of `{}` \
                 obtains is lost before the first one",
                group.name
            );
            let finding = Diagnostic::warning(node.span, message).help(
                "remove `cookies: iteration` so that each user stays logged in, or move the login to the beginning of \
                 `steps` so that each iteration logs in again",
            );
            self.findings.push(finding);
        }
    }
}
