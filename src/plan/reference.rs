//! The reference page of the plan format, generated from [`keys`](super::keys) and from the tables
//! of functions and filters, so that it cannot say something else than the program does.

use std::fmt::Write as _;

use super::keys::{Key, KindId, PROFILE_GROUP, STEP, Section, StepKeys, Ty, kinds, sections};
use crate::protocols::spec::RequestKind;
use crate::template::{Builtin, FunctionDoc, filters, functions};

const INTRO: &str = "\
# Plan reference

Every key of a plan, with its type and meaning. This page is generated from the same tables as
`loadplan check` and the schema for editors. To change it, change those tables and run
`LOADPLAN_BLESS=1 cargo test --test schemas`.

";

const NOTATION: &str = r#"## Notation

| on this page | in a plan |
| --- | --- |
| duration | a number and its unit: `500ms`, `10s`, `2m`, `1h30m`, `7d` |
| size | a number and its unit: `64B`, `10kB`, `1MiB` |
| percentage | `25%` |
| text | any text, sent as it is written; can contain `${…}` |
| plain text | text without `${…}` |
| expression | an expression without the surrounding `${ }`: `total > 3 and status == 'ok'` |
| any value | text, a number, `true`, `false`, `null`, a list or a map |

Inside `{ }` and `[ ]`, text that contains `${`, `{`, `[`, `,` or `#` needs quotes. YAML anchors, aliases and
merge keys work. Keys that start with `x-` are ignored; use them for your own notes or anchors.

## How bodies are read

- **Text**: the encoding is taken from a byte order mark, from the `charset` of the `Content-Type`, or from an XML
  declaration or (in HTML) a `<meta>` element in the first 1024 bytes, in this order. Without any of them, it is UTF-8.
  Bytes that cannot be decoded become U+FFFD.
- **JSON** is UTF-8 regardless of the `Content-Type` (RFC 8259); a leading byte order mark is ignored. The declared `charset`
  is only used for a body that is not UTF-8. For every path, extractor, expression and schema, the whole body must be valid
  JSON, from the first byte to the last. If an object contains a name twice, the last one counts. Numbers keep their
  spelling. Half of a surrogate pair (`"\ud83d"`) becomes U+FFFD. More than 128 levels of nesting are not supported.

"#;

/// The reference page, as Markdown.
pub fn reference() -> String {
    let mut page = INTRO.to_owned();
    contents(&mut page);
    page.push_str(NOTATION);
    for section in sections() {
        if section.name == STEP.name {
            steps(&mut page);
        } else {
            self::section(&mut page, section);
        }
    }
    expressions(&mut page);
    page
}

fn contents(page: &mut String) {
    page.push_str("- [Notation](#notation)\n- [How bodies are read](#how-bodies-are-read)\n");
    for section in sections() {
        let _ = writeln!(page, "- {}", link(section));
    }
    page.push_str("- [Expressions](#expressions): [functions](#functions), [filters](#filters)\n\n");
}

/// A section's heading. Its anchor is its text in lower case with dashes.
fn heading(section: &Section) -> String {
    let mut letters = section.name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn link(section: &Section) -> String {
    let anchor: String = section
        .name
        .to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'))
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect();
    format!("[{}](#{anchor})", section.name)
}

fn section(page: &mut String, section: &'static Section) {
    let _ = writeln!(page, "## {}\n\n{}\n", heading(section), section.doc);
    let own: Vec<&'static Key> = section.keys.iter().collect();
    // A kind's own section comes first.
    let kind = kinds().find(|kind| kind.sections.first().is_some_and(|first| std::ptr::eq(*first, section)));
    if let Some(kind) = kind {
        let others: Vec<String> = kind.sections[1..].iter().map(|other| link(other)).collect();
        let and = if others.is_empty() { "" } else { " and " };
        let _ = writeln!(page, "You can also use every key of {}{and}{}.\n", others.join(", "), link(&STEP));
    }
    keys(page, &own);
    // A profile's thread group says again what the thread group's own section shows.
    if section.name != PROFILE_GROUP.name {
        examples(page, own.iter().copied());
    }
}

/// A table of keys, and those that are not supported yet below it.
fn keys(page: &mut String, keys: &[&Key]) {
    page.push_str("| key | value | meaning |\n| --- | --- | --- |\n");
    for key in keys.iter().filter(|key| !key.later) {
        let required = if key.required { " (required)" } else { "" };
        let _ = writeln!(
            page,
            "| `{}`{required} | {} | {} |",
            key.name,
            cell(&value(&key.ty)),
            cell(&format!("{}{}{}", key.doc, choices(&key.ty), elsewhere(key))),
        );
    }
    page.push('\n');
    let later: Vec<String> = keys.iter().filter(|key| key.later).map(|key| format!("`{}`", key.name)).collect();
    if !later.is_empty() {
        let _ = writeln!(page, "Not supported yet: {}.\n", later.join(", "));
    }
}

/// One block with the examples of all keys, each as it is written in a plan.
fn examples(page: &mut String, keys: impl Iterator<Item = &'static Key>) {
    let shown: Vec<&str> = keys.filter(|key| !key.later && !key.example.is_empty()).map(|key| key.example).collect();
    if !shown.is_empty() {
        let _ = writeln!(page, "Examples of all keys:\n\n```yaml\n{}\n```\n", shown.join("\n"));
    }
}

/// What may be under a key, in words.
fn value(ty: &Ty) -> String {
    match ty {
        Ty::Text => "text".to_owned(),
        Ty::Name => "plain text".to_owned(),
        Ty::Bool => "`true` or `false`".to_owned(),
        Ty::Count(least) => format!("whole number from {least}"),
        Ty::Duration => "duration".to_owned(),
        Ty::Size => "size".to_owned(),
        Ty::Rate => "rate".to_owned(),
        Ty::Share => "percentage".to_owned(),
        Ty::Expression => "expression".to_owned(),
        Ty::Path => "path".to_owned(),
        Ty::Any => "any value".to_owned(),
        Ty::Null => "`null`".to_owned(),
        Ty::Enum(words) => words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Ty::Section(section) => link(section),
        Ty::Map(inner) => format!("map: name → {}", value(inner)),
        Ty::List(inner) => format!("list of {}", plural(inner)),
        Ty::Either(shapes) => shapes.iter().map(value).collect::<Vec<_>>().join(" or "),
        Ty::Steps => "list of [steps](#step)".to_owned(),
        Ty::Matcher => "value or [matcher](#matcher)".to_owned(),
        Ty::TimeMatcher => "[matcher](#matcher) of times".to_owned(),
        Ty::Assertions => "[assert](#assert) map, or a list of them".to_owned(),
        Ty::Extractors => "map: variable → JSONPath or [extractor](#extractor)".to_owned(),
        Ty::Thresholds => "list of [thresholds](#threshold)".to_owned(),
        Ty::ThinkTime => "duration, range such as `1s..3s`, or [distribution](#think-time)".to_owned(),
    }
}

fn plural(ty: &Ty) -> String {
    match ty {
        Ty::Text => "texts".to_owned(),
        Ty::Name => "names".to_owned(),
        Ty::Any => "values".to_owned(),
        other @ (Ty::Bool
        | Ty::Count(_)
        | Ty::Duration
        | Ty::Size
        | Ty::Rate
        | Ty::Share
        | Ty::Expression
        | Ty::Path
        | Ty::Enum(_)
        | Ty::Section(_)
        | Ty::Map(_)
        | Ty::List(_)
        | Ty::Either(_)
        | Ty::Null
        | Ty::Steps
        | Ty::Matcher
        | Ty::TimeMatcher
        | Ty::Assertions
        | Ty::Extractors
        | Ty::Thresholds
        | Ty::ThinkTime) => value(other),
    }
}

/// What each word of a choice means.
fn choices(ty: &Ty) -> String {
    match ty {
        Ty::Enum(words) => {
            let told: Vec<String> = words.iter().map(|(word, doc)| format!("<br>`{word}`: {doc}")).collect();
            told.concat()
        }
        Ty::Either(shapes) => shapes.iter().map(choices).collect(),
        Ty::Text
        | Ty::Name
        | Ty::Bool
        | Ty::Count(_)
        | Ty::Duration
        | Ty::Size
        | Ty::Rate
        | Ty::Share
        | Ty::Expression
        | Ty::Path
        | Ty::Any
        | Ty::Section(_)
        | Ty::Map(_)
        | Ty::List(_)
        | Ty::Null
        | Ty::Steps
        | Ty::Matcher
        | Ty::TimeMatcher
        | Ty::Assertions
        | Ty::Extractors
        | Ty::Thresholds
        | Ty::ThinkTime => String::new(),
    }
}

/// What other tools call a key, each tool once.
fn elsewhere(key: &Key) -> String {
    let mut tools: Vec<(&str, Vec<&str>)> = Vec::new();
    for (tool, word) in key.words.iter().filter(|(_, word)| *word != key.name) {
        match tools.iter_mut().find(|(known, _)| known == tool) {
            Some((_, words)) => words.push(word),
            None => tools.push((tool, vec![word])),
        }
    }
    if tools.is_empty() {
        return String::new();
    }
    let told: Vec<String> = tools
        .iter()
        .map(|(tool, words)| {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            format!("{tool} {}", words.join(" "))
        })
        .collect();
    format!("<br><sub>other tools: {}</sub>", told.join(", "))
}

/// Text that may be in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn steps(page: &mut String) {
    let _ = writeln!(page, "## {}\n\n{}\n", heading(&STEP), STEP.doc);
    page.push_str("| step type | value | meaning | in JMeter |\n| --- | --- | --- | --- |\n");
    let ready = || kinds().filter(|kind| !kind.key.later);
    for kind in ready() {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            kind.key.name,
            cell(&value(&kind.key.ty)),
            cell(&format!("{}{}", kind_doc(kind), choices(&kind.key.ty))),
            kind.jmeter,
        );
    }
    page.push('\n');
    let later: Vec<String> = kinds().filter(|kind| kind.key.later).map(|kind| format!("`{}`", kind.key.name)).collect();
    let _ = writeln!(page, "Not supported yet: {}.\n", later.join(", "));
    page.push_str("Every step can also have these keys:\n\n");
    keys(page, &STEP.keys.iter().collect::<Vec<_>>());
    examples(page, STEP.keys.iter());
    page.push_str("The step types that are not HTTP requests, each with its additional keys:\n\n");
    for kind in ready().filter(|kind| !matches!(kind.id, KindId::Request(RequestKind::Http))) {
        let _ = writeln!(page, "### `{}`\n\n{}\n", kind.key.name, kind_doc(kind));
        let further: Vec<&Key> = kind.keys.iter().filter(|key| key.name != "steps").collect();
        if !further.is_empty() {
            keys(page, &further);
        }
        let shown =
            if alone(kind) { "if: total > 3\nsteps:\n  - get: /a\nelse:\n  - get: /b" } else { kind.key.example };
        let _ = writeln!(page, "```yaml\n{shown}\n```\n");
    }
}

/// Whether `steps` itself is the kind.
fn alone(kind: &StepKeys) -> bool {
    kind.key.name == "steps"
}

fn kind_doc(kind: &StepKeys) -> &'static str {
    if alone(kind) {
        "A simple group of steps, if the step has no other type. Only this type can have `else` together with `if`."
    } else {
        kind.key.doc
    }
}

const EXPRESSIONS: &str = r#"## Expressions

You can use `${…}` anywhere in a value. If the whole value is a single `${…}`, it keeps its type (a number stays a
number); inside other text it becomes text. `$${` is a literal `${`. In `if`, `while`, `for_each` and `expr`, write
expressions without `${ }`.

| expression | meaning |
| --- | --- |
| `token`, `traders.username`, `traders["First name"]`, `ids[0]` | a variable, a column of the current row of a data set, an element of a list |
| `'text'`, `12`, `1.5`, `true`, `null`, `[1, 2]` | a value |
| `+` `-` `*` `/` `%` | arithmetic |
| `==` `!=` `<` `<=` `>` `>=` | comparison; numeric text is compared with numbers as a number |
| `and` `or` `not` `in` | logic; `'a' in list` |
| `choice(['a', 'b'])` | a function that returns a value |
| `name \| upper` | a filter that changes a value |
| `env.NAME` | an environment variable |
| `services.NAME.url` | the URL of a service |
"#;

fn expressions(page: &mut String) {
    page.push_str(EXPRESSIONS);
    for builtin in Builtin::ALL {
        let (written, meaning) = match builtin {
            Builtin::UserNumber => ("user_number", "the number of this user in its thread group, from 1"),
            Builtin::Iteration => ("iteration", "the number of this iteration of the user, from 1"),
            Builtin::ThreadGroup => ("thread_group", "the name of the thread group"),
            Builtin::RunId => ("run_id", "the ID of the run, the same for every user"),
            Builtin::Loop => ("loop.index", "the number of this repetition of the innermost loop, from 1"),
            Builtin::Response => (
                "response.status",
                "the last response of this user; also `.ok`, `.headers`, `.body`, `.json`, `.url`, `.time_ms`",
            ),
            Builtin::Fake => ("fake.name()", "random names and addresses; see the functions"),
        };
        let _ = writeln!(page, "| `{written}` | {meaning} |");
    }
    page.push('\n');
    table(page, "Functions", "function", functions());
    table(page, "Filters", "filter", filters());
    // The page ends with one line break.
    page.truncate(page.trim_end().len());
    page.push('\n');
}

fn table(page: &mut String, heading: &str, what: &str, docs: &[FunctionDoc]) {
    let _ = writeln!(page, "### {heading}\n\n| {what} | meaning | example |\n| --- | --- | --- |");
    for doc in docs {
        let arguments: Vec<String> = doc
            .parameters
            .iter()
            .map(|parameter| {
                let optional = if parameter.optional { ", optional" } else { "" };
                format!("`{}`: {}{optional}", parameter.name, parameter.takes())
            })
            .collect();
        let arguments =
            if arguments.is_empty() { String::new() } else { format!("<br><sub>{}</sub>", arguments.join("; ")) };
        let meaning = cell(&format!("{}{arguments}", doc.summary));
        let _ = writeln!(page, "| `{}` | {meaning} | `{}` |", cell(&doc.signature()), cell(doc.example));
    }
    page.push('\n');
}
