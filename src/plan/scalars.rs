//! Scalars with units: durations, sizes, shares, and the corrected text when the unit is missing.

use std::time::Duration;

/// Why a scalar with a unit could not be read, and what to write instead when that can be guessed.
#[derive(Debug, PartialEq, Eq)]
pub struct UnitError {
    /// The finding, as a fragment.
    pub message: String,
    /// Corrected text.
    pub corrected: Option<String>,
}

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

/// A duration such as `500ms`, `1.5s`, `1h30m` or `7d`; a blank before a unit is fine. At most 10 years.
///
/// # Errors
/// When a unit is missing or unknown, or the number is none.
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let text = text.trim();
    let example = "write a number and its unit: 500ms, 10s, 2m, 1h30m or 7d";
    let mut seconds = 0.0;
    let mut rest = text;
    if rest.is_empty() {
        return Err(UnitError { message: format!("a duration is missing; {example}"), corrected: None });
    }
    if text.contains(',') {
        let plain = without_comma(text);
        let corrected = match parse_duration(&plain) {
            Ok(_) => Some(plain),
            Err(error) => error.corrected,
        };
        return Err(UnitError { message: format!("`{text}` holds a comma; {example}"), corrected });
    }
    while !rest.is_empty() {
        let (number, unit, after) = number_and_unit(rest);
        let Ok(number) = number.parse::<f64>() else {
            return Err(UnitError { message: format!("`{text}` is not a duration; {example}"), corrected: None });
        };
        if unit.is_empty() {
            return Err(UnitError {
                message: format!("`{text}` has no unit; {example}"),
                corrected: (rest == text).then(|| format!("{text}s")),
            });
        }
        let Some((_, scale)) = DURATION_UNITS.iter().find(|(known, _)| *known == unit) else {
            let corrected = long_unit(unit).map(|short| text.replacen(unit, short, 1).replace(' ', ""));
            return Err(UnitError { message: format!("`{unit}` is not a unit of time; {example}"), corrected });
        };
        seconds += number * scale;
        rest = after.trim_start();
    }
    if seconds > 315_360_000.0 {
        return Err(UnitError { message: format!("`{text}` is longer than ten years"), corrected: None });
    }
    Ok(Duration::from_nanos((seconds * 1e9).round() as u64))
}

/// A size in bytes such as `64B`, `10kB` or `1MiB`.
///
/// # Errors
/// When the unit is missing or unknown, or the number is none.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    let text = text.trim();
    let example = "write a number and its unit: 64B, 10kB or 1MiB";
    let (number, unit, after) = number_and_unit(text);
    let Ok(number) = number.parse::<f64>() else {
        return Err(UnitError { message: format!("`{text}` is not a size; {example}"), corrected: None });
    };
    if unit.is_empty() {
        return Err(UnitError {
            message: format!("`{text}` has no unit; {example}"),
            corrected: Some(format!("{text}B")),
        });
    }
    match SIZE_UNITS.iter().find(|(known, _)| *known == unit) {
        Some((_, scale)) if after.is_empty() => Ok((number * scale).round() as u64),
        _ => {
            let same = SIZE_UNITS.iter().find(|(known, _)| known.eq_ignore_ascii_case(unit)).map(|(known, _)| *known);
            Err(UnitError {
                message: format!("`{unit}` is not a unit of size; {example}"),
                corrected: same.map(|known| format!("{number}{known}")),
            })
        }
    }
}

/// A share such as `25%` or `0.5 %`, as a fraction of 1.
///
/// # Errors
/// When the `%` is missing or the number is not between 0 and 100.
pub fn parse_share(text: &str) -> Result<f64, UnitError> {
    let text = text.trim();
    let bare = text.strip_suffix('%').map(str::trim_end);
    let number: Option<f64> = bare.unwrap_or(text).parse().ok();
    match (bare, number) {
        (Some(_), Some(number)) if (0.0..=100.0).contains(&number) => Ok(number / 100.0),
        (Some(_), Some(_)) => {
            Err(UnitError { message: format!("`{text}` is not between 0% and 100%"), corrected: None })
        }
        (None, Some(number)) => {
            let percent = if number <= 1.0 && text.contains('.') { number * 100.0 } else { number };
            Err(UnitError {
                message: format!("`{text}` has no unit; write a share in percent: 25%"),
                corrected: Some(format!("{percent}%")),
            })
        }
        _ => Err(UnitError { message: format!("`{text}` is not a share; write it in percent: 25%"), corrected: None }),
    }
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
        "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        "msec" | "millis" | "milliseconds" | "millisecond" | "ms" => "ms",
        _ => return None,
    })
}
