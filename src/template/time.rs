//! `now(format, shift)`.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The time in UTC as text: ISO 8601 with milliseconds, or in a strftime format, shifted.
///
/// # Errors
/// A fragment about the format or the shift.
pub(super) fn now(at: Timestamp, format: Option<&str>, shift: Option<&str>) -> Result<String, String> {
    let at = match shift {
        None => at,
        Some(shift) => at
            .checked_add(parse_shift(shift)?)
            .map_err(|_| format!("`now` cannot shift by '{shift}': the year would be out of range"))?,
    };
    let Some(format) = format else { return Ok(format!("{at:.3}")) };
    if parse_shift(format).is_ok() {
        return Err(format!(
            "'{format}' is a shift, which is the second argument of `now`: write `now(null, '{format}')`"
        ));
    }
    jiff::fmt::strtime::format(format, &at.to_zoned_datetime(TimeZone::UTC))
        .map_err(|error| format!("'{format}' is not a strftime format like '%Y-%m-%d %H:%M:%S': {error}"))
}

/// A shift like `+7d`, `-2h` or `+1h30m`. A day is 24 hours.
fn parse_shift(text: &str) -> Result<SignedDuration, String> {
    let wrong = || format!("'{text}' is not a shift like '+7d', '-2h' or '+1h30m' (w, d, h, m, s, ms)");
    let (sign, mut rest) = match text.split_at_checked(1) {
        Some(("+", rest)) => (1, rest),
        Some(("-", rest)) => (-1, rest),
        _ => return Err(wrong()),
    };
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut milliseconds: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let count: i64 = rest[..digits].parse().map_err(|_| wrong())?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let factor: i64 = match &rest[..unit] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return Err(wrong()),
        };
        rest = &rest[unit..];
        milliseconds = count.checked_mul(factor).and_then(|add| milliseconds.checked_add(add)).ok_or_else(wrong)?;
    }
    Ok(SignedDuration::from_millis(sign * milliseconds))
}
