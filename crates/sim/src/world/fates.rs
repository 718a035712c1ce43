//! Handler calls: how long each runs, how it ends, whether it heeds its signal.

use std::time::Duration;

use prosody_engine::Settlement;
use prosody_model::{EventId, Failure, Outcome};

use super::{Due, Phase, World};
use crate::{sights::Sight, trace::Kind};

/// What will become of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
    slot: u8,
    process: u32,
    kind: Kind,
    deaf: bool,
    /// Set once it has ended unmarked.
    event: Option<EventId>,
}

impl World {
    pub(super) fn draw_fate(&mut self, slot: u8, process: u32, call: u32, attempt: u32) {
        let habits = self.plan.handlers;
        let calm = self.phase != Phase::Striking;
        let kind = if !calm && attempt < 6 && self.chance.percent(habits.transient) {
            Kind::Transient
        } else if self.chance.percent(habits.permanent) {
            Kind::Permanent
        } else if self.chance.percent(habits.unmarked) {
            Kind::Unmarked
        } else {
            Kind::Success
        };
        let deaf = self.chance.percent(habits.deaf);
        let fate = Fate { slot, process, kind, deaf, event: None };
        self.fates.resize(call as usize, fate);
        if !calm && self.chance.below(1000) < habits.stuck {
            self.ledger.borrow_mut().see(Sight::Stuck);
            return;
        }
        let longest = if self.chance.percent(habits.slow) { habits.slow_ms } else { habits.common };
        let run = self.chance.millis(0, longest);
        self.plan_in(run, Due::End { call });
    }

    /// A call is asked to stop.
    pub(super) fn signal(&mut self, call: u32) {
        let Some(fate) = self.fates.get_mut(call as usize - 1) else { return };
        if fate.deaf {
            self.ledger.borrow_mut().see(Sight::Deaf);
            return;
        }
        if self.chance.one_in(2) {
            fate.kind = Kind::Transient;
        }
        let wait = self.chance.millis(0, 20);
        self.plan_in(wait, Due::End { call });
    }

    pub(super) fn end_call(&mut self, call: u32) {
        let Some(&Fate { slot, process, kind, .. }) = self.fates.get(call as usize - 1) else { return };
        let (now, ledger) = (self.now, self.ledger.clone());
        let Some(runs) = self.process(slot, process) else { return };
        if let Some(until) = runs.frozen.filter(|until| *until > now && runs.calls_frozen) {
            return self.plan_at(until, Due::End { call });
        }
        let Some(event) = ledger.borrow_mut().ended(process, call, kind) else { return };
        let outcome = match kind {
            Kind::Success => Outcome::Success,
            Kind::Unmarked => Outcome::Unmarked,
            Kind::Transient => Outcome::Transient(Failure::new("later")),
            Kind::Permanent => Outcome::Permanent(Failure::new("never")),
        };
        if kind == Kind::Unmarked {
            self.fates[call as usize - 1].event = Some(event);
            self.draw_mark(call);
        }
        self.hand_in(slot, process, Settlement { event, outcome });
    }

    /// Gives an outcome to a process, between two steps if the plan says so and it can be.
    fn hand_in(&mut self, slot: u8, process: u32, settlement: Settlement) {
        let (now, ledger) = (self.now, self.ledger.clone());
        let wait = Duration::from_micros(self.chance.below(500));
        let between = self.chance.percent(self.plan.between);
        let Some(runs) = self.process(slot, process) else { return };
        runs.inbox.settled.push(settlement);
        match between.then(|| runs.settle_between(now, &ledger)).flatten() {
            Some(due) => {
                if self.follow_hands(slot, process) {
                    self.schedule(slot, due.max(now.after(wait)));
                }
            }
            None => self.schedule(slot, now.after(wait)),
        }
    }

    /// Draws when the record of a call that has ended is marked, if ever before the heal.
    fn draw_mark(&mut self, call: u32) {
        let habits = self.plan.handlers;
        if self.phase == Phase::Striking && self.chance.percent(habits.forgotten) {
            return;
        }
        let wait = self.chance.millis(0, habits.mark_ms);
        self.plan_in(wait, Due::Mark { call });
    }

    /// Marks the record of a call that has ended, whatever has become of it since; now and then twice.
    pub(super) fn mark_call(&mut self, call: u32) {
        let Some(&Fate { slot, process, event: Some(event), .. }) = self.fates.get(call as usize - 1) else {
            return;
        };
        let now = self.now;
        let Some(runs) = self.process(slot, process) else { return };
        if let Some(until) = runs.frozen.filter(|until| *until > now && runs.calls_frozen) {
            return self.plan_at(until, Due::Mark { call });
        }
        self.ledger.borrow_mut().marked(process, call);
        let mark = Settlement { event, outcome: Outcome::Marked };
        if self.chance.one_in(8)
            && let Some(runs) = self.process(slot, process)
        {
            runs.inbox.settled.push(mark.clone());
        }
        self.hand_in(slot, process, mark);
    }
}
