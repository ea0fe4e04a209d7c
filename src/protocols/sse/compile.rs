//! Steps that read server-sent events, compiled.

use std::sync::Arc;

use super::node::{StreamNode, Until};
use super::plan::{StreamStep, UntilSpec};
use crate::graph::{Build, Context, NodeId};
use crate::plan::{Name, Step, Text};
use crate::protocols::http::plan::HttpSettings;
use crate::sanitize::short;
use crate::units::written_duration;

/// So much of the data that ends a stream is reported, in characters.
const SHOWN: usize = 60;

impl Build<'_> {
    /// Compiles a step that reads a stream of events.
    pub(crate) fn sse(&mut self, step: &StreamStep, outer: &Step, id: NodeId, context: &Context) -> Option<StreamNode> {
        let plan = self.plan;
        let group = context.group.map(|group| &plan.groups[group.index()].defaults.http);
        let written: Vec<&HttpSettings> =
            std::iter::once(&plan.defaults.http).chain(group).chain([&step.request.http]).collect();
        let compression = written.iter().rev().find_map(|layer| layer.transport.as_ref()?.compression).unwrap_or(true);
        let mut headers = vec![("Accept", "text/event-stream"), ("Cache-Control", "no-cache")];
        if compression {
            // Decoders of the other codings take megabytes for each stream, as long as it is open.
            headers.push(("Accept-Encoding", "gzip, deflate"));
        }
        let header = |(name, value): (&str, &str)| {
            (Name::new(name.into(), outer.span), Some(Text::new(value.into(), outer.span)))
        };
        // What is sent unless it is written stands outside of all that is.
        let usual = HttpSettings { headers: headers.into_iter().map(header).collect(), ..HttpSettings::default() };
        let layers: Vec<&HttpSettings> = std::iter::once(&usual).chain(written).collect();
        let earned: Vec<&HttpSettings> = match context.earned {
            true => layers.clone(),
            false => vec![&usual, &plan.defaults.http, &step.request.http],
        };
        let request = self.http_of(&step.request, &layers, &earned, outer.span, id);
        let until = self.until(step.until.as_ref(), id);
        Some(StreamNode { request: request?, until: Arc::new(until?) })
    }

    fn until(&mut self, spec: Option<&UntilSpec>, id: NodeId) -> Option<Until> {
        let Some(spec) = spec else {
            return Some(Until { data: None, event: None, events: None, time: None, close: true, words: "".into() });
        };
        let data = match &spec.data {
            Some(text) => Some(self.text(text, Some(id))?.template),
            None => None,
        };
        let words: Vec<String> = [
            spec.data.as_ref().map(|text| format!("an event with the data `{}`", short(&text.value, SHOWN))),
            spec.event.as_ref().map(|name| format!("an event of the type `{}`", name.value)),
            spec.events.map(|count| if count == 1 { "1 event".to_owned() } else { format!("{count} events") }),
            spec.time.map(written_duration),
        ]
        .into_iter()
        .flatten()
        .collect();
        Some(Until {
            data,
            event: spec.event.as_ref().map(|name| name.value.clone()),
            events: spec.events,
            time: spec.time,
            close: spec.close,
            words: words.join(" or ").into(),
        })
    }
}
