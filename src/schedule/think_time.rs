//! Think time: the distributions a wait is drawn from.

use std::time::Duration;

use crate::problem::Problem;
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
    pub fn parse(text: &str) -> Result<Self, Problem> {
        if text.contains("...") || text.contains('…') {
            let dots = text.replace("...", "..").replace('…', "..");
            let corrected = match Self::parse(&dots) {
                Ok(_) => Some(dots.trim().to_owned()),
                Err(error) => error.corrected,
            };
            let message = format!("`{}` is not a range; it is written with two dots", text.trim());
            return Err(Problem { message, corrected, ..Problem::default() });
        }
        if let Some((from, to)) = text.split_once("..") {
            let parsed = parse_duration(from).and_then(|from| Ok((from, parse_duration(to)?)));
            let (from, to) =
                parsed.map_err(|error| Problem { message: error.message, ..range_with_units(from, to) })?;
            if from > to {
                return Err(Problem {
                    message: format!("`{text}` starts after it ends"),
                    corrected: text.split_once("..").map(|(a, b)| format!("{}..{}", b.trim(), a.trim())),
                    ..Problem::default()
                });
            }
            return Ok(Self::Range(from, to));
        }
        if let Some(guess) = guess(text) {
            let message = format!("`{}` is not a duration; a range is written with two dots", text.trim());
            return Err(Problem { message, ..guess });
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

/// What is meant by a range or a distribution as others write it: `1-3s`, `1s to 3s`, `between(1, 3)`, `[1s, 3s]`,
/// `random(1s, 3s)`, `gaussian(2s, 500ms)`, `constant(2)`. `None` where it looks like none.
pub fn guess(text: &str) -> Option<Problem> {
    let text = text.trim();
    let (name, inside) = match text.split_once(['(', '[']) {
        Some((name, inside)) => (name.trim(), inside.strip_suffix([')', ']'])?),
        None => match text.split_once(' ') {
            Some((name @ ("random" | "uniform"), inside)) => (name, inside.trim()),
            Some(_) | None => ("", text),
        },
    };
    let name = name.rsplit(['.', ' ']).next().unwrap_or(name).to_ascii_lowercase();
    let pair = |inside: &str| {
        let halves = match inside.strip_prefix("between ") {
            Some(inside) => inside.split_once(" and ")?,
            None if inside == text || !text.ends_with([')', ']']) => {
                let comma =
                    inside.split_once(',').filter(|(from, _)| from.ends_with(|c: char| c.is_ascii_alphabetic()));
                let sign = ["-", " to ", "–"].iter().find_map(|sign| inside.split_once(sign));
                comma.or(sign)?
            }
            None => inside.split_once(',')?,
        };
        let is_time = |half: &str| half.trim().starts_with(|c: char| c.is_ascii_digit());
        (is_time(halves.0) && is_time(halves.1)).then(|| (halves.0.trim().to_owned(), halves.1.trim().to_owned()))
    };
    let named = |text: String| Problem { corrected: Some(text), ..Problem::default() };
    match name.as_str() {
        "" | "random" | "between" | "uniform" | "range" | "rand" | "randint" | "random_between" | "randombetween" => {
            let (from, to) = pair(inside)?;
            let range = range_with_units(&from, &to);
            (range.corrected.is_some() || !range.help.is_empty()).then_some(range)
        }
        "gaussian" | "normal" | "gauss" | "normalvariate" => {
            let (mean, deviation) = pair(inside)?;
            let (mean, deviation) = (in_unit(&mean, "")?, in_unit(&deviation, "")?);
            Some(named(format!("{{ normal: {{ mean: {mean}, deviation: {deviation} }} }}")))
        }
        "poisson" => Some(named(format!("{{ poisson: {{ mean: {} }} }}", in_unit(inside, "")?))),
        "constant" | "fixed" | "sleep" | "pause" | "wait" => Some(named(in_unit(inside, "")?)),
        _ => None,
    }
}

/// A time with its unit, or with this one; without one of either, as a time alone would be read.
fn in_unit(text: &str, unit: &str) -> Option<String> {
    let text = text.trim();
    let whole = if text.ends_with(|c: char| c.is_ascii_digit()) { format!("{text}{unit}") } else { text.to_owned() };
    match parse_duration(&whole) {
        Ok(_) => Some(whole),
        Err(error) => error.corrected,
    }
}

/// A range whose ends get the units they lack: each the other's, else what a time alone gets. Where that is not
/// known, both units are named.
fn range_with_units(from: &str, to: &str) -> Problem {
    let (from, to) = (from.trim(), to.trim());
    let unit = |text: &str| text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim().to_owned();
    let shared = [unit(to), unit(from)].into_iter().find(|unit| !unit.is_empty()).unwrap_or_default();
    if shared.is_empty() {
        let both = |unit: &str| format!("{from}{unit}..{to}{unit}");
        let is_number = |text: &str| text.parse::<f64>().is_ok();
        if is_number(from) && is_number(to) && in_unit(to, "").is_none() {
            let help = format!("write `{}` for milliseconds, or `{}` for seconds", both("ms"), both("s"));
            return Problem { help, ..Problem::default() };
        }
    }
    let ends = in_unit(from, &shared).zip(in_unit(to, &shared));
    Problem { corrected: ends.map(|(from, to)| format!("{from}..{to}")), ..Problem::default() }
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
