//! Which tickets are out, and how much they weigh.

use std::collections::VecDeque;

/// Tickets that are sent and not reported, by slot: the slot is what librdkafka carries, so no allocation goes
/// with a record. Bounded by records and bytes; `settle` and `drain` remove.
#[derive(Debug)]
pub(super) struct Ledger {
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    bytes: usize,
    max_records: usize,
    max_bytes: usize,
    /// Unsettled tickets per generation, from `oldest` on; a flush begins a new generation. Settled ones go from
    /// the front.
    generations: VecDeque<usize>,
    oldest: u64,
}

#[derive(Debug)]
struct Slot {
    ticket: u64,
    bytes: usize,
    generation: u64,
}

impl Ledger {
    pub(super) fn new(max_records: usize, max_bytes: usize) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            bytes: 0,
            max_records,
            max_bytes,
            generations: VecDeque::from([0]),
            oldest: 0,
        }
    }

    /// A slot for the ticket; `None` if the bounds are reached. One record is taken whatever it weighs.
    pub(super) fn admit(&mut self, ticket: u64, bytes: usize) -> Option<u32> {
        let out = self.out();
        if out > 0 && (out >= self.max_records || self.bytes.saturating_add(bytes) > self.max_bytes) {
            return None;
        }
        let newest = self.generations.len() - 1;
        self.generations[newest] += 1;
        self.bytes += bytes;
        let slot = Some(Slot { ticket, bytes, generation: self.oldest + newest as u64 });
        if let Some(free) = self.free.pop() {
            self.slots[free as usize] = slot;
            return Some(free);
        }
        self.slots.push(slot);
        Some((self.slots.len() - 1) as u32)
    }

    /// The ticket in a slot, which is free again; `None` if it was settled before.
    pub(super) fn settle(&mut self, slot: u32) -> Option<u64> {
        let Slot { ticket, bytes, generation } = self.slots.get_mut(slot as usize)?.take()?;
        self.free.push(slot);
        self.bytes -= bytes;
        self.generations[(generation - self.oldest) as usize] -= 1;
        while self.generations.len() > 1 && self.generations[0] == 0 {
            self.generations.pop_front();
            self.oldest += 1;
        }
        Some(ticket)
    }

    /// Ends the generation of what was admitted until now, and names it.
    pub(super) fn mark(&mut self) -> u64 {
        self.generations.push_back(0);
        let mark = self.oldest + self.generations.len() as u64 - 2;
        while self.generations.len() > 1 && self.generations[0] == 0 {
            self.generations.pop_front();
            self.oldest += 1;
        }
        mark
    }

    /// Whether everything admitted up to `mark` is settled.
    pub(super) fn reached(&self, mark: u64) -> bool {
        self.oldest > mark
    }

    pub(super) fn out(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Settles everything.
    pub(super) fn drain(&mut self) -> Vec<u64> {
        (0..self.slots.len() as u32).filter_map(|slot| self.settle(slot)).collect()
    }
}

#[cfg(test)]
mod tests;
