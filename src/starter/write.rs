//! The draft as the text of a plan.

use std::fmt::Write as _;

use super::PASSWORD_PLACEHOLDER;
use super::draft::{Draft, FieldValue, FormStep};
use super::yaml_text::{css_string, quoted, scalar};
use crate::page::Encoding;

/// How forms and links are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// As comments: what they do is for a person to decide.
    Commented,
    /// As the steps they become when the comment is taken off, to see whether these are right.
    Live,
}

impl Rest {
    /// What stands before each line.
    fn mark(self) -> &'static str {
        match self {
            Self::Commented => "# ",
            Self::Live => "",
        }
    }
}

/// Lines at some indentation.
struct Lines {
    out: String,
    mark: &'static str,
}

impl Lines {
    /// A line of the plan.
    fn live(&mut self, indent: usize, line: &str) {
        let _ = writeln!(self.out, "{:indent$}{line}", "");
    }

    /// A line that a person may put into use by taking its mark off.
    fn rest(&mut self, indent: usize, line: &str) {
        // The mark stands where the outermost line begins, so that taking it off leaves the indentation right.
        let (outer, inner) = (indent.min(STEP), indent.saturating_sub(STEP));
        let _ = writeln!(self.out, "{:outer$}{}{:inner$}{line}", "", self.mark, "");
    }

    /// A remark.
    fn note(&mut self, indent: usize, text: &str) {
        let _ = writeln!(self.out, "{:indent$}# {text}", "");
    }
}

/// Where steps begin.
const STEP: usize = 6;

/// The plan's text; `file` is its name as a word of a command line.
pub(super) fn text(draft: &Draft, file: &str, rest: Rest) -> String {
    let mut lines = Lines { out: String::new(), mark: rest.mark() };
    let has_password = draft.forms.iter().any(FormStep::has_password);
    lines.live(0, "#");
    lines.note(0, "Generated from this page. Commented lines are suggestions: to use one, remove `# `");
    lines.note(0, "(the hash and one space) from it and from the lines that belong to it, and keep the indentation.");
    lines.live(0, "#");
    let _ = writeln!(lines.out, "#   loadplan try {file}     one user, once, everything shown: use it while you edit");
    let _ = writeln!(lines.out, "#   loadplan run {file}");
    for note in &draft.notes {
        lines.live(0, "#");
        lines.note(0, &crate::sanitize::inline(note));
    }
    lines.live(0, "#");
    lines.note(0, "Apply load only to servers that you are allowed to test.");
    let _ = writeln!(lines.out, "name: {}\n\nhttp:\n  base_url: {}", scalar(&draft.name), scalar(&draft.base_url));
    lines.out.push('\n');
    if has_password {
        lines.note(0, "For the login below. A secret is shown as *** in every output; this one comes from the");
        lines.note(0, "environment variable SITE_PASSWORD.");
        let _ = writeln!(lines.out, "{}secrets:", rest.mark());
        let _ = writeln!(
            lines.out,
            "{}  password: ${{env.SITE_PASSWORD | default('{PASSWORD_PLACEHOLDER}')}}\n",
            rest.mark()
        );
    }
    lines.out.push_str(
        "thread_groups:\n  visitors:\n    users: 2              # two users at the same time: raise it when the plan works\n    \
         duration: 10s\n    think_time: 1s..3s    # each waits a little after every request, as a person would\n",
    );
    // A login belongs before the iterations: a user keeps its session, as a person does.
    let login = draft.forms.iter().find(|form| form.has_password());
    if let Some(login) = login {
        lines.out.push_str("\n    on_start:             # once for each user, before its first iteration\n");
        page(&mut lines, draft, &draft.page_name, &[login], PageChecks::All);
        step(&mut lines, login);
        lines.out.push('\n');
    }
    lines.out.push_str("    steps:                # over and over again\n");
    let others: Vec<&FormStep> =
        draft.forms.iter().filter(|form| !login.is_some_and(|login| std::ptr::eq(login, *form))).collect();
    if login.is_some() {
        lines.note(STEP, "Replace this with the pages that your users open after the login.");
        page(&mut lines, draft, "First page", &others, PageChecks::Status);
    } else {
        page(&mut lines, draft, &draft.page_name, &others, PageChecks::All);
    }
    for form in others {
        step(&mut lines, form);
    }
    if !draft.links.is_empty() {
        lines.out.push('\n');
        lines.note(STEP, "Pages of this site that the page links to. Use those that your visitors open:");
        for link in &draft.links {
            let says = if link.says.is_empty() { String::new() } else { format!("   # {}", link.says) };
            lines.rest(STEP, &format!("- get: {}{says}", scalar(&link.path)));
        }
    }
    let _ = write!(
        lines.out,
        "\n# What must be true of the whole run. If one of these is not, the run fails.\nthresholds:\n  - error_rate < 1%\n  \
         - p95 < {}             # 95 of 100 responses took less than this\n",
        draft.limit
    );
    lines.out
}

/// What is asserted of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PageChecks {
    /// Its status, and what it says.
    All,
    /// Its status only: a user who is logged in may get another page here.
    Status,
}

/// The step for the page itself, with the hidden fields of these forms.
fn page(lines: &mut Lines, draft: &Draft, name: &str, forms: &[&FormStep], checks: PageChecks) {
    lines.live(STEP, &format!("- name: {}", scalar(name)));
    lines.live(STEP + 2, &format!("get: {}", scalar(&draft.path)));
    if draft.is_page {
        lines.rest(STEP + 2, "resources: { parallel: 6 }   # also its images, scripts and stylesheets");
    }
    lines.live(STEP + 2, "assert:           # what must be true of the response");
    lines.live(STEP + 4, &format!("status: {}", draft.status));
    if let Some(title) = draft.title.as_ref().filter(|_| checks == PageChecks::All) {
        lines.live(STEP + 4, "css:");
        let expected = match title.is_whole {
            true => scalar(title.text()),
            false => format!("{{ contains: {} }}", quoted(title.text())),
        };
        lines.live(STEP + 6, &format!("{}: {expected}", title.selector));
    }
    if let Some(kind) = draft.json {
        lines.live(STEP + 4, "json:");
        lines.live(STEP + 6, &format!("$: {{ type: {kind} }}"));
    }
    let hidden: Vec<_> = forms.iter().flat_map(|form| form.hidden.iter().map(move |one| (form, one))).collect();
    if hidden.is_empty() {
        return;
    }
    lines.note(STEP, "Hidden fields of the page's forms, new each time: saved as ${…} for the steps below.");
    lines.rest(STEP + 2, "extract:");
    for (form, hidden) in hidden {
        let of = if forms.len() > 1 {
            format!("   # for \"{}\"", crate::sanitize::inline(&form.name))
        } else {
            String::new()
        };
        lines.rest(STEP + 4, &format!("{}:{of}", hidden.variable));
        lines.rest(STEP + 6, &format!("css: {}", scalar(&hidden.selector)));
        lines.rest(STEP + 6, "attribute: value");
    }
}

/// A form as a step.
fn step(lines: &mut Lines, form: &FormStep) {
    let mut needs = Vec::new();
    if !form.hidden.is_empty() {
        needs.push("`extract` above");
    }
    if form.has_password() {
        needs.push("`secrets` at the top");
    }
    let needs = if needs.is_empty() { String::new() } else { format!(" It needs {}.", needs.join(" and ")) };
    lines.out.push('\n');
    lines.note(STEP, &format!("A form of the page. Fill in its values.{needs}"));
    lines.rest(STEP, &format!("- name: {}", scalar(&form.name)));
    let (method, fields) = match form.encoding {
        Encoding::Query => ("get", "query"),
        Encoding::Form => ("post", "form"),
        Encoding::Multipart => ("post", "multipart"),
    };
    lines.rest(STEP + 2, &format!("{method}: {}", scalar(&form.action)));
    lines.rest(STEP + 2, &format!("{fields}:"));
    for (name, value) in &form.fields {
        let value = match value {
            FieldValue::Taken(variable) => format!("${{{variable}}}"),
            FieldValue::Password => "${password}".to_owned(),
            FieldValue::Known(text) => scalar(text),
            FieldValue::FillIn(example) => scalar(example),
            FieldValue::File => "a-file.txt   # sends this text; to send a file: { file: photos/cat.jpg }".to_owned(),
        };
        lines.rest(STEP + 4, &format!("{}: {value}", scalar(name)));
    }
    if let Some((name, _)) = form.fields.iter().find(|(_, value)| matches!(value, FieldValue::Password)) {
        let selector = scalar(&format!("input[name={}]", css_string(name)));
        lines.rest(STEP + 2, "assert:             # a site that refuses a login often responds with status 200");
        lines.rest(STEP + 4, "status: 2xx");
        lines.rest(
            STEP + 4,
            "# A login that succeeds redirects to another page, one that is refused often does not. If your",
        );
        lines.rest(STEP + 4, "# site stays at this URL after a login, remove the next line.");
        lines.rest(STEP + 4, &format!("url: {{ not_matches: {} }}", pattern(&form.action)));
        lines.rest(STEP + 4, "css:");
        lines.rest(STEP + 6, &format!("{selector}: {{ exists: false }}   # the form is not shown again"));
        lines.rest(STEP + 4, "# Also add a text that only a user who is logged in sees. It is the surest sign:");
        lines.rest(STEP + 4, "# body: { contains: Log out }");
    }
}

/// A pattern, as a value in quotes, that the URL of this action matches with any query, on any host.
fn pattern(action: &str) -> String {
    let path = url::Url::parse(action).map_or_else(|_| action.to_owned(), |url| url.path().to_owned());
    let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
    // A dash outside of brackets needs no backslash.
    quoted(&format!("^https?://[^/]+{}/?([?#]|$)", regex::escape(path).replace("\\-", "-")))
}
