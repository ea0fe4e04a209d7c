//! A plan that calls a page which was looked at once: its title becomes an assertion, its forms steps to
//! fill in, its links steps to try next. Sends nothing.

mod draft;
mod write;
mod yaml_text;

use std::fmt::Write as _;
use std::time::Duration;

use url::Url;

use crate::page::{Page, is_html};
use draft::Draft;

/// The password that a plan has until somebody sets one.
pub const PASSWORD_PLACEHOLDER: &str = "your-password";

/// What a look at a page has shown.
#[derive(Debug)]
pub struct Visit<'v> {
    /// The URL that was asked for, without user name and password.
    pub asked: &'v Url,
    /// The URL that responded, after redirects.
    pub url: &'v Url,
    /// The status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: Option<&'v str>,
    /// The body, or its beginning.
    pub body: &'v str,
    /// How many bytes the whole body has.
    pub bytes: u64,
    /// Whether the body is only the beginning.
    pub is_cut: bool,
    /// How long the response took.
    pub time: Duration,
}

/// A plan to start from, and what was found for it.
#[derive(Debug)]
pub struct Starter {
    /// The plan's text, without the line for editors.
    pub plan: String,
    /// What was found, in lines for people.
    pub told: String,
}

/// Writes a plan for a page. `file` is the plan's name as a word of a command line; `is_sound` tells whether a
/// plan has no findings: what a page holds may look like a mistake, and is left out then.
pub fn plan(visit: &Visit<'_>, file: &str, is_sound: &mut dyn FnMut(&str) -> bool) -> Starter {
    let mut draft = Draft::bare(visit);
    let page = match is_html(visit.content_type, visit.body) {
        true => Page::read(visit.body),
        false => {
            draft.add_json(visit);
            return finished(visit, draft, file, None);
        }
    };
    let trouble = match page {
        Ok(page) => {
            draft.add_page(visit, &page, file, is_sound);
            None
        }
        Err(problem) => Some(problem.message),
    };
    finished(visit, draft, file, trouble)
}

fn finished(visit: &Visit<'_>, draft: Draft, file: &str, trouble: Option<String>) -> Starter {
    let mut told = format!(
        "looked at {}: status {}, {}, {} ms\n",
        draft::shown_url(visit.url),
        visit.status,
        draft::size(visit.bytes),
        visit.time.as_millis()
    );
    for note in &draft.notes {
        let _ = writeln!(told, "{}", crate::sanitize::inline(note));
    }
    if let Some(trouble) = trouble {
        let _ = writeln!(told, "the page could not be read, so only its status is checked: {trouble}");
    }
    if let Some(title) = &draft.title {
        let _ = writeln!(told, "title: {}", crate::sanitize::inline(title.text()));
    }
    for form in &draft.forms {
        let _ = writeln!(told, "form:  {}", crate::sanitize::inline(&form.told()));
    }
    if !draft.links.is_empty() {
        let links: Vec<String> = draft.links.iter().map(|link| crate::sanitize::inline(&link.path)).collect();
        let _ = writeln!(told, "links: {}", links.join("  "));
    }
    Starter { plan: write::text(&draft, file, write::Rest::Commented), told }
}
