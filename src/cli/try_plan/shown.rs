//! What `try` shows of an exchange: heads, cookies, bodies, and what a page says.

use std::fmt::Write as _;

use http::HeaderMap;
use http::header::SET_COOKIE;

use crate::engine::Observed;
use crate::exchange::{Entry, HttpEntry, Message, StreamEvent};
use crate::mask::{MASK, Masker};
use crate::page::{Page, Words, is_html};
use crate::phase::Phase;
use crate::response::Response;
use crate::sanitize::{defused, inline, one_line};

/// How many characters of a body are shown.
const BODY: usize = 800;
/// How many lines of a body are shown.
const BODY_LINES: usize = 16;
/// How many characters of a value are shown.
pub(super) const VALUE: usize = 200;
/// How much of a page is read to see what it says, in bytes.
const PAGE: usize = 1024 * 1024;

/// How much of bodies is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bodies {
    /// Their beginning; of pages what they say.
    Short,
    /// All of them.
    Whole,
}

/// What went over the wire, and what came of it; gives the first alert of a page.
pub(super) fn exchange(text: &mut String, request: &Observed<'_>, failed: bool, bodies: Bodies) -> Option<String> {
    for entry in &request.exchange.transcript {
        match entry {
            Entry::Http(entry) => sent(text, entry, request.masker, bodies),
            Entry::Sent(message) => said(text, "   > ", message, request.masker, bodies),
            Entry::Received(message) => said(text, "   < ", message, request.masker, bodies),
            Entry::Event(event) => came(text, event, request.masker, bodies),
        }
    }
    received(text, request.response?, request, failed, bodies)
}

/// A message that went over a connection.
fn said(text: &mut String, mark: &str, message: &Message, masker: &Masker, bodies: Bodies) {
    if message.text {
        body(text, mark, &String::from_utf8_lossy(&message.payload), masker, bodies);
    } else {
        let _ = writeln!(text, "{mark}({} bytes)", message.payload.len());
    }
}

/// An event of a stream: its type and id, where the server tells them, and its data.
fn came(text: &mut String, event: &StreamEvent, masker: &Masker, bodies: Bodies) {
    let shown = |value: &str| inline(&cut(&masker.beginning(value, VALUE), value, VALUE, ""));
    let kind = (&*event.event != "message").then(|| format!("event: {}", shown(&event.event)));
    let id = (!event.id.is_empty()).then(|| format!("id: {}", shown(&event.id)));
    let told: Vec<String> = kind.into_iter().chain(id).collect();
    if !told.is_empty() {
        let _ = writeln!(text, "   < {}", told.join(", "));
    }
    body(text, "   < ", &event.data, masker, bodies);
}

fn sent(text: &mut String, hop: &HttpEntry, masker: &Masker, bodies: Bodies) {
    let _ = writeln!(text, "   > {} {}", hop.method, one_line(&masker.url(&hop.url)));
    if let Some(proxy) = &hop.proxy {
        let _ = writeln!(text, "   > (through the proxy {})", inline(&masker.mask(proxy)));
    }
    if let Some(remote) = &hop.remote {
        let tls = hop.tls.as_deref().map(|tls| format!(", {}", tls_version(tls))).unwrap_or_default();
        let whose = if hop.proxy.is_some() { ", the proxy" } else { "" };
        let _ = writeln!(text, "   > (connected to {}{whose}{tls})", masker.mask(&remote.to_string()));
    }
    for line in masker.headers(&hop.request_headers).lines() {
        let _ = writeln!(text, "   > {}", one_line(line));
    }
    body(text, "   > ", &String::from_utf8_lossy(&hop.request_body), masker, bodies);
    if let Some(status) = hop.status {
        let _ = writeln!(text, "   < {status}");
        let mut headers = hop.response_headers.clone();
        headers.remove(SET_COOKIE);
        for line in masker.headers(&headers).lines() {
            let _ = writeln!(text, "   < {}", one_line(line));
        }
        cookies(text, &hop.response_headers, is_secure(&hop.url), masker);
    }
}

/// `TLSv1_3` as people write it.
fn tls_version(tls: &str) -> String {
    inline(&tls.replace("TLSv", "TLS ").replace('_', "."))
}

/// The cookies a response sets: each with its name and its attributes, without its value.
fn cookies(text: &mut String, headers: &HeaderMap, is_secure: bool, masker: &Masker) {
    for header in headers.get_all(SET_COOKIE) {
        let header = String::from_utf8_lossy(header.as_bytes()).into_owned();
        let (pair, attributes) = header.split_once(';').unwrap_or((&header, ""));
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let attributes: Vec<&str> =
            attributes.split(';').map(str::trim).filter(|attribute| !attribute.is_empty()).collect();
        let lower = attributes.iter().map(|attribute| attribute.to_ascii_lowercase());
        let is_deleted = lower.clone().any(|attribute| {
            let age = attribute.strip_prefix("max-age=").and_then(|age| age.trim().parse::<i64>().ok());
            age.is_some_and(|age| age <= 0) || (attribute.starts_with("expires=") && attribute.contains("1970"))
        });
        let name = masker.mask(name.trim());
        let what = match is_deleted {
            true => format!("cookie deleted: {name}"),
            // An empty value hides nothing.
            false => format!("cookie set: {name}={}", if value.trim().is_empty() { "" } else { MASK }),
        };
        let attributes = attributes.iter().map(|attribute| format!("; {}", masker.mask(attribute))).collect::<String>();
        let lost = match lower.clone().any(|attribute| attribute == "secure") && !is_secure && !is_deleted {
            true => "  (Secure: it is not sent over http://)",
            false => "",
        };
        let _ = writeln!(text, "   < {}{lost}", inline(&format!("{what}{attributes}")));
    }
}

/// Whether cookies that are `Secure` are sent here: over TLS, and to this machine.
fn is_secure(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    matches!(url.scheme(), "https" | "wss")
        || url.host().is_some_and(|host| match host {
            url::Host::Domain(name) => name == "localhost",
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
        })
}

fn received(
    text: &mut String,
    response: &Response,
    request: &Observed<'_>,
    failed: bool,
    bodies: Bodies,
) -> Option<String> {
    let masker = request.masker;
    // Messages are shown one by one, as they came.
    let messages =
        request.exchange.transcript.iter().any(|entry| matches!(entry, Entry::Received(_) | Entry::Event(_)));
    let words = if messages { None } else { words(response, masker) };
    if !messages && (bodies == Bodies::Whole || words.is_none()) {
        body(text, "   < ", response.text(), masker, bodies);
    }
    if let Some(words) = &words {
        if bodies == Bodies::Short {
            let count = response.text().chars().count();
            let _ = writeln!(text, "   < (a page of {count} characters; -v shows its HTML)");
        }
        let mut line = |what: &str, words: &str| {
            let _ = writeln!(text, "   < {what}: {words}");
        };
        if bodies == Bodies::Short || failed {
            words.title.iter().for_each(|title| line("title", title));
            words.headings.iter().for_each(|heading| line("heading", heading));
        }
        words.alerts.iter().for_each(|alert| line("alert", alert));
    }
    if response.truncated() {
        let _ = writeln!(
            text,
            "   < (the body has {} bytes; `max_body` keeps {})",
            response.body_bytes,
            response.body.len()
        );
    }
    let timings = &request.exchange.timings;
    let mut phases = String::new();
    for phase in Phase::ALL {
        if let Some(time) = timings.get(phase) {
            let _ = write!(phases, ", {} {:.1} ms", phase.word().replace('_', " "), time.as_secs_f64() * 1e3);
        }
    }
    let cached = if request.exchange.cached { ", from the cache" } else { "" };
    let _ = writeln!(text, "   {} in {:.1} ms{phases}{cached}", response.version, timings.total.as_secs_f64() * 1e3);
    words?.warning
}

/// What an HTML page says, fit to be shown; `None` for other bodies and for pages that say nothing.
fn words(response: &Response, masker: &Masker) -> Option<Words> {
    let html = response.text();
    if html.is_empty() || !is_html(response.header("content-type"), html) {
        return None;
    }
    // What escapes stand for may be a secret too, so it is masked on both sides of them.
    let beginning = masker.mask_cut(&html[..html.floor_char_boundary(PAGE)]);
    let words = Page::read(&beginning).ok()?.words();
    let fit = |text: String| inline(&masker.mask_cut(&text));
    (!words.is_empty()).then(|| Words {
        title: words.title.map(fit),
        headings: words.headings.into_iter().map(fit).collect(),
        alerts: words.alerts.into_iter().map(fit).collect(),
        warning: words.warning.map(fit),
    })
}

/// Whether a body is a picture, an archive or the like: a tenth of its beginning is no text.
fn is_binary(body: &str) -> bool {
    let beginning = || body.chars().take(1000);
    let strange = beginning().filter(|c| *c == '\u{fffd}' || (c.is_control() && !matches!(c, '\t' | '\n' | '\r')));
    strange.count() * 10 > beginning().count()
}

/// A body: JSON is laid out, the rest is shown as it came; both masked before they are cut.
fn body(text: &mut String, mark: &str, body: &str, masker: &Masker, bodies: Bodies) {
    if body.is_empty() {
        return;
    }
    if is_binary(body) {
        let _ = writeln!(text, "{mark}(not text)");
        return;
    }
    let masked = match bodies {
        // Spaces that are left out make it shorter.
        Bodies::Short => masker.beginning(body, 4 * BODY),
        Bodies::Whole => masker.mask(body),
    };
    let pretty = match serde_json::from_str::<serde::de::IgnoredAny>(body) {
        Ok(_) => laid_out(&masked),
        Err(_) => masked.into_owned(),
    };
    let shown = match bodies {
        Bodies::Short => first_lines(&pretty, body),
        Bodies::Whole => pretty,
    };
    for line in shown.split(['\n', '\r']).filter(|line| !line.is_empty()) {
        let _ = writeln!(text, "{mark}| {}", defused(line));
    }
}

/// The first characters and lines of what is shown of a body, and how long the whole is.
fn first_lines(shown: &str, whole: &str) -> String {
    let end = shown.match_indices('\n').nth(BODY_LINES - 1).map_or(shown.len(), |(at, _)| at);
    let most = BODY.min(shown[..end].chars().count());
    cut(shown, whole, most, "; -v shows them")
}

/// The beginning of what is shown, and how long the whole is.
pub(super) fn cut(shown: &str, whole: &str, most: usize, how: &str) -> String {
    let mut cut: String = shown.chars().take(most).collect();
    if cut.len() < shown.len() {
        let _ = write!(cut, "… ({} characters in all{how})", whole.chars().count());
    }
    cut
}

/// JSON over several lines. Only spaces change: numbers keep their digits.
fn laid_out(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let mut in_text = false;
    let mut escaped = false;
    let mut chars = json.chars().peekable();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    while let Some(c) = chars.next() {
        if in_text {
            out.push(c);
            in_text = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => {
                in_text = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(|next| next.is_ascii_whitespace()).is_some() {}
                if let Some(close) = chars.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            blank if blank.is_ascii_whitespace() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::laid_out;

    #[test]
    fn json_is_laid_out_without_touching_numbers_or_texts() {
        let json = r#"{"n":1.10,"big":12345678901234567890123 ,"t":"a,{\"b\":[]","e":[ ],"l":[1,{"x":null}]}"#;
        let expected = r#"{
  "n": 1.10,
  "big": 12345678901234567890123,
  "t": "a,{\"b\":[]",
  "e": [],
  "l": [
    1,
    {
      "x": null
    }
  ]
}"#;
        assert_eq!(laid_out(json), expected);
    }
}
