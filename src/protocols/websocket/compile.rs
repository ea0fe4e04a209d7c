//! WebSocket steps, compiled.

use std::sync::Arc;

use super::node::{Kept, Message, OpenNode, ReceiveNode, SendNode, Wait};
use super::plan::{MessageSpec, OpenStep, ReceiveStep, SendStep, WaitSpec, WebSocketSettings};
use crate::graph::{Build, ConnectionId, Context, JsonTemplate, NodeId};
use crate::plan::Step;
use crate::protocols::http::plan::HttpSettings;

/// The largest message that is taken, in bytes, unless the plan says otherwise.
const MAX_MESSAGE: u64 = 10 * 1024 * 1024;

impl Build<'_> {
    /// Compiles a step that opens a WebSocket.
    pub(crate) fn websocket(
        &mut self,
        step: &OpenStep,
        outer: &Step,
        id: NodeId,
        context: &Context,
    ) -> Option<OpenNode> {
        let plan = self.plan;
        let group = context.group.map(|group| &plan.groups[group.index()].defaults);
        let layers: Vec<&HttpSettings> = [Some(&plan.defaults), group]
            .into_iter()
            .flatten()
            .flat_map(|defaults| [&defaults.http, &defaults.websocket.http])
            .chain([&step.handshake.http])
            .collect();
        let earned: Vec<&HttpSettings> = match context.earned {
            true => layers.clone(),
            false => vec![&plan.defaults.http, &plan.defaults.websocket.http, &step.handshake.http],
        };
        let settings: Vec<&WebSocketSettings> =
            [Some(&plan.defaults.websocket), group.map(|group| &group.websocket), Some(&step.settings)]
                .into_iter()
                .flatten()
                .collect();
        let connection = ConnectionId(self.connections);
        self.connections += 1;
        let handshake = self.http_of(&step.handshake, &layers, &earned, outer.span, id);
        let offered = settings.iter().rev().find_map(|layer| layer.subprotocols.as_ref());
        let subprotocols: Option<Vec<_>> = offered
            .into_iter()
            .flatten()
            .map(|text| self.text(text, Some(id)).map(|compiled| compiled.template))
            .collect();
        let max_message = settings.iter().rev().find_map(|layer| layer.max_message).unwrap_or(MAX_MESSAGE);
        Some(OpenNode {
            connection,
            handshake: handshake?,
            subprotocols: subprotocols?,
            compression: settings.iter().rev().find_map(|layer| layer.compression).unwrap_or(true),
            max_message: usize::try_from(max_message).unwrap_or(usize::MAX - 1),
            kept: match settings.iter().rev().find_map(|layer| layer.connections) {
                Some("iteration") => Kept::Iteration,
                Some("user") => Kept::User,
                Some(_) | None => Kept::Step,
            },
        })
    }

    /// Compiles a step that sends a message.
    pub(crate) fn send(&mut self, step: &SendStep, id: NodeId, context: &Context) -> Option<SendNode> {
        let message = match &step.message {
            MessageSpec::Text(text) => self.sent(text, Some(id)).map(|compiled| Message::Text(compiled.template)),
            MessageSpec::Json(yaml) => {
                self.sent_tree(yaml, Some(id)).map(|(tree, _)| Message::Json(JsonTemplate::new(tree)))
            }
            MessageSpec::Binary(file) => self.file(file, id).map(Message::Binary),
        };
        let reply = match &step.reply {
            Some(reply) => Some(self.messages(reply, id)?),
            None => None,
        };
        Some(SendNode { connection: context.connection?, message: message?, reply })
    }

    /// Compiles a step that waits for messages.
    pub(crate) fn receive(&mut self, step: &ReceiveStep, id: NodeId, context: &Context) -> Option<ReceiveNode> {
        let wait = self.messages(&step.wait, id)?;
        Some(ReceiveNode { connection: context.connection?, wait, close: step.close })
    }

    fn messages(&mut self, wait: &WaitSpec, id: NodeId) -> Option<Arc<Wait>> {
        let matching: Vec<_> = wait.matching.iter().map(|spec| self.assertion(spec, &(100..=999), None, id)).collect();
        let matching: Option<Vec<_>> = matching.into_iter().collect();
        Some(Arc::new(Wait { count: wait.count, within: wait.within, matching: matching? }))
    }
}
