//! Stands between a shell and the log: tells the ledger all that passes, and is where a process may die.

use std::time::Duration;

use prosody_broker::{
    BrokerError, Commit, CommitResult, Consumer, ConsumerEvent, ErrorCode, TopicSelector, Wanted,
    memory::{ConsumerId, MemoryConsumer},
};
use prosody_model::{Epoch, Now, Record};

use crate::{
    chance::Chance,
    ledger::{Effect, Shared},
};

/// A consumer under observation.
pub struct Probe {
    inner: MemoryConsumer,
    ledger: Shared,
    process: u32,
    /// Draws which reads repeat a record; `None`: none does.
    repeats: Option<Chance>,
    /// The last record of the latest read.
    latest: Option<(Epoch, Record)>,
}

impl Probe {
    pub fn new(inner: MemoryConsumer, ledger: Shared, process: u32, repeats: Option<Chance>) -> Self {
        ledger.borrow_mut().book(process).consumer = Some(inner.id());
        Self { inner, ledger, process, repeats, latest: None }
    }

    pub fn id(&self) -> ConsumerId {
        self.inner.id()
    }

    fn dead(&self) -> bool {
        self.ledger.borrow_mut().book(self.process).dead
    }

    fn record(&self, event: &ConsumerEvent) {
        let mut ledger = self.ledger.borrow_mut();
        match event {
            ConsumerEvent::Assigned(assigned) => {
                for assigned in assigned {
                    ledger.assigned(self.process, assigned);
                }
                ledger.book(self.process).placed = true;
            }
            ConsumerEvent::Revoking(epochs) => ledger.revoking(self.process, epochs),
            ConsumerEvent::Lost(epochs) => ledger.lost(self.process, epochs),
            ConsumerEvent::Committed(answers) => {
                for answer in answers {
                    ledger.answered(self.process, answer, false);
                }
            }
            // A drain releases before the group asks; the log may still speak of what it lent until the close.
            ConsumerEvent::Stopped { epoch, .. } if ledger.is_over(self.process, *epoch) => {}
            ConsumerEvent::Stopped { epoch, error } => {
                ledger.halted(self.process, *epoch, error);
            }
            ConsumerEvent::Failed(error) => {
                ledger.fail("live: a membership heals", || format!("process {}: {error}", self.process));
            }
            ConsumerEvent::Readable(_)
            | ConsumerEvent::Rereadable(_)
            | ConsumerEvent::Reread(_)
            | ConsumerEvent::Warning(_) => {}
        }
    }
}

impl Consumer for Probe {
    fn subscribe(&mut self, topics: &[TopicSelector]) -> Result<(), BrokerError> {
        if !self.ledger.borrow_mut().effect(self.process, Effect::Subscribe) {
            return Err(BrokerError::new(ErrorCode::Closed, "the process is dead"));
        }
        self.inner.subscribe(topics)
    }

    fn poll(&mut self, now: Now, events: &mut Vec<ConsumerEvent>) {
        if self.dead() {
            return;
        }
        let before = events.len();
        self.inner.poll(now, events);
        for event in &events[before..] {
            self.record(event);
        }
        let mut ledger = self.ledger.borrow_mut();
        // The outcomes follow the poll.
        ledger.told(self.process);
        ledger.told_letters(self.process);
        if ledger.reorders {
            ledger.look();
        }
        if !ledger.unreachable {
            let book = ledger.book(self.process);
            book.estranged &= book.cut_off;
        }
    }

    fn read(&mut self, epoch: Epoch, max: usize, records: &mut Vec<Record>) -> usize {
        if self.dead() {
            return 0;
        }
        let before = records.len();
        let again = self.repeats.as_mut().is_some_and(|chance| chance.one_in(4));
        if let (true, 2.., Some((same, record))) = (again, max, &self.latest)
            && *same == epoch
        {
            records.push(record.clone());
        }
        let repeated = records.len() - before;
        let count = self.inner.read(epoch, max - repeated, records);
        let mut ledger = self.ledger.borrow_mut();
        let fresh = &records[before + repeated..];
        ledger.read(self.process, epoch, fresh);
        if let Some(record) = fresh.last() {
            self.latest = Some((epoch, record.clone()));
        }
        count + repeated
    }

    /// Asking leaves no trace in the log: it is no effect to crash before.
    fn reread(&mut self, epoch: Epoch, wanted: Vec<Wanted>) {
        if !self.dead() {
            self.inner.reread(epoch, wanted);
        }
    }

    fn commit(&mut self, commits: Vec<Commit>) {
        if !self.ledger.borrow_mut().effect(self.process, Effect::Commit) {
            return;
        }
        for commit in &commits {
            self.ledger.borrow_mut().sent(self.process, commit, false);
        }
        self.inner.commit(commits);
        self.ledger.borrow_mut().look();
    }

    fn commit_now(&mut self, commits: Vec<Commit>, timeout: Duration) -> Vec<CommitResult> {
        if !self.ledger.borrow_mut().effect(self.process, Effect::LastCommit) {
            return Vec::new();
        }
        for commit in &commits {
            self.ledger.borrow_mut().sent(self.process, commit, true);
        }
        let answers = self.inner.commit_now(commits, timeout);
        let mut ledger = self.ledger.borrow_mut();
        for answer in &answers {
            ledger.answered(self.process, answer, true);
        }
        ledger.look();
        answers
    }

    fn release(&mut self, epochs: &[Epoch]) {
        if self.ledger.borrow_mut().effect(self.process, Effect::Release) {
            self.ledger.borrow_mut().released(self.process, epochs);
            self.inner.release(epochs);
        }
    }

    fn close(&mut self, timeout: Duration) {
        if self.ledger.borrow_mut().effect(self.process, Effect::Close) {
            self.inner.close(timeout);
        }
    }
}
