//! Times that most lines have none of.

use std::ops::Deref;
use std::time::Duration;

use super::times::Times;

static NONE: Times = Times::new();

/// A collection of times that costs a word until the first one is recorded: a plan may have
/// tens of thousands of lines, and few of them have, for example, TLS handshakes.
#[derive(Clone, Debug, Default)]
pub struct SparseTimes(Option<Box<Times>>);

impl SparseTimes {
    pub(super) fn record(&mut self, time: Duration) {
        self.0.get_or_insert_default().record(time);
    }

    /// Records the same time `count` times.
    pub(super) fn record_several(&mut self, time: Duration, count: u64) {
        self.0.get_or_insert_default().record_several(time, count);
    }

    pub(super) fn merge(&mut self, other: &Times) {
        if other.count() > 0 {
            self.0.get_or_insert_default().merge(other);
        }
    }

    /// Takes what was gathered; only what was worth a histogram keeps its memory.
    pub(super) fn take(&mut self) -> Self {
        match &mut self.0 {
            Some(times) if times.has_histogram() => Self((times.count() > 0).then(|| Box::new(times.take()))),
            few => Self(few.take()),
        }
    }
}

impl Deref for SparseTimes {
    type Target = Times;

    fn deref(&self) -> &Times {
        self.0.as_deref().unwrap_or(&NONE)
    }
}
