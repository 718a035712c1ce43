//! The records in hand, in slots that are re-used.
//!
//! Bound: what the budgets admit (`max_uncommitted`, `max_concurrency`, parked records up to
//! `max_buffered_bytes`). A slot is freed when its record is finished, dropped with its partition, or its late
//! call has settled.

use prosody_model::{Epoch, EventId, Mono, PartitionIndex, Record};

use crate::{explanation::ParkedReason, offsets::Seq};

/// "No slot" in the links below.
pub const NIL: u32 = u32::MAX;

/// Where an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// In its lane's queue.
    Queued,
    /// Its handler runs.
    Open,
    /// Its dead letter is on its way.
    Posted,
    /// Its handler has returned, and it waits to be marked.
    Unmarked,
}

/// One record in hand.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Event {
    /// Only its position and key unless `body` is [`Body::Here`].
    pub record: Record,
    pub body: Body,
    pub lane: u32,
    pub partition: PartitionIndex,
    pub epoch: Epoch,
    /// Its place in the partition's tracker.
    pub seq: Seq,
    /// Handler calls so far.
    pub attempts: u32,
    /// When its first call was started.
    pub first_attempt: Mono,
    /// Its id among those that are known; [`NIL`] without one.
    pub ticket: u32,
    /// It is run even if its id was processed.
    pub run_if_seen: bool,
    /// Whether it counts against `max_uncommitted` now.
    pub counted: bool,
    pub stage: Stage,
    /// When its call was started.
    pub started: Mono,
    /// Whether a failure has parked its key, the count of `max_uncommitted` aside.
    pub deferred: bool,
    /// Not to be tried again before, as its handler has asked.
    pub not_before: Mono,
    /// Whether its call was asked to stop.
    pub aborted: bool,
    /// Whether its mark has come before the outcome of its call.
    pub marked: bool,
    /// Why its key waits, while it does.
    pub parked: ParkedReason,
    /// What it failed with last, for people.
    pub error: Option<Box<LastError>>,
    /// Once it is given up: only its dead letter is to be sent.
    pub letter: Option<Box<Letter>>,
}

/// Where the value and headers of a record are; see `engine/giving.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// In memory.
    Here,
    /// In the log only. So large it was, and so often it could not be read again.
    Away { size: u32, failures: u32 },
    /// Asked for; there is room for it.
    Asked { size: u32, failures: u32 },
    /// Nowhere any more; `letter` says why.
    Gone,
}

/// The beginning of an error's text. Behind a pointer of its own: few records ever have one.
#[derive(Debug)]
pub struct LastError(pub Box<str>);

/// Why a record was given up, and how often its dead letter could not be sent, or was refused as too large.
#[derive(Debug)]
pub struct Letter {
    pub reason: String,
    pub failures: u32,
    pub too_large: u32,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    /// The next event of the lane's queue, or the next free slot.
    next: u32,
    /// Neighbours among the open calls, by time of start.
    older: u32,
    newer: u32,
    event: Option<Event>,
}

/// All records in hand, and the open calls among them in order of their start.
#[derive(Debug)]
pub struct Events {
    slots: Vec<Slot>,
    first: u32,
    free: u32,
    oldest: u32,
    newest: u32,
    length: usize,
}

impl Events {
    /// `first` is the generation of every new slot. Each consumer has another one, so that the late outcome of a
    /// call which an earlier consumer of this process started names none of this one's events.
    pub fn new(first: u32) -> Self {
        Self { slots: Vec::new(), first, free: NIL, oldest: NIL, newest: NIL, length: 0 }
    }

    /// Events in hand.
    pub fn len(&self) -> usize {
        self.length
    }

    pub fn insert(&mut self, event: Event) -> u32 {
        self.length += 1;
        if self.free == NIL {
            let slot = Slot { generation: self.first, next: NIL, older: NIL, newer: NIL, event: Some(event) };
            self.slots.push(slot);
            return self.slots.len() as u32 - 1;
        }
        let index = self.free;
        let slot = &mut self.slots[index as usize];
        self.free = slot.next;
        slot.next = NIL;
        slot.event = Some(event);
        index
    }

    /// Frees the slot; its id is not valid any more.
    pub fn remove(&mut self, index: u32) -> Option<Event> {
        let slot = &mut self.slots[index as usize];
        let event = slot.event.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        slot.next = self.free;
        self.free = index;
        self.length -= 1;
        Some(event)
    }

    pub fn get(&self, index: u32) -> Option<&Event> {
        self.slots.get(index as usize)?.event.as_ref()
    }

    pub fn get_mut(&mut self, index: u32) -> Option<&mut Event> {
        self.slots.get_mut(index as usize)?.event.as_mut()
    }

    pub fn id(&self, index: u32) -> EventId {
        let generation = self.slots.get(index as usize).map_or(0, |slot| slot.generation);
        EventId { index, generation }
    }

    /// The slot of `id`, if the event is still the one that the id was given to.
    pub fn find(&self, id: EventId) -> Option<u32> {
        let slot = self.slots.get(id.index as usize)?;
        (slot.generation == id.generation && slot.event.is_some()).then_some(id.index)
    }

    pub fn next(&self, index: u32) -> u32 {
        self.slots[index as usize].next
    }

    pub fn set_next(&mut self, index: u32, next: u32) {
        self.slots[index as usize].next = next;
    }

    /// Puts a call that starts now behind all that run.
    pub fn open(&mut self, index: u32) {
        let newest = self.newest;
        let slot = &mut self.slots[index as usize];
        (slot.older, slot.newer) = (newest, NIL);
        if newest == NIL {
            self.oldest = index;
        } else {
            self.slots[newest as usize].newer = index;
        }
        self.newest = index;
    }

    /// Takes a call out of the order of starts.
    pub fn close(&mut self, index: u32) {
        let Slot { older, newer, .. } = self.slots[index as usize];
        if older == NIL {
            if self.oldest != index {
                return; // not in the list: its deadline has been served
            }
            self.oldest = newer;
        } else {
            self.slots[older as usize].newer = newer;
        }
        if newer == NIL {
            self.newest = older;
        } else {
            self.slots[newer as usize].older = older;
        }
        let slot = &mut self.slots[index as usize];
        (slot.older, slot.newer) = (NIL, NIL);
    }

    /// The call that has run longest of those whose deadline has not been served.
    pub fn oldest(&self) -> Option<u32> {
        (self.oldest != NIL).then_some(self.oldest)
    }

    /// Every event in hand.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Event)> {
        self.slots.iter().enumerate().filter_map(|(i, slot)| Some((i as u32, slot.event.as_ref()?)))
    }
}

#[cfg(test)]
mod tests;
