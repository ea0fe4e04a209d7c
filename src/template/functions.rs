//! The functions: one table for checks, evaluation and the reference page.

use std::borrow::Cow;
use std::sync::Arc;

use crate::problem::Problem;
use crate::value::Value;

use super::Scope;
use super::compute::describe;
use super::fakes;
use super::filters::ENCODINGS;
use super::time;
use crate::value::Number;

/// The longest list or text a function makes, so that a mistake does not take all memory.
const MAX_LENGTH: i64 = 1_000_000;

/// A function or a filter: its words, and what it does.
#[derive(Debug)]
pub struct FunctionDoc {
    /// The name.
    pub name: &'static str,
    /// What is in its parentheses.
    pub parameters: &'static [Parameter],
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// How it is used, as written in a plan.
    pub example: &'static str,
    pub(super) action: Action,
}

/// A parameter of a function or filter.
#[derive(Debug)]
pub struct Parameter {
    /// The name used in messages and in the reference.
    pub name: &'static str,
    /// Whether it may be left out.
    pub optional: bool,
    pub(super) kind: ParameterKind,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterKind {
    Any,
    Number,
    Whole,
    Text,
    /// Text or `null` for "the usual".
    TextOrNull,
    /// How bytes are written: one of [`ENCODINGS`].
    Encoding,
    List,
}

/// What it does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Action {
    /// Reads or draws something; differs from call to call.
    Function(fn(&mut Call<'_, '_>) -> Result<Value, CallError>),
    /// Makes a value from its arguments alone.
    Pure(fn(&Arguments<'_, '_>) -> Result<Value, CallError>),
    /// Changes a value.
    Filter(fn(&Value, &Arguments<'_, '_>) -> Result<Value, CallError>),
    /// Makes a text of bytes: those of a text, or of a file directly in front.
    Bytes(fn(&[u8], &Arguments<'_, '_>) -> Result<Value, CallError>),
    /// Understood by the compiler: `counter`, `choice`, `file`, `default`.
    Special,
}

/// Why a function gives no value.
pub(super) enum CallError {
    /// An argument is wrong.
    Wrong(String),
    /// What is asked for is not there; `default(…)` can stand in.
    NotThere(String),
}

impl From<Problem> for CallError {
    fn from(problem: Problem) -> Self {
        Self::Wrong(problem.into())
    }
}

/// A call's arguments and surroundings.
pub(super) struct Call<'a, 'v> {
    pub(super) arguments: Arguments<'a, 'v>,
    pub(super) scope: &'a mut dyn Scope,
}

/// The arguments of a call, read by position.
pub(super) struct Arguments<'a, 'v> {
    pub(super) doc: &'static FunctionDoc,
    pub(super) values: &'a [Cow<'v, Value>],
}

impl FunctionDoc {
    /// The fewest arguments it takes.
    pub fn least(&self) -> usize {
        self.parameters.iter().filter(|parameter| !parameter.optional).count()
    }

    /// How it is written: `random_int(from, to)`.
    pub fn signature(&self) -> String {
        let mut text = self.name.to_owned();
        if self.parameters.is_empty() && matches!(self.action, Action::Filter(_) | Action::Bytes(_)) {
            return text;
        }
        text.push('(');
        for (index, parameter) in self.parameters.iter().enumerate() {
            if index > 0 {
                text.push_str(", ");
            }
            text.push_str(parameter.name);
        }
        text.push(')');
        text
    }

    /// What is wrong with `value` as argument number `index`, if anything.
    pub(super) fn objection(&self, index: usize, value: &Value) -> Option<String> {
        let parameter = self.parameters.get(index)?;
        let fits = match parameter.kind {
            ParameterKind::Any => true,
            ParameterKind::Number => Number::of(value).is_some(),
            ParameterKind::Whole => whole(value).is_some(),
            ParameterKind::Text => !matches!(value, Value::Null | Value::List(_) | Value::Map(_)),
            ParameterKind::TextOrNull => !matches!(value, Value::List(_) | Value::Map(_)),
            ParameterKind::Encoding => ENCODINGS.iter().any(|known| value.as_text() == Some(known)),
            ParameterKind::List => matches!(value, Value::List(_)),
        };
        let found = match value {
            Value::Float(_) | Value::Decimal(_) if parameter.kind == ParameterKind::Whole => "a fraction",
            Value::Text(_) if parameter.kind == ParameterKind::Whole || parameter.kind == ParameterKind::Number => {
                "text that does not spell one"
            }
            Value::Text(_) if parameter.kind == ParameterKind::Encoding => "another text",
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Decimal(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_)) => describe(other),
        };
        (!fits).then(|| format!("`{}` takes {} as `{}`, not {found}", self.name, parameter.takes(), parameter.name))
    }
}

impl Parameter {
    /// What it takes, in words for the reference: "a whole number".
    pub fn takes(&self) -> &'static str {
        match self.kind {
            ParameterKind::Any => "any value",
            ParameterKind::Number => "a number",
            ParameterKind::Whole => "a whole number",
            ParameterKind::Text | ParameterKind::TextOrNull => "text",
            ParameterKind::Encoding => "'hex', 'base64' or 'base64url'",
            ParameterKind::List => "a list",
        }
    }
}

/// The whole number a value is or spells; `6.0` counts.
fn whole(value: &Value) -> Option<i64> {
    match Number::of(value)? {
        Number::Int(number) => Some(number),
        Number::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(number as i64),
        Number::Float(_) => None,
    }
}

impl Arguments<'_, '_> {
    pub(super) fn get(&self, index: usize) -> Option<&Value> {
        self.values.get(index).map(|value| &**value)
    }

    /// The argument, once it fits its parameter.
    fn fitting(&self, index: usize) -> Result<&Value, CallError> {
        let value = self.get(index).unwrap_or(&Value::Null);
        self.doc.objection(index, value).map_or(Ok(value), |objection| Err(CallError::Wrong(objection)))
    }

    pub(super) fn whole(&self, index: usize) -> Result<i64, CallError> {
        Ok(whole(self.fitting(index)?).unwrap_or_default())
    }

    pub(super) fn float(&self, index: usize) -> Result<f64, CallError> {
        Ok(self.fitting(index)?.as_number().unwrap_or_default())
    }

    pub(super) fn text(&self, index: usize) -> Result<Arc<str>, CallError> {
        match self.fitting(index)? {
            Value::Text(text) => Ok(Arc::clone(text)),
            other @ (Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Decimal(_)
            | Value::List(_)
            | Value::Map(_)) => Ok(other.to_string().into()),
        }
    }

    /// The text, or `None` when it was left out or is `null`.
    pub(super) fn text_if_given(&self, index: usize) -> Result<Option<Arc<str>>, CallError> {
        match self.get(index) {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.text(index).map(Some),
        }
    }

    /// A length from 0 to the largest allowed.
    fn length(&self, index: usize) -> Result<usize, CallError> {
        let name = self.doc.parameters.get(index).map_or("", |parameter| parameter.name);
        let wanted = self.whole(index)?;
        if (0..=MAX_LENGTH).contains(&wanted) {
            Ok(usize::try_from(wanted).unwrap_or_default())
        } else {
            Err(CallError::Wrong(format!("`{}` takes a `{name}` from 0 to {MAX_LENGTH}", self.doc.name)))
        }
    }
}

const fn required(name: &'static str, kind: ParameterKind) -> Parameter {
    Parameter { name, optional: false, kind }
}

const fn optional(name: &'static str, kind: ParameterKind) -> Parameter {
    Parameter { name, optional: true, kind }
}

const LETTERS_AND_DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static FUNCTIONS: &[FunctionDoc] = &[
    FunctionDoc {
        name: "random_int",
        parameters: &[required("from", ParameterKind::Whole), required("to", ParameterKind::Whole)],
        summary: "A random whole number. Both limits are included.",
        example: "${random_int(1, 100)}",
        action: Action::Function(|call| {
            let (from, to) = (call.arguments.whole(0)?, call.arguments.whole(1)?);
            if from > to {
                return Err(CallError::Wrong("`random_int` takes the smaller number first".to_owned()));
            }
            Ok(Value::Int(call.scope.random().int(from, to)))
        }),
    },
    FunctionDoc {
        name: "random_float",
        parameters: &[required("from", ParameterKind::Number), required("to", ParameterKind::Number)],
        summary: "A random decimal number.",
        example: "${random_float(0.5, 2) | round(2)}",
        action: Action::Function(|call| {
            let (from, to) = (call.arguments.float(0)?, call.arguments.float(1)?);
            if from > to {
                return Err(CallError::Wrong("`random_float` takes the smaller number first".to_owned()));
            }
            Ok(Value::Float(call.scope.random().float(from, to)))
        }),
    },
    FunctionDoc {
        name: "random_string",
        parameters: &[required("length", ParameterKind::Whole), optional("alphabet", ParameterKind::Text)],
        summary: "Random text with this many characters: letters and digits, or characters from `alphabet`.",
        example: "${random_string(8, 'abcdef0123456789')}",
        action: Action::Function(|call| {
            let length = call.arguments.length(0)?;
            let alphabet = match call.arguments.get(1) {
                Some(_) => call.arguments.text(1)?,
                None => LETTERS_AND_DIGITS.into(),
            };
            let letters: Vec<char> = alphabet.chars().collect();
            if letters.is_empty() {
                return Err(CallError::Wrong(
                    "`random_string` needs at least one character in its `alphabet`".to_owned(),
                ));
            }
            let random = call.scope.random();
            Ok(Value::text((0..length).map(|_| letters[random.index(letters.len())]).collect::<String>()))
        }),
    },
    FunctionDoc {
        name: "choice",
        parameters: &[required("list", ParameterKind::List)],
        summary: "A random element of a list.",
        example: "${choice(['AAPL', 'GOOGL', 'MSFT'])}",
        action: Action::Special,
    },
    FunctionDoc {
        name: "uuid",
        parameters: &[],
        summary: "A random UUID (version 4).",
        example: "${uuid()}",
        action: Action::Function(|call| {
            let random = call.scope.random();
            let (high, low) = (random.bits(), random.bits());
            Ok(Value::text(uuid(high, low)))
        }),
    },
    FunctionDoc {
        name: "now",
        parameters: &[
            optional("format", ParameterKind::TextOrNull),
            optional("shift", ParameterKind::TextOrNull),
            optional("zone", ParameterKind::TextOrNull),
        ],
        summary: "The current time, in ISO 8601 with milliseconds or in a strftime `format`. `shift` changes it, for example '+7d', '-1h30m' or '+1M' (one month). It is in UTC, or in a `zone` such as 'Europe/Berlin'. You can omit `shift` and pass the zone in its place.",
        example: "${now('%Y-%m-%d', '+7d', 'Europe/Berlin')}",
        action: Action::Function(|call| {
            let format = call.arguments.text_if_given(0)?;
            let moved = [call.arguments.text_if_given(1)?, call.arguments.text_if_given(2)?];
            Ok(Value::text(time::now(call.scope.now(), format.as_deref(), moved.iter().flatten().map(|text| &**text))?))
        }),
    },
    FunctionDoc {
        name: "timestamp",
        parameters: &[],
        summary: "Whole seconds since 1970-01-01 UTC.",
        example: "${timestamp()}",
        action: Action::Function(|call| Ok(Value::Int(call.scope.now().as_second()))),
    },
    FunctionDoc {
        name: "timestamp_ms",
        parameters: &[],
        summary: "Milliseconds since 1970-01-01 UTC.",
        example: "${timestamp_ms()}",
        action: Action::Function(|call| Ok(Value::Int(call.scope.now().as_millisecond()))),
    },
    FunctionDoc {
        name: "counter",
        parameters: &[required("name", ParameterKind::Text)],
        summary: "1, 2, 3 …: the next number of the counter with this name. The whole run shares the counter.",
        example: "order-${counter('orders')}",
        action: Action::Special,
    },
    FunctionDoc {
        name: "range",
        parameters: &[required("count", ParameterKind::Whole)],
        summary: "The list 0, 1, 2 … with this many numbers.",
        example: "for_each: { index: range(5) }",
        action: Action::Pure(|arguments| {
            let count = arguments.length(0)?;
            Ok(Value::List((0..count).map(|number| Value::Int(number as i64)).collect()))
        }),
    },
    FunctionDoc {
        name: "file",
        parameters: &[required("path", ParameterKind::Text)],
        summary: "The text of a file. The path is relative to the folder of the plan. Pass a binary file directly to `base64`, `sha256`, `md5` or `hmac_sha256`.",
        example: "${file('queries/orders.sql')}",
        action: Action::Function(|call| {
            let (path, bytes) = file(call)?;
            String::from_utf8(bytes).map(Value::text).map_err(|_| {
                CallError::Wrong(format!(
                    "file `{path}` is not text in UTF-8; the bytes of a file go directly into a filter: \
                     `file('{path}') | base64`, or `sha256`, `md5`, `hmac_sha256`"
                ))
            })
        }),
    },
];

/// The path that a call of `file` names, and the bytes it finds there.
pub(super) fn file(call: &mut Call<'_, '_>) -> Result<(Arc<str>, Vec<u8>), CallError> {
    let path = call.arguments.text(0)?;
    match call.scope.file(&path) {
        Ok(bytes) => Ok((path, bytes)),
        Err(cause) => Err(CallError::Wrong(format!("file `{path}`: {cause}"))),
    }
}

/// Every function, `fake.…` included, in the order of the reference.
pub fn functions() -> &'static [FunctionDoc] {
    static ALL: std::sync::OnceLock<Vec<FunctionDoc>> = std::sync::OnceLock::new();
    ALL.get_or_init(|| FUNCTIONS.iter().map(FunctionDoc::copy).chain(fakes::functions()).collect())
}

impl FunctionDoc {
    fn copy(&self) -> Self {
        Self {
            name: self.name,
            parameters: self.parameters,
            summary: self.summary,
            example: self.example,
            action: self.action,
        }
    }
}

/// The function of this name.
pub(super) fn function(name: &str) -> Option<&'static FunctionDoc> {
    functions().iter().find(|doc| doc.name == name)
}

/// A version 4 UUID (RFC 9562) of 122 of these bits.
fn uuid(high: u64, low: u64) -> String {
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}
