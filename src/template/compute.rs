//! Comparison and arithmetic by the plan format's rules: text that spells a number counts as
//! one, and nothing else is mixed silently.

use std::cmp::Ordering;

use crate::problem::Problem;
use crate::value::Value;

use super::ast::BinaryOp;
use crate::value::{Number, compare_numbers};

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// They are equal, or ordered this way.
    Ordered(Ordering),
    /// They are of one kind that has no order, and differ.
    Different,
    /// They are of kinds that do not compare.
    Mixed,
}

/// Compares two values. Numbers compare as numbers, also when one of the two is text that spells
/// one; text compares with text letter by letter. `null` is equal to `null` alone and differs
/// from everything.
pub fn compare(left: &Value, right: &Value) -> Comparison {
    match (left, right) {
        (Value::Null, Value::Null) => Comparison::Ordered(Ordering::Equal),
        (Value::Null, _) | (_, Value::Null) => Comparison::Different,
        (Value::Bool(a), Value::Bool(b)) if a == b => Comparison::Ordered(Ordering::Equal),
        (Value::Bool(_), Value::Bool(_)) => Comparison::Different,
        (Value::Text(a), Value::Text(b)) if a == b => Comparison::Ordered(Ordering::Equal),
        (Value::Text(a), Value::Text(b)) => Comparison::Ordered(a.as_ref().cmp(b.as_ref())),
        (Value::List(a), Value::List(b)) => {
            let same = a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(a, b));
            if same { Comparison::Ordered(Ordering::Equal) } else { Comparison::Different }
        }
        (Value::Map(a), Value::Map(b)) => {
            let same = a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(a, b)));
            if same { Comparison::Ordered(Ordering::Equal) } else { Comparison::Different }
        }
        _ => match compare_numbers(left, right) {
            Some(order) => Comparison::Ordered(order),
            None => Comparison::Mixed,
        },
    }
}

/// Whether two values are equal by [`compare`]; values that do not compare are not.
pub fn equal(left: &Value, right: &Value) -> bool {
    compare(left, right) == Comparison::Ordered(Ordering::Equal)
}

/// The result of an operator, or a fragment that says what is wrong. `left_text` and
/// `right_text` are how the operands are written.
pub(super) fn apply(
    op: BinaryOp,
    (left, left_text): (&Value, &str),
    (right, right_text): (&Value, &str),
) -> Result<Value, Problem> {
    let mixed = || {
        let advice = match (left, right) {
            (Value::Text(_), Value::Bool(_)) => format!("write `{left_text} | bool`"),
            (Value::Bool(_), Value::Text(_)) => format!("write `{right_text} | bool`"),
            (Value::Text(_), Value::List(_) | Value::Map(_)) => format!("write `{left_text} | json`"),
            _ => "convert one with `int`, `float`, `string`, `bool` or `json`".to_owned(),
        };
        let (a, b) = (describe(left), describe(right));
        Err(Problem::new(format!("`{left_text}` is {a} and `{right_text}` is {b}, which cannot be compared"), advice))
    };
    // Two texts that both spell numbers, say from a CSV file, are ordered as numbers: 9 before 10.
    let comparison = || compare_numbers(left, right).map_or_else(|| compare(left, right), Comparison::Ordered);
    let ordered = |wanted: fn(Ordering) -> bool| match comparison() {
        Comparison::Ordered(order)
            if !matches!(left, Value::Bool(_) | Value::Null | Value::List(_) | Value::Map(_)) =>
        {
            Ok(Value::Bool(wanted(order)))
        }
        Comparison::Mixed => mixed(),
        Comparison::Ordered(_) | Comparison::Different => {
            let (a, b) = (describe(left), describe(right));
            Err(format!("`{left_text}` is {a} and `{right_text}` is {b}, which have no order").into())
        }
    };
    match op {
        BinaryOp::Equal | BinaryOp::NotEqual => match compare(left, right) {
            Comparison::Mixed => mixed(),
            other @ (Comparison::Ordered(_) | Comparison::Different) => {
                Ok(Value::Bool((other == Comparison::Ordered(Ordering::Equal)) == (op == BinaryOp::Equal)))
            }
        },
        BinaryOp::Less => ordered(Ordering::is_lt),
        BinaryOp::AtMost => ordered(Ordering::is_le),
        BinaryOp::Greater => ordered(Ordering::is_gt),
        BinaryOp::AtLeast => ordered(Ordering::is_ge),
        BinaryOp::In | BinaryOp::NotIn => {
            let found = contains((left, left_text), (right, right_text))?;
            Ok(Value::Bool(found == (op == BinaryOp::In)))
        }
        BinaryOp::Or
        | BinaryOp::And
        | BinaryOp::Add
        | BinaryOp::Subtract
        | BinaryOp::Multiply
        | BinaryOp::Divide
        | BinaryOp::Remainder => arithmetic(op, (left, left_text), (right, right_text)),
    }
}

fn contains((left, left_text): (&Value, &str), (right, right_text): (&Value, &str)) -> Result<bool, Problem> {
    match (left, right) {
        (_, Value::List(items)) => Ok(items.iter().any(|item| equal(left, item))),
        (Value::Text(part), Value::Text(whole)) => Ok(whole.contains(part.as_ref())),
        (Value::Text(key), Value::Map(map)) => Ok(map.get(key).is_some()),
        (_, Value::Text(_) | Value::Map(_)) => {
            let (a, b) = (describe(left), describe(right));
            Err(Problem::new(
                format!("`{left_text}` is {a} and `{right_text}` is {b}: only text can be inside it"),
                format!("write `{left_text} | string`"),
            ))
        }
        _ => Err(format!("`{right_text}` is {}; `in` searches a list, a text or a map", describe(right)).into()),
    }
}

fn arithmetic(
    op: BinaryOp,
    (left, left_text): (&Value, &str),
    (right, right_text): (&Value, &str),
) -> Result<Value, Problem> {
    let word = op.word();
    if op == BinaryOp::Add && matches!((left, right), (Value::Text(_), Value::Text(_))) {
        return Err(Problem::new(
            format!("`{left_text}` and `{right_text}` are texts, and `+` adds numbers"),
            format!(
                "to join texts write `${{{left_text}}}${{{right_text}}}`, to add them `({left_text} | float) + \
                 ({right_text} | float)`"
            ),
        ));
    }
    let number = |value: &Value, text: &str| {
        Number::of(value).ok_or_else(|| {
            let join = if op == BinaryOp::Add && matches!(value, Value::Text(_)) {
                format!("to join texts write `${{{left_text}}}${{{right_text}}}`")
            } else {
                String::new()
            };
            Problem::new(format!("`{text}` is {}, and `{word}` needs numbers", describe(value)), join)
        })
    };
    let (a, b) = (number(left, left_text)?, number(right, right_text)?);
    let too_large = || Problem::from(format!("`{left_text} {word} {right_text}` is outside the range of numbers"));
    if matches!(op, BinaryOp::Divide | BinaryOp::Remainder) && b.as_float() == 0.0 {
        return Err(format!("`{right_text}` is 0, and division by 0 is not possible").into());
    }
    if let (Number::Int(a), Number::Int(b)) = (a, b) {
        let whole = match op {
            BinaryOp::Add => Some(a.checked_add(b)),
            BinaryOp::Subtract => Some(a.checked_sub(b)),
            BinaryOp::Multiply => Some(a.checked_mul(b)),
            BinaryOp::Divide if b == -1 => Some(a.checked_neg()),
            BinaryOp::Divide if a % b == 0 => Some(Some(a / b)),
            BinaryOp::Remainder => Some(Some(a.wrapping_rem(b))),
            BinaryOp::Or
            | BinaryOp::And
            | BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::AtMost
            | BinaryOp::Greater
            | BinaryOp::AtLeast
            | BinaryOp::In
            | BinaryOp::NotIn
            | BinaryOp::Divide => None,
        };
        if let Some(whole) = whole {
            return whole.map(Value::Int).ok_or_else(too_large);
        }
    }
    let (a, b) = (a.as_float(), b.as_float());
    let result = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Subtract => a - b,
        BinaryOp::Multiply => a * b,
        BinaryOp::Divide => a / b,
        BinaryOp::Or
        | BinaryOp::And
        | BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::AtMost
        | BinaryOp::Greater
        | BinaryOp::AtLeast
        | BinaryOp::In
        | BinaryOp::NotIn
        | BinaryOp::Remainder => a % b,
    };
    if result.is_finite() { Ok(Value::Float(result)) } else { Err(too_large()) }
}

/// What a value is, in words: "text", "a list".
pub(super) fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Int(_) | Value::Float(_) | Value::Decimal(_) => "a number",
        Value::Text(text) if text.is_empty() => "an empty text",
        Value::Text(_) => "text",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
    }
}
