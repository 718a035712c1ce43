//! Everything around the engine: logs, a group, handlers, time.

use std::{collections::BTreeMap, time::Duration};

use prosody_engine::{Action, Assignment, Commit, CommitResult, Engine, Input, Settings, Settlement};
use prosody_model::{Epoch, Failure, Mono, Now, Outcome, PartitionIndex};

use crate::{
    End, Step,
    log::Log,
    part::{Call, Item, Lane, Part},
};

pub struct World {
    pub engine: Engine,
    pub settings: Settings,
    pub now: Mono,
    /// The time of the last tick, and how many there were.
    pub ticked: Mono,
    pub ticks: u64,
    pub logs: Vec<Log>,
    pub held: BTreeMap<Epoch, Part>,
    pub calls: Vec<Call>,
    epochs: u64,
    /// Commits to be answered, those of ended epochs included.
    pub unanswered: Vec<Commit>,
    /// Epochs revoked that were not held.
    pub strangers: Vec<Epoch>,
    pub drain: Option<(Mono, Mono)>,
    pub drained: usize,
    /// Transient failures for which the engine has yet to say until when their key waits.
    pub failed: Vec<(usize, i64, Mono)>,
    actions: Vec<Action>,
}

impl World {
    pub fn new(settings: Settings) -> Self {
        Self {
            engine: Engine::new(settings.clone()),
            settings,
            now: Mono::default(),
            ticked: Mono::default(),
            ticks: 0,
            logs: (0..3).map(Log::new).collect(),
            held: BTreeMap::new(),
            calls: Vec::new(),
            epochs: 0,
            unanswered: Vec::new(),
            strangers: Vec::new(),
            drain: None,
            drained: 0,
            failed: Vec::new(),
            actions: Vec::new(),
        }
    }

    pub fn take(&mut self, step: Step) {
        match step {
            Step::Assign { partition, unannounced } => {
                if unannounced || self.epoch_of(partition).is_none() {
                    self.assign(partition);
                }
            }
            Step::Deliver { partition, count } => self.deliver(partition, count),
            Step::Settle { call, count, end } => self.settle(call, count, end),
            Step::Revoke(partitions) => self.revoke(&partitions),
            Step::Lose(partition) => {
                let epoch = self.epoch_of(partition).unwrap_or(Epoch(0));
                self.held.remove(&epoch);
                self.step(Input::Lost(vec![epoch]));
            }
            Step::Answer { commit, result } => self.answer(commit, result),
            Step::Wait(wait) => self.wait(self.now.after(Duration::from_millis(wait))),
            Step::Drain { abort_after, end_after } => self.drain(abort_after, end_after),
        }
    }

    fn epoch_of(&self, partition: usize) -> Option<Epoch> {
        self.held.iter().find(|(_, part)| part.partition == partition).map(|(&epoch, _)| epoch)
    }

    fn step(&mut self, input: Input) -> usize {
        let ticks = matches!(input, Input::Tick);
        if ticks {
            (self.ticked, self.ticks) = (self.now, self.ticks + 1);
        }
        let mut actions = std::mem::take(&mut self.actions);
        self.engine.step(input, Now { mono: self.now, wall_ms: 0 }, &mut actions);
        let count = actions.len();
        for action in actions.drain(..) {
            self.check(action);
        }
        self.actions = actions;
        self.check_state(ticks);
        count
    }

    fn assign(&mut self, partition: usize) {
        if let Some(before) = self.epoch_of(partition) {
            self.held.remove(&before);
        }
        self.epochs += 1;
        let epoch = Epoch(self.epochs);
        let start = (self.logs[partition].offset, self.logs[partition].metadata.clone());
        let mut part = Part::new(partition, start.clone());
        if let Some((abort_at, deadline)) = self.drain {
            part.leave(abort_at, deadline, |_| false);
        }
        self.held.insert(epoch, part);
        let metadata_is_empty = start.1.is_empty();
        let (partition, metadata) = (PartitionIndex(partition as u32), start.1);
        // A group without a commit starts where the log does.
        let none = start.0 == 0 && metadata_is_empty;
        let committed = (!none || self.epochs.is_multiple_of(2)).then_some(start.0);
        self.step(Input::Assigned(Assignment { epoch, partition, committed, metadata, moved: false }));
    }

    fn deliver(&mut self, partition: usize, count: usize) {
        let Some(epoch) = self.epoch_of(partition) else { return };
        if !self.engine.reads(epoch) || self.engine.room() == 0 {
            return;
        }
        let part = self.held.get_mut(&epoch).unwrap();
        let mut records = Vec::new();
        for _ in 0..count {
            let record = self.logs[partition].read(part.position);
            part.position = record.offset + 1;
            if Log::says_done(part.start.0, &part.start.1, record.offset) {
                part.skipped += record.size();
            } else {
                let item = Item { offset: record.offset, size: record.size(), attempts: 0 };
                part.lanes.entry(Lane::of(&record)).or_default().push_back(item);
            }
            records.push(record);
        }
        self.step(Input::Records { epoch, records });
    }

    fn settle(&mut self, call: usize, count: usize, end: End) {
        let mut settled = Vec::new();
        for _ in 0..count.min(self.calls.len()) {
            let call = self.calls.remove(call % self.calls.len());
            let mut failure = Failure::new("no");
            let outcome = match end {
                End::Success => Outcome::Success,
                End::Transient => Outcome::Transient(failure),
                End::RetryAfter(wait) => {
                    failure.retry_after = Some(Duration::from_millis(wait));
                    Outcome::Transient(failure)
                }
                End::Permanent => Outcome::Permanent(failure),
            };
            if let Some(part) = self.held.get_mut(&call.epoch) {
                if !matches!(outcome, Outcome::Transient(_)) {
                    assert_eq!(part.pop(call.lane).offset, call.offset);
                    self.logs[call.partition].done.insert(call.offset);
                } else if part.leaving.is_some() {
                    part.pop(call.lane);
                } else {
                    let asked_for = match end {
                        End::RetryAfter(wait) => self.now.after(Duration::from_millis(wait)),
                        _ => Mono::default(),
                    };
                    self.failed.push((call.partition, call.offset, asked_for));
                }
            }
            settled.push(Settlement { event: call.event, outcome });
        }
        self.step(Input::Settled(settled));
        assert!(self.failed.is_empty(), "not heard of: {:?}", self.failed);
    }

    fn leave(&mut self, epoch: Epoch, abort_at: Mono, deadline: Mono) {
        let calls = &self.calls;
        let open = |lane| calls.iter().any(|call| call.epoch == epoch && call.lane == lane);
        self.held.get_mut(&epoch).unwrap().leave(abort_at, deadline, open);
    }

    fn revoke(&mut self, partitions: &[usize]) {
        let mut epochs: Vec<_> =
            partitions.iter().map(|&partition| self.epoch_of(partition).unwrap_or(Epoch(0))).collect();
        epochs.dedup();
        let deadline = self.now.after(self.settings.revoke_timeout);
        for &epoch in &epochs {
            if self.held.contains_key(&epoch) {
                self.leave(epoch, deadline, deadline);
            } else {
                self.strangers.push(epoch);
            }
        }
        self.step(Input::Revoking(epochs));
        assert!(self.strangers.is_empty(), "unanswered: {:?}", self.strangers);
    }

    fn answer(&mut self, commit: usize, result: CommitResult) {
        if self.unanswered.is_empty() {
            return;
        }
        let commit = self.unanswered.remove(commit % self.unanswered.len());
        let (epoch, offset) = (commit.epoch, commit.offset);
        if let Some(part) = self.held.get_mut(&epoch) {
            part.in_flight = None;
            if result == CommitResult::Accepted {
                self.logs[part.partition].commit(commit);
            }
        }
        self.step(Input::Committed { epoch, offset, result });
    }

    /// Lets time pass, ticking when the engine asks for it; in between nothing is to be done.
    fn wait(&mut self, until: Mono) {
        while let Some(at) = self.engine.wake_at().filter(|&at| at <= until) {
            self.now = self.now.max(at);
            self.step(Input::Tick);
            assert!(self.engine.wake_at().is_none_or(|at| at > self.now), "it would wake for ever");
        }
        self.now = until;
        assert_eq!(self.step(Input::Tick), 0, "something was due before the engine asked to be woken");
    }

    fn drain(&mut self, abort_after: u64, end_after: u64) {
        if self.drain.is_some() {
            return;
        }
        let at = |wait| self.now.after(Duration::from_millis(wait));
        let (abort_at, deadline) = (at(abort_after), at(end_after));
        self.drain = Some((abort_at, deadline));
        for epoch in self.held.keys().copied().collect::<Vec<_>>() {
            self.leave(epoch, abort_at, deadline);
        }
        self.step(Input::Drain { abort_at, deadline });
    }

    /// Everything works from now on: all ends, and then nothing is left.
    pub fn heal(&mut self) {
        for _ in 0..5_000 {
            if !self.unanswered.is_empty() {
                self.answer(0, CommitResult::Accepted);
            } else if !self.calls.is_empty() {
                self.settle(0, usize::MAX, End::Success);
            } else if let Some(at) = self.engine.wake_at() {
                self.now = self.now.max(at);
                self.step(Input::Tick);
            } else {
                break;
            }
        }
        assert_eq!(self.engine.wake_at(), None);
        let engine = &self.engine;
        let left = [engine.open_calls(), engine.records(), engine.uncommitted(), engine.bytes()];
        assert_eq!((left, engine.keys(), engine.parked_keys()), ([0; 4], 0, 0));
        for part in self.held.values() {
            assert!(part.lanes.is_empty(), "never run: {part:?}");
            assert!(self.logs[part.partition].offset >= part.position || part.position == part.start.0);
        }
        self.drain(0, 0);
        assert_eq!((self.drained, self.engine.held_partitions()), (1, 0));
    }
}
