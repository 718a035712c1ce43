//! What a restored map says of the records that have not been delivered again.

use super::map::Map;
use std::collections::VecDeque;
use std::ops::Range;

#[derive(Debug, Clone)]
pub(super) struct Restored {
    /// The unfinished runs not yet delivered, in order. Never more than the map had; each goes when its last
    /// offset has been delivered or passed over.
    holes: VecDeque<Range<i64>>,
    /// How many offsets the holes add up to.
    unfinished: u64,
    end: i64,
}

impl Restored {
    pub(super) fn new(committed: i64, map: Option<Map>) -> Self {
        let end = map.as_ref().map_or(committed, Map::end);
        let holes = VecDeque::from(map.map(Map::into_holes).unwrap_or_default());
        let unfinished = holes.iter().map(|hole| hole.end.abs_diff(hole.start)).sum();
        Self { holes, unfinished, end }
    }

    /// One past the highest offset that the map says is finished.
    pub(super) fn end(&self) -> i64 {
        self.end
    }

    pub(super) fn unfinished(&self) -> u64 {
        self.unfinished
    }

    pub(super) fn holes(&self) -> impl Iterator<Item = &Range<i64>> {
        self.holes.iter()
    }

    pub(super) fn first_hole(&self) -> Option<i64> {
        self.holes.front().map(|hole| hole.start)
    }

    /// Whether `offset` is unfinished, for an offset that no hole lies below.
    pub(super) fn is_hole(&self, offset: i64) -> bool {
        self.first_hole() == Some(offset)
    }

    /// Forgets the unfinished offsets below `offset` and says how many there were.
    pub(super) fn drop_below(&mut self, offset: i64) -> u64 {
        let before = self.unfinished;
        while let Some(hole) = self.holes.front_mut().filter(|hole| hole.start < offset) {
            let kept_from = hole.end.min(offset);
            self.unfinished -= kept_from.abs_diff(hole.start);
            hole.start = kept_from;
            if hole.is_empty() {
                self.holes.pop_front();
            }
        }
        if self.holes.is_empty() && before > 0 {
            self.holes = VecDeque::new();
        }
        before - self.unfinished
    }
}
