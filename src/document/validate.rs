//! What a saved timeline must be for its figures to be added up.

use super::Document;

/// So many slices a timeline has at most, gaps included; loadplan writes 3,600.
const MOST_SLICES: u64 = 20_000;
/// A slice is no longer than a week.
const LONGEST_S: u64 = 7 * 24 * 3600;
/// More samples of a line in a slice than a run can make.
const MOST_SAMPLES: u64 = 1 << 40;

/// What is wrong with a document's timeline, in words.
pub(super) fn damage(document: &Document<'_>) -> Option<String> {
    let width = document.slice_s;
    if !(1..=LONGEST_S).contains(&width) {
        return Some(format!("its slices are said to cover {width} seconds"));
    }
    let mut after = 0;
    for slice in document.timeline.iter() {
        if slice.t_s < after || slice.t_s % width != 0 || slice.t_s / width >= MOST_SLICES {
            return Some(format!("its timeline has a slice at second {}, which cannot be", slice.t_s));
        }
        after = slice.t_s + width;
        for line in slice.samplers.iter().chain(&slice.transactions).chain(&slice.warm_up) {
            if line.count > MOST_SAMPLES || line.failed > line.count {
                return Some(format!("its timeline counts {} samples in second {}", line.count, slice.t_s));
            }
        }
    }
    None
}
