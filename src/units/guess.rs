//! What is meant by a time, a rate or a number that is written as other tools and people write it. A guess is
//! itself in the grammar of plans, and means the same.

use std::time::Duration;

use super::{long_unit, millionths, parse_duration, without_comma, written_duration};

/// The time that `1 minute 30 seconds`, `5.minutes`, `00:01:30`, `PT1M30S`, `2H` or `500us` stands for.
pub(super) fn duration(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let guess = clock(&text).or_else(|| iso(&text)).or_else(|| in_words(&text))?;
    parse_duration(&guess).ok().map(|_| guess)
}

/// `HH:MM:SS`. Two numbers may be minutes or hours: that is no guess.
fn clock(text: &str) -> Option<String> {
    let parts: Vec<u64> = text.split(':').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    match parts[..] {
        [hours, minutes, seconds] if minutes < 60 && seconds < 60 && hours < 10_000 => {
            Some(written_duration(Duration::from_secs((hours * 60 + minutes) * 60 + seconds)))
        }
        _ => None,
    }
}

/// A duration of ISO 8601: `PT5M`, `P1DT2H`.
fn iso(text: &str) -> Option<String> {
    let (days, times) = text.strip_prefix('p')?.split_once('t').unwrap_or((&text[1..], ""));
    let fits = |part: &str, units: &str| part.chars().all(|c| c.is_ascii_digit() || c == '.' || units.contains(c));
    (fits(days, "d") && fits(times, "hms")).then(|| format!("{days}{times}"))
}

/// Numbers, each with a unit in some spelling.
fn in_words(text: &str) -> Option<String> {
    let mut guess = String::new();
    let mut rest = text.trim_end_matches('.');
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number = rest[..digits].trim_end_matches('.');
        number.parse::<f64>().ok()?;
        let after = rest[digits..].trim_start_matches([' ', '_', '-']);
        let letters = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
        match &after[..letters] {
            "us" | "µs" | "μs" | "usec" | "micros" | "microseconds" => {
                guess.push_str(&format!("{}ms", number.parse::<f64>().ok()? / 1e3));
            }
            unit => guess.push_str(&format!("{number}{}", long_unit(unit)?)),
        }
        rest = after[letters..].trim_start_matches([' ', ',', '.', '_', '-', '+']);
        rest = rest.strip_prefix("and ").unwrap_or(rest).trim_start();
    }
    (!guess.is_empty()).then_some(guess)
}

/// The rate that `10 rps`, `10 requests per minute`, `10 req/s` or `600/min` stands for.
pub(super) fn rate(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| c.is_alphabetic() || c == '/').unwrap_or(text.len());
    let number = text[..digits].trim();
    let number = if number.contains(',') { without_comma(number) } else { number.replace([' ', '_'], "") };
    millionths(&number)?;
    let rest = text[digits..].trim();
    let per = rest.rsplit_once('/').or_else(|| rest.rsplit_once("per ")).map(|(_, unit)| unit);
    let unit = match per {
        Some(unit) => long_unit(unit.trim().trim_start_matches('1').trim()).filter(|unit| "smh".contains(*unit))?,
        None => match rest {
            "" | "rps" | "tps" | "qps" | "hz" | "s" | "req" | "requests" | "users" | "iterations" => "s",
            "rpm" | "tpm" | "qpm" => "m",
            "rph" | "tph" => "h",
            _ => return None,
        },
    };
    Some(format!("{number}/{unit}"))
}

/// The whole number that `1,000`, `10 users`, `10.0` or `2k` stands for.
pub(super) fn count(text: &str) -> Option<String> {
    const NOUNS: [&str; 14] = [
        "",
        "user",
        "users",
        "thread",
        "threads",
        "vu",
        "vus",
        "virtual users",
        "concurrent users",
        "time",
        "times",
        "x",
        "iterations",
        "loops",
    ];
    let text = text.trim().to_ascii_lowercase();
    let end = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let digits: String = text[..end].chars().filter(|c| !matches!(c, ',' | '_' | ' ' | '\'')).collect();
    let (whole, part) = digits.split_once('.').unwrap_or((&digits, ""));
    let thousands = matches!(text[end..].trim(), "k");
    if !thousands && !NOUNS.contains(&text[end..].trim()) || part.chars().any(|c| c != '0') {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    whole.checked_mul(if thousands { 1000 } else { 1 }).map(|whole| whole.to_string())
}

#[cfg(test)]
mod tests {
    use super::{count, duration, rate};

    #[test]
    fn times_of_other_tools_are_translated_and_never_changed() {
        for (text, meant) in [
            ("00:01:00", Some("1m")),
            ("1:02:03", Some("1h2m3s")),
            ("1:30", None),
            ("PT5M", Some("5m")),
            ("P1DT2H", Some("1d2h")),
            ("1 minute 30 seconds", Some("1m30s")),
            ("1 hour, 5 min and 2 secs", Some("1h5m2s")),
            ("5.minutes", Some("5m")),
            ("2H", Some("2h")),
            ("90 sec", Some("90s")),
            ("500us", Some("0.5ms")),
            ("5", None),
            ("soon", None),
            ("5 parsecs", None),
        ] {
            assert_eq!(duration(text).as_deref(), meant, "{text}");
        }
    }

    #[test]
    fn rates_and_numbers_keep_their_unit() {
        for (text, meant) in [
            ("10", Some("10/s")),
            ("10 rps", Some("10/s")),
            ("10 req/s", Some("10/s")),
            ("10 per second", Some("10/s")),
            ("10 requests per minute", Some("10/m")),
            ("600/min", Some("600/m")),
            ("5 / 1h", Some("5/h")),
            ("10rpm", Some("10/m")),
            ("10/day", None),
            ("10 apples", None),
        ] {
            assert_eq!(rate(text).as_deref(), meant, "{text}");
        }
        for (text, meant) in [
            ("1,000", Some("1000")),
            ("10 users", Some("10")),
            ("3 times", Some("3")),
            ("10.0", Some("10")),
            ("2k", Some("2000")),
            ("10.5", None),
            ("10s", None),
            ("-1", None),
            ("many", None),
        ] {
            assert_eq!(count(text).as_deref(), meant, "{text}");
        }
    }
}
