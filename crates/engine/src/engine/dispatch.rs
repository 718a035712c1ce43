//! From a ready lane to a handler call.

use prosody_model::{Mono, PartitionIndex};

use crate::{
    action::{Action, Dispatch, Skip},
    engine::Engine,
    events::{NIL, Stage},
    lanes::State,
    middleware::{Admit, Facts, Ticket},
    planted::{self, Bug},
};

impl Engine {
    /// Starts calls while slots are free and keys are ready.
    pub(super) fn dispatch(&mut self, now: Mono, out: &mut Vec<Action>) {
        while self.open < self.settings.max_concurrency {
            let Some(lane) = self.scheduler.pick(&mut self.lanes, now) else { return };
            let Some(event) = self.take_head(lane) else {
                self.remove_lane(lane);
                continue;
            };
            let facts = self.facts(event);
            match self.stack.admit(facts, now) {
                Admit::Proceed => self.start(event, lane, now, out),
                Admit::Skip(reason) => self.skip(event, lane, reason, now, out),
                Admit::Fail(reason) => self.give_up(event, lane, reason, now, out),
                Admit::Wait(until) => self.park(event, lane, until, true),
            }
        }
    }

    fn take_head(&mut self, lane: u32) -> Option<u32> {
        self.lanes.get_mut(lane)?.pop_front(&mut self.events)
    }

    pub(super) fn facts(&self, event: u32) -> Facts {
        let nobody = Facts {
            partition: PartitionIndex(NIL),
            offset: -1,
            attempts: 0,
            first_attempt: Mono::default(),
            ticket: Ticket { id: NIL, record: NIL },
            run_if_seen: false,
        };
        self.events.get(event).map_or(nobody, |e| Facts {
            partition: e.partition,
            offset: e.record.offset,
            attempts: e.attempts,
            first_attempt: e.first_attempt,
            ticket: Ticket { id: e.ticket, record: event },
            run_if_seen: e.run_if_seen,
        })
    }

    fn start(&mut self, index: u32, lane: u32, now: Mono, out: &mut Vec<Action>) {
        let id = self.events.id(index);
        let Some(event) = self.events.get_mut(index) else { return };
        event.stage = Stage::Open;
        if event.attempts == 0 {
            event.first_attempt = now;
        }
        event.attempts = event.attempts.saturating_add(1);
        event.started = now;
        event.aborted = false;
        self.uncommitted -= usize::from(std::mem::take(&mut event.counted));
        self.open += 1;
        self.counters.dispatched += 1;
        if let Some(held) = self.partitions.live(event.partition, event.epoch) {
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
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.state = State::Running;
            lane.open = index;
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

    /// Lets a lane go on to its next record after one has left it.
    pub(super) fn go_on(&mut self, lane: u32, now: Mono) {
        if self.lanes.get(lane).is_some_and(|lane| !lane.is_empty()) {
            self.scheduler.enter(lane, &mut self.lanes, now);
        } else {
            self.remove_lane(lane);
        }
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
        let Some(parked) = self.lanes.get_mut(lane) else { return };
        if uncounted {
            let mut next = parked.head();
            while next != NIL {
                if let Some(event) = self.events.get_mut(next) {
                    self.uncommitted -= usize::from(std::mem::take(&mut event.counted));
                }
                next = self.events.next(next);
            }
        }
        parked.push_front(event, &mut self.events);
        self.parking.park(lane, until, uncounted, &mut self.lanes);
    }
}
