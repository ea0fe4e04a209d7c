//! The draft as the text of a plan.

use std::fmt::Write as _;

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
    lines.note(0, "Written after one look at the page. Commented lines are suggestions: to use one, remove `# `");
    lines.note(0, "(the mark and one space) from it and from the lines that belong to it, and keep the indentation.");
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
    if has_password {
        lines.live(2, "cookies: iteration      # each iteration is a new visitor, who has to log in again");
    }
    lines.out.push('\n');
    if has_password {
        lines.note(0, "For the login below. A secret is shown as *** in every output; this one comes from the");
        lines.note(0, "environment variable SITE_PASSWORD.");
        let _ = writeln!(lines.out, "{}secrets:", rest.mark());
        let _ = writeln!(lines.out, "{}  password: ${{env.SITE_PASSWORD | default('your-password')}}\n", rest.mark());
    }
    lines.out.push_str(
        "thread_groups:\n  visitors:\n    users: 2              # two users at the same time: raise it when the plan works\n    \
         duration: 10s\n    think_time: 1s..3s    # each waits a little after every request, as a person would\n    steps:\n",
    );
    page(&mut lines, draft);
    for form in &draft.forms {
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

/// The step for the page itself.
fn page(lines: &mut Lines, draft: &Draft) {
    lines.live(STEP, &format!("- name: {}", if draft.is_page { "Page" } else { "Resource" }));
    lines.live(STEP + 2, &format!("get: {}", scalar(&draft.path)));
    if draft.is_page {
        lines.rest(STEP + 2, "resources: { parallel: 6 }   # also its images, scripts and stylesheets");
    }
    lines.live(STEP + 2, "assert:           # what must be true of the response");
    lines.live(STEP + 4, &format!("status: {}", draft.status));
    if let Some(title) = &draft.title {
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
    let hidden: Vec<_> = draft.forms.iter().flat_map(|form| form.hidden.iter().map(move |one| (form, one))).collect();
    if hidden.is_empty() {
        return;
    }
    lines.note(STEP, "Hidden fields of the page's forms, new each time: kept as ${…} for the steps below.");
    lines.rest(STEP + 2, "extract:");
    for (form, hidden) in hidden {
        let of = if draft.forms.len() > 1 {
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
        lines.rest(STEP + 2, "assert:");
        lines.rest(STEP + 4, "status: 2xx");
        lines.rest(STEP + 4, "css:              # a site that refuses a login often responds with status 200");
        lines.rest(STEP + 6, &format!("{selector}: {{ exists: false }}   # and shows the form again"));
    }
}
