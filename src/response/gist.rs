//! What an error's body says, in a line: the words that tell what went wrong, out of JSON, XML,
//! HTML or plain text.

use std::borrow::Cow;

use crate::json::{Document, Node, ValueKind};
use crate::mask::Masker;

/// The longest line that is reported, in characters.
const LONGEST: usize = 140;

/// Fields that say what went wrong, the most telling first (RFC 9457 calls them `detail` and `title`).
const FIELDS: [&str; 12] = [
    "detail",
    "message",
    "error_description",
    "errorMessage",
    "msg",
    "faultstring",
    "reason",
    "description",
    "error",
    "errors",
    "fault",
    "title",
];

/// Elements that do so in XML, and in HTML the headings.
const ELEMENTS: [&str; 6] = ["faultstring", "message", "detail", "reason", "title", "h1"];

/// The line, without control characters, of the beginning of a body; `None` when it is empty or no text.
pub(super) fn summarize(body: &str, status: u16, secrets: &Masker) -> Option<String> {
    let text = body.trim_start();
    if text.contains('\0') {
        return None;
    }
    let line = match text.chars().next()? {
        '{' | '[' => of_json(text).unwrap_or_else(|| first_line(text)),
        '<' => of_markup(text),
        _ => first_line(text),
    };
    // Servers repeat the status before its name.
    // Undone escapes may have made a secret of what was none.
    let line = one_line(&secrets.mask_cut(&line));
    let number = status.to_string();
    let bare = line.strip_prefix(&number).filter(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
    let line = bare.map_or(&*line, |rest| rest.trim_start_matches([' ', ':', '-', '–', '—', '|']));
    (!line.is_empty()).then(|| shortened(line))
}

fn of_json(text: &str) -> Option<String> {
    let document = Document::read(text.to_owned().into()).ok()?;
    said(document.root(), 4)
}

/// The most telling text in a value, at most this many levels down.
fn said(node: Node<'_>, levels: u8) -> Option<String> {
    match node.kind() {
        ValueKind::Text => node.text().map(Cow::into_owned).filter(|text| !text.trim().is_empty()),
        ValueKind::List if levels > 0 => node.items().find_map(|item| said(item, levels - 1)),
        ValueKind::Object if levels > 0 => FIELDS.iter().find_map(|field| {
            let (_, value) = node.members().find(|(name, _)| name.eq_ignore_ascii_case(field))?;
            said(value, levels - 1)
        }),
        ValueKind::Null | ValueKind::Bool | ValueKind::Number | ValueKind::List | ValueKind::Object => None,
    }
}

/// The title and the first heading if it says something else, the message of an XML fault, or
/// the first words outside of tags.
fn of_markup(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut found: Vec<String> = Vec::new();
    for name in ELEMENTS {
        let Some(inner) = element(text, &lower, name) else { continue };
        let inner = one_line(&words(inner));
        if inner.is_empty() || found.iter().any(|known| known.contains(&inner)) {
            continue;
        }
        found.push(inner);
        if name != "title" {
            break;
        }
    }
    if found.is_empty() { words(text) } else { found.join(" – ") }
}

/// What is inside of the first element of this name, whatever its prefix.
fn element<'t>(text: &'t str, lower: &str, name: &str) -> Option<&'t str> {
    let mut from = 0;
    while let Some(at) = lower[from..].find(name) {
        let start = from + at;
        from = start + name.len();
        let before = lower[..start].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '-');
        let opened = lower[..start].ends_with('<')
            || (lower[..start].ends_with(':') && before.ends_with(':') && {
                let prefix =
                    before[..before.len() - 1].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '-');
                prefix.ends_with('<')
            });
        if opened && lower[from..].starts_with(['>', ' ', '\n', '\r', '\t']) {
            let inner = from + lower[from..].find('>')? + 1;
            let end = lower[inner..].find("</")? + inner;
            let more = lower[inner..].match_indices("</").map(|(at, _)| inner + at).find(|at| {
                let tag = &lower[at + 2..];
                let tag = tag[..tag.find('>').unwrap_or(tag.len())].trim_end();
                tag == name || tag.strip_suffix(name).is_some_and(|prefix| prefix.ends_with(':'))
            });
            return text.get(inner..more.unwrap_or(end));
        }
    }
    None
}

/// The first words outside of tags, scripts, styles and comments.
fn words(markup: &str) -> String {
    let mut out = String::new();
    let mut rest = markup;
    while !rest.is_empty() && out.len() < 4 * LONGEST {
        let Some(at) = rest.find('<') else {
            out.push_str(rest);
            break;
        };
        out.push_str(&rest[..at]);
        out.push(' ');
        let tag = &rest[at..];
        let skipped = [("<!--", "-->"), ("<script", "</script"), ("<style", "</style")]
            .iter()
            .find(|(open, _)| tag.get(..open.len()).is_some_and(|start| start.eq_ignore_ascii_case(open)));
        let from = skipped.and_then(|(_, close)| tag.to_ascii_lowercase().find(close)).unwrap_or(0);
        rest = tag[from..].find('>').map_or("", |end| &tag[from + end + 1..]);
    }
    entities(&out)
}

/// Text with the entities that error pages use put in.
fn entities(text: &str) -> String {
    const NAMED: [(&str, &str); 6] =
        [("lt", "<"), ("gt", ">"), ("quot", "\""), ("apos", "'"), ("nbsp", " "), ("amp", "&")];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        out.push_str(before);
        let entity = behind.split_once(';').filter(|(name, _)| name.len() <= 8);
        let character = entity.and_then(|(name, _)| match name.strip_prefix('#') {
            Some(number) => {
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code).map(String::from)
            }
            None => NAMED.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned()),
        });
        match (character, entity) {
            (Some(character), Some((_, after))) => {
                out.push_str(&character);
                rest = after;
            }
            _ => {
                out.push('&');
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The first line with words in it; of a Python traceback the last one.
fn first_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| line.contains(char::is_alphanumeric));
    let first = lines.next().unwrap_or_default();
    let line = if first.starts_with("Traceback (") { lines.next_back().unwrap_or(first) } else { first };
    line.to_owned()
}

/// Words with one space between them, without control characters.
fn one_line(text: &str) -> String {
    // Before the control characters go: without them the rest of an escape sequence looks like text.
    let text = crate::sanitize::clean(text);
    let mut out = String::with_capacity(text.len().min(4 * LONGEST));
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// A line of at most [`LONGEST`] characters. What is omitted is the middle, because a chain of
/// causes ends with the decisive one; only whole words are omitted, so that no half of a secret stays.
fn shortened(line: &str) -> String {
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    let words: Vec<&str> = line.split(' ').collect();
    let fits = |words: &mut dyn Iterator<Item = &&str>, most: usize| {
        let mut used = 0;
        let mut count = 0;
        for word in words {
            used += word.chars().count() + 1;
            if used > most {
                break;
            }
            count += 1;
        }
        count
    };
    let first = fits(&mut words.iter(), LONGEST * 3 / 5);
    let last = fits(&mut words[first..].iter().rev(), LONGEST * 2 / 5 - 2).min(words.len() - first);
    let (front, back) = (words[..first].join(" "), words[words.len() - last..].join(" "));
    format!("{front} … {back}").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_tell_what_went_wrong_are_found() {
        for (body, said) in [
            ("upstream connect error\r\nreset reason: overflow", "upstream connect error"),
            ("\n\n  503 Service Unavailable\n", "Service Unavailable"),
            ("503", ""),
            (
                r#"{"timestamp":1,"status":503,"error":"Service Unavailable","message":"pool exhausted"}"#,
                "pool exhausted",
            ),
            (r#"{"type":"about:blank","title":"Out of stock","detail":"Item 5 is gone"}"#, "Item 5 is gone"),
            (r#"{"error":{"code":7,"message":"no such tenant"}}"#, "no such tenant"),
            (r#"{"errors":[{"code":7,"Message":"bad field"}]}"#, "bad field"),
            (r#"{"error":"invalid_grant","error_description":"Token expired"}"#, "Token expired"),
            (r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{"message":"cut of"#, r#"{"message":"cut of"#),
            (r#"["oops"]"#, "oops"),
            (
                "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body><center><h1>503 Service Temporarily Unavailable</h1></center><hr>nginx",
                "Service Temporarily Unavailable",
            ),
            (
                "<!DOCTYPE html><html><head><TITLE>Error</TITLE><style>h1{}</style></head><body><h1 class=x>Database <b>is down</b></h1>",
                "Error – Database is down",
            ),
            (
                "<br />\n<b>Fatal error</b>:  Uncaught Exception: no &quot;db&quot; in /var/www/x.php",
                "Fatal error : Uncaught Exception: no \"db\" in /var/www/x.php",
            ),
            (
                "<s:Envelope xmlns:s='urn'><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>Deadlock</faultstring></s:Fault></s:Body></s:Envelope>",
                "Deadlock",
            ),
            (
                "<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>",
                "Reduce your request rate.",
            ),
            ("<e:Error xmlns:e='u'><e:Message>Why</e:Message></e:Error>", "Why"),
            ("<script>if (a<b) x()</script><p>gone</p>", "gone"),
            ("Traceback (most recent call last):\n  File \"a.py\", line 1\nKeyError: 'user'\n", "KeyError: 'user'"),
            // An escape sequence goes as a whole (ECMA-48 §5.4), not only the character it begins with.
            ("a \u{1b}[31mred\u{7}", "a red"),
            (r#"{"message":"a \u001b[1;31mred\u001b[0m end"}"#, "a red end"),
            ("", ""),
            ("\u{89}PNG\0\0", ""),
        ] {
            assert_eq!(summarize(body, 503, &Masker::default()).unwrap_or_default(), said, "{body}");
        }
    }

    #[test]
    fn a_long_line_keeps_its_beginning_and_its_end_and_only_whole_words() {
        let line = format!(
            "Could not open the session; {}cause: Connection timed out after 30000ms",
            "nested exception is X; ".repeat(20)
        );
        let told = summarize(&line, 500, &Masker::default()).unwrap_or_default();
        assert!(
            told.starts_with("Could not open the session;") && told.ends_with("Connection timed out after 30000ms"),
            "{told}"
        );
        assert!(told.chars().count() <= LONGEST && told.contains(" … "), "{told}");
        let secret = "s".repeat(500);
        assert!(
            !summarize(&format!("the token {secret} is wrong"), 500, &Masker::default())
                .unwrap_or_default()
                .contains("sss")
        );
    }

    proptest::proptest! {
        #[test]
        fn any_body_can_be_told(body in "(<[/!]?(h1|title|a:message|script)>|[<>&;#{}\":a-c\\u{e9} \n]){0,40}") {
            let _ = summarize(&body, 500, &Masker::default());
        }
    }
}
