//! What follows when a handler call has ended: one function, one settlement.

use std::time::Duration;

use prosody_model::{EventId, Mono, Outcome};

use crate::{
    action::{Action, Observation},
    engine::Engine,
    events::{NIL, Stage},
    explanation::ParkedReason,
    input::Settlement,
    middleware::{Facts, Settle},
    planted::{self, Bug},
};

impl Engine {
    pub(super) fn settle(&mut self, settlement: Settlement, now: Mono, out: &mut Vec<Action>) {
        let Settlement { event: id, mut outcome } = settlement;
        if outcome == Outcome::Marked {
            return self.mark(id, now);
        }
        let Some((index, lane, run)) = self.close_call(id, now) else { return };
        let Some(event) = self.events.get(index) else { return };
        let (partition, mut epoch) = (event.partition, event.epoch);
        if event.marked && outcome == Outcome::Unmarked {
            outcome = Outcome::Success;
        }
        if planted::is(Bug::FlagInsteadOfEpoch) {
            epoch = self.partitions.epoch_of(partition).unwrap_or(epoch);
        }
        let Some(held) = self.partitions.live(partition, epoch) else {
            // Its epoch is over: the slot and the key are free now, and nothing else follows.
            self.counters.late += 1;
            self.forget(index);
            return self.go_on(lane, now);
        };
        held.open -= 1;
        held.moved = now;
        let leaving = held.leaving.is_some() || held.stopped;
        if outcome == Outcome::Unmarked {
            self.await_mark(index, lane, run, now, out);
        } else {
            self.apply(index, lane, (&outcome, run), leaving, now, out);
        }
        if leaving {
            self.release_if_quiet(epoch, out);
        }
    }

    /// Takes a call out of the open ones; `None` if it is not open.
    fn close_call(&mut self, id: EventId, now: Mono) -> Option<(u32, u32, Duration)> {
        let index = self.events.find(id)?;
        let event = self.events.get_mut(index).filter(|event| event.stage == Stage::Open)?;
        event.stage = Stage::Queued;
        let (lane_index, run, aborted) = (event.lane, now.since(event.started), event.aborted);
        self.events.close(index);
        self.open -= usize::from(!(planted::is(Bug::SlotLeakedOnAbort) && aborted));
        if let Some(lane) = self.lanes.get_mut(lane_index) {
            lane.open = NIL;
            self.scheduler.settled(lane, run);
        }
        Some((index, lane_index, run))
    }

    fn apply(
        &mut self,
        index: u32,
        lane: u32,
        (outcome, ran): (&Outcome, Duration),
        leaving: bool,
        now: Mono,
        out: &mut Vec<Action>,
    ) {
        if leaving && matches!(outcome, Outcome::Transient(_)) {
            // Whoever owns the partition next runs it again. It is not given up here either: what failed may be
            // nothing but the signal that we sent.
            self.counters.transient += 1;
            self.forget(index);
            return self.go_on(lane, now);
        }
        let mut facts = self.facts(index);
        facts.ran = ran;
        match self.stack.settle(&facts, outcome, now, &mut self.rng) {
            Settle::Pass | Settle::Done => {
                self.counters.succeeded += 1;
                self.complete(index);
                self.go_on(lane, now);
                if matches!(outcome, Outcome::Success) {
                    self.hasten(now, out);
                }
            }
            Settle::Dispose(reason) => self.give_up(index, lane, reason, now, out),
            Settle::RetryAt(until) => self.again(index, lane, &facts, outcome, (until, false, now), out),
            Settle::Park(until) => self.again(index, lane, &facts, outcome, (until, true, now), out),
        }
    }

    fn again(
        &mut self,
        index: u32,
        lane: u32,
        facts: &Facts,
        outcome: &Outcome,
        (until, uncounted, now): (Mono, bool, Mono),
        out: &mut Vec<Action>,
    ) {
        self.counters.transient += 1;
        let (reason, asked_for) = match outcome {
            Outcome::Success | Outcome::Unmarked | Outcome::Marked => (String::new(), None),
            Outcome::Transient(failure) | Outcome::Permanent(failure) => {
                (failure.text.clone(), failure.retry_after)
            }
        };
        self.parks_for(index, if uncounted { ParkedReason::Deferred } else { ParkedReason::RetryInPlace });
        self.remember_error(index, &reason);
        let Facts { partition, offset, attempts: attempt, .. } = *facts;
        let key = self.events.get(index).and_then(|event| event.record.key()).map(Box::from);
        out.push(Action::Observe(Box::new(Observation::Parked {
            partition,
            offset,
            key,
            attempt,
            until,
            in_place: !uncounted,
            reason,
        })));
        if let Some(event) = self.events.get_mut(index) {
            event.deferred |= uncounted;
            event.not_before = asked_for.map_or(Mono::default(), |wait| now.after(wait));
        }
        self.park(index, lane, until, uncounted);
    }

    /// Cuts waits short, if this success is the one to do so: those in place where the gate had closed, and those of
    /// deferred keys where everything had failed. Their backoff has doubled for as long as that took, so that they would
    /// wait for longer than the outage was. What a handler has asked for is waited for all the same.
    pub(super) fn hasten(&mut self, now: Mono, out: &mut Vec<Action>) {
        if self.parking.in_place() > 0 && self.stack.hastens() {
            let until = now.after(self.settings.retry.base);
            let events = &self.events;
            let earliest = |first| events.get(first).map(|event| event.not_before);
            self.parking
                .hasten(until, &mut self.lanes, |in_place, first| earliest(first).filter(|_| in_place));
            out.push(Action::Observe(Box::new(Observation::Hastened { until })));
        }
        if self.parking.len() > self.parking.in_place()
            && let Some(wait) = self.stack.heals()
        {
            let until = now.after(wait);
            let events = &self.events;
            let deferred = |first| events.get(first).filter(|event| event.deferred);
            self.parking.hasten(until, &mut self.lanes, |in_place, first| {
                deferred(first).filter(|_| !in_place).map(|event| event.not_before)
            });
            out.push(Action::Observe(Box::new(Observation::Healed { until })));
        }
    }

    /// Ends a record for good: its offset counts as finished, its id as processed.
    pub(super) fn complete(&mut self, index: u32) {
        if let Some(event) = self.events.get(index) {
            self.stack.dedup.record(event.ticket);
        }
        self.finish(index);
        self.forget(index);
    }

    pub(super) fn finish(&mut self, index: u32) {
        let Some(event) = self.events.get(index) else { return };
        let seq = event.seq;
        let held = self.partitions.live(event.partition, event.epoch);
        if let Some(tracker) = held.and_then(|held| held.tracker.as_mut()) {
            tracker.finish(seq);
            self.dirty = true;
        }
    }

    /// Drops a record from memory without touching its offset.
    pub(super) fn forget(&mut self, index: u32) {
        if let Some(event) = self.events.remove(index) {
            self.stack.dedup.leave(event.ticket, index);
            self.unask(&event);
            self.bytes -= event.weight();
            self.uncommitted -= usize::from(event.counted);
        }
    }
}
