//! How often each HTTP status came.

/// Counts by status, in order. A line usually has one or two, so that a second of it costs one small
/// allocation; HTTP knows no status above 999 (RFC 9110 §15), so that no server can make it large.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statuses(Vec<(u16, u64)>);

impl Statuses {
    /// Counts a response. The codes with which WebSockets are closed begin at 1000 and are left out.
    pub(super) fn count(&mut self, status: u16) {
        if status <= 999 {
            self.add(status, 1);
        }
    }

    /// Adds those of other samples.
    pub(super) fn merge(&mut self, other: &Self) {
        for (status, count) in &other.0 {
            self.add(*status, *count);
        }
    }

    fn add(&mut self, status: u16, count: u64) {
        match self.0.binary_search_by_key(&status, |known| known.0) {
            Ok(at) => self.0[at].1 += count,
            Err(at) => self.0.insert(at, (status, count)),
        }
    }

    /// Each status that came and how often, the lowest first.
    pub fn iter(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_is_counted_and_a_close_code_is_none() {
        let (mut one, mut two) = (Statuses::default(), Statuses::default());
        for status in [503, 200, 200, 1000, 4999] {
            one.count(status);
        }
        for status in [200, 404] {
            two.count(status);
        }
        one.merge(&two);
        assert_eq!(one.iter().collect::<Vec<_>>(), [(200, 3), (404, 1), (503, 1)]);
    }
}
