//! HTML and XML from the target, with limits before and during parsing.
//!
//! The parsers compare every attribute of an element with all its others, visit all open elements for
//! every tag, and can create a thousand elements from four bytes. Responses are therefore limited so that
//! parsing takes well below a second, and each limit has a name.

use html5ever::tendril::{StrTendril, TendrilSink as _};
use scraper::{Html, HtmlTreeSink};

use crate::problem::Problem;

/// The deepest nesting of a page's elements; real pages have less than 100.
pub const MAX_HTML_DEPTH: usize = 512;
/// The deepest nesting of the elements of an XML document.
pub const MAX_XML_DEPTH: usize = 256;
/// The most attributes of one element of a page.
pub const MAX_HTML_ATTRIBUTES: u32 = 10_000;
/// The most attributes of one element of an XML document.
pub const MAX_XML_ATTRIBUTES: u32 = 1_000;
/// The most elements, texts and comments of a page.
pub const MAX_HTML_NODES: usize = 300_000;
/// The most elements, texts and comments of an XML document; each costs a few hundred bytes.
pub const MAX_XML_NODES: u32 = 200_000;
/// The most different namespace declarations of an XML document.
pub const MAX_NAMESPACES: usize = 200;

/// How many comparisons of attributes a document may cost; the parser of XML needs ten times as long for one.
const MAX_HTML_PAIRS: u64 = 200_000_000;
const MAX_XML_PAIRS: u64 = 20_000_000;
/// How much of a page is parsed at a time, in bytes.
const PIECE: usize = 1024;

/// Parses a page.
///
/// # Errors
/// A fragment that names the limit the page goes beyond.
pub fn html(text: &str) -> Result<Html, Problem> {
    let counts = Counts::of(text, 2 * MAX_HTML_NODES);
    counts.check("page", MAX_HTML_ATTRIBUTES, MAX_HTML_PAIRS)?;
    let too_many = || Problem::from(format!("the page has more than {MAX_HTML_NODES} elements and text nodes"));
    // Tags that open nothing cost time too.
    if counts.tags > 2 * MAX_HTML_NODES {
        return Err(too_many());
    }
    let sink = HtmlTreeSink::new(Html::new_document());
    let mut parser = html5ever::driver::parse_document(sink, html5ever::ParseOpts::default());
    let too_deep = || Problem::from(format!("the page is nested more than {MAX_HTML_DEPTH} levels deep"));
    let mut rest = text;
    let mut known = 0;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE.min(rest.len())));
        parser.process(StrTendril::from(piece));
        rest = after;
        let page = parser.tokenizer.sink.sink.0.borrow();
        let nodes = page.tree.nodes();
        let count = nodes.len();
        if count > MAX_HTML_NODES {
            return Err(too_many());
        }
        // Only the parser knows what an unclosed element ends with; what it opens for each tag it looks
        // through, so a page may not get deep even for a while.
        if nodes.skip(known).any(|node| !node.has_children() && node.ancestors().nth(MAX_HTML_DEPTH).is_some()) {
            return Err(too_deep());
        }
        known = count;
    }
    let page = parser.finish();
    // The parser may have moved some of it since.
    let deep = page.tree.nodes().any(|node| !node.has_children() && node.ancestors().nth(MAX_HTML_DEPTH).is_some());
    if deep { Err(too_deep()) } else { Ok(page) }
}

/// Looks whether an XML document can be parsed in a reasonable time. Its nodes, its nesting and its
/// namespaces are for the parser to count.
///
/// # Errors
/// A fragment that names the limit it goes beyond.
pub fn check_xml(text: &str) -> Result<(), Problem> {
    let counts = Counts::of(text, 2 * MAX_XML_NODES as usize);
    counts.check("body", MAX_XML_ATTRIBUTES, MAX_XML_PAIRS)?;
    if counts.tags > 2 * MAX_XML_NODES as usize {
        return Err(format!("the body has more than {MAX_XML_NODES} nodes").into());
    }
    Ok(())
}

/// How much there is of what takes time, at least as much as the parser will see.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    /// Start and end tags.
    tags: usize,
    /// The most attributes of one tag.
    attributes: u32,
    /// The attributes of each tag squared, in all.
    pairs: u64,
}

/// Where in a tag a byte is.
const NAME: usize = 0;
const BEFORE: usize = 1;
const ATTRIBUTE: usize = 2;
const AFTER: usize = 3;
const EQUALS: usize = 4;
const BARE: usize = 5;
const DOUBLE: usize = 6;
const SINGLE: usize = 7;

/// The states in which a tag may be, and the most attributes it may have there.
#[derive(Clone, Copy, Default)]
struct OpenTags {
    /// A bit for each state.
    states: u8,
    counts: [u32; 8],
}

impl OpenTags {
    fn put(&mut self, state: usize, count: u32) {
        let known = self.states & 1 << state != 0;
        self.counts[state] = if known { self.counts[state].max(count) } else { count };
        self.states |= 1 << state;
    }

    fn iter(self) -> impl Iterator<Item = (usize, u32)> {
        let mut left = self.states;
        std::iter::from_fn(move || {
            let state = left.trailing_zeros() as usize;
            // The last bit is taken off; there is none any more at 8.
            left &= left.wrapping_sub(1);
            Some((state, *self.counts.get(state)?))
        })
    }
}

impl Counts {
    /// Counts in one pass. Where a tag begins depends on comments, scripts and much else that only the
    /// parser knows, so a tag may begin at every `<` before a letter: all tags that may be open at a
    /// place are followed at once, and of those in the same state the one with the most attributes.
    /// Stops once there are more than `most` tags.
    fn of(text: &str, most: usize) -> Self {
        let bytes = text.as_bytes();
        let mut counts = Self::default();
        let mut open = OpenTags::default();
        let mut at = 0;
        while at < bytes.len() && counts.tags <= most {
            // What follows `</` begins with the slash.
            if open.states == 0 && !bytes[..at].ends_with(b"<") {
                match bytes[at..].iter().position(|byte| *byte == b'<') {
                    Some(next) => at += next,
                    None => break,
                }
            }
            let byte = bytes[at];
            at += 1;
            let mut next = OpenTags::default();
            let mut ended = None;
            for (state, count) in open.iter() {
                let (state, count) = match (state, byte) {
                    (DOUBLE, b'"') | (SINGLE, b'\'') => (BEFORE, count),
                    (DOUBLE | SINGLE, _) => (state, count),
                    (_, b'>') => {
                        ended = ended.max(Some(count));
                        continue;
                    }
                    (EQUALS, b'"') => (DOUBLE, count),
                    (EQUALS, b'\'') => (SINGLE, count),
                    (EQUALS, byte) if byte.is_ascii_whitespace() => (EQUALS, count),
                    (EQUALS, _) => (BARE, count),
                    (BARE, byte) if !byte.is_ascii_whitespace() => (BARE, count),
                    (ATTRIBUTE, byte) if byte.is_ascii_whitespace() => (AFTER, count),
                    (ATTRIBUTE | AFTER, b'=') => (EQUALS, count),
                    (AFTER, byte) if byte.is_ascii_whitespace() => (AFTER, count),
                    (NAME | BEFORE | ATTRIBUTE | AFTER | BARE, byte) if byte == b'/' || byte.is_ascii_whitespace() => {
                        (BEFORE, count)
                    }
                    (NAME | ATTRIBUTE, _) => (state, count),
                    // BEFORE and AFTER: an attribute begins.
                    _ => (ATTRIBUTE, count + 1),
                };
                next.put(state, count);
            }
            if byte == b'<' || (byte == b'/' && bytes[..at].ends_with(b"</")) {
                let begins = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80 || matches!(byte, b'_' | b':');
                if bytes.get(at).is_some_and(begins) {
                    counts.tags += 1;
                    next.put(NAME, 0);
                }
            }
            if let Some(count) = ended {
                counts.attributes = counts.attributes.max(count);
                counts.pairs += u64::from(count) * u64::from(count);
            }
            open = next;
        }
        // What is not closed takes its time all the same.
        for (_, count) in open.iter() {
            counts.attributes = counts.attributes.max(count);
        }
        counts
    }

    fn check(&self, what: &str, attributes: u32, pairs: u64) -> Result<(), Problem> {
        if self.attributes > attributes {
            return Err(format!("an element of the {what} has more than {attributes} attributes").into());
        }
        if self.pairs > pairs {
            return Err(format!("too many elements of the {what} have hundreds of attributes").into());
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn attributes(text: &str) -> u32 {
        Counts::of(text, usize::MAX).attributes
    }

    #[test]
    fn attributes_are_counted_as_a_parser_does() {
        for (text, count) in [
            ("no tag < here", 0),
            ("<a>", 0),
            ("<a b>", 1),
            ("<a b=1 c='2 3' d=\"4 > 5\" e>", 4),
            ("<a b = 1\n\tc\r= '2'/>", 2),
            ("<a/b/c=d/e f>", 3),
            ("</a b c>", 2),
            ("<a b=\"x\"c='y'd>", 3),
            // However a comment or a value before it is taken.
            ("<!-- <x y=\" --> <a b c d>", 3),
            ("<a x='<b' c d>", 3),
            ("<a b c", 2),
        ] {
            assert_eq!(attributes(text), count, "{text}");
        }
        assert_eq!(Counts::of("<a b c><d e></a>", usize::MAX), Counts { tags: 3, attributes: 2, pairs: 5 });
    }

    /// What no page may keep a thread busy with for long.
    #[track_caller]
    fn refused(text: &str, words: &str) {
        let start = Instant::now();
        assert_eq!(html(text).map(|_| ()).unwrap_err().message, words);
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }

    #[test]
    fn regression_d10_what_would_take_long_is_refused_by_name() {
        let many = |count: usize| (0..count).map(|number| format!("a{number} ")).collect::<String>();
        refused(&format!("<p {}>", many(100_000)), "an element of the page has more than 10000 attributes");
        refused(&format!("<p {}", many(100_000)), "an element of the page has more than 10000 attributes");
        // 9000² is 81 million.
        refused(&format!("<p {}>", many(9_000)).repeat(3), "too many elements of the page have hundreds of attributes");
        let nodes = "the page has more than 300000 elements and text nodes";
        refused(&"<br>".repeat(700_000), nodes);
        // Every `<p>` takes up all the formatting elements again that are open (HTML §13.2.4.3).
        let open: String = (0..200).map(|number| format!("<b id={number}>")).collect();
        refused(&format!("<p>{open}{}", "<p>x".repeat(10_000)), nodes);
        let deep = "the page is nested more than 512 levels deep";
        refused(&"<div>".repeat(600), deep);
        refused(&format!("<svg>{}", "<td>".repeat(600)), deep);
        refused(&format!("{}x", "<font color=red>".repeat(600)), deep);
        refused(&"<table><tr><td>".repeat(200), deep);
    }

    /// The end or the start of a cell, row, section or list item closes what was opened in it
    /// (HTML §13.2.6.4.7, §13.2.6.4.9, §13.2.6.4.14 and §13.2.6.4.15).
    #[test]
    fn regression_what_a_cell_leaves_open_ends_with_the_cell() {
        for (page, selector, count) in [
            (format!("<table>{}</table>", "<tr><td><font color=red>x</td></tr>".repeat(6000)), "td > font", 6000),
            (format!("<table>{}</table>", "<tr><td><div><span>x".repeat(6000)), "td > div > span", 6000),
            (format!("<ul>{}</ul>", "<li><div><span>x</li>".repeat(6000)), "li > div > span", 6000),
            (format!("<ul>{}</ul>", "<li><i>x</ul><ul>".repeat(6000)), "li", 6000),
            ("<p><font color=red>x".repeat(6000), "body > p, body > p font", 6000),
            (format!("<select>{}</select>", "<option>x".repeat(6000)), "option", 6000),
            ("<section><span>x</section>".repeat(6000), "section > span", 6000),
            ("<div><b>x</div>".repeat(6000), "body > div", 1),
            ("<dl><dt><em>x<dd><em>y</dl>".repeat(2000), "dd", 2000),
        ] {
            let parsed = html(&page).map_err(|error| format!("{error}: {}", &page[..60])).unwrap();
            let found = parsed.select(&scraper::Selector::parse(selector).unwrap()).count();
            assert!(found >= count, "{found} of {count}: {}", &page[..60]);
        }
    }

    #[test]
    fn what_pages_hold_is_read() {
        let script = "<script>for (i=0;i<n;i++) { if (a<b && c>d) x = '<p>' }</script>".repeat(2000);
        let drawing = format!("<svg>{}</svg>", "<path d='M 1 2 L 3 4'/>".repeat(1000));
        let rows = "<tr><td class=a>1<td>2".repeat(10_000);
        let page = html(&format!("<html><head>{script}</head><body>{drawing}<table>{rows}</table>")).unwrap();
        let cells = scraper::Selector::parse("td.a").unwrap();
        assert_eq!(page.select(&cells).count(), 10_000);
        check_xml(&"<a b='1' c='2'/>".repeat(10_000)).unwrap();
    }
}
