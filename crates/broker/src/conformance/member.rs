//! A consumer under observation.

use std::collections::BTreeMap;

use prosody_model::{Epoch, Now, Record, TopicPartition};

use super::CALL;
use crate::{Assigned, BrokerError, Commit, CommitResult, Consumer, ConsumerEvent, Reread};

/// A consumer, what it was told, and what it has read. Sees to it that what it is told makes sense.
pub(super) struct Member<C> {
    pub consumer: C,
    /// Every spell of every partition, in the order of their epochs.
    pub spells: BTreeMap<Epoch, Spell>,
    pub answers: Vec<CommitResult>,
    pub stopped: Vec<(Epoch, BrokerError)>,
    pub readable: Vec<Epoch>,
    pub rereadable: Vec<Epoch>,
    pub reread: Vec<Reread>,
    /// Its group's name, for who needs it.
    pub group: String,
    pub events: usize,
}

/// One spell of holding a partition.
pub(super) struct Spell {
    pub assigned: Assigned,
    pub state: Hold,
    pub records: Vec<Record>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    Held,
    Revoking,
    Over,
}

impl<C: Consumer> Member<C> {
    pub fn new(consumer: C) -> Self {
        Self {
            consumer,
            spells: BTreeMap::new(),
            answers: Vec::new(),
            stopped: Vec::new(),
            readable: Vec::new(),
            rereadable: Vec::new(),
            reread: Vec::new(),
            group: String::new(),
            events: 0,
        }
    }

    /// Polls once and takes note.
    pub fn step(&mut self, now: Now) {
        let mut events = Vec::new();
        self.consumer.poll(now, &mut events);
        self.events += events.len();
        let mut failed = None;
        for event in events {
            match event {
                ConsumerEvent::Assigned(assigned) => assigned.into_iter().for_each(|a| self.assign(a)),
                ConsumerEvent::Revoking(epochs) => self.turn(&epochs, &[Hold::Held], Hold::Revoking),
                ConsumerEvent::Lost(epochs) => self.turn(&epochs, &[Hold::Held, Hold::Revoking], Hold::Over),
                ConsumerEvent::Readable(epoch) => {
                    assert!(self.spells.contains_key(&epoch), "{epoch:?} is readable before it is assigned");
                    self.readable.push(epoch);
                }
                ConsumerEvent::Rereadable(epoch) => {
                    assert!(
                        self.spells.contains_key(&epoch),
                        "{epoch:?} is rereadable before it is assigned"
                    );
                    assert!(!self.rereadable.contains(&epoch), "{epoch:?} is rereadable a second time");
                    self.rereadable.push(epoch);
                }
                ConsumerEvent::Reread(answers) => {
                    for answer in &answers {
                        let state = self.spells.get(&answer.epoch).map(|spell| spell.state);
                        assert_eq!(state, Some(Hold::Held), "an answer for {:?}", answer.epoch);
                    }
                    self.reread.extend(answers);
                }
                ConsumerEvent::Committed(results) => self.answers.extend(results),
                ConsumerEvent::Stopped { epoch, error } => {
                    assert!(self.spells.contains_key(&epoch), "{epoch:?} stops before it is assigned");
                    self.stopped.push((epoch, error));
                }
                ConsumerEvent::Warning(_) => {}
                ConsumerEvent::Failed(error) => failed = Some(error),
            }
        }
        assert_eq!(failed, None, "the membership goes on");
    }

    /// Reads all there is of all held partitions, a few records at a time.
    pub fn read_all(&mut self) {
        for epoch in self.epochs(Hold::Held) {
            while self.read(epoch, 7) == 7 {}
        }
    }

    /// Reads up to `max` records of a held partition.
    pub fn read(&mut self, epoch: Epoch, max: usize) -> usize {
        let mut records = Vec::new();
        let count = self.consumer.read(epoch, max, &mut records);
        assert_eq!(count, records.len(), "read says how much it gives");
        assert!(count <= max, "{count} records where {max} were asked for");
        if let Some(spell) = self.spells.get_mut(&epoch) {
            assert!(count == 0 || spell.state == Hold::Held, "records of an epoch that is {:?}", spell.state);
            spell.records.extend(records);
        }
        count
    }

    /// The epochs in this state.
    pub fn epochs(&self, state: Hold) -> Vec<Epoch> {
        self.spells.iter().filter(|(_, spell)| spell.state == state).map(|(epoch, _)| *epoch).collect()
    }

    /// The partitions held or not released yet.
    pub fn partitions(&self) -> Vec<TopicPartition> {
        let current = self.spells.values().filter(|spell| spell.state != Hold::Over);
        current.map(|spell| spell.assigned.partition.clone()).collect()
    }

    /// The current epoch of a partition.
    pub fn epoch_of(&self, partition: i32) -> Option<Epoch> {
        let of = |spell: &Spell| spell.state != Hold::Over && spell.assigned.partition.partition == partition;
        self.spells.iter().find(|(_, spell)| of(spell)).map(|(epoch, _)| *epoch)
    }

    /// The current epoch of a partition that is held, or being revoked.
    pub fn current(&self, partition: i32) -> Epoch {
        let epoch = self.epoch_of(partition);
        assert!(epoch.is_some(), "partition {partition} is not held");
        epoch.unwrap_or(Epoch(0))
    }

    /// All records read of a partition, in all its spells.
    pub fn records_of(&self, partition: i32) -> Vec<Record> {
        let of = self.spells.values().filter(|spell| spell.assigned.partition.partition == partition);
        of.flat_map(|spell| spell.records.iter().cloned()).collect()
    }

    /// Commits, waits for the answers, and sees them succeed.
    pub fn commit_now(&mut self, commits: Vec<Commit>) {
        let count = commits.len();
        let results = self.consumer.commit_now(commits, CALL);
        assert_eq!(results.len(), count, "one answer for each commit");
        assert!(results.iter().all(|answer| answer.result.is_ok()), "{results:?}");
    }

    /// Gives up all that is being revoked.
    pub fn release(&mut self) {
        let epochs = self.epochs(Hold::Revoking);
        self.consumer.release(&epochs);
        self.turn(&epochs, &[Hold::Revoking], Hold::Over);
    }

    fn assign(&mut self, assigned: Assigned) {
        let last = self.spells.keys().next_back();
        assert!(last.is_none_or(|last| *last < assigned.epoch), "epochs grow: {assigned:?} after {last:?}");
        let held = self.partitions();
        assert!(!held.contains(&assigned.partition), "{assigned:?} is held already");
        self.spells.insert(assigned.epoch, Spell { assigned, state: Hold::Held, records: Vec::new() });
    }

    fn turn(&mut self, epochs: &[Epoch], from: &[Hold], to: Hold) {
        for epoch in epochs {
            let state = self.spells.get(epoch).map(|spell| spell.state);
            assert!(state.is_some_and(|state| from.contains(&state)), "{epoch:?} is {state:?}, not {from:?}");
            if let Some(spell) = self.spells.get_mut(epoch) {
                spell.state = to;
            }
        }
    }
}

/// A commit without metadata.
pub(super) fn commit(epoch: Epoch, offset: i64) -> Commit {
    Commit { epoch, offset, metadata: String::new() }
}
