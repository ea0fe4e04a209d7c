//! Branches of `choose` whose weights are shares.

use super::given::one_spelling;
use super::values::percent;
use crate::diagnostic::Diagnostic;
use crate::plan::lower::Lower;
use crate::yaml::{Entry, Node, NodeKind};

const WORDS: &[&str] = &[
    "weight",
    "probability",
    "percent",
    "percentage",
    "ratio",
    "share",
    "likelihood",
    "proportion",
    "weighting",
    "odds",
    "percent_execution",
    "throughput_controller",
];

impl Lower<'_> {
    /// Weights that are shares, or called by another word, are told, and given as whole numbers; `None` for others.
    pub(crate) fn branches_meant(&mut self, node: &Node) -> Option<Node> {
        let items = node.items()?;
        let weight = |item: &Node| {
            let entry = item.entries()?.iter().position(|entry| WORDS.contains(&one_spelling(&entry.key).as_str()))?;
            Some((entry, item.entries()?.get(entry)?.clone()))
        };
        let is_ours = |entry: &Entry| {
            &*entry.key == "weight"
                && entry.value.text().is_none_or(|text| text.trim().parse::<u64>().is_ok() || text.contains("${"))
        };
        let found: Vec<Option<(usize, Entry)>> = items.iter().map(weight).collect();
        if found.iter().flatten().all(|(_, entry)| is_ours(entry)) {
            return None;
        }
        // Whole weights beside shares would mean something else.
        let mixed = found.iter().flatten().any(|(_, entry)| is_ours(entry)) || found.iter().any(Option::is_none);
        let shares: Option<Vec<f64>> = found
            .iter()
            .flatten()
            .map(|(_, entry)| percent(&one_spelling(&entry.key), entry.value.text()?)?.parse().ok())
            .collect();
        let weights = shares.as_deref().and_then(whole).filter(|_| !mixed);
        let mut branches = items.to_vec();
        for (at, (place, entry)) in found.iter().enumerate().filter_map(|(at, found)| Some((at, found.as_ref()?))) {
            if is_ours(entry) {
                continue;
            }
            let nth = found.iter().take(at).flatten().count();
            let own = weights.as_ref().and_then(|weights| weights.get(nth)).copied();
            let text = own.map(|weight| format!("weight: {weight}"));
            let message = match &*entry.key {
                "weight" => format!(
                    "`weight` is a whole number, compared with those of the other branches, not `{}`",
                    entry.value.text().map_or("this", |text| text)
                ),
                word => format!("how often a branch is drawn is its `weight`, not `{word}`"),
            };
            let finding = Diagnostic::error(entry.key_span, message);
            let finding = match &text {
                Some(text) => finding.help(format!("write `{text}`")),
                None => finding.help("give each branch a whole number, for example `weight: 70` and `weight: 30`"),
            };
            let span = self.whole(entry).filter(|_| text.is_some());
            let patch = span.zip(text.clone());
            self.report(match patch {
                Some((span, text)) => finding.fix(span, text),
                None => finding,
            });
            let read = self.as_if(text.as_deref().unwrap_or("weight: 1"), entry).unwrap_or_default();
            if let Some(Node { kind: NodeKind::Map(entries), .. }) = branches.get_mut(at) {
                entries.splice(*place..=*place, read);
            }
        }
        Some(Node { kind: NodeKind::List(branches), ..node.clone() })
    }
}

/// Shares as whole numbers in the same proportion.
fn whole(shares: &[f64]) -> Option<Vec<u64>> {
    [1.0, 10.0, 100.0].into_iter().find_map(|scale| {
        let scaled: Vec<f64> = shares.iter().map(|share| share * scale).collect();
        let is_whole = scaled.iter().all(|weight| (weight - weight.round()).abs() < 1e-6 && *weight >= 0.5);
        is_whole.then(|| scaled.iter().map(|weight| weight.round() as u64).collect())
    })
}
