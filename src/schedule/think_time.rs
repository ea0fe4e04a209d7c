//! Think time: the distributions a wait is drawn from.

use std::time::Duration;

use crate::fault::Fault;
use crate::random::Random;
use crate::units::parse_duration;

/// How long a user waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ThinkTime {
    /// Always this long.
    Constant(Duration),
    /// Uniformly between the two.
    Range(Duration, Duration),
    /// Normally distributed; negative draws are zero.
    Normal {
        /// Its mean.
        mean: Duration,
        /// Its standard deviation.
        deviation: Duration,
    },
    /// Poisson distributed over milliseconds.
    Poisson {
        /// Its mean.
        mean: Duration,
    },
}

impl ThinkTime {
    /// A constant think time (`2s`) or a range (`1s..3s`).
    ///
    /// # Errors
    /// When a duration in it cannot be read, or the range ends before it starts.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if let Some((from, to)) = text.split_once("..") {
            let parsed = parse_duration(from).and_then(|from| Ok((from, parse_duration(to)?)));
            let (from, to) = parsed.map_err(|error| Fault { corrected: range_with_units(from, to), ..error })?;
            if from > to {
                return Err(Fault {
                    message: format!("`{text}` starts after it ends"),
                    corrected: text.split_once("..").map(|(a, b)| format!("{}..{}", b.trim(), a.trim())),
                    ..Fault::default()
                });
            }
            return Ok(Self::Range(from, to));
        }
        if let Some((from, to)) = text.split_once('-').or_else(|| text.split_once(" to "))
            && let Some(range) = range_with_units(from, to)
        {
            return Err(Fault {
                message: format!("`{text}` is not a duration; a range is written with two dots"),
                corrected: Some(range),
                ..Fault::default()
            });
        }
        parse_duration(text).map(Self::Constant)
    }

    /// A wait, drawn from the distribution.
    pub fn draw(self, random: &mut Random) -> Duration {
        match self {
            Self::Constant(time) => time,
            Self::Range(from, to) => from + (to - from).mul_f64(random.unit()),
            Self::Normal { mean, deviation } => normal(mean, deviation, random),
            Self::Poisson { mean } => poisson(mean, random),
        }
    }

    /// Its mean.
    pub fn mean(self) -> Duration {
        match self {
            Self::Constant(time) => time,
            Self::Range(from, to) => (from + to) / 2,
            Self::Normal { mean, .. } | Self::Poisson { mean } => mean,
        }
    }
}

/// A range whose ends get the units they lack: each the other's, else seconds.
fn range_with_units(from: &str, to: &str) -> Option<String> {
    let (from, to) = (from.trim(), to.trim());
    let unit = |text: &str| text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim().to_owned();
    let fallback = [unit(to), unit(from)].into_iter().find(|unit| !unit.is_empty()).unwrap_or_else(|| "s".into());
    let complete = |text: &str| if unit(text).is_empty() { format!("{text}{fallback}") } else { text.to_owned() };
    let (from, to) = (complete(from), complete(to));
    let valid = parse_duration(&from).is_ok() && parse_duration(&to).is_ok();
    valid.then(|| format!("{from}..{to}"))
}

/// A normal draw by the Box–Muller transform.
fn normal(mean: Duration, deviation: Duration, random: &mut Random) -> Duration {
    let radius = (-2.0 * (1.0 - random.unit()).ln()).sqrt();
    let draw = radius * (std::f64::consts::TAU * random.unit()).cos();
    Duration::from_secs_f64((mean.as_secs_f64() + deviation.as_secs_f64() * draw).max(0.0))
}

/// A Poisson draw over milliseconds: Knuth's multiplication for small means, the normal
/// approximation with deviation √mean above 500 ms, where the two cannot be told apart.
fn poisson(mean: Duration, random: &mut Random) -> Duration {
    let mean_ms = mean.as_secs_f64() * 1e3;
    if mean_ms > 500.0 {
        return normal(mean, Duration::from_secs_f64(mean_ms.sqrt() / 1e3), random);
    }
    let limit = (-mean_ms).exp();
    let mut product = random.unit();
    let mut count = 0;
    while product > limit {
        product *= random.unit();
        count += 1;
    }
    Duration::from_millis(count)
}
