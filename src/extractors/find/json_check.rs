//! What the JSONPath library lets through although RFC 9535 does not: spaces inside names and
//! functions used against their types (section 2.4.3).

use jsonpath_rust::parser::errors::JsonPathError;
use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, FnArg, JpQuery, Segment, Selector, Test, TestFunction,
};

use crate::problem::Problem;

/// How many brackets and parentheses of a path may be within one another. The time that the library's
/// parser takes may double with each.
pub(crate) const MAX_NESTED: usize = 12;

/// Spaces where a name should go on, and texts far beyond any real path.
pub(super) fn check_text(path: &str) -> Result<(), Problem> {
    if path.len() > 10_000 {
        return Err("the path is longer than 10000 characters".into());
    }
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_' || !c.is_ascii();
    let mut quote = None;
    let mut escaped = false;
    let mut before_blank: Option<char> = None;
    let mut previous = ' ';
    let mut condition = false;
    let mut nested = 0_usize;
    for (at, c) in path.char_indices() {
        if quote.is_none() {
            match c {
                '[' | '(' => nested += 1,
                ']' | ')' => nested = nested.saturating_sub(1),
                _ => {}
            }
            if nested > MAX_NESTED {
                return Err(format!("more than {MAX_NESTED} nested brackets in the path").into());
            }
        }
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(mark) if mark == c => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if c.is_ascii_whitespace() => {
                if !previous.is_ascii_whitespace() {
                    before_blank = Some(previous);
                }
            }
            None => {
                if previous.is_ascii_whitespace() && part_of_name(c) && before_blank.is_some_and(part_of_name) {
                    if condition {
                        let rest = path.get(at..).unwrap_or_default();
                        let word = rest.split(|c: char| !part_of_name(c)).next().unwrap_or(rest);
                        return Err(Problem::new(
                            format!("there is no `{word}` in conditions"),
                            "conditions support ==, !=, <, <=, >, >=, &&, ||, ! and the functions length, count, value, match \
                             and search",
                        ));
                    }
                    return Err(Problem::new(
                        format!("the space before `{}` ends the name", path.get(at..).unwrap_or_default()),
                        "write a name with a space as `['first name']`",
                    ));
                }
            }
        }
        condition |= quote.is_none() && c == '?';
        previous = c;
    }
    Ok(())
}

/// The library's refusal in a tester's words.
pub(super) fn explain(path: &str, error: &JsonPathError) -> Problem {
    if path.len() == 1 {
        return "the path is empty".into();
    }
    let place = match error {
        JsonPathError::PestError(parsing) => match column(&parsing.to_string()).and_then(|at| rest_of(path, at)) {
            Some(rest) => format!("it cannot be read from `{rest}` on"),
            None => "it ends too early".to_owned(),
        },
        JsonPathError::InvalidJsonPath(message) => message.clone(),
        other => other.to_string(),
    };
    Problem::new(place, "a path looks like `$.items[0].id`, `$..id` or `$.items[?@.price > 10]`")
}

/// The column a parser's message points at, from 1: its first line is ` --> 1:5`.
fn column(message: &str) -> Option<usize> {
    let (_, place) = message.split_once("--> ")?;
    let (_, column) = place.lines().next()?.split_once(':')?;
    column.trim().parse().ok()
}

/// What follows from a column on, if anything.
fn rest_of(path: &str, column: usize) -> Option<&str> {
    let (at, _) = path.char_indices().nth(column.checked_sub(1)?)?;
    path.get(at..)
}

/// Functions must be used by their types.
pub(super) fn check_types(query: &JpQuery) -> Result<(), Problem> {
    query.segments.iter().try_for_each(segment)
}

fn segment(of: &Segment) -> Result<(), Problem> {
    match of {
        Segment::Descendant(inner) => segment(inner),
        Segment::Selector(one) => selector(one),
        Segment::Selectors(several) => several.iter().try_for_each(selector),
    }
}

fn selector(of: &Selector) -> Result<(), Problem> {
    match of {
        Selector::Filter(inner) => filter(inner),
        Selector::Name(_) | Selector::Wildcard | Selector::Index(_) | Selector::Slice(..) => Ok(()),
    }
}

fn filter(of: &Filter) -> Result<(), Problem> {
    match of {
        Filter::Or(parts) | Filter::And(parts) => parts.iter().try_for_each(filter),
        Filter::Atom(FilterAtom::Filter { expr, .. }) => filter(expr),
        Filter::Atom(FilterAtom::Test { expr, .. }) => test(expr),
        Filter::Atom(FilterAtom::Comparison(comparison)) => compared(comparison),
    }
}

fn compared(comparison: &Comparison) -> Result<(), Problem> {
    let (left, right) = comparison.vals();
    for side in [left, right] {
        if let Comparable::Function(called) = side {
            function(called)?;
            if !gives_value(called) {
                return Err(format!("`{}` is already true or false, so it cannot be compared", name(called)).into());
            }
        }
    }
    Ok(())
}

/// A condition by itself: a path that exists, or a function that is true or false.
fn test(of: &Test) -> Result<(), Problem> {
    match of {
        Test::RelQuery(segments) => segments.iter().try_for_each(segment),
        Test::AbsQuery(query) => check_types(query),
        Test::Function(called) => {
            function(called)?;
            if gives_value(called) {
                return Err(format!("`{0}(…)` returns a value, so compare it: `{0}(…) > 0`", name(called)).into());
            }
            Ok(())
        }
    }
}

fn gives_value(called: &TestFunction) -> bool {
    matches!(called, TestFunction::Length(_) | TestFunction::Count(_) | TestFunction::Value(_))
}

fn name(called: &TestFunction) -> &str {
    match called {
        TestFunction::Custom(name, _) => name,
        TestFunction::Length(_) => "length",
        TestFunction::Value(_) => "value",
        TestFunction::Count(_) => "count",
        TestFunction::Search(..) => "search",
        TestFunction::Match(..) => "match",
    }
}

fn function(called: &TestFunction) -> Result<(), Problem> {
    match called {
        TestFunction::Length(argument) => value_argument(called, argument),
        TestFunction::Search(text, pattern) | TestFunction::Match(text, pattern) => {
            value_argument(called, text)?;
            value_argument(called, pattern)
        }
        TestFunction::Value(argument) | TestFunction::Count(argument) => match argument {
            FnArg::Test(inner) if !matches!(**inner, Test::Function(_)) => test(inner),
            _ => Err(format!("`{}` takes a path", name(called)).into()),
        },
        TestFunction::Custom(name, _) => Err(Problem::new(
            format!("there is no function `{name}` in JSONPath"),
            "the functions are length, count, value, match and search",
        )),
    }
}

/// A literal, a path to one place, or a function that gives a value.
fn value_argument(called: &TestFunction, argument: &FnArg) -> Result<(), Problem> {
    let wrong = || Err(format!("`{}` takes a value or a path to a single place", name(called)).into());
    match argument {
        FnArg::Literal(_) => Ok(()),
        FnArg::Filter(_) => wrong(),
        FnArg::Test(inner) => match &**inner {
            Test::RelQuery(segments) if segments.iter().all(is_singular) => Ok(()),
            Test::AbsQuery(query) if query.segments.iter().all(is_singular) => Ok(()),
            Test::Function(inner) if gives_value(inner) => function(inner),
            _ => wrong(),
        },
    }
}

fn is_singular(segment: &Segment) -> bool {
    matches!(segment, Segment::Selector(Selector::Name(_) | Selector::Index(_)))
}
