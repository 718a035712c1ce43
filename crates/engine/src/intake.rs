//! What is looked at when a record is admitted: where it comes from, its type, its id.

use prosody_identity::{Id, Identity};
use prosody_model::{PartitionIndex, Record};
use twox_hash::XxHash3_128;

use crate::{
    action::Skip,
    middleware::{filter::Filter, replay::Replay},
    planted::{self, Bug},
    settings,
};

/// What becomes of a record at the door.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    /// It goes into its lane.
    Run {
        /// A hash of its id, if it has one and ids are wanted.
        id: Option<u128>,
        /// It is run even if its id was processed.
        run_if_seen: bool,
    },
    /// It is finished without running.
    Skip(Skip),
}

/// Looks at every record once, when its offset is registered.
#[derive(Debug)]
pub struct Intake {
    /// The own group.
    group: Box<str>,
    identity: Identity,
    filter: Filter,
    digests: Digests,
}

impl Intake {
    pub fn new(group: &str, settings: &settings::Intake) -> Self {
        // A place that nobody asks for is not looked at.
        let ids = if settings.remembered_ids > 0 { &settings.ids[..] } else { &[] };
        let types = if settings.allowed_events.is_empty() { &[] } else { &settings.types[..] };
        Self {
            group: group.into(),
            identity: Identity::new(ids, types),
            filter: Filter::new(group, &settings.allowed_events),
            digests: Digests::new(group, settings),
        }
    }

    /// Partitions of one topic share their ids.
    pub fn name(&mut self, partition: PartitionIndex, topic: &str) {
        self.digests.name(partition, topic);
    }

    pub fn look(&mut self, partition: PartitionIndex, record: &Record) -> Entry {
        let replay = Replay::of(record.headers(), &self.group);
        if replay == Replay::Theirs {
            return Entry::Skip(Skip::Addressee);
        }
        // Whoever sends a record of this group again with the group's own client does not loop.
        if replay == Replay::No
            && let Some(reason) = self.filter.admit_source(record)
        {
            return Entry::Skip(reason);
        }
        let marks = self.identity.look(record);
        if let Some(reason) = self.filter.admit_type(marks.event_type) {
            return Entry::Skip(reason);
        }
        let id = marks.id.map(|id| self.digests.digest(partition, record.key(), &id));
        Entry::Run { id, run_if_seen: replay == Replay::Ours && !planted::is(Bug::ReplayMeetsItsId) }
    }
}

/// Hashes of ids: XXH3 of 128 bits, so that they mean the same in every process and version.
#[derive(Debug)]
struct Digests {
    group: String,
    version: String,
    /// By partition, what its ids are hashed with. Bound: the partitions ever assigned to this process.
    seeds: Vec<u64>,
    /// Emptied for each id; kept for its memory.
    buffer: Vec<u8>,
}

/// Room that is kept for ids and keys; what a longer one took is given back.
const KEPT: usize = 64 << 10;

impl Digests {
    fn new(group: &str, settings: &settings::Intake) -> Self {
        let (group, version) = (group.to_owned(), settings.version.clone());
        Self { group, version, seeds: Vec::new(), buffer: Vec::new() }
    }

    fn name(&mut self, partition: PartitionIndex, topic: &str) {
        let mut parts = Vec::new();
        for part in [&self.group, &self.version, topic] {
            parts.extend_from_slice(&(part.len() as u64).to_le_bytes());
            parts.extend_from_slice(part.as_bytes());
        }
        let place = partition.0 as usize;
        if self.seeds.len() <= place {
            self.seeds.resize(place + 1, 0);
        }
        self.seeds[place] = XxHash3_128::oneshot(&parts) as u64;
    }

    fn digest(&mut self, partition: PartitionIndex, key: Option<&[u8]>, id: &Id<'_>) -> u128 {
        let seed = self.seeds.get(partition.0 as usize).copied().unwrap_or_default();
        // No key has this length, so that neither key and id nor "no key" and an empty one can be mixed up.
        let length = key.map_or(u64::MAX, |key| key.len() as u64);
        self.buffer.clear();
        self.buffer.extend_from_slice(&length.to_le_bytes());
        self.buffer.extend_from_slice(key.unwrap_or_default());
        id.write(&mut self.buffer);
        let digest = XxHash3_128::oneshot_with_seed(seed, &self.buffer);
        if self.buffer.capacity() > KEPT {
            self.buffer = Vec::new();
        }
        digest
    }
}

#[cfg(test)]
mod tests;
