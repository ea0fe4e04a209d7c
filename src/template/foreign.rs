//! Expressions as JMeter, Postman, k6 and others write them, put into ours. Asked only for what cannot be read or names
//! nothing, so what it takes costs plans nothing that are right.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::builtin::RESERVED_NAMES;
use super::functions::function;
use super::{time, unknown_words};

/// What is known of names where an expression stands.
#[derive(Clone, Copy)]
pub struct KnownNames<'a> {
    /// Whether something is called so.
    pub is_set: &'a dyn Fn(&str) -> bool,
    /// Whether it is a list.
    pub is_list: &'a dyn Fn(&str) -> bool,
}

/// What was meant by the `${…}` of a text, each with its place, braces included.
pub fn meant_in_text(text: &str, known: KnownNames<'_>) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find(['$', '{']) {
        let start = at + offset;
        let rest = &text[start..];
        if rest.starts_with("$${") {
            at = start + 3;
            continue;
        }
        let (open, close) = match () {
            () if rest.starts_with("${{") => ("${{", "}}"),
            () if rest.starts_with("${") => ("${", "}"),
            () if rest.starts_with("{{") => ("{{", "}}"),
            () => {
                at = start + 1;
                continue;
            }
        };
        let inside = &rest[open.len()..];
        let Some(length) = (if close == "}" { end_of(inside) } else { inside.find("}}") }) else { break };
        let inner = inside[..length].trim();
        let range = start..start + open.len() + length + close.len();
        at = range.end;
        let inner = match open {
            "{{" => match inner.strip_prefix('$') {
                Some(dynamic) => dynamic_variable(dynamic).map_or_else(|| dynamic.to_owned(), str::to_owned),
                None => inner.to_owned(),
            },
            _ => inner.to_owned(),
        };
        let bare = inner.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).map_or(inner.as_str(), str::trim);
        let meant = meant(bare, known).unwrap_or_else(|| bare.to_owned());
        let written = format!("${{{meant}}}");
        if text.get(range.clone()) != Some(written.as_str()) && !meant.is_empty() {
            found.push((range, written));
        }
    }
    found
}

/// What was meant by a bare expression, if not what is written.
pub fn meant(source: &str, known: KnownNames<'_>) -> Option<String> {
    let mut text = source.trim().to_owned();
    for _ in 0..8 {
        let before = text.clone();
        text = undressed(&text);
        text = calls(&text, known);
        text = outside_quotes(&text, |part| operators(&members(part, known)));
        text = sentences(&text);
        if text == before {
            break;
        }
    }
    let text = outside_quotes(&text, |part| names(part, known));
    let mut text = compared_words(&text, known);
    if text != source.trim() && !text.contains(['\'', '\\']) {
        text = text.replace('"', "'");
    }
    (text != source.trim()).then_some(text)
}

/// Postman's dynamic variables.
fn dynamic_variable(name: &str) -> Option<&'static str> {
    Some(match name {
        "guid" | "randomUUID" => "uuid()",
        "timestamp" => "timestamp()",
        "isoTimestamp" => "now()",
        "randomInt" => "random_int(0, 1000)",
        "randomEmail" | "randomExampleEmail" => "fake.email()",
        "randomFullName" => "fake.name()",
        "randomFirstName" => "fake.first_name()",
        "randomLastName" => "fake.last_name()",
        "randomCity" => "fake.city()",
        "randomCompanyName" => "fake.company()",
        "randomPhoneNumber" => "fake.phone()",
        "randomUserName" => "fake.username()",
        "randomAlphaNumeric" => "random_string(1)",
        "randomPassword" => "random_string(15)",
        "randomBoolean" => "choice([true, false])",
        _ => return None,
    })
    .filter(|ours| ours.split('(').next().is_some_and(|name| function(name).is_some()))
}

/// The length of an expression up to its `}`.
fn end_of(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some(at),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn regex(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

/// Replaces by a pattern of ours.
fn replaced(text: &str, pattern: &LazyLock<Option<Regex>>, replacement: &str) -> String {
    match &**pattern {
        Some(pattern) => pattern.replace_all(text, replacement).into_owned(),
        None => text.to_owned(),
    }
}

macro_rules! patterns {
    ($($name:ident = $pattern:literal;)*) => {
        $(static $name: LazyLock<Option<Regex>> = LazyLock::new(|| regex($pattern));)*
    };
}

patterns! {
    DOUBLE_QUOTED = r#""\$\{\s*([^{}"']+?)\s*\}""#;
    SINGLE_QUOTED = r#"'\$\{\s*([^{}"']+?)\s*\}'"#;
    BRACED = r"\$\{\s*([^{}]+?)\s*\}";
    MOUSTACHE = r"\{\{\s*([\w.]+)\s*\}\}";
    DOLLAR = r"(^|[^\w$'\x22])\$([A-Za-z_]\w*)";
    VARS_GET = r#"\b(?:vars|variables|pm\.\w+|session|context)\.get(?:Object)?\(\s*["'](\w+)["']\s*\)"#;
    VARS_INDEX = r#"\b(?:vars|variables|secrets|session|context)\[\s*["'](\w+)["']\s*\]"#;
    PROPS_GET = r#"\b(?:props|System)\.(?:get|getProperty|getenv)\(\s*["'](\w+)["']\s*\)"#;
    ENVIRON = r#"\b(?:os\.environ|process\.env|__ENV)\[\s*["'](\w+)["']\s*\]"#;
    ENV_MEMBER = r"\b(?:process\.env|__ENV|ENV|environ|environment|os\.environ)\.(\w+)";
    ENV_COLON = r"\benv:(\w+)";
    STRICTLY_EQUAL = r"===";
    STRICTLY_UNEQUAL = r"!==";
    UNEQUAL = r"<>";
    IS_NOT_EMPTY = r"\b([\w.]+)\s+is\s+not\s+empty\b";
    IS_EMPTY = r"\b([\w.]+)\s+is\s+empty\b";
    IS_NOT = r"\s+(?:is\s+not|isnt|not\s+equals|not_equals|ne|NE)\s+";
    IS = r"\s+(?:is|equals|eq|EQ|equal\s+to)\s+";
    IN_PARENTHESES = r"\bin\s*\(([^()]*)\)";
    BETWEEN = r"\b([\w.]+)\s+between\s+(\S+)\s+and\s+(\S+)";
    STATUS = r"\bresponse\.(?:status_code|statusCode|code|status_code\(\)|getStatus\(\))\b";
    CONTAINS = r#"^([\w.]+(?:\[\d+\])?)\s+contains\s+('[^']*'|"[^"]*"|[\w.]+)$"#;
    LAST_SAMPLE = r"\bJMeterThread\.last_sample_ok\b";
    COMPARED = r"(==|!=)\s*([A-Za-zÀ-ž][\w-]*(?: [A-Za-z0-9À-ž][\w-]*)*)\s*$";
    WORD = r"[A-Za-z_]\w*";
    MEMBER = r"\b([A-Za-z_]\w*)\.(\w+)(\(\))?";
    RANDOM_INDEX = r"\b([A-Za-z_]\w*)\[\s*random(?:\(\))?\s*\]";
    RANDOM_FILTER = r"\b([A-Za-z_]\w*)\s*\|\s*(?:random|sample|choice|shuffle)\b(?:\(\))?";
}

/// Names without the braces, signs and objects around them.
fn undressed(text: &str) -> String {
    let mut text = replaced(text, &DOUBLE_QUOTED, "$1");
    for (pattern, replacement) in [
        (&SINGLE_QUOTED, "$1"),
        (&BRACED, "$1"),
        (&MOUSTACHE, "$1"),
        (&DOLLAR, "$1$2"),
        (&VARS_GET, "$1"),
        (&VARS_INDEX, "$1"),
        (&PROPS_GET, "env.$1"),
        (&ENVIRON, "env.$1"),
        (&ENV_MEMBER, "env.$1"),
        (&ENV_COLON, "env.$1"),
    ] {
        text = replaced(&text, pattern, replacement);
    }
    text
}

/// Applies a change to what stands outside of quotes.
fn outside_quotes(text: &str, change: impl Fn(&str) -> String) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '"']) {
        let (before, quoted) = rest.split_at(at);
        changed.push_str(&change(before));
        let quote = quoted.chars().next().unwrap_or('\'');
        let end = quoted[1..].find(quote).map_or(quoted.len(), |end| end + 2);
        changed.push_str(&quoted[..end]);
        rest = &quoted[end..];
    }
    changed.push_str(&change(rest));
    changed
}

fn operators(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, replacement) in [
        (&STRICTLY_UNEQUAL, "!="),
        (&STRICTLY_EQUAL, "=="),
        (&UNEQUAL, "!="),
        (&IS_NOT_EMPTY, "($1 | length) > 0"),
        (&IS_EMPTY, "($1 | length) == 0"),
        (&IS_NOT, " != "),
        (&IS, " == "),
        (&IN_PARENTHESES, "in [$1]"),
        (&BETWEEN, "$1 >= $2 and $1 <= $3"),
        (&STATUS, "response.status"),
        (&LAST_SAMPLE, "response.ok"),
    ] {
        text = replaced(&text, pattern, replacement);
    }
    text.replace(" && ", " and ").replace(" || ", " or ").replace(" AND ", " and ").replace(" OR ", " or ")
}

fn sentences(text: &str) -> String {
    replaced(text, &CONTAINS, "$2 in $1")
}

/// `vars.name`, and what lists have in other languages.
fn members(text: &str, known: KnownNames<'_>) -> String {
    let Some(member) = &*MEMBER else { return text.to_owned() };
    let text = member.replace_all(text, |found: &Captures<'_>| {
        let (whole, base, key) = (&found[0], &found[1], &found[2]);
        let is_holder =
            matches!(base, "vars" | "variables" | "secrets" | "data" | "session" | "context" | "global" | "globals");
        if is_holder && !(known.is_set)(base) && (known.is_set)(key) && found.get(3).is_none() {
            return key.to_owned();
        }
        if (known.is_list)(base) {
            match key {
                "random" | "sample" | "any" | "pick" | "choice" => return format!("choice({base})"),
                "length" | "size" | "count" | "len" | "matchNr" => return format!("{base} | length"),
                "first" | "last" => return format!("{base} | {key}"),
                _ => {}
            }
        }
        match key.parse::<usize>() {
            Ok(index) if (known.is_set)(base) => format!("{base}[{index}]"),
            _ => whole.to_owned(),
        }
    });
    let text = replaced(&text, &RANDOM_INDEX, "choice($1)");
    replaced(&text, &RANDOM_FILTER, "choice($1)")
}

/// Names that nothing has here, with what they are elsewhere.
const NAMES: &[(&str, &str)] = &[
    ("VU", "user_number"),
    ("__VU", "user_number"),
    ("vu", "user_number"),
    ("vu_id", "user_number"),
    ("vuId", "user_number"),
    ("thread", "user_number"),
    ("threadNum", "user_number"),
    ("thread_num", "user_number"),
    ("threadNumber", "user_number"),
    ("thread_number", "user_number"),
    ("__threadNum", "user_number"),
    ("userNumber", "user_number"),
    ("user_no", "user_number"),
    ("threadName", "thread_group"),
    ("__threadName", "thread_group"),
    ("__threadGroupName", "thread_group"),
    ("threadGroup", "thread_group"),
    ("__ITER", "iteration"),
    ("ITER", "iteration"),
    ("iter", "iteration"),
    ("__jm__idx", "iteration"),
    ("iteration_number", "iteration"),
    ("iterationNum", "iteration"),
    ("status", "response.status"),
    ("status_code", "response.status"),
    ("statusCode", "response.status"),
    ("response_code", "response.status"),
    ("responseCode", "response.status"),
    ("uuid", "uuid()"),
    ("__UUID", "uuid()"),
    ("now", "now()"),
    ("timestamp", "timestamp()"),
    ("timestamp_ms", "timestamp_ms()"),
    ("__time", "timestamp_ms()"),
    ("random_int", "random_int(1, 100)"),
    ("random_float", "random_float(0, 1)"),
    ("random_string", "random_string(8)"),
    ("__RandomString", "random_string(8)"),
    ("counter", "counter('name')"),
    ("__counter", "counter('name')"),
    ("True", "true"),
    ("TRUE", "true"),
    ("False", "false"),
    ("FALSE", "false"),
    ("None", "null"),
    ("nil", "null"),
    ("NULL", "null"),
    ("undefined", "null"),
];

fn names(text: &str, known: KnownNames<'_>) -> String {
    let Some(word) = &*WORD else { return text.to_owned() };
    let mut changed = String::with_capacity(text.len());
    let mut at = 0;
    for found in word.find_iter(text) {
        let (before, after) = (&text[..found.start()], &text[found.end()..]);
        changed.push_str(&text[at..found.start()]);
        at = found.end();
        let is_member = before.trim_end().ends_with(['.', '|']) || before.ends_with(|c: char| c.is_alphanumeric());
        let is_call = after.starts_with('(');
        let name = found.as_str();
        let unknown = !is_member && !is_call && !(known.is_set)(name) && !RESERVED_NAMES.contains(&name);
        match unknown.then(|| name_meant(name, known)).flatten() {
            // `x == abc` is text.
            Some(ours) if !after.starts_with('.') => changed.push_str(&ours),
            Some(_) | None => changed.push_str(name),
        }
    }
    changed.push_str(&text[at..]);
    changed
}

fn name_meant(name: &str, known: KnownNames<'_>) -> Option<String> {
    if let Some((_, ours)) = NAMES.iter().find(|(theirs, _)| *theirs == name) {
        return Some((*ours).to_owned());
    }
    if let Some((base, end)) = name.rsplit_once('_')
        && (known.is_set)(base)
    {
        if end == "matchNr" {
            return Some(format!("{base} | length"));
        }
        if let Ok(number) = end.parse::<usize>()
            && number > 0
        {
            return Some(format!("{base}[{}]", number - 1));
        }
    }
    let ours = unknown_words::bridge(name)?;
    let is_whole = !ours.contains("value")
        && !ours.contains("NAME")
        && !ours.contains("[a, b]")
        && !matches!(ours, "name" | "a + b");
    (is_whole && !ours.contains("part in") && !ours.contains("text |") && !ours.contains("path"))
        .then(|| ours.to_owned())
}

/// `x == abc`: a text is compared with, not a variable.
fn compared_words(text: &str, known: KnownNames<'_>) -> String {
    let Some(pattern) = &*COMPARED else { return text.to_owned() };
    let Some(found) = pattern.captures(text) else { return text.to_owned() };
    let (Some(whole), Some(sign), Some(words)) = (found.get(0), found.get(1), found.get(2)) else {
        return text.to_owned();
    };
    let is_text =
        words.as_str().split(' ').all(|word| !(known.is_set)(word) && !RESERVED_NAMES.contains(&word) && word != "env");
    // Quotes before it may be open.
    let closed = ['\'', '"'].iter().all(|quote| text[..whole.start()].matches(*quote).count() % 2 == 0);
    if !is_text || !closed {
        return text.to_owned();
    }
    format!("{}{} '{}'", &text[..whole.start()], sign.as_str(), words.as_str())
}

/// Functions of other tools.
fn calls(text: &str, known: KnownNames<'_>) -> String {
    let Some(word) = &*WORD else { return text.to_owned() };
    for found in word.find_iter(text) {
        let name = found.as_str();
        let Some(inside) = text[found.end()..].strip_prefix('(') else { continue };
        if text[..found.start()].ends_with(['.', '\'', '"']) || function(name).is_some() {
            continue;
        }
        let Some((arguments, length)) = arguments(inside) else { continue };
        let Some(ours) = call_meant(name, &arguments, known) else { continue };
        let end = found.end() + 1 + length;
        return format!("{}{ours}{}", &text[..found.start()], &text[end..]);
    }
    text.to_owned()
}

/// The arguments of a call, as they are written, and the length up to and with its parenthesis.
fn arguments(text: &str) -> Option<(Vec<&str>, usize)> {
    let mut found = Vec::new();
    let (mut depth, mut from, mut quote) = (0_usize, 0, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(mark), _) if mark == c => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')') if depth == 0 => {
                let last = text[from..at].trim();
                if !last.is_empty() || !found.is_empty() {
                    found.push(last);
                }
                return Some((found, at + 1));
            }
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                found.push(text[from..at].trim());
                from = at + 1;
            }
            (None, _) => {}
        }
    }
    None
}

fn call_meant(name: &str, arguments: &[&str], known: KnownNames<'_>) -> Option<String> {
    let given: Vec<&str> = arguments.iter().copied().filter(|argument| !argument.is_empty()).collect();
    let text = |argument: &str| format!("'{}'", argument.trim_matches(['\'', '"']).replace('\'', ""));
    let is_number = |argument: &&str| argument.parse::<i64>().is_ok();
    Some(match name {
        "__jexl3" | "__jexl2" | "__jexl" | "__groovy" | "__javaScript" | "__eval" | "__evalVar" | "__BeanShell"
        | "__V" => arguments.join(", ").trim().trim_end_matches(',').trim().trim_matches(['\'']).to_owned(),
        "__Random" | "random" | "rand" | "randint" | "randInt" | "randomInt" | "rand_int" | "randomIntBetween"
        | "random_number" | "randomNumber" | "randrange" | "random_integer" => match given.as_slice() {
            [] => "random_int(1, 100)".into(),
            [only] if (known.is_list)(only) || only.starts_with('[') => format!("choice({only})"),
            [most] if is_number(most) => format!("random_int(1, {most})"),
            [least, most, ..] if is_number(least) && is_number(most) => format!("random_int({least}, {most})"),
            _ => return None,
        },
        "random_choice" | "randomItem" | "random_item" | "pick" | "sample" | "randomElement" | "random_element"
        | "one_of" | "randomChoice" | "oneOf" => match given.as_slice() {
            [only] => format!("choice({only})"),
            [_, ..] => format!("choice([{}])", given.join(", ")),
            [] => return None,
        },
        "__RandomFromMultipleVars" => format!("choice([{}])", given.first()?.replace('|', ", ")),
        "__RandomString" | "randomString" => match given.as_slice() {
            [] => "random_string(8)".into(),
            [length] => format!("random_string({length})"),
            [length, letters, ..] => format!("random_string({length}, {})", text(letters)),
        },
        "__UUID" | "uuid4" | "uuidv4" | "uuid_v4" | "guid" | "randomUUID" | "random_uuid" => "uuid()".into(),
        "__time" | "date" | "format_date" | "formatDate" => match given.first() {
            None if name == "__time" => "timestamp_ms()".into(),
            None => "now('%Y-%m-%d')".into(),
            Some(pattern) => {
                let pattern = pattern.trim_matches(['\'', '"']);
                format!("now('{}')", time::foreign_pattern(pattern)?)
            }
        },
        "__threadNum" => "user_number".into(),
        "__threadGroupName" => "thread_group".into(),
        "__counter" => "counter('name')".into(),
        "__P" | "__property" | "__env" | "getenv" | "env" => match given.as_slice() {
            [name] => format!("env.{}", name.trim_matches(['\'', '"'])),
            [name, default, ..] => {
                let default = if is_number(default) { (*default).to_owned() } else { text(default) };
                format!("env.{} | default({default})", name.trim_matches(['\'', '"']))
            }
            [] => return None,
        },
        "__intSum" | "__longSum" => {
            let numbers = given.iter().filter(|argument| is_number(argument) || (known.is_set)(argument));
            numbers.copied().collect::<Vec<_>>().join(" + ")
        }
        "__changeCase" => match given.as_slice() {
            [value, mode, ..] if mode.eq_ignore_ascii_case("lower") => format!("{value} | lower"),
            [value, ..] => format!("{value} | upper"),
            [] => return None,
        },
        "__digest" => match given.as_slice() {
            [method, value, ..] => {
                let method = method.trim_matches(['\'', '"']).to_ascii_lowercase().replace('-', "");
                matches!(method.as_str(), "md5" | "sha256").then(|| format!("{value} | {method}"))?
            }
            _ => return None,
        },
        _ => {
            let ours = unknown_words::bridge(name)?;
            match (ours.strip_prefix("value | ").or_else(|| ours.strip_prefix("text | ")), given.as_slice()) {
                (Some(filter), [value]) if !filter.contains('(') => format!("{value} | {filter}"),
                (None, []) if ours.ends_with("()") || RESERVED_NAMES.contains(&ours) => ours.to_owned(),
                _ => return None,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> KnownNames<'static> {
        KnownNames { is_set: &|name| matches!(name, "x" | "ids" | "word"), is_list: &|name| name == "ids" }
    }

    #[test]
    fn expressions_of_other_tools_are_put_into_ours() {
        for (theirs, ours) in [
            ("\"${x}\" == \"3\"", "x == '3'"),
            ("${__jexl3(${x} == 3)}", "x == 3"),
            ("${__groovy(vars.get(\"x\") == \"3\")}", "x == '3'"),
            ("x === 3 && word !== 'a && b'", "x == 3 and word != 'a && b'"),
            ("x is not 3", "x != 3"),
            ("x == abc", "x == 'abc'"),
            ("x == Anna Smith", "x == 'Anna Smith'"),
            ("x contains 'a'", "'a' in x"),
            ("ids.random()", "choice(ids)"),
            ("ids_2", "ids[1]"),
            ("ids_matchNr", "ids | length"),
            ("__Random(1,100,)", "random_int(1, 100)"),
            ("__P(users,5)", "env.users | default(5)"),
            ("vars.word", "word"),
        ] {
            assert_eq!(meant(theirs, known()).as_deref(), Some(ours), "{theirs}");
        }
        for right in
            ["x == 3", "x == 'is not'", "choice(ids)", "ids[0]", "word | upper", "x > 3 and word == 'abc'", "env.A"]
        {
            assert_eq!(meant(right, known()), None, "{right}");
        }
    }

    #[test]
    fn expressions_in_text_are_found_with_their_places() {
        assert_eq!(meant_in_text("/${word}/$${VU}", known()), []);
        assert_eq!(meant_in_text("/a/${VU}/${word}", known()), [(3..8, "${user_number}".to_owned())]);
        assert_eq!(meant_in_text("/{{$guid}}", known()), [(1..10, "${uuid()}".to_owned())]);
        assert_eq!(meant_in_text("/${{word}}", known()), [(1..10, "${word}".to_owned())]);
    }
}
