//! Words that are not ours: what is said when a function, filter or name is unknown, misplaced
//! or comes from another tool.

use std::ops::Range;

use crate::suggest::nearest;

use super::TemplateProblem;
use super::ast::{Ast, AstKind};
use super::filters::{filter, filters};
use super::functions::{FunctionDoc, function, functions};
use super::time;
use crate::value::Value;

/// Other tools' words for a function, a filter or a built-in, and how it is written here.
const BRIDGES: &[(&str, &str)] = &[
    // JMeter
    ("__Random", "random_int(1, 100)"),
    ("__RandomString", "random_string(8)"),
    ("__RandomFromMultipleVars", "choice([a, b])"),
    ("__UUID", "uuid()"),
    ("__time", "timestamp_ms()"),
    ("__timeShift", "now('%Y-%m-%d', '+7d')"),
    ("__RandomDate", "now('%Y-%m-%d', '-30d')"),
    ("__threadNum", "user_number"),
    ("__threadGroupName", "thread_group"),
    ("__counter", "counter('name')"),
    ("__intSum", "a + b"),
    ("__longSum", "a + b"),
    ("__P", "env.NAME"),
    ("__property", "env.NAME"),
    ("__env", "env.NAME"),
    ("__V", "name"),
    ("__evalVar", "name"),
    ("__urlencode", "text | url_encode"),
    ("__base64Encode", "text | base64"),
    ("__base64Decode", "text | base64_decode"),
    ("__digest", "text | sha256"),
    ("__changeCase", "text | upper"),
    ("__lowercase", "text | lower"),
    ("__uppercase", "text | upper"),
    ("__FileToString", "file('path')"),
    ("__StringFromFile", "file('path')"),
    // k6, Locust, Artillery, Gatling, Postman, JavaScript, Python
    ("rand", "random_int(1, 100)"),
    ("rand_int", "random_int(1, 100)"),
    ("randint", "random_int(1, 100)"),
    ("random", "random_int(1, 100)"),
    ("randomInt", "random_int(1, 100)"),
    ("randomNumber", "random_int(1, 100)"),
    ("randomIntBetween", "random_int(1, 100)"),
    ("random_number", "random_int(1, 100)"),
    ("randomString", "random_string(8)"),
    ("random_choice", "choice([a, b])"),
    ("random_item", "choice([a, b])"),
    ("randomItem", "choice([a, b])"),
    ("pick", "choice([a, b])"),
    ("sample", "choice([a, b])"),
    ("guid", "uuid()"),
    ("uuid4", "uuid()"),
    ("uuidv4", "uuid()"),
    ("uuid_v4", "uuid()"),
    ("randomUUID", "uuid()"),
    ("random_uuid", "uuid()"),
    ("date", "now('%Y-%m-%d')"),
    ("today", "now('%Y-%m-%d')"),
    ("datetime", "now()"),
    ("isoTimestamp", "now()"),
    ("time", "timestamp()"),
    ("epoch", "timestamp()"),
    ("unix_timestamp", "timestamp()"),
    ("now_ms", "timestamp_ms()"),
    ("read_file", "file('path')"),
    ("open", "file('path')"),
    ("sequence", "counter('name')"),
    ("seq", "range(10)"),
    ("len", "value | length"),
    ("size", "value | length"),
    ("count", "value | length"),
    ("str", "value | string"),
    ("toString", "value | string"),
    ("to_string", "value | string"),
    ("to_int", "value | int"),
    ("parseInt", "value | int"),
    ("integer", "value | int"),
    ("number", "value | float"),
    ("parseFloat", "value | float"),
    ("to_float", "value | float"),
    ("boolean", "value | bool"),
    ("toUpperCase", "value | upper"),
    ("uppercase", "value | upper"),
    ("upcase", "value | upper"),
    ("toLowerCase", "value | lower"),
    ("lowercase", "value | lower"),
    ("downcase", "value | lower"),
    ("strip", "value | trim"),
    ("replaceAll", "value | replace('a', 'b')"),
    ("substitute", "value | replace('a', 'b')"),
    ("parse_json", "value | json"),
    ("fromjson", "value | json"),
    ("from_json", "value | json"),
    ("tojson", "value | to_json"),
    ("toJson", "value | to_json"),
    ("stringify", "value | to_json"),
    ("b64encode", "value | base64"),
    ("base64_encode", "value | base64"),
    ("btoa", "value | base64"),
    ("b64decode", "value | base64_decode"),
    ("atob", "value | base64_decode"),
    ("urlencode", "value | url_encode"),
    ("encodeURIComponent", "value | url_encode"),
    ("sha256sum", "value | sha256"),
    ("hmac", "value | hmac_sha256(key)"),
    ("concat", "${a}${b}"),
    ("includes", "part in value"),
    ("contains", "part in value"),
    ("d", "value | default('…')"),
    ("vu", "user_number"),
    ("user_id", "user_number"),
];

pub(super) fn bridge(word: &str) -> Option<&'static str> {
    BRIDGES.iter().find(|(foreign, _)| *foreign == word).map(|(_, ours)| *ours)
}

/// What is wrong with a call, if anything: an unknown name or the wrong number of arguments.
pub(super) fn check_call(
    text: &str,
    name: &str,
    name_range: &Range<usize>,
    range: &Range<usize>,
    arguments: &[Ast],
) -> Option<TemplateProblem> {
    if let Some(doc) = function(name) {
        if name == "choice" && arguments.len() > 1 {
            let items = sources(text, arguments).join(", ");
            let written = format!("choice([{items}])");
            let problem = TemplateProblem::new(
                range.clone(),
                format!("`choice` takes one list, here are {} values", arguments.len()),
            );
            return Some(problem.help(format!("write `{written}`")).replace(written));
        }
        return check_count(doc, range, arguments.len()).or_else(|| foreign_date(text, name, arguments));
    }
    if let Some(doc) = filter(name) {
        let Some((input, rest)) = arguments.split_first() else {
            let problem =
                TemplateProblem::new(name_range.clone(), format!("`{name}` is a filter, which changes a value"));
            return Some(problem.help(format!("for example `{}`", doc.example)));
        };
        let rest = sources(text, rest).join(", ");
        let input = text.get(input.range.clone()).unwrap_or_default();
        let written = if rest.is_empty() { format!("{input} | {name}") } else { format!("{input} | {name}({rest})") };
        let problem = TemplateProblem::new(range.clone(), format!("`{name}` is a filter, which comes after the value"));
        return Some(problem.help(format!("write `{written}`")).replace(written));
    }
    if let Some(ours) = bridge(name) {
        return Some(bridged(text, name, ours, name_range, arguments));
    }
    if let Some(known) = name.strip_prefix("fake.") {
        let names = functions().iter().filter_map(|doc| doc.name.strip_prefix("fake."));
        return Some(unknown(known, name_range.end - known.len()..name_range.end, "`fake` has no", names));
    }
    if let Some(meant) = name.strip_prefix("__") {
        let problem =
            TemplateProblem::new(name_range.clone(), format!("`{name}` is a JMeter function that does not exist here"));
        let near = nearest(meant, functions().iter().map(|doc| doc.name));
        return Some(match near {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None => problem.help(format!("functions are {}", list(functions()))),
        });
    }
    let every = || functions().iter().chain(filters()).map(|doc| doc.name);
    let problem = TemplateProblem::new(name_range.clone(), format!("there is no function `{name}`"));
    Some(match nearest(name, every()) {
        Some(near) if function(near).is_some() => problem.help(format!("did you mean `{near}`?")).replace(near),
        Some(near) => problem.help(format!("did you mean the filter `| {near}`?")),
        None => problem.help(format!("functions are {}", list(functions()))),
    })
}

/// A date pattern of another tool given to `now`, which would come out as its very letters.
fn foreign_date(text: &str, name: &str, arguments: &[Ast]) -> Option<TemplateProblem> {
    let format = arguments.first().filter(|_| name == "now")?;
    let AstKind::Constant(Value::Text(pattern)) = &format.kind else { return None };
    let ours = time::foreign_pattern(pattern)?;
    let quote = text.get(format.range.clone())?.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let problem = TemplateProblem::new(format.range.clone(), format!("'{pattern}' is a date pattern of another tool"));
    Some(problem.help(format!("`now` uses strftime: '{ours}'")).replace(format!("{quote}{ours}{quote}")))
}

/// What is allowed and hardly ever meant: base64 of the hexadecimal digits of a digest.
pub(super) fn doubt(text: &str, tree: &Ast) -> Option<TemplateProblem> {
    let AstKind::Filter { name, input, .. } = &tree.kind else { return None };
    let AstKind::Filter { name: digest, input: message, arguments } = &input.kind else { return None };
    let at = filter(digest)?.parameters.iter().position(|parameter| parameter.name == "encoding")?;
    let hex = match arguments.get(at).map(|argument| &argument.kind) {
        None => true,
        Some(AstKind::Constant(Value::Text(encoding))) => **encoding == *"hex",
        Some(_) => false,
    };
    if name != "base64" || !hex {
        return None;
    }
    let mut arguments = sources(text, &arguments[..at.min(arguments.len())]);
    arguments.push("'base64'");
    let message = text.get(message.range.clone())?;
    let written = format!("{message} | {digest}({})", arguments.join(", "));
    let written = if tree.bracketed { format!("({written})") } else { written };
    let problem = TemplateProblem::new(
        tree.range.clone(),
        format!("`base64` encodes the hexadecimal digits that `{digest}` gives, not the bytes of the digest"),
    );
    Some(problem.help(format!("for the bytes write `{written}`")).replace(written))
}

/// What is wrong with a filter, if anything.
pub(super) fn check_filter(
    text: &str,
    name: &str,
    name_range: &Range<usize>,
    range: &Range<usize>,
    input: &Ast,
    arguments: &[Ast],
) -> Option<TemplateProblem> {
    if let Some(doc) = filter(name) {
        return check_count(doc, &(name_range.start..range.end), arguments.len());
    }
    if let Some(doc) = function(name) {
        let problem = TemplateProblem::new(name_range.clone(), format!("`{name}` is a function and not a filter"));
        return Some(problem.help(format!("for example `{}`", doc.example)));
    }
    let problem = TemplateProblem::new(name_range.clone(), format!("there is no filter `{name}`"));
    let ours = bridge(name);
    if let Some((_, tail)) = ours.and_then(|ours| ours.split_once("| ")) {
        let plain = tail.chars().all(|c| c.is_alphanumeric() || c == '_');
        let problem =
            problem.help(format!("here it is `{} | {tail}`", text.get(input.range.clone()).unwrap_or_default()));
        return Some(if plain { problem.replace(tail) } else { problem });
    }
    if let Some(ours) = ours {
        return Some(problem.help(format!("here it is `{ours}`")));
    }
    Some(match nearest(name, filters().iter().map(|doc| doc.name)) {
        Some(near) => problem.help(format!("did you mean `{near}`?")).replace(near),
        None => problem.help(format!("filters are {}; for \"or\" write `or`", list(filters()))),
    })
}

fn check_count(doc: &FunctionDoc, range: &Range<usize>, given: usize) -> Option<TemplateProblem> {
    let (least, most) = (doc.least(), doc.parameters.len());
    if (least..=most).contains(&given) {
        return None;
    }
    let names: Vec<&str> = doc.parameters.iter().map(|parameter| parameter.name).collect();
    let wanted = match (least, most) {
        (0, 0) => "no arguments".to_owned(),
        (1, 1) => format!("1 argument ({})", names.join(", ")),
        (least, most) if least == most => format!("{most} arguments ({})", names.join(", ")),
        (0, 1) => format!("at most 1 argument ({})", names.join(", ")),
        (least, most) => format!("{least} to {most} arguments ({})", names.join(", ")),
    };
    let are = if given == 1 { "is" } else { "are" };
    let problem = TemplateProblem::new(range.clone(), format!("`{}` takes {wanted}, here {are} {given}", doc.name));
    Some(problem.help(format!("for example `{}`", doc.example)))
}

fn bridged(text: &str, name: &str, ours: &str, name_range: &Range<usize>, arguments: &[Ast]) -> TemplateProblem {
    let problem = TemplateProblem::new(name_range.clone(), format!("there is no function `{name}`"));
    // `len(items)`: show the very thing with the value that is there.
    if let ([only], Some(tail)) = (arguments, ours.strip_prefix("value | ")) {
        let input = text.get(only.range.clone()).unwrap_or_default();
        return problem.help(format!("here it is `{input} | {tail}`"));
    }
    let tool = if name.starts_with("__") { "JMeter's" } else { "it" };
    if tool == "it" {
        problem.help(format!("here it is `{ours}`"))
    } else {
        problem.help(format!("JMeter's `{name}` is `{ours}` here"))
    }
}

/// What a part of the response is called elsewhere.
pub(super) fn part_of_response(word: &str) -> Option<&'static str> {
    Some(match word {
        "code" | "status_code" | "statusCode" | "response_code" => "status",
        "text" | "content" | "data" => "body",
        "time" | "elapsed" | "duration" | "response_time" => "time_ms",
        "header" | "hdrs" => "headers",
        "success" | "is_success" => "ok",
        _ => return None,
    })
}

/// `value.method(…)`, which other languages have.
pub(super) fn method(text: &str, base: &Ast, key: &str, arguments: &[Ast], range: Range<usize>) -> TemplateProblem {
    let problem = TemplateProblem::new(range, format!("values have no methods, so there is no `.{key}()`"));
    let input = text.get(base.range.clone()).unwrap_or_default();
    let arguments = sources(text, arguments).join(", ");
    let ours = filter(key).map(|doc| doc.name).or_else(|| {
        bridge(key).and_then(|ours| ours.strip_prefix("value | ")).map(|tail| tail.split('(').next().unwrap_or(tail))
    });
    if let Some(ours) = ours {
        let written =
            if arguments.is_empty() { format!("{input} | {ours}") } else { format!("{input} | {ours}({arguments})") };
        return problem.help(format!("write `{written}`")).replace(written);
    }
    if matches!(key, "includes" | "contains" | "indexOf") && !arguments.is_empty() {
        let written = format!("{arguments} in {input}");
        return problem.help(format!("write `{written}`")).replace(written);
    }
    if matches!(&base.kind, AstKind::Name(name) if matches!(name.as_str(), "Date" | "Math" | "JSON" | "random" | "vars" | "props"))
    {
        return problem.help(format!("scripts are not supported here; functions are {}", list(functions())));
    }
    problem.help(format!("use a filter to change a value: `{input} | upper`; filters are {}", list(filters())))
}

/// A name nothing has.
pub(super) fn unknown_name(source: &str, name: &str, range: Range<usize>, known: &[String]) -> TemplateProblem {
    let problem = TemplateProblem::new(range.clone(), format!("there is no `{name}` here"));
    let tail = &source[range.end.min(source.len())..];
    if tail.starts_with('-') && tail[1..].starts_with(|c: char| c.is_alphabetic()) {
        let rest =
            tail[1..].find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).map_or(tail, |end| &tail[..=end]);
        let whole = format!("{name}{rest}");
        return problem.help(format!(
            "`{whole}` reads as a subtraction: names can only contain letters, digits and `_`, so call it `{}`",
            whole.replace('-', "_")
        ));
    }
    if let Some(meant) = nearest(name, known.iter().map(String::as_str)) {
        return problem.help(format!("did you mean `{meant}`?")).replace(meant);
    }
    match name {
        "True" | "TRUE" => return problem.help("write `true`").replace("true"),
        "False" | "FALSE" => return problem.help("write `false`").replace("false"),
        "None" | "nil" | "NULL" | "Null" | "undefined" => return problem.help("write `null`").replace("null"),
        "__VU" | "vu_id" => return problem.help("write `user_number`").replace("user_number"),
        "__ITER" | "iteration_number" => return problem.help("write `iteration`").replace("iteration"),
        "__ENV" | "ENV" | "environment" => return problem.help("write `env`").replace("env"),
        "vars" | "variables" | "data" | "secrets" => {
            return problem.help("variables, data and secrets are named directly: `${name}`");
        }
        _ => {}
    }
    if let Some(doc) = function(name) {
        let written = doc.signature();
        let problem = problem.help(format!("call the function with parentheses: `{written}`"));
        return if doc.parameters.is_empty() { problem.replace(written) } else { problem };
    }
    if filter(name).is_some() {
        return problem.help(format!("`{name}` is a filter, which comes after a value: `value | {name}`"));
    }
    if let Some(ours) = bridge(name) {
        return problem.help(format!("here it is `{ours}`"));
    }
    let builtins = super::RESERVED_NAMES.iter().copied().filter(|word| !matches!(*word, "and" | "or" | "not" | "in"));
    if let Some(meant) = nearest(name, builtins) {
        return problem.help(format!("did you mean `{meant}`?")).replace(meant);
    }
    if known.is_empty() {
        return problem.help("put text in quotes: 'text'");
    }
    let shown: Vec<String> = known.iter().take(12).map(|known| format!("`{known}`")).collect();
    let more = if known.len() > 12 { " …" } else { "" };
    problem.help(format!("known are {}{more}; put text in quotes: 'text'", shown.join(", ")))
}

/// A word that is none of `known`.
pub(super) fn unknown<'a>(
    word: &str,
    range: Range<usize>,
    message: &str,
    known: impl Iterator<Item = &'a str>,
) -> TemplateProblem {
    let known: Vec<&str> = known.collect();
    let problem = TemplateProblem::new(range, format!("{message} `{word}`"));
    match nearest(word, known.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")).replace(near),
        None => problem.help(format!("known are {}", known.join(", "))),
    }
}

fn sources<'a>(text: &'a str, trees: &[Ast]) -> Vec<&'a str> {
    trees.iter().map(|tree| text.get(tree.range.clone()).unwrap_or_default()).collect()
}

fn list(docs: &[FunctionDoc]) -> String {
    let names: Vec<&str> = docs.iter().map(|doc| doc.name).filter(|name| !name.starts_with("fake.")).collect();
    names.join(", ")
}
