//! The keys that wait for their next attempt, by time.
//!
//! Bound: one entry a parked lane, plus entries of lanes dropped since, which leave when they come due or when
//! they outnumber the live ones.

use std::{cmp::Reverse, collections::BinaryHeap};

use prosody_model::Mono;

use crate::{
    lanes::{Lanes, State},
    planted::{self, Bug},
};

/// Parked lanes in the order in which they come due.
#[derive(Debug, Default)]
pub struct Parking {
    heap: BinaryHeap<Reverse<(Mono, u64, u32)>>,
    parked: usize,
    /// Those of them whose records count against `max_uncommitted`.
    in_place: usize,
    /// Those whose bytes stay.
    kept: usize,
}

impl Parking {
    /// Keys that wait.
    pub fn len(&self) -> usize {
        self.parked
    }

    /// Keys that wait in place: their records count.
    pub fn in_place(&self) -> usize {
        self.in_place
    }

    /// Keys that wait and whose bytes stay.
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Counts a parked lane among those whose bytes stay.
    pub fn keep(&mut self, index: u32, lanes: &mut Lanes) {
        self.set_kept(index, true, lanes);
    }

    pub fn unkeep(&mut self, index: u32, lanes: &mut Lanes) {
        self.set_kept(index, false, lanes);
    }

    fn set_kept(&mut self, index: u32, to: bool, lanes: &mut Lanes) {
        if let Some(State::Parked { kept, .. }) = lanes.get_mut(index).map(|lane| &mut lane.state)
            && *kept != to
        {
            *kept = to;
            self.kept = if to { self.kept + 1 } else { self.kept - 1 };
        }
    }

    pub fn park(&mut self, index: u32, until: Mono, uncounted: bool, lanes: &mut Lanes) {
        let stamp = lanes.restamp(index);
        if let Some(lane) = lanes.get_mut(index) {
            lane.state = State::Parked { until, uncounted, kept: false };
        }
        self.parked += 1;
        self.in_place += usize::from(!uncounted);
        if self.heap.len() >= 64 + 2 * self.parked {
            self.heap.retain(|Reverse((_, stamp, lane))| live(*lane, *stamp, lanes));
        }
        self.heap.push(Reverse((until, stamp, index)));
    }

    /// A parked lane leaves before its time.
    pub fn leave(&mut self, index: u32, lanes: &mut Lanes) {
        self.forget(index, lanes);
        lanes.restamp(index);
    }

    fn forget(&mut self, index: u32, lanes: &Lanes) {
        self.parked -= 1;
        if let Some(State::Parked { uncounted, kept, .. }) = lanes.get(index).map(|lane| lane.state) {
            self.in_place -= usize::from(!uncounted);
            self.kept -= usize::from(kept);
        }
    }

    /// Lets no lane that `which` takes, by whether it waits in place and by its first record, wait for longer than until
    /// this instant, or the one that `which` gives if that is later. O(parked lanes).
    pub fn hasten(&mut self, until: Mono, lanes: &mut Lanes, which: impl Fn(bool, u32) -> Option<Mono>) {
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        entries.retain_mut(|Reverse((at, stamp, index))| {
            let Some(lane) = lanes.get_mut(*index).filter(|lane| lane.stamp == *stamp) else { return false };
            let head = lane.head();
            if let State::Parked { until: waits, uncounted, .. } = &mut lane.state
                && let Some(earliest) = which(!*uncounted, head)
            {
                *waits = until.max(earliest).min(*waits);
                *at = *waits;
            }
            true
        });
        if planted::is(Bug::CutLosesAKey) {
            entries.pop();
        }
        self.heap = entries.into();
    }

    /// The next lane whose time has come.
    pub fn due(&mut self, now: Mono, lanes: &Lanes) -> Option<u32> {
        while let Some(&Reverse((until, stamp, lane))) = self.heap.peek() {
            let live = live(lane, stamp, lanes);
            if live && until > now {
                return None;
            }
            self.heap.pop();
            if live {
                self.forget(lane, lanes);
                return Some(lane);
            }
        }
        None
    }

    /// When the next one comes due.
    pub fn next(&self) -> Option<Mono> {
        self.heap.peek().map(|Reverse((until, ..))| *until)
    }
}

fn live(lane: u32, stamp: u64, lanes: &Lanes) -> bool {
    lanes.get(lane).is_some_and(|l| l.stamp == stamp)
}

#[cfg(test)]
mod tests;
