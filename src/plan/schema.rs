//! The JSON Schema of plans (draft-07), generated from [`keys`](super::keys) for editors and validators.
//!
//! A step is not a wide `oneOf`: editors then report `Missing property "get"` for any mistake. It is one
//! `if … then closed object` per kind, so that errors and completions fit the kind that is written.

use serde_json::{Map, Value as Json, json};

use super::keys::{
    ASSERTIONS, EXTRACTOR, Key, MATCHER, PLAN, STEP, Section, StepKeys, THINK_TIME, THRESHOLD, Ty, kinds, sections,
};
use crate::diagnostic::FileId;
use crate::yaml::Node;

const DURATION: &str = r"^\s*(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+$|\$\{";
/// A threshold whose metric is a time has a unit in its limit.
const TIME_HAS_UNIT: &str = r"^(?!\s*([a-z_]+\.)?(p\d+(\.\d+)?|mean|min|max|stddev)\s*(<=?|>=?|==)\s*\d+(\.\d+)?\s*$)";
const THINK_TIME_SAYS: &str = "write a time such as 2s, or a range such as 1s..3s";
const DURATION_SAYS: &str = "write a number and its unit: 500ms, 10s, 2m, 1h30m or 7d";

/// The schema of a plan file.
pub fn plan_schema() -> Json {
    let mut definitions = Map::new();
    for section in sections().filter(|section| section.name != PLAN.name && section.name != STEP.name) {
        definitions.insert(slug(section.name), section_schema(section));
    }
    definitions.insert("step".into(), step_schema());
    let says = "a step has one type: start another step with `- `";
    definitions.insert("second_step_type".into(), json!({ "const": says, "errorMessage": says }));
    for key in shared_keys() {
        definitions.insert(shared_name(key), key_schema(key));
    }
    let mut schema = match section_schema(&PLAN) {
        Json::Object(schema) => schema,
        _ => Map::new(),
    };
    let mut whole = Map::new();
    whole.insert("$schema".into(), json!("http://json-schema.org/draft-07/schema#"));
    whole.insert("title".into(), json!("loadplan plan"));
    whole.append(&mut schema);
    whole.insert("definitions".into(), Json::Object(definitions));
    Json::Object(whole)
}

fn slug(name: &str) -> String {
    name.replace(' ', "_")
}

fn reference(section: &Section) -> Json {
    json!({ "$ref": format!("#/definitions/{}", slug(section.name)) })
}

fn section_schema(section: &Section) -> Json {
    let mut schema = closed_object(section.keys.iter());
    schema.insert("description".into(), json!(section.doc));
    schema.insert("markdownDescription".into(), json!(section.doc));
    let required: Vec<&str> = section.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    Json::Object(schema)
}

/// An object with these keys and no others, but for `x-…` keys that hold anchors.
fn closed_object(keys: impl Iterator<Item = &'static Key>) -> Map<String, Json> {
    closed_object_of(keys, key_schema)
}

fn closed_object_of(
    keys: impl Iterator<Item = &'static Key>,
    schema: impl Fn(&'static Key) -> Json,
) -> Map<String, Json> {
    let keys: Vec<&'static Key> = keys.filter(|key| !key.later).collect();
    let properties: Map<String, Json> = keys.iter().map(|key| (key.name.to_owned(), schema(key))).collect();
    let mut schema = Map::new();
    schema.insert("type".into(), json!("object"));
    schema.insert("properties".into(), Json::Object(properties));
    let mut patterns = foreign_words(&keys);
    patterns.insert("^x-".into(), json!(true));
    schema.insert("patternProperties".into(), Json::Object(patterns));
    schema.insert("additionalProperties".into(), json!(false));
    schema
}

/// Other tools' words for these keys, by a pattern for each key: never valid, with our word as the message.
///
/// `errorMessage` is an extension of yaml-language-server. It ignores the message of `not`, so what refuses
/// the value is a constant that nobody writes. Completions are not made from patterns.
fn foreign_words(keys: &[&'static Key]) -> Map<String, Json> {
    let ours = |word: &str| keys.iter().any(|key| key.name == word);
    let mut taken: Vec<&str> = Vec::new();
    let mut patterns = Map::new();
    for key in keys {
        let mut words: Vec<&str> = key.words.iter().map(|(_, word)| *word).chain(key.also.iter().copied()).collect();
        words.retain(|word| !ours(word) && !taken.contains(word) && !word.starts_with("x-"));
        words.sort_unstable();
        words.dedup();
        if words.is_empty() {
            continue;
        }
        taken.extend(&words);
        let words: Vec<String> = words.iter().map(|word| literal_pattern(word)).collect();
        let says = format!("write `{}` instead", key.name);
        patterns.insert(format!("^({})$", words.join("|")), json!({ "const": says, "errorMessage": says }));
    }
    patterns
}

fn key_schema(key: &'static Key) -> Json {
    let mut schema = match ty_schema(&key.ty) {
        Json::Object(schema) if !schema.contains_key("$ref") => schema,
        Json::Object(schema) => Map::from_iter([("allOf".to_owned(), json!([schema]))]),
        _ => Map::new(),
    };
    schema.insert("description".into(), json!(key.doc));
    schema.insert("markdownDescription".into(), json!(format!("{}\n\n```yaml\n{}\n```", key.doc, key.example)));
    if let Some(example) = example(key) {
        schema.insert("examples".into(), json!([example]));
    }
    Json::Object(schema)
}

fn ty_schema(ty: &'static Ty) -> Json {
    match ty {
        Ty::Text => json!({ "type": ["string", "number", "boolean"] }),
        Ty::Name | Ty::Path => json!({ "type": ["string", "number"] }),
        Ty::Bool => json!({
            "type": ["boolean", "string"], "pattern": r"\$\{", "patternErrorMessage": "write true or false", "errorMessage": "write true or false",
        }),
        Ty::Count(least) => json!({
            "type": ["integer", "string"], "minimum": least, "pattern": r"\$\{|^\d+$",
            "patternErrorMessage": "write a whole number without separators", "errorMessage": "write a whole number without separators",
        }),
        Ty::Duration => {
            json!({ "type": "string", "pattern": DURATION, "patternErrorMessage": DURATION_SAYS, "errorMessage": DURATION_SAYS })
        }
        Ty::Size => json!({
            "type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(B|kB|MB|GB|TB|KiB|MiB|GiB)\s*$|\$\{",
            "patternErrorMessage": "write a number and its unit: 64B, 10kB or 1MiB", "errorMessage": "write a number and its unit: 64B, 10kB or 1MiB",
        }),
        Ty::Rate => json!({
            "type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*/\s*(s|m|h)\s*$|\$\{",
            "patternErrorMessage": "write a number and its unit: 200/s, 30/m or 0.5/h", "errorMessage": "write a number and its unit: 200/s, 30/m or 0.5/h",
        }),
        Ty::Share => json!({
            "type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*%\s*$|\$\{",
            "patternErrorMessage": "write a percentage: 25%", "errorMessage": "write a percentage: 25%",
        }),
        Ty::Expression => json!({ "type": ["string", "boolean", "number"] }),
        Ty::Any => json!({}),
        Ty::Null => json!({ "type": "null" }),
        Ty::Enum(words) => {
            let mut choices = Vec::new();
            for (word, doc) in *words {
                choices.push(json!({ "const": word, "description": doc }));
                // An editor reads `version: 2` as a number.
                if let Ok(number) = word.parse::<f64>() {
                    let number = if number.fract() == 0.0 { json!(number as i64) } else { json!(number) };
                    choices.push(json!({ "const": number, "description": doc }));
                }
            }
            json!({ "oneOf": choices })
        }
        Ty::Section(section) => reference(section),
        Ty::Map(value) => json!({
            "type": "object", "patternProperties": { ".": ty_schema(value) }, "additionalProperties": false,
        }),
        Ty::List(item) => json!({ "type": "array", "items": ty_schema(item) }),
        Ty::Either(shapes) => json!({ "anyOf": shapes.iter().map(ty_schema).collect::<Vec<_>>() }),
        Ty::Steps => json!({ "type": "array", "items": { "$ref": "#/definitions/step" } }),
        Ty::Matcher => json!({ "if": { "type": "object" }, "then": reference(&MATCHER) }),
        Ty::TimeMatcher => json!({
            "if": { "type": "object" },
            "then": reference(&MATCHER),
            "else": { "type": "object", "errorMessage": "write a limit, for example { below: 500ms }" },
        }),
        Ty::Assertions => json!({
            "type": ["object", "array"],
            "if": { "type": "array" }, "then": { "items": reference(&ASSERTIONS) }, "else": reference(&ASSERTIONS),
        }),
        Ty::Extractors => json!({
            "type": "object",
            "patternProperties": { "^[A-Za-z_][A-Za-z0-9_]*$": {
                "if": { "type": "object" },
                "then": reference(&EXTRACTOR),
                "else": { "type": "string", "pattern": r"^\$[^{]?", "patternErrorMessage": "a JSONPath starts with $: write $.name" },
            } },
            "additionalProperties": false,
        }),
        Ty::Thresholds => json!({
            "type": "array",
            "items": {
                "if": { "type": "object" },
                "then": reference(&THRESHOLD),
                "else": {
                    "type": "string",
                    "allOf": [
                        { "pattern": r"<|>|==|\$\{", "patternErrorMessage": "a threshold is METRIC OPERATOR VALUE, for example p95 < 300ms" },
                        { "pattern": TIME_HAS_UNIT, "patternErrorMessage": "a time needs a unit, for example p95 < 300ms or p95 < 2s" },
                    ],
                },
                "defaultSnippets": threshold_snippets(),
            },
        }),
        Ty::ThinkTime => json!({
            "type": ["string", "object"],
            "errorMessage": THINK_TIME_SAYS,
            "if": { "type": "object" },
            "then": reference(&THINK_TIME),
            "else": {
                "pattern": r"^\s*(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+(\.\.\s*(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+)?$|\$\{",
                "patternErrorMessage": THINK_TIME_SAYS,
            },
        }),
    }
}

/// Keys of many kinds of steps: each is written once and referred to.
fn shared_keys() -> Vec<&'static Key> {
    let mut shared: Vec<&'static Key> = Vec::new();
    let sections = kinds().flat_map(|kind| kind.sections.iter().copied()).chain([&STEP]);
    for key in sections.flat_map(|section| section.keys) {
        if !shared.iter().any(|known| known.name == key.name) {
            shared.push(key);
        }
    }
    shared
}

fn shared_name(key: &Key) -> String {
    format!("step_key_{}", key.name)
}

/// A step: an object by its kind, and what to write where there is no kind yet.
///
/// Every condition asks for an object first: `required` alone is true of an empty item, and an editor would
/// offer the keys of all kinds at `- `.
fn step_schema() -> Json {
    let kinds: Vec<&'static StepKeys> = kinds().filter(|kind| !kind.key.later).collect();
    let alone = |kind: &StepKeys| kind.key.name == "steps";
    let others: Vec<Json> =
        kinds.iter().filter(|kind| !alone(kind)).map(|kind| json!({ "required": [kind.key.name] })).collect();
    let shared = shared_keys();
    let mut branches = Vec::new();
    for kind in &kinds {
        let condition = if alone(kind) {
            json!({ "type": "object", "required": ["steps"], "not": { "anyOf": others } })
        } else {
            json!({ "type": "object", "required": [kind.key.name] })
        };
        let mut object = closed_object_of(kind.all_keys(), |key| {
            if shared.iter().any(|known| std::ptr::eq(*known, key)) {
                json!({ "$ref": format!("#/definitions/{}", shared_name(key)) })
            } else {
                key_schema(key)
            }
        });
        let second: Vec<&str> = kinds
            .iter()
            .map(|other| other.key.name)
            .filter(|name| *name != kind.key.name && kind.all_keys().all(|key| key.name != *name))
            .collect();
        object["patternProperties"][format!("^({})$", second.join("|"))] =
            json!({ "$ref": "#/definitions/second_step_type" });
        branches.push(json!({ "if": condition.clone(), "then": object }));
        if !alone(kind) && kind.takes_steps() {
            branches.push(json!({ "if": condition, "then": {
                "required": ["steps"], "errorMessage": format!("`{}` needs `steps:` beside it", kind.key.name),
            } }));
        }
    }
    let any: Vec<Json> = kinds.iter().map(|kind| json!({ "required": [kind.key.name] })).collect();
    let mut unkinded = closed_object_of(kinds.iter().map(|kind| &kind.key).chain(STEP.keys), |key| {
        let mut schema = Map::from_iter([("$ref".to_owned(), json!(format!("#/definitions/{}", shared_name(key))))]);
        if kinds.iter().any(|kind| kind.key.name == key.name) {
            schema = Map::from_iter([("doNotSuggest".to_owned(), json!(true))]);
        }
        Json::Object(schema)
    });
    unkinded.insert("defaultSnippets".into(), snippets(&kinds));
    branches.push(json!({
        "if": { "not": { "type": "object", "anyOf": any } },
        "then": { "allOf": [
            unkinded,
            { "required": ["get"], "errorMessage": "this step has no type: write what it does, for example `get: /path` or `pause: 1s`" },
        ] },
    }));
    json!({
        "type": "object",
        "description": STEP.doc,
        "markdownDescription": STEP.doc,
        "allOf": branches,
    })
}

/// What an editor offers at `- ` in a list of steps, in this order: requests, then what groups steps, then the rest.
fn snippets(kinds: &[&'static StepKeys]) -> Json {
    let mut offers = vec![
        json!({ "label": "get", "description": "A GET request with assertions", "body": { "get": "${1:/path}", "assert": { "status": 200 } } }),
        json!({ "label": "post json", "description": "A POST request with a JSON body", "body": { "post": "${1:/path}", "json": { "${2:name}": "${3:value}" }, "assert": { "status": 201 } } }),
        json!({ "label": "post form", "description": "A POST request with form fields", "body": { "post": "${1:/path}", "form": { "${2:name}": "${3:value}" }, "assert": { "status": 200 } } }),
        json!({ "label": "log in and save the token", "description": "A POST request that extracts a token for later steps", "body": { "name": "Log in", "post": "${1:/login}", "json": { "username": "${2:user}", "password": "${3:password}" }, "extract": { "token": "\\$.token" }, "assert": { "status": 200 } } }),
        json!({ "label": "transaction", "description": "Several steps timed together", "body": { "transaction": "${1:Name}", "steps": [{ "get": "${2:/path}" }] } }),
        json!({ "label": "pause", "description": "A wait", "body": { "pause": "${1:2s}" } }),
        json!({ "label": "choose", "description": "One of several steps, chosen by weight", "body": { "choose": [{ "weight": 3, "get": "${1:/often}" }, { "weight": 1, "get": "${2:/rarely}" }] } }),
        json!({ "label": "repeat", "description": "A loop", "body": { "repeat": 3, "steps": [{ "get": "${1:/path}" }] } }),
        json!({ "label": "if / else", "description": "A condition", "body": { "if": "${1:total > 3}", "steps": [{ "get": "${2:/path}" }], "else": [{ "get": "${3:/other}" }] } }),
    ];
    for kind in kinds {
        let name = kind.key.name;
        if offers.iter().any(|offer| offer["label"] == name || offer["body"].get(name).is_some() && name != "post") {
            continue;
        }
        let mut body = Map::new();
        body.insert(name.to_owned(), example(&kind.key).map_or_else(|| json!("$1"), |value| literal(&value)));
        if kind.takes_steps() && name != "steps" {
            let inner = if name == "websocket" { "receive" } else { "get" };
            let inner = kinds
                .iter()
                .find(|kind| kind.key.name == inner)
                .and_then(|kind| example(&kind.key).map(|value| (inner, value)));
            let steps: Vec<Json> = inner.iter().map(|(name, value)| json!({ *name: literal(value) })).collect();
            body.insert("steps".to_owned(), json!(steps));
        }
        offers.push(json!({ "label": name, "description": kind.key.doc, "body": body }));
    }
    for (place, offer) in offers.iter_mut().enumerate() {
        offer["sortText"] = json!(format!("{place:02}"));
    }
    Json::Array(offers)
}

fn threshold_snippets() -> Json {
    let texts = [
        ("p95 < 500ms", "95% of requests take less than this"),
        ("error_rate < 1%", "The percentage of failed requests"),
        ("throughput > 100/s", "Requests per second"),
        ("p99 < 2s", "99% of requests take less than this"),
        ("mean < 300ms", "The average response time"),
        ("users_lost < 1%", "Users that stopped early"),
    ];
    let mut offers: Vec<Json> =
        texts.iter().map(|(text, doc)| json!({ "label": text, "description": doc, "body": text })).collect();
    offers.push(json!({
        "label": "threshold with options",
        "description": "With a name, a part of the load, or an early end of the test",
        "body": { "threshold": "${1:error_rate < 50%}", "abort": true },
    }));
    for (place, offer) in offers.iter_mut().enumerate() {
        offer["sortText"] = json!(format!("{place:02}"));
    }
    Json::Array(offers)
}

/// A pattern that matches this text alone. ECMAScript refuses to escape other characters than its syntax has, which
/// `regex::escape` does.
fn literal_pattern(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        if r"\^$.*+?()[]{}|/".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// A value as the body of a snippet, in which `$` and `}` are special.
fn literal(value: &Json) -> Json {
    match value {
        Json::String(text) => json!(text.replace('\\', r"\\").replace('$', r"\$").replace('}', r"\}")),
        Json::Array(items) => items.iter().map(literal).collect(),
        Json::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), literal(value))).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
    }
}

/// The value a key's example shows.
pub(crate) fn example(key: &Key) -> Option<Json> {
    let node = crate::yaml::parse(key.example, FileId(0), &crate::yaml::Unchanged, &mut Vec::new())?;
    node.get(key.name).map(Node::to_json)
}
