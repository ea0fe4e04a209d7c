//! The timeline's histograms, read back from a file that may be damaged.

use std::io::Read;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;

/// The first bytes of a compressed histogram, and of the histogram inside.
const COMPRESSED: [u8; 4] = 0x1c84_9314_u32.to_be_bytes();
const PLAIN: [u8; 4] = 0x1c84_9313_u32.to_be_bytes();
/// Cookie and length before the compressed bytes.
const OUTER: usize = 8;
/// Cookie, length, offset, digits, two bounds and a ratio before the counts.
const INNER: usize = 40;
/// The largest histogram loadplan writes has 54 × 1024 counts of at most nine bytes.
const MOST_BYTES: u64 = 1 << 20;
/// More significant digits than loadplan writes take megabytes for each histogram.
const MOST_DIGITS: u32 = 3;

/// The response times of a slice in microseconds, from HdrHistogram V2 with DEFLATE in base64;
/// `None` when they cannot be read.
///
/// The bytes are inflated here and their lengths checked, because the library reserves as many
/// gigabytes as a header asks for.
pub(super) fn histogram(text: &str) -> Option<Histogram<u64>> {
    let bytes = BASE64_STANDARD.decode(text).ok()?;
    let compressed = bytes.strip_prefix(&COMPRESSED)?.get(OUTER - COMPRESSED.len()..)?;
    let mut plain = Vec::new();
    ZlibDecoder::new(compressed).take(MOST_BYTES).read_to_end(&mut plain).ok()?;
    let number = |at: usize| Some(u32::from_be_bytes(plain.get(at..at + 4)?.try_into().ok()?));
    let counts = plain.get(INNER..)?;
    let sound = plain.starts_with(&PLAIN)
        && number(4)? as usize == counts.len()
        && number(12)? <= MOST_DIGITS
        // The one number the library cannot negate: as long a run of zeros as none can be.
        && !counts.windows(9).any(|bytes| bytes == [0xff; 9]);
    if !sound {
        return None;
    }
    Deserializer::new().deserialize(&mut plain.as_slice()).ok()
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
    use rand::{RngExt, SeedableRng};

    use super::*;

    fn written(values: &[u64]) -> Vec<u8> {
        let mut histogram = Histogram::<u64>::new(3).expect("three digits");
        for value in values {
            histogram.record(*value).expect("it grows");
        }
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&histogram, &mut bytes).expect("memory takes everything");
        bytes
    }

    /// Every time and how often it came.
    fn read(bytes: &[u8]) -> Option<Vec<(u64, u64)>> {
        let recorded =
            |step: hdrhistogram::iterators::IterationValue<u64>| (step.value_iterated_to(), step.count_at_value());
        histogram(&BASE64_STANDARD.encode(bytes)).map(|times| times.iter_recorded().map(recorded).collect())
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read(&written(&[100, 100, 250])), Some(vec![(100, 2), (250, 1)]));
    }

    #[test]
    fn a_header_that_asks_for_gigabytes_is_refused() {
        use std::io::Write;
        let mut plain = PLAIN.to_vec();
        plain.extend(u32::MAX.to_be_bytes());
        plain.extend([0; 32]);
        let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        deflated.write_all(&plain).expect("memory takes everything");
        let deflated = deflated.finish().expect("memory takes everything");
        let mut bytes = COMPRESSED.to_vec();
        bytes.extend((deflated.len() as u32).to_be_bytes());
        bytes.extend(deflated);
        assert!(read(&bytes).is_none());
    }

    #[test]
    fn damage_of_any_kind_is_an_error_or_other_figures_but_no_panic() {
        use std::io::Write;
        let sound = written(&[1, 50, 20_000, 3_000_000, 86_400_000_000]);
        let mut plain = Vec::new();
        ZlibDecoder::new(&sound[OUTER..]).read_to_end(&mut plain).expect("it was compressed");
        let mut random = rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(7);
        for round in 0..3_000 {
            let mut bytes = sound.clone();
            if round % 2 == 0 {
                // Inside of the compression, where a checksum would else find most of it.
                let mut inner = plain.clone();
                for _ in 0..random.random_range(1..6) {
                    let at = random.random_range(4..inner.len());
                    inner[at] = if random.random() { 0xff } else { random.random() };
                }
                let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
                deflated.write_all(&inner).expect("memory takes everything");
                bytes.truncate(OUTER);
                bytes.extend(deflated.finish().expect("memory takes everything"));
            } else {
                let at = random.random_range(0..bytes.len());
                bytes[at] ^= random.random_range(1..=255_u8);
                bytes.truncate(random.random_range(0..=bytes.len()));
            }
            let _ = read(&bytes);
        }
        assert!(histogram("no base64!").is_none() && histogram("").is_none());
    }
}
