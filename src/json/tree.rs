//! A document as the JSONPath library walks it. Numbers keep their spelling, so that a path to
//! several places gives the same values as a path to one.

use std::borrow::Cow;

use jsonpath_rust::query::queryable::Queryable;

use crate::value::compare_numbers;
use crate::value::{Map, Value};

/// A value and all that is in it.
#[derive(Clone, Debug)]
pub enum Tree {
    /// What has nothing inside of it.
    Scalar(Value),
    /// A list.
    List(Vec<Tree>),
    /// Names and values.
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// How many bytes its texts and names have, and some for each value.
    pub(crate) fn size(&self) -> usize {
        const EACH: usize = 16;
        EACH + match self {
            Self::Scalar(value) => value.as_text().map_or(0, str::len),
            Self::List(items) => items.iter().map(Self::size).sum(),
            Self::Object(members) => members.iter().map(|(name, value)| name.len() + value.size()).sum(),
        }
    }

    /// The value.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Scalar(value) => value.clone(),
            Self::List(items) => Value::List(items.iter().map(Self::to_value).collect()),
            Self::Object(members) => {
                let entries = members.iter().map(|(name, value)| (name.as_str().into(), value.to_value()));
                Value::Map(std::sync::Arc::new(entries.collect::<Map>()))
            }
        }
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self::Scalar(Value::Null)
    }
}

impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scalar(a), Self::Scalar(b)) => match (a, b) {
                (Value::Null, Value::Null) => true,
                (Value::Bool(a), Value::Bool(b)) => a == b,
                (Value::Text(a), Value::Text(b)) => a == b,
                (Value::Text(_), _) | (_, Value::Text(_)) => false,
                (a, b) => compare_numbers(a, b).is_some_and(std::cmp::Ordering::is_eq),
            },
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Object(a), Self::Object(b)) => {
                // Objects are equal whatever the order of their names (RFC 9535 §2.3.5.2.2).
                a.len() == b.len()
                    && a.iter().all(|(name, value)| b.iter().any(|(other, with)| other == name && with == value))
            }
            (Self::Scalar(_) | Self::List(_) | Self::Object(_), _) => false,
        }
    }
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::Scalar(Value::text(text))
    }
}

impl From<String> for Tree {
    fn from(text: String) -> Self {
        Self::Scalar(Value::text(text))
    }
}

impl From<bool> for Tree {
    fn from(truth: bool) -> Self {
        Self::Scalar(Value::Bool(truth))
    }
}

impl From<i64> for Tree {
    fn from(number: i64) -> Self {
        Self::Scalar(Value::Int(number))
    }
}

impl From<f64> for Tree {
    fn from(number: f64) -> Self {
        Self::Scalar(Value::Float(number))
    }
}

impl From<Vec<Self>> for Tree {
    fn from(items: Vec<Self>) -> Self {
        Self::List(items)
    }
}

impl Queryable for Tree {
    fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            Self::Scalar(_) | Self::List(_) => None,
        }
    }

    fn as_array(&self) -> Option<&Vec<Self>> {
        match self {
            Self::List(items) => Some(items),
            Self::Scalar(_) | Self::Object(_) => None,
        }
    }

    fn as_object(&self) -> Option<Vec<(&str, &Self)>> {
        match self {
            Self::Object(members) => Some(members.iter().map(|(name, value)| (name.as_str(), value)).collect()),
            Self::Scalar(_) | Self::List(_) => None,
        }
    }

    fn as_str(&self) -> Option<&str> {
        match self {
            Self::Scalar(value) => value.as_text(),
            Self::List(_) | Self::Object(_) => None,
        }
    }

    fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Scalar(Value::Int(number)) => Some(*number),
            Self::Scalar(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    fn as_f64(&self) -> Option<f64> {
        match self {
            // A text that spells a number is none here.
            Self::Scalar(Value::Text(_)) | Self::List(_) | Self::Object(_) => None,
            Self::Scalar(number) => number.as_number(),
        }
    }

    fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Scalar(Value::Bool(truth)) => Some(*truth),
            Self::Scalar(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    fn null() -> Self {
        Self::default()
    }

    fn extension_custom(_name: &str, _arguments: Vec<Cow<'_, Self>>) -> Self {
        Self::null()
    }
}
