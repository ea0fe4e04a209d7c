//! Thresholds as a map, as a text, or in other keys.

use super::{find, is_one_of, start_of};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::keys::THRESHOLD;
use crate::plan::lower::Lower;
use crate::threshold::Condition;
use crate::yaml::{Entry, Node, NodeKind};

/// What others call the request that a threshold is about.
const REQUEST: [&str; 10] =
    ["request", "label", "sampler", "step", "url", "transaction", "page", "endpoint", "on", "for"];

impl Lower<'_> {
    /// Reads thresholds as they are meant: as a map or a text, and each of a list.
    pub(super) fn translate_thresholds(&mut self, node: &mut Node) {
        if node.items().is_none() {
            let Some(list) = self.threshold_list(node) else { return };
            let finding =
                Diagnostic::error(start_of(node.span), format!("`thresholds` takes a list, not {}", node.describe()));
            return self.replace_value(node, &list, finding.help(format!("write `thresholds: {list}`")));
        }
        let NodeKind::List(items) = &mut node.kind else { return };
        let mut told = Vec::new();
        for (index, item) in items.iter_mut().enumerate() {
            if self.translate_threshold(item) {
                told.push(index);
            }
        }
        let mut index = 0;
        items.retain(|_| {
            index += 1;
            !told.contains(&(index - 1))
        });
    }

    /// One threshold that is a map in other keys. Whether it was told and is to be left out.
    fn translate_threshold(&mut self, item: &mut Node) -> bool {
        let Some(entries) = item.entries() else { return false };
        if entries.iter().any(|entry| &*entry.key == "threshold") {
            return false;
        }
        let ours: Vec<&Entry> = entries.iter().filter(|entry| THRESHOLD.key(&entry.key).is_some()).collect();
        let text = |words: &[&str]| {
            find(entries, words).and_then(|at| entries[at].value.text()).map(|text| text.trim().to_owned())
        };
        let metric = text(&["metric", "figure", "stat", "statistic", "measure"]);
        let request = text(&REQUEST);
        let operator = text(&["operator", "op", "condition", "comparison"]);
        let limit = text(&["value", "limit", "below", "max", "less_than", "lt", "under", "at_most"]);
        let condition = match (&metric, &limit) {
            (Some(metric), Some(limit)) => match operator {
                Some(operator) => Condition::of_entry(metric, &format!("{operator} {limit}"))
                    .or_else(|| Condition::of_entry(metric, limit)),
                None => Condition::of_entry(metric, limit),
            },
            _ => {
                let mut others = entries
                    .iter()
                    .filter(|entry| THRESHOLD.key(&entry.key).is_none() && !is_one_of(&entry.key, &REQUEST));
                match (others.next(), others.next()) {
                    (Some(only), None) => match &only.value.kind {
                        NodeKind::Scalar { text, .. } => Condition::of_entry(&only.key, text),
                        NodeKind::List(limits) if limits.len() == 1 => {
                            limits[0].text().and_then(|text| Condition::of_entry(&only.key, text))
                        }
                        NodeKind::List(_) | NodeKind::Map(_) => None,
                    },
                    _ => None,
                }
            }
        };
        let Some(condition) = condition else { return false };
        if let Some(request) = request {
            let finding = Diagnostic::error(
                start_of(item.span),
                format!("a threshold of the plan is of all requests, not of `{request}` alone"),
            );
            self.report(finding.help(format!(
                "write `thresholds: [{condition}]` below the request `{request}`, beside its `assert`, and remove it here"
            )));
            return true;
        }
        let mut pairs = Vec::new();
        for entry in ours {
            let Some(pair) = self.pair_in_flow(entry) else { return false };
            pairs.push(pair);
        }
        let text =
            if pairs.is_empty() { condition } else { format!("{{ threshold: {condition}, {} }}", pairs.join(", ")) };
        let place = Span { end: item.span.end, ..item.span };
        let what = match item.entries() {
            Some([only]) => format!("`{}` is a figure, not a key of a threshold", only.key),
            Some(_) | None => "a threshold is written as METRIC OPERATOR VALUE".into(),
        };
        let finding = Diagnostic::error(place, what);
        self.replace_value(item, &text, finding.help(format!("write `{text}`")));
        false
    }
}
