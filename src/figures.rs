//! Numbers with their units, short enough for a table.

use std::time::Duration;

use crate::threshold::Unit;

/// A figure of a threshold with its unit: `87.2 ms`, `1.5%`, `120/s`, `4.2 MB`, `17`.
pub fn figure(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Milliseconds => ms(value),
        Unit::Share => share(value),
        Unit::PerSecond => per_second(value),
        Unit::Bytes => bytes(value),
        Unit::Count => plain(value),
    }
}

/// A time: about three digits that matter, in milliseconds up to ten seconds.
pub(crate) fn ms(value: f64) -> String {
    match value {
        _ if value < 10.0 => format!("{} ms", trimmed(value, 2)),
        _ if value < 100.0 => format!("{} ms", trimmed(value, 1)),
        _ if value < 10_000.0 => format!("{value:.0} ms"),
        _ => format!("{} s", trimmed(value / 1e3, 1)),
    }
}

/// A fraction of 1 in percent. One that is neither 0 nor 1 never looks like it.
pub(crate) fn share(value: f64) -> String {
    let percent = value * 100.0;
    let text = trimmed(percent, 2);
    match text.as_str() {
        "0" if percent > 0.0 => "< 0.01%".into(),
        "100" if percent < 100.0 => "> 99.99%".into(),
        _ => format!("{text}%"),
    }
}

pub(crate) fn per_second(value: f64) -> String {
    let digits = if value < 10.0 { 2 } else { 1 };
    format!("{}/s", trimmed(value, digits))
}

/// A size in decimal units.
pub(crate) fn bytes(value: f64) -> String {
    let mut value = value;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000.0 {
            return format!("{} {unit}", trimmed(value, 1));
        }
        value /= 1000.0;
    }
    format!("{} TB", trimmed(value, 1))
}

/// A number with a space between each three digits.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// A stretch of time: `0.4s`, `12s`, `2m 05s`, `1h 02m 05s`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{}s", trimmed(time.as_secs_f64(), 1)),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m {:02}s", seconds / 3600, seconds / 60 % 60, seconds % 60),
    }
}

fn plain(value: f64) -> String {
    if value.fract() == 0.0 && (0.0..1e15).contains(&value) { count(value as u64) } else { trimmed(value, 3) }
}

/// With at most this many decimal places, and no zeros at their end.
fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A change as a share with its sign: `+31%`, `-4.2%`.
pub(crate) fn percent(change: f64) -> String {
    signed(change * 100.0, "%")
}

/// A difference of shares with its sign: `+0.5 points`, in percentage points.
pub(crate) fn points(change: f64) -> String {
    signed(change * 100.0, "")
}

/// About two digits that matter.
fn signed(value: f64, unit: &str) -> String {
    let text = match value.abs() {
        large if large >= 10.0 => format!("{value:+.0}"),
        small if small >= 0.095 || small == 0.0 => format!("{value:+.1}"),
        _ => format!("{value:+.2}"),
    };
    match text.trim_start_matches(['+', '-']).parse::<f64>() {
        Ok(0.0) => format!("0{unit}"),
        _ if text.contains('.') => format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.')),
        _ => format!("{text}{unit}"),
    }
}

/// A change of a figure for a table: `+31%`, or `+0.5 pp` of shares.
pub(crate) fn change(unit: Unit, change: f64) -> String {
    match unit {
        Unit::Share => signed(change * 100.0, " pp"),
        Unit::Milliseconds | Unit::PerSecond | Unit::Bytes | Unit::Count => percent(change),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_never_look_like_another() {
        assert_eq!(ms(0.0), "0 ms");
        assert_eq!(ms(0.426), "0.43 ms");
        assert_eq!(ms(87.25), "87.2 ms");
        assert_eq!(ms(100.0), "100 ms");
        assert_eq!(ms(12_340.0), "12.3 s");
        assert_eq!(share(0.015), "1.5%");
        assert_eq!(share(0.0), "0%");
        assert_eq!(share(0.000_001), "< 0.01%");
        assert_eq!(share(0.999_999), "> 99.99%");
        assert_eq!(per_second(120.04), "120/s");
        assert_eq!(bytes(999.0), "999 B");
        assert_eq!(bytes(4_200_000.0), "4.2 MB");
        assert_eq!(count(1_234_567), "1 234 567");
        assert_eq!(count(999), "999");
        assert_eq!(duration(Duration::from_millis(412)), "0.4s");
        assert_eq!(duration(Duration::from_secs(125)), "2m 05s");
        assert_eq!(duration(Duration::from_secs(3725)), "1h 02m 05s");
        assert_eq!(figure(0.85, Unit::Count), "0.85");
    }

    #[test]
    fn changes_have_a_sign_and_two_digits() {
        for (change, expected) in [
            (0.3166, "+32%"),
            (0.1, "+10%"),
            (-0.0417, "-4.2%"),
            (0.0, "0%"),
            (0.000_9, "+0.09%"),
            (-0.999, "-100%"),
            (0.02, "+2%"),
        ] {
            assert_eq!(percent(change), expected);
        }
        assert_eq!(points(0.005), "+0.5");
    }
}
