//! The values that a plan works with: contents of variables, results of expressions and extractors.

mod number;

use std::fmt;
use std::sync::Arc;

pub(crate) use number::Number;
pub use number::{compare_numbers, number_as_written};

/// The deepest nesting of lists and maps. Whoever walks a value may recurse up to it.
pub const MAX_DEPTH: usize = 128;

/// A value of a plan. Cloning is cheap: anything large is shared.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction. Never NaN or infinite.
    Float(f64),
    /// A number whose spelling would be lost as `i64` or `f64` (`1.10`, `12345678901234567890`).
    /// It is printed as written and computes as its nearest `f64`.
    Decimal(Arc<str>),
    /// Text.
    Text(Arc<str>),
    /// A list.
    List(Arc<[Value]>),
    /// A map that keeps the order of its keys.
    Map(Arc<Map>),
}

/// What is known before the run, or computed for each user when the step is reached: in a plan by
/// the text of an expression, in the graph by the compiled one.
#[derive(Clone, Debug)]
pub enum Dynamic<T, E> {
    /// Known.
    Fixed(T),
    /// Computed.
    Computed(E),
}

/// A map of text keys to values, in order of writing. Keys are shared, so that the rows of a
/// table cost only their cells.
#[derive(Clone, Debug, Default)]
pub struct Map {
    keys: Arc<[Arc<str>]>,
    values: Box<[Value]>,
}

impl Map {
    /// A map of `keys` to `values`, pair by pair. Surplus keys read as absent.
    pub fn new(keys: Arc<[Arc<str>]>, values: Vec<Value>) -> Self {
        Self { keys, values: values.into_boxed_slice() }
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let at = self.keys.iter().position(|known| &**known == key)?;
        self.values.get(at)
    }

    /// Keys and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Value)> {
        self.keys.iter().zip(self.values.iter())
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.keys.len().min(self.values.len())
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl FromIterator<(Arc<str>, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Value)>>(entries: I) -> Self {
        let (keys, values): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        Self::new(keys.into(), values)
    }
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// What kind of value this is, in the words of the `type` matcher.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) | Self::Float(_) | Self::Decimal(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Map(_) => "object",
        }
    }

    /// The number this value is, or that its text spells in full.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Decimal(text) | Self::Text(text) => spelled_number(text),
            Self::Null | Self::Bool(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The text inside, if this is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Decimal(_)
            | Self::List(_)
            | Self::Map(_) => None,
        }
    }

    /// Whether this is `null`, `""`, `[]` or `{}`.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Map(map) => map.is_empty(),
            Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Decimal(_) => false,
        }
    }

    /// This value as JSON, for display and for libraries that want it.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Null => Json::Null,
            Self::Bool(truth) => Json::Bool(*truth),
            Self::Int(number) => Json::from(*number),
            Self::Float(number) => Json::from(*number),
            Self::Decimal(text) => serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_string())),
            Self::Text(text) => Json::String(text.to_string()),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Map(map) => Json::Object(map.iter().map(|(key, value)| (key.to_string(), value.to_json())).collect()),
        }
    }

    /// Whether the value, written out, has at most about `bytes` bytes and is nested at most
    /// [`MAX_DEPTH`] levels deep. What is in it several times counts every time, although it is
    /// kept once.
    pub fn fits(&self, bytes: usize) -> bool {
        let mut left = bytes;
        self.takes(&mut left, MAX_DEPTH)
    }

    fn takes(&self, left: &mut usize, levels: usize) -> bool {
        let mut take = |bytes: usize| {
            let rest = left.checked_sub(bytes);
            *left = rest.unwrap_or(0);
            rest.is_some()
        };
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) => take(8),
            Self::Decimal(text) | Self::Text(text) => take(8 + text.len()),
            Self::List(_) | Self::Map(_) if levels == 0 => false,
            Self::List(items) => take(8) && items.iter().all(|item| item.takes(left, levels - 1)),
            Self::Map(map) => {
                take(8)
                    && map.iter().all(|(key, value)| {
                        let rest = left.checked_sub(key.len());
                        *left = rest.unwrap_or(0);
                        rest.is_some() && value.takes(left, levels - 1)
                    })
            }
        }
    }

    /// Appends this value as JSON text; numbers go out digit for digit.
    pub fn write_json(&self, out: &mut String) {
        match self {
            Self::Decimal(text) => out.push_str(text),
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_json(out);
                }
                out.push(']');
            }
            Self::Map(map) => {
                out.push('{');
                for (index, (key, value)) in map.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_json_text(key, out);
                    out.push(':');
                    value.write_json(out);
                }
                out.push('}');
            }
            Self::Text(text) => write_json_text(text, out),
            simple @ (Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_)) => simple.write_text(out),
        }
    }

    /// Appends this value as it reads inside text: text bare, lists and maps as JSON, null as `null`.
    pub fn write_text(&self, out: &mut String) {
        use fmt::Write as _;
        match self {
            Self::Decimal(text) | Self::Text(text) => out.push_str(text),
            Self::List(_) | Self::Map(_) => self.write_json(out),
            simple @ (Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_)) => {
                let written = write!(out, "{simple}");
                debug_assert!(written.is_ok(), "writing to a String cannot fail");
            }
        }
    }
}

/// Appends `text` as a quoted JSON string.
pub fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    let mut clean = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x00..=0x1f => {
                out.push_str(&text[clean..at]);
                out.push_str(&format!("\\u{byte:04x}"));
                clean = at + 1;
                continue;
            }
            _ => continue,
        };
        out.push_str(&text[clean..at]);
        out.push_str(escape);
        clean = at + 1;
    }
    out.push_str(&text[clean..]);
    out.push('"');
}

/// The number that `text` spells in full, in JSON's grammar with an optional sign and without
/// surrounding spaces. `1,000`, `0x10`, `inf` and `NaN` spell none.
pub fn spelled_number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plausible = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+'));
    if !plausible {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => write!(f, "{number:.1}"),
            Self::Float(number) => write!(f, "{}", serde_json::Value::from(*number)),
            Self::Decimal(text) | Self::Text(text) => f.write_str(text),
            Self::List(_) | Self::Map(_) => {
                let mut text = String::new();
                self.write_json(&mut text);
                f.write_str(&text)
            }
        }
    }
}

impl From<&serde_json::Value> for Value {
    fn from(json: &serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(truth) => Self::Bool(*truth),
            Json::Number(number) => match number.as_i64() {
                Some(whole) => Self::Int(whole),
                None if number.is_u64() => Self::Decimal(number.to_string().into()),
                None => number.as_f64().map_or(Self::Null, Self::Float),
            },
            Json::String(text) => Self::text(text.as_str()),
            Json::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Json::Object(map) => Self::Map(Arc::new(
                map.iter().map(|(key, value)| (Arc::from(key.as_str()), Self::from(value))).collect(),
            )),
        }
    }
}
