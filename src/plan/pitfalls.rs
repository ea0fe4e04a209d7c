//! A scan of the text before the YAML parser: it lists every place plain YAML would misread, each
//! with the text to paste, and mends them in a copy so that the rest of the plan can be checked too.

use std::ops::Range;

use super::keys;
use crate::diagnostic::{Diagnostic, FileId, Span};
use crate::yaml::{Offsets, quoted};

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

/// Lists what YAML would misread in `text`.
pub(super) fn scan(text: &str, file: FileId) -> (Mended, Vec<Diagnostic>) {
    let mut scan = Scan { text, file, edits: Vec::new(), findings: Vec::new(), state: ScanState::Block };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        scan.line(start..start + line.trim_end_matches(['\n', '\r']).len());
        start += line.len();
    }
    scan.edits.sort_by_key(|edit| edit.range.start);
    let mut mended = String::with_capacity(text.len() + 64);
    let mut at = 0;
    for edit in &scan.edits {
        if edit.range.start < at {
            continue;
        }
        mended.push_str(&text[at..edit.range.start]);
        mended.push_str(&edit.replacement);
        at = edit.range.end;
    }
    mended.push_str(&text[at..]);
    (Mended { text: mended, edits: scan.edits }, scan.findings)
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
    findings: Vec<Diagnostic>,
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
            // The lines around say best how deep this one was meant to be.
            let mut around = text[line.end..].lines().chain(text[..line.start].lines().rev());
            let meant = around.find(|other| !other.trim().is_empty() && !other[..indentation(other)].contains('\t'));
            let spaces = meant.map_or(2 * tabs, |other| indentation(other).saturating_sub(tab));
            self.report(
                at..at + tabs,
                " ".repeat(spaces),
                "a tab is used for indentation, and YAML allows only spaces there",
                "set your editor to insert spaces",
            );
        }
        if content.starts_with("---") || content.starts_with("...") || content.starts_with('%') {
            if content.starts_with('%') {
                let end = line.end;
                self.report(
                    line.start..end,
                    String::new(),
                    "a line that starts with `%` is a YAML directive",
                    "remove it",
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
        self.entry(start..line.end, item, indentation(content));
    }

    /// A `key: value` or a list's item.
    fn entry(&mut self, entry: Range<usize>, item: bool, indent: usize) {
        let text = &self.text[entry.clone()];
        if let Some(value_start) = value_start(text) {
            let key = text[..value_start].trim_end_matches(':').trim().trim_matches(['\'', '"']);
            if let Some(whole) = self.compared(key, entry.start + value_start..entry.end) {
                let value = self.text[whole.clone()].trim_start_matches(['>', '=']).trim();
                let matcher = if self.text[whole.clone()].starts_with(">=") { "at_least" } else { "above" };
                let meant = format!("{{ {matcher}: {value} }}");
                let what = "`>` at the start of a value begins a text of several lines in YAML";
                let remedy = format!("to compare write `{meant}`");
                return self.report(whole, meant, what, &remedy);
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
            return self.report(at..end, ":".into(), &what, "write a colon and a space");
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
            Some(b'!') => {
                self.quote(cut_comment(self.text, whole), "a word with `!` in front is a YAML tag, and plans have none")
            }
            Some(b'*') if !value[1..].chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) => {
                self.quote(cut_comment(self.text, whole), "a value that starts with `*` is a YAML alias");
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
            return self.report(whole, quoted(&inner), what, "use straight quotes");
        }
        if value.contains("{{") {
            return self.moustache(whole);
        }
        if let Some(at) = value.find(" #") {
            if value[at + 2..].starts_with(|c: char| !c.is_whitespace() && c != '#') {
                return self.quote(whole, "` #` starts a comment in YAML, so the value would end before it");
            }
            let value = value[..at].trim_end();
            return self.plain(whole.start..whole.start + value.len());
        }
        if value.contains(": ") || value.ends_with(':') {
            self.quote(whole, "`: ` inside a value starts a new key in YAML");
        }
    }

    fn moustache(&mut self, whole: Range<usize>) {
        let value = cut_comment(self.text, whole);
        let mended = self.text[value.clone()].replace("{{", "${").replace("}}", "}");
        let names: String = mended.replace("${ ", "${").replace(" }", "}");
        self.report(
            value,
            quoted(&names),
            "`{{…}}` is another tool's way to write a variable; here it is `${…}`",
            "write the name in `${…}`",
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
                return self.report(whole, format!("[{list}]"), what, &format!("put brackets around it: `[{list}]`"));
            }
            // "name="a" value="b"" has quotes of its own.
            let goes_on = value[end + 2..]
                .starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '(' | '\\' | '[' | '<' | '/'));
            if goes_on && value.len() > end + 3 && value.ends_with(quote) {
                let inner = &value[1..value.len() - 1];
                let what = format!("the `{quote}` inside ends the text in YAML");
                return self.report(whole.clone(), quoted(inner), &what, "put the other kind of quotes around it");
            }
            if value.len() > 1 && value.ends_with(quote) && is_one_text(&value[1..value.len() - 1], quote) {
                let inner = &value[1..value.len() - 1];
                let what = format!("the `{quote}` inside ends the text in YAML");
                return self.report(whole.clone(), quoted(inner), &what, "put the other kind of quotes around it");
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
                            self.report(at..at + end + 2, inner, &what, "put the other kind of quotes around it");
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
            self.quote(whole, "inside `{ }` and `[ ]`, text that starts with `@`, `%`, `!` or a backtick, or holds `${`, `{` or `[`, needs quotes");
        }
        range.start + end
    }

    fn quote(&mut self, range: Range<usize>, what: &str) {
        let replacement = quoted(&self.text[range.clone()]);
        self.report(range, replacement, what, "put quotes around it");
    }

    fn report(&mut self, range: Range<usize>, replacement: String, what: &str, remedy: &str) {
        let span = Span { file: self.file, start: range.start as u32, end: range.end.max(range.start + 1) as u32 };
        self.findings.push(Diagnostic::error(span, what).help(remedy).fix(span, replacement.clone()));
        self.edits.push(Edit { range, replacement });
    }
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// Where the value begins in the text of a `key: value` entry.
fn value_start(text: &str) -> Option<usize> {
    let after_quote = match text.chars().next()? {
        quote @ ('"' | '\'') => closing_quote(&text[1..], quote)? + 2,
        '{' | '[' => return None,
        _ => 0,
    };
    let rest = &text[after_quote..];
    if after_quote > 0 {
        let at = after_quote + (rest.len() - rest.trim_start().len());
        return text[at..].starts_with(':').then_some(at + 1);
    }
    if let Some(at) = rest.find(": ") {
        let comment = rest.find(" #").is_some_and(|comment| comment < at);
        return (!comment).then_some(at + 1);
    }
    let bare = rest.split(" #").next().unwrap_or(rest).trim_end();
    bare.ends_with(':').then_some(bare.len())
}

/// Texts in quotes with commas between them, `'a', 'b'`.
fn list_in_quotes(value: &str) -> Option<&str> {
    let mut rest = value;
    let mut items = 0;
    loop {
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let end = closing_quote(&rest[1..], quote)? + 2;
        items += 1;
        rest = rest[end..].trim_start();
        if rest.is_empty() {
            return (items > 1).then_some(value);
        }
        rest = rest.strip_prefix(',')?.trim_start();
    }
}

/// Whether quotes inside a quoted value belong to its text: a single one, or those of JSON.
fn is_one_text(inner: &str, quote: char) -> bool {
    let is_json = (inner.starts_with('{') && inner.ends_with('}')) || (inner.starts_with('[') && inner.ends_with(']'));
    is_json || inner.matches(quote).count() == 1
}

/// The offset of the closing quote in text that follows the opening one.
fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quote == '"' => at += 2,
            b'\'' if quote == '\'' && bytes.get(at + 1) == Some(&b'\'') => at += 2,
            byte if byte == quote as u8 => return Some(at),
            _ => at += 1,
        }
    }
    None
}

/// Whether text that follows a text in quotes inside `{ }` or `[ ]` can follow it there. After a space a comma
/// may be missing: the parser tells that.
fn ends_in_flow(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with([',', ':', '}', ']', ' ', '\t'])
}

/// The offset of the quote that was meant to close a text inside `{ }` or `[ ]`, where the one at `first` does
/// not: the next one after which the text can end. That of JSON ends with its bracket.
fn outer_quote(text: &str, quote: char, first: usize) -> Option<usize> {
    // So many quotes are looked at: a long line of them must not take the square of its length.
    const MOST: usize = 100;
    let mut quotes = text[first + 1..].match_indices(quote).map(|(at, _)| first + 1 + at).take(MOST);
    quotes.find(|at| {
        let (inner, rest) = (&text[..*at], text[at + 1..].trim_start());
        let whole = match inner.chars().next() {
            Some('{') => inner.ends_with('}'),
            Some('[') => inner.ends_with(']'),
            _ => true,
        };
        whole && (rest.is_empty() || rest.starts_with([',', '}', ']']))
    })
}

/// The range without a trailing ` # comment`.
fn cut_comment(text: &str, range: Range<usize>) -> Range<usize> {
    let value = &text[range.clone()];
    let end = value.find(" # ").map_or(value.len(), |at| value[..at].trim_end().len());
    range.start..range.start + end
}
