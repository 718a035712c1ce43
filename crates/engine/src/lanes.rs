//! One lane per (topic, partition, key): a queue, and whether it may start a record.
//!
//! ```text
//!            push                 pick                 settle, queue empty
//!   (none) ───────▶ Ready ───────────────▶ Running ─────────────────────────▶ (none)
//!                     ▲                      │  │
//!                     │ due                  │  └── settle, queue not empty ──▶ Ready
//!                     └────────── Parked ◀───┘ settle, to be tried again
//! ```
//!
//! A lane outlives the epoch of its records while a late call of it is open: `Running` is what keeps a key from
//! starting twice in one process. Bound: one lane per event in hand at most; a lane goes with its last event.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use prosody_model::{Mono, PartitionIndex};
use std::{hash::BuildHasher, num::NonZeroU64};

use crate::{
    events::{Events, NIL},
    scheduler::Class,
};

/// What a lane may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Has records and waits for a slot since then.
    Ready { since: Mono },
    /// One call is open, one dead letter is on its way, or one record waits to be marked. What its class was charged for it, in nanoseconds, if it was.
    Running { charged: Option<NonZeroU64> },
    /// Its first record waits for its next attempt; with `uncounted`, outside `max_uncommitted`.
    /// With `kept`, among those whose bytes stay.
    Parked { until: Mono, uncounted: bool, kept: bool },
    /// Its first record is being read again.
    Fetching,
}

/// The queue of one key.
#[derive(Debug)]
pub struct Lane {
    pub partition: PartitionIndex,
    /// Hash of partition and key; names the key where its bytes are not at hand.
    pub hash: u64,
    key: Key,
    pub state: State,
    head: u32,
    tail: u32,
    length: u32,
    /// The event that runs, in the sense of [`State::Running`].
    pub open: u32,
    /// Handler time used, in nanoseconds; see the scheduler.
    pub virtual_time: u64,
    /// The class that it is or was last ready in; while its call is open, that call's.
    pub class: Class,
    /// Changes whenever the lane enters or leaves `Ready` or `Parked`: entries made before are void.
    pub stamp: u64,
    /// Whether bytes of its records were given up.
    pub away: bool,
}

/// What a lane is looked up by. Most keys are short, and kept here: comparing them then touches neither an event
/// nor its record, which are seldom in the processor's cache.
#[derive(Clone, Copy, Debug)]
enum Key {
    /// A record without a key has a lane of its own that nobody looks up.
    None,
    Short {
        length: u8,
        bytes: [u8; SHORT],
    },
    /// The events of the lane have it.
    Long,
}

/// Bytes of a key that are kept in its lane: a UUID's text fits.
const SHORT: usize = 36;

impl Key {
    fn new(key: Option<&[u8]>) -> Self {
        let Some(key) = key else { return Self::None };
        let mut bytes = [0; SHORT];
        let Some(start) = bytes.get_mut(..key.len()) else { return Self::Long };
        start.copy_from_slice(key);
        Self::Short { length: key.len() as u8, bytes }
    }
}

/// All lanes.
#[derive(Debug)]
pub struct Lanes {
    slots: Vec<Option<Lane>>,
    free: Vec<u32>,
    table: HashTable<u32>,
    hasher: FixedState,
    /// The latest stamp. Never given twice, so that a re-used index never matches an old entry.
    stamps: u64,
}

impl Lanes {
    pub fn new(seed: u64) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            table: HashTable::new(),
            hasher: FixedState::with_seed(seed),
            stamps: 0,
        }
    }

    pub fn get(&self, index: u32) -> Option<&Lane> {
        self.slots.get(index as usize)?.as_ref()
    }

    /// The first record of a lane's queue; [`NIL`] if it has none.
    pub fn head(&self, index: u32) -> u32 {
        self.get(index).map_or(NIL, Lane::head)
    }

    pub fn get_mut(&mut self, index: u32) -> Option<&mut Lane> {
        self.slots.get_mut(index as usize)?.as_mut()
    }

    pub fn hash(&self, partition: PartitionIndex, key: Option<&[u8]>) -> u64 {
        self.hasher.hash_one((partition.0, key))
    }

    /// The lane of a key, if it has records in hand.
    pub fn find(&self, partition: PartitionIndex, key: &[u8], hash: u64, events: &Events) -> Option<u32> {
        let same = |&index: &u32| {
            self.get(index).is_some_and(|lane| {
                lane.hash == hash && lane.partition == partition && lane.has_key(key, events)
            })
        };
        self.table.find(hash, same).copied()
    }

    /// A new lane without records.
    pub fn create(&mut self, partition: PartitionIndex, hash: u64, key: Option<&[u8]>) -> u32 {
        self.stamps += 1;
        let lane = Lane {
            partition,
            hash,
            key: Key::new(key),
            state: State::Ready { since: Mono::default() },
            head: NIL,
            tail: NIL,
            length: 0,
            open: NIL,
            virtual_time: 0,
            class: Class::Fresh,
            stamp: self.stamps,
            away: false,
        };
        let index = if let Some(index) = self.free.pop() {
            self.slots[index as usize] = Some(lane);
            index
        } else {
            self.slots.push(Some(lane));
            self.slots.len() as u32 - 1
        };
        if key.is_some() {
            let slots = &self.slots;
            self.table.insert_unique(hash, index, |&i| slots[i as usize].as_ref().map_or(0, |l| l.hash));
        }
        index
    }

    /// Removes a lane that has no record left.
    pub fn remove(&mut self, index: u32) {
        let Some(lane) = self.slots.get_mut(index as usize).and_then(Option::take) else { return };
        if !matches!(lane.key, Key::None)
            && let Ok(entry) = self.table.find_entry(lane.hash, |&i| i == index)
        {
            entry.remove();
        }
        self.free.push(index);
    }

    /// Gives the lane a stamp that no entry carries yet, above all earlier ones.
    pub fn restamp(&mut self, index: u32) -> u64 {
        self.stamps += 1;
        let stamp = self.stamps;
        if let Some(lane) = self.get_mut(index) {
            lane.stamp = stamp;
        }
        stamp
    }

    pub fn iter(&self) -> impl Iterator<Item = &Lane> {
        self.slots.iter().flatten()
    }

    /// The indices of all lanes of a partition.
    pub fn of_partition(&self, partition: PartitionIndex) -> Vec<u32> {
        let slots = self.slots.iter().enumerate();
        slots
            .filter(|(_, lane)| lane.as_ref().is_some_and(|l| l.partition == partition))
            .map(|(index, _)| index as u32)
            .collect()
    }

    /// Lanes with records that wait and do not count: first the parked ones, the last due first, then those that wait
    /// behind a call.
    pub fn by_end_of_wait(&self) -> Vec<u32> {
        let wait = |lane: &Lane| match lane.state {
            State::Parked { until, uncounted: true, .. } => Some((1, until)),
            State::Running { .. } if lane.head != NIL => Some((0, Mono::default())),
            _ => None,
        };
        let slots = self.slots.iter().enumerate();
        let mut lanes: Vec<_> =
            slots.filter_map(|(index, lane)| Some((wait(lane.as_ref()?)?, index as u32))).collect();
        lanes.sort_unstable_by(|one, other| other.cmp(one));
        lanes.into_iter().map(|(_, index)| index).collect()
    }

    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

impl Lane {
    fn has_key(&self, key: &[u8], events: &Events) -> bool {
        match &self.key {
            Key::None => false,
            Key::Short { length, bytes } => bytes.get(..usize::from(*length)) == Some(key),
            Key::Long => {
                let event = if self.open == NIL { self.head } else { self.open };
                events.get(event).and_then(|event| event.record.key()) == Some(key)
            }
        }
    }

    /// Since when it waits for a slot.
    pub fn waits_since(&self) -> Mono {
        if let State::Ready { since } = self.state { since } else { Mono::default() }
    }

    /// What names the key, if there is one.
    pub fn key_hash(&self) -> Option<u64> {
        (!matches!(self.key, Key::None)).then_some(self.hash)
    }

    pub fn is_empty(&self) -> bool {
        self.head == NIL
    }

    /// Records in the queue, the one that runs aside.
    pub fn len(&self) -> usize {
        self.length as usize
    }

    /// The first record of the queue.
    pub fn head(&self) -> u32 {
        self.head
    }

    /// The last record of the queue.
    pub fn tail(&self) -> u32 {
        self.tail
    }

    pub fn push_back(&mut self, event: u32, events: &mut Events) {
        self.length += 1;
        events.set_next(event, NIL);
        if self.tail == NIL {
            self.head = event;
        } else {
            events.set_next(self.tail, event);
        }
        self.tail = event;
    }

    pub fn push_front(&mut self, event: u32, events: &mut Events) {
        self.length += 1;
        events.set_next(event, self.head);
        if self.tail == NIL {
            self.tail = event;
        }
        self.head = event;
    }

    pub fn pop_front(&mut self, events: &mut Events) -> Option<u32> {
        if self.head == NIL {
            return None;
        }
        let event = self.head;
        self.length -= 1;
        self.head = events.next(event);
        if self.head == NIL {
            self.tail = NIL;
        }
        events.set_next(event, NIL);
        Some(event)
    }
}

#[cfg(test)]
mod tests;
