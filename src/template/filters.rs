//! The filters: one table for checks, evaluation and the reference page.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};
use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use md5::{Digest as _, Md5};
use sha2::Sha256;

use crate::json::Document;
use crate::value::Value;

use super::compiled::{MAX_TEXT, TOO_LONG};
use super::compute::describe;
use super::functions::{Action, Arguments, CallError, FunctionDoc, Parameter, ParameterKind};
use crate::value::Number;

const fn parameter(name: &'static str, kind: ParameterKind) -> Parameter {
    Parameter { name, optional: false, kind }
}

/// How the bytes of a digest are written.
const ENCODING: Parameter = Parameter { name: "encoding", optional: true, kind: ParameterKind::Encoding };

/// The words for it; the first is the usual one.
pub(super) const ENCODINGS: [&str; 3] = ["hex", "base64", "base64url"];

/// Both base64 alphabets are read, with or without padding: tokens in the field use all four.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

static FILTERS: &[FunctionDoc] = &[
    FunctionDoc {
        name: "default",
        parameters: &[parameter("value", ParameterKind::Any)],
        summary: "The value to use if the original value is not set, null or empty.",
        example: "${env.PASSWORD | default('test123')}",
        action: Action::Special,
    },
    FunctionDoc {
        name: "upper",
        parameters: &[],
        summary: "In upper case.",
        example: "${name | upper}",
        action: Action::Filter(|input, _| Ok(Value::text(text_of("upper", input)?.to_uppercase()))),
    },
    FunctionDoc {
        name: "lower",
        parameters: &[],
        summary: "In lower case.",
        example: "${name | lower}",
        action: Action::Filter(|input, _| Ok(Value::text(text_of("lower", input)?.to_lowercase()))),
    },
    FunctionDoc {
        name: "trim",
        parameters: &[],
        summary: "Without leading and trailing spaces and line breaks.",
        example: "${name | trim}",
        action: Action::Filter(|input, _| Ok(Value::text(text_of("trim", input)?.trim()))),
    },
    FunctionDoc {
        name: "replace",
        parameters: &[parameter("old", ParameterKind::Text), parameter("new", ParameterKind::Text)],
        summary: "Replaces every occurrence of a text with another text.",
        example: "${phone | replace(' ', '')}",
        action: Action::Filter(|input, arguments| {
            let (old, new) = (arguments.text(0)?, arguments.text(1)?);
            if old.is_empty() {
                return Err(CallError::Wrong("`replace` needs a text to search for".to_owned()));
            }
            let text = text_of("replace", input)?;
            if new.len() > old.len() && text.len() / old.len() * new.len() > MAX_TEXT {
                let grown = text.matches(&*old).count().saturating_mul(new.len() - old.len());
                room_for(text.len().saturating_add(grown))?;
            }
            Ok(Value::text(text.replace(&*old, &new)))
        }),
    },
    FunctionDoc {
        name: "split",
        parameters: &[parameter("separator", ParameterKind::Text)],
        summary: "Splits a text at the separators. The result is a list.",
        example: "${tags | split(',')}",
        action: Action::Filter(|input, arguments| {
            let separator = arguments.text(0)?;
            if separator.is_empty() {
                return Err(CallError::Wrong("`split` needs a separator".to_owned()));
            }
            Ok(Value::List(text_of("split", input)?.split(&*separator).map(Value::text).collect()))
        }),
    },
    FunctionDoc {
        name: "join",
        parameters: &[parameter("separator", ParameterKind::Text)],
        summary: "Joins the elements of a list into a text, with the separator between them.",
        example: "${ids | join(',')}",
        action: Action::Filter(|input, arguments| {
            let separator = arguments.text(0)?;
            let mut joined = String::new();
            for (index, item) in list_of("join", input)?.iter().enumerate() {
                if index > 0 {
                    joined.push_str(&separator);
                }
                item.write_text(&mut joined);
                room_for(joined.len())?;
            }
            Ok(Value::text(joined))
        }),
    },
    FunctionDoc {
        name: "length",
        parameters: &[],
        summary: "The number of characters in a text, elements in a list, or entries in a map.",
        example: "if: ids | length > 3",
        action: Action::Filter(|input, _| {
            let length = match input {
                Value::Text(text) => text.chars().count(),
                Value::List(items) => items.len(),
                Value::Map(map) => map.len(),
                other @ (Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Decimal(_)) => {
                    return Err(unfit("length", "text, a list or a map", other));
                }
            };
            Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
        }),
    },
    FunctionDoc {
        name: "first",
        parameters: &[],
        summary: "The first element of a list.",
        example: "${ids | first}",
        action: Action::Filter(|input, _| element("first", list_of("first", input)?.first())),
    },
    FunctionDoc {
        name: "last",
        parameters: &[],
        summary: "The last element of a list.",
        example: "${ids | last}",
        action: Action::Filter(|input, _| element("last", list_of("last", input)?.last())),
    },
    FunctionDoc {
        name: "round",
        parameters: &[Parameter { name: "digits", optional: true, kind: ParameterKind::Whole }],
        summary: "Rounds to a whole number, or to this many decimal places.",
        example: "${price | round(2)}",
        action: Action::Filter(|input, arguments| {
            let digits = if arguments.get(0).is_some() { arguments.whole(0)? } else { 0 };
            let digits = usize::try_from(digits).ok().filter(|digits| *digits <= 15);
            let Some(digits) = digits else {
                return Err(CallError::Wrong("`round` takes 0 to 15 `digits`".to_owned()));
            };
            match Number::of(input) {
                Some(Number::Int(number)) => Ok(Value::Int(number)),
                Some(Number::Float(number)) if digits == 0 => Ok(whole_or_float(number.round())),
                Some(Number::Float(number)) => Ok(Value::Float(format!("{number:.digits$}").parse().unwrap_or(number))),
                None => Err(unfit("round", "a number", input)),
            }
        }),
    },
    FunctionDoc {
        name: "int",
        parameters: &[],
        summary: "A whole number. Decimal places are truncated.",
        example: "${row.quantity | int}",
        action: Action::Filter(|input, _| match Number::of(input) {
            Some(Number::Int(number)) => Ok(Value::Int(number)),
            Some(Number::Float(number)) => match whole_or_float(number.trunc()) {
                Value::Int(number) => Ok(Value::Int(number)),
                Value::Null
                | Value::Bool(_)
                | Value::Float(_)
                | Value::Decimal(_)
                | Value::Text(_)
                | Value::List(_)
                | Value::Map(_) => Err(CallError::Wrong("the number is too large for `int`".to_owned())),
            },
            None => Err(unfit("int", "a number or text that spells one", input)),
        }),
    },
    FunctionDoc {
        name: "float",
        parameters: &[],
        summary: "A decimal number.",
        example: "${row.price | float}",
        action: Action::Filter(|input, _| match Number::of(input) {
            Some(number) => Ok(Value::Float(number.as_float())),
            None => Err(unfit("float", "a number or text that spells one", input)),
        }),
    },
    FunctionDoc {
        name: "bool",
        parameters: &[],
        summary: "True or false, from the texts `true` and `false` (in upper or lower case) or the numbers 1 and 0.",
        example: "if: row.active | bool",
        action: Action::Filter(|input, _| match input {
            Value::Bool(truth) => Ok(Value::Bool(*truth)),
            Value::Text(text) if text.eq_ignore_ascii_case("true") || **text == *"1" => Ok(Value::Bool(true)),
            Value::Text(text) if text.eq_ignore_ascii_case("false") || **text == *"0" => Ok(Value::Bool(false)),
            Value::Int(number @ (0 | 1)) => Ok(Value::Bool(*number == 1)),
            other @ (Value::Null
            | Value::Int(_)
            | Value::Float(_)
            | Value::Decimal(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_)) => Err(unfit("bool", "`true`, `false`, 1 or 0", other)),
        }),
    },
    FunctionDoc {
        name: "string",
        parameters: &[],
        summary: "Converts to text; lists and maps become JSON.",
        example: "${total | string}",
        action: Action::Filter(|input, _| match input {
            Value::Text(_) => Ok(input.clone()),
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Decimal(_)
            | Value::List(_)
            | Value::Map(_)) => Ok(Value::text(other.to_string())),
        }),
    },
    FunctionDoc {
        name: "json",
        parameters: &[],
        summary: "Parses a text as JSON.",
        example: "${row.address | json}",
        action: Action::Filter(|input, _| match input {
            Value::Text(text) => match Document::read(Bytes::copy_from_slice(text.as_bytes())) {
                Ok(json) => Ok(json.root().to_value()),
                Err(error) => Err(CallError::Wrong(format!("`json` needs text that is JSON ({error})"))),
            },
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Decimal(_)
            | Value::List(_)
            | Value::Map(_)) => Err(unfit("json", "text that is JSON", other)),
        }),
    },
    FunctionDoc {
        name: "to_json",
        parameters: &[],
        summary: "Converts to JSON text.",
        example: "${ids | to_json}",
        action: Action::Filter(|input, _| {
            let mut json = String::new();
            input.write_json(&mut json);
            Ok(Value::text(json))
        }),
    },
    FunctionDoc {
        name: "base64",
        parameters: &[],
        summary: "Encodes in base64, with padding. Directly after `file(…)`, it encodes the bytes of the file.",
        example: "Basic ${'ann:secret' | base64}",
        action: Action::Bytes(|bytes, _| Ok(Value::text(general_purpose::STANDARD.encode(bytes)))),
    },
    FunctionDoc {
        name: "base64_decode",
        parameters: &[],
        summary: "Decodes base64 to text. Accepts both alphabets, with or without padding.",
        example: "${payload | base64_decode | json}",
        action: Action::Filter(|input, _| {
            let text = text_of("base64_decode", input)?;
            let alphabet = if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
            let bytes = GeneralPurpose::new(alphabet, LENIENT)
                .decode(text.trim().as_bytes())
                .map_err(|_| CallError::Wrong("`base64_decode` needs text that is base64".to_owned()))?;
            String::from_utf8(bytes)
                .map(Value::text)
                .map_err(|_| CallError::Wrong("`base64_decode` gives bytes that are not text".to_owned()))
        }),
    },
    FunctionDoc {
        name: "md5",
        parameters: &[ENCODING],
        summary: "The MD5 digest, in hexadecimal, 'base64' or 'base64url'.",
        example: "${body | md5}",
        action: Action::Bytes(|bytes, arguments| digest(&Md5::digest(bytes), arguments, 0)),
    },
    FunctionDoc {
        name: "sha256",
        parameters: &[ENCODING],
        summary: "The SHA-256 digest, in hexadecimal, 'base64' or 'base64url'.",
        example: "${body | sha256}",
        action: Action::Bytes(|bytes, arguments| digest(&Sha256::digest(bytes), arguments, 0)),
    },
    FunctionDoc {
        name: "hmac_sha256",
        parameters: &[parameter("key", ParameterKind::Text), ENCODING],
        summary: "The HMAC-SHA-256 signature with a key, in hexadecimal, 'base64' or 'base64url'.",
        example: "${message | hmac_sha256(api_key, 'base64')}",
        action: Action::Bytes(|bytes, arguments| {
            let key = arguments.text(0)?;
            let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
                .map_err(|_| CallError::Wrong("`hmac_sha256` cannot use this `key`".to_owned()))?;
            mac.update(bytes);
            digest(&mac.finalize().into_bytes(), arguments, 1)
        }),
    },
    FunctionDoc {
        name: "url_encode",
        parameters: &[],
        summary: "Percent-encodes every character that has a meaning in URLs.",
        example: "/search?q=${term | url_encode}",
        action: Action::Filter(|input, _| {
            let text = text_of("url_encode", input)?;
            Ok(Value::text(percent_encoding::utf8_percent_encode(&text, UNRESERVED).to_string()))
        }),
    },
];

/// RFC 3986: letters, digits, `-`, `.`, `_`, `~` stay.
const UNRESERVED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Every filter, in the order of the reference.
pub fn filters() -> &'static [FunctionDoc] {
    FILTERS
}

/// The filter of this name.
pub(super) fn filter(name: &str) -> Option<&'static FunctionDoc> {
    FILTERS.iter().find(|doc| doc.name == name)
}

fn unfit(name: &str, wanted: &str, found: &Value) -> CallError {
    let advice = match found {
        Value::List(_) | Value::Map(_) if wanted == "text" => "; put `| to_json` before it",
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_) => "",
    };
    CallError::Wrong(format!("`{name}` needs {wanted}, not {}{advice}", describe_as_operand(wanted, found)))
}

fn describe_as_operand(wanted: &str, found: &Value) -> &'static str {
    match found {
        Value::Text(text) if !text.is_empty() && wanted.contains("spells") => "text that spells none",
        Value::Text(text) if !text.is_empty() && wanted == "a number" => "text that spells none",
        Value::Text(text) if !text.is_empty() => "another text",
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Map(_)) => describe(other),
    }
}

/// The text a filter works on: text as it is, numbers and truth values as they are printed.
pub(super) fn text_of(name: &str, value: &Value) -> Result<Arc<str>, CallError> {
    match value {
        Value::Text(text) | Value::Decimal(text) => Ok(Arc::clone(text)),
        Value::Int(_) | Value::Float(_) | Value::Bool(_) => Ok(value.to_string().into()),
        Value::Null | Value::List(_) | Value::Map(_) => Err(unfit(name, "text", value)),
    }
}

fn list_of<'v>(name: &str, value: &'v Value) -> Result<&'v [Value], CallError> {
    match value {
        Value::List(items) => Ok(items),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Map(_)) => Err(unfit(name, "a list", other)),
    }
}

fn element(name: &str, found: Option<&Value>) -> Result<Value, CallError> {
    found.cloned().ok_or_else(|| CallError::NotThere(format!("`{name}` finds nothing: the list is empty")))
}

/// Whether a text may be so long.
fn room_for(bytes: usize) -> Result<(), CallError> {
    if bytes > MAX_TEXT { Err(CallError::Wrong(TOO_LONG.to_owned())) } else { Ok(()) }
}

/// A whole number if it fits.
fn whole_or_float(number: f64) -> Value {
    // -2^63 and 2^63, both exact as f64.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number);
    if fits { Value::Int(number as i64) } else { Value::Float(number) }
}

/// A digest as its argument number `at` says.
fn digest(bytes: &[u8], arguments: &Arguments<'_, '_>, at: usize) -> Result<Value, CallError> {
    Ok(Value::text(match arguments.text_if_given(at)?.as_deref() {
        Some("base64") => general_purpose::STANDARD.encode(bytes),
        Some("base64url") => general_purpose::URL_SAFE_NO_PAD.encode(bytes),
        Some(_) | None => hex(bytes),
    }))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
