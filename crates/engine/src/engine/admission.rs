//! From a record that was read to a place in its key's lane.

use hashbrown::HashMap;
use prosody_model::{Epoch, Mono, PartitionIndex, Record};

use crate::{
    action::{Action, Observation, Skip},
    engine::Engine,
    events::{Body, Event, Stage},
    explanation::ParkedReason,
    input::Assignment,
    intake::Entry,
    lanes::State,
    offsets::{Admission, Tracker, decode},
    partitions::Held,
    planted::{self, Bug},
    scheduler::Class,
};

/// What became of a record that was offered.
enum Offered {
    /// It is in a lane, or needs none.
    Taken,
    /// A bound is reached.
    Wait(Record),
}

impl Engine {
    pub(super) fn assign(&mut self, assignment: Assignment, now: Mono, out: &mut Vec<Action>) {
        let Assignment { epoch, partition, committed, metadata, moved } = assignment;
        if let Some(before) = self.partitions.epoch_of(partition) {
            // Nobody told us that the earlier assignment is over; this one says so.
            self.lose(&[before], out);
        }
        let tracker = committed.map(|offset| {
            let map = decode(&metadata, offset);
            if map.is_some() {
                out.push(Action::Observe(Box::new(Observation::Restored { partition, committed: offset })));
            }
            let mut tracker = Tracker::new(offset, map, self.settings.metadata_units);
            if moved && !planted::is(Bug::ForgetTheMove) {
                tracker.touch();
                self.dirty = true;
            }
            tracker
        });
        self.partitions.insert(Held {
            index: partition,
            epoch,
            tracker,
            backlog: std::collections::VecDeque::new(),
            open: 0,
            posted: 0,
            stopped: false,
            leaving: None,
            rereadable: false,
            asked: HashMap::default(),
            committing: None,
            map_full: false,
            full_since: now,
            moved: now,
        });
        if let Some(drain) = self.drain {
            self.begin_leaving(epoch, drain, out);
        }
    }

    pub(super) fn admit_batch(
        &mut self,
        epoch: Epoch,
        records: Vec<Record>,
        now: Mono,
        out: &mut Vec<Action>,
    ) {
        let Some(held) = self.partitions.by_epoch(epoch) else {
            self.counters.outdated += 1;
            return;
        };
        if held.leaving.is_some() || held.stopped {
            self.counters.outdated += 1;
            return;
        }
        let index = held.index;
        let mut records = records.into_iter();
        let mut rest = None;
        if held.backlog.is_empty() {
            for record in records.by_ref() {
                let size = record.size();
                self.bytes += size;
                self.typical_size = (self.typical_size * 15 + size).div_ceil(16);
                // Whether slots stay idle shows only once the ready keys have been started.
                if self.uncommitted >= self.settings.max_uncommitted {
                    rest = Some(record);
                    break;
                }
                if let Offered::Wait(record) = self.offer(index, epoch, record, now, out) {
                    rest = Some(record);
                    break;
                }
            }
        }
        self.put_back(epoch, rest, records);
    }

    /// Keeps what found no room.
    fn put_back(&mut self, epoch: Epoch, first: Option<Record>, rest: impl Iterator<Item = Record>) {
        let Some(held) = self.partitions.by_epoch(epoch) else { return };
        let was_empty = held.backlog.is_empty();
        held.backlog.extend(first);
        for record in rest {
            self.bytes += record.size();
            held.backlog.push_back(record);
        }
        if was_empty && !held.backlog.is_empty() {
            self.backlogs += 1;
        }
    }

    /// Offers the backlogs again; whether any record was taken. A partition that leaves has none.
    pub(super) fn admit_backlogs(&mut self, now: Mono, out: &mut Vec<Action>) -> bool {
        let mut moved = false;
        let mut place = 0;
        while self.has_place()
            && let Some((index, epoch, next)) = self.partitions.next_backlog(place)
        {
            place = next;
            while self.has_place()
                && let Some(held) = self.partitions.live(index, epoch)
            {
                let Some(record) = held.backlog.pop_front() else { break };
                let emptied = held.backlog.is_empty();
                if let Offered::Wait(record) = self.offer(index, epoch, record, now, out) {
                    if let Some(held) = self.partitions.live(index, epoch) {
                        held.backlog.push_front(record);
                    }
                    break;
                }
                self.backlogs -= usize::from(emptied);
                moved = true;
            }
        }
        moved
    }

    /// Takes one record, whose bytes are counted already and for which there is place, if the map allows it.
    fn offer(
        &mut self,
        index: PartitionIndex,
        epoch: Epoch,
        record: Record,
        now: Mono,
        out: &mut Vec<Action>,
    ) -> Offered {
        let size = record.size();
        let Some(held) = self.partitions.live(index, epoch) else {
            self.bytes -= size;
            return Offered::Taken;
        };
        let units = self.settings.metadata_units;
        let tracker = held.tracker.get_or_insert_with(|| Tracker::new(record.offset, None, units));
        let was_dirty = tracker.is_dirty();
        let admission = tracker.admit(record.offset);
        self.dirty |= !was_dirty && tracker.is_dirty();
        let was_full = std::mem::replace(&mut held.map_full, admission == Admission::NoRoom);
        match admission {
            Admission::Open(seq) => {
                let (id, run_if_seen) = match self.intake.look(index, &record) {
                    Entry::Run { id, run_if_seen } => (id, run_if_seen),
                    Entry::Skip(reason) => {
                        if !(planted::is(Bug::LeaveFilteredOpen) && reason == Skip::Type) {
                            tracker.finish(seq);
                        }
                        self.dirty = true;
                        self.bytes -= size;
                        self.skipped(index, record, reason, out);
                        return Offered::Taken;
                    }
                };
                let event = Event {
                    record,
                    body: Body::Here,
                    lane: 0,
                    partition: index,
                    epoch,
                    seq,
                    attempts: 0,
                    ticket: self.stack.dedup.enter(id),
                    run_if_seen,
                    first_attempt: now,
                    counted: true,
                    stage: Stage::Queued,
                    started: now,
                    deferred: false,
                    not_before: Mono::default(),
                    aborted: false,
                    marked: false,
                    parked: ParkedReason::Deferred,
                    error: None,
                    letter: None,
                };
                self.enqueue(event, now);
                self.counters.admitted += 1;
            }
            Admission::AlreadyDone => {
                self.counters.restored += 1;
                self.bytes -= size;
            }
            Admission::Stale => {
                self.counters.repeated += 1;
                self.bytes -= size;
            }
            Admission::NoRoom => {
                if !was_full {
                    held.full_since = now;
                    self.counters.map_full += 1;
                }
                return Offered::Wait(record);
            }
        }
        Offered::Taken
    }

    /// Says that a record is not run.
    pub(super) fn skipped(
        &mut self,
        partition: PartitionIndex,
        record: Record,
        reason: Skip,
        out: &mut Vec<Action>,
    ) {
        *match reason {
            Skip::Duplicate => &mut self.counters.duplicates,
            Skip::Type => &mut self.counters.filtered,
            Skip::Source => &mut self.counters.looped,
            Skip::Addressee => &mut self.counters.misaddressed,
        } += 1;
        out.push(Action::Observe(Box::new(Observation::Skipped { partition, record, reason })));
    }

    /// Puts an event at the end of its key's lane.
    fn enqueue(&mut self, mut event: Event, now: Mono) {
        let partition = event.partition;
        let key = event.record.key();
        let hash = self.lanes.hash(partition, key);
        let found = key.and_then(|key| self.lanes.find(partition, key, hash, &self.events));
        let parked =
            |lane: &u32| self.lanes.get(*lane).is_some_and(|l| matches!(l.state, State::Parked { .. }));
        let found = found.filter(|lane| !(planted::is(Bug::ParkWithoutTheKey) && parked(lane)));
        let keyed = key.is_some();
        let lane = found.unwrap_or_else(|| self.lanes.create(partition, hash, key));
        event.lane = lane;
        let parked =
            self.lanes.get(lane).is_some_and(|l| matches!(l.state, State::Parked { uncounted: true, .. }));
        event.counted = !parked && self.uncommitted < self.settings.max_uncommitted;
        self.uncommitted += usize::from(event.counted);
        let index = self.events.insert(event);
        let mut follows_one_away = false;
        if let Some(lane) = self.lanes.get_mut(lane) {
            let last = lane.away.then(|| self.events.get(lane.tail())).flatten();
            follows_one_away = last.is_some_and(|last| matches!(last.body, Body::Away { .. }));
            lane.push_back(index, &mut self.events);
            if found.is_none() && keyed {
                self.scheduler.welcome(lane);
            }
        }
        if found.is_none() {
            self.scheduler.enter(lane, Class::Fresh, &mut self.lanes, now);
        } else if follows_one_away {
            self.give(index);
        }
    }
}
