//! The ready keys of one class, and which of them starts next.
//!
//! A key's virtual time grows by the time its handlers run; the ready key with the least goes first. A key that
//! becomes ready starts at `max(its own, the floor)`, the floor being the virtual time of the latest least-time
//! pick: whoever was idle has saved up nothing, and a newcomer does not start from zero (start-time fair queueing;
//! Goyal, Vin, Cheng 1996). Waiting lowers a key's effective time quadratically, up to `wait_weight` seconds after
//! `max_wait`. Only three candidates are compared, so that a pick costs O(log ready keys): the least virtual time;
//! the longest wait of those whose urgency still grows; and of those who have waited for `max_wait`, the least
//! virtual time again. Without the third, one key far ahead would stay the longest waiting, never go first, and
//! take the urgency of everybody behind it.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
};

use prosody_model::Mono;

use crate::{lanes::Lanes, settings::Fairness};

/// The ready keys of one class.
#[derive(Debug)]
pub struct Ready {
    fairness: Fairness,
    /// By (virtual time, order of arrival). Entries with an old stamp are void; rebuilt before they outnumber
    /// the ready lanes, which bounds it.
    pub heap: BinaryHeap<Reverse<Entry>>,
    /// The same lanes in the order of waiting, as (stamp, lane), void entries included: nothing is taken out
    /// of its middle. Bounded like the heap.
    pub waiting: VecDeque<(u64, u32)>,
    /// Those whose urgency is full, taken off the front of `waiting`: the wait tells them apart no more, the
    /// virtual time does. Bounded like the heap.
    pub urgent: BinaryHeap<Reverse<Entry>>,
    length: usize,
    floor: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    virtual_time: u64,
    /// The lane's stamp when it became ready: also the order of arrival.
    stamp: u64,
    lane: u32,
}

impl Ready {
    pub fn new(fairness: Fairness) -> Self {
        Self {
            fairness,
            heap: BinaryHeap::new(),
            waiting: VecDeque::new(),
            urgent: BinaryHeap::new(),
            length: 0,
            floor: 0,
        }
    }

    /// Ready keys.
    pub fn len(&self) -> usize {
        self.length
    }

    /// The virtual time below which nobody starts.
    pub fn floor(&self) -> u64 {
        self.floor
    }

    /// A lane has become ready, with this virtual time and this new stamp.
    pub fn enter(&mut self, lane: u32, virtual_time: u64, stamp: u64, lanes: &Lanes) {
        self.length += 1;
        if self.heap.len() >= 64 + 2 * self.length {
            self.heap.retain(|Reverse(entry)| live(entry.stamp, entry.lane, lanes));
        }
        if self.waiting.len() >= 64 + 2 * self.length {
            self.waiting.retain(|&(stamp, lane)| live(stamp, lane, lanes));
        }
        self.heap.push(Reverse(Entry { virtual_time, stamp, lane }));
        self.waiting.push_back((stamp, lane));
    }

    /// A ready lane leaves without being picked.
    pub fn leave(&mut self, lane: u32, lanes: &mut Lanes) {
        lanes.restamp(lane);
        self.length -= 1;
    }

    /// Takes the lane that goes next out of the ready ones.
    pub fn pick(&mut self, lanes: &mut Lanes, now: Mono) -> Option<u32> {
        let least = first_live(&mut self.heap, lanes)?;
        let longest = self.longest(lanes, now);
        let urgent = first_live(&mut self.urgent, lanes);
        let mut picked = least;
        for candidate in [longest, urgent].into_iter().flatten().filter(|&lane| lane != least) {
            if self.effective(candidate, lanes, now)? < self.effective(picked, lanes, now)? {
                picked = candidate;
            }
        }
        if picked == least {
            self.heap.pop();
            self.floor = self.floor.max(lanes.get(least)?.virtual_time);
        }
        self.leave(picked, lanes);
        Some(picked)
    }

    /// Of the ready lanes whose urgency still grows, the one that has waited longest; clears void entries and
    /// those of full urgency on the way.
    fn longest(&mut self, lanes: &Lanes, now: Mono) -> Option<u32> {
        while let Some(&(stamp, index)) = self.waiting.front() {
            if let Some(lane) = lanes.get(index).filter(|lane| lane.stamp == stamp) {
                if now.since(lane.waits_since()) < self.fairness.max_wait {
                    return Some(index);
                }
                if self.urgent.len() >= 64 + 2 * self.length {
                    self.urgent.retain(|Reverse(entry)| live(entry.stamp, entry.lane, lanes));
                }
                self.urgent.push(Reverse(Entry { virtual_time: lane.virtual_time, stamp, lane: index }));
            }
            self.waiting.pop_front();
        }
        None
    }

    /// Virtual time less urgency, in seconds.
    fn effective(&self, index: u32, lanes: &Lanes, now: Mono) -> Option<f64> {
        let lane = lanes.get(index)?;
        let longest = self.fairness.max_wait.as_secs_f64().max(1e-9);
        let share = (now.since(lane.waits_since()).as_secs_f64() / longest).min(1.0);
        let ahead = lane.virtual_time.saturating_sub(self.floor) as f64 / 1e9;
        Some(ahead - self.fairness.wait_weight * share * share)
    }
}

/// The lane of the first entry that is not void; clears void ones on the way.
fn first_live(heap: &mut BinaryHeap<Reverse<Entry>>, lanes: &Lanes) -> Option<u32> {
    while let Some(&Reverse(entry)) = heap.peek() {
        if live(entry.stamp, entry.lane, lanes) {
            return Some(entry.lane);
        }
        heap.pop();
    }
    None
}

/// Whether the lane is still ready since it got this stamp.
fn live(stamp: u64, lane: u32, lanes: &Lanes) -> bool {
    lanes.get(lane).is_some_and(|lane| lane.stamp == stamp)
}
