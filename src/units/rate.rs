//! Rates, exact: `200/s`, `30/m`, `0.5/h`.

use std::fmt;
use std::time::Duration;

/// Units of [`Rate::raw`] in one start per hour.
const PER_START: u64 = 1_000_000;
const SECONDS_PER_HOUR: u64 = 3600;
/// The highest rate that can be written, per second.
const MOST_PER_SECOND: u64 = 1_000_000;

/// A rate. It is kept as millionths of a start per hour, which every rate that can be written is
/// a whole number of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u64);

impl Rate {
    /// So many millionths of a start in one second, one minute or one hour (1, 60 or 3600
    /// `seconds`). `None` above a million per second.
    pub fn of_millionths(millionths: u64, seconds: u64) -> Option<Self> {
        let most = MOST_PER_SECOND * PER_START * seconds;
        (millionths <= most).then(|| Self(millionths * (SECONDS_PER_HOUR / seconds)))
    }

    /// Millionths of a start per hour.
    pub fn raw(self) -> u64 {
        self.0
    }

    /// From millionths of a start per hour.
    pub fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// Starts per second.
    pub fn per_second(self) -> f64 {
        self.0 as f64 / (PER_START * SECONDS_PER_HOUR) as f64
    }

    /// The time between two starts; `None` for a rate of zero.
    pub fn interval(self) -> Option<Duration> {
        let nanos = u128::from(PER_START) * u128::from(SECONDS_PER_HOUR) * 1_000_000_000;
        let interval = nanos.checked_div(u128::from(self.0))?;
        Some(Duration::from_nanos(u64::try_from(interval).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for Rate {
    /// As it would be written: in the first unit that makes it at least 1 and needs no more than
    /// three decimals, else per hour.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (seconds, unit) in [(1, "s"), (60, "m")] {
            let thousandths = u128::from(self.0) * seconds * 1000;
            let one = u128::from(PER_START * SECONDS_PER_HOUR);
            if thousandths.is_multiple_of(one) {
                return write!(f, "{}/{unit}", (thousandths / one) as f64 / 1e3);
            }
        }
        write!(f, "{}/h", self.0 as f64 / PER_START as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(number: f64, seconds: u64) -> Rate {
        Rate::of_millionths((number * 1e6).round() as u64, seconds).expect("a rate")
    }

    #[test]
    fn rates_of_every_unit_are_exact() {
        assert_eq!(rate(1.0, 1).raw(), 3_600_000_000);
        assert_eq!(rate(0.5, 3600).raw(), 500_000);
        assert_eq!(rate(60.0, 60), rate(1.0, 1));
        assert_eq!(rate(200.0, 1).interval(), Some(Duration::from_millis(5)));
        assert_eq!(rate(0.0, 1).interval(), None);
        assert_eq!(rate(2.0, 60).interval(), Some(Duration::from_secs(30)));
        assert!((rate(0.4, 1).per_second() - 0.4).abs() < 1e-12);
        assert_eq!(Rate::of_millionths(1_000_001_000_000, 1), None);
    }

    #[test]
    fn a_rate_is_shown_as_it_would_be_written() {
        for (number, seconds, shown) in [
            (200.0, 1, "200/s"),
            (0.4, 1, "0.4/s"),
            (7.0, 60, "7/m"),
            (0.5, 3600, "0.5/h"),
            (60.0, 60, "1/s"),
            (0.000_001, 3600, "0.000001/h"),
        ] {
            assert_eq!(rate(number, seconds).to_string(), shown);
        }
    }
}
