//! Every patch that a check offers is put in place and checked again: none is refused, and none changes what it
//! does not replace.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use loadplan::diagnostic::{Diagnostic, FileId, Severity};
use loadplan::plan::LoadOptions;
use loadplan::yaml::{self, Node, NodeKind, Unchanged};

/// Where a patch goes, and where its text is then.
pub type Replaced = (Range<usize>, Range<usize>);

/// Where a key or a value begins and ends.
type Place = (usize, usize);

/// Every finding of a plan.
pub fn findings(path: &Path) -> Vec<Diagnostic> {
    let loaded = loadplan::plan::load(path, &LoadOptions::default());
    let mut findings = loaded.findings;
    if let Some(plan) = loaded.plan {
        findings.extend(loadplan::graph::build(plan, &loaded.sources, &BTreeMap::new()).1);
    }
    findings
}

/// A text with the patches that are offered for it, and where each of them is then.
pub fn patched(text: &str, findings: &[Diagnostic]) -> (String, Vec<Replaced>) {
    let mut fixes: Vec<_> = findings.iter().filter_map(|one| one.fix.as_ref()).collect();
    fixes.retain(|fix| fix.span.file == FileId(0));
    fixes.sort_by_key(|fix| fix.span.start);
    let (mut new, mut at, mut places) = (String::new(), 0, Vec::new());
    for fix in fixes {
        let old = fix.span.start as usize..fix.span.end as usize;
        assert!(at <= old.start, "two patches for one place: {fix:?} in\n{text}");
        new.push_str(&text[at..old.start]);
        places.push((old.clone(), new.len()..new.len() + fix.replacement.len()));
        new.push_str(&fix.replacement);
        at = old.end;
    }
    new.push_str(&text[at..]);
    (new, places)
}

/// Fails when a patch for the plan in this file is refused by the next check, loses a comment, or changes a value
/// outside of what it replaces.
#[track_caller]
pub fn expect_patches_to_hold(path: &Path) {
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let before = findings(path);
    let (new, places) = patched(text, &before);
    if places.is_empty() {
        return;
    }
    let folder = path.parent().unwrap();
    let file = tempfile::Builder::new().prefix("patched-").suffix(".yaml").tempfile_in(folder).unwrap();
    std::fs::write(file.path(), &new).unwrap();
    let after = findings(file.path());
    let told = |all: &[Diagnostic]| {
        let lines = all.iter().map(|one| format!("{} | {:?} | {:?}", one.message, one.help, one.fix));
        lines.collect::<Vec<_>>().join("\n")
    };
    for (_, place) in &places {
        let refused = after.iter().find(|one| {
            let start = one.span.start as usize;
            let known = before.iter().any(|other| other.fix.is_none() && other.message == one.message);
            !known
                && one.severity == Severity::Error
                && one.span.file == FileId(0)
                && place.start <= start
                && start < place.end
        });
        assert!(refused.is_none(), "a patch is refused: {refused:?}\n{new}\nfor\n{text}\n{}", told(&before));
    }
    for (old, place) in &places {
        let comments = |text: &str| text.matches(" #").count();
        let (old, new) = (&text[old.clone()], &new[place.clone()]);
        // What is put into quotes was no comment.
        let kept = comments(old) <= comments(new) || new.is_empty();
        assert!(kept, "a patch loses a comment: {old:?} becomes {new:?}");
    }
    let olds: Vec<Range<usize>> = places.iter().map(|(old, _)| old.clone()).collect();
    let news: Vec<Range<usize>> = places.iter().map(|(_, new)| new.clone()).collect();
    if let (Some(old), Some(now)) = (values_outside(text, &olds), values_outside(&new, &news)) {
        assert_eq!(old, now, "a patch changes what it does not replace:\n{new}\nfor\n{text}\n{}", told(&before));
    }
}

/// The texts of keys and values that no patch touches, in order; `None` if the text is no YAML.
fn values_outside(text: &str, places: &[Range<usize>]) -> Option<Vec<String>> {
    let mut problems = Vec::new();
    let node = yaml::parse(text, FileId(0), &Unchanged, &mut problems)?;
    let mut all = Vec::new();
    collect(&node, &mut all);
    all.sort();
    all.dedup();
    let touched = |(start, end): &Place| places.iter().any(|place| *start < place.end && place.start <= *end);
    Some(all.into_iter().filter(|(place, _)| !touched(place)).map(|(_, text)| text).collect::<Vec<_>>())
}

fn collect(node: &Node, all: &mut Vec<(Place, String)>) {
    match &node.kind {
        NodeKind::Scalar { text, .. } => all.push((range(node.span), text.to_string())),
        NodeKind::List(items) => items.iter().for_each(|item| collect(item, all)),
        NodeKind::Map(entries) => {
            for entry in entries {
                all.push((range(entry.key_span), entry.key.to_string()));
                collect(&entry.value, all);
            }
        }
    }
}

fn range(span: loadplan::diagnostic::Span) -> Place {
    (span.start as usize, span.end as usize)
}
