//! Collects what one step wants of the handlers, and what it tells, so that each crosses in one batch.

use prosody_broker::Outgoing;
use prosody_engine::Dispatch;
use prosody_model::{AbortReason, EventId, PartitionIndex, TopicPartition};
use prosody_shell::{Fact, Handler};

use crate::{
    producer::ProducerSlot,
    sink::{Delivery, Row, Sink},
};

/// Rows of the step in hand.
pub struct Relay<'a> {
    sink: &'a dyn Sink,
    delivery: Delivery,
    /// Where dead letters go out; `None` where none does, between two steps.
    producer: Option<&'a ProducerSlot>,
    /// Bound: what one step starts, `max_concurrency` calls at most; emptied by `flush`.
    rows: Vec<Row>,
    /// Bound: a few for each outcome and each event of the log in one step; emptied by `flush`.
    facts: Vec<Fact>,
    /// Bound: one a record that was given up in one step; emptied by `flush`.
    letters: Vec<Outgoing>,
}

impl<'a> Relay<'a> {
    pub fn new(sink: &'a dyn Sink, delivery: Delivery, producer: Option<&'a ProducerSlot>) -> Self {
        Self { sink, delivery, producer, rows: Vec::new(), facts: Vec::new(), letters: Vec::new() }
    }
}

impl Handler for Relay<'_> {
    fn partition(&mut self, index: PartitionIndex, name: &TopicPartition) {
        self.rows.push(Row::Partition { index, name: name.clone() });
    }

    fn dispatch(&mut self, call: Dispatch) {
        self.rows.push(Row::Call(call));
    }

    fn abort(&mut self, event: EventId, reason: AbortReason) {
        self.rows.push(Row::Abort { event, reason });
    }

    fn dead_letter(&mut self, letter: Outgoing) {
        self.letters.push(letter);
    }

    fn observe(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    fn flush(&mut self) {
        if !self.rows.is_empty() {
            self.sink.rows(&mut self.rows, self.delivery);
            self.rows.clear();
        }
        if let (Some(producer), false) = (self.producer, self.letters.is_empty()) {
            producer.send(std::mem::take(&mut self.letters));
        }
        if !self.facts.is_empty() {
            self.sink.facts(std::mem::take(&mut self.facts));
        }
    }
}
