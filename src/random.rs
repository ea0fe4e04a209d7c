//! Repeatable randomness: every random number is determined by the seed of the run and by who asks for it.

use std::convert::Infallible;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng as _, SeedableRng as _, TryRng};

/// A source of random numbers owned by one user. Not for secrets: whoever knows the seed knows every draw.
#[derive(Clone, Debug)]
pub struct Random(Xoshiro256PlusPlus);

impl Random {
    /// The source of one user of one thread group. The same numbers give the same draws, on
    /// however many threads the run is spread.
    pub fn for_user(seed: u64, group_index: u64, user_number: u64) -> Self {
        let mixed = mix(mix(mix(seed).wrapping_add(group_index)).wrapping_add(user_number));
        Self(Xoshiro256PlusPlus::seed_from_u64(mixed))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A whole number from `from` to `to`, both included. With `to < from` it is `from`.
    pub fn int(&mut self, from: i64, to: i64) -> i64 {
        let span = to.abs_diff(from);
        if to <= from {
            return from;
        }
        match span.checked_add(1) {
            Some(count) => from.wrapping_add_unsigned(self.below(count)),
            None => self.bits().cast_signed(),
        }
    }

    /// A number from `0` up to but not including `count`; `0` when there is none.
    pub fn below(&mut self, count: u64) -> u64 {
        if count == 0 {
            return 0;
        }
        // Lemire, "Fast Random Integer Generation in an Interval" (2019): unbiased, rarely divides.
        let mut wide = u128::from(self.bits()) * u128::from(count);
        if (wide as u64) < count {
            let biased = count.wrapping_neg() % count;
            while (wide as u64) < biased {
                wide = u128::from(self.bits()) * u128::from(count);
            }
        }
        (wide >> 64) as u64
    }

    /// A place in a list of `length` elements; `0` when it is empty.
    pub fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    /// A number from 0 up to but not including 1, with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number from `from` to `to`.
    pub fn float(&mut self, from: f64, to: f64) -> f64 {
        let share = self.unit();
        (from * (1.0 - share) + to * share).clamp(from.min(to), to.max(from))
    }
}

/// So that libraries which want a source of randomness can draw from this one.
impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(target);
        Ok(())
    }
}

/// `SplitMix64`'s finalizer, which spreads neighbouring numbers over all 64 bits.
fn mix(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_user_draws_the_same() {
        let draw = |seed, group, user| {
            let mut random = Random::for_user(seed, group, user);
            [random.bits(), random.bits()]
        };
        assert_eq!(draw(1, 0, 1), draw(1, 0, 1));
        assert_ne!(draw(1, 0, 1), draw(1, 0, 2));
        assert_ne!(draw(1, 0, 1), draw(1, 1, 1));
        assert_ne!(draw(1, 0, 1), draw(2, 0, 1));
        assert_ne!(draw(1, 1, 0), draw(1, 0, 1));
    }

    #[test]
    fn bounds_are_included_and_evenly_met() {
        let mut random = Random::for_user(7, 0, 1);
        let mut seen = [0_u32; 6];
        for _ in 0..6_000 {
            let drawn = random.int(-2, 3);
            seen[usize::try_from(drawn + 2).expect("drawn from -2..=3")] += 1;
        }
        assert!(seen.iter().all(|count| (850..1_150).contains(count)), "{seen:?}");
        assert_eq!(random.int(5, 5), 5);
        let _ = random.int(i64::MIN, i64::MAX);
        assert!((0..1000).all(|_| (2.0..=2.5).contains(&random.float(2.0, 2.5))));
        assert!(random.float(f64::MIN, f64::MAX).is_finite());
    }
}
