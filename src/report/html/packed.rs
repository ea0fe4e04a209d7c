//! The response times of each line for each slice, packed for the page.
//!
//! A stream of whole numbers in LEB128, zlib-compressed. For each slice in order: how many slices
//! after the last one it comes (the first one counts from -1) and how many lines it tells of. For
//! each of those: its place (samplers first, then transactions, then all samplers together, those
//! that are not shown included) as the distance from the last one, samples, failed samples, the
//! number of different times, and for each the distance of its index from the last one and how
//! often it came.
//!
//! The index of a time is that of an HdrHistogram with three significant digits of microseconds:
//! below 2048 the time itself, above it 1024 for each doubling plus the place within, so that a
//! page can merge them and read percentiles as exactly as the run's own.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use hdrhistogram::Histogram;

use crate::document::Document;
use crate::document::{Slice, SliceLine};

/// At first no more than about so many pairs of slice and line are packed.
const MOST_CELLS: u64 = 60_000;
/// Slices are made longer until the result fits, but there are at least so many of them.
const LEAST_SLICES: u64 = 30;

/// The packed times.
pub(super) struct Packed {
    /// How many seconds a slice covers.
    pub(super) slice_s: u64,
    pub(super) compressed: Vec<u8>,
}

/// The samples of a line in a slice.
#[derive(Default)]
struct Cell {
    count: u64,
    failed: u64,
    times: BTreeMap<u64, u64>,
}

impl Packed {
    /// Packs a document's timeline for these of its samplers and transactions, in slices as short
    /// as fit into so many bytes.
    pub(super) fn of(document: &Document<'_>, kept: PackedLines<'_>, budget: usize) -> Self {
        let shortest = document.slice_s.max(1);
        let length = document.timeline.iter().count() as u64 * shortest;
        let longest = (length / LEAST_SLICES).max(shortest);
        let lines = (kept.0.len() + kept.1.len()) as u64;
        let at_least = |width: u64| width.max(1).next_multiple_of(shortest).min(longest.next_multiple_of(shortest));
        let mut width = at_least((lines * length).div_ceil(MOST_CELLS));
        loop {
            let packed = Self::with(document, kept, width);
            if packed.compressed.len() <= budget || width >= longest {
                return packed;
            }
            // Merging two slices saves less than half, so this is seldom enough, but never too much.
            let excess = packed.compressed.len().div_ceil(budget) as u64;
            width = at_least(width * excess.max(2));
        }
    }

    fn with(document: &Document<'_>, kept: PackedLines<'_>, width: u64) -> Self {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        // Memory takes everything.
        pack(document, kept, width, &mut 0, u64::MAX, |bytes| drop(encoder.write_all(bytes)));
        Self { slice_s: width, compressed: encoder.finish().unwrap_or_default() }
    }
}

/// The places, in order, of the samplers and of the transactions that are packed.
pub(super) type PackedLines<'a> = (&'a [usize], &'a [usize]);

/// Packs the document's timeline in slices of so many seconds: those from number `next` on that end
/// by `until_s`. `next` becomes the number of the slice after the last one.
pub(super) fn pack(
    document: &Document<'_>,
    kept: PackedLines<'_>,
    width: u64,
    next: &mut u64,
    until_s: u64,
    mut out: impl FnMut(&[u8]),
) {
    let first = *next;
    let mut write = |number: u64, cells: &BTreeMap<usize, Cell>| {
        let mut bytes = Vec::new();
        leb128(number - *next, &mut bytes);
        write_cells(cells, &mut bytes);
        out(&bytes);
        *next = number + 1;
    };
    let ends_in_time = |number: u64| number.saturating_add(1).saturating_mul(width) <= until_s;
    let mut current: Option<(u64, BTreeMap<usize, Cell>)> = None;
    for slice in document.timeline.iter() {
        let number = slice.t_s / width;
        if number < first || !ends_in_time(number) {
            continue;
        }
        if let Some((known, cells)) = current.take_if(|(known, _)| *known != number) {
            write(known, &cells);
        }
        gather(&slice, kept, &mut current.get_or_insert_with(|| (number, BTreeMap::new())).1);
    }
    if let Some((number, cells)) = current {
        write(number, &cells);
    }
}

/// Adds the samples of a slice to those of the lines.
fn gather(slice: &Slice, (samplers, transactions): PackedLines<'_>, cells: &mut BTreeMap<usize, Cell>) {
    let all = samplers.len() + transactions.len();
    for (lines, kept, offset, together) in
        [(&slice.samplers, samplers, 0, Some(all)), (&slice.transactions, transactions, samplers.len(), None)]
    {
        for line in lines {
            let own = kept.binary_search(&line.label).ok().map(|place| offset + place);
            let times = times(line);
            for place in own.into_iter().chain(together) {
                let cell = cells.entry(place).or_default();
                cell.count = cell.count.saturating_add(line.count);
                cell.failed = cell.failed.saturating_add(line.failed);
                for (index, count) in &times {
                    let known = cell.times.entry(*index).or_default();
                    *known = known.saturating_add(*count);
                }
            }
        }
    }
}

fn write_cells(cells: &BTreeMap<usize, Cell>, out: &mut Vec<u8>) {
    leb128(cells.len() as u64, out);
    let mut last = 0;
    for (place, cell) in cells {
        leb128((place - last) as u64, out);
        last = *place;
        leb128(cell.count, out);
        leb128(cell.failed, out);
        leb128(cell.times.len() as u64, out);
        let mut last = 0;
        for (index, count) in &cell.times {
            leb128(index - last, out);
            last = *index;
            leb128(*count, out);
        }
    }
}

/// The indices of the times of a line in a slice, and how often each came.
fn times(line: &SliceLine) -> Vec<(u64, u64)> {
    let recorded = |histogram: Histogram<u64>| {
        histogram
            .iter_recorded()
            .map(|one| (index_of(one.value_iterated_to()), one.count_since_last_iteration()))
            .collect()
    };
    line.times().map(recorded).unwrap_or_default()
}

/// The index of a time in microseconds.
fn index_of(us: u64) -> u64 {
    let doublings = u64::from(us.max(2048).ilog2()) - 10;
    match us {
        0..2048 => us,
        _ => doublings * 1024 + (us >> doublings),
    }
}

fn leb128(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_those_of_a_histogram_with_three_digits() {
        let histogram = Histogram::<u64>::new(3).expect("three digits");
        for us in (0..5_000_u64).chain((12..36).flat_map(|bits| [(1 << bits) - 1, 1 << bits, (1 << bits) + 12_345])) {
            let index = index_of(us);
            // From an index back to the highest time it stands for, as the page does it.
            let highest = match index {
                0..2048 => index,
                _ => {
                    let doublings = index / 1024 - 1;
                    ((index % 1024 + 1024 + 1) << doublings) - 1
                }
            };
            assert_eq!(highest, histogram.highest_equivalent(us), "{us} µs");
        }
    }

    #[test]
    fn numbers_are_written_as_leb128() {
        let mut out = Vec::new();
        for number in [0, 127, 128, 300, u64::MAX] {
            leb128(number, &mut out);
        }
        assert_eq!(out[..6], [0, 0x7f, 0x80, 0x01, 0xac, 0x02]);
        assert_eq!(out.len(), 16);
    }
}
