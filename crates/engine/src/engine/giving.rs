//! Giving up the bytes of records that wait: what they are is kept, what is in them is read again when it is their turn.
//!
//! ```text
//!            no room                  its turn                 answer
//!   Here ───────────────▶ Away ────────────────▶ Asked ───────────────────▶ Here
//!                          ▲                       │  └── gone from the log ─▶ Gone: dead letter, or the partition stops
//!                          └── could not be read ──┘
//! ```
//!
//! Only in partitions that can be read again. Of parked keys the bytes of so many as [`Settings::kept_keys`] stay, and
//! those of no more than half of the budget; a budget that is nearly full is relieved of all that waits, the last due
//! first. Records to be read again are asked for a key at a time, at most [`AHEAD`] and a quarter of the budget ahead.
//!
//! [`Settings::kept_keys`]: crate::settings::Settings::kept_keys

use std::{collections::VecDeque, time::Duration};

use prosody_model::{Epoch, Mono, Record};

use crate::{
    action::{Action, Observation, StopCause, Wanted},
    backoff,
    engine::Engine,
    events::{Body, Event, Letter, NIL},
    explanation::ParkedReason,
    input::{Reread, RereadResult},
    lanes::State,
    planted::{self, Bug},
};

/// Most records of a key that are asked for at once.
const AHEAD: usize = 256;
/// A full budget is looked through at most so often.
const RELIEF: Duration = Duration::from_millis(100);

/// What is to be read again.
#[derive(Debug, Default)]
pub struct Giving {
    /// Lanes whose first record is not here, with their stamps, in the order in which they came. Bound: one entry a
    /// lane, void ones included until they come up.
    wanted: VecDeque<(u32, u64)>,
    /// Bytes that are asked for.
    asked: usize,
    /// When a full budget is looked through again.
    relief_at: Mono,
    /// The bytes in hand after the last look.
    looked_at: usize,
}

impl Giving {
    /// Whether a key waits for room to read its records again.
    pub fn waits(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// Whether nothing is to be read again now.
    pub fn is_idle(&self) -> bool {
        self.asked == 0 && !self.waits()
    }
}

impl Event {
    /// Bytes that it counts with.
    pub fn weight(&self) -> usize {
        match self.body {
            Body::Asked { size, .. } => size as usize,
            Body::Here | Body::Away { .. } | Body::Gone => self.record.size(),
        }
    }
}

impl Engine {
    /// A lane has just been parked, the count aside: its bytes stay, or go.
    pub(super) fn keep_or_give(&mut self, lane: u32) {
        let crowded = self.bytes > self.settings.max_buffered_bytes / 2;
        let head = self.lanes.get(lane).and_then(|lane| self.events.get(lane.head()));
        // It is looked at again at once, and again: not to be read again each time.
        let twin = head.is_some_and(|head| head.parked == ParkedReason::Twin);
        if !twin && (crowded || self.parking.kept() >= self.settings.kept_keys) {
            self.give_lane(lane);
        } else {
            self.parking.keep(lane, &mut self.lanes);
        }
    }

    /// Gives up what can be of a budget that is nearly full.
    pub(super) fn relieve(&mut self, now: Mono) {
        let limit = self.settings.max_buffered_bytes;
        if self.bytes < limit - limit / 4 || now < self.giving.relief_at {
            return;
        }
        self.giving.relief_at = now.after(RELIEF);
        for lane in self.lanes.by_end_of_wait() {
            if self.bytes <= limit / 2 {
                break;
            }
            self.parking.unkeep(lane, &mut self.lanes);
            self.give_lane(lane);
        }
        self.giving.looked_at = self.bytes;
    }

    /// When a budget that holds reading is looked through again, if there is something new to give up.
    pub(super) fn relief_due(&self) -> Option<Mono> {
        let full = self.bytes >= self.bytes_to_read() && self.giving.looked_at != self.bytes;
        full.then_some(self.giving.relief_at)
    }

    /// Gives up the bytes of all records that wait in a lane and count against nothing else.
    fn give_lane(&mut self, lane: u32) {
        let mut next = self.lanes.head(lane);
        let mut given = false;
        while next != NIL {
            given |= self.give(next);
            next = self.events.next(next);
        }
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.away |= given;
        }
    }

    /// Gives up the bytes of a record that waits, if they are to be had again; whether they are gone.
    pub(super) fn give(&mut self, index: u32) -> bool {
        let Some(event) = self.events.get_mut(index) else { return false };
        if event.body != Body::Here || event.counted || event.letter.is_some() {
            return false;
        }
        if !self.partitions.live(event.partition, event.epoch).is_some_and(|held| held.rereadable) {
            return false;
        }
        let size = event.record.size();
        event.record = event.record.stub();
        event.body = Body::Away { size: u32::try_from(size).unwrap_or(u32::MAX), failures: 0 };
        self.bytes -= size - event.record.size();
        self.counters.given_up += 1;
        true
    }

    /// The first record of a lane is not here: the lane waits for it.
    pub(super) fn want(&mut self, lane: u32) {
        let stamp = self.lanes.restamp(lane);
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.state = State::Fetching;
        }
        self.giving.wanted.push_back((lane, stamp));
    }

    /// Asks for the records of the lanes that wait for them, as far as there is room; whether any lane waits no more.
    pub(super) fn ask(&mut self, now: Mono, out: &mut Vec<Action>) -> bool {
        let mut moved = false;
        while let Some(&(lane, stamp)) = self.giving.wanted.front() {
            let waits = self.lanes.get(lane).filter(|lane| lane.stamp == stamp);
            let Some(head) = waits.map(crate::lanes::Lane::head) else {
                self.giving.wanted.pop_front();
                continue;
            };
            match self.events.get(head).map_or(Body::Here, |event| event.body) {
                Body::Away { size, .. } if !self.has_room_for(size as usize) => break,
                Body::Away { .. } => self.ask_for(head, out),
                Body::Asked { .. } => {}
                Body::Here => self.make_ready(lane, now),
                Body::Gone => self.part_with(lane, now, out),
            }
            self.giving.wanted.pop_front();
            moved = true;
        }
        moved
    }

    /// One record may always be asked for, or none would ever come back.
    fn has_room_for(&self, size: usize) -> bool {
        let limit = self.settings.max_buffered_bytes;
        let asked = self.giving.asked;
        (asked == 0 && self.scheduler.ready() == 0)
            || (asked + size <= limit / 4 && self.bytes + size <= limit)
    }

    /// Asks for a record and for those that follow in its lane.
    fn ask_for(&mut self, first: u32, out: &mut Vec<Action>) {
        let Some(epoch) = self.events.get(first).map(|event| event.epoch) else { return };
        let mut wanted = Vec::new();
        let mut next = first;
        while next != NIL && wanted.len() < AHEAD {
            let index = next;
            next = self.events.next(index);
            let Some(event) = self.events.get_mut(index) else { break };
            let Body::Away { size, failures } = event.body else { continue };
            if !wanted.is_empty() && !self.has_room_for(size as usize) {
                break;
            }
            let Some(event) = self.events.get_mut(index) else { break };
            event.body = Body::Asked { size, failures };
            self.bytes += size as usize - event.record.size();
            self.giving.asked += size as usize;
            wanted.push(Wanted { offset: event.record.offset, timestamp: event.record.timestamp });
            if let Some(held) = self.partitions.live(event.partition, epoch) {
                held.asked.insert(event.record.offset, index);
            }
        }
        out.push(Action::Reread { epoch, wanted });
    }

    /// Takes in what was read again.
    pub(super) fn reread(&mut self, answer: Reread, now: Mono, out: &mut Vec<Action>) {
        let Reread { epoch, offset, result } = answer;
        let index = self.partitions.by_epoch(epoch).and_then(|held| held.asked.remove(&offset));
        let found = |event: &&mut Event| {
            event.epoch == epoch && event.record.offset == offset && matches!(event.body, Body::Asked { .. })
        };
        let Some(event) = index.and_then(|index| self.events.get_mut(index).filter(found)) else {
            self.counters.outdated += 1;
            return;
        };
        let Body::Asked { size, failures } = event.body else { return };
        let (lane, partition) = (event.lane, event.partition);
        self.bytes -= size as usize;
        self.giving.asked -= size as usize;
        event.body = Body::Away { size, failures: failures.saturating_add(1) };
        let mut failed = None;
        match result {
            RereadResult::Found(record) if is_the_same(&event.record, &record) => {
                event.record = record;
                event.body = Body::Here;
                self.counters.reread += 1;
            }
            RereadResult::Failed(reason) => failed = Some(reason),
            RereadResult::Gone(reason) => {
                event.body = Body::Gone;
                event.letter = Some(Box::new(Letter { reason, failures: 0, too_large: 0 }));
                self.counters.gone += 1;
            }
            RereadResult::Found(_) | RereadResult::Missing(_) => {
                self.bytes += event.weight();
                let cause = StopCause::Missing(match result {
                    RereadResult::Missing(reason) => reason,
                    _ => "another record is at its offset".to_owned(),
                });
                return self.stop_partition((partition, epoch), offset, cause, out);
            }
        }
        let body = event.body;
        self.bytes += event.weight();
        let waits = self
            .lanes
            .get(lane)
            .is_some_and(|waiting| waiting.state == State::Fetching && Some(waiting.head()) == index);
        match (waits, failed) {
            (true, Some(reason)) => {
                self.wait_to_reread(lane, offset, (partition, failures), reason, now, out);
            }
            (true, None) if body == Body::Here => self.make_ready(lane, now),
            (true, None) => self.part_with(lane, now, out),
            // Its turn comes, and with it another question.
            (false, _) => {}
        }
    }

    /// Tries again later.
    fn wait_to_reread(
        &mut self,
        lane: u32,
        offset: i64,
        (partition, failures): (prosody_model::PartitionIndex, u32),
        reason: String,
        now: Mono,
        out: &mut Vec<Action>,
    ) {
        self.counters.reread_failed += 1;
        if planted::is(Bug::FinishUnread) {
            return self.complete_head(lane, now);
        }
        let head = self.lanes.head(lane);
        self.parks_for(head, ParkedReason::Reread);
        self.remember_error(head, &reason);
        let wait = backoff::delay(self.settings.retry, failures.saturating_add(1), None, &mut self.rng);
        let until = now.after(wait);
        out.push(Action::Observe(Box::new(Observation::RereadDelayed { partition, offset, until, reason })));
        self.uncount(lane);
        self.parking.park(lane, until, true, &mut self.lanes);
    }

    /// Finishes the first record of a lane: a mistake to be planted.
    fn complete_head(&mut self, lane: u32, now: Mono) {
        let index = self.lanes.get_mut(lane).and_then(|lane| lane.pop_front(&mut self.events));
        if let Some(index) = index {
            self.complete(index);
        }
        self.go_on(lane, now);
    }

    /// The first record of a lane is gone from the log: a dead letter says so, or the partition stops.
    fn part_with(&mut self, lane: u32, now: Mono, out: &mut Vec<Action>) {
        if planted::is(Bug::FinishGone) {
            return self.complete_head(lane, now);
        }
        let head = self.lanes.head(lane);
        let Some(event) = self.events.get(head) else { return };
        let (partition, epoch, offset) = (event.partition, event.epoch, event.record.offset);
        // It may still be among those that wait for room, and must not be taken for one that waits to start.
        self.lanes.restamp(lane);
        if self.settings.failure_topic.is_some() {
            self.post_again(lane, out);
            return;
        }
        let reason = event.letter.as_ref().map_or_else(String::new, |letter| letter.reason.clone());
        self.stop_partition((partition, epoch), offset, StopCause::Gone(reason), out);
    }

    /// What is asked for an epoch that is over is nobody's any more.
    pub(super) fn unask(&mut self, event: &Event) {
        if let Body::Asked { size, .. } = event.body {
            self.giving.asked -= size as usize;
        }
    }

    /// This partition may be read again.
    pub(super) fn rereadable(&mut self, epoch: Epoch) {
        if let Some(held) = self.partitions.by_epoch(epoch) {
            held.rereadable = true;
            self.giving.relief_at = Mono::default();
        }
    }
}

/// Whether a record that came back is the one that was given up.
fn is_the_same(stub: &Record, record: &Record) -> bool {
    (stub.offset, stub.timestamp, stub.key()) == (record.offset, record.timestamp, record.key())
}
