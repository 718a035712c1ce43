//! What a partition holds, and what its group has committed.

use std::collections::{BTreeMap, BTreeSet};

use prosody_engine::{Commit, offsets::decode};
use prosody_model::{Record, RecordParts};

/// The records of one partition, made as they are read, with gaps between them.
pub struct Log {
    partition: usize,
    records: BTreeMap<i64, (Option<u8>, usize)>,
    next: i64,
    /// The group's commit.
    pub offset: i64,
    pub metadata: String,
    /// Whatever some epoch has finished.
    pub done: BTreeSet<i64>,
}

impl Log {
    pub fn new(partition: usize) -> Self {
        let (records, done) = (BTreeMap::new(), BTreeSet::new());
        Self { partition, records, next: 0, offset: 0, metadata: String::new(), done }
    }

    /// The first record at or above `offset`.
    pub fn read(&mut self, offset: i64) -> Record {
        if self.records.range(offset..).next().is_none() {
            let seed = (self.next as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            let at = self.next + (seed % 5).saturating_sub(2) as i64;
            let key = if (seed >> 8).is_multiple_of(5) { None } else { Some((seed >> 12) as u8 % 4) };
            self.records.insert(at.max(offset), (key, (seed >> 16) as usize % 24));
            self.next = at.max(offset) + 1;
        }
        let (&offset, &(key, size)) = self.records.range(offset..).next().unwrap();
        let (key, value) = (key.map(|key| [key]), vec![self.partition as u8; size]);
        let key = key.as_ref().map(<[u8; 1]>::as_slice);
        Record::new(RecordParts { offset, timestamp: 0, key, value: Some(&value) }, [])
    }

    /// What a commit says of `offset`: whether it is finished.
    pub fn says_done(committed: i64, metadata: &str, offset: i64) -> bool {
        let Some(map) = decode(metadata, committed) else { return offset < committed };
        offset < committed || (offset < map.end() && !map.holes().iter().any(|hole| hole.contains(&offset)))
    }

    pub fn commit(&mut self, commit: Commit) {
        assert!(
            commit.offset >= self.offset,
            "the committed offset falls: {} < {}",
            commit.offset,
            self.offset
        );
        (self.offset, self.metadata) = (commit.offset, commit.metadata);
    }

    /// A commit is right if whatever it calls finished has been finished, or holds no record.
    pub fn check(&self, committed: i64, metadata: &str) {
        for &offset in self.records.keys() {
            if Self::says_done(committed, metadata, offset) {
                assert!(self.done.contains(&offset), "commit {committed} passes unfinished record {offset}");
            }
        }
    }
}
