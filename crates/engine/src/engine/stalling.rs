//! Which partitions get nowhere.

use std::{collections::BTreeMap, time::Duration};

use prosody_model::{Mono, PartitionIndex};

use crate::{
    engine::Engine,
    events::Stage,
    explanation::{Bound, Stall},
    lanes::{Lane, State},
    offsets::Tracker,
    partitions::Held,
};

/// A map that is full for so long although calls come and go is full of what fails again and again.
const FULL: Duration = Duration::from_secs(1);

impl Engine {
    /// The partitions that have had work to run and have not seen a call end for `threshold`; and, at once, those that
    /// are not read on and of which nothing runs or can start, because what waits for its next attempt, or for its mark, uses up
    /// the completion map or the bytes.
    ///
    /// Takes time in proportion to the partitions held, and to the keys in hand only while all slots are taken.
    pub fn stalls(&self, now: Mono, threshold: Duration) -> Vec<Stall> {
        let quiet = |held: &Held| now.since(held.moved) >= threshold;
        // With a free slot, whatever is ready has started.
        let starved = if self.open >= self.settings.max_concurrency && self.partitions.iter().any(quiet) {
            self.starved(now, threshold)
        } else {
            BTreeMap::new()
        };
        let mut stalls = Vec::new();
        let all_wait = self.all_wait();
        for held in self.partitions.iter() {
            let bound = self.bound_of(held);
            let (bound, since) = if held.open > 0 && quiet(held) {
                (bound, Some(held.moved))
            } else if let Some(&waits) = starved.get(&held.index).filter(|_| quiet(held)) {
                // Before its first key was ready, it had nothing to run.
                let since = held.moved.max(waits);
                (Some(Bound::MaxConcurrency(self.budgets().max_concurrency)), Some(since))
            } else if self.is_full_of_parked(held, bound, all_wait, now) {
                (bound, None)
            } else {
                continue;
            };
            let tracker = held.tracker.as_ref();
            stalls.push(Stall {
                partition: held.index,
                epoch: held.epoch,
                bound,
                since,
                first_unfinished: tracker.map(Tracker::watermark),
                unfinished: tracker.map_or(0, Tracker::open_count),
            });
        }
        stalls
    }

    /// Of the partitions that have calls open, since when the one that has not seen a call end for longest has not.
    pub fn last_moved(&self) -> Option<Mono> {
        self.partitions.iter().filter(|held| held.open > 0).map(|held| held.moved).min()
    }

    /// The partitions with keys that have waited for a slot for `threshold`, and since when the first of them has.
    fn starved(&self, now: Mono, threshold: Duration) -> BTreeMap<PartitionIndex, Mono> {
        let mut starved: BTreeMap<PartitionIndex, Mono> = BTreeMap::new();
        for lane in self.lanes.iter() {
            if let State::Ready { since } = lane.state
                && now.since(since) >= threshold
            {
                let first = starved.entry(lane.partition).or_insert(since);
                *first = since.min(*first);
            }
        }
        starved
    }

    /// Whether all that is in hand waits for its next attempt or its mark.
    fn all_wait(&self) -> bool {
        self.parking.len() + self.unmarked() > 0
            && self.open == 0
            && self.scheduler.ready() == 0
            && self.giving.is_idle()
            && self.partitions.iter().all(|held| held.posted == 0)
    }

    /// Whether a partition waits for nothing but the time of its parked keys, or of anybody's.
    fn is_full_of_parked(&self, held: &Held, bound: Option<Bound>, all_wait: bool, now: Mono) -> bool {
        match bound {
            Some(Bound::CompletionMap(_)) => {
                (held.open + held.posted == 0 && !self.may_start(held.index))
                    || (now.since(held.full_since) >= FULL && self.is_held_by_a_failure(held))
            }
            Some(Bound::MaxBufferedBytes(_) | Bound::RecordsInHand(_)) => all_wait,
            _ => false,
        }
    }

    /// Whether the first unfinished record has failed, or waits for its mark: an attempt that runs now does not count.
    fn is_held_by_a_failure(&self, held: &Held) -> bool {
        let first = self.blocking().get(&held.index).and_then(|&index| self.events.get(index));
        first.is_some_and(|event| event.attempts > u32::from(event.stage == Stage::Open))
    }

    fn may_start(&self, partition: PartitionIndex) -> bool {
        let may = |lane: &Lane| matches!(lane.state, State::Ready { .. } | State::Fetching);
        (self.scheduler.ready() > 0 || !self.giving.is_idle())
            && self.lanes.iter().any(|lane| lane.partition == partition && may(lane))
    }
}
