//! Which characters the bytes of a body stand for: a byte order mark says it first, then the
//! charset of the `Content-Type`, then the document itself (RFC 7303 §3, XML 1.0 §4.3.3, HTML
//! "determining the character encoding").

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How far into a page its own charset is looked for (HTML, "prescan a byte stream").
const PRESCAN: usize = 1024;

/// The encoding of a body, as far as anything names one.
pub(super) fn named(body: &[u8], content_type: Option<&str>) -> Option<&'static Encoding> {
    if let Some((marked, _)) = Encoding::for_bom(body) {
        return Some(marked);
    }
    // A stream of events is UTF-8 whatever it declares (HTML, "parsing an event stream").
    if content_type.is_some_and(is_event_stream) {
        return None;
    }
    if let Some(charset) = content_type.and_then(parameter) {
        return Some(charset);
    }
    let head = body.get(..PRESCAN).unwrap_or(body);
    match content_type.map(essence) {
        // JSON is UTF-8 and has no declaration.
        Some(json) if json.ends_with("/json") || json.ends_with("+json") => None,
        Some(html) if html == "text/html" => declared_by_xml(head).or_else(|| declared_by_meta(head)),
        Some(xml) if xml.ends_with("/xml") || xml.ends_with("+xml") => declared_by_xml(head),
        Some(_) => declared_by_xml(head),
        None => declared_by_xml(head).or_else(|| declared_by_meta(head)),
    }
}

/// A body as text; what cannot be decoded reads as U+FFFD. A byte order mark is omitted.
pub(super) fn decoded<'b>(body: &'b [u8], content_type: Option<&str>) -> Cow<'b, str> {
    named(body, content_type).unwrap_or(UTF_8).decode(body).0
}

/// A body that should be JSON, as UTF-8 without a byte order mark. JSON is UTF-8 (RFC 8259 §8.1)
/// whatever its header says; only of bytes that are none, or hold the zeros of UTF-16, the
/// declared charset is believed.
pub(super) fn as_json<'b>(body: &'b [u8], content_type: impl FnOnce() -> Option<&'b str>) -> Cow<'b, [u8]> {
    let recoded = |encoding: &'static Encoding| match encoding.decode(body).0 {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    match Encoding::for_bom(body) {
        Some((encoding, length)) if encoding == UTF_8 => {
            return Cow::Borrowed(body.get(length..).unwrap_or_default());
        }
        Some((encoding, _)) => return recoded(encoding),
        None => {}
    }
    let begins_with_zeros = body.iter().take(2).any(|byte| *byte == 0);
    if !begins_with_zeros && std::str::from_utf8(body).is_ok() {
        return Cow::Borrowed(body);
    }
    match content_type().and_then(parameter) {
        Some(charset) if charset != UTF_8 => recoded(charset),
        Some(_) | None => Cow::Borrowed(body),
    }
}

/// The type without its parameters, in lower case.
fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_event_stream(content_type: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/event-stream")
}

/// The parameter `charset` of a `Content-Type`.
fn parameter(content_type: &str) -> Option<&'static Encoding> {
    let (_, parameters) = content_type.split_once(';')?;
    let label = parameters.split(';').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']))
    })?;
    Encoding::for_label(label.as_bytes())
}

/// The encoding that an XML declaration names, or that its own bytes show (XML 1.0, appendix F).
fn declared_by_xml(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [b'<', 0, b'?', 0, ..] => return Some(UTF_16LE),
        [0, b'<', 0, b'?', ..] => return Some(UTF_16BE),
        _ => {}
    }
    let rest = head.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = rest.windows(2).position(|two| two == b"?>")?;
    let declaration = String::from_utf8_lossy(rest.get(..end)?);
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    readable(value.get(1..)?.split(quote).next()?)
}

/// The encoding that a `<meta>` of a page names.
fn declared_by_meta(head: &[u8]) -> Option<&'static Encoding> {
    // Only ASCII matters here, and every byte becomes one character.
    let head: String = head.iter().map(|byte| char::from(*byte).to_ascii_lowercase()).collect();
    let mut rest = head.as_str();
    while let Some((_, tag)) = rest.split_once('<') {
        if let Some(comment) = tag.strip_prefix("!--") {
            rest = comment.split_once("-->")?.1;
            continue;
        }
        rest = tag;
        let Some(attributes) =
            tag.strip_prefix("meta").filter(|rest| rest.starts_with([' ', '\t', '\n', '\r', '/', '\u{c}']))
        else {
            continue;
        };
        let attributes = attributes.split('>').next().unwrap_or_default();
        if let Some(encoding) = attribute_charset(attributes) {
            return Some(encoding);
        }
    }
    None
}

/// The charset in `charset="x"` or `content="text/html; charset=x"`.
fn attribute_charset(attributes: &str) -> Option<&'static Encoding> {
    let (_, value) = attributes.split_once("charset")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start().trim_start_matches(['"', '\'']);
    let end =
        value.find(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | ';' | '/')).unwrap_or(value.len());
    readable(value.get(..end)?)
}

/// The encoding of a label that was read as ASCII: UTF-16 cannot be true there.
fn readable(label: &str) -> Option<&'static Encoding> {
    let encoding = Encoding::for_label(label.trim().as_bytes())?;
    Some(if encoding == UTF_16LE || encoding == UTF_16BE { UTF_8 } else { encoding })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8], content_type: &str) -> String {
        decoded(body, Some(content_type).filter(|given| !given.is_empty())).into_owned()
    }

    /// RFC 7303 §3: a byte order mark, then the header's charset, then the XML declaration.
    #[test]
    fn xml_follows_its_mark_then_its_header_then_its_declaration() {
        let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><b>Z\xfcrich</b>";
        for content_type in ["text/xml", "application/xml", "application/soap+xml", "image/svg+xml", ""] {
            assert!(read(latin, content_type).contains("Z\u{fc}rich"), "{content_type}");
        }
        assert!(read(b"<?xml version='1.0'\n encoding = 'windows-1252' ?><b>\x80</b>", "text/xml").contains('€'));
        assert!(
            read("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><b>ü</b>".as_bytes(), "text/xml; charset=utf-8")
                .contains('ü')
        );
        assert!(
            read("\u{feff}<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><b>ü</b>".as_bytes(), "text/xml")
                .starts_with("<?xml")
        );
        assert!(read("\u{feff}<b>ü</b>".as_bytes(), "text/xml; charset=iso-8859-1").contains('ü'));
        // A declaration that was read as ASCII cannot be UTF-16.
        assert!(read("<?xml version=\"1.0\" encoding=\"UTF-16\"?><b>ü</b>".as_bytes(), "text/xml").contains('ü'));
        let utf_16: Vec<u8> = "<?xml version=\"1.0\"?><b>ü</b>".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(read(&utf_16, "text/xml").contains('ü'), "XML 1.0, appendix F");
        let marked: Vec<u8> = "\u{feff}<b>ü</b>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&marked, "text/xml"), "<b>ü</b>");
    }

    #[test]
    fn html_follows_its_meta_within_the_first_1024_bytes() {
        for meta in [
            "<meta charset=\"iso-8859-1\">",
            "<META CHARSET=iso-8859-1>",
            "<meta name=a><meta charset='latin1'/>",
            "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=ISO-8859-1\">",
        ] {
            let page = [b"<html><head>", meta.as_bytes(), b"<title>caf\xe9</title>"].concat();
            assert!(read(&page, "text/html").contains("café"), "{meta}");
            assert!(read(&page, "").contains("café"), "{meta}");
            assert!(!read(&page, "text/plain").contains("café"), "{meta}");
            assert!(!read(&page, "text/html; charset=utf-8").contains("café"), "the header comes first: {meta}");
        }
        assert!(!read(b"<!-- <meta charset=latin1> --><title>caf\xe9</title>", "text/html").contains("café"));
        let late = [" ".repeat(1024).as_bytes(), b"<meta charset=latin1>caf\xe9"].concat();
        assert!(!read(&late, "text/html").contains("café"));
    }

    #[test]
    fn json_is_utf_8_unless_its_bytes_are_not() {
        let json = |body: &'static [u8], content_type: &'static str| {
            String::from_utf8_lossy(&as_json(body, || Some(content_type))).into_owned()
        };
        assert_eq!(json(b"\xef\xbb\xbf{}", "application/json"), "{}", "RFC 8259 §8.1: a mark may be ignored");
        assert_eq!(json("\"ü\"".as_bytes(), "application/json; charset=iso-8859-1"), "\"ü\"");
        assert_eq!(json(b"\"\xfc\"", "application/json; charset=iso-8859-1"), "\"ü\"");
        assert_eq!(json(b"\"\xfc\"", "application/json"), "\"\u{fffd}\"");
        assert_eq!(json(b"\xff\xfe{\0}\0", "application/json"), "{}");
        assert_eq!(json(b"\xfe\xff\0{\0}", "application/json"), "{}");
        assert_eq!(json(b"{\0}\0", "application/json; charset=utf-16le"), "{}");
        assert_eq!(json(b"\0{\0}", "application/json; charset=utf-16be"), "{}");
    }
}
