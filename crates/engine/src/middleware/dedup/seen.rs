//! Ids by their hash, and the order in which they are forgotten.
//!
//! Bound: the ids of records in hand, and as many more as were asked for at the start. The last record of an id
//! that leaves it unprocessed removes it; a processed one goes when that many others have been left after it.

use hashbrown::HashTable;

use super::Claim;
use crate::events::NIL;

/// Where an id is.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// So many records in hand carry it; one of them may be under way.
    Held { records: u32, owner: u32, processed: bool },
    /// Processed, in the list of those remembered.
    Remembered { older: u32, newer: u32 },
    /// A slot that is not in use, and the next one.
    Free { next: u32 },
}

#[derive(Debug)]
struct Slot {
    id: [u64; 2],
    stage: Stage,
}

/// All ids known.
#[derive(Debug)]
pub struct Seen {
    slots: Vec<Slot>,
    table: HashTable<u32>,
    free: u32,
    oldest: u32,
    newest: u32,
    remembered: usize,
    capacity: usize,
}

/// Part of the id is as good a hash as any.
fn hash(id: [u64; 2]) -> u64 {
    id[0]
}

impl Seen {
    pub fn new(capacity: usize) -> Self {
        let (free, oldest, newest) = (NIL, NIL, NIL);
        Self {
            slots: Vec::new(),
            table: HashTable::new(),
            free,
            oldest,
            newest,
            remembered: 0,
            capacity: capacity.min(NIL as usize / 2),
        }
    }

    /// One more record in hand carries this id.
    pub fn enter(&mut self, id: u128) -> u32 {
        let id = [id as u64, (id >> 64) as u64];
        let slots = &self.slots;
        if let Some(&slot) = self.table.find(hash(id), |&slot| slots[slot as usize].id == id) {
            match &mut self.slots[slot as usize].stage {
                Stage::Held { records, .. } => *records += 1,
                Stage::Remembered { .. } => {
                    self.unlink(slot);
                    self.slots[slot as usize].stage = Stage::Held { records: 1, owner: NIL, processed: true };
                }
                Stage::Free { .. } => {}
            }
            return slot;
        }
        let new = Slot { id, stage: Stage::Held { records: 1, owner: NIL, processed: false } };
        let slot = if let Some(Stage::Free { next }) = self.stage(self.free) {
            let slot = std::mem::replace(&mut self.free, next);
            self.slots[slot as usize] = new;
            slot
        } else {
            self.slots.push(new);
            self.slots.len() as u32 - 1
        };
        let slots = &self.slots;
        self.table.insert_unique(hash(id), slot, |&slot| hash(slots[slot as usize].id));
        slot
    }

    fn stage(&self, slot: u32) -> Option<Stage> {
        self.slots.get(slot as usize).map(|slot| slot.stage)
    }

    pub fn claim(&mut self, slot: u32, record: u32, run_if_seen: bool) -> Claim {
        match self.slots.get_mut(slot as usize).map(|slot| &mut slot.stage) {
            Some(Stage::Held { owner, .. }) if *owner == record => Claim::Own,
            Some(Stage::Held { processed: true, .. }) if !run_if_seen => Claim::Seen,
            Some(Stage::Held { owner, .. }) if *owner == NIL => {
                *owner = record;
                Claim::Own
            }
            Some(Stage::Held { .. }) => Claim::UnderWay,
            _ => Claim::Own,
        }
    }

    pub fn record(&mut self, slot: u32) {
        if let Some(Stage::Held { processed, .. }) = self.slots.get_mut(slot as usize).map(|s| &mut s.stage) {
            *processed = true;
        }
    }

    pub fn leave(&mut self, slot: u32, record: u32) {
        let Some(Stage::Held { records, owner, processed }) =
            self.slots.get_mut(slot as usize).map(|slot| &mut slot.stage)
        else {
            return;
        };
        *records -= 1;
        if *owner == record {
            *owner = NIL;
        }
        match (*records, *processed) {
            (0, true) => self.remember(slot),
            (0, false) => self.remove(slot),
            _ => {}
        }
    }

    fn remember(&mut self, slot: u32) {
        let older = self.newest;
        self.slots[slot as usize].stage = Stage::Remembered { older, newer: NIL };
        if let Some(Stage::Remembered { newer, .. }) =
            self.slots.get_mut(older as usize).map(|slot| &mut slot.stage)
        {
            *newer = slot;
        } else {
            self.oldest = slot;
        }
        self.newest = slot;
        self.remembered += 1;
        if self.remembered > self.capacity {
            let oldest = self.oldest;
            self.unlink(oldest);
            self.remove(oldest);
        }
    }

    /// Takes an id out of the list of those remembered.
    fn unlink(&mut self, slot: u32) {
        let Some(Stage::Remembered { older, newer }) = self.stage(slot) else { return };
        match self.slots.get_mut(older as usize).map(|slot| &mut slot.stage) {
            Some(Stage::Remembered { newer: link, .. }) => *link = newer,
            _ => self.oldest = newer,
        }
        match self.slots.get_mut(newer as usize).map(|slot| &mut slot.stage) {
            Some(Stage::Remembered { older: link, .. }) => *link = older,
            _ => self.newest = older,
        }
        self.remembered -= 1;
    }

    /// Forgets an id.
    fn remove(&mut self, slot: u32) {
        let id = self.slots[slot as usize].id;
        if let Ok(entry) = self.table.find_entry(hash(id), |&other| other == slot) {
            entry.remove();
        }
        self.slots[slot as usize].stage = Stage::Free { next: self.free };
        self.free = slot;
    }

    /// Ids of records in hand, and ids remembered.
    #[cfg(test)]
    pub fn len(&self) -> (usize, usize) {
        (self.table.len() - self.remembered, self.remembered)
    }
}

#[cfg(test)]
mod tests;
