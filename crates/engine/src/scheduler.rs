//! Which ready key starts next.
//!
//! A key's virtual time grows by the time its handlers run; the ready key with the least goes first. A key that
//! becomes ready starts at `max(its own, the floor)`, the floor being the virtual time of the latest least-time
//! pick: whoever was idle has saved up nothing, and a newcomer does not start from zero (start-time fair queueing;
//! Goyal, Vin, Cheng 1996). Waiting lowers a key's effective time quadratically, up to `wait_weight` seconds after
//! `max_wait`. Only two candidates are compared, the least virtual time and the longest wait, so that a pick
//! costs O(log ready keys).

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use prosody_model::Mono;

use crate::{
    lanes::{Lane, Lanes, State},
    settings::Fairness,
};

/// The ready keys of one class.
#[derive(Debug)]
pub struct Scheduler {
    fairness: Fairness,
    /// By (virtual time, order of arrival). Entries with an old stamp are void; rebuilt before they outnumber
    /// the ready lanes, which bounds it.
    heap: BinaryHeap<Reverse<Entry>>,
    /// The same lanes in the order of waiting, as (stamp, lane), void entries included: nothing is taken out
    /// of its middle. Bounded like the heap.
    waiting: VecDeque<(u64, u32)>,
    ready: usize,
    floor: u64,
    memory: Memory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    virtual_time: u64,
    /// The lane's stamp when it became ready: also the order of arrival.
    stamp: u64,
    lane: u32,
}

impl Scheduler {
    pub fn new(fairness: Fairness) -> Self {
        Self {
            fairness,
            heap: BinaryHeap::new(),
            waiting: VecDeque::new(),
            ready: 0,
            floor: 0,
            memory: Memory::new(fairness.remembered_keys),
        }
    }

    /// Ready keys.
    pub fn ready(&self) -> usize {
        self.ready
    }

    /// Gives a new lane the virtual time that its key had when it last ran dry.
    pub fn welcome(&self, lane: &mut Lane) {
        lane.virtual_time = self.memory.recall(lane.hash);
    }

    /// Keeps the virtual time of a key that has no more records.
    pub fn farewell(&mut self, lane: &Lane) {
        // One that is not ahead of the floor would start at the floor anyway.
        if lane.virtual_time > self.floor {
            self.memory.keep(lane.hash, lane.virtual_time);
        }
    }

    /// A lane has become ready.
    pub fn enter(&mut self, index: u32, lanes: &mut Lanes, now: Mono) {
        let stamp = lanes.restamp(index);
        let Some(lane) = lanes.get_mut(index) else { return };
        lane.state = State::Ready;
        lane.virtual_time = lane.virtual_time.max(self.floor);
        lane.ready_since = now;
        let entry = Entry { virtual_time: lane.virtual_time, stamp, lane: index };
        self.ready += 1;
        if self.heap.len() >= 64 + 2 * self.ready {
            self.heap.retain(|Reverse(entry)| live(entry.stamp, entry.lane, lanes));
        }
        if self.waiting.len() >= 64 + 2 * self.ready {
            self.waiting.retain(|&(stamp, lane)| live(stamp, lane, lanes));
        }
        self.heap.push(Reverse(entry));
        self.waiting.push_back((stamp, index));
    }

    /// A ready lane leaves without being picked.
    pub fn leave(&mut self, index: u32, lanes: &mut Lanes) {
        lanes.restamp(index);
        self.ready -= 1;
    }

    /// Takes the lane that goes next out of the ready ones.
    pub fn pick(&mut self, lanes: &mut Lanes, now: Mono) -> Option<u32> {
        let least = self.least(lanes)?;
        let longest = self.longest(lanes)?;
        let index = if longest != least
            && self.effective(longest, lanes, now)? < self.effective(least, lanes, now)?
        {
            longest
        } else {
            self.heap.pop();
            self.floor = self.floor.max(lanes.get(least)?.virtual_time);
            least
        };
        self.leave(index, lanes);
        Some(index)
    }

    /// The ready lane with the least virtual time; clears void entries on the way.
    fn least(&mut self, lanes: &Lanes) -> Option<u32> {
        while let Some(&Reverse(entry)) = self.heap.peek() {
            if live(entry.stamp, entry.lane, lanes) {
                return Some(entry.lane);
            }
            self.heap.pop();
        }
        None
    }

    /// The ready lane that has waited longest; clears void entries on the way.
    fn longest(&mut self, lanes: &Lanes) -> Option<u32> {
        while let Some(&(stamp, lane)) = self.waiting.front() {
            if live(stamp, lane, lanes) {
                return Some(lane);
            }
            self.waiting.pop_front();
        }
        None
    }

    /// Virtual time less urgency, in seconds.
    fn effective(&self, index: u32, lanes: &Lanes, now: Mono) -> Option<f64> {
        let lane = lanes.get(index)?;
        let longest = self.fairness.max_wait.as_secs_f64().max(1e-9);
        let share = (now.since(lane.ready_since).as_secs_f64() / longest).min(1.0);
        let ahead = lane.virtual_time.saturating_sub(self.floor) as f64 / 1e9;
        Some(ahead - self.fairness.wait_weight * share * share)
    }
}

/// Whether the lane is still ready since it got this stamp.
fn live(stamp: u64, lane: u32, lanes: &Lanes) -> bool {
    lanes.get(lane).is_some_and(|lane| lane.stamp == stamp)
}

/// Virtual times of keys without records: direct-mapped, a newer key replaces an older one in its place.
#[derive(Debug)]
struct Memory {
    entries: Box<[(u64, u64)]>,
}

impl Memory {
    fn new(keys: usize) -> Self {
        Self { entries: vec![(0, 0); keys.max(1).next_power_of_two()].into_boxed_slice() }
    }

    fn place(&self, hash: u64) -> usize {
        hash as usize & (self.entries.len() - 1)
    }

    fn recall(&self, hash: u64) -> u64 {
        let (kept, virtual_time) = self.entries[self.place(hash)];
        if kept == hash { virtual_time } else { 0 }
    }

    fn keep(&mut self, hash: u64, virtual_time: u64) {
        let place = self.place(hash);
        self.entries[place] = (hash, virtual_time);
    }
}

#[cfg(test)]
mod tests;
