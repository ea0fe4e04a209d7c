//! When a cookie ends: `Expires` in whatever spelling, by the algorithm of RFC 6265 §5.1.1, and
//! `Max-Age` by §5.2.2.

use std::time::Duration;

use cookie_store::RawCookie;
use time::{Date, Month, OffsetDateTime, Time};

/// Puts into `cookie` when the line it was read from says it ends. Of an attribute that comes
/// several times the last valid one counts (RFC 6265 §5.3), and `Max-Age` before `Expires`.
pub(super) fn set(cookie: &mut RawCookie<'_>, line: &str) {
    let mut expires = None;
    let mut max_age = None;
    for attribute in line.split(';').skip(1) {
        let Some((name, value)) = attribute.split_once('=') else { continue };
        let (name, value) = (name.trim(), value.trim());
        if name.eq_ignore_ascii_case("expires") {
            expires = date(value).or(expires);
        } else if name.eq_ignore_ascii_case("max-age") {
            max_age = seconds(value).or(max_age);
        }
    }
    match expires {
        Some(at) => cookie.set_expires(at),
        None => cookie.unset_expires(),
    }
    // The store takes zero for "at once"; more than fits is as good as never.
    let max_age = max_age.map(|age| time::Duration::try_from(age).unwrap_or(time::Duration::MAX));
    cookie.set_max_age(max_age);
}

/// `Max-Age`: digits, with a `-` in front for what is over.
fn seconds(text: &str) -> Option<Duration> {
    let (digits, negative) = match text.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(if negative { Duration::ZERO } else { Duration::from_secs(digits.parse().unwrap_or(u64::MAX)) })
}

/// The date in a cookie. Time zones and weekdays mean nothing: it is always UTC.
fn date(text: &str) -> Option<OffsetDateTime> {
    let (mut clock, mut day, mut month, mut year) = (None, None, None, None);
    let delimiter = |byte: u8| matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e);
    for token in text.as_bytes().split(|byte| delimiter(*byte)).filter(|token| !token.is_empty()) {
        // Each token is the first of these that is still missing and that it can be.
        if clock.is_none()
            && let Some(found) = clock_in(token)
        {
            clock = Some(found);
        } else if day.is_none()
            && let Some((found, [])) = number(token, 1, 2).map(|(found, rest)| (found, up_to_digit(rest)))
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_in(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some((found, [])) = number(token, 2, 4).map(|(found, rest)| (found, up_to_digit(rest)))
        {
            year = Some(found);
        }
    }
    let year = match year? {
        short @ 70..=99 => short + 1900,
        short @ 0..=69 => short + 2000,
        whole => whole,
    };
    if year < 1601 {
        return None;
    }
    let (hour, minute, second) = clock?;
    let date = Date::from_calendar_date(i32::from(year), month?, u8::try_from(day?).ok()?).ok()?;
    Some(date.with_time(Time::from_hms(hour, minute, second).ok()?).assume_utc())
}

/// Between `least` and `most` digits at the beginning, and what follows.
fn number(token: &[u8], least: usize, most: usize) -> Option<(u16, &[u8])> {
    let count = token.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = token.split_at_checked(count).filter(|_| count >= least)?;
    Some((digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')), rest))
}

/// The digits that follow directly: with any, the number before was not the whole one.
fn up_to_digit(rest: &[u8]) -> &[u8] {
    rest.get(..1).filter(|next| next.iter().all(u8::is_ascii_digit)).unwrap_or_default()
}

/// `1*2DIGIT ":" 1*2DIGIT ":" 1*2DIGIT`, and whatever follows that is no digit.
fn clock_in(token: &[u8]) -> Option<(u8, u8, u8)> {
    let (hour, rest) = number(token, 1, 2)?;
    let (minute, rest) = number(rest.strip_prefix(b":")?, 1, 2)?;
    let (second, rest) = number(rest.strip_prefix(b":")?, 1, 2)?;
    let byte = |number: u16| u8::try_from(number).ok();
    if up_to_digit(rest).is_empty() { Some((byte(hour)?, byte(minute)?, byte(second)?)) } else { None }
}

fn month_in(token: &[u8]) -> Option<Month> {
    const MONTHS: [&[u8]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let name = token.get(..3)?.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| *month == name)?;
    Month::try_from(u8::try_from(at + 1).ok()?).ok()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    /// RFC 6265 §5.1.1, step by step. 784111777 is 1994-11-06T08:49:37Z.
    #[test]
    fn dates_are_read_by_the_algorithm_of_the_rfc() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 6 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 -0000",
            "Sun, 06 Nov 1994 08:49:37 +0200",
            "06 Nov 1994 08:49:37",
            "\"Sun, 06-Nov-1994 08:49:37 GMT\"",
            "sun, 06 nov 1994 08:49:37 gmt",
            "SUN, 06-NOV-94 8:49:37",
            "1994 November 6th 08:49:37.250",
            "08:49:37 6 Nov 94",
            "Mon,06Nov 6 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37Z extra 12 2001 words",
        ] {
            assert_eq!(date(text).map(OffsetDateTime::unix_timestamp), Some(784_111_777), "{text}");
        }
        for (text, expected) in [
            ("Thu, 01 Jan 1970 00:00:00 UTC", 0),
            ("Thu, 1-Jan-70 0:0:0", 0),
            ("1 Jan 69 0:0:0", 3_124_224_000),
            ("29 Feb 2000 00:00:00", 951_782_400),
            ("31 Dec 9999 23:59:59", 253_402_300_799),
        ] {
            assert_eq!(date(text).map(OffsetDateTime::unix_timestamp), Some(expected), "{text}");
        }
        for text in [
            "",
            "1970-01-01T00:00:00Z",
            "Thu, 01 Jan 1970",
            "01 Jan 1970 00:00",
            "Thu, 00 Jan 1970 00:00:00",
            "32 Jan 1970 00:00:00",
            "30 Feb 2000 00:00:00",
            "1 Jan 1600 00:00:00",
            "1 Jan 1970 24:00:00",
            "1 Jan 1970 00:60:00",
            "1 Jan 1970 00:00:60",
            "1 Jan 1970 000:00:00",
            "1 Foo 1970 00:00:00",
            "1 Jan 19700 00:00:00",
            "0",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_valid_attribute_counts() {
        let ends = |line: &str| {
            let mut cookie = RawCookie::parse(line.to_owned()).unwrap();
            set(&mut cookie, line);
            let at = cookie.expires_datetime().map(OffsetDateTime::unix_timestamp);
            (cookie.max_age().map(time::Duration::whole_seconds), at)
        };
        assert_eq!(ends("a=1"), (None, None));
        assert_eq!(ends("a=1; Max-Age=5; EXPIRES=1 Jan 1970 0:0:0"), (Some(5), Some(0)));
        assert_eq!(ends("a=1; max-age=5; Max-Age=-7"), (Some(0), None));
        assert_eq!(ends("a=1; Max-Age=5; Max-Age=; Max-Age=+6; Max-Age=7s"), (Some(5), None), "RFC 6265 §5.2.2");
        assert_eq!(ends("a=1; Max-Age=99999999999999999999999"), (Some(i64::MAX), None));
        assert_eq!(ends("a=1; Expires=1 Jan 1970 0:0:1; Expires=never"), (None, Some(1)));
    }
}
