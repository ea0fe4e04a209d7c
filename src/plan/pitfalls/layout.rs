//! How lines stand to each other: tabs, dashes without a space, lines that are no YAML at all, and a line that
//! stands as far left as the dash of the step it belongs to.

use std::ops::Range;

use super::text::{indentation, is_word};
use super::{Edit, Kind, Scan, mended};
use crate::diagnostic::{Diagnostic, Span};
use crate::plan::keys;
use crate::yaml::{self, Unchanged};

/// How many spaces stand for some tabs.
type Width<'w> = dyn Fn(&Range<usize>) -> usize + 'w;

impl Scan<'_> {
    /// Tells of all tabs at once, with the spaces that make the best sense of the lines.
    pub(super) fn tell_tabs(&mut self) {
        let tabs = std::mem::take(&mut self.tabs);
        let (Some(first), Some(last)) = (tabs.first(), tabs.last()) else { return };
        let widths: [&Width<'_>; 5] = [
            &|tabs| 4 * tabs.len(),
            &|tabs| 2 * tabs.len(),
            &|tabs| 8 * tabs.len(),
            &|tabs| self.to_stop(tabs, 4),
            &|tabs| self.as_around(tabs),
        ];
        let edits = |width: &Width<'_>| -> Vec<Edit> {
            let spaces = tabs.iter().map(|tabs| (tabs.clone(), " ".repeat(width(tabs))));
            spaces.map(|(range, replacement)| Edit { range, replacement, kind: Kind::Refused }).collect()
        };
        let faults = |width: &Width<'_>| {
            let mut all = edits(width);
            let others = self.edits.iter().map(|edit| Edit {
                range: edit.range.clone(),
                replacement: edit.replacement.clone(),
                kind: edit.kind,
            });
            all.extend(others);
            all.sort_by_key(|edit| edit.range.start);
            let mut problems = Vec::new();
            let parsed = yaml::parse(&mended(self.text, &all), self.file, &Unchanged, &mut problems);
            if parsed.is_none() { usize::MAX } else { problems.len() }
        };
        let Some(best) = widths.iter().min_by_key(|width| faults(width)) else { return };
        let best = edits(best);
        let lines = tabs.len();
        let what = if lines == 1 {
            "a tab is used for indentation, and YAML allows only spaces there".to_owned()
        } else {
            format!("tabs are used for indentation in {lines} lines, and YAML allows only spaces there")
        };
        let place = first.start..last.end;
        let text = mended(&self.text[place.clone()], &moved(&best, place.start));
        let span = self.span(first.clone());
        let whole = Span { start: place.start as u32, end: place.end as u32, ..span };
        let inside = |edit: &&Edit| edit.range.start < place.end && edit.range.end > place.start;
        // A patch over other mistakes would take their patches away.
        let alone = lines == 1 || !self.edits.iter().any(|edit| inside(&edit));
        let finding = Diagnostic::error(span, what).help("write spaces instead, and set your editor to insert spaces");
        let finding = if alone { finding.fix(whole, text) } else { finding };
        self.findings.push((Kind::Refused, finding));
        self.edits.extend(best);
    }

    /// How many spaces lead to the next stop of so many columns, for each of the tabs.
    fn to_stop(&self, tabs: &Range<usize>, stop: usize) -> usize {
        let line = self.text[..tabs.start].rfind('\n').map_or(0, |at| at + 1);
        let column = tabs.start - line;
        (column / stop + tabs.len()) * stop - column
    }

    /// How many spaces the lines around say.
    fn as_around(&self, tabs: &Range<usize>) -> usize {
        let line = self.text[..tabs.start].rfind('\n').map_or(0, |at| at + 1);
        let end = self.text[tabs.end..].find('\n').map_or(self.text.len(), |at| tabs.end + at);
        let mut around = self.text[end..].lines().chain(self.text[..line].lines().rev());
        let meant = around.find(|other| !other.trim().is_empty() && !other[..indentation(other)].contains('\t'));
        meant.map_or(2 * tabs.len(), |other| indentation(other).saturating_sub(tabs.start - line))
    }

    /// Tells of a line that is no YAML at all. Whether it is one.
    pub(super) fn odd_line(&mut self, line: Range<usize>, blank: usize) -> bool {
        let text = self.text;
        let content = &text[line.clone()];
        let start = line.start + blank;
        if content.trim_start().starts_with("```") {
            let end = text[line.end..].find('\n').map_or(text.len(), |at| line.end + at + 1);
            let what = "a line with three backticks belongs to the page that the plan was copied from";
            self.report(line.start..end, String::new(), what, "remove the line", Kind::Refused);
            return true;
        }
        if content.trim_start().starts_with("//") {
            self.report(
                start..start + 2,
                "#".into(),
                "a comment starts with `#` in YAML, not with `//`",
                "write `#`",
                Kind::Refused,
            );
            return true;
        }
        let wide: Vec<char> = content.chars().take_while(|c| c.is_whitespace()).collect();
        if wide.iter().any(|c| !c.is_ascii()) {
            let bytes = wide.iter().map(|c| c.len_utf8()).sum::<usize>();
            let spaces = " ".repeat(wide.len());
            let what = "this line is indented with characters that look like spaces and are none";
            self.report(line.start..line.start + bytes, spaces, what, "write plain spaces", Kind::Refused);
        }
        false
    }

    /// Tells of `-get: /b`, and gives the place after the dash. `item` is set for one.
    pub(super) fn dash_without_space(&mut self, rest: Range<usize>, item: &mut bool) -> usize {
        let text = &self.text[rest.clone()];
        let Some((word, _)) = text.strip_prefix('-').and_then(|after| after.split_once(':')) else { return rest.start };
        if !is_word(word) || !(keys::is_known(word) || keys::kinds().any(|kind| kind.key.is_also(word))) {
            return rest.start;
        }
        let place = rest.start..rest.start + 1;
        let what = "a space is missing after `-`";
        self.report(place, "- ".into(), what, "write `- `, as the other items of the list have it", Kind::Misread);
        *item = true;
        rest.start + 1
    }
}

/// Edits of a text that begins further on.
fn moved(edits: &[Edit], by: usize) -> Vec<Edit> {
    let back = |range: &Range<usize>| range.start - by..range.end - by;
    edits
        .iter()
        .map(|edit| Edit { range: back(&edit.range), replacement: edit.replacement.clone(), kind: edit.kind })
        .collect()
}

/// What is meant by a line at `offset` that stands as far left as the dash of the list above it: the place of the
/// lines that belong to it with the text that indents them, or a dash where it says what a step does.
pub(in crate::plan) fn indented(text: &str, offset: usize) -> Option<(String, Range<usize>, String)> {
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next()?;
    let indent = indentation(line);
    let word = line.trim_start().split(':').next()?.to_owned();
    let above = text[..start].lines().rev().find(|above| !above.trim().is_empty() && indentation(above) <= indent)?;
    if !above[indentation(above)..].starts_with("- ") || indentation(above) != indent || !is_word(&word) {
        return None;
    }
    if keys::kinds().any(|kind| kind.key.name == word && kind.key.name != "steps") {
        let dash = start + indent;
        return Some((word, dash..dash, "- ".into()));
    }
    let mut end = start;
    let mut lines = Vec::new();
    for line in text[start..].split_inclusive('\n') {
        let content = line.trim_end();
        let inside =
            content.is_empty() || indentation(content) > indent || (end == start && indentation(content) == indent);
        // What goes on beside it belongs to it too, up to the next dash.
        let beside = !content.is_empty() && indentation(content) == indent && !content.trim_start().starts_with('-');
        if !inside && !beside {
            break;
        }
        lines.push(if content.is_empty() { line.to_owned() } else { format!("  {line}") });
        end += line.len();
    }
    Some((word, start..end, lines.concat()))
}
