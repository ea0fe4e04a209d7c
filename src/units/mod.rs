//! Values with units, read and written in one grammar everywhere: durations, sizes, rates, percentages.
//! If a unit is missing or misspelled, the error contains the corrected text.

mod guess;
mod rate;

use std::time::Duration;

use crate::problem::Problem;

pub use rate::Rate;

const DURATION_UNITS: [(&str, f64); 5] = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];
const SIZE_UNITS: [(&str, f64); 8] = [
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TB", 1e12),
];

/// The units of a rate, in seconds.
const RATE_UNITS: [(&str, u64); 3] = [("s", 1), ("m", 60), ("h", 3600)];

/// A duration such as `500ms`, `1.5s`, `1h30m` or `7d`; a blank before a unit is fine. At most 10 years.
///
/// # Errors
/// When a unit is missing or unknown, or the number is none.
pub fn parse_duration(text: &str) -> Result<Duration, Problem> {
    let text = text.trim();
    let example = "write a number and its unit: 500ms, 10s, 2m, 1h30m or 7d";
    let mut seconds = 0.0;
    let mut rest = text;
    if rest.is_empty() {
        return Err(Problem::from(format!("a duration is missing; {example}")));
    }
    if text.contains(',') {
        let plain = without_comma(text);
        let corrected = match parse_duration(&plain) {
            Ok(_) => Some(plain),
            Err(error) => error.corrected,
        };
        return Err(Problem { message: format!("`{text}` holds a comma; {example}"), corrected, ..Problem::default() });
    }
    while !rest.is_empty() {
        let (number, unit, after) = number_and_unit(rest);
        let Ok(number) = number.parse::<f64>() else {
            let message = format!("`{text}` is not a duration; {example}");
            return Err(Problem { message, corrected: guess::duration(text), ..Problem::default() });
        };
        if unit.is_empty() {
            return Err(without_unit(text, example));
        }
        let Some((_, scale)) = DURATION_UNITS.iter().find(|(known, _)| *known == unit) else {
            return Err(Problem {
                message: format!("`{unit}` is not a unit of time; {example}"),
                corrected: guess::duration(text),
                ..Problem::default()
            });
        };
        seconds += number * scale;
        rest = after.trim_start();
    }
    if seconds > 315_360_000.0 {
        return Err(Problem::from(format!("`{text}` is longer than ten years")));
    }
    Ok(Duration::from_nanos((seconds * 1e9).round() as u64))
}

/// What is told of a time without a unit. Few would write so many seconds, or so few milliseconds; between them
/// only who wrote it knows.
fn without_unit(text: &str, example: &str) -> Problem {
    const MOST_SECONDS: f64 = 100.0;
    let number = bare_number(text);
    let in_seconds = number.as_ref().filter(|number| number.parse().is_ok_and(|value: f64| value < MOST_SECONDS));
    let corrected = in_seconds.map(|number| format!("{number}s")).or_else(|| guess::duration(text));
    let help = match (&number, &corrected, text.matches(':').count()) {
        (Some(number), None, _) => format!("write `{number}ms` for milliseconds, or `{number}s` for seconds"),
        (None, None, 1) => "write minutes and seconds as `1m30s`, hours and minutes as `1h30m`".into(),
        _ => String::new(),
    };
    Problem { message: format!("`{text}` has no unit; {example}"), help, corrected }
}

/// The whole number that a text such as `1,000`, `10 users` or `2k` stands for, as digits.
pub fn guessed_count(text: &str) -> Option<String> {
    guess::count(text)
}

/// A duration as a plan writes it: `500ms`, `10s`, `1h30m`.
pub fn written_duration(time: Duration) -> String {
    if time.subsec_nanos() != 0 {
        let below = time < Duration::from_secs(1);
        return if below { format!("{}ms", time.as_micros() as f64 / 1e3) } else { format!("{}s", time.as_secs_f64()) };
    }
    let mut rest = time.as_secs();
    let mut text = String::new();
    for (seconds, unit) in [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")] {
        if rest >= seconds {
            text.push_str(&format!("{}{unit}", rest / seconds));
            rest %= seconds;
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

/// A size in bytes such as `64B`, `10kB` or `1MiB`.
///
/// # Errors
/// When the unit is missing or unknown, or the number is none.
pub fn parse_size(text: &str) -> Result<u64, Problem> {
    let text = text.trim();
    let example = "write a number and its unit: 64B, 10kB or 1MiB";
    let (number, unit, after) = number_and_unit(text);
    let Ok(number) = number.parse::<f64>() else {
        return Err(Problem::from(format!("`{text}` is not a size; {example}")));
    };
    if unit.is_empty() {
        return Err(Problem {
            message: format!("`{text}` has no unit; {example}"),
            corrected: Some(format!("{text}B")),
            ..Problem::default()
        });
    }
    match SIZE_UNITS.iter().find(|(known, _)| *known == unit) {
        Some((_, scale)) if after.is_empty() => Ok((number * scale).round() as u64),
        _ => {
            let same = SIZE_UNITS.iter().find(|(known, _)| known.eq_ignore_ascii_case(unit)).map(|(known, _)| *known);
            Err(Problem {
                message: format!("`{unit}` is not a unit of size; {example}"),
                corrected: same.map(|known| format!("{number}{known}")),
                ..Problem::default()
            })
        }
    }
}

/// A rate such as `200/s`, `30/m` or `0.5/h`, with at most six decimals and up to a million per second.
///
/// # Errors
/// When the unit is missing or unknown, or the number is none.
pub fn parse_rate(text: &str) -> Result<Rate, Problem> {
    let text = text.trim();
    let example = "write a number and its unit: 200/s, 30/m or 0.5/h";
    let wrong = |message: String| Problem {
        message: format!("{message}; {example}"),
        corrected: guess::rate(text).filter(|guess| parse_rate(guess).is_ok()),
        ..Problem::default()
    };
    let Some((number, unit)) = text.split_once('/') else {
        return Err(wrong(format!("`{text}` has no unit")));
    };
    let (number, unit) = (number.trim(), unit.trim());
    let Some(seconds) = RATE_UNITS.iter().find(|(known, _)| *known == unit).map(|(_, seconds)| *seconds) else {
        return Err(wrong(format!("`{unit}` is not a unit of a rate")));
    };
    let Some(millionths) = millionths(number) else {
        return Err(wrong(format!("`{text}` is not a rate")));
    };
    Rate::of_millionths(millionths, seconds)
        .ok_or_else(|| Problem::from(format!("`{text}` is more than a million per second")))
}

/// A decimal number in millionths; `None` when it is none or has more than six decimals.
fn millionths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !digits(whole) || !digits(part) || part.len() > 6 {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: u64 = format!("{part:0<6}").parse().ok()?;
    whole.checked_mul(1_000_000)?.checked_add(part)
}

/// A share such as `25%` or `0.5 %`, as a fraction of 1.
///
/// # Errors
/// When the `%` is missing or the number is not between 0 and 100.
pub fn parse_share(text: &str) -> Result<f64, Problem> {
    let text = text.trim();
    let bare = text.strip_suffix('%').map(str::trim_end);
    let number: Option<f64> = bare.unwrap_or(text).parse().ok();
    match (bare, number) {
        (Some(_), Some(number)) if (0.0..=100.0).contains(&number) => Ok(number / 100.0),
        (Some(_), Some(_)) => Err(Problem::from(format!("`{text}` is not between 0% and 100%"))),
        (None, Some(number)) => {
            let percent = if number <= 1.0 && text.contains('.') { (number * 1e8).round() / 1e6 } else { number };
            let possible = (0.0..=100.0).contains(&percent);
            let example = if possible { percent } else { 25.0 };
            Err(Problem {
                message: format!("`{text}` has no unit; write a share in percent: {example}%"),
                corrected: possible.then(|| format!("{percent}%")),
                ..Problem::default()
            })
        }
        _ => Err(Problem::from(format!("`{text}` is not a share; write it in percent: 25%"))),
    }
}

/// A number without a unit, as digits and a point: `500 000` is `500000`.
pub fn bare_number(text: &str) -> Option<String> {
    let text = if text.contains(',') { without_comma(text) } else { text.to_owned() };
    let digits: String = text.trim().chars().filter(|c| !matches!(c, ' ' | '_' | '\'')).collect();
    let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    (plain && digits.parse::<f64>().is_ok()).then_some(digits)
}

/// `1,000` is a thousand, `1,5` one and a half.
fn without_comma(text: &str) -> String {
    let mut groups = text.split(',').skip(1).map(|part| part.chars().take_while(char::is_ascii_digit).count());
    if groups.all(|digits| digits == 3) { text.replace(',', "") } else { text.replacen(',', ".", 1) }
}

fn number_and_unit(text: &str) -> (&str, &str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let rest = text[end..].trim_start();
    let unit_end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    (&text[..end], &rest[..unit_end], &rest[unit_end..])
}

fn long_unit(unit: &str) -> Option<&'static str> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        "msec" | "millis" | "milliseconds" | "millisecond" | "ms" => "ms",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistaken_rates_come_with_the_corrected_text() {
        let corrected = |text: &str| parse_rate(text).expect_err(text).corrected;
        assert_eq!(corrected("200"), Some("200/s".into()));
        assert_eq!(corrected("30/min"), Some("30/m".into()));
        assert_eq!(corrected("1,000/s"), Some("1000/s".into()));
        assert_eq!(corrected("100rps"), Some("100/s".into()));
        assert_eq!(corrected("fast"), None);
        assert_eq!(corrected("-5/s"), None);
        assert_eq!(corrected("2000000/s"), None);
        assert!(parse_rate(" 0.5 / h ").is_ok());
    }

    #[test]
    fn a_duration_is_written_as_a_plan_would() {
        for text in ["0s", "570ms", "1.1ms", "1.5s", "10s", "1m30s", "1h", "7d"] {
            let time = parse_duration(text).expect(text);
            assert_eq!(written_duration(time), text);
        }
    }
}
