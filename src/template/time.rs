//! `now(format, shift, zone)`.

use std::cell::RefCell;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::problem::Problem;

/// The time as text: ISO 8601 with milliseconds, or in a strftime format; in UTC or in a zone.
/// `moved` are a shift and a zone, in any order: a shift begins with `+` or `-`.
///
/// # Errors
/// A fragment about the format, the shift or the zone.
pub(super) fn now<'a>(
    at: Timestamp,
    format: Option<&str>,
    moved: impl Iterator<Item = &'a str>,
) -> Result<String, Problem> {
    let (mut shift, mut zone) = (None, None);
    for text in moved {
        let place = if offset(text).is_none() && text.starts_with(['+', '-']) { &mut shift } else { &mut zone };
        if let Some(other) = place.replace(text) {
            return Err(format!("`now` takes one shift and one time zone, not both '{other}' and '{text}'").into());
        }
    }
    let mut time = at.to_zoned_datetime(zone.map_or(Ok(TimeZone::UTC), find_zone)?);
    if let Some(shift) = shift {
        // Months and days are those of the calendar in the zone.
        time = time
            .checked_add(parse_shift(shift)?)
            .map_err(|_| format!("`now` cannot shift by '{shift}': the year would be out of range"))?;
    }
    let Some(format) = format else {
        return Ok(match zone {
            None => format!("{:.3}", time.timestamp()),
            Some(_) => time.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string(),
        });
    };
    if parse_shift(format).is_ok() {
        return Err(format!(
            "'{format}' is a shift, which must be the second argument of `now`: write `now(null, '{format}')`"
        )
        .into());
    }
    if !format.contains('%') && find_zone(format).is_ok() {
        return Err(format!(
            "'{format}' is a time zone, which must come after the format: write `now(null, '{format}')`"
        )
        .into());
    }
    jiff::fmt::strtime::format(format, &time)
        .map_err(|error| format!("'{format}' is not a strftime format like '%Y-%m-%d %H:%M:%S': {error}").into())
}

/// A zone by its name in the database of time zones that this machine has, or by its distance
/// from UTC.
fn find_zone(name: &str) -> Result<TimeZone, Problem> {
    thread_local! {
        /// The zones this thread has used. The library's own cache is behind a lock.
        static KNOWN: RefCell<Vec<(String, TimeZone)>> = const { RefCell::new(Vec::new()) };
    }
    if let Some(offset) = offset(name) {
        return Ok(offset);
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some((_, zone)) = known.iter().find(|(same, _)| same == name) {
            return Ok(zone.clone());
        }
        let zone = TimeZone::get(name).map_err(|_| {
            if name != "UTC" && TimeZone::get("Europe/London").is_err() {
                return Problem::new(
                    format!("'{name}' cannot be looked up: this machine has no database of time zones"),
                    "install the package `tzdata`",
                );
            }
            format!("'{name}' is neither a shift like '+7d' nor a time zone like 'Europe/Berlin' or '+02:00'").into()
        })?;
        known.push((name.to_owned(), zone.clone()));
        Ok(zone)
    })
}

/// A fixed distance from UTC like `+02:00`.
fn offset(text: &str) -> Option<TimeZone> {
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let number = |digits: &str| digits.parse::<i32>().ok().filter(|_| digits.len() == 2);
    let seconds = sign * (number(hours)? * 3600 + number(minutes).filter(|minutes| *minutes < 60)? * 60);
    jiff::tz::Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
}

/// A shift like `+7d`, `-2h`, `+1h30m` or `+1y2M`.
fn parse_shift(text: &str) -> Result<Span, Problem> {
    let wrong = || {
        Problem::from(format!(
            "'{text}' is not a shift like '+7d', '-2h', '+1h30m' or '+1M' (y, M for months, w, d, h, m, s, ms)"
        ))
    };
    let (negative, mut rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (false, rest),
        Some(("-", rest)) => (true, rest),
        _ => return Err(wrong()),
    };
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut span = Span::new();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let count: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        span = match &rest[..unit] {
            "ms" => span.try_milliseconds(span.get_milliseconds().saturating_add(count)),
            "s" => span.try_seconds(span.get_seconds().saturating_add(count)),
            "m" => span.try_minutes(span.get_minutes().saturating_add(count)),
            "h" => span.try_hours(i64::from(span.get_hours()).saturating_add(count)),
            "d" => span.try_days(i64::from(span.get_days()).saturating_add(count)),
            "w" => span.try_weeks(i64::from(span.get_weeks()).saturating_add(count)),
            "M" => span.try_months(i64::from(span.get_months()).saturating_add(count)),
            "y" => span.try_years(i64::from(span.get_years()).saturating_add(count)),
            _ => return Err(wrong()),
        }
        .map_err(|_| wrong())?;
        rest = &rest[unit..];
    }
    Ok(if negative { span.negate() } else { span })
}

/// A date pattern of Java, JavaScript or .NET (`yyyy-MM-dd`, `DD/MM/YYYY HH:mm`) as strftime
/// writes it. `None` for what is strftime already or holds other words.
pub(super) fn foreign_pattern(pattern: &str) -> Option<String> {
    const FIELDS: [(&str, &str); 30] = [
        ("yyyy", "%Y"),
        ("YYYY", "%Y"),
        ("uuuu", "%Y"),
        ("yy", "%y"),
        ("YY", "%y"),
        ("MMMM", "%B"),
        ("MMM", "%b"),
        ("MM", "%m"),
        ("M", "%-m"),
        ("dddd", "%A"),
        ("EEEE", "%A"),
        ("EEE", "%a"),
        ("ddd", "%a"),
        ("dd", "%d"),
        ("DD", "%d"),
        ("d", "%-d"),
        ("D", "%-d"),
        ("HH", "%H"),
        ("H", "%-H"),
        ("hh", "%I"),
        ("h", "%-I"),
        ("mm", "%M"),
        ("m", "%-M"),
        ("ss", "%S"),
        ("s", "%-S"),
        ("SSS", "%3f"),
        ("fff", "%3f"),
        ("XXX", "%:z"),
        ("a", "%p"),
        ("A", "%p"),
    ];
    if pattern.contains('%') {
        return None;
    }
    let mut out = String::new();
    let mut fields = 0;
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        if let Some((quoted, behind)) = rest.strip_prefix('\'').and_then(|inner| inner.split_once('\'')) {
            out.push_str(quoted);
            rest = behind;
        } else if !first.is_ascii_alphabetic() {
            // Moment.js writes literal text in brackets.
            if !matches!(first, '[' | ']') {
                out.push(first);
            }
            rest = &rest[first.len_utf8()..];
        } else {
            let run = rest.len() - rest.trim_start_matches(first).len();
            let word = &rest[..run];
            match FIELDS.iter().find(|(field, _)| *field == word) {
                Some((_, ours)) => {
                    out.push_str(ours);
                    fields += word.len();
                }
                // The time is in UTC, where they stand for themselves.
                None if matches!(word, "T" | "Z") => out.push_str(word),
                None => return None,
            }
            rest = &rest[run..];
        }
    }
    // A single letter may be meant as it is.
    (fields > 1).then_some(out)
}
