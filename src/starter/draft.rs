//! What goes into the plan: taken from the page, checked, and kept apart from how it is written.

use std::collections::BTreeSet;
use std::time::Duration;

use url::{Host, Url};

use super::Visit;
use super::write::{Rest, text};
use super::yaml_text::css_string;
use crate::page::{Encoding, Field, FieldKind, Form, Link, Page};
use crate::sanitize::{inline, short};
use crate::template::RESERVED_NAMES;

/// How many forms are written.
const MOST_FORMS: usize = 4;
/// How many fields of a form are written.
const MOST_FIELDS: usize = 25;
/// How many links are written.
const MOST_LINKS: usize = 6;
/// How many links are looked at.
const MOST_CANDIDATES: usize = 200;
/// How long a title may be to be compared as a whole, and any other text to be written at all, in characters.
const LONGEST: usize = 300;
/// Words in paths and texts of links that end a session or change something.
const NOT_TRIED: [&str; 12] = [
    "logout",
    "log-out",
    "log_out",
    "log out",
    "signout",
    "sign-out",
    "sign_out",
    "sign out",
    "delete",
    "remove",
    "unsubscribe",
    "abmelden",
];
/// Endings of what is no page.
const FILES: [&str; 14] =
    [".pdf", ".zip", ".gz", ".jpg", ".jpeg", ".png", ".gif", ".svg", ".webp", ".mp3", ".mp4", ".exe", ".dmg", ".xml"];

/// A plan to be.
#[derive(Debug)]
pub(super) struct Draft {
    /// What the step for the page is called.
    pub(super) page_name: String,
    /// The plan's name: the host.
    pub(super) name: String,
    /// What stands before every path.
    pub(super) base_url: String,
    /// The page's path and query, or its whole URL.
    pub(super) path: String,
    /// In sentences, for people: redirects, and what else is to be known.
    pub(super) notes: Vec<String>,
    /// The status the page has.
    pub(super) status: u16,
    /// What its title must be.
    pub(super) title: Option<Title>,
    /// Whether the body is an object or a list of JSON.
    pub(super) json: Option<&'static str>,
    /// Forms.
    pub(super) forms: Vec<FormStep>,
    /// Links to other pages of the site.
    pub(super) links: Vec<LinkStep>,
    /// Whether it is a page, with resources.
    pub(super) is_page: bool,
    /// The limit for p95.
    pub(super) limit: &'static str,
}

/// What a page's title must be.
#[derive(Clone, Debug)]
pub(super) struct Title {
    /// The selector that finds it first.
    pub(super) selector: &'static str,
    /// The whole text, or a part where it has several lines.
    text: String,
    /// Whether the text is the whole.
    pub(super) is_whole: bool,
}

impl Title {
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// A hidden field that is taken from the page.
#[derive(Clone, Debug)]
pub(super) struct Hidden {
    /// The variable it is kept in.
    pub(super) variable: String,
    /// How it is found.
    pub(super) selector: String,
}

/// What a field of a form is sent with.
#[derive(Clone, Debug)]
pub(super) enum FieldValue {
    /// What was taken from the page.
    Taken(String),
    /// The password, from the plan's secrets.
    Password,
    /// A value of the page.
    Known(String),
    /// Something to fill in.
    FillIn(&'static str),
    /// A file to name.
    File,
}

/// A form as a step.
#[derive(Clone, Debug)]
pub(super) struct FormStep {
    /// What the step is called.
    pub(super) name: String,
    /// Where it goes: a path of the site, or a whole URL.
    pub(super) action: String,
    /// How it is sent.
    pub(super) encoding: Encoding,
    /// Hidden fields that are taken from the page.
    pub(super) hidden: Vec<Hidden>,
    /// All fields, by name.
    pub(super) fields: Vec<(String, FieldValue)>,
}

impl FormStep {
    /// Whether it sends the password of the plan's secrets.
    pub(super) fn has_password(&self) -> bool {
        self.fields.iter().any(|(_, value)| matches!(value, FieldValue::Password))
    }

    /// It in a line for people.
    pub(super) fn told(&self) -> String {
        let method = if self.encoding == Encoding::Query { "GET" } else { "POST" };
        let names: Vec<&str> = self.hidden.iter().map(|hidden| &*hidden.variable).collect();
        let hidden = if names.is_empty() { String::new() } else { format!(" (hidden: {})", names.join(", ")) };
        format!("{method} {}{hidden}", self.action)
    }
}

/// A link as a step.
#[derive(Clone, Debug)]
pub(super) struct LinkStep {
    /// Path and query.
    pub(super) path: String,
    /// What the link says, for a comment.
    pub(super) says: String,
}

impl Draft {
    /// A plan that asks for the page and checks its status.
    pub(super) fn bare(visit: &Visit<'_>) -> Self {
        let mut notes = Vec::new();
        let same_site = site(visit.asked) == site(visit.url);
        if visit.asked.origin() != visit.url.origin() {
            let (asked, url) = (origin(visit.asked), origin(visit.url));
            notes.push(match same_site {
                true => format!("{asked} redirects to {url}, so the plan uses {url}"),
                false => format!("{} redirects to another site: {}", shown_url(visit.asked), shown_url(visit.url)),
            });
        } else if path(visit.asked) != path(visit.url) {
            notes.push(format!(
                "{} redirects to {}, so the page, its forms and its links are those of {}",
                shown_url(visit.asked),
                shown_url(visit.url),
                inline(&short(visit.url.path(), LONGEST)),
            ));
        }
        Self {
            page_name: "Resource".to_owned(),
            name: visit.asked.host_str().unwrap_or("page").to_owned(),
            base_url: origin(if same_site { visit.url } else { visit.asked }),
            path: path(visit.asked),
            notes,
            status: visit.status,
            title: None,
            json: None,
            forms: Vec::new(),
            links: Vec::new(),
            is_page: false,
            limit: limit(visit.time),
        }
    }

    /// What a body of JSON is.
    pub(super) fn add_json(&mut self, visit: &Visit<'_>) {
        self.json = match serde_json::from_str::<serde_json::Value>(visit.body) {
            Ok(serde_json::Value::Object(_)) => Some("object"),
            Ok(serde_json::Value::Array(_)) => Some("array"),
            Ok(_) | Err(_) => None,
        };
    }

    /// What a page offers, each part only if a plan with it is sound.
    pub(super) fn add_page(
        &mut self,
        visit: &Visit<'_>,
        page: &Page,
        file: &str,
        is_sound: &mut dyn FnMut(&str) -> bool,
    ) {
        self.is_page = true;
        self.page_name = "Page".to_owned();
        if visit.bytes > visit.body.len() as u64 && visit.is_cut {
            self.notes.push(format!(
                "only the first {} of the page were read, so forms and links after that are missing here",
                size(visit.body.len() as u64)
            ));
        }
        if page.is_built_by_scripts() {
            self.notes.push(
                "the page is built by scripts, which loadplan does not run: look in your browser's developer tools \
                 (Network) for the requests it sends, and add them as steps"
                    .to_owned(),
            );
        }
        let bare = self.copy();
        let mut sound = |with: &dyn Fn(&mut Draft)| {
            let mut draft = bare.copy();
            with(&mut draft);
            is_sound(&text(&draft, file, Rest::Live))
        };
        // What came is not what was asked for, so the step is called after what came.
        let name = page.words().title.filter(|title| {
            path(visit.asked) != path(visit.url) && fits(title) && sound(&|draft| draft.page_name = title.clone())
        });
        self.page_name = name.unwrap_or_else(|| self.page_name.clone());
        self.title = title(page).filter(|title| sound(&|draft| draft.title = Some(title.clone())));
        let base = page.base().and_then(|base| visit.url.join(base).ok());
        let base = base.as_ref().unwrap_or(visit.url);
        let mut variables = BTreeSet::new();
        let mut dropped = BTreeSet::new();
        for form in page.forms() {
            if self.forms.len() == MOST_FORMS {
                dropped.insert("only the first 4 forms are suggested");
                break;
            }
            let step = match self.form(visit.url, page, base, &form, &mut variables) {
                Ok(step) => step,
                Err(why) => {
                    dropped.insert(why);
                    continue;
                }
            };
            let is_known = self.forms.iter().any(|known| known.action == step.action && known.name == step.name);
            if is_known {
                continue;
            }
            if sound(&|draft| draft.forms = vec![step.clone()]) {
                self.forms.push(step);
            } else {
                dropped.insert("a name or value in it cannot be written in a plan");
            }
        }
        if page.has_dialog_form() {
            dropped.insert("it only closes a dialog (method=dialog) and sends nothing");
        }
        self.notes.extend(dropped.into_iter().map(|why| format!("a form of the page was left out: {why}")));
        for link in page.links().iter().take(MOST_CANDIDATES) {
            if self.links.len() == MOST_LINKS {
                break;
            }
            let Some(step) = self.link(visit, base, link) else { continue };
            if sound(&|draft| draft.links = vec![step.clone()]) {
                self.links.push(step);
            }
        }
    }

    /// The same without what is optional.
    fn copy(&self) -> Self {
        Self {
            name: self.name.clone(),
            page_name: self.page_name.clone(),
            base_url: self.base_url.clone(),
            path: self.path.clone(),
            notes: Vec::new(),
            title: None,
            forms: Vec::new(),
            links: Vec::new(),
            ..*self
        }
    }

    /// A URL as a step names it: its path, if it belongs to the plan's site.
    fn named(&self, url: &Url) -> String {
        if origin(url) == self.base_url { path(url) } else { format!("{}{}", origin(url), path(url)) }
    }

    fn form(
        &self,
        url: &Url,
        page: &Page,
        base: &Url,
        form: &Form,
        variables: &mut BTreeSet<String>,
    ) -> Result<FormStep, &'static str> {
        let action = match &form.action {
            Some(action) => base.join(action).map_err(|_| "its action is not a URL")?,
            None => url.clone(),
        };
        if !matches!(action.scheme(), "http" | "https") {
            return Err("its action is not an http or https URL");
        }
        if !fits(action.as_str()) {
            return Err("its action is too long");
        }
        let mut action = action;
        if form.encoding == Encoding::Query {
            // The fields take the place of the query it may have (HTML, form submission, "mutate action URL").
            action.set_query(None);
        }
        let named = self.named(&action);
        let mut step = FormStep {
            name: step_name(form, &named),
            action: named,
            encoding: form.encoding,
            hidden: Vec::new(),
            fields: Vec::new(),
        };
        for field in form.fields.iter().take(MOST_FIELDS) {
            let value = match field.kind {
                FieldKind::Hidden => match taken(page, form, field) {
                    Some(selector) => {
                        let variable = variable(&field.name, variables);
                        step.hidden.push(Hidden { variable: variable.clone(), selector });
                        FieldValue::Taken(variable)
                    }
                    None => FieldValue::Known(field.value.clone()),
                },
                FieldKind::Password => FieldValue::Password,
                FieldKind::File => FieldValue::File,
                FieldKind::Chosen => FieldValue::Known(field.value.clone()),
                FieldKind::Written if field.value.is_empty() => FieldValue::FillIn(example(&field.name)),
                FieldKind::Written => FieldValue::Known(field.value.clone()),
            };
            let too_long = matches!(&value, FieldValue::Known(text) if !fits(text));
            if fits(&field.name) && !too_long {
                step.fields.push((field.name.clone(), value));
            }
        }
        if step.fields.is_empty() { Err("it has no fields with a name") } else { Ok(step) }
    }

    fn link(&self, visit: &Visit<'_>, base: &Url, link: &Link) -> Option<LinkStep> {
        let mut url = base.join(&link.href).ok()?;
        url.set_fragment(None);
        let said = format!("{} {}", url.path(), link.text).to_lowercase();
        let is_file = FILES.iter().any(|end| url.path().to_ascii_lowercase().ends_with(end));
        let is_tried = !is_file && !NOT_TRIED.iter().any(|word| said.contains(word));
        let path = path(&url);
        let is_new = path != self.path && url != *visit.url && !self.links.iter().any(|known| known.path == path);
        (origin(&url) == self.base_url && is_tried && is_new && fits(&path))
            .then(|| LinkStep { path, says: short(&inline(&link.text), 40).into_owned() })
    }
}

/// What is asserted of the title: what the assertion would find, so that it passes.
fn title(page: &Page) -> Option<Title> {
    let selector = if page.titles() == 1 { "title" } else { "head > title" };
    let whole = page.first(selector, None)?;
    // Of several lines the longest: what stands between them is for no one to see.
    let text = whole.lines().map(str::trim).max_by_key(|line| line.len())?.to_owned();
    let is_whole = text == whole;
    (fits(&text) && text.chars().any(char::is_alphanumeric)).then_some(Title { selector, text, is_whole })
}

/// The selector that finds a hidden field of a form, and its very value, first.
fn taken(page: &Page, form: &Form, field: &Field) -> Option<String> {
    let input = format!("input[name={}]", css_string(&field.name));
    let id = form.id.as_deref().map(|id| format!("form[id={}] {input}", css_string(id)));
    let action = form.action.as_deref().map(|action| format!("form[action={}] {input}", css_string(action)));
    let finds = |selector: &String| page.first(selector, Some("value")).as_deref() == Some(field.value.trim());
    [Some(input), id, action].into_iter().flatten().filter(|selector| fits(selector)).find(finds)
}

/// A name for the variable of a field, as plans allow it, that no other field has.
fn variable(field: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name: String =
        field.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).take(40).collect();
    name = name.trim_matches('_').to_owned();
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || RESERVED_NAMES.contains(&&*name) {
        name = format!("field_{name}");
    }
    // The plan's own secret is called so.
    if name == "password" {
        name = "hidden_password".to_owned();
    }
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(name);
    taken.insert(free.clone());
    free
}

/// What a step for a form is called: what its button says, else what it is for, else where it goes.
fn step_name(form: &Form, action: &str) -> String {
    let button = inline(&form.button);
    // A name cannot hold an expression, not even one that is written as text.
    let is_fixed = button == form.button && !button.contains("${");
    if is_fixed && button.chars().any(char::is_alphanumeric) && fits(&button) {
        return button;
    }
    if form.has_password() { "Log in".to_owned() } else { format!("Form {action}") }
}

/// Something to fill in, by what the field is called.
fn example(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    if name.contains("mail") {
        "user@example.com"
    } else if ["user", "login", "account"].iter().any(|word| name.contains(word)) {
        "your-user-name"
    } else {
        "fill in"
    }
}

/// Whether a text is short enough to be written, and holds nothing that is not seen.
fn fits(text: &str) -> bool {
    text.chars().count() <= LONGEST && !text.chars().any(crate::sanitize::is_unseen)
}

/// Scheme, host and port.
fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The host without `www.`: what a site is called with and without it.
fn site(url: &Url) -> Option<String> {
    Some(match url.host()? {
        Host::Domain(name) => name.strip_prefix("www.").unwrap_or(name).to_owned(),
        Host::Ipv4(address) => format!("{address}:{:?}", url.port()),
        Host::Ipv6(address) => format!("{address}:{:?}", url.port()),
    })
}

/// Path and query.
fn path(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// A URL for people: without its query, which may hold what is for this visitor only.
pub(super) fn shown_url(url: &Url) -> String {
    inline(&short(&format!("{}{}", origin(url), url.path()), LONGEST))
}

/// A size for people.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => format!("{bytes} bytes"),
        _ => format!("{:.1} kB", bytes as f64 / 1000.0),
    }
}

/// A limit well above what was seen once.
fn limit(time: Duration) -> &'static str {
    match time.as_millis() {
        0..250 => "1s",
        250..500 => "2s",
        500..1250 => "5s",
        _ => "10s",
    }
}
