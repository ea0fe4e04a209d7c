//! A scan of the text before the YAML parser: it lists every place plain YAML would misread, each
//! with the text to paste, and mends them in a copy so that the rest of the plan can be checked too.

mod layout;
mod text;

pub(super) use layout::indented;

use std::ops::Range;

use super::keys;
use crate::diagnostic::{Diagnostic, FileId, Span};
use crate::units::{bare_number, parse_duration};
use crate::yaml::{self, Offsets, Unchanged, quoted};
use text::{
    closing_quote, cut_comment, ends_in_flow, indentation, is_one_text, is_word, list_in_quotes, outer_quote,
    value_start,
};

/// A mended copy of a file's text.
pub(super) struct Mended {
    /// What the parser reads.
    pub(super) text: String,
    edits: Vec<Edit>,
}

/// A replacement of a range of the original text.
struct Edit {
    range: Range<usize>,
    replacement: String,
    kind: Kind,
}

/// What YAML makes of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It refuses it. Where it takes the whole file, this was no mistake.
    Refused,
    /// It takes it for something else than is meant.
    Misread,
}

impl Offsets for Mended {
    fn original(&self, offset: usize) -> usize {
        let mut shift: isize = 0;
        for edit in &self.edits {
            let start = (edit.range.start as isize + shift) as usize;
            if offset <= start {
                break;
            }
            if offset < start + edit.replacement.len() {
                let leading = edit.replacement.len().saturating_sub(edit.range.len()) / 2;
                return (edit.range.start + (offset - start).saturating_sub(leading)).min(edit.range.end);
            }
            shift += edit.replacement.len() as isize - edit.range.len() as isize;
        }
        (offset as isize - shift) as usize
    }
}

/// Lists what YAML would refuse or misread in `text`.
pub(super) fn scan(text: &str, file: FileId) -> (Mended, Vec<Diagnostic>) {
    let mut scan =
        Scan { text, file, edits: Vec::new(), findings: Vec::new(), tabs: Vec::new(), state: ScanState::Block };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        scan.line(start..start + line.trim_end_matches(['\n', '\r']).len());
        start += line.len();
    }
    let refuses = !scan.tabs.is_empty() || scan.findings.iter().any(|(kind, _)| *kind == Kind::Refused);
    if refuses && is_yaml(text, file) {
        scan.findings.retain(|(kind, _)| *kind != Kind::Refused);
        scan.edits.retain(|edit| edit.kind != Kind::Refused);
    } else {
        scan.tell_tabs();
    }
    scan.edits.sort_by_key(|edit| edit.range.start);
    let mended = mended(text, &scan.edits);
    (Mended { text: mended, edits: scan.edits }, scan.findings.into_iter().map(|(_, finding)| finding).collect())
}

/// A copy of the text with the edits, which are in order.
fn mended(text: &str, edits: &[Edit]) -> String {
    let mut mended = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in edits {
        if edit.range.start < at {
            continue;
        }
        mended.push_str(&text[at..edit.range.start]);
        mended.push_str(&edit.replacement);
        at = edit.range.end;
    }
    mended.push_str(&text[at..]);
    mended
}

/// Whether a text is YAML as it stands.
fn is_yaml(text: &str, file: FileId) -> bool {
    yaml::parse(text, file, &Unchanged, &mut Vec::new()).is_some()
}

enum ScanState {
    /// Ordinary lines.
    Block,
    /// Inside a `|` or `>` text: lines indented deeper than this belong to it.
    Literal(usize),
    /// Inside a quoted text that goes on over lines.
    Quote(char),
    /// Inside `{ }` or `[ ]` at this depth.
    Flow(usize),
}

struct Scan<'t> {
    text: &'t str,
    file: FileId,
    edits: Vec<Edit>,
    findings: Vec<(Kind, Diagnostic)>,
    /// The tabs that lines are indented with.
    tabs: Vec<Range<usize>>,
    state: ScanState,
}

impl Scan<'_> {
    fn line(&mut self, line: Range<usize>) {
        let text = self.text;
        let content = &text[line.clone()];
        match self.state {
            ScanState::Literal(indent) => {
                if content.trim().is_empty() || indentation(content) > indent {
                    return;
                }
                self.state = ScanState::Block;
            }
            ScanState::Quote(quote) => {
                if closing_quote(content, quote).is_some() {
                    self.state = ScanState::Block;
                }
                return;
            }
            ScanState::Flow(depth) => {
                self.flow(line, depth);
                return;
            }
            ScanState::Block => {}
        }
        let blank = content.len() - content.trim_start().len();
        if content.trim_start().starts_with('#') || content.trim().is_empty() {
            return;
        }
        if let Some(tab) = content[..blank].find('\t') {
            let at = line.start + tab;
            let tabs = content[tab..blank].chars().take_while(|c| *c == '\t').count();
            self.tabs.push(at..at + tabs);
        }
        if self.odd_line(line.clone(), blank) {
            return;
        }
        if content.starts_with("---") || content.starts_with("...") || content.starts_with('%') {
            if content.starts_with('%') {
                let end = line.end;
                self.report(
                    line.start..end,
                    String::new(),
                    "a line that starts with `%` is a YAML directive",
                    "remove it",
                    Kind::Refused,
                );
            }
            return;
        }
        let mut start = line.start + blank;
        let mut item = false;
        while let Some(rest) = text[start..line.end].strip_prefix("- ") {
            item = true;
            start = line.end - rest.trim_start().len();
        }
        if &text[start..line.end] == "-" || start >= line.end {
            return;
        }
        start = self.dash_without_space(start..line.end, &mut item);
        self.entry(start..line.end, item, indentation(content));
    }

    /// A `key: value` or a list's item.
    fn entry(&mut self, entry: Range<usize>, item: bool, indent: usize) {
        let text = &self.text[entry.clone()];
        if text.starts_with(['{', '[']) {
            return self.flow(entry, 0);
        }
        if let Some(value_start) = value_start(text) {
            let key = text[..value_start].trim_end_matches(':').trim().trim_matches(['\'', '"']);
            if let Some(whole) = self.compared(key, entry.start + value_start..entry.end) {
                let value = self.text[whole.clone()].trim_start_matches(['>', '=']).trim();
                let matcher = if self.text[whole.clone()].starts_with(">=") { "at_least" } else { "above" };
                let meant = format!("{{ {matcher}: {value} }}");
                let what = "`>` at the start of a value begins a text of several lines in YAML";
                let remedy = format!("to compare write `{meant}`");
                return self.report(whole, meant, what, &remedy, Kind::Refused);
            }
            self.value(entry.start + value_start..entry.end, indent);
            return;
        }
        if let Some((key, rest)) = text.split_once(':')
            && !rest.starts_with("//")
            && !rest.is_empty()
            && is_word(key)
            && (keys::is_known(key) || !item)
        {
            let at = entry.start + key.len();
            self.report(
                at..at + 1,
                ": ".into(),
                &format!("a space is missing after `{key}:`"),
                "without it YAML reads the whole line as one text",
                Kind::Misread,
            );
            self.value(at + 1..entry.end, indent);
            return;
        }
        if let Some((key, value)) = text.split_once('=')
            && keys::is_known(key.trim_end())
            && !value.starts_with('=')
        {
            let at = entry.start + key.trim_end().len();
            let end = entry.start + key.len() + 1;
            let what = format!("`{}` is followed by `=`, but in YAML by `:`", key.trim_end());
            let colon = if value.starts_with(' ') { ":" } else { ": " };
            return self.report(at..end, colon.into(), &what, "write a colon and a space", Kind::Misread);
        }
        if item {
            self.value(entry, indent);
        }
    }

    /// `> 20` where a value is compared: under a JSONPath, or what is measured.
    fn compared(&self, key: &str, range: Range<usize>) -> Option<Range<usize>> {
        const MEASURED: [&str; 5] = ["status", "response_time", "first_byte", "size", "length"];
        if !key.starts_with('$') && !MEASURED.contains(&key) {
            return None;
        }
        let whole = cut_comment(self.text, range.clone());
        let text = &self.text[whole.clone()];
        let value = text.trim();
        let rest = value.strip_prefix('>')?;
        let rest = rest.strip_prefix('=').unwrap_or(rest).trim();
        let is_value = rest.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && rest.len() < 24
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
        let start = whole.start + (text.len() - text.trim_start().len());
        // One digit alone says how deep a text of several lines is indented.
        let is_header = value.len() == 2;
        (is_value && !is_header).then(|| start..start + value.len())
    }

    /// A value that starts on this line; `range` goes to the line's end.
    fn value(&mut self, range: Range<usize>, indent: usize) {
        let text = &self.text[range.clone()];
        let lead = text.len() - text.trim_start().len();
        let start = range.start + lead;
        let value = text.trim();
        let whole = start..start + value.len();
        match value.as_bytes().first() {
            None | Some(b'#') => {}
            Some(b'&') => {
                if let Some((name, _)) = value.split_once(' ') {
                    self.value(start + name.len()..range.end, indent);
                }
            }
            Some(b'|' | b'>') => {
                let header = value[1..].split(" #").next().unwrap_or("").trim_end();
                if header.chars().all(|c| matches!(c, '+' | '-' | '1'..='9')) && header.len() <= 2 {
                    self.state = ScanState::Literal(indent);
                } else {
                    self.quote(whole, "`>` and `|` at the start of a value begin a text of several lines in YAML");
                }
            }
            Some(quote @ (b'"' | b'\'')) => self.quoted(whole, *quote as char),
            Some(b'{') if value.starts_with("{{") => self.moustache(whole),
            Some(b'{' | b'[') => self.flow(start..range.end, 0),
            Some(first @ (b'@' | b'`' | b'%')) => {
                let first = if *first == b'`' { "a backtick".into() } else { format!("`{}`", *first as char) };
                let what = format!("a value cannot start with {first} in YAML");
                self.quote(cut_comment(self.text, whole), &what);
            }
            Some(b'!') if yaml::CORE_TAGS.iter().any(|tag| value.split(' ').next() == Some(tag)) => {
                let tag = value.find(' ').unwrap_or(value.len());
                self.value(start + tag..range.end, indent);
            }
            Some(b'!') => {
                let what = "a word with `!` in front is a YAML tag, and plans have none";
                self.quote_as(cut_comment(self.text, whole), what, Kind::Misread);
            }
            Some(b'*') if !self.is_alias(cut_comment(self.text, whole.clone())) => {
                let whole = cut_comment(self.text, whole);
                self.quote(whole, "a value that starts with `*` is a YAML alias, and no `&` names it");
            }
            Some(_) => self.plain(whole),
        }
    }

    fn plain(&mut self, whole: Range<usize>) {
        const TYPOGRAPHIC: [char; 6] = ['“', '”', '„', '‘', '’', '‚'];
        let value = &self.text[whole.clone()];
        if value.starts_with(TYPOGRAPHIC) && value.ends_with(TYPOGRAPHIC) && value.chars().count() > 2 {
            let inner = value.trim_matches(TYPOGRAPHIC).to_owned();
            let what = "these are typographic quotes, which YAML takes for a part of the text";
            return self.report(whole, quoted(&inner), what, "use straight quotes", Kind::Misread);
        }
        if value.contains("{{") {
            return self.moustache(whole);
        }
        if let Some(at) = value.find(" #") {
            let rest = &value[at + 2..];
            let value = value[..at].trim_end();
            let is_text =
                bare_number(value).is_none() && parse_duration(value).is_err() && !matches!(value, "true" | "false");
            if is_text && rest.starts_with(|c: char| !c.is_whitespace() && c != '#') {
                let what = format!("` #` starts a comment in YAML, so the value is `{value}`");
                let span = self.span(whole.clone());
                let finding = Diagnostic::warning(span, what).fix(span, quoted(&self.text[whole.clone()]));
                let help = "put quotes around it; before a comment, write `# ` with a space after it";
                self.findings.push((Kind::Misread, finding.help(help)));
            }
            return self.plain(whole.start..whole.start + value.len());
        }
        if value.contains(": ") || value.ends_with(':') {
            self.quote(whole, "`: ` inside a value starts a new key in YAML");
        }
    }

    fn moustache(&mut self, whole: Range<usize>) {
        let value = cut_comment(self.text, whole);
        // GitHub writes `${{ secrets.NAME }}` for what the environment of the run has.
        let mended = self.text[value.clone()].replace("${{", "${").replace("{{", "${").replace("}}", "}");
        let names: String = mended.replace("${ ", "${").replace(" }", "}").replace("${secrets.", "${env.");
        self.report(
            value,
            quoted(&names),
            "`{{…}}` is another tool's way to write a variable; here it is `${…}`",
            "write the name in `${…}`",
            Kind::Misread,
        );
    }

    fn quoted(&mut self, whole: Range<usize>, quote: char) {
        let value = &self.text[whole.clone()];
        let Some(end) = closing_quote(&value[1..], quote) else {
            self.state = ScanState::Quote(quote);
            return;
        };
        let inside = &value[1..=end];
        let rest = value[end + 2..].trim();
        if !(rest.is_empty() || rest.starts_with('#')) {
            let whole = cut_comment(self.text, whole);
            // 'Ann's order' is meant as one text; "a" == b as an expression.
            let value = &self.text[whole.clone()];
            if let Some(list) = list_in_quotes(value) {
                let what = "texts in quotes with commas between them are a list, which stands in brackets";
                return self.report(
                    whole,
                    format!("[{list}]"),
                    what,
                    &format!("put brackets around it: `[{list}]`"),
                    Kind::Refused,
                );
            }
            // "name="a" value="b"" has quotes of its own.
            let begins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '(' | '\\' | '[' | '<' | '/');
            let goes_on = value.get(end + 2..).is_some_and(|after| after.starts_with(begins));
            if goes_on && value.len() > end + 3 && value.ends_with(quote) {
                let inner = &value[1..value.len() - 1];
                let what = format!("the `{quote}` inside ends the text in YAML");
                return self.report(
                    whole.clone(),
                    quoted(inner),
                    &what,
                    "put the other kind of quotes around it",
                    Kind::Refused,
                );
            }
            if value.len() > 1 && value.ends_with(quote) && is_one_text(&value[1..value.len() - 1], quote) {
                let inner = &value[1..value.len() - 1];
                let what = format!("the `{quote}` inside ends the text in YAML");
                let remedy = "put the other kind of quotes around it";
                return self.report(whole.clone(), quoted(inner), &what, remedy, Kind::Refused);
            }
            let what = format!("text goes on after the closing `{quote}`, which YAML does not allow");
            return self.quote(whole, &what);
        }
        if quote == '"' {
            self.escapes(whole.start..whole.start + inside.len() + 2);
        }
    }

    /// A text in double quotes on one line, quotes included, whose backslashes YAML would refuse.
    fn escapes(&mut self, whole: Range<usize>) {
        let inside = &self.text[whole.start + 1..whole.end - 1];
        let mut chars = inside.chars();
        while let Some(c) = chars.next() {
            if c == '\\' && chars.next().is_some_and(|escape| !"0abtnvfre \"/\\N_LPxuU\t".contains(escape)) {
                let mended = format!("'{}'", inside.replace('\'', "''"));
                return self.report(
                    whole,
                    mended,
                    "in double quotes a backslash starts a YAML escape, and this one does not exist",
                    "use single quotes, where a backslash is just a backslash",
                    Kind::Refused,
                );
            }
        }
    }

    /// Text inside `{ }` and `[ ]`, from `range.start` to the end of its line.
    fn flow(&mut self, range: Range<usize>, mut depth: usize) {
        let text = self.text;
        let bytes = text.as_bytes();
        let mut at = range.start;
        while at < range.end {
            match bytes[at] {
                b'{' | b'[' => {
                    depth += 1;
                    at += 1;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    at += 1;
                    if depth == 0 {
                        self.state = ScanState::Block;
                        let rest = text[at..range.end].trim();
                        if !rest.is_empty() && !rest.starts_with('#') && !rest.starts_with(':') {
                            let start =
                                range.start + (text[range.clone()].len() - text[range.clone()].trim_start().len());
                            let whole = cut_comment(text, start..range.end);
                            self.edits.retain(|edit| edit.range.start < start);
                            self.quote(
                                whole,
                                "a value that starts with `{` or `[` ends at its closing bracket, but text goes on",
                            );
                        }
                        return;
                    }
                }
                quote @ (b'"' | b'\'') => match closing_quote(&text[at + 1..range.end], quote as char) {
                    Some(end) => {
                        let goes_on = !ends_in_flow(&text[at + end + 2..range.end]);
                        let outer = || outer_quote(&text[at + 1..range.end], quote as char, end);
                        let outer = if goes_on { outer() } else { None };
                        if let Some(end) = outer {
                            let what = format!("the `{}` inside ends the text in YAML", quote as char);
                            let inner = quoted(&text[at + 1..=at + end]);
                            let remedy = "put the other kind of quotes around it";
                            self.report(at..at + end + 2, inner, &what, remedy, Kind::Refused);
                        } else if quote == b'"' {
                            self.escapes(at..at + end + 2);
                        }
                        at += outer.unwrap_or(end) + 2;
                    }
                    None => break,
                },
                b'#' if at == range.start || bytes[at - 1].is_ascii_whitespace() => break,
                b',' | b':' | b' ' | b'\t' => at += 1,
                _ => {
                    let end = self.flow_plain(at..range.end);
                    at = end.max(at + 1);
                }
            }
        }
        self.state = ScanState::Flow(depth);
    }

    /// A scalar without quotes inside `{ }` or `[ ]`; returns where it ends.
    fn flow_plain(&mut self, range: Range<usize>) -> usize {
        let text = &self.text[range.clone()];
        let mut braces = 0;
        let mut brackets = 0;
        let mut odd = text.starts_with(['@', '`', '%', '!']);
        let mut end = text.len();
        for (at, c) in text.char_indices() {
            match c {
                '{' => {
                    braces += 1;
                    odd = true;
                }
                '}' if braces > 0 => braces -= 1,
                _ if braces > 0 => {}
                ']' if brackets > 0 => brackets -= 1,
                ',' | '}' | ']' => {
                    end = at;
                    break;
                }
                ':' if text[at + 1..].starts_with([' ', ',', '}', ']']) || at + 1 == text.len() => {
                    end = at;
                    break;
                }
                '[' if at > 0 => {
                    brackets += 1;
                    odd = true;
                }
                _ => {}
            }
        }
        let scalar = text[..end].trim_end();
        if odd {
            let whole = range.start..range.start + scalar.len();
            let kind = if scalar.contains("${") || scalar.starts_with('!') { Kind::Misread } else { Kind::Refused };
            let what = "inside `{ }` and `[ ]`, text that starts with `@`, `%`, `!` or a backtick, or holds `${`, `{` or `[`, needs quotes";
            self.quote_as(whole, what, kind);
        }
        range.start + end
    }

    /// Whether this is `*name`, and `&name` stands somewhere.
    fn is_alias(&self, range: Range<usize>) -> bool {
        let name = &self.text[range.start + 1..range.end];
        let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        plain && self.text.contains(&format!("&{name}"))
    }

    fn quote(&mut self, range: Range<usize>, what: &str) {
        self.quote_as(range, what, Kind::Refused);
    }

    fn quote_as(&mut self, range: Range<usize>, what: &str, kind: Kind) {
        let replacement = quoted(&self.text[range.clone()]);
        self.report(range, replacement, what, "put quotes around it", kind);
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span { file: self.file, start: range.start as u32, end: range.end.max(range.start + 1) as u32 }
    }

    fn report(&mut self, range: Range<usize>, replacement: String, what: &str, remedy: &str, kind: Kind) {
        let span = self.span(range.clone());
        let place = Span { end: range.end as u32, ..span };
        let finding = Diagnostic::error(span, what).help(remedy).fix(place, replacement.clone());
        self.findings.push((kind, finding));
        self.edits.push(Edit { range, replacement, kind });
    }
}
