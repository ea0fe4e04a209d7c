//! What an HTML page says to people, and what it offers them: forms to send and links to follow.
//! Reading is bounded by the limits of [`markup`](mod@crate::markup), and so is what is taken out of a page.

mod forms;

use scraper::{ElementRef, Html, Selector};

use crate::markup;
use crate::problem::Problem;

pub use forms::{Encoding, Field, FieldKind, Form};

/// How long a text of a page may be, in characters.
const LONGEST: usize = 200;
/// How many headings and how many alerts are told.
const MOST_TOLD: usize = 3;
/// How many elements are looked at for alerts.
const MOST_CANDIDATES: usize = 200;
/// How many links are read.
const MOST_LINKS: usize = 1000;

/// What a page says first: its title, its headings, and what it alerts to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The title of its head.
    pub title: Option<String>,
    /// The texts of its `h1` elements.
    pub headings: Vec<String>,
    /// The texts of its alerts and error messages.
    pub alerts: Vec<String>,
    /// The first of them that does not report a success.
    pub warning: Option<String>,
}

impl Words {
    /// Whether the page says nothing of that kind.
    pub fn is_empty(&self) -> bool {
        self.title.is_none() && self.headings.is_empty() && self.alerts.is_empty()
    }
}

/// A link to another page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Where it leads, as it is written.
    pub href: String,
    /// Its text.
    pub text: String,
}

/// A page that was read.
#[derive(Debug)]
pub struct Page {
    document: Html,
}

/// Whether a body is an HTML page, by its `Content-Type` or, without one, by its beginning.
pub fn is_html(content_type: Option<&str>, beginning: &str) -> bool {
    match content_type {
        Some(kind) => {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("text/html") || kind.eq_ignore_ascii_case("application/xhtml+xml")
        }
        None => {
            let begins = |start: &str| {
                beginning.trim_start().get(..start.len()).is_some_and(|text| text.eq_ignore_ascii_case(start))
            };
            begins("<!doctype html") || begins("<html")
        }
    }
}

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    /// A fragment that names the limit the page goes beyond.
    pub fn read(html: &str) -> Result<Self, Problem> {
        markup::html(html).map(|document| Self { document })
    }

    /// What it says.
    pub fn words(&self) -> Words {
        let title = self.select("head > title").next().map(|title| text_of(title, LONGEST));
        let headings = self.select("h1").map(|heading| text_of(heading, LONGEST));
        let alerts = self.alerts();
        Words {
            title: title.filter(|title| !title.is_empty()),
            headings: headings.filter(|text| !text.is_empty()).take(MOST_TOLD).collect(),
            warning: alerts.iter().find(|alert| alert.is_bad).map(|alert| alert.text.clone()),
            alerts: alerts.into_iter().map(|alert| alert.text).collect(),
        }
    }

    /// What an extractor with this selector takes: the first attribute or text (without outer spaces) it finds.
    pub fn first(&self, selector: &str, attribute: Option<&str>) -> Option<String> {
        let value = |element: ElementRef<'_>| match attribute {
            Some(attribute) => element.attr(attribute).map(str::to_owned),
            None => Some(element.text().collect()),
        };
        self.select(selector).find_map(value).map(|text| text.trim().to_owned())
    }

    /// How many elements called `title` there are: drawings have some too.
    pub fn titles(&self) -> usize {
        self.select("title").count()
    }

    /// Whether it has a script but hardly any words: it is built in the browser.
    pub fn is_built_by_scripts(&self) -> bool {
        let words = self.select("body").next().map(|body| text_of(body, LONGEST)).unwrap_or_default();
        self.select("script").next().is_some() && words.chars().count() < LONGEST / 2 && self.links().is_empty()
    }

    /// Its links, in order.
    pub fn links(&self) -> Vec<Link> {
        let links = self.select("a[href]").take(MOST_LINKS);
        let link = |link: ElementRef<'_>| {
            let href = link.attr("href")?.trim().to_owned();
            Some(Link { href, text: text_of(link, LONGEST) })
        };
        links.filter_map(link).collect()
    }

    /// What its relative references stand on, if it says so.
    pub fn base(&self) -> Option<&str> {
        self.select("base[href]").next()?.attr("href").map(str::trim)
    }

    /// The elements a selector finds.
    fn select<'p>(&'p self, selector: &str) -> impl Iterator<Item = ElementRef<'p>> + use<'p> {
        let selector = Selector::parse(selector).ok();
        let found: Vec<_> = selector.iter().flat_map(|selector| self.document.select(selector)).collect();
        found.into_iter()
    }

    /// What the page alerts to: elements with that role, and those whose class says so.
    fn alerts(&self) -> Vec<Alert> {
        let candidates = self.select(
            "[role=alert], [role=alertdialog], [class*=alert i], [class*=error i], [class*=invalid-feedback i]",
        );
        let mut alerts: Vec<Alert> = Vec::new();
        for element in candidates.take(MOST_CANDIDATES) {
            if alerts.len() == MOST_TOLD {
                break;
            }
            let by_role = element.attr("role").is_some_and(|role| role.starts_with("alert"));
            if is_hidden(element) || matches!(element.value().name(), "html" | "body" | "script" | "style") {
                continue;
            }
            let text = text_of(element, LONGEST);
            // A whole section with such a class is no message; what is inside may be one.
            let is_message = by_role || !text.ends_with('…');
            let is_known = alerts.iter().any(|known| known.text.contains(&text));
            if is_message && !is_known && text.chars().any(char::is_alphanumeric) {
                alerts.push(Alert { text, is_bad: !is_good_news(element) });
            }
        }
        alerts
    }
}

/// An alert of a page.
#[derive(Debug)]
struct Alert {
    text: String,
    /// Whether it may be an error: it does not call itself a success or a piece of information.
    is_bad: bool,
}

/// Whether an alert's class says that it reports a success, or informs only: `alert alert-success`.
fn is_good_news(element: ElementRef<'_>) -> bool {
    let class = element.attr("class").unwrap_or_default().to_ascii_lowercase();
    let mut words = class.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| matches!(word, "success" | "info" | "notice" | "ok"))
}

/// Whether the page itself keeps an element from being seen, or one around it.
fn is_hidden(element: ElementRef<'_>) -> bool {
    let around = element.ancestors().filter_map(ElementRef::wrap);
    std::iter::once(element).chain(around).any(|element| {
        let class = element.attr("class").unwrap_or_default();
        let style: String = element.attr("style").unwrap_or_default().split_ascii_whitespace().collect();
        element.attr("hidden").is_some()
            || matches!(element.value().name(), "template" | "noscript")
            || class.split_ascii_whitespace().any(|class| matches!(class, "hidden" | "d-none" | "is-hidden"))
            || style.to_ascii_lowercase().contains("display:none")
    })
}

/// The text of an element on one line, without scripts and styles; cut with an ellipsis.
fn text_of(element: ElementRef<'_>, longest: usize) -> String {
    let mut text = String::new();
    let mut length = 0;
    for node in element.descendants() {
        let Some(piece) = node.value().as_text() else { continue };
        let inside = node.parent().and_then(ElementRef::wrap).map(|parent| parent.value().name());
        if matches!(inside, Some("script" | "style" | "template" | "noscript")) {
            continue;
        }
        // Text of different elements is separate words, as a browser shows it.
        for word in piece.split_whitespace() {
            if length > 0 {
                text.push(' ');
                length += 1;
            }
            let room = (longest + 1).saturating_sub(length);
            text.extend(word.chars().take(room));
            length += word.chars().take(room).count();
            if length > longest {
                let cut: String = text.chars().take(longest - 1).collect();
                return format!("{}…", cut.trim_end());
            }
        }
    }
    text
}

#[cfg(test)]
mod tests;
