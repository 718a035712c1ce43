//! The completion map: what is finished above a committed offset, as text for the commit's metadata.
//!
//! The text is a sequence of units of fifteen bits, one UTF-16 unit each:
//!
//! ```text
//!   1 unit     tag: marks the text as ours, with the version of what follows
//!   2 units    checksum of the committed offset and all that follows
//!   6 bits     length w of the number of parked keys: 0 = not known, w + 1 = a number of w bits
//!   w - 1 bits that number without its leading one (nothing for w = 0, which is the number zero)
//!   6 bits     k, the parameter of the list
//!   list       for each unfinished offset, in order, from the committed one on: the number g of finished
//!              offsets that follow it; as g >> k ones, a zero, and the k low bits of g
//!   padding    ones up to the end of the unit, at most fourteen
//! ```
//!
//! The last `g` is at least one: the map ends with a finished offset. A map of nothing has an empty list.
//! `fit.rs` says why this list and what it can come to need.

use super::checksum::{CHECKSUM_BITS, checksum};
use super::fit::{MAX_PARAMETER, PARAMETER_BITS, PARKED_LENGTH_BITS};
use super::units::{BitReader, BitWriter, MAX_UNITS, UNIT_BITS, Unary, from_char, to_char};
use std::ops::Range;

/// Nine bits that are ours, then six of version.
const TAG: u16 = 0b1_0110_0101 << 6 | VERSION;
const VERSION: u16 = 1;
const HEADER_UNITS: usize = 1 + (CHECKSUM_BITS / UNIT_BITS) as usize;

/// Which offsets above a committed one are finished.
///
/// All of `committed..end` is finished except the holes; offsets that never held a record count as
/// finished. The first hole starts at `committed`, and `end` is one past a finished offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    committed: i64,
    end: i64,
    /// In offset order, none empty, none touching the next. A decoded list has at most fifteen for each
    /// unit of its text; it goes when the map does.
    holes: Vec<Range<i64>>,
    parked: Option<u32>,
}

impl Map {
    /// A map of these holes, or nothing when they break a rule of [`Map`]. Holes that touch are merged.
    ///
    /// `parked` is the number of keys of the partition that are parked in a store, `None` if nobody knows.
    pub fn new(
        committed: i64,
        end: i64,
        holes: impl IntoIterator<Item = Range<i64>>,
        parked: Option<u32>,
    ) -> Option<Self> {
        let mut merged: Vec<Range<i64>> = Vec::new();
        let mut position = committed;
        for hole in holes {
            if hole.start < position || hole.end <= hole.start {
                return None;
            }
            position = hole.end;
            match merged.last_mut() {
                Some(last) if last.end == hole.start => last.end = hole.end,
                _ => merged.push(hole),
            }
        }
        let starts_at_committed = merged.first().map_or(end, |hole| hole.start) == committed;
        let ends_finished = merged.is_empty() || position < end;
        (starts_at_committed && ends_finished).then_some(Self { committed, end, holes: merged, parked })
    }

    /// A map that says of no offset that it is finished.
    pub fn empty(committed: i64, parked: Option<u32>) -> Self {
        Self { committed, end: committed, holes: Vec::new(), parked }
    }

    /// The first unfinished offset.
    pub fn committed(&self) -> i64 {
        self.committed
    }

    /// One past the highest finished offset; the committed offset when nothing above it is finished.
    pub fn end(&self) -> i64 {
        self.end
    }

    /// The runs of unfinished offsets below [`Map::end`], in order.
    pub fn holes(&self) -> &[Range<i64>] {
        &self.holes
    }

    /// How many keys of the partition are parked in a store, if that is known.
    pub fn parked(&self) -> Option<u32> {
        self.parked
    }

    pub(super) fn into_holes(self) -> Vec<Range<i64>> {
        self.holes
    }
}

/// Writes a map as text. Its length is whatever the map needs: compare it with the limit before use.
pub fn encode(map: &Map) -> String {
    let mut bits = BitWriter::default();
    let length = map.parked.map(|parked| u32::BITS - parked.leading_zeros());
    bits.push(length.map_or(0, |length| u64::from(length) + 1), PARKED_LENGTH_BITS);
    bits.push(u64::from(map.parked.unwrap_or(0)), length.unwrap_or(0).saturating_sub(1));

    let parameter = list_bits(&map.holes, map.end).0;
    bits.push(u64::from(parameter), PARAMETER_BITS);
    for (length, gap) in runs(&map.holes, map.end) {
        // All but the last offset of a run are followed by no finished one.
        for _ in 1..length {
            bits.push(0, 1 + parameter);
        }
        bits.push_unary(gap >> parameter);
        bits.push(gap, parameter);
    }

    let payload = bits.finish();
    let sum = checksum(map.committed, &payload);
    let header = [TAG, (sum >> UNIT_BITS) as u16, sum as u16];
    let mut text = String::with_capacity(3 * (HEADER_UNITS + payload.len()));
    text.extend(header.into_iter().chain(payload).map(to_char));
    text
}

/// Reads the map that came with a commit of `committed`.
///
/// Anything but a whole, undamaged map of this version for this very offset is `None`, and never a part
/// of a map. Damage to one character, or to two neighbours, is surely found; any other passes once in 2^30.
pub fn decode(text: &str, committed: i64) -> Option<Map> {
    if text.len() > 3 * MAX_UNITS {
        return None;
    }
    let units = text.chars().map(from_char).collect::<Option<Vec<u16>>>()?;
    let (header, payload) = units.split_at_checked(HEADER_UNITS)?;
    let sum = checksum(committed, payload);
    if header != [TAG, (sum >> UNIT_BITS) as u16, sum as u16 & ((1 << UNIT_BITS) - 1)] {
        return None;
    }
    let mut bits = BitReader::new(payload);
    let parked = match bits.take(PARKED_LENGTH_BITS)? as u32 {
        0 => None,
        1 => Some(0),
        length @ 2..=33 => Some(1 << (length - 2) | bits.take(length - 2)? as u32),
        _ => return None,
    };
    let parameter = bits.take(PARAMETER_BITS)? as u32;
    if parameter > MAX_PARAMETER {
        return None;
    }
    let (holes, end) = take_list(&mut bits, committed, parameter)?;
    Map::new(committed, end, holes, parked)
}

fn take_list(bits: &mut BitReader<'_>, committed: i64, parameter: u32) -> Option<(Vec<Range<i64>>, i64)> {
    let mut holes: Vec<Range<i64>> = Vec::new();
    let mut position = committed;
    loop {
        let high = match bits.unary() {
            Unary::Number(high) => high,
            Unary::Padding(ones) if ones < UNIT_BITS => return Some((holes, position)),
            Unary::Padding(_) => return None,
        };
        let gap = high.checked_mul(1 << parameter)?.checked_add(bits.take(parameter)?)?;
        let after = position.checked_add(1)?;
        match holes.last_mut() {
            Some(last) if last.end == position => last.end = after,
            _ => holes.push(position..after),
        }
        position = after.checked_add(i64::try_from(gap).ok()?)?;
    }
}

/// The best parameter for a list of holes, and how many bits the list then takes.
pub(super) fn list_bits(holes: &[Range<i64>], end: i64) -> (u32, u64) {
    let (mut unfinished, mut finished) = (0, 0);
    for (length, gap) in runs(holes, end) {
        unfinished += length;
        finished += gap;
    }
    let mut best = (0, u64::MAX);
    for parameter in 0..=MAX_PARAMETER {
        let fixed = unfinished.saturating_mul(u64::from(parameter) + 1);
        // Each run loses less than one to rounding, so this is never above the exact number. It falls and
        // then rises with the parameter (`fit.rs`), and where it still falls it is below every exact number
        // before: once it is not below the best one, no later parameter is better.
        let least = (finished >> parameter).saturating_sub(holes.len() as u64);
        if fixed.saturating_add(least) >= best.1 {
            break;
        }
        let unary: u64 = runs(holes, end).map(|(_, gap)| gap >> parameter).sum();
        if fixed.saturating_add(unary) < best.1 {
            best = (parameter, fixed.saturating_add(unary));
        }
    }
    best
}

/// The length of each hole and of the finished run that follows it.
fn runs(holes: &[Range<i64>], end: i64) -> impl Iterator<Item = (u64, u64)> {
    let next = holes.iter().skip(1).map(|hole| hole.start).chain([end]);
    holes.iter().zip(next).map(|(hole, next)| (hole.end.abs_diff(hole.start), next.abs_diff(hole.end)))
}

#[cfg(test)]
mod tests;
