//! Numbers as plans write them: exact comparison whatever their spelling.

use std::cmp::Ordering;
use std::fmt;

use super::{Value, spelled_number};

/// A number to compute with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    Float(f64),
}

impl Number {
    /// The number a value is, or that its text spells in full.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(Self::Int(*number)),
            Value::Float(number) => Some(Self::Float(*number)),
            Value::Text(text) | Value::Decimal(text) => {
                let number = spelled_number(text)?;
                Some(text.parse().map_or(Self::Float(number), Self::Int))
            }
            Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    pub(crate) fn as_float(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        match number {
            Number::Int(number) => Self::Int(number),
            Number::Float(number) => Self::Float(number),
        }
    }
}

/// Compares two values as numbers: exactly, also beyond what 64 bits hold. `None` when one of
/// them neither is nor spells a number.
pub fn compare_numbers(left: &Value, right: &Value) -> Option<Ordering> {
    let (a, b) = (Number::of(left)?, Number::of(right)?);
    if let (Number::Int(a), Number::Int(b)) = (a, b) {
        return Some(a.cmp(&b));
    }
    let (a, b) = (a.as_float(), b.as_float());
    // 2^53: up to here every whole number has its own `f64`.
    if a == b && (a.abs() >= 9_007_199_254_740_992.0 || long(left) || long(right)) {
        return digits_of(left).zip(digits_of(right)).map(|(a, b)| a.compare(&b));
    }
    a.partial_cmp(&b)
}

/// Whether the spelling may hold more digits than an `f64`.
fn long(value: &Value) -> bool {
    matches!(value, Value::Text(text) | Value::Decimal(text) if text.len() > 15)
}

/// The value of a number written in JSON: whole, with a fraction if its spelling survives, or
/// else digit for digit.
pub fn number_as_written(text: &str) -> Value {
    if let Ok(whole) = text.parse::<i64>()
        && reads_as(text, format_args!("{whole}"))
    {
        return Value::Int(whole);
    }
    match spelled_number(text) {
        Some(number) => {
            let value = Value::Float(number);
            if reads_as(text, format_args!("{value}")) { value } else { Value::Decimal(text.into()) }
        }
        None => Value::Decimal(text.into()),
    }
}

/// Whether something is written as `text`; compared while it is written, without a copy.
fn reads_as(text: &str, written: fmt::Arguments<'_>) -> bool {
    struct Rest<'t>(&'t str);
    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }
    let mut rest = Rest(text);
    fmt::write(&mut rest, written).is_ok() && rest.0.is_empty()
}

/// A number as its sign, its digits without outer zeros, and the power of ten of the first.
struct Digits {
    negative: bool,
    digits: Vec<u8>,
    magnitude: i64,
}

impl Digits {
    fn compare(&self, other: &Self) -> Ordering {
        let by_size = match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => return Ordering::Equal,
            (true, false) => return if other.negative { Ordering::Greater } else { Ordering::Less },
            (false, true) => return if self.negative { Ordering::Less } else { Ordering::Greater },
            (false, false) if self.negative != other.negative => {
                return if self.negative { Ordering::Less } else { Ordering::Greater };
            }
            _ => self.magnitude.cmp(&other.magnitude).then_with(|| self.digits.cmp(&other.digits)),
        };
        if self.negative { by_size.reverse() } else { by_size }
    }
}

fn digits_of(value: &Value) -> Option<Digits> {
    let text = value.to_string();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    digits.drain(..zeros);
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    let magnitude =
        exponent.saturating_add(i64::try_from(whole.len()).ok()?).saturating_sub(i64::try_from(zeros).ok()?);
    Some(Digits { negative, digits, magnitude })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn order(left: &str, right: &str) -> Ordering {
        compare_numbers(&Value::text(left), &Value::text(right)).unwrap()
    }

    #[test]
    fn numbers_compare_exactly() {
        assert_eq!(order("1", "1.0"), Ordering::Equal);
        assert_eq!(order("1.10", "1.1"), Ordering::Equal);
        assert_eq!(order("9", "10"), Ordering::Less);
        assert_eq!(order("-9", "-10"), Ordering::Greater);
        assert_eq!(order("12345678901234567890", "12345678901234567891"), Ordering::Less);
        assert_eq!(order("-12345678901234567890", "-12345678901234567891"), Ordering::Greater);
        assert_eq!(order("9007199254740993", "9007199254740992.0"), Ordering::Greater);
        assert_eq!(order("1e3", "1000"), Ordering::Equal);
        assert_eq!(order("0.10000000000000000001", "0.1"), Ordering::Greater);
        assert_eq!(order("0", "-0.0"), Ordering::Equal);
        assert_eq!(compare_numbers(&Value::text("1,000"), &Value::Int(1)), None);
        assert_eq!(compare_numbers(&Value::Bool(true), &Value::Int(1)), None);
    }

    #[test]
    fn spelling_survives() {
        assert!(matches!(number_as_written("42"), Value::Int(42)));
        assert!(matches!(number_as_written("1.5"), Value::Float(_)));
        for text in ["1.10", "12345678901234567890", "1e3", "1E400", "-0"] {
            assert_eq!(number_as_written(text).to_string(), text);
        }
    }
}
