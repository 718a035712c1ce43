//! The plain case: records over 4,000 keys in four partitions, each run once, successfully.

use prosody_engine::{Action, Assignment, CommitResult, Engine, Input, Settings, Settlement};
use prosody_model::{Epoch, EventId, Mono, Now, Outcome, PartitionIndex, Record, RecordParts};
use std::collections::VecDeque;

const PARTITIONS: u64 = 4;
const KEYS: u64 = 4_000;
/// Records of one read, and outcomes of one settlement.
pub const BATCH: usize = 256;

/// What a message costs, the caller's part left out.
pub struct Plain {
    engine: Engine,
    now: Now,
    actions: Vec<Action>,
    /// Open calls, oldest first.
    open: VecDeque<EventId>,
    /// One record a key, to be given an offset.
    records: Vec<Record>,
    offsets: [i64; PARTITIONS as usize],
    batches: u64,
    delivered: u64,
    pub settled: u64,
}

impl Plain {
    pub fn new(settings: Settings) -> Self {
        let record = |key: u64| {
            let key = format!("key-{key:05}");
            let value = [b'x'; 90];
            Record::new(
                RecordParts { offset: 0, timestamp: 0, key: Some(key.as_bytes()), value: Some(&value) },
                [],
            )
        };
        let mut plain = Self {
            engine: Engine::new(settings),
            now: Now::default(),
            actions: Vec::new(),
            open: VecDeque::new(),
            records: (0..KEYS).map(record).collect(),
            offsets: [0; PARTITIONS as usize],
            batches: 0,
            delivered: 0,
            settled: 0,
        };
        for place in 0..PARTITIONS {
            let (epoch, partition) = (Epoch(place + 1), PartitionIndex(place as u32));
            let metadata = String::new();
            plain.step(
                Input::Assigned(Assignment { epoch, partition, committed: Some(0), metadata }),
                &mut |step| step(),
            );
        }
        plain
    }

    /// Fills all the room there is.
    pub fn fill(&mut self) {
        while self.engine.room() > 0 {
            self.deliver(self.engine.room().min(BATCH), &mut |step| step());
        }
    }

    /// Settles a batch of calls and delivers as many records, with `around` around each step of the engine.
    pub fn turn(&mut self, mut around: impl FnMut(&mut dyn FnMut())) {
        self.now.mono = Mono(self.now.mono.0 + 100_000);
        let count = self.open.len().min(BATCH);
        if count > 0 {
            let ended = self.open.drain(..count);
            let settled: Vec<_> =
                ended.map(|event| Settlement { event, outcome: Outcome::Success }).collect();
            self.settled += count as u64;
            self.step(Input::Settled(settled), &mut around);
        }
        if self.engine.wake_at().is_some_and(|at| at <= self.now.mono) {
            self.step(Input::Tick, &mut around);
        }
        let room = self.engine.room().min(BATCH);
        if room > 0 {
            self.deliver(room, &mut around);
        }
    }

    /// Reads one batch of the next partition in turn; keys are spread as a hash spreads them.
    fn deliver(&mut self, count: usize, around: &mut impl FnMut(&mut dyn FnMut())) {
        let place = (self.batches % PARTITIONS) as usize;
        self.batches += 1;
        let mut records = Vec::with_capacity(count);
        for _ in 0..count {
            self.delivered += 1;
            let key = self.delivered.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            let key = key % (KEYS / PARTITIONS) * PARTITIONS + place as u64;
            records.push(self.records[key as usize].clone().at(self.offsets[place], 0));
            self.offsets[place] += 1;
        }
        self.step(Input::Records { epoch: Epoch(place as u64 + 1), records }, around);
    }

    fn step(&mut self, input: Input, around: &mut impl FnMut(&mut dyn FnMut())) {
        let mut input = Some(input);
        around(&mut || {
            if let Some(input) = input.take() {
                self.engine.step(input, self.now, &mut self.actions);
            }
        });
        let mut answers = Vec::new();
        for action in self.actions.drain(..) {
            match action {
                Action::Dispatch(call) => self.open.push_back(call.event),
                Action::Commit(commit) => answers.push((commit.epoch, commit.offset)),
                _ => {}
            }
        }
        for (epoch, offset) in answers {
            self.step(Input::Committed { epoch, offset, result: CommitResult::Accepted }, around);
        }
    }
}
