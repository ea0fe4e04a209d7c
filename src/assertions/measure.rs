//! Durations and sizes that come as text out of a `${…}`.

/// Milliseconds of a duration like `500ms`, `1.5s` or `1h30m`.
pub(super) fn milliseconds(text: &str) -> Option<f64> {
    const UNITS: &[(&str, f64)] =
        &[("ms", 1.0), ("s", 1_000.0), ("m", 60_000.0), ("h", 3_600_000.0), ("d", 86_400_000.0)];
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, behind) = leading_number(rest)?;
        let unit_end = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let (_, factor) = UNITS.iter().find(|(unit, _)| *unit == &behind[..unit_end])?;
        total += number * factor;
        rest = behind[unit_end..].trim_start();
    }
    Some(total)
}

/// Bytes of a size like `64B`, `10kB` or `1MiB`.
pub(super) fn bytes(text: &str) -> Option<f64> {
    const UNITS: &[(&str, f64)] = &[
        ("B", 1.0),
        ("kB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("KiB", 1024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
    ];
    let (number, unit) = leading_number(text.trim())?;
    let (_, factor) = UNITS.iter().find(|(known, _)| *known == unit)?;
    Some(number * factor)
}

fn leading_number(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..end].parse().ok()?;
    Some((number, text[end..].trim_start()))
}

#[cfg(test)]
mod tests {
    use super::{bytes, milliseconds};

    #[test]
    fn units_are_read() {
        assert_eq!(milliseconds("500ms"), Some(500.0));
        assert_eq!(milliseconds("800 ms"), Some(800.0));
        assert_eq!(milliseconds("1h30m"), Some(5_400_000.0));
        assert_eq!(milliseconds("1.5s"), Some(1_500.0));
        assert_eq!(milliseconds("500"), None);
        assert_eq!(milliseconds(""), None);
        assert_eq!(bytes("10kB"), Some(10_000.0));
        assert_eq!(bytes("1 MiB"), Some(1_048_576.0));
        assert_eq!(bytes("10"), None);
    }
}
