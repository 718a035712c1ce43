//! What holds each partition, and which keys wait: read from the state as it is, changing nothing.
//!
//! Asked for now and then by people, so it may take time in proportion to what is in hand (some 20 ms for a hundred
//! thousand parked keys); what it needs and the state does not have anyway is written down when a record fails.

use std::collections::{BTreeMap, BinaryHeap};

use prosody_model::{Mono, PartitionIndex};

use super::OVERTAKEN;
use crate::{
    engine::Engine,
    events::{self, Event, LastError, NIL},
    explanation::{
        Bound, Budgets, Explanation, KeyExplanation, ParkedReason, PartitionExplanation, RecordExplanation,
        Stage, Use, cut,
    },
    lanes::{Lane, State},
    offsets::Tracker,
    partitions::Held,
};

impl Engine {
    /// What holds each partition, and `limit` of the keys that wait.
    pub fn explain(&self, now: Mono, limit: usize) -> Explanation {
        let blocking = self.blocking();
        let mut partitions: Vec<_> = self
            .partitions
            .iter()
            .map(|held| self.explain_partition(held, blocking.get(&held.index).copied(), now))
            .collect();
        partitions.sort_unstable_by_key(|partition| partition.partition);
        Explanation {
            partitions,
            parked: self.longest_parked(limit).into_iter().filter_map(|i| self.record(i, now)).collect(),
            parked_count: self.parking.len(),
            budgets: self.budgets(),
        }
    }

    fn explain_partition(&self, held: &Held, blocking: Option<u32>, now: Mono) -> PartitionExplanation {
        let tracker = held.tracker.as_ref();
        PartitionExplanation {
            partition: held.index,
            epoch: held.epoch,
            first_unfinished: tracker.map(Tracker::watermark),
            blocking: blocking.and_then(|index| self.record(index, now)),
            unfinished: tracker.map_or(0, Tracker::open_count),
            finished_above: tracker.map_or(0, Tracker::finished_above),
            backlog: held.backlog.len(),
            completion_map: self.map_use(held),
            held: self.bound_of(held),
        }
    }

    /// The records that hold their partitions' first unfinished offsets.
    pub(super) fn blocking(&self) -> BTreeMap<PartitionIndex, u32> {
        let mut wanted: BTreeMap<_, _> = self
            .partitions
            .iter()
            .filter_map(|held| Some((held.index, (held.epoch, held.tracker.as_ref()?.lowest_open()?))))
            .collect();
        let mut found = BTreeMap::new();
        for (index, event) in self.events.iter() {
            if wanted.is_empty() {
                break;
            }
            if wanted.get(&event.partition) == Some(&(event.epoch, event.record.offset)) {
                wanted.remove(&event.partition);
                found.insert(event.partition, index);
            }
        }
        found
    }

    /// The first records of the keys that wait, those first that have been in trouble for longest.
    fn longest_parked(&self, limit: usize) -> Vec<u32> {
        // Bound: one more than asked for; the youngest is on top and leaves.
        let mut oldest = BinaryHeap::new();
        for lane in self.lanes.iter().filter(|lane| matches!(lane.state, State::Parked { .. })) {
            let Some(event) = self.events.get(lane.head()) else { continue };
            oldest.push((event.first_attempt, event.partition, event.record.offset, lane.head()));
            if oldest.len() > limit {
                oldest.pop();
            }
        }
        oldest.into_sorted_vec().into_iter().map(|(.., index)| index).collect()
    }

    fn record(&self, index: u32, now: Mono) -> Option<RecordExplanation> {
        let event = self.events.get(index)?;
        let lane = self.lanes.get(event.lane);
        let runs = lane.is_some_and(|lane| lane.open == index);
        let queue = lane.map_or(0, Lane::len);
        let given_up = || event.letter.as_ref().map(|letter| cut(&letter.reason).into());
        Some(RecordExplanation {
            partition: event.partition,
            offset: event.record.offset,
            key: event.record.key().map(KeyExplanation::new),
            stage: stage(event, lane),
            attempts: event.attempts,
            age: now.since(event.first_attempt),
            error: event.error.as_ref().map(|error| error.0.clone()).or_else(given_up),
            behind: if runs { queue } else { queue.saturating_sub(1) },
        })
    }

    /// What keeps a partition from being read on; the same questions that [`room`](Self::room) and
    /// [`reads`](Self::reads) ask.
    pub(super) fn bound_of(&self, held: &Held) -> Option<Bound> {
        if let Some(drain) = self.drain {
            return Some(Bound::Draining { until: drain.deadline });
        }
        if let Some(leaving) = held.leaving {
            return Some(Bound::Leaving { until: leaving.deadline });
        }
        if held.stopped {
            return Some(Bound::Stopped);
        }
        if held.map_full && !held.backlog.is_empty() {
            return Some(Bound::CompletionMap(self.map_use(held)));
        }
        let Budgets { max_uncommitted, records_in_hand, .. } = self.budgets();
        let bytes = Use { used: self.bytes, limit: self.bytes_to_read() };
        if bytes.used >= bytes.limit {
            return Some(Bound::MaxBufferedBytes(bytes));
        }
        if self.has_place() {
            return None;
        }
        let overtaken = records_in_hand.used >= records_in_hand.limit;
        let counts = self.scheduler.ready() > 0 || self.parking.in_place() > 0;
        Some(if overtaken && !counts {
            Bound::RecordsInHand(records_in_hand)
        } else {
            Bound::MaxUncommitted(max_uncommitted)
        })
    }

    fn map_use(&self, held: &Held) -> Use {
        let tracker = held.tracker.as_ref();
        Use {
            used: tracker.map_or(0, Tracker::units_needed),
            limit: tracker.map_or(self.settings.metadata_units, Tracker::limit),
        }
    }

    pub(super) fn budgets(&self) -> Budgets {
        let settings = &self.settings;
        Budgets {
            max_concurrency: Use { used: self.open, limit: settings.max_concurrency },
            max_uncommitted: Use { used: self.uncommitted, limit: settings.max_uncommitted },
            max_buffered_bytes: Use { used: self.bytes, limit: settings.max_buffered_bytes },
            records_in_hand: Use { used: self.uncounted(), limit: OVERTAKEN },
            records: self.events.len(),
            keys: self.lanes.len(),
            ready_keys: self.scheduler.ready(),
        }
    }

    /// Notes why a record's key is about to wait.
    pub(super) fn parks_for(&mut self, index: u32, reason: ParkedReason) {
        if let Some(event) = self.events.get_mut(index) {
            event.parked = reason;
        }
    }

    /// Notes what a record has failed with; it goes with the record.
    pub(super) fn remember_error(&mut self, index: u32, error: &str) {
        if let Some(event) = self.events.get_mut(index) {
            event.error = Some(Box::new(LastError(cut(error).into())));
        }
    }
}

fn stage(event: &Event, lane: Option<&Lane>) -> Stage {
    match (event.stage, lane.map(|lane| (lane.state, lane.open))) {
        (events::Stage::Open, _) => Stage::Running { since: event.started },
        (events::Stage::Posted, _) => Stage::DeadLetter,
        (events::Stage::Unmarked, _) => Stage::Unmarked,
        (events::Stage::Queued, Some((State::Parked { until, .. }, _))) => {
            Stage::Parked { until, reason: event.parked }
        }
        (events::Stage::Queued, Some((State::Fetching, _))) => Stage::Rereading,
        (events::Stage::Queued, Some((State::Running { .. }, open))) if open != NIL => Stage::EarlierCall,
        (events::Stage::Queued, Some((State::Ready { since }, _))) => Stage::Queued { since },
        (events::Stage::Queued, _) => Stage::Queued { since: event.first_attempt },
    }
}
