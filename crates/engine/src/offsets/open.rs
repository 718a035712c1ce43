//! The open records of a partition, in offset order: a list threaded through a slab.
//!
//! A record goes in at the back and comes out anywhere, both by index, so nothing is searched or moved and
//! a finished record leaves nothing behind.

/// An open record of a tracker, the handle to finish it with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seq {
    slot: u32,
    offset: i64,
}

impl Seq {
    /// The record's offset.
    pub fn offset(self) -> i64 {
        self.offset
    }
}

const NONE: u32 = u32::MAX;
/// The offset of a slot that holds no record. No record has it.
const VACANT: i64 = i64::MIN;

#[derive(Debug, Clone, Copy)]
struct Slot {
    offset: i64,
    previous: u32,
    /// The next open record; for a vacant slot, the next vacant one.
    next: u32,
}

#[derive(Debug, Clone)]
pub(super) struct OpenList {
    /// As many as were ever open at once, sixteen bytes each. The tracker's room bounds that number, as each
    /// open record takes at least a bit of it: under 61,353 with 4,096 units, under 163,763 with any limit.
    /// `remove` makes a slot vacant, `push` uses it again.
    slots: Vec<Slot>,
    first: u32,
    last: u32,
    vacant: u32,
    len: usize,
}

impl OpenList {
    pub(super) fn new() -> Self {
        Self { slots: Vec::new(), first: NONE, last: NONE, vacant: NONE, len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn first(&self) -> Option<i64> {
        self.slots.get(self.first as usize).map(|slot| slot.offset)
    }

    /// All open offsets, rising.
    pub(super) fn iter(&self) -> impl Iterator<Item = i64> {
        let mut at = self.first;
        std::iter::from_fn(move || {
            let slot = self.slots.get(at as usize)?;
            at = slot.next;
            Some(slot.offset)
        })
    }

    /// Appends an offset above all that are open.
    pub(super) fn push(&mut self, offset: i64) -> Seq {
        let slot = Slot { offset, previous: self.last, next: NONE };
        let index = self.vacant;
        let index = if let Some(vacant) = self.slots.get_mut(index as usize) {
            self.vacant = vacant.next;
            *vacant = slot;
            index
        } else {
            self.slots.push(slot);
            (self.slots.len() - 1) as u32
        };
        match self.slots.get_mut(self.last as usize) {
            Some(last) => last.next = index,
            None => self.first = index,
        }
        self.last = index;
        self.len += 1;
        Seq { slot: index, offset }
    }

    /// Takes a record out; false when it is no longer in, whoever holds its slot now.
    pub(super) fn remove(&mut self, seq: Seq) -> bool {
        let Some(slot) = self.slots.get_mut(seq.slot as usize) else { return false };
        if slot.offset != seq.offset {
            return false;
        }
        let Slot { previous, next, .. } = *slot;
        *slot = Slot { offset: VACANT, previous: NONE, next: self.vacant };
        self.vacant = seq.slot;
        match self.slots.get_mut(previous as usize) {
            Some(previous) => previous.next = next,
            None => self.first = next,
        }
        match self.slots.get_mut(next as usize) {
            Some(next) => next.previous = previous,
            None => self.last = previous,
        }
        self.len -= 1;
        true
    }
}

#[cfg(test)]
mod tests;
