//! Whether what was seen meets a matcher.

use std::borrow::Cow;

use crate::extractors::find::shown;
use crate::template::Scope;
use crate::units::{parse_duration, parse_size};
use crate::value::compare_numbers;
use crate::value::{Value, write_json_text};

use super::{Expected, Matcher, Pattern, sentence};

/// How many characters of what came a message shows.
const SHOWN: usize = 200;

/// What is judged.
#[derive(Clone, Copy)]
pub(super) enum Actual<'a> {
    /// A text without a type of its own: a body, a header, a URL.
    Text(&'a str),
    /// A value.
    Value(&'a Value),
    /// What a path found that can lead to several places.
    List(&'a [Value]),
    /// The elements that a CSS selector or an XPath found. A single one is judged by its text.
    Elements(&'a [Value]),
}

/// What numbers mean here.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SubjectUnit {
    None,
    Milliseconds,
    Bytes,
    Status,
}

/// Why a matcher is not met.
pub(super) struct Miss {
    /// What was expected, to follow that word.
    pub(super) expected: String,
    /// What came.
    pub(super) actual: String,
}

/// Judges what one assertion sees of one response.
pub(super) struct Judge<'s> {
    pub(super) scope: &'s mut dyn Scope,
    pub(super) unit: SubjectUnit,
}

impl Judge<'_> {
    /// Judges by all matchers; the first that is not met is reported.
    pub(super) fn all(&mut self, matchers: &[Matcher], seen: Actual<'_>) -> Result<(), Miss> {
        matchers.iter().try_for_each(|matcher| self.one(matcher, seen))
    }

    fn one(&mut self, matcher: &Matcher, seen: Actual<'_>) -> Result<(), Miss> {
        match matcher {
            Matcher::Equals(expected) => {
                let value = self.value(matcher, expected)?;
                self.decide(self.equal(seen, &value), matcher, Some(&value), seen)
            }
            Matcher::NotEquals(expected) => {
                let value = self.value(matcher, expected)?;
                self.decide(!self.equal(seen, &value), matcher, Some(&value), seen)
            }
            Matcher::OneOf(several) => {
                for expected in several {
                    let value = self.value(matcher, expected)?;
                    if self.equal(seen, &value) {
                        return Ok(());
                    }
                }
                self.miss(matcher, None, seen)
            }
            Matcher::StatusClass(class) => {
                let number = seen.number();
                let met = number.is_some_and(|number| {
                    number >= f64::from(*class) * 100.0 && number < (f64::from(*class) + 1.0) * 100.0
                });
                self.decide(met, matcher, None, seen)
            }
            Matcher::Contains(several) => self.contains(matcher, several, true, seen),
            Matcher::NotContains(several) => self.contains(matcher, several, false, seen),
            Matcher::StartsWith(expected) | Matcher::EndsWith(expected) => {
                let value = self.value(matcher, expected)?;
                let text = self.text(matcher, seen)?;
                let part = value.to_string();
                let at_start = matches!(matcher, Matcher::StartsWith(_));
                let met = if at_start { text.starts_with(&part) } else { text.ends_with(&part) };
                self.decide(met, matcher, Some(&value), seen)
            }
            Matcher::Matches(pattern) => self.pattern(matcher, pattern, true, seen),
            Matcher::NotMatches(pattern) => self.pattern(matcher, pattern, false, seen),
            Matcher::Above(expected) => self.order(matcher, expected, std::cmp::Ordering::is_gt, seen),
            Matcher::AtLeast(expected) => self.order(matcher, expected, std::cmp::Ordering::is_ge, seen),
            Matcher::Below(expected) => self.order(matcher, expected, std::cmp::Ordering::is_lt, seen),
            Matcher::AtMost(expected) => self.order(matcher, expected, std::cmp::Ordering::is_le, seen),
            Matcher::Exists(wanted) => self.decide(*wanted, matcher, None, seen),
            Matcher::Empty(wanted) => self.decide(seen.is_empty() == *wanted, matcher, None, seen),
            Matcher::Length(inner) => self.length(matcher, inner, seen),
            Matcher::Type(kind) => self.decide(seen.type_name() == kind.word(), matcher, None, seen),
            Matcher::Each(inner) => self.each(matcher, inner, seen),
        }
    }

    fn decide(&mut self, met: bool, matcher: &Matcher, computed: Option<&Value>, seen: Actual<'_>) -> Result<(), Miss> {
        if met { Ok(()) } else { self.miss(matcher, computed, seen) }
    }

    /// What was expected and what came. A computed value is reported next to how it is written.
    fn miss(&mut self, matcher: &Matcher, computed: Option<&Value>, seen: Actual<'_>) -> Result<(), Miss> {
        let mut expected = self.phrase(matcher);
        if let Some(value) = computed
            && matcher.is_computed()
        {
            expected.push_str(&format!(" ({})", self.said(value)));
        }
        Err(Miss { expected, actual: self.shown(seen) })
    }

    fn wrong_kind(&mut self, matcher: &Matcher, seen: Actual<'_>, why: &str) -> Miss {
        Miss { expected: self.phrase(matcher), actual: format!("{}, {why}", self.shown(seen)) }
    }

    fn value<'e>(&mut self, matcher: &Matcher, expected: &'e Expected) -> Result<Cow<'e, Value>, Miss> {
        expected.value(self.scope).map_err(|error| Miss {
            expected: self.phrase(matcher),
            actual: format!("no value to compare with: {error}"),
        })
    }

    /// The text that `starts_with`, `matches` and the like look at.
    fn text<'a>(&mut self, matcher: &Matcher, seen: Actual<'a>) -> Result<Cow<'a, str>, Miss> {
        match seen.scalar() {
            Actual::Text(text) => Ok(Cow::Borrowed(text)),
            Actual::Value(Value::Text(text)) => Ok(Cow::Borrowed(text)),
            Actual::Value(value @ (Value::Int(_) | Value::Float(_) | Value::Decimal(_) | Value::Bool(_))) => {
                Ok(Cow::Owned(value.to_string()))
            }
            Actual::Value(_) | Actual::List(_) | Actual::Elements(_) => {
                Err(self.wrong_kind(matcher, seen, "which is not text; use `each` or `contains` for a list"))
            }
        }
    }

    fn pattern(&mut self, matcher: &Matcher, pattern: &Pattern, wanted: bool, seen: Actual<'_>) -> Result<(), Miss> {
        let text = self.text(matcher, seen)?;
        match pattern.is_match(&text, self.scope) {
            Ok(found) => self.decide(found == wanted, matcher, None, seen),
            Err(why) => {
                Err(Miss { expected: self.phrase(matcher), actual: format!("no pattern to match with: {why}") })
            }
        }
    }

    fn order(
        &mut self,
        matcher: &Matcher,
        expected: &Expected,
        wanted: fn(std::cmp::Ordering) -> bool,
        seen: Actual<'_>,
    ) -> Result<(), Miss> {
        let value = self.value(matcher, expected)?;
        let limit = self.measured(&value);
        let own;
        let number = match seen.scalar() {
            Actual::Value(value) => value,
            Actual::Text(text) => {
                own = Value::text(text);
                &own
            }
            Actual::List(_) | Actual::Elements(_) => &Value::Null,
        };
        match compare_numbers(number, &limit) {
            Some(order) => self.decide(wanted(order), matcher, Some(&value), seen),
            None if limit.as_number().is_none() => {
                let actual =
                    format!("{}, and {} is not a number to compare it with", self.shown(seen), self.said(&value));
                Err(Miss { expected: self.phrase(matcher), actual })
            }
            None => Err(self.wrong_kind(matcher, seen, "which is not a number")),
        }
    }

    /// A limit as a number: text from a `${…}` may carry the unit of what is measured.
    fn measured<'v>(&self, value: &'v Value) -> Cow<'v, Value> {
        let with_unit = match (self.unit, value) {
            (SubjectUnit::Milliseconds, Value::Text(text)) => {
                parse_duration(text).ok().map(|time| time.as_secs_f64() * 1e3)
            }
            (SubjectUnit::Bytes, Value::Text(text)) => parse_size(text).ok().map(|bytes| bytes as f64),
            _ => None,
        };
        with_unit.map_or(Cow::Borrowed(value), |number| Cow::Owned(Value::Float(number)))
    }

    fn equal(&self, seen: Actual<'_>, expected: &Value) -> bool {
        if let (SubjectUnit::Status, Value::Text(text), Some(number)) = (self.unit, expected, seen.number())
            && let Some(class) = text.strip_suffix("xx").and_then(|class| class.parse::<u8>().ok())
        {
            return (number / 100.0).floor() == f64::from(class);
        }
        let expected = self.measured(expected);
        match (seen, &*expected) {
            (Actual::List(items) | Actual::Elements(items), Value::List(wanted)) => same_list(items, wanted),
            (Actual::Elements([only]), other) => {
                same(only, other) || only.as_text().is_some_and(|text| text == other.to_string())
            }
            (Actual::List(_) | Actual::Elements(_), _) => false,
            (Actual::Text(text), Value::Text(wanted)) => text == &**wanted,
            (Actual::Text(_), Value::Null | Value::List(_) | Value::Map(_)) => false,
            (Actual::Text(text), scalar) => text == scalar.to_string(),
            (Actual::Value(value), wanted) => same(value, wanted),
        }
    }

    fn contains(
        &mut self,
        matcher: &Matcher,
        several: &[Expected],
        wanted: bool,
        seen: Actual<'_>,
    ) -> Result<(), Miss> {
        for expected in several {
            let value = self.value(matcher, expected)?;
            let held = match seen {
                Actual::Text(text) => text.contains(&*part_of(&value)),
                Actual::Value(Value::Text(text)) => text.contains(&*part_of(&value)),
                Actual::Value(Value::Map(map)) => map.get(&part_of(&value)).is_some(),
                Actual::Value(Value::List(items)) => items.iter().any(|item| same(item, &value)),
                Actual::List(items) => items.iter().any(|item| same(item, &value)),
                Actual::Elements([Value::Text(only)]) => only.contains(&*part_of(&value)),
                Actual::Elements(items) => items.iter().any(|item| same(item, &value)),
                Actual::Value(number @ (Value::Int(_) | Value::Float(_) | Value::Decimal(_))) => {
                    number.to_string().contains(&*part_of(&value))
                }
                Actual::Value(Value::Null | Value::Bool(_)) => {
                    return Err(self.wrong_kind(matcher, seen, "which cannot contain anything"));
                }
            };
            self.decide(held == wanted, matcher, Some(&value), seen)?;
        }
        Ok(())
    }

    fn length(&mut self, matcher: &Matcher, inner: &[Matcher], seen: Actual<'_>) -> Result<(), Miss> {
        let length = match seen {
            Actual::Text(text) => text.chars().count(),
            Actual::Value(Value::Text(text)) => text.chars().count(),
            Actual::Value(Value::List(items)) => items.len(),
            Actual::Value(Value::Map(map)) => map.len(),
            Actual::List(items) | Actual::Elements(items) => items.len(),
            Actual::Value(_) => return Err(self.wrong_kind(matcher, seen, "which has no length")),
        };
        let length = Value::Int(i64::try_from(length).unwrap_or(i64::MAX));
        let unit = std::mem::replace(&mut self.unit, SubjectUnit::None);
        let outcome = self.all(inner, Actual::Value(&length));
        self.unit = unit;
        outcome.map_err(|miss| Miss {
            expected: format!("length {}", miss.expected),
            actual: format!("length {}: {}", miss.actual, self.shown(seen)),
        })
    }

    fn each(&mut self, matcher: &Matcher, inner: &[Matcher], seen: Actual<'_>) -> Result<(), Miss> {
        let items = match seen {
            Actual::Value(Value::List(items)) => items,
            Actual::List(items) | Actual::Elements(items) => items,
            Actual::Text(_) | Actual::Value(_) => return Err(self.wrong_kind(matcher, seen, "which is not a list")),
        };
        for (index, item) in items.iter().enumerate() {
            let element = match (seen, item) {
                (Actual::Elements(_), Value::Text(text)) => Actual::Text(text),
                _ => Actual::Value(item),
            };
            self.all(inner, element).map_err(|miss| Miss {
                expected: format!("each element {}", miss.expected),
                actual: format!("{} as element {index} of {}", miss.actual, items.len()),
            })?;
        }
        Ok(())
    }

    fn phrase(&mut self, matcher: &Matcher) -> String {
        sentence::phrase(matcher, &mut sentence::Values::Written(&self.scope.masker()))
    }

    fn said(&mut self, value: &Value) -> String {
        sentence::value(value, &self.scope.masker())
    }

    /// What was seen, without secrets, cut to a readable length.
    fn shown(&mut self, seen: Actual<'_>) -> String {
        let masker = self.scope.masker();
        let short = |text: &str| shown(&masker.beginning(text, SHOWN), SHOWN);
        let quoted = |text: &str| shown_text(&masker.beginning(text, SHOWN));
        let list = |items: &[Value]| {
            let mut text = "[".to_owned();
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                item.write_json(&mut text);
                if text.len() > SHOWN * 4 {
                    break;
                }
            }
            text.push(']');
            short(&text)
        };
        match seen {
            Actual::Text(text) => quoted(text),
            Actual::Value(Value::Text(text)) => quoted(text),
            Actual::Value(Value::List(items)) => list(items),
            Actual::List(items) => list(items),
            Actual::Elements([Value::Text(only)]) => quoted(only),
            Actual::Elements(items) => list(items),
            Actual::Value(value) => match (self.unit, value.as_number()) {
                (SubjectUnit::Milliseconds, Some(number)) => format!("{number:.1}ms"),
                (SubjectUnit::Bytes, Some(number)) => format!("{number}B"),
                _ => {
                    let mut text = String::new();
                    value.write_json(&mut text);
                    short(&text)
                }
            },
        }
    }
}

/// A text in quotes, cut before it is copied.
fn shown_text(text: &str) -> String {
    let end = text.char_indices().nth(SHOWN).map_or(text.len(), |(at, _)| at);
    let mut quoted = String::new();
    write_json_text(&text[..end], &mut quoted);
    let cut = if end < text.len() { "…" } else { "" };
    format!("{}{cut}", shown(&quoted, SHOWN * 2))
}

fn part_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Text(text) => Cow::Borrowed(text),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Decimal(_)
        | Value::List(_)
        | Value::Map(_)) => Cow::Owned(other.to_string()),
    }
}

/// Equality of assertions: numbers as numbers, a number and a text digit for digit, lists and
/// maps by their parts, everything else only within its type.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Text(a), Value::Text(b)) => a == b,
        (Value::Text(text), number) | (number, Value::Text(text)) if is_number(number) => **text == number.to_string(),
        (Value::List(a), Value::List(b)) => same_list(a, b),
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (a, b) if is_number(a) && is_number(b) => compare_numbers(a, b).is_some_and(std::cmp::Ordering::is_eq),
        _ => false,
    }
}

fn same_list(left: &[Value], right: &[Value]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(a, b)| same(a, b))
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_) | Value::Decimal(_))
}

impl<'a> Actual<'a> {
    /// The single element of several, where one is looked at by its text.
    fn scalar(self) -> Self {
        match self {
            Self::Elements([Value::Text(only)]) => Actual::Text(only),
            other @ (Self::Text(_) | Self::Value(_) | Self::List(_) | Self::Elements(_)) => other,
        }
    }

    fn number(self) -> Option<f64> {
        match self.scalar() {
            Self::Value(value) => value.as_number(),
            Self::Text(text) => crate::value::spelled_number(text),
            Self::List(_) | Self::Elements(_) => None,
        }
    }

    fn is_empty(self) -> bool {
        match self.scalar() {
            Self::Text(text) => text.is_empty(),
            Self::Value(value) => value.is_empty(),
            Self::List(items) | Self::Elements(items) => items.is_empty(),
        }
    }

    fn type_name(self) -> &'static str {
        match self.scalar() {
            Self::Text(_) => "string",
            Self::Value(value) => value.type_name(),
            Self::List(_) | Self::Elements(_) => "array",
        }
    }
}

impl Matcher {
    /// Whether what it expects is computed for every response.
    fn is_computed(&self) -> bool {
        match self {
            Self::Equals(expected)
            | Self::NotEquals(expected)
            | Self::StartsWith(expected)
            | Self::EndsWith(expected)
            | Self::Above(expected)
            | Self::AtLeast(expected)
            | Self::Below(expected)
            | Self::AtMost(expected) => expected.is_computed(),
            Self::Contains(several) | Self::NotContains(several) => several.iter().any(Expected::is_computed),
            Self::OneOf(_)
            | Self::StatusClass(_)
            | Self::Matches(_)
            | Self::NotMatches(_)
            | Self::Exists(_)
            | Self::Empty(_)
            | Self::Length(_)
            | Self::Type(_)
            | Self::Each(_) => false,
        }
    }
}

impl Expected {
    fn is_computed(&self) -> bool {
        match self {
            Self::Tree(tree) => tree.literal().is_none(),
            Self::Measured(..) => false,
        }
    }
}
