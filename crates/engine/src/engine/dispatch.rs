//! From a ready lane to a handler call.

use std::time::Duration;

use prosody_model::Mono;

use crate::{
    action::{Action, Dispatch, Observation, Skip},
    engine::Engine,
    events::{Body, NIL, Stage},
    explanation::ParkedReason,
    lanes::{Lane, State},
    middleware::{Admit, Facts, Ticket},
    planted::{self, Bug},
    scheduler::{Class, Turn},
};

impl Engine {
    /// Starts calls while slots are free and keys are ready.
    pub(super) fn dispatch(&mut self, now: Mono, out: &mut Vec<Action>) {
        while self.open < self.settings.max_concurrency {
            let Some(turn) = self.scheduler.pick(&mut self.lanes, now) else { return };
            let lane = turn.lane;
            let Some(event) = self.take_head(lane) else {
                self.remove_lane(lane);
                continue;
            };
            let facts = self.facts(event);
            match self.stack.admit(&facts, now) {
                Admit::Proceed => self.start(event, turn, now, out),
                Admit::Skip(reason) => self.skip(event, lane, reason, now, out),
                Admit::Fail(reason) => self.give_up(event, lane, reason, now, out),
                Admit::Wait(until) => {
                    self.counters.twins += 1;
                    self.parks_for(event, ParkedReason::Twin);
                    self.park(event, lane, until, true);
                }
                Admit::HoldBack(until) => self.hold_back(event, lane, until, now, out),
            }
        }
    }

    fn take_head(&mut self, lane: u32) -> Option<u32> {
        self.lanes.get_mut(lane)?.pop_front(&mut self.events)
    }

    pub(super) fn facts(&self, event: u32) -> Facts {
        let Some(found) = self.events.get(event) else { return Facts::NONE };
        Facts {
            partition: found.partition,
            offset: found.record.offset,
            attempts: found.attempts,
            first_attempt: found.first_attempt,
            ticket: Ticket { id: found.ticket, record: event },
            run_if_seen: found.run_if_seen,
            key: self.lanes.get(found.lane).and_then(Lane::key_hash),
            ran: Duration::ZERO,
            deferred: found.deferred,
        }
    }

    fn start(&mut self, index: u32, turn: Turn, now: Mono, out: &mut Vec<Action>) {
        let id = self.events.id(index);
        let Some(event) = self.events.get_mut(index) else { return };
        event.stage = Stage::Open;
        if event.attempts == 0 {
            event.first_attempt = now;
        }
        event.attempts = event.attempts.saturating_add(1);
        event.started = now;
        (event.aborted, event.marked) = (false, false);
        self.uncommitted -= usize::from(std::mem::take(&mut event.counted));
        self.open += 1;
        self.counters.dispatched += 1;
        if let Some(held) = self.partitions.live(event.partition, event.epoch) {
            if held.open == 0 {
                held.moved = now;
            }
            held.open += 1;
        }
        out.push(Action::Dispatch(Dispatch {
            event: id,
            epoch: event.epoch,
            partition: event.partition,
            record: event.record.clone(),
            attempt: event.attempts,
            deadline: now.after(self.settings.timeout),
        }));
        if planted::is(Bug::AcknowledgeBeforeRunning) {
            self.finish(index);
        }
        self.events.open(index);
        if let Some(lane) = self.lanes.get_mut(turn.lane) {
            lane.open = index;
            lane.state = State::Running { charged: self.scheduler.started(turn) };
        }
    }

    /// Ends a record that is not to be run.
    fn skip(&mut self, event: u32, lane: u32, reason: Skip, now: Mono, out: &mut Vec<Action>) {
        if let Some(event) = self.events.get(event) {
            let (partition, record) = (event.partition, event.record.clone());
            self.skipped(partition, record, reason, out);
        }
        self.complete(event);
        self.go_on(lane, now);
    }

    /// Lets a key that has run too much wait with its next record. The wait is no part of how long that record has
    /// been failing.
    fn hold_back(&mut self, event: u32, lane: u32, until: Mono, now: Mono, out: &mut Vec<Action>) {
        if let Some(event) = self.events.get_mut(event) {
            event.first_attempt = event.first_attempt.after(until.since(now));
            let (partition, offset) = (event.partition, event.record.offset);
            out.push(Action::Observe(Box::new(Observation::HeldBack { partition, offset, until })));
        }
        self.counters.held_back += 1;
        self.parks_for(event, ParkedReason::Monopolized);
        self.park(event, lane, until, true);
    }

    /// Lets a lane go on to its next record after one has left it.
    pub(super) fn go_on(&mut self, lane: u32, now: Mono) {
        if self.lanes.get(lane).is_some_and(|lane| !lane.is_empty()) {
            // A record that has failed is the first of its lane, and has just left it.
            self.enter(lane, Class::Fresh, now);
        } else {
            self.remove_lane(lane);
        }
    }

    /// Lets a lane start its first record: a retry if that has failed before.
    pub(super) fn make_ready(&mut self, lane: u32, now: Mono) {
        let head = self.lanes.get(lane).and_then(|lane| self.events.get(lane.head()));
        let class = if head.is_some_and(|event| event.attempts > 0) { Class::Retry } else { Class::Fresh };
        self.enter(lane, class, now);
    }

    /// Lets a lane start its first record, once that is here.
    fn enter(&mut self, index: u32, class: Class, now: Mono) {
        let away = self.lanes.get(index).filter(|lane| lane.away);
        if away.and_then(|lane| self.events.get(lane.head())).is_some_and(|head| head.body != Body::Here) {
            return self.want(index);
        }
        self.scheduler.enter(index, class, &mut self.lanes, now);
    }

    pub(super) fn remove_lane(&mut self, lane: u32) {
        if let Some(lane) = self.lanes.get(lane) {
            self.scheduler.farewell(lane);
        }
        self.lanes.remove(lane);
    }

    /// Puts a record back at the head of its lane, which waits until `until`. With `uncounted` its records
    /// leave the count of `max_uncommitted` meanwhile.
    pub(super) fn park(&mut self, event: u32, lane: u32, until: Mono, uncounted: bool) {
        if let Some(event) = self.events.get_mut(event) {
            event.stage = Stage::Queued;
            if planted::is(Bug::RecordedWhenParked) && event.attempts > 0 {
                self.stack.dedup.record(event.ticket);
            }
            self.uncommitted -= usize::from(std::mem::take(&mut event.counted));
            event.counted = !uncounted;
            self.uncommitted += usize::from(event.counted);
        }
        if uncounted {
            self.uncount(lane);
        }
        let Some(parked) = self.lanes.get_mut(lane) else { return };
        parked.push_front(event, &mut self.events);
        self.parking.park(lane, until, uncounted, &mut self.lanes);
        if uncounted {
            self.keep_or_give(lane);
        }
    }

    /// What is queued in a lane leaves the count of `max_uncommitted`.
    pub(super) fn uncount(&mut self, lane: u32) {
        let mut next = self.lanes.head(lane);
        while next != NIL {
            if let Some(event) = self.events.get_mut(next) {
                self.uncommitted -= usize::from(std::mem::take(&mut event.counted));
            }
            next = self.events.next(next);
        }
    }
}
