//! Records, and what is planned before the first step.

use std::time::Duration;

use prosody_broker::{Admin, TopicSpec};
use prosody_model::{Mono, Record, RecordParts};

use super::{Due, World};
use crate::{
    faults::Fault,
    ledger::{GROUP, Marks, NO_ID, NO_KEY, To},
    sights::Sight,
};

impl World {
    /// Fills the log and plans what is drawn beforehand.
    pub(super) fn prepare(&mut self) {
        let partitions = self.plan.partitions as i32;
        let spec = TopicSpec { name: "t".to_owned(), partitions, replication_factor: 1 };
        if let Err(error) = self.broker.create_topic(&spec, Duration::ZERO) {
            self.ledger.borrow_mut().fail("live: the topic is there", || error.to_string());
        }
        // Where records vanish from the middle nothing may be given up.
        let compacted = self.plan.faults.iter().any(|(_, fault)| matches!(fault, Fault::Compact { .. }));
        let _ = self.broker.set_compacted(&spec.name, compacted);
        if self.plan.gaps {
            for partition in 0..self.plan.partitions {
                let start = self.chance.below(8) as i64;
                let name = self.ledger.borrow().names[partition].clone();
                let moved = self.broker.skip_offsets(&name, start);
                if moved.and_then(|()| self.broker.delete_records(&name, start)).is_ok() && start > 0 {
                    self.ledger.borrow_mut().see(Sight::LogStartMoved);
                }
            }
        }
        self.produce(self.plan.at_start);
        let mut left = self.plan.records - self.plan.at_start;
        while left > 0 {
            let count = (1 + self.chance.below(40) as usize).min(left);
            let at = Mono(self.chance.below(self.plan.heal_at.0));
            self.plan_at(at, Due::Produce { count: count as u8 });
            left -= count;
        }
        for slot in 0..self.plan.members as u8 {
            let at = Mono(self.chance.below(self.chance.clone().pick(&[1, 1_000_000, 3_000_000_000])));
            self.plan_at(at, Due::Start { slot });
        }
        for number in 0..self.plan.faults.len() {
            let at = self.plan.faults[number].0;
            self.plan_at(at, Due::Fault { number: number as u8 });
        }
        self.plan_at(self.plan.heal_at, Due::Heal);
    }

    /// Appends records to random partitions.
    pub(super) fn produce(&mut self, count: usize) {
        for _ in 0..count {
            let partition = self.chance.below(self.plan.partitions as u64) as usize;
            let name = self.ledger.borrow().names[partition].clone();
            if self.plan.gaps && self.chance.one_in(8) {
                let gap = if self.chance.one_in(12) { 200 } else { self.chance.between(1, 6) };
                // The partition is there: it was created with the topic.
                let _ = self.broker.skip_offsets(&name, gap as i64);
            }
            let key = if self.chance.percent(self.plan.keyless) {
                NO_KEY
            } else {
                self.chance.below(u64::from(self.plan.keys)) as u32
            };
            let id = if self.chance.percent(self.plan.with_id) {
                self.chance.below(self.plan.ids) as u32
            } else {
                NO_ID
            };
            self.append(partition, key, id);
            self.produced += 1;
        }
    }
    /// Appends one record, and draws what it says of itself.
    fn append(&mut self, partition: usize, key: u32, id: u32) {
        let name = self.ledger.borrow().names[partition].clone();
        let own = self.chance.percent(self.plan.own);
        let to = self.addressee();
        let text = "x".repeat(self.chance.below(40) as usize);
        let (of_type, refused) = self.event_type();
        let value = match (id, of_type) {
            (NO_ID, None) => text,
            (NO_ID, Some(of_type)) => format!(r#"{{"text":"{text}","type":{of_type}}}"#),
            (_, None) => format!(r#"{{"text":"{text}","id":{id}}}"#),
            (_, Some(of_type)) => format!(r#"{{"text":"{text}","type":{of_type},"id":{id}}}"#),
        };
        let bytes = [b'a' + (key % 26) as u8; 2];
        let key_bytes = (key != NO_KEY).then_some(&bytes[..]);
        let parts = RecordParts { offset: 0, timestamp: 0, key: key_bytes, value: Some(value.as_bytes()) };
        let group = match to {
            To::Everybody => None,
            To::Ours => Some(GROUP.as_bytes()),
            To::Theirs => Some(&b"another group"[..]),
        };
        let mut headers = Vec::new();
        headers.extend(own.then_some((&b"source-system"[..], Some(GROUP.as_bytes()))));
        headers.extend(group.map(|group| (&b"replay-group"[..], Some(group))));
        // One of the two alone says nothing.
        if to != To::Everybody || self.chance.one_in(16) {
            headers.push((&b"replay-id"[..], Some(&b"7"[..])));
        }
        match self.broker.append(&name, Record::new(parts, headers)) {
            Ok(offset) => {
                let marks = Marks { key, id, own, refused, to };
                self.ledger.borrow_mut().appended(partition, offset, marks);
            }
            Err(error) => self.ledger.borrow_mut().fail("live: a record is taken", || error.to_string()),
        }
    }

    fn addressee(&mut self) -> To {
        if self.chance.percent(self.plan.replays) {
            self.chance.pick(&[To::Ours, To::Ours, To::Theirs])
        } else {
            To::Everybody
        }
    }

    /// A type as JSON, if the record is to have one, and whether records of it are not run.
    fn event_type(&mut self) -> (Option<&'static str>, bool) {
        if !self.chance.percent(self.plan.typed) {
            return (None, false);
        }
        // What is no text is no type.
        let (text, allowed) =
            self.chance.pick(&[(r#""order.placed""#, true), (r#""user.left""#, false), ("7", true)]);
        (Some(text), !(allowed || self.plan.engine.intake.allowed_events.is_empty()))
    }
}
