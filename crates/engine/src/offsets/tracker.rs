//! One partition's offsets, for one assignment.

use super::fit::{self, Room};
use super::map::{Map, encode};
use super::open::{OpenList, Seq};
use super::restored::Restored;
use super::units::MAX_UNITS;
use crate::planted::{self, Bug};

/// What becomes of a record that was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is to be run; finish it with this handle.
    Open(Seq),
    /// It was finished before, here or by an earlier owner: drop it.
    AlreadyDone,
    /// With it the map might not fit. It was not let in: offer it again after another has finished.
    NoRoom,
    /// It was delivered before in this assignment, and may be open still: drop it.
    Stale,
}

/// What to commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The first offset that is not finished.
    pub offset: i64,
    /// The metadata. Empty when there is nothing to say beyond the offset.
    pub metadata: String,
    /// False when finished offsets, or the number of parked keys, had to be left out because the limit was
    /// lowered: records may then run again after a restart.
    pub complete: bool,
    /// For [`Tracker::committed`].
    pub revision: u64,
}

/// Which records of a partition are open, and so what may be committed.
///
/// ```text
///        committed          first open                        position      restored end
///   ─────────┴──────────────────┴────────────────────────────────┴───────────────┴────────
///   finished │     finished     │  open, or finished, or never   │ as restored:  │ not yet
///            │                  │  held a record                 │ holes or done │ delivered
/// ```
///
/// Records are admitted in offset order. An offset that is passed over holds no record any more (it was
/// compacted away, deleted, aborted, or is a transaction marker), and counts as finished, even when a
/// restored map calls it unfinished: else the watermark would wait for it for ever.
///
/// [`Tracker::admit`] and [`Tracker::finish`] take constant time, the former amortized over the holes of a
/// restored map, and allocate only when more records are open than ever before. Memory is sixteen bytes
/// for each of those, and the holes of the restored map: records that finish above a stuck one take none.
#[derive(Debug, Clone)]
pub struct Tracker {
    open: OpenList,
    restored: Restored,
    /// One past the highest offset delivered or passed over.
    position: i64,
    /// One past the highest offset that a restored map or a handler has finished.
    finished_end: i64,
    room: Room,
    limit_units: usize,
    parked: Option<u32>,
    gone: u64,
    /// Counts what changes the next commit.
    revision: u64,
    committed_revision: u64,
}

impl Tracker {
    /// A tracker for an assignment that starts at `committed`, with the map that came with that commit,
    /// for metadata of at most `limit_units` UTF-16 units.
    ///
    /// A map of another commit is as good as none.
    pub fn new(committed: i64, restored: Option<Map>, limit_units: usize) -> Self {
        let restored = restored.filter(|map| map.committed() == committed);
        let parked = restored.as_ref().and_then(Map::parked);
        let restored = Restored::new(committed, restored);
        Self {
            open: OpenList::new(),
            position: committed,
            finished_end: restored.end(),
            restored,
            room: Room::of_units(limit_units),
            limit_units: limit_units.min(MAX_UNITS),
            parked,
            gone: 0,
            revision: 0,
            committed_revision: 0,
        }
    }

    /// Takes in the next delivered record.
    ///
    /// When no record is open the answer is never [`Admission::NoRoom`], whatever the limit: the record is then
    /// the first unfinished one, and the map above it is the rest of the one that was restored.
    ///
    /// # Order
    ///
    /// Offsets rise within an assignment.
    pub fn admit(&mut self, offset: i64) -> Admission {
        if offset < self.position {
            return if offset < self.watermark() { Admission::AlreadyDone } else { Admission::Stale };
        }
        self.skip_to(offset);
        if offset < self.restored.end() && !self.restored.is_hole(offset) {
            self.position = offset + 1;
            return Admission::AlreadyDone;
        }
        if !self.has_room(offset) {
            return Admission::NoRoom;
        }
        self.position = offset.saturating_add(1);
        // Not gone but delivered: from here on it counts as open.
        self.restored.drop_below(self.position);
        Admission::Open(self.open.push(offset))
    }

    fn has_room(&self, offset: i64) -> bool {
        let Some(watermark) = self.open.first() else { return true };
        // Holes below the position are gone, so all that is unfinished lies from the first open record on.
        // A hole may turn out to hold no record, or to finish in any order: it counts like an open record.
        let already_counted = self.restored.is_hole(offset);
        let unfinished = self.open.len() as u64 + self.restored.unfinished() + u64::from(!already_counted);
        let end = offset.saturating_add(1).max(self.restored.end());
        self.room.holds(unfinished, end.abs_diff(watermark))
    }

    /// Marks a record as finished; false when it was finished before.
    pub fn finish(&mut self, seq: Seq) -> bool {
        if !self.open.remove(seq) {
            return false;
        }
        self.finished_end = self.finished_end.max(seq.offset().saturating_add(1));
        self.revision += 1;
        true
    }

    /// Counts every offset below `offset` that has not been delivered as finished: there is no such record.
    /// Open records stay open.
    ///
    /// Called by [`Tracker::admit`]; call it yourself when the start of the log moves.
    pub fn skip_to(&mut self, offset: i64) {
        if offset <= self.position {
            return;
        }
        let before = self.watermark();
        let gone = self.restored.drop_below(offset);
        self.position = offset;
        self.gone += gone;
        if gone > 0 || self.watermark() != before {
            self.revision += 1;
        }
    }

    /// The first offset that is not finished: what to commit.
    pub fn watermark(&self) -> i64 {
        self.open
            .first()
            .or_else(|| self.restored.first_hole())
            .unwrap_or_else(|| self.position.max(self.finished_end))
    }

    /// One past the highest offset delivered or passed over: what to deliver next.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// How many records are open.
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// Offsets above the watermark that are finished, those that hold no record included.
    pub fn finished_above(&self) -> u64 {
        let (unfinished, span) = self.extent();
        span - unfinished
    }

    /// UTF-16 units that the map may come to need, in whatever order the open records finish: what is compared with
    /// the [limit](Tracker::limit) when a record is admitted.
    pub fn units_needed(&self) -> usize {
        match self.extent() {
            (0, _) | (_, ..=1) => 0,
            (unfinished, span) => fit::units(unfinished, span),
        }
    }

    /// How many offsets from the watermark on are unfinished, and how far the known ones reach.
    fn extent(&self) -> (u64, u64) {
        let unfinished = self.open.len() as u64 + self.restored.unfinished();
        let span = self.position.max(self.restored.end()).saturating_sub(self.watermark());
        (unfinished, (span.max(0) as u64).max(unfinished))
    }

    /// The open record that holds the watermark back.
    pub fn lowest_open(&self) -> Option<i64> {
        self.open.first()
    }

    /// The open records, in offset order.
    pub fn open_offsets(&self) -> impl Iterator<Item = i64> {
        self.open.iter()
    }

    /// How many offsets that the restored map calls unfinished were passed over, because their records are gone
    /// from the log.
    pub fn gone(&self) -> u64 {
        self.gone
    }

    /// How many keys of the partition are parked in a store, if that is known.
    pub fn parked(&self) -> Option<u32> {
        self.parked
    }

    /// Notes how many keys are parked. With a number, zero included, every commit carries a map, so that the
    /// next owner can tell "none" from "not known".
    pub fn set_parked(&mut self, parked: Option<u32>) {
        if self.parked != parked {
            self.parked = parked;
            self.revision += 1;
        }
    }

    /// The limit of the metadata, in UTF-16 units; never above [`MAX_UNITS`].
    pub fn limit(&self) -> usize {
        self.limit_units
    }

    /// Changes the limit, after a broker refused what fitted it. The open records may not fit a lower one:
    /// until enough have finished, nothing is admitted and commits may be incomplete.
    pub fn set_limit(&mut self, units: usize) {
        let units = units.min(MAX_UNITS);
        if self.limit_units != units {
            self.limit_units = units;
            self.room = Room::of_units(units);
            self.revision += 1;
        }
    }

    /// What to commit now.
    ///
    /// The map is whole or left out. Takes time and memory in proportion to the open records.
    pub fn snapshot(&self) -> Commit {
        let maximum = planted::is(Bug::CommitTheMaximum);
        let offset = if maximum { self.finished_end } else { self.watermark() };
        let nothing_above = self.finished_end <= offset;
        let commit = |metadata, complete| Commit { offset, metadata, complete, revision: self.revision };
        if nothing_above && self.parked.is_none() {
            return commit(String::new(), true);
        }
        if let Some(text) = self.map(offset).and_then(|map| self.fitting(&map)) {
            return commit(text, true);
        }
        // The number of parked keys matters more than what is finished: it says whether the next owner may run.
        let parked_only = self.parked.and_then(|_| self.fitting(&Map::empty(offset, self.parked)));
        commit(parked_only.unwrap_or_default(), false)
    }

    fn map(&self, watermark: i64) -> Option<Map> {
        if self.finished_end <= watermark {
            return Some(Map::empty(watermark, self.parked));
        }
        // Restored holes are not delivered yet, so they lie above all that is open, and below the end.
        let open = self.open.iter().take_while(|offset| *offset < self.finished_end);
        let open = open.map(|offset| offset..offset + 1);
        Map::new(watermark, self.finished_end, open.chain(self.restored.holes().cloned()), self.parked)
    }

    fn fitting(&self, map: &Map) -> Option<String> {
        let mut text = encode(map);
        if planted::is(Bug::CutMap) {
            text = text.chars().take(self.limit_units).collect();
        }
        (text.encode_utf16().count() <= self.limit_units).then_some(text)
    }

    /// Has the next commit differ from what the assignment started with, whatever becomes of records: the start is not
    /// what is committed.
    pub fn touch(&mut self) {
        self.revision += 1;
    }

    /// Whether the next commit would differ from the last one that was acknowledged, or from what the
    /// assignment started with.
    pub fn is_dirty(&self) -> bool {
        self.revision != self.committed_revision
    }

    /// Notes that the broker has accepted a commit.
    ///
    /// # Order
    ///
    /// Have one commit of a partition on its way at a time: of two, the older may be applied last.
    pub fn committed(&mut self, revision: u64) {
        self.committed_revision = self.committed_revision.max(revision.min(self.revision));
    }
}

#[cfg(test)]
mod tests;
