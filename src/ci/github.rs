//! GitHub Actions: workflow commands, outputs and step summaries.
//!
//! <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>

use std::borrow::Cow;

use super::Annotation;

/// How large a step's summary may become. GitHub shows none at all of one above 1 MiB, and other
/// programs of the step may still add to it.
pub const SUMMARY_BYTES: usize = 900_000;
/// What is at the end of a summary that was cut.
const CUT_NOTE: &str = "\nThe summary was cut here, for GitHub shows no more; the reports have all of it.\n";

/// The text of a command, after its last `::`.
pub fn data(text: &str) -> String {
    // The percent sign first, or the others' escapes would be escaped again.
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a command's property.
pub fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A line that annotates a line of a file.
pub fn annotation(one: &Annotation) -> String {
    let column = one.column.map(|column| format!(",col={column}")).unwrap_or_default();
    format!(
        "::{} file={},line={}{column},title={}::{}",
        one.level.word(),
        property(&one.file),
        one.line,
        property(&one.title),
        data(&one.message)
    )
}

/// An entry of the file for a step's outputs. A value of several lines is put between two lines
/// that nobody can know beforehand, so that it cannot end early and set another output.
pub fn output(name: &str, value: &str) -> String {
    if !value.contains(['\r', '\n']) {
        return format!("{name}={value}\n");
    }
    let end = format!("loadplan_{:032x}", rand::random::<u128>());
    format!("{name}<<{end}\n{value}\n{end}\n")
}

/// As much of a summary as still fits next to this many bytes, cut at the end of a line outside of
/// every fenced block; `None` if there is no room for any of it.
pub fn fitting(markdown: &str, present: usize) -> Option<Cow<'_, str>> {
    let room = SUMMARY_BYTES.saturating_sub(present);
    if markdown.len() <= room {
        return Some(Cow::Borrowed(markdown));
    }
    let room = room.checked_sub(CUT_NOTE.len())?;
    let (mut end, mut at, mut fence) = (0, 0, 0);
    for line in markdown.split_inclusive('\n') {
        at += line.len();
        if at > room {
            break;
        }
        let ticks = line.len() - line.trim_start_matches('`').len();
        if fence == 0 && ticks >= 3 {
            fence = ticks;
        } else if fence > 0 && ticks >= fence && line[ticks..].trim().is_empty() {
            fence = 0;
        }
        if fence == 0 {
            end = at;
        }
    }
    (end > 0).then(|| Cow::Owned(format!("{}{CUT_NOTE}", &markdown[..end])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_several_lines_cannot_set_another_output() {
        assert_eq!(output("verdict", "passed"), "verdict=passed\n");
        assert_eq!(output("path", "a<<b=c"), "path=a<<b=c\n");
        let text = output("path", "a\nloadplan_\nowned=1");
        let (first, rest) = text.split_once('\n').expect("several lines");
        let end = first.strip_prefix("path<<").expect("a delimiter");
        assert_eq!(rest, format!("a\nloadplan_\nowned=1\n{end}\n"));
        assert_ne!(output("a", "\n"), output("a", "\n"), "the delimiter is another each time");
    }

    #[test]
    fn a_summary_is_cut_at_the_end_of_a_line_and_outside_of_fences() {
        let fenced = format!("first\n\n````text\n```\n{}\n````\nlast\n", "x\n".repeat(100));
        assert_eq!(fitting(&fenced, 0).as_deref(), Some(&*fenced));
        for room in 0..fenced.len() {
            let present = SUMMARY_BYTES - room;
            let Some(text) = fitting(&fenced, present) else {
                assert!(room < CUT_NOTE.len() + "first\n".len());
                continue;
            };
            assert!(text.len() + present <= SUMMARY_BYTES);
            let kept = text.strip_suffix(CUT_NOTE).expect("it says that it was cut");
            assert!(matches!(kept.lines().last(), Some("first" | "" | "````")), "{kept}");
            assert!(kept.matches("````").count() != 1, "{kept}");
        }
        assert_eq!(fitting(&fenced, SUMMARY_BYTES + 1), None);
    }
}
