//! The model handler: starts what it is given, and remembers what the world has yet to schedule.

use prosody_broker::Outgoing;
use prosody_engine::Dispatch;
use prosody_model::{AbortReason, EventId, PartitionIndex, TopicPartition};
use prosody_shell::{Fact, Handler};

use crate::ledger::{Effect, Shared};

/// The handlers of one process.
pub struct Hands {
    ledger: Shared,
    process: u32,
    /// Calls started, and calls asked to stop, since the last look. Bound: those of one step; the world takes them.
    pub started: Vec<Started>,
    pub aborted: Vec<u32>,
    /// Dead letters sent since the last look: number and ticket. Bound: those of one step; the world takes them.
    pub posted: Vec<(u32, u64)>,
}

/// A call whose course is to be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    pub call: u32,
    pub attempt: u32,
}

impl Hands {
    pub fn new(ledger: Shared, process: u32) -> Self {
        Self { ledger, process, started: Vec::new(), aborted: Vec::new(), posted: Vec::new() }
    }
}

impl Handler for Hands {
    fn partition(&mut self, index: PartitionIndex, name: &TopicPartition) {
        self.ledger.borrow_mut().named(self.process, index, name);
    }

    fn dispatch(&mut self, call: Dispatch) {
        let mut ledger = self.ledger.borrow_mut();
        if ledger.effect(self.process, Effect::Start) {
            let attempt = call.attempt;
            let call = ledger.started(self.process, &call);
            self.started.push(Started { call, attempt });
        }
    }

    fn abort(&mut self, event: EventId, reason: AbortReason) {
        let mut ledger = self.ledger.borrow_mut();
        if ledger.effect(self.process, Effect::Abort) {
            self.aborted.extend(ledger.aborted(self.process, event, reason));
        }
    }

    fn dead_letter(&mut self, letter: Outgoing) {
        let mut ledger = self.ledger.borrow_mut();
        if ledger.effect(self.process, Effect::Post) {
            let number = ledger.posted(self.process, &letter);
            self.posted.push((number, letter.ticket));
        }
    }

    fn observe(&mut self, fact: Fact) {
        let mut ledger = self.ledger.borrow_mut();
        if !ledger.book(self.process).dead {
            ledger.observed(self.process, &fact);
        }
    }
}
