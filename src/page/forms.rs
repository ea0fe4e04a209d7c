//! The forms of a page, as a browser sends them.

use scraper::{ElementRef, Selector};

use super::{Page, text_of};

/// How many forms are read.
const MOST_FORMS: usize = 20;
/// How many fields of a form are read.
const MOST_FIELDS: usize = 40;
/// How long the text of a button or label may be, in characters.
const LONGEST: usize = 40;

/// How a form is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As a query after the URL, with GET.
    Query,
    /// As `application/x-www-form-urlencoded`, with POST.
    Form,
    /// As `multipart/form-data`, with POST.
    Multipart,
}

/// What a field of a form is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Not seen; often a token.
    Hidden,
    /// A password.
    Password,
    /// A file.
    File,
    /// What a person writes.
    Written,
    /// What a person chooses, or a button: its value is among those of the page.
    Chosen,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: FieldKind,
    /// The value it has on the page.
    pub value: String,
}

/// A form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Its id.
    pub id: Option<String>,
    /// Where it goes, as it is written.
    pub action: Option<String>,
    /// How it is sent.
    pub encoding: Encoding,
    /// Its fields, each name once.
    pub fields: Vec<Field>,
    /// What its button says.
    pub button: String,
}

impl Form {
    /// Whether it asks for a password.
    pub fn has_password(&self) -> bool {
        self.fields.iter().any(|field| field.kind == FieldKind::Password)
    }
}

impl Page {
    /// Its forms, in order.
    pub fn forms(&self) -> Vec<Form> {
        self.select("form").take(MOST_FORMS).filter_map(|element| form(self, element)).collect()
    }

    /// Whether a form of it only closes a dialog.
    pub fn has_dialog_form(&self) -> bool {
        self.select("form[method=dialog i]").next().is_some()
    }
}

/// A form that a request can send.
fn form(page: &Page, form: ElementRef<'_>) -> Option<Form> {
    let method = form.attr("method").unwrap_or_default().trim();
    // It closes its dialog, and sends nothing.
    if method.eq_ignore_ascii_case("dialog") {
        return None;
    }
    let multipart = form.attr("enctype").is_some_and(|kind| kind.trim().eq_ignore_ascii_case("multipart/form-data"));
    let encoding = match (method.eq_ignore_ascii_case("post"), multipart) {
        (false, _) => Encoding::Query,
        (true, false) => Encoding::Form,
        (true, true) => Encoding::Multipart,
    };
    let controls = Selector::parse("input, select, textarea, button").ok()?;
    let mut fields: Vec<Field> = Vec::new();
    let (mut button, mut submits) = (String::new(), false);
    let id = form.attr("id").filter(|id| !id.is_empty());
    // A control belongs to the form that its `form` names, else to the one around it (HTML, form owner).
    let inside = form.select(&controls).filter(|control| control.attr("form").is_none_or(|owner| Some(owner) == id));
    let outside = page.select("input[form], select[form], textarea[form], button[form]");
    let outside = outside.filter(|control| {
        id.is_some() && control.attr("form") == id && !control.ancestors().any(|around| around == *form)
    });
    for control in inside.chain(outside) {
        let kind = control.attr("type").unwrap_or_default().trim().to_ascii_lowercase();
        let tag = control.value().name();
        let is_button = match tag {
            "button" => !matches!(&*kind, "button" | "reset"),
            _ => tag == "input" && matches!(&*kind, "submit" | "image"),
        };
        if is_button {
            if button.is_empty() {
                button = match tag {
                    "button" => text_of(control, LONGEST),
                    _ => control.attr("value").unwrap_or_default().chars().take(LONGEST).collect(),
                };
            }
            // A browser sends the button that was pressed, and no other.
            if std::mem::replace(&mut submits, true) {
                continue;
            }
        }
        if fields.len() == MOST_FIELDS || control.attr("disabled").is_some() {
            continue;
        }
        fields.extend(field(control, tag, &kind, is_button).filter(|field| {
            // Of several with one name (radio buttons) the one that is chosen, else the first.
            !field.name.is_empty() && !fields.iter().any(|known| known.name == field.name)
        }));
    }
    let text = |name: &str| form.attr(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Form { id: text("id"), action: text("action"), encoding, fields, button })
}

/// A field that is sent; `None` for what is not, such as a box that is not ticked.
fn field(control: ElementRef<'_>, tag: &str, kind: &str, is_button: bool) -> Option<Field> {
    let name = control.attr("name")?.to_owned();
    let value = control.attr("value").unwrap_or_default().to_owned();
    let (kind, value) = match (tag, kind) {
        ("select", _) => {
            let options = Selector::parse("option").ok()?;
            let mut options = control.select(&options).filter(|option| option.attr("disabled").is_none());
            let first = options.next()?;
            let chosen = options.find(|option| option.attr("selected").is_some());
            let chosen = if first.attr("selected").is_some() { first } else { chosen.unwrap_or(first) };
            let text = || text_of(chosen, LONGEST);
            (FieldKind::Chosen, chosen.attr("value").map_or_else(text, str::to_owned))
        }
        ("textarea", _) => (FieldKind::Written, text_of(control, LONGEST)),
        ("button", _) if !is_button => return None,
        ("button", _) | ("input", "submit") => (FieldKind::Chosen, value),
        ("input", "image" | "reset" | "button") => return None,
        ("input", "hidden") => (FieldKind::Hidden, value),
        ("input", "password") => (FieldKind::Password, String::new()),
        ("input", "file") => (FieldKind::File, String::new()),
        ("input", "checkbox" | "radio") => {
            control.attr("checked")?;
            (FieldKind::Chosen, control.attr("value").unwrap_or("on").to_owned())
        }
        _ => (FieldKind::Written, value),
    };
    Some(Field { name, kind, value })
}
