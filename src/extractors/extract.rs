//! One extractor: where it looks, how it finds, which of the matches it takes.

use std::borrow::Cow;
use std::fmt;

use http::HeaderName;
use regex::Regex;

use crate::problem::Problem;
use crate::response::Response;
use crate::template::{Scope, Template, Tree};
use crate::value::Value;

use super::find::{Css, Found, JsonPath, XPath, shown};

/// How many characters of the body a message shows.
const SHOWN: usize = 100;

/// How many values one extractor finds in a response are hidden.
const MAX_SECRETS: usize = 100;

/// Takes a value out of a response.
#[derive(Debug)]
pub struct Extractor {
    /// The variable that gets the value; named in messages.
    pub variable: String,
    /// How the value is found.
    pub how: How,
    /// Where it is looked for. [`How::Header`] and [`How::Cookie`] look in their own place.
    pub source: Source,
    /// Which of several matches is taken.
    pub pick: Pick,
    /// What the variable gets when nothing matches.
    pub default: Option<Tree>,
    /// How the extractor is written in the plan, for messages: `$.token`.
    pub text: String,
}

/// How a value is found.
#[derive(Debug)]
pub enum How {
    /// By a JSONPath.
    Json(JsonPath),
    /// By a pattern.
    Regex {
        /// The pattern.
        regex: Regex,
        /// Which group of it.
        group: CaptureGroup,
    },
    /// By a CSS selector.
    Css(Css),
    /// By an XPath.
    XPath(XPath),
    /// What is between two texts. An empty left text means from the start, an empty right
    /// one to the end.
    Between(Template, Template),
    /// A header of the response; all its values, in order.
    Header(HeaderName),
    /// A cookie the response or one of its redirects set.
    Cookie(String),
}

/// A group of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureGroup {
    /// By number; 0 is the whole match.
    Number(usize),
    /// By name.
    Name(String),
}

/// Where an extractor looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In the body.
    Body,
    /// In the URL that answered, after redirects.
    Url,
    /// In a header's first value.
    Header(HeaderName),
    /// In the value of a cookie the response set.
    Cookie(String),
}

/// Which of several matches is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The first.
    First,
    /// The last.
    Last,
    /// One at random.
    Random,
    /// All, as a list.
    All,
    /// One by its number, from 1.
    Nth(usize),
}

/// Why an extractor gives no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtractionFailure {
    /// The cause without anything that changes from response to response, so that equal causes count together.
    pub cause: String,
    /// The whole message: the variable, the expression, what the body began with, the nearest path.
    pub message: String,
}

impl fmt::Display for ExtractionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ExtractionFailure {}

impl Extractor {
    /// Whether the body has to be kept for it.
    pub fn needs_body(&self) -> bool {
        !matches!(self.how, How::Header(_) | How::Cookie(_)) && self.source == Source::Body
    }

    /// The value for the variable.
    ///
    /// # Errors
    /// When nothing matches and there is no default, or when a `${…}` in the extractor cannot be evaluated.
    pub fn extract(&self, response: &Response, scope: &mut dyn Scope) -> Result<Value, ExtractionFailure> {
        let (reason, detail) = match self.matches(response, scope, self.pick == Pick::First) {
            Ok(matches) => {
                let count = matches.count();
                match self.taken(matches, scope) {
                    Some(value) => return Ok(value),
                    None if count == 0 => ("found nothing".to_owned(), String::new()),
                    None => ("found fewer matches".to_owned(), format!("{count} of them")),
                }
            }
            Err(Trouble::Place(reason)) => (reason, String::new()),
            Err(Trouble::Step(reason)) => return Err(self.failure(&reason, "", response, scope)),
        };
        match &self.default {
            Some(default) => match default.value(scope) {
                Ok(value) => Ok(value.into_owned()),
                Err(error) => {
                    Err(self.failure(&format!("its default cannot be calculated: {error}"), "", response, scope))
                }
            },
            None => Err(self.failure(&reason, &detail, response, scope)),
        }
    }

    /// Everything it finds in a response, whichever of it is taken: what is to be hidden if it extracts a
    /// secret. In JSON that is not whole, what is under the last name of its path.
    pub fn secrets(&self, response: &Response, scope: &mut dyn Scope) -> Vec<Value> {
        let mut values = match (self.matches(response, scope, self.pick == Pick::First), &self.how) {
            (Ok(Matches::One(value)), _) => vec![value],
            (Ok(Matches::Several(values)), _) => values,
            (Err(Trouble::Place(_)), How::Json(path)) if self.source == Source::Body => {
                path.find_loosely(response.text()).map(Value::text).collect()
            }
            (Err(Trouble::Place(_) | Trouble::Step(_)), _) => Vec::new(),
        };
        values.truncate(MAX_SECRETS);
        values
    }

    /// What a person who looks at the value should know about it: that it is one of several, or that an element was
    /// found and has no text.
    pub fn remark(&self, value: &Value, response: &Response, scope: &mut dyn Scope) -> Option<String> {
        let matches = self.matches(response, scope, false).ok()?;
        let (count, is_empty) = (matches.count(), matches!(value, Value::Text(text) if text.trim().is_empty()));
        if let (How::Css(css), true) = (&self.how, is_empty && count > 0)
            && css.attribute().is_none()
        {
            return Some("the element has no text; `attribute: NAME` reads one of its attributes".into());
        }
        if count < 2 {
            return None;
        }
        match self.pick {
            Pick::All => None,
            Pick::First => Some(format!("first of {count}")),
            Pick::Last => Some(format!("last of {count}")),
            Pick::Random => Some(format!("a random one of {count}")),
            Pick::Nth(number) => Some(format!("number {number} of {count}")),
        }
    }

    fn failure(&self, reason: &str, detail: &str, response: &Response, scope: &mut dyn Scope) -> ExtractionFailure {
        let cause = format!("`{}`: `{}` {reason}", self.variable, self.text);
        let mut got = (!detail.is_empty()).then(|| detail.to_owned()).into_iter().collect::<Vec<_>>();
        if self.needs_body() {
            if response.body.is_empty() {
                // JSON of nothing has been told to be that.
                got.extend((!reason.contains("empty")).then(|| "an empty body".to_owned()));
            } else {
                let near = match &self.how {
                    How::Json(path) => path.nearest(response),
                    How::Regex { .. }
                    | How::Css(_)
                    | How::XPath(_)
                    | How::Between(..)
                    | How::Header(_)
                    | How::Cookie(_) => Vec::new(),
                };
                let has = if near.is_empty() { String::new() } else { format!("has {} and ", near.join(", ")) };
                let beginning = response.beginning(SHOWN * 4 + 4);
                let beginning = shown(&scope.masker().mask_cut(&beginning), SHOWN);
                got.push(format!("a body that {has}begins with: {beginning}"));
            }
        }
        let message = match got.join(" in ") {
            got if got.is_empty() => cause.clone(),
            got => format!("{cause}: got {got}"),
        };
        ExtractionFailure { cause, message }
    }

    fn taken(&self, matches: Matches, scope: &mut dyn Scope) -> Option<Value> {
        let values = match (matches, self.pick) {
            // `match: all` of a path to one list means that list, not a list around it.
            (Matches::One(Value::List(items)), Pick::All) => return Some(Value::List(items)),
            (Matches::One(value), Pick::First | Pick::Last | Pick::Random | Pick::Nth(1)) => return Some(value),
            (Matches::One(value), Pick::All | Pick::Nth(_)) => vec![value],
            (Matches::Several(values), _) => values,
        };
        match self.pick {
            Pick::All if values.is_empty() => None,
            Pick::All => Some(Value::List(values.into())),
            Pick::First => values.into_iter().next(),
            Pick::Last => values.into_iter().next_back(),
            Pick::Nth(number) => values.into_iter().nth(number.checked_sub(1)?),
            Pick::Random => {
                let at = scope.random().index(values.len());
                values.into_iter().nth(at)
            }
        }
    }

    /// What is found; `first_only` where the rest is not asked for.
    fn matches(&self, response: &Response, scope: &mut dyn Scope, first_only: bool) -> Result<Matches, Trouble> {
        match &self.how {
            How::Header(name) => {
                let values = response.headers.get_all(name).iter();
                return Ok(Matches::Several(
                    values.map(|value| Value::text(String::from_utf8_lossy(value.as_bytes()))).collect(),
                ));
            }
            How::Cookie(name) => {
                return Ok(Matches::Several(response.cookie(name).map(Value::text).into_iter().collect()));
            }
            How::Json(path) if self.source == Source::Body => {
                return path.find(response).map(Matches::from).map_err(Trouble::unreadable);
            }
            How::Json(_) | How::Regex { .. } | How::Css(_) | How::XPath(_) | How::Between(..) => {}
        }
        let text = self.looked_at(response)?;
        match &self.how {
            How::Json(path) => path.find_in_text(&text).map(Matches::from).map_err(Trouble::unreadable),
            How::Regex { regex, group } => Ok(Matches::Several(by_regex(regex, group, &text, first_only))),
            How::Css(css) => css.find(&text).map(Matches::from).map_err(Trouble::unreadable),
            How::XPath(path) => path.find(&text).map(Matches::from).map_err(Trouble::unreadable),
            How::Between(left, right) => {
                let (left, right) = (rendered(left, scope)?, rendered(right, scope)?);
                Ok(Matches::Several(between(&text, &left, &right, first_only)))
            }
            How::Header(_) | How::Cookie(_) => Ok(Matches::Several(Vec::new())),
        }
    }

    fn looked_at<'r>(&self, response: &'r Response) -> Result<Cow<'r, str>, Trouble> {
        match &self.source {
            Source::Body => Ok(Cow::Borrowed(response.text())),
            Source::Url => Ok(Cow::Borrowed(&response.url)),
            Source::Header(name) => match response.headers.get(name) {
                Some(value) => Ok(String::from_utf8_lossy(value.as_bytes())),
                None => Err(Trouble::Place(format!("found nothing: there is no header `{name}`"))),
            },
            Source::Cookie(name) => match response.cookie(name) {
                Some(value) => Ok(Cow::Borrowed(value)),
                None => Err(Trouble::Place(format!("found nothing: no cookie `{name}` was set"))),
            },
        }
    }
}

fn by_regex(regex: &Regex, group: &CaptureGroup, text: &str, first_only: bool) -> Vec<Value> {
    let found = regex.captures_iter(text).filter_map(|captures| {
        let part = match group {
            CaptureGroup::Number(number) => captures.get(*number),
            CaptureGroup::Name(name) => captures.name(name),
        };
        part.map(|part| Value::text(part.as_str()))
    });
    if first_only { found.take(1).collect() } else { found.collect() }
}

/// Why nothing could be looked for.
enum Trouble {
    /// The place is missing or not of the right format: a default is used.
    Place(String),
    /// The extractor itself cannot run.
    Step(String),
}

impl Trouble {
    /// The body cannot be evaluated. One that is beyond a limit may hold what is looked for.
    fn unreadable(why: Problem) -> Self {
        let did = if super::find::is_limit(&why.message) { "was not looked for" } else { "found nothing" };
        Self::Place(format!("{did}: {why}"))
    }
}

enum Matches {
    One(Value),
    Several(Vec<Value>),
}

impl Matches {
    fn count(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Several(values) => values.len(),
        }
    }
}

impl From<Found> for Matches {
    fn from(found: Found) -> Self {
        match found {
            Found::One(value) => Self::One(value),
            Found::Several(values) => Self::Several(values),
            Found::Nothing => Self::Several(Vec::new()),
        }
    }
}

fn rendered<'t>(template: &'t Template, scope: &mut dyn Scope) -> Result<Cow<'t, str>, Trouble> {
    if let Some(literal) = template.literal() {
        return Ok(Cow::Borrowed(literal));
    }
    let mut text = String::new();
    template.render(scope, &mut text).map_err(|error| Trouble::Step(format!("could not run: {error}")))?;
    Ok(Cow::Owned(text))
}

fn between(text: &str, left: &str, right: &str, first_only: bool) -> Vec<Value> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(left) {
        let inside = &rest[at + left.len()..];
        let end = if right.is_empty() { Some(inside.len()) } else { inside.find(right) };
        let Some(end) = end else { break };
        found.push(Value::text(&inside[..end]));
        rest = &inside[end + right.len()..];
        if first_only || left.is_empty() || right.is_empty() {
            break;
        }
    }
    found
}
